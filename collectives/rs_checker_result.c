/*
 * Results: what every member's `out` must hold at the end, by the table in rs_schedule.h, against what
 * the symbolic memory holds. Also when the last vector of each member's result is in SRAM.
 * A batch is compared when it is done, by the parts of `out` that are its own.
 */
#include <stdio.h>

#include "rs__checker.h"

typedef rs__judged judged;

/* From `address` on, up to `end`, result vectors must be value, value · g, value · g² … */
typedef struct expectation {
  rs_uint128 value;
  int64_t end;
} expectation;

static bool is_sum(rs_collective_kind kind) {
  return kind == RS_ALL_REDUCE || kind == RS_REDUCE_SCATTER || kind == RS_REDUCE;
}

void rs__checker_result_range(const rs__checker *c, uint32_t position, int64_t *first,
                              int64_t *end) {
  const judged *j = &c->judged;
  int64_t b = j->op->block_vectors;
  bool is_root = j->group[position] == j->op->root;
  *first = *end = 0;
  switch (j->op->kind) {
    case RS_ALL_REDUCE:
    case RS_BROADCAST:
      *end = b;
      break;
    case RS_REDUCE_SCATTER:
    case RS_SCATTER:
      *first = position * b;
      *end = *first + b;
      break;
    case RS_ALL_GATHER:
    case RS_ALL_TO_ALL:
      *end = b * j->op->group_count;
      break;
    case RS_REDUCE:
      *end = is_root ? b : 0;
      break;
    case RS_GATHER:
      *end = is_root ? b * j->op->group_count : 0;
      break;
    case RS_SEND:
      *end = position % 2 == 1 ? b : 0;
      break;
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
}

static expectation expect(const rs__checker *c, const judged *j, uint32_t position, int64_t address,
                          int64_t end) {
  int64_t b = j->op->block_vectors;
  int64_t block = address / b;
  rs_uint128 symbol = j->sum;
  int64_t exponent = address;
  switch (j->op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE_SCATTER:
    case RS_REDUCE:
      break;
    case RS_ALL_GATHER:
    case RS_GATHER:
      symbol = j->symbols[block];
      exponent = address % b;
      end = RS_MIN(end, (block + 1) * b);
      break;
    case RS_ALL_TO_ALL:
      symbol = j->symbols[block];
      exponent = position * b + address % b;
      end = RS_MIN(end, (block + 1) * b);
      break;
    case RS_BROADCAST:
    case RS_SCATTER:
      symbol = j->root_symbol;
      break;
    case RS_SEND:
      symbol = j->symbols[position - 1];
      break;
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  return (expectation){rs_field_mul(symbol, rs__checker_power(c, exponent)), end};
}

bool rs__checker_result_common(const rs__checker *c, int64_t first, int64_t end,
                               rs_uint128 *value) {
  rs_collective_kind kind = c->judged.op->kind;
  if (kind == RS_ALL_TO_ALL || kind == RS_SEND) return false;
  expectation wanted = expect(c, &c->judged, 0, first, end);
  *value = wanted.value;
  return wanted.end == end;
}

/* In words, what is wrong with a sum, where one contribution explains it. */
static void explain_sum(const rs__checker *c, const judged *j, int64_t address, rs_uint128 wanted,
                        rs_uint128 found, char *text, size_t size) {
  rs_uint128 power = rs__checker_power(c, address);
  rs_uint128 missing = rs_field_sub(wanted, found);
  rs_uint128 surplus = rs_field_sub(found, wanted);
  snprintf(text, size, "wrong");
  for (uint32_t i = 0; is_sum(j->op->kind) && i < j->op->group_count; i++) {
    rs_uint128 contribution = rs_field_mul(j->symbols[i], power);
    if (contribution == missing) {
      snprintf(text, size, "wrong: the contribution of chip %u is missing", j->group[i]);
    } else if (contribution == surplus) {
      snprintf(text, size, "wrong: the contribution of chip %u is in it twice", j->group[i]);
    }
  }
}

/* `s` holds the wrong vector; NULL: nothing is there. It shows at the end of the schedule. */
static rs_status refuse_result(rs__checker *c, const judged *j, uint32_t position, int64_t address,
                               const rs__segment *s, const char *what) {
  char text[160], last[200] = "";
  uint32_t chip = j->group[position];
  uint32_t writer = s == NULL ? RS_NONE : s->added.base >= 0 ? s->added.burst : s->kept.burst;
  rs_fault fault = {.kind = RS_FAULT_RESULT,
                    .chip = chip,
                    .link = RS_NONE,
                    .op = j->index,
                    .cycle = c->report->makespan_cycles,
                    .burst_a = UINT64_MAX,
                    .burst_b = UINT64_MAX};
  if (writer != RS_NONE) {
    fault.burst_a = writer;
    rs__checker_burst_text(c, writer, text, sizeof text);
    snprintf(last, sizeof last, "; the last to write it is '%s'", text);
  }
  return rs__checker_refuse(
      c, fault, "chip %u, operation %u (%s): vector %lld of the result is %s%s", chip, j->index,
      rs_collective_kind_word(j->op->kind), (long long)address, what, last);
}

/* When the vector at an address is in SRAM with all adds done; NULL: it is the chip's own input. */
static int64_t settled_cycles(const rs__checker *c, const rs__bank *bank, const rs__segment *s,
                              int64_t address) {
  const rs_timing *t = &c->schedule->timing;
  int64_t cycles = s == NULL || s->kept.base < 0
                       ? rs__ready_cycles(&bank->ready, address + bank->input_shift)
                       : rs__line_cycles(c, &s->kept, address) + t->receive_cycles;
  if (s == NULL || s->added.base < 0) return cycles;
  int64_t added = rs__line_cycles(c, &s->added, address) + t->receive_cycles + t->add_cycles;
  return RS_MAX(cycles, added);
}

/* Compares one element's run from `address` to `end`, block by block. */
static rs_status compare_run(rs__checker *c, const judged *j, uint32_t position,
                             const rs__segment *s, rs_uint128 found, int64_t address, int64_t end) {
  while (address < end) {
    expectation wanted = expect(c, j, position, address, end);
    if (found != wanted.value) {
      char what[80];
      explain_sum(c, j, address, wanted.value, found, what, sizeof what);
      return refuse_result(c, j, position, address, s, what);
    }
    c->report->results++;
    if (wanted.end < end) {
      found = rs_field_mul(found, rs__checker_power(c, wanted.end - address));
    }
    address = wanted.end;
  }
  return RS_OK;
}

/* Compares what an entry holds of first … end − 1. */
static rs_status compare_entry(rs__checker *c, const judged *j, uint32_t position,
                               const rs__entry *e, int64_t first, int64_t end) {
  rs__part one = {e->segment->value, e->end - e->first};
  const rs__mix *mix = e->segment->mix;
  const rs__part *parts = mix == NULL ? &one : &mix->parts[e->segment->value];
  int64_t address = e->first;
  for (uint32_t k = 0; address < e->end; k++) {
    int64_t from = RS_MAX(address, first), to = RS_MIN(address + parts[k].count, end);
    if (from < to) {
      rs_uint128 found = parts[k].value;
      if (from != address) found = rs_field_mul(found, rs__checker_power(c, from - address));
      rs_status status = compare_run(c, j, position, e->segment, found, from, to);
      if (status != RS_OK) return status;
    }
    address += parts[k].count;
  }
  return RS_OK;
}

/* Compares the own input where `out` was never touched, from `address` on. Returns where that ends, in
 * `stop`. */
static rs_status compare_own(rs__checker *c, const judged *j, uint32_t position, rs__bank *bank,
                             int64_t address, int64_t *stop) {
  if (address < bank->own_first || address >= bank->own_end) {
    return refuse_result(c, j, position, address, NULL, "missing");
  }
  *stop = RS_MIN(*stop, bank->own_end);
  rs_uint128 own = rs_field_mul(bank->symbol, rs__checker_power(c, address + bank->input_shift));
  bank->result_cycles = RS_MAX(bank->result_cycles, settled_cycles(c, bank, NULL, *stop - 1));
  return compare_run(c, j, position, NULL, own, address, *stop);
}

rs_status rs__checker_result_run(rs__checker *c, uint32_t position, rs_uint128 found, int64_t first,
                                 int64_t end) {
  return compare_run(c, &c->judged, position, NULL, found, first, end);
}

rs_status rs__checker_result(rs__checker *c, uint32_t position, const rs__range *range) {
  const judged *j = &c->judged;
  int64_t address, end;
  rs__checker_result_range(c, position, &address, &end);
  address = RS_MAX(address, range->first);
  end = RS_MIN(end, range->end);
  if (address >= end) return RS_OK;
  rs__bank *bank = rs__checker_bank(c, j->index, j->group[position]);
  if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
  rs__checker_freshen(c, bank);
  for (uint32_t i = rs__runs_find(&bank->out, address); address < end;) {
    const rs__entry *e = i < bank->out.count ? &bank->out.entries[i] : NULL;
    bool is_entry = e != NULL && e->first <= address;
    int64_t stop = e == NULL ? end : RS_MIN(is_entry ? e->end : e->first, end);
    rs_status status = is_entry ? compare_entry(c, j, position, e, address, stop)
                                : compare_own(c, j, position, bank, address, &stop);
    if (status != RS_OK) return status;
    if (is_entry) {
      int64_t settled = settled_cycles(c, bank, e->segment, stop - 1);
      bank->result_cycles = RS_MAX(bank->result_cycles, settled);
      i++;
    }
    address = stop;
  }
  return RS_OK;
}

/* Symbols and sums; those of the operation before are forgotten. */
rs_status rs__checker_open_op(rs__checker *c, uint32_t index) {
  const rs_schedule *s = c->schedule;
  judged *j = &c->judged;
  if (j->symbols == NULL) {
    uint32_t largest = 0;
    for (uint32_t i = 0; i < s->op_count; i++) largest = RS_MAX(largest, s->ops[i].group_count);
    j->symbols = RS_ARENA_NEW(c->arena, rs_uint128, largest);
    if (j->symbols == NULL) return rs_arena_failed(c->arena, c->diag);
  }
  if (j->op != NULL && j->index == index) return RS_OK;
  j->index = index;
  j->op = &s->ops[index];
  j->group = s->group_chips + j->op->group_first;
  j->sum = 0;
  for (uint32_t k = 0; k < j->op->group_count; k++) {
    j->symbols[k] = rs__checker_symbol(c, index, j->group[k]);
    j->sum = rs_field_add(j->sum, j->symbols[k]);
    if (j->group[k] == j->op->root) j->root_symbol = j->symbols[k];
  }
  return RS_OK;
}

rs_status rs__checker_results(rs__checker *c, const rs__range *ranges, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (ranges[i].is_tmp) continue;
    rs_status status = rs__checker_open_op(c, ranges[i].op);
    for (uint32_t k = 0; status == RS_OK && k < c->judged.op->group_count; k++) {
      status = rs__checker_result(c, k, &ranges[i]);
    }
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

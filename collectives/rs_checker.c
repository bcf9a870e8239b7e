/*
 * The checker's frame: form, links, data, results, compute intervals, in this order; the first fault
 * ends it. Results and compute intervals are here; the other passes have files of their own.
 */
#include "rs_checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__checker.h"
#include "rs_random.h"
#include "rs_schedule_text.h"

/* ---- faults ---- */

rs_status rs__checker_refuse(rs__checker *c, rs_fault fault, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  c->report->fault = fault;
  return rs_diag_set(c->diag, RS_E_REFUSED, "%s", text);
}

const char *rs__checker_burst_text(const rs__checker *c, uint64_t burst, char *text, size_t size) {
  if (burst == UINT64_MAX) {
    snprintf(text, size, "the chip's own input");
  } else {
    rs_burst_describe(c->schedule, c->wiring, &c->schedule->bursts[burst], text, size);
  }
  return text;
}

const char *rs_fault_word(rs_fault_kind kind) {
  static const char *const words[] = {"none",  "form",   "link",    "early",      "race",
                                      "empty", "result", "compute", "vector-unit"};
  return words[kind];
}

/* ---- results ---- */

/* What a member's result must be from `address` on: the value there, and up to where the formula
 * goes on. false: the kind asks nothing of this member there. */
typedef struct expectation {
  rs_uint128 value;
  int64_t end;
} expectation;

/* Sum of r(j) over the group: computed once an operation. */
static rs_uint128 group_sum(const rs__checker *c, uint32_t op_index) {
  const rs_op *op = &c->schedule->ops[op_index];
  rs_uint128 sum = 0;
  for (uint32_t j = 0; j < op->group_count; j++) {
    uint32_t chip = c->schedule->group_chips[op->group_first + j];
    sum = rs_field_add(sum, rs__checker_symbol(c, op_index, chip));
  }
  return sum;
}

/* Where a member's result lies in `out`: [first, end). */
static void result_range(const rs_op *op, bool is_root, uint32_t position, int64_t *first,
                         int64_t *end) {
  int64_t b = op->block_vectors;
  *first = *end = 0;
  switch (op->kind) {
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
      *end = b * op->group_count;
      break;
    case RS_REDUCE:
      *end = is_root ? b : 0;
      break;
    case RS_GATHER:
      *end = is_root ? b * op->group_count : 0;
      break;
    case RS_SEND:
      *end = position % 2 == 1 ? b : 0;
      break;
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
}

static expectation expect(const rs__checker *c, uint32_t op_index, uint32_t position,
                          int64_t address, int64_t end, rs_uint128 sum) {
  const rs_op *op = &c->schedule->ops[op_index];
  const uint32_t *group = c->schedule->group_chips + op->group_first;
  int64_t b = op->block_vectors;
  int64_t block = address / b;
  int64_t block_end = RS_MIN((block + 1) * b, end);
  uint32_t source = op->root; /* broadcast and scatter */
  int64_t exponent = address;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE_SCATTER:
    case RS_REDUCE:
      return (expectation){rs_field_mul(sum, rs__checker_power(c, address)), end};
    case RS_ALL_GATHER:
    case RS_GATHER:
      source = group[block];
      exponent = address % b;
      break;
    case RS_ALL_TO_ALL:
      source = group[block];
      exponent = position * b + address % b;
      break;
    case RS_SEND:
      source = group[position - 1];
      break;
    case RS_BROADCAST:
    case RS_SCATTER:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  rs_uint128 symbol = rs__checker_symbol(c, op_index, source);
  return (expectation){rs_field_mul(symbol, rs__checker_power(c, exponent)), block_end};
}

static rs_status refuse_result(rs__checker *c, uint32_t op, uint32_t chip, int64_t address,
                               const char *what, uint64_t writer) {
  char text[160];
  rs_fault fault = {RS_FAULT_RESULT, chip, RS_NONE, op, 0, writer, UINT64_MAX};
  return rs__checker_refuse(
      c, fault, "chip %u, operation %u (%s): vector %lld of the result is %s%s%s", chip, op,
      rs_collective_kind_word(c->schedule->ops[op].kind), (long long)address, what,
      writer == UINT64_MAX ? "" : "; it came with ",
      writer == UINT64_MAX ? "" : rs__checker_burst_text(c, writer, text, sizeof text));
}

static rs_status check_member(rs__checker *c, uint32_t op_index, uint32_t position,
                              rs_uint128 sum) {
  const rs_op *op = &c->schedule->ops[op_index];
  uint32_t chip = c->schedule->group_chips[op->group_first + position];
  rs__bank *bank = rs__checker_bank(c, op_index, chip);
  if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
  const rs__buffer_runs *runs = &bank->runs[RS_BUFFER_OUT];
  int64_t address, end;
  result_range(op, chip == op->root, position, &address, &end);
  for (uint32_t i = rs__checker_find(runs, address); address < end;) {
    const rs__segment *s = i < runs->count ? &runs->segments[i] : NULL;
    if (s == NULL || s->first > address) {
      return refuse_result(c, op_index, chip, address, "missing", UINT64_MAX);
    }
    expectation e = expect(c, op_index, position, address, end, sum);
    rs_uint128 value = rs_field_mul(s->value, rs__checker_power(c, address - s->first));
    if (value != e.value) {
      return refuse_result(c, op_index, chip, address, "wrong", s->writer);
    }
    int64_t stop = RS_MIN(s->first + s->count, e.end);
    bank->result_cycles = RS_MAX(bank->result_cycles, rs__line_floor(&s->settled, address));
    /* the last vector's time, rounded up to the cycle in which it is there */
    bank->result_cycles =
        RS_MAX(bank->result_cycles, -rs__line_floor(&(rs__line){-s->settled.base, s->settled.origin,
                                                                -s->settled.num, s->settled.den},
                                                    stop - 1));
    c->report->results++;
    address = stop;
    if (address >= s->first + s->count) i++;
  }
  return RS_OK;
}

rs_status rs__checker_results(rs__checker *c) {
  for (uint32_t i = 0; i < c->schedule->op_count; i++) {
    rs_uint128 sum = group_sum(c, i);
    for (uint32_t k = 0; k < c->schedule->ops[i].group_count; k++) {
      rs_status status = check_member(c, i, k, sum);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

/* ---- compute intervals ---- */

static int compare_intervals(const void *left, const void *right) {
  const rs_compute *a = *(const rs_compute *const *)left;
  const rs_compute *b = *(const rs_compute *const *)right;
  if (a->chip != b->chip) return a->chip < b->chip ? -1 : 1;
  if (a->unit != b->unit) return a->unit < b->unit ? -1 : 1;
  if (a->start_cycles != b->start_cycles) return a->start_cycles < b->start_cycles ? -1 : 1;
  return (a->cycles > b->cycles) - (a->cycles < b->cycles);
}

static rs_status refuse_compute(rs__checker *c, const rs_compute *compute, const char *what,
                                const char *other) {
  rs_fault fault = {RS_FAULT_COMPUTE,      compute->chip, RS_NONE,   compute->reads_op,
                    compute->start_cycles, UINT64_MAX,    UINT64_MAX};
  return rs__checker_refuse(c, fault, "chip %u, cycle %lld: '%s' starts %s%s", compute->chip,
                            (long long)compute->start_cycles, c->schedule->labels[compute->label],
                            what, other);
}

static rs_status check_units(rs__checker *c) {
  const rs_schedule *s = c->schedule;
  const rs_compute **order = RS_ARENA_NEW(c->arena, const rs_compute *, s->compute_count);
  if (order == NULL) return rs_arena_failed(c->arena, c->diag);
  for (uint64_t i = 0; i < s->compute_count; i++) order[i] = &s->computes[i];
  if (s->compute_count > 0) qsort(order, s->compute_count, sizeof *order, compare_intervals);
  for (uint64_t i = 1; i < s->compute_count; i++) {
    const rs_compute *a = order[i - 1];
    const rs_compute *b = order[i];
    if (a->chip != b->chip || a->unit != b->unit) continue;
    if (a->start_cycles + a->cycles <= b->start_cycles) continue;
    return refuse_compute(c, b, "while its unit still does ", s->labels[a->label]);
  }
  return RS_OK;
}

static rs_status check_inputs(rs__checker *c, const rs_compute *compute) {
  char what[80];
  if (compute->reads_op == RS_NONE) return RS_OK;
  rs__bank *bank = rs__checker_bank(c, compute->reads_op, compute->chip);
  if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
  if (compute->start_cycles >= bank->result_cycles) return RS_OK;
  snprintf(what, sizeof what, "before cycle %lld, when the result of operation %u is there",
           (long long)bank->result_cycles, compute->reads_op);
  return refuse_compute(c, compute, what, "");
}

rs_status rs__checker_computes(rs__checker *c) {
  rs_status status = check_units(c);
  for (uint64_t i = 0; i < c->schedule->compute_count && status == RS_OK; i++) {
    status = check_inputs(c, &c->schedule->computes[i]);
  }
  return status;
}

/* ---- vector unit ---- */

typedef struct add_edge {
  uint32_t chip;
  rs_int128 ticks;
  int change; /* +1 begins, −1 ends */
  uint64_t burst;
} add_edge;

static int compare_edges(const void *left, const void *right) {
  const add_edge *a = left;
  const add_edge *b = right;
  if (a->chip != b->chip) return a->chip < b->chip ? -1 : 1;
  if (a->ticks != b->ticks) return a->ticks < b->ticks ? -1 : 1;
  return a->change - b->change; /* ends first */
}

/* A burst of adds needs at most one add a slot. `most` bursts may run at once. */
static rs_status sweep_adds(rs__checker *c, add_edge *edges, uint64_t count, int64_t most) {
  int64_t running = 0;
  qsort(edges, count, sizeof *edges, compare_edges);
  for (uint64_t i = 0; i < count; i++) {
    if (i > 0 && edges[i].chip != edges[i - 1].chip) running = 0;
    running += edges[i].change;
    if (running <= most) continue;
    int64_t cycle = (int64_t)(edges[i].ticks / c->schedule->timing.slot_den);
    rs_fault fault = {RS_FAULT_VECTOR_UNIT, edges[i].chip, RS_NONE, RS_NONE, cycle,
                      edges[i].burst,       UINT64_MAX};
    return rs__checker_refuse(c, fault,
                              "chip %u, cycle %lld: %lld bursts are added at once, and its vector "
                              "unit keeps up with %lld",
                              edges[i].chip, (long long)cycle, (long long)running, (long long)most);
  }
  return RS_OK;
}

static rs_status check_vector_unit(rs__checker *c) {
  const rs_schedule *s = c->schedule;
  const rs_timing *t = &s->timing;
  uint32_t degree = 0;
  for (uint32_t chip = 0; chip < s->chip_count; chip++) {
    degree = RS_MAX(degree, c->wiring->in_first[chip + 1] - c->wiring->in_first[chip]);
  }
  int64_t most = (int64_t)RS_MIN((rs_int128)t->adds_per_cycle * t->slot_num / t->slot_den,
                                 (rs_int128)INT32_MAX);
  if (degree <= most) return RS_OK; /* every port at once is not too much */
  add_edge *edges = RS_ARENA_NEW(c->arena, add_edge, 2 * s->burst_count);
  if (edges == NULL) return rs_arena_failed(c->arena, c->diag);
  uint64_t count = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    const rs_link *link = &c->wiring->links[b->link];
    if (b->action != RS_ACTION_ADD) continue;
    rs_int128 latency = (rs_int128)rs_timing_latency(t, link) * t->slot_den;
    edges[count++] = (add_edge){link->to, rs_burst_ticks(t, b, 0) + latency, 1, i};
    edges[count++] =
        (add_edge){link->to, rs_burst_ticks(t, b, b->count - 1) + t->slot_num + latency, -1, i};
  }
  return count == 0 ? RS_OK : sweep_adds(c, edges, count, most);
}

/* ---- the whole ---- */

static int64_t find_makespan(const rs__checker *c) {
  const rs_schedule *s = c->schedule;
  const rs_timing *t = &s->timing;
  int64_t end = 0;
  for (uint32_t i = 0; i < s->op_count; i++) end = RS_MAX(end, s->ops[i].ready_cycles);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    int64_t settled = rs_burst_arrival(t, &c->wiring->links[b->link], b, b->count - 1) +
                      t->receive_cycles + (b->action == RS_ACTION_ADD ? t->add_cycles : 0);
    end = RS_MAX(end, settled);
  }
  for (uint64_t i = 0; i < s->compute_count; i++) {
    end = RS_MAX(end, s->computes[i].start_cycles + s->computes[i].cycles);
  }
  return end;
}

static rs_status run_passes(rs__checker *c) {
  if (c->schedule->burst_count >= RS_NONE) {
    return rs_diag_set(c->diag, RS_E_LIMIT, "more than 2^32 bursts");
  }
  rs_status status = rs__checker_links(c);
  if (status == RS_OK) status = rs__checker_create_memory(c);
  if (status == RS_OK) status = rs__checker_data(c);
  if (status == RS_OK) status = rs__checker_results(c);
  if (status == RS_OK) status = rs__checker_computes(c);
  if (status == RS_OK) status = check_vector_unit(c);
  if (status == RS_OK) c->report->makespan_cycles = find_makespan(c);
  return status;
}

rs_status rs_checker_run(const rs_schedule *schedule, const rs_wiring *wiring,
                         const rs_check_options *options, rs_check_report *report, rs_diag *diag) {
  *report = (rs_check_report){.bursts = schedule->burst_count, .slack_cycles_min = -1};
  rs_status status = rs_schedule_validate(schedule, wiring, diag);
  if (status != RS_OK) {
    if (status == RS_E_REFUSED) {
      report->fault =
          (rs_fault){RS_FAULT_FORM, RS_NONE, RS_NONE, RS_NONE, 0, UINT64_MAX, UINT64_MAX};
    }
    return status;
  }
  rs__checker *c = calloc(1, sizeof *c);
  rs_arena *arena = rs_arena_create(0);
  if (c == NULL || arena == NULL) {
    free(c);
    rs_arena_destroy(arena);
    return rs_arena_failed(NULL, diag);
  }
  c->schedule = schedule;
  c->wiring = wiring;
  c->arena = arena;
  c->report = report;
  c->diag = diag;
  c->seed = rs_mix_u64(options->seed);
  status = run_passes(c);
  rs_arena_destroy(arena);
  free(c);
  return status;
}

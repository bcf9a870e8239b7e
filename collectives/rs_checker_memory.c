/*
 * Symbolic memory: for every operation and chip three buffers as sorted runs. A run is one field
 * element however long it is; cutting it at t multiplies by g^t.
 */
#include <string.h>

#include "rs__checker.h"
#include "rs_random.h"

/* ---- field ---- */

static rs_uint128 draw(uint64_t seed, uint64_t stream) {
  rs_random random;
  rs_random_init(&random, seed, stream);
  uint64_t high = rs_random_u64(&random);
  return rs_field_from(high, rs_random_u64(&random));
}

rs_uint128 rs__checker_symbol(const rs__checker *c, uint32_t op, uint32_t chip) {
  uint64_t mixed = rs_mix_u64(c->seed ^ rs_mix_u64((uint64_t)op << 32 | chip));
  return rs_field_from(rs_mix_u64(mixed ^ UINT64_C(0x5bd1e995)), mixed);
}

rs_uint128 rs__checker_power(const rs__checker *c, int64_t exponent) {
  if (exponent < (int64_t)RS_COUNT_OF(c->small)) return c->small[exponent];
  rs_uint128 product = 1;
  for (int bit = 0; exponent > 0; bit++, exponent >>= 1) {
    if ((exponent & 1) != 0) product = rs_field_mul(product, c->powers[bit]);
  }
  return product;
}

static void fill_powers(rs__checker *c) {
  rs_uint128 g = draw(c->seed, UINT64_MAX);
  c->powers[0] = g;
  for (size_t i = 1; i < RS_COUNT_OF(c->powers); i++) {
    c->powers[i] = rs_field_mul(c->powers[i - 1], c->powers[i - 1]);
  }
  c->small[0] = 1;
  for (size_t i = 1; i < RS_COUNT_OF(c->small); i++) c->small[i] = rs_field_mul(c->small[i - 1], g);
}

/* ---- banks ---- */

static uint32_t hash_slot(const rs__checker *c, uint32_t op, uint32_t chip) {
  return (uint32_t)rs_mix_u64((uint64_t)op << 32 | chip) & c->slot_mask;
}

static bool enlarge_hash(rs__checker *c) {
  uint32_t size = c->slots == NULL ? 1024 : 2 * (c->slot_mask + 1);
  uint32_t *slots = RS_ARENA_NEW(c->arena, uint32_t, size);
  if (slots == NULL) return false;
  memset(slots, 0xff, size * sizeof *slots);
  c->slots = slots;
  c->slot_mask = size - 1;
  for (uint32_t i = 0; i < c->bank_count; i++) {
    uint32_t slot = hash_slot(c, c->banks[i].op, c->banks[i].chip);
    while (slots[slot] != RS_NONE) slot = (slot + 1) & c->slot_mask;
    slots[slot] = i;
  }
  return true;
}

static bool enlarge_banks(rs__checker *c) {
  uint32_t capacity = RS_MAX(2 * c->bank_capacity, UINT32_C(512));
  rs__bank *larger = RS_ARENA_NEW(c->arena, rs__bank, capacity);
  if (larger == NULL) return false;
  if (c->bank_count > 0) memcpy(larger, c->banks, c->bank_count * sizeof *larger);
  c->banks = larger;
  c->bank_capacity = capacity;
  return true;
}

rs__bank *rs__checker_bank(rs__checker *c, uint32_t op, uint32_t chip) {
  uint32_t slot = hash_slot(c, op, chip);
  while (c->slots[slot] != RS_NONE) {
    rs__bank *bank = &c->banks[c->slots[slot]];
    if (bank->op == op && bank->chip == chip) return bank;
    slot = (slot + 1) & c->slot_mask;
  }
  if (c->bank_count == c->bank_capacity && !enlarge_banks(c)) return NULL;
  c->slots[slot] = c->bank_count;
  rs__bank *bank = &c->banks[c->bank_count++];
  *bank = (rs__bank){.op = op, .chip = chip, .feeder = UINT64_MAX};
  if (c->bank_count > (c->slot_mask + 1) / 2 && !enlarge_hash(c)) return NULL;
  return bank;
}

/* ---- runs ---- */

uint32_t rs__checker_find(const rs__buffer_runs *runs, int64_t address) {
  uint32_t low = 0;
  uint32_t high = runs->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const rs__segment *s = &runs->segments[middle];
    if (s->first + s->count <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Room for one more at `index`. */
static bool open_gap(rs__checker *c, rs__buffer_runs *runs, uint32_t index) {
  if (runs->count == runs->capacity) {
    uint32_t capacity = RS_MAX(2 * runs->capacity, UINT32_C(1));
    rs__segment *larger = RS_ARENA_NEW(c->arena, rs__segment, capacity);
    if (larger == NULL) return false;
    if (runs->count > 0) memcpy(larger, runs->segments, runs->count * sizeof *larger);
    runs->segments = larger;
    runs->capacity = capacity;
  }
  memmove(&runs->segments[index + 1], &runs->segments[index],
          (runs->count - index) * sizeof *runs->segments);
  runs->count++;
  return true;
}

bool rs__checker_cut(rs__checker *c, rs__buffer_runs *runs, int64_t address) {
  uint32_t index = rs__checker_find(runs, address);
  if (index == runs->count || runs->segments[index].first >= address) return true;
  if (!open_gap(c, runs, index + 1)) return false;
  rs__segment *left = &runs->segments[index];
  rs__segment *right = left + 1;
  int64_t t = address - left->first;
  *right = *left;
  right->first = address;
  right->count = left->count - t;
  right->value = rs_field_mul(left->value, rs__checker_power(c, t));
  left->count = t;
  return true;
}

bool rs__checker_insert(rs__checker *c, rs__buffer_runs *runs, const rs__segment *segment) {
  uint32_t index = rs__checker_find(runs, segment->first);
  if (!open_gap(c, runs, index)) return false;
  runs->segments[index] = *segment;
  return true;
}

/* ---- inputs ---- */

/* When `in` is in SRAM: READY in rs_schedule.h. The rounding up of a profile changes nothing: with
 * whole starts, an order of the exact times is an order of the rounded ones. */
static rs__line input_line(const rs__checker *c, const rs__bank *bank) {
  const rs_op *op = &c->schedule->ops[bank->op];
  rs__line line = {.base = op->ready_cycles, .num = 0, .den = 1};
  if (bank->feeder == UINT64_MAX) return line;
  const rs_compute *compute = &c->schedule->computes[bank->feeder];
  int64_t n = rs_op_in_vectors(op);
  line.base = compute->start_cycles + (n == 1 ? compute->cycles : compute->first_cycles);
  if (n > 1) {
    line.num = compute->cycles - compute->first_cycles;
    line.den = n - 1;
  }
  return line;
}

/* Which part of `in` also stands in `out` at the start: rs_schedule.h's table. */
static void own_part(const rs_op *op, bool is_root, int64_t position, int64_t *from, int64_t *to,
                     int64_t *count) {
  int64_t b = op->block_vectors;
  *from = *to = *count = 0;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE:
      *count = b;
      break;
    case RS_REDUCE_SCATTER:
      *count = b * op->group_count;
      break;
    case RS_ALL_GATHER:
      *to = position * b;
      *count = b;
      break;
    case RS_GATHER:
      *to = position * b;
      *count = is_root ? b : 0;
      break;
    case RS_BROADCAST:
      *count = is_root ? b : 0;
      break;
    case RS_SCATTER:
      *count = is_root ? b * op->group_count : 0;
      break;
    case RS_ALL_TO_ALL:
      *from = *to = position * b;
      *count = b;
      break;
    case RS_SEND:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
}

static bool has_input(const rs_op *op, bool is_root, uint32_t position) {
  if (op->kind == RS_BROADCAST || op->kind == RS_SCATTER) return is_root;
  return op->kind != RS_SEND || position % 2 == 0;
}

static bool fill_member(rs__checker *c, uint32_t op_index, uint32_t position) {
  const rs_op *op = &c->schedule->ops[op_index];
  uint32_t chip = c->schedule->group_chips[op->group_first + position];
  bool is_root = chip == op->root;
  rs__bank *bank = rs__checker_bank(c, op_index, chip);
  if (bank == NULL) return false;
  /* a chip that sends in several pairs of a send has one input */
  if (!has_input(op, is_root, position) || bank->runs[RS_BUFFER_IN].count > 0) return true;
  rs__line ready = input_line(c, bank);
  rs__line departs = ready;
  departs.base += c->schedule->timing.send_cycles;
  rs__segment in = {.count = rs_op_in_vectors(op),
                    .value = rs__checker_symbol(c, op_index, chip),
                    .arrived = ready,
                    .departs = departs,
                    .settled = ready,
                    .writer = UINT64_MAX};
  if (!rs__checker_insert(c, &bank->runs[RS_BUFFER_IN], &in)) return false;
  int64_t from, to, count;
  own_part(op, is_root, position, &from, &to, &count);
  if (count == 0) return true;
  rs__segment out = in;
  out.first = to;
  out.count = count;
  out.value = rs_field_mul(in.value, rs__checker_power(c, from));
  out.arrived.origin = out.departs.origin = out.settled.origin = to - from;
  return rs__checker_insert(c, &bank->runs[RS_BUFFER_OUT], &out);
}

rs_status rs__checker_fill_inputs(rs__checker *c) {
  for (uint32_t i = 0; i < c->schedule->op_count; i++) {
    for (uint32_t k = 0; k < c->schedule->ops[i].group_count; k++) {
      if (!fill_member(c, i, k)) return rs_arena_failed(c->arena, c->diag);
    }
  }
  return RS_OK;
}

/* Which compute interval makes the input of which bank; two for one are a fault. */
static rs_status find_feeders(rs__checker *c) {
  for (uint64_t i = 0; i < c->schedule->compute_count; i++) {
    const rs_compute *compute = &c->schedule->computes[i];
    if (compute->writes_op == RS_NONE) continue;
    rs__bank *bank = rs__checker_bank(c, compute->writes_op, compute->chip);
    if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
    if (bank->feeder != UINT64_MAX) {
      rs_fault fault = {RS_FAULT_COMPUTE,      compute->chip, RS_NONE,   compute->writes_op,
                        compute->start_cycles, UINT64_MAX,    UINT64_MAX};
      return rs__checker_refuse(
          c, fault,
          "chip %u, cycle %lld: a second compute interval makes the input of operation %u",
          compute->chip, (long long)compute->start_cycles, compute->writes_op);
    }
    bank->feeder = i;
  }
  return RS_OK;
}

rs_status rs__checker_create_memory(rs__checker *c) {
  fill_powers(c);
  if (!enlarge_hash(c)) return rs_arena_failed(c->arena, c->diag);
  rs_status status = find_feeders(c);
  return status == RS_OK ? rs__checker_fill_inputs(c) : status;
}

/* Symbolic memory of the one-pass proof; see rs__stream.h. */
#include <stdlib.h>
#include <string.h>

#include "rs__stream.h"
#include "rs_random.h"

#define HELD_A_BLOCK 1024

/* ---- memory that is counted ---- */

static void count_bytes(rs__stream_memory *m, size_t more) {
  m->bytes += more;
  m->bytes_max = RS_MAX(m->bytes_max, m->bytes);
}

static void *take_zeroed(rs__stream_memory *m, size_t count, size_t size) {
  void *got = calloc(RS_MAX(count, 1), size);
  if (got != NULL) count_bytes(m, count * size);
  return got;
}

/* Doubles an array. */
static bool enlarge(rs__stream_memory *m, void **array, uint32_t *capacity, size_t size) {
  uint32_t larger = RS_MAX(2 * *capacity, UINT32_C(4));
  void *got = realloc(*array, larger * size);
  if (got == NULL) return false;
  count_bytes(m, (larger - *capacity) * size);
  *array = got;
  *capacity = larger;
  return true;
}

static bool add_block(rs__stream_memory *m) {
  if (m->block_count == m->block_capacity) {
    size_t capacity = RS_MAX(2 * m->block_capacity, (size_t)64);
    void **larger = realloc(m->blocks, capacity * sizeof *larger);
    if (larger == NULL) return false;
    m->blocks = larger;
    m->block_capacity = capacity;
  }
  void *block = take_zeroed(m, HELD_A_BLOCK, sizeof(rs__held));
  if (block == NULL) return false;
  m->blocks[m->block_count++] = block;
  m->block_left = HELD_A_BLOCK;
  return true;
}

static rs__held *take_held(rs__stream_memory *m) {
  m->runs++;
  m->runs_max = RS_MAX(m->runs_max, m->runs);
  rs__free_held *first = m->free_held;
  if (first != NULL) {
    m->free_held = first->next;
    return (rs__held *)(void *)first;
  }
  if (m->block_left == 0 && !add_block(m)) return NULL;
  return (rs__held *)m->blocks[m->block_count - 1] + --m->block_left;
}

static void give_held(rs__stream_memory *m, rs__held *held) {
  rs__free_held *first = (rs__free_held *)(void *)held;
  first->next = m->free_held;
  m->free_held = first;
  m->runs--;
}

/* ---- symbols ---- */

static rs_uint128 draw(uint64_t seed, uint64_t stream) {
  rs_random random;
  rs_random_init(&random, seed, stream);
  uint64_t high = rs_random_u64(&random);
  return rs_field_from(high, rs_random_u64(&random));
}

rs_uint128 rs__stream_symbol(const rs__stream_memory *m, uint32_t op, uint32_t chip) {
  return draw(m->seed, (uint64_t)op << 32 | chip);
}

rs_uint128 rs__stream_power(const rs__stream_memory *m, int64_t exponent) {
  const int64_t mask = (1 << RS__STREAM_POWER_BITS) - 1;
  rs_uint128 product = m->powers[0][exponent & mask];
  for (int level = 1; level < RS__STREAM_POWER_LEVELS; level++) {
    exponent >>= RS__STREAM_POWER_BITS;
    if ((exponent & mask) == 0) continue;
    product = rs_field_mul(product, m->powers[level][exponent & mask]);
  }
  return product;
}

bool rs__stream_memory_init(rs__stream_memory *m, const rs_schedule *header, uint64_t seed) {
  memset(m, 0, sizeof *m);
  m->header = header;
  m->seed = rs_mix_u64(seed ^ UINT64_C(0x73747265616d));
  m->ops = take_zeroed(m, header->op_count, sizeof *m->ops);
  m->over = take_zeroed(m, header->op_count, sizeof *m->over);
  rs_uint128 step = draw(m->seed, UINT64_MAX);
  for (int level = 0; level < RS__STREAM_POWER_LEVELS; level++) {
    rs_uint128 *row = m->powers[level];
    row[0] = 1;
    for (int i = 1; i < 1 << RS__STREAM_POWER_BITS; i++) row[i] = rs_field_mul(row[i - 1], step);
    step = rs_field_mul(row[(1 << RS__STREAM_POWER_BITS) - 1], step);
  }
  return m->ops != NULL && m->over != NULL;
}

void rs__stream_memory_deinit(rs__stream_memory *m) {
  for (uint32_t i = 0; m->ops != NULL && i < m->header->op_count; i++) {
    if (m->ops[i] != NULL) rs__stream_end_op(m, i);
  }
  for (size_t i = 0; i < m->block_count; i++) free(m->blocks[i]);
  free(m->blocks);
  free(m->ops);
  free(m->over);
}

/* ---- what results must be ---- */

static bool is_sum(rs_collective_kind kind) {
  return kind == RS_ALL_REDUCE || kind == RS_REDUCE_SCATTER || kind == RS_REDUCE;
}

static const uint32_t *group_of(const rs_schedule *s, const rs_op *op) {
  return s->group_chips + op->group_first;
}

void rs__stream_result_range(const rs_schedule *s, const rs_op *op, uint32_t position,
                             int64_t *first, int64_t *end) {
  bool is_root = group_of(s, op)[position] == op->root;
  int64_t b = op->block_vectors;
  *first = 0;
  *end = b;
  switch (op->kind) {
    case RS_REDUCE_SCATTER:
    case RS_SCATTER:
      *first = position * b;
      *end = *first + b;
      break;
    case RS_ALL_GATHER:
    case RS_ALL_TO_ALL:
      *end = b * op->group_count;
      break;
    case RS_GATHER:
      *end = is_root ? b * op->group_count : 0;
      break;
    case RS_REDUCE:
      *end = is_root ? b : 0;
      break;
    case RS_SEND:
      *end = position % 2 == 1 ? b : 0;
      break;
    case RS_ALL_REDUCE:
    case RS_BROADCAST:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
}

/* Results are made of blocks by sender where every sender has one of its own in them. */
static bool is_by_sender(rs_collective_kind kind) {
  return kind == RS_ALL_GATHER || kind == RS_GATHER || kind == RS_ALL_TO_ALL;
}

/* What the vector at an address of a member's result must be worth. */
static rs_uint128 expected(const rs__stream_memory *m, uint32_t op_index, uint32_t position,
                           int64_t address) {
  const rs_op *op = &m->header->ops[op_index];
  const rs__live_op *live = m->ops[op_index];
  const uint32_t *group = group_of(m->header, op);
  rs_uint128 symbol = live->root_symbol;
  if (is_sum(op->kind)) symbol = live->sum;
  if (op->kind == RS_SEND) symbol = rs__stream_symbol(m, op_index, group[position - 1]);
  if (is_by_sender(op->kind)) {
    int64_t sender = address / op->block_vectors;
    symbol = rs__stream_symbol(m, op_index, group[sender]);
    address -= sender * op->block_vectors;
    if (op->kind == RS_ALL_TO_ALL) address += position * op->block_vectors;
  }
  return rs_field_mul(symbol, rs__stream_power(m, address));
}

/* The part of first … end − 1 from `at` on that one formula covers. */
static int64_t formula_end(const rs_op *op, int64_t at, int64_t end) {
  if (!is_by_sender(op->kind)) return end;
  return RS_MIN(end, (at / op->block_vectors + 1) * op->block_vectors);
}

int64_t rs__stream_right(const rs__stream_memory *m, uint32_t op_index, const rs__chip_memory *chip,
                         int64_t first, int64_t end, rs_uint128 value) {
  const rs_op *op = &m->header->ops[op_index];
  int64_t from, to, right = 0;
  if (chip->position == RS_NONE) return 0;
  rs__stream_result_range(m->header, op, chip->position, &from, &to);
  from = RS_MAX(from, first);
  to = RS_MIN(to, end);
  for (int64_t at = from; at < to;) {
    int64_t stop = formula_end(op, at, to);
    rs_uint128 found = rs_field_mul(value, rs__stream_power(m, at - first));
    if (found == expected(m, op_index, chip->position, at)) right += stop - at;
    at = stop;
  }
  return right;
}

int64_t rs__stream_first_wrong(const rs__stream_memory *m, uint32_t op_index,
                               const rs__chip_memory *chip) {
  const rs_op *op = &m->header->ops[op_index];
  int64_t at, end;
  if (chip->position == RS_NONE) return -1;
  rs__stream_result_range(m->header, op, chip->position, &at, &end);
  for (uint32_t i = 0; i < chip->out.count && at < end; i++) {
    const rs__span *span = &chip->out.spans[i];
    if (span->end <= at) continue;
    if (span->first > at) return at;
    while (at < end && at < span->end) {
      rs_uint128 found = rs_field_mul(span->held->value, rs__stream_power(m, at - span->first));
      if (found != expected(m, op_index, chip->position, at)) return at;
      at = formula_end(op, at, RS_MIN(end, span->end));
    }
  }
  return at < end ? at : -1;
}

/* ---- operations ---- */

bool rs__stream_has_input(const rs__stream_memory *m, uint32_t op_index, uint32_t chip) {
  const rs_op *op = &m->header->ops[op_index];
  uint32_t position = m->ops[op_index]->position_of[chip];
  if (op->kind == RS_SEND) return (position & RS__SENDS) != 0;
  if (op->kind == RS_BROADCAST || op->kind == RS_SCATTER) return chip == op->root;
  return position != 0;
}

/* Places, symbols, and how much of all results is still to come. */
static void begin_members(rs__stream_memory *m, uint32_t op_index, rs__live_op *live) {
  const rs_op *op = &m->header->ops[op_index];
  const uint32_t *group = group_of(m->header, op);
  for (uint32_t i = 0; i < op->group_count; i++) {
    int64_t first, end;
    rs__stream_result_range(m->header, op, i, &first, &end);
    live->wrong_vectors += end - first;
    if (op->kind == RS_SEND && i % 2 == 0) { /* in several pairs perhaps; it receives in one */
      live->position_of[group[i]] |= RS__SENDS;
    } else {
      live->position_of[group[i]] |= i + 1;
    }
    if (is_sum(op->kind)) {
      live->sum = rs_field_add(live->sum, rs__stream_symbol(m, op_index, group[i]));
    }
  }
  if (op->root != RS_NONE) live->root_symbol = rs__stream_symbol(m, op_index, op->root);
}

rs__live_op *rs__stream_op(rs__stream_memory *m, uint32_t op) {
  if (m->ops[op] != NULL) return m->ops[op];
  rs__live_op *live = take_zeroed(m, 1, sizeof *live);
  if (live == NULL) return NULL;
  m->ops[op] = live;
  m->ops_live++;
  m->ops_max = RS_MAX(m->ops_max, m->ops_live);
  live->slot_of = take_zeroed(m, m->header->chip_count, sizeof *live->slot_of);
  live->position_of = take_zeroed(m, m->header->chip_count, sizeof *live->position_of);
  if (live->slot_of == NULL || live->position_of == NULL) return NULL;
  begin_members(m, op, live);
  /* What is right from the start is on member chips: all of them are made now. */
  const rs_op *o = &m->header->ops[op];
  for (uint32_t i = 0; i < o->group_count; i++) {
    if (rs__stream_chip(m, op, group_of(m->header, o)[i]) == NULL) return NULL;
  }
  return live;
}

/* The chip's own input in `out`, as rs_schedule.h says: at, from where in `in`, how much. */
static int64_t own_part(const rs_op *op, bool is_root, int64_t place, int64_t *at) {
  int64_t b = op->block_vectors;
  *at = 0;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE:
      return b;
    case RS_REDUCE_SCATTER:
      return b * op->group_count;
    case RS_BROADCAST:
      return is_root ? b : 0;
    case RS_SCATTER:
      return is_root ? b * op->group_count : 0;
    case RS_ALL_GATHER:
    case RS_ALL_TO_ALL:
      *at = place * b;
      return b;
    case RS_GATHER:
      *at = place * b;
      return is_root ? b : 0;
    case RS_SEND:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  return 0;
}

/* Its first vector is that of `in` at the same place, or, of blocks by sender, of the only block. */
static bool fill_own(rs__stream_memory *m, uint32_t op_index, rs__chip_memory *chip) {
  const rs_op *op = &m->header->ops[op_index];
  int64_t at;
  if (op->kind == RS_SEND || !rs__stream_has_input(m, op_index, chip->chip)) return true;
  int64_t count = own_part(op, chip->chip == op->root, chip->position, &at);
  if (count == 0) return true;
  bool from_start = op->kind == RS_ALL_GATHER || op->kind == RS_GATHER;
  rs__held *held = rs__stream_replace(m, &chip->out, 0, 0, at, at + count);
  if (held == NULL) return false;
  rs_uint128 symbol = rs__stream_symbol(m, op_index, chip->chip);
  rs_uint128 value = rs_field_mul(symbol, rs__stream_power(m, from_start ? 0 : at));
  *held = (rs__held){value, RS__NEVER, RS__NEVER, RS__NEVER};
  m->ops[op_index]->wrong_vectors -= rs__stream_right(m, op_index, chip, at, at + count, value);
  return true;
}

rs__chip_memory *rs__stream_chip(rs__stream_memory *m, uint32_t op_index, uint32_t chip) {
  rs__live_op *live = m->ops[op_index];
  if (live->slot_of[chip] != 0) return &live->chips[live->slot_of[chip] - 1];
  if (live->chip_count == live->chip_capacity) {
    void *chips = live->chips;
    if (!enlarge(m, &chips, &live->chip_capacity, sizeof *live->chips)) return NULL;
    live->chips = chips;
  }
  rs__chip_memory *made = &live->chips[live->chip_count];
  *made = (rs__chip_memory){.chip = chip, .position = (live->position_of[chip] & ~RS__SENDS) - 1};
  live->slot_of[chip] = ++live->chip_count;
  if (made->position != RS_NONE && !fill_own(m, op_index, made)) return NULL;
  return made;
}

static void free_store(rs__stream_memory *m, rs__store *store) {
  for (uint32_t i = 0; i < store->count; i++) give_held(m, store->spans[i].held);
  m->bytes -= store->capacity * sizeof *store->spans;
  free(store->spans);
}

void rs__stream_end_op(rs__stream_memory *m, uint32_t op) {
  rs__live_op *live = m->ops[op];
  for (uint32_t i = 0; i < live->chip_count; i++) {
    free_store(m, &live->chips[i].out);
    free_store(m, &live->chips[i].tmp);
  }
  size_t chips = m->header->chip_count;
  m->bytes -= live->chip_capacity * sizeof *live->chips + sizeof *live;
  if (live->slot_of != NULL) m->bytes -= chips * sizeof *live->slot_of;
  if (live->position_of != NULL) m->bytes -= chips * sizeof *live->position_of;
  free(live->slot_of);
  free(live->position_of);
  free(live->chips);
  free(live);
  m->ops[op] = NULL;
  m->over[op] = 1;
  m->ops_live--;
}

/* ---- spans ---- */

static uint32_t find_span(const rs__store *store, int64_t address) {
  uint32_t low = 0, high = store->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (store->spans[middle].end <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Room for one more at `index`. */
static bool open_gap(rs__stream_memory *m, rs__store *store, uint32_t index) {
  if (store->count == store->capacity) {
    void *spans = store->spans;
    if (!enlarge(m, &spans, &store->capacity, sizeof *store->spans)) return false;
    store->spans = spans;
  }
  rs__span *at = &store->spans[index];
  memmove(at + 1, at, (store->count - index) * sizeof *at);
  store->count++;
  return true;
}

/* Cuts the span at `index`, which holds `address` behind its first. */
static bool split(rs__stream_memory *m, rs__store *store, uint32_t index, int64_t address) {
  rs__held *second = take_held(m);
  if (second == NULL || !open_gap(m, store, index + 1)) return false;
  rs__span *span = &store->spans[index];
  *second = *span->held;
  second->value = rs_field_mul(second->value, rs__stream_power(m, address - span->first));
  span[1] = (rs__span){address, span->end, second};
  span->end = address;
  return true;
}

uint32_t rs__stream_cut(rs__stream_memory *m, rs__store *store, int64_t address, int64_t end) {
  uint32_t index = find_span(store, address);
  if (index < store->count && store->spans[index].first < address) {
    if (!split(m, store, index++, address)) return RS_NONE;
  }
  uint32_t last = find_span(store, end);
  if (last < store->count && store->spans[last].first < end && !split(m, store, last, end)) {
    return RS_NONE;
  }
  return index;
}

rs__held *rs__stream_replace(rs__stream_memory *m, rs__store *store, uint32_t index, uint32_t count,
                             int64_t first, int64_t end) {
  if (count == 0) {
    rs__held *held = take_held(m);
    if (held == NULL || !open_gap(m, store, index)) return NULL;
    store->spans[index] = (rs__span){first, end, held};
    return held;
  }
  rs__span *at = &store->spans[index];
  for (uint32_t i = 1; i < count; i++) give_held(m, at[i].held);
  *at = (rs__span){first, end, at->held};
  memmove(at + 1, at + count, (store->count - index - count) * sizeof *at);
  store->count -= count - 1;
  return at->held;
}

/*
 * Symbolic memory: for every operation and chip that is touched, what its buffers hold.
 *
 * A run is one field element however long it is; cutting it at t multiplies by g^t. Segments stay
 * where they are once made, entries that point to them are kept sorted in a small array: runs are
 * cut often and moved rarely. Powers of g come from four tables of 1,024, three products at most.
 */
#include <string.h>

#include "rs__checker.h"
#include "rs_random.h"

#define BLOCK_BYTES ((size_t)256 << 10)

/* ---- field ---- */

static rs_uint128 draw(uint64_t seed, uint64_t stream) {
  rs_random random;
  rs_random_init(&random, seed, stream);
  uint64_t high = rs_random_u64(&random);
  return rs_field_from(high, rs_random_u64(&random));
}

rs_uint128 rs__checker_symbol(const rs__checker *c, uint32_t op, uint32_t chip) {
  return draw(c->seed, (uint64_t)op << 32 | chip);
}

rs_uint128 rs__checker_power(const rs__checker *c, int64_t exponent) {
  const int64_t mask = (1 << RS__POWER_BITS) - 1;
  rs_uint128 product = c->powers[0][exponent & mask];
  exponent >>= RS__POWER_BITS;
  for (int level = 1; exponent > 0; level++, exponent >>= RS__POWER_BITS) {
    if ((exponent & mask) == 0) continue;
    product = rs_field_mul(product, c->powers[level][exponent & mask]);
  }
  return product;
}

/* Powers up to the longest address of the schedule: small schedules are checked often. */
static void fill_powers(rs__checker *c) {
  int64_t last = 1;
  for (uint32_t i = 0; i < c->schedule->op_count; i++) {
    const rs_op *op = &c->schedule->ops[i];
    int64_t in = rs_op_in_vectors(op);
    int64_t out = rs_op_out_vectors(op);
    last = RS_MAX(last, RS_MAX(op->tmp_vectors, RS_MAX(in, out)));
  }
  rs_uint128 step = draw(c->seed, UINT64_MAX); /* no chip: RS_NONE */
  for (int level = 0; level < RS__POWER_LEVELS && last > 0; level++) {
    rs_uint128 *row = c->powers[level];
    int64_t count = RS_MIN(last, (1 << RS__POWER_BITS) - 1);
    row[0] = 1;
    for (int64_t i = 1; i <= count; i++) row[i] = rs_field_mul(row[i - 1], step);
    step = rs_field_mul(row[count], step); /* read only where this row is full */
    last >>= RS__POWER_BITS;
  }
}

/* ---- banks ---- */

/* A directory an operation, made when it is first touched, of pages of chips, made likewise. Operations
 * are many or their chips are, seldom both. */
static rs__place *find_place(rs__checker *c, uint32_t op, uint32_t chip) {
  rs__place **pages = c->directory[op];
  if (pages == NULL) {
    size_t count = ((size_t)c->schedule->chip_count >> RS__PAGE_BITS) + 1;
    pages = c->directory[op] = RS_ARENA_NEW(c->arena, rs__place *, count);
    if (pages == NULL) return NULL;
  }
  rs__place *page = pages[chip >> RS__PAGE_BITS];
  if (page == NULL) {
    page = pages[chip >> RS__PAGE_BITS] = RS_ARENA_NEW(c->arena, rs__place, 1 << RS__PAGE_BITS);
    if (page == NULL) return NULL;
  }
  return &page[chip & ((1 << RS__PAGE_BITS) - 1)];
}

static bool enlarge_banks(rs__checker *c, uint32_t capacity) {
  rs__bank *larger = RS_ARENA_NEW(c->arena, rs__bank, capacity);
  if (larger == NULL) return false;
  if (c->bank_count > 0) memcpy(larger, c->banks, c->bank_count * sizeof *larger);
  c->banks = larger;
  c->bank_capacity = capacity;
  return true;
}

rs__place *rs__checker_place(rs__checker *c, uint32_t op, uint32_t chip) {
  rs__place *place = find_place(c, op, chip);
  if (place == NULL || place->bank != 0) return place;
  if (c->bank_count >= UINT32_C(1) << 30) return NULL;
  if (c->bank_count == c->bank_capacity && !enlarge_banks(c, 2 * c->bank_capacity)) return NULL;
  c->banks[c->bank_count++] = (rs__bank){.op = op, .chip = chip, .feeder = UINT64_MAX};
  place->bank = c->bank_count;
  return place;
}

rs__bank *rs__checker_bank(rs__checker *c, uint32_t op, uint32_t chip) {
  const rs__place *place = rs__checker_place(c, op, chip);
  return place == NULL ? NULL : &c->banks[place->bank - 1];
}

/* ---- memory of a batch ---- */

void rs__checker_begin_batch(rs__checker *c) {
  c->batch++;
  c->block = c->first_block;
  if (c->block != NULL) c->block->used = 0;
  c->segment_free = NULL;
  memset(c->entries_free, 0, sizeof c->entries_free);
  c->mixes = NULL;
  c->mix_count = c->mix_slots = 0;
}

static rs__block *add_block(rs__checker *c, size_t bytes) {
  size_t head = (sizeof(rs__block) + sizeof(rs_uint128) - 1) / sizeof(rs_uint128);
  size_t units = RS_MAX(bytes, BLOCK_BYTES) / sizeof(rs_uint128) + 1;
  rs__block *block = (rs__block *)(void *)RS_ARENA_NEW(c->arena, rs_uint128, head + units);
  if (block == NULL) return NULL;
  block->bytes = units * sizeof(rs_uint128);
  rs__block **place = c->block == NULL ? &c->first_block : &c->block->next;
  block->next = *place;
  *place = block;
  return block;
}

void *rs__checker_take(rs__checker *c, size_t bytes) {
  size_t head = (sizeof(rs__block) + sizeof(rs_uint128) - 1) / sizeof(rs_uint128);
  bytes = (bytes + sizeof(rs_uint128) - 1) / sizeof(rs_uint128) * sizeof(rs_uint128);
  while (c->block == NULL || c->block->bytes - c->block->used < bytes) {
    rs__block *next = c->block == NULL ? NULL : c->block->next;
    if (next == NULL || next->bytes < bytes) next = add_block(c, bytes);
    if (next == NULL) return NULL;
    next->used = 0;
    c->block = next;
  }
  char *memory = (char *)((rs_uint128 *)(void *)c->block + head) + c->block->used;
  c->block->used += bytes;
  return memory;
}

/* ---- runs ---- */

uint32_t rs__runs_guess(const rs__runs *runs, int64_t address) {
  if (runs->count < 3) return 0;
  /* cuts are most often at equal distances */
  int64_t first = runs->entries[0].first, end = runs->entries[runs->count - 1].end;
  if (address <= first || address >= end || end - first > INT32_MAX) return 0;
  uint64_t guess = (uint64_t)(address - first) * runs->count / (uint64_t)(end - first);
  return (uint32_t)RS_MIN(guess, (uint64_t)runs->count - 1);
}

uint32_t rs__runs_find(const rs__runs *runs, int64_t address) {
  uint32_t low = 0;
  uint32_t high = runs->count;
  uint32_t middle = rs__runs_guess(runs, address);
  while (low < high) {
    const rs__entry *e = &runs->entries[middle];
    if (e->end <= address) {
      low = middle + 1;
    } else if (e->first > address) {
      high = middle;
    } else {
      return middle;
    }
    middle = low + (high - low) / 2;
  }
  return low;
}

static rs__segment *take_segment(rs__checker *c) {
  rs__free_segment *first = c->segment_free;
  if (first == NULL) return rs__checker_take(c, sizeof(rs__segment));
  c->segment_free = first->next;
  return (rs__segment *)(void *)first;
}

static void give_segment(rs__checker *c, rs__segment *segment) {
  rs__free_segment *first = (rs__free_segment *)(void *)segment;
  first->next = c->segment_free;
  c->segment_free = first;
}

/* To the next power of two; what is left behind serves other runs. */
static bool enlarge_runs(rs__checker *c, rs__runs *runs, uint32_t wanted) {
  int size = 1;
  while (UINT32_C(1) << size < wanted) size++;
  rs__entry *larger = (rs__entry *)(void *)c->entries_free[size];
  if (larger != NULL) {
    c->entries_free[size] = c->entries_free[size]->next;
  } else {
    larger = rs__checker_take(c, sizeof *larger << size);
    if (larger == NULL) return false;
  }
  if (runs->count > 0) memcpy(larger, runs->entries, runs->count * sizeof *larger);
  if (runs->capacity > 0) {
    rs__free_segment *left = (rs__free_segment *)(void *)runs->entries;
    rs__free_segment **list = &c->entries_free[__builtin_ctz(runs->capacity)];
    left->next = *list;
    *list = left;
  }
  runs->entries = larger;
  runs->capacity = UINT32_C(1) << size;
  return true;
}

/* Room for `more` entries at `index`. */
static bool open_gap(rs__checker *c, rs__runs *runs, uint32_t index, uint32_t more) {
  if (runs->count + more > runs->capacity) {
    if (!enlarge_runs(c, runs, runs->count + more)) return false;
  }
  rs__entry *at = &runs->entries[index];
  memmove(at + more, at, (runs->count - index) * sizeof *at);
  runs->count += more;
  return true;
}

/* Cuts entry `index` in two. */
static bool split_entry(rs__checker *c, rs__runs *runs, uint32_t index, int64_t address) {
  rs__segment *segment = take_segment(c);
  if (segment == NULL || !open_gap(c, runs, index + 1, 1)) return false;
  rs__entry *e = &runs->entries[index];
  *segment = *e[0].segment;
  if (segment->mix != NULL) { /* between parts, as unmix_inside has seen to */
    segment->value = rs__mix_part(segment->mix, (uint32_t)segment->value, address - e[0].first);
  } else {
    segment->value = rs_field_mul(segment->value, rs__checker_power(c, address - e[0].first));
  }
  e[1] = (rs__entry){address, e[0].end, segment};
  e[0].end = address;
  return true;
}

/* Makes entries of the chip's own input where address … end − 1 lies in it and nothing stands yet. */
static bool show_own(rs__checker *c, rs__bank *bank, int64_t address, int64_t end) {
  rs__runs *runs = &bank->out;
  address = RS_MAX(address, bank->own_first);
  end = RS_MIN(end, bank->own_end);
  for (uint32_t i = rs__runs_find(runs, address); address < end; i++) {
    int64_t next = i < runs->count ? runs->entries[i].first : end;
    if (next > address) {
      rs__segment *s = rs__runs_replace(c, runs, i, 0, address, RS_MIN(next, end));
      if (s == NULL) return false;
      s->value = rs_field_mul(bank->symbol, rs__checker_power(c, address + bank->input_shift));
      s->mix = NULL;
      s->kept = s->added = s->read = RS__NO_LINE;
    }
    address = runs->entries[i].end;
  }
  return true;
}

/* One entry of a mix becomes an entry for each of its parts, with the same times. */
static bool unmix_entry(rs__checker *c, rs__runs *runs, uint32_t index) {
  const rs__segment whole = *runs->entries[index].segment;
  const rs__entry *old = &runs->entries[index];
  uint32_t first = (uint32_t)whole.value;
  uint32_t parts = rs__mix_part(whole.mix, first, old->end - old->first) - first;
  if (!open_gap(c, runs, index + 1, parts - 1)) return false;
  rs__entry *e = &runs->entries[index];
  int64_t address = e->first;
  for (uint32_t k = 0; k < parts; k++) {
    rs__segment *segment = k == 0 ? e->segment : take_segment(c);
    if (segment == NULL) return false;
    *segment = whole;
    segment->mix = NULL;
    segment->value = whole.mix->parts[first + k].value;
    e[k] = (rs__entry){address, address + whole.mix->parts[first + k].count, segment};
    address = e[k].end;
  }
  return true;
}

bool rs__runs_unmix(rs__checker *c, rs__runs *runs, int64_t address, int64_t end) {
  for (uint32_t i = rs__runs_find(runs, address); i < runs->count; i++) {
    if (runs->entries[i].first >= end) break;
    if (runs->entries[i].segment->mix != NULL && !unmix_entry(c, runs, i)) return false;
  }
  return true;
}

/* The entry that holds `address` begins there, or is one element, or a mix with a part there. */
static bool unmix_inside(rs__checker *c, rs__runs *runs, int64_t address) {
  uint32_t index = rs__runs_find(runs, address);
  if (index == runs->count || runs->entries[index].first >= address) return true;
  const rs__entry *e = &runs->entries[index];
  const rs__segment *s = e->segment;
  if (s->mix == NULL) return true;
  if (rs__mix_part(s->mix, (uint32_t)s->value, address - e->first) != UINT32_MAX) return true;
  return unmix_entry(c, runs, index);
}

uint32_t rs__runs_cut(rs__checker *c, rs__bank *bank, rs__runs *runs, int64_t address, int64_t end,
                      uint32_t hint) {
  if (hint < runs->count && runs->entries[hint].first == address &&
      runs->entries[hint].end == end) {
    return hint; /* the usual case */
  }
  bool may_be_own = runs == &bank->out && address < bank->own_end && end > bank->own_first;
  if (may_be_own && !show_own(c, bank, address, end)) return RS_NONE;
  uint32_t index = rs__runs_find(runs, address);
  if (index == runs->count) return index;
  if (runs->entries[index].first == address && runs->entries[index].end == end) return index;
  if (c->mix_count > 0) {
    if (!unmix_inside(c, runs, address) || !unmix_inside(c, runs, end)) return RS_NONE;
    index = rs__runs_find(runs, address);
  }
  if (runs->entries[index].first < address && !split_entry(c, runs, index++, address)) {
    return RS_NONE;
  }
  uint32_t last = rs__runs_find(runs, end);
  if (last < runs->count && runs->entries[last].first < end && !split_entry(c, runs, last, end)) {
    return RS_NONE;
  }
  return index;
}

rs__segment *rs__runs_replace(rs__checker *c, rs__runs *runs, uint32_t index, uint32_t count,
                              int64_t first, int64_t end) {
  if (count == 0) {
    rs__segment *segment = take_segment(c);
    if (segment == NULL || !open_gap(c, runs, index, 1)) return NULL;
    runs->entries[index] = (rs__entry){first, end, segment};
    return segment;
  }
  rs__entry *at = &runs->entries[index];
  for (uint32_t i = 1; i < count; i++) give_segment(c, at[i].segment);
  *at = (rs__entry){first, end, at->segment};
  memmove(at + 1, at + count, (runs->count - index - count) * sizeof *at);
  runs->count -= count - 1;
  return at->segment;
}

/* ---- inputs ---- */

/* READY in rs_schedule.h. */
static rs__ready find_ready(const rs__checker *c, const rs__bank *bank) {
  const rs_op *op = &c->schedule->ops[bank->op];
  if (bank->feeder == UINT64_MAX) return (rs__ready){op->ready_cycles, 0, 1};
  const rs_compute *compute = &c->schedule->computes[bank->feeder];
  int64_t n = rs_op_in_vectors(op);
  if (n == 1) return (rs__ready){compute->start_cycles + compute->cycles, 0, 1};
  return (rs__ready){compute->start_cycles + compute->first_cycles,
                     compute->cycles - compute->first_cycles, n - 1};
}

/* A part of `in` that also stands in `out` at the start. */
typedef struct own_part {
  int64_t from, to, count;
} own_part;

static own_part find_own_part(const rs_op *op, bool is_root, int64_t position) {
  int64_t b = op->block_vectors;
  int64_t place = position * b;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE:
      return (own_part){0, 0, b};
    case RS_REDUCE_SCATTER:
      return (own_part){0, 0, b * op->group_count};
    case RS_ALL_GATHER:
      return (own_part){0, place, b};
    case RS_GATHER:
      return (own_part){0, place, is_root ? b : 0};
    case RS_BROADCAST:
      return (own_part){0, 0, is_root ? b : 0};
    case RS_SCATTER:
      return (own_part){0, 0, is_root ? b * op->group_count : 0};
    case RS_ALL_TO_ALL:
      return (own_part){place, place, b};
    case RS_SEND:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  return (own_part){0, 0, 0};
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
  if (!has_input(op, is_root, position)) return true;
  bank->input_vectors = rs_op_in_vectors(op);
  bank->symbol = rs__checker_symbol(c, op_index, chip);
  bank->ready = find_ready(c, bank);
  own_part own = find_own_part(op, is_root, position);
  bank->own_first = own.to;
  bank->own_end = own.to + own.count;
  bank->input_shift = own.from - own.to;
  return true;
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
      return rs__checker_refuse(c, fault,
                                "chip %u, cycle %lld: '%s' is a second compute interval that makes "
                                "the input of operation %u",
                                compute->chip, (long long)compute->start_cycles,
                                c->schedule->labels[compute->label], compute->writes_op);
    }
    bank->feeder = i;
  }
  return RS_OK;
}

/* Room for all members, and for some that only hand on. */
static bool reserve_banks(rs__checker *c) {
  uint64_t members = 0;
  for (uint32_t i = 0; i < c->schedule->op_count; i++) members += c->schedule->ops[i].group_count;
  return enlarge_banks(c, (uint32_t)RS_MIN(members + members / 8 + 256, UINT64_C(1) << 30));
}

rs_status rs__checker_create_memory(rs__checker *c) {
  fill_powers(c);
  if (!reserve_banks(c)) return rs_arena_failed(c->arena, c->diag);
  c->directory = RS_ARENA_NEW(c->arena, rs__place **, c->schedule->op_count);
  if (c->directory == NULL) return rs_arena_failed(c->arena, c->diag);
  rs_status status = find_feeders(c);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < c->schedule->op_count; i++) {
    for (uint32_t k = 0; k < c->schedule->ops[i].group_count; k++) {
      if (!fill_member(c, i, k)) return rs_arena_failed(c->arena, c->diag);
    }
  }
  return RS_OK;
}

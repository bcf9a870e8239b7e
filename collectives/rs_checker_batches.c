/*
 * In which order bursts are handled: by time, and in batches that have nothing to do with each other.
 *
 * A proof in order of time goes through all memory of all chips again and again: every event finds its
 * entry out of the cache. But an address is only touched by bursts that name it, on whatever chip; so
 * addresses of an operation's buffers that bursts connect (source to target, and all of a run) form
 * components, and bursts of different components never meet in memory. Shards of an all-reduce are such
 * components, and blocks of an all-gather. Handled one after another, each stays in the cache, and
 * entries are made in order of addresses.
 *
 * Addresses are cut where any run begins or ends: a bit a vector, and the cell of an address is the
 * number of bits before it. Components are found by union of cells. Small ones are put together, large
 * ones stand alone. Which bursts are in a batch changes nothing but the order of work, and which of
 * several faults is found first; after a fault the pass is run once more, in one batch.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__checker.h"

#define ADDRESSES_MAX (INT64_C(1) << 27) /* 16 MiB of bits */
#define DIGIT_BITS 11
#define BATCH_BURSTS 4096 /* what they touch fits the cache */

typedef struct cells {
  const rs_schedule *schedule;
  int64_t *base;  /* [op] first address of its `out`; `tmp` follows */
  uint64_t *bits; /* [address / 64] a run begins or ends */
  uint32_t *rank; /* [address / 64] bits before */
  uint32_t *next; /* [cell] toward the root of its component */
  uint32_t *load; /* [cell] at a root: bursts; then the batch */
  uint32_t *cell; /* [burst] first of its target; then the root */
  uint32_t count;
} cells;

/* ---- by start ---- */

typedef struct key {
  uint64_t start; /* from the earliest one */
  uint32_t index;
} key;

/* One digit of a radix sort, stable. */
static void sort_digit(const key *from, key *to, uint64_t count, int shift) {
  uint32_t first[1 << DIGIT_BITS] = {0};
  uint32_t place = 0;
  const uint64_t mask = (1 << DIGIT_BITS) - 1;
  for (uint64_t i = 0; i < count; i++) first[from[i].start >> shift & mask]++;
  for (size_t digit = 0; digit < RS_COUNT_OF(first); digit++) {
    uint32_t size = first[digit];
    first[digit] = place;
    place += size;
  }
  for (uint64_t i = 0; i < count; i++) to[first[from[i].start >> shift & mask]++] = from[i];
}

/* Canonical schedules are in order already. */
static bool sort_by_start(const rs_schedule *s, uint32_t *order) {
  bool sorted = true;
  int64_t earliest = INT64_MAX, latest = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    int64_t start = s->bursts[i].start_cycles;
    order[i] = (uint32_t)i;
    if (start < latest) sorted = false;
    earliest = RS_MIN(earliest, start);
    latest = RS_MAX(latest, start);
  }
  if (sorted) return true;
  key *keys = malloc(2 * s->burst_count * sizeof *keys);
  if (keys == NULL) return false;
  key *from = keys, *to = keys + s->burst_count;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    from[i] = (key){(uint64_t)(s->bursts[i].start_cycles - earliest), (uint32_t)i};
  }
  for (int shift = 0; shift < 64 && (uint64_t)(latest - earliest) >> shift != 0;
       shift += DIGIT_BITS) {
    sort_digit(from, to, s->burst_count, shift);
    key *sorted_keys = to;
    to = from;
    from = sorted_keys;
  }
  for (uint64_t i = 0; i < s->burst_count; i++) order[i] = from[i].index;
  free(keys);
  return true;
}

/* ---- cells ---- */

static int64_t address_of(const cells *x, const rs_burst *b, int buffer, int64_t offset) {
  int64_t at = x->base[b->op] + offset;
  if (buffer == RS_BUFFER_TMP) at += rs_op_out_vectors(&x->schedule->ops[b->op]);
  return at;
}

/* Of a cut: the cell that begins there. */
static uint32_t cell_of(const cells *x, int64_t address) {
  uint64_t below = x->bits[address / 64] & ((UINT64_C(1) << (address % 64)) - 1);
  return x->rank[address / 64] + (uint32_t)__builtin_popcountll(below);
}

/* The first cut at or behind an address. */
static int64_t next_cut(const cells *x, int64_t address) {
  int64_t word = address / 64;
  uint64_t bits = x->bits[word] & (UINT64_MAX << (address % 64));
  while (bits == 0) bits = x->bits[++word]; /* an operation's end is one */
  return word * 64 + __builtin_ctzll(bits);
}

static uint32_t find_root(uint32_t *next, uint32_t cell) {
  while (next[cell] != cell) {
    next[cell] = next[next[cell]]; /* halves the way */
    cell = next[cell];
  }
  return cell;
}

/* The lower one becomes the root. */
static void join(uint32_t *next, uint32_t a, uint32_t b) {
  a = find_root(next, a);
  b = find_root(next, b);
  if (a < b) {
    next[b] = a;
  } else {
    next[a] = b;
  }
}

static void mark(cells *x, int64_t address) {
  x->bits[address / 64] |= UINT64_C(1) << (address % 64);
}

static void cut_runs(cells *x) {
  const rs_schedule *s = x->schedule;
  for (uint32_t i = 0; i < s->op_count; i++) {
    mark(x, x->base[i]);
    mark(x, x->base[i] + rs_op_out_vectors(&s->ops[i]));
  }
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    int64_t at = address_of(x, b, b->target, b->target_offset);
    mark(x, at);
    mark(x, at + b->count);
    if (b->source == RS_BUFFER_IN) continue;
    at = address_of(x, b, b->source, b->source_offset);
    mark(x, at);
    mark(x, at + b->count);
  }
}

/* All cells of a run. Returns its first cell. */
static uint32_t join_run(cells *x, int64_t at, int64_t count) {
  uint32_t first = cell_of(x, at);
  if (count == 1) return first;
  uint32_t end = cell_of(x, at + count);
  for (uint32_t cell = first + 1; cell < end; cell++) join(x->next, first, cell);
  return first;
}

static void join_bursts(cells *x) {
  const rs_schedule *s = x->schedule;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    int64_t target = address_of(x, b, b->target, b->target_offset);
    uint32_t cell = x->cell[i] = join_run(x, target, b->count);
    if (b->source == RS_BUFFER_IN) continue;
    int64_t source = address_of(x, b, b->source, b->source_offset);
    if (source != target) join(x->next, cell, join_run(x, source, b->count));
  }
}

/* Batches in order of addresses; what no burst touches is in the first. Returns how many. */
static uint32_t number_batches(cells *x) {
  uint64_t in_batch = 0;
  uint32_t batch = 0;
  for (uint64_t i = 0; i < x->schedule->burst_count; i++) {
    x->cell[i] = find_root(x->next, x->cell[i]);
    x->load[x->cell[i]]++;
  }
  for (uint32_t cell = 0; cell < x->count; cell++) {
    if (x->load[cell] == 0) continue; /* not a root, or nothing */
    if (in_batch > 0 && in_batch + x->load[cell] > BATCH_BURSTS) {
      batch++;
      in_batch = 0;
    }
    in_batch += x->load[cell];
    x->load[cell] = batch;
  }
  return batch + 1;
}

/* ---- components ---- */

/* Total addresses, and where each operation's begin. */
static int64_t lay_out(cells *x) {
  int64_t total = 0;
  for (uint32_t i = 0; i < x->schedule->op_count; i++) {
    const rs_op *op = &x->schedule->ops[i];
    x->base[i] = total;
    int64_t size = rs_op_out_vectors(op) + op->tmp_vectors + 1;
    if (size > ADDRESSES_MAX - total) return -1;
    total += size;
  }
  return total;
}

static bool find_components(cells *x, rs_arena *arena, int64_t total) {
  size_t words = (size_t)total / 64 + 1;
  x->bits = RS_ARENA_NEW(arena, uint64_t, words);
  x->rank = RS_ARENA_NEW(arena, uint32_t, words);
  if (x->bits == NULL || x->rank == NULL) return false;
  cut_runs(x);
  for (size_t k = 0; k < words; k++) {
    x->rank[k] = x->count;
    x->count += (uint32_t)__builtin_popcountll(x->bits[k]);
  }
  x->next = RS_ARENA_NEW(arena, uint32_t, (size_t)x->count + 1);
  x->load = RS_ARENA_NEW(arena, uint32_t, (size_t)x->count + 1);
  x->cell = RS_ARENA_NEW(arena, uint32_t, x->schedule->burst_count);
  if (x->next == NULL || x->load == NULL || x->cell == NULL) return false;
  for (uint32_t cell = 0; cell <= x->count; cell++) x->next[cell] = cell;
  join_bursts(x);
  return true;
}

/* Deals the order by start to batches. */
static bool deal_bursts(const cells *x, rs__batches *batches, rs_arena *arena) {
  uint64_t bursts = x->schedule->burst_count;
  uint32_t *dealt = RS_ARENA_NEW(arena, uint32_t, bursts);
  batches->first = RS_ARENA_NEW(arena, uint32_t, (size_t)batches->count + 2);
  if (batches->first == NULL || dealt == NULL) return false;
  for (uint64_t i = 0; i < bursts; i++) {
    batches->first[x->load[x->cell[i]] + 2]++;
  }
  for (uint32_t b = 1; b <= batches->count; b++) batches->first[b + 1] += batches->first[b];
  for (uint64_t i = 0; i < bursts; i++) {
    uint32_t burst = batches->order[i];
    dealt[batches->first[x->load[x->cell[burst]] + 1]++] = burst;
  }
  batches->order = dealt;
  return true;
}

/* ---- ranges ---- */

/* Ranges of `out` of one operation, whose cells are of one batch as far as each goes. Counted in
 * next[batch + 1]; or, with `ranges`, dealt there by next[batch]. Returns how many. */
static uint64_t list_ranges(const cells *x, uint32_t op, rs__range *ranges, uint32_t *next) {
  int64_t size = rs_op_out_vectors(&x->schedule->ops[op]), base = x->base[op];
  uint64_t count = 0;
  for (int64_t first = 0; first < size; count++) {
    uint32_t batch = x->load[find_root(x->next, cell_of(x, base + first))];
    int64_t end = first;
    while (end < size && x->load[find_root(x->next, cell_of(x, base + end))] == batch) {
      end = next_cut(x, base + end + 1) - base;
    }
    if (ranges == NULL) {
      next[batch + 1]++;
    } else {
      ranges[next[batch]++] = (rs__range){op, first, end};
    }
    first = end;
  }
  return count;
}

/* False in *worth when comparing so many ranges would cost more than the batches save. */
static bool deal_ranges(const cells *x, rs__batches *batches, rs_arena *arena, bool *worth) {
  const rs_schedule *s = x->schedule;
  uint64_t count = 0, compared = 0;
  uint32_t *first = RS_ARENA_NEW(arena, uint32_t, (size_t)batches->count + 2);
  if (first == NULL) return false;
  for (uint32_t op = 0; op < s->op_count; op++) {
    uint64_t ranges = list_ranges(x, op, NULL, first + 1);
    count += ranges;
    compared += ranges * s->ops[op].group_count;
  }
  *worth = compared < 16 * s->burst_count && count < RS_NONE;
  if (!*worth) return true;
  for (uint32_t b = 1; b <= batches->count; b++) first[b + 1] += first[b];
  batches->ranges = RS_ARENA_NEW(arena, rs__range, count);
  if (batches->ranges == NULL) return false;
  for (uint32_t op = 0; op < s->op_count; op++) list_ranges(x, op, batches->ranges, first + 1);
  batches->first_range = first;
  return true;
}

/* ---- the whole ---- */

static bool split(rs__checker *c, rs__batches *batches, rs_arena *scratch) {
  cells x = {.schedule = c->schedule};
  x.base = RS_ARENA_NEW(scratch, int64_t, c->schedule->op_count);
  if (x.base == NULL) return false;
  int64_t total = lay_out(&x);
  if (total < 0) return true;
  if (!find_components(&x, scratch, total)) return false;
  rs__batches several = *batches;
  bool worth = true;
  several.count = number_batches(&x);
  if (several.count == 1) return true;
  if (!deal_ranges(&x, &several, c->arena, &worth)) return false;
  if (!worth) return true;
  if (!deal_bursts(&x, &several, c->arena)) return false;
  *batches = several;
  return true;
}

/* All bursts by start, and all of every `out`; the order in an arena of its own. */
static bool one_batch(rs__checker *c, rs_arena *arena, rs__batches *batches) {
  const rs_schedule *s = c->schedule;
  batches->count = 1;
  batches->order = RS_ARENA_NEW(arena, uint32_t, s->burst_count);
  batches->first = RS_ARENA_NEW(c->arena, uint32_t, 2);
  batches->first_range = RS_ARENA_NEW(c->arena, uint32_t, 2);
  batches->ranges = RS_ARENA_NEW(c->arena, rs__range, s->op_count);
  if (batches->order == NULL || batches->first == NULL || batches->first_range == NULL ||
      batches->ranges == NULL || !sort_by_start(s, batches->order)) {
    return false;
  }
  batches->first[1] = (uint32_t)s->burst_count;
  batches->first_range[1] = s->op_count;
  for (uint32_t op = 0; op < s->op_count; op++) {
    batches->ranges[op] = (rs__range){op, 0, rs_op_out_vectors(&s->ops[op])};
  }
  return true;
}

rs_status rs__checker_batches(rs__checker *c, rs__batches *batches) {
  bool may_split = c->is_split && c->schedule->burst_count > BATCH_BURSTS;
  rs_arena *scratch = may_split ? rs_arena_create(0) : NULL;
  *batches = (rs__batches){0};
  bool ok = (!may_split || scratch != NULL) &&
            one_batch(c, may_split ? scratch : c->arena, batches) &&
            (!may_split || split(c, batches, scratch));
  if (ok && batches->count == 1 && may_split) {
    uint32_t *order = RS_ARENA_NEW(c->arena, uint32_t, c->schedule->burst_count);
    ok = order != NULL;
    if (ok) memcpy(order, batches->order, c->schedule->burst_count * sizeof *order);
    batches->order = order;
  }
  rs_arena_destroy(scratch);
  return ok ? RS_OK : rs_arena_failed(c->arena, c->diag);
}

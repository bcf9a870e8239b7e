/*
 * Cells: addresses are cut where any run begins or ends, a bit a vector, and the cell of an address is
 * the number of bits before it. Components are found by union of cells.
 */
#include "rs__checker_batches.h"

#define ADDRESSES_MAX (INT64_C(1) << 27) /* 16 MiB of bits */

uint32_t rs__cells_root(uint32_t *next, uint32_t cell) {
  while (next[cell] != cell) {
    next[cell] = next[next[cell]]; /* halves the way */
    cell = next[cell];
  }
  return cell;
}

/* The lower one becomes the root. */
static void join(uint32_t *next, uint32_t a, uint32_t b) {
  a = rs__cells_root(next, a);
  b = rs__cells_root(next, b);
  if (a < b) {
    next[b] = a;
  } else {
    next[a] = b;
  }
}

/* Most are marked already, and a look costs less than a write that the next look must wait for. */
static void mark(rs__cells *x, int64_t address) {
  uint64_t bit = UINT64_C(1) << (address % 64);
  if ((x->bits[address / 64] & bit) == 0) x->bits[address / 64] |= bit;
}

static void cut_runs(rs__cells *x) {
  const rs_schedule *s = x->schedule;
  for (uint32_t i = 0; i < s->op_count; i++) {
    mark(x, x->base[i]);
    mark(x, x->tmp[i]);
    mark(x, x->base[i + 1] - 1); /* the one more: runs of `tmp` end there */
  }
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    int64_t at = rs__cells_target(x, b);
    mark(x, at);
    mark(x, at + b->count);
    if (b->source == RS_BUFFER_IN) continue;
    at = rs__cells_source(x, b);
    mark(x, at);
    mark(x, at + b->count);
  }
}

/* All cells of a run. Returns its first cell. */
static uint32_t join_run(rs__cells *x, int64_t at, int64_t count) {
  uint32_t first = rs__cells_at(x, at);
  if (count == 1 || x->first[first + 1] == at + count) return first;
  x->is_cut[first] = true;
  uint32_t end = rs__cells_at(x, at + count);
  for (uint32_t cell = first + 1; cell < end; cell++) join(x->next, first, cell);
  return first;
}

static void join_bursts(rs__cells *x) {
  const rs_schedule *s = x->schedule;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    int64_t target = rs__cells_target(x, b);
    uint32_t cell = join_run(x, target, b->count);
    x->load[cell]++;
    if (b->source == RS_BUFFER_IN) continue;
    int64_t source = rs__cells_source(x, b);
    if (source != target) join(x->next, cell, join_run(x, source, b->count));
  }
  for (uint32_t cell = x->count; cell-- > 0;) { /* roots are below */
    uint32_t root = rs__cells_root(x->next, cell);
    if (root == cell) continue;
    x->load[root] += x->load[cell];
    x->is_cut[root] = x->is_cut[root] || x->is_cut[cell];
    x->load[cell] = 0;
  }
}

/* Total addresses, and where each operation's begin. −1: too many. */
static int64_t lay_out(rs__cells *x) {
  const rs_schedule *s = x->schedule;
  int64_t total = 0;
  for (uint32_t i = 0; i < s->op_count; i++) {
    int64_t out = rs_op_out_vectors(&s->ops[i]), tmp = s->ops[i].tmp_vectors;
    if (out > ADDRESSES_MAX - total || tmp + 1 > ADDRESSES_MAX - total - out) return -1;
    x->base[i] = total;
    x->tmp[i] = total + out;
    total += out + tmp + 1;
  }
  x->base[s->op_count] = total;
  return total;
}

static bool number_cells(rs__cells *x, rs_arena *arena) {
  uint32_t count = 0;
  for (size_t k = 0; k < x->words; k++) {
    x->rank[k] = count;
    count += (uint32_t)__builtin_popcountll(x->bits[k]);
  }
  x->first = RS_ARENA_NEW(arena, int64_t, (size_t)count + 1);
  x->next = RS_ARENA_NEW(arena, uint32_t, count);
  x->load = RS_ARENA_NEW(arena, uint32_t, count);
  x->batch = RS_ARENA_NEW(arena, uint32_t, count);
  x->is_cut = RS_ARENA_NEW(arena, bool, count);
  if (x->first == NULL || x->next == NULL || x->load == NULL || x->batch == NULL ||
      x->is_cut == NULL) {
    return false;
  }
  for (size_t k = 0; k < x->words; k++) {
    uint32_t cell = x->rank[k];
    for (uint64_t bits = x->bits[k]; bits != 0; bits &= bits - 1) {
      x->next[cell] = cell;
      x->first[cell++] = (int64_t)k * 64 + __builtin_ctzll(bits);
    }
  }
  x->first[count] = x->base[x->schedule->op_count];
  x->count = count;
  return true;
}

bool rs__cells_find(rs__cells *x, const rs_schedule *schedule, rs_arena *arena) {
  *x = (rs__cells){.schedule = schedule};
  x->base = RS_ARENA_NEW(arena, int64_t, (size_t)schedule->op_count + 1);
  x->tmp = RS_ARENA_NEW(arena, int64_t, schedule->op_count);
  if (x->base == NULL || x->tmp == NULL) return false;
  int64_t total = lay_out(x);
  if (total < 0) return true;
  x->words = (size_t)total / 64 + 1;
  x->bits = RS_ARENA_NEW(arena, uint64_t, x->words);
  x->rank = RS_ARENA_NEW(arena, uint32_t, x->words);
  if (x->bits == NULL || x->rank == NULL) return false;
  cut_runs(x);
  if (!number_cells(x, arena)) return false;
  join_bursts(x);
  return true;
}

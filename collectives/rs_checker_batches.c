/*
 * Bursts are handled in batches that have nothing to do with each other.
 *
 * A proof in order of time goes through all memory of all chips again and again: every event finds its
 * entry out of the cache. But an address is only touched by bursts that name it, on whatever chip; so
 * components of cells (rs__checker_batches.h) can be handled one after another. Shards of an all-reduce
 * are such components, and blocks of an all-gather. Each stays in the cache, and entries are made in order
 * of addresses.
 *
 * Small components are put together, large ones stand alone; simple ones and others apart. Which bursts are
 * in a batch changes nothing but the order of work, and which of several faults is found first; after a
 * fault the pass is run once more, in one batch.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__checker_batches.h"

#define BATCH_BURSTS 4096 /* what they touch fits the cache */

/* ---- batches ---- */

/* Those that are being filled: one of simple components, one of others. */
typedef struct open_batch {
  uint32_t number; /* RS_NONE: none yet */
  uint64_t bursts;
} open_batch;

/* Batches in order of addresses; what no burst touches is in the first. Returns how many. */
static uint32_t number_batches(rs__cells *x, bool *is_simple, uint32_t most) {
  open_batch open[2] = {{RS_NONE, 0}, {RS_NONE, 0}};
  uint32_t count = 0;
  for (uint32_t cell = 0; cell < x->count; cell++) {
    uint32_t root = rs__cells_root(x->next, cell);
    if (root != cell) {
      x->batch[cell] = x->batch[root]; /* which is below */
      continue;
    }
    if (x->load[cell] == 0) continue;
    open_batch *to = &open[x->is_cut[cell]];
    if (to->number == RS_NONE || (to->bursts > 0 && to->bursts + x->load[cell] > BATCH_BURSTS)) {
      assert(count < most);
      is_simple[count] = !x->is_cut[cell];
      *to = (open_batch){count++, 0};
    }
    to->bursts += x->load[cell];
    x->batch[cell] = to->number;
  }
  (void)most;
  return count;
}

/* Deals bursts to batches; first[b + 1] becomes the end of batch b. */
static bool deal_bursts(const rs__checker *c, rs__batches *batches) {
  const rs_schedule *s = c->schedule;
  const rs__cells *x = &batches->cells;
  uint32_t *next = batches->first + 1;
  for (uint32_t cell = 0; cell < x->count; cell++) next[x->batch[cell] + 1] += x->load[cell];
  for (uint32_t b = 1; b <= batches->count; b++) next[b] += next[b - 1];
  if (batches->count == 1) {
    next[0] = next[1];
    return true;
  }
  batches->order = RS_ARENA_NEW(c->arena, uint32_t, s->burst_count);
  if (batches->order == NULL) return false;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    uint32_t cell = rs__cells_at(x, rs__cells_target(x, &s->bursts[i]));
    batches->order[next[x->batch[cell]]++] = (uint32_t)i;
  }
  return true;
}

/* ---- ranges ---- */

/* Ranges of one buffer of an operation, whose cells are of one batch as far as each goes. Counted in
 * next[batch + 1]; or, with `ranges`, dealt there by next[batch]. Returns how many. */
static uint64_t list_ranges(const rs__cells *x, uint32_t op, bool is_tmp, rs__range *ranges,
                            uint32_t *next) {
  int64_t base = is_tmp ? x->tmp[op] : x->base[op];
  int64_t end = is_tmp ? x->base[op + 1] - 1 : x->tmp[op];
  uint64_t count = 0;
  if (base == end) return 0;
  uint32_t cell = rs__cells_at(x, base);
  for (; x->first[cell] < end; count++) {
    uint32_t batch = x->batch[cell];
    int64_t first = x->first[cell];
    while (x->first[cell] < end && x->batch[cell] == batch) cell++;
    if (ranges == NULL) {
      next[batch + 1]++;
    } else {
      ranges[next[batch]++] = (rs__range){op, is_tmp, first - base, x->first[cell] - base};
    }
  }
  return count;
}

/* False in *worth when comparing so many ranges would cost more than the batches save. */
static bool deal_ranges(const rs__cells *x, rs__batches *batches, rs_arena *arena, bool *worth) {
  const rs_schedule *s = x->schedule;
  uint64_t count = 0, compared = 0;
  uint32_t *next = batches->first_range + 1;
  for (uint32_t op = 0; op < s->op_count; op++) {
    uint64_t ranges = list_ranges(x, op, false, NULL, next);
    count += ranges + list_ranges(x, op, true, NULL, next);
    compared += ranges * s->ops[op].group_count;
  }
  *worth = compared < 16 * (s->burst_count + BATCH_BURSTS) && count < RS_NONE;
  if (!*worth) return true;
  for (uint32_t b = 1; b <= batches->count; b++) next[b] += next[b - 1];
  batches->ranges = RS_ARENA_NEW(arena, rs__range, count);
  if (batches->ranges == NULL) return false;
  for (uint32_t op = 0; op < s->op_count; op++) {
    list_ranges(x, op, false, batches->ranges, next);
    list_ranges(x, op, true, batches->ranges, next);
  }
  return true;
}

/* ---- the whole ---- */

static bool split(rs__checker *c, rs__batches *batches) {
  const rs_schedule *s = c->schedule;
  bool worth = true;
  if (!rs__cells_find(&batches->cells, s, c->arena)) return false;
  if (batches->cells.count == 0) return true;
  /* two neighbours of a kind have more than BATCH_BURSTS */
  uint32_t most = (uint32_t)(2 * s->burst_count / BATCH_BURSTS + 3);
  batches->is_simple = RS_ARENA_NEW(c->arena, bool, most);
  if (batches->is_simple == NULL) return false;
  rs__batches several = *batches;
  several.count = number_batches(&several.cells, several.is_simple, most);
  several.count = RS_MAX(several.count, 1);
  several.first = RS_ARENA_NEW(c->arena, uint32_t, (size_t)several.count + 2);
  several.first_range = RS_ARENA_NEW(c->arena, uint32_t, (size_t)several.count + 2);
  if (several.first == NULL || several.first_range == NULL) return false;
  if (!deal_ranges(&several.cells, &several, c->arena, &worth)) return false;
  if (!worth) return true;
  if (!deal_bursts(c, &several)) return false;
  *batches = several;
  return true;
}

/* All bursts, and all of every `out`. */
static bool one_batch(rs__checker *c, rs__batches *batches) {
  const rs_schedule *s = c->schedule;
  batches->count = 1;
  batches->first = RS_ARENA_NEW(c->arena, uint32_t, 2);
  batches->first_range = RS_ARENA_NEW(c->arena, uint32_t, 2);
  batches->ranges = RS_ARENA_NEW(c->arena, rs__range, s->op_count);
  batches->is_simple = RS_ARENA_NEW(c->arena, bool, 1);
  if (batches->first == NULL || batches->first_range == NULL || batches->ranges == NULL ||
      batches->is_simple == NULL) {
    return false;
  }
  batches->first[1] = (uint32_t)s->burst_count;
  batches->first_range[1] = s->op_count;
  for (uint32_t op = 0; op < s->op_count; op++) {
    batches->ranges[op] = (rs__range){op, false, 0, rs_op_out_vectors(&s->ops[op])};
  }
  return true;
}

rs_status rs__checker_batches(rs__checker *c, rs__batches *batches) {
  *batches = (rs__batches){0};
  bool ok = true;
  if (c->is_split && c->schedule->burst_count > 0) ok = split(c, batches);
  if (ok && batches->count == 0) ok = one_batch(c, batches);
  return ok ? RS_OK : rs_arena_failed(c->arena, c->diag);
}

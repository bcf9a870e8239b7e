/*
 * A small balanced cut, by moves with bucketed gains (Kernighan–Lin with the buckets of Fiduccia and
 * Mattheyses).
 *
 * A pass moves chips in turn from the one half to the other, always the one that lowers the cut most
 * (or raises it least), each chip once; the best balanced state of the pass is kept. Passes go on
 * while they help, from several starts: the order of chips, random orders of runs of 8 chips (nodes
 * stay together), random orders of chips, and halves grown from a chip by best gain. Deterministic: ties go to the chip that entered its bucket last. All in integers.
 * Sources: Kernighan, Lin, BSTJ 1970; Fiduccia, Mattheyses, "A linear-time heuristic for improving
 * network partitions", DAC 1982.
 */
#include <string.h>

#include "rs__measure.h"
#include "rs_random.h"

#define SEED UINT64_C(20240601)
#define LINK_VISITS 20000000 /* sets the number of starts, by size */
#define STARTS_MIN 3
#define STARTS_MAX 400
#define RUN_CHIPS 8 /* a node */

typedef struct partition {
  const rs_wiring *wiring;
  uint8_t *side;    /* [chip] */
  uint8_t *best;    /* [chip] of the pass */
  bool *locked;     /* [chip] */
  int32_t *gain;    /* [chip] links that would leave the cut, less those that would enter it */
  uint32_t *bucket; /* [2][2·reach + 1]: first chip, or RS_NONE */
  uint32_t *next;   /* [chip] */
  uint32_t *before; /* [chip] */
  int32_t reach;    /* largest |gain| */
  int32_t top[2];   /* no unlocked chip of the side has a larger gain */
  int64_t cut;
} partition;

static rs_status create(rs_arena *arena, const rs_wiring *wiring, partition *p, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  *p = (partition){.wiring = wiring};
  for (uint32_t chip = 0; chip < n; chip++) {
    uint32_t links =
        rs_wiring_out_degree(wiring, chip) + wiring->in_first[chip + 1] - wiring->in_first[chip];
    p->reach = RS_MAX(p->reach, (int32_t)links);
  }
  p->side = RS_ARENA_NEW(arena, uint8_t, n);
  p->best = RS_ARENA_NEW(arena, uint8_t, n);
  p->locked = RS_ARENA_NEW(arena, bool, n);
  p->gain = RS_ARENA_NEW(arena, int32_t, n);
  p->bucket = RS_ARENA_NEW(arena, uint32_t, 2 * (2 * (size_t)p->reach + 1));
  p->next = RS_ARENA_NEW(arena, uint32_t, n);
  p->before = RS_ARENA_NEW(arena, uint32_t, n);
  bool complete = p->side != NULL && p->best != NULL && p->locked != NULL && p->gain != NULL &&
                  p->bucket != NULL && p->next != NULL && p->before != NULL;
  return complete ? RS_OK : rs_arena_failed(arena, diag);
}

static uint32_t *bucket_of(partition *p, uint32_t side, int32_t gain) {
  return &p->bucket[side * (2 * (uint32_t)p->reach + 1) + (uint32_t)(gain + p->reach)];
}

static void insert(partition *p, uint32_t chip) {
  uint32_t *first = bucket_of(p, p->side[chip], p->gain[chip]);
  p->next[chip] = *first;
  p->before[chip] = RS_NONE;
  if (*first != RS_NONE) p->before[*first] = chip;
  *first = chip;
  p->top[p->side[chip]] = RS_MAX(p->top[p->side[chip]], p->gain[chip]);
}

static void take_out(partition *p, uint32_t chip) {
  if (p->before[chip] == RS_NONE) {
    *bucket_of(p, p->side[chip], p->gain[chip]) = p->next[chip];
  } else {
    p->next[p->before[chip]] = p->next[chip];
  }
  if (p->next[chip] != RS_NONE) p->before[p->next[chip]] = p->before[chip];
}

/* Gains and the cut from nothing but the sides. */
static void start_pass(partition *p) {
  const rs_wiring *w = p->wiring;
  memset(p->bucket, 0xff, 2 * (2 * (size_t)p->reach + 1) * sizeof *p->bucket);
  memset(p->gain, 0, w->chip_count * sizeof *p->gain);
  p->top[0] = p->top[1] = -p->reach;
  p->cut = 0;
  for (uint32_t l = 0; l < w->link_count; l++) {
    uint32_t a = w->links[l].from, b = w->links[l].to;
    int32_t change = p->side[a] != p->side[b] ? 1 : -1;
    p->gain[a] += change;
    p->gain[b] += change;
    p->cut += change > 0 ? 1 : 0;
  }
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    p->locked[chip] = false;
    insert(p, chip);
  }
}

/* The unlocked chip of the side with the largest gain, or RS_NONE. */
static uint32_t pick(partition *p, uint32_t side) {
  for (; p->top[side] >= -p->reach; p->top[side]--) {
    uint32_t chip = *bucket_of(p, side, p->top[side]);
    if (chip != RS_NONE) return chip;
  }
  return RS_NONE;
}

/* A neighbour of a chip that has just moved. */
static void update(partition *p, uint32_t other, uint32_t moved) {
  if (p->locked[other]) return;
  take_out(p, other);
  p->gain[other] += p->side[other] == p->side[moved] ? -2 : 2;
  insert(p, other);
}

static void move(partition *p, uint32_t chip) {
  const rs_wiring *w = p->wiring;
  take_out(p, chip);
  p->locked[chip] = true;
  p->cut -= p->gain[chip];
  p->side[chip] ^= 1;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    update(p, w->links[l].to, chip);
  }
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    update(p, w->links[w->in_links[k]].from, chip);
  }
}

/* One pass; the best balanced state is in `side` afterwards. Returns its cut. */
static int64_t run_pass(partition *p) {
  uint32_t n = p->wiring->chip_count;
  start_pass(p);
  int64_t best = p->cut;
  memcpy(p->best, p->side, n);
  for (uint32_t pair = 0; pair < n / 2; pair++) {
    for (uint32_t side = 0; side < 2; side++) move(p, pick(p, side));
    if (p->cut >= best) continue;
    best = p->cut;
    memcpy(p->best, p->side, n);
  }
  memcpy(p->side, p->best, n);
  return best;
}

/* Side 1 is the chips order[0 … n/2): exactly ⌊n/2⌋ of them. */
static void set_halves(partition *p, const uint32_t *order) {
  uint32_t n = p->wiring->chip_count;
  memset(p->side, 0, n);
  for (uint32_t k = 0; k < n / 2; k++) p->side[order[k]] = 1;
}

/* Side 1 grows from one chip to ⌊n/2⌋ of them, by the best gain. */
static void grow_half(partition *p, uint32_t seed) {
  uint32_t n = p->wiring->chip_count;
  memset(p->side, 0, n);
  start_pass(p);
  move(p, seed);
  for (uint32_t k = 1; k < n / 2; k++) move(p, pick(p, 0));
}

/* The order of one start, from numbers that depend on the start only. */
static void make_order(uint32_t *order, uint32_t *runs, uint32_t n, uint64_t start) {
  uint32_t run = start % 3 == 1 ? RUN_CHIPS : 1, run_count = (n + run - 1) / run, used = 0;
  rs_random random;
  rs_random_init(&random, SEED, start);
  for (uint32_t k = 0; k < run_count; k++) runs[k] = k;
  if (start > 0) rs_random_shuffle_u32(&random, runs, run_count);
  for (uint32_t k = 0; k < run_count; k++) {
    uint32_t end = RS_MIN((runs[k] + 1) * run, n);
    for (uint32_t chip = runs[k] * run; chip < end; chip++) order[used++] = chip;
  }
}

rs_status rs__measure_cut(rs_arena *arena, const rs_wiring *wiring, int64_t *links, rs_diag *diag) {
  partition p;
  uint32_t n = wiring->chip_count;
  *links = 0;
  rs_status status = create(arena, wiring, &p, diag);
  uint32_t *order = RS_ARENA_NEW(arena, uint32_t, n), *runs = RS_ARENA_NEW(arena, uint32_t, n);
  if (status == RS_OK && (order == NULL || runs == NULL)) status = rs_arena_failed(arena, diag);
  if (status != RS_OK || n < 2) return status;
  uint64_t starts = LINK_VISITS / (10 * ((uint64_t)wiring->link_count + n));
  starts = RS_MAX(STARTS_MIN, RS_MIN(starts, STARTS_MAX));
  int64_t best = INT64_MAX;
  for (uint64_t start = 0; start < starts; start++) {
    if (start % 3 == 2) {
      grow_half(&p, (uint32_t)(start / 3 % n));
    } else {
      make_order(order, runs, n, start);
      set_halves(&p, order);
    }
    for (int64_t cut = INT64_MAX;;) {
      int64_t after = run_pass(&p);
      best = RS_MIN(best, after);
      if (after >= cut) break;
      cut = after;
    }
  }
  *links = best;
  return RS_OK;
}

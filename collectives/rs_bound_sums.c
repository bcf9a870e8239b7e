/*
 * A lower bound from what sums can hold when they leave.
 *
 * The result at chip v is the sum of its own input and of vectors that come in over its links, for every
 * index of the result. Each other member's input must be in one of these; so, counted once for every
 * vector that comes into v with the inputs in it, N − 1 inputs come in for each of V indices.
 *
 * A vector that leaves chip u at time s holds inputs that can have come to u by then, and if it holds two
 * there was an add: u's own, and those of w with send + way w … u with a forward a hop + add ≤ s. Vectors
 * leave a link a slot apart, and by T all that v needs is in its SRAM: of those that come over u → v the i-th
 * from the last leaves at T − receive − latency − ⌊i·q⌋ at the latest, and counts what u can hold then. So T
 * is at least the first time when
 *
 *   Σ over links u → v, Σ over i of (inputs that can be in u by that time) ≥ (N − 1)·V.
 *
 * The pair bound is about one chip's vectors on ways into v, which are few. This one is about all chips' at
 * once: few hops' time is enough for few inputs a vector, so many vectors are needed. An input w adds one
 * to every vector that leaves u after w came, so the inner sum is Σ over w of the slots of the link from
 * then on, and all is counted without a loop over time.
 *
 * Receivers are sampled where there are many: the largest of fewer is a lower bound still.
 */
#include <string.h>

#include "rs__bound.h"

#define RS__BOUND_RECEIVERS_MAX 48
#define RS__BOUND_CHIPS_MAX 200000 /* receivers · chips: searches are most of the time */

typedef struct sums {
  rs__bounder *bounder;
  int64_t *times; /* of all links into v: when an input may leave toward it and what comes behind */
  uint32_t count;
  int64_t cycles; /* the longest so far */
} sums;

/* Inputs in all vectors that can have come into v by `cycles`, each counted in every vector. */
static rs_int128 inputs_by(const sums *s, int64_t cycles) {
  const rs_timing *t = s->bounder->timing;
  rs_int128 inputs = 0;
  for (uint32_t k = 0; k < s->count; k++) {
    if (s->times[k] > cycles) continue;
    /* the i with ⌊i·q⌋ ≤ spare: i·num < (spare + 1)·den */
    rs_int128 spare = (rs_int128)(cycles - s->times[k] + 1) * t->slot_den - 1;
    inputs += 1 + spare / t->slot_num;
  }
  return inputs;
}

/* Raises s->cycles to the first time when there can be so many. */
static void raise_to(sums *s, rs_int128 wanted) {
  int64_t least = s->cycles;
  if (inputs_by(s, least) >= wanted) return;
  int64_t most = least + 1;
  while (inputs_by(s, most) < wanted) {
    if (most > INT64_C(1) << 58) return; /* the time has no name */
    most *= 2;
  }
  while (most - least > 1) {
    int64_t middle = least + (most - least) / 2;
    if (inputs_by(s, middle) >= wanted) {
      most = middle;
    } else {
      least = middle;
    }
  }
  s->cycles = most;
}

/* Appends when inputs of members other than v can leave u over a link to it, with what follows on it. */
static void list_link(sums *s, uint32_t v, const rs_link *link) {
  rs__bounder *b = s->bounder;
  const rs_timing *t = b->timing;
  rs__search search = rs__bound_hop_costs(b, /*backward=*/true);
  rs__bound_search(b, link->from, &search);
  int64_t ends = t->send_cycles + rs_timing_latency(t, link) + t->receive_cycles;
  uint32_t begin = s->count, first = begin;
  for (uint32_t i = 0; i < b->request->chip_count; i++) {
    uint32_t chip = b->request->chips[i];
    if (chip == v || b->distance[chip] < 0) continue;
    s->times[s->count] = ends + b->distance[chip] + t->add_cycles;
    if (s->times[s->count] < s->times[first]) first = s->count;
    s->count++;
  }
  /* the nearest may go alone, without an add: u's own, or what a relay passes on */
  if (s->count > begin) s->times[first] -= t->add_cycles;
}

static void raise_receiver(sums *s, uint32_t v) {
  const rs_wiring *w = s->bounder->wiring;
  s->count = 0;
  for (uint32_t k = w->in_first[v]; k < w->in_first[v + 1]; k++) {
    list_link(s, v, &w->links[w->in_links[k]]);
  }
  rs_int128 others = (rs_int128)s->bounder->request->chip_count - 1;
  raise_to(s, others * s->bounder->block);
}

static uint32_t most_links_in(const rs_wiring *w) {
  uint32_t most = 0;
  for (uint32_t c = 0; c < w->chip_count; c++) {
    most = RS_MAX(most, w->in_first[c + 1] - w->in_first[c]);
  }
  return most;
}

rs_status rs__bound_sums(rs__bounder *b, int64_t *cycles) {
  const rs_collective_request *r = b->request;
  sums s = {.bounder = b};
  *cycles = 0;
  if (!rs__kind_adds(r->kind)) return RS_OK;
  size_t room = (size_t)most_links_in(b->wiring) * r->chip_count;
  s.times = RS_ARENA_NEW(b->arena, int64_t, room);
  if (s.times == NULL) return rs_arena_failed(b->arena, b->diag);
  if (r->kind == RS_REDUCE) {
    raise_receiver(&s, r->root);
  } else {
    uint32_t receivers = RS__BOUND_CHIPS_MAX / b->wiring->chip_count;
    receivers = RS_MAX(1, RS_MIN(receivers, RS__BOUND_RECEIVERS_MAX));
    uint32_t step = (r->chip_count - 1) / receivers + 1;
    for (uint32_t i = 0; i < r->chip_count; i += step) raise_receiver(&s, r->chips[i]);
  }
  *cycles = s.cycles;
  return RS_OK;
}

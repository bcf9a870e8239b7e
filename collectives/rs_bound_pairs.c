/*
 * A lower bound that joins latency and bandwidth: what of one chip must reach another one.
 *
 * Let every result at chip v need vector k of chip u, for V vectors k, alone or in a sum. Then for each
 * k something that holds it comes into v over a link, and two vectors k never come as one. Over the
 * link w → v none departs before u's data can be at w, and the i-th departs ⌈i·q⌉ later at least. So
 *
 *   Σ over links w → v of (1 + ⌊(T − first(u, w → v)) / q⌋ where that is not negative) ≥ V
 *
 * with first = send + way u … w with a forward a hop + latency + receive, and T is at least the first
 * time when it holds: the quickest flow (Ford, Fulkerson 1958; Burkard et al. 1993) through the cut
 * around v. Most ways into v are detours that start to help a hop later, so that this is far above
 * V / links: on a wiring with one shortest way for every pair, it is V slots on that way until then.
 *
 * Receivers are sampled where there are many: the largest of fewer is a lower bound still.
 */
#include <string.h>

#include "rs__bound.h"

#define RS__BOUND_RECEIVERS_MAX 48
#define RS__BOUND_CHIPS_MAX 200000 /* receivers · chips: searches are most of the time */

typedef struct pairs {
  rs__bounder *bounder;
  int64_t *first; /* [link into v · chips + chip] or −1: there is no way */
  uint32_t links;
  int64_t cycles; /* the longest so far */
} pairs;

/* Vectors that can have come into v by `cycles`. */
static int64_t count_by(const pairs *p, uint32_t from, int64_t cycles) {
  const rs_timing *t = p->bounder->timing;
  int64_t count = 0;
  for (uint32_t k = 0; k < p->links; k++) {
    int64_t first = p->first[(size_t)k * p->bounder->wiring->chip_count + from];
    if (first < 0 || first > cycles) continue;
    count += 1 + (int64_t)((rs_int128)(cycles - first) * t->slot_den / t->slot_num);
  }
  return count;
}

/* Raises p->cycles to the first time when all vectors of `from` can have come; a time that is
 * too late already is found by one look. */
static void raise_by(pairs *p, uint32_t from) {
  int64_t vectors = p->bounder->block;
  int64_t least = p->cycles;
  if (count_by(p, from, least) >= vectors) return;
  int64_t most = least + 1;
  while (count_by(p, from, most) < vectors) {
    if (most > INT64_C(1) << 58) return; /* there is no way, or the time has no name */
    most *= 2;
  }
  while (most - least > 1) {
    int64_t middle = least + (most - least) / 2;
    if (count_by(p, from, middle) >= vectors) {
      most = middle;
    } else {
      least = middle;
    }
  }
  p->cycles = most;
}

/* When the first vector of every chip can be in SRAM of `chip` over each of its links. */
static void fill_firsts(pairs *p, uint32_t chip) {
  rs__bounder *b = p->bounder;
  const rs_wiring *w = b->wiring;
  uint32_t begin = w->in_first[chip];
  p->links = w->in_first[chip + 1] - begin;
  for (uint32_t k = 0; k < p->links; k++) {
    const rs_link *link = &w->links[w->in_links[begin + k]];
    int64_t *first = p->first + (size_t)k * w->chip_count;
    rs__search s = rs__bound_hop_costs(b, /*backward=*/true);
    rs__bound_search(b, link->from, &s);
    int64_t ends =
        b->timing->send_cycles + rs_timing_latency(b->timing, link) + b->timing->receive_cycles;
    for (uint32_t from = 0; from < w->chip_count; from++) {
      first[from] = b->distance[from] < 0 ? -1 : b->distance[from] + ends;
    }
  }
}

static void raise_receiver(pairs *p, uint32_t chip) {
  const rs_collective_request *r = p->bounder->request;
  fill_firsts(p, chip);
  if (r->kind == RS_BROADCAST) {
    if (chip != r->root) raise_by(p, r->root);
    return;
  }
  for (uint32_t i = 0; i < r->chip_count; i++) {
    if (r->chips[i] != chip) raise_by(p, r->chips[i]);
  }
}

static uint32_t most_links_in(const rs_wiring *w) {
  uint32_t most = 0;
  for (uint32_t c = 0; c < w->chip_count; c++) {
    most = RS_MAX(most, w->in_first[c + 1] - w->in_first[c]);
  }
  return most;
}

static bool says_something(rs_collective_kind kind) {
  return kind == RS_ALL_REDUCE || kind == RS_REDUCE_SCATTER || kind == RS_ALL_GATHER ||
         kind == RS_BROADCAST || kind == RS_REDUCE;
}

rs_status rs__bound_pairs(rs__bounder *b, int64_t *cycles) {
  const rs_collective_request *r = b->request;
  pairs p = {.bounder = b};
  *cycles = 0;
  if (!says_something(r->kind)) return RS_OK;
  p.first =
      RS_ARENA_NEW(b->arena, int64_t, (size_t)most_links_in(b->wiring) * b->wiring->chip_count);
  if (p.first == NULL) return rs_arena_failed(b->arena, b->diag);
  if (r->kind == RS_REDUCE) {
    raise_receiver(&p, r->root);
  } else {
    uint32_t receivers = RS__BOUND_CHIPS_MAX / b->wiring->chip_count;
    receivers = RS_MAX(1, RS_MIN(receivers, RS__BOUND_RECEIVERS_MAX));
    uint32_t step = (r->chip_count - 1) / receivers + 1;
    for (uint32_t i = 0; i < r->chip_count; i += step) raise_receiver(&p, r->chips[i]);
  }
  *cycles = p.cycles;
  return RS_OK;
}

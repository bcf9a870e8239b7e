/*
 * Edge betweenness by Brandes's accumulation, per link and exact but for the rounding of doubles.
 *
 * From each source a breadth-first search counts the shortest paths to every chip, a parallel
 * cable being a path of its own. Back from the farthest chip, a chip's share is what it receives
 * itself (1) and what it passes on, split over the links that enter it in proportion to the paths that
 * they carry. Sums run in the order of sources and chips, so that they are the same everywhere.
 * O(chips · links). Source: Brandes, "A faster algorithm for betweenness centrality", J.
 * Mathematical Sociology 2001, and "On variants of shortest-path betweenness", Social Networks 2008.
 */
#include <string.h>

#include "rs__measure.h"

typedef struct brandes {
  const rs_wiring *wiring;
  uint32_t *to;    /* [link] links[l].to, packed */
  uint32_t *depth; /* [chip] RS_NONE: not reached */
  uint32_t *order; /* chips as they were reached */
  double *paths;   /* [chip] shortest paths from the source */
  double *share;   /* [chip] (1 + what it passes on) / paths */
  double *carried; /* [link] over all sources */
} brandes;

static rs_status create(rs_arena *arena, const rs_wiring *wiring, brandes *b, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  *b = (brandes){.wiring = wiring};
  b->to = RS_ARENA_NEW(arena, uint32_t, wiring->link_count);
  b->depth = RS_ARENA_NEW(arena, uint32_t, n);
  b->order = RS_ARENA_NEW(arena, uint32_t, n);
  b->paths = RS_ARENA_NEW(arena, double, n);
  b->share = RS_ARENA_NEW(arena, double, n);
  b->carried = RS_ARENA_NEW(arena, double, wiring->link_count);
  if (b->to == NULL || b->depth == NULL || b->order == NULL || b->paths == NULL ||
      b->share == NULL || b->carried == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) b->to[l] = wiring->links[l].to;
  memset(b->depth, 0xff, n * sizeof *b->depth);
  return RS_OK;
}

/* Returns how many chips were reached. */
static uint32_t count_paths(brandes *b, uint32_t source) {
  const uint32_t *out_first = b->wiring->out_first;
  uint32_t count = 1;
  b->order[0] = source;
  b->depth[source] = 0;
  b->paths[source] = 1;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = b->order[head];
    uint32_t below = b->depth[chip] + 1;
    double paths = b->paths[chip];
    for (uint32_t l = out_first[chip]; l < out_first[chip + 1]; l++) {
      uint32_t to = b->to[l];
      if (b->depth[to] == RS_NONE) {
        b->depth[to] = below;
        b->paths[to] = paths;
        b->order[count++] = to;
      } else if (b->depth[to] == below) {
        b->paths[to] += paths;
      }
    }
  }
  return count;
}

static void hand_back(brandes *b, uint32_t count) {
  const uint32_t *out_first = b->wiring->out_first;
  while (count-- > 0) {
    uint32_t chip = b->order[count];
    uint32_t below = b->depth[chip] + 1;
    double paths = b->paths[chip], passed = 0;
    for (uint32_t l = out_first[chip]; l < out_first[chip + 1]; l++) {
      uint32_t to = b->to[l];
      if (b->depth[to] != below) continue;
      double part = paths * b->share[to];
      b->carried[l] += part;
      passed += part;
    }
    b->share[chip] = (1 + passed) / paths;
  }
}

rs_status rs__measure_betweenness(rs_arena *arena, const rs_wiring *wiring, rs_measure_more *more,
                                  rs_diag *diag) {
  brandes b;
  rs_status status = create(arena, wiring, &b, diag);
  if (status != RS_OK) return status;
  for (uint32_t source = 0; source < wiring->chip_count; source++) {
    uint32_t count = count_paths(&b, source);
    hand_back(&b, count);
    for (uint32_t k = 0; k < count; k++) b.depth[b.order[k]] = RS_NONE;
  }
  double sum = 0;
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    sum += b.carried[l];
    more->betweenness_max = RS_MAX(more->betweenness_max, b.carried[l]);
  }
  if (wiring->link_count > 0) more->betweenness_mean = sum / wiring->link_count;
  return RS_OK;
}

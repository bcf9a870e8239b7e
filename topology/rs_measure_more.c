/*
 * Measures that are short to compute: girth, the Moore bound, readings of "16n cables".
 *
 * Girth: breadth-first search from every chip, no deeper than half the best cycle so far. The
 * shortest cycle through the root shows as a link between two chips that the search has reached,
 * other than the link that reached them; over all roots the minimum is exact (Itai, Rodeh, "Finding
 * a minimum circuit in a graph", SIAM J. Computing 1978). In a wiring of fibres a cycle is a path
 * back to the root.
 */
#include <math.h>
#include <string.h>

#include "rs__measure.h"

typedef struct girth_search {
  const rs_wiring *wiring;
  uint32_t *depth;  /* [chip], RS_NONE: not reached */
  uint32_t *parent; /* [chip], the link that reached it */
  uint32_t *queue;
  uint32_t best; /* UINT32_MAX: none yet */
} girth_search;

/* A cycle that the link closes, or UINT32_MAX. */
static uint32_t closed_by(const girth_search *s, uint32_t root, uint32_t l) {
  const rs_link *link = &s->wiring->links[l];
  if (link->reverse == RS_NONE) return link->to == root ? s->depth[link->from] + 1 : UINT32_MAX;
  if (s->depth[link->to] == RS_NONE || link->reverse == s->parent[link->from]) return UINT32_MAX;
  return s->depth[link->from] + s->depth[link->to] + 1;
}

static void search_from(girth_search *s, uint32_t root) {
  uint32_t count = 1, head = 0;
  s->depth[root] = 0;
  s->parent[root] = RS_NONE;
  s->queue[0] = root;
  for (; head < count; head++) {
    uint32_t chip = s->queue[head];
    bool fibres = s->wiring->link_count > 0 && s->wiring->links[0].reverse == RS_NONE;
    uint32_t reach = fibres ? s->depth[chip] + 1 : 2 * s->depth[chip] + 1;
    if (reach >= s->best) break;
    for (uint32_t l = s->wiring->out_first[chip]; l < s->wiring->out_first[chip + 1]; l++) {
      uint32_t to = s->wiring->links[l].to;
      s->best = RS_MIN(s->best, closed_by(s, root, l));
      if (s->depth[to] != RS_NONE) continue;
      s->depth[to] = s->depth[chip] + 1;
      s->parent[to] = l;
      s->queue[count++] = to;
    }
  }
  for (uint32_t k = 0; k < count; k++) s->depth[s->queue[k]] = RS_NONE;
}

rs_status rs__measure_girth(rs_arena *arena, const rs_wiring *wiring, uint32_t *girth,
                            rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  girth_search s = {.wiring = wiring, .best = UINT32_MAX};
  s.depth = RS_ARENA_NEW(arena, uint32_t, n);
  s.parent = RS_ARENA_NEW(arena, uint32_t, n);
  s.queue = RS_ARENA_NEW(arena, uint32_t, n);
  if (s.depth == NULL || s.parent == NULL || s.queue == NULL) return rs_arena_failed(arena, diag);
  memset(s.depth, 0xff, n * sizeof *s.depth);
  for (uint32_t root = 0; root < n; root++) search_from(&s, root);
  *girth = s.best == UINT32_MAX ? 0 : s.best;
  return RS_OK;
}

/* Chips at distance k of the best graph: d, d(d−1), … or, of fibres, d, d², … */
static uint64_t moore_next(uint64_t layer, uint32_t degree, uint32_t hops, bool fibres) {
  rs_uint128 next = (rs_uint128)layer * (fibres || hops == 1 ? degree : degree - 1);
  return next > UINT64_C(1) << 62 ? UINT64_C(1) << 62 : (uint64_t)next;
}

static void measure_moore(const rs_wiring *wiring, const rs_measure *measure,
                          rs_measure_more *more) {
  bool fibres = wiring->link_count > 0 && wiring->links[0].reverse == RS_NONE;
  uint64_t layer = 1, chips = 1, left = measure->chips - RS_MIN(measure->chips, 1), hops_sum = 0;
  more->moore_chips = measure->chips;
  if (measure->degree_max == 0) return;
  more->moore_chips = 1;
  for (uint32_t hops = 1; hops <= measure->diameter_hops || left > 0; hops++) {
    layer = moore_next(layer, measure->degree_max, hops, fibres);
    if (layer == 0) break; /* degree 1: two chips and no more */
    chips = RS_MIN(chips + layer, UINT64_C(1) << 62);
    if (hops <= measure->diameter_hops) more->moore_chips = chips;
    if (left == 0) continue;
    uint64_t taken = RS_MIN(left, layer);
    hops_sum += taken * hops;
    left -= taken;
    more->moore_diameter_hops = hops;
  }
  if (measure->chips > 1) more->moore_average_hops = (double)hops_sum / (measure->chips - 1.0);
}

static void measure_readings(const rs_wiring *wiring, rs_measure_more *more) {
  double chips = wiring->chip_count;
  uint64_t leaving = 0;
  uint32_t nodes = 0;
  more->cables_per_chip = wiring->cable_count / chips;
  more->cable_ends_per_chip = 2 * more->cables_per_chip;
  if (wiring->node_of == NULL) return;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    nodes = RS_MAX(nodes, wiring->node_of[chip] + 1);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (wiring->node_of[link->from] != wiring->node_of[link->to]) leaving++;
  }
  more->leaving_cables_per_node = (double)leaving / 2 / nodes;
}

static rs_status measure_bisection(rs_arena *arena, const rs_wiring *wiring, rs_measure_more *more,
                                   rs_diag *diag) {
  int64_t links;
  rs_status status = rs__measure_cut(arena, wiring, &links, diag);
  if (status != RS_OK) return status;
  more->bisection_cables = (links + 1) / 2;
  status = rs__measure_lambda2(wiring, &more->algebraic_connectivity, diag);
  if (status != RS_OK) return status;
  double n = wiring->chip_count, half = floor(n / 2);
  double bound = more->algebraic_connectivity * half * (n - half) / n;
  /* A whisker below, so that rounding in λ₂ never lifts the bound over the truth. */
  more->bisection_cables_min = (int64_t)ceil(bound - 1e-6 * (1 + bound));
  return RS_OK;
}

rs_status rs_measure_run_more(rs_arena *arena, const rs_wiring *wiring, const rs_measure *measure,
                              unsigned parts, rs_measure_more *more, rs_diag *diag) {
  rs_status status = RS_OK;
  memset(more, 0, sizeof *more);
  if (parts & RS_MEASURE_MOORE) measure_moore(wiring, measure, more);
  if (parts & RS_MEASURE_READINGS) measure_readings(wiring, more);
  if (parts & RS_MEASURE_GIRTH) status = rs__measure_girth(arena, wiring, &more->girth, diag);
  if (status == RS_OK && (parts & RS_MEASURE_BISECTION)) {
    status = measure_bisection(arena, wiring, more, diag);
  }
  if (status == RS_OK && (parts & RS_MEASURE_BETWEENNESS)) {
    status = rs__measure_betweenness(arena, wiring, more, diag);
  }
  if (status == RS_OK && (parts & RS_MEASURE_SYMMETRY)) {
    status = rs__measure_symmetry(arena, wiring, more, diag);
  }
  return status;
}

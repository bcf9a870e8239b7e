/*
 * Distances by breadth-first search from 64 sources at once.
 *
 * Bit k of a chip's word says whether the k-th source of the batch has reached it. A step sends the
 * words of the frontier along all links; what was not there before is the next frontier, and its
 * population count is the number of pairs at this distance. A small frontier pushes its words along
 * its out-links. A large one is pulled: each chip that some source has yet to reach collects the
 * words of its in-neighbours, and stops when nothing is missing; that is reads only, and most chips
 * stop early. All pairs cost at most links · chips / 64 word operations a level. Source of the idea: Then et al., "The more the merrier: efficient
 * multi-source graph traversal", VLDB 2014. All counts are integers; the one division is at the
 * end.
 */
#include "rs_measure.h"

#include <string.h>

#include "rs__measure.h"

typedef struct batch {
  const rs_wiring *wiring;
  const uint32_t *targets; /* [link] links[l].to, packed: the inner loops read nothing else */
  const uint32_t *sources; /* [k] links[in_links[k]].from */
  uint64_t *seen;          /* [chip] */
  uint64_t *frontier;      /* [chip], zero outside `active` */
  uint64_t *next;          /* [chip], zero between steps */
  uint32_t *active;        /* chips with a bit in frontier */
  uint32_t *reached;       /* chips with a bit in next */
  uint32_t active_count, reached_count;
  uint64_t everyone; /* the bits of all sources of the batch */
  uint64_t working;  /* of them, those that are not spare */
} batch;

/* Pull when more than one chip in this many is in the frontier: measured best from 4 to 16. */
#define PULL_SHARE 8

static rs_status create_batch(rs_arena *arena, const rs_wiring *wiring, batch *b, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  uint32_t *targets = RS_ARENA_NEW(arena, uint32_t, wiring->link_count);
  uint32_t *sources = RS_ARENA_NEW(arena, uint32_t, wiring->link_count);
  b->wiring = wiring;
  b->targets = targets;
  b->sources = sources;
  b->seen = RS_ARENA_NEW(arena, uint64_t, n);
  b->frontier = RS_ARENA_NEW(arena, uint64_t, n);
  b->next = RS_ARENA_NEW(arena, uint64_t, n);
  b->active = RS_ARENA_NEW(arena, uint32_t, n);
  b->reached = RS_ARENA_NEW(arena, uint32_t, n);
  if (targets == NULL || sources == NULL || b->seen == NULL || b->frontier == NULL ||
      b->next == NULL || b->active == NULL || b->reached == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    targets[l] = wiring->links[l].to;
    sources[l] = wiring->links[wiring->in_links[l]].from;
  }
  return RS_OK;
}

static void start_batch(batch *b, uint32_t first, uint32_t count) {
  uint32_t n = b->wiring->chip_count;
  memset(b->seen, 0, n * sizeof *b->seen);
  memset(b->frontier, 0, n * sizeof *b->frontier);
  b->active_count = count;
  b->everyone = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
  b->working = b->everyone;
  for (uint32_t k = 0; k < count && b->wiring->spare != NULL; k++) {
    if (b->wiring->spare[first + k]) b->working &= ~(UINT64_C(1) << k);
  }
  for (uint32_t k = 0; k < count; k++) {
    b->seen[first + k] = b->frontier[first + k] = UINT64_C(1) << k;
    b->active[k] = first + k;
  }
}

static void push_frontier(batch *b) {
  const uint32_t *out_first = b->wiring->out_first;
  for (uint32_t k = 0; k < b->active_count; k++) {
    uint32_t chip = b->active[k];
    uint64_t word = b->frontier[chip];
    for (uint32_t l = out_first[chip]; l < out_first[chip + 1]; l++) {
      uint32_t to = b->targets[l];
      uint64_t fresh = word & ~b->seen[to];
      if (fresh == 0) continue;
      if (b->next[to] == 0) b->reached[b->reached_count++] = to;
      b->next[to] |= fresh;
    }
  }
}

static void pull_frontier(batch *b) {
  const uint32_t *in_first = b->wiring->in_first;
  for (uint32_t chip = 0; chip < b->wiring->chip_count; chip++) {
    uint64_t missing = b->everyone & ~b->seen[chip];
    uint64_t word = 0;
    if (missing == 0) continue;
    for (uint32_t k = in_first[chip]; k < in_first[chip + 1]; k++) {
      word |= b->frontier[b->sources[k]];
      if ((missing & ~word) == 0) break;
    }
    word &= missing;
    if (word == 0) continue;
    b->next[chip] = word;
    b->reached[b->reached_count++] = chip;
  }
}

/* Sends the frontier one hop further; returns the ordered pairs that are at this distance. */
static uint64_t step(batch *b) {
  uint64_t pairs = 0;
  b->reached_count = 0;
  if (b->active_count > b->wiring->chip_count / PULL_SHARE) {
    pull_frontier(b);
  } else {
    push_frontier(b);
  }
  for (uint32_t k = 0; k < b->active_count; k++) b->frontier[b->active[k]] = 0;
  for (uint32_t k = 0; k < b->reached_count; k++) {
    uint32_t chip = b->reached[k];
    uint64_t word = b->next[chip];
    b->next[chip] = 0;
    b->seen[chip] |= word;
    b->frontier[chip] = word;
    pairs += (uint64_t)__builtin_popcountll(word);
  }
  uint32_t *swap = b->active;
  b->active = b->reached;
  b->reached = swap;
  b->active_count = b->reached_count;
  return pairs;
}

/* Of the pairs of the last step, those of two chips that are not spare. */
static uint64_t count_working(const batch *b) {
  uint64_t pairs = 0;
  for (uint32_t k = 0; k < b->active_count; k++) {
    uint32_t chip = b->active[k];
    if (b->wiring->spare[chip]) continue;
    pairs += (uint64_t)__builtin_popcountll(b->frontier[chip] & b->working);
  }
  return pairs;
}

void rs_measure_cables(const rs_wiring *wiring, rs_measure *measure) {
  memset(measure, 0, sizeof *measure);
  measure->edge_connectivity = -1;
  measure->working_chips = rs_wiring_working_count(wiring);
  measure->chips = wiring->chip_count;
  measure->cables = wiring->cable_count;
  measure->degree_min = wiring->chip_count == 0 ? 0 : UINT32_MAX;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    uint32_t out = rs_wiring_out_degree(wiring, chip);
    uint32_t in = wiring->in_first[chip + 1] - wiring->in_first[chip];
    measure->degree_min = RS_MIN(measure->degree_min, out);
    measure->degree_max = RS_MAX(measure->degree_max, out);
    measure->ports_max = RS_MAX(measure->ports_max, RS_MAX(out, in));
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (link->reverse == RS_NONE || link->reverse > l) {
      measure->cables_by_class[link->cable_class]++;
    }
  }
}

/* Pairs, their hops added up, and the most of a pair. */
typedef struct totals {
  uint64_t pairs;
  rs_uint128 hops_sum;
  uint32_t hops_max;
} totals;

static void add_pairs(totals *t, uint64_t pairs, uint32_t hops) {
  if (pairs == 0) return;
  t->pairs += pairs;
  t->hops_sum += (rs_uint128)pairs * hops;
  t->hops_max = RS_MAX(t->hops_max, hops);
}

static double average_of(const totals *t) {
  return t->pairs == 0 ? 0.0 : (double)t->hops_sum / (double)t->pairs;
}

static void measure_distances(batch *b, rs_measure *measure) {
  uint32_t n = b->wiring->chip_count;
  totals all = {0}, working = {0};
  measure->pairs_at[0] = n;
  for (uint32_t first = 0; first < n; first += 64) {
    uint32_t hops = 0;
    start_batch(b, first, RS_MIN(64, n - first));
    for (;;) {
      uint64_t found = step(b);
      if (found == 0) break;
      hops++;
      add_pairs(&all, found, hops);
      if (b->wiring->spare != NULL) add_pairs(&working, count_working(b), hops);
      measure->pairs_at[RS_MIN(hops, RS_MEASURE_HOPS_MAX)] += found;
    }
  }
  if (b->wiring->spare == NULL) working = all;
  measure->connected = all.pairs == (uint64_t)n * (n - RS_MIN(n, 1));
  measure->diameter_hops = all.hops_max;
  measure->average_hops = average_of(&all);
  measure->working_diameter_hops = working.hops_max;
  measure->working_average_hops = average_of(&working);
}

rs_status rs_measure_distances(rs_arena *arena, const rs_wiring *wiring, rs_measure *measure,
                               rs_diag *diag) {
  batch b = {0};
  rs_measure_cables(wiring, measure);
  rs_status status = create_batch(arena, wiring, &b, diag);
  if (status == RS_OK) measure_distances(&b, measure);
  return status;
}

rs_status rs_measure_run(rs_arena *arena, const rs_wiring *wiring, bool with_connectivity,
                         rs_measure *measure, rs_diag *diag) {
  rs_status status = rs_measure_distances(arena, wiring, measure, diag);
  if (status != RS_OK || !with_connectivity) return status;
  if (!measure->connected) {
    measure->edge_connectivity = 0;
    return RS_OK;
  }
  return rs__measure_edge_connectivity(arena, wiring, &measure->edge_connectivity, diag);
}

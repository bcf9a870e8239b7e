/* The inside of the lower bounds: what their parts share. */
#ifndef RS__BOUND_H
#define RS__BOUND_H

#include "rs__collective.h"

typedef struct rs__bounder {
  rs_arena *arena;
  const rs_wiring *wiring;
  const rs_timing *timing;
  const rs_collective_request *request;
  rs_diag *diag;
  uint32_t *position;
  int64_t block;
  int64_t *distance;                      /* [chip] of the search at hand; −1: not reached */
  uint32_t *queues[RS_CABLE_CLASS_COUNT]; /* links to try, in order of cost */
  int64_t slots;                          /* some link carries at least so many vectors */
} rs__bounder;

/* A search for cheapest ways: what a link of each class costs, and which way it runs. */
typedef struct rs__search {
  const rs_wiring *wiring;
  bool backward; /* distances to the root */
  int64_t cost[RS_CABLE_CLASS_COUNT];
  uint32_t head[RS_CABLE_CLASS_COUNT], tail[RS_CABLE_CLASS_COUNT];
} rs__search;

/* Arrays, and the checks of the request. */
rs_status rs__bound_init(rs__bounder *b);

/* Some of `links` links must carry so many vectors together. */
void rs__bound_raise_slots(rs__bounder *b, rs_int128 vectors, int64_t links);

/* Raises the slots by what must leave or enter sets of chips with equal labels, below chip_count; NULL:
 * every chip is a set of its own. */
rs_status rs__bound_sets(rs__bounder *b, const uint32_t *labels);

int64_t rs__bound_latency_min(const rs__bounder *b); /* of all links */

rs__search rs__bound_hop_costs(const rs__bounder *b, bool backward);

/* Fills b->distance with the costs of cheapest ways from (backward: to) a chip. */
void rs__bound_search(rs__bounder *b, uint32_t root, rs__search *s);

/* ---- rs_bound_pairs.c ---- */

/* The longest time that the vectors of one chip need to reach another one; 0: it says nothing. */
rs_status rs__bound_pairs(rs__bounder *b, int64_t *cycles);

/* ---- rs_bound_sums.c ---- */

/* The longest time until vectors that came into one chip can hold all that its sums need; 0: the kind has
 * no sums. */
rs_status rs__bound_sums(rs__bounder *b, int64_t *cycles);

/* ---- rs_bound_trees.c ---- */

/* Vectors that some link carries where trees there and back cross between parts of the wiring; 0: the kind is
 * not all-reduce. Raises the slots by the parts as sets. */
rs_status rs__bound_trees(rs__bounder *b, int64_t *slots);

#endif

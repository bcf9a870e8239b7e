/*
 * Tables of static routes: one path for every ordered pair of chips, and edge-disjoint paths of one
 * pair.
 *
 * Invariants (rs_route_table_check): the route of a pair starts and ends at its chips, visits no
 * chip twice and has at most the pair's limit of hops; link_load counts, for every link, the routes
 * that cross it.
 *
 * Routes are minimal (extra_hops 0) or may take up to extra_hops more where that lowers the sum of
 * squared loads. Among what is allowed they are spread so that links carry alike. Deterministic.
 * Memory: 4 bytes a hop and 5 a pair. All memory is the arena's.
 */
#ifndef RS_ROUTE_TABLE_H
#define RS_ROUTE_TABLE_H

#include "rs_wiring.h"

#define RS_ROUTE_TABLE_CHIPS_MAX 2048 /* 4 million routes */
#define RS_ROUTE_HOPS_MAX 64

typedef struct rs_route_options {
  uint32_t extra_hops; /* a route's limit: the pair's distance and so many more, */
  uint32_t hops_max;   /* and never more than this; 0: no such bound */
  uint32_t rounds;     /* times that all routes are chosen anew by the loads of the others; 0: 3 */
} rs_route_options;

typedef struct rs_route_table {
  const rs_wiring *wiring;
  uint32_t extra_hops, hops_max; /* as asked for */
  uint64_t *first;               /* [from · chips + to]: where in links its route starts */
  uint8_t *hops;                 /* [from · chips + to]; 0 on the diagonal */
  uint32_t *links;
  uint32_t *link_load; /* [link] routes that cross it */
} rs_route_table;

typedef struct rs_route_balance {
  uint32_t load_min, load_max; /* routes on a link */
  double load_mean;            /* the maximum cannot be less */
  uint64_t hops_total;         /* over all routes */
  uint32_t hops_max;           /* of a route */
  uint64_t detours;            /* routes that are longer than their pair's distance */
} rs_route_balance;

/* RS_E_INFEASIBLE: a pair has no path of hops_max hops. RS_E_LIMIT: too many chips, or chips
 * farther apart than RS_ROUTE_HOPS_MAX. A round looks, for every pair, at the links that its route may use: 264 chips
 * take 7 ms, or 43 ms with a hop more. `options` may be NULL. */
rs_status rs_route_table_build(rs_arena *arena, const rs_wiring *wiring,
                               const rs_route_options *options, rs_route_table *table,
                               rs_diag *diag);

/* The links of the route from → to, first hop first. */
const uint32_t *rs_route_table_path(const rs_route_table *table, uint32_t from, uint32_t to,
                                    uint32_t *hops);

/* Holds a table against the invariants, with distances of its own; RS_E_REFUSED with the first
 * violation. imbalance_max_percent: refuses when the most loaded link has more than this share of
 * the mean (200: twice); 0: not asked. `balance` may be NULL. O(hops + chips · links). */
rs_status rs_route_table_check(const rs_route_table *table, uint32_t imbalance_max_percent,
                               rs_route_balance *balance, rs_diag *diag);

/* ---- edge-disjoint paths ---- */

typedef struct rs_route_disjoint {
  uint32_t path_count;
  uint32_t *first; /* path_count + 1; path k is links[first[k]] … links[first[k + 1]] */
  uint32_t *links;
} rs_route_disjoint;

/* As many paths from → to as there are, at most paths_max, no two over one cable, in either
 * direction; of all such sets one with the fewest hops in total. Shortest path first.
 * RS_E_INFEASIBLE: no path. O(paths · chips · links), in practice about paths · links. */
rs_status rs_route_disjoint_build(rs_arena *arena, const rs_wiring *wiring, uint32_t from,
                                  uint32_t to, uint32_t paths_max, rs_route_disjoint *paths,
                                  rs_diag *diag);

/* Paths that join the ends, visit no chip twice and share no cable; RS_E_REFUSED else. */
rs_status rs_route_disjoint_check(const rs_wiring *wiring, uint32_t from, uint32_t to,
                                  const rs_route_disjoint *paths, rs_diag *diag);

#endif

/*
 * Private to experiments/: `realscale topology --routes`, static routes as rows of a table.
 *
 * minimal: one route of fewest hops for every ordered pair, spread over the links. detour:H: routes
 * of at most H hops that may leave the shortest way where that spreads the load. disjoint: for
 * every pair as many paths as there are without a shared cable. Each is held against its invariants
 * by the code that did not make it, and the row says so.
 */
#ifndef RS__ROUTES_H
#define RS__ROUTES_H

#include "rs_table.h"
#include "rs_wiring.h"

typedef enum rs__routes_kind {
  RS__ROUTES_NONE,
  RS__ROUTES_MINIMAL,
  RS__ROUTES_DETOUR,
  RS__ROUTES_DISJOINT
} rs__routes_kind;

typedef struct rs__routes {
  const char *text; /* as given: "detour:4" */
  rs__routes_kind kind;
  uint32_t hops_max; /* of a detour */
  bool one_pair;     /* show the paths of this pair, one a row */
  uint32_t from, to;
} rs__routes;

/* routes: --routes or NULL; pair: --pair or NULL. */
rs_status rs__routes_parse(const char *routes, const char *pair, rs__routes *result, rs_diag *diag);

/* The columns of the rows below. */
rs_table *rs__routes_table(rs_arena *arena, const rs__routes *routes);

/* Adds the wiring's row, or a row a path. RS_E_INFEASIBLE: a pair has no such route. */
rs_status rs__routes_add(rs_arena *arena, const rs__routes *routes, const char *spec,
                         const rs_wiring *wiring, rs_table *table, rs_diag *diag);

#endif

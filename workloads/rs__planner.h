/* The inside of the planner: candidates with their bounds, and the order in which they are tried. */
#ifndef RS__PLANNER_H
#define RS__PLANNER_H

#include "rs_planner.h"

/* What an objective looks at; integers, so that an order is one. */
typedef struct rs__score {
  int64_t period_cycles; /* a token of every sequence in flight */
  int64_t sequences;     /* in flight */
  int64_t energy_pj;     /* a token */
} rs__score;

/* < 0: a is better, 0: as good. */
int rs__score_compare(rs_objective objective, const rs__score *a, const rs__score *b);

/* How much better a is than b, as a share of b. */
double rs__score_gap(rs_objective objective, const rs__score *a, const rs__score *b);

typedef struct rs__candidate {
  rs_sharding_request request;
  rs__score bound; /* no timetable is better in any of the three */
  bool is_compiled;
  bool is_ahead; /* its step is compiled, or about to be */
} rs__candidate;

typedef struct rs__candidates {
  rs__candidate *list;
  size_t count, capacity;
  int64_t chips_least; /* that hold one sequence; 0: none */
  rs_sharding_request least;
} rs__candidates;

/* All that divide and fit into `chips` chips. With only_least nothing is listed, and the fewest chips
 * are found. */
rs_status rs__planner_list(rs_arena *arena, const rs_planner_request *request, int64_t chips,
                           bool only_least, rs__candidates *candidates, rs_diag *diag);

/* ---- rs_planner_ahead.c: steps, compiled on several threads ---- */

/* Compiled at once, on any machine; one of a group of 72 chips takes 0.7 GB. */
#define RS__AHEAD_STEPS 2

typedef struct rs__ahead_step {
  rs_sharding_request request; /* the first that had these stages */
  uint64_t stages; /* a digest of how layers fell to stages: who has the same has the same step */
  bool is_compiled, is_used;
  rs_status status;
  rs_decode decode; /* without its schedule */
  rs_diag diag;
} rs__ahead_step;

typedef struct rs__ahead rs__ahead;

/* NULL: no memory. */
rs__ahead *rs__ahead_create(rs_arena *arena, const rs_planner_request *request, rs_diag *diag);

void rs__ahead_destroy(rs__ahead *ahead);

/* The step of a sharding, which is compiled already, or else with the next rs__ahead_compile. */
rs_status rs__ahead_add(rs__ahead *ahead, const rs_sharding_request *request,
                        rs__ahead_step **step);

void rs__ahead_compile(rs__ahead *ahead);

#endif

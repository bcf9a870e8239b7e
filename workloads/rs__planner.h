/* The inside of the planner: candidates with their bounds, and the order in which they are tried. */
#ifndef RS__PLANNER_H
#define RS__PLANNER_H

#include "rs__decode.h"
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

/* ---- rs_planner_bound.c: what no timetable is better than ---- */

#define RS__REACH_MAX 31 /* hops inside a group that are told apart */

/* Hops between the farthest chips of each stage's group, as far as they were looked for: no more than
 * its diameter. */
rs_status rs__planner_reach(rs_arena *arena, const rs_wiring *wiring, const uint32_t *chips,
                            int64_t tensor, int64_t stages, int64_t **inside, rs_diag *diag);

/* Of one tensor, expert and batch. */
typedef struct rs__bounds {
  rs__least least;
  rs__bound of[RS__REACH_MAX + 1]; /* by hops inside the group */
} rs__bounds;

/* Fills `of` for the distances of the first stages. The scratch arena is reset. */
rs_status rs__planner_bound(rs_arena *scratch, const rs_planner_request *request,
                            const rs_sharding_request *sharding, const int64_t *inside,
                            int64_t stages, rs__bounds *bounds, rs_diag *diag);

rs__score rs__planner_score(const rs_planner_request *request, const rs__bounds *bounds,
                            const int64_t *inside, const rs_sharding *sharding);

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

/* The step of the sharding is one that was used: it takes no work. */
rs_status rs__ahead_has_used(rs__ahead *ahead, const rs_sharding_request *request, bool *has_used);

void rs__ahead_compile(rs__ahead *ahead);

#endif

/*
 * The best sharding of a model on a wiring, and the least number of chips that holds it.
 *
 * Every tensor × pipeline × expert × batch × micro-batches × placement that divides and fits is a candidate. Each
 * has bounds that no timetable can be better than (rs__decode_bound); candidates are compiled from the
 * best bound on, and when the next bound is no better than what was compiled, nothing that is left can
 * be: then the answer is exact, and `gap` is 0. Compiling large groups takes long, so there is a limit
 * on the work; where it ends the search, `gap` says by how much an uncompiled candidate could still be
 * better at most. Groups are placed in every way of rs_placement.h.
 *
 * More chips than heads are tried in steps of 8, batches as powers of two, micro-batches as powers of
 * two and as many as stages. Deterministic: the limit counts work, not time.
 */
#ifndef RS_PLANNER_H
#define RS_PLANNER_H

#include "rs_decode.h"

typedef enum rs_objective {
  RS_OBJECTIVE_LATENCY,    /* tokens/s of a user */
  RS_OBJECTIVE_THROUGHPUT, /* of all together */
  RS_OBJECTIVE_ENERGY,     /* joules a token */
  RS_OBJECTIVE_COUNT
} rs_objective;

const char *rs_objective_word(rs_objective objective); /* "latency" "throughput" "energy" */
bool rs_objective_parse(const char *word, rs_objective *objective);

/* With experts, capacity is the least factor of 1, 1.25, 1.5, 2, 3, 4, 6, … with which no more than
 * dropped_max is dropped; base.capacity_ppm is ignored. */
#define RS_PLANNER_DROPPED_MAX 0.01

#define RS_PLANNER_WORK_MAX INT64_C(600000)

typedef struct rs_planner_request {
  const rs_model *model;
  const rs_chip *chip;
  const rs_wiring *wiring;
  const char *topology;
  int64_t chips; /* that may be used; at most the wiring's */
  rs_objective objective;
  rs_sharding_request base; /* formats, context, capacity, sums; counts are ignored */
  int64_t batch_max;        /* sequences of a micro-batch, at most */
  double dropped_max;       /* of (token, expert) pairs: slots are counted so; see below */
  int64_t tensor_max;       /* 0: as rs_planner_tensor_max has it */
  int64_t threads;          /* that compile; the rows are the same with any number. 0: one */
  int64_t work_max; /* Σ pipeline · tensor² of what is compiled; 0: RS_PLANNER_WORK_MAX */
} rs_planner_request;

/* What keeps a sharding from being smaller or larger. */
typedef enum rs_limit {
  RS_LIMIT_MEMORY, /* a stage fewer does not fit; of throughput: twice the batch does not */
  RS_LIMIT_CHIPS,  /* a stage more would need more chips than there are */
  RS_LIMIT_LAYERS, /* a stage more would have no layer */
  RS_LIMIT_NONE,
  RS_LIMIT_COUNT
} rs_limit;

const char *rs_limit_word(rs_limit limit); /* "memory" "chips" "layers" "none" */

typedef struct rs_planner_row {
  rs_sharding_request request;
  rs_decode decode; /* without its schedule */
  int64_t chips, sram_bytes_max;
  double overflow_probability, dropped_share;
  rs_limit limit;
  rs_part largest_part; /* of the latency */
} rs_planner_row;

typedef struct rs_planner_result {
  rs_planner_row *rows; /* the Pareto front of what was compiled, the best of the objective first */
  size_t row_count;
  int64_t candidates, compiled;
  double gap;          /* 0: nothing can be better; 0.02: by 2 % at most */
  int64_t chips_least; /* the fewest chips that hold the model, one sequence; 0: none up to 2^20 */
  rs_sharding_request least;
} rs_planner_result;

/* The largest group that is tried: request->tensor_max, or else as many chips as heads, which is what
 * attention divides into, and a node of 8 more; with experts, which take most of the room, four times
 * as many. */
int64_t rs_planner_tensor_max(const rs_planner_request *request);

/* RS_E_INFEASIBLE when nothing fits; the sentence says how many chips would do. */
rs_status rs_planner_run(rs_arena *arena, const rs_planner_request *request,
                         rs_planner_result *result, rs_diag *diag);

#endif

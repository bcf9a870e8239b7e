/*
 * The inside of the decode step. rs_decode_ops.c says which operations there are and in which order,
 * rs_decode_step.c gives each its time on every chip, rs_decode.c sums up.
 *
 * The step is one chain on every chip: an interval starts when the chip has ended the one before and
 * holds the result that the interval reads. The chips of a group do the same work, so an interval
 * lasts as long on all of them; only arrivals, and with them starts, differ.
 *
 * WHERE TIME GOES. `front` is the latest end over the group's chips. An interval moves it by
 *   max start − front   of waiting, booked under the part of the operation that was read, and
 *   cycles              of work, booked under the part of the interval;
 * both are ≥ 0, and the parts add up to the last front, which is the makespan.
 */
#ifndef RS__DECODE_H
#define RS__DECODE_H

#include "rs__share.h"
#include "rs_decode.h"
#include "rs_repeater.h"

/* A row of the table of algorithms, chosen once for a kind, a size and a shape of group. */
typedef struct rs__pick {
  rs_collective_kind kind;
  int64_t block_bytes;
  uint32_t chip_count;
  uint32_t links_inside; /* links between two chips of the group */
  const char *algorithm;
  rs_compile_variant variant;
} rs__pick;

#define RS__PICKS_MAX 256

/* One chip of the group that works now. */
typedef struct rs__member {
  uint32_t chip;
  int64_t start_cycles;       /* of its last interval */
  int64_t end_cycles;         /* of its last interval */
  int64_t result_cycles;      /* when the result that the next interval reads is in its SRAM */
  int64_t matrix_free_cycles; /* when its matrix unit ended its last work */
  uint32_t reads_op;          /* what its next interval waits for; RS_NONE */
} rs__member;

/* Choices by the digest of what was asked for. */
typedef struct rs__choice {
  uint64_t key;
  const char *algorithm;
  rs_compile_variant variant;
} rs__choice;

#define RS__CHOICES_MAX 4096

struct rs_decode_memo {
  rs__choice choices[RS__CHOICES_MAX];
  uint32_t count;
  rs_compile_scratch *scratch; /* of what a step compiles */
  rs_arena *arena;             /* of what a step adds */
  const rs_template *templates;
};

/* What no link and no chip of a wiring is better than. */
typedef struct rs__least {
  int64_t latency_cycles; /* the fastest link */
  int64_t ports;          /* the most that a chip has */
} rs__least;

typedef struct rs__step {
  rs_arena *arena;
  const rs_model *model;
  const rs_chip *chip;
  const rs_wiring *wiring;
  const rs_sharding *sharding;
  const rs_sharding_request *request;
  rs_schedule *schedule;
  rs_calendar *calendar;
  rs_repeater *repeater;
  rs_compile_scratch *scratch; /* of all that is compiled */
  rs_decode *decode;
  rs_diag *diag;
  rs__share share;

  uint32_t *places;    /* the chips of stage s from s · tensor on; NULL: of a bound */
  uint32_t *inside;    /* of a chip: 1 + the last stage whose group it was in */
  bool is_bound;       /* nothing is scheduled: times are the least that they can be */
  rs__member *members; /* tensor of them; of a bound one */
  int64_t member_count;
  rs_timing schedule_timing; /* of a bound: the chip's times, */
  rs__least least;           /* what the wiring can do at most, */
  int64_t least_hops;        /* and how far data goes in a group */
  int64_t front_cycles;
  int64_t stage_start_cycles; /* first start of the stage at work, −1: none yet */
  int64_t stage_end_cycles;   /* where the last one that ended did so */
  rs_cost cost;               /* of the last interval */
  uint64_t last_record;       /* its compute record on the first member */
  rs_part waits_as;           /* where waiting for what the next interval reads is booked */

  rs_decode_memo *memo; /* or NULL; with one only times are wanted, and there is no schedule */
  rs__pick picks[RS__PICKS_MAX];
  uint32_t pick_count;

  /* what a request needs, for 2 · tensor chips: senders and receivers */
  uint32_t *chips;
  rs_ready *ready;
  int64_t *ends;

  rs_status status; /* sticky: after a failure every call does nothing */
} rs__step;

/* ---- rs_decode_step.c: the timeline ---- */

/* The group is the first stage's, at cycle 0. */
rs_status rs__step_init(rs__step *step);

/* Adds one interval of `cost` on every chip of the group and books it under `part`. */
void rs__step_compute(rs__step *step, const char *label, rs_part part, const rs_cost *cost);

/* A projection: inputs × outputs weights, met by `vectors` activation vectors. may_preload: it is the
 * first one after a wait for the network; its first tiles are then loaded before it starts, if the
 * matrix unit of every chip has been idle for as long as a load takes. */
typedef struct rs__matrix {
  int64_t inputs, outputs, vectors;
  bool may_preload;
} rs__matrix;

void rs__step_project(rs__step *step, const char *label, rs__matrix matrix);

/* Element-wise work of one pass on `elements` of each of `rows`; a norm of the rows; both vector. */
void rs__step_vector(rs__step *step, const char *label, int64_t elements, int64_t rows,
                     int64_t ops);
void rs__step_norm(rs__step *step, const char *label, int64_t elements, int64_t rows);

/* A time of nothing on the group: it reads one operation and makes the input of the next, so that
 * the checker sees that the second waits for the first. */
void rs__step_carry(rs__step *step, const char *label);

/* A collective of the group, whose input the last interval makes. The next interval reads it and
 * waits under `part`. Nothing happens in a group of one chip. */
void rs__step_collective(rs__step *step, rs_collective_kind kind, int64_t block_bytes, rs_part part,
                         const char *label);

/* The same among the chips of each part of the group: `part_count` parts of `part_chips`, one behind the
 * other. Chips that are left over go on without it. */
void rs__step_collective_in_parts(rs__step *step, rs_collective_kind kind, int64_t part_count,
                                  int64_t part_chips, int64_t block_bytes, rs_part part,
                                  const char *label);

/* From every chip of the group, whose last interval makes the input, to the chip at the same place
 * of `stage`'s group, which then is the group. */
void rs__step_send(rs__step *step, int64_t stage, int64_t block_bytes, const char *label);

/* The stage at work has ended its own part: it is held for so long by one micro-batch. */
void rs__step_end_stage(rs__step *step);

/* ---- what the group does, in order ---- */

/* rs_decode_attention.c: from the hidden vector of every row to what each chip adds to the next. */
void rs__decode_add_attention(rs__step *step);

/* rs_decode_mlp.c: the same of an MLP's layer without experts. */
void rs__decode_add_dense(rs__step *step);
/* Of one with experts, when all rows are on all chips. */
void rs__decode_add_experts(rs__step *step);
/* And when each row is on one chip: from the attention's parts of the sum on, with the residual, to
 * the rows that each chip has then. */
void rs__decode_add_dispatched(rs__step *step, const char *label);

/* rs_decode_ops.c: sums up what the last interval left on each chip and adds the residual; all rows are
 * on all chips then. */
void rs__decode_add_sum(rs__step *step, const char *label);
void rs__decode_add_residual(rs__step *step, int64_t elements, int64_t rows);

/* All operations of the step. */
void rs__decode_add_operations(rs__step *step);

/* ---- bounds, for choosing among shardings without compiling each ---- */

/* Cycles of the parts of a step that no schedule can go below: every projection preloaded that may be,
 * every transfer as long as the hops that some chip needs, or the vectors that each must receive. Of
 * layers without and with experts. */
typedef struct rs__bound {
  int64_t embed;
  int64_t body[2];                    /* a layer up to its last sum */
  int64_t sum[2];                     /* that sum, to the next layer */
  int64_t split[2];                   /* what the stage still does when it ends instead */
  int64_t cross[2];                   /* to the next stage */
  int64_t head, token;                /* up to the choice; its way to the first stage */
  double embed_j, layer_j[2], head_j; /* dynamic energy of the group, without links */
} rs__bound;

/* Fills the bound by a step whose is_bound is set (rs_decode_ops.c). */
void rs__decode_bound_parts(rs__step *step, rs__bound *bound);

void rs__decode_find_least(const rs_wiring *wiring, const rs_timing *timing, rs__least *least);

/* hops: inside the group, at most its diameter; where a group has more chips than a chip has ports it
 * is taken as two at least. */
rs_status rs__decode_bound(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                           const rs__least *least, const rs_sharding_request *request, int64_t hops,
                           rs__bound *bound, rs_diag *diag);

#endif

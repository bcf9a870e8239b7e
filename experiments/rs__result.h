/* What tasks give to rs_result.c: their columns, and how a point is computed. */
#ifndef RS__RESULT_H
#define RS__RESULT_H

#include "rs__proof.h"
#include "rs_collective.h"
#include "rs_decode.h"
#include "rs_msccl.h"
#include "rs_result.h"

const char *const *rs__result_decode_columns(size_t *count);

const char *const *rs__result_prefill_columns(size_t *count);

const char *const *rs__result_traffic_columns(size_t *count);

const char *const *rs__result_collective_columns(size_t *count);

const char *const *rs__result_clock_columns(size_t *count);

/* Fills the cells of `r`. Texts are `arena`'s, everything else is scratch. */
typedef rs_status rs__result_compute(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                                     rs_result *r, rs_diag *diag);
rs__result_compute rs__result_prefill, rs__result_traffic, rs__result_collective, rs__result_clock;

/* memory: or NULL. */
rs_status rs__result_decode(rs_arena *arena, rs_arena *scratch, rs_result_memory *memory,
                            const rs_point *point, rs_result *r, rs_diag *diag);

/* Points whose chip is a GPU. */
rs_status rs__result_decode_gpu(rs_arena *arena, const rs_point *point, rs_result *r,
                                rs_diag *diag);
rs_status rs__result_prefill_gpu(rs_arena *arena, const rs_point *point, rs_result *r,
                                 rs_diag *diag);

/* ---- rs_result_model.c: what rows of a model on a system have in common ---- */

void rs__result_fill_request(rs_arena *arena, const rs_point *point, rs_result *r);
void rs__result_fill_sharding(rs_arena *arena, const rs_point *point, const rs_sharding *sharding,
                              rs_result *r);
/* Where a step's time goes. */
void rs__result_fill_step(rs_arena *arena, const rs_point *point, const rs_decode *d, rs_result *r);
void rs__result_fill_proof(rs_arena *arena, const rs_point *point, rs_schedule *schedule,
                           const rs_proof *proof, rs_result *r);

/* Checker and player on a step's schedule, and whether they agree with its compiler: RS_E_REFUSED. */
rs_status rs__result_prove(const rs_point *point, const rs_decode *decode, rs_proof *proof,
                           rs_diag *diag);

/* What becomes of a point that did not go through: some are answers, some are failures, and some say
 * nothing about the point. */
rs_status rs__result_settle(rs_arena *arena, rs_status status, const rs_diag *own, rs_result *r,
                            rs_diag *diag);

/* ---- rs_result_deskew.c: stalls for a schedule ---- */

/* As the keys of task clock have them when they are left out. */
enum { RS__STALLED_PPB = 100000, RS__STALLED_SPREAD_MILLI = 2800 };

typedef struct rs__stalled {
  int64_t interval_cycles; /* 0: no stalls */
  int64_t margin_cycles;   /* that the schedule was compiled with */
  int64_t offset_ppb;      /* of oscillators, which a stall must make good */
  int64_t link_spread_milli;
  uint32_t root;       /* of the tree of counters */
  int64_t need_cycles; /* found: the margin that such oscillators ask for */
} rs__stalled;

/* Adds DESKEW and RUNTIME_DESKEW to a proved schedule and proves it again. RS_E_INPUT: an interval that
 * leaves no time to work, offsets that counters cannot follow; RS_E_INFEASIBLE: no tree of counters. */
rs_status rs__result_add_stalls(rs_arena *arena, rs__stalled *stalled, rs_schedule *schedule,
                                const rs_wiring *wiring, rs_proof *proof, rs_diag *diag);

/* ---- rs_result_collective.c: one collective, for a point and for `realscale compile` ---- */

typedef struct rs__collective {
  rs_collective_request request;
  const char *topology; /* canonical */
  const rs_wiring *wiring;
  rs_timing timing;
  const char *timing_name; /* "unit" or a chip's */
  rs_network network;
  const char *name;        /* what it is called; NULL: by its kind */
  bool is_steady;          /* find the period as well */
  const int64_t *sizes;    /* of an all-to-all, [from place · chips + to place]; NULL: all alike */
  bool is_one_of_many;     /* groups of one schedule: times and bursts are this group's own */
  const rs_msccl *program; /* what it is compiled from; NULL: request.algorithm says */
  rs__stalled stalled;
  /* What the work gives. */
  rs_schedule *schedule;
  rs_compile_report report;
  rs_bound bound;
  rs_proof proof;
  int64_t period_cycles;
} rs__collective;

/* Compiles, proves, plays; the schedule is the arena's. RS_E_INPUT and RS_E_INFEASIBLE as the
 * compiler says, RS_E_REFUSED: the checker or the player found a fault. */
rs_status rs__collective_compile(rs_arena *arena, rs__collective *c, rs_diag *diag);
/* ---- rs_sizes.c ---- */

/* Reads chips² sizes. RS_E_INPUT with line and column. */
rs_status rs__sizes_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                          uint32_t chips, const int64_t **sizes, rs_diag *diag);

/* From the first input to the last receive, margin included. */
int64_t rs__collective_makespan(const rs__collective *c);
void rs__collective_fill(rs_arena *arena, const rs__collective *c, rs_result *r);
void rs__collective_fill_times(const rs__collective *c, int64_t makespan_cycles, rs_result *r);

/* A compiled collective on the point's network instead of on its timetable: changes the cells of a filled
 * row that this concerns. */
rs_status rs__result_messages(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                              rs__collective *c, rs_result *r, rs_diag *diag);

/* Hops between all chips [from · chips + to], 255: none; *sum over all pairs. NULL: no memory. */
uint8_t *rs__result_distances(rs_arena *arena, const rs_wiring *wiring, uint64_t *sum);
/* A network that cannot say is a row with a reason: saturated, beyond its reach, stuck, crashed; the last two
 * have failed. Only what the machine lacks stays an error, and goes to diag. */
rs_status rs__result_explain(rs_arena *arena, rs_status status, const rs_diag *why, rs_result *r,
                             rs_diag *diag);

/* ---- rs_result_clock.c: a schedule on drifting clocks, for a point and for `realscale clock` ---- */

typedef struct rs__clocked {
  rs_schedule *schedule;         /* is sorted */
  int64_t period_cycles;         /* from one repeat to the next: the makespan, margin included */
  int64_t received_slack_cycles; /* as the checker proved; −1: nothing is sent on */
  uint32_t root;                 /* of the tree */
} rs__clocked;

/* By the clock, wiring, topology, timing and seed of `point`. RS_E_INPUT, RS_E_INFEASIBLE, RS_E_LIMIT:
 * what is well formed but cannot be, and the row has what is known. */
rs_status rs__clock_run_point(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                              const rs__clocked *clocked, rs_result *r, rs_diag *diag);

/* The timetable that the row is about. */
rs_status rs__result_decode_schedule(rs_arena *arena, const rs_point *point, rs_schedule **schedule,
                                     rs_diag *diag);
rs_status rs__result_collective_schedule(rs_arena *arena, const rs_point *point,
                                         rs_schedule **schedule, rs_diag *diag);

/* The program that runs the fluid network: beside this build, or where it was installed. */
const char *rs__result_simgrid_program(void);

#endif

/*
 * DESKEW and RUNTIME_DESKEW in a schedule: put into one that has none, and executed on a chip's clock.
 *
 * A stall takes no cycle of the schedule (rs_schedule.h), so nothing in it moves: DESKEW stands before
 * cycle 0 and RUNTIME_DESKEW before every interval_cycles-th cycle up to the end. What they cost is what
 * they take, and no place is cheaper than another.
 */
#ifndef RS_DESKEW_STALLS_H
#define RS_DESKEW_STALLS_H

#include "rs_deskew.h"
#include "rs_schedule.h"

typedef struct rs_deskew_insert_config {
  int64_t interval_cycles; /* 0: only DESKEW at the start */
  int64_t stall_cycles;    /* of a RUNTIME_DESKEW */
  int64_t margin_cycles;   /* that the schedule was compiled with */
  int64_t end_cycles;      /* of the schedule: its makespan */
} rs_deskew_insert_config;

/* RS_E_INPUT: a stall as long as its interval. RS_E_INFEASIBLE: there are stalls already. */
rs_status rs_deskew_insert(rs_schedule *schedule, const rs_deskew_insert_config *config,
                           rs_diag *diag);

/* How a schedule with stalls is repeated: cycles between the first cycles of two repeats by the counters,
 * a whole number of epochs. DESKEW then has at least `least_cycles` to wait, and an epoch at most more;
 * *deskew_cycles is how long it waits when nothing drifts. */
int64_t rs_deskew_period(const rs_schedule *schedule, int64_t period_cycles, int64_t least_cycles,
                         int64_t *deskew_cycles);

/* The longest that chips are left alone when it is repeated each period_cycles. */
int64_t rs_deskew_longest(const rs_schedule *schedule, int64_t period_cycles);

/* What rs_deskew.h asks of the schedule's own stalls, when it is repeated each period_cycles: how long chips
 * are left alone, the shortest and the longest stall. Offset, margin, depth and levels are there already. */
void rs_deskew_own(const rs_schedule *schedule, int64_t period_cycles, rs_deskew_config *deskew);

/* A program that begins at counter value `begin`, executes the schedule and its stalls again and again,
 * and covers cycles up to `end`; repeats begin whole_cycles of the counters apart (rs_deskew_period). */
rs_status rs_program_repeat(rs_arena *arena, const rs_clock *clock, const rs_hac *hac,
                            int64_t begin, int64_t end, const rs_schedule *schedule,
                            int64_t period_cycles, int64_t whole_cycles, rs_program *program,
                            rs_diag *diag);

#endif

/*
 * DESKEW and RUNTIME_DESKEW for a schedule that has none.
 *
 * A stall takes no cycle of the schedule (rs_schedule.h), so nothing in it moves: DESKEW stands before
 * cycle 0 and RUNTIME_DESKEW before every interval_cycles-th cycle up to the end. What they cost is what
 * they take, and no place is cheaper than another.
 */
#ifndef RS_DESKEW_INSERT_H
#define RS_DESKEW_INSERT_H

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

#endif

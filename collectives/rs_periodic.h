/*
 * A schedule that is run again and again: the least initiation interval.
 *
 * Repeating a schedule every P cycles puts copies of its bursts on every link at all multiples of P.
 * P works when no two bursts of a link overlap modulo P, and where a vector unit could be short, when a run's
 * adds are over before the next one's begin. Data needs no thought: every run has memory
 * of its own. Only schedules of contiguous bursts (stride 1), as all compilers here make.
 */
#ifndef RS_PERIODIC_H
#define RS_PERIODIC_H

#include "rs_schedule.h"

/* The least P that works, at most the makespan; not below what the busiest link needs. Exact in
 * ticks. O(B log B) a try, most tries end at the first conflict. RS_E_INFEASIBLE: a strided burst. */
rs_status rs_periodic_find(rs_arena *arena, const rs_schedule *schedule, const rs_wiring *wiring,
                           int64_t *period_cycles, rs_diag *diag);

#endif

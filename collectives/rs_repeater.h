/*
 * Compiling the same collective many times: a decode step asks for the same all-reduce twice a layer.
 *
 * A repeater remembers what it compiled. A request that is like an earlier one (kind, size, row, inputs
 * that come in the same order and at the same distances in time, chips that are linked to each other as
 * the earlier ones are) gets the same bursts, moved in time and to its own links, if those are free
 * then; else it is compiled. So the answer is always a schedule of its own, and where links are free it
 * is the one that compiling would give.
 *
 * Everything is the arena's, which is the schedule's or lives as long. A repeat costs O(bursts · ports).
 */
#ifndef RS_REPEATER_H
#define RS_REPEATER_H

#include "rs_collective.h"

typedef struct rs_repeater rs_repeater;

/* NULL: no memory. */
rs_repeater *rs_repeater_create(rs_arena *arena, const rs_wiring *wiring);

/* As rs_collective_compile, for requests with `ready`, always with the same schedule and calendar.
 * The report of a repeat has no rows. */
rs_status rs_repeater_compile(rs_repeater *repeater, rs_schedule *schedule, rs_calendar *calendar,
                              const rs_collective_request *request, int64_t *end_of_member,
                              rs_compile_report *report, rs_diag *diag);

/* How many requests were answered by a repeat. */
uint64_t rs_repeater_count(const rs_repeater *repeater);

#endif

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

/* A repeater for times alone: what it compiles is taken off the schedule again, and repeats are not
 * appended, but links are booked. `known`: what other sketches on the same wiring and with the same timing
 * have compiled (NULL: nothing); a request that is the same in all but its start gets that. */
typedef struct rs_template rs_template;
rs_repeater *rs_repeater_sketch(rs_arena *arena, const rs_wiring *wiring, const rs_template *known);

/* What it has compiled, and behind that what was known. It is the arena's. */
const rs_template *rs_repeater_templates(const rs_repeater *repeater);

/* `all` with what `more` has in front of `known` put before it; the list is the arena's, what it names
 * stays where it is. */
const rs_template *rs_templates_join(rs_arena *arena, const rs_template *all,
                                     const rs_template *more, const rs_template *known);

/* Vectors that links carry for all that was asked for. */
int64_t rs_repeater_vectors(const rs_repeater *repeater);

/* How many requests were answered by a repeat. */
uint64_t rs_repeater_count(const rs_repeater *repeater);

#endif

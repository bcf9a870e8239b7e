/*
 * A schedule as a timeline that people look at.
 *
 * Times are on the wall (rs_schedule_wall): stalls take their time. Both forms have one track a functional
 * unit of a chip, one for its stalls, and one a link that it sends on. Records of
 * a track that overlap in time (bursts whose vectors take turns on a link) are put into lanes, so
 * that every lane is a row of disjoint slices.
 *
 *   json   the Trace Event Format that Perfetto and chrome://tracing read: a process a chip, a
 *          thread a lane, a complete event ("ph":"X") a record. Times are microseconds with six
 *          decimals: exact picoseconds, rounded down from cycles of the nominal clock
 *   svg    a picture: time to the right, a row a lane, chips apart; pale is a burst in flight, from
 *          its last departure to its last arrival
 *
 * Deterministic. O(records of the chosen chips · log). Scratch memory is `scratch`'s.
 */
#ifndef RS_TRACE_H
#define RS_TRACE_H

#include "rs_schedule.h"

typedef struct rs_trace_options {
  const uint32_t *chips; /* whose tracks; NULL: all */
  size_t chip_count;
  int64_t from_cycles;  /* only records that touch [from, until), on the wall */
  int64_t until_cycles; /* 0: no end */
} rs_trace_options;

/* Rows that a picture can have and still be read. */
#define RS_TRACE_ROWS_MAX 160

/* The schedule must be valid (rs_schedule_validate). RS_E_INPUT: a chip that does not exist;
 * RS_E_LIMIT: more than RS_TRACE_ROWS_MAX rows for a picture; RS_E_SYSTEM: the sink refused. */
rs_status rs_trace_print_json(rs_arena *scratch, const rs_schedule *schedule,
                              const rs_wiring *wiring, const rs_trace_options *options,
                              rs_sink *sink, rs_diag *diag);
rs_status rs_trace_print_svg(rs_arena *scratch, const rs_schedule *schedule,
                             const rs_wiring *wiring, const rs_trace_options *options,
                             rs_sink *sink, rs_diag *diag);

/* How many of the wiring's first chips a picture of that time has room for; at least 1. */
size_t rs_trace_chips_drawable(rs_arena *scratch, const rs_schedule *schedule,
                               const rs_wiring *wiring, const rs_trace_options *options);

#endif

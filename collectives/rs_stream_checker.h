/*
 * The proof in one pass: bursts come one by one, in order of start, and are not kept.
 *
 * It proves what rs_checker.h proves, for schedules without compute intervals, by the same idea
 * (polynomial identity, exact times at both ends of every overlap) and with code of its own, so that
 * each of the two is a test of the other. What it holds is
 *   links         the bursts that have not left their link when the next one starts
 *   flights       the runs between a departure and its arrival
 *   memory        of every operation that is under way: the runs of vectors that `out` and `tmp` hold
 * An operation is under way from its first burst to the moment when all its results are right and
 * nothing of it is in flight; then its memory is let go. So memory does not follow the number of
 * bursts but what chips hold at a time: the result itself, where one operation is all there is.
 *
 * Three things cannot be decided on this way; they are RS_E_LIMIT and say so, and rs_checker_run
 * decides: a burst of an operation that was complete before; strided bursts of different strides and
 * more than 2^20 vectors that interleave on a link; more adding bursts at once than the vector unit
 * surely has room for.
 *
 * Time O(log runs) a burst. All memory is the checker's own.
 */
#ifndef RS_STREAM_CHECKER_H
#define RS_STREAM_CHECKER_H

#include "rs_checker.h"

typedef struct rs_stream_checker rs_stream_checker;

typedef struct rs_stream_report {
  rs_check_report check; /* slack_cycles_min stays −1; results: operations that were proved */
  uint64_t runs_max;     /* most runs of vectors held at once, */
  uint64_t flights_max;  /* bursts in flight, */
  uint32_t ops_max;      /* and operations under way */
  size_t bytes_max;      /* memory for all of it, about */
} rs_stream_report;

/* `header` has the operations; its bursts are not looked at. Both must outlive the checker. */
rs_stream_checker *rs_stream_checker_create(const rs_schedule *header, const rs_wiring *wiring,
                                            const rs_check_options *options);
void rs_stream_checker_destroy(rs_stream_checker *checker); /* NULL is allowed */

/* The next burst; it must be well formed. RS_E_REFUSED: the schedule is wrong; RS_E_INFEASIBLE: it
 * starts before the one before it; RS_E_LIMIT: not to be decided in one pass. */
rs_status rs_stream_checker_add(rs_stream_checker *checker, const rs_burst *burst, rs_diag *diag);

/* There are no more: what is in flight lands, and every result is held against its definition. */
rs_status rs_stream_checker_finish(rs_stream_checker *checker, rs_diag *diag);

/* What was proved, or the fault that was found. */
void rs_stream_checker_report(const rs_stream_checker *checker, rs_stream_report *report);

#endif

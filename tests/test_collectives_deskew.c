/*
 * Stalls in compiled schedules: what they cost, and that a broken promise is found by both proofs.
 */
#include "rs_deskew_stalls.h"
#include "rs_stream_checker.h"
#include "rs_test_compile.h"

enum { MARGIN = 16, STALL = 29, INTERVAL = 2000 };

typedef struct plan {
  const rs_wiring *wiring;
  rs_schedule *schedule;
  int64_t makespan_cycles;
} plan;

static rs_arena *arena;

static int set_up(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static rs_status prove_whole(const plan *p, rs_check_report *report, rs_diag *diag) {
  const rs_check_options options = {.seed = 7};
  return rs_checker_run(p->schedule, p->wiring, &options, report, diag);
}

static rs_status prove_in_one_pass(const plan *p, rs_check_report *report, rs_diag *diag) {
  const rs_check_options options = {.seed = 7};
  rs_stream_report stream;
  rs_stream_checker *c = rs_stream_checker_create(p->schedule, p->wiring, &options);
  rs_status status = RS_OK;
  for (uint64_t i = 0; i < p->schedule->burst_count && status == RS_OK; i++) {
    status = rs_stream_checker_add(c, &p->schedule->bursts[i], diag);
  }
  if (status == RS_OK) status = rs_stream_checker_finish(c, diag);
  rs_stream_checker_report(c, &stream);
  *report = stream.check;
  rs_stream_checker_destroy(c);
  return status;
}

static plan compile(const char *spec, int64_t bytes) {
  rs_diag diag = {0};
  rs_check_report report;
  rs_compile_report compiled;
  rs_timing timing = chip_timing();
  uint32_t chips[64];
  plan p = {.wiring = build_wiring(arena, spec)};
  for (uint32_t i = 0; i < p.wiring->chip_count; i++) chips[i] = i;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .chips = chips,
                                         .chip_count = p.wiring->chip_count,
                                         .root = RS_NONE,
                                         .block_bytes = bytes,
                                         .deskew_margin_cycles = MARGIN};
  rs_calendar *calendar = rs_calendar_create(arena, p.wiring, &timing);
  p.schedule = rs_schedule_create(arena, p.wiring, spec, &timing);
  assert_ok(rs_collective_compile(p.schedule, p.wiring, calendar, &request, NULL, &compiled, &diag),
            &diag);
  rs_schedule_sort(p.schedule);
  assert_ok(prove_whole(&p, &report, &diag), &diag);
  assert_int_equal(report.stall_cycles, 0);
  p.makespan_cycles = report.makespan_cycles;
  return p;
}

static void insert(plan *p, int64_t interval) {
  rs_diag diag = {0};
  const rs_deskew_insert_config config = {.interval_cycles = interval,
                                          .stall_cycles = STALL,
                                          .margin_cycles = MARGIN,
                                          .end_cycles = p->makespan_cycles};
  assert_ok(rs_deskew_insert(p->schedule, &config, &diag), &diag);
}

/* An epoch of 256 cycles and then 29 each 2,000: for a makespan of m, ⌈m / 2,000⌉ − 1 of them, as none
 * stands where it ends. Both proofs and both fidelities say so. */
static void stalls_cost_what_they_take(void **state) {
  (void)state;
  static const char *const specs[] = {"mesh:8", "torus:3x4", "ring:5"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_diag diag = {0};
    rs_check_report whole, one;
    plan p = compile(specs[i], 262144);
    insert(&p, INTERVAL);
    int64_t count = (p.makespan_cycles + INTERVAL - 1) / INTERVAL - 1;
    assert_true(count >= 1);
    assert_int_equal(p.schedule->stall_count, count + 1);
    assert_ok(prove_whole(&p, &whole, &diag), &diag);
    assert_ok(prove_in_one_pass(&p, &one, &diag), &diag);
    assert_int_equal(whole.stall_cycles, 256 + count * STALL);
    assert_int_equal(one.stall_cycles, whole.stall_cycles);
    assert_int_equal(whole.makespan_cycles, p.makespan_cycles);
    assert_int_equal(one.makespan_cycles, p.makespan_cycles);
    for (int f = 0; f < 2; f++) {
      rs_play play;
      const rs_play_options options = {.fidelity = (rs_fidelity)f, .seed = 3};
      assert_ok(rs_player_run(p.schedule, p.wiring, &options, &play, &diag), &diag);
      assert_int_equal(play.makespan_cycles, p.makespan_cycles);
      assert_int_equal(play.stalls, count + 1);
      assert_int_equal(play.stall_cycles, whole.stall_cycles);
    }
  }
}

static void both_refuse(const plan *p, const char *whole_words, const char *one_words) {
  rs_diag diag = {0};
  rs_check_report report;
  assert_int_equal(prove_whole(p, &report, &diag), RS_E_REFUSED);
  assert_int_equal(report.fault.kind, RS_FAULT_DESKEW);
  assert_non_null(strstr(diag.what, whole_words));
  assert_int_equal(prove_in_one_pass(p, &report, &diag), RS_E_REFUSED);
  if (strstr(diag.what, one_words) == NULL) fail_msg("%s", diag.what);
}

/* Compiled with a margin of 16: one of 17 is refused where something stands no later than it must. */
static void margins_that_are_not_there_are_refused(void **state) {
  (void)state;
  rs_diag diag = {0};
  rs_check_report report;
  plan p = compile("torus:3x4", 16384);
  insert(&p, 0);
  assert_int_equal(p.schedule->stall_count, 1);
  assert_ok(prove_whole(&p, &report, &diag), &diag);
  assert_int_equal(report.received_slack_cycles_min, MARGIN);
  assert_ok(prove_in_one_pass(&p, &report, &diag), &diag);
  p.schedule->deskew_margin_cycles = MARGIN + 1;
  both_refuse(&p, "is needed 16 cycles after it could be: the schedule promises a margin of 17",
              "departs before");
}

/* A stall less, or an interval a cycle shorter than the one that stalls keep. */
static void intervals_that_are_not_kept_are_refused(void **state) {
  (void)state;
  plan p = compile("mesh:8", 262144);
  insert(&p, INTERVAL / 2);
  uint64_t count = p.schedule->stall_count;
  assert_true(count >= 3);
  p.schedule->deskew_interval_cycles--;
  both_refuse(&p, "no stall in the 1000 cycles behind the one before cycle 0",
              "1000 cycles without a stall: the schedule promises one each 999");
  p.schedule->deskew_interval_cycles++;
  rs_stall last = p.schedule->stalls[count - 1];
  p.schedule->stall_count--;
  both_refuse(&p, "no stall in the ", "cycles without a stall");
  p.schedule->stalls[p.schedule->stall_count - 1] = last;
  both_refuse(&p, "no stall in the 2000 cycles", "2000 cycles without a stall");
}

static void what_cannot_be_is_said(void **state) {
  (void)state;
  rs_diag diag = {0};
  plan p = compile("mesh:8", 16384);
  rs_deskew_insert_config config = {.interval_cycles = STALL, .stall_cycles = STALL};
  assert_int_equal(rs_deskew_insert(p.schedule, &config, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "a stall of 29 cycles every 29 cycles leaves no time to work");
  assert_int_equal(p.schedule->stall_count, 0);
  insert(&p, INTERVAL);
  config.interval_cycles = INTERVAL;
  assert_int_equal(rs_deskew_insert(p.schedule, &config, &diag), RS_E_INFEASIBLE);
}

/* 1,000 cycles with stalls of 29 before 300 and 700: 1,058 between the first cycles of two repeats, and
 * DESKEW waits up to the epoch edge behind at least 40 more: 1,280 − 1,058 = 222. Chips are left alone for
 * 400 cycles at most. */
static void a_repeat_begins_at_an_epoch(void **state) {
  (void)state;
  int64_t deskew;
  plan p = compile("mesh:8", 16384);
  const rs_stall stalls[] = {
      {0, 256, RS_DESKEW}, {300, 29, RS_RUNTIME_DESKEW}, {700, 29, RS_RUNTIME_DESKEW}};
  for (size_t i = 0; i < RS_COUNT_OF(stalls); i++) {
    assert_non_null(rs_schedule_add_stall(p.schedule, &stalls[i]));
  }
  assert_int_equal(rs_deskew_period(p.schedule, 1000, 40, &deskew), 1280);
  assert_int_equal(deskew, 222);
  assert_int_equal(rs_deskew_period(p.schedule, 1000, 223, &deskew), 1536);
  assert_int_equal(deskew, 478);
  assert_int_equal(rs_deskew_longest(p.schedule, 1000), 400);
  assert_int_equal(rs_deskew_longest(p.schedule, 1500), 800);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(stalls_cost_what_they_take, set_up, tear_down),
      cmocka_unit_test_setup_teardown(margins_that_are_not_there_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(intervals_that_are_not_kept_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_cannot_be_is_said, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_repeat_begins_at_an_epoch, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

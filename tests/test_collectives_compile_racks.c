/*
 * All-to-all of racks: turned plans are proved, judged vector by vector where that is small enough, and
 * played; other clocks and sizes; what it is not for.
 */
#include "rs_test_compile.h"

typedef struct system_of_racks {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  rs_schedule *schedule;
  rs_calendar *calendar;
  rs_compile_report report;
  rs_diag diag;
  uint32_t *chips;
} system_of_racks;

static void open_system(system_of_racks *x, const char *spec, rs_timing timing) {
  memset(x, 0, sizeof *x);
  x->arena = rs_arena_create(0);
  x->timing = timing;
  x->wiring = build_wiring(x->arena, spec);
  x->schedule = rs_schedule_create(x->arena, x->wiring, spec, &x->timing);
  x->calendar = rs_calendar_create(x->arena, x->wiring, &x->timing);
  x->chips = RS_ARENA_NEW(x->arena, uint32_t, x->wiring->chip_count);
  for (uint32_t i = 0; i < x->wiring->chip_count; i++) x->chips[i] = i;
}

static rs_status exchange(system_of_racks *x, uint32_t count, int64_t bytes, int64_t *ends) {
  rs_collective_request request = {.kind = RS_ALL_TO_ALL,
                                   .algorithm = "racks",
                                   .chips = x->chips,
                                   .chip_count = count,
                                   .block_bytes = bytes};
  return rs_collective_compile(x->schedule, x->wiring, x->calendar, &request, ends, &x->report,
                               &x->diag);
}

static void prove(system_of_racks *x) {
  char verdict[256];
  if (!prove_schedule(x->schedule, x->wiring, verdict, sizeof verdict)) fail_msg("%s", verdict);
}

/* Two racks of 72 (72 cables between them), 4 of them (48 between every two), and 20. */
static void every_vector_arrives(void **state) {
  (void)state;
  static const char *const specs[] = {"realscale:144,levels=2", "realscale:288,levels=2",
                                      "realscale:1440"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    system_of_racks x;
    open_system(&x, specs[i], unit_timing());
    assert_ok(exchange(&x, x.wiring->chip_count, 320, NULL), &x.diag);
    assert_true(x.report.bursts == x.schedule->burst_count);
    prove(&x);
    rs_arena_destroy(x.arena);
  }
}

/* Blocks of two vectors; a slot of one and a half cycles, so that two are whole; ends of members. */
static void blocks_and_clocks(void **state) {
  (void)state;
  rs_timing timings[] = {unit_timing(), chip_timing()};
  timings[1].slot_num = 3;
  timings[1].slot_den = 2;
  for (size_t i = 0; i < RS_COUNT_OF(timings); i++) {
    system_of_racks x;
    char verdict[256];
    open_system(&x, "realscale:144,levels=2", timings[i]);
    uint32_t n = x.wiring->chip_count;
    int64_t *ends = RS_ARENA_NEW(x.arena, int64_t, n), *judged = RS_ARENA_NEW(x.arena, int64_t, n);
    assert_ok(exchange(&x, n, 640, ends), &x.diag);
    judge_schedule(x.schedule, x.wiring, NULL, &judged, verdict, sizeof verdict);
    if (verdict[0] != '\0') fail_msg("%s", verdict);
    for (uint32_t k = 0; k < n; k++) assert_int_equal(ends[k], judged[k]);
    prove(&x);
    rs_arena_destroy(x.arena);
  }
}

static void what_it_is_not_for(void **state) {
  (void)state;
  system_of_racks x;
  rs_timing odd = unit_timing();
  open_system(&x, "realscale:144,levels=2", unit_timing());
  assert_int_equal(exchange(&x, 143, 320, NULL), RS_E_INFEASIBLE); /* a chip is left out */
  x.chips[0] = 1;
  x.chips[1] = 0;
  assert_int_equal(exchange(&x, 144, 320, NULL), RS_E_INFEASIBLE); /* not in order */
  x.chips[0] = 0;
  x.chips[1] = 1;
  rs_calendar_book(x.calendar, 0, 0, 1);
  assert_int_equal(exchange(&x, 144, 320, NULL), RS_E_INFEASIBLE); /* links are not free */
  assert_int_equal(x.schedule->burst_count, 0);
  rs_arena_destroy(x.arena);
  open_system(&x, "realscale:264", unit_timing());
  assert_int_equal(exchange(&x, 264, 320, NULL), RS_E_INFEASIBLE); /* racks are not joined */
  rs_arena_destroy(x.arena);
  odd.slot_num = 3;
  odd.slot_den = 2;
  open_system(&x, "realscale:144,levels=2", odd);
  assert_int_equal(exchange(&x, 144, 320, NULL), RS_E_INFEASIBLE); /* half cycles */
  rs_arena_destroy(x.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_vector_arrives),
      cmocka_unit_test(blocks_and_clocks),
      cmocka_unit_test(what_it_is_not_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * All-gather on systems that look the same from every rack: slots that are reached, the proof, runs
 * of a node's blocks, and what has no such symmetry.
 */
#include "rs_test_compile.h"

/* Compiles with the row alone, and proves it. */
static rs_status gather(const char *spec, uint32_t left_out, const rs_timing *timing, int64_t bytes,
                        rs_compile_report *report) {
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  char verdict[256];
  rs_wiring *wiring = build_wiring(arena, spec);
  uint32_t count = wiring->chip_count - left_out;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < count; i++) chips[i] = i;
  rs_collective_request request = {.kind = RS_ALL_GATHER,
                                   .algorithm = "rotated-trees",
                                   .chips = chips,
                                   .chip_count = count,
                                   .block_bytes = bytes};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  rs_status status =
      rs_collective_compile(schedule, wiring, calendar, &request, NULL, report, &diag);
  if (status == RS_OK && !prove_schedule(schedule, wiring, verdict, sizeof verdict)) {
    fail_msg("%s: %s", spec, verdict);
  }
  rs_arena_destroy(arena);
  return status;
}

/* ⌈(N−1)/d⌉ slots: 263/11, 583/16, 63/6, 23/4. */
static void single_blocks_reach_the_bound(void **state) {
  (void)state;
  static const struct {
    const char *spec;
    int64_t slots;
  } cases[] = {{"realscale:264", 24},
               {"dragonfly:a=8,h=9", 37},
               {"torus:4x4x4", 11},
               {"torus:4x6", 6},
               {"ring:9", 4}};
  rs_timing timing = unit_timing();
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_compile_report report;
    assert_int_equal(gather(cases[i].spec, 0, &timing, 320, &report), RS_OK);
    assert_int_equal(report.makespan_cycles, cases[i].slots);
  }
}

/* 16 racks of 72: 144 nodes, so 143 items of 8 for each chip behind 7 single blocks: 1,152 · 150
 * bursts. The least-connected chips have 10 links: ⌈1,151/10⌉ = 116 slots are the bound. */
static void a_node_travels_in_one_burst(void **state) {
  (void)state;
  rs_timing timing = unit_timing();
  rs_compile_report report;
  assert_int_equal(gather("realscale:1152", 0, &timing, 320, &report), RS_OK);
  assert_int_equal(report.bursts, 1152 * 150);
  assert_in_range(report.makespan_cycles, 116, 121);
}

/* Chip costs and blocks of three vectors change nothing but times. */
static void runs_hold_on_other_clocks(void **state) {
  (void)state;
  rs_timing timing = chip_timing();
  rs_compile_report report;
  assert_int_equal(gather("realscale:1152", 0, &timing, 900, &report), RS_OK);
  assert_int_equal(report.bursts, 1152 * 150);
}

static void what_does_not_turn_is_refused(void **state) {
  (void)state;
  rs_timing timing = unit_timing();
  rs_compile_report report;
  assert_int_equal(gather("torus:4x6", 1, &timing, 320, &report), RS_E_INFEASIBLE);
  assert_int_equal(gather("lps:11,7", 0, &timing, 320, &report), RS_E_INFEASIBLE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(single_blocks_reach_the_bound),
      cmocka_unit_test(a_node_travels_in_one_burst),
      cmocka_unit_test(runs_hold_on_other_clocks),
      cmocka_unit_test(what_does_not_turn_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

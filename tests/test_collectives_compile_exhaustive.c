/*
 * Every kind and every row on small wirings, in several sizes and both timings: the schedule must be
 * right in the judge's eyes, end exactly when the report says, and not beat the lower bound.
 */
#include "rs_test_compile.h"

static void describe(const rs_collective_request *request, const char *spec,
                     const rs_timing *timing, char *text, size_t size) {
  snprintf(text, size, "%s by %s on %s, %lld bytes, timing %s",
           rs_collective_kind_word(request->kind), request->algorithm, spec,
           (long long)request->block_bytes, timing->name);
}

static void check_ends(const rs_collective_request *request, const rs_compile_report *report,
                       const int64_t *promised, const int64_t *judged, const char *what) {
  int64_t last = 0;
  for (uint32_t i = 0; i < request->chip_count; i++) {
    int64_t end = judged[i] < 0 ? 0 : judged[i]; /* all inputs are ready at cycle 0 */
    last = RS_MAX(last, end);
    if (promised[i] != end) {
      fail_msg("%s: chip %u ends at %lld, reported %lld", what, request->chips[i], (long long)end,
               (long long)promised[i]);
    }
  }
  if (report->end_cycles != last || report->makespan_cycles != last) {
    fail_msg("%s: ends at %lld, reported %lld", what, (long long)last,
             (long long)report->end_cycles);
  }
}

static void check_one(rs_arena *arena, const rs_wiring *wiring, const char *spec,
                      const rs_timing *timing, const rs_collective_request *request) {
  char what[256], verdict[256];
  rs_diag diag = {0};
  rs_compile_report report;
  rs_bound bound;
  describe(request, spec, timing, what, sizeof what);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  int64_t *promised = RS_ARENA_NEW(arena, int64_t, request->chip_count);
  int64_t *judged = RS_ARENA_NEW(arena, int64_t, request->chip_count);
  rs_status status =
      rs_collective_compile(schedule, wiring, calendar, request, promised, &report, &diag);
  if (status == RS_E_INFEASIBLE && is_particular(request->algorithm)) return;
  assert_ok(status, &diag);
  assert_ok(rs_schedule_validate(schedule, wiring, &diag), &diag);
  judge_schedule(schedule, wiring, NULL, &judged, verdict, sizeof verdict);
  if (verdict[0] != '\0') fail_msg("%s: %s", what, verdict);
  check_ends(request, &report, promised, judged, what);
  if (!prove_schedule(schedule, wiring, verdict, sizeof verdict)) fail_msg("%s: %s", what, verdict);
  if (!play_schedule(schedule, wiring, report.end_cycles, 0, verdict, sizeof verdict)) {
    fail_msg("%s: %s", what, verdict);
  }
  assert_string_equal(report.algorithm, request->algorithm);
  assert_string_equal(schedule->ops[0].algorithm, request->algorithm);
  assert_int_equal(report.bursts, schedule->burst_count);
  assert_ok(rs_collective_bound(arena, wiring, timing, request, &bound, &diag), &diag);
  assert_true(bound.cycles >= bound.latency_cycles && bound.cycles >= bound.bandwidth_cycles);
  if (report.makespan_cycles < bound.cycles) {
    fail_msg("%s: makespan %lld is below the bound %lld", what, (long long)report.makespan_cycles,
             (long long)bound.cycles);
  }
}

static void check_all_rows(const char *spec, const rs_timing *timing, int64_t bytes,
                           uint32_t root_place) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  size_t count;
  const rs_collective_algorithm *algorithms = rs_collective_algorithms(&count);
  for (size_t row = 0; row < count; row++) {
    rs_collective_request request = {.kind = algorithms[row].kind,
                                     .algorithm = algorithms[row].name,
                                     .chips = chips,
                                     .chip_count = wiring->chip_count,
                                     .root = chips[root_place],
                                     .block_bytes = bytes};
    if (request.kind == RS_SEND) request.chip_count -= request.chip_count % 2;
    check_one(arena, wiring, spec, timing, &request);
  }
  rs_arena_destroy(arena);
}

static void check_sizes(const char *spec, const int64_t *vectors, size_t count) {
  rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
    for (size_t i = 0; i < count; i++) {
      check_all_rows(spec, &timings[t], vectors[i] * 320 - 3, (uint32_t)i % 2);
    }
  }
}

/* ---- the judge can fail ---- */

typedef enum sabotage { HASTEN, DROP, OVERWRITE, TWICE, SWERVE, SABOTAGE_COUNT } sabotage;

/* Spoils burst `victim` of a schedule. */
static void spoil(rs_schedule *schedule, sabotage how, uint64_t victim) {
  rs_burst *burst = &schedule->bursts[victim];
  if (how == HASTEN) burst->start_cycles--;
  if (how == DROP) schedule->bursts[victim] = schedule->bursts[--schedule->burst_count];
  if (how == OVERWRITE) burst->action = RS_ACTION_KEEP;
  if (how == TWICE) assert_non_null(rs_schedule_add_burst(schedule, burst));
  if (how == SWERVE) burst->target_offset ^= 1;
}

/* All bursts of an all-reduce of 8 vectors on 8 chips with chip costs are needed as they are: 56 adds
 * at the first possible cycle, then 56 copies that depart when the sums are complete. */
static void the_judge_sees_planted_faults(void **state) {
  (void)state;
  rs_timing timing = chip_timing();
  const uint32_t chips[] = {0, 1, 2, 3, 4, 5, 6, 7};
  rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                   .algorithm = "reduce-scatter+all-gather",
                                   .chips = chips,
                                   .chip_count = 8,
                                   .block_bytes = 8 * 320};
  for (int how = 0; how < SABOTAGE_COUNT; how++) {
    for (uint64_t victim = 0; victim < 112; victim++) {
      rs_arena *arena = rs_arena_create(0);
      rs_diag diag = {0};
      char verdict[256];
      rs_wiring *wiring = build_wiring(arena, "mesh:8");
      rs_schedule *schedule = rs_schedule_create(arena, wiring, "mesh:8", &timing);
      rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
      assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, NULL, &diag),
                &diag);
      assert_int_equal(schedule->burst_count, 112);
      bool is_copy = schedule->bursts[victim].action == RS_ACTION_KEEP;
      spoil(schedule, (sabotage)how, victim);
      judge_schedule(schedule, wiring, NULL, NULL, verdict, sizeof verdict);
      bool is_harmless = how == OVERWRITE && is_copy;
      if ((verdict[0] == '\0') != is_harmless) {
        fail_msg("sabotage %d of burst %llu: '%s'", how, (unsigned long long)victim, verdict);
      }
      rs_arena_destroy(arena);
    }
  }
}

static void meshes_of_2_to_8(void **state) {
  (void)state;
  const int64_t vectors[] = {1, 2, 3, 7, 8, 20};
  for (int n = 2; n <= 8; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "mesh:%d", n);
    check_sizes(spec, vectors, RS_COUNT_OF(vectors));
  }
}

static void rings_of_3_to_9(void **state) {
  (void)state;
  const int64_t vectors[] = {1, 2, 5, 13};
  for (int n = 3; n <= 9; n++) {
    char spec[32];
    snprintf(spec, sizeof spec, "ring:%d", n);
    check_sizes(spec, vectors, RS_COUNT_OF(vectors));
  }
}

static void nodes_and_a_rack(void **state) {
  (void)state;
  const int64_t few[] = {1, 5};
  check_sizes("realscale:16", few, RS_COUNT_OF(few));
  check_sizes("realscale:24", few, RS_COUNT_OF(few));
  check_sizes("realscale:72", few, 1);
  check_sizes("dragonfly:a=4,h=2", few, RS_COUNT_OF(few));
}

static void other_wirings(void **state) {
  (void)state;
  const int64_t few[] = {1, 4};
  check_sizes("torus:3x3", few, RS_COUNT_OF(few));
  check_sizes("hypercube:4", few, RS_COUNT_OF(few));
  check_sizes("imase-itoh:3,10", few, RS_COUNT_OF(few)); /* links without a reverse */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_judge_sees_planted_faults),
      cmocka_unit_test(meshes_of_2_to_8),
      cmocka_unit_test(rings_of_3_to_9),
      cmocka_unit_test(nodes_and_a_rack),
      cmocka_unit_test(other_wirings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

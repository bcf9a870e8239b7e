/*
 * The exchange: its rounds, planes, parts that no cable names, and vector units without room for two adds.
 * Times are sums of hops written out; everything is proved by the checker.
 */
#include "rs_test_compile.h"

typedef struct exchange {
  rs_arena *arena;
  rs_timing timing;
  rs_schedule *schedule;
  rs_compile_report report;
} exchange;

static void compile(exchange *x, const char *spec, rs_timing timing, int64_t bytes) {
  char verdict[256];
  rs_diag diag;
  x->arena = rs_arena_create(0);
  x->timing = timing;
  rs_wiring *wiring = build_wiring(x->arena, spec);
  uint32_t *chips = RS_ARENA_NEW(x->arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .algorithm = "exchange",
                                         .chips = chips,
                                         .chip_count = wiring->chip_count,
                                         .block_bytes = bytes};
  x->schedule = rs_schedule_create(x->arena, wiring, spec, &x->timing);
  rs_calendar *calendar = rs_calendar_create(x->arena, wiring, &x->timing);
  assert_ok(rs_collective_compile(x->schedule, wiring, calendar, &request, NULL, &x->report, &diag),
            &diag);
  if (!prove_schedule(x->schedule, wiring, verdict, sizeof verdict)) fail_msg("%s", verdict);
}

static void one_vector_takes_three_rounds(void **state) {
  (void)state;
  static const char *const specs[] = {"realscale:72", "realscale:264", "dragonfly:a=4,h=2"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    exchange x;
    compile(&x, specs[i], unit_timing(), 320);
    assert_int_equal(x.report.makespan_cycles, 3);
    rs_arena_destroy(x.arena);
  }
}

/* Of V vectors each of 4 planes takes V/4 = k: 31 + 216 + (40 + 20) + 220 + (40 + 20) + 216 + 47 + 20 = 870 for
 * the first, and ⌈(k − 1) · 23.616⌉ more as long as a link has done with the k slots of the first hop when
 * the third one's come, 556 cycles later. 16 KiB: k = 13, 284 more; 307 cycles for the first hop. */
static void planes_share_the_message(void **state) {
  (void)state;
  exchange x;
  compile(&x, "realscale:72", chip_timing(), 4 * 320);
  assert_int_equal(x.report.makespan_cycles, 870);
  rs_arena_destroy(x.arena);
  compile(&x, "realscale:72", chip_timing(), 16384);
  assert_int_equal(x.report.makespan_cycles, 870 + 284);
  rs_arena_destroy(x.arena);
}

/* A unit that adds as many vectors as a chip has links has no room for a second add: then links carry
 * sums twice, and the plan is right all the same. */
static void without_room_sums_are_sent_twice(void **state) {
  (void)state;
  rs_timing narrow = chip_timing();
  exchange x;
  compile(&x, "realscale:264", chip_timing(), 16384);
  uint64_t shared = 0, bursts = x.schedule->burst_count;
  for (uint64_t i = 0; i < bursts; i++) shared += rs_schedule_rides(x.schedule, i);
  int64_t makespan = x.report.makespan_cycles;
  assert_int_equal(shared, 33 * 32); /* a gate between every two nodes */
  rs_arena_destroy(x.arena);
  narrow.adds_per_cycle = 11;
  compile(&x, "realscale:264", narrow, 16384);
  assert_int_equal(x.schedule->burst_count, bursts);
  for (uint64_t i = 0; i < bursts; i++) assert_false(rs_schedule_rides(x.schedule, i));
  assert_true(x.report.makespan_cycles > makespan);
  rs_arena_destroy(x.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_vector_takes_three_rounds),
      cmocka_unit_test(planes_share_the_message),
      cmocka_unit_test(without_room_sums_are_sent_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

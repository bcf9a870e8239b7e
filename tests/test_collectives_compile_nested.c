/*
 * The exchange inside an exchange: rounds, other clocks, ready times, several operations on one
 * calendar, groups in any order, and what it is not for. Judged vector by vector where that is small
 * enough, proved by the checker everywhere.
 */
#include "rs_test_compile.h"

typedef struct nest {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  rs_schedule *schedule;
  rs_calendar *calendar;
  rs_compile_report report;
  rs_diag diag;
  uint32_t *chips;
} nest;

static void open_nest(nest *x, const char *spec, rs_timing timing) {
  memset(x, 0, sizeof *x);
  x->arena = rs_arena_create(0);
  x->timing = timing;
  x->wiring = build_wiring(x->arena, spec);
  x->schedule = rs_schedule_create(x->arena, x->wiring, spec, &x->timing);
  x->calendar = rs_calendar_create(x->arena, x->wiring, &x->timing);
  x->chips = RS_ARENA_NEW(x->arena, uint32_t, x->wiring->chip_count);
  for (uint32_t i = 0; i < x->wiring->chip_count; i++) x->chips[i] = i;
}

static rs_status reduce(nest *x, uint32_t count, int64_t bytes, const rs_ready *ready,
                        int64_t *ends) {
  rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                   .algorithm = "nested-exchange",
                                   .chips = x->chips,
                                   .chip_count = count,
                                   .block_bytes = bytes,
                                   .ready = ready};
  return rs_collective_compile(x->schedule, x->wiring, x->calendar, &request, ends, &x->report,
                               &x->diag);
}

static void prove(nest *x) {
  char verdict[256];
  if (!prove_schedule(x->schedule, x->wiring, verdict, sizeof verdict)) fail_msg("%s", verdict);
}

/* 3 hops in a rack, 1 between racks, 3 in a rack. Where racks are few, nodes have links from all others: 1
 * hop in the node is then enough, or 2 for those that get a rack's sum from a neighbour. */
static void one_vector_takes_seven_rounds_or_less(void **state) {
  (void)state;
  static const struct {
    const char *spec;
    int64_t rounds;
  } cases[] = {{"realscale:144,levels=2", 5},
               {"realscale:216,levels=2", 5},
               {"realscale:576", 6},
               {"realscale:10440,wiring=natural", 7}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    nest x;
    open_nest(&x, cases[i].spec, unit_timing());
    assert_ok(reduce(&x, x.wiring->chip_count, 320, NULL, NULL), &x.diag);
    assert_int_equal(x.report.makespan_cycles, cases[i].rounds);
    prove(&x);
    rs_arena_destroy(x.arena);
  }
}

/* Seven hops of 216 to 250 cycles, forwarding and adding at each, and several vectors, on members
 * in falling order, with a vector unit that keeps up or does not; and a second operation behind it. */
static void other_clocks_and_calendars_hold(void **state) {
  (void)state;
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  for (size_t i = 0; i < RS_COUNT_OF(timings); i++) {
    nest x;
    char verdict[256];
    open_nest(&x, "realscale:144,levels=2", timings[i]);
    uint32_t n = x.wiring->chip_count;
    int64_t *ends = RS_ARENA_NEW(x.arena, int64_t, n), *judged = RS_ARENA_NEW(x.arena, int64_t, n);
    for (uint32_t k = 0; k < n; k++) x.chips[k] = n - 1 - k;
    assert_ok(reduce(&x, n, i == 0 ? 640 : 1000, NULL, ends), &x.diag);
    judge_schedule(x.schedule, x.wiring, NULL, &judged, verdict, sizeof verdict);
    if (verdict[0] != '\0') fail_msg("%s", verdict);
    for (uint32_t k = 0; k < n; k++) assert_int_equal(ends[k], judged[k]);
    assert_ok(reduce(&x, n, 320, NULL, NULL), &x.diag);
    prove(&x);
    rs_arena_destroy(x.arena);
  }
}

/* Inputs at times of their own: nothing is read or added to before. */
static void inputs_come_when_they_come(void **state) {
  (void)state;
  nest x;
  char verdict[256];
  rs_random random;
  rs_random_init(&random, 20261124, 1);
  open_nest(&x, "realscale:144,levels=2", chip_timing());
  uint32_t n = x.wiring->chip_count;
  rs_ready *ready = RS_ARENA_NEW(x.arena, rs_ready, n);
  const rs_ready *all = ready;
  int64_t *judged = RS_ARENA_NEW(x.arena, int64_t, n);
  for (uint32_t k = 0; k < n; k++) {
    ready[k].start_cycles = rs_random_between(&random, 0, 900);
    ready[k].cycles = rs_random_between(&random, 0, 300);
    ready[k].first_cycles = rs_random_between(&random, 0, ready[k].cycles);
  }
  assert_ok(reduce(&x, n, 3 * 320, ready, NULL), &x.diag);
  judge_schedule(x.schedule, x.wiring, &all, &judged, verdict, sizeof verdict);
  if (verdict[0] != '\0') fail_msg("%s", verdict);
  rs_arena_destroy(x.arena);
}

static void it_is_for_racks_that_are_all_joined(void **state) {
  (void)state;
  nest x;
  open_nest(&x, "realscale:144,levels=2", unit_timing());
  assert_int_equal(reduce(&x, 72, 320, NULL, NULL), RS_E_INFEASIBLE);  /* one rack */
  assert_int_equal(reduce(&x, 73, 320, NULL, NULL), RS_E_INFEASIBLE);  /* a node of one chip */
  assert_int_equal(reduce(&x, 144, 960, NULL, NULL), RS_E_INFEASIBLE); /* not a short message */
  assert_int_equal(x.schedule->burst_count, 0);
  rs_arena_destroy(x.arena);
  open_nest(&x, "torus:4x4x4", unit_timing());
  assert_int_equal(reduce(&x, 64, 320, NULL, NULL), RS_E_INFEASIBLE);
  rs_arena_destroy(x.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_vector_takes_seven_rounds_or_less),
      cmocka_unit_test(other_clocks_and_calendars_hold),
      cmocka_unit_test(inputs_come_when_they_come),
      cmocka_unit_test(it_is_for_racks_that_are_all_joined),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

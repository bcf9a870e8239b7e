/* The stride test against brute force, exhaustively where small; and the sweep over a link. */
#include "rs__checker.h"
#include "rs_test_checker.h"

#define SEED 20260102

/* ---- the stride test ---- */

static int64_t meet_by_brute_force(const rs_timing *t, const rs_burst *a, const rs_burst *b) {
  int64_t cycle = -1;
  for (int64_t i = 0; i < a->count; i++) {
    for (int64_t j = 0; j < b->count; j++) {
      rs_int128 distance = rs_burst_ticks(t, a, i) - rs_burst_ticks(t, b, j);
      if (distance >= t->slot_num || -distance >= t->slot_num) continue;
      int64_t at = RS_MAX(rs_burst_departure(t, a, i), rs_burst_departure(t, b, j));
      if (cycle < 0 || at < cycle) cycle = at;
    }
  }
  return cycle;
}

static void compare(const rs_timing *timing, const rs_burst *a, const rs_burst *b) {
  rs_schedule schedule = {.timing = *timing};
  static rs__checker checker; /* too large for a stack; only its schedule is looked at */
  checker.schedule = &schedule;
  int64_t found = rs__links_meeting(&checker, a, b);
  int64_t wanted = meet_by_brute_force(timing, a, b);
  if (found == wanted) return;
  fail_msg("slot %lld/%lld, A %lld %lldx%u, B %lld %lldx%u: %lld, not %lld",
           (long long)timing->slot_num, (long long)timing->slot_den, (long long)a->start_cycles,
           (long long)a->count, a->stride, (long long)b->start_cycles, (long long)b->count,
           b->stride, (long long)found, (long long)wanted);
}

/* 6 slots · 4 strides² · 4 counts² · 13 distances, both orders: 19,968 pairs. */
static void small_strides_meet_exactly(void **state) {
  (void)state;
  const int64_t slots[][2] = {{1, 1}, {3, 2}, {2, 3}, {5, 2}, {7, 3}, {1, 4}};
  for (size_t s = 0; s < RS_COUNT_OF(slots); s++) {
    rs_timing timing = {.slot_num = slots[s][0], .slot_den = slots[s][1]};
    for (int code = 0; code < 4 * 4 * 4 * 4 * 13; code++) {
      rs_burst a = {.stride = 1 + (uint32_t)(code % 4), .count = 1 + code / 4 % 4};
      rs_burst b = {.stride = 1 + (uint32_t)(code / 16 % 4), .count = 1 + code / 64 % 4};
      b.start_cycles = code / 256;
      compare(&timing, &a, &b);
      compare(&timing, &b, &a);
    }
  }
}

static void large_strides_meet_exactly(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, SEED, 1);
  for (int round = 0; round < 20000; round++) {
    rs_timing timing = {.slot_num = rs_random_between(&random, 1, 40),
                        .slot_den = rs_random_between(&random, 1, 40)};
    rs_burst a = {.stride = (uint32_t)rs_random_between(&random, 1, 30),
                  .count = rs_random_between(&random, 1, 20)};
    rs_burst b = {.stride = (uint32_t)rs_random_between(&random, 1, 30),
                  .count = rs_random_between(&random, 1, 20),
                  .start_cycles = rs_random_between(&random, 0, 300)};
    compare(&timing, &a, &b);
  }
}

/* Equal strides from slots 0 and 1 never meet, however long: i·2^31 − j·2^31 is never 1. */
static void longest_strides_do_not_overflow(void **state) {
  (void)state;
  rs_schedule schedule = {.timing = {.slot_num = 1, .slot_den = 1}};
  static rs__checker checker;
  checker.schedule = &schedule;
  int64_t count = INT64_C(1) << 28;
  rs_burst a = {.stride = UINT32_C(1) << 31, .count = count};
  rs_burst b = {.stride = UINT32_C(1) << 31, .count = count, .start_cycles = 1};
  assert_int_equal(rs__links_meeting(&checker, &a, &b), -1);
  /* strides 2^31 and 2^31 − 1: i·2^31 = 1 + j·(2^31 − 1) first for i = j = 1, at cycle 2^31 */
  b.stride--;
  assert_int_equal(rs__links_meeting(&checker, &a, &b), INT64_C(1) << 31);
}

/* ---- the sweep ---- */

typedef struct bench {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_schedule *schedule;
  rs_check_report report;
  rs_diag diag;
} bench;

/* Two chips; chip 0 sends its input to chip 1. */
static void open_bench(bench *b, rs_timing timing) {
  memset(b, 0, sizeof *b);
  b->arena = rs_arena_create(0);
  b->wiring = make_mesh(b->arena, 2);
  b->schedule = rs_schedule_create(b->arena, b->wiring, "", &timing);
  put_op(b->schedule, RS_SEND, 2, RS_NONE, 12, 0);
}

static rs_status run(bench *b) {
  rs_check_options options = {.seed = 1};
  return rs_checker_run(b->schedule, b->wiring, &options, &b->report, &b->diag);
}

static rs_burst *put(bench *b, int64_t start, int64_t count, uint32_t stride, int64_t offset) {
  rs_burst *burst = put_burst(b->schedule, 0, link_between(b->wiring, 0, 1), start, count,
                              RS_BUFFER_IN, offset, RS_BUFFER_OUT, offset, RS_ACTION_KEEP);
  burst->stride = stride;
  return burst;
}

/* 4 vectors of 23.616 cycles end at 31 + 94.464 = 125.464: the next may start at 126, not at 125. */
static void a_link_is_free_when_the_last_vector_has_left(void **state) {
  (void)state;
  bench b;
  open_bench(&b, chip_timing());
  put(&b, 31, 4, 1, 0);
  rs_burst *next = put(&b, 126, 8, 1, 4);
  assert_ok(run(&b), &b.diag);
  assert_int_equal(b.report.links_used, 1);
  assert_int_equal(b.report.vectors, 12);
  next->start_cycles = 125;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_LINK);
  assert_int_equal(b.report.fault.cycle, 125);
  assert_int_equal(b.report.fault.link, link_between(b.wiring, 0, 1));
  assert_int_equal(b.report.fault.burst_a, 0);
  assert_int_equal(b.report.fault.burst_b, 1);
  assert_string_equal(b.diag.what,
                      "link 0>1 is booked twice at cycle 125: 'b 0 0>1 31 4 in+0 out+0 keep' and "
                      "'b 0 0>1 125 8 in+4 out+4 keep'");
  rs_arena_destroy(b.arena);
}

/* Three bursts of stride 3 fill all slots; a fourth of stride 3 meets the first. Any order. */
static void strided_bursts_may_interleave(void **state) {
  (void)state;
  bench b;
  open_bench(&b, unit_timing());
  put(&b, 2, 4, 3, 8);
  put(&b, 0, 4, 3, 0);
  put(&b, 1, 4, 3, 4);
  assert_ok(run(&b), &b.diag);
  b.schedule->bursts[0].start_cycles = 3; /* meets vector 1 of the burst that starts at 0 */
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_LINK);
  assert_int_equal(b.report.fault.cycle, 3);
  assert_int_equal(b.report.fault.burst_a, 1);
  assert_int_equal(b.report.fault.burst_b, 0);
  rs_arena_destroy(b.arena);
}

/* A long strided burst under way, short ones between its vectors, then one on a vector of it. */
static void a_burst_under_way_is_remembered(void **state) {
  (void)state;
  bench b;
  open_bench(&b, unit_timing());
  put(&b, 0, 5, 10, 0); /* at 0, 10, 20, 30, 40 */
  put(&b, 1, 2, 1, 5);
  put(&b, 11, 2, 1, 7);
  rs_burst *last = put(&b, 31, 3, 1, 9);
  assert_ok(run(&b), &b.diag);
  last->start_cycles = 38; /* 38, 39, 40 */
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.cycle, 40);
  assert_int_equal(b.report.fault.burst_a, 0);
  rs_arena_destroy(b.arena);
}

/* Random bursts on one link: the verdict of the pass against all pairs of vectors. */
static void sweeps_agree_with_all_pairs(void **state) {
  (void)state;
  int refused = 0;
  for (int round = 0; round < 3000; round++) {
    rs_random random;
    bench b;
    rs_random_init(&random, SEED, 100 + (uint64_t)round);
    rs_timing timing = unit_timing();
    timing.slot_num = rs_random_between(&random, 1, 5);
    timing.slot_den = rs_random_between(&random, 1, 3);
    open_bench(&b, timing);
    int64_t bursts = rs_random_between(&random, 2, 6);
    for (int64_t k = 0; k < bursts; k++) {
      put(&b, rs_random_between(&random, 0, 60), rs_random_between(&random, 1, 4),
          (uint32_t)rs_random_between(&random, 1, 8), 0);
    }
    int64_t wanted = -1;
    for (int64_t i = 0; i < bursts; i++) {
      for (int64_t k = 0; k < i; k++) {
        int64_t cycle =
            meet_by_brute_force(&timing, &b.schedule->bursts[i], &b.schedule->bursts[k]);
        if (cycle >= 0) wanted = cycle;
      }
    }
    run(&b);
    if ((b.report.fault.kind == RS_FAULT_LINK) != (wanted >= 0)) {
      fail_msg("seed %d, round %d: %s", SEED, round, b.diag.what);
    }
    if (wanted >= 0) refused++;
    rs_arena_destroy(b.arena);
  }
  assert_in_range(refused, 500, 2900); /* both verdicts were tried often */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_strides_meet_exactly),
      cmocka_unit_test(large_strides_meet_exactly),
      cmocka_unit_test(longest_strides_do_not_overflow),
      cmocka_unit_test(a_link_is_free_when_the_last_vector_has_left),
      cmocka_unit_test(strided_bursts_may_interleave),
      cmocka_unit_test(a_burst_under_way_is_remembered),
      cmocka_unit_test(sweeps_agree_with_all_pairs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

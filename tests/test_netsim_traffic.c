/* Traffic patterns: how many packets, to whom, and what is refused. */
#include <math.h>
#include <stdio.h>

#include "rs_test_schedule.h"
#include "rs_traffic.h"

static rs_traffic *create(rs_arena *arena, const rs_wiring *w, rs_pattern pattern, int64_t load_ppm,
                          uint64_t distance_sum) {
  rs_diag diag;
  rs_traffic *t;
  rs_timing timing = chip_timing();
  const rs_traffic_config config = {.pattern = pattern,
                                    .load_ppm = load_ppm,
                                    .group_size = 4,
                                    .seed = 3,
                                    .end_cycles = 100000,
                                    .distance_sum = distance_sum};
  assert_ok(rs_traffic_create(arena, w, &timing, &config, &t, &diag), &diag);
  return t;
}

/* All links of a mesh of n busy: n − 1 vectors a slot of 23.616 cycles and chip. From 8 chips (a draw a
 * cycle decides) to 200 (8.4 packets a cycle, of which many come in one). The count of a chip is a sum of
 * independent draws: four standard errors of Poisson's, which is wider. */
static void the_load_is_made(void **state) {
  (void)state;
  static const uint32_t chips[] = {8, 64, 200};
  for (int k = 0; k < 3; k++) {
    rs_arena *arena = rs_arena_create(0);
    uint32_t n = chips[k];
    const rs_wiring *w = make_wiring(arena, n, false);
    rs_traffic *t = create(arena, w, RS_PATTERN_UNIFORM, 1000000, (uint64_t)n * (n - 1));
    int64_t time = 0, last = 0, count = 0;
    uint32_t to;
    while (rs_traffic_draw(t, 5, &time, &to)) {
      assert_true(time >= last && time < 100000 && to < n && to != 5);
      last = time;
      count++;
    }
    double expected = (n - 1) / 23.616 * 100000;
    if (fabs((double)count - expected) > 4 * sqrt(expected)) {
      fail_msg("%u chips: %lld packets, expected %.0f", n, (long long)count, expected);
    }
    rs_arena_destroy(arena);
  }
}

static void patterns_go_where_they_say(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 16, false);
  int64_t time;
  uint32_t to;
  rs_traffic *t = create(arena, w, RS_PATTERN_BIT_REVERSE, 500000, 240);
  for (uint32_t chip = 0; chip < 16; chip++) {
    uint32_t mirror = (chip & 1) << 3 | (chip & 2) << 1 | (chip & 4) >> 1 | chip >> 3;
    time = 0;
    assert_true(rs_traffic_draw(t, chip, &time, &to));
    if (mirror != chip) assert_int_equal(to, mirror);
    assert_int_not_equal(to, chip);
  }
  t = create(arena, w, RS_PATTERN_ALL_TO_ALL, 500000, 240);
  for (uint32_t chip = 0; chip < 16; chip++) {
    uint32_t seen = 0; /* 30 packets: every other chip twice */
    time = 0;
    for (int i = 0; i < 30; i++) {
      assert_true(rs_traffic_draw(t, chip, &time, &to));
      assert_int_not_equal(to, chip);
      seen ^= UINT32_C(1) << to;
      if (i == 14) assert_int_equal(seen, 0xffff & ~(UINT32_C(1) << chip));
    }
    assert_int_equal(seen, 0);
  }
  t = create(arena, w, RS_PATTERN_GROUP, 500000, 240);
  time = 0;
  assert_true(rs_traffic_draw(t, 13, &time, &to) && to < 4); /* the last group sends to the first */
  t = create(arena, w, RS_PATTERN_TORNADO, 500000, 240);
  time = 0;
  assert_true(rs_traffic_draw(t, 13, &time, &to));
  assert_int_equal(to, (13 + 8 - 1) % 16);
  rs_arena_destroy(arena);
}

static rs_status attempt(rs_arena *arena, uint32_t chips, rs_traffic_config config,
                         int64_t slot_num, rs_diag *diag) {
  rs_traffic *t;
  rs_timing timing = chip_timing();
  timing.slot_num = slot_num;
  return rs_traffic_create(arena, make_wiring(arena, chips, false), &timing, &config, &t, diag);
}

static void impossible_traffic_is_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_traffic_config good = {
      .load_ppm = 1000, .group_size = 8, .end_cycles = 1000, .distance_sum = 12 * 11};
  rs_traffic_config c = good;
  assert_ok(attempt(arena, 12, c, 2952, &diag), &diag);
  assert_int_equal(attempt(arena, 1, c, 2952, &diag), RS_E_INPUT);
  assert_int_equal(attempt(arena, 12, c, 0, &diag), RS_E_INPUT); /* no rate */
  c.load_ppm = 0;
  assert_int_equal(attempt(arena, 12, c, 2952, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "a load of 0 ppm makes no traffic");
  c.load_ppm = INT64_C(1) << 40;
  assert_int_equal(attempt(arena, 12, c, 2952, &diag), RS_E_INPUT);
  c = good;
  c.distance_sum = 0;
  assert_int_equal(attempt(arena, 12, c, 2952, &diag), RS_E_INPUT);
  c = good;
  c.pattern = RS_PATTERN_BIT_REVERSE;
  assert_int_equal(attempt(arena, 12, c, 2952, &diag), RS_E_INPUT);
  assert_string_equal(diag.what,
                      "pattern 'bit-reverse' needs a power of two of chips, and there are 12");
  c.pattern = RS_PATTERN_GROUP;
  assert_ok(attempt(arena, 12, c, 2952, &diag), &diag);
  c.group_size = 12;
  assert_int_equal(attempt(arena, 12, c, 2952, &diag), RS_E_INPUT);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_load_is_made),
      cmocka_unit_test(patterns_go_where_they_say),
      cmocka_unit_test(impossible_traffic_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

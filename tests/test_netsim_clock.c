/* Oscillators: the map between ticks and time, its inverse, and what is drawn. */
#include "rs_clock.h"
#include "rs_random.h"
#include "rs_test.h"

#define GHZ INT64_C(1000000000)

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

/* 1 GHz: 10^6 fs. 900 MHz: 10^15 / 9·10^8 = 1111111.1̅ fs; · 2^32 = 4772185884444444.4̅4 → …444.
 * 1 GHz + 100 ppm: 10^6 / 1.0001 = 999900.00999900009999 fs. */
static void periods_are_the_nearest_integers(void **state) {
  (void)state;
  const int64_t ppm_100 = INT64_C(100000) * 1000000000;
  assert_int_equal(rs_clock_period(GHZ, 0), INT64_C(1000000) << 32);
  /* 2^32 = 4294967296; · 10^7 / 9 = 4772185884444444.4 */
  assert_int_equal(rs_clock_period(900000000, 0), INT64_C(4772185884444444));
  /* 4294967296 · 10^6 / 1.0001 = 42949672960000000000 / 10001 = 4294537842215778.4… */
  assert_int_equal(rs_clock_period(GHZ, ppm_100), INT64_C(4294537842215778));
  /* the slowest clock that there may be still fits 63 bits: 10^9 fs · 2^32 · (1 + 10 %) */
  assert_true(rs_clock_period(RS_CLOCK_HZ_MIN, -100 * INT64_C(1000000000000000)) > 0);
}

/* After 2^50 ticks at 900 MHz the map is still ⌊ticks · period⌋ to the femtosecond: whether 2^50 ticks
 * are one piece, or a million pieces of the same and of other periods. */
static void no_rounding_piles_up(void **state) {
  (void)state;
  rs_diag diag = {0};
  rs_clock clock;
  const int64_t p = rs_clock_period(900000000, 0);
  const int64_t q = rs_clock_period(900000000, 100 * INT64_C(1000000000000));
  assert_ok(rs_clock_init(&clock, arena, 0, p, &diag), &diag);
  const int64_t end = RS_CLOCK_TICKS_MAX;
  rs_int128 exact = (rs_int128)end * p;
  assert_true(rs_clock_time_fs(&clock, end) == exact >> 32);
  /* p and q by turns, each for 2^30 ticks: 2^19 turns of both */
  for (int64_t k = 1; k < INT64_C(1) << 20; k++) {
    assert_ok(rs_clock_append(&clock, k << 30, k % 2 == 1 ? q : p, &diag), &diag);
  }
  exact = ((rs_int128)1 << 49) * p + ((rs_int128)1 << 49) * q;
  assert_true(rs_clock_time_fs(&clock, end) == exact >> 32);
  assert_int_equal(rs_clock_tick_before(&clock, exact >> 32), end);
  assert_int_equal(clock.count, 1 << 20);
}

/* Rising; tick_before(time(n)) = n, one femtosecond earlier it is n − 1, and tick_after is the first
 * that is not earlier. Also before tick 0 and behind the last piece. */
static void the_inverse_is_exact(void **state) {
  (void)state;
  rs_diag diag = {0};
  for (uint64_t seed = 0; seed < 300; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 0);
    const rs_clock_config config = {
        .clock_hz = rs_random_between(&random, RS_CLOCK_HZ_MIN, 100 * GHZ),
        .offset_ppb = rs_random_between(&random, 0, 10000000),
        .wander_ppb = rs_random_between(&random, 0, 1) * 1000000,
        .seed = seed};
    rs_clock clock;
    assert_ok(rs_clock_draw(&clock, arena, &config, 3, 1000000, NULL, &diag), &diag);
    for (int i = 0; i < 200; i++) {
      int64_t tick = rs_random_between(&random, -1000, 2000000);
      rs_int128 time = rs_clock_time_fs(&clock, tick);
      if (rs_clock_time_fs(&clock, tick + 1) <= time ||
          rs_clock_tick_before(&clock, time) != tick ||
          rs_clock_tick_before(&clock, time - 1) != tick - 1 ||
          rs_clock_tick_after(&clock, time) != tick ||
          rs_clock_tick_after(&clock, time + 1) != tick + 1) {
        fail_msg("seed %llu, tick %lld", (unsigned long long)seed, (long long)tick);
      }
    }
  }
}

/* Uniform offsets fill the band, extreme ones only its ends; wander keeps to its bound; chips differ;
 * the same seed gives the same clock. */
static void draws_keep_to_their_bounds(void **state) {
  (void)state;
  rs_diag diag = {0};
  const int64_t bound = 100000;
  rs_clock_config config = {.clock_hz = GHZ, .offset_ppb = bound, .seed = 7};
  int64_t least = 0, most = 0, fast = 0;
  for (uint32_t chip = 0; chip < 1000; chip++) {
    rs_clock clock, again;
    int64_t offset;
    config.is_extreme = false;
    config.wander_ppb = 0;
    assert_ok(rs_clock_draw(&clock, arena, &config, chip, 1000, &offset, &diag), &diag);
    assert_in_range(offset + bound, 0, 2 * bound);
    assert_int_equal(clock.pieces[0].period, rs_clock_period(GHZ, offset * 1000000000));
    least = offset < least ? offset : least;
    most = offset > most ? offset : most;
    assert_ok(rs_clock_draw(&again, arena, &config, chip, 1000, NULL, &diag), &diag);
    assert_int_equal(again.pieces[0].period, clock.pieces[0].period);
    assert_true(again.pieces[0].start == clock.pieces[0].start);
    config.is_extreme = true;
    assert_ok(rs_clock_draw(&clock, arena, &config, chip, 1000, &offset, &diag), &diag);
    assert_true(offset == bound || offset == -bound);
    fast += offset == bound;
  }
  /* 1,000 of uniform: the extremes lie within 1 % of the ends with probability 1 − 2·0.995^1000 */
  assert_true(least < -bound * 98 / 100 && most > bound * 98 / 100);
  assert_in_range(fast, 400, 600); /* 500 ± 6 standard deviations of 15.8 */
  config.wander_ppb = 5000;
  rs_clock clock;
  int64_t offset;
  assert_ok(rs_clock_draw(&clock, arena, &config, 1, 10000000, &offset, &diag), &diag);
  assert_in_range(clock.count, 500, 611); /* ⌈10^7 / 16384⌉ = 611 pieces, fewer where it stood */
  for (uint32_t i = 0; i < clock.count; i++) {
    int64_t period = clock.pieces[i].period;
    assert_true(period <= rs_clock_period(GHZ, (offset - 5000) * 1000000000));
    assert_true(period >= rs_clock_period(GHZ, (offset + 5000) * 1000000000));
  }
}

static void impossible_oscillators_are_refused(void **state) {
  (void)state;
  static const rs_clock_config bad[] = {
      {.clock_hz = 0},
      {.clock_hz = RS_CLOCK_HZ_MIN - 1},
      {.clock_hz = RS_CLOCK_HZ_MAX + 1},
      {.clock_hz = GHZ, .offset_ppb = -1},
      {.clock_hz = GHZ, .offset_ppb = RS_CLOCK_OFFSET_PPB_MAX + 1},
      {.clock_hz = GHZ, .wander_ppb = -1},
      {.clock_hz = GHZ, .wander_ppb = RS_CLOCK_OFFSET_PPB_MAX + 1}};
  rs_diag diag = {0};
  const rs_clock_config good = {.clock_hz = GHZ, .offset_ppb = 100000, .wander_ppb = 1000};
  assert_ok(rs_clock_config_check(&good, &diag), &diag);
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) {
    assert_int_equal(rs_clock_config_check(&bad[i], &diag), RS_E_INPUT);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(periods_are_the_nearest_integers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_rounding_piles_up, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_inverse_is_exact, set_up, tear_down),
      cmocka_unit_test_setup_teardown(draws_keep_to_their_bounds, set_up, tear_down),
      cmocka_unit_test_setup_teardown(impossible_oscillators_are_refused, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* bittide: the published figure of a triangle, what control does to buffers, and bad input. */
#include <math.h>
#include <string.h>

#include "rs_bittide.h"
#include "rs_test.h"

#define GHZ INT64_C(1000000000)
#define TICK_FS INT64_C(1000000)

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

typedef struct triangle {
  rs_bittide_config config;
  int64_t delays_fs[6];
  int64_t offset_ppb[3];
  rs_clock *clocks;
  rs_bittide_report report;
} triangle;

/* Three chips, 10^-4 fast, right and 10^-4 slow; frames take 5,000 ticks. */
static void init_triangle(triangle *t) {
  rs_diag diag = {0};
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 3);
  for (uint32_t i = 0; i < 3; i++) {
    assert_ok(rs_wiring_builder_add(builder, i, (i + 1) % 3, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  *t = (triangle){.offset_ppb = {100000, 0, -100000}};
  for (int l = 0; l < 6; l++) t->delays_fs[l] = 5000 * TICK_FS;
  t->config = (rs_bittide_config){.wiring = wiring,
                                  .delays_fs = t->delays_fs,
                                  .offset_ppb = t->offset_ppb,
                                  .clock_hz = GHZ,
                                  .gain_p_atto = INT64_C(20000000000), /* 2·10^-8 */
                                  .gain_i_atto = 1000,                 /* 10^-15 */
                                  .period_ticks = 100000,
                                  .delay_ticks = 1000,
                                  .end_ticks = 200000000,
                                  .settled_ppb = 1000};
}

static void run_triangle(triangle *t) {
  rs_diag diag = {0};
  assert_ok(rs_bittide_run(arena, &t->config, &t->clocks, &t->report, &diag), &diag);
}

/* Without delay and integral, ω − 1 decays as exp(−k_p·3·t) (the triangle's Laplacian has the
 * eigenvalues 0, 3, 3), so ∫ Σ (ω − 1)² dt = 2·10^-8 / (2 · 3 · 2·10^-8) = 1/6 tick. The published
 * simulation with these gains says 0.1672; within a tenth. */
static void the_triangle_has_the_published_figure(void **state) {
  (void)state;
  triangle t;
  init_triangle(&t);
  run_triangle(&t);
  print_message("integral of squared deviations: %.6f ticks\n", t.report.deviation);
  assert_true(fabs(t.report.deviation - 0.1672) < 0.01672);
}

/* With tiny samples, no latency and no integral the closed form itself: 1/6 · (1 − exp(−2·3·k_p·t)),
 * t = 2·10^8: 1 − e^-24. Sampling at P adds about half of it to the delay: relative 3·k_p·P/2 · 2 =
 * 6 · 10^-5 at P = 1,000; quantised frames a little more. */
static void the_closed_form_is_met(void **state) {
  (void)state;
  triangle t;
  init_triangle(&t);
  for (int l = 0; l < 6; l++) t.delays_fs[l] = TICK_FS;
  t.config.gain_i_atto = 0;
  t.config.period_ticks = 1000;
  t.config.delay_ticks = 0;
  run_triangle(&t);
  assert_true(fabs(t.report.deviation - 1.0 / 6) < 0.002);
}

/* Proportional: in the end k_p·r cancels each offset: chips 10^-4 fast and slow have
 * r = ∓ 10^-4 / 2·10^-8 = ∓ 5,000 over two links, the right one 0. By symmetry the buffer between the
 * outer two holds twice what the others do: 2x + x = 5,000. With the integral all come back. */
static void the_integral_brings_buffers_back(void **state) {
  (void)state;
  triangle t;
  init_triangle(&t);
  t.config.gain_i_atto = 0;
  run_triangle(&t);
  assert_in_range(t.report.frames_end_max, 3330, 3337); /* 3,333 and quantisation */
  assert_in_range(t.report.spread_ppb, 0, 100);         /* a frame is 20 ppb */
  assert_true(t.report.settled_fs > 0);
  init_triangle(&t);
  t.config.end_ticks = 1500000000;
  run_triangle(&t);
  assert_in_range(t.report.frames_end_max, 0, 3);
  assert_in_range(t.report.spread_ppb, 0, 100);
}

/* Settling: 2·10^-4 between fastest and slowest decays to 10^-6 after ln(200)/(3·k_p) = 8.83·10^7
 * ticks; the delay of half a sample and a latency on average helps or hurts by a percent. */
static void settling_takes_what_theory_says(void **state) {
  (void)state;
  triangle t;
  init_triangle(&t);
  t.config.gain_i_atto = 0;
  run_triangle(&t);
  double ticks = (double)t.report.settled_fs / (double)TICK_FS;
  assert_true(fabs(ticks - 8.83e7) < 0.03 * 8.83e7);
}

static void runs_are_the_same_bits(void **state) {
  (void)state;
  triangle a, b;
  init_triangle(&a);
  init_triangle(&b);
  run_triangle(&a);
  run_triangle(&b);
  assert_memory_equal(&a.report, &b.report, sizeof a.report);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(a.clocks[i].count, b.clocks[i].count);
    assert_in_range(a.clocks[i].count, 100, 2000); /* 2·10^8 / 10^5 samples; one that changes
                                                      nothing is no piece */
    for (uint32_t k = 0; k < a.clocks[i].count; k++) {
      const rs_clock_piece *x = &a.clocks[i].pieces[k], *y = &b.clocks[i].pieces[k];
      assert_true(x->start == y->start && x->tick == y->tick && x->period == y->period);
    }
  }
}

/* With a hold the run ends a hold after it settled; what came before is the same. Gains that cannot hold
 * the chips together end it as well: without a limit the integral would take a chip's frequency
 * anywhere. */
static void runs_end_early(void **state) {
  (void)state;
  triangle whole, held;
  init_triangle(&whole);
  init_triangle(&held);
  whole.config.gain_i_atto = held.config.gain_i_atto = 0; /* no overshoot that leaves again */
  held.config.hold_ticks = 1000000;
  run_triangle(&whole);
  run_triangle(&held);
  assert_int_equal(held.report.settled_fs, whole.report.settled_fs);
  const rs_clock *clock = &held.clocks[0];
  assert_true(clock->pieces[clock->count - 1].start >> 32 <
              held.report.settled_fs + (1000000 + 200000) * TICK_FS);
  rs_diag diag = {0};
  init_triangle(&held);
  held.config.gain_i_atto = 100000000; /* 10^-10: unstable */
  assert_int_equal(rs_bittide_run(arena, &held.config, &held.clocks, &held.report, &diag),
                   RS_E_INFEASIBLE);
}

static void bad_input_is_refused(void **state) {
  (void)state;
  for (int i = 0; i < 6; i++) {
    triangle t;
    rs_diag diag = {0};
    init_triangle(&t);
    rs_bittide_config *c = &t.config;
    if (i == 0) c->gain_p_atto = 0;
    if (i == 1) c->gain_i_atto = -1;
    if (i == 2) c->period_ticks = 0;
    if (i == 3) c->delay_ticks = c->period_ticks;
    if (i == 4) c->delay_ticks = -1;
    if (i == 5) c->gain_p_atto = INT64_C(10000000000000); /* 10^-5 · 4 · 106,000 = 4.2 */
    assert_int_equal(rs_bittide_run(arena, c, &t.clocks, &t.report, &diag), RS_E_INPUT);
    assert_true(diag.what[0] != '\0');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_triangle_has_the_published_figure, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_closed_form_is_met, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_integral_brings_buffers_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(settling_takes_what_theory_says, set_up, tear_down),
      cmocka_unit_test_setup_teardown(runs_are_the_same_bits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(runs_end_early, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bad_input_is_refused, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

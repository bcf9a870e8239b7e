/* The fluid network against hand calculation, and what it says when it cannot. */
#include <math.h>

#include "rs_fluid.h"
#include "rs_random.h"
#include "rs_test_schedule.h"

static const rs_fluid_options real = {.program = RS_SIMGRID_PROGRAM};

static const double slot = 2952.0 / 125;

/* What SimGrid's doubles may lose. */
static void assert_near(double value, double expected) {
  double allowed = 1e-7 + 1e-12 * fabs(expected);
  if (!(fabs(value - expected) <= allowed)) fail_msg("%.12g instead of %.12g", value, expected);
}

static uint32_t link_path(rs_fluid *f, uint32_t from, uint32_t to) {
  uint32_t link = rs_wiring_find_link(f->wiring, from, to, 0);
  return rs_fluid_add_path(f, &link, 1);
}

/* 1, 1000 and 2^30 vectors over one link: 216 + (V − 1) · 2952/125. */
static void a_lone_message_takes_latency_and_rate(void **state) {
  (void)state;
  static const int64_t counts[] = {1, 1000, INT64_C(1) << 30};
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  for (int i = 0; i < 3; i++) {
    rs_diag diag;
    rs_fluid_result r;
    rs_fluid *f = rs_fluid_create(arena, w, &t);
    rs_flow flow = {.vectors = counts[i], .lead_cycles = 216, .path = link_path(f, 1, 2)};
    rs_fluid_add_flow(f, &flow, NULL, 0);
    assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
    assert_near(r.end_cycles, 216 + (double)(counts[i] - 1) * slot);
    assert_true(r.cpu_seconds > 0);
  }
  rs_arena_destroy(arena);
}

/* Two flows of 1000 vectors, one link. The second begins 5,000 cycles later: alone until then the first
 * has sent 5000 / slot vectors; then both go at half rate until the first is done, and the second is done
 * when the link has carried 2000 vectors: at 216 + 1999 slots, as the link is never idle. The first ends at
 * 5000 + 2 · (1000 · slot − 5000) − slot + 216 = 2000 · slot − 5000 − slot + 216. */
static void two_flows_on_a_link_get_half_each(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_fluid_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 3, false);
  rs_fluid *f = rs_fluid_create(arena, w, &t);
  rs_flow flow = {.vectors = 1000, .lead_cycles = 216, .path = link_path(f, 0, 1)};
  rs_fluid_add_flow(f, &flow, NULL, 0);
  flow.start_cycles = 5000;
  flow.tail_cycles = 7;
  rs_fluid_add_flow(f, &flow, NULL, 0);
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  assert_near(r.times[0].end_cycles, 1999 * slot - 5000 + 216);
  assert_near(r.times[1].begin_cycles, 5000);
  assert_near(r.times[1].end_cycles, 1999 * slot + 216 + 7);
  assert_near(r.end_cycles, r.times[1].end_cycles);
  rs_arena_destroy(arena);
}

/* Max-min on a line 0 → 1 → 2, 600 vectors each: A over both links, B over the first, C and D over
 * the second. The second link gives a third to each of A, C, D; the first gives B the rest, two thirds.
 * B is done after 600 / (2/3) = 900 slots, the others after 1800, as A's third is all it gets. Leads are
 * 216 a link, and both links begin at once; A begins to send 216 later than B and so on: all leads are set
 * to 432 here, so that they begin together. */
static void shares_are_max_min_fair(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_fluid_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, true);
  rs_fluid *f = rs_fluid_create(arena, w, &t);
  uint32_t both[] = {rs_wiring_find_link(w, 0, 1, 0), rs_wiring_find_link(w, 1, 2, 0)};
  rs_flow flow = {.vectors = 600, .lead_cycles = 432};
  uint32_t paths[] = {rs_fluid_add_path(f, both, 2), link_path(f, 0, 1), link_path(f, 1, 2),
                      link_path(f, 1, 2)};
  for (int i = 0; i < 4; i++) {
    flow.path = paths[i];
    rs_fluid_add_flow(f, &flow, NULL, 0);
  }
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  static const double slots[] = {1800, 900, 1800, 1800};
  for (int i = 0; i < 4; i++) assert_near(r.times[i].end_cycles, 432 + (slots[i] - 1) * slot);
  rs_arena_destroy(arena);
}

/* 0: 100 vectors, ends at 216 + 99 slots + tail 10. 1 begins 5 after that. 2 begins 40 after the beginning
 * of 1. 3 has no vectors and joins 0 and 2. 4 waits for the join, but not before cycle 10^6. */
static void needs_delay_flows(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_fluid_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_fluid *f = rs_fluid_create(arena, w, &t);
  rs_flow flow = {.vectors = 100, .lead_cycles = 216, .tail_cycles = 10};
  flow.path = link_path(f, 0, 1);
  rs_fluid_add_flow(f, &flow, NULL, 0);
  flow.path = link_path(f, 1, 2);
  rs_fluid_add_flow(f, &flow, &(rs_flow_need){.flow = 0, .lag_cycles = 5}, 1);
  flow.path = link_path(f, 2, 3);
  rs_fluid_add_flow(f, &flow, &(rs_flow_need){.flow = 1, .of_begin = true, .lag_cycles = 40}, 1);
  rs_flow join = {0};
  rs_flow_need both[] = {{.flow = 0}, {.flow = 2}};
  rs_fluid_add_flow(f, &join, both, 2);
  flow.start_cycles = 1000000;
  rs_fluid_add_flow(f, &flow, &(rs_flow_need){.flow = 3}, 1);
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  double one = 216 + 99 * slot + 10;
  assert_near(r.times[0].end_cycles, one);
  assert_near(r.times[1].begin_cycles, one + 5);
  assert_near(r.times[1].end_cycles, one + 5 + one);
  assert_near(r.times[2].begin_cycles, one + 45);
  assert_near(r.times[3].end_cycles, one + 45 + one);
  assert_near(r.times[4].begin_cycles, 1000000);
  assert_near(r.times[4].end_cycles, 1000000 + one);
  rs_arena_destroy(arena);
}

/* Processor sharing, Poisson arrivals: a flow takes service / (1 − load) in the mean, whatever the
 * distribution of service (Kleinrock, "Queueing Systems II", 1976, 4.4). Arrivals here come with one
 * probability in each cycle, which is Poisson to within cycle / slot. Batches of 1,000 flows are nearly
 * independent; 4 standard errors of their mean. */
static void one_shared_link_is_md1_ps(void **state) {
  (void)state;
  static const int64_t gaps[] = {96, 48, 32};
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  for (int k = 0; k < 3; k++) {
    enum { BATCHES = 20, BATCH = 1000 };
    rs_diag diag;
    rs_fluid_result r;
    rs_random random;
    rs_random_init(&random, 11, (uint64_t)k);
    rs_fluid *f = rs_fluid_create(arena, w, &t);
    rs_flow flow = {.vectors = 1, .lead_cycles = 216, .path = link_path(f, 0, 1)};
    for (int i = 0; i < BATCHES * BATCH; i++) {
      do flow.start_cycles++;
      while (rs_random_below(&random, (uint64_t)gaps[k]) != 0);
      rs_fluid_add_flow(f, &flow, NULL, 0);
    }
    assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
    double mean = 0, square = 0;
    for (int b = 0; b < BATCHES; b++) {
      double sum = 0;
      for (int i = b * BATCH; i < (b + 1) * BATCH; i++) {
        sum += r.times[i].end_cycles - r.times[i].begin_cycles - 216 + slot;
      }
      mean += sum / BATCH / BATCHES;
      square += sum / BATCH * sum / BATCH / BATCHES;
    }
    double error = sqrt((square - mean * mean) / (BATCHES - 1));
    double load = slot / (double)gaps[k];
    double theory = slot / (1 - load);
    if (fabs(mean - theory) > 4 * error) {
      fail_msg("load %.2f: %.3f cycles in the link, theory %.3f, standard error %.3f", load, mean,
               theory, error);
    }
  }
  rs_arena_destroy(arena);
}

/* ---- what cannot be ---- */

static rs_status run_one(rs_arena *arena, const rs_flow *flow, const rs_flow_need *need,
                         const rs_fluid_options *options, rs_diag *diag) {
  rs_fluid_result r;
  rs_timing t = chip_timing();
  rs_fluid *f = rs_fluid_create(arena, make_wiring(arena, 4, false), &t);
  link_path(f, 0, 1);
  rs_fluid_add_flow(f, flow, need, need == NULL ? 0 : 1);
  return rs_fluid_run(f, options, &r, diag);
}

static void wrong_problems_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_flow good = {.vectors = 1, .lead_cycles = 24};
  const rs_flow_need itself = {.flow = 0};
  assert_ok(run_one(arena, &good, NULL, &real, &diag), &diag);
  assert_int_equal(run_one(arena, &good, &itself, &real, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "flow 0: it needs a flow that is not before it");
  rs_flow bad = good;
  bad.lead_cycles = 23; /* a slot is 23.616 */
  assert_int_equal(run_one(arena, &bad, NULL, &real, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "flow 0: its lead is shorter than a slot");
  bad = good;
  bad.path = 1;
  assert_int_equal(run_one(arena, &bad, NULL, &real, &diag), RS_E_INPUT);
  bad = good;
  bad.vectors = -1;
  assert_int_equal(run_one(arena, &bad, NULL, &real, &diag), RS_E_INPUT);
  bad = good;
  bad.start_cycles = INT64_MAX;
  assert_int_equal(run_one(arena, &bad, NULL, &real, &diag), RS_E_INPUT);
  rs_timing t = chip_timing();
  rs_fluid_result r;
  rs_fluid *f = rs_fluid_create(arena, make_wiring(arena, 4, true), &t);
  uint32_t apart[] = {rs_wiring_find_link(f->wiring, 0, 1, 0),
                      rs_wiring_find_link(f->wiring, 2, 3, 0)};
  rs_fluid_add_path(f, apart, 2);
  assert_int_equal(rs_fluid_run(f, &real, &r, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "path 0 of flows: its links do not join");
  rs_arena_destroy(arena);
}

/* A program that is not there, one that is not SimGrid's, a limit of memory that it cannot live in, and
 * one of time: each is a status with its reason, and none takes the test with it. */
static void a_failing_child_is_a_status(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_flow flow = {.vectors = 1, .lead_cycles = 24};
  rs_fluid_options none = {.program = "/nonexistent/realscale-simgrid"};
  assert_int_equal(run_one(arena, &flow, NULL, &none, &diag), RS_E_SYSTEM);
  assert_non_null(strstr(diag.what, "does not start"));
  rs_fluid_options wrong = {.program = "/bin/false"};
  assert_int_equal(run_one(arena, &flow, NULL, &wrong, &diag), RS_E_SYSTEM);
  assert_string_equal(diag.what, "SimGrid ended with exit status 1 before its answer");
  rs_fluid_options silent = {.program =
                                 "/bin/cat"}; /* gives back what it gets, which is no answer */
  assert_int_equal(run_one(arena, &flow, NULL, &silent, &diag), RS_E_SYSTEM);
  rs_fluid_options small = {.program = RS_SIMGRID_PROGRAM, .memory_bytes_max = 1 << 20};
  assert_int_equal(run_one(arena, &flow, NULL, &small, &diag), RS_E_SYSTEM);
  rs_timing t = chip_timing();
  rs_fluid_result r;
  rs_fluid *f = rs_fluid_create(arena, make_wiring(arena, 4, false), &t);
  rs_flow many = {.vectors = 1000, .lead_cycles = 24, .path = link_path(f, 0, 1)};
  for (int i = 0; i < 30000; i++) { /* all at once on one link: each end is a new share for all */
    many.vectors++;
    rs_fluid_add_flow(f, &many, NULL, 0);
  }
  rs_fluid_options hasty = {.program = RS_SIMGRID_PROGRAM, .cpu_seconds_max = 1};
  assert_int_equal(rs_fluid_run(f, &hasty, &r, &diag), RS_E_LIMIT);
  assert_string_equal(diag.what, "SimGrid needed more than 1 s of processor time");
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lone_message_takes_latency_and_rate),
      cmocka_unit_test(two_flows_on_a_link_get_half_each),
      cmocka_unit_test(shares_are_max_min_fair),
      cmocka_unit_test(needs_delay_flows),
      cmocka_unit_test(one_shared_link_is_md1_ps),
      cmocka_unit_test(wrong_problems_are_refused),
      cmocka_unit_test(a_failing_child_is_a_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

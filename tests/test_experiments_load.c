/* Traffic points: three networks at one load against numbers by hand, patterns, loads that saturate, and
 * what is wrong in a file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs_experiment.h"
#include "rs_result.h"
#include "rs_test.h"

static rs_arena *arena;

static int make_arena(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static int destroy_arena(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static rs_status parse(const char *more, const rs_experiment **e, rs_diag *diag) {
  const char *text = rs_arena_printf(arena, "name: t\ntask: traffic\n%s", more);
  return rs_experiment_parse(arena, "e.yaml", text, strlen(text), NULL, 0, e, diag);
}

static rs_result run(const char *more) {
  const rs_experiment *e;
  rs_diag diag = {0};
  rs_result result;
  assert_ok(parse(more, &e, &diag), &diag);
  assert_ok(rs_result_compute(arena, &e->points[0], &result, &diag), &diag);
  return result;
}

static double number(rs_result *r, const char *column) {
  const rs_cell *cell = rs_result_cell(r, column);
  return cell->kind == RS_CELL_I64 ? (double)cell->integer : cell->number;
}

/* A node of eight at load 0.6: queues of first come, first served wait ρ·slot / (2·(1 − ρ)) more than
 * their own slot (M/D/1), shared links slot / (1 − ρ) in all, the timetable nothing. The rest is
 * send 207 + 216 + receive 207 = 630 cycles, which includes a slot of 23.616. Arrivals are the chip's own, a
 * seventh of which wants each link; a measured mean is held against four of its half widths. */
static void three_networks_at_one_load(void **state) {
  (void)state;
  static const char keys[] = "topology: mesh:8\noffered_load: 0.6\nmeasure_slots: 4000\nnetwork: ";
  const double slot = 23.616, clock = 900e6, load = 0.6;
  rs_result r = run(rs_arena_printf(arena, "%sscheduled\n", keys));
  assert_true(fabs(number(&r, "latency_mean_s") * clock - 630) < 1e-6);
  r = run(rs_arena_printf(arena, "%sadaptive\n", keys));
  double width = number(&r, "latency_half_width_s") * clock;
  double wait = number(&r, "latency_mean_s") * clock - 630;
  /* a packet may wait up to a cycle for the next whole one, half of it in the mean */
  assert_true(width > 0 && fabs(wait - load * slot / (2 * (1 - load)) - 0.5) < 0.5 + 4 * width);
  r = run(rs_arena_printf(arena, "%sfluid\n", keys));
  assert_string_equal(rs_result_cell(&r, "routing")->text, "fluid");
  width = number(&r, "latency_half_width_s") * clock;
  wait = number(&r, "latency_mean_s") * clock - 630;
  assert_true(width > 0 && fabs(wait - load * slot / (1 - load)) < 4 * width);
}

/* All to one place: a ring of four, tornado i → i + 1 uses half of its links, so that at a load of 1 of
 * uniform traffic, 8 links · 3 / (1 + 2 + 1) / 4 = 1.5 vectors a slot and chip, each such link is offered 1.5
 * of what it can carry. Both networks of packets say that they are saturated, and no latency. */
static void saturation_is_said(void **state) {
  (void)state;
  static const char *const networks[] = {"adaptive", "fluid"};
  for (int i = 0; i < 2; i++) {
    rs_result r = run(rs_arena_printf(
        arena, "topology: ring:4\noffered_load: 1\npattern: tornado\nnetwork: %s\n", networks[i]));
    assert_int_equal(rs_result_cell(&r, "saturated")->integer, 1);
    assert_int_equal(rs_result_cell(&r, "latency_mean_s")->kind, RS_CELL_ABSENT);
    assert_non_null(strstr(rs_result_cell(&r, "reason")->text, "saturated"));
    assert_false(r.failed);
  }
}

/* A window that SimGrid cannot do, here of ten million packets: the shortest is taken, and the row says so.
 * Warm-up is the 630 cycles of a way and a tenth, 27 slots and so 30; 40 are measured, in which a chip sends
 * 7 · 0.6 · 40 = 168 vectors; 1,344 of 8 chips give or take three roots. Their latency is the same. */
static void a_shorter_window_is_said(void **state) {
  (void)state;
  const double slot = 23.616, clock = 900e6, load = 0.6;
  rs_result r = run("topology: mesh:8\noffered_load: 0.6\nmeasure_slots: 200000\nnetwork: fluid\n");
  double width = number(&r, "latency_half_width_s") * clock;
  double share = number(&r, "latency_mean_s") * clock - 630 + slot;
  assert_int_equal(rs_result_cell(&r, "measure_slots")->integer, 40);
  assert_true(fabs(number(&r, "packets") - 8 * 168 * 70.0 / 40) < 3 * sqrt(8 * 168 * 70.0 / 40));
  assert_true(width > 0 && fabs(share - slot / (1 - load)) < 4 * width);
  assert_string_equal(rs_result_cell(&r, "reason")->text, "");
  r = run("topology: mesh:8\noffered_load: 0.6\nmeasure_slots: 300\nnetwork: fluid\n");
  assert_int_equal(rs_result_cell(&r, "measure_slots")->integer, 300);
}

/* A ring with one channel and buffers of one vector, all three hops the same way: every buffer is full and
 * waits for the next. The eight are named, once each; with a channel a hop the same traffic moves. */
static void a_deadlock_is_a_failed_row(void **state) {
  (void)state;
  static const char keys[] =
      "topology: ring:8\noffered_load: 0.9\npattern: tornado\nnetwork: adaptive\n"
      "buffer_vectors: 1\n";
  rs_result r = run(rs_arena_printf(arena, "%svirtual_channels: 1\n", keys));
  const char *reason = rs_result_cell(&r, "reason")->text;
  assert_true(r.failed);
  assert_non_null(strstr(reason, "deadlock at cycle "));
  assert_non_null(strstr(reason, "a cycle of 8 full buffers, each waiting for the next: "));
  for (int i = 0; i < 8; i++) {
    char port[40];
    snprintf(port, sizeof port, "%d>%d channel 0", i, (i + 1) % 8);
    const char *found = strstr(reason, port);
    assert_non_null(found);
    assert_null(strstr(found + 1, port));
  }
  r = run(keys);
  assert_false(r.failed);
  assert_true(number(&r, "accepted_load") > 0);
}

/* Beyond SimGrid's reach: a row that says so, at once. */
static void a_point_beyond_reach_is_a_row(void **state) {
  (void)state;
  rs_result r = run("topology: realscale:264\noffered_load: 0.6\nnetwork: fluid\n");
  assert_non_null(strstr(rs_result_cell(&r, "reason")->text, "beyond SimGrid's reach"));
  assert_int_equal(rs_result_cell(&r, "latency_mean_s")->kind, RS_CELL_ABSENT);
  assert_false(r.failed);
}

static void mistakes_have_a_place(void **state) {
  (void)state;
  static const struct {
    const char *keys, *message;
  } cases[] = {
      {"topology: realscale:24\noffered_load: 0.5\nnetwork: adaptive\npattern: bit-reverse\n",
       "e.yaml:6:10: pattern 'bit-reverse' needs a power of two of chips, and there are 24"},
      {"topology: mesh:8\noffered_load: 0.5\nnetwork: adaptive\npattern: group\n",
       "e.yaml:6:10: pattern 'group' needs two groups or more; 8 chips are one group of 8"},
      {"topology: mesh:8\noffered_load: 0\n",
       "e.yaml:4:15: offered_load: '0' is no share; expected a share above 0 and at most 1, such "
       "as "
       "0.35"},
      {"topology: mesh:8\noffered_load: 1.5\n",
       "e.yaml:4:15: offered_load: '1.5' is no share; expected a share above 0 and at most 1, such "
       "as 0.35"},
      {"topology: mesh:8\noffered_load: 0.5\nmeasure_slots: 0\n",
       "e.yaml:5:16: measure_slots: '0' is out of range; expected a whole number from 1 to "
       "1000000"},
      {"topology: mesh:8\noffered_load: 0.5\npattern: tornado\n",
       "e.yaml:5:10: the scheduled network has a timetable for uniform traffic only; expected "
       "uniform or all-to-all"},
      {"topology: mesh:8\noffered_load: 0.5\nrouting: fluit\n",
       "e.yaml:5:10: routing: unknown word 'fluit'; expected minimal or valiant or ugal or "
       "timetable "
       "or fluid; did you mean 'fluid'?"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    const rs_experiment *e;
    rs_diag diag = {0};
    char text[1024];
    assert_int_equal(parse(cases[i].keys, &e, &diag), RS_E_INPUT);
    rs_diag_format(&diag, text, sizeof text);
    assert_string_equal(text, cases[i].message);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(three_networks_at_one_load, make_arena, destroy_arena),
      cmocka_unit_test_setup_teardown(saturation_is_said, make_arena, destroy_arena),
      cmocka_unit_test_setup_teardown(a_shorter_window_is_said, make_arena, destroy_arena),
      cmocka_unit_test_setup_teardown(a_deadlock_is_a_failed_row, make_arena, destroy_arena),
      cmocka_unit_test_setup_teardown(a_point_beyond_reach_is_a_row, make_arena, destroy_arena),
      cmocka_unit_test_setup_teardown(mistakes_have_a_place, make_arena, destroy_arena),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A collective as an experiment: its keys, every mistake with its place, its rows and its pictures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_experiment.h"
#include "rs_result.h"
#include "rs_test.h"
#include "rs_test_mistakes.h"

static const char good[] =
    "name: test\n"
    "task: collective\n"
    "collective: all-reduce\n"
    "topology: mesh:8\n"
    "bytes: 1280B\n"
    "timing: unit\n";

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

static const rs_experiment *parse(const char *more) {
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  const char *text = rs_arena_printf(arena, "%s%s", good, more);
  assert_ok(rs_experiment_parse(arena, "e.yaml", text, strlen(text), NULL, 0, &e, &diag), &diag);
  return e;
}

/* ---- keys ---- */

static void keys_become_a_request(void **state) {
  (void)state;
  const rs_point *p = &parse("")->points[0];
  assert_int_equal(p->task, RS_TASK_COLLECTIVE);
  assert_int_equal(p->collective.kind, RS_ALL_REDUCE);
  assert_int_equal(p->collective.block_bytes, 1280);
  assert_int_equal(p->collective.chip_count, 8);
  assert_int_equal(p->collective.chips[7], 7);
  assert_int_equal(p->collective.root, RS_NONE);
  assert_null(p->collective.algorithm);
  assert_int_equal(p->timing.slot_num, p->timing.slot_den); /* a slot is a cycle */
  p = &parse("chips: 2,4-6\nalgorithm: ring\n")->points[0];
  assert_int_equal(p->collective.chip_count, 4);
  assert_int_equal(p->collective.chips[0], 2);
  assert_int_equal(p->collective.chips[3], 6);
  assert_string_equal(p->collective.algorithm, "ring");
}

/* Sizes are swept with their units; groups follow the wiring; a root is the first of the group. */
static void sweeps_take_sizes_and_kinds(void **state) {
  (void)state;
  const rs_experiment *e = parse(
      "sweep: {bytes: [320B, 16KiB, 1GiB], topology: ['mesh:8', 'ring:5'], collective: [scatter, "
      "send], timing: [chip, unit], chips: [all, '3,1']}\n");
  assert_int_equal(e->point_count, 3 * 2 * 2 * 2 * 2);
  assert_int_equal(e->points[0].collective.block_bytes, 320);
  assert_int_equal(e->points[16].collective.block_bytes, 16 * 1024);
  assert_int_equal(e->points[47].collective.block_bytes, INT64_C(1) << 30);
  assert_int_equal(e->points[0].collective.chip_count, 8);
  assert_int_equal(e->points[0].collective.root, 0);
  assert_int_equal(e->points[1].collective.chip_count, 2); /* chips 3,1 */
  assert_int_equal(e->points[1].collective.root, 3);
  assert_int_equal(e->points[4].collective.kind, RS_SEND);
  assert_int_equal(e->points[4].collective.root, RS_NONE);
  assert_int_equal(e->points[8].collective.chip_count, 5); /* the ring */
  assert_true(e->points[0].timing.slot_num != e->points[2].timing.slot_num);
}

static void check_mistake(const char *from, const char *to, const char *line) {
  assert_mistake(arena, edit(arena, good, from, to), NULL, 0, line);
}

static void mistakes_have_a_place(void **state) {
  (void)state;
  check_mistake("1280B", "1280",
                "e:5:8: bytes: '1280' is not a size with its unit; expected a size");
  check_mistake("1280B", "16MHz", "e:5:8: bytes: '16MHz' is not a size with its unit");
  check_mistake("1280B", "0B", "e:5:8: bytes: '0B' is out of range");
  check_mistake("1280B", "-1KiB", "e:5:8: bytes: '-1KiB' is out of range");
  check_mistake("1280B", "99999999999GiB", "e:5:8: bytes: '99999999999GiB' is out of range");
  check_mistake("bytes: 1280B\n", "", "e:1:1: the key 'bytes' is missing; expected bytes: a size");
  check_mistake(
      "all-reduce", "al-reduce",
      "e:3:13: collective: unknown word 'al-reduce'; expected all-reduce or reduce-scatter "
      "or all-gather or broadcast");
  check_mistake(
      NULL, "algorithm: rng\n",
      "e:7:12: unknown algorithm 'rng'; expected auto, or an algorithm of 'realscale list "
      "collectives'; did you mean 'ring'?");
  check_mistake(NULL, "chips: 0-8\n",
                "e:7:8: chips: there is no chip 8 on mesh:8; expected chips 0 to 7, each once");
  check_mistake(NULL, "chips: 1,1\n", "e:7:8: chips: chip 1 stands twice");
  check_mistake(NULL, "chips: 3-x\n", "e:7:8: ");
  check_mistake(NULL, "network: adaptiv\n", "e:7:10: network: unknown word 'adaptiv'");
  check_mistake(NULL, "batch: 2\n", "e:7:8: task 'collective' has no key 'batch'");
  check_mistake(NULL, "plots: [{kind: line, x: bytes, y: makespan_s, log: z}]\n",
                "e:7:52: unknown axes 'z' for log; expected none, x, y or xy");
  check_mistake(NULL, "plots: [{kind: line, x: bytes, y: makespan_s, bound: algorithm}]\n",
                "e:7:54: the column 'algorithm' holds texts");
  check_mistake(NULL, "plots: [{kind: bar, x: bytes, y: makespan_s, bound: lower_bound_s}]\n",
                "e:7:9: a plot of this kind has no bound or log");
}

/* ---- rows ---- */

static rs_result compute(const rs_point *point) {
  rs_result r;
  rs_diag diag = {0};
  assert_ok(rs_result_compute(arena, point, &r, &diag), &diag);
  return r;
}

static int64_t integer_of(rs_result *r, const char *column) {
  const rs_cell *cell = rs_result_cell(r, column);
  if (cell->kind != RS_CELL_I64) fail_msg("%s is no whole number", column);
  return cell->integer;
}

static double number_of(rs_result *r, const char *column) {
  const rs_cell *cell = rs_result_cell(r, column);
  if (cell->kind != RS_CELL_DOUBLE) fail_msg("%s is no number", column);
  return cell->number;
}

static void columns_begin_as_the_design_says(void **state) {
  (void)state;
  static const char *const wanted[] = {"collective",
                                       "algorithm",
                                       "topology",
                                       "chips",
                                       "bytes",
                                       "network",
                                       "makespan_cycles",
                                       "makespan_s",
                                       "lower_bound_cycles",
                                       "ratio_to_lower_bound",
                                       "bus_bandwidth_bytes_per_s",
                                       "bursts"};
  size_t count;
  const char *const *columns = rs_result_columns(RS_TASK_COLLECTIVE, &count);
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    assert_string_equal(columns[i], wanted[i]);
  }
}

/* On a full mesh one-shot is one hop: 4 vectors over each of 8 · 7 links, the last of which arrives
 * 1 + 3 cycles after the first departure. Its bus bandwidth is 2 · 7/8 · 1,280 bytes in that time. */
static void a_row_can_be_worked_out(void **state) {
  (void)state;
  const rs_point *p = &parse("algorithm: one-shot\n")->points[0];
  rs_result r = compute(p);
  assert_int_equal(integer_of(&r, "makespan_cycles"), 4);
  assert_int_equal(integer_of(&r, "bursts"), 56);
  assert_int_equal(integer_of(&r, "vector_hops"), 4 * 56);
  double seconds = 4 / (double)p->timing.clock_hz;
  assert_true(fabs(number_of(&r, "makespan_s") - seconds) < 1e-12 * seconds);
  assert_true(fabs(number_of(&r, "bus_bandwidth_bytes_per_s") * seconds - 2240) < 1e-6);
  double ratio = 4 / (double)integer_of(&r, "lower_bound_cycles");
  assert_true(fabs(number_of(&r, "ratio_to_lower_bound") - ratio) < 1e-12);
  assert_string_equal(rs_result_cell(&r, "algorithm_asked")->text, "one-shot");
  assert_false(r.failed);
}

/* The same on packets and on flows: one hop, and nothing that shares a link. With hop buffers of one vector
 * (credit returns a cycle after a vector left) packets keep their pace too. */
static void other_networks_without_contention(void **state) {
  (void)state;
  static const char *const networks[] = {"adaptive", "fluid"};
  for (int i = 0; i < 2; i++) {
    const rs_point *p =
        &parse(rs_arena_printf(arena, "algorithm: one-shot\nnetwork: %s\n", networks[i]))
             ->points[0];
    rs_result r = compute(p);
    assert_string_equal(rs_result_cell(&r, "network")->text, networks[i]);
    assert_int_equal(integer_of(&r, "makespan_cycles"), 4);
    assert_int_equal(integer_of(&r, "messages"), 56);
    assert_int_equal(integer_of(&r, "vector_hops"), 4 * 56);
    assert_int_equal(rs_result_cell(&r, "bursts")->kind, RS_CELL_ABSENT);
    assert_string_equal(rs_result_cell(&r, "reason")->text, "");
  }
}

/* A network that decides by itself is not faster than what no network can beat, and all take the same
 * links where ways are minimal. */
static void other_networks_with_contention(void **state) {
  (void)state;
  static const char text[] =
      "name: t\ntask: collective\ncollective: all-to-all\nalgorithm: paths\n"
      "topology: realscale:16\nbytes: 3200B\nnetwork: adaptive\n"
      "sweep:\n  routing: [timetable, minimal, valiant, ugal, fluid]\n";
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  assert_ok(rs_experiment_parse(arena, "e", text, strlen(text), NULL, 0, &e, &diag), &diag);
  assert_int_equal(e->point_count, 5);
  int64_t hops = 0;
  for (size_t i = 0; i < 5; i++) {
    rs_result r = compute(&e->points[i]);
    assert_true(integer_of(&r, "makespan_cycles") >= integer_of(&r, "lower_bound_cycles"));
    if (i == 0) hops = integer_of(&r, "vector_hops");
    bool detours = i == 2 || i == 3;
    if (detours) assert_true(integer_of(&r, "vector_hops") > hops);
    if (!detours) assert_int_equal(integer_of(&r, "vector_hops"), hops);
  }
}

/* What does not go together is a row that says why. */
static void a_point_without_an_algorithm_is_a_row(void **state) {
  (void)state;
  static const char text[] =
      "name: t\ntask: collective\ncollective: all-gather\nalgorithm: exchange\n"
      "topology: ring:4\nbytes: 1KiB\n";
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  assert_ok(rs_experiment_parse(arena, "e", text, strlen(text), NULL, 0, &e, &diag), &diag);
  rs_result r = compute(&e->points[0]);
  assert_int_equal(rs_result_cell(&r, "makespan_s")->kind, RS_CELL_ABSENT);
  assert_string_equal(rs_result_cell(&r, "algorithm")->text, "exchange");
  assert_true(rs_result_cell(&r, "reason")->text[0] != '\0');
  assert_false(r.failed);
}

/* ---- pictures ---- */

/* A bound that series share stands once; bounds that differ stand each with its series. */
static void count_bounds(const char *sweep, const char *wanted) {
  const rs_experiment *e = parse(rs_arena_printf(
      arena, "%splots: [{kind: line, x: bytes, y: makespan_s, bound: lower_bound_s, log: xy}]\n",
      sweep));
  rs_result *rows = RS_ARENA_NEW(arena, rs_result, e->point_count);
  rs_table *table;
  rs_diag diag = {0};
  rs_text data, variables;
  for (size_t i = 0; i < e->point_count; i++) rows[i] = compute(&e->points[i]);
  assert_ok(rs_result_tabulate(arena, e->task, rows, e->point_count, &table, &diag), &diag);
  rs_text_init(&data);
  rs_text_init(&variables);
  rs_sink to_data = rs_text_sink(&data);
  rs_sink to_variables = rs_text_sink(&variables);
  assert_ok(rs__draw_data(arena, table, &e->plots[0], "t", &to_data, &to_variables, &diag), &diag);
  if (strstr(variables.bytes, wanted) == NULL) fail_msg("%s", variables.bytes);
  assert_non_null(strstr(variables.bytes, "is_log_y = 1; "));
  assert_non_null(strstr(variables.bytes, "\"320 B\" 320, \"2 KiB\" 2048'"));
  rs_text_deinit(&data);
  rs_text_deinit(&variables);
}

static void bounds_are_drawn_once(void **state) {
  (void)state;
  count_bounds("sweep: {algorithm: [one-shot, ring], bytes: [320B, 2KiB]}\n",
               "bound_of = '0 '; bounds = 1; ");
  count_bounds("sweep: {topology: ['mesh:8', 'ring:8'], bytes: [320B, 2KiB]}\n",
               "bound_of = '0 1 '; bounds = 2; ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_become_a_request),
      cmocka_unit_test(sweeps_take_sizes_and_kinds),
      cmocka_unit_test(mistakes_have_a_place),
      cmocka_unit_test(columns_begin_as_the_design_says),
      cmocka_unit_test(a_row_can_be_worked_out),
      cmocka_unit_test(other_networks_without_contention),
      cmocka_unit_test(other_networks_with_contention),
      cmocka_unit_test(a_point_without_an_algorithm_is_a_row),
      cmocka_unit_test(bounds_are_drawn_once),
  };
  return cmocka_run_group_tests(tests, make_arena, destroy_arena);
}

/* `realscale topology` beyond measures: routes, and what it says to what it cannot use. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs_program.h"

static json_t *run_json(const char *arguments) {
  rs_program_output output = run_program(arguments);
  if (output.status != 0) fail_msg("`%s`: %s", arguments, output.error);
  json_error_t error;
  json_t *rows = json_loads(output.out, JSON_REJECT_DUPLICATES, &error);
  if (rows == NULL) fail_msg("`%s`: not JSON: %s", arguments, error.text);
  free_output(&output);
  return rows;
}

static double number_of(const json_t *rows, size_t row, const char *key) {
  const json_t *value = json_object_get(json_array_get(rows, row), key);
  if (!json_is_number(value)) fail_msg("row %zu has no number '%s'", row, key);
  return json_number_value(value);
}

static const char *text_of(const json_t *rows, size_t row, const char *key) {
  const json_t *value = json_object_get(json_array_get(rows, row), key);
  if (!json_is_string(value)) fail_msg("row %zu has no text '%s'", row, key);
  return json_string_value(value);
}

/* ---- routes ---- */

/* K8: every route is its own cable. The torus: Σ distances over 384 links is 64·63·3.04762/384 =
 * 12,288/384 = 32. */
static void minimal_routes_are_counted(void **state) {
  (void)state;
  json_t *rows = run_json("topology mesh:8 torus:4x4x4 --routes minimal --format json");
  assert_int_equal(number_of(rows, 0, "pairs"), 56);
  assert_true(number_of(rows, 0, "hops_mean") == 1.0);
  assert_int_equal(number_of(rows, 0, "link_load_max"), 1);
  assert_true(number_of(rows, 0, "load_max_over_mean") == 1.0);
  assert_int_equal(number_of(rows, 1, "hops_max"), 6);
  assert_true(number_of(rows, 1, "link_load_mean") == 32.0);
  assert_int_equal(number_of(rows, 1, "detours"), 0);
  assert_string_equal(text_of(rows, 1, "check"), "good");
  json_decref(rows);
}

/* In a rack cables between nodes carry most: some routes go round the heaviest, which sheds load. */
static void detours_keep_to_their_limit(void **state) {
  (void)state;
  json_t *least = run_json("topology realscale:72,levels=2 --routes minimal --format json");
  json_t *more = run_json("topology realscale:72,levels=2 --routes detour:4 --format json");
  assert_int_equal(number_of(least, 0, "hops_max"), 3);
  assert_true(number_of(more, 0, "hops_max") <= 4);
  assert_true(number_of(more, 0, "detours") > 0);
  assert_true(number_of(more, 0, "link_load_max") < number_of(least, 0, "link_load_max"));
  assert_true(number_of(more, 0, "hops_mean") > number_of(least, 0, "hops_mean"));
  json_decref(least);
  json_decref(more);
  assert_refused("topology realscale:264 --routes detour:2", 1,
                 "no path from chip 16 to chip 0 within 2 hops: it takes 3");
}

/* K8: the cable itself and six ways over one chip: 1 + 6·2 hops in 7 paths. A ring of 8 without chip
 * 3 is a line: one path. */
static void disjoint_paths_are_counted(void **state) {
  (void)state;
  json_t *rows = run_json("topology mesh:8 --routes disjoint --format json");
  assert_int_equal(number_of(rows, 0, "pairs"), 56);
  assert_int_equal(number_of(rows, 0, "paths_min"), 7);
  assert_int_equal(number_of(rows, 0, "paths_max"), 7);
  assert_true(fabs(number_of(rows, 0, "hops_mean") - 13.0 / 7) < 1e-12);
  json_decref(rows);
  rows = run_json("topology ring:8 --fail-chip 3 --routes disjoint --format json");
  assert_int_equal(number_of(rows, 0, "pairs"), 42);
  assert_int_equal(number_of(rows, 0, "paths_max"), 1);
  assert_int_equal(number_of(rows, 0, "hops_max"), 6);
  json_decref(rows);
}

static void the_paths_of_a_pair_are_shown(void **state) {
  (void)state;
  json_t *rows = run_json("topology ring:5 --routes disjoint --pair 0-2 --format json");
  assert_int_equal(json_array_size(rows), 2);
  assert_string_equal(text_of(rows, 0, "links"), "0>1 1>2");
  assert_string_equal(text_of(rows, 1, "links"), "0>4 4>3 3>2");
  json_decref(rows);
  rows = run_json("topology ring:5 --routes minimal --pair 3-0 --format json");
  assert_int_equal(json_array_size(rows), 1);
  assert_string_equal(text_of(rows, 0, "links"), "3>4 4>0");
  json_decref(rows);
}

static void bad_routes_are_refused(void **state) {
  (void)state;
  assert_refused("topology mesh:8 --routes minimum", 2, "did you mean 'minimal'?");
  assert_refused("topology mesh:8 --routes detour:0", 2, "from 1 to 64");
  assert_refused("topology mesh:8 --routes detour:", 2, "from 1 to 64");
  assert_refused("topology mesh:8 --routes detour:65", 2, "from 1 to 64");
  assert_refused("topology mesh:8 --pair 0-1", 2, "--pair needs --routes");
  assert_refused("topology mesh:8 --routes minimal --pair 0-8", 2, "there is no chip 8");
  assert_refused("topology mesh:8 --routes minimal --pair 3-3", 2, "two different chips");
  assert_refused("topology mesh:8 --routes minimal --pair 3", 2, "is not a pair");
  assert_refused("topology mesh:8 --routes minimal --pair 1-2-3", 2, "is not a pair");
  assert_refused("topology realscale:10440 --routes minimal", 2, "at most 2048 fit");
  assert_refused("topology ring:8 --fail-link 0-1 --fail-link 4-5 --routes minimal", 1, "no path");
}

/* ---- spares, faults, files ---- */

/* One rack: 64 of 72 chips work, and a collective without a list of chips is among them. */
static void spares_are_counted_and_left_alone(void **state) {
  (void)state;
  json_t *rows = run_json("topology realscale:72,spare=1 realscale:72 --format json");
  assert_int_equal(number_of(rows, 0, "spare_chips"), 8);
  assert_int_equal(number_of(rows, 0, "working_diameter_hops"), 3);
  assert_int_equal(number_of(rows, 0, "chips"), 72);
  assert_true(json_is_null(json_object_get(json_array_get(rows, 1), "spare_chips")));
  json_decref(rows);
  rows = run_json("compile broadcast --topology realscale:72,spare=1 --bytes 320B --format json");
  assert_int_equal(number_of(rows, 0, "chips"), 64);
  json_decref(rows);
  assert_refused("topology realscale:8,spare=1", 2, "did you mean 'realscale:16,spare=1'?");
}

static void a_wiring_in_parts_is_said(void **state) {
  (void)state;
  rs_program_output output =
      run_program("topology ring:8 --fail-chip 3 --fail-chip 6 --format csv");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.error, "is not connected"));
  free_output(&output);
  json_t *rows = run_json("topology ring:8 --fail-random 1,7 --format json");
  assert_int_equal(number_of(rows, 0, "connected"), 1);
  assert_int_equal(number_of(rows, 0, "diameter_hops"), 7); /* a ring less a cable is a line of 8 */
  json_decref(rows);
  assert_refused("topology file:", 2, "file: without a path");
  assert_refused("topology mesh:18", 2, "needs 17 ports a chip, and a chip has 16");
  assert_refused("topology mesh:18", 2, "--ports N");
  assert_refused("topology ring:8 --fail-random 9,1", 2, "there are 8");
  assert_refused("topology ring:8 --fail-random 1", 2, "not 2 numbers");
  assert_refused("topology ring:8 --fail-chip 8", 2, "no such chip");
  assert_refused("topology ring:8 --fail-link 0-2", 2, "no such cable");
}

/* A path of 150,000 chips: counted at once; its distances would take an hour. */
static void a_huge_graph_is_counted_and_not_walked(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "d=$(mktemp -d); awk 'BEGIN { for (i = 1; i < 150000; i++) print i - 1, i }' > $d/p.edges;",
      "topology file:$d/p.edges --format csv | tail -n 1 | cut -d, -f2-7; rm -r $d");
  assert_string_equal(output.out, "150000,,,1,2,149999\n");
  assert_non_null(strstr(output.error, "need --all"));
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(minimal_routes_are_counted),
      cmocka_unit_test(detours_keep_to_their_limit),
      cmocka_unit_test(disjoint_paths_are_counted),
      cmocka_unit_test(the_paths_of_a_pair_are_shown),
      cmocka_unit_test(bad_routes_are_refused),
      cmocka_unit_test(spares_are_counted_and_left_alone),
      cmocka_unit_test(a_wiring_in_parts_is_said),
      cmocka_unit_test(a_huge_graph_is_counted_and_not_walked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

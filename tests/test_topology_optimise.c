/* The search over port tables: its measures are the true ones, and its finds are one line of text.
 */
#include <stdio.h>

#include "rs_measure.h"
#include "rs_optimise.h"
#include "rs_random.h"
#include "rs_test_topology.h"

static rs_optimise_result optimise(rs_arena *arena, const char *spec,
                                   const rs_optimise_options *options) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_optimise_result result;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_optimise_ports(arena, topology, options, &result, &diag), &diag);
  return result;
}

/* Holds what the search says of a spec against the measures of the wiring that the spec builds. */
static void check_measure(rs_arena *arena, const char *spec, uint32_t target,
                          const rs_optimise_measure *said) {
  rs_measure m;
  assert_int_equal(rs_measure_distances(arena, build_spec(arena, spec), &m, NULL), RS_OK);
  uint64_t beyond = 0, total = 0;
  for (uint32_t hops = 1; hops <= RS_MEASURE_HOPS_MAX; hops++) {
    total += m.pairs_at[hops] * hops;
    if (hops > target) beyond += m.pairs_at[hops];
  }
  assert_true(m.connected);
  assert_int_equal(said->diameter_hops, m.diameter_hops);
  assert_int_equal(said->pairs_beyond, beyond);
  assert_int_equal(said->hops_total, total);
  assert_true(said->average_hops == m.average_hops);
}

/* Full and not full racks, two racks of 144 cables, 73 and 74 racks where the floor steps. */
static void measures_are_those_of_the_wiring(void **state) {
  static const char *const specs[] = {
      "realscale:144,levels=2", "realscale:88,levels=2",          "realscale:576",
      "realscale:1016",         "realscale:576,wiring=natural",   "realscale:1152,wiring=spread",
      "realscale:5256",         "realscale:5328,wiring=natural",  "realscale:10440",
      "realscale:1440",         "realscale:10440,wiring=natural", "realscale:264,levels=2"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_optimise_options options = {.seed = i, .steps_max = 5};
    rs_optimise_result r = optimise(*state, specs[i], &options);
    assert_int_equal(r.target_hops + 1, r.before.diameter_hops);
    assert_int_equal(r.steps, 5);
    check_measure(*state, specs[i], r.target_hops, &r.before);
    check_measure(*state, r.spec, r.target_hops, &r.after);
  }
}

static bool is_worse(const rs_optimise_measure *a, const rs_optimise_measure *b) {
  return a->pairs_beyond > b->pairs_beyond ||
         (a->pairs_beyond == b->pairs_beyond && a->hops_total > b->hops_total);
}

/* From the natural order of 8 racks (3.77618 hops) the search passes the shipped table (3.27478).
 */
static void the_search_gains(void **state) {
  rs_optimise_options options = {.seed = 1, .steps_max = 2000};
  rs_optimise_result r = optimise(*state, "realscale:576,wiring=natural", &options);
  assert_true(r.before.average_hops > 3.776);
  assert_true(r.after.average_hops < 3.27478);
  assert_true(!is_worse(&r.after, &r.before));
  assert_true(r.improved > 0 && r.improved <= r.accepted && r.accepted <= r.steps);
  rs_optimise_result more = optimise(*state, r.spec, &options);
  assert_int_equal(more.before.hops_total, r.after.hops_total);
  assert_true(!is_worse(&more.after, &more.before));
}

static bool count_down(void *context) {
  uint64_t *left = context;
  return (*left)-- == 0;
}

/* The same (spec, seed, steps) finds the same table, whether steps_max or `stop` ends the search;
 * another seed finds another. */
static void steps_decide_and_not_the_clock(void **state) {
  uint64_t left = 300;
  rs_optimise_options by_steps = {.seed = 7, .steps_max = 300};
  rs_optimise_options by_stop = {
      .seed = 7, .steps_max = UINT64_MAX, .stop = count_down, .stop_context = &left};
  rs_optimise_options other = {.seed = 8, .steps_max = 300};
  rs_optimise_result a = optimise(*state, "realscale:576", &by_steps);
  rs_optimise_result b = optimise(*state, "realscale:576", &by_stop);
  rs_optimise_result c = optimise(*state, "realscale:576", &other);
  assert_int_equal(b.steps, 300);
  assert_string_equal(a.spec, b.spec);
  assert_memory_equal(a.ports, b.ports, sizeof a.ports);
  assert_int_equal(a.accepted, b.accepted);
  assert_string_not_equal(a.spec, c.spec);
}

/* No steps: the table of the spec, as text, builds the same wiring. */
static void a_table_as_text_is_the_same_wiring(void **state) {
  static const char *const specs[] = {"realscale:10440", "realscale:576,wiring=natural",
                                      "realscale:584,wiring=spread", "realscale:144,levels=2"};
  rs_optimise_options options = {0};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_diag diag = {0};
    rs_topology *again;
    rs_optimise_result r = optimise(*state, specs[i], &options);
    assert_true(rs_wiring_digest(build_spec(*state, r.spec)) ==
                rs_wiring_digest(build_spec(*state, specs[i])));
    assert_ok(rs_topology_parse(*state, r.spec, &again, &diag), &diag);
    assert_string_equal(rs_topology_spec(again), r.spec);
    assert_int_equal(r.accepted, 0);
  }
}

static void systems_without_racks_are_refused(void **state) {
  static const char *const specs[] = {"realscale:264", "realscale:72,levels=2", "mesh:8"};
  rs_optimise_options options = {.steps_max = 1};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_diag diag = {0};
    rs_topology *topology;
    rs_optimise_result r;
    assert_ok(rs_topology_parse(*state, specs[i], &topology, &diag), &diag);
    assert_int_equal(rs_optimise_ports(*state, topology, &options, &r, &diag), RS_E_INFEASIBLE);
    assert_non_null(strstr(diag.what, "no ports between racks"));
  }
}

/* ---- tables as text ---- */

/* The natural table, then `edit` at `at`. */
static char *natural_spec(rs_arena *arena, const char *before, const char *after, size_t at,
                          const char *edit) {
  char ports[289];
  for (uint32_t slot = 0; slot < 144; slot++) {
    ports[2 * slot] = (char)('0' + slot / 16);
    ports[2 * slot + 1] = (char)('0' + slot % 8);
  }
  ports[288] = '\0';
  if (edit[0] == '\0') {
    ports[at] = '\0';
  } else {
    memcpy(ports + at, edit, strlen(edit));
  }
  return rs_arena_printf(arena, "%s%s%s", before, ports, after);
}

/* "realscale:576,ports=" has 20 characters, so that the table starts at column 21. */
static void bad_tables_say_where(void **state) {
  static const struct {
    const char *before, *after, *edit;
    size_t at;
    int column;
    const char *what;
  } cases[] = {
      {"realscale:576,ports=", "", "9", 4, 25, "a node that is not 0-8"},
      {"realscale:576,ports=", "", "8", 5, 26, "a chip that is not 0-7"},
      {"realscale:576,ports=", "", "x", 287, 308, "a chip that is not 0-7"},
      {"realscale:576,ports=", "", "00", 2, 37, "a chip more than twice"}, /* slot 8 is the third */
      {"realscale:576,ports=", "", "", 286, 307, "too short"},
      {"realscale:576,ports=", "", "", 0, 21, "too short"},
      {"realscale:576,ports=", "0", "0", 0, 309, "more than 288 characters"},
      {"realscale:576,wiring=optimised,ports=", "", "0", 0, 38, "two tables"},
      {"realscale:264,ports=", "", "0", 0, 21, "no rack level"},
      {"realscale:576,ports=", ",ports=0", "0", 0, 316, "given twice"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_diag diag = {0};
    rs_topology *topology;
    const char *spec =
        natural_spec(*state, cases[i].before, cases[i].after, cases[i].at, cases[i].edit);
    assert_int_equal(rs_topology_parse(*state, spec, &topology, &diag), RS_E_INPUT);
    assert_non_null(strstr(diag.what, cases[i].what));
    assert_int_equal(diag.column, cases[i].column);
  }
}

/* 74 racks use ports 0 … 72 of 144. With the natural table node 0 has ports 0 … 15, so that a last
 * rack of one node has cables; with the table turned by 72 node 0 has ports 72 … 87, of which 72
 * is used; turned by 73 and more it has none. */
static void a_last_rack_without_cables_is_refused(void **state) {
  for (uint32_t turn = 72; turn <= 73; turn++) {
    char ports[289];
    rs_diag diag = {0};
    rs_topology *topology;
    for (uint32_t slot = 0; slot < 144; slot++) {
      uint32_t from = (slot + 144 - turn) % 144;
      snprintf(ports + (size_t)2 * slot, 3, "%u%u", from / 16, from % 8);
    }
    const char *spec = rs_arena_printf(*state, "realscale:%d,ports=%s", 73 * 72 + 8, ports);
    rs_status status = rs_topology_parse(*state, spec, &topology, &diag);
    assert_int_equal(status, turn == 72 ? RS_OK : RS_E_INFEASIBLE);
    if (status != RS_OK) assert_non_null(strstr(diag.what, "the last rack, of 8 chips"));
  }
}

/* Any table that parses prints back to itself and builds; seeded changes of a good one. */
static void mutants_of_a_table_are_refused_or_print_back(void **state) {
  static const char alphabet[] = "0123456789,= x";
  rs_random random;
  uint32_t parsed = 0;
  (void)state;
  rs_random_init(&random, 20, 0);
  for (uint32_t i = 0; i < 5000; i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag = {0};
    rs_topology *topology, *again;
    char *spec = natural_spec(arena, "realscale:576,ports=", "", 0, "0");
    size_t length = strlen(spec);
    size_t a = 20 + rs_random_below(&random, length - 20);
    size_t b = 20 + rs_random_below(&random, length - 20);
    char swap = spec[a];
    spec[a] = spec[b];
    spec[b] = swap;
    if (i % 4 == 0) spec[a] = alphabet[rs_random_below(&random, sizeof alphabet - 1)];
    rs_status status = rs_topology_parse(arena, spec, &topology, &diag);
    assert_true(status == RS_OK || status == RS_E_INPUT);
    if (status == RS_OK) {
      assert_ok(rs_topology_parse(arena, rs_topology_spec(topology), &again, &diag), &diag);
      assert_string_equal(rs_topology_spec(again), rs_topology_spec(topology));
      parsed++;
    }
    rs_arena_destroy(arena);
  }
  assert_in_range(parsed, 50, 4950);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(measures_are_those_of_the_wiring),
      cmocka_unit_test(the_search_gains),
      cmocka_unit_test(steps_decide_and_not_the_clock),
      cmocka_unit_test(a_table_as_text_is_the_same_wiring),
      cmocka_unit_test(systems_without_racks_are_refused),
      cmocka_unit_test(bad_tables_say_where),
      cmocka_unit_test(a_last_rack_without_cables_is_refused),
      cmocka_unit_test(mutants_of_a_table_are_refused_or_print_back),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

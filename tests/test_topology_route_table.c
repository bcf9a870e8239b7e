/* Route tables and edge-disjoint paths against searches too simple to be wrong. */
#include <stdio.h>

#include "rs_random.h"
#include "rs_route_table.h"
#include "rs_test_topology.h"

static rs_route_balance build_table(rs_arena *arena, const rs_wiring *wiring,
                                    const rs_route_options *options, rs_route_table *table) {
  rs_diag diag = {0};
  rs_route_balance balance;
  assert_ok(rs_route_table_build(arena, wiring, options, table, &diag), &diag);
  assert_ok(rs_route_table_check(table, 0, &balance, &diag), &diag);
  return balance;
}

static void minimal_routes_are_minimal_and_spread(void **state) {
  /* percent: the most loaded link against the mean, a record of ours with some room. */
  static const struct {
    const char *spec;
    uint32_t percent;
  } cases[] = {{"mesh:8", 100},         {"ring:8", 115},        {"ring:7", 100},
               {"hypercube:5", 110},    {"torus:4x4x4", 105},   {"hyperx:6x6x7", 120},
               {"realscale:16", 0},     {"realscale:72", 0},    {"realscale:264", 115},
               {"realscale:288", 0},    {"imase-itoh:3,40", 0}, {"random:n=50,degree=5", 0},
               {"polarfly:7,twins", 0}, {"lprack:256", 135}};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag = {0};
    rs_route_table table;
    rs_wiring *wiring = build_spec(arena, cases[i].spec);
    rs_route_balance balance = build_table(arena, wiring, NULL, &table);
    uint64_t total = 0;
    for (uint32_t to = 0; to < wiring->chip_count; to++) {
      uint32_t *depth = naive_depths(arena, wiring, to, /*toward_root=*/true);
      for (uint32_t from = 0; from < wiring->chip_count; from++) {
        uint32_t hops;
        rs_route_table_path(&table, from, to, &hops);
        assert_int_equal(hops, depth[from]);
        total += hops;
      }
    }
    assert_int_equal(balance.hops_total, total);
    assert_int_equal(balance.detours, 0);
    printf("%s: %u … %u routes a link, mean %.2f\n", cases[i].spec, balance.load_min,
           balance.load_max, balance.load_mean);
    assert_ok(rs_route_table_check(&table, cases[i].percent, NULL, &diag), &diag);
    rs_arena_destroy(arena);
  }
}

/* x = 0 and y = 1 with 10 leaves each (2 … 11, 12 … 21), joined directly and by x–22–23–y. Minimal
 * routes put 11 · 11 = 121 on x>y, and with 2 hops more some go around. */
static rs_wiring *build_bypass(rs_arena *arena) {
  rs_diag diag = {0};
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 24);
  static const uint32_t middle[][2] = {{0, 1}, {0, 22}, {22, 23}, {1, 23}};
  for (size_t i = 0; i < RS_COUNT_OF(middle); i++) {
    assert_ok(rs_wiring_builder_add(builder, middle[i][0], middle[i][1], RS_CABLE_NODE, &diag),
              &diag);
  }
  for (uint32_t leaf = 2; leaf < 22; leaf++) {
    assert_ok(rs_wiring_builder_add(builder, leaf < 12 ? 0 : 1, leaf, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static void detours_relieve_the_worst_link(void **state) {
  rs_wiring *wiring = build_bypass(*state);
  rs_route_table minimal, longer, bounded;
  rs_route_options two = {.extra_hops = 2}, none = {.extra_hops = 2, .hops_max = 3};
  rs_route_balance a = build_table(*state, wiring, NULL, &minimal);
  rs_route_balance b = build_table(*state, wiring, &two, &longer);
  rs_route_balance c = build_table(*state, wiring, &none, &bounded);
  uint32_t xy = rs_wiring_find_link(wiring, 0, 1, 0);
  assert_true(minimal.link_load[xy] >= 121);
  assert_int_equal(a.load_max,
                   RS_MAX(minimal.link_load[xy], minimal.link_load[wiring->links[xy].reverse]));
  assert_true(b.detours > 0 && b.load_max < a.load_max);
  assert_int_equal(b.hops_max, 5); /* leaf, x, 22, 23, y, leaf */
  /* Within 3 hops leaf–leaf pairs have no choice; others may go around. */
  assert_int_equal(c.hops_max, 3);
  assert_true(c.load_max <= a.load_max && c.load_max >= b.load_max);
}

/* Detours on a symmetric system are not worth their hops, and with any limit the table is sound. */
static void any_limit_gives_a_sound_table(void **state) {
  static const char *const specs[] = {"realscale:72", "ring:9", "imase-itoh:3,40", "torus:3x5",
                                      "random:n=40,degree=3"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_wiring *wiring = build_spec(*state, specs[i]);
    rs_route_table table;
    rs_route_balance minimal = build_table(*state, wiring, NULL, &table);
    for (uint32_t extra = 1; extra <= 4; extra++) {
      rs_route_options options = {.extra_hops = extra, .rounds = 3};
      rs_route_balance b = build_table(*state, wiring, &options, &table);
      assert_true(b.hops_total >= minimal.hops_total);
      assert_true(b.hops_max <= minimal.hops_max + extra);
    }
  }
}

static void what_has_no_table_says_why(void **state) {
  static const struct {
    const char *spec;
    uint32_t hops_max;
    rs_status status;
    const char *what;
  } cases[] = {
      {"ring:8", 3, RS_E_INFEASIBLE, "no path from chip 4 to chip 0 within 3 hops: it takes 4"},
      {"ring:2049", 0, RS_E_LIMIT, "a route table of 2049 chips; at most 2048 fit"},
      {"ring:200", 0, RS_E_LIMIT, "more than 64 hops apart"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_diag diag = {0};
    rs_route_table table;
    rs_route_options options = {.hops_max = cases[i].hops_max};
    rs_wiring *wiring = build_spec(*state, cases[i].spec);
    assert_int_equal(rs_route_table_build(*state, wiring, &options, &table, &diag),
                     cases[i].status);
    assert_non_null(strstr(diag.what, cases[i].what));
  }
  rs_diag diag = {0};
  rs_route_table table;
  rs_wiring *apart;
  rs_route_disjoint paths;
  assert_ok(rs_wiring_builder_finish(rs_wiring_builder_create(*state, 2), &apart, &diag), &diag);
  assert_int_equal(rs_route_table_build(*state, apart, NULL, &table, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "no path from chip 1 to chip 0");
  assert_int_equal(rs_route_disjoint_build(*state, apart, 0, 1, 4, &paths, &diag), RS_E_INFEASIBLE);
}

static void the_check_refuses_what_is_broken(void **state) {
  rs_diag diag = {0};
  rs_route_table table;
  rs_route_options options = {.extra_hops = 2};
  rs_wiring *wiring = build_spec(*state, "ring:6");
  build_table(*state, wiring, &options, &table);
  uint32_t hops, there = rs_wiring_find_link(wiring, 0, 1, 0);
  uint32_t back = rs_wiring_find_link(wiring, 1, 0, 0), on = rs_wiring_find_link(wiring, 1, 2, 0);
  uint32_t *route = table.links + table.first[0 * 6 + 1];
  rs_route_table_path(&table, 0, 1, &hops);
  assert_int_equal(hops, 1);

  route[0] = back;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "the route from 0 to 1 breaks off at chip 0");
  route[0] = UINT32_MAX;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  route[0] = there, route[1] = back, route[2] = there, table.hops[1] = 3;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "the route from 0 to 1 is at chip 0 twice");
  route[1] = on, table.hops[1] = 2;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "the route from 0 to 1 ends at chip 2");
  table.hops[1] = 4;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "the route from 0 to 1 has 4 hops; it may have 3");
  table.hops[1] = 0;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  table.hops[1] = 1;
  assert_ok(rs_route_table_check(&table, 0, NULL, &diag), &diag);
  table.link_load[there]++;
  assert_int_equal(rs_route_table_check(&table, 0, NULL, &diag), RS_E_REFUSED);
  assert_non_null(strstr(diag.what, "and the table says"));
  table.link_load[there]--;
  assert_int_equal(rs_route_table_check(&table, 99, NULL, &diag), RS_E_REFUSED);
  assert_non_null(strstr(diag.what, "more than 99 % of the mean"));
}

static void tables_repeat(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:72");
  rs_route_table a, b;
  rs_route_balance balance = build_table(*state, wiring, NULL, &a);
  build_table(*state, wiring, NULL, &b);
  assert_memory_equal(a.links, b.links, balance.hops_total * sizeof *a.links);
}

/* ---- edge-disjoint paths ---- */

static rs_route_disjoint build_disjoint(rs_arena *arena, const rs_wiring *wiring, uint32_t from,
                                        uint32_t to, uint32_t paths_max) {
  rs_diag diag = {0};
  rs_route_disjoint paths;
  assert_ok(rs_route_disjoint_build(arena, wiring, from, to, paths_max, &paths, &diag), &diag);
  assert_ok(rs_route_disjoint_check(wiring, from, to, &paths, &diag), &diag);
  return paths;
}

static uint32_t hops_of(const rs_route_disjoint *paths, uint32_t k) {
  return paths->first[k + 1] - paths->first[k];
}

/* Chips of a d-cube that differ in k bits have d disjoint paths: k of k hops, and d − k of k + 2
 * (Saad, Schultz 1988). */
static void cubes_have_the_paths_of_theory(void **state) {
  const uint32_t d = 5;
  rs_wiring *wiring = build_spec(*state, "hypercube:5");
  for (uint32_t to = 1; to < 32; to++) {
    uint32_t k = (uint32_t)__builtin_popcount(to);
    rs_route_disjoint paths = build_disjoint(*state, wiring, 0, to, UINT32_MAX);
    assert_int_equal(paths.path_count, d);
    for (uint32_t i = 0; i < d; i++) assert_int_equal(hops_of(&paths, i), i < k ? k : k + 2);
  }
}

/* 0–1–2–5 is the shortest path 0 → 5. It crosses the only two disjoint ones, 0–1–4–7–5 and
 * 0–3–6–2–5, so that the second path has to give 1–2 back. */
static void a_trap_is_backed_out_of(void **state) {
  static const uint32_t cables[][2] = {{0, 1}, {1, 2}, {2, 5}, {0, 3}, {3, 6},
                                       {6, 2}, {1, 4}, {4, 7}, {7, 5}};
  rs_diag diag = {0};
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(*state, 8);
  for (size_t i = 0; i < RS_COUNT_OF(cables); i++) {
    assert_ok(rs_wiring_builder_add(builder, cables[i][0], cables[i][1], RS_CABLE_NODE, &diag),
              &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  rs_route_disjoint one = build_disjoint(*state, wiring, 0, 5, 1);
  rs_route_disjoint two = build_disjoint(*state, wiring, 0, 5, 9);
  assert_int_equal(hops_of(&one, 0), 3);
  assert_int_equal(two.path_count, 2);
  assert_int_equal(hops_of(&two, 0), 4);
  assert_int_equal(hops_of(&two, 1), 4);
}

/* By Menger's theorem as many as the cables whose loss parts the chips; these graphs have no cut
 * that is smaller than the cables of a chip. */
static void there_are_as_many_as_ports(void **state) {
  static const struct {
    const char *spec;
    uint32_t paths;
  } cases[] = {{"mesh:8", 7},      {"ring:9", 2},      {"realscale:16", 11}, {"realscale:72", 11},
               {"lprack:256", 30}, {"torus:4x4x4", 6}, {"slimfly:5", 7}};
  rs_random random;
  rs_random_init(&random, 5, 0);
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_wiring *wiring = build_spec(*state, cases[i].spec);
    for (uint32_t k = 0; k < 20; k++) {
      uint32_t from = (uint32_t)rs_random_below(&random, wiring->chip_count);
      uint32_t to = (uint32_t)rs_random_below(&random, wiring->chip_count - 1);
      to += to >= from;
      rs_route_disjoint paths = build_disjoint(*state, wiring, from, to, UINT32_MAX);
      assert_int_equal(paths.path_count, cases[i].paths);
      assert_int_equal(hops_of(&paths, 0),
                       naive_depths(*state, wiring, from, /*toward_root=*/false)[to]);
      rs_route_disjoint some = build_disjoint(*state, wiring, from, to, 2);
      assert_int_equal(some.path_count, RS_MIN(2, cases[i].paths));
    }
  }
}

static void broken_paths_are_refused(void **state) {
  rs_diag diag = {0};
  rs_wiring *wiring = build_spec(*state, "ring:6");
  rs_route_disjoint paths = build_disjoint(*state, wiring, 0, 2, 2); /* 0-1-2 and 0-5-4-3-2 */
  assert_int_equal(paths.path_count, 2);
  uint32_t kept = paths.links[0];
  assert_int_equal(rs_route_disjoint_check(wiring, 0, 3, &paths, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "path 0 ends at chip 2, not 3");
  paths.links[0] = paths.links[2];
  assert_int_equal(rs_route_disjoint_check(wiring, 0, 2, &paths, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "path 0 breaks off at chip 5");
  paths.links[0] = kept;
  uint32_t twice[] = {kept, paths.links[1], kept, paths.links[1]};
  uint32_t first[] = {0, 2, 4};
  rs_route_disjoint shared = {2, first, twice};
  assert_int_equal(rs_route_disjoint_check(wiring, 0, 2, &shared, &diag), RS_E_REFUSED);
  assert_non_null(strstr(diag.what, "path 1 shares the cable"));
  uint32_t back = wiring->links[kept].reverse;
  uint32_t reversed[] = {kept, back, kept, paths.links[1]};
  uint32_t whole[] = {0, 4};
  rs_route_disjoint loop = {1, whole, reversed};
  assert_int_equal(rs_route_disjoint_check(wiring, 0, 2, &loop, &diag), RS_E_REFUSED);
  assert_non_null(strstr(diag.what, "path 0 shares the cable"));
  uint32_t around[7]; /* all the way round, then on: twice at chip 0 */
  for (uint32_t k = 0; k < 7; k++) around[k] = rs_wiring_find_link(wiring, k % 6, (k + 1) % 6, 0);
  uint32_t all[] = {0, 7};
  rs_route_disjoint round = {1, all, around};
  assert_int_equal(rs_route_disjoint_check(wiring, 0, 1, &round, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "path 0 is at chip 0 twice");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(minimal_routes_are_minimal_and_spread),
      cmocka_unit_test(detours_relieve_the_worst_link),
      cmocka_unit_test(any_limit_gives_a_sound_table),
      cmocka_unit_test(what_has_no_table_says_why),
      cmocka_unit_test(the_check_refuses_what_is_broken),
      cmocka_unit_test(tables_repeat),
      cmocka_unit_test(cubes_have_the_paths_of_theory),
      cmocka_unit_test(a_trap_is_backed_out_of),
      cmocka_unit_test(there_are_as_many_as_ports),
      cmocka_unit_test(broken_paths_are_refused),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

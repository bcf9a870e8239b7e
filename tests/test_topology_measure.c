/* Distances against a naive search and igraph's, connectivity against known values. */
#include <math.h>

#include <igraph.h>
#include <pthread.h>

#include "rs__measure.h"
#include "rs_measure.h"
#include "rs_random.h"
#include "rs_test_topology.h"

/* A random wiring: cables, or fibres when `directed`. May be disconnected, may have copies. */
static rs_wiring *random_wiring(rs_arena *arena, rs_random *random, bool directed) {
  uint32_t chips = 2 + (uint32_t)rs_random_below(random, 150);
  uint64_t cables = rs_random_below(random, 3 * (uint64_t)chips);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  rs_wiring *wiring = NULL;
  rs_diag diag = {0};
  for (uint64_t k = 0; k < cables; k++) {
    uint32_t a = (uint32_t)rs_random_below(random, chips);
    uint32_t b = (uint32_t)rs_random_below(random, chips);
    if (a == b) continue;
    if (directed) {
      assert_ok(rs_wiring_builder_add_fibre(builder, a, b, RS_CABLE_NODE, &diag), &diag);
    } else {
      assert_ok(rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, &diag), &diag);
    }
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static void naive_measure(rs_arena *arena, const rs_wiring *wiring, rs_measure *m) {
  uint64_t pairs = 0, hops_sum = 0;
  memset(m, 0, sizeof *m);
  for (uint32_t from = 0; from < wiring->chip_count; from++) {
    uint32_t *depth = naive_depths(arena, wiring, from, false);
    for (uint32_t to = 0; to < wiring->chip_count; to++) {
      if (depth[to] == RS_NONE) continue;
      m->pairs_at[RS_MIN(depth[to], RS_MEASURE_HOPS_MAX)]++;
      m->diameter_hops = RS_MAX(m->diameter_hops, depth[to]);
      if (to == from) continue;
      pairs++;
      hops_sum += depth[to];
    }
  }
  m->connected = pairs == (uint64_t)wiring->chip_count * (wiring->chip_count - 1);
  m->average_hops = pairs == 0 ? 0.0 : (double)hops_sum / (double)pairs;
}

static void distances_equal_a_naive_search(void **state) {
  const uint64_t seed = 7;
  (void)state;
  print_message("seed %llu\n", (unsigned long long)seed);
  for (uint64_t i = 0; i < 60; i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_random random;
    rs_measure ours, naive;
    rs_diag diag = {0};
    rs_random_init(&random, seed, i);
    rs_wiring *wiring = random_wiring(arena, &random, i % 2 == 1);
    assert_ok(rs_measure_distances(arena, wiring, &ours, &diag), &diag);
    naive_measure(arena, wiring, &naive);
    assert_int_equal(ours.connected, naive.connected);
    assert_int_equal(ours.diameter_hops, naive.diameter_hops);
    assert_memory_equal(ours.pairs_at, naive.pairs_at, sizeof ours.pairs_at);
    assert_true(ours.average_hops == naive.average_hops);
    rs_arena_destroy(arena);
  }
}

/* Between working chips, by paths over any: a spare chip in the middle of a line still forwards. */
static void working_chips_are_measured_apart(void **state) {
  static const char *const specs[] = {"realscale:16,spare=1", "realscale:88,spare=1",
                                      "realscale:264,spare=1", "realscale:216,levels=2,spare=1"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_wiring *wiring = build_spec(*state, specs[i]);
    uint64_t pairs = 0, hops_sum = 0;
    uint32_t most = 0;
    rs_measure m;
    for (uint32_t from = 0; from < wiring->chip_count; from++) {
      if (wiring->spare[from]) continue;
      uint32_t *depth = naive_depths(*state, wiring, from, false);
      for (uint32_t to = 0; to < wiring->chip_count; to++) {
        if (wiring->spare[to] || to == from) continue;
        pairs++;
        hops_sum += depth[to];
        most = RS_MAX(most, depth[to]);
      }
    }
    assert_int_equal(rs_measure_distances(*state, wiring, &m, NULL), RS_OK);
    assert_int_equal(m.working_chips, rs_wiring_working_count(wiring));
    assert_int_equal(m.working_diameter_hops, most);
    assert_true(m.working_average_hops == (double)hops_sum / (double)pairs);
  }
  rs_wiring_builder *builder = rs_wiring_builder_create(*state, 3);
  rs_wiring *line = NULL;
  rs_measure m;
  rs_diag diag = {0};
  assert_ok(rs_wiring_builder_add(builder, 0, 1, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_add(builder, 1, 2, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_set_spare(builder, 1, &diag), &diag);
  assert_ok(rs_wiring_builder_finish(builder, &line, &diag), &diag);
  assert_int_equal(rs_measure_distances(*state, line, &m, NULL), RS_OK);
  assert_int_equal(m.working_diameter_hops, 2);
  assert_true(m.working_average_hops == 2.0);
}

/* igraph as the second opinion, on the 264-chip system. */
static void distances_equal_those_of_igraph(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  rs_measure m;
  igraph_t graph;
  igraph_vector_int_t ends;
  igraph_real_t diameter, average;
  assert_int_equal(rs_measure_distances(*state, wiring, &m, NULL), RS_OK);
  assert_int_equal(igraph_vector_int_init(&ends, 0), IGRAPH_SUCCESS);
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (link->from > link->to) continue;
    assert_int_equal(igraph_vector_int_push_back(&ends, link->from), IGRAPH_SUCCESS);
    assert_int_equal(igraph_vector_int_push_back(&ends, link->to), IGRAPH_SUCCESS);
  }
  assert_int_equal(igraph_create(&graph, &ends, wiring->chip_count, IGRAPH_UNDIRECTED),
                   IGRAPH_SUCCESS);
  assert_int_equal(igraph_diameter(&graph, &diameter, NULL, NULL, NULL, NULL, IGRAPH_UNDIRECTED, 1),
                   IGRAPH_SUCCESS);
  assert_int_equal(igraph_average_path_length(&graph, &average, NULL, IGRAPH_UNDIRECTED, 1),
                   IGRAPH_SUCCESS);
  assert_true(m.diameter_hops == diameter);
  assert_true(fabs(m.average_hops - average) < 1e-12);
  igraph_destroy(&graph);
  igraph_vector_int_destroy(&ends);
}

typedef struct known {
  const char *spec;
  int64_t edge_connectivity;
} known;

static void edge_connectivity_has_known_values(void **state) {
  static const known cases[] = {
      {"mesh:8", 7},                /* n − 1 */
      {"ring:12", 2},               /* two ways round */
      {"realscale:264", 11},        /* equals the degree */
      {"realscale:72,levels=2", 9}, /* 7 in the node, 2 in the rack */
      {"realscale:16", 11},         /* copies count: 7 + 4 */
  };
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_measure m;
    rs_diag diag = {0};
    rs_wiring *wiring = build_spec(*state, cases[i].spec);
    assert_ok(rs_measure_run(*state, wiring, true, &m, &diag), &diag);
    assert_int_equal(m.edge_connectivity, cases[i].edge_connectivity);
    assert_ok(rs_measure_run(*state, wiring, false, &m, &diag), &diag);
    assert_int_equal(m.edge_connectivity, -1);
  }
}

static void two_islands_are_not_connected(void **state) {
  rs_wiring_builder *builder = rs_wiring_builder_create(*state, 5);
  rs_wiring *wiring = NULL;
  rs_measure m;
  rs_diag diag = {0};
  assert_ok(rs_wiring_builder_add(builder, 0, 1, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_add(builder, 2, 3, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_add(builder, 3, 4, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  assert_ok(rs_measure_run(*state, wiring, true, &m, &diag), &diag);
  assert_false(m.connected);
  assert_int_equal(m.edge_connectivity, 0);
  assert_int_equal(m.diameter_hops, 2);
  assert_true(m.average_hops == 1.25); /* 0–1: 2 pairs of 1; 2–3–4: 4 of 1, 2 of 2: 10 / 8 */
}

/* Beyond the histogram's end: the last entry takes the rest, the diameter stays exact. A ring of
 * 200 has 200·2 pairs at each of 1 … 99 and 200 at 100, so 64 and beyond: 200·2·36 + 200. */
static void long_ways_stay_exact(void **state) {
  rs_measure m;
  assert_int_equal(rs_measure_distances(*state, build_spec(*state, "ring:200"), &m, NULL), RS_OK);
  assert_int_equal(m.diameter_hops, 100);
  assert_int_equal(m.pairs_at[63], 400);
  assert_int_equal(m.pairs_at[64], 14600);
}

/* Work that igraph refuses: an edge to a vertex that is not there. */
static igraph_error_t ask_for_nonsense(const igraph_t *graph, void *context) {
  igraph_integer_t edge;
  (void)context;
  return igraph_get_eid(graph, &edge, 0, 12345, IGRAPH_UNDIRECTED, /*error=*/1);
}

static void an_error_of_igraph_comes_back_as_a_status(void **state) {
  rs_wiring *wiring = build_spec(*state, "mesh:8");
  rs_measure m;
  for (int round = 0; round < 2; round++) { /* the first must leave nothing behind */
    rs_diag diag = {0};
    assert_int_equal(rs__igraph_run(wiring, ask_for_nonsense, NULL, &diag), RS_E_SYSTEM);
    assert_memory_equal(diag.what, "igraph: ", 8);
    assert_true(strlen(diag.what) > 8);
    assert_ok(rs_measure_run(*state, wiring, true, &m, &diag), &diag);
    assert_int_equal(m.edge_connectivity, 7);
  }
}

static void *measure_often(void *context) {
  const rs_wiring *wiring = context;
  rs_arena *arena = rs_arena_create(0);
  uintptr_t wrong = 0;
  for (int k = 0; k < 20; k++) {
    rs_measure m;
    if (rs_measure_run(arena, wiring, true, &m, NULL) != RS_OK || m.edge_connectivity != 9) wrong++;
  }
  rs_arena_destroy(arena);
  return (void *)wrong;
}

static void threads_take_turns_with_igraph(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:72,levels=2");
  pthread_t threads[3];
  for (size_t i = 0; i < RS_COUNT_OF(threads); i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, measure_often, wiring), 0);
  }
  for (size_t i = 0; i < RS_COUNT_OF(threads); i++) {
    void *wrong;
    assert_int_equal(pthread_join(threads[i], &wrong), 0);
    assert_null(wrong);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_equal_a_naive_search),
      cmocka_unit_test(working_chips_are_measured_apart),
      cmocka_unit_test(distances_equal_those_of_igraph),
      cmocka_unit_test(edge_connectivity_has_known_values),
      cmocka_unit_test(two_islands_are_not_connected),
      cmocka_unit_test(long_ways_stay_exact),
      cmocka_unit_test(an_error_of_igraph_comes_back_as_a_status),
      cmocka_unit_test(threads_take_turns_with_igraph),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

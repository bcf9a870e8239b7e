/* Edge connectivity and betweenness, ours against igraph's: every family, and random wirings. */
#include <math.h>

#include "rs__measure.h"
#include "rs_random.h"
#include "rs_test_topology.h"

static igraph_error_t find_betweenness(const igraph_t *graph, void *context) {
  rs_measure_more *more = context;
  igraph_vector_t values;
  igraph_error_t error = igraph_vector_init(&values, 0);
  if (error != IGRAPH_SUCCESS) return error;
  error = igraph_edge_betweenness(graph, &values, IGRAPH_DIRECTED, NULL);
  /* On cables igraph counts unordered pairs an edge: as many as ordered pairs a direction. */
  if (igraph_vector_size(&values) > 0) {
    more->betweenness_max = igraph_vector_max(&values);
    more->betweenness_mean = igraph_vector_sum(&values) / (double)igraph_vector_size(&values);
  }
  igraph_vector_destroy(&values);
  return error;
}

static bool is_near(double ours, double other) {
  return fabs(ours - other) <= 1e-9 * (1 + fabs(other));
}

/* Returns the connectivity, for who wants to know what kind of wirings were tried. */
static int64_t compare(rs_arena *arena, const rs_wiring *wiring, const char *what) {
  rs_measure m;
  rs_measure_more ours = {0}, other = {0};
  rs_diag diag = {0};
  int64_t connectivity = 0;
  assert_ok(rs_measure_run(arena, wiring, true, &m, &diag), &diag);
  if (m.connected) {
    assert_ok(rs__measure_edge_connectivity_igraph(wiring, &connectivity, &diag), &diag);
  }
  if (m.edge_connectivity != connectivity) {
    fail_msg("%s: connectivity %lld, igraph %lld", what, (long long)m.edge_connectivity,
             (long long)connectivity);
  }
  assert_ok(rs__measure_betweenness(arena, wiring, &ours, &diag), &diag);
  assert_ok(rs__igraph_run(wiring, find_betweenness, &other, &diag), &diag);
  if (!is_near(ours.betweenness_max, other.betweenness_max) ||
      !is_near(ours.betweenness_mean, other.betweenness_mean)) {
    fail_msg("%s: betweenness %.17g (mean %.17g), igraph %.17g (mean %.17g)", what,
             ours.betweenness_max, ours.betweenness_mean, other.betweenness_max,
             other.betweenness_mean);
  }
  return connectivity;
}

static void families_agree(void **state) {
  static const char *const specs[] = {"mesh:2",
                                      "mesh:9",
                                      "ring:13",
                                      "torus:2x3x5",
                                      "torus:4x4x4",
                                      "hypercube:5",
                                      "hyperx:3x4x5",
                                      "dragonfly:a=4,h=2",
                                      "d3:4,4",
                                      "polarfly:7",
                                      "polarfly:7,twins",
                                      "slimfly:4",
                                      "polarstar:3,iq3",
                                      "bundlefly:3,5",
                                      "lps:5,7",
                                      "kautz:4,3",
                                      "kautz:3,3,directed",
                                      "debruijn:3,3",
                                      "debruijn:2,5,directed",
                                      "imase-itoh:4,60",
                                      "imase-itoh:5,83,undirected",
                                      "random:n=64,degree=5",
                                      "random:n=40,degree=2",
                                      "lprack:256",
                                      "realscale:8",
                                      "realscale:16",
                                      "realscale:32",
                                      "realscale:72",
                                      "realscale:264",
                                      "realscale:288",
                                      "realscale:80,levels=2",
                                      "realscale:152,levels=2"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    print_message("%s: %lld\n", specs[i],
                  (long long)compare(*state, build_spec(*state, specs[i]), specs[i]));
  }
}

/* Two to four clumps with few cables between them, so that the least cut is seldom one chip's; every
 * other wiring has parallel cables. */
static rs_wiring *clumps(rs_arena *arena, rs_random *random, bool parallel) {
  uint32_t groups = 2 + (uint32_t)rs_random_below(random, 3);
  uint32_t size = 4 + (uint32_t)rs_random_below(random, 9);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, groups * size);
  rs_wiring *wiring = NULL;
  rs_diag diag = {0};
  for (uint32_t a = 0; a < groups * size; a++) {
    for (uint32_t b = a + 1; b < groups * size; b++) {
      uint64_t of_ten = a / size == b / size ? 9 : 0;
      uint64_t copies = rs_random_below(random, 10) < of_ten ? 1 : 0;
      if (of_ten == 0 && rs_random_below(random, 12 * size) < 4) copies = 1;
      if (copies > 0 && parallel) copies += rs_random_below(random, 3);
      for (; copies > 0; copies--) {
        assert_ok(rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, &diag), &diag);
      }
    }
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

/* Circuits of random chips, so that every chip sends as often as it receives; `odd` fibres more
 * break that. */
static rs_wiring *circuits(rs_arena *arena, rs_random *random, uint32_t odd) {
  uint32_t chips = 3 + (uint32_t)rs_random_below(random, 25);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  rs_wiring *wiring = NULL;
  rs_diag diag = {0};
  for (uint64_t k = 2 + rs_random_below(random, 4); k > 0; k--) {
    uint32_t start = (uint32_t)rs_random_below(random, chips), at = start;
    for (uint64_t step = chips + rs_random_below(random, chips); step > 0; step--) {
      uint32_t to = (uint32_t)rs_random_below(random, chips);
      if (step == 1) to = start;
      if (to == at) continue;
      assert_ok(rs_wiring_builder_add_fibre(builder, at, to, RS_CABLE_NODE, &diag), &diag);
      at = to;
    }
  }
  for (uint32_t k = 0; k < odd; k++) {
    uint32_t from = (uint32_t)rs_random_below(random, chips);
    uint32_t to = (from + 1 + (uint32_t)rs_random_below(random, chips - 1)) % chips;
    assert_ok(rs_wiring_builder_add_fibre(builder, from, to, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static void random_wirings_agree(void **state) {
  const uint64_t seed = 11;
  uint32_t at_degree = 0, below = 0;
  (void)state;
  print_message("seed %llu\n", (unsigned long long)seed);
  for (uint64_t stream = 0; stream < 600; stream++) {
    rs_arena *arena = rs_arena_create(0);
    rs_random random;
    char what[64];
    rs_random_init(&random, seed, stream);
    rs_wiring *wiring = stream % 3 < 2 ? clumps(arena, &random, stream % 3 == 1)
                                       : circuits(arena, &random, stream % 2 == 0 ? 0 : 3);
    snprintf(what, sizeof what, "stream %llu", (unsigned long long)stream);
    int64_t connectivity = compare(arena, wiring, what);
    uint32_t degree = UINT32_MAX;
    for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
      degree = RS_MIN(degree, rs_wiring_out_degree(wiring, chip));
    }
    if (connectivity == degree) at_degree++;
    if (connectivity > 0 && connectivity < degree) below++;
    rs_arena_destroy(arena);
  }
  print_message("%u at the least degree, %u below it\n", at_degree, below);
  assert_true(at_degree > 100 && below > 100); /* else the wirings are of one kind */
}

/* Two full meshes of 8 joined by 3 cables that share no chip: the cut is theirs, and no degree's. */
static void a_waist_is_found(void **state) {
  rs_wiring_builder *builder = rs_wiring_builder_create(*state, 16);
  rs_wiring *wiring = NULL;
  rs_measure m;
  rs_diag diag = {0};
  for (uint32_t a = 0; a < 16; a++) {
    for (uint32_t b = a + 1; b < 16; b++) {
      bool inside = a / 8 == b / 8, waist = b == a + 8 && a < 3;
      if (!inside && !waist) continue;
      assert_ok(rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, &diag), &diag);
    }
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  assert_ok(rs_measure_run(*state, wiring, true, &m, &diag), &diag);
  assert_int_equal(m.degree_min, 7);
  assert_int_equal(m.edge_connectivity, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(families_agree),
      cmocka_unit_test(random_wirings_agree),
      cmocka_unit_test(a_waist_is_found),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

/*
 * What each family promises, on sizes that no table lists: chips, ports, exact diameter and average
 * where theory has a formula, and symmetry.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "rs_measure.h"
#include "rs_test_topology.h"

typedef struct facts {
  char spec[128];
  rs_measure m;
  rs_measure_more more;
} facts;

static bool try_measure(facts *f, unsigned parts, const char *format, va_list list) {
  rs_arena *arena = rs_arena_create(0);
  rs_topology *topology;
  rs_wiring *wiring;
  rs_diag diag = {0};
  rs_topology_options options = {.ports_max = 200};
  vsnprintf(f->spec, sizeof f->spec, format, list);
  bool exists = rs_topology_parse(arena, f->spec, &topology, &diag) == RS_OK;
  if (exists) {
    assert_ok(rs_topology_build(arena, topology, &options, &wiring, &diag), &diag);
    assert_ok(rs_measure_distances(arena, wiring, &f->m, &diag), &diag);
    assert_ok(rs_measure_run_more(arena, wiring, &f->m, parts, &f->more, &diag), &diag);
    assert_true(f->m.connected);
  }
  rs_arena_destroy(arena);
  return exists;
}

static bool exists(facts *f, unsigned parts, const char *format, ...) RS_PRINTF(3, 4);
static facts facts_of(unsigned parts, const char *format, ...) RS_PRINTF(2, 3);

/* false: no such construction. */
static bool exists(facts *f, unsigned parts, const char *format, ...) {
  va_list list;
  va_start(list, format);
  bool is_there = try_measure(f, parts, format, list);
  va_end(list);
  return is_there;
}

static facts facts_of(unsigned parts, const char *format, ...) {
  facts f;
  va_list list;
  va_start(list, format);
  bool is_there = try_measure(&f, parts, format, list);
  va_end(list);
  if (!is_there) fail_msg("%s has no construction", f.spec);
  return f;
}

static void expect(const facts *f, uint64_t chips, uint64_t degree_min, uint64_t degree_max,
                   uint32_t diameter) {
  if (f->m.chips == chips && f->m.degree_min == degree_min && f->m.degree_max == degree_max &&
      f->m.diameter_hops == diameter) {
    return;
  }
  fail_msg("%s: %u chips, degree %u to %u, diameter %u; expected %llu, %llu to %llu, %u", f->spec,
           f->m.chips, f->m.degree_min, f->m.degree_max, f->m.diameter_hops,
           (unsigned long long)chips, (unsigned long long)degree_min,
           (unsigned long long)degree_max, diameter);
}

static void expect_average(const facts *f, double average) {
  if (fabs(f->m.average_hops - average) < 1e-9) return;
  fail_msg("%s: average %.9f, expected %.9f", f->spec, f->m.average_hops, average);
}

/* ---- products: a chip looks like any other ---- */

/* Coordinates add up. On a ring of k the distances from a chip sum to ⌊k²/4⌋, on a full mesh to k − 1;
 * each coordinate's sum is met by all settings of the others, so that the average over n − 1 chips is
 * n/(n − 1) · Σ sum/k. */
static void products_add_up(void **state) {
  (void)state;
  for (uint32_t a = 2; a <= 7; a++) {
    for (uint32_t b = 2; b <= 6; b++) {
      for (uint32_t c = 2; c <= 4; c++) {
        const uint32_t sides[] = {a, b, c};
        double n = a * b * c, torus_sum = 0, mesh_sum = 0;
        uint32_t torus_degree = 0, torus_diameter = 0, mesh_degree = 0;
        for (int k = 0; k < 3; k++) {
          torus_degree += sides[k] > 2 ? 2 : 1;
          torus_diameter += sides[k] / 2;
          mesh_degree += sides[k] - 1;
          torus_sum += (double)(sides[k] * sides[k] / 4) / sides[k];
          mesh_sum += (double)(sides[k] - 1) / sides[k];
        }
        facts f = facts_of(RS_MEASURE_SYMMETRY, "torus:%ux%ux%u", a, b, c);
        expect(&f, a * b * c, torus_degree, torus_degree, torus_diameter);
        expect_average(&f, n / (n - 1) * torus_sum);
        assert_int_equal(f.more.orbits, 1);
        f = facts_of(RS_MEASURE_SYMMETRY, "hyperx:%ux%ux%u", a, b, c);
        expect(&f, a * b * c, mesh_degree, mesh_degree, 3);
        expect_average(&f, n / (n - 1) * mesh_sum);
        assert_int_equal(f.more.orbits, 1);
      }
    }
  }
}

static void cubes_rings_and_meshes_follow_their_formulas(void **state) {
  (void)state;
  for (uint32_t n = 1; n <= 10; n++) {
    facts f = facts_of(RS_MEASURE_SYMMETRY, "hypercube:%u", n);
    double chips = ldexp(1, (int)n);
    expect(&f, UINT64_C(1) << n, n, n, n);
    expect_average(&f, n * chips / 2 / (chips - 1)); /* Σ k·C(n, k) = n·2^(n−1) */
    assert_int_equal(f.more.orbits, 1);
  }
  for (uint32_t n = 3; n <= 40; n++) {
    facts f = facts_of(RS_MEASURE_SYMMETRY, "ring:%u", n);
    expect(&f, n, 2, 2, n / 2);
    expect_average(&f, (n * n / 4) / (n - 1.0));
    assert_int_equal(f.more.orbits, 1);
    f = facts_of(RS_MEASURE_SYMMETRY, "mesh:%u", n);
    expect(&f, n, n - 1, n - 1, 1);
    expect_average(&f, 1);
    assert_int_equal(f.more.orbits, 1);
  }
}

/* ---- over finite fields ---- */

/* q² + q + 1 points on lines of q + 1; the q + 1 quadrics would be their own neighbours and have one
 * less. Two points that are not joined have exactly one common neighbour, hence diameter 2; with a
 * twin per quadric, which has the quadric's neighbours and itself, too. */
static void planes_have_their_points_and_lines(void **state) {
  (void)state;
  uint32_t count = 0;
  for (uint32_t q = 2; q <= 17; q++) {
    facts f;
    if (!exists(&f, RS_MEASURE_MOORE, "polarfly:%u", q)) continue;
    count++;
    uint64_t points = q * q + q + 1;
    expect(&f, points, q, q + 1, 2);
    assert_int_equal(f.m.cables, (points * (q + 1) - (q + 1)) / 2);
    f = facts_of(0, "polarfly:%u,twins", q);
    assert_int_equal(f.m.chips, points + q + 1);
    assert_int_equal(f.m.diameter_hops, 2);
    /* each twin brings the q neighbours of its quadric, and the quadric */
    assert_int_equal(f.m.cables, (points * (q + 1) - (q + 1)) / 2 + (q + 1) * (q + 1));
  }
  assert_int_equal(count, 11); /* 2 3 4 5 7 8 9 11 13 16 17 */
}

/* 2q² chips of degree (3q − δ)/2 with q = 4w + δ. */
static void slim_flies_are_regular(void **state) {
  (void)state;
  uint32_t count = 0;
  for (int q = 3; q <= 13; q++) {
    facts f;
    if (!exists(&f, 0, "slimfly:%d", q)) continue;
    count++;
    int delta = q % 4 == 3 ? -1 : q % 4;
    uint64_t degree = (uint64_t)(3 * q - delta) / 2;
    expect(&f, (uint64_t)(2 * q * q), degree, degree, 2);
  }
  assert_int_equal(count, 8); /* 3 4 5 7 8 9 11 13 */
  /* Hafner 2004: vertex-transitive for q = 1 mod 4. */
  facts f = facts_of(RS_MEASURE_SYMMETRY, "slimfly:9");
  assert_int_equal(f.more.orbits, 1);
  f = facts_of(RS_MEASURE_SYMMETRY, "slimfly:13");
  assert_int_equal(f.more.orbits, 1);
}

static void star_products_are_regular(void **state) {
  (void)state;
  for (int q = 3; q <= 9; q++) {
    facts f;
    uint64_t points = (uint64_t)(q * q + q + 1), degree = (uint64_t)q + 1;
    if (exists(&f, 0, "polarstar:%d,iq3", q)) expect(&f, points * 8, degree + 3, degree + 3, 3);
    if (exists(&f, 0, "polarstar:%d,iq4", q)) expect(&f, points * 10, degree + 4, degree + 4, 3);
    if (!exists(&f, 0, "bundlefly:%d,5", q)) continue;
    int delta = q % 4 == 3 ? -1 : q % 4;
    degree = (uint64_t)(3 * q - delta) / 2 + 2;
    expect(&f, (uint64_t)(2 * q * q * 5), degree, degree, 3);
  }
}

/* A Cayley graph: every chip can be moved onto every other. Degree p + 1; q(q² − 1) chips, or half. */
static void ramanujan_graphs_are_transitive(void **state) {
  static const uint32_t pairs[][3] = {{3, 5, 120},   {3, 7, 336},  {5, 11, 660},
                                      {7, 11, 1320}, {11, 7, 168}, {3, 11, 660}};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(pairs); i++) {
    facts f = facts_of(RS_MEASURE_SYMMETRY, "lps:%u,%u", pairs[i][0], pairs[i][1]);
    assert_int_equal(f.m.chips, pairs[i][2]);
    assert_int_equal(f.m.degree_min, pairs[i][0] + 1);
    assert_int_equal(f.m.degree_max, pairs[i][0] + 1);
    assert_int_equal(f.more.orbits, 1);
  }
}

/* ---- groups ---- */

/* Each group's chip p has the ports ph … ph + h − 1, and turning all groups by one keeps the cables:
 * no more classes of chips than a group has. */
static void dragonflies_turn(void **state) {
  (void)state;
  for (uint32_t a = 1; a <= 6; a++) {
    for (uint32_t h = 1; h <= 4; h++) {
      facts f = facts_of(RS_MEASURE_SYMMETRY, "dragonfly:a=%u,h=%u", a, h);
      uint32_t diameter = f.m.diameter_hops;
      expect(&f, a * (a * h + 1), a - 1 + h, a - 1 + h, diameter);
      assert_in_range(diameter, 1, 3);
      assert_true(f.more.orbits <= a);
      f = facts_of(0, "dragonfly:a=%u,h=%u,wiring=consecutive", a, h);
      expect(&f, a * (a * h + 1), a - 1 + h, a - 1 + h, f.m.diameter_hops);
    }
  }
  for (uint32_t k = 1; k <= 5; k++) {
    for (uint32_t m = 2; m <= 6; m++) {
      facts f = facts_of(0, "d3:%u,%u", k, m);
      assert_int_equal(f.m.chips, k * m * m);
      assert_int_equal(f.m.degree_max, m - 1 + k);
      assert_int_equal(f.m.degree_min, m + k - 2); /* d = p: no cable onto itself */
      assert_true(f.m.diameter_hops <= 3);
    }
  }
}

/* Nodes, or racks that are all full, can be turned: at most 8 or 72 classes of chips. */
static void node_systems_turn(void **state) {
  (void)state;
  for (uint32_t nodes = 2; nodes <= 33; nodes++) {
    facts f = facts_of(RS_MEASURE_SYMMETRY, "realscale:%u", 8 * nodes);
    assert_true(f.more.orbits <= 8);
    assert_int_equal(f.m.ports_max, 7 + (32 / (nodes - 1) * (nodes - 1) + 7) / 8);
    assert_true(f.m.diameter_hops <= 3);
  }
  static const uint32_t racks[] = {2, 3, 5, 8, 13};
  static const char *const rules[] = {"optimised", "spread", "block", "consecutive", "natural"};
  for (size_t i = 0; i < RS_COUNT_OF(racks); i++) {
    for (size_t k = 0; k < RS_COUNT_OF(rules); k++) {
      facts f =
          facts_of(RS_MEASURE_SYMMETRY, "realscale:%u,levels=2,wiring=%s", 72 * racks[i], rules[k]);
      assert_true(f.more.orbits <= 72);
      assert_true(f.m.degree_max <= 11);
    }
  }
}

/* ---- words ---- */

/* A word of k letters shifts to any other in k steps and to some in no fewer: diameter k. Kautz words
 * have no letter twice in a row, so that no arc is a loop; de Bruijn's d constant words lose theirs. */
static void words_shift(void **state) {
  (void)state;
  for (uint32_t d = 2; d <= 5; d++) {
    for (uint32_t k = 2; k <= 4; k++) {
      uint64_t power = 1;
      for (uint32_t i = 1; i < k; i++) power *= d;
      facts f = facts_of(0, "kautz:%u,%u,directed", d, k);
      expect(&f, power * (d + 1), d, d, k);
      assert_int_equal(f.m.cables, power * (d + 1) * d);
      f = facts_of(0, "debruijn:%u,%u,directed", d, k);
      expect(&f, power * d, d - 1, d, k);
      assert_int_equal(f.m.cables, power * d * d - d);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_add_up),
      cmocka_unit_test(cubes_rings_and_meshes_follow_their_formulas),
      cmocka_unit_test(planes_have_their_points_and_lines),
      cmocka_unit_test(slim_flies_are_regular),
      cmocka_unit_test(star_products_are_regular),
      cmocka_unit_test(ramanujan_graphs_are_transitive),
      cmocka_unit_test(dragonflies_turn),
      cmocka_unit_test(node_systems_turn),
      cmocka_unit_test(words_shift),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

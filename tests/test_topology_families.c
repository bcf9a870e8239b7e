/* Every family against published or independently computed counts and distances. */
#include <math.h>
#include <stdio.h>

#include "rs_measure.h"
#include "rs_test_topology.h"

typedef struct row {
  const char *spec;
  uint32_t chips, degree_min, degree_max, cables, diameter;
  double average; /* 0: depends on a choice of ours */
} row;

/* Counts by the formulas of docs/topologies.md; diameters and averages by full searches made outside
 * this project (rounded to 5 decimals), other sources are in the row. */
static const row rows[] = {
    {"mesh:8", 8, 7, 7, 28, 1, 1.0},
    {"ring:8", 8, 2, 2, 8, 4, 2.28571},         /* (2(1+2+3)+4) / 7 = 16/7 */
    {"torus:4x4x4", 64, 6, 6, 192, 6, 3.04762}, /* = Q6: 6·2^5/63 = 192/63 */
    /* 5·4 + 4·5 cables; a line of 5 has Σ|i − j| = 40 over ordered pairs: 2·25·40/(25·24) */
    {"grid:5x5", 25, 2, 4, 40, 8, 3.33333},
    /* 12 + 16 + 18 cables; 2·12² + 8·8² + 20·6² = 1,520 over 24·23 */
    {"grid:2x3x4", 24, 3, 5, 46, 6, 2.75362},
    {"hypercube:6", 64, 6, 6, 192, 6, 3.04762},
    {"torus:8x8x8", 512, 6, 6, 1536, 12, 6.01174},     /* 3·(16·64)/511 */
    {"hypercube:10", 1024, 10, 10, 5120, 10, 5.00489}, /* 10·2^9/1023 */
    {"hyperx:8x8", 64, 14, 14, 448, 2, 1.77778},       /* (14 + 2·49)/63 */
    {"hyperx:9x9", 81, 16, 16, 648, 2, 1.8},           /* (16 + 2·64)/80 */
    {"hyperx:6x6x7", 252, 16, 16, 2016, 3, 2.53386},   /* 2 of 5/6 and 6/7 each: Σ·252/251 */
    {"hyperx:5x5x5x5", 625, 16, 16, 5000, 4, 3.20513}, /* 4·(4/5)·625/624 */
    {"slimfly:5", 50, 7, 7, 175, 2, 1.85714},          /* Hoffman–Singleton: (7 + 2·42)/49 */
    {"slimfly:4", 32, 6, 6, 96, 2, 1.80645},           /* (6 + 2·25)/31 */
    {"slimfly:7", 98, 11, 11, 539, 2, 1.88660},        /* (11 + 2·86)/97 */
    {"slimfly:9", 162, 13, 13, 1053, 2, 1.91925},      /* (13 + 2·148)/161 */
    {"polarfly:7", 57, 7, 8, 224, 2, 1.85965},         /* 2 − 2·224/(57·56) */
    {"polarfly:13", 183, 13, 14, 1274, 2, 1.92350},
    {"polarfly:13,twins", 197, 14, 16, 1470, 2, 1.92386}, /* 2 − 2·1470/(197·196) */
    {"dragonfly:a=4,h=2,wiring=palmtree", 36, 5, 5, 90, 3, 2.34286},
    {"dragonfly:a=4,h=2,wiring=consecutive", 36, 5, 5, 90, 3, 2.35238},
    {"dragonfly:a=8,h=4,wiring=palmtree", 264, 11, 11, 1452, 3, 2.68631},
    {"dragonfly:a=8,h=4,wiring=consecutive", 264, 11, 11, 1452, 3, 2.69374},
    {"dragonfly:a=8,h=9,wiring=palmtree", 584, 16, 16, 4672, 3, 2.70840},
    {"d3:4,8", 256, 10, 11, 1392, 3, 2.69167}, /* (256·11 − 4·8)/2 cables: d = p has no loop */
    {"d3:9,8", 576, 15, 16, 4572, 3, 2.71652},
    {"lps:5,7", 336, 6, 6, 1008, 6, 3.74925},    /* 5 is no square mod 7: PGL, 7·48 */
    {"lps:11,7", 168, 12, 12, 1008, 3, 2.38922}, /* 11 = 2² mod 7: PSL, 7·48/2 */
    {"lps:13,11", 1320, 14, 14, 9240, 5, 3.28431},
    {"polarstar:3,iq3", 104, 7, 7, 364, 3, 0.0},
    {"polarstar:11,iq4", 1330, 16, 16, 10640, 3, 0.0},
    {"bundlefly:3,5", 90, 7, 7, 315, 3, 2.44469},
    {"bundlefly:8,9", 1152, 16, 16, 9216, 3, 2.78154},
    {"kautz:8,3", 576, 15, 16, 4572, 3,
     2.71957}, /* 576·8 arcs less 9·8/2 pairs that go both ways */
    {"lprack:256", 256, 30, 30, 3840, 2, 1.88235},        /* 256·30/2; (30 + 2·225)/255 */
    {"imase-itoh:11,264", 264, 11, 11, 2904, 3, 2.45835}, /* fibres: 264·11 */
};

static void every_row_has_its_counts_and_distances(void **state) {
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    const row *r = &rows[i];
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag = {0};
    rs_measure m;
    rs_wiring *wiring = build_spec(arena, r->spec);
    assert_ok(rs_measure_distances(arena, wiring, &m, &diag), &diag);
    print_message("%-38s %4u chips, %2u-%2u ports, %5u cables, %u hops, %.5f\n", r->spec, m.chips,
                  m.degree_min, m.degree_max, m.cables, m.diameter_hops, m.average_hops);
    assert_true(m.connected);
    assert_int_equal(m.chips, r->chips);
    assert_int_equal(m.degree_min, r->degree_min);
    assert_int_equal(m.degree_max, r->degree_max);
    assert_int_equal(m.ports_max, r->degree_max);
    assert_int_equal(m.cables, r->cables);
    assert_int_equal(m.diameter_hops, r->diameter);
    if (r->average != 0.0) assert_true(fabs(m.average_hops - r->average) < 0.6e-5);
    rs_arena_destroy(arena);
  }
}

/* ---- every small parameter: simple, connected, within the family's diameter and ports ---- */

static bool has_copies(const rs_wiring *wiring) {
  for (uint32_t l = 1; l < wiring->link_count; l++) {
    const rs_link *before = &wiring->links[l - 1], *link = &wiring->links[l];
    if (before->from == link->from && before->to == link->to) return true;
  }
  return false;
}

static void check_family(uint32_t diameter_max, const char *format, ...) RS_PRINTF(2, 3);

/* Builds with any number of ports; a spec that has no construction is skipped. */
static void check_family(uint32_t diameter_max, const char *format, ...) {
  char spec[128];
  rs_arena *arena = rs_arena_create(0);
  rs_topology *topology;
  rs_wiring *wiring = NULL;
  rs_measure m;
  rs_diag diag = {0};
  rs_topology_options options = {.ports_max = 200};
  va_list list;
  va_start(list, format);
  vsnprintf(spec, sizeof spec, format, list);
  va_end(list);
  if (rs_topology_parse(arena, spec, &topology, &diag) == RS_OK) {
    assert_ok(rs_topology_build(arena, topology, &options, &wiring, &diag), &diag);
    assert_ok(rs_measure_distances(arena, wiring, &m, &diag), &diag);
    bool good = m.connected && m.diameter_hops <= diameter_max && !has_copies(wiring);
    if (!good) fail_msg("%s: diameter %u, connected %d", spec, m.diameter_hops, m.connected);
  } else {
    assert_true(diag.suggestion[0] != '\0');
  }
  rs_arena_destroy(arena);
}

static void small_parameters_keep_the_promises(void **state) {
  (void)state;
  for (int q = 2; q <= 19; q++) {
    check_family(2, "polarfly:%d", q);
    check_family(2, "polarfly:%d,twins", q);
    check_family(2, "slimfly:%d", q);
    if (q > 9) continue;
    check_family(3, "polarstar:%d,iq3", q);
    check_family(3, "polarstar:%d,iq4", q);
    check_family(3, "polarstar:%d,paley5", q);
    check_family(3, "polarstar:%d,paley9", q);
    check_family(3, "polarstar:%d,paley13", q);
    check_family(3, "bundlefly:%d,5", q);
    check_family(3, "bundlefly:%d,9", q);
    check_family(3, "bundlefly:%d,%d", q, q);
  }
  for (int a = 1; a <= 6; a++) {
    for (int h = 1; h <= 6; h++) {
      check_family(3, "dragonfly:a=%d,h=%d", a, h);
      check_family(3, "dragonfly:a=%d,h=%d,wiring=consecutive", a, h);
      if (h > 1) check_family(3, "d3:%d,%d", a, h);
    }
  }
}

static void words_keep_the_promises(void **state) {
  (void)state;
  for (uint32_t d = 2; d <= 4; d++) {
    for (uint32_t k = 1; k <= 4; k++) {
      check_family(k, "kautz:%u,%u", d, k);
      check_family(k, "kautz:%u,%u,directed", d, k);
      check_family(k, "debruijn:%u,%u", d, k);
      check_family(k, "debruijn:%u,%u,directed", d, k);
    }
    /* Imase, Itoh 1983: diameter at most ⌈log_d n⌉. */
    for (uint32_t n = d + 1, bound = 2, most = d * d; n <= 60; n++) {
      while (most < n) {
        most *= d;
        bound++;
      }
      check_family(bound, "imase-itoh:%u,%u", d, n);
      check_family(bound, "imase-itoh:%u,%u,undirected", d, n);
    }
  }
}

/* The diameter is below 2·log_p N + 2·log_p 2 + 1 (Lubotzky, Phillips, Sarnak). */
static void ramanujan_graphs_keep_the_promises(void **state) {
  static const int primes[] = {3, 5, 7, 11, 13, 17};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(primes); i++) {
    for (size_t k = 0; k < RS_COUNT_OF(primes); k++) {
      double p = primes[i], q = primes[k];
      double bound = 2 * log(q * q * q) / log(p) + 2 * log(2) / log(p) + 1;
      check_family((uint32_t)bound, "lps:%d,%d", primes[i], primes[k]);
    }
  }
}

static void random_graphs_are_regular_and_follow_the_seed(void **state) {
  static const char *const specs[] = {"random:n=264,degree=16", "random:n=50,degree=3",
                                      "random:n=17,degree=16", "random:n=9,degree=2"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_wiring *first = build_spec(*state, specs[i]), *second = build_spec(*state, specs[i]);
    assert_int_equal(rs_wiring_digest(first), rs_wiring_digest(second));
    assert_false(has_copies(first));
    for (uint32_t chip = 0; chip < first->chip_count; chip++) {
      assert_int_equal(rs_wiring_out_degree(first, chip), rs_wiring_out_degree(first, 0));
    }
  }
  rs_wiring *one = build_spec(*state, "random:n=264,degree=16,seed=1");
  rs_wiring *two = build_spec(*state, "random:n=264,degree=16,seed=2");
  assert_int_not_equal(rs_wiring_digest(one), rs_wiring_digest(two));
}

/* 33 nodes are 33 groups of a dragonfly; only the chip of a slot differs, s mod 8 against s div 4.
 * The distances agree pair count by pair count. */
static void thirty_three_nodes_are_a_dragonfly(void **state) {
  rs_measure elastic, dragonfly;
  assert_int_equal(
      rs_measure_distances(*state, build_spec(*state, "realscale:264"), &elastic, NULL), RS_OK);
  assert_int_equal(
      rs_measure_distances(*state, build_spec(*state, "dragonfly:a=8,h=4"), &dragonfly, NULL),
      RS_OK);
  assert_memory_equal(elastic.pairs_at, dragonfly.pairs_at, sizeof elastic.pairs_at);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_has_its_counts_and_distances),
      cmocka_unit_test(small_parameters_keep_the_promises),
      cmocka_unit_test(words_keep_the_promises),
      cmocka_unit_test(ramanujan_graphs_keep_the_promises),
      cmocka_unit_test(random_graphs_are_regular_and_follow_the_seed),
      cmocka_unit_test(thirty_three_nodes_are_a_dragonfly),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

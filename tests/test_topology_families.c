/* Every family against published or independently computed counts and distances. */
#include <math.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_has_its_counts_and_distances),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

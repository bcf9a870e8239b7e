/* All-reduce through cores: hops, bursts, and every size proved on wirings that have cores. */
#include "rs_test_compile.h"

/* A ring of 4, chips 0 1 2 3, core 0 1: 3 and 2 send up, each twice (to `out` and to hop buffer); 0 and
 * 1 send each other their inputs and what they got; 0 and 1 spread: 4 + 4 + 2 bursts, three hops. */
static void a_ring_of_four_by_hand(void **state) {
  (void)state;
  rs_timing unit = unit_timing();
  rs_compile_report report = compile_proved("ring:4", "hierarchical", &unit, 1, NULL);
  assert_int_equal(report.bursts, 10);
  /* hop 1 takes two slots, one a copy, of which the one for hop buffer may be the second, and so does
   * hop 2 with inputs: hop buffer at 1 or 2, across at 2 or 3, down a cycle later */
  assert_in_range(report.makespan_cycles, 3, 4);
}

/* Dragonfly of 9 groups of 4: every group is a core that all are within 2 hops of. Five hops with chip
 * costs: 31 + 5·220 + 5·(40 + 20) + 47 = 1478 at most, and the two copies of a hop a slot each. Up and
 * down a tree of depth 3 it is six: 31 + 6·216 + 3·60 + 2·40 + 47 = 1634 at least. */
static void five_hops_on_a_dragonfly(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  const char *spec = "dragonfly:a=4,h=2";
  int64_t makespan = compile_proved(spec, "hierarchical", &chip, 1, NULL).makespan_cycles;
  assert_in_range(makespan, 31 + 5 * 216 + 4 * 40 + 47, 1478 + 4 * 24 + 5 * 34);
  assert_true(makespan <
              compile_proved(spec, "reduce-scatter+all-gather", &chip, 1, NULL).makespan_cycles);
}

static void every_size_is_proved(void **state) {
  (void)state;
  static const char *const specs[] = {"dragonfly:a=4,h=2", "ring:7", "hyperx:3x4", "realscale:24",
                                      "kautz:3,2"};
  static const char *const rows[] = {"hierarchical", "balanced-hierarchical"};
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      for (int64_t vectors = 1; vectors <= 512; vectors += 1 + vectors / 2) {
        for (size_t row = 0; row < RS_COUNT_OF(rows); row++) {
          if (i == 4 && row == 1) continue; /* no way back on some links */
          compile_proved(specs[i], rows[row], &timings[t], vectors, NULL);
        }
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ring_of_four_by_hand),
      cmocka_unit_test(five_hops_on_a_dragonfly),
      cmocka_unit_test(every_size_is_proved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Slots of experts: the laws against counting all cases, their moments, and bounds that must hold. */
#include <math.h>

#include "rs_capacity.h"
#include "rs_test.h"

static void assert_near(double a, double b) {
  if (!(fabs(a - b) <= 1e-12)) fail_msg("%.17g is not %.17g", a, b);
}

/* All ways in which `tokens` tokens choose `top` of `experts`, as bit sets, one digit a token. */
static rs_overflow count_all(int64_t tokens, int64_t top, int64_t experts, int64_t part,
                             int64_t slots) {
  int64_t sets[64], set_count = 0, cases = 1;
  double above = 0, excess = 0;
  for (int64_t set = 0; set < INT64_C(1) << experts; set++) {
    if (__builtin_popcountll((unsigned long long)set) == top) sets[set_count++] = set;
  }
  for (int64_t t = 0; t < tokens; t++) cases *= set_count;
  for (int64_t i = 0; i < cases; i++) {
    int64_t demand = 0, rest = i;
    for (int64_t t = 0; t < tokens; t++) {
      int64_t chosen = sets[rest % set_count] & ((INT64_C(1) << part) - 1);
      demand += __builtin_popcountll((unsigned long long)chosen);
      rest /= set_count;
    }
    above += demand > slots ? 1 : 0;
    excess += (double)RS_MAX(demand - slots, 0);
  }
  return (rs_overflow){above / (double)cases, excess / (double)cases};
}

static void small_cases_are_counted(void **state) {
  (void)state;
  for (int64_t experts = 1; experts <= 5; experts++) {
    for (int64_t top = 1; top <= experts; top++) {
      for (int64_t part = 1; part <= experts; part++) {
        for (int64_t slots = 1; slots <= 6; slots++) {
          rs_overflow is = rs_capacity_of_part(3, top, experts, part, slots);
          rs_overflow counted = count_all(3, top, experts, part, slots);
          assert_near(is.probability, counted.probability);
          assert_near(is.excess, counted.excess);
          if (part > 1) continue;
          is = rs_capacity_of_expert(3, top, experts, slots);
          assert_near(is.probability, counted.probability);
          assert_near(is.excess, counted.excess);
        }
      }
    }
  }
}

/* No slots at all: the excess is the mean, tokens · top / experts, also of large numbers. */
static void the_excess_over_nothing_is_the_mean(void **state) {
  (void)state;
  const int64_t tokens[] = {1, 100, 1 << 20};
  for (size_t i = 0; i < RS_COUNT_OF(tokens); i++) {
    double mean = (double)tokens[i] * 8 / 384;
    rs_overflow o = rs_capacity_of_expert(tokens[i], 8, 384, 0);
    assert_true(fabs(o.excess / mean - 1) < 1e-9);
    assert_true(o.probability <= 1);
  }
}

/* Beyond the exact range both figures are bounds, so they lie above what is exact below it; and more
 * slots never drop more. */
static void bounds_are_above(void **state) {
  (void)state;
  double last = 2;
  for (int64_t slots = 900; slots <= 1300; slots += 40) {
    rs_overflow o = rs_capacity_of_part(4000, 8, 256, 8, slots); /* the mean is 1000 */
    assert_true(o.probability >= 0 && o.probability <= 1 && o.excess >= 0);
    if (slots > 1024) assert_true(o.probability <= last);
    last = o.probability;
  }
  rs_overflow exact = rs_capacity_of_part(1000, 8, 256, 8, 280);   /* 2,240,000 products */
  rs_overflow bound = rs_capacity_of_part(10000, 8, 256, 8, 2800); /* too many */
  assert_true(exact.excess > 0 && exact.probability > 0);
  assert_true(bound.probability >= 0);
}

static void slots_are_counted_exactly(void **state) {
  int64_t slots;
  (void)state;
  assert_true(rs_capacity_slots(2000000, 1, 8, 1, 128, &slots)); /* 1/8 → 1 */
  assert_int_equal(slots, 1);
  assert_true(rs_capacity_slots(1250000, 64, 8, 1, 256, &slots)); /* 2.5 → 3 */
  assert_int_equal(slots, 3);
  assert_true(rs_capacity_slots(1000000, 64, 8, 1, 256, &slots)); /* 2 exactly */
  assert_int_equal(slots, 2);
  assert_false(rs_capacity_slots(1000000, INT64_MAX, 8, 1, 256, &slots));
  assert_false(rs_capacity_slots(INT64_MAX, INT64_C(1) << 50, 8, 1, 1, &slots));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_cases_are_counted),
      cmocka_unit_test(the_excess_over_nothing_is_the_mean),
      cmocka_unit_test(bounds_are_above),
      cmocka_unit_test(slots_are_counted_exactly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

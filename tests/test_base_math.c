/* Integer arithmetic that says when it leaves 64 bits. */
#include <math.h>

#include "rs_math.h"
#include "rs_test.h"

static void divisions_round_as_named(void **state) {
  (void)state;
  for (int64_t a = -20; a <= 20; a++) {
    for (int64_t b = 1; b <= 7; b++) {
      assert_true(rs_ceil_div_i64(a, b) == (int64_t)ceil((double)a / (double)b));
      assert_true(rs_floor_div_i64(a, b) == (int64_t)floor((double)a / (double)b));
    }
  }
  assert_true(rs_ceil_div_i64(INT64_MAX, 2) == INT64_C(1) << 62); /* (2^63 − 1) / 2, up */
  assert_true(rs_floor_div_i64(INT64_MIN, 1) == INT64_MIN);
  assert_true(rs_mul_ceil_div_i64(INT64_C(1) << 62, 3, 6) == INT64_C(1) << 61);
  assert_true(rs_mul_ceil_div_i64(7, 3, 4) == 6); /* 5.25, up */
}

/* Around each end; a result that does not fit leaves the old one. */
static void overflow_is_said(void **state) {
  (void)state;
  int64_t result = 77;
  assert_true(rs_add_i64(INT64_MAX - 1, 1, &result));
  assert_true(result == INT64_MAX);
  result = 77;
  assert_false(rs_add_i64(INT64_MAX, 1, &result));
  assert_false(rs_add_i64(INT64_MIN, -1, &result));
  assert_false(rs_mul_i64(INT64_C(1) << 32, INT64_C(1) << 31, &result));
  assert_false(rs_mul_i64(INT64_MIN, -1, &result));
  assert_true(result == 77);
  assert_true(rs_mul_i64(-(INT64_C(1) << 32), INT64_C(1) << 31, &result));
  assert_true(result == INT64_MIN);
}

/* Against the definition: the largest number that divides both. */
static void gcd_divides_most(void **state) {
  (void)state;
  for (int64_t a = -30; a <= 30; a++) {
    for (int64_t b = -30; b <= 30; b++) {
      int64_t most = 0;
      for (int64_t d = 1; d <= 30; d++) most = (a % d == 0 && b % d == 0) ? d : most;
      if (a == 0 && b == 0) most = 0;
      assert_true(rs_gcd_i64(a, b) == most);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(divisions_round_as_named),
      cmocka_unit_test(overflow_is_said),
      cmocka_unit_test(gcd_divides_most),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

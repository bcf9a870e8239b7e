/* GF(2^127 − 1): the axioms by seed, and products against schoolbook arithmetic. */
#include "rs_field.h"
#include "rs_random.h"
#include "rs_test.h"

#define SEED 20260101
#define ROUNDS 20000

static bool same(rs_uint128 a, rs_uint128 b) {
  return a == b;
}

static rs_uint128 draw(rs_random *random) {
  uint64_t high = rs_random_u64(random);
  return rs_field_from(high, rs_random_u64(random));
}

/* Numbers at which carries and reductions turn: p and sums of it with powers of 2, two around. */
static size_t list_edges(rs_uint128 *edges) {
  const rs_uint128 one = 1;
  const rs_uint128 centres[] = {0, one << 32, one << 63, one << 64, one << 96, one << 126};
  size_t count = 0;
  for (size_t i = 0; i < RS_COUNT_OF(centres); i++) {
    for (uint64_t d = 0; d < 5; d++) { /* below 2^128 */
      edges[count++] = rs_field_reduce(centres[i] + RS_FIELD_P - 2 + d);
    }
  }
  return count;
}

/* a·b by doubling and adding, each step reduced by a comparison: no trick of the field is used. */
static rs_uint128 multiply_slowly(rs_uint128 a, rs_uint128 b) {
  rs_uint128 product = 0;
  for (int bit = 126; bit >= 0; bit--) {
    product <<= 1; /* below 2^128: product < 2^127 */
    if (product >= RS_FIELD_P) product -= RS_FIELD_P;
    if ((b >> bit & 1) == 0) continue;
    product += a;
    if (product >= RS_FIELD_P) product -= RS_FIELD_P;
  }
  return product;
}

static void edges_multiply_like_schoolbook(void **state) {
  (void)state;
  rs_uint128 edges[64];
  size_t count = list_edges(edges);
  for (size_t i = 0; i < count; i++) {
    assert_true(edges[i] < RS_FIELD_P);
    for (size_t k = 0; k < count; k++) {
      assert_true(same(rs_field_mul(edges[i], edges[k]), multiply_slowly(edges[i], edges[k])));
    }
  }
}

static void products_are_like_schoolbook(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, SEED, 1);
  for (int i = 0; i < ROUNDS; i++) {
    rs_uint128 a = draw(&random), b = draw(&random);
    if (!same(rs_field_mul(a, b), multiply_slowly(a, b))) fail_msg("seed %d, round %d", SEED, i);
  }
}

static void check_axioms(rs_uint128 a, rs_uint128 b, rs_uint128 d) {
  assert_true(same(rs_field_add(a, b), rs_field_add(b, a)));
  assert_true(same(rs_field_mul(a, b), rs_field_mul(b, a)));
  assert_true(same(rs_field_add(rs_field_add(a, b), d), rs_field_add(a, rs_field_add(b, d))));
  assert_true(same(rs_field_mul(rs_field_mul(a, b), d), rs_field_mul(a, rs_field_mul(b, d))));
  assert_true(same(rs_field_mul(a, rs_field_add(b, d)),
                   rs_field_add(rs_field_mul(a, b), rs_field_mul(a, d))));
  assert_true(same(rs_field_add(rs_field_sub(a, b), b), a));
  assert_true(same(rs_field_sub(a, a), 0));
  assert_true(same(rs_field_add(a, 0), a));
  assert_true(same(rs_field_mul(a, 1), a));
  assert_true(rs_field_add(a, b) < RS_FIELD_P && rs_field_sub(a, b) < RS_FIELD_P);
}

static void axioms_hold(void **state) {
  (void)state;
  rs_random random;
  rs_uint128 edges[64];
  size_t count = list_edges(edges);
  rs_random_init(&random, SEED, 2);
  for (int i = 0; i < ROUNDS; i++) check_axioms(draw(&random), draw(&random), draw(&random));
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < count; k++) check_axioms(edges[i], edges[k], edges[(i + k) % count]);
  }
}

/* Fermat: a^p = a with p = 2^127 − 1, so that 127 squarings give a^(p+1) = a². Exponents add. */
static void powers_obey_fermat(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, SEED, 3);
  for (int i = 0; i < 200; i++) {
    rs_uint128 a = draw(&random), power = a;
    for (int k = 0; k < 127; k++) power = rs_field_mul(power, power);
    assert_true(same(power, rs_field_mul(a, a)));
    uint64_t m = rs_random_u64(&random) >> 1, n = rs_random_u64(&random) >> 1;
    assert_true(
        same(rs_field_power(a, m + n), rs_field_mul(rs_field_power(a, m), rs_field_power(a, n))));
  }
  assert_true(same(rs_field_power(5, 0), 1));
  assert_true(same(rs_field_power(5, 3), 125));
}

static void reduction_is_a_remainder(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, SEED, 4);
  for (int i = 0; i < ROUNDS; i++) {
    rs_uint128 a = (rs_uint128)rs_random_u64(&random) << 64 | rs_random_u64(&random);
    assert_true(same(rs_field_reduce(a), a % RS_FIELD_P));
  }
  assert_true(same(rs_field_reduce(RS_FIELD_P), 0));
  assert_true(same(rs_field_reduce(~(rs_uint128)0), 1)); /* 2^128 − 1 = 2·p + 1 */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(edges_multiply_like_schoolbook),
      cmocka_unit_test(products_are_like_schoolbook),
      cmocka_unit_test(axioms_hold),
      cmocka_unit_test(powers_obey_fermat),
      cmocka_unit_test(reduction_is_a_remainder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

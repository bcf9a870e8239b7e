/* Finite fields: every order up to 128 and some beyond; orders that no field has; broken tables. */
#include "rs_galois.h"
#include "rs_test_topology.h"

static void primes_and_their_powers_are_told(void **state) {
  static const uint64_t primes[] = {2, 3, 5, 7, 11, 13, 97, 4093};
  static const uint64_t others[] = {0, 1, 4, 9, 91, 4095};
  uint64_t prime;
  uint32_t power;
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(primes); i++) assert_true(rs_is_prime(primes[i]));
  for (size_t i = 0; i < RS_COUNT_OF(others); i++) assert_false(rs_is_prime(others[i]));
  assert_true(rs_is_prime_power(243, &prime, &power));
  assert_int_equal(prime, 3);
  assert_int_equal(power, 5);
  assert_false(rs_is_prime_power(12, &prime, &power));
  assert_false(rs_is_prime_power(1, &prime, &power));
}

static void every_prime_power_has_a_field(void **state) {
  uint64_t prime;
  uint32_t power, fields = 0;
  for (uint32_t order = 2; order <= 128; order++) {
    rs_galois *field = NULL;
    rs_diag diag = {0};
    rs_status status = rs_galois_create(*state, order, &field, &diag);
    if (!rs_is_prime_power(order, &prime, &power)) {
      assert_int_equal(status, RS_E_INPUT);
      continue;
    }
    assert_ok(status, &diag);
    assert_ok(rs_galois_check(field, &diag), &diag);
    assert_int_equal(field->characteristic, prime);
    assert_int_equal(field->degree, power);
    fields++;
  }
  assert_int_equal(fields, 44); /* 31 primes; 2: 4 8 16 32 64 128; 3: 9 27 81; 25 125; 49; 121 */
}

/* By hand, x² = x + 1 over GF(2): 2·2 = 3, 2·3 = 1, 3·3 = 2, 2 + 3 = 1. */
static void the_field_of_four_is_known(void **state) {
  rs_galois *f = NULL;
  assert_int_equal(rs_galois_create(*state, 4, &f, NULL), RS_OK);
  assert_int_equal(rs_galois_mul(f, 2, 2), 3);
  assert_int_equal(rs_galois_mul(f, 2, 3), 1);
  assert_int_equal(rs_galois_mul(f, 3, 3), 2);
  assert_int_equal(rs_galois_add(f, 2, 3), 1);
  assert_int_equal(rs_galois_negate(f, 3), 3);
}

/* Odd order: exactly (q − 1)/2 squares, and they are the products a·a. */
static void squares_are_told(void **state) {
  static const uint32_t orders[] = {5, 9, 13, 25, 27};
  for (size_t i = 0; i < RS_COUNT_OF(orders); i++) {
    rs_galois *f = NULL;
    uint32_t squares = 0;
    assert_int_equal(rs_galois_create(*state, orders[i], &f, NULL), RS_OK);
    for (uint32_t a = 1; a < f->order; a++) {
      assert_true(rs_galois_is_square(f, rs_galois_mul(f, a, a)));
      if (rs_galois_is_square(f, a)) squares++;
    }
    assert_int_equal(squares, (orders[i] - 1) / 2);
  }
}

static void a_large_field_and_one_too_large(void **state) {
  rs_galois *f = NULL;
  rs_diag diag = {0};
  assert_ok(rs_galois_create(*state, 4096, &f, &diag), &diag);
  assert_ok(rs_galois_check(f, &diag), &diag);
  assert_int_equal(rs_galois_create(*state, 4099, &f, &diag), RS_E_LIMIT);
}

static void broken_tables_are_refused(void **state) {
  rs_galois *f = NULL;
  assert_int_equal(rs_galois_create(*state, 27, &f, NULL), RS_OK);
  f->exp[5] ^= 1;
  assert_int_equal(rs_galois_check(f, NULL), RS_E_REFUSED);
  f->exp[5] ^= 1;
  assert_int_equal(rs_galois_check(f, NULL), RS_OK);
  uint16_t first = f->log[3], second = f->log[7];
  f->log[3] = second;
  f->log[7] = first;
  assert_int_equal(rs_galois_check(f, NULL), RS_E_REFUSED);
  f->log[3] = first;
  f->log[7] = second;
  f->characteristic = 5; /* digits in another base: sums leave the field */
  assert_int_equal(rs_galois_check(f, NULL), RS_E_REFUSED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(primes_and_their_powers_are_told),
      cmocka_unit_test(every_prime_power_has_a_field),
      cmocka_unit_test(the_field_of_four_is_known),
      cmocka_unit_test(squares_are_told),
      cmocka_unit_test(a_large_field_and_one_too_large),
      cmocka_unit_test(broken_tables_are_refused),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

/*
 * GF(p^k) as polynomials over GF(p) modulo a primitive polynomial.
 *
 * The modulus is x^k − (c_{k−1} x^{k−1} + … + c_0) with the smallest (c) read as a number in base p
 * for which x has order p^k − 1: then x itself generates the group and the powers of x are the exp
 * table. The search walks the candidates and stops a walk at the first return to 1, so it costs
 * little at q ≤ 4096. For k = 1 "x" is a number, the smallest primitive root. See Lidl,
 * Niederreiter, "Finite fields", chapter 3.
 */
#include "rs_galois.h"

bool rs_is_prime(uint64_t n) {
  if (n < 2) return false;
  for (uint64_t d = 2; d * d <= n; d++) {
    if (n % d == 0) return false;
  }
  return true;
}

bool rs_is_prime_power(uint64_t n, uint64_t *prime, uint32_t *power) {
  if (n < 2) return false;
  uint64_t p = 2;
  while (p * p <= n && n % p != 0) p++;
  if (n % p != 0) p = n;
  uint32_t k = 0;
  for (; n % p == 0; n /= p) k++;
  *prime = p;
  *power = k;
  return n == 1;
}

uint32_t rs_galois_add(const rs_galois *field, uint32_t a, uint32_t b) {
  uint32_t p = field->characteristic, sum = 0;
  if (p == 2) return a ^ b;
  for (uint32_t scale = 1; a != 0 || b != 0; scale *= p) {
    sum += (a % p + b % p) % p * scale;
    a /= p;
    b /= p;
  }
  return sum;
}

uint32_t rs_galois_negate(const rs_galois *field, uint32_t a) {
  uint32_t p = field->characteristic, result = 0;
  for (uint32_t scale = 1; a != 0; scale *= p) {
    result += (p - a % p) % p * scale;
    a /= p;
  }
  return result;
}

/* digit · a, by the digits of a. */
static uint32_t scale_by(const rs_galois *field, uint32_t digit, uint32_t a) {
  uint32_t p = field->characteristic, result = 0;
  for (uint32_t scale = 1; a != 0; scale *= p) {
    result += (uint32_t)((uint64_t)digit * (a % p) % p) * scale;
    a /= p;
  }
  return result;
}

/* x · a, where x^k = `tail`. For k = 1, x is the number `tail`. */
static uint32_t times_x(const rs_galois *field, uint32_t tail, uint32_t a) {
  uint32_t top = field->order / field->characteristic; /* p^(k−1), the weight of the top digit */
  uint32_t carry = a / top, rest = a % top * field->characteristic;
  return rs_galois_add(field, rest, scale_by(field, carry, tail));
}

/* Fills exp with the powers of x; false when x has a smaller order than q − 1. */
static bool fill_powers(rs_galois *field, uint32_t tail) {
  uint32_t group = field->order - 1, a = 1;
  for (uint32_t i = 0; i < group; i++) {
    if (i > 0 && (a == 1 || a == 0)) return false;
    field->exp[i] = (uint16_t)a;
    a = times_x(field, tail, a);
  }
  return a == 1;
}

static void finish_tables(rs_galois *field) {
  uint32_t group = field->order - 1;
  for (uint32_t i = 0; i < group; i++) {
    field->exp[group + i] = field->exp[i];
    field->log[field->exp[i]] = (uint16_t)i;
  }
  field->generator = field->exp[group == 1 ? 0 : 1];
}

rs_status rs_galois_create(rs_arena *arena, uint32_t order, rs_galois **field, rs_diag *diag) {
  uint64_t prime;
  uint32_t power;
  if (order > RS_GALOIS_ORDER_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "a field of %u elements; at most %d", order,
                       RS_GALOIS_ORDER_MAX);
  }
  if (!rs_is_prime_power(order, &prime, &power)) {
    return rs_diag_set(diag, RS_E_INPUT, "no field has %u elements: not a prime power", order);
  }
  rs_galois *result = RS_ARENA_NEW(arena, rs_galois, 1);
  if (result == NULL) return rs_arena_failed(arena, diag);
  result->order = order;
  result->characteristic = (uint32_t)prime;
  result->degree = power;
  result->exp = RS_ARENA_NEW(arena, uint16_t, 2 * ((size_t)order - 1));
  result->log = RS_ARENA_NEW(arena, uint16_t, order);
  if (result->exp == NULL || result->log == NULL) return rs_arena_failed(arena, diag);
  uint32_t tail = 1;
  while (!fill_powers(result, tail)) {
    tail++;
    assert(tail < order); /* every finite field has a primitive element */
  }
  finish_tables(result);
  *field = result;
  return RS_OK;
}

/* Distributive and associative laws, opposites, for (a, b, c). */
static bool axioms_hold(const rs_galois *f, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t sum = rs_galois_add(f, b, c);
  bool distributes =
      rs_galois_mul(f, a, sum) == rs_galois_add(f, rs_galois_mul(f, a, b), rs_galois_mul(f, a, c));
  bool associates = rs_galois_add(f, rs_galois_add(f, a, b), c) == rs_galois_add(f, a, sum);
  return distributes && associates && rs_galois_subtract(f, a, a) == 0 && sum < f->order;
}

rs_status rs_galois_check(const rs_galois *field, rs_diag *diag) {
  uint32_t group = field->order - 1;
  for (uint32_t i = 0; i < group; i++) {
    uint32_t a = field->exp[i];
    if (a == 0 || a > group || field->log[a] != i || field->exp[group + i] != a) {
      return rs_diag_set(diag, RS_E_REFUSED, "GF(%u): power %u is wrong", field->order, i);
    }
  }
  /* All triples of a small field, a lattice of triples of a large one. */
  uint32_t stride = 1 + field->order / 20;
  for (uint32_t a = 0; a < field->order; a += stride) {
    for (uint32_t b = 0; b < field->order; b += stride) {
      for (uint32_t c = 0; c < field->order; c += stride) {
        if (axioms_hold(field, a, b, c)) continue;
        return rs_diag_set(diag, RS_E_REFUSED, "GF(%u): the laws fail for %u, %u, %u", field->order,
                           a, b, c);
      }
    }
  }
  return RS_OK;
}

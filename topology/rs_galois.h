/*
 * Finite fields GF(q), q = p^k ≤ 4096: elements are the numbers 0 … q − 1.
 *
 * The digits of an element in base p are the coefficients of its polynomial, lowest first; so 0 and
 * 1 are themselves, and for k = 1 arithmetic is modulo p. `generator` generates the multiplicative
 * group; log and exp are relative to it. Products are two table look-ups.
 */
#ifndef RS_GALOIS_H
#define RS_GALOIS_H

#include "rs_arena.h"
#include "rs_math.h"

#define RS_GALOIS_ORDER_MAX 4096

typedef struct rs_galois {
  uint32_t order;          /* q */
  uint32_t characteristic; /* p */
  uint32_t degree;         /* k */
  uint32_t generator;
  uint16_t *exp; /* [2(q − 1)]: generator^i, twice round, so that sums of logs need no modulus */
  uint16_t *log; /* [q]; log[0] is not used */
} rs_galois;

bool rs_is_prime(uint64_t n);
/* p^k = n: fills both. False when n is not a power of a prime. */
bool rs_is_prime_power(uint64_t n, uint64_t *prime, uint32_t *power);

/* RS_E_INPUT when order is not a prime power, RS_E_LIMIT beyond RS_GALOIS_ORDER_MAX. */
rs_status rs_galois_create(rs_arena *arena, uint32_t order, rs_galois **field, rs_diag *diag);

/* Field axioms on samples, generator of full order, logs and powers inverse to each other. */
rs_status rs_galois_check(const rs_galois *field, rs_diag *diag);

uint32_t rs_galois_add(const rs_galois *field, uint32_t a, uint32_t b); /* O(k) */
uint32_t rs_galois_negate(const rs_galois *field, uint32_t a);

static inline uint32_t rs_galois_subtract(const rs_galois *field, uint32_t a, uint32_t b) {
  return rs_galois_add(field, a, rs_galois_negate(field, b));
}

static inline uint32_t rs_galois_mul(const rs_galois *field, uint32_t a, uint32_t b) {
  if (a == 0 || b == 0) return 0;
  return field->exp[(uint32_t)field->log[a] + field->log[b]];
}

/* generator^i, any i. */
static inline uint32_t rs_galois_power(const rs_galois *field, uint64_t i) {
  return field->exp[i % (field->order - 1)];
}

/* a ≠ 0 is a square: its log is even, or the characteristic is 2. */
static inline bool rs_galois_is_square(const rs_galois *field, uint32_t a) {
  return field->characteristic == 2 || a == 0 || field->log[a] % 2 == 0;
}

#endif

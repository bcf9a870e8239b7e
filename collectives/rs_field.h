/*
 * Arithmetic in GF(p), p = 2^127 − 1, for identity tests by random evaluation.
 *
 * Elements are rs_uint128 in 0 … p − 1. Reduction uses 2^127 ≡ 1: the bits above 127 are added to
 * those below. A polynomial identity of degree d that is false holds by chance at a random point
 * with probability at most d / p (Schwartz 1980, Zippel 1979).
 */
#ifndef RS_FIELD_H
#define RS_FIELD_H

#include "rs_math.h"

#define RS_FIELD_P ((((rs_uint128)1) << 127) - 1)

/* Any 128-bit number → its element. */
static inline rs_uint128 rs_field_reduce(rs_uint128 a) {
  a = (a & RS_FIELD_P) + (a >> 127);
  return a >= RS_FIELD_P ? a - RS_FIELD_P : a;
}

static inline rs_uint128 rs_field_add(rs_uint128 a, rs_uint128 b) {
  rs_uint128 sum = a + b; /* below 2^128 */
  return sum >= RS_FIELD_P ? sum - RS_FIELD_P : sum;
}

static inline rs_uint128 rs_field_sub(rs_uint128 a, rs_uint128 b) {
  return a >= b ? a - b : a + RS_FIELD_P - b;
}

/*
 * Product by 64-bit halves, a = a1·2^64 + a0: low + middle·2^64 + high·2^128 as one number of 254
 * bits, of which the upper 127 are then added to the lower 127.
 */
static inline rs_uint128 rs_field_mul(rs_uint128 a, rs_uint128 b) {
  uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
  uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
  rs_uint128 low = (rs_uint128)a0 * b0;
  rs_uint128 middle = (rs_uint128)a0 * b1 + (rs_uint128)a1 * b0; /* a1, b1 < 2^63: below 2^128 */
  rs_uint128 high = (rs_uint128)a1 * b1;
  rs_uint128 bottom = low + (middle << 64);
  rs_uint128 top = high + (middle >> 64) + (bottom < low ? 1 : 0);
  return rs_field_add(rs_field_reduce(bottom), top << 1); /* 2^128 ≡ 2; top < 2^126 */
}

/* a^n by squaring. */
rs_uint128 rs_field_power(rs_uint128 a, uint64_t n);

/* An element drawn from two random words. */
static inline rs_uint128 rs_field_from(uint64_t high, uint64_t low) {
  return rs_field_reduce((rs_uint128)high << 64 | low);
}

#endif

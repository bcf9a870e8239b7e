/*
 * Integer arithmetic that says when it leaves 64 bits, and the few number-theoretic helpers that
 * rational time needs. All functions are pure and constant time but rs_gcd (O(log n)).
 */
#ifndef RS_MATH_H
#define RS_MATH_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 rs_int128;
__extension__ typedef unsigned __int128 rs_uint128;

#define RS_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define RS_MAX(a, b) ((a) > (b) ? (a) : (b))
#define RS_MIN(a, b) ((a) < (b) ? (a) : (b))

/* true and *result on success; false, *result untouched, on overflow */
static inline bool rs_add_i64(int64_t a, int64_t b, int64_t *result) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return false;
  *result = sum;
  return true;
}

static inline bool rs_mul_i64(int64_t a, int64_t b, int64_t *result) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return false;
  *result = product;
  return true;
}

/* ⌈a / b⌉ and ⌊a / b⌋ for b > 0 and any a; % of C rounds toward zero, these do not. */
static inline int64_t rs_ceil_div_i64(int64_t a, int64_t b) {
  assert(b > 0);
  return a / b + (a % b > 0 ? 1 : 0);
}

static inline int64_t rs_floor_div_i64(int64_t a, int64_t b) {
  assert(b > 0);
  return a / b - (a % b < 0 ? 1 : 0);
}

/* ⌈a·b / c⌉ through 128 bits; asserts that the result fits. a, b ≥ 0, c > 0. With factors below 2^31 and a
 * divisor below 2^62 64 bits are enough, and several times as fast. */
static inline int64_t rs_mul_ceil_div_i64(int64_t a, int64_t b, int64_t c) {
  assert(a >= 0 && b >= 0 && c > 0);
  if (((a | b) >> 31 | c >> 62) == 0) return (a * b + (c - 1)) / c;
  rs_int128 quotient = ((rs_int128)a * b + (c - 1)) / c;
  assert(quotient <= INT64_MAX);
  return (int64_t)quotient;
}

static inline int64_t rs_gcd_i64(int64_t a, int64_t b) {
  while (b != 0) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

#endif

/*
 * Times that are linear in the address.
 *
 * Bursts are compared exactly, not in whole cycles: exact order implies the order in cycles, and a
 * schedule that only rounding saves is refused. Inputs are different: their times are whole cycles
 * by definition, ⌈·⌉ of a second linear function for an input that a compute interval makes, and a
 * departure at ⌈x⌉ may use an input of cycle y when ⌈x⌉ ≥ y, that is when x > y − 1.
 */
#include "rs__checker.h"

/* Longest run that is decided vector by vector where rounding decides. */
#define ROUNDED_VECTORS_MAX (INT64_C(1) << 20)

int64_t rs__slots_cycles(const rs__checker *c, rs_int128 slots) {
  const rs_timing *t = &c->schedule->timing;
  rs_int128 ticks = slots * t->slot_num;
  if (ticks < INT64_MAX - t->slot_den) { /* the usual case: a division of 64 bits */
    return rs_ceil_div_i64((int64_t)ticks, t->slot_den);
  }
  return (int64_t)((ticks + t->slot_den - 1) / t->slot_den);
}

int64_t rs__line_cycles(const rs__checker *c, const rs__line *line, int64_t address) {
  if (line->stride == 0) return line->base;
  return line->base + rs__slots_cycles(c, (rs_int128)(address - line->origin) * line->stride);
}

rs__line rs__line_later(const rs__checker *c, const rs__line *a, const rs__line *b, int64_t first,
                        int64_t last) {
  if (a->base < 0) return *b;
  if (b->base < 0) return *a;
  if (rs__line_follows(c, a, b, first, last, 0)) return *a;
  if (rs__line_follows(c, b, a, first, last, 0)) return *b;
  /* times grow with the address */
  int64_t latest = RS_MAX(rs__line_cycles(c, a, last), rs__line_cycles(c, b, last));
  return (rs__line){latest, first, 0, a->burst};
}

int64_t rs__ready_cycles(const rs__ready *ready, int64_t k) {
  if (ready->span == 0) return ready->base;
  return ready->base + rs_mul_ceil_div_i64(k, ready->span, ready->steps);
}

/* a = whole · b + rest, toward zero; where it fits, by a division of 64 bits, which is far cheaper. */
static rs_int128 divide(rs_int128 a, int64_t b, int64_t *rest) {
  if (a >= 0 && a <= INT64_MAX) {
    *rest = (int64_t)a % b;
    return (int64_t)a / b;
  }
  *rest = (int64_t)(a % b);
  return a / b;
}

/* Sign of line(address) − exact ready(k) − cost: whole cycles first, then fractions crosswise. */
static int compare_exact(const rs__checker *c, const rs__line *line, const rs__ready *ready,
                         int64_t address, int64_t k, int64_t cost) {
  const rs_timing *t = &c->schedule->timing;
  rs_int128 x = (rs_int128)(address - line->origin) * line->stride * t->slot_num;
  rs_int128 y = (rs_int128)k * ready->span;
  int64_t x_rest, y_rest;
  rs_int128 x_whole = divide(x, t->slot_den, &x_rest), y_whole = divide(y, ready->steps, &y_rest);
  rs_int128 whole = line->base + x_whole - (ready->base + cost + y_whole);
  if (whole != 0) return whole > 0 ? 1 : -1;
  rs_int128 difference = (rs_int128)x_rest * ready->steps - (rs_int128)y_rest * t->slot_den;
  return (difference > 0) - (difference < 0);
}

bool rs__line_finds_ready(const rs__checker *c, const rs__line *line, const rs__ready *ready,
                          int64_t shift, int64_t first, int64_t last, int64_t cost) {
  if (ready->span == 0 || first == last) {
    return rs__line_cycles(c, line, first) >= rs__ready_cycles(ready, first + shift) + cost;
  }
  if (compare_exact(c, line, ready, first, first + shift, cost) >= 0 &&
      compare_exact(c, line, ready, last, last + shift, cost) >= 0) {
    return true;
  }
  if (last - first >= ROUNDED_VECTORS_MAX) return false;
  for (int64_t a = first; a <= last; a++) {
    if (rs__line_cycles(c, line, a) < rs__ready_cycles(ready, a + shift) + cost) return false;
  }
  return true;
}

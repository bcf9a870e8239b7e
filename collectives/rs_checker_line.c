/*
 * Times that are linear in the address. Comparing two of them needs products of three 64-bit numbers;
 * equal rates, the usual case, are compared without. Products that leave 128 bits are compared by
 * whole cycles, rounded against the schedule.
 */
#include "rs__checker.h"

/* (address − origin) · num / den as floor and rest. */
static rs_int128 scaled(const rs__line *line, int64_t address) {
  return (rs_int128)(address - line->origin) * line->num;
}

int64_t rs__line_floor(const rs__line *line, int64_t address) {
  rs_int128 part = scaled(line, address);
  rs_int128 quotient = part / line->den;
  if (part % line->den < 0) quotient--;
  return line->base + (int64_t)quotient;
}

static int sign(rs_int128 value) {
  return (value > 0) - (value < 0);
}

int rs__line_compare(const rs__line *a, const rs__line *b, int64_t address) {
  rs_int128 whole = (rs_int128)a->base - b->base;
  rs_int128 part_a = scaled(a, address);
  rs_int128 part_b = scaled(b, address);
  if (a->den == b->den) return sign(whole * a->den + part_a - part_b);
  /* split into whole cycles and rests below one cycle: r/d compared crosswise fits */
  rs_int128 floor_a = part_a / a->den - (part_a % a->den < 0 ? 1 : 0);
  rs_int128 floor_b = part_b / b->den - (part_b % b->den < 0 ? 1 : 0);
  rs_int128 difference = whole + floor_a - floor_b;
  if (difference != 0) return sign(difference); /* rests are below one: floors decide, or … */
  rs_int128 rest_a = part_a - floor_a * a->den;
  rs_int128 rest_b = part_b - floor_b * b->den;
  return sign(rest_a * b->den - rest_b * a->den);
}

bool rs__line_after(const rs__line *a, const rs__line *b, int64_t first, int64_t last,
                    bool strictly) {
  int least = strictly ? 1 : 0;
  return rs__line_compare(a, b, first) >= least &&
         (first == last || rs__line_compare(a, b, last) >= least);
}

rs__line rs__line_later(const rs__line *a, const rs__line *b, int64_t first, int64_t last) {
  if (rs__line_after(a, b, first, last, false)) return *a;
  if (rs__line_after(b, a, first, last, false)) return *b;
  int64_t latest = RS_MAX(RS_MAX(rs__line_floor(a, first), rs__line_floor(a, last)),
                          RS_MAX(rs__line_floor(b, first), rs__line_floor(b, last)));
  return (rs__line){.base = latest + 1, .origin = first, .num = 0, .den = 1};
}

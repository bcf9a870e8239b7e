/*
 * How often experts are asked for more than their slots hold, when every token asks for `top` of
 * `experts`, any set of them as likely as another, and tokens choose independently.
 *
 * A timetable is compiled before anyone knows what the router will say, so the slots of experts are
 * counted in advance: capacity = factor · mean demand, rounded up. What comes beyond is dropped. How
 * much that is follows from the binomial and the hypergeometric law; a trained router is less even
 * than this, so the figures are what the timetable costs at the least.
 *
 * Plain sums and products in a fixed order: the same bits on every machine.
 */
#ifndef RS_CAPACITY_H
#define RS_CAPACITY_H

#include "rs_math.h"

typedef struct rs_overflow {
  double probability; /* that the demand is above the slots */
  double excess;      /* what is above them, in the mean */
} rs_overflow;

/* ⌈factor · tokens · top · share⌉ with share = part / whole and the factor in parts per million; at
 * least 1. All > 0; false: more than 2^62. */
bool rs_capacity_slots(int64_t factor_ppm, int64_t tokens, int64_t top, int64_t part, int64_t whole,
                       int64_t *slots);

/* Demand for one expert: a token asks for it with probability top / experts, so the demand of `tokens`
 * is binomial. Exact. O(√tokens). */
rs_overflow rs_capacity_of_expert(int64_t tokens, int64_t top, int64_t experts, int64_t slots);

/* Demand for any of `part` experts together: a token brings a hypergeometric number. Exact by
 * convolution up to 10^7 products; beyond, by the binomial of tokens · top draws, which is above it in
 * convex order [Hoeffding 1963, theorem 4], so that its excess bounds both figures. */
rs_overflow rs_capacity_of_part(int64_t tokens, int64_t top, int64_t experts, int64_t part,
                                int64_t slots);

#endif

/*
 * Tails of the binomial by recursion from its mode, where the weight is set to 1: no powers or
 * factorials, so nothing leaves the range of a double and no library function decides a digit.
 */
#include "rs_capacity.h"

#include <string.h>

#define PRODUCTS_MAX 10000000.0
#define SLOTS_EXACT_MAX 1024
#define WEIGHT_LEAST 1e-280 /* below this a weight adds nothing to any sum */

bool rs_capacity_slots(int64_t factor_ppm, int64_t tokens, int64_t top, int64_t part, int64_t whole,
                       int64_t *slots) {
  assert(factor_ppm > 0 && tokens > 0 && top > 0 && part > 0 && whole > 0);
  int64_t demand;
  if (!rs_mul_i64(tokens, top, &demand) || !rs_mul_i64(demand, part, &demand)) return false;
  rs_int128 divisor = (rs_int128)whole * 1000000;
  rs_int128 count = ((rs_int128)demand * factor_ppm + divisor - 1) / divisor;
  if (count > INT64_C(1) << 62) return false;
  *slots = RS_MAX((int64_t)count, 1);
  return true;
}

typedef struct tail {
  double total, above, excess;
  double slots;
} tail;

static void weigh(tail *t, double x, double weight) {
  t->total += weight;
  if (x <= t->slots) return;
  t->above += weight;
  t->excess += (x - t->slots) * weight;
}

/* Of `draws` draws with the odds p : 1 − p. */
static rs_overflow binomial(double draws, double p, int64_t slots) {
  tail t = {.slots = (double)slots};
  if (p >= 1) {
    double excess = draws > t.slots ? draws - t.slots : 0;
    return (rs_overflow){excess > 0 ? 1 : 0, excess};
  }
  double odds = p / (1 - p);
  double mode = (double)(int64_t)((draws + 1) * p);
  weigh(&t, mode, 1);
  double weight = 1;
  for (double x = mode; x < draws && weight > WEIGHT_LEAST; x++) {
    weight *= (draws - x) / (x + 1) * odds;
    weigh(&t, x + 1, weight);
  }
  weight = 1;
  for (double x = mode; x > 0 && weight > WEIGHT_LEAST; x--) {
    weight *= x / ((draws - x + 1) * odds);
    weigh(&t, x - 1, weight);
  }
  return (rs_overflow){t.above / t.total, t.excess / t.total};
}

rs_overflow rs_capacity_of_expert(int64_t tokens, int64_t top, int64_t experts, int64_t slots) {
  return binomial((double)tokens, (double)top / (double)experts, slots);
}

/* P(a token asks for x of the part) for x = 0 … count − 1, by the ratio of neighbours from the least
 * possible x on: w(x + 1) / w(x) = (part − x)(top − x) / ((x + 1)(experts − part − top + x + 1)). */
static void hypergeometric(int64_t top, int64_t experts, int64_t part, double *chance,
                           int64_t count) {
  int64_t least = RS_MAX(0, top + part - experts);
  int64_t most = RS_MIN(top, part);
  double total = 0, weight = 1;
  memset(chance, 0, (size_t)count * sizeof *chance);
  for (int64_t x = least; x <= most; x++) {
    if (x < count) chance[x] = weight;
    total += weight;
    weight *= (double)(part - x) * (double)(top - x) /
              ((double)(x + 1) * (double)(experts - part - top + x + 1));
  }
  for (int64_t x = 0; x < count; x++) chance[x] /= total;
}

/* The law of the sum up to `slots`, one token after the other; what is above follows from the mean:
 *   E (X − s)⁺ = E X − s + E (s − X)⁺. */
static rs_overflow convolve(int64_t tokens, int64_t top, int64_t experts, int64_t part,
                            int64_t slots) {
  double chance[SLOTS_EXACT_MAX + 1], sum[SLOTS_EXACT_MAX + 1] = {1};
  int64_t kinds = RS_MIN(RS_MIN(top, part), slots) + 1;
  hypergeometric(top, experts, part, chance, kinds);
  for (int64_t token = 0; token < tokens; token++) {
    for (int64_t x = slots; x >= 0; x--) {
      double weight = 0;
      for (int64_t k = 0; k < kinds && k <= x; k++) weight += chance[k] * sum[x - k];
      sum[x] = weight;
    }
  }
  double below = 0, missing = 0;
  for (int64_t x = 0; x <= slots; x++) {
    below += sum[x];
    missing += (double)(slots - x) * sum[x];
  }
  double mean = (double)tokens * (double)top * (double)part / (double)experts;
  double excess = mean - (double)slots + missing;
  return (rs_overflow){RS_MAX(1 - below, 0), RS_MAX(excess, 0)};
}

rs_overflow rs_capacity_of_part(int64_t tokens, int64_t top, int64_t experts, int64_t part,
                                int64_t slots) {
  int64_t a_token = RS_MIN(top, part);
  if (slots / a_token >= tokens) return (rs_overflow){0, 0};
  double products = (double)tokens * (double)slots * (double)a_token;
  if (slots <= SLOTS_EXACT_MAX && products <= PRODUCTS_MAX) {
    return convolve(tokens, top, experts, part, slots);
  }
  double draws = (double)tokens * (double)top;
  rs_overflow bound = binomial(draws, (double)part / (double)experts, slots);
  bound.probability = RS_MIN(1, bound.excess);
  return bound;
}

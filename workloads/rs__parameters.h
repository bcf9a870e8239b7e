/*
 * Parameters of the parts of a layer, whole or as one chip of a group holds them; and sums that
 * remember an overflow, so that formulas can be read.
 */
#ifndef RS__PARAMETERS_H
#define RS__PARAMETERS_H

#include "rs_model.h"

typedef struct rs__counter {
  bool overflows; /* once true, values mean nothing */
} rs__counter;

static inline int64_t rs__times(rs__counter *c, int64_t a, int64_t b) {
  int64_t product = 0;
  if (!rs_mul_i64(a, b, &product)) c->overflows = true;
  return product;
}

static inline int64_t rs__plus(rs__counter *c, int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!rs_add_i64(a, b, &sum)) c->overflows = true;
  return sum;
}

/* Projections of attention: of all heads, or of those that a chip holds. What makes repeated kv heads
 * is repeated with them, as are biases of sums over the group, the projections into the latents, and
 * the norms of latents and heads. */
int64_t rs__count_attention(rs__counter *c, const rs_model *model, int64_t queries,
                            int64_t kv_heads);

/* An MLP of so many inner columns; biases where the model has them. */
int64_t rs__count_mlp(rs__counter *c, const rs_model *model, int64_t ffn);

/* The two norms of a layer. */
int64_t rs__count_norms(rs__counter *c, const rs_model *model);

/* Numbers that a token leaves in the cache of a layer. */
int64_t rs__count_cached(rs__counter *c, const rs_model *model, int64_t kv_heads);

#endif

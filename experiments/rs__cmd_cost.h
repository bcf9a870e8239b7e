/* The inside of `realscale cost`: the shape that options describe, and a GPU's rows. */
#ifndef RS__CMD_COST_H
#define RS__CMD_COST_H

#include "rs_chip.h"
#include "rs_model.h"
#include "rs_table.h"

typedef struct rs__cost_shape {
  int64_t hidden, inputs, outputs, heads, kv_heads, head_dim, context, ranks, bytes, boards;
  rs_number weights, math;
  const rs_model *model; /* of a generation */
  rs_number kv;
  bool reads_apart; /* every query head reads the cache of its group */
} rs__cost_shape;

rs_table *rs__cost_gpu_table(rs_arena *arena);
rs_status rs__cost_gpu_fill(rs_table *table, const char *operation, const rs_chip *chip,
                            const rs__cost_shape *shape, int64_t batch, rs_diag *diag);

/* A model's generation on GPUs. */
rs_table *rs__cost_generation_table(rs_arena *arena);
rs_status rs__cost_generation_fill(rs_table *table, const rs_chip *chip,
                                   const rs__cost_shape *shape, int64_t batch, rs_diag *diag);

/* A shape that was not given, 0, is an absent cell. */
static inline void rs__cost_set_given(rs_table *table, const char *column, int64_t value) {
  if (value > 0) rs_table_set_i64(table, column, value);
}

#endif

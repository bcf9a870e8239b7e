/*
 * What one operation costs on a chip. Pure functions of shapes; all counts ≥ 1, and RS_E_INPUT with
 * the name of the shape when one is not; RS_E_OVERFLOW when a product leaves 64 bits. Formulas and
 * their derivation: docs/chip_model.md.
 */
#ifndef RS_COST_H
#define RS_COST_H

#include "rs_chip.h"
#include "rs_schedule.h"

typedef enum rs_cost_bound {
  RS_BOUND_WEIGHTS, /* installing weights into the matrix unit */
  RS_BOUND_PASS,    /* activations through the matrix unit */
  RS_BOUND_VECTOR,  /* vector unit */
  RS_BOUND_STREAM,  /* SRAM ↔ unit streams */
  RS_BOUND_LATENCY, /* fixed pipeline latencies */
  RS_BOUND_COUNT
} rs_cost_bound;

typedef struct rs_cost {
  int64_t cycles;        /* start to last result in SRAM */
  int64_t first_cycles;  /* start to first result vector in SRAM (≤ cycles) */
  int64_t weight_cycles; /* parts, which add up to `cycles` */
  int64_t pass_cycles;
  int64_t vector_cycles;
  int64_t stream_cycles;
  int64_t latency_cycles;
  int64_t sram_bytes; /* read or written */
  int64_t macs;
  int64_t vector_ops;
  double energy_pj; /* dynamic; the sum of the three that follow */
  double sram_pj, matrix_pj, vector_pj;
  rs_unit unit;        /* the unit that is held for `cycles` */
  rs_cost_bound bound; /* the largest part */
} rs_cost;

/* inputs × outputs weights in format `weights`, `batch` activation vectors computed in `math`.
 * preloaded: the first round's tiles are already in the matrix unit (they were loaded while it
 * waited); its load is then free. */
rs_status rs_cost_gemm(const rs_chip *chip, int64_t inputs, int64_t outputs, int64_t batch,
                       rs_number weights, rs_number math, bool preloaded, rs_cost *cost,
                       rs_diag *diag);

/* One query position a sequence against `context` cached positions: scores = q·Kᵀ, or values =
 * p·V. K and V are loaded as weights. query_heads share kv_heads evenly; each sequence of the batch
 * has a cache of its own, so nothing is shared over the batch. */
rs_status rs_cost_attention_scores(const rs_chip *chip, int64_t query_heads, int64_t kv_heads,
                                   int64_t head_dim, int64_t context, int64_t batch, rs_number kv,
                                   rs_number math, rs_cost *cost, rs_diag *diag);
rs_status rs_cost_attention_values(const rs_chip *chip, int64_t query_heads, int64_t kv_heads,
                                   int64_t head_dim, int64_t context, int64_t batch, rs_number kv,
                                   rs_number math, rs_cost *cost, rs_diag *diag);

/* `elements` × batch through the vector unit with `ops_per_element` chained operations, in `passes`
 * dependent passes (a reduction over the elements ends a pass). */
rs_status rs_cost_vector(const rs_chip *chip, int64_t elements, int64_t batch,
                         int64_t ops_per_element, int64_t passes, rs_number number, rs_cost *cost,
                         rs_diag *diag);

rs_status rs_cost_norm(const rs_chip *chip, int64_t hidden, int64_t batch, rs_number number,
                       rs_cost *cost, rs_diag *diag);
rs_status rs_cost_softmax(const rs_chip *chip, int64_t elements, int64_t batch, rs_number number,
                          rs_cost *cost, rs_diag *diag);

/* One time step of an LSTM cell: 4 gates of (2·hidden) → hidden in int8, one gate a plane, then the
 * cell's vector work. The calibration row of the chip. */
rs_status rs_cost_lstm(const rs_chip *chip, int64_t hidden, int64_t batch, rs_cost *cost,
                       rs_diag *diag);

/* Makes `sum` the cost of what it holds and then `next`, one after the other: parts, bytes, operations
 * and energy add up, and the bound is that of the whole. Unit and first_cycles stay. */
void rs_cost_add(rs_cost *sum, const rs_cost *next);

const char *rs_cost_bound_word(rs_cost_bound bound); /* "weights" "pass" "vector" … */

#endif

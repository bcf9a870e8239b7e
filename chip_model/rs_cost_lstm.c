/*
 * One time step of an LSTM cell, the published row that the chip's constants are fitted on.
 *
 * Structure, from the vendor's public sample program: a gate is (x, h) → hidden, a gate a plane, all
 * loaded and passed in rounds; x and h are vectors of their own, each padded to whole tiles. Then
 * dequantising, the gates' activations and the cell's update in the vector unit. Every activation
 * vector costs gate_vector_cycles for each gate and block of outputs: docs/chip_model.md derives
 * that number twice, from the row and from the program.
 */
#include "rs__cost.h"

enum {
  GATES = 4,
  /* ALU operations a hidden element: scale, bias, conversion a gate (4·3), sigmoid (3·6), tanh (5),
   * update (two products, a sum, tanh (5), a product) */
  OPS_PER_ELEMENT = 4 * 3 + 3 * 6 + 5 + 9,
  /* bytes a hidden element: x, h in; c in and out in 4 bytes; h out */
  BYTES_PER_ELEMENT = 2 + 2 * 4 + 1,
};

static rs_status fill_counts(int64_t hidden, int64_t batch, rs_cost *cost, rs_diag *diag) {
  int64_t weights, state;
  rs_status status = rs__cost_product(hidden, 2 * GATES, hidden, &weights, diag);
  if (status == RS_OK) status = rs__cost_product(weights, batch, 1, &cost->macs, diag);
  if (status == RS_OK) {
    status = rs__cost_product(hidden, batch, OPS_PER_ELEMENT, &cost->vector_ops, diag);
  }
  if (status == RS_OK) status = rs__cost_product(hidden, batch, BYTES_PER_ELEMENT, &state, diag);
  if (status != RS_OK) return status;
  cost->sram_bytes = weights + state;
  return RS_OK;
}

rs_status rs_cost_lstm(const rs_chip *chip, int64_t hidden, int64_t batch, rs_cost *cost,
                       rs_diag *diag) {
  const rs__shape shapes[] = {{"hidden", hidden}, {"batch", batch}};
  int64_t rounds, passes;
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK) status = fill_counts(hidden, batch, cost, diag);
  if (status != RS_OK) return status;
  int64_t down = 2 * rs_ceil_div_i64(hidden, chip->plane_rows);
  int64_t across = rs_ceil_div_i64(hidden, chip->plane_columns);
  status = rs__cost_product(down, across, rs_ceil_div_i64(GATES, chip->planes), &rounds, diag);
  if (status == RS_OK) {
    status = rs__cost_product(rounds, chip->tile_load_cycles, 1, &cost->weight_cycles, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(batch, chip->pass_cycles[RS_INT8], 1, &passes, diag);
  }
  if (status == RS_OK) status = rs__cost_product(rounds, passes, 1, &cost->pass_cycles, diag);
  if (status == RS_OK) {
    status = rs__cost_product(GATES * across, chip->gate_vector_cycles, batch, &cost->vector_cycles,
                              diag);
  }
  if (status != RS_OK) return status;
  /* activation of the gates, then the cell's update: two dependent passes */
  cost->latency_cycles = chip->matrix_latency_cycles + 2 * chip->vector_latency_cycles;
  cost->unit = RS_UNIT_MATRIX;
  status = rs__cost_finish(chip, RS_INT8, 0, cost, diag);
  cost->first_cycles = cost->cycles; /* the new state is read as a whole */
  return status;
}

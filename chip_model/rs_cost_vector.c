/*
 * The vector unit: `lanes` lanes of `alus_per_lane` ALUs that work in a chain. Work is counted in
 * ALU operations; a pass that depends on the one before (a sum over all elements, then its use) pays
 * the latency from SRAM to SRAM again.
 *
 * And the LSTM step, the published row that the chip's constants are fitted on.
 */
#include "rs__cost.h"

rs_status rs_cost_vector(const rs_chip *chip, int64_t elements, int64_t batch,
                         int64_t ops_per_element, int64_t passes, rs_number number, rs_cost *cost,
                         rs_diag *diag) {
  const rs__shape shapes[] = {{"elements", elements},
                              {"batch", batch},
                              {"operations an element", ops_per_element},
                              {"passes", passes}};
  int64_t bytes;
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK) {
    status = rs__cost_product(elements, batch, ops_per_element, &cost->vector_ops, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(elements, batch, 2 * rs_number_bytes(number), &bytes, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(passes, chip->vector_latency_cycles, 1, &cost->latency_cycles, diag);
  }
  if (status != RS_OK) return status;
  cost->vector_cycles = rs_ceil_div_i64(cost->vector_ops, chip->lanes * chip->alus_per_lane);
  cost->sram_bytes = bytes;
  cost->first_cycles = cost->latency_cycles + 1;
  cost->unit = RS_UNIT_VECTOR;
  return rs__cost_finish(chip, number, cost, diag);
}

/* Square and add; then reciprocal root (of one number) and two products: 5 operations, 2 passes. */
rs_status rs_cost_norm(const rs_chip *chip, int64_t hidden, int64_t batch, rs_number number,
                       rs_cost *cost, rs_diag *diag) {
  return rs_cost_vector(chip, hidden, batch, 5, 2, number, cost, diag);
}

/* Maximum; subtract, exponential (as 8 operations of a polynomial) and add; scale: 11 operations in
 * 3 passes. */
rs_status rs_cost_softmax(const rs_chip *chip, int64_t elements, int64_t batch, rs_number number,
                          rs_cost *cost, rs_diag *diag) {
  return rs_cost_vector(chip, elements, batch, 11, 3, number, cost, diag);
}

rs_status rs_cost_lstm(const rs_chip *chip, int64_t hidden, int64_t batch, rs_cost *cost,
                       rs_diag *diag) {
  enum { GATES = 4 };
  const rs__shape shapes[] = {{"hidden", hidden}, {"batch", batch}};
  int64_t tiles, weights, activations, work;
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK) status = rs__cost_product(hidden, 2 * GATES, hidden, &weights, diag);
  if (status == RS_OK) status = rs__cost_product(weights, batch, 1, &cost->macs, diag);
  if (status == RS_OK) status = rs__cost_product(3 * hidden, batch, 1, &activations, diag);
  if (status != RS_OK) return status;
  /* a gate is (x, h) → hidden: 2·hidden inputs; gates go over the planes, a gate a plane */
  int64_t down = rs_ceil_div_i64(2 * hidden, chip->plane_rows);
  int64_t across = rs_ceil_div_i64(hidden, chip->plane_columns);
  status = rs__cost_product(down * rs_ceil_div_i64(GATES, chip->planes), across, 1, &tiles, diag);
  if (status == RS_OK) {
    status = rs__cost_product(tiles, chip->tile_load_cycles, 1, &cost->weight_cycles, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(tiles, batch, chip->pass_cycles[RS_INT8], &cost->pass_cycles, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(GATES * across, chip->gate_vector_cycles, batch, &work, diag);
  }
  if (status != RS_OK) return status;
  cost->vector_cycles = work;
  cost->vector_ops = work * chip->lanes * chip->alus_per_lane;
  /* activation of the gates, then the cell's update: two dependent passes */
  cost->latency_cycles = chip->matrix_latency_cycles + 2 * chip->vector_latency_cycles;
  cost->sram_bytes = weights + activations;
  cost->first_cycles = INT64_MAX;
  cost->unit = RS_UNIT_MATRIX;
  return rs__cost_finish(chip, RS_INT8, cost, diag);
}

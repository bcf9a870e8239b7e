/*
 * The vector unit: `lanes` lanes of `alus_per_lane` ALUs that work in a chain. Elements go in vectors
 * of `lanes`, a vector that is not full costs as much as a full one. Throughput counts all ALUs as
 * alike; a pass that depends on the one before (a sum over all elements, then its use) pays the
 * latency from SRAM to SRAM again.
 *
 * Operations an element are counted as the unit has them: power of two, reciprocal square root and
 * tanh are one instruction each, there is no divide [the vendor's public LSTM sample].
 */
#include "rs__cost.h"

rs_status rs_cost_vector(const rs_chip *chip, int64_t elements, int64_t batch,
                         int64_t ops_per_element, int64_t passes, rs_number number, rs_cost *cost,
                         rs_diag *diag) {
  const rs__shape shapes[] = {{"elements", elements},
                              {"batch", batch},
                              {"operations an element", ops_per_element},
                              {"passes", passes}};
  int64_t all, vector_ops, before, again;
  int64_t vectors = rs_ceil_div_i64(elements, chip->lanes);
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK && rs_number_is_block(number)) {
    status = rs__cost_check_math(chip, number, diag);
  }
  if (status == RS_OK) status = rs__cost_product(elements, batch, 1, &all, diag);
  if (status == RS_OK) status = rs__cost_product(all, ops_per_element, 1, &cost->vector_ops, diag);
  if (status == RS_OK)
    status = rs__cost_product(vectors, batch, ops_per_element, &vector_ops, diag);
  if (status == RS_OK) {
    status = rs__cost_product(passes, chip->vector_latency_cycles, 1, &cost->latency_cycles, diag);
  }
  if (status == RS_OK) status = rs__cost_product(passes, 1, 1, &again, diag);
  /* every pass reads, the last one writes */
  if (status == RS_OK) {
    status = rs__cost_product(all, again + 1, rs_number_bytes(number), &cost->sram_bytes, diag);
  }
  if (status != RS_OK) return status;
  cost->vector_cycles = rs_ceil_div_i64(vector_ops, chip->alus_per_lane);
  status = rs__cost_product(cost->vector_cycles, again - 1, 1, &before, diag);
  if (status != RS_OK) return status;
  cost->first_cycles = cost->latency_cycles + rs_ceil_div_i64(before, passes) + 1;
  cost->unit = RS_UNIT_VECTOR;
  return rs__cost_finish(chip, number, 0, cost, diag);
}

/* Square, add; then product with the reciprocal root, product with the weight, conversion. The root
 * is of one number. */
rs_status rs_cost_norm(const rs_chip *chip, int64_t hidden, int64_t batch, rs_number number,
                       rs_cost *cost, rs_diag *diag) {
  return rs_cost_vector(chip, hidden, batch, 5, 2, number, cost, diag);
}

/* Maximum; then subtract, product with log2 e, power of two, add; then product with the reciprocal
 * sum, conversion. The reciprocal is of one number. */
rs_status rs_cost_softmax(const rs_chip *chip, int64_t elements, int64_t batch, rs_number number,
                          rs_cost *cost, rs_diag *diag) {
  return rs_cost_vector(chip, elements, batch, 7, 3, number, cost, diag);
}

/*
 * What all operations share: shapes, sums, the stream limit, energy.
 *
 * Streams are a roofline: the other parts say how long the units are busy, and what their bytes need
 * beyond that at the rate of the streams (or of SRAM, if it is the slower) is added as a part of its
 * own. Loading a full tile takes half of the streams, so only narrow work on wide data is ever held
 * up. Latencies are left out of the comparison: nothing flows steadily in them.
 */
#include "rs_cost.h"

#include <stdio.h>

#include "rs__cost.h"

/* Times beyond this are a mistake in a shape, and would not fit into a schedule. */
#define CYCLES_MAX (INT64_C(1) << 58)

rs_status rs__cost_check_shapes(const rs__shape *shapes, size_t count, rs_diag *diag) {
  for (size_t i = 0; i < count; i++) {
    if (shapes[i].value >= 1) continue;
    rs_diag_set(diag, RS_E_INPUT, "%s is %lld", shapes[i].name, (long long)shapes[i].value);
    rs_diag_expect(diag, "at least 1");
    return RS_E_INPUT;
  }
  return RS_OK;
}

rs_status rs__cost_check_math(const rs_chip *chip, rs_number math, rs_diag *diag) {
  if (rs_chip_computes(chip, math)) return RS_OK;
  char words[64] = "";
  size_t length = 0;
  for (int n = 0; n < RS_NUMBER_COUNT; n++) {
    if (!rs_chip_computes(chip, (rs_number)n)) continue;
    length += (size_t)snprintf(words + length, sizeof words - length, "%s%s",
                               length > 0 ? " or " : "", rs_number_word((rs_number)n));
  }
  rs_diag_set(diag, RS_E_INPUT, "chip %s does not compute in %s", chip->name, rs_number_word(math));
  rs_diag_expect(diag, "%s", words);
  return RS_E_INPUT;
}

rs_status rs__cost_product(int64_t a, int64_t b, int64_t c, int64_t *product, rs_diag *diag) {
  int64_t partial;
  if (rs_mul_i64(a, b, &partial) && rs_mul_i64(partial, c, product) && *product < CYCLES_MAX) {
    return RS_OK;
  }
  return rs_diag_set(diag, RS_E_OVERFLOW, "%lld × %lld × %lld is beyond what can be counted",
                     (long long)a, (long long)b, (long long)c);
}

static rs_cost_bound largest_part(const rs_cost *cost) {
  const int64_t parts[RS_BOUND_COUNT] = {cost->weight_cycles, cost->pass_cycles,
                                         cost->vector_cycles, cost->stream_cycles,
                                         cost->latency_cycles};
  rs_cost_bound bound = RS_BOUND_WEIGHTS;
  for (int i = 1; i < RS_BOUND_COUNT; i++) {
    if (parts[i] > parts[bound]) bound = (rs_cost_bound)i;
  }
  return bound;
}

rs_status rs__cost_finish(const rs_chip *chip, rs_number math, int64_t early_bytes, rs_cost *cost,
                          rs_diag *diag) {
  int64_t rate = RS_MIN(chip->stream_bytes_per_cycle, chip->sram_read_bytes_per_cycle);
  int64_t busy = cost->weight_cycles + cost->pass_cycles + cost->vector_cycles;
  int64_t carried = rs_ceil_div_i64(cost->sram_bytes - early_bytes, rate);
  cost->stream_cycles = RS_MAX(carried - busy, 0);
  cost->cycles = busy + cost->stream_cycles + cost->latency_cycles;
  if (cost->cycles >= CYCLES_MAX) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "the operation takes more than 2^58 cycles");
  }
  /* who waits for streams waits early as well */
  cost->first_cycles = RS_MIN(cost->first_cycles + cost->stream_cycles, cost->cycles);
  cost->bound = largest_part(cost);
  cost->sram_pj = (double)cost->sram_bytes * 8 * chip->sram_pj_per_bit;
  cost->matrix_pj = (double)cost->macs * chip->mac_pj[math];
  cost->vector_pj = (double)cost->vector_ops * chip->vector_op_pj;
  cost->energy_pj = cost->sram_pj + cost->matrix_pj + cost->vector_pj;
  return RS_OK;
}

void rs_cost_add(rs_cost *sum, const rs_cost *next) {
  sum->cycles += next->cycles;
  sum->weight_cycles += next->weight_cycles;
  sum->pass_cycles += next->pass_cycles;
  sum->vector_cycles += next->vector_cycles;
  sum->stream_cycles += next->stream_cycles;
  sum->latency_cycles += next->latency_cycles;
  sum->sram_bytes += next->sram_bytes;
  sum->macs += next->macs;
  sum->vector_ops += next->vector_ops;
  sum->energy_pj += next->energy_pj;
  sum->sram_pj += next->sram_pj;
  sum->matrix_pj += next->matrix_pj;
  sum->vector_pj += next->vector_pj;
  sum->bound = largest_part(sum);
}

const char *rs_cost_bound_word(rs_cost_bound bound) {
  static const char *const words[RS_BOUND_COUNT] = {"weights", "pass", "vector", "stream",
                                                    "latency"};
  return words[bound];
}

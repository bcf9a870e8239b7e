/*
 * Number formats and the check of a chip's constants.
 *
 * All integers stay below 2^40, and so do the products that the cost functions form without looking
 * (weights in the matrix unit, operations a cycle). Shapes are then the only thing that can overflow.
 */
#include "rs_chip.h"

#include <string.h>

static const char *const number_words[RS_NUMBER_COUNT] = {"int8", "fp16"};

int64_t rs_number_bytes(rs_number number) {
  return number == RS_INT8 ? 1 : 2;
}

const char *rs_number_word(rs_number number) {
  return number_words[number];
}

bool rs_number_parse(const char *word, rs_number *number) {
  for (int i = 0; i < RS_NUMBER_COUNT; i++) {
    if (strcmp(number_words[i], word) != 0) continue;
    *number = (rs_number)i;
    return true;
  }
  return false;
}

#define LIMIT (INT64_C(1) << 40)

typedef struct field {
  const char *name;
  int64_t value;
  int64_t least;
} field;

static rs_status refuse(const rs_chip *chip, const field *f, rs_diag *diag) {
  rs_diag_set(diag, RS_E_INPUT, "chip %s: %s is %lld", chip->name, f->name, (long long)f->value);
  rs_diag_expect(diag, "at least %lld and below 2^40", (long long)f->least);
  return RS_E_INPUT;
}

static rs_status check_energy(const rs_chip *chip, rs_diag *diag) {
  const double values[] = {chip->sram_pj_per_bit, chip->mac_pj[RS_INT8], chip->mac_pj[RS_FP16],
                           chip->vector_op_pj,    chip->c2c_pj_per_bit,  chip->static_w};
  static const char *const names[] = {"sram_pj_per_bit", "mac_pj int8",    "mac_pj fp16",
                                      "vector_op_pj",    "c2c_pj_per_bit", "static_w"};
  for (size_t i = 0; i < RS_COUNT_OF(values); i++) {
    if (values[i] >= 0 && values[i] < 1e12) continue; /* a NaN is refused too */
    rs_diag_set(diag, RS_E_INPUT, "chip %s: %s is %g", chip->name, names[i], values[i]);
    rs_diag_expect(diag, "at least 0 and below 1e12");
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* A tile fits into the planes, and the products that nobody looks at stay small. */
static rs_status check_planes(const rs_chip *chip, rs_diag *diag) {
  int64_t weights, ops;
  for (int n = 0; n < RS_NUMBER_COUNT; n++) {
    if (chip->planes_per_tile[n] <= chip->planes) continue;
    return rs_diag_set(diag, RS_E_INPUT, "chip %s: a tile of %s needs %lld planes of %lld",
                       chip->name, number_words[n], (long long)chip->planes_per_tile[n],
                       (long long)chip->planes);
  }
  if (!rs_mul_i64(chip->planes, chip->plane_rows, &weights) ||
      !rs_mul_i64(weights, chip->plane_columns, &weights) || weights >= LIMIT) {
    return rs_diag_set(diag, RS_E_INPUT, "chip %s: the matrix unit holds 2^40 weights or more",
                       chip->name);
  }
  if (!rs_mul_i64(chip->lanes, chip->alus_per_lane, &ops) || ops >= LIMIT) {
    return rs_diag_set(diag, RS_E_INPUT, "chip %s: the vector unit has 2^40 ALUs or more",
                       chip->name);
  }
  return RS_OK;
}

rs_status rs_chip_check(const rs_chip *chip, rs_diag *diag) {
  const field fields[] = {{"ports", chip->ports, 1},
                          {"sram_bytes", chip->sram_bytes, 1},
                          {"sram_read_bytes_per_cycle", chip->sram_read_bytes_per_cycle, 1},
                          {"stream_bytes_per_cycle", chip->stream_bytes_per_cycle, 1},
                          {"planes", chip->planes, 1},
                          {"plane_rows", chip->plane_rows, 1},
                          {"plane_columns", chip->plane_columns, 1},
                          {"tile_load_cycles", chip->tile_load_cycles, 1},
                          {"pass_cycles int8", chip->pass_cycles[RS_INT8], 1},
                          {"pass_cycles fp16", chip->pass_cycles[RS_FP16], 1},
                          {"planes_per_tile int8", chip->planes_per_tile[RS_INT8], 1},
                          {"planes_per_tile fp16", chip->planes_per_tile[RS_FP16], 1},
                          {"matrix_latency_cycles", chip->matrix_latency_cycles, 0},
                          {"lanes", chip->lanes, 1},
                          {"alus_per_lane", chip->alus_per_lane, 1},
                          {"vector_latency_cycles", chip->vector_latency_cycles, 0},
                          {"gate_vector_cycles", chip->gate_vector_cycles, 0}};
  for (size_t i = 0; i < RS_COUNT_OF(fields); i++) {
    if (fields[i].value < fields[i].least || fields[i].value >= LIMIT) {
      return refuse(chip, &fields[i], diag);
    }
  }
  rs_status status = check_planes(chip, diag);
  if (status == RS_OK) status = check_energy(chip, diag);
  return status == RS_OK ? rs_timing_check(&chip->timing, diag) : status;
}

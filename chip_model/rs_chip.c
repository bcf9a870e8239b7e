/*
 * Number formats and the check of a chip's constants.
 *
 * All integers stay below 2^40, and so do the products that the cost functions form without looking
 * (weights in the matrix unit, operations a cycle). Shapes are then the only thing that can overflow.
 */
#include "rs_chip.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

typedef struct format {
  const char *word;
  int64_t block_numbers;
  int64_t block_bytes;
} format;

static const format formats[RS_NUMBER_COUNT] = {[RS_INT8] = {"int8", 1, 1},
                                                [RS_FP16] = {"fp16", 1, 2},
                                                [RS_FP8] = {"fp8", 1, 1},
                                                [RS_BF16] = {"bf16", 1, 2},
                                                [RS_BLOCK4] = {"block4", 16, 9}};

int64_t rs_number_bytes_of(rs_number number, int64_t count) {
  assert(count >= 0 && count < INT64_C(1) << 62);
  return rs_ceil_div_i64(count, formats[number].block_numbers) * formats[number].block_bytes;
}

int64_t rs_number_bytes(rs_number number) {
  assert(!rs_number_is_block(number));
  return formats[number].block_bytes;
}

bool rs_number_is_block(rs_number number) {
  return formats[number].block_numbers > 1;
}

const char *rs_number_word(rs_number number) {
  return formats[number].word;
}

bool rs_number_parse(const char *word, rs_number *number) {
  for (int i = 0; i < RS_NUMBER_COUNT; i++) {
    if (strcmp(formats[i].word, word) != 0) continue;
    *number = (rs_number)i;
    return true;
  }
  return false;
}

static const char *const kind_words[RS_CHIP_KIND_COUNT] = {"lpu", "gpu"};

const char *rs_chip_kind_word(rs_chip_kind kind) {
  return kind_words[kind];
}

bool rs_chip_kind_parse(const char *word, rs_chip_kind *kind) {
  for (int i = 0; i < RS_CHIP_KIND_COUNT; i++) {
    if (strcmp(kind_words[i], word) != 0) continue;
    *kind = (rs_chip_kind)i;
    return true;
  }
  return false;
}

bool rs_chip_computes(const rs_chip *chip, rs_number math) {
  return chip->pass_cycles[math] > 0;
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

static rs_status check_fields(const rs_chip *chip, const field *fields, size_t count,
                              rs_diag *diag) {
  for (size_t i = 0; i < count; i++) {
    const field *f = &fields[i];
    if (f->value < f->least || f->value >= LIMIT) return refuse(chip, f, diag);
  }
  return RS_OK;
}

static rs_status check_energy(const rs_chip *chip, rs_diag *diag) {
  const double values[] = {chip->sram_pj_per_bit, chip->vector_op_pj, chip->c2c_pj_per_bit,
                           chip->static_w};
  static const char *const names[] = {"sram_pj_per_bit", "vector_op_pj", "c2c_pj_per_bit",
                                      "static_w"};
  for (size_t i = 0; i < RS_COUNT_OF(values) + RS_NUMBER_COUNT; i++) {
    size_t n = i - RS_COUNT_OF(values);
    bool is_mac = i >= RS_COUNT_OF(values);
    double value = is_mac ? chip->mac_pj[n] : values[i];
    if (value >= 0 && value < 1e12) continue; /* a NaN is refused too */
    rs_diag_set(diag, RS_E_INPUT, "chip %s: %s%s is %g", chip->name, is_mac ? "mac_pj " : names[i],
                is_mac ? formats[n].word : "", value);
    rs_diag_expect(diag, "at least 0 and below 1e12");
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* A format is computed in, with both its numbers, or with none. */
static rs_status check_formats(const rs_chip *chip, rs_diag *diag) {
  bool has_any = false;
  for (int n = 0; n < RS_NUMBER_COUNT; n++) {
    int64_t pass = chip->pass_cycles[n], together = chip->planes_per_tile[n];
    if (pass == 0 && together == 0) continue;
    char names[2][40];
    snprintf(names[0], sizeof names[0], "pass_cycles %s", formats[n].word);
    snprintf(names[1], sizeof names[1], "planes_per_tile %s", formats[n].word);
    const field fields[] = {{names[0], pass, 1}, {names[1], together, 1}};
    rs_status status = check_fields(chip, fields, RS_COUNT_OF(fields), diag);
    if (status != RS_OK) return status;
    if (rs_number_is_block((rs_number)n)) {
      return rs_diag_set(diag, RS_E_INPUT, "chip %s: no unit computes in %s", chip->name,
                         formats[n].word);
    }
    has_any = true;
    if (together <= chip->planes) continue;
    return rs_diag_set(diag, RS_E_INPUT, "chip %s: a tile of %s needs %lld planes of %lld",
                       chip->name, formats[n].word, (long long)together, (long long)chip->planes);
  }
  if (has_any) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT, "chip %s: pass_cycles is given for no format", chip->name);
}

/* The products that nobody looks at stay small. */
static rs_status check_products(const rs_chip *chip, rs_diag *diag) {
  int64_t weights, ops;
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

static rs_status check_lpu(const rs_chip *chip, rs_diag *diag) {
  const field fields[] = {{"ports", chip->ports, 1},
                          {"sram_bytes", chip->sram_bytes, 1},
                          {"sram_read_bytes_per_cycle", chip->sram_read_bytes_per_cycle, 1},
                          {"stream_bytes_per_cycle", chip->stream_bytes_per_cycle, 1},
                          {"planes", chip->planes, 1},
                          {"plane_rows", chip->plane_rows, 1},
                          {"plane_columns", chip->plane_columns, 1},
                          {"tile_load_cycles", chip->tile_load_cycles, 1},
                          {"expand_ops", chip->expand_ops, 0},
                          {"matrix_latency_cycles", chip->matrix_latency_cycles, 0},
                          {"lanes", chip->lanes, 1},
                          {"alus_per_lane", chip->alus_per_lane, 1},
                          {"vector_latency_cycles", chip->vector_latency_cycles, 0},
                          {"gate_vector_cycles", chip->gate_vector_cycles, 0}};
  rs_status status = check_fields(chip, fields, RS_COUNT_OF(fields), diag);
  if (status == RS_OK) status = check_formats(chip, diag);
  if (status == RS_OK) status = check_products(chip, diag);
  return status == RS_OK ? rs_timing_check(&chip->timing, diag) : status;
}

rs_status rs_chip_check(const rs_chip *chip, rs_diag *diag) {
  rs_status status = check_lpu(chip, diag);
  return status == RS_OK ? check_energy(chip, diag) : status;
}

/*
 * Number formats and the check of a chip's constants.
 *
 * Bounds of single numbers are the key table's. All integers of an LPU stay below 2^40, and so do the
 * products that the cost functions form without looking (weights in the matrix unit, operations a
 * cycle). Shapes are then the only thing that can overflow.
 */
#include "rs_chip.h"

#include <assert.h>
#include <string.h>

#include "rs__chip.h"
#include "rs_text.h"

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
  return chip->kind == RS_CHIP_GPU ? chip->gpu.peak_ops_per_s[math] > 0
                                   : chip->pass_cycles[math] > 0;
}

#define LIMIT (INT64_C(1) << 40)

/* A format is computed in, with both its numbers, or with none. */
static rs_status check_formats(const rs_chip *chip, rs_diag *diag) {
  bool is_gpu = chip->kind == RS_CHIP_GPU;
  const int64_t *firsts = is_gpu ? chip->gpu.peak_ops_per_s : chip->pass_cycles;
  const int64_t *seconds = is_gpu ? chip->gpu.gemm_efficiency_ppb : chip->planes_per_tile;
  const char *first = is_gpu ? "peak" : "pass_cycles";
  const char *second = is_gpu ? "gemm_efficiency" : "planes_per_tile";
  bool has_any = false;
  for (int n = 0; n < RS_NUMBER_COUNT; n++) {
    const char *word = formats[n].word;
    if (firsts[n] == 0 && seconds[n] == 0) continue;
    if (rs_number_is_block((rs_number)n)) {
      return rs_diag_set(diag, RS_E_INPUT, "chip %s: no unit computes in %s", chip->name, word);
    }
    if (firsts[n] == 0 || seconds[n] == 0) {
      return rs_diag_set(diag, RS_E_INPUT, "chip %s: %s_%s and %s_%s go together", chip->name,
                         first, word, second, word);
    }
    has_any = true;
    if (is_gpu || seconds[n] <= chip->planes) continue;
    return rs_diag_set(diag, RS_E_INPUT, "chip %s: a tile of %s needs %lld planes of %lld",
                       chip->name, word, (long long)seconds[n], (long long)chip->planes);
  }
  if (has_any) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT, "chip %s: %s is given for no format", chip->name, first);
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

/* Attention is reckoned against the fp16 peak. */
static rs_status check_gpu(const rs_chip *chip, rs_diag *diag) {
  if (chip->gpu.peak_ops_per_s[RS_FP16] > 0) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT, "chip %s: peak_fp16 is missing", chip->name);
}

rs_status rs_chip_check(const rs_chip *chip, rs_diag *diag) {
  size_t count;
  const rs__chip_key *keys = rs__chip_keys(&count);
  rs_status status = RS_OK;
  for (size_t i = 0; i < count && status == RS_OK; i++) {
    if (rs__chip_key_of(&keys[i], chip->kind)) {
      status = rs__chip_check_key(chip, &keys[i], diag);
    }
  }
  if (status == RS_OK) status = check_formats(chip, diag);
  if (status != RS_OK) return status;
  if (chip->kind == RS_CHIP_GPU) return check_gpu(chip, diag);
  status = check_products(chip, diag);
  return status == RS_OK ? rs_timing_check(&chip->timing, diag) : status;
}

uint64_t rs_chip_digest(const rs_chip *chip) {
  size_t count;
  const rs__chip_key *keys = rs__chip_keys(&count);
  uint64_t digest = rs_digest_bytes(RS_DIGEST_SEED, chip->name, strlen(chip->name) + 1);
  digest = rs_digest_u64(digest, (uint64_t)chip->kind);
  for (size_t i = 0; i < count; i++) {
    /* doubles by their bits: the same text gives the same bits on any machine */
    digest = rs_digest_u64(digest, (uint64_t)rs__chip_get_i64(chip, &keys[i]));
  }
  return digest;
}

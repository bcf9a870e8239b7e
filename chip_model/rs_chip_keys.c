/*
 * The numbers of a chip, a row each: how a file names it, its unit, its bounds, which kinds of chips
 * have it. Energies and powers are decimal fractions and become doubles, correctly rounded: a whole
 * number below 2^53 over a power of ten up to 10^15 is one division.
 */
#include <stdio.h>
#include <string.h>

#include "rs__chip.h"
#include "rs_units.h"

#define LPU (1U << RS_CHIP_LPU)
#define GPU (1U << RS_CHIP_GPU)
#define BOTH (LPU | GPU)

#define BELOW_2_40 ((INT64_C(1) << 40) - 1)
#define BELOW_2_60 ((INT64_C(1) << 60) - 1)
#define PPB_ONE INT64_C(1000000000)
#define SECOND_FS INT64_C(1000000000000000)

#define ROW(name, member, unit, kinds, optional, least, most) \
  { name, #member, offsetof(rs_chip, member), unit, kinds, optional, least, most }
#define NEEDED(name, member, unit, kinds, least, most) \
  ROW(name, member, unit, kinds, false, least, most)
/* One row a format that is computed in. */
#define FORMATS(name, member, unit, kinds, least, most)                   \
  ROW(name "_int8", member[RS_INT8], unit, kinds, true, least, most),     \
      ROW(name "_fp16", member[RS_FP16], unit, kinds, true, least, most), \
      ROW(name "_fp8", member[RS_FP8], unit, kinds, true, least, most),   \
      ROW(name "_bf16", member[RS_BF16], unit, kinds, true, least, most)

static const rs__chip_key keys[] = {
    NEEDED("clock", timing.clock_hz, RS__CHIP_FREQUENCY, LPU, 1, BELOW_2_40),
    NEEDED("vector", timing.vector_bytes, RS__CHIP_BYTES, LPU, 1, BELOW_2_40),
    NEEDED("slot_num", timing.slot_num, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("slot_den", timing.slot_den, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("latency_node_cycles", timing.latency_cycles[RS_CABLE_NODE], RS__CHIP_COUNT, LPU, 1,
           BELOW_2_40),
    NEEDED("latency_rack_cycles", timing.latency_cycles[RS_CABLE_RACK], RS__CHIP_COUNT, LPU, 1,
           BELOW_2_40),
    NEEDED("latency_inter_rack_cycles", timing.latency_cycles[RS_CABLE_INTER_RACK], RS__CHIP_COUNT,
           LPU, 1, BELOW_2_40),
    NEEDED("send_cycles", timing.send_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("receive_cycles", timing.receive_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("forward_cycles", timing.forward_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("add_cycles", timing.add_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("adds_per_cycle", timing.adds_per_cycle, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("ports", ports, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("sram", sram_bytes, RS__CHIP_BYTES, LPU, 1, BELOW_2_40),
    NEEDED("sram_read_bytes_per_cycle", sram_read_bytes_per_cycle, RS__CHIP_COUNT, LPU, 1,
           BELOW_2_40),
    NEEDED("stream_bytes_per_cycle", stream_bytes_per_cycle, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("planes", planes, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("plane_rows", plane_rows, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("plane_columns", plane_columns, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("tile_load_cycles", tile_load_cycles, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    FORMATS("pass_cycles", pass_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    FORMATS("planes_per_tile", planes_per_tile, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("expand_ops", expand_ops, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("matrix_latency_cycles", matrix_latency_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("lanes", lanes, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("alus_per_lane", alus_per_lane, RS__CHIP_COUNT, LPU, 1, BELOW_2_40),
    NEEDED("vector_latency_cycles", vector_latency_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),
    NEEDED("gate_vector_cycles", gate_vector_cycles, RS__CHIP_COUNT, LPU, 0, BELOW_2_40),

    NEEDED("hbm", gpu.hbm_bytes, RS__CHIP_BYTES, GPU, 1, BELOW_2_60),
    NEEDED("hbm_rate", gpu.hbm_bytes_per_s, RS__CHIP_RATE, GPU, 1, BELOW_2_60),
    NEEDED("hbm_efficiency", gpu.hbm_efficiency_ppb, RS__CHIP_SHARE, GPU, 1, PPB_ONE),
    NEEDED("l2_rate", gpu.l2_bytes_per_s, RS__CHIP_RATE, GPU, 1, BELOW_2_60),
    NEEDED("widen_rate", gpu.widen_numbers_per_s, RS__CHIP_OPERATIONS, GPU, 1, BELOW_2_60),
    NEEDED("hbm_latency", gpu.hbm_latency_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    FORMATS("peak", gpu.peak_ops_per_s, RS__CHIP_OPERATIONS, GPU, 0, BELOW_2_60),
    FORMATS("gemm_efficiency", gpu.gemm_efficiency_ppb, RS__CHIP_SHARE, GPU, 0, PPB_ONE),
    NEEDED("attention_efficiency", gpu.attention_efficiency_ppb, RS__CHIP_SHARE, GPU, 1, PPB_ONE),
    NEEDED("tile_rows", gpu.tile_rows, RS__CHIP_COUNT, GPU, 1, BELOW_2_40),
    NEEDED("overlap", gpu.overlap_ppb, RS__CHIP_SHARE, GPU, 0, PPB_ONE),
    NEEDED("launch", gpu.launch_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("request", gpu.request_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("link_rate", gpu.link_bytes_per_s, RS__CHIP_RATE, GPU, 1, BELOW_2_60),
    NEEDED("link_efficiency", gpu.link_efficiency_ppb, RS__CHIP_SHARE, GPU, 1, PPB_ONE),
    NEEDED("link_domain", gpu.link_domain, RS__CHIP_COUNT, GPU, 1, BELOW_2_40),
    NEEDED("ring_base", gpu.ring_base_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("ring_step", gpu.ring_step_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("small_base", gpu.small_base_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("small_step", gpu.small_step_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("small_efficiency", gpu.small_efficiency_ppb, RS__CHIP_SHARE, GPU, 1, PPB_ONE),
    NEEDED("board_rate", gpu.board_bytes_per_s, RS__CHIP_RATE, GPU, 1, BELOW_2_60),
    NEEDED("board_step", gpu.board_step_fs, RS__CHIP_TIME, GPU, 0, SECOND_FS),
    NEEDED("hbm_energy", gpu.hbm_pj_per_bit, RS__CHIP_PJ_PER_BIT, GPU, 0, 0),

    NEEDED("host_rate", host_bytes_per_s, RS__CHIP_RATE, BOTH, 1, BELOW_2_60),
    NEEDED("host_latency", host_latency_fs, RS__CHIP_TIME, BOTH, 0, SECOND_FS),
    NEEDED("sram_energy", sram_pj_per_bit, RS__CHIP_PJ_PER_BIT, LPU, 0, 0),
    FORMATS("mac_energy", mac_pj, RS__CHIP_PJ, BOTH, 0, 0),
    NEEDED("vector_op_energy", vector_op_pj, RS__CHIP_PJ, BOTH, 0, 0),
    NEEDED("link_energy", c2c_pj_per_bit, RS__CHIP_PJ_PER_BIT, BOTH, 0, 0),
    NEEDED("static_power", static_w, RS__CHIP_WATT, BOTH, 0, 0),
    NEEDED("max_power", max_w, RS__CHIP_WATT, BOTH, 0, 0),
};

const rs__chip_key *rs__chip_keys(size_t *count) {
  *count = RS_COUNT_OF(keys);
  return keys;
}

bool rs__chip_key_of(const rs__chip_key *key, rs_chip_kind kind) {
  return (key->kinds & (1U << kind)) != 0;
}

bool rs__chip_key_is_double(const rs__chip_key *key) {
  return key->unit >= RS__CHIP_PJ_PER_BIT;
}

int64_t rs__chip_get_i64(const rs_chip *chip, const rs__chip_key *key) {
  int64_t value;
  memcpy(&value, (const char *)chip + key->offset, sizeof value);
  return value;
}

double rs__chip_get_double(const rs_chip *chip, const rs__chip_key *key) {
  double value;
  memcpy(&value, (const char *)chip + key->offset, sizeof value);
  return value;
}

void rs__chip_set_i64(rs_chip *chip, const rs__chip_key *key, int64_t value) {
  memcpy((char *)chip + key->offset, &value, sizeof value);
}

static void set_double(rs_chip *chip, const rs__chip_key *key, double value) {
  memcpy((char *)chip + key->offset, &value, sizeof value);
}

/* ---- texts ---- */

static const char *const descriptions[RS__CHIP_UNIT_COUNT] = {
    [RS__CHIP_COUNT] = "a whole number",
    [RS__CHIP_BYTES] = "a size such as 220MiB",
    [RS__CHIP_RATE] = "a rate such as 3.35TB/s",
    [RS__CHIP_FREQUENCY] = "a frequency such as 900MHz",
    [RS__CHIP_TIME] = "a time such as 4.5us",
    [RS__CHIP_SHARE] = "a share such as 80%",
    [RS__CHIP_OPERATIONS] = "operations a second such as 989TFLOP/s or 750TOP/s",
    [RS__CHIP_PJ_PER_BIT] = "an energy a bit such as 0.3pJ/bit",
    [RS__CHIP_PJ] = "an energy such as 0.08pJ",
    [RS__CHIP_WATT] = "a power such as 74W",
};

const char *rs__chip_unit_describe(rs__chip_unit unit) {
  return descriptions[unit];
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Digits and at most one point at the front of `text`: value = *mantissa / 10^*places. Returns what
 * follows, without blanks; NULL when there is no number or one of more than 15 digits. */
static const char *read_decimal(const char *text, int64_t *mantissa, int *places) {
  int digits = 0;
  bool has_point = false;
  *mantissa = 0;
  *places = 0;
  for (; is_digit(*text) || (*text == '.' && !has_point && digits > 0); text++) {
    if (*text == '.') {
      has_point = true;
      continue;
    }
    if (++digits > 15) return NULL;
    *mantissa = *mantissa * 10 + (*text - '0');
    *places += has_point ? 1 : 0;
  }
  if (digits == 0 || (has_point && *places == 0)) return NULL;
  while (*text == ' ') text++;
  return text;
}

static bool read_double(const char *text, const char *unit, double *value) {
  int64_t mantissa;
  int places;
  const char *rest = read_decimal(text, &mantissa, &places);
  if (rest == NULL || strcmp(rest, unit) != 0) return false;
  double scale = 1;
  for (int i = 0; i < places; i++) scale *= 10;
  *value = (double)mantissa / scale;
  return true;
}

/* "1.2PFLOP/s", "750TOP/s": whole operations a second. */
static bool read_operations(const char *text, int64_t *value) {
  static const char prefixes[] = "KMGTPE";
  int64_t mantissa;
  int places;
  const char *rest = read_decimal(text, &mantissa, &places);
  if (rest == NULL) return false;
  const char *prefix = *rest == '\0' ? NULL : strchr(prefixes, *rest);
  int powers = 0;
  if (prefix != NULL) {
    powers = 3 * ((int)(prefix - prefixes) + 1);
    rest++;
  }
  if (strcmp(rest, "FLOP/s") != 0 && strcmp(rest, "OP/s") != 0) return false;
  for (; places < powers; powers--) {
    if (!rs_mul_i64(mantissa, 10, &mantissa)) return false;
  }
  for (; places > powers; places--) {
    if (mantissa % 10 != 0) return false;
    mantissa /= 10;
  }
  *value = mantissa;
  return true;
}

static rs_status refuse_text(const rs__chip_key *key, const char *text, rs_diag *diag) {
  rs_diag_set(diag, RS_E_INPUT, "'%s': '%.60s' is not %s", key->name, text,
              descriptions[key->unit]);
  rs_diag_expect(diag, "%s", descriptions[key->unit]);
  return RS_E_INPUT;
}

/* Says of what the quantity is. */
static rs_status name_key(const rs__chip_key *key, rs_diag *diag) {
  if (diag == NULL) return RS_E_INPUT;
  char what[sizeof diag->what];
  snprintf(what, sizeof what, "'%s': %.400s", key->name, diag->what);
  memcpy(diag->what, what, sizeof what);
  return diag->status;
}

rs_status rs__chip_set_text(rs_chip *chip, const rs__chip_key *key, const char *text,
                            rs_diag *diag) {
  static const rs_quantity quantities[] = {
      [RS__CHIP_COUNT] = RS_QUANTITY_COUNT, [RS__CHIP_BYTES] = RS_QUANTITY_BYTES,
      [RS__CHIP_RATE] = RS_QUANTITY_RATE,   [RS__CHIP_FREQUENCY] = RS_QUANTITY_FREQUENCY,
      [RS__CHIP_TIME] = RS_QUANTITY_TIME,   [RS__CHIP_SHARE] = RS_QUANTITY_RATIO};
  static const char *const units[] = {
      [RS__CHIP_PJ_PER_BIT] = "pJ/bit", [RS__CHIP_PJ] = "pJ", [RS__CHIP_WATT] = "W"};
  int64_t value = 0;
  double real = 0;
  if (rs__chip_key_is_double(key)) {
    if (!read_double(text, units[key->unit], &real)) return refuse_text(key, text, diag);
    set_double(chip, key, real);
    return RS_OK;
  }
  if (key->unit == RS__CHIP_OPERATIONS) {
    if (!read_operations(text, &value)) return refuse_text(key, text, diag);
  } else {
    rs_status status = rs_quantity_parse(text, quantities[key->unit], &value, diag);
    if (status != RS_OK) return name_key(key, diag);
  }
  rs__chip_set_i64(chip, key, value);
  return RS_OK;
}

/* ---- bounds ---- */

static rs_status check_double(const rs_chip *chip, const rs__chip_key *key, rs_diag *diag) {
  double value = rs__chip_get_double(chip, key);
  if (value >= 0 && value < 1e12) return RS_OK; /* a NaN is refused too */
  rs_diag_set(diag, RS_E_INPUT, "chip %s: %s is %g", chip->name, key->name, value);
  rs_diag_expect(diag, "at least 0 and below 1e12");
  return RS_E_INPUT;
}

rs_status rs__chip_check_key(const rs_chip *chip, const rs__chip_key *key, rs_diag *diag) {
  if (rs__chip_key_is_double(key)) return check_double(chip, key, diag);
  int64_t value = rs__chip_get_i64(chip, key);
  if (value >= key->least && value <= key->most) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "chip %s: %s is %lld", chip->name, key->name, (long long)value);
  rs_diag_expect(diag, "from %lld to %lld", (long long)key->least, (long long)key->most);
  return RS_E_INPUT;
}

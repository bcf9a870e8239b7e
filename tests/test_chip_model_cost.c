/* The chip: its fit shown, its costs against arithmetic done by hand, its limits. */
#include <math.h>
#include <string.h>

#include "rs_cost.h"
#include "rs_test.h"

static const rs_chip *chip(void) {
  return rs_chip_find("groqchip1");
}

/* ---- the fit ---- */

/* The published LSTM row, hidden 512, int8, 900 MHz. Slope by least squares over the five points;
 * the two fitted constants must follow from it and from what is published otherwise:
 *   slope     24 cycles a vector: 8 tiles a plane · 1 cycle of pass, and 16 for 8 gate vectors
 *   intercept 646 cycles: 8 loads of 40, and 326 = matrix latency + 2 · vector latency */
static void the_constants_follow_from_the_published_row(void **state) {
  (void)state;
  static const double batch[] = {1, 3, 6, 8, 32};
  static const double cycles[] = {670, 718, 790, 838, 1413};
  double sb = 0, sc = 0, sbb = 0, sbc = 0;
  for (int i = 0; i < 5; i++) {
    sb += batch[i];
    sc += cycles[i];
    sbb += batch[i] * batch[i];
    sbc += batch[i] * cycles[i];
  }
  double slope = (5 * sbc - sb * sc) / (5 * sbb - sb * sb);
  double intercept = (sc - slope * sb) / 5;
  const rs_chip *c = chip();
  double tiles = ceil(1024.0 / 320) * ceil(512.0 / 320);
  double gate_vectors = 4 * ceil(512.0 / 320);
  assert_int_equal(lround((slope - tiles * (double)c->pass_cycles[RS_INT8]) / gate_vectors),
                   c->gate_vector_cycles);
  double latency = intercept - tiles * (double)c->tile_load_cycles;
  assert_int_equal(lround(latency), c->matrix_latency_cycles + 2 * c->vector_latency_cycles);
  for (int i = 0; i < 5; i++) {
    rs_diag diag;
    rs_cost cost;
    assert_ok(rs_cost_lstm(c, 512, (int64_t)batch[i], &cost, &diag), &diag);
    assert_true(fabs((double)cost.cycles / cycles[i] - 1) <= 0.03);
  }
}

/* Not used in the fit: the vendor claims up to 257 TOP/s for LSTM-1024. Ours in the limit of large
 * batches: 16·1024² operations a vector over 28 passes + 16 gate vectors · 2 = 60 cycles, at 0.9 GHz:
 * 252 TOP/s. */
static void a_larger_cell_is_predicted(void **state) {
  (void)state;
  rs_diag diag;
  rs_cost a, b;
  assert_ok(rs_cost_lstm(chip(), 1024, 10000, &a, &diag), &diag);
  assert_ok(rs_cost_lstm(chip(), 1024, 20000, &b, &diag), &diag);
  double slope = (double)(b.cycles - a.cycles) / 10000;
  double tops = 16 * 1024.0 * 1024.0 / slope * 0.9e9 / 1e12;
  assert_true(fabs(slope - 60) < 1e-9);
  assert_true(fabs(tops / 257 - 1) < 0.05);
}

/* ---- costs ---- */

/* 8192 × 1280 in int8: ⌈8192/320⌉·⌈1280/320⌉ = 26·4 = 104 tiles, 26 rounds of 4 planes:
 * 26·40 + 26·1 + 166 = 1,232 cycles. In fp16 two planes make one: 52 rounds of 40 + 2, and 166. */
static void a_projection_is_its_tiles(void **state) {
  (void)state;
  rs_diag diag;
  rs_cost cost;
  assert_ok(rs_cost_gemm(chip(), 8192, 1280, 1, RS_INT8, RS_INT8, false, &cost, &diag), &diag);
  assert_int_equal(cost.cycles, 1232);
  assert_int_equal(cost.bound, RS_BOUND_WEIGHTS);
  assert_int_equal(cost.macs, 8192 * 1280);
  assert_int_equal(cost.sram_bytes, 8192 * 1280 + 8192 + 1280);
  /* the first 320 outputs need 26 tiles down: 7 rounds of 4 planes: 7·41 + 166 */
  assert_int_equal(cost.first_cycles, 453);
  assert_ok(rs_cost_gemm(chip(), 8192, 1280, 1, RS_INT8, RS_FP16, false, &cost, &diag), &diag);
  assert_int_equal(cost.cycles, 52 * 42 + 166);
  assert_ok(rs_cost_gemm(chip(), 8192, 1280, 1, RS_INT8, RS_INT8, true, &cost, &diag), &diag);
  assert_int_equal(cost.cycles, 1232 - 40); /* the first load came before */
}

/* Scores over 4,096 positions of one kv head that 8 query heads share, int8:
 * ⌈128/320⌉·⌈4096/320⌉ = 13 tiles, 4 rounds of 40 + 8: 192, and 166. */
static void attention_loads_its_cache(void **state) {
  (void)state;
  rs_diag diag;
  rs_cost scores, values;
  assert_ok(rs_cost_attention_scores(chip(), 8, 1, 128, 4096, 1, RS_INT8, RS_INT8, &scores, &diag),
            &diag);
  assert_int_equal(scores.cycles, 4 * (40 + 8) + 166);
  assert_ok(rs_cost_attention_values(chip(), 8, 1, 128, 4096, 1, RS_INT8, RS_INT8, &values, &diag),
            &diag);
  assert_int_equal(values.cycles, 4 * (40 + 8) + 166); /* 13 tiles down, 1 across */
}

/* 8,192 elements · 5 operations over 5,120 ALUs: 8 cycles, and two passes of 80. */
static void a_norm_is_two_passes(void **state) {
  (void)state;
  rs_diag diag;
  rs_cost cost;
  assert_ok(rs_cost_norm(chip(), 8192, 1, RS_FP16, &cost, &diag), &diag);
  assert_int_equal(cost.cycles, 8 + 160);
  assert_int_equal(cost.bound, RS_BOUND_LATENCY);
}

static void parts_add_up_and_grow(void **state) {
  (void)state;
  rs_diag diag;
  int64_t last = 0;
  for (int64_t batch = 1; batch <= 4096; batch *= 4) {
    rs_cost c;
    assert_ok(rs_cost_gemm(chip(), 1000, 3000, batch, RS_INT8, RS_FP16, false, &c, &diag), &diag);
    assert_int_equal(c.cycles, c.weight_cycles + c.pass_cycles + c.vector_cycles + c.stream_cycles +
                                   c.latency_cycles);
    assert_true(c.cycles > last && c.first_cycles <= c.cycles && c.energy_pj > 0);
    last = c.cycles;
  }
}

static void impossible_shapes_are_refused(void **state) {
  (void)state;
  rs_diag diag;
  rs_cost c;
  assert_int_equal(rs_cost_gemm(chip(), 0, 1, 1, RS_INT8, RS_INT8, false, &c, &diag), RS_E_INPUT);
  assert_non_null(strstr(diag.what, "inputs"));
  assert_int_equal(rs_cost_lstm(chip(), 512, 0, &c, &diag), RS_E_INPUT);
  assert_int_equal(rs_cost_lstm(chip(), INT64_C(1) << 40, 1, &c, &diag), RS_E_OVERFLOW);
  assert_int_equal(rs_cost_gemm(chip(), INT64_C(1) << 31, INT64_C(1) << 31, 4, RS_INT8, RS_INT8,
                                false, &c, &diag),
                   RS_E_OVERFLOW);
  assert_int_equal(rs_cost_attention_scores(chip(), 7, 2, 128, 1, 1, RS_INT8, RS_INT8, &c, &diag),
                   RS_E_INPUT);
}

/* Every field that a cost divides by, broken one at a time. */
static void a_broken_chip_is_refused(void **state) {
  (void)state;
  rs_diag diag;
  rs_chip broken = *chip();
  assert_ok(rs_chip_check(&broken, &diag), &diag);
  int64_t *const fields[] = {&broken.ports,
                             &broken.sram_bytes,
                             &broken.planes,
                             &broken.plane_rows,
                             &broken.plane_columns,
                             &broken.tile_load_cycles,
                             &broken.pass_cycles[0],
                             &broken.planes_per_tile[1],
                             &broken.lanes,
                             &broken.alus_per_lane,
                             &broken.timing.clock_hz,
                             &broken.timing.slot_den,
                             &broken.stream_bytes_per_cycle};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    int64_t good = *fields[i];
    *fields[i] = 0;
    assert_int_equal(rs_chip_check(&broken, &diag), RS_E_INPUT);
    *fields[i] = good;
  }
  broken.planes_per_tile[RS_FP16] = 5;
  assert_int_equal(rs_chip_check(&broken, &diag), RS_E_INPUT);
}

/* Three hops of a rack: 3·216 + 2·207 + 414 = 1,476 cycles = 1.64 µs (published: 1.6, not used);
 * one hop with 8 vectors: 207 + 166 + 216 + 207 = 796 of at most 990 cycles; five hops below 3 µs. */
static void hops_agree_with_what_is_published(void **state) {
  (void)state;
  const rs_timing *t = &chip()->timing;
  int64_t ends = t->send_cycles + t->receive_cycles;
  int64_t latency = t->latency_cycles[RS_CABLE_NODE];
  assert_true(ends + latency + rs_timing_slots(t, 7) <= 990);
  assert_true((double)(ends + 5 * latency + 4 * t->forward_cycles) / 900e6 < 3e-6);
  double rack = (double)(ends + 3 * latency + 2 * t->forward_cycles) / 900e6;
  assert_true(fabs(rack / 1.6e-6 - 1) < 0.05);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_constants_follow_from_the_published_row),
      cmocka_unit_test(a_larger_cell_is_predicted),
      cmocka_unit_test(a_projection_is_its_tiles),
      cmocka_unit_test(attention_loads_its_cache),
      cmocka_unit_test(a_norm_is_two_passes),
      cmocka_unit_test(parts_add_up_and_grow),
      cmocka_unit_test(impossible_shapes_are_refused),
      cmocka_unit_test(a_broken_chip_is_refused),
      cmocka_unit_test(hops_agree_with_what_is_published),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

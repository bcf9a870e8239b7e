/* The chips' constants against the published figures that they come from, and the check that every
 * field of a chip is usable. The published figures stand in docs/chip_model.md with their sources. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "rs_chip.h"
#include "rs_math.h"
#include "rs_test.h"

static const rs_chip *groqchip1(void) {
  const rs_chip *chip = rs_chip_find("groqchip1");
  assert_non_null(chip);
  return chip;
}

/* ---- the catalogue ---- */

static void every_chip_is_good_and_found_by_its_name(void **state) {
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  rs_diag diag = {0};
  (void)state;
  assert_true(count >= 1);
  for (size_t i = 0; i < count; i++) {
    assert_ok(rs_chip_check(&chips[i], &diag), &diag);
    assert_ptr_equal(rs_chip_find(chips[i].name), &chips[i]);
    assert_string_equal(chips[i].timing.name, chips[i].name);
    assert_true(strlen(chips[i].summary) > 0);
  }
  assert_null(rs_chip_find("groqchip"));
  assert_null(rs_chip_find(""));
}

static void numbers_have_words_and_bytes(void **state) {
  rs_number number = RS_NUMBER_COUNT;
  (void)state;
  assert_true(rs_number_parse("fp16", &number));
  assert_int_equal(number, RS_FP16);
  assert_int_equal(rs_number_bytes(number), 2);
  assert_true(rs_number_parse("int8", &number));
  assert_int_equal(number, RS_INT8);
  assert_int_equal(rs_number_bytes(number), 1);
  /* 9 bytes for a block of 16: 4.5 bits; a block that is begun is whole */
  assert_int_equal(rs_number_bytes_of(RS_BLOCK4, 0), 0);
  assert_int_equal(rs_number_bytes_of(RS_BLOCK4, 1), 9);
  assert_int_equal(rs_number_bytes_of(RS_BLOCK4, 16), 9);
  assert_int_equal(rs_number_bytes_of(RS_BLOCK4, 17), 18);
  assert_int_equal(rs_number_bytes_of(RS_BF16, 17), 34);
  assert_int_equal(rs_number_bytes_of(RS_FP8, (INT64_C(1) << 62) - 1), (INT64_C(1) << 62) - 1);
  assert_true(rs_number_is_block(RS_BLOCK4) && !rs_number_is_block(RS_FP8));
  assert_false(rs_number_parse("int", &number));
  assert_false(rs_number_parse("", &number));
  for (int i = 0; i < RS_NUMBER_COUNT; i++) {
    assert_true(rs_number_parse(rs_number_word((rs_number)i), &number));
    assert_int_equal(number, i);
  }
}

/* ---- constants against published figures ---- */

/* 328 B / 12.5 GB/s = 26.24 ns; × 0.9 GHz = 23.616 cycles = 2952 / 125. */
static void a_slot_is_328_bytes_at_the_net_rate(void **state) {
  const rs_timing *t = &groqchip1()->timing;
  (void)state;
  assert_int_equal(t->slot_num * 1000, 23616 * t->slot_den);
  assert_int_equal(rs_timing_slots(t, 125), 2952);
}

/* 5 ns/m · 0.9 cycles/ns = 4.5 cycles/m beyond the 0.75 m of a node's cable: 1.25 m → 5.6, 9.25 m →
 * 41.6, rounded up. */
static void longer_cables_take_five_nanoseconds_a_metre(void **state) {
  const int64_t *latency = groqchip1()->timing.latency_cycles;
  (void)state;
  assert_int_equal(latency[RS_CABLE_NODE], 216);
  assert_int_equal(latency[RS_CABLE_RACK], 216 + 6);
  assert_int_equal(latency[RS_CABLE_INTER_RACK], 216 + 42);
}

static void hops_stay_within_the_published_times(void **state) {
  const rs_timing *t = &groqchip1()->timing;
  int64_t ends = t->send_cycles + t->receive_cycles;
  int64_t node = t->latency_cycles[RS_CABLE_NODE];
  (void)state;
  /* one hop from memory to memory with 8 vectors: 414 + 216 + ⌈7 · 23.616⌉ = 796 ≤ 990 */
  assert_int_equal(ends + node + rs_timing_slots(t, 7), 796);
  /* 0.7 µs a hop = 630 cycles is what send and receive were chosen by */
  assert_int_equal(ends + node, 630);
  /* five hops through four chips: 414 + 5·216 + 4·207 = 2,322 cycles = 2.58 µs < 3 µs */
  assert_int_equal(ends + 5 * node + 4 * t->forward_cycles, 2322);
  assert_true(2322 < 3 * 900);
}

/* Not used in choosing a constant: three hops of a rack, 414 + 3·216 + 2·207 = 1,476 cycles = 1.64 µs;
 * published 1.6 µs. */
static void a_rack_is_crossed_in_the_published_time(void **state) {
  const rs_timing *t = &groqchip1()->timing;
  int64_t cycles = t->send_cycles + t->receive_cycles + 3 * t->latency_cycles[RS_CABLE_NODE] +
                   2 * t->forward_cycles;
  (void)state;
  assert_int_equal(cycles, 1476);
  assert_true(fabs((double)cycles / 0.9e3 / 1.6 - 1) < 0.05);
}

static double peak_ops(const rs_chip *c, rs_number n) {
  double tiles = (double)(c->planes / c->planes_per_tile[n]);
  return tiles * (double)(c->plane_rows * c->plane_columns) * 2 / (double)c->pass_cycles[n] *
         (double)c->timing.clock_hz;
}

/* 4·320²·2·0.9e9 = 737.3e12 of 750; 2·320²·2/2·0.9e9 = 184.3e12 of 188. */
static void peaks_are_the_published_ones(void **state) {
  const rs_chip *c = groqchip1();
  (void)state;
  assert_true(fabs(peak_ops(c, RS_INT8) / 750e12 - 1) < 0.02);
  assert_true(fabs(peak_ops(c, RS_FP16) / 188e12 - 1) < 0.02);
}

static void memory_and_streams_are_the_published_ones(void **state) {
  const rs_chip *c = groqchip1();
  double hertz = (double)c->timing.clock_hz;
  (void)state;
  /* 576 · 220 · 2^20 = 132,875,550,720 */
  assert_int_equal(576 * c->sram_bytes, INT64_C(132875550720));
  /* 88 · 2 · 320 · 0.9e9 = 50.7 TB/s; 64 · 320 · 0.9e9 = 18.4 TB/s */
  assert_true(fabs((double)c->sram_read_bytes_per_cycle * hertz / 50.7e12 - 1) < 0.01);
  assert_true(fabs((double)c->stream_bytes_per_cycle * hertz / 18.4e12 - 1) < 0.01);
  /* 409,600 weights in 40 cycles: 10,240 B a cycle, half of the streams */
  int64_t weights = c->planes * c->plane_rows * c->plane_columns;
  assert_int_equal(weights, 409600);
  assert_int_equal(2 * weights / c->tile_load_cycles, c->stream_bytes_per_cycle);
}

/* All planes passing int8 and all streams full: 409,600·0.08 pJ + 20,480·8·0.3 pJ = 81.9 nJ a cycle =
 * 73.7 W; with 74 W static 148 W, below the published 215 W that the part is built for. */
static void the_busiest_chip_stays_within_its_power(void **state) {
  const rs_chip *c = groqchip1();
  double cycle_pj = (double)(c->planes * c->plane_rows * c->plane_columns) * c->mac_pj[RS_INT8] +
                    (double)c->stream_bytes_per_cycle * 8 * c->sram_pj_per_bit;
  double watts = cycle_pj * 1e-12 * (double)c->timing.clock_hz + c->static_w;
  (void)state;
  assert_true(fabs(watts - 147.7) < 0.5);
  assert_true(watts < 215);
}

/* ---- the check ---- */

typedef struct field {
  const char *name; /* as the message has it */
  size_t offset;
  int64_t least;
} field;

#define FIELD(member, least) \
  { #member, offsetof(rs_chip, member), least }

static const field fields[] = {
    FIELD(ports, 1),
    {"sram", offsetof(rs_chip, sram_bytes), 1},
    FIELD(sram_read_bytes_per_cycle, 1),
    FIELD(stream_bytes_per_cycle, 1),
    FIELD(planes, 1),
    FIELD(plane_rows, 1),
    FIELD(plane_columns, 1),
    FIELD(tile_load_cycles, 1),
    {"pass_cycles_int8", offsetof(rs_chip, pass_cycles[RS_INT8]), 1},
    {"pass_cycles_fp16", offsetof(rs_chip, pass_cycles[RS_FP16]), 1},
    {"planes_per_tile_int8", offsetof(rs_chip, planes_per_tile[RS_INT8]), 1},
    {"planes_per_tile_fp16", offsetof(rs_chip, planes_per_tile[RS_FP16]), 1},
    FIELD(expand_ops, 0),
    FIELD(matrix_latency_cycles, 0),
    FIELD(lanes, 1),
    FIELD(alus_per_lane, 1),
    FIELD(vector_latency_cycles, 0),
    FIELD(gate_vector_cycles, 0),
};

static void set_field(rs_chip *chip, const field *f, int64_t value) {
  memcpy((char *)chip + f->offset, &value, sizeof value);
}

static void refused_for(const rs_chip *chip, const char *name) {
  rs_diag diag = {0};
  assert_int_equal(rs_chip_check(chip, &diag), RS_E_INPUT);
  if (strstr(diag.what, name) == NULL) fail_msg("'%s' does not name %s", diag.what, name);
}

static void every_integer_has_its_bounds(void **state) {
  rs_diag diag = {0};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(fields); i++) {
    const int64_t bad[] = {fields[i].least - 1, INT64_MIN, INT64_C(1) << 40, INT64_MAX};
    for (size_t k = 0; k < RS_COUNT_OF(bad); k++) {
      rs_chip chip = *groqchip1();
      set_field(&chip, &fields[i], bad[k]);
      refused_for(&chip, fields[i].name);
    }
    rs_chip chip = *groqchip1();
    set_field(&chip, &fields[i], fields[i].least);
    /* the least is good for all but the planes, of which fp16 needs two */
    if (strcmp(fields[i].name, "planes") != 0) assert_ok(rs_chip_check(&chip, &diag), &diag);
  }
}

static void energies_are_numbers_from_zero_on(void **state) {
  const double bad[] = {-1, NAN, INFINITY, -INFINITY, DBL_MAX};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) {
    rs_chip chips[6];
    for (size_t k = 0; k < RS_COUNT_OF(chips); k++) chips[k] = *groqchip1();
    chips[0].sram_pj_per_bit = bad[i];
    chips[1].mac_pj[RS_INT8] = bad[i];
    chips[2].mac_pj[RS_FP16] = bad[i];
    chips[3].vector_op_pj = bad[i];
    chips[4].c2c_pj_per_bit = bad[i];
    chips[5].static_w = bad[i];
    refused_for(&chips[0], "sram_energy");
    refused_for(&chips[1], "mac_energy_int8");
    refused_for(&chips[2], "mac_energy_fp16");
    refused_for(&chips[3], "vector_op_energy");
    refused_for(&chips[4], "link_energy");
    refused_for(&chips[5], "static_power");
  }
}

static void what_depends_on_two_fields_is_checked(void **state) {
  rs_chip chip = *groqchip1();
  (void)state;
  chip.planes = 1; /* an fp16 tile takes two */
  refused_for(&chip, "a tile of fp16 needs 2 planes of 1");
  chip = *groqchip1();
  memset(chip.pass_cycles, 0, sizeof chip.pass_cycles);
  memset(chip.planes_per_tile, 0, sizeof chip.planes_per_tile);
  refused_for(&chip, "pass_cycles is given for no format");
  chip = *groqchip1();
  chip.pass_cycles[RS_BLOCK4] = chip.planes_per_tile[RS_BLOCK4] = 1;
  refused_for(&chip, "no unit computes in block4");
  chip = *groqchip1();
  chip.plane_rows = chip.plane_columns = INT64_C(1) << 20; /* 4 · 2^40 weights */
  refused_for(&chip, "2^40 weights");
  chip = *groqchip1();
  chip.lanes = chip.alus_per_lane = INT64_C(1) << 20;
  refused_for(&chip, "2^40 ALUs");
  chip = *groqchip1();
  chip.timing.clock_hz = 0; /* the timing's own check is part of it */
  refused_for(&chip, "clock");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_chip_is_good_and_found_by_its_name),
      cmocka_unit_test(numbers_have_words_and_bytes),
      cmocka_unit_test(a_slot_is_328_bytes_at_the_net_rate),
      cmocka_unit_test(longer_cables_take_five_nanoseconds_a_metre),
      cmocka_unit_test(hops_stay_within_the_published_times),
      cmocka_unit_test(a_rack_is_crossed_in_the_published_time),
      cmocka_unit_test(peaks_are_the_published_ones),
      cmocka_unit_test(memory_and_streams_are_the_published_ones),
      cmocka_unit_test(the_busiest_chip_stays_within_its_power),
      cmocka_unit_test(every_integer_has_its_bounds),
      cmocka_unit_test(energies_are_numbers_from_zero_on),
      cmocka_unit_test(what_depends_on_two_fields_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

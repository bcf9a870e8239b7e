/* Slots, latencies and vectors, and what a timing must not be. */
#include <string.h>

#include "rs_random.h"
#include "rs_test.h"
#include "rs_timing.h"

static rs_timing chip(void) {
  rs_timing t;
  rs_timing_init_unit(&t);
  t.slot_num = 2952;
  t.slot_den = 125;
  t.latency_cycles[RS_CABLE_NODE] = 216;
  t.latency_cycles[RS_CABLE_RACK] = 222;
  t.latency_cycles[RS_CABLE_INTER_RACK] = 258;
  return t;
}

/* 328 B at 12.5 GB/s are 26.24 ns = 23.616 cycles of 900 MHz = 2952/125.
 * k = 1: ⌈23.616⌉ = 24; 2: ⌈47.232⌉ = 48; 7: ⌈165.312⌉ = 166; 125: 2952 exactly. */
static void slots_round_up(void **state) {
  (void)state;
  rs_timing t = chip();
  assert_int_equal(rs_timing_slots(&t, 0), 0);
  assert_int_equal(rs_timing_slots(&t, 1), 24);
  assert_int_equal(rs_timing_slots(&t, 2), 48);
  assert_int_equal(rs_timing_slots(&t, 7), 166);
  assert_int_equal(rs_timing_slots(&t, 125), 2952);
  assert_int_equal(rs_timing_slots(&t, 126), 2976);
  /* 2^40 slots: 2^40 · 2952 / 125 = 25966254…; in 128 bits on the way */
  int64_t many = INT64_C(1) << 40;
  rs_int128 product = (rs_int128)many * 2952;
  assert_true(rs_timing_slots(&t, many) == (int64_t)((product + 124) / 125));
}

/* Slot by slot: the k-th departure is the first cycle that is not before k·q, never earlier than the
 * one before, and at most one cycle later than q would have it. */
static void slots_are_the_first_cycles_not_before(void **state) {
  (void)state;
  rs_random random;
  for (uint64_t seed = 0; seed < 200; seed++) {
    rs_random_init(&random, seed, 0);
    rs_timing t = chip();
    t.slot_num = rs_random_between(&random, 1, 5000);
    t.slot_den = rs_random_between(&random, 1, 500);
    for (int64_t k = 0; k < 200; k++) {
      int64_t at = rs_timing_slots(&t, k);
      if (at * t.slot_den < k * t.slot_num || (at - 1) * t.slot_den >= k * t.slot_num) {
        fail_msg("seed %llu, k %lld", (unsigned long long)seed, (long long)k);
      }
    }
  }
}

static void latency_goes_by_class(void **state) {
  (void)state;
  rs_timing t = chip();
  assert_int_equal(rs_timing_latency(&t, &(rs_link){.cable_class = RS_CABLE_NODE}), 216);
  assert_int_equal(rs_timing_latency(&t, &(rs_link){.cable_class = RS_CABLE_RACK}), 222);
  assert_int_equal(rs_timing_latency(&t, &(rs_link){.cable_class = RS_CABLE_INTER_RACK}), 258);
}

/* 16 KiB = 16384 B in vectors of 320 B: 51.2, so 52. */
static void vectors_round_up(void **state) {
  (void)state;
  rs_timing t = chip();
  assert_int_equal(rs_timing_vectors(&t, 1), 1);
  assert_int_equal(rs_timing_vectors(&t, 320), 1);
  assert_int_equal(rs_timing_vectors(&t, 321), 2);
  assert_int_equal(rs_timing_vectors(&t, 16384), 52);
}

static void the_unit_timing_is_the_round_model(void **state) {
  (void)state;
  rs_diag diag;
  rs_timing t;
  rs_timing_init_unit(&t);
  assert_ok(rs_timing_check(&t, &diag), &diag);
  assert_string_equal(t.name, "unit");
  assert_int_equal(rs_timing_slots(&t, 17), 17);
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) assert_int_equal(t.latency_cycles[k], 1);
  assert_int_equal(t.send_cycles + t.receive_cycles + t.forward_cycles + t.add_cycles, 0);
}

/* Every field below its least value, and at 2^40. */
static void each_field_has_its_range(void **state) {
  (void)state;
  rs_diag diag;
  rs_timing t = chip();
  const struct {
    int64_t *value;
    int64_t least;
  } fields[] = {{&t.clock_hz, 1},          {&t.vector_bytes, 1},      {&t.slot_num, 1},
                {&t.slot_den, 1},          {&t.latency_cycles[0], 1}, {&t.latency_cycles[1], 1},
                {&t.latency_cycles[2], 1}, {&t.send_cycles, 0},       {&t.receive_cycles, 0},
                {&t.forward_cycles, 0},    {&t.add_cycles, 0},        {&t.adds_per_cycle, 1}};
  for (size_t i = 0; i < RS_COUNT_OF(fields); i++) {
    const int64_t good[] = {fields[i].least, (INT64_C(1) << 40) - 1};
    const int64_t bad[] = {fields[i].least - 1, INT64_C(1) << 40, INT64_MIN, INT64_MAX};
    int64_t kept = *fields[i].value;
    for (size_t k = 0; k < RS_COUNT_OF(good); k++) {
      *fields[i].value = good[k];
      assert_ok(rs_timing_check(&t, &diag), &diag);
    }
    for (size_t k = 0; k < RS_COUNT_OF(bad); k++) {
      *fields[i].value = bad[k];
      assert_int_equal(rs_timing_check(&t, &diag), RS_E_INPUT);
      assert_int_not_equal(diag.expected[0], '\0');
    }
    *fields[i].value = kept;
  }
}

static void the_name_is_one_word(void **state) {
  (void)state;
  rs_diag diag;
  rs_timing t = chip();
  const char *const bad[] = {"", "two words", "tab\t", "line\n", "\x7f", "caf\xc3\xa9"};
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) {
    strcpy(t.name, bad[i]);
    assert_int_equal(rs_timing_check(&t, &diag), RS_E_INPUT);
  }
  memset(t.name, 'x', sizeof t.name); /* no end */
  assert_int_equal(rs_timing_check(&t, &diag), RS_E_INPUT);
  t.name[sizeof t.name - 1] = '\0';
  assert_ok(rs_timing_check(&t, &diag), &diag);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slots_round_up),
      cmocka_unit_test(slots_are_the_first_cycles_not_before),
      cmocka_unit_test(latency_goes_by_class),
      cmocka_unit_test(vectors_round_up),
      cmocka_unit_test(the_unit_timing_is_the_round_model),
      cmocka_unit_test(each_field_has_its_range),
      cmocka_unit_test(the_name_is_one_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

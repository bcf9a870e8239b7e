/* The checker: its arithmetic, its stride test against brute force, and every kind of fault. */
#include "rs_checker.h"
#include "rs_field.h"
#include "rs_random.h"
#include "rs_test_schedule.h"

static rs_fault_kind check(const rs_schedule *s, const rs_wiring *w, rs_diag *diag) {
  rs_check_report report;
  const rs_check_options options = {.seed = 3};
  rs_status status = rs_checker_run(s, w, &options, &report, diag);
  assert_true((status == RS_OK) == (report.fault.kind == RS_FAULT_NONE));
  return report.fault.kind;
}

static void expect_fault(const rs_schedule *s, const rs_wiring *w, rs_fault_kind kind,
                         const char *words) {
  rs_diag diag;
  rs_fault_kind found = check(s, w, &diag);
  if (found != kind || strstr(diag.what, words) == NULL) {
    fail_msg("found '%s': %s; expected '%s' with '%s'", rs_fault_word(found), diag.what,
             rs_fault_word(kind), words);
  }
}

static void expect_proof(const rs_schedule *s, const rs_wiring *w) {
  rs_diag diag;
  if (check(s, w, &diag) != RS_FAULT_NONE) fail_msg("refused: %s", diag.what);
}

/* ---- the field ---- */

/* Product by doubling, which needs no wide multiplication. */
static rs_uint128 slow_product(rs_uint128 a, rs_uint128 b) {
  rs_uint128 product = 0;
  for (int bit = 126; bit >= 0; bit--) {
    product = rs_field_add(product, product);
    if ((b >> bit & 1) != 0) product = rs_field_add(product, a);
  }
  return product;
}

static void the_field_is_one(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, 11, 0);
  for (int i = 0; i < 2000; i++) {
    rs_uint128 a = rs_field_from(rs_random_u64(&random), rs_random_u64(&random));
    rs_uint128 b = rs_field_from(rs_random_u64(&random), rs_random_u64(&random));
    rs_uint128 c = rs_field_from(rs_random_u64(&random), rs_random_u64(&random));
    if (i % 5 == 0) a = RS_FIELD_P - 1;
    assert_true(rs_field_mul(a, b) == slow_product(a, b));
    assert_true(rs_field_mul(a, rs_field_add(b, c)) ==
                rs_field_add(rs_field_mul(a, b), rs_field_mul(a, c)));
    assert_true(rs_field_mul(a, b) < RS_FIELD_P);
  }
  assert_true(rs_field_mul(RS_FIELD_P - 1, RS_FIELD_P - 1) == 1); /* (−1)·(−1) */
}

/* ---- strides ---- */

/* Two bursts of a send on one link; brute force says whether vectors overlap, the checker must agree.
 * Slot 7/3 cycles: ticks are thirds, a vector takes 7 of them. */
static void the_stride_test_agrees_with_brute_force(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t;
  rs_timing_init_unit(&t);
  t.slot_num = 7;
  t.slot_den = 3;
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_random random;
  rs_random_init(&random, 12, 0);
  int refused = 0;
  for (int i = 0; i < 3000; i++) {
    int64_t count_a = 1 + (int64_t)rs_random_below(&random, 6);
    int64_t count_b = 1 + (int64_t)rs_random_below(&random, 6);
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    add_op(s, RS_SEND, 2, count_a + count_b, 0, RS_NONE);
    rs_burst *a = add_burst(s, w, 0, 1, (int64_t)rs_random_below(&random, 30), count_a,
                            RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    a->stride = 1 + (uint32_t)rs_random_below(&random, 6);
    rs_burst first = *a;
    rs_burst *b = add_burst(s, w, 0, 1, (int64_t)rs_random_below(&random, 30), count_b,
                            RS_BUFFER_IN, count_a, RS_BUFFER_OUT, count_a, RS_ACTION_KEEP);
    b->stride = 1 + (uint32_t)rs_random_below(&random, 6);
    bool overlap = false;
    for (int64_t x = 0; x < count_a; x++) {
      for (int64_t y = 0; y < count_b; y++) {
        rs_int128 gap = rs_burst_ticks(&t, &first, x) - rs_burst_ticks(&t, b, y);
        overlap = overlap || (gap < 7 && gap > -7);
      }
    }
    rs_diag diag;
    rs_play result;
    rs_fault_kind found = check(s, w, &diag);
    if ((found == RS_FAULT_LINK) != overlap) fail_msg("case %d: %s", i, diag.what);
    assert_true((play(s, w, RS_FIDELITY_BURST, &result, &diag) == RS_OK) == !overlap);
    refused += overlap ? 1 : 0;
  }
  assert_in_range(refused, 300, 2700); /* both answers were common */
  rs_arena_destroy(arena);
}

/* ---- every kind of fault ---- */

static void good_schedules_are_proved(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing timings[2] = {chip_timing()};
  rs_timing_init_unit(&timings[1]);
  for (int k = 0; k < 2; k++) {
    for (uint32_t n = 3; n <= 6; n++) {
      const rs_wiring *mesh = make_wiring(arena, n, false);
      const rs_wiring *ring = make_wiring(arena, n, true);
      for (int64_t vectors = 1; vectors <= 40; vectors += 13) {
        expect_proof(make_one_shot(arena, mesh, &timings[k], vectors), mesh);
        expect_proof(make_ring_gather(arena, ring, &timings[k], vectors), ring);
        expect_proof(make_chain(arena, ring, &timings[k], vectors), ring);
      }
    }
  }
  rs_arena_destroy(arena);
}

static void links_and_times(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  const rs_wiring *ring = make_wiring(arena, 4, true);
  rs_schedule *s = make_one_shot(arena, w, &t, 5);
  s->bursts[0].start_cycles = 206;
  expect_fault(s, w, RS_FAULT_EARLY, "link 0>1, cycle 206: 'b 0 0>1 206 5 in+0 out+0 add'");
  s = make_one_shot(arena, w, &t, 5);
  rs_burst copy = s->bursts[0];
  copy.start_cycles = 207 + 118; /* 5 slots are 118.08 cycles: 0.08 too early */
  rs_schedule_add_burst(s, &copy);
  expect_fault(s, w, RS_FAULT_LINK, "link 0>1 is booked twice at cycle 325");
  s->bursts[s->burst_count - 1].start_cycles = 207 + 119; /* free, but the sum counts it twice */
  expect_fault(s, w, RS_FAULT_RESULT,
               "chip 1, operation 0 (all-reduce): vector 0 of the result is wrong");
  s = make_chain(arena, ring, &t, 3);
  s->bursts[1].start_cycles--;
  expect_fault(s, ring, RS_FAULT_EARLY, "link 1>2, cycle 629");
  rs_arena_destroy(arena);
}

static void memory_and_results(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  const rs_wiring *ring = make_wiring(arena, 4, true);
  rs_schedule *s = make_chain(arena, ring, &t, 3);
  s->burst_count--;
  expect_fault(s, ring, RS_FAULT_RESULT,
               "chip 3, operation 0 (broadcast): vector 0 of the result is missing");
  s = make_chain(arena, ring, &t, 3);
  s->bursts[0].action = RS_ACTION_ADD;
  expect_fault(s, ring, RS_FAULT_EMPTY, "adds to vector 0, which holds nothing");
  s = make_chain(arena, ring, &t, 3);
  s->bursts[1].start_cycles = 0;
  expect_fault(s, ring, RS_FAULT_EMPTY, "reads vector 0, which holds nothing");
  s = make_chain(arena, ring, &t, 3);
  s->bursts[2].count = 2;
  expect_fault(s, ring, RS_FAULT_RESULT, "vector 2 of the result is missing");
  s = make_one_shot(arena, w, &t, 5);
  s->bursts[4].source_offset = 1;
  s->bursts[4].count = 4;
  expect_fault(s, w, RS_FAULT_RESULT, "wrong"); /* shifted by one: a different power of g */
  s = make_one_shot(arena, w, &t, 5);
  s->bursts[4].action = RS_ACTION_KEEP;
  /* what is kept counts as first where adds come at the same instant: the chip's own is gone */
  expect_fault(s, w, RS_FAULT_RESULT, "the contribution of chip 2 is missing");
  /* reading a sum while an add is going on: arrival 423, complete 423 + 207 + 20 − … */
  s = make_one_shot(arena, w, &t, 1);
  s->bursts[11].source = RS_BUFFER_OUT;
  s->bursts[11].start_cycles = 430;
  expect_fault(s, w, RS_FAULT_RACE, "link 3>2, cycle 430");
  rs_arena_destroy(arena);
}

static void compute_intervals(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_schedule *s = make_one_shot(arena, w, &t, 5);
  rs_compute compute = {.start_cycles = 745,
                        .cycles = 10,
                        .chip = 2,
                        .reads_op = 0,
                        .writes_op = RS_NONE,
                        .label = rs_schedule_label(s, "norm"),
                        .unit = RS_UNIT_VECTOR};
  rs_compute *first = rs_schedule_add_compute(s, &compute);
  expect_proof(s, w); /* 745: the last vector is in SRAM */
  first->start_cycles = 744;
  expect_fault(s, w, RS_FAULT_COMPUTE, "before cycle 745");
  first->start_cycles = 745;
  compute.start_cycles = 750;
  rs_schedule_add_compute(s, &compute);
  expect_fault(s, w, RS_FAULT_COMPUTE, "while its unit still does norm");
  /* an input that a compute interval makes between cycles 100 and 140: too late for a send at 207 */
  s = make_one_shot(arena, w, &t, 5);
  compute = (rs_compute){.start_cycles = 0,
                         .cycles = 140,
                         .first_cycles = 100,
                         .chip = 1,
                         .reads_op = RS_NONE,
                         .writes_op = 0,
                         .label = rs_schedule_label(s, "down"),
                         .unit = RS_UNIT_MATRIX};
  rs_schedule_add_compute(s, &compute);
  expect_fault(s, w, RS_FAULT_EARLY, "link 1>");
  rs_schedule_add_compute(s, &compute);
  expect_fault(s, w, RS_FAULT_COMPUTE, "a second compute interval");
  rs_arena_destroy(arena);
}

static void the_vector_unit_has_limits(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 6, false);
  t.slot_num = 1;
  t.slot_den = 1;
  t.adds_per_cycle = 5; /* five arrivals a cycle at once: just enough for six chips */
  expect_proof(make_one_shot(arena, w, &t, 5), w);
  t.adds_per_cycle = 4;
  expect_fault(make_one_shot(arena, w, &t, 5), w, RS_FAULT_VECTOR_UNIT,
               "5 bursts are added at once");
  rs_arena_destroy(arena);
}

static void malformed_schedules_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_schedule *s = make_one_shot(arena, w, &t, 5);
  s->bursts[2].target_offset = 1;
  expect_fault(s, w, RS_FAULT_FORM, "burst 2: it writes beyond its target buffer");
  s = make_one_shot(arena, w, &t, 5);
  s->bursts[2].link = w->link_count;
  expect_fault(s, w, RS_FAULT_FORM, "burst 2: the link");
  s = make_one_shot(arena, w, &t, 5);
  expect_fault(s, make_wiring(arena, 5, false), RS_FAULT_FORM, "another wiring");
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_field_is_one),
      cmocka_unit_test(the_stride_test_agrees_with_brute_force),
      cmocka_unit_test(good_schedules_are_proved),
      cmocka_unit_test(links_and_times),
      cmocka_unit_test(memory_and_results),
      cmocka_unit_test(compute_intervals),
      cmocka_unit_test(the_vector_unit_has_limits),
      cmocka_unit_test(malformed_schedules_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Vector fidelity, fault by fault: each thing that memory and time forbid, one cycle on either side
 * of the limit, and the limits of the player itself.
 */
#include "rs_test_schedule.h"

static rs_schedule *make_send(rs_arena *arena, const rs_wiring **w, const rs_timing *t) {
  *w = make_wiring(arena, 3, false);
  rs_schedule *s = rs_schedule_create(arena, *w, "", t);
  add_op(s, RS_SEND, 2, 2, 4, RS_NONE); /* from 0 to 1 */
  return s;
}

static void expect(const rs_schedule *s, const rs_wiring *w, const char *words) {
  rs_diag diag = {0};
  rs_play result;
  rs_status status = play(s, w, RS_FIDELITY_VECTOR, &result, &diag);
  if (words == NULL) {
    assert_ok(status, &diag);
    return;
  }
  assert_int_equal(status, RS_E_REFUSED);
  if (strstr(diag.what, words) == NULL) fail_msg("expected '%s' in: %s", words, diag.what);
}

/* Slot 1, latency 216, send = receive = forward = 207, add 20. */
static rs_timing slow_chip(void) {
  rs_timing t = chip_timing();
  t.slot_num = t.slot_den = 1;
  return t;
}

static void input_leaves_after_send_cycles(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_timing t = slow_chip();
  for (int64_t start = 206; start <= 207; start++) {
    rs_schedule *s = make_send(arena, &w, &t);
    add_burst(s, w, 0, 1, start, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    expect(s, w,
           start == 207 ? NULL
                        : "cycle 206: vector 0 of 'b 0 0>1 206 2 in+0 out+0 keep' "
                          "departs before it is there, which is at cycle 207");
  }
  rs_arena_destroy(arena);
}

/* A compute interval from 100 of 50 cycles, its first vector after 10: of 2 vectors the second is
 * there at 100 + 10 + ⌈1·40/1⌉ = 150. With stride 40 the burst may start at 110 + 207. */
static void inputs_come_by_the_profile(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_timing t = slow_chip();
  for (uint32_t stride = 39; stride <= 40; stride++) {
    for (int64_t start = 316; start <= 317; start++) {
      rs_schedule *s = make_send(arena, &w, &t);
      rs_compute c = {.start_cycles = 100,
                      .cycles = 50,
                      .first_cycles = 10,
                      .reads_op = RS_NONE,
                      .label = rs_schedule_label(s, "maker")};
      rs_schedule_add_compute(s, &c);
      add_burst(s, w, 0, 1, start, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP)->stride =
          stride;
      expect(s, w,
             start < 317   ? "cycle 316: vector 0"
             : stride < 40 ? "cycle 356: vector 1"
                           : NULL);
      rs_schedule_add_compute(s, &c);
      expect(s, w, "makes the input of operation 0, which another interval makes too");
    }
  }
  rs_arena_destroy(arena);
}

/* Forwarded vectors leave forward_cycles after they came, or, where the way through SRAM is shorter,
 * receive + send after: in at 207, there at 423; forward 207 → 630. */
static void forwards_wait_for_the_shorter_way(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (int which = 0; which < 2; which++) {
    const rs_wiring *w;
    rs_timing t = slow_chip();
    if (which == 1) t.forward_cycles = 500; /* receive + send = 414: 423 + 414 = 837 */
    int64_t least = which == 1 ? 837 : 630;
    for (int64_t start = least - 1; start <= least; start++) {
      rs_schedule *s = make_send(arena, &w, &t);
      add_burst(s, w, 0, 2, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
      add_burst(s, w, 2, 1, start, 2, RS_BUFFER_TMP, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
      expect(s, w, start == least ? NULL : "departs before it is there");
    }
  }
  rs_arena_destroy(arena);
}

/* Within a cycle exact times decide. Slot 1/2: vectors 0, 1 of a burst from cycle 1000 leave 0>1 at
 * 1000 and 1000.5, seen as 1000 and 1001. A write that comes to out[1] of chip 0 at 1001 exactly is
 * after that read, although the clock shows 1001 for both. Writes that come at the exact times of the
 * reads are before them, and so the reads come too early. */
static void fractions_order_reads_and_writes(void **state) {
  (void)state;
  for (int which = 0; which < 2; which++) {
    rs_arena *arena = rs_arena_create(0);
    const rs_wiring *w = make_wiring(arena, 2, false);
    rs_timing t;
    rs_timing_init_unit(&t);
    t.slot_den = 2;
    t.latency_cycles[RS_CABLE_NODE] = 10;
    t.forward_cycles = 5;
    t.receive_cycles = 5;
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    add_op(s, RS_ALL_REDUCE, 2, 2, 4, RS_NONE);
    /* chip 0's input leaves for chip 1 and comes back into chip 0's tmp[0 … 1] */
    add_burst(s, w, 0, 1, 0, 2, RS_BUFFER_IN, 0, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
    add_burst(s, w, 1, 0, 100, 2, RS_BUFFER_TMP, 0, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
    /* it is read at 1000 and 1000.5 … */
    add_burst(s, w, 0, 1, 1000, 2, RS_BUFFER_TMP, 0, RS_BUFFER_TMP, 2, RS_ACTION_FORWARD);
    /* … and tmp[1] is overwritten: by a vector that leaves at 991, or at 990.5 */
    if (which == 0) {
      add_burst(s, w, 1, 0, 991, 1, RS_BUFFER_TMP, 0, RS_BUFFER_TMP, 1, RS_ACTION_FORWARD);
    } else {
      add_burst(s, w, 1, 0, 990, 2, RS_BUFFER_TMP, 0, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
    }
    add_burst(s, w, 0, 1, 2000, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
    add_burst(s, w, 1, 0, 2000, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
    expect(s, w,
           which == 0 ? NULL
                      : "cycle 1000: vector 0 of 'b 0 0>1 1000 2 tmp+0 tmp+2 forward' "
                        "departs before it is there, which is at cycle 1005");
    rs_arena_destroy(arena);
  }
}

static void memory_must_hold_something(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_timing t = slow_chip();
  rs_schedule *s = make_send(arena, &w, &t);
  add_burst(s, w, 0, 1, 207, 2, RS_BUFFER_TMP, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  expect(s, w, "reads memory that holds nothing");
  s = make_send(arena, &w, &t);
  add_burst(s, w, 0, 1, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
  expect(s, w, "cycle 423: vector 0 of 'b 0 0>1 207 2 in+0 out+0 add' adds to memory that holds");
  s = make_send(arena, &w, &t);
  add_burst(s, w, 1, 0, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  expect(s, w, "reads memory that holds nothing"); /* only 0 has an input */
  s = make_send(arena, &w, &t);
  expect(s, w, "chip 1, operation 0 (send): vector 0 of the result is missing");
  s = make_send(arena, &w, &t);
  add_burst(s, w, 0, 1, 207, 1, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 1, RS_ACTION_KEEP);
  add_burst(s, w, 0, 1, 208, 1, RS_BUFFER_IN, 1, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  expect(s, w, "vector 0 of the result is wrong"); /* the two are swapped */
  rs_arena_destroy(arena);
}

/* A word is written from 423 to 630; another write at 629 is a fault, at 630 it is not. */
static void writes_do_not_overlap(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_timing t = slow_chip();
  for (int64_t start = 413; start <= 414; start++) {
    rs_schedule *s = make_send(arena, &w, &t);
    add_burst(s, w, 0, 1, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    add_burst(s, w, 0, 1, start, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    expect(s, w,
           start == 414 ? NULL
                        : "overwrites what is written until later, which is at cycle "
                          "630");
  }
  rs_arena_destroy(arena);
}

/* Chips 0, 1, 2 reduce to 2. The input of 2 is ready at 500: an add at 499 comes too early. Adds of 0
 * and 1 may coincide. */
static void adds_need_something_and_commute(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = slow_chip();
  for (int64_t start = 283; start <= 284; start++) {
    const rs_wiring *w = make_wiring(arena, 3, false);
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    add_op(s, RS_REDUCE, 3, 2, 0, 2);
    rs_compute c = {.start_cycles = 500,
                    .chip = 2,
                    .reads_op = RS_NONE,
                    .label = rs_schedule_label(s, "maker")};
    rs_schedule_add_compute(s, &c);
    add_burst(s, w, 0, 2, start, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
    add_burst(s, w, 1, 2, start, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
    expect(s, w, start == 284 ? NULL : "is added before there is anything, which is at cycle 500");
    /* the sums are in SRAM at 501 + 207 + 20 */
    rs_compute reader = {.start_cycles = 727,
                         .chip = 2,
                         .writes_op = RS_NONE,
                         .label = rs_schedule_label(s, "reader")};
    if (start != 284) continue;
    rs_schedule_add_compute(s, &reader);
    expect(s, w,
           "chip 2, cycle 727: 'reader' starts before the result of operation 0, which is "
           "there at cycle 728");
    s->computes[1].start_cycles = 728;
    expect(s, w, NULL);
    s->computes[1].start_cycles = 0;
    s->computes[1].chip = 0; /* which gets no result */
    expect(s, w, NULL);
  }
  rs_arena_destroy(arena);
}

/* ---- limits ---- */

static void figures_beyond_64_bits_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const int64_t last = INT64_C(1) << 60;
  rs_timing t;
  rs_timing_init_unit(&t);
  t.receive_cycles = 5;
  for (int fidelity = 0; fidelity < 2; fidelity++) {
    rs_diag diag;
    rs_play result;
    const rs_wiring *w = make_wiring(arena, 2, false);
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    add_op(s, RS_SEND, 2, 1, 0, RS_NONE);
    /* departs at 2^60 − 6, arrives a cycle later, is in SRAM at 2^60 */
    add_burst(s, w, 0, 1, last - 6, 1, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    assert_ok(play(s, w, (rs_fidelity)fidelity, &result, &diag), &diag);
    assert_true(result.makespan_cycles == last);
    s->bursts[0].start_cycles++;
    assert_int_equal(play(s, w, (rs_fidelity)fidelity, &result, &diag), RS_E_OVERFLOW);
    s->bursts[0].start_cycles = last;
    assert_int_equal(play(s, w, (rs_fidelity)fidelity, &result, &diag), RS_E_REFUSED);
  }
  /* 2^39 vectors of 2^39 bytes */
  rs_diag diag;
  rs_play result;
  const rs_wiring *w = make_wiring(arena, 2, false);
  t.vector_bytes = INT64_C(1) << 39;
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, INT64_C(1) << 38, 0, RS_NONE);
  s->ops[0].block_bytes = 1;
  add_burst(s, w, 0, 1, 0, INT64_C(1) << 38, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  assert_int_equal(play(s, w, RS_FIDELITY_BURST, &result, &diag), RS_E_OVERFLOW);
  rs_arena_destroy(arena);
}

/* A send of 2 vectors between 2 chips: each has in 2, out 2, tmp 4 words of 32 bytes: 512 bytes. */
static void memory_has_a_limit(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_timing t = slow_chip();
  rs_schedule *s = make_send(arena, &w, &t);
  add_burst(s, w, 0, 1, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  rs_diag diag;
  rs_play result;
  rs_play_options options = {.fidelity = RS_FIDELITY_VECTOR, .memory_limit_bytes = 512};
  assert_ok(rs_player_run(s, w, &options, &result, &diag), &diag);
  options.memory_limit_bytes = 511;
  assert_int_equal(rs_player_run(s, w, &options, &result, &diag), RS_E_LIMIT);
  options.fidelity = RS_FIDELITY_BURST;
  assert_ok(rs_player_run(s, w, &options, &result, &diag), &diag);
  /* operations of 2^40 vectors on a thousand chips leave 64 bits of bytes */
  options.fidelity = RS_FIDELITY_VECTOR;
  options.memory_limit_bytes = SIZE_MAX;
  s->ops[0].block_vectors = INT64_C(1) << 39;
  s->ops[0].tmp_vectors = INT64_C(1) << 40;
  for (int i = 0; i < 300000; i++) {
    rs_op op = s->ops[0];
    rs_schedule_add_op(s, &op, (const uint32_t[]){0, 1}, 2);
  }
  assert_int_equal(rs_player_run(s, w, &options, &result, &diag), RS_E_LIMIT);
  rs_arena_destroy(arena);
}

static void nothing_takes_no_time(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = slow_chip();
  const rs_wiring *w = make_wiring(arena, 2, false);
  const rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  for (int fidelity = 0; fidelity < 2; fidelity++) {
    rs_diag diag;
    rs_play result;
    assert_ok(play(s, w, (rs_fidelity)fidelity, &result, &diag), &diag);
    assert_int_equal(result.makespan_cycles, 0);
    assert_int_equal(result.events, 0);
    assert_int_equal(result.busiest_link, RS_NONE);
  }
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(input_leaves_after_send_cycles),
      cmocka_unit_test(inputs_come_by_the_profile),
      cmocka_unit_test(forwards_wait_for_the_shorter_way),
      cmocka_unit_test(fractions_order_reads_and_writes),
      cmocka_unit_test(memory_must_hold_something),
      cmocka_unit_test(writes_do_not_overlap),
      cmocka_unit_test(adds_need_something_and_commute),
      cmocka_unit_test(figures_beyond_64_bits_are_refused),
      cmocka_unit_test(memory_has_a_limit),
      cmocka_unit_test(nothing_takes_no_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

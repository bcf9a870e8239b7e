/* Every rule of the checker: the last schedule that keeps it, the first that breaks it, and what is said. */
#include "rs_test_checker.h"

typedef struct bench {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_schedule *schedule;
  rs_check_report report;
  rs_diag diag;
} bench;

static void open_bench(bench *b, uint32_t chips, rs_timing timing) {
  memset(b, 0, sizeof *b);
  b->arena = rs_arena_create(0);
  b->wiring = make_mesh(b->arena, chips);
  b->schedule = rs_schedule_create(b->arena, b->wiring, "", &timing);
}

static rs_status run(bench *b) {
  rs_check_options options = {.seed = 7};
  return rs_checker_run(b->schedule, b->wiring, &options, &b->report, &b->diag);
}

static void expect_proof(bench *b) {
  assert_ok(run(b), &b->diag);
  assert_int_equal(b->report.fault.kind, RS_FAULT_NONE);
}

static void expect_refusal(bench *b, rs_fault_kind kind, int64_t cycle, const char *words) {
  assert_int_equal(run(b), RS_E_REFUSED);
  if (b->report.fault.kind != kind || b->report.fault.cycle != cycle ||
      strcmp(b->diag.what, words) != 0) {
    fail_msg("%s at %lld, not %s at %lld: %s", rs_fault_word(b->report.fault.kind),
             (long long)b->report.fault.cycle, rs_fault_word(kind), (long long)cycle, b->diag.what);
  }
}

/* from → to: `count` vectors of one buffer to the same place in another. */
static rs_burst *put(bench *b, uint32_t from, uint32_t to, int64_t start, int64_t count,
                     rs_buffer source, rs_buffer target, rs_action action) {
  return put_burst(b->schedule, 0, link_between(b->wiring, from, to), start, count, source, 0,
                   target, 0, action);
}

/* ---- inputs ---- */

/* In SRAM at 100, at the port at 100 + 31. */
static void an_input_departs_when_it_is_ready(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_BROADCAST, 2, 0, 4, 0);
  b.schedule->ops[0].ready_cycles = 100;
  rs_burst *burst = put(&b, 0, 1, 131, 4, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_proof(&b);
  assert_int_equal(b.report.slack_cycles_min, 0);
  assert_int_equal(b.report.vectors, 4);
  assert_int_equal(b.report.results, 2); /* one run a member */
  burst->start_cycles = 141;
  expect_proof(&b);
  assert_int_equal(b.report.slack_cycles_min, 10);
  /* 141 + 216, the last of 4 comes ⌈3·23.616⌉ = 71 later and is in SRAM 47 after that */
  assert_int_equal(b.report.makespan_cycles, 141 + 216 + 71 + 47);
  burst->start_cycles = 130;
  expect_refusal(&b, RS_FAULT_EARLY, 130,
                 "link 0>1, cycle 130: 'b 0 0>1 130 4 in+0 out+0 keep' departs before the chip's "
                 "own input is ready (vector 0)");
  assert_int_equal(b.report.fault.burst_a, 0);
  assert_true(b.report.fault.burst_b == UINT64_MAX);
  rs_arena_destroy(b.arena);
}

/* Made between 200 and 500: vector k of 4 at 200 + 100·k. A slot takes 23.616, so vector 3, ready at
 * 500 + 31, decides: it departs at start + ⌈70.848⌉ = start + 71, so the start is 460 or later. */
static void an_input_in_the_making_departs_in_step(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_BROADCAST, 2, 0, 4, 0);
  rs_compute compute = {.start_cycles = 150,
                        .cycles = 350,
                        .first_cycles = 50,
                        .chip = 0,
                        .reads_op = RS_NONE,
                        .writes_op = 0,
                        .label = rs_schedule_label(b.schedule, "gemv"),
                        .unit = RS_UNIT_MATRIX};
  rs_schedule_add_compute(b.schedule, &compute);
  rs_burst *burst = put(&b, 0, 1, 460, 4, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_proof(&b);
  assert_int_equal(b.report.slack_cycles_min, 0);
  burst->start_cycles = 459;
  expect_refusal(&b, RS_FAULT_EARLY, 530,
                 "link 0>1, cycle 530: 'b 0 0>1 459 4 out+0 out+0 keep' departs before the chip's "
                 "own input is ready (vector 3)");
  burst->start_cycles = 460;
  rs_schedule_add_compute(b.schedule, &compute);
  expect_refusal(&b, RS_FAULT_COMPUTE, 150,
                 "chip 0, cycle 150: 'gemv' is a second compute interval that makes the input of "
                 "operation 0");
  rs_arena_destroy(b.arena);
}

/* n = 1: the first vector is the last, there when the interval ends at 100, not at its 20th cycle. */
static void a_single_vector_is_ready_at_the_end(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_SEND, 2, RS_NONE, 1, 0);
  rs_compute compute = {.start_cycles = 0,
                        .cycles = 100,
                        .first_cycles = 20,
                        .chip = 0,
                        .reads_op = RS_NONE,
                        .writes_op = 0,
                        .label = rs_schedule_label(b.schedule, "gemv"),
                        .unit = RS_UNIT_MATRIX};
  rs_schedule_add_compute(b.schedule, &compute);
  rs_burst *burst = put(&b, 0, 1, 131, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_proof(&b);
  burst->start_cycles = 130;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_EARLY);
  rs_arena_destroy(b.arena);
}

/* Where only the root has an input, and where only the first of a pair has one, others have none. */
static void only_who_sends_has_an_input(void **state) {
  (void)state;
  static const rs_collective_kind kinds[] = {RS_BROADCAST, RS_SCATTER, RS_SEND};
  for (size_t i = 0; i < RS_COUNT_OF(kinds); i++) {
    for (int buffer = RS_BUFFER_IN; buffer <= RS_BUFFER_OUT; buffer++) {
      bench b;
      open_bench(&b, 2, chip_timing());
      put_op(b.schedule, kinds[i], 2, kinds[i] == RS_SEND ? RS_NONE : 0, 2, 0);
      put(&b, 1, 0, 31, 2, (rs_buffer)buffer, RS_BUFFER_OUT, RS_ACTION_KEEP);
      assert_int_equal(run(&b), RS_E_REFUSED);
      assert_int_equal(b.report.fault.kind, RS_FAULT_EMPTY);
      rs_arena_destroy(b.arena);
    }
  }
}

/* An interval that makes the input of chip 1, whose copy stands at 4 … 7 of `out`. */
static void a_copy_of_an_input_is_ready_when_the_input_is(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_ALL_GATHER, 2, RS_NONE, 4, 0);
  rs_compute compute = {.start_cycles = 150,
                        .cycles = 350,
                        .first_cycles = 50,
                        .chip = 1,
                        .reads_op = RS_NONE,
                        .writes_op = 0,
                        .label = rs_schedule_label(b.schedule, "gemv"),
                        .unit = RS_UNIT_MATRIX};
  rs_schedule_add_compute(b.schedule, &compute);
  put(&b, 0, 1, 31, 4, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  rs_burst *burst = put_burst(b.schedule, 0, link_between(b.wiring, 1, 0), 460, 4, RS_BUFFER_OUT, 4,
                              RS_BUFFER_OUT, 4, RS_ACTION_KEEP);
  expect_proof(&b);
  burst->start_cycles = 459;
  expect_refusal(&b, RS_FAULT_EARLY, 530,
                 "link 1>0, cycle 530: 'b 0 1>0 459 4 out+4 out+4 keep' departs before the chip's "
                 "own input is ready (vector 7)");
  rs_arena_destroy(b.arena);
}

/* ---- reads ---- */

/* Arrives at 31 + 216 = 247; may depart 40 later. */
static void what_came_departs_after_the_forwarding_time(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, chip_timing());
  put_op(b.schedule, RS_BROADCAST, 3, 0, 4, 4);
  put(&b, 0, 1, 31, 4, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  rs_burst *next = put(&b, 1, 2, 287, 4, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_proof(&b);
  assert_int_equal(b.report.slack_cycles_min, 0);
  next->start_cycles = 286;
  expect_refusal(&b, RS_FAULT_EARLY, 286,
                 "link 1>2, cycle 286: 'b 0 1>2 286 4 out+0 out+0 keep' departs before it can hold "
                 "what comes with 'b 0 0>1 31 4 in+0 out+0 keep' (vector 0)");
  assert_int_equal(b.report.fault.burst_a, 1);
  assert_int_equal(b.report.fault.burst_b, 0);
  next->start_cycles = 287;
  next->source = RS_BUFFER_TMP;
  expect_refusal(&b, RS_FAULT_EMPTY, 287,
                 "link 1>2, cycle 287: 'b 0 1>2 287 4 tmp+0 out+0 keep' reads vector 0, which "
                 "holds nothing");
  next->source = RS_BUFFER_IN;
  expect_refusal(&b, RS_FAULT_EMPTY, 287,
                 "link 1>2, cycle 287: 'b 0 1>2 287 4 in+0 out+0 keep' reads, of an input that the "
                 "chip does not have, vector 0, which holds nothing");
  rs_arena_destroy(b.arena);
}

/* Only three of four vectors came: the fourth, at ⌈3·23.616⌉ = 71 behind the start, finds nothing. */
static void a_gap_in_memory_is_seen(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, chip_timing());
  put_op(b.schedule, RS_BROADCAST, 3, 0, 4, 0);
  put(&b, 0, 1, 31, 3, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  put(&b, 1, 2, 287, 4, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_refusal(&b, RS_FAULT_EMPTY, 358,
                 "link 1>2, cycle 358: 'b 0 1>2 287 4 out+0 out+0 keep' reads vector 3, which "
                 "holds nothing");
  rs_arena_destroy(b.arena);
}

/* Chips 1 and 2 add to chip 0 at 247 and 257; the sum departs 40 + 20 after the later one. */
static void make_sum(bench *b, rs_burst **back) {
  open_bench(b, 3, chip_timing());
  put_op(b->schedule, RS_ALL_REDUCE, 3, RS_NONE, 2, 2);
  put(b, 1, 0, 31, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
  put(b, 2, 0, 41, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
  put(b, 0, 1, 317, 2, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  *back = put(b, 0, 2, 317, 2, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
}

static void a_sum_departs_when_all_is_added(void **state) {
  (void)state;
  bench b;
  rs_burst *back;
  make_sum(&b, &back);
  expect_proof(&b);
  assert_int_equal(b.report.slack_cycles_min, 0);
  back->start_cycles = 316;
  expect_refusal(
      &b, RS_FAULT_RACE, 316,
      "link 0>2, cycle 316: 'b 0 0>2 316 2 out+0 out+0 keep' departs before all is added "
      "that comes with 'b 0 2>0 41 2 in+0 out+0 add' (vector 0)");
  assert_int_equal(b.report.fault.burst_a, 3);
  assert_int_equal(b.report.fault.burst_b, 1);
  rs_arena_destroy(b.arena);
}

/* ---- writes ---- */

/* Vector 1 of chip 0's `out` departs at ⌈300 + 23.616⌉ = 324. A write of it in that cycle has no
 * order with it; one that starts at 109 and arrives at 325 has. */
static void what_departs_is_not_overwritten(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, chip_timing());
  put_op(b.schedule, RS_ALL_GATHER, 3, RS_NONE, 2, 2);
  put_burst(b.schedule, 0, link_between(b.wiring, 0, 2), 300, 2, RS_BUFFER_OUT, 0, RS_BUFFER_TMP, 0,
            RS_ACTION_FORWARD);
  rs_burst *over = put_burst(b.schedule, 0, link_between(b.wiring, 1, 0), 108, 1, RS_BUFFER_IN, 0,
                             RS_BUFFER_OUT, 1, RS_ACTION_KEEP);
  expect_refusal(&b, RS_FAULT_RACE, 324,
                 "link 1>0, cycle 324: 'b 0 1>0 108 1 in+0 out+1 keep' overwrites what has yet to "
                 "depart with 'b 0 0>2 300 2 out+0 tmp+0 forward' (vector 1)");
  assert_int_equal(b.report.fault.burst_a, 1);
  assert_int_equal(b.report.fault.burst_b, 0);
  over->start_cycles = 109;
  assert_int_equal(run(&b), RS_E_REFUSED); /* now the order is right, but not the result */
  assert_int_equal(b.report.fault.kind, RS_FAULT_RESULT);
  rs_arena_destroy(b.arena);
}

/* Two reads of chip 0's `out`: at stride 3 from 50 on, vector 3 departs at 50 + ⌈9·23.616⌉ = 263; at
 * stride 1 from 60 on, at 60 + 71 = 131. A write of vector 3 at 34 + 216 = 250 is too early for the
 * read that began first and ends last. */
static void the_slowest_read_counts(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, chip_timing());
  put_op(b.schedule, RS_ALL_GATHER, 3, RS_NONE, 4, 4);
  rs_burst *slow = put(&b, 0, 1, 50, 4, RS_BUFFER_OUT, RS_BUFFER_TMP, RS_ACTION_KEEP);
  slow->stride = 3;
  put(&b, 0, 2, 60, 4, RS_BUFFER_OUT, RS_BUFFER_TMP, RS_ACTION_KEEP);
  put_burst(b.schedule, 0, link_between(b.wiring, 2, 0), 34, 1, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 3,
            RS_ACTION_KEEP);
  expect_refusal(&b, RS_FAULT_RACE, 250,
                 "link 2>0, cycle 250: 'b 0 2>0 34 1 in+0 out+3 keep' overwrites what has yet to "
                 "depart with 'b 0 0>1 50 4x3 out+0 tmp+0 keep' (vector 3)");
  rs_arena_destroy(b.arena);
}

/* Two keeps in one place: the second must find the first in SRAM, 47 after its arrival. */
static void what_is_being_written_is_not_overwritten(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, chip_timing());
  put_op(b.schedule, RS_BROADCAST, 3, 0, 2, 2);
  put(&b, 0, 1, 31, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  put(&b, 0, 2, 31, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP); /* from 287 on it may go on */
  rs_burst *over = put(&b, 2, 1, 287, 2, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_proof(&b);
  b.schedule->bursts[0].start_cycles = 287 - 46; /* arrives 46 before the other one */
  expect_refusal(&b, RS_FAULT_RACE, 503,
                 "link 2>1, cycle 503: 'b 0 2>1 287 2 out+0 out+0 keep' overwrites what is still "
                 "being written by 'b 0 0>1 241 2 in+0 out+0 keep' (vector 0)");
  over->action = RS_ACTION_ADD;
  expect_refusal(&b, RS_FAULT_RACE, 503,
                 "link 2>1, cycle 503: 'b 0 2>1 287 2 out+0 out+0 add' is added to what is still "
                 "being written by 'b 0 0>1 241 2 in+0 out+0 keep' (vector 0)");
  over->action = RS_ACTION_KEEP;
  b.schedule->bursts[0].start_cycles = 287 - 47;
  expect_proof(&b);
  rs_arena_destroy(b.arena);
}

/* Where the chip costs nothing, two that are kept in one cycle still have no order; a cycle apart they do. */
static void writes_in_one_cycle_have_no_order(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, unit_timing());
  put_op(b.schedule, RS_BROADCAST, 3, 0, 2, 2);
  put(&b, 0, 2, 0, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  put(&b, 2, 1, 2, 2, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  rs_burst *other = put(&b, 0, 1, 2, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RACE);
  assert_int_equal(b.report.fault.cycle, 3);
  other->action =
      RS_ACTION_ADD; /* that has an order: what is kept is first; and the sum is wrong */
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RESULT);
  other->action = RS_ACTION_KEEP;
  other->start_cycles = 3;
  expect_proof(&b);
  rs_arena_destroy(b.arena);
}

/* A keep on a sum waits for 47 + 20 after the last add's arrival at 257. */
static void a_sum_under_way_is_not_overwritten(void **state) {
  (void)state;
  bench b;
  rs_burst *back;
  make_sum(&b, &back);
  rs_burst *over = put_burst(b.schedule, 0, link_between(b.wiring, 1, 0), 323 - 216, 2,
                             RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  b.schedule->bursts[2].start_cycles = back->start_cycles = 500; /* reads are later */
  expect_refusal(&b, RS_FAULT_RACE, 323,
                 "link 1>0, cycle 323: 'b 0 1>0 107 2 in+0 out+0 keep' overwrites what is still "
                 "being added to by 'b 0 2>0 41 2 in+0 out+0 add' (vector 0)");
  over->start_cycles++; /* in order now, and wrong */
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RESULT);
  rs_arena_destroy(b.arena);
}

/* Chip 0's own input is there at 300; what is added to it must not arrive before. */
static void nothing_is_added_before_the_own_input(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_REDUCE, 2, 0, 2, 0);
  rs_compute compute = {.start_cycles = 0,
                        .cycles = 300,
                        .first_cycles = 300,
                        .chip = 0,
                        .reads_op = RS_NONE,
                        .writes_op = 0,
                        .label = rs_schedule_label(b.schedule, "gemv"),
                        .unit = RS_UNIT_MATRIX};
  rs_schedule_add_compute(b.schedule, &compute);
  rs_burst *burst = put(&b, 1, 0, 300 - 216, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
  expect_proof(&b);
  burst->start_cycles--;
  expect_refusal(&b, RS_FAULT_EARLY, 299,
                 "link 1>0, cycle 299: 'b 0 1>0 83 2 in+0 out+0 add' arrives before the chip's own "
                 "input (vector 0)");
  rs_arena_destroy(b.arena);
}

/* Chips 1 and 2 bring their inputs into the empty tmp of chip 0, and that goes to `out` of chip 3: who
 * came first is kept, the other added. Links take 216 cycles, the sum is complete for the port 40 + 20
 * later: 31 + 216 + 60 = 307. */
static void what_comes_together_is_added_up(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 4, chip_timing());
  put_op(b.schedule, RS_ALL_REDUCE, 4, RS_NONE, 3, 3);
  put(&b, 2, 0, 31, 3, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_ADD); /* listed before what is kept */
  put(&b, 1, 0, 31, 3, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_FORWARD);
  put(&b, 0, 3, 307, 3, RS_BUFFER_TMP, RS_BUFFER_OUT, RS_ACTION_ADD);
  expect_refusal(&b, RS_FAULT_RESULT, 307 + 216 + 48 + 47 + 20,
                 "chip 0, operation 0 (all-reduce): vector 0 of the result is wrong");
  b.schedule->bursts[2].start_cycles = 306;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RACE);
  /* a cycle behind what is kept is neither together nor after it */
  b.schedule->bursts[2].start_cycles = 400;
  b.schedule->bursts[0].start_cycles = 32;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RACE);
  assert_non_null(strstr(b.diag.what, "is added to what is still being written by"));
  /* the other length: of vectors 0 … 2 the last is added to zero, and all is sent on at 307 */
  b.schedule->bursts[0].start_cycles = 31;
  b.schedule->bursts[1].count = 2;
  b.schedule->bursts[2].start_cycles = 307;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RESULT);
  rs_arena_destroy(b.arena);
}

/* Chips 0 and 1 of three send each other their inputs; chip 0 sends its own to chip 2 as well, and chip 1
 * adds what comes from 0 in its hop buffer, which is zero. That takes 31 + 216 cycles to come, 40 + 20
 * until it may leave: 307. Chip 2's input goes to both. */
static void hop_buffer_is_zero_at_first(void **state) {
  (void)state;
  for (int64_t start = 306; start <= 307; start++) {
    bench b;
    open_bench(&b, 3, chip_timing());
    put_op(b.schedule, RS_ALL_REDUCE, 3, RS_NONE, 1, 1);
    put(&b, 0, 1, 31, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
    put(&b, 0, 1, 31, 1, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_ADD);
    put(&b, 1, 0, 31, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
    put(&b, 2, 0, 31, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
    put(&b, 2, 1, 31, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
    put(&b, 1, 2, 31, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
    put(&b, 1, 2, start, 1, RS_BUFFER_TMP, RS_BUFFER_OUT, RS_ACTION_ADD);
    if (start == 307) {
      expect_proof(&b);
    } else {
      assert_int_equal(run(&b), RS_E_REFUSED);
      assert_int_equal(b.report.fault.kind, RS_FAULT_RACE);
    }
    rs_arena_destroy(b.arena);
  }
}

/* Nobody has added: zero is not sent. */
static void zero_is_not_sent(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_SEND, 2, RS_NONE, 1, 1);
  put(&b, 0, 1, 31, 1, RS_BUFFER_TMP, RS_BUFFER_OUT, RS_ACTION_KEEP);
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_EMPTY);
  rs_arena_destroy(b.arena);
}

static void an_add_needs_something_to_add_to(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_SEND, 2, RS_NONE, 2, 0);
  put(&b, 0, 1, 31, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
  expect_refusal(&b, RS_FAULT_EMPTY, 247,
                 "link 0>1, cycle 247: 'b 0 0>1 31 2 in+0 out+0 add' adds to vector 0, which holds "
                 "nothing");
  rs_arena_destroy(b.arena);
}

/* ---- results ---- */

static void results_say_what_is_wrong(void **state) {
  (void)state;
  bench b;
  rs_burst *back;
  make_sum(&b, &back);
  /* 317 + 216, the second vector comes 24 later, in SRAM after 47 */
  int64_t end = 317 + 216 + 24 + 47;
  back->count = 1;
  expect_refusal(&b, RS_FAULT_RESULT, end,
                 "chip 2, operation 0 (all-reduce): vector 1 of the result is wrong");
  assert_int_equal(b.report.fault.chip, 2);
  assert_int_equal(b.report.fault.op, 0);
  back->count = 2;
  b.schedule->bursts[1] = b.schedule->bursts[0]; /* chip 1 twice, chip 2 not at all */
  b.schedule->bursts[1].start_cycles += 50;
  b.schedule->bursts[2].start_cycles = back->start_cycles = 400;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_RESULT);
  b.schedule->ops[0].kind = RS_REDUCE;
  b.schedule->ops[0].root = 0;
  b.schedule->bursts[1].link = link_between(b.wiring, 2, 0);
  put(&b, 1, 0, 200, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
  b.schedule->bursts[2].start_cycles = b.schedule->bursts[3].start_cycles = 600;
  expect_refusal(&b, RS_FAULT_RESULT, 600 + 216 + 24 + 47,
                 "chip 0, operation 0 (reduce): vector 0 of the result is wrong: the contribution "
                 "of chip 1 is in it twice; the last to write it is 'b 0 1>0 200 2 in+0 out+0 "
                 "add'");
  b.schedule->burst_count--;
  b.schedule->bursts[0].count = 1;
  expect_refusal(&b, RS_FAULT_RESULT, 600 + 216 + 24 + 47,
                 "chip 0, operation 0 (reduce): vector 1 of the result is wrong: the contribution "
                 "of chip 1 is missing; the last to write it is 'b 0 2>0 81 2 in+0 out+0 add'");
  rs_arena_destroy(b.arena);
}

static void a_result_that_never_came_is_missing(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_SEND, 2, RS_NONE, 3, 0);
  put(&b, 0, 1, 31, 2, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  expect_refusal(&b, RS_FAULT_RESULT, 31 + 216 + 24 + 47,
                 "chip 1, operation 0 (send): vector 2 of the result is missing");
  assert_true(b.report.fault.burst_a == UINT64_MAX);
  rs_arena_destroy(b.arena);
}

/* A lone chip has its result at the start; nobody reads. */
static void nothing_to_do_is_right(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 2, chip_timing());
  put_op(b.schedule, RS_ALL_REDUCE, 1, RS_NONE, 3, 0);
  b.schedule->ops[0].ready_cycles = 12;
  expect_proof(&b);
  assert_int_equal(b.report.makespan_cycles, 12);
  assert_int_equal(b.report.slack_cycles_min, -1);
  assert_int_equal(b.report.links_used, 0);
  rs_arena_destroy(b.arena);
}

/* ---- compute intervals ---- */

/* The result of chip 1 is in SRAM at 317 + 216 + 24 + 47 = 604. */
static void work_waits_for_its_result_and_its_unit(void **state) {
  (void)state;
  bench b;
  rs_burst *back;
  make_sum(&b, &back);
  rs_compute compute = {.start_cycles = 604,
                        .cycles = 10,
                        .chip = 1,
                        .reads_op = 0,
                        .writes_op = RS_NONE,
                        .label = rs_schedule_label(b.schedule, "norm"),
                        .unit = RS_UNIT_VECTOR};
  rs_compute *first = rs_schedule_add_compute(b.schedule, &compute);
  expect_proof(&b);
  assert_int_equal(b.report.makespan_cycles, 614);
  first->start_cycles = 603;
  expect_refusal(&b, RS_FAULT_COMPUTE, 603,
                 "chip 1, cycle 603: 'norm' starts before cycle 604, when the result of operation "
                 "0 is there");
  first->start_cycles = 604;
  compute.start_cycles = 614;
  compute.label = rs_schedule_label(b.schedule, "gate");
  rs_compute *second = rs_schedule_add_compute(b.schedule, &compute);
  expect_proof(&b);
  second->start_cycles = 613;
  expect_refusal(&b, RS_FAULT_COMPUTE, 613,
                 "chip 1, cycle 613: 'gate' starts while its unit still does norm");
  second->unit = RS_UNIT_MATRIX;
  expect_proof(&b);
  rs_arena_destroy(b.arena);
}

/* ---- the vector unit ---- */

/* Five chips send to chip 0 at once: five vectors a cycle, if their starts are the same. */
static void the_vector_unit_has_limits(void **state) {
  (void)state;
  bench b;
  rs_timing timing = chip_timing();
  timing.adds_per_cycle = 4;
  open_bench(&b, 6, timing);
  put_op(b.schedule, RS_REDUCE, 6, 0, 3, 0);
  for (uint32_t c = 1; c < 6; c++) {
    put(&b, c, 0, 31, 3, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD);
  }
  expect_refusal(&b, RS_FAULT_VECTOR_UNIT, 247,
                 "chip 0, cycle 247: 5 vectors of 5 bursts are added at once, and its vector unit "
                 "does 4 a cycle: 'b 0 1>0 31 3 in+0 out+0 add' and 'b 0 5>0 31 3 in+0 out+0 add'");
  assert_int_equal(b.report.fault.chip, 0);
  b.schedule->bursts[4].start_cycles++; /* one cycle beside the others */
  expect_proof(&b);
  b.schedule->bursts[4].start_cycles = 31 + 24; /* its first with their second: ⌈23.616⌉ */
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.cycle, 247 + 24);
  b.schedule->timing.adds_per_cycle = 5;
  expect_proof(&b);
  rs_arena_destroy(b.arena);
}

/* ---- form ---- */

static void malformed_schedules_are_refused(void **state) {
  (void)state;
  bench b;
  rs_burst *back;
  make_sum(&b, &back);
  back->target_offset = 1;
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_FORM);
  assert_int_equal(b.report.fault.link, RS_NONE);
  back->target_offset = 0;
  expect_proof(&b);
  b.wiring = make_mesh(b.arena, 4);
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_int_equal(b.report.fault.kind, RS_FAULT_FORM);
  rs_arena_destroy(b.arena);
}

/* ---- the whole ---- */

/* Same verdict for any seed and any order of bursts; a run of 2^38 vectors costs what one costs. */
static void seed_order_and_length_do_not_matter(void **state) {
  (void)state;
  bench b;
  open_bench(&b, 3, chip_timing());
  int64_t count = INT64_C(1) << 38;
  put_op(b.schedule, RS_BROADCAST, 3, 0, count, 0);
  rs_burst *second = put(&b, 1, 2, 287, count, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP);
  put(&b, 0, 1, 31, count, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP);
  for (uint64_t seed = 0; seed < 20; seed++) {
    rs_check_options options = {.seed = seed};
    assert_ok(rs_checker_run(b.schedule, b.wiring, &options, &b.report, &b.diag), &b.diag);
  }
  assert_int_equal(b.report.vectors, 2 * (uint64_t)count);
  second->count--; /* the last one is missing */
  assert_int_equal(run(&b), RS_E_REFUSED);
  assert_non_null(strstr(b.diag.what, "vector 274877906943 of the result is missing"));
  rs_arena_destroy(b.arena);
}

static void words_are_as_they_are(void **state) {
  (void)state;
  assert_string_equal(rs_fault_word(RS_FAULT_NONE), "none");
  assert_string_equal(rs_fault_word(RS_FAULT_FORM), "form");
  assert_string_equal(rs_fault_word(RS_FAULT_LINK), "link");
  assert_string_equal(rs_fault_word(RS_FAULT_EARLY), "early");
  assert_string_equal(rs_fault_word(RS_FAULT_RACE), "race");
  assert_string_equal(rs_fault_word(RS_FAULT_EMPTY), "empty");
  assert_string_equal(rs_fault_word(RS_FAULT_RESULT), "result");
  assert_string_equal(rs_fault_word(RS_FAULT_COMPUTE), "compute");
  assert_string_equal(rs_fault_word(RS_FAULT_VECTOR_UNIT), "vector-unit");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_input_departs_when_it_is_ready),
      cmocka_unit_test(an_input_in_the_making_departs_in_step),
      cmocka_unit_test(a_single_vector_is_ready_at_the_end),
      cmocka_unit_test(only_who_sends_has_an_input),
      cmocka_unit_test(a_copy_of_an_input_is_ready_when_the_input_is),
      cmocka_unit_test(what_came_departs_after_the_forwarding_time),
      cmocka_unit_test(a_gap_in_memory_is_seen),
      cmocka_unit_test(a_sum_departs_when_all_is_added),
      cmocka_unit_test(what_departs_is_not_overwritten),
      cmocka_unit_test(the_slowest_read_counts),
      cmocka_unit_test(what_is_being_written_is_not_overwritten),
      cmocka_unit_test(writes_in_one_cycle_have_no_order),
      cmocka_unit_test(a_sum_under_way_is_not_overwritten),
      cmocka_unit_test(nothing_is_added_before_the_own_input),
      cmocka_unit_test(hop_buffer_is_zero_at_first),
      cmocka_unit_test(zero_is_not_sent),
      cmocka_unit_test(what_comes_together_is_added_up),
      cmocka_unit_test(an_add_needs_something_to_add_to),
      cmocka_unit_test(results_say_what_is_wrong),
      cmocka_unit_test(a_result_that_never_came_is_missing),
      cmocka_unit_test(nothing_to_do_is_right),
      cmocka_unit_test(work_waits_for_its_result_and_its_unit),
      cmocka_unit_test(the_vector_unit_has_limits),
      cmocka_unit_test(malformed_schedules_are_refused),
      cmocka_unit_test(seed_order_and_length_do_not_matter),
      cmocka_unit_test(words_are_as_they_are),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

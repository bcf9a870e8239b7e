/*
 * The one-pass proof against the whole one: the same verdict and the same counts on every algorithm,
 * refusals that name what is wrong, memory that is let go, and what one pass does not decide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_collective.h"
#include "rs_test_compile.h"
#include "rs_test_stream.h"

static const rs_check_options options = {.seed = 5};

static rs_status compile_row(rs_schedule *s, const rs_wiring *w, rs_calendar *calendar,
                             const rs_collective_algorithm *row, int64_t bytes, rs_diag *diag) {
  uint32_t chips[64];
  uint32_t count = RS_MIN(w->chip_count, UINT32_C(64));
  for (uint32_t i = 0; i < count; i++) chips[i] = i;
  bool rooted = row->kind == RS_BROADCAST || row->kind == RS_REDUCE || row->kind == RS_SCATTER ||
                row->kind == RS_GATHER;
  rs_collective_request request = {.kind = row->kind,
                                   .algorithm = row->name,
                                   .chips = chips,
                                   .chip_count = row->kind == RS_SEND ? count / 2 * 2 : count,
                                   .root = rooted ? chips[1] : RS_NONE,
                                   .block_bytes = bytes,
                                   .ready_cycles = 3};
  return rs_collective_compile(s, w, calendar, &request, NULL, NULL, diag);
}

static void both_proofs_agree_on_every_algorithm(void **state) {
  static const char *const specs[] = {"mesh:6",
                                      "ring:5",
                                      "hypercube:3",
                                      "torus:3x4",
                                      "realscale:24",
                                      "dragonfly:a=4,h=2",
                                      "kautz:2,3,directed"};
  static const int64_t sizes[] = {320, 3200, 16384, 1 << 20};
  const rs_timing timings[] = {unit_timing(), chip_timing()};
  size_t count, proved = 0;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(specs) * RS_COUNT_OF(sizes) * count * 2; i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag = {0};
    rs_check_report whole;
    const char *spec = specs[i / 2 / count % RS_COUNT_OF(specs)];
    const rs_wiring *w = build_wiring(arena, spec);
    const rs_collective_algorithm *row = &rows[i / 2 % count];
    rs_schedule *s = rs_schedule_create(arena, w, spec, &timings[i % 2]);
    rs_calendar *calendar = rs_calendar_create(arena, w, &timings[i % 2]);
    int64_t bytes = sizes[i / 2 / count / RS_COUNT_OF(specs)];
    if (compile_row(s, w, calendar, row, bytes, &diag) == RS_OK) {
      rs_schedule_sort(s);
      assert_ok(rs_checker_run(s, w, &options, &whole, &diag), &diag);
      assert_ok(stream_agrees(s, w, 5, true, &whole), &diag);
      proved++;
    }
    rs_arena_destroy(arena);
  }
  print_message("%zu schedules proved by both\n", proved);
  assert_true(proved > 500);
}

/* ---- by hand ---- */

/* Three chips, all joined; a broadcast of one vector from chip 0 on the unit clock. */
typedef struct hand {
  rs_arena *arena;
  const rs_wiring *wiring;
  rs_schedule *schedule;
} hand;

static void begin(hand *h, rs_collective_kind kind, int64_t block, int64_t tmp) {
  rs_timing timing = unit_timing();
  static const uint32_t chips[] = {0, 1, 2};
  h->arena = rs_arena_create(0);
  h->wiring = build_wiring(h->arena, "mesh:3");
  h->schedule = rs_schedule_create(h->arena, h->wiring, "mesh:3", &timing);
  rs_op op = {.kind = kind,
              .root = kind == RS_BROADCAST ? 0 : RS_NONE,
              .block_bytes = 320 * block,
              .block_vectors = block,
              .tmp_vectors = tmp};
  rs_schedule_add_op(h->schedule, &op, chips, 3);
}

static void add(hand *h, uint32_t from, uint32_t to, int64_t start, rs_buffer source,
                rs_buffer target, rs_action action, uint32_t op) {
  rs_burst burst = {.start_cycles = start,
                    .count = h->schedule->ops[op].block_vectors,
                    .link = rs_wiring_find_link(h->wiring, from, to, 0),
                    .op = op,
                    .stride = 1,
                    .source = (uint8_t)source,
                    .target = (uint8_t)target,
                    .action = (uint8_t)action};
  assert_non_null(rs_schedule_add_burst(h->schedule, &burst));
}

/* The verdict, which must be `status` with `words` in it; both proofs where one pass decides. */
static void expect(hand *h, rs_status status, rs_fault_kind kind, const char *words) {
  rs_stream_report report;
  rs_check_report whole;
  rs_diag diag = {0}, whole_diag = {0};
  rs_status found = stream_check(h->schedule, h->wiring, 5, &report, &diag);
  if (found != status || strstr(diag.what, words) == NULL) fail_msg("'%s'", diag.what);
  assert_int_equal(report.check.fault.kind, kind);
  bool proved = rs_checker_run(h->schedule, h->wiring, &options, &whole, &whole_diag) == RS_OK;
  if (status != RS_E_LIMIT) {
    assert_int_equal(proved, status == RS_OK);
    assert_int_equal(whole.fault.kind, kind);
  }
  rs_arena_destroy(h->arena);
}

static void a_relay_by_hand(void **state) {
  hand h;
  (void)state;
  /* unit clock: what departs at 0 has arrived at 1 and may depart then: 0 > 1 > 2 */
  begin(&h, RS_BROADCAST, 1, 0);
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 1, 2, 1, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  expect(&h, RS_OK, RS_FAULT_NONE, "");
  /* two vectors: the second of them would depart at 1 as well, and arrives at 2 */
  begin(&h, RS_BROADCAST, 2, 0);
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 1, 2, 0, RS_BUFFER_OUT, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  expect(&h, RS_E_REFUSED, RS_FAULT_EMPTY, "link 1>2, cycle 0: 'b 0 1>2 0 2 out+0 out+0 keep'");
}

static void faults_are_named(void **state) {
  hand h;
  (void)state;
  begin(&h, RS_BROADCAST, 1, 0); /* chip 2 gets nothing */
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  expect(&h, RS_E_REFUSED, RS_FAULT_RESULT, "chip 2: the result of operation 0 is missing");
  begin(&h, RS_BROADCAST, 1, 0); /* nothing at all happens */
  expect(&h, RS_E_REFUSED, RS_FAULT_RESULT, "chip 1: the result of operation 0 is missing");
  begin(&h, RS_BROADCAST, 1, 1); /* chip 1 has no input of its own */
  add(&h, 1, 2, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  expect(&h, RS_E_REFUSED, RS_FAULT_EMPTY, "an input that the chip does not have");
  begin(&h, RS_BROADCAST, 4, 4); /* both on link 0>1 at cycle 3 */
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 0, 1, 3, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_FORWARD, 0);
  expect(&h, RS_E_REFUSED, RS_FAULT_LINK,
         "link 0>1, cycle 3: 'b 0 0>1 3 4 in+0 tmp+0 forward' meets burst 0");
  begin(&h, RS_BROADCAST, 1, 0); /* added to nothing */
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
  expect(&h, RS_E_REFUSED, RS_FAULT_EMPTY, "adds to memory that holds nothing");
  begin(&h, RS_BROADCAST, 1, 0); /* two writes into one place at one cycle */
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 0, 2, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  h.schedule->ops[0].ready_cycles = 1;
  expect(&h, RS_E_REFUSED, RS_FAULT_EARLY, "departs before the chip's own input is ready");
}

/* The same by both proofs: on the unit clock what is added at 0 + 1 may leave then, no sooner. */
static void hop_buffer_is_zero_at_first(void **state) {
  (void)state;
  for (int64_t start = 0; start <= 1; start++) {
    hand h;
    begin(&h, RS_ALL_REDUCE, 2, 2);
    add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
    add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_ADD, 0);
    add(&h, 1, 0, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
    add(&h, 2, 0, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
    add(&h, 2, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
    add(&h, 1, 2, start == 0 ? 2 : 3, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
    add(&h, 1, 2, start, RS_BUFFER_TMP, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
    if (start == 0) {
      expect(&h, RS_E_REFUSED, RS_FAULT_EMPTY, "reads where there is nothing");
    } else {
      expect(&h, RS_OK, RS_FAULT_NONE, "");
    }
  }
}

/* Every vector of the sum twice: nothing but the values tells. */
static void a_doubled_contribution_is_seen(void **state) {
  hand h;
  (void)state;
  for (int twice = 0; twice < 2; twice++) {
    begin(&h, RS_ALL_REDUCE, 1, 0);
    for (uint32_t from = 0; from < 3; from++) {
      for (uint32_t to = 0; to < 3; to++) {
        if (from == to) continue;
        add(&h, from, to, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
      }
    }
    if (twice == 0) {
      expect(&h, RS_OK, RS_FAULT_NONE, "");
    } else { /* before the operation is over, or one pass would let go of it */
      add(&h, 0, 1, 1, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
      h.schedule->bursts[0].start_cycles = 1; /* 0>1 at 1 and 2 */
      h.schedule->bursts[6].start_cycles = 2;
      h.schedule->bursts[1].start_cycles = 9; /* 0>2 is late: not over till then */
      expect(&h, RS_E_REFUSED, RS_FAULT_RESULT, "chip 1: the result of operation 0 is missing or");
    }
  }
}

static void what_one_pass_does_not_decide(void **state) {
  hand h;
  rs_diag diag = {0};
  (void)state;
  /* the same once more when all is done: harmless, but nothing is remembered of it */
  begin(&h, RS_BROADCAST, 1, 0);
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 0, 2, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 0, 1, 9, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  expect(&h, RS_E_LIMIT, RS_FAULT_NONE, "operation 0 was complete before this burst");
  /* two adds in one cycle for a vector unit that does one */
  begin(&h, RS_ALL_REDUCE, 1, 0);
  h.schedule->timing.adds_per_cycle = 1;
  add(&h, 0, 2, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
  add(&h, 1, 2, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_ADD, 0);
  expect(&h, RS_E_LIMIT, RS_FAULT_NONE, "it may be more than the vector unit does");
  /* strides 2 and 3 that interleave, too many to try */
  begin(&h, RS_BROADCAST, INT64_C(1) << 21, INT64_C(1) << 21);
  add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 0, 1, 1, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_FORWARD, 0);
  h.schedule->bursts[0].stride = 2;
  h.schedule->bursts[1].stride = 4;
  expect(&h, RS_E_LIMIT, RS_FAULT_NONE, "in a way that one pass does not decide");
  /* not in order */
  begin(&h, RS_BROADCAST, 1, 0);
  add(&h, 0, 1, 5, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  add(&h, 0, 2, 4, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
  rs_stream_checker *checker = rs_stream_checker_create(h.schedule, h.wiring, &options);
  assert_ok(rs_stream_checker_add(checker, &h.schedule->bursts[0], &diag), &diag);
  assert_int_equal(rs_stream_checker_add(checker, &h.schedule->bursts[1], &diag), RS_E_INFEASIBLE);
  assert_non_null(strstr(diag.what, "starts at cycle 4, one before it at 5"));
  rs_stream_checker_destroy(checker);
  rs_arena_destroy(h.arena);
}

/* Strided bursts that share a link: every other slot is free, or not. */
static void strided_bursts_interleave(void **state) {
  hand h;
  (void)state;
  for (int64_t shift = 1; shift < 6; shift++) {
    for (uint32_t stride = 2; stride < 5; stride++) {
      begin(&h, RS_BROADCAST, 5, 5);
      add(&h, 0, 1, 0, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
      add(&h, 0, 1, shift, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_FORWARD, 0);
      add(&h, 0, 2, 20, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, 0);
      h.schedule->bursts[0].stride = 2; /* 0>2 is late: the operation is not over before */
      h.schedule->bursts[1].stride = stride;
      bool meets = false; /* at 0 2 4 6 8 and shift, shift + stride … */
      for (int64_t k = 0; k < 5; k++) {
        int64_t at = shift + k * stride;
        meets = meets || (at % 2 == 0 && at <= 8);
      }
      expect(&h, meets ? RS_E_REFUSED : RS_OK, meets ? RS_FAULT_LINK : RS_FAULT_NONE, "");
    }
  }
}

/* A hundred broadcasts, one after another: memory for one. */
static void memory_is_let_go(void **state) {
  hand h;
  rs_stream_report one, many;
  rs_diag diag = {0};
  (void)state;
  for (uint32_t ops = 1; ops <= 100; ops += 99) {
    begin(&h, RS_BROADCAST, 4, 4);
    rs_op op = h.schedule->ops[0];
    static const uint32_t chips[] = {0, 1, 2};
    for (uint32_t i = 0; i < ops; i++) {
      if (i > 0) rs_schedule_add_op(h.schedule, &op, chips, 3);
      add(&h, 0, 1, 100 * i, RS_BUFFER_IN, RS_BUFFER_TMP, RS_ACTION_FORWARD, i);
      add(&h, 1, 2, 100 * i + 10, RS_BUFFER_TMP, RS_BUFFER_OUT, RS_ACTION_KEEP, i);
      add(&h, 0, 1, 100 * i + 20, RS_BUFFER_IN, RS_BUFFER_OUT, RS_ACTION_KEEP, i);
    }
    assert_ok(stream_check(h.schedule, h.wiring, 5, ops == 1 ? &one : &many, &diag), &diag);
    rs_arena_destroy(h.arena);
  }
  assert_int_equal(many.check.bursts, 300);
  assert_int_equal(many.check.results, 100);
  assert_int_equal(many.ops_max, 1);
  assert_int_equal(many.flights_max, 1);
  assert_int_equal(many.runs_max, 4); /* in at chip 0, tmp at 1, out at 1 and 2 */
  /* an entry an operation (pointer and flag) is all that more operations cost */
  assert_int_equal(many.bytes_max - one.bytes_max, 99 * (sizeof(void *) + 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_proofs_agree_on_every_algorithm),
      cmocka_unit_test(a_relay_by_hand),
      cmocka_unit_test(faults_are_named),
      cmocka_unit_test(hop_buffer_is_zero_at_first),
      cmocka_unit_test(a_doubled_contribution_is_seen),
      cmocka_unit_test(what_one_pass_does_not_decide),
      cmocka_unit_test(strided_bursts_interleave),
      cmocka_unit_test(memory_is_let_go),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

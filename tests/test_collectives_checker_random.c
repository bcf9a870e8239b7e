/*
 * Random programs of moves: cuts, overlaps, strides and sums that no collective makes. A program that
 * the hand timed must pass all of the checker but, perhaps, its results; a program with random times
 * must not pass when the oracle finds a fault. Also the parts of the checker against brute force.
 */
#include "rs__checker.h"
#include "rs_test_checker_plans.h"

#define SEED UINT64_C(20260104)

typedef rs_timing timing_maker(void);
static timing_maker *const timings[] = {unit_timing, chip_timing, fast_timing};

static rs_burst draw_burst(const hand *h, rs_random *random) {
  const rs_op *op = &h->schedule->ops[0];
  rs_burst b = {.link = (uint32_t)rs_random_below(random, h->wiring->link_count)};
  b.source = (uint8_t)rs_random_below(random, 3);
  b.target = (uint8_t)rs_random_between(random, RS_BUFFER_OUT, RS_BUFFER_TMP);
  b.action = rs_random_below(random, 2) == 0 ? RS_ACTION_ADD : RS_ACTION_KEEP;
  b.stride = (uint32_t)rs_random_between(random, 1, 3);
  int64_t source_size = oracle_size(op, b.source);
  int64_t target_size = oracle_size(op, b.target);
  b.count = rs_random_between(random, 1, RS_MIN(source_size, target_size));
  b.source_offset = rs_random_between(random, 0, source_size - b.count);
  b.target_offset = rs_random_between(random, 0, target_size - b.count);
  return b;
}

/* True when memory holds something wherever the burst looks. `holds` is [chip][buffer][address]. */
static bool can_move(bool holds[4][3][64], const rs_link *link, const rs_burst *b) {
  for (int64_t k = 0; k < b->count; k++) {
    if (!holds[link->from][b->source][b->source_offset + k]) return false;
    if (b->action == RS_ACTION_ADD && !holds[link->to][b->target][b->target_offset + k])
      return false;
  }
  for (int64_t k = 0; k < b->count; k++) holds[link->to][b->target][b->target_offset + k] = true;
  return true;
}

static void make_program(hand *h, rs_arena *arena, const rs_timing *timing, rs_random *random) {
  static const rs_collective_kind kinds[] = {RS_ALL_REDUCE, RS_ALL_GATHER, RS_ALL_TO_ALL};
  bool holds[4][3][64] = {{{false}}};
  hand_open(h, make_mesh(arena, 4), arena, timing);
  rs_collective_kind kind = kinds[rs_random_below(random, 3)];
  hand_begin(h, put_op(h->schedule, kind, 4, RS_NONE, rs_random_between(random, 1, 9), 7));
  const rs_op *op = &h->schedule->ops[0];
  for (uint32_t c = 0; c < 4; c++) {
    for (int64_t k = 0; k < rs_op_in_vectors(op); k++) holds[c][RS_BUFFER_IN][k] = true;
    for (int64_t a = 0; a < rs_op_out_vectors(op); a++) {
      holds[c][RS_BUFFER_OUT][a] = oracle_own(op, false, c, a) >= 0;
    }
  }
  int64_t moves = rs_random_between(random, 3, 25);
  for (int64_t k = 0; k < moves; k++) {
    rs_burst b = draw_burst(h, random);
    if (can_move(holds, &h->wiring->links[b.link], &b)) hand_move(h, b);
  }
}

/* Results of a random program are wrong, and that must be all. The oracle's verdict is the same. */
static void timed_programs_fail_by_their_results_only(void **state) {
  (void)state;
  for (uint64_t round = 0; round < 4000; round++) {
    rs_random random;
    hand h;
    char verdict[256];
    rs_check_options options = {.seed = round};
    rs_check_report report;
    rs_diag diag = {0};
    rs_random_init(&random, SEED, round);
    rs_arena *arena = rs_arena_create(0);
    rs_timing timing = timings[round % 3]();
    make_program(&h, arena, &timing, &random);
    rs_status status = rs_checker_run(h.schedule, h.wiring, &options, &report, &diag);
    oracle_judge(h.schedule, h.wiring, verdict, sizeof verdict);
    bool by_result = report.fault.kind == RS_FAULT_RESULT && strstr(verdict, "result") != NULL;
    if (status == RS_OK ? verdict[0] != '\0' : !by_result) {
      fail_msg("seed %llu, round %llu: checker '%s', oracle '%s'", (unsigned long long)SEED,
               (unsigned long long)round, diag.what, verdict);
    }
    rs_arena_destroy(arena);
  }
}

/* Times shaken: what order there is must be the same to both; strict refusals are few. */
static void shaken_programs_are_judged_like_by_the_oracle(void **state) {
  (void)state;
  int broken = 0, strict = 0, right = 0;
  for (uint64_t round = 0; round < 8000; round++) {
    rs_random random;
    hand h;
    char verdict[256];
    rs_check_options options = {.seed = round};
    rs_check_report report;
    rs_diag diag = {0};
    rs_random_init(&random, SEED + 1, round);
    rs_arena *arena = rs_arena_create(0);
    rs_timing timing = timings[round % 3]();
    make_program(&h, arena, &timing, &random);
    int64_t shakes = rs_random_between(&random, 1, 3);
    for (int64_t k = 0; h.schedule->burst_count > 0 && k < shakes; k++) {
      uint64_t index = rs_random_below(&random, h.schedule->burst_count);
      rs_burst *b = &h.schedule->bursts[index];
      b->start_cycles = RS_MAX(0, b->start_cycles + rs_random_between(&random, -40, 40));
    }
    rs_checker_run(h.schedule, h.wiring, &options, &report, &diag);
    oracle_judge(h.schedule, h.wiring, verdict, sizeof verdict);
    bool ordered = report.fault.kind == RS_FAULT_NONE || report.fault.kind == RS_FAULT_RESULT;
    bool oracle_ordered = verdict[0] == '\0' || strstr(verdict, "result") != NULL;
    if (ordered && !oracle_ordered) {
      fail_msg("seed %llu, round %llu: checker '%s', oracle '%s'", (unsigned long long)SEED + 1,
               (unsigned long long)round, diag.what, verdict);
    }
    broken += oracle_ordered ? 0 : 1;
    right += ordered ? 1 : 0;
    strict += !ordered && oracle_ordered ? 1 : 0;
    rs_arena_destroy(arena);
  }
  print_message("%d broken, all refused; %d in order; %d refused by the checker alone\n", broken,
                right, strict);
  assert_true(broken > 2000 && right > 1000);
  assert_true(strict < broken / 5);
}

/* ---- the parts ---- */

/* Where the pass says that an input is ready for a line, every vector must say so; and where every
 * vector says so, it must too: its rounding is exact for runs this short. */
static void readiness_is_exact(void **state) {
  (void)state;
  static rs__checker checker;
  rs_random random;
  int yes = 0;
  rs_random_init(&random, SEED, 7);
  for (int round = 0; round < 200000; round++) {
    rs_schedule schedule = {.timing = {.slot_num = rs_random_between(&random, 1, 40),
                                       .slot_den = rs_random_between(&random, 1, 9)}};
    checker.schedule = &schedule;
    rs__ready ready = {rs_random_between(&random, 0, 60), rs_random_between(&random, 0, 50),
                       rs_random_between(&random, 1, 12)};
    int64_t first = rs_random_between(&random, 0, 5);
    int64_t last = first + rs_random_between(&random, 0, 7);
    int64_t shift = rs_random_between(&random, -first, 3), cost = rs_random_between(&random, 0, 4);
    rs__line line = {rs_random_between(&random, 0, 130), first,
                     (uint32_t)rs_random_between(&random, 1, 3), 0};
    bool wanted = true;
    for (int64_t a = first; a <= last; a++) {
      int64_t ticks = (a - first) * line.stride * schedule.timing.slot_num;
      int64_t departs = line.base + rs_ceil_div_i64(ticks, schedule.timing.slot_den);
      int64_t there = ready.base + rs_ceil_div_i64((a + shift) * ready.span, ready.steps);
      wanted = wanted && departs >= there + cost;
    }
    bool found = rs__line_finds_ready(&checker, &line, &ready, shift, first, last, cost);
    if (found != wanted) fail_msg("seed %llu, round %d", (unsigned long long)SEED, round);
    yes += wanted ? 1 : 0;
  }
  assert_in_range(yes, 50000, 150000);
}

/* The later of two lines is nowhere before either. */
static void the_later_line_is_not_earlier(void **state) {
  (void)state;
  static rs__checker checker;
  rs_schedule schedule = {.timing = {.slot_num = 7, .slot_den = 3}};
  rs_random random;
  checker.schedule = &schedule;
  rs_random_init(&random, SEED, 8);
  for (int round = 0; round < 50000; round++) {
    int64_t first = rs_random_between(&random, 5, 9);
    int64_t last = first + rs_random_between(&random, 0, 9);
    rs__line lines[2];
    for (int k = 0; k < 2; k++) {
      lines[k] = (rs__line){rs_random_between(&random, 0, 30), rs_random_between(&random, 0, 5),
                            (uint32_t)rs_random_between(&random, 0, 3), (uint32_t)k};
    }
    rs__line later = rs__line_later(&checker, &lines[0], &lines[1], first, last);
    for (int k = 0; k < 2; k++) {
      for (int64_t a = first; a <= last; a++) {
        assert_true(rs__line_gap(&checker, &later, &lines[k], a) >= 0);
      }
    }
  }
}

/* Powers by table against powers by squaring. */
static void powers_are_powers(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing timing = unit_timing();
  rs_wiring *wiring = make_mesh(arena, 2);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, "", &timing);
  put_op(schedule, RS_SEND, 2, RS_NONE, INT64_C(1) << 39, 0);
  static rs__checker checker;
  checker.schedule = schedule;
  checker.arena = arena;
  assert_int_equal(rs__checker_create_memory(&checker), RS_OK);
  rs_uint128 g = rs__checker_power(&checker, 1);
  rs_random random;
  rs_random_init(&random, SEED, 9);
  for (int round = 0; round < 2000; round++) {
    int64_t n = (int64_t)(rs_random_u64(&random) >> (25 + rs_random_below(&random, 39)));
    assert_true(rs__checker_power(&checker, n) == rs_field_power(g, (uint64_t)n));
  }
  rs_arena_destroy(arena);
}

/* Vector units of 1 … 4 adds a cycle, random adds: the verdict against a count of every cycle. */
static void adds_are_counted_exactly(void **state) {
  (void)state;
  int refused = 0;
  for (uint64_t round = 0; round < 3000; round++) {
    rs_random random;
    rs_check_options options = {.seed = round};
    rs_check_report report;
    rs_diag diag = {0};
    rs_random_init(&random, SEED + 2, round);
    rs_arena *arena = rs_arena_create(0);
    rs_timing timing = unit_timing();
    timing.slot_num = rs_random_between(&random, 1, 5);
    timing.slot_den = rs_random_between(&random, 1, 5);
    timing.adds_per_cycle = rs_random_between(&random, 1, 4);
    hand h;
    hand_open(&h, make_mesh(arena, 5), arena, &timing);
    hand_begin(&h, put_op(h.schedule, RS_REDUCE, 5, 0, 12, 0));
    int64_t most = 0, counts[2048] = {0};
    for (uint32_t c = 1; c < 5; c++) { /* parts of its input, one after another */
      for (int64_t at = 0; at < 12;) {
        int64_t count = rs_random_between(&random, 1, 12 - at);
        rs_burst b = {.count = count,
                      .source_offset = at,
                      .target_offset = at,
                      .link = link_between(h.wiring, c, 0),
                      .stride = (uint32_t)rs_random_between(&random, 1, 4),
                      .source = RS_BUFFER_IN,
                      .target = RS_BUFFER_OUT,
                      .action = RS_ACTION_ADD};
        h.link_free[b.link] += rs_random_between(&random, 0, 6);
        const rs_burst *put = hand_move(&h, b);
        for (int64_t k = 0; k < count; k++) {
          int64_t cycle = rs_burst_departure(&timing, put, k);
          assert_in_range(cycle, 0, 2047);
          counts[cycle]++;
          most = RS_MAX(most, counts[cycle]);
        }
        at += count;
      }
    }
    bool proved = rs_checker_run(h.schedule, h.wiring, &options, &report, &diag) == RS_OK;
    bool wanted = most <= timing.adds_per_cycle;
    if (proved != wanted || (!proved && report.fault.kind != RS_FAULT_VECTOR_UNIT)) {
      fail_msg("seed %llu, round %llu: %s", (unsigned long long)SEED + 2, (unsigned long long)round,
               diag.what);
    }
    if (!proved && counts[report.fault.cycle - 1] <= timing.adds_per_cycle) {
      fail_msg("seed %llu, round %llu: not at that cycle: %s", (unsigned long long)SEED + 2,
               (unsigned long long)round, diag.what);
    }
    refused += proved ? 0 : 1;
    rs_arena_destroy(arena);
  }
  assert_in_range(refused, 500, 2700);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timed_programs_fail_by_their_results_only),
      cmocka_unit_test(shaken_programs_are_judged_like_by_the_oracle),
      cmocka_unit_test(readiness_is_exact),
      cmocka_unit_test(the_later_line_is_not_earlier),
      cmocka_unit_test(powers_are_powers),
      cmocka_unit_test(adds_are_counted_exactly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

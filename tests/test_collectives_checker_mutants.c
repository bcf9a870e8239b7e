/*
 * The strength of the checker: right schedules written by hand are proved, and thousands of seeded
 * mutants of them are refused or shown to be equivalent.
 */
#include "rs_test_checker_mutants.h"
#include "rs_test_checker_plans.h"

#define SEED UINT64_C(20260103)
#define MUTANTS_A_CLASS 40 /* of each plan and timing */

typedef rs_timing timing_maker(void);
static timing_maker *const timings[] = {unit_timing, chip_timing, fast_timing};

static void right_schedules_are_proved(void **state) {
  (void)state;
  for (int kind = 0; kind < PLAN_COUNT; kind++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      rs_arena *arena = rs_arena_create(0);
      rs_timing timing = timings[t]();
      hand h;
      char verdict[256];
      rs_check_options options = {.seed = SEED};
      rs_check_report report;
      rs_diag diag = {0};
      rs_play_options play_options = {.fidelity = RS_FIDELITY_VECTOR, .seed = SEED};
      rs_play play;
      plan_make(&h, (plan_kind)kind, arena, &timing);
      oracle_judge(h.schedule, h.wiring, verdict, sizeof verdict);
      if (verdict[0] != '\0')
        fail_msg("%s, timing %zu: %s", plan_word((plan_kind)kind), t, verdict);
      assert_ok(rs_checker_run(h.schedule, h.wiring, &options, &report, &diag), &diag);
      assert_ok(rs_player_run(h.schedule, h.wiring, &play_options, &play, &diag), &diag);
      assert_int_equal(report.makespan_cycles, play.makespan_cycles);
      assert_int_equal(report.vectors, play.vector_hops);
      assert_int_equal(report.links_used, play.links_used);
      assert_int_equal(report.fault.kind, RS_FAULT_NONE);
      assert_in_range(report.slack_cycles_min, 0, 30);
      rs_arena_destroy(arena);
    }
  }
}

static void mutants_are_refused_or_equivalent(void **state) {
  (void)state;
  mutant_count counts[MUTATION_COUNT] = {{0}};
  uint64_t seed = SEED, tried = 0, refused = 0, strict = 0, in_one_pass = 0;
  for (int kind = 0; kind < PLAN_COUNT; kind++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      rs_arena *arena = rs_arena_create(0);
      rs_timing timing = timings[t]();
      hand h;
      mutator m;
      plan_make(&h, (plan_kind)kind, arena, &timing);
      mutator_init(&m, arena, h.schedule, h.wiring);
      for (int k = 0; k < MUTATION_COUNT * MUTANTS_A_CLASS; k++) {
        mutator_try(&m, (mutation)(k % MUTATION_COUNT), seed++, plan_word((plan_kind)kind));
      }
      for (int k = 0; k < MUTATION_COUNT; k++) {
        counts[k].tried += m.counts[k].tried;
        counts[k].refused += m.counts[k].refused;
        counts[k].equivalent += m.counts[k].equivalent;
        counts[k].strict += m.counts[k].strict;
        counts[k].in_one_pass += m.counts[k].in_one_pass;
      }
      rs_arena_destroy(arena);
    }
  }
  mutant_counts_print(counts);
  for (int k = 0; k < MUTATION_COUNT; k++) {
    assert_true(counts[k].refused > 0);
    tried += counts[k].tried;
    refused += counts[k].refused;
    strict += counts[k].strict;
    in_one_pass += counts[k].in_one_pass;
  }
  assert_true(tried > 10000);
  assert_true(refused > tried / 2);
  assert_true(strict < tried / 50);
  assert_true(in_one_pass > tried / 2); /* intervals and slow vector units are left to the other */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(right_schedules_are_proved),
      cmocka_unit_test(mutants_are_refused_or_equivalent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

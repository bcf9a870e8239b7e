/*
 * How strong the checker is: seeded faults of every class in compiled schedules, each judged by a
 * second opinion, the vector-fidelity player, which moves real words and shares no code with it.
 *
 * A mutant that the player finds wrong must be refused by the checker: every such mutant counts as
 * killed or survived, and none may survive. A mutant that both accept is equivalent: the words at the
 * end are right and no time is broken. A mutant that only the checker refuses is counted apart: the
 * checker may be stricter (an order that a burst does not keep throughout), never laxer.
 */
#include <stdio.h>

#include "rs_checker.h"
#include "rs_collective.h"
#include "rs_random.h"
#include "rs_test_schedule.h"
#include "rs_topology.h"

typedef enum fault_class {
  SHIFTED_START,
  SWAPPED_LINK,
  DROPPED_BURST,
  DOUBLED_BURST,
  WRONG_SOURCE,
  WRONG_TARGET,
  WRONG_COUNT,
  WRONG_ACTION,
  WRONG_BUFFER,
  CLASS_COUNT
} fault_class;

static const char *const class_words[CLASS_COUNT] = {
    "shifted start", "swapped link", "dropped burst", "doubled burst", "wrong source",
    "wrong target",  "wrong count",  "wrong action",  "wrong buffer"};

typedef struct tally {
  int killed, survived, equivalent, stricter;
} tally;

static rs_schedule *compile_on(rs_arena *arena, const char *spec, rs_collective_kind kind,
                               int64_t bytes, const rs_timing *timing, const rs_wiring **w) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  rs_compile_report report;
  uint32_t chips[64];
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  uint32_t count = wiring->chip_count < 10 ? wiring->chip_count : 10;
  for (uint32_t i = 0; i < count; i++) chips[i] = i;
  bool rooted =
      kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
  rs_collective_request request = {.kind = kind,
                                   .chips = chips,
                                   .chip_count = kind == RS_SEND ? count / 2 * 2 : count,
                                   .root = rooted ? chips[1] : RS_NONE,
                                   .block_bytes = bytes};
  rs_schedule *s = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  assert_ok(rs_collective_compile(s, wiring, calendar, &request, NULL, &report, &diag), &diag);
  *w = wiring;
  return s;
}

/* Changes one burst; false: this class does not apply to it. */
static bool mutate(rs_schedule *s, const rs_wiring *w, fault_class class, rs_random *random) {
  uint64_t index = rs_random_below(random, s->burst_count);
  rs_burst *b = &s->bursts[index];
  rs_burst before = *b;
  switch (class) {
    case SHIFTED_START:
      b->start_cycles += rs_random_between(random, -30, 30);
      return b->start_cycles >= 0 && b->start_cycles != before.start_cycles;
    case SWAPPED_LINK:
      b->link = (uint32_t)rs_random_below(random, w->link_count);
      return b->link != before.link;
    case DROPPED_BURST:
      *b = s->bursts[--s->burst_count];
      return s->burst_count > 0;
    case DOUBLED_BURST:
      before.start_cycles += (int64_t)rs_random_below(random, 2000);
      return rs_schedule_add_burst(s, &before) != NULL;
    case WRONG_SOURCE:
      b->source_offset += rs_random_between(random, -3, 3);
      return b->source_offset != before.source_offset;
    case WRONG_TARGET:
      b->target_offset += rs_random_between(random, -3, 3);
      return b->target_offset != before.target_offset;
    case WRONG_COUNT:
      b->count += rs_random_between(random, -2, 2);
      return b->count != before.count;
    case WRONG_ACTION:
      b->action = before.action == RS_ACTION_ADD ? RS_ACTION_KEEP : RS_ACTION_ADD;
      return true;
    case WRONG_BUFFER:
      b->source = before.source == RS_BUFFER_IN ? RS_BUFFER_OUT : RS_BUFFER_IN;
      return true;
    case CLASS_COUNT:
      break;
  }
  return false;
}

static void judge(const rs_schedule *s, const rs_wiring *w, uint64_t seed, tally *t) {
  rs_diag play_diag, check_diag;
  rs_play result;
  rs_check_report report;
  const rs_check_options options = {.seed = seed};
  bool right = play(s, w, RS_FIDELITY_VECTOR, &result, &play_diag) == RS_OK;
  bool proved = rs_checker_run(s, w, &options, &report, &check_diag) == RS_OK;
  if (!right && proved) {
    t->survived++;
    print_message("seed %llu survived: the player says: %s\n", (unsigned long long)seed,
                  play_diag.what);
  }
  t->killed += !right && !proved ? 1 : 0;
  t->equivalent += right && proved ? 1 : 0;
  t->stricter += right && !proved ? 1 : 0;
}

static void no_mutant_survives(void **state) {
  static const char *const specs[] = {"mesh:5", "ring:6", "realscale:16"};
  tally tallies[CLASS_COUNT] = {{0, 0, 0, 0}};
  tally all = {0, 0, 0, 0};
  rs_timing timings[2] = {chip_timing()};
  (void)state;
  rs_timing_init_unit(&timings[1]);
  for (uint64_t seed = 0; seed < 12000; seed++) {
    rs_random random;
    const rs_wiring *w;
    rs_random_init(&random, seed, 7);
    rs_collective_kind kind = (rs_collective_kind)(seed % RS_COLLECTIVE_KIND_COUNT);
    fault_class class = (fault_class)rs_random_below(&random, CLASS_COUNT);
    rs_arena *arena = rs_arena_create(0);
    int64_t bytes = 320 * (1 + (int64_t)rs_random_below(&random, 9));
    rs_schedule *s = compile_on(arena, specs[rs_random_below(&random, 3)], kind, bytes,
                                &timings[rs_random_below(&random, 2)], &w);
    if (mutate(s, w, class, &random)) judge(s, w, seed, &tallies[class]);
    rs_arena_destroy(arena);
  }
  for (int c = 0; c < CLASS_COUNT; c++) {
    const tally *t = &tallies[c];
    print_message("%-14s killed %5d, survived %d, equivalent %4d, stricter than the player %4d\n",
                  class_words[c], t->killed, t->survived, t->equivalent, t->stricter);
    assert_true(t->killed > 50);
    all.killed += t->killed;
    all.survived += t->survived;
  }
  print_message("kill rate %.2f %% of %d wrong mutants\n",
                100.0 * all.killed / (all.killed + all.survived), all.killed + all.survived);
  assert_int_equal(all.survived, 0);
}

/* Every burst of an all-reduce of 16 KiB on eight chips, one cycle earlier and one later: the checker
 * refuses exactly those edits that make a conflict or break causality. */
static void one_cycle_is_enough(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w;
  rs_schedule *s = compile_on(arena, "mesh:8", RS_ALL_REDUCE, 16384, &t, &w);
  int refused = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    for (int shift = -1; shift <= 1; shift += 2) {
      rs_diag diag;
      rs_play result;
      rs_check_report report;
      const rs_check_options options = {.seed = 0};
      s->bursts[i].start_cycles += shift;
      bool right = play(s, w, RS_FIDELITY_VECTOR, &result, &diag) == RS_OK;
      bool proved = rs_checker_run(s, w, &options, &report, &diag) == RS_OK;
      if (right != proved) fail_msg("burst %llu, %+d: %s", (unsigned long long)i, shift, diag.what);
      if (!proved) {
        refused++;
        assert_int_not_equal(report.fault.link, RS_NONE);
        assert_non_null(strstr(diag.what, "cycle"));
        assert_non_null(strstr(diag.what, "'b 0 "));
      }
      s->bursts[i].start_cycles -= shift;
    }
  }
  assert_true(refused >= (int)s->burst_count); /* one cycle earlier is always too early */
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_mutant_survives),
      cmocka_unit_test(one_cycle_is_enough),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

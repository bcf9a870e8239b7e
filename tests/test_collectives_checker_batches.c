/*
 * Batches change the order of work and nothing else: schedules and seeded mutants of them are judged the
 * same in one batch and in several, and mixes (blocks of several chips in one burst) as well.
 */
#include "rs__checker.h"
#include "rs_test_compile.h"

typedef struct verdict {
  rs_status status;
  rs_check_report report;
  uint32_t batches;
} verdict;

/* The passes over data and results alone. */
static verdict judge_data(const rs_schedule *s, const rs_wiring *w, bool is_split) {
  verdict v = {.report = {.slack_cycles_min = -1}};
  rs_diag diag = {0};
  rs_arena *arena = rs_arena_create(0);
  rs__checker *c = calloc(1, sizeof *c);
  assert_non_null(c);
  c->schedule = s;
  c->wiring = w;
  c->arena = arena;
  c->report = &v.report;
  c->diag = &diag;
  c->is_split = is_split;
  c->seed = 11;
  v.status = rs__checker_create_memory(c);
  if (v.status == RS_OK) v.status = rs__checker_data(c);
  v.batches = c->batch;
  rs_arena_destroy(arena);
  free(c);
  return v;
}

static rs_schedule *compile_on(rs_arena *arena, const char *spec, rs_collective_kind kind,
                               const char *algorithm, const rs_timing *timing, rs_wiring **w) {
  rs_diag diag = {0};
  rs_compile_report report;
  *w = build_wiring(arena, spec);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, (*w)->chip_count);
  for (uint32_t i = 0; i < (*w)->chip_count; i++) chips[i] = i;
  rs_collective_request request = {.kind = kind,
                                   .algorithm = algorithm,
                                   .chips = chips,
                                   .chip_count = (*w)->chip_count,
                                   .block_bytes = 72 * 320};
  rs_schedule *s = rs_schedule_create(arena, *w, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, *w, timing);
  assert_ok(rs_collective_compile(s, *w, calendar, &request, NULL, &report, &diag), &diag);
  return s;
}

static void expect_same(const rs_schedule *s, const rs_wiring *w, uint64_t round, int *wrong) {
  verdict one = judge_data(s, w, false), several = judge_data(s, w, true);
  if (one.status != several.status)
    fail_msg("round %llu: verdicts differ", (unsigned long long)round);
  *wrong += one.status != RS_OK;
  if (one.status != RS_OK) return;
  assert_int_equal(one.report.vectors, several.report.vectors);
  assert_int_equal(one.report.slack_cycles_min, several.report.slack_cycles_min);
}

/* One change to one burst. */
static void mutate(rs_schedule *s, const rs_wiring *w, rs_random *random) {
  rs_burst *b = &s->bursts[rs_random_below(random, s->burst_count)];
  switch (rs_random_below(random, 6)) {
    case 0:
      b->start_cycles = RS_MAX(0, b->start_cycles + rs_random_between(random, -400, 400));
      break;
    case 1:
      b->link = (uint32_t)rs_random_below(random, w->link_count);
      break;
    case 2:
      b->source_offset = RS_MAX(0, b->source_offset - rs_random_between(random, 1, 40));
      break;
    case 3:
      b->target_offset = RS_MAX(0, b->target_offset - rs_random_between(random, 1, 40));
      break;
    case 4:
      b->count = RS_MAX(1, b->count - rs_random_between(random, 1, 3));
      break;
    default:
      b->action = b->action == RS_ACTION_ADD ? RS_ACTION_KEEP : RS_ACTION_ADD;
      break;
  }
}

static void mutants_are_judged_alike(void **state) {
  (void)state;
  static const struct {
    rs_collective_kind kind;
    const char *algorithm;
  } cases[] = {{RS_ALL_REDUCE, "balanced-trees"}, {RS_ALL_GATHER, "balanced-trees"}};
  rs_timing timing = chip_timing();
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_wiring *w;
    rs_random random;
    int wrong = 0;
    rs_schedule *s =
        compile_on(arena, "realscale:72", cases[i].kind, cases[i].algorithm, &timing, &w);
    rs_random_init(&random, 20261124, i);
    assert_true(s->burst_count > 5000);
    assert_true(judge_data(s, w, true).batches > 1);
    assert_int_equal(judge_data(s, w, true).status, RS_OK);
    for (uint64_t round = 0; round < 300; round++) {
      rs_burst *kept = malloc(s->burst_count * sizeof *kept);
      assert_non_null(kept);
      memcpy(kept, s->bursts, s->burst_count * sizeof *kept);
      mutate(s, w, &random);
      expect_same(s, w, round, &wrong);
      memcpy(s->bursts, kept, s->burst_count * sizeof *kept);
      free(kept);
    }
    print_message("%s: %d of 300 mutants wrong\n", rs_collective_kind_word(cases[i].kind), wrong);
    assert_true(wrong > 200); /* a start that moves into a gap, and little else, is right */
    rs_arena_destroy(arena);
  }
}

/* Blocks of 8 chips in a burst. A burst that leaves out the first or last block of a node, or takes it
 * from a neighbour, must be seen in the middle of what is one entry. */
static void mixes_are_compared_part_by_part(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *w;
  rs_random random;
  rs_timing timing = unit_timing();
  rs_schedule *s = compile_on(arena, "realscale:1152", RS_ALL_GATHER, "rotated-trees", &timing, &w);
  assert_int_equal(judge_data(s, w, true).status, RS_OK);
  rs_random_init(&random, 20261124, 9);
  int tried = 0;
  while (tried < 12) {
    rs_burst *b = &s->bursts[rs_random_below(&random, s->burst_count)];
    if (b->count != 8 * 72) continue;
    rs_burst kept = *b;
    if (tried % 3 == 0) b->count--;
    if (tried % 3 == 1) b->source_offset -= b->source_offset > 0 ? 1 : -1;
    if (tried % 3 == 2) b->target_offset -= b->target_offset > 0 ? 72 : -72;
    assert_int_equal(judge_data(s, w, true).status, RS_E_REFUSED);
    *b = kept;
    tried++;
  }
  rs_arena_destroy(arena);
}

/* Starts far apart and in any order: sorted by digits. */
static void order_and_distance_do_not_matter(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *w;
  rs_random random;
  rs_timing timing = unit_timing();
  rs_schedule *s = compile_on(arena, "realscale:72", RS_ALL_GATHER, "trees", &timing, &w);
  rs_random_init(&random, 20261124, 3);
  verdict before = judge_data(s, w, true);
  for (uint64_t i = s->burst_count - 1; i > 0; i--) {
    uint64_t k = rs_random_below(&random, i + 1);
    rs_burst b = s->bursts[i];
    s->bursts[i] = s->bursts[k];
    s->bursts[k] = b;
  }
  for (uint64_t i = 0; i < s->burst_count; i++) s->bursts[i].start_cycles += INT64_C(1) << 58;
  s->bursts[0].start_cycles = INT64_C(1) << 59; /* may be late: nothing or something waits for it */
  verdict one = judge_data(s, w, false), several = judge_data(s, w, true);
  assert_int_equal(before.status, RS_OK);
  assert_int_equal(one.status, several.status);
  assert_int_equal(one.report.vectors, several.report.vectors);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mutants_are_judged_alike),
      cmocka_unit_test(mixes_are_compared_part_by_part),
      cmocka_unit_test(order_and_distance_do_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

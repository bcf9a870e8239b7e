/*
 * Plans that are kept: with them a chain of requests becomes the same schedule, burst for burst, as when
 * each is made anew, for every row and variant, whatever the inputs' times and whatever is booked already.
 */
#include <string.h>

#include "rs__kept.h"
#include "rs_random.h"
#include "rs_test_compile.h"

enum { REQUESTS = 5, CHIPS_MAX = 72 };

typedef struct chain {
  const char *spec;
  rs_timing timing;
  rs_collective_kind kind;
  const char *algorithm; /* NULL: any, which is never kept */
  rs_compile_variant variant;
  int64_t block_bytes;
  uint32_t count; /* chips of the group, from two places in turn */
  uint64_t seed;
} chain;

/* Inputs of request k: at once, one after the other, or anyhow. */
static void fill_ready(const chain *c, rs_random *random, int k, int64_t from, rs_ready *ready) {
  for (uint32_t i = 0; i < c->count; i++) {
    int64_t later = k == 0 ? 0 : (int64_t)rs_random_below(random, 300);
    int64_t cycles = k % 2 == 0 ? 0 : 40 + (int64_t)rs_random_below(random, 50);
    ready[i] = (rs_ready){from + later, cycles, cycles / 2};
  }
}

/* The digest of the whole chain's schedule; 0: the variant is not for the group. */
static uint64_t run(const chain *c, const rs_wiring *wiring, rs_compile_scratch *scratch) {
  rs_arena *arena = rs_arena_create(0);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, c->spec, &c->timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &c->timing);
  rs_random random;
  rs_random_init(&random, c->seed, 0);
  int64_t from = 0, ends[CHIPS_MAX];
  uint64_t digest = 0;
  for (int k = 0; k < REQUESTS; k++) {
    rs_diag diag = {0};
    rs_compile_report report;
    rs_ready ready[CHIPS_MAX];
    uint32_t chips[CHIPS_MAX], shift = k == 2 ? wiring->chip_count - c->count : 0;
    for (uint32_t i = 0; i < c->count; i++) chips[i] = shift + i;
    fill_ready(c, &random, k, from, ready);
    rs_collective_request q = {.kind = c->kind,
                               .algorithm = c->algorithm,
                               .variant = c->variant,
                               .chips = chips,
                               .chip_count = c->count,
                               .root = c->kind == RS_BROADCAST || c->kind == RS_REDUCE ||
                                               c->kind == RS_SCATTER || c->kind == RS_GATHER
                                           ? chips[0]
                                           : RS_NONE,
                               .block_bytes = c->block_bytes,
                               .ready_cycles = from,
                               .ready = ready,
                               .deskew_margin_cycles = k == 4 ? 3 : 0,
                               .scratch = scratch};
    rs_status status = rs_collective_compile(schedule, wiring, calendar, &q, ends, &report, &diag);
    if (status == RS_E_INFEASIBLE) break;
    assert_ok(status, &diag);
    /* the fourth begins while the third is still at it */
    if (k != 2) from = report.end_cycles;
    digest = rs_mix_u64(digest ^ rs_schedule_digest(schedule));
  }
  rs_arena_destroy(arena);
  return digest;
}

static uint64_t compare(const chain *c, const rs_wiring *wiring) {
  rs_compile_scratch *scratch = rs_compile_scratch_create();
  assert_non_null(scratch);
  assert_true(rs_compile_scratch_keep(scratch, wiring));
  uint64_t anew = run(c, wiring, NULL);
  for (int again = 0; again < 2; again++) {
    uint64_t kept = run(c, wiring, scratch);
    if (kept == anew) continue;
    fail_msg("%s on %s, splits %lld%s, seed %llu: turn %d is another schedule", c->algorithm,
             c->spec, (long long)c->variant.splits, c->variant.relays ? " with relays" : "",
             (unsigned long long)c->seed, again);
  }
  uint64_t takings = rs_compile_scratch_takings(scratch);
  rs_compile_scratch_destroy(scratch);
  return takings;
}

/* Every variant that a row finds best for some size, of the whole wiring and of a part of it. */
static void every_row_is_the_same_as_made_anew(void **state) {
  (void)state;
  static const char *const specs[] = {"mesh:8", "realscale:24", "dragonfly:a=4,h=2", "hypercube:3"};
  size_t rows;
  const rs_collective_algorithm *algorithms = rs_collective_algorithms(&rows);
  uint64_t takings = 0, of_all_reduce = 0;
  for (size_t s = 0; s < RS_COUNT_OF(specs); s++) {
    rs_arena *arena = rs_arena_create(0);
    const rs_wiring *wiring = build_wiring(arena, specs[s]);
    for (size_t row = 0; row < rows; row++) {
      if (algorithms[row].kind == RS_SEND) continue;
      static const int64_t splits[] = {1, 3, 8};
      for (size_t i = 0; i < RS_COUNT_OF(splits) * 2; i++) {
        uint32_t part = i % 2 == 0 ? 0 : wiring->chip_count / 4;
        chain c = {.spec = specs[s],
                   .timing = i % 3 == 2 ? slow_timing() : chip_timing(),
                   .kind = algorithms[row].kind,
                   .algorithm = algorithms[row].name,
                   .variant = {splits[i / 2], part > 0, true},
                   .block_bytes = 320 * (i % 2 == 0 ? 20 : 9),
                   .count = wiring->chip_count - part,
                   .seed = 100 * s + i};
        uint64_t took = compare(&c, wiring);
        takings += took;
        if (c.kind == RS_ALL_REDUCE) of_all_reduce += took;
      }
    }
    rs_arena_destroy(arena);
  }
  /* Of a variant that is kept, the first turn takes 2 of 5 (another group, another margin, and two before the
   * first is there are made), the second 5 at most; most rows have some. */
  assert_true(of_all_reduce > 1000);
  assert_true(takings > of_all_reduce);
}

/* A plan that was allowed two places at a link is not taken where another link of that receiver has the only
 * room that was left over, and then leaves nothing held. Chips of a full mesh of 4 have 3 links: of 4 adds a
 * cycle one is left over. */
static void room_is_asked_for_again(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, "mesh:4");
  rs_timing timing = chip_timing();
  timing.adds_per_cycle = 4;
  rs_diag diag = {0};
  const uint32_t chips[] = {0, 1, 2, 3};
  const rs_collective_request request = {
      .kind = RS_ALL_REDUCE, .chips = chips, .chip_count = 4, .root = RS_NONE};
  rs__plan plan = {.arena = arena,
                   .wiring = wiring,
                   .timing = &timing,
                   .request = &request,
                   .calendar = rs_calendar_create(arena, wiring, &timing),
                   .position = chips,
                   .block = 1,
                   .variant = {1, false},
                   .diag = &diag};
  uint32_t first = wiring->in_links[wiring->in_first[2]];
  uint32_t second = wiring->in_links[wiring->in_first[2] + 1];
  rs__kept *kept = rs__kept_create(wiring);
  assert_non_null(kept);
  rs__kept_begin(kept, &timing);
  assert_ok(rs__plan_init(&plan, 1), &diag);
  assert_true(rs__plan_may_add(&plan, first, 2));
  rs__kept_put(kept, 0, &plan);
  for (int turn = 0; turn < 3; turn++) {
    plan.calendar = rs_calendar_create(arena, wiring, &timing);
    uint64_t mark = rs_calendar_mark(plan.calendar);
    if (turn == 1) assert_true(rs__calendar_hold_adds(plan.calendar, second, 2));
    assert_ok(rs__plan_init(&plan, 1), &diag);
    assert_int_equal(rs__kept_take(kept, 0, &plan), turn != 1);
    assert_int_equal(plan.ask_count, turn != 1);
    assert_int_equal(rs__calendar_adds_allow(plan.calendar, second, 2), turn == 1);
    assert_int_equal(rs__calendar_adds_allow(plan.calendar, first, 2), turn != 1);
    rs_calendar_rewind(plan.calendar, mark);
    assert_true(rs__calendar_adds_allow(plan.calendar, first, 2));
  }
  rs__kept_destroy(kept);
  rs_arena_destroy(arena);
}

/* A wiring that the scratch was not told of, and requests that name no variant, are made anew. */
static void others_are_not_kept(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *wiring = build_wiring(arena, "realscale:24");
  const rs_wiring *twin = build_wiring(arena, "realscale:24");
  rs_compile_scratch *scratch = rs_compile_scratch_create();
  chain c = {.spec = "realscale:24",
             .timing = chip_timing(),
             .kind = RS_ALL_REDUCE,
             .algorithm = "hierarchical",
             .variant = {4, false, true},
             .block_bytes = 3200,
             .count = 24};
  assert_int_equal(rs_compile_scratch_takings(scratch), 0);
  assert_true(run(&c, wiring, scratch) == run(&c, wiring, NULL));
  assert_int_equal(rs_compile_scratch_takings(scratch), 0);
  assert_true(rs_compile_scratch_keep(scratch, twin));
  assert_true(run(&c, wiring, scratch) == run(&c, wiring, NULL));
  assert_int_equal(rs_compile_scratch_takings(scratch), 0);
  c.algorithm = NULL;
  c.variant = (rs_compile_variant){0};
  assert_true(run(&c, twin, scratch) == run(&c, wiring, NULL));
  assert_int_equal(rs_compile_scratch_takings(scratch), 0);
  c.algorithm = "hierarchical";
  c.variant = (rs_compile_variant){4, false, true};
  run(&c, twin, scratch);
  /* of five requests the first, and the last with its margin, are made: the third is of the whole too */
  assert_int_equal(rs_compile_scratch_takings(scratch), 3);
  rs_compile_scratch_destroy(scratch);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_is_the_same_as_made_anew),
      cmocka_unit_test(room_is_asked_for_again),
      cmocka_unit_test(others_are_not_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

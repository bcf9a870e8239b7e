/*
 * Scatter and gather with even ports: the busiest link carries what the worst cut asks for, counted over all
 * sets of chips; a makespan by hand; and groups with relays.
 */
#include <stdio.h>

#include "rs_collective.h"
#include "rs_test_compile.h"

typedef struct result {
  rs_arena *arena;
  const rs_wiring *wiring;
  rs_schedule *schedule;
  rs_compile_report report;
  rs_bound bound;
} result;

static result compile(const char *spec, const rs_collective_request *wanted, rs_timing timing) {
  result r = {.arena = rs_arena_create(0)};
  rs_diag diag = {0};
  rs_check_report check;
  r.wiring = build_wiring(r.arena, spec);
  uint32_t chips[640];
  for (uint32_t i = 0; i < r.wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = *wanted;
  if (request.chips == NULL) {
    request.chips = chips;
    request.chip_count = r.wiring->chip_count;
  }
  r.schedule = rs_schedule_create(r.arena, r.wiring, spec, &timing);
  rs_calendar *calendar = rs_calendar_create(r.arena, r.wiring, &timing);
  assert_ok(rs_collective_compile(r.schedule, r.wiring, calendar, &request, NULL, &r.report, &diag),
            &diag);
  assert_ok(rs_collective_bound(r.arena, r.wiring, &timing, &request, &r.bound, &diag), &diag);
  rs_schedule_sort(r.schedule);
  const rs_check_options options = {.seed = 3};
  assert_ok(rs_checker_run(r.schedule, r.wiring, &options, &check, &diag), &diag);
  assert_int_equal(check.makespan_cycles, r.report.makespan_cycles);
  return r;
}

static int64_t busiest_vectors(const result *r) {
  int64_t *load = calloc(r->wiring->link_count, sizeof *load);
  int64_t most = 0;
  for (uint64_t i = 0; i < r->schedule->burst_count; i++) {
    const rs_burst *b = &r->schedule->bursts[i];
    load[b->link] += b->count;
    most = RS_MAX(most, load[b->link]);
  }
  free(load);
  return most;
}

/* Every set of chips without the root must get a block each over the links into it (out of it). */
static int64_t worst_cut(const rs_wiring *w, uint32_t root, bool inward) {
  int64_t worst = 0;
  for (uint32_t set = 1; set < UINT32_C(1) << w->chip_count; set++) {
    int64_t links = 0, chips = 0;
    if ((set >> root & 1) != 0) continue;
    for (uint32_t chip = 0; chip < w->chip_count; chip++) chips += set >> chip & 1;
    for (uint32_t l = 0; l < w->link_count; l++) {
      bool from = (set >> w->links[l].from & 1) != 0;
      bool to = (set >> w->links[l].to & 1) != 0;
      links += from != to && to != inward ? 1 : 0;
    }
    worst = RS_MAX(worst, rs_ceil_div_i64(chips, links));
  }
  return worst;
}

/* By max-flow and min-cut the two are the same; a limit that only looked at the root's links would be less
 * where a bridge stands behind them, as in a grid of 2×5 (a row of cables for what is beyond). */
static void the_busiest_link_is_the_worst_cut(void **state) {
  (void)state;
  static const char *const specs[] = {"ring:7",       "grid:2x5",           "torus:3x3",
                                      "hypercube:3",  "kautz:2,3,directed", "polarfly:2",
                                      "debruijn:2,3", "imase-itoh:3,10"};
  for (uint32_t i = 0; i < 2 * (uint32_t)RS_COUNT_OF(specs) + 60; i++) {
    char spec[64];
    bool inward = i % 2 == 1;
    if (i < 2 * RS_COUNT_OF(specs)) {
      snprintf(spec, sizeof spec, "%s", specs[i / 2]);
    } else {
      snprintf(spec, sizeof spec, "random:n=%u,degree=%u,seed=%u", 6 + i % 3 * 2, 2 + i % 3, i);
    }
    const rs_collective_request request = {.kind = inward ? RS_GATHER : RS_SCATTER,
                                           .algorithm = "even-ports",
                                           .root = i % 6,
                                           .block_bytes = 320};
    result r = compile(spec, &request, unit_timing());
    int64_t cut = worst_cut(r.wiring, request.root, inward);
    if (busiest_vectors(&r) != cut) {
      fail_msg("%s: %lld, cut %lld", spec, (long long)busiest_vectors(&r), (long long)cut);
    }
    rs_arena_destroy(r.arena);
  }
}

/* On a ring of 8 the root's opposite is as near both ways: 7 blocks over 2 links in halves are 3.5
 * blocks of 100 vectors each, where shortest ways have 4 and 3. The last vectors leave at 349, for the next
 * chip: 350. */
static void a_block_is_halved_where_that_is_more_even(void **state) {
  (void)state;
  rs_collective_request request = {.kind = RS_SCATTER, .root = 2, .block_bytes = 320 * 100};
  result r = compile("ring:8", &request, unit_timing());
  assert_int_equal(busiest_vectors(&r), 350);
  assert_int_equal(r.report.makespan_cycles, 350);
  assert_int_equal(r.bound.cycles, 350);
  rs_arena_destroy(r.arena);
}

/* 263 blocks over 11 links are 23.9; shortest ways load one of the root's links with 29. */
static void long_messages_reach_the_bound(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    const rs_collective_request request = {
        .kind = i == 0 ? RS_SCATTER : RS_GATHER, .root = 5, .block_bytes = 320 * 50};
    result r = compile("realscale:264", &request, chip_timing());
    assert_true(1000 * r.report.makespan_cycles <= 1010 * r.bound.cycles);
    rs_arena_destroy(r.arena);
  }
}

/* Chips 0, 1 and 2 of a ring of 6: without relays all goes over one link, 2 · 60; with them block 2 goes half
 * over each side: 90 over the link to chip 1, 30 the other way. Better: chip 1's over its link, and of chip 2's
 * 60 none: 60 and 60. */
static void relays_are_used_where_they_help(void **state) {
  (void)state;
  static const uint32_t chips[] = {0, 1, 2};
  const rs_collective_request request = {.kind = RS_GATHER,
                                         .chips = chips,
                                         .chip_count = 3,
                                         .algorithm = "even-ports",
                                         .root = 0,
                                         .block_bytes = 320 * 60};
  result r = compile("ring:6", &request, unit_timing());
  assert_int_equal(busiest_vectors(&r), 60);
  assert_int_equal(r.report.makespan_cycles, 59 + 4); /* four hops around */
  rs_arena_destroy(r.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_busiest_link_is_the_worst_cut),
      cmocka_unit_test(a_block_is_halved_where_that_is_more_even),
      cmocka_unit_test(long_messages_reach_the_bound),
      cmocka_unit_test(relays_are_used_where_they_help),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

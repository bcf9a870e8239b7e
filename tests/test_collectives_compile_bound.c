/* Lower bounds and makespans that can be worked out by hand. */
#include "rs_test_compile.h"

typedef struct outcome {
  rs_bound bound;
  rs_compile_report report;
} outcome;

/* All chips of a wiring; send: chip 0 to the last one. */
static outcome run(const char *spec, const rs_timing *timing, rs_collective_kind kind,
                   int64_t vectors, const char *algorithm) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  rs_diag diag = {0};
  outcome o;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = {.kind = kind,
                                   .algorithm = algorithm,
                                   .chips = chips,
                                   .chip_count = wiring->chip_count,
                                   .root = 0,
                                   .block_bytes = vectors * timing->vector_bytes};
  if (kind == RS_SEND) {
    chips[1] = wiring->chip_count - 1;
    request.chip_count = 2;
  }
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  assert_ok(rs_collective_bound(arena, wiring, timing, &request, &o.bound, &diag), &diag);
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &o.report, &diag),
            &diag);
  assert_true(o.report.makespan_cycles >= o.bound.cycles);
  rs_arena_destroy(arena);
  return o;
}

static void bounds_by_hand(void **state) {
  (void)state;
  const struct {
    const char *spec;
    rs_collective_kind kind;
    int64_t vectors, latency, bandwidth;
  } rows[] = {
      /* 2·7·8 messages of a vector on 56 links: 2 a link, the second departs at 1, arrives at 2 */
      {"mesh:8", RS_ALL_REDUCE, 8, 1, 2},
      /* 7 blocks of 10 into a chip over 7 links: 10 slots, the last departs at 9 */
      {"mesh:8", RS_ALL_GATHER, 10, 1, 10},
      {"mesh:8", RS_REDUCE_SCATTER, 10, 1, 10},
      {"mesh:8", RS_ALL_TO_ALL, 10, 1, 10},
      /* 14 vectors out of the root over 7 links: 2 slots */
      {"mesh:8", RS_BROADCAST, 14, 1, 2},
      {"mesh:8", RS_REDUCE, 14, 1, 2},
      /* 7 blocks over 2 links: ⌈7/2⌉ = 4; diameter 4 */
      {"ring:8", RS_ALL_GATHER, 1, 4, 4},
      {"ring:8", RS_SCATTER, 1, 4, 4},
      {"ring:8", RS_GATHER, 1, 4, 4},
      /* distances from a chip 1 1 2 2 3 3 4 = 16, times 8 chips on 16 links: 8 */
      {"ring:8", RS_ALL_TO_ALL, 1, 4, 8},
      /* 263 blocks over 11 links: ⌈23.9⌉ = 24 */
      {"realscale:264", RS_ALL_GATHER, 1, 3, 24},
      /* 264·263·2.68631 = 186,516 hops on 2,904 links: ⌈64.2⌉ = 65 */
      {"realscale:264", RS_ALL_TO_ALL, 1, 3, 65},
      /* chip 0 to chip 7 of a ring of 8: one hop; 9 vectors over 2 links: 5 */
      {"ring:8", RS_SEND, 9, 1, 5},
  };
  rs_timing unit = unit_timing();
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    outcome o = run(rows[i].spec, &unit, rows[i].kind, rows[i].vectors, NULL);
    if (o.bound.latency_cycles != rows[i].latency ||
        o.bound.bandwidth_cycles != rows[i].bandwidth) {
      fail_msg("row %zu: latency %lld, bandwidth %lld; expected %lld and %lld", i,
               (long long)o.bound.latency_cycles, (long long)o.bound.bandwidth_cycles,
               (long long)rows[i].latency, (long long)rows[i].bandwidth);
    }
  }
}

/* With chip costs: send 31, receive 47, forward 40, add 20; slot 23.616; node cable 216. */
static void bounds_with_chip_costs(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  outcome o = run("mesh:8", &chip, RS_ALL_REDUCE, 8, NULL);
  /* 31 + 216 + 47 + 20 = 314; two vectors on a link: 31 + ⌈23.616⌉ + 216 + 47 = 318 */
  assert_int_equal(o.bound.latency_cycles, 314);
  assert_int_equal(o.bound.bandwidth_cycles, 318);
  /* all 8 of one chip on its link to another: ⌈7·23.616⌉ = 166 after the first, at 294 */
  assert_int_equal(o.bound.pair_cycles, 460);
  assert_int_equal(o.bound.cycles, 460);
  /* four hops: 31 + 4·216 + 3·40 + 47 = 1062, nothing is added */
  o = run("ring:8", &chip, RS_BROADCAST, 1, NULL);
  assert_int_equal(o.bound.latency_cycles, 1062);
  assert_int_equal(o.report.makespan_cycles, 1062);
}

/* Vectors of one chip come over the direct link from 31 + 216 + 47 = 294 on, and over each of 6
 * detours from 31 + 216 + 40 + 216 + 47 = 550 on. */
static void a_pair_needs_its_vectors(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  /* all of 11 directly: ⌈10·23.616⌉ = ⌈236.16⌉ = 237 after the first, at 531 */
  assert_int_equal(run("mesh:8", &chip, RS_ALL_REDUCE, 11, NULL).bound.pair_cycles, 531);
  /* 13 directly would be ⌈283.392⌉ = 284 after it, at 578; at 550 there are 1 + ⌊256/23.616⌋ = 11 and
   * 6 over detours, at 549 only 11 */
  assert_int_equal(run("mesh:8", &chip, RS_ALL_REDUCE, 13, NULL).bound.pair_cycles, 550);
  /* a reduce's root, an all-gather's chip and a broadcast's receiver have the same links */
  assert_int_equal(run("mesh:8", &chip, RS_REDUCE, 13, NULL).bound.pair_cycles, 550);
  assert_int_equal(run("mesh:8", &chip, RS_ALL_GATHER, 13, NULL).bound.pair_cycles, 550);
  assert_int_equal(run("mesh:8", &chip, RS_BROADCAST, 11, NULL).bound.pair_cycles, 531);
  /* blocks of pairs are not chips' vectors */
  assert_int_equal(run("mesh:8", &chip, RS_ALL_TO_ALL, 11, NULL).bound.pair_cycles, 0);
  /* unit clock, ring of 8, the opposite chip: both ways from cycle 4 on, so 9 vectors take
   * 4 + ⌈9/2⌉ − 1 = 8 cycles */
  rs_timing unit = unit_timing();
  assert_int_equal(run("ring:8", &unit, RS_ALL_REDUCE, 9, NULL).bound.pair_cycles, 8);
}

/* Unit clock, ring of 8, into chip 0 from chip 1: inputs of 1 2 3 7 4 6 5 can have come over that link, with what a
 * hop takes, from 1 2 3 3 4 4 5 on, each in a vector a cycle. By cycle 1 2 3 4 5 that makes 1 3 7 13 20 inputs,
 * from both sides 2 6 14 26 40, and 14 more every cycle. Of V vectors 7·V are needed. */
static void sums_need_all_inputs(void **state) {
  (void)state;
  rs_timing unit = unit_timing();
  assert_int_equal(run("ring:8", &unit, RS_ALL_REDUCE, 1, NULL).bound.sum_cycles, 3);
  assert_int_equal(run("ring:8", &unit, RS_ALL_REDUCE, 2, NULL).bound.sum_cycles, 3);
  assert_int_equal(run("ring:8", &unit, RS_ALL_REDUCE, 4, NULL).bound.sum_cycles, 5); /* 28 */
  assert_int_equal(run("ring:8", &unit, RS_REDUCE_SCATTER, 4, NULL).bound.sum_cycles, 5);
  assert_int_equal(run("ring:8", &unit, RS_REDUCE, 4, NULL).bound.sum_cycles, 5);
  assert_int_equal(run("ring:8", &unit, RS_ALL_REDUCE, 10, NULL).bound.sum_cycles, 8); /* 70 */
  /* nothing is summed up */
  assert_int_equal(run("ring:8", &unit, RS_ALL_GATHER, 4, NULL).bound.sum_cycles, 0);
  /* With chip costs, on a mesh of 3: into chip 0 over two links, an input of the sender alone from 31 + 216 + 47
   * = 294 on, that of the third chip with it a hop of 216 + 40 and an add of 20 later, at 570. For 2 vectors 4 are
   * needed: 2 by 294, and 2 more one slot later, whose 23.616 cycles are not over before 294 + 23. */
  rs_timing chip = chip_timing();
  assert_int_equal(run("mesh:3", &chip, RS_ALL_REDUCE, 2, NULL).bound.sum_cycles, 317);
}

/* One phase: the last of V vectors departs at (V−1)q and takes send + L + receive + add. */
static void one_shot_on_a_mesh(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  /* ⌈51·23.616⌉ = ⌈1204.416⌉ = 1205; 31 + 1205 + 216 + 47 + 20 = 1519 */
  assert_int_equal(run("mesh:8", &chip, RS_ALL_REDUCE, 52, "one-shot").report.makespan_cycles,
                   1519);
}

/* Two phases: shards of 2 vectors. The sum of the first vectors may depart at 31 + 216 + 40 + 20 =
 * 307, later than the link is free (31 + ⌈47.232⌉ = 79); the second departs ⌈23.616⌉ later, and is
 * in SRAM 216 + 47 after that: 307 + 24 + 263 = 594. */
static void two_phases_on_a_mesh(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  outcome o = run("mesh:8", &chip, RS_ALL_REDUCE, 16, "reduce-scatter+all-gather");
  assert_int_equal(o.report.makespan_cycles, 594);
  assert_int_equal(o.report.bursts, 2 * 7 * 8);
}

/* Long messages: 2·V/N slots on every link and two latencies at most. V = 80,000 on 8 chips: 20,000
 * slots of 23.616 cycles are 472,320. */
static void long_all_reduce_fills_the_links(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  outcome o = run("mesh:8", &chip, RS_ALL_REDUCE, 80000, NULL);
  assert_true(o.bound.bandwidth_cycles > 472000);
  assert_true(o.report.makespan_cycles < 472320 + 2 * 400);
}

/* On K8 with chips that cost nothing and L = 120 slots: one phase takes 120 + V − 1. In two phases
 * the second follows the first cut-through: 2·120 + V/8 − 1. They cross at V = 8L/7 = 137; with the
 * phases one after the other it would be 4L/3 = 160. */
static void the_rows_cross(void **state) {
  (void)state;
  rs_timing timing = unit_timing();
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) timing.latency_cycles[k] = 120;
  assert_string_equal(run("mesh:8", &timing, RS_ALL_REDUCE, 136, NULL).report.algorithm,
                      "one-shot");
  assert_string_equal(run("mesh:8", &timing, RS_ALL_REDUCE, 144, NULL).report.algorithm,
                      "reduce-scatter+all-gather");
  assert_int_equal(run("mesh:8", &timing, RS_ALL_REDUCE, 136, NULL).report.makespan_cycles, 255);
  assert_int_equal(run("mesh:8", &timing, RS_ALL_REDUCE, 144, NULL).report.makespan_cycles, 257);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds_by_hand),
      cmocka_unit_test(bounds_with_chip_costs),
      cmocka_unit_test(a_pair_needs_its_vectors),
      cmocka_unit_test(sums_need_all_inputs),
      cmocka_unit_test(one_shot_on_a_mesh),
      cmocka_unit_test(two_phases_on_a_mesh),
      cmocka_unit_test(long_all_reduce_fills_the_links),
      cmocka_unit_test(the_rows_cross),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

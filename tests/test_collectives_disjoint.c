/*
 * Trees that share no link: as many as the least cut between the root and a chip, counted over all sets of
 * chips; every link in one of them; and makespans by hand.
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

/* Compiles by disjoint-trees for the first `count` chips (0: all), and proves it. */
static result compile(const char *spec, rs_collective_kind kind, uint32_t count, uint32_t root,
                      int64_t bytes, rs_timing timing) {
  result r = {.arena = rs_arena_create(0)};
  rs_diag diag = {0};
  rs_check_report check;
  r.wiring = build_wiring(r.arena, spec);
  uint32_t chips[640];
  if (count == 0) count = r.wiring->chip_count;
  for (uint32_t i = 0; i < count; i++) chips[i] = i;
  r.schedule = rs_schedule_create(r.arena, r.wiring, spec, &timing);
  rs_calendar *calendar = rs_calendar_create(r.arena, r.wiring, &timing);
  const rs_collective_request request = {.kind = kind,
                                         .algorithm = "disjoint-trees",
                                         .chips = chips,
                                         .chip_count = count,
                                         .root = root,
                                         .block_bytes = bytes};
  assert_ok(rs_collective_compile(r.schedule, r.wiring, calendar, &request, NULL, &r.report, &diag),
            &diag);
  assert_ok(rs_collective_bound(r.arena, r.wiring, &timing, &request, &r.bound, &diag), &diag);
  rs_schedule_sort(r.schedule);
  const rs_check_options options = {.seed = 3};
  assert_ok(rs_checker_run(r.schedule, r.wiring, &options, &check, &diag), &diag);
  assert_int_equal(check.makespan_cycles, r.report.makespan_cycles);
  return r;
}

/* Runs that begin at different places of the message: a tree each. Also that a link carries one only. */
static uint32_t count_trees(const result *r) {
  const rs_schedule *s = r->schedule;
  int64_t offsets[64];
  int64_t *of_link = calloc(r->wiring->link_count, sizeof *of_link);
  uint32_t count = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    /* a relay's hop buffer has places of its own; there are none in these tests that count */
    assert_int_equal(b->target, RS_BUFFER_OUT);
    assert_true(of_link[b->link] == 0 || of_link[b->link] == b->target_offset + 1);
    of_link[b->link] = b->target_offset + 1;
    uint32_t k = 0;
    while (k < count && offsets[k] != b->target_offset) k++;
    if (k == count) offsets[count++] = b->target_offset;
  }
  free(of_link);
  return count;
}

/* The least number of links that enter a set without the root (leave it, when inward), over all sets. */
static uint32_t least_cut(const rs_wiring *w, uint32_t root, bool inward) {
  uint32_t least = UINT32_MAX;
  for (uint32_t set = 1; set < UINT32_C(1) << w->chip_count; set++) {
    uint32_t links = 0;
    if ((set >> root & 1) != 0) continue;
    for (uint32_t l = 0; l < w->link_count; l++) {
      bool from = (set >> w->links[l].from & 1) != 0;
      bool to = (set >> w->links[l].to & 1) != 0;
      links += from != to && to != inward ? 1 : 0;
    }
    least = RS_MIN(least, links);
  }
  return least;
}

static void there_are_as_many_as_the_least_cut(void **state) {
  (void)state;
  static const char *const specs[] = {"mesh:5",     "ring:6",         "grid:3x3",
                                      "torus:3x3",  "hypercube:3",    "kautz:2,3,directed",
                                      "hyperx:2x4", "imase-itoh:3,10"};
  uint32_t seen = 0; /* bits: cuts that came up */
  for (uint32_t i = 0; i < 2 * (uint32_t)RS_COUNT_OF(specs) + 60; i++) {
    char spec[64];
    bool inward = i % 2 == 1;
    if (i < 2 * RS_COUNT_OF(specs)) {
      snprintf(spec, sizeof spec, "%s", specs[i / 2]);
    } else {
      snprintf(spec, sizeof spec, "random:n=%u,degree=%u,seed=%u", 6 + i % 3 * 2, 2 + i % 4, i);
    }
    rs_collective_kind kind = inward ? RS_REDUCE : RS_BROADCAST;
    uint32_t root = i % 6;
    result r = compile(spec, kind, 0, root, 320 * 1000, unit_timing());
    uint32_t cut = least_cut(r.wiring, root, inward);
    if (count_trees(&r) != cut) fail_msg("%s: %u trees, cut %u", spec, count_trees(&r), cut);
    seen |= UINT32_C(1) << cut;
    rs_arena_destroy(r.arena);
  }
  assert_int_equal(seen & 0x3c, 0x3c); /* 2, 3, 4 and 5 at least */
}

/* A ring of 7 has two trees, both ways around: 6 hops each. Of 100 vectors each has 50; the last leaves
 * at 49 and lands at 49 + 6 = 55, in rounds. */
static void both_ways_around_a_ring(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    result r = compile("ring:7", i == 0 ? RS_BROADCAST : RS_REDUCE, 0, 3, 320 * 100, unit_timing());
    assert_int_equal(r.report.makespan_cycles, 55);
    assert_int_equal(count_trees(&r), 2);
    rs_arena_destroy(r.arena);
  }
}

/* Trees of a mesh of 4 go from the root to one chip and from there to two: of 300 vectors each has 100, the
 * last leaves at 99, lands at 100 and 101. By 100 a chip can have 100 from the root
 * and 99 from each of the others, 298; so the bound is 101 too. */
static void three_trees_of_a_mesh(void **state) {
  (void)state;
  result r = compile("mesh:4", RS_BROADCAST, 0, 2, 320 * 300, unit_timing());
  assert_int_equal(r.report.makespan_cycles, 101);
  assert_int_equal(r.bound.cycles, 101);
  assert_int_equal(count_trees(&r), 3);
  rs_arena_destroy(r.arena);
}

/* Chips 0 and 6 of a ring of 8, the others relays: 1 vector goes two hops; 70 go both ways, over 2 and 6
 * hops: x - 1 + 2 = 70 - x - 1 + 6 rounds for x = 37. Chips 0 … 6 of it are a line; without chip 7 there is
 * one tree, and with it two. */
static void relays_are_used_where_they_help(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  const rs_wiring *w = build_wiring(arena, "ring:8");
  const rs_timing timing = unit_timing();
  const uint32_t chips[] = {0, 6};
  static const struct { int64_t vectors, makespan; } cases[] = {{1, 2}, {70, 38}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    const rs_collective_request request = {.kind = RS_BROADCAST,
                                           .chips = chips,
                                           .chip_count = 2,
                                           .root = 6,
                                           .block_bytes = 320 * cases[i].vectors};
    rs_compile_report report;
    rs_schedule *s = rs_schedule_create(arena, w, "ring:8", &timing);
    rs_calendar *calendar = rs_calendar_create(arena, w, &timing);
    assert_ok(rs_collective_compile(s, w, calendar, &request, NULL, &report, &diag), &diag);
    assert_int_equal(report.makespan_cycles, cases[i].makespan);
  }
  rs_arena_destroy(arena);
  result line = compile("ring:8", RS_REDUCE, 7, 0, 320 * 1000, unit_timing());
  /* the line: 1000 − 1 + 6; both ways, 6 hops and 7 (over chip 7 all around): 500 − 1 + 6 or 7 */
  assert_in_range(line.report.makespan_cycles, 505, 506);
  rs_arena_destroy(line.arena);
}

/* Long messages take what the bound says, but for the depth of the trees. */
static void long_messages_reach_the_bound(void **state) {
  (void)state;
  static const char *const specs[] = {"hypercube:6",  "torus:4x4x4", "polarfly:7",
                                      "realscale:72", "slimfly:5",   "dragonfly:a=4,h=2"};
  for (size_t i = 0; i < 2 * RS_COUNT_OF(specs); i++) {
    rs_collective_kind kind = i % 2 == 0 ? RS_BROADCAST : RS_REDUCE;
    result r = compile(specs[i / 2], kind, 0, 5, INT64_C(64) << 20, chip_timing());
    if (1000 * r.report.makespan_cycles > 1010 * r.bound.cycles) {
      fail_msg("%s: %lld of %lld", specs[i / 2], (long long)r.report.makespan_cycles,
               (long long)r.bound.cycles);
    }
    rs_arena_destroy(r.arena);
  }
}

/* Where slots take a few hops' time it counts how low trees are. Grown and left so they are up to three hops
 * deeper on these: 1.28 and 1.18 of the bound on the last two. */
static void trees_are_low(void **state) {
  (void)state;
  static const struct {
    const char *spec;
    int64_t bytes, permille;
  } cases[] = {{"torus:4x4x4", 64 << 10, 1130},
               {"random:n=64,degree=8,seed=1", 64 << 10, 1180},
               {"realscale:72", 1 << 20, 1080}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    result r = compile(cases[i].spec, RS_BROADCAST, 0, 0, cases[i].bytes, chip_timing());
    if (1000 * r.report.makespan_cycles > cases[i].permille * r.bound.cycles) {
      fail_msg("%s: %lld of %lld", cases[i].spec, (long long)r.report.makespan_cycles,
               (long long)r.bound.cycles);
    }
    rs_arena_destroy(r.arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_are_as_many_as_the_least_cut),
      cmocka_unit_test(both_ways_around_a_ring),
      cmocka_unit_test(three_trees_of_a_mesh),
      cmocka_unit_test(relays_are_used_where_they_help),
      cmocka_unit_test(long_messages_reach_the_bound),
      cmocka_unit_test(trees_are_low),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

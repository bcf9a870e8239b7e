/* Counters: echoes recover the cables, alignment stays within its bound, steps follow the drift. */
#include <string.h>

#include "rs_deskew.h"
#include "rs_random.h"
#include "rs_test.h"

#define HZ INT64_C(900000000)
#define PERIOD_FS 1111111 /* of 900 MHz, rounded down */

static rs_arena *arena;

static int set_up(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static rs_timing chip_timing(void) {
  rs_timing t;
  rs_timing_init_unit(&t);
  t.clock_hz = HZ;
  t.slot_num = 2952;
  t.slot_den = 125;
  t.latency_cycles[RS_CABLE_NODE] = 216;
  t.latency_cycles[RS_CABLE_RACK] = 222;
  t.latency_cycles[RS_CABLE_INTER_RACK] = 258;
  return t;
}

/* Every pair joined, or a line of n chips. */
static const rs_wiring *wire(uint32_t n, bool is_line) {
  rs_diag diag = {0};
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, n);
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t j = i + 1; j < n && (!is_line || j == i + 1); j++) {
      assert_ok(rs_wiring_builder_add(builder, i, j, RS_CABLE_NODE, &diag), &diag);
    }
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

/* ---- cables ---- */

/* 2.8 cycles of standard deviation about 216, cut at 3: the mean of 4,032 cables stays within
 * 4 · 2.8/√4032 = 0.18 cycles, all within 8.4. Cutting at 3σ takes 2.7 % off a normal's variance. */
static void cables_scatter_as_asked(void **state) {
  (void)state;
  const rs_wiring *w = wire(90, false);
  rs_timing t = chip_timing();
  int64_t *delays = rs_link_delays(arena, w, &t, 2800, 5);
  double sum = 0, squares = 0;
  for (uint32_t l = 0; l < w->link_count; l++) {
    double cycles = (double)delays[l] * (double)HZ / 1e15;
    assert_int_equal(delays[l], delays[w->links[l].reverse]);
    assert_true(cycles > 216 - 8.401 && cycles < 216 + 8.401);
    sum += cycles;
    squares += (cycles - 216) * (cycles - 216);
  }
  double mean = sum / w->link_count;
  double variance = squares / w->link_count;
  assert_true(mean > 215.82 && mean < 216.18);
  assert_true(variance > 2.6 * 2.6 && variance < 2.9 * 2.9);
  /* none: exactly the class's latency, 216 cycles = 240 ns */
  delays = rs_link_delays(arena, w, &t, 0, 5);
  assert_int_equal(delays[0], 240000000);
}

/* Half of there and back is the cable plus, of each end, the wait for its next tick: 0 to 1 cycle
 * each, so the mean of 64 echoes is between the cable and one more; and the same cable seen from either
 * end differs by less than one. */
static void echoes_recover_the_cable(void **state) {
  (void)state;
  rs_diag diag = {0};
  for (uint64_t seed = 0; seed < 300; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 9);
    const rs_clock_config config = {.clock_hz = HZ, .offset_ppb = 100000, .seed = seed};
    rs_clock parent, child;
    int64_t end;
    assert_ok(rs_clock_draw(&parent, arena, &config, 0, 1, NULL, &diag), &diag);
    assert_ok(rs_clock_draw(&child, arena, &config, 1, 1, NULL, &diag), &diag);
    int64_t delay = rs_random_between(&random, 100, 300) * PERIOD_FS;
    delay += rs_random_between(&random, 0, PERIOD_FS);
    int64_t milli = rs_hac_characterise(&parent, &child, delay, delay, 1000, &end);
    int64_t exact = (int64_t)((rs_int128)delay * HZ / 1000000000000); /* in 1/1000 cycle */
    if (milli < exact - 60 || milli > exact + 1060) { /* 300 cycles · 200 ppm = 0.06 */
      fail_msg("seed %llu: %lld for %lld", (unsigned long long)seed, (long long)milli,
               (long long)exact);
    }
  }
}

/* ---- trees ---- */

static void trees_span_and_know_depths(void **state) {
  (void)state;
  rs_diag diag = {0};
  rs_sync_tree tree;
  const rs_wiring *mesh = wire(8, false);
  assert_ok(rs_sync_tree_build(arena, mesh, 3, false, &tree, &diag), &diag);
  assert_int_equal(tree.depth, 1);
  assert_int_equal(tree.depth_of[3], 0);
  assert_int_equal(tree.parent[3], RS_NONE);
  assert_int_equal(tree.depth_of[5], 1);
  assert_ok(rs_sync_tree_build(arena, mesh, 3, true, &tree, &diag), &diag);
  assert_int_equal(tree.depth, 7); /* depth first visits a full mesh in one line: 3 0 1 2 4 5 6 7 */
  assert_int_equal(tree.parent[4], 2);
  assert_int_equal(tree.depth_of[7], 7);
  const rs_wiring *line = wire(5, true);
  assert_ok(rs_sync_tree_build(arena, line, 2, true, &tree, &diag), &diag);
  assert_int_equal(tree.depth, 2);
  assert_int_equal(tree.depth_of[0], 2);
  assert_int_equal(rs_sync_tree_build(arena, line, 5, false, &tree, &diag), RS_E_INPUT);
  /* two chips that no cable joins to the others */
  rs_wiring *parted;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  assert_ok(rs_wiring_builder_add(builder, 0, 1, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_add(builder, 2, 3, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_finish(builder, &parted, &diag), &diag);
  assert_int_equal(rs_sync_tree_build(arena, parted, 0, false, &tree, &diag), RS_E_INFEASIBLE);
}

/* ---- counters ---- */

typedef struct system {
  const rs_wiring *wiring;
  rs_sync_tree tree;
  rs_clock *clocks;
  rs_hac *hacs;
  rs_hac_report report;
} system;

static system align(const rs_wiring *wiring, const rs_clock_config *config, int64_t run_cycles,
                    bool has_exchange) {
  rs_diag diag = {0};
  rs_timing t = chip_timing();
  system s = {.wiring = wiring, .clocks = RS_ARENA_NEW(arena, rs_clock, wiring->chip_count)};
  assert_ok(rs_sync_tree_build(arena, wiring, 0, false, &s.tree, &diag), &diag);
  for (uint32_t i = 0; i < wiring->chip_count; i++) {
    assert_ok(rs_clock_draw(&s.clocks[i], arena, config, i, 1, NULL, &diag), &diag);
  }
  int64_t *delays = rs_link_delays(arena, wiring, &t, 2800, config->seed);
  const rs_hac_config hac = {.run_cycles = run_cycles, .has_exchange = has_exchange};
  assert_ok(rs_hac_run(arena, &s.tree, s.clocks, delays, wiring, &hac, &s.hacs, &s.report, &diag),
            &diag);
  return s;
}

/* How far a chip is from the root's time at a counter value, in 1/1000 cycle. */
static int64_t apart_milli(const system *s, uint32_t chip, int64_t value) {
  uint32_t root = s->tree.root;
  rs_int128 here = rs_clock_time_fs(&s->clocks[chip], rs_hac_tick_of(&s->hacs[chip], value));
  rs_int128 there = rs_clock_time_fs(&s->clocks[root], rs_hac_tick_of(&s->hacs[root], value));
  return (int64_t)((here - there) * 1000 / PERIOD_FS);
}

/* A chip stays within its depth times rs_deskew_level_error_milli of the root, at any time of the run,
 * in trees of depth 1 and 9, at offsets from 0 to half the tracking limit. And the bound is not idle:
 * at depth 1 with a little drift the worst chip uses more than nine tenths of its 1.5 cycles, and the
 * worst of a line of ten seven tenths or more. */
static void chips_stay_within_their_levels(void **state) {
  (void)state;
  static const int64_t offsets[] = {0, 1000, 100000, 1000000};
  int64_t worst[2][4] = {{0}};
  for (int is_line = 0; is_line < 2; is_line++) {
    const rs_wiring *w = wire(10, is_line == 1);
    for (uint64_t seed = 0; seed < 160; seed++) {
      const rs_clock_config config = {.clock_hz = HZ,
                                      .offset_ppb = offsets[seed % 4],
                                      .is_extreme = seed % 8 < 4,
                                      .seed = seed};
      system s = align(w, &config, 200000, true);
      int64_t *most = &worst[is_line][seed % 4];
      for (int64_t k = 0; k < 500; k++) {
        for (uint32_t chip = 1; chip < 10; chip++) {
          int64_t apart = apart_milli(&s, chip, s.report.aligned_value + 397 * k);
          int64_t bound =
              s.tree.depth_of[chip] * rs_deskew_level_error_milli(offsets[seed % 4], 216);
          apart = apart < 0 ? -apart : apart;
          *most = RS_MAX(*most, apart * 1000 / bound);
          if (apart > bound) {
            fail_msg("seed %llu: chip %u is %lld/1000 off", (unsigned long long)seed, chip,
                     (long long)apart);
          }
        }
      }
    }
  }
  for (int i = 0; i < 8; i++) {
    print_message("%s, ±%lld ppb: %lld/1000 of the bound used\n", i < 4 ? "depth 1" : "depth 9",
                  (long long)offsets[i % 4], (long long)worst[i / 4][i % 4]);
  }
  assert_true(worst[0][1] > 900 && worst[1][1] > 700);
}

/* Two chips 2·200 ppm apart: the child has to take 400·10^-6 of all cycles as steps. 10^7 cycles:
 * 4,000 ± those of alignment. */
static void steps_follow_the_drift(void **state) {
  (void)state;
  const rs_wiring *pair = wire(2, true);
  for (uint64_t seed = 0;; seed++) {
    const rs_clock_config config = {
        .clock_hz = HZ, .offset_ppb = 200000, .is_extreme = true, .seed = seed};
    system s = align(pair, &config, 10000000, true);
    if (s.clocks[0].pieces[0].period == s.clocks[1].pieces[0].period) continue; /* both fast */
    assert_in_range(s.report.steps, 3990, 4012);
    break;
  }
}

/* Without exchanges the same pair parts by 400·10^-6 of 10^7 cycles = 4,000. */
static void without_exchange_chips_part(void **state) {
  (void)state;
  const rs_wiring *pair = wire(2, true);
  for (uint64_t seed = 0;; seed++) {
    const rs_clock_config config = {
        .clock_hz = HZ, .offset_ppb = 200000, .is_extreme = true, .seed = seed};
    system s = align(pair, &config, 10000000, false);
    if (s.clocks[0].pieces[0].period == s.clocks[1].pieces[0].period) continue;
    assert_int_equal(s.report.steps, 0);
    int64_t apart = apart_milli(&s, 1, s.report.aligned_value + 10000000);
    assert_in_range(apart < 0 ? -apart : apart, 3990000, 4010000);
    break;
  }
}

/* The links of a tree as the chips know them: 89 of mean 216 and 2.8 standard deviation, half a cycle
 * later for the two waits; means within 4 · 2.8/√89 = 1.2, deviations within 25 %. */
static void a_node_knows_its_links(void **state) {
  (void)state;
  const rs_clock_config config = {.clock_hz = HZ, .offset_ppb = 100000, .seed = 3};
  system s = align(wire(90, false), &config, 1000, true);
  assert_in_range(s.report.latency_mean_milli, 216500 - 1200, 216500 + 1200);
  assert_in_range(s.report.latency_sd_milli, 2100, 3500);
}

/* value and tick_of are inverse to each other, over steps both ways: tick_of gives the first tick at
 * which the counter has come so far. */
static void counters_invert(void **state) {
  (void)state;
  rs_hac_piece pieces[] = {{100, 7}, {200, 8}, {300, 7}, {301, 6}, {450, 7}};
  const rs_hac hac = {.pieces = pieces, .count = 5};
  for (int64_t value = 107; value < 600; value++) {
    int64_t tick = rs_hac_tick_of(&hac, value);
    assert_true(rs_hac_value(&hac, tick) >= value);
    assert_true(tick == 100 || rs_hac_value(&hac, tick - 1) < value);
  }
  assert_int_equal(rs_hac_value(&hac, 299), 307);
  assert_int_equal(rs_hac_value(&hac, 300), 307); /* a step back: it stands still for a tick */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(cables_scatter_as_asked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(echoes_recover_the_cable, set_up, tear_down),
      cmocka_unit_test_setup_teardown(trees_span_and_know_depths, set_up, tear_down),
      cmocka_unit_test_setup_teardown(chips_stay_within_their_levels, set_up, tear_down),
      cmocka_unit_test_setup_teardown(steps_follow_the_drift, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_exchange_chips_part, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_node_knows_its_links, set_up, tear_down),
      cmocka_unit_test_setup_teardown(counters_invert, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

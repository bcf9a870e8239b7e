/* Where groups lie, by hand on small wirings, and that no placement gives a chip twice. */
#include <string.h>

#include "rs_checker.h"
#include "rs_decode.h"
#include "rs_placement.h"
#include "rs_player.h"
#include "rs_test.h"
#include "rs_topology.h"

static int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL ? -1 : 0;
}

static int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

static const rs_wiring *wiring_of(rs_arena *arena, const char *spec) {
  rs_topology *topology;
  rs_wiring *w;
  rs_diag diag = {0};
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &w, &diag), &diag);
  return w;
}

static const uint32_t *place(rs_arena *arena, const rs_wiring *w, rs_placement placement,
                             int64_t tensor, int64_t stages, int64_t expected) {
  uint32_t *chips;
  int64_t placed;
  rs_diag diag = {0};
  assert_ok(rs_placement_fill(arena, w, placement, tensor, stages, &chips, &placed, &diag), &diag);
  assert_int_equal(placed, expected);
  return chips;
}

static void assert_chips(const uint32_t *chips, const uint32_t *expected, size_t count) {
  for (size_t i = 0; i < count; i++) assert_int_equal(chips[i], expected[i]);
}

/* Racks of 9 nodes, 72 chips: two groups of 32 fill 64 of them, and the third begins with chip 72; in a
 * row it would be chips 64 … 95. Two racks have room for four groups, and a fifth for none. */
static void groups_begin_with_the_next_rack(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:144,levels=2");
  static const uint32_t firsts[] = {0, 32, 72, 104};
  const uint32_t *row = place(arena, w, RS_PLACEMENT_ROW, 32, 9, 4);
  const uint32_t *chips = place(arena, w, RS_PLACEMENT_RACKS, 32, 9, 4);
  for (uint32_t i = 0; i < 128; i++) {
    assert_int_equal(row[i], i);
    assert_int_equal(chips[i], firsts[i / 32] + i % 32);
  }
  /* groups of 24 end with the rack: nothing is left free */
  chips = place(arena, w, RS_PLACEMENT_RACKS, 24, 9, 6);
  for (uint32_t i = 0; i < 144; i++) assert_int_equal(chips[i], i);
  /* 100 chips lie in two racks wherever they begin */
  chips = place(arena, w, RS_PLACEMENT_RACKS, 100, 9, 1);
  assert_int_equal(chips[0], 0);
}

/* Three nodes of a rack have a chip each of a group: stage 0 is chips 0, 8, 16, stage 7 chips 7, 15, 23,
 * stage 8 chip 24 of node 3 and so on. A rack of 9 nodes has three such sets, 24 stages; of 4 nodes it
 * has two, the ninth node stays free. */
static void groups_take_a_chip_of_each_node(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:144,levels=2");
  static const uint32_t three[] = {0, 8, 16, 1, 9, 17};
  static const uint32_t eighth[] = {24, 32, 40};
  const uint32_t *chips = place(arena, w, RS_PLACEMENT_NODES, 3, 100, 48);
  assert_chips(chips, three, 6);
  assert_chips(&chips[8 * 3], eighth, 3);
  assert_int_equal(chips[24 * 3], 72);
  chips = place(arena, w, RS_PLACEMENT_NODES, 4, 100, 32);
  assert_int_equal(chips[16 * 4], 72);
  place(arena, w, RS_PLACEMENT_NODES, 10, 100, 0);
  /* without racks the nodes are those of all */
  chips = place(arena, wiring_of(arena, "realscale:24"), RS_PLACEMENT_NODES, 3, 100, 8);
  assert_chips(chips, three, 6);
}

/* The last node of each rack is spare: chips 64 … 71. */
static void spares_are_left_out(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:144,levels=2,spare=1");
  const uint32_t *chips = place(arena, w, RS_PLACEMENT_RACKS, 32, 9, 4);
  assert_int_equal(chips[64], 72);
  chips = place(arena, w, RS_PLACEMENT_NODES, 8, 100, 16);
  static const uint32_t eight[] = {0, 8, 16, 24, 32, 40, 48, 56};
  assert_chips(chips, eight, 8);
  assert_int_equal(chips[8 * 8], 72);
}

/* Every chip once, whatever the counts. */
static void no_chip_is_taken_twice(void **state) {
  rs_arena *arena = *state;
  static const char *const specs[] = {"realscale:160,levels=2,spare=1", "realscale:40", "mesh:17"};
  int64_t seen = 0;
  for (size_t s = 0; s < RS_COUNT_OF(specs); s++) {
    const rs_wiring *w = wiring_of(arena, specs[s]);
    for (int k = 0; k < RS_PLACEMENT_COUNT; k++) {
      for (int64_t tensor = 1; tensor <= w->chip_count; tensor++) {
        uint32_t *chips;
        int64_t placed;
        bool used[256] = {false};
        assert_int_equal(
            rs_placement_fill(arena, w, (rs_placement)k, tensor, 1000, &chips, &placed, NULL),
            RS_OK);
        for (int64_t i = 0; i < placed * tensor; i++) {
          assert_true(chips[i] < w->chip_count && !used[chips[i]]);
          assert_true(w->spare == NULL || !w->spare[chips[i]]);
          used[chips[i]] = true;
        }
        seen += placed;
      }
    }
  }
  assert_true(seen > 1000);
}

static void what_has_no_room_is_said(void **state) {
  rs_arena *arena = *state;
  const struct {
    const char *spec;
    rs_placement placement;
    int64_t tensor, pipeline;
    const char *what;
  } bad[] = {
      {"mesh:16", RS_PLACEMENT_RACKS, 2, 2, "placement racks: the topology has no racks"},
      {"mesh:16", RS_PLACEMENT_NODES, 2, 2, "placement nodes: the topology has no nodes"},
      {"realscale:16", RS_PLACEMENT_NODES, 2, 9,
       "placement nodes has room for 8 of 9 stages of 2 chips"},
      {"realscale:144,levels=2", RS_PLACEMENT_RACKS, 64, 3,
       "placement racks has room for 2 of 3 stages of 64 chips"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) {
    const rs_sharding_request r = {
        .tensor = bad[i].tensor, .pipeline = bad[i].pipeline, .placement = bad[i].placement};
    uint32_t *chips;
    rs_diag diag = {0};
    const rs_wiring *w = wiring_of(arena, bad[i].spec);
    assert_int_equal(rs_placement_chips(arena, w, &r, &chips, &diag), RS_E_INFEASIBLE);
    assert_string_equal(diag.what, bad[i].what);
  }
}

static const rs_model tiny = {.name = "tiny",
                              .layers = 4,
                              .hidden = 640,
                              .heads = 16,
                              .kv_heads = 4,
                              .head_dim = 40,
                              .ffn = 1280,
                              .vocab = 1000,
                              .gated_mlp = true};

static rs_decode decode(rs_arena *arena, const char *spec, rs_placement placement, int64_t tensor,
                        int64_t pipeline) {
  const rs_wiring *w = wiring_of(arena, spec);
  const rs_chip *chip = rs_chip_find("groqchip1");
  const rs_sharding_request r = {.tensor = tensor,
                                 .pipeline = pipeline,
                                 .batch = 1,
                                 .micro_batches = 1,
                                 .context = 100,
                                 .activations = RS_FP16,
                                 .kv = RS_FP16,
                                 .placement = placement};
  const rs_check_options check = {.seed = 1};
  const rs_play_options options = {.fidelity = RS_FIDELITY_BURST, .seed = 1};
  rs_check_report report;
  rs_play play;
  rs_sharding *s;
  rs_decode d;
  rs_diag diag = {0};
  assert_ok(rs_sharding_build(arena, &tiny, chip, w->chip_count, &r, &s, &diag), &diag);
  assert_ok(rs_decode_compile(arena, &tiny, chip, w, spec, s, &d, &diag), &diag);
  assert_ok(rs_checker_run(d.schedule, w, &check, &report, &diag), &diag);
  assert_ok(rs_player_run(d.schedule, w, &options, &play, &diag), &diag);
  assert_int_equal(play.makespan_cycles, d.latency_cycles);
  return d;
}

static bool is_used(const rs_decode *d, uint32_t chip) {
  for (uint64_t i = 0; i < d->schedule->compute_count; i++) {
    if (d->schedule->computes[i].chip == chip) return true;
  }
  return false;
}

/* Steps are proved and played on the chips that the placement names. Groups of 16 across two racks take
 * longer than in one: stage 4 is chips 64 … 79 in a row, and 72 … 87 by racks. */
static void steps_run_where_they_are_placed(void **state) {
  rs_arena *arena = *state;
  rs_decode row = decode(arena, "realscale:144,levels=2", RS_PLACEMENT_ROW, 16, 5);
  rs_decode racks = decode(arena, "realscale:144,levels=2", RS_PLACEMENT_RACKS, 16, 5);
  assert_true(is_used(&row, 64) && !is_used(&row, 80));
  assert_true(!is_used(&racks, 64) && is_used(&racks, 87));
  assert_true(racks.latency_cycles < row.latency_cycles);
  rs_decode nodes = decode(arena, "realscale:16", RS_PLACEMENT_NODES, 2, 4);
  rs_decode pairs = decode(arena, "realscale:16", RS_PLACEMENT_ROW, 2, 4);
  assert_true(is_used(&nodes, 0) && is_used(&nodes, 8) && is_used(&nodes, 11));
  assert_true(!is_used(&nodes, 4) && is_used(&pairs, 7) && !is_used(&pairs, 8));
}

static void words_are_read_back(void **state) {
  rs_placement placement;
  (void)state;
  for (int k = 0; k < RS_PLACEMENT_COUNT; k++) {
    assert_true(rs_placement_parse(rs_placement_word((rs_placement)k), &placement));
    assert_int_equal(placement, k);
  }
  assert_false(rs_placement_parse("rows", &placement));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_begin_with_the_next_rack),
      cmocka_unit_test(groups_take_a_chip_of_each_node),
      cmocka_unit_test(spares_are_left_out),
      cmocka_unit_test(no_chip_is_taken_twice),
      cmocka_unit_test(what_has_no_room_is_said),
      cmocka_unit_test(steps_run_where_they_are_placed),
      cmocka_unit_test(words_are_read_back),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

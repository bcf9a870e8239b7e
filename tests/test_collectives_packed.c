/* All-reduce on packed trees: loads of links by arithmetic, and sizes that are proved. */
#include "rs__packed.h"
#include "rs_test_compile.h"

/* Trees there and back for `pieces` shards a chip. Every tree has each chip once, so all are N − 1 links. */
static uint32_t busiest_of(const char *spec, uint32_t pieces) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  uint32_t n = wiring->chip_count, trees = n * pieces;
  uint32_t *members = RS_ARENA_NEW(arena, uint32_t, n);
  uint32_t *roots = RS_ARENA_NEW(arena, uint32_t, trees);
  rs_diag diag = {0};
  rs__packed packed;
  for (uint32_t i = 0; i < n; i++) members[i] = i;
  for (uint32_t k = 0; k < trees; k++) roots[k] = k % n;
  rs__plan plan = {.arena = arena,
                   .wiring = wiring,
                   .position = members,
                   .members = members,
                   .member_count = n,
                   .diag = &diag};
  assert_ok(rs__plan_packed(&plan, roots, trees, &packed), &diag);
  for (uint32_t k = 0; k < trees; k++) {
    for (int toward_root = 0; toward_root < 2; toward_root++) {
      rs_route_tree tree = {0};
      assert_ok(rs__packed_tree(&plan, &packed, k, toward_root == 1, &tree), &diag);
      assert_int_equal(tree.order_count, n);
      for (uint32_t i = 1; i < n; i++) {
        const rs_link *l = &wiring->links[tree.link[tree.order[i]]];
        uint32_t chip = toward_root == 1 ? l->from : l->to;
        uint32_t next = toward_root == 1 ? l->to : l->from;
        assert_int_equal(chip, tree.order[i]);
        assert_int_equal(tree.depth[chip], tree.depth[next] + 1);
      }
    }
  }
  rs_arena_destroy(arena);
  return packed.load_max;
}

static void links_are_loaded_alike(void **state) {
  (void)state;
  /* 57 chips, 8 of them with 7 links and 49 with 8: 448 links; 4·57 shards of 2·56: 25536/448 = 57 */
  assert_int_equal(busiest_of("polarfly:7", 4), 57);
  /* 13 chips, 4 with 3 links and 9 with 4: 48 links; 4·13 shards of 2·12: 1248/48 = 26 */
  assert_int_equal(busiest_of("polarfly:3", 4), 26);
  /* 36 chips, 204 links; 4·36 shards of 2·35: 10080/204 = 49.4 */
  assert_in_range(busiest_of("kautz:3,3", 4), 50, 51);
  /* 8 shards of 2·7 on 16 links: 7 */
  assert_in_range(busiest_of("ring:8", 1), 7, 8);
}

static void every_size_is_proved(void **state) {
  (void)state;
  static const char *const specs[] = {"polarfly:3", "kautz:3,3"};
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  rs_bound bound;
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      for (int64_t vectors = 500; vectors <= 100000; vectors += 1 + 2 * vectors) {
        compile_proved(specs[i], "packed-trees", &timings[t], vectors, &bound);
      }
    }
  }
}

/* 1 GiB: all-gather trees turned around keep chips of 7 links busy for ⌈56/7⌉ = 8 slots a shard twice, 16,
 * where 2·56·57/448 = 14.25 are the bound. Rounds that become shorter lose less than a hundredth. */
static void unequal_chips_come_nearer(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  rs_bound bound;
  int64_t vectors = ((INT64_C(1) << 30) + 319) / 320;
  int64_t packed =
      compile_proved("polarfly:7", "packed-trees", &chip, vectors, &bound).makespan_cycles;
  int64_t balanced =
      compile_proved("polarfly:7", "balanced-trees", &chip, vectors, &bound).makespan_cycles;
  assert_true(packed < balanced);
  assert_true(packed * 100 < bound.cycles * 101);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(links_are_loaded_alike),
      cmocka_unit_test(every_size_is_proved),
      cmocka_unit_test(unequal_chips_come_nearer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

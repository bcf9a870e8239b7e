/* Static routes: trees and paths are minimal, pruned, the same each time, and spread. */
#include "rs_random.h"
#include "rs_route.h"
#include "rs_test_topology.h"

static const char *const specs[] = {
    "mesh:8", "ring:9", "realscale:16", "realscale:72", "realscale:72,levels=2", "realscale:264"};

/* The tree's own invariants, and depth = distance by a naive search. */
static void check_tree(rs_arena *arena, const rs_wiring *wiring, const rs_route_tree *tree) {
  uint32_t *distance = naive_depths(arena, wiring, tree->root, tree->toward_root);
  uint32_t in_tree = 0;
  assert_int_equal(tree->chip_count, wiring->chip_count);
  for (uint32_t chip = 0; chip < tree->chip_count; chip++) {
    if (tree->depth[chip] == RS_NONE) {
      assert_int_equal(tree->link[chip], RS_NONE);
      continue;
    }
    in_tree++;
    assert_int_equal(tree->depth[chip], distance[chip]);
    if (chip == tree->root) {
      assert_int_equal(tree->link[chip], RS_NONE);
      continue;
    }
    const rs_link *link = &wiring->links[tree->link[chip]];
    uint32_t parent = tree->toward_root ? link->to : link->from;
    assert_int_equal(tree->toward_root ? link->from : link->to, chip);
    assert_int_equal(tree->depth[parent], tree->depth[chip] - 1);
  }
  assert_int_equal(tree->order_count, in_tree);
  assert_int_equal(tree->order[0], tree->root);
  for (uint32_t k = 1; k < in_tree; k++) {
    uint32_t before = tree->order[k - 1], chip = tree->order[k];
    bool rises = tree->depth[before] < tree->depth[chip] ||
                 (tree->depth[before] == tree->depth[chip] && before < chip);
    assert_true(rises);
  }
}

static void trees_of_all_chips_are_minimal(void **state) {
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_wiring *wiring = build_spec(arena, specs[i]);
    for (uint32_t salt = 0; salt < 6; salt++) {
      rs_route_tree tree;
      rs_diag diag = {0};
      rs_route_request request = {
          .root = salt * 5 % wiring->chip_count, .toward_root = salt % 2 == 1, .salt = salt};
      assert_ok(rs_route_tree_build(arena, wiring, &request, &tree, &diag), &diag);
      check_tree(arena, wiring, &tree);
      assert_int_equal(tree.order_count, wiring->chip_count);
    }
    rs_arena_destroy(arena);
  }
}

/* Every chip of a tree is the root, a member, or has a member behind it. */
static void check_pruned(rs_arena *arena, const rs_wiring *wiring, const rs_route_tree *tree,
                         const rs_route_request *request) {
  bool *useful = RS_ARENA_NEW(arena, bool, wiring->chip_count);
  useful[request->root] = true;
  for (uint32_t k = 0; k < request->member_count; k++) {
    useful[request->members[k]] = true;
    assert_int_not_equal(tree->depth[request->members[k]], RS_NONE);
  }
  for (uint32_t k = tree->order_count; k-- > 1;) {
    uint32_t chip = tree->order[k];
    const rs_link *link = &wiring->links[tree->link[chip]];
    assert_true(useful[chip]);
    useful[tree->toward_root ? link->to : link->from] = true;
  }
}

static void trees_of_some_chips_are_pruned(void **state) {
  const uint64_t seed = 11;
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  rs_random random;
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  for (uint32_t round = 0; round < 40; round++) {
    rs_arena *arena = rs_arena_create(0);
    uint32_t members[9], count = (uint32_t)rs_random_below(&random, 10);
    for (uint32_t k = 0; k < count; k++) members[k] = (uint32_t)rs_random_below(&random, 264);
    rs_route_tree tree;
    rs_diag diag = {0};
    rs_route_request request = {.root = (uint32_t)rs_random_below(&random, 264),
                                .toward_root = round % 2 == 0,
                                .members = members,
                                .member_count = count,
                                .salt = round};
    assert_ok(rs_route_tree_build(arena, wiring, &request, &tree, &diag), &diag);
    check_tree(arena, wiring, &tree);
    check_pruned(arena, wiring, &tree, &request);
    assert_true(tree.order_count <= 1 + 3 * count); /* diameter 3: at most 3 chips a member */
    rs_arena_destroy(arena);
  }
}

static void a_group_can_be_closed(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:16");
  static const uint32_t node[] = {0, 1, 2, 3, 4, 5, 6, 7};
  static const uint32_t apart[] = {0, 9}; /* chips 0 and 9: node 1's chip 1 is two hops away */
  rs_route_tree tree;
  rs_diag diag = {0};
  rs_route_request request = {.members = node, .member_count = 8, .members_only = true};
  assert_ok(rs_route_tree_build(*state, wiring, &request, &tree, &diag), &diag);
  assert_int_equal(tree.order_count, 8);
  request.members = apart;
  request.member_count = 2;
  assert_int_equal(rs_route_tree_build(*state, wiring, &request, &tree, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "no path from chip 0 to chip 9 inside the group");
  request.members_only = false;
  assert_ok(rs_route_tree_build(*state, wiring, &request, &tree, &diag), &diag);
  assert_int_equal(tree.order_count, 3);
}

static void the_same_request_gives_the_same_tree(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  rs_route_tree first, second;
  rs_route_request request = {.root = 17, .salt = 3};
  assert_int_equal(rs_route_tree_build(*state, wiring, &request, &first, NULL), RS_OK);
  assert_int_equal(rs_route_tree_build(*state, wiring, &request, &second, NULL), RS_OK);
  assert_memory_equal(first.link, second.link, 264 * sizeof *first.link);
}

/* Salts take equal links in turn: two nodes are joined by 4 cables a chip pair, so four salts use
 * all four copies from chip 0 to chip 8. */
static void salts_take_copies_in_turn(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:16");
  uint32_t used = 0;
  for (uint32_t salt = 0; salt < 4; salt++) {
    uint32_t link, hops;
    rs_diag diag = {0};
    assert_ok(rs_route_path(*state, wiring, 0, 8, salt, NULL, &link, 1, &hops, &diag), &diag);
    assert_int_equal(hops, 1);
    used |= 1U << rs_wiring_link_copy(wiring, link);
  }
  assert_int_equal(used, 0xf);
}

/* All pairs of the 72-chip system with loads kept: Σ distances = 2.07042·72·71 = 10,584 link uses
 * on 792 links, 13.36 on average; the most loaded must stay within twice that. Loads not kept:
 * whatever, but the same sum. */
static void loads_are_spread(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:72");
  uint32_t *load = RS_ARENA_NEW(*state, uint32_t, wiring->link_count);
  uint32_t most = 0;
  uint64_t sum = 0;
  for (uint32_t from = 0; from < 72; from++) {
    for (uint32_t to = 0; to < 72; to++) {
      uint32_t links[3], hops;
      rs_diag diag = {0};
      assert_ok(rs_route_path(*state, wiring, from, to, from + to, load, links, 3, &hops, &diag),
                &diag);
      uint32_t at = from;
      for (uint32_t k = 0; k < hops; k++) {
        assert_int_equal(wiring->links[links[k]].from, at);
        at = wiring->links[links[k]].to;
      }
      assert_int_equal(at, to);
    }
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    most = RS_MAX(most, load[l]);
    sum += load[l];
  }
  print_message("most loaded link: %u\n", most);
  assert_int_equal(sum, 10584);
  assert_true(most <= 26);
}

static void trees_count_their_loads(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  uint32_t *load = RS_ARENA_NEW(*state, uint32_t, wiring->link_count);
  uint64_t sum = 0;
  for (uint32_t root = 0; root < 264; root++) {
    rs_route_tree tree;
    rs_route_request request = {.root = root, .salt = root, .link_load = load};
    assert_int_equal(rs_route_tree_build(*state, wiring, &request, &tree, NULL), RS_OK);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) sum += load[l];
  assert_int_equal(sum, 264 * 263); /* a spanning tree has 263 links */
}

static void no_path_is_said(void **state) {
  rs_wiring_builder *builder = rs_wiring_builder_create(*state, 3);
  rs_wiring *wiring = NULL;
  rs_diag diag = {0};
  uint32_t links[2], hops;
  rs_route_tree tree;
  rs_route_request request = {.root = 0};
  assert_ok(rs_wiring_builder_add(builder, 0, 1, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  assert_int_equal(rs_route_path(*state, wiring, 0, 2, 0, NULL, links, 2, &hops, &diag),
                   RS_E_INFEASIBLE);
  assert_int_equal(rs_route_tree_build(*state, wiring, &request, &tree, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "no path from chip 0 to chip 2");
  assert_ok(rs_route_path(*state, wiring, 1, 1, 0, NULL, links, 0, &hops, &diag), &diag);
  assert_int_equal(hops, 0);
}

static void a_path_that_does_not_fit_is_refused(void **state) {
  rs_wiring *wiring = build_spec(*state, "ring:9");
  uint32_t links[4], hops;
  rs_diag diag = {0};
  assert_int_equal(rs_route_path(*state, wiring, 0, 4, 0, NULL, links, 3, &hops, &diag),
                   RS_E_LIMIT);
  assert_ok(rs_route_path(*state, wiring, 0, 4, 0, NULL, links, 4, &hops, &diag), &diag);
  assert_int_equal(hops, 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(trees_of_all_chips_are_minimal),
      cmocka_unit_test(trees_of_some_chips_are_pruned),
      cmocka_unit_test(a_group_can_be_closed),
      cmocka_unit_test(the_same_request_gives_the_same_tree),
      cmocka_unit_test(salts_take_copies_in_turn),
      cmocka_unit_test(loads_are_spread),
      cmocka_unit_test(trees_count_their_loads),
      cmocka_unit_test(no_path_is_said),
      cmocka_unit_test(a_path_that_does_not_fit_is_refused),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

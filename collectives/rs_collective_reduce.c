/*
 * The rows that add: all-reduce, reduce-scatter, reduce.
 *
 *   one-shot        every chip's input goes down an out-tree to all others and is added to their
 *                   `out` as it comes in: one phase, N−1 messages into every chip
 *   shards          shard s is summed up an in-tree to the chip that owns it, adding at every hop,
 *                   and goes from there to who wants it: down an out-tree (all-reduce), along a path
 *                   (reduce). Rabenseifner's reduce-scatter + all-gather, on trees of the wiring
 *   trees           reduce: pieces of the message up in-trees that all end at the root
 */
#include "rs__collective.h"

/* Of 2, 3, 4 and 8 turns the one that was near the best on all wirings of bench_collectives_ratio. */
#define RS__TURNS 3

/* The chip that owns shard `k` of `count`: owners are spread evenly over the group. */
static uint32_t owner_of(const rs__plan *plan, int64_t count, int64_t k) {
  return plan->members[(uint64_t)(k % count) * plan->member_count / (uint64_t)count];
}

static rs__run shard_of(const rs__plan *plan, int64_t k) {
  return rs__run_part((rs__run){0, plan->block}, plan->variant.splits, k);
}

rs_status rs__build_one_shot(rs__plan *plan) {
  for (uint32_t i = 0; i < plan->member_count; i++) {
    for (int64_t k = 0; k < plan->variant.splits; k++) {
      rs_route_tree tree;
      rs_status status =
          rs__plan_tree(plan, plan->members[i], /*toward_root=*/false, i + (uint32_t)k, &tree);
      if (status != RS_OK) return status;
      rs__plan_add_tree(plan, &tree, shard_of(plan, k));
    }
  }
  return plan->status;
}

rs_status rs__build_all_reduce_shards(rs__plan *plan) {
  int64_t owners = RS_MIN(plan->variant.splits, plan->member_count);
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    rs_route_tree tree;
    uint32_t owner = owner_of(plan, owners, k);
    rs_status status = rs__plan_tree(plan, owner, /*toward_root=*/true, (uint32_t)k, &tree);
    if (status != RS_OK) return status;
    rs__run shard = shard_of(plan, k);
    uint32_t sum = rs__plan_reduce_tree(plan, &tree, shard, /*is_result=*/true);
    status = rs__plan_tree(plan, owner, /*toward_root=*/false, (uint32_t)k, &tree);
    if (status != RS_OK) return status;
    rs__origin origin = {RS_BUFFER_OUT, shard.offset, sum};
    rs__plan_spread_tree(plan, &tree, &origin, shard, RS_NONE);
  }
  return plan->status;
}

rs_status rs__build_reduce_scatter(rs__plan *plan) {
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    for (uint32_t i = 0; i < plan->member_count; i++) {
      rs_route_tree tree;
      rs_status status =
          rs__plan_tree(plan, plan->members[i], /*toward_root=*/true, i + (uint32_t)k, &tree);
      if (status != RS_OK) return status;
      rs__run block = {i * plan->block, plan->block};
      rs__plan_reduce_tree(plan, &tree, rs__run_part(block, plan->variant.splits, k),
                           /*is_result=*/true);
    }
  }
  return plan->status;
}

rs_status rs__build_reduce_trees(rs__plan *plan) {
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    rs_route_tree tree;
    rs_status status =
        rs__plan_tree(plan, plan->request->root, /*toward_root=*/true, (uint32_t)k, &tree);
    if (status != RS_OK) return status;
    rs__plan_reduce_tree(plan, &tree, shard_of(plan, k), /*is_result=*/true);
  }
  return plan->status;
}

static rs_status sum_shards(rs__plan *plan, const rs__forest *forest) {
  uint32_t root = plan->request->root;
  int64_t owners = RS_MIN(plan->variant.splits, plan->member_count);
  rs_route_tree tree = {0};
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    uint32_t owner = owner_of(plan, owners, k);
    rs_status status =
        forest == NULL
            ? rs__plan_tree(plan, owner, /*toward_root=*/true, (uint32_t)k, &tree)
            : rs__forest_tree(plan, forest, plan->position[owner], /*toward_root=*/true, &tree);
    if (status != RS_OK) return status;
    rs__run shard = shard_of(plan, k);
    uint32_t sum = rs__plan_reduce_tree(plan, &tree, shard, /*is_result=*/owner == root);
    if (owner == root) continue;
    status = rs__plan_search(plan, root, /*toward_hub=*/true);
    if (status != RS_OK) return status;
    rs__origin origin = {RS_BUFFER_OUT, shard.offset, sum};
    rs__plan_path(plan, owner, &origin, shard);
  }
  return plan->status;
}

rs_status rs__build_reduce_shards(rs__plan *plan) {
  return sum_shards(plan, NULL);
}

/* ---- on balanced trees ---- */

/* A tree a shard, from its owner. slot: NULL, or when each starts. */
static rs_status grow_shards(rs__plan *plan, uint32_t *slot, rs__forest *forest) {
  uint32_t shards = (uint32_t)plan->variant.splits;
  int64_t owners = RS_MIN(plan->variant.splits, plan->member_count);
  rs__starts starts;
  rs_status status = rs__starts_create(plan, shards, shards, &starts);
  if (status != RS_OK) return status;
  starts.slot = slot;
  for (uint32_t k = 0; k < shards; k++) {
    starts.roots[k] = plan->position[owner_of(plan, owners, k)];
    starts.first[k + 1] = k + 1;
  }
  return rs__plan_forest(plan, &starts, plan->block / shards, /*needs_reverse=*/true, forest);
}

rs_status rs__build_reduce_scatter_forest(rs__plan *plan) {
  rs__forest forest;
  rs_route_tree tree = {0};
  uint32_t pieces = (uint32_t)plan->variant.splits, n = plan->member_count;
  rs_status status =
      rs__plan_forest_of_all(plan, pieces, plan->block / pieces, /*needs_reverse=*/true, &forest);
  for (uint32_t b = 0; b < n * pieces && status == RS_OK; b++) {
    status = rs__forest_tree(plan, &forest, b, /*toward_root=*/true, &tree);
    if (status != RS_OK) return status;
    rs__run block = {b % n * plan->block, plan->block};
    rs__plan_reduce_tree(plan, &tree, rs__run_part(block, pieces, b / n), /*is_result=*/true);
    status = plan->status;
  }
  return status;
}

/* Shards up the trees of one forest and down those of another, or of the same. */
static rs_status move_shards(rs__plan *plan, const rs__forest *up, const rs__forest *down) {
  rs_route_tree tree = {0};
  rs_status status = RS_OK;
  for (uint32_t k = 0; k < plan->variant.splits && status == RS_OK; k++) {
    status = rs__forest_tree(plan, up, k, /*toward_root=*/true, &tree);
    if (status != RS_OK) return status;
    rs__run shard = shard_of(plan, k);
    uint32_t sum = rs__plan_reduce_tree(plan, &tree, shard, /*is_result=*/true);
    status = rs__forest_tree(plan, down, k, /*toward_root=*/false, &tree);
    if (status != RS_OK) return status;
    rs__origin origin = {RS_BUFFER_OUT, shard.offset, sum};
    rs__plan_spread_tree(plan, &tree, &origin, shard, RS_NONE);
    status = plan->status;
  }
  return status;
}

rs_status rs__build_all_reduce_forest(rs__plan *plan) {
  rs__forest forest;
  rs_status status = grow_shards(plan, NULL, &forest);
  return status == RS_OK ? move_shards(plan, &forest, &forest) : status;
}

/* Slots in which all links of the group are busy when so many blocks come to all. */
static uint32_t busy_slots(const rs__plan *plan, uint32_t blocks) {
  const rs_wiring *w = plan->wiring;
  int64_t links = 0;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t chip = plan->members[i];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      links += plan->position[w->links[l].to] != RS_NONE;
    }
  }
  return (uint32_t)((int64_t)blocks * (plan->member_count - 1) / RS_MAX(links, 1));
}

/* Between summing up and spreading, links wait for the hops in between. So shards take turns: the first
 * turn's sums are spread while the last one's are made. Trees are grown for that, in which a turn starts
 * when links have had their fill of those before; for summing up, which runs the slots backwards, in
 * opposite order. */
rs_status rs__build_staggered_forest(rs__plan *plan) {
  uint32_t shards = (uint32_t)plan->variant.splits;
  uint32_t *slots = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)shards * 2);
  if (slots == NULL) return rs_arena_failed(plan->arena, plan->diag);
  uint32_t busy = busy_slots(plan, shards);
  for (uint32_t k = 0; k < shards; k++) {
    slots[k] = busy * (k % RS__TURNS) / RS__TURNS;
    slots[shards + k] = busy * (RS__TURNS - 1 - k % RS__TURNS) / RS__TURNS;
  }
  rs__forest up, down;
  rs_status status = grow_shards(plan, slots + shards, &up);
  if (status == RS_OK) status = grow_shards(plan, slots, &down);
  if (status != RS_OK) return status;
  /* Spreading begins when the first turn is summed up, so many slots before the last one is. */
  down.rank_base = up.steps + busy * (RS__TURNS - 1) / RS__TURNS;
  up.rank_base = down.steps;
  return move_shards(plan, &up, &down);
}

rs_status rs__build_reduce_forest(rs__plan *plan) {
  rs__forest forest;
  rs_status status = rs__plan_forest_of_all(plan, 1, plan->block / plan->variant.splits,
                                            /*needs_reverse=*/true, &forest);
  return status == RS_OK ? sum_shards(plan, &forest) : status;
}

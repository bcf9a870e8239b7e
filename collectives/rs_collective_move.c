/*
 * The rows that only move: all-gather, broadcast, scatter, gather, all-to-all.
 *
 *   trees    a block (or pieces of it) goes down out-trees of minimal paths, cut through at each hop
 *   shards   broadcast: shard s goes by a path to chip s and from there down an out-tree, so that
 *            the root sends every vector once (van de Geijn's scatter + all-gather)
 *   paths    a block of its own for each receiver: minimal paths, balanced one after another
 */
#include "rs__collective.h"

/* The k-th piece of a block that is read at `from` and goes to `to`. */
typedef struct piece {
  rs__origin origin;
  rs__run target;
} piece;

static piece piece_of(const rs__plan *plan, int64_t from, int64_t to, int64_t k) {
  rs__run source = rs__run_part((rs__run){from, plan->block}, plan->variant.splits, k);
  return (piece){.origin = {RS_BUFFER_IN, source.offset, RS_NONE},
                 .target = {to + source.offset - from, source.count}};
}

rs_status rs__build_all_gather(rs__plan *plan) {
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    for (uint32_t i = 0; i < plan->member_count; i++) {
      rs_route_tree tree;
      rs_status status =
          rs__plan_tree(plan, plan->members[i], /*toward_root=*/false, i + (uint32_t)k, &tree);
      if (status != RS_OK) return status;
      piece p = piece_of(plan, 0, i * plan->block, k);
      rs__plan_spread_tree(plan, &tree, &p.origin, p.target, RS_NONE);
    }
  }
  return plan->status;
}

rs_status rs__build_all_gather_forest(rs__plan *plan) {
  rs__forest forest;
  rs_route_tree tree = {0};
  uint32_t pieces = (uint32_t)plan->variant.splits;
  rs_status status =
      rs__plan_forest_of_all(plan, pieces, plan->block / pieces, /*needs_reverse=*/false, &forest);
  for (uint32_t b = 0; b < plan->member_count * pieces && status == RS_OK; b++) {
    status = rs__forest_tree(plan, &forest, b, /*toward_root=*/false, &tree);
    if (status != RS_OK) return status;
    piece p = piece_of(plan, 0, b % plan->member_count * plan->block, b / plan->member_count);
    rs__plan_spread_tree(plan, &tree, &p.origin, p.target, RS_NONE);
    status = plan->status;
  }
  return status;
}

rs_status rs__build_broadcast_trees(rs__plan *plan) {
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    rs_route_tree tree;
    rs_status status =
        rs__plan_tree(plan, plan->request->root, /*toward_root=*/false, (uint32_t)k, &tree);
    if (status != RS_OK) return status;
    piece p = piece_of(plan, 0, 0, k);
    rs__plan_spread_tree(plan, &tree, &p.origin, p.target, RS_NONE);
  }
  return plan->status;
}

/* Shard k's chip: the members in order after the root, the root itself never. */
static uint32_t shard_chip(const rs__plan *plan, int64_t k) {
  uint32_t others = plan->member_count - 1;
  uint64_t step = (uint64_t)(k % others);
  if (plan->variant.splits < others) step = step * others / (uint64_t)plan->variant.splits;
  uint32_t place = plan->position[plan->request->root] + 1 + (uint32_t)step;
  return plan->members[place % plan->member_count];
}

/* From the root to the shard's chip, which comes before any spreading. Returns the last task. */
static uint32_t send_shard(rs__plan *plan, uint32_t chip, const piece *p, uint32_t rank) {
  uint32_t first = plan->task_count;
  uint32_t last = rs__plan_path(plan, chip, &p->origin, p->target);
  for (uint32_t id = first; last != RS_NONE && id <= last; id++) {
    plan->tasks[id].rank = rank + last - id;
  }
  return last;
}

static rs_status spread_shards(rs__plan *plan, const rs__forest *forest) {
  uint32_t root = plan->request->root;
  rs_route_tree tree = {0};
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    piece p = piece_of(plan, 0, 0, k);
    uint32_t chip = shard_chip(plan, k);
    rs_status status = rs__plan_search(plan, root, /*toward_hub=*/false);
    if (status != RS_OK) return status;
    uint32_t last = send_shard(plan, chip, &p, forest == NULL ? 0 : forest->steps + 1);
    status = forest == NULL ? rs__plan_tree(plan, chip, /*toward_root=*/false, (uint32_t)k, &tree)
                            : rs__forest_tree(plan, forest, plan->position[chip],
                                              /*toward_root=*/false, &tree);
    if (status != RS_OK) return status;
    rs__origin origin = {RS_BUFFER_OUT, p.target.offset, last};
    rs__plan_spread_tree(plan, &tree, &origin, p.target, root);
  }
  return plan->status;
}

rs_status rs__build_broadcast_shards(rs__plan *plan) {
  return plan->member_count == 1 ? RS_OK : spread_shards(plan, NULL);
}

rs_status rs__build_broadcast_forest(rs__plan *plan) {
  rs__forest forest;
  rs_status status = rs__plan_forest_of_all(plan, 1, plan->block / plan->variant.splits,
                                            /*needs_reverse=*/false, &forest);
  return status == RS_OK ? spread_shards(plan, &forest) : status;
}

/* All pieces of one block. */
static void demand_block(rs__plan *plan, uint32_t from, uint32_t to, int64_t from_offset,
                         int64_t to_offset) {
  for (int64_t k = 0; k < plan->variant.splits; k++) {
    piece p = piece_of(plan, from_offset, to_offset, k);
    rs__plan_demand(plan, &(rs__demand){from, to, p.origin, p.target, 0, NULL});
  }
}

rs_status rs__build_scatter(rs__plan *plan) {
  uint32_t root = plan->request->root;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    if (plan->members[i] == root) continue;
    demand_block(plan, root, plan->members[i], i * plan->block, i * plan->block);
  }
  return rs__plan_route(plan, /*toward_hub=*/false, 1);
}

rs_status rs__build_gather(rs__plan *plan) {
  uint32_t root = plan->request->root;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    if (plan->members[i] == root) continue;
    demand_block(plan, plan->members[i], root, 0, i * plan->block);
  }
  return rs__plan_route(plan, /*toward_hub=*/true, 1);
}

rs_status rs__build_all_to_all(rs__plan *plan) {
  uint32_t n = plan->member_count;
  for (uint32_t to = 0; to < n; to++) {
    for (uint32_t step = 1; step < n; step++) {
      uint32_t from = (to + step) % n;
      demand_block(plan, plan->members[from], plan->members[to], to * plan->block,
                   from * plan->block);
    }
  }
  /* In the order of steps: in each one, every chip sends to one and receives from one. */
  return rs__plan_route(plan, /*toward_hub=*/true, (n - 1) * (uint32_t)plan->variant.splits);
}

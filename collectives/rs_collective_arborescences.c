/*
 * Broadcast and reduce on trees that share no link (rs_plan_arborescences.c): each has a part of the message, and
 * as no link is in two trees, nothing waits. A tree's part is as large as its ways are short, so that all end
 * together.
 */
#include "rs__arborescences.h"

static rs_status build(rs__plan *plan, bool inward) {
  uint32_t root = plan->request->root;
  rs__arborescences trees = {0};
  rs_route_tree tree = {0};
  if (plan->member_count == 1) return RS_OK;
  rs_status status =
      rs__plan_arborescences(plan, root, inward, (uint32_t)plan->variant.splits, &trees);
  rs__run run = {0, 0};
  for (uint32_t i = 0; i < trees.count && status == RS_OK; i++) {
    run.offset += run.count;
    run.count = trees.vectors[i];
    if (run.count == 0) continue;
    status = rs__arborescences_tree(plan, &trees, i, root, inward, &tree);
    if (status != RS_OK) return status;
    if (inward) {
      rs__plan_reduce_tree(plan, &tree, run, /*is_result=*/true);
    } else {
      rs__origin origin = {RS_BUFFER_IN, run.offset, RS_NONE};
      rs__plan_spread_tree(plan, &tree, &origin, run, RS_NONE);
    }
    status = plan->status;
  }
  return status;
}

rs_status rs__build_broadcast_arborescences(rs__plan *plan) {
  return build(plan, /*inward=*/false);
}

rs_status rs__build_reduce_arborescences(rs__plan *plan) {
  return build(plan, /*inward=*/true);
}

/*
 * Static routes: which links a vector takes, chosen before the program runs.
 *
 * Everything here is minimal in hops and deterministic. Where several minimal choices exist they
 * are spread by a salt (a number of the caller's, such as the shard index) and by the loads that
 * the caller accumulates, so that trees and paths of different shards use different links.
 */
#ifndef RS_ROUTE_H
#define RS_ROUTE_H

#include "rs_wiring.h"

/* A tree of minimal paths between `root` and the members.
 * out-tree: link[c] is the link by which c receives from its parent;
 * in-tree:  link[c] is the link by which c sends to its parent.
 * Chips outside the tree have link RS_NONE and depth RS_NONE; the root has link RS_NONE, depth 0.
 */
typedef struct rs_route_tree {
  uint32_t root;
  bool toward_root; /* in-tree */
  uint32_t chip_count;
  uint32_t *link;  /* [chip] */
  uint32_t *depth; /* [chip], hops from the root */
  uint32_t *order; /* chips of the tree by depth, then chip; order[0] = root */
  uint32_t order_count;
} rs_route_tree;

typedef struct rs_route_request {
  uint32_t root;
  bool toward_root;
  const uint32_t *members; /* chips that must be in the tree; NULL: all chips */
  uint32_t member_count;
  bool
      members_only; /* true: no relay outside the members; RS_E_INFEASIBLE if they do not connect */
  uint32_t salt;
  uint32_t *link_load; /* NULL, or [link]: read to choose the least loaded, then incremented */
  rs_arena *scratch;   /* NULL: one of its own; the arena of the tree will do */
} rs_route_request;

/* O(links) a tree. Relays that lead to no member are pruned. */
rs_status rs_route_tree_build(rs_arena *arena, const rs_wiring *wiring,
                              const rs_route_request *request, rs_route_tree *tree, rs_diag *diag);

/* One minimal path as link indices; at most `links_max`. RS_E_INFEASIBLE: no path. O(links). */
rs_status rs_route_path(rs_arena *arena, const rs_wiring *wiring, uint32_t from, uint32_t to,
                        uint32_t salt, uint32_t *link_load, uint32_t *links, uint32_t links_max,
                        uint32_t *hops, rs_diag *diag);

#endif

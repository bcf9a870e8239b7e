/*
 * Trees there and back that load every link alike, for long messages.
 *
 * Invariant: in each tree every member but the root has one link that leads on: toward the root of an
 * in-tree, from it of an out-tree; following them ends at the root.
 */
#ifndef RS__PACKED_H
#define RS__PACKED_H

#include "rs__collective.h"

typedef struct rs__packed {
  uint32_t n, trees;     /* members; in-trees, and as many out-trees */
  const uint32_t *roots; /* [tree] places */
  uint32_t *link;        /* [(in-trees, then out-trees) · n + place]; RS_NONE at the root */
  uint32_t load_max;     /* trees on the busiest link */
} rs__packed;

/* An in-tree and an out-tree for each root, among the members alone. RS_E_INFEASIBLE: they do not connect. */
rs_status rs__plan_packed(rs__plan *plan, const uint32_t *roots, uint32_t trees,
                          rs__packed *packed);

/* How many trees of each way, so that links' whole numbers of trees lose little. */
uint32_t rs__packed_count(const rs__plan *plan);

/* What comes first on a link is for the caller to say, in plan->rank_of. `tree` starts zeroed and is overwritten by the next call. */
rs_status rs__packed_tree(rs__plan *plan, const rs__packed *packed, uint32_t k, bool toward_root,
                          rs_route_tree *tree);

#endif

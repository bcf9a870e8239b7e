/*
 * Trees from one root that share no link; private to collectives/.
 */
#ifndef RS__ARBORESCENCES_H
#define RS__ARBORESCENCES_H

#include "rs__collective.h"

#define RS__ARBORESCENCES_MAX 64

typedef struct rs__arborescences {
  uint32_t count;
  uint32_t chips;
  uint32_t *link;  /* [tree · chips + chip] by which it receives, or sends when inward; RS_NONE */
  uint32_t *order; /* [tree · chips + k] chips of the tree, a parent before its children */
  uint32_t *sizes; /* [tree] chips in it */
  int64_t *
      cost; /* [tree] cycles of its longest way, from the start of the first vector to its arrival */
  int64_t *vectors; /* [tree] its part of a message, so that all trees end about together */
} rs__arborescences;

/* At most `most` of them, as many as there are: out of the root to all members, or into it (`inward`). With
 * variant.relays they go over any chip. RS_E_INFEASIBLE: the group does not connect. */
rs_status rs__plan_arborescences(rs__plan *plan, uint32_t root, bool inward, uint32_t most,
                                 rs__arborescences *trees);

/* Gives trees other links so that they are lower, and orders them anew; `inside`: [chip] is in every tree. */
rs_status rs__arborescences_lower(rs__plan *plan, rs__arborescences *trees, const bool *inside,
                                  uint32_t root, bool inward);

/* As a tree for rs__plan_spread_tree and rs__plan_reduce_tree. It starts zeroed and is overwritten by the
 * next call. */
rs_status rs__arborescences_tree(rs__plan *plan, const rs__arborescences *trees, uint32_t index,
                                 uint32_t root, bool inward, rs_route_tree *tree);

#endif

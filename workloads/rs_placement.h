/*
 * Where the groups of a sharding lie in a wiring. Working chips are taken in their order; spares never.
 *
 *   row    groups one behind the other, whatever they lie across
 *   racks  the same, but a group begins with the next rack where it then lies in fewer racks: some
 *          chips at the ends of racks stay free
 *   nodes  a chip of each of `tensor` nodes of a rack: a node of 8 has a chip of eight stages, which
 *          follow each other inside it; nodes of a rack that are left over stay free
 */
#ifndef RS_PLACEMENT_H
#define RS_PLACEMENT_H

#include "rs_arena.h"
#include "rs_sharding.h"
#include "rs_wiring.h"

/* The chips of the first stages: those of stage s are chips[s · tensor …]. *placed: so many of the
 * stages that were wanted have a place; none where the wiring has no racks, or no nodes. The array is
 * the arena's. O(chips). RS_E_NO_MEMORY. */
rs_status rs_placement_fill(rs_arena *arena, const rs_wiring *wiring, rs_placement placement,
                            int64_t tensor, int64_t stages, uint32_t **chips, int64_t *placed,
                            rs_diag *diag);

/* All stages of the request, or RS_E_INFEASIBLE. */
rs_status rs_placement_chips(rs_arena *arena, const rs_wiring *wiring,
                             const rs_sharding_request *request, uint32_t **chips, rs_diag *diag);

const char *rs_placement_word(rs_placement placement); /* "row" "racks" "nodes" */
bool rs_placement_parse(const char *word, rs_placement *placement);

#endif

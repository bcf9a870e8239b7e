/* The inside of the player, shared by its two fidelities. */
#ifndef RS__PLAYER_H
#define RS__PLAYER_H

#include "rs_player.h"

/* When a vector that arrives at a port is in SRAM. */
static inline int64_t rs__player_settled(const rs_timing *timing, const rs_burst *burst,
                                         int64_t arrival_cycles) {
  int64_t add = burst->action == RS_ACTION_ADD ? timing->add_cycles : 0;
  return arrival_cycles + timing->receive_cycles + add;
}

/* True when some vector of `a` and some vector of `b`, on the same link, overlap in time; *cycle is
 * then the first cycle at which the later one of the first such pair starts. Exact. O(log). */
bool rs__player_collide(const rs_timing *timing, const rs_burst *a, const rs_burst *b,
                        int64_t *cycle);

/* Moves words; see rs_player.h. Fills op_end_cycles and network_end_cycles. */
rs_status rs__player_run_vectors(const rs_schedule *schedule, const rs_wiring *wiring,
                                 const rs_play_options *options, rs_play *play, rs_diag *diag);

#endif

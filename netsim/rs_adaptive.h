/*
 * The conventional network: packets in queues, on the same wiring and timing as the schedule.
 *
 * A packet is one vector. Routers are input-queued with credits: each link has a buffer of
 * buffer_vectors a virtual channel at its receiving end, a packet leaves only when the next buffer
 * has room, and heads that want the same link and channel wait first come, first served; a link
 * serves its channels in turn. A packet on its h-th hop uses channel h: channels only rise along a
 * path, so no cycle of waiting buffers can form, whatever the graph and the routing. (With fewer
 * channels than hops the last one is shared by all later hops and a deadlock is possible: it is
 * found and reported, not waited for.) Packets wait for the network at their source, in SRAM, one
 * queue an output link; the destination takes what arrives.
 *
 *   minimal   among the links on shortest paths, the one with the shortest queue; ties by a hash
 *   valiant   first minimally to a random chip, then minimally to the destination
 *   ugal      UGAL-L: at the source, minimal unless queue · hops of one random Valiant path is
 *             smaller (Singh, "Load-balanced routing in interconnection networks", 2005)
 *
 * Latency runs from a packet's creation to its arrival in SRAM: send + Σ (link latency) +
 * (hops − 1) · router_cycles + receive, plus waiting. Time is exact as in rs_timing.h: a link that
 * is always busy sends a vector every slot_num / slot_den cycles.
 *
 * Deterministic in (wiring, timing, config, traffic); one thread. About 2 events a hop.
 */
#ifndef RS_ADAPTIVE_H
#define RS_ADAPTIVE_H

#include "rs_messages.h"
#include "rs_traffic.h"

typedef enum rs_routing {
  RS_ROUTING_MINIMAL,
  RS_ROUTING_VALIANT,
  RS_ROUTING_UGAL,
  RS_ROUTING_COUNT
} rs_routing;

#define RS_ADAPTIVE_CHANNELS_MAX 32

typedef struct rs_adaptive_config {
  rs_routing routing;
  const uint8_t *distance; /* [from · chip_count + to], hops; 255: unreachable */
  int64_t router_cycles;   /* port → port inside a chip, without waiting */
  uint32_t buffer_vectors; /* a link and virtual channel */
  uint32_t channels;       /* 0: as many as the longest path has hops */
  uint64_t seed;
  int64_t age_cycles_max; /* an older packet is reported as stuck; 0: 2^40 */
} rs_adaptive_config;

/* Scratch memory is the arena's. RS_E_INPUT: no distances, zero buffers, a destination that is not
 * reachable; RS_E_REFUSED: a deadlock or a packet beyond the age bound, with the ports that wait
 * for one another. */
rs_status rs_adaptive_simulate(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                               const rs_adaptive_config *config, const rs_traffic_run *run,
                               rs_traffic_result *result, rs_diag *diag);

#define RS_ADAPTIVE_VECTORS_MAX (INT64_C(1) << 25)

/* Messages instead of traffic: each is put into the network at once, a packet a vector, when what it carries
 * is in SRAM and has been read. Scratch memory is the arena's, about 50 bytes a vector that is under way.
 * RS_E_LIMIT: more vectors than the bound above; RS_E_INPUT and RS_E_REFUSED as before. */
rs_status rs_adaptive_messages(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                               const rs_adaptive_config *config, const rs_messages *messages,
                               rs_messages_result *result, rs_diag *diag);

const char *rs_routing_word(rs_routing routing); /* "minimal" "valiant" "ugal" */
bool rs_routing_parse(const char *word, rs_routing *routing);

#endif

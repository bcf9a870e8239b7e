/*
 * The inside of the adaptive network.
 *
 *   rs_adaptive.c           the run: set-up, packets of a traffic, results
 *   rs_adaptive_engine.c    links, buffers, credits, routing: what a packet meets
 *   rs_adaptive_messages.c  messages with dependencies instead of traffic
 *   rs_adaptive_stuck.c     who waits for whom when nothing moves
 *
 * Nodes of the event wheel, in this order: a link that becomes free, a link to which a credit comes
 * back, a chip or message that makes packets, a packet that becomes ready at a router.
 */
#ifndef RS__ADAPTIVE_H
#define RS__ADAPTIVE_H

#include "rs__latency.h"
#include "rs__wheel.h"
#include "rs_adaptive.h"
#include "rs_random.h"

#define RS__NO_PACKET UINT32_MAX
/* Of minimal links to one target more are not looked at where there is no table. */
#define RS__MINIMAL_LINKS_MAX 64

typedef struct rs__packet {
  int64_t made_cycles;
  uint32_t to;
  uint32_t via; /* where minimal routing heads for first; RS_NONE once passed */
  uint32_t
      next; /* in its buffer, in the list of those that wait at their source, or among the free */
  uint32_t at;        /* the buffer it holds: link · channels + channel; RS_NONE at its source */
  uint32_t wait_next; /* in the list of those that wait for its link */
  uint32_t message;
  uint8_t hops;
  bool measured;
} rs__packet;

typedef struct rs__fifo {
  uint32_t head, tail;
} rs__fifo;

/* One link and channel. `buffer` is at the receiving end; `waiting` are packets (heads of other
 * buffers, or at their source) that want to cross the link in this channel. */
typedef struct rs__lane {
  rs__fifo buffer;
  rs__fifo waiting;
  uint32_t credits;
} rs__lane;

/* Credits under way to a link's sending end, in the order in which they come: all take the same time.
 * Rings grow when they are full; most stay as small as they begin, and so in the cache. */
typedef struct rs__credits {
  int64_t *times; /* time_cycles · RS_ADAPTIVE_CHANNELS_MAX + channel */
  uint32_t mask;  /* places − 1 */
  uint32_t first, count;
} rs__credits;

typedef struct rs__port {
  int64_t free_cycles; /* free from free_cycles + free_rest / slot_den on */
  int64_t free_rest;
  int64_t latency_cycles;
  uint64_t sent;
  uint32_t to;
  uint32_t lanes_waiting;    /* a bit a channel that has waiting packets */
  uint32_t turn;             /* the channel to be served next */
  bool free_due, credit_due; /* its nodes have an event under way */
  bool is_starved;           /* when it was served last, packets waited and none had a credit */
} rs__port;

/* The minimal links of all pairs, where there are few enough chips for a table. Most pairs have one, which
 * the entry is itself; the others have a list of a count and so many links. */
#define RS__HOPS_LIST (UINT32_C(1) << 31)

typedef struct rs__next_hops {
  uint32_t *
      entry; /* [chip · chips + target] a link, or RS__HOPS_LIST + place in `lists`; NULL: no table */
  uint32_t *lists;
} rs__next_hops;

typedef struct rs__machine {
  const rs_wiring *wiring;
  const rs_timing *timing;
  const rs_adaptive_config *config;
  void *source; /* of packets: the traffic's or the messages' own data */
  rs_traffic_result *result;
  rs_arena *arena;
  rs__wheel wheel;
  rs_random random;
  rs__lane *lanes;      /* [link · channels + channel] */
  rs__credits *credits; /* [link] */
  rs__port *ports;      /* [link] */
  uint32_t *waiting;    /* [link] packets over all lanes: what routing looks at */
  rs__packet *packets;
  uint32_t packet_count, packet_capacity, free_packet;
  uint32_t channels;
  uint32_t buffer;               /* vectors a lane */
  int64_t slot_whole, slot_rest; /* a slot in cycles and parts of slot_den */
  rs__next_hops hops;
  uint32_t *to_route; /* buffers whose head has no route yet: at most one a buffer */
  uint32_t to_route_count;
  uint32_t maker_first, packet_first; /* nodes */
  uint64_t under_way;
  bool failed; /* no memory */
} rs__machine;

static inline uint8_t rs__adaptive_distance(const rs__machine *m, uint32_t from, uint32_t to) {
  return m->config->distance[(size_t)from * m->wiring->chip_count + to];
}

/* ---- rs_adaptive.c ---- */

/* m's wiring, timing, config, result and arena are set; the rest is made here, with `makers` nodes that are
 * the caller's. */
rs_status rs__adaptive_create(rs__machine *m, uint32_t makers, rs_diag *diag);

/* Who makes packets, and what becomes of them. */
typedef struct rs__adaptive_source {
  rs_status (*make)(rs__machine *m, uint32_t maker, rs_diag *diag); /* a maker's event */
  void (*arrive)(rs__machine *m, const rs__packet *packet);
  bool (*is_complete)(const rs__machine *m); /* looked at after every event */
} rs__adaptive_source;

/* Runs until nothing is left, an event lies behind end_cycles, or all is complete. */
rs_status rs__adaptive_run(rs__machine *m, const rs__adaptive_source *source, int64_t end_cycles,
                           rs_diag *diag);

/* ---- rs_adaptive_engine.c ---- */

/* Makes a packet that asks for its first link now; RS__NO_PACKET: no memory. */
uint32_t rs__adaptive_inject(rs__machine *m, uint32_t from, uint32_t to, int64_t made_cycles);
/* An event of a link or a packet. true: the packet *index has arrived and is gone. */
bool rs__adaptive_handle(rs__machine *m, uint32_t node, uint32_t *index);
void rs__adaptive_release(rs__machine *m, uint32_t index);
/* Heads of buffers that came to the front during the event ask for their links. */
void rs__adaptive_route_pending(rs__machine *m);

/* ---- rs_adaptive_stuck.c ---- */

rs_status rs__adaptive_check_ages(const rs__machine *m, rs_diag *diag);
/* Events are over but packets are not: nothing will ever move them. */
rs_status rs__adaptive_check_drained(const rs__machine *m, rs_diag *diag);

#endif

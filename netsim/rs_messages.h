/*
 * A schedule without its timetable: the same transfers as messages that wait for what they carry.
 *
 * For networks that decide by themselves when and which way (adaptive, fluid). A message takes a run of
 * vectors from one chip's memory to another's. Bursts that only pass through a hop buffer are not
 * messages: the network routes from the first chip to the last. Long runs are cut, so that a chain of
 * chips can pass on what has come while the rest is under way, as software would.
 *
 * A message may begin when every message has ended whose vectors it carries (and, in sums, contains).
 * Messages that wait for the same ones share a gate. Invariant: what a message waits for has a lower index.
 * Left out: waiting before something is overwritten; as if there were room for both.
 */
#ifndef RS_MESSAGES_H
#define RS_MESSAGES_H

#include "rs_schedule.h"

typedef struct rs_message {
  uint32_t from, to; /* chips */
  uint32_t gate;     /* RS_NONE: waits for nothing */
  bool adds;         /* the receiver sums it into its memory */
  int64_t vectors;
  int64_t start_cycles; /* not before: when the operation's input is in SRAM */
} rs_message;

typedef struct rs_gate {
  uint64_t first; /* into `waits` */
  uint32_t count;
} rs_gate;

typedef struct rs_messages {
  rs_message *messages;
  uint32_t message_count;
  int64_t vectors; /* of all messages */
  rs_gate *gates;
  uint32_t gate_count, gate_capacity;
  uint32_t *waits; /* messages that gates wait for */
  uint64_t wait_count, wait_capacity;
} rs_messages;

/* Cuts runs into at most segment_vectors (0: 16 and as many more as keep the count below 2^20).
 * Sorts the schedule. Memory is the arena's. RS_E_REFUSED: the schedule is not well formed;
 * RS_E_INFEASIBLE: it has compute intervals; RS_E_LIMIT: more than 2^22 messages. */
rs_status rs_messages_extract(rs_arena *arena, rs_schedule *schedule, const rs_wiring *wiring,
                              int64_t segment_vectors, rs_messages **messages, rs_diag *diag);

/* What a network made of them. Times count from cycle 0, as a makespan does. */
typedef struct rs_messages_result {
  int64_t end_cycles; /* the last result is in SRAM, rounded up to a cycle */
  uint64_t hops;      /* vectors · links crossed */
  uint32_t links_used;
  uint32_t busiest_link; /* RS_NONE: no link was used */
  uint64_t busiest_link_vectors;
  uint64_t events; /* 0: the network does not count them */
} rs_messages_result;

/* Who waits for whom, turned round: the gates that a message's end brings closer, and the messages behind a
 * gate. */
typedef struct rs_messages_index {
  uint64_t *gate_first; /* [message], one more at the end: into gates */
  uint32_t *gates;
  uint32_t *user_first; /* [gate], one more at the end: into users */
  uint32_t *users;
} rs_messages_index;

rs_status rs_messages_index_create(rs_arena *arena, const rs_messages *messages,
                                   rs_messages_index *index, rs_diag *diag);

/* From the arrival of a message's last vector at the port until it is in SRAM. */
static inline int64_t rs_message_tail(const rs_timing *timing, const rs_message *message) {
  return timing->receive_cycles + (message->adds ? timing->add_cycles : 0);
}

#endif

/*
 * The player: runs a schedule on the global clock, as events, and reports what happened.
 *
 * Two fidelities that must agree to the cycle:
 *   burst    one departure and one arrival event a burst: cost independent of message size
 *   vector   one event a vector and link; memory is real: every vector is a 64-bit word (a seeded
 *            random value for each e(chip, address)), bursts move and add words, and at the end the
 *            result of every operation is compared with its definition in rs_schedule.h
 * The player does not trust the schedule: a link that is busy when a burst wants it, a word that
 * has not arrived when it is read, or a wrong result is reported as the first fault, with its
 * cycle. (Proving is the checker's work and does not use this code.)
 *
 * Vector fidelity needs Σ (vectors · chips) words of memory; beyond `memory_limit_bytes` it is
 * RS_E_LIMIT. Deterministic; one thread. Stalls are events of all chips at once: the clock of the
 * events stands still in them.
 */
#ifndef RS_PLAYER_H
#define RS_PLAYER_H

#include "rs_schedule.h"

typedef enum rs_fidelity { RS_FIDELITY_BURST, RS_FIDELITY_VECTOR } rs_fidelity;

/* Something that breaks while a schedule runs. Nobody notices: chips go on by the timetable, with
 * whatever is in their memory. */
typedef struct rs_outage {
  int64_t at_cycles;
  const bool *dead_links; /* [link]: what has not arrived whole by then is lost; NULL: none */
  const bool
      *dead_chips;     /* [chip]: its links are dead; results on it are not counted; NULL: none */
  uint32_t error_link; /* the first vector that departs on it from then on arrives wrong; RS_NONE */
} rs_outage;

/* What an outage costs. A result is a vector that an operation's definition asks for. */
typedef struct rs_loss {
  uint64_t vectors_lost; /* on links */
  uint64_t results;      /* on chips that live */
  uint64_t results_lost; /* of them: missing or wrong at the end */
  uint32_t ops_hit;      /* operations with a result that is lost */
  uint32_t chips_hit;
  int64_t first_cycles; /* when the first vector that is lost should have arrived; −1: none */
  uint32_t first_burst; /* its burst; RS_NONE */
} rs_loss;

typedef struct rs_play_options {
  rs_fidelity fidelity;
  uint64_t seed;             /* of the words, for vector fidelity */
  size_t memory_limit_bytes; /* 0: 4 GiB */
  int64_t *op_end_cycles;    /* NULL, or op_count entries: when the op's last result is in SRAM */
  int64_t *link_busy_slots;  /* NULL, or link_count entries: vectors that each link carried */
  const rs_outage
      *outage;   /* NULL: none. Vector fidelity only (asserted); wrong results then go … */
  rs_loss *loss; /* … here, and are no fault */
} rs_play_options;

typedef struct rs_play {
  int64_t makespan_cycles;
  int64_t network_end_cycles; /* last result in SRAM */
  int64_t compute_end_cycles; /* last compute interval's end */
  uint64_t events;
  uint64_t bursts;
  uint64_t vector_hops; /* vectors · links crossed */
  uint32_t links_used;
  uint32_t busiest_link;      /* RS_NONE when no burst */
  int64_t busiest_link_slots; /* vectors on it */
  uint64_t stalls;            /* that each chip executed, */
  int64_t stall_cycles;       /* and what they took: the makespan on the wall is longer by it */
  int64_t bytes_moved;        /* vector_hops · vector_bytes, payload */
} rs_play;

/* RS_E_REFUSED with the first fault; RS_E_LIMIT; RS_E_OVERFLOW when a time leaves 2^60 cycles. */
rs_status rs_player_run(const rs_schedule *schedule, const rs_wiring *wiring,
                        const rs_play_options *options, rs_play *play, rs_diag *diag);

#endif

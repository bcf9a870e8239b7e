/*
 * The inside of the player: what its two fidelities share, and the words of vector fidelity.
 *
 * The fidelities share the schedule, the tally that results are made of, and the order in which
 * bursts are begun. They do not share how a link's conflicts are found nor how times are added up:
 * that they agree is a test.
 */
#ifndef RS__PLAYER_H
#define RS__PLAYER_H

#include "rs_event_queue.h"
#include "rs_player.h"

typedef struct rs__player {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs_play_options *options;
  rs_play *play;
  rs_diag *diag;
  rs_event_queue *events;
  bool in_order;   /* bursts stand by start: each departure brings the next burst's */
  int64_t *slots;  /* [link] vectors carried */
  int64_t *op_end; /* [op] last result in SRAM */
} rs__player;

/* Departures before arrivals or the other way round at one time: the fidelities do not depend on
 * the order in which the queue hands them out. */
enum { RS__EVENT_DEPART, RS__EVENT_ARRIVE, RS__EVENT_STALL };

rs_status rs__player_run_bursts(rs__player *player);
rs_status rs__player_run_vectors(rs__player *player);

/* Pushes the departure of the first burst, or of all when they are not in order. */
bool rs__player_begin(rs__player *player);
/* Every chip stalls before the cycle of the event; the wall's clock goes on. */
void rs__player_stall(rs__player *player, const rs_event *event);

/* Called when a burst's first vector departs: pushes the departure of the next burst. */
bool rs__player_begin_next(rs__player *player, uint32_t burst);

/* Counts vectors that left on a burst's link. */
void rs__player_count(rs__player *player, const rs_burst *burst, int64_t vectors);
/* Notes that a vector of a burst arrived: the operation does not end before it is in SRAM. */
void rs__player_arrive(rs__player *player, const rs_burst *burst, int64_t arrival_cycles);

/* True when some vector of `a` and some vector of `b`, on the same link, overlap in time; *cycle is
 * then the first cycle at which the later one of such a pair departs. Exact. O(log stride). */
bool rs__player_collide(const rs_timing *timing, const rs_burst *a, const rs_burst *b,
                        int64_t *cycle);

/* ---- memory of vector fidelity ---- */

typedef struct rs__word {
  uint64_t value;
  int64_t departs_cycles; /* may leave from then on; −1: there is nothing here */
  int64_t settled_cycles; /* in SRAM, all adds done, from then on */
  int64_t arrived_cycles; /* an add may come from then on */
} rs__word;

/* The memory of one operation on one chip: in, out, tmp, one behind the other. */
typedef struct rs__words_bank {
  size_t first; /* index of its first word */
  uint32_t op, chip;
  uint64_t feeder;       /* compute interval that makes its input; UINT64_MAX: none */
  int64_t result_cycles; /* its whole result is in SRAM; known after the results were checked */
} rs__words_bank;

typedef struct rs__memory {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_diag *diag;
  uint64_t seed;
  rs__word *words;
  rs__words_bank *banks;
  uint32_t bank_count, bank_capacity;
  uint32_t *slots; /* hash of (op, chip) → bank + 1 */
  uint32_t slot_count;
  size_t *source_first; /* [burst] word that its vector 0 is read from */
  size_t *target_first; /* [burst] word that its vector 0 is written to */
} rs__memory;

/* Inputs and the parts of `out` that hold them at the start. RS_E_LIMIT beyond limit_bytes. */
rs_status rs__memory_init(rs__memory *memory, const rs__player *player);
void rs__memory_deinit(rs__memory *memory);

/* At the end: every result against the table in rs_schedule.h, and every compute interval that reads
 * an operation against the time when the result was there. */
rs_status rs__memory_check_results(rs__memory *memory);

static inline bool rs__word_is(const rs__word *word, uint64_t value) {
  return word->departs_cycles >= 0 && word->value == value;
}

/* Every result word of an operation with the value that it must have; of one chip, or of all
 * (RS_NONE). Stops at the first visit that does not return RS_OK. */
typedef rs_status rs__memory_visit(void *context, rs__words_bank *bank, int64_t address,
                                   const rs__word *word, uint64_t value);
rs_status rs__memory_visit_results(rs__memory *memory, uint32_t op, uint32_t only_chip,
                                   rs__memory_visit *visit, void *context);

/* ---- rs_player_loss.c: playing with an outage ---- */

/* What is added to a word to spoil it: never 0, another for each (op or burst, chip or vector). */
uint64_t rs__memory_spoil_of(uint32_t what, uint64_t which, int64_t k);

/* Spoils a chip's own input of an operation, and the copy of it that stands in `out`. */
void rs__memory_spoil_input(rs__memory *memory, uint32_t op, uint32_t chip);

typedef struct rs__losing {
  const rs_outage *outage;
  rs_loss *loss;
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  rs__memory *memory;
  uint64_t *computes; /* intervals that read a result, by start */
  uint64_t compute_count, compute_next;
  bool *chip_hit;       /* [chip] has a result that is lost */
  uint32_t error_burst; /* whose vector the bit error hits; RS_NONE: none yet */
  int64_t error_vector;
} rs__losing;

rs_status rs__losing_init(rs__losing *losing, const rs__player *player, rs__memory *memory);
void rs__losing_deinit(rs__losing *losing);

/* The word that a vector, arriving now, brings: its own, or a spoiled one. rides: to a further place of
 * its transmission; it is not lost once more. */
uint64_t rs__losing_deliver(rs__losing *losing, uint32_t burst, int64_t k, int64_t now_cycles,
                            uint64_t value, bool rides);
/* Intervals that start at or before `cycles` hand on what is wrong in what they read. */
void rs__losing_compute(rs__losing *losing, int64_t cycles);
/* Counts results that are wrong at the end. */
void rs__losing_tally(rs__losing *losing);

#endif

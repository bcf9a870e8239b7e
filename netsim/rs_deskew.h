/*
 * Programs on local clocks: when a chip executes a cycle of its schedule.
 *
 * DESKEW: every chip stalls until its counter (HAC, rs_hac.h) is at an agreed epoch edge, and begins
 * cycle 0 of the schedule there. From then on its software counter (SAC) counts its own ticks: the
 * program drifts with the oscillator. RUNTIME_DESKEW, before each cycle that is a multiple of
 * resync_cycles: it stalls stall_cycles − (HAC − SAC) ticks, so that a chip that ran ahead waits longer
 * and one that lagged waits less, and all have again spent what the schedule says. A chip cannot wait
 * less than nothing: what stall_cycles does not cover is left to the next one.
 *
 * So deskew costs a schedule stall_cycles every resync_cycles, on all chips at the same cycle; nothing
 * else in it moves. What it must leave is a margin: the receive of a vector stands
 * margin_cycles after the vector's nominal arrival, and whatever makes it later (a longer cable, a
 * sender that lags the receiver) must fit in there. rs_deskew_need adds these up:
 *
 *   margin ≥ cable + alignment + drift
 *     cable      3 standard deviations of the cables' latency
 *     alignment  levels · level error: depths of both ends of a link in the tree, added up
 *     drift      ⌈2·offset · (resync + what one hop takes)⌉
 *
 * Level error (rs_deskew_level_error_milli): the characterised latency is half of a way there and back
 * in whole ticks, rounded, so up to 1.5 above and 0.5 below the cable's; what arrives is seen at the
 * next tick, up to 1 later. So the time that a child aims at is less than 1.5 cycles from its parent's,
 * either way, and what drifts in an epoch and on the way comes on top. A child never steps beyond what
 * it aims at, and while it is outside it steps back faster than it drifts: if its parent is always
 * within B of the root, it is within B + 1.5 and the drift. So a chip at depth d is within d times that
 * of the root's time, whatever its parents do, and two chips are within the sum.
 */
#ifndef RS_DESKEW_H
#define RS_DESKEW_H

#include "rs_hac.h"

typedef struct rs_deskew_config {
  int64_t offset_ppb;           /* of oscillators, wander included */
  int64_t resync_cycles;        /* 0: never again after the start */
  int64_t stall_cycles;         /* 0: what the worst correction asks for */
  int64_t longest_stall_cycles; /* when stalls differ; 0: they do not */
  int64_t margin_cycles;
  int64_t latency_cycles; /* the longest class in use */
  int64_t fifo_vectors;   /* that a port holds between arrival and receive */
  int64_t sigma_millicycles;
  uint32_t depth;  /* of the tree */
  uint32_t levels; /* depths of the two ends of a link in use, added up, at most */
  int64_t slot_num, slot_den;
  int64_t run_cycles; /* of the schedule: what drifts when there is no resync */
} rs_deskew_config;

typedef struct rs_deskew_need {
  int64_t cable_milli; /* 1/1000 cycle */
  int64_t alignment_milli;
  int64_t drift_milli;
  int64_t margin_cycles; /* that these ask for */
  int64_t stall_cycles;  /* what is stalled, or must be when it was not given */
  int64_t fifo_vectors;  /* that may wait at a port at once, with the configured margin */
} rs_deskew_need;

int64_t rs_deskew_level_error_milli(int64_t offset_ppb, int64_t latency_cycles);

/* Worst case at the configured offset. */
rs_deskew_need rs_deskew_find_need(const rs_deskew_config *config);

/* True when nothing can arrive late, no port overflows, every stall covers its correction, and one
 * step an epoch can follow the oscillators. */
bool rs_deskew_is_safe(const rs_deskew_config *config);

/* The largest offset (ppb) at which rs_deskew_is_safe; −1: none. By bisection: need grows with it. */
int64_t rs_deskew_safe_ppb(const rs_deskew_config *config);

/* RS_E_INPUT: offsets that one step an epoch cannot follow: 256 · 2·offset / (1 − offset) ≥ 1. */
rs_status rs_deskew_check_tracking(const rs_deskew_config *config, rs_diag *diag);

/* The same, and a stall as long as its interval. */
rs_status rs_deskew_config_check(const rs_deskew_config *config, rs_diag *diag);

/* ---- a chip's program ---- */

typedef struct rs_program_piece {
  int64_t cycle; /* of the schedule, … */
  int64_t tick;  /* … executed at this tick; the following ones tick by tick */
} rs_program_piece;

typedef struct rs_program {
  const rs_clock *clock;
  rs_program_piece *pieces;
  uint32_t count;
  uint32_t short_stalls;     /* that could not cover their correction */
  int64_t correction_cycles; /* largest |HAC − SAC| */
} rs_program;

/* Begins at counter value `begin` and covers cycles up to `end`. With resync_cycles = 0 one piece. */
rs_status rs_program_build(rs_arena *arena, const rs_clock *clock, const rs_hac *hac, int64_t begin,
                           int64_t end, int64_t resync_cycles, int64_t stall_cycles,
                           rs_program *program, rs_diag *diag);

int64_t rs_program_tick(const rs_program *program, int64_t cycle);
rs_int128 rs_program_time_fs(const rs_program *program, int64_t cycle);
/* The last cycle that was executed at or before a time. */
int64_t rs_program_cycle_before(const rs_program *program, rs_int128 time_fs);
/* The first cycle after `cycle` at which the map from cycles to time changes its slope or jumps;
 * INT64_MAX: none. */
int64_t rs_program_next_change(const rs_program *program, int64_t cycle);

#endif

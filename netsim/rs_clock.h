/*
 * A chip's own clock: an exact map between its ticks and global time.
 *
 * An oscillator runs at its nominal frequency, off by a constant part and, optionally, by a part that
 * wanders. Between changes of frequency a tick lasts a fixed number of 2^-32 femtoseconds, an integer;
 * so global time is piecewise linear in ticks, nothing is ever rounded twice, and after 2^50 ticks (13
 * days at 900 MHz) the map is as exact as after one.
 *
 *   rs_clock_time_fs       tick → ⌊global femtoseconds⌋; strictly monotone
 *   rs_clock_tick_before   femtoseconds → the last tick at or before: its exact inverse
 *
 * Tick 0 lies at a drawn fraction of a period after global 0. Before the first piece and after the last
 * the map goes on as it does in them. Memory is the arena's; O(log pieces) a query.
 */
#ifndef RS_CLOCK_H
#define RS_CLOCK_H

#include "rs_arena.h"
#include "rs_math.h"

#define RS_CLOCK_HZ_MIN INT64_C(1000000) /* a period must fit 63 bits of 2^-32 fs */
#define RS_CLOCK_HZ_MAX INT64_C(1000000000000)
#define RS_CLOCK_OFFSET_PPB_MAX INT64_C(100000000) /* a tenth: no oscillator is that wrong */
#define RS_CLOCK_TICKS_MAX (INT64_C(1) << 50)

typedef struct rs_clock_piece {
  rs_int128 start; /* of `tick`, in 2^-32 fs */
  int64_t tick;
  int64_t period; /* of a tick, in 2^-32 fs */
} rs_clock_piece;

typedef struct rs_clock {
  rs_arena *arena;
  rs_clock_piece *pieces; /* by tick */
  uint32_t count, capacity;
} rs_clock;

typedef struct rs_clock_config {
  int64_t clock_hz;
  int64_t offset_ppb; /* the constant part lies within ± this */
  int64_t wander_ppb; /* the other part stays within ± this; 0: none */
  bool is_extreme;    /* constant parts are at one end or the other, not in between */
  uint64_t seed;
} rs_clock_config;

/* RS_E_INPUT: a frequency or an offset that no oscillator has. */
rs_status rs_clock_config_check(const rs_clock_config *config, rs_diag *diag);

/* ⌊2^32 · 10^15 / (clock_hz · (1 + offset · 10^-18)) + 1/2⌋: the period in 2^-32 fs. */
int64_t rs_clock_period(int64_t clock_hz, int64_t offset_atto);

/* A clock whose tick 0 is at `start` (2^-32 fs). RS_E_NO_MEMORY. */
rs_status rs_clock_init(rs_clock *clock, rs_arena *arena, rs_int128 start, int64_t period,
                        rs_diag *diag);

/* From `tick` on, which is at or after the last piece's, a tick lasts `period`. */
rs_status rs_clock_append(rs_clock *clock, int64_t tick, int64_t period, rs_diag *diag);

/* Draws the oscillator of a chip, with wander up to tick `end`. *offset_ppb, unless NULL, is the
 * constant part. The same seed and chip give the same clock on any machine. */
rs_status rs_clock_draw(rs_clock *clock, rs_arena *arena, const rs_clock_config *config,
                        uint32_t chip, int64_t end, int64_t *offset_ppb, rs_diag *diag);

/* Of the piece that a tick, or a time in 2^-32 fs, lies in. */
uint32_t rs_clock_piece_of_tick(const rs_clock *clock, int64_t tick);
uint32_t rs_clock_piece_of_time(const rs_clock *clock, rs_int128 time);

rs_int128 rs_clock_time_fs(const rs_clock *clock, int64_t tick);
int64_t rs_clock_tick_before(const rs_clock *clock, rs_int128 time_fs);
/* The first tick at or after a time: when a chip can see what happened then. */
int64_t rs_clock_tick_after(const rs_clock *clock, rs_int128 time_fs);

#endif

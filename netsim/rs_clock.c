/* Oscillators as exact piecewise-linear maps. All state is integers; 128 bits hold 2^50 ticks of up to
 * 2^63 units each, and a start of as much again. */
#include "rs_clock.h"

#include <string.h>

#include "rs_random.h"

#define FRACTION_BITS 32
#define PPB_ATTO INT64_C(1000000000) /* 10^-9 in 10^-18 */

/* Ticks from one change of the wandering part to the next, and its largest step as a part of its
 * bound: so slow that an exchange of counters sees a constant, as oscillators under heat are. */
enum { WANDER_TICKS = 16384, WANDER_STEPS = 8 };

rs_status rs_clock_config_check(const rs_clock_config *config, rs_diag *diag) {
  if (config->clock_hz < RS_CLOCK_HZ_MIN || config->clock_hz > RS_CLOCK_HZ_MAX) {
    rs_diag_set(diag, RS_E_INPUT, "no oscillator runs at %lld Hz", (long long)config->clock_hz);
    rs_diag_expect(diag, "1 MHz to 1 THz");
    return RS_E_INPUT;
  }
  bool is_negative = config->offset_ppb < 0 || config->wander_ppb < 0;
  if (is_negative || config->offset_ppb > RS_CLOCK_OFFSET_PPB_MAX ||
      config->wander_ppb > RS_CLOCK_OFFSET_PPB_MAX) {
    rs_diag_set(diag, RS_E_INPUT, "no oscillator is off by %lld ppb and wanders by %lld ppb",
                (long long)config->offset_ppb, (long long)config->wander_ppb);
    rs_diag_expect(diag, "0 to %lld ppb each", (long long)RS_CLOCK_OFFSET_PPB_MAX);
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* 10^33 · 2^32 has 142 bits, so the quotient comes in two steps: whole femtoseconds, then the rest. */
int64_t rs_clock_period(int64_t clock_hz, int64_t offset_atto) {
  const rs_int128 atto = (rs_int128)1000000000 * 1000000000;
  rs_int128 rate = (atto + offset_atto) * clock_hz; /* in 10^-18 Hz; below 2^101 */
  rs_int128 femto = atto * 1000000000 * 1000000;    /* 10^33, below 2^110 */
  assert(rate > 0);
  rs_int128 whole = femto / rate;
  rs_int128 rest = femto % rate;
  rs_int128 period = whole;
  for (int i = 0; i < FRACTION_BITS; i++) {
    rest *= 2;
    period = period * 2 + (rest >= rate ? 1 : 0);
    if (rest >= rate) rest -= rate;
  }
  if (2 * rest >= rate) period++;
  assert(period > 0 && period <= INT64_MAX);
  return (int64_t)period;
}

/* ---- building ---- */

static rs_status grow(rs_clock *clock, rs_diag *diag) {
  uint32_t capacity = RS_MAX(2 * clock->capacity, UINT32_C(4));
  rs_clock_piece *larger = RS_ARENA_NEW(clock->arena, rs_clock_piece, capacity);
  if (larger == NULL) return rs_arena_failed(clock->arena, diag);
  if (clock->count > 0) memcpy(larger, clock->pieces, clock->count * sizeof *larger);
  clock->pieces = larger;
  clock->capacity = capacity;
  return RS_OK;
}

rs_status rs_clock_init(rs_clock *clock, rs_arena *arena, rs_int128 start, int64_t period,
                        rs_diag *diag) {
  assert(period > 0);
  *clock = (rs_clock){.arena = arena};
  rs_status status = grow(clock, diag);
  if (status != RS_OK) return status;
  clock->pieces[clock->count++] = (rs_clock_piece){.start = start, .tick = 0, .period = period};
  return RS_OK;
}

rs_status rs_clock_append(rs_clock *clock, int64_t tick, int64_t period, rs_diag *diag) {
  const rs_clock_piece *last = &clock->pieces[clock->count - 1];
  assert(tick >= last->tick && period > 0);
  if (period == last->period) return RS_OK;
  rs_int128 start = last->start + (rs_int128)(tick - last->tick) * last->period;
  if (clock->count == clock->capacity) {
    rs_status status = grow(clock, diag);
    if (status != RS_OK) return status;
  }
  clock->pieces[clock->count++] = (rs_clock_piece){start, tick, period};
  return RS_OK;
}

/* A walk with steps of up to an eighth of its bound, which turns back at ± the bound. */
static int64_t wander_on(rs_random *random, int64_t wander, int64_t bound) {
  int64_t step = RS_MAX(bound / WANDER_STEPS, INT64_C(1));
  wander += rs_random_between(random, -step, step);
  if (wander > bound) wander = 2 * bound - wander;
  if (wander < -bound) wander = -2 * bound - wander;
  return wander;
}

rs_status rs_clock_draw(rs_clock *clock, rs_arena *arena, const rs_clock_config *config,
                        uint32_t chip, int64_t end, int64_t *offset_ppb, rs_diag *diag) {
  rs_random random;
  rs_random_init(&random, config->seed, chip);
  int64_t bound = config->offset_ppb;
  int64_t offset = rs_random_between(&random, -bound, bound);
  if (config->is_extreme) offset = offset < 0 ? -bound : bound;
  int64_t wander = rs_random_between(&random, -config->wander_ppb, config->wander_ppb);
  int64_t period = rs_clock_period(config->clock_hz, (offset + wander) * PPB_ATTO);
  rs_int128 start = (rs_int128)rs_random_below(&random, (uint64_t)period);
  rs_status status = rs_clock_init(clock, arena, start, period, diag);
  if (offset_ppb != NULL) *offset_ppb = offset;
  if (config->wander_ppb == 0) return status;
  for (int64_t tick = WANDER_TICKS; tick < end && status == RS_OK; tick += WANDER_TICKS) {
    wander = wander_on(&random, wander, config->wander_ppb);
    period = rs_clock_period(config->clock_hz, (offset + wander) * PPB_ATTO);
    status = rs_clock_append(clock, tick, period, diag);
  }
  return status;
}

/* ---- asking ---- */

uint32_t rs_clock_piece_of_tick(const rs_clock *clock, int64_t tick) {
  uint32_t low = 0;
  uint32_t high = clock->count - 1; /* questions are mostly about the latest pieces */
  if (tick >= clock->pieces[high].tick) return high;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (clock->pieces[middle].tick <= tick) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

uint32_t rs_clock_piece_of_time(const rs_clock *clock, rs_int128 time) {
  uint32_t low = 0;
  uint32_t high = clock->count - 1;
  if (time >= clock->pieces[high].start) return high;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (clock->pieces[middle].start <= time) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/* ⌊a / b⌋ for any a, b > 0. */
static rs_int128 floor_div(rs_int128 a, rs_int128 b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

rs_int128 rs_clock_time_fs(const rs_clock *clock, int64_t tick) {
  const rs_clock_piece *p = &clock->pieces[rs_clock_piece_of_tick(clock, tick)];
  rs_int128 time = p->start + (rs_int128)(tick - p->tick) * p->period;
  return floor_div(time, (rs_int128)1 << FRACTION_BITS);
}

/* Tick n is at or before `time_fs` when ⌊its time⌋ ≤ time_fs, so when it lies before the next whole
 * femtosecond. */
int64_t rs_clock_tick_before(const rs_clock *clock, rs_int128 time_fs) {
  rs_int128 last = (time_fs + 1) * ((rs_int128)1 << FRACTION_BITS) - 1;
  const rs_clock_piece *p = &clock->pieces[rs_clock_piece_of_time(clock, last)];
  return p->tick + (int64_t)floor_div(last - p->start, p->period);
}

int64_t rs_clock_tick_after(const rs_clock *clock, rs_int128 time_fs) {
  return rs_clock_tick_before(clock, time_fs - 1) + 1;
}

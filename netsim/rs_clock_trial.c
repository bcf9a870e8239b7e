/* A draw from switching on to the last vector, for both ways to make one clock of many. */
#include "rs_clock_trial.h"

#include "rs_deskew_stalls.h"

#include <string.h>

/* Frequencies within two parts per million of each other count as settled: a buffer that wavers by a
 * frame moves them by a gain, and eleven neighbours' buffers by eleven. */
#define SETTLED_PPB 2000

typedef struct trial_run {
  rs_arena *arena;
  const rs_clock_trial_config *config;
  uint64_t seed;
  rs_clock *clocks;
  int64_t *offset_ppb;
  int64_t *delays_fs;
  rs_hac *counters;
  rs_program *programs;
  int64_t whole_cycles; /* of a repeat with its stalls */
  rs_clock_trial *trial;
  rs_diag *diag;
} trial_run;

static const char *const ways[RS_CLOCK_WAY_COUNT] = {"hac", "bittide-p", "bittide-pi"};

const char *rs_clock_way_word(rs_clock_way way) {
  return ways[way];
}

bool rs_clock_way_parse(const char *word, rs_clock_way *way) {
  for (size_t i = 0; i < RS_COUNT_OF(ways); i++) {
    if (strcmp(ways[i], word) != 0) continue;
    *way = (rs_clock_way)i;
    return true;
  }
  return false;
}

void rs_clock_trial_deskew(const rs_wiring *wiring, const rs_schedule *schedule,
                           const rs_sync_tree *tree, rs_deskew_config *deskew) {
  deskew->depth = tree->depth;
  deskew->levels = 0;
  deskew->latency_cycles = 0;
  deskew->slot_num = schedule->timing.slot_num;
  deskew->slot_den = schedule->timing.slot_den;
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    const rs_link *link = &wiring->links[schedule->bursts[i].link];
    uint32_t levels = tree->depth_of[link->from] + tree->depth_of[link->to];
    int64_t latency = rs_timing_latency(&schedule->timing, link);
    deskew->levels = RS_MAX(deskew->levels, levels);
    deskew->latency_cycles = RS_MAX(deskew->latency_cycles, latency);
  }
}

static bool is_bittide(const trial_run *t) {
  return t->config->way != RS_CLOCK_HAC;
}

/* The schedule says where programs are deskewed. */
static bool is_stalled(const trial_run *t) {
  return !is_bittide(t) && t->config->schedule->stall_count > 0;
}

/* Cycles of the schedule that programs must cover: the run, and what is still under way at its end. */
static int64_t program_cycles(const trial_run *t) {
  const rs_deskew_config *d = &t->config->deskew;
  return d->run_cycles + d->latency_cycles + d->margin_cycles + 1;
}

/* Ticks that all of it may take, for wander and exchanges: characterising, setting level by level,
 * the run with its stalls. */
static int64_t run_cycles(const trial_run *t, int64_t stall) {
  const rs_deskew_config *d = &t->config->deskew;
  int64_t cycles = program_cycles(t);
  if (is_stalled(t)) {
    int64_t period = t->config->repeat_cycles;
    return cycles + (cycles / period + 1) * (t->whole_cycles - period) + 4 * RS_HAC_EPOCH_CYCLES;
  }
  int64_t stalls = d->resync_cycles > 0 ? cycles / d->resync_cycles + 1 : 0;
  return cycles + stalls * stall + 4 * RS_HAC_EPOCH_CYCLES;
}

/* ---- oscillators ---- */

static rs_status draw_clocks(trial_run *t, int64_t ticks) {
  const rs_clock_trial_config *c = t->config;
  rs_clock_config clock = c->clock;
  clock.seed = t->seed;
  for (uint32_t i = 0; i < c->wiring->chip_count; i++) {
    rs_status status =
        rs_clock_draw(&t->clocks[i], t->arena, &clock, i, ticks, &t->offset_ppb[i], t->diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* Replaces the clocks by controlled ones; the same offsets. */
static rs_status control_clocks(trial_run *t) {
  const rs_clock_trial_config *c = t->config;
  int64_t run = 2 * run_cycles(t, 0) + 4 * RS_HAC_ECHOES * c->deskew.latency_cycles;
  const rs_bittide_config bittide = {
      .wiring = c->wiring,
      .delays_fs = t->delays_fs,
      .offset_ppb = t->offset_ppb,
      .clock_hz = c->clock.clock_hz,
      .gain_p_atto = c->gain_p_atto,
      .gain_i_atto = c->way == RS_CLOCK_BITTIDE_PI ? c->gain_i_atto : 0,
      .period_ticks = c->period_ticks,
      .delay_ticks = c->delay_ticks,
      .end_ticks = c->settle_ticks + run,
      .settled_ppb = SETTLED_PPB,
      .hold_ticks = run};
  rs_bittide_report report;
  rs_status status = rs_bittide_run(t->arena, &bittide, &t->clocks, &report, t->diag);
  rs_int128 second = (rs_int128)1000000000 * 1000000;
  rs_int128 latest = c->settle_ticks * second / c->clock.clock_hz;
  t->trial->converged_fs = report.settled_fs <= latest ? report.settled_fs : -1;
  t->trial->buffer_frames_max = report.frames_max;
  return status;
}

/* ---- programs ---- */

static rs_status build_programs(trial_run *t, int64_t stall) {
  const rs_deskew_config *d = &t->config->deskew;
  uint32_t n = t->config->wiring->chip_count;
  int64_t resync = is_bittide(t) ? 0 : d->resync_cycles;
  t->programs = RS_ARENA_NEW(t->arena, rs_program, n);
  if (t->programs == NULL) return rs_arena_failed(t->arena, t->diag);
  for (uint32_t i = 0; i < n; i++) {
    rs_program *p = &t->programs[i];
    int64_t begin = t->trial->hac.aligned_value;
    rs_status status =
        is_stalled(t) ? rs_program_repeat(t->arena, &t->clocks[i], &t->counters[i], begin,
                                          program_cycles(t), t->config->schedule,
                                          t->config->repeat_cycles, t->whole_cycles, p, t->diag)
                      : rs_program_build(t->arena, &t->clocks[i], &t->counters[i], begin,
                                         program_cycles(t), resync, stall, p, t->diag);
    if (status != RS_OK) return status;
    t->trial->short_stalls += p->short_stalls;
    t->trial->correction_cycles = RS_MAX(t->trial->correction_cycles, p->correction_cycles);
  }
  return RS_OK;
}

/* A period of 2^-32 fs as the frequency's offset from nominal, in ppb. */
static int64_t offset_of(const trial_run *t, int64_t period) {
  rs_int128 nominal = rs_clock_period(t->config->clock.clock_hz, 0);
  return (int64_t)((nominal - period) * 1000000000 / period);
}

/* Over the pieces of clocks that a program runs in. */
static void note_spread(trial_run *t) {
  int64_t least = INT64_MAX, most = INT64_MIN;
  for (uint32_t i = 0; i < t->config->wiring->chip_count; i++) {
    const rs_clock *clock = &t->clocks[i];
    const rs_program *p = &t->programs[i];
    int64_t end = rs_program_tick(p, t->config->deskew.run_cycles);
    uint32_t last = rs_clock_piece_of_tick(clock, end);
    for (uint32_t k = rs_clock_piece_of_tick(clock, p->pieces[0].tick); k <= last; k++) {
      int64_t offset = offset_of(t, clock->pieces[k].period);
      least = RS_MIN(least, offset);
      most = RS_MAX(most, offset);
    }
  }
  t->trial->spread_ppb = most - least;
}

/* Counters are set once with bittide, and never stepped: the frequencies hold them. */
static rs_status align(trial_run *t, int64_t stall) {
  const rs_clock_trial_config *c = t->config;
  const rs_clock *root = &t->clocks[c->tree->root];
  rs_hac_config hac = {.run_cycles = run_cycles(t, stall), .has_exchange = !is_bittide(t)};
  if (is_bittide(t)) hac.begin_ticks = rs_clock_tick_after(root, t->trial->converged_fs);
  rs_status status = rs_hac_run(t->arena, c->tree, t->clocks, t->delays_fs, c->wiring, &hac,
                                &t->counters, &t->trial->hac, t->diag);
  if (!is_bittide(t)) t->trial->converged_fs = t->trial->hac.aligned_fs;
  return status;
}

static rs_status run(trial_run *t) {
  const rs_clock_trial_config *c = t->config;
  int64_t stall = is_bittide(t) ? 0 : rs_deskew_find_need(&c->deskew).stall_cycles;
  int64_t ignored;
  if (is_stalled(t)) {
    t->whole_cycles = rs_deskew_period(c->schedule, c->repeat_cycles, stall, &ignored);
  }
  int64_t before = 2 * RS_HAC_ECHOES * (2 * c->deskew.latency_cycles + 64); /* characterising */
  rs_status status = draw_clocks(t, before + 2 * run_cycles(t, stall));
  if (status == RS_OK && is_bittide(t)) status = control_clocks(t);
  if (status != RS_OK || t->trial->converged_fs < 0) return status;
  status = align(t, stall);
  if (status == RS_OK) status = build_programs(t, stall);
  if (status != RS_OK) return status;
  note_spread(t);
  t->trial->stall_cycles = stall;
  const rs_clock_run_config run_config = {.wiring = c->wiring,
                                          .schedule = c->schedule,
                                          .departures = c->departures,
                                          .programs = t->programs,
                                          .delays_fs = t->delays_fs,
                                          .run_cycles = c->deskew.run_cycles,
                                          .margin_cycles = c->deskew.margin_cycles,
                                          .fifo_vectors = c->deskew.fifo_vectors};
  rs_clock_run_schedule(&run_config, &t->trial->run);
  return RS_OK;
}

rs_status rs_clock_trial_run(rs_arena *arena, const rs_clock_trial_config *config, uint64_t seed,
                             rs_clock_trial *trial, rs_diag *diag) {
  uint32_t n = config->wiring->chip_count;
  trial_run t = {.arena = arena,
                 .config = config,
                 .seed = seed,
                 .clocks = RS_ARENA_NEW(arena, rs_clock, n),
                 .offset_ppb = RS_ARENA_NEW(arena, int64_t, n),
                 .trial = trial,
                 .diag = diag};
  *trial = (rs_clock_trial){.run = {.margin_link = RS_NONE, .fault_link = RS_NONE}};
  t.delays_fs = rs_link_delays(arena, config->wiring, &config->schedule->timing,
                               config->deskew.sigma_millicycles, seed);
  if (t.clocks == NULL || t.offset_ppb == NULL || t.delays_fs == NULL) {
    return rs_arena_failed(arena, diag);
  }
  return run(&t);
}

/*
 * A clock point: a collective is compiled with its margin, proved, and run on seeded draws of
 * oscillators and cables. The row holds the worst of all draws, the first violation, and the offset up
 * to which the formula of rs_deskew.h calls the schedule safe, which the draws are held against.
 *
 * A violation makes a point unsafe, not failed: finding where schedules break is what it is for.
 */
#include <stdio.h>
#include <string.h>

#include "rs__result.h"
#include "rs_deskew_stalls.h"
#include "rs_random.h"

static const char *const clock_columns[] = {"clock",
                                            "topology",
                                            "chips",
                                            "collective",
                                            "bytes",
                                            "ppm",
                                            "resync_cycles",
                                            "deskew_margin_cycles",
                                            "tree_depth",
                                            "safe_ppm",
                                            "draws",
                                            "unsafe_share",
                                            "margin_cycles_min",
                                            "residual_skew_cycles_max",
                                            "fifo_vectors_max",
                                            "reason",
                                            "first_violation",
                                            "first_violation_link",
                                            "first_violation_cycle",
                                            "first_violation_burst",
                                            "first_violation_draw",
                                            "frequency_spread_ppm_max",
                                            "convergence_s",
                                            "stall_cycles",
                                            "stall_share",
                                            "correction_cycles_max",
                                            "short_stalls",
                                            "buffer_frames_max",
                                            "makespan_cycles",
                                            "makespan_s",
                                            "wander_ppm",
                                            "offsets",
                                            "tree",
                                            "tree_levels_max",
                                            "link_spread_cycles",
                                            "link_latency_mean_cycles",
                                            "link_latency_sd_cycles",
                                            "fifo_vectors",
                                            "run_cycles",
                                            "received_slack_cycles_min",
                                            "algorithm",
                                            "chip",
                                            "schedule_digest",
                                            "model",
                                            "tensor",
                                            "pipeline",
                                            "batch",
                                            "context"};

const char *const *rs__result_clock_columns(size_t *count) {
  *count = RS_COUNT_OF(clock_columns);
  return clock_columns;
}

/* What bittide samples, in ticks of its own, and the longest that it may take to settle. */
enum { SAMPLE_TICKS = 10000, DELAY_TICKS = 100, SETTLE_TICKS = 1000000000 };

typedef struct summary {
  rs_clock_trial worst; /* the field-wise worst */
  rs_clock_trial first; /* the first draw that was unsafe */
  int64_t first_draw;   /* −1: none */
  int64_t unsafe, unsettled;
  int64_t latency_mean_milli, latency_sd_milli; /* sums over draws */
} summary;

/* ---- draws ---- */

static void add_trial(summary *s, const rs_clock_trial *t, int64_t draw) {
  rs_clock_trial *w = &s->worst;
  if (t->converged_fs < 0) s->unsettled++;
  bool is_unsafe = t->converged_fs < 0 || t->run.fault != RS_CLOCK_SAFE;
  if (is_unsafe && s->first_draw < 0) {
    s->first = *t;
    s->first_draw = draw;
  }
  s->unsafe += is_unsafe;
  if (t->converged_fs < 0) return;
  w->run.margin_fs_min = RS_MIN(w->run.margin_fs_min, t->run.margin_fs_min);
  w->run.skew_fs_max = RS_MAX(w->run.skew_fs_max, t->run.skew_fs_max);
  w->run.fifo_vectors_max = RS_MAX(w->run.fifo_vectors_max, t->run.fifo_vectors_max);
  w->converged_fs = RS_MAX(w->converged_fs, t->converged_fs);
  w->spread_ppb = RS_MAX(w->spread_ppb, t->spread_ppb);
  w->correction_cycles = RS_MAX(w->correction_cycles, t->correction_cycles);
  w->buffer_frames_max = RS_MAX(w->buffer_frames_max, t->buffer_frames_max);
  w->short_stalls += t->short_stalls;
  w->stall_cycles = t->stall_cycles;
  s->latency_mean_milli += t->hac.latency_mean_milli;
  s->latency_sd_milli += t->hac.latency_sd_milli;
}

static rs_status run_draws(const rs_clock_trial_config *config, const rs_point *point, summary *s,
                           rs_diag *diag) {
  rs_arena *arena = rs_arena_create(0);
  rs_status status = arena == NULL ? rs_arena_failed(arena, diag) : RS_OK;
  *s = (summary){.first_draw = -1, .worst.run.margin_fs_min = INT64_MAX};
  for (int64_t draw = 0; draw < point->clock.draws && status == RS_OK; draw++) {
    rs_clock_trial trial;
    uint64_t seed = rs_mix_u64(point->seed) + (uint64_t)draw;
    rs_arena_reset(arena);
    status = rs_clock_trial_run(arena, config, seed, &trial, diag);
    if (status == RS_OK) add_trial(s, &trial, draw);
  }
  rs_arena_destroy(arena);
  return status;
}

/* ---- the row ---- */

static void set_milli(rs_result *r, const char *column, int64_t milli) {
  rs_result_set_double(r, column, (double)milli / 1000);
}

static void set_cycles(const rs_point *point, rs_result *r, const char *column, int64_t fs) {
  rs_result_set_double(r, column, (double)fs * (double)point->timing.clock_hz / 1e15);
}

static void fill_clock(rs_arena *arena, const rs_point *point, rs_result *r) {
  const rs_clock_point *c = &point->clock;
  rs_result_set_text(arena, r, "clock", rs_clock_way_word(c->way));
  rs_result_set_text(arena, r, "topology", point->topology);
  rs_result_set_text(arena, r, "chip", point->timing.name);
  rs_result_set_text(arena, r, "reason", "");
  set_milli(r, "ppm", c->clock.offset_ppb);
  set_milli(r, "wander_ppm", c->clock.wander_ppb);
  rs_result_set_text(arena, r, "offsets", c->clock.is_extreme ? "extreme" : "uniform");
  if (c->way == RS_CLOCK_HAC) rs_result_set_i64(r, "resync_cycles", c->deskew.resync_cycles);
  rs_result_set_i64(r, "deskew_margin_cycles", c->deskew.margin_cycles);
  set_milli(r, "link_spread_cycles", c->deskew.sigma_millicycles);
  rs_result_set_text(arena, r, "tree", c->is_depth_first ? "depth-first" : "breadth-first");
  rs_result_set_i64(r, "fifo_vectors", c->deskew.fifo_vectors);
}

static void fill_schedule(rs_arena *arena, const rs__clocked *c, const rs_sync_tree *tree,
                          const rs_deskew_config *deskew, rs_result *r) {
  char text[32];
  int64_t clock_hz = c->schedule->timing.clock_hz;
  int64_t makespan = rs_schedule_wall_end(c->schedule, c->period_cycles);
  rs_result_set_i64(r, "makespan_cycles", makespan);
  rs_result_set_double(r, "makespan_s", (double)makespan / (double)clock_hz);
  if (c->received_slack_cycles >= 0) {
    rs_result_set_i64(r, "received_slack_cycles_min", c->received_slack_cycles);
  }
  snprintf(text, sizeof text, "%016llx", (unsigned long long)rs_schedule_digest(c->schedule));
  rs_result_set_text(arena, r, "schedule_digest", text);
  rs_result_set_i64(r, "tree_depth", tree->depth);
  rs_result_set_i64(r, "tree_levels_max", deskew->levels);
}

static void fill_violation(rs_arena *arena, const rs__clocked *c, const rs_wiring *wiring,
                           const summary *s, rs_result *r) {
  const rs_clock_run *run = &s->first.run;
  char text[160];
  if (s->first_draw >= 0) rs_result_set_i64(r, "first_violation_draw", s->first_draw);
  rs_result_set_text(arena, r, "first_violation", rs_clock_fault_word(run->fault));
  if (run->fault == RS_CLOCK_SAFE) return;
  rs_wiring_link_name(wiring, run->fault_link, text, sizeof text);
  rs_result_set_text(arena, r, "first_violation_link", text);
  rs_result_set_i64(r, "first_violation_cycle", run->fault_cycle);
  rs_burst_describe(c->schedule, wiring, &c->schedule->bursts[run->fault_burst], text, sizeof text);
  rs_result_set_text(arena, r, "first_violation_burst", text);
}

/* Of the time on the wall; what DESKEW waits for an epoch edge at each repeat counts as well. */
static double stall_share(const rs_clock_trial_config *config, int64_t stall_cycles) {
  int64_t resync = config->deskew.resync_cycles, ignored;
  if (config->schedule->stall_count == 0) {
    return resync > 0 ? (double)stall_cycles / (double)(resync + stall_cycles) : 0;
  }
  int64_t whole = rs_deskew_period(config->schedule, config->repeat_cycles, stall_cycles, &ignored);
  return (double)(whole - config->repeat_cycles) / (double)whole;
}

/* Averages over the draws that ran; what no draw ran for stays empty. */
static void fill_summary(const rs_point *point, const rs_clock_trial_config *config,
                         const summary *s, rs_result *r) {
  const rs_clock_trial *w = &s->worst;
  int64_t ran = point->clock.draws - s->unsettled;
  bool is_hac = point->clock.way == RS_CLOCK_HAC;
  rs_result_set_i64(r, "draws", point->clock.draws);
  rs_result_set_double(r, "unsafe_share", (double)s->unsafe / (double)point->clock.draws);
  if (!is_hac) rs_result_set_i64(r, "buffer_frames_max", w->buffer_frames_max);
  if (ran == 0) return;
  set_cycles(point, r, "margin_cycles_min", w->run.margin_fs_min);
  set_cycles(point, r, "residual_skew_cycles_max", w->run.skew_fs_max);
  rs_result_set_i64(r, "fifo_vectors_max", w->run.fifo_vectors_max);
  set_milli(r, "frequency_spread_ppm_max", w->spread_ppb);
  rs_result_set_double(r, "convergence_s", (double)w->converged_fs / 1e15);
  set_milli(r, "link_latency_mean_cycles", s->latency_mean_milli / ran);
  set_milli(r, "link_latency_sd_cycles", s->latency_sd_milli / ran);
  if (!is_hac) return;
  rs_result_set_i64(r, "stall_cycles", w->stall_cycles);
  rs_result_set_double(r, "stall_share", stall_share(config, w->stall_cycles));
  rs_result_set_i64(r, "correction_cycles_max", w->correction_cycles);
  rs_result_set_i64(r, "short_stalls", w->short_stalls);
}

/* What is well formed but cannot be is a row that says why. */
static rs_status explain(rs_arena *arena, rs_result *r, rs_status status, const rs_diag *diag) {
  if (status == RS_OK || status == RS_E_NO_MEMORY || status == RS_E_SYSTEM) return status;
  rs_result_set_text(arena, r, "reason", diag->what);
  r->failed = status == RS_E_REFUSED;
  return RS_OK;
}

/* ---- a point ---- */

rs_status rs__clock_run_point(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                              const rs__clocked *c, rs_result *r, rs_diag *diag) {
  rs_sync_tree tree;
  rs_departures *departures;
  summary s;
  rs_clock_trial_config config = {.wiring = point->wiring,
                                  .schedule = c->schedule,
                                  .tree = &tree,
                                  .clock = point->clock.clock,
                                  .deskew = point->clock.deskew,
                                  .way = point->clock.way,
                                  .gain_p_atto = point->clock.gain_p_atto,
                                  .gain_i_atto = point->clock.gain_i_atto,
                                  .period_ticks = SAMPLE_TICKS,
                                  .delay_ticks = DELAY_TICKS,
                                  .settle_ticks = SETTLE_TICKS};
  fill_clock(arena, point, r);
  rs_schedule_sort(c->schedule);
  rs_status status =
      rs_sync_tree_build(scratch, point->wiring, c->root, point->clock.is_depth_first, &tree, diag);
  if (status == RS_OK) {
    status = rs_departures_create(scratch, c->schedule, point->wiring, c->period_cycles,
                                  &departures, diag);
  }
  if (status != RS_OK) return status;
  config.departures = departures;
  int64_t whole = RS_MIN(c->period_cycles, point->clock.run_cycles_most);
  config.deskew.run_cycles = RS_MAX(config.deskew.run_cycles, whole);
  rs_result_set_i64(r, "run_cycles", config.deskew.run_cycles);
  rs_clock_trial_deskew(point->wiring, c->schedule, &tree, &config.deskew);
  config.repeat_cycles = c->period_cycles;
  if (config.way == RS_CLOCK_HAC && c->schedule->stall_count > 0) {
    rs_deskew_own(c->schedule, c->period_cycles, &config.deskew);
    rs_result_set_i64(r, "resync_cycles", config.deskew.resync_cycles);
  }
  fill_schedule(arena, c, &tree, &config.deskew, r);
  if (config.way == RS_CLOCK_HAC) {
    status = rs_deskew_config_check(&config.deskew, diag);
    int64_t safe = rs_deskew_safe_ppb(&config.deskew) - config.clock.wander_ppb;
    set_milli(r, "safe_ppm", RS_MAX(safe, INT64_C(0)));
  }
  if (status == RS_OK) status = run_draws(&config, point, &s, diag);
  if (status != RS_OK) return status;
  fill_summary(point, &config, &s, r);
  fill_violation(arena, c, point->wiring, &s, r);
  if (s.unsettled > 0) {
    rs_result_set_text(arena, r, "reason", "bittide: frequencies did not settle in some draws");
  }
  return RS_OK;
}

static rs_status run_collective(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                                rs_result *r, rs_diag *diag) {
  rs__collective c = {.request = point->collective,
                      .topology = point->topology,
                      .wiring = point->wiring,
                      .timing = point->timing,
                      .timing_name = point->chip->name};
  rs_status status = rs__collective_compile(scratch, &c, diag);
  if (status != RS_OK) return status;
  rs_result_set_text(arena, r, "algorithm", c.report.algorithm);
  const rs__clocked clocked = {.schedule = c.schedule,
                               .period_cycles = rs__collective_makespan(&c),
                               .received_slack_cycles = c.proof.check.received_slack_cycles_min,
                               .root = point->collective.chips[0]};
  return rs__clock_run_point(arena, scratch, point, &clocked, r, diag);
}

/* The step of a model, the first token's. */
static rs_status run_step(rs_arena *arena, rs_arena *scratch, const rs_point *point, rs_result *r,
                          rs_diag *diag) {
  const rs_sharding_request *q = &point->request;
  rs_schedule *schedule;
  rs_proof proof;
  rs_result_set_text(arena, r, "model", point->model->name);
  rs_result_set_i64(r, "tensor", q->tensor);
  rs_result_set_i64(r, "pipeline", q->pipeline);
  rs_result_set_i64(r, "batch", q->batch);
  rs_result_set_i64(r, "context", q->context);
  rs_status status = rs__result_decode_schedule(scratch, point, &schedule, diag);
  if (status == RS_OK) status = rs__proof_run(schedule, point->wiring, &proof, diag);
  if (status != RS_OK) return status;
  const rs__clocked clocked = {
      .schedule = schedule,
      .period_cycles = proof.play.makespan_cycles + q->deskew_margin_cycles,
      .received_slack_cycles = proof.check.received_slack_cycles_min};
  return rs__clock_run_point(arena, scratch, point, &clocked, r, diag);
}

rs_status rs__result_clock(rs_arena *arena, rs_arena *scratch, const rs_point *point, rs_result *r,
                           rs_diag *diag) {
  fill_clock(arena, point, r);
  if (point->model != NULL) {
    rs_result_set_i64(r, "chips", point->wiring->chip_count);
    return explain(arena, r, run_step(arena, scratch, point, r, diag), diag);
  }
  rs_result_set_i64(r, "chips", point->collective.chip_count);
  rs_result_set_text(arena, r, "collective", rs_collective_kind_word(point->collective.kind));
  rs_result_set_i64(r, "bytes", point->collective.block_bytes);
  return explain(arena, r, run_collective(arena, scratch, point, r, diag), diag);
}

/* bittide as events: one a sample of a chip, in order of exact time. */
#include "rs_bittide.h"

#include "rs_event_queue.h"

#define ATTO ((rs_int128)1000000000 * 1000000000)
#define PPB_ATTO INT64_C(1000000000)
/* Frames · gain that one sample may move a frequency by: beyond it the model's linearity, and any
 * oscillator, is left behind. */
#define CONTROL_ATTO_MAX (ATTO / 10)

typedef struct node {
  rs_clock *clock;
  int64_t uncontrolled_atto; /* ω − 1 */
  rs_int128 integral;        /* Σ r · period */
  int64_t frames_last;       /* largest |β − β0| of the last sample */
  int64_t omega_atto;        /* ω − 1 in force after the last sample */
  int64_t samples;
} node;

typedef struct run {
  const rs_bittide_config *config;
  node *nodes;
  int64_t *base;          /* [link] ⌊θ_j(−l)⌋ − ⌊θ_i(0)⌋ */
  rs_event_queue *events; /* times in fs */
  rs_bittide_report *report;
  rs_diag *diag;
} run;

/* ---- checking ---- */

static rs_status refuse(rs_diag *diag, const char *what, int64_t value, const char *expected) {
  rs_diag_set(diag, RS_E_INPUT, "bittide: %s of %lld", what, (long long)value);
  rs_diag_expect(diag, "%s", expected);
  return RS_E_INPUT;
}

static uint32_t degree_max(const rs_wiring *w) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < w->chip_count; i++) {
    most = RS_MAX(most, w->in_first[i + 1] - w->in_first[i]);
  }
  return most;
}

static int64_t slowest_loop_ticks(const rs_bittide_config *c) {
  int64_t longest_fs = 0;
  for (uint32_t l = 0; l < c->wiring->link_count; l++) {
    longest_fs = RS_MAX(longest_fs, c->delays_fs[l]);
  }
  rs_int128 ticks = (rs_int128)longest_fs * c->clock_hz / ((rs_int128)1000000000 * 1000000);
  return c->period_ticks + c->delay_ticks + (int64_t)ticks;
}

/* A loop that answers after T ticks with gain k·2·degree (the largest eigenvalue that a Laplacian can
 * have) oscillates when their product is above 1 or so. */
static rs_status check_config(const rs_bittide_config *c, rs_diag *diag) {
  if (c->gain_p_atto < 1) return refuse(diag, "a gain", c->gain_p_atto, "above 0");
  if (c->gain_i_atto < 0) return refuse(diag, "an integral gain", c->gain_i_atto, "0 or more");
  if (c->period_ticks < 1) return refuse(diag, "a period", c->period_ticks, "1 tick or more");
  if (c->delay_ticks < 0 || c->delay_ticks >= c->period_ticks) {
    return refuse(diag, "a delay", c->delay_ticks, "0 to the period");
  }
  int64_t loop = slowest_loop_ticks(c);
  rs_int128 product = (rs_int128)c->gain_p_atto * 2 * degree_max(c->wiring) * loop;
  if (product >= ATTO) {
    rs_diag_set(diag, RS_E_INPUT,
                "bittide: with %u neighbours and an answer after %lld ticks this gain overshoots",
                degree_max(c->wiring), (long long)loop);
    rs_diag_expect(diag, "gain · 2 · neighbours · (period + delay + latency) below 1");
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* ---- the loop ---- */

/* β − β at the start, of a link, when the receiver is at a tick and a time. */
static int64_t frames_of(const run *r, uint32_t link, int64_t tick, rs_int128 time_fs) {
  const rs_clock *sender = r->nodes[r->config->wiring->links[link].from].clock;
  return rs_clock_tick_before(sender, time_fs - r->config->delays_fs[link]) - tick - r->base[link];
}

static int64_t sum_frames(const run *r, uint32_t chip, int64_t tick, rs_int128 time_fs) {
  const rs_wiring *w = r->config->wiring;
  int64_t sum = 0;
  int64_t most = 0;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    int64_t frames = frames_of(r, w->in_links[k], tick, time_fs);
    most = RS_MAX(most, frames < 0 ? -frames : frames);
    sum += frames;
  }
  r->nodes[chip].frames_last = most;
  r->report->frames_max = RS_MAX(r->report->frames_max, most);
  return sum;
}

static rs_status push_sample(run *r, uint32_t chip) {
  node *n = &r->nodes[chip];
  n->samples++;
  rs_int128 time = rs_clock_time_fs(n->clock, n->samples * r->config->period_ticks);
  if (rs_event_queue_push(r->events, (int64_t)time, 0, chip, 0)) return RS_OK;
  return rs_arena_failed(NULL, r->diag);
}

static rs_status sample(run *r, uint32_t chip, int64_t time_fs) {
  const rs_bittide_config *c = r->config;
  node *n = &r->nodes[chip];
  int64_t tick = n->samples * c->period_ticks;
  int64_t sum = sum_frames(r, chip, tick, time_fs);
  n->integral += (rs_int128)sum * c->period_ticks;
  rs_int128 control = (rs_int128)sum * c->gain_p_atto + n->integral * c->gain_i_atto;
  if (control >= CONTROL_ATTO_MAX || control <= -CONTROL_ATTO_MAX) {
    return rs_diag_set(r->diag, RS_E_INFEASIBLE,
                       "bittide: chip %u would have to change its frequency by more than a tenth: "
                       "the gains do not hold the network together",
                       chip);
  }
  n->omega_atto = n->uncontrolled_atto + (int64_t)control;
  rs_status status = rs_clock_append(n->clock, tick + c->delay_ticks,
                                     rs_clock_period(c->clock_hz, n->omega_atto), r->diag);
  return status == RS_OK ? push_sample(r, chip) : status;
}

/* Fastest minus slowest, and whether that has been small since `settled_fs`. */
static void note_spread(run *r, int64_t time_fs) {
  int64_t least = INT64_MAX, most = INT64_MIN;
  for (uint32_t i = 0; i < r->config->wiring->chip_count; i++) {
    least = RS_MIN(least, r->nodes[i].omega_atto);
    most = RS_MAX(most, r->nodes[i].omega_atto);
  }
  r->report->spread_ppb = (most - least) / PPB_ATTO;
  bool is_settled = r->report->spread_ppb <= r->config->settled_ppb;
  if (!is_settled) r->report->settled_fs = -1;
  if (is_settled && r->report->settled_fs < 0) r->report->settled_fs = time_fs;
}

/* ∫ (ω − 1)² dt over a clock's pieces up to `end_fs`, in nominal ticks. */
static double deviation_of(const rs_clock *clock, int64_t clock_hz, int64_t end_fs) {
  double nominal = (double)rs_clock_period(clock_hz, 0);
  double sum = 0;
  rs_int128 end = (rs_int128)end_fs << 32;
  for (uint32_t i = 0; i < clock->count; i++) {
    const rs_clock_piece *p = &clock->pieces[i];
    rs_int128 until = i + 1 < clock->count ? RS_MIN(p[1].start, end) : end;
    if (until <= p->start) break;
    double omega = nominal / (double)p->period - 1;
    sum += omega * omega * ((double)(until - p->start) / nominal);
  }
  return sum;
}

/* ---- all ---- */

static rs_status init_run(rs_arena *arena, run *r, rs_clock *clocks) {
  const rs_bittide_config *c = r->config;
  const rs_wiring *w = c->wiring;
  r->nodes = RS_ARENA_NEW(arena, node, w->chip_count);
  r->base = RS_ARENA_NEW(arena, int64_t, w->link_count);
  if (r->nodes == NULL || r->base == NULL) {
    return rs_arena_failed(arena, r->diag);
  }
  for (uint32_t i = 0; i < w->chip_count; i++) {
    int64_t offset = c->offset_ppb[i] * PPB_ATTO;
    r->nodes[i] = (node){.clock = &clocks[i], .uncontrolled_atto = offset, .omega_atto = offset};
    rs_status status =
        rs_clock_init(&clocks[i], arena, 0, rs_clock_period(c->clock_hz, offset), r->diag);
    if (status != RS_OK) return status;
  }
  for (uint32_t l = 0; l < w->link_count; l++) r->base[l] = frames_of(r, l, 0, 0);
  for (uint32_t i = 0; i < w->chip_count; i++) {
    rs_status status = push_sample(r, i);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static rs_status run_samples(run *r, int64_t end_fs, int64_t hold_fs) {
  rs_event event;
  int64_t samples = 0;
  while (rs_event_queue_pop(r->events, &event) && event.time_cycles < end_fs) {
    if (++samples > RS_BITTIDE_SAMPLES_MAX) {
      return rs_diag_set(r->diag, RS_E_LIMIT, "bittide: not settled after %lld samples",
                         (long long)RS_BITTIDE_SAMPLES_MAX);
    }
    int64_t settled = r->report->settled_fs;
    if (hold_fs > 0 && settled >= 0 && event.time_cycles - settled > hold_fs) break;
    rs_status status = sample(r, event.subject, event.time_cycles);
    if (status != RS_OK) return status;
    note_spread(r, event.time_cycles);
  }
  return RS_OK;
}

static int64_t ticks_fs(const rs_bittide_config *c, int64_t ticks) {
  rs_int128 second = (rs_int128)1000000000 * 1000000;
  rs_int128 time = ticks * second / c->clock_hz;
  return (int64_t)RS_MIN(time, (rs_int128)INT64_MAX / 2);
}

rs_status rs_bittide_run(rs_arena *arena, const rs_bittide_config *config, rs_clock **clocks,
                         rs_bittide_report *report, rs_diag *diag) {
  uint32_t n = config->wiring->chip_count;
  run r = {.config = config, .report = report, .diag = diag};
  *report = (rs_bittide_report){.settled_fs = -1};
  rs_status status = check_config(config, diag);
  if (status != RS_OK) return status;
  *clocks = RS_ARENA_NEW(arena, rs_clock, n);
  if (*clocks == NULL) return rs_arena_failed(arena, diag);
  r.events = rs_event_queue_create();
  if (r.events == NULL) return rs_arena_failed(arena, diag);
  int64_t end_fs = ticks_fs(config, config->end_ticks);
  status = init_run(arena, &r, *clocks);
  if (status == RS_OK) status = run_samples(&r, end_fs, ticks_fs(config, config->hold_ticks));
  rs_event_queue_destroy(r.events);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < n; i++) {
    report->frames_end_max = RS_MAX(report->frames_end_max, r.nodes[i].frames_last);
    report->deviation += deviation_of(&(*clocks)[i], config->clock_hz, end_fs);
  }
  return RS_OK;
}

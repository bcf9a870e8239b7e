/* The keys of task clock: numbers with their units, and what no oscillator and no counter can do. */
#include <stdio.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs_units.h"

#define DURATION_CYCLES_MIN (INT64_C(1) << 18)
#define DURATION_INTERVALS 3

static int64_t count_of(const rs__draft *draft, rs_key key) {
  int64_t value = 0;
  rs_quantity_parse(draft->text[key], RS_QUANTITY_COUNT, &value, NULL); /* checked before */
  return value;
}

static int64_t milli_of(const rs__draft *draft, rs_key key) {
  int64_t value = 0;
  rs__experiment_parse_decimal(draft->text[key], INT64_MAX, &value);
  return value;
}

static bool is_word(const rs__draft *draft, rs_key key, const char *word) {
  return strcmp(draft->text[key], word) == 0;
}

/* Numbers are the core's own: 1/1000 ppm is a ppb, and 10^-9 · 1/1000 is 10^6 of 10^-18. */
static void fill(const rs__draft *draft, rs_point *point) {
  rs_clock_point *c = &point->clock;
  rs_clock_way_parse(draft->text[RS_KEY_CLOCK], &c->way);
  c->clock = (rs_clock_config){.clock_hz = point->timing.clock_hz,
                               .offset_ppb = milli_of(draft, RS_KEY_PPM),
                               .wander_ppb = milli_of(draft, RS_KEY_WANDER),
                               .is_extreme = is_word(draft, RS_KEY_OFFSETS, "extreme")};
  c->deskew = (rs_deskew_config){.offset_ppb = c->clock.offset_ppb + c->clock.wander_ppb,
                                 .resync_cycles = count_of(draft, RS_KEY_RESYNC),
                                 .stall_cycles = count_of(draft, RS_KEY_STALL),
                                 .margin_cycles = count_of(draft, RS_KEY_DESKEW_MARGIN),
                                 .fifo_vectors = count_of(draft, RS_KEY_FIFO),
                                 .sigma_millicycles = milli_of(draft, RS_KEY_LINK_SPREAD),
                                 .run_cycles = count_of(draft, RS_KEY_DURATION)};
  if (c->deskew.run_cycles == 0) {
    c->deskew.run_cycles =
        RS_MAX(DURATION_CYCLES_MIN, DURATION_INTERVALS * c->deskew.resync_cycles);
  }
  c->is_depth_first = is_word(draft, RS_KEY_TREE, "depth-first");
  c->draws = count_of(draft, RS_KEY_DRAWS);
  c->gain_p_atto = milli_of(draft, RS_KEY_GAIN_P) * 1000000;
  c->gain_i_atto = milli_of(draft, RS_KEY_GAIN_I);
  point->seed = (uint64_t)count_of(draft, RS_KEY_SEED);
}

/* Work of a point is bounded where it is asked for: exchanges and resyncs of a draw. */
#define EVENTS_MAX INT64_C(100000000)

static rs_status check_work(const rs__reader *r, const rs__draft *draft, const rs_point *point) {
  const rs_deskew_config *d = &point->clock.deskew;
  int64_t step =
      d->resync_cycles > 0 ? RS_MIN(d->resync_cycles, RS_HAC_EPOCH_CYCLES) : RS_HAC_EPOCH_CYCLES;
  if (d->run_cycles / step <= EVENTS_MAX / point->wiring->chip_count) return RS_OK;
  rs_key key = count_of(draft, RS_KEY_DURATION) > 0 ? RS_KEY_DURATION : RS_KEY_RESYNC;
  char what[160], expected[80];
  snprintf(what, sizeof what, "%s: a draw of %lld cycles on %u chips is too much", rs_key_path(key),
           (long long)d->run_cycles, point->wiring->chip_count);
  snprintf(expected, sizeof expected, "at most %lld exchanges and resyncs of all chips",
           (long long)EVENTS_MAX);
  return rs__experiment_fault(r, &draft->place[key], what, expected, NULL);
}

/* The first key whose value makes the offsets what they are. */
static rs_status refuse_offset(const rs__reader *r, const rs__draft *draft, const rs_diag *why) {
  rs_key key = milli_of(draft, RS_KEY_PPM) > 0 ? RS_KEY_PPM : RS_KEY_WANDER;
  char what[300];
  snprintf(what, sizeof what, "%s: %.250s", rs_key_path(key), why->what);
  return rs__experiment_fault(r, &draft->place[key], what, why->expected, NULL);
}

rs_status rs__experiment_resolve_clock(const rs__reader *r, const rs__draft *draft,
                                       rs_point *point) {
  rs_diag why = {0};
  fill(draft, point);
  const rs_clock_point *c = &point->clock;
  if (c->way != RS_CLOCK_HAC && c->clock.wander_ppb > 0) {
    return rs__experiment_fault(r, &draft->place[RS_KEY_WANDER],
                                "wander_ppm: bittide's oscillators have a constant offset only",
                                "0, or clock: hac", NULL);
  }
  rs_status status = rs_clock_config_check(&c->clock, &why);
  if (status == RS_OK && c->way == RS_CLOCK_HAC)
    status = rs_deskew_check_tracking(&c->deskew, &why);
  if (status != RS_OK) return refuse_offset(r, draft, &why);
  if (c->way != RS_CLOCK_HAC && c->gain_p_atto == 0) {
    return rs__experiment_fault(r, &draft->place[RS_KEY_GAIN_P],
                                "gain_p: without a gain nothing is controlled", "above 0", NULL);
  }
  return check_work(r, draft, point);
}

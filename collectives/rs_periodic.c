/*
 * Tries periods upward from the load of the busiest link. For one period, every burst is an arc on a
 * circle of P · den ticks; per link the arcs, sorted by where they begin, must not reach into the
 * next, the last not into the first. Bursts are dealt to links once, one of each transmission. Vector units
 * are not looked at cycle by cycle: where one could be short, a run's adds on that chip are over before those
 * of the next begin.
 */
#include "rs_periodic.h"

#include <stdlib.h>
#include <string.h>

typedef struct arc {
  rs_int128 from; /* ticks, modulo the period */
  rs_int128 length;
} arc;

typedef struct deal {
  const rs_schedule *schedule;
  uint32_t link_count;
  uint64_t *first; /* [link] + 1 */
  uint32_t *order; /* bursts by link */
  arc *arcs;       /* of one link */
} deal;

static int compare_arcs(const void *left, const void *right) {
  const arc *a = left;
  const arc *b = right;
  return (a->from > b->from) - (a->from < b->from);
}

static bool link_works(const deal *d, uint32_t link, rs_int128 period_ticks) {
  const rs_timing *t = &d->schedule->timing;
  uint64_t count = d->first[link + 1] - d->first[link];
  rs_int128 total = 0;
  for (uint64_t i = 0; i < count; i++) {
    const rs_burst *b = &d->schedule->bursts[d->order[d->first[link] + i]];
    d->arcs[i] = (arc){rs_burst_ticks(t, b, 0) % period_ticks, (rs_int128)b->count * t->slot_num};
    total += d->arcs[i].length;
  }
  if (total > period_ticks) return false;
  if (count == 0) return true;
  qsort(d->arcs, count, sizeof *d->arcs, compare_arcs);
  for (uint64_t i = 0; i < count; i++) {
    rs_int128 next = i + 1 < count ? d->arcs[i + 1].from : d->arcs[0].from + period_ticks;
    if (d->arcs[i].from + d->arcs[i].length > next) return false;
  }
  return true;
}

static bool period_works(const deal *d, int64_t period_cycles) {
  rs_int128 ticks = (rs_int128)period_cycles * d->schedule->timing.slot_den;
  for (uint32_t l = 0; l < d->link_count; l++) {
    if (!link_works(d, l, ticks)) return false;
  }
  return true;
}

static void free_deal(deal *d) {
  free(d->first);
  free(d->order);
  free(d->arcs);
}

static bool make_deal(const rs_schedule *s, const rs_wiring *w, deal *d) {
  *d = (deal){.schedule = s, .link_count = w->link_count};
  d->first = calloc((size_t)w->link_count + 2, sizeof *d->first);
  d->order = malloc((s->burst_count + 1) * sizeof *d->order);
  d->arcs = malloc((s->burst_count + 1) * sizeof *d->arcs);
  if (d->first == NULL || d->order == NULL || d->arcs == NULL) return false;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    if (!rs_schedule_rides(s, i)) d->first[s->bursts[i].link + 2]++;
  }
  for (uint32_t l = 0; l < w->link_count; l++) d->first[l + 2] += d->first[l + 1];
  for (uint64_t i = 0; i < s->burst_count; i++) {
    if (!rs_schedule_rides(s, i)) d->order[d->first[s->bursts[i].link + 1]++] = (uint32_t)i;
  }
  return true;
}

/* The end of the last burst on any link, and the load of the busiest, in cycles. */
static void find_bounds(const rs_schedule *s, const deal *d, int64_t *low, int64_t *high) {
  const rs_timing *t = &s->timing;
  *low = *high = 1;
  for (uint32_t l = 0; l < d->link_count; l++) {
    int64_t vectors = 0;
    for (uint64_t i = d->first[l]; i < d->first[l + 1]; i++) {
      const rs_burst *b = &s->bursts[d->order[i]];
      vectors += b->count;
      *high = RS_MAX(*high, rs_burst_departure(t, b, b->count));
    }
    *low = RS_MAX(*low, rs_timing_slots(t, vectors));
  }
}

/* ---- vector units ---- */

typedef struct unit_load {
  int64_t first, last; /* arrivals of what is added */
  int64_t places;      /* the most that each link adds in, summed */
} unit_load;

/* Raises *low to the longest time in which adds come to a chip that could be too many when two runs overlap. */
static bool raise_by_adds(const rs_schedule *s, const rs_wiring *w, const deal *d, int64_t *low) {
  const rs_timing *t = &s->timing;
  unit_load *units = malloc(((size_t)w->chip_count + 1) * sizeof *units);
  if (units == NULL) return false;
  for (uint32_t chip = 0; chip < w->chip_count; chip++) units[chip] = (unit_load){INT64_MAX, 0, 0};
  for (uint32_t l = 0; l < d->link_count; l++) {
    unit_load *unit = &units[w->links[l].to];
    int64_t most = 0;
    for (uint64_t i = d->first[l]; i < d->first[l + 1]; i++) {
      uint64_t burst = d->order[i];
      const rs_burst *b = &s->bursts[burst];
      int64_t adds = b->action == RS_ACTION_ADD;
      for (uint64_t k = burst + 1; k < s->burst_count && rs_schedule_rides(s, k); k++) {
        adds += s->bursts[k].action == RS_ACTION_ADD;
      }
      if (adds == 0) continue;
      most = RS_MAX(most, adds);
      unit->first = RS_MIN(unit->first, rs_burst_arrival(t, &w->links[l], b, 0));
      unit->last = RS_MAX(unit->last, rs_burst_arrival(t, &w->links[l], b, b->count - 1));
    }
    unit->places += most;
  }
  int64_t a_link = rs_ceil_div_i64(t->slot_den, t->slot_num);
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    if (units[chip].places <= t->adds_per_cycle / a_link) continue;
    *low = RS_MAX(*low, units[chip].last - units[chip].first + 1);
  }
  free(units);
  return true;
}

rs_status rs_periodic_find(rs_arena *arena, const rs_schedule *schedule, const rs_wiring *wiring,
                           int64_t *period_cycles, rs_diag *diag) {
  deal d;
  int64_t low, high;
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    if (schedule->bursts[i].stride == 1) continue;
    return rs_diag_set(diag, RS_E_INFEASIBLE, "a schedule with strided bursts is not repeated");
  }
  if (!make_deal(schedule, wiring, &d)) {
    free_deal(&d);
    return rs_arena_failed(arena, diag);
  }
  find_bounds(schedule, &d, &low, &high);
  if (!raise_by_adds(schedule, wiring, &d, &low)) {
    free_deal(&d);
    return rs_arena_failed(arena, diag);
  }
  int64_t period = low;
  while (period < high && !period_works(&d, period)) period++;
  free_deal(&d);
  *period_cycles = period;
  return RS_OK;
}

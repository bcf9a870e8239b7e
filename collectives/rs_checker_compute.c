/*
 * What happens on the chips themselves: compute intervals and the vector unit.
 *
 * Intervals: sorted by chip, unit and start, neighbours must not overlap; an interval that reads an
 * operation starts when the chip's result of it is in SRAM (found by the pass before).
 *
 * Vector unit: in no cycle may more vectors arrive to be added than it adds. A link brings at most
 * ⌈den/num⌉ vectors in a cycle, so a unit that keeps up with all links of its chip needs no look.
 * Otherwise a sweep over each chip's bursts of adds finds the stretches in which those under way
 * could bring too many, and only there vectors are counted, cycle by cycle. In a stretch with the
 * same bursts under way arrivals repeat: den vectors of stride p later p·num cycles have gone by. So
 * one common period is all that has to be counted, and the cycle before it: the one in which a burst
 * arrives first lacks the vectors that a full cycle brings. A stretch in which that would still be
 * more than ADDS_COUNTED_MAX vectors is refused: it cannot be said to be right.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rs__checker.h"

#define ADDS_COUNTED_MAX 65536

/* ---- intervals ---- */

static int compare_intervals(const void *left, const void *right) {
  const rs_compute *a = *(const rs_compute *const *)left;
  const rs_compute *b = *(const rs_compute *const *)right;
  if (a->start_cycles != b->start_cycles) return a->start_cycles < b->start_cycles ? -1 : 1;
  return (a->cycles > b->cycles) - (a->cycles < b->cycles);
}

static rs_status refuse_interval(rs__checker *c, const rs_compute *compute, const char *what,
                                 const char *other) {
  rs_fault fault = {RS_FAULT_COMPUTE,      compute->chip, RS_NONE,   compute->reads_op,
                    compute->start_cycles, UINT64_MAX,    UINT64_MAX};
  return rs__checker_refuse(c, fault, "chip %u, cycle %lld: '%s' starts %s%s", compute->chip,
                            (long long)compute->start_cycles, c->schedule->labels[compute->label],
                            what, other);
}

static size_t unit_of(const rs_compute *compute) {
  return (size_t)compute->chip * RS_UNIT_COUNT + compute->unit;
}

/* Deals the intervals to their units; first[u] becomes the end of unit u. */
static void deal_intervals(const rs_schedule *s, const rs_compute **order, uint64_t *first) {
  size_t units = (size_t)s->chip_count * RS_UNIT_COUNT;
  for (uint64_t i = 0; i < s->compute_count; i++) first[unit_of(&s->computes[i]) + 1]++;
  for (size_t u = 0; u < units; u++) first[u + 1] += first[u];
  for (uint64_t i = 0; i < s->compute_count; i++) {
    order[first[unit_of(&s->computes[i])]++] = &s->computes[i];
  }
}

/* Intervals of one unit; most often they are in order. */
static rs_status check_unit(rs__checker *c, const rs_compute **order, uint64_t count) {
  uint64_t sorted = 1;
  while (sorted < count && compare_intervals(&order[sorted - 1], &order[sorted]) <= 0) sorted++;
  if (sorted < count) qsort(order, count, sizeof *order, compare_intervals);
  for (uint64_t i = 1; i < count; i++) {
    const rs_compute *a = order[i - 1];
    const rs_compute *b = order[i];
    if (a->start_cycles + a->cycles <= b->start_cycles) continue;
    return refuse_interval(c, b, "while its unit still does ", c->schedule->labels[a->label]);
  }
  return RS_OK;
}

static rs_status check_units(rs__checker *c) {
  const rs_schedule *s = c->schedule;
  if (s->compute_count == 0) return RS_OK;
  size_t units = (size_t)s->chip_count * RS_UNIT_COUNT;
  const rs_compute **order = RS_ARENA_NEW(c->arena, const rs_compute *, s->compute_count);
  uint64_t *first = RS_ARENA_NEW(c->arena, uint64_t, units + 1);
  if (order == NULL || first == NULL) return rs_arena_failed(c->arena, c->diag);
  deal_intervals(s, order, first);
  uint64_t start = 0;
  for (size_t u = 0; u < units; u++) {
    rs_status status = check_unit(c, order + start, first[u] - start);
    if (status != RS_OK) return status;
    start = first[u];
  }
  return RS_OK;
}

static rs_status check_result_read(rs__checker *c, const rs_compute *compute) {
  char what[80];
  if (compute->reads_op == RS_NONE) return RS_OK;
  const rs__bank *bank = rs__checker_bank(c, compute->reads_op, compute->chip);
  if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
  if (compute->start_cycles >= bank->result_cycles) return RS_OK;
  snprintf(what, sizeof what, "before cycle %lld, when the result of operation %u is there",
           (long long)bank->result_cycles, compute->reads_op);
  return refuse_interval(c, compute, what, "");
}

rs_status rs__checker_computes(rs__checker *c) {
  rs_status status = check_units(c);
  for (uint64_t i = 0; i < c->schedule->compute_count && status == RS_OK; i++) {
    status = check_result_read(c, &c->schedule->computes[i]);
  }
  return status;
}

/* ---- vector unit ---- */

/* A burst of adds on its chip. */
typedef struct add_run {
  int64_t first, last; /* cycles of the first and the last arrival */
  uint32_t chip, burst;
} add_run;

typedef struct arrival {
  int64_t cycle;
  uint32_t burst;
} arrival;

typedef struct unit_sweep {
  const rs_timing *timing;
  const rs_burst *bursts;
  add_run *under_way; /* of the chip that is swept */
  uint32_t count;
  arrival *arrivals; /* ADDS_COUNTED_MAX + 1 */
} unit_sweep;

/* Most vectors of a burst that arrive in one cycle. */
static int64_t burst_peak(const rs_timing *t, const rs_burst *b) {
  rs_int128 distance = (rs_int128)b->stride * t->slot_num;
  if (b->count == 1 || distance >= t->slot_den) return 1;
  return RS_MIN(b->count, rs_ceil_div_i64(t->slot_den, (int64_t)distance));
}

/* The first vector of a run that arrives at `cycle` or later: departs at ⌈k·d/den⌉ ≥ c. */
static int64_t first_vector(const unit_sweep *u, const add_run *run, int64_t cycle) {
  const rs_burst *b = &u->bursts[run->burst];
  if (cycle <= run->first) return 0;
  rs_int128 distance = (rs_int128)b->stride * u->timing->slot_num;
  return (int64_t)((rs_int128)(cycle - run->first - 1) * u->timing->slot_den / distance + 1);
}

/* Cycles after which the arrivals of all that is under way repeat, at most `most`. */
static int64_t common_period(const unit_sweep *u, int64_t most) {
  rs_int128 period = 1;
  for (uint32_t i = 0; i < u->count; i++) {
    const rs_burst *b = &u->bursts[u->under_way[i].burst];
    rs_int128 own = (rs_int128)b->stride * u->timing->slot_num; /* den vectors later */
    if (own > most) return most;
    period = period / rs_gcd_i64((int64_t)period, (int64_t)own) * own;
    if (period > most) return most;
  }
  return (int64_t)period;
}

static int compare_arrivals(const void *left, const void *right) {
  const arrival *a = left;
  const arrival *b = right;
  if (a->cycle != b->cycle) return a->cycle < b->cycle ? -1 : 1;
  return (a->burst > b->burst) - (a->burst < b->burst);
}

/* Fills u->arrivals with what arrives in from … end − 1. Returns how many; beyond the limit: more. */
static uint32_t list_arrivals(rs__checker *c, unit_sweep *u, int64_t from, int64_t end) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < u->count; i++) {
    const add_run *run = &u->under_way[i];
    const rs_burst *b = &u->bursts[run->burst];
    rs__line line = {run->first, 0, b->stride, run->burst};
    for (int64_t k = first_vector(u, run, from); k < b->count; k++) {
      int64_t cycle = rs__line_cycles(c, &line, k);
      if (cycle >= end) break;
      if (count > ADDS_COUNTED_MAX) return count;
      u->arrivals[count++] = (arrival){cycle, run->burst};
    }
  }
  if (count > 0) qsort(u->arrivals, count, sizeof *u->arrivals, compare_arrivals);
  return count;
}

static rs_status refuse_adds(rs__checker *c, uint32_t chip, int64_t cycle, const char *how_many,
                             uint32_t a, uint32_t b) {
  char text_a[160], text_b[160];
  rs_fault fault = {RS_FAULT_VECTOR_UNIT, chip, RS_NONE, c->schedule->bursts[a].op, cycle, a, b};
  return rs__checker_refuse(
      c, fault,
      "chip %u, cycle %lld: %s added at once, and its vector unit does %lld a cycle: '%s' and '%s'",
      chip, (long long)cycle, how_many, (long long)c->schedule->timing.adds_per_cycle,
      rs__checker_burst_text(c, a, text_a, sizeof text_a),
      rs__checker_burst_text(c, b, text_b, sizeof text_b));
}

/* Arrivals i … of u->arrivals in one cycle are too many. */
static rs_status refuse_cycle(rs__checker *c, const unit_sweep *u, uint32_t chip, uint32_t i,
                              uint32_t count) {
  char text[80];
  uint32_t bursts = 1, end = i + 1;
  for (; end < count && u->arrivals[end].cycle == u->arrivals[i].cycle; end++) {
    if (u->arrivals[end].burst != u->arrivals[end - 1].burst) bursts++;
  }
  snprintf(text, sizeof text, "%u vectors of %u bursts are", end - i, bursts);
  return refuse_adds(c, chip, u->arrivals[i].cycle, text, u->arrivals[i].burst,
                     u->arrivals[end - 1].burst);
}

/* Counts adds cycle by cycle in a stretch from … end − 1 with the same bursts under way. */
static rs_status count_adds(rs__checker *c, unit_sweep *u, int64_t from, int64_t end) {
  int64_t most = u->timing->adds_per_cycle;
  int64_t peak = 0;
  for (uint32_t i = 0; i < u->count; i++) {
    peak += burst_peak(u->timing, &u->bursts[u->under_way[i].burst]);
  }
  if (peak <= most || from >= end) return RS_OK;
  uint32_t chip = u->under_way[0].chip;
  uint32_t count = list_arrivals(c, u, from, RS_MIN(end, from + 1 + common_period(u, end - from)));
  if (count > ADDS_COUNTED_MAX) {
    return refuse_adds(c, chip, from, "more vectors than can be counted may be",
                       u->under_way[0].burst, u->under_way[u->count - 1].burst);
  }
  for (int64_t i = most; i < count; i++) {
    if (u->arrivals[i - most].cycle != u->arrivals[i].cycle) continue;
    return refuse_cycle(c, u, chip, (uint32_t)(i - most), count);
  }
  return RS_OK;
}

/* Drops what has ended before `cycle`. */
static void drop_ended(unit_sweep *u, int64_t cycle) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < u->count; i++) {
    if (u->under_way[i].last >= cycle) u->under_way[kept++] = u->under_way[i];
  }
  u->count = kept;
}

/* Counts all stretches up to `cycle`, which begin and end where a burst does. */
static rs_status pass_until(rs__checker *c, unit_sweep *u, int64_t *now, int64_t cycle) {
  while (u->count > 0 && *now < cycle) {
    int64_t end = cycle;
    for (uint32_t i = 0; i < u->count; i++) end = RS_MIN(end, u->under_way[i].last + 1);
    rs_status status = count_adds(c, u, *now, end);
    if (status != RS_OK) return status;
    *now = end;
    drop_ended(u, end);
  }
  *now = cycle;
  return RS_OK;
}

static int compare_runs(const void *left, const void *right) {
  const add_run *a = left;
  const add_run *b = right;
  if (a->chip != b->chip) return a->chip < b->chip ? -1 : 1;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  return (a->burst > b->burst) - (a->burst < b->burst);
}

static rs_status sweep_adds(rs__checker *c, unit_sweep *u, add_run *runs, uint64_t count) {
  int64_t now = 0;
  qsort(runs, count, sizeof *runs, compare_runs);
  for (uint64_t i = 0; i <= count; i++) {
    bool new_chip = i == count || (i > 0 && runs[i].chip != runs[i - 1].chip);
    rs_status status = pass_until(c, u, &now, new_chip ? INT64_MAX : runs[i].first);
    if (status != RS_OK || i == count) return status;
    if (new_chip) now = runs[i].first;
    u->under_way[u->count++] = runs[i];
  }
  return RS_OK;
}

static uint64_t list_runs(rs__checker *c, add_run *runs) {
  const rs_schedule *s = c->schedule;
  uint64_t count = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    const rs_link *link = &c->wiring->links[b->link];
    if (b->action != RS_ACTION_ADD) continue;
    rs__line line = {b->start_cycles + rs_timing_latency(&s->timing, link), 0, b->stride, 0};
    int64_t last = rs__line_cycles(c, &line, b->count - 1);
    if (runs != NULL) runs[count] = (add_run){line.base, last, link->to, (uint32_t)i};
    count++;
  }
  return count;
}

rs_status rs__checker_vector_unit(rs__checker *c) {
  const rs_timing *t = &c->schedule->timing;
  uint32_t degree = 0;
  for (uint32_t chip = 0; chip < c->wiring->chip_count; chip++) {
    degree = RS_MAX(degree, c->wiring->in_first[chip + 1] - c->wiring->in_first[chip]);
  }
  rs_int128 arrivals = (rs_int128)degree * rs_ceil_div_i64(t->slot_den, t->slot_num);
  if (arrivals <= t->adds_per_cycle && !c->has_shared_adds) return RS_OK;
  uint64_t count = list_runs(c, NULL);
  if (count == 0) return RS_OK;
  add_run *runs = RS_ARENA_NEW(c->arena, add_run, count);
  unit_sweep u = {.timing = t,
                  .bursts = c->schedule->bursts,
                  .under_way = RS_ARENA_NEW(c->arena, add_run, count),
                  .arrivals = RS_ARENA_NEW(c->arena, arrival, ADDS_COUNTED_MAX + 1)};
  if (runs == NULL || u.under_way == NULL || u.arrivals == NULL) {
    return rs_arena_failed(c->arena, c->diag);
  }
  list_runs(c, runs);
  return sweep_adds(c, &u, runs, count);
}

/*
 * An unequal all-to-all as a sequence of sends: largest first (the rule that Graham, 1969, bounds), so
 * that small ones fill the gaps.
 */
#include "rs_unequal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__bound.h"

#define RS__REHEARSALS 2
#define RS__PARCEL_BYTES_MAX (INT64_C(1) << 48) /* sums over pairs and hops stay far from 2^63 */

typedef struct parcel {
  int64_t vectors;
  uint32_t shift; /* to place = from place + shift */
  uint32_t from;
} parcel;

/* Largest first, then by shift, then by sender: those of one operation lie together. */
static int compare_parcels(const void *left, const void *right) {
  const parcel *a = left, *b = right;
  if (a->vectors != b->vectors) return a->vectors > b->vectors ? -1 : 1;
  if (a->shift != b->shift) return a->shift < b->shift ? -1 : 1;
  return (a->from > b->from) - (a->from < b->from);
}

static rs_status check_sizes(const rs_unequal_request *r, rs_diag *diag) {
  int64_t n = r->chip_count;
  bool moves = false;
  if (n < 2 || n > RS_UNEQUAL_CHIPS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "an unequal all-to-all of %u chips", r->chip_count);
  }
  for (int64_t i = 0; i < n * n; i++) {
    if (i / n == i % n) continue;
    if (r->bytes[i] < 0 || r->bytes[i] > RS__PARCEL_BYTES_MAX) {
      return rs_diag_set(diag, RS_E_INPUT, "chip %u cannot send %lld bytes to chip %u",
                         r->chips[i / n], (long long)r->bytes[i], r->chips[i % n]);
    }
    moves = moves || r->bytes[i] > 0;
  }
  return moves ? RS_OK : rs_diag_set(diag, RS_E_INPUT, "nothing is to be moved");
}

static size_t list_parcels(const rs_unequal_request *r, const rs_timing *timing, parcel *list) {
  uint32_t n = r->chip_count;
  size_t count = 0;
  for (uint32_t shift = 1; shift < n; shift++) {
    for (uint32_t from = 0; from < n; from++) {
      int64_t bytes = r->bytes[(size_t)from * n + (from + shift) % n];
      if (bytes == 0) continue;
      list[count++] = (parcel){rs_timing_vectors(timing, bytes), shift, from};
    }
  }
  qsort(list, count, sizeof *list, compare_parcels);
  return count;
}

/* ---- compiling ---- */

typedef struct sender {
  rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_calendar *calendar;
  const rs_unequal_request *request;
  rs_unequal_report *report;
  uint32_t *pairs;
  uint32_t *link_load;
  int64_t load_unit;
  uint64_t next_burst; /* of the rehearsal */
  rs_diag *diag;
} sender;

/* One operation: parcels of one size and shift. */
static rs_status send(sender *s, const parcel *list, size_t count) {
  const rs_unequal_request *r = s->request;
  rs_compile_report report;
  char label[48];
  for (size_t i = 0; i < count; i++) {
    s->pairs[2 * i] = r->chips[list[i].from];
    s->pairs[2 * i + 1] = r->chips[(list[i].from + list[i].shift) % r->chip_count];
  }
  snprintf(label, sizeof label, "shift %u", list[0].shift);
  const rs_collective_request request = {
      .kind = RS_SEND,
      .algorithm = "paths",
      .chips = s->pairs,
      .chip_count = (uint32_t)(2 * count),
      .root = RS_NONE,
      .block_bytes = list[0].vectors * s->schedule->timing.vector_bytes,
      .ready_cycles = r->ready_cycles,
      .label = label,
      .link_load = s->link_load,
      .load_unit = s->load_unit};
  rs_status status =
      rs_collective_compile(s->schedule, s->wiring, s->calendar, &request, NULL, &report, s->diag);
  if (status != RS_OK) return status;
  s->report->ops++;
  s->report->bursts += report.bursts;
  s->report->end_cycles = RS_MAX(s->report->end_cycles, report.end_cycles);
  return RS_OK;
}

/* Vectors that count one as load: so many that a link's load stays in the thousands, where the prices of
 * paths can tell links apart. */
static int64_t choose_unit(const parcel *list, size_t count, uint32_t links) {
  rs_int128 sum = 0;
  for (size_t i = 0; i < count; i++) sum += list[i].vectors;
  return (int64_t)(sum / links / 1024) + 1;
}

/* Takes the load of an operation of the rehearsal out again: its paths are chosen anew. */
static void take_out(sender *s, const rs_schedule *rehearsal, uint32_t op) {
  while (s->next_burst < rehearsal->burst_count && rehearsal->bursts[s->next_burst].op == op) {
    const rs_burst *burst = &rehearsal->bursts[s->next_burst++];
    uint32_t weight = (uint32_t)RS_MAX(1, RS_MIN(burst->count / s->load_unit, UINT16_MAX));
    uint32_t *load = &s->link_load[burst->link];
    *load -= RS_MIN(weight, *load);
  }
}

/* All operations in order; rehearsal: NULL, or a schedule of the same operations. */
static rs_status send_in_order(sender *s, const parcel *list, size_t count,
                               const rs_schedule *rehearsal) {
  *s->report = (rs_unequal_report){.ops = 0};
  s->next_burst = 0;
  for (size_t first = 0, end = 0; first < count; first = end) {
    while (end < count && list[end].vectors == list[first].vectors &&
           list[end].shift == list[first].shift) {
      end++;
    }
    if (rehearsal != NULL) take_out(s, rehearsal, s->report->ops);
    rs_status status = send(s, list + first, end - first);
    if (status != RS_OK) return status;
  }
  s->report->makespan_cycles = s->report->end_cycles - s->request->ready_cycles;
  return RS_OK;
}

/* Rehearsals are on schedules and calendars of their own; in each, paths know all others of the one
 * before. What was booked in the caller's calendar counts in the last run only. */
static rs_status send_all(sender *s, rs_arena *arena) {
  uint32_t n = s->request->chip_count;
  const rs_schedule *before = NULL;
  parcel *list = RS_ARENA_NEW(arena, parcel, (size_t)n * n);
  s->pairs = RS_ARENA_NEW(arena, uint32_t, (size_t)n * 2);
  s->link_load = RS_ARENA_NEW(arena, uint32_t, s->wiring->link_count);
  if (list == NULL || s->pairs == NULL || s->link_load == NULL) {
    return rs_arena_failed(arena, s->diag);
  }
  size_t count = list_parcels(s->request, &s->schedule->timing, list);
  s->load_unit = choose_unit(list, count, s->wiring->link_count);
  for (int k = 0; k < RS__REHEARSALS; k++) {
    rs_unequal_report report;
    sender rehearsed = *s;
    rehearsed.report = &report;
    rehearsed.schedule = rs_schedule_create(arena, s->wiring, "", &s->schedule->timing);
    rehearsed.calendar = rs_calendar_create(arena, s->wiring, &s->schedule->timing);
    if (rehearsed.schedule == NULL || rehearsed.calendar == NULL) {
      return rs_arena_failed(arena, s->diag);
    }
    rs_status status = send_in_order(&rehearsed, list, count, before);
    if (status != RS_OK) return status;
    before = rehearsed.schedule;
  }
  return send_in_order(s, list, count, before);
}

rs_status rs_unequal_compile(rs_schedule *schedule, const rs_wiring *wiring, rs_calendar *calendar,
                             const rs_unequal_request *request, rs_unequal_report *report,
                             rs_diag *diag) {
  sender s = {.schedule = schedule,
              .wiring = wiring,
              .calendar = calendar,
              .request = request,
              .report = report,
              .diag = diag};
  *report = (rs_unequal_report){.ops = 0};
  rs_status status = check_sizes(request, diag);
  if (status != RS_OK) return status;
  uint64_t mark = rs_calendar_mark(calendar);
  uint32_t op_count = schedule->op_count, group_chip_count = schedule->group_chip_count;
  uint64_t burst_count = schedule->burst_count;
  rs_arena *arena = rs_arena_create(0);
  status = arena == NULL ? rs_arena_failed(NULL, diag) : send_all(&s, arena);
  rs_arena_destroy(arena);
  if (status == RS_OK) return RS_OK;
  rs_calendar_rewind(calendar, mark);
  schedule->op_count = op_count;
  schedule->group_chip_count = group_chip_count;
  schedule->burst_count = burst_count;
  return status;
}

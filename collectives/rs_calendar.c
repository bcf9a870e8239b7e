/*
 * The calendar of links: sorted disjoint busy intervals a link, earliest fit, and a log to undo.
 *
 * A burst starts at an integer cycle s and holds its link until the exact time s + count·q. Because
 * every start is an integer, the next burst can start at ⌈s + count·q⌉ and no sooner: so intervals
 * [s, s + ⌈count·q⌉) in whole cycles are exact, and no ticks need to be kept.
 *
 * Intervals that touch are merged, so a search walks over true gaps only; bookings at the end of a
 * link's time, which is nearly all of them, extend the last interval in constant time. The log holds
 * one entry a booking; what to do to undo it follows from whether its ends touched something.
 *
 * Where more vectors could come into a chip in one cycle than its vector unit adds, bursts that are
 * added also book a lane of the unit, from their first arrival on: a lane takes the adds of one link
 * at full rate, and there are as many as fit. Usually there are none, because 16 ports bring 16
 * vectors a slot at most and the unit adds as many a cycle. A transmission that is added in several
 * places takes a lane for each. Without lanes a chip's links may be added in so many places together.
 */
#include <string.h>

#include "rs__collective.h"

typedef struct interval {
  int64_t start;
  int64_t end; /* first free cycle after it */
} interval;

typedef struct line {
  interval *busy;
  uint32_t count, capacity;
  int64_t last_end; /* of the last interval, so that most bookings need not look at it; 0: none */
} line;

typedef struct log_entry {
  interval booked;
  uint32_t line;
  uint32_t index; /* of the interval that holds it afterwards */
  bool merged_before, merged_after;
} log_entry;

struct rs_calendar {
  rs_arena *arena;
  const rs_wiring *wiring;
  rs_timing timing;
  uint32_t line_count;
  uint32_t lanes_per_chip; /* 0: the vector units keep up whatever comes */
  uint32_t lanes_over;     /* then: how many it has more than links */
  uint8_t *places;     /* then: [link] in how many more than one what it brings is added, at most */
  uint32_t *places_of; /* then: [chip] the sum over its links */
  line *lines;         /* [link], then [chip · lanes_per_chip + lane] */
  int64_t *adds_end;   /* [chip] something is added there until then */
  int64_t *closed_end; /* [chip] and nothing else may be until then */
  log_entry *log;      /* of bookings since the last ones that were settled */
  uint64_t log_count, log_capacity;
  uint64_t settled_count;
};

/* A lane takes what one link brings. Where every link may have one, nothing needs to be booked, and what
 * is left over is for transmissions that are added in more places than one. */
static void find_lanes_wanted(rs_calendar *calendar) {
  const rs_wiring *wiring = calendar->wiring;
  const rs_timing *t = &calendar->timing;
  int64_t per_link = rs_ceil_div_i64(t->slot_den, t->slot_num); /* vectors a cycle */
  int64_t lanes = t->adds_per_cycle / per_link;
  uint32_t degree = 1;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    degree = RS_MAX(degree, wiring->in_first[chip + 1] - wiring->in_first[chip]);
  }
  bool keeps_up = lanes >= degree;
  calendar->lanes_per_chip = keeps_up ? 0 : (uint32_t)RS_MAX(1, lanes);
  calendar->lanes_over = keeps_up ? (uint32_t)RS_MIN(lanes - degree, UINT32_MAX) : 0;
}

rs_calendar *rs_calendar_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing) {
  rs_calendar *calendar = RS_ARENA_NEW(arena, rs_calendar, 1);
  if (calendar == NULL) return NULL;
  calendar->arena = arena;
  calendar->wiring = wiring;
  calendar->timing = *timing;
  find_lanes_wanted(calendar);
  calendar->line_count = wiring->link_count + wiring->chip_count * calendar->lanes_per_chip;
  calendar->lines = RS_ARENA_NEW(arena, line, calendar->line_count);
  calendar->places = RS_ARENA_NEW(arena, uint8_t, wiring->link_count);
  calendar->places_of = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  calendar->adds_end = RS_ARENA_NEW(arena, int64_t, wiring->chip_count);
  calendar->closed_end = RS_ARENA_NEW(arena, int64_t, wiring->chip_count);
  bool good = calendar->adds_end != NULL && calendar->closed_end != NULL &&
              calendar->lines != NULL && calendar->places != NULL && calendar->places_of != NULL;
  return good ? calendar : NULL;
}

/* The first interval that ends after `time`. */
static uint32_t find_after(const line *l, int64_t time) {
  if (l->last_end <= time) return l->count;
  uint32_t low = 0, high = l->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (l->busy[middle].end > time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static bool reserve_interval(rs_calendar *calendar, line *l) {
  if (l->count < l->capacity) return true;
  uint32_t capacity = l->capacity == 0 ? 4 : 2 * l->capacity;
  interval *busy = RS_ARENA_NEW(calendar->arena, interval, capacity);
  if (busy == NULL) return false;
  if (l->count > 0) memcpy(busy, l->busy, l->count * sizeof *busy);
  l->busy = busy;
  l->capacity = capacity;
  return true;
}

static bool reserve_log(rs_calendar *calendar) {
  if (calendar->log_count < calendar->log_capacity) return true;
  uint64_t capacity = calendar->log_capacity == 0 ? 256 : 2 * calendar->log_capacity;
  log_entry *log = RS_ARENA_NEW(calendar->arena, log_entry, capacity);
  if (log == NULL) return false;
  if (calendar->log_count > 0) memcpy(log, calendar->log, calendar->log_count * sizeof *log);
  calendar->log = log;
  calendar->log_capacity = capacity;
  return true;
}

static void insert_interval(line *l, uint32_t index, interval value) {
  memmove(&l->busy[index + 1], &l->busy[index], (l->count - index) * sizeof *l->busy);
  l->busy[index] = value;
  l->count++;
}

static void remove_interval(line *l, uint32_t index) {
  l->count--;
  memmove(&l->busy[index], &l->busy[index + 1], (l->count - index) * sizeof *l->busy);
}

/* Puts `booked` in front of interval `index`, merging with what it touches. */
static log_entry occupy(line *l, uint32_t index, interval booked) {
  log_entry entry = {.booked = booked, .index = index};
  if (index == l->count) { /* behind all */
    entry.merged_before = index > 0 && l->last_end == booked.start;
    if (entry.merged_before) {
      l->busy[--entry.index].end = booked.end;
    } else {
      l->busy[l->count++] = booked;
    }
    l->last_end = booked.end;
    return entry;
  }
  entry.merged_before = index > 0 && l->busy[index - 1].end == booked.start;
  entry.merged_after = index < l->count && l->busy[index].start == booked.end;
  if (entry.merged_before) entry.index = index - 1;
  if (entry.merged_before && entry.merged_after) {
    l->busy[index - 1].end = l->busy[index].end;
    remove_interval(l, index);
  } else if (entry.merged_before) {
    l->busy[index - 1].end = booked.end;
  } else if (entry.merged_after) {
    l->busy[index].start = booked.start;
  } else {
    insert_interval(l, index, booked);
  }
  l->last_end = l->busy[l->count - 1].end;
  return entry;
}

/* The first gap at or after `start` that is wide enough; *index: the interval behind it. */
static int64_t find_gap(const line *l, int64_t start, int64_t length, uint32_t *index) {
  uint32_t at = find_after(l, start);
  while (at < l->count && l->busy[at].start - start < length) {
    start = RS_MAX(start, l->busy[at].end);
    at++;
  }
  *index = at;
  return start;
}

static int64_t book_line(rs_calendar *calendar, uint32_t index, int64_t earliest, int64_t count) {
  assert(index < calendar->line_count && earliest >= 0 && count >= 1);
  line *l = &calendar->lines[index];
  if (!reserve_interval(calendar, l) || !reserve_log(calendar)) return -1;
  int64_t length = rs_timing_slots(&calendar->timing, count);
  uint32_t before;
  int64_t start = find_gap(l, earliest, length, &before);
  log_entry entry = occupy(l, before, (interval){start, start + length});
  entry.line = index;
  calendar->log[calendar->log_count++] = entry;
  return start;
}

int64_t rs_calendar_book(rs_calendar *calendar, uint32_t link, int64_t earliest_cycles,
                         int64_t count) {
  assert(link < calendar->wiring->link_count);
  return book_line(calendar, link, earliest_cycles, count);
}

bool rs__calendar_adds_allow(const rs_calendar *calendar, uint32_t link, uint32_t adds) {
  if (calendar->lanes_per_chip > 0) return adds <= calendar->lanes_per_chip;
  if (adds <= 1u + calendar->places[link]) return true;
  uint32_t chip = calendar->wiring->links[link].to;
  return adds - 1 - calendar->places[link] <= calendar->lanes_over - calendar->places_of[chip];
}

bool rs__calendar_hold_adds(rs_calendar *calendar, uint32_t link, uint32_t adds) {
  assert(adds <= RS__SHARED_MAX && rs__calendar_adds_allow(calendar, link, adds));
  if (calendar->lanes_per_chip > 0) return true; /* lanes are booked when they are known */
  uint8_t *places = &calendar->places[link];
  if (adds <= 1u + *places) return true;
  if (!reserve_log(calendar)) return false;
  log_entry entry = {.booked = {*places, 0}, .line = RS_NONE, .index = link};
  calendar->log[calendar->log_count++] = entry;
  calendar->places_of[calendar->wiring->links[link].to] += adds - 1 - *places;
  *places = (uint8_t)(adds - 1);
  return true;
}

static void lower_places(rs_calendar *calendar, const log_entry *entry) {
  uint8_t *places = &calendar->places[entry->index];
  uint8_t before = (uint8_t)entry->booked.start;
  calendar->places_of[calendar->wiring->links[entry->index].to] -= (uint32_t)(*places - before);
  *places = before;
}

/* Lanes of a chip that are free for `length` from the earliest moment at or after `arrival` at which
 * there are so many, lowest first; returns that moment. A lane that is not free then is free for so
 * long only from its next gap on; so the moment is not before the wanted-th of these. */
static int64_t find_lanes(const rs_calendar *calendar, uint32_t chip, int64_t arrival,
                          int64_t length, uint32_t wanted, uint32_t *lanes) {
  uint32_t first = calendar->wiring->link_count + chip * calendar->lanes_per_chip;
  assert(wanted <= RS__SHARED_MAX && wanted <= calendar->lanes_per_chip);
  for (;;) {
    int64_t soonest[RS__SHARED_MAX]; /* the least gaps, in order */
    uint32_t found = 0, known = 0;
    for (uint32_t i = 0; i < calendar->lanes_per_chip && found < wanted; i++) {
      uint32_t before;
      int64_t gap = find_gap(&calendar->lines[first + i], arrival, length, &before);
      if (gap == arrival) lanes[found++] = first + i;
      uint32_t at = known < wanted ? known++ : wanted;
      for (; at > 0 && soonest[at - 1] > gap; at--) {
        if (at < wanted) soonest[at] = soonest[at - 1];
      }
      if (at < wanted) soonest[at] = gap;
    }
    if (found == wanted) return arrival;
    arrival = soonest[wanted - 1];
  }
}

int64_t rs__calendar_book_adds(rs_calendar *calendar, uint32_t link, int64_t earliest_cycles,
                               int64_t count, uint32_t *const *lanes, uint32_t adds) {
  assert(rs__calendar_adds_allow(calendar, link, adds));
  if (adds > 0) {
    const rs_link *l = &calendar->wiring->links[link];
    int64_t latency = rs_timing_latency(&calendar->timing, l);
    earliest_cycles = RS_MAX(earliest_cycles, calendar->closed_end[l->to] - latency);
  }
  if (adds == 0 || calendar->lanes_per_chip == 0) {
    if (!rs__calendar_hold_adds(calendar, link, adds)) return -1;
    return rs_calendar_book(calendar, link, earliest_cycles, count);
  }
  const rs_link *l = &calendar->wiring->links[link];
  int64_t latency = rs_timing_latency(&calendar->timing, l);
  int64_t length = rs_timing_slots(&calendar->timing, count);
  int64_t start = earliest_cycles;
  uint32_t found[RS__SHARED_MAX];
  for (;;) {
    /* The first start that suits the link, then the first arrival that suits lanes; both grow. */
    uint32_t before;
    start = find_gap(&calendar->lines[link], start, length, &before);
    int64_t arrival = find_lanes(calendar, l->to, start + latency, length, adds, found);
    if (arrival == start + latency) break;
    start = arrival - latency;
  }
  for (uint32_t i = 0; i < adds; i++) {
    *lanes[i] = found[i];
    if (rs__calendar_book_lane(calendar, found[i], start + latency, count) < 0) return -1;
  }
  return rs_calendar_book(calendar, link, start, count);
}

void rs__calendar_note_burst(rs_calendar *calendar, const rs_burst *burst, bool is_counted) {
  if (burst->action != RS_ACTION_ADD) return;
  const rs_link *l = &calendar->wiring->links[burst->link];
  int64_t end = rs_burst_arrival(&calendar->timing, l, burst, burst->count - 1) + 1;
  calendar->adds_end[l->to] = RS_MAX(calendar->adds_end[l->to], end);
  if (is_counted) calendar->closed_end[l->to] = RS_MAX(calendar->closed_end[l->to], end);
}

int64_t rs__calendar_adds_end(const rs_calendar *calendar, uint32_t chip) {
  return calendar->adds_end[chip];
}

int64_t rs__calendar_book_lane(rs_calendar *calendar, uint32_t lane, int64_t arrival_cycles,
                               int64_t count) {
  return book_line(calendar, lane, arrival_cycles, count);
}

bool rs__calendar_adds_fit(const rs_calendar *calendar) {
  return calendar->lanes_per_chip == 0 ||
         calendar->timing.adds_per_cycle >=
             rs_ceil_div_i64(calendar->timing.slot_den, calendar->timing.slot_num);
}

void rs__calendar_fetch(const rs_calendar *calendar, uint32_t link) {
  __builtin_prefetch(&calendar->lines[link]);
}

uint64_t rs_calendar_mark(const rs_calendar *calendar) {
  return calendar->settled_count + calendar->log_count;
}

void rs_calendar_settle(rs_calendar *calendar) {
  calendar->settled_count += calendar->log_count;
  calendar->log_count = 0;
}

static void undo(line *l, const log_entry *entry) {
  interval *held = &l->busy[entry->index];
  if (entry->merged_before && entry->merged_after) {
    interval after = {entry->booked.end, held->end};
    held->end = entry->booked.start;
    insert_interval(l, entry->index + 1, after); /* room: it was one longer before the merge */
  } else if (entry->merged_before) {
    held->end = entry->booked.start;
  } else if (entry->merged_after) {
    held->start = entry->booked.end;
  } else {
    remove_interval(l, entry->index);
  }
  l->last_end = l->count == 0 ? 0 : l->busy[l->count - 1].end;
}

void rs_calendar_rewind(rs_calendar *calendar, uint64_t mark) {
  assert(mark >= calendar->settled_count && mark <= rs_calendar_mark(calendar));
  while (rs_calendar_mark(calendar) > mark) {
    const log_entry *entry = &calendar->log[--calendar->log_count];
    if (entry->line == RS_NONE) {
      lower_places(calendar, entry);
    } else {
      undo(&calendar->lines[entry->line], entry);
    }
  }
}

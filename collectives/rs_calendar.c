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
 */
#include <string.h>

#include "rs_collective.h"

typedef struct interval {
  int64_t start;
  int64_t end; /* first free cycle after it */
} interval;

typedef struct line {
  interval *busy;
  uint32_t count, capacity;
} line;

typedef struct log_entry {
  interval booked;
  uint32_t link;
  uint32_t index; /* of the interval that holds it afterwards */
  bool merged_before, merged_after;
} log_entry;

struct rs_calendar {
  rs_arena *arena;
  rs_timing timing;
  uint32_t link_count;
  line *lines; /* [link] */
  log_entry *log;
  uint64_t log_count, log_capacity;
};

rs_calendar *rs_calendar_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing) {
  rs_calendar *calendar = RS_ARENA_NEW(arena, rs_calendar, 1);
  if (calendar == NULL) return NULL;
  calendar->arena = arena;
  calendar->timing = *timing;
  calendar->link_count = wiring->link_count;
  calendar->lines = RS_ARENA_NEW(arena, line, wiring->link_count);
  return calendar->lines == NULL ? NULL : calendar;
}

/* The first interval that ends after `time`. */
static uint32_t find_after(const line *l, int64_t time) {
  if (l->count == 0 || l->busy[l->count - 1].end <= time) return l->count;
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
  return entry;
}

int64_t rs_calendar_book(rs_calendar *calendar, uint32_t link, int64_t earliest_cycles,
                         int64_t count) {
  assert(link < calendar->link_count && earliest_cycles >= 0 && count >= 1);
  line *l = &calendar->lines[link];
  if (!reserve_interval(calendar, l) || !reserve_log(calendar)) return -1;
  int64_t length = rs_timing_slots(&calendar->timing, count);
  int64_t start = earliest_cycles;
  uint32_t index = find_after(l, start);
  while (index < l->count && l->busy[index].start - start < length) {
    start = RS_MAX(start, l->busy[index].end);
    index++;
  }
  log_entry entry = occupy(l, index, (interval){start, start + length});
  entry.link = link;
  calendar->log[calendar->log_count++] = entry;
  return start;
}

uint64_t rs_calendar_mark(const rs_calendar *calendar) {
  return calendar->log_count;
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
}

void rs_calendar_rewind(rs_calendar *calendar, uint64_t mark) {
  assert(mark <= calendar->log_count);
  while (calendar->log_count > mark) {
    const log_entry *entry = &calendar->log[--calendar->log_count];
    undo(&calendar->lines[entry->link], entry);
  }
}

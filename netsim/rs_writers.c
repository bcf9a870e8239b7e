/* Bursts sorted by where they write; a reader's writers are a range of that, filtered by time. */
#include <stdlib.h>

#include "rs__writers.h"

typedef struct place {
  uint32_t op, chip, buffer, burst;
  int64_t offset;
} place;

static int compare_places(const void *left, const void *right) {
  const place *a = left;
  const place *b = right;
  if (a->op != b->op) return a->op < b->op ? -1 : 1;
  if (a->chip != b->chip) return a->chip < b->chip ? -1 : 1;
  if (a->buffer != b->buffer) return a->buffer < b->buffer ? -1 : 1;
  if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
  return (a->burst > b->burst) - (a->burst < b->burst);
}

static void fill_buckets(rs__writers *w, const place *places, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    const place *p = &places[i];
    rs__writers_bucket *last = w->bucket_count == 0 ? NULL : &w->buckets[w->bucket_count - 1];
    w->order[i] = p->burst;
    if (last == NULL || last->op != p->op || last->chip != p->chip || last->buffer != p->buffer) {
      last = &w->buckets[w->bucket_count++];
      *last = (rs__writers_bucket){.op = p->op, .chip = p->chip, .buffer = p->buffer, .first = i};
    }
    last->count++;
    last->longest = RS_MAX(last->longest, w->schedule->bursts[p->burst].count);
  }
}

rs_status rs__writers_create(rs_arena *arena, const rs_schedule *schedule, const rs_wiring *wiring,
                             rs__writers **writers, rs_diag *diag) {
  assert(schedule->burst_count < UINT32_MAX);
  uint32_t count = (uint32_t)schedule->burst_count;
  rs__writers *w = RS_ARENA_NEW(arena, rs__writers, 1);
  place *places = RS_ARENA_NEW(arena, place, count);
  if (w == NULL || places == NULL) return rs_arena_failed(arena, diag);
  *w = (rs__writers){.schedule = schedule, .wiring = wiring};
  w->order = RS_ARENA_NEW(arena, uint32_t, count);
  w->buckets = RS_ARENA_NEW(arena, rs__writers_bucket, count);
  if (w->order == NULL || w->buckets == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < count; i++) {
    const rs_burst *b = &schedule->bursts[i];
    places[i] = (place){.op = b->op,
                        .chip = wiring->links[b->link].to,
                        .buffer = b->target,
                        .burst = i,
                        .offset = b->target_offset};
  }
  qsort(places, count, sizeof *places, compare_places);
  fill_buckets(w, places, count);
  *writers = w;
  return RS_OK;
}

static const rs__writers_bucket *find_bucket(const rs__writers *w, uint32_t op, uint32_t chip,
                                             uint32_t buffer) {
  uint32_t low = 0;
  uint32_t high = w->bucket_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const rs__writers_bucket *b = &w->buckets[middle];
    bool before = b->op != op ? b->op < op : b->chip != chip ? b->chip < chip : b->buffer < buffer;
    if (before) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == w->bucket_count) return NULL;
  const rs__writers_bucket *b = &w->buckets[low];
  return b->op == op && b->chip == chip && b->buffer == buffer ? b : NULL;
}

/* The first place of a bucket whose burst begins at `offset` or behind it. */
static uint32_t lower_bound(const rs__writers *w, const rs__writers_bucket *b, int64_t offset) {
  uint32_t low = b->first;
  uint32_t high = b->first + b->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (w->schedule->bursts[w->order[middle]].target_offset < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

rs__writers_cursor rs__writers_of(const rs__writers *writers, const rs_burst *reader) {
  rs__writers_cursor cursor = {.writers = writers, .reader = reader};
  const rs__writers_bucket *b =
      find_bucket(writers, reader->op, writers->wiring->links[reader->link].from, reader->source);
  if (b == NULL) return cursor;
  cursor.at = lower_bound(writers, b, reader->source_offset - b->longest + 1);
  cursor.end = lower_bound(writers, b, reader->source_offset + reader->count);
  return cursor;
}

bool rs__writers_next(rs__writers_cursor *cursor, uint32_t *writer, int64_t *address) {
  const rs__writers *w = cursor->writers;
  const rs_burst *r = cursor->reader;
  const rs_timing *t = &w->schedule->timing;
  while (cursor->at < cursor->end) {
    uint32_t index = w->order[cursor->at++];
    const rs_burst *b = &w->schedule->bursts[index];
    if (b->target_offset + b->count <= r->source_offset) continue;
    int64_t first = RS_MAX(b->target_offset, r->source_offset);
    const rs_link *link = &w->wiring->links[b->link];
    int64_t arrival = rs_burst_arrival(t, link, b, first - b->target_offset);
    if (arrival > rs_burst_departure(t, r, first - r->source_offset)) continue;
    *writer = index;
    *address = first;
    return true;
  }
  return false;
}

int64_t rs__writers_hop_cycles(const rs__writers *writers, const rs_burst *writer) {
  const rs_timing *t = &writers->schedule->timing;
  int64_t inside = RS_MIN(t->forward_cycles, t->receive_cycles + t->send_cycles);
  int64_t adding = writer->action == RS_ACTION_ADD ? t->add_cycles : 0;
  return rs_timing_latency(t, &writers->wiring->links[writer->link]) + inside + adding;
}

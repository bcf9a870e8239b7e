/*
 * Events of the list scheduler, by (time, order): a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, "Faster
 * algorithms for the shortest path problem", 1990).
 *
 * Time only goes on. Events behind the moment at hand lie in buckets by the highest bit in which their
 * time differs from it, as they came; when the moment's own events are used up, the lowest bucket is dealt
 * to those below it, and what comes first becomes the moment. So an event is moved a few times, always to
 * the end of a list, where a heap of a million would look for it in twenty places out of the cache. The
 * moment's own events are sorted; the few that come while it lasts go through a small heap.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__plan_events.h"

#define INSERTED_MAX 24 /* more are not sorted by insertion */

static bool comes_before(const rs__event *a, const rs__event *b) {
  return a->time != b->time ? a->time < b->time : a->order < b->order;
}

void rs__events_init(rs__events *q, rs_arena *arena) {
  *q = (rs__events){.arena = arena, .now = -1};
}

/* ---- lists ---- */

static bool append(rs__events *q, rs__event_list *list, rs__event e) {
  rs__event_chunk *head = list->head;
  if (head == NULL || head->count == RS__CHUNK_EVENTS) {
    rs__event_chunk *fresh = q->free;
    if (fresh != NULL) {
      q->free = fresh->next;
    } else {
      fresh = RS_ARENA_NEW(q->arena, rs__event_chunk, 1);
      if (fresh == NULL) return false;
    }
    fresh->count = 0;
    fresh->next = head;
    list->head = head = fresh;
  }
  head->events[head->count++] = e;
  list->count++;
  return true;
}

/* Room for `count` in an array that keeps what it has. */
static bool reserve(rs_arena *arena, rs__event **events, size_t *capacity, size_t count) {
  if (count <= *capacity) return true;
  size_t wanted = RS_MAX(count, RS_MAX(2 * *capacity, 64));
  rs__event *larger = RS_ARENA_NEW(arena, rs__event, wanted);
  if (larger == NULL) return false;
  if (*capacity > 0) memcpy(larger, *events, *capacity * sizeof *larger);
  *events = larger;
  *capacity = wanted;
  return true;
}

/* ---- the moment's own ---- */

static bool push_late(rs__events *q, rs__event value) {
  if (!reserve(q->arena, &q->late, &q->late_capacity, q->late_count + 1)) return false;
  size_t at = q->late_count++;
  while (at > 0) {
    size_t parent = (at - 1) / 2;
    if (!comes_before(&value, &q->late[parent])) break;
    q->late[at] = q->late[parent];
    at = parent;
  }
  q->late[at] = value;
  return true;
}

static rs__event pop_late(rs__events *q) {
  rs__event first = q->late[0];
  rs__event value = q->late[--q->late_count];
  size_t at = 0;
  for (size_t child = 1; child < q->late_count; child = 2 * at + 1) {
    if (child + 1 < q->late_count && comes_before(&q->late[child + 1], &q->late[child])) child++;
    if (!comes_before(&q->late[child], &value)) break;
    q->late[at] = q->late[child];
    at = child;
  }
  q->late[at] = value;
  return first;
}

static void sort_by_insertion(rs__event *events, size_t count) {
  for (size_t k = 1; k < count; k++) {
    const rs__event e = events[k];
    size_t at = k;
    for (; at > 0 && events[at - 1].order > e.order; at--) events[at] = events[at - 1];
    events[at] = e;
  }
}

static void sort_byte(const rs__event *from, rs__event *to, size_t count, int shift) {
  size_t first[256] = {0}, place = 0;
  for (size_t i = 0; i < count; i++) first[from[i].order >> shift & 255]++;
  for (size_t byte = 0; byte < 256; byte++) {
    size_t size = first[byte];
    first[byte] = place;
    place += size;
  }
  for (size_t i = 0; i < count; i++) to[first[from[i].order >> shift & 255]++] = from[i];
}

/* All are of one time: by order, byte by byte where they differ. */
static bool sort_own(rs__events *q) {
  size_t count = q->own_count;
  uint64_t differs = 0;
  if (count <= INSERTED_MAX) {
    sort_by_insertion(q->own, count);
    return true;
  }
  if (!reserve(q->arena, &q->scratch, &q->scratch_capacity, count)) return false;
  for (size_t i = 1; i < count; i++) differs |= q->own[i].order ^ q->own[0].order;
  for (int shift = 0; shift < 64; shift += 8) {
    if ((differs >> shift & 255) == 0) continue;
    sort_byte(q->own, q->scratch, count, shift);
    rs__event *sorted = q->scratch;
    size_t capacity = q->scratch_capacity;
    q->scratch = q->own;
    q->scratch_capacity = q->own_capacity;
    q->own = sorted;
    q->own_capacity = capacity;
  }
  return true;
}

/* ---- buckets ---- */

/* Which bucket a time behind the moment is of: the highest bit in which they differ. */
static int bucket_of(const rs__events *q, int64_t time) {
  uint64_t differs = (uint64_t)time ^ (uint64_t)q->now;
  return 63 - __builtin_clzll(differs);
}

static bool add_own(rs__events *q, rs__event e) {
  if (!reserve(q->arena, &q->own, &q->own_capacity, q->own_count + 1)) return false;
  q->own[q->own_count++] = e;
  return true;
}

/* The earliest of a bucket becomes the moment, and its events are dealt anew. */
static bool open_bucket(rs__events *q, int bucket) {
  rs__event_list list = q->buckets[bucket];
  int64_t earliest = INT64_MAX;
  bool ok = true;
  q->buckets[bucket] = (rs__event_list){0};
  for (const rs__event_chunk *c = list.head; c != NULL; c = c->next) {
    for (uint32_t i = 0; i < c->count; i++) earliest = RS_MIN(earliest, c->events[i].time);
  }
  q->now = earliest;
  q->own_count = q->own_next = 0;
  while (list.head != NULL && ok) {
    rs__event_chunk *c = list.head;
    for (uint32_t i = 0; i < c->count && ok; i++) {
      const rs__event e = c->events[i];
      ok = e.time == earliest ? add_own(q, e) : append(q, &q->buckets[bucket_of(q, e.time)], e);
    }
    list.head = c->next;
    c->next = q->free;
    q->free = c;
  }
  return ok && sort_own(q);
}

bool rs__events_push(rs__events *q, int64_t time, uint64_t order) {
  const rs__event e = {time, order};
  q->count++;
  return time <= q->now ? push_late(q, e) : append(q, &q->buckets[bucket_of(q, time)], e);
}

bool rs__events_pop(rs__events *q, rs__event *e) {
  assert(q->count > 0);
  if (q->own_next == q->own_count && q->late_count == 0) {
    int bucket = 0;
    while (q->buckets[bucket].count == 0) bucket++;
    if (!open_bucket(q, bucket)) return false;
  }
  q->count--;
  bool has_own = q->own_next < q->own_count;
  if (has_own && (q->late_count == 0 || comes_before(&q->own[q->own_next], &q->late[0]))) {
    *e = q->own[q->own_next++];
  } else {
    *e = pop_late(q);
  }
  return true;
}

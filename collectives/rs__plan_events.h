/*
 * What the list scheduler has to do, by time and then by order. Times never go back before the last that
 * was popped but for a few, which come next. Memory is the arena's, and is used again within the queue.
 */
#ifndef RS__PLAN_EVENTS_H
#define RS__PLAN_EVENTS_H

#include "rs__collective.h"

typedef struct rs__event {
  int64_t time; /* ≥ 0 */
  uint64_t order;
} rs__event;

#define RS__CHUNK_EVENTS 62 /* a chunk is 1 KiB */

typedef struct rs__event_chunk {
  struct rs__event_chunk *next;
  uint32_t count;
  rs__event events[RS__CHUNK_EVENTS];
} rs__event_chunk;

typedef struct rs__event_list {
  rs__event_chunk *head; /* the last one: only it has room */
  size_t count;
} rs__event_list;

typedef struct rs__events {
  rs_arena *arena;
  size_t count;
  int64_t now;                /* the moment at hand; all in buckets come after it */
  rs__event_list buckets[64]; /* by the highest bit in which a time differs from the moment */
  rs__event_chunk *free;
  rs__event *own; /* the moment's, sorted; from own_next on still to come */
  size_t own_next, own_count, own_capacity;
  rs__event *late; /* a heap of what came when it was the moment already */
  size_t late_count, late_capacity;
  rs__event *scratch;
  size_t scratch_capacity;
} rs__events;

void rs__events_init(rs__events *queue, rs_arena *arena);

/* Both: false where there is no memory. Pop: there is an event. */
bool rs__events_push(rs__events *queue, int64_t time, uint64_t order);
bool rs__events_pop(rs__events *queue, rs__event *event);

/* The order of the event that is to come behind so many of the moment's own; RS__NO_EVENT: not known. For
 * fetching what it will need. */
#define RS__NO_EVENT UINT64_MAX

static inline uint64_t rs__events_ahead(const rs__events *queue, size_t behind) {
  size_t at = queue->own_next + behind;
  return at < queue->own_count ? queue->own[at].order : RS__NO_EVENT;
}

#endif

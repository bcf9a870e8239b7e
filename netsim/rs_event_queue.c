/*
 * A radix heap. Bucket 0 holds events at the time of the last pop, bucket b > 0 those whose time
 * differs from it first in bit b − 1 (from the top). When bucket 0 runs dry, the lowest bucket that
 * is not empty is dealt out anew around its least time: every event moves at most 64 times, each time
 * to a lower bucket.
 *
 * Equal times must come out in order of sequence. Within a bucket events stand in order of push,
 * and dealing keeps that order, so bucket 0 is a queue in order of sequence; nothing is compared.
 * (An event pushed at the current time goes to the end of bucket 0, and has the largest sequence.)
 */
#include "rs_event_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 64

typedef struct bucket {
  rs_event *events;
  size_t first; /* only bucket 0 is read from the front */
  size_t count; /* end of the events; first … count − 1 are there */
  size_t capacity;
} bucket;

struct rs_event_queue {
  bucket buckets[BUCKETS];
  uint64_t occupied; /* bit b: bucket b has events */
  int64_t last_cycles;
  uint64_t next_sequence;
  uint64_t count;
};

rs_event_queue *rs_event_queue_create(void) {
  return calloc(1, sizeof(rs_event_queue));
}

void rs_event_queue_destroy(rs_event_queue *queue) {
  if (queue == NULL) return;
  for (int b = 0; b < BUCKETS; b++) free(queue->buckets[b].events);
  free(queue);
}

uint64_t rs_event_queue_count(const rs_event_queue *queue) {
  return queue->count;
}

/* Times are below 2^63, so the highest differing bit is at most 62 and the bucket at most 63. */
static int bucket_of(int64_t last, int64_t time) {
  uint64_t difference = (uint64_t)last ^ (uint64_t)time;
  return difference == 0 ? 0 : 64 - __builtin_clzll(difference);
}

static bool append(bucket *b, const rs_event *event) {
  if (b->count == b->capacity) {
    size_t capacity = b->capacity == 0 ? 16 : 2 * b->capacity;
    rs_event *larger = realloc(b->events, capacity * sizeof *larger);
    if (larger == NULL) return false;
    b->events = larger;
    b->capacity = capacity;
  }
  b->events[b->count++] = *event;
  return true;
}

bool rs_event_queue_push(rs_event_queue *queue, int64_t time_cycles, uint32_t kind,
                         uint32_t subject, int64_t detail) {
  assert(time_cycles >= queue->last_cycles);
  rs_event event = {time_cycles, queue->next_sequence, kind, subject, detail};
  int b = bucket_of(queue->last_cycles, time_cycles);
  if (!append(&queue->buckets[b], &event)) return false;
  queue->occupied |= UINT64_C(1) << b;
  queue->next_sequence++;
  queue->count++;
  return true;
}

/* Makes room in the target buckets before anything moves, so that running out of memory leaves the
 * queue as it was. */
static bool reserve_for(rs_event_queue *queue, const bucket *source, int64_t least) {
  size_t needed[BUCKETS] = {0};
  for (size_t i = 0; i < source->count; i++) {
    needed[bucket_of(least, source->events[i].time_cycles)]++;
  }
  for (int b = 0; b < BUCKETS; b++) {
    bucket *target = &queue->buckets[b];
    size_t total = target->count + needed[b];
    if (needed[b] == 0 || total <= target->capacity) continue;
    size_t capacity = RS_MAX(total, 2 * target->capacity);
    rs_event *larger = realloc(target->events, capacity * sizeof *larger);
    if (larger == NULL) return false;
    target->events = larger;
    target->capacity = capacity;
  }
  return true;
}

/* Deals the lowest bucket that has events out around its least time. */
static bool refill(rs_event_queue *queue) {
  int lowest = __builtin_ctzll(queue->occupied);
  bucket *source = &queue->buckets[lowest];
  int64_t least = source->events[0].time_cycles;
  for (size_t i = 1; i < source->count; i++) {
    least = RS_MIN(least, source->events[i].time_cycles);
  }
  if (!reserve_for(queue, source, least)) return false;
  queue->last_cycles = least;
  for (size_t i = 0; i < source->count; i++) {
    int b = bucket_of(least, source->events[i].time_cycles);
    bucket *target = &queue->buckets[b];
    target->events[target->count++] = source->events[i];
    queue->occupied |= UINT64_C(1) << b;
  }
  source->count = 0;
  queue->occupied &= ~(UINT64_C(1) << lowest);
  return true;
}

bool rs_event_queue_pop(rs_event_queue *queue, rs_event *event) {
  if (queue->count == 0) return false;
  bucket *now = &queue->buckets[0];
  if (now->first == now->count) {
    now->first = now->count = 0;
    queue->occupied &= ~UINT64_C(1);
    if (!refill(queue)) return false;
  }
  *event = now->events[now->first++];
  queue->count--;
  if (now->first == now->count) {
    now->first = now->count = 0;
    queue->occupied &= ~UINT64_C(1);
  }
  return true;
}

rs_status rs_event_queue_check(const rs_event_queue *queue, rs_diag *diag) {
  uint64_t total = 0;
  for (int b = 0; b < BUCKETS; b++) {
    const bucket *k = &queue->buckets[b];
    total += k->count - k->first;
    if ((k->count > k->first) != ((queue->occupied >> b & 1) != 0)) {
      return rs_diag_set(diag, RS_E_REFUSED, "bucket %d and its bit disagree", b);
    }
    for (size_t i = k->first; i < k->count; i++) {
      if (bucket_of(queue->last_cycles, k->events[i].time_cycles) != b) {
        return rs_diag_set(diag, RS_E_REFUSED, "an event stands in the wrong bucket %d", b);
      }
      if (i > k->first && k->events[i - 1].sequence >= k->events[i].sequence) {
        return rs_diag_set(diag, RS_E_REFUSED, "bucket %d is out of sequence", b);
      }
    }
  }
  if (total != queue->count) {
    return rs_diag_set(diag, RS_E_REFUSED, "%llu events counted, %llu there",
                       (unsigned long long)queue->count, (unsigned long long)total);
  }
  return RS_OK;
}

/*
 * Events of the near future, a bucket a cycle, chained through the things that they are about; events
 * beyond the wheel wait in a binary heap.
 *
 * A thing ("node", an index of the caller's) has at most one event under way, so that pushing is two
 * writes and nothing is allocated after rs__wheel_init. Order: by time; of one time first those from the
 * heap, in the order in which they were pushed, then those of the bucket, likewise. Monotone: nothing is
 * pushed before the event that was popped last (asserted).
 */
#ifndef RS__WHEEL_H
#define RS__WHEEL_H

#include "rs_wiring.h"

typedef struct rs__far_event {
  int64_t time_cycles;
  uint64_t sequence;
  uint32_t node;
} rs__far_event;

typedef struct rs__wheel {
  int64_t now;
  int64_t size;       /* buckets, a power of two */
  uint32_t *head;     /* [bucket] RS_NONE: empty */
  uint32_t *tail;     /* [bucket] */
  uint64_t *occupied; /* a bit a bucket */
  uint32_t *next;     /* [node] */
  rs__far_event *far; /* a heap */
  uint32_t far_count, node_count;
  uint64_t far_sequence;
} rs__wheel;

/* `horizon_cycles`: how far ahead most events are. */
rs_status rs__wheel_init(rs_arena *arena, rs__wheel *wheel, int64_t horizon_cycles,
                         uint32_t node_count, rs_diag *diag);
/* Room for more nodes. */
rs_status rs__wheel_grow(rs_arena *arena, rs__wheel *wheel, uint32_t node_count, rs_diag *diag);

void rs__wheel_push_far(rs__wheel *wheel, int64_t time, uint32_t node);
uint32_t rs__wheel_pop_far(rs__wheel *wheel);

static inline void rs__wheel_push(rs__wheel *w, int64_t time, uint32_t node) {
  assert(time >= w->now && node < w->node_count);
  if (time - w->now >= w->size) {
    rs__wheel_push_far(w, time, node);
    return;
  }
  size_t bucket = (size_t)(time & (w->size - 1));
  w->next[node] = RS_NONE;
  if (w->head[bucket] == RS_NONE) {
    w->head[bucket] = node;
    w->occupied[bucket / 64] |= UINT64_C(1) << (bucket % 64);
  } else {
    w->next[w->tail[bucket]] = node;
  }
  w->tail[bucket] = node;
}

/* The time of the first event in the buckets; INT64_MAX: none. */
static inline int64_t rs__wheel_near(const rs__wheel *w) {
  int64_t words = w->size / 64;
  int64_t bucket = w->now & (w->size - 1);
  uint64_t bits = w->occupied[bucket / 64] >> (bucket % 64);
  if (bits != 0) return w->now + __builtin_ctzll(bits);
  for (int64_t k = 1; k <= words; k++) {
    int64_t word = (bucket / 64 + k) % words;
    bits = w->occupied[word];
    if (bits == 0) continue;
    int64_t found = word * 64 + __builtin_ctzll(bits);
    return w->now + ((found - bucket) & (w->size - 1));
  }
  return INT64_MAX;
}

/* Moves `now` to the next event; false: there is none. */
static inline bool rs__wheel_pop(rs__wheel *w, uint32_t *node) {
  size_t bucket = (size_t)(w->now & (w->size - 1));
  int64_t far = w->far_count == 0 ? INT64_MAX : w->far[0].time_cycles;
  if (far > w->now && w->head[bucket] == RS_NONE) {
    int64_t near = rs__wheel_near(w);
    if (near == INT64_MAX && far == INT64_MAX) return false;
    w->now = RS_MIN(near, far);
    bucket = (size_t)(w->now & (w->size - 1));
  }
  if (far <= w->now) {
    *node = rs__wheel_pop_far(w);
    return true;
  }
  *node = w->head[bucket];
  w->head[bucket] = w->next[*node];
  if (w->head[bucket] == RS_NONE) w->occupied[bucket / 64] &= ~(UINT64_C(1) << (bucket % 64));
  return true;
}

#endif

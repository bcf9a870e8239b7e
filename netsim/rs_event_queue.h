/*
 * The event queue of the global clock: a radix heap with (time, sequence).
 *
 * Monotone: an event may not be pushed before the time of the last one popped (asserted). Events of
 * equal time come out in the order in which they were pushed, always. No tuning, no floating point.
 * Push and pop are amortised O(64) bit operations. Source: Ahuja, Mehlhorn, Orlin, Tarjan, "Faster
 * algorithms for the shortest path problem", JACM 1990.
 */
#ifndef RS_EVENT_QUEUE_H
#define RS_EVENT_QUEUE_H

#include "rs_arena.h"
#include "rs_math.h"

typedef struct rs_event {
  int64_t time_cycles; /* ≥ 0 */
  uint64_t sequence;   /* given by the queue at push */
  uint32_t kind;
  uint32_t subject; /* what it is about: an index of the caller's */
  int64_t detail;
} rs_event;

typedef struct rs_event_queue rs_event_queue;

rs_event_queue *rs_event_queue_create(void); /* own memory, grows; NULL: no memory */
void rs_event_queue_destroy(rs_event_queue *queue);

/* false: no memory (the queue stays valid) */
bool rs_event_queue_push(rs_event_queue *queue, int64_t time_cycles, uint32_t kind,
                         uint32_t subject, int64_t detail);
/* false: empty */
bool rs_event_queue_pop(rs_event_queue *queue, rs_event *event);
uint64_t rs_event_queue_count(const rs_event_queue *queue);

/* Heap order and counts; for tests. */
rs_status rs_event_queue_check(const rs_event_queue *queue, rs_diag *diag);

#endif

/*
 * The event queue under the hold model: a queue of a fixed number of events, from which one is
 * popped and pushed again some random time ahead. Against a binary heap on (time, sequence) in the
 * same run; both must give the same order. Usage: bench_netsim_events [HOLDS] (default 20000000).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rs_event_queue.h"
#include "rs_random.h"

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the other queue ---- */

typedef struct heap {
  rs_event *events;
  uint64_t count;
  uint64_t next_sequence;
} heap;

static bool before(const rs_event *a, const rs_event *b) {
  if (a->time_cycles != b->time_cycles) return a->time_cycles < b->time_cycles;
  return a->sequence < b->sequence;
}

static void heap_push(heap *h, int64_t time, uint32_t subject) {
  rs_event event = {.time_cycles = time, .sequence = h->next_sequence++, .subject = subject};
  uint64_t at = h->count++;
  while (at > 0 && before(&event, &h->events[(at - 1) / 2])) {
    h->events[at] = h->events[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  h->events[at] = event;
}

static void heap_pop(heap *h, rs_event *event) {
  *event = h->events[0];
  rs_event last = h->events[--h->count];
  uint64_t at = 0;
  for (uint64_t child = 1; child < h->count; child = 2 * at + 1) {
    if (child + 1 < h->count && before(&h->events[child + 1], &h->events[child])) child++;
    if (!before(&h->events[child], &last)) break;
    h->events[at] = h->events[child];
    at = child;
  }
  h->events[at] = last;
}

/* ---- the model ---- */

/* Numbers are drawn before the clock runs; a power of two of them. */
#define AHEAD_COUNT (1u << 16)

typedef struct model {
  const char *name;
  int64_t ahead_cycles[AHEAD_COUNT];
} model;

static uint64_t hold_queue(const model *m, uint64_t size, uint64_t holds, double *seconds) {
  rs_event_queue *queue = rs_event_queue_create();
  rs_event event = {0};
  uint64_t digest = 0;
  if (queue == NULL) exit(1);
  for (uint64_t i = 0; i < size; i++) {
    if (!rs_event_queue_push(queue, m->ahead_cycles[i % AHEAD_COUNT], 0, (uint32_t)i, 0)) exit(1);
  }
  double start = now_s();
  for (uint64_t i = 0; i < holds; i++) {
    rs_event_queue_pop(queue, &event);
    digest = digest * 31 + event.subject;
    int64_t time = event.time_cycles + m->ahead_cycles[i % AHEAD_COUNT];
    if (!rs_event_queue_push(queue, time, 0, event.subject, 0)) exit(1);
  }
  *seconds = now_s() - start;
  rs_event_queue_destroy(queue);
  return digest;
}

static uint64_t hold_heap(const model *m, uint64_t size, uint64_t holds, double *seconds) {
  heap h = {.events = malloc((size + 1) * sizeof(rs_event))};
  rs_event event = {0};
  uint64_t digest = 0;
  if (h.events == NULL) exit(1);
  for (uint64_t i = 0; i < size; i++) {
    heap_push(&h, m->ahead_cycles[i % AHEAD_COUNT], (uint32_t)i);
  }
  double start = now_s();
  for (uint64_t i = 0; i < holds; i++) {
    heap_pop(&h, &event);
    digest = digest * 31 + event.subject;
    heap_push(&h, event.time_cycles + m->ahead_cycles[i % AHEAD_COUNT], event.subject);
  }
  *seconds = now_s() - start;
  free(h.events);
  return digest;
}

/* Uniform; a mix of near and far as a network has it; and few distinct times, as bursts have. */
static void draw(model *m, int which) {
  static const char *const names[] = {"uniform 0…10000", "near and far", "24, 216 or 432"};
  rs_random random;
  rs_random_init(&random, 1, (uint64_t)which);
  m->name = names[which];
  for (uint32_t i = 0; i < AHEAD_COUNT; i++) {
    static const int64_t few[] = {24, 216, 432};
    int64_t near = rs_random_between(&random, 0, 300);
    int64_t far = rs_random_between(&random, 0, INT64_C(1) << rs_random_below(&random, 24));
    m->ahead_cycles[i] = which == 0   ? rs_random_between(&random, 0, 10000)
                         : which == 1 ? (i % 4 == 0 ? far : near)
                                      : few[rs_random_below(&random, 3)];
  }
}

int main(int argc, char **argv) {
  uint64_t holds = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000000;
  int different = 0;
  static model m;
  printf("%-18s %9s %14s %14s %6s\n", "ahead", "events", "radix 10^6/s", "heap 10^6/s", "ratio");
  for (int which = 0; which < 3; which++) {
    draw(&m, which);
    for (uint64_t size = 1000; size <= 1000000; size *= 10) {
      double radix_s, heap_s;
      uint64_t heap_holds = RS_MAX(holds / 4, UINT64_C(1));
      uint64_t same;
      hold_queue(&m, size, holds, &radix_s);
      uint64_t digest = hold_heap(&m, size, heap_holds, &heap_s);
      double ignored_s;
      same = hold_queue(&m, size, heap_holds, &ignored_s);
      different += same != digest;
      double radix_rate = (double)holds / radix_s / 1e6;
      double heap_rate = (double)heap_holds / heap_s / 1e6;
      printf("%-18s %9llu %14.1f %14.1f %6.1f%s\n", m.name, (unsigned long long)size, radix_rate,
             heap_rate, radix_rate / heap_rate, same == digest ? "" : "  ORDER DIFFERS");
    }
  }
  return different == 0 ? 0 : 1;
}

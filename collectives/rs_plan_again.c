/*
 * Running a plan once more, with what the first run has shown.
 *
 * Rows that know a timetable rank their tasks by its slots. The run keeps that order where it can, and so
 * also where something came late and the order is no longer good. A second run ranks by the longest way
 * still to go, as for other rows, and settles ties by who landed first before: the timetable gives the
 * order among equals, and the end is no longer held up by it. All-to-all on 33 nodes of 8: 65 slots, the
 * bound, instead of 66.
 */
#include <stdlib.h>

#include "rs__collective.h"

/* A rank: up to 126 hops, then one of 2^24 places; together below 2^31, as the heap of events wants. */
#define RS__PLACE_BITS 24
#define RS__PLACES (UINT32_C(1) << RS__PLACE_BITS)
#define RS__HOPS_MAX UINT32_C(126)

typedef struct landing {
  int64_t cycles;
  uint32_t task;
} landing;

static int compare_landings(const void *left, const void *right) {
  const landing *a = left;
  const landing *b = right;
  if (a->cycles != b->cycles) return a->cycles < b->cycles ? -1 : 1;
  return (a->task > b->task) - (a->task < b->task);
}

const uint32_t *rs__plan_landing_order(rs_arena *arena, const rs__plan *plan) {
  uint32_t count = plan->task_count;
  landing *landings = RS_ARENA_NEW(arena, landing, count);
  uint32_t *order = RS_ARENA_NEW(arena, uint32_t, count);
  if (landings == NULL || order == NULL || count > RS__PLACES) return NULL;
  for (uint32_t id = 0; id < count; id++) {
    const rs__task *task = &plan->tasks[id];
    int64_t latency = 0;
    if (task->link != RS_NONE) {
      latency = rs_timing_latency(plan->timing, &plan->wiring->links[task->link]);
    }
    landings[id] = (landing){task->start_cycles + latency, id};
  }
  qsort(landings, count, sizeof *landings, compare_landings);
  for (uint32_t i = 0; i < count; i++) order[landings[i].task] = i;
  return order;
}

void rs__plan_rank_by_order(rs__plan *plan) {
  for (uint32_t id = 0; id < plan->task_count; id++) {
    rs__task *task = &plan->tasks[id];
    uint32_t hops = RS_MIN(task->rank, RS__HOPS_MAX);
    task->rank = hops << RS__PLACE_BITS | (RS__PLACES - 1 - plan->order[id]);
  }
}

int64_t rs__plan_busiest_slots(rs_arena *arena, const rs__plan *plan) {
  int64_t *slots = RS_ARENA_NEW(arena, int64_t, plan->wiring->link_count);
  int64_t most = 0;
  if (slots == NULL) return -1;
  for (uint32_t id = 0; id < plan->task_count; id++) {
    const rs__task *task = &plan->tasks[id];
    if (task->link == RS_NONE || task->rides) continue;
    slots[task->link] += task->count;
    most = RS_MAX(most, slots[task->link]);
  }
  return most;
}

/* The wheel's memory, and the heap of what is beyond its buckets. */
#include "rs__wheel.h"

#include <string.h>

rs_status rs__wheel_grow(rs_arena *arena, rs__wheel *wheel, uint32_t node_count, rs_diag *diag) {
  uint32_t *next = RS_ARENA_NEW(arena, uint32_t, node_count);
  rs__far_event *far = RS_ARENA_NEW(arena, rs__far_event, node_count);
  if (next == NULL || far == NULL) return rs_arena_failed(arena, diag);
  if (wheel->node_count > 0) memcpy(next, wheel->next, wheel->node_count * sizeof *next);
  if (wheel->far_count > 0) memcpy(far, wheel->far, wheel->far_count * sizeof *far);
  wheel->next = next;
  wheel->far = far;
  wheel->node_count = node_count;
  return RS_OK;
}

rs_status rs__wheel_init(rs_arena *arena, rs__wheel *wheel, int64_t horizon_cycles,
                         uint32_t node_count, rs_diag *diag) {
  *wheel = (rs__wheel){.size = 64};
  while (wheel->size <= horizon_cycles && wheel->size < INT64_C(1) << 16) wheel->size *= 2;
  size_t size = (size_t)wheel->size;
  wheel->head = RS_ARENA_NEW(arena, uint32_t, size);
  wheel->tail = RS_ARENA_NEW(arena, uint32_t, size);
  wheel->occupied = RS_ARENA_NEW(arena, uint64_t, size / 64);
  if (wheel->head == NULL || wheel->tail == NULL || wheel->occupied == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (size_t i = 0; i < size; i++) wheel->head[i] = RS_NONE;
  return rs__wheel_grow(arena, wheel, node_count, diag);
}

static bool is_before(const rs__far_event *a, const rs__far_event *b) {
  if (a->time_cycles != b->time_cycles) return a->time_cycles < b->time_cycles;
  return a->sequence < b->sequence;
}

void rs__wheel_push_far(rs__wheel *wheel, int64_t time, uint32_t node) {
  assert(wheel->far_count < wheel->node_count);
  rs__far_event event = {time, wheel->far_sequence++, node};
  uint32_t at = wheel->far_count++;
  while (at > 0 && is_before(&event, &wheel->far[(at - 1) / 2])) {
    wheel->far[at] = wheel->far[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  wheel->far[at] = event;
}

uint32_t rs__wheel_pop_far(rs__wheel *wheel) {
  uint32_t node = wheel->far[0].node;
  rs__far_event last = wheel->far[--wheel->far_count];
  uint32_t at = 0;
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= wheel->far_count) break;
    if (child + 1 < wheel->far_count && is_before(&wheel->far[child + 1], &wheel->far[child])) {
      child++;
    }
    if (!is_before(&wheel->far[child], &last)) break;
    wheel->far[at] = wheel->far[child];
    at = child;
  }
  if (wheel->far_count > 0) wheel->far[at] = last;
  return node;
}

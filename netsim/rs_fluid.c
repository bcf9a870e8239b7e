/* Problems of the fluid network: building, checking, and the conversation with SimGrid's program. */
#include "rs_fluid.h"

#include <string.h>

#include "rs__fluid.h"

/* ---- building ---- */

/* Room for one more of `size` bytes; NULL: no memory. */
static void *grow(rs_arena *arena, void *items, uint64_t count, uint64_t *capacity, size_t size) {
  if (count < *capacity) return items;
  uint64_t larger = *capacity == 0 ? 64 : *capacity * 2;
  void *copy = rs_arena_array(arena, (size_t)larger, size);
  if (copy == NULL) return NULL;
  if (count > 0) memcpy(copy, items, (size_t)count * size);
  *capacity = larger;
  return copy;
}

/* The same where the capacity is 32 bits wide. */
static void *grow_u32(rs_arena *arena, void *items, uint32_t count, uint32_t *capacity,
                      size_t size) {
  uint64_t wide = *capacity;
  void *copy = grow(arena, items, count, &wide, size);
  if (wide > UINT32_MAX) return NULL;
  *capacity = (uint32_t)wide;
  return copy;
}

rs_fluid *rs_fluid_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing) {
  rs_fluid *fluid = RS_ARENA_NEW(arena, rs_fluid, 1);
  if (fluid == NULL) return NULL;
  *fluid = (rs_fluid){.arena = arena, .wiring = wiring, .timing = *timing};
  fluid->path_first = grow_u32(arena, NULL, 0, &fluid->path_capacity, sizeof *fluid->path_first);
  return fluid->path_first == NULL ? NULL : fluid;
}

uint32_t rs_fluid_add_path(rs_fluid *fluid, const uint32_t *links, uint32_t count) {
  uint32_t *first = grow_u32(fluid->arena, fluid->path_first, fluid->path_count + 1,
                             &fluid->path_capacity, sizeof *first);
  if (first == NULL) return RS_NONE;
  fluid->path_first = first;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t *all = grow(fluid->arena, fluid->path_links, fluid->path_link_count,
                         &fluid->path_link_capacity, sizeof *all);
    if (all == NULL || fluid->path_link_count >= UINT32_MAX) return RS_NONE;
    fluid->path_links = all;
    all[fluid->path_link_count++] = links[i];
  }
  first[fluid->path_count + 1] = (uint32_t)fluid->path_link_count;
  return fluid->path_count++;
}

uint32_t rs_fluid_add_flow(rs_fluid *fluid, const rs_flow *flow, const rs_flow_need *needs,
                           uint32_t need_count) {
  rs_flow *flows =
      grow_u32(fluid->arena, fluid->flows, fluid->flow_count, &fluid->flow_capacity, sizeof *flows);
  if (flows == NULL) return RS_NONE;
  fluid->flows = flows;
  rs_flow *added = &flows[fluid->flow_count];
  *added = *flow;
  added->need_first = fluid->need_count;
  added->need_count = need_count;
  for (uint32_t i = 0; i < need_count; i++) {
    rs_flow_need *all =
        grow(fluid->arena, fluid->needs, fluid->need_count, &fluid->need_capacity, sizeof *all);
    if (all == NULL) return RS_NONE;
    fluid->needs = all;
    all[fluid->need_count++] = needs[i];
  }
  return fluid->flow_count++;
}

/* ---- checking ---- */

#define CYCLES_MAX (INT64_C(1) << 50) /* a double still tells half a cycle */
#define VECTORS_MAX (INT64_C(1) << 40)

static const char *find_flow_fault(const rs_fluid *fluid, uint32_t index) {
  const rs_flow *flow = &fluid->flows[index];
  const rs_timing *t = &fluid->timing;
  if (flow->start_cycles < 0 || flow->start_cycles > CYCLES_MAX) return "its start is out of range";
  if (flow->vectors < 0 || flow->vectors > VECTORS_MAX) return "its vectors are out of range";
  if (flow->tail_cycles < 0 || flow->tail_cycles > CYCLES_MAX) return "its tail is out of range";
  if (flow->lead_cycles < 0 || flow->lead_cycles > CYCLES_MAX) return "its lead is out of range";
  if (flow->need_first > fluid->need_count ||
      flow->need_count > fluid->need_count - flow->need_first) {
    return "its needs are out of range";
  }
  for (uint32_t i = 0; i < flow->need_count; i++) {
    const rs_flow_need *need = &fluid->needs[flow->need_first + i];
    if (need->flow >= index) return "it needs a flow that is not before it";
    if (need->lag_cycles < 0 || need->lag_cycles > CYCLES_MAX) return "a lag is out of range";
  }
  if (flow->behind > index) return "it is behind a flow that is not before it";
  if (flow->behind > 0 && fluid->flows[flow->behind - 1].vectors == 0) {
    return "it is behind a flow without vectors";
  }
  if (flow->vectors == 0) return NULL;
  if (flow->path >= fluid->path_count) return "it has no path";
  if ((rs_int128)flow->lead_cycles * t->slot_den < t->slot_num) {
    return "its lead is shorter than a slot";
  }
  return NULL;
}

/* A path must have links, each of which begins where the one before it ends. */
static const char *find_path_fault(const rs_fluid *fluid, uint32_t path) {
  const rs_wiring *w = fluid->wiring;
  uint32_t first = fluid->path_first[path];
  uint32_t end = fluid->path_first[path + 1];
  if (first == end) return "it has no links";
  for (uint32_t i = first; i < end; i++) {
    uint32_t link = fluid->path_links[i];
    if (link >= w->link_count) return "a link is not in the wiring";
    if (i > first && w->links[fluid->path_links[i - 1]].to != w->links[link].from) {
      return "its links do not join";
    }
  }
  return NULL;
}

rs_status rs_fluid_check(const rs_fluid *fluid, rs_diag *diag) {
  rs_status status = rs_timing_check(&fluid->timing, diag);
  if (status != RS_OK) return status;
  if (fluid->flow_count > RS_FLUID_FLOWS_MAX || fluid->path_count > RS_FLUID_PATHS_MAX) {
    rs_diag_set(diag, RS_E_LIMIT, "%u flows on %u paths are beyond the fluid network's reach",
                fluid->flow_count, fluid->path_count);
    rs_diag_expect(diag, "at most %u flows and %u paths", RS_FLUID_FLOWS_MAX, RS_FLUID_PATHS_MAX);
    return RS_E_LIMIT;
  }
  for (uint32_t p = 0; p < fluid->path_count; p++) {
    const char *fault = find_path_fault(fluid, p);
    if (fault != NULL) return rs_diag_set(diag, RS_E_INPUT, "path %u of flows: %s", p, fault);
  }
  for (uint32_t i = 0; i < fluid->flow_count; i++) {
    const char *fault = find_flow_fault(fluid, i);
    if (fault != NULL) return rs_diag_set(diag, RS_E_INPUT, "flow %u: %s", i, fault);
  }
  return RS_OK;
}

/* ---- running ---- */

static bool send_problem(const rs__fluid_child *child, const rs_fluid *fluid,
                         const rs_fluid_options *options) {
  const rs__fluid_header header = {.magic = RS__FLUID_MAGIC,
                                   .flow_count = fluid->flow_count,
                                   .need_count = fluid->need_count,
                                   .path_count = fluid->path_count,
                                   .path_link_count = fluid->path_link_count,
                                   .vector_bytes = fluid->timing.vector_bytes,
                                   .slot_num = fluid->timing.slot_num,
                                   .slot_den = fluid->timing.slot_den,
                                   .cpu_seconds_max = options->cpu_seconds_max,
                                   .memory_bytes_max = options->memory_bytes_max};
  return rs__fluid_child_send(child, &header, sizeof header) &&
         rs__fluid_child_send(child, fluid->flows, fluid->flow_count * sizeof *fluid->flows) &&
         rs__fluid_child_send(child, fluid->needs, fluid->need_count * sizeof *fluid->needs) &&
         rs__fluid_child_send(child, fluid->path_first,
                              ((size_t)fluid->path_count + 1) * sizeof *fluid->path_first) &&
         rs__fluid_child_send(child, fluid->path_links,
                              fluid->path_link_count * sizeof *fluid->path_links);
}

static bool receive_answer(const rs__fluid_child *child, const rs_fluid *fluid,
                           rs_fluid_result *result) {
  rs__fluid_answer answer;
  if (!rs__fluid_child_receive(child, &answer, sizeof answer)) return false;
  result->cpu_seconds = answer.cpu_seconds;
  return answer.magic == RS__FLUID_MAGIC &&
         rs__fluid_child_receive(child, result->times, fluid->flow_count * sizeof *result->times);
}

rs_status rs_fluid_run(const rs_fluid *fluid, const rs_fluid_options *options,
                       rs_fluid_result *result, rs_diag *diag) {
  rs_fluid_options effective = *options;
  if (effective.cpu_seconds_max <= 0) effective.cpu_seconds_max = 60;
  if (effective.memory_bytes_max <= 0) effective.memory_bytes_max = INT64_C(4) << 30;
  *result = (rs_fluid_result){0};
  rs_status status = rs_fluid_check(fluid, diag);
  if (status != RS_OK) return status;
  result->times = RS_ARENA_NEW(fluid->arena, rs_flow_times, fluid->flow_count);
  if (result->times == NULL) return rs_arena_failed(fluid->arena, diag);
  if (fluid->flow_count == 0) return RS_OK;
  rs__fluid_child child;
  status = rs__fluid_child_start(&child, effective.program, diag);
  if (status != RS_OK) return status;
  bool complete = send_problem(&child, fluid, &effective) && receive_answer(&child, fluid, result);
  status = rs__fluid_child_finish(&child, complete, &effective, diag);
  for (uint32_t i = 0; i < fluid->flow_count && status == RS_OK; i++) {
    result->end_cycles = RS_MAX(result->end_cycles, result->times[i].end_cycles);
  }
  return status;
}

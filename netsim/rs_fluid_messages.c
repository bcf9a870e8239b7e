/*
 * Messages as flows. A gate for which several messages are needed is a flow without vectors in which they
 * meet; it stands before the first message that waits at it. A port sends one message after the other: so
 * there are never more flows than links, which is what SimGrid can share out.
 */
#include <math.h>

#include "rs__fluid_paths.h"

typedef struct translation {
  rs_fluid *fluid;
  rs__fluid_paths paths;
  const rs_messages *messages;
  uint32_t *flow_of;      /* [message] */
  uint32_t *gate_flow;    /* [gate] RS_NONE: not yet */
  uint32_t *last_on_link; /* [link] 1 + the last flow that leaves over it; 0: none */
  uint64_t hops;          /* links of all messages' paths */
} translation;

static uint32_t add_gate(translation *t, uint32_t gate) {
  const rs_gate *g = &t->messages->gates[gate];
  rs_flow_need *needs = RS_ARENA_NEW(t->fluid->arena, rs_flow_need, g->count);
  const rs_flow join = {0};
  if (needs == NULL) return RS_NONE;
  for (uint32_t i = 0; i < g->count; i++) {
    needs[i] = (rs_flow_need){.flow = t->flow_of[t->messages->waits[g->first + i]]};
  }
  t->gate_flow[gate] = rs_fluid_add_flow(t->fluid, &join, needs, g->count);
  return t->gate_flow[gate];
}

static bool add_message(translation *t, uint32_t index) {
  const rs_message *message = &t->messages->messages[index];
  rs_flow_need need = {0};
  rs_flow flow = {.start_cycles = message->start_cycles};
  bool waits = message->gate != RS_NONE;
  if (waits) need.flow = t->gate_flow[message->gate];
  if (waits && need.flow == RS_NONE) need.flow = add_gate(t, message->gate);
  if (need.flow == RS_NONE) return false;
  if (message->from != message->to) {
    flow.vectors = message->vectors;
    flow.path = rs__fluid_paths_find(&t->paths, message->from, message->to);
    if (flow.path == RS_NONE) return false;
    flow.lead_cycles = rs__fluid_paths_lead(&t->paths, flow.path);
    flow.tail_cycles = rs_message_tail(&t->fluid->timing, message);
    uint32_t first = t->fluid->path_first[flow.path];
    uint32_t *last = &t->last_on_link[t->fluid->path_links[first]];
    flow.behind = *last;
    *last = t->fluid->flow_count + 1;
    t->hops += t->fluid->path_first[flow.path + 1] - first;
    rs__fluid_paths_count(&t->paths, flow.path, message->vectors);
  }
  t->flow_of[index] = rs_fluid_add_flow(t->fluid, &flow, &need, waits ? 1 : 0);
  return t->flow_of[index] != RS_NONE;
}

static rs_status check_messages(const translation *t, rs_diag *diag) {
  const rs_messages *all = t->messages;
  uint32_t n = t->fluid->wiring->chip_count;
  if ((uint64_t)all->message_count + all->gate_count > RS_FLUID_FLOWS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "beyond SimGrid's reach: %u messages", all->message_count);
  }
  for (uint32_t i = 0; i < all->message_count; i++) {
    const rs_message *message = &all->messages[i];
    if (t->paths.config->distance[(size_t)message->from * n + message->to] != UINT8_MAX) continue;
    return rs_diag_set(diag, RS_E_INPUT, "a message from chip %u to chip %u: there is no path",
                       message->from, message->to);
  }
  return RS_OK;
}

static rs_status translate(translation *t, rs_diag *diag) {
  rs_arena *arena = t->fluid->arena;
  const rs_messages *all = t->messages;
  rs_status status = check_messages(t, diag);
  if (status != RS_OK) return status;
  t->flow_of = RS_ARENA_NEW(arena, uint32_t, all->message_count);
  t->gate_flow = RS_ARENA_NEW(arena, uint32_t, all->gate_count);
  t->last_on_link = RS_ARENA_NEW(arena, uint32_t, t->fluid->wiring->link_count);
  if (t->flow_of == NULL || t->gate_flow == NULL || t->last_on_link == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t g = 0; g < all->gate_count; g++) t->gate_flow[g] = RS_NONE;
  for (uint32_t i = 0; i < all->message_count; i++) {
    if (!add_message(t, i)) return rs_arena_failed(arena, diag);
  }
  return RS_OK;
}

static void note_links(const translation *t, rs_messages_result *result) {
  for (uint32_t l = 0; l < t->fluid->wiring->link_count; l++) {
    uint64_t vectors = t->paths.link_vectors[l];
    result->hops += vectors;
    result->links_used += vectors > 0;
    if (vectors <= result->busiest_link_vectors) continue;
    result->busiest_link = l;
    result->busiest_link_vectors = vectors;
  }
}

/* With paths of several links nearly all flows are coupled, and each end makes SimGrid share out among all. */
static rs_status check_reach(const translation *t, const rs_messages_result *result,
                             rs_diag *diag) {
  double messages = RS_MAX((double)t->messages->message_count, 1);
  bool couples = (double)t->hops > 1.01 * messages;
  double most = t->paths.config->work_max > 0 ? t->paths.config->work_max : RS_FLUID_WORK_MAX;
  if (!couples || messages * result->links_used <= most) return RS_OK;
  return rs_diag_set(
      diag, RS_E_LIMIT,
      "beyond SimGrid's reach: %u messages over %u links, which it shares out anew for "
      "every one",
      t->messages->message_count, result->links_used);
}

rs_status rs_fluid_messages(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                            const rs_fluid_traffic_config *config, const rs_messages *messages,
                            const rs_fluid_options *options, rs_messages_result *result,
                            rs_diag *diag) {
  rs_fluid_result run_result;
  translation t = {.messages = messages};
  *result = (rs_messages_result){.busiest_link = RS_NONE};
  t.fluid = rs_fluid_create(arena, wiring, timing);
  if (t.fluid == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs__fluid_paths_create(&t.paths, t.fluid, config, diag);
  if (status == RS_OK) status = translate(&t, diag);
  if (status != RS_OK) return status;
  note_links(&t, result);
  status = check_reach(&t, result, diag);
  if (status == RS_OK) status = rs_fluid_run(t.fluid, options, &run_result, diag);
  /* A whole number of cycles but for SimGrid's own error is that number. */
  if (status == RS_OK) result->end_cycles = (int64_t)ceil(run_result.end_cycles - 1e-6);
  return status;
}

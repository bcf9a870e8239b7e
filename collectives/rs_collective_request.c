/*
 * What a request says, and whether it can be meant: chips that exist and stand once in the group, a
 * root inside it, something to move, and times that stay far from the end of 64 bits. And what the
 * rows want to know of a group: whether it is a mesh, and which chips are a node.
 */
#include <string.h>

#include "rs__collective.h"

/* Vectors of a buffer, as rs_schedule_validate has it; and times the slot they must stay below the
 * other, so that sums of a few are still times. */
#define RS__BUFFER_VECTORS_MAX (INT64_C(1) << 40)
#define RS__SPAN_CYCLES_MAX (INT64_C(1) << 54)

bool rs__kind_has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

bool rs__kind_adds(rs_collective_kind kind) {
  return kind == RS_ALL_REDUCE || kind == RS_REDUCE_SCATTER || kind == RS_REDUCE;
}

/* A chip that has an input. */
bool rs__has_input(const rs_collective_request *request, uint32_t place) {
  if (request->kind == RS_SEND) return place % 2 == 0;
  if (request->kind == RS_BROADCAST || request->kind == RS_SCATTER) {
    return request->chips[place] == request->root;
  }
  return true;
}

/* A chip that gets a result. */
bool rs__has_result(const rs_collective_request *request, uint32_t place) {
  if (request->kind == RS_SEND) return place % 2 == 1;
  if (request->kind == RS_REDUCE || request->kind == RS_GATHER) {
    return request->chips[place] == request->root;
  }
  return true;
}

/* Places of the chips in the group; for send, of the first pair in which a chip is the sender, and
 * RS_NONE for all others: they count as relays except for the end of their own path. */
static rs_status place_chips(const rs_collective_request *request, uint32_t *position,
                             rs_diag *diag) {
  for (uint32_t i = 0; i < request->chip_count; i++) {
    uint32_t chip = request->chips[i];
    if (position[chip] != RS_NONE) {
      return rs_diag_set(diag, RS_E_INPUT, "chip %u is twice in the group", chip);
    }
    position[chip] = i;
  }
  if (rs__kind_has_root(request->kind) && position[request->root] == RS_NONE) {
    return rs_diag_set(diag, RS_E_INPUT, "the root, chip %u, is not in the group", request->root);
  }
  return RS_OK;
}

static rs_status place_pairs(const rs_collective_request *request, uint32_t *position,
                             uint32_t chips, rs_diag *diag) {
  if (request->chip_count % 2 != 0) {
    return rs_diag_set(diag, RS_E_INPUT, "send: the last of %u chips has no partner",
                       request->chip_count);
  }
  /* Receivers first, to find one that stands twice; then the places of the senders. */
  for (uint32_t i = 1; i < request->chip_count; i += 2) {
    uint32_t chip = request->chips[i];
    if (request->chips[i - 1] == chip) {
      return rs_diag_set(diag, RS_E_INPUT, "send: chip %u sends to itself", chip);
    }
    if (position[chip] != RS_NONE) {
      return rs_diag_set(diag, RS_E_INPUT, "send: chip %u receives in two pairs", chip);
    }
    position[chip] = i;
  }
  memset(position, 0xff, chips * sizeof *position);
  for (uint32_t i = request->chip_count; i >= 2; i -= 2) position[request->chips[i - 2]] = i - 2;
  return RS_OK;
}

static rs_status check_chips(const rs_collective_request *request, const rs_wiring *wiring,
                             uint32_t *position, rs_diag *diag) {
  memset(position, 0xff, wiring->chip_count * sizeof *position);
  if (request->chip_count == 0) return rs_diag_set(diag, RS_E_INPUT, "the group is empty");
  for (uint32_t i = 0; i < request->chip_count; i++) {
    if (request->chips[i] < wiring->chip_count) continue;
    rs_diag_set(diag, RS_E_INPUT, "there is no chip %u", request->chips[i]);
    rs_diag_expect(diag, "chips 0 to %u", wiring->chip_count - 1);
    return RS_E_INPUT;
  }
  if (rs__kind_has_root(request->kind) && request->root >= wiring->chip_count) {
    return rs_diag_set(diag, RS_E_INPUT, "%s needs a root in the group",
                       rs_collective_kind_word(request->kind));
  }
  return request->kind == RS_SEND ? place_pairs(request, position, wiring->chip_count, diag)
                                  : place_chips(request, position, diag);
}

static rs_status check_ready(const rs_collective_request *request, rs_diag *diag) {
  if (request->ready_cycles < 0 || request->ready_cycles > RS__SPAN_CYCLES_MAX) {
    return rs_diag_set(diag, RS_E_INPUT, "inputs are ready at cycle %lld",
                       (long long)request->ready_cycles);
  }
  for (uint32_t i = 0; request->ready != NULL && i < request->chip_count; i++) {
    rs_ready r = request->ready[i];
    if (r.start_cycles >= 0 && r.first_cycles >= 0 && r.cycles >= r.first_cycles &&
        r.start_cycles <= RS__SPAN_CYCLES_MAX && r.cycles <= RS__SPAN_CYCLES_MAX) {
      continue;
    }
    return rs_diag_set(diag, RS_E_INPUT, "chip %u: its input is ready at %lld + %lld…%lld cycles",
                       request->chips[i], (long long)r.start_cycles, (long long)r.first_cycles,
                       (long long)r.cycles);
  }
  return RS_OK;
}

rs_status rs__request_check(const rs_collective_request *request, const rs_wiring *wiring,
                            const rs_timing *timing, uint32_t *position, rs_diag *diag) {
  if ((unsigned)request->kind >= RS_COLLECTIVE_KIND_COUNT) {
    return rs_diag_set(diag, RS_E_INPUT, "unknown kind of collective");
  }
  if (request->block_bytes < 1) {
    rs_diag_set(diag, RS_E_INPUT, "%lld bytes are nothing to move",
                (long long)request->block_bytes);
    rs_diag_expect(diag, "a positive size");
    return RS_E_INPUT;
  }
  if (request->deskew_margin_cycles < 0 || request->deskew_margin_cycles > RS__SPAN_CYCLES_MAX) {
    rs_diag_set(diag, RS_E_INPUT, "a margin of %lld cycles",
                (long long)request->deskew_margin_cycles);
    rs_diag_expect(diag, "0 to %lld", (long long)RS__SPAN_CYCLES_MAX);
    return RS_E_INPUT;
  }
  rs_status status = check_chips(request, wiring, position, diag);
  if (status == RS_OK) status = check_ready(request, diag);
  if (status != RS_OK) return status;
  rs_int128 vectors =
      (rs_int128)rs_timing_vectors(timing, request->block_bytes) * request->chip_count;
  rs_int128 span = vectors * timing->slot_num / timing->slot_den;
  if (vectors > RS__BUFFER_VECTORS_MAX || span > RS__SPAN_CYCLES_MAX) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "%lld bytes a block on %u chips are too much",
                       (long long)request->block_bytes, request->chip_count);
  }
  return RS_OK;
}

rs_timing rs__request_timing(const rs_collective_request *request, const rs_timing *timing) {
  rs_timing padded = *timing;
  padded.receive_cycles += request->deskew_margin_cycles;
  padded.forward_cycles += request->deskew_margin_cycles;
  return padded;
}

bool rs__plan_is_mesh(const rs__plan *plan) {
  const rs_wiring *w = plan->wiring;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t chip = plan->members[i], inside = 0, last = RS_NONE;
    if (rs_wiring_out_degree(w, chip) < plan->member_count - 1) return false;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (plan->position[to] == RS_NONE) continue;
      if (to == last) return false;
      last = to;
      inside++;
    }
    if (inside != plan->member_count - 1) return false;
  }
  return true;
}

/* Marks all chips that node cables connect with `first`. */
static void flood_node(const rs_wiring *w, uint32_t first, uint32_t *node, uint32_t *queue) {
  uint32_t count = 1;
  queue[0] = first;
  node[first] = first;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = queue[head];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (w->links[l].cable_class != RS_CABLE_NODE || node[to] != RS_NONE) continue;
      node[to] = first;
      queue[count++] = to;
    }
  }
}

rs_status rs__plan_nodes(const rs__plan *plan, const uint32_t **node) {
  const rs_wiring *w = plan->wiring;
  *node = w->node_of;
  if (w->node_of != NULL) return RS_OK;
  uint32_t *label = RS_ARENA_NEW(plan->arena, uint32_t, w->chip_count);
  uint32_t *queue = RS_ARENA_NEW(plan->arena, uint32_t, w->chip_count);
  if (label == NULL || queue == NULL) return rs_arena_failed(plan->arena, plan->diag);
  memset(label, 0xff, w->chip_count * sizeof *label);
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    if (label[chip] == RS_NONE) flood_node(w, chip, label, queue);
  }
  *node = label;
  return RS_OK;
}

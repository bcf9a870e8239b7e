/* Three ways to take chips for groups; each goes over the working chips once. */
#include "rs_placement.h"

#include <assert.h>
#include <string.h>

typedef struct place {
  const rs_wiring *wiring;
  const uint32_t *working; /* chip of each place */
  int64_t count;
  int64_t tensor, stages;
  uint32_t *chips;
} place;

static void take(const place *p, int64_t stage, int64_t at) {
  for (int64_t i = 0; i < p->tensor; i++) p->chips[stage * p->tensor + i] = p->working[at + i];
}

static int64_t fill_row(const place *p) {
  int64_t stage = 0;
  for (; stage < p->stages && (stage + 1) * p->tensor <= p->count; stage++) {
    take(p, stage, stage * p->tensor);
  }
  return stage;
}

static uint32_t rack_at(const place *p, int64_t at) {
  return p->wiring->rack_of[p->working[at]];
}

/* Racks that a group lies in beyond its first. Racks are in the order of their chips. */
static uint32_t racks_beyond(const place *p, int64_t at) {
  return rack_at(p, at + p->tensor - 1) - rack_at(p, at);
}

static int64_t fill_racks(const place *p) {
  int64_t stage = 0, at = 0;
  if (p->wiring->rack_of == NULL) return 0;
  for (; stage < p->stages && at + p->tensor <= p->count; stage++) {
    int64_t next = at;
    while (next < p->count && rack_at(p, next) == rack_at(p, at)) next++;
    bool has_room = next + p->tensor <= p->count;
    if (has_room && racks_beyond(p, next) < racks_beyond(p, at)) at = next;
    take(p, stage, at);
    at += p->tensor;
  }
  return stage;
}

static uint32_t node_at(const place *p, int64_t at) {
  return p->wiring->node_of[p->working[at]];
}

/* The end of the rack that a place lies in, or of all where there are none. */
static int64_t end_of_rack(const place *p, int64_t at) {
  int64_t end = at;
  if (p->wiring->rack_of == NULL) return p->count;
  while (end < p->count && rack_at(p, end) == rack_at(p, at)) end++;
  return end;
}

/* Nodes are as large as the first: the wiring's are all alike, and a spare one is out as a whole. */
static int64_t fill_nodes(const place *p) {
  int64_t size = 0, stage = 0, at = 0;
  if (p->wiring->node_of == NULL) return 0;
  while (size < p->count && node_at(p, size) == node_at(p, 0)) size++;
  while (at < p->count && stage < p->stages) {
    int64_t end = end_of_rack(p, at);
    if (at + p->tensor * size > end) {
      at = end;
      continue;
    }
    for (int64_t k = 0; k < size && stage < p->stages; k++, stage++) {
      for (int64_t i = 0; i < p->tensor; i++) {
        p->chips[stage * p->tensor + i] = p->working[at + i * size + k];
      }
    }
    at += p->tensor * size;
  }
  return stage;
}

rs_status rs_placement_fill(rs_arena *arena, const rs_wiring *wiring, rs_placement placement,
                            int64_t tensor, int64_t stages, uint32_t **chips, int64_t *placed,
                            rs_diag *diag) {
  static int64_t (*const fills[RS_PLACEMENT_COUNT])(const place *) = {
      [RS_PLACEMENT_ROW] = fill_row,
      [RS_PLACEMENT_RACKS] = fill_racks,
      [RS_PLACEMENT_NODES] = fill_nodes};
  uint32_t *working, count;
  assert(tensor >= 1 && stages >= 1);
  *placed = 0;
  rs_status status = rs_wiring_working(arena, wiring, &working, &count, diag);
  if (status != RS_OK) return status;
  stages = RS_MIN(stages, (int64_t)count / tensor);
  place p = {wiring, working, count, tensor, stages, NULL};
  p.chips = *chips = RS_ARENA_NEW(arena, uint32_t, (size_t)RS_MAX(stages * tensor, 1));
  if (p.chips == NULL) return rs_arena_failed(arena, diag);
  if (stages > 0) *placed = fills[placement](&p);
  return RS_OK;
}

rs_status rs_placement_chips(rs_arena *arena, const rs_wiring *wiring, const rs_sharding_request *r,
                             uint32_t **chips, rs_diag *diag) {
  int64_t placed;
  rs_status status =
      rs_placement_fill(arena, wiring, r->placement, r->tensor, r->pipeline, chips, &placed, diag);
  if (status != RS_OK || placed == r->pipeline) return status;
  if ((r->placement == RS_PLACEMENT_RACKS && wiring->rack_of == NULL) ||
      (r->placement == RS_PLACEMENT_NODES && wiring->node_of == NULL)) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "placement %s: the topology has no %s",
                       rs_placement_word(r->placement), rs_placement_word(r->placement));
  }
  return rs_diag_set(diag, RS_E_INFEASIBLE,
                     "placement %s has room for %lld of %lld stages of %lld chips",
                     rs_placement_word(r->placement), (long long)placed, (long long)r->pipeline,
                     (long long)r->tensor);
}

static const char *const words[RS_PLACEMENT_COUNT] = {"row", "racks", "nodes"};

const char *rs_placement_word(rs_placement placement) {
  return words[placement];
}

bool rs_placement_parse(const char *word, rs_placement *placement) {
  for (int i = 0; i < RS_PLACEMENT_COUNT; i++) {
    if (strcmp(words[i], word) != 0) continue;
    *placement = (rs_placement)i;
    return true;
  }
  return false;
}

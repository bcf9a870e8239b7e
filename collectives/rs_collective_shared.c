/*
 * All-reduce by shared trees: as few hops as there are, for messages of few vectors.
 *
 * Each chip is the root of an in-tree of the least depth, and out of the sums that come in a chip makes
 * those that others want (rs_plan_shared.c chooses them). One-shot sends every input to every chip, which is
 * N − 1 messages into each; here a link carries an input once, and for each further hop a sum or two: on a
 * wiring of diameter 2, two messages a link, whatever N is.
 *
 * What comes in over a link is one transmission, however many sums it is added to. A hop buffer is
 * zero at first, so what is added in it may come in any order, and the vector unit takes it when it has
 * room: inputs, which are added to as many sums as a chip has neighbours, come a few cycles apart.
 */
#include <stdlib.h>

#include "rs__shared.h"

#define RS__SHARED_ROUNDS 4

/* A transmission, or one place of it. */
typedef struct place {
  uint32_t depth; /* of what is sent: 0, or the bundle's */
  rs__shared_part part;
  uint32_t bundle; /* that it is added to */
  uint32_t index;  /* of the part, among all */
} place;

typedef struct emitter {
  rs__plan *plan;
  const rs__shared *shared;
  rs__run run;
  place *places;
  uint32_t place_count;
  uint32_t *root_of;   /* [bundle] its place among cores, or RS_NONE */
  int64_t *offset_of;  /* [bundle] in hop buffer */
  uint32_t *task_of;   /* [part] */
  uint32_t places_max; /* of a transmission */
} emitter;

static int compare_places(const void *left, const void *right) {
  const place *a = left;
  const place *b = right;
  if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
  if (a->part.link != b->part.link) return a->part.link < b->part.link ? -1 : 1;
  if (a->part.item != b->part.item) return a->part.item < b->part.item ? -1 : 1;
  return (a->bundle > b->bundle) - (a->bundle < b->bundle);
}

static void list_places(emitter *e) {
  const rs__shared *s = e->shared;
  for (uint32_t id = 0; id < s->bundle_count; id++) {
    const rs__bundle *b = &s->bundles[id];
    if (b->uses == 0) continue;
    if (e->root_of[id] == RS_NONE) {
      e->offset_of[id] = rs__plan_tmp(e->plan, b->chip, e->run.count);
    }
    for (uint32_t i = b->first_part; i < b->first_part + b->part_count; i++) {
      uint32_t item = s->parts[i].item;
      uint32_t depth = item == RS_NONE ? 0 : s->bundles[item].depth;
      e->places[e->place_count++] = (place){depth, s->parts[i], id, i};
    }
  }
  qsort(e->places, e->place_count, sizeof *e->places, compare_places);
}

/* What a transmission sends, without its place. */
static rs__task sender_task(const emitter *e, const rs__shared_part *part) {
  rs__task task = {.link = part->link, .count = e->run.count};
  if (part->item == RS_NONE) {
    uint32_t chip = e->plan->wiring->links[part->link].from;
    task.source = RS_BUFFER_IN;
    task.source_offset = e->run.offset;
    task.start_cycles = rs__plan_reads_in(e->plan, chip, e->run.offset, e->run.count);
  } else {
    task.source = RS_BUFFER_TMP;
    task.source_offset = e->offset_of[part->item];
  }
  return task;
}

/* One transmission to `count` places. */
static void send_places(emitter *e, const place *places, uint32_t count) {
  const rs__shared *s = e->shared;
  rs__plan *plan = e->plan;
  rs__task task = sender_task(e, &places[0].part);
  uint32_t first = RS_NONE;
  for (uint32_t i = 0; i < count; i++) { /* an own input must be there before it is added to */
    if (e->root_of[places[i].bundle] == RS_NONE) continue;
    int64_t least = rs__plan_lands_on_in(plan, task.link, e->run.offset, e->run.count);
    task.start_cycles = RS_MAX(task.start_cycles, least);
  }
  for (uint32_t i = 0; i < count && plan->status == RS_OK; i++) {
    bool is_result = e->root_of[places[i].bundle] != RS_NONE;
    rs_buffer target = is_result ? RS_BUFFER_OUT : RS_BUFFER_TMP;
    int64_t offset = is_result ? e->run.offset : e->offset_of[places[i].bundle];
    uint32_t id;
    if (i == 0) {
      task.target = (uint8_t)target;
      task.target_offset = offset;
      task.action = RS_ACTION_ADD;
      task.result = is_result;
      id = first = rs__plan_add(plan, &task);
    } else {
      id = rs__plan_also(plan, first, target, offset, RS_ACTION_ADD, is_result);
    }
    e->task_of[places[i].index] = id;
  }
  if (plan->status != RS_OK || places[0].part.item == RS_NONE) return;
  const rs__bundle *sent = &s->bundles[places[0].part.item];
  for (uint32_t i = sent->first_part; i < sent->first_part + sent->part_count; i++) {
    rs__plan_edge(plan, e->task_of[i], first, RS__READS);
  }
}

static bool is_same_part(const rs__shared_part *a, const rs__shared_part *b) {
  return a->link == b->link && a->item == b->item;
}

static void send_all(emitter *e) {
  for (uint32_t i = 0, end; i < e->place_count && e->plan->status == RS_OK; i = end) {
    for (end = i + 1; end < e->place_count && end - i < e->places_max; end++) {
      if (!is_same_part(&e->places[i].part, &e->places[end].part)) break;
    }
    send_places(e, &e->places[i], end - i);
  }
}

static rs_status emit(rs__plan *plan, const rs__shared *shared, rs__run run) {
  emitter e = {.plan = plan, .shared = shared, .run = run};
  e.places_max = rs__plan_places_max(plan);
  e.places = RS_ARENA_NEW(plan->arena, place, shared->part_count);
  e.root_of = RS_ARENA_NEW(plan->arena, uint32_t, shared->bundle_count);
  e.offset_of = RS_ARENA_NEW(plan->arena, int64_t, shared->bundle_count);
  e.task_of = RS_ARENA_NEW(plan->arena, uint32_t, shared->part_count);
  if (e.places == NULL || e.root_of == NULL || e.offset_of == NULL || e.task_of == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  for (uint32_t id = 0; id < shared->bundle_count; id++) e.root_of[id] = RS_NONE;
  for (uint32_t i = 0; i < shared->core_count; i++) e.root_of[shared->root_bundle[i]] = i;
  list_places(&e);
  send_all(&e);
  return plan->status;
}

/* Hops between the farthest two members; RS_NONE: some do not connect. */
static rs_status find_diameter(rs__plan *plan, uint32_t *hops) {
  *hops = 1;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    rs_status status = rs__plan_search(plan, plan->members[i], /*toward_hub=*/true);
    if (status != RS_OK) return status;
    for (uint32_t k = 0; k < plan->member_count; k++) {
      uint32_t depth = plan->depth[plan->members[k]];
      if (depth == RS_NONE) {
        return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "no path inside the group");
      }
      *hops = RS_MAX(*hops, depth);
    }
  }
  return RS_OK;
}

rs_status rs__build_shared_trees(rs__plan *plan) {
  rs__shared shared;
  uint32_t hops;
  rs_status status = find_diameter(plan, &hops);
  if (status != RS_OK) return status;
  uint32_t *load = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)plan->wiring->link_count * hops);
  if (load == NULL || !rs__plan_count_adds(plan)) return rs_arena_failed(plan->arena, plan->diag);
  for (int64_t k = 0; k < plan->variant.splits && status == RS_OK; k++) {
    rs__run whole = {0, plan->block};
    status = rs__shared_make(plan, plan->members, plan->member_count, hops, RS__SHARED_ROUNDS, load,
                             &shared);
    if (status == RS_OK) {
      status = emit(plan, &shared, rs__run_part(whole, plan->variant.splits, k));
    }
  }
  return status;
}

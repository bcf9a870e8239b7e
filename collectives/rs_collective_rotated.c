/*
 * All-gather of a large system in runs of a node's blocks.
 *
 * One block at a time, 10,440 chips have 109 million to receive. So first the chips of a node give
 * each other their blocks (1 slot a block: they are a full mesh), and from then on a node's blocks
 * travel together, 8 in a burst, on trees that are the same for every rack (rs_plan_rotation.c).
 *
 * Slots on 10,440 chips with 11 links, one vector a block: 1 in the node; a chip still lacks 1,304
 * items of 8 vectors, over 11 links that is 118.5, so 119 rounds of 8 slots: 952. In the first round
 * only rack cables have anything new to bring, which leaves 7 of 11 links idle for a round. The bound is
 * ⌈10,439 / 11⌉ = 949. Bursts: 10,440 · (7 + 1,304) = 13.7 million.
 *
 * A run is forwarded vector by vector, so longer runs cost bursts' time only where links wait.
 */
#include "rs__collective.h"

/* The block of every chip of the node of `chip` but its own, and when all are there. */
static uint32_t gather_node(rs__plan *plan, uint32_t chip, uint32_t run, uint32_t rank) {
  uint32_t node = chip - chip % run, first = RS_NONE;
  for (uint32_t from = node; from < node + run; from++) {
    if (from == chip) continue;
    uint32_t link = rs__plan_find_link(plan, from, chip);
    if (link == RS_NONE) {
      plan->status =
          rs_diag_set(plan->diag, RS_E_INFEASIBLE, "chips %u and %u have no link", from, chip);
      return RS_NONE;
    }
    rs__task task = {.start_cycles = rs__plan_reads_in(plan, from, 0, plan->block),
                     .count = plan->block,
                     .target_offset = from * plan->block,
                     .link = link,
                     .rank = rank,
                     .source = RS_BUFFER_IN,
                     .target = RS_BUFFER_OUT,
                     .action = RS_ACTION_KEEP,
                     .result = true};
    uint32_t id = rs__plan_add(plan, &task);
    if (first == RS_NONE) first = id;
  }
  uint32_t join = rs__plan_join(plan);
  if (join == RS_NONE) return RS_NONE;
  plan->tasks[join].start_cycles = rs__plan_reads_in(plan, chip, 0, plan->block);
  plan->tasks[join].rank = rank;
  /* the whole block of each: the run that follows reads them one after the other */
  for (uint32_t k = 0; k + 1 < run; k++) rs__plan_edge(plan, first + k, join, RS__READS);
  return join;
}

typedef struct gathering {
  rs__plan *plan;
  rs__rotation rotation;
  uint32_t *cells;    /* chip · items + item of the first rack, by step */
  uint32_t *in_place; /* [chip] its node's item is in `out` */
  uint32_t *task_of;  /* [chip · items + item] what brought it */
} gathering;

/* Cells in order of their steps, by counting. */
static rs_status order_cells(gathering *g) {
  const rs__rotation *r = &g->rotation;
  size_t count = (size_t)r->shift * r->items;
  g->cells = RS_ARENA_NEW(g->plan->arena, uint32_t, count);
  uint32_t *first = RS_ARENA_NEW(g->plan->arena, uint32_t, (size_t)r->steps + 2);
  if (g->cells == NULL || first == NULL) return rs_arena_failed(g->plan->arena, g->plan->diag);
  for (size_t k = 0; k < count; k++) first[r->step[k] + 1]++;
  for (uint32_t s = 1; s <= r->steps; s++) first[s + 1] += first[s];
  for (size_t k = 0; k < count; k++) g->cells[first[r->step[k]]++] = (uint32_t)k;
  return RS_OK;
}

/* An item of the first rack's cell, for the chip that is `turn` racks on. */
static void bring_item(gathering *g, uint32_t cell, uint32_t turn) {
  rs__plan *plan = g->plan;
  const rs__rotation *r = &g->rotation;
  uint32_t by = turn * r->shift;
  uint32_t item = (cell % r->items + by / r->run) % r->items;
  uint32_t link = rs__rotation_link(plan, r->link[cell], by);
  const rs_link *l = &plan->wiring->links[link];
  int64_t vectors = r->run * plan->block;
  rs__task task = {.count = vectors,
                   .source_offset = item * vectors,
                   .target_offset = item * vectors,
                   .link = link,
                   .rank = r->steps - r->step[cell],
                   .source = RS_BUFFER_OUT,
                   .target = RS_BUFFER_OUT,
                   .action = RS_ACTION_KEEP,
                   .result = true};
  uint32_t id = rs__plan_add(plan, &task);
  if (id == RS_NONE) return;
  g->task_of[(size_t)l->to * r->items + item] = id;
  bool is_own = item == l->from / r->run;
  uint32_t before = is_own ? g->in_place[l->from] : g->task_of[(size_t)l->from * r->items + item];
  rs__plan_edge(plan, before, id, RS__READS);
}

rs_status rs__build_all_gather_rotated(rs__plan *plan) {
  gathering g = {.plan = plan};
  uint32_t n = plan->member_count, run = (uint32_t)plan->variant.splits;
  rs_status status = rs__rotation_grow(plan, run, &g.rotation);
  if (status == RS_OK) status = order_cells(&g);
  if (status != RS_OK) return status;
  g.in_place = RS_ARENA_NEW(plan->arena, uint32_t, n);
  g.task_of = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)n * g.rotation.items);
  if (g.in_place == NULL || g.task_of == NULL) return rs_arena_failed(plan->arena, plan->diag);
  plan->has_ranks = true;
  for (uint32_t chip = 0; chip < n && plan->status == RS_OK; chip++) {
    g.in_place[chip] = gather_node(plan, chip, run, g.rotation.steps);
  }
  size_t cells = (size_t)g.rotation.shift * g.rotation.items;
  for (size_t k = 0; k < cells && plan->status == RS_OK; k++) {
    uint32_t cell = g.cells[k];
    if (g.rotation.step[cell] == 0) continue; /* its own */
    for (uint32_t turn = 0; turn < n / g.rotation.shift; turn++) bring_item(&g, cell, turn);
  }
  return plan->status;
}

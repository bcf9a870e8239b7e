/*
 * Trees as tasks: summing up, spreading down, and adding on the way.
 *
 * What a chip of a tree does follows from what it is. A member accumulates in `out`, which holds its
 * own input from the start; a relay has nothing there and uses hop buffer, so that the first vector
 * to come is written and the rest are added to it, and these may land only once the first is in
 * SRAM. The first to come is taken from the lowest subtree, because that one is complete first.
 */
#include "rs__collective.h"

rs__run rs__run_part(rs__run run, int64_t parts, int64_t k) {
  int64_t quotient = run.count / parts, rest = run.count % parts;
  return (rs__run){.offset = run.offset + k * quotient + RS_MIN(k, rest),
                   .count = quotient + (k < rest ? 1 : 0)};
}

rs_status rs__plan_tree(rs__plan *plan, uint32_t root, bool toward_root, uint32_t salt,
                        rs_route_tree *tree) {
  rs_route_request request = {.root = root,
                              .toward_root = toward_root,
                              .members = plan->members,
                              .member_count = plan->member_count,
                              .members_only = !plan->variant.relays,
                              .salt = salt,
                              .link_load = plan->link_load,
                              .scratch = plan->tree_arena};
  rs_arena_reset(plan->tree_arena);
  return rs_route_tree_build(plan->tree_arena, plan->wiring, &request, tree, plan->diag);
}

static bool is_member(const rs__plan *plan, uint32_t chip) {
  return plan->position[chip] != RS_NONE;
}

static uint32_t parent_of(const rs__plan *plan, const rs_route_tree *tree, uint32_t chip) {
  const rs_link *link = &plan->wiring->links[tree->link[chip]];
  return tree->toward_root ? link->to : link->from;
}

/* Children lists and heights, from the leaves up. */
static void link_children(rs__plan *plan, const rs_route_tree *tree) {
  for (uint32_t k = 0; k < tree->order_count; k++) {
    plan->first_child[tree->order[k]] = RS_NONE;
    plan->height[tree->order[k]] = 0;
  }
  for (uint32_t k = tree->order_count; k-- > 1;) {
    uint32_t chip = tree->order[k], parent = parent_of(plan, tree, chip);
    plan->height[parent] = RS_MAX(plan->height[parent], plan->height[chip] + 1);
    uint32_t *place = &plan->first_child[parent];
    while (*place != RS_NONE && plan->height[*place] < plan->height[chip]) {
      place = &plan->next_sibling[*place];
    }
    plan->next_sibling[chip] = *place;
    *place = chip;
  }
}

/* ---- summing up ---- */

/* Orders `after` behind all tasks that fill a chip. They have consecutive ids. */
static void wait_for_children(rs__plan *plan, uint32_t chip, uint32_t after) {
  uint32_t id = plan->task_of[chip];
  for (uint32_t c = plan->first_child[chip]; c != RS_NONE; c = plan->next_sibling[c]) {
    rs__plan_edge(plan, id++, after, RS__READS);
  }
}

/* A child's sum on its way to the parent. */
static uint32_t send_up(rs__plan *plan, const rs_route_tree *tree, uint32_t child, rs__run run) {
  rs__task task = {.link = tree->link[child], .count = run.count, .source_offset = run.offset};
  if (!is_member(plan, child)) {
    task.source = RS_BUFFER_TMP;
    task.source_offset = plan->tmp_of[child];
  } else {
    task.source = plan->first_child[child] == RS_NONE ? RS_BUFFER_IN : RS_BUFFER_OUT;
  }
  if (plan->rank_of != NULL) task.rank = plan->rank_of[child];
  uint32_t parent = parent_of(plan, tree, child);
  bool is_first = plan->first_child[parent] == child;
  if (is_member(plan, parent)) {
    task.target = RS_BUFFER_OUT;
    task.target_offset = run.offset;
    task.action = RS_ACTION_ADD;
  } else {
    if (is_first) plan->tmp_of[parent] = rs__plan_tmp(plan, parent, run.count);
    task.target = RS_BUFFER_TMP;
    task.target_offset = plan->tmp_of[parent];
    task.action = is_first ? RS_ACTION_FORWARD : RS_ACTION_ADD;
  }
  uint32_t id = rs__plan_add(plan, &task);
  if (is_member(plan, child)) rs__plan_wait_to_read(plan, id, child, run);
  if (is_member(plan, parent)) rs__plan_wait_to_land(plan, id, run);
  if (is_first) plan->task_of[parent] = id;
  wait_for_children(plan, child, id);
  if (!is_first && !is_member(plan, parent)) {
    rs__plan_edge(plan, plan->task_of[parent], id, RS__LANDS);
  }
  return id;
}

uint32_t rs__plan_reduce_tree(rs__plan *plan, const rs_route_tree *tree, rs__run run,
                              bool is_result) {
  link_children(plan, tree);
  for (uint32_t k = tree->order_count; k-- > 0;) {
    uint32_t parent = tree->order[k];
    for (uint32_t c = plan->first_child[parent]; c != RS_NONE; c = plan->next_sibling[c]) {
      uint32_t id = send_up(plan, tree, c, run);
      if (id == RS_NONE) return RS_NONE;
      plan->tasks[id].result = is_result && parent == tree->root;
    }
  }
  uint32_t join = rs__plan_join(plan);
  if (join == RS_NONE) return RS_NONE;
  rs__plan_wait_to_read(plan, join, tree->root, run);
  wait_for_children(plan, tree->root, join);
  return join;
}

/* ---- spreading down ---- */

/* Source of a task that leaves the root or a chip that was filled before. */
static rs__task take_down(const rs__plan *plan, const rs_route_tree *tree, uint32_t parent,
                          const rs__origin *origin, rs__run run) {
  rs__task task = {.count = run.count};
  if (parent == tree->root) {
    task.source = (uint8_t)origin->buffer;
    task.source_offset = origin->offset;
  } else if (is_member(plan, parent)) {
    task.source = RS_BUFFER_OUT;
    task.source_offset = run.offset;
  } else {
    task.source = RS_BUFFER_TMP;
    task.source_offset = plan->tmp_of[parent];
  }
  return task;
}

static void forward_to(rs__plan *plan, uint32_t chip, rs__task *task) {
  plan->tmp_of[chip] = rs__plan_tmp(plan, chip, task->count);
  task->target = RS_BUFFER_TMP;
  task->target_offset = plan->tmp_of[chip];
  task->action = RS_ACTION_FORWARD;
}

static uint32_t add_after(rs__plan *plan, const rs__task *task, uint32_t before) {
  uint32_t id = rs__plan_add(plan, task);
  if (before != RS_NONE) rs__plan_edge(plan, before, id, RS__READS);
  return id;
}

/* height[chip] becomes 1 for a chip that needs the data or has such a one below it, else 0. */
static void mark_useful(rs__plan *plan, const rs_route_tree *tree, uint32_t skip) {
  for (uint32_t k = 0; k < tree->order_count; k++) {
    uint32_t chip = tree->order[k];
    plan->height[chip] = is_member(plan, chip) && chip != skip ? 1 : 0;
  }
  for (uint32_t k = tree->order_count; k-- > 1;) {
    uint32_t chip = tree->order[k];
    if (plan->height[chip] != 0) plan->height[parent_of(plan, tree, chip)] = 1;
  }
}

void rs__plan_spread_tree(rs__plan *plan, const rs_route_tree *tree, const rs__origin *origin,
                          rs__run target, uint32_t skip) {
  mark_useful(plan, tree, skip);
  plan->task_of[tree->root] = origin->after;
  for (uint32_t k = 1; k < tree->order_count; k++) {
    uint32_t chip = tree->order[k], parent = parent_of(plan, tree, chip);
    if (plan->height[chip] == 0) continue;
    rs__task task = take_down(plan, tree, parent, origin, target);
    task.link = tree->link[chip];
    if (plan->rank_of != NULL) task.rank = plan->rank_of[chip];
    if (is_member(plan, chip)) {
      task.target = RS_BUFFER_OUT;
      task.target_offset = target.offset;
      task.action = RS_ACTION_KEEP;
      task.result = true;
    } else {
      forward_to(plan, chip, &task);
    }
    plan->task_of[chip] = add_after(plan, &task, plan->task_of[parent]);
    if (parent == tree->root && origin->after == RS_NONE) {
      rs__run source = {origin->offset, target.count};
      rs__plan_wait_to_read(plan, plan->task_of[chip], parent, source);
    }
  }
}

/* ---- adding on the way ---- */

/* The least start of what leaves a chip, as far as the tree decides it. */
static int64_t leaves_at(const rs__plan *plan, uint32_t chip) {
  if (plan->task_of[chip] == RS_NONE) return 0;
  const rs__task *came = &plan->tasks[plan->task_of[chip]];
  return came->start_cycles + rs_timing_latency(plan->timing, &plan->wiring->links[came->link]) +
         plan->timing->forward_cycles;
}

void rs__plan_add_tree(rs__plan *plan, const rs_route_tree *tree, rs__run run) {
  link_children(plan, tree);
  plan->task_of[tree->root] = RS_NONE;
  for (uint32_t k = 1; k < tree->order_count && plan->status == RS_OK; k++) {
    uint32_t chip = tree->order[k], parent = parent_of(plan, tree, chip);
    uint32_t link = tree->link[chip];
    rs__task task = {.link = link, .count = run.count, .source_offset = run.offset};
    if (parent == tree->root) {
      task.source = RS_BUFFER_IN;
      task.start_cycles = rs__plan_reads_in(plan, parent, run.offset, run.count);
    } else {
      task.source = RS_BUFFER_TMP;
      task.source_offset = plan->tmp_of[parent];
      task.start_cycles = leaves_at(plan, parent);
    }
    /* An inner member needs the raw vectors to send on and also wants them added: in one transmission,
     * unless those farther down would wait for this member's own input. */
    int64_t least =
        is_member(plan, chip) ? rs__plan_lands_on_in(plan, link, run.offset, run.count) : INT64_MAX;
    bool is_shared = plan->first_child[chip] != RS_NONE && least <= task.start_cycles;
    if (plan->first_child[chip] != RS_NONE) {
      forward_to(plan, chip, &task);
      plan->task_of[chip] = rs__plan_add(plan, &task);
      if (is_shared) {
        rs__plan_also(plan, plan->task_of[chip], RS_BUFFER_OUT, run.offset, RS_ACTION_ADD, true);
      }
      if (plan->task_of[parent] != RS_NONE && plan->status == RS_OK) {
        rs__plan_edge(plan, plan->task_of[parent], plan->task_of[chip], RS__READS);
      }
    }
    if (!is_member(plan, chip) || is_shared) continue;
    task.start_cycles = RS_MAX(task.start_cycles, least);
    task.target = RS_BUFFER_OUT;
    task.target_offset = run.offset;
    task.action = RS_ACTION_ADD;
    task.result = true;
    add_after(plan, &task, plan->task_of[parent]);
  }
}

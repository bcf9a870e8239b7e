/*
 * The direct nested exchange, for few racks: one link from every rack to every node, five hops; six to the nodes
 * that have no link from some rack.
 */
#include "rs__nested.h"

/* A gate from `rack` that ends next to a node, on a chip of its rack; *link: on to the node. */
static uint32_t find_relay(const rs__nested *x, uint32_t rack, uint32_t node, uint32_t *link) {
  const rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  const rs__gate *gates = x->gates[RS__BETWEEN_RACKS];
  uint32_t home = x->rack_of[rs__nested_member(x, node, 0)], from, to;
  for (uint32_t g = 0; g < x->gate_count[RS__BETWEEN_RACKS]; g++) {
    if (x->rack_of[gates[g].from] != rack || x->rack_of[gates[g].to] != home) continue;
    uint32_t chip = rs__nested_chip(x, gates[g].to);
    for (*link = w->out_first[chip]; *link < w->out_first[chip + 1]; ++*link) {
      if (!rs__nested_joins(x, RS__IN_RACK, &w->links[*link], &from, &to)) continue;
      if (x->node_of[to] == node) return g;
    }
  }
  return RS_NONE;
}

static rs_status find_relays(rs__nested *x) {
  const rs__plan *plan = x->plan;
  size_t pairs = (size_t)x->rack_count * x->node_count;
  bool *has = RS_ARENA_NEW(plan->arena, bool, pairs);
  x->relays = RS_ARENA_NEW(plan->arena, rs__relay, pairs);
  if (has == NULL || x->relays == NULL) return rs_arena_failed(plan->arena, plan->diag);
  rs__gate *gates = x->gates[RS__BETWEEN_RACKS];
  for (uint32_t g = 0; g < x->gate_count[RS__BETWEEN_RACKS]; g++) {
    has[(size_t)x->rack_of[gates[g].from] * x->node_count + x->node_of[gates[g].to]] = true;
  }
  for (uint32_t r = 0; r < x->rack_count; r++) {
    for (uint32_t p = 0; p < x->node_count; p++) {
      if (has[(size_t)r * x->node_count + p] || x->rack_of[rs__nested_member(x, p, 0)] == r)
        continue;
      rs__relay *next = &x->relays[x->relay_count++];
      next->gate = find_relay(x, r, p, &next->link);
      if (next->gate == RS_NONE) return rs__nested_refuse(x, "a node is too far from a rack");
      gates[next->gate].relays = true;
    }
  }
  return RS_OK;
}

/* A rack's sum that was kept apart for it goes to a node, and from where it comes to all of that. */
static void send_relay(rs__nested *x, rs__relay *r) {
  rs__plan *plan = x->plan;
  uint32_t to = plan->position[plan->wiring->links[r->link].to], node = x->node_of[to];
  uint32_t alone = x->gates[RS__BETWEEN_RACKS][r->gate].alone;
  r->at = rs__plan_tmp(plan, rs__nested_chip(x, to), plan->block);
  rs__task task = {.start_cycles = rs__plan_lands_on_in(plan, r->link, 0, plan->block),
                   .count = plan->block,
                   .source_offset = plan->tasks[alone].target_offset,
                   .target_offset = r->at,
                   .link = r->link,
                   .source = RS_BUFFER_TMP,
                   .target = RS_BUFFER_TMP,
                   .action = RS_ACTION_FORWARD};
  uint32_t id = rs__plan_add(plan, &task);
  uint32_t copy = rs__plan_also(plan, id, RS_BUFFER_OUT, 0, RS_ACTION_ADD, true);
  if (plan->status != RS_OK) return;
  plan->link_load[r->link]++;
  rs__plan_edge(plan, alone, id, RS__READS);
  rs__nested_clear_reads(x, RS__BETWEEN_RACKS, to, copy);
  for (uint32_t k = 0; k < rs__nested_size(x, node) && plan->status == RS_OK; k++) {
    uint32_t last = rs__nested_member(x, node, k);
    if (last == to) continue;
    uint32_t link = rs__nested_link(x, to, last);
    plan->link_load[link]++;
    rs__nested_clear_reads(x, RS__BETWEEN_RACKS, last,
                           rs__nested_add_to_out(x, link, RS_BUFFER_TMP, r->at, id));
  }
}

/* Racks' sums, which read `out`, set out together: they land on `out` that others of them read. */
static rs_status exchange_racks(rs__nested *x) {
  rs__plan *plan = x->plan;
  uint32_t all = rs__plan_join(plan);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    rs__plan_edge(plan, x->ready[i], all, RS__READS);
  }
  x->together = RS_ARENA_NEW(plan->arena, uint32_t, x->rack_count);
  if (x->together == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t r = 0; r < x->rack_count; r++) x->together[r] = all;
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    x->at[i] = rs__nested_forward_sums(x, RS__BETWEEN_RACKS, RS_BUFFER_OUT, i);
  }
  for (uint32_t g = 0; g < x->gate_count[RS__BETWEEN_RACKS] && plan->status == RS_OK; g++) {
    if (x->gates[RS__BETWEEN_RACKS][g].copy == RS_NONE) {
      return rs__nested_refuse(x,
                               "the vector unit has no room to add what comes to a gateway twice");
    }
  }
  rs__nested_guard_sums(x, RS__BETWEEN_RACKS);
  x->together = NULL;
  return plan->status;
}

rs_status rs__nested_build_direct(rs__nested *x) {
  rs_status status = find_relays(x);
  if (status == RS_OK) status = rs__nested_sum_racks(x);
  if (status == RS_OK) status = exchange_racks(x);
  for (uint32_t i = 0; i < x->n && status == RS_OK; i++) {
    rs__nested_spread_sum(x, RS__BETWEEN_RACKS, i, x->at[i], RS__BETWEEN_RACKS);
    status = x->plan->status;
  }
  for (uint32_t k = 0; k < x->relay_count && status == RS_OK; k++) {
    send_relay(x, &x->relays[k]);
    status = x->plan->status;
  }
  return status;
}

/*
 * Nodes and racks of a nested exchange, and the link that is used between every two groups.
 */
#include "rs__nested.h"

#define RS__NODES_MAX 2048

/* ---- nodes and racks ---- */

/* Numbers labels in order of their first member. Returns how many there are. */
static uint32_t number_labels(const rs__nested *x, const uint32_t *label_of,
                              uint32_t *number_of_label, uint32_t *number_of) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < x->n; i++) {
    uint32_t *number = &number_of_label[label_of[rs__nested_chip(x, i)]];
    if (*number == 0) *number = ++count; /* from 1: 0 is none */
    number_of[i] = *number - 1;
  }
  return count;
}

rs_status rs__nested_reserve(rs__nested *x) {
  rs__plan *plan = x->plan;
  uint32_t *arrays = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)x->n * 12 + 2);
  x->at = RS_ARENA_NEW(plan->arena, int64_t, x->n);
  if (arrays == NULL || x->at == NULL) return rs_arena_failed(plan->arena, plan->diag);
  uint32_t **parts[] = {
      &x->node_of, &x->rack_of,    &x->places, &x->came[0], &x->came[1], &x->left[0],
      &x->left[1], &x->came_count, &x->ready,  &x->share,   &x->spread,
  };
  for (size_t k = 0; k < RS_COUNT_OF(parts); k++) *parts[k] = arrays + k * x->n;
  x->node_first = arrays + RS_COUNT_OF(parts) * x->n;
  for (uint32_t i = 0; i < x->n; i++) {
    for (int level = 0; level < RS__LEVELS; level++)
      x->came[level][i] = x->left[level][i] = RS_NONE;
    x->share[i] = x->spread[i] = RS_NONE;
  }
  return RS_OK;
}

rs_status rs__nested_fill_places(rs__nested *x) {
  const rs__plan *plan = x->plan;
  const uint32_t *label_of;
  rs_status status = rs__plan_nodes(plan, &label_of);
  if (status != RS_OK) return status;
  if (plan->wiring->rack_of == NULL) return rs__nested_refuse(x, "the wiring has no racks");
  uint32_t chips = plan->wiring->chip_count;
  uint32_t *numbers = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)chips * 2);
  if (numbers == NULL) return rs_arena_failed(plan->arena, plan->diag);
  x->node_count = number_labels(x, label_of, numbers, x->node_of);
  x->rack_count = number_labels(x, plan->wiring->rack_of, numbers + chips, x->rack_of);
  if (x->rack_count < 2) return rs__nested_refuse(x, "the group lies in one rack");
  if (x->node_count > RS__NODES_MAX)
    return rs__nested_refuse(x, "more nodes than could all be joined");
  for (uint32_t i = 0; i < x->n; i++) x->node_first[x->node_of[i] + 1]++;
  for (uint32_t p = 0; p < x->node_count; p++) {
    if (x->node_first[p + 1] < 2) return rs__nested_refuse(x, "a node has one chip only");
    x->node_first[p + 1] += x->node_first[p];
  }
  for (uint32_t i = 0; i < x->n; i++) x->places[x->node_first[x->node_of[i]]++] = i;
  for (uint32_t p = x->node_count; p > 0; p--) x->node_first[p] = x->node_first[p - 1];
  x->node_first[0] = 0;
  return RS_OK;
}

/* ---- gates ---- */

/* The link that is to be used between two groups: that which ends where fewest others do. */
static void offer_link(rs__nested *x, uint32_t link, uint32_t *chosen) {
  const rs_wiring *w = x->plan->wiring;
  uint32_t to = x->plan->position[w->links[link].to];
  if (*chosen != RS_NONE) {
    uint32_t old = x->plan->position[w->links[*chosen].to];
    if (x->came_count[to] + 1 >= x->came_count[old]) return;
    x->came_count[old]--;
  }
  x->came_count[to]++;
  *chosen = link;
}

bool rs__nested_joins(const rs__nested *x, int level, const rs_link *l, uint32_t *from,
                      uint32_t *to) {
  *from = x->plan->position[l->from];
  *to = x->plan->position[l->to];
  if (*from == RS_NONE || *to == RS_NONE) return false;
  bool same_rack = x->rack_of[*from] == x->rack_of[*to];
  return level == RS__BETWEEN_RACKS ? !same_rack
                                    : same_rack && x->node_of[*from] != x->node_of[*to];
}

rs_status rs__nested_choose_gates(rs__nested *x, int level) {
  rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  bool to_nodes = level == RS__IN_RACK || x->is_direct;
  const uint32_t *from_group = level == RS__IN_RACK ? x->node_of : x->rack_of;
  const uint32_t *to_group = to_nodes ? x->node_of : x->rack_of;
  uint32_t groups = to_nodes ? x->node_count : x->rack_count, from, to;
  size_t pairs = (size_t)(level == RS__IN_RACK ? x->node_count : x->rack_count) * groups;
  uint32_t *chosen = RS_ARENA_NEW(plan->arena, uint32_t, pairs);
  if (chosen == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (size_t k = 0; k < pairs; k++) chosen[k] = RS_NONE;
  for (uint32_t i = 0; i < x->n; i++) x->came_count[i] = 0;
  for (uint32_t l = 0; l < w->link_count; l++) {
    if (!rs__nested_joins(x, level, &w->links[l], &from, &to)) continue;
    offer_link(x, l, &chosen[(size_t)from_group[from] * groups + to_group[to]]);
  }
  uint32_t count = 0;
  for (size_t k = 0; k < pairs; k++) count += chosen[k] != RS_NONE;
  rs__gate *gates = x->gates[level] = RS_ARENA_NEW(plan->arena, rs__gate, (size_t)count + 1);
  if (gates == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (size_t k = 0; k < pairs; k++) {
    if (chosen[k] == RS_NONE) continue;
    rs__gate *g = &gates[x->gate_count[level]];
    rs__nested_joins(x, level, &w->links[chosen[k]], &g->from, &g->to);
    g->link = chosen[k];
    plan->link_load[g->link]++;
    g->came_next = x->came[level][g->to];
    g->left_next = x->left[level][g->from];
    x->came[level][g->to] = x->left[level][g->from] = x->gate_count[level]++;
  }
  return RS_OK;
}

rs_status rs__nested_check_gates(const rs__nested *x) {
  uint64_t wanted = 0;
  uint32_t *nodes = RS_ARENA_NEW(x->plan->arena, uint32_t, x->rack_count);
  if (nodes == NULL) return rs_arena_failed(x->plan->arena, x->plan->diag);
  for (uint32_t p = 0; p < x->node_count; p++)
    wanted += 2 * nodes[x->rack_of[rs__nested_member(x, p, 0)]]++;
  if (x->gate_count[RS__IN_RACK] != wanted)
    return rs__nested_refuse(x, "two nodes of a rack have no link");
  if (x->is_direct) return RS_OK;
  if (x->gate_count[RS__BETWEEN_RACKS] != x->rack_count * (x->rack_count - 1)) {
    return rs__nested_refuse(x, "two racks have no link");
  }
  return RS_OK;
}

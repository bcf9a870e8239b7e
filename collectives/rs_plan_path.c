/*
 * Paths as tasks: store-and-forward chains through hop buffers, cut through at every hop.
 *
 * One breadth-first search from a hub serves all paths to it or from it: links that come one hop
 * nearer to the hub form an acyclic graph, and a path is any way through it. Among those the cheapest
 * is taken (dynamic programming over the part of the graph that the path can reach), where a link
 * costs what one more path adds to the sum of cubes of all loads: 3·load² + 3·load + 1. Many paths at
 * once are routed in several rounds, each path being taken out and put back where it is cheapest
 * then; that is what keeps the busiest link near the average.
 */
#include <string.h>

#include "rs__collective.h"

#define RS__ROUTE_ROUNDS 6
#define RS__SLOTS_MAX (UINT32_C(1) << 30)
#define RS__REROUTE_PATHS_MAX 200000 /* beyond, one round */

static const uint32_t *first_links(const rs_wiring *w, bool out) {
  return out ? w->out_first : w->in_first;
}

static uint32_t link_at(const rs_wiring *w, bool out, uint32_t k) {
  return out ? k : w->in_links[k];
}

static uint32_t far_end(const rs_wiring *w, bool out, uint32_t link) {
  return out ? w->links[link].to : w->links[link].from;
}

/* ---- distances to the hub ---- */

rs_status rs__plan_search(rs__plan *plan, uint32_t hub, bool toward_hub) {
  return rs__plan_search_until(plan, hub, toward_hub, RS_NONE);
}

rs_status rs__plan_search_until(rs__plan *plan, uint32_t hub, bool toward_hub, uint32_t until) {
  const rs_wiring *w = plan->wiring;
  bool out = !toward_hub; /* the search goes against the data when that goes to the hub */
  const uint32_t *first = first_links(w, out);
  plan->hub = hub;
  plan->toward_hub = toward_hub;
  memset(plan->depth, 0xff, w->chip_count * sizeof *plan->depth);
  plan->depth[hub] = 0;
  plan->queue[0] = hub;
  uint32_t count = 1;
  /* Once every member has a depth, so has every chip that is nearer to the hub than any of them. */
  uint32_t members_left = plan->member_count - (plan->position[hub] == RS_NONE ? 0 : 1);
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = plan->queue[head];
    for (uint32_t k = first[chip]; k < first[chip + 1]; k++) {
      uint32_t other = far_end(w, out, link_at(w, out, k));
      if (plan->depth[other] != RS_NONE) continue;
      if (!plan->variant.relays && plan->position[other] == RS_NONE) continue;
      plan->depth[other] = plan->depth[chip] + 1;
      plan->queue[count++] = other;
      if (other == until) return plan->status; /* all that is nearer to the hub is known */
      if (plan->position[other] != RS_NONE && --members_left == 0) return plan->status;
    }
  }
  return plan->status;
}

/* ---- the cheapest of the shortest paths ---- */

/* What one more path adds to the sum of cubes. Loads stay below 2^20, so that sums fit. */
static uint64_t link_cost(const rs__plan *plan, uint32_t link) {
  uint64_t load = RS_MIN(plan->link_load[link], UINT32_C(1) << 20);
  return 3 * load * (load + 1) + 1;
}

/* Chips that a walk from `chip` can come by, nearer ones later; marks them in plan->mark. */
static uint32_t list_cone(rs__plan *plan, uint32_t chip) {
  const rs_wiring *w = plan->wiring;
  bool out = plan->toward_hub;
  const uint32_t *first = first_links(w, out);
  uint32_t count = 1;
  plan->mark_now++;
  plan->queue[0] = chip;
  plan->mark[chip] = plan->mark_now;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t at = plan->queue[head];
    for (uint32_t k = first[at]; k < first[at + 1]; k++) {
      uint32_t next = far_end(w, out, link_at(w, out, k));
      if (plan->depth[next] != plan->depth[at] - 1 || plan->mark[next] == plan->mark_now) continue;
      plan->mark[next] = plan->mark_now;
      plan->queue[count++] = next;
    }
  }
  return count;
}

/* The cheapest link out of a chip of the cone, all nearer chips being priced; ties turn by chip. */
static void price_chip(rs__plan *plan, uint32_t chip, uint32_t turn) {
  const rs_wiring *w = plan->wiring;
  bool out = plan->toward_hub;
  uint32_t first = first_links(w, out)[chip];
  uint32_t degree = first_links(w, out)[chip + 1] - first;
  uint32_t shift = (turn + chip) % degree;
  uint64_t best = UINT64_MAX;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t at = k + shift < degree ? k + shift : k + shift - degree;
    uint32_t link = link_at(w, out, first + at);
    uint32_t next = far_end(w, out, link);
    if (plan->depth[next] != plan->depth[chip] - 1) continue;
    uint64_t price = plan->price[next] + link_cost(plan, link);
    if (price >= best) continue;
    best = price;
    plan->way[chip] = link;
  }
  plan->price[chip] = best;
}

/* Fills `links` with the path in the direction of the data, and counts it as load. */
static void choose_path(rs__plan *plan, uint32_t chip, uint32_t turn, uint32_t *links) {
  uint32_t hops = plan->depth[chip];
  uint32_t count = list_cone(plan, chip);
  plan->price[plan->hub] = 0;
  while (count-- > 0) {
    if (plan->queue[count] != plan->hub) price_chip(plan, plan->queue[count], turn);
  }
  for (uint32_t k = 0; k < hops; k++) {
    uint32_t link = plan->way[chip];
    plan->link_load[link] += plan->path_weight;
    links[plan->toward_hub ? k : hops - 1 - k] = link;
    chip = far_end(plan->wiring, plan->toward_hub, link);
  }
}

static bool reach(rs__plan *plan, uint32_t chip) {
  if (plan->status == RS_OK && plan->depth[chip] == RS_NONE) {
    plan->status = rs_diag_set(plan->diag, RS_E_INFEASIBLE, "no path between chips %u and %u",
                               plan->hub, chip);
  }
  return plan->status == RS_OK;
}

/* ---- tasks ---- */

uint32_t rs__plan_chain(rs__plan *plan, const uint32_t *links, const uint32_t *slots, uint32_t hops,
                        const rs__origin *origin, rs__run target) {
  rs__task task = {
      .count = target.count, .source = (uint8_t)origin->buffer, .source_offset = origin->offset};
  uint32_t before = origin->after;
  for (uint32_t k = 0; k < hops; k++) {
    const rs_link *link = &plan->wiring->links[links[k]];
    bool is_last = k + 1 == hops;
    task.link = links[k];
    task.target = is_last ? RS_BUFFER_OUT : RS_BUFFER_TMP;
    task.target_offset = is_last ? target.offset : rs__plan_tmp(plan, link->to, target.count);
    task.action = is_last ? RS_ACTION_KEEP : RS_ACTION_FORWARD;
    task.result = is_last;
    task.rank = slots == NULL ? 0 : RS__SLOTS_MAX - slots[k];
    uint32_t id = rs__plan_add(plan, &task);
    if (id == RS_NONE) return RS_NONE;
    if (before != RS_NONE) {
      rs__plan_edge(plan, before, id, RS__READS);
    } else {
      rs__plan_wait_to_read(plan, id, link->from, (rs__run){origin->offset, target.count});
    }
    before = id;
    task.source = RS_BUFFER_TMP;
    task.source_offset = task.target_offset;
  }
  return before;
}

uint32_t rs__plan_choose(rs__plan *plan, uint32_t chip, uint32_t *links) {
  if (!reach(plan, chip)) return RS_NONE;
  choose_path(plan, chip, plan->task_count, links);
  return plan->depth[chip];
}

uint32_t rs__plan_path(rs__plan *plan, uint32_t chip, const rs__origin *origin, rs__run target) {
  uint32_t *links = plan->task_of; /* no tree is at hand */
  uint32_t hops = rs__plan_choose(plan, chip, links);
  return hops == RS_NONE ? RS_NONE : rs__plan_chain(plan, links, NULL, hops, origin, target);
}

uint32_t rs__plan_find_link(const rs__plan *plan, uint32_t from, uint32_t to) {
  uint32_t best = rs_wiring_find_link(plan->wiring, from, to, 0);
  if (best == RS_NONE) return RS_NONE;
  for (uint32_t l = best + 1; l < plan->wiring->link_count; l++) {
    const rs_link *link = &plan->wiring->links[l];
    if (link->from != from || link->to != to) break;
    if (plan->link_load[l] < plan->link_load[best]) best = l;
  }
  return best;
}

void rs__plan_block(rs__plan *plan, uint32_t from, uint32_t to, const uint32_t *links,
                    const uint32_t *slots, uint32_t hops) {
  rs__origin origin = {RS_BUFFER_IN, plan->position[to] * plan->block, RS_NONE};
  rs__run target = {plan->position[from] * plan->block, plan->block};
  plan->has_ranks = true;
  rs__plan_chain(plan, links, slots, hops, &origin, target);
}

/* ---- many paths at once ---- */

void rs__plan_demand(rs__plan *plan, const rs__demand *demand) {
  if (plan->status != RS_OK) return;
  if (plan->demand_count == plan->demand_capacity) {
    rs__demand *demands =
        rs__grow(plan->arena, plan->demands, &plan->demand_capacity, sizeof *demands);
    if (demands == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return;
    }
    plan->demands = demands;
  }
  plan->demands[plan->demand_count] = *demand;
  plan->demands[plan->demand_count++].links = NULL;
}

static uint32_t hub_of(const rs__demand *demand, bool toward_hub) {
  return toward_hub ? demand->to : demand->from;
}

/* Routes one demand; in later rounds its old path is taken out first. */
static bool route_demand(rs__plan *plan, rs__demand *demand, uint32_t turn) {
  uint32_t chip = hub_of(demand, !plan->toward_hub);
  if (!reach(plan, chip)) return false;
  if (demand->links == NULL) {
    demand->hops = plan->depth[chip];
    demand->links = RS_ARENA_NEW(plan->arena, uint32_t, demand->hops);
    if (demand->links == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return false;
    }
  } else {
    for (uint32_t k = 0; k < demand->hops; k++) {
      plan->link_load[demand->links[k]] -= plan->path_weight;
    }
  }
  choose_path(plan, chip, turn, demand->links);
  return true;
}

/* Hops found in the first round serve the later ones, where there are few demands: a copy of the
 * depths costs a tenth of finding them. */
#define RS__KEPT_DEPTHS_MAX (UINT32_C(1) << 20)

static uint32_t *make_kept_depths(rs__plan *plan, uint32_t rounds) {
  uint64_t entries = (uint64_t)plan->demand_count * plan->wiring->chip_count;
  if (rounds == 1 || entries > RS__KEPT_DEPTHS_MAX) return NULL;
  return RS_ARENA_NEW(plan->arena, uint32_t, entries);
}

/* Where the search for demand i may end: the far end of all demands that it serves, if they have one,
 * as the pieces of a message do. */
static uint32_t end_of_search(const rs__plan *plan, uint32_t i, bool toward_hub) {
  uint32_t hub = hub_of(&plan->demands[i], toward_hub);
  uint32_t end = hub_of(&plan->demands[i], !toward_hub);
  for (uint32_t k = i + 1; k < plan->demand_count; k++) {
    if (hub_of(&plan->demands[k], toward_hub) != hub) break;
    if (hub_of(&plan->demands[k], !toward_hub) != end) return RS_NONE;
  }
  return end;
}

/* Makes plan->depth that of demand i. */
static void find_hops(rs__plan *plan, uint32_t i, uint32_t round, bool toward_hub, uint32_t *kept) {
  const rs__demand *demand = &plan->demands[i];
  size_t bytes = plan->wiring->chip_count * sizeof *plan->depth;
  uint32_t hub = hub_of(demand, toward_hub);
  if (i > 0 && hub_of(demand - 1, toward_hub) == hub) return; /* the search before serves */
  uint32_t *own = kept == NULL ? NULL : kept + (size_t)i * plan->wiring->chip_count;
  if (own != NULL && round > 0) {
    memcpy(plan->depth, own, bytes);
    plan->hub = hub;
    plan->toward_hub = toward_hub;
    return;
  }
  rs__plan_search_until(plan, hub, toward_hub, end_of_search(plan, i, toward_hub));
  if (own != NULL) memcpy(own, plan->depth, bytes);
}

rs_status rs__plan_route(rs__plan *plan, bool toward_hub, uint32_t period) {
  uint32_t rounds = plan->demand_count <= RS__REROUTE_PATHS_MAX ? RS__ROUTE_ROUNDS : 1;
  uint32_t *kept = make_kept_depths(plan, rounds);
  for (uint32_t round = 0; round < rounds; round++) {
    for (uint32_t i = 0; i < plan->demand_count; i++) {
      find_hops(plan, i, round, toward_hub, kept);
      if (!route_demand(plan, &plan->demands[i], i + round)) return plan->status;
    }
  }
  for (uint32_t first = 0; first < period; first++) {
    for (uint32_t i = first; i < plan->demand_count; i += period) {
      const rs__demand *demand = &plan->demands[i];
      rs__plan_chain(plan, demand->links, NULL, demand->hops, &demand->origin, demand->target);
    }
  }
  return plan->status;
}

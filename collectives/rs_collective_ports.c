/*
 * Scatter and gather with even ports: every link of the root carries as many blocks as every other, also
 * where shortest ways would have some of them carry more.
 *
 * Which way each block goes is a flow from the root, p units to every member in p pieces of its block, of
 * least hops in all under a limit of units a link: ⌈p(N − 1)/d⌉ for d links of the root, or more where a cut
 * behind them needs it. Units are sent one by one along the cheapest way, which may take back what others
 * took (successive shortest paths: Ford, Fulkerson 1962; Edmonds, Karp 1972). As every hop costs something, the flow
 * has no cycle, and walking back from a member along it ends at the root. The limit is found by a first flow
 * for which hops do not count: a limit that rises in the midst of the second would leave it dearer than the
 * cheapest, with cycles that cost less than nothing.
 */
#include <string.h>

#include "rs__collective.h"

typedef struct flow {
  rs__plan *plan;
  bool inward;
  uint32_t root;
  uint32_t limit;    /* units a link */
  int32_t back_cost; /* hops that a unit taken back counts */
  uint32_t *units;   /* [link] */
  uint32_t *wanted;  /* [chip] */
  int32_t *cost;     /* [chip] hops from the root, of the search at hand */
  uint32_t *came_by; /* [chip] link; RS_NONE: nothing came */
  uint32_t *queue;   /* a ring of chips */
  bool *queued;
} flow;

/* Links run from the root outward here; those of a gather are turned around. */
static uint32_t near_end(const flow *f, uint32_t link) {
  const rs_link *l = &f->plan->wiring->links[link];
  return f->inward ? l->to : l->from;
}

static uint32_t far_end(const flow *f, uint32_t link) {
  const rs_link *l = &f->plan->wiring->links[link];
  return f->inward ? l->from : l->to;
}

/* The k-th link at a chip, outward (`out`) or the other way; the first of them, and the end. */
static uint32_t link_at(const flow *f, bool out, uint32_t k) {
  return out != f->inward ? k : f->plan->wiring->in_links[k];
}

static const uint32_t *links_at(const flow *f, bool out, uint32_t chip) {
  const rs_wiring *w = f->plan->wiring;
  return &(out != f->inward ? w->out_first : w->in_first)[chip];
}

static bool may_pass(const flow *f, uint32_t chip) {
  return f->plan->variant.relays || f->plan->position[chip] != RS_NONE;
}

/* ---- the cheapest way to a member that wants a unit ---- */

typedef struct ring {
  uint32_t head, count;
} ring;

static void improve(flow *f, ring *r, uint32_t chip, int32_t cost, uint32_t by) {
  uint32_t chips = f->plan->wiring->chip_count;
  if (cost >= f->cost[chip] || !may_pass(f, chip)) return;
  f->cost[chip] = cost;
  f->came_by[chip] = by;
  if (f->queued[chip]) return;
  f->queued[chip] = true;
  f->queue[(r->head + r->count++) % chips] = chip;
}

/* Costs of all chips: a queue of those that became cheaper. */
static void search(flow *f) {
  uint32_t chips = f->plan->wiring->chip_count;
  ring r = {0, 0};
  for (uint32_t chip = 0; chip < chips; chip++) f->cost[chip] = INT32_MAX;
  improve(f, &r, f->root, 0, RS_NONE);
  while (r.count > 0) {
    uint32_t chip = f->queue[r.head];
    r.head = (r.head + 1) % chips;
    r.count--;
    f->queued[chip] = false;
    const uint32_t *out = links_at(f, true, chip);
    for (uint32_t k = out[0]; k < out[1]; k++) {
      uint32_t link = link_at(f, true, k);
      if (f->units[link] < f->limit) improve(f, &r, far_end(f, link), f->cost[chip] + 1, link);
    }
    const uint32_t *in = links_at(f, false, chip);
    for (uint32_t k = in[0]; k < in[1]; k++) {
      uint32_t link = link_at(f, false, k);
      if (f->units[link] > 0) improve(f, &r, near_end(f, link), f->cost[chip] + f->back_cost, link);
    }
  }
}

/* Sends one unit to the nearest member that wants one. False: none can be reached. */
static bool send_unit(flow *f) {
  uint32_t best = RS_NONE;
  search(f);
  for (uint32_t i = 0; i < f->plan->member_count; i++) {
    uint32_t chip = f->plan->members[i];
    if (f->wanted[chip] == 0 || f->cost[chip] == INT32_MAX) continue;
    if (best == RS_NONE || f->cost[chip] < f->cost[best]) best = chip;
  }
  if (best == RS_NONE) return false;
  f->wanted[best]--;
  for (uint32_t chip = best; chip != f->root;) {
    uint32_t link = f->came_by[chip];
    if (far_end(f, link) == chip) {
      f->units[link]++;
      chip = near_end(f, link);
    } else {
      f->units[link]--;
      chip = far_end(f, link);
    }
  }
  return true;
}

static void want_all(flow *f) {
  memset(f->units, 0, f->plan->wiring->link_count * sizeof *f->units);
  for (uint32_t i = 0; i < f->plan->member_count; i++) {
    uint32_t chip = f->plan->members[i];
    f->wanted[chip] = chip == f->root ? 0 : (uint32_t)f->plan->variant.splits;
  }
}

/* The least limit that lets all units through. */
static rs_status find_limit(flow *f) {
  const uint32_t *ports = links_at(f, true, f->root);
  int64_t units = (int64_t)(f->plan->member_count - 1) * f->plan->variant.splits;
  f->back_cost = 1;
  if (ports[1] > ports[0]) f->limit = (uint32_t)rs_ceil_div_i64(units, ports[1] - ports[0]);
  want_all(f);
  for (int64_t sent = 0; sent < units;) {
    if (send_unit(f)) {
      sent++;
    } else if (f->limit < units) {
      f->limit++;
    } else {
      return rs_diag_set(f->plan->diag, RS_E_INFEASIBLE, "the group does not connect");
    }
  }
  return RS_OK;
}

static rs_status send_all(flow *f) {
  rs_status status = find_limit(f);
  if (status != RS_OK) return status;
  f->back_cost = -1;
  want_all(f);
  while (send_unit(f)) {
  }
  return RS_OK;
}

/* ---- ways as tasks ---- */

/* Takes one unit's way from a member to the root out of the flow; in the direction of the data. */
static uint32_t take_way(flow *f, uint32_t chip, uint32_t *links) {
  uint32_t hops = 0;
  while (chip != f->root) {
    const uint32_t *in = links_at(f, false, chip);
    uint32_t k = in[0];
    while (f->units[link_at(f, false, k)] == 0) k++;
    uint32_t link = link_at(f, false, k);
    f->units[link]--;
    links[hops++] = link;
    chip = near_end(f, link);
  }
  for (uint32_t k = 0; !f->inward && k < hops / 2; k++) {
    uint32_t link = links[k];
    links[k] = links[hops - 1 - k];
    links[hops - 1 - k] = link;
  }
  return hops;
}

static void add_ways(flow *f, uint32_t *links) {
  rs__plan *plan = f->plan;
  for (uint32_t i = 0; i < plan->member_count && plan->status == RS_OK; i++) {
    if (plan->members[i] == f->root) continue;
    rs__run block = {(int64_t)i * plan->block, plan->block};
    for (int64_t k = 0; k < plan->variant.splits; k++) {
      uint32_t hops = take_way(f, plan->members[i], links);
      rs__run target = rs__run_part(block, plan->variant.splits, k);
      rs__origin origin = {RS_BUFFER_IN, target.offset - (f->inward ? block.offset : 0), RS_NONE};
      rs__plan_chain(plan, links, NULL, hops, &origin, target);
    }
  }
}

static rs_status build(rs__plan *plan, bool inward) {
  uint32_t chips = plan->wiring->chip_count;
  flow f = {.plan = plan, .inward = inward, .root = plan->request->root, .limit = 1};
  if (plan->member_count == 1) return RS_OK;
  f.units = RS_ARENA_NEW(plan->arena, uint32_t, plan->wiring->link_count);
  f.wanted = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  f.cost = RS_ARENA_NEW(plan->arena, int32_t, chips);
  f.came_by = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  f.queue = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  f.queued = RS_ARENA_NEW(plan->arena, bool, chips);
  uint32_t *links = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  if (f.units == NULL || f.wanted == NULL || f.cost == NULL || f.came_by == NULL ||
      f.queue == NULL || f.queued == NULL || links == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  rs_status status = send_all(&f);
  if (status == RS_OK) add_ways(&f, links);
  return status == RS_OK ? plan->status : status;
}

rs_status rs__build_scatter_ports(rs__plan *plan) {
  return build(plan, /*inward=*/false);
}

rs_status rs__build_gather_ports(rs__plan *plan) {
  return build(plan, /*inward=*/true);
}

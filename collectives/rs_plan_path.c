/*
 * Paths as tasks: store-and-forward chains through hop buffers, cut through at every hop.
 *
 * One breadth-first search from a hub serves all paths to it or from it. At each hop the least
 * loaded of the minimal links is taken, counted over all paths of the plan, ties by a hash of chip
 * and turn: a greedy that spreads one path after another, and deterministic.
 */
#include <string.h>

#include "rs__collective.h"
#include "rs_random.h"

/* The k-th link by which the search goes out from a chip, and by which a walk goes back in. */
static uint32_t first_of(const uint32_t *out_first, const uint32_t *in_first, bool out,
                         uint32_t chip) {
  return out ? out_first[chip] : in_first[chip];
}

static uint32_t link_at(const rs_wiring *w, bool out, uint32_t k) {
  return out ? k : w->in_links[k];
}

static uint32_t far_end(const rs_wiring *w, bool out, uint32_t link) {
  return out ? w->links[link].to : w->links[link].from;
}

rs_status rs__plan_search(rs__plan *plan, uint32_t hub, bool toward_hub) {
  const rs_wiring *w = plan->wiring;
  bool out = !toward_hub; /* the search goes against the direction of the data when toward */
  plan->hub = hub;
  plan->toward_hub = toward_hub;
  memset(plan->depth, 0xff, w->chip_count * sizeof *plan->depth);
  plan->depth[hub] = 0;
  plan->queue[0] = hub;
  uint32_t count = 1;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = plan->queue[head];
    uint32_t end = first_of(w->out_first, w->in_first, out, chip + 1);
    for (uint32_t k = first_of(w->out_first, w->in_first, out, chip); k < end; k++) {
      uint32_t other = far_end(w, out, link_at(w, out, k));
      if (plan->depth[other] != RS_NONE) continue;
      if (!plan->variant.relays && plan->position[other] == RS_NONE) continue;
      plan->depth[other] = plan->depth[chip] + 1;
      plan->queue[count++] = other;
    }
  }
  return plan->status;
}

/* The link by which a walk at `chip` comes one hop nearer to the hub. */
static uint32_t choose_link(const rs__plan *plan, uint32_t chip, uint32_t turn) {
  const rs_wiring *w = plan->wiring;
  bool out = plan->toward_hub;
  uint32_t first = first_of(w->out_first, w->in_first, out, chip);
  uint32_t degree = first_of(w->out_first, w->in_first, out, chip + 1) - first;
  uint32_t shift = (uint32_t)(rs_mix_u64((uint64_t)chip << 32 | turn) % degree);
  uint32_t best = RS_NONE;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t link = link_at(w, out, first + (k + shift) % degree);
    if (plan->depth[far_end(w, out, link)] != plan->depth[chip] - 1) continue;
    if (best == RS_NONE || plan->link_load[link] < plan->link_load[best]) best = link;
  }
  assert(best != RS_NONE);
  return best;
}

/* Fills `links` with the path in the direction of the data, and counts it as load. */
static void walk(rs__plan *plan, uint32_t chip, uint32_t *links) {
  uint32_t hops = plan->depth[chip], turn = plan->task_count;
  for (uint32_t k = 0; k < hops; k++) {
    uint32_t link = choose_link(plan, chip, turn);
    plan->link_load[link]++;
    links[plan->toward_hub ? k : hops - 1 - k] = link;
    chip = far_end(plan->wiring, plan->toward_hub, link);
  }
}

uint32_t rs__plan_path(rs__plan *plan, uint32_t chip, const rs__origin *origin, rs__run target) {
  if (plan->status != RS_OK) return RS_NONE;
  uint32_t hops = plan->depth[chip];
  if (hops == RS_NONE) {
    plan->status = rs_diag_set(plan->diag, RS_E_INFEASIBLE, "no path between chips %u and %u",
                               plan->hub, chip);
    return RS_NONE;
  }
  uint32_t *links = plan->queue; /* free between searches */
  walk(plan, chip, links);
  rs__task task = {
      .count = target.count, .source = (uint8_t)origin->buffer, .source_offset = origin->offset};
  uint32_t before = origin->after;
  for (uint32_t k = 0; k < hops; k++) {
    const rs_link *link = &plan->wiring->links[links[k]];
    bool is_last = k + 1 == hops;
    task.link = links[k];
    task.start_cycles =
        before == RS_NONE ? rs__plan_reads_in(plan, link->from, origin->offset, target.count) : 0;
    task.target = is_last ? RS_BUFFER_OUT : RS_BUFFER_TMP;
    task.target_offset = is_last ? target.offset : rs__plan_tmp(plan, link->to, target.count);
    task.action = is_last ? RS_ACTION_KEEP : RS_ACTION_FORWARD;
    task.result = is_last;
    uint32_t id = rs__plan_add(plan, &task);
    if (id == RS_NONE) return RS_NONE;
    if (before != RS_NONE) rs__plan_edge(plan, before, id, RS__READS);
    before = id;
    task.source = RS_BUFFER_TMP;
    task.source_offset = task.target_offset;
  }
  return before;
}

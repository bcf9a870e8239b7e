/*
 * Send: pairs of chips, each message over one or more ways.
 *
 *   paths     minimal paths, in pieces that are spread over equals
 *   detours   every pair takes a minimal path, then, in rounds, ways that no pair uses yet, longer
 *             ones too. A message is cut so that all its ways end together: a way that is longer by
 *             some cycles takes as many slots fewer (water filling). Spreading a tensor over minimal
 *             and longer paths fixed in advance is what such systems do for large tensors.
 */
#include <string.h>

#include "rs__collective.h"

#define RS__WAYS_MAX 16 /* a pair; more than ports of a chip are of no use */
#define RS__EXTRA_HOPS_MAX 3
#define RS__KEPT_HOPS_MAX (UINT32_C(1) << 24) /* bytes, of all pairs */
#define FAR_HOPS_MAX 250

/* ---- paths ---- */

rs_status rs__build_send(rs__plan *plan) {
  const uint32_t *chips = plan->request->chips;
  for (uint32_t i = 0; i < plan->request->chip_count; i += 2) {
    for (int64_t k = 0; k < plan->variant.splits; k++) {
      rs__run run = rs__run_part((rs__run){0, plan->block}, plan->variant.splits, k);
      rs__origin origin = {RS_BUFFER_IN, run.offset, RS_NONE};
      rs__plan_demand(plan, &(rs__demand){chips[i], chips[i + 1], origin, run, 0, NULL});
    }
  }
  return rs__plan_route(plan, /*toward_hub=*/true, 1);
}

/* ---- detours ---- */

typedef struct way {
  uint32_t hops;
  uint32_t *links;
  int64_t delay_slots; /* how much longer than the pair's first */
  int64_t cycles;      /* latencies and forwarding */
} way;

typedef struct pair {
  uint32_t from, to;
  uint8_t *hops_to; /* NULL, or [chip] hops from there to `to`; where it is far, fewer */
  uint32_t way_count;
  bool is_done; /* no further way was found */
  way ways[RS__WAYS_MAX];
} pair;

/* Hops to the pair's end from all chips that are near it. The search for ways comes from the other end, so
 * half of the longest way is enough: together the two look at far fewer chips than one of them would. */
static void measure_hops(const rs__plan *plan, pair *p) {
  const rs_wiring *w = plan->wiring;
  uint32_t count = 1, near = (p->ways[0].hops + RS__EXTRA_HOPS_MAX + 1) / 2;
  if (near >= FAR_HOPS_MAX) p->hops_to = NULL;
  if (p->hops_to == NULL) return;
  memset(p->hops_to, (int)near + 1, w->chip_count);
  p->hops_to[p->to] = 0;
  plan->queue[0] = p->to;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = plan->queue[head];
    if (p->hops_to[chip] == near) return;
    for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
      uint32_t from = w->links[w->in_links[k]].from;
      if (p->hops_to[from] <= near) continue;
      p->hops_to[from] = (uint8_t)(p->hops_to[chip] + 1);
      plan->queue[count++] = from;
    }
  }
}

/* Breadth-first search from `from` over unused links, at most `hops_max` deep. plan->way keeps the
 * link by which a chip was reached. Chips from which the end is too far are passed over: all that would
 * be reached through them is too far as well, so the way that is found is the same. */
static bool search_unused(rs__plan *plan, const pair *p, uint32_t hops_max) {
  const rs_wiring *w = plan->wiring;
  memset(plan->depth, 0xff, w->chip_count * sizeof *plan->depth);
  plan->depth[p->from] = 0;
  plan->queue[0] = p->from;
  uint32_t count = 1;
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = plan->queue[head], hops = plan->depth[chip] + 1;
    if (chip == p->to) return true;
    if (hops > hops_max) return false;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (plan->link_load[l] > 0 || plan->depth[to] != RS_NONE) continue;
      if (p->hops_to != NULL && hops + p->hops_to[to] > hops_max) continue;
      plan->depth[to] = hops;
      plan->way[to] = l;
      plan->queue[count++] = to;
    }
  }
  return false;
}

static bool add_way(rs__plan *plan, pair *p, const uint32_t *links, uint32_t hops) {
  const rs_timing *t = plan->timing;
  way *added = &p->ways[p->way_count++];
  added->hops = hops;
  added->links = RS_ARENA_NEW(plan->arena, uint32_t, hops);
  if (added->links == NULL) return false;
  memcpy(added->links, links, hops * sizeof *links);
  for (uint32_t k = 0; k < hops; k++) {
    added->cycles += rs_timing_latency(t, &plan->wiring->links[links[k]]) + t->forward_cycles;
  }
  int64_t more = RS_MAX(0, added->cycles - p->ways[0].cycles);
  added->delay_slots = rs_mul_ceil_div_i64(more, t->slot_den, t->slot_num);
  return true;
}

/* The first way of each pair: minimal, the least loaded. */
static rs_status find_first(rs__plan *plan, pair *p) {
  rs_status status = rs__plan_search_until(plan, p->to, /*toward_hub=*/true, p->from);
  if (status != RS_OK) return status;
  uint32_t *links = plan->task_of;
  uint32_t hops = rs__plan_choose(plan, p->from, links);
  if (hops == RS_NONE) return plan->status;
  if (!add_way(plan, p, links, hops)) return rs_arena_failed(plan->arena, plan->diag);
  measure_hops(plan, p);
  return RS_OK;
}

/* What the row is tried with: shorter detours leave more links to other pairs. */
static uint32_t extra_hops(const rs__plan *plan) {
  return RS__EXTRA_HOPS_MAX - (uint32_t)(plan->variant.splits - 1) / 2;
}

/* And pairs from the last to the first, which take other links from each other. */
static uint32_t pair_at(const rs__plan *plan, uint32_t i, uint32_t count) {
  return plan->variant.splits % 2 == 0 ? count - 1 - i : i;
}

/* One more way of unused links, if there is one. */
static rs_status find_further(rs__plan *plan, pair *p) {
  p->is_done = p->is_done || p->way_count == RS__WAYS_MAX ||
               !search_unused(plan, p, p->ways[0].hops + extra_hops(plan));
  if (p->is_done) return RS_OK;
  uint32_t hops = plan->depth[p->to], chip = p->to;
  uint32_t *links = plan->task_of;
  for (uint32_t k = hops; k-- > 0;) {
    links[k] = plan->way[chip];
    plan->link_load[links[k]]++;
    chip = plan->wiring->links[links[k]].from;
  }
  return add_way(plan, p, links, hops) ? RS_OK : rs_arena_failed(plan->arena, plan->diag);
}

/* Ways in order of delay; as many are used as still gain, filled to one level. */
static rs_status send_pair(rs__plan *plan, pair *p) {
  for (uint32_t i = 1; i < p->way_count; i++) {
    way w = p->ways[i];
    uint32_t at = i;
    for (; at > 0 && p->ways[at - 1].delay_slots > w.delay_slots; at--)
      p->ways[at] = p->ways[at - 1];
    p->ways[at] = w;
  }
  int64_t delays = 0, level_sum = plan->block;
  uint32_t used = 0;
  /* Another way is of use when the level that it would give is above its own delay. */
  while (used < p->way_count && plan->block + delays > (int64_t)used * p->ways[used].delay_slots) {
    delays += p->ways[used++].delay_slots;
  }
  level_sum += delays;
  int64_t offset = 0;
  for (uint32_t i = 0; i < used && plan->status == RS_OK; i++) {
    /* The levels of all add up to level_sum; the first ones get what does not divide. */
    int64_t level = level_sum / used + (i < (uint64_t)(level_sum % used) ? 1 : 0);
    int64_t count = RS_MIN(level - p->ways[i].delay_slots, plan->block - offset);
    if (i + 1 == used) count = plan->block - offset;
    if (count <= 0) continue;
    rs__origin origin = {RS_BUFFER_IN, offset, RS_NONE};
    rs__plan_chain(plan, p->ways[i].links, NULL, p->ways[i].hops, &origin,
                   (rs__run){offset, count});
    offset += count;
  }
  return plan->status;
}

rs_status rs__build_detours(rs__plan *plan) {
  uint32_t count = plan->request->chip_count / 2;
  const uint32_t *chips = plan->request->chips;
  pair *pairs = RS_ARENA_NEW(plan->arena, pair, count);
  size_t chip_count = plan->wiring->chip_count;
  bool keeps = count <= RS__KEPT_HOPS_MAX / chip_count;
  uint8_t *hops_to = keeps ? RS_ARENA_NEW(plan->arena, uint8_t, count * chip_count) : NULL;
  if (pairs == NULL || (keeps && hops_to == NULL)) return rs_arena_failed(plan->arena, plan->diag);
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < count && status == RS_OK; i++) {
    pairs[i].from = chips[2 * i];
    pairs[i].to = chips[2 * i + 1];
    if (keeps) pairs[i].hops_to = hops_to + i * chip_count;
    status = find_first(plan, &pairs[i]);
  }
  for (uint32_t round = 1; round < RS__WAYS_MAX && status == RS_OK; round++) {
    for (uint32_t i = 0; i < count && status == RS_OK; i++) {
      status = find_further(plan, &pairs[pair_at(plan, i, count)]);
    }
  }
  for (uint32_t i = 0; i < count && status == RS_OK; i++) status = send_pair(plan, &pairs[i]);
  return status;
}

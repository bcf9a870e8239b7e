/*
 * All-reduce of a short message on racks of nodes: an exchange inside an exchange.
 *
 * For groups whose nodes are full meshes, whose nodes of a rack are all joined, and whose racks are all
 * joined. Every hop adds, so the rounds are those of the farthest pair, 3 + 1 + 3:
 *   1–3  in every rack: in nodes, between nodes, in nodes (as in rs_collective_exchange.c); then every
 *        chip holds the rack's sum in `out`
 *   4    one link between every two racks carries the sum over; what comes to a chip is summed up in its
 *        hop buffer: the chip's share u
 *   5    chips of a node add their shares to each other's: all hold the node's share w
 *   6    between nodes: w to a gateway's hop buffer, where those that come are summed up
 *   7    gateways add it to `out` of their node
 * Besides, w of the own node comes to `out` of each chip from its neighbour in round 6, and what a
 * gateway spreads comes to its own `out` in the same transmission in which it comes to its hop buffer,
 * in rounds 2 and 6 (or in a second one, where the vector unit has no room to add it twice).
 *
 * So each contribution comes to each chip once: w of the nodes of a rack are disjoint, as each other
 * rack's sum enters the rack by one link, and between two nodes one link is used.
 *
 * Links carry: in a node 1 + 1 + 1 + 1 + 1 messages, between nodes 2, between racks 1. Where two chips
 * write into what the other must still read, both start together and land a latency later, which is
 * checked after booking (guards).
 */
#include "rs__nested.h"

/* ---- tasks ---- */

uint32_t rs__nested_add_to_out(const rs__nested *x, uint32_t link, rs_buffer source, int64_t offset,
                               uint32_t after) {
  rs__plan *plan = x->plan;
  rs__task task = {.start_cycles = rs__plan_lands_on_in(plan, link, 0, plan->block),
                   .count = plan->block,
                   .source_offset = offset,
                   .link = link,
                   .source = (uint8_t)source,
                   .target = RS_BUFFER_OUT,
                   .action = RS_ACTION_ADD,
                   .result = true};
  if (after == RS_NONE) { /* the chip's own input */
    uint32_t from = plan->wiring->links[link].from;
    int64_t there = rs__plan_reads_in(plan, from, offset, plan->block);
    task.start_cycles = RS_MAX(task.start_cycles, there);
  }
  uint32_t id = rs__plan_add(plan, &task);
  if (after != RS_NONE && id != RS_NONE) rs__plan_edge(plan, after, id, RS__READS);
  return id;
}

/* Consecutive tasks that a join waits for. */
static void wait_for(const rs__nested *x, uint32_t first, uint32_t count, uint32_t join) {
  for (uint32_t k = 0; k < count; k++) rs__plan_edge(x->plan, first + k, join, RS__READS);
}

/* Every chip of a node adds its input to the others'. */
static rs_status sum_node(rs__nested *x, uint32_t node) {
  rs__plan *plan = x->plan;
  uint32_t size = rs__nested_size(x, node);
  for (uint32_t k = 0; k < size; k++) {
    uint32_t to = rs__nested_member(x, node, k), first = RS_NONE;
    for (uint32_t i = 0; i < size; i++) {
      if (i == k) continue;
      uint32_t link = rs__nested_link(x, rs__nested_member(x, node, i), to);
      if (link == RS_NONE) return rs__nested_refuse(x, "two chips of a node have no link");
      plan->link_load[link]++;
      uint32_t id = rs__nested_add_to_out(x, link, RS_BUFFER_IN, 0, RS_NONE);
      if (first == RS_NONE) first = id;
    }
    uint32_t join = x->ready[to] = rs__plan_join(plan);
    if (join == RS_NONE) return plan->status;
    plan->tasks[join].start_cycles =
        rs__plan_reads_in(plan, rs__nested_chip(x, to), 0, plan->block);
    wait_for(x, first, size - 1, join);
  }
  return plan->status;
}

/* The gate of those that come to a place whose link takes longest is first: it is booked first, and the
 * others can still land together with it. */
static void order_gates(rs__nested *x, int level, uint32_t place) {
  const rs__plan *plan = x->plan;
  rs__gate *gates = x->gates[level];
  uint32_t *first = &x->came[level][place], *longest = first;
  for (uint32_t *g = first; *g != RS_NONE; g = &gates[*g].came_next) {
    const rs_link *links = plan->wiring->links;
    if (rs_timing_latency(plan->timing, &links[gates[*g].link]) >
        rs_timing_latency(plan->timing, &links[gates[*longest].link])) {
      longest = g;
    }
  }
  uint32_t moved = *longest;
  *longest = gates[moved].came_next;
  gates[moved].came_next = *first;
  *first = moved;
}

void rs__nested_clear_reads(const rs__nested *x, int level, uint32_t place, uint32_t writer) {
  const rs__gate *gates = x->gates[level];
  for (uint32_t g = x->left[level][place]; g != RS_NONE && writer != RS_NONE;
       g = gates[g].left_next) {
    uint32_t reader = gates[g].copy != RS_NONE ? gates[g].copy : gates[g].forward;
    if (reader != RS_NONE) rs__plan_edge(x->plan, reader, writer, RS__CLEARS);
  }
}

/* What a gate inside a rack brings into hop buffer is added to the receiver's own `out` as well. */
static void share_gate(rs__nested *x, rs__gate *g) {
  rs__plan *plan = x->plan;
  rs__task *task = &plan->tasks[g->forward];
  g->copy = RS_NONE;
  if (task->action == RS_ACTION_ADD && !rs__plan_may_add(plan, g->link, 2)) return;
  int64_t least = rs__plan_lands_on_in(plan, g->link, 0, plan->block);
  task->start_cycles = RS_MAX(task->start_cycles, least);
  g->copy = rs__plan_also(plan, g->forward, RS_BUFFER_OUT, 0, RS_ACTION_ADD, true);
  if (g->copy == RS_NONE) return;
  if (x->together != NULL) {
    rs__plan_edge(plan, x->together[x->rack_of[g->to]], g->copy, RS__READS);
  } else {
    rs__nested_clear_reads(x, RS__BETWEEN_RACKS, g->to, g->copy);
  }
}

int64_t rs__nested_forward_sums(rs__nested *x, int level, rs_buffer source, uint32_t place) {
  rs__plan *plan = x->plan;
  if (x->came[level][place] == RS_NONE) return -1;
  order_gates(x, level, place);
  rs__gate *gates = x->gates[level];
  uint32_t join = rs__plan_join(plan), first = RS_NONE;
  for (uint32_t g = x->came[level][place]; g != RS_NONE; g = gates[g].came_next) {
    if (x->ready[gates[g].from] != RS_NONE && join != RS_NONE) {
      rs__plan_edge(plan, x->ready[gates[g].from], join, RS__READS);
    }
  }
  int64_t at = -1;
  for (uint32_t g = x->came[level][place]; g != RS_NONE; g = gates[g].came_next) {
    gates[g].forward = gates[g].copy = gates[g].alone = RS_NONE;
    if (x->ready[gates[g].from] == RS_NONE) continue;
    if (first == RS_NONE) at = rs__plan_tmp(plan, rs__nested_chip(x, place), plan->block);
    rs__task task = {.count = plan->block,
                     .source_offset = source == RS_BUFFER_TMP ? x->at[gates[g].from] : 0,
                     .target_offset = at,
                     .link = gates[g].link,
                     .source = (uint8_t)source,
                     .target = RS_BUFFER_TMP,
                     .action = first == RS_NONE ? RS_ACTION_FORWARD : RS_ACTION_ADD};
    uint32_t id = gates[g].forward = rs__plan_add(plan, &task);
    if (id == RS_NONE) return -1;
    if (level == RS__IN_RACK || x->is_direct) share_gate(x, &gates[g]);
    if (gates[g].relays && plan->status == RS_OK) {
      int64_t apart = rs__plan_tmp(plan, rs__nested_chip(x, place), plan->block);
      gates[g].alone = rs__plan_also(plan, id, RS_BUFFER_TMP, apart, RS_ACTION_FORWARD, false);
    }
    rs__plan_edge(plan, join, id, RS__READS);
    if (first == RS_NONE)
      first = id;
    else
      rs__plan_edge(plan, first, id, RS__MEETS);
  }
  return at;
}

void rs__nested_spread_sum(rs__nested *x, int level, uint32_t place, int64_t at, int read_by) {
  rs__plan *plan = x->plan;
  uint32_t node = x->node_of[place];
  x->spread[place] = RS_NONE;
  if (at < 0) return;
  uint32_t there = rs__plan_join(plan);
  const rs__gate *gates = x->gates[level];
  for (uint32_t g = x->came[level][place]; g != RS_NONE; g = gates[g].came_next) {
    if (gates[g].forward != RS_NONE && there != RS_NONE) {
      rs__plan_edge(plan, gates[g].forward, there, RS__READS);
    }
  }
  for (uint32_t k = 0; k < rs__nested_size(x, node) && plan->status == RS_OK; k++) {
    uint32_t to = rs__nested_member(x, node, k);
    if (to == place) continue;
    uint32_t link = rs__nested_link(x, place, to);
    plan->link_load[link]++;
    uint32_t id = rs__nested_add_to_out(x, link, RS_BUFFER_TMP, at, there);
    if (x->spread[place] == RS_NONE) x->spread[place] = id;
    rs__nested_clear_reads(x, read_by, to, id);
  }
}

/* ---- rounds 1 to 3 ---- */

/* A join a rack: the sums of its nodes are there. All gates inside a rack land on what others of them
 * read, so they start together. */
static rs_status join_racks(rs__nested *x) {
  rs__plan *plan = x->plan;
  x->together = RS_ARENA_NEW(plan->arena, uint32_t, x->rack_count);
  if (x->together == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t r = 0; r < x->rack_count; r++) x->together[r] = rs__plan_join(plan);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    rs__plan_edge(plan, x->ready[i], x->together[x->rack_of[i]], RS__READS);
  }
  return plan->status;
}

/* What is not shared follows together, when all forwarded sums of the rack have left their links. */
static void copy_sums(rs__nested *x) {
  rs__plan *plan = x->plan;
  rs__gate *gates = x->gates[RS__IN_RACK];
  uint32_t *forwarded = RS_ARENA_NEW(plan->arena, uint32_t, x->rack_count);
  if (forwarded == NULL) plan->status = rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t r = 0; r < x->rack_count && plan->status == RS_OK; r++) {
    forwarded[r] = rs__plan_join(plan);
    if (forwarded[r] != RS_NONE) rs__plan_edge(plan, x->together[r], forwarded[r], RS__READS);
  }
  for (uint32_t g = 0; g < x->gate_count[RS__IN_RACK] && plan->status == RS_OK; g++) {
    rs__plan_edge(plan, gates[g].forward, forwarded[x->rack_of[gates[g].to]], RS__FOLLOWS);
  }
  for (uint32_t g = 0; g < x->gate_count[RS__IN_RACK] && plan->status == RS_OK; g++) {
    if (gates[g].copy != RS_NONE) continue;
    uint32_t join = forwarded[x->rack_of[gates[g].to]];
    gates[g].copy = rs__nested_add_to_out(x, gates[g].link, RS_BUFFER_OUT, 0, join);
  }
}

void rs__nested_guard_sums(rs__nested *x, int level) {
  const rs__gate *gates = x->gates[level];
  for (uint32_t g = 0; g < x->gate_count[level] && x->plan->status == RS_OK; g++) {
    for (uint32_t h = x->left[level][gates[g].to]; h != RS_NONE; h = gates[h].left_next) {
      rs__plan_guard(x->plan, gates[h].copy, gates[g].copy);
    }
  }
}

/* A join behind all that came to `out` of a place: the rack's sum. */
static uint32_t join_rack_sum(const rs__nested *x, uint32_t place) {
  rs__plan *plan = x->plan;
  uint32_t node = x->node_of[place], join = rs__plan_join(plan), own = RS_NONE;
  const rs__gate *gates = x->gates[RS__IN_RACK];
  if (join == RS_NONE) return RS_NONE;
  rs__plan_edge(plan, x->ready[place], join, RS__READS);
  for (uint32_t g = x->came[RS__IN_RACK][place]; g != RS_NONE; g = gates[g].came_next) {
    rs__plan_edge(plan, gates[g].copy, join, RS__READS);
  }
  for (uint32_t k = 0; k < rs__nested_size(x, node); k++) {
    if (rs__nested_member(x, node, k) == place) own = k;
  }
  for (uint32_t k = 0; k < rs__nested_size(x, node); k++) {
    uint32_t first = x->spread[rs__nested_member(x, node, k)];
    /* tasks of a spread are in order of the node, without the spreader */
    if (k != own && first != RS_NONE) {
      rs__plan_edge(plan, first + own - (own > k ? 1 : 0), join, RS__READS);
    }
  }
  return join;
}

rs_status rs__nested_sum_racks(rs__nested *x) {
  rs__plan *plan = x->plan;
  rs_status status = RS_OK;
  for (uint32_t p = 0; p < x->node_count && status == RS_OK; p++) status = sum_node(x, p);
  if (status != RS_OK) return status;
  status = join_racks(x);
  for (uint32_t i = 0; i < x->n && status == RS_OK; i++) {
    x->at[i] = rs__nested_forward_sums(x, RS__IN_RACK, RS_BUFFER_OUT, i);
    status = plan->status;
  }
  if (status != RS_OK) return status;
  copy_sums(x);
  rs__nested_guard_sums(x, RS__IN_RACK);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    rs__nested_spread_sum(x, RS__IN_RACK, i, x->at[i], RS__IN_RACK);
  }
  uint32_t *sums = RS_ARENA_NEW(plan->arena, uint32_t, x->n);
  if (sums == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) sums[i] = join_rack_sum(x, i);
  x->ready = sums;
  x->together = NULL;
  return plan->status;
}

/* ---- rounds 4 and 5 ---- */

static void take_shares(rs__nested *x) {
  rs__plan *plan = x->plan;
  const rs__gate *gates = x->gates[RS__BETWEEN_RACKS];
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    x->at[i] = rs__nested_forward_sums(x, RS__BETWEEN_RACKS, RS_BUFFER_OUT, i);
    if (x->at[i] < 0) continue;
    x->share[i] = rs__plan_join(plan);
    for (uint32_t g = x->came[RS__BETWEEN_RACKS][i]; g != RS_NONE; g = gates[g].came_next) {
      rs__plan_edge(plan, gates[g].forward, x->share[i], RS__READS);
    }
  }
}

/* The share of member `i` into the hop buffer of member `k`, at tmp[at]. `meets`: RS_NONE, or the one
 * that was first to come to a place that had none. */
static uint32_t give_share(rs__nested *x, uint32_t node, uint32_t i, uint32_t k, int64_t at,
                           bool is_first, uint32_t meets, uint32_t join) {
  rs__plan *plan = x->plan;
  uint32_t from = rs__nested_member(x, node, i),
           link = rs__nested_link(x, from, rs__nested_member(x, node, k));
  plan->link_load[link]++;
  rs__task task = {.count = plan->block,
                   .source_offset = x->at[from],
                   .target_offset = at,
                   .link = link,
                   .source = RS_BUFFER_TMP,
                   .target = RS_BUFFER_TMP,
                   .action = is_first ? RS_ACTION_FORWARD : RS_ACTION_ADD};
  uint32_t id = rs__plan_add(plan, &task);
  if (id == RS_NONE) return id;
  rs__plan_edge(plan, join, id, RS__READS);
  if (meets != RS_NONE) rs__plan_edge(plan, meets, id, RS__MEETS);
  return id;
}

/* All shares of a node into the hop buffer of its member `k`. */
static uint32_t collect_shares(rs__nested *x, uint32_t node, uint32_t k, uint32_t join,
                               int64_t *at) {
  rs__plan *plan = x->plan;
  uint32_t place = rs__nested_member(x, node, k), first = RS_NONE;
  bool has_share = x->share[place] != RS_NONE;
  *at = has_share ? x->at[place] : rs__plan_tmp(plan, rs__nested_chip(x, place), plan->block);
  for (uint32_t i = 0; i < rs__nested_size(x, node); i++) {
    if (i == k || x->share[rs__nested_member(x, node, i)] == RS_NONE) continue;
    bool is_first = !has_share && first == RS_NONE;
    uint32_t id = give_share(x, node, i, k, *at, is_first, has_share ? RS_NONE : first, join);
    if (first == RS_NONE) first = id;
  }
  return first;
}

/* Shares are read where others are added: all go at once. */
static void guard_shares(const rs__nested *x, uint32_t node, const uint32_t *first,
                         uint32_t count) {
  for (uint32_t k = 0; k < rs__nested_size(x, node); k++) {
    if (x->share[rs__nested_member(x, node, k)] == RS_NONE) continue;
    uint32_t incoming = count - 1, rank = 0;
    for (uint32_t i = 0; i < k; i++) rank += x->share[rs__nested_member(x, node, i)] != RS_NONE;
    for (uint32_t to = 0; to < rs__nested_size(x, node); to++) {
      if (to == k) continue;
      /* among those that come to `to`, in order of the node, without its own */
      bool skips = to < k && x->share[rs__nested_member(x, node, to)] != RS_NONE;
      uint32_t reader = first[to] + rank - (skips ? 1 : 0);
      for (uint32_t w = 0; w < incoming; w++) rs__plan_guard(x->plan, reader, first[k] + w);
    }
  }
}

static rs_status sum_shares(rs__nested *x, uint32_t node, uint32_t *first, int64_t *at) {
  rs__plan *plan = x->plan;
  uint32_t size = rs__nested_size(x, node), count = 0, join = rs__plan_join(plan);
  for (uint32_t k = 0; k < size; k++) {
    uint32_t share = x->share[rs__nested_member(x, node, k)];
    x->ready[rs__nested_member(x, node, k)] = RS_NONE;
    if (share == RS_NONE || join == RS_NONE) continue;
    rs__plan_edge(plan, share, join, RS__READS);
    count++;
  }
  if (count == 0) return plan->status;
  for (uint32_t k = 0; k < size; k++) first[k] = collect_shares(x, node, k, join, &at[k]);
  if (plan->status != RS_OK) return plan->status;
  guard_shares(x, node, first, count);
  for (uint32_t k = 0; k < size; k++) {
    uint32_t place = rs__nested_member(x, node, k);
    bool has_share = x->share[place] != RS_NONE;
    x->at[place] = at[k];
    x->ready[place] = rs__plan_join(plan);
    if (x->ready[place] == RS_NONE) return plan->status;
    rs__plan_edge(plan, has_share ? x->share[place] : join, x->ready[place], RS__READS);
    if (first[k] != RS_NONE) wait_for(x, first[k], count - (has_share ? 1 : 0), x->ready[place]);
  }
  return plan->status;
}

/* ---- rounds 6 and 7 ---- */

/* The node's own share, from the next chip of the node. */
static void keep_share(rs__nested *x, uint32_t node, uint32_t k) {
  uint32_t to = rs__nested_member(x, node, k),
           from = rs__nested_member(x, node, (k + 1) % rs__nested_size(x, node));
  if (x->ready[from] == RS_NONE) return;
  uint32_t link = rs__nested_link(x, from, to);
  x->plan->link_load[link]++;
  uint32_t id = rs__nested_add_to_out(x, link, RS_BUFFER_TMP, x->at[from], x->ready[from]);
  rs__nested_clear_reads(x, RS__BETWEEN_RACKS, to, id);
}

static rs_status spread_shares(rs__nested *x) {
  rs__plan *plan = x->plan;
  rs__gate *gates = x->gates[RS__IN_RACK];
  int64_t *at = RS_ARENA_NEW(plan->arena, int64_t, x->n);
  if (at == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    at[i] = rs__nested_forward_sums(x, RS__IN_RACK, RS_BUFFER_TMP, i);
  }
  for (uint32_t p = 0; p < x->node_count && plan->status == RS_OK; p++) {
    for (uint32_t k = 0; k < rs__nested_size(x, p); k++) keep_share(x, p, k);
  }
  for (uint32_t g = 0; g < x->gate_count[RS__IN_RACK] && plan->status == RS_OK; g++) {
    uint32_t from = gates[g].from;
    if (x->ready[from] == RS_NONE || gates[g].copy != RS_NONE) continue;
    gates[g].copy =
        rs__nested_add_to_out(x, gates[g].link, RS_BUFFER_TMP, x->at[from], x->ready[from]);
    rs__nested_clear_reads(x, RS__BETWEEN_RACKS, gates[g].to, gates[g].copy);
  }
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    rs__nested_spread_sum(x, RS__IN_RACK, i, at[i], RS__BETWEEN_RACKS);
  }
  return plan->status;
}

/* ---- the whole ---- */

static rs_status build(rs__nested *x) {
  rs__plan *plan = x->plan;
  uint32_t largest = 0;
  for (uint32_t p = 0; p < x->node_count; p++) largest = RS_MAX(largest, rs__nested_size(x, p));
  uint32_t *first = RS_ARENA_NEW(plan->arena, uint32_t, largest);
  int64_t *at = RS_ARENA_NEW(plan->arena, int64_t, largest);
  if (first == NULL || at == NULL) return rs_arena_failed(plan->arena, plan->diag);
  rs_status status = rs__nested_sum_racks(x);
  if (status == RS_OK) take_shares(x);
  for (uint32_t p = 0; p < x->node_count && plan->status == RS_OK; p++) {
    status = sum_shares(x, p, first, at);
  }
  return plan->status == RS_OK ? spread_shares(x) : plan->status;
}

rs_status rs__build_nested_exchange(rs__plan *plan) {
  rs__nested x = {.plan = plan, .n = plan->member_count, .is_direct = plan->variant.splits == 2};
  rs_status status = rs__nested_reserve(&x);
  if (status == RS_OK) status = rs__nested_fill_places(&x);
  for (int level = 0; level < RS__LEVELS && status == RS_OK; level++)
    status = rs__nested_choose_gates(&x, level);
  if (status == RS_OK) status = rs__nested_check_gates(&x);
  if (status != RS_OK) return status;
  return x.is_direct ? rs__nested_build_direct(&x) : build(&x);
}

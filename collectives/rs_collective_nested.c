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
#include "rs__collective.h"

#define RS__NODES_MAX 2048

enum { IN_RACK, BETWEEN_RACKS, LEVELS };

typedef struct gate {
  uint32_t link, from, to; /* places */
  uint32_t came_next, left_next;
  uint32_t forward; /* the task that brings it into hop buffer, or RS_NONE */
  uint32_t copy;    /* and the one that adds it to the receiver's own `out` */
  uint32_t alone;   /* and the one that keeps it apart for a relay, or RS_NONE */
  bool relays;      /* of a direct exchange: it is sent on to another node */
} gate;

/* A node without a link from a rack gets that rack's sum from a chip of its own rack that has one. */
typedef struct relay {
  uint32_t gate; /* between racks */
  uint32_t link; /* on to the node */
  int64_t at;    /* there, in hop buffer */
} relay;

typedef struct nested {
  rs__plan *plan;
  uint32_t n, node_count, rack_count;
  uint32_t *node_of, *rack_of; /* [place] */
  uint32_t *places;            /* by node */
  uint32_t *node_first;        /* [node + 1] into places */
  gate *gates[LEVELS];
  uint32_t gate_count[LEVELS];
  uint32_t *came[LEVELS], *left[LEVELS]; /* [place] lists of gates; RS_NONE: none */
  uint32_t *came_count;                  /* [place] at the level at hand */
  uint32_t *ready;                       /* [place] a join: what goes on is there, or RS_NONE */
  int64_t *at;                           /* [place] where, in hop buffer */
  uint32_t *share;  /* [place] the join of its share of other racks, or RS_NONE */
  uint32_t *spread; /* [place] first task of those to its node, or RS_NONE */
  uint32_t
      *together; /* [rack] the join of all its nodes' sums, until racks have exchanged; or NULL */
  bool is_direct;
  relay *relays;
  uint32_t relay_count;
} nested;

static uint32_t chip_at(const nested *x, uint32_t place) {
  return x->plan->members[place];
}

static rs_status not_for(const nested *x, const char *why) {
  return rs_diag_set(x->plan->diag, RS_E_INFEASIBLE, "%s", why);
}

static uint32_t link_between(const nested *x, uint32_t from, uint32_t to) {
  return rs__plan_find_link(x->plan, chip_at(x, from), chip_at(x, to));
}

/* ---- nodes and racks ---- */

/* Numbers labels in order of their first member. Returns how many there are. */
static uint32_t number_labels(const nested *x, const uint32_t *label_of, uint32_t *number_of_label,
                              uint32_t *number_of) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < x->n; i++) {
    uint32_t *number = &number_of_label[label_of[chip_at(x, i)]];
    if (*number == 0) *number = ++count; /* from 1: 0 is none */
    number_of[i] = *number - 1;
  }
  return count;
}

static rs_status reserve(nested *x) {
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
    for (int level = 0; level < LEVELS; level++) x->came[level][i] = x->left[level][i] = RS_NONE;
    x->share[i] = x->spread[i] = RS_NONE;
  }
  return RS_OK;
}

static rs_status fill_places(nested *x) {
  const rs__plan *plan = x->plan;
  const uint32_t *label_of;
  rs_status status = rs__plan_nodes(plan, &label_of);
  if (status != RS_OK) return status;
  if (plan->wiring->rack_of == NULL) return not_for(x, "the wiring has no racks");
  uint32_t chips = plan->wiring->chip_count;
  uint32_t *numbers = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)chips * 2);
  if (numbers == NULL) return rs_arena_failed(plan->arena, plan->diag);
  x->node_count = number_labels(x, label_of, numbers, x->node_of);
  x->rack_count = number_labels(x, plan->wiring->rack_of, numbers + chips, x->rack_of);
  if (x->rack_count < 2) return not_for(x, "the group lies in one rack");
  if (x->node_count > RS__NODES_MAX) return not_for(x, "more nodes than could all be joined");
  for (uint32_t i = 0; i < x->n; i++) x->node_first[x->node_of[i] + 1]++;
  for (uint32_t p = 0; p < x->node_count; p++) {
    if (x->node_first[p + 1] < 2) return not_for(x, "a node has one chip only");
    x->node_first[p + 1] += x->node_first[p];
  }
  for (uint32_t i = 0; i < x->n; i++) x->places[x->node_first[x->node_of[i]]++] = i;
  for (uint32_t p = x->node_count; p > 0; p--) x->node_first[p] = x->node_first[p - 1];
  x->node_first[0] = 0;
  return RS_OK;
}

/* The k-th chip of a node. */
static uint32_t member(const nested *x, uint32_t node, uint32_t k) {
  return x->places[x->node_first[node] + k];
}

static uint32_t node_size(const nested *x, uint32_t node) {
  return x->node_first[node + 1] - x->node_first[node];
}

/* ---- gates ---- */

/* The link that is to be used between two groups: that which ends where fewest others do. */
static void offer_link(nested *x, uint32_t link, uint32_t *chosen) {
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

/* Both ends are members, and of different groups of one level. */
static bool joins(const nested *x, int level, const rs_link *l, uint32_t *from, uint32_t *to) {
  *from = x->plan->position[l->from];
  *to = x->plan->position[l->to];
  if (*from == RS_NONE || *to == RS_NONE) return false;
  bool same_rack = x->rack_of[*from] == x->rack_of[*to];
  return level == BETWEEN_RACKS ? !same_rack : same_rack && x->node_of[*from] != x->node_of[*to];
}

/* A link from every group to every other: of nodes in a rack, of racks, or, of a direct exchange, from
 * every rack to every node. */
static rs_status choose_gates(nested *x, int level) {
  rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  bool to_nodes = level == IN_RACK || x->is_direct;
  const uint32_t *from_group = level == IN_RACK ? x->node_of : x->rack_of;
  const uint32_t *to_group = to_nodes ? x->node_of : x->rack_of;
  uint32_t groups = to_nodes ? x->node_count : x->rack_count, from, to;
  size_t pairs = (size_t)(level == IN_RACK ? x->node_count : x->rack_count) * groups;
  uint32_t *chosen = RS_ARENA_NEW(plan->arena, uint32_t, pairs);
  if (chosen == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (size_t k = 0; k < pairs; k++) chosen[k] = RS_NONE;
  for (uint32_t i = 0; i < x->n; i++) x->came_count[i] = 0;
  for (uint32_t l = 0; l < w->link_count; l++) {
    if (!joins(x, level, &w->links[l], &from, &to)) continue;
    offer_link(x, l, &chosen[(size_t)from_group[from] * groups + to_group[to]]);
  }
  uint32_t count = 0;
  for (size_t k = 0; k < pairs; k++) count += chosen[k] != RS_NONE;
  gate *gates = x->gates[level] = RS_ARENA_NEW(plan->arena, gate, (size_t)count + 1);
  if (gates == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (size_t k = 0; k < pairs; k++) {
    if (chosen[k] == RS_NONE) continue;
    gate *g = &gates[x->gate_count[level]];
    joins(x, level, &w->links[chosen[k]], &g->from, &g->to);
    g->link = chosen[k];
    plan->link_load[g->link]++;
    g->came_next = x->came[level][g->to];
    g->left_next = x->left[level][g->from];
    x->came[level][g->to] = x->left[level][g->from] = x->gate_count[level]++;
  }
  return RS_OK;
}

/* Every two nodes of a rack, and every two racks. */
static rs_status check_gates(const nested *x) {
  uint64_t wanted = 0;
  uint32_t *nodes = RS_ARENA_NEW(x->plan->arena, uint32_t, x->rack_count);
  if (nodes == NULL) return rs_arena_failed(x->plan->arena, x->plan->diag);
  for (uint32_t p = 0; p < x->node_count; p++) wanted += 2 * nodes[x->rack_of[member(x, p, 0)]]++;
  if (x->gate_count[IN_RACK] != wanted) return not_for(x, "two nodes of a rack have no link");
  if (x->is_direct) return RS_OK;
  if (x->gate_count[BETWEEN_RACKS] != x->rack_count * (x->rack_count - 1)) {
    return not_for(x, "two racks have no link");
  }
  return RS_OK;
}

/* ---- tasks ---- */

/* The whole message, from a buffer into `out` of the receiver, where it is added. */
static uint32_t add_to_out(const nested *x, uint32_t link, rs_buffer source, int64_t offset,
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
static void wait_for(const nested *x, uint32_t first, uint32_t count, uint32_t join) {
  for (uint32_t k = 0; k < count; k++) rs__plan_edge(x->plan, first + k, join, RS__READS);
}

/* Every chip of a node adds its input to the others'. */
static rs_status sum_node(nested *x, uint32_t node) {
  rs__plan *plan = x->plan;
  uint32_t size = node_size(x, node);
  for (uint32_t k = 0; k < size; k++) {
    uint32_t to = member(x, node, k), first = RS_NONE;
    for (uint32_t i = 0; i < size; i++) {
      if (i == k) continue;
      uint32_t link = link_between(x, member(x, node, i), to);
      if (link == RS_NONE) return not_for(x, "two chips of a node have no link");
      plan->link_load[link]++;
      uint32_t id = add_to_out(x, link, RS_BUFFER_IN, 0, RS_NONE);
      if (first == RS_NONE) first = id;
    }
    uint32_t join = x->ready[to] = rs__plan_join(plan);
    if (join == RS_NONE) return plan->status;
    plan->tasks[join].start_cycles = rs__plan_reads_in(plan, chip_at(x, to), 0, plan->block);
    wait_for(x, first, size - 1, join);
  }
  return plan->status;
}

/* The gate of those that come to a place whose link takes longest is first: it is booked first, and the
 * others can still land together with it. */
static void order_gates(nested *x, int level, uint32_t place) {
  const rs__plan *plan = x->plan;
  gate *gates = x->gates[level];
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

/* Orders `writer`, which adds to `out` of a place, behind the tasks of a level's gates that read it. */
static void clear_reads(const nested *x, int level, uint32_t place, uint32_t writer) {
  const gate *gates = x->gates[level];
  for (uint32_t g = x->left[level][place]; g != RS_NONE && writer != RS_NONE;
       g = gates[g].left_next) {
    uint32_t reader = gates[g].copy != RS_NONE ? gates[g].copy : gates[g].forward;
    if (reader != RS_NONE) rs__plan_edge(x->plan, reader, writer, RS__CLEARS);
  }
}

/* What a gate inside a rack brings into hop buffer is added to the receiver's own `out` as well. */
static void share_gate(nested *x, gate *g) {
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
    clear_reads(x, BETWEEN_RACKS, g->to, g->copy);
  }
}

/* What the senders of a place's gates have, summed up in its hop buffer. Returns where; −1: none of
 * them has anything. */
static int64_t forward_sums(nested *x, int level, rs_buffer source, uint32_t place) {
  rs__plan *plan = x->plan;
  if (x->came[level][place] == RS_NONE) return -1;
  order_gates(x, level, place);
  gate *gates = x->gates[level];
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
    if (first == RS_NONE) at = rs__plan_tmp(plan, chip_at(x, place), plan->block);
    rs__task task = {.count = plan->block,
                     .source_offset = source == RS_BUFFER_TMP ? x->at[gates[g].from] : 0,
                     .target_offset = at,
                     .link = gates[g].link,
                     .source = (uint8_t)source,
                     .target = RS_BUFFER_TMP,
                     .action = first == RS_NONE ? RS_ACTION_FORWARD : RS_ACTION_ADD};
    uint32_t id = gates[g].forward = rs__plan_add(plan, &task);
    if (id == RS_NONE) return -1;
    if (level == IN_RACK || x->is_direct) share_gate(x, &gates[g]);
    if (gates[g].relays && plan->status == RS_OK) {
      int64_t apart = rs__plan_tmp(plan, chip_at(x, place), plan->block);
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

/* What came to a place by gates of a level, from tmp[at], into `out` of the others of its node. They must
 * have been read by gates of `read_by` before. */
static void spread_sum(nested *x, int level, uint32_t place, int64_t at, int read_by) {
  rs__plan *plan = x->plan;
  uint32_t node = x->node_of[place];
  x->spread[place] = RS_NONE;
  if (at < 0) return;
  uint32_t there = rs__plan_join(plan);
  const gate *gates = x->gates[level];
  for (uint32_t g = x->came[level][place]; g != RS_NONE; g = gates[g].came_next) {
    if (gates[g].forward != RS_NONE && there != RS_NONE) {
      rs__plan_edge(plan, gates[g].forward, there, RS__READS);
    }
  }
  for (uint32_t k = 0; k < node_size(x, node) && plan->status == RS_OK; k++) {
    uint32_t to = member(x, node, k);
    if (to == place) continue;
    uint32_t link = link_between(x, place, to);
    plan->link_load[link]++;
    uint32_t id = add_to_out(x, link, RS_BUFFER_TMP, at, there);
    if (x->spread[place] == RS_NONE) x->spread[place] = id;
    clear_reads(x, read_by, to, id);
  }
}

/* ---- rounds 1 to 3 ---- */

/* A join a rack: the sums of its nodes are there. All gates inside a rack land on what others of them
 * read, so they start together. */
static rs_status join_racks(nested *x) {
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
static void copy_sums(nested *x) {
  rs__plan *plan = x->plan;
  gate *gates = x->gates[IN_RACK];
  uint32_t *forwarded = RS_ARENA_NEW(plan->arena, uint32_t, x->rack_count);
  if (forwarded == NULL) plan->status = rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t r = 0; r < x->rack_count && plan->status == RS_OK; r++) {
    forwarded[r] = rs__plan_join(plan);
    if (forwarded[r] != RS_NONE) rs__plan_edge(plan, x->together[r], forwarded[r], RS__READS);
  }
  for (uint32_t g = 0; g < x->gate_count[IN_RACK] && plan->status == RS_OK; g++) {
    rs__plan_edge(plan, gates[g].forward, forwarded[x->rack_of[gates[g].to]], RS__FOLLOWS);
  }
  for (uint32_t g = 0; g < x->gate_count[IN_RACK] && plan->status == RS_OK; g++) {
    if (gates[g].copy != RS_NONE) continue;
    uint32_t join = forwarded[x->rack_of[gates[g].to]];
    gates[g].copy = add_to_out(x, gates[g].link, RS_BUFFER_OUT, 0, join);
  }
}

static void guard_sums(nested *x, int level) {
  const gate *gates = x->gates[level];
  for (uint32_t g = 0; g < x->gate_count[level] && x->plan->status == RS_OK; g++) {
    for (uint32_t h = x->left[level][gates[g].to]; h != RS_NONE; h = gates[h].left_next) {
      rs__plan_guard(x->plan, gates[h].copy, gates[g].copy);
    }
  }
}

/* A join behind all that came to `out` of a place: the rack's sum. */
static uint32_t join_rack_sum(const nested *x, uint32_t place) {
  rs__plan *plan = x->plan;
  uint32_t node = x->node_of[place], join = rs__plan_join(plan), own = RS_NONE;
  const gate *gates = x->gates[IN_RACK];
  if (join == RS_NONE) return RS_NONE;
  rs__plan_edge(plan, x->ready[place], join, RS__READS);
  for (uint32_t g = x->came[IN_RACK][place]; g != RS_NONE; g = gates[g].came_next) {
    rs__plan_edge(plan, gates[g].copy, join, RS__READS);
  }
  for (uint32_t k = 0; k < node_size(x, node); k++) {
    if (member(x, node, k) == place) own = k;
  }
  for (uint32_t k = 0; k < node_size(x, node); k++) {
    uint32_t first = x->spread[member(x, node, k)];
    /* tasks of a spread are in order of the node, without the spreader */
    if (k != own && first != RS_NONE) {
      rs__plan_edge(plan, first + own - (own > k ? 1 : 0), join, RS__READS);
    }
  }
  return join;
}

static rs_status sum_racks(nested *x) {
  rs__plan *plan = x->plan;
  rs_status status = RS_OK;
  for (uint32_t p = 0; p < x->node_count && status == RS_OK; p++) status = sum_node(x, p);
  if (status != RS_OK) return status;
  status = join_racks(x);
  for (uint32_t i = 0; i < x->n && status == RS_OK; i++) {
    x->at[i] = forward_sums(x, IN_RACK, RS_BUFFER_OUT, i);
    status = plan->status;
  }
  if (status != RS_OK) return status;
  copy_sums(x);
  guard_sums(x, IN_RACK);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    spread_sum(x, IN_RACK, i, x->at[i], IN_RACK);
  }
  uint32_t *sums = RS_ARENA_NEW(plan->arena, uint32_t, x->n);
  if (sums == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) sums[i] = join_rack_sum(x, i);
  x->ready = sums;
  x->together = NULL;
  return plan->status;
}

/* ---- rounds 4 and 5 ---- */

static void take_shares(nested *x) {
  rs__plan *plan = x->plan;
  const gate *gates = x->gates[BETWEEN_RACKS];
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    x->at[i] = forward_sums(x, BETWEEN_RACKS, RS_BUFFER_OUT, i);
    if (x->at[i] < 0) continue;
    x->share[i] = rs__plan_join(plan);
    for (uint32_t g = x->came[BETWEEN_RACKS][i]; g != RS_NONE; g = gates[g].came_next) {
      rs__plan_edge(plan, gates[g].forward, x->share[i], RS__READS);
    }
  }
}

/* The share of member `i` into the hop buffer of member `k`, at tmp[at]. `meets`: RS_NONE, or the one
 * that was first to come to a place that had none. */
static uint32_t give_share(nested *x, uint32_t node, uint32_t i, uint32_t k, int64_t at,
                           bool is_first, uint32_t meets, uint32_t join) {
  rs__plan *plan = x->plan;
  uint32_t from = member(x, node, i), link = link_between(x, from, member(x, node, k));
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
static uint32_t collect_shares(nested *x, uint32_t node, uint32_t k, uint32_t join, int64_t *at) {
  rs__plan *plan = x->plan;
  uint32_t place = member(x, node, k), first = RS_NONE;
  bool has_share = x->share[place] != RS_NONE;
  *at = has_share ? x->at[place] : rs__plan_tmp(plan, chip_at(x, place), plan->block);
  for (uint32_t i = 0; i < node_size(x, node); i++) {
    if (i == k || x->share[member(x, node, i)] == RS_NONE) continue;
    bool is_first = !has_share && first == RS_NONE;
    uint32_t id = give_share(x, node, i, k, *at, is_first, has_share ? RS_NONE : first, join);
    if (first == RS_NONE) first = id;
  }
  return first;
}

/* Shares are read where others are added: all go at once. */
static void guard_shares(const nested *x, uint32_t node, const uint32_t *first, uint32_t count) {
  for (uint32_t k = 0; k < node_size(x, node); k++) {
    if (x->share[member(x, node, k)] == RS_NONE) continue;
    uint32_t incoming = count - 1, rank = 0;
    for (uint32_t i = 0; i < k; i++) rank += x->share[member(x, node, i)] != RS_NONE;
    for (uint32_t to = 0; to < node_size(x, node); to++) {
      if (to == k) continue;
      /* among those that come to `to`, in order of the node, without its own */
      bool skips = to < k && x->share[member(x, node, to)] != RS_NONE;
      uint32_t reader = first[to] + rank - (skips ? 1 : 0);
      for (uint32_t w = 0; w < incoming; w++) rs__plan_guard(x->plan, reader, first[k] + w);
    }
  }
}

static rs_status sum_shares(nested *x, uint32_t node, uint32_t *first, int64_t *at) {
  rs__plan *plan = x->plan;
  uint32_t size = node_size(x, node), count = 0, join = rs__plan_join(plan);
  for (uint32_t k = 0; k < size; k++) {
    uint32_t share = x->share[member(x, node, k)];
    x->ready[member(x, node, k)] = RS_NONE;
    if (share == RS_NONE || join == RS_NONE) continue;
    rs__plan_edge(plan, share, join, RS__READS);
    count++;
  }
  if (count == 0) return plan->status;
  for (uint32_t k = 0; k < size; k++) first[k] = collect_shares(x, node, k, join, &at[k]);
  if (plan->status != RS_OK) return plan->status;
  guard_shares(x, node, first, count);
  for (uint32_t k = 0; k < size; k++) {
    uint32_t place = member(x, node, k);
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
static void keep_share(nested *x, uint32_t node, uint32_t k) {
  uint32_t to = member(x, node, k), from = member(x, node, (k + 1) % node_size(x, node));
  if (x->ready[from] == RS_NONE) return;
  uint32_t link = link_between(x, from, to);
  x->plan->link_load[link]++;
  uint32_t id = add_to_out(x, link, RS_BUFFER_TMP, x->at[from], x->ready[from]);
  clear_reads(x, BETWEEN_RACKS, to, id);
}

static rs_status spread_shares(nested *x) {
  rs__plan *plan = x->plan;
  gate *gates = x->gates[IN_RACK];
  int64_t *at = RS_ARENA_NEW(plan->arena, int64_t, x->n);
  if (at == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    at[i] = forward_sums(x, IN_RACK, RS_BUFFER_TMP, i);
  }
  for (uint32_t p = 0; p < x->node_count && plan->status == RS_OK; p++) {
    for (uint32_t k = 0; k < node_size(x, p); k++) keep_share(x, p, k);
  }
  for (uint32_t g = 0; g < x->gate_count[IN_RACK] && plan->status == RS_OK; g++) {
    uint32_t from = gates[g].from;
    if (x->ready[from] == RS_NONE || gates[g].copy != RS_NONE) continue;
    gates[g].copy = add_to_out(x, gates[g].link, RS_BUFFER_TMP, x->at[from], x->ready[from]);
    clear_reads(x, BETWEEN_RACKS, gates[g].to, gates[g].copy);
  }
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    spread_sum(x, IN_RACK, i, at[i], BETWEEN_RACKS);
  }
  return plan->status;
}

/* ---- a direct exchange ---- */

/* A gate from `rack` that ends next to a node, on a chip of its rack; *link: on to the node. */
static uint32_t find_relay(const nested *x, uint32_t rack, uint32_t node, uint32_t *link) {
  const rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  const gate *gates = x->gates[BETWEEN_RACKS];
  uint32_t home = x->rack_of[member(x, node, 0)], from, to;
  for (uint32_t g = 0; g < x->gate_count[BETWEEN_RACKS]; g++) {
    if (x->rack_of[gates[g].from] != rack || x->rack_of[gates[g].to] != home) continue;
    uint32_t chip = chip_at(x, gates[g].to);
    for (*link = w->out_first[chip]; *link < w->out_first[chip + 1]; ++*link) {
      if (!joins(x, IN_RACK, &w->links[*link], &from, &to)) continue;
      if (x->node_of[to] == node) return g;
    }
  }
  return RS_NONE;
}

static rs_status find_relays(nested *x) {
  const rs__plan *plan = x->plan;
  size_t pairs = (size_t)x->rack_count * x->node_count;
  bool *has = RS_ARENA_NEW(plan->arena, bool, pairs);
  x->relays = RS_ARENA_NEW(plan->arena, relay, pairs);
  if (has == NULL || x->relays == NULL) return rs_arena_failed(plan->arena, plan->diag);
  gate *gates = x->gates[BETWEEN_RACKS];
  for (uint32_t g = 0; g < x->gate_count[BETWEEN_RACKS]; g++) {
    has[(size_t)x->rack_of[gates[g].from] * x->node_count + x->node_of[gates[g].to]] = true;
  }
  for (uint32_t r = 0; r < x->rack_count; r++) {
    for (uint32_t p = 0; p < x->node_count; p++) {
      if (has[(size_t)r * x->node_count + p] || x->rack_of[member(x, p, 0)] == r) continue;
      relay *next = &x->relays[x->relay_count++];
      next->gate = find_relay(x, r, p, &next->link);
      if (next->gate == RS_NONE) return not_for(x, "a node is too far from a rack");
      gates[next->gate].relays = true;
    }
  }
  return RS_OK;
}

/* A rack's sum that was kept apart for it goes to a node, and from where it comes to all of that. */
static void send_relay(nested *x, relay *r) {
  rs__plan *plan = x->plan;
  uint32_t to = plan->position[plan->wiring->links[r->link].to], node = x->node_of[to];
  uint32_t alone = x->gates[BETWEEN_RACKS][r->gate].alone;
  r->at = rs__plan_tmp(plan, chip_at(x, to), plan->block);
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
  clear_reads(x, BETWEEN_RACKS, to, copy);
  for (uint32_t k = 0; k < node_size(x, node) && plan->status == RS_OK; k++) {
    uint32_t last = member(x, node, k);
    if (last == to) continue;
    uint32_t link = link_between(x, to, last);
    plan->link_load[link]++;
    clear_reads(x, BETWEEN_RACKS, last, add_to_out(x, link, RS_BUFFER_TMP, r->at, id));
  }
}

/* Racks' sums, which read `out`, set out together: they land on `out` that others of them read. */
static rs_status exchange_racks(nested *x) {
  rs__plan *plan = x->plan;
  uint32_t all = rs__plan_join(plan);
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    rs__plan_edge(plan, x->ready[i], all, RS__READS);
  }
  x->together = RS_ARENA_NEW(plan->arena, uint32_t, x->rack_count);
  if (x->together == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t r = 0; r < x->rack_count; r++) x->together[r] = all;
  for (uint32_t i = 0; i < x->n && plan->status == RS_OK; i++) {
    x->at[i] = forward_sums(x, BETWEEN_RACKS, RS_BUFFER_OUT, i);
  }
  for (uint32_t g = 0; g < x->gate_count[BETWEEN_RACKS] && plan->status == RS_OK; g++) {
    if (x->gates[BETWEEN_RACKS][g].copy == RS_NONE) {
      return not_for(x, "the vector unit has no room to add what comes to a gateway twice");
    }
  }
  guard_sums(x, BETWEEN_RACKS);
  x->together = NULL;
  return plan->status;
}

/* Rounds 4 and 5, and 6 for nodes without a link from a rack. */
static rs_status build_direct(nested *x) {
  rs_status status = find_relays(x);
  if (status == RS_OK) status = sum_racks(x);
  if (status == RS_OK) status = exchange_racks(x);
  for (uint32_t i = 0; i < x->n && status == RS_OK; i++) {
    spread_sum(x, BETWEEN_RACKS, i, x->at[i], BETWEEN_RACKS);
    status = x->plan->status;
  }
  for (uint32_t k = 0; k < x->relay_count && status == RS_OK; k++) {
    send_relay(x, &x->relays[k]);
    status = x->plan->status;
  }
  return status;
}

/* ---- the whole ---- */

static rs_status build(nested *x) {
  rs__plan *plan = x->plan;
  uint32_t largest = 0;
  for (uint32_t p = 0; p < x->node_count; p++) largest = RS_MAX(largest, node_size(x, p));
  uint32_t *first = RS_ARENA_NEW(plan->arena, uint32_t, largest);
  int64_t *at = RS_ARENA_NEW(plan->arena, int64_t, largest);
  if (first == NULL || at == NULL) return rs_arena_failed(plan->arena, plan->diag);
  rs_status status = sum_racks(x);
  if (status == RS_OK) take_shares(x);
  for (uint32_t p = 0; p < x->node_count && plan->status == RS_OK; p++) {
    status = sum_shares(x, p, first, at);
  }
  return plan->status == RS_OK ? spread_shares(x) : plan->status;
}

rs_status rs__build_nested_exchange(rs__plan *plan) {
  nested x = {.plan = plan, .n = plan->member_count, .is_direct = plan->variant.splits == 2};
  rs_status status = reserve(&x);
  if (status == RS_OK) status = fill_places(&x);
  for (int level = 0; level < LEVELS && status == RS_OK; level++) status = choose_gates(&x, level);
  if (status == RS_OK) status = check_gates(&x);
  if (status != RS_OK) return status;
  return x.is_direct ? build_direct(&x) : build(&x);
}

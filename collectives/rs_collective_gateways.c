/*
 * All-to-all on a dragonfly with twice as many chips a node as links between nodes a chip (a = 2h):
 * a timetable in closed form, in which nothing waits.
 *
 * Every two nodes are joined by one link, from gateway g to entry a−1−g. A block goes to the gateway,
 * over, and from the entry to its receiver: local, global, local. So each global link carries a²
 * blocks and each local one a² + 1, and a² + 2 slots is what can be hoped for. All nodes do the same:
 *
 * A local link x→y belongs to class f = (x + y) mod 2. In slot u the links of class ε(u) = ⌊u/4⌋ mod 2
 * carry blocks on their first hop, the others on their last; so the two never meet. A block that
 * crosses in slot t has its first hop in t−1 and its last in t+1: from one of h sources of class
 * ε(t−1) to one of h receivers of class 1−ε(t+1). In four slots the pair of classes takes all four
 * values twice in turn, so each comes h² times in a² slots, once for every pair of a source and a
 * receiver. In the p·h+r-th of these slots the k-th link of a gateway takes source k+p and receiver
 * k+r (mod h), which differ over k. Links are numbered so that they differ in k at their entry, too:
 * a colouring of the links between gateways and entries (König). A block inside a node takes the slot
 * in which its link has not begun its last hops (class 1: slot 0) or has ended its first (class 0: a²).
 *
 * The slots are given to the list scheduler as ranks: an order, in which a link that is free takes a block
 * before its slot, and the block then waits for its next hop. In the second variant blocks are held to their
 * slots, so that on the unit clock none waits and a hop needs no buffer.
 */
#include <string.h>

#include "rs__collective.h"

#define HELD 2 /* variant.splits */

typedef struct gateways {
  rs__plan *plan;
  uint32_t a, h, nodes;
  uint32_t *place;  /* [node · a + index] chip */
  uint32_t *index;  /* [chip] inside its node */
  uint32_t *node;   /* [chip] in order of first member */
  uint32_t *gate;   /* [node · nodes + node] link */
  uint32_t *colour; /* [node · nodes + node] k */
  uint32_t *out_of; /* [chip · h + k] the gate (as node · nodes + node) that leaves with colour k */
  uint32_t *in_to; /* [chip · h + k] the gate that enters with it */
} gateways;

static rs_status not_for(const gateways *g, const char *why) {
  return rs_diag_set(g->plan->diag, RS_E_INFEASIBLE, "%s", why);
}

/* ---- the shape ---- */

static rs_status reserve(gateways *g) {
  rs_arena *arena = g->plan->arena;
  size_t chips = g->plan->wiring->chip_count, n = g->plan->member_count;
  g->place = RS_ARENA_NEW(arena, uint32_t, n);
  g->index = RS_ARENA_NEW(arena, uint32_t, chips * 2);
  g->node = g->index == NULL ? NULL : g->index + chips;
  return g->place == NULL || g->index == NULL ? rs_arena_failed(arena, g->plan->diag) : RS_OK;
}

/* Numbers nodes and chips in them; all nodes must have the same even number of chips. */
static rs_status fill_nodes(gateways *g) {
  const rs__plan *plan = g->plan;
  const uint32_t *node_of;
  uint32_t n = plan->member_count;
  rs_status status = rs__plan_nodes(plan, &node_of);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < n; i++) {
    if (node_of[plan->members[i]] == node_of[plan->members[0]]) g->a++;
  }
  g->h = g->a / 2;
  g->nodes = n / g->a;
  if (g->a % 4 != 0) return not_for(g, "not four chips a node, or a multiple of it");
  if ((uint64_t)g->nodes * g->a != n || g->nodes != g->a * g->h + 1) {
    return not_for(g, "not a²/2 + 1 whole nodes of a chips");
  }
  /* Members of a node must follow each other. */
  for (uint32_t i = 0; i < n; i++) {
    uint32_t chip = plan->members[i];
    uint32_t first = plan->members[i - i % g->a];
    bool is_new = i % g->a == 0 && i > 0 && node_of[chip] == node_of[plan->members[i - 1]];
    if (node_of[chip] != node_of[first] || is_new) return not_for(g, "nodes are not in order");
    g->place[i] = chip;
    g->index[chip] = i % g->a;
    g->node[chip] = i / g->a;
  }
  return RS_OK;
}

static rs_status fill_gates(gateways *g) {
  const rs_wiring *w = g->plan->wiring;
  size_t pairs = (size_t)g->nodes * g->nodes, ends = (size_t)w->chip_count * g->h;
  g->gate = RS_ARENA_NEW(g->plan->arena, uint32_t, pairs);
  g->colour = RS_ARENA_NEW(g->plan->arena, uint32_t, pairs);
  g->out_of = RS_ARENA_NEW(g->plan->arena, uint32_t, ends);
  g->in_to = RS_ARENA_NEW(g->plan->arena, uint32_t, ends);
  if (g->gate == NULL || g->colour == NULL || g->out_of == NULL || g->in_to == NULL) {
    return rs_arena_failed(g->plan->arena, g->plan->diag);
  }
  memset(g->gate, 0xff, pairs * sizeof *g->gate);
  memset(g->out_of, 0xff, ends * sizeof *g->out_of);
  memset(g->in_to, 0xff, ends * sizeof *g->in_to);
  uint32_t found = 0;
  for (uint32_t l = 0; l < w->link_count; l++) {
    uint32_t from = w->links[l].from, to = w->links[l].to;
    if (g->plan->position[from] == RS_NONE || g->plan->position[to] == RS_NONE) continue;
    if (g->node[from] == g->node[to]) continue;
    uint32_t *gate = &g->gate[g->node[from] * g->nodes + g->node[to]];
    if (*gate != RS_NONE) return not_for(g, "two nodes are joined twice");
    if (g->index[from] + g->index[to] != g->a - 1) return not_for(g, "not a palm tree");
    *gate = l;
    found++;
  }
  return found == g->nodes * (g->nodes - 1) ? RS_OK : not_for(g, "two nodes have no link");
}

/* ---- numbers of the links ---- */

static uint32_t free_colour(const uint32_t *of_chip, uint32_t h) {
  uint32_t k = 0;
  while (k < h && of_chip[k] != RS_NONE) k++;
  return k;
}

/* Swaps colours k and other along the path that starts with `pair` at its entry. */
static void swap_path(gateways *g, uint32_t pair, uint32_t k, uint32_t other) {
  const rs_wiring *w = g->plan->wiring;
  uint32_t path[2 * 1024], count = 0;
  bool at_entry = true; /* the chip at hand is the entry of the gate before it */
  for (uint32_t colour = k; pair != RS_NONE && count < RS_COUNT_OF(path);) {
    path[count++] = pair;
    colour = colour == k ? other : k;
    const rs_link *link = &w->links[g->gate[pair]];
    pair = at_entry ? g->out_of[link->from * g->h + colour] : g->in_to[link->to * g->h + colour];
    at_entry = !at_entry;
  }
  for (uint32_t i = 0; i < count; i++) {
    const rs_link *link = &w->links[g->gate[path[i]]];
    g->out_of[link->from * g->h + g->colour[path[i]]] = RS_NONE;
    g->in_to[link->to * g->h + g->colour[path[i]]] = RS_NONE;
  }
  for (uint32_t i = 0; i < count; i++) {
    const rs_link *link = &w->links[g->gate[path[i]]];
    g->colour[path[i]] = g->colour[path[i]] == k ? other : k;
    g->out_of[link->from * g->h + g->colour[path[i]]] = path[i];
    g->in_to[link->to * g->h + g->colour[path[i]]] = path[i];
  }
}

/* König's edge colouring: a colour that is free at both ends, if need be after a swap. */
static rs_status colour_gates(gateways *g) {
  for (uint32_t pair = 0; pair < g->nodes * g->nodes; pair++) {
    if (g->gate[pair] == RS_NONE) continue;
    const rs_link *link = &g->plan->wiring->links[g->gate[pair]];
    uint32_t *out = &g->out_of[link->from * g->h], *in = &g->in_to[link->to * g->h];
    uint32_t k = free_colour(out, g->h), other = free_colour(in, g->h);
    if (k == g->h || other == g->h) return not_for(g, "a chip has more than a/2 global links");
    if (in[k] != RS_NONE) swap_path(g, in[k], k, other);
    if (in[k] != RS_NONE) return not_for(g, "links could not be numbered");
    g->colour[pair] = k;
    out[k] = pair;
    in[k] = pair;
  }
  return RS_OK;
}

/* ---- the timetable ---- */

/* Chips whose link to (or from) `index` is of a class; the i-th of them: x with x + index ≡ class. */
static uint32_t chip_of_class(uint32_t index, uint32_t class, uint32_t i) {
  return 2 * i + (class ^ (index & 1));
}

static uint32_t epsilon(uint32_t slot) {
  return slot / 4 % 2;
}

/* Appends a block. Held to its slots it leaves when they begin, which are as long as a block. */
static void send_block(gateways *g, uint32_t from, uint32_t to, const uint32_t *links,
                       const uint32_t *slots, uint32_t hops) {
  rs__plan *plan = g->plan;
  rs__plan_block(plan, from, to, links, slots, hops);
  if (plan->variant.splits != HELD || plan->status != RS_OK) return;
  for (uint32_t k = 0; k < hops; k++) {
    rs__task *task = &plan->tasks[plan->task_count - hops + k];
    int64_t begins = rs_timing_slots(plan->timing, slots[k] * plan->block);
    task->start_cycles = RS_MAX(task->start_cycles, plan->timing->send_cycles + begins);
  }
}

static void send_local(gateways *g, uint32_t from, uint32_t to) {
  uint32_t link = rs_wiring_find_link(g->plan->wiring, from, to, 0);
  uint32_t slot = (g->index[from] + g->index[to]) % 2 == 1 ? 0 : g->a * g->a;
  send_block(g, from, to, &link, &slot, 1);
}

/* The block that crosses `pair` in slot t: its way and the slots of its hops. */
static void send_across(gateways *g, uint32_t pair, uint32_t slot, uint32_t source,
                        uint32_t receiver) {
  const rs_wiring *w = g->plan->wiring;
  const rs_link *gate = &w->links[g->gate[pair]];
  uint32_t from = g->place[g->node[gate->from] * g->a + source];
  uint32_t to = g->place[g->node[gate->to] * g->a + receiver];
  uint32_t links[3], slots[3], hops = 0;
  if (from != gate->from) {
    links[hops] = rs_wiring_find_link(w, from, gate->from, 0);
    slots[hops++] = slot - 1;
  }
  links[hops] = g->gate[pair];
  slots[hops++] = slot;
  if (to != gate->to) {
    links[hops] = rs_wiring_find_link(w, gate->to, to, 0);
    slots[hops++] = slot + 1;
  }
  send_block(g, from, to, links, slots, hops);
}

/* All blocks over one link: slot 1 … a², the n-th time that a pair of classes comes. */
static void send_all_across(gateways *g, uint32_t pair) {
  const rs_link *gate = &g->plan->wiring->links[g->gate[pair]];
  uint32_t k = g->colour[pair], h = g->h;
  uint32_t times[2][2] = {{0, 0}, {0, 0}};
  for (uint32_t slot = 1; slot <= g->a * g->a; slot++) {
    uint32_t of_source = epsilon(slot - 1), of_receiver = 1 - epsilon(slot + 1);
    uint32_t n = times[of_source][of_receiver]++;
    assert(n < h * h);
    uint32_t source = chip_of_class(g->index[gate->from], of_source, (k + n / h) % h);
    uint32_t receiver = chip_of_class(g->index[gate->to], of_receiver, (k + n % h) % h);
    send_across(g, pair, slot, source, receiver);
  }
}

rs_status rs__build_gateways(rs__plan *plan) {
  gateways g = {.plan = plan};
  rs_status status = reserve(&g);
  if (status == RS_OK) status = fill_nodes(&g);
  if (status == RS_OK) status = fill_gates(&g);
  if (status == RS_OK) status = colour_gates(&g);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t first = i - i % g.a;
    for (uint32_t k = first; k < first + g.a; k++) {
      if (k == i) continue;
      if (rs_wiring_find_link(plan->wiring, g.place[i], g.place[k], 0) == RS_NONE) {
        return not_for(&g, "two chips of a node have no link");
      }
      send_local(&g, g.place[i], g.place[k]);
    }
  }
  for (uint32_t pair = 0; pair < g.nodes * g.nodes && plan->status == RS_OK; pair++) {
    if (g.gate[pair] != RS_NONE) send_all_across(&g, pair);
  }
  return plan->status;
}

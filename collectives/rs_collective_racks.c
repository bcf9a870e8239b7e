/*
 * All-to-all of racks of nodes: what a node has for a rack travels together, and turns over on the way.
 *
 * 10,440 chips have 109 million vectors to deliver, over 5.2 hops on the average. A burst is a run of
 * addresses that lie side by side at the sender and at the receiver. At the source, vectors for
 * neighbouring destinations do; at the destination, vectors of neighbouring sources. So every vector
 * must be alone in a burst on one hop, which turns the matrix, and may be in a run on all others:
 *   1  in the source's rack: runs of a source's vectors for all chips of a rack (72), to the chip with
 *      the cable to that rack
 *   2  between racks, vector by vector: what comes from a node's 8 chips for one destination is laid side
 *      by side. (A detour over a third rack goes there in runs and is turned over on its second cable)
 *   3  in the destination's rack: runs of a node for a node (64), then of a node for a chip (8)
 *
 * A unit is all that one node has for one rack: 576 vectors. Slots that it takes, on 10,440 chips:
 *   between racks    576 of one cable; all units of a rack 9 · 144 · 576, over 144 cables 5,184
 *   between nodes    576 on the way to its cable if that is in another node (8 of 9), and 64 for each
 *                    of the 8 nodes where it does not arrive: 9 · 144 · (512 + 512) over 144 cables of a
 *                    rack, and 32 inside the rack: 9,248
 * So cables between nodes are the bottleneck of minimal ways, and those between racks stand idle for
 * half the time. A detour over a rack that the node reaches by a cable of its own, and that the next cable
 * leaves from the node where the first arrives, costs 576 of a cable between racks and saves 576 between
 * nodes. With n detours the two are even when 9,248 − 4 n = 5,184 + 4 n: n = 508, 7,216 slots. Units
 * choose among all such ways by loads to the fourth power, in several rounds.
 *
 * All racks are alike (a rotation), so the plan is made for the units of one rack on its chips' links,
 * and turned (rs_plan_turned.c). Staging is laid out by source nodes, the same on all chips.
 */
#include <string.h>

#include "rs__collective.h"

#define RS__ROUTE_ROUNDS 6
#define RS__NODE_CHIPS_MAX 32

typedef struct route {
  uint32_t detour; /* the cable to a third rack, or RS_NONE */
  uint32_t last;   /* the cable to the destination's rack */
} route;

typedef struct racks {
  rs__plan *plan;                    /* of all chips */
  rs__plan one;                      /* of the chips of a rack; its tasks are turned */
  uint32_t size, node, nodes, count; /* chips a rack, chips a node, nodes a rack, racks */
  uint32_t links;                    /* out of a rack's chips: they are the first ones */
  int64_t block;                     /* vectors */
  uint32_t *cable_first, *cables;    /* [node · nodes + node] inside a rack */
  uint32_t *system_first, *systems;  /* [racks on] between racks */
  uint32_t *leaving_first, *leaving; /* [node] between racks, by the node where they leave */
  uint64_t *load;                    /* [link] blocks */
  uint64_t *pair_load;               /* [node · nodes + node] blocks */
  route *routes;                     /* [node · count + racks on] */
  uint32_t rank;                     /* of the tasks at hand */
  int64_t *used;                     /* [source node · size + chip] blocks of staging */
} racks;

static rs_status not_for(const racks *x, const char *why) {
  return rs_diag_set(x->plan->diag, RS_E_INFEASIBLE, "%s", why);
}

static const rs_link *link_of(const racks *x, uint32_t link) {
  return &x->plan->wiring->links[link];
}

static uint32_t receiver(const racks *x, uint32_t link) {
  return link_of(x, link)->to % x->size;
}

/* How many racks on a link leads. */
static uint32_t racks_on(const racks *x, uint32_t link) {
  return link_of(x, link)->to / x->size;
}

/* ---- the shape ---- */

static rs_status measure(racks *x) {
  const rs_wiring *w = x->plan->wiring;
  uint32_t n = x->plan->member_count;
  if (w->rack_of == NULL || w->node_of == NULL) return not_for(x, "the wiring has no racks");
  if (n != w->chip_count) return not_for(x, "not all chips are in the group");
  for (uint32_t i = 0; i < n; i++) {
    if (x->plan->members[i] != i) return not_for(x, "the group is not in order");
  }
  while (x->size < n && w->rack_of[x->size] == w->rack_of[0]) x->size++;
  while (x->node < n && w->node_of[x->node] == w->node_of[0]) x->node++;
  if (x->size == n) return not_for(x, "the group lies in one rack");
  if (n % x->size != 0 || x->size % x->node != 0 || x->node > RS__NODE_CHIPS_MAX ||
      !rs__rotation_is(w, x->size)) {
    return not_for(x, "racks are not alike");
  }
  for (uint32_t i = 0; i < n; i++) {
    bool same = w->rack_of[i] == w->rack_of[i - i % x->size] &&
                w->node_of[i] == w->node_of[i - i % x->node];
    if (!same) return not_for(x, "racks are not alike");
  }
  x->nodes = x->size / x->node;
  x->count = n / x->size;
  x->links = w->out_first[x->size];
  return RS_OK;
}

static rs_status reserve(racks *x) {
  rs_arena *arena = x->plan->arena;
  size_t pairs = (size_t)x->nodes * x->nodes;
  x->cable_first = RS_ARENA_NEW(arena, uint32_t, pairs + 2);
  x->system_first = RS_ARENA_NEW(arena, uint32_t, (size_t)x->count + 2);
  x->leaving_first = RS_ARENA_NEW(arena, uint32_t, (size_t)x->nodes + 2);
  uint32_t *lists = RS_ARENA_NEW(arena, uint32_t, (size_t)x->links * 3);
  x->load = RS_ARENA_NEW(arena, uint64_t, x->links);
  x->pair_load = RS_ARENA_NEW(arena, uint64_t, pairs);
  x->routes = RS_ARENA_NEW(arena, route, (size_t)x->nodes * x->count);
  x->used = RS_ARENA_NEW(arena, int64_t, (size_t)x->nodes * x->size);
  if (x->cable_first == NULL || x->system_first == NULL || x->leaving_first == NULL ||
      lists == NULL || x->load == NULL || x->pair_load == NULL || x->routes == NULL ||
      x->used == NULL) {
    return rs_arena_failed(arena, x->plan->diag);
  }
  x->cables = lists;
  x->systems = lists + x->links;
  x->leaving = lists + (size_t)x->links * 2;
  return RS_OK;
}

enum { CABLES, SYSTEMS, LEAVING };

/* The list of a kind in which a link is; RS_NONE: none. */
static uint32_t list_of(const racks *x, int kind, uint32_t link) {
  uint32_t from = link_of(x, link)->from / x->node, on = racks_on(x, link);
  if (kind == SYSTEMS) return on == 0 ? RS_NONE : on;
  if (kind == LEAVING) return on == 0 ? RS_NONE : from;
  uint32_t to = receiver(x, link) / x->node;
  return on != 0 || from == to ? RS_NONE : from * x->nodes + to;
}

/* Lists by counting: first[k] … first[k + 1] − 1 of list k. */
static void fill_lists(const racks *x, int kind, uint32_t *first, uint32_t *list, uint32_t lists) {
  for (uint32_t l = 0; l < x->links; l++) {
    uint32_t k = list_of(x, kind, l);
    if (k != RS_NONE) first[k + 2]++;
  }
  for (uint32_t k = 1; k <= lists; k++) first[k + 1] += first[k];
  for (uint32_t l = 0; l < x->links; l++) {
    uint32_t k = list_of(x, kind, l);
    if (k != RS_NONE) list[first[k + 1]++] = l;
  }
}

/* Nodes are full meshes, nodes of a rack are joined, and racks are. */
static rs_status check_shape(const racks *x) {
  for (uint32_t a = 0; a < x->node; a++) {
    for (uint32_t k = 0; k < x->size; k++) {
      uint32_t chip = k - k % x->node + a;
      if (chip == k) continue;
      if (rs_wiring_find_link(x->plan->wiring, chip, k, 0) == RS_NONE) {
        return not_for(x, "two chips of a node have no link");
      }
    }
  }
  for (uint32_t k = 0; k < x->nodes * x->nodes; k++) {
    if (k / x->nodes != k % x->nodes && x->cable_first[k] == x->cable_first[k + 1]) {
      return not_for(x, "two nodes of a rack have no link");
    }
  }
  for (uint32_t on = 1; on < x->count; on++) {
    if (x->system_first[on] == x->system_first[on + 1]) return not_for(x, "two racks have no link");
  }
  return RS_OK;
}

/* ---- routes ---- */

static uint64_t fourth(uint64_t load) {
  return load * load * load * load;
}

/* What `blocks` more cost on a link between racks. */
static uint64_t system_cost(const racks *x, uint32_t link, uint64_t blocks) {
  return fourth(x->load[link] + blocks) - fourth(x->load[link]);
}

static uint64_t pair_cost(const racks *x, uint32_t from, uint32_t to, uint64_t blocks) {
  if (from == to) return 0;
  uint32_t pair = from * x->nodes + to;
  uint64_t cables = x->cable_first[pair + 1] - x->cable_first[pair];
  uint64_t before = x->pair_load[pair] / cables;
  return cables * (fourth(before + blocks / cables) - fourth(before));
}

static uint64_t unit_blocks(const racks *x) {
  return (uint64_t)x->node * x->size;
}

static uint64_t route_cost(const racks *x, uint32_t a, const route *r) {
  uint64_t blocks = unit_blocks(x);
  uint32_t first = r->detour == RS_NONE ? r->last : r->detour;
  uint64_t cost = system_cost(x, r->last, blocks);
  cost += pair_cost(x, a, link_of(x, first)->from / x->node, blocks);
  if (r->detour != RS_NONE) {
    cost += system_cost(x, r->detour, blocks);
    cost +=
        pair_cost(x, receiver(x, r->detour) / x->node, link_of(x, r->last)->from / x->node, blocks);
  }
  uint32_t arrives = receiver(x, r->last) / x->node;
  for (uint32_t b = 0; b < x->nodes; b++) {
    cost += pair_cost(x, arrives, b, (uint64_t)x->node * x->node);
  }
  return cost;
}

/* Adds a unit's load, or takes it away. */
static void put_route(racks *x, uint32_t a, const route *r, bool add) {
  uint64_t blocks = add ? unit_blocks(x) : 0 - unit_blocks(x);
  uint64_t part = add ? (uint64_t)x->node * x->node : 0 - (uint64_t)x->node * x->node;
  uint32_t first = r->detour == RS_NONE ? r->last : r->detour;
  x->load[r->last] += blocks;
  x->pair_load[a * x->nodes + link_of(x, first)->from / x->node] += blocks;
  if (r->detour != RS_NONE) {
    x->load[r->detour] += blocks;
    uint32_t from = receiver(x, r->detour) / x->node, to = link_of(x, r->last)->from / x->node;
    x->pair_load[from * x->nodes + to] += blocks;
  }
  uint32_t arrives = receiver(x, r->last) / x->node;
  for (uint32_t b = 0; b < x->nodes; b++) x->pair_load[arrives * x->nodes + b] += part;
}

static void offer_route(const racks *x, uint32_t a, route offered, route *best, uint64_t *least) {
  uint64_t cost = route_cost(x, a, &offered);
  if (cost >= *least) return;
  *least = cost;
  *best = offered;
}

/* The cheapest way of a node's unit to the rack that is `on` racks on. */
static route choose_route(const racks *x, uint32_t a, uint32_t on) {
  uint64_t least = UINT64_MAX;
  route best = {RS_NONE, RS_NONE};
  for (uint32_t k = x->system_first[on]; k < x->system_first[on + 1]; k++) {
    offer_route(x, a, (route){RS_NONE, x->systems[k]}, &best, &least);
  }
  for (uint32_t i = x->leaving_first[a]; i < x->leaving_first[a + 1]; i++) {
    uint32_t detour = x->leaving[i];
    uint32_t rest = (on + x->count - racks_on(x, detour)) % x->count;
    if (rest == 0) continue;
    for (uint32_t k = x->system_first[rest]; k < x->system_first[rest + 1]; k++) {
      offer_route(x, a, (route){detour, x->systems[k]}, &best, &least);
    }
  }
  return best;
}

static void choose_routes(racks *x) {
  for (uint32_t k = 0; k < x->nodes * x->nodes; k++) x->pair_load[k] = x->node * x->node;
  for (int round = 0; round < RS__ROUTE_ROUNDS; round++) {
    for (uint32_t on = 1; on < x->count; on++) {
      for (uint32_t a = 0; a < x->nodes; a++) {
        route *r = &x->routes[a * x->count + on];
        if (round > 0) put_route(x, a, r, /*add=*/false);
        *r = choose_route(x, a, on);
        put_route(x, a, r, /*add=*/true);
      }
    }
  }
  memset(x->load, 0, x->links * sizeof *x->load); /* from here on of the cables inside racks */
}

/* ---- tasks and what they are when turned ---- */

/* What goes first over a link. Of the orders that there are this one came out best at 10,440 chips: what
 * feeds cables between racks comes before what they carry, and the shorter ways to them first. */
enum { RANK_DELIVER, RANK_TURN, RANK_DETOUR, RANK_CROSS, RANK_HERE };

/* Where a run is: on a chip of the rack that is `turn` racks on from its source's, and what filled it. */
typedef struct place {
  uint32_t chip, turn;
  uint8_t buffer;
  int64_t offset;  /* blocks; of `in` behind the part for the destination's rack */
  uint32_t after;  /* task, or RS_NONE */
  bool is_singles; /* it came block by block: a run leaves when its last block is there */
} place;

/* The unit at hand: source node, and racks on to the destination. */
typedef struct unit {
  uint32_t a, on;
} unit;

static int64_t stage(racks *x, uint32_t a, uint32_t chip, int64_t blocks) {
  int64_t *used = &x->used[(size_t)a * x->size + chip];
  *used += blocks;
  return *used - blocks;
}

/* A run of blocks over a link. `behind`: it starts so many blocks behind the start of what filled it. */
static uint32_t add_task(racks *x, uint32_t link, int64_t blocks, const place *from,
                         int64_t behind) {
  rs__plan *one = &x->one;
  if (from->is_singles) behind += blocks - 1;
  rs__task task = {.count = blocks * x->block,
                   .source_offset = behind * x->block,
                   .link = link,
                   .rank = x->rank};
  if (from->after == RS_NONE) {
    task.start_cycles = x->plan->request->ready_cycles + x->plan->timing->send_cycles;
  }
  uint32_t id = rs__plan_add(one, &task);
  if (id != RS_NONE && from->after != RS_NONE) rs__plan_edge(one, from->after, id, RS__READS);
  return id;
}

/* `count` blocks of a task, from its block `first` on: a burst when turned. */
static void add_part(racks *x, const unit *u, uint32_t task, int64_t first, int64_t count,
                     const place *from, int64_t from_offset, uint8_t target, int64_t to_offset) {
  if (count == 0 || task == RS_NONE) return;
  rs__turned_part part = {.task = task,
                          .turn = from->turn,
                          .on = u->on,
                          .key = u->a,
                          .first = first * x->block,
                          .count = count * x->block,
                          .source_offset = from_offset * x->block,
                          .target_offset = to_offset * x->block,
                          .source = from->buffer,
                          .target = target};
  rs__turned_add(x->plan, &part);
}

/* One hop of a whole run into staging. */
static place hop(racks *x, const unit *u, uint32_t link, int64_t blocks, const place *from) {
  uint32_t chip = receiver(x, link);
  place to = {chip,          (from->turn + racks_on(x, link)) % x->count,
              RS_BUFFER_TMP, stage(x, u->a, chip, blocks),
              RS_NONE,       false};
  to.after = add_task(x, link, blocks, from, 0);
  add_part(x, u, to.after, 0, blocks, from, from->offset, RS_BUFFER_TMP, to.offset);
  return to;
}

static uint32_t local_link(const racks *x, uint32_t from, uint32_t to) {
  return rs_wiring_find_link(x->plan->wiring, from, to, 0);
}

/* The cable between two nodes of a rack with the least load, which is counted. */
static uint32_t take_cable(racks *x, uint32_t from, uint32_t to, int64_t blocks) {
  uint32_t pair = from * x->nodes + to, best = x->cables[x->cable_first[pair]];
  for (uint32_t k = x->cable_first[pair]; k < x->cable_first[pair + 1]; k++) {
    if (x->load[x->cables[k]] < x->load[best]) best = x->cables[k];
  }
  x->load[best] += (uint64_t)blocks;
  return best;
}

/* A whole run to another chip of its node. */
static place walk_node(racks *x, const unit *u, int64_t blocks, place from, uint32_t chip) {
  return from.chip == chip ? from : hop(x, u, local_link(x, from.chip, chip), blocks, &from);
}

/* And to another chip of its rack. */
static place walk_rack(racks *x, const unit *u, int64_t blocks, place from, uint32_t chip) {
  uint32_t a = from.chip / x->node, b = chip / x->node;
  if (a != b) {
    uint32_t cable = take_cable(x, a, b, blocks);
    from = walk_node(x, u, blocks, from, link_of(x, cable)->from);
    from = hop(x, u, cable, blocks, &from);
  }
  return walk_node(x, u, blocks, from, chip);
}

/* A hop of runs of `each` blocks for the chips of node b, in their order; what is for the receiver itself
 * goes to its `out` at `out`. Returns where the others are. */
static place hop_for_node(racks *x, const unit *u, uint32_t link, int64_t each, const place *from,
                          int64_t out) {
  uint32_t chip = receiver(x, link);
  int64_t own = chip % x->node, blocks = x->node * each;
  place to = {chip, from->turn, RS_BUFFER_TMP, stage(x, u->a, chip, blocks), RS_NONE, false};
  uint32_t id = to.after = add_task(x, link, blocks, from, 0);
  add_part(x, u, id, 0, own * each, from, from->offset, RS_BUFFER_TMP, to.offset);
  add_part(x, u, id, own * each, each, from, from->offset + own * each, RS_BUFFER_OUT, out);
  int64_t done = (own + 1) * each;
  add_part(x, u, id, done, blocks - done, from, from->offset + done, RS_BUFFER_TMP,
           to.offset + done);
  return to;
}

/* From a chip of node b to the others of it: `each` blocks for each of them. */
static void finish_node(racks *x, const unit *u, int64_t each, const place *from, int64_t out) {
  uint32_t b = from->chip / x->node;
  for (uint32_t k = 0; k < x->node; k++) {
    uint32_t chip = b * x->node + k;
    if (chip == from->chip) continue;
    uint32_t id = add_task(x, local_link(x, from->chip, chip), each, from, k * each);
    add_part(x, u, id, 0, each, from, from->offset + k * each, RS_BUFFER_OUT, out);
  }
}

/* From where a run for node b is, in its rack but not there, to the chips of b. */
static void deliver(racks *x, const unit *u, uint32_t b, int64_t each, place from, int64_t out) {
  uint32_t cable = take_cable(x, from.chip / x->node, b, x->node * each);
  from = walk_node(x, u, x->node * each, from, link_of(x, cable)->from);
  place there = hop_for_node(x, u, cable, each, &from, out);
  finish_node(x, u, each, &there, out);
}

/* ---- units ---- */

/* Block by block over the last cable: what all sources have for node b, destination by destination. */
static void turn_over(racks *x, const unit *u, uint32_t link, const place *sources, uint32_t b) {
  uint32_t chip = receiver(x, link), m = x->node;
  place to = {chip, u->on, RS_BUFFER_TMP, stage(x, u->a, chip, m * m), RS_NONE, true};
  /* it may start when the last block of every source is there */
  uint32_t id = RS_NONE;
  rs__task task = {.count = m * m * x->block,
                   .source_offset = x->size * x->block - 1,
                   .link = link,
                   .rank = x->rank,
                   .start_cycles = x->plan->request->ready_cycles + x->plan->timing->send_cycles};
  id = to.after = rs__plan_add(&x->one, &task);
  for (uint32_t i = 0; i < m && id != RS_NONE; i++) {
    if (sources[i].after != RS_NONE) rs__plan_edge(&x->one, sources[i].after, id, RS__READS);
  }
  for (uint32_t k = 0; k < m; k++) {
    uint32_t destination = b * m + k;
    bool is_own = destination == chip;
    for (uint32_t i = 0; i < m; i++) {
      int64_t at = k * m + i, out = u->a * m + i;
      add_part(x, u, id, at, 1, &sources[i], sources[i].offset + destination,
               is_own ? RS_BUFFER_OUT : RS_BUFFER_TMP, is_own ? out : to.offset + at);
    }
  }
  x->rank = RANK_DELIVER;
  if (chip / m == b) {
    finish_node(x, u, m, &to, u->a * m);
  } else {
    deliver(x, u, b, m, to, u->a * m);
  }
}

static void send_unit(racks *x, uint32_t a, uint32_t on) {
  unit u = {a, on};
  route r = x->routes[a * x->count + on];
  place sources[RS__NODE_CHIPS_MAX];
  uint32_t first = r.detour == RS_NONE ? r.last : r.detour;
  bool leaves_here = link_of(x, first)->from / x->node == a;
  x->rank = r.detour != RS_NONE ? RANK_DETOUR : leaves_here ? RANK_HERE : RANK_CROSS;
  for (uint32_t i = 0; i < x->node; i++) {
    place from = {a * x->node + i, 0, RS_BUFFER_IN, 0, RS_NONE, false};
    from = walk_rack(x, &u, x->size, from, link_of(x, first)->from);
    if (r.detour != RS_NONE) {
      from = hop(x, &u, r.detour, x->size, &from);
      from = walk_rack(x, &u, x->size, from, link_of(x, r.last)->from);
    }
    sources[i] = from;
  }
  for (uint32_t k = 0; k < x->nodes; k++) {
    x->rank = RANK_TURN;
    turn_over(x, &u, r.last, sources, (k + a + on) % x->nodes);
  }
}

/* When a unit is sent, as one of `turns`: the cables of a node take turns, beginning with another one for
 * every source node, so that all cables have something to carry from early on. */
static uint32_t turn_of(const racks *x, uint32_t a, uint32_t on, uint32_t turns) {
  const route *r = &x->routes[a * x->count + on];
  uint32_t first = r->detour == RS_NONE ? r->last : r->detour, at = 0;
  uint32_t node = link_of(x, first)->from / x->node;
  while (x->leaving[x->leaving_first[node] + at] != first) at++;
  return (at + a * turns / x->nodes) % turns;
}

static void send_units(racks *x) {
  uint32_t turns = 1;
  for (uint32_t b = 0; b < x->nodes; b++) {
    turns = RS_MAX(turns, x->leaving_first[b + 1] - x->leaving_first[b]);
  }
  for (uint32_t turn = 0; turn < turns; turn++) {
    for (uint32_t on = 1; on < x->count && x->one.status == RS_OK; on++) {
      for (uint32_t a = 0; a < x->nodes; a++) {
        if (turn_of(x, a, on, turns) == turn) send_unit(x, a, on);
      }
    }
  }
}

/* Inside the rack: a source's blocks for a node together. */
static void send_inside(racks *x, uint32_t chip) {
  unit u = {chip / x->node, 0};
  for (uint32_t b = 0; b < x->nodes; b++) {
    place from = {chip, 0, RS_BUFFER_IN, b * x->node, RS_NONE, false};
    if (b == u.a) {
      finish_node(x, &u, 1, &from, chip);
    } else {
      deliver(x, &u, b, 1, from, chip);
    }
  }
}

/* ---- the whole ---- */

/* Staging in vectors: areas by source node, each as large as the chip that needs most of it. */
static int64_t lay_out(const racks *x, int64_t *base) {
  int64_t total = 0;
  for (uint32_t a = 0; a < x->nodes; a++) {
    int64_t most = 0;
    for (uint32_t c = 0; c < x->size; c++) most = RS_MAX(most, x->used[(size_t)a * x->size + c]);
    base[a] = total * x->block;
    total += most;
  }
  return total * x->block;
}

static rs_status build(racks *x) {
  rs__plan *plan = x->plan;
  choose_routes(x);
  x->one.has_ranks = true;
  for (uint32_t chip = 0; chip < x->size; chip++) send_inside(x, chip);
  send_units(x);
  if (x->one.status != RS_OK) plan->status = x->one.status;
  int64_t *base = RS_ARENA_NEW(plan->arena, int64_t, x->nodes);
  if (base == NULL) return rs_arena_failed(plan->arena, plan->diag);
  plan->tmp_used[0] = lay_out(x, base);
  return plan->status == RS_OK ? rs__turned_finish(plan, &x->one, base) : plan->status;
}

rs_status rs__build_racks(rs__plan *plan) {
  racks x = {.plan = plan, .block = plan->block};
  const rs_timing *t = plan->timing;
  if (plan->request->ready != NULL) return not_for(&x, "inputs come at times of their own");
  if ((rs_int128)plan->block * t->slot_num % t->slot_den != 0) {
    return not_for(&x, "the slots of a block are not whole cycles");
  }
  rs_status status = measure(&x);
  if (status == RS_OK) status = reserve(&x);
  if (status != RS_OK) return status;
  fill_lists(&x, CABLES, x.cable_first, x.cables, x.nodes * x.nodes);
  fill_lists(&x, SYSTEMS, x.system_first, x.systems, x.count);
  fill_lists(&x, LEAVING, x.leaving_first, x.leaving, x.nodes);
  status = check_shape(&x);
  if (status == RS_OK) status = rs__turned_begin(plan, x.size, &x.one);
  return status == RS_OK ? build(&x) : status;
}

/*
 * Lower bounds of a makespan, for any algorithm on the wiring.
 *
 * Latency: data of the farthest pair needs its cheapest way, relays allowed, with the costs of the
 * chips on it; where sums are made, at least one add lies between the two. Cheapest ways: Dijkstra
 * with one queue a cable class, which stays sorted because all its links cost the same.
 *
 * Bandwidth: for a set S of chips, what must leave it or enter it over the links that do. Sets are
 * the single chips, the nodes, the racks and the parts that rs_bound_trees.c finds. Beside them two counts of all transmissions: all-reduce
 * needs N−1 before the first chip can know a sum and N−1 after it (gossip with one-way messages:
 * Harary, Schwenk 1974), on links that touch members; all-to-all needs the sum of all distances.
 * With n vectors on the busiest link, its last one departs (n−1) slots after the first.
 */
#include <string.h>

#include "rs__bound.h"

#define RS__BOUND_ALL_ROOTS_MAX 1024
#define RS__BOUND_SAMPLED_ROOTS 64

rs_status rs__bound_init(rs__bounder *b) {
  uint32_t chips = b->wiring->chip_count, links = b->wiring->link_count;
  b->position = RS_ARENA_NEW(b->arena, uint32_t, chips);
  b->distance = RS_ARENA_NEW(b->arena, int64_t, chips);
  bool failed = b->position == NULL || b->distance == NULL;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    b->queues[k] = RS_ARENA_NEW(b->arena, uint32_t, links);
    failed = failed || b->queues[k] == NULL;
  }
  if (failed) return rs_arena_failed(b->arena, b->diag);
  rs_status status = rs__request_check(b->request, b->wiring, b->timing, b->position, b->diag);
  b->block = status == RS_OK ? rs_timing_vectors(b->timing, b->request->block_bytes) : 0;
  return status;
}

/* ---- distances ---- */

static uint32_t near_end(const rs__search *s, uint32_t link) {
  return s->backward ? s->wiring->links[link].to : s->wiring->links[link].from;
}

static uint32_t far_end(const rs__search *s, uint32_t link) {
  return s->backward ? s->wiring->links[link].from : s->wiring->links[link].to;
}

static void queue_links(const rs__bounder *b, rs__search *s, uint32_t chip) {
  const uint32_t *first = s->backward ? s->wiring->in_first : s->wiring->out_first;
  for (uint32_t k = first[chip]; k < first[chip + 1]; k++) {
    uint32_t link = s->backward ? s->wiring->in_links[k] : k;
    uint8_t class = s->wiring->links[link].cable_class;
    if (b->distance[far_end(s, link)] < 0) b->queues[class][s->tail[class]++] = link;
  }
}

/* The class whose first link reaches its far end soonest; −1: all are empty. */
static int next_class(const rs__bounder *b, const rs__search *s, int64_t *reached) {
  int best = -1;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    if (s->head[k] == s->tail[k]) continue;
    int64_t at = b->distance[near_end(s, b->queues[k][s->head[k]])] + s->cost[k];
    if (best >= 0 && at >= *reached) continue;
    best = k;
    *reached = at;
  }
  return best;
}

/* Costs of cheapest ways from (backward: to) a chip, for a cost a link of each class. */
void rs__bound_search(rs__bounder *b, uint32_t root, rs__search *s) {
  s->wiring = b->wiring;
  memset(b->distance, 0xff, b->wiring->chip_count * sizeof *b->distance);
  b->distance[root] = 0;
  queue_links(b, s, root);
  int64_t reached = 0;
  for (int k = next_class(b, s, &reached); k >= 0; k = next_class(b, s, &reached)) {
    uint32_t chip = far_end(s, b->queues[k][s->head[k]++]);
    if (b->distance[chip] >= 0) continue;
    b->distance[chip] = reached;
    queue_links(b, s, chip);
  }
}

rs__search rs__bound_hop_costs(const rs__bounder *b, bool backward) {
  rs__search s = {.backward = backward};
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    s.cost[k] = b->timing->latency_cycles[k] + b->timing->forward_cycles;
  }
  return s;
}

static rs_status not_connected(const rs__bounder *b, uint32_t from, uint32_t to) {
  return rs_diag_set(b->diag, RS_E_INFEASIBLE, "no path between chips %u and %u", from, to);
}

/* Raises *farthest by the distances of all other members from `root`. */
static rs_status measure_root(rs__bounder *b, uint32_t root, bool backward, int64_t *farthest) {
  rs__search s = rs__bound_hop_costs(b, backward);
  rs__bound_search(b, root, &s);
  for (uint32_t i = 0; i < b->request->chip_count; i++) {
    int64_t distance = b->distance[b->request->chips[i]];
    if (distance < 0) return not_connected(b, root, b->request->chips[i]);
    *farthest = RS_MAX(*farthest, distance);
  }
  return RS_OK;
}

static rs_status measure_pairs(rs__bounder *b, int64_t *farthest) {
  const rs_collective_request *r = b->request;
  for (uint32_t i = 0; i < r->chip_count; i += 2) {
    rs__search s = rs__bound_hop_costs(b, false);
    if (i == 0 || r->chips[i] != r->chips[i - 2]) rs__bound_search(b, r->chips[i], &s);
    int64_t distance = b->distance[r->chips[i + 1]];
    if (distance < 0) return not_connected(b, r->chips[i], r->chips[i + 1]);
    *farthest = RS_MAX(*farthest, distance);
  }
  return RS_OK;
}

static uint32_t root_step(const rs__bounder *b) {
  uint32_t n = b->request->chip_count;
  return n <= RS__BOUND_ALL_ROOTS_MAX ? 1 : (n - 1) / RS__BOUND_SAMPLED_ROOTS + 1;
}

static rs_status measure_farthest(rs__bounder *b, int64_t *farthest) {
  const rs_collective_request *r = b->request;
  if (r->kind == RS_SEND) return measure_pairs(b, farthest);
  if (rs__kind_has_root(r->kind)) {
    bool backward = r->kind == RS_REDUCE || r->kind == RS_GATHER;
    return measure_root(b, r->root, backward, farthest);
  }
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < r->chip_count && status == RS_OK; i += root_step(b)) {
    status = measure_root(b, r->chips[i], false, farthest);
  }
  return status;
}

/* ---- traffic ---- */

void rs__bound_raise_slots(rs__bounder *b, rs_int128 vectors, int64_t links) {
  if (vectors <= 0 || links <= 0) return;
  rs_int128 slots = (vectors + links - 1) / links;
  if (slots < INT64_C(1) << 54) b->slots = RS_MAX(b->slots, (int64_t)slots);
}

/* What a set with `m` members must send and receive. */
typedef struct crossing {
  rs_int128 out;
  rs_int128 in;
} crossing;

static crossing crossing_of(const rs__bounder *b, int64_t m, bool has_root) {
  int64_t others = (int64_t)b->request->chip_count - m, block = b->block;
  if (m == 0 || others == 0) return (crossing){0, 0};
  switch (b->request->kind) {
    case RS_ALL_REDUCE:
      return (crossing){block, block};
    case RS_ALL_GATHER:
      return (crossing){m * block, others * block};
    case RS_REDUCE_SCATTER: /* a sum for each foreign block goes out, one for each own comes in */
      return (crossing){others * block, m * block};
    case RS_BROADCAST:
      return has_root ? (crossing){block, 0} : (crossing){0, block};
    case RS_REDUCE:
      return has_root ? (crossing){0, block} : (crossing){block, 0};
    case RS_SCATTER:
      return has_root ? (crossing){others * block, 0} : (crossing){0, m * block};
    case RS_GATHER:
      return has_root ? (crossing){0, others * block} : (crossing){m * block, 0};
    case RS_ALL_TO_ALL:
      return (crossing){(rs_int128)m * others * block, (rs_int128)m * others * block};
    default:
      return (crossing){0, 0};
  }
}

typedef struct chip_set {
  int64_t members, links_out, links_in;
  bool has_root;
} chip_set;

rs_status rs__bound_sets(rs__bounder *b, const uint32_t *labels) {
  const rs_wiring *w = b->wiring;
  chip_set *sets = RS_ARENA_NEW(b->arena, chip_set, w->chip_count);
  if (sets == NULL) return rs_arena_failed(b->arena, b->diag);
  for (uint32_t l = 0; l < w->link_count; l++) {
    uint32_t from = w->links[l].from, to = w->links[l].to;
    if (labels != NULL) from = labels[from];
    if (labels != NULL) to = labels[to];
    if (from == to) continue;
    sets[from].links_out++;
    sets[to].links_in++;
  }
  for (uint32_t i = 0; i < b->request->chip_count; i++) {
    uint32_t chip = b->request->chips[i];
    chip_set *set = &sets[labels == NULL ? chip : labels[chip]];
    set->members++;
    if (chip == b->request->root) set->has_root = true;
  }
  for (uint32_t k = 0; k < w->chip_count; k++) {
    crossing c = crossing_of(b, sets[k].members, sets[k].has_root);
    rs__bound_raise_slots(b, c.out, sets[k].links_out);
    rs__bound_raise_slots(b, c.in, sets[k].links_in);
  }
  return RS_OK;
}

static void bound_pairs(rs__bounder *b) {
  const rs_wiring *w = b->wiring;
  for (uint32_t i = 0; i < b->request->chip_count; i += 2) {
    uint32_t from = b->request->chips[i], to = b->request->chips[i + 1];
    rs__bound_raise_slots(b, b->block, rs_wiring_out_degree(w, from));
    rs__bound_raise_slots(b, b->block, w->in_first[to + 1] - w->in_first[to]);
  }
}

/* Links with a member at an end. */
static int64_t links_at_members(const rs__bounder *b) {
  int64_t links = 0;
  for (uint32_t l = 0; l < b->wiring->link_count; l++) {
    const rs_link *link = &b->wiring->links[l];
    links += b->position[link->from] != RS_NONE || b->position[link->to] != RS_NONE ? 1 : 0;
  }
  return links;
}

/* Sum of hops over all ordered pairs, at least; roots that are not searched count one hop a pair. */
static int64_t sum_of_hops(rs__bounder *b) {
  const rs_collective_request *r = b->request;
  uint32_t searched = 0;
  int64_t hops = 0;
  for (uint32_t i = 0; i < r->chip_count; i += root_step(b), searched++) {
    rs__search s = {.cost = {1, 1, 1}};
    rs__bound_search(b, r->chips[i], &s);
    for (uint32_t k = 0; k < r->chip_count; k++) hops += b->distance[r->chips[k]];
  }
  return hops + (int64_t)(r->chip_count - searched) * (r->chip_count - 1);
}

static rs_status bound_traffic(rs__bounder *b) {
  if (b->request->kind == RS_SEND) {
    bound_pairs(b);
    return RS_OK;
  }
  rs_status status = rs__bound_sets(b, NULL);
  if (status == RS_OK && b->wiring->node_of != NULL) status = rs__bound_sets(b, b->wiring->node_of);
  if (status == RS_OK && b->wiring->rack_of != NULL) status = rs__bound_sets(b, b->wiring->rack_of);
  if (status != RS_OK) return status;
  if (b->request->kind == RS_ALL_REDUCE) {
    rs_int128 messages = 2 * (rs_int128)(b->request->chip_count - 1);
    rs__bound_raise_slots(b, messages * b->block, links_at_members(b));
  }
  if (b->request->kind == RS_ALL_TO_ALL) {
    rs__bound_raise_slots(b, (rs_int128)sum_of_hops(b) * b->block, b->wiring->link_count);
  }
  return RS_OK;
}

/* ---- the bound ---- */

int64_t rs__bound_latency_min(const rs__bounder *b) {
  int64_t least = INT64_MAX;
  for (uint32_t l = 0; l < b->wiring->link_count; l++) {
    least = RS_MIN(least, rs_timing_latency(b->timing, &b->wiring->links[l]));
  }
  return least;
}

/* A link carries so many vectors. */
static int64_t queue_cycles(const rs__bounder *b, int64_t slots) {
  const rs_timing *t = b->timing;
  if (slots == 0) return 0;
  return t->send_cycles + rs_timing_slots(t, slots - 1) + rs__bound_latency_min(b) +
         t->receive_cycles;
}

static rs_status compute_bound(rs__bounder *b, rs_bound *bound) {
  const rs_timing *t = b->timing;
  rs_status status = rs__bound_init(b);
  if (status != RS_OK || b->request->chip_count == 1) return status;
  int64_t farthest = 0;
  status = measure_farthest(b, &farthest);
  if (status == RS_OK) status = bound_traffic(b);
  if (status != RS_OK) return status;
  int64_t ends = t->send_cycles + t->receive_cycles;
  int64_t way = farthest - t->forward_cycles; /* the last hop ends in SRAM */
  bound->latency_cycles = ends + way + (rs__kind_adds(b->request->kind) ? t->add_cycles : 0);
  int64_t tree_slots;
  status = rs__bound_trees(b, &tree_slots); /* and more sets */
  if (status != RS_OK) return status;
  bound->bandwidth_cycles = queue_cycles(b, b->slots);
  bound->tree_cycles = queue_cycles(b, tree_slots);
  status = rs__bound_pairs(b, &bound->pair_cycles);
  if (status == RS_OK) status = rs__bound_sums(b, &bound->sum_cycles);
  bound->cycles = RS_MAX(bound->latency_cycles, bound->bandwidth_cycles);
  bound->cycles = RS_MAX(bound->cycles, bound->pair_cycles);
  bound->cycles = RS_MAX(bound->cycles, bound->sum_cycles);
  bound->cycles = RS_MAX(bound->cycles, bound->tree_cycles);
  return status;
}

rs_status rs_collective_bound(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                              const rs_collective_request *request, rs_bound *bound,
                              rs_diag *diag) {
  rs__bounder b = {.wiring = wiring, .timing = timing, .request = request, .diag = diag};
  *bound = (rs_bound){.cycles = 0};
  b.arena = rs_arena_create(0);
  if (b.arena == NULL) return rs_arena_failed(arena, diag);
  rs_status status = compute_bound(&b, bound);
  rs_arena_destroy(b.arena);
  return status;
}

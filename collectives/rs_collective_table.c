/*
 * The table of algorithms: a name and a line for people, and what the compiler needs of each row.
 * docs/collectives.md says more about each. In the formulas: N chips, V vectors of a message, b of a
 * block, d links a chip, L the cost of a hop.
 */
#include "rs__collective.h"

#define RS__FOREST_CHIPS_MAX 640
#define RS__SINGLE_CHIPS_MAX 1024
#define RS__PIECES_CHIPS_MAX 320 /* growing trees for several blocks a chip takes the longer */
#define RS__PIECES_MAX 4
#define RS__SHARED_PIECES_CHIPS_MAX 200 /* as does choosing shared trees several times */
#define RS__MANY_PIECES_CHIPS_MAX 128
#define RS__MANY_PIECES 8
#define RS__LONG_VECTORS 8

static const rs_collective_algorithm algorithms[] = {
    {RS_ALL_REDUCE, "one-shot", "every input to every chip, added on arrival; L + (N-1)V/d slots"},
    {RS_ALL_REDUCE, "shared-trees",
     "a tree of least depth to every chip, equal sums sent once; diameter L + 2 V slots or more"},
    {RS_ALL_REDUCE, "shared-cores",
     "up to a core beside every chip, shared trees among cores, down; (diameter + 2) L + V slots"},
    {RS_ALL_REDUCE, "exchange", "in nodes, between nodes, in nodes; 3 L + 3 V slots or more"},
    {RS_ALL_REDUCE, "dimensions",
     "grids of full meshes, one dimension after the other; diameter L + V/dimensions slots"},
    {RS_ALL_REDUCE, "nested-exchange",
     "in racks, between racks, in racks; 7 L + 5 V slots or more"},
    {RS_ALL_REDUCE, "hierarchical",
     "shards up to a full mesh (a node), across, down; (2 r + 1) L + 2(N-1)V/(Nd) slots or more"},
    {RS_ALL_REDUCE, "balanced-hierarchical",
     "the same on trees grown together; as many hops, even loads"},
    {RS_ALL_REDUCE, "reduce-scatter+all-gather",
     "shards up trees and down again; 2 diameter L + 2(N-1)V/(Nd) slots"},
    {RS_ALL_REDUCE, "balanced-trees",
     "a shard a chip, on trees grown together; longer ways, 2 ceil((N-1)/d) V/N slots"},
    {RS_ALL_REDUCE, "packed-trees",
     "trees of any length that load every link alike; 2(N-1)V/links slots"},
    {RS_ALL_REDUCE, "staggered-trees",
     "the same in turns: shards spread while others are summed up"},
    {RS_ALL_REDUCE, "ring", "shards around the group's ring; 2(N-1) L + 2V(N-1)/(2N) slots"},
    {RS_ALL_REDUCE, "halving-doubling", "shards on binomial trees; 2 log2(N) L + V slots or less"},
    {RS_REDUCE_SCATTER, "trees", "each block up a tree to its owner; diameter L + (N-1)b/d slots"},
    {RS_REDUCE_SCATTER, "balanced-trees",
     "trees grown together; longer ways, ceil((N-1)/d) b slots"},
    {RS_REDUCE_SCATTER, "ring", "blocks around the group's ring; (N-1) L + (N-1)b/2 slots"},
    {RS_REDUCE_SCATTER, "halving-doubling", "blocks on binomial trees; log2(N) L + Nb/2 slots"},
    {RS_ALL_GATHER, "rotated-trees",
     "trees that are alike in every rack, a node's blocks in a burst; ceil((N-1)/d) b slots"},
    {RS_ALL_GATHER, "trees", "each block down a tree from its chip; diameter L + (N-1)b/d slots"},
    {RS_ALL_GATHER, "balanced-trees", "trees grown together; longer ways, ceil((N-1)/d) b slots"},
    {RS_ALL_GATHER, "ring", "blocks around the group's ring; (N-1) L + (N-1)b/2 slots"},
    {RS_ALL_GATHER, "halving-doubling", "blocks on binomial trees; log2(N) L + Nb/2 slots"},
    {RS_BROADCAST, "trees", "pieces down trees of minimal paths; eccentricity L + V slots"},
    {RS_BROADCAST, "scatter+all-gather",
     "shards to chips, from there down trees; 2 diameter L + V/d slots"},
    {RS_BROADCAST, "balanced-trees", "the same on trees grown together; longer ways, V/d slots"},
    {RS_BROADCAST, "disjoint-trees",
     "trees from the root that share no link; their depth L + V/d slots"},
    {RS_REDUCE, "trees", "pieces up trees of minimal paths; eccentricity L + V slots"},
    {RS_REDUCE, "reduce-scatter+gather",
     "shards up trees to chips, from there to the root; 2 diameter L + V/d slots"},
    {RS_REDUCE, "balanced-trees", "the same on trees grown together; longer ways, V/d slots"},
    {RS_REDUCE, "disjoint-trees",
     "trees to the root that share no link; their depth L + V/d slots"},
    {RS_SCATTER, "paths", "minimal paths from the root; eccentricity L + (N-1)b/d slots"},
    {RS_GATHER, "paths", "minimal paths to the root; eccentricity L + (N-1)b/d slots"},
    {RS_ALL_TO_ALL, "paths", "minimal paths; diameter L + (sum of distances)b/d slots"},
    {RS_ALL_TO_ALL, "gateways",
     "dragonfly of a = 2h: local, global, local on a fixed timetable; 3 L + (a^2+2)b slots"},
    {RS_ALL_TO_ALL, "racks",
     "racks of nodes: a node's vectors for a rack together, detours over third racks"},
    {RS_SEND, "paths", "minimal paths, pieces over equals; distance L + V/paths slots"},
    {RS_SEND, "detours", "minimal and longer paths, ending together; distance L + V/ports slots"},
};

const rs_collective_algorithm *rs_collective_algorithms(size_t *count) {
  *count = RS_COUNT_OF(algorithms);
  return algorithms;
}

/* ---- what to try ---- */

/* Appends `value` clipped to 1 … limit, unless it is there. */
static size_t offer(int64_t *list, size_t count, int64_t value, int64_t limit) {
  value = RS_MAX(1, RS_MIN(value, limit));
  for (size_t i = 0; i < count; i++) {
    if (list[i] == value) return count;
  }
  list[count] = value;
  return count + 1;
}

/* About n shards, all of the same number of vectors but the last: ⌈V / ⌈V/n⌉⌉. */
static int64_t even_shards(const rs__plan *plan, int64_t n) {
  return rs_ceil_div_i64(plan->block, rs_ceil_div_i64(plan->block, n));
}

static size_t splits_one(const rs__plan *plan, int64_t *list) {
  return offer(list, 0, 1, plan->block);
}

/* Pieces a block: more than one only helps where there is more than one way, and not where many
 * pairs fill the ways anyhow. */
static size_t splits_pieces(const rs__plan *plan, int64_t *list) {
  bool is_crowded = plan->request->kind == RS_ALL_TO_ALL && plan->member_count > 64;
  size_t count = offer(list, 0, 1, plan->block);
  if ((plan->is_mesh && plan->request->kind != RS_SEND) || is_crowded) return count;
  count = offer(list, count, 2, plan->block);
  return offer(list, count, 4, plan->block);
}

/* A message of which every chip has so many vectors that slots, not hops, are what takes time: fewer
 * shards than chips, and ways around hops, need not be tried. */
static bool is_long(const rs__plan *plan) {
  return plan->block / RS__LONG_VECTORS >= plan->member_count;
}

/* Shards of the message: as many as chips for the load, fewer for latency, more for evenness. */
static size_t splits_shards(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  /* A broadcast's root owns no shard: it has them all. */
  if (plan->request->kind == RS_BROADCAST) n = RS_MAX(1, n - 1);
  size_t count = offer(list, 0, n, plan->block);
  if (plan->is_mesh) return count;
  bool is_all_reduce = plan->request->kind == RS_ALL_REDUCE;
  if (is_all_reduce && is_long(plan)) return offer(list, count, 2 * n, plan->block);
  count = offer(list, count, even_shards(plan, n), plan->block);
  count = offer(list, count, n / 4, plan->block);
  count = offer(list, count, n / 16, plan->block);
  count = offer(list, count, 1, plan->block);
  return offer(list, count, 2 * n, plan->block);
}

/* What a hop costs, in cycles. */
static int64_t hop_cycles(const rs__plan *plan) {
  const rs_timing *t = plan->timing;
  return t->latency_cycles[RS_CABLE_RACK] + t->forward_cycles + t->add_cycles;
}

static int64_t message_cycles(const rs__plan *plan) {
  return rs_timing_slots(plan->timing, RS_MIN(plan->block, INT64_C(1) << 20));
}

/* Every link carries the input and one sum at least: for messages of which two take less time than what a tree of
 * depth four there and back has more hops; with very many chips, where choosing trees takes long, than one hop.
 * Pieces have trees of their own, which evens out what links carry. */
static size_t splits_shared(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  bool is_large = n > RS__PIECES_CHIPS_MAX;
  if (plan->is_mesh || n < 3 || n > RS__FOREST_CHIPS_MAX) return 0;
  if (2 * message_cycles(plan) > (is_large ? 1 : 4) * hop_cycles(plan)) return 0;
  size_t count = offer(list, 0, 1, plan->block);
  if (n > RS__SHARED_PIECES_CHIPS_MAX) return count;
  count = offer(list, count, 4, plan->block);
  return n <= RS__MANY_PIECES_CHIPS_MAX ? offer(list, count, 8, plan->block) : count;
}

/* Shards, each with cores of its own: where a tree there and back has two hops more, and these take longer than
 * the vectors that a link carries for the cores. */
static size_t splits_shared_cores(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (plan->is_mesh || n < 4 || n > RS__SHARED_PIECES_CHIPS_MAX) return 0;
  if (message_cycles(plan) > 4 * hop_cycles(plan)) return 0;
  return offer(list, 0, n, plan->block);
}

/* Pieces go over different gateways; with many nodes every chip is one for any single piece. */
static size_t splits_exchange(const rs__plan *plan, int64_t *list) {
  size_t count = offer(list, 0, 1, plan->block);
  if (plan->member_count <= 144) count = offer(list, count, 4, plan->block);
  if (plan->member_count <= 80) count = offer(list, count, 8, plan->block);
  return count;
}

/* Links of a node carry the message five times, trees down and up take about twice the hops: for
 * messages that take less time than seven hops. */
static size_t splits_nested(const rs__plan *plan, int64_t *list) {
  const rs_timing *t = plan->timing;
  int64_t hop = t->latency_cycles[RS_CABLE_NODE] + t->forward_cycles + t->add_cycles;
  bool is_short = rs_timing_slots(t, RS_MIN(plan->block, INT64_C(1) << 20) * 3) <= 7 * hop;
  if (!is_short || plan->wiring->rack_of == NULL) return 0;
  return offer(list, offer(list, 0, 2, 2), 1, 2); /* straight to nodes, or to racks */
}

/* Growing trees pays where there is a choice, and costs N² of memory. */
static bool wants_forest(const rs__plan *plan) {
  return !plan->is_mesh && plan->member_count > 2 && plan->member_count <= RS__FOREST_CHIPS_MAX;
}

/* Dimensions that share out, and one: none for the shortest messages, all for the longest. */
static size_t splits_dimensions(const rs__plan *plan, int64_t *list) {
  size_t count = 0;
  if (plan->is_mesh) return 0;
  for (int64_t shared_out = 0; shared_out < RS__SPLITS_MAX; shared_out++) {
    if (plan->member_count >> shared_out == 0) break; /* a dimension has two chips at least */
    list[count++] = shared_out + 1;
  }
  return count;
}

static size_t splits_balanced_hierarchical(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (!wants_forest(plan) || n < 4 || (is_long(plan) && n > RS__MANY_PIECES_CHIPS_MAX)) return 0;
  size_t count = offer(list, 0, even_shards(plan, n), plan->block);
  count = offer(list, count, n, plan->block);
  return offer(list, count, n / 2, plan->block);
}

/* Shards, each with a core of its own. */
static size_t splits_hierarchical(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (plan->is_mesh || n < 4 || n > RS__FOREST_CHIPS_MAX) return 0;
  if (is_long(plan) && n > RS__MANY_PIECES_CHIPS_MAX) return 0;
  size_t count = offer(list, 0, n, plan->block);
  count = offer(list, count, n / 2, plan->block);
  count = offer(list, count, n / 8, plan->block);
  return offer(list, count, n / 32, plan->block);
}

static uint32_t least_links_in(const rs__plan *plan) {
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    const uint32_t *first = &plan->wiring->in_first[plan->members[i]];
    least = RS_MIN(least, first[1] - first[0]);
  }
  return least;
}

/* Blocks a chip that lose least to rounding: with p of them a unit all-gather takes ⌈p(N−1)/d⌉
 * slots, not p⌈(N−1)/d⌉. The fewest of those that are best. */
static int64_t even_pieces(const rs__plan *plan) {
  int64_t others = plan->member_count - 1;
  int64_t links = RS_MAX(1, least_links_in(plan));
  int64_t best = 1;
  if (plan->member_count > RS__PIECES_CHIPS_MAX) return 1;
  for (int64_t p = 2; p <= RS__PIECES_MAX; p++) {
    int64_t slots = rs_ceil_div_i64(p * others, links);
    if (slots * best < rs_ceil_div_i64(best * others, links) * p) best = p;
  }
  return best;
}

static size_t splits_forest(const rs__plan *plan, int64_t *list) {
  if (!wants_forest(plan)) return 0;
  size_t count = offer(list, 0, 1, 1);
  return offer(list, count, even_pieces(plan), plan->block);
}

static size_t splits_forest_shards(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (!wants_forest(plan)) return 0;
  if (plan->request->kind != RS_ALL_REDUCE) {
    if (plan->request->kind == RS_BROADCAST) n--; /* the root owns no shard */
    return n <= plan->block ? offer(list, 0, n, n) : 0;
  }
  size_t count = offer(list, 0, even_shards(plan, n), plan->block);
  count = offer(list, count, n, plan->block);
  count = offer(list, count, even_pieces(plan) * n, plan->block);
  /* The last slots of growing leave links idle; with more blocks that is a smaller part. */
  if (n <= RS__MANY_PIECES_CHIPS_MAX) count = offer(list, count, RS__MANY_PIECES * n, plan->block);
  if (is_long(plan)) return count;
  count = offer(list, count, n / 2, plan->block);
  return offer(list, count, n / 4, plan->block);
}

/* Of the chips but the root, those by which they receive, or send to it. */
static uint32_t least_links(const rs__plan *plan) {
  const uint32_t *first =
      plan->request->kind == RS_REDUCE ? plan->wiring->out_first : plan->wiring->in_first;
  uint32_t least = UINT32_MAX;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t chip = plan->members[i];
    if (chip != plan->request->root) least = RS_MIN(least, first[chip + 1] - first[chip]);
  }
  return least;
}

static uint32_t most_links_in(const rs__plan *plan) {
  uint32_t most = 0;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    const uint32_t *first = &plan->wiring->in_first[plan->members[i]];
    most = RS_MAX(most, first[1] - first[0]);
  }
  return most;
}

/* As many trees as a chip has links, and fewer, which are lower; growing takes links · trees searches. */
static size_t splits_disjoint(const rs__plan *plan, int64_t *list) {
  int64_t links = RS_MAX(1, least_links(plan));
  if (plan->member_count < 2 || plan->member_count > RS__FOREST_CHIPS_MAX) return 0;
  size_t count = offer(list, 0, links, plan->block);
  if (is_long(plan)) return count;
  count = offer(list, count, rs_ceil_div_i64(3 * links, 4), plan->block);
  count = offer(list, count, rs_ceil_div_i64(links, 2), plan->block);
  return offer(list, count, rs_ceil_div_i64(links, 4), plan->block);
}

/* Several shards a chip, for resolution; only where slots are what takes time, and where chips have unequal
 * numbers of links: otherwise balanced trees are as even. */
static size_t splits_packed(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (!wants_forest(plan) || !is_long(plan)) return 0;
  if (most_links_in(plan) == least_links_in(plan)) return 0;
  size_t count = offer(list, 0, n, plan->block);
  if (n > RS__PIECES_CHIPS_MAX) return offer(list, count, 2 * n, plan->block);
  count = offer(list, count, 4 * n, plan->block);
  if (n <= RS__MANY_PIECES_CHIPS_MAX) count = offer(list, count, 16 * n, plan->block);
  return count;
}

/* Turns fill the links while sums turn round: of use where slots and hops are about as long. */
static size_t splits_staggered(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (!wants_forest(plan) || is_long(plan) || plan->block < n / 4) return 0;
  size_t count = offer(list, 0, even_shards(plan, n), plan->block);
  return offer(list, count, n, plan->block);
}

/* Chips of the first node, if all nodes are as large and chips of a node stand side by side. */
static uint32_t node_size(const rs__plan *plan) {
  const uint32_t *node_of = plan->wiring->node_of;
  uint32_t n = plan->wiring->chip_count, size = 1;
  if (node_of == NULL) return 1;
  while (size < n && node_of[size] == node_of[0]) size++;
  for (uint32_t chip = 0; chip < n; chip++) {
    if (node_of[chip] != node_of[chip - chip % size]) return 1;
  }
  return n % size == 0 ? size : 1;
}

/* Chips whose blocks travel together: none where single blocks are not too many bursts. */
static size_t splits_rotated(const rs__plan *plan, int64_t *list) {
  int64_t n = plan->member_count;
  if (plan->is_mesh || n < 3) return 0;
  if (n <= RS__SINGLE_CHIPS_MAX) return offer(list, 0, 1, 1);
  return offer(list, 0, node_size(plan), n);
}

/* ---- how many bursts, at least ---- */

/* a·b for a, b ≥ 0, at most INT64_MAX. */
static int64_t times(int64_t a, int64_t b) {
  int64_t product = INT64_MAX;
  (void)rs_mul_i64(a, b, &product);
  return product;
}

static int64_t bursts_to_all(const rs__plan *plan, int64_t splits) {
  return times(plan->member_count - 1, splits);
}

/* As many shards as chips, or as vectors when those are fewer. */
static int64_t bursts_shards(const rs__plan *plan, int64_t splits) {
  int64_t shards = RS_MIN(plan->member_count, plan->block);
  return times(shards, times(2 * (int64_t)(plan->member_count - 1), splits));
}

/* An input over each link of a member. */
static int64_t bursts_links(const rs__plan *plan, int64_t splits) {
  return times(plan->wiring->link_count, splits);
}

static int64_t bursts_there_back(const rs__plan *plan, int64_t splits) {
  return times(2 * (int64_t)(plan->member_count - 1), splits);
}

static int64_t bursts_pairs(const rs__plan *plan, int64_t splits) {
  return times(plan->member_count, bursts_to_all(plan, splits));
}

static int64_t bursts_rotated(const rs__plan *plan, int64_t run) {
  int64_t n = plan->member_count;
  return times(n, n / run - 1 + run - 1);
}

/* Of one rack, before it is turned: its chips' vectors for all. */
static int64_t bursts_racks(const rs__plan *plan, int64_t splits) {
  uint32_t n = plan->member_count, rack = 0;
  const uint32_t *rack_of = plan->wiring->rack_of;
  while (rack_of != NULL && rack < n && rack_of[rack] == rack_of[0]) rack++;
  return times(times(rack, n), splits);
}

static int64_t bursts_send(const rs__plan *plan, int64_t splits) {
  return times(plan->request->chip_count / 2, splits);
}

/* ---- what cannot be undercut ---- */

static int64_t floor_none(const rs__plan *plan) {
  (void)plan;
  return 0;
}

/* N−1 whole messages come into every chip. */
static int64_t floor_into_each(const rs__plan *plan) {
  uint32_t least = least_links_in(plan);
  if (least == 0) return 0;
  return rs_ceil_div_i64(times(plan->member_count - 1, plan->block), least);
}

static const rs__row rows[] = {
    {rs__build_one_shot, splits_pieces, bursts_pairs, floor_into_each, false},
    {rs__build_shared_trees, splits_shared, bursts_links, floor_none, false},
    {rs__build_shared_cores, splits_shared_cores, bursts_there_back, floor_none, false},
    {rs__build_exchange, splits_exchange, bursts_to_all, floor_none, false},
    {rs__build_dimensions, splits_dimensions, bursts_to_all, floor_none, false},
    {rs__build_nested_exchange, splits_nested, bursts_to_all, floor_none, false},
    {rs__build_hierarchical, splits_hierarchical, bursts_there_back, floor_none, true},
    {rs__build_balanced_hierarchical, splits_balanced_hierarchical, bursts_there_back, floor_none,
     true},
    {rs__build_all_reduce_shards, splits_shards, bursts_there_back, floor_none, false},
    {rs__build_all_reduce_forest, splits_forest_shards, bursts_there_back, floor_none, true},
    {rs__build_packed_trees, splits_packed, bursts_there_back, floor_none, false},
    {rs__build_staggered_forest, splits_staggered, bursts_there_back, floor_none, true},
    {rs__build_ring, splits_one, bursts_shards, floor_none, false},
    {rs__build_halving, splits_one, bursts_shards, floor_none, false},
    {rs__build_reduce_scatter, splits_pieces, bursts_pairs, floor_none, false},
    {rs__build_reduce_scatter_forest, splits_forest, bursts_pairs, floor_none, false},
    {rs__build_ring, splits_one, bursts_pairs, floor_none, false},
    {rs__build_halving, splits_one, bursts_pairs, floor_none, false},
    {rs__build_all_gather_rotated, splits_rotated, bursts_rotated, floor_into_each, false},
    {rs__build_all_gather, splits_pieces, bursts_pairs, floor_into_each, false},
    {rs__build_all_gather_forest, splits_forest, bursts_pairs, floor_into_each, false},
    {rs__build_ring, splits_one, bursts_pairs, floor_into_each, false},
    {rs__build_halving, splits_one, bursts_pairs, floor_into_each, false},
    {rs__build_broadcast_trees, splits_pieces, bursts_to_all, floor_none, false},
    {rs__build_broadcast_shards, splits_shards, bursts_to_all, floor_none, false},
    {rs__build_broadcast_forest, splits_forest_shards, bursts_to_all, floor_none, false},
    {rs__build_broadcast_arborescences, splits_disjoint, bursts_to_all, floor_none, false},
    {rs__build_reduce_trees, splits_pieces, bursts_to_all, floor_none, false},
    {rs__build_reduce_shards, splits_shards, bursts_to_all, floor_none, false},
    {rs__build_reduce_forest, splits_forest_shards, bursts_to_all, floor_none, false},
    {rs__build_reduce_arborescences, splits_disjoint, bursts_to_all, floor_none, false},
    {rs__build_scatter, splits_pieces, bursts_to_all, floor_none, false},
    {rs__build_gather, splits_pieces, bursts_to_all, floor_none, false},
    {rs__build_all_to_all, splits_pieces, bursts_pairs, floor_none, false},
    {rs__build_gateways, splits_one, bursts_pairs, floor_none, false},
    {rs__build_racks, splits_one, bursts_racks, floor_none, false},
    {rs__build_send, splits_pieces, bursts_send, floor_none, false},
    {rs__build_detours, splits_one, bursts_send, floor_none, false},
};
_Static_assert(RS_COUNT_OF(rows) == RS_COUNT_OF(algorithms), "a row each");

const rs__row *rs__row_at(size_t index) {
  assert(index < RS_COUNT_OF(rows));
  return &rows[index];
}

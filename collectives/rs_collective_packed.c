/*
 * All-reduce of long messages on trees that load every link alike (rs_plan_packed.c).
 *
 * Each of some hundred trees carries its share of the message in rounds: so much up the in-tree to its
 * root and down the out-tree from there. In a round every link carries about the same; what is left of time to
 * lose is at the end. While links have a choice, they are busy: a chip's own input can always be sent for a
 * later round. At last only vectors are left that wait for others, a few bursts for every hop. So rounds become
 * shorter, and with them what a burst of the last one takes.
 *
 * What goes first on a link is due first: a shard is due when all before it are through, a hop that is not the
 * last one of its way as much earlier as each hop behind it is expected to wait. So sums are made when they are
 * to be spread, not much before it, which keeps work for links for later.
 */
#include "rs__packed.h"

#define RS__TREES_LEAST 128
/* Of 1 to 8 slots what served realscale:576, polarfly:7, polarfly:13, kautz:3,3 and grids well: less loses
 * where trees are low, more where they are high. */
#define RS__WAIT_SLOTS 2
/* A round to the one before it. */
#define RS__ROUND_NUM 3
#define RS__ROUND_DEN 4
#define RS__ROUNDS_MAX 24  /* powers of RS__ROUND_DEN have names */
#define RS__WORK (1 << 24) /* all of it, in ranks */
#define RS__RANKED_HOPS_MAX 64

static int64_t links_inside(const rs__plan *plan) {
  const rs_wiring *w = plan->wiring;
  int64_t links = 0;
  for (uint32_t l = 0; l < w->link_count; l++) {
    links +=
        plan->position[w->links[l].from] != RS_NONE && plan->position[w->links[l].to] != RS_NONE;
  }
  return RS_MAX(links, 1);
}

/* Trees there and back have 2(N − 1) links each, x on a link, of which the busiest has ⌈x⌉ if there is a little
 * room for moves: so that ⌈x + 1/16⌉/x is least. */
uint32_t rs__packed_count(const rs__plan *plan) {
  int64_t n = plan->member_count, links = links_inside(plan);
  int64_t least = RS_MAX(RS__TREES_LEAST, n * 2 / 5), best = least, best_load = 0;
  for (int64_t trees = least; trees <= 2 * least; trees++) {
    int64_t load = (32 * (n - 1) * trees + links) / (16 * links) + 1;
    if (best_load != 0 && load * best >= best_load * trees) continue;
    best = trees;
    best_load = load;
  }
  return (uint32_t)best;
}

/* What of a tree's run goes in a round: the rounds are a geometric series. */
static rs__run part_of_round(rs__run run, uint32_t rounds, uint32_t round) {
  int64_t weight = 1, whole = 0, before = 0;
  for (uint32_t r = 1; r < rounds; r++) weight *= RS__ROUND_DEN;
  int64_t weight_now = weight;
  for (uint32_t r = 0; r < rounds; r++) {
    if (r < round) before += weight;
    if (r == round) weight_now = weight;
    whole += weight;
    weight = weight / RS__ROUND_DEN * RS__ROUND_NUM;
  }
  int64_t begin = (int64_t)((rs_int128)run.count * before / whole);
  int64_t end = (int64_t)((rs_int128)run.count * (before + weight_now) / whole);
  return (rs__run){run.offset + begin, end - begin};
}

typedef struct row {
  rs__plan *plan;
  rs_route_tree in, out; /* of the shard at hand */
  uint32_t *below;       /* [chip] hops of the out-tree to the farthest chip of its branch */
  uint32_t left;         /* work from the shard at hand on, of RS__WORK */
  uint32_t wait;         /* what a hop is expected to wait, the same */
} row;

static void rank_in_tree(const row *r) {
  for (uint32_t i = 0; i < r->in.order_count; i++) {
    uint32_t chip = r->in.order[i], hops = r->in.depth[chip] + r->below[r->out.root];
    r->plan->rank_of[chip] = r->left + r->wait * RS_MIN(hops, RS__RANKED_HOPS_MAX);
  }
}

static void rank_out_tree(const row *r) {
  for (uint32_t i = 0; i < r->out.order_count; i++) {
    uint32_t chip = r->out.order[i];
    r->plan->rank_of[chip] = r->left + r->wait * RS_MIN(r->below[chip], RS__RANKED_HOPS_MAX);
  }
}

static void measure_branches(const row *r) {
  for (uint32_t i = 0; i < r->out.order_count; i++) r->below[r->out.order[i]] = 0;
  for (uint32_t i = r->out.order_count; i-- > 1;) {
    uint32_t chip = r->out.order[i], from = r->plan->wiring->links[r->out.link[chip]].from;
    r->below[from] = RS_MAX(r->below[from], r->below[chip] + 1);
  }
}

static rs_status move_shard(row *r, const rs__packed *packed, uint32_t k, rs__run shard) {
  rs__plan *plan = r->plan;
  rs_status status = rs__packed_tree(plan, packed, k, /*toward_root=*/true, &r->in);
  if (status == RS_OK) status = rs__packed_tree(plan, packed, k, /*toward_root=*/false, &r->out);
  if (status != RS_OK) return status;
  measure_branches(r);
  rank_in_tree(r);
  uint32_t sum = rs__plan_reduce_tree(plan, &r->in, shard, /*is_result=*/true);
  rs__origin origin = {RS_BUFFER_OUT, shard.offset, sum};
  rank_out_tree(r);
  rs__plan_spread_tree(plan, &r->out, &origin, shard, RS_NONE);
  return plan->status;
}

/* Vectors that a link carries in the time of a hop. */
static int64_t hop_vectors(const rs_timing *t) {
  int64_t hop = t->latency_cycles[RS_CABLE_NODE] + t->forward_cycles + t->add_cycles;
  return (int64_t)((rs_int128)hop * t->slot_den / t->slot_num);
}

/* A round of shards. A hop waits while bursts of the round before are on its link. */
static rs_status move_round(row *r, const rs__packed *packed, uint32_t rounds, uint32_t round,
                            int64_t *done) {
  rs__plan *plan = r->plan;
  uint32_t trees = packed->trees;
  rs_status status = RS_OK;
  rs__run all = {0, plan->block};
  rs__run before = part_of_round(rs__run_part(all, trees, 0), rounds, round == 0 ? 0 : round - 1);
  /* in which time links carry links / 2(N − 1) times as much of the work */
  rs_int128 wait = RS__WAIT_SLOTS * (rs_int128)before.count + hop_vectors(plan->timing);
  wait = wait * links_inside(plan) * RS__WORK / (2 * (plan->member_count - 1)) / plan->block;
  r->wait = (uint32_t)RS_MIN(wait, RS__WORK);
  for (uint32_t k = 0; k < trees && status == RS_OK; k++) {
    rs__run shard = part_of_round(rs__run_part(all, trees, k), rounds, round);
    if (shard.count == 0) continue;
    r->left = (uint32_t)((rs_int128)(plan->block - *done) * RS__WORK / plan->block);
    status = move_shard(r, packed, k, shard);
    *done += shard.count;
  }
  return status;
}

rs_status rs__build_packed_trees(rs__plan *plan) {
  uint32_t n = plan->member_count, trees = rs__packed_count(plan);
  uint32_t rounds = (uint32_t)RS_MAX(1, RS_MIN(plan->variant.splits / trees, RS__ROUNDS_MAX));
  uint32_t *roots = RS_ARENA_NEW(plan->arena, uint32_t, trees);
  row r = {.plan = plan};
  r.below = RS_ARENA_NEW(plan->arena, uint32_t, plan->wiring->chip_count);
  if (roots == NULL || r.below == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t k = 0; k < trees; k++) roots[k] = (uint32_t)((uint64_t)k * n / trees) % n;
  rs__packed packed;
  int64_t done = 0;
  rs_status status = rs__plan_packed(plan, roots, trees, &packed);
  for (uint32_t round = 0; round < rounds && status == RS_OK; round++) {
    status = move_round(&r, &packed, rounds, round, &done);
  }
  return status;
}

/*
 * Rows whose trees follow a rule of the members' numbers instead of the wiring: the textbook ones.
 *
 *   ring               shard s runs once around the ring of the group: members i and i + 1 must have
 *                      links; shards alternate between the two directions. Patarasso, Yuan 2009
 *   halving-doubling   shard s runs down a binomial tree, the highest differing bit first: members
 *                      whose numbers differ in one bit must have links. Rabenseifner 2004; Thakur,
 *                      Rabenseifner, Gropp 2005
 *
 * Both are trees of a shard: member r places after the owner hangs on a member before it (r − 1; or r
 * without its highest bit). So they are built like all others, and forwarded vector by vector.
 */
#include "rs__collective.h"

typedef struct rule {
  rs__plan *plan;
  uint32_t n;
  bool binomial;
  rs_route_tree tree;
} rule;

/* The chip that is `r` after the owner. */
static uint32_t chip_after(const rule *u, uint32_t owner, uint32_t r) {
  if (u->binomial) return u->plan->members[owner ^ r];
  bool forward = owner % 2 == 0;
  return u->plan->members[(owner + (forward ? r : u->n - r)) % u->n];
}

static uint32_t parent_of(const rule *u, uint32_t r) {
  if (!u->binomial) return r - 1;
  uint32_t bit = 1;
  while (2 * bit <= r) bit *= 2;
  return r - bit;
}

/* The least loaded link, which is counted. */
static uint32_t take_link(rs__plan *plan, uint32_t from, uint32_t to) {
  uint32_t best = rs__plan_find_link(plan, from, to);
  if (best != RS_NONE) plan->link_load[best]++;
  return best;
}

static rs_status fill_tree(rule *u, uint32_t owner, bool toward_root) {
  u->tree.root = u->plan->members[owner];
  u->tree.toward_root = toward_root;
  u->tree.order_count = u->n;
  u->tree.order[0] = u->tree.root;
  for (uint32_t r = 1; r < u->n; r++) {
    uint32_t chip = chip_after(u, owner, r), parent = chip_after(u, owner, parent_of(u, r));
    uint32_t link =
        toward_root ? take_link(u->plan, chip, parent) : take_link(u->plan, parent, chip);
    if (link == RS_NONE) {
      return rs_diag_set(u->plan->diag, RS_E_INFEASIBLE, "chips %u and %u have no link", chip,
                         parent);
    }
    u->tree.order[r] = chip;
    u->tree.link[chip] = link;
  }
  return RS_OK;
}

static rs_status init_rule(rule *u) {
  rs__plan *plan = u->plan;
  uint32_t chips = plan->wiring->chip_count;
  u->n = plan->member_count;
  if (u->n < 2 || (u->binomial && (u->n & (u->n - 1)) != 0)) {
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "the group is not a power of two");
  }
  u->tree.chip_count = chips;
  u->tree.link = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  u->tree.order = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  if (u->tree.link == NULL || u->tree.order == NULL)
    return rs_arena_failed(plan->arena, plan->diag);
  return RS_OK;
}

/* Sums `run` up to the owner and spreads it again, or one of the two. */
static rs_status move_shard(rule *u, uint32_t owner, rs__run run, bool sums, bool spreads) {
  rs_status status = RS_OK;
  rs__origin origin = {RS_BUFFER_IN, 0, RS_NONE};
  if (sums) {
    status = fill_tree(u, owner, /*toward_root=*/true);
    if (status != RS_OK) return status;
    origin.buffer = RS_BUFFER_OUT;
    origin.offset = run.offset;
    origin.after = rs__plan_reduce_tree(u->plan, &u->tree, run, /*is_result=*/true);
  }
  if (spreads) {
    status = fill_tree(u, owner, /*toward_root=*/false);
    if (status != RS_OK) return status;
    rs__plan_spread_tree(u->plan, &u->tree, &origin, run, RS_NONE);
  }
  return u->plan->status;
}

static rs_status build(rs__plan *plan, bool binomial) {
  rule u = {.plan = plan, .binomial = binomial};
  rs_status status = init_rule(&u);
  bool is_all_reduce = plan->request->kind == RS_ALL_REDUCE;
  rs__run whole = {0, plan->block};
  for (uint32_t i = 0; i < u.n && status == RS_OK; i++) {
    rs__run run =
        is_all_reduce ? rs__run_part(whole, u.n, i) : (rs__run){i * plan->block, plan->block};
    if (run.count == 0) continue; /* fewer vectors than chips */
    status = move_shard(&u, i, run, plan->request->kind != RS_ALL_GATHER,
                        plan->request->kind != RS_REDUCE_SCATTER);
  }
  return status;
}

rs_status rs__build_ring(rs__plan *plan) {
  return build(plan, /*binomial=*/false);
}

rs_status rs__build_halving(rs__plan *plan) {
  return build(plan, /*binomial=*/true);
}

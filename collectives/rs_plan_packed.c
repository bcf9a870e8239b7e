/*
 * Trees there and back that load every link alike.
 *
 * A long message is cut into shards; each is summed up an in-tree to its owner and goes down an out-tree from
 * there. What then takes time is the busiest link, and 2(N − 1) links a shard over all links is the least that
 * it can carry. Trees grown for all-gather alone and turned around for the sums do not reach that
 * where chips have unequal numbers of links: a chip with few of them must receive as much as others, so
 * it should send little. So here in-trees and out-trees are grown against the load of both.
 *
 * A tree is grown breadth first over links that carry no more than their share of what was grown before it;
 * when these reach no further, the least loaded link to a new chip is taken. Then links above their share give
 * branches away: a chip takes another link toward the root, one that has room, while that helps.
 *
 * Ways may be long and differ in length; that is for messages whose slots take much longer than a hop.
 * O(trees · links) to grow, O(moves · trees · depth) to balance.
 */
#include <string.h>

#include "rs__packed.h"

#define RS__BALANCE_PASSES 40
/* Trees above the share that a link may have while they grow: more makes trees lower, less keeps loads even
 * over any stretch of shards, as they must be if no link is to wait. */
#define RS__SHARE_SLACK 2

typedef struct packer {
  rs__plan *plan;
  rs__packed *packed;
  uint32_t *load; /* [link] trees that use it */
  uint32_t links; /* between members */
  uint32_t *queue;
  uint32_t *depth; /* [place] of the tree at hand */
  uint64_t grown;  /* links in trees so far */
  uint32_t stride; /* from a tree to the next that is balanced */
} packer;

static uint32_t place_at(const packer *p, uint32_t chip) {
  return p->plan->position[chip];
}

static uint32_t tree_links(const packer *p, uint32_t place, bool inward, uint32_t *first) {
  /* An out-tree grows over links that leave what it has, an in-tree over links that enter it. */
  const rs_wiring *w = p->plan->wiring;
  const uint32_t *begin = inward ? w->in_first : w->out_first;
  uint32_t chip = p->plan->members[place];
  *first = begin[chip];
  return begin[chip + 1] - begin[chip];
}

static uint32_t link_at(const packer *p, uint32_t k, bool inward) {
  return inward ? p->plan->wiring->in_links[k] : k;
}

/* The chip that joins the tree by a link; RS_NONE: it is no member, or in the tree. */
static uint32_t joins_by(const packer *p, uint32_t link, bool inward) {
  const rs_link *l = &p->plan->wiring->links[link];
  uint32_t place = place_at(p, inward ? l->from : l->to);
  return place == RS_NONE || p->depth[place] != RS_NONE ? RS_NONE : place;
}

static void join(packer *p, uint32_t *tree, uint32_t place, uint32_t link, uint32_t depth,
                 uint32_t *count) {
  tree[place] = link;
  p->depth[place] = depth;
  p->queue[(*count)++] = place;
  p->load[link]++;
  p->grown++;
}

/* Joins all that links with room lead to from what joined since `head`. */
static void spread(packer *p, uint32_t *tree, bool inward, uint32_t share, uint32_t *head,
                   uint32_t *count) {
  for (; *head < *count; (*head)++) {
    uint32_t place = p->queue[*head], first;
    uint32_t links = tree_links(p, place, inward, &first);
    for (uint32_t k = 0; k < links; k++) {
      uint32_t link = link_at(p, first + (k + *head) % links, inward);
      uint32_t other = joins_by(p, link, inward);
      if (other == RS_NONE || p->load[link] > share) continue;
      join(p, tree, other, link, p->depth[place] + 1, count);
    }
  }
}

/* The least loaded link to a chip that is not in the tree; of equals, the nearest to the root. */
static uint32_t find_least(const packer *p, bool inward, uint32_t count) {
  uint32_t best = RS_NONE;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t first, links = tree_links(p, p->queue[i], inward, &first);
    for (uint32_t k = 0; k < links; k++) {
      uint32_t link = link_at(p, first + k, inward);
      if (joins_by(p, link, inward) == RS_NONE) continue;
      if (best == RS_NONE || p->load[link] < p->load[best]) best = link;
    }
  }
  return best;
}

static rs_status grow_tree(packer *p, uint32_t root, bool inward, uint32_t *tree) {
  const rs_wiring *w = p->plan->wiring;
  uint32_t n = p->packed->n, head = 0, count = 1;
  uint32_t share = (uint32_t)(p->grown / p->links) + RS__SHARE_SLACK;
  memset(p->depth, 0xff, n * sizeof *p->depth);
  tree[root] = RS_NONE;
  p->depth[root] = 0;
  p->queue[0] = root;
  spread(p, tree, inward, share, &head, &count);
  while (count < n) {
    uint32_t link = find_least(p, inward, count);
    if (link == RS_NONE) {
      return rs_diag_set(p->plan->diag, RS_E_INFEASIBLE, "no path inside the group");
    }
    const rs_link *l = &w->links[link];
    uint32_t parent = place_at(p, inward ? l->to : l->from);
    join(p, tree, joins_by(p, link, inward), link, p->depth[parent] + 1, &count);
    spread(p, tree, inward, share, &head, &count);
  }
  return RS_OK;
}

/* ---- balancing ---- */

/* The next chip toward the root. */
static uint32_t next_place(const packer *p, uint32_t link, bool inward) {
  const rs_link *l = &p->plan->wiring->links[link];
  return place_at(p, inward ? l->to : l->from);
}

/* Hops from a chip to the root; RS_NONE: the way leads through `over`. */
static uint32_t way_length(const packer *p, const uint32_t *tree, bool inward, uint32_t place,
                           uint32_t over) {
  uint32_t hops = 0;
  while (place != over && tree[place] != RS_NONE) {
    place = next_place(p, tree[place], inward);
    hops++;
  }
  return place == over ? RS_NONE : hops;
}

/* Gives a chip of a tree another link that carries at least two less than its own, or at least one less
 * where equals are of use; the nearest to the root. */
static bool move_branch(packer *p, uint32_t *tree, bool inward, uint32_t place, uint32_t less) {
  uint32_t first, best = RS_NONE, best_load = 0, best_hops = 0;
  uint32_t own = tree[place], links = tree_links(p, place, !inward, &first);
  for (uint32_t k = 0; k < links; k++) {
    uint32_t link = link_at(p, first + k, !inward);
    uint32_t to = next_place(p, link, inward);
    if (to == RS_NONE || link == own || p->load[link] + less > p->load[own]) continue;
    uint32_t hops = way_length(p, tree, inward, to, place);
    if (hops == RS_NONE) continue;
    bool is_better =
        best == RS_NONE || hops < best_hops || (hops == best_hops && p->load[link] < best_load);
    if (!is_better) continue;
    best = link;
    best_load = p->load[link];
    best_hops = hops;
  }
  if (best == RS_NONE) return false;
  p->load[own]--;
  p->load[best]++;
  tree[place] = best;
  return true;
}

/* One look at every branch on a link above its share. */
static uint32_t balance_once(packer *p, uint32_t share, uint32_t less) {
  rs__packed *packed = p->packed;
  uint32_t moves = 0, count = 2 * packed->trees, t = 0;
  for (uint32_t i = 0; i < count; i++, t = (t + p->stride) % count) {
    uint32_t at = t;
    for (uint32_t place = 0; place < packed->n; place++, at = (at + p->stride) % count) {
      uint32_t *tree = &packed->link[(size_t)at * packed->n];
      if (tree[place] == RS_NONE || p->load[tree[place]] <= share) continue;
      moves += move_branch(p, tree, at < packed->trees, place, less);
    }
  }
  return moves;
}

static void balance(packer *p) {
  uint32_t share = (uint32_t)((p->grown + p->links - 1) / p->links);
  for (uint32_t pass = 0; pass < RS__BALANCE_PASSES; pass++) {
    /* moves between links that differ by one pass a surplus on, so that it may meet a link with room */
    if (balance_once(p, share, /*less=*/2) + balance_once(p, share, /*less=*/1) == 0) break;
  }
}

/* ---- all trees ---- */

static uint32_t greatest_divisor(uint32_t a, uint32_t b) {
  while (b != 0) {
    uint32_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* About 0.618 of all, without a common divisor: branches are moved in trees here and there, so that the trees
 * of any stretch of shards load links alike. */
static uint32_t find_stride(uint32_t count) {
  uint32_t stride = (uint32_t)((uint64_t)count * 618 / 1000);
  while (stride > 1 && greatest_divisor(count, stride) > 1) stride--;
  return RS_MAX(stride, 1);
}

static void count_links(packer *p) {
  const rs_wiring *w = p->plan->wiring;
  for (uint32_t l = 0; l < w->link_count; l++) {
    p->links +=
        place_at(p, w->links[l].from) != RS_NONE && place_at(p, w->links[l].to) != RS_NONE ? 1 : 0;
  }
}

rs_status rs__plan_packed(rs__plan *plan, const uint32_t *roots, uint32_t trees,
                          rs__packed *packed) {
  rs_arena *arena = plan->arena;
  uint32_t n = plan->member_count;
  *packed = (rs__packed){.n = n, .trees = trees, .roots = roots};
  packer p = {.plan = plan, .packed = packed};
  packed->link = RS_ARENA_NEW(arena, uint32_t, (size_t)2 * trees * n);
  p.load = RS_ARENA_NEW(arena, uint32_t, plan->wiring->link_count);
  p.queue = RS_ARENA_NEW(arena, uint32_t, n);
  p.depth = RS_ARENA_NEW(arena, uint32_t, n);
  if (packed->link == NULL || p.load == NULL || p.queue == NULL || p.depth == NULL) {
    return rs_arena_failed(arena, plan->diag);
  }
  count_links(&p);
  if (p.links == 0) return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "no path inside the group");
  for (uint32_t k = 0; k < trees; k++) {
    for (uint32_t side = 0; side < 2; side++) {
      uint32_t *tree = &packed->link[((size_t)side * trees + k) * n];
      rs_status status = grow_tree(&p, roots[k], /*inward=*/side == 0, tree);
      if (status != RS_OK) return status;
    }
  }
  p.stride = find_stride(2 * trees);
  balance(&p);
  for (uint32_t l = 0; l < plan->wiring->link_count; l++) {
    packed->load_max = RS_MAX(packed->load_max, p.load[l]);
  }
  return RS_OK;
}

/* ---- a tree ---- */

static rs_status create_tree(rs__plan *plan, rs_route_tree *tree) {
  uint32_t chips = plan->wiring->chip_count;
  if (tree->link != NULL) return RS_OK;
  tree->chip_count = chips;
  tree->link = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  tree->depth = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  tree->order = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  plan->has_ranks = true;
  if (plan->rank_of == NULL) plan->rank_of = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  bool failed =
      tree->link == NULL || tree->depth == NULL || tree->order == NULL || plan->rank_of == NULL;
  return failed ? rs_arena_failed(plan->arena, plan->diag) : RS_OK;
}

rs_status rs__packed_tree(rs__plan *plan, const rs__packed *packed, uint32_t k, bool toward_root,
                          rs_route_tree *tree) {
  uint32_t n = packed->n;
  const uint32_t *links = &packed->link[((size_t)(toward_root ? 0 : packed->trees) + k) * n];
  rs_status status = create_tree(plan, tree);
  if (status != RS_OK) return status;
  tree->root = plan->members[packed->roots[k]];
  tree->toward_root = toward_root;
  tree->order[0] = tree->root;
  tree->order_count = 1;
  memset(tree->depth, 0xff, tree->chip_count * sizeof *tree->depth);
  tree->depth[tree->root] = 0;
  /* Chips whose next one has a place get one, until all have: as many rounds as the tree is deep. */
  while (tree->order_count < n) {
    uint32_t before = tree->order_count;
    for (uint32_t i = 0; i < n; i++) {
      uint32_t chip = plan->members[i];
      if (tree->depth[chip] != RS_NONE) continue;
      const rs_link *l = &plan->wiring->links[links[i]];
      uint32_t next = toward_root ? l->to : l->from;
      if (tree->depth[next] == RS_NONE) continue;
      tree->depth[chip] = tree->depth[next] + 1;
      tree->link[chip] = links[i];
      tree->order[tree->order_count++] = chip;
    }
    assert(tree->order_count > before);
    (void)before;
  }
  return RS_OK;
}

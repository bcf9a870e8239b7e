/*
 * Trees from one root that share no link.
 *
 * There are as many as links that have to be cut to part some chip from the root (Edmonds 1973), so V vectors
 * can be spread in V slots over that number, which is what the receiver with fewest links needs anyhow. They
 * are grown all at once, breadth first, so that none is left with what the others made of the wiring.
 *
 * A link may be given to a tree if what is left is still enough. Let trees 1 … k have reached the chips X1 …
 * Xk. They can be completed exactly if every set U of chips is entered by as many free links as there are
 * trees that have not reached it (Edmonds; Lovász 1976). That is a flow: from a source of one unit a tree,
 * each of which may enter at any chip of its tree, over free links, k units must come to every chip. A new
 * link u → v of tree i breaks it for sets with v and without u alone, so it is enough to ask whether k units
 * still come to v; those of trees that have v are there at once. What was refused once stays refused: the set
 * that was just enough stays so.
 *
 * At most links · k questions of k searches each; most are answered a few links away.
 */
#include <string.h>

#include "rs__arborescences.h"

typedef struct grower {
  rs__plan *plan;
  rs__arborescences *trees;
  bool inward;
  uint32_t chips, links;
  uint32_t span;      /* chips that every tree must reach, the root with them */
  bool *inside;       /* [chip] is one of these */
  uint64_t *holds;    /* [chip] trees that have it, as bits */
  uint64_t *refused;  /* [link] trees that must not have it */
  bool *taken;        /* [link] */
  uint32_t *depth;    /* [tree · chips + chip] */
  uint32_t *in_level; /* [tree] chips that it won in this level */
  /* The flow at hand. */
  uint32_t *carries; /* [link] equals flow_now: it carries a unit */
  uint32_t flow_now;
  uint32_t
      enters[RS__ARBORESCENCES_MAX]; /* chip at which a tree's unit enters; RS_NONE: it is free */
  uint32_t *seen, seen_now;          /* [chip] */
  uint32_t *came_by;                 /* [chip] link, or tree + links */
  uint32_t *came_from;               /* [chip] the next chip on the way to the sink */
  uint32_t *queue;
} grower;

/* Links run from the root outward here; those of an in-tree are turned around. */
static uint32_t near_end(const grower *g, uint32_t link) {
  const rs_link *l = &g->plan->wiring->links[link];
  return g->inward ? l->to : l->from;
}

static uint32_t far_end(const grower *g, uint32_t link) {
  const rs_link *l = &g->plan->wiring->links[link];
  return g->inward ? l->from : l->to;
}

/* The k-th link into a chip (`out`: out of it) as the trees see it. */
static const uint32_t *ends_of(const grower *g, bool out) {
  return out != g->inward ? g->plan->wiring->out_first : g->plan->wiring->in_first;
}

static uint32_t link_at(const grower *g, bool out, uint32_t k) {
  return out != g->inward ? k : g->plan->wiring->in_links[k];
}

static uint64_t bit(uint32_t tree) {
  return UINT64_C(1) << tree;
}

/* ---- the flow ---- */

static void see_chip(grower *g, uint32_t chip, uint32_t by, uint32_t from, uint32_t *count) {
  if (g->seen[chip] == g->seen_now || !g->inside[chip]) return;
  g->seen[chip] = g->seen_now;
  g->came_by[chip] = by;
  g->came_from[chip] = from;
  g->queue[(*count)++] = chip;
}

/* Sends one more unit along the way that was found, from a tree that enters at `chip`. */
static void augment(grower *g, uint32_t tree, uint32_t chip, uint32_t sink) {
  g->enters[tree] = chip;
  while (chip != sink) {
    uint32_t by = g->came_by[chip], next = g->came_from[chip];
    if (by >= g->links) {
      /* the unit of another tree entered here; it enters at `next` now */
      g->enters[by - g->links] = next;
    } else {
      g->carries[by] = g->carries[by] == g->flow_now ? g->flow_now - 1 : g->flow_now;
    }
    chip = next;
  }
}

/* Searches backward from the sink for a unit that is free. `without`: a link that is not there. */
static bool find_unit(grower *g, uint32_t sink, uint32_t without) {
  uint64_t trees_seen = 0;
  uint32_t count = 0;
  g->seen_now++;
  see_chip(g, sink, RS_NONE, RS_NONE, &count);
  for (uint32_t head = 0; head < count; head++) {
    uint32_t chip = g->queue[head];
    for (uint64_t left = g->holds[chip] & ~trees_seen; left != 0; left &= left - 1) {
      uint32_t tree = 0;
      while ((left & bit(tree)) == 0) tree++;
      if (g->enters[tree] == RS_NONE) {
        augment(g, tree, chip, sink);
        return true;
      }
      trees_seen |= bit(tree);
      see_chip(g, g->enters[tree], g->links + tree, chip, &count);
    }
    const uint32_t *first = &ends_of(g, /*out=*/false)[chip];
    for (uint32_t k = first[0]; k < first[1]; k++) {
      uint32_t link = link_at(g, false, k);
      if (g->taken[link] || link == without || g->carries[link] == g->flow_now) continue;
      see_chip(g, near_end(g, link), link, chip, &count);
    }
    first = &ends_of(g, /*out=*/true)[chip];
    for (uint32_t k = first[0]; k < first[1]; k++) {
      uint32_t link = link_at(g, true, k);
      if (g->carries[link] == g->flow_now) see_chip(g, far_end(g, link), link, chip, &count);
    }
  }
  return false;
}

/* How many of `most` units come to a chip; `holding` of their trees have it. */
static uint32_t flow_to(grower *g, uint32_t sink, uint64_t holding, uint32_t most,
                        uint32_t without) {
  uint32_t units = 0;
  g->flow_now += 2; /* one less is another number of no flow */
  for (uint32_t tree = 0; tree < most; tree++) {
    bool holds = (holding & bit(tree)) != 0;
    g->enters[tree] = holds ? sink : RS_NONE;
    units += holds ? 1 : 0;
  }
  while (units < most && find_unit(g, sink, without)) units++;
  return units;
}

/* ---- growing ---- */

static bool may_take(grower *g, uint32_t link, uint32_t tree) {
  uint32_t chip = far_end(g, link);
  if ((g->refused[link] & bit(tree)) != 0) return false;
  uint64_t holding = g->holds[chip] | bit(tree);
  if (flow_to(g, chip, holding, g->trees->count, link) == g->trees->count) return true;
  g->refused[link] |= bit(tree);
  return false;
}

static void take(grower *g, uint32_t link, uint32_t tree, uint32_t depth) {
  rs__arborescences *t = g->trees;
  uint32_t chip = far_end(g, link);
  size_t base = (size_t)tree * t->chips;
  g->taken[link] = true;
  g->holds[chip] |= bit(tree);
  g->depth[base + chip] = depth;
  g->in_level[tree]++;
  t->link[base + chip] = link;
  t->order[base + t->sizes[tree]++] = chip;
}

/* Of the trees that could have the link now, the one that won fewest chips in this level; RS_NONE. */
static uint32_t choose_tree(grower *g, uint32_t link, uint32_t level) {
  uint32_t from = near_end(g, link), chip = far_end(g, link);
  uint64_t could = g->holds[from] & ~g->holds[chip] & ~g->refused[link];
  for (;;) {
    uint32_t best = RS_NONE;
    for (uint32_t tree = 0; tree < g->trees->count; tree++) {
      if ((could & bit(tree)) == 0) continue;
      if (g->depth[(size_t)tree * g->chips + from] >= level) continue;
      if (best == RS_NONE || g->in_level[tree] < g->in_level[best]) best = tree;
    }
    if (best == RS_NONE || may_take(g, link, best)) return best;
    could &= ~bit(best);
  }
}

/* One link more to every chip that has one to get. Returns how many there were. */
static uint32_t grow_level(grower *g, uint32_t level) {
  uint32_t won = 0;
  memset(g->in_level, 0, g->trees->count * sizeof *g->in_level);
  for (uint32_t i = 0; i < g->chips; i++) {
    uint32_t chip = (i + level) % g->chips;
    if (!g->inside[chip]) continue;
    const uint32_t *first = &ends_of(g, /*out=*/false)[chip];
    for (uint32_t k = first[0]; k < first[1]; k++) {
      uint32_t link = link_at(g, false, k);
      if (g->taken[link] || !g->inside[near_end(g, link)]) continue;
      uint32_t tree = choose_tree(g, link, level);
      if (tree == RS_NONE) continue;
      take(g, link, tree, level);
      won++;
    }
  }
  return won;
}

static bool are_complete(const grower *g) {
  for (uint32_t tree = 0; tree < g->trees->count; tree++) {
    if (g->trees->sizes[tree] < g->span) return false;
  }
  return true;
}

/* How many trees there are at most. */
static uint32_t count_trees(grower *g, uint32_t root, uint32_t most) {
  const uint32_t *first = &ends_of(g, /*out=*/true)[root];
  most = RS_MIN(most, first[1] - first[0]);
  g->holds[root] = most == RS__ARBORESCENCES_MAX ? UINT64_MAX : bit(most) - 1;
  for (uint32_t chip = 0; chip < g->chips && most > 0; chip++) {
    if (g->inside[chip] && chip != root) most = flow_to(g, chip, 0, most, RS_NONE);
  }
  g->holds[root] = most == RS__ARBORESCENCES_MAX ? UINT64_MAX : bit(most) - 1;
  return most;
}

static rs_status grow(grower *g, uint32_t root) {
  rs__arborescences *t = g->trees;
  memset(t->link, 0xff, (size_t)t->count * t->chips * sizeof *t->link); /* RS_NONE */
  memset(g->depth, 0xff, (size_t)t->count * t->chips * sizeof *g->depth);
  for (uint32_t tree = 0; tree < t->count; tree++) {
    t->order[(size_t)tree * t->chips] = root;
    t->sizes[tree] = 1;
    g->depth[(size_t)tree * t->chips + root] = 0;
  }
  for (uint32_t level = 1; !are_complete(g); level++) {
    if (grow_level(g, level) > 0) continue;
    return rs_diag_set(g->plan->diag, RS_E_INFEASIBLE, "the group does not connect in itself");
  }
  return RS_OK;
}

/* ---- what a tree costs, and its part ---- */

/* Relays that lead to no member leave the tree. */
static void prune(const grower *g, uint32_t tree) {
  rs__arborescences *t = g->trees;
  uint32_t *order = t->order + (size_t)tree * t->chips;
  uint32_t *link = t->link + (size_t)tree * t->chips;
  uint32_t *used = g->queue; /* [chip] */
  uint32_t kept = 1;
  for (uint32_t k = 0; k < t->sizes[tree]; k++) {
    used[order[k]] = g->plan->position[order[k]] != RS_NONE ? 1 : 0;
  }
  for (uint32_t k = t->sizes[tree]; k-- > 1;) {
    if (used[order[k]] != 0) used[near_end(g, link[order[k]])] = 1;
  }
  for (uint32_t k = 1; k < t->sizes[tree]; k++) {
    if (used[order[k]] != 0) order[kept++] = order[k];
  }
  t->sizes[tree] = kept;
}

static int64_t cost_of(const grower *g, uint32_t tree, int64_t *at) {
  const rs__arborescences *t = g->trees;
  const rs_timing *timing = g->plan->timing;
  const uint32_t *order = t->order + (size_t)tree * t->chips;
  int64_t hop = timing->forward_cycles + (g->inward ? timing->add_cycles : 0);
  int64_t longest = 0;
  at[order[0]] = 0;
  for (uint32_t k = 1; k < t->sizes[tree]; k++) {
    uint32_t link = t->link[(size_t)tree * t->chips + order[k]];
    int64_t latency = rs_timing_latency(timing, &g->plan->wiring->links[link]);
    at[order[k]] = at[near_end(g, link)] + latency + hop;
    longest = RS_MAX(longest, at[order[k]]);
  }
  return longest;
}

/* Vectors of which a tree has all on the other side by then. */
static int64_t vectors_by(const rs__plan *plan, int64_t cost, int64_t end_cycles) {
  if (end_cycles < cost) return 0;
  rs_int128 slots =
      (rs_int128)(end_cycles - cost) * plan->timing->slot_den / plan->timing->slot_num;
  return (int64_t)RS_MIN(slots + 1, (rs_int128)plan->block);
}

/* The least end at which all trees together have the message across; what is too much is taken from
 * the last ones. */
static void share_out(const rs__plan *plan, rs__arborescences *t) {
  int64_t low = 0, high = rs_timing_slots(plan->timing, plan->block) + t->cost[0];
  while (low < high) {
    int64_t middle = low + (high - low) / 2, sum = 0;
    for (uint32_t i = 0; i < t->count && sum < plan->block; i++) {
      sum += vectors_by(plan, t->cost[i], middle);
    }
    if (sum >= plan->block) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  int64_t left = plan->block;
  for (uint32_t i = 0; i < t->count; i++) {
    t->vectors[i] = RS_MIN(left, vectors_by(plan, t->cost[i], low));
    left -= t->vectors[i];
  }
}

/* ---- all of it ---- */

static rs_status allocate(grower *g, uint32_t most) {
  rs_arena *arena = g->plan->arena;
  rs__arborescences *t = g->trees;
  size_t cells = (size_t)most * g->chips;
  g->inside = RS_ARENA_NEW(arena, bool, g->chips);
  g->holds = RS_ARENA_NEW(arena, uint64_t, g->chips);
  g->refused = RS_ARENA_NEW(arena, uint64_t, g->links);
  g->taken = RS_ARENA_NEW(arena, bool, g->links);
  g->depth = RS_ARENA_NEW(arena, uint32_t, cells);
  g->in_level = RS_ARENA_NEW(arena, uint32_t, most);
  g->carries = RS_ARENA_NEW(arena, uint32_t, g->links);
  g->seen = RS_ARENA_NEW(arena, uint32_t, g->chips);
  g->came_by = RS_ARENA_NEW(arena, uint32_t, g->chips);
  g->came_from = RS_ARENA_NEW(arena, uint32_t, g->chips);
  g->queue = RS_ARENA_NEW(arena, uint32_t, g->chips);
  t->link = RS_ARENA_NEW(arena, uint32_t, cells);
  t->order = RS_ARENA_NEW(arena, uint32_t, cells);
  t->sizes = RS_ARENA_NEW(arena, uint32_t, most);
  t->cost = RS_ARENA_NEW(arena, int64_t, most);
  t->vectors = RS_ARENA_NEW(arena, int64_t, most);
  bool failed = g->inside == NULL || g->holds == NULL || g->refused == NULL || g->taken == NULL ||
                g->depth == NULL || g->in_level == NULL || g->carries == NULL || g->seen == NULL ||
                g->came_by == NULL || g->came_from == NULL || g->queue == NULL || t->link == NULL ||
                t->order == NULL || t->sizes == NULL || t->cost == NULL || t->vectors == NULL;
  return failed ? rs_arena_failed(arena, g->plan->diag) : RS_OK;
}

static void find_inside(grower *g) {
  for (uint32_t chip = 0; chip < g->chips; chip++) {
    g->inside[chip] = g->plan->variant.relays || g->plan->position[chip] != RS_NONE;
    g->span += g->inside[chip] ? 1 : 0;
  }
}

rs_status rs__plan_arborescences(rs__plan *plan, uint32_t root, bool inward, uint32_t most,
                                 rs__arborescences *trees) {
  grower g = {.plan = plan,
              .trees = trees,
              .inward = inward,
              .chips = plan->wiring->chip_count,
              .links = plan->wiring->link_count,
              .flow_now = 1};
  trees->chips = g.chips;
  most = RS_MIN(most, RS__ARBORESCENCES_MAX);
  rs_status status = allocate(&g, most);
  if (status != RS_OK) return status;
  find_inside(&g);
  trees->count = count_trees(&g, root, most);
  if (trees->count == 0) {
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "the group does not connect in itself");
  }
  status = grow(&g, root);
  if (status == RS_OK) status = rs__arborescences_lower(plan, trees, g.inside, root, inward);
  if (status != RS_OK) return status;
  int64_t *at = RS_ARENA_NEW(plan->arena, int64_t, g.chips);
  if (at == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t tree = 0; tree < trees->count; tree++) {
    prune(&g, tree);
    trees->cost[tree] = cost_of(&g, tree, at);
  }
  share_out(plan, trees);
  return RS_OK;
}

rs_status rs__arborescences_tree(rs__plan *plan, const rs__arborescences *trees, uint32_t index,
                                 uint32_t root, bool inward, rs_route_tree *tree) {
  if (tree->depth == NULL) {
    tree->depth = RS_ARENA_NEW(plan->arena, uint32_t, trees->chips);
    if (tree->depth == NULL) return rs_arena_failed(plan->arena, plan->diag);
  }
  size_t base = (size_t)index * trees->chips;
  tree->root = root;
  tree->toward_root = inward;
  tree->chip_count = trees->chips;
  tree->link = trees->link + base;
  tree->order = trees->order + base;
  tree->order_count = trees->sizes[index];
  for (uint32_t k = 0; k < tree->order_count; k++) {
    uint32_t chip = tree->order[k];
    if (chip == root) {
      tree->depth[chip] = 0;
      continue;
    }
    const rs_link *link = &plan->wiring->links[tree->link[chip]];
    tree->depth[chip] = tree->depth[inward ? link->to : link->from] + 1;
  }
  return RS_OK;
}

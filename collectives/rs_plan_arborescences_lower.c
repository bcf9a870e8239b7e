/*
 * Making trees that share no link lower.
 *
 * What a chip receives by are some of its links, one a tree, and which tree has which is an assignment. Given
 * all other chips, the best one for a chip is found exactly (Hungarian method, Kuhn 1955): a link brings tree i
 * at the depth of its other end and one, and with it all that hangs on the chip; it costs eight to the power
 * of how far down that reaches, so that the deepest counts. A link from a chip that itself
 * hangs on this one in that tree is no choice. Trees stay trees, and no link is in two. Chips are gone
 * through again while that helps.
 */
#include <assert.h>

#include "rs__arborescences.h"

#define PASSES_MAX 8
#define LINKS_MAX 64
#define NO_CHOICE (INT64_C(1) << 60) /* 64 of the dearest cost less */
#define EXPONENTS_MAX 16

typedef struct lowerer {
  rs__plan *plan;
  rs__arborescences *trees;
  bool inward;
  uint32_t root;
  uint32_t *depth, *height; /* [tree · chips + chip] */
  uint32_t *first, *next;   /* [chip] children of the tree at hand */
  const bool *inside;       /* [chip] */
  uint32_t deepest;
  int64_t cost[LINKS_MAX][LINKS_MAX]; /* [tree][link of the chip] */
} lowerer;

static uint32_t near_end(const lowerer *w, uint32_t link) {
  const rs_link *l = &w->plan->wiring->links[link];
  return w->inward ? l->to : l->from;
}

/* ---- depths and heights of a tree, and its order ---- */

static void settle(lowerer *w, uint32_t tree) {
  rs__arborescences *t = w->trees;
  size_t base = (size_t)tree * t->chips;
  uint32_t *order = t->order + base, count = 1;
  for (uint32_t k = 0; k < t->sizes[tree]; k++) w->first[order[k]] = RS_NONE;
  for (uint32_t k = t->sizes[tree]; k-- > 1;) {
    uint32_t parent = near_end(w, t->link[base + order[k]]);
    w->next[order[k]] = w->first[parent];
    w->first[parent] = order[k];
  }
  order[0] = w->root;
  w->depth[base + w->root] = 0;
  for (uint32_t head = 0; head < count; head++) {
    w->height[base + order[head]] = 0;
    for (uint32_t c = w->first[order[head]]; c != RS_NONE; c = w->next[c]) {
      w->depth[base + c] = w->depth[base + order[head]] + 1;
      order[count++] = c;
    }
  }
  assert(count == t->sizes[tree]);
  for (uint32_t k = count; k-- > 1;) {
    uint32_t *above = &w->height[base + near_end(w, t->link[base + order[k]])];
    *above = RS_MAX(*above, w->height[base + order[k]] + 1);
  }
}

static uint32_t find_deepest(const lowerer *w) {
  uint32_t deepest = 0;
  for (uint32_t tree = 0; tree < w->trees->count; tree++) {
    deepest = RS_MAX(deepest, w->height[(size_t)tree * w->trees->chips + w->root]);
  }
  return deepest;
}

/* ---- the links of a chip ---- */

static uint32_t list_links(const lowerer *w, uint32_t chip, uint32_t *links) {
  const rs_wiring *wiring = w->plan->wiring;
  const uint32_t *first = w->inward ? wiring->out_first : wiring->in_first;
  uint32_t count = 0;
  for (uint32_t k = first[chip]; k < first[chip + 1] && count < LINKS_MAX; k++) {
    uint32_t link = w->inward ? k : wiring->in_links[k];
    if (w->inside[near_end(w, link)]) links[count++] = link;
  }
  return count;
}

static bool hangs_on(const lowerer *w, uint32_t tree, uint32_t chip, uint32_t on) {
  size_t base = (size_t)tree * w->trees->chips;
  while (w->depth[base + chip] > w->depth[base + on]) {
    chip = near_end(w, w->trees->link[base + chip]);
  }
  return chip == on;
}

static int64_t cost_of(const lowerer *w, uint32_t tree, uint32_t chip, uint32_t link) {
  size_t base = (size_t)tree * w->trees->chips;
  uint32_t from = near_end(w, link);
  if (hangs_on(w, tree, from, chip)) return NO_CHOICE;
  uint32_t reach = w->depth[base + from] + 1 + w->height[base + chip];
  uint32_t least = RS_MAX(w->deepest, EXPONENTS_MAX) - EXPONENTS_MAX;
  uint32_t exponent = RS_MIN(RS_MAX(reach, least) - least, EXPONENTS_MAX + 1);
  return INT64_C(1) << (3 * exponent);
}

/* The cheapest assignment of links to trees, by trees' shortest augmenting ways with potentials. */
static void assign(const lowerer *w, uint32_t trees, uint32_t links, uint32_t *link_of_tree) {
  int64_t of_tree[LINKS_MAX + 1] = {0}, of_link[LINKS_MAX + 1] = {0};
  uint32_t tree_at[LINKS_MAX + 1] = {0}, before[LINKS_MAX + 1] = {0}; /* from 1; 0: none */
  for (uint32_t tree = 1; tree <= trees; tree++) {
    int64_t least[LINKS_MAX + 1];
    bool used[LINKS_MAX + 1] = {false};
    uint32_t at = 0;
    for (uint32_t k = 0; k <= links; k++) least[k] = INT64_MAX;
    tree_at[0] = tree;
    do {
      uint32_t here = tree_at[at], next = 0;
      int64_t step = INT64_MAX;
      used[at] = true;
      for (uint32_t k = 1; k <= links; k++) {
        if (used[k]) continue;
        int64_t rest = w->cost[here - 1][k - 1] - of_tree[here] - of_link[k];
        if (rest < least[k]) {
          least[k] = rest;
          before[k] = at;
        }
        if (least[k] < step) {
          step = least[k];
          next = k;
        }
      }
      for (uint32_t k = 0; k <= links; k++) {
        if (used[k]) {
          of_tree[tree_at[k]] += step;
          of_link[k] -= step;
        } else {
          least[k] -= step;
        }
      }
      at = next;
    } while (tree_at[at] != 0);
    for (; at != 0; at = before[at]) tree_at[at] = tree_at[before[at]];
  }
  for (uint32_t k = 1; k <= links; k++) {
    if (tree_at[k] != 0) link_of_tree[tree_at[k] - 1] = k - 1;
  }
}

/* Whether the chip receives otherwise now. */
static bool improve(lowerer *w, uint32_t chip) {
  rs__arborescences *t = w->trees;
  uint32_t links[LINKS_MAX], chosen[LINKS_MAX] = {0};
  uint32_t count = list_links(w, chip, links);
  int64_t now = 0, then = 0;
  if (count < t->count) return false; /* more links than we look at */
  for (uint32_t tree = 0; tree < t->count; tree++) {
    for (uint32_t k = 0; k < count; k++) w->cost[tree][k] = cost_of(w, tree, chip, links[k]);
    now += cost_of(w, tree, chip, t->link[(size_t)tree * t->chips + chip]);
  }
  assign(w, t->count, count, chosen);
  for (uint32_t tree = 0; tree < t->count; tree++) then += w->cost[tree][chosen[tree]];
  if (then >= now) return false;
  for (uint32_t tree = 0; tree < t->count; tree++) {
    uint32_t *link = &t->link[(size_t)tree * t->chips + chip];
    if (*link == links[chosen[tree]]) continue;
    *link = links[chosen[tree]];
    settle(w, tree);
  }
  return true;
}

rs_status rs__arborescences_lower(rs__plan *plan, rs__arborescences *trees, const bool *inside,
                                  uint32_t root, bool inward) {
  size_t cells = (size_t)trees->count * trees->chips;
  lowerer *w = RS_ARENA_NEW(plan->arena, lowerer, 1);
  if (w == NULL) return rs_arena_failed(plan->arena, plan->diag);
  w->plan = plan;
  w->trees = trees;
  w->inward = inward;
  w->root = root;
  w->inside = inside;
  w->depth = RS_ARENA_NEW(plan->arena, uint32_t, cells);
  w->height = RS_ARENA_NEW(plan->arena, uint32_t, cells);
  w->first = RS_ARENA_NEW(plan->arena, uint32_t, trees->chips);
  w->next = RS_ARENA_NEW(plan->arena, uint32_t, trees->chips);
  if (w->depth == NULL || w->height == NULL || w->first == NULL || w->next == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  for (uint32_t tree = 0; tree < trees->count; tree++) settle(w, tree);
  bool helped = true;
  for (uint32_t pass = 0; pass < PASSES_MAX && helped; pass++) {
    helped = false;
    w->deepest = find_deepest(w);
    for (uint32_t chip = 0; chip < trees->chips; chip++) {
      if (inside[chip] && chip != root) helped = improve(w, chip) || helped;
    }
  }
  return RS_OK;
}

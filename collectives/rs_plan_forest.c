/*
 * All trees at once: an out-tree for every member, grown slot by slot so that no link is idle.
 *
 * Trees of minimal paths load some links more than others (on 264 chips, 33 trees on the busiest
 * link where 24 would do). Here a block spreads as it would in an all-gather of blocks of one slot:
 * in every slot each chip receives over each of its links a block that it lacks and that the
 * neighbour could send on by then, a hop taking as many slots as it does for blocks of that size. Which block over which link is a maximum matching a chip (Kuhn's augmenting paths),
 * blocks that fewest chips hold being tried first, so that what is rare spreads. The link by which a
 * block came is the chip's link in that block's tree. Paths may be longer than the shortest: worth it
 * when the slots of a message, not the hops, are what takes time.
 *
 * The idea of time-expanded greedy matching is that of TACOS (Won et al., 2024); matching a whole
 * receiver at once instead of a link at a time is what comes near the bound. O(slots · links · N).
 */
#include <string.h>

#include "rs__collective.h"

#define RS__HOP_STEPS_MAX 64
#define RS__HOP_VECTORS_MAX (INT64_C(1) << 20) /* a hop is less than a slot of so many */

typedef struct grower {
  rs__plan *plan;
  rs__forest *forest;
  uint32_t n, blocks, words;
  uint64_t *have; /* [place · words] blocks a chip holds */
  uint64_t *had;  /* the part of it that can be sent on in this slot */
  uint32_t
      *arriving;   /* [slot mod RS__HOP_STEPS_MAX + 1] entries of link and step that join `had` */
  uint32_t *later; /* [block · n + place] the next in that list */
  uint32_t hop_steps[RS_CABLE_CLASS_COUNT]; /* from being sent to being sent on, in slots */
  uint32_t *holders;                        /* [block] */
  uint32_t *order;                          /* blocks, fewest holders first */
  uint32_t *place_of;                       /* [block] where it stands in `order` */
  uint32_t *sorted_as;                      /* [block] its holders when it was put there */
  uint32_t *bucket;                         /* [holders + 1] where such blocks start in `order` */
  uint32_t *first_in;                       /* [place + 1] into `in` */
  uint32_t *in;                             /* links into members from members */
  uint32_t *match;  /* [block] the in-link of the chip at hand that brings it */
  uint64_t *offers; /* [in-link of the chip · words] what it could bring, by place in `order` */
  uint64_t *seen;   /* visited since the matching last grew, by place in `order` */
  uint32_t chip;    /* place at hand */
} grower;

static uint32_t sender_of(const grower *g, uint32_t link) {
  return g->plan->position[g->plan->wiring->links[link].from];
}

/* ---- a slot ---- */

/* Counting sort by holders. */
static void sort_blocks(grower *g) {
  memset(g->bucket, 0, ((size_t)g->n + 2) * sizeof *g->bucket);
  for (uint32_t b = 0; b < g->blocks; b++) g->bucket[g->holders[b] + 1]++;
  for (uint32_t h = 1; h <= g->n + 1; h++) g->bucket[h] += g->bucket[h - 1];
  for (uint32_t b = 0; b < g->blocks; b++) {
    g->sorted_as[b] = g->holders[b];
    g->place_of[b] = g->bucket[g->holders[b]]++;
    g->order[g->place_of[b]] = b;
  }
  for (uint32_t h = g->n + 1; h > 0; h--) g->bucket[h] = g->bucket[h - 1];
  g->bucket[0] = 0;
}

/* Which blocks each in-link of the chip could bring, so that a search meets no others. */
static void list_offers(grower *g) {
  uint32_t first = g->first_in[g->chip], count = g->first_in[g->chip + 1] - first;
  const uint64_t *have = &g->have[(size_t)g->chip * g->words];
  memset(g->offers, 0, (size_t)count * g->words * sizeof *g->offers);
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t *had = &g->had[(size_t)sender_of(g, g->in[first + i]) * g->words];
    uint64_t *offers = &g->offers[(size_t)i * g->words];
    for (uint32_t w = 0; w < g->words; w++) {
      for (uint64_t rest = had[w] & ~have[w]; rest != 0; rest &= rest - 1) {
        uint32_t at = g->place_of[w * 64 + (uint32_t)__builtin_ctzll(rest)];
        offers[at / 64] |= UINT64_C(1) << (at % 64);
      }
    }
  }
}

/* The first place in [from, to) that the in-link offers and no search has visited; `to`: none. */
static uint32_t next_offer(const grower *g, const uint64_t *offers, uint32_t from, uint32_t to) {
  uint64_t mask = ~UINT64_C(0) << (from % 64);
  for (uint32_t w = from / 64; w * 64 < to; w++) {
    uint64_t rest = offers[w] & ~g->seen[w] & mask;
    if (rest != 0) return RS_MIN(w * 64 + (uint32_t)__builtin_ctzll(rest), to);
    mask = ~UINT64_C(0);
  }
  return to;
}

static bool augment(grower *g, uint32_t in);

/* Tries the blocks that in-link `in` offers at places [from, to). */
static bool try_places(grower *g, uint32_t in, uint32_t from, uint32_t to) {
  const uint64_t *offers = &g->offers[(size_t)(in - g->first_in[g->chip]) * g->words];
  for (uint32_t at = next_offer(g, offers, from, to); at < to;
       at = next_offer(g, offers, at + 1, to)) {
    uint32_t block = g->order[at];
    g->seen[at / 64] |= UINT64_C(1) << (at % 64);
    if (g->match[block] != RS_NONE && !augment(g, g->match[block])) continue;
    g->match[block] = in;
    return true;
  }
  return false;
}

/* Rare blocks first; among equals each chip and link starts at a place of its own. */
static bool augment(grower *g, uint32_t in) {
  const uint64_t *offers = &g->offers[(size_t)(in - g->first_in[g->chip]) * g->words];
  for (uint32_t at = next_offer(g, offers, 0, g->blocks); at < g->blocks;) {
    uint32_t holders = g->sorted_as[g->order[at]];
    uint32_t first = g->bucket[holders], end = g->bucket[holders + 1];
    uint64_t start = g->chip * UINT64_C(7919) + in * UINT64_C(104729);
    uint32_t middle = first + (uint32_t)(start % (end - first));
    if (try_places(g, in, middle, end) || try_places(g, in, first, middle)) return true;
    at = next_offer(g, offers, end, g->blocks);
  }
  return false;
}

/* What the chip receives in this slot. */
static uint32_t receive(grower *g, uint32_t place, uint32_t step) {
  uint32_t got = 0;
  g->chip = place;
  memset(g->match, 0xff, g->blocks * sizeof *g->match);
  memset(g->seen, 0, g->words * sizeof *g->seen);
  list_offers(g);
  for (uint32_t in = g->first_in[place]; in < g->first_in[place + 1]; in++) {
    /* what a search in vain has visited stays out of reach until the matching grows */
    if (augment(g, in)) memset(g->seen, 0, g->words * sizeof *g->seen);
  }
  for (uint32_t block = 0; block < g->blocks; block++) {
    if (g->match[block] == RS_NONE) continue;
    size_t at = (size_t)block * g->n + place;
    g->forest->link[at] = g->in[g->match[block]];
    g->forest->step[at] = step;
    uint8_t class = g->plan->wiring->links[g->forest->link[at]].cable_class;
    uint32_t slot = (step + g->hop_steps[class]) % (RS__HOP_STEPS_MAX + 1);
    g->later[at] = g->arriving[slot];
    g->arriving[slot] = (uint32_t)at;
    g->have[(size_t)place * g->words + block / 64] |= UINT64_C(1) << (block % 64);
    g->holders[block]++;
    got++;
  }
  return got;
}

/* What can be sent on from this slot on. */
static void take_arrivals(grower *g, uint32_t step) {
  uint32_t *list = &g->arriving[step % (RS__HOP_STEPS_MAX + 1)];
  for (uint32_t at = *list; at != RS_NONE; at = g->later[at]) {
    uint32_t block = at / g->n, place = at % g->n;
    g->had[(size_t)place * g->words + block / 64] |= UINT64_C(1) << (block % 64);
  }
  *list = RS_NONE;
}

/* Blocks that start in this slot. */
static void take_starts(grower *g, uint32_t step) {
  const rs__starts *s = &g->forest->starts;
  for (uint32_t b = 0; b < g->blocks; b++) {
    uint32_t at = s->slot == NULL ? 0 : s->slot[b];
    for (uint32_t i = s->first[b]; i < s->first[b + 1] && at + 1 == step; i++) {
      g->had[(size_t)s->roots[i] * g->words + b / 64] |= UINT64_C(1) << (b % 64);
    }
  }
}

static uint32_t last_start(const grower *g) {
  uint32_t last = 0;
  for (uint32_t b = 0; b < g->blocks && g->forest->starts.slot != NULL; b++) {
    last = RS_MAX(last, g->forest->starts.slot[b]);
  }
  return last;
}

static rs_status grow_all(grower *g) {
  uint64_t missing = (uint64_t)g->blocks * g->n;
  uint32_t idle = 0, last = last_start(g);
  for (uint32_t b = 0; b < g->blocks; b++) missing -= g->holders[b];
  memset(g->arriving, 0xff, (RS__HOP_STEPS_MAX + 1) * sizeof *g->arriving);
  for (uint32_t step = 1; missing > 0; step++) {
    uint64_t before = missing;
    if (step <= last + 1) take_starts(g, step);
    take_arrivals(g, step);
    sort_blocks(g);
    for (uint32_t k = 0; k < g->n; k++) missing -= receive(g, (k + step) % g->n, step);
    idle = missing < before || step <= last ? 0 : idle + 1;
    if (idle > RS__HOP_STEPS_MAX) {
      return rs_diag_set(g->plan->diag, RS_E_INFEASIBLE, "no path inside the group");
    }
    g->forest->steps = step;
  }
  return RS_OK;
}

/* ---- setting up ---- */

static rs_status list_links(grower *g, bool needs_reverse) {
  const rs_wiring *w = g->plan->wiring;
  uint32_t count = 0;
  for (uint32_t i = 0; i < g->n; i++) {
    uint32_t chip = g->plan->members[i];
    g->first_in[i] = count;
    for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
      uint32_t link = w->in_links[k];
      if (g->plan->position[w->links[link].from] == RS_NONE) continue;
      if (needs_reverse && w->links[link].reverse == RS_NONE) {
        return rs_diag_set(g->plan->diag, RS_E_INFEASIBLE, "some links have no way back");
      }
      g->in[count++] = link;
    }
  }
  g->first_in[g->n] = count;
  uint32_t most = 0;
  for (uint32_t i = 0; i < g->n; i++) most = RS_MAX(most, g->first_in[i + 1] - g->first_in[i]);
  g->offers = RS_ARENA_NEW(g->plan->arena, uint64_t, (size_t)most * g->words);
  g->seen = RS_ARENA_NEW(g->plan->arena, uint64_t, g->words);
  bool failed = g->offers == NULL || g->seen == NULL;
  return failed ? rs_arena_failed(g->plan->arena, g->plan->diag) : RS_OK;
}

static rs_status reserve(grower *g) {
  rs_arena *arena = g->plan->arena;
  size_t n = g->n, blocks = g->blocks, sets = n * g->words;
  g->have = RS_ARENA_NEW(arena, uint64_t, sets);
  g->had = RS_ARENA_NEW(arena, uint64_t, sets);
  g->arriving = RS_ARENA_NEW(arena, uint32_t, RS__HOP_STEPS_MAX + 1);
  g->later = RS_ARENA_NEW(arena, uint32_t, blocks * n);
  g->in = RS_ARENA_NEW(arena, uint32_t, g->plan->wiring->link_count);
  g->forest->link = RS_ARENA_NEW(arena, uint32_t, blocks * n);
  g->forest->step = RS_ARENA_NEW(arena, uint32_t, blocks * n);
  uint32_t *scratch = RS_ARENA_NEW(arena, uint32_t, blocks * 5 + n * 2 + 4);
  if (g->have == NULL || g->had == NULL || g->arriving == NULL || g->later == NULL ||
      g->in == NULL || g->forest->link == NULL || g->forest->step == NULL || scratch == NULL) {
    return rs_arena_failed(arena, g->plan->diag);
  }
  g->holders = scratch;
  g->order = scratch + blocks;
  g->match = scratch + blocks * 2;
  g->place_of = scratch + blocks * 3;
  g->sorted_as = scratch + blocks * 4;
  g->first_in = scratch + blocks * 5;
  g->bucket = scratch + blocks * 5 + n + 1;
  return RS_OK;
}

/* What a hop and its chip take, in slots of a block, at least one and bounded. A quarter more is
 * allowed, because bursts do not keep to slots: with less, one that comes late delays all that follow
 * (of 1, 5/4, 3/2 and 2 times, 5/4 gave the shortest makespans in bench_collectives_ratio). */
static void fill_hop_steps(grower *g, int64_t vectors) {
  const rs_timing *t = g->plan->timing;
  int64_t add = rs__kind_adds(g->plan->request->kind) ? t->add_cycles : 0;
  int64_t count = RS_MAX(1, RS_MIN(vectors, RS__HOP_VECTORS_MAX));
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    int64_t hop = (t->latency_cycles[k] + t->forward_cycles + add) * 5 / 4;
    int64_t steps = rs_mul_ceil_div_i64(hop, t->slot_den, t->slot_num * count);
    g->hop_steps[k] = (uint32_t)RS_MAX(1, RS_MIN(steps, RS__HOP_STEPS_MAX));
  }
}

rs_status rs__starts_create(rs__plan *plan, uint32_t blocks, uint32_t roots, rs__starts *starts) {
  starts->blocks = blocks;
  starts->slot = NULL;
  starts->first = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)blocks + 1);
  starts->roots = RS_ARENA_NEW(plan->arena, uint32_t, roots);
  bool failed = starts->first == NULL || starts->roots == NULL;
  return failed ? rs_arena_failed(plan->arena, plan->diag) : RS_OK;
}

rs_status rs__plan_forest(rs__plan *plan, const rs__starts *starts, int64_t vectors,
                          bool needs_reverse, rs__forest *forest) {
  grower g = {.plan = plan, .forest = forest, .n = plan->member_count, .blocks = starts->blocks};
  g.words = (g.blocks + 63) / 64;
  fill_hop_steps(&g, vectors);
  *forest = (rs__forest){.n = g.n, .starts = *starts};
  rs_status status = reserve(&g);
  if (status == RS_OK) status = list_links(&g, needs_reverse);
  if (status != RS_OK) return status;
  for (uint32_t b = 0; b < g.blocks; b++) {
    for (uint32_t i = starts->first[b]; i < starts->first[b + 1]; i++) {
      g.holders[b]++;
      g.have[(size_t)starts->roots[i] * g.words + b / 64] |= UINT64_C(1) << (b % 64);
    }
  }
  return grow_all(&g);
}

rs_status rs__plan_forest_of_all(rs__plan *plan, uint32_t pieces, int64_t vectors,
                                 bool needs_reverse, rs__forest *forest) {
  uint32_t n = plan->member_count;
  rs__starts starts;
  rs_status status = rs__starts_create(plan, n * pieces, n * pieces, &starts);
  if (status != RS_OK) return status;
  for (uint32_t b = 0; b < n * pieces; b++) {
    starts.roots[b] = b % n;
    starts.first[b + 1] = b + 1;
  }
  return rs__plan_forest(plan, &starts, vectors, needs_reverse, forest);
}

/* ---- a tree of the forest ---- */

static rs_status create_tree(rs__plan *plan, rs_route_tree *tree) {
  uint32_t chips = plan->wiring->chip_count;
  if (tree->link != NULL) return RS_OK;
  plan->has_ranks = true;
  tree->chip_count = chips;
  tree->link = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  tree->depth = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  tree->order = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  plan->rank_of = RS_ARENA_NEW(plan->arena, uint32_t, chips);
  if (tree->link == NULL || tree->depth == NULL || tree->order == NULL || plan->rank_of == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  return RS_OK;
}

rs_status rs__forest_tree(rs__plan *plan, const rs__forest *forest, uint32_t block,
                          bool toward_root, rs_route_tree *tree) {
  uint32_t n = forest->n;
  uint32_t root_place = forest->starts.roots[forest->starts.first[block]];
  rs_status status = create_tree(plan, tree);
  if (status != RS_OK) return status;
  tree->root = plan->members[root_place];
  tree->toward_root = toward_root;
  tree->order[0] = tree->root;
  tree->order_count = 1;
  /* By slot, so that a parent comes before its children. */
  for (uint32_t step = 1; step <= forest->steps; step++) {
    for (uint32_t i = 0; i < n; i++) {
      size_t at = (size_t)block * n + i;
      if (forest->step[at] != step || i == root_place) continue;
      uint32_t chip = plan->members[i];
      uint32_t link = forest->link[at];
      tree->link[chip] = toward_root ? plan->wiring->links[link].reverse : link;
      tree->order[tree->order_count++] = chip;
      /* Summing up runs the slots backwards, and comes before spreading where there are both. */
      uint32_t rank = toward_root ? forest->steps + step : forest->steps - step;
      plan->rank_of[chip] = forest->rank_base + rank;
    }
  }
  return RS_OK;
}

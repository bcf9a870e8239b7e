/*
 * Trees for all chips of a system that looks the same from every rack (or node, or chip).
 *
 * A rotation: chip c → c + shift, modulo N, carries every link to a link. Then one
 * rack's part of a plan, turned by every multiple of the shift, is the whole plan: all that is decided
 * is decided for the `shift` chips of the first rack. With 10,440 chips that is 72, and what took N²
 * steps takes N · shift.
 *
 * What spreads is an item: the blocks of `run` neighbouring chips (a node), which lie side by side in
 * `out` and so are one burst. Items are grown as in rs_plan_forest.c, round by round: every chip
 * receives over each of its links an item that the neighbour had before and that it lacks, by a
 * maximum matching; items that fewest chips of the rack hold are tried first.
 *
 * Seen from a chip of rack k, item A is what item A − k · shift / run is in the first rack; a neighbour
 * k racks on holds A if the chip in its place holds that.
 */
#include <string.h>

#include "rs__collective.h"

/* ---- the symmetry ---- */

/* Every link of `chip` has its like at `chip` + shift. Links of a chip are sorted by receiver. */
static bool turns(const rs_wiring *w, uint32_t chip, uint32_t shift) {
  uint32_t n = w->chip_count;
  uint32_t turned = (chip + shift) % n;
  if (rs_wiring_out_degree(w, chip) != rs_wiring_out_degree(w, turned)) return false;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    uint32_t to = (w->links[l].to + shift) % n;
    if (rs_wiring_find_link(w, turned, to, rs_wiring_link_copy(w, l)) == RS_NONE) return false;
  }
  return true;
}

bool rs__rotation_is(const rs_wiring *w, uint32_t shift) {
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    if (!turns(w, chip, shift)) return false;
  }
  return true;
}

uint32_t rs__rotation_find(const rs__plan *plan, uint32_t run) {
  const rs_wiring *w = plan->wiring;
  uint32_t n = plan->member_count;
  if (n != w->chip_count) return RS_NONE;
  for (uint32_t i = 0; i < n; i++) {
    if (plan->members[i] != i) return RS_NONE;
  }
  for (uint32_t shift = run; shift < n; shift += run) {
    if (n % shift == 0 && rs__rotation_is(w, shift)) return shift;
  }
  return RS_NONE;
}

uint32_t rs__rotation_link(const rs__plan *plan, uint32_t link, uint32_t by) {
  const rs_wiring *w = plan->wiring;
  if (by == 0) return link;
  uint32_t n = w->chip_count;
  return rs_wiring_find_link(w, (w->links[link].from + by) % n, (w->links[link].to + by) % n,
                             rs_wiring_link_copy(w, link));
}

/* ---- growing ---- */

typedef struct grower {
  rs__plan *plan;
  rs__rotation *r;
  uint8_t *have;     /* [chip · items + item] */
  uint8_t *had;      /* the same before this round */
  uint32_t *holders; /* [item] chips of the first rack */
  uint32_t *order;   /* items, fewest holders first */
  uint32_t *bucket;  /* [holders + 1] where such items start in `order` */
  uint32_t *match;   /* [item] the in-link of the chip at hand that brings it */
  uint32_t *seen;    /* [item] visited in the search `search` */
  uint32_t search;
  uint32_t chip;  /* at hand */
  uint32_t links; /* into it */
} grower;

/* Whether the sender of the chip's in-link `in` had an item. */
static bool sender_had(const grower *g, uint32_t in, uint32_t item) {
  const rs_wiring *w = g->plan->wiring;
  const rs__rotation *r = g->r;
  uint32_t from = w->links[w->in_links[w->in_first[g->chip] + in]].from;
  uint32_t turned = from / r->shift * (r->shift / r->run);
  uint32_t seen_there = item >= turned ? item - turned : item + r->items - turned;
  return g->had[(size_t)(from % r->shift) * r->items + seen_there] != 0;
}

/* Counting sort by holders. */
static void sort_items(grower *g) {
  uint32_t most = g->r->shift;
  memset(g->bucket, 0, ((size_t)most + 2) * sizeof *g->bucket);
  for (uint32_t i = 0; i < g->r->items; i++) g->bucket[g->holders[i] + 1]++;
  for (uint32_t h = 1; h <= most + 1; h++) g->bucket[h] += g->bucket[h - 1];
  for (uint32_t i = 0; i < g->r->items; i++) g->order[g->bucket[g->holders[i]]++] = i;
  for (uint32_t h = most + 1; h > 0; h--) g->bucket[h] = g->bucket[h - 1];
  g->bucket[0] = 0;
}

static bool augment(grower *g, uint32_t in);

/* Tries to let in-link `in` bring `item`. */
static bool try_item(grower *g, uint32_t in, uint32_t item) {
  if (g->seen[item] == g->search) return false;
  if (g->have[(size_t)g->chip * g->r->items + item] != 0) return false;
  if (!sender_had(g, in, item)) return false;
  g->seen[item] = g->search;
  if (g->match[item] != RS_NONE && !augment(g, g->match[item])) return false;
  g->match[item] = in;
  return true;
}

/* Rare items first; among equals each chip and link starts at a place of its own. */
static bool augment(grower *g, uint32_t in) {
  for (uint32_t h = 0; h < g->r->shift; h++) {
    uint32_t first = g->bucket[h], size = g->bucket[h + 1] - first;
    if (size == 0) continue;
    uint32_t at = (uint32_t)((g->chip * UINT64_C(7919) + in * UINT64_C(104729)) % size);
    for (uint32_t k = 0; k < size; k++) {
      if (try_item(g, in, g->order[first + at])) return true;
      if (++at == size) at = 0;
    }
  }
  return false;
}

/* What the chip receives in this round. */
static uint32_t receive(grower *g, uint32_t chip, uint32_t step) {
  const rs_wiring *w = g->plan->wiring;
  uint32_t got = 0, items = g->r->items;
  g->chip = chip;
  memset(g->match, 0xff, items * sizeof *g->match);
  for (uint32_t in = 0; in < w->in_first[chip + 1] - w->in_first[chip]; in++) {
    g->search++;
    augment(g, in);
  }
  for (uint32_t item = 0; item < items; item++) {
    if (g->match[item] == RS_NONE) continue;
    size_t at = (size_t)chip * items + item;
    g->r->link[at] = w->in_links[w->in_first[chip] + g->match[item]];
    g->r->step[at] = step;
    g->have[at] = 1;
    g->holders[item]++;
    got++;
  }
  return got;
}

static rs_status grow_all(grower *g) {
  size_t cells = (size_t)g->r->shift * g->r->items;
  uint64_t missing = cells - g->r->shift;
  for (uint32_t step = 1; missing > 0; step++) {
    uint64_t before = missing;
    memcpy(g->had, g->have, cells);
    sort_items(g);
    for (uint32_t chip = 0; chip < g->r->shift; chip++) missing -= receive(g, chip, step);
    if (missing == before) {
      return rs_diag_set(g->plan->diag, RS_E_INFEASIBLE, "no path inside the group");
    }
    g->r->steps = step;
  }
  return RS_OK;
}

static rs_status reserve(grower *g) {
  rs_arena *arena = g->plan->arena;
  size_t items = g->r->items, cells = g->r->shift * items;
  g->have = RS_ARENA_NEW(arena, uint8_t, cells);
  g->had = RS_ARENA_NEW(arena, uint8_t, cells);
  g->r->link = RS_ARENA_NEW(arena, uint32_t, cells);
  g->r->step = RS_ARENA_NEW(arena, uint32_t, cells);
  uint32_t *scratch = RS_ARENA_NEW(arena, uint32_t, items * 4 + g->r->shift + 2);
  if (g->have == NULL || g->had == NULL || g->r->link == NULL || g->r->step == NULL ||
      scratch == NULL) {
    return rs_arena_failed(arena, g->plan->diag);
  }
  g->holders = scratch;
  g->order = scratch + items;
  g->match = scratch + items * 2;
  g->seen = scratch + items * 3;
  g->bucket = scratch + items * 4;
  return RS_OK;
}

rs_status rs__rotation_grow(rs__plan *plan, uint32_t run, rs__rotation *rotation) {
  grower g = {.plan = plan, .r = rotation};
  *rotation = (rs__rotation){.run = run, .shift = rs__rotation_find(plan, run)};
  if (rotation->shift == RS_NONE) {
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "no rotation of all chips keeps the wiring");
  }
  rotation->items = plan->member_count / run;
  rs_status status = reserve(&g);
  if (status != RS_OK) return status;
  for (uint32_t chip = 0; chip < rotation->shift; chip++) {
    uint32_t own = chip / run;
    g.have[(size_t)chip * rotation->items + own] = 1;
    g.holders[own]++;
  }
  return grow_all(&g);
}

/*
 * A lower bound from partitions of the chips: how many trees there and back the links have room for.
 *
 * Let chips be parted so that p parts have members, and look at what moves for one index of an
 * all-reduce, each part as one point. In order of departure, and as if data were there when they
 * depart (which only helps), let m be the first transmission after which some part has data of all p
 * parts. Up to m each of the others has sent over a link that leaves it: p − 1 transmissions, different
 * ones. After m each of the others still lacks something, so that it receives over a link that enters
 * it: p − 1 different ones again. (If the first part to have all is one without members there are
 * more of both.) A transmission carries one index, so
 *
 *   2(p − 1)·V vectors cross links between parts of which one or the other has members.
 *
 * With single chips for parts it is the gossip of one-way messages (Harary, Schwenk 1974). Over all
 * partitions it is what Tutte and Nash-Williams (1961) found for trees that share no edge: on cables that go
 * both ways the least of (cables between parts)/(p − 1) is how many spanning trees can be packed, each in its share
 * of every cable; each sums up one way of its cables and spreads the other way. So for long messages
 * nothing better can be said.
 *
 * To find the partition: spanning trees one after another, each of the links that are in fewest trees so far.
 * Loads come near the ones that even packing has (Thorup 2007), where the links between the parts that matter have
 * the largest load. So parts are what links below a load connect, for every load. Any partition is valid: a
 * coarse one costs sharpness only. O(trees · links).
 */
#include <string.h>

#include "rs__bound.h"

#define RS__TREES_MAX 160
#define RS__TREES_WORK 4000000 /* trees · links */

typedef struct packing {
  rs__bounder *bounder;
  uint32_t *load;     /* [link] trees that it is in */
  uint32_t *order;    /* links by load */
  uint32_t *bucket;   /* [load] */
  uint32_t *parent;   /* [chip] toward its part's chip */
  uint32_t *label;    /* [chip] */
  uint8_t *is_wanted; /* [chip] its part has members */
  rs_int128 slots;    /* the most that a link between parts carries */
} packing;

static uint32_t find_part(uint32_t *parent, uint32_t chip) {
  while (parent[chip] != chip) {
    parent[chip] = parent[parent[chip]];
    chip = parent[chip];
  }
  return chip;
}

/* False: they are one part already. */
static bool join_parts(packing *p, const rs_link *link) {
  uint32_t a = find_part(p->parent, link->from), b = find_part(p->parent, link->to);
  if (a == b) return false;
  p->parent[RS_MAX(a, b)] = RS_MIN(a, b);
  return true;
}

static void part_singly(packing *p) {
  for (uint32_t c = 0; c < p->bounder->wiring->chip_count; c++) p->parent[c] = c;
}

static void sort_links(packing *p, uint32_t load_max) {
  uint32_t links = p->bounder->wiring->link_count;
  memset(p->bucket, 0, (load_max + 2) * sizeof *p->bucket);
  for (uint32_t l = 0; l < links; l++) p->bucket[p->load[l] + 1]++;
  for (uint32_t k = 0; k < load_max; k++) p->bucket[k + 1] += p->bucket[k];
  for (uint32_t l = 0; l < links; l++) p->order[p->bucket[p->load[l]]++] = l;
}

/* A spanning tree of the least loaded links. */
static void grow_tree(packing *p) {
  const rs_wiring *w = p->bounder->wiring;
  uint32_t left = w->chip_count - 1;
  part_singly(p);
  for (uint32_t k = 0; k < w->link_count && left > 0; k++) {
    uint32_t link = p->order[k];
    if (!join_parts(p, &w->links[link])) continue;
    p->load[link]++;
    left--;
  }
}

/* Raises the bounds by the partition in p->label. */
static rs_status raise_by(packing *p) {
  rs__bounder *b = p->bounder;
  const rs_wiring *w = b->wiring;
  int64_t parts = 0, links = 0;
  memset(p->is_wanted, 0, w->chip_count);
  for (uint32_t i = 0; i < b->request->chip_count; i++) {
    uint32_t part = p->label[b->request->chips[i]];
    parts += p->is_wanted[part] ? 0 : 1;
    p->is_wanted[part] = 1;
  }
  for (uint32_t l = 0; l < w->link_count; l++) {
    uint32_t from = p->label[w->links[l].from], to = p->label[w->links[l].to];
    links += from != to && (p->is_wanted[from] || p->is_wanted[to]) ? 1 : 0;
  }
  if (parts < 2) return RS_OK;
  if (links > 0 && b->request->kind == RS_ALL_REDUCE) {
    rs_int128 vectors = 2 * (rs_int128)(parts - 1) * b->block;
    p->slots = RS_MAX(p->slots, (vectors + links - 1) / links);
  }
  return rs__bound_sets(b, p->label);
}

static void copy_labels(packing *p, const uint32_t *labels) {
  memcpy(p->label, labels, p->bounder->wiring->chip_count * sizeof *labels);
}

/* Partitions into what links of less than a load connect, for every load. */
static rs_status try_loads(packing *p, uint32_t load_max) {
  const rs_wiring *w = p->bounder->wiring;
  rs_status status = RS_OK;
  bool has_changed = true;
  part_singly(p);
  sort_links(p, load_max);
  for (uint32_t k = 0; k < w->link_count && status == RS_OK; k++) {
    bool is_next = k == 0 || p->load[p->order[k]] != p->load[p->order[k - 1]];
    if (is_next && has_changed) {
      for (uint32_t c = 0; c < w->chip_count; c++) p->label[c] = find_part(p->parent, c);
      status = raise_by(p);
      has_changed = false;
    }
    has_changed = join_parts(p, &w->links[p->order[k]]) || has_changed;
  }
  return status;
}

static rs_status create_packing(packing *p) {
  rs_arena *arena = p->bounder->arena;
  uint32_t chips = p->bounder->wiring->chip_count, links = p->bounder->wiring->link_count;
  p->load = RS_ARENA_NEW(arena, uint32_t, links);
  p->order = RS_ARENA_NEW(arena, uint32_t, links);
  p->bucket = RS_ARENA_NEW(arena, uint32_t, RS__TREES_MAX + 2);
  p->parent = RS_ARENA_NEW(arena, uint32_t, chips);
  p->label = RS_ARENA_NEW(arena, uint32_t, chips);
  p->is_wanted = RS_ARENA_NEW(arena, uint8_t, chips);
  bool failed = p->load == NULL || p->order == NULL || p->bucket == NULL || p->parent == NULL ||
                p->label == NULL || p->is_wanted == NULL;
  return failed ? rs_arena_failed(arena, p->bounder->diag) : RS_OK;
}

rs_status rs__bound_trees(rs__bounder *b, int64_t *slots) {
  const rs_wiring *w = b->wiring;
  packing p = {.bounder = b};
  *slots = 0;
  if (w->link_count == 0 || b->request->kind == RS_SEND) return RS_OK;
  rs_status status = create_packing(&p);
  if (status != RS_OK) return status;
  uint32_t trees = RS_MIN(RS__TREES_MAX, RS__TREES_WORK / w->link_count);
  for (uint32_t t = 0; t < trees; t++) {
    sort_links(&p, t);
    grow_tree(&p);
  }
  status = try_loads(&p, trees);
  if (status == RS_OK && w->node_of != NULL) {
    copy_labels(&p, w->node_of);
    status = raise_by(&p);
  }
  if (status == RS_OK && w->rack_of != NULL) {
    copy_labels(&p, w->rack_of);
    status = raise_by(&p);
  }
  if (p.slots < INT64_C(1) << 54) *slots = (int64_t)p.slots;
  return status;
}

/*
 * Edge connectivity, exact, by flows: the fewest links whose loss parts some chip from some other.
 *
 * The least degree is a cut. A better one, of k links, has a terminal on either side when terminals are
 * chosen as below, so that it shows as no more than k link-disjoint paths between the first terminal and
 * some other (of fibres: to it, or from it). Paths are counted no further than the best cut so far.
 *
 * Terminals: all chips will do. Where no two cables join the same chips, a dominating set will: one
 * side S of a cut of k < d links, d the least degree, cannot be of d chips or fewer, for each of its
 * chips has at least d − |S| + 1 cables out of it, |S|·(d − |S| + 1) ≥ d in all; so S has more chips
 * than the cut has links, and one of them has all its neighbours in S: a terminal among them.
 * Esfahanian, Hakimi, "On computing the connectivities of graphs and digraphs", Networks 1984.
 *
 * A path is found by searching from both ends at once, which in a wiring of low diameter looks at
 * about the square root of what one search would. O(terminals · connectivity · links) at worst.
 */
#include <string.h>

#include "rs__measure.h"

/* One of the two searches for a path. */
typedef struct side {
  uint32_t *round;  /* [chip] the round in which it was reached */
  uint32_t *parent; /* [chip] the link by which it was */
  uint32_t *queue;
  uint32_t head, count;
} side;

typedef struct flow {
  const rs_wiring *wiring;
  side from, to;     /* from the source, and backwards from the sink */
  bool *used;        /* [link] carries a path */
  uint32_t *touched; /* between paths the links in use; then also those of the path, which is
                        shorter than there are chips */
  uint32_t touched_count;
  uint32_t round;
} flow;

static rs_status create_side(rs_arena *arena, uint32_t chips, side *s, rs_diag *diag) {
  s->round = RS_ARENA_NEW(arena, uint32_t, chips);
  s->parent = RS_ARENA_NEW(arena, uint32_t, chips);
  s->queue = RS_ARENA_NEW(arena, uint32_t, chips);
  bool whole = s->round != NULL && s->parent != NULL && s->queue != NULL;
  return whole ? RS_OK : rs_arena_failed(arena, diag);
}

static rs_status create(rs_arena *arena, const rs_wiring *wiring, flow *f, rs_diag *diag) {
  *f = (flow){.wiring = wiring};
  rs_status status = create_side(arena, wiring->chip_count, &f->from, diag);
  if (status == RS_OK) status = create_side(arena, wiring->chip_count, &f->to, diag);
  if (status != RS_OK) return status;
  f->used = RS_ARENA_NEW(arena, bool, wiring->link_count);
  f->touched = RS_ARENA_NEW(arena, uint32_t, (size_t)wiring->link_count + wiring->chip_count);
  bool whole = f->used != NULL && f->touched != NULL;
  return whole ? RS_OK : rs_arena_failed(arena, diag);
}

static void start(flow *f, side *s, uint32_t chip) {
  s->head = 0;
  s->count = 1;
  s->queue[0] = chip;
  s->round[chip] = f->round;
  s->parent[chip] = RS_NONE;
}

/* Notes that `chip` is reached by link l. Returns true when the other side knows it already. */
static bool reach(const flow *f, side *mine, const side *other, uint32_t chip, uint32_t l) {
  if (mine->round[chip] == f->round) return false;
  mine->round[chip] = f->round;
  mine->parent[chip] = l;
  mine->queue[mine->count++] = chip;
  return other->round[chip] == f->round;
}

/* Looks around one chip: along free links and back along used ones; the sink's search runs against
 * the links. Returns the chip where the searches meet, or RS_NONE. */
static uint32_t expand(const flow *f, side *mine, const side *other, bool forwards) {
  const rs_wiring *w = f->wiring;
  uint32_t chip = mine->queue[mine->head++];
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (f->used[l] == forwards) continue;
    if (reach(f, mine, other, w->links[l].to, l)) return w->links[l].to;
  }
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    uint32_t l = w->in_links[k];
    if (f->used[l] != forwards) continue;
    if (reach(f, mine, other, w->links[l].from, l)) return w->links[l].from;
  }
  return RS_NONE;
}

/* Takes free links of the half path that ends in `chip`, and gives used ones back. */
static void take(flow *f, const side *s, uint32_t chip) {
  for (uint32_t l = s->parent[chip]; l != RS_NONE; l = s->parent[chip]) {
    const rs_link *link = &f->wiring->links[l];
    chip = chip == link->to ? link->from : link->to;
    f->used[l] = !f->used[l];
    f->touched[f->touched_count++] = l;
  }
}

static bool find_path(flow *f, uint32_t source, uint32_t sink) {
  f->round++;
  start(f, &f->from, source);
  start(f, &f->to, sink);
  while (f->from.head < f->from.count && f->to.head < f->to.count) {
    /* The side with less ahead of it goes. */
    bool forwards = f->from.count - f->from.head <= f->to.count - f->to.head;
    uint32_t met =
        forwards ? expand(f, &f->from, &f->to, true) : expand(f, &f->to, &f->from, false);
    if (met == RS_NONE) continue;
    take(f, &f->from, met);
    take(f, &f->to, met);
    return true;
  }
  return false;
}

/* Disjoint paths, at most `most`. */
static uint32_t count_paths(flow *f, uint32_t source, uint32_t sink, uint32_t most) {
  uint32_t count = 0;
  while (count < most && find_path(f, source, sink)) {
    count++;
    uint32_t kept = 0;
    for (uint32_t k = 0; k < f->touched_count; k++) {
      uint32_t l = f->touched[k];
      if (f->used[l]) f->touched[kept++] = l;
    }
    f->touched_count = kept;
  }
  for (uint32_t k = 0; k < f->touched_count; k++) f->used[f->touched[k]] = false;
  f->touched_count = 0;
  return count;
}

/* ---- terminals ---- */

static bool has_fibres(const rs_wiring *wiring) {
  return wiring->link_count > 0 && wiring->links[0].reverse == RS_NONE;
}

static bool has_copies(const rs_wiring *wiring) {
  for (uint32_t l = 1; l < wiring->link_count; l++) {
    const rs_link *before = &wiring->links[l - 1], *link = &wiring->links[l];
    if (before->from == link->from && before->to == link->to) return true;
  }
  return false;
}

/* Chip by chip: one that no terminal neighbours becomes one. Returns how many. */
static uint32_t choose_terminals(const rs_wiring *wiring, bool *dominated, uint32_t *terminals) {
  bool all = has_fibres(wiring) || has_copies(wiring);
  uint32_t count = 0;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    if (dominated[chip] && !all) continue;
    terminals[count++] = chip;
    for (uint32_t l = wiring->out_first[chip]; l < wiring->out_first[chip + 1]; l++) {
      dominated[wiring->links[l].to] = true;
    }
  }
  return count;
}

/* What leaves a chip is a cut, and what enters it another. */
static uint32_t least_degree(const rs_wiring *wiring) {
  uint32_t least = UINT32_MAX;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    uint32_t in = wiring->in_first[chip + 1] - wiring->in_first[chip];
    least = RS_MIN(least, RS_MIN(in, rs_wiring_out_degree(wiring, chip)));
  }
  return least;
}

rs_status rs__measure_edge_connectivity(rs_arena *arena, const rs_wiring *wiring, int64_t *result,
                                        rs_diag *diag) {
  flow f;
  *result = 0;
  if (wiring->chip_count < 2) return RS_OK;
  bool *dominated = RS_ARENA_NEW(arena, bool, wiring->chip_count);
  uint32_t *terminals = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  if (dominated == NULL || terminals == NULL) return rs_arena_failed(arena, diag);
  rs_status status = create(arena, wiring, &f, diag);
  if (status != RS_OK) return status;
  uint32_t count = choose_terminals(wiring, dominated, terminals);
  uint32_t bound = least_degree(wiring);
  for (uint32_t k = 1; bound > 0 && k < count; k++) {
    bound = count_paths(&f, terminals[0], terminals[k], bound);
    if (has_fibres(wiring)) bound = count_paths(&f, terminals[k], terminals[0], bound);
  }
  *result = bound;
  return RS_OK;
}

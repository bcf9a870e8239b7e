/*
 * Edge-disjoint paths by successive shortest augmenting paths.
 *
 * A unit of flow on a link costs 1. Each round finds the cheapest path in the residual graph, where
 * a used link may be given back at cost −1; after k rounds the flow is k paths with the fewest hops
 * that k paths can have (Ford, Fulkerson 1962; Suurballe 1974 for k = 2). Since hops cost, the flow
 * has no cycle and never uses both directions of a cable: to give one back is cheaper. So paths
 * that share no link share no cable, and no path is at a chip twice. Costs below zero want
 * Bellman–Ford; with a queue it touches most links a few times.
 */
#include <assert.h>
#include <string.h>

#include "rs_route_table.h"

typedef struct flow {
  const rs_wiring *wiring;
  bool *used;       /* [link] carries a path */
  int32_t *cost;    /* [chip] of this round */
  uint32_t *arrive; /* [chip] link by which the path comes, or is given back */
  bool *back;       /* [chip] the link is given back: it leaves this chip */
  uint32_t *queue;  /* [chips + 1], a ring */
  bool *queued;     /* [chip] */
} flow;

static const int32_t cost_none = INT32_MAX;

typedef struct ring {
  uint32_t head, tail, size;
} ring;

static void relax(flow *f, ring *r, uint32_t chip, uint32_t link, bool back, int32_t cost) {
  if (cost >= f->cost[chip]) return;
  f->cost[chip] = cost;
  f->arrive[chip] = link;
  f->back[chip] = back;
  if (f->queued[chip]) return;
  f->queued[chip] = true;
  f->queue[r->tail] = chip;
  r->tail = (r->tail + 1) % r->size;
}

/* The cheapest residual path; false when there is none. */
static bool find_augmenting(flow *f, uint32_t from, uint32_t to) {
  const rs_wiring *wiring = f->wiring;
  ring r = {0, 0, wiring->chip_count + 1};
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) f->cost[chip] = cost_none;
  relax(f, &r, from, RS_NONE, false, 0);
  while (r.head != r.tail) {
    uint32_t chip = f->queue[r.head];
    r.head = (r.head + 1) % r.size;
    f->queued[chip] = false;
    for (uint32_t l = wiring->out_first[chip]; l < wiring->out_first[chip + 1]; l++) {
      if (!f->used[l]) relax(f, &r, wiring->links[l].to, l, false, f->cost[chip] + 1);
    }
    for (uint32_t k = wiring->in_first[chip]; k < wiring->in_first[chip + 1]; k++) {
      uint32_t l = wiring->in_links[k];
      if (f->used[l]) relax(f, &r, wiring->links[l].from, l, true, f->cost[chip] - 1);
    }
  }
  return f->cost[to] != cost_none;
}

static void augment(flow *f, uint32_t from, uint32_t to) {
  for (uint32_t chip = to; chip != from;) {
    const rs_link *link = &f->wiring->links[f->arrive[chip]];
    f->used[f->arrive[chip]] = !f->back[chip];
    chip = f->back[chip] ? link->to : link->from;
  }
}

/* Follows used links from → to and takes them out; returns the hops. */
static uint32_t take_path(flow *f, uint32_t from, uint32_t to, uint32_t *links) {
  const rs_wiring *wiring = f->wiring;
  uint32_t hops = 0;
  for (uint32_t chip = from; chip != to;) {
    uint32_t l = wiring->out_first[chip];
    while (l < wiring->out_first[chip + 1] && !f->used[l]) l++;
    assert(l < wiring->out_first[chip + 1]); /* what flows in flows out */
    f->used[l] = false;
    links[hops++] = l;
    chip = wiring->links[l].to;
  }
  return hops;
}

/* Shortest first; ties in the order in which they were taken. */
static void sort_paths(const uint32_t *start, uint32_t *order, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t j = i;
    for (; j > 0; j--) {
      uint32_t before = order[j - 1];
      if (start[before + 1] - start[before] <= start[i + 1] - start[i]) break;
      order[j] = before;
    }
    order[j] = i;
  }
}

static rs_status fill_paths(rs_arena *arena, rs_arena *scratch, flow *f, uint32_t from, uint32_t to,
                            uint32_t count, rs_route_disjoint *paths, rs_diag *diag) {
  uint32_t total = 0;
  for (uint32_t l = 0; l < f->wiring->link_count; l++) total += f->used[l];
  uint32_t *taken = RS_ARENA_NEW(scratch, uint32_t, total);
  uint32_t *start = RS_ARENA_NEW(scratch, uint32_t, (size_t)count + 1);
  uint32_t *order = RS_ARENA_NEW(scratch, uint32_t, count);
  paths->path_count = count;
  paths->first = RS_ARENA_NEW(arena, uint32_t, (size_t)count + 1);
  paths->links = RS_ARENA_NEW(arena, uint32_t, total);
  if (taken == NULL || start == NULL || order == NULL || paths->first == NULL ||
      paths->links == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t k = 0; k < count; k++) {
    start[k + 1] = start[k] + take_path(f, from, to, taken + start[k]);
  }
  sort_paths(start, order, count);
  for (uint32_t k = 0; k < count; k++) {
    uint32_t hops = start[order[k] + 1] - start[order[k]];
    paths->first[k + 1] = paths->first[k] + hops;
    memcpy(paths->links + paths->first[k], taken + start[order[k]], hops * sizeof *taken);
  }
  return RS_OK;
}

static rs_status find_paths(rs_arena *arena, rs_arena *scratch, const rs_wiring *wiring,
                            uint32_t from, uint32_t to, uint32_t paths_max,
                            rs_route_disjoint *paths, rs_diag *diag) {
  size_t n = wiring->chip_count;
  uint32_t count = 0;
  flow f = {wiring,
            RS_ARENA_NEW(scratch, bool, wiring->link_count),
            RS_ARENA_NEW(scratch, int32_t, n),
            RS_ARENA_NEW(scratch, uint32_t, n),
            RS_ARENA_NEW(scratch, bool, n),
            RS_ARENA_NEW(scratch, uint32_t, n + 1),
            RS_ARENA_NEW(scratch, bool, n)};
  if (f.used == NULL || f.cost == NULL || f.arrive == NULL || f.back == NULL || f.queue == NULL ||
      f.queued == NULL) {
    return rs_arena_failed(scratch, diag);
  }
  for (; count < paths_max && find_augmenting(&f, from, to); count++) augment(&f, from, to);
  if (count == 0) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "no path from chip %u to chip %u", from, to);
  }
  return fill_paths(arena, scratch, &f, from, to, count, paths, diag);
}

rs_status rs_route_disjoint_build(rs_arena *arena, const rs_wiring *wiring, uint32_t from,
                                  uint32_t to, uint32_t paths_max, rs_route_disjoint *paths,
                                  rs_diag *diag) {
  assert(from < wiring->chip_count && to < wiring->chip_count && from != to && paths_max > 0);
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(arena, diag);
  rs_status status = find_paths(arena, scratch, wiring, from, to, paths_max, paths, diag);
  rs_arena_destroy(scratch);
  return status;
}

/* ---- the check ---- */

static rs_status check_path(const rs_wiring *wiring, uint32_t from, uint32_t to,
                            const rs_route_disjoint *paths, uint32_t k, bool *used, uint32_t *mark,
                            rs_diag *diag) {
  uint32_t chip = from;
  mark[from] = k + 1;
  for (uint32_t i = paths->first[k]; i < paths->first[k + 1]; i++) {
    uint32_t l = paths->links[i];
    if (l >= wiring->link_count || wiring->links[l].from != chip) {
      return rs_diag_set(diag, RS_E_REFUSED, "path %u breaks off at chip %u", k, chip);
    }
    uint32_t reverse = wiring->links[l].reverse;
    if (used[l] || (reverse != RS_NONE && used[reverse])) {
      return rs_diag_set(diag, RS_E_REFUSED, "path %u shares the cable of link %u", k, l);
    }
    used[l] = true;
    chip = wiring->links[l].to;
    if (mark[chip] == k + 1) {
      return rs_diag_set(diag, RS_E_REFUSED, "path %u is at chip %u twice", k, chip);
    }
    mark[chip] = k + 1;
  }
  if (chip == to) return RS_OK;
  return rs_diag_set(diag, RS_E_REFUSED, "path %u ends at chip %u, not %u", k, chip, to);
}

rs_status rs_route_disjoint_check(const rs_wiring *wiring, uint32_t from, uint32_t to,
                                  const rs_route_disjoint *paths, rs_diag *diag) {
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_diag_set(diag, RS_E_NO_MEMORY, "out of memory");
  bool *used = RS_ARENA_NEW(scratch, bool, wiring->link_count);
  uint32_t *mark = RS_ARENA_NEW(scratch, uint32_t, wiring->chip_count);
  rs_status status = used != NULL && mark != NULL ? RS_OK : rs_arena_failed(scratch, diag);
  for (uint32_t k = 0; k < paths->path_count && status == RS_OK; k++) {
    status = check_path(wiring, from, to, paths, k, used, mark, diag);
  }
  rs_arena_destroy(scratch);
  return status;
}

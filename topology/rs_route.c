/*
 * Minimal routes: breadth-first search from one end, then choices among equals from the other.
 *
 * The search gives every chip its distance; any link that lowers the distance by one is on some
 * minimal path. The choice among those is made afterwards, from the far chips inwards, only where a
 * member needs it, so relays that lead nowhere never enter and no load is booked for them. Order of
 * choice: least load, then a parent that the tree has already, then the turn (salt + a hash of the
 * chip) mod the number of equals: consecutive salts take the equal links of a chip in turn, and
 * different chips start at different places.
 */
#include "rs_route.h"

#include <string.h>

#include "rs_random.h"

/* Distances from `root` along links (out) or against them (in). */
typedef struct search {
  const rs_wiring *wiring;
  bool toward_root;
  const bool *allowed; /* NULL: every chip */
  const bool *wanted;  /* NULL, or the chips that are to be found */
  uint32_t wanted_count;
  uint32_t *depth; /* [chip], RS_NONE where the search has not been */
  uint32_t *queue;
  uint32_t queue_count;
} search;

/* The k-th link by which the search leaves a chip, and the chip at its other end. */
static uint32_t leaving_first(const search *s, uint32_t chip) {
  return s->toward_root ? s->wiring->in_first[chip] : s->wiring->out_first[chip];
}

static uint32_t leaving_chip(const search *s, uint32_t k) {
  return s->toward_root ? s->wiring->links[s->wiring->in_links[k]].from : s->wiring->links[k].to;
}

/* The k-th link by which a chip is entered, seen in the direction of the search. */
static uint32_t entering_first(const search *s, uint32_t chip) {
  return s->toward_root ? s->wiring->out_first[chip] : s->wiring->in_first[chip];
}

static uint32_t entering_link(const search *s, uint32_t k) {
  return s->toward_root ? k : s->wiring->in_links[k];
}

static uint32_t parent_of(const search *s, uint32_t link) {
  return s->toward_root ? s->wiring->links[link].to : s->wiring->links[link].from;
}

/* Stops early once `goal` is reached, or all that is wanted: whatever is nearer than the last is then
 * known. RS_NONE and NULL: goes everywhere. */
static void run_search(search *s, uint32_t root, uint32_t goal) {
  memset(s->depth, 0xff, s->wiring->chip_count * sizeof *s->depth);
  s->depth[root] = 0;
  s->queue[0] = root;
  s->queue_count = 1;
  uint32_t left = s->wanted == NULL ? UINT32_MAX : s->wanted_count - (s->wanted[root] ? 1 : 0);
  for (uint32_t head = 0; head < s->queue_count && left > 0; head++) {
    uint32_t chip = s->queue[head];
    if (chip == goal) return;
    uint32_t end = leaving_first(s, chip + 1);
    for (uint32_t k = leaving_first(s, chip); k < end; k++) {
      uint32_t other = leaving_chip(s, k);
      if (s->depth[other] != RS_NONE || (s->allowed != NULL && !s->allowed[other])) continue;
      s->depth[other] = s->depth[chip] + 1;
      s->queue[s->queue_count++] = other;
      if (s->wanted != NULL && s->wanted[other] && --left == 0) return;
    }
  }
}

/* The choice among the links that bring a chip one hop nearer to the root. */
typedef struct chooser {
  const search *s;
  const bool *needed; /* [chip] chips of the tree so far, or NULL */
  const uint32_t *link_load;
  uint32_t salt;
} chooser;

/* Smaller is better; the two criteria that come before the turn. */
static uint64_t cost_of(const chooser *c, uint32_t link) {
  uint64_t load = c->link_load == NULL ? 0 : c->link_load[link];
  bool extra = c->needed != NULL && !c->needed[parent_of(c->s, link)];
  return load << 1 | (extra ? 1 : 0);
}

static uint32_t choose_link(const chooser *c, uint32_t chip) {
  const search *s = c->s;
  uint32_t first = entering_first(s, chip), end = entering_first(s, chip + 1);
  uint64_t best = UINT64_MAX;
  uint32_t equals = 0;
  for (uint32_t k = first; k < end; k++) {
    uint32_t link = entering_link(s, k);
    if (s->depth[parent_of(s, link)] != s->depth[chip] - 1) continue;
    uint64_t cost = cost_of(c, link);
    if (cost < best) equals = 0;
    if (cost <= best) {
      best = cost;
      equals++;
    }
  }
  assert(equals > 0);
  uint32_t turn = (uint32_t)((c->salt + rs_mix_u64(chip)) % equals);
  for (uint32_t k = first; k < end; k++) {
    uint32_t link = entering_link(s, k);
    if (s->depth[parent_of(s, link)] != s->depth[chip] - 1 || cost_of(c, link) != best) continue;
    if (turn-- == 0) return link;
  }
  assert(false); /* the turn is below the number of equals */
  return RS_NONE;
}

static rs_status create_search(rs_arena *arena, const rs_wiring *wiring, bool toward_root,
                               search *s, rs_diag *diag) {
  *s = (search){.wiring = wiring, .toward_root = toward_root};
  s->depth = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  s->queue = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  if (s->depth == NULL || s->queue == NULL) return rs_arena_failed(arena, diag);
  return RS_OK;
}

/* ---- trees ---- */

static rs_status create_tree(rs_arena *arena, const rs_wiring *wiring,
                             const rs_route_request *request, rs_route_tree *tree, rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  *tree =
      (rs_route_tree){.root = request->root, .toward_root = request->toward_root, .chip_count = n};
  tree->link = RS_ARENA_NEW(arena, uint32_t, n);
  tree->depth = RS_ARENA_NEW(arena, uint32_t, n);
  tree->order = RS_ARENA_NEW(arena, uint32_t, n);
  if (tree->link == NULL || tree->depth == NULL || tree->order == NULL) {
    return rs_arena_failed(arena, diag);
  }
  memset(tree->link, 0xff, n * sizeof *tree->link);
  memset(tree->depth, 0xff, n * sizeof *tree->depth);
  return RS_OK;
}

static void mark_members(const rs_route_request *request, uint32_t chip_count, bool *needed) {
  needed[request->root] = true;
  if (request->members == NULL) {
    for (uint32_t chip = 0; chip < chip_count; chip++) needed[chip] = true;
  } else {
    for (uint32_t k = 0; k < request->member_count; k++) {
      assert(request->members[k] < chip_count);
      needed[request->members[k]] = true;
    }
  }
}

/* Every member must have been reached. */
static rs_status check_reached(const search *s, const rs_route_request *request, const bool *needed,
                               rs_diag *diag) {
  for (uint32_t chip = 0; chip < s->wiring->chip_count; chip++) {
    if (!needed[chip] || s->depth[chip] != RS_NONE) continue;
    uint32_t from = request->toward_root ? chip : request->root;
    uint32_t to = request->toward_root ? request->root : chip;
    return rs_diag_set(diag, RS_E_INFEASIBLE, "no path from chip %u to chip %u%s", from, to,
                       request->members_only ? " inside the group" : "");
  }
  return RS_OK;
}

/* From the last chip of the search to the first: by then all that hang on a chip are known. */
static void choose_links(const search *s, const rs_route_request *request, bool *needed,
                         rs_route_tree *tree) {
  chooser c = {s, needed, request->link_load, request->salt};
  for (uint32_t k = s->queue_count; k-- > 1;) {
    uint32_t chip = s->queue[k];
    if (!needed[chip]) continue;
    uint32_t link = choose_link(&c, chip);
    tree->link[chip] = link;
    needed[parent_of(s, link)] = true;
    if (request->link_load != NULL) request->link_load[link]++;
  }
}

/* Counting sort of the tree's chips by depth, then chip. `place` has chip_count + 1 zeros. */
static void fill_order(const search *s, const bool *needed, uint32_t *place, rs_route_tree *tree) {
  uint32_t n = s->wiring->chip_count;
  for (uint32_t chip = 0; chip < n; chip++) {
    if (!needed[chip]) continue;
    tree->depth[chip] = s->depth[chip];
    place[s->depth[chip] + 1]++;
    tree->order_count++;
  }
  for (uint32_t d = 1; d <= n; d++) place[d] += place[d - 1];
  for (uint32_t chip = 0; chip < n; chip++) {
    if (needed[chip]) tree->order[place[s->depth[chip]]++] = chip;
  }
}

static rs_status build_tree(rs_arena *scratch, const rs_wiring *wiring,
                            const rs_route_request *request, rs_route_tree *tree, rs_diag *diag) {
  search s;
  rs_status status = create_search(scratch, wiring, request->toward_root, &s, diag);
  if (status != RS_OK) return status;
  bool *needed = RS_ARENA_NEW(scratch, bool, wiring->chip_count);
  bool *members = RS_ARENA_NEW(scratch, bool, wiring->chip_count);
  uint32_t *place = RS_ARENA_NEW(scratch, uint32_t, (size_t)wiring->chip_count + 1);
  if (needed == NULL || members == NULL || place == NULL) return rs_arena_failed(scratch, diag);
  mark_members(request, wiring->chip_count, needed);
  memcpy(members, needed, wiring->chip_count * sizeof *members);
  if (request->members_only) s.allowed = members;
  s.wanted = members;
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) s.wanted_count += members[chip];
  run_search(&s, request->root, RS_NONE);
  status = check_reached(&s, request, needed, diag);
  if (status != RS_OK) return status;
  choose_links(&s, request, needed, tree);
  fill_order(&s, needed, place, tree);
  return RS_OK;
}

rs_status rs_route_tree_build(rs_arena *arena, const rs_wiring *wiring,
                              const rs_route_request *request, rs_route_tree *tree, rs_diag *diag) {
  assert(request->root < wiring->chip_count);
  rs_status status = create_tree(arena, wiring, request, tree, diag);
  if (status != RS_OK) return status;
  if (request->scratch != NULL) return build_tree(request->scratch, wiring, request, tree, diag);
  /* Scratch of its own: a caller builds thousands of trees in one arena. */
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(arena, diag);
  status = build_tree(scratch, wiring, request, tree, diag);
  rs_arena_destroy(scratch);
  return status;
}

/* ---- paths ---- */

static rs_status walk_path(rs_arena *scratch, const rs_wiring *wiring, uint32_t from, uint32_t to,
                           uint32_t salt, uint32_t *link_load, uint32_t *links, uint32_t links_max,
                           uint32_t *hops, rs_diag *diag) {
  search s;
  rs_status status = create_search(scratch, wiring, /*toward_root=*/true, &s, diag);
  if (status != RS_OK) return status;
  run_search(&s, to, from);
  if (s.depth[from] == RS_NONE) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "no path from chip %u to chip %u", from, to);
  }
  if (s.depth[from] > links_max) {
    return rs_diag_set(diag, RS_E_LIMIT, "the path from chip %u to chip %u has %u hops, and %u fit",
                       from, to, s.depth[from], links_max);
  }
  chooser c = {&s, NULL, link_load, salt};
  *hops = s.depth[from];
  for (uint32_t chip = from, k = 0; chip != to; k++) {
    links[k] = choose_link(&c, chip);
    if (link_load != NULL) link_load[links[k]]++;
    chip = wiring->links[links[k]].to;
  }
  return RS_OK;
}

rs_status rs_route_path(rs_arena *arena, const rs_wiring *wiring, uint32_t from, uint32_t to,
                        uint32_t salt, uint32_t *link_load, uint32_t *links, uint32_t links_max,
                        uint32_t *hops, rs_diag *diag) {
  assert(from < wiring->chip_count && to < wiring->chip_count);
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(arena, diag);
  rs_status status =
      walk_path(scratch, wiring, from, to, salt, link_load, links, links_max, hops, diag);
  rs_arena_destroy(scratch);
  return status;
}

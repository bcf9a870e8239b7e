/*
 * All-reduce by shared trees: as few hops as there are, for messages of few vectors.
 *
 * Each chip is the root of an in-tree of the least depth, and out of the sums that come in a chip makes
 * those that others want (rs_plan_shared.c chooses them). One-shot sends every input to every chip, which is
 * N − 1 messages into each; here a link carries an input once, and for each further hop a sum or two: on a
 * wiring of diameter 2, two messages a link, whatever N is.
 *
 * What comes in over a link is one transmission, however many sums it is added to. A hop buffer is
 * zero at first, so what is added in it may come in any order, and the vector unit takes it when it has
 * room: inputs, which are added to as many sums as a chip has neighbours, come a few cycles apart.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__shared.h"

#define RS__SHARED_ROUNDS 4
#define RS__MANY_CHIPS 320
#define RS__CORE_ROUNDS 1

/* A transmission, or one place of it. */
typedef struct addend {
  uint32_t depth; /* of what is sent: 0, or the bundle's */
  rs__shared_part part;
  uint32_t bundle; /* that it is added to */
  uint32_t index;  /* of the part, among all */
} addend;

/* Tasks that have added to the `out` of a chip. */
typedef struct added {
  uint32_t task, next;
} added;

typedef struct emitter {
  rs__plan *plan;
  const rs__shared *shared;
  rs__run run;
  addend *places;
  uint32_t place_count;
  uint32_t *root_of;   /* [bundle] its place among cores, or RS_NONE */
  int64_t *offset_of;  /* [bundle] in hop buffer */
  uint32_t *task_of;   /* [part] */
  uint32_t places_max; /* of a transmission */
  /* Where cores have sums of chips around them: [chip] lists, RS_NONE: the chip sends its input. NULL: all do. */
  uint32_t *ups;   /* added to `out` before it is sent */
  uint32_t *reads; /* send it */
  uint32_t *sums;  /* added to it afterwards */
  added *added;
  uint32_t added_count, added_capacity;
} emitter;

static int compare_places(const void *left, const void *right) {
  const addend *a = left;
  const addend *b = right;
  if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
  if (a->part.link != b->part.link) return a->part.link < b->part.link ? -1 : 1;
  if (a->part.item != b->part.item) return a->part.item < b->part.item ? -1 : 1;
  return (a->bundle > b->bundle) - (a->bundle < b->bundle);
}

static void list_places(emitter *e) {
  const rs__shared *s = e->shared;
  for (uint32_t id = 0; id < s->bundle_count; id++) {
    const rs__bundle *b = &s->bundles[id];
    if (b->uses == 0) continue;
    if (e->root_of[id] == RS_NONE) {
      e->offset_of[id] = rs__plan_tmp(e->plan, b->chip, e->run.count);
    }
    for (uint32_t i = b->first_part; i < b->first_part + b->part_count; i++) {
      uint32_t item = s->parts[i].item;
      uint32_t depth = item == RS_NONE ? 0 : s->bundles[item].depth;
      e->places[e->place_count++] = (addend){depth, s->parts[i], id, i};
    }
  }
  qsort(e->places, e->place_count, sizeof *e->places, compare_places);
}

/* What a transmission sends, without its place. */
static rs__task sender_task(const emitter *e, const rs__shared_part *part) {
  rs__task task = {.link = part->link, .count = e->run.count};
  uint32_t chip = e->plan->wiring->links[part->link].from;
  if (part->item == RS_NONE && e->ups != NULL && e->ups[chip] != RS_NONE) {
    task.source = RS_BUFFER_OUT;
    task.source_offset = e->run.offset;
  } else if (part->item == RS_NONE) {
    task.source = RS_BUFFER_IN;
    task.source_offset = e->run.offset;
  } else {
    task.source = RS_BUFFER_TMP;
    task.source_offset = e->offset_of[part->item];
  }
  return task;
}

static void push_added(emitter *e, uint32_t *list, uint32_t task) {
  if (e->added_count == e->added_capacity) {
    added *larger = rs__grow(e->plan->arena, e->added, &e->added_capacity, sizeof *larger);
    if (larger == NULL) {
      e->plan->status = rs_arena_failed(e->plan->arena, e->plan->diag);
      return;
    }
    e->added = larger;
  }
  e->added[e->added_count] = (added){task, *list};
  *list = e->added_count++;
}

/* A core's sum is sent when it is made, and nothing lands on it before it is sent: cores are no neighbours, so
 * that what lands has come farther, and is a later task. */
static void order_with_sums(emitter *e, const addend *places, uint32_t count, uint32_t first) {
  rs__plan *plan = e->plan;
  const rs_link *link = &plan->wiring->links[places[0].part.link];
  bool is_own = places[0].part.item == RS_NONE;
  if (is_own) {
    for (uint32_t i = e->ups[link->from]; i != RS_NONE; i = e->added[i].next) {
      rs__plan_edge(plan, e->added[i].task, first, RS__READS);
    }
    if (e->ups[link->from] != RS_NONE) push_added(e, &e->reads[link->from], first);
  }
  for (uint32_t i = 0; i < count && plan->status == RS_OK; i++) {
    if (e->root_of[places[i].bundle] == RS_NONE) continue;
    uint32_t task = e->task_of[places[i].index];
    for (uint32_t k = e->reads[link->to]; k != RS_NONE; k = e->added[k].next) {
      rs__plan_edge(plan, e->added[k].task, task, RS__CLEARS);
    }
    push_added(e, &e->sums[link->to], task);
  }
}

/* One transmission to `count` places. */
static void send_places(emitter *e, const addend *places, uint32_t count) {
  const rs__shared *s = e->shared;
  rs__plan *plan = e->plan;
  rs__task task = sender_task(e, &places[0].part);
  uint32_t first = RS_NONE;
  for (uint32_t i = 0; i < count && plan->status == RS_OK; i++) {
    bool is_result = e->root_of[places[i].bundle] != RS_NONE;
    rs_buffer target = is_result ? RS_BUFFER_OUT : RS_BUFFER_TMP;
    int64_t offset = is_result ? e->run.offset : e->offset_of[places[i].bundle];
    uint32_t id;
    if (i == 0) {
      task.target = (uint8_t)target;
      task.target_offset = offset;
      task.action = RS_ACTION_ADD;
      task.result = is_result;
      id = first = rs__plan_add(plan, &task);
    } else {
      id = rs__plan_also(plan, first, target, offset, RS_ACTION_ADD, is_result);
    }
    e->task_of[places[i].index] = id;
    if (is_result) rs__plan_wait_to_land(plan, id, e->run); /* the own input must be there */
  }
  if (task.source == RS_BUFFER_IN) {
    rs__plan_wait_to_read(plan, first, plan->wiring->links[task.link].from, e->run);
  }
  if (plan->status != RS_OK) return;
  if (e->ups != NULL) order_with_sums(e, places, count, first);
  if (places[0].part.item == RS_NONE) return;
  const rs__bundle *sent = &s->bundles[places[0].part.item];
  for (uint32_t i = sent->first_part; i < sent->first_part + sent->part_count; i++) {
    rs__plan_edge(plan, e->task_of[i], first, RS__READS);
  }
}

static bool is_same_part(const rs__shared_part *a, const rs__shared_part *b) {
  return a->link == b->link && a->item == b->item;
}

static void send_all(emitter *e) {
  for (uint32_t i = 0, end; i < e->place_count && e->plan->status == RS_OK; i = end) {
    for (end = i + 1; end < e->place_count && end - i < e->places_max; end++) {
      if (!is_same_part(&e->places[i].part, &e->places[end].part)) break;
    }
    send_places(e, &e->places[i], end - i);
  }
}

static rs_status emit(emitter *e, const rs__shared *shared) {
  rs__plan *plan = e->plan;
  e->shared = shared;
  e->places_max = rs__plan_places_max(plan);
  e->places = RS_ARENA_NEW(plan->arena, addend, shared->part_count);
  e->root_of = RS_ARENA_NEW(plan->arena, uint32_t, shared->bundle_count);
  e->offset_of = RS_ARENA_NEW(plan->arena, int64_t, shared->bundle_count);
  e->task_of = RS_ARENA_NEW(plan->arena, uint32_t, shared->part_count);
  if (e->places == NULL || e->root_of == NULL || e->offset_of == NULL || e->task_of == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  for (uint32_t id = 0; id < shared->bundle_count; id++) e->root_of[id] = RS_NONE;
  for (uint32_t i = 0; i < shared->core_count; i++) e->root_of[shared->root_bundle[i]] = i;
  list_places(e);
  send_all(e);
  return plan->status;
}

/* Hops between the farthest two members. */
static rs_status find_diameter(rs__plan *plan, uint32_t *hops) {
  uint32_t n = plan->member_count;
  *hops = 1;
  for (uint32_t i = 0; i < n; i++) {
    rs_status status = rs__plan_search(plan, plan->members[i], /*toward_hub=*/true);
    if (status != RS_OK) return status;
    for (uint32_t k = 0; k < n; k++) {
      uint32_t depth = plan->depth[plan->members[k]];
      if (depth == RS_NONE) {
        return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "no path inside the group");
      }
      *hops = RS_MAX(*hops, depth);
    }
  }
  return RS_OK;
}

/* Makes trees with and without whole neighbourhoods at first, and says with which of the two links carry less. */
static rs_status choose_start(rs__plan *plan, uint32_t hops, uint32_t rounds,
                              bool *neighbourhoods) {
  rs__shared shared;
  uint64_t squares[2] = {0, 0};
  size_t links = plan->wiring->link_count;
  *neighbourhoods = true;
  for (int with = 0; with < 2 && hops > 2; with++) {
    uint32_t *load = RS_ARENA_NEW(plan->arena, uint32_t, links * hops);
    if (load == NULL) return rs_arena_failed(plan->arena, plan->diag);
    rs_status status = rs__shared_make(plan, plan->members, plan->member_count, hops, rounds,
                                       with == 1, load, &shared);
    if (status != RS_OK) return status;
    squares[with] = shared.squares;
  }
  *neighbourhoods = squares[1] <= squares[0];
  return RS_OK;
}

rs_status rs__build_shared_trees(rs__plan *plan) {
  rs__shared shared;
  uint32_t hops, rounds = plan->member_count > RS__MANY_CHIPS ? 2 : RS__SHARED_ROUNDS;
  bool neighbourhoods = true;
  rs_status status = find_diameter(plan, &hops);
  if (status == RS_OK && plan->member_count <= RS__MANY_CHIPS) {
    status = choose_start(plan, hops, 2, &neighbourhoods);
  }
  if (status != RS_OK) return status;
  uint32_t *load = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)plan->wiring->link_count * hops);
  if (load == NULL || !rs__plan_count_adds(plan)) return rs_arena_failed(plan->arena, plan->diag);
  for (int64_t k = 0; k < plan->variant.splits && status == RS_OK; k++) {
    emitter e = {.plan = plan,
                 .run = rs__run_part((rs__run){0, plan->block}, plan->variant.splits, k)};
    status = rs__shared_make(plan, plan->members, plan->member_count, hops, rounds, neighbourhoods,
                             load, &shared);
    if (status == RS_OK) status = emit(&e, &shared);
  }
  return status;
}

/* ---- cores ---- */

/* Chips of which every member is one or has one beside it, and of which no two are neighbours. */
typedef struct cores {
  rs__plan *plan;
  bool *beside;    /* [a · n + b] places of neighbours, and a = b */
  uint32_t *times; /* [chip] in how many cores it was */
  bool *covered;   /* [place] */
  uint32_t *chips;
  uint32_t count;
  uint32_t *load; /* [link] ways up and down so far */
} cores;

static bool is_beside(const cores *c, uint32_t a, uint32_t b) {
  return c->beside[(size_t)a * c->plan->member_count + b];
}

static uint32_t count_new(const cores *c, uint32_t place) {
  uint32_t gain = 0;
  for (uint32_t i = 0; i < c->plan->member_count; i++) {
    gain += !c->covered[i] && is_beside(c, i, place);
  }
  return gain;
}

static void take_core(cores *c, uint32_t place) {
  uint32_t chip = c->plan->members[place];
  c->chips[c->count++] = chip;
  for (uint32_t i = 0; i < c->plan->member_count; i++) {
    if (is_beside(c, i, place)) c->covered[i] = true;
  }
}

/* Greedy from a first chip on: of chips that have no core beside them, who has the most neighbours like that,
 * and was core least often. So no two cores are neighbours. */
static void find_cores(cores *c, uint32_t first) {
  uint32_t n = c->plan->member_count;
  memset(c->covered, 0, n * sizeof *c->covered);
  c->count = 0;
  take_core(c, first);
  for (;;) {
    uint32_t best = RS_NONE, best_gain = 0;
    for (uint32_t k = 0; k < n; k++) {
      uint32_t place = (first + k) % n;
      if (c->covered[place]) continue;
      uint32_t gain = count_new(c, place);
      if (gain < best_gain || (gain == best_gain && c->times[place] >= c->times[best])) continue;
      best = place;
      best_gain = gain;
    }
    if (best == RS_NONE) break;
    take_core(c, best);
  }
  for (uint32_t i = 0; i < c->count; i++) c->times[c->plan->position[c->chips[i]]]++;
}

/* The least loaded link between a chip and a core, up or down. */
static uint32_t find_way(const cores *c, uint32_t chip, const bool *is_core, bool up) {
  const rs_wiring *w = c->plan->wiring;
  const uint32_t *begin = up ? w->out_first : w->in_first;
  uint32_t best = RS_NONE;
  for (uint32_t k = begin[chip]; k < begin[chip + 1]; k++) {
    uint32_t link = up ? k : w->in_links[k];
    if (!is_core[up ? w->links[link].to : w->links[link].from]) continue;
    if (best == RS_NONE || c->load[link] < c->load[best]) best = link;
  }
  assert(best != RS_NONE);
  c->load[best]++;
  return best;
}

static void send_up(emitter *e, uint32_t chip, uint32_t link) {
  rs__plan *plan = e->plan;
  rs__task task = {.link = link,
                   .count = e->run.count,
                   .source = RS_BUFFER_IN,
                   .source_offset = e->run.offset,
                   .target = RS_BUFFER_OUT,
                   .target_offset = e->run.offset,
                   .action = RS_ACTION_ADD,
                   .result = true};
  uint32_t id = rs__plan_add(plan, &task);
  rs__plan_wait_to_read(plan, id, chip, e->run);
  rs__plan_wait_to_land(plan, id, e->run);
  if (id != RS_NONE) push_added(e, &e->ups[plan->wiring->links[link].to], id);
}

static void send_down(emitter *e, uint32_t link) {
  rs__plan *plan = e->plan;
  uint32_t from = plan->wiring->links[link].from;
  rs__task task = {.link = link,
                   .count = e->run.count,
                   .source = RS_BUFFER_OUT,
                   .source_offset = e->run.offset,
                   .target = RS_BUFFER_OUT,
                   .target_offset = e->run.offset,
                   .action = RS_ACTION_KEEP,
                   .result = true};
  uint32_t id = rs__plan_add(plan, &task);
  for (int side = 0; side < 2; side++) {
    uint32_t list = side == 0 ? e->ups[from] : e->sums[from];
    for (uint32_t i = list; i != RS_NONE && id != RS_NONE; i = e->added[i].next) {
      rs__plan_edge(plan, e->added[i].task, id, RS__READS);
    }
  }
}

/* Up to the cores, among them on shared trees, and down. */
static rs_status move_shard(cores *c, rs__run run, uint32_t hops, uint32_t *load) {
  rs__plan *plan = c->plan;
  uint32_t chips = plan->wiring->chip_count;
  rs__shared shared;
  emitter e = {.plan = plan, .run = run};
  uint32_t *lists = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)chips * 3);
  uint32_t *core_chips = RS_ARENA_NEW(plan->arena, uint32_t, c->count);
  bool *is_core = RS_ARENA_NEW(plan->arena, bool, chips);
  if (lists == NULL || core_chips == NULL || is_core == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  memset(lists, 0xff, (size_t)chips * 3 * sizeof *lists);
  e.ups = lists;
  e.reads = lists + chips;
  e.sums = lists + (size_t)chips * 2;
  memcpy(core_chips, c->chips, c->count * sizeof *core_chips);
  for (uint32_t i = 0; i < c->count; i++) is_core[core_chips[i]] = true;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t chip = plan->members[i];
    if (!is_core[chip]) send_up(&e, chip, find_way(c, chip, is_core, /*up=*/true));
  }
  rs_status status = plan->status;
  if (status == RS_OK && c->count > 1) {
    status = rs__shared_make(plan, core_chips, c->count, hops, RS__CORE_ROUNDS,
                             /*neighbourhoods=*/false, load, &shared);
    if (status == RS_OK) status = emit(&e, &shared);
  }
  for (uint32_t i = 0; i < plan->member_count && status == RS_OK; i++) {
    uint32_t chip = plan->members[i];
    if (!is_core[chip]) send_down(&e, find_way(c, chip, is_core, /*up=*/false));
    status = plan->status;
  }
  return status;
}

static rs_status move_all(cores *c, uint32_t hops) {
  rs__plan *plan = c->plan;
  uint32_t n = plan->member_count;
  int64_t shards = plan->variant.splits;
  uint32_t *load = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)plan->wiring->link_count * hops);
  if (load == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (int64_t k = 0; k < shards && plan->status == RS_OK; k++) {
    find_cores(c, (uint32_t)((uint64_t)k * n / (uint64_t)shards % n));
    rs_status status =
        move_shard(c, rs__run_part((rs__run){0, plan->block}, shards, k), hops, load);
    if (status != RS_OK) return status;
  }
  return plan->status;
}

static bool has_one_way_links(const rs_wiring *w) {
  for (uint32_t l = 0; l < w->link_count; l++) {
    if (w->links[l].reverse == RS_NONE) return true;
  }
  return false;
}

static void mark_neighbours(cores *c) {
  const rs_wiring *w = c->plan->wiring;
  uint32_t n = c->plan->member_count;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t chip = c->plan->members[i];
    c->beside[(size_t)i * n + i] = true;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t other = c->plan->position[w->links[l].to];
      if (other != RS_NONE) c->beside[(size_t)i * n + other] = true;
    }
  }
}

rs_status rs__build_shared_cores(rs__plan *plan) {
  rs_arena *arena = plan->arena;
  size_t n = plan->member_count;
  cores c = {.plan = plan};
  uint32_t hops;
  c.beside = RS_ARENA_NEW(arena, bool, n *n);
  c.times = RS_ARENA_NEW(arena, uint32_t, n);
  c.covered = RS_ARENA_NEW(arena, bool, n);
  c.chips = RS_ARENA_NEW(arena, uint32_t, n);
  c.load = RS_ARENA_NEW(arena, uint32_t, plan->wiring->link_count);
  if (c.beside == NULL || c.times == NULL || c.covered == NULL || c.chips == NULL ||
      c.load == NULL || !rs__plan_count_adds(plan)) {
    return rs_arena_failed(arena, plan->diag);
  }
  if (has_one_way_links(plan->wiring)) {
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "some links have no way back");
  }
  rs_status status = find_diameter(plan, &hops);
  if (status != RS_OK) return status;
  mark_neighbours(&c);
  return move_all(&c, hops);
}

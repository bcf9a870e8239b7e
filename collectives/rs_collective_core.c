/*
 * All-reduce through cores: small full meshes (a node, for one) that all others are near to.
 *
 * A tree sums up to one chip and spreads from there: two eccentricities. With a core the sums need only
 * come to the nearest of its chips; these exchange what they have, in one hop, and each spreads to those
 * that are nearest to it. With chips at most r hops from the core that is 2·r + 1 hops: 5 instead of 6
 * where the diameter is 3 and every chip is within two hops of some node, as in a dragonfly. It is the
 * hierarchical all-reduce (inside, between, inside) without levels that are fixed in advance: every shard
 * has a core of its own, so that links share the work.
 *
 * What comes to a core's chip is wanted twice: in its `out`, and by the others of the core. It cannot be
 * read from `out` while theirs comes in there, so that the last hop to the core goes to two places, into
 * `out` and into hop buffer, and a core's chip sends its own input and its hop buffer to the others. That
 * is one transmission, unless it is added in both and the vector unit has no room for that.
 */
#include <string.h>

#include "rs__collective.h"

#define RS__CORE_MAX 16

typedef struct core {
  uint32_t chips[RS__CORE_MAX];
  uint32_t count;
  uint32_t radius; /* hops to the farthest member, or from it */
} core;

typedef struct up {
  uint32_t first,
      count; /* its tasks, with consecutive numbers: to `out`, and to a core's hop buffer */
} up;

typedef struct builder {
  rs__plan *plan;
  uint32_t *core_of; /* [chip] the core's chip that it belongs to, in the search at hand */
  uint32_t *depth;   /* [chip] RS_NONE: not reached */
  uint32_t *parent;  /* [chip] link toward (or from) the core */
  uint32_t *order;   /* chips, nearest first */
  uint32_t reached;
  uint32_t *children; /* [chip] how many */
  up *ups;            /* [chip] what it sends up */
  uint32_t *first_in; /* [chip of a core] the first that comes into its hop buffer */
  uint32_t *joins;    /* [chip of the core] */
  uint32_t *rank;     /* [chip] of what it sends up, or of what comes down to it; NULL: by hops */
  uint32_t middle;    /* the rank between up and down */
  rs_route_tree tree;
} builder;

/* ---- distances to a core ---- */

static bool is_core(const core *c, uint32_t chip) {
  for (uint32_t i = 0; i < c->count; i++) {
    if (c->chips[i] == chip) return true;
  }
  return false;
}

/* Breadth first from all chips of the core, over members. Returns the depth of the last. */
static uint32_t search(builder *b, const core *c, bool toward) {
  const rs_wiring *w = b->plan->wiring;
  memset(b->depth, 0xff, w->chip_count * sizeof *b->depth);
  b->reached = c->count;
  for (uint32_t i = 0; i < c->count; i++) {
    b->order[i] = c->chips[i];
    b->depth[c->chips[i]] = 0;
  }
  for (uint32_t head = 0; head < b->reached; head++) {
    uint32_t chip = b->order[head];
    const uint32_t *first = toward ? w->in_first : w->out_first;
    for (uint32_t k = first[chip]; k < first[chip + 1]; k++) {
      uint32_t link = toward ? w->in_links[k] : k;
      uint32_t next = toward ? w->links[link].from : w->links[link].to;
      if (b->plan->position[next] == RS_NONE || b->depth[next] != RS_NONE) continue;
      b->depth[next] = b->depth[chip] + 1;
      b->order[b->reached++] = next;
    }
  }
  return b->depth[b->order[b->reached - 1]];
}

/* The least loaded link one step nearer to the core, which is counted. */
static void choose_parents(builder *b, const core *c, bool toward) {
  const rs_wiring *w = b->plan->wiring;
  uint32_t *load = b->plan->link_load;
  for (uint32_t i = c->count; i < b->reached; i++) {
    uint32_t chip = b->order[i], best = RS_NONE;
    const uint32_t *first = toward ? w->out_first : w->in_first;
    for (uint32_t k = first[chip]; k < first[chip + 1]; k++) {
      uint32_t link = toward ? k : w->in_links[k];
      uint32_t nearer = toward ? w->links[link].to : w->links[link].from;
      if (b->plan->position[nearer] == RS_NONE || b->depth[nearer] + 1 != b->depth[chip]) continue;
      if (best == RS_NONE || load[link] < load[best]) best = link;
    }
    load[best]++;
    b->parent[chip] = best;
    b->core_of[chip] = b->core_of[toward ? w->links[best].to : w->links[best].from];
  }
}

/* The same from trees that were grown for all shards together. */
static void take_parents(builder *b, const core *c, const rs__forest *forest, uint32_t block,
                         bool toward) {
  const rs_wiring *w = b->plan->wiring;
  b->reached = c->count;
  for (uint32_t i = 0; i < c->count; i++) b->order[i] = c->chips[i];
  for (uint32_t step = 1; step <= forest->steps; step++) {
    for (uint32_t i = 0; i < forest->n; i++) {
      size_t at = (size_t)block * forest->n + i;
      if (forest->step[at] != step) continue;
      uint32_t chip = b->plan->members[i], link = forest->link[at];
      b->core_of[chip] = b->core_of[w->links[link].from];
      b->parent[chip] = toward ? w->links[link].reverse : link;
      b->rank[chip] = toward ? forest->steps + step : forest->steps - step;
      b->order[b->reached++] = chip;
    }
  }
}

/* ---- finding cores ---- */

static bool joins_all(const builder *b, const core *c, uint32_t chip) {
  for (uint32_t i = 0; i < c->count; i++) {
    if (rs__plan_find_link(b->plan, c->chips[i], chip) == RS_NONE) return false;
    if (rs__plan_find_link(b->plan, chip, c->chips[i]) == RS_NONE) return false;
  }
  return true;
}

/* Adds to the core those neighbours of its first chip that are joined to all of it. */
static void grow_core(const builder *b, core *c) {
  const rs_wiring *w = b->plan->wiring;
  uint32_t base = c->chips[0];
  for (uint32_t l = w->out_first[base]; l < w->out_first[base + 1]; l++) {
    uint32_t chip = w->links[l].to;
    if (c->count == RS__CORE_MAX) return;
    if (b->plan->position[chip] == RS_NONE || is_core(c, chip) || !joins_all(b, c, chip)) continue;
    c->chips[c->count++] = chip;
  }
}

static void measure(builder *b, core *c) {
  uint32_t to = search(b, c, true);
  bool is_whole = b->reached == b->plan->member_count;
  uint32_t from = search(b, c, false);
  is_whole = is_whole && b->reached == b->plan->member_count;
  c->radius = is_whole ? RS_MAX(to, from) : RS_NONE;
}

static bool is_better(const core *a, const core *b) {
  return a->radius != b->radius ? a->radius < b->radius : a->count < b->count;
}

static bool is_same(const core *a, const core *b) {
  bool same = a->count == b->count;
  for (uint32_t i = 0; i < a->count && same; i++) same = is_core(b, a->chips[i]);
  return same;
}

/* The core with the least radius, then the fewest chips, that has `chip` in it: pairs of neighbours, and
 * the full meshes that these lie in. */
static core find_core(builder *b, uint32_t chip) {
  const rs_wiring *w = b->plan->wiring;
  core best = {.chips = {chip}, .count = 1, .radius = RS_NONE};
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    core pair = {.chips = {chip}, .count = 1};
    uint32_t other = w->links[l].to;
    if (b->plan->position[other] == RS_NONE || !joins_all(b, &pair, other)) continue;
    pair.chips[pair.count++] = other;
    core whole = pair;
    grow_core(b, &whole);
    measure(b, &pair);
    if (is_better(&pair, &best)) best = pair;
    /* all neighbours in a mesh lead to the same one */
    if (is_same(&whole, &pair) || is_same(&whole, &best)) continue;
    measure(b, &whole);
    if (is_better(&whole, &best)) best = whole;
  }
  return best;
}

/* ---- up ---- */

/* A burst up: of the chip's own input, or of the sum that it has made. */
static rs__task take_up(const builder *b, uint32_t chip, rs__run run) {
  return (rs__task){.link = b->parent[chip],
                    .count = run.count,
                    .source = b->children[chip] == 0 ? RS_BUFFER_IN : RS_BUFFER_OUT,
                    .source_offset = run.offset,
                    .target = RS_BUFFER_OUT,
                    .target_offset = run.offset,
                    .action = RS_ACTION_ADD,
                    .rank = b->rank == NULL ? 0 : b->rank[chip]};
}

/* Orders a task behind all that came into `out` of a chip. */
static void wait_for_children(builder *b, uint32_t chip, uint32_t id) {
  const rs_wiring *w = b->plan->wiring;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    uint32_t child = w->links[w->in_links[k]].from;
    if (b->ups[child].count == 0 || b->parent[child] != w->in_links[k]) continue;
    rs__plan_edge(b->plan, b->ups[child].first, id, RS__READS);
  }
}

static uint32_t add_up(builder *b, uint32_t chip, const rs__task *task, rs__run run) {
  uint32_t id = rs__plan_add(b->plan, task);
  rs__plan_wait_to_read(b->plan, id, chip, run);
  if (id != RS_NONE) wait_for_children(b, chip, id);
  if (b->ups[chip].count++ == 0) b->ups[chip].first = id;
  return id;
}

/* Whether what comes into a core's hop buffer stays apart: sums wait until the first is in SRAM, which
 * for short runs is longer than the others take on the links across. */
static bool stays_apart(const builder *b, uint32_t core_chip, rs__run run) {
  const rs_timing *t = b->plan->timing;
  if (b->rank == NULL) return false; /* the other row tries it so */
  int64_t others = b->children[core_chip] - 1;
  int64_t waits = RS_MAX(1, RS_MAX(t->receive_cycles, t->forward_cycles)) + t->add_cycles;
  return others * run.count < waits && rs_timing_slots(t, others * run.count) < waits;
}

/* The copy for the others of the core, in its hop buffer. */
static void copy_up(builder *b, uint32_t chip, rs__run run) {
  rs__plan *plan = b->plan;
  uint32_t to = plan->wiring->links[b->parent[chip]].to;
  uint32_t first = b->first_in[to];
  bool is_alone = first == RS_NONE || stays_apart(b, to, run);
  if (is_alone) plan->tmp_of[to] = rs__plan_tmp(plan, to, run.count);
  rs__task task = take_up(b, chip, run);
  task.target = RS_BUFFER_TMP;
  task.target_offset = plan->tmp_of[to];
  task.action = is_alone ? RS_ACTION_FORWARD : RS_ACTION_ADD;
  uint32_t id;
  if (is_alone || rs__plan_may_add(plan, task.link, 2)) {
    id = rs__plan_also(plan, b->ups[chip].first, RS_BUFFER_TMP, task.target_offset,
                       (rs_action)task.action, false);
    if (id != RS_NONE) plan->tasks[b->ups[chip].first].rank = task.rank;
    b->ups[chip].count++;
  } else {
    id = add_up(b, chip, &task, run);
  }
  if (id == RS_NONE) return;
  if (first == RS_NONE) b->first_in[to] = id;
  if (!is_alone) rs__plan_edge(plan, first, id, RS__MEETS);
}

static void send_up(builder *b, const core *c, uint32_t chip, rs__run run) {
  rs__plan *plan = b->plan;
  bool is_last = is_core(c, plan->wiring->links[b->parent[chip]].to);
  rs__task task = take_up(b, chip, run);
  task.result = is_last;
  if (is_last) task.rank = b->middle; /* the copy has further to go */
  rs__plan_wait_to_land(plan, add_up(b, chip, &task, run), run);
  if (is_last) copy_up(b, chip, run);
}

/* ---- across ---- */

/* The copies that came into hop buffer at `offset`, before the task that sends them on. */
static void wait_for_copies(builder *b, uint32_t chip, int64_t offset, uint32_t id) {
  const rs_wiring *w = b->plan->wiring;
  for (uint32_t k = w->in_first[chip]; k < w->in_first[chip + 1]; k++) {
    const up *u = &b->ups[w->links[w->in_links[k]].from];
    if (u->count < 2 || b->parent[w->links[w->in_links[k]].from] != w->in_links[k]) continue;
    if (b->plan->tasks[u->first + 1].target_offset != offset) continue;
    rs__plan_edge(b->plan, u->first + 1, id, RS__READS);
  }
}

/* A core's chip sends another one its own input, and what came into its hop buffer. */
static void exchange_pair(builder *b, uint32_t from, uint32_t to, rs__run run) {
  rs__plan *plan = b->plan;
  const rs_wiring *w = plan->wiring;
  rs__task task = {.link = rs__plan_find_link(plan, from, to),
                   .count = run.count,
                   .source = RS_BUFFER_IN,
                   .source_offset = run.offset,
                   .target = RS_BUFFER_OUT,
                   .target_offset = run.offset,
                   .action = RS_ACTION_ADD,
                   .rank = b->middle,
                   .result = true};
  plan->link_load[task.link]++;
  uint32_t own = rs__plan_add(plan, &task);
  rs__plan_wait_to_read(plan, own, from, run);
  rs__plan_wait_to_land(plan, own, run);
  task.source = RS_BUFFER_TMP;
  for (uint32_t k = w->in_first[from]; k < w->in_first[from + 1]; k++) {
    const up *u = &b->ups[w->links[w->in_links[k]].from];
    if (u->count < 2 || b->parent[w->links[w->in_links[k]].from] != w->in_links[k]) continue;
    const rs__task *copy = &plan->tasks[u->first + 1];
    if (plan->status != RS_OK || copy->action != RS_ACTION_FORWARD) continue;
    task.source_offset = copy->target_offset;
    uint32_t id = rs__plan_add(plan, &task);
    rs__plan_wait_to_land(plan, id, run);
    if (id != RS_NONE) wait_for_copies(b, from, task.source_offset, id);
  }
}

/* Joins: all of the sum is in `out` of the core's i-th chip. */
static void exchange(builder *b, const core *c, rs__run run) {
  rs__plan *plan = b->plan;
  uint32_t first = plan->task_count;
  for (uint32_t i = 0; i < c->count; i++) {
    for (uint32_t k = 1; k < c->count; k++) {
      uint32_t from = c->chips[i], to = c->chips[(i + k) % c->count];
      exchange_pair(b, from, to, run);
    }
  }
  uint32_t end = plan->task_count;
  for (uint32_t i = 0; i < c->count; i++) {
    uint32_t chip = c->chips[i];
    b->joins[i] = rs__plan_join(plan);
    if (plan->status != RS_OK) return;
    rs__plan_wait_to_read(plan, b->joins[i], chip, run);
    wait_for_children(b, chip, b->joins[i]);
    for (uint32_t id = first; id < end; id++) {
      if (plan->tasks[id].link == RS_NONE) continue;
      if (plan->wiring->links[plan->tasks[id].link].to != chip) continue;
      rs__plan_edge(plan, id, b->joins[i], RS__READS);
    }
  }
}

/* ---- down ---- */

static void spread(builder *b, const core *c, rs__run run) {
  rs__plan *plan = b->plan;
  for (uint32_t i = 0; i < c->count && plan->status == RS_OK; i++) {
    rs_route_tree *tree = &b->tree;
    tree->root = c->chips[i];
    tree->order[0] = tree->root;
    tree->order_count = 1;
    for (uint32_t k = c->count; k < b->reached; k++) {
      if (b->core_of[b->order[k]] == tree->root) tree->order[tree->order_count++] = b->order[k];
    }
    rs__origin origin = {RS_BUFFER_OUT, run.offset, b->joins[i]};
    rs__plan_spread_tree(plan, tree, &origin, run, RS_NONE);
    /* What comes down may come from another chip of the core than the one that a sum went to, and
     * must not overwrite that sum before it has left. */
    for (uint32_t k = 1; k < tree->order_count && plan->status == RS_OK; k++) {
      const up *u = &b->ups[tree->order[k]];
      if (plan->tasks[u->first].source != RS_BUFFER_OUT) continue;
      for (uint32_t t = 0; t < u->count; t++) {
        rs__plan_edge(plan, u->first + t, plan->task_of[tree->order[k]], RS__CLEARS);
      }
    }
  }
}

/* ---- a shard ---- */

static void start_shard(builder *b, const core *c) {
  uint32_t chips = b->plan->wiring->chip_count;
  memset(b->children, 0, chips * sizeof *b->children);
  memset(b->ups, 0, chips * sizeof *b->ups);
  for (uint32_t i = 0; i < c->count; i++) {
    b->core_of[c->chips[i]] = c->chips[i];
    b->parent[c->chips[i]] = RS_NONE;
    b->first_in[c->chips[i]] = RS_NONE;
  }
}

/* forest: NULL, or trees of which that of `block` is taken. */
static rs_status move_shard(builder *b, const core *c, rs__run run, const rs__forest *forest,
                            uint32_t block) {
  rs__plan *plan = b->plan;
  start_shard(b, c);
  if (forest == NULL) {
    search(b, c, true);
    choose_parents(b, c, true);
  } else {
    take_parents(b, c, forest, block, true);
  }
  for (uint32_t i = c->count; i < b->reached; i++) {
    b->children[plan->wiring->links[b->parent[b->order[i]]].to]++;
  }
  for (uint32_t i = b->reached; i-- > c->count;) send_up(b, c, b->order[i], run);
  if (plan->status == RS_OK) exchange(b, c, run);
  if (plan->status != RS_OK) return plan->status;
  if (forest == NULL) {
    search(b, c, false);
    choose_parents(b, c, false);
  } else {
    take_parents(b, c, forest, block, false);
  }
  spread(b, c, run);
  return plan->status;
}

static rs_status reserve(builder *b) {
  rs_arena *arena = b->plan->arena;
  uint32_t chips = b->plan->wiring->chip_count;
  b->core_of = RS_ARENA_NEW(arena, uint32_t, (size_t)chips * 6);
  b->ups = RS_ARENA_NEW(arena, up, chips);
  b->joins = RS_ARENA_NEW(arena, uint32_t, RS__CORE_MAX);
  b->tree.order = RS_ARENA_NEW(arena, uint32_t, chips);
  if (b->core_of == NULL || b->ups == NULL || b->joins == NULL || b->tree.order == NULL) {
    return rs_arena_failed(arena, b->plan->diag);
  }
  b->depth = b->core_of + chips;
  b->parent = b->core_of + (size_t)chips * 2;
  b->order = b->core_of + (size_t)chips * 3;
  b->children = b->core_of + (size_t)chips * 4;
  b->first_in = b->core_of + (size_t)chips * 5;
  b->tree.link = b->parent;
  b->tree.chip_count = chips;
  return RS_OK;
}

/* A core a shard; bases are spread evenly over the group. */
static rs_status find_cores(builder *b, core *cores, uint32_t shards) {
  uint32_t n = b->plan->member_count, owners = RS_MIN(shards, n);
  for (uint32_t k = 0; k < shards; k++) {
    uint32_t base = b->plan->members[(uint64_t)(k % owners) * n / owners];
    cores[k] = k < owners ? find_core(b, base) : cores[k % owners];
    if (cores[k].count < 2 || cores[k].radius == RS_NONE) {
      return rs_diag_set(b->plan->diag, RS_E_INFEASIBLE, "the group has no core");
    }
  }
  return RS_OK;
}

static rs_status grow_trees(builder *b, const core *cores, uint32_t shards, rs__forest *forest) {
  rs__plan *plan = b->plan;
  rs__starts starts;
  rs_status status = rs__starts_create(plan, shards, shards * RS__CORE_MAX, &starts);
  if (status != RS_OK) return status;
  for (uint32_t k = 0; k < shards; k++) {
    starts.first[k + 1] = starts.first[k];
    for (uint32_t i = 0; i < cores[k].count; i++) {
      starts.roots[starts.first[k + 1]++] = plan->position[cores[k].chips[i]];
    }
  }
  status = rs__plan_forest(plan, &starts, plan->block / shards, /*needs_reverse=*/true, forest);
  b->rank = RS_ARENA_NEW(plan->arena, uint32_t, plan->wiring->chip_count);
  if (status == RS_OK && b->rank == NULL) status = rs_arena_failed(plan->arena, plan->diag);
  plan->rank_of = b->rank;
  plan->has_ranks = true;
  b->middle = forest->steps;
  return status;
}

/* Where cores are nodes, neighbouring ones share gateways, and these are to carry a shard of each in turn:
 * as many turns as a chip has links to other nodes. */
static rs_status count_turns(const rs__plan *plan, const core *c, uint32_t *turns) {
  const rs_wiring *w = plan->wiring;
  const uint32_t *node_of;
  uint32_t chip = c->chips[0], outside = 0;
  rs_status status = rs__plan_nodes(plan, &node_of);
  *turns = 1;
  if (status != RS_OK) return status;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    bool is_inside = is_core(c, w->links[l].to);
    if (is_inside != (node_of[w->links[l].to] == node_of[chip])) return RS_OK; /* no node */
    outside += !is_inside;
  }
  *turns = RS_MAX(1, outside);
  return RS_OK;
}

static rs_status build(rs__plan *plan, bool is_balanced) {
  builder b = {.plan = plan};
  rs__forest forest;
  uint32_t shards = (uint32_t)plan->variant.splits;
  core *cores = RS_ARENA_NEW(plan->arena, core, shards);
  rs_status status = reserve(&b);
  if (status == RS_OK && cores == NULL) status = rs_arena_failed(plan->arena, plan->diag);
  if (status == RS_OK) status = find_cores(&b, cores, shards);
  if (status == RS_OK && is_balanced) status = grow_trees(&b, cores, shards, &forest);
  uint32_t turns = 0;
  if (status == RS_OK) status = count_turns(plan, &cores[0], &turns);
  for (uint32_t turn = 0; turn < turns; turn++) {
    for (uint32_t k = turn; k < shards && status == RS_OK; k += turns) {
      rs__run run = rs__run_part((rs__run){0, plan->block}, shards, k);
      status = move_shard(&b, &cores[k], run, is_balanced ? &forest : NULL, k);
    }
  }
  return status;
}

rs_status rs__build_hierarchical(rs__plan *plan) {
  return build(plan, /*is_balanced=*/false);
}

rs_status rs__build_balanced_hierarchical(rs__plan *plan) {
  return build(plan, /*is_balanced=*/true);
}

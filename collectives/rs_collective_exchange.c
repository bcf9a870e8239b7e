/*
 * All-reduce by exchange: as many hops as the farthest pair is apart, adding at each.
 *
 * For groups that fall into parts (nodes) in which every two chips have a link, and where every two
 * parts have a link between them (one-level systems of 8-chip nodes, dragonflies):
 *   1  every chip adds its input into `out` of all others of its part: all hold the part's sum
 *   2  for every two parts one link carries the sum over, to a gateway chip
 *   3  a gateway adds what came into `out` of all others of its part
 * A gateway needs what comes twice: in hop buffer to send it on in phase 3, and added to its own
 * `out`: one transmission for both places. Sums of several parts that come to one gateway are either
 * added up in one hop buffer, where they land together, or kept apart and sent on one by one:
 * whichever costs less time. To add them up and to `out` as well is two adds for what a link brings;
 * where the vector unit has no room for that, the links carry the sums a second time for `out`.
 *
 * PLANES. Where several links join every two parts, a piece of the message needs one of them. Chips that
 * are joined over links between parts, directly or around others, are a plane; if there are several and
 * each joins every two parts (racks of 72 have 4, of 18 chips), then every plane takes pieces of its own.
 * Only chips of the plane must have the part's sum in phase 2, so that in phase 1 inputs go to these, and
 * in phase 3 one of them, the part's leader, sends the others of the part its whole `out`, the part's sum
 * and what it got, and the rest of the plane adds to that. A link in a part carries its piece once each
 * way: 2·V/planes instead of 2·V, in three hops as before.
 *
 * What is added to a gateway's own `out` must not land while that `out` is still to be read as the
 * part's sum. Two gateways that add to each other wait for each other's reading, which no order of
 * tasks can say. So those that wait for each other, directly or around a corner, start together, when
 * all their sums are there (or the last forwarded one has left its link): then all read at once, and
 * land a latency later. It is checked after booking (guards), and fails only when links are held for
 * longer than that latency.
 */
#include "rs__collective.h"

/* Chips of a node and their ports are few, so that more nodes are never all joined. */
#define RS__PARTS_MAX 512

typedef struct exchange {
  rs__plan *plan;
  rs__run run;          /* the piece at hand */
  uint32_t *part_of;    /* [place] */
  uint32_t *parts;      /* places by part */
  uint32_t *part_first; /* [part + 1] into parts */
  uint32_t part_count;
  uint32_t *sum;        /* [place] join: the part's sum is in `out` */
  uint32_t *came_first; /* [place] list of what came in phase 2, through came_next; RS_NONE */
  uint32_t *came_next;  /* [link between parts] */
  uint32_t *gate;       /* [part · parts + part] the link that is used */
  uint32_t *reads;      /* [gate] task of phase 2 that reads `out` for forwarding */
  uint32_t *adds;       /* [gate] task of phase 2 that reads `out` for the gateway's own */
  uint32_t *busy;       /* [place] gates that begin or end there */
  uint32_t *ties;     /* [place] one that waits for it, up to itself: those are a set of gateways */
  uint32_t *together; /* [place that is its own tie] the join of the set's sums, or RS_NONE */
  bool *sends;        /* [place] a gate begins there */
  bool is_shared;     /* both tasks of a gate are one transmission */
  uint32_t *plane_of; /* [place] */
  uint32_t plane_count;
  uint32_t plane; /* that the piece at hand goes over; RS_NONE: over all chips */
  uint32_t
      *kept; /* [place] outside the plane: what it gets of the leader; of the leader: the first */
} exchange;

static uint32_t chip_at(const exchange *x, uint32_t place) {
  return x->plan->members[place];
}

static rs_status not_for(rs__plan *plan, const char *why) {
  return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "%s", why);
}

/* ---- parts ---- */

/* Parts are the nodes, in order of their first member. */
static rs_status fill_parts(exchange *x) {
  const rs__plan *plan = x->plan;
  const uint32_t *node_of;
  uint32_t n = plan->member_count;
  rs_status status = rs__plan_nodes(plan, &node_of);
  if (status != RS_OK) return status;
  uint32_t *part_at = RS_ARENA_NEW(plan->arena, uint32_t, plan->wiring->chip_count);
  x->part_of = RS_ARENA_NEW(plan->arena, uint32_t, n);
  x->parts = RS_ARENA_NEW(plan->arena, uint32_t, n);
  x->part_first = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)n + 2);
  if (part_at == NULL || x->part_of == NULL || x->parts == NULL || x->part_first == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  for (uint32_t i = 0; i < n; i++) {
    uint32_t *part = &part_at[node_of[chip_at(x, i)]];
    if (*part == 0) *part = ++x->part_count; /* from 1: 0 is none */
    x->part_of[i] = *part - 1;
    x->part_first[*part + 1]++;
  }
  for (uint32_t p = 1; p <= x->part_count + 1; p++) x->part_first[p] += x->part_first[p - 1];
  for (uint32_t i = 0; i < n; i++) x->parts[x->part_first[x->part_of[i] + 1]++] = i;
  return RS_OK;
}

/* ---- planes ---- */

static uint32_t root_of(uint32_t *parent, uint32_t place) {
  while (parent[place] != place) place = parent[place] = parent[parent[place]];
  return place;
}

/* Whether every two parts are joined in every plane: counted by (plane, part, part). */
static rs_status check_planes(exchange *x) {
  const rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  size_t pairs = (size_t)x->part_count * x->part_count, joined = 0;
  bool *seen = RS_ARENA_NEW(plan->arena, bool, pairs * x->plane_count);
  if (seen == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < plan->member_count; i++) {
    uint32_t chip = chip_at(x, i);
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = plan->position[w->links[l].to];
      if (to == RS_NONE || x->part_of[to] == x->part_of[i]) continue;
      bool *here = &seen[x->plane_of[i] * pairs + x->part_of[i] * x->part_count + x->part_of[to]];
      joined += !*here;
      *here = true;
    }
  }
  if (joined != x->plane_count * (pairs - x->part_count)) x->plane_count = 1;
  return RS_OK;
}

static rs_status fill_planes(exchange *x, int64_t pieces) {
  const rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  uint32_t n = plan->member_count;
  x->plane_of = RS_ARENA_NEW(plan->arena, uint32_t, n);
  uint32_t *parent = RS_ARENA_NEW(plan->arena, uint32_t, n);
  if (x->plane_of == NULL || parent == NULL) return rs_arena_failed(plan->arena, plan->diag);
  for (uint32_t i = 0; i < n; i++) parent[i] = i;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t chip = chip_at(x, i);
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = plan->position[w->links[l].to];
      if (to == RS_NONE || x->part_of[to] == x->part_of[i]) continue;
      uint32_t a = root_of(parent, i), b = root_of(parent, to);
      parent[RS_MAX(a, b)] = RS_MIN(a, b); /* the root is the first of its plane */
    }
  }
  for (uint32_t i = 0; i < n; i++) {
    uint32_t root = root_of(parent, i);
    x->plane_of[i] = root == i ? x->plane_count++ : x->plane_of[root];
  }
  if (x->plane_count > pieces) x->plane_count = 1;
  return x->plane_count > 1 ? check_planes(x) : RS_OK;
}

static bool is_in_plane(const exchange *x, uint32_t place) {
  return x->plane == RS_NONE || x->plane_of[place] == x->plane;
}

/* The first chip of the plane in a part. */
static uint32_t leader_of(const exchange *x, uint32_t part) {
  uint32_t k = x->part_first[part];
  while (!is_in_plane(x, x->parts[k])) k++;
  return x->parts[k];
}

/* Others of the plane in the same part, for which what comes to a place must be in hop buffer. */
static bool has_others(const exchange *x, uint32_t place) {
  uint32_t part = x->part_of[place], count = 0;
  for (uint32_t k = x->part_first[part]; k < x->part_first[part + 1]; k++) {
    count += is_in_plane(x, x->parts[k]);
  }
  return count > 1;
}

/* ---- phase 1 ---- */

/* A burst into `out` of the receiver that is added. */
static rs__task adding(const exchange *x, uint32_t link, rs_buffer source, int64_t source_offset) {
  return (rs__task){
      .start_cycles = rs__plan_lands_on_in(x->plan, link, x->run.offset, x->run.count),
      .count = x->run.count,
      .source_offset = source_offset,
      .target_offset = x->run.offset,
      .link = link,
      .source = (uint8_t)source,
      .target = RS_BUFFER_OUT,
      .action = RS_ACTION_ADD,
      .result = true};
}

static rs_status add_inputs(exchange *x, uint32_t place) {
  rs__plan *plan = x->plan;
  uint32_t part = x->part_of[place], first = RS_NONE, count = 0;
  for (uint32_t k = x->part_first[part]; k < x->part_first[part + 1]; k++) {
    if (x->parts[k] == place) continue;
    uint32_t from = chip_at(x, x->parts[k]);
    uint32_t link = rs__plan_find_link(plan, from, chip_at(x, place));
    if (link == RS_NONE) return not_for(plan, "two chips of a node have no link");
    plan->link_load[link]++;
    rs__task task = adding(x, link, RS_BUFFER_IN, x->run.offset);
    int64_t there = rs__plan_reads_in(plan, from, x->run.offset, x->run.count);
    task.start_cycles = RS_MAX(task.start_cycles, there);
    uint32_t id = rs__plan_add(plan, &task);
    if (count++ == 0) first = id;
  }
  x->sum[place] = rs__plan_join(plan);
  if (plan->status != RS_OK) return plan->status;
  plan->tasks[x->sum[place]].start_cycles =
      rs__plan_reads_in(plan, chip_at(x, place), x->run.offset, x->run.count);
  for (uint32_t k = 0; k < count; k++) rs__plan_edge(plan, first + k, x->sum[place], RS__READS);
  return plan->status;
}

/* ---- phase 2 ---- */

/* The link from part to part whose ends are gateways of the fewest others. */
static rs_status choose_gate(exchange *x, uint32_t from_part, uint32_t to_part, uint32_t *gate) {
  const rs__plan *plan = x->plan;
  const rs_wiring *w = plan->wiring;
  uint64_t best = UINT64_MAX;
  *gate = RS_NONE;
  for (uint32_t k = x->part_first[from_part]; k < x->part_first[from_part + 1]; k++) {
    uint32_t place = x->parts[k], chip = chip_at(x, place);
    if (!is_in_plane(x, place)) continue;
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = plan->position[w->links[l].to];
      if (to == RS_NONE || x->part_of[to] != to_part) continue;
      uint64_t cost = (uint64_t)(x->busy[place] + x->busy[to]) << 32 | plan->link_load[l];
      if (cost >= best) continue;
      best = cost;
      *gate = l;
    }
  }
  if (*gate == RS_NONE) return not_for(x->plan, "two nodes have no link");
  x->busy[plan->position[w->links[*gate].from]]++;
  x->busy[plan->position[w->links[*gate].to]]++;
  plan->link_load[*gate]++;
  return RS_OK;
}

static rs_status choose_gates(exchange *x) {
  for (uint32_t a = 0; a < x->part_count; a++) {
    for (uint32_t b = 0; b < x->part_count; b++) {
      uint32_t g = a * x->part_count + b;
      if (a == b) continue;
      rs_status status = choose_gate(x, a, b, &x->gate[g]);
      if (status != RS_OK) return status;
      uint32_t to = x->plan->position[x->plan->wiring->links[x->gate[g]].to];
      x->came_next[g] = x->came_first[to];
      x->came_first[to] = g;
    }
  }
  return RS_OK;
}

static uint32_t gate_from(const exchange *x, uint32_t g) {
  return x->plan->position[x->plan->wiring->links[x->gate[g]].from];
}

static int64_t count_came(const exchange *x, uint32_t place) {
  int64_t count = 0;
  for (uint32_t g = x->came_first[place]; g != RS_NONE; g = x->came_next[g]) count++;
  return count;
}

/* Whether what comes to a gateway is summed up before it is sent on. */
static bool sums_up(const exchange *x, uint32_t place) {
  const rs_timing *t = x->plan->timing;
  int64_t count = count_came(x, place);
  if (count < 2) return false;
  int64_t apart = rs_timing_slots(t, (count - 1) * x->run.count);
  return apart > t->add_cycles;
}

/* Sums that meet in a gateway set out when all are complete. The first to be booked is the one that
 * is under way the longest, so that the others can still be in time: it goes to the front. */
static uint32_t join_sums(exchange *x, uint32_t place) {
  rs__plan *plan = x->plan;
  const rs_link *links = plan->wiring->links;
  uint32_t *longest = &x->came_first[place];
  for (uint32_t *g = longest; *g != RS_NONE; g = &x->came_next[*g]) {
    if (rs_timing_latency(plan->timing, &links[x->gate[*g]]) >
        rs_timing_latency(plan->timing, &links[x->gate[*longest]])) {
      longest = g;
    }
  }
  uint32_t moved = *longest;
  *longest = x->came_next[moved];
  x->came_next[moved] = x->came_first[place];
  x->came_first[place] = moved;
  uint32_t join = rs__plan_join(plan);
  for (uint32_t g = moved; g != RS_NONE && join != RS_NONE; g = x->came_next[g]) {
    rs__plan_edge(plan, x->sum[gate_from(x, g)], join, RS__READS);
  }
  return join;
}

/* ---- gateways that wait for each other ---- */

static uint32_t set_of(exchange *x, uint32_t place) {
  while (x->ties[place] != place) place = x->ties[place] = x->ties[x->ties[place]];
  return place;
}

/* What lands at a gateway waits for what is read there; so do both ends of a gate, if gates begin at
 * both. */
static rs_status tie_gateways(exchange *x) {
  rs__plan *plan = x->plan;
  uint32_t n = plan->member_count, gates = x->part_count * x->part_count;
  for (uint32_t i = 0; i < n; i++) {
    x->ties[i] = i;
    x->together[i] = RS_NONE;
    x->sends[i] = false;
  }
  for (uint32_t g = 0; g < gates; g++) {
    if (x->gate[g] != RS_NONE) x->sends[gate_from(x, g)] = true;
  }
  for (uint32_t g = 0; g < gates; g++) {
    if (x->gate[g] == RS_NONE) continue;
    uint32_t to = plan->position[plan->wiring->links[x->gate[g]].to];
    if (x->sends[to]) x->ties[set_of(x, gate_from(x, g))] = set_of(x, to);
  }
  for (uint32_t i = 0; i < n && plan->status == RS_OK; i++) {
    if (!x->sends[i]) continue;
    uint32_t *join = &x->together[set_of(x, i)];
    if (*join == RS_NONE) *join = rs__plan_join(plan);
    if (*join != RS_NONE) rs__plan_edge(plan, x->sum[i], *join, RS__READS);
  }
  return plan->status;
}

/* Every gateway's vector unit can add all but the first of what it sums up in two places. */
static bool may_share(const exchange *x) {
  for (uint32_t i = 0; i < x->plan->member_count; i++) {
    uint32_t g = x->came_first[i];
    if (g == RS_NONE || !sums_up(x, i)) continue;
    while ((g = x->came_next[g]) != RS_NONE) {
      if (!rs__plan_may_add(x->plan, x->gate[g], 2)) return false;
    }
  }
  return true;
}

/* The second place of what a gate brings: the gateway's own `out`. */
static void add_also(exchange *x, uint32_t g) {
  rs__plan *plan = x->plan;
  uint32_t id = x->reads[g];
  int64_t least = rs__plan_lands_on_in(plan, x->gate[g], x->run.offset, x->run.count);
  plan->tasks[id].start_cycles = RS_MAX(plan->tasks[id].start_cycles, least);
  x->adds[g] = rs__plan_also(plan, id, RS_BUFFER_OUT, x->run.offset, RS_ACTION_ADD, true);
  if (x->adds[g] == RS_NONE) return;
  rs__plan_edge(plan, x->together[set_of(x, gate_from(x, g))], x->adds[g], RS__READS);
}

/* Sums of other parts on their way into a gateway's hop buffer. */
static void forward_sums(exchange *x, uint32_t place) {
  rs__plan *plan = x->plan;
  if (!has_others(x, place)) return;
  bool summed = sums_up(x, place);
  uint32_t join = summed ? join_sums(x, place) : RS_NONE;
  uint32_t first = RS_NONE;
  int64_t at = 0;
  for (uint32_t g = x->came_first[place]; g != RS_NONE; g = x->came_next[g]) {
    bool is_first = first == RS_NONE || !summed;
    if (is_first) at = rs__plan_tmp(plan, chip_at(x, place), x->run.count);
    rs__task task = {.count = x->run.count,
                     .source_offset = x->run.offset,
                     .target_offset = at,
                     .link = x->gate[g],
                     .source = RS_BUFFER_OUT,
                     .target = RS_BUFFER_TMP,
                     .action = is_first ? RS_ACTION_FORWARD : RS_ACTION_ADD};
    uint32_t id = rs__plan_add(plan, &task);
    x->reads[g] = id;
    if (id == RS_NONE) return;
    if (x->is_shared) add_also(x, g);
    rs__plan_edge(plan, summed ? join : x->sum[gate_from(x, g)], id, RS__READS);
    if (!is_first) rs__plan_edge(plan, first, id, RS__MEETS);
    if (first == RS_NONE) first = id;
  }
}

/* The same sums added to a gateway's own `out`, where that is not done yet. */
static void add_sums(exchange *x, uint32_t place, uint32_t together) {
  for (uint32_t g = x->came_first[place]; g != RS_NONE; g = x->came_next[g]) {
    if (x->adds[g] != RS_NONE) continue;
    rs__task task = adding(x, x->gate[g], RS_BUFFER_OUT, x->run.offset);
    x->adds[g] = rs__plan_add(x->plan, &task);
    if (x->adds[g] == RS_NONE) return;
    bool is_forwarded = x->reads[g] != RS_NONE;
    uint32_t sums = is_forwarded ? together : x->together[set_of(x, gate_from(x, g))];
    rs__plan_edge(x->plan, sums, x->adds[g], RS__READS);
  }
}

/* ---- reading before adding ---- */

/* `writer` adds to `out` of the chip at `place`: after the last reading of the part's sum there. */
static void order_reads(exchange *x, uint32_t place, uint32_t writer, bool is_guard) {
  uint32_t part = x->part_of[place];
  for (uint32_t b = 0; b < x->part_count; b++) {
    uint32_t g = part * x->part_count + b;
    if (b == part || gate_from(x, g) != place) continue;
    if (is_guard) {
      rs__plan_guard(x->plan, x->adds[g], writer);
    } else {
      rs__plan_edge(x->plan, x->adds[g], writer, RS__CLEARS);
    }
  }
}

/* ---- phase 3 ---- */

/* Orders `id`, which sends on what is at tmp[offset], behind all that came there. */
static void wait_for_sums(exchange *x, uint32_t place, uint32_t id) {
  rs__plan *plan = x->plan;
  for (uint32_t g = x->came_first[place]; g != RS_NONE; g = x->came_next[g]) {
    if (plan->tasks[x->reads[g]].target_offset != plan->tasks[id].source_offset) continue;
    rs__plan_edge(plan, x->reads[g], id, RS__READS);
  }
}

static void not_joined(exchange *x) {
  x->plan->status = not_for(x->plan, "two chips of a node have no link");
}

/* The leader's `out`, all that it has, to those outside the plane. */
static void spread_leader(exchange *x, uint32_t part) {
  rs__plan *plan = x->plan;
  uint32_t leader = leader_of(x, part);
  x->kept[leader] = plan->task_count;
  for (uint32_t k = x->part_first[part]; k < x->part_first[part + 1]; k++) {
    uint32_t to = x->parts[k];
    if (is_in_plane(x, to)) continue;
    uint32_t link = rs__plan_find_link(plan, chip_at(x, leader), chip_at(x, to));
    if (link == RS_NONE) return not_joined(x);
    plan->link_load[link]++;
    rs__task task = adding(x, link, RS_BUFFER_OUT, x->run.offset);
    task.action = RS_ACTION_KEEP;
    uint32_t id = x->kept[to] = rs__plan_add(plan, &task);
    if (id == RS_NONE) return;
    rs__plan_edge(plan, x->sum[leader], id, RS__READS);
    for (uint32_t g = x->came_first[leader]; g != RS_NONE; g = x->came_next[g]) {
      rs__plan_edge(plan, x->adds[g], id, RS__READS);
    }
  }
}

/* What the leader sends must have left before others of the plane add to it. */
static void order_leader(exchange *x, uint32_t leader, uint32_t writer) {
  uint32_t part = x->part_of[leader], id = x->kept[leader];
  for (uint32_t k = x->part_first[part]; k < x->part_first[part + 1]; k++) {
    if (!is_in_plane(x, x->parts[k])) rs__plan_edge(x->plan, id++, writer, RS__CLEARS);
  }
}

static void spread_one(exchange *x, uint32_t place, int64_t at) {
  rs__plan *plan = x->plan;
  uint32_t part = x->part_of[place], leader = leader_of(x, part);
  for (uint32_t k = x->part_first[part]; k < x->part_first[part + 1]; k++) {
    uint32_t to = x->parts[k];
    if (to == place || (place == leader && !is_in_plane(x, to))) continue;
    uint32_t link = rs__plan_find_link(plan, chip_at(x, place), chip_at(x, to));
    if (link == RS_NONE) return not_joined(x);
    plan->link_load[link]++;
    rs__task task = adding(x, link, RS_BUFFER_TMP, at);
    uint32_t id = rs__plan_add(plan, &task);
    if (id == RS_NONE) return;
    wait_for_sums(x, place, id);
    if (!is_in_plane(x, to)) {
      rs__plan_edge(plan, x->kept[to], id, RS__MEETS);
      continue;
    }
    order_reads(x, to, id, /*is_guard=*/false);
    if (to == leader) order_leader(x, leader, id);
  }
}

static void spread_sums(exchange *x, uint32_t place) {
  if (!has_others(x, place)) return;
  for (uint32_t g = x->came_first[place]; g != RS_NONE && x->plan->status == RS_OK;
       g = x->came_next[g]) {
    const rs__task *came = &x->plan->tasks[x->reads[g]];
    if (came->action == RS_ACTION_FORWARD) spread_one(x, place, came->target_offset);
  }
}

/* ---- the whole ---- */

static rs_status reserve(exchange *x) {
  rs__plan *plan = x->plan;
  uint32_t n = plan->member_count;
  size_t gates = (size_t)x->part_count * x->part_count;
  x->sum = RS_ARENA_NEW(plan->arena, uint32_t, n);
  x->came_first = RS_ARENA_NEW(plan->arena, uint32_t, n);
  x->busy = RS_ARENA_NEW(plan->arena, uint32_t, n);
  x->kept = RS_ARENA_NEW(plan->arena, uint32_t, n);
  uint32_t *arrays = RS_ARENA_NEW(plan->arena, uint32_t, gates * 4);
  x->ties = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)n * 2);
  x->sends = RS_ARENA_NEW(plan->arena, bool, n);
  if (x->sum == NULL || x->came_first == NULL || x->busy == NULL || arrays == NULL ||
      x->ties == NULL || x->sends == NULL || x->kept == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  x->together = x->ties + n;
  x->came_next = arrays;
  x->gate = arrays + gates;
  x->reads = arrays + gates * 2;
  x->adds = arrays + gates * 3;
  return RS_OK;
}

static rs_status exchange_piece(exchange *x) {
  rs__plan *plan = x->plan;
  uint32_t n = plan->member_count;
  for (uint32_t i = 0; i < n; i++) x->came_first[i] = RS_NONE;
  for (uint32_t g = 0; g < x->part_count * x->part_count; g++) {
    x->gate[g] = x->reads[g] = x->adds[g] = RS_NONE;
  }
  rs_status status = choose_gates(x);
  for (uint32_t i = 0; i < n && status == RS_OK; i++) {
    x->sum[i] = RS_NONE;
    if (is_in_plane(x, i)) status = add_inputs(x, i);
  }
  if (status != RS_OK) return status;
  if (tie_gateways(x) != RS_OK) return plan->status;
  x->is_shared = may_share(x);
  for (uint32_t i = 0; i < n; i++) forward_sums(x, i);
  uint32_t together = rs__plan_join(plan);
  if (together == RS_NONE) return plan->status;
  for (uint32_t i = 0; i < n; i++) {
    if (x->together[i] != RS_NONE) rs__plan_edge(plan, x->together[i], together, RS__READS);
  }
  for (uint32_t g = 0; g < x->part_count * x->part_count; g++) {
    if (x->reads[g] != RS_NONE) rs__plan_edge(plan, x->reads[g], together, RS__FOLLOWS);
  }
  for (uint32_t i = 0; i < n; i++) add_sums(x, i, together);
  for (uint32_t i = 0; i < n && plan->status == RS_OK; i++) {
    for (uint32_t g = x->came_first[i]; g != RS_NONE; g = x->came_next[g]) {
      order_reads(x, i, x->adds[g], /*is_guard=*/true);
    }
  }
  for (uint32_t p = 0; p < x->part_count && plan->status == RS_OK && x->plane != RS_NONE; p++) {
    spread_leader(x, p);
  }
  for (uint32_t i = 0; i < n && plan->status == RS_OK; i++) spread_sums(x, i);
  return plan->status;
}

rs_status rs__build_exchange(rs__plan *plan) {
  exchange x = {.plan = plan};
  int64_t pieces = plan->variant.splits;
  rs_status status = fill_parts(&x);
  if (status != RS_OK) return status;
  if (x.part_count > RS__PARTS_MAX) return not_for(plan, "more nodes than could all be joined");
  if (x.part_count < 2) return not_for(plan, "the group lies in one node");
  status = reserve(&x);
  if (status == RS_OK) status = fill_planes(&x, pieces);
  for (int64_t k = 0; k < pieces && status == RS_OK; k++) {
    x.run = rs__run_part((rs__run){0, plan->block}, pieces, k);
    x.plane = x.plane_count > 1 ? (uint32_t)(k % x.plane_count) : RS_NONE;
    status = exchange_piece(&x);
  }
  return status;
}

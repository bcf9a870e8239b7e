/*
 * The plan and its list scheduler.
 *
 * A task is ready when all tasks before it are booked; its earliest start is then known. Ready tasks
 * come out of a heap by (time, longest way still to go, id). One whose link is idle is booked at
 * once; otherwise it waits at its link, and when the link is free again the waiting task with the
 * longest way to go is next. This is list scheduling by critical path (Graham 1969; Hu 1961), with
 * the calendar as the resource, so gaps that other operations left are used.
 *
 * All runs move at stride 1. So one comparison of starts decides for a whole run, and a difference
 * of offsets shifts it by that many slots, rounded up to a cycle. O(tasks · log tasks + edges).
 */
#include <string.h>

#include "rs__plan_events.h"

#define RS__TIME_MAX (INT64_C(1) << 59)
#define RS__PATH_WEIGHT_MAX (INT64_C(1) << 16)
#define RS__VECTORS_MAX (INT64_C(1) << 40) /* as rs_schedule_validate has it */

/* ---- the graph ---- */

/* Room for so many tasks and edges at once, so that growing need not copy them. */
static bool reserve(rs__plan *plan, int64_t bursts) {
  uint32_t wanted = (uint32_t)RS_MAX(64, RS_MIN(bursts + bursts / 8, RS_COMPILE_BURSTS_MAX));
  plan->tasks = RS_ARENA_NEW(plan->arena, rs__task, wanted);
  plan->edges = RS_ARENA_NEW(plan->arena, rs__edge, wanted);
  plan->task_capacity = plan->edge_capacity = wanted;
  return plan->tasks != NULL && plan->edges != NULL;
}

rs_status rs__plan_init(rs__plan *plan, int64_t bursts) {
  uint32_t chips = plan->wiring->chip_count;
  plan->task_count = plan->edge_count = 0;
  plan->guards = NULL;
  plan->guard_count = plan->guard_capacity = 0;
  plan->waits = NULL;
  plan->wait_count = plan->wait_capacity = 0;
  plan->asks = NULL;
  plan->ask_count = plan->ask_capacity = 0;
  plan->looks_at_times = false;
  plan->demands = NULL;
  plan->demand_count = plan->demand_capacity = 0;
  plan->mark_now = 0;
  plan->rank_of = NULL;
  plan->has_ranks = plan->is_ranked = false;
  plan->turned = (rs__turned){0};
  plan->units = NULL;
  plan->tmp_used = RS_ARENA_NEW(plan->arena, int64_t, chips);
  plan->tmp_of = RS_ARENA_NEW(plan->arena, int64_t, chips);
  plan->link_load = RS_ARENA_NEW(plan->arena, uint32_t, plan->wiring->link_count);
  uint32_t *scratch = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)chips * 8);
  plan->price = RS_ARENA_NEW(plan->arena, uint64_t, chips);
  plan->status = RS_OK;
  if (plan->tmp_used == NULL || plan->price == NULL || plan->tmp_of == NULL ||
      plan->link_load == NULL || scratch == NULL || !reserve(plan, bursts)) {
    plan->status = rs_arena_failed(plan->arena, plan->diag);
    return plan->status;
  }
  plan->path_weight = 1;
  if (plan->request->link_load != NULL) {
    int64_t weight = plan->block / plan->variant.splits / RS_MAX(1, plan->request->load_unit);
    plan->path_weight = (uint32_t)RS_MAX(1, RS_MIN(weight, RS__PATH_WEIGHT_MAX));
    memcpy(plan->link_load, plan->request->link_load,
           plan->wiring->link_count * sizeof *plan->link_load);
  }
  plan->task_of = scratch;
  plan->first_child = scratch + chips;
  plan->next_sibling = scratch + (size_t)chips * 2;
  plan->height = scratch + (size_t)chips * 3;
  plan->depth = scratch + (size_t)chips * 4;
  plan->queue = scratch + (size_t)chips * 5;
  plan->mark = scratch + (size_t)chips * 6;
  plan->way = scratch + (size_t)chips * 7;
  return RS_OK;
}

void *rs__grow(rs_arena *arena, const void *old, uint32_t *capacity, size_t size) {
  uint32_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
  void *array = rs_arena_array(arena, wanted, size);
  if (array == NULL) return NULL;
  if (old != NULL) memcpy(array, old, *capacity * size);
  *capacity = wanted;
  return array;
}

uint32_t rs__plan_add(rs__plan *plan, const rs__task *task) {
  if (plan->status != RS_OK) return RS_NONE;
  if (plan->task_count >= RS_COMPILE_BURSTS_MAX) {
    plan->status = rs_diag_set(plan->diag, RS_E_LIMIT, "more than %lld bursts",
                               (long long)RS_COMPILE_BURSTS_MAX);
    return RS_NONE;
  }
  if (plan->task_count == plan->task_capacity) {
    rs__task *tasks = rs__grow(plan->arena, plan->tasks, &plan->task_capacity, sizeof *tasks);
    if (tasks == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return RS_NONE;
    }
    plan->tasks = tasks;
  }
  rs__task *added = &plan->tasks[plan->task_count];
  *added = *task;
  added->start_cycles = RS_MAX(added->start_cycles, 0);
  added->pending = 0;
  added->rides = false;
  added->first_edge = added->left = added->right = added->meets = RS_NONE;
  return plan->task_count++;
}

/* The task with which one rides, and the first behind all that ride with that. */
uint32_t rs__plan_first_of(const rs__plan *plan, uint32_t id) {
  while (plan->tasks[id].rides) id--;
  return id;
}

static uint32_t end_of(const rs__plan *plan, uint32_t first) {
  do first++;
  while (first < plan->task_count && plan->tasks[first].rides);
  return first;
}

uint32_t rs__plan_join(rs__plan *plan) {
  return rs__plan_add(plan, &(rs__task){.link = RS_NONE, .count = 1});
}

uint32_t rs__plan_also(rs__plan *plan, uint32_t task, rs_buffer target, int64_t target_offset,
                       rs_action action, bool result) {
  if (plan->status != RS_OK) return RS_NONE;
  uint32_t first = rs__plan_first_of(plan, task);
  assert(plan->tasks[first].link != RS_NONE && end_of(plan, first) == plan->task_count);
  assert(plan->task_count - first < RS__SHARED_MAX);
  rs__task rider = plan->tasks[first];
  rider.target = (uint8_t)target;
  rider.target_offset = target_offset;
  rider.action = (uint8_t)action;
  rider.result = result;
  uint32_t id = rs__plan_add(plan, &rider);
  if (id != RS_NONE) plan->tasks[id].rides = true;
  return id;
}

static void note_ask(rs__plan *plan, rs__ask ask) {
  if (plan->ask_count == plan->ask_capacity) {
    rs__ask *asks = rs__grow(plan->arena, plan->asks, &plan->ask_capacity, sizeof *asks);
    if (asks == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return;
    }
    plan->asks = asks;
  }
  plan->asks[plan->ask_count++] = ask;
}

bool rs__plan_may_add(rs__plan *plan, uint32_t link, uint32_t places) {
  if (plan->status != RS_OK || places <= 1) return true;
  bool may = rs__calendar_adds_allow(plan->calendar, link, places);
  if (may && !rs__calendar_hold_adds(plan->calendar, link, places)) {
    plan->status = rs_arena_failed(plan->arena, plan->diag);
  }
  note_ask(plan, (rs__ask){link, places, may});
  return may;
}

void rs__plan_edge(rs__plan *plan, uint32_t before, uint32_t after, rs__edge_kind kind) {
  if (plan->status != RS_OK) return;
  uint32_t first = rs__plan_first_of(plan, after);
  assert(before < first && after < plan->task_count);
  if (plan->edge_count == plan->edge_capacity) {
    rs__edge *edges = rs__grow(plan->arena, plan->edges, &plan->edge_capacity, sizeof *edges);
    if (edges == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return;
    }
    plan->edges = edges;
  }
  plan->edges[plan->edge_count] = (rs__edge){after, plan->tasks[before].first_edge, kind};
  plan->tasks[before].first_edge = plan->edge_count++;
  plan->tasks[first].pending++;
  if (kind == RS__MEETS) plan->tasks[after].meets = before;
}

void rs__plan_guard(rs__plan *plan, uint32_t reader, uint32_t writer) {
  if (plan->status != RS_OK) return;
  if (plan->guard_count == plan->guard_capacity) {
    rs__guard *guards = rs__grow(plan->arena, plan->guards, &plan->guard_capacity, sizeof *guards);
    if (guards == NULL) {
      plan->status = rs_arena_failed(plan->arena, plan->diag);
      return;
    }
    plan->guards = guards;
  }
  plan->guards[plan->guard_count++] = (rs__guard){reader, writer};
}

int64_t rs__plan_tmp(rs__plan *plan, uint32_t chip, int64_t count) {
  int64_t offset = plan->tmp_used[chip];
  if (plan->status == RS_OK && count > RS__VECTORS_MAX - offset) {
    plan->status = rs_diag_set(plan->diag, RS_E_OVERFLOW,
                               "chip %u would need more than 2^40 vectors of hop buffer", chip);
  }
  if (plan->status == RS_OK) plan->tmp_used[chip] += count;
  return offset;
}

/* ---- delays ---- */

/* ⌈k·q⌉ for k of any sign. */
static int64_t shift_cycles(const rs_timing *timing, int64_t k) {
  return k >= 0 ? rs_timing_slots(timing, k) : -rs__floor_slots(timing, -k);
}

static int64_t latency_of(const rs__plan *plan, const rs__task *task) {
  return task->link == RS_NONE ? 0
                               : rs_timing_latency(plan->timing, &plan->wiring->links[task->link]);
}

/* Least start of `after` that the edge from the booked task `before` allows. */
static int64_t edge_allows(const rs__plan *plan, const rs__task *before, const rs__task *after,
                           rs__edge_kind kind) {
  const rs_timing *t = plan->timing;
  if (before->link == RS_NONE) return before->start_cycles;
  if (kind == RS__FOLLOWS) return before->start_cycles + rs_timing_slots(t, before->count);
  if (kind == RS__CLEARS) {
    return before->start_cycles + 1 - latency_of(plan, after) +
           shift_cycles(t, after->target_offset - before->source_offset);
  }
  int64_t arrival = before->start_cycles + latency_of(plan, before);
  int64_t add = before->action == RS_ACTION_ADD ? t->add_cycles : 0;
  if (kind == RS__READS) {
    int64_t shift = after->link == RS_NONE ? 0 : after->source_offset - before->target_offset;
    return arrival + t->forward_cycles + add + shift_cycles(t, shift);
  }
  if (kind == RS__MEETS) return arrival - latency_of(plan, after);
  /* One cycle more than nothing: at equal times the order of two writes is open. */
  int64_t settled = RS_MAX(1, RS_MAX(t->receive_cycles, t->forward_cycles) + add);
  return arrival + settled - latency_of(plan, after) +
         shift_cycles(t, after->target_offset - before->target_offset);
}

/* ---- events ---- */

/* A task becomes ready, or a link becomes free. Order: time, then ready tasks before free links (a
 * link that wakes sees all that came at that moment), then longest way to go, then id. */
#define RS__WAKES (UINT64_C(1) << 63)

/* ---- the queue of a link: a skew heap through the tasks ---- */

static bool goes_first(const rs__task *tasks, uint32_t a, uint32_t b) {
  return tasks[a].rank != tasks[b].rank ? tasks[a].rank > tasks[b].rank : a < b;
}

/* Merges top-down: the right spine is walked and every node on it swaps its children (Sleator,
 * Tarjan, "Self-adjusting heaps", 1986). */
static uint32_t merge(rs__task *tasks, uint32_t a, uint32_t b) {
  uint32_t root = RS_NONE;
  uint32_t *place = &root;
  while (a != RS_NONE && b != RS_NONE) {
    if (goes_first(tasks, b, a)) {
      uint32_t other = a;
      a = b;
      b = other;
    }
    uint32_t right = tasks[a].right;
    tasks[a].right = tasks[a].left;
    *place = a;
    place = &tasks[a].left;
    a = right;
  }
  *place = a != RS_NONE ? a : b;
  return root;
}

/* ---- running ---- */

typedef struct lane {
  int64_t free_at;
  uint32_t waiting; /* RS_NONE: nothing */
  bool will_wake;
} lane;

typedef struct runner {
  rs__plan *plan;
  rs_calendar *calendar;
  lane *lanes;       /* [link], or in order of first use */
  uint32_t *lane_at; /* NULL, or [link] number of its lane and one; 0: not used yet */
  uint32_t lane_count;
  rs__events events;
  bool has_memory; /* for events */
} runner;

static lane *lane_of(runner *r, uint32_t link) {
  if (r->lane_at == NULL) return &r->lanes[link];
  if (r->lane_at[link] == 0) r->lane_at[link] = ++r->lane_count;
  return &r->lanes[r->lane_at[link] - 1];
}

/* A transmission has as far to go as the farthest of its places. */
void rs__plan_rank(rs__plan *plan) {
  uint32_t riders_way = 0;
  for (uint32_t id = plan->task_count; id-- > 0;) {
    rs__task *task = &plan->tasks[id];
    uint32_t way = 0;
    for (uint32_t e = task->first_edge; e != RS_NONE; e = plan->edges[e].next) {
      const rs__task *after = &plan->tasks[rs__plan_first_of(plan, plan->edges[e].task)];
      way = RS_MAX(way, after->rank + (after->link == RS_NONE ? 0 : 1));
    }
    task->rank = RS_MAX(way, riders_way);
    riders_way = task->rides ? task->rank : 0;
  }
  plan->is_ranked = true;
}

static void push_ready(runner *r, uint32_t id) {
  const rs__task *task = &r->plan->tasks[id];
  uint64_t order = (uint64_t)(INT32_MAX - task->rank) << 32 | id;
  r->has_memory &= rs__events_push(&r->events, task->start_cycles, order);
}

/* Its start is final: tell those that wait for it. */
static void release_followers(runner *r, const rs__task *task) {
  const rs__plan *plan = r->plan;
  for (uint32_t e = task->first_edge; e != RS_NONE; e = plan->edges[e].next) {
    const rs__task *after = &plan->tasks[plan->edges[e].task];
    uint32_t first = rs__plan_first_of(plan, plan->edges[e].task);
    int64_t allowed = edge_allows(plan, task, after, plan->edges[e].kind);
    plan->tasks[first].start_cycles = RS_MAX(plan->tasks[first].start_cycles, allowed);
    if (--plan->tasks[first].pending == 0) push_ready(r, first);
  }
}

static uint32_t count_adds(const rs__plan *plan, uint32_t first, uint32_t end) {
  uint32_t adds = 0;
  for (uint32_t id = first; id < end; id++) adds += plan->tasks[id].action == RS_ACTION_ADD;
  return adds;
}

/* Books the link for a start at which the receiver's vector unit has room, and that room too. */
static int64_t book_counted(runner *r, uint32_t first, uint32_t end) {
  rs__plan *plan = r->plan;
  const rs__task *task = &plan->tasks[first];
  uint32_t adds = count_adds(plan, first, end), to = plan->wiring->links[task->link].to;
  int64_t latency = latency_of(plan, task), start = task->start_cycles;
  if (adds > 0) start = RS_MAX(start, rs__calendar_adds_end(r->calendar, to) - latency);
  for (;;) {
    uint64_t mark = rs_calendar_mark(r->calendar);
    start = rs_calendar_book(r->calendar, task->link, start, task->count);
    if (start < 0 || adds == 0) return start;
    int64_t fits = rs__units_find(plan, to, start + latency, task->count, adds) - latency;
    if (fits == start) break;
    rs_calendar_rewind(r->calendar, mark);
    start = fits;
  }
  return rs__units_book(plan, to, start + latency, task->count, adds) ? start : -1;
}

/* Books the link, and a lane for every task of the transmission that adds. −1: no memory. */
static int64_t book_link(runner *r, uint32_t first, uint32_t end) {
  rs__task *tasks = r->plan->tasks;
  uint32_t *lanes[RS__SHARED_MAX]; /* of those that add */
  uint32_t adds = 0;
  for (uint32_t id = first; id < end; id++) {
    tasks[id].lane = RS_NONE;
    if (tasks[id].action == RS_ACTION_ADD) lanes[adds++] = &tasks[id].lane;
  }
  if (r->plan->units != NULL) return book_counted(r, first, end);
  return rs__calendar_book_adds(r->calendar, tasks[first].link, tasks[first].start_cycles,
                                tasks[first].count, lanes, adds);
}

bool rs__plan_hold_adds(const rs__plan *plan, uint32_t first) {
  if (plan->units != NULL) return true; /* counted, not held */
  uint32_t adds = count_adds(plan, first, end_of(plan, first));
  return adds <= 1 || rs__calendar_hold_adds(plan->calendar, plan->tasks[first].link, adds);
}

/* Whether a task that starts then neither lands together with the one that it meets nor after it;
 * *after: when it may land after it. */
static bool misses(const rs__plan *plan, const rs__task *task, int64_t start, int64_t *after) {
  if (task->meets == RS_NONE) return false;
  assert(plan->units == NULL); /* what they book is not given back */
  const rs__task *met = &plan->tasks[task->meets];
  *after = edge_allows(plan, met, task, RS__LANDS);
  return start != edge_allows(plan, met, task, RS__MEETS) && start < *after;
}

/* One that comes too late to land together with another lands after that. Each task of the transmission
 * can move the start once. */
static int64_t book_transmission(runner *r, uint32_t first, uint32_t end) {
  uint64_t mark = rs_calendar_mark(r->calendar);
  int64_t start = book_link(r, first, end);
  for (uint32_t id = first; id < end && start >= 0; id++) {
    int64_t after;
    if (!misses(r->plan, &r->plan->tasks[id], start, &after)) continue;
    rs_calendar_rewind(r->calendar, mark);
    r->plan->tasks[first].start_cycles = after;
    start = book_link(r, first, end);
    id = first - 1; /* what landed together with another no longer does */
  }
  return start;
}

static rs_status book_task(runner *r, uint32_t id) {
  rs__plan *plan = r->plan;
  rs__task *task = &plan->tasks[id];
  uint32_t end = end_of(plan, id);
  uint32_t adds = count_adds(plan, id, end);
  bool fits = plan->units != NULL ? adds <= rs__plan_places_max(plan)
                                  : rs__calendar_adds_allow(r->calendar, task->link, adds);
  if (!fits) {
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE,
                       "the vector unit cannot add what comes in so many places at once");
  }
  int64_t start = book_transmission(r, id, end);
  if (start < 0) return rs_arena_failed(plan->arena, plan->diag);
  int64_t length = rs_timing_slots(plan->timing, task->count);
  if (start > RS__TIME_MAX) {
    return rs_diag_set(plan->diag, RS_E_OVERFLOW, "the schedule is longer than 2^59 cycles");
  }
  lane_of(r, task->link)->free_at = start + length;
  for (uint32_t i = id; i < end; i++) {
    plan->tasks[i].start_cycles = start;
    release_followers(r, &plan->tasks[i]);
  }
  return RS_OK;
}

static void wake_later(runner *r, uint32_t link, int64_t now) {
  lane *l = lane_of(r, link);
  l->will_wake = true;
  r->has_memory &= rs__events_push(&r->events, RS_MAX(now, l->free_at), RS__WAKES | link);
}

static rs_status handle_ready(runner *r, uint32_t id, int64_t now) {
  rs__task *task = &r->plan->tasks[id];
  if (task->link == RS_NONE) {
    release_followers(r, task);
    return RS_OK;
  }
  lane *l = lane_of(r, task->link);
  if (!l->will_wake && l->free_at <= now) return book_task(r, id);
  l->waiting = merge(r->plan->tasks, l->waiting, id);
  if (!l->will_wake) wake_later(r, task->link, now);
  return RS_OK;
}

static rs_status handle_wake(runner *r, uint32_t link, int64_t now) {
  rs__task *tasks = r->plan->tasks;
  lane *l = lane_of(r, link);
  uint32_t id = l->waiting;
  l->waiting = merge(tasks, tasks[id].left, tasks[id].right);
  l->will_wake = false;
  rs_status status = book_task(r, id);
  if (status == RS_OK && l->waiting != RS_NONE) wake_later(r, link, now);
  return status;
}

enum { TASKS_AHEAD = 16, LINKS_AHEAD = 8 };

/* Tasks of one moment lie anywhere: what the next ones need is asked for before it is their turn. */
static void fetch_ahead(const runner *r) {
  const rs__task *tasks = r->plan->tasks;
  uint64_t far = rs__events_ahead(&r->events, TASKS_AHEAD);
  uint64_t near = rs__events_ahead(&r->events, LINKS_AHEAD);
  if (far != RS__NO_EVENT && (far & RS__WAKES) == 0) {
    const rs__task *task = &tasks[(uint32_t)far];
    __builtin_prefetch(task);
    __builtin_prefetch((const char *)(task + 1) - 1);
  }
  if (near == RS__NO_EVENT) return;
  uint32_t link = (near & RS__WAKES) != 0 ? (uint32_t)near : tasks[(uint32_t)near].link;
  if (link == RS_NONE) return;
  rs__calendar_fetch(r->calendar, link);
  if (r->lane_at == NULL) __builtin_prefetch(&r->lanes[link]);
}

static rs_status run_events(runner *r) {
  rs_status status = RS_OK;
  while (status == RS_OK && r->events.count > 0) {
    rs__event e = {0};
    fetch_ahead(r);
    if (!r->has_memory || !rs__events_pop(&r->events, &e)) {
      return rs_arena_failed(r->plan->arena, r->plan->diag);
    }
    status = (e.order & RS__WAKES) != 0 ? handle_wake(r, (uint32_t)e.order, e.time)
                                        : handle_ready(r, (uint32_t)e.order, e.time);
  }
  return status;
}

/* Both move at stride 1 and over the same addresses, so their starts decide. */
static rs_status check_guards(const rs__plan *plan) {
  for (uint32_t i = 0; i < plan->guard_count; i++) {
    const rs__task *reader = &plan->tasks[plan->guards[i].reader];
    const rs__task *writer = &plan->tasks[plan->guards[i].writer];
    if (writer->start_cycles + latency_of(plan, writer) > reader->start_cycles) continue;
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "links are booked for longer than a latency");
  }
  return RS_OK;
}

rs_status rs__plan_run(rs__plan *plan, rs_calendar *calendar) {
  uint32_t links = plan->wiring->link_count;
  runner r = {.plan = plan, .calendar = calendar, .has_memory = true};
  uint32_t lanes = RS_MIN(links, plan->task_count);
  bool is_sparse = lanes < links; /* a small group in a large wiring: only its links are touched */
  r.lanes = RS_ARENA_NEW(plan->arena, lane, lanes);
  r.lane_at = is_sparse ? RS_ARENA_NEW(plan->arena, uint32_t, links) : NULL;
  rs__events_init(&r.events, plan->arena);
  if (r.lanes == NULL || (is_sparse && r.lane_at == NULL)) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  for (uint32_t l = 0; l < lanes; l++) r.lanes[l].waiting = RS_NONE;
  rs__plan_end_waits(plan);
  if (plan->order != NULL || !(plan->has_ranks || plan->is_ranked)) rs__plan_rank(plan);
  if (plan->order != NULL) rs__plan_rank_by_order(plan);
  for (uint32_t id = 0; id < plan->task_count; id++) {
    if (plan->tasks[id].pending == 0 && !plan->tasks[id].rides) push_ready(&r, id);
  }
  rs_status status = run_events(&r);
  return status == RS_OK ? check_guards(plan) : status;
}

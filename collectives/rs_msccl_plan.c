/*
 * From the transfers of a program to a plan, and from there to bursts, like any algorithm.
 *
 * Transfers become tasks, each behind those that it waits for. Where reads and landings wait for each
 * other in a circle, as when two chips exchange, some reads are only looked at when all is booked. If
 * one came too late, or a local step wants a part of what a transfer brought, the program is compiled
 * once more chunk by chunk.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__msccl.h"

typedef struct import {
  const rs_msccl *program;
  rs__plan plan;
  rs_timing padded; /* with the request's margin */
  rs_op op;
  rs__ms_flow flow;
  int64_t chunk_vectors;
  uint32_t *order;           /* transfers, each behind what it waits for */
  uint32_t *rank;            /* [transfer] its place there */
  uint32_t *into, *out;      /* [transfer] first edge to it, from it */
  uint32_t *next, *next_out; /* [edge] */
} import;

/* ---- what is asked for ---- */

static rs_status check_request(import *m, const rs_collective_request *request, rs_diag *diag) {
  if (request->chip_count == m->program->gpu_count) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "the program is for %u GPUs, the group has %u chips",
              m->program->gpu_count, request->chip_count);
  rs_diag_expect(diag, "a group of %u", m->program->gpu_count);
  rs_diag_at(diag, m->program->file, 0, 0);
  return RS_E_INPUT;
}

/* As many equal chunks a block as the program has, of whole vectors. */
static void find_sizes(import *m, const rs_collective_request *request, const rs_timing *timing) {
  const rs_msccl *p = m->program;
  bool is_one_block = p->kind == RS_ALL_REDUCE || p->kind == RS_BROADCAST;
  int64_t chunks = is_one_block ? p->chunks : p->chunks / p->gpu_count;
  m->chunk_vectors = rs_ceil_div_i64(rs_timing_vectors(timing, request->block_bytes), chunks);
  m->op = (rs_op){.kind = p->kind,
                  .group_count = request->chip_count,
                  .root = request->root,
                  .block_bytes = request->block_bytes,
                  .block_vectors = m->chunk_vectors * chunks,
                  .ready_cycles = request->ready_cycles};
  snprintf(m->op.algorithm, sizeof m->op.algorithm, "%s", p->name);
  snprintf(m->op.label, sizeof m->op.label, "%s", request->label == NULL ? "" : request->label);
}

/* ---- order ---- */

/*
 * A transfer comes behind all that it waits for; of those that may come, the one that lands first. When
 * reads hold up each other's landings in a circle (two chips exchange), the first to land goes, and
 * that the read is over before is left to a guard.
 */
typedef struct sorter {
  import *m;
  uint64_t *free, *held; /* heaps of landing and transfer: waits for nothing; only for reads */
  uint32_t free_count, held_count;
  uint32_t *hard, *soft; /* [transfer] writes and reads that it waits for */
  bool *done;
} sorter;

static void push(uint64_t *heap, uint32_t *count, uint64_t value) {
  uint32_t at = (*count)++;
  for (; at > 0 && heap[(at - 1) / 2] > value; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
  heap[at] = value;
}

static uint64_t pop(uint64_t *heap, uint32_t *count) {
  uint64_t first = heap[0], value = heap[--*count];
  uint32_t at = 0;
  for (uint32_t child = 1; child < *count; child = 2 * at + 1) {
    if (child + 1 < *count && heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = value;
  return first;
}

/* An edge to a place where the transfer was to land once is void. */
static bool is_void(const import *m, const rs__ms_edge *edge) {
  return edge->kind != RS__READS && edge->turn != m->flow.transfers[edge->after].turn;
}

static void offer(sorter *s, uint32_t transfer) {
  uint64_t key = (uint64_t)s->m->flow.transfers[transfer].landed << 32 | transfer;
  if (s->done[transfer] || s->hard[transfer] > 0) return;
  if (s->soft[transfer] > 0) {
    push(s->held, &s->held_count, key);
  } else {
    push(s->free, &s->free_count, key);
  }
}

/* Gives the transfer its place, and frees what waited for it. */
static void place(sorter *s, uint32_t transfer, uint32_t at) {
  import *m = s->m;
  s->done[transfer] = true;
  m->order[at] = transfer;
  m->rank[transfer] = at;
  for (uint32_t e = m->out[transfer]; e != RS_NONE; e = m->next_out[e]) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    if (is_void(m, edge) || s->done[edge->after]) continue;
    uint32_t *pending = edge->kind == RS__CLEARS ? s->soft : s->hard;
    if (--pending[edge->after] == 0) offer(s, edge->after);
  }
}

static void run_sorter(sorter *s) {
  uint32_t count = s->m->flow.transfer_count, at = 0;
  for (uint32_t i = 0; i < count; i++) offer(s, i);
  while (at < count) {
    bool is_free = s->free_count > 0;
    assert(is_free || s->held_count > 0); /* writes and what reads them make no circle */
    uint64_t key = is_free ? pop(s->free, &s->free_count) : pop(s->held, &s->held_count);
    if (!s->done[(uint32_t)key]) place(s, (uint32_t)key, at++);
  }
}

static rs_status link_edges(import *m, rs_arena *arena, rs_diag *diag) {
  uint32_t count = m->flow.transfer_count, edges = m->flow.edge_count;
  m->into = RS_ARENA_NEW(arena, uint32_t, count);
  m->out = RS_ARENA_NEW(arena, uint32_t, count);
  m->next = RS_ARENA_NEW(arena, uint32_t, edges);
  m->next_out = RS_ARENA_NEW(arena, uint32_t, edges);
  if (m->into == NULL || m->out == NULL || m->next == NULL || m->next_out == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t i = 0; i < count; i++) m->into[i] = m->out[i] = RS_NONE;
  for (uint32_t e = 0; e < edges; e++) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    m->next[e] = m->into[edge->after];
    m->into[edge->after] = e;
    m->next_out[e] = m->out[edge->before];
    m->out[edge->before] = e;
  }
  return RS_OK;
}

static rs_status sort_transfers(import *m, rs_arena *arena, rs_diag *diag) {
  uint32_t count = m->flow.transfer_count;
  rs_status status = link_edges(m, arena, diag);
  if (status != RS_OK) return status;
  sorter s = {.m = m,
              .free = RS_ARENA_NEW(arena, uint64_t, count),
              .held = RS_ARENA_NEW(arena, uint64_t, count),
              .hard = RS_ARENA_NEW(arena, uint32_t, count),
              .soft = RS_ARENA_NEW(arena, uint32_t, count),
              .done = RS_ARENA_NEW(arena, bool, count)};
  m->order = RS_ARENA_NEW(arena, uint32_t, count);
  m->rank = RS_ARENA_NEW(arena, uint32_t, count);
  if (s.free == NULL || s.held == NULL || s.hard == NULL || s.soft == NULL || s.done == NULL ||
      m->order == NULL || m->rank == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t e = 0; e < m->flow.edge_count; e++) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    if (!is_void(m, edge)) (edge->kind == RS__CLEARS ? s.soft : s.hard)[edge->after]++;
  }
  run_sorter(&s);
  return RS_OK;
}

/* ---- tasks ---- */

/* Links of the way, into scratch of the plan. Returns the hops; RS_NONE: the plan has failed. */
static uint32_t find_way(rs__plan *plan, uint32_t from, uint32_t to, uint32_t *links) {
  links[0] = rs__plan_find_link(plan, from, to);
  if (links[0] != RS_NONE) {
    plan->link_load[links[0]]++;
    return 1;
  }
  rs_status status = rs__plan_search_until(plan, to, /*toward_hub=*/true, from);
  if (status == RS_OK) return rs__plan_choose(plan, from, links);
  if (plan->status == RS_OK) plan->status = status;
  return RS_NONE;
}

static void add_tasks(import *m, rs__ms_transfer *t) {
  rs__plan *plan = &m->plan;
  uint32_t *links = plan->task_of;
  int64_t count = t->count * m->chunk_vectors;
  uint32_t hops = find_way(plan, plan->members[t->from_gpu], plan->members[t->to_gpu], links);
  rs__task task = {.count = count,
                   .source = t->source.buffer,
                   .source_offset = t->source.chunk * m->chunk_vectors};
  for (uint32_t k = 0; k < hops && plan->status == RS_OK; k++) {
    const rs_link *link = &plan->wiring->links[links[k]];
    bool is_last = k + 1 == hops;
    task.link = links[k];
    task.start_cycles = 0;
    if (k == 0 && t->reads_input) task.start_cycles = rs__plan_reads_in(plan, link->from, 0, 1);
    if (is_last && t->lands_on_own) {
      int64_t least = rs__plan_lands_on_in(plan, links[k], 0, 1);
      task.start_cycles = RS_MAX(task.start_cycles, least);
    }
    task.target = is_last ? t->target.buffer : RS_BUFFER_TMP;
    task.target_offset =
        is_last ? t->target.chunk * m->chunk_vectors : rs__plan_tmp(plan, link->to, count);
    task.action = is_last ? t->action : RS_ACTION_FORWARD;
    task.result = is_last && t->target.buffer == RS_BUFFER_OUT;
    uint32_t id = rs__plan_add(plan, &task);
    if (id == RS_NONE) return;
    if (k > 0) rs__plan_edge(plan, id - 1, id, RS__READS);
    t->last_task = id;
    t->first_task = id - k;
    task.source = RS_BUFFER_TMP;
    task.source_offset = task.target_offset;
  }
}

/* Chunks from where the earlier run starts to where the later one does. */
static int64_t shift_of(const import *m, const rs__ms_edge *edge) {
  const rs__ms_transfer *before = &m->flow.transfers[edge->before];
  const rs__ms_transfer *after = &m->flow.transfers[edge->after];
  int64_t from = edge->kind == RS__CLEARS ? before->source.chunk : before->target.chunk;
  int64_t to = edge->kind == RS__READS ? after->source.chunk : after->target.chunk;
  return to - from;
}

/* An edge that the plan keeps: not void, and not from a transfer that comes later. */
static bool is_kept(const import *m, const rs__ms_edge *edge) {
  bool is_late = m->rank[edge->before] > m->rank[edge->after];
  assert(!is_late || edge->kind == RS__CLEARS || is_void(m, edge));
  return !is_late && !is_void(m, edge);
}

/* A later run that starts lower than the earlier one would be let go before it, because they meet only
 * further up. It has to be behind it as a whole: it waits for a join. Returns that, or RS_NONE. */
static uint32_t join_lower(import *m, uint32_t index, bool reads) {
  rs__plan *plan = &m->plan;
  uint32_t join = RS_NONE;
  for (uint32_t e = m->into[index]; e != RS_NONE; e = m->next[e]) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    const rs__ms_transfer *before = &m->flow.transfers[edge->before];
    bool is_read = edge->kind == RS__READS;
    if (is_read != reads || !is_kept(m, edge) || shift_of(m, edge) >= 0) continue;
    if (join == RS_NONE) join = rs__plan_join(plan);
    if (join == RS_NONE) return RS_NONE;
    bool clears = edge->kind == RS__CLEARS;
    rs__plan_edge(plan, clears ? before->first_task : before->last_task, join,
                  clears ? RS__FOLLOWS : RS__READS);
  }
  return join;
}

static void add_edges(import *m, uint32_t index) {
  const rs__ms_transfer *after = &m->flow.transfers[index];
  for (uint32_t e = m->into[index]; e != RS_NONE; e = m->next[e]) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    const rs__ms_transfer *before = &m->flow.transfers[edge->before];
    if (!is_kept(m, edge) || shift_of(m, edge) < 0) continue;
    uint32_t from = edge->kind == RS__CLEARS ? before->first_task : before->last_task;
    uint32_t to = edge->kind == RS__READS ? after->first_task : after->last_task;
    rs__plan_edge(&m->plan, from, to, edge->kind);
  }
}

static void add_transfer(import *m, uint32_t index) {
  rs__ms_transfer *t = &m->flow.transfers[index];
  uint32_t before_read = join_lower(m, index, true);
  uint32_t before_landing = join_lower(m, index, false);
  add_tasks(m, t);
  if (m->plan.status != RS_OK) return;
  if (before_read != RS_NONE) rs__plan_edge(&m->plan, before_read, t->first_task, RS__FOLLOWS);
  if (before_landing != RS_NONE) {
    rs__plan_edge(&m->plan, before_landing, t->last_task, RS__FOLLOWS);
  }
  add_edges(m, index);
}

/* Least start of `writer` so that it lands behind the departure of `reader` on what they share. */
static int64_t clears(const rs__plan *plan, const rs__task *reader, const rs__task *writer) {
  const rs_timing *t = plan->timing;
  int64_t shift = writer->target_offset - reader->source_offset;
  return reader->start_cycles + 1 + rs_timing_slots(t, RS_MAX(shift, 0)) -
         rs_timing_latency(t, &plan->wiring->links[writer->link]);
}

/* Reads that have to be over before something lands, and that the plan could not wait for. */
static bool late_reads_are_over(const import *m) {
  const rs__plan *plan = &m->plan;
  for (uint32_t e = 0; e < m->flow.edge_count; e++) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    if (edge->kind != RS__CLEARS || is_void(m, edge)) continue;
    if (m->rank[edge->before] < m->rank[edge->after]) continue;
    const rs__task *reader = &plan->tasks[m->flow.transfers[edge->before].first_task];
    const rs__task *writer = &plan->tasks[m->flow.transfers[edge->after].last_task];
    if (writer->start_cycles < clears(plan, reader, writer)) return false;
  }
  return true;
}

static rs_status build_plan(import *m) {
  rs__plan *plan = &m->plan;
  rs_status status = rs__plan_init(plan, m->flow.transfer_count);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    rs__plan_tmp(plan, plan->members[i], m->program->scratch_chunks * m->chunk_vectors);
  }
  for (uint32_t i = 0; i < m->flow.transfer_count && plan->status == RS_OK; i++) {
    add_transfer(m, m->order[i]);
  }
  return plan->status;
}

/* ---- the operation ---- */

static rs_status append(import *m, rs_schedule *schedule, rs_calendar *calendar,
                        const rs_collective_request *request, rs_diag *diag) {
  const rs__plan *plan = &m->plan;
  for (uint32_t chip = 0; chip < plan->wiring->chip_count; chip++) {
    m->op.tmp_vectors = RS_MAX(m->op.tmp_vectors, plan->tmp_used[chip]);
  }
  uint32_t op = rs_schedule_add_op(schedule, &m->op, request->chips, request->chip_count);
  if (op == RS_NONE) return rs_arena_failed(schedule->arena, diag);
  for (uint32_t id = 0; id < plan->task_count; id++) {
    const rs__task *task = &plan->tasks[id];
    if (task->link == RS_NONE) continue;
    rs_burst burst = rs__task_burst(task, op);
    rs__calendar_note_burst(calendar, &burst, /*is_counted=*/false);
    if (rs_schedule_add_burst(schedule, &burst) == NULL) {
      return rs_arena_failed(schedule->arena, diag);
    }
  }
  return RS_OK;
}

/* Everything up to the booked plan. *by_chunks: it may be better chunk by chunk, because a local step
 * takes a part of what a transfer brought, or a read came too late. */
static rs_status book(import *m, rs_arena *work, rs_arena *tree, const rs_wiring *wiring,
                      const rs_timing *timing, rs_calendar *calendar,
                      const rs_collective_request *request, bool *by_chunks, rs_diag *diag) {
  uint32_t *position = RS_ARENA_NEW(work, uint32_t, wiring->chip_count);
  if (position == NULL) return rs_arena_failed(work, diag);
  rs_status status = rs__request_check(request, wiring, timing, position, diag);
  *by_chunks = false;
  if (status != RS_OK) return status;
  status = rs__ms_flow_make(work, m->program, &m->flow, diag);
  *by_chunks = status == RS_E_INPUT;
  if (status == RS_OK) status = sort_transfers(m, work, diag);
  if (status != RS_OK) return status;
  find_sizes(m, request, timing);
  m->padded = rs__request_timing(request, timing);
  m->plan = (rs__plan){.arena = work,
                       .tree_arena = tree,
                       .wiring = wiring,
                       .timing = &m->padded,
                       .request = request,
                       .calendar = calendar,
                       .position = position,
                       .members = request->chips,
                       .member_count = request->chip_count,
                       .block = m->op.block_vectors,
                       .in_vectors = rs_op_in_vectors(&m->op),
                       .variant = {.splits = 1, .relays = true},
                       .diag = diag};
  if (rs__kind_adds(request->kind) && !rs__calendar_adds_fit(calendar)) {
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "the vector unit adds %lld vectors a cycle, a link brings more",
                       (long long)timing->adds_per_cycle);
  }
  status = build_plan(m);
  if (status == RS_OK) status = rs__plan_run(&m->plan, calendar);
  *by_chunks = status == RS_OK && !late_reads_are_over(m);
  return status;
}

static rs_status compile(import *m, rs_arena *work, rs_arena *tree, rs_schedule *schedule,
                         const rs_wiring *wiring, rs_calendar *calendar,
                         const rs_collective_request *request, rs_diag *diag) {
  const rs_timing *timing = &schedule->timing;
  uint64_t mark = rs_calendar_mark(calendar);
  bool by_chunks;
  rs_status status = check_request(m, request, diag);
  if (status != RS_OK) return status;
  status = book(m, work, tree, wiring, timing, calendar, request, &by_chunks, diag);
  if (by_chunks) {
    rs_msccl *split;
    rs_calendar_rewind(calendar, mark);
    status = rs__ms_split(work, m->program, &split, diag);
    if (status != RS_OK) return status;
    m->program = split;
    status = book(m, work, tree, wiring, timing, calendar, request, &by_chunks, diag);
  }
  if (status == RS_OK && by_chunks) {
    rs_diag_set(diag, RS_E_INFEASIBLE,
                "chunks that are exchanged would be overwritten before they "
                "have departed: the links are booked for too long");
    rs_diag_at(diag, m->program->file, 0, 0);
    return RS_E_INFEASIBLE;
  }
  return status == RS_OK ? append(m, schedule, calendar, request, diag) : status;
}

rs_status rs_msccl_compile(const rs_msccl *program, rs_schedule *schedule, const rs_wiring *wiring,
                           rs_calendar *calendar, const rs_collective_request *request,
                           rs_diag *diag) {
  rs_diag own = {.status = RS_OK};
import m = {.program = program };
  rs_collective_request asked = *request;
  uint64_t mark = rs_calendar_mark(calendar);
  uint32_t op_count = schedule->op_count, group_chip_count = schedule->group_chip_count;
  uint64_t burst_count = schedule->burst_count;
  rs_arena *work = rs_arena_create(0), *tree = rs_arena_create(0);
  asked.kind = program->kind;
  asked.ready = NULL;
  asked.root = RS_NONE;
  if (program->kind == RS_BROADCAST && program->root < request->chip_count) {
    asked.root = request->chips[program->root];
  }
  rs_status status = work == NULL || tree == NULL ? rs_arena_failed(NULL, &own) : RS_OK;
  if (status == RS_OK) {
    status = compile(&m, work, tree, schedule, wiring, calendar, &asked, &own);
  }
  rs_arena_destroy(work);
  rs_arena_destroy(tree);
  if (status == RS_OK) return RS_OK;
  if (diag != NULL) *diag = own;
  rs_calendar_rewind(calendar, mark);
  schedule->op_count = op_count;
  schedule->group_chip_count = group_chip_count;
  schedule->burst_count = burst_count;
  return status;
}

/*
 * From the transfers of a program to a plan, and from there to bursts, like any algorithm.
 *
 * Transfers become tasks in the order in which they land; edges that lead back in that order (a read
 * that has to be over before an earlier landing, as when two chips exchange) are kept by guards.
 * Who waits for whom is exact; when is the list scheduler's.
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
  uint32_t *order; /* transfers, by landing */
  uint32_t *rank;  /* [transfer] its place there */
  uint32_t *into;  /* [transfer] first edge to it */
  uint32_t *next;  /* [edge] */
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

static int compare_keys(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

static rs_status sort_transfers(import *m, rs_arena *arena, rs_diag *diag) {
  uint32_t count = m->flow.transfer_count;
  uint64_t *keys = RS_ARENA_NEW(arena, uint64_t, count);
  m->order = RS_ARENA_NEW(arena, uint32_t, count);
  m->rank = RS_ARENA_NEW(arena, uint32_t, count);
  m->into = RS_ARENA_NEW(arena, uint32_t, count);
  m->next = RS_ARENA_NEW(arena, uint32_t, m->flow.edge_count);
  if (keys == NULL || m->order == NULL || m->rank == NULL || m->into == NULL || m->next == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (uint32_t i = 0; i < count; i++) {
    keys[i] = (uint64_t)m->flow.transfers[i].landed << 32 | i;
    m->into[i] = RS_NONE;
  }
  qsort(keys, count, sizeof *keys, compare_keys);
  for (uint32_t i = 0; i < count; i++) {
    m->order[i] = (uint32_t)keys[i];
    m->rank[m->order[i]] = i;
  }
  for (uint32_t e = 0; e < m->flow.edge_count; e++) {
    uint32_t after = m->flow.edges[e].after;
    m->next[e] = m->into[after];
    m->into[after] = e;
  }
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

/* A landing that has to come behind the read of a transfer that lands later itself. */
static void guard(import *m, const rs__ms_transfer *reader, const rs__ms_transfer *writer) {
  bool same_run = reader->source.buffer == writer->target.buffer &&
                  reader->source.chunk == writer->target.chunk && reader->count == writer->count;
  if (same_run) rs__plan_guard(&m->plan, reader->first_task, writer->last_task);
}

static void add_edges(import *m, uint32_t index) {
  const rs__ms_transfer *after = &m->flow.transfers[index];
  for (uint32_t e = m->into[index]; e != RS_NONE; e = m->next[e]) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    const rs__ms_transfer *before = &m->flow.transfers[edge->before];
    if (edge->kind != RS__READS && edge->turn != after->turn) continue;
    bool is_late = m->rank[edge->before] > m->rank[index];
    if (edge->kind == RS__READS) {
      assert(!is_late);
      rs__plan_edge(&m->plan, before->last_task, after->first_task, RS__READS);
    } else if (edge->kind == RS__LANDS) {
      assert(!is_late);
      rs__plan_edge(&m->plan, before->last_task, after->last_task, RS__LANDS);
    } else if (!is_late) {
      rs__plan_edge(&m->plan, before->first_task, after->last_task, RS__CLEARS);
    }
  }
}

/* Guards need the tasks of both. */
static void add_guards(import *m) {
  for (uint32_t e = 0; e < m->flow.edge_count; e++) {
    const rs__ms_edge *edge = &m->flow.edges[e];
    const rs__ms_transfer *after = &m->flow.transfers[edge->after];
    if (edge->kind != RS__CLEARS || edge->turn != after->turn) continue;
    if (m->rank[edge->before] <= m->rank[edge->after]) continue;
    guard(m, &m->flow.transfers[edge->before], after);
  }
}

static rs_status build_plan(import *m) {
  rs__plan *plan = &m->plan;
  rs_status status = rs__plan_init(plan, m->flow.transfer_count);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    rs__plan_tmp(plan, plan->members[i], m->program->scratch_chunks * m->chunk_vectors);
  }
  for (uint32_t i = 0; i < m->flow.transfer_count && plan->status == RS_OK; i++) {
    add_tasks(m, &m->flow.transfers[m->order[i]]);
    if (plan->status == RS_OK) add_edges(m, m->order[i]);
  }
  if (plan->status == RS_OK) add_guards(m);
  return plan->status;
}

/* ---- the operation ---- */

static rs_status append(import *m, rs_schedule *schedule, const rs_collective_request *request,
                        rs_diag *diag) {
  const rs__plan *plan = &m->plan;
  for (uint32_t chip = 0; chip < plan->wiring->chip_count; chip++) {
    m->op.tmp_vectors = RS_MAX(m->op.tmp_vectors, plan->tmp_used[chip]);
  }
  uint32_t op = rs_schedule_add_op(schedule, &m->op, request->chips, request->chip_count);
  if (op == RS_NONE) return rs_arena_failed(schedule->arena, diag);
  for (uint32_t id = 0; id < plan->task_count; id++) {
    const rs__task *task = &plan->tasks[id];
    rs_burst burst = {.start_cycles = task->start_cycles,
                      .count = task->count,
                      .source_offset = task->source_offset,
                      .target_offset = task->target_offset,
                      .link = task->link,
                      .op = op,
                      .stride = 1,
                      .source = task->source,
                      .target = task->target,
                      .action = task->action};
    if (rs_schedule_add_burst(schedule, &burst) == NULL) {
      return rs_arena_failed(schedule->arena, diag);
    }
  }
  return RS_OK;
}

static rs_status compile(import *m, rs_arena *work, rs_arena *tree, rs_schedule *schedule,
                         const rs_wiring *wiring, rs_calendar *calendar,
                         const rs_collective_request *request, rs_diag *diag) {
  rs_status status = check_request(m, request, diag);
  uint32_t *position = RS_ARENA_NEW(work, uint32_t, wiring->chip_count);
  if (position == NULL) return rs_arena_failed(work, diag);
  if (status == RS_OK) {
    status = rs__request_check(request, wiring, &schedule->timing, position, diag);
  }
  if (status == RS_OK) status = rs__ms_flow_make(work, m->program, &m->flow, diag);
  if (status == RS_OK) status = sort_transfers(m, work, diag);
  if (status != RS_OK) return status;
  find_sizes(m, request, &schedule->timing);
  m->padded = rs__request_timing(request, &schedule->timing);
  m->plan = (rs__plan){.arena = work,
                       .tree_arena = tree,
                       .wiring = wiring,
                       .timing = &m->padded,
                       .request = request,
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
                       (long long)schedule->timing.adds_per_cycle);
  }
  status = build_plan(m);
  if (status == RS_OK) status = rs__plan_run(&m->plan, calendar);
  return status == RS_OK ? append(m, schedule, request, diag) : status;
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

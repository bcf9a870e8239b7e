/*
 * The timeline of a decode step: compute intervals and operations, one after the other, with the
 * time between them booked under a part, so that the parts add up to the latency.
 */
#include <assert.h>
#include <string.h>

#include "rs__decode.h"

static bool failed(rs__timeline *t, rs_status status) {
  if (t->status == RS_OK) t->status = status;
  return t->status != RS_OK;
}

/* One record on every chip of the group; writes_op is filled in when a collective follows. */
static void add_records(rs__timeline *t, const char *label, rs_unit unit, int64_t start,
                        int64_t cycles, int64_t first_cycles) {
  rs_compute compute = {.start_cycles = start,
                        .cycles = cycles,
                        .first_cycles = first_cycles,
                        .reads_op = t->reads_op,
                        .writes_op = RS_NONE,
                        .unit = (uint8_t)unit};
  compute.label = rs_schedule_label(t->schedule, label);
  t->last_compute = t->schedule->compute_count;
  for (int64_t i = 0; i < t->request->tensor; i++) {
    compute.chip = t->group[i];
    if (compute.label == RS_NONE || rs_schedule_add_compute(t->schedule, &compute) == NULL) {
      failed(t, rs_arena_failed(t->arena, t->diag));
      return;
    }
  }
}

void rs__timeline_compute(rs__timeline *t, const char *label, rs_part part, const rs_cost *cost) {
  if (t->status != RS_OK) return;
  add_records(t, label, cost->unit, t->now, cost->cycles, cost->first_cycles);
  t->reads_op = RS_NONE;
  t->last_cost = *cost;
  t->last_start = t->now;
  t->now += cost->cycles;
  if (cost->unit == RS_UNIT_MATRIX) t->matrix_free = t->now;
  t->decode->part_cycles[part] += cost->cycles;
  t->decode->energy_j_dynamic += cost->energy_pj * 1e-12 * (double)t->request->tensor;
}

void rs__timeline_project(rs__timeline *t, const char *label, int64_t inputs, int64_t outputs) {
  const rs_sharding_request *r = t->request;
  int64_t load = t->chip->tile_load_cycles;
  rs_cost cost;
  if (t->status != RS_OK) return;
  bool idle = t->now - t->matrix_free >= load;
  if (failed(t, rs_cost_gemm(t->chip, inputs, outputs, r->batch, r->weights, r->activations, idle,
                             &cost, t->diag))) {
    return;
  }
  if (idle) {
    /* weights depend on nothing, so this interval waits for no operation */
    uint32_t reads_op = t->reads_op;
    t->reads_op = RS_NONE;
    add_records(t, "preload", RS_UNIT_MATRIX, t->now - load, load, load);
    t->reads_op = reads_op;
  }
  rs__timeline_compute(t, label, RS_PART_WEIGHTS, &cost);
}

void rs__timeline_vector(rs__timeline *t, const char *label, int64_t elements, int64_t ops) {
  rs_cost cost;
  if (t->status != RS_OK) return;
  if (failed(t, rs_cost_vector(t->chip, elements, t->request->batch, ops, 1,
                               t->request->activations, &cost, t->diag))) {
    return;
  }
  rs__timeline_compute(t, label, RS_PART_VECTOR, &cost);
}

/* ---- operations ---- */

static rs__choice *find_choice(rs__timeline *t, const rs_collective_request *request) {
  for (uint32_t i = 0; i < t->choice_count; i++) {
    rs__choice *c = &t->choices[i];
    if (c->kind == request->kind && c->block_bytes == request->block_bytes &&
        c->chip_count == request->chip_count) {
      return c;
    }
  }
  return NULL;
}

/* The first of a kind and size tries all rows; the others take its row. */
static void compile(rs__timeline *t, rs_collective_request *request, int64_t *ends) {
  rs_compile_report report;
  rs__choice *choice = find_choice(t, request);
  if (choice != NULL) request->algorithm = choice->algorithm;
  if (failed(t, rs_collective_compile(t->schedule, t->wiring, t->calendar, request, ends, &report,
                                      t->diag))) {
    return;
  }
  if (choice == NULL && t->choice_count < RS__CHOICES_MAX) {
    t->choices[t->choice_count++] =
        (rs__choice){request->kind, request->block_bytes, request->chip_count, report.algorithm};
  }
  if (request->kind == RS_ALL_REDUCE && t->decode->all_reduce_algorithm == NULL) {
    t->decode->all_reduce_algorithm = report.algorithm;
  }
  for (int64_t i = 0; i < t->request->tensor; i++) {
    t->schedule->computes[t->last_compute + (uint64_t)i].writes_op = report.op;
  }
  t->reads_op = report.op;
}

static rs_ready *make_ready(rs__timeline *t, size_t count) {
  rs_ready *ready = RS_ARENA_NEW(t->arena, rs_ready, count);
  for (size_t i = 0; ready != NULL && i < count; i++) {
    ready[i] = (rs_ready){t->last_start, t->last_cost.cycles, t->last_cost.first_cycles};
  }
  return ready;
}

static void book_wait(rs__timeline *t, rs_part part, const int64_t *ends, size_t count) {
  int64_t end = t->now;
  for (size_t i = 0; i < count; i++) end = RS_MAX(end, ends[i]);
  t->decode->part_cycles[part] += end - t->now;
  t->now = end;
}

void rs__timeline_collective(rs__timeline *t, rs_collective_kind kind, int64_t block_bytes,
                             rs_part part, const char *label) {
  size_t count = (size_t)t->request->tensor;
  if (t->status != RS_OK || count == 1) return;
  int64_t *ends = RS_ARENA_NEW(t->arena, int64_t, count);
  rs_ready *ready = make_ready(t, count);
  if (ends == NULL || ready == NULL) {
    failed(t, rs_arena_failed(t->arena, t->diag));
    return;
  }
  rs_collective_request request = {.kind = kind,
                                   .chips = t->group,
                                   .chip_count = (uint32_t)count,
                                   .root = RS_NONE,
                                   .block_bytes = block_bytes,
                                   .ready_cycles = t->now,
                                   .ready = ready,
                                   .label = label};
  compile(t, &request, ends);
  if (t->status == RS_OK) book_wait(t, part, ends, count);
}

void rs__timeline_send(rs__timeline *t, const uint32_t *to, int64_t block_bytes,
                       const char *label) {
  size_t count = (size_t)t->request->tensor;
  if (t->status != RS_OK) return;
  uint32_t *pairs = RS_ARENA_NEW(t->arena, uint32_t, 2 * count);
  int64_t *ends = RS_ARENA_NEW(t->arena, int64_t, 2 * count);
  rs_ready *ready = make_ready(t, 2 * count);
  if (pairs == NULL || ends == NULL || ready == NULL) {
    failed(t, rs_arena_failed(t->arena, t->diag));
    return;
  }
  for (size_t i = 0; i < count; i++) {
    pairs[2 * i] = t->group[i];
    pairs[2 * i + 1] = to[i];
  }
  rs_collective_request request = {.kind = RS_SEND,
                                   .chips = pairs,
                                   .chip_count = (uint32_t)(2 * count),
                                   .root = RS_NONE,
                                   .block_bytes = block_bytes,
                                   .ready_cycles = t->now,
                                   .ready = ready,
                                   .label = label};
  compile(t, &request, ends);
  if (t->status != RS_OK) return;
  book_wait(t, RS_PART_PIPELINE, ends, 2 * count);
  memcpy(t->group, to, count * sizeof *to);
  t->matrix_free = 0; /* another group, which has been idle */
}

void rs__timeline_carry(rs__timeline *t, const char *label) {
  const rs_cost nothing = {.unit = RS_UNIT_VECTOR};
  rs__timeline_compute(t, label, RS_PART_VECTOR, &nothing);
}

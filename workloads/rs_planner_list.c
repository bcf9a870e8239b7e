/*
 * Listing candidates. The bounds of a step depend on tensor, expert and batch; how layers fall to
 * stages adds the rest: layers, sums between them, crossings, the busiest stage.
 */
#include <string.h>

#include "rs__decode.h"
#include "rs__planner.h"

typedef struct lister {
  rs_arena *arena;
  rs_arena *scratch; /* of a sharding */
  const rs_planner_request *request;
  int64_t chips;
  bool only_least;
  int64_t least_hops; /* of groups as large as those at hand */
  rs__candidates *out;
  rs__bound bound;
  rs_diag *diag;
} lister;

/* ---- bounds of a candidate ---- */

typedef struct sums {
  int64_t latency, busiest;
  double joules; /* dynamic, a step */
} sums;

/* Actual stages wait for what they receive as part of their time; the bound leaves that to crossings. */
static sums add_up(const rs_model *m, const rs__bound *b, const rs_sharding *s) {
  sums all = {.latency = b->embed + b->head + (s->request.pipeline > 1 ? b->token : 0),
              .joules = b->embed_j + b->head_j};
  for (int64_t k = 0; k < s->request.pipeline; k++) {
    const rs_stage *stage = &s->stages[k];
    /* an embedding alone is collected behind the crossing, so that its bound is not this stage's */
    bool embeds = stage->embeds && stage->layer_count > 0;
    int64_t own = (embeds ? b->embed : 0) + (stage->heads ? b->head : 0);
    for (int64_t i = 0; i < stage->layer_count; i++) {
      int kind = rs_model_layer_has_experts(m, stage->first_layer + i) ? 1 : 0;
      bool crosses = i + 1 == stage->layer_count && !stage->heads;
      int64_t end = crosses ? b->split[kind] : b->sum[kind];
      own += b->body[kind] + end;
      all.latency += b->body[kind] + end + (crosses ? b->cross[kind] : 0);
      all.joules += b->layer_j[kind];
    }
    all.busiest = RS_MAX(all.busiest, own);
  }
  return all;
}

/* Splitting the last sum of a stage saves the group's energy a part of a residual: a layer's energy is
 * taken with the whole one, so what the bound has too much is taken off again. */
static rs__score bound_of(const lister *l, const rs_sharding *s) {
  const rs_chip *chip = l->request->chip;
  const rs_sharding_request *r = &s->request;
  sums all = add_up(l->request->model, &l->bound, s);
  rs__score score = {.sequences = r->batch * r->micro_batches};
  score.period_cycles = RS_MAX(all.latency, r->micro_batches * all.busiest);
  double period_s = (double)score.period_cycles / (double)chip->timing.clock_hz;
  double fixed = chip->static_w * (double)s->chips_used * period_s / (double)score.sequences;
  double dynamic = all.joules / (double)r->batch * 0.99;
  score.energy_pj = (int64_t)((fixed + dynamic) * 1e12);
  return score;
}

/* ---- the list ---- */

static rs_status append(lister *l, const rs__candidate *candidate) {
  rs__candidates *c = l->out;
  if (c->count == c->capacity) {
    size_t capacity = RS_MAX(2 * c->capacity, 1024);
    rs__candidate *list = RS_ARENA_NEW(l->arena, rs__candidate, capacity);
    if (list == NULL) return rs_arena_failed(l->arena, l->diag);
    if (c->count > 0) memcpy(list, c->list, c->count * sizeof *list);
    c->list = list;
    c->capacity = capacity;
  }
  c->list[c->count++] = *candidate;
  return RS_OK;
}

/* *fits: it is a candidate. What does not divide or overflows is none, which is no failure. */
static rs_status try_request(lister *l, const rs_sharding_request *r, bool *fits) {
  rs_sharding *s;
  rs_diag unused;
  *fits = false;
  rs_arena_reset(l->scratch);
  rs_status status =
      rs_sharding_build(l->scratch, l->request->model, l->request->chip, l->chips, r, &s, &unused);
  if (status == RS_E_NO_MEMORY) return rs_arena_failed(l->scratch, l->diag);
  if (status != RS_OK || !s->fits) return RS_OK;
  *fits = true;
  if (r->batch == 1 && r->micro_batches == 1 &&
      (l->out->chips_least == 0 || s->chips_used < l->out->chips_least)) {
    l->out->chips_least = s->chips_used;
    l->out->least = *r;
  }
  if (l->only_least) return RS_OK;
  const rs__candidate candidate = {.request = *r, .bound = bound_of(l, s)};
  return append(l, &candidate);
}

/* 1, 2, 4, … and as many as stages, until they do not fit. */
static rs_status try_micro_batches(lister *l, rs_sharding_request r, bool *fits) {
  int64_t stages = r.pipeline;
  *fits = false;
  for (int64_t m = 1; m <= stages;) {
    bool this_fits;
    r.micro_batches = m;
    rs_status status = try_request(l, &r, &this_fits);
    if (status != RS_OK || !this_fits) return status;
    *fits = true;
    if (m == stages || l->only_least) break;
    m = RS_MIN(2 * m, stages);
  }
  return RS_OK;
}

static rs_status try_stages(lister *l, rs_sharding_request r, bool *any) {
  int64_t most = RS_MIN(rs_sharding_stages_max(l->request->model), l->chips / r.tensor);
  *any = false;
  for (int64_t stages = 1; stages <= most; stages++) {
    bool fits;
    r.pipeline = stages;
    rs_status status = try_micro_batches(l, r, &fits);
    if (status != RS_OK) return status;
    *any = *any || fits;
    if (fits && l->only_least) break;
  }
  return RS_OK;
}

/* The least capacity with which little enough is dropped; false: none is. */
static bool choose_capacity(const rs_planner_request *q, rs_sharding_request *r) {
  static const int64_t percents[] = {100,  125,  150,  200,  300,  400,   600,   800,
                                     1200, 1600, 2400, 3200, 6400, 12800, 25600, 51200};
  if (q->model->moe.experts == 0) return true;
  for (size_t i = 0; i < RS_COUNT_OF(percents); i++) {
    rs__share share;
    double probability, dropped;
    r->capacity_ppm = percents[i] * 10000;
    if (rs__share_of(q->model, r, &share, NULL) != RS_OK) return false;
    rs__share_overflow(q->model, &share, &probability, &dropped);
    if (dropped <= q->dropped_max) return true;
  }
  return false;
}

static rs_status try_batches(lister *l, rs_sharding_request r) {
  const rs_planner_request *q = l->request;
  int64_t most = l->only_least ? 1 : q->batch_max;
  for (r.batch = 1; r.batch <= most; r.batch *= 2) {
    bool any;
    r.pipeline = r.micro_batches = 1;
    if (!choose_capacity(q, &r)) return RS_OK;
    if (!l->only_least) {
      rs_arena_reset(l->scratch);
      rs_status bounded = rs__decode_bound(l->scratch, q->model, q->chip, q->wiring, &r,
                                           l->least_hops, &l->bound, l->diag);
      if (bounded == RS_E_OVERFLOW) return RS_OK;
      if (bounded != RS_OK) return bounded;
    }
    rs_status status = try_stages(l, r, &any);
    if (status != RS_OK || !any) return status;
  }
  return RS_OK;
}

static rs_status try_tensor(lister *l, int64_t tensor) {
  const rs_model *m = l->request->model;
  rs_sharding_request r = l->request->base;
  r.tensor = tensor;
  r.replicas = 1;
  if (tensor > m->heads && tensor % 8 != 0) return RS_OK;
  if (rs_sharding_check_split(m, tensor, NULL) != RS_OK) return RS_OK;
  if (!l->only_least) {
    int64_t groups = RS_MIN(l->chips / tensor, rs_sharding_stages_max(m));
    rs_arena_reset(l->scratch);
    l->least_hops = rs__decode_least_hops(l->scratch, l->request->wiring, tensor, groups);
  }
  for (r.expert = 1; r.expert <= tensor; r.expert++) {
    if (rs_sharding_check_experts(m, &r, NULL) != RS_OK) continue;
    rs_status status = try_batches(l, r);
    if (status != RS_OK) return status;
    if (m->moe.experts == 0) break;
  }
  return RS_OK;
}

rs_status rs__planner_list(rs_arena *arena, const rs_planner_request *request, int64_t chips,
                           bool only_least, rs__candidates *out, rs_diag *diag) {
  lister l = {.arena = arena,
              .scratch = rs_arena_create(0),
              .request = request,
              .chips = chips,
              .only_least = only_least,
              .out = out,
              .diag = diag};
  rs_status status = l.scratch == NULL ? rs_arena_failed(arena, diag) : RS_OK;
  int64_t most = RS_MIN(chips, rs_planner_tensor_max(request));
  for (int64_t tensor = 1; tensor <= most && status == RS_OK; tensor++) {
    status = try_tensor(&l, tensor);
  }
  if (l.scratch != NULL) rs_arena_destroy(l.scratch);
  return status;
}

/* Listing candidates: everything that divides and fits, with its bounds. */
#include <string.h>

#include "rs__decode.h"
#include "rs__planner.h"
#include "rs_placement.h"

typedef struct lister {
  rs_arena *arena;
  rs_arena *scratch; /* of a sharding */
  const rs_planner_request *request;
  int64_t chips;
  bool only_least;
  int64_t stages_least, stages_most; /* that the placement at hand has, and others have not */
  int64_t *inside;                   /* hops inside each of its groups */
  rs__candidates *out;
  rs__bounds bounds;
  rs_diag *diag;
} lister;

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
  const rs__candidate candidate = {
      .request = *r, .bound = rs__planner_score(l->request, &l->bounds, l->inside, s)};
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
  int64_t most = RS_MIN(rs_sharding_stages_max(l->request->model), l->stages_most);
  *any = false;
  for (int64_t stages = l->stages_least; stages <= most; stages++) {
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
      rs_status bounded =
          rs__planner_bound(l->scratch, q, &r, l->inside, l->stages_most, &l->bounds, l->diag);
      if (bounded == RS_E_OVERFLOW) return RS_OK;
      if (bounded != RS_OK) return bounded;
    }
    rs_status status = try_stages(l, r, &any);
    if (status != RS_OK || !any) return status;
  }
  return RS_OK;
}

static rs_status try_experts(lister *l, rs_sharding_request r) {
  const rs_model *m = l->request->model;
  for (r.expert = 1; r.expert <= r.tensor; r.expert++) {
    if (rs_sharding_check_experts(m, &r, NULL) != RS_OK) continue;
    rs_status status = try_batches(l, r);
    if (status != RS_OK) return status;
    if (m->moe.experts == 0) break;
  }
  return RS_OK;
}

/* Stages from the front that lie where those of a row do: with no more of them nothing is new. */
static int64_t count_alike(const uint32_t *row, int64_t in_row, const uint32_t *chips,
                           int64_t placed, int64_t tensor) {
  int64_t stages = 0;
  size_t bytes = (size_t)tensor * sizeof *row;
  while (stages < RS_MIN(in_row, placed) &&
         memcmp(&row[stages * tensor], &chips[stages * tensor], bytes) == 0) {
    stages++;
  }
  return stages;
}

static rs_status try_placements(lister *l, rs_sharding_request r) {
  const rs_wiring *w = l->request->wiring;
  rs_arena *places = rs_arena_create(0);
  uint32_t *row, *chips;
  int64_t in_row, placed;
  int64_t most = RS_MIN(l->chips / r.tensor, rs_sharding_stages_max(l->request->model));
  if (places == NULL) return rs_arena_failed(l->arena, l->diag);
  rs_status status =
      rs_placement_fill(places, w, RS_PLACEMENT_ROW, r.tensor, most, &row, &in_row, l->diag);
  for (int k = 0; k < RS_PLACEMENT_COUNT && status == RS_OK; k++) {
    r.placement = (rs_placement)k;
    status = rs_placement_fill(places, w, r.placement, r.tensor, most, &chips, &placed, l->diag);
    if (status != RS_OK) break;
    l->stages_most = placed;
    l->stages_least = k == 0 ? 1 : 1 + count_alike(row, in_row, chips, placed, r.tensor);
    if (l->stages_least > placed) continue;
    status = rs__planner_reach(places, w, chips, r.tensor, placed, &l->inside, l->diag);
    if (status == RS_OK) status = try_experts(l, r);
  }
  rs_arena_destroy(places);
  return status;
}

static rs_status try_tensor(lister *l, int64_t tensor) {
  const rs_model *m = l->request->model;
  rs_sharding_request r = l->request->base;
  r.tensor = tensor;
  r.replicas = 1;
  if (tensor > m->heads && tensor % 8 != 0) return RS_OK;
  if (rs_sharding_check_split(m, tensor, NULL) != RS_OK) return RS_OK;
  if (!l->only_least) return try_placements(l, r);
  l->stages_least = 1;
  l->stages_most = l->chips / tensor;
  r.placement = RS_PLACEMENT_ROW;
  return try_experts(l, r);
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
  rs__decode_find_least(request->wiring, &request->chip->timing, &l.bounds.least);
  rs_status status = l.scratch == NULL ? rs_arena_failed(arena, diag) : RS_OK;
  int64_t most = RS_MIN(chips, rs_planner_tensor_max(request));
  for (int64_t tensor = 1; tensor <= most && status == RS_OK; tensor++) {
    status = try_tensor(&l, tensor);
  }
  if (l.scratch != NULL) rs_arena_destroy(l.scratch);
  return status;
}

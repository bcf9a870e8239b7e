/*
 * Best-first search with bounds: candidates in the order of their bounds; the first whose bound is no
 * better than the best that was compiled ends the search. The three objectives are searched one after
 * the other, the one that was asked for first, and then the best bound of every batch, so that the
 * front has more than its end.
 */
#include "rs_planner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rs__planner.h"
#include "rs_text.h"

static const char *const objective_words[RS_OBJECTIVE_COUNT] = {"latency", "throughput", "energy"};
static const char *const limit_words[RS_LIMIT_COUNT] = {"memory", "chips", "layers", "none"};

const char *rs_objective_word(rs_objective objective) {
  return objective_words[objective];
}

bool rs_objective_parse(const char *word, rs_objective *objective) {
  for (size_t i = 0; i < RS_OBJECTIVE_COUNT; i++) {
    if (strcmp(objective_words[i], word) != 0) continue;
    *objective = (rs_objective)i;
    return true;
  }
  return false;
}

const char *rs_limit_word(rs_limit limit) {
  return limit_words[limit];
}

/* ---- scores ---- */

static int compare_i64(int64_t a, int64_t b) {
  return (a > b) - (a < b);
}

static int compare_int128(rs_int128 a, rs_int128 b) {
  return (a > b) - (a < b);
}

int rs__score_compare(rs_objective objective, const rs__score *a, const rs__score *b) {
  switch (objective) {
    case RS_OBJECTIVE_LATENCY:
      return compare_i64(a->period_cycles, b->period_cycles);
    case RS_OBJECTIVE_THROUGHPUT: /* sequences / period, the larger first */
      return compare_int128((rs_int128)b->sequences * a->period_cycles,
                            (rs_int128)a->sequences * b->period_cycles);
    case RS_OBJECTIVE_ENERGY:
    case RS_OBJECTIVE_COUNT:
      break;
  }
  return compare_i64(a->energy_pj, b->energy_pj);
}

double rs__score_gap(rs_objective objective, const rs__score *a, const rs__score *b) {
  double periods = (double)b->period_cycles / (double)a->period_cycles;
  double sequences = (double)a->sequences / (double)b->sequences;
  if (objective == RS_OBJECTIVE_LATENCY) return periods - 1;
  if (objective == RS_OBJECTIVE_THROUGHPUT) return periods * sequences - 1;
  return (double)b->energy_pj / (double)a->energy_pj - 1;
}

/* Where scores are alike, the fewer chips, and then every count. */
static int compare_requests(const rs_sharding_request *a, const rs_sharding_request *b) {
  const int64_t x[] = {a->tensor * a->pipeline, a->tensor,   a->pipeline, a->expert, a->batch,
                       a->micro_batches,        a->placement};
  const int64_t y[] = {b->tensor * b->pipeline, b->tensor,   b->pipeline, b->expert, b->batch,
                       b->micro_batches,        b->placement};
  int order = 0;
  for (size_t i = 0; i < RS_COUNT_OF(x) && order == 0; i++) order = compare_i64(x[i], y[i]);
  return order;
}

static int compare_candidates(rs_objective objective, const void *a, const void *b) {
  const rs__candidate *x = a;
  const rs__candidate *y = b;
  int order = rs__score_compare(objective, &x->bound, &y->bound);
  return order != 0 ? order : compare_requests(&x->request, &y->request);
}

static int by_latency(const void *a, const void *b) {
  return compare_candidates(RS_OBJECTIVE_LATENCY, a, b);
}

static int by_throughput(const void *a, const void *b) {
  return compare_candidates(RS_OBJECTIVE_THROUGHPUT, a, b);
}

static int by_energy(const void *a, const void *b) {
  return compare_candidates(RS_OBJECTIVE_ENERGY, a, b);
}

static void sort_by(rs_objective objective, rs__candidates *c) {
  static int (*const orders[RS_OBJECTIVE_COUNT])(const void *, const void *) = {
      by_latency, by_throughput, by_energy};
  if (c->count > 0) qsort(c->list, c->count, sizeof *c->list, orders[objective]);
}

/* ---- compiling ---- */

typedef struct compiled {
  rs_planner_row row;
  rs__score score;
} compiled;

typedef struct search {
  rs_arena *arena;
  const rs_planner_request *request;
  rs__candidates candidates;
  compiled *done; /* at most one a candidate */
  size_t done_count, done_capacity;
  rs__ahead *ahead;
  int64_t work_left;
  rs_diag *diag;
} search;

static int64_t work_of(const rs_sharding_request *r) {
  int64_t group;
  return rs_mul_i64(r->tensor * r->tensor, r->pipeline, &group) ? group : INT64_MAX;
}

static bool fits(const search *s, rs_arena *scratch, const rs_sharding_request *r) {
  rs_sharding *sharding;
  rs_diag unused;
  rs_status status = rs_sharding_build(scratch, s->request->model, s->request->chip,
                                       s->request->chips, r, &sharding, &unused);
  return status == RS_OK && sharding->fits;
}

static rs_limit find_limit(const search *s, rs_arena *scratch, rs_sharding_request r) {
  const rs_planner_request *q = s->request;
  if (q->objective == RS_OBJECTIVE_THROUGHPUT) {
    r.batch *= 2;
    if (r.batch <= q->batch_max && !fits(s, scratch, &r)) return RS_LIMIT_MEMORY;
    r.batch /= 2;
  } else if (r.pipeline > 1) {
    r.pipeline--;
    r.micro_batches = RS_MIN(r.micro_batches, r.pipeline);
    if (!fits(s, scratch, &r)) return RS_LIMIT_MEMORY;
    r.pipeline++;
  }
  if (r.tensor * (r.pipeline + 1) > q->chips) return RS_LIMIT_CHIPS;
  return r.pipeline == rs_sharding_stages_max(q->model) ? RS_LIMIT_LAYERS : RS_LIMIT_NONE;
}

static void fill_row(const search *s, rs_arena *scratch, const rs_sharding *sharding,
                     const rs_decode *decode, compiled *done) {
  rs_planner_row *row = &done->row;
  *row = (rs_planner_row){.request = sharding->request,
                          .decode = *decode,
                          .chips = sharding->chips_used,
                          .sram_bytes_max = sharding->sram_bytes_max,
                          .overflow_probability = sharding->overflow_probability,
                          .dropped_share = sharding->dropped_share};
  row->decode.schedule = NULL;
  row->limit = find_limit(s, scratch, sharding->request);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    if (decode->part_cycles[i] > decode->part_cycles[row->largest_part]) {
      row->largest_part = (rs_part)i;
    }
  }
  const rs_sharding_request *r = &sharding->request;
  done->score = (rs__score){
      .period_cycles = RS_MAX(decode->latency_cycles, r->micro_batches * decode->bottleneck_cycles),
      .sequences = r->batch * r->micro_batches,
      .energy_pj = (int64_t)(decode->energy_j_per_token * 1e12)};
}

static rs_status grow_done(search *s) {
  if (s->done_count < s->done_capacity) return RS_OK;
  size_t capacity = RS_MAX(2 * s->done_capacity, 64);
  compiled *done = RS_ARENA_NEW(s->arena, compiled, capacity);
  if (done == NULL) return rs_arena_failed(s->arena, s->diag);
  if (s->done_count > 0) memcpy(done, s->done, s->done_count * sizeof *done);
  s->done = done;
  s->done_capacity = capacity;
  return RS_OK;
}

static const compiled *best_of(const search *s, rs_objective objective) {
  const compiled *best = NULL;
  for (size_t i = 0; i < s->done_count; i++) {
    const compiled *d = &s->done[i];
    int order = best == NULL ? -1 : rs__score_compare(objective, &d->score, &best->score);
    if (order == 0) order = compare_requests(&d->row.request, &best->row.request);
    if (order < 0) best = d;
  }
  return best;
}

/* Steps that are to be compiled at once. */
typedef struct ahead_round {
  const rs_sharding_request *requests[RS__AHEAD_STEPS];
  int64_t count, work_left;
} ahead_round;

/* Steps with the same groups and the same batch have most of their collectives in common: compiled one
 * after the other the second finds what it needs, at once each makes all of it. */
static bool is_like_one(const ahead_round *round, const rs_sharding_request *r) {
  for (int64_t i = 0; i < round->count; i++) {
    const rs_sharding_request *other = round->requests[i];
    if (other->tensor == r->tensor && other->batch == r->batch &&
        other->placement == r->placement) {
      return true;
    }
  }
  return false;
}

/* The candidate that the search for an objective would compile next, if its step is not there. */
static rs__candidate *find_next(const search *s, rs_objective objective, const ahead_round *round,
                                bool unlike) {
  const compiled *best = best_of(s, objective);
  rs__candidate *next = NULL;
  for (size_t i = 0; i < s->candidates.count; i++) {
    rs__candidate *c = &s->candidates.list[i];
    if (c->is_compiled || c->is_ahead || work_of(&c->request) > round->work_left) continue;
    if (unlike && is_like_one(round, &c->request)) continue;
    if (best != NULL && rs__score_compare(objective, &c->bound, &best->score) >= 0) continue;
    if (next == NULL || compare_candidates(objective, c, next) < 0) next = c;
  }
  return next;
}

/* Fills the round with what the searches will ask for next. */
static rs_status fill_round(search *s, rs_objective objective, bool unlike, ahead_round *round) {
  for (int k = 0; k < RS_OBJECTIVE_COUNT; k++) {
    rs_objective o = (rs_objective)(((int)objective + k) % RS_OBJECTIVE_COUNT);
    while (round->count < RS__AHEAD_STEPS) {
      rs__candidate *c = find_next(s, o, round, unlike);
      rs__ahead_step *step;
      if (c == NULL) break;
      c->is_ahead = true;
      rs_status status = rs__ahead_add(s->ahead, &c->request, &step);
      if (status != RS_OK) return status;
      if (step->is_compiled) continue;
      round->requests[round->count++] = &c->request;
      round->work_left -= work_of(&c->request);
    }
  }
  return RS_OK;
}

/* What is compiled while the search waits for one step: what it will ask for next if it finds nothing
 * better, and then what the searches for the other objectives begin with. */
static rs_status look_ahead(search *s, rs_objective objective, const rs_sharding_request *waited) {
  ahead_round round = {{waited}, 1, s->work_left};
  rs_status status = fill_round(s, objective, true, &round);
  if (status == RS_OK) status = fill_round(s, objective, false, &round);
  if (status != RS_OK) return status;
  rs__ahead_compile(s->ahead);
  return RS_OK;
}

/* The step of a sharding, which another number of micro-batches may have used already. */
static rs_status make_step(search *s, rs_objective objective, size_t at, rs__ahead_step **step) {
  const rs_sharding_request *r = &s->candidates.list[at].request;
  rs_status status = rs__ahead_add(s->ahead, r, step);
  if (status == RS_OK && !(*step)->is_compiled) status = look_ahead(s, objective, r);
  if (status != RS_OK) return status;
  if ((*step)->status != RS_OK) *s->diag = (*step)->diag;
  if (!(*step)->is_used || (*step)->status != RS_OK) s->work_left -= work_of(r);
  (*step)->is_used = true;
  return (*step)->status;
}

static rs_status compile(search *s, rs_objective objective, size_t at) {
  const rs_planner_request *q = s->request;
  rs__candidate *candidate = &s->candidates.list[at];
  rs_sharding *sharding;
  rs__ahead_step *step;
  candidate->is_compiled = true;
  rs_status status = grow_done(s);
  rs_arena *scratch = status == RS_OK ? rs_arena_create(0) : NULL;
  if (scratch == NULL) return rs_arena_failed(s->arena, s->diag);
  status = make_step(s, objective, at, &step);
  if (status == RS_OK) {
    status = rs_sharding_build(scratch, q->model, q->chip, q->chips, &candidate->request, &sharding,
                               s->diag);
  }
  if (status == RS_OK) {
    rs_decode decode = step->decode;
    rs_decode_rate(&decode, q->chip, sharding);
    compiled *done = &s->done[s->done_count++];
    fill_row(s, scratch, sharding, &decode, done);
    assert(candidate->bound.period_cycles <= done->score.period_cycles);
    assert(candidate->bound.energy_pj <= done->score.energy_pj);
  }
  rs_arena_destroy(scratch);
  /* a group whose chips do not connect is no answer, and no failure of the search */
  return status == RS_E_INFEASIBLE || status == RS_E_LIMIT ? RS_OK : status;
}

/* *gap: how much better something uncompiled could be. */
static rs_status search_for(search *s, rs_objective objective, double *gap) {
  sort_by(objective, &s->candidates);
  *gap = 0;
  for (size_t i = 0; i < s->candidates.count; i++) {
    rs__candidate *c = &s->candidates.list[i];
    const compiled *best = best_of(s, objective);
    if (c->is_compiled) continue;
    if (best != NULL && rs__score_compare(objective, &c->bound, &best->score) >= 0) break;
    bool is_free = false;
    if (best != NULL && work_of(&c->request) > s->work_left) {
      rs_status status = rs__ahead_has_used(s->ahead, &c->request, &is_free);
      if (status != RS_OK) return status;
    }
    if (best != NULL && !is_free && work_of(&c->request) > s->work_left) {
      *gap = RS_MAX(*gap, rs__score_gap(objective, &c->bound, &best->score));
      continue; /* a smaller one may still be tried */
    }
    rs_status status = compile(s, objective, i);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* The first of a batch; candidates.count: none. */
static size_t find_batch(const search *s, int64_t batch) {
  size_t i = 0;
  while (i < s->candidates.count && s->candidates.list[i].request.batch != batch) i++;
  return i;
}

/* The best bound of every batch. */
static rs_status fill_front(search *s) {
  int64_t work_left = s->work_left;
  sort_by(RS_OBJECTIVE_THROUGHPUT, &s->candidates);
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t batch = 1; batch <= s->request->batch_max; batch *= 2) {
      size_t at = find_batch(s, batch);
      const rs__candidate *c = &s->candidates.list[at];
      rs__ahead_step *step;
      rs_status status = RS_OK;
      if (at == s->candidates.count || c->is_compiled) continue;
      if (work_of(&c->request) > (pass == 0 ? work_left : s->work_left)) continue;
      if (pass == 0) {
        status = rs__ahead_add(s->ahead, &c->request, &step);
        work_left -= work_of(&c->request);
      } else {
        status = compile(s, RS_OBJECTIVE_THROUGHPUT, at);
      }
      if (status != RS_OK) return status;
    }
    if (pass == 0) rs__ahead_compile(s->ahead);
  }
  return RS_OK;
}

/* ---- the front ---- */

/* Not worse in anything, and better in something; of equals the first is kept. */
static bool beats(const compiled *a, const compiled *b) {
  bool is_better = false;
  for (int o = 0; o < RS_OBJECTIVE_COUNT; o++) {
    int order = rs__score_compare((rs_objective)o, &a->score, &b->score);
    if (order > 0) return false;
    is_better = is_better || order < 0;
  }
  return is_better || compare_requests(&a->row.request, &b->row.request) < 0;
}

static void insert(rs_objective objective, compiled *list, size_t count, const compiled *one) {
  size_t at = count;
  for (; at > 0; at--) {
    int order = rs__score_compare(objective, &one->score, &list[at - 1].score);
    if (order == 0) order = compare_requests(&one->row.request, &list[at - 1].row.request);
    if (order > 0) break;
    list[at] = list[at - 1];
  }
  list[at] = *one;
}

static rs_status list_front(const search *s, rs_planner_result *result) {
  compiled *front = RS_ARENA_NEW(s->arena, compiled, s->done_count + 1);
  result->rows = RS_ARENA_NEW(s->arena, rs_planner_row, s->done_count + 1);
  if (front == NULL || result->rows == NULL) return rs_arena_failed(s->arena, s->diag);
  size_t count = 0;
  for (size_t i = 0; i < s->done_count; i++) {
    bool is_beaten = false;
    for (size_t k = 0; k < s->done_count && !is_beaten; k++) {
      is_beaten = k != i && beats(&s->done[k], &s->done[i]);
    }
    if (!is_beaten) insert(s->request->objective, front, count++, &s->done[i]);
  }
  for (size_t i = 0; i < count; i++) result->rows[i] = front[i].row;
  result->row_count = count;
  return RS_OK;
}

/* ---- all ---- */

int64_t rs_planner_tensor_max(const rs_planner_request *q) {
  if (q->tensor_max > 0) return q->tensor_max;
  return q->model->moe.experts > 0 ? 4 * q->model->heads : q->model->heads + 8;
}

static rs_status refuse(const search *s, const rs_planner_result *result) {
  const rs_planner_request *q = s->request;
  if (result->chips_least == 0) {
    return rs_diag_set(s->diag, RS_E_INFEASIBLE, "%s fits into no number of chips up to %d",
                       q->model->name, 1 << 20);
  }
  rs_diag_set(s->diag, RS_E_INFEASIBLE,
              "%s does not fit into %lld chips: it needs %lld (tensor %lld × pipeline %lld, expert "
              "%lld)",
              q->model->name, (long long)q->chips, (long long)result->chips_least,
              (long long)result->least.tensor, (long long)result->least.pipeline,
              (long long)result->least.expert);
  return RS_E_INFEASIBLE;
}

rs_status rs_planner_run(rs_arena *arena, const rs_planner_request *request,
                         rs_planner_result *result, rs_diag *diag) {
  search s = {.arena = arena, .request = request, .diag = diag};
  double unused;
  *result = (rs_planner_result){0};
  s.work_left = request->work_max == 0 ? RS_PLANNER_WORK_MAX : request->work_max;
  rs_status status = rs__planner_list(arena, request, request->chips, false, &s.candidates, diag);
  if (status != RS_OK) return status;
  if (s.candidates.count == 0) {
    status = rs__planner_list(arena, request, 1 << 20, true, &s.candidates, diag);
    if (status != RS_OK) return status;
  }
  result->candidates = (int64_t)s.candidates.count;
  result->chips_least = s.candidates.chips_least;
  result->least = s.candidates.least;
  if (s.candidates.count == 0) return refuse(&s, result);
  s.ahead = rs__ahead_create(arena, request, diag);
  if (s.ahead == NULL) return rs_arena_failed(arena, diag);
  status = search_for(&s, request->objective, &result->gap);
  for (int o = 0; o < RS_OBJECTIVE_COUNT && status == RS_OK; o++) {
    if ((rs_objective)o != request->objective) status = search_for(&s, (rs_objective)o, &unused);
  }
  if (status == RS_OK) status = fill_front(&s);
  rs__ahead_destroy(s.ahead);
  if (status == RS_OK) status = list_front(&s, result);
  result->compiled = (int64_t)s.done_count;
  return status;
}

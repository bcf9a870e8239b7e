/*
 * Steps and generations on GPUs: what fits, a step by what takes its time, a generation as a prefill
 * and the mean of its decode steps.
 *
 * A step's time is close to linear in the context: its mean over the generation is taken from five
 * contexts by the trapezoid rule, which is exact for what is linear.
 */
#include <stdio.h>

#include "rs__gpu_step.h"

enum { CONTEXTS = 5 }; /* at which a decode step is costed */

/* ---- memory ---- */

/* Weights and cache on one GPU with so many positions a sequence, and what does not fit. */
rs_status rs__gpu_measure(const rs_model *m, const rs_chip *chip, const rs_gpu_request *r,
                          int64_t positions, rs_gpu_memory *memory, rs_diag *diag) {
  rs_model_count count;
  int64_t kv, held;
  *memory = (rs_gpu_memory){0};
  rs_status status = rs_model_count_parameters(m, &count, diag);
  if (status == RS_OK) status = rs_model_kv_bytes(m, positions, rs_number_bytes(r->kv), &kv, diag);
  if (status != RS_OK) return status;
  /* the fullest board: its share of the layers, rounded up, and embedding and head as if both */
  int64_t layers = rs_ceil_div_i64(m->layers, rs_gpu_boards(r));
  int64_t ends = count.embedding + count.head;
  int64_t numbers = rs_mul_ceil_div_i64(count.total - ends, layers, m->layers);
  numbers += rs_gpu_boards(r) == 1 ? ends : RS_MAX(count.embedding, count.head);
  memory->weight_bytes = rs_ceil_div_i64(rs_number_bytes_of(r->weights, numbers), r->tensor);
  kv = rs_mul_ceil_div_i64(kv, layers, m->layers);
  /* kv heads that are fewer than GPUs are on several of them, latents on all */
  int64_t split = m->mla.kv_rank > 0 ? 1 : RS_MIN(r->tensor, m->kv_heads);
  int64_t sequences;
  if (!rs_mul_i64(r->batch, RS_MAX(r->micro_batches, 1), &sequences) ||
      !rs_mul_i64(rs_ceil_div_i64(kv, split), sequences, &memory->kv_bytes) ||
      !rs_add_i64(memory->kv_bytes, memory->weight_bytes, &held)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "weights and caches would be 2^63 bytes or more");
  }
  int64_t excess = held - chip->gpu.hbm_bytes;
  memory->fits = excess <= 0 || (r->pages_weights && memory->kv_bytes <= chip->gpu.hbm_bytes);
  memory->paged_bytes = memory->fits ? RS_MAX(excess, 0) : 0;
  if (!memory->fits) {
    snprintf(memory->reason, sizeof memory->reason,
             "needs %.1f GB of weights and %.1f GB of cache a GPU, has %.1f",
             (double)memory->weight_bytes / 1e9, (double)memory->kv_bytes / 1e9,
             (double)chip->gpu.hbm_bytes / 1e9);
  }
  return RS_OK;
}

/* ---- one step ---- */

static rs_gpu_group group_of(const rs_gpu_op *op) {
  switch (op->kind) {
    case RS_GPU_GEMM:
      return RS_GPU_GROUP_WEIGHTS;
    case RS_GPU_ATTENTION:
      return RS_GPU_GROUP_ATTENTION;
    case RS_GPU_COLLECTIVE:
      return op->collective == RS_GPU_SEND_BOARD ? RS_GPU_GROUP_PIPELINE : RS_GPU_GROUP_NETWORK;
    case RS_GPU_HOST:
      return RS_GPU_GROUP_HOST;
    default:
      return RS_GPU_GROUP_VECTOR;
  }
}

static rs_status run_step(const rs_model *model, const rs_chip *chip, const rs_gpu_request *r,
                          int64_t paged_bytes, int64_t queries, int64_t context, rs_gpu_cost *cost,
                          int64_t *group_fs, rs_diag *diag) {
  rs_gpu_op ops[RS_GPU_STEP_OPS];
  size_t count;
  const rs_gpu_options options = {.requests = queries > 1 && queries == context ? 1 : 0,
                                  .paged_bytes = paged_bytes};
  rs_status status = rs_gpu_step_list(model, chip, r, queries, context, ops, &count, diag);
  if (status == RS_OK) status = rs_gpu_run(chip, ops, count, &options, cost, diag);
  if (status != RS_OK || group_fs == NULL) return status;
  for (int i = 0; i < RS_GPU_GROUP_COUNT; i++) group_fs[i] = 0;
  for (size_t i = 0; i < count && status == RS_OK; i++) {
    rs_gpu_cost one;
    status = rs_gpu_cost_op(chip, &ops[i], &one, diag);
    group_fs[group_of(&ops[i])] += one.time_fs;
  }
  group_fs[RS_GPU_GROUP_HOST] += cost->part_fs[RS_GPU_PART_HOST];
  group_fs[RS_GPU_GROUP_HOST] += options.requests * chip->gpu.request_fs;
  return status;
}

/* One GPU's watts while it waits and works. */
void rs__gpu_fill_energy(const rs_chip *chip, const rs_gpu_request *r, double tokens,
                         double seconds, double compute_pj, double hbm_pj, double link_pj,
                         rs_gpu_energy *energy) {
  double per_token = (double)r->tensor / tokens;
  double all = per_token * (double)rs_gpu_boards(r); /* who works is one board, who waits are all */
  energy->compute_j = compute_pj * 1e-12 * per_token;
  energy->hbm_j = hbm_pj * 1e-12 * per_token;
  energy->link_j = link_pj * 1e-12 * per_token;
  energy->static_j = chip->static_w * seconds * all;
  energy->j_per_token = energy->compute_j + energy->hbm_j + energy->link_j + energy->static_j;
}

rs_status rs__gpu_run_fitting(const rs_model *model, const rs_chip *chip, const rs_gpu_request *r,
                              int64_t queries, int64_t context, rs_gpu_step *step, rs_diag *diag) {
  rs_status status = run_step(model, chip, r, step->memory.paged_bytes, queries, context,
                              &step->cost, step->group_fs, diag);
  if (status != RS_OK) return status;
  const rs_gpu_cost *c = &step->cost;
  double micro_batches = (double)RS_MAX(r->micro_batches, 1);
  step->latency_s = (double)c->time_fs * 1e-15;
  /* the busiest stage has its share of the layers rounded up; the ends are counted in with it */
  double share = (double)rs_ceil_div_i64(model->layers, rs_gpu_boards(r)) / (double)model->layers;
  step->busy_s = share * step->latency_s;
  step->step_s = RS_MAX(step->latency_s, micro_batches * step->busy_s);
  rs__gpu_fill_energy(chip, r, (double)r->batch * (double)queries, step->step_s / micro_batches,
                      c->compute_pj, c->hbm_pj, c->link_pj, &step->energy);
  return RS_OK;
}

/* `queries` new positions of each sequence, `context` in all, with room for `positions`. */
static rs_status cost_step(const rs_model *model, const rs_chip *chip, const rs_gpu_request *r,
                           int64_t queries, int64_t context, int64_t positions, rs_gpu_step *step,
                           rs_diag *diag) {
  *step = (rs_gpu_step){0};
  rs_status status = rs__gpu_check_request(model, chip, r, diag);
  if (status == RS_OK) status = rs__gpu_measure(model, chip, r, positions, &step->memory, diag);
  if (status != RS_OK || !step->memory.fits) return status;
  return rs__gpu_run_fitting(model, chip, r, queries, context, step, diag);
}

rs_status rs_gpu_decode(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                        rs_gpu_step *step, rs_diag *diag) {
  const rs_gpu_request *r = request;
  int64_t last = r->inputs + r->outputs - 1;
  return cost_step(model, chip, r, 1, r->inputs + (r->outputs - 1) / 2, last, step, diag);
}

rs_status rs_gpu_prefill(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                         rs_gpu_step *step, rs_diag *diag) {
  const rs_gpu_request *r = request;
  return cost_step(model, chip, r, r->inputs, r->inputs, r->inputs, step, diag);
}

/* ---- a generation ---- */

/* Sums over the whole generation, of one GPU. */
typedef struct total {
  double seconds, compute_pj, hbm_pj, link_pj;
} total;

static void add_cost(total *t, const rs_gpu_cost *cost, double times) {
  t->seconds += (double)cost->time_fs * 1e-15 * times;
  t->compute_pj += cost->compute_pj * times;
  t->hbm_pj += cost->hbm_pj * times;
  t->link_pj += cost->link_pj * times;
}

/* Steps 2 … outputs, whose contexts are inputs + 1 … inputs + outputs − 1. */
static rs_status add_steps(const rs_model *model, const rs_chip *chip, const rs_gpu_request *r,
                           rs_gpu_generation *g, total *t, rs_diag *diag) {
  int64_t steps = r->outputs - 1;
  for (int64_t i = 0; i < CONTEXTS && steps > 0; i++) {
    rs_gpu_cost cost;
    int64_t context = r->inputs + 1 + (steps - 1) * i / (CONTEXTS - 1);
    double weight = i == 0 || i == CONTEXTS - 1 ? 0.5 : 1;
    rs_status status =
        run_step(model, chip, r, g->memory.paged_bytes, 1, context, &cost, NULL, diag);
    if (status != RS_OK) return status;
    add_cost(t, &cost, weight * (double)steps / (CONTEXTS - 1));
    if (i == CONTEXTS / 2) g->step = cost;
  }
  return RS_OK;
}

static void fill_rates(const rs_chip *chip, const rs_gpu_request *r, const total *t,
                       rs_gpu_generation *g) {
  double tokens = (double)r->batch * (double)r->outputs;
  g->first_token_s = (double)g->first.time_fs * 1e-15;
  if (r->outputs > 1) g->step_s = (t->seconds - g->first_token_s) / (double)(r->outputs - 1);
  if (r->outputs > 1) g->tokens_per_s_user = 1 / g->step_s;
  g->tokens_per_s_total = tokens / t->seconds;
  rs__gpu_fill_energy(chip, r, tokens, t->seconds, t->compute_pj, t->hbm_pj, t->link_pj,
                      &g->energy);
}

rs_status rs_gpu_generate(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                          rs_gpu_generation *generation, rs_diag *diag) {
  const rs_gpu_request *r = request;
  rs_gpu_generation *g = generation;
  total t = {0};
  *g = (rs_gpu_generation){0};
  rs_status status = rs__gpu_check_request(model, chip, r, diag);
  if (status == RS_OK) {
    status = rs__gpu_measure(model, chip, r, r->inputs + r->outputs, &g->memory, diag);
  }
  if (status != RS_OK || !g->memory.fits) return status;
  status =
      run_step(model, chip, r, g->memory.paged_bytes, r->inputs, r->inputs, &g->first, NULL, diag);
  if (status != RS_OK) return status;
  add_cost(&t, &g->first, 1);
  status = add_steps(model, chip, r, g, &t, diag);
  if (status == RS_OK) fill_rates(chip, r, &t, g);
  return status;
}

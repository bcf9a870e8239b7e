/*
 * The list of a step, and a generation as a prefill and the mean of its decode steps.
 *
 * A step's time is close to linear in the context: its mean over the generation is taken from five
 * contexts by the trapezoid rule, which is exact for what is linear.
 */
#include "rs_gpu_step.h"

#include <assert.h>
#include <stdio.h>

enum {
  OPS_NORM = 5,
  OPS_ROTARY = 4,
  OPS_RESIDUAL = 1,
  OPS_ACTIVATION = 8,
  OPS_CHOICE = 2,
  CONTEXTS = 5, /* at which a decode step is costed */
};

/* ---- the list ---- */

typedef struct builder {
  const rs_model *model;
  const rs_chip *chip;
  const rs_gpu_request *request;
  rs_gpu_op *ops;
  size_t count;
  int64_t rows; /* positions that are computed */
  rs_status status;
  rs_diag *diag;
} builder;

/* The operation that was just made, `times` times; the first failure stays. */
static void add(builder *b, const char *label, int64_t times, rs_status status, rs_gpu_op op) {
  if (b->status != RS_OK) return;
  b->status = status;
  if (status != RS_OK) return;
  assert(b->count < RS_GPU_STEP_OPS);
  op.label = label;
  op.count = times;
  b->ops[b->count++] = op;
}

static void add_gemm(builder *b, const char *label, int64_t times, int64_t inputs, int64_t outputs,
                     int64_t rows) {
  const rs_gpu_request *r = b->request;
  rs_gpu_op op;
  rs_status status = rs_gpu_gemm(b->chip, inputs, outputs, rows, r->weights, r->math,
                                 r->activations, &op, b->diag);
  add(b, label, times, status, op);
}

static void add_vector(builder *b, const char *label, int64_t times, int64_t elements,
                       int64_t reads, int64_t writes, int64_t ops_per_element) {
  int64_t all = 0;
  rs_gpu_op op = {0};
  rs_status status = RS_E_OVERFLOW;
  if (rs_mul_i64(elements, b->rows, &all)) {
    status = rs_gpu_vector(b->chip, all, reads, writes, ops_per_element, b->request->activations,
                           &op, b->diag);
  } else {
    rs_diag_set(b->diag, status, "'%s' has 2^63 numbers or more", label);
  }
  add(b, label, times, status, op);
}

static void add_collective(builder *b, const char *label, int64_t times, rs_gpu_collective kind,
                           int64_t numbers, int64_t rows) {
  int64_t bytes = 0;
  rs_gpu_op op = {0};
  rs_status status = RS_E_OVERFLOW;
  if (b->request->tensor == 1) return;
  if (rs_mul_i64(numbers, rows, &bytes) && bytes < INT64_C(1) << 60) {
    bytes = rs_number_bytes_of(b->request->activations, bytes);
    status = rs_gpu_communicate(b->chip, kind, b->request->tensor, bytes, b->request->is_one_shot,
                                &op, b->diag);
  } else {
    rs_diag_set(b->diag, status, "'%s' has 2^60 numbers or more", label);
  }
  add(b, label, times, status, op);
}

static void add_attention(builder *b, int64_t queries, int64_t context) {
  const rs_model *m = b->model;
  const rs_gpu_request *r = b->request;
  const rs_gpu_attention_shape shape = {.batch = r->batch,
                                        .queries = queries,
                                        .context = context,
                                        .query_heads = m->heads / r->tensor,
                                        .kv_heads = RS_MAX(m->kv_heads / r->tensor, 1),
                                        .head_dim = m->head_dim,
                                        .kv = r->kv,
                                        .activations = r->activations,
                                        .shares_kv = r->shares_kv};
  rs_gpu_op op;
  int64_t width = (shape.query_heads + 2 * shape.kv_heads) * m->head_dim;
  add_gemm(b, "qkv", m->layers, m->hidden, width, b->rows);
  add_vector(b, "rotary", m->layers, width, 1, 1, OPS_ROTARY);
  rs_status status = rs_gpu_attention(b->chip, &shape, &op, b->diag);
  add(b, "attention", m->layers, status, op);
  add_gemm(b, "output", m->layers, shape.query_heads * m->head_dim, m->hidden, b->rows);
}

static void add_layers(builder *b, int64_t queries, int64_t context) {
  const rs_model *m = b->model;
  int64_t ffn = m->ffn / b->request->tensor;
  add_vector(b, "norm", 2 * m->layers, m->hidden, 1, 1, OPS_NORM);
  add_attention(b, queries, context);
  add_gemm(b, m->gated_mlp ? "gate-up" : "up", m->layers, m->hidden, m->gated_mlp ? 2 * ffn : ffn,
           b->rows);
  add_vector(b, "activation", m->layers, ffn, m->gated_mlp ? 2 : 1, 1, OPS_ACTIVATION);
  add_gemm(b, "down", m->layers, ffn, m->hidden, b->rows);
  add_collective(b, "all-reduce", 2 * m->layers, RS_GPU_ALL_REDUCE, m->hidden, b->rows);
  add_vector(b, "residual", 2 * m->layers, m->hidden, 2, 1, OPS_RESIDUAL);
}

/* The embedding reads a row a position; the head is for the last position of each sequence. */
static void add_ends(builder *b) {
  const rs_model *m = b->model;
  const rs_gpu_request *r = b->request;
  int64_t vocab = rs_ceil_div_i64(m->vocab, r->tensor);
  add_vector(b, "embedding", 1, m->hidden, 1, 1, 1);
  b->rows = r->batch;
  add_vector(b, "final norm", 1, m->hidden, 1, 1, OPS_NORM);
  add_gemm(b, "head", 1, m->hidden, vocab, r->batch);
  add_collective(b, "logits", 1, RS_GPU_ALL_GATHER, m->vocab, r->batch);
  add_vector(b, "choice", 1, m->vocab, 1, 0, OPS_CHOICE);
}

static rs_status check_request(const rs_model *m, const rs_chip *chip, const rs_gpu_request *r,
                               rs_diag *diag) {
  const struct {
    const char *name;
    int64_t value;
  } counts[] = {
      {"tensor", r->tensor}, {"batch", r->batch}, {"inputs", r->inputs}, {"outputs", r->outputs}};
  for (size_t i = 0; i < RS_COUNT_OF(counts); i++) {
    if (counts[i].value >= 1 && counts[i].value <= INT64_C(1) << 31) continue;
    rs_diag_set(diag, RS_E_INPUT, "%s is %lld", counts[i].name, (long long)counts[i].value);
    rs_diag_expect(diag, "from 1 to 2147483648");
    return RS_E_INPUT;
  }
  if (r->tensor > chip->gpu.link_domain) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "tensor %lld: %lld %s share a switch",
                       (long long)r->tensor, (long long)chip->gpu.link_domain, chip->name);
  }
  bool kv_divides = m->kv_heads % r->tensor == 0 || r->tensor % m->kv_heads == 0;
  if (m->heads % r->tensor == 0 && m->ffn % r->tensor == 0 && kv_divides) return RS_OK;
  return rs_diag_set(diag, RS_E_INFEASIBLE,
                     "tensor %lld does not divide %lld heads, %lld kv heads and %lld of the MLP",
                     (long long)r->tensor, (long long)m->heads, (long long)m->kv_heads,
                     (long long)m->ffn);
}

rs_status rs_gpu_step_list(const rs_model *model, const rs_chip *chip,
                           const rs_gpu_request *request, int64_t queries, int64_t context,
                           rs_gpu_op *ops, size_t *op_count, rs_diag *diag) {
  builder b = {.model = model, .chip = chip, .request = request, .ops = ops, .diag = diag};
  *op_count = 0;
  rs_status status = check_request(model, chip, request, diag);
  if (status != RS_OK) return status;
  if (!rs_mul_i64(request->batch, queries, &b.rows)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "2^63 positions or more");
  }
  add_layers(&b, queries, context);
  add_ends(&b);
  *op_count = b.count;
  return b.status;
}

/* ---- a generation ---- */

/* Weights and cache on one GPU, and what does not fit. */
static rs_status measure(const rs_model *m, const rs_chip *chip, const rs_gpu_request *r,
                         rs_gpu_generation *g, rs_diag *diag) {
  rs_model_count count;
  int64_t kv, held;
  rs_status status = rs_model_count_parameters(m, &count, diag);
  if (status == RS_OK) {
    status = rs_model_kv_bytes(m, r->inputs + r->outputs, rs_number_bytes(r->kv), &kv, diag);
  }
  if (status != RS_OK) return status;
  int64_t all = rs_number_bytes_of(r->weights, count.total);
  g->weight_bytes = rs_ceil_div_i64(all, r->tensor);
  /* kv heads that are fewer than GPUs are on several of them */
  int64_t split = RS_MIN(r->tensor, m->kv_heads);
  if (!rs_mul_i64(rs_ceil_div_i64(kv, split), r->batch, &g->kv_bytes) ||
      !rs_add_i64(g->kv_bytes, g->weight_bytes, &held)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "weights and caches would be 2^63 bytes or more");
  }
  int64_t excess = held - chip->gpu.hbm_bytes;
  g->fits = excess <= 0 || (r->pages_weights && g->kv_bytes <= chip->gpu.hbm_bytes);
  g->paged_bytes = g->fits ? RS_MAX(excess, 0) : 0;
  if (!g->fits) {
    snprintf(g->reason, sizeof g->reason, "needs %.1f GB of weights and %.1f GB of cache, has %.1f",
             (double)g->weight_bytes / 1e9, (double)g->kv_bytes / 1e9,
             (double)chip->gpu.hbm_bytes / 1e9);
  }
  return RS_OK;
}

static rs_status run_step(const rs_model *model, const rs_chip *chip, const rs_gpu_request *r,
                          const rs_gpu_generation *g, int64_t queries, int64_t context,
                          rs_gpu_cost *cost, rs_diag *diag) {
  rs_gpu_op ops[RS_GPU_STEP_OPS];
  size_t count;
  const rs_gpu_options options = {.requests = queries > 1 ? 1 : 0, .paged_bytes = g->paged_bytes};
  rs_status status = rs_gpu_step_list(model, chip, r, queries, context, ops, &count, diag);
  return status == RS_OK ? rs_gpu_run(chip, ops, count, &options, cost, diag) : status;
}

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
    rs_status status = run_step(model, chip, r, g, 1, context, &cost, diag);
    if (status != RS_OK) return status;
    add_cost(t, &cost, weight * (double)steps / (CONTEXTS - 1));
    if (i == CONTEXTS / 2) g->step = cost;
  }
  return RS_OK;
}

static void fill_rates(const rs_chip *chip, const rs_gpu_request *r, const total *t,
                       rs_gpu_generation *g) {
  double tokens = (double)r->batch * (double)r->outputs;
  double per_token = (double)r->tensor / tokens;
  g->first_token_s = (double)g->first.time_fs * 1e-15;
  if (r->outputs > 1) g->step_s = (t->seconds - g->first_token_s) / (double)(r->outputs - 1);
  if (r->outputs > 1) g->tokens_per_s_user = 1 / g->step_s;
  g->tokens_per_s_total = tokens / t->seconds;
  g->energy_compute_j = t->compute_pj * 1e-12 * per_token;
  g->energy_hbm_j = t->hbm_pj * 1e-12 * per_token;
  g->energy_link_j = t->link_pj * 1e-12 * per_token;
  g->energy_static_j = chip->static_w * t->seconds * per_token;
  g->energy_j_per_token =
      g->energy_compute_j + g->energy_hbm_j + g->energy_link_j + g->energy_static_j;
}

rs_status rs_gpu_generate(const rs_model *model, const rs_chip *chip, const rs_gpu_request *r,
                          rs_gpu_generation *g, rs_diag *diag) {
  total t = {0};
  *g = (rs_gpu_generation){0};
  rs_status status = check_request(model, chip, r, diag);
  if (status == RS_OK) status = measure(model, chip, r, g, diag);
  if (status != RS_OK || !g->fits) return status;
  status = run_step(model, chip, r, g, r->inputs, r->inputs, &g->first, diag);
  if (status != RS_OK) return status;
  add_cost(&t, &g->first, 1);
  status = add_steps(model, chip, r, g, &t, diag);
  if (status == RS_OK) fill_rates(chip, r, &t, g);
  return status;
}

/*
 * The operations of a step on one GPU of a group. Attention heads, the MLP's columns and the vocabulary
 * are split over the group; experts are dealt to it whole; latents are made on every GPU.
 *
 * A step on a cache with latent attention keeps queries and results in the space of the latents (the
 * absorbed form), so that all heads read one cache; a prefill makes keys and values of every head once.
 *
 * Experts: a token meets `top` of them, chosen evenly and apart. Of E experts, rows · top choices meet
 * E · (1 − (1 − top/E)^rows) on average: their weights are read, once each, by one grouped kernel, in
 * which every expert has an equal part of the rows.
 */
#include <assert.h>

#include "rs__gpu_step.h"

enum {
  OPS_NORM = 5,
  OPS_ROTARY = 4,
  OPS_RESIDUAL = 1,
  OPS_ACTIVATION = 8,
  OPS_CHOICE = 2,
};

typedef struct builder {
  const rs_model *model;
  const rs_chip *chip;
  const rs_gpu_request *request;
  rs_gpu_op *ops;
  size_t count;
  int64_t rows;    /* positions that are computed */
  int64_t queries; /* of them in each sequence */
  int64_t context;
  rs_status status;
  rs_diag *diag;
} builder;

/* The operation that was just made, `times` times; the first failure stays. */
static void add(builder *b, const char *label, int64_t times, rs_status status, rs_gpu_op op) {
  if (b->status != RS_OK || times == 0) return;
  b->status = status;
  if (status != RS_OK) return;
  assert(b->count < RS_GPU_STEP_OPS);
  op.label = label;
  op.count = times;
  b->ops[b->count++] = op;
}

static bool scale(int64_t *value, int64_t by) {
  return rs_mul_i64(*value, by, value);
}

/* A size of the model's, times another; 1 once there was an overflow. */
static int64_t times(builder *b, int64_t a, int64_t c) {
  int64_t product;
  if (rs_mul_i64(a, c, &product)) return product;
  if (b->status == RS_OK) {
    b->status = rs_diag_set(b->diag, RS_E_OVERFLOW, "%lld × %lld is beyond what can be counted",
                            (long long)a, (long long)c);
  }
  return 1;
}

/* `copies` products in one kernel, each with rows and weights of its own. */
static void add_products(builder *b, const char *label, int64_t times, int64_t copies,
                         int64_t inputs, int64_t outputs, int64_t rows) {
  const rs_gpu_request *r = b->request;
  rs_gpu_op op;
  if (b->status != RS_OK) return;
  rs_status status = rs_gpu_gemm(b->chip, inputs, outputs, rows, r->weights, r->math,
                                 r->activations, &op, b->diag);
  if (status == RS_OK &&
      (!scale(&op.flops, copies) || !scale(&op.padded_flops, copies) ||
       !scale(&op.weight_bytes, copies) || !scale(&op.activation_bytes, copies))) {
    status = rs_diag_set(b->diag, RS_E_OVERFLOW, "'%s' is beyond what can be counted", label);
  }
  add(b, label, times, status, op);
}

static void add_gemm(builder *b, const char *label, int64_t times, int64_t inputs,
                     int64_t outputs) {
  add_products(b, label, times, 1, inputs, outputs, b->rows);
}

static void add_vector(builder *b, const char *label, int64_t times, int64_t elements,
                       int64_t reads, int64_t writes, int64_t ops_per_element) {
  int64_t all = 0;
  rs_gpu_op op = {0};
  rs_status status = RS_E_OVERFLOW;
  if (b->status != RS_OK) return;
  if (rs_mul_i64(elements, b->rows, &all)) {
    status = rs_gpu_vector(b->chip, all, reads, writes, ops_per_element, b->request->activations,
                           &op, b->diag);
  } else {
    rs_diag_set(b->diag, status, "'%s' has 2^63 numbers or more", label);
  }
  add(b, label, times, status, op);
}

static void add_collective(builder *b, const char *label, int64_t times, rs_gpu_collective kind,
                           int64_t numbers) {
  int64_t bytes = 0;
  rs_gpu_op op = {0};
  rs_status status = RS_E_OVERFLOW;
  if (b->request->tensor == 1 || b->status != RS_OK) return;
  if (rs_mul_i64(numbers, b->rows, &bytes) && bytes < INT64_C(1) << 60) {
    bytes = rs_number_bytes_of(b->request->activations, bytes);
    status = rs_gpu_communicate(b->chip, kind, b->request->tensor, bytes, b->request->is_one_shot,
                                &op, b->diag);
  } else {
    rs_diag_set(b->diag, status, "'%s' has 2^60 numbers or more", label);
  }
  add(b, label, times, status, op);
}

/* ---- attention ---- */

static void add_attention(builder *b, int64_t query_heads, int64_t kv_heads, int64_t head_dim,
                          int64_t value_dim, bool is_latent) {
  const rs_gpu_request *r = b->request;
  const rs_gpu_attention_shape shape = {.batch = r->batch,
                                        .queries = b->queries,
                                        .context = b->context,
                                        .query_heads = query_heads,
                                        .kv_heads = kv_heads,
                                        .head_dim = head_dim,
                                        .value_dim = value_dim,
                                        .is_latent = is_latent,
                                        .kv = r->kv,
                                        .activations = r->activations,
                                        .shares_kv = r->shares_kv || is_latent};
  rs_gpu_op op = {0};
  if (b->status != RS_OK) return;
  rs_status status = rs_gpu_attention(b->chip, &shape, &op, b->diag);
  add(b, "attention", b->model->layers, status, op);
}

static void add_heads(builder *b) {
  const rs_model *m = b->model;
  int64_t heads = m->heads / b->request->tensor;
  int64_t kv_heads = RS_MAX(m->kv_heads / b->request->tensor, 1);
  int64_t width = times(b, heads + 2 * kv_heads, m->head_dim);
  add_gemm(b, "qkv", m->layers, m->hidden, width);
  add_vector(b, "rotary", m->layers, width, 1, 1, OPS_ROTARY);
  add_attention(b, heads, kv_heads, m->head_dim, m->head_dim, false);
  add_gemm(b, "output", m->layers, times(b, heads, m->head_dim), m->hidden);
}

static void add_latents(builder *b) {
  const rs_model *m = b->model;
  const rs_mla *a = &m->mla;
  int64_t heads = m->heads / b->request->tensor;
  int64_t latent = a->kv_rank + a->rope_dim;
  add_gemm(b, "down", m->layers, m->hidden, a->q_rank + latent);
  add_gemm(b, "q up", m->layers, a->q_rank == 0 ? m->hidden : a->q_rank,
           times(b, heads, a->nope_dim + a->rope_dim));
  add_vector(b, "rotary", m->layers, times(b, heads, a->rope_dim) + latent, 1, 1, OPS_ROTARY);
  if (b->queries == 1 || b->queries < b->context) {
    add_products(b, "absorb", m->layers, heads, a->nope_dim, a->kv_rank, b->rows);
    add_attention(b, heads, 1, latent, a->kv_rank, true);
    add_products(b, "value up", m->layers, heads, a->kv_rank, a->v_dim, b->rows);
  } else {
    add_gemm(b, "kv up", m->layers, a->kv_rank, times(b, heads, a->nope_dim + a->v_dim));
    add_attention(b, heads, heads, a->nope_dim + a->rope_dim, a->v_dim, false);
  }
  add_gemm(b, "output", m->layers, times(b, heads, a->v_dim), m->hidden);
}

/* ---- MLP and experts ---- */

static void add_mlp(builder *b, int64_t layers, int64_t ffn) {
  const rs_model *m = b->model;
  add_gemm(b, m->gated_mlp ? "gate-up" : "up", layers, m->hidden, m->gated_mlp ? 2 * ffn : ffn);
  add_vector(b, "activation", layers, ffn, m->gated_mlp ? 2 : 1, 1, OPS_ACTIVATION);
  add_gemm(b, "down", layers, ffn, m->hidden);
}

/* E · (1 − (1 − top/E)^rows), rounded up: at least top, at most E. The power by squaring, so that it
 * is the same on every machine. */
static int64_t count_met(const rs_moe *e, int64_t rows) {
  double missed = 1, factor = 1 - (double)e->top / (double)e->experts;
  for (; rows > 0; rows /= 2) {
    if (rows % 2 == 1) missed *= factor;
    factor *= factor;
  }
  double met = (double)e->experts * (1 - missed);
  int64_t whole = (int64_t)met;
  whole += (double)whole < met ? 1 : 0;
  return RS_MIN(RS_MAX(whole, e->top), e->experts);
}

static void add_experts(builder *b, int64_t layers) {
  const rs_model *m = b->model;
  const rs_moe *e = &m->moe;
  int64_t choices;
  if (b->status != RS_OK || layers == 0) return;
  if (!rs_mul_i64(b->rows, e->top, &choices)) {
    b->status = rs_diag_set(b->diag, RS_E_OVERFLOW, "2^63 choices of experts or more");
    return;
  }
  int64_t met = count_met(e, b->rows);
  int64_t copies = rs_ceil_div_i64(met, b->request->tensor);
  int64_t rows = rs_ceil_div_i64(choices, met);
  int64_t width = m->gated_mlp ? 2 * e->ffn : e->ffn;
  add_gemm(b, "router", layers, m->hidden, e->experts);
  add_vector(b, "choice of experts", layers, e->experts, 1, 1, OPS_CHOICE);
  add_products(b, "experts gate-up", layers, copies, m->hidden, width, rows);
  add_vector(b, "experts activation", layers,
             rs_ceil_div_i64(times(b, e->top, e->ffn), b->request->tensor), m->gated_mlp ? 2 : 1, 1,
             OPS_ACTIVATION);
  add_products(b, "experts down", layers, copies, e->ffn, m->hidden, rows);
  add_vector(b, "combine", layers, m->hidden, rs_ceil_div_i64(e->top, b->request->tensor), 1,
             OPS_RESIDUAL);
  if (e->shared > 0) {
    add_mlp(b, layers, rs_ceil_div_i64(times(b, e->shared, e->ffn), b->request->tensor));
  }
}

/* ---- the whole ---- */

/* Each GPU sends a share of the hidden vectors, and the board that receives them gathers. */
static void add_crossings(builder *b) {
  const rs_gpu_request *r = b->request;
  int64_t crossings = rs_gpu_boards(r) - 1;
  int64_t bytes;
  rs_gpu_op op = {0};
  if (b->status != RS_OK || crossings == 0) return;
  bytes = times(b, b->model->hidden, b->rows);
  if (b->status != RS_OK || bytes >= INT64_C(1) << 60) {
    add(b, "crossing", 1, RS_E_OVERFLOW, op);
    return;
  }
  bytes = rs_ceil_div_i64(rs_number_bytes_of(r->activations, bytes), r->tensor);
  rs_status status = rs_gpu_communicate(b->chip, RS_GPU_SEND_BOARD, 2, bytes, false, &op, b->diag);
  add(b, "crossing", crossings, status, op);
  add_collective(b, "gather", crossings, RS_GPU_ALL_GATHER, b->model->hidden);
}

static void add_layers(builder *b) {
  const rs_model *m = b->model;
  int64_t dense = m->moe.experts > 0 ? m->moe.first_dense : m->layers;
  add_vector(b, "norm", 2 * m->layers, m->hidden, 1, 1, OPS_NORM);
  if (m->mla.kv_rank > 0) {
    add_latents(b);
  } else {
    add_heads(b);
  }
  if (dense > 0) add_mlp(b, dense, m->ffn / b->request->tensor);
  add_experts(b, m->layers - dense);
  add_collective(b, "all-reduce", 2 * m->layers, RS_GPU_ALL_REDUCE, m->hidden);
  add_vector(b, "residual", 2 * m->layers, m->hidden, 2, 1, OPS_RESIDUAL);
}

/* The embedding reads a row a position; the head is for the last position of each sequence, or for all. */
static void add_ends(builder *b) {
  const rs_model *m = b->model;
  add_vector(b, "embedding", 1, m->hidden, 1, 1, 1);
  if (!b->request->heads_all) b->rows = b->request->batch;
  add_vector(b, "final norm", 1, m->hidden, 1, 1, OPS_NORM);
  add_gemm(b, "head", 1, m->hidden, rs_ceil_div_i64(m->vocab, b->request->tensor));
  add_collective(b, "logits", 1, RS_GPU_ALL_GATHER, m->vocab);
  add_vector(b, "choice", 1, m->vocab, 1, 0, OPS_CHOICE);
}

/* What the request and the model have to have of each other. */
rs_status rs__gpu_check_request(const rs_model *m, const rs_chip *chip, const rs_gpu_request *r,
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
  if (m->is_encoder) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "%s is an encoder and generates nothing", m->name);
  }
  int64_t boards = rs_gpu_boards(r);
  if (boards < 1 || boards > m->layers) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "%lld boards cannot share %lld layers",
                       (long long)boards, (long long)m->layers);
  }
  if (r->micro_batches < 0 || r->micro_batches > boards) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "%lld micro-batches on %lld boards: at most one each",
                       (long long)r->micro_batches, (long long)boards);
  }
  bool is_latent = m->mla.kv_rank > 0;
  bool kv_divides = is_latent || m->kv_heads % r->tensor == 0 || r->tensor % m->kv_heads == 0;
  bool has_mlp = m->moe.experts == 0 || m->moe.first_dense > 0;
  bool mlp_divides = !has_mlp || m->ffn % r->tensor == 0;
  if (m->heads % r->tensor == 0 && mlp_divides && kv_divides) return RS_OK;
  return rs_diag_set(diag, RS_E_INFEASIBLE,
                     "tensor %lld does not divide %lld heads, %lld kv heads and %lld of the MLP",
                     (long long)r->tensor, (long long)m->heads, (long long)m->kv_heads,
                     (long long)m->ffn);
}

rs_status rs_gpu_step_list(const rs_model *model, const rs_chip *chip,
                           const rs_gpu_request *request, int64_t queries, int64_t context,
                           rs_gpu_op *ops, size_t *op_count, rs_diag *diag) {
  builder b = {.model = model,
               .chip = chip,
               .request = request,
               .ops = ops,
               .queries = queries,
               .context = context,
               .diag = diag};
  *op_count = 0;
  rs_status status = rs__gpu_check_request(model, chip, request, diag);
  if (status != RS_OK) return status;
  if (!rs_mul_i64(request->batch, queries, &b.rows)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "2^63 positions or more");
  }
  add_layers(&b);
  add_crossings(&b);
  add_ends(&b);
  *op_count = b.count;
  return b.status;
}

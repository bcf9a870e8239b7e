/*
 * The operations of a decode step, in order: what a chip of each stage does for one token, and what
 * the group sends in between. What an operation costs is rs_cost.h's answer, when it happens is
 * rs_decode_step.c's; here is what depends on the model and the sharding. The split is Megatron's
 * [Shoeybi et al. 2019]: the first matrix of attention and MLP by columns, the second by rows, so that
 * a layer needs two all-reduces and no other transfer. docs/decode.md has the shapes in a table.
 *
 * Operations an element are counted as the vector unit has them: power of two, tanh and reciprocal
 * square root are one instruction each, there is no divide (chip_model/rs_cost_vector.c). Results are
 * converted to the format of the activations once.
 */
#include <stdio.h>

#include "rs__decode.h"

enum {
  OPS_EMBED = 2,     /* scale, conversion; the learned position adds one */
  OPS_BIAS = 2,      /* add, conversion */
  OPS_ROTARY = 4,    /* two products, a sum, conversion */
  OPS_RESIDUAL = 2,  /* add, conversion; the projection's bias adds one */
  OPS_SILU_GATE = 8, /* x·g·σ(x): product, power of two, add, reciprocal (square of the reciprocal
                        root: 2), two products, conversion */
  OPS_GELU = 10,     /* tanh form: square, two products and an add, tanh, add, two products,
                        conversion; the bias before it */
  OPS_BEST = 2,      /* compare, select */
  BEST_BYTES = 8,    /* a value and a token */
  TOKEN_BYTES = 4,
};

/* What falls to one chip of a group. */
typedef struct share {
  int64_t heads, kv_heads, ffn, vocab;
  int64_t hidden;       /* of a split hidden vector */
  int64_t shard_bytes;  /* of a split one, all sequences */
  int64_t hidden_bytes; /* of a whole one, all sequences */
} share;

/* Products stay small: the sharding fits in SRAM, and its working memory holds whole hidden vectors. */
static share share_of(const rs_model *m, const rs_sharding_request *r) {
  int64_t bytes = m->hidden * r->batch * rs_number_bytes(r->activations);
  return (share){.heads = m->heads / r->tensor,
                 .kv_heads = RS_MAX(m->kv_heads / r->tensor, 1),
                 .ffn = m->ffn / r->tensor,
                 .vocab = rs_ceil_div_i64(m->vocab, r->tensor),
                 .hidden = rs_ceil_div_i64(m->hidden, r->tensor),
                 .shard_bytes = rs_ceil_div_i64(bytes, r->tensor),
                 .hidden_bytes = bytes};
}

/* An interval whose cost may not exist; the first failure stays. */
static void add(rs__step *s, const char *label, rs_part part, rs_status status,
                const rs_cost *cost) {
  if (s->status == RS_OK) s->status = status;
  rs__step_compute(s, label, part, cost);
}

static void add_norm(rs__step *s, const char *label) {
  rs_cost cost;
  const rs_sharding_request *r = s->request;
  if (s->status != RS_OK) return;
  rs_status status =
      rs_cost_norm(s->chip, s->model->hidden, r->batch, r->activations, &cost, s->diag);
  add(s, label, RS_PART_VECTOR, status, &cost);
}

/* `elements`: of the hidden vector that is summed, whole or a shard of it. */
static void add_residual(rs__step *s, int64_t elements) {
  rs__step_vector(s, "residual", elements, OPS_RESIDUAL + (s->model->biases ? 1 : 0));
}

/* ---- a layer ---- */

static void add_qkv(rs__step *s, const share *h) {
  const rs_model *m = s->model;
  int64_t outputs = (h->heads + 2 * h->kv_heads) * m->head_dim;
  rs__step_project(s, "qkv", m->hidden, outputs, true);
  if (m->biases) rs__step_vector(s, "bias", outputs, OPS_BIAS);
  if (m->positions == 0) {
    rs__step_vector(s, "rotary", (h->heads + h->kv_heads) * m->head_dim, OPS_ROTARY);
  }
}

static void add_scores(rs__step *s, const share *h) {
  rs_cost cost;
  const rs_sharding_request *r = s->request;
  if (s->status != RS_OK) return;
  rs_status status =
      rs_cost_attention_scores(s->chip, h->heads, h->kv_heads, s->model->head_dim, r->context,
                               r->batch, r->kv, r->activations, &cost, s->diag);
  add(s, "scores", RS_PART_ATTENTION, status, &cost);
}

/* One row of scores a head and sequence. */
static void add_softmax(rs__step *s, const share *h) {
  rs_cost cost;
  const rs_sharding_request *r = s->request;
  if (s->status != RS_OK) return;
  rs_status status =
      rs_cost_softmax(s->chip, r->context, h->heads * r->batch, r->activations, &cost, s->diag);
  add(s, "softmax", RS_PART_ATTENTION, status, &cost);
}

static void add_values(rs__step *s, const share *h) {
  rs_cost cost;
  const rs_sharding_request *r = s->request;
  if (s->status != RS_OK) return;
  rs_status status =
      rs_cost_attention_values(s->chip, h->heads, h->kv_heads, s->model->head_dim, r->context,
                               r->batch, r->kv, r->activations, &cost, s->diag);
  add(s, "values", RS_PART_ATTENTION, status, &cost);
}

static void add_attention(rs__step *s, const share *h, int64_t layer) {
  char label[48];
  snprintf(label, sizeof label, "layer %lld attention", (long long)layer);
  add_norm(s, "norm");
  add_qkv(s, h);
  add_scores(s, h);
  add_softmax(s, h);
  add_values(s, h);
  rs__step_project(s, "output", h->heads * s->model->head_dim, s->model->hidden, false);
  rs__step_collective(s, RS_ALL_REDUCE, h->hidden_bytes, RS_PART_NETWORK, label);
  add_residual(s, s->model->hidden);
}

static void add_mlp(rs__step *s, const share *h) {
  const rs_model *m = s->model;
  add_norm(s, "norm");
  if (m->gated_mlp) {
    rs__step_project(s, "gate-up", m->hidden, 2 * h->ffn, true);
    rs__step_vector(s, "activation", h->ffn, OPS_SILU_GATE);
  } else {
    rs__step_project(s, "up", m->hidden, h->ffn, true);
    rs__step_vector(s, "activation", h->ffn, OPS_GELU);
  }
  rs__step_project(s, "down", h->ffn, m->hidden, false);
}

/* ---- ends of stages ---- */

static void end_layer(rs__step *s, const share *h, int64_t layer) {
  char label[48];
  snprintf(label, sizeof label, "layer %lld mlp", (long long)layer);
  rs__step_collective(s, RS_ALL_REDUCE, h->hidden_bytes, RS_PART_NETWORK, label);
  add_residual(s, s->model->hidden);
}

/* The last sum of a stage stays split on its way: each chip sums a shard, adds the residual to it and
 * sends it to one chip of the next group, which then collects all of them. */
static void cross_to(rs__step *s, const share *h, int64_t stage) {
  char label[64];
  snprintf(label, sizeof label, "stage %lld to %lld", (long long)(stage - 1), (long long)stage);
  rs__step_collective(s, RS_REDUCE_SCATTER, h->shard_bytes, RS_PART_PIPELINE, label);
  add_residual(s, h->hidden);
  rs__step_end_stage(s);
  rs__step_send(s, stage, h->shard_bytes, label);
  if (s->request->tensor == 1) return;
  rs__step_carry(s, "received");
  rs__step_collective(s, RS_ALL_GATHER, h->shard_bytes, RS_PART_PIPELINE, label);
}

/* The table is split along the hidden size: each chip reads its slice of the token's row. */
static void add_embedding(rs__step *s, const share *h) {
  rs__step_vector(s, "embed", h->hidden, OPS_EMBED + (s->model->positions > 0 ? 1 : 0));
  rs__step_collective(s, RS_ALL_GATHER, h->shard_bytes, RS_PART_NETWORK, "embedding");
}

/* Logits are split over the group: each chip finds its best, all exchange (value, token), each
 * chooses the same one. Then the first stage learns it, and the next token can begin. */
static void add_head(rs__step *s, const share *h) {
  const rs_sharding_request *r = s->request;
  add_norm(s, "final norm");
  rs__step_project(s, "head", s->model->hidden, h->vocab, true);
  rs__step_vector(s, "best", h->vocab, OPS_BEST);
  rs__step_collective(s, RS_ALL_GATHER, BEST_BYTES * r->batch, RS_PART_NETWORK, "best tokens");
  if (r->tensor > 1) rs__step_vector(s, "choice", r->tensor, OPS_BEST);
  rs__step_end_stage(s);
  if (r->pipeline == 1) return;
  rs__step_send(s, 0, TOKEN_BYTES * r->batch, "next token");
  rs__step_carry(s, "received");
}

void rs__decode_add_operations(rs__step *s) {
  share h = share_of(s->model, s->request);
  add_embedding(s, &h);
  for (int64_t stage = 0; stage < s->request->pipeline; stage++) {
    const rs_stage *own = &s->sharding->stages[stage];
    if (stage > 0) cross_to(s, &h, stage);
    for (int64_t k = 0; k < own->layer_count; k++) {
      bool crosses = k + 1 == own->layer_count && stage + 1 < s->request->pipeline;
      add_attention(s, &h, own->first_layer + k);
      add_mlp(s, &h);
      if (!crosses) end_layer(s, &h, own->first_layer + k);
    }
  }
  add_head(s, &h);
}

/*
 * Counting: the parameters of a model and of its parts, and what its cache and its transfers hold.
 * The sharding uses the same formulas for the part that a chip holds.
 */
#include "rs__parameters.h"

/* ---- parts of a layer ---- */

static int64_t count_heads(rs__counter *c, const rs_model *m, int64_t queries, int64_t kv_heads) {
  int64_t bias = m->biases ? 1 : 0;
  int64_t into_bias = m->biases || m->qkv_biases ? 1 : 0;
  int64_t q = rs__times(c, queries, m->head_dim);
  int64_t kv = rs__times(c, kv_heads, m->head_dim);
  int64_t into = rs__times(c, m->hidden + into_bias, rs__plus(c, q, rs__plus(c, kv, kv)));
  int64_t out_of = rs__times(c, rs__plus(c, q, bias), m->hidden);
  int64_t norms = m->head_norms ? 2 * m->head_dim : 0;
  return rs__plus(c, rs__plus(c, into, out_of), norms);
}

/* Into the latents of queries and of keys and values, a norm of each; out of them by heads; the
 * output projection. */
static int64_t count_latents(rs__counter *c, const rs_model *m, int64_t heads) {
  const rs_mla *a = &m->mla;
  int64_t q_from = a->q_rank == 0 ? m->hidden : a->q_rank;
  int64_t down = rs__times(c, m->hidden, a->q_rank + a->kv_rank + a->rope_dim);
  int64_t q_up = rs__times(c, q_from, rs__times(c, heads, a->nope_dim + a->rope_dim));
  int64_t kv_up = rs__times(c, a->kv_rank, rs__times(c, heads, a->nope_dim + a->v_dim));
  int64_t output = rs__times(c, rs__times(c, heads, a->v_dim), m->hidden);
  int64_t norms = a->q_rank + a->kv_rank;
  return rs__plus(c, rs__plus(c, down, q_up), rs__plus(c, rs__plus(c, kv_up, output), norms));
}

int64_t rs__count_attention(rs__counter *c, const rs_model *m, int64_t queries, int64_t kv_heads) {
  return m->mla.kv_rank > 0 ? count_latents(c, m, queries) : count_heads(c, m, queries, kv_heads);
}

int64_t rs__count_mlp(rs__counter *c, const rs_model *m, int64_t ffn) {
  int64_t bias = m->biases ? 1 : 0;
  int64_t into = rs__times(c, m->hidden + bias, m->gated_mlp ? rs__times(c, 2, ffn) : ffn);
  return rs__plus(c, into, rs__times(c, rs__plus(c, ffn, bias), m->hidden));
}

int64_t rs__count_norms(rs__counter *c, const rs_model *m) {
  return rs__times(c, m->biases ? 4 : 2, m->hidden);
}

int64_t rs__count_cached(rs__counter *c, const rs_model *m, int64_t kv_heads) {
  if (m->mla.kv_rank > 0) return m->mla.kv_rank + m->mla.rope_dim;
  return rs__times(c, rs__times(c, 2, kv_heads), m->head_dim);
}

/* ---- the model ---- */

bool rs_model_layer_has_experts(const rs_model *m, int64_t index) {
  return m->moe.experts > 0 && index >= m->moe.first_dense;
}

/* Layers of both kinds, and what of the second a token meets. */
static void count_layers(rs__counter *c, const rs_model *m, rs_model_count *count, int64_t *layers,
                         int64_t *active) {
  const rs_moe *e = &m->moe;
  int64_t dense = e->experts > 0 ? e->first_dense : m->layers;
  int64_t dense_mlp = rs__count_mlp(c, m, m->ffn);
  count->layer_attention = rs__count_attention(c, m, m->heads, m->kv_heads);
  int64_t rest = rs__plus(c, count->layer_attention, rs__count_norms(c, m));
  count->dense_layer = rs__plus(c, rest, dense_mlp);
  *layers = *active = rs__times(c, dense, count->dense_layer);
  if (dense == m->layers) { /* which experts may be told to leave */
    count->layer = count->dense_layer;
    count->layer_mlp = dense_mlp;
    return;
  }
  count->expert = rs__count_mlp(c, m, e->ffn);
  int64_t router = rs__times(c, m->hidden, e->experts);
  int64_t all = rs__times(c, rs__plus(c, e->experts, e->shared), count->expert);
  int64_t met = rs__times(c, rs__plus(c, e->top, e->shared), count->expert);
  count->layer_mlp = rs__plus(c, all, router);
  count->layer = rs__plus(c, rest, count->layer_mlp);
  int64_t others = m->layers - dense;
  *layers = rs__plus(c, *layers, rs__times(c, others, count->layer));
  *active = rs__plus(c, *active, rs__times(c, others, rs__plus(c, rest, rs__plus(c, met, router))));
}

rs_status rs_model_count_parameters(const rs_model *m, rs_model_count *count, rs_diag *diag) {
  rs__counter c = {0};
  int64_t layers, active;
  *count = (rs_model_count){0};
  count_layers(&c, m, count, &layers, &active);
  int64_t norm = m->biases ? 2 * m->hidden : m->hidden;
  int64_t rows = rs__plus(&c, rs__plus(&c, m->vocab, m->positions), m->segments);
  count->embedding = rs__times(&c, rows, m->hidden);
  if (m->is_encoder) {
    /* its norm stands behind the embedding; the pooler is a projection of the first position */
    count->head = rs__times(&c, m->hidden, m->hidden + 1);
  } else if (!m->tied_embedding) {
    count->head = rs__times(&c, m->vocab, m->hidden);
  }
  int64_t ends = rs__plus(&c, rs__plus(&c, count->embedding, count->head), norm);
  count->total = rs__plus(&c, layers, ends);
  count->active = rs__plus(&c, active, ends);
  if (!c.overflows) return RS_OK;
  *count = (rs_model_count){0};
  return rs_diag_set(diag, RS_E_OVERFLOW, "model %s has more than 2^63 parameters", m->name);
}

void rs_model_sizes(const rs_model *m, int64_t sizes[RS_MODEL_SIZES]) {
  const int64_t all[RS_MODEL_SIZES] = {
      m->layers,
      m->hidden,
      m->heads,
      m->kv_heads,
      m->head_dim,
      m->ffn,
      m->vocab,
      m->positions,
      m->segments,
      m->mla.q_rank,
      m->mla.kv_rank,
      m->mla.nope_dim,
      m->mla.rope_dim,
      m->mla.v_dim,
      m->moe.experts,
      m->moe.top,
      m->moe.shared,
      m->moe.ffn,
      m->moe.first_dense,
      (m->gated_mlp ? 1 : 0) + (m->tied_embedding ? 2 : 0) + (m->biases ? 4 : 0),
      (m->qkv_biases ? 1 : 0) + (m->head_norms ? 2 : 0),
      m->is_encoder ? 1 : 0};
  for (size_t i = 0; i < RS_MODEL_SIZES; i++) sizes[i] = all[i];
}

/* ---- bytes ---- */

/* The product of all factors, each of which is at least 1 in anything that makes sense. */
static rs_status multiply(const int64_t *factors, size_t count, const char *what, int64_t *product,
                          rs_diag *diag) {
  int64_t value = 1;
  for (size_t i = 0; i < count; i++) {
    if (factors[i] < 1) {
      return rs_diag_set(diag, RS_E_INPUT, "%s cannot be counted with a size of %lld", what,
                         (long long)factors[i]);
    }
    if (!rs_mul_i64(value, factors[i], &value)) {
      return rs_diag_set(diag, RS_E_OVERFLOW, "%s would be 2^63 bytes or more", what);
    }
  }
  *product = value;
  return RS_OK;
}

rs_status rs_model_kv_bytes(const rs_model *m, int64_t context, int64_t bytes_per_number,
                            int64_t *bytes, rs_diag *diag) {
  rs__counter c = {0};
  int64_t cached = rs__count_cached(&c, m, m->kv_heads);
  const int64_t factors[] = {m->layers, c.overflows ? INT64_MAX : cached, context,
                             bytes_per_number};
  return multiply(factors, RS_COUNT_OF(factors), "the cache of a sequence", bytes, diag);
}

rs_status rs_model_transfer_bytes(const rs_model *m, int64_t batch, int64_t bytes_per_number,
                                  int64_t hops, int64_t tokens, int64_t *bytes, rs_diag *diag) {
  const int64_t factors[] = {m->hidden, batch, bytes_per_number, hops, tokens};
  return multiply(factors, RS_COUNT_OF(factors), "what crosses chips", bytes, diag);
}

/*
 * Attention of a step: projections split over the group by heads [Shoeybi et al. 2019], scores and
 * values against the cache of the chip's own kv heads.
 *
 * Latent attention runs in its absorbed form [DeepSeek-V2, 2024]: a head's query is multiplied into
 * the space of the latents (absorb), so that scores and values are taken on the latents themselves,
 * which all heads share, and what comes out is multiplied back into the head's own space (expand).
 * The projections into the latents are made by every chip of the group.
 */
#include "rs__decode.h"

enum {
  OPS_BIAS = 2,   /* add, conversion */
  OPS_ROTARY = 4, /* two products, a sum, conversion */
};

/* An interval whose cost may not exist; the first failure stays. */
static void add(rs__step *s, const char *label, rs_status status, const rs_cost *cost) {
  if (s->status == RS_OK) s->status = status;
  rs__step_compute(s, label, RS_PART_ATTENTION, cost);
}

/* Every position that is computed is a query of its own; keys are `key` numbers, values `value`. */
static void add_scores_and_values(rs__step *s, int64_t key, int64_t value) {
  rs_cost cost = {0};
  const rs_sharding_request *r = s->request;
  const rs__share *h = &s->share;
  int64_t queries = h->queries * (h->rows / r->batch);
  if (s->status != RS_OK) return;
  rs_status status = rs_cost_attention_scores(s->chip, queries, h->kv_heads, key, r->context,
                                              r->batch, r->kv, r->activations, &cost, s->diag);
  add(s, "scores", status, &cost);
  if (s->status != RS_OK) return;
  status = rs_cost_softmax(s->chip, r->context, queries * r->batch, r->activations, &cost, s->diag);
  add(s, "softmax", status, &cost);
  if (s->status != RS_OK) return;
  status = rs_cost_attention_values(s->chip, queries, h->kv_heads, value, r->context, r->batch,
                                    r->kv, r->activations, &cost, s->diag);
  add(s, "values", status, &cost);
}

static void add_heads(rs__step *s) {
  const rs_model *m = s->model;
  const rs__share *h = &s->share;
  int64_t outputs = (h->queries + 2 * h->kv_heads) * m->head_dim;
  int64_t of_q_and_k = (h->queries + h->kv_heads) * m->head_dim;
  rs__step_project(s, "qkv", (rs__matrix){m->hidden, outputs, h->rows, true});
  if (m->biases || m->qkv_biases) rs__step_vector(s, "bias", outputs, h->rows, OPS_BIAS);
  if (m->head_norms) rs__step_norm(s, "head norm", of_q_and_k, h->rows);
  if (m->positions == 0) rs__step_vector(s, "rotary", of_q_and_k, h->rows, OPS_ROTARY);
  add_scores_and_values(s, m->head_dim, m->head_dim);
  rs__step_project(s, "output", (rs__matrix){h->queries * m->head_dim, m->hidden, h->rows, false});
}

static void add_latents(rs__step *s) {
  const rs_model *m = s->model;
  const rs_mla *a = &m->mla;
  const rs__share *h = &s->share;
  int64_t q = h->queries;
  int64_t q_outputs = q * m->head_dim;
  int64_t kv_outputs = a->kv_rank + a->rope_dim;
  int64_t first = kv_outputs + (a->q_rank > 0 ? a->q_rank : q_outputs);
  rs__step_project(s, "latents", (rs__matrix){m->hidden, first, h->rows, true});
  rs__step_norm(s, "latent norm", a->q_rank + a->kv_rank, h->rows);
  if (a->q_rank > 0) {
    rs__step_project(s, "queries", (rs__matrix){a->q_rank, q_outputs, h->rows, false});
  }
  rs__step_vector(s, "rotary", (q + 1) * a->rope_dim, h->rows, OPS_ROTARY);
  rs__step_project(s, "absorb", (rs__matrix){a->nope_dim, q * a->kv_rank, h->rows, false});
  add_scores_and_values(s, kv_outputs, a->kv_rank);
  rs__step_project(s, "expand", (rs__matrix){a->kv_rank, q * a->v_dim, h->rows, false});
  rs__step_project(s, "output", (rs__matrix){q * a->v_dim, m->hidden, h->rows, false});
}

void rs__decode_add_attention(rs__step *s) {
  rs__step_norm(s, "norm", s->model->hidden, s->share.rows);
  if (s->model->mla.kv_rank > 0) {
    add_latents(s);
  } else {
    add_heads(s);
  }
}

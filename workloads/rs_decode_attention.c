/*
 * Attention of a step: projections split over the group by heads [Shoeybi et al. 2019], scores and
 * values against the cache of the chip's own kv heads.
 *
 * Latent attention runs in its absorbed form [DeepSeek-V2, 2024]: a head's query is multiplied into
 * the space of the latents (absorb), so that scores and values are taken on the latents themselves,
 * which all heads share, and what comes out is multiplied back into the head's own space (expand).
 * The projections into the latents are made by every chip of the group.
 *
 * A cache split by positions [Flash-Decoding, Dao et al. 2023; over devices: ring attention, Liu et al.
 * 2023, Medha, 2024, Helix parallelism, 2025]: the chips that share it gather the queries of all, each
 * takes them to its own positions with a softmax whose largest score m and sum s are its own, and what
 * comes out goes, with m and s, to the chip that holds the query's head (all-to-all). That one gives
 * each part o its weight, o · s · 2^(m − max m) over the sum of these, adds them up, and goes on with its
 * heads as if it had the whole cache.
 */
#include "rs__decode.h"

enum {
  OPS_BIAS = 2,   /* add, conversion */
  OPS_ROTARY = 4, /* two products, a sum, conversion */

  /* maximum; then subtract, product with log2 e, power of two, add, conversion: the sum divides later */
  OPS_PARTIAL = 6,
  PASSES_PARTIAL = 2,
  /* of a part's statistics: maximum; then subtract, product with log2 e, power of two, product with the
   * part's sum, add; then product with the reciprocal of all */
  OPS_SHARES = 7,
  PASSES_SHARES = 3,
  /* of a part's numbers: product, add; the first part is not added but converted in the end */
  OPS_MERGE = 2,
};

/* An interval whose cost may not exist; the first failure stays. */
static void add(rs__step *s, const char *label, rs_status status, const rs_cost *cost) {
  if (s->status == RS_OK) s->status = status;
  rs__step_compute(s, label, RS_PART_ATTENTION, cost);
}

/* Of the chip's part of the cache, or of all of it. */
static rs_status cost_softmax(rs__step *s, int64_t rows, rs_cost *cost) {
  rs_number number = s->request->activations;
  int64_t positions = s->share.positions;
  if (s->share.sharers == 1) {
    return rs_cost_softmax(s->chip, positions, rows, number, cost, s->diag);
  }
  return rs_cost_vector(s->chip, positions, rows, OPS_PARTIAL, PASSES_PARTIAL, number, cost,
                        s->diag);
}

/* Every position that is computed is a query of its own; keys are `key` numbers, values `value`. */
static void attend(rs__step *s, int64_t key, int64_t value) {
  rs_cost cost = {0};
  const rs_sharding_request *r = s->request;
  const rs__share *h = &s->share;
  int64_t queries = h->scored_queries * (h->rows / r->batch);
  if (s->status != RS_OK) return;
  rs_status status = rs_cost_attention_scores(s->chip, queries, h->kv_heads, key, h->positions,
                                              r->batch, r->kv, r->activations, &cost, s->diag);
  add(s, "scores", status, &cost);
  if (s->status != RS_OK) return;
  status = cost_softmax(s, queries * r->batch, &cost);
  add(s, "softmax", status, &cost);
  if (s->status != RS_OK) return;
  status = rs_cost_attention_values(s->chip, queries, h->kv_heads, value, h->positions, r->batch,
                                    r->kv, r->activations, &cost, s->diag);
  add(s, "values", status, &cost);
}

/* What the chip's own queries gave on all chips that share the cache. */
static void merge_parts(rs__step *s, int64_t value) {
  rs_cost cost = {0};
  const rs__share *h = &s->share;
  rs_number number = s->request->activations;
  int64_t rows = h->queries * h->rows; /* whose bytes are counted by the share */
  if (s->status != RS_OK) return;
  rs_status status =
      rs_cost_vector(s->chip, h->sharers, rows, OPS_SHARES, PASSES_SHARES, number, &cost, s->diag);
  add(s, "shares of parts", status, &cost);
  if (s->status != RS_OK) return;
  status = rs_cost_vector(s->chip, h->sharers * value, rows, OPS_MERGE, 1, number, &cost, s->diag);
  add(s, "merge", status, &cost);
}

static void add_scores_and_values(rs__step *s, int64_t key, int64_t value) {
  const rs__share *h = &s->share;
  if (h->sharers == 1) {
    attend(s, key, value);
    return;
  }
  rs__step_collective_in_parts(s, RS_ALL_GATHER, h->shared_caches, h->sharers, h->query_bytes,
                               RS_PART_NETWORK, "queries");
  attend(s, key, value);
  rs__step_collective_in_parts(s, RS_ALL_TO_ALL, h->shared_caches, h->sharers, h->partial_bytes,
                               RS_PART_NETWORK, "parts of attention");
  merge_parts(s, value);
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
  rs__step_project(s, "output",
                   (rs__matrix){h->queries * m->head_dim, m->hidden, h->rows, h->sharers > 1});
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
  rs__step_project(s, "expand", (rs__matrix){a->kv_rank, q * a->v_dim, h->rows, h->sharers > 1});
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

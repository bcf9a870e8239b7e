/*
 * Dividing a layer among the chips of a group, and counting the slots of experts.
 *
 * Slots. The mean demand for one of n experts is rows · top / n, for one of E parts rows · top / E, and
 * capacity is `factor` times that, rounded up. When a part's capacity is below the number of its
 * experts, computing all of them would load weights that nobody asked for: then there are as many
 * slots as capacity, each for one row, and the router's choice is the address of the weights (memory
 * is read through an address map, so that the time does not depend on it). Else every expert has its
 * capacity of rows.
 */
#include "rs__share.h"

#include "rs__parameters.h"
#include "rs_capacity.h"

/* ---- heads ---- */

static void share_heads(const rs_model *m, int64_t tensor, rs__share *s) {
  if (m->mla.kv_rank > 0) {
    s->kv_heads = 1;
    s->queries = rs_ceil_div_i64(m->heads, tensor);
    return;
  }
  int64_t shared_by = m->heads / m->kv_heads;
  if (tensor >= m->kv_heads) {
    s->kv_heads = 1;
    s->queries = rs_ceil_div_i64(shared_by, tensor / m->kv_heads);
    return;
  }
  s->kv_heads = rs_ceil_div_i64(m->kv_heads, tensor);
  s->queries = s->kv_heads * shared_by;
}

/* The largest score and the sum of powers, 32 bits each. */
enum { STATISTICS_BYTES = 8 };

/* Who holds which positions. Each of the chips that share a cache has every so-many-th position, so that
 * all hold as many as generated tokens come. */
static void share_cache(const rs_model *m, const rs_sharding_request *r, rs__counter *c,
                        rs__share *s) {
  bool is_latent = m->mla.kv_rank > 0;
  int64_t caches = is_latent ? 1 : m->kv_heads;
  int64_t number = rs_number_bytes(r->activations);
  int64_t key = is_latent ? m->mla.kv_rank + m->mla.rope_dim : m->head_dim;
  int64_t value = is_latent ? m->mla.kv_rank : m->head_dim;
  s->sharers = r->kv_split == RS_KV_POSITIONS ? RS_MAX(r->tensor / caches, 1) : 1;
  s->shared_caches = s->sharers > 1 ? caches : 0;
  s->positions = rs_ceil_div_i64(r->context, s->sharers);
  s->scored_queries = s->sharers > 1 ? m->heads / caches : s->queries;
  int64_t queries = rs__times(c, s->queries, s->rows);
  s->query_bytes = rs__times(c, queries, key * number);
  s->partial_bytes = rs__times(c, queries, value * number + STATISTICS_BYTES);
}

/* ---- experts ---- */

static rs_status too_many_slots(rs_diag *diag) {
  return rs_diag_set(diag, RS_E_OVERFLOW, "experts would have 2^62 slots or more");
}

/* Tokens are sent where that moves fewer vectors than the second sum that it saves. */
static rs_status choose_dispatch(const rs_model *m, const rs_sharding_request *r, rs__share *s,
                                 rs_diag *diag) {
  int64_t parts = RS_MAX(r->expert, 1);
  s->own_rows = rs_ceil_div_i64(s->rows, r->tensor);
  if (!rs_capacity_slots(rs_sharding_capacity_ppm(r), s->own_rows, m->moe.top, 1, parts,
                         &s->pair_slots)) {
    return too_many_slots(diag);
  }
  bool can = r->tensor > 1 && parts == r->tensor;
  if (r->dispatch == RS_DISPATCH_ALL_TO_ALL && !can) {
    rs_diag_set(
        diag, RS_E_INFEASIBLE,
        "tokens are sent to chips that hold whole experts: expert = %lld is not tensor = %lld",
        (long long)parts, (long long)r->tensor);
    return RS_E_INFEASIBLE;
  }
  int64_t sent = 0;
  bool is_less = rs_mul_i64(s->pair_slots, r->tensor, &sent) && sent < s->rows;
  s->dispatches =
      r->dispatch == RS_DISPATCH_ALL_TO_ALL || (r->dispatch == RS_DISPATCH_AUTO && can && is_less);
  return RS_OK;
}

static rs_status share_experts(const rs_model *m, const rs_sharding_request *r, rs__share *s,
                               rs_diag *diag) {
  const rs_moe *e = &m->moe;
  int64_t parts = RS_MAX(r->expert, 1);
  int64_t factor = rs_sharding_capacity_ppm(r);
  int64_t of_part, of_expert, shared;
  rs_status status = choose_dispatch(m, r, s, diag);
  if (status != RS_OK) return status;
  if (!rs_mul_i64(e->shared, e->ffn, &shared) ||
      !rs_capacity_slots(factor, s->rows, e->top, 1, parts, &of_part) ||
      !rs_capacity_slots(factor, s->rows, e->top, 1, e->experts, &of_expert)) {
    return too_many_slots(diag);
  }
  s->experts = e->experts / parts;
  s->expert_ffn = rs_ceil_div_i64(e->ffn, r->tensor / parts);
  s->shared_ffn = s->dispatches ? shared : rs_ceil_div_i64(shared, r->tensor);
  s->picks_experts = of_part < s->experts;
  s->slots = s->picks_experts ? of_part : s->experts;
  s->vectors = s->picks_experts ? 1 : RS_MIN(of_expert, s->rows);
  return RS_OK;
}

/* ---- all ---- */

rs_status rs__share_of(const rs_model *m, const rs_sharding_request *r, rs__share *s,
                       rs_diag *diag) {
  rs__counter c = {0};
  *s = (rs__share){0};
  s->rows = rs__times(&c, r->batch, RS_MAX(r->positions, 1));
  s->hidden_bytes =
      rs__times(&c, rs__times(&c, m->hidden, s->rows), rs_number_bytes(r->activations));
  share_heads(m, r->tensor, s);
  share_cache(m, r, &c, s);
  if (c.overflows) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "hidden vectors would be 2^63 bytes or more");
  }
  s->ffn = rs_ceil_div_i64(m->ffn, r->tensor);
  s->vocab = rs_ceil_div_i64(m->vocab, r->tensor);
  s->hidden = rs_ceil_div_i64(m->hidden, r->tensor);
  s->shard_bytes = rs_ceil_div_i64(s->hidden_bytes, r->tensor);
  return m->moe.experts > 0 ? share_experts(m, r, s, diag) : RS_OK;
}

void rs__share_overflow(const rs_model *m, const rs__share *s, double *probability,
                        double *dropped) {
  const rs_moe *e = &m->moe;
  *probability = *dropped = 0;
  if (e->experts == 0) return;
  int64_t parts = e->experts / s->experts;
  double pairs = (double)s->rows * (double)e->top;
  rs_overflow o;
  if (s->picks_experts) {
    o = rs_capacity_of_part(s->rows, e->top, e->experts, s->experts, s->slots);
    *probability = o.probability * (double)parts;
    *dropped = o.excess * (double)parts / pairs;
  } else {
    o = rs_capacity_of_expert(s->rows, e->top, e->experts, s->vectors);
    *probability = o.probability * (double)e->experts;
    *dropped = o.excess * (double)e->experts / pairs;
  }
  if (s->dispatches) {
    /* each chip's slots for each other, filled before the experts' own */
    o = rs_capacity_of_part(s->own_rows, e->top, e->experts, s->experts, s->pair_slots);
    *probability += o.probability * (double)parts * (double)parts;
    *dropped += o.excess * (double)parts * (double)parts / pairs;
  }
  *probability = RS_MIN(*probability, 1);
  *dropped = RS_MIN(*dropped, 1);
}

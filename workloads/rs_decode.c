/*
 * The operations of a decode step, in order. What each costs is rs_cost.h's answer, when it happens is
 * rs_decode_time.c's; here is what depends on the model and the sharding. docs/decode.md has the
 * shapes in a table.
 */
#include "rs_decode.h"

#include <assert.h>
#include <stdio.h>

#include "rs__decode.h"

/* ALU operations an element, counted on a unit that has no divide; exp is one instruction. */
enum {
  OPS_RESIDUAL = 1,   /* add */
  OPS_ROTARY = 3,     /* two products and a sum */
  OPS_ACTIVATION = 8, /* exp, add, reciprocal, product; the gate's product; conversions */
  OPS_EMBED = 1,      /* convert */
  OPS_BEST = 2,       /* compare and select */
};

/* What a chip of a group does of a layer. */
typedef struct share {
  int64_t heads, kv_heads, ffn, vocab, shard_bytes, hidden_bytes;
} share;

static share share_of(const rs_model *m, const rs_sharding_request *r) {
  int64_t bytes = m->hidden * r->batch * rs_number_bytes(r->activations);
  return (share){.heads = m->heads / r->tensor,
                 .kv_heads = RS_MAX(m->kv_heads / r->tensor, 1),
                 .ffn = m->ffn / r->tensor,
                 .vocab = rs_ceil_div_i64(m->vocab, r->tensor),
                 .shard_bytes = rs_ceil_div_i64(bytes, r->tensor),
                 .hidden_bytes = bytes};
}

static void add_cost(rs__timeline *t, const char *label, rs_part part, rs_status status,
                     const rs_cost *cost) {
  if (t->status != RS_OK) return;
  t->status = status;
  rs__timeline_compute(t, label, part, cost);
}

static void add_norm(rs__timeline *t, const char *label) {
  rs_cost cost;
  const rs_sharding_request *r = t->request;
  if (t->status != RS_OK) return;
  rs_status status =
      rs_cost_norm(t->chip, t->model->hidden, r->batch, r->activations, &cost, t->diag);
  add_cost(t, label, RS_PART_VECTOR, status, &cost);
}

static void add_attention(rs__timeline *t, const share *s) {
  const rs_model *m = t->model;
  const rs_sharding_request *r = t->request;
  rs_cost cost;
  rs__timeline_project(t, "qkv", m->hidden, (s->heads + 2 * s->kv_heads) * m->head_dim);
  if (m->positions == 0) {
    rs__timeline_vector(t, "rotary", (s->heads + s->kv_heads) * m->head_dim, OPS_ROTARY);
  }
  if (t->status != RS_OK) return;
  rs_status status =
      rs_cost_attention_scores(t->chip, s->heads, s->kv_heads, m->head_dim, r->context, r->batch,
                               r->kv, r->activations, &cost, t->diag);
  add_cost(t, "scores", RS_PART_ATTENTION, status, &cost);
  if (t->status != RS_OK) return;
  status =
      rs_cost_softmax(t->chip, r->context, s->heads * r->batch, r->activations, &cost, t->diag);
  add_cost(t, "softmax", RS_PART_ATTENTION, status, &cost);
  if (t->status != RS_OK) return;
  status = rs_cost_attention_values(t->chip, s->heads, s->kv_heads, m->head_dim, r->context,
                                    r->batch, r->kv, r->activations, &cost, t->diag);
  add_cost(t, "values", RS_PART_ATTENTION, status, &cost);
  rs__timeline_project(t, "output", s->heads * m->head_dim, m->hidden);
}

static void add_mlp(rs__timeline *t, const share *s) {
  const rs_model *m = t->model;
  rs__timeline_project(t, m->gated_mlp ? "gate-up" : "up", m->hidden,
                       m->gated_mlp ? 2 * s->ffn : s->ffn);
  rs__timeline_vector(t, "activation", s->ffn, OPS_ACTIVATION);
  rs__timeline_project(t, "down", s->ffn, m->hidden);
}

/* From the down projection of a stage's last layer to the hidden vector on all chips of the next. */
static void cross_stages(rs__timeline *t, const share *s, int64_t stage, int64_t tensor) {
  uint32_t *to = RS_ARENA_NEW(t->arena, uint32_t, (size_t)tensor);
  char label[64];
  if (to == NULL) {
    if (t->status == RS_OK) t->status = rs_arena_failed(t->arena, t->diag);
    return;
  }
  for (int64_t i = 0; i < tensor; i++) to[i] = (uint32_t)((stage + 1) * tensor + i);
  snprintf(label, sizeof label, "stage %lld to %lld", (long long)stage, (long long)(stage + 1));
  rs__timeline_collective(t, RS_REDUCE_SCATTER, s->shard_bytes, RS_PART_PIPELINE, label);
  rs__timeline_vector(t, "residual", rs_ceil_div_i64(t->model->hidden, tensor), OPS_RESIDUAL);
  rs__timeline_send(t, to, s->shard_bytes, label);
  if (tensor > 1) {
    rs__timeline_carry(t, "received");
    rs__timeline_collective(t, RS_ALL_GATHER, s->shard_bytes, RS_PART_PIPELINE, label);
  }
}

static void add_layer(rs__timeline *t, const share *s, int64_t layer, bool crosses, int64_t stage) {
  char label[48];
  add_norm(t, "norm");
  add_attention(t, s);
  snprintf(label, sizeof label, "layer %lld attention", (long long)layer);
  rs__timeline_collective(t, RS_ALL_REDUCE, s->hidden_bytes, RS_PART_NETWORK, label);
  rs__timeline_vector(t, "residual", t->model->hidden, OPS_RESIDUAL);
  add_norm(t, "norm");
  add_mlp(t, s);
  if (crosses) {
    cross_stages(t, s, stage, t->request->tensor);
    return;
  }
  snprintf(label, sizeof label, "layer %lld mlp", (long long)layer);
  rs__timeline_collective(t, RS_ALL_REDUCE, s->hidden_bytes, RS_PART_NETWORK, label);
  rs__timeline_vector(t, "residual", t->model->hidden, OPS_RESIDUAL);
}

static void add_embedding(rs__timeline *t, const share *s) {
  rs__timeline_vector(t, "embed", rs_ceil_div_i64(t->model->hidden, t->request->tensor), OPS_EMBED);
  rs__timeline_collective(t, RS_ALL_GATHER, s->shard_bytes, RS_PART_NETWORK, "embedding");
}

/* Logits are split over the group: each chip finds its best, all exchange (value, token), each
 * chooses; then the first stage learns the token. */
static void add_head(rs__timeline *t, const share *s) {
  const rs_sharding_request *r = t->request;
  add_norm(t, "final norm");
  rs__timeline_project(t, "head", t->model->hidden, s->vocab);
  rs__timeline_vector(t, "best", s->vocab, OPS_BEST);
  rs__timeline_collective(t, RS_ALL_GATHER, 8 * r->batch, RS_PART_NETWORK, "best tokens");
  rs__timeline_vector(t, "choice", r->tensor, OPS_BEST);
  if (r->pipeline == 1) return;
  uint32_t *first = RS_ARENA_NEW(t->arena, uint32_t, (size_t)r->tensor);
  if (first == NULL) {
    if (t->status == RS_OK) t->status = rs_arena_failed(t->arena, t->diag);
    return;
  }
  for (int64_t i = 0; i < r->tensor; i++) first[i] = (uint32_t)i;
  rs__timeline_send(t, first, 4 * r->batch, "next token");
}

static void add_stages(rs__timeline *t, const rs_sharding *sharding) {
  share s = share_of(t->model, t->request);
  int64_t stages = sharding->request.pipeline;
  add_embedding(t, &s);
  for (int64_t stage = 0; stage < stages; stage++) {
    const rs_stage *own = &sharding->stages[stage];
    int64_t began = stage == 0 ? 0 : t->now;
    for (int64_t k = 0; k < own->layer_count; k++) {
      bool crosses = stage + 1 < stages && k + 1 == own->layer_count;
      add_layer(t, &s, own->first_layer + k, crosses, stage);
    }
    if (stage + 1 == stages) add_head(t, &s);
    t->decode->bottleneck_cycles = RS_MAX(t->decode->bottleneck_cycles, t->now - began);
  }
}

/* ---- results ---- */

static double c2c_energy_j(const rs_chip *chip, const rs_schedule *schedule) {
  double vectors = 0;
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    vectors += (double)schedule->bursts[i].count;
  }
  return vectors * (double)chip->timing.vector_bytes * 8 * chip->c2c_pj_per_bit * 1e-12;
}

/* With m micro-batches in flight a token of each comes every max(latency, m · bottleneck). */
static void summarise(rs__timeline *t, const rs_sharding *sharding) {
  rs_decode *d = t->decode;
  const rs_sharding_request *r = &sharding->request;
  double clock = (double)t->chip->timing.clock_hz;
  d->latency_cycles = t->now;
  d->token_latency_s = (double)d->latency_cycles / clock;
  double busy_s = (double)d->bottleneck_cycles * (double)r->micro_batches / clock;
  double period_s = RS_MAX(d->token_latency_s, busy_s);
  d->tokens_per_s_user = 1 / period_s;
  d->tokens_per_s_total = (double)(r->batch * r->micro_batches) / period_s;
  int64_t network = d->part_cycles[RS_PART_NETWORK] + d->part_cycles[RS_PART_PIPELINE];
  d->network_share = (double)network / (double)d->latency_cycles;
  d->compute_share = (double)(d->latency_cycles - network) / (double)d->latency_cycles;
  d->energy_j_dynamic =
      (d->energy_j_dynamic + c2c_energy_j(t->chip, t->schedule)) / (double)r->batch;
  d->energy_j_static = t->chip->static_w * (double)sharding->chips_used / d->tokens_per_s_total;
  d->energy_j_per_token = d->energy_j_dynamic + d->energy_j_static;
}

rs_status rs_decode_compile(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                            const rs_wiring *wiring, const char *topology,
                            const rs_sharding *sharding, rs_decode *decode, rs_diag *diag) {
  assert(sharding->fits && sharding->chips_used <= wiring->chip_count);
  *decode = (rs_decode){0};
  rs__timeline t = {.arena = arena,
                    .model = model,
                    .chip = chip,
                    .wiring = wiring,
                    .request = &sharding->request,
                    .decode = decode,
                    .diag = diag,
                    .reads_op = RS_NONE};
  t.schedule = rs_schedule_create(arena, wiring, topology, &chip->timing);
  t.calendar = rs_calendar_create(arena, wiring, &chip->timing);
  t.group = RS_ARENA_NEW(arena, uint32_t, (size_t)sharding->request.tensor);
  if (t.schedule == NULL || t.calendar == NULL || t.group == NULL) {
    return rs_arena_failed(arena, diag);
  }
  for (int64_t i = 0; i < sharding->request.tensor; i++) t.group[i] = (uint32_t)i;
  add_stages(&t, sharding);
  if (t.status != RS_OK) return t.status;
  decode->schedule = t.schedule;
  summarise(&t, sharding);
  return RS_OK;
}

const char *rs_part_word(rs_part part) {
  static const char *const words[RS_PART_COUNT] = {"weights", "attention", "vector", "network",
                                                   "pipeline"};
  return words[part];
}

/*
 * The operations of a step, in order: what a chip of each stage does for its rows (one token a
 * sequence in decode), and what the group sends in between. What an operation costs is rs_cost.h's answer, when it happens is
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
  OPS_EMBED = 2,    /* scale, conversion; a learned position and a segment add one each */
  OPS_RESIDUAL = 2, /* add, conversion; the projection's bias adds one */
  OPS_BEST = 2,     /* compare, select */
  OPS_TANH = 3,     /* the bias, tanh, conversion */
  BEST_BYTES = 8,   /* a value and a token */
  TOKEN_BYTES = 4,
};

#define RESERVED_MAX (UINT64_C(1) << 22) /* records */

/* `elements`: of the hidden vector that is summed, whole or a shard of it. */
void rs__decode_add_residual(rs__step *s, int64_t elements, int64_t rows) {
  rs__step_vector(s, "residual", elements, rows, OPS_RESIDUAL + (s->model->biases ? 1 : 0));
}

void rs__decode_add_sum(rs__step *s, const char *label) {
  const rs__share *h = &s->share;
  if (s->request->sums == RS_SUMS_ALL_REDUCE || s->request->tensor == 1) {
    rs__step_collective(s, RS_ALL_REDUCE, h->hidden_bytes, RS_PART_NETWORK, label);
    rs__decode_add_residual(s, s->model->hidden, h->rows);
    return;
  }
  rs__step_collective(s, RS_REDUCE_SCATTER, h->shard_bytes, RS_PART_NETWORK, label);
  rs__decode_add_residual(s, h->hidden, h->rows);
  rs__step_collective(s, RS_ALL_GATHER, h->shard_bytes, RS_PART_NETWORK, label);
}

/* ---- ends of stages ---- */

/* What each chip has goes to one chip of the next group, which then collects all of them. */
static void cross_to(rs__step *s, int64_t stage, int64_t block_bytes, const char *label) {
  rs__step_end_stage(s);
  rs__step_send(s, stage, block_bytes, label);
  if (s->request->tensor == 1) return;
  rs__step_carry(s, "received");
  rs__step_collective(s, RS_ALL_GATHER, block_bytes, RS_PART_PIPELINE, label);
}

/* The table is split along the hidden size: each chip reads its slice of the token's row. Where the
 * first stage has no layer, the next one collects the slices. */
static void add_embedding(rs__step *s, bool crosses) {
  const rs__share *h = &s->share;
  int64_t more = (s->model->positions > 0 ? 1 : 0) + (s->model->segments > 0 ? 1 : 0);
  rs__step_vector(s, "embed", h->hidden, h->rows, OPS_EMBED + more);
  if (crosses) {
    cross_to(s, 1, h->shard_bytes, "embedding");
  } else {
    rs__step_collective(s, RS_ALL_GATHER, h->shard_bytes, RS_PART_NETWORK, "embedding");
  }
  if (s->model->is_encoder) rs__step_norm(s, "embedding norm", s->model->hidden, h->rows);
}

/* Logits of the last position of each sequence (of all, to verify a draft) are split over the group: each chip finds its best, all
 * exchange (value, token), each chooses the same one. Then the first stage learns it, and the next
 * token can begin. */
static void add_head(rs__step *s) {
  const rs_sharding_request *r = s->request;
  int64_t rows = rs_sharding_head_rows(r);
  rs__step_norm(s, "final norm", s->model->hidden, rows);
  rs__step_project(s, "head", (rs__matrix){s->model->hidden, s->share.vocab, rows, true});
  rs__step_vector(s, "best", s->share.vocab, rows, OPS_BEST);
  rs__step_collective(s, RS_ALL_GATHER, BEST_BYTES * rows, RS_PART_NETWORK, "best tokens");
  if (r->tensor > 1) rs__step_vector(s, "choice", r->tensor, rows, OPS_BEST);
  rs__step_end_stage(s);
  if (r->pipeline == 1) return;
  rs__step_send(s, 0, TOKEN_BYTES * rows, "next token");
  rs__step_carry(s, "received");
}

/* An encoder ends with a projection of each text's first position, split by outputs. */
static void add_pooler(rs__step *s) {
  int64_t batch = s->request->batch;
  rs__step_project(s, "pooler", (rs__matrix){s->model->hidden, s->share.hidden, batch, true});
  rs__step_vector(s, "tanh", s->share.hidden, batch, OPS_TANH);
  rs__step_end_stage(s);
}

/* ---- layers ---- */

/* The last sum of a stage stays split on its way: each chip sums a shard and adds the residual to
 * it. next: the stage that follows this layer, or 0. */
static void end_layer(rs__step *s, const char *label, int64_t next) {
  const rs__share *h = &s->share;
  char crossing[64];
  if (next == 0) {
    rs__decode_add_sum(s, label);
    return;
  }
  snprintf(crossing, sizeof crossing, "stage %lld to %lld", (long long)(next - 1), (long long)next);
  rs__step_collective(s, RS_REDUCE_SCATTER, h->shard_bytes, RS_PART_PIPELINE, crossing);
  rs__decode_add_residual(s, h->hidden, h->rows);
  cross_to(s, next, h->shard_bytes, crossing);
}

/* A layer whose rows are dispatched ends with a chip's own rows there, whole. */
static void end_dispatched(rs__step *s, const char *label, int64_t next) {
  int64_t block_bytes =
      s->share.own_rows * s->model->hidden * rs_number_bytes(s->request->activations);
  if (next == 0) {
    rs__step_collective(s, RS_ALL_GATHER, block_bytes, RS_PART_NETWORK, label);
    return;
  }
  char crossing[64];
  snprintf(crossing, sizeof crossing, "stage %lld to %lld", (long long)(next - 1), (long long)next);
  cross_to(s, next, block_bytes, crossing);
}

/* Up to the last sum. */
static void add_body(rs__step *s, bool has_experts, int64_t layer) {
  char label[48];
  rs__decode_add_attention(s);
  if (has_experts && s->share.dispatches) {
    snprintf(label, sizeof label, "layer %lld experts", (long long)layer);
    rs__decode_add_dispatched(s, label);
    return;
  }
  snprintf(label, sizeof label, "layer %lld attention", (long long)layer);
  rs__decode_add_sum(s, label);
  if (has_experts) {
    rs__decode_add_experts(s);
  } else {
    rs__decode_add_dense(s);
  }
}

static void add_layer(rs__step *s, int64_t layer, int64_t next) {
  char label[48];
  bool has_experts = rs_model_layer_has_experts(s->model, layer);
  snprintf(label, sizeof label, "layer %lld %s", (long long)layer, has_experts ? "experts" : "mlp");
  add_body(s, has_experts, layer);
  if (has_experts && s->share.dispatches) {
    end_dispatched(s, label, next);
  } else {
    end_layer(s, label, next);
  }
}

/* Stages are alike: the first tells what all will need, and records are not copied into ever larger
 * arrays. It need not be right; without room for so many, arrays grow as always. */
static void reserve_stages(rs__step *s, uint64_t bursts, uint64_t computes) {
  uint64_t more = (uint64_t)s->request->pipeline - 1;
  bursts = s->schedule->burst_count - bursts;
  computes = s->schedule->compute_count - computes;
  if (s->status != RS_OK || more > RESERVED_MAX / RS_MAX(RS_MAX(bursts, computes), 1)) return;
  (void)rs_schedule_reserve_bursts(s->schedule, bursts * more);
  (void)rs_schedule_reserve_computes(s->schedule, computes * more);
}

void rs__decode_add_operations(rs__step *s) {
  int64_t stages = s->request->pipeline;
  bool crosses_first = s->sharding->stages[0].layer_count == 0;
  add_embedding(s, crosses_first);
  uint64_t bursts = s->schedule->burst_count, computes = s->schedule->compute_count;
  for (int64_t stage = 0; stage < stages; stage++) {
    const rs_stage *own = &s->sharding->stages[stage];
    for (int64_t k = 0; k < own->layer_count; k++) {
      bool crosses = k + 1 == own->layer_count && stage + 1 < stages;
      add_layer(s, own->first_layer + k, crosses ? stage + 1 : 0);
    }
    if (stage == (crosses_first ? 1 : 0) && stages > 1) reserve_stages(s, bursts, computes);
  }
  if (s->model->is_encoder) {
    add_pooler(s);
  } else {
    add_head(s);
  }
}

/* ---- bounds ---- */

/* Cycles since the last call, with what the last transfer adds to them. */
static int64_t lap(rs__step *s, int64_t *before) {
  const rs__member *m = &s->members[0];
  int64_t now = RS_MAX(s->front_cycles, m->result_cycles);
  int64_t cycles = now - *before;
  *before = now;
  return cycles;
}

static double joules(const rs__step *s, double *before) {
  double now = 0;
  for (int i = 0; i < RS_PART_COUNT; i++) now += s->decode->part_energy_j[i];
  double part = now - *before;
  *before = now;
  return part;
}

/* A layer of one kind, once with each of its two ends. */
static void bound_layer(rs__step *s, int kind, rs__bound *b, int64_t *cycles, double *energy) {
  bool dispatched = kind == 1 && s->share.dispatches;
  for (int64_t next = 0; next < 2; next++) {
    add_body(s, kind == 1, 0);
    b->body[kind] = lap(s, cycles);
    if (dispatched) {
      end_dispatched(s, "", next);
    } else {
      end_layer(s, "", next);
    }
    if (next == 0) {
      b->sum[kind] = lap(s, cycles);
      b->layer_j[kind] = joules(s, energy);
      continue;
    }
    /* what the stage ended with was noted by the crossing */
    int64_t all = lap(s, cycles);
    b->split[kind] = s->stage_end_cycles - (*cycles - all);
    b->cross[kind] = all - b->split[kind];
    joules(s, energy);
  }
}

void rs__decode_bound_parts(rs__step *s, rs__bound *b) {
  int64_t cycles = 0;
  double energy = 0;
  add_embedding(s, false);
  b->embed = lap(s, &cycles);
  b->embed_j = joules(s, &energy);
  for (int kind = 0; kind < 2; kind++) {
    if (kind == 0 && s->model->moe.experts > 0 && s->model->moe.first_dense == 0) continue;
    if (kind == 1 && s->model->moe.experts == 0) continue;
    bound_layer(s, kind, b, &cycles, &energy);
  }
  add_head(s);
  int64_t all = lap(s, &cycles);
  b->head = s->stage_end_cycles - (cycles - all);
  b->token = all - b->head;
  b->head_j = joules(s, &energy);
}

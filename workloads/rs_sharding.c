/*
 * Dealing layers to stages, and what a chip then holds.
 *
 * A stage's size is a chip's share of its layers' weights, caches and working memory, and of the
 * embedding or head. All layers are alike, so a limit on the size says how many layers each stage may
 * have; the embedding takes room in the first stage, the head in the last. The least limit that
 * places all layers is found by bisection over bytes, and stages are filled from the front under it:
 * no other dealing has a smaller largest stage, and among those that have it this one gives the
 * earlier stages the most layers.
 */
#include <stdio.h>

#include "rs__parameters.h"
#include "rs_sharding.h"

typedef struct sizes {
  int64_t layer_weight, layer_kv; /* a chip */
  int64_t embedding, head;
  int64_t work;
} sizes;

/* ---- what divides ---- */

/* Suggests the largest smaller number of chips that divides. */
static rs_status refuse(rs_diag *diag, const char *what, int64_t value, const char *by,
                        int64_t tensor) {
  char suggestion[48];
  int64_t fewer = RS_MIN(tensor, value);
  while (value % fewer != 0) fewer--;
  rs_diag_set(diag, RS_E_INFEASIBLE, "tensor = %lld does not divide %s = %lld%s", (long long)tensor,
              what, (long long)value, by);
  snprintf(suggestion, sizeof suggestion, "tensor: %lld", (long long)fewer);
  rs_diag_suggest(diag, suggestion);
  return RS_E_INFEASIBLE;
}

static rs_status check_shape(const rs_model *m, int64_t chips, const rs_sharding_request *r,
                             rs_diag *diag) {
  int64_t needed;
  const struct {
    const char *name;
    int64_t value;
  } counts[] = {{"tensor", r->tensor},
                {"pipeline", r->pipeline},
                {"batch", r->batch},
                {"micro_batches", r->micro_batches},
                {"context", r->context}};
  for (size_t i = 0; i < RS_COUNT_OF(counts); i++) {
    if (counts[i].value >= 1) continue;
    rs_diag_set(diag, RS_E_INPUT, "%s is %lld", counts[i].name, (long long)counts[i].value);
    rs_diag_expect(diag, "at least 1");
    return RS_E_INPUT;
  }
  if (m->moe.experts > 0 || m->mla.kv_rank > 0 || m->is_encoder) {
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "models with experts or latent attention, and encoders, are not sharded");
  }
  if (!rs_mul_i64(r->tensor, r->pipeline, &needed) || needed > chips) {
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "tensor %lld × pipeline %lld needs more than %lld chips",
                       (long long)r->tensor, (long long)r->pipeline, (long long)chips);
  }
  if (r->pipeline > m->layers) {
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "pipeline = %lld is more than the model's %lld layers",
                       (long long)r->pipeline, (long long)m->layers);
  }
  if (m->heads % r->tensor != 0) return refuse(diag, "attention heads", m->heads, "", r->tensor);
  if (m->ffn % r->tensor != 0) return refuse(diag, "intermediate size", m->ffn, "", r->tensor);
  if (m->kv_heads % r->tensor != 0 && r->tensor % m->kv_heads != 0) {
    return refuse(diag, "kv heads", m->kv_heads, " and is no multiple of it", r->tensor);
  }
  if (r->micro_batches > r->pipeline) {
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "%lld micro-batches cannot be in flight at once in %lld stages",
                       (long long)r->micro_batches, (long long)r->pipeline);
  }
  return RS_OK;
}

/* ---- sizes ---- */

/* Numbers that a chip works in, for one sequence: four hidden vectors (input, residual, and a sum on
 * its way out and in), its share of the MLP twice (gate and up), scores of its heads, its logits. */
static int64_t count_work(rs__counter *c, const rs_model *m, const rs_sharding_request *r) {
  int64_t fixed = 4 * m->hidden + 2 * (m->ffn / r->tensor) + rs_ceil_div_i64(m->vocab, r->tensor);
  return rs__plus(c, fixed, rs__times(c, m->heads / r->tensor, r->context));
}

/* The embedding is split along the hidden size, the head along the vocabulary; the final norm goes
 * with the head. A tied head needs the table where the head is; on one stage it is there already. */
static rs_status measure(const rs_model *m, const rs_sharding_request *r, sizes *z, rs_diag *diag) {
  rs__counter c = {0};
  int64_t weight = rs_number_bytes(r->weights);
  bool has_table = m->tied_embedding && r->pipeline == 1;
  int64_t mlp = rs__count_mlp(&c, m, m->ffn / r->tensor);
  int64_t attention = rs__count_attention(&c, m, r->tensor);
  int64_t layer = rs__plus(&c, rs__plus(&c, attention, mlp), rs__count_norms(&c, m));
  z->layer_weight = rs__times(&c, layer, weight);
  z->embedding = rs__times(
      &c, rs__times(&c, rs_ceil_div_i64(m->hidden, r->tensor), m->vocab + m->positions), weight);
  int64_t head = has_table ? 0 : rs__times(&c, rs_ceil_div_i64(m->vocab, r->tensor), m->hidden);
  z->head = rs__times(&c, rs__plus(&c, head, m->biases ? 2 * m->hidden : m->hidden), weight);
  int64_t cached = rs__times(&c, rs__count_cached(&c, m, r->tensor), rs_number_bytes(r->kv));
  int64_t positions = rs__times(&c, rs__times(&c, r->batch, r->micro_batches), r->context);
  z->layer_kv = rs__times(&c, cached, positions);
  z->work =
      rs__times(&c, rs__times(&c, count_work(&c, m, r), r->batch), rs_number_bytes(r->activations));
  /* the sums over all stages and chips, which nobody looks at again */
  int64_t layers = rs__times(&c, m->layers, rs__plus(&c, z->layer_weight, z->layer_kv));
  int64_t ends = rs__plus(&c, rs__plus(&c, z->embedding, z->head), z->work);
  rs__times(&c, rs__plus(&c, layers, ends), 2 * r->tensor);
  if (!c.overflows) return RS_OK;
  return rs_diag_set(diag, RS_E_OVERFLOW, "weights and caches would be 2^62 bytes or more");
}

/* ---- dealing ---- */

static int64_t extra_of(const sizes *z, int64_t stage, int64_t stages) {
  return (stage == 0 ? z->embedding : 0) + (stage == stages - 1 ? z->head : 0);
}

/* Layers that fit into a stage under the limit. */
static int64_t room(const sizes *z, int64_t stage, int64_t stages, int64_t limit) {
  int64_t left = limit - z->work - extra_of(z, stage, stages);
  return left < 0 ? -1 : left / (z->layer_weight + z->layer_kv);
}

/* Every stage needs a layer, and all layers a stage. */
static bool limit_works(const sizes *z, int64_t layers, int64_t stages, int64_t limit) {
  int64_t total = 0;
  for (int64_t s = 0; s < stages; s++) {
    int64_t fits = room(z, s, stages, limit);
    if (fits < 1) return false;
    total += RS_MIN(fits, layers);
  }
  return total >= layers;
}

static int64_t least_limit(const sizes *z, int64_t layers, int64_t stages) {
  int64_t low = 0;
  int64_t high = z->work + z->embedding + z->head + layers * (z->layer_weight + z->layer_kv);
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (limit_works(z, layers, stages, middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* From the front each stage takes what fits, but leaves a layer for every stage behind it. */
static void deal(const rs_model *m, const sizes *z, rs_sharding *sharding) {
  int64_t stages = sharding->request.pipeline;
  int64_t limit = least_limit(z, m->layers, stages);
  int64_t next = 0;
  for (int64_t s = 0; s < stages; s++) {
    rs_stage *stage = &sharding->stages[s];
    int64_t behind = stages - 1 - s;
    int64_t take = RS_MIN(room(z, s, stages, limit), m->layers - next - behind);
    stage->first_layer = next;
    stage->layer_count = take;
    stage->embeds = s == 0;
    stage->heads = s == stages - 1;
    stage->weight_bytes = take * z->layer_weight + extra_of(z, s, stages);
    stage->kv_bytes = take * z->layer_kv;
    stage->work_bytes = z->work;
    next += take;
  }
}

static void judge(const rs_chip *chip, rs_sharding *sharding) {
  const rs_sharding_request *r = &sharding->request;
  int64_t fullest = 0;
  for (int64_t s = 0; s < r->pipeline; s++) {
    const rs_stage *stage = &sharding->stages[s];
    int64_t bytes = stage->weight_bytes + stage->kv_bytes + stage->work_bytes;
    sharding->weight_bytes_total += stage->weight_bytes * r->tensor;
    sharding->kv_bytes_total += stage->kv_bytes * r->tensor;
    if (bytes <= sharding->sram_bytes_max) continue;
    sharding->sram_bytes_max = bytes;
    fullest = s;
  }
  sharding->fits = sharding->sram_bytes_max <= chip->sram_bytes;
  if (sharding->fits) return;
  const rs_stage *stage = &sharding->stages[fullest];
  snprintf(
      sharding->reason, sizeof sharding->reason,
      "does not fit: a chip of stage %lld needs %.1f MB (weights %.1f, cache %.1f, work %.1f), "
      "%.1f MB more than its %.1f MB of SRAM",
      (long long)fullest, (double)sharding->sram_bytes_max / 1e6, (double)stage->weight_bytes / 1e6,
      (double)stage->kv_bytes / 1e6, (double)stage->work_bytes / 1e6,
      (double)(sharding->sram_bytes_max - chip->sram_bytes) / 1e6, (double)chip->sram_bytes / 1e6);
}

rs_status rs_sharding_build(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                            int64_t chips_available, const rs_sharding_request *request,
                            rs_sharding **sharding, rs_diag *diag) {
  sizes z = {0};
  rs_status status = check_shape(model, chips_available, request, diag);
  if (status == RS_OK) status = measure(model, request, &z, diag);
  if (status != RS_OK) return status;
  rs_sharding *s = RS_ARENA_NEW(arena, rs_sharding, 1);
  if (s == NULL) return rs_arena_failed(arena, diag);
  s->request = *request;
  s->chips_used = request->tensor * request->pipeline;
  s->stages = RS_ARENA_NEW(arena, rs_stage, (size_t)request->pipeline);
  if (s->stages == NULL) return rs_arena_failed(arena, diag);
  deal(model, &z, s);
  judge(chip, s);
  *sharding = s;
  return RS_OK;
}

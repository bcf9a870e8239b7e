/*
 * Dealing layers to stages, and what a chip then holds.
 *
 * A stage's size is a chip's share of its layers' weights, caches and working memory, and of the
 * embedding or head. Layers are of two kinds at most, dense ones and then those with experts. The
 * embedding takes room in the first stage, the head in the last. The least limit on the size that
 * places all layers is found by bisection over bytes, and stages are filled from the front under it:
 * no other dealing has a smaller largest stage, and among those that have it this one gives the
 * earlier stages the most layers. Filling from the front is exact: what it leaves is the end of what
 * any other dealing leaves, and each of its layers fits into any stage without an extra.
 *
 * The ends may stay without layers, to hold nothing but the embedding or the head. They do where there
 * are more stages than layers, or where the model fits into no chip otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "rs__parameters.h"
#include "rs__share.h"

/* Bytes of a chip. */
typedef struct sizes {
  int64_t layer_weight[2]; /* without and with experts */
  int64_t layer_kv;
  int64_t embedding, head;
  int64_t work;
  int64_t layers, first_expert; /* layers from first_expert on have experts */
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

static rs_status check_counts(const rs_sharding_request *r, rs_diag *diag) {
  const struct {
    const char *name;
    int64_t value, least;
  } counts[] = {{"tensor", r->tensor, 1},         {"pipeline", r->pipeline, 1},
                {"batch", r->batch, 1},           {"micro_batches", r->micro_batches, 1},
                {"context", r->context, 1},       {"expert", r->expert, 0},
                {"capacity", r->capacity_ppm, 0}, {"positions", r->positions, 0},
                {"replicas", r->replicas, 0}};
  for (size_t i = 0; i < RS_COUNT_OF(counts); i++) {
    if (counts[i].value >= counts[i].least) continue;
    rs_diag_set(diag, RS_E_INPUT, "%s is %lld", counts[i].name, (long long)counts[i].value);
    rs_diag_expect(diag, "at least 1");
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* More chips than heads split what there is unevenly anyhow. */
rs_status rs_sharding_check_split(const rs_model *m, int64_t tensor, rs_diag *diag) {
  bool has_dense = m->moe.experts == 0 || m->moe.first_dense > 0;
  if (tensor > m->heads) return RS_OK;
  if (m->heads % tensor != 0) return refuse(diag, "attention heads", m->heads, "", tensor);
  if (has_dense && m->ffn % tensor != 0) {
    return refuse(diag, "intermediate size", m->ffn, "", tensor);
  }
  if (m->mla.kv_rank > 0 || m->kv_heads % tensor == 0 || tensor % m->kv_heads == 0) return RS_OK;
  return refuse(diag, "kv heads", m->kv_heads, " and is no multiple of it", tensor);
}

rs_status rs_sharding_check_experts(const rs_model *m, const rs_sharding_request *r,
                                    rs_diag *diag) {
  int64_t expert = RS_MAX(r->expert, 1);
  if (expert == 1) return RS_OK;
  if (m->moe.experts == 0) {
    rs_diag_set(diag, RS_E_INFEASIBLE, "expert is %lld, and the model has no experts",
                (long long)expert);
    rs_diag_suggest(diag, "expert: 1");
    return RS_E_INFEASIBLE;
  }
  int64_t most = rs_gcd_i64(r->tensor, m->moe.experts);
  if (most % expert == 0) return RS_OK;
  int64_t of = m->moe.experts % expert != 0 ? m->moe.experts : r->tensor;
  char suggestion[48];
  rs_diag_set(diag, RS_E_INFEASIBLE, "expert = %lld does not divide %s = %lld", (long long)expert,
              of == m->moe.experts ? "experts" : "tensor", (long long)of);
  snprintf(suggestion, sizeof suggestion, "expert: %lld", (long long)most);
  rs_diag_suggest(diag, suggestion);
  return RS_E_INFEASIBLE;
}

static rs_status check_shape(const rs_model *m, int64_t chips, const rs_sharding_request *r,
                             rs_diag *diag) {
  int64_t needed;
  int64_t replicas = RS_MAX(r->replicas, 1);
  rs_status status = check_counts(r, diag);
  if (status != RS_OK) return status;
  if (!rs_mul_i64(r->tensor, r->pipeline, &needed) || !rs_mul_i64(needed, replicas, &needed) ||
      needed > chips) {
    char times[40] = "";
    if (replicas > 1) snprintf(times, sizeof times, " × replicas %lld", (long long)replicas);
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "tensor %lld × pipeline %lld%s needs more than %lld chips",
                       (long long)r->tensor, (long long)r->pipeline, times, (long long)chips);
  }
  if (r->pipeline > rs_sharding_stages_max(m)) {
    return rs_diag_set(diag, RS_E_INFEASIBLE,
                       "pipeline = %lld is more than the model's %lld layers, embedding and head",
                       (long long)r->pipeline, (long long)m->layers);
  }
  status = rs_sharding_check_split(m, r->tensor, diag);
  if (status == RS_OK) status = rs_sharding_check_experts(m, r, diag);
  if (status != RS_OK || r->micro_batches <= r->pipeline) return status;
  return rs_diag_set(diag, RS_E_INFEASIBLE,
                     "%lld micro-batches cannot be in flight at once in %lld stages",
                     (long long)r->micro_batches, (long long)r->pipeline);
}

/* ---- sizes ---- */

/* Parameters of a layer on a chip. Matrices are split; norms and the router are whole on every chip. */
static int64_t count_layer(rs__counter *c, const rs_model *m, const rs__share *h,
                           bool has_experts) {
  int64_t attention = rs__count_attention(c, m, h->queries, h->kv_heads);
  int64_t rest = rs__plus(c, attention, rs__count_norms(c, m));
  if (!has_experts) return rs__plus(c, rest, rs__count_mlp(c, m, h->ffn));
  int64_t router = rs__times(c, m->hidden, m->moe.experts);
  int64_t shared = h->shared_ffn > 0 ? rs__count_mlp(c, m, h->shared_ffn) : 0;
  int64_t experts = rs__times(c, h->experts, rs__count_mlp(c, m, h->expert_ffn));
  return rs__plus(c, rs__plus(c, rest, router), rs__plus(c, shared, experts));
}

/* Of a row, where a cache is split by positions: the queries of all chips that share it, what they gave
 * here, and what the chip's own queries gave on all of them. */
static int64_t count_shared_work(rs__counter *c, const rs_model *m, const rs__share *h) {
  bool is_latent = m->mla.kv_rank > 0;
  int64_t key = is_latent ? m->mla.kv_rank + m->mla.rope_dim : m->head_dim;
  int64_t value = is_latent ? m->mla.kv_rank : m->head_dim;
  int64_t received = rs__times(c, rs__times(c, h->sharers, h->queries), value);
  return rs__plus(c, rs__times(c, h->scored_queries, key + value), received);
}

/* Numbers that a chip works in. A row: four hidden vectors (input, residual, and a sum on its way out
 * and in), its share of the MLP twice (gate and up), scores of its heads, with latent attention the
 * latents and its heads' queries in both forms. Experts: a row of each slot in, between and out. A
 * row of the head: its logits. */
static int64_t count_work(rs__counter *c, const rs_model *m, const rs_sharding_request *r,
                          const rs__share *h) {
  const rs_mla *a = &m->mla;
  int64_t dense = m->moe.experts > 0 && m->moe.first_dense == 0 ? 0 : h->ffn;
  int64_t row = 4 * m->hidden + 2 * RS_MAX(dense, h->shared_ffn);
  row = rs__plus(c, row, rs__times(c, h->scored_queries, h->positions));
  if (h->sharers > 1) row = rs__plus(c, row, count_shared_work(c, m, h));
  if (a->kv_rank > 0) {
    int64_t a_head = m->head_dim + a->kv_rank + a->v_dim;
    row = rs__plus(c, row, a->q_rank + a->kv_rank + a->rope_dim + rs__times(c, h->queries, a_head));
  }
  int64_t slot = rs__plus(c, 2 * m->hidden, 2 * h->expert_ffn);
  int64_t slots = rs__times(c, rs__times(c, h->slots, h->vectors), slot);
  int64_t rows = rs__plus(c, rs__times(c, row, h->rows), slots);
  return rs__plus(c, rows, rs__times(c, rs_sharding_head_rows(r), m->is_encoder ? 0 : h->vocab));
}

/* block4 counts by blocks; what would leave 62 bits is caught before. */
static int64_t bytes_of(rs__counter *c, rs_number number, int64_t count) {
  if (count >= INT64_C(1) << 58) c->overflows = true;
  return c->overflows ? 0 : rs_number_bytes_of(number, count);
}

/* The embedding is split along the hidden size, the head along the vocabulary; the final norm goes
 * with the head, an encoder's pooler is split along its outputs. A tied head needs the table where
 * the head is; on one stage it is there already. */
static void measure_ends(rs__counter *c, const rs_model *m, const rs_sharding_request *r,
                         const rs__share *h, sizes *z) {
  bool has_table = m->tied_embedding && r->pipeline == 1;
  int64_t rows = m->vocab + m->positions + m->segments;
  int64_t head = has_table ? 0 : rs__times(c, h->vocab, m->hidden);
  if (m->is_encoder) head = rs__times(c, h->hidden, m->hidden + 1);
  z->embedding = bytes_of(c, r->weights, rs__times(c, h->hidden, rows));
  z->head = bytes_of(c, r->weights, rs__plus(c, head, m->biases ? 2 * m->hidden : m->hidden));
}

static rs_status measure(const rs_model *m, const rs_sharding_request *r, const rs__share *h,
                         sizes *z, rs_diag *diag) {
  rs__counter c = {0};
  z->layers = m->layers;
  z->first_expert = m->moe.experts > 0 ? m->moe.first_dense : m->layers;
  for (int kind = 0; kind < 2; kind++) {
    bool has_experts = kind == 1 && m->moe.experts > 0;
    z->layer_weight[kind] = bytes_of(&c, r->weights, count_layer(&c, m, h, has_experts));
  }
  measure_ends(&c, m, r, h, z);
  int64_t cached = rs__times(&c, rs__count_cached(&c, m, h->kv_heads), rs_number_bytes(r->kv));
  int64_t positions = rs__times(&c, rs__times(&c, r->batch, r->micro_batches), h->positions);
  z->layer_kv = m->is_encoder ? 0 : rs__times(&c, cached, positions);
  z->work = rs__times(&c, count_work(&c, m, r, h), rs_number_bytes(r->activations));
  /* the sums over all stages and chips, which nobody looks at again */
  int64_t largest = RS_MAX(z->layer_weight[0], z->layer_weight[1]);
  int64_t layers = rs__times(&c, m->layers, rs__plus(&c, largest, z->layer_kv));
  int64_t ends = rs__plus(&c, rs__plus(&c, z->embedding, z->head), z->work);
  rs__times(&c, rs__plus(&c, layers, ends), 2 * r->tensor);
  if (!c.overflows) return RS_OK;
  return rs_diag_set(diag, RS_E_OVERFLOW, "weights and caches would be 2^62 bytes or more");
}

/* ---- dealing ---- */

static int64_t extra_of(const sizes *z, int64_t stage, int64_t stages) {
  return (stage == 0 ? z->embedding : 0) + (stage == stages - 1 ? z->head : 0);
}

/* How many layers, from `next` on and at most `most`, fit into a stage under the limit. */
static int64_t room(const sizes *z, int64_t stage, int64_t stages, int64_t limit, int64_t next,
                    int64_t most) {
  int64_t left = limit - z->work - extra_of(z, stage, stages);
  int64_t dense = RS_MIN(RS_MAX(z->first_expert - next, 0), most);
  int64_t a_dense = z->layer_weight[0] + z->layer_kv;
  int64_t an_expert = z->layer_weight[1] + z->layer_kv;
  if (left < 0) return 0;
  int64_t taken = RS_MIN(dense, left / a_dense);
  if (taken < dense) return taken;
  left -= taken * a_dense;
  return taken + RS_MIN(most - taken, left / an_expert);
}

/* How few layers the ends may have. */
typedef struct ends {
  int64_t first_least, last_least;
} ends;

/* From the front each stage takes what fits, but leaves a layer for every stage behind it that needs
 * one. Returns whether every stage has what it needs and all layers a stage. */
static bool fill(const sizes *z, int64_t stages, ends e, int64_t limit, int64_t *taken) {
  int64_t next = 0;
  for (int64_t s = 0; s < stages; s++) {
    bool is_last = s == stages - 1;
    int64_t least = is_last ? e.last_least : s == 0 ? e.first_least : 1;
    int64_t behind = is_last ? 0 : stages - 2 - s + e.last_least;
    int64_t most = z->layers - next - behind;
    if (z->work + extra_of(z, s, stages) > limit || most < least) return false;
    int64_t take = room(z, s, stages, limit, next, most);
    if (take < least) return false;
    if (taken != NULL) taken[s] = take;
    next += take;
  }
  return next == z->layers;
}

/* The least limit up to `high`, under which all are placed. */
static int64_t least_limit(const sizes *z, int64_t stages, ends e, int64_t high) {
  int64_t low = 0;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fill(z, stages, e, middle, NULL)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* Layers on both ends, unless there are too few of them or they do not fit into `sram_bytes` so and do
 * with fewer ends. Where nothing fits, the smallest of the largest stages, which is the one to tell:
 * ends that need no layer allow whatever others do. */
static void deal(const sizes *z, int64_t stages, int64_t sram_bytes, int64_t *taken) {
  static const ends all[] = {{1, 1}, {1, 0}, {0, 1}, {0, 0}};
  size_t count = stages == 1 ? 1 : RS_COUNT_OF(all), k = 0;
  int64_t largest = RS_MAX(z->layer_weight[0], z->layer_weight[1]);
  int64_t high = z->work + z->embedding + z->head + z->layers * (largest + z->layer_kv);
  int64_t limit = RS_MIN(sram_bytes, high);
  while (k < count && !fill(z, stages, all[k], limit, NULL)) k++;
  if (k < count) {
    limit = least_limit(z, stages, all[k], limit);
  } else {
    limit = least_limit(z, stages, all[count - 1], high);
    for (k = 0; k + 1 < count && !fill(z, stages, all[k], limit, NULL);) k++;
  }
  bool is_dealt = fill(z, stages, all[k], limit, taken);
  assert(is_dealt);
  (void)is_dealt;
}

static void describe_stages(const sizes *z, const int64_t *taken, rs_sharding *sharding) {
  int64_t stages = sharding->request.pipeline;
  int64_t next = 0;
  for (int64_t s = 0; s < stages; s++) {
    rs_stage *stage = &sharding->stages[s];
    int64_t dense = RS_MIN(RS_MAX(z->first_expert - next, 0), taken[s]);
    *stage = (rs_stage){.first_layer = next,
                        .layer_count = taken[s],
                        .embeds = s == 0,
                        .heads = s == stages - 1,
                        .kv_bytes = taken[s] * z->layer_kv,
                        .work_bytes = z->work};
    stage->weight_bytes = dense * z->layer_weight[0] + (taken[s] - dense) * z->layer_weight[1] +
                          extra_of(z, s, stages);
    next += taken[s];
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
  rs__share h;
  rs_status status = check_shape(model, chips_available, request, diag);
  if (status == RS_OK) status = rs__share_of(model, request, &h, diag);
  if (status == RS_OK) status = measure(model, request, &h, &z, diag);
  if (status != RS_OK) return status;
  rs_sharding *s = RS_ARENA_NEW(arena, rs_sharding, 1);
  if (s == NULL) return rs_arena_failed(arena, diag);
  s->request = *request;
  s->chips_used = request->tensor * request->pipeline * RS_MAX(request->replicas, 1);
  s->stages = RS_ARENA_NEW(arena, rs_stage, (size_t)request->pipeline);
  int64_t *taken = RS_ARENA_NEW(arena, int64_t, (size_t)request->pipeline);
  if (s->stages == NULL || taken == NULL) return rs_arena_failed(arena, diag);
  deal(&z, request->pipeline, chip->sram_bytes, taken);
  describe_stages(&z, taken, s);
  s->dispatches = h.dispatches;
  s->expert_slots = h.slots;
  s->expert_vectors = h.vectors;
  rs__share_overflow(model, &h, &s->overflow_probability, &s->dropped_share);
  judge(chip, s);
  *sharding = s;
  return RS_OK;
}

/* ---- words ---- */

static const char *const dispatch_words[RS_DISPATCH_COUNT] = {"auto", "replicated", "all-to-all"};
static const char *const sums_words[RS_SUMS_COUNT] = {"all-reduce", "reduce-scatter"};
static const char *const kv_split_words[RS_KV_SPLIT_COUNT] = {"heads", "positions"};

static bool find_word(const char *const *words, size_t count, const char *word, size_t *index) {
  for (*index = 0; *index < count; (*index)++) {
    if (strcmp(words[*index], word) == 0) return true;
  }
  return false;
}

bool rs_dispatch_parse(const char *word, rs_dispatch *dispatch) {
  size_t index;
  if (!find_word(dispatch_words, RS_DISPATCH_COUNT, word, &index)) return false;
  *dispatch = (rs_dispatch)index;
  return true;
}

const char *rs_sums_word(rs_sums sums) {
  return sums_words[sums];
}

bool rs_sums_parse(const char *word, rs_sums *sums) {
  size_t index;
  if (!find_word(sums_words, RS_SUMS_COUNT, word, &index)) return false;
  *sums = (rs_sums)index;
  return true;
}

const char *rs_kv_split_word(rs_kv_split split) {
  return kv_split_words[split];
}

bool rs_kv_split_parse(const char *word, rs_kv_split *split) {
  size_t index;
  if (!find_word(kv_split_words, RS_KV_SPLIT_COUNT, word, &index)) return false;
  *split = (rs_kv_split)index;
  return true;
}

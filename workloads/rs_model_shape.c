/*
 * From keys to a shape: the types of models, which keys each needs, and which contradict it. A type is
 * a row of a table; what it has is read by one function for all types that have it.
 */
#include <stdio.h>
#include <string.h>

#include "rs__model_keys.h"
#include "rs_text.h"

/* More than ten times the deepest model that was published. */
#define LAYERS_MAX 4096

typedef enum experts_of {
  EXPERTS_NONE,
  EXPERTS_MIXTRAL, /* as large as the dense MLP that they take the place of */
  EXPERTS_QWEN,
  EXPERTS_DEEPSEEK /* beside shared ones, behind dense layers */
} experts_of;

typedef struct model_type {
  const char *name;
  const char *architecture;
  bool gated_mlp;
  bool learned_positions;
  bool tied_default;
  bool biases;
  bool qkv_biases;
  bool head_norms;
  bool has_latents;
  bool is_encoder;
  experts_of experts;
} model_type;

static const model_type model_types[] = {
    {"llama", "LlamaForCausalLM", .gated_mlp = true},
    {"mistral", "MistralForCausalLM", .gated_mlp = true},
    {"mixtral", "MixtralForCausalLM", .gated_mlp = true, .experts = EXPERTS_MIXTRAL},
    {"qwen2", "Qwen2ForCausalLM", .gated_mlp = true, .qkv_biases = true},
    {"qwen3", "Qwen3ForCausalLM", .gated_mlp = true, .head_norms = true},
    {"qwen3_moe", "Qwen3MoeForCausalLM", .gated_mlp = true, .head_norms = true,
     .experts = EXPERTS_QWEN},
    {"deepseek_v2", "DeepseekV2ForCausalLM", .gated_mlp = true, .has_latents = true,
     .experts = EXPERTS_DEEPSEEK},
    {"deepseek_v3", "DeepseekV3ForCausalLM", .gated_mlp = true, .has_latents = true,
     .experts = EXPERTS_DEEPSEEK},
    {"kimi_k2", "DeepseekV3ForCausalLM", .gated_mlp = true, .has_latents = true,
     .experts = EXPERTS_DEEPSEEK},
    {"gpt2", "GPT2LMHeadModel", .learned_positions = true, .tied_default = true, .biases = true},
    {"bert", "BertModel", .learned_positions = true, .tied_default = true, .biases = true,
     .is_encoder = true},
    {"bert", "BertForMaskedLM", .learned_positions = true, .tied_default = true, .biases = true,
     .is_encoder = true},
};

#define SUPPORTED                                                                                 \
  "llama, mistral, mixtral, qwen2, qwen3, qwen3_moe, deepseek_v2, deepseek_v3, kimi_k2, gpt2 or " \
  "bert"

/* ---- the type ---- */

static rs_status refuse_type(const rs__source *s, const char *key, const char *word) {
  const char *names[RS_COUNT_OF(model_types)];
  for (size_t i = 0; i < RS_COUNT_OF(model_types); i++) {
    names[i] =
        strcmp(key, "architectures") == 0 ? model_types[i].architecture : model_types[i].name;
  }
  rs_diag_set(s->diag, RS_E_INPUT, "the model type '%s' is not supported", word);
  rs_diag_expect(s->diag, SUPPORTED);
  rs_diag_suggest(s->diag, rs_nearest_word(word, names, RS_COUNT_OF(names)));
  return rs__model_refuse_key(s, key);
}

/* NULL when the key is absent, null, or (architectures) an empty list. */
static rs_status read_type_word(const rs__source *s, const char *key, const char **word) {
  const json_t *value = json_object_get(s->root, key);
  bool is_list = strcmp(key, "architectures") == 0;
  *word = NULL;
  if (value == NULL || json_is_null(value)) return RS_OK;
  if (is_list && json_is_array(value)) {
    if (json_array_size(value) == 0) return RS_OK;
    value = json_array_get(value, 0);
    *word = json_string_value(value);
  } else if (!is_list) {
    *word = json_string_value(value);
  }
  if (*word != NULL) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is not %s", key, is_list ? "a list of words" : "a word");
  rs_diag_expect(s->diag, is_list ? "such as [\"LlamaForCausalLM\"]" : "such as \"llama\"");
  return rs__model_refuse_key(s, key);
}

static rs_status find_type(const rs__source *s, const model_type **type) {
  const char *word, *architecture;
  rs_status status = read_type_word(s, "model_type", &word);
  if (status == RS_OK) status = read_type_word(s, "architectures", &architecture);
  if (status != RS_OK) return status;
  for (size_t i = 0; i < RS_COUNT_OF(model_types); i++) {
    *type = &model_types[i];
    if (word != NULL && strcmp(word, (*type)->name) == 0) return RS_OK;
    if (word == NULL && architecture != NULL && strcmp(architecture, (*type)->architecture) == 0) {
      return RS_OK;
    }
  }
  if (word != NULL) return refuse_type(s, "model_type", word);
  if (architecture != NULL) return refuse_type(s, "architectures", architecture);
  rs_diag_set(s->diag, RS_E_INPUT, "the key 'model_type' is missing");
  rs_diag_expect(s->diag, SUPPORTED " (or 'architectures')");
  return rs__model_refuse_key(s, "model_type");
}

/* ---- keys that do not go together ---- */

/* Keys are named as the text spells them. */
static rs_status refuse_division(const rs__source *s, const char *key, const char *other,
                                 int64_t value, const char *by_key, const char *by_other,
                                 int64_t by) {
  rs__model_find_key(s, key, other, &key);
  rs__model_find_key(s, by_key, by_other, &by_key);
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld, which %s = %lld does not divide", key,
              (long long)value, by_key, (long long)by);
  return rs__model_refuse_key(s, key);
}

static rs_status refuse_above(const rs__source *s, const char *key, int64_t value,
                              const char *limit_key, int64_t limit) {
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld, more than %s = %lld", key, (long long)value,
              limit_key, (long long)limit);
  return rs__model_refuse_key(s, key);
}

/* Keys that make another model of what the type says: counting on without them would be wrong. */
static rs_status check_strangers(const rs__source *s, const model_type *type) {
  static const char *const of_experts[] = {"num_local_experts", "n_routed_experts", "num_experts"};
  static const char *const of_latents[] = {"kv_lora_rank"};
  const char *found;
  const char *what = NULL;
  for (size_t i = 0; type->experts == EXPERTS_NONE && i < RS_COUNT_OF(of_experts); i++) {
    if (rs__model_find_key(s, of_experts[i], NULL, &found) == NULL) continue;
    what = "experts";
    break;
  }
  for (size_t i = 0; what == NULL && !type->has_latents && i < RS_COUNT_OF(of_latents); i++) {
    if (rs__model_find_key(s, of_latents[i], NULL, &found) != NULL) what = "latent attention";
  }
  if (what == NULL) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is given, and a model of type %s has no %s", found,
              type->name, what);
  rs_diag_expect(s->diag, "the key left out, or a model_type that has them");
  return rs__model_refuse_key(s, found);
}

/* ---- attention ---- */

/* Keys of the type come with what they are for. */
static rs_status read_heads(const rs__source *s, rs_model *m) {
  rs_status status = rs__model_read_size(s, "num_attention_heads", "n_head", RS__MODEL_NEEDED,
                                         RS__MODEL_SIZE_MAX, &m->heads);
  if (status == RS_OK) {
    status = rs__model_read_size(s, "num_key_value_heads", NULL, m->heads, RS__MODEL_SIZE_MAX,
                                 &m->kv_heads);
  }
  if (status != RS_OK || m->heads % m->kv_heads == 0) return status;
  return refuse_division(s, "num_attention_heads", "n_head", m->heads, "num_key_value_heads", NULL,
                         m->kv_heads);
}

static rs_status read_head_size(const rs__source *s, rs_model *m) {
  rs_status status = rs__model_read_size(s, "head_dim", NULL, 0, RS__MODEL_SIZE_MAX, &m->head_dim);
  if (status != RS_OK || m->head_dim > 0) return status;
  if (m->hidden % m->heads != 0) {
    return refuse_division(s, "hidden_size", "n_embd", m->hidden, "num_attention_heads", "n_head",
                           m->heads);
  }
  m->head_dim = m->hidden / m->heads;
  return RS_OK;
}

/* All heads share the latents, so that other numbers of kv heads mean nothing. */
static rs_status read_latents(const rs__source *s, rs_model *m) {
  rs_mla *a = &m->mla;
  const struct {
    const char *key;
    int64_t *size;
    int64_t otherwise;
  } keys[] = {{"q_lora_rank", &a->q_rank, 0},
              {"kv_lora_rank", &a->kv_rank, RS__MODEL_NEEDED},
              {"qk_nope_head_dim", &a->nope_dim, RS__MODEL_NEEDED},
              {"qk_rope_head_dim", &a->rope_dim, RS__MODEL_NEEDED},
              {"v_head_dim", &a->v_dim, RS__MODEL_NEEDED}};
  for (size_t i = 0; i < RS_COUNT_OF(keys); i++) {
    rs_status status = rs__model_read_size(s, keys[i].key, NULL, keys[i].otherwise,
                                           RS__MODEL_SIZE_MAX, keys[i].size);
    if (status != RS_OK) return status;
  }
  m->head_dim = a->nope_dim + a->rope_dim;
  if (m->kv_heads == m->heads) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT,
              "'num_key_value_heads' is %lld, and latent attention has as many as heads, %lld",
              (long long)m->kv_heads, (long long)m->heads);
  return rs__model_refuse_key(s, "num_key_value_heads");
}

/* ---- experts ---- */

/* Experts in some layers only, other than behind the first, are told apart by keys that are not read
 * beyond this. */
static rs_status check_step(const rs__source *s, const char *key) {
  int64_t step;
  rs_status status = rs__model_read_size(s, key, NULL, 1, RS__MODEL_SIZE_MAX, &step);
  if (status != RS_OK || step == 1) return status;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld", key, (long long)step);
  rs_diag_expect(s->diag, "1: experts in every layer behind the first dense ones");
  return rs__model_refuse_key(s, key);
}

static rs_status check_list_is_empty(const rs__source *s, const char *key) {
  const json_t *list = json_object_get(s->root, key);
  if (list == NULL || json_is_null(list)) return RS_OK;
  if (json_is_array(list) && json_array_size(list) == 0) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is not an empty list", key);
  rs_diag_expect(s->diag, "[]: experts in every layer");
  return rs__model_refuse_key(s, key);
}

/* Whole numbers that may be 0, which read_size does not know. */
static rs_status read_count(const rs__source *s, const char *key, int64_t *count) {
  const json_t *value = json_object_get(s->root, key);
  *count = 0;
  if (json_is_integer(value) && json_integer_value(value) == 0) return RS_OK;
  return rs__model_read_size(s, key, NULL, 0, RS__MODEL_SIZE_MAX, count);
}

static rs_status read_deepseek(const rs__source *s, rs_model *m) {
  rs_status status = read_count(s, "n_shared_experts", &m->moe.shared);
  if (status == RS_OK) status = read_count(s, "first_k_dense_replace", &m->moe.first_dense);
  if (status == RS_OK) status = check_step(s, "moe_layer_freq");
  if (status != RS_OK || m->moe.first_dense <= m->layers) return status;
  return refuse_above(s, "first_k_dense_replace", m->moe.first_dense, "num_hidden_layers",
                      m->layers);
}

static rs_status read_experts(const rs__source *s, experts_of kind, rs_model *m) {
  static const char *const counts[] = {NULL, "num_local_experts", "num_experts",
                                       "n_routed_experts"};
  const char *count = counts[kind];
  rs_moe *e = &m->moe;
  if (kind == EXPERTS_NONE) return RS_OK;
  rs_status status =
      rs__model_read_size(s, count, NULL, RS__MODEL_NEEDED, RS__MODEL_SIZE_MAX, &e->experts);
  if (status == RS_OK) {
    status = rs__model_read_size(s, "num_experts_per_tok", NULL, RS__MODEL_NEEDED,
                                 RS__MODEL_SIZE_MAX, &e->top);
  }
  if (status == RS_OK) {
    int64_t otherwise = kind == EXPERTS_MIXTRAL ? m->ffn : RS__MODEL_NEEDED;
    status = rs__model_read_size(s, "moe_intermediate_size", NULL, otherwise, RS__MODEL_SIZE_MAX,
                                 &e->ffn);
  }
  if (status == RS_OK && kind == EXPERTS_DEEPSEEK) status = read_deepseek(s, m);
  if (status == RS_OK && kind == EXPERTS_QWEN) status = check_step(s, "decoder_sparse_step");
  if (status == RS_OK && kind == EXPERTS_QWEN) status = check_list_is_empty(s, "mlp_only_layers");
  if (status != RS_OK || e->top <= e->experts) return status;
  return refuse_above(s, "num_experts_per_tok", e->top, count, e->experts);
}

/* ---- the shape ---- */

static rs_status read_body(const rs__source *s, const model_type *type, rs_model *m) {
  rs_status status = rs__model_read_size(s, "num_hidden_layers", "n_layer", RS__MODEL_NEEDED,
                                         LAYERS_MAX, &m->layers);
  if (status == RS_OK) {
    status = rs__model_read_size(s, "hidden_size", "n_embd", RS__MODEL_NEEDED, RS__MODEL_SIZE_MAX,
                                 &m->hidden);
  }
  if (status == RS_OK) status = read_heads(s, m);
  if (status == RS_OK) status = type->has_latents ? read_latents(s, m) : read_head_size(s, m);
  if (status != RS_OK) return status;
  int64_t otherwise = type->gated_mlp ? RS__MODEL_NEEDED : 4 * m->hidden; /* GPT-2's rule */
  status = rs__model_read_size(s, "intermediate_size", "n_inner", otherwise, RS__MODEL_SIZE_MAX,
                               &m->ffn);
  return status == RS_OK ? read_experts(s, type->experts, m) : status;
}

static rs_status read_ends(const rs__source *s, const model_type *type, rs_model *m) {
  rs_status status =
      rs__model_read_size(s, "vocab_size", NULL, RS__MODEL_NEEDED, RS__MODEL_SIZE_MAX, &m->vocab);
  if (status == RS_OK) {
    int64_t otherwise = type->learned_positions ? RS__MODEL_NEEDED : 0;
    status = rs__model_read_size(s, "max_position_embeddings", "n_positions", otherwise,
                                 RS__MODEL_SIZE_MAX, &m->positions);
  }
  if (status == RS_OK && type->is_encoder) {
    status = rs__model_read_size(s, "type_vocab_size", NULL, 2, RS__MODEL_SIZE_MAX, &m->segments);
  }
  if (status == RS_OK) {
    status = rs__model_read_flag(s, "tie_word_embeddings", type->tied_default, &m->tied_embedding);
  }
  if (!type->learned_positions) m->positions = 0; /* rotary: a limit of use, not a table */
  return status;
}

rs_status rs__model_read_shape(const rs__source *s, rs_model *m) {
  const model_type *type;
  rs_status status = find_type(s, &type);
  if (status == RS_OK) status = check_strangers(s, type);
  if (status == RS_OK) status = read_body(s, type, m);
  if (status == RS_OK) status = read_ends(s, type, m);
  if (status != RS_OK) return status;
  m->gated_mlp = type->gated_mlp;
  m->biases = type->biases;
  m->qkv_biases = type->qkv_biases;
  m->head_norms = type->head_norms;
  m->is_encoder = type->is_encoder;
  return RS_OK;
}

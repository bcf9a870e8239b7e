/* Reading a config.json into a shape, and counting its parameters. */
#include "rs_model.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "rs__json_place.h"
#include "rs_text.h"

#define SIZE_MAX_VALUE (INT64_C(1) << 31)

typedef struct source {
  const char *file;
  const char *text;
  size_t length;
  const json_t *root;
  rs_diag *diag;
} source;

static rs_status refuse_key(const source *s, const char *key) {
  int line, column;
  rs__json_place(s->text, s->length, key, &line, &column);
  rs_diag_at(s->diag, s->file, line, column);
  return RS_E_INPUT;
}

/* ---- keys ---- */

/* The first of two spellings that is there; NULL when neither is. */
static const json_t *find_key(const source *s, const char *key, const char *other,
                              const char **found) {
  const json_t *value = json_object_get(s->root, key);
  *found = key;
  if (value != NULL || other == NULL) return value;
  *found = other;
  value = json_object_get(s->root, other);
  if (value == NULL) *found = key;
  return value;
}

/* otherwise < 0: the key must be there. A null counts as absent, as Hugging Face writes it. */
static rs_status read_size(const source *s, const char *key, const char *other, int64_t otherwise,
                           int64_t *size) {
  const char *found;
  const json_t *value = find_key(s, key, other, &found);
  if (value == NULL || json_is_null(value)) {
    *size = otherwise;
    if (otherwise >= 0) return RS_OK;
    rs_diag_set(s->diag, RS_E_INPUT, "the key '%s' is missing", key);
    rs_diag_expect(s->diag, other == NULL ? "a whole number" : "a whole number ('%s' would do too)",
                   other);
    return refuse_key(s, key);
  }
  if (!json_is_integer(value)) {
    rs_diag_set(s->diag, RS_E_INPUT, "'%s' is not a whole number", found);
    rs_diag_expect(s->diag, "a size from 1 to 2147483648");
    return refuse_key(s, found);
  }
  *size = json_integer_value(value);
  if (*size >= 1 && *size <= SIZE_MAX_VALUE) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld", found, (long long)*size);
  rs_diag_expect(s->diag, "a size from 1 to 2147483648");
  return refuse_key(s, found);
}

static rs_status read_flag(const source *s, const char *key, bool otherwise, bool *flag) {
  const json_t *value = json_object_get(s->root, key);
  *flag = otherwise;
  if (value == NULL || json_is_null(value)) return RS_OK;
  *flag = json_is_true(value);
  if (json_is_boolean(value)) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is neither true nor false", key);
  rs_diag_expect(s->diag, "true or false");
  return refuse_key(s, key);
}

/* ---- model types ---- */

typedef struct model_type {
  const char *name;
  const char *architecture;
  bool gated_mlp;
  bool learned_positions;
  bool tied_default;
  bool biases;
} model_type;

static const model_type model_types[] = {
    {"llama", "LlamaForCausalLM", true, false, false, false},
    {"mistral", "MistralForCausalLM", true, false, false, false},
    {"gpt2", "GPT2LMHeadModel", false, true, true, true},
};

static rs_status refuse_type(const source *s, const char *key, const char *word) {
  const char *names[RS_COUNT_OF(model_types)];
  for (size_t i = 0; i < RS_COUNT_OF(model_types); i++) {
    names[i] =
        strcmp(key, "architectures") == 0 ? model_types[i].architecture : model_types[i].name;
  }
  rs_diag_set(s->diag, RS_E_INPUT, "the model type '%s' is not supported", word);
  rs_diag_expect(s->diag, "llama, mistral or gpt2");
  rs_diag_suggest(s->diag, rs_nearest_word(word, names, RS_COUNT_OF(names)));
  return refuse_key(s, key);
}

static rs_status find_type(const source *s, const model_type **type) {
  const char *word = json_string_value(json_object_get(s->root, "model_type"));
  const json_t *list = json_object_get(s->root, "architectures");
  const char *architecture = json_string_value(json_array_get(list, 0));
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
  rs_diag_expect(s->diag, "llama, mistral or gpt2");
  return refuse_key(s, "model_type");
}

/* ---- the shape ---- */

static rs_status refuse_division(const source *s, const char *key, int64_t value, int64_t by,
                                 const char *by_name) {
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld, which %s = %lld does not divide", key,
              (long long)value, by_name, (long long)by);
  return refuse_key(s, key);
}

static rs_status read_attention(const source *s, rs_model *m) {
  rs_status status = read_size(s, "num_attention_heads", "n_head", -1, &m->heads);
  if (status == RS_OK) {
    status = read_size(s, "num_key_value_heads", NULL, m->heads, &m->kv_heads);
  }
  if (status == RS_OK) status = read_size(s, "head_dim", NULL, 0, &m->head_dim);
  if (status != RS_OK) return status;
  if (m->heads % m->kv_heads != 0) {
    return refuse_division(s, "num_attention_heads", m->heads, m->kv_heads, "num_key_value_heads");
  }
  if (m->head_dim > 0) return RS_OK;
  if (m->hidden % m->heads != 0) {
    return refuse_division(s, "hidden_size", m->hidden, m->heads, "num_attention_heads");
  }
  m->head_dim = m->hidden / m->heads;
  return RS_OK;
}

static rs_status read_shape(const source *s, rs_model *m) {
  const model_type *type;
  rs_status status = find_type(s, &type);
  if (status == RS_OK) status = read_size(s, "num_hidden_layers", "n_layer", -1, &m->layers);
  if (status == RS_OK) status = read_size(s, "hidden_size", "n_embd", -1, &m->hidden);
  if (status == RS_OK) status = read_attention(s, m);
  if (status == RS_OK) {
    int64_t otherwise = type->gated_mlp ? -1 : 4 * m->hidden; /* GPT-2's rule */
    status = read_size(s, "intermediate_size", "n_inner", otherwise, &m->ffn);
  }
  if (status == RS_OK) status = read_size(s, "vocab_size", NULL, -1, &m->vocab);
  if (status == RS_OK && type->learned_positions) {
    status = read_size(s, "max_position_embeddings", "n_positions", -1, &m->positions);
  }
  if (status == RS_OK) {
    status = read_flag(s, "tie_word_embeddings", type->tied_default, &m->tied_embedding);
  }
  m->gated_mlp = type->gated_mlp;
  m->biases = type->biases;
  return status;
}

/* "path/to/name.json" → "name"; "path/to/name/config.json" → "name". */
static void name_from_file(const char *file, char *name, size_t size) {
  const char *end = strrchr(file, '/');
  const char *start = end == NULL ? file : end + 1;
  if (end != NULL && strcmp(start, "config.json") == 0) {
    start = end;
    while (start > file && start[-1] != '/') start--;
    snprintf(name, size, "%.*s", (int)RS_MIN(end - start, 63), start);
    return;
  }
  const char *dot = strrchr(start, '.');
  size_t length = dot == NULL || strcmp(dot, ".json") != 0 ? strlen(start) : (size_t)(dot - start);
  snprintf(name, size, "%.*s", (int)RS_MIN(length, (size_t)63), start);
}

rs_status rs_model_parse(const char *file, const char *text, size_t length, rs_model *model,
                         rs_diag *diag) {
  json_error_t error;
  rs_diag unused;
  if (diag == NULL) diag = &unused;
  *model = (rs_model){0};
  name_from_file(file, model->name, sizeof model->name);
  json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "not JSON: %s", error.text);
    rs_diag_at(diag, file, RS_MAX(error.line, 1), RS_MAX(error.column, 1));
    return RS_E_INPUT;
  }
  source s = {file, text, length, root, diag};
  rs_status status;
  if (json_is_object(root)) {
    status = read_shape(&s, model);
  } else {
    status = rs_diag_set(diag, RS_E_INPUT, "a config.json is an object");
    rs_diag_at(diag, file, 1, 1);
  }
  json_decref(root);
  return status;
}

/* ---- counting ---- */

static bool add_product(int64_t a, int64_t b, int64_t *sum) {
  int64_t product;
  return rs_mul_i64(a, b, &product) && rs_add_i64(*sum, product, sum);
}

/* Weights of one layer, with GPT-2's biases where the model has them. */
static bool count_layer(const rs_model *m, rs_model_count *count) {
  int64_t q, kv;
  int64_t biases = m->biases ? 1 : 0;
  if (!rs_mul_i64(m->heads, m->head_dim, &q) || !rs_mul_i64(m->kv_heads, m->head_dim, &kv)) {
    return false;
  }
  int64_t attention = 0;
  int64_t mlp = 0;
  int64_t norms = 0;
  bool good = add_product(m->hidden + biases, q, &attention) &&
              add_product(m->hidden + biases, 2 * kv, &attention) &&
              add_product(q + biases, m->hidden, &attention) &&
              add_product(m->hidden + biases, m->gated_mlp ? 2 * m->ffn : m->ffn, &mlp) &&
              add_product(m->ffn + biases, m->hidden, &mlp) &&
              add_product(2 + 2 * biases, m->hidden, &norms);
  count->layer_attention = attention;
  count->layer_mlp = mlp;
  return good && rs_add_i64(attention, mlp, &count->layer) &&
         rs_add_i64(count->layer, norms, &count->layer);
}

rs_status rs_model_count_parameters(const rs_model *m, rs_model_count *count, rs_diag *diag) {
  *count = (rs_model_count){0};
  bool good = count_layer(m, count) && add_product(m->vocab, m->hidden, &count->embedding) &&
              add_product(m->positions, m->hidden, &count->embedding);
  if (good && !m->tied_embedding) good = add_product(m->vocab, m->hidden, &count->head);
  good = good && add_product(m->layers, count->layer, &count->total) &&
         rs_add_i64(count->total, count->embedding, &count->total) &&
         rs_add_i64(count->total, count->head, &count->total) &&
         rs_add_i64(count->total, m->biases ? 2 * m->hidden : m->hidden, &count->total);
  if (good) return RS_OK;
  return rs_diag_set(diag, RS_E_OVERFLOW, "model %s has more than 2^63 parameters", m->name);
}

rs_status rs_model_kv_bytes(const rs_model *m, int64_t context, int64_t bytes_per_number,
                            int64_t *bytes, rs_diag *diag) {
  int64_t a, b;
  if (rs_mul_i64(2 * m->layers, m->kv_heads * m->head_dim, &a) && rs_mul_i64(a, context, &b) &&
      rs_mul_i64(b, bytes_per_number, bytes)) {
    return RS_OK;
  }
  return rs_diag_set(diag, RS_E_OVERFLOW, "the cache of %lld positions is beyond 2^63 bytes",
                     (long long)context);
}

rs_status rs_model_transfer_bytes(const rs_model *m, int64_t batch, int64_t bytes_per_number,
                                  int64_t hops, int64_t tokens, int64_t *bytes, rs_diag *diag) {
  int64_t a, b;
  if (rs_mul_i64(m->hidden * bytes_per_number, batch, &a) && rs_mul_i64(a, hops, &b) &&
      rs_mul_i64(b, tokens, bytes)) {
    return RS_OK;
  }
  return rs_diag_set(diag, RS_E_OVERFLOW, "the transfers of %lld tokens are beyond 2^63 bytes",
                     (long long)tokens);
}

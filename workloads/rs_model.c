/*
 * Reading a config.json into a shape, and counting its parameters.
 *
 * jansson reads the text; it knows places for faults of syntax only, so the place of a bad value is
 * looked up in the text again (rs_json_place.h). Keys that the shape does not need are ignored, as
 * they are many and differ from release to release; those that it needs are checked strictly.
 */
#include "rs_model.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "rs_json_place.h"
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
  rs_json_place(s->text, s->length, &key, 1, &line, &column);
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
  /* a mixture of experts is one letter away from a model that it is not */
  if (strncmp(word, "mixtral", 7) != 0 && strncmp(word, "Mixtral", 7) != 0) {
    rs_diag_suggest(s->diag, rs_nearest_word(word, names, RS_COUNT_OF(names)));
  }
  return refuse_key(s, key);
}

/* NULL when the key is absent, null, or (architectures) an empty list. */
static rs_status read_type_word(const source *s, const char *key, const char **word) {
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
  return refuse_key(s, key);
}

static rs_status find_type(const source *s, const model_type **type) {
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
  rs_diag_expect(s->diag, "llama, mistral or gpt2 (or 'architectures')");
  return refuse_key(s, "model_type");
}

/* ---- the shape ---- */

/* Keys are named as the text spells them. */
static rs_status refuse_division(const source *s, const char *key, const char *other, int64_t value,
                                 const char *by_key, const char *by_other, int64_t by) {
  find_key(s, key, other, &key);
  find_key(s, by_key, by_other, &by_key);
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld, which %s = %lld does not divide", key,
              (long long)value, by_key, (long long)by);
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
    return refuse_division(s, "num_attention_heads", "n_head", m->heads, "num_key_value_heads",
                           NULL, m->kv_heads);
  }
  if (m->head_dim > 0) return RS_OK;
  if (m->hidden % m->heads != 0) {
    return refuse_division(s, "hidden_size", "n_embd", m->hidden, "num_attention_heads", "n_head",
                           m->heads);
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
  if (status == RS_OK) {
    int64_t otherwise = type->learned_positions ? -1 : 0;
    status = read_size(s, "max_position_embeddings", "n_positions", otherwise, &m->positions);
  }
  if (status == RS_OK) {
    status = read_flag(s, "tie_word_embeddings", type->tied_default, &m->tied_embedding);
  }
  if (status != RS_OK) return status;
  if (!type->learned_positions) m->positions = 0; /* rotary: a limit of use, not a table */
  m->gated_mlp = type->gated_mlp;
  m->biases = type->biases;
  return RS_OK;
}

/* ---- the name ---- */

static bool ends_with(const char *text, size_t length, const char *ending) {
  size_t cut = strlen(ending);
  return length > cut && memcmp(text + length - cut, ending, cut) == 0;
}

/* What the text calls itself, "meta-llama/Llama-2-70b-hf" → "Llama-2-70b-hf"; or else
 * "path/to/name.json" → "name", "path/to/name/config.json" → "name". A name goes into tables and
 * files, so what the text says is taken only if it is plain letters. */
static void find_name(const source *s, char *name, size_t size) {
  const char *path = json_string_value(json_object_get(s->root, "_name_or_path"));
  size_t length = path == NULL ? 0 : strlen(path);
  bool plain = length > 0 && path[length - 1] != '/';
  for (size_t i = 0; plain && i < length; i++) plain = path[i] > ' ' && path[i] < 0x7f;
  if (!plain) {
    path = s->file;
    length = strlen(path);
    if (ends_with(path, length, "/config.json")) {
      length -= strlen("/config.json");
    } else if (ends_with(path, length, ".json")) {
      length -= strlen(".json");
    }
  }
  size_t start = length;
  while (start > 0 && path[start - 1] != '/') start--;
  snprintf(name, size, "%.*s", (int)RS_MIN(length - start, size - 1), path + start);
}

rs_status rs_model_parse(const char *file, const char *text, size_t length, rs_model *model,
                         rs_diag *diag) {
  json_error_t error;
  rs_diag unused;
  if (diag == NULL) diag = &unused;
  *model = (rs_model){0};
  json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "not JSON: %s", error.text);
    rs_diag_at(diag, file, RS_MAX(error.line, 1), RS_MAX(error.column, 1));
    return RS_E_INPUT;
  }
  source s = {file, text, length, root, diag};
  rs_status status;
  if (json_is_object(root)) {
    find_name(&s, model->name, sizeof model->name);
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
  int64_t q, kv, attention = 0, mlp = 0, norms = 0;
  int64_t bias = m->biases ? 1 : 0;
  bool good = rs_mul_i64(m->heads, m->head_dim, &q) && rs_mul_i64(m->kv_heads, m->head_dim, &kv) &&
              add_product(m->hidden + bias, q, &attention) &&
              add_product(m->hidden + bias, kv, &attention) &&
              add_product(m->hidden + bias, kv, &attention) &&
              add_product(q + bias, m->hidden, &attention) &&
              add_product(m->hidden + bias, m->gated_mlp ? 2 * m->ffn : m->ffn, &mlp) &&
              add_product(m->ffn + bias, m->hidden, &mlp) &&
              add_product(2 + 2 * bias, m->hidden, &norms);
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
  const int64_t factors[] = {2, m->layers, m->kv_heads, m->head_dim, context, bytes_per_number};
  return multiply(factors, RS_COUNT_OF(factors), "the cache of a sequence", bytes, diag);
}

rs_status rs_model_transfer_bytes(const rs_model *m, int64_t batch, int64_t bytes_per_number,
                                  int64_t hops, int64_t tokens, int64_t *bytes, rs_diag *diag) {
  const int64_t factors[] = {m->hidden, batch, bytes_per_number, hops, tokens};
  return multiply(factors, RS_COUNT_OF(factors), "what crosses chips", bytes, diag);
}

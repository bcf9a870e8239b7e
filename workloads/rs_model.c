/*
 * Reading a config.json: its text, its keys, its name. Which keys a type of model needs is
 * rs_model_shape.c's.
 *
 * jansson reads the text; it knows places for faults of syntax only, so the place of a bad value is
 * looked up in the text again (rs_json_place.h). Keys that the shape does not need are ignored, as
 * they are many and differ from release to release; those that it needs are checked strictly.
 */
#include <stdio.h>
#include <string.h>

#include "rs__model_keys.h"
#include "rs_json_place.h"

rs_status rs__model_refuse_key(const rs__source *s, const char *key) {
  int line, column;
  rs_json_place(s->text, s->length, &key, 1, &line, &column);
  rs_diag_at(s->diag, s->file, line, column);
  return RS_E_INPUT;
}

/* ---- keys ---- */

static const json_t *get(const rs__source *s, const char *key) {
  const json_t *value = key == NULL ? NULL : json_object_get(s->root, key);
  return json_is_null(value) ? NULL : value;
}

const json_t *rs__model_find_key(const rs__source *s, const char *key, const char *other,
                                 const char **found) {
  const json_t *value = get(s, key);
  *found = key;
  if (value != NULL) return value;
  value = get(s, other);
  if (value != NULL) *found = other;
  return value;
}

static rs_status refuse_absent(const rs__source *s, const char *key, const char *other) {
  rs_diag_set(s->diag, RS_E_INPUT, "the key '%s' is missing", key);
  rs_diag_expect(s->diag, other == NULL ? "a whole number" : "a whole number ('%s' would do too)",
                 other);
  return rs__model_refuse_key(s, key);
}

rs_status rs__model_read_size(const rs__source *s, const char *key, const char *other,
                              int64_t otherwise, int64_t most, int64_t *size) {
  const char *found;
  const json_t *value = rs__model_find_key(s, key, other, &found);
  if (value == NULL) {
    *size = otherwise;
    return otherwise >= 0 ? RS_OK : refuse_absent(s, key, other);
  }
  if (json_is_integer(value)) {
    *size = json_integer_value(value);
    if (*size >= 1 && *size <= most) return RS_OK;
    rs_diag_set(s->diag, RS_E_INPUT, "'%s' is %lld", found, (long long)*size);
  } else {
    rs_diag_set(s->diag, RS_E_INPUT, "'%s' is not a whole number", found);
  }
  rs_diag_expect(s->diag, "a size from 1 to %lld", (long long)most);
  return rs__model_refuse_key(s, found);
}

rs_status rs__model_read_flag(const rs__source *s, const char *key, bool otherwise, bool *flag) {
  const json_t *value = get(s, key);
  *flag = otherwise;
  if (value == NULL) return RS_OK;
  *flag = json_is_true(value);
  if (json_is_boolean(value)) return RS_OK;
  rs_diag_set(s->diag, RS_E_INPUT, "'%s' is neither true nor false", key);
  rs_diag_expect(s->diag, "true or false");
  return rs__model_refuse_key(s, key);
}

/* ---- the name ---- */

static bool ends_with(const char *text, size_t length, const char *ending) {
  size_t cut = strlen(ending);
  return length > cut && memcmp(text + length - cut, ending, cut) == 0;
}

/* What the text calls itself, "meta-llama/Llama-2-70b-hf" → "Llama-2-70b-hf"; or else
 * "path/to/name.json" → "name", "path/to/name/config.json" → "name". A name goes into tables and
 * files, so what the text says is taken only if it is plain letters. */
static void find_name(const rs__source *s, char *name, size_t size) {
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
  rs__source s = {file, text, length, root, diag};
  rs_status status;
  if (json_is_object(root)) {
    find_name(&s, model->name, sizeof model->name);
    status = rs__model_read_shape(&s, model);
  } else {
    status = rs_diag_set(diag, RS_E_INPUT, "a config.json is an object");
    rs_diag_at(diag, file, 1, 1);
  }
  json_decref(root);
  return status;
}

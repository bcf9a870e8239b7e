/*
 * Reading a chip's file. jansson reads the text; which keys there are, their units and bounds is the
 * table of rs_chip_keys.c. jansson knows places for faults of syntax only, so the place of a bad value
 * is looked up in the text again.
 */
#include "rs_chip_file.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "rs__chip.h"
#include "rs_json_place.h"
#include "rs_text.h"

#define KEYS_MOST 128
#define NAME_BYTES (sizeof((rs_timing *)0)->name)

typedef struct reader {
  rs_arena *arena;
  const char *file;
  const char *text;
  size_t length;
  json_t *root;
  rs_chip *chip;
  rs_diag *diag;
} reader;

/* Puts the place of a key, or of a key in a key, at the diagnostic that was made. */
static rs_status refuse_at(const reader *r, const char *key, const char *inner) {
  const char *path[] = {key, inner};
  int line, column;
  rs_json_place(r->text, r->length, path,
                key == NULL     ? 0U
                : inner == NULL ? 1U
                                : 2U,
                &line, &column);
  rs_diag_at(r->diag, r->file, line, column);
  return RS_E_INPUT;
}

/* ---- texts ---- */

static bool is_plain_name(const char *name) {
  size_t length = strlen(name);
  for (size_t i = 0; i < length; i++) {
    bool is_letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');
    bool is_digit = name[i] >= '0' && name[i] <= '9';
    if (!is_letter && !is_digit && (i == 0 || strchr("._-+", name[i]) == NULL)) return false;
  }
  return length > 0 && length < NAME_BYTES;
}

static bool is_one_line(const char *text) {
  for (; *text != '\0'; text++) {
    if ((unsigned char)*text < ' ' || *text == 0x7f) return false;
  }
  return true;
}

/* A text of one line that is there, copied into the arena. */
static rs_status read_line(const reader *r, const json_t *object, const char *key,
                           const char *inner, const char *expected, const char **line) {
  const char *name = inner == NULL ? key : inner;
  const json_t *value = json_object_get(object, name);
  const char *text = json_string_value(value);
  if (text == NULL || text[0] == '\0' || !is_one_line(text)) {
    rs_diag_set(
        r->diag, RS_E_INPUT,
        value == NULL ? "the key '%s' is missing%s%s%s" : "'%s'%s%s%s is not a line of text", name,
        inner == NULL ? "" : " in '", inner == NULL ? "" : key, inner == NULL ? "" : "'");
    rs_diag_expect(r->diag, "%s", expected);
    return refuse_at(r, key, inner);
  }
  *line = rs_arena_strdup(r->arena, text);
  return *line == NULL ? rs_arena_failed(r->arena, r->diag) : RS_OK;
}

static rs_status read_head(const reader *r) {
  const char *name, *kind;
  rs_status status = read_line(r, r->root, "name", NULL, "such as \"groqchip1\"", &name);
  if (status == RS_OK && !is_plain_name(name)) {
    rs_diag_set(r->diag, RS_E_INPUT, "'name' is '%.60s'", name);
    rs_diag_expect(r->diag, "at most %d letters, digits, and . _ - + behind the first",
                   (int)NAME_BYTES - 1);
    return refuse_at(r, "name", NULL);
  }
  if (status == RS_OK) status = read_line(r, r->root, "kind", NULL, "\"lpu\" or \"gpu\"", &kind);
  if (status == RS_OK && !rs_chip_kind_parse(kind, &r->chip->kind)) {
    static const char *const kinds[] = {"lpu", "gpu"};
    rs_diag_set(r->diag, RS_E_INPUT, "unknown kind of chip '%.60s'", kind);
    rs_diag_expect(r->diag, "\"lpu\" or \"gpu\"");
    rs_diag_suggest(r->diag, rs_nearest_word(kind, kinds, RS_COUNT_OF(kinds)));
    return refuse_at(r, "kind", NULL);
  }
  if (status == RS_OK) {
    status = read_line(r, r->root, "summary", NULL, "one line for lists", &r->chip->summary);
  }
  if (status != RS_OK) return status;
  r->chip->name = name;
  snprintf(r->chip->timing.name, NAME_BYTES, "%s", name);
  return RS_OK;
}

/* ---- keys ---- */

static const rs__chip_key *find_key(const char *name, rs_chip_kind kind) {
  size_t count;
  const rs__chip_key *keys = rs__chip_keys(&count);
  for (size_t i = 0; i < count; i++) {
    if (rs__chip_key_of(&keys[i], kind) && strcmp(keys[i].name, name) == 0) return &keys[i];
  }
  return NULL;
}

static rs_status refuse_key(const reader *r, const char *name) {
  size_t count, known = 0;
  const rs__chip_key *keys = rs__chip_keys(&count);
  const char *names[KEYS_MOST] = {"name", "kind", "summary", "references"};
  known = 4;
  for (size_t i = 0; i < count && known < KEYS_MOST; i++) {
    if (rs__chip_key_of(&keys[i], r->chip->kind)) names[known++] = keys[i].name;
  }
  rs_diag_set(r->diag, RS_E_INPUT, "a chip of kind %s has no key '%.60s'",
              rs_chip_kind_word(r->chip->kind), name);
  rs_diag_expect(r->diag, "a key of 'realscale list chips NAME'");
  rs_diag_suggest(r->diag, rs_nearest_word(name, names, known));
  return refuse_at(r, name, NULL);
}

static rs_status refuse_references(const reader *r) {
  rs_diag_set(r->diag, RS_E_INPUT, "'references' is not an object of lines of text");
  rs_diag_expect(r->diag, "such as {\"TSP\": \"Abts et al., ISCA 2020\"}");
  return refuse_at(r, "references", NULL);
}

static rs_status read_references(const reader *r, rs_chip_file *result) {
  json_t *object = json_object_get(r->root, "references");
  const char *name;
  json_t *value;
  if (object == NULL) return RS_OK;
  if (!json_is_object(object)) return refuse_references(r);
  rs_chip_reference *list = RS_ARENA_NEW(r->arena, rs_chip_reference, json_object_size(object));
  if (list == NULL) return rs_arena_failed(r->arena, r->diag);
  json_object_foreach(object, name, value) {
    const char *text = json_string_value(value);
    if (text == NULL || !is_one_line(text) || !is_one_line(name)) return refuse_references(r);
    rs_chip_reference *reference = &list[result->reference_count++];
    reference->name = rs_arena_strdup(r->arena, name);
    reference->text = rs_arena_strdup(r->arena, text);
    if (reference->name == NULL || reference->text == NULL) {
      return rs_arena_failed(r->arena, r->diag);
    }
  }
  result->references = list;
  return RS_OK;
}

static rs_status check_keys(const reader *r) {
  static const char *const heads[] = {"name", "kind", "summary", "references"};
  void *at = json_object_iter(r->root);
  for (; at != NULL; at = json_object_iter_next(r->root, at)) {
    const char *name = json_object_iter_key(at);
    bool known = find_key(name, r->chip->kind) != NULL;
    for (size_t i = 0; i < RS_COUNT_OF(heads); i++) known |= strcmp(name, heads[i]) == 0;
    if (!known) return refuse_key(r, name);
  }
  return RS_OK;
}

/* ---- numbers ---- */

/* Keys of a number that nobody knows would be a typing error that loses a source. */
static rs_status check_inner_keys(const reader *r, const char *key, json_t *number) {
  static const char *const inner[] = {"value", "confidence", "source", "range"};
  const char *name;
  json_t *value;
  json_object_foreach(number, name, value) {
    bool known = false;
    for (size_t i = 0; i < RS_COUNT_OF(inner); i++) known |= strcmp(name, inner[i]) == 0;
    if (known) continue;
    rs_diag_set(r->diag, RS_E_INPUT, "'%s' has no key '%.60s'", key, name);
    rs_diag_expect(r->diag, "value, confidence, source or range");
    rs_diag_suggest(r->diag, rs_nearest_word(name, inner, RS_COUNT_OF(inner)));
    return refuse_at(r, key, name);
  }
  return RS_OK;
}

static rs_status read_confidence(const reader *r, const char *key, const json_t *number,
                                 const char **confidence) {
  static const char *const words[] = {"P", "P2", "S", "W", "I", "F", "A"};
  static const char expected[] = "P, P2, S, W, I, F or A";
  rs_status status = read_line(r, number, key, "confidence", expected, confidence);
  if (status != RS_OK) return status;
  for (size_t i = 0; i < RS_COUNT_OF(words); i++) {
    if (strcmp(words[i], *confidence) == 0) return RS_OK;
  }
  rs_diag_set(r->diag, RS_E_INPUT, "'%s': unknown confidence '%.60s'", key, *confidence);
  rs_diag_expect(r->diag, "%s", expected);
  return refuse_at(r, key, "confidence");
}

static rs_status read_value(const reader *r, const rs__chip_key *key, const json_t *value,
                            const char **written) {
  if (json_is_integer(value) && key->unit == RS__CHIP_COUNT) {
    int64_t whole = json_integer_value(value);
    rs__chip_set_i64(r->chip, key, whole);
    *written = rs_arena_printf(r->arena, "%lld", (long long)whole);
    return *written == NULL ? rs_arena_failed(r->arena, r->diag) : RS_OK;
  }
  const char *text = json_string_value(value);
  if (text == NULL || key->unit == RS__CHIP_COUNT) {
    rs_diag_set(r->diag, RS_E_INPUT, value == NULL ? "'%s' has no value" : "'%s' is not %s",
                key->name, rs__chip_unit_describe(key->unit));
    rs_diag_expect(r->diag, key->unit == RS__CHIP_COUNT ? "%s" : "%s, in quotes",
                   rs__chip_unit_describe(key->unit));
    return refuse_at(r, key->name, "value");
  }
  if (rs__chip_set_text(r->chip, key, text, r->diag) != RS_OK) {
    return refuse_at(r, key->name, "value");
  }
  *written = rs_arena_strdup(r->arena, text);
  return *written == NULL ? rs_arena_failed(r->arena, r->diag) : RS_OK;
}

static rs_status read_number(const reader *r, const rs__chip_key *key, json_t *number,
                             rs_chip_note *note) {
  *note = (rs_chip_note){.key = key->name, .range = ""};
  if (!json_is_object(number)) {
    rs_diag_set(r->diag, RS_E_INPUT, "'%s' is not an object", key->name);
    rs_diag_expect(r->diag, "{\"value\": …, \"confidence\": …, \"source\": …}");
    return refuse_at(r, key->name, NULL);
  }
  rs_status status = check_inner_keys(r, key->name, number);
  if (status == RS_OK) {
    status = read_value(r, key, json_object_get(number, "value"), &note->value);
  }
  if (status == RS_OK && rs__chip_check_key(r->chip, key, r->diag) != RS_OK) {
    return refuse_at(r, key->name, "value");
  }
  if (status == RS_OK) status = read_confidence(r, key->name, number, &note->confidence);
  if (status == RS_OK) {
    status =
        read_line(r, number, key->name, "source", "where the number comes from", &note->source);
  }
  if (status == RS_OK && json_object_get(number, "range") != NULL) {
    status = read_line(r, number, key->name, "range", "such as \"3 … 8\"", &note->range);
  }
  return status;
}

static rs_status read_numbers(const reader *r, rs_chip_file *result) {
  size_t count;
  const rs__chip_key *keys = rs__chip_keys(&count);
  rs_chip_note *notes = RS_ARENA_NEW(r->arena, rs_chip_note, count);
  if (notes == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < count; i++) {
    if (!rs__chip_key_of(&keys[i], r->chip->kind)) continue;
    json_t *number = json_object_get(r->root, keys[i].name);
    if (number == NULL && keys[i].optional) continue;
    if (number == NULL) {
      rs_diag_set(r->diag, RS_E_INPUT, "the key '%s' is missing", keys[i].name);
      rs_diag_expect(r->diag, "%s", rs__chip_unit_describe(keys[i].unit));
      return refuse_at(r, NULL, NULL);
    }
    rs_status status = read_number(r, &keys[i], number, &notes[result->note_count++]);
    if (status != RS_OK) return status;
  }
  result->notes = notes;
  return RS_OK;
}

static rs_status read_chip(const reader *r, rs_chip_file *result) {
  if (!json_is_object(r->root)) {
    rs_diag_set(r->diag, RS_E_INPUT, "a chip is an object");
    return refuse_at(r, NULL, NULL);
  }
  rs_status status = read_head(r);
  if (status == RS_OK) status = check_keys(r);
  if (status == RS_OK) status = read_references(r, result);
  if (status == RS_OK) status = read_numbers(r, result);
  if (status == RS_OK && rs_chip_check(r->chip, r->diag) != RS_OK) {
    return refuse_at(r, NULL, NULL);
  }
  return status;
}

rs_status rs_chip_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                        rs_chip_file *result, rs_diag *diag) {
  json_error_t error;
  rs_diag unused;
  if (diag == NULL) diag = &unused;
  *result = (rs_chip_file){0};
  json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "not JSON: %s", error.text);
    rs_diag_at(diag, file, RS_MAX(error.line, 1), RS_MAX(error.column, 1));
    return RS_E_INPUT;
  }
  const reader r = {arena, file, text, length, root, &result->chip, diag};
  rs_status status = read_chip(&r, result);
  json_decref(root);
  return status;
}

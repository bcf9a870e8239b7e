/* The file of published results: a table of keys, as experiments have one. */
#include "rs_validation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs_text.h"
#include "rs_yaml.h"

static const char *const relations[] = {[RS_RELATION_EQUAL] = "equal",
                                        [RS_RELATION_AT_MOST] = "at_most",
                                        [RS_RELATION_AT_LEAST] = "at_least"};
static const char *const roles[] = {[RS_ROLE_CALIBRATION] = "calibration",
                                    [RS_ROLE_PREDICTION] = "prediction",
                                    [RS_ROLE_DEFINITION] = "definition"};

const char *rs_role_word(rs_role role) {
  return roles[role];
}

const char *rs_relation_word(rs_relation relation) {
  return relations[relation];
}

typedef enum key {
  KEY_NAME,
  KEY_GROUP,
  KEY_QUANTITY,
  KEY_SOURCE,
  KEY_CONFIDENCE,
  KEY_COMMAND,
  KEY_COLUMN,
  KEY_PUBLISHED,
  KEY_ROLE,
  KEY_RELATION,
  KEY_CAUSE,
  KEY_COUNT
} key;

#define KEYS_NEEDED KEY_RELATION /* those before it */

static const char *const key_words[KEY_COUNT] = {"name",       "group",    "quantity", "source",
                                                 "confidence", "command",  "column",   "published",
                                                 "role",       "relation", "cause"};

typedef struct reader {
  rs_arena *arena;
  const char *file;
  rs_diag *diag;
} reader;

static rs_status fault(const reader *r, int line, int column, const char *expected,
                       const char *suggestion) {
  if (expected != NULL) rs_diag_expect(r->diag, "%s", expected);
  rs_diag_suggest(r->diag, suggestion);
  rs_diag_at(r->diag, r->file, line, column);
  return RS_E_INPUT;
}

static rs_status read_word(const reader *r, const rs_yaml_node *value, const char *const *words,
                           size_t word_count, int *index) {
  for (size_t i = 0; i < word_count; i++) {
    if (strcmp(words[i], value->text) != 0) continue;
    *index = (int)i;
    return RS_OK;
  }
  rs_diag_set(r->diag, RS_E_INPUT, "unknown word '%.60s'", value->text);
  return fault(r, value->line, value->column, word_count == 3 ? words[0] : NULL,
               rs_nearest_word(value->text, words, word_count));
}

static rs_status read_number(const reader *r, const rs_yaml_node *value, double *number) {
  char *end;
  *number = strtod(value->text, &end);
  if (value->text[0] != '\0' && *end == '\0' && isfinite(*number) && *number > 0) return RS_OK;
  rs_diag_set(r->diag, RS_E_INPUT, "published: '%.60s' is not a number above 0", value->text);
  return fault(r, value->line, value->column, "a number such as 670 or 2.1e-6", NULL);
}

static rs_status read_value(const reader *r, key k, const rs_yaml_node *value,
                            rs_validation_row *row) {
  const char **texts[] = {[KEY_NAME] = &row->name,
                          [KEY_GROUP] = &row->group,
                          [KEY_QUANTITY] = &row->quantity,
                          [KEY_SOURCE] = &row->source,
                          [KEY_CONFIDENCE] = &row->confidence,
                          [KEY_COMMAND] = &row->command,
                          [KEY_COLUMN] = &row->column,
                          [KEY_CAUSE] = &row->cause};
  int index = 0;
  rs_status status = RS_OK;
  if (value->kind != RS_YAML_SCALAR || value->text[0] == '\0') {
    rs_diag_set(r->diag, RS_E_INPUT, "%s has no text", key_words[k]);
    return fault(r, value->line, value->column, "a text", NULL);
  }
  switch (k) {
    case KEY_PUBLISHED:
      return read_number(r, value, &row->published);
    case KEY_ROLE:
      status = read_word(r, value, roles, RS_COUNT_OF(roles), &index);
      row->role = (rs_role)index;
      return status;
    case KEY_RELATION:
      status = read_word(r, value, relations, RS_COUNT_OF(relations), &index);
      row->relation = (rs_relation)index;
      return status;
    default:
      *texts[k] = value->text;
      return RS_OK;
  }
}

static rs_status read_row(const reader *r, const rs_yaml_node *node, rs_validation_row *row) {
  bool seen[KEY_COUNT] = {0};
  row->line = node->line;
  if (node->kind != RS_YAML_MAPPING) {
    rs_diag_set(r->diag, RS_E_INPUT, "a row is not a mapping");
    return fault(r, node->line, node->column, "keys such as name, published and command", NULL);
  }
  for (size_t i = 0; i < node->item_count; i++) {
    const rs_yaml_item *item = &node->items[i];
    size_t k = 0;
    while (k < KEY_COUNT && strcmp(key_words[k], item->key) != 0) k++;
    if (k == KEY_COUNT) {
      rs_diag_set(r->diag, RS_E_INPUT, "unknown key '%.60s'", item->key);
      return fault(r, item->line, item->column, "a key of a row",
                   rs_nearest_word(item->key, key_words, KEY_COUNT));
    }
    rs_status status = read_value(r, (key)k, item->value, row);
    if (status != RS_OK) return status;
    seen[k] = true;
  }
  for (size_t k = 0; k < KEYS_NEEDED; k++) {
    if (seen[k]) continue;
    rs_diag_set(r->diag, RS_E_INPUT, "the key '%s' is missing", key_words[k]);
    return fault(r, node->line, node->column, NULL, NULL);
  }
  return RS_OK;
}

static rs_status check_names(const reader *r, const rs_validation_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < i; k++) {
      if (strcmp(rows[i].name, rows[k].name) != 0) continue;
      rs_diag_set(r->diag, RS_E_INPUT, "the name '%.60s' is that of line %d too", rows[i].name,
                  rows[k].line);
      return fault(r, rows[i].line, 1, "a name for each row", NULL);
    }
  }
  return RS_OK;
}

rs_status rs_validation_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                              rs_validation_row **rows, size_t *count, rs_diag *diag) {
  reader r = {.arena = arena, .file = file, .diag = diag};
  const rs_yaml_node *root;
  rs_status status = rs_yaml_parse(arena, file, text, length, &root, diag);
  if (status != RS_OK) return status;
  bool is_list = root->item_count == 1 && strcmp(root->items[0].key, "rows") == 0 &&
                 root->items[0].value->kind == RS_YAML_LIST;
  if (!is_list) {
    rs_diag_set(diag, RS_E_INPUT, "this is no file of published results");
    return fault(&r, root->line, root->column, "one key, 'rows', with a list", NULL);
  }
  const rs_yaml_node *list = root->items[0].value;
  *count = list->item_count;
  *rows = RS_ARENA_NEW(arena, rs_validation_row, *count);
  if (*rows == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < *count && status == RS_OK; i++) {
    status = read_row(&r, list->items[i].value, &(*rows)[i]);
  }
  return status == RS_OK ? check_names(&r, *rows, *count) : status;
}

double rs_validation_error(const rs_validation_row *row, double ours) {
  double error = (ours - row->published) / row->published;
  if (row->relation == RS_RELATION_AT_MOST) return error > 0 ? error : 0;
  if (row->relation == RS_RELATION_AT_LEAST) return error < 0 ? error : 0;
  return error;
}

rs_status rs_validation_split(rs_arena *arena, const char *command, const char ***words,
                              size_t *count, rs_diag *diag) {
  size_t length = strlen(command), used = 0;
  char *text = rs_arena_alloc(arena, length + 1);
  *words = RS_ARENA_NEW(arena, const char *, length / 2 + 2);
  if (text == NULL || *words == NULL) return rs_arena_failed(arena, diag);
  *count = 0;
  for (const char *c = command; *c != '\0';) {
    bool is_quoted = false;
    if (*c == ' ') {
      c++;
      continue;
    }
    (*words)[(*count)++] = text + used;
    for (; *c != '\0' && (is_quoted || *c != ' '); c++) {
      if (*c == '\'') {
        is_quoted = !is_quoted;
      } else {
        text[used++] = *c;
      }
    }
    if (is_quoted) return rs_diag_set(diag, RS_E_INPUT, "a quote of the command stays open");
    text[used++] = '\0';
  }
  return RS_OK;
}

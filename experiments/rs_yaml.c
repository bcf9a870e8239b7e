/*
 * From libfyaml's document to our tree. libfyaml would print its own messages: its diagnostics are
 * collected instead, and the first becomes ours. The document is not resolved by the library, because
 * that expands a bomb before anybody can count; aliases are followed here, one by one.
 */
#include "rs_yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

typedef struct builder {
  rs_arena *arena;
  const char *file;
  rs_diag *diag;
  int node_count;
} builder;

static rs_status refuse(const builder *b, int line, int column, const char *what,
                        const char *expected) {
  rs_diag_set(b->diag, RS_E_INPUT, "%s", what);
  if (expected != NULL) rs_diag_expect(b->diag, "%s", expected);
  rs_diag_at(b->diag, b->file, line, column);
  return RS_E_INPUT;
}

/* ---- places ---- */

static void place_of_token(struct fy_token *token, int *line, int *column) {
  const struct fy_mark *mark = token == NULL ? NULL : fy_token_start_mark(token);
  if (mark == NULL) return;
  *line = mark->line + 1;
  *column = mark->column + 1;
}

/* A scalar's own token; a block's first child. What has neither keeps the place of its key. */
static void place_of(struct fy_node *node, int *line, int *column) {
  void *iterator = NULL;
  switch (fy_node_get_type(node)) {
    case FYNT_SCALAR:
      place_of_token(fy_node_get_scalar_token(node), line, column);
      return;
    case FYNT_SEQUENCE: {
      struct fy_node *item = fy_node_sequence_iterate(node, &iterator);
      if (item != NULL) place_of(item, line, column);
      return;
    }
    case FYNT_MAPPING: {
      struct fy_node_pair *pair = fy_node_mapping_iterate(node, &iterator);
      if (pair != NULL && fy_node_pair_key(pair) != NULL) {
        place_of(fy_node_pair_key(pair), line, column);
      }
      return;
    }
  }
}

/* ---- the tree ---- */

static rs_status build(builder *b, struct fy_node *node, int depth, int line, int column,
                       const rs_yaml_node **result);

static rs_status build_scalar(builder *b, struct fy_node *node, rs_yaml_node *ours) {
  size_t length = 0;
  const char *text = fy_node_get_scalar(node, &length);
  if (text == NULL) text = "";
  if (memchr(text, '\0', length) != NULL) {
    return refuse(b, ours->line, ours->column, "a NUL byte in a text", NULL);
  }
  ours->kind = RS_YAML_SCALAR;
  ours->text = rs_arena_strndup(b->arena, text, length);
  struct fy_token *token = fy_node_get_scalar_token(node);
  ours->is_quoted = token != NULL && fy_token_scalar_style(token) != FYSS_PLAIN;
  return ours->text == NULL ? rs_arena_failed(b->arena, b->diag) : RS_OK;
}

static rs_status build_list(builder *b, struct fy_node *node, int depth, rs_yaml_node *ours) {
  void *iterator = NULL;
  int count = fy_node_sequence_item_count(node);
  rs_yaml_item *items = RS_ARENA_NEW(b->arena, rs_yaml_item, (size_t)RS_MAX(count, 0));
  if (items == NULL) return rs_arena_failed(b->arena, b->diag);
  ours->kind = RS_YAML_LIST;
  ours->items = items;
  for (int i = 0; i < count; i++) {
    struct fy_node *item = fy_node_sequence_iterate(node, &iterator);
    if (item == NULL) break;
    rs_yaml_item *mine = &items[ours->item_count++];
    rs_status status = build(b, item, depth + 1, ours->line, ours->column, &mine->value);
    if (status != RS_OK) return status;
    mine->line = mine->value->line;
    mine->column = mine->value->column;
  }
  return RS_OK;
}

static rs_status read_key(builder *b, struct fy_node *key, rs_yaml_item *item) {
  size_t length = 0;
  const char *text = NULL;
  if (key != NULL) place_of(key, &item->line, &item->column);
  if (key != NULL && fy_node_is_scalar(key) && !fy_node_is_alias(key)) {
    text = fy_node_get_scalar(key, &length);
  }
  if (text == NULL || memchr(text, '\0', length) != NULL) {
    return refuse(b, item->line, item->column, "this key is not a plain word", "a word");
  }
  item->key = rs_arena_strndup(b->arena, text, length);
  if (item->key == NULL) return rs_arena_failed(b->arena, b->diag);
  if (strcmp(item->key, "<<") == 0) {
    return refuse(b, item->line, item->column, "merge keys ('<<') are not supported",
                  "the keys themselves");
  }
  return RS_OK;
}

static rs_status check_duplicate(const builder *b, const rs_yaml_item *items, size_t index) {
  char what[160];
  for (size_t i = 0; i < index; i++) {
    if (strcmp(items[i].key, items[index].key) != 0) continue;
    snprintf(what, sizeof what, "the key '%.80s' stands twice; first on line %d", items[i].key,
             items[i].line);
    return refuse(b, items[index].line, items[index].column, what, NULL);
  }
  return RS_OK;
}

static rs_status build_mapping(builder *b, struct fy_node *node, int depth, rs_yaml_node *ours) {
  void *iterator = NULL;
  int count = fy_node_mapping_item_count(node);
  if (count > 1000) return refuse(b, ours->line, ours->column, "more than 1,000 keys", NULL);
  rs_yaml_item *items = RS_ARENA_NEW(b->arena, rs_yaml_item, (size_t)RS_MAX(count, 0));
  if (items == NULL) return rs_arena_failed(b->arena, b->diag);
  ours->kind = RS_YAML_MAPPING;
  ours->items = items;
  for (int i = 0; i < count; i++) {
    struct fy_node_pair *pair = fy_node_mapping_iterate(node, &iterator);
    if (pair == NULL) break;
    rs_yaml_item *mine = &items[ours->item_count];
    *mine = (rs_yaml_item){.line = ours->line, .column = ours->column};
    rs_status status = read_key(b, fy_node_pair_key(pair), mine);
    if (status == RS_OK) status = check_duplicate(b, items, ours->item_count);
    if (status == RS_OK) {
      status =
          build(b, fy_node_pair_value(pair), depth + 1, mine->line, mine->column, &mine->value);
    }
    if (status != RS_OK) return status;
    ours->item_count++;
  }
  return RS_OK;
}

/* line and column: of what the node belongs to, for nodes that have no place of their own. */
static rs_status build(builder *b, struct fy_node *node, int depth, int line, int column,
                       const rs_yaml_node **result) {
  rs_yaml_node *ours = RS_ARENA_NEW(b->arena, rs_yaml_node, 1);
  if (ours == NULL) return rs_arena_failed(b->arena, b->diag);
  *result = ours;
  ours->line = line;
  ours->column = column;
  ours->text = "";
  if (node == NULL) return RS_OK; /* "key:" with nothing behind it: an empty scalar */
  if (!fy_node_is_alias(node)) place_of(node, &ours->line, &ours->column);
  if (depth > RS_YAML_DEPTH_MAX) {
    return refuse(b, ours->line, ours->column, "nested deeper than 32", NULL);
  }
  if (++b->node_count > RS_YAML_NODES_MAX) {
    return refuse(b, ours->line, ours->column,
                  "more than 100,000 values, counting what aliases repeat", NULL);
  }
  if (fy_node_is_alias(node)) {
    struct fy_node *target = fy_node_resolve_alias(node);
    if (target == NULL) return refuse(b, line, column, "this alias names no anchor", NULL);
    return build(b, target, depth + 1, line, column, result);
  }
  if (fy_node_is_scalar(node)) return build_scalar(b, node, ours);
  if (fy_node_is_sequence(node)) return build_list(b, node, depth, ours);
  return build_mapping(b, node, depth, ours);
}

/* ---- parsing ---- */

static void drop_output(struct fy_diag *diag, void *user, const char *bytes, size_t length) {
  (void)diag;
  (void)user;
  (void)bytes;
  (void)length;
}

static rs_status report_syntax(const builder *b, struct fy_diag *collected) {
  void *iterator = NULL;
  struct fy_diag_error *error = fy_diag_errors_iterate(collected, &iterator);
  if (error == NULL || error->msg == NULL) {
    return refuse(b, 1, 1, "the file is empty", "keys such as 'name: my-experiment'");
  }
  rs_diag_set(b->diag, RS_E_INPUT, "%s", error->msg);
  bool twice = strcmp(error->msg, "duplicate key") == 0;
  rs_diag_expect(b->diag, twice ? "every key once" : "YAML; look at the lines just above, too");
  rs_diag_at(b->diag, b->file, RS_MAX(error->line, 1), RS_MAX(error->column, 1));
  return RS_E_INPUT;
}

static rs_status check_bytes(const builder *b, const char *text, size_t length) {
  if (length > RS_YAML_BYTES_MAX) {
    rs_diag_set(b->diag, RS_E_LIMIT, "the file is larger than 16 MiB");
    rs_diag_at(b->diag, b->file, 0, 0);
    return RS_E_LIMIT;
  }
  int line = 1;
  int column = 1;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == 0 || (c < 0x20 && c != '\n' && c != '\r' && c != '\t')) {
      return refuse(b, line, column, "a control character", "text");
    }
    column++;
    if (c == '\n') {
      line++;
      column = 1;
    }
  }
  return RS_OK;
}

static rs_status parse_document(builder *b, const char *text, size_t length,
                                struct fy_diag *collected, const rs_yaml_node **root) {
  struct fy_parse_cfg config = {.search_path = "", .flags = FYPCF_QUIET, .diag = collected};
  struct fy_document *document = fy_document_build_from_string(&config, text, length);
  if (document == NULL) return report_syntax(b, collected);
  struct fy_node *top = fy_document_root(document);
  rs_status status;
  if (top == NULL) {
    status = refuse(b, 1, 1, "the file is empty", "keys such as 'name: my-experiment'");
  } else {
    status = build(b, top, 0, 1, 1, root);
  }
  fy_document_destroy(document);
  return status;
}

rs_status rs_yaml_parse_value(rs_arena *arena, const char *file, const char *text, size_t length,
                              const rs_yaml_node **value, rs_diag *diag) {
  builder b = {.arena = arena, .file = file, .diag = diag};
  struct fy_diag_cfg config;
  rs_status status = check_bytes(&b, text, length);
  if (status != RS_OK) return status;
  fy_diag_cfg_default(&config);
  config.fp = NULL;
  config.output_fn = drop_output;
  struct fy_diag *collected = fy_diag_create(&config);
  if (collected == NULL) return rs_arena_failed(arena, diag);
  fy_diag_set_collect_errors(collected, true);
  status = parse_document(&b, text, length, collected, value);
  fy_diag_destroy(collected);
  return status;
}

rs_status rs_yaml_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                        const rs_yaml_node **root, rs_diag *diag) {
  const rs_yaml_node *node;
  rs_status status = rs_yaml_parse_value(arena, file, text, length, &node, diag);
  if (status != RS_OK) return status;
  if (node->kind != RS_YAML_MAPPING) {
    rs_diag_set(diag, RS_E_INPUT, "this is no experiment");
    rs_diag_expect(diag, "keys such as 'name: my-experiment'");
    rs_diag_at(diag, file, node->line, node->column);
    return RS_E_INPUT;
  }
  *root = node;
  return RS_OK;
}

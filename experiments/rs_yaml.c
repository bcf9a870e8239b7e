/*
 * From libfyaml's events to our tree.
 *
 * Events rather than the library's document, because budgets can then stop the reading itself: the
 * document's check for duplicate keys takes a minute for 200,000 keys of one mapping, and resolving
 * aliases expands a bomb before anybody can count. An alias is a pointer to the node that it names,
 * which has to be complete by then; what it would repeat is counted against the budget. libfyaml
 * would print its own messages: its diagnostics are collected instead, and the first becomes ours.
 */
#include "rs_yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#define KEYS_MAX 1000
#define ANCHORS_MAX 1000

typedef struct anchor {
  const char *name;
  const rs_yaml_node *node;
  int node_count; /* of the tree below it, itself included */
  int height;
  struct anchor *next;
} anchor;

typedef struct builder {
  rs_arena *arena;
  const char *file;
  rs_diag *diag;
  struct fy_diag *collected;
  struct fy_parser *parser;
  int node_count;
  int deepest; /* of what was built since it was last set */
  anchor *anchors;
  int anchor_count;
} builder;

static rs_status refuse(const builder *b, int line, int column, const char *what,
                        const char *expected) {
  rs_diag_set(b->diag, RS_E_INPUT, "%s", what);
  if (expected != NULL) rs_diag_expect(b->diag, "%s", expected);
  rs_diag_at(b->diag, b->file, line, column);
  return RS_E_INPUT;
}

/* ---- events ---- */

static rs_status report_syntax(const builder *b) {
  void *iterator = NULL;
  struct fy_diag_error *error = fy_diag_errors_iterate(b->collected, &iterator);
  const char *message = error == NULL || error->msg == NULL ? "this is not YAML" : error->msg;
  rs_diag_set(b->diag, RS_E_INPUT, "%s", message);
  rs_diag_at(b->diag, b->file, error == NULL ? 1 : RS_MAX(error->line, 1),
             error == NULL ? 1 : RS_MAX(error->column, 1));
  if (strstr(message, "multiline plain key") != NULL) { /* the next line is indented, or by a tab */
    rs_diag_expect(b->diag, "every key of a mapping in the same column, and spaces in front of it");
  }
  return RS_E_INPUT;
}

static rs_status next_event(const builder *b, struct fy_event **event) {
  *event = fy_parser_parse(b->parser);
  return *event == NULL ? report_syntax(b) : RS_OK;
}

static void free_event(const builder *b, struct fy_event *event) {
  fy_parser_event_free(b->parser, event);
}

static void place_of(struct fy_event *event, int *line, int *column) {
  const struct fy_mark *mark = fy_event_start_mark(event);
  if (mark == NULL) return; /* an empty value: it keeps the place of its key */
  *line = mark->line + 1;
  *column = mark->column + 1;
  /* Tokens of aliases and of quoted texts begin behind their mark. */
  struct fy_token *token = event->type == FYET_SCALAR ? fy_event_get_token(event) : NULL;
  enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
  bool is_quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
  if ((is_quoted || event->type == FYET_ALIAS) && *column > 1) (*column)--;
}

/* The arena's copy of a token; NULL when there is no memory. */
static const char *copy_token(const builder *b, struct fy_token *token, bool *has_nul) {
  size_t length = 0;
  const char *text = token == NULL ? "" : fy_token_get_text(token, &length);
  if (text == NULL) text = "";
  *has_nul = memchr(text, '\0', length) != NULL;
  return rs_arena_strndup(b->arena, text, length);
}

/* ---- anchors ---- */

static rs_status add_anchor(builder *b, const char *name, const rs_yaml_node *node, int node_count,
                            int height) {
  if (++b->anchor_count > ANCHORS_MAX) {
    return refuse(b, node->line, node->column, "more than 1,000 anchors", NULL);
  }
  anchor *entry = RS_ARENA_NEW(b->arena, anchor, 1);
  if (entry == NULL) return rs_arena_failed(b->arena, b->diag);
  *entry = (anchor){name, node, node_count, height, b->anchors};
  b->anchors = entry;
  return RS_OK;
}

static rs_status check_budget(const builder *b, int line, int column) {
  if (b->deepest > RS_YAML_DEPTH_MAX) {
    return refuse(b, line, column, "nested deeper than 32", NULL);
  }
  if (b->node_count > RS_YAML_NODES_MAX) {
    return refuse(b, line, column, "more than 100,000 values, counting what aliases repeat", NULL);
  }
  return RS_OK;
}

static rs_status follow_alias(builder *b, struct fy_event *event, int depth, int line, int column,
                              const rs_yaml_node **result) {
  bool has_nul;
  const char *name = copy_token(b, fy_event_get_token(event), &has_nul);
  if (name == NULL) return rs_arena_failed(b->arena, b->diag);
  for (const anchor *a = b->anchors; a != NULL; a = a->next) {
    if (strcmp(a->name, name) != 0) continue;
    *result = a->node;
    b->node_count += a->node_count;
    b->deepest = RS_MAX(b->deepest, depth + a->height);
    return check_budget(b, line, column);
  }
  char what[160];
  snprintf(what, sizeof what, "the alias '*%.80s' names no anchor that is complete before it",
           name);
  return refuse(b, line, column, what, NULL);
}

/* ---- the tree ---- */

static rs_status build(builder *b, struct fy_event *event, int depth, int line, int column,
                       const rs_yaml_node **result);

static rs_status build_scalar(builder *b, struct fy_event *event, rs_yaml_node *ours) {
  bool has_nul;
  struct fy_token *token = fy_event_get_token(event);
  ours->kind = RS_YAML_SCALAR;
  ours->text = copy_token(b, token, &has_nul);
  if (ours->text == NULL) return rs_arena_failed(b->arena, b->diag);
  if (has_nul) return refuse(b, ours->line, ours->column, "a NUL byte in a text", NULL);
  ours->is_quoted = token != NULL && fy_token_scalar_style(token) != FYSS_PLAIN;
  return RS_OK;
}

/* A place for one more item; items double, so that building is linear. */
static rs_yaml_item *add_item(builder *b, rs_yaml_node *ours, rs_yaml_item **items,
                              size_t *capacity) {
  if (ours->item_count == *capacity) {
    size_t larger = *capacity == 0 ? 8 : 2 * *capacity;
    rs_yaml_item *grown = RS_ARENA_NEW(b->arena, rs_yaml_item, larger);
    if (grown == NULL) return NULL;
    if (*capacity > 0) memcpy(grown, *items, ours->item_count * sizeof *grown);
    *items = grown;
    *capacity = larger;
    ours->items = grown;
  }
  rs_yaml_item *item = &(*items)[ours->item_count];
  *item = (rs_yaml_item){.line = ours->line, .column = ours->column};
  return item;
}

/* Takes the event. */
static rs_status read_key(builder *b, struct fy_event *event, rs_yaml_item *item) {
  bool has_nul = false;
  bool is_plain = event->type == FYET_SCALAR && fy_event_get_tag_token(event) == NULL &&
                  fy_event_get_anchor_token(event) == NULL;
  place_of(event, &item->line, &item->column);
  if (is_plain) item->key = copy_token(b, fy_event_get_token(event), &has_nul);
  free_event(b, event);
  if (!is_plain || has_nul) {
    return refuse(b, item->line, item->column, "this key is not a plain word", "a word");
  }
  if (item->key == NULL) return rs_arena_failed(b->arena, b->diag);
  if (strcmp(item->key, "<<") == 0) {
    return refuse(b, item->line, item->column, "merge keys ('<<') are not supported",
                  "the keys themselves");
  }
  return RS_OK;
}

static rs_status check_key(const builder *b, const rs_yaml_item *items, size_t index) {
  const rs_yaml_item *mine = &items[index];
  char what[160];
  if (index >= KEYS_MAX) return refuse(b, mine->line, mine->column, "more than 1,000 keys", NULL);
  for (size_t i = 0; i < index; i++) {
    if (strcmp(items[i].key, mine->key) != 0) continue;
    snprintf(what, sizeof what, "the key '%.80s' stands twice; first on line %d", mine->key,
             items[i].line);
    return refuse(b, mine->line, mine->column, what, NULL);
  }
  return RS_OK;
}

/* What stands before an item's value: a key in a mapping, nothing in a list. *event is the value's
 * first one then. */
static rs_status begin_item(builder *b, const rs_yaml_node *ours, const rs_yaml_item *items,
                            rs_yaml_item *item, struct fy_event **event) {
  if (ours->kind == RS_YAML_LIST) {
    place_of(*event, &item->line, &item->column);
    return RS_OK;
  }
  rs_status status = read_key(b, *event, item);
  if (status == RS_OK) status = check_key(b, items, ours->item_count);
  return status == RS_OK ? next_event(b, event) : status;
}

static rs_status build_items(builder *b, int depth, rs_yaml_node *ours) {
  rs_yaml_item *items = NULL;
  size_t capacity = 0;
  enum fy_event_type end = ours->kind == RS_YAML_LIST ? FYET_SEQUENCE_END : FYET_MAPPING_END;
  for (;;) {
    struct fy_event *event;
    rs_status status = next_event(b, &event);
    if (status != RS_OK) return status;
    if (event->type == end) {
      free_event(b, event);
      return RS_OK;
    }
    rs_yaml_item *item = add_item(b, ours, &items, &capacity);
    if (item == NULL) {
      free_event(b, event);
      return rs_arena_failed(b->arena, b->diag);
    }
    status = begin_item(b, ours, items, item, &event);
    if (status == RS_OK) {
      status = build(b, event, depth + 1, item->line, item->column, &item->value);
    }
    if (status != RS_OK) return status;
    ours->item_count++;
  }
}

/* A node that is no alias, from its first event on; takes the event. */
static rs_status build_node(builder *b, struct fy_event *event, int depth, rs_yaml_node *ours) {
  rs_status status = RS_OK;
  enum fy_event_type type = event->type;
  if (fy_event_get_tag_token(event) != NULL) {
    status = refuse(b, ours->line, ours->column, "tags ('!…') are not supported",
                    "the value without it");
  } else if (type == FYET_SCALAR) {
    status = build_scalar(b, event, ours);
  }
  free_event(b, event);
  if (status != RS_OK || type == FYET_SCALAR) return status;
  ours->kind = type == FYET_SEQUENCE_START ? RS_YAML_LIST : RS_YAML_MAPPING;
  return build_items(b, depth, ours);
}

/* line and column: of what the node belongs to, for nodes that have no place of their own. */
static rs_status build(builder *b, struct fy_event *event, int depth, int line, int column,
                       const rs_yaml_node **result) {
  bool has_nul;
  int count_before = b->node_count;
  int deepest_before = b->deepest;
  const char *name = NULL;
  if (event->type == FYET_ALIAS) {
    place_of(event, &line, &column);
    rs_status status = follow_alias(b, event, depth, line, column, result);
    free_event(b, event);
    return status;
  }
  rs_yaml_node *ours = RS_ARENA_NEW(b->arena, rs_yaml_node, 1);
  struct fy_token *token = fy_event_get_anchor_token(event);
  if (token != NULL) name = copy_token(b, token, &has_nul);
  if (ours == NULL || (token != NULL && name == NULL)) {
    free_event(b, event);
    return rs_arena_failed(b->arena, b->diag);
  }
  *result = ours;
  *ours = (rs_yaml_node){.line = line, .column = column, .text = ""};
  place_of(event, &ours->line, &ours->column);
  b->node_count++;
  b->deepest = depth;
  rs_status status = check_budget(b, ours->line, ours->column);
  if (status != RS_OK) {
    free_event(b, event);
    return status;
  }
  status = build_node(b, event, depth, ours);
  if (status == RS_OK && name != NULL) {
    status = add_anchor(b, name, ours, b->node_count - count_before, b->deepest - depth);
  }
  b->deepest = RS_MAX(b->deepest, deepest_before);
  return status;
}

/* ---- parsing ---- */

static void drop_output(struct fy_diag *diag, void *user, const char *bytes, size_t length) {
  (void)diag;
  (void)user;
  (void)bytes;
  (void)length;
}

/* Bytes of the UTF-8 sequence at `text` (RFC 3629, table of section 4), 0 when it is none. */
static size_t measure_letter(const unsigned char *text, size_t left) {
  size_t length = 1;
  if (text[0] >= 0x80) length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
  if (length > left || (length > 1 && text[0] < 0xc2) || text[0] > 0xf4) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  bool is_overlong = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xf0 && text[1] < 0x90);
  bool is_beyond = (text[0] == 0xed && text[1] >= 0xa0) || (text[0] == 0xf4 && text[1] >= 0x90);
  return is_overlong || is_beyond ? 0 : length;
}

static rs_status check_bytes(const builder *b, const char *text, size_t length) {
  if (length > RS_YAML_BYTES_MAX) {
    rs_diag_set(b->diag, RS_E_LIMIT, "the file is larger than 16 MiB");
    rs_diag_at(b->diag, b->file, 0, 0);
    return RS_E_LIMIT;
  }
  int line = 1;
  int column = 1;
  for (size_t i = 0; i < length;) {
    const unsigned char *letter = (const unsigned char *)text + i;
    size_t bytes = measure_letter(letter, length - i);
    if (bytes == 0) return refuse(b, line, column, "this is not UTF-8", "text");
    if (*letter < 0x20 && *letter != '\n' && *letter != '\r' && *letter != '\t') {
      return refuse(b, line, column, *letter == 0 ? "a NUL byte" : "a control character", "text");
    }
    column++;
    if (*letter == '\n') {
      line++;
      column = 1;
    }
    i += bytes;
  }
  return RS_OK;
}

/* Skips to the first event of the first document's content; there may be none. */
static rs_status open_document(builder *b, struct fy_event **event) {
  rs_status status = next_event(b, event); /* the stream's start */
  if (status != RS_OK) return status;
  free_event(b, *event);
  status = next_event(b, event);
  if (status != RS_OK) return status;
  enum fy_event_type type = (*event)->type;
  free_event(b, *event);
  if (type != FYET_DOCUMENT_START) {
    return refuse(b, 1, 1, "there is nothing in here", "keys such as 'name: my-experiment'");
  }
  return next_event(b, event);
}

static rs_status close_document(builder *b) {
  struct fy_event *event;
  rs_status status = next_event(b, &event); /* the document's end */
  if (status != RS_OK) return status;
  free_event(b, event);
  status = next_event(b, &event);
  if (status != RS_OK) return status;
  int line = 1;
  int column = 1;
  place_of(event, &line, &column);
  enum fy_event_type type = event->type;
  free_event(b, event);
  if (type == FYET_STREAM_END) return RS_OK;
  return refuse(b, line, column, "a second document", "one experiment a file");
}

static rs_status parse_document(builder *b, const char *text, size_t length,
                                const rs_yaml_node **root) {
  struct fy_event *event;
  if (fy_parser_set_string(b->parser, text, length) != 0) return report_syntax(b);
  rs_status status = open_document(b, &event);
  if (status == RS_OK) status = build(b, event, 0, 1, 1, root);
  return status == RS_OK ? close_document(b) : status;
}

rs_status rs_yaml_parse_value(rs_arena *arena, const char *file, const char *text, size_t length,
                              const rs_yaml_node **value, rs_diag *diag) {
  builder b = {.arena = arena, .file = file, .diag = diag};
  struct fy_diag_cfg diag_config;
  rs_status status = check_bytes(&b, text, length);
  if (status != RS_OK) return status;
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = NULL;
  diag_config.output_fn = drop_output;
  b.collected = fy_diag_create(&diag_config);
  if (b.collected == NULL) return rs_arena_failed(arena, diag);
  fy_diag_set_collect_errors(b.collected, true);
  struct fy_parse_cfg config = {.search_path = "", .flags = FYPCF_QUIET, .diag = b.collected};
  b.parser = fy_parser_create(&config);
  status =
      b.parser == NULL ? rs_arena_failed(arena, diag) : parse_document(&b, text, length, value);
  fy_parser_destroy(b.parser);
  fy_diag_destroy(b.collected);
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

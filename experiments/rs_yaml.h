/*
 * YAML as a plain tree with places: what the typed experiment is read from.
 *
 * The parser is libfyaml; the tree is ours, so that every node knows its line and column, and what
 * experiments do not use (merge keys, keys that are not plain, several documents, tags) is refused
 * where it stands. An alias shares the node of its anchor. Input of any bytes: at most 16 MiB, nesting
 * of at most 32 and 100,000 nodes, both counted as if aliases were written out, 1,000 keys a mapping.
 * Time and memory are linear in the bytes that are read before a bound is met. Memory is the arena's.
 */
#ifndef RS_YAML_H
#define RS_YAML_H

#include "rs_arena.h"
#include "rs_math.h"

#define RS_YAML_BYTES_MAX ((size_t)16 << 20)
#define RS_YAML_NODES_MAX 100000
#define RS_YAML_DEPTH_MAX 32

typedef enum rs_yaml_kind { RS_YAML_SCALAR, RS_YAML_LIST, RS_YAML_MAPPING } rs_yaml_kind;

typedef struct rs_yaml_node rs_yaml_node;

typedef struct rs_yaml_item {
  const char *key;  /* of a mapping; NULL in a list */
  int line, column; /* of the key, or of the list's item */
  const rs_yaml_node *value;
} rs_yaml_item;

struct rs_yaml_node {
  rs_yaml_kind kind;
  int line, column; /* from 1 */
  const char *text; /* of a scalar; "" for an empty one */
  bool is_quoted;
  const rs_yaml_item *items;
  size_t item_count;
};

/* *root is a mapping. RS_E_INPUT or RS_E_LIMIT with file, line and column. */
rs_status rs_yaml_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                        const rs_yaml_node **root, rs_diag *diag);

/* The same for a single value such as "[1, 4, 16]", of any kind. */
rs_status rs_yaml_parse_value(rs_arena *arena, const char *file, const char *text, size_t length,
                              const rs_yaml_node **value, rs_diag *diag);

#endif

/* Reading a results folder. A manifest is ours, but a person may have edited it: every part that is
 * needed is looked at, and parts that only tell a story may be missing. */
#include "rs_manifest.h"

#include <jansson.h>
#include <string.h>

#include "rs_cli.h"

#define RESULTS_BYTES_MAX ((size_t)1 << 30)

rs_status rs_manifest_read_results(rs_arena *arena, const rs_manifest *manifest, rs_table **table,
                                   rs_diag *diag) {
  char *text;
  size_t length;
  size_t count;
  rs_result *results;
  rs_task task = manifest->task;
  const char *path = rs_arena_printf(arena, "%s/results.csv", manifest->folder);
  if (path == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_file_read(arena, path, RESULTS_BYTES_MAX, &text, &length, diag);
  if (status == RS_OK) {
    status = rs_result_parse_csv(arena, task, path, text, length, &results, &count, diag);
  }
  return status == RS_OK ? rs_result_tabulate(arena, task, results, count, table, diag) : status;
}

/* ---- parts of the manifest ---- */

typedef struct reader {
  rs_arena *arena;
  const char *path;
  const json_t *root;
  rs_manifest *manifest;
  rs_diag *diag;
} reader;

static rs_status refuse(const reader *r, const char *what) {
  rs_diag_set(r->diag, RS_E_INPUT, "%s", what);
  rs_diag_at(r->diag, r->path, 0, 0);
  return RS_E_INPUT;
}

static const char *text_of(const reader *r, const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text == NULL ? NULL : rs_arena_strdup(r->arena, text);
}

static rs_status read_plot(const reader *r, const json_t *item, rs_plot *plot) {
  const char *kind = text_of(r, item, "kind");
  *plot = (rs_plot){.x = text_of(r, item, "x"),
                    .y = text_of(r, item, "y"),
                    .by = text_of(r, item, "by"),
                    .bound = text_of(r, item, "bound"),
                    .log = text_of(r, item, "log"),
                    .title = text_of(r, item, "title")};
  if (kind == NULL || !rs_plot_kind_parse(kind, &plot->kind)) {
    return refuse(r, "a plot has no kind that is known");
  }
  bool has_axes = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_BAR;
  if (has_axes && (plot->x == NULL || plot->y == NULL)) return refuse(r, "a plot has no x or y");
  return RS_OK;
}

static rs_status read_plots(const reader *r) {
  const json_t *list = json_object_get(r->root, "plots");
  rs_manifest *m = r->manifest;
  if (!json_is_array(list)) return refuse(r, "this is no manifest of results");
  m->plot_count = json_array_size(list);
  m->plots = RS_ARENA_NEW(r->arena, rs_plot, m->plot_count);
  if (m->plots == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status = RS_OK;
  for (size_t i = 0; i < m->plot_count && status == RS_OK; i++) {
    status = read_plot(r, json_array_get(list, i), &m->plots[i]);
  }
  return status;
}

/* An array of texts as one, in the arena; a text as itself. */
static const char *join(const reader *r, const json_t *value, const char *between, bool quote) {
  if (json_is_string(value)) return rs_arena_strdup(r->arena, json_string_value(value));
  const char *joined = NULL;
  for (size_t i = 0; i < json_array_size(value); i++) {
    const char *word = json_string_value(json_array_get(value, i));
    if (word == NULL) continue;
    const char *mark = quote && strpbrk(word, " *?[]{}$&;|<>()\"\\") != NULL ? "'" : "";
    joined = joined == NULL
                 ? rs_arena_printf(r->arena, "%s%s%s", mark, word, mark)
                 : rs_arena_printf(r->arena, "%s%s%s%s%s", joined, between, mark, word, mark);
    if (joined == NULL) return NULL;
  }
  return joined;
}

/* An object's members, in the order of the file. */
static rs_status read_pairs(const reader *r, const char *part, rs_manifest_pair **pairs,
                            size_t *count) {
  json_t *object = json_object_get(r->root, part);
  const char *key;
  json_t *value;
  *count = 0;
  *pairs = RS_ARENA_NEW(r->arena, rs_manifest_pair, json_object_size(object));
  if (*pairs == NULL) return rs_arena_failed(r->arena, r->diag);
  json_object_foreach(object, key, value) {
    rs_manifest_pair pair = {rs_arena_strdup(r->arena, key), join(r, value, ", ", false)};
    if (pair.key == NULL) return rs_arena_failed(r->arena, r->diag);
    if (pair.value != NULL) (*pairs)[(*count)++] = pair;
  }
  return RS_OK;
}

static rs_status read_parts(const reader *r) {
  rs_manifest *m = r->manifest;
  const json_t *keys = json_object_get(r->root, "experiment");
  const char *task = text_of(r, keys, "task");
  m->name = text_of(r, keys, "name");
  m->version = text_of(r, r->root, "version");
  m->results_digest = text_of(r, r->root, "results_digest");
  m->command = join(r, json_object_get(r->root, "command"), " ", true);
  if (m->name == NULL || task == NULL || !rs_task_parse(task, &m->task)) {
    return refuse(r, "this is no manifest of results");
  }
  rs_status status = read_plots(r);
  if (status == RS_OK) status = read_pairs(r, "experiment", &m->keys, &m->key_count);
  if (status == RS_OK) status = read_pairs(r, "sweep", &m->sweeps, &m->sweep_count);
  return status;
}

rs_status rs_manifest_read(rs_arena *arena, const char *folder, rs_manifest *manifest,
                           rs_diag *diag) {
  char *text;
  size_t length;
  json_error_t error;
  *manifest = (rs_manifest){.folder = folder};
  const char *path = rs_arena_printf(arena, "%s/manifest.json", folder);
  if (path == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_file_read(arena, path, RESULTS_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (root == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "not JSON: %s", error.text);
    rs_diag_at(diag, path, RS_MAX(error.line, 1), RS_MAX(error.column, 1));
    return RS_E_INPUT;
  }
  reader r = {.arena = arena, .path = path, .root = root, .manifest = manifest, .diag = diag};
  status = read_parts(&r);
  json_decref(root);
  return status;
}

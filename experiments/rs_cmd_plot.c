/* `realscale plot`: the pictures of a results folder again, from its results and manifest. */
#include <jansson.h>
#include <stdio.h>

#include "rs_cli.h"
#include "rs_draw.h"
#include "rs_result.h"

#define RESULTS_BYTES_MAX ((size_t)1 << 30)

static rs_status read_results(rs_arena *arena, const char *folder, rs_task task, rs_table **table,
                              rs_diag *diag) {
  char *text;
  size_t length;
  size_t count;
  rs_result *results;
  const char *path = rs_arena_printf(arena, "%s/results.csv", folder);
  if (path == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_file_read(arena, path, RESULTS_BYTES_MAX, &text, &length, diag);
  if (status == RS_OK) {
    status = rs_result_parse_csv(arena, task, path, text, length, &results, &count, diag);
  }
  return status == RS_OK ? rs_result_tabulate(arena, task, results, count, table, diag) : status;
}

/* ---- the manifest ---- */

typedef struct manifest {
  const char *path;
  json_t *root;
  const char *name;
  rs_task task;
  rs_plot *plots;
  size_t plot_count;
} manifest;

static const char *text_of(rs_arena *arena, const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text == NULL ? NULL : rs_arena_strdup(arena, text);
}

static rs_status refuse(const manifest *m, const char *what, rs_diag *diag) {
  rs_diag_set(diag, RS_E_INPUT, "%s", what);
  rs_diag_at(diag, m->path, 0, 0);
  return RS_E_INPUT;
}

static rs_status load(rs_arena *arena, manifest *m, rs_diag *diag) {
  char *text;
  size_t length;
  json_error_t error;
  rs_status status = rs_file_read(arena, m->path, RESULTS_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  m->root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (m->root != NULL) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "not JSON: %s", error.text);
  rs_diag_at(diag, m->path, RS_MAX(error.line, 1), RS_MAX(error.column, 1));
  return RS_E_INPUT;
}

static rs_status read_plot(rs_arena *arena, const manifest *m, const json_t *item, rs_plot *plot,
                           rs_diag *diag) {
  const char *kind = text_of(arena, item, "kind");
  *plot = (rs_plot){.x = text_of(arena, item, "x"),
                    .y = text_of(arena, item, "y"),
                    .by = text_of(arena, item, "by"),
                    .bound = text_of(arena, item, "bound"),
                    .log = text_of(arena, item, "log"),
                    .title = text_of(arena, item, "title")};
  if (kind == NULL || !rs_plot_kind_parse(kind, &plot->kind)) {
    return refuse(m, "a plot has no kind that is known", diag);
  }
  bool has_axes = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_BAR;
  if (has_axes && (plot->x == NULL || plot->y == NULL)) {
    return refuse(m, "a plot has no x or y", diag);
  }
  return RS_OK;
}

static rs_status read_manifest(rs_arena *arena, const char *folder, manifest *m, rs_diag *diag) {
  *m = (manifest){.path = rs_arena_printf(arena, "%s/manifest.json", folder)};
  if (m->path == NULL) return rs_arena_failed(arena, diag);
  rs_status status = load(arena, m, diag);
  if (status != RS_OK) return status;
  const json_t *list = json_object_get(m->root, "plots");
  const json_t *keys = json_object_get(m->root, "experiment");
  const char *task = text_of(arena, keys, "task");
  m->plot_count = json_array_size(list);
  m->name = text_of(arena, keys, "name");
  m->plots = RS_ARENA_NEW(arena, rs_plot, m->plot_count);
  if (m->plots == NULL) status = rs_arena_failed(arena, diag);
  if (status == RS_OK &&
      (m->name == NULL || task == NULL || !rs_task_parse(task, &m->task) || !json_is_array(list))) {
    status = refuse(m, "this is no manifest of results", diag);
  }
  for (size_t i = 0; i < m->plot_count && status == RS_OK; i++) {
    status = read_plot(arena, m, json_array_get(list, i), &m->plots[i], diag);
  }
  json_decref(m->root);
  return status;
}

/* ---- the command ---- */

static int run_plot(const rs_arguments *arguments) {
  const char *folder = arguments->operands[0];
  rs_diag diag = {0};
  rs_table *table;
  manifest m;
  int worst = RS_EXIT_GOOD;
  rs_status status = read_manifest(arguments->arena, folder, &m, &diag);
  if (status == RS_OK) status = read_results(arguments->arena, folder, m.task, &table, &diag);
  if (status != RS_OK) return rs_cli_report(&diag);
  for (size_t i = 0; i < m.plot_count; i++) {
    const char *paths[2];
    status =
        rs_draw_plot(arguments->arena, folder, m.name, table, &m.plots[i], i + 1, paths, &diag);
    if (status == RS_OK) {
      printf("%s\n%s\n", paths[0], paths[1]);
    } else {
      fprintf(stderr, "realscale: plot %zu is not drawn: %s\n", i + 1, diag.what);
      worst = RS_EXIT_FAILED;
    }
  }
  return worst;
}

const rs_command rs_command_plot = {
    .name = "plot",
    .operands = "DIR",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "draws the pictures of a results folder again",
    .example = "realscale plot results/llama2-70b-decode",
    .run = run_plot,
};

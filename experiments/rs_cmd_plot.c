/* `realscale plot`: the pictures of a results folder again, from its results and manifest. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "rs_cli.h"
#include "rs_draw.h"
#include "rs_result.h"

#define RESULTS_BYTES_MAX ((size_t)1 << 30)

static rs_status read_json(rs_arena *arena, const char *folder, const char *name, json_t **root,
                           rs_diag *diag) {
  char *text;
  size_t length;
  json_error_t error;
  const char *path = rs_arena_printf(arena, "%s/%s", folder, name);
  if (path == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_file_read(arena, path, RESULTS_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
  if (*root != NULL) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "not JSON: %s", error.text);
  rs_diag_at(diag, path, RS_MAX(error.line, 1), RS_MAX(error.column, 1));
  return RS_E_INPUT;
}

static const char *text_of(rs_arena *arena, const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text == NULL ? NULL : rs_arena_strdup(arena, text);
}

static rs_status read_results(rs_arena *arena, const char *folder, rs_task task, rs_table **table,
                              rs_diag *diag) {
  json_t *rows;
  rs_status status = read_json(arena, folder, "results.json", &rows, diag);
  if (status != RS_OK) return status;
  size_t count = json_array_size(rows);
  rs_result *results = RS_ARENA_NEW(arena, rs_result, count);
  if (results == NULL) status = rs_arena_failed(arena, diag);
  for (size_t i = 0; i < count && status == RS_OK; i++) {
    char *text = json_dumps(json_array_get(rows, i), 0);
    status = rs_result_parse(arena, task, text == NULL ? "" : text, &results[i], diag);
    free(text);
  }
  json_decref(rows);
  return status == RS_OK ? rs_result_tabulate(arena, task, results, count, table, diag) : status;
}

static rs_status read_plots(rs_arena *arena, const char *folder, const char **name, rs_task *task,
                            rs_plot **plots, size_t *count, rs_diag *diag) {
  json_t *manifest;
  rs_status status = read_json(arena, folder, "manifest.json", &manifest, diag);
  if (status != RS_OK) return status;
  const json_t *list = json_object_get(manifest, "plots");
  *count = json_array_size(list);
  const char *task_word = text_of(arena, manifest, "task");
  static const char *const task_words[RS_TASK_COUNT] = {"decode", "topology", "traffic"};
  *task = RS_TASK_DECODE;
  for (int k = 0; task_word != NULL && k < RS_TASK_COUNT; k++) {
    if (strcmp(task_words[k], task_word) == 0) *task = (rs_task)k;
  }
  *name = text_of(arena, manifest, "name");
  *plots = RS_ARENA_NEW(arena, rs_plot, *count);
  if (*plots == NULL) status = rs_arena_failed(arena, diag);
  for (size_t i = 0; i < *count && status == RS_OK; i++) {
    const json_t *item = json_array_get(list, i);
    const char *kind = text_of(arena, item, "kind");
    rs_plot *plot = &(*plots)[i];
    *plot = (rs_plot){.x = text_of(arena, item, "x"),
                      .y = text_of(arena, item, "y"),
                      .by = text_of(arena, item, "by"),
                      .title = text_of(arena, item, "title")};
    for (int k = 0; kind != NULL && k < RS_PLOT_KIND_COUNT; k++) {
      if (strcmp(rs_plot_kind_word((rs_plot_kind)k), kind) == 0) plot->kind = (rs_plot_kind)k;
    }
    bool has_axes = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_BAR;
    if (has_axes && (plot->x == NULL || plot->y == NULL)) {
      status =
          rs_diag_set(diag, RS_E_INPUT, "%s/manifest.json: plot %zu has no x or y", folder, i + 1);
    }
  }
  json_decref(manifest);
  return status;
}

static int run_plot(const rs_arguments *arguments) {
  const char *folder = arguments->operands[0];
  rs_diag diag = {0};
  rs_table *table;
  rs_plot *plots;
  size_t plot_count;
  size_t path_count;
  const char *name;
  const char **paths;
  rs_task task;
  rs_status status = read_plots(arguments->arena, folder, &name, &task, &plots, &plot_count, &diag);
  if (status == RS_OK) status = read_results(arguments->arena, folder, task, &table, &diag);
  if (status == RS_OK) {
    status = rs_draw_plots(arguments->arena, folder, name == NULL ? folder : name, table, plots,
                           plot_count, &paths, &path_count, &diag);
  }
  if (status != RS_OK) return rs_cli_report(&diag);
  for (size_t i = 0; i < path_count; i++) printf("%s\n", paths[i]);
  return RS_EXIT_GOOD;
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

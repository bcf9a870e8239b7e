/* The list of pictures of an experiment: a kind, the columns that it shows, a title. */
#include <stdio.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs_result.h"

static const char *const kinds[] = {
    [RS_PLOT_STACK] = "stack",     [RS_PLOT_LINE] = "line", [RS_PLOT_BAR] = "bar",
    [RS_PLOT_WIRINGS] = "wirings", [RS_PLOT_MAP] = "map",   [RS_PLOT_PARETO] = "pareto"};

/* What a task shows when nothing is asked for. */
static const rs_plot usual_plots[RS_TASK_COUNT] = {
    [RS_TASK_DECODE] = {.kind = RS_PLOT_STACK},
    [RS_TASK_PREFILL] = {.kind = RS_PLOT_LINE, .x = "context", .y = "first_token_s", .by = "batch"},
    [RS_TASK_TOPOLOGY] = {.kind = RS_PLOT_WIRINGS},
    [RS_TASK_TRAFFIC] = {.kind = RS_PLOT_LINE,
                         .x = "offered_load",
                         .y = "latency_mean_s",
                         .by = "routing"},
    [RS_TASK_COLLECTIVE] = {.kind = RS_PLOT_LINE,
                            .x = "bytes",
                            .y = "makespan_s",
                            .by = "topology",
                            .bound = "lower_bound_s",
                            .log = "xy"},
    [RS_TASK_CLOCK] = {.kind = RS_PLOT_MAP,
                       .x = "resync_cycles",
                       .y = "ppm",
                       .by = "unsafe_share",
                       .bound = "safe_ppm"}};

const char *rs_plot_kind_word(rs_plot_kind kind) {
  return kinds[kind];
}

bool rs_plot_kind_parse(const char *word, rs_plot_kind *kind) {
  for (size_t i = 0; i < RS_COUNT_OF(kinds); i++) {
    if (strcmp(kinds[i], word) != 0) continue;
    *kind = (rs_plot_kind)i;
    return true;
  }
  return false;
}

static rs_status read_kind(const rs__reader *r, const rs__place *place, const char *text,
                           rs_plot_kind *kind) {
  char what[160];
  if (rs_plot_kind_parse(text, kind)) return RS_OK;
  snprintf(what, sizeof what, "unknown kind of plot '%.80s'", text);
  return rs__experiment_fault(r, place, what, "stack, line, bar, map, pareto or wirings",
                              rs_nearest_word(text, kinds, RS_COUNT_OF(kinds)));
}

static rs_status check_column(const rs__reader *r, const rs__place *place, const char *text,
                              bool must_be_number) {
  size_t count;
  const char *const *columns = rs_result_columns(r->task, &count);
  char what[160];
  for (size_t i = 0; i < count; i++) {
    if (strcmp(columns[i], text) != 0) continue;
    if (!must_be_number || !rs_result_column_is_text(text)) return RS_OK;
    snprintf(what, sizeof what, "the column '%s' holds texts", text);
    return rs__experiment_fault(r, place, what, "a column of numbers", NULL);
  }
  snprintf(what, sizeof what, "there is no column '%.80s'", text);
  return rs__experiment_fault(r, place, what, "a column of the results",
                              rs_nearest_word(text, columns, count));
}

static rs_status check_log(const rs__reader *r, const rs__place *place, const char *text) {
  static const char *const words[] = {"none", "x", "y", "xy"};
  char what[160];
  for (size_t i = 0; i < RS_COUNT_OF(words); i++) {
    if (strcmp(words[i], text) == 0) return RS_OK;
  }
  snprintf(what, sizeof what, "unknown axes '%.80s' for log", text);
  return rs__experiment_fault(r, place, what, "none, x, y or xy",
                              rs_nearest_word(text, words, RS_COUNT_OF(words)));
}

static rs_status read_item(const rs__reader *r, const rs_yaml_item *item, const char *file,
                           rs_plot *plot) {
  static const char *const names[] = {"kind", "x", "y", "by", "bound", "log", "title"};
  rs__place at = {file, item->line, item->column};
  rs__place value = {file, item->value->line, item->value->column};
  const char *text = item->value->text;
  char what[160];
  const char **fields[] = {NULL,         &plot->x,   &plot->y,    &plot->by,
                           &plot->bound, &plot->log, &plot->title};
  size_t index = 0;
  while (index < RS_COUNT_OF(names) && strcmp(names[index], item->key) != 0) index++;
  if (index == RS_COUNT_OF(names)) {
    snprintf(what, sizeof what, "unknown key '%.80s' of a plot", item->key);
    return rs__experiment_fault(r, &at, what, "kind, x, y, by, bound, log or title",
                                rs_nearest_word(item->key, names, RS_COUNT_OF(names)));
  }
  if (item->value->kind != RS_YAML_SCALAR || text[0] == '\0') {
    snprintf(what, sizeof what, "%s of a plot has no text", item->key);
    return rs__experiment_fault(r, &value, what, "a word", NULL);
  }
  if (index == 0) return read_kind(r, &value, text, &plot->kind);
  *fields[index] = text;
  if (index == 5) return check_log(r, &value, text);
  return index == 6 ? RS_OK : check_column(r, &value, text, index == 2 || index == 4);
}

static rs_status read_plot(const rs__reader *r, const rs_yaml_node *node, const char *file,
                           rs_plot *plot) {
  rs__place place = {file, node->line, node->column};
  if (node->kind != RS_YAML_MAPPING) {
    return rs__experiment_fault(r, &place, "a plot is not a mapping",
                                "{kind: line, x: batch, y: tokens_per_s_user}", NULL);
  }
  bool has_kind = false;
  for (size_t i = 0; i < node->item_count; i++) {
    rs_status status = read_item(r, &node->items[i], file, plot);
    if (status != RS_OK) return status;
    has_kind = has_kind || strcmp(node->items[i].key, "kind") == 0;
  }
  if (!has_kind) {
    return rs__experiment_fault(r, &place, "a plot has no kind",
                                "stack, line, bar, map, pareto or wirings", NULL);
  }
  if ((plot->kind == RS_PLOT_WIRINGS && r->task != RS_TASK_TOPOLOGY) ||
      (plot->kind == RS_PLOT_STACK && r->task != RS_TASK_DECODE)) {
    return rs__experiment_fault(r, &place, "the task has no plot of this kind",
                                "stack for decode, wirings for topology, line, bar, map or pareto",
                                NULL);
  }
  bool has_axes = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_BAR ||
                  plot->kind == RS_PLOT_MAP || plot->kind == RS_PLOT_PARETO;
  if (!has_axes && (plot->x != NULL || plot->y != NULL || plot->by != NULL)) {
    return rs__experiment_fault(r, &place, "a plot of this kind has no x, y or by",
                                "kind and title only", NULL);
  }
  if (has_axes && (plot->x == NULL || plot->y == NULL)) {
    return rs__experiment_fault(r, &place, "a plot of this kind needs x and y",
                                "columns of the results", NULL);
  }
  if (plot->kind == RS_PLOT_MAP && (plot->by == NULL || rs_result_column_is_text(plot->by))) {
    return rs__experiment_fault(r, &place, "a map needs what its cells are coloured by",
                                "by: a column of numbers", NULL);
  }
  if (plot->kind == RS_PLOT_PARETO && rs_result_column_is_text(plot->x)) {
    return rs__experiment_fault(r, &place, "a front needs numbers for x and y",
                                "x: a column of numbers", NULL);
  }
  bool has_bound = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_MAP;
  bool has_log = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_PARETO;
  if ((!has_bound && plot->bound != NULL) || (!has_log && plot->log != NULL)) {
    return rs__experiment_fault(r, &place, "a plot of this kind has no bound or log",
                                "bound with kind: line or map, log with kind: line or pareto",
                                NULL);
  }
  return RS_OK;
}

rs_status rs__experiment_read_plots(const rs__reader *r, const rs_plot **plots, size_t *count) {
  const rs_yaml_node *node = r->plots_node;
  *plots = &usual_plots[r->task];
  *count = 1;
  if (node == NULL) return RS_OK;
  rs__place place = {r->plots_file, node->line, node->column};
  if (node->kind != RS_YAML_LIST) {
    return rs__experiment_fault(r, &place, "plots is not a list", "a list such as [{kind: stack}]",
                                NULL);
  }
  rs_plot *list = RS_ARENA_NEW(r->arena, rs_plot, node->item_count);
  if (list == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < node->item_count; i++) {
    rs_status status = read_plot(r, node->items[i].value, r->plots_file, &list[i]);
    if (status != RS_OK) return status;
  }
  *plots = list;
  *count = node->item_count;
  return RS_OK;
}

/*
 * From texts to things: the model, the chip, the wiring, the sharding; and the list of plots. Models
 * and wirings are kept by their text, so that a sweep of a thousand points builds each once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs_cli.h"
#include "rs_result.h"
#include "rs_topology.h"

#define CONFIG_BYTES_MAX ((size_t)16 << 20)

static rs__resolved *find_resolved(rs__resolved *list, const char *text) {
  while (list != NULL && strcmp(list->text, text) != 0) list = list->next;
  return list;
}

static rs_status keep(rs__reader *r, rs__resolved **list, const char *text, const char *canonical,
                      const void *thing) {
  rs__resolved *entry = RS_ARENA_NEW(r->arena, rs__resolved, 1);
  if (entry == NULL) return rs_arena_failed(r->arena, r->diag);
  *entry = (rs__resolved){text, canonical, thing, *list};
  *list = entry;
  return RS_OK;
}

/* A number that was checked before: digits and _. */
static int64_t count_of(const rs__draft *draft, rs_key key) {
  int64_t value = 0;
  for (const char *c = draft->text[key]; *c != '\0'; c++) {
    if (*c >= '0' && *c <= '9') value = value * 10 + (*c - '0');
  }
  return value;
}

/* ---- models ---- */

static bool looks_like_path(const char *text) {
  size_t length = strlen(text);
  return strchr(text, '/') != NULL || (length > 5 && strcmp(text + length - 5, ".json") == 0);
}

/* A path is relative to the experiment's folder. */
static const char *path_of(rs__reader *r, const char *text) {
  const char *slash = strrchr(r->file, '/');
  if (text[0] == '/' || slash == NULL) return text;
  return rs_arena_printf(r->arena, "%.*s/%s", (int)(slash - r->file), r->file, text);
}

static rs_status unknown_model(const rs__reader *r, const rs__place *place, const char *text) {
  const char *names[64];
  size_t count = 0;
  char what[160];
  for (size_t i = 0; i < rs_model_preset_count() && count < RS_COUNT_OF(names); i++) {
    names[count++] = rs_model_preset_at(i).name;
  }
  snprintf(what, sizeof what, "unknown model '%.100s'", text);
  return rs__experiment_fault(r, place, what,
                              "a preset of 'realscale list models', or the path of a config.json",
                              rs_nearest_word(text, names, count));
}

static rs_status read_model_text(rs__reader *r, const rs__place *place, const char *text,
                                 const char **file, char **config, size_t *length) {
  rs_model_preset preset;
  if (rs_model_preset_find(text, &preset)) {
    *file = text;
    *config = rs_arena_strdup(r->arena, preset.config);
    if (*config == NULL) return rs_arena_failed(r->arena, r->diag);
    *length = strlen(*config);
    return RS_OK;
  }
  if (!looks_like_path(text)) return unknown_model(r, place, text);
  *file = path_of(r, text);
  if (*file == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status = rs_file_read(r->arena, *file, CONFIG_BYTES_MAX, config, length, r->diag);
  if (status == RS_OK || r->diag == NULL) return status;
  char what[400];
  snprintf(what, sizeof what, "model '%.200s': %.150s", *file, r->diag->what);
  return rs__experiment_fault(r, place, what, "the path of a config.json", NULL);
}

static rs_status resolve_model(rs__reader *r, const rs__draft *draft, rs_point *point) {
  const char *text = draft->text[RS_KEY_MODEL];
  rs__resolved *known = find_resolved(r->models, text);
  if (known != NULL) {
    point->model = known->thing;
    return RS_OK;
  }
  const char *file;
  char *config;
  size_t length;
  rs_model *model = RS_ARENA_NEW(r->arena, rs_model, 1);
  if (model == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status = read_model_text(r, &draft->place[RS_KEY_MODEL], text, &file, &config, &length);
  if (status == RS_OK) status = rs_model_parse(file, config, length, model, r->diag);
  if (status != RS_OK) return status;
  point->model = model;
  return keep(r, &r->models, text, NULL, model);
}

/* ---- chips, wirings ---- */

static rs_status resolve_chip(const rs__reader *r, const rs__draft *draft, rs_point *point) {
  const char *text = draft->text[RS_KEY_CHIP];
  point->chip = rs_chip_find(text);
  if (point->chip != NULL) return RS_OK;
  size_t count;
  const rs_chip *chips = rs_chip_catalogue(&count);
  const char *names[64];
  char what[160];
  for (size_t i = 0; i < count && i < RS_COUNT_OF(names); i++) names[i] = chips[i].name;
  snprintf(what, sizeof what, "unknown chip '%.100s'", text);
  return rs__experiment_fault(r, &draft->place[RS_KEY_CHIP], what,
                              "a chip of 'realscale list chips'",
                              rs_nearest_word(text, names, RS_MIN(count, RS_COUNT_OF(names))));
}

static rs_status resolve_topology(rs__reader *r, const rs__draft *draft, rs_point *point) {
  const char *text = draft->text[RS_KEY_TOPOLOGY];
  const rs__place *place = &draft->place[RS_KEY_TOPOLOGY];
  rs__resolved *known = find_resolved(r->topologies, text);
  if (known != NULL) {
    point->wiring = known->thing;
    point->topology = known->canonical;
    return RS_OK;
  }
  rs_topology *topology;
  rs_wiring *wiring;
  const rs_topology_options options = {
      .ports_max = draft->text[RS_KEY_PORTS] == NULL ? 0 : (uint32_t)count_of(draft, RS_KEY_PORTS)};
  rs_status status = rs_cli_parse_topology(r->arena, text, &topology, r->diag);
  if (status == RS_OK) {
    status = rs_topology_build(r->arena, topology, &options, &wiring, r->diag);
  }
  if (status != RS_OK) {
    if (r->diag != NULL && r->diag->status == RS_E_INFEASIBLE) r->diag->status = RS_E_INPUT;
    rs_diag_at(r->diag, place->file, place->line, place->column);
    return RS_E_INPUT;
  }
  point->topology = rs_topology_spec(topology);
  point->wiring = wiring;
  return keep(r, &r->topologies, text, point->topology, point->wiring);
}

/* ---- numbers and the sharding ---- */

static void resolve_request(const rs__draft *draft, rs_point *point) {
  rs_sharding_request *request = &point->request;
  request->tensor = count_of(draft, RS_KEY_TENSOR);
  request->pipeline = count_of(draft, RS_KEY_PIPELINE);
  request->micro_batches = count_of(draft, RS_KEY_MICRO_BATCHES);
  request->batch = count_of(draft, RS_KEY_BATCH);
  request->context = count_of(draft, RS_KEY_CONTEXT);
  rs_number_parse(draft->text[RS_KEY_WEIGHTS], &request->weights);
  rs_number_parse(draft->text[RS_KEY_ACTIVATIONS], &request->activations);
  rs_number_parse(draft->text[RS_KEY_KV_CACHE], &request->kv);
  point->seed = (uint64_t)count_of(draft, RS_KEY_SEED);
}

/* In a sweep over what a sharding depends on, one that does not divide is a row with its reason;
 * without one it is a mistake in the file. */
static bool sweeps_sharding(const rs__reader *r) {
  for (size_t i = 0; i < r->axis_count; i++) {
    switch (r->axes[i].key) {
      case RS_KEY_TENSOR:
      case RS_KEY_PIPELINE:
      case RS_KEY_MICRO_BATCHES:
      case RS_KEY_MODEL:
      case RS_KEY_TOPOLOGY:
        return true;
      default:
        break;
    }
  }
  return false;
}

static rs_status check_sharding(const rs__reader *r, const rs__draft *draft,
                                const rs_point *point) {
  rs_sharding *sharding;
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status =
      rs_sharding_build(scratch, point->model, point->chip, point->wiring->chip_count,
                        &point->request, &sharding, r->diag);
  rs_arena_destroy(scratch);
  if (status == RS_OK) return RS_OK;
  const rs__place *place = &draft->place[RS_KEY_TENSOR];
  rs_diag_at(r->diag, place->file, place->line, place->column);
  if (r->diag != NULL) r->diag->status = RS_E_INPUT;
  return RS_E_INPUT;
}

/* ---- traffic ---- */

static rs_status resolve_traffic(rs__reader *r, const rs__draft *draft, rs_point *point) {
  point->is_scheduled = strcmp(draft->text[RS_KEY_NETWORK], "scheduled") == 0 ||
                        strcmp(draft->text[RS_KEY_ROUTING], "timetable") == 0;
  point->seed = (uint64_t)count_of(draft, RS_KEY_SEED);
  point->buffer_vectors = (uint32_t)count_of(draft, RS_KEY_BUFFER_VECTORS);
  rs_routing_parse(draft->text[RS_KEY_ROUTING], &point->routing);
  rs_pattern_parse(draft->text[RS_KEY_PATTERN], &point->traffic.pattern);
  rs__experiment_parse_share(draft->text[RS_KEY_OFFERED_LOAD], &point->traffic.load_ppm);
  if (point->is_scheduled && point->traffic.pattern != RS_PATTERN_UNIFORM) {
    return rs__experiment_fault(r, &draft->place[RS_KEY_PATTERN],
                                "the scheduled network has a timetable for uniform traffic only",
                                "uniform", NULL);
  }
  rs_status status = resolve_chip(r, draft, point);
  return status == RS_OK ? resolve_topology(r, draft, point) : status;
}

rs_status rs__experiment_resolve(rs__reader *r, const rs__draft *draft, rs_point *point) {
  *point = (rs_point){.task = r->task};
  memcpy(point->text, draft->text, sizeof point->text);
  if (r->task == RS_TASK_TOPOLOGY) return resolve_topology(r, draft, point);
  if (r->task == RS_TASK_TRAFFIC) return resolve_traffic(r, draft, point);
  if (strcmp(draft->text[RS_KEY_NETWORK], "scheduled") != 0) {
    return rs__experiment_fault(r, &draft->place[RS_KEY_NETWORK],
                                "task 'decode' runs on the scheduled network", "scheduled", NULL);
  }
  resolve_request(draft, point);
  rs_status status = resolve_model(r, draft, point);
  if (status == RS_OK) status = resolve_chip(r, draft, point);
  if (status == RS_OK) status = resolve_topology(r, draft, point);
  if (status == RS_OK && !sweeps_sharding(r)) status = check_sharding(r, draft, point);
  return status;
}

/* ---- plots ---- */

static rs_status check_column(const rs__reader *r, const rs__place *place, const char *text) {
  size_t count;
  const char *const *columns = rs_result_columns(r->task, &count);
  char what[160];
  for (size_t i = 0; i < count; i++) {
    if (strcmp(columns[i], text) == 0) return RS_OK;
  }
  snprintf(what, sizeof what, "there is no column '%.80s'", text);
  return rs__experiment_fault(r, place, what, "a column of the results",
                              rs_nearest_word(text, columns, count));
}

static rs_status read_plot_item(rs__reader *r, const rs_yaml_item *item, rs_plot *plot) {
  static const char *const kinds[] = {"stack", "line", "bar", "wirings"};
  static const char *const names[] = {"kind", "x", "y", "by", "title"};
  rs__place place = {r->file, item->line, item->column};
  rs__place value = {r->file, item->value->line, item->value->column};
  const char *text = item->value->text;
  char what[160];
  if (item->value->kind != RS_YAML_SCALAR || text[0] == '\0') {
    snprintf(what, sizeof what, "%s is not a word", item->key);
    return rs__experiment_fault(r, &value, what, "a word", NULL);
  }
  if (strcmp(item->key, "kind") == 0) {
    for (size_t k = 0; k < RS_COUNT_OF(kinds); k++) {
      if (strcmp(kinds[k], text) != 0) continue;
      plot->kind = (rs_plot_kind)k;
      return RS_OK;
    }
    snprintf(what, sizeof what, "unknown kind of plot '%.80s'", text);
    return rs__experiment_fault(r, &value, what, "stack, line, bar or wirings",
                                rs_nearest_word(text, kinds, RS_COUNT_OF(kinds)));
  }
  const char **fields[] = {NULL, &plot->x, &plot->y, &plot->by, &plot->title};
  for (size_t k = 1; k < RS_COUNT_OF(names); k++) {
    if (strcmp(names[k], item->key) != 0) continue;
    *fields[k] = text;
    return k == 4 ? RS_OK : check_column(r, &value, text);
  }
  snprintf(what, sizeof what, "unknown key '%.80s' of a plot", item->key);
  return rs__experiment_fault(r, &place, what, "kind, x, y, by or title",
                              rs_nearest_word(item->key, names, RS_COUNT_OF(names)));
}

static rs_status read_plot(rs__reader *r, const rs_yaml_node *node, rs_plot *plot) {
  rs__place place = {r->file, node->line, node->column};
  if (node->kind != RS_YAML_MAPPING) {
    return rs__experiment_fault(r, &place, "a plot is not a mapping",
                                "{kind: line, x: batch, y: tokens_per_s_user}", NULL);
  }
  for (size_t i = 0; i < node->item_count; i++) {
    rs_status status = read_plot_item(r, &node->items[i], plot);
    if (status != RS_OK) return status;
  }
  if ((plot->kind == RS_PLOT_WIRINGS && r->task != RS_TASK_TOPOLOGY) ||
      (plot->kind == RS_PLOT_STACK && r->task != RS_TASK_DECODE)) {
    return rs__experiment_fault(r, &place, "the task has no plot of this kind",
                                "stack for decode, wirings for topology, line or bar", NULL);
  }
  bool has_axes = plot->kind == RS_PLOT_LINE || plot->kind == RS_PLOT_BAR;
  if (has_axes && (plot->x == NULL || plot->y == NULL)) {
    return rs__experiment_fault(r, &place, "a plot of this kind needs x and y",
                                "columns of the results", NULL);
  }
  return RS_OK;
}

rs_status rs__experiment_read_plots(rs__reader *r, const rs_yaml_node *node) {
  rs__place place = {r->file, node->line, node->column};
  if (node->kind != RS_YAML_LIST) {
    return rs__experiment_fault(r, &place, "plots is not a list",
                                "a list of {kind: line, x: …, y: …}", NULL);
  }
  rs_plot *plots = RS_ARENA_NEW(r->arena, rs_plot, node->item_count);
  if (plots == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < node->item_count; i++) {
    rs_status status = read_plot(r, node->items[i].value, &plots[i]);
    if (status != RS_OK) return status;
  }
  r->plots = plots;
  r->plot_count = node->item_count;
  return RS_OK;
}

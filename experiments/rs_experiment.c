/*
 * Reading a typed experiment. Keys are assigned to a draft point by path; the draft remembers where
 * each value stood, so that faults that need two keys (a sharding that does not divide) can name a
 * place too. A sweep is a list of keys with lists of values; points are its product, first key
 * slowest.
 */
#include "rs_experiment.h"

#include <stdio.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs_cli.h"

/* ---- the mapping ---- */

/* sharding: {tensor: …}, speculate: {draft: …}. */
static rs_status read_nested(rs__reader *r, const rs_yaml_node *node, rs__scope scope,
                             const char *file) {
  rs__place place = {file, node->line, node->column};
  if (node->kind != RS_YAML_MAPPING) {
    bool is_sharding = scope == RS__SCOPE_SHARDING;
    char what[60];
    snprintf(what, sizeof what, "%s is not a mapping", rs__experiment_scope_name(scope));
    return rs__experiment_fault(r, &place, what,
                                is_sharding ? "{tensor: 8, pipeline: 72}"
                                            : "{draft: llama-2-7b, length: 4, acceptance: 0.7}",
                                NULL);
  }
  for (size_t i = 0; i < node->item_count; i++) {
    const rs_yaml_item *item = &node->items[i];
    rs__place at = {file, item->line, item->column};
    rs_key key = rs__experiment_find_key(scope, item->key);
    if (key == RS_KEY_COUNT) {
      return rs__experiment_unknown_key(r, &at, item->key, scope);
    }
    rs_status status = rs__experiment_assign(r, &r->draft, key, item->value, file);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static size_t find_axis(const rs__reader *r, rs_key key) {
  size_t index = 0;
  while (index < r->axis_count && r->axes[index].key != key) index++;
  return index;
}

/* Adds the list of a swept key, or replaces it (by --set). */
static rs_status add_axis(rs__reader *r, rs_key key, const rs_yaml_node *values, const char *file,
                          bool replaces) {
  const char *path = rs_key_path(key);
  rs__place place = {file, values->line, values->column};
  char what[160];
  if (values->kind != RS_YAML_LIST || values->item_count == 0) {
    snprintf(what, sizeof what, "the values of %s to sweep over are not a list", path);
    return rs__experiment_fault(r, &place, what, "a list such as [1, 4, 16]", NULL);
  }
  size_t index = find_axis(r, key);
  if (index < r->axis_count && !replaces) {
    snprintf(what, sizeof what, "%s is swept twice", path);
    return rs__experiment_fault(r, &place, what, NULL, NULL);
  }
  if (index == r->axis_count) r->axis_count++;
  r->axes[index] = (rs__axis){key, values, file};
  return RS_OK;
}

/* sweep: {batch: […], sharding.tensor: […]}, or sharding: {tensor: […]} inside. */
static rs_status read_sweep(rs__reader *r, const rs_yaml_node *node, rs__scope scope,
                            const char *file) {
  rs__place place = {file, node->line, node->column};
  if (node->kind != RS_YAML_MAPPING) {
    return rs__experiment_fault(r, &place, "this is not a mapping",
                                "keys with lists of values, such as {batch: [1, 4, 16]}", NULL);
  }
  for (size_t i = 0; i < node->item_count; i++) {
    const rs_yaml_item *item = &node->items[i];
    rs__place at = {file, item->line, item->column};
    rs_key key = rs__experiment_find_key(scope, item->key);
    rs_status status;
    rs__scope inner = rs__experiment_find_scope(item->key);
    if (scope == RS__SCOPE_SWEEP && inner != RS__SCOPE_TOP) {
      status = read_sweep(r, item->value, inner, file);
    } else if (key == RS_KEY_COUNT && rs__experiment_find_key(RS__SCOPE_TOP, item->key) != key) {
      char what[160];
      snprintf(what, sizeof what, "%s cannot be swept", item->key);
      status = rs__experiment_fault(r, &at, what, "another key", NULL);
    } else if (key == RS_KEY_COUNT) {
      status = rs__experiment_unknown_key(r, &at, item->key, scope);
    } else {
      status = add_axis(r, key, item->value, file, false);
    }
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static rs_status refuse_top(const rs__reader *r, const rs__place *at, const char *name) {
  if (rs__experiment_find_key(RS__SCOPE_SWEEP, name) == RS_KEY_COUNT) {
    return rs__experiment_unknown_key(r, at, name, RS__SCOPE_TOP);
  }
  char what[160], expected[160];
  snprintf(what, sizeof what, "'%s' with a dot is for sweep and --set", name);
  snprintf(expected, sizeof expected, "%.*s: {%s: …}", (int)strcspn(name, "."), name,
           strchr(name, '.') + 1);
  return rs__experiment_fault(r, at, what, expected, NULL);
}

static rs_status read_top_item(rs__reader *r, const rs_yaml_item *item, const char *file) {
  rs__place at = {file, item->line, item->column};
  rs_key key = rs__experiment_find_key(RS__SCOPE_TOP, item->key);
  if (key != RS_KEY_COUNT) {
    return rs__experiment_assign(r, &r->draft, key, item->value, file);
  }
  rs__scope scope = rs__experiment_find_scope(item->key);
  if (scope != RS__SCOPE_TOP) return read_nested(r, item->value, scope, file);
  if (strcmp(item->key, "sweep") == 0) {
    r->axis_count = 0;
    return read_sweep(r, item->value, RS__SCOPE_SWEEP, file);
  }
  if (strcmp(item->key, "plots") == 0) {
    r->plots_node = item->value; /* read later: its columns depend on the task */
    r->plots_file = file;
    return RS_OK;
  }
  return refuse_top(r, &at, item->key);
}

/* ---- --set ---- */

/* The value with blanks for the path before it, so that its columns are those of path=value. */
static rs_status parse_override(rs__reader *r, const char *override, const char **path,
                                const rs_yaml_node **value) {
  rs__place at = {"--set", 1, 1};
  const char *equals = strchr(override, '=');
  if (equals == NULL || equals == override || equals[1 + strspn(equals + 1, " ")] == '\0') {
    return rs__experiment_fault(r, &at, "this sets nothing", "path=value, such as batch=4", NULL);
  }
  size_t length = (size_t)(equals - override);
  *path = rs_arena_strndup(r->arena, override, length);
  char *text = rs_arena_strdup(r->arena, override);
  if (*path == NULL || text == NULL) return rs_arena_failed(r->arena, r->diag);
  memset(text, ' ', length + 1);
  return rs_yaml_parse_value(r->arena, "--set", text, strlen(text), value, r->diag);
}

/* A plain key that the file sweeps is no longer swept. */
static void drop_axis(rs__reader *r, rs_key key) {
  size_t index = find_axis(r, key);
  if (index == r->axis_count) return;
  r->axis_count--;
  memmove(&r->axes[index], &r->axes[index + 1], (r->axis_count - index) * sizeof *r->axes);
}

static rs_status read_override(rs__reader *r, const char *override) {
  const char *path = "";
  const rs_yaml_node *value = NULL;
  rs__place at = {"--set", 1, 1};
  rs_status status = parse_override(r, override, &path, &value);
  if (status != RS_OK) return status;
  if (strncmp(path, "sweep.", 6) == 0) {
    rs_key key = rs__experiment_find_key(RS__SCOPE_SWEEP, path + 6);
    if (key == RS_KEY_COUNT) {
      return rs__experiment_unknown_key(r, &at, path + 6, RS__SCOPE_SWEEP);
    }
    return add_axis(r, key, value, "--set", true);
  }
  rs_key key = rs__experiment_find_key(RS__SCOPE_SET, path);
  if (key != RS_KEY_COUNT) {
    drop_axis(r, key);
    return rs__experiment_assign(r, &r->draft, key, value, "--set");
  }
  if (strchr(path, '.') != NULL) return rs__experiment_unknown_key(r, &at, path, RS__SCOPE_SET);
  rs_yaml_item item = {path, 1, 1, value};
  return read_top_item(r, &item, "--set");
}

static rs_status report_missing(rs__reader *r, rs_key key) {
  char what[120], value[160], expected[240];
  const char *path = rs_key_path(key);
  rs__place place = {r->file, 1, 1};
  rs__experiment_describe(key, value, sizeof value);
  snprintf(what, sizeof what, "the key '%s' is missing", path);
  snprintf(expected, sizeof expected, "%s: %s", path, value);
  return rs__experiment_fault(r, &place, what, expected, NULL);
}

/* Where a key is for the other kind of clock points, the message says which kind this one is. */
static const char *which_clock(const rs__reader *r, const rs__key_row *row) {
  if (r->keys_bit == RS__CLOCK_OF_A_STEP && (row->tasks >> RS_TASK_CLOCK & 1) != 0) {
    return " of a model";
  }
  bool is_for_steps = r->keys_bit == (int)RS_TASK_CLOCK && (row->tasks >> RS__CLOCK_OF_A_STEP & 1);
  return is_for_steps ? " without a model" : "";
}

/* The task decides which keys there are. */
static rs_status check_task(rs__reader *r) {
  char what[160];
  const char *word = r->draft.text[RS_KEY_TASK];
  if (word == NULL) return report_missing(r, RS_KEY_TASK);
  rs_task_parse(word, &r->task); /* one of them, or it would not be in the draft */
  r->keys_bit = (int)r->task;
  if (r->task == RS_TASK_CLOCK &&
      (r->draft.text[RS_KEY_MODEL] != NULL || find_axis(r, RS_KEY_MODEL) < r->axis_count)) {
    r->keys_bit = RS__CLOCK_OF_A_STEP;
  }
  for (int i = 0; i < RS_KEY_COUNT; i++) {
    const rs__key_row *row = rs__experiment_key_row((rs_key)i);
    size_t axis = find_axis(r, (rs_key)i);
    if ((row->tasks >> r->keys_bit & 1) != 0) continue;
    if (r->draft.text[i] == NULL && axis == r->axis_count) continue;
    rs__place place = r->draft.place[i];
    if (axis < r->axis_count) {
      const rs__axis *swept = &r->axes[axis];
      place = (rs__place){swept->file, swept->values->line, swept->values->column};
    }
    snprintf(what, sizeof what, "task '%s'%s has no key '%s'", word, which_clock(r, row),
             row->path);
    return rs__experiment_fault(r, &place, what, "keys of the task ('realscale run --help-keys')",
                                NULL);
  }
  return RS_OK;
}

/* Every chip of the experiment is a GPU of the catalogue: nothing will look at wiring and sharding. */
static bool has_gpus_only(const rs__reader *r) {
  size_t axis = find_axis(r, RS_KEY_CHIP);
  size_t count = axis < r->axis_count ? r->axes[axis].values->item_count : 1;
  for (size_t i = 0; i < count; i++) {
    const char *name = axis < r->axis_count ? r->axes[axis].values->items[i].value->text
                                            : r->draft.text[RS_KEY_CHIP];
    const rs_chip *chip = name == NULL ? NULL : rs_chip_find(name);
    if (chip == NULL || chip->kind != RS_CHIP_GPU) return false;
  }
  return r->task == RS_TASK_DECODE || r->task == RS_TASK_PREFILL;
}

/* What would be needed of LPUs; nobody asks for it. */
static const char *otherwise_on_gpus(rs_key key) {
  if (key == RS_KEY_TOPOLOGY) return "mesh:2";
  return key == RS_KEY_TENSOR || key == RS_KEY_PIPELINE ? "1" : NULL;
}

/* A key that is swept need not stand in the file as well. */
static rs_status check_complete(rs__reader *r) {
  for (int i = 0; i < RS_KEY_COUNT; i++) {
    rs_key key = (rs_key)i;
    const rs__key_row *row = rs__experiment_key_row(key);
    if (r->draft.text[key] != NULL || find_axis(r, key) < r->axis_count) continue;
    if ((row->tasks >> r->keys_bit & 1) == 0) continue;
    const char *otherwise = row->otherwise;
    if (otherwise == NULL && has_gpus_only(r)) otherwise = otherwise_on_gpus(key);
    if (otherwise == NULL) return report_missing(r, key);
    r->draft.text[key] = otherwise;
    r->draft.place[key] = (rs__place){r->file, 1, 1};
  }
  return RS_OK;
}

/* ---- points ---- */

#define POINTS_MAX 1000000

static rs_status count_points(rs__reader *r, size_t *count) {
  *count = 1;
  for (size_t i = 0; i < r->axis_count; i++) {
    *count *= r->axes[i].values->item_count;
    if (*count <= POINTS_MAX) continue;
    rs__place place = {r->axes[i].file, r->axes[i].values->line, r->axes[i].values->column};
    return rs__experiment_fault(r, &place, "the sweep has more than a million points",
                                "shorter lists", NULL);
  }
  return RS_OK;
}

static rs_status make_draft(rs__reader *r, size_t index, rs__draft *draft) {
  *draft = r->draft;
  for (size_t i = r->axis_count; i-- > 0;) {
    const rs__axis *axis = &r->axes[i];
    size_t count = axis->values->item_count;
    const rs_yaml_node *value = axis->values->items[index % count].value;
    rs_status status = rs__experiment_assign(r, draft, axis->key, value, axis->file);
    if (status != RS_OK) return status;
    index /= count;
  }
  return RS_OK;
}

/* Points whose sharding does not divide, or is more than can be counted, are rows, unless there is nothing
 * else: then the file is wrong, and the first point says where. */
static rs_status check_some_divides(rs__reader *r, const rs_point *points, size_t count) {
  rs__draft draft;
  if (r->task != RS_TASK_DECODE && r->task != RS_TASK_PREFILL &&
      r->keys_bit != RS__CLOCK_OF_A_STEP) {
    return RS_OK;
  }
  for (size_t i = 0; i < count; i++) {
    rs_status status = make_draft(r, i, &draft);
    if (status == RS_OK) status = rs__experiment_check_sharding(r, &draft, &points[i]);
    if (status != RS_E_INFEASIBLE && status != RS_E_OVERFLOW) return status;
  }
  rs_status status = make_draft(r, 0, &draft);
  if (status == RS_OK) status = rs__experiment_check_sharding(r, &draft, &points[0]);
  if (r->diag != NULL) r->diag->status = RS_E_INPUT;
  return status == RS_OK ? RS_OK : RS_E_INPUT;
}

static rs_status make_points(rs__reader *r, rs_experiment *experiment) {
  size_t count;
  rs_status status = count_points(r, &count);
  if (status != RS_OK) return status;
  rs_point *points = RS_ARENA_NEW(r->arena, rs_point, count);
  if (points == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < count; i++) {
    rs__draft draft;
    status = make_draft(r, i, &draft);
    if (status == RS_OK) status = rs__experiment_resolve(r, &draft, &points[i]);
    if (status != RS_OK) return status;
  }
  experiment->points = points;
  experiment->point_count = count;
  return check_some_divides(r, points, count);
}

static rs_status list_sweeps(rs__reader *r, rs_experiment *experiment) {
  rs_sweep *sweeps = RS_ARENA_NEW(r->arena, rs_sweep, r->axis_count);
  if (sweeps == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < r->axis_count; i++) {
    const rs_yaml_node *list = r->axes[i].values;
    const char **values = RS_ARENA_NEW(r->arena, const char *, list->item_count);
    if (values == NULL) return rs_arena_failed(r->arena, r->diag);
    for (size_t k = 0; k < list->item_count; k++) values[k] = list->items[k].value->text;
    sweeps[i] = (rs_sweep){r->axes[i].key, values, list->item_count};
  }
  experiment->sweeps = sweeps;
  experiment->sweep_count = r->axis_count;
  return RS_OK;
}

rs_status rs_experiment_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                              const char *const *overrides, size_t override_count,
                              const rs_experiment **experiment, rs_diag *diag) {
  rs__reader r = {.arena = arena, .file = file, .diag = diag};
  const rs_yaml_node *root = NULL;
  rs_experiment *result = RS_ARENA_NEW(arena, rs_experiment, 1);
  if (result == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_yaml_parse(arena, file, text, length, &root, diag);
  for (size_t i = 0; status == RS_OK && i < root->item_count; i++) {
    status = read_top_item(&r, &root->items[i], file);
  }
  for (size_t i = 0; status == RS_OK && i < override_count; i++) {
    status = read_override(&r, overrides[i]);
  }
  if (status == RS_OK) status = check_task(&r);
  if (status == RS_OK) status = check_complete(&r);
  if (status == RS_OK) status = rs__experiment_read_plots(&r, &result->plots, &result->plot_count);
  if (status == RS_OK) status = make_points(&r, result);
  if (status == RS_OK) status = list_sweeps(&r, result);
  if (status != RS_OK) return status;
  result->file = file;
  result->name = r.draft.text[RS_KEY_NAME];
  result->task = r.task;
  *experiment = result;
  return RS_OK;
}

rs_status rs_experiment_read(rs_arena *arena, const char *path, const char *const *overrides,
                             size_t override_count, const rs_experiment **experiment,
                             rs_diag *diag) {
  char *text;
  size_t length;
  rs_status status = rs_file_read(arena, path, RS_YAML_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  const char *name = strcmp(path, "-") == 0 ? "stdin" : path;
  return rs_experiment_parse(arena, name, text, length, overrides, override_count, experiment,
                             diag);
}

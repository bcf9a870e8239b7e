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
#include "rs_units.h"

/* ---- the table of keys ---- */

static const char *const task_words[] = {"decode", "topology", "traffic"};
static const char *const later_tasks[] = {"prefill", "collective", "clock"};
static const char *const number_words[] = {"int8", "fp16"};
static const char *const network_words[] = {"scheduled", "adaptive"};
static const char *const later_networks[] = {"fluid"};
static const char *const routing_words[] = {"minimal", "valiant", "ugal", "timetable"};
static const char *const pattern_words[] = {"uniform", "permutation", "tornado", "group",
                                            "hotspot"};

#define WORDS(list) .words = (list), .word_count = RS_COUNT_OF(list)
#define LATER(list) .later = (list), .later_count = RS_COUNT_OF(list)
#define IN_DECODE .tasks = 1u << RS_TASK_DECODE
#define IN_TOPOLOGY .tasks = 1u << RS_TASK_TOPOLOGY
#define IN_TRAFFIC .tasks = 1u << RS_TASK_TRAFFIC
#define IN_RUNS .tasks = 1u << RS_TASK_DECODE | 1u << RS_TASK_TRAFFIC
#define IN_ALL .tasks = (1u << RS_TASK_COUNT) - 1

static const rs__key_row keys[RS_KEY_COUNT] = {
    [RS_KEY_NAME] = {"name", RS__KEY_NAME, NULL,
                     "names the folder of results: letters, digits, - _ .", .most = 0, IN_ALL},
    [RS_KEY_TASK] = {"task", RS__KEY_WORD, NULL, "what is computed", WORDS(task_words),
                     LATER(later_tasks), IN_ALL},
    [RS_KEY_MODEL] = {"model", RS__KEY_MODEL, NULL,
                      "a preset of 'realscale list models', or the path of a config.json",
                      .most = 0, IN_DECODE},
    [RS_KEY_WEIGHTS] = {"weights", RS__KEY_WORD, "int8", "format of weights in SRAM",
                        WORDS(number_words), IN_DECODE},
    [RS_KEY_ACTIVATIONS] = {"activations", RS__KEY_WORD, "fp16",
                            "format that is computed in and sent", WORDS(number_words), IN_DECODE},
    [RS_KEY_KV_CACHE] = {"kv_cache", RS__KEY_WORD, "fp16", "format of keys and values in SRAM",
                         WORDS(number_words), IN_DECODE},
    [RS_KEY_CHIP] = {"chip", RS__KEY_CHIP, "groqchip1", "a chip of 'realscale list chips'",
                     .most = 0, IN_RUNS},
    [RS_KEY_TOPOLOGY] = {"topology", RS__KEY_TOPOLOGY, NULL, "a wiring, such as realscale:576",
                         .most = 0, IN_ALL},
    [RS_KEY_TENSOR] = {"sharding.tensor", RS__KEY_COUNT, NULL, "chips that share a layer",
                       .most = 65536, IN_DECODE},
    [RS_KEY_PIPELINE] = {"sharding.pipeline", RS__KEY_COUNT, NULL, "stages, one after the other",
                         .most = 65536, IN_DECODE},
    [RS_KEY_MICRO_BATCHES] = {"sharding.micro_batches", RS__KEY_COUNT, "1",
                              "micro-batches in flight; concurrency = batch × micro_batches",
                              .most = 65536, IN_DECODE},
    [RS_KEY_BATCH] = {"batch", RS__KEY_COUNT, "1", "sequences of a micro-batch", .most = 1 << 20,
                      IN_DECODE},
    [RS_KEY_CONTEXT] = {"context", RS__KEY_COUNT, NULL, "cached positions of each sequence",
                        .most = 1 << 30, IN_DECODE},
    [RS_KEY_NETWORK] = {"network", RS__KEY_WORD, "scheduled", "how bytes move",
                        WORDS(network_words), LATER(later_networks), IN_RUNS},
    [RS_KEY_SEED] = {"seed", RS__KEY_COUNT, "1", "of everything that is drawn", .most = INT64_MAX,
                     IN_RUNS},
    [RS_KEY_PORTS] = {"ports", RS__KEY_COUNT, "16", "ports that a chip has", .most = 65535,
                      IN_TOPOLOGY},
    [RS_KEY_ROUTING] = {"routing", RS__KEY_WORD, "minimal",
                        "of packets; timetable: the scheduled network", WORDS(routing_words),
                        IN_TRAFFIC},
    [RS_KEY_PATTERN] = {"pattern", RS__KEY_WORD, "uniform", "who sends to whom",
                        WORDS(pattern_words), IN_TRAFFIC},
    [RS_KEY_OFFERED_LOAD] = {"offered_load", RS__KEY_SHARE, NULL,
                             "share of what all links could carry under uniform traffic", .most = 1,
                             IN_TRAFFIC},
    [RS_KEY_BUFFER_VECTORS] = {"buffer_vectors", RS__KEY_COUNT, "64",
                               "buffer of a link and virtual channel, adaptive network",
                               .most = 65536, IN_TRAFFIC},
};

const char *rs_key_path(rs_key key) {
  return keys[key].path;
}

static const char *const kind_texts[] = {[RS__KEY_NAME] = "a name",
                                         [RS__KEY_WORD] = "a word",
                                         [RS__KEY_COUNT] = "a whole number from 1",
                                         [RS__KEY_SHARE] = "a share such as 0.35",
                                         [RS__KEY_MODEL] = "a model",
                                         [RS__KEY_CHIP] = "a chip",
                                         [RS__KEY_TOPOLOGY] = "a topology"};

void rs_experiment_print_keys(rs_sink *sink) {
  for (size_t i = 0; i < RS_COUNT_OF(keys); i++) {
    const rs__key_row *row = &keys[i];
    rs_sink_printf(sink, "%-24s %s\n", row->path, row->help);
    rs_sink_printf(sink, "%-24s   %s", "", kind_texts[row->kind]);
    for (size_t w = 0; w < row->word_count; w++) {
      rs_sink_printf(sink, "%s%s", w == 0 ? ": " : ", ", row->words[w]);
    }
    rs_sink_printf(sink, row->otherwise == NULL ? "; needed" : "; default %s", row->otherwise);
    for (int task = 0; task < RS_TASK_COUNT; task++) {
      bool has = (row->tasks >> task & 1) != 0;
      if (has && row->tasks != (1u << RS_TASK_COUNT) - 1) {
        rs_sink_printf(sink, "; task %s", task_words[task]);
      }
    }
    rs_sink_put(sink, "\n");
  }
  rs_sink_put(sink,
              "sweep                    lists of values for any key above but name and task\n"
              "                           points are the product of all lists, the first slowest\n"
              "plots                    a list of {kind: stack|line|bar|wirings, x, y, by, title}\n"
              "                           x, y, by are columns of the results; default one\n"
              "                           stack, wirings or line, by task\n");
}

/* ---- faults ---- */

rs_status rs__experiment_fault(const rs__reader *r, const rs__place *place, const char *what,
                               const char *expected, const char *suggestion) {
  rs_diag_set(r->diag, RS_E_INPUT, "%s", what);
  if (expected != NULL) rs_diag_expect(r->diag, "%s", expected);
  rs_diag_suggest(r->diag, suggestion);
  rs_diag_at(r->diag, place->file, place->line, place->column);
  return RS_E_INPUT;
}

static rs_status unknown_key(const rs__reader *r, const rs__place *place, const char *key,
                             const char *prefix) {
  const char *names[RS_KEY_COUNT + 3];
  size_t count = 0;
  char what[160];
  size_t length = strlen(prefix);
  for (size_t i = 0; i < RS_COUNT_OF(keys); i++) {
    if (strncmp(keys[i].path, prefix, length) == 0) names[count++] = keys[i].path + length;
  }
  if (length == 0) {
    names[count++] = "sharding";
    names[count++] = "sweep";
    names[count++] = "plots";
  }
  snprintf(what, sizeof what, "unknown key '%.100s'", key);
  return rs__experiment_fault(r, place, what, "a key that 'realscale run --help-keys' lists",
                              rs_nearest_word(key, names, count));
}

/* ---- one value ---- */

static bool is_name(const char *text) {
  size_t length = strlen(text);
  return length >= 1 && length <= 100 && text[0] != '.' && text[0] != '-' &&
         strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
             length;
}

static rs_status check_word(const rs__reader *r, const rs__key_row *row, const char *text,
                            const rs__place *place) {
  char what[200], expected[120] = "";
  const char *all[16];
  size_t count = 0;
  size_t used = 0;
  for (size_t i = 0; i < row->word_count; i++) {
    if (strcmp(row->words[i], text) == 0) return RS_OK;
    all[count++] = row->words[i];
    int length = snprintf(expected + used, sizeof expected - used, "%s%s", i == 0 ? "" : " or ",
                          row->words[i]);
    used += length > 0 ? (size_t)length : 0;
  }
  for (size_t i = 0; i < row->later_count; i++) {
    if (strcmp(row->later[i], text) == 0) {
      snprintf(what, sizeof what, "%s '%s' is not available in this version", row->path, text);
      return rs__experiment_fault(r, place, what, expected, NULL);
    }
    all[count++] = row->later[i];
  }
  snprintf(what, sizeof what, "%s: unknown word '%.80s'", row->path, text);
  return rs__experiment_fault(r, place, what, expected, rs_nearest_word(text, all, count));
}

static rs_status check_count(const rs__reader *r, const rs__key_row *row, const char *text,
                             const rs__place *place) {
  char what[200], expected[80];
  int64_t value;
  snprintf(expected, sizeof expected, "a whole number from 1 to %lld", (long long)row->most);
  if (rs_quantity_parse(text, RS_QUANTITY_COUNT, &value, r->diag) == RS_OK && value >= 1 &&
      value <= row->most) {
    return RS_OK;
  }
  if (text[0] == '\0') {
    snprintf(what, sizeof what, "%s has no value", row->path);
  } else {
    snprintf(what, sizeof what, "%s: '%.80s' is not usable", row->path, text);
  }
  return rs__experiment_fault(r, place, what, expected, NULL);
}

/* A decimal above 0 and at most 1, of at most six places: read exactly, in millionths. */
bool rs__experiment_parse_share(const char *text, int64_t *ppm) {
  int64_t value = 0;
  int64_t weight = 1000000;
  size_t whole = strspn(text, "0123456789");
  if (whole == 0 || whole > 9) return false;
  for (size_t i = 0; i < whole; i++) value = value * 10 + (text[i] - '0');
  value *= weight;
  text += whole;
  if (*text == '.') {
    for (text++; *text >= '0' && *text <= '9' && weight > 1; text++) {
      weight /= 10;
      value += (*text - '0') * weight;
    }
  }
  *ppm = value;
  return *text == '\0' && value >= 1 && value <= 1000000;
}

static rs_status check_share(const rs__reader *r, const rs__key_row *row, const char *text,
                             const rs__place *place) {
  char what[200];
  int64_t ppm;
  if (rs__experiment_parse_share(text, &ppm)) return RS_OK;
  snprintf(what, sizeof what, "%s: '%.80s' is not usable", row->path, text);
  return rs__experiment_fault(r, place, what, "a share above 0 and at most 1, such as 0.35", NULL);
}

static rs_status assign(const rs__reader *r, rs__draft *draft, rs_key key,
                        const rs_yaml_node *value, const char *file) {
  const rs__key_row *row = &keys[key];
  rs__place place = {file, value->line, value->column};
  char what[160];
  if (value->kind != RS_YAML_SCALAR) {
    snprintf(what, sizeof what, "%s is not a single value", row->path);
    return rs__experiment_fault(r, &place, what, kind_texts[row->kind],
                                value->kind == RS_YAML_LIST ? "sweep" : NULL);
  }
  draft->text[key] = value->text;
  draft->place[key] = place;
  switch (row->kind) {
    case RS__KEY_WORD:
      return check_word(r, row, value->text, &place);
    case RS__KEY_COUNT:
      return check_count(r, row, value->text, &place);
    case RS__KEY_SHARE:
      return check_share(r, row, value->text, &place);
    case RS__KEY_NAME:
      if (is_name(value->text)) return RS_OK;
      snprintf(what, sizeof what, "name: '%.80s' cannot name a folder", value->text);
      return rs__experiment_fault(r, &place, what, "letters, digits, '-', '_', '.'", NULL);
    default:
      if (value->text[0] != '\0') return RS_OK; /* resolved later */
      snprintf(what, sizeof what, "%s has no value", row->path);
      return rs__experiment_fault(r, &place, what, kind_texts[row->kind], NULL);
  }
}

/* ---- the mapping ---- */

static rs_key find_key(const char *prefix, const char *name) {
  size_t length = strlen(prefix);
  for (int i = 0; i < RS_KEY_COUNT; i++) {
    if (strncmp(keys[i].path, prefix, length) == 0 && strcmp(keys[i].path + length, name) == 0) {
      return (rs_key)i;
    }
  }
  return RS_KEY_COUNT;
}

static rs_status read_sharding(const rs__reader *r, rs__draft *draft, const rs_yaml_node *node,
                               const char *file) {
  rs__place place = {file, node->line, node->column};
  if (node->kind != RS_YAML_MAPPING) {
    return rs__experiment_fault(r, &place, "sharding is not a mapping", "{tensor: 8, pipeline: 72}",
                                NULL);
  }
  for (size_t i = 0; i < node->item_count; i++) {
    const rs_yaml_item *item = &node->items[i];
    rs__place at = {file, item->line, item->column};
    rs_key key = find_key("sharding.", item->key);
    if (key == RS_KEY_COUNT) return unknown_key(r, &at, item->key, "sharding.");
    rs_status status = assign(r, draft, key, item->value, file);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* Adds or replaces (by --set) the list of a swept key. */
static rs_status add_axis(rs__reader *r, const rs_yaml_item *item, const char *file) {
  rs__place at = {file, item->line, item->column};
  rs_key key = find_key("", item->key);
  char what[160];
  if (key == RS_KEY_COUNT) return unknown_key(r, &at, item->key, "");
  if (key == RS_KEY_NAME || key == RS_KEY_TASK) {
    snprintf(what, sizeof what, "%s cannot be swept", item->key);
    return rs__experiment_fault(r, &at, what, "any other key", NULL);
  }
  if (item->value->kind != RS_YAML_LIST || item->value->item_count == 0) {
    rs__place value = {file, item->value->line, item->value->column};
    snprintf(what, sizeof what, "the values of %s to sweep over are not a list", item->key);
    return rs__experiment_fault(r, &value, what, "a list such as [1, 4, 16]", NULL);
  }
  size_t index = 0;
  while (index < r->axis_count && r->axes[index].key != key) index++;
  if (index == r->axis_count) r->axis_count++;
  r->axes[index] = (rs__axis){key, item->value, file};
  return RS_OK;
}

static rs_status read_sweep(rs__reader *r, const rs_yaml_node *node, const char *file) {
  rs__place place = {file, node->line, node->column};
  if (node->kind != RS_YAML_MAPPING) {
    return rs__experiment_fault(r, &place, "sweep is not a mapping", "keys with lists of values",
                                NULL);
  }
  for (size_t i = 0; i < node->item_count; i++) {
    rs_status status = add_axis(r, &node->items[i], file);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static rs_status read_top(rs__reader *r, const rs_yaml_node *root) {
  for (size_t i = 0; i < root->item_count; i++) {
    const rs_yaml_item *item = &root->items[i];
    rs__place at = {r->file, item->line, item->column};
    rs_status status;
    rs_key key = strchr(item->key, '.') != NULL ? RS_KEY_COUNT : find_key("", item->key);
    if (key != RS_KEY_COUNT) {
      status = assign(r, &r->draft, key, item->value, r->file);
    } else if (strcmp(item->key, "sharding") == 0) {
      status = read_sharding(r, &r->draft, item->value, r->file);
    } else if (strcmp(item->key, "sweep") == 0) {
      status = read_sweep(r, item->value, r->file);
    } else if (strcmp(item->key, "plots") == 0) {
      status = RS_OK;
      r->plots_node = item->value; /* read later: its columns depend on the task */
    } else {
      status = unknown_key(r, &at, item->key, "");
    }
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* path=value of the command line. A plain key that the file sweeps is no longer swept. */
static rs_status read_override(rs__reader *r, const char *override) {
  const char *equals = strchr(override, '=');
  rs__place at = {"--set", 1, 1};
  if (equals == NULL) {
    return rs__experiment_fault(r, &at, "this sets nothing", "path=value, such as batch=4", NULL);
  }
  char *path = rs_arena_strndup(r->arena, override, (size_t)(equals - override));
  const rs_yaml_node *value;
  if (path == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status =
      rs_yaml_parse_value(r->arena, "--set", equals + 1, strlen(equals + 1), &value, r->diag);
  if (status != RS_OK) return status;
  if (strncmp(path, "sweep.", 6) == 0) {
    rs_yaml_item item = {path + 6, 1, 1, value};
    return add_axis(r, &item, "--set");
  }
  rs_key key = find_key("", path);
  if (key == RS_KEY_COUNT) return unknown_key(r, &at, path, "");
  status = assign(r, &r->draft, key, value, "--set");
  for (size_t i = 0; i < r->axis_count; i++) {
    if (r->axes[i].key != key) continue;
    memmove(&r->axes[i], &r->axes[i + 1], (r->axis_count - i - 1) * sizeof *r->axes);
    r->axis_count--;
    break;
  }
  return status;
}

/* The task decides which keys there are. */
static rs_status check_task(rs__reader *r) {
  char what[160];
  rs__place place = {r->file, 1, 1};
  if (r->draft.text[RS_KEY_TASK] == NULL) {
    return rs__experiment_fault(r, &place, "the key 'task' is missing",
                                "decode, topology or traffic", NULL);
  }
  while (strcmp(task_words[r->task], r->draft.text[RS_KEY_TASK]) != 0) r->task++;
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    if ((keys[key].tasks >> r->task & 1) != 0) continue;
    const rs__axis *axis = NULL;
    for (size_t i = 0; i < r->axis_count; i++) {
      if (r->axes[i].key == (rs_key)key) axis = &r->axes[i];
    }
    if (r->draft.text[key] == NULL && axis == NULL) continue;
    place = r->draft.place[key];
    if (axis != NULL) place = (rs__place){axis->file, axis->values->line, axis->values->column};
    snprintf(what, sizeof what, "task '%s' has no key '%s'", task_words[r->task], keys[key].path);
    return rs__experiment_fault(r, &place, what, "keys of the task ('realscale run --help-keys')",
                                NULL);
  }
  return RS_OK;
}

/* A key that is swept need not stand in the file as well. */
static rs_status check_complete(rs__reader *r) {
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    bool swept = (keys[key].tasks >> r->task & 1) == 0;
    for (size_t i = 0; i < r->axis_count; i++) swept = swept || r->axes[i].key == (rs_key)key;
    if (r->draft.text[key] != NULL || swept) continue;
    r->draft.text[key] = keys[key].otherwise;
    r->draft.place[key] = (rs__place){r->file, 1, 1};
    if (keys[key].otherwise != NULL) continue;
    char what[120];
    rs__place place = {r->file, 1, 1};
    snprintf(what, sizeof what, "the key '%s' is missing", keys[key].path);
    return rs__experiment_fault(r, &place, what, keys[key].help, NULL);
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

static rs_status make_point(rs__reader *r, size_t index, rs_point *point) {
  rs__draft draft = r->draft;
  for (size_t i = r->axis_count; i-- > 0;) {
    const rs__axis *axis = &r->axes[i];
    size_t count = axis->values->item_count;
    rs_status status =
        assign(r, &draft, axis->key, axis->values->items[index % count].value, axis->file);
    if (status != RS_OK) return status;
    index /= count;
  }
  return rs__experiment_resolve(r, &draft, point);
}

static rs_status make_points(rs__reader *r, rs_experiment *experiment) {
  size_t count;
  rs_status status = count_points(r, &count);
  if (status != RS_OK) return status;
  rs_point *points = RS_ARENA_NEW(r->arena, rs_point, count);
  if (points == NULL) return rs_arena_failed(r->arena, r->diag);
  for (size_t i = 0; i < count; i++) {
    status = make_point(r, i, &points[i]);
    if (status != RS_OK) return status;
  }
  experiment->points = points;
  experiment->point_count = count;
  return RS_OK;
}

rs_status rs_experiment_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                              const char *const *overrides, size_t override_count,
                              const rs_experiment **experiment, rs_diag *diag) {
  rs__reader r = {.arena = arena, .file = file, .diag = diag};
  const rs_yaml_node *root;
  rs_experiment *result = RS_ARENA_NEW(arena, rs_experiment, 1);
  if (result == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_yaml_parse(arena, file, text, length, &root, diag);
  if (status == RS_OK) status = read_top(&r, root);
  for (size_t i = 0; i < override_count && status == RS_OK; i++) {
    status = read_override(&r, overrides[i]);
  }
  if (status == RS_OK) status = check_task(&r);
  if (status == RS_OK) status = check_complete(&r);
  if (status == RS_OK && r.plots_node != NULL) {
    status = rs__experiment_read_plots(&r, r.plots_node);
  }
  if (status == RS_OK) status = make_points(&r, result);
  if (status != RS_OK) return status;
  result->file = file;
  result->name = r.draft.text[RS_KEY_NAME];
  result->task = r.task;
  result->plots = r.plots;
  result->plot_count = r.plot_count;
  *experiment = result;
  return RS_OK;
}

/* ---- a point as text ---- */

void rs_point_print(const rs_point *point, rs_sink *sink) {
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    if (point->text[key] == NULL) continue;
    rs_sink_printf(sink, "%s: %s\n", keys[key].path, point->text[key]);
  }
}

uint64_t rs_point_digest(const rs_point *point) {
  uint64_t digest = rs_digest_bytes(RS_DIGEST_SEED, RS_VERSION, sizeof RS_VERSION);
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    const char *text = point->text[key] == NULL ? "" : point->text[key];
    digest = rs_digest_bytes(digest, text, strlen(text) + 1);
  }
  return digest;
}

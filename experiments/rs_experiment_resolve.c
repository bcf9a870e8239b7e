/*
 * From texts to things: the model, the chip, the wiring, the sharding. Models and wirings are kept by
 * their text, so that a sweep of a thousand points builds each once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs_cli.h"
#include "rs_collective.h"
#include "rs_placement.h"
#include "rs_price_file.h"
#include "rs_topology.h"
#include "rs_units.h"

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

static int64_t count_of(const rs__draft *draft, rs_key key) {
  int64_t value = 0;
  if (draft->text[key] == NULL) return 0;                               /* not for this task */
  rs_quantity_parse(draft->text[key], RS_QUANTITY_COUNT, &value, NULL); /* checked before */
  return value;
}

/* ---- models ---- */

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
  if (!rs_cli_is_path(text)) return unknown_model(r, place, text);
  *file = path_of(r, text);
  if (*file == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status = rs_file_read(r->arena, *file, CONFIG_BYTES_MAX, config, length, r->diag);
  if (status == RS_OK || r->diag == NULL) return status;
  char what[400];
  snprintf(what, sizeof what, "model '%.200s': %.150s", *file, r->diag->what);
  return rs__experiment_fault(r, place, what, "the path of a config.json", NULL);
}

static rs_status resolve_model(rs__reader *r, const rs__draft *draft, rs_key key,
                               const rs_model **result) {
  const char *text = draft->text[key];
  rs__resolved *known = find_resolved(r->models, text);
  if (known != NULL) {
    *result = known->thing;
    return RS_OK;
  }
  const char *file;
  char *config;
  size_t length;
  rs_model *model = RS_ARENA_NEW(r->arena, rs_model, 1);
  if (model == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status = read_model_text(r, &draft->place[key], text, &file, &config, &length);
  if (status == RS_OK) status = rs_model_parse(file, config, length, model, r->diag);
  if (status != RS_OK) return status;
  *result = model;
  return keep(r, &r->models, text, NULL, model);
}

/* A draft's tokens are the target's: it needs the same vocabulary. */
static rs_status resolve_speculation(rs__reader *r, const rs__draft *draft, rs_point *point) {
  rs_speculation *s = &point->speculation;
  const rs__place *place = &draft->place[RS_KEY_DRAFT];
  char what[200];
  if (strcmp(draft->text[RS_KEY_DRAFT], "none") == 0) return RS_OK;
  rs_status status = resolve_model(r, draft, RS_KEY_DRAFT, &s->draft);
  if (status != RS_OK) return status;
  s->length = count_of(draft, RS_KEY_LENGTH);
  if (!rs__experiment_parse_share(draft->text[RS_KEY_ACCEPTANCE], &s->acceptance_ppm)) {
    return rs__experiment_fault(r, place, "a draft needs speculate.acceptance",
                                "a share above 0 and at most 1, such as 0.7", NULL);
  }
  if (s->draft->is_encoder) {
    return rs__experiment_fault(r, place, "speculate.draft: an encoder has no next token",
                                "a model that decodes", NULL);
  }
  if (s->draft->vocab == point->model->vocab) return RS_OK;
  snprintf(what, sizeof what, "speculate.draft: '%.60s' has %lld tokens, '%.60s' has %lld",
           s->draft->name, (long long)s->draft->vocab, point->model->name,
           (long long)point->model->vocab);
  return rs__experiment_fault(r, place, what, "a draft with the model's vocabulary", NULL);
}

/* ---- chips, wirings ---- */

/* A schedule is made of an LPU's cycles; a step on GPUs needs none. */
static rs_status check_kind(const rs__reader *r, const rs__draft *draft, const rs_chip *chip) {
  char what[200];
  if (chip->kind == RS_CHIP_LPU || r->task == RS_TASK_DECODE || r->task == RS_TASK_PREFILL) {
    return RS_OK;
  }
  snprintf(what, sizeof what, "chip '%.60s' is a GPU, and task '%s' runs on LPUs", chip->name,
           rs_task_word(r->task));
  return rs__experiment_fault(r, &draft->place[RS_KEY_CHIP], what, "an LPU", NULL);
}

static rs_status resolve_chip(rs__reader *r, const rs__draft *draft, rs_point *point) {
  const char *text = draft->text[RS_KEY_CHIP];
  rs__resolved *known = find_resolved(r->chips, text);
  if (known != NULL) {
    point->chip = known->thing;
    return RS_OK;
  }
  bool is_path = rs_cli_is_path(text);
  const char *path = is_path ? path_of(r, text) : text;
  if (path == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status = rs_cli_find_chip(r->arena, path, &point->chip, r->diag);
  if (status == RS_OK) status = check_kind(r, draft, point->chip);
  if (status == RS_OK) return keep(r, &r->chips, text, NULL, point->chip);
  /* a fault in a file has a place there; one without a place is the key's */
  if (r->diag != NULL && r->diag->line == 0) {
    const rs__place *place = &draft->place[RS_KEY_CHIP];
    rs_diag_at(r->diag, place->file, place->line, place->column);
  }
  return status;
}

/* ---- prices ---- */

/* The price of the point's chip in the table that the key names. */
static rs_status resolve_price(rs__reader *r, const rs__draft *draft, rs_point *point) {
  const char *text = draft->text[RS_KEY_PRICES];
  const rs__place *place = &draft->place[RS_KEY_PRICES];
  char what[200];
  if (strcmp(text, "none") == 0) return RS_OK;
  rs__resolved *known = find_resolved(r->prices, text);
  const rs_price_table *table = known == NULL ? NULL : known->thing;
  if (table == NULL) {
    char *content;
    size_t length;
    rs_price_table *own = RS_ARENA_NEW(r->arena, rs_price_table, 1);
    const char *path = path_of(r, text);
    if (own == NULL || path == NULL) return rs_arena_failed(r->arena, r->diag);
    rs_status status = rs_file_read(r->arena, path, CONFIG_BYTES_MAX, &content, &length, r->diag);
    if (status != RS_OK) {
      snprintf(what, sizeof what, "prices: '%.150s' cannot be read", path);
      return rs__experiment_fault(r, place, what, "the path of a price table, or none", NULL);
    }
    status = rs_price_table_parse(r->arena, path, content, length, own, r->diag);
    if (status == RS_OK) status = keep(r, &r->prices, text, NULL, own);
    if (status != RS_OK) return status;
    table = own;
  }
  point->price = rs_price_table_find(table, point->chip->name);
  if (point->price != NULL) return RS_OK;
  snprintf(what, sizeof what, "prices: '%.100s' has no chip '%.60s'", text, point->chip->name);
  return rs__experiment_fault(r, place, what, "a row for every chip of the experiment", NULL);
}

static rs_status build_wiring(rs__reader *r, const char *text, uint32_t ports, rs_point *point) {
  const rs_topology_options options = {.ports_max = ports};
  rs_topology *topology;
  rs_wiring *wiring;
  rs_status status = rs_cli_parse_topology(r->arena, text, &topology, r->diag);
  if (status == RS_OK) status = rs_topology_build(r->arena, topology, &options, &wiring, r->diag);
  if (status != RS_OK) return status;
  point->topology = rs_topology_spec(topology);
  point->wiring = wiring;
  return RS_OK;
}

/* Wirings are kept by their text and the ports that they were checked against. */
static rs_status resolve_topology(rs__reader *r, const rs__draft *draft, rs_point *point) {
  const rs__place *place = &draft->place[RS_KEY_TOPOLOGY];
  bool has_ports = draft->text[RS_KEY_PORTS] != NULL;
  uint32_t ports = has_ports ? (uint32_t)count_of(draft, RS_KEY_PORTS) : 0;
  const char *text = draft->text[RS_KEY_TOPOLOGY];
  const char *key = rs_arena_printf(r->arena, "%u %s", ports, text);
  if (key == NULL) return rs_arena_failed(r->arena, r->diag);
  rs__resolved *known = find_resolved(r->topologies, key);
  if (known != NULL) {
    point->wiring = known->thing;
    point->topology = known->canonical;
    return RS_OK;
  }
  if (build_wiring(r, text, ports, point) == RS_OK) {
    return keep(r, &r->topologies, key, point->topology, point->wiring);
  }
  if (r->diag == NULL) return RS_E_INPUT;
  if (r->diag->status == RS_E_INFEASIBLE) r->diag->status = RS_E_INPUT;
  if (strncmp(text, "file:", 5) != 0 || r->diag->line == 0) {
    rs_diag_at(r->diag, place->file, place->line, place->column);
  }
  return RS_E_INPUT;
}

/* ---- numbers and the sharding ---- */

static void resolve_request(const rs__draft *draft, rs_task task, rs_point *point) {
  rs_sharding_request *request = &point->request;
  request->tensor = count_of(draft, RS_KEY_TENSOR);
  request->pipeline = count_of(draft, RS_KEY_PIPELINE);
  request->expert = count_of(draft, RS_KEY_EXPERT);
  request->micro_batches = count_of(draft, RS_KEY_MICRO_BATCHES);
  request->replicas = count_of(draft, RS_KEY_REPLICAS);
  request->batch = count_of(draft, RS_KEY_BATCH);
  request->context = count_of(draft, RS_KEY_CONTEXT);
  request->deskew_margin_cycles = count_of(draft, RS_KEY_DESKEW_MARGIN);
  rs_dispatch_parse(draft->text[RS_KEY_DISPATCH], &request->dispatch);
  rs_sums_parse(draft->text[RS_KEY_SUMS], &request->sums);
  rs_kv_split_parse(draft->text[RS_KEY_KV_SPLIT], &request->kv_split);
  rs_placement_parse(draft->text[RS_KEY_PLACEMENT], &request->placement);
  rs__experiment_parse_factor(draft->text[RS_KEY_CAPACITY], &request->capacity_ppm);
  rs_number_parse(draft->text[RS_KEY_WEIGHTS], &request->weights);
  rs_number_parse(draft->text[RS_KEY_ACTIVATIONS], &request->activations);
  rs_number_parse(draft->text[RS_KEY_KV_CACHE], &request->kv);
  if (task == RS_TASK_DECODE) point->generate = count_of(draft, RS_KEY_GENERATE);
  if (task == RS_TASK_PREFILL) point->chunk = count_of(draft, RS_KEY_CHUNK);
  point->seed = (uint64_t)count_of(draft, RS_KEY_SEED);
  point->gpus = count_of(draft, RS_KEY_GPUS);
  point->boards = count_of(draft, RS_KEY_BOARDS);
  const char *paging = draft->text[RS_KEY_PAGING];
  point->pages_weights = paging != NULL && strcmp(paging, "host") == 0;
}

/* Which key to blame, in the order in which the sharding complains. */
static rs_key find_cause(const rs_point *point) {
  const rs_sharding_request *q = &point->request;
  int64_t chips;
  const rs_model *m = point->model;
  int64_t working = rs_wiring_working_count(point->wiring);
  if (!rs_mul_i64(q->tensor, q->pipeline, &chips) || chips > working) {
    return RS_KEY_TENSOR;
  }
  if (!rs_mul_i64(chips, q->replicas, &chips) || chips > working) {
    return RS_KEY_REPLICAS;
  }
  if (q->pipeline > rs_sharding_stages_max(m)) return RS_KEY_PIPELINE;
  if (rs_sharding_check_split(m, q->tensor, NULL) != RS_OK) return RS_KEY_TENSOR;
  if (rs_sharding_check_experts(m, q, NULL) != RS_OK) return RS_KEY_EXPERT;
  return q->micro_batches > q->pipeline ? RS_KEY_MICRO_BATCHES : RS_KEY_DISPATCH;
}

/* Of what is too large to count: the model by itself, or the larger of what its cache is made of. */
static rs_key find_size(const rs_point *point) {
  const rs_sharding_request *q = &point->request;
  rs_model_count count;
  int64_t bytes;
  if (rs_model_count_parameters(point->model, &count, NULL) != RS_OK ||
      !rs_mul_i64(count.total, 4 * q->tensor, &bytes)) { /* 2 B, and twice for what is summed up */
    return RS_KEY_MODEL;
  }
  return q->batch > q->context ? RS_KEY_BATCH : RS_KEY_CONTEXT;
}

rs_status rs__experiment_check_sharding(const rs__reader *r, const rs__draft *draft,
                                        const rs_point *point) {
  if (point->chip->kind == RS_CHIP_GPU) return RS_OK; /* a row says what does not divide */
  rs_sharding *sharding;
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(r->arena, r->diag);
  rs_status status =
      rs_sharding_build(scratch, point->model, point->chip, rs_wiring_working_count(point->wiring),
                        &point->request, &sharding, r->diag);
  rs_arena_destroy(scratch);
  if (status != RS_E_INFEASIBLE && status != RS_E_OVERFLOW) return RS_OK;
  rs_key cause = status == RS_E_OVERFLOW ? find_size(point) : find_cause(point);
  const rs__place *place = &draft->place[cause];
  rs_diag_at(r->diag, place->file, place->line, place->column);
  return status;
}

/* ---- networks and traffic ---- */

static rs_network network_of(const rs__draft *draft) {
  int network = 0;
  while (strcmp(draft->text[RS_KEY_NETWORK], rs_network_word((rs_network)network)) != 0) network++;
  return (rs_network)network;
}

/* The network key, unless a routing names a network by itself, which lets one sweep hold them all. */
static rs_network find_network(const rs__draft *draft) {
  const char *routing = draft->text[RS_KEY_ROUTING];
  if (strcmp(routing, "timetable") == 0) return RS_NETWORK_SCHEDULED;
  if (strcmp(routing, "fluid") == 0) return RS_NETWORK_FLUID;
  return network_of(draft);
}

static void resolve_packets(const rs__draft *draft, rs_point *point) {
  point->network = find_network(draft);
  point->buffer_vectors = (uint32_t)count_of(draft, RS_KEY_BUFFER_VECTORS);
  point->virtual_channels = (uint32_t)count_of(draft, RS_KEY_CHANNELS);
  rs_routing_parse(draft->text[RS_KEY_ROUTING], &point->routing);
}

static rs_status resolve_traffic(rs__reader *r, const rs__draft *draft, rs_point *point) {
  rs_pattern *pattern = &point->traffic.pattern;
  resolve_packets(draft, point);
  point->seed = (uint64_t)count_of(draft, RS_KEY_SEED);
  point->measure_slots = count_of(draft, RS_KEY_MEASURE_SLOTS);
  point->traffic.group_size = 8; /* a node */
  rs_pattern_parse(draft->text[RS_KEY_PATTERN], pattern);
  rs__experiment_parse_share(draft->text[RS_KEY_OFFERED_LOAD], &point->traffic.load_ppm);
  bool has_timetable = *pattern == RS_PATTERN_UNIFORM || *pattern == RS_PATTERN_ALL_TO_ALL;
  const rs__place *place = &draft->place[RS_KEY_PATTERN];
  if (point->network == RS_NETWORK_SCHEDULED && !has_timetable) {
    return rs__experiment_fault(r, place,
                                "the scheduled network has a timetable for uniform traffic only",
                                "uniform or all-to-all", NULL);
  }
  rs_status status = resolve_chip(r, draft, point);
  if (status == RS_OK) status = resolve_topology(r, draft, point);
  if (status != RS_OK) return status;
  rs_diag diag;
  if (rs_traffic_check(*pattern, point->wiring->chip_count, point->traffic.group_size, &diag) !=
      RS_OK) {
    return rs__experiment_fault(r, place, diag.what, NULL, NULL);
  }
  return RS_OK;
}

/* ---- collectives ---- */

static bool has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

/* A name of any collective will do: a sweep over both is a product, and where the two do not go
 * together the row says so. */
static rs_status check_algorithm(const rs__reader *r, const rs__draft *draft) {
  const char *text = draft->text[RS_KEY_ALGORITHM];
  const char *names[64] = {"auto"};
  size_t name_count = 1;
  size_t count;
  char what[160];
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  if (strcmp(text, "auto") == 0) return RS_OK;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(rows[i].name, text) == 0) return RS_OK;
    if (name_count < RS_COUNT_OF(names)) names[name_count++] = rows[i].name;
  }
  snprintf(what, sizeof what, "unknown algorithm '%.100s'", text);
  return rs__experiment_fault(r, &draft->place[RS_KEY_ALGORITHM], what,
                              "auto, or an algorithm of 'realscale list collectives'",
                              rs_nearest_word(text, names, name_count));
}

/* Fills the list of chips, each on the wiring and, but for pairs of a send, once. */
static rs_status fill_group(rs__reader *r, const rs__draft *draft, const rs_point *point,
                            const int64_t *numbers, size_t count, uint32_t *chips) {
  char what[160], expected[80];
  bool *is_member = RS_ARENA_NEW(r->arena, bool, point->wiring->chip_count);
  if (is_member == NULL) return rs_arena_failed(r->arena, r->diag);
  size_t at = 0;
  for (; at < count && numbers[at] < point->wiring->chip_count; at++) {
    if (is_member[numbers[at]] && point->collective.kind != RS_SEND) break;
    is_member[numbers[at]] = true;
    chips[at] = (uint32_t)numbers[at];
  }
  if (at == count) return RS_OK;
  if (numbers[at] < point->wiring->chip_count) {
    snprintf(what, sizeof what, "chips: chip %lld stands twice", (long long)numbers[at]);
  } else {
    snprintf(what, sizeof what, "chips: there is no chip %lld on %.80s", (long long)numbers[at],
             point->topology);
  }
  snprintf(expected, sizeof expected, "chips 0 to %u, each once", point->wiring->chip_count - 1);
  return rs__experiment_fault(r, &draft->place[RS_KEY_CHIPS], what, expected, NULL);
}

static rs_status parse_group(rs__reader *r, const rs__draft *draft, const rs_point *point,
                             uint32_t **chips, size_t *count) {
  const char *text = draft->text[RS_KEY_CHIPS];
  const rs__place *place = &draft->place[RS_KEY_CHIPS];
  int64_t *numbers = NULL;
  if (strcmp(text, "all") == 0) {
    uint32_t working_count;
    rs_status all = rs_wiring_working(r->arena, point->wiring, chips, &working_count, r->diag);
    *count = working_count;
    return all;
  }
  rs_status status = rs_cli_parse_list(r->arena, text, &numbers, count, r->diag);
  if (status != RS_OK) {
    rs_diag_at(r->diag, place->file, place->line, place->column);
    return status;
  }
  *chips = RS_ARENA_NEW(r->arena, uint32_t, *count);
  if (*chips == NULL) return rs_arena_failed(r->arena, r->diag);
  return fill_group(r, draft, point, numbers, *count, *chips);
}

/* Groups are kept by their text, the number of chips that it was checked against, how many of them
 * work, and whether it is a list of pairs. */
static rs_status resolve_group(rs__reader *r, const rs__draft *draft, rs_point *point) {
  rs_collective_request *request = &point->collective;
  const char *key = rs_arena_printf(r->arena, "%u %u %d %s", point->wiring->chip_count,
                                    rs_wiring_working_count(point->wiring),
                                    request->kind == RS_SEND, draft->text[RS_KEY_CHIPS]);
  uint32_t *chips;
  size_t count;
  if (key == NULL) return rs_arena_failed(r->arena, r->diag);
  const rs__resolved *known = find_resolved(r->groups, key);
  if (known != NULL) {
    const rs_collective_request *same = known->thing;
    request->chips = same->chips;
    request->chip_count = same->chip_count;
    return RS_OK;
  }
  rs_status status = parse_group(r, draft, point, &chips, &count);
  if (status != RS_OK) return status;
  request->chips = chips;
  request->chip_count = (uint32_t)count;
  return keep(r, &r->groups, key, NULL, request);
}

static rs_status resolve_collective(rs__reader *r, const rs__draft *draft, rs_point *point) {
  rs_collective_request *request = &point->collective;
  const char *algorithm = draft->text[RS_KEY_ALGORITHM];
  if (r->task == RS_TASK_COLLECTIVE) resolve_packets(draft, point);
  rs_status status = check_algorithm(r, draft);
  if (status == RS_OK) status = resolve_chip(r, draft, point);
  if (status == RS_OK) status = resolve_topology(r, draft, point);
  if (status != RS_OK) return status;
  rs_collective_kind_parse(draft->text[RS_KEY_COLLECTIVE], &request->kind);
  rs_quantity_parse(draft->text[RS_KEY_BYTES], RS_QUANTITY_BYTES, &request->block_bytes, NULL);
  request->algorithm = strcmp(algorithm, "auto") == 0 ? NULL : algorithm;
  point->timing = point->chip->timing;
  request->deskew_margin_cycles = count_of(draft, RS_KEY_DESKEW_MARGIN);
  point->deskew_interval_cycles = count_of(draft, RS_KEY_DESKEW_INTERVAL);
  if (r->task == RS_TASK_COLLECTIVE && strcmp(draft->text[RS_KEY_TIMING], "unit") == 0) {
    rs_timing_init_unit(&point->timing);
  }
  status = resolve_group(r, draft, point);
  request->root = status == RS_OK && has_root(request->kind) ? request->chips[0] : RS_NONE;
  return status;
}

static rs_status check_decodes(const rs__reader *r, const rs__draft *draft, const rs_point *point) {
  if (!point->model->is_encoder) return RS_OK;
  return rs__experiment_fault(
      r, &draft->place[RS_KEY_MODEL], "an encoder has no next token to decode",
      r->task == RS_TASK_DECODE ? "task: prefill" : "a model that decodes", NULL);
}

/* Stalls stand in a step's one timetable. */
static rs_status check_stalls(const rs__reader *r, const rs__draft *draft, rs_point *point) {
  point->deskew_interval_cycles = count_of(draft, RS_KEY_DESKEW_INTERVAL);
  if (point->deskew_interval_cycles == 0) return RS_OK;
  const rs__place *place = &draft->place[RS_KEY_DESKEW_INTERVAL];
  if (point->chip->kind == RS_CHIP_GPU) {
    return rs__experiment_fault(r, place, "deskew_interval: a GPU has no timetable", "0", NULL);
  }
  if (point->speculation.draft == NULL) return RS_OK;
  return rs__experiment_fault(r, place, "deskew_interval: a round with a draft has two timetables",
                              "0, or no draft", NULL);
}

/* Task clock with a model. */
static rs_status resolve_step(rs__reader *r, const rs__draft *draft, rs_point *point) {
  resolve_request(draft, r->task, point);
  rs_status status = resolve_model(r, draft, RS_KEY_MODEL, &point->model);
  if (status == RS_OK) status = check_decodes(r, draft, point);
  if (status == RS_OK) status = resolve_chip(r, draft, point);
  if (status == RS_OK) status = resolve_topology(r, draft, point);
  if (status == RS_OK) point->timing = point->chip->timing;
  return status;
}

rs_status rs__experiment_resolve(rs__reader *r, const rs__draft *draft, rs_point *point) {
  *point = (rs_point){.task = r->task};
  memcpy(point->text, draft->text, sizeof point->text);
  if (r->task == RS_TASK_TOPOLOGY) return resolve_topology(r, draft, point);
  if (r->task == RS_TASK_TRAFFIC) return resolve_traffic(r, draft, point);
  if (r->task == RS_TASK_COLLECTIVE) return resolve_collective(r, draft, point);
  if (r->task == RS_TASK_CLOCK) {
    rs_status status = r->keys_bit == RS__CLOCK_OF_A_STEP ? resolve_step(r, draft, point)
                                                          : resolve_collective(r, draft, point);
    return status == RS_OK ? rs__experiment_resolve_clock(r, draft, point) : status;
  }
  if (strcmp(draft->text[RS_KEY_NETWORK], "scheduled") != 0) {
    char what[80];
    snprintf(what, sizeof what, "task '%s' runs on the scheduled network", rs_task_word(r->task));
    return rs__experiment_fault(r, &draft->place[RS_KEY_NETWORK], what, "scheduled", NULL);
  }
  resolve_request(draft, r->task, point);
  rs_status status = resolve_model(r, draft, RS_KEY_MODEL, &point->model);
  if (status == RS_OK && r->task == RS_TASK_DECODE) status = check_decodes(r, draft, point);
  if (status == RS_OK && r->task == RS_TASK_DECODE) status = resolve_speculation(r, draft, point);
  if (status == RS_OK) status = resolve_chip(r, draft, point);
  if (status == RS_OK && r->task == RS_TASK_DECODE) status = resolve_price(r, draft, point);
  if (status == RS_OK && r->task == RS_TASK_DECODE) status = check_stalls(r, draft, point);
  if (status == RS_OK) status = resolve_topology(r, draft, point);
  return status;
}

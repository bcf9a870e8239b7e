/* `realscale plan`: the best shardings of a model on so many chips, as a Pareto table. */
#include <string.h>
#include <unistd.h>

#include "rs_cli.h"
#include "rs_experiment.h"
#include "rs_placement.h"
#include "rs_planner.h"
#include "rs_topology.h"
#include "rs_units.h"

#define CONFIG_BYTES_MAX ((size_t)16 << 20)

static const char *const columns[] = {"model",
                                      "chip",
                                      "chips",
                                      "topology",
                                      "tensor",
                                      "pipeline",
                                      "expert",
                                      "placement",
                                      "batch",
                                      "micro_batches",
                                      "tokens_per_s_user",
                                      "tokens_per_s_total",
                                      "energy_j_per_token",
                                      "token_latency_s",
                                      "limit",
                                      "largest_part",
                                      "sram_bytes_per_chip_max",
                                      "capacity",
                                      "overflow_probability",
                                      "dropped_share",
                                      "objective",
                                      "gap",
                                      "candidates",
                                      "compiled",
                                      "chips_least",
                                      "context",
                                      "weights"};

static const rs_option options[] = {
    {"model", 'm', RS_OPTION_TEXT, "MODEL", "a preset, or the path of a config.json (needed)"},
    {"chips", 'n', RS_OPTION_TEXT, "COUNT", "that may be used (needed)"},
    {"objective", 0, RS_OPTION_TEXT, "WORD", "latency (default), throughput or energy"},
    {"chip", 0, RS_OPTION_TEXT, "CHIP", "default groqchip1"},
    {"topology", 't', RS_OPTION_TEXT, "SPEC", "default realscale:COUNT, in whole nodes"},
    {"weights", 0, RS_OPTION_TEXT, "FORMAT", "default int8"},
    {"activations", 0, RS_OPTION_TEXT, "FORMAT", "default fp16"},
    {"kv-cache", 0, RS_OPTION_TEXT, "FORMAT", "default fp16"},
    {"context", 0, RS_OPTION_TEXT, "COUNT", "cached positions of each sequence (default 4096)"},
    {"batch", 0, RS_OPTION_TEXT, "COUNT", "sequences of a micro-batch, at most (default 256)"},
    {"dropped", 0, RS_OPTION_TEXT, "PERCENT",
     "of what tokens ask of experts, at most (default 1); capacity follows from it"},
    {"tensor", 0, RS_OPTION_TEXT, "COUNT",
     "chips of a group, at most (default: heads + 8; with experts 4 x heads)"},
    {"work", 0, RS_OPTION_TEXT, "COUNT",
     "sum of pipeline x tensor^2 that is compiled at most (default 400000)"},
    {"jobs", 'j', RS_OPTION_TEXT, "N",
     "threads (default: one a processor; more than 2 do nothing)"},
};

/* ---- values ---- */

/* otherwise < 0: the option is needed. */
static rs_status read_count(const rs_arguments *a, const char *name, int64_t otherwise,
                            int64_t most, int64_t *value, rs_diag *diag) {
  const char *text = rs_arguments_value(a, name);
  if (text == NULL && otherwise < 0) {
    return rs_diag_set(diag, RS_E_INPUT, "plan needs --%s", name);
  }
  *value = otherwise;
  if (text == NULL) return RS_OK;
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, value, diag);
  if (status == RS_OK && *value >= 1 && *value <= most) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--%s '%.80s' is no such count", name, text);
  rs_diag_expect(diag, "a whole number from 1 to %lld", (long long)most);
  return RS_E_INPUT;
}

static rs_status read_number(const rs_arguments *a, const char *name, rs_number otherwise,
                             rs_number *number, rs_diag *diag) {
  const char *text = rs_arguments_value(a, name);
  *number = otherwise;
  if (text == NULL || rs_number_parse(text, number)) return RS_OK;
  const char *words[RS_NUMBER_COUNT];
  for (int i = 0; i < RS_NUMBER_COUNT; i++) words[i] = rs_number_word((rs_number)i);
  rs_diag_set(diag, RS_E_INPUT, "--%s: unknown format '%.80s'", name, text);
  rs_diag_expect(diag, "int8, fp16, fp8, bf16 or block4");
  rs_diag_suggest(diag, rs_nearest_word(text, words, RS_NUMBER_COUNT));
  return RS_E_INPUT;
}

static rs_status read_objective(const rs_arguments *a, rs_objective *objective, rs_diag *diag) {
  const char *text = rs_arguments_value(a, "objective");
  *objective = RS_OBJECTIVE_LATENCY;
  if (text == NULL || rs_objective_parse(text, objective)) return RS_OK;
  const char *words[RS_OBJECTIVE_COUNT];
  for (int i = 0; i < RS_OBJECTIVE_COUNT; i++) words[i] = rs_objective_word((rs_objective)i);
  rs_diag_set(diag, RS_E_INPUT, "--objective: unknown word '%.80s'", text);
  rs_diag_expect(diag, "latency, throughput or energy");
  rs_diag_suggest(diag, rs_nearest_word(text, words, RS_OBJECTIVE_COUNT));
  return RS_E_INPUT;
}

static rs_status unknown_model(const char *text, rs_diag *diag) {
  const char *names[64];
  size_t count = 0;
  for (size_t i = 0; i < rs_model_preset_count() && count < RS_COUNT_OF(names); i++) {
    names[count++] = rs_model_preset_at(i).name;
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown model '%.100s'", text);
  rs_diag_expect(diag, "a preset of 'realscale list models', or the path of a config.json");
  rs_diag_suggest(diag, rs_nearest_word(text, names, count));
  return RS_E_INPUT;
}

static rs_status read_model(const rs_arguments *a, rs_model *model, rs_diag *diag) {
  const char *text = rs_arguments_value(a, "model");
  rs_model_preset preset;
  char *config;
  size_t length;
  if (text == NULL) return rs_diag_set(diag, RS_E_INPUT, "plan needs --model");
  if (rs_model_preset_find(text, &preset)) {
    return rs_model_parse(text, preset.config, strlen(preset.config), model, diag);
  }
  if (strchr(text, '/') == NULL && strstr(text, ".json") == NULL) return unknown_model(text, diag);
  rs_status status = rs_file_read(a->arena, text, CONFIG_BYTES_MAX, &config, &length, diag);
  return status == RS_OK ? rs_model_parse(text, config, length, model, diag) : status;
}

static rs_status read_wiring(const rs_arguments *a, rs_planner_request *request, rs_diag *diag) {
  const char *spec = rs_arguments_value(a, "topology");
  if (spec == NULL) {
    /* whole nodes */
    int64_t chips = rs_ceil_div_i64(request->chips, 8) * 8;
    spec = rs_arena_printf(a->arena, "realscale:%lld", (long long)chips);
    if (spec == NULL) return rs_arena_failed(a->arena, diag);
  }
  rs_status status =
      rs_cli_build_topology(a->arena, spec, &request->topology, &request->wiring, diag);
  if (status != RS_OK) return status;
  uint32_t working = rs_wiring_working_count(request->wiring);
  if (working >= request->chips) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--chips %lld: %.80s has %u", (long long)request->chips,
              request->topology, working);
  return RS_E_INPUT;
}

static rs_status read_request(const rs_arguments *a, rs_model *model, rs_planner_request *request,
                              rs_diag *diag) {
  rs_sharding_request *base = &request->base;
  const char *chip = rs_arguments_value(a, "chip");
  rs_status status = read_model(a, model, diag);
  if (status == RS_OK && model->is_encoder) {
    status = rs_diag_set(diag, RS_E_INPUT, "%s is an encoder, which has no next token to decode",
                         model->name);
  }
  request->model = model;
  if (status == RS_OK) status = read_objective(a, &request->objective, diag);
  if (status == RS_OK) status = read_count(a, "chips", -1, 1 << 17, &request->chips, diag);
  if (status == RS_OK) status = read_count(a, "context", 4096, 1 << 30, &base->context, diag);
  if (status == RS_OK) status = read_count(a, "batch", 256, 1 << 20, &request->batch_max, diag);
  int64_t percent = 1;
  if (status == RS_OK) status = read_count(a, "dropped", 1, 100, &percent, diag);
  request->dropped_max = (double)percent * RS_PLANNER_DROPPED_MAX;
  if (status == RS_OK) status = read_count(a, "tensor", 0, 1 << 17, &request->tensor_max, diag);
  if (status == RS_OK) {
    status = read_count(a, "work", RS_PLANNER_WORK_MAX, INT64_MAX, &request->work_max, diag);
  }
  int64_t processors = RS_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
  if (status == RS_OK) status = read_count(a, "jobs", processors, 1024, &request->threads, diag);
  if (status == RS_OK) status = read_number(a, "weights", RS_INT8, &base->weights, diag);
  if (status == RS_OK) status = read_number(a, "activations", RS_FP16, &base->activations, diag);
  if (status == RS_OK) status = read_number(a, "kv-cache", RS_FP16, &base->kv, diag);
  if (status == RS_OK) {
    status = rs_cli_find_chip(a->arena, chip == NULL ? "groqchip1" : chip, &request->chip, diag);
  }
  if (status == RS_OK && request->chip->kind != RS_CHIP_LPU) {
    status = rs_diag_set(diag, RS_E_INPUT, "%s: plans are made for LPUs", request->chip->name);
  }
  return status == RS_OK ? read_wiring(a, request, diag) : status;
}

/* ---- rows ---- */

static void add_row(rs_table *table, const rs_planner_request *q, const rs_planner_result *result,
                    const rs_planner_row *row) {
  const rs_sharding_request *r = &row->request;
  rs_table_add_row(table);
  rs_table_set_text(table, "model", q->model->name);
  rs_table_set_text(table, "chip", q->chip->name);
  rs_table_set_i64(table, "chips", row->chips);
  rs_table_set_text(table, "topology", q->topology);
  rs_table_set_i64(table, "tensor", r->tensor);
  rs_table_set_i64(table, "pipeline", r->pipeline);
  rs_table_set_i64(table, "expert", r->expert);
  rs_table_set_text(table, "placement", rs_placement_word(r->placement));
  rs_table_set_i64(table, "batch", r->batch);
  rs_table_set_i64(table, "micro_batches", r->micro_batches);
  rs_table_set_double(table, "tokens_per_s_user", row->decode.tokens_per_s_user);
  rs_table_set_double(table, "tokens_per_s_total", row->decode.tokens_per_s_total);
  rs_table_set_double(table, "energy_j_per_token", row->decode.energy_j_per_token);
  rs_table_set_double(table, "token_latency_s", row->decode.token_latency_s);
  rs_table_set_text(table, "limit", rs_limit_word(row->limit));
  rs_table_set_text(table, "largest_part", rs_part_word(row->largest_part));
  rs_table_set_i64(table, "sram_bytes_per_chip_max", row->sram_bytes_max);
  if (q->model->moe.experts > 0) {
    rs_table_set_double(table, "capacity", (double)r->capacity_ppm / 1e6);
    rs_table_set_double(table, "overflow_probability", row->overflow_probability);
    rs_table_set_double(table, "dropped_share", row->dropped_share);
  }
  rs_table_set_text(table, "objective", rs_objective_word(q->objective));
  rs_table_set_double(table, "gap", result->gap);
  rs_table_set_i64(table, "candidates", result->candidates);
  rs_table_set_i64(table, "compiled", result->compiled);
  rs_table_set_i64(table, "chips_least", result->chips_least);
  rs_table_set_i64(table, "context", r->context);
  rs_table_set_text(table, "weights", rs_number_word(r->weights));
}

static void say_what_it_means(const rs_planner_request *q, const rs_planner_result *result) {
  if (result->gap == 0) {
    fprintf(stderr, "the first row is the best by %s of %lld that fit\n",
            rs_objective_word(q->objective), (long long)result->candidates);
  } else {
    fprintf(stderr,
            "the first row is the best by %s of what was compiled; of %lld that fit none is more "
            "than %.2f %% better (--work looks further)\n",
            rs_objective_word(q->objective), (long long)result->candidates, 100 * result->gap);
  }
  fprintf(stderr, "the fewest chips that hold it: %lld (tensor %lld, pipeline %lld, expert %lld)\n",
          (long long)result->chips_least, (long long)result->least.tensor,
          (long long)result->least.pipeline, (long long)result->least.expert);
}

static int run_plan(const rs_arguments *arguments) {
  rs_diag diag = {0};
  rs_model model;
  rs_planner_request request = {0};
  rs_planner_result result;
  rs_status status = read_request(arguments, &model, &request, &diag);
  if (status == RS_OK) status = rs_planner_run(arguments->arena, &request, &result, &diag);
  if (status != RS_OK) return rs_cli_report(&diag);
  rs_table *table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns));
  if (table == NULL) {
    rs_arena_failed(arguments->arena, &diag);
    return rs_cli_report(&diag);
  }
  for (size_t i = 0; i < result.row_count; i++) {
    add_row(table, &request, &result, &result.rows[i]);
  }
  say_what_it_means(&request, &result);
  return rs_cli_print_table(arguments, table);
}

const rs_command rs_command_plan = {
    .name = "plan",
    .summary = "the best shardings of a model on so many chips",
    .example = "realscale plan --model llama-3-70b --chips 576 --objective latency",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_plan,
};

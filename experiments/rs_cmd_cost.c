/* `realscale cost`: what one operation costs on a chip, a row a batch size. An LPU's rows are cycles
 * and are made here, a GPU's are seconds (rs_cmd_cost_gpu.c). */
#include <stdlib.h>
#include <string.h>

#include "rs__cmd_cost.h"
#include "rs_cli.h"
#include "rs_cost.h"
#include "rs_units.h"

typedef rs__cost_shape shape;

typedef rs_status cost_function(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                                rs_diag *diag);

static rs_status cost_gemm(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                           rs_diag *diag) {
  return rs_cost_gemm(chip, s->inputs, s->outputs, batch, s->weights, s->math, false, cost, diag);
}

static rs_status cost_scores(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                             rs_diag *diag) {
  return rs_cost_attention_scores(chip, s->heads, s->kv_heads, s->head_dim, s->context, batch,
                                  s->weights, s->math, cost, diag);
}

static rs_status cost_values(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                             rs_diag *diag) {
  return rs_cost_attention_values(chip, s->heads, s->kv_heads, s->head_dim, s->context, batch,
                                  s->weights, s->math, cost, diag);
}

static rs_status cost_softmax(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                              rs_diag *diag) {
  return rs_cost_softmax(chip, s->context, s->heads * batch, s->math, cost, diag);
}

static rs_status cost_norm(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                           rs_diag *diag) {
  return rs_cost_norm(chip, s->hidden, batch, s->math, cost, diag);
}

static rs_status cost_lstm(const rs_chip *chip, const shape *s, int64_t batch, rs_cost *cost,
                           rs_diag *diag) {
  return rs_cost_lstm(chip, s->hidden, batch, cost, diag);
}

typedef struct operation {
  const char *name;
  cost_function *function;
  const char *needs; /* shapes that must be given, separated by blanks */
} operation;

static const operation operations[] = {
    {"gemv", cost_gemm, "inputs outputs"},
    {"gemm", cost_gemm, "inputs outputs"},
    {"scores", cost_scores, "heads kv-heads head-dim context"},
    {"values", cost_values, "heads kv-heads head-dim context"},
    {"attention", NULL, "heads kv-heads head-dim context"},
    {"softmax", cost_softmax, "heads context"},
    {"norm", cost_norm, "hidden"},
    {"lstm", cost_lstm, "hidden"},
    {"all-reduce", NULL, "ranks bytes"},
    {"generation", NULL, "inputs outputs ranks model"},
};

static rs_status cost_of(const operation *op, const rs_chip *chip, const shape *s, int64_t batch,
                         rs_cost *cost, rs_diag *diag) {
  if (op->function != NULL) return op->function(chip, s, batch, cost, diag);
  if (strcmp(op->name, "generation") == 0) {
    rs_diag_set(diag, RS_E_INPUT, "a generation on LPUs is an experiment");
    rs_diag_suggest(diag, "realscale run");
    return RS_E_INPUT;
  }
  if (strcmp(op->name, "all-reduce") == 0) {
    rs_diag_set(diag, RS_E_INPUT, "an all-reduce of LPUs is a timetable of their wiring");
    rs_diag_suggest(diag, "realscale compile all-reduce");
    return RS_E_INPUT;
  }
  static cost_function *const parts[] = {cost_scores, cost_softmax, cost_values};
  *cost = (rs_cost){0};
  for (size_t i = 0; i < RS_COUNT_OF(parts); i++) {
    rs_cost part;
    rs_status status = parts[i](chip, s, batch, &part, diag);
    if (status != RS_OK) return status;
    rs_cost_add(cost, &part);
  }
  return RS_OK;
}

/* ---- arguments ---- */

static const rs_option options[] = {
    {"chip", 0, RS_OPTION_TEXT, "CHIP",
     "a chip of 'realscale list chips', or the path of a chip's JSON (default: groqchip1)"},
    {"batch", 0, RS_OPTION_TEXT, "LIST", "batch sizes, such as 1,3,6 (default: 1)"},
    {"hidden", 0, RS_OPTION_TEXT, "N", "hidden size, for norm and lstm"},
    {"inputs", 0, RS_OPTION_TEXT, "N", "rows of the matrix; of a generation: tokens in"},
    {"outputs", 0, RS_OPTION_TEXT, "N", "columns of the matrix; of a generation: tokens out"},
    {"heads", 0, RS_OPTION_TEXT, "N", "query heads, for attention"},
    {"kv-heads", 0, RS_OPTION_TEXT, "N", "key and value heads"},
    {"head-dim", 0, RS_OPTION_TEXT, "N", "size of a head"},
    {"context", 0, RS_OPTION_TEXT, "N", "cached positions"},
    {"ranks", 0, RS_OPTION_TEXT, "N", "GPUs of an all-reduce or a generation, on one switch"},
    {"boards", 0, RS_OPTION_TEXT, "N",
     "of a generation: boards that share the layers (default: 1)"},
    {"bytes", 0, RS_OPTION_TEXT, "SIZE", "the vector that each of them has, such as 1MiB"},
    {"model", 0, RS_OPTION_TEXT, "MODEL",
     "of a generation: a model of 'realscale list models', or the path of a config.json"},
    {"kv", 0, RS_OPTION_TEXT, "FORMAT", "of a generation's cache (default: as --weights)"},
    {"reads-apart", 0, RS_OPTION_FLAG, NULL,
     "of a generation: every query head reads the cache of its group, as kernels of 2023 did"},
    {"weights", 0, RS_OPTION_TEXT, "FORMAT",
     "of weights or cache in memory: int8, fp16, fp8, bf16 or block4 (default: int8)"},
    {"math", 0, RS_OPTION_TEXT, "FORMAT",
     "that is computed in (default: that of --weights, or fp16 where the chip lacks it)"},
};

static rs_status read_count(const rs_arguments *arguments, const char *name, const char *needs,
                            int64_t *value, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, name);
  *value = 0;
  if (text == NULL) {
    const char *found = strstr(needs, name);
    size_t length = strlen(name);
    /* "heads" stands inside "kv-heads": the match must be a whole word */
    while (found != NULL && ((found > needs && found[-1] != ' ') ||
                             (found[length] != ' ' && found[length] != '\0'))) {
      found = strstr(found + 1, name);
    }
    if (found == NULL) return RS_OK;
    return rs_diag_set(diag, RS_E_INPUT, "--%s is missing; this operation needs: %s", name, needs);
  }
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_COUNT, value, diag);
  if (status == RS_OK && *value >= 1 && *value <= INT64_C(1) << 31) return RS_OK;
  if (status == RS_OK) rs_diag_set(diag, RS_E_INPUT, "%s is out of range", text);
  rs_diag_expect(diag, "a whole number from 1 to 2147483648");
  char place[64];
  snprintf(place, sizeof place, "--%s", name);
  rs_diag_at(diag, place, 1, 1);
  return RS_E_INPUT;
}

static rs_status read_number(const rs_arguments *arguments, const char *name, rs_number otherwise,
                             rs_number *value, rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, name);
  *value = otherwise;
  if (text == NULL || rs_number_parse(text, value)) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--%s: unknown number format '%s'", name, text);
  rs_diag_expect(diag, "int8, fp16, fp8, bf16 or block4");
  const char *words[RS_NUMBER_COUNT];
  for (int i = 0; i < RS_NUMBER_COUNT; i++) words[i] = rs_number_word((rs_number)i);
  rs_diag_suggest(diag, rs_nearest_word(text, words, RS_NUMBER_COUNT));
  return RS_E_INPUT;
}

static rs_status read_bytes(const rs_arguments *arguments, const char *needs, int64_t *bytes,
                            rs_diag *diag) {
  const char *text = rs_arguments_value(arguments, "bytes");
  *bytes = 0;
  if (text == NULL && strstr(needs, "bytes") == NULL) return RS_OK;
  if (text == NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--bytes is missing; this operation needs: %s", needs);
  }
  rs_status status = rs_quantity_parse(text, RS_QUANTITY_BYTES, bytes, diag);
  if (status == RS_OK && *bytes < 1) {
    status = rs_diag_set(diag, RS_E_INPUT, "%s is out of range", text);
    rs_diag_expect(diag, "at least 1B");
  }
  if (status != RS_OK) rs_diag_at(diag, "--bytes", 1, 1);
  return status;
}

static rs_status read_shape(const rs_arguments *arguments, const char *needs, const rs_chip *chip,
                            shape *s, rs_diag *diag) {
  const struct {
    const char *name;
    int64_t *value;
  } counts[] = {{"hidden", &s->hidden},   {"inputs", &s->inputs},     {"outputs", &s->outputs},
                {"heads", &s->heads},     {"kv-heads", &s->kv_heads}, {"head-dim", &s->head_dim},
                {"context", &s->context}, {"ranks", &s->ranks},       {"boards", &s->boards}};
  for (size_t i = 0; i < RS_COUNT_OF(counts); i++) {
    rs_status status = read_count(arguments, counts[i].name, needs, counts[i].value, diag);
    if (status != RS_OK) return status;
  }
  rs_status status = read_bytes(arguments, needs, &s->bytes, diag);
  if (status == RS_OK) status = read_number(arguments, "weights", RS_INT8, &s->weights, diag);
  if (status != RS_OK) return status;
  rs_number math = rs_chip_computes(chip, s->weights) ? s->weights : RS_FP16;
  return read_number(arguments, "math", math, &s->math, diag);
}

static rs_status find_operation(const char *name, const operation **found, rs_diag *diag) {
  const char *names[RS_COUNT_OF(operations)];
  for (size_t i = 0; i < RS_COUNT_OF(operations); i++) {
    names[i] = operations[i].name;
    *found = &operations[i];
    if (strcmp(names[i], name) == 0) return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "unknown operation '%s'", name);
  rs_diag_expect(
      diag, "gemv, gemm, scores, values, attention, softmax, norm, lstm, all-reduce or generation");
  rs_diag_suggest(diag, rs_nearest_word(name, names, RS_COUNT_OF(names)));
  return RS_E_INPUT;
}

/* ---- rows ---- */

static const char *const columns[] = {
    "operation",      "chip",          "batch",       "cycles",        "time_s",
    "bound",          "weight_cycles", "pass_cycles", "vector_cycles", "stream_cycles",
    "latency_cycles", "energy_j",      "sram_bytes",  "macs",          "hidden",
    "inputs",         "outputs",       "heads",       "kv_heads",      "head_dim",
    "context",        "weights",       "math",        "energy_sram_j", "energy_matrix_j",
    "energy_vector_j"};

static void fill_row(rs_table *table, const operation *op, const rs_chip *chip, const shape *s,
                     int64_t batch, const rs_cost *cost) {
  rs_table_add_row(table);
  rs_table_set_text(table, "operation", op->name);
  rs_table_set_text(table, "chip", chip->name);
  rs_table_set_i64(table, "batch", batch);
  rs_table_set_i64(table, "cycles", cost->cycles);
  rs_table_set_double(table, "time_s", (double)cost->cycles / (double)chip->timing.clock_hz);
  rs_table_set_text(table, "bound", rs_cost_bound_word(cost->bound));
  rs_table_set_i64(table, "weight_cycles", cost->weight_cycles);
  rs_table_set_i64(table, "pass_cycles", cost->pass_cycles);
  rs_table_set_i64(table, "vector_cycles", cost->vector_cycles);
  rs_table_set_i64(table, "stream_cycles", cost->stream_cycles);
  rs_table_set_i64(table, "latency_cycles", cost->latency_cycles);
  rs_table_set_double(table, "energy_j", cost->energy_pj * 1e-12);
  rs_table_set_i64(table, "sram_bytes", cost->sram_bytes);
  rs_table_set_i64(table, "macs", cost->macs);
  rs__cost_set_given(table, "hidden", s->hidden);
  rs__cost_set_given(table, "inputs", s->inputs);
  rs__cost_set_given(table, "outputs", s->outputs);
  rs__cost_set_given(table, "heads", s->heads);
  rs__cost_set_given(table, "kv_heads", s->kv_heads);
  rs__cost_set_given(table, "head_dim", s->head_dim);
  rs__cost_set_given(table, "context", s->context);
  rs_table_set_text(table, "weights", rs_number_word(s->weights));
  rs_table_set_text(table, "math", rs_number_word(s->math));
  rs_table_set_double(table, "energy_sram_j", cost->sram_pj * 1e-12);
  rs_table_set_double(table, "energy_matrix_j", cost->matrix_pj * 1e-12);
  rs_table_set_double(table, "energy_vector_j", cost->vector_pj * 1e-12);
}

static rs_status fill_lpu(rs_table *table, const operation *op, const rs_chip *chip, const shape *s,
                          int64_t batch, rs_diag *diag) {
  rs_cost cost;
  rs_status status = cost_of(op, chip, s, batch, &cost, diag);
  if (status == RS_OK) fill_row(table, op, chip, s, batch, &cost);
  return status;
}

static bool is_generation(const operation *op) {
  return strcmp(op->name, "generation") == 0;
}

static rs_table *create_table(rs_arena *arena, const operation *op, const rs_chip *chip) {
  if (chip->kind == RS_CHIP_LPU) return rs_table_create(arena, columns, RS_COUNT_OF(columns));
  return is_generation(op) ? rs__cost_generation_table(arena) : rs__cost_gpu_table(arena);
}

static rs_status fill(rs_table *table, const operation *op, const rs_chip *chip, const shape *s,
                      int64_t batch, rs_diag *diag) {
  if (chip->kind == RS_CHIP_LPU) return fill_lpu(table, op, chip, s, batch, diag);
  if (is_generation(op)) return rs__cost_generation_fill(table, chip, s, batch, diag);
  return rs__cost_gpu_fill(table, op->name, chip, s, batch, diag);
}

static rs_status read_model(const rs_arguments *arguments, const operation *op, shape *s,
                            rs_diag *diag) {
  const char *name = rs_arguments_value(arguments, "model");
  rs_model *model = RS_ARENA_NEW(arguments->arena, rs_model, 1);
  if (!is_generation(op)) return RS_OK;
  if (model == NULL) return rs_arena_failed(arguments->arena, diag);
  if (name == NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "--model is missing; this operation needs: %s", op->needs);
  }
  s->model = model;
  s->reads_apart = rs_arguments_flag(arguments, "reads-apart");
  rs_status status = read_number(arguments, "kv", s->weights, &s->kv, diag);
  if (status == RS_OK && rs_number_is_block(s->kv)) {
    status = rs_diag_set(diag, RS_E_INPUT, "a cache is not kept in blocks");
    rs_diag_expect(diag, "--kv int8, fp16, fp8 or bf16");
  }
  return status == RS_OK ? rs_cli_find_model(arguments->arena, name, model, diag) : status;
}

static int run_cost(const rs_arguments *arguments) {
  rs_diag diag = {0};
  const char *chip_name = rs_arguments_value(arguments, "chip");
  const char *batch_text = rs_arguments_value(arguments, "batch");
  const operation *op = NULL;
  const rs_chip *chip = NULL;
  shape s = {0};
  int64_t *batches = NULL;
  size_t batch_count = 0;
  rs_status status = find_operation(arguments->operands[0], &op, &diag);
  if (status == RS_OK) {
    status = rs_cli_find_chip(arguments->arena, chip_name == NULL ? "groqchip1" : chip_name, &chip,
                              &diag);
  }
  if (status == RS_OK) status = read_shape(arguments, op->needs, chip, &s, &diag);
  if (status == RS_OK) status = read_model(arguments, op, &s, &diag);
  if (status == RS_OK) {
    status = rs_cli_parse_list(arguments->arena, batch_text == NULL ? "1" : batch_text, &batches,
                               &batch_count, &diag);
  }
  if (status != RS_OK) return rs_cli_report(&diag);
  rs_table *table = create_table(arguments->arena, op, chip);
  for (size_t i = 0; i < batch_count && status == RS_OK; i++) {
    status = fill(table, op, chip, &s, batches[i], &diag);
  }
  return status == RS_OK ? rs_cli_print_table(arguments, table) : rs_cli_report(&diag);
}

const rs_command rs_command_cost = {
    .name = "cost",
    .operands = "OPERATION",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "time, energy and the bounding unit of one operation on an LPU or a GPU",
    .example = "realscale cost lstm --chip groqchip1 --hidden 512 --batch 1,3,6,8,32",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_cost,
};

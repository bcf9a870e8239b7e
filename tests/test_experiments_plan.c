/* `realscale plan` as a stranger uses it: its rows are what `run` gives, and its mistakes are one line. */
#include <jansson.h>

#include "rs_math.h"
#include "rs_program.h"

static json_t *run_json(const char *arguments) {
  rs_program_output output = run_program(arguments);
  if (output.status != 0) fail_msg("`%s`: %s", arguments, output.error);
  json_error_t error;
  json_t *rows = json_loads(output.out, JSON_REJECT_DUPLICATES, &error);
  if (rows == NULL) fail_msg("`%s`: not JSON: %s", arguments, error.text);
  free_output(&output);
  return rows;
}

static double number_of(const json_t *row, const char *key) {
  const json_t *value = json_object_get(row, key);
  if (!json_is_number(value)) fail_msg("no number '%s'", key);
  return json_number_value(value);
}

/* The point of a row with so many stages, computed by `run`, from an experiment that is written for it. */
static json_t *run_stages(const char *model, const json_t *row, double pipeline) {
  char name[64], folder[64], arguments[256];
  snprintf(name, sizeof name, "/tmp/rs-plan-%ld.yaml", (long)getpid());
  snprintf(folder, sizeof folder, "/tmp/rs-plan-%ld", (long)getpid());
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  const json_t *capacity = json_object_get(row, "capacity");
  fprintf(
      file,
      "name: row\ntask: decode\nmodel: %s\ntopology: %s\ncontext: 1024\nbatch: %.0f\nplots: []\n"
      "sharding: {tensor: %.0f, pipeline: %.0f, expert: %.0f, micro_batches: %.0f, "
      "placement: %s, capacity: %g}\n",
      model, json_string_value(json_object_get(row, "topology")), number_of(row, "batch"),
      number_of(row, "tensor"), pipeline, number_of(row, "expert"),
      RS_MIN(number_of(row, "micro_batches"), pipeline),
      json_string_value(json_object_get(row, "placement")),
      json_is_number(capacity) ? json_number_value(capacity) : 2);
  fclose(file);
  snprintf(arguments, sizeof arguments, "run %s -o %s --format json", name, folder);
  json_t *rows = run_json(arguments);
  unlink(name);
  snprintf(arguments, sizeof arguments, "rm -r %s", folder);
  assert_int_equal(system(arguments), 0);
  return rows;
}

static void check_plan(const char *model, const char *chips, const char *objective) {
  static const char *const same[] = {"tokens_per_s_user",       "tokens_per_s_total",
                                     "token_latency_s",         "energy_j_per_token",
                                     "sram_bytes_per_chip_max", "chips"};
  char arguments[256];
  snprintf(arguments, sizeof arguments,
           "plan --model %s --chips %s --objective %s --context 1024 --format json", model, chips,
           objective);
  json_t *plan = run_json(arguments);
  assert_true(json_array_size(plan) >= 1);
  for (size_t i = 0; i < json_array_size(plan) && i < 2; i++) {
    const json_t *row = json_array_get(plan, i);
    json_t *rows = run_stages(model, row, number_of(row, "pipeline"));
    const json_t *point = json_array_get(rows, 0);
    for (size_t k = 0; k < sizeof same / sizeof same[0]; k++) {
      double a = number_of(row, same[k]);
      double b = number_of(point, same[k]);
      if (a < b || a > b) fail_msg("%s, row %zu, %s: %.17g, not %.17g", model, i, same[k], a, b);
    }
    json_decref(rows);
  }
  json_decref(plan);
}

static void rows_are_what_run_gives(void **state) {
  (void)state;
  check_plan("llama-2-7b", "64", "latency");
  check_plan("llama-2-7b", "64", "throughput");
  check_plan("llama-3-8b", "72", "energy");
  check_plan("mixtral-8x7b", "256", "latency");
}

/* What a row says of its limit: with memory a stage fewer does not fit, with chips one more is too many. */
static void check_limits(const char *model, const json_t *plan, double chips) {
  for (size_t i = 0; i < json_array_size(plan) && i < 2; i++) {
    const json_t *row = json_array_get(plan, i);
    const char *limit = json_string_value(json_object_get(row, "limit"));
    double tensor = number_of(row, "tensor"), pipeline = number_of(row, "pipeline");
    if (strcmp(limit, "chips") == 0) assert_true(tensor * (pipeline + 1) > chips);
    if (strcmp(limit, "memory") != 0) continue;
    json_t *fewer = run_stages(model, row, pipeline - 1);
    const json_t *point = json_array_get(fewer, 0);
    assert_true(number_of(point, "fits") == 0);
    const char *reason = json_string_value(json_object_get(point, "reason"));
    assert_non_null(strstr(reason, "does not fit"));
    json_decref(fewer);
  }
}

/* The fewest chips that the planner names hold the model, and one chip less does not. */
static void check_least(const char *model, const char *chips) {
  char arguments[256], wanted[64];
  snprintf(arguments, sizeof arguments, "plan --model %s --chips %s --context 1024 --format json",
           model, chips);
  json_t *plan = run_json(arguments);
  check_limits(model, plan, strtod(chips, NULL));
  double least = number_of(json_array_get(plan, 0), "chips_least");
  json_decref(plan);
  snprintf(arguments, sizeof arguments, "plan --model %s --chips %.0f --context 1024 --format json",
           model, least);
  plan = run_json(arguments);
  assert_true(number_of(json_array_get(plan, 0), "chips") == least);
  assert_true(number_of(json_array_get(plan, 0), "chips_least") == least);
  json_decref(plan);
  snprintf(arguments, sizeof arguments, "plan --model %s --chips %.0f --context 1024", model,
           least - 1);
  snprintf(wanted, sizeof wanted, "it needs %.0f ", least);
  assert_refused(arguments, 1, wanted);
}

static void limits_and_the_fewest_chips_are_true(void **state) {
  (void)state;
  check_least("llama-2-7b", "64");
  check_least("llama-3-8b", "96");
  check_least("mixtral-8x7b", "256");
}

static void mistakes_are_one_line(void **state) {
  (void)state;
  assert_refused("plan", 2, "plan needs --model");
  assert_refused("plan --model llama-2-7b", 2, "plan needs --chips");
  assert_refused("plan --model llama-2-7 --chips 64", 2, "did you mean 'llama-2-7b'?");
  assert_refused("plan --model /nowhere.json --chips 64", 2, "cannot open");
  assert_refused("plan --model llama-2-7b --chips 0", 2, "a whole number from 1");
  assert_refused("plan --model llama-2-7b --chips many", 2, "a whole number from 1");
  assert_refused("plan --model llama-2-7b --chips 64 --objective latencies", 2,
                 "did you mean 'latency'?");
  assert_refused("plan --model llama-2-7b --chips 64 --weights int9", 2, "did you mean 'int8'?");
  assert_refused("plan --model llama-2-7b --chips 64 --chip groqchip", 2,
                 "did you mean 'groqchip1'?");
  assert_refused("plan --model llama-2-7b --chips 64 --chip h100", 2, "plans are made for LPUs");
  assert_refused("plan --model bert-base --chips 64", 2, "an encoder");
  assert_refused("plan --model llama-2-7b --chips 64 --topology mesh:8", 2, "has 8");
  assert_refused("plan --model llama-2-7b --chips 64 --weights fp16 --context 1000000000", 1,
                 "fits into no number of chips");
  assert_refused("plan --model llama-2-70b --chips 64", 1, "it needs 3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_what_run_gives),
      cmocka_unit_test(limits_and_the_fewest_chips_are_true),
      cmocka_unit_test(mistakes_are_one_line),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

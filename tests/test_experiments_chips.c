/* Chips as a stranger meets them: lists, files of his own, costs on a GPU, and refusals. */
#include <jansson.h>
#include <math.h>

#include "rs_program.h"
#include "rs_test.h"

static json_t *run_json(const char *arguments) {
  rs_program_output output = run_program(arguments);
  json_t *rows = json_loads(output.out, 0, NULL);
  if (output.status != 0 || !json_is_array(rows)) fail_msg("`%s`: %s", arguments, output.error);
  free_output(&output);
  return rows;
}

static double number_of(const json_t *rows, size_t row, const char *key) {
  return json_number_value(json_object_get(json_array_get(rows, row), key));
}

static const char *word_of(const json_t *rows, size_t row, const char *key) {
  return json_string_value(json_object_get(json_array_get(rows, row), key));
}

static void every_listed_chip_shows_its_sources(void **state) {
  (void)state;
  json_t *chips = run_json("list chips --format json");
  assert_int_equal(json_array_size(chips), 5);
  for (size_t i = 0; i < json_array_size(chips); i++) {
    char command[100];
    snprintf(command, sizeof command, "list chips %s --format json", word_of(chips, i, "name"));
    json_t *numbers = run_json(command);
    assert_true(json_array_size(numbers) > 30);
    for (size_t k = 0; k < json_array_size(numbers); k++) {
      assert_non_null(word_of(numbers, k, "source"));
    }
    json_decref(numbers);
  }
  json_decref(chips);
  rs_program_output output = run_program("list chips groqchip1");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "[TSP] 88 slices of 2.5 MiB"));
  assert_non_null(strstr(output.out, "[TSP] Abts et al."));
  free_output(&output);
  assert_refused("list chips groqchip2", 2, "did you mean 'groqchip1'?");
  assert_refused("list topologies mesh", 2, "takes no NAME");
}

/* The chip of the second calibration in `realscale validate` is the first one but for two numbers. */
static void the_slower_load_changes_two_numbers(void **state) {
  char command[300];
  int differ = 0;
  (void)state;
  snprintf(command, sizeof command,
           "list chips %s/../experiments/validation/groqchip1_load52.json --format json",
           RS_TEST_DATA);
  json_t *fast = run_json("list chips groqchip1 --format json"), *slow = run_json(command);
  assert_int_equal(json_array_size(fast), json_array_size(slow));
  for (size_t i = 0; i < json_array_size(fast); i++) {
    const char *key = word_of(fast, i, "key"), *value = word_of(slow, i, "value");
    assert_string_equal(key, word_of(slow, i, "key"));
    if (value == NULL || strcmp(value, word_of(fast, i, "value")) == 0) continue; /* a reference */
    assert_string_equal(value, strcmp(key, "tile_load_cycles") == 0 ? "52" : "70");
    differ++;
  }
  assert_int_equal(differ, 2);
  json_decref(fast);
  json_decref(slow);
}

/* Llama-3-70B: 80 layers of 8 kv heads of 128, keys and values, 2 B each; 8,192 hidden numbers. Of a model
 * with latents there are no kv heads, and 61 · (512 + 64) · 2 B. */
static void a_model_shows_its_numbers(void **state) {
  (void)state;
  json_t *models = run_json("list models --format json");
  for (size_t i = 0; i < json_array_size(models); i++) {
    char command[100];
    snprintf(command, sizeof command, "list models %s --format json", word_of(models, i, "name"));
    json_t *row = run_json(command);
    assert_true(number_of(row, 0, "parameters") >= number_of(row, 0, "active_parameters"));
    json_decref(row);
  }
  json_decref(models);
  json_t *row = run_json("list models llama-3-70b --format json");
  assert_true(number_of(row, 0, "parameters") == 70553706496.0);
  assert_true(number_of(row, 0, "kv_bytes_per_position") == 80 * 8 * 128 * 2 * 2);
  assert_true(number_of(row, 0, "hidden_bytes") == 8192 * 2);
  json_decref(row);
  row = run_json("list models deepseek-v3 --format json");
  assert_true(number_of(row, 0, "kv_bytes_per_position") == 61 * (512 + 64) * 2);
  assert_false(json_is_number(json_object_get(json_array_get(row, 0), "kv_heads")));
  json_decref(row);
  assert_refused("list models llama-3-70", 2, "did you mean 'llama-3-70b'?");
  assert_refused("list models none/config.json", 2, "none/config.json");
}

/* A copy of a built-in chip with twice the SRAM and another name costs the same; a fault in it has its
 * place. */
static void a_chip_of_the_users_own(void **state) {
  char path[64], command[300];
  (void)state;
  snprintf(path, sizeof path, "/tmp/rs-test-chip-%ld.json", (long)getpid());
  snprintf(command, sizeof command,
           "sed -e s/220MiB/440MiB/ -e s/\\\"groqchip1\\\"/\\\"mine\\\"/ %s/../chip_model/chips/"
           "groqchip1.json >%s",
           RS_TEST_DATA, path);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "cost lstm --hidden 512 --chip %s --format json", path);
  json_t *rows = run_json(command);
  assert_string_equal(word_of(rows, 0, "chip"), "mine");
  assert_true(number_of(rows, 0, "cycles") == 670); /* the calibration row */
  json_decref(rows);
  snprintf(command, sizeof command, "sed -i s/440MiB/440MHz/ %s", path);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "cost lstm --hidden 512 --chip %s", path);
  assert_refused(command, 2, ".json:50:21: 'sram': ");
  unlink(path);
  assert_refused(command, 2, "cannot open the file");
}

/* 8,192 × 8,192 in fp8: 67,108,864 B of weights at 0.9 · 3.35 TB/s = 22.26 µs; with 600 ns, 24,576 B
 * of activations, a launch of 5.5 µs and 30 % of the computing hidden. At 4,096 rows the 549.8 GFLOP at
 * 0.709 · 1,979 TFLOP/s are 391.8 µs. */
static void products_on_a_gpu(void **state) {
  (void)state;
  json_t *rows = run_json(
      "cost gemm --chip h100 --inputs 8192 --outputs 8192 --weights fp8 --batch 1,4096 "
      "--format json");
  assert_true(fabs(number_of(rows, 0, "memory_time_s") / (0.6e-6 + 67133440 / 3.015e12) - 1) <
              1e-6);
  assert_true(fabs(number_of(rows, 0, "launch_time_s") - 5.5e-6) < 1e-12);
  assert_string_equal(word_of(rows, 0, "bound"), "memory");
  assert_string_equal(word_of(rows, 1, "bound"), "compute");
  assert_true(fabs(number_of(rows, 1, "compute_time_s") / 391.8e-6 - 1) < 1e-3);
  double parts = number_of(rows, 1, "compute_time_s") + number_of(rows, 1, "memory_time_s") +
                 number_of(rows, 1, "network_time_s") + number_of(rows, 1, "launch_time_s");
  assert_true(fabs(parts / number_of(rows, 1, "time_s") - 1) < 1e-9);
  json_decref(rows);
}

/* Every operation that both kinds have runs on every chip, in every format that the chip computes in. */
static void every_chip_has_every_operation(void **state) {
  static const char *const chips[] = {"a100", "groqchip1", "h100", "h200", "lp30"};
  static const char *const operations[] = {
      "gemv --inputs 512 --outputs 512", "gemm --batch 64 --inputs 512 --outputs 512",
      "attention --heads 8 --kv-heads 2 --head-dim 64 --context 300",
      "softmax --heads 8 --context 300", "norm --hidden 512"};
  (void)state;
  for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
    for (size_t k = 0; k < sizeof operations / sizeof *operations; k++) {
      char command[200];
      snprintf(command, sizeof command, "cost %s --chip %s --weights fp16 --format json",
               operations[k], chips[i]);
      json_t *rows = run_json(command);
      assert_true(number_of(rows, 0, "time_s") > 0 && number_of(rows, 0, "energy_j") > 0);
      json_decref(rows);
    }
  }
}

/* The published row that users ask for first: 40.9 tokens a second and user. Sharing a cache is faster, and a
 * model that does not fit is a row that says so. */
static void a_generation_as_published(void **state) {
  static const char command[] =
      "cost generation --chip h100 --model llama-2-70b --ranks 4 --batch 64 --inputs 128 "
      "--outputs 2048 --weights fp8 --format json";
  char apart[300];
  (void)state;
  snprintf(apart, sizeof apart, "%s --reads-apart", command);
  json_t *old = run_json(apart), *new = run_json(command);
  double rate = number_of(old, 0, "tokens_per_s_user_overall");
  assert_true(fabs(rate / 40.9 - 1) < 0.25);
  assert_true(fabs(rate * 64 / number_of(old, 0, "tokens_per_s_total") - 1) < 1e-9);
  assert_true(number_of(new, 0, "step_s") < number_of(old, 0, "step_s"));
  json_decref(old);
  json_decref(new);
  json_t *rows = run_json(
      "cost generation --chip h100 --model kimi-k2 --ranks 8 --inputs 100 "
      "--outputs 10 --weights fp8 --batch 1,2 --format json");
  assert_int_equal(json_array_size(rows), 2);
  assert_true(number_of(rows, 0, "fits") == 0);
  assert_non_null(strstr(word_of(rows, 0, "reason"), "needs 128."));
  json_decref(rows);
  assert_refused("cost generation --chip h100 --ranks 4 --inputs 1 --outputs 2", 2,
                 "--model is missing");
  assert_refused("cost generation --chip h100 --model llama-2-70c --ranks 4 --inputs 1 --outputs 2",
                 2, "did you mean 'llama-2-70b'?");
  assert_refused("cost generation --model llama-2-7b --ranks 4 --inputs 1 --outputs 2", 2,
                 "realscale run");
  assert_refused("cost generation --chip h100 --model bert-base --ranks 4 --inputs 1 --outputs 2",
                 1, "is an encoder");
  assert_refused("cost generation --chip h100 --model llama-2-70b --ranks 3 --inputs 1 --outputs 2",
                 1, "tensor 3 does not divide");
  assert_refused(
      "cost generation --chip h100 --model llama-2-70b --ranks 2 --inputs 1 --outputs 2 "
      "--kv block4",
      2, "a cache is not kept in blocks");
}

static void what_a_chip_cannot_do_is_said(void **state) {
  (void)state;
  assert_refused("cost gemm --chip a100 --inputs 8 --outputs 8 --weights fp8 --math fp8", 2,
                 "chip a100 does not compute in fp8; expected int8 or fp16 or bf16");
  assert_refused("cost scores --chip h100 --heads 8 --kv-heads 1 --head-dim 8 --context 9", 2,
                 "did you mean 'attention'?");
  assert_refused("cost all-reduce --ranks 4 --bytes 1MiB", 2, "realscale compile all-reduce");
  assert_refused("cost all-reduce --chip h100 --ranks 9 --bytes 1MiB", 1, "not on one switch");
  assert_refused("cost all-reduce --chip h100 --ranks 4", 2, "--bytes is missing");
  assert_refused("cost all-reduce --chip h100 --ranks 4 --bytes 1", 2, "--bytes:1:1: ");
  assert_refused("cost norm --chip h100 --hidden 8 --batch 0", 2, "elements is 0");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --timing h100", 2,
                 "unknown timing 'h100'");
}

/* Traffic and collectives run on a wiring of LPUs. */
static void an_experiment_refuses_a_gpu_on_a_wiring(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "printf 'name: x\\ntask: traffic\\ntopology: mesh:8\\noffered_load: 0.5\\nchip: h100\\n' |",
      "run - -o /tmp/rs-test-none");
  assert_int_equal(output.status, 2);
  if (strstr(output.error, "stdin:5:7: chip 'h100' is a GPU") == NULL) fail_msg("%s", output.error);
  free_output(&output);
}

static json_t *run_points(const char *keys) {
  char before[1200], run[120], clean[120];
  snprintf(before, sizeof before, "printf '%s' |", keys);
  snprintf(run, sizeof run, "run - -o /tmp/rs-test-chips-%ld --format json", (long)getpid());
  snprintf(clean, sizeof clean, "rm -rf /tmp/rs-test-chips-%ld", (long)getpid());
  rs_program_output output = run_shell(before, run);
  json_t *rows = json_loads(output.out, 0, NULL);
  if (!json_is_array(rows)) fail_msg("%s", output.error);
  free_output(&output);
  assert_int_equal(system(clean), 0);
  return rows;
}

/* Llama-2-70B on 8 H100 in int8, 4,096 positions: an eighth of 69 GB at 0.9 · 3.35 TB/s is 2.86 ms, and
 * 884 kernels of 5.5 µs are 4.9 ms; all of it is between 8 and 12 ms. One GPU in fp16 streams 138 + 1.3 GB
 * less 85.9 GB over 50 GB/s: 1.07 s. */
static void gpus_and_lpus_share_a_table(void **state) {
  (void)state;
  json_t *rows = run_points(
      "name: x\\ntask: decode\\nmodel: llama-2-70b\\ntopology: realscale:576\\n"
      "sharding: {tensor: 8, pipeline: 72}\\ncontext: 1024\\n"
      "sweep: {chip: [groqchip1, h100], gpus: [8, 9]}\\n");
  assert_int_equal(json_array_size(rows), 4);
  assert_string_equal(word_of(rows, 0, "topology"), "realscale:576");
  assert_string_equal(word_of(rows, 2, "topology"), "switch:8");
  assert_true(number_of(rows, 0, "fits") == 1 && number_of(rows, 2, "fits") == 1);
  assert_true(number_of(rows, 0, "tokens_per_s_user") >
              2 * number_of(rows, 2, "tokens_per_s_user"));
  double latency = number_of(rows, 2, "token_latency_s");
  assert_true(latency > 8e-3 && latency < 12e-3);
  double parts = number_of(rows, 2, "weights_s") + number_of(rows, 2, "attention_s") +
                 number_of(rows, 2, "vector_s") + number_of(rows, 2, "network_s");
  assert_true(fabs(parts / latency - 1) < 1e-9);
  assert_true(number_of(rows, 3, "fits") == 0);
  assert_string_equal(word_of(rows, 3, "reason"), "tensor 9: 8 h100 share a switch");
  json_decref(rows);
  rows = run_points(
      "name: x\\ntask: decode\\nmodel: llama-2-70b\\ntopology: mesh:8\\nweights: fp16\\n"
      "sharding: {tensor: 8, pipeline: 1}\\ncontext: 4096\\nchip: h100\\ngpus: 1\\n"
      "sweep: {paging: [none, host]}\\n");
  assert_true(number_of(rows, 0, "fits") == 0 && number_of(rows, 1, "fits") == 1);
  assert_true(fabs(number_of(rows, 1, "token_latency_s") / 1.07 - 1) < 0.01);
  json_decref(rows);
}

/* Blocks of 4.5 bits are 9/16 of int8 in memory: 68,976,648,192 parameters · 9/16 are 38.8 GB. On the
 * first chip the vector unit widens them, which takes longer than int8; on the newer one nothing does. */
static void blocks_buy_memory(void **state) {
  (void)state;
  json_t *rows = run_points(
      "name: x\\ntask: decode\\nmodel: llama-2-70b\\ntopology: realscale:576\\n"
      "sharding: {tensor: 8, pipeline: 72}\\ncontext: 1024\\nsweep: {weights: [int8, block4]}\\n");
  assert_true(number_of(rows, 0, "fits") == 1 && number_of(rows, 1, "fits") == 1);
  double share =
      number_of(rows, 1, "weight_bytes_total") / number_of(rows, 0, "weight_bytes_total");
  assert_true(fabs(share / 0.5625 - 1) < 1e-3);
  assert_true(number_of(rows, 1, "token_latency_s") > 1.5 * number_of(rows, 0, "token_latency_s"));
  json_decref(rows);
  rows = run_points(
      "name: x\\ntask: decode\\nmodel: llama-2-70b\\ntopology: lprack:256\\nchip: lp30\\n"
      "sharding: {tensor: 16, pipeline: 16}\\ncontext: 1024\\n"
      "sweep: {activations: [fp8, int8], weights: [fp8, block4]}\\n");
  assert_true(number_of(rows, 0, "fits") == 1 && number_of(rows, 1, "fits") == 1);
  assert_true(number_of(rows, 0, "token_latency_s") == number_of(rows, 1, "token_latency_s"));
  /* what the part does not compute in is a row that says so */
  assert_true(number_of(rows, 2, "fits") == 0);
  assert_non_null(strstr(word_of(rows, 2, "reason"), "does not compute in int8"));
  json_decref(rows);
}

/* A row's rate from its own times: with all kept, 3 tokens in 2 draft steps and a verification, on LPUs
 * and on a GPU. A draft that is too large for the chips is a row that says so. */
static void a_draft_in_a_row(void **state) {
  (void)state;
  json_t *rows = run_points(
      "name: x\\ntask: decode\\nmodel: llama-2-7b\\ntopology: realscale:128\\n"
      "sharding: {tensor: 8, pipeline: 16}\\ncontext: 64\\n"
      "speculate: {draft: llama-2-7b, length: 2, acceptance: 1}\\n"
      "sweep: {chip: [groqchip1, h100], speculate.draft: [llama-2-7b, none, llama-2-70b]}\\n");
  double round = 2 * number_of(rows, 0, "draft_s") + number_of(rows, 0, "verify_s");
  assert_true(number_of(rows, 0, "tokens_per_round") == 3);
  assert_true(number_of(rows, 0, "speculate_length") == 2);
  assert_true(number_of(rows, 0, "acceptance") == 1);
  assert_true(fabs(number_of(rows, 0, "tokens_per_s_user") * round / 3 - 1) < 1e-12);
  assert_true(number_of(rows, 0, "weight_bytes_total") ==
              2 * number_of(rows, 1, "weight_bytes_total"));
  assert_null(word_of(rows, 1, "draft"));
  assert_true(number_of(rows, 2, "fits") == 0);
  assert_non_null(strstr(word_of(rows, 2, "reason"), "the draft does not fit"));
  round = 2 * number_of(rows, 3, "draft_s") + number_of(rows, 3, "verify_s");
  assert_true(fabs(number_of(rows, 3, "tokens_per_s_user") * round / 3 - 1) < 1e-12);
  assert_true(number_of(rows, 3, "weight_bytes_total") ==
              2 * number_of(rows, 4, "weight_bytes_total"));
  assert_true(number_of(rows, 5, "fits") == 1);
  json_decref(rows);
}

/* Llama-3-70B on the main job's sharding, where embedding and head each fill a stage
 * (a_large_head_has_a_stage_for_itself): ten stages of two layers hold the most, 218,314,048 B, and a token
 * takes as long as one of Llama-2-70B within a hundredth, which has the same layers. */
static void a_stage_of_the_head_alone(void **state) {
  (void)state;
  json_t *rows = run_points(
      "name: x\\ntask: decode\\ntopology: realscale:576\\nsharding: {tensor: 8, pipeline: 72}\\n"
      "context: 4096\\nplots: []\\nsweep: {model: [llama-3-70b, llama-2-70b]}\\n");
  assert_true(number_of(rows, 0, "fits") == 1);
  assert_true(number_of(rows, 0, "sram_bytes_per_chip_max") == 218314048);
  double ratio = number_of(rows, 0, "token_latency_s") / number_of(rows, 1, "token_latency_s");
  assert_true(fabs(ratio - 1) < 0.01);
  json_decref(rows);
}

/* Where every chip is a GPU, nobody asks for a wiring and a sharding; where one is not, they are needed. */
static void gpus_need_no_sharding(void **state) {
  (void)state;
  json_t *rows = run_points(
      "name: x\\ntask: decode\\nmodel: llama-2-70b\\ncontext: 64\\nsweep: {chip: [h100, a100]}\\n");
  assert_string_equal(word_of(rows, 0, "topology"), "switch:8");
  assert_true(number_of(rows, 0, "tokens_per_s_user") > number_of(rows, 1, "tokens_per_s_user"));
  json_decref(rows);
  rs_program_output output = run_shell(
      "printf 'name: x\\ntask: decode\\nmodel: llama-2-70b\\ncontext: 64\\n"
      "sweep: {chip: [h100, groqchip1]}\\n' |",
      "run -");
  assert_int_equal(output.status, 2);
  assert_non_null(strstr(output.error, "the key 'topology' is missing"));
  free_output(&output);
}

/* The first token of a board is that of `cost generation`. */
static void a_prefill_on_a_board(void **state) {
  (void)state;
  json_t *rows = run_points(
      "name: x\\ntask: prefill\\nmodel: llama-2-70b\\ntopology: mesh:8\\nchip: h100\\ngpus: 4\\n"
      "sharding: {tensor: 8, pipeline: 1}\\ncontext: 2048\\nweights: fp8\\nkv_cache: fp8\\n");
  json_t *alone = run_json(
      "cost generation --chip h100 --model llama-2-70b --ranks 4 --inputs 2048 --outputs 1 "
      "--weights fp8 --format json");
  double first = number_of(rows, 0, "first_token_s");
  assert_true(first > 0.09 && first < 0.13); /* published: 0.109 */
  assert_true(first == number_of(alone, 0, "first_token_s"));
  assert_true(fabs(number_of(rows, 0, "input_tokens_per_s") * first / 2048 - 1) < 1e-9);
  json_decref(rows);
  json_decref(alone);
}

/* 8 chips at 2.50 an hour, 60 % of the time: the row's own rate and energy give its price. */
static void a_price_follows_from_the_row(void **state) {
  char keys[700];
  (void)state;
  snprintf(keys, sizeof keys,
           "name: x\\ntask: decode\\nmodel: llama-2-70b\\ntopology: mesh:8\\nchip: h100\\n"
           "sharding: {tensor: 8, pipeline: 1}\\ncontext: 1024\\n"
           "prices: %s/../experiments/prices/example.yaml\\n",
           RS_TEST_DATA);
  json_t *rows = run_points(keys);
  double chips = 8 * 2.5 / 3600 / (number_of(rows, 0, "tokens_per_s_total") * 0.6) * 1e6;
  double power = number_of(rows, 0, "energy_j_per_token") * 1.3 * 0.10 / 3.6e6 * 1e6;
  assert_true(fabs(number_of(rows, 0, "price_chips_per_million_tokens") / chips - 1) < 1e-9);
  assert_true(fabs(number_of(rows, 0, "price_power_per_million_tokens") / power - 1) < 1e-9);
  assert_true(fabs(number_of(rows, 0, "price_per_million_tokens") / (chips + power) - 1) < 1e-9);
  json_decref(rows);
  rs_program_output output = run_shell(
      "printf 'name: x\\ntask: decode\\nmodel: llama-2-7b\\ntopology: mesh:8\\nprices: none.yaml\\n"
      "sharding: {tensor: 8, pipeline: 1}\\ncontext: 9\\n' |",
      "run - -o /tmp/rs-test-none");
  assert_int_equal(output.status, 2);
  if (strstr(output.error, "stdin:5:9: prices: 'none.yaml' cannot be read") == NULL) {
    fail_msg("%s", output.error);
  }
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_listed_chip_shows_its_sources),
      cmocka_unit_test(the_slower_load_changes_two_numbers),
      cmocka_unit_test(a_model_shows_its_numbers),
      cmocka_unit_test(a_chip_of_the_users_own),
      cmocka_unit_test(products_on_a_gpu),
      cmocka_unit_test(every_chip_has_every_operation),
      cmocka_unit_test(a_generation_as_published),
      cmocka_unit_test(what_a_chip_cannot_do_is_said),
      cmocka_unit_test(an_experiment_refuses_a_gpu_on_a_wiring),
      cmocka_unit_test(gpus_and_lpus_share_a_table),
      cmocka_unit_test(blocks_buy_memory),
      cmocka_unit_test(a_prefill_on_a_board),
      cmocka_unit_test(a_draft_in_a_row),
      cmocka_unit_test(a_stage_of_the_head_alone),
      cmocka_unit_test(gpus_need_no_sharding),
      cmocka_unit_test(a_price_follows_from_the_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

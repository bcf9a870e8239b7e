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
  assert_refused("list models llama-2-7b", 2, "takes no NAME");
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
 * of activations, a launch of 5 µs and 80 % of the computing hidden. At 4,096 rows the 549.8 GFLOP at
 * 0.709 · 1,979 TFLOP/s are 391.8 µs. */
static void products_on_a_gpu(void **state) {
  (void)state;
  json_t *rows = run_json(
      "cost gemm --chip h100 --inputs 8192 --outputs 8192 --weights fp8 --batch 1,4096 "
      "--format json");
  assert_true(fabs(number_of(rows, 0, "memory_time_s") / (0.6e-6 + 67133440 / 3.015e12) - 1) <
              1e-6);
  assert_true(number_of(rows, 0, "launch_time_s") == 5e-6);
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

/* A decode step on a timetable needs an LPU. */
static void an_experiment_refuses_a_gpu_on_a_timetable(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "printf 'name: x\\ntask: decode\\nmodel: llama-2-7b\\ntopology: mesh:16\\ncontext: 9\\n"
      "chip: h100\\nsharding: {tensor: 16, pipeline: 1}\\n' |",
      "run - -o /tmp/rs-test-none");
  assert_int_equal(output.status, 2);
  if (strstr(output.error, "stdin:6:7: chip 'h100' is a GPU") == NULL) fail_msg("%s", output.error);
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_listed_chip_shows_its_sources),
      cmocka_unit_test(a_chip_of_the_users_own),
      cmocka_unit_test(products_on_a_gpu),
      cmocka_unit_test(every_chip_has_every_operation),
      cmocka_unit_test(what_a_chip_cannot_do_is_said),
      cmocka_unit_test(an_experiment_refuses_a_gpu_on_a_timetable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Experiments from file to results: every mistake once, equality at any number of threads, resuming. */
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rs_program.h"

/* A good experiment, small; %s is where a test adds or changes something. */
static const char good[] =
    "name: test\n"
    "task: decode\n"
    "model: llama-2-7b\n"
    "weights: int8\n"
    "chip: groqchip1\n"
    "topology: realscale:72\n"
    "sharding: {tensor: 8, pipeline: 8}\n"
    "batch: 1\n"
    "context: 512\n";

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/rs-run-XXXXXX");
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : 1;
}

/* Writes the good experiment with `from` replaced by `to` (both NULL: as it is). */
static void write_experiment(const char *from, const char *to) {
  char path[128];
  snprintf(path, sizeof path, "%s/e.yaml", folder);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  const char *found = from == NULL ? NULL : strstr(good, from);
  if (found == NULL) {
    assert_null(from);
    fputs(good, file);
    if (to != NULL) fputs(to, file);
  } else {
    fwrite(good, 1, (size_t)(found - good), file);
    fputs(to, file);
    fputs(found + strlen(from), file);
  }
  fclose(file);
}

static rs_program_output run_here(const char *options) {
  char before[128], arguments[512];
  snprintf(before, sizeof before, "cd %s;", folder);
  snprintf(arguments, sizeof arguments, "run e.yaml %s", options);
  return run_shell(before, arguments);
}

static void check_mistake(const char *from, const char *to, const char *line) {
  write_experiment(from, to);
  rs_program_output output = run_here("");
  char path[128];
  struct stat info;
  if (output.status != 2 || count_lines(output.error) != 1 || output.out[0] != '\0' ||
      strncmp(output.error, line, strlen(line)) != 0) {
    fail_msg("status %d, stdout '%s', stderr '%s', expected '%s…'", output.status, output.out,
             output.error, line);
  }
  snprintf(path, sizeof path, "%s/results", folder);
  assert_int_not_equal(stat(path, &info), 0); /* nothing was written */
  free_output(&output);
}

static void every_mistake_is_one_line_with_its_place(void **state) {
  (void)state;
  check_mistake("batch", "bacth", "e.yaml:8:1: unknown key 'bacth'; expected");
  check_mistake("batch: 1", "batch: 16KiB", "e.yaml:8:8: batch: '16KiB' is not usable");
  check_mistake("batch: 1", "batch: -1", "e.yaml:8:8: batch: '-1'");
  check_mistake("batch: 1", "batch: 0", "e.yaml:8:8: batch: '0'");
  check_mistake("batch: 1", "batch: 99999999999999999999", "e.yaml:8:8: batch:");
  check_mistake("batch: 1", "batch: [1, 2]", "e.yaml:8:9: batch is not a single value");
  check_mistake("batch: 1", "batch:", "e.yaml:8:");
  check_mistake("context: 512\n", "", "e.yaml:1:1: the key 'context' is missing");
  check_mistake(NULL, "batch: 2\n", "e.yaml:10:1: duplicate key");
  check_mistake("{tensor: 8, pipeline: 8}", "{tensor: 8", "e.yaml:8:");
  check_mistake("llama-2-7b", "llama-2-7c",
                "e.yaml:3:8: unknown model 'llama-2-7c'; expected a preset of 'realscale list "
                "models', or the path of a config.json; did you mean 'llama-2-7b'?");
  check_mistake("groqchip1", "grokchip1", "e.yaml:5:7: unknown chip 'grokchip1'");
  check_mistake("realscale:72", "realscal:72", "e.yaml:6:11: unknown topology");
  check_mistake("realscale:72", "realscale:73", "e.yaml:6:11: realscale: 73 chips");
  check_mistake("tensor: 8", "tensor: 7",
                "e.yaml:7:20: tensor = 7 does not divide attention heads = 32; did you mean "
                "'tensor: 4'?");
  check_mistake("tensor: 8", "tnsor: 8", "e.yaml:7:12: unknown key 'tnsor'");
  check_mistake("decode", "prefill", "e.yaml:2:7: task 'prefill' is not available");
  check_mistake("int8", "int9", "e.yaml:4:10: weights: unknown word 'int9'");
  check_mistake("name: test", "name: ../test", "e.yaml:1:7: name: '../test'");
  check_mistake(NULL, "sweep: {batch: 4}\n", "e.yaml:10:16: the values of batch");
  check_mistake(NULL, "sweep: {batch: [1, x]}\n", "e.yaml:10:20: batch: 'x'");
  check_mistake(NULL, "sweep: {name: [a, b]}\n", "e.yaml:10:9: name cannot be swept");
  check_mistake(NULL, "plots: [{kind: stak}]\n", "e.yaml:10:16: unknown kind of plot 'stak'");
  check_mistake(NULL, "plots: [{kind: line, x: batch, y: tokens}]\n",
                "e.yaml:10:35: there is no column 'tokens'");
  check_mistake(NULL, "<<: {batch: 1}\n", "e.yaml:10:1: merge keys");
  check_mistake(NULL, "seed: *nowhere\n", "e.yaml:10:");
}

static void files_that_are_none_are_refused(void **state) {
  char command[256];
  (void)state;
  assert_refused("run /nonexistent.yaml", 2, "/nonexistent.yaml: cannot open");
  assert_refused("run /tmp", 2, "directory");
  assert_refused("run /dev/null", 2, "the file is empty");
  snprintf(command, sizeof command, "run %s/big.yaml", folder);
  char path[128];
  snprintf(path, sizeof path, "%s/big.yaml", folder);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(ftruncate(fileno(file), 50000000), 0);
  fclose(file);
  assert_refused(command, 2, "at most 16 MiB");
}

/* Eleven levels of nine aliases each would be 9^11 values. */
static void an_alias_bomb_is_refused(void **state) {
  char text[2048];
  (void)state;
  size_t used = (size_t)snprintf(text, sizeof text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
  for (int i = 1; i < 12; i++) {
    int length = snprintf(text + used, sizeof text - used,
                          "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
                          i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    used += (size_t)length;
  }
  check_mistake(NULL, text, "e.yaml:10:");
}

static char *read_result(const char *name, const char *file) {
  char path[192];
  snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) fail_msg("there is no %s", path);
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  assert_true(fread(text, 1, (1 << 20) - 1, stream) > 0);
  fclose(stream);
  return text;
}

static void check_same(const char *a, const char *b, const char *file) {
  char *left = read_result(a, file);
  char *right = read_result(b, file);
  assert_string_equal(left, right);
  free(left);
  free(right);
}

static const char sweep[] = "sweep:\n  batch: [1, 2, 4]\n  sharding.tensor: [4, 8, 16]\n";

static void results_are_the_same_at_any_number_of_threads(void **state) {
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output one = run_here("-o one -j 1 --format json");
  rs_program_output three = run_here("-o three -j 3 --format json");
  assert_int_equal(one.status, 0);
  assert_string_equal(one.out, three.out);
  check_same("one", "three", "results.csv");
  check_same("one", "three", "results.json");
  check_same("one", "three", "manifest.json");
  check_same("one", "three", "plot-1-stack.svg");
  json_t *rows = json_loads(one.out, 0, NULL);
  assert_int_equal(json_array_size(rows), 9);
  /* first key slowest: batch 1 with tensor 4, 8, 16 comes first; 16 · 8 chips are more than 72 */
  const json_t *third = json_array_get(rows, 2);
  assert_int_equal(json_integer_value(json_object_get(third, "batch")), 1);
  assert_int_equal(json_integer_value(json_object_get(third, "tensor")), 16);
  assert_int_equal(json_integer_value(json_object_get(third, "fits")), 0);
  assert_non_null(strstr(json_string_value(json_object_get(third, "reason")), "72 chips"));
  json_decref(rows);
  free_output(&one);
  free_output(&three);
}

/* A point that the store has is not computed again: its row is taken as it is, also when it was
 * changed behind our back. Without --resume it is computed. */
static void resuming_takes_what_is_stored(void **state) {
  char command[256];
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output output = run_here("-o again");
  free_output(&output);
  snprintf(command, sizeof command,
           "cd %s; sqlite3 again/store.sqlite \"UPDATE point SET row = replace(row, 'llama-2-7b', "
           "'stored') \" 2>/dev/null",
           folder);
  bool changed = system(command) == 0; /* the sqlite3 program may be absent: then only equality */
  output = run_here("-o again --resume --format json");
  assert_int_equal(output.status, 0);
  assert_true((strstr(output.out, "stored") != NULL) == changed);
  free_output(&output);
  output = run_here("-o again --format json");
  assert_null(strstr(output.out, "stored"));
  free_output(&output);
  check_same("again", "one", "results.csv");
}

static void overrides_are_checked_like_the_file(void **state) {
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output output =
      run_here("-o set --set batch=2 --set sharding.tensor=8 --set context=64 --format csv");
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 2); /* the header and one point: nothing is swept */
  assert_non_null(strstr(output.out, ",2,64,1,"));
  free_output(&output);
  output = run_here("--set bach=2");
  assert_int_equal(output.status, 2);
  assert_non_null(strstr(output.error, "--set:1:1: unknown key 'bach'"));
  free_output(&output);
}

/* The other tasks, and keys that a task does not have. */
static void wirings_and_traffic_are_tasks_too(void **state) {
  static const char text[] =
      "name: t\ntask: topology\nsweep: {topology: ['mesh:8', 'realscale:264']}\n";
  static const char traffic[] =
      "name: t\ntask: traffic\ntopology: realscale:16\nsweep:\n  routing: [minimal, timetable]\n"
      "  offered_load: [0.05, 0.3]\n";
  (void)state;
  for (int k = 0; k < 2; k++) {
    char path[128];
    snprintf(path, sizeof path, "%s/e.yaml", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(k == 0 ? text : traffic, file);
    fclose(file);
    rs_program_output output =
        run_here(k == 0 ? "-o wirings --format json" : "-o tr --format json");
    assert_int_equal(output.status, 0);
    json_t *rows = json_loads(output.out, 0, NULL);
    assert_int_equal(json_array_size(rows), k == 0 ? 2 : 4);
    const json_t *last = json_array_get(rows, k == 0 ? 1 : 2);
    if (k == 0) {
      assert_int_equal(json_integer_value(json_object_get(last, "diameter_hops")), 3);
    } else { /* the timetable at a load that it carries: all of it is accepted */
      assert_string_equal(json_string_value(json_object_get(last, "network")), "scheduled");
      assert_true(json_real_value(json_object_get(last, "accepted_load")) == 0.05);
    }
    json_decref(rows);
    free_output(&output);
  }
  check_mistake(NULL, "pattern: uniform\n", "e.yaml:10:10: task 'decode' has no key 'pattern'");
  check_mistake("task: decode", "task: traffic", "e.yaml:3:8: task 'traffic' has no key 'model'");
  check_mistake(NULL, "network: adaptive\n", "e.yaml:10:10: task 'decode' runs on the scheduled");
}

static void plots_are_drawn_again(void **state) {
  char arguments[128];
  (void)state;
  snprintf(arguments, sizeof arguments, "plot %s/one", folder);
  rs_program_output output = run_program(arguments);
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "plot-1-stack.svg"));
  free_output(&output);
}

static void the_reference_lists_every_key(void **state) {
  (void)state;
  rs_program_output output = run_program("run --help-keys");
  static const char *const keys[] = {"name", "task", "model", "sharding.tensor", "sweep", "plots"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    assert_non_null(strstr(output.out, keys[i]));
  }
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_mistake_is_one_line_with_its_place),
      cmocka_unit_test(files_that_are_none_are_refused),
      cmocka_unit_test(an_alias_bomb_is_refused),
      cmocka_unit_test(results_are_the_same_at_any_number_of_threads),
      cmocka_unit_test(resuming_takes_what_is_stored),
      cmocka_unit_test(overrides_are_checked_like_the_file),
      cmocka_unit_test(wirings_and_traffic_are_tasks_too),
      cmocka_unit_test(plots_are_drawn_again),
      cmocka_unit_test(the_reference_lists_every_key),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

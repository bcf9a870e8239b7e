/* Experiments from file to results: every mistake once, equality at any number of threads, resuming. */
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "rs_program.h"
#include "rs_text.h"

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

/* The library's tests have every mistake; here is what the program makes of one of each kind. */
static void every_mistake_is_one_line_with_its_place(void **state) {
  (void)state;
  check_mistake("batch", "bacth", "e.yaml:8:1: unknown key 'bacth'; expected");
  check_mistake("batch: 1", "batch: 16KiB", "e.yaml:8:8: batch: '16KiB' is not a whole number");
  check_mistake("batch: 1", "batch: -1", "e.yaml:8:8: batch: '-1' is out of range");
  check_mistake("context: 512\n", "", "e.yaml:1:1: the key 'context' is missing");
  check_mistake(NULL, "batch: 2\n", "e.yaml:10:1: the key 'batch' stands twice");
  check_mistake("{tensor: 8, pipeline: 8}", "{tensor: 8", "e.yaml:8:");
  check_mistake("llama-2-7b", "llama-2-7c",
                "e.yaml:3:8: unknown model 'llama-2-7c'; expected a preset of 'realscale list "
                "models', or the path of a config.json; did you mean 'llama-2-7b'?");
  check_mistake("realscale:72", "realscal:72", "e.yaml:6:11: unknown topology");
  check_mistake("realscale:72", "realscale:73", "e.yaml:6:11: realscale: 73 chips");
  check_mistake("tensor: 8", "tensor: 7",
                "e.yaml:7:20: tensor = 7 does not divide attention heads = 32; did you mean "
                "'tensor: 4'?");
  check_mistake("decode", "traffic", "e.yaml:3:8: task 'traffic' has no key 'model'");
  check_mistake(NULL, "sweep: {batch: [1, x]}\n", "e.yaml:10:20: batch: 'x'");
  check_mistake(NULL, "plots: [{kind: line, x: batch, y: tokens}]\n",
                "e.yaml:10:35: there is no column 'tokens'");
  check_mistake(NULL, "<<: {batch: 1}\n", "e.yaml:10:1: merge keys");
  check_mistake(NULL, "seed: *nowhere\n", "e.yaml:10:7: the alias");
  check_mistake("batch: 1", "batch: \x1b", "e.yaml:8:8: a control character");
}

static void files_that_are_none_are_refused(void **state) {
  char command[256];
  (void)state;
  assert_refused("run /nonexistent.yaml", 2, "/nonexistent.yaml: cannot open");
  assert_refused("run /tmp", 2, "directory");
  assert_refused("run /dev/null", 2, "there is nothing in here");
  snprintf(command, sizeof command, "run %s/big.yaml", folder);
  char path[128];
  snprintf(path, sizeof path, "%s/big.yaml", folder);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(ftruncate(fileno(file), 50000000), 0);
  fclose(file);
  assert_refused(command, 2, "at most 16 MiB");
}

static void check_options(const char *options, const char *word) {
  rs_program_output output = run_here(options);
  char path[128];
  struct stat info;
  if (output.status != 2 || count_lines(output.error) != 1 || output.out[0] != '\0' ||
      strstr(output.error, word) == NULL) {
    fail_msg("`%s`: status %d, stdout '%s', stderr '%s'", options, output.status, output.out,
             output.error);
  }
  snprintf(path, sizeof path, "%s/results", folder);
  assert_int_not_equal(stat(path, &info), 0);
  free_output(&output);
}

/* A mistake in the last of several files, or in an option, costs nothing that comes before it. */
static void nothing_runs_after_a_mistake(void **state) {
  (void)state;
  assert_refused("run", 2, "too few arguments; expected an experiment");
  write_experiment(NULL, NULL);
  check_options("none.yaml", "none.yaml: cannot open");
  check_options("e.yaml", "the name 'test' is that of e.yaml too; expected a name for each");
  check_options("-j 0", "'0' is not a number of threads; expected a whole number from 1 to 1024");
  check_options("-j many", "'many' is not a number of threads");
  check_options("-o ''", "--output names no folder");
  check_options("-o e.yaml", "e.yaml: ");
  check_options("--set bach=2", "--set:1:1: unknown key 'bach'");
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

static void assert_no_file(const char *name, const char *file) {
  char path[192];
  struct stat info;
  snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
  if (stat(path, &info) == 0) fail_msg("there is a %s", path);
}

static void check_digest(const json_t *manifest, const char *name) {
  char hex[24];
  char *csv = read_result(name, "results.csv");
  uint64_t digest = rs_digest_bytes(RS_DIGEST_SEED, csv, strlen(csv));
  snprintf(hex, sizeof hex, "%016llx", (unsigned long long)digest);
  assert_string_equal(json_string_value(json_object_get(manifest, "results_digest")), hex);
  free(csv);
}

/* The manifest says what made the results. */
static void the_manifest_is_the_effective_experiment(void **state) {
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output output = run_here("-o manifest --set context=64 -j 2 --format csv");
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 10); /* the head and 3 · 3 points */
  assert_non_null(strstr(output.error, "manifest/results.csv\n"));
  assert_non_null(strstr(output.error, "manifest/plot-1-stack.png\n"));
  assert_null(strchr(output.error, '\r')); /* no progress where there is no terminal */
  free_output(&output);
  char *text = read_result("manifest", "manifest.json");
  json_t *manifest = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null(manifest);
  const json_t *keys = json_object_get(manifest, "experiment");
  assert_string_equal(json_string_value(json_object_get(keys, "context")), "64");
  assert_string_equal(json_string_value(json_object_get(keys, "seed")), "1");
  assert_null(json_object_get(keys, "batch")); /* it is swept */
  assert_int_equal(json_array_size(json_object_get(manifest, "points")), 9);
  assert_int_equal(json_integer_value(json_object_get(manifest, "point_count")), 9);
  const json_t *command = json_object_get(manifest, "command");
  assert_int_equal(json_array_size(command), 5); /* realscale run e.yaml --set context=64 */
  assert_string_equal(json_string_value(json_array_get(command, 4)), "context=64");
  check_digest(manifest, "manifest");
  json_decref(manifest);
  free(text);
}

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

static void overrides_are_as_if_written(void **state) {
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output output =
      run_here("-o set --set batch=2 --set sharding.tensor=8 --set context=64 --format csv");
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 2); /* the header and one point: nothing is swept */
  assert_non_null(strstr(output.out, ",2,64,1,"));
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

/* Two experiments are one table, and each has its folder. */
static void several_experiments_are_one_table(void **state) {
  (void)state;
  char command[256];
  write_experiment(NULL, NULL);
  snprintf(command, sizeof command, "cp %s/e.yaml %s/f.yaml", folder, folder);
  assert_int_equal(system(command), 0);
  write_experiment("name: test", "name: other");
  rs_program_output output = run_here("f.yaml -o both --format json");
  assert_int_equal(output.status, 0);
  json_t *rows = json_loads(output.out, JSON_REJECT_DUPLICATES, NULL);
  assert_int_equal(json_array_size(rows), 2);
  json_decref(rows);
  free_output(&output);
  free(read_result("both/test", "results.csv"));
  free(read_result("both/other", "results.csv"));
  snprintf(command, sizeof command,
           "printf 'name: w\\ntask: topology\\ntopology: mesh:4\\n' >%s/f.yaml", folder);
  assert_int_equal(system(command), 0);
  output = run_here("f.yaml -o mixed");
  assert_int_equal(output.status, 2);
  assert_non_null(strstr(output.error, "f.yaml: task 'topology' is not that of e.yaml"));
  free_output(&output);
  assert_no_file("mixed", "");
}

/* fp16 needs 13.5 GB and 64 chips hold 14.8: it fits; 32 chips do not hold it. */
static void what_does_not_fit_is_a_result(void **state) {
  (void)state;
  write_experiment("pipeline: 8", "pipeline: 4");
  rs_program_output output = run_here("-o unfit --set weights=fp16 --format csv");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, ",1,512,0,\"does not fit: a chip of stage "));
  assert_non_null(strstr(output.error, "warning: plot 1 is not drawn: no point has values for it"));
  assert_no_file("unfit", "plot-1-stack.png");
  free_output(&output);
}

static void a_reader_may_go_away(void **state) {
  char command[512];
  (void)state;
  write_experiment(NULL, sweep);
  snprintf(command, sizeof command,
           "cd %s; { %s run e.yaml -o pipe --format csv; echo $? >status; } 2>/dev/null | true; "
           "cat status; %s run e.yaml -o full --format csv 2>&1 >/dev/full; echo $?",
           folder, RS_PROGRAM, RS_PROGRAM);
  FILE *stream = popen(command, "r");
  char text[2048];
  assert_non_null(stream);
  size_t got = fread(text, 1, sizeof text - 1, stream);
  text[got] = '\0';
  pclose(stream);
  assert_int_equal(strncmp(text, "0\n", 2), 0);
  assert_non_null(strstr(text, "cannot write to stdout: No space left on device\n"));
  assert_string_equal(text + got - 3, "\n2\n");
  free(read_result("pipe", "results.csv"));
}

/* ---- pictures ---- */

static void plots_are_drawn_again_from_the_csv(void **state) {
  char command[512];
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output output = run_here("-o drawn");
  free_output(&output);
  char *before = read_result("drawn", "plot-1-stack.svg");
  snprintf(command, sizeof command, "plot %s/drawn", folder);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 2);
  assert_non_null(strstr(output.out, "drawn/plot-1-stack.svg\n"));
  free_output(&output);
  char *after = read_result("drawn", "plot-1-stack.svg");
  assert_string_equal(before, after);
  free(before);
  free(after);
  snprintf(command, sizeof command, "sed -i 3d %s/drawn/results.csv", folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "plot %s/drawn", folder);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  free_output(&output);
  char *data = read_result("drawn", "plot-1-stack.dat");
  assert_int_equal(count_lines(data), 3); /* the head; tensor 8 fits at 3 batches, and one is cut */
  free(data);
}

static void plot_refuses_what_is_no_result(void **state) {
  char command[512];
  (void)state;
  assert_refused("plot /nonexistent", 2, "/nonexistent/manifest.json: cannot open");
  snprintf(command, sizeof command, "echo '{\"experiment\": 1, \"plots\": []}' >%s/manifest.json",
           folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "plot %s", folder);
  assert_refused(command, 2, "this is no manifest of results");
}

/* Without gnuplot, and with one that fails, results are there and a warning says why. */
static void a_picture_less_is_no_failure(void **state) {
  char before[256], command[512];
  (void)state;
  write_experiment(NULL, NULL);
  snprintf(before, sizeof before, "cd %s; PATH=%s/bin;", folder, folder);
  rs_program_output output = run_shell(before, "run e.yaml -o none --format csv");
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 2);
  assert_non_null(strstr(output.error, "warning: plot 1 is not drawn: gnuplot cannot be started"));
  free_output(&output);
  free(read_result("none", "results.csv"));
  assert_no_file("none", "plot-1-stack.svg");
  snprintf(
      command, sizeof command,
      "mkdir %s/bin; printf '#!/bin/sh\\necho first >&2; echo \"  line 3: odd\" >&2; exit 1\\n' "
      ">%s/bin/gnuplot; chmod +x %s/bin/gnuplot",
      folder, folder, folder);
  assert_int_equal(system(command), 0);
  output = run_shell(before, "run e.yaml -o odd --format csv");
  assert_int_equal(output.status, 0);
  assert_non_null(
      strstr(output.error, "warning: plot 1 is not drawn: gnuplot refused: line 3: odd"));
  free_output(&output);
  output = run_shell(before, "plot odd");
  assert_int_equal(output.status, 1);
  free_output(&output);
}

/* ---- stopping ---- */

/* Starts a sweep that takes long, and sends a signal when the store is there and has had time. */
static int interrupt(const char *options, bool on_terminal, char *text, size_t size) {
  char command[512], store[128];
  int ends[2] = {-1, -1};
  struct stat info;
  snprintf(command, sizeof command, "cd %s; exec %s run e.yaml -o stopped -j 2 %s", folder,
           RS_PROGRAM, options);
  snprintf(store, sizeof store, "%s/stopped/store.sqlite", folder);
  int master = on_terminal ? posix_openpt(O_RDWR | O_NOCTTY) : -1;
  if (on_terminal) {
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    ends[0] = master;
    ends[1] = open(ptsname(master), O_RDWR | O_NOCTTY);
  } else {
    assert_int_equal(pipe(ends), 0);
  }
  assert_true(ends[1] >= 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    if (freopen("/dev/null", "w", stdout) == NULL) _exit(9);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(9);
  }
  const struct timespec pause = {.tv_nsec = 50000000};
  for (int i = 0; i < 400 && stat(store, &info) != 0; i++) nanosleep(&pause, NULL);
  for (int i = 0; i < 8; i++) nanosleep(&pause, NULL);
  assert_int_equal(kill(child, SIGINT), 0);
  close(ends[1]);
  size_t used = 0;
  ssize_t got;
  while (used + 1 < size && (got = read(ends[0], text + used, size - 1 - used)) > 0) {
    used += (size_t)got;
  }
  text[used] = '\0';
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  close(ends[0]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A bare container or chroot has no /dev/pts: then the progress bar is not looked at. */
static bool has_terminals(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  bool has = master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0;
  if (master >= 0) close(master);
  return has;
}

static long done_of(const char *text) {
  const char *found = strstr(text, "stopped: ");
  if (found == NULL) fail_msg("it says: %s", text);
  assert_non_null(strstr(found, "--resume"));
  return strtol(found + strlen("stopped: "), NULL, 10);
}

/* 3,000 points of some milliseconds each. What was done is kept, and goes on from there; at the end
 * (with all but a few points taken away) the rows are those of a run that was never stopped. */
static void a_stopped_run_goes_on(void **state) {
  static char text[1 << 20];
  static char more[24000];
  bool on_terminal = has_terminals();
  (void)state;
  size_t used = (size_t)snprintf(more, sizeof more, "sweep:\n  seed: [1");
  for (int i = 2; i <= 3000; i++) {
    used += (size_t)snprintf(more + used, sizeof more - used, ", %d", i);
  }
  snprintf(more + used, sizeof more - used, "]\n");
  write_experiment(NULL, more);
  assert_int_equal(interrupt("", false, text, sizeof text), 130);
  long first = done_of(text);
  assert_true(first > 0 && first < 3000);
  assert_null(strchr(text, '\r'));
  assert_no_file("stopped", "results.csv");
  assert_int_equal(interrupt("--resume", on_terminal, text, sizeof text), 130);
  assert_true(done_of(text) > first);
  assert_non_null(strstr(text, "of 3000 points"));
  /* the progress bar of a terminal, and of nothing else */
  assert_true((strchr(text, '\r') != NULL) == on_terminal);
  rs_program_output output = run_here("-o stopped --resume --set 'sweep.seed=[3, 1, 2]'");
  assert_int_equal(output.status, 0);
  free_output(&output);
  output = run_here("-o never --set 'sweep.seed=[3, 1, 2]'");
  assert_int_equal(output.status, 0);
  free_output(&output);
  check_same("stopped", "never", "results.csv");
  check_same("stopped", "never", "manifest.json");
}

/* Results of an earlier run do not stand beside a store that was emptied for this one. */
static void a_stopped_run_leaves_no_old_results(void **state) {
  static char text[1 << 16];
  (void)state;
  static char more[4000] = "sweep:\n  batch: [1, 2, 3, 4, 5, 6, 7, 8]\n  context: [8, 9";
  for (int i = 10; i < 400; i++)
    snprintf(more + strlen(more), sizeof more - strlen(more), ", %d", i);
  strcat(more, "]\n");
  write_experiment(NULL, more);
  rs_program_output output = run_here("-o stopped --set batch=1 --set context=8");
  assert_int_equal(output.status, 0);
  free_output(&output);
  free(read_result("stopped", "results.csv"));
  assert_int_equal(interrupt("", false, text, sizeof text), 130);
  assert_no_file("stopped", "results.csv");
  assert_no_file("stopped", "manifest.json");
}

static void a_store_that_is_none_is_refused(void **state) {
  char command[256];
  (void)state;
  write_experiment(NULL, NULL);
  snprintf(command, sizeof command, "mkdir %s/nostore && seq 10000 >%s/nostore/store.sqlite",
           folder, folder);
  assert_int_equal(system(command), 0);
  rs_program_output output = run_here("-o nostore --resume");
  assert_int_equal(output.status, 2);
  assert_non_null(strstr(output.error, "not a database"));
  assert_int_equal(count_lines(output.error), 1);
  free_output(&output);
}

/* docs/experiments.md has the reference as it is printed. */
static void the_reference_is_in_the_documentation(void **state) {
  (void)state;
  rs_program_output output = run_program("run --help-keys");
  assert_int_equal(output.status, 0);
  FILE *file = fopen(RS_TEST_DATA "/../docs/experiments.md", "rb");
  char *text = calloc(1, 1 << 16);
  assert_non_null(file);
  assert_non_null(text);
  assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
  fclose(file);
  if (strstr(text, output.out) == NULL) {
    fail_msg("docs/experiments.md does not have this:\n%s", output.out);
  }
  free(text);
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_mistake_is_one_line_with_its_place),
      cmocka_unit_test(files_that_are_none_are_refused),
      cmocka_unit_test(nothing_runs_after_a_mistake),
      cmocka_unit_test(the_manifest_is_the_effective_experiment),
      cmocka_unit_test(results_are_the_same_at_any_number_of_threads),
      cmocka_unit_test(resuming_takes_what_is_stored),
      cmocka_unit_test(overrides_are_as_if_written),
      cmocka_unit_test(wirings_and_traffic_are_tasks_too),
      cmocka_unit_test(several_experiments_are_one_table),
      cmocka_unit_test(what_does_not_fit_is_a_result),
      cmocka_unit_test(a_reader_may_go_away),
      cmocka_unit_test(plots_are_drawn_again_from_the_csv),
      cmocka_unit_test(plot_refuses_what_is_no_result),
      cmocka_unit_test(a_picture_less_is_no_failure),
      cmocka_unit_test(a_stopped_run_goes_on),
      cmocka_unit_test(a_stopped_run_leaves_no_old_results),
      cmocka_unit_test(a_store_that_is_none_is_refused),
      cmocka_unit_test(the_reference_is_in_the_documentation),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

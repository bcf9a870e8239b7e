/* `realscale run`: experiments from file to results, manifest, table and pictures. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rs_cli.h"
#include "rs_draw.h"
#include "rs_ranks.h"
#include "rs_runner.h"
#include "rs_units.h"

/* 128 + SIGINT, as shells have it. */
#define EXIT_INTERRUPTED 130

enum { OPTION_OUTPUT, OPTION_JOBS, OPTION_SET, OPTION_RESUME, OPTION_NO_PICTURES, OPTION_KEYS };

static const rs_option options[] = {
    [OPTION_OUTPUT] =
        {"output", 'o', RS_OPTION_TEXT, "DIR",
         "folder of results (default: results/NAME; of several experiments: DIR/NAME)"},
    [OPTION_JOBS] = {"jobs", 'j', RS_OPTION_TEXT, "N", "threads (default: one a processor)"},
    [OPTION_SET] = {"set", 0, RS_OPTION_LIST, "PATH=VALUE",
                    "overrides a key, such as batch=4 or sweep.batch=[1,4]"},
    [OPTION_RESUME] = {"resume", 0, RS_OPTION_FLAG, NULL,
                       "take points that the folder's store has"},
    [OPTION_NO_PICTURES] = {"no-pictures", 0, RS_OPTION_FLAG, NULL,
                            "draw nothing; `realscale plot DIR` does it later"},
    [OPTION_KEYS] = {"help-keys", 0, RS_OPTION_FLAG, NULL, "print all keys of an experiment file"},
};

typedef struct run {
  const rs_arguments *arguments;
  rs_arena *arena;
  const rs_experiment *experiment;
  const char *folder;
  rs_result *results;
  rs_run_summary summary;
  rs_runner_options options;
} run;

static const char *file_in(const run *r, const char *name) {
  const char *path = rs_arena_printf(r->arena, "%s/%s", r->folder, name);
  return path == NULL ? name : path;
}

/* ---- the manifest ---- */

static void print_pair(rs_json *json, const char *key, const char *value) {
  rs_json_key(json, key);
  rs_json_string(json, value);
}

static void print_digest(rs_json *json, const char *key, uint64_t digest) {
  char hex[24];
  snprintf(hex, sizeof hex, "%016llx", (unsigned long long)digest);
  print_pair(json, key, hex);
}

/* What asks for the same results again: the file and what overrides it, not where they went or how
 * many threads there were. */
static void print_command(rs_json *json, const run *r) {
  rs_json_key(json, "command");
  rs_json_begin_array(json);
  rs_json_string(json, "realscale");
  rs_json_string(json, "run");
  rs_json_string(json, r->experiment->file);
  for (size_t i = 0; i < r->arguments->value_counts[OPTION_SET]; i++) {
    rs_json_string(json, "--set");
    rs_json_string(json, r->arguments->values[OPTION_SET][i]);
  }
  rs_json_end_array(json);
}

static bool is_swept(const rs_experiment *e, rs_key key) {
  for (size_t i = 0; i < e->sweep_count; i++) {
    if (e->sweeps[i].key == key) return true;
  }
  return false;
}

static void print_keys(rs_json *json, const rs_experiment *e) {
  rs_json_key(json, "experiment");
  rs_json_begin_object(json);
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    if (is_swept(e, (rs_key)key) || e->points[0].text[key] == NULL) continue;
    rs_json_newline(json);
    print_pair(json, rs_key_path((rs_key)key), e->points[0].text[key]);
  }
  rs_json_newline(json);
  rs_json_end_object(json);
}

static void print_sweep(rs_json *json, const rs_experiment *e) {
  rs_json_key(json, "sweep");
  rs_json_begin_object(json);
  for (size_t i = 0; i < e->sweep_count; i++) {
    rs_json_newline(json);
    rs_json_key(json, rs_key_path(e->sweeps[i].key));
    rs_json_begin_array(json);
    for (size_t k = 0; k < e->sweeps[i].value_count; k++) {
      rs_json_string(json, e->sweeps[i].values[k]);
    }
    rs_json_end_array(json);
  }
  rs_json_end_object(json);
}

static void print_plots(rs_json *json, const rs_experiment *e) {
  static const char *const names[] = {"kind", "x", "y", "by", "bound", "log", "title"};
  rs_json_key(json, "plots");
  rs_json_begin_array(json);
  for (size_t i = 0; i < e->plot_count; i++) {
    const rs_plot *plot = &e->plots[i];
    const char *const values[] = {rs_plot_kind_word(plot->kind),
                                  plot->x,
                                  plot->y,
                                  plot->by,
                                  plot->bound,
                                  plot->log,
                                  plot->title};
    rs_json_newline(json);
    rs_json_begin_object(json);
    for (size_t k = 0; k < RS_COUNT_OF(names); k++) {
      if (values[k] != NULL) print_pair(json, names[k], values[k]);
    }
    rs_json_end_object(json);
  }
  rs_json_end_array(json);
}

/* The keys under which the store has them, with what the sweep gave each. */
static void print_points(rs_json *json, const rs_experiment *e) {
  rs_json_key(json, "points");
  rs_json_begin_array(json);
  for (size_t i = 0; i < e->point_count; i++) {
    rs_json_newline(json);
    rs_json_begin_object(json);
    print_digest(json, "key", rs_point_digest(&e->points[i]));
    for (size_t k = 0; k < e->sweep_count; k++) {
      rs_key key = e->sweeps[k].key;
      print_pair(json, rs_key_path(key), e->points[i].text[key]);
    }
    rs_json_end_object(json);
  }
  rs_json_newline(json);
  rs_json_end_array(json);
}

/* What made the results; nothing in it changes from run to run. */
static rs_status write_manifest(const run *r, uint64_t digest, rs_diag *diag) {
  const rs_experiment *e = r->experiment;
  rs_text text;
  rs_json json;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_json_init(&json, &sink);
  rs_json_begin_object(&json);
  rs_json_newline(&json);
  print_pair(&json, "version", RS_VERSION);
  rs_json_newline(&json);
  print_command(&json, r);
  rs_json_newline(&json);
  print_digest(&json, "results_digest", digest);
  rs_json_newline(&json);
  print_keys(&json, e);
  rs_json_newline(&json);
  print_sweep(&json, e);
  rs_json_newline(&json);
  print_plots(&json, e);
  rs_json_newline(&json);
  rs_json_key(&json, "point_count");
  rs_json_i64(&json, (int64_t)e->point_count);
  rs_json_newline(&json);
  print_points(&json, e);
  rs_json_newline(&json);
  rs_json_end_object(&json);
  rs_sink_put(&sink, "\n");
  rs_status status =
      sink.failed ? rs_arena_failed(NULL, diag)
                  : rs_file_write(file_in(r, "manifest.json"), text.bytes, text.length, diag);
  rs_text_deinit(&text);
  return status;
}

/* ---- the other results ---- */

/* *digest: of the bytes of results.csv. */
static rs_status write_table(const run *r, const rs_table *table, rs_format format,
                             const char *name, uint64_t *digest, rs_diag *diag) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_table_print(table, format, 0, &sink);
  rs_status status = sink.failed ? rs_arena_failed(NULL, diag)
                                 : rs_file_write(file_in(r, name), text.bytes, text.length, diag);
  if (status == RS_OK && format == RS_FORMAT_CSV) {
    *digest = rs_digest_bytes(RS_DIGEST_SEED, text.bytes, text.length);
  }
  rs_text_deinit(&text);
  return status;
}

static rs_status write_results(const run *r, const rs_table *table, rs_diag *diag) {
  uint64_t digest = 0;
  rs_status status = write_table(r, table, RS_FORMAT_JSON, "results.json", &digest, diag);
  if (status == RS_OK) {
    status = write_table(r, table, RS_FORMAT_CSV, "results.csv", &digest, diag);
  }
  return status == RS_OK ? write_manifest(r, digest, diag) : status;
}

/* A picture less is no failure: the numbers are there. Where things are goes to stderr, because
 * stdout is for results. */
static void draw_pictures(const run *r, const rs_table *table) {
  const rs_experiment *e = r->experiment;
  fprintf(stderr, "results   %s\n", file_in(r, "results.csv"));
  fprintf(stderr, "manifest  %s\n", file_in(r, "manifest.json"));
  if (rs_arguments_flag(r->arguments, "no-pictures")) return;
  for (size_t i = 0; i < e->plot_count; i++) {
    rs_diag diag = {0};
    const char *paths[2];
    if (rs_draw_plot(r->arena, r->folder, e->name, table, &e->plots[i], i + 1, paths, &diag) ==
        RS_OK) {
      fprintf(stderr, "picture   %s\npicture   %s\n", paths[0], paths[1]);
    } else {
      fprintf(stderr, "realscale: warning: plot %zu is not drawn: %s\n", i + 1, diag.what);
    }
  }
}

static void print_failures(const run *r) {
  for (size_t i = 0; i < r->experiment->point_count; i++) {
    if (!r->results[i].failed) continue;
    fprintf(stderr, "realscale: point %zu of %s failed: %s\n", i + 1, r->experiment->name,
            rs_result_cell(&r->results[i], "reason")->text);
  }
}

/* ---- one experiment ---- */

/* Results of an earlier run must not stand beside a store that is being filled anew. */
static void remove_old(const run *r) {
  static const char *const names[] = {"results.csv", "results.json", "manifest.json"};
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) unlink(file_in(r, names[i]));
}

static rs_status compute(run *r, rs_diag *diag) {
  rs_store *store = NULL;
  const rs_experiment *e = r->experiment;
  r->results = RS_ARENA_NEW(r->arena, rs_result, e->point_count);
  if (r->results == NULL) return rs_arena_failed(r->arena, diag);
  rs_status status = rs_file_make_folder(r->folder, diag);
  if (status == RS_OK) {
    status = rs_store_open(file_in(r, "store.sqlite"), r->options.resume, &store, diag);
  }
  if (status == RS_OK) {
    remove_old(r);
    status = rs_runner_run(r->arena, e, store, &r->options, r->results, &r->summary, diag);
  }
  rs_store_close(store);
  return status;
}

static int stop_early(const run *r) {
  fprintf(stderr,
          "realscale: stopped: %zu of %zu points are in %s; the same command with --resume goes "
          "on\n",
          r->summary.done, r->experiment->point_count, file_in(r, "store.sqlite"));
  return EXIT_INTERRUPTED;
}

static int run_one(run *r, rs_table **table) {
  rs_diag diag = {0};
  if (compute(r, &diag) != RS_OK) return rs_cli_report(&diag);
  if (r->summary.done < r->experiment->point_count) return stop_early(r);
  rs_status status = rs_result_tabulate(r->arena, r->experiment->task, r->results,
                                        r->experiment->point_count, table, &diag);
  if (status == RS_OK) status = write_results(r, *table, &diag);
  if (status != RS_OK) return rs_cli_report(&diag);
  print_failures(r);
  return r->summary.failed > 0 ? RS_EXIT_FAILED : RS_EXIT_GOOD;
}

/* Before the paths, because both may go to one terminal; and the error is known only now: drawing
 * would change errno. A reader who has gone away is no error. */
static bool flush_table(void) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return true;
  int error = errno;
  clearerr(stdout);
  if (error == EPIPE) return true;
  fprintf(stderr, "realscale: cannot write to stdout: %s\n", strerror(error));
  return false;
}

/* All experiments of a command line are one table, so that JSON is one array. */
static int print_all(const rs_arguments *arguments, const run *runs, size_t count) {
  rs_diag diag = {0};
  rs_table *table;
  size_t total = 0;
  size_t next = 0;
  for (size_t i = 0; i < count; i++) total += runs[i].experiment->point_count;
  rs_result *results = RS_ARENA_NEW(arguments->arena, rs_result, total);
  if (results == NULL) {
    rs_arena_failed(arguments->arena, &diag);
    return rs_cli_report(&diag);
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < runs[i].experiment->point_count; k++) {
      results[next++] = runs[i].results[k];
    }
  }
  if (rs_result_tabulate(arguments->arena, runs[0].experiment->task, results, total, &table,
                         &diag) != RS_OK) {
    return rs_cli_report(&diag);
  }
  errno = 0;
  int status = rs_cli_print_table(arguments, table);
  return flush_table() ? status : RS_EXIT_USAGE;
}

/* ---- the command ---- */

static rs_status read_options(const rs_arguments *arguments, rs_runner_options *options_out,
                              rs_diag *diag) {
  const char *jobs = rs_arguments_value(arguments, "jobs");
  int64_t threads = 0;
  options_out->resume = rs_arguments_flag(arguments, "resume");
  options_out->progress = isatty(STDERR_FILENO) != 0;
  if (jobs == NULL) return RS_OK;
  if (rs_quantity_parse(jobs, RS_QUANTITY_COUNT, &threads, diag) == RS_OK && threads >= 1 &&
      threads <= 1024) {
    options_out->threads = (unsigned)threads;
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "--jobs: '%s' is not a number of threads", jobs);
  rs_diag_expect(diag, "a whole number from 1 to 1024");
  return RS_E_INPUT;
}

static int write_stdout(void *context, const char *bytes, size_t length) {
  (void)context;
  return fwrite(bytes, 1, length, stdout) == length ? 0 : 1;
}

/* Rows of one table have one task's columns. */
static rs_status check_task(const run *runs, size_t index, rs_diag *diag) {
  const rs_experiment *e = runs[index].experiment;
  if (e->task == runs[0].experiment->task) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "task '%s' is not that of %s", rs_task_word(e->task),
              runs[0].experiment->file);
  rs_diag_expect(diag, "experiments of one task, whose results are one table");
  rs_diag_at(diag, e->file, 0, 0);
  return RS_E_INPUT;
}

static rs_status choose_folder(run *runs, size_t index, rs_diag *diag) {
  run *r = &runs[index];
  const char *output = rs_arguments_value(r->arguments, "output");
  const char *name = r->experiment->name;
  if (output != NULL && output[0] == '\0') {
    rs_diag_set(diag, RS_E_INPUT, "--output names no folder");
    return RS_E_INPUT;
  }
  r->folder = output;
  if (output == NULL || r->arguments->operand_count > 1) {
    r->folder = rs_arena_printf(r->arena, "%s/%s", output == NULL ? "results" : output, name);
  }
  if (r->folder == NULL) return rs_arena_failed(r->arena, diag);
  for (size_t i = 0; i < index; i++) {
    if (strcmp(runs[i].folder, r->folder) != 0) continue;
    rs_diag_set(diag, RS_E_INPUT, "the name '%s' is that of %s too", name,
                runs[i].experiment->file);
    rs_diag_expect(diag, "a name for each experiment");
    rs_diag_at(diag, r->experiment->file, 0, 0);
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* All files are read before the first runs: a mistake in the last must not cost the first's time. */
static rs_status read_all(const rs_arguments *arguments, run *runs, rs_diag *diag) {
  rs_runner_options runner = {0};
  if (arguments->operand_count == 0) {
    rs_diag_set(diag, RS_E_INPUT, "too few arguments");
    rs_diag_expect(diag, "an experiment, for example `%s`", rs_command_run_experiment.example);
    rs_diag_at(diag, "realscale run", 0, 0);
    return RS_E_INPUT;
  }
  rs_status status = read_options(arguments, &runner, diag);
  for (size_t i = 0; i < arguments->operand_count && status == RS_OK; i++) {
    runs[i] = (run){.arguments = arguments, .arena = arguments->arena, .options = runner};
    status =
        rs_experiment_read(arguments->arena, arguments->operands[i], arguments->values[OPTION_SET],
                           arguments->value_counts[OPTION_SET], &runs[i].experiment, diag);
    if (status == RS_OK) status = check_task(runs, i, diag);
    if (status == RS_OK) status = choose_folder(runs, i, diag);
  }
  return status;
}

static int run_all(const rs_arguments *arguments, run *runs) {
  int worst = RS_EXIT_GOOD;
  size_t done = 0;
  rs_table **tables = RS_ARENA_NEW(arguments->arena, rs_table *, arguments->operand_count);
  rs_diag diag = {0};
  if (tables == NULL) {
    rs_arena_failed(arguments->arena, &diag);
    return rs_cli_report(&diag);
  }
  for (; done < arguments->operand_count; done++) {
    int status = run_one(&runs[done], &tables[done]);
    worst = RS_MAX(worst, status);
    if (status > RS_EXIT_FAILED) break; /* the others would be stopped as well, or fail alike */
  }
  int printed = done > 0 ? print_all(arguments, runs, done) : RS_EXIT_GOOD;
  worst = RS_MAX(worst, printed);
  for (size_t i = 0; i < done; i++) draw_pictures(&runs[i], tables[i]);
  return worst;
}

/* A rank that computes and says nothing. */
static int serve_all(const rs_arguments *arguments, const run *runs) {
  rs_diag diag = {0};
  for (size_t i = 0; i < arguments->operand_count; i++) {
    if (rs_runner_serve(runs[i].experiment, &diag) != RS_OK) return rs_cli_report(&diag);
  }
  return RS_EXIT_GOOD;
}

static int run_experiments(const rs_arguments *arguments) {
  rs_diag diag = {0};
  if (rs_arguments_flag(arguments, "help-keys")) {
    rs_sink sink = {.write = write_stdout};
    rs_experiment_print_keys(&sink);
    return RS_EXIT_GOOD;
  }
  run *runs = RS_ARENA_NEW(arguments->arena, run, arguments->operand_count);
  if (runs == NULL) rs_arena_failed(arguments->arena, &diag);
  if (runs == NULL || read_all(arguments, runs, &diag) != RS_OK) return rs_cli_report(&diag);
  return rs_ranks_rank() == 0 ? run_all(arguments, runs) : serve_all(arguments, runs);
}

const rs_command rs_command_run_experiment = {
    .name = "run",
    .operands = "EXPERIMENT.yaml…",
    .operands_min = 0,
    .operands_max = SIZE_MAX,
    .summary = "every point of an experiment's sweep: results, table, pictures",
    .example = "realscale run experiments/llama2_70b.yaml --set batch=4",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_experiments,
};

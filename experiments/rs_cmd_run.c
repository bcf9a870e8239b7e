/* `realscale run`: experiments from file to results, table and pictures; and `realscale plot`. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs_cli.h"
#include "rs_draw.h"
#include "rs_runner.h"
#include "rs_units.h"
#include "rs_yaml.h"

static const rs_option options[] = {
    {"output", 'o', RS_OPTION_TEXT, "DIR", "folder of results (default: results/NAME)"},
    {"jobs", 'j', RS_OPTION_TEXT, "N", "threads (default: one a processor)"},
    {"set", 0, RS_OPTION_LIST, "PATH=VALUE",
     "overrides a key, such as batch=4 or sweep.batch=[1,4]"},
    {"resume", 0, RS_OPTION_FLAG, NULL, "take points that the folder's store has"},
    {"help-keys", 0, RS_OPTION_FLAG, NULL, "print all keys of an experiment file"},
};

/* By task. */
static const rs_plot default_plots[RS_TASK_COUNT] = {
    {.kind = RS_PLOT_STACK},
    {.kind = RS_PLOT_WIRINGS},
    {.kind = RS_PLOT_LINE, .x = "offered_load", .y = "latency_mean_s", .by = "routing"}};

/* ---- writing results ---- */

static rs_status write_table(const rs_table *table, rs_format format, const char *path,
                             uint64_t *digest, rs_diag *diag) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_table_print(table, format, 0, &sink);
  rs_status status = sink.failed ? rs_arena_failed(NULL, diag)
                                 : rs_file_write(path, text.bytes, text.length, diag);
  if (status == RS_OK) *digest = rs_digest_bytes(RS_DIGEST_SEED, text.bytes, text.length);
  rs_text_deinit(&text);
  return status;
}

static void print_plot(rs_json *json, const rs_plot *plot) {
  const char *const names[] = {"kind", "x", "y", "by", "title"};
  const char *const values[] = {rs_plot_kind_word(plot->kind), plot->x, plot->y, plot->by,
                                plot->title};
  rs_json_begin_object(json);
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
    if (values[i] == NULL) continue;
    rs_json_key(json, names[i]);
    rs_json_string(json, values[i]);
  }
  rs_json_end_object(json);
}

static void print_points(rs_json *json, const rs_experiment *e) {
  rs_json_key(json, "points");
  rs_json_begin_array(json);
  for (size_t i = 0; i < e->point_count; i++) {
    rs_json_newline(json);
    rs_json_begin_object(json);
    for (int key = 0; key < RS_KEY_COUNT; key++) {
      if (e->points[i].text[key] == NULL) continue;
      rs_json_key(json, rs_key_path((rs_key)key));
      rs_json_string(json, e->points[i].text[key]);
    }
    rs_json_end_object(json);
  }
  rs_json_newline(json);
  rs_json_end_array(json);
}

/* What made the results: program, effective experiment, seeds; nothing that changes from run to run. */
static rs_status write_manifest(const char *path, const rs_experiment *e, const rs_plot *plots,
                                size_t plot_count, uint64_t digest, rs_diag *diag) {
  rs_text text;
  rs_json json;
  char hex[32];
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_json_init(&json, &sink);
  rs_json_begin_object(&json);
  rs_json_key(&json, "realscale");
  rs_json_string(&json, RS_VERSION);
  rs_json_key(&json, "experiment");
  rs_json_string(&json, e->file);
  rs_json_key(&json, "name");
  rs_json_string(&json, e->name);
  snprintf(hex, sizeof hex, "%016llx", (unsigned long long)digest);
  rs_json_key(&json, "task");
  rs_json_string(&json, e->points[0].text[RS_KEY_TASK]);
  rs_json_key(&json, "results_digest");
  rs_json_string(&json, hex);
  rs_json_key(&json, "plots");
  rs_json_begin_array(&json);
  for (size_t i = 0; i < plot_count; i++) print_plot(&json, &plots[i]);
  rs_json_end_array(&json);
  print_points(&json, e);
  rs_json_end_object(&json);
  rs_sink_put(&sink, "\n");
  rs_status status = sink.failed ? rs_arena_failed(NULL, diag)
                                 : rs_file_write(path, text.bytes, text.length, diag);
  rs_text_deinit(&text);
  return status;
}

/* ---- one experiment ---- */

typedef struct run {
  const rs_arguments *arguments;
  rs_arena *arena;
  const rs_experiment *experiment;
  const char *folder;
  const rs_plot *plots;
  size_t plot_count;
  rs_result *results;
  rs_table *table;
  rs_run_summary summary;
  rs_runner_options options;
} run;

static const char *file_in(const run *r, const char *name) {
  const char *path = rs_arena_printf(r->arena, "%s/%s", r->folder, name);
  return path == NULL ? name : path;
}

static rs_status read_experiment(run *r, const char *path, rs_diag *diag) {
  char *text;
  size_t length;
  size_t set_index = 0;
  while (strcmp(r->arguments->options[set_index].name, "set") != 0) set_index++;
  rs_status status = rs_file_read(r->arena, path, RS_YAML_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  return rs_experiment_parse(r->arena, path, text, length, r->arguments->values[set_index],
                             r->arguments->value_counts[set_index], &r->experiment, diag);
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
    status = rs_runner_run(r->arena, e, store, &r->options, r->results, &r->summary, diag);
  }
  rs_store_close(store);
  return status;
}

static rs_status write_results(run *r, rs_diag *diag) {
  uint64_t digest;
  const rs_experiment *e = r->experiment;
  rs_status status =
      rs_result_tabulate(r->arena, e->task, r->results, e->point_count, &r->table, diag);
  if (status == RS_OK) {
    status = write_table(r->table, RS_FORMAT_JSON, file_in(r, "results.json"), &digest, diag);
  }
  if (status == RS_OK) {
    status = write_table(r->table, RS_FORMAT_CSV, file_in(r, "results.csv"), &digest, diag);
  }
  if (status == RS_OK) {
    status = write_manifest(file_in(r, "manifest.json"), e, r->plots, r->plot_count, digest, diag);
  }
  return status;
}

/* Where things are goes to stderr: stdout is for results. */
static void print_paths(const run *r, const char *const *pictures, size_t count) {
  fprintf(stderr, "results   %s\n", file_in(r, "results.csv"));
  fprintf(stderr, "manifest  %s\n", file_in(r, "manifest.json"));
  for (size_t i = 0; i < count; i++) fprintf(stderr, "picture   %s\n", pictures[i]);
}

/* The reason of points that are no result. */
static void print_failures(const run *r) {
  for (size_t i = 0; i < r->experiment->point_count; i++) {
    if (!r->results[i].failed) continue;
    fprintf(stderr, "realscale: point %zu failed: %s\n", i + 1,
            rs_result_cell(&r->results[i], "reason")->text);
  }
}

static int finish(run *r) {
  rs_diag diag = {0};
  const char **pictures;
  size_t picture_count;
  if (r->summary.interrupted && r->summary.done < r->experiment->point_count) {
    fprintf(stderr,
            "realscale: stopped after %zu of %zu points; the same command with --resume "
            "goes on\n",
            r->summary.done, r->experiment->point_count);
    return 130;
  }
  if (write_results(r, &diag) != RS_OK) return rs_cli_report(&diag);
  rs_cli_print_table(r->arguments, r->table);
  fflush(stdout);
  rs_status status = rs_draw_plots(r->arena, r->folder, r->experiment->name, r->table, r->plots,
                                   r->plot_count, &pictures, &picture_count, &diag);
  print_paths(r, pictures, picture_count);
  if (status != RS_OK) rs_cli_report(&diag); /* a picture less is no failure */
  print_failures(r);
  return r->summary.failed > 0 ? RS_EXIT_FAILED : RS_EXIT_GOOD;
}

static int run_one(run *r, const char *path) {
  rs_diag diag = {0};
  const char *folder = rs_arguments_value(r->arguments, "output");
  if (read_experiment(r, path, &diag) != RS_OK) return rs_cli_report(&diag);
  r->folder =
      folder != NULL ? folder : rs_arena_printf(r->arena, "results/%s", r->experiment->name);
  r->plots =
      r->experiment->plot_count > 0 ? r->experiment->plots : &default_plots[r->experiment->task];
  r->plot_count = RS_MAX(r->experiment->plot_count, (size_t)1);
  if (r->folder == NULL) rs_arena_failed(r->arena, &diag);
  if (r->folder == NULL || compute(r, &diag) != RS_OK) return rs_cli_report(&diag);
  return finish(r);
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

static int run_experiments(const rs_arguments *arguments) {
  rs_diag diag = {0};
  run r = {.arguments = arguments, .arena = arguments->arena};
  if (rs_arguments_flag(arguments, "help-keys")) {
    rs_sink sink = {.write = write_stdout};
    rs_experiment_print_keys(&sink);
    return RS_EXIT_GOOD;
  }
  if (arguments->operand_count == 0) {
    rs_diag_set(&diag, RS_E_INPUT, "too few arguments");
    rs_diag_expect(&diag, "an experiment, for example `%s`", rs_command_run_experiment.example);
    rs_diag_at(&diag, "realscale run", 0, 0);
    return rs_cli_report(&diag);
  }
  if (arguments->operand_count > 1 && rs_arguments_value(arguments, "output") != NULL) {
    rs_diag_set(&diag, RS_E_INPUT, "--output names one folder, and there are %zu experiments",
                arguments->operand_count);
    return rs_cli_report(&diag);
  }
  if (read_options(arguments, &r.options, &diag) != RS_OK) return rs_cli_report(&diag);
  /* All files are read before the first runs: a mistake in the last must not cost the first's time. */
  for (size_t i = 0; i < arguments->operand_count; i++) {
    if (read_experiment(&r, arguments->operands[i], &diag) != RS_OK) return rs_cli_report(&diag);
  }
  int worst = RS_EXIT_GOOD;
  for (size_t i = 0; i < arguments->operand_count; i++) {
    int status = run_one(&r, arguments->operands[i]);
    worst = RS_MAX(worst, status);
    if (r.summary.interrupted) break;
  }
  return worst;
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

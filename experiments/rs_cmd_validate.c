/*
 * `realscale validate`: published results beside ours. Every row names a command of this program, which
 * is run as a reader would run it; so what the table says can be asked for again, row by row.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs_cli.h"
#include "rs_process.h"
#include "rs_validation.h"
#include "rs_yaml.h"

/* What a model of this kind may miss before it must say why. */
#define CALIBRATION_ERROR_MAX 0.03
#define ERROR_WITHOUT_CAUSE_MAX 0.30

enum { OPTION_GROUP, OPTION_ROW };

static const rs_option options[] = {
    [OPTION_GROUP] = {"group", 0, RS_OPTION_TEXT, "NAME", "only rows of this group, such as lpu"},
    [OPTION_ROW] = {"row", 0, RS_OPTION_TEXT, "NAME", "only this row"},
};

static const char *const columns[] = {"row",    "group", "role",   "published", "relation",
                                      "ours",   "error", "unit",   "quantity",  "confidence",
                                      "source", "cause", "command"};

typedef struct job {
  const rs_arguments *arguments;
  rs_arena *arena;
  const char *file;
  const char *experiments; /* folder */
  rs_validation_row *rows;
  size_t row_count;
  char scratch[64]; /* folder for results of `run` */
  rs_table *table;
  bool missed; /* a row is off beyond what it may be */
} job;

/* ---- the file ---- */

static rs_status read_rows(job *j, rs_diag *diag) {
  static const char *const folders[] = {RS_EXPERIMENTS_SOURCE_DIR, RS_EXPERIMENTS_INSTALL_DIR};
  char *text;
  size_t length;
  for (size_t i = 0; i < RS_COUNT_OF(folders); i++) {
    const char *path = rs_arena_printf(j->arena, "%s/validation/published.yaml", folders[i]);
    if (path == NULL) return rs_arena_failed(j->arena, diag);
    j->experiments = folders[i];
    if (j->file == NULL && access(path, R_OK) == 0) j->file = path;
    if (j->file != NULL) break;
  }
  if (j->file == NULL) {
    return rs_diag_set(diag, RS_E_SYSTEM, "no published results in %s or %s", folders[0],
                       folders[1]);
  }
  rs_status status = rs_file_read(j->arena, j->file, RS_YAML_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  return rs_validation_parse(j->arena, j->file, text, length, &j->rows, &j->row_count, diag);
}

/* ---- one command ---- */

/* The words of a row's command as arguments of the program, NULL at the end. */
static rs_status make_arguments(const job *j, const rs_validation_row *row, char ***result,
                                rs_diag *diag) {
  static const char folder[] = "experiments/";
  const char **words;
  size_t count, used = 0;
  rs_status status = rs_validation_split(j->arena, row->command, &words, &count, diag);
  if (status != RS_OK) return status;
  char **arguments = RS_ARENA_NEW(j->arena, char *, count + 8);
  bool good = arguments != NULL;
  if (good) arguments[used++] = rs_arena_strdup(j->arena, "realscale");
  for (size_t i = 0; i < count && good; i++) {
    bool is_ours = strncmp(words[i], folder, strlen(folder)) == 0;
    arguments[used] =
        is_ours ? rs_arena_printf(j->arena, "%s/%s", j->experiments, words[i] + strlen(folder))
                : rs_arena_strdup(j->arena, words[i]);
    good = arguments[used++] != NULL;
  }
  if (good && count > 0 && strcmp(words[0], "run") == 0) {
    arguments[used++] = rs_arena_strdup(j->arena, "--no-pictures");
    arguments[used++] = rs_arena_strdup(j->arena, "-o");
    arguments[used++] = rs_arena_printf(j->arena, "%s/%s", j->scratch, row->name);
  }
  if (good) arguments[used++] = rs_arena_strdup(j->arena, "--format");
  if (good) arguments[used++] = rs_arena_strdup(j->arena, "json");
  for (size_t i = 0; i < used && good; i++) good = arguments[i] != NULL;
  *result = arguments;
  return good ? RS_OK : rs_arena_failed(j->arena, diag);
}

/* NaN: the command gave no such number. */
static rs_status ask(const job *j, const rs_validation_row *row, double *ours, rs_diag *diag) {
  char **arguments;
  int exit_status = 0;
  rs_text printed;
  *ours = (double)NAN;
  rs_status status = make_arguments(j, row, &arguments, diag);
  if (status != RS_OK) return status;
  rs_text_init(&printed);
  const rs_process process = {
      .program = "/proc/self/exe", .arguments = arguments, .kept = RS_PROCESS_STDOUT};
  status = rs_process_run(&process, &printed, &exit_status, diag);
  json_t *rows = status == RS_OK && printed.length > 0
                     ? json_loadb(printed.bytes, printed.length, 0, NULL)
                     : NULL;
  const json_t *value = json_object_get(json_array_get(rows, 0), row->column);
  if (exit_status == 0 && json_is_number(value)) *ours = json_number_value(value);
  json_decref(rows);
  rs_text_deinit(&printed);
  return status;
}

/* ---- the table ---- */

/* The unit that a column's name says, as words between underscores. */
static const char *unit_of(const char *column) {
  static const char *const units[] = {
      "per_s_user", "per_s_total", "per_token", "per_s",      "cycles",
      "hops",       "bytes",       "cables",    "parameters", "s"};
  for (size_t i = 0; i < RS_COUNT_OF(units); i++) {
    size_t length = strlen(units[i]);
    const char *found = strstr(column, units[i]);
    for (; found != NULL; found = strstr(found + 1, units[i])) {
      bool begins = found == column || found[-1] == '_';
      if (begins && (found[length] == '\0' || found[length] == '_')) return units[i];
    }
  }
  return "";
}

static void judge(job *j, const rs_validation_row *row, double ours) {
  double most = row->role == RS_ROLE_CALIBRATION ? CALIBRATION_ERROR_MAX : ERROR_WITHOUT_CAUSE_MAX;
  bool has_excuse = row->role != RS_ROLE_CALIBRATION && row->cause != NULL;
  if (isfinite(ours) && (fabs(rs_validation_error(row, ours)) <= most || has_excuse)) return;
  j->missed = true;
  if (isfinite(ours)) {
    fprintf(stderr, "realscale: %s:%d: %s is off by %.1f %%%s\n", j->file, row->line, row->name,
            100 * rs_validation_error(row, ours),
            row->role == RS_ROLE_CALIBRATION ? ", and calibrates" : ", and names no cause");
  } else {
    fprintf(stderr, "realscale: %s:%d: %s: `realscale %s` gave no %s\n", j->file, row->line,
            row->name, row->command, row->column);
  }
}

static void add_row(job *j, const rs_validation_row *row, double ours) {
  rs_table_add_row(j->table);
  rs_table_set_text(j->table, "row", row->name);
  rs_table_set_text(j->table, "group", row->group);
  rs_table_set_text(j->table, "role", rs_role_word(row->role));
  rs_table_set_double(j->table, "published", row->published);
  rs_table_set_text(j->table, "relation", rs_relation_word(row->relation));
  if (isfinite(ours)) {
    rs_table_set_double(j->table, "ours", ours);
    rs_table_set_double(j->table, "error", rs_validation_error(row, ours));
  }
  rs_table_set_text(j->table, "unit", unit_of(row->column));
  rs_table_set_text(j->table, "quantity", row->quantity);
  rs_table_set_text(j->table, "confidence", row->confidence);
  rs_table_set_text(j->table, "source", row->source);
  rs_table_set_text(j->table, "cause", row->cause == NULL ? "" : row->cause);
  rs_table_set_text(j->table, "command", rs_arena_printf(j->arena, "realscale %s", row->command));
}

/* ---- the summary ---- */

static int compare_errors(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Sizes of errors of the table's rows of one group and role, sorted. */
static size_t collect_errors(const job *j, const char *group, const char *role, double *errors) {
  size_t count = 0;
  for (size_t i = 0; i < rs_table_row_count(j->table); i++) {
    const rs_cell *error = rs_table_cell(j->table, i, 6);
    if (strcmp(rs_table_cell(j->table, i, 1)->text, group) != 0) continue;
    if (strcmp(rs_table_cell(j->table, i, 2)->text, role) != 0) continue;
    if (error->kind == RS_CELL_DOUBLE) errors[count++] = fabs(error->number);
  }
  qsort(errors, count, sizeof *errors, compare_errors);
  return count;
}

/* On stderr, because stdout is for rows. */
static void print_summary(const job *j) {
  double *errors = RS_ARENA_NEW(j->arena, double, j->row_count);
  if (errors == NULL) return;
  for (size_t i = 0; i < rs_table_row_count(j->table); i++) {
    const char *group = rs_table_cell(j->table, i, 1)->text;
    const char *role = rs_table_cell(j->table, i, 2)->text;
    bool is_first = true;
    for (size_t k = 0; k < i && is_first; k++) {
      is_first = strcmp(rs_table_cell(j->table, k, 1)->text, group) != 0 ||
                 strcmp(rs_table_cell(j->table, k, 2)->text, role) != 0;
    }
    if (!is_first) continue;
    size_t count = collect_errors(j, group, role, errors);
    if (count == 0) continue;
    double median = (errors[(count - 1) / 2] + errors[count / 2]) / 2;
    fprintf(stderr, "%-10s %-12s %2zu rows: median error %5.1f %%, largest %5.1f %%\n", group, role,
            count, 100 * median, 100 * errors[count - 1]);
  }
}

/* ---- the command ---- */

static bool is_asked(const job *j, const rs_validation_row *row) {
  const char *group = rs_arguments_value(j->arguments, "group");
  const char *name = rs_arguments_value(j->arguments, "row");
  return (group == NULL || strcmp(group, row->group) == 0) &&
         (name == NULL || strcmp(name, row->name) == 0);
}

static rs_status refuse_empty(const job *j, rs_diag *diag) {
  const char *name = rs_arguments_value(j->arguments, "row");
  const char *group = rs_arguments_value(j->arguments, "group");
  const char *wanted = name != NULL ? name : group != NULL ? group : "";
  const char **words = RS_ARENA_NEW(j->arena, const char *, j->row_count);
  if (words == NULL) return rs_arena_failed(j->arena, diag);
  for (size_t i = 0; i < j->row_count; i++) {
    words[i] = name != NULL ? j->rows[i].name : j->rows[i].group;
  }
  rs_diag_set(diag, RS_E_INPUT, "no row is called '%s'", wanted);
  rs_diag_expect(diag, "a %s of %s", name != NULL ? "row" : "group", j->file);
  rs_diag_suggest(diag, rs_nearest_word(wanted, words, j->row_count));
  return RS_E_INPUT;
}

static rs_status ask_all(job *j, rs_diag *diag) {
  bool shows = isatty(STDERR_FILENO) != 0;
  rs_status status = RS_OK;
  for (size_t i = 0; i < j->row_count && status == RS_OK; i++) {
    double ours;
    if (!is_asked(j, &j->rows[i])) continue;
    if (shows) fprintf(stderr, "\r%zu of %zu: %s\x1b[K", i + 1, j->row_count, j->rows[i].name);
    status = ask(j, &j->rows[i], &ours, diag);
    if (status != RS_OK) break;
    if (shows) fputs("\r\x1b[K", stderr);
    judge(j, &j->rows[i], ours);
    add_row(j, &j->rows[i], ours);
  }
  if (status == RS_OK && rs_table_row_count(j->table) == 0) status = refuse_empty(j, diag);
  return status;
}

static rs_status with_scratch(job *j, rs_diag *diag) {
  char command[128];
  strcpy(j->scratch, "/tmp/realscale-XXXXXX");
  if (mkdtemp(j->scratch) == NULL) {
    return rs_diag_set(diag, RS_E_SYSTEM, "no folder for results: %s", strerror(errno));
  }
  rs_status status = ask_all(j, diag);
  snprintf(command, sizeof command, "rm -rf '%s'", j->scratch);
  if (system(command) != 0) fprintf(stderr, "realscale: warning: %s stays\n", j->scratch);
  return status;
}

static int run_validate(const rs_arguments *arguments) {
  rs_diag diag = {0};
  job j = {.arguments = arguments,
           .arena = arguments->arena,
           .file = arguments->operand_count > 0 ? arguments->operands[0] : NULL,
           .table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns))};
  if (j.table == NULL) {
    rs_arena_failed(j.arena, &diag);
    return rs_cli_report(&diag);
  }
  rs_status status = read_rows(&j, &diag);
  if (status == RS_OK) status = with_scratch(&j, &diag);
  if (status != RS_OK) return rs_cli_report(&diag);
  int printed = rs_cli_print_table(arguments, j.table);
  fflush(stdout);
  print_summary(&j);
  return printed != RS_EXIT_GOOD ? printed : j.missed ? RS_EXIT_FAILED : RS_EXIT_GOOD;
}

const rs_command rs_command_validate = {
    .name = "validate",
    .operands = "[FILE.yaml]",
    .operands_min = 0,
    .operands_max = 1,
    .summary = "published results beside ours, with error, source and cause",
    .example = "realscale validate --group lpu",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_validate,
};

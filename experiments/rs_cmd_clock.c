/*
 * `realscale clock`: any schedule on drifting clocks: a .rsched file, or the timetable of a point of an
 * experiment. Options are the keys of task clock, checked by the same table.
 */
#include <stdio.h>
#include <string.h>

#include "rs__experiment.h"
#include "rs__result.h"
#include "rs_cli.h"
#include "rs_units.h"

static const rs_option options[] = {
    {"ppm", 0, RS_OPTION_TEXT, "PPM", "oscillators are off by up to ± this (needed)"},
    {"deskew-margin", 0, RS_OPTION_TEXT, "CYCLES",
     "from nominal arrival to receive (default: the experiment's or the file's; of a file without "
     "stalls and compute intervals what the checker proves, else 0)"},
    {"resync", 0, RS_OPTION_TEXT, "CYCLES",
     "from one RUNTIME_DESKEW to the next, of a schedule that says nothing (default: 65536)"},
    {"clock", 0, RS_OPTION_TEXT, "WAY", "hac, bittide-p or bittide-pi (default: hac)"},
    {"draws", 0, RS_OPTION_TEXT, "COUNT", "of oscillators and cables (default: 100)"},
    {"offsets", 0, RS_OPTION_TEXT, "WHERE", "uniform or extreme in the band (default: uniform)"},
    {"wander-ppm", 0, RS_OPTION_TEXT, "PPM", "and a slow walk within ± this (default: 0)"},
    {"link-spread", 0, RS_OPTION_TEXT, "CYCLES", "standard deviation of cables (default: 2.8)"},
    {"fifo", 0, RS_OPTION_TEXT, "VECTORS", "that a port holds (default: 16)"},
    {"tree", 0, RS_OPTION_TEXT, "TREE", "breadth-first or depth-first (default: breadth-first)"},
    {"duration", 0, RS_OPTION_TEXT, "CYCLES", "that the schedule is repeated for"},
    {"seed", 0, RS_OPTION_TEXT, "SEED", "of everything that is drawn (default: 1)"},
    {"set", 0, RS_OPTION_LIST, "PATH=VALUE", "overrides a key of the experiment, as for run"},
};

enum { OPTION_SET = RS_COUNT_OF(options) - 1 };

typedef struct option_key {
  const char *option; /* NULL: the key's default */
  rs_key key;
} option_key;

static const option_key option_keys[] = {
    {"ppm", RS_KEY_PPM},           {"deskew-margin", RS_KEY_DESKEW_MARGIN},
    {"resync", RS_KEY_RESYNC},     {"clock", RS_KEY_CLOCK},
    {"draws", RS_KEY_DRAWS},       {"offsets", RS_KEY_OFFSETS},
    {"wander-ppm", RS_KEY_WANDER}, {"link-spread", RS_KEY_LINK_SPREAD},
    {"fifo", RS_KEY_FIFO},         {"tree", RS_KEY_TREE},
    {"duration", RS_KEY_DURATION}, {"seed", RS_KEY_SEED},
    {NULL, RS_KEY_STALL},          {NULL, RS_KEY_GAIN_P},
    {NULL, RS_KEY_GAIN_I}};

typedef struct job {
  const rs_arguments *arguments;
  rs_point point;
  rs_schedule *schedule;
  int64_t margin_cycles; /* −1: what is proved */
  rs_proof proof;
} job;

/* ---- the schedule ---- */

/* The first point that has a timetable. */
static rs_status take_point(job *j, const rs_experiment *e, rs_diag *diag) {
  rs_status status = RS_E_INFEASIBLE;
  for (size_t i = 0; i < e->point_count && status == RS_E_INFEASIBLE; i++) {
    j->point = e->points[i];
    status = rs_result_schedule(j->arguments->arena, &e->points[i], &j->schedule, diag);
  }
  j->margin_cycles = j->point.request.deskew_margin_cycles;
  return status;
}

/* What the file says, or what is proved of it. */
static int64_t promised_margin(const rs_schedule *s) {
  if (s->stall_count > 0) return s->deskew_margin_cycles;
  return s->compute_count == 0 ? -1 : 0;
}

static rs_status read_schedule(job *j, rs_diag *diag) {
  const char *path = j->arguments->operands[0];
  rs_arena *arena = j->arguments->arena;
  const rs_experiment *experiment;
  rs_status status;
  if (rs_text_ends_with(path, ".rsched") || strcmp(path, "-") == 0) {
    status = rs__proof_read(arena, path, &j->schedule, &j->point.wiring, diag);
    if (status == RS_OK) j->point.topology = j->schedule->topology;
    if (status == RS_OK) j->margin_cycles = promised_margin(j->schedule);
  } else {
    status = rs_experiment_read(arena, path, j->arguments->values[OPTION_SET],
                                j->arguments->value_counts[OPTION_SET], &experiment, diag);
    if (status == RS_OK) status = take_point(j, experiment, diag);
  }
  if (status == RS_OK) status = rs__proof_run(j->schedule, j->point.wiring, &j->proof, diag);
  return status;
}

/* ---- options ---- */

/* An option's value, checked like the key that it is; faults have the option as their place. */
static rs_status assign(job *j, const rs__reader *r, rs__draft *draft, const option_key *o,
                        const char *margin) {
  const char *text = o->option == NULL ? NULL : rs_arguments_value(j->arguments, o->option);
  const char *file = o->option == NULL ? rs_key_path(o->key)
                                       : rs_arena_printf(j->arguments->arena, "--%s", o->option);
  if (text == NULL && o->key == RS_KEY_DESKEW_MARGIN) text = margin;
  if (text == NULL) text = rs__experiment_key_row(o->key)->otherwise;
  if (file == NULL) return rs_arena_failed(j->arguments->arena, r->diag);
  if (text == NULL) {
    rs_diag_set(r->diag, RS_E_INPUT, "%s is missing", file);
    rs_diag_expect(r->diag, "for example --ppm 100");
    return RS_E_INPUT;
  }
  const rs_yaml_node node = {.kind = RS_YAML_SCALAR, .line = 1, .column = 1, .text = text};
  return rs__experiment_assign(r, draft, o->key, &node, file);
}

/* A receive can stand no later than what is sent on of it allows. */
static rs_status check_margin(const job *j, rs_diag *diag) {
  int64_t proved = j->proof.check.received_slack_cycles_min;
  int64_t margin = j->point.clock.deskew.margin_cycles;
  if (proved < 0 || margin <= proved) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--deskew-margin: the schedule leaves %lld cycles, not %lld",
              (long long)proved, (long long)margin);
  rs_diag_expect(diag, "at most %lld, or a schedule that is compiled with more", (long long)proved);
  return RS_E_INPUT;
}

static rs_status read_options(job *j, rs_diag *diag) {
  const rs__reader r = {.arena = j->arguments->arena, .diag = diag, .task = RS_TASK_CLOCK};
  rs__draft draft = {0};
  int64_t proved = j->proof.check.received_slack_cycles_min;
  int64_t margin = j->margin_cycles >= 0 ? j->margin_cycles : RS_MAX(proved, INT64_C(0));
  const char *margin_text = rs_arena_printf(j->arguments->arena, "%lld", (long long)margin);
  if (margin_text == NULL) return rs_arena_failed(j->arguments->arena, diag);
  j->point.timing = j->schedule->timing;
  for (size_t i = 0; i < RS_COUNT_OF(option_keys); i++) {
    rs_status status = assign(j, &r, &draft, &option_keys[i], margin_text);
    if (status != RS_OK) return status;
  }
  if (j->schedule->stall_count > 0 && rs_arguments_value(j->arguments, "resync") != NULL) {
    rs_diag_set(diag, RS_E_INPUT, "--resync: the schedule has stalls of its own");
    rs_diag_expect(diag, "a schedule that is compiled with another --deskew-interval");
    return RS_E_INPUT;
  }
  rs_status status = rs__experiment_resolve_clock(&r, &draft, &j->point);
  return status == RS_OK ? check_margin(j, diag) : status;
}

/* ---- the command ---- */

static rs_status run_clock(job *j, rs_result *result, rs_diag *diag) {
  rs_arena *arena = j->arguments->arena;
  int64_t margin = j->point.clock.deskew.margin_cycles;
  const rs__clocked clocked = {.schedule = j->schedule,
                               .period_cycles = j->proof.play.makespan_cycles + margin,
                               .received_slack_cycles = j->proof.check.received_slack_cycles_min};
  rs_status status = rs_result_create(arena, RS_TASK_CLOCK, result, diag);
  if (status != RS_OK) return status;
  rs_result_set_i64(result, "chips", j->point.wiring->chip_count);
  return rs__clock_run_point(arena, arena, &j->point, &clocked, result, diag);
}

static int run(const rs_arguments *arguments) {
  rs_diag diag = {0};
  job j = {.arguments = arguments};
  rs_result result;
  rs_table *table;
  rs_status status = read_schedule(&j, &diag);
  if (status == RS_OK) status = read_options(&j, &diag);
  if (status == RS_OK) status = run_clock(&j, &result, &diag);
  if (status == RS_OK) {
    status = rs_result_tabulate(arguments->arena, RS_TASK_CLOCK, &result, 1, &table, &diag);
  }
  if (status != RS_OK) return rs_cli_report(&diag);
  bool is_safe = rs_result_cell(&result, "unsafe_share")->number <= 0;
  int printed = rs_cli_print_table(arguments, table);
  return printed != 0 || is_safe ? printed : 1;
}

const rs_command rs_command_clock = {
    .name = "clock",
    .operands = "EXPERIMENT.yaml|FILE.rsched",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a schedule on drifting clocks: safe or not, its margin, the first violation",
    .example = "realscale clock experiments/llama2_70b.yaml --set deskew_margin=48 --ppm 50",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run,
};

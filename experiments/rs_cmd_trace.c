/* `realscale trace`: the timeline of a schedule, or of one point of an experiment. */
#include <stdio.h>
#include <string.h>

#include "rs__proof.h"
#include "rs_cli.h"
#include "rs_result.h"
#include "rs_trace.h"
#include "rs_units.h"

enum { OPTION_OUTPUT, OPTION_POINT, OPTION_CHIPS, OPTION_FROM, OPTION_UNTIL, OPTION_SET };

static const rs_option options[] = {
    [OPTION_OUTPUT] =
        {"output", 'o', RS_OPTION_TEXT, "FILE",
         "FILE.json for Perfetto and chrome://tracing, FILE.svg for a picture (needed)"},
    [OPTION_POINT] = {"point", 0, RS_OPTION_TEXT, "K",
                      "which point of an experiment, from 1 (default: the first that fits)"},
    [OPTION_CHIPS] = {"chips", 0, RS_OPTION_TEXT, "LIST", "only these chips, such as 0-7,64"},
    [OPTION_FROM] = {"from", 0, RS_OPTION_TEXT, "TIME",
                     "only what touches the time from TIME, such as 30us"},
    [OPTION_UNTIL] = {"until", 0, RS_OPTION_TEXT, "TIME",
                      "only what starts before TIME, such as 60us"},
    [OPTION_SET] = {"set", 0, RS_OPTION_LIST, "PATH=VALUE", "overrides a key, as for run"},
};

typedef struct job {
  const rs_arguments *arguments;
  rs_arena *arena;
  const char *output;
  bool is_picture;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_trace_options trace;
} job;

/* ---- arguments ---- */

static rs_status read_output(job *j, rs_diag *diag) {
  j->output = rs_arguments_value(j->arguments, "output");
  if (j->output == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "--output is missing");
    rs_diag_expect(diag, "-o and a name that ends in .json or .svg");
    return RS_E_INPUT;
  }
  j->is_picture = rs_text_ends_with(j->output, ".svg");
  if (j->is_picture || rs_text_ends_with(j->output, ".json")) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--output: '%s' names no format that is known", j->output);
  rs_diag_expect(diag, "a name that ends in .json or .svg");
  return RS_E_INPUT;
}

static rs_status read_chips(job *j, rs_diag *diag) {
  const char *list = rs_arguments_value(j->arguments, "chips");
  int64_t *values;
  size_t count;
  if (list == NULL) return RS_OK;
  rs_status status = rs_cli_parse_list(j->arena, list, &values, &count, diag);
  if (status != RS_OK) return status;
  uint32_t *chips = RS_ARENA_NEW(j->arena, uint32_t, count);
  if (chips == NULL) return rs_arena_failed(j->arena, diag);
  for (size_t i = 0; i < count; i++) chips[i] = (uint32_t)RS_MIN(values[i], (int64_t)RS_NONE - 1);
  j->trace = (rs_trace_options){.chips = chips, .chip_count = count};
  return RS_OK;
}

static rs_status read_times(job *j, rs_diag *diag) {
  int64_t clock = j->schedule->timing.clock_hz;
  rs_status status =
      rs_cli_read_cycles(j->arguments, "from", "30us", clock, &j->trace.from_cycles, diag);
  if (status == RS_OK) {
    status = rs_cli_read_cycles(j->arguments, "until", "60us", clock, &j->trace.until_cycles, diag);
  }
  bool is_empty = j->trace.until_cycles != 0 && j->trace.until_cycles <= j->trace.from_cycles;
  if (status == RS_OK && is_empty) {
    status = rs_diag_set(diag, RS_E_INPUT, "--until is not after --from");
  }
  return status;
}

/* ---- the schedule of a point ---- */

/* A point may have no timetable (it does not fit): without --point the first that has one is taken. */
static rs_status take_point(job *j, const rs_experiment *e, rs_diag *diag) {
  const char *text = rs_arguments_value(j->arguments, "point");
  int64_t number = 0;
  if (text != NULL && (rs_quantity_parse(text, RS_QUANTITY_COUNT, &number, NULL) != RS_OK ||
                       number < 1 || number > (int64_t)e->point_count)) {
    rs_diag_set(diag, RS_E_INPUT, "--point: there is no point '%s'", text);
    rs_diag_expect(diag, "a whole number from 1 to %zu", e->point_count);
    return RS_E_INPUT;
  }
  size_t first = text == NULL ? 0 : (size_t)number - 1;
  size_t last = text == NULL ? e->point_count : first + 1;
  rs_status status = RS_OK;
  for (size_t i = first; i < last; i++) {
    status = rs_result_schedule(j->arena, &e->points[i], &j->schedule, diag);
    j->wiring = e->points[i].wiring;
    if (status != RS_E_INFEASIBLE) break;
  }
  return status;
}

static rs_status read_schedule(job *j, rs_diag *diag) {
  const char *path = j->arguments->operands[0];
  const rs_experiment *experiment;
  if (rs_text_ends_with(path, ".rsched")) {
    return rs__proof_read(j->arena, path, &j->schedule, &j->wiring, diag);
  }
  rs_status status = rs_experiment_read(j->arena, path, j->arguments->values[OPTION_SET],
                                        j->arguments->value_counts[OPTION_SET], &experiment, diag);
  return status == RS_OK ? take_point(j, experiment, diag) : status;
}

/* ---- writing ---- */

static void say_what_is_drawn(job *j) {
  size_t room = rs_trace_chips_drawable(j->arena, j->schedule, j->wiring, &j->trace);
  if (!j->is_picture || j->trace.chips != NULL || room >= j->wiring->chip_count) return;
  uint32_t *chips = RS_ARENA_NEW(j->arena, uint32_t, room);
  if (chips == NULL) return;
  for (size_t i = 0; i < room; i++) chips[i] = (uint32_t)i;
  j->trace.chips = chips;
  j->trace.chip_count = room;
  fprintf(stderr, "realscale: chips 0 to %zu of %u are drawn; --chips chooses others\n", room - 1,
          j->wiring->chip_count);
}

static rs_status print_timeline(void *context, rs_sink *sink, rs_diag *diag) {
  job *j = context;
  return j->is_picture
             ? rs_trace_print_svg(j->arena, j->schedule, j->wiring, &j->trace, sink, diag)
             : rs_trace_print_json(j->arena, j->schedule, j->wiring, &j->trace, sink, diag);
}

static int run_trace(const rs_arguments *arguments) {
  rs_diag diag = {0};
  job j = {.arguments = arguments, .arena = arguments->arena};
  rs_status status = read_output(&j, &diag);
  if (status == RS_OK) status = read_chips(&j, &diag);
  if (status == RS_OK) status = read_schedule(&j, &diag);
  if (status == RS_OK) status = read_times(&j, &diag);
  if (status == RS_OK) {
    say_what_is_drawn(&j);
    status = rs_file_print(j.output, print_timeline, &j, &diag);
  }
  return status == RS_OK ? RS_EXIT_GOOD : rs_cli_report(&diag);
}

const rs_command rs_command_trace = {
    .name = "trace",
    .operands = "EXPERIMENT.yaml|FILE.rsched",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "the timeline of a point or a schedule, for Perfetto or as a picture",
    .example = "realscale trace experiments/llama2_70b.yaml -o token.json",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_trace,
};

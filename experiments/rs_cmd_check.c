/* `realscale check`: proves schedules, or refuses them with the link, the cycle and the bursts. */
#include <string.h>

#include "rs__proof.h"
#include "rs_cli.h"

static const char *const columns[] = {"file",
                                      "verdict",
                                      "fault",
                                      "link",
                                      "chip",
                                      "cycle",
                                      "bursts",
                                      "vectors",
                                      "links_used",
                                      "makespan_cycles",
                                      "slack_cycles_min",
                                      "held_bytes_max",
                                      "reason"};

static const rs_option options[] = {
    {"stream", 0, RS_OPTION_FLAG, NULL,
     "in one pass, in memory that does not follow the number of bursts"},
};

static void fill_row(rs_table *table, const char *file, const rs_wiring *wiring,
                     const rs_check_report *report, const rs_diag *diag) {
  const rs_fault *fault = &report->fault;
  char name[64];
  rs_table_add_row(table);
  rs_table_set_text(table, "file", file);
  rs_table_set_i64(table, "bursts", (int64_t)report->bursts);
  if (fault->kind == RS_FAULT_NONE) {
    rs_table_set_text(table, "verdict", "proved");
    rs_table_set_i64(table, "vectors", (int64_t)report->vectors);
    rs_table_set_i64(table, "links_used", report->links_used);
    rs_table_set_i64(table, "makespan_cycles", report->makespan_cycles + report->stall_cycles);
    if (report->slack_cycles_min >= 0) {
      rs_table_set_i64(table, "slack_cycles_min", report->slack_cycles_min);
    }
    return;
  }
  rs_table_set_text(table, "verdict", "refused");
  rs_table_set_text(table, "fault", rs_fault_word(fault->kind));
  if (fault->link != RS_NONE) {
    rs_wiring_link_name(wiring, fault->link, name, sizeof name);
    rs_table_set_text(table, "link", name);
  }
  if (fault->chip != RS_NONE) rs_table_set_i64(table, "chip", fault->chip);
  rs_table_set_i64(table, "cycle", fault->cycle);
  rs_table_set_text(table, "reason", diag->what);
}

/* *read: the file was one, so there is a verdict for a row. */
static rs_status check_whole(rs_arena *arena, const char *file, const rs_wiring **wiring,
                             rs_check_report *report, bool *read, rs_diag *diag) {
  const rs_check_options check_options = {.seed = 0};
  rs_schedule *schedule;
  rs_status status = rs__proof_read(arena, file, &schedule, wiring, diag);
  *read = status == RS_OK;
  if (!*read) return status;
  status = rs_checker_run(schedule, *wiring, &check_options, report, diag);
  if (status != RS_OK) rs_diag_at(diag, file, 0, 0);
  return status;
}

/* Checks one file with an arena of its own, so that a list of large files needs memory for one. */
static int check_file(const char *file, bool in_one_pass, rs_table *table) {
  rs_diag diag = {0};
  const rs_wiring *wiring = NULL;
  rs_stream_report report = {0};
  bool read = true;
  rs_arena *arena = rs_arena_create(0);
  if (arena == NULL) {
    rs_arena_failed(arena, &diag);
    return rs_cli_report(&diag);
  }
  rs_status status = in_one_pass ? rs__proof_stream(arena, file, &wiring, &report, &diag)
                                 : check_whole(arena, file, &wiring, &report.check, &read, &diag);
  int result = status == RS_OK ? RS_EXIT_GOOD : rs_cli_report(&diag);
  if (read && (status == RS_OK || status == RS_E_REFUSED)) {
    fill_row(table, file, wiring, &report.check, &diag);
    if (in_one_pass) rs_table_set_i64(table, "held_bytes_max", (int64_t)report.bytes_max);
  }
  rs_arena_destroy(arena);
  return result;
}

static int run_check(const rs_arguments *arguments) {
  int worst = RS_EXIT_GOOD;
  bool in_one_pass = rs_arguments_flag(arguments, "stream");
  rs_table *table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns));
  for (size_t i = 0; i < arguments->operand_count; i++) {
    int result = check_file(arguments->operands[i], in_one_pass, table);
    worst = RS_MAX(worst, result);
  }
  if (rs_table_row_count(table) == 0) return worst;
  rs_cli_print_table(arguments, table);
  return worst;
}

const rs_command rs_command_check = {
    .name = "check",
    .operands = "FILE.rsched…",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "proves that schedules are right, or refuses and says why",
    .example = "realscale check a.rsched",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_check,
};

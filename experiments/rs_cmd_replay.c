/*
 * `realscale replay`: a timetable on other networks. On SimGrid by its own times, which is a check of the
 * one by the other: without a conflict they agree to less than a cycle (rs_fluid_replay.c says why). And
 * without its times, as messages that wait for what they carry, on flows that share links and on packets in
 * queues: what the timetable is worth.
 */
#include <math.h>
#include <string.h>

#include "rs__proof.h"
#include "rs__result.h"
#include "rs_adaptive.h"
#include "rs_cli.h"
#include "rs_fluid.h"

enum { OPTION_NETWORK };

#define BUFFER_VECTORS 64

static const rs_option options[] = {
    [OPTION_NETWORK] = {"network", 0, RS_OPTION_TEXT, "NAME",
                        "only fluid, or only adaptive (default: both)"},
};

static const char *const columns[] = {
    "topology",   "network",  "routing",           "times", "makespan_cycles",
    "makespan_s", "slowdown", "difference_cycles", "flows", "reason"};

typedef struct job {
  const rs_arguments *arguments;
  rs_arena *arena;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  int64_t makespan_cycles; /* of transfers, as the player has it */
  rs_table *table;
  bool disagrees; /* SimGrid and the timetable */
} job;

/* ---- rows ---- */

static void add_row(job *j, const char *network, const char *routing, const char *times) {
  rs_table_add_row(j->table);
  rs_table_set_text(j->table, "topology", j->schedule->topology);
  rs_table_set_text(j->table, "network", network);
  rs_table_set_text(j->table, "routing", routing);
  rs_table_set_text(j->table, "times", times);
}

static void fill_makespan(job *j, int64_t cycles) {
  rs_table_set_i64(j->table, "makespan_cycles", cycles);
  rs_table_set_double(j->table, "makespan_s",
                      (double)cycles / (double)j->schedule->timing.clock_hz);
  rs_table_set_double(j->table, "slowdown",
                      (double)cycles / (double)RS_MAX(j->makespan_cycles, INT64_C(1)));
}

/* What a network cannot do is a row; what the machine lacks ends the command. */
static rs_status explain(job *j, rs_status status, const rs_diag *why, rs_diag *diag) {
  if (status == RS_OK) return RS_OK;
  rs_table_set_text(j->table, "reason", why->what);
  if (status != RS_E_NO_MEMORY && status != RS_E_SYSTEM) return RS_OK;
  *diag = *why;
  return status;
}

/* ---- by its own times ---- */

static rs_status replay_timetable(job *j, rs_arena *scratch, rs_diag *diag) {
  const rs_fluid_options how = {.program = rs__result_simgrid_program()};
  rs_fluid_result result;
  rs_diag why = {0};
  rs_fluid *fluid = rs_fluid_create(scratch, j->wiring, &j->schedule->timing);
  if (fluid == NULL) return rs_arena_failed(scratch, diag);
  add_row(j, "fluid", "timetable", "timetable");
  rs_status status = rs_fluid_add_schedule(fluid, j->schedule, &why);
  if (status == RS_OK) status = rs_fluid_run(fluid, &how, &result, &why);
  if (status != RS_OK) return explain(j, status, &why, diag);
  double difference = result.end_cycles - (double)j->makespan_cycles;
  fill_makespan(j, (int64_t)ceil(result.end_cycles - 1e-6));
  rs_table_set_double(j->table, "difference_cycles", difference);
  rs_table_set_i64(j->table, "flows", fluid->flow_count);
  if (difference > -1 && difference < 1e-6) return RS_OK;
  j->disagrees = true;
  rs_table_set_text(j->table, "reason", "SimGrid does not end within the timetable's last cycle");
  return RS_OK;
}

/* ---- as messages ---- */

static rs_status replay_messages(job *j, rs_arena *scratch, bool is_fluid, rs_routing routing,
                                 rs_diag *diag) {
  uint64_t sum;
  rs_messages *messages;
  rs_messages_result result = {0};
  rs_diag why = {0};
  const rs_timing *t = &j->schedule->timing;
  uint8_t *distance = rs__result_distances(scratch, j->wiring, &sum);
  if (distance == NULL) return rs_arena_failed(scratch, diag);
  add_row(j, is_fluid ? "fluid" : "adaptive", is_fluid ? "shortest" : rs_routing_word(routing),
          "none");
  rs_status status = rs_messages_extract(scratch, j->schedule, j->wiring, 0, &messages, &why);
  if (status == RS_OK) rs_table_set_i64(j->table, "flows", messages->message_count);
  if (status == RS_OK && is_fluid) {
    const rs_fluid_options how = {.program = rs__result_simgrid_program()};
    const rs_fluid_traffic_config config = {.distance = distance,
                                            .router_cycles = t->forward_cycles};
    status = rs_fluid_messages(scratch, j->wiring, t, &config, messages, &how, &result, &why);
  } else if (status == RS_OK) {
    const rs_adaptive_config config = {.routing = routing,
                                       .distance = distance,
                                       .router_cycles = t->forward_cycles,
                                       .buffer_vectors = BUFFER_VECTORS,
                                       .seed = 1};
    status = rs_adaptive_messages(scratch, j->wiring, t, &config, messages, &result, &why);
  }
  if (status == RS_OK) fill_makespan(j, result.end_cycles);
  return explain(j, status, &why, diag);
}

/* ---- the command ---- */

/* Each row has memory of its own. */
static rs_status add_rows(job *j, bool is_fluid, rs_diag *diag) {
  int first = is_fluid ? -1 : 0;
  int end = is_fluid ? 1 : RS_ROUTING_COUNT;
  rs_status status = RS_OK;
  for (int i = first; i < end && status == RS_OK; i++) {
    rs_arena *scratch = rs_arena_create(0);
    if (scratch == NULL) return rs_arena_failed(NULL, diag);
    status = i < 0 ? replay_timetable(j, scratch, diag)
                   : replay_messages(j, scratch, is_fluid, (rs_routing)i, diag);
    rs_arena_destroy(scratch);
  }
  return status;
}

static rs_status read_job(job *j, rs_diag *diag) {
  rs_proof proof;
  const char *path = j->arguments->operands[0];
  rs_status status = rs__proof_read(j->arena, path, &j->schedule, &j->wiring, diag);
  if (status != RS_OK) return status;
  status = rs__proof_run(j->schedule, j->wiring, &proof, diag);
  if (status != RS_OK) {
    rs_diag_at(diag, path, 0, 0);
    return status;
  }
  j->makespan_cycles = proof.play.network_end_cycles;
  add_row(j, "scheduled", "timetable", "timetable");
  fill_makespan(j, j->makespan_cycles);
  rs_table_set_i64(j->table, "flows", (int64_t)j->schedule->burst_count);
  return RS_OK;
}

static rs_status run_job(job *j, rs_diag *diag) {
  static const char *const words[] = {"fluid", "adaptive"};
  const char *network = rs_arguments_value(j->arguments, "network");
  bool is_asked[RS_COUNT_OF(words)] = {false};
  for (size_t i = 0; i < RS_COUNT_OF(words); i++) {
    is_asked[i] = network == NULL || strcmp(network, words[i]) == 0;
  }
  if (!is_asked[0] && !is_asked[1]) {
    rs_diag_set(diag, RS_E_INPUT, "--network: unknown word '%s'", network);
    rs_diag_expect(diag, "fluid or adaptive");
    rs_diag_suggest(diag, rs_nearest_word(network, words, RS_COUNT_OF(words)));
    return RS_E_INPUT;
  }
  rs_status status = read_job(j, diag);
  for (size_t i = 0; i < RS_COUNT_OF(words) && status == RS_OK; i++) {
    if (is_asked[i]) status = add_rows(j, i == 0, diag);
  }
  return status;
}

static int run_replay(const rs_arguments *arguments) {
  rs_diag diag = {0};
  job j = {.arguments = arguments,
           .arena = arguments->arena,
           .table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns))};
  if (j.table == NULL) {
    rs_arena_failed(j.arena, &diag);
    return rs_cli_report(&diag);
  }
  if (run_job(&j, &diag) != RS_OK) return rs_cli_report(&diag);
  int printed = rs_cli_print_table(arguments, j.table);
  return printed != RS_EXIT_GOOD || !j.disagrees ? printed : RS_EXIT_FAILED;
}

const rs_command rs_command_replay = {
    .name = "replay",
    .operands = "FILE.rsched",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "a timetable on SimGrid by its own times, and on other networks without them",
    .example = "realscale replay a.rsched",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_replay,
};

/*
 * `realscale fault`: what a timetable loses when something breaks while it runs, what the checker says
 * of it on what is left, and the timetable that is compiled for what is left.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rs__fault_spare.h"
#include "rs__proof.h"
#include "rs_cli.h"
#include "rs_collective.h"
#include "rs_deskew_stalls.h"
#include "rs_fault.h"
#include "rs_units.h"

enum {
  OPTION_LINK,
  OPTION_CHIP,
  OPTION_ERROR,
  OPTION_EACH,
  OPTION_AT,
  OPTION_SPARE,
  OPTION_OUTPUT
};

static const rs_option options[] = {
    [OPTION_LINK] = {"fail-link", 0, RS_OPTION_LIST, "A-B",
                     "the cable between A and B dies (A-B.1: its copy)"},
    [OPTION_CHIP] = {"fail-chip", 0, RS_OPTION_LIST, "C", "chip C dies"},
    [OPTION_ERROR] = {"bit-error", 0, RS_OPTION_TEXT, "A-B",
                      "a vector from A to B arrives wrong, beyond what is corrected"},
    [OPTION_EACH] = {"each", 0, RS_OPTION_TEXT, "cable|chip",
                     "a row for every cable, or every chip"},
    [OPTION_AT] = {"at", 0, RS_OPTION_TEXT, "TIME",
                   "when, such as 300ns, stalls not counted (default: 0ns)"},
    [OPTION_SPARE] = {"spare", 0, RS_OPTION_TEXT, "WHO",
                      "takes the failed chip's place: a chip outside the group, auto (the nearest "
                      "that is free), or node (its whole node moves to a free one)"},
    [OPTION_OUTPUT] = {"output", 'o', RS_OPTION_TEXT, "FILE.rsched", "write the new timetable"},
};

static const char *const columns[] = {"topology",
                                      "collective",
                                      "fault",
                                      "at_cycles",
                                      "vectors_lost",
                                      "results",
                                      "results_lost",
                                      "chips_hit",
                                      "operations_hit",
                                      "first_lost_cycles",
                                      "first_lost_link",
                                      "verdict",
                                      "reason",
                                      "makespan_cycles",
                                      "rebuilt_algorithm",
                                      "rebuilt_chips",
                                      "rebuilt_makespan_cycles",
                                      "slowdown",
                                      "rebuild_s",
                                      "rebuild_reason",
                                      "spare"};

typedef struct job {
  const rs_arguments *arguments;
  rs_arena *arena;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  int64_t makespan_cycles; /* of the schedule as it is */
  int64_t at_cycles;
  rs__spare_way spare_way;
  uint32_t spare; /* of RS__SPARE_CHIP */
  rs_table *table;
} job;

/* One fault, or several at once, and the wiring that is left. */
typedef struct broken {
  rs_arena *arena; /* its own: rows of --each need no more memory than one */
  const char *name;
  bool is_error; /* nothing is dead */
  uint32_t error_link;
  bool *dead_links, *dead_chips;
  rs_wiring *wiring;
  uint32_t *new_link; /* [old link]; RS_NONE: gone */
  uint32_t *old_link; /* [new link] */
} broken;

/* ---- arguments ---- */

static bool is_member(const rs_schedule *s, uint32_t chip) {
  for (uint32_t i = 0; i < s->group_chip_count; i++) {
    if (s->group_chips[i] == chip) return true;
  }
  return false;
}

static rs_status read_spare(job *j, rs_diag *diag) {
  const char *text = rs_arguments_value(j->arguments, "spare");
  int64_t chip;
  j->spare = RS_NONE;
  j->spare_way = text == NULL                ? RS__SPARE_NONE
                 : strcmp(text, "auto") == 0 ? RS__SPARE_AUTO
                 : strcmp(text, "node") == 0 ? RS__SPARE_NODE
                                             : RS__SPARE_CHIP;
  if (j->spare_way == RS__SPARE_NODE && j->wiring->node_of == NULL) {
    rs_diag_set(diag, RS_E_INPUT, "--spare: this wiring has no nodes");
    rs_diag_expect(diag, "auto, or a chip");
    return RS_E_INPUT;
  }
  if (j->spare_way != RS__SPARE_CHIP) return RS_OK;
  if (rs_quantity_parse(text, RS_QUANTITY_COUNT, &chip, diag) != RS_OK || chip < 0 ||
      chip >= j->wiring->chip_count) {
    rs_diag_set(diag, RS_E_INPUT, "--spare: there is no chip '%s'", text);
    rs_diag_expect(diag, "auto, node, or a chip from 0 to %u", j->wiring->chip_count - 1);
    return RS_E_INPUT;
  }
  j->spare = (uint32_t)chip;
  if (!is_member(j->schedule, j->spare)) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "--spare: chip %u is in the group, and has work of its own",
              j->spare);
  rs_diag_expect(diag, "a chip outside, which `compile --chips` leaves free");
  return RS_E_INPUT;
}

static rs_status read_job(job *j, rs_diag *diag) {
  rs_proof proof;
  const char *path = j->arguments->operands[0];
  rs_status status = rs__proof_read(j->arena, path, &j->schedule, &j->wiring, diag);
  if (status == RS_OK) {
    status = rs__proof_run(j->schedule, j->wiring, &proof, diag);
    if (status != RS_OK) rs_diag_at(diag, path, 0, 0);
  }
  if (status != RS_OK) return status;
  j->makespan_cycles = rs_schedule_wall_end(j->schedule, proof.play.makespan_cycles);
  status = rs_cli_read_cycles(j->arguments, "at", "300ns", j->schedule->timing.clock_hz,
                              &j->at_cycles, diag);
  return status == RS_OK ? read_spare(j, diag) : status;
}

/* ---- what breaks ---- */

static rs_status break_wiring(const job *j, const rs_faults *faults, broken *b, rs_diag *diag) {
  uint32_t links = j->wiring->link_count;
  rs_status status =
      rs_faults_apply(b->arena, j->wiring, faults, &b->wiring, &b->old_link, NULL, diag);
  if (status != RS_OK) return status;
  b->dead_links = RS_ARENA_NEW(b->arena, bool, links);
  b->dead_chips = RS_ARENA_NEW(b->arena, bool, j->wiring->chip_count);
  b->new_link = RS_ARENA_NEW(b->arena, uint32_t, links);
  if (b->dead_links == NULL || b->dead_chips == NULL || b->new_link == NULL) {
    return rs_arena_failed(b->arena, diag);
  }
  for (uint32_t l = 0; l < links; l++) b->new_link[l] = RS_NONE;
  for (uint32_t l = 0; l < b->wiring->link_count; l++) b->new_link[b->old_link[l]] = l;
  for (uint32_t l = 0; l < links; l++) b->dead_links[l] = b->new_link[l] == RS_NONE;
  for (uint32_t i = 0; i < faults->chip_count; i++) b->dead_chips[faults->chips[i]] = true;
  return RS_OK;
}

/* All --fail-link and --fail-chip, or --bit-error. */
static rs_status read_faults(const job *j, broken *b, rs_diag *diag) {
  const rs_arguments *a = j->arguments;
  rs_faults faults = {0};
  const char *text = rs_arguments_value(a, "bit-error");
  size_t named = a->value_counts[OPTION_LINK] + a->value_counts[OPTION_CHIP];
  b->is_error = text != NULL;
  if ((text != NULL) == (named > 0)) {
    rs_diag_set(diag, RS_E_INPUT,
                named > 0 ? "--bit-error does not go with what fails" : "nothing breaks");
    rs_diag_expect(diag, "--fail-link, --fail-chip, --bit-error or --each");
    return RS_E_INPUT;
  }
  for (size_t o = OPTION_LINK; o <= OPTION_CHIP; o++) {
    for (size_t i = 0; i < a->value_counts[o]; i++) {
      text = text == NULL ? a->values[o][i]
                          : rs_arena_printf(b->arena, "%s,%s", text, a->values[o][i]);
      if (text == NULL) return rs_arena_failed(b->arena, diag);
    }
  }
  rs_status status = rs_faults_parse(b->arena, j->wiring, text, &faults, diag);
  if (status != RS_OK) return status;
  b->name = b->is_error ? rs_arena_printf(b->arena, "bit error %s", text) : text;
  if (!b->is_error) return break_wiring(j, &faults, b, diag);
  if (faults.link_count == 1 && faults.chip_count == 0) {
    uint32_t from = 0;
    sscanf(text, "%u", &from); /* parsed before: the direction is that of the text */
    uint32_t link = faults.links[0];
    b->error_link = j->wiring->links[link].from == from ? link : j->wiring->links[link].reverse;
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "--bit-error: '%s' is not a link", text);
  rs_diag_expect(diag, "two chips such as 0-3");
  return RS_E_INPUT;
}

/* ---- what the old timetable makes of it ---- */

/* A schedule on the other wiring, link by link: the old one on what is left, where what dead links
 * would carry and dead chips would compute is not there; or the new one on the whole wiring. */
static rs_status carry_over(const broken *b, const rs_schedule *from, const uint32_t *link_map,
                            rs_schedule *to, rs_diag *diag) {
  bool good = to != NULL;
  for (uint32_t i = 0; i < from->op_count && good; i++) {
    const rs_op *op = &from->ops[i];
    const uint32_t *group = from->group_chips + op->group_first;
    good = rs_schedule_add_op(to, op, group, op->group_count) != RS_NONE;
  }
  for (uint64_t i = 0; i < from->stall_count && good; i++) {
    good = rs_schedule_add_stall(to, &from->stalls[i]) != NULL;
  }
  if (good) to->deskew_interval_cycles = from->deskew_interval_cycles;
  if (good) to->deskew_margin_cycles = from->deskew_margin_cycles;
  for (uint64_t i = 0; i < from->burst_count && good; i++) {
    rs_burst burst = from->bursts[i];
    burst.link = link_map[burst.link];
    good = burst.link == RS_NONE || rs_schedule_add_burst(to, &burst) != NULL;
  }
  for (uint64_t i = 0; i < from->compute_count && good; i++) {
    rs_compute compute = from->computes[i];
    if (b->dead_chips[compute.chip]) continue;
    compute.label = rs_schedule_label(to, from->labels[compute.label]);
    good = compute.label != RS_NONE && rs_schedule_add_compute(to, &compute) != NULL;
  }
  return good ? RS_OK : rs_arena_failed(b->arena, diag);
}

static rs_status judge(const job *j, const broken *b, rs_diag *diag) {
  rs_check_report report;
  rs_diag words = {0};
  const rs_check_options check = {.seed = 0};
  if (b->is_error) return RS_OK; /* the wiring is whole: a timetable knows no bits */
  rs_schedule *left = rs_schedule_create(b->arena, b->wiring, "", &j->schedule->timing);
  rs_status status = carry_over(b, j->schedule, b->new_link, left, diag);
  if (status != RS_OK) return status;
  status = rs_checker_run(left, b->wiring, &check, &report, &words);
  rs_table_set_text(j->table, "verdict", status == RS_OK ? "proved" : "refused");
  if (status == RS_OK || status == RS_E_REFUSED) {
    rs_table_set_text(j->table, "reason", words.what);
    return RS_OK;
  }
  if (diag != NULL) *diag = words;
  return status;
}

static rs_status play(const job *j, const broken *b, rs_diag *diag) {
  rs_play ignored;
  rs_loss loss;
  char name[48];
  const rs_outage outage = {.at_cycles = j->at_cycles,
                            .dead_links = b->dead_links,
                            .dead_chips = b->dead_chips,
                            .error_link = b->is_error ? b->error_link : RS_NONE};
  const rs_play_options how = {
      .fidelity = RS_FIDELITY_VECTOR, .seed = 1, .outage = &outage, .loss = &loss};
  rs_status status = rs_player_run(j->schedule, j->wiring, &how, &ignored, diag);
  if (status != RS_OK) return status;
  rs_table_set_i64(j->table, "vectors_lost", (int64_t)loss.vectors_lost);
  rs_table_set_i64(j->table, "results", (int64_t)loss.results);
  rs_table_set_i64(j->table, "results_lost", (int64_t)loss.results_lost);
  rs_table_set_i64(j->table, "chips_hit", loss.chips_hit);
  rs_table_set_i64(j->table, "operations_hit", loss.ops_hit);
  if (loss.first_burst == RS_NONE) return RS_OK;
  rs_wiring_link_name(j->wiring, j->schedule->bursts[loss.first_burst].link, name, sizeof name);
  rs_table_set_i64(j->table, "first_lost_cycles", loss.first_cycles);
  rs_table_set_text(j->table, "first_lost_link", name);
  return RS_OK;
}

/* ---- the new timetable ---- */

/* The request that made the operation, for the chips that have its parts now. */
static void fill_request(const job *j, const uint32_t *stand_in, uint32_t *chips,
                         rs_collective_request *request) {
  const rs_op *op = &j->schedule->ops[0];
  const uint32_t *group = j->schedule->group_chips + op->group_first;
  uint32_t step = op->kind == RS_SEND ? 2 : 1; /* a pair lives or dies as one */
  uint32_t count = 0;
  for (uint32_t i = 0; i < op->group_count; i += step) {
    bool alive = true;
    for (uint32_t k = 0; k < step; k++) {
      chips[count + k] = stand_in[group[i + k]];
      alive = alive && chips[count + k] != RS_NONE;
    }
    if (alive) count += step;
  }
  *request = (rs_collective_request){.kind = op->kind,
                                     .root = op->root == RS_NONE ? RS_NONE : stand_in[op->root],
                                     .block_bytes = op->block_bytes,
                                     .label = "",
                                     .chips = chips,
                                     .chip_count = count,
                                     .deskew_margin_cycles = j->schedule->deskew_margin_cycles};
}

/* *reason: why there is no request. */
static rs_status rebuild_request(const job *j, const broken *b, rs_collective_request *request,
                                 const char **reason, rs_diag *diag) {
  const rs_op *op = &j->schedule->ops[0];
  const rs__spare_request spares = {.schedule = j->schedule,
                                    .wiring = j->wiring,
                                    .left = b->wiring,
                                    .dead_chips = b->dead_chips,
                                    .way = j->spare_way,
                                    .named = j->spare};
  char text[120];
  uint32_t *chips = RS_ARENA_NEW(b->arena, uint32_t, op->group_count);
  uint32_t *stand_in = RS_ARENA_NEW(b->arena, uint32_t, j->wiring->chip_count);
  if (chips == NULL || stand_in == NULL) return rs_arena_failed(b->arena, diag);
  rs_status status = rs__spare_choose(b->arena, &spares, stand_in, reason, diag);
  if (status != RS_OK || *reason != NULL) return status;
  fill_request(j, stand_in, chips, request);
  rs__spare_describe(stand_in, j->wiring->chip_count, text, sizeof text);
  if (text[0] != '\0') rs_table_set_text(j->table, "spare", text);
  bool root_is_dead = op->root != RS_NONE && request->root == RS_NONE;
  *reason = root_is_dead              ? "the root is dead"
            : request->chip_count < 2 ? "fewer than two chips are left"
                                      : NULL;
  return RS_OK;
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* As often and as long as those of the old timetable. */
static rs_status add_stalls(const job *j, rs_schedule *schedule, int64_t end_cycles,
                            rs_diag *diag) {
  const rs_schedule *old = j->schedule;
  const rs_deskew_insert_config config = {.interval_cycles = old->deskew_interval_cycles,
                                          .stall_cycles = old->stalls[old->stall_count - 1].cycles,
                                          .margin_cycles = old->deskew_margin_cycles,
                                          .end_cycles = end_cycles};
  return rs_deskew_insert(schedule, &config, diag);
}

static rs_status compile_and_prove(const job *j, const broken *b,
                                   const rs_collective_request *request, rs_schedule *schedule,
                                   rs_compile_report *report, rs_diag *diag) {
  rs_proof proof;
  rs_calendar *calendar = rs_calendar_create(b->arena, b->wiring, &j->schedule->timing);
  if (calendar == NULL) return rs_arena_failed(b->arena, diag);
  rs_status status =
      rs_collective_compile(schedule, b->wiring, calendar, request, NULL, report, diag);
  if (status != RS_OK) return status;
  rs_schedule_sort(schedule);
  status = rs__proof_run(schedule, b->wiring, &proof, diag);
  if (status != RS_OK || j->schedule->stall_count == 0) return status;
  status = add_stalls(j, schedule, proof.play.makespan_cycles, diag);
  return status == RS_OK ? rs__proof_run(schedule, b->wiring, &proof, diag) : status;
}

/* In terms of the whole wiring, which has a name: it can be read again, and simply never uses what is
 * dead. */
static rs_status write_whole(const job *j, const broken *b, const rs_schedule *schedule,
                             const char *path, rs_diag *diag) {
  const rs_schedule *old = j->schedule;
  rs_schedule *whole = rs_schedule_create(b->arena, j->wiring, old->topology, &old->timing);
  rs_status status = carry_over(b, schedule, b->old_link, whole, diag);
  return status == RS_OK ? rs__proof_write(path, whole, j->wiring, diag) : status;
}

static rs_status rebuild(const job *j, const broken *b, rs_diag *diag) {
  rs_collective_request request;
  rs_compile_report report;
  rs_diag words = {0};
  const char *reason = NULL;
  const char *output = rs_arguments_value(j->arguments, "output");
  if (b->is_error || j->schedule->op_count == 0) return RS_OK;
  if (j->schedule->op_count > 1 || j->schedule->compute_count > 0) {
    rs_table_set_text(j->table, "rebuild_reason", "a whole program: its experiment rebuilds it");
    return RS_OK;
  }
  rs_status status = rebuild_request(j, b, &request, &reason, diag);
  if (status != RS_OK) return status;
  rs_schedule *schedule = rs_schedule_create(b->arena, b->wiring, "", &j->schedule->timing);
  if (schedule == NULL) return rs_arena_failed(b->arena, diag);
  if (reason == NULL) {
    double before = seconds_now();
    status = compile_and_prove(j, b, &request, schedule, &report, &words);
    if (status != RS_OK) reason = words.what;
    rs_table_set_double(j->table, "rebuild_s", seconds_now() - before);
  }
  if (reason != NULL) {
    rs_table_set_text(j->table, "rebuild_reason", reason);
    return RS_OK;
  }
  rs_table_set_text(j->table, "rebuilt_algorithm", report.algorithm);
  rs_table_set_i64(j->table, "rebuilt_chips", request.chip_count);
  int64_t makespan = rs_schedule_wall_end(schedule, report.makespan_cycles);
  rs_table_set_i64(j->table, "rebuilt_makespan_cycles", makespan);
  rs_table_set_double(j->table, "slowdown",
                      (double)makespan / (double)RS_MAX(j->makespan_cycles, 1));
  return output == NULL ? RS_OK : write_whole(j, b, schedule, output, diag);
}

/* ---- rows ---- */

static rs_status add_row(const job *j, const broken *b, rs_diag *diag) {
  const rs_schedule *s = j->schedule;
  rs_table_add_row(j->table);
  rs_table_set_text(j->table, "topology", s->topology);
  if (s->op_count == 1) {
    rs_table_set_text(j->table, "collective", rs_collective_kind_word(s->ops[0].kind));
  }
  rs_table_set_text(j->table, "fault", b->name);
  rs_table_set_i64(j->table, "at_cycles", j->at_cycles);
  rs_table_set_i64(j->table, "makespan_cycles", j->makespan_cycles);
  rs_status status = play(j, b, diag);
  if (status == RS_OK) status = judge(j, b, diag);
  return status == RS_OK ? rebuild(j, b, diag) : status;
}

static rs_status add_fault(const job *j, const rs_faults *faults, const char *name, rs_diag *diag) {
  broken b = {.arena = rs_arena_create(0), .name = name};
  if (b.arena == NULL) return rs_arena_failed(NULL, diag);
  rs_status status = faults == NULL ? read_faults(j, &b, diag) : break_wiring(j, faults, &b, diag);
  if (status == RS_OK) status = add_row(j, &b, diag);
  rs_arena_destroy(b.arena);
  return status;
}

static void show_progress(size_t done, size_t count) {
  if (isatty(STDERR_FILENO) == 0) return;
  fprintf(stderr, "\r%zu of %zu%s", done, count, done == count ? "\n" : "");
}

static rs_status add_each(const job *j, bool cables, rs_diag *diag) {
  const rs_wiring *w = j->wiring;
  uint32_t count = cables ? w->link_count : w->chip_count;
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < count && status == RS_OK; i++) {
    char name[64];
    rs_faults faults = {0};
    if (cables) {
      if (w->links[i].reverse < i) continue; /* a cable once */
      faults.links = &i;
      faults.link_count = 1;
      rs_wiring_link_name(w, i, name, sizeof name);
      *strchr(name, '>') = '-';
    } else {
      faults.chips = &i;
      faults.chip_count = 1;
      snprintf(name, sizeof name, "%u", i);
    }
    status = add_fault(j, &faults, name, diag);
    show_progress((size_t)i + 1, count);
  }
  return status;
}

static rs_status run_job(job *j, rs_diag *diag) {
  const char *each = rs_arguments_value(j->arguments, "each");
  rs_status status = read_job(j, diag);
  if (status != RS_OK) return status;
  if (each == NULL) return add_fault(j, NULL, NULL, diag);
  bool cables = strcmp(each, "cable") == 0;
  if (cables || strcmp(each, "chip") == 0) return add_each(j, cables, diag);
  rs_diag_set(diag, RS_E_INPUT, "--each: '%s' is nothing that breaks", each);
  rs_diag_expect(diag, "cable or chip");
  return RS_E_INPUT;
}

static int run_fault(const rs_arguments *arguments) {
  rs_diag diag = {0};
  job j = {.arguments = arguments,
           .arena = arguments->arena,
           .table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns))};
  if (j.table == NULL) {
    rs_arena_failed(j.arena, &diag);
    return rs_cli_report(&diag);
  }
  if (run_job(&j, &diag) != RS_OK) return rs_cli_report(&diag);
  return rs_cli_print_table(arguments, j.table);
}

const rs_command rs_command_fault = {
    .name = "fault",
    .operands = "FILE.rsched",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "what is lost when a cable or a chip dies, and the timetable for what is left",
    .example = "realscale fault a.rsched --fail-link 0-3 --at 300ns",
    .options = options,
    .option_count = RS_COUNT_OF(options),
    .run = run_fault,
};

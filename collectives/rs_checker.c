/*
 * The checker's frame: form, links, data, results, compute intervals, vector unit, stalls, in this order; the
 * first fault ends it. Each pass has a file of its own.
 */
#include "rs_checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rs__checker.h"
#include "rs_random.h"
#include "rs_schedule_text.h"

/* ---- faults ---- */

rs_status rs__checker_refuse(rs__checker *c, rs_fault fault, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  c->report->fault = fault;
  return rs_diag_set(c->diag, RS_E_REFUSED, "%s", text);
}

const char *rs__checker_burst_text(const rs__checker *c, uint64_t burst, char *text, size_t size) {
  rs_burst_describe(c->schedule, c->wiring, &c->schedule->bursts[burst], text, size);
  return text;
}

const char *rs_fault_word(rs_fault_kind kind) {
  static const char *const words[] = {"none",  "form",   "link",    "early",       "race",
                                      "empty", "result", "compute", "vector-unit", "deskew"};
  return words[kind];
}

/* ---- the whole ---- */

/* The last input ready, or the last interval's end; the links raise it to the last vector in SRAM. */
static int64_t find_makespan(const rs_schedule *s) {
  int64_t end = 0;
  for (uint32_t i = 0; i < s->op_count; i++) end = RS_MAX(end, s->ops[i].ready_cycles);
  for (uint64_t i = 0; i < s->compute_count; i++) {
    end = RS_MAX(end, s->computes[i].start_cycles + s->computes[i].cycles);
  }
  return end;
}

/* ---- what a schedule with stalls promises ---- */

static rs_status check_interval(rs__checker *c) {
  const rs_schedule *s = c->schedule;
  int64_t interval = s->deskew_interval_cycles;
  for (uint64_t i = 0; i < s->stall_count && interval > 0; i++) {
    bool is_last = i + 1 == s->stall_count;
    int64_t at = s->stalls[i].at_cycles;
    int64_t next = is_last ? c->report->makespan_cycles : s->stalls[i + 1].at_cycles;
    if (next - at <= interval) continue;
    rs_fault fault = {RS_FAULT_DESKEW, RS_NONE,    RS_NONE,   RS_NONE,
                      at + interval,   UINT64_MAX, UINT64_MAX};
    return rs__checker_refuse(c, fault,
                              "no stall in the %lld cycles behind the one before cycle %lld: the "
                              "schedule promises one each %lld",
                              (long long)(next - at), (long long)at, (long long)interval);
  }
  return RS_OK;
}

static rs_status check_deskew(rs__checker *c) {
  int64_t slack = c->report->received_slack_cycles_min;
  int64_t margin = c->schedule->deskew_margin_cycles;
  if (c->schedule->stall_count == 0) return RS_OK;
  if (slack >= 0 && slack < margin) {
    rs_fault fault = {RS_FAULT_DESKEW, RS_NONE, RS_NONE, RS_NONE, 0, UINT64_MAX, UINT64_MAX};
    return rs__checker_refuse(c, fault,
                              "something that was received is needed %lld cycles after it could "
                              "be: the schedule promises a margin of %lld",
                              (long long)slack, (long long)margin);
  }
  return check_interval(c);
}

static rs_status run_passes(rs__checker *c) {
  if (c->schedule->burst_count >= RS_NONE) {
    return rs_diag_set(c->diag, RS_E_LIMIT, "more than 2^32 bursts");
  }
  c->report->makespan_cycles = find_makespan(c->schedule);
  rs_status status = rs__checker_links(c);
  c->report->stall_cycles =
      rs_schedule_wall_end(c->schedule, c->report->makespan_cycles) - c->report->makespan_cycles;
  if (status == RS_OK) status = rs__checker_create_memory(c);
  if (status == RS_OK) status = rs__checker_data(c);
  if (status == RS_OK) status = rs__checker_computes(c);
  if (status == RS_OK) status = rs__checker_vector_unit(c);
  if (status == RS_OK) status = check_deskew(c);
  return status;
}

static rs_status prove(const rs_schedule *schedule, const rs_wiring *wiring,
                       const rs_check_options *options, bool is_split, rs_check_report *report,
                       rs_diag *diag) {
  *report = (rs_check_report){
      .bursts = schedule->burst_count,
      .slack_cycles_min = -1,
      .received_slack_cycles_min = -1,
      .fault = {RS_FAULT_NONE, RS_NONE, RS_NONE, RS_NONE, 0, UINT64_MAX, UINT64_MAX}};
  rs__checker *c = calloc(1, sizeof *c);
  rs_arena *arena = rs_arena_create(0);
  rs_status status;
  if (c == NULL || arena == NULL) {
    status = rs_arena_failed(NULL, diag);
  } else {
    c->schedule = schedule;
    c->wiring = wiring;
    c->arena = arena;
    c->report = report;
    c->diag = diag;
    c->is_split = is_split;
    c->seed = rs_mix_u64(options->seed);
    status = run_passes(c);
  }
  rs_arena_destroy(arena);
  free(c);
  return status;
}

rs_status rs_checker_run(const rs_schedule *schedule, const rs_wiring *wiring,
                         const rs_check_options *options, rs_check_report *report, rs_diag *diag) {
  rs_status status = rs_schedule_validate(schedule, wiring, diag);
  if (status != RS_OK) {
    *report = (rs_check_report){
        .bursts = schedule->burst_count,
        .slack_cycles_min = -1,
        .fault = {RS_FAULT_NONE, RS_NONE, RS_NONE, RS_NONE, 0, UINT64_MAX, UINT64_MAX}};
    if (status == RS_E_REFUSED) report->fault.kind = RS_FAULT_FORM;
    return status;
  }
  status = prove(schedule, wiring, options, /*is_split=*/true, report, diag);
  /* of several faults the earliest is to be named: that is what one batch finds */
  if (status != RS_E_REFUSED || report->fault.kind == RS_FAULT_LINK) return status;
  return prove(schedule, wiring, options, /*is_split=*/false, report, diag);
}

/*
 * A collective point: compiled, proved, played, and held against its lower bound. The same work and
 * the same row serve `realscale compile`.
 *
 * On the adaptive and the fluid network the compiled transfers go without their timetable
 * (rs_result_messages.c). A request that is well formed but that no algorithm serves is a row with a reason.
 */
#include <stdio.h>
#include <string.h>

#include "rs__result.h"
#include "rs_periodic.h"
#include "rs_unequal.h"

static const char *const collective_columns[] = {"collective",
                                                 "algorithm",
                                                 "topology",
                                                 "chips",
                                                 "bytes",
                                                 "network",
                                                 "makespan_cycles",
                                                 "makespan_s",
                                                 "lower_bound_cycles",
                                                 "ratio_to_lower_bound",
                                                 "bus_bandwidth_bytes_per_s",
                                                 "bursts",
                                                 "reason",
                                                 "vector_hops",
                                                 "links_used",
                                                 "busiest_link",
                                                 "busiest_link_bytes",
                                                 "latency_bound_cycles",
                                                 "bandwidth_bound_cycles",
                                                 "pair_bound_cycles",
                                                 "sum_bound_cycles",
                                                 "tree_bound_cycles",
                                                 "lower_bound_s",
                                                 "bus_bandwidth_bound_bytes_per_s",
                                                 "slack_cycles_min",
                                                 "received_slack_cycles_min",
                                                 "deskew_margin_cycles",
                                                 "algorithm_asked",
                                                 "group",
                                                 "timing",
                                                 "period_cycles",
                                                 "steady_bus_bandwidth_bytes_per_s",
                                                 "schedule_digest",

                                                 "routing",
                                                 "buffer_vectors",
                                                 "messages",
                                                 "deskew_interval_cycles",
                                                 "deskew_stalls",
                                                 "deskew_cycles"};

const char *const *rs__result_collective_columns(size_t *count) {
  *count = RS_COUNT_OF(collective_columns);
  return collective_columns;
}

/* ---- work ---- */

static rs_unequal_request unequal_request(const rs__collective *c) {
  return (rs_unequal_request){
      .chips = c->request.chips, .chip_count = c->request.chip_count, .bytes = c->sizes};
}

static rs_status compile_unequal(rs__collective *c, rs_calendar *calendar, rs_diag *diag) {
  const rs_unequal_request request = unequal_request(c);
  rs_unequal_report report;
  c->report.algorithm = "sends";
  return rs_unequal_compile(c->schedule, c->wiring, calendar, &request, &report, diag);
}

static rs_status compute_bound(rs_arena *arena, rs__collective *c, rs_diag *diag) {
  if (c->sizes == NULL) {
    return rs_collective_bound(arena, c->wiring, &c->timing, &c->request, &c->bound, diag);
  }
  const rs_unequal_request request = unequal_request(c);
  return rs_unequal_bound(arena, c->wiring, &c->timing, &request, &c->bound, diag);
}

static rs_status compile(rs__collective *c, rs_calendar *calendar, rs_diag *diag) {
  if (c->sizes != NULL) return compile_unequal(c, calendar, diag);
  if (c->program == NULL) {
    return rs_collective_compile(c->schedule, c->wiring, calendar, &c->request, NULL, &c->report,
                                 diag);
  }
  c->report.algorithm = rs_msccl_name(c->program);
  return rs_msccl_compile(c->program, c->schedule, c->wiring, calendar, &c->request, diag);
}

rs_status rs__collective_compile(rs_arena *arena, rs__collective *c, rs_diag *diag) {
  rs_calendar *calendar = rs_calendar_create(arena, c->wiring, &c->timing);
  c->schedule = rs_schedule_create(arena, c->wiring, c->topology, &c->timing);
  if (calendar == NULL || c->schedule == NULL) return rs_arena_failed(arena, diag);
  rs_status status = compile(c, calendar, diag);
  if (status == RS_OK) status = compute_bound(arena, c, diag);
  if (status == RS_OK) status = rs__proof_run(c->schedule, c->wiring, &c->proof, diag);
  if (status == RS_OK && c->stalled.interval_cycles > 0) {
    status = rs__result_add_stalls(arena, &c->stalled, c->schedule, c->wiring, &c->proof, diag);
  }
  if (status == RS_OK && c->is_steady) {
    status = rs_periodic_find(arena, c->schedule, c->wiring, &c->period_cycles, diag);
  }
  return status;
}

/* ---- the row ---- */

/* "0-7,16": runs of the group's chips, in its order; cut where it gets long. */
static void describe_group(const rs_collective_request *request, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (uint32_t i = 0, end; i < request->chip_count && used + 32 < size; i = end) {
    const uint32_t *chips = request->chips;
    for (end = i + 1; end < request->chip_count && chips[end] == chips[end - 1] + 1;) end++;
    const char *comma = i == 0 ? "" : ",";
    int length = end == i + 1 ? snprintf(text + used, size - used, "%s%u", comma, chips[i])
                              : snprintf(text + used, size - used, "%s%u-%u", comma, chips[i],
                                         chips[end - 1]);
    used += (size_t)length;
    if (used + 32 >= size && end < request->chip_count) snprintf(text + used, size - used, ",…");
  }
}

static void fill_request(rs_arena *arena, const rs__collective *c, rs_result *r) {
  const rs_collective_request *request = &c->request;
  rs_result_set_text(arena, r, "collective",
                     c->name == NULL ? rs_collective_kind_word(request->kind) : c->name);
  rs_result_set_text(arena, r, "topology", c->topology);
  rs_result_set_i64(r, "chips", request->chip_count);
  rs_result_set_i64(r, "bytes", request->block_bytes);
  rs_result_set_text(arena, r, "network", rs_network_word(c->network));
  rs_result_set_text(arena, r, "reason", "");
  rs_result_set_text(arena, r, "algorithm_asked",
                     request->algorithm == NULL ? "auto" : request->algorithm);
  rs_result_set_text(arena, r, "timing", c->timing_name);
  char group[160];
  describe_group(request, group, sizeof group);
  rs_result_set_text(arena, r, "group", group);
  rs_result_set_i64(r, "deskew_margin_cycles", request->deskew_margin_cycles);
}

/* Bytes that the chip with most to send or to receive moves. */
static double busiest_bytes(const rs__collective *c) {
  uint32_t n = c->request.chip_count;
  double most = 0;
  for (uint32_t i = 0; i < n; i++) {
    double out = 0, in = 0;
    for (uint32_t k = 0; k < n; k++) {
      if (k == i) continue;
      out += (double)c->sizes[(size_t)i * n + k];
      in += (double)c->sizes[(size_t)k * n + i];
    }
    most = RS_MAX(most, RS_MAX(out, in));
  }
  return most;
}

static double bus_bandwidth(const rs__collective *c, double seconds) {
  if (c->sizes != NULL) return seconds > 0 ? busiest_bytes(c) / seconds : 0;
  return rs__proof_bus_bandwidth(c->request.kind, c->request.block_bytes, c->request.chip_count,
                                 seconds);
}

/* The last receive stands a margin after the last arrival, which is all that a proof knows; on the wall,
 * which stalls are a part of. */
int64_t rs__collective_makespan(const rs__collective *c) {
  int64_t margin = c->schedule->burst_count > 0 ? c->request.deskew_margin_cycles : 0;
  int64_t alone = c->is_one_of_many ? c->report.makespan_cycles : c->proof.play.makespan_cycles;
  return rs_schedule_wall_end(c->schedule, alone) + margin;
}

void rs__collective_fill_times(const rs__collective *c, int64_t makespan, rs_result *r) {
  double clock = (double)c->timing.clock_hz;
  double seconds = (double)makespan / clock;
  double bound = (double)c->bound.cycles / clock;
  rs_result_set_i64(r, "makespan_cycles", makespan);
  rs_result_set_double(r, "makespan_s", seconds);
  rs_result_set_double(r, "bus_bandwidth_bytes_per_s", bus_bandwidth(c, seconds));
  rs_result_set_i64(r, "lower_bound_cycles", c->bound.cycles);
  rs_result_set_i64(r, "latency_bound_cycles", c->bound.latency_cycles);
  rs_result_set_i64(r, "bandwidth_bound_cycles", c->bound.bandwidth_cycles);
  rs_result_set_i64(r, "pair_bound_cycles", c->bound.pair_cycles);
  rs_result_set_i64(r, "sum_bound_cycles", c->bound.sum_cycles);
  rs_result_set_i64(r, "tree_bound_cycles", c->bound.tree_cycles);
  if (c->is_steady && c->period_cycles > 0) {
    rs_result_set_i64(r, "period_cycles", c->period_cycles);
    rs_result_set_double(r, "steady_bus_bandwidth_bytes_per_s",
                         bus_bandwidth(c, (double)c->period_cycles / clock));
  }
  if (c->bound.cycles == 0) return;
  rs_result_set_double(r, "ratio_to_lower_bound", seconds / bound);
  rs_result_set_double(r, "lower_bound_s", bound);
  rs_result_set_double(r, "bus_bandwidth_bound_bytes_per_s", bus_bandwidth(c, bound));
}

void rs__collective_fill(rs_arena *arena, const rs__collective *c, rs_result *r) {
  const rs_play *play = &c->proof.play;
  char text[64];
  fill_request(arena, c, r);
  rs__collective_fill_times(c, rs__collective_makespan(c), r);
  rs_result_set_text(arena, r, "algorithm", c->report.algorithm);
  rs_result_set_i64(r, "bursts", (int64_t)(c->is_one_of_many ? c->report.bursts : play->bursts));
  rs_result_set_i64(r, "vector_hops", (int64_t)play->vector_hops);
  rs_result_set_i64(r, "links_used", play->links_used);
  if (play->busiest_link != RS_NONE) {
    rs_wiring_link_name(c->wiring, play->busiest_link, text, sizeof text);
    rs_result_set_text(arena, r, "busiest_link", text);
    rs_result_set_i64(r, "busiest_link_bytes", play->busiest_link_slots * c->timing.vector_bytes);
  }
  if (c->proof.check.slack_cycles_min >= 0) {
    rs_result_set_i64(r, "slack_cycles_min", c->proof.check.slack_cycles_min);
  }
  if (c->proof.check.received_slack_cycles_min >= 0) {
    rs_result_set_i64(r, "received_slack_cycles_min", c->proof.check.received_slack_cycles_min);
  }
  if (play->stalls > 0) {
    rs_result_set_i64(r, "deskew_interval_cycles", c->schedule->deskew_interval_cycles);
    rs_result_set_i64(r, "deskew_stalls", (int64_t)play->stalls);
    rs_result_set_i64(r, "deskew_cycles", play->stall_cycles);
  }
  snprintf(text, sizeof text, "%016llx", (unsigned long long)rs_schedule_digest(c->schedule));
  rs_result_set_text(arena, r, "schedule_digest", text);
}

/* ---- a point ---- */

/* Says that no algorithm serves the request; a request that the compiler finds wrong counts as well,
 * since what is wrong with a file was found when it was read. */
static rs_status run_collective(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                                rs__collective *c, rs_result *r, rs_diag *diag) {
  rs_status status = rs__collective_compile(scratch, c, diag);
  if (status == RS_OK) {
    rs__collective_fill(arena, c, r);
    return c->network == RS_NETWORK_SCHEDULED
               ? RS_OK
               : rs__result_messages(arena, scratch, point, c, r, diag);
  }
  fill_request(arena, c, r);
  rs_result_set_text(arena, r, "algorithm",
                     c->request.algorithm == NULL ? "auto" : c->request.algorithm);
  rs_result_set_text(arena, r, "reason", diag->what);
  r->failed = status == RS_E_REFUSED;
  return status == RS_E_NO_MEMORY || status == RS_E_SYSTEM ? status : RS_OK;
}

static rs__collective collective_of(const rs_point *point) {
  bool is_unit = point->text[RS_KEY_TIMING] != NULL && point->text[RS_KEY_TIMING][0] == 'u';
  return (rs__collective){.request = point->collective,
                          .topology = point->topology,
                          .wiring = point->wiring,
                          .timing = point->timing,
                          .network = point->network,
                          .stalled = {.interval_cycles = point->deskew_interval_cycles,
                                      .margin_cycles = point->collective.deskew_margin_cycles,
                                      .offset_ppb = RS__STALLED_PPB,
                                      .link_spread_milli = RS__STALLED_SPREAD_MILLI,
                                      .root = point->collective.chips[0]},
                          .timing_name = is_unit ? "unit" : point->chip->name};
}

rs_status rs__result_collective(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                                rs_result *r, rs_diag *diag) {
  rs__collective c = collective_of(point);
  if (c.network != RS_NETWORK_SCHEDULED) c.stalled.interval_cycles = 0; /* it has no timetable */
  return run_collective(arena, scratch, point, &c, r, diag);
}

rs_status rs__result_collective_schedule(rs_arena *arena, const rs_point *point,
                                         rs_schedule **schedule, rs_diag *diag) {
  rs__collective c = collective_of(point);
  rs_status status = rs__collective_compile(arena, &c, diag);
  if (status == RS_OK) *schedule = c.schedule;
  return status;
}

/*
 * A timetable as flows: every transmission is a flow over its link that begins at its time in the timetable,
 * and not before the first vector that it passes on has come; of all bursts that it reads from, the one
 * that comes last in the timetable counts.
 *
 * Why the two must agree. A burst of V vectors at stride 1 has its link for [s, s + V·q) in exact time,
 * q = slot. Its flow has the link for the same time moved by lead − q, and lead, the link's latency, is
 * the same for all flows of a link. So flows share a link only where bursts overlap, and with none that do
 * every flow ends (V − 1)·q + latency + tail after it began, in exact time; the timetable says
 * ⌈(V − 1)·q⌉ instead. Hence 0 ≤ timetable − fluid < 1 cycle for every burst and for the makespan. A
 * burst that is booked over another one, or before its data is there, makes the fluid later.
 */
#include "rs__writers.h"
#include "rs_fluid.h"

typedef struct replay {
  rs_fluid *fluid;
  const rs_schedule *schedule;
  const rs__writers *writers;
  uint32_t *flow_first; /* [burst] its flow, or that of its first vector when it is strided */
  uint32_t *path_of;    /* [link] */
} replay;

static uint32_t find_path(replay *r, uint32_t link) {
  if (r->path_of[link] == RS_NONE) r->path_of[link] = rs_fluid_add_path(r->fluid, &link, 1);
  return r->path_of[link];
}

/* The flow of a burst's vector, and how long after the flow's beginning that vector departs. */
static uint32_t flow_of_vector(const replay *r, uint32_t burst, int64_t vector, int64_t *since) {
  const rs_burst *b = &r->schedule->bursts[burst];
  *since = b->stride == 1 ? rs_timing_slots(&r->schedule->timing, vector) : 0;
  return r->flow_first[burst] + (b->stride == 1 ? 0 : (uint32_t)vector);
}

/* What `reader` waits for: the writer whose vector allows it last. A reader's vector k departs ⌈k·q⌉ after
 * it began, which the wait is shortened by; rounding down keeps what is just in time in time. */
static bool find_need(const replay *r, const rs_burst *reader, rs_flow_need *need) {
  const rs_timing *t = &r->schedule->timing;
  rs__writers_cursor cursor = rs__writers_of(r->writers, reader);
  uint32_t writer;
  int64_t address;
  int64_t latest = -1;
  while (rs__writers_next(&cursor, &writer, &address)) {
    const rs_burst *b = &r->schedule->bursts[writer];
    int64_t since;
    uint32_t flow = flow_of_vector(r, writer, address - b->target_offset, &since);
    int64_t own = rs_timing_slots(t, (address - reader->source_offset) * reader->stride);
    int64_t lag = RS_MAX(since + rs__writers_hop_cycles(r->writers, b) - own, INT64_C(0));
    int64_t begin = r->fluid->flows[flow].start_cycles;
    if (begin + lag <= latest) continue;
    latest = begin + lag;
    *need = (rs_flow_need){.flow = flow, .of_begin = true, .lag_cycles = lag};
  }
  return latest >= 0;
}

/* What the slowest place of a transmission takes for its add. */
static int64_t adding_cycles(const replay *r, uint32_t index) {
  bool adds = false;
  do adds |= r->schedule->bursts[index].action == RS_ACTION_ADD;
  while (++index < r->schedule->burst_count && rs_schedule_rides(r->schedule, index));
  return adds ? r->schedule->timing.add_cycles : 0;
}

static bool add_run(replay *r, const rs_burst *run, int64_t adding) {
  const rs_timing *t = &r->schedule->timing;
  rs_flow_need need;
  bool waits = find_need(r, run, &need);
  rs_flow flow = {.start_cycles = run->start_cycles,
                  .vectors = run->count,
                  .lead_cycles = rs_timing_latency(t, &r->fluid->wiring->links[run->link]),
                  .tail_cycles = t->receive_cycles + adding,
                  .path = find_path(r, run->link)};
  return flow.path != RS_NONE &&
         rs_fluid_add_flow(r->fluid, &flow, &need, waits ? 1 : 0) != RS_NONE;
}

/* Strided bursts interleave on a link vector by vector, which rates cannot say: a flow a vector. */
static bool add_burst(replay *r, uint32_t index) {
  const rs_burst *b = &r->schedule->bursts[index];
  if (rs_schedule_rides(r->schedule, index)) { /* the same flow: its bytes move once */
    r->flow_first[index] = r->flow_first[index - 1];
    return true;
  }
  int64_t adding = adding_cycles(r, index);
  r->flow_first[index] = r->fluid->flow_count;
  if (b->stride == 1) return add_run(r, b, adding);
  for (int64_t k = 0; k < b->count; k++) {
    rs_burst one = *b;
    one.start_cycles = rs_burst_departure(&r->schedule->timing, b, k);
    one.count = 1;
    one.source_offset += k;
    one.target_offset += k;
    if (!add_run(r, &one, adding)) return false;
  }
  return true;
}

static rs_status check_reach(const rs_schedule *schedule, rs_diag *diag) {
  int64_t flows = 0;
  for (uint64_t i = 0; i < schedule->burst_count && flows <= RS_FLUID_FLOWS_MAX; i++) {
    flows += schedule->bursts[i].stride == 1 ? 1 : schedule->bursts[i].count; /* or fewer */
  }
  if (flows <= RS_FLUID_FLOWS_MAX) return RS_OK;
  rs_diag_set(diag, RS_E_LIMIT, "a schedule of %llu bursts is beyond the fluid network's reach",
              (unsigned long long)schedule->burst_count);
  rs_diag_expect(diag, "at most %u flows", RS_FLUID_FLOWS_MAX);
  return RS_E_LIMIT;
}

rs_status rs_fluid_add_schedule(rs_fluid *fluid, rs_schedule *schedule, rs_diag *diag) {
  rs__writers *writers;
  rs_status status = rs_schedule_validate(schedule, fluid->wiring, diag);
  if (status == RS_OK) status = check_reach(schedule, diag);
  if (status != RS_OK) return status;
  rs_schedule_sort(schedule); /* writers begin before readers: needs point back */
  status = rs__writers_create(fluid->arena, schedule, fluid->wiring, &writers, diag);
  if (status != RS_OK) return status;
  uint32_t links = fluid->wiring->link_count;
  replay r = {.fluid = fluid, .schedule = schedule, .writers = writers};
  r.flow_first = RS_ARENA_NEW(fluid->arena, uint32_t, (size_t)schedule->burst_count);
  r.path_of = RS_ARENA_NEW(fluid->arena, uint32_t, links);
  if (r.flow_first == NULL || r.path_of == NULL) return rs_arena_failed(fluid->arena, diag);
  for (uint32_t l = 0; l < links; l++) r.path_of[l] = RS_NONE;
  for (uint32_t i = 0; i < schedule->burst_count; i++) {
    if (!add_burst(&r, i)) return rs_arena_failed(fluid->arena, diag);
  }
  return RS_OK;
}

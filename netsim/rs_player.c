/*
 * The player's frame: refuses what would leave 64 bits before anything runs, hands the schedule to
 * one of the fidelities, and makes the figures out of what it tallied.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__player.h"

#define TIME_CYCLES_MAX (INT64_C(1) << 60)

/* ---- what the fidelities share ---- */

static bool push_departure(rs__player *p, uint64_t burst) {
  int64_t start = p->schedule->bursts[burst].start_cycles;
  return rs_event_queue_push(p->events, start, RS__EVENT_DEPART, (uint32_t)burst, 0);
}

bool rs__player_begin(rs__player *p) {
  uint64_t count =
      p->in_order ? RS_MIN(p->schedule->burst_count, UINT64_C(1)) : p->schedule->burst_count;
  for (uint64_t i = 0; i < p->schedule->stall_count; i++) {
    int64_t at = p->schedule->stalls[i].at_cycles;
    if (!rs_event_queue_push(p->events, at, RS__EVENT_STALL, (uint32_t)i, 0)) return false;
  }
  for (uint64_t i = 0; i < count; i++) {
    if (!push_departure(p, i)) return false;
  }
  return true;
}

bool rs__player_begin_next(rs__player *p, uint32_t burst) {
  if (!p->in_order || (uint64_t)burst + 1 == p->schedule->burst_count) return true;
  return push_departure(p, (uint64_t)burst + 1);
}

void rs__player_stall(rs__player *p, const rs_event *event) {
  const rs_stall *stall = &p->schedule->stalls[event->subject];
  assert(stall->at_cycles == event->time_cycles);
  p->play->stalls++;
  p->play->stall_cycles += stall->cycles;
}

void rs__player_count(rs__player *p, const rs_burst *burst, int64_t vectors) {
  p->slots[burst->link] += vectors;
  p->play->vector_hops += (uint64_t)vectors;
}

/* When a vector that arrives at a port is in SRAM. */
static int64_t settled_cycles(const rs_timing *timing, const rs_burst *burst, int64_t arrival) {
  int64_t add = burst->action == RS_ACTION_ADD ? timing->add_cycles : 0;
  return arrival + timing->receive_cycles + add;
}

void rs__player_arrive(rs__player *p, const rs_burst *burst, int64_t arrival_cycles) {
  int64_t *end = &p->op_end[burst->op];
  *end = RS_MAX(*end, settled_cycles(&p->schedule->timing, burst, arrival_cycles));
}

/* ---- before ---- */

/* rs_schedule_validate bounds departures; here arrivals, and the sums that the figures are. */
static rs_status check_ranges(const rs__player *p) {
  const rs_schedule *s = p->schedule;
  rs_int128 vectors = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    const rs_link *link = &p->wiring->links[b->link];
    int64_t last = rs_burst_arrival(&s->timing, link, b, b->count - 1);
    vectors += b->count;
    if (settled_cycles(&s->timing, b, last) <= TIME_CYCLES_MAX) continue;
    return rs_diag_set(p->diag, RS_E_OVERFLOW, "burst %llu arrives beyond 2^60 cycles",
                       (unsigned long long)i);
  }
  if (vectors * s->timing.vector_bytes > INT64_MAX) {
    return rs_diag_set(p->diag, RS_E_OVERFLOW, "the bytes that are moved leave 64 bits");
  }
  return RS_OK;
}

static bool bursts_are_in_order(const rs_schedule *s) {
  for (uint64_t i = 1; i < s->burst_count; i++) {
    if (s->bursts[i].start_cycles < s->bursts[i - 1].start_cycles) return false;
  }
  return true;
}

/* ---- after ---- */

/* An operation does not end before its inputs are there, also when nothing is moved. */
static void tally_inputs(rs__player *p) {
  const rs_schedule *s = p->schedule;
  for (uint32_t i = 0; i < s->op_count; i++) p->op_end[i] = s->ops[i].ready_cycles;
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    int64_t end = c->start_cycles + c->cycles;
    p->play->compute_end_cycles = RS_MAX(p->play->compute_end_cycles, end);
    if (c->writes_op == RS_NONE) continue;
    p->op_end[c->writes_op] = RS_MAX(p->op_end[c->writes_op], end);
  }
}

static void summarise(rs__player *p) {
  rs_play *play = p->play;
  play->bursts = p->schedule->burst_count;
  for (uint32_t i = 0; i < p->schedule->op_count; i++) {
    play->network_end_cycles = RS_MAX(play->network_end_cycles, p->op_end[i]);
  }
  for (uint32_t l = 0; l < p->wiring->link_count; l++) {
    if (p->slots[l] == 0) continue;
    play->links_used++;
    if (p->slots[l] <= play->busiest_link_slots) continue;
    play->busiest_link = l;
    play->busiest_link_slots = p->slots[l];
  }
  play->makespan_cycles = RS_MAX(play->network_end_cycles, play->compute_end_cycles);
  play->bytes_moved = (int64_t)play->vector_hops * p->schedule->timing.vector_bytes;
  if (p->options->op_end_cycles != NULL && p->schedule->op_count > 0) {
    memcpy(p->options->op_end_cycles, p->op_end, p->schedule->op_count * sizeof *p->op_end);
  }
  if (p->options->link_busy_slots != NULL && p->wiring->link_count > 0) {
    memcpy(p->options->link_busy_slots, p->slots, p->wiring->link_count * sizeof *p->slots);
  }
}

/* ---- the whole ---- */

static rs_status run(rs__player *p) {
  if (p->events == NULL || p->slots == NULL || p->op_end == NULL) {
    return rs_arena_failed(NULL, p->diag);
  }
  p->in_order = bursts_are_in_order(p->schedule);
  tally_inputs(p);
  rs_status status = p->options->fidelity == RS_FIDELITY_BURST ? rs__player_run_bursts(p)
                                                               : rs__player_run_vectors(p);
  if (status == RS_OK) summarise(p);
  return status;
}

rs_status rs_player_run(const rs_schedule *schedule, const rs_wiring *wiring,
                        const rs_play_options *options, rs_play *play, rs_diag *diag) {
  rs__player p = {
      .schedule = schedule, .wiring = wiring, .options = options, .play = play, .diag = diag};
  *play = (rs_play){.busiest_link = RS_NONE};
  rs_status status = rs_schedule_validate(schedule, wiring, diag);
  if (status == RS_OK) status = check_ranges(&p);
  if (status != RS_OK) return status;
  if (schedule->burst_count >= RS_NONE || schedule->stall_count >= RS_NONE) {
    return rs_diag_set(diag, RS_E_LIMIT, "more than 2^32 bursts or stalls");
  }
  p.events = rs_event_queue_create();
  p.slots = calloc((size_t)wiring->link_count + 1, sizeof *p.slots);
  p.op_end = calloc((size_t)schedule->op_count + 1, sizeof *p.op_end);
  status = run(&p);
  rs_event_queue_destroy(p.events);
  free(p.slots);
  free(p.op_end);
  return status;
}

/*
 * The player at burst fidelity: a departure and an arrival event a burst. A link remembers the
 * bursts that are still using it; a new one is held against each of them by an exact test, so that
 * strided bursts may share a link where their vectors interleave.
 *
 * Two bursts collide when |A0 + i·a − B0 − j·b| < s for some i, j, where A0, B0 are starts, a, b
 * distances of vectors and s the slot, all in ticks. With a = p·s and b = q·s this says that
 * i·p − j·q is one of the whole numbers next to (B0 − A0)/s: a linear equation in two bounded
 * unknowns.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__player.h"
#include "rs_event_queue.h"
#include "rs_schedule_text.h"

enum { EVENT_ARRIVE, EVENT_DEPART };

typedef struct active_burst {
  const rs_burst *burst;
  uint32_t next; /* among the free ones, or of the same link */
} active_burst;

typedef struct player {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs_play_options *options;
  rs_play *play;
  rs_diag *diag;
  rs_event_queue *events;
  uint32_t *active_of; /* [link] head of its list, RS_NONE: none */
  active_burst *active;
  uint32_t active_count, active_capacity, active_free;
  int64_t *slots_of; /* [link] vectors carried */
} player;

/* ---- the stride test ---- */

/* One solution of i·p − j·q = c with i ≥ 0 least possible, j ≥ 0, inside the counts. */
static bool solve(int64_t p, int64_t q, rs_int128 c, int64_t count_i, int64_t count_j,
                  int64_t *least_i) {
  int64_t old_r = p, r = q;
  rs_int128 old_s = 1, s = 0;
  while (r != 0) {
    int64_t quotient = old_r / r;
    int64_t rest = old_r - quotient * r;
    rs_int128 next = old_s - quotient * s;
    old_r = r;
    r = rest;
    old_s = s;
    s = next;
  }
  if (c % old_r != 0) return false;
  rs_int128 step_i = q / old_r;
  rs_int128 step_j = p / old_r;
  rs_int128 scaled = c / old_r % step_i;
  rs_int128 i = (old_s % step_i) * scaled % step_i;
  if (i < 0) i += step_i;
  rs_int128 j = (i * p - c) / q;
  if (j < 0) { /* raise both until j is not negative */
    rs_int128 times = (-j + step_j - 1) / step_j;
    i += times * step_i;
    j += times * step_j;
  }
  if (i >= count_i || j >= count_j) return false;
  *least_i = (int64_t)i;
  return true;
}

bool rs__player_collide(const rs_timing *timing, const rs_burst *a, const rs_burst *b,
                        int64_t *cycle) {
  rs_int128 distance =
      ((rs_int128)b->start_cycles - a->start_cycles) * timing->slot_den; /* B0 − A0, ticks */
  rs_int128 slot = timing->slot_num;
  rs_int128 floor = distance / slot - (distance % slot < 0 ? 1 : 0);
  bool found = false;
  for (int k = 0; k < 2; k++) {
    rs_int128 c = floor + k;
    int64_t i;
    if (k == 1 && distance % slot == 0)
      break; /* a whole slot apart touches, but does not overlap */
    if (!solve(a->stride, b->stride, c, a->count, b->count, &i)) continue;
    int64_t j = (int64_t)(((rs_int128)i * a->stride - c) / b->stride);
    int64_t at = RS_MAX(rs_burst_departure(timing, a, i), rs_burst_departure(timing, b, j));
    if (!found || at < *cycle) *cycle = at;
    found = true;
  }
  return found;
}

/* ---- links ---- */

static uint32_t take_active(player *p) {
  if (p->active_free != RS_NONE) {
    uint32_t index = p->active_free;
    p->active_free = p->active[index].next;
    return index;
  }
  if (p->active_count == p->active_capacity) {
    uint32_t capacity = RS_MAX(2 * p->active_capacity, UINT32_C(1024));
    active_burst *larger = realloc(p->active, capacity * sizeof *larger);
    if (larger == NULL) return RS_NONE;
    p->active = larger;
    p->active_capacity = capacity;
  }
  return p->active_count++;
}

static rs_status refuse_link(player *p, const rs_burst *a, const rs_burst *b, int64_t cycle) {
  char name[48], text_a[160], text_b[160];
  rs_wiring_link_name(p->wiring, a->link, name, sizeof name);
  rs_burst_describe(p->schedule, p->wiring, a, text_a, sizeof text_a);
  rs_burst_describe(p->schedule, p->wiring, b, text_b, sizeof text_b);
  return rs_diag_set(p->diag, RS_E_REFUSED, "link %s is busy at cycle %lld: '%s' and '%s'", name,
                     (long long)cycle, text_a, text_b);
}

/* Drops bursts that ended before `burst` starts; tests it against the others. */
static rs_status enter_link(player *p, const rs_burst *burst) {
  const rs_timing *timing = &p->schedule->timing;
  rs_int128 start = rs_burst_ticks(timing, burst, 0);
  uint32_t *place = &p->active_of[burst->link];
  while (*place != RS_NONE) {
    active_burst *other = &p->active[*place];
    rs_int128 end =
        rs_burst_ticks(timing, other->burst, other->burst->count - 1) + timing->slot_num;
    int64_t cycle;
    if (end <= start) {
      uint32_t ended = *place;
      *place = other->next;
      other->next = p->active_free;
      p->active_free = ended;
      continue;
    }
    if (rs__player_collide(timing, other->burst, burst, &cycle)) {
      return refuse_link(p, other->burst, burst, cycle);
    }
    place = &other->next;
  }
  uint32_t index = take_active(p);
  if (index == RS_NONE) return rs_arena_failed(NULL, p->diag);
  p->active[index] = (active_burst){burst, p->active_of[burst->link]};
  p->active_of[burst->link] = index;
  return RS_OK;
}

/* ---- events ---- */

static rs_status depart(player *p, uint32_t index) {
  const rs_burst *burst = &p->schedule->bursts[index];
  const rs_link *link = &p->wiring->links[burst->link];
  rs_status status = enter_link(p, burst);
  if (status != RS_OK) return status;
  p->slots_of[burst->link] += burst->count;
  p->play->vector_hops += (uint64_t)burst->count;
  int64_t last = rs_burst_arrival(&p->schedule->timing, link, burst, burst->count - 1);
  if (!rs_event_queue_push(p->events, last, EVENT_ARRIVE, index, 0)) {
    return rs_arena_failed(NULL, p->diag);
  }
  return RS_OK;
}

static void arrive(player *p, uint32_t index, int64_t time) {
  const rs_burst *burst = &p->schedule->bursts[index];
  int64_t end = rs__player_settled(&p->schedule->timing, burst, time);
  p->play->network_end_cycles = RS_MAX(p->play->network_end_cycles, end);
  if (p->options->op_end_cycles != NULL) {
    int64_t *op_end = &p->options->op_end_cycles[burst->op];
    *op_end = RS_MAX(*op_end, end);
  }
}

static rs_status play_bursts(player *p) {
  rs_event event;
  for (uint64_t i = 0; i < p->schedule->burst_count; i++) {
    if (!rs_event_queue_push(p->events, p->schedule->bursts[i].start_cycles, EVENT_DEPART,
                             (uint32_t)i, 0)) {
      return rs_arena_failed(NULL, p->diag);
    }
  }
  while (rs_event_queue_pop(p->events, &event)) {
    p->play->events++;
    if (event.kind == EVENT_ARRIVE) {
      arrive(p, event.subject, event.time_cycles);
      continue;
    }
    rs_status status = depart(p, event.subject);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* ---- the whole ---- */

/* An operation ends at the earliest when its inputs are there, also when nothing is moved. */
static void start_ops(player *p) {
  const rs_schedule *s = p->schedule;
  for (uint32_t i = 0; i < s->op_count; i++) {
    int64_t ready = s->ops[i].ready_cycles;
    if (p->options->op_end_cycles != NULL) p->options->op_end_cycles[i] = ready;
    p->play->network_end_cycles = RS_MAX(p->play->network_end_cycles, ready);
  }
}

static void play_computes(player *p) {
  const rs_schedule *s = p->schedule;
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    int64_t end = c->start_cycles + c->cycles;
    p->play->compute_end_cycles = RS_MAX(p->play->compute_end_cycles, end);
  }
}

static void summarise(player *p) {
  rs_play *play = p->play;
  play->bursts = p->schedule->burst_count;
  play->busiest_link = RS_NONE;
  for (uint32_t l = 0; l < p->wiring->link_count; l++) {
    if (p->slots_of[l] == 0) continue;
    play->links_used++;
    if (p->slots_of[l] <= play->busiest_link_slots) continue;
    play->busiest_link = l;
    play->busiest_link_slots = p->slots_of[l];
  }
  play->makespan_cycles = RS_MAX(play->network_end_cycles, play->compute_end_cycles);
  play->bytes_moved = (int64_t)play->vector_hops * p->schedule->timing.vector_bytes;
  if (p->options->link_busy_slots != NULL) {
    memcpy(p->options->link_busy_slots, p->slots_of, p->wiring->link_count * sizeof *p->slots_of);
  }
}

static rs_status run(player *p) {
  start_ops(p);
  rs_status status = play_bursts(p);
  if (status != RS_OK) return status;
  play_computes(p);
  summarise(p);
  if (p->options->fidelity == RS_FIDELITY_BURST) return RS_OK;
  return rs__player_run_vectors(p->schedule, p->wiring, p->options, p->play, p->diag);
}

rs_status rs_player_run(const rs_schedule *schedule, const rs_wiring *wiring,
                        const rs_play_options *options, rs_play *play, rs_diag *diag) {
  player p = {.schedule = schedule,
              .wiring = wiring,
              .options = options,
              .play = play,
              .diag = diag,
              .active_free = RS_NONE};
  *play = (rs_play){.busiest_link = RS_NONE};
  rs_status status = rs_schedule_validate(schedule, wiring, diag);
  if (status != RS_OK) return status;
  if (schedule->burst_count >= RS_NONE) {
    return rs_diag_set(diag, RS_E_LIMIT, "more than 2^32 bursts");
  }
  p.events = rs_event_queue_create();
  p.active_of = malloc(((size_t)wiring->link_count + 1) * sizeof *p.active_of);
  p.slots_of = calloc((size_t)wiring->link_count + 1, sizeof *p.slots_of);
  if (p.events == NULL || p.active_of == NULL || p.slots_of == NULL) {
    status = rs_arena_failed(NULL, diag);
  } else {
    memset(p.active_of, 0xff, wiring->link_count * sizeof *p.active_of); /* RS_NONE */
    status = run(&p);
  }
  rs_event_queue_destroy(p.events);
  free(p.active_of);
  free(p.slots_of);
  free(p.active);
  return status;
}

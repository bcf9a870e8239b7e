/*
 * The player at burst fidelity: a departure and an arrival event a burst. A link remembers the
 * bursts that are still using it; a new one is held against each of them by an exact test, so that
 * strided bursts may share a link where their vectors interleave.
 *
 * Two bursts collide when |A0 + i·a − B0 − j·b| < s for some i, j, where A0, B0 are starts, a, b
 * distances of vectors and s the slot, all in ticks. With a = p·s and b = q·s this says that
 * i·p − j·q is one of the whole numbers next to (B0 − A0)/s: a linear equation in two bounded
 * unknowns, solved by the extended Euclidean algorithm.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__player.h"
#include "rs_schedule_text.h"

/* ---- the stride test ---- */

/* The inverse of p modulo q, for coprime p and q; 0 when q = 1. */
static int64_t invert(int64_t p, int64_t q) {
  int64_t r = q, next_r = p % q;
  int64_t t = 0, next_t = 1;
  while (next_r != 0) {
    int64_t quotient = r / next_r;
    int64_t swap = r - quotient * next_r;
    r = next_r;
    next_r = swap;
    swap = t - quotient * next_t;
    t = next_t;
    next_t = swap;
  }
  return q == 1 ? 0 : (t % q + q) % q;
}

/* The least i of i·p − j·q = c with 0 ≤ i < count_i and 0 ≤ j < count_j. false: there is none. */
static bool solve(int64_t p, int64_t q, rs_int128 c, int64_t count_i, int64_t count_j,
                  int64_t *least_i) {
  int64_t g = rs_gcd_i64(p, q);
  if (c % g != 0) return false;
  rs_int128 step_i = q / g; /* solutions are (i, j) + t · (q/g, p/g) */
  rs_int128 step_j = p / g;
  rs_int128 residue = (c / g % step_i + step_i) % step_i;
  rs_int128 i = residue * invert(p / g, q / g) % step_i;
  rs_int128 j = (i * p - c) / q; /* exact */
  if (j < 0) {
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
  rs_int128 distance = ((rs_int128)b->start_cycles - a->start_cycles) * timing->slot_den;
  rs_int128 slot = timing->slot_num;
  rs_int128 below = distance / slot - (distance % slot < 0 ? 1 : 0);
  /* vectors a whole slot apart touch and do not overlap: then only the exact value counts */
  rs_int128 above = below + (distance % slot != 0 ? 1 : 0);
  bool found = false;
  for (rs_int128 c = below; c <= above; c++) {
    int64_t i;
    if (!solve(a->stride, b->stride, c, a->count, b->count, &i)) continue;
    int64_t j = (int64_t)(((rs_int128)i * a->stride - c) / b->stride);
    int64_t at = RS_MAX(rs_burst_departure(timing, a, i), rs_burst_departure(timing, b, j));
    if (!found || at < *cycle) *cycle = at;
    found = true;
  }
  return found;
}

/* ---- links ---- */

typedef struct active_burst {
  const rs_burst *burst;
  rs_int128 end_ticks;
  uint32_t next; /* among the free ones, or of the same link */
} active_burst;

typedef struct traffic {
  rs__player *player;
  uint32_t *head; /* [link] of its list of active bursts; RS_NONE: none */
  active_burst *active;
  uint32_t active_count, active_capacity, free;
  const rs_burst *fault_a, *fault_b; /* the pair that collides first, as known so far */
  int64_t fault_cycles;
} traffic;

static uint32_t take_active(traffic *t) {
  if (t->free != RS_NONE) {
    uint32_t index = t->free;
    t->free = t->active[index].next;
    return index;
  }
  if (t->active_count == t->active_capacity) {
    uint32_t capacity = RS_MAX(2 * t->active_capacity, UINT32_C(1024));
    active_burst *larger = realloc(t->active, capacity * sizeof *larger);
    if (larger == NULL) return RS_NONE;
    t->active = larger;
    t->active_capacity = capacity;
  }
  return t->active_count++;
}

/* Drops bursts that ended before `burst` starts, tests it against the others. A collision can lie
 * ahead, and another one before it: it is reported when the clock comes to the first. *rides: it is of
 * the transmission of one that has entered. */
static bool enter_link(traffic *t, const rs_burst *burst, bool *rides) {
  const rs_timing *timing = &t->player->schedule->timing;
  rs_int128 start = rs_burst_ticks(timing, burst, 0);
  uint32_t *place = &t->head[burst->link];
  *rides = false;
  while (*place != RS_NONE) {
    active_burst *other = &t->active[*place];
    int64_t cycle;
    if (other->end_ticks <= start) {
      uint32_t ended = *place;
      *place = other->next;
      other->next = t->free;
      t->free = ended;
      continue;
    }
    if (rs_burst_shares(other->burst, burst)) {
      *rides = true;
    } else if (rs__player_collide(timing, other->burst, burst, &cycle) && cycle < t->fault_cycles) {
      t->fault_a = other->burst;
      t->fault_b = burst;
      t->fault_cycles = cycle;
    }
    place = &other->next;
  }
  uint32_t index = take_active(t);
  if (index == RS_NONE) return false;
  rs_int128 end = rs_burst_ticks(timing, burst, burst->count - 1) + timing->slot_num;
  t->active[index] = (active_burst){burst, end, t->head[burst->link]};
  t->head[burst->link] = index;
  return true;
}

static rs_status refuse_link(const traffic *t) {
  const rs__player *p = t->player;
  char name[48], text_a[160], text_b[160];
  rs_wiring_link_name(p->wiring, t->fault_a->link, name, sizeof name);
  rs_burst_describe(p->schedule, p->wiring, t->fault_a, text_a, sizeof text_a);
  rs_burst_describe(p->schedule, p->wiring, t->fault_b, text_b, sizeof text_b);
  return rs_diag_set(p->diag, RS_E_REFUSED, "link %s is busy at cycle %lld: '%s' and '%s'", name,
                     (long long)t->fault_cycles, text_a, text_b);
}

/* ---- events ---- */

static bool depart(traffic *t, uint32_t index) {
  rs__player *p = t->player;
  const rs_burst *burst = &p->schedule->bursts[index];
  const rs_link *link = &p->wiring->links[burst->link];
  int64_t last = rs_burst_arrival(&p->schedule->timing, link, burst, burst->count - 1);
  bool rides;
  if (!enter_link(t, burst, &rides)) return false;
  if (!rides) rs__player_count(p, burst, burst->count);
  return rs__player_begin_next(p, index) &&
         rs_event_queue_push(p->events, last, RS__EVENT_ARRIVE, index, 0);
}

static rs_status run_events(traffic *t) {
  rs__player *p = t->player;
  rs_event event;
  if (!rs__player_begin(p)) return rs_arena_failed(NULL, p->diag);
  while (rs_event_queue_pop(p->events, &event)) {
    if (event.time_cycles >= t->fault_cycles) break;
    p->play->events++;
    if (event.kind == RS__EVENT_STALL) {
      rs__player_stall(p, &event);
    } else if (event.kind == RS__EVENT_ARRIVE) {
      rs__player_arrive(p, &p->schedule->bursts[event.subject], event.time_cycles);
    } else if (!depart(t, event.subject)) {
      return rs_arena_failed(NULL, p->diag);
    }
  }
  return t->fault_a == NULL ? RS_OK : refuse_link(t);
}

rs_status rs__player_run_bursts(rs__player *player) {
  uint32_t links = player->wiring->link_count;
  traffic t = {.player = player, .free = RS_NONE, .fault_cycles = INT64_MAX};
  t.head = malloc(((size_t)links + 1) * sizeof *t.head);
  if (t.head == NULL) return rs_arena_failed(NULL, player->diag);
  memset(t.head, 0xff, ((size_t)links + 1) * sizeof *t.head); /* RS_NONE */
  rs_status status = run_events(&t);
  free(t.head);
  free(t.active);
  return status;
}

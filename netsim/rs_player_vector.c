/*
 * The player at vector fidelity: one departure and one arrival event a vector and link, on memory
 * that holds words.
 *
 * The clock counts whole cycles, but within a cycle what happens is ordered by exact time: vectors
 * depart at fractions of a cycle, and one that leaves at 10.2 has read its word before another one
 * that arrives at 10.5 writes it. So the events of a cycle are collected, sorted by exact time,
 * arrivals first where it is the same (a chip that costs nothing may send on in the cycle in which it
 * received), and done when the clock moves on. What departs and arrives when does not depend on
 * data, so that new events are pushed while collecting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__player.h"
#include "rs_schedule_text.h"

/* A vector in flight. */
typedef struct flight {
  uint64_t value;
  int64_t k;
  uint32_t burst;
  uint32_t next; /* among the free ones */
} flight;

/* One thing to do in the present cycle. */
typedef struct action {
  int64_t early_ticks; /* how long before the end of the cycle: 0 … slot_den − 1 */
  int64_t k;
  uint32_t burst;
  uint32_t flight;
  bool is_arrival;
  bool is_add; /* what is kept comes before what is added to it at the same instant */
} action;

typedef struct clockwork {
  rs__player *player;
  rs__memory memory;
  rs_int128 *link_free; /* [link] ticks from which on it is free */
  uint32_t *carried;    /* [link] the burst whose vector departed last */
  uint32_t *with;       /* [burst] the one before it in its transmission, or RS_NONE */
  flight *flights;
  uint32_t flight_count, flight_capacity, flight_free;
  action *actions;
  size_t action_count, action_capacity;
  int64_t now;
  rs__losing *losing; /* NULL: nothing breaks */
} clockwork;

/* ---- flights and actions ---- */

static uint32_t take_flight(clockwork *c) {
  if (c->flight_free != RS_NONE) {
    uint32_t index = c->flight_free;
    c->flight_free = c->flights[index].next;
    return index;
  }
  if (c->flight_count == c->flight_capacity) {
    if (c->flight_capacity > UINT32_MAX / 4) return RS_NONE;
    uint32_t capacity = RS_MAX(2 * c->flight_capacity, UINT32_C(1024));
    flight *larger = realloc(c->flights, capacity * sizeof *larger);
    if (larger == NULL) return RS_NONE;
    c->flights = larger;
    c->flight_capacity = capacity;
  }
  return c->flight_count++;
}

static bool add_action(clockwork *c, const action *a) {
  if (c->action_count == c->action_capacity) {
    size_t capacity = RS_MAX(2 * c->action_capacity, (size_t)256);
    action *larger = realloc(c->actions, capacity * sizeof *larger);
    if (larger == NULL) return false;
    c->actions = larger;
    c->action_capacity = capacity;
  }
  c->actions[c->action_count++] = *a;
  return true;
}

static int compare_actions(const void *left, const void *right) {
  const action *a = left;
  const action *b = right;
  if (a->early_ticks != b->early_ticks) return a->early_ticks > b->early_ticks ? -1 : 1;
  if (a->is_arrival != b->is_arrival) return a->is_arrival ? -1 : 1;
  if (a->is_add != b->is_add) return a->is_add ? 1 : -1;
  if (a->burst != b->burst) return a->burst < b->burst ? -1 : 1;
  return (a->k > b->k) - (a->k < b->k);
}

/* ---- doing ---- */

static rs_status refuse(const clockwork *c, const action *a, const char *what, int64_t when) {
  const rs__player *p = c->player;
  const rs_burst *burst = &p->schedule->bursts[a->burst];
  char name[48], text[160], more[48] = "";
  rs_wiring_link_name(p->wiring, burst->link, name, sizeof name);
  rs_burst_describe(p->schedule, p->wiring, burst, text, sizeof text);
  if (when >= 0) snprintf(more, sizeof more, ", which is at cycle %lld", (long long)when);
  return rs_diag_set(p->diag, RS_E_REFUSED, "link %s, cycle %lld: vector %lld of '%s' %s%s", name,
                     (long long)c->now, (long long)a->k, text, what, more);
}

/* A vector that departs at one instant with the last one of its link: whether it is one transmission with
 * all that did. Their vectors have one number, as their starts are one. */
static bool rides_along(const clockwork *c, uint32_t burst) {
  const rs_burst *bursts = c->player->schedule->bursts;
  uint32_t other = c->carried[bursts[burst].link];
  while (other != RS_NONE && rs_burst_shares(&bursts[other], &bursts[burst])) {
    other = c->with[other];
  }
  return other == RS_NONE;
}

static rs_status depart(clockwork *c, const action *a) {
  rs__player *p = c->player;
  const rs_timing *t = &p->schedule->timing;
  const rs_burst *burst = &p->schedule->bursts[a->burst];
  rs_int128 ticks = (rs_int128)c->now * t->slot_den - a->early_ticks;
  rs_int128 *link_free = &c->link_free[burst->link];
  bool rides = ticks + t->slot_num == *link_free && rides_along(c, a->burst);
  if (ticks < *link_free && !rides) {
    char name[48], text[160];
    rs_wiring_link_name(p->wiring, burst->link, name, sizeof name);
    rs_burst_describe(p->schedule, p->wiring, burst, text, sizeof text);
    return rs_diag_set(p->diag, RS_E_REFUSED,
                       "link %s is busy at cycle %lld: vector %lld of '%s' finds it taken", name,
                       (long long)c->now, (long long)a->k, text);
  }
  *link_free = ticks + t->slot_num;
  c->with[a->burst] = rides ? c->carried[burst->link] : RS_NONE;
  c->carried[burst->link] = a->burst;
  const rs__word *word = &c->memory.words[c->memory.source_first[a->burst] + (size_t)a->k];
  if (word->departs_cycles < 0) return refuse(c, a, "reads memory that holds nothing", -1);
  if (word->departs_cycles > c->now) {
    return refuse(c, a, "departs before it is there", word->departs_cycles);
  }
  c->flights[a->flight].value = word->value;
  if (!rides) rs__player_count(p, burst, 1);
  return RS_OK;
}

/* A word may leave through the port or, when that is sooner, from SRAM. */
static rs_status arrive(clockwork *c, const action *a) {
  const rs_timing *t = &c->player->schedule->timing;
  const rs_burst *burst = &c->player->schedule->bursts[a->burst];
  rs__word *word = &c->memory.words[c->memory.target_first[a->burst] + (size_t)a->k];
  uint64_t value = c->flights[a->flight].value;
  bool rides = c->with[a->burst] != RS_NONE;
  if (c->losing != NULL)
    value = rs__losing_deliver(c->losing, a->burst, a->k, c->now, value, rides);
  int64_t departs = c->now + RS_MIN(t->forward_cycles, t->receive_cycles + t->send_cycles);
  int64_t settled = c->now + t->receive_cycles;
  c->flights[a->flight].next = c->flight_free;
  c->flight_free = a->flight;
  rs__player_arrive(c->player, burst, c->now);
  if (burst->action == RS_ACTION_ADD) {
    if (word->departs_cycles < 0 && burst->target == RS_BUFFER_OUT) {
      return refuse(c, a, "adds to memory that holds nothing", -1);
    }
    if (word->arrived_cycles > c->now) {
      return refuse(c, a, "is added before there is anything", word->arrived_cycles);
    }
    word->value += value;
    word->departs_cycles = RS_MAX(word->departs_cycles, departs + t->add_cycles);
    word->settled_cycles = RS_MAX(word->settled_cycles, settled + t->add_cycles);
    return RS_OK;
  }
  if (word->settled_cycles > c->now) {
    return refuse(c, a, "overwrites what is written until later", word->settled_cycles);
  }
  *word = (rs__word){value, departs, settled, c->now};
  return RS_OK;
}

/* An interval starts at a whole cycle: after what arrives then, before what departs then. */
static void compute_before(const clockwork *c, const action *a) {
  if (c->losing == NULL) return;
  bool is_at_the_end = a == NULL || (a->early_ticks == 0 && !a->is_arrival);
  rs__losing_compute(c->losing, is_at_the_end ? c->now : c->now - 1);
}

/* Does what was collected for the present cycle. */
static rs_status finish_cycle(clockwork *c) {
  bool sorted = true;
  for (size_t i = 1; i < c->action_count && sorted; i++) {
    sorted = compare_actions(&c->actions[i - 1], &c->actions[i]) <= 0;
  }
  if (!sorted) qsort(c->actions, c->action_count, sizeof *c->actions, compare_actions);
  for (size_t i = 0; i < c->action_count; i++) {
    const action *a = &c->actions[i];
    compute_before(c, a);
    rs_status status = a->is_arrival ? arrive(c, a) : depart(c, a);
    if (status != RS_OK) return status;
  }
  c->action_count = 0;
  return RS_OK;
}

/* ---- collecting ---- */

/* Vector k's departure: the cycle, and how many ticks before the end of that cycle it really is. */
static int64_t departure_of(const rs_timing *t, const rs_burst *burst, int64_t k,
                            int64_t *early_ticks) {
  rs_int128 ticks = (rs_int128)k * burst->stride * t->slot_num;
  int64_t cycles; /* most are below 2^62 ticks: a division of 64 bits is several times faster */
  if (ticks < INT64_C(1) << 62) {
    cycles = rs_ceil_div_i64((int64_t)ticks, t->slot_den);
  } else {
    cycles = (int64_t)((ticks + t->slot_den - 1) / t->slot_den);
  }
  *early_ticks = (int64_t)((rs_int128)cycles * t->slot_den - ticks);
  return burst->start_cycles + cycles;
}

static bool collect_departure(clockwork *c, const rs_event *event) {
  rs__player *p = c->player;
  const rs_timing *t = &p->schedule->timing;
  const rs_burst *burst = &p->schedule->bursts[event->subject];
  int64_t k = event->detail;
  action a = {.k = k, .burst = event->subject, .flight = take_flight(c)};
  if (a.flight == RS_NONE) return false;
  departure_of(t, burst, k, &a.early_ticks);
  c->flights[a.flight] = (flight){0, k, event->subject, RS_NONE};
  int64_t arrival = c->now + rs_timing_latency(t, &p->wiring->links[burst->link]);
  /* the event carries the fraction, so that it need not be found again */
  if (!add_action(c, &a) ||
      !rs_event_queue_push(p->events, arrival, RS__EVENT_ARRIVE, a.flight, a.early_ticks)) {
    return false;
  }
  if (k == 0 && !rs__player_begin_next(p, event->subject)) return false;
  if (k + 1 == burst->count) return true;
  int64_t ignored;
  int64_t next = departure_of(t, burst, k + 1, &ignored);
  return rs_event_queue_push(p->events, next, RS__EVENT_DEPART, event->subject, k + 1);
}

static bool collect_arrival(clockwork *c, const rs_event *event) {
  const flight *f = &c->flights[event->subject];
  action a = {.early_ticks = event->detail,
              .k = f->k,
              .burst = f->burst,
              .flight = event->subject,
              .is_arrival = true,
              .is_add = c->player->schedule->bursts[f->burst].action == RS_ACTION_ADD};
  return add_action(c, &a);
}

static rs_status run_events(clockwork *c) {
  rs__player *p = c->player;
  rs_event event;
  if (!rs__player_begin(p)) return rs_arena_failed(NULL, p->diag);
  while (rs_event_queue_pop(p->events, &event)) {
    if (event.time_cycles != c->now) {
      rs_status status = finish_cycle(c);
      if (status != RS_OK) return status;
      c->now = event.time_cycles;
    }
    p->play->events++;
    if (event.kind == RS__EVENT_STALL) {
      rs__player_stall(p, &event);
      continue;
    }
    bool collected =
        event.kind == RS__EVENT_DEPART ? collect_departure(c, &event) : collect_arrival(c, &event);
    if (!collected) return rs_arena_failed(NULL, p->diag);
  }
  rs_status status = finish_cycle(c);
  if (status != RS_OK) return status;
  if (c->losing == NULL) return rs__memory_check_results(&c->memory);
  rs__losing_tally(c->losing);
  return RS_OK;
}

static rs_status run_losing(clockwork *c) {
  rs__losing losing;
  rs_status status = rs__losing_init(&losing, c->player, &c->memory);
  c->losing = &losing;
  if (status == RS_OK) status = run_events(c);
  rs__losing_deinit(&losing);
  return status;
}

static bool init_links(clockwork *c) {
  size_t links = (size_t)c->player->wiring->link_count + 1;
  size_t bursts = (size_t)c->player->schedule->burst_count + 1;
  c->link_free = calloc(links, sizeof *c->link_free);
  c->carried = malloc(links * sizeof *c->carried);
  c->with = malloc(bursts * sizeof *c->with);
  if (c->link_free == NULL || c->carried == NULL || c->with == NULL) return false;
  memset(c->carried, 0xff, links * sizeof *c->carried); /* RS_NONE */
  memset(c->with, 0xff, bursts * sizeof *c->with);
  return true;
}

rs_status rs__player_run_vectors(rs__player *player) {
  clockwork c = {.player = player, .flight_free = RS_NONE};
  rs_status status = rs__memory_init(&c.memory, player);
  if (status == RS_OK) {
    bool breaks = player->options->outage != NULL;
    status = !init_links(&c) ? rs_arena_failed(NULL, player->diag)
             : breaks        ? run_losing(&c)
                             : run_events(&c);
  }
  rs__memory_deinit(&c.memory);
  free(c.link_free);
  free(c.carried);
  free(c.with);
  free(c.flights);
  free(c.actions);
  return status;
}

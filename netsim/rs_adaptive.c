/*
 * Packets in queues. The loop has two kinds of event for a hop: a packet becomes ready at the next
 * router (arrival and router delay in one), and a busy link becomes free while something waits for
 * it. Credits come back lazily: each buffer keeps the times at which its credits return, and a link
 * that finds none asks to be woken at the first of them.
 */
#include "rs_adaptive.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "rs__latency.h"
#include "rs_event_queue.h"
#include "rs_random.h"

enum { EVENT_MAKE, EVENT_SEND, EVENT_READY, EVENT_FREE };

#define NO_PACKET UINT32_MAX

typedef struct packet {
  int64_t made_cycles;
  uint32_t to;
  uint32_t via;       /* where minimal routing heads for first; RS_NONE once passed */
  uint32_t next;      /* in its buffer, or among the free packets */
  uint32_t wait_next; /* in the list of those that wait for its link */
  uint32_t at;        /* the buffer it holds: link · channels + channel; RS_NONE at its source */
  uint8_t hops;
  bool measured;
} packet;

typedef struct fifo {
  uint32_t head, tail;
} fifo;

/* One link and channel. `buffer` is at the receiving end; `waiting` are packets (heads of other
 * buffers, or at their source) that want to cross the link in this channel. */
typedef struct lane {
  fifo buffer;
  fifo waiting;
  uint32_t credits;
  uint32_t returning_first, returning_count; /* ring of return times */
} lane;

typedef struct link_state {
  rs_int128 free_ticks;
  uint32_t waiting; /* packets over all lanes: the queue length that routing looks at */
  uint32_t turn;    /* the channel to be served next */
  uint64_t sent;
  int64_t wake_cycles; /* of the EVENT_FREE under way; −1: none */
} link_state;

typedef struct machine {
  const rs_wiring *wiring;
  const rs_timing *timing;
  const rs_adaptive_config *config;
  const rs_traffic_run *run;
  rs_traffic_result *result;
  rs_arena *arena;
  rs_event_queue *events;
  rs_random random;
  lane *lanes;        /* [link · channels + channel] */
  int64_t *returning; /* [lane · buffer_vectors + …] */
  link_state *links;
  packet *packets;
  uint32_t packet_count, packet_capacity, free_packet;
  uint32_t channels;
  uint32_t *to_route; /* buffers whose head has no route yet: at most one a buffer */
  uint32_t to_route_count;
  rs__latency latency;
  uint64_t under_way;
  int64_t now;
  bool failed; /* no memory */
} machine;

/* ---- packets and lists ---- */

static uint32_t take_packet(machine *m) {
  if (m->free_packet != NO_PACKET) {
    uint32_t index = m->free_packet;
    m->free_packet = m->packets[index].next;
    return index;
  }
  if (m->packet_count == m->packet_capacity) {
    uint32_t capacity = m->packet_capacity * 2;
    packet *larger = RS_ARENA_NEW(m->arena, packet, capacity);
    if (larger == NULL) {
      m->failed = true;
      return NO_PACKET;
    }
    memcpy(larger, m->packets, m->packet_count * sizeof *larger);
    m->packets = larger;
    m->packet_capacity = capacity;
  }
  return m->packet_count++;
}

/* Of two packets the one at the head of a buffer is also in a waiting list, hence two chains. */
static void push_buffer(machine *m, fifo *list, uint32_t index) {
  m->packets[index].next = NO_PACKET;
  if (list->head == NO_PACKET) {
    list->head = index;
  } else {
    m->packets[list->tail].next = index;
  }
  list->tail = index;
}

static void push_waiting(machine *m, fifo *list, uint32_t index) {
  m->packets[index].wait_next = NO_PACKET;
  if (list->head == NO_PACKET) {
    list->head = index;
  } else {
    m->packets[list->tail].wait_next = index;
  }
  list->tail = index;
}

static void push_event(machine *m, int64_t time, uint32_t kind, uint32_t subject, int64_t detail) {
  if (!rs_event_queue_push(m->events, time, kind, subject, detail)) m->failed = true;
}

/* ---- routing ---- */

static uint8_t distance(const machine *m, uint32_t from, uint32_t to) {
  return m->config->distance[(size_t)from * m->wiring->chip_count + to];
}

/* The minimal link with the shortest queue. The search starts at a place that depends on the packet,
 * so that ties spread without a random number a hop. */
static uint32_t pick_link(const machine *m, uint32_t chip, uint32_t target, uint32_t salt) {
  uint32_t first = m->wiring->out_first[chip];
  uint32_t degree = m->wiring->out_first[chip + 1] - first;
  uint8_t here = distance(m, chip, target);
  uint32_t best = RS_NONE;
  uint32_t best_waiting = UINT32_MAX;
  uint32_t turn = salt % degree;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t l = first + turn;
    if (++turn == degree) turn = 0;
    if (m->links[l].waiting >= best_waiting) continue;
    if (distance(m, m->wiring->links[l].to, target) + 1 != here) continue;
    best = l;
    best_waiting = m->links[l].waiting;
  }
  return best;
}

static uint32_t pick_via(machine *m, uint32_t from, uint32_t to) {
  uint32_t via = (uint32_t)rs_random_below(&m->random, m->wiring->chip_count);
  return via == from || via == to ? RS_NONE : via;
}

/* UGAL-L compares queue length times hops of the minimal path and of one random detour. */
static void choose_path(machine *m, packet *p, uint32_t from) {
  p->via = RS_NONE;
  if (m->config->routing == RS_ROUTING_MINIMAL) return;
  uint32_t via = pick_via(m, from, p->to);
  if (m->config->routing == RS_ROUTING_UGAL && via != RS_NONE) {
    uint32_t salt = (uint32_t)p->made_cycles;
    uint64_t direct = m->links[pick_link(m, from, p->to, salt)].waiting;
    uint64_t detour = m->links[pick_link(m, from, via, salt)].waiting;
    uint64_t direct_hops = distance(m, from, p->to);
    uint64_t detour_hops = (uint64_t)distance(m, from, via) + distance(m, via, p->to);
    if (direct * direct_hops <= detour * detour_hops) via = RS_NONE;
  }
  p->via = via;
}

/* ---- links ---- */

static void collect_credits(machine *m, lane *l) {
  uint32_t size = m->config->buffer_vectors;
  int64_t *times = &m->returning[(size_t)(l - m->lanes) * size];
  while (l->returning_count > 0 && times[l->returning_first] <= m->now) {
    l->returning_first = (l->returning_first + 1) % size;
    l->returning_count--;
    l->credits++;
  }
}

static void wake_link(machine *m, uint32_t link, int64_t time) {
  link_state *state = &m->links[link];
  if (state->wake_cycles >= 0 && state->wake_cycles <= time) return;
  state->wake_cycles = time;
  push_event(m, time, EVENT_FREE, link, time);
}

/* A place in the buffer of a link and channel is free: its credit travels back to the sender. */
static void return_credit(machine *m, uint32_t held) {
  lane *from = &m->lanes[held];
  uint32_t link = held / m->channels;
  uint32_t size = m->config->buffer_vectors;
  int64_t *times = &m->returning[(size_t)held * size];
  int64_t back = m->now + rs_timing_latency(m->timing, &m->wiring->links[link]);
  times[(from->returning_first + from->returning_count) % size] = back;
  from->returning_count++;
  if (m->links[link].waiting > 0) wake_link(m, link, back);
}

/* The packet leaves the buffer that it held. The next head gets its route once this event is done
 * with: a chain of departures through the whole network must not be a chain of calls. */
static void leave_buffer(machine *m, uint32_t held) {
  lane *from = &m->lanes[held];
  return_credit(m, held);
  from->buffer.head = m->packets[from->buffer.head].next;
  if (from->buffer.head != NO_PACKET) m->to_route[m->to_route_count++] = held;
}

/* Sends the head of a lane's waiting list across the link. */
static void send_packet(machine *m, uint32_t link, uint32_t channel) {
  link_state *state = &m->links[link];
  const rs_link *wire = &m->wiring->links[link];
  lane *out = &m->lanes[link * m->channels + channel];
  uint32_t index = out->waiting.head;
  packet *p = &m->packets[index];
  out->waiting.head = p->wait_next;
  out->credits--;
  state->waiting--;
  state->sent++;
  uint32_t held = p->at;
  p->at = link * m->channels + channel;
  p->hops++;
  m->result->hops++;
  rs_int128 now_ticks = (rs_int128)m->now * m->timing->slot_den;
  /* A busy link is free inside a cycle and sends at the next: the rest of the cycle is not lost. */
  bool busy = now_ticks - state->free_ticks < m->timing->slot_den;
  state->free_ticks = (busy ? state->free_ticks : now_ticks) + m->timing->slot_num;
  int64_t arrival = m->now + rs_timing_latency(m->timing, wire);
  if (wire->to == p->via) p->via = RS_NONE;
  bool there = wire->to == p->to;
  push_event(m, arrival + (there ? 0 : m->config->router_cycles), EVENT_READY, index, 0);
  if (held != RS_NONE) leave_buffer(m, held);
}

static int64_t free_cycles(const machine *m, const link_state *state) {
  rs_int128 den = m->timing->slot_den;
  return (int64_t)((state->free_ticks + den - 1) / den);
}

/* The first return of a credit that a waiting packet needs; INT64_MAX: none under way. */
static int64_t first_return(const machine *m, uint32_t link) {
  int64_t first = INT64_MAX;
  for (uint32_t c = 0; c < m->channels; c++) {
    const lane *l = &m->lanes[link * m->channels + c];
    if (l->waiting.head == NO_PACKET || l->returning_count == 0) continue;
    size_t base = (size_t)(link * m->channels + c) * m->config->buffer_vectors;
    first = RS_MIN(first, m->returning[base + l->returning_first]);
  }
  return first;
}

/* One vector if the link is free and some channel has a packet and a credit; then asks to be woken
 * when there is more to do. */
static void serve_link(machine *m, uint32_t link) {
  link_state *state = &m->links[link];
  if (state->waiting == 0) return;
  int64_t free_at = free_cycles(m, state);
  if (free_at > m->now) {
    wake_link(m, link, free_at);
    return;
  }
  for (uint32_t k = 0; k < m->channels; k++) {
    uint32_t channel = (state->turn + k) % m->channels;
    lane *out = &m->lanes[link * m->channels + channel];
    if (out->waiting.head == NO_PACKET) continue;
    collect_credits(m, out);
    if (out->credits == 0) continue;
    state->turn = (channel + 1) % m->channels;
    send_packet(m, link, channel);
    if (state->waiting > 0) wake_link(m, link, free_cycles(m, state));
    return;
  }
  int64_t wake = first_return(m, link);
  if (wake != INT64_MAX) wake_link(m, link, wake);
}

/* Queues a packet for the link that its route takes next from `chip`. */
static void want_link(machine *m, uint32_t index, uint32_t chip) {
  packet *p = &m->packets[index];
  uint32_t target = p->via != RS_NONE ? p->via : p->to;
  uint32_t salt = (uint32_t)rs_mix_u64(index ^ (uint64_t)p->made_cycles << 20);
  uint32_t link = pick_link(m, chip, target, salt);
  uint32_t channel = RS_MIN((uint32_t)p->hops, m->channels - 1);
  push_waiting(m, &m->lanes[link * m->channels + channel].waiting, index);
  m->links[link].waiting++;
  serve_link(m, link);
}

/* ---- packets arrive ---- */

static void consume(machine *m, uint32_t index) {
  packet *p = &m->packets[index];
  if (p->measured) {
    double latency = (double)(m->now + m->timing->receive_cycles - p->made_cycles);
    rs__latency_record(&m->latency, p->made_cycles, latency);
    m->result->arrived++;
  }
  if (rs__latency_is_measured(m->run, m->now)) m->result->accepted++;
  m->under_way--;
  p->next = m->free_packet;
  m->free_packet = index;
}

static void handle_ready(machine *m, uint32_t index) {
  packet *p = &m->packets[index];
  uint32_t held = p->at;
  uint32_t chip = m->wiring->links[held / m->channels].to;
  if (chip == p->to) {
    return_credit(m, held); /* the destination takes a packet at once */
    consume(m, index);
    return;
  }
  lane *l = &m->lanes[held];
  bool first = l->buffer.head == NO_PACKET;
  push_buffer(m, &l->buffer, index);
  if (first) want_link(m, index, chip);
}

/* ---- packets are made ---- */

static void ask_traffic(machine *m, uint32_t chip) {
  int64_t time = m->now;
  uint32_t to;
  if (!m->run->next(m->run->context, chip, &time, &to)) return;
  assert(time >= m->now && to < m->wiring->chip_count);
  push_event(m, time, EVENT_MAKE, chip, to);
}

static rs_status handle_make(machine *m, uint32_t chip, uint32_t to, rs_diag *diag) {
  rs_traffic_result *r = m->result;
  if (to == chip || distance(m, chip, to) == UINT8_MAX) {
    return rs_diag_set(diag, RS_E_INPUT, "traffic from chip %u to chip %u: there is no path", chip,
                       to);
  }
  uint32_t index = take_packet(m);
  if (index == NO_PACKET) return rs_arena_failed(m->arena, diag);
  packet *p = &m->packets[index];
  *p = (packet){.made_cycles = m->now, .to = to, .at = RS_NONE};
  p->measured = rs__latency_is_measured(m->run, m->now);
  choose_path(m, p, chip);
  r->packets++;
  r->measured += p->measured ? 1 : 0;
  m->under_way++;
  /* The SRAM read comes first; the packet asks for its link when the read is done. */
  push_event(m, m->now + m->timing->send_cycles, EVENT_SEND, index, chip);
  ask_traffic(m, chip);
  return RS_OK;
}

/* ---- stuck packets ---- */

/* Which buffer a head waits for: the lane of its next hop whose credits are all out. */
static uint32_t waits_for(const machine *m, uint32_t index) {
  uint32_t lanes = m->wiring->link_count * m->channels;
  for (uint32_t l = 0; l < lanes; l++) {
    for (uint32_t w = m->lanes[l].waiting.head; w != NO_PACKET; w = m->packets[w].wait_next) {
      if (w == index) return l;
    }
  }
  return RS_NONE;
}

/* Follows who waits for whom until a port comes again; names at most eight ports. */
static rs_status report_stuck(const machine *m, uint32_t index, rs_diag *diag) {
  char ports[200] = "";
  size_t used = 0;
  const packet *p = &m->packets[index];
  uint32_t at = index;
  for (int step = 0; step < 8 && at != NO_PACKET; step++) {
    uint32_t l = waits_for(m, at);
    if (l == RS_NONE) break;
    char name[40];
    rs_wiring_link_name(m->wiring, l / m->channels, name, sizeof name);
    int length = snprintf(ports + used, sizeof ports - used, "%s%s channel %u",
                          step == 0 ? "" : ", ", name, l % m->channels);
    if (length < 0 || used + (size_t)length >= sizeof ports) break;
    used += (size_t)length;
    at = m->lanes[l].buffer.head;
  }
  return rs_diag_set(
      diag, RS_E_REFUSED,
      "deadlock or starvation at cycle %lld: a packet made at cycle %lld for chip %u "
      "does not move; it and what is in front wait for: %s",
      (long long)m->now, (long long)p->made_cycles, p->to, ports);
}

static rs_status check_ages(const machine *m, rs_diag *diag) {
  for (uint32_t l = 0; l < m->wiring->link_count * m->channels; l++) {
    uint32_t head = m->lanes[l].buffer.head;
    if (head == NO_PACKET) continue;
    if (m->now - m->packets[head].made_cycles > m->config->age_cycles_max) {
      return report_stuck(m, head, diag);
    }
  }
  return RS_OK;
}

/* Events are over but packets are not: nothing will ever move them. */
static rs_status check_drained(const machine *m, rs_diag *diag) {
  if (m->under_way == 0) return RS_OK;
  for (uint32_t l = 0; l < m->wiring->link_count * m->channels; l++) {
    if (m->lanes[l].buffer.head != NO_PACKET) return report_stuck(m, m->lanes[l].buffer.head, diag);
  }
  return RS_OK;
}

/* ---- the run ---- */

static void route_pending(machine *m) {
  while (m->to_route_count > 0) {
    uint32_t held = m->to_route[--m->to_route_count];
    want_link(m, m->lanes[held].buffer.head, m->wiring->links[held / m->channels].to);
  }
}

static rs_status handle(machine *m, const rs_event *event, rs_diag *diag) {
  link_state *state;
  switch (event->kind) {
    case EVENT_MAKE:
      return handle_make(m, event->subject, (uint32_t)event->detail, diag);
    case EVENT_SEND:
      want_link(m, event->subject, (uint32_t)event->detail);
      return RS_OK;
    case EVENT_READY:
      handle_ready(m, event->subject);
      return RS_OK;
    default:
      state = &m->links[event->subject];
      if (state->wake_cycles != event->detail) return RS_OK; /* an earlier wake took its place */
      state->wake_cycles = -1;
      serve_link(m, event->subject);
      return RS_OK;
  }
}

#define AGE_CHECK_EVENTS (UINT64_C(1) << 22)

static bool measurement_is_complete(const machine *m) {
  const rs_traffic_result *r = m->result;
  return m->now >= m->run->measure_to_cycles && r->arrived == r->measured;
}

static rs_status run_events(machine *m, rs_diag *diag) {
  rs_event event;
  for (uint32_t chip = 0; chip < m->wiring->chip_count; chip++) ask_traffic(m, chip);
  while (rs_event_queue_pop(m->events, &event)) {
    if (event.time_cycles > m->run->end_cycles) {
      m->result->saturated = m->result->arrived < m->result->measured;
      return RS_OK;
    }
    m->now = event.time_cycles;
    rs_status status = handle(m, &event, diag);
    if (status != RS_OK) return status;
    route_pending(m);
    if (m->failed) return rs_arena_failed(m->arena, diag);
    if (++m->result->events % AGE_CHECK_EVENTS == 0 && check_ages(m, diag) != RS_OK) {
      return diag == NULL ? RS_E_REFUSED : diag->status;
    }
    if (measurement_is_complete(m)) return RS_OK;
  }
  return check_drained(m, diag);
}

/* ---- results ---- */

static void summarise(machine *m) {
  rs_traffic_result *r = m->result;
  r->end_cycles = m->now;
  r->busiest_link = RS_NONE;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) {
    if (m->links[l].sent <= r->busiest_link_vectors) continue;
    r->busiest_link = l;
    r->busiest_link_vectors = m->links[l].sent;
  }
  rs__latency_summarise(&m->latency, r);
}

/* ---- set-up ---- */

/* Hops of the longest path that the routing can take. */
static uint32_t longest_path(const rs_wiring *wiring, const rs_adaptive_config *config) {
  uint8_t diameter = 0;
  size_t pairs = (size_t)wiring->chip_count * wiring->chip_count;
  for (size_t i = 0; i < pairs; i++) {
    if (config->distance[i] != UINT8_MAX) diameter = RS_MAX(diameter, config->distance[i]);
  }
  return config->routing == RS_ROUTING_MINIMAL ? diameter : 2U * diameter;
}

static rs_status check_config(const rs_wiring *wiring, const rs_adaptive_config *config,
                              rs_diag *diag) {
  if (config->distance == NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "an adaptive run needs distances");
  }
  if (config->buffer_vectors == 0 || config->router_cycles < 0) {
    return rs_diag_set(
        diag, RS_E_INPUT,
        "an adaptive run needs a buffer of at least one vector and a router delay of "
        "at least 0 cycles");
  }
  if (config->channels > RS_ADAPTIVE_CHANNELS_MAX ||
      (config->channels == 0 && longest_path(wiring, config) > RS_ADAPTIVE_CHANNELS_MAX)) {
    rs_diag_set(diag, RS_E_LIMIT, "paths of up to %u hops need as many virtual channels",
                longest_path(wiring, config));
    rs_diag_expect(diag, "at most %d", RS_ADAPTIVE_CHANNELS_MAX);
    return RS_E_LIMIT;
  }
  return RS_OK;
}

static rs_status create_machine(machine *m, rs_diag *diag) {
  uint32_t links = m->wiring->link_count;
  m->channels = m->config->channels != 0 ? m->config->channels
                                         : RS_MAX(longest_path(m->wiring, m->config), UINT32_C(1));
  size_t lanes = (size_t)links * m->channels;
  m->packet_capacity = 4096;
  m->packets = RS_ARENA_NEW(m->arena, packet, m->packet_capacity);
  m->lanes = RS_ARENA_NEW(m->arena, lane, lanes);
  m->returning = RS_ARENA_NEW(m->arena, int64_t, lanes * m->config->buffer_vectors);
  m->links = RS_ARENA_NEW(m->arena, link_state, links);
  m->to_route = RS_ARENA_NEW(m->arena, uint32_t, lanes);
  if (m->packets == NULL || m->lanes == NULL || m->returning == NULL || m->links == NULL ||
      m->to_route == NULL) {
    return rs_arena_failed(m->arena, diag);
  }
  m->free_packet = NO_PACKET;
  for (size_t l = 0; l < lanes; l++) {
    m->lanes[l] = (lane){
        .buffer.head = NO_PACKET, .waiting.head = NO_PACKET, .credits = m->config->buffer_vectors};
  }
  for (uint32_t l = 0; l < links; l++) m->links[l].wake_cycles = -1;
  rs_random_init(&m->random, m->config->seed, 0);
  return RS_OK;
}

rs_status rs_adaptive_simulate(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                               const rs_adaptive_config *config, const rs_traffic_run *run,
                               rs_traffic_result *result, rs_diag *diag) {
  rs_adaptive_config effective = *config;
  if (effective.age_cycles_max == 0) effective.age_cycles_max = INT64_C(1) << 40;
  machine m = {.wiring = wiring,
               .timing = timing,
               .config = &effective,
               .run = run,
               .result = result,
               .arena = arena};
  *result = (rs_traffic_result){0};
  rs_status status = rs__latency_check_run(run, diag);
  if (status == RS_OK) status = check_config(wiring, config, diag);
  if (status == RS_OK) status = rs__latency_init(arena, run, &m.latency, diag);
  if (status == RS_OK) status = create_machine(&m, diag);
  if (status != RS_OK) return status;
  m.events = rs_event_queue_create();
  if (m.events == NULL) return rs_arena_failed(arena, diag);
  status = run_events(&m, diag);
  rs_event_queue_destroy(m.events);
  summarise(&m);
  return status;
}

/* ---- words ---- */

static const char *const routing_words[RS_ROUTING_COUNT] = {"minimal", "valiant", "ugal"};

const char *rs_routing_word(rs_routing routing) {
  return routing_words[routing];
}

bool rs_routing_parse(const char *word, rs_routing *routing) {
  for (int i = 0; i < RS_ROUTING_COUNT; i++) {
    if (strcmp(word, routing_words[i]) != 0) continue;
    *routing = (rs_routing)i;
    return true;
  }
  return false;
}

/*
 * Messages with dependencies on the adaptive network. A message's node has two events in its life: when
 * its first vectors have been read from SRAM and ask for links, and when its last one is in SRAM.
 */
#include "rs__adaptive.h"

typedef struct message_source {
  const rs_messages *messages;
  rs_messages_index index;
  int64_t *left;       /* [message] packets that have not arrived; 0: it waits for its end */
  uint32_t *gate_left; /* [gate] messages that have not ended */
  uint32_t ended;
  int64_t end_cycles;
} message_source;

static void begin_at(rs__machine *m, uint32_t message, int64_t time) {
  const message_source *s = m->source;
  int64_t start = RS_MAX(time, s->messages->messages[message].start_cycles);
  rs__wheel_push(&m->wheel, start + m->timing->send_cycles, m->maker_first + message);
}

static void end_message(rs__machine *m, uint32_t message) {
  message_source *s = m->source;
  s->ended++;
  s->end_cycles = m->wheel.now;
  for (uint64_t i = s->index.gate_first[message]; i < s->index.gate_first[message + 1]; i++) {
    uint32_t gate = s->index.gates[i];
    if (--s->gate_left[gate] > 0) continue;
    for (uint32_t u = s->index.user_first[gate]; u < s->index.user_first[gate + 1]; u++) {
      begin_at(m, s->index.users[u], m->wheel.now);
    }
  }
}

/* The first event puts all packets in; packets of other messages may have changed queues meanwhile, so
 * each finds its own way. */
static rs_status make_packets(rs__machine *m, uint32_t message, rs_diag *diag) {
  message_source *s = m->source;
  const rs_message *wanted = &s->messages->messages[message];
  if (s->left[message] == 0 || wanted->from == wanted->to) {
    end_message(m, message);
    return RS_OK;
  }
  for (int64_t k = 0; k < wanted->vectors; k++) {
    uint32_t index = rs__adaptive_inject(m, wanted->from, wanted->to, m->wheel.now);
    if (index == RS__NO_PACKET) return rs_arena_failed(m->arena, diag);
    m->packets[index].message = message;
    rs__adaptive_route_pending(m);
  }
  return RS_OK;
}

static void take_packet(rs__machine *m, const rs__packet *p) {
  message_source *s = m->source;
  if (--s->left[p->message] > 0) return;
  int64_t tail = rs_message_tail(m->timing, &s->messages->messages[p->message]);
  rs__wheel_push(&m->wheel, m->wheel.now + tail, m->maker_first + p->message);
}

static bool all_ended(const rs__machine *m) {
  const message_source *s = m->source;
  return s->ended == s->messages->message_count;
}

static rs_status prepare(rs__machine *m, rs_diag *diag) {
  message_source *s = m->source;
  const rs_messages *all = s->messages;
  s->left = RS_ARENA_NEW(m->arena, int64_t, all->message_count);
  s->gate_left = RS_ARENA_NEW(m->arena, uint32_t, all->gate_count);
  if (s->left == NULL || s->gate_left == NULL) return rs_arena_failed(m->arena, diag);
  for (uint32_t g = 0; g < all->gate_count; g++) s->gate_left[g] = all->gates[g].count;
  for (uint32_t i = 0; i < all->message_count; i++) {
    const rs_message *message = &all->messages[i];
    if (rs__adaptive_distance(m, message->from, message->to) == UINT8_MAX) {
      return rs_diag_set(diag, RS_E_INPUT, "a message from chip %u to chip %u: there is no path",
                         message->from, message->to);
    }
    s->left[i] = message->vectors;
    if (message->gate == RS_NONE) begin_at(m, i, 0);
  }
  return RS_OK;
}

static void note_links(const rs__machine *m, rs_messages_result *result) {
  const message_source *s = m->source;
  result->end_cycles = s->end_cycles;
  result->hops = m->result->hops;
  result->events = m->result->events;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) {
    result->links_used += m->ports[l].sent > 0;
    if (m->ports[l].sent <= result->busiest_link_vectors) continue;
    result->busiest_link = l;
    result->busiest_link_vectors = m->ports[l].sent;
  }
}

rs_status rs_adaptive_messages(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                               const rs_adaptive_config *config, const rs_messages *messages,
                               rs_messages_result *result, rs_diag *diag) {
  static const rs__adaptive_source kind = {
      .make = make_packets, .arrive = take_packet, .is_complete = all_ended};
  rs_adaptive_config effective = *config;
  if (effective.age_cycles_max == 0) effective.age_cycles_max = INT64_C(1) << 40;
  rs_traffic_result counts = {0};
  message_source source = {.messages = messages};
  rs__machine m = {.wiring = wiring,
                   .timing = timing,
                   .config = &effective,
                   .result = &counts,
                   .arena = arena,
                   .source = &source};
  *result = (rs_messages_result){.busiest_link = RS_NONE};
  if (messages->vectors > RS_ADAPTIVE_VECTORS_MAX) {
    rs_diag_set(diag, RS_E_LIMIT, "%lld vectors are beyond the adaptive network's reach",
                (long long)messages->vectors);
    rs_diag_expect(diag, "at most %lld", (long long)RS_ADAPTIVE_VECTORS_MAX);
    return RS_E_LIMIT;
  }
  rs_status status = rs__adaptive_create(&m, messages->message_count, diag);
  if (status == RS_OK) status = rs_messages_index_create(arena, messages, &source.index, diag);
  if (status == RS_OK) status = prepare(&m, diag);
  if (status == RS_OK && messages->message_count > 0) {
    status = rs__adaptive_run(&m, &kind, INT64_MAX, diag);
  }
  note_links(&m, result);
  return status;
}

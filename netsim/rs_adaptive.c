/*
 * Packets in queues: setting a machine up, running it on a traffic, and what came of it. A chip has one
 * event for its next packet, at the time when the packet's SRAM read is done and it asks for a link.
 */
#include "rs_adaptive.h"

#include <string.h>

#include "rs__adaptive.h"

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

static rs_status check_config(const rs__machine *m, rs_diag *diag) {
  const rs_adaptive_config *config = m->config;
  if (config->distance == NULL) {
    return rs_diag_set(diag, RS_E_INPUT, "an adaptive run needs distances");
  }
  if (config->buffer_vectors == 0 || config->router_cycles < 0) {
    return rs_diag_set(
        diag, RS_E_INPUT,
        "an adaptive run needs a buffer of at least one vector and a router delay of "
        "at least 0 cycles");
  }
  uint32_t channels = config->channels != 0 ? config->channels : longest_path(m->wiring, config);
  if (channels > RS_ADAPTIVE_CHANNELS_MAX) {
    rs_diag_set(diag, RS_E_LIMIT, "paths of up to %u hops need as many virtual channels", channels);
    rs_diag_expect(diag, "at most %d", RS_ADAPTIVE_CHANNELS_MAX);
    return RS_E_LIMIT;
  }
  rs_uint128 places =
      (rs_uint128)m->wiring->link_count * RS_MAX(channels, UINT32_C(1)) * config->buffer_vectors;
  if (places > UINT32_MAX / 4) {
    return rs_diag_set(diag, RS_E_LIMIT, "%u links with %u channels and buffers of %u vectors",
                       m->wiring->link_count, channels, config->buffer_vectors);
  }
  return rs_timing_check(m->timing, diag);
}

#define TABLE_CHIPS_MAX 2048

/* The minimal links of a pair; returns how many. `links` may be NULL. */
static uint32_t list_minimal(const rs__machine *m, uint32_t chip, uint32_t target,
                             uint32_t *links) {
  const rs_wiring *w = m->wiring;
  uint8_t here = rs__adaptive_distance(m, chip, target);
  uint32_t count = 0;
  if (here == UINT8_MAX || here == 0) return 0;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (rs__adaptive_distance(m, w->links[l].to, target) + 1 != here) continue;
    if (links != NULL) links[count] = l;
    count++;
  }
  return count;
}

static bool fill_next_hops(rs__machine *m) {
  uint32_t n = m->wiring->chip_count;
  uint64_t size = 0;
  if (n > TABLE_CHIPS_MAX) return true;
  for (uint32_t pair = 0; pair < n * n; pair++) {
    uint32_t count = list_minimal(m, pair / n, pair % n, NULL);
    if (count > 1) size += 1 + count;
  }
  if (size >= RS__HOPS_LIST) return true; /* no table, then */
  m->hops.entry = RS_ARENA_NEW(m->arena, uint32_t, (size_t)n * n);
  m->hops.lists = RS_ARENA_NEW(m->arena, uint32_t, (size_t)size);
  if (m->hops.entry == NULL || m->hops.lists == NULL) return false;
  uint32_t at = 0;
  for (uint32_t pair = 0; pair < n * n; pair++) {
    uint32_t count = list_minimal(m, pair / n, pair % n, NULL);
    if (count <= 1) {
      list_minimal(m, pair / n, pair % n, &m->hops.entry[pair]);
      continue;
    }
    m->hops.entry[pair] = RS__HOPS_LIST + at;
    m->hops.lists[at] = list_minimal(m, pair / n, pair % n, &m->hops.lists[at + 1]);
    at += 1 + count;
  }
  return true;
}

/* Places for what a full link has under way; see there for more. */
static bool create_credits(rs__machine *m) {
  enum { PLACES = 32 };
  uint32_t links = m->wiring->link_count;
  m->credits = RS_ARENA_NEW(m->arena, rs__credits, links);
  int64_t *times = RS_ARENA_NEW(m->arena, int64_t, (size_t)links * PLACES);
  if (m->credits == NULL || times == NULL) return false;
  for (uint32_t l = 0; l < links; l++) {
    m->credits[l] = (rs__credits){.times = times + (size_t)l * PLACES, .mask = PLACES - 1};
  }
  return true;
}

static rs_status allocate(rs__machine *m, rs_diag *diag) {
  uint32_t links = m->wiring->link_count;
  size_t lanes = (size_t)links * m->channels;
  m->packet_capacity = 4096;
  m->packets = RS_ARENA_NEW(m->arena, rs__packet, m->packet_capacity);
  m->lanes = RS_ARENA_NEW(m->arena, rs__lane, lanes);
  m->ports = RS_ARENA_NEW(m->arena, rs__port, links);
  m->waiting = RS_ARENA_NEW(m->arena, uint32_t, links);
  m->to_route = RS_ARENA_NEW(m->arena, uint32_t, lanes);
  if (m->packets == NULL || m->lanes == NULL || m->ports == NULL || m->waiting == NULL ||
      m->to_route == NULL || !create_credits(m) || !fill_next_hops(m)) {
    return rs_arena_failed(m->arena, diag);
  }
  return RS_OK;
}

rs_status rs__adaptive_create(rs__machine *m, uint32_t makers, rs_diag *diag) {
  const rs_timing *t = m->timing;
  rs_status status = check_config(m, diag);
  if (status != RS_OK) return status;
  m->channels = m->config->channels != 0 ? m->config->channels
                                         : RS_MAX(longest_path(m->wiring, m->config), UINT32_C(1));
  m->buffer = m->config->buffer_vectors;
  m->slot_whole = t->slot_num / t->slot_den;
  m->slot_rest = t->slot_num % t->slot_den;
  m->free_packet = RS__NO_PACKET;
  status = allocate(m, diag);
  if (status != RS_OK) return status;
  int64_t latency_max = 0;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) {
    const rs_link *link = &m->wiring->links[l];
    m->ports[l] = (rs__port){.to = link->to, .latency_cycles = rs_timing_latency(t, link)};
    latency_max = RS_MAX(latency_max, m->ports[l].latency_cycles);
  }
  for (size_t l = 0; l < (size_t)m->wiring->link_count * m->channels; l++) {
    m->lanes[l] = (rs__lane){
        .buffer.head = RS__NO_PACKET, .waiting.head = RS__NO_PACKET, .credits = m->buffer};
  }
  rs_random_init(&m->random, m->config->seed, 0);
  m->maker_first = 2 * m->wiring->link_count;
  m->packet_first = m->maker_first + makers;
  return rs__wheel_init(m->arena, &m->wheel,
                        RS_MAX(latency_max + m->config->router_cycles, m->slot_whole + 1),
                        m->packet_first + m->packet_capacity, diag);
}

/* ---- the loop ---- */

#define AGE_CHECK_EVENTS (UINT64_C(1) << 22)

static rs_status do_event(rs__machine *m, const rs__adaptive_source *source, uint32_t node,
                          rs_diag *diag) {
  uint32_t index;
  if (node >= m->maker_first && node < m->packet_first) {
    rs_status status = source->make(m, node - m->maker_first, diag);
    if (status != RS_OK) return status;
  } else if (rs__adaptive_handle(m, node, &index)) {
    source->arrive(m, &m->packets[index]);
    rs__adaptive_release(m, index);
  }
  rs__adaptive_route_pending(m);
  return m->failed ? rs_arena_failed(m->arena, diag) : RS_OK;
}

rs_status rs__adaptive_run(rs__machine *m, const rs__adaptive_source *source, int64_t end_cycles,
                           rs_diag *diag) {
  uint32_t node;
  rs_status status = RS_OK;
  while (rs__wheel_pop(&m->wheel, &node)) {
    if (m->wheel.now > end_cycles) return RS_OK;
    status = do_event(m, source, node, diag);
    if (status != RS_OK) return status;
    if (++m->result->events % AGE_CHECK_EVENTS == 0) status = rs__adaptive_check_ages(m, diag);
    if (status != RS_OK || source->is_complete(m)) return status;
  }
  return rs__adaptive_check_drained(m, diag);
}

/* ---- traffic ---- */

typedef struct traffic_source {
  const rs_traffic_run *run;
  rs__latency latency;
  uint32_t *to; /* [chip] where its next packet goes */
} traffic_source;

static rs_status ask_traffic(rs__machine *m, uint32_t chip, int64_t time, rs_diag *diag) {
  traffic_source *s = m->source;
  uint32_t to;
  if (!s->run->next(s->run->context, chip, &time, &to)) return RS_OK;
  assert(to < m->wiring->chip_count);
  if (to == chip || rs__adaptive_distance(m, chip, to) == UINT8_MAX) {
    return rs_diag_set(diag, RS_E_INPUT, "traffic from chip %u to chip %u: there is no path", chip,
                       to);
  }
  s->to[chip] = to;
  /* The SRAM read comes first; the packet asks for its link when the read is done. */
  rs__wheel_push(&m->wheel, time + m->timing->send_cycles, m->maker_first + chip);
  return RS_OK;
}

static rs_status make_packet(rs__machine *m, uint32_t chip, rs_diag *diag) {
  traffic_source *s = m->source;
  int64_t made = m->wheel.now - m->timing->send_cycles;
  uint32_t index = rs__adaptive_inject(m, chip, s->to[chip], made);
  if (index == RS__NO_PACKET) return rs_arena_failed(m->arena, diag);
  m->packets[index].measured = rs__latency_is_measured(s->run, made);
  m->result->measured += m->packets[index].measured ? 1 : 0;
  return ask_traffic(m, chip, made, diag);
}

static void take_packet(rs__machine *m, const rs__packet *p) {
  traffic_source *s = m->source;
  int64_t now = m->wheel.now;
  if (rs__latency_is_measured(s->run, now)) m->result->accepted++;
  if (!p->measured) return;
  rs__latency_record(&s->latency, p->made_cycles,
                     (double)(now + m->timing->receive_cycles - p->made_cycles));
  m->result->arrived++;
}

/* All that was made inside the window is made once the time of its end has come out of the SRAM. */
static bool measurement_is_complete(const rs__machine *m) {
  const traffic_source *s = m->source;
  return m->wheel.now - m->timing->send_cycles >= s->run->measure_to_cycles &&
         m->result->arrived == m->result->measured;
}

static void note_links(const rs__machine *m) {
  rs_traffic_result *r = m->result;
  r->end_cycles = m->wheel.now;
  r->busiest_link = RS_NONE;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) {
    if (m->ports[l].sent <= r->busiest_link_vectors) continue;
    r->busiest_link = l;
    r->busiest_link_vectors = m->ports[l].sent;
  }
}

static rs_status run_traffic(rs__machine *m, rs_diag *diag) {
  static const rs__adaptive_source source = {
      .make = make_packet, .arrive = take_packet, .is_complete = measurement_is_complete};
  traffic_source *s = m->source;
  for (uint32_t chip = 0; chip < m->wiring->chip_count; chip++) {
    rs_status status = ask_traffic(m, chip, 0, diag);
    if (status != RS_OK) return status;
  }
  rs_status status = rs__adaptive_run(m, &source, s->run->end_cycles, diag);
  m->result->saturated = m->result->arrived < m->result->measured;
  note_links(m);
  rs__latency_summarise(&s->latency, m->result);
  return status;
}

rs_status rs_adaptive_simulate(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                               const rs_adaptive_config *config, const rs_traffic_run *run,
                               rs_traffic_result *result, rs_diag *diag) {
  rs_adaptive_config effective = *config;
  if (effective.age_cycles_max == 0) effective.age_cycles_max = INT64_C(1) << 40;
  traffic_source source = {.run = run};
  rs__machine m = {.wiring = wiring,
                   .timing = timing,
                   .config = &effective,
                   .result = result,
                   .arena = arena,
                   .source = &source};
  *result = (rs_traffic_result){0};
  rs_status status = rs__latency_check_run(run, diag);
  if (status == RS_OK) status = rs__adaptive_create(&m, wiring->chip_count, diag);
  if (status == RS_OK) status = rs__latency_init(arena, run, &source.latency, diag);
  if (status != RS_OK) return status;
  source.to = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  if (source.to == NULL) return rs_arena_failed(arena, diag);
  return run_traffic(&m, diag);
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

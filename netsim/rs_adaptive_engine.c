/*
 * What a packet meets. The loop has two kinds of event for a hop: a packet becomes ready at the next
 * router (arrival and router delay in one), and a busy link becomes free while something waits for it.
 * Credits come back lazily: a link keeps the times at which they do, in order, and is woken at the
 * first of them only when a packet waits for want of one.
 */
#include <string.h>

#include "rs__adaptive.h"

/* ---- packets and lists ---- */

static uint32_t take_packet(rs__machine *m) {
  if (m->free_packet != RS__NO_PACKET) {
    uint32_t index = m->free_packet;
    m->free_packet = m->packets[index].next;
    return index;
  }
  if (m->packet_count == m->packet_capacity) {
    uint32_t capacity = m->packet_capacity * 2;
    rs__packet *larger = RS_ARENA_NEW(m->arena, rs__packet, capacity);
    if (larger == NULL || capacity > UINT32_MAX / 2 - m->packet_first ||
        rs__wheel_grow(m->arena, &m->wheel, m->packet_first + capacity, NULL) != RS_OK) {
      m->failed = true;
      return RS__NO_PACKET;
    }
    memcpy(larger, m->packets, m->packet_count * sizeof *larger);
    m->packets = larger;
    m->packet_capacity = capacity;
  }
  return m->packet_count++;
}

void rs__adaptive_release(rs__machine *m, uint32_t index) {
  m->packets[index].next = m->free_packet;
  m->free_packet = index;
  m->under_way--;
}

/* A packet at the head of a buffer is also in a waiting list, hence two chains. */
static void push_buffer(rs__machine *m, rs__fifo *list, uint32_t index) {
  m->packets[index].next = RS__NO_PACKET;
  if (list->head == RS__NO_PACKET) {
    list->head = index;
  } else {
    m->packets[list->tail].next = index;
  }
  list->tail = index;
}

static void push_waiting(rs__machine *m, rs__fifo *list, uint32_t index) {
  m->packets[index].wait_next = RS__NO_PACKET;
  if (list->head == RS__NO_PACKET) {
    list->head = index;
  } else {
    m->packets[list->tail].wait_next = index;
  }
  list->tail = index;
}

/* ---- routing ---- */

/* The shortest queue among minimal links; the search starts at a place that depends on the packet, so
 * that ties spread without a random number a hop. */
static uint32_t pick_of_list(const rs__machine *m, const uint32_t *links, uint32_t count,
                             uint32_t salt) {
  if (count == 1) return links[0];
  uint32_t turn = (uint32_t)((uint64_t)salt * count >> 32);
  uint32_t best = links[turn];
  for (uint32_t k = 1; k < count && m->waiting[best] > 0; k++) {
    if (++turn == count) turn = 0;
    if (m->waiting[links[turn]] < m->waiting[best]) best = links[turn];
  }
  return best;
}

/* The same where a table would be too large: the minimal links are found and then picked from. */
static uint32_t pick_by_search(const rs__machine *m, uint32_t chip, uint32_t target,
                               uint32_t salt) {
  const rs_wiring *w = m->wiring;
  uint8_t here = rs__adaptive_distance(m, chip, target);
  uint32_t minimal[RS__MINIMAL_LINKS_MAX];
  uint32_t count = 0;
  for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
    if (rs__adaptive_distance(m, w->links[l].to, target) + 1 != here) continue;
    if (count < RS__MINIMAL_LINKS_MAX) minimal[count++] = l;
  }
  return pick_of_list(m, minimal, count, salt);
}

static uint32_t pick_link(const rs__machine *m, uint32_t chip, uint32_t target, uint32_t salt) {
  if (m->hops.entry == NULL) return pick_by_search(m, chip, target, salt);
  uint32_t entry = m->hops.entry[(size_t)chip * m->wiring->chip_count + target];
  if (entry < RS__HOPS_LIST) return entry;
  const uint32_t *list = &m->hops.lists[entry - RS__HOPS_LIST];
  return pick_of_list(m, list + 1, list[0], salt);
}

static uint32_t salt_of(uint32_t index, const rs__packet *p) {
  return (uint32_t)(rs_mix_u64(index ^ (uint64_t)p->made_cycles << 20) >> 32);
}

/* UGAL-L compares queue length times hops of the minimal path and of one random detour. */
static void choose_path(rs__machine *m, rs__packet *p, uint32_t from, uint32_t salt) {
  p->via = RS_NONE;
  if (m->config->routing == RS_ROUTING_MINIMAL) return;
  uint32_t via = (uint32_t)rs_random_below(&m->random, m->wiring->chip_count);
  if (via == from || via == p->to || rs__adaptive_distance(m, from, via) == UINT8_MAX ||
      rs__adaptive_distance(m, via, p->to) == UINT8_MAX) {
    return;
  }
  if (m->config->routing == RS_ROUTING_UGAL) {
    uint64_t direct = m->waiting[pick_link(m, from, p->to, salt)];
    uint64_t detour = m->waiting[pick_link(m, from, via, salt)];
    uint64_t direct_hops = rs__adaptive_distance(m, from, p->to);
    uint64_t detour_hops =
        (uint64_t)rs__adaptive_distance(m, from, via) + rs__adaptive_distance(m, via, p->to);
    if (direct * direct_hops <= detour * detour_hops) return;
  }
  p->via = via;
}

/* ---- links ---- */

/* Nodes: a link when it is free, and the same when a credit comes. */
static void wake_when_free(rs__machine *m, uint32_t link) {
  rs__port *port = &m->ports[link];
  if (port->free_due) return;
  port->free_due = true;
  rs__wheel_push(&m->wheel, port->free_cycles + (port->free_rest > 0 ? 1 : 0), link);
}

static void wake_at_credit(rs__machine *m, uint32_t link) {
  rs__port *port = &m->ports[link];
  const rs__credits *ring = &m->credits[link];
  if (port->credit_due || ring->count == 0) return;
  port->credit_due = true;
  int64_t time = ring->times[ring->first & ring->mask] / RS_ADAPTIVE_CHANNELS_MAX;
  rs__wheel_push(&m->wheel, time, m->wiring->link_count + link);
}

static void collect_credits(rs__machine *m, uint32_t link) {
  rs__credits *ring = &m->credits[link];
  int64_t until = (m->wheel.now + 1) * RS_ADAPTIVE_CHANNELS_MAX;
  rs__lane *lanes = &m->lanes[link * m->channels];
  while (ring->count > 0 && ring->times[ring->first & ring->mask] < until) {
    lanes[ring->times[ring->first & ring->mask] % RS_ADAPTIVE_CHANNELS_MAX].credits++;
    ring->first++;
    ring->count--;
  }
}

static bool grow_credits(rs__machine *m, rs__credits *ring) {
  uint32_t places = ring->mask + 1;
  int64_t *larger = RS_ARENA_NEW(m->arena, int64_t, (size_t)places * 2);
  if (larger == NULL) return false;
  for (uint32_t i = 0; i < places; i++) larger[i] = ring->times[(ring->first + i) & ring->mask];
  *ring = (rs__credits){.times = larger, .mask = places * 2 - 1, .count = places};
  return true;
}

/* A place in the buffer of a lane is free: its credit travels back to the sender. A link that is not waiting
 * for it looks when it sends next. */
static void return_credit(rs__machine *m, uint32_t link, uint32_t channel) {
  rs__port *port = &m->ports[link];
  rs__credits *ring = &m->credits[link];
  if (ring->count > ring->mask) collect_credits(m, link); /* before it has to grow */
  if (ring->count > ring->mask && !grow_credits(m, ring)) {
    m->failed = true;
    return;
  }
  int64_t time = m->wheel.now + port->latency_cycles;
  ring->times[(ring->first + ring->count++) & ring->mask] =
      time * RS_ADAPTIVE_CHANNELS_MAX + channel;
  if (port->is_starved) wake_at_credit(m, link);
}

/* The packet leaves the buffer that it held. The next head gets its route once this event is done
 * with: a chain of departures through the whole network must not be a chain of calls. */
static void leave_buffer(rs__machine *m, uint32_t lane) {
  rs__fifo *buffer = &m->lanes[lane].buffer;
  return_credit(m, lane / m->channels, lane % m->channels);
  buffer->head = m->packets[buffer->head].next;
  if (buffer->head != RS__NO_PACKET) m->to_route[m->to_route_count++] = lane;
}

/* A busy link is free inside a cycle and sends at the next: the rest of the cycle is not lost. */
static void occupy(rs__machine *m, rs__port *port) {
  int64_t now = m->wheel.now;
  bool was_busy = port->free_cycles >= now || (port->free_cycles == now - 1 && port->free_rest > 0);
  if (!was_busy) {
    port->free_cycles = now;
    port->free_rest = 0;
  }
  port->free_cycles += m->slot_whole;
  port->free_rest += m->slot_rest;
  if (port->free_rest >= m->timing->slot_den) {
    port->free_rest -= m->timing->slot_den;
    port->free_cycles++;
  }
}

/* Sends a packet, which is in no waiting list, across a link that is free, with a credit of its channel. */
static void cross_link(rs__machine *m, uint32_t index, uint32_t link, uint32_t channel) {
  rs__port *port = &m->ports[link];
  rs__packet *p = &m->packets[index];
  uint32_t held = p->at;
  p->at = link * m->channels + channel;
  m->lanes[p->at].credits--;
  port->sent++;
  p->hops++;
  m->result->hops++;
  occupy(m, port);
  if (port->to == p->via) p->via = RS_NONE;
  int64_t inside = port->to == p->to ? 0 : m->config->router_cycles;
  rs__wheel_push(&m->wheel, m->wheel.now + port->latency_cycles + inside, m->packet_first + index);
  if (held != RS_NONE) leave_buffer(m, held);
}

static void send_waiting(rs__machine *m, uint32_t link, uint32_t channel) {
  rs__fifo *waiting = &m->lanes[link * m->channels + channel].waiting;
  uint32_t index = waiting->head;
  waiting->head = m->packets[index].wait_next;
  if (waiting->head == RS__NO_PACKET) m->ports[link].lanes_waiting &= ~(UINT32_C(1) << channel);
  m->waiting[link]--;
  cross_link(m, index, link, channel);
}

static bool is_free(const rs__machine *m, const rs__port *port) {
  return port->free_cycles + (port->free_rest > 0 ? 1 : 0) <= m->wheel.now;
}

/* The first channel from the port's turn on that has a packet and a credit; RS_NONE: none has. */
static uint32_t find_channel(const rs__machine *m, uint32_t link) {
  const rs__port *port = &m->ports[link];
  uint32_t low = (UINT32_C(1) << port->turn) - 1;
  uint32_t parts[2] = {port->lanes_waiting & ~low, port->lanes_waiting & low};
  for (int part = 0; part < 2; part++) {
    for (uint32_t bits = parts[part]; bits != 0; bits &= bits - 1) {
      uint32_t channel = (uint32_t)__builtin_ctz(bits);
      if (m->lanes[link * m->channels + channel].credits > 0) return channel;
    }
  }
  return RS_NONE;
}

/* One vector if the link is free and some channel has a packet and a credit; then asks to be woken
 * when there is more to do. */
static void serve_link(rs__machine *m, uint32_t link) {
  rs__port *port = &m->ports[link];
  if (m->waiting[link] == 0) return;
  if (!is_free(m, port)) {
    wake_when_free(m, link);
    return;
  }
  collect_credits(m, link);
  uint32_t channel = find_channel(m, link);
  port->is_starved = channel == RS_NONE;
  if (port->is_starved) {
    wake_at_credit(m, link);
    return;
  }
  port->turn = channel + 1 == m->channels ? 0 : channel + 1;
  send_waiting(m, link, channel);
  if (m->waiting[link] > 0) wake_when_free(m, link);
}

/* Queues a packet for the link that its route takes next from `chip`. */
static void want_link(rs__machine *m, uint32_t index, uint32_t chip) {
  rs__packet *p = &m->packets[index];
  uint32_t target = p->via != RS_NONE ? p->via : p->to;
  uint32_t link = pick_link(m, chip, target, salt_of(index, p));
  uint32_t channel = RS_MIN((uint32_t)p->hops, m->channels - 1);
  if (m->waiting[link] == 0 &&
      is_free(m, &m->ports[link])) { /* as serve_link would, without lists */
    collect_credits(m, link);
    if (m->lanes[link * m->channels + channel].credits > 0) {
      m->ports[link].turn = channel + 1 == m->channels ? 0 : channel + 1;
      cross_link(m, index, link, channel);
      return;
    }
  }
  push_waiting(m, &m->lanes[link * m->channels + channel].waiting, index);
  m->ports[link].lanes_waiting |= UINT32_C(1) << channel;
  m->waiting[link]++;
  serve_link(m, link);
}

void rs__adaptive_route_pending(rs__machine *m) {
  while (m->to_route_count > 0) {
    uint32_t lane = m->to_route[--m->to_route_count];
    want_link(m, m->lanes[lane].buffer.head, m->ports[lane / m->channels].to);
  }
}

/* ---- events ---- */

uint32_t rs__adaptive_inject(rs__machine *m, uint32_t from, uint32_t to, int64_t made_cycles) {
  uint32_t index = take_packet(m);
  if (index == RS__NO_PACKET) return index;
  rs__packet *p = &m->packets[index];
  *p = (rs__packet){.made_cycles = made_cycles, .to = to, .at = RS_NONE, .message = RS_NONE};
  choose_path(m, p, from, salt_of(index, p));
  m->under_way++;
  m->result->packets++;
  want_link(m, index, from);
  return index;
}

static bool handle_ready(rs__machine *m, uint32_t index) {
  rs__packet *p = &m->packets[index];
  uint32_t held = p->at;
  uint32_t link = held / m->channels;
  uint32_t chip = m->ports[link].to;
  if (chip == p->to) {
    return_credit(m, link, held % m->channels); /* the destination takes a packet at once */
    return true;
  }
  rs__fifo *buffer = &m->lanes[held].buffer;
  bool first = buffer->head == RS__NO_PACKET;
  push_buffer(m, buffer, index);
  if (first) want_link(m, index, chip);
  return false;
}

bool rs__adaptive_handle(rs__machine *m, uint32_t node, uint32_t *index) {
  uint32_t links = m->wiring->link_count;
  if (node >= m->packet_first) {
    *index = node - m->packet_first;
    return handle_ready(m, *index);
  }
  if (node < links) {
    m->ports[node].free_due = false;
    serve_link(m, node);
  } else {
    m->ports[node - links].credit_due = false;
    serve_link(m, node - links);
  }
  return false;
}

/* When nothing moves: who waits for whom. */
#include <stdio.h>

#include "rs__adaptive.h"

static uint32_t lane_count(const rs__machine *m) {
  return m->wiring->link_count * m->channels;
}

/* Which buffer a head waits for: the lane of its next hop whose credits are all out. */
static uint32_t waits_for(const rs__machine *m, uint32_t index) {
  for (uint32_t l = 0; l < lane_count(m); l++) {
    for (uint32_t w = m->lanes[l].waiting.head; w != RS__NO_PACKET; w = m->packets[w].wait_next) {
      if (w == index) return l;
    }
  }
  return RS_NONE;
}

/* "0>1 channel 0, 1>2 channel 0": lanes first … end − 1 of a walk, as many as find room. */
static void name_lanes(const rs__machine *m, const uint32_t *lanes, size_t first, size_t end,
                       char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = first; i < end; i++) {
    char name[40];
    rs_wiring_link_name(m->wiring, lanes[i] / m->channels, name, sizeof name);
    if (used + sizeof name + 24 > size) {
      snprintf(text + used, size - used, ", …");
      return;
    }
    used += (size_t)snprintf(text + used, size - used, "%s%s channel %u", i == first ? "" : ", ",
                             name, lanes[i] % m->channels);
  }
}

/* From a packet to the lane that it waits for, to the packet that is first in that lane's buffer, and so on:
 * to a lane that comes again, which closes a cycle, or to a packet that waits for no lane. */
static size_t walk(const rs__machine *m, uint32_t index, uint32_t *lanes, size_t most,
                   size_t *again) {
  size_t count = 0;
  *again = most;
  while (index != RS__NO_PACKET && count < most) {
    uint32_t lane = waits_for(m, index);
    if (lane == RS_NONE) break;
    for (size_t i = 0; i < count && *again == most; i++) {
      if (lanes[i] == lane) *again = i;
    }
    if (*again < most) break;
    lanes[count++] = lane;
    index = m->lanes[lane].buffer.head;
  }
  return count;
}

static rs_status report_stuck(const rs__machine *m, uint32_t index, rs_diag *diag) {
  uint32_t lanes[256];
  char ports[300];
  size_t again;
  const rs__packet *p = &m->packets[index];
  size_t count = walk(m, index, lanes, RS_COUNT_OF(lanes), &again);
  bool is_cycle = again < RS_COUNT_OF(lanes);
  name_lanes(m, lanes, is_cycle ? again : 0, count, ports, sizeof ports);
  if (is_cycle) {
    return rs_diag_set(diag, RS_E_REFUSED,
                       "deadlock at cycle %lld: a packet made at cycle %lld for chip %u does not "
                       "move; a cycle of %zu full buffers, each waiting for the next: %s",
                       (long long)m->wheel.now, (long long)p->made_cycles, p->to, count - again,
                       ports);
  }
  return rs_diag_set(diag, RS_E_REFUSED,
                     "starvation at cycle %lld: a packet made at cycle %lld for chip %u does not "
                     "move; it and what is in front wait for: %s",
                     (long long)m->wheel.now, (long long)p->made_cycles, p->to, ports);
}

rs_status rs__adaptive_check_ages(const rs__machine *m, rs_diag *diag) {
  for (uint32_t l = 0; l < lane_count(m); l++) {
    uint32_t head = m->lanes[l].buffer.head;
    if (head == RS__NO_PACKET) continue;
    if (m->wheel.now - m->packets[head].made_cycles > m->config->age_cycles_max) {
      return report_stuck(m, head, diag);
    }
  }
  return RS_OK;
}

rs_status rs__adaptive_check_drained(const rs__machine *m, rs_diag *diag) {
  if (m->under_way == 0) return RS_OK;
  for (uint32_t l = 0; l < lane_count(m); l++) {
    if (m->lanes[l].buffer.head != RS__NO_PACKET) {
      return report_stuck(m, m->lanes[l].buffer.head, diag);
    }
  }
  return RS_OK;
}

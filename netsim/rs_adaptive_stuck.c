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

/* Follows who waits for whom until a port comes again; names at most eight ports. */
static rs_status report_stuck(const rs__machine *m, uint32_t index, rs_diag *diag) {
  char ports[200] = "";
  size_t used = 0;
  const rs__packet *p = &m->packets[index];
  uint32_t at = index;
  for (int step = 0; step < 8 && at != RS__NO_PACKET; step++) {
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

/*
 * Traffic as flows: the packets that the adaptive network would get, each a flow of one vector.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs__fluid_paths.h"
#include "rs__latency.h"
#include "rs_fluid.h"

typedef struct made {
  int64_t time_cycles;
  uint32_t from, to;
} made;

typedef struct traffic {
  rs_fluid *fluid;
  const rs_fluid_traffic_config *config;
  const rs_traffic_run *run;
  rs_arena *arena;
  made *packets;
  size_t packet_count, packet_capacity;
  rs__fluid_paths paths;
  rs_diag *diag;
} traffic;

/* ---- packets ---- */

static int compare_packets(const void *left, const void *right) {
  const made *a = left;
  const made *b = right;
  if (a->time_cycles != b->time_cycles) return a->time_cycles < b->time_cycles ? -1 : 1;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  return (a->to > b->to) - (a->to < b->to);
}

static rs_status keep_packet(traffic *t, const made *packet) {
  if (t->packet_count == RS_FLUID_FLOWS_MAX) {
    rs_diag_set(t->diag, RS_E_LIMIT, "traffic of more than %u packets is beyond the fluid network",
                RS_FLUID_FLOWS_MAX);
    rs_diag_expect(t->diag, "a smaller wiring or load");
    return RS_E_LIMIT;
  }
  if (t->packet_count == t->packet_capacity) {
    size_t capacity = t->packet_capacity == 0 ? 4096 : t->packet_capacity * 2;
    made *larger = RS_ARENA_NEW(t->arena, made, capacity);
    if (larger == NULL) return rs_arena_failed(t->arena, t->diag);
    if (t->packet_count > 0) memcpy(larger, t->packets, t->packet_count * sizeof *larger);
    t->packets = larger;
    t->packet_capacity = capacity;
  }
  t->packets[t->packet_count++] = *packet;
  return RS_OK;
}

static rs_status make_packets(traffic *t) {
  uint32_t n = t->fluid->wiring->chip_count;
  for (uint32_t chip = 0; chip < n; chip++) {
    made packet = {.from = chip};
    while (t->run->next(t->run->context, chip, &packet.time_cycles, &packet.to)) {
      assert(packet.to < n);
      if (packet.to == chip || t->config->distance[(size_t)chip * n + packet.to] == UINT8_MAX) {
        return rs_diag_set(t->diag, RS_E_INPUT, "traffic from chip %u to chip %u: there is no path",
                           chip, packet.to);
      }
      rs_status status = keep_packet(t, &packet);
      if (status != RS_OK) return status;
    }
  }
  qsort(t->packets, t->packet_count, sizeof *t->packets, compare_packets);
  return RS_OK;
}

/* ---- flows ---- */

static bool add_packet(traffic *t, const made *packet) {
  const rs_fluid *f = t->fluid;
  uint32_t path = rs__fluid_paths_find(&t->paths, packet->from, packet->to);
  if (path == RS_NONE) return false;
  rs__fluid_paths_count(&t->paths, path, 1);
  rs_flow flow = {.start_cycles = packet->time_cycles,
                  .vectors = 1,
                  .lead_cycles = rs__fluid_paths_lead(&t->paths, path),
                  .tail_cycles = f->timing.receive_cycles,
                  .path = path};
  return rs_fluid_add_flow(t->fluid, &flow, NULL, 0) != RS_NONE;
}

static rs_status add_packets(traffic *t) {
  for (size_t i = 0; i < t->packet_count; i++) {
    if (!add_packet(t, &t->packets[i])) return rs_arena_failed(t->arena, t->diag);
  }
  return RS_OK;
}

/* ---- reach ---- */

/*
 * What a run costs SimGrid, decided before it runs and alike on any machine: each beginning and end makes it
 * share out anew among the flows that are coupled with it. A link that is busy for a share ρ of the time
 * has ρ / (1 − ρ) flows in the mean, and a flow of h hops meets (h − 1) · ρ / (1 − ρ) others beyond the
 * link that it is seen on. Below 1 these chains die out and sets of coupled flows are small; above they
 * hold nearly all flows. The sixth power is a fit to runs on wirings of 40 to 264 chips.
 */
static double estimate_work(double flows, double under_way, double hops, double links) {
  double meets = (hops - 1) * under_way / links;
  return flows * (1 + under_way * pow(RS_MIN(meets, 1), 6));
}

static rs_status check_reach(const traffic *t, rs_diag *diag) {
  const rs_fluid *f = t->fluid;
  double slot = (double)f->timing.slot_num / (double)f->timing.slot_den;
  double window = (double)t->run->measure_to_cycles;
  double under_way = 0;
  double hops = 0;
  double most = t->config->work_max > 0 ? t->config->work_max : RS_FLUID_WORK_MAX;
  for (uint32_t l = 0; l < f->wiring->link_count; l++) {
    double vectors = (double)t->paths.link_vectors[l];
    double busy = vectors * slot / window;
    if (busy - 3 * sqrt(vectors) * slot / window >= 1) { /* not by the chance of a short run */
      char name[48];
      rs_wiring_link_name(f->wiring, l, name, sizeof name);
      return rs_diag_set(diag, RS_E_INFEASIBLE,
                         "saturated: on fixed paths link %s is offered %.2f of what it can carry",
                         name, busy);
    }
    busy = RS_MIN(busy, 0.98);
    under_way += busy / (1 - busy);
    hops += (double)t->paths.link_vectors[l];
  }
  hops /= RS_MAX((double)f->flow_count, 1);
  double work =
      estimate_work((double)f->flow_count, under_way, hops, (double)f->wiring->link_count);
  if (work <= most) return RS_OK;
  return rs_diag_set(diag, RS_E_LIMIT,
                     "beyond SimGrid's reach: %u flows with about %.0f under way at once, which it "
                     "shares out anew for every one",
                     f->flow_count, under_way / hops);
}

/* ---- results ---- */

static void note_links(const traffic *t, rs_traffic_result *result) {
  for (uint32_t l = 0; l < t->fluid->wiring->link_count; l++) {
    result->hops += t->paths.link_vectors[l];
    if (t->paths.link_vectors[l] <= result->busiest_link_vectors) continue;
    result->busiest_link = l;
    result->busiest_link_vectors = t->paths.link_vectors[l];
  }
}

static rs_status summarise(const traffic *t, const rs_fluid_result *run_result,
                           rs_traffic_result *result) {
  const rs_fluid *f = t->fluid;
  rs__latency latency;
  rs_status status = rs__latency_init(t->arena, t->run, &latency, t->diag);
  if (status != RS_OK) return status;
  for (uint32_t i = 0; i < f->flow_count; i++) {
    const rs_flow *flow = &f->flows[i];
    const rs_flow_times *times = &run_result->times[i];
    double at_port = times->end_cycles - (double)flow->tail_cycles;
    if (at_port >= (double)t->run->measure_from_cycles &&
        at_port < (double)t->run->measure_to_cycles) {
      result->accepted++;
    }
    if (!rs__latency_is_measured(t->run, flow->start_cycles)) continue;
    result->measured++;
    if (at_port > (double)t->run->end_cycles) {
      result->saturated = true;
      continue;
    }
    result->arrived++;
    rs__latency_record(&latency, flow->start_cycles,
                       times->end_cycles - (double)flow->start_cycles);
  }
  note_links(t, result);
  rs__latency_summarise(&latency, result);
  result->packets = f->flow_count;
  result->end_cycles = (int64_t)ceil(run_result->end_cycles);
  return RS_OK;
}

rs_status rs_fluid_traffic(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                           const rs_fluid_traffic_config *config, const rs_traffic_run *run,
                           const rs_fluid_options *options, rs_traffic_result *result,
                           rs_diag *diag) {
  rs_fluid_result run_result;
  traffic t = {.config = config, .run = run, .arena = arena, .diag = diag};
  *result = (rs_traffic_result){.busiest_link = RS_NONE};
  t.fluid = rs_fluid_create(arena, wiring, timing);
  if (t.fluid == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs__latency_check_run(run, diag);
  if (status == RS_OK) status = rs__fluid_paths_create(&t.paths, t.fluid, config, diag);
  if (status == RS_OK) status = make_packets(&t);
  if (status == RS_OK) status = add_packets(&t);
  if (status == RS_OK) status = check_reach(&t, diag);
  if (status == RS_OK) status = rs_fluid_run(t.fluid, options, &run_result, diag);
  if (status == RS_OK) status = summarise(&t, &run_result, result);
  return status;
}

/*
 * Traffic as flows: the packets that the adaptive network would get, each a flow of one vector. Every pair
 * of chips has one path, fixed when its first packet comes: at every chip the minimal link that the
 * fewest pairs were given, so that parallel ways are used alike.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs__latency.h"
#include "rs_fluid.h"
#include "rs_random.h"

#define CHIPS_MAX 4096 /* a table of all pairs */

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
  uint32_t *path_of;      /* [from · chips + to] */
  uint32_t *link_pairs;   /* [link] pairs whose path uses it */
  uint64_t *link_vectors; /* [link] */
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

/* ---- paths ---- */

/* Among equals a hash of the pair decides. */
static uint32_t pick_link(traffic *t, uint32_t at, uint32_t to, uint64_t salt) {
  const rs_wiring *w = t->fluid->wiring;
  uint32_t first = w->out_first[at];
  uint32_t degree = rs_wiring_out_degree(w, at);
  uint8_t here = t->config->distance[(size_t)at * w->chip_count + to];
  uint32_t turn = (uint32_t)(rs_mix_u64(salt) % degree);
  uint32_t best = RS_NONE;
  for (uint32_t k = 0; k < degree; k++) {
    uint32_t link = first + (turn + k) % degree;
    uint32_t next = w->links[link].to;
    if (t->config->distance[(size_t)next * w->chip_count + to] + 1 != here) continue;
    if (best == RS_NONE || t->link_pairs[link] < t->link_pairs[best]) best = link;
  }
  assert(best != RS_NONE); /* distances are those of the wiring */
  t->link_pairs[best]++;
  return best;
}

static uint32_t find_path(traffic *t, uint32_t from, uint32_t to) {
  const rs_wiring *w = t->fluid->wiring;
  uint32_t *known = &t->path_of[(size_t)from * w->chip_count + to];
  uint32_t links[UINT8_MAX];
  uint32_t count = 0;
  if (*known != RS_NONE) return *known;
  for (uint32_t at = from; at != to; at = w->links[links[count++]].to) {
    uint64_t pair = (uint64_t)from << 32 | to;
    links[count] = pick_link(t, at, to, rs_mix_u64(pair) ^ at);
  }
  *known = rs_fluid_add_path(t->fluid, links, count);
  return *known;
}

static bool add_packet(traffic *t, const made *packet) {
  const rs_fluid *f = t->fluid;
  uint32_t path = find_path(t, packet->from, packet->to);
  if (path == RS_NONE) return false;
  int64_t lead = f->timing.send_cycles - t->config->router_cycles;
  for (uint32_t i = f->path_first[path]; i < f->path_first[path + 1]; i++) {
    const rs_link *link = &f->wiring->links[f->path_links[i]];
    lead += rs_timing_latency(&f->timing, link) + t->config->router_cycles;
    t->link_vectors[f->path_links[i]]++;
  }
  rs_flow flow = {.start_cycles = packet->time_cycles,
                  .vectors = 1,
                  .lead_cycles = lead,
                  .tail_cycles = f->timing.receive_cycles,
                  .path = path};
  return rs_fluid_add_flow(t->fluid, &flow, NULL, 0) != RS_NONE;
}

static rs_status add_packets(traffic *t) {
  uint32_t n = t->fluid->wiring->chip_count;
  if (n > CHIPS_MAX) {
    rs_diag_set(t->diag, RS_E_LIMIT, "traffic on %u chips is beyond the fluid network's reach", n);
    rs_diag_expect(t->diag, "at most %d chips", CHIPS_MAX);
    return RS_E_LIMIT;
  }
  t->path_of = RS_ARENA_NEW(t->arena, uint32_t, (size_t)n * n);
  t->link_pairs = RS_ARENA_NEW(t->arena, uint32_t, t->fluid->wiring->link_count);
  t->link_vectors = RS_ARENA_NEW(t->arena, uint64_t, t->fluid->wiring->link_count);
  if (t->path_of == NULL || t->link_pairs == NULL || t->link_vectors == NULL) {
    return rs_arena_failed(t->arena, t->diag);
  }
  for (size_t i = 0; i < (size_t)n * n; i++) t->path_of[i] = RS_NONE;
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
    double vectors = (double)t->link_vectors[l];
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
    hops += (double)t->link_vectors[l];
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
    result->hops += t->link_vectors[l];
    if (t->link_vectors[l] <= result->busiest_link_vectors) continue;
    result->busiest_link = l;
    result->busiest_link_vectors = t->link_vectors[l];
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
  if (status == RS_OK) status = make_packets(&t);
  if (status == RS_OK) status = add_packets(&t);
  if (status == RS_OK) status = check_reach(&t, diag);
  if (status == RS_OK) status = rs_fluid_run(t.fluid, options, &run_result, diag);
  if (status == RS_OK) status = summarise(&t, &run_result, result);
  return status;
}

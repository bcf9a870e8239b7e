/*
 * A traffic point: latency of vectors at an offered load, on packets in queues, on flows that share, or
 * on a timetable.
 *
 * Adaptive, fluid: warm up, measure, drain (rs_traffic.h). Scheduled: an all-to-all of one vector a pair is
 * compiled and proved, and repeated at its least period (rs_periodic.h). A program on a timetable
 * makes a vector when its slot comes, so its latency is what the timetable says, at any load that the
 * period can carry; beyond it the rest is not accepted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs__proof.h"
#include "rs__result.h"
#include "rs_collective.h"
#include "rs_fluid.h"
#include "rs_measure.h"
#include "rs_periodic.h"

static const char *const traffic_columns[] = {"topology",
                                              "network",
                                              "routing",
                                              "pattern",
                                              "offered_load",
                                              "accepted_load",
                                              "latency_mean_s",
                                              "latency_p99_s",
                                              "latency_max_s",
                                              "latency_p50_s",
                                              "latency_half_width_s",
                                              "saturated",
                                              "reason",
                                              "chip",
                                              "buffer_vectors",
                                              "capacity_vectors_per_slot_chip",
                                              "packets",
                                              "vector_hops",
                                              "events",
                                              "period_cycles",
                                              "busiest_link",
                                              "busiest_link_vectors",
                                              "measure_slots"};

const char *const *rs__result_traffic_columns(size_t *count) {
  *count = RS_COUNT_OF(traffic_columns);
  return traffic_columns;
}

/* In slots. Draining takes at most four times as long as the measurement. */
typedef struct window {
  int64_t warm, measure;
  double work_max; /* of the fluid network; 0: its own */
} window;

/* ---- distances ---- */

/* All pairs, a breadth-first search a source. */
uint8_t *rs__result_distances(rs_arena *arena, const rs_wiring *w, uint64_t *sum) {
  uint32_t n = w->chip_count;
  uint8_t *distance = RS_ARENA_NEW(arena, uint8_t, (size_t)n * n);
  uint32_t *queue = RS_ARENA_NEW(arena, uint32_t, n);
  *sum = 0;
  if (distance == NULL || queue == NULL) return NULL;
  memset(distance, UINT8_MAX, (size_t)n * n);
  for (uint32_t source = 0; source < n; source++) {
    uint8_t *row = distance + (size_t)source * n;
    uint32_t count = 1;
    row[source] = 0;
    queue[0] = source;
    for (uint32_t head = 0; head < count; head++) {
      uint32_t chip = queue[head];
      for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
        uint32_t to = w->links[l].to;
        if (row[to] != UINT8_MAX || row[chip] >= UINT8_MAX - 1) continue;
        row[to] = (uint8_t)(row[chip] + 1);
        *sum += row[to];
        queue[count++] = to;
      }
    }
  }
  return distance;
}

/* ---- packets: the adaptive and the fluid network ---- */

/* Saturated: less came out in the window than went in, by more than 3 % and more than three standard
 * errors of such a count. (A load that is carried differs by the noise of a finite window.) */
static bool is_behind(const rs_traffic_result *a) {
  double made = (double)a->measured;
  double accepted = (double)a->accepted;
  return accepted < 0.97 * made && accepted < made - 3 * sqrt(made);
}

static void fill_latencies(const rs_point *point, const rs_traffic_result *a, rs_result *r) {
  double clock = (double)point->chip->timing.clock_hz;
  rs_result_set_double(r, "latency_mean_s", a->latency_mean_cycles / clock);
  rs_result_set_double(r, "latency_p50_s", (double)a->latency_p50_cycles / clock);
  rs_result_set_double(r, "latency_p99_s", (double)a->latency_p99_cycles / clock);
  rs_result_set_double(r, "latency_max_s", (double)a->latency_max_cycles / clock);
  rs_result_set_double(r, "latency_half_width_s", a->latency_half_width_cycles / clock);
}

static void fill_packets(rs_arena *arena, const rs_point *point, const rs_traffic_result *a,
                         double load_of_packets, rs_result *r) {
  char name[48];
  bool behind = is_behind(a);
  rs_result_set_double(r, "accepted_load", (double)a->accepted * load_of_packets);
  rs_result_set_i64(r, "saturated", a->saturated || behind ? 1 : 0);
  rs_result_set_i64(r, "packets", (int64_t)a->packets);
  rs_result_set_i64(r, "vector_hops", (int64_t)a->hops);
  if (a->events > 0) rs_result_set_i64(r, "events", (int64_t)a->events);
  if (a->busiest_link != RS_NONE) {
    rs_wiring_link_name(point->wiring, a->busiest_link, name, sizeof name);
    rs_result_set_text(arena, r, "busiest_link", name);
    rs_result_set_i64(r, "busiest_link_vectors", (int64_t)a->busiest_link_vectors);
  }
  if (!a->saturated && !behind) {
    fill_latencies(point, a, r);
    return;
  }
  rs_result_set_text(arena, r, "reason",
                     "saturated: less is accepted than offered; latencies grow with the length of "
                     "the run and are left out");
}

/* What is asked for: warm-up is half of the measurement. */
static window whole_window(const rs_point *point) {
  return (window){.warm = point->measure_slots / 2, .measure = point->measure_slots};
}

/* The shortest that says something, for where SimGrid cannot do a longer one: warm-up as long as the slowest
 * vector takes through an empty network and a tenth more, so that as much comes out as goes in, and SHORT_SLOTS
 * of measurement, which are thousands of vectors on any wiring that is so large that it is needed. The limit
 * of work is about 20 s of SimGrid. */
enum { SHORT_SLOTS = 40 };
#define SHORT_WORK_MAX 1.3e8

static window short_window(const rs_point *point, const uint8_t *distance) {
  const rs_timing *t = &point->chip->timing;
  size_t n = point->wiring->chip_count;
  int64_t hops = 0, latency = 0;
  for (size_t i = 0; i < n * n; i++) {
    if (distance[i] != UINT8_MAX) hops = RS_MAX(hops, (int64_t)distance[i]);
  }
  for (uint32_t l = 0; l < point->wiring->link_count; l++) {
    latency = RS_MAX(latency, rs_timing_latency(t, &point->wiring->links[l]));
  }
  int64_t inside = RS_MAX(hops - 1, INT64_C(0)) * t->forward_cycles;
  int64_t cycles = t->send_cycles + hops * latency + inside + t->receive_cycles;
  int64_t slots = rs_mul_ceil_div_i64(cycles, t->slot_den, t->slot_num);
  return (window){.warm = rs_ceil_div_i64(slots * 11, 10),
                  .measure = RS_MIN(point->measure_slots, (int64_t)SHORT_SLOTS),
                  .work_max = SHORT_WORK_MAX};
}

static rs_status run_network(rs_arena *scratch, const rs_point *point, const uint8_t *distance,
                             const window *w, const rs_traffic_run *run, rs_traffic_result *result,
                             rs_diag *diag) {
  const rs_timing *timing = &point->chip->timing;
  if (point->network == RS_NETWORK_FLUID) {
    const rs_fluid_options options = {.program = rs__result_simgrid_program()};
    const rs_fluid_traffic_config config = {
        .distance = distance, .router_cycles = timing->forward_cycles, .work_max = w->work_max};
    return rs_fluid_traffic(scratch, point->wiring, timing, &config, run, &options, result, diag);
  }
  const rs_adaptive_config config = {.routing = point->routing,
                                     .distance = distance,
                                     .router_cycles = timing->forward_cycles,
                                     .buffer_vectors = point->buffer_vectors,
                                     .channels = point->virtual_channels,
                                     .seed = point->seed};
  return rs_adaptive_simulate(scratch, point->wiring, timing, &config, run, result, diag);
}

static rs_status simulate(rs_arena *scratch, const rs_point *point, const uint8_t *distance,
                          uint64_t distance_sum, const window *w, rs_traffic_result *result,
                          rs_diag *diag) {
  const rs_timing *timing = &point->chip->timing;
  rs_traffic *traffic;
  rs_traffic_config make = point->traffic;
  make.seed = point->seed;
  make.end_cycles = rs_timing_slots(timing, w->warm + w->measure);
  make.distance_sum = distance_sum;
  rs_status status = rs_traffic_create(scratch, point->wiring, timing, &make, &traffic, diag);
  const rs_traffic_run run = {.next = rs_traffic_draw,
                              .context = traffic,
                              .measure_from_cycles = rs_timing_slots(timing, w->warm),
                              .measure_to_cycles = make.end_cycles,
                              .end_cycles = rs_timing_slots(timing, w->warm + w->measure * 5)};
  return status == RS_OK ? run_network(scratch, point, distance, w, &run, result, diag) : status;
}

static rs_status run_packets(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                             const uint8_t *distance, uint64_t distance_sum, rs_result *r,
                             rs_diag *diag) {
  rs_traffic_result result;
  rs_diag why = {0};
  window w = whole_window(point);
  rs_status status = simulate(scratch, point, distance, distance_sum, &w, &result, &why);
  if (status == RS_E_LIMIT && point->network == RS_NETWORK_FLUID) {
    w = short_window(point, distance);
    status = simulate(scratch, point, distance, distance_sum, &w, &result, &why);
  }
  if (status != RS_OK) return rs__result_explain(arena, status, &why, r, diag);
  double capacity = rs_traffic_capacity(point->wiring, distance_sum);
  double whole = capacity * (double)w.measure * point->wiring->chip_count;
  rs_result_set_i64(r, "measure_slots", w.measure);
  fill_packets(arena, point, &result, 1 / whole, r);
  return RS_OK;
}

/* ---- the timetable ---- */

static int compare_times(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left;
  int64_t b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

/* Latency of every pair: from when its vector is read from SRAM to when it is in SRAM at the other
 * end. The last burst into a block of a chip's result ends it; the first one out of a chip's block of
 * input begins it. */
static rs_status find_latencies(rs_arena *scratch, const rs_schedule *s, const rs_wiring *w,
                                int64_t **latencies, size_t *count, rs_diag *diag) {
  size_t n = w->chip_count;
  int64_t *begin = RS_ARENA_NEW(scratch, int64_t, n * n); /* [source · n + destination] */
  int64_t *end = RS_ARENA_NEW(scratch, int64_t, n * n);
  *latencies = RS_ARENA_NEW(scratch, int64_t, n * n);
  *count = 0;
  if (begin == NULL || end == NULL || *latencies == NULL) return rs_arena_failed(scratch, diag);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    const rs_link *link = &w->links[b->link];
    if (b->source == RS_BUFFER_IN) {
      begin[link->from * n + (size_t)b->source_offset] = b->start_cycles - s->timing.send_cycles;
    }
    if (b->target == RS_BUFFER_OUT) {
      end[(size_t)b->target_offset * n + link->to] =
          rs_burst_arrival(&s->timing, link, b, b->count - 1) + s->timing.receive_cycles;
    }
  }
  for (size_t i = 0; i < n * n; i++) {
    if (end[i] > 0) (*latencies)[(*count)++] = end[i] - begin[i];
  }
  qsort(*latencies, *count, sizeof **latencies, compare_times);
  return RS_OK;
}

static rs_status compile_timetable(rs_arena *scratch, const rs_point *point, const char *algorithm,
                                   rs_schedule **schedule, rs_diag *diag) {
  uint32_t n = point->wiring->chip_count;
  const rs_timing *timing = &point->chip->timing;
  uint32_t *chips = RS_ARENA_NEW(scratch, uint32_t, n);
  rs_calendar *calendar = rs_calendar_create(scratch, point->wiring, timing);
  *schedule = rs_schedule_create(scratch, point->wiring, point->topology, timing);
  if (chips == NULL || calendar == NULL || *schedule == NULL) return rs_arena_failed(scratch, diag);
  for (uint32_t i = 0; i < n; i++) chips[i] = i;
  rs_compile_report report;
  const rs_collective_request request = {.kind = RS_ALL_TO_ALL,
                                         .algorithm = algorithm,
                                         .chips = chips,
                                         .chip_count = n,
                                         .root = RS_NONE,
                                         .block_bytes = timing->vector_bytes};
  return rs_collective_compile(*schedule, point->wiring, calendar, &request, NULL, &report, diag);
}

/* Repeated, the algorithm with the least period carries most; a single run says little about it. */
static rs_status best_timetable(rs_arena *scratch, const rs_point *point, rs_schedule **schedule,
                                int64_t *period, rs_diag *diag) {
  size_t count;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  rs_status last = RS_E_INFEASIBLE;
  *schedule = NULL;
  for (size_t i = 0; i < count; i++) {
    rs_schedule *tried;
    int64_t tried_period;
    if (rows[i].kind != RS_ALL_TO_ALL) continue;
    rs_status status = compile_timetable(scratch, point, rows[i].name, &tried, diag);
    if (status == RS_OK) {
      status = rs_periodic_find(scratch, tried, point->wiring, &tried_period, diag);
    }
    if (status != RS_OK) last = status;
    if (status != RS_OK || (*schedule != NULL && tried_period >= *period)) continue;
    *schedule = tried;
    *period = tried_period;
  }
  return *schedule == NULL ? last : RS_OK;
}

static void fill_scheduled(rs_arena *arena, const rs_point *point, const rs_schedule *s,
                           const int64_t *latencies, size_t count, int64_t period, double capacity,
                           rs_result *r) {
  const rs_timing *t = &s->timing;
  double clock = (double)t->clock_hz;
  double slot = (double)t->slot_num / (double)t->slot_den;
  double most = (double)(point->wiring->chip_count - 1) * slot / (double)period / capacity;
  double offered = (double)point->traffic.load_ppm / 1e6;
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)latencies[i];
  size_t p99 = (count * 99 + 99) / 100 - 1;
  rs_result_set_i64(r, "period_cycles", period);
  rs_result_set_double(r, "accepted_load", RS_MIN(offered, most));
  rs_result_set_i64(r, "saturated", offered > most ? 1 : 0);
  if (offered > most) {
    rs_result_set_text(arena, r, "reason",
                       "saturated: the timetable carries accepted_load; the rest is not scheduled");
    return;
  }
  rs_result_set_double(r, "latency_mean_s", sum / (double)count / clock);
  rs_result_set_double(r, "latency_p50_s", (double)latencies[(count + 1) / 2 - 1] / clock);
  rs_result_set_double(r, "latency_p99_s", (double)latencies[p99] / clock);
  rs_result_set_double(r, "latency_max_s", (double)latencies[count - 1] / clock);
}

static rs_status run_scheduled(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                               uint64_t distance_sum, rs_result *r, rs_diag *diag) {
  rs_schedule *schedule;
  rs_proof proof;
  int64_t period;
  int64_t *latencies;
  size_t count;
  rs_status status = best_timetable(scratch, point, &schedule, &period, diag);
  if (status == RS_E_INFEASIBLE) {
    rs_result_set_text(arena, r, "reason", diag->what);
    return RS_OK;
  }
  if (status == RS_OK) status = rs__proof_run(schedule, point->wiring, &proof, diag);
  if (status == RS_E_REFUSED) {
    r->failed = true;
    rs_result_set_text(arena, r, "reason", diag->what);
    return RS_OK;
  }
  if (status == RS_OK) {
    status = find_latencies(scratch, schedule, point->wiring, &latencies, &count, diag);
  }
  if (status != RS_OK) return status;
  fill_scheduled(arena, point, schedule, latencies, count, period,
                 rs_traffic_capacity(point->wiring, distance_sum), r);
  rs_result_set_i64(r, "vector_hops", (int64_t)proof.play.vector_hops);
  return RS_OK;
}

/* ---- a point ---- */

rs_status rs__result_traffic(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                             rs_result *r, rs_diag *diag) {
  uint64_t distance_sum;
  rs_result_set_text(arena, r, "topology", point->topology);
  rs_result_set_text(arena, r, "chip", point->chip->name);
  rs_result_set_text(arena, r, "network", rs_network_word(point->network));
  static const char *const routings[] = {[RS_NETWORK_SCHEDULED] = "timetable",
                                         [RS_NETWORK_ADAPTIVE] = NULL,
                                         [RS_NETWORK_FLUID] = "fluid"};
  const char *routing = routings[point->network];
  rs_result_set_text(arena, r, "routing",
                     routing == NULL ? rs_routing_word(point->routing) : routing);
  rs_result_set_text(arena, r, "pattern", rs_pattern_word(point->traffic.pattern));
  rs_result_set_double(r, "offered_load", (double)point->traffic.load_ppm / 1e6);
  rs_result_set_text(arena, r, "reason", "");
  uint8_t *distance = rs__result_distances(scratch, point->wiring, &distance_sum);
  if (distance == NULL) return rs_arena_failed(scratch, diag);
  if (distance_sum == 0) {
    rs_result_set_text(arena, r, "reason", "no two chips are connected");
    return RS_OK;
  }
  rs_result_set_double(r, "capacity_vectors_per_slot_chip",
                       rs_traffic_capacity(point->wiring, distance_sum));
  if (point->network == RS_NETWORK_SCHEDULED) {
    return run_scheduled(arena, scratch, point, distance_sum, r, diag);
  }
  if (point->network == RS_NETWORK_ADAPTIVE) {
    rs_result_set_i64(r, "buffer_vectors", point->buffer_vectors);
  }
  return run_packets(arena, scratch, point, distance, distance_sum, r, diag);
}

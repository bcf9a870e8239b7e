/*
 * Packets in queues on a real wiring: vector-hops a second of one core, for three routings. Against the
 * same packets' bare walk in the same run (each hop a search of the next one by distances, no queue, no
 * time), which is nearly all memory. Usage: bench_topology_adaptive [SPEC] [LOAD-PPM] [SLOTS]
 * (default realscale:264 500000 2000).
 */
#include <string.h>

#include "rs_adaptive.h"
#include "rs_bench.h"
#include "rs_measure.h"
#include "rs_random.h"
#include "rs_topology.h"

typedef struct model {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  uint8_t *distance;
  uint64_t distance_sum;
} model;

static void fail(const char *what) {
  fprintf(stderr, "bench_topology_adaptive: %s\n", what);
  exit(1);
}

static void find_distances(model *m) {
  const rs_wiring *w = m->wiring;
  size_t n = w->chip_count;
  uint32_t *queue = RS_ARENA_NEW(m->arena, uint32_t, n);
  m->distance = RS_ARENA_NEW(m->arena, uint8_t, n * n);
  memset(m->distance, UINT8_MAX, n * n);
  for (uint32_t source = 0; source < n; source++) {
    uint8_t *row = m->distance + source * n;
    uint32_t count = 1;
    queue[0] = source;
    row[source] = 0;
    for (uint32_t head = 0; head < count; head++) {
      for (uint32_t l = w->out_first[queue[head]]; l < w->out_first[queue[head] + 1]; l++) {
        uint32_t to = w->links[l].to;
        if (row[to] != UINT8_MAX) continue;
        row[to] = (uint8_t)(row[queue[head]] + 1);
        m->distance_sum += row[to];
        queue[count++] = to;
      }
    }
  }
}

static void make_model(model *m, const char *spec) {
  rs_diag diag = {0};
  rs_topology *topology;
  m->arena = rs_arena_create(0);
  rs_timing_init_unit(&m->timing);
  m->timing.slot_num = 2952;
  m->timing.slot_den = 125;
  for (int i = 0; i < RS_CABLE_CLASS_COUNT; i++) m->timing.latency_cycles[i] = 216;
  m->timing.send_cycles = m->timing.receive_cycles = m->timing.forward_cycles = 207;
  if (rs_topology_parse(m->arena, spec, &topology, &diag) != RS_OK ||
      rs_topology_build(m->arena, topology, NULL, &m->wiring, &diag) != RS_OK) {
    fail(diag.what);
  }
  find_distances(m);
}

static void run_routing(const model *m, rs_routing routing, int64_t load_ppm, int64_t slots) {
  enum { RUNS = 5 };
  double seconds[RUNS];
  rs_traffic_result result;
  rs_diag diag = {0};
  for (int i = 0; i < RUNS; i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_traffic *traffic;
    rs_traffic_config make = {.load_ppm = load_ppm,
                              .seed = 1,
                              .distance_sum = m->distance_sum,
                              .end_cycles = rs_timing_slots(&m->timing, slots)};
    rs_adaptive_config config = {.routing = routing,
                                 .distance = m->distance,
                                 .router_cycles = 207,
                                 .buffer_vectors = 64,
                                 .seed = 1};
    if (rs_traffic_create(arena, m->wiring, &m->timing, &make, &traffic, &diag) != RS_OK) {
      fail(diag.what);
    }
    rs_traffic_run run = {.next = rs_traffic_draw,
                          .context = traffic,
                          .measure_from_cycles = make.end_cycles / 3,
                          .measure_to_cycles = make.end_cycles,
                          .end_cycles = 5 * make.end_cycles};
    double before = bench_cpu_s();
    if (rs_adaptive_simulate(arena, m->wiring, &m->timing, &config, &run, &result, &diag) !=
        RS_OK) {
      fail(diag.what);
    }
    seconds[i] = bench_cpu_s() - before;
    rs_arena_destroy(arena);
  }
  bench_report(rs_routing_word(routing), seconds, RUNS);
  printf("  %.2f million vector-hops/s and %.2f million events/s at best (%llu hops)\n",
         (double)result.hops / seconds[0] / 1e6, (double)result.events / seconds[0] / 1e6,
         (unsigned long long)result.hops);
}

/* As many hops, from random chips to random chips. */
static void walk(const model *m, uint64_t hops) {
  const rs_wiring *w = m->wiring;
  rs_random random;
  uint64_t done = 0;
  uint32_t sum = 0;
  rs_random_init(&random, 1, 0);
  double before = bench_cpu_s();
  while (done < hops) {
    uint32_t at = (uint32_t)rs_random_below(&random, w->chip_count);
    uint32_t to = (uint32_t)rs_random_below(&random, w->chip_count);
    while (at != to) {
      uint32_t l = w->out_first[at];
      uint8_t here = m->distance[(size_t)at * w->chip_count + to];
      while (m->distance[(size_t)w->links[l].to * w->chip_count + to] + 1 != here) l++;
      at = w->links[l].to;
      sum += l;
      done++;
    }
  }
  double seconds = bench_cpu_s() - before;
  printf("bare walk by distances: %.2f million hops/s (%u)\n", (double)done / seconds / 1e6,
         sum % 10);
}

int main(int argc, char **argv) {
  model m = {0};
  int64_t load = argc > 2 ? strtoll(argv[2], NULL, 10) : 500000;
  int64_t slots = argc > 3 ? strtoll(argv[3], NULL, 10) : 2000;
  if (load < 1 || slots < 20) fail("expected a load of 1 ppm or more and 20 slots or more");
  make_model(&m, argc > 1 ? argv[1] : "realscale:264");
  for (int r = 0; r < RS_ROUTING_COUNT; r++) run_routing(&m, (rs_routing)r, load, slots);
  walk(&m, 5000000);
  bench_report_memory();
  return 0;
}

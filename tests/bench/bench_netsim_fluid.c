/*
 * The same all-reduce of 1 MiB on a full mesh on two engines in one run: reduce-scatter and all-gather,
 * direct, every chip one transfer after the other. SimGrid gets 2 · n · (n − 1) flows, each after the
 * chip's last one; the player gets as many bursts with their times. Both must end within a cycle.
 *
 * Usage: bench_netsim_fluid [CHIPS] (default 264). SimGrid's time is the CPU time of its process, a tenth or
 * two of which go into reading the platform; the player's is the median of nine runs.
 */
#include <math.h>
#include <string.h>

#include "rs_bench.h"
#include "rs_fluid.h"
#include "rs_player.h"

typedef struct model {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  uint32_t chips;
  int64_t vectors; /* a chip's share of 1 MiB */
} model;

static void fail(const char *what) {
  fprintf(stderr, "bench_netsim_fluid: %s\n", what);
  exit(1);
}

static void make_model(model *m, uint32_t chips) {
  rs_diag diag = {0};
  m->arena = rs_arena_create(0);
  m->chips = chips;
  rs_timing_init_unit(&m->timing);
  m->timing.slot_num = 2952;
  m->timing.slot_den = 125;
  for (int i = 0; i < RS_CABLE_CLASS_COUNT; i++) m->timing.latency_cycles[i] = 216;
  m->timing.send_cycles = m->timing.receive_cycles = m->timing.forward_cycles = 207;
  m->vectors = rs_ceil_div_i64(rs_ceil_div_i64(1 << 20, 320), chips);
  rs_wiring_builder *b = rs_wiring_builder_create(m->arena, chips);
  for (uint32_t x = 0; x < chips; x++) {
    for (uint32_t y = x + 1; y < chips; y++) rs_wiring_builder_add(b, x, y, RS_CABLE_NODE, &diag);
  }
  if (rs_wiring_builder_finish(b, &m->wiring, &diag) != RS_OK) fail(diag.what);
}

/* From one transfer's start to the next one's of a chip: memory to memory, in whole cycles. */
static int64_t step_cycles(const model *m) {
  const rs_timing *t = &m->timing;
  return t->send_cycles + rs_timing_slots(t, m->vectors - 1) + t->latency_cycles[0] +
         t->receive_cycles;
}

/* Transfer k of chip i goes to chip i + 1 + k. */
static rs_fluid *make_flows(const model *m) {
  rs_fluid *f = rs_fluid_create(m->arena, m->wiring, &m->timing);
  uint32_t n = m->chips;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) rs_fluid_add_path(f, &l, 1);
  for (uint32_t k = 0; k < 2 * (n - 1); k++) {
    for (uint32_t i = 0; i < n; i++) {
      uint32_t to = (i + 1 + k % (n - 1)) % n;
      rs_flow flow = {.vectors = m->vectors,
                      .start_cycles = k * step_cycles(m), /* whole cycles, like the other engine */
                      .lead_cycles = m->timing.send_cycles + m->timing.latency_cycles[0],
                      .tail_cycles = m->timing.receive_cycles,
                      .path = rs_wiring_find_link(m->wiring, i, to, 0)};
      rs_flow_need last = {.flow = k == 0 ? 0 : (k - 1) * n + i};
      if (rs_fluid_add_flow(f, &flow, &last, k == 0 ? 0 : 1) == RS_NONE) fail("no memory");
    }
  }
  return f;
}

static rs_schedule *make_bursts(const model *m) {
  uint32_t n = m->chips;
  rs_schedule *s = rs_schedule_create(m->arena, m->wiring, "", &m->timing);
  uint32_t *all = RS_ARENA_NEW(m->arena, uint32_t, n);
  for (uint32_t i = 0; i < n; i++) all[i] = i;
  const rs_op op = {.kind = RS_ALL_REDUCE,
                    .root = RS_NONE,
                    .block_bytes = n * m->vectors * 320,
                    .block_vectors = n * m->vectors};
  rs_schedule_add_op(s, &op, all, n);
  for (uint32_t k = 0; k < 2 * (n - 1); k++) {
    bool gathers = k >= n - 1;
    for (uint32_t i = 0; i < n; i++) {
      uint32_t to = (i + 1 + k % (n - 1)) % n;
      int64_t part = (gathers ? i : to) * m->vectors;
      const rs_burst burst = {.start_cycles = k * step_cycles(m) + m->timing.send_cycles,
                              .count = m->vectors,
                              .source_offset = part,
                              .target_offset = part,
                              .link = rs_wiring_find_link(m->wiring, i, to, 0),
                              .stride = 1,
                              .source = gathers ? RS_BUFFER_OUT : RS_BUFFER_IN,
                              .target = RS_BUFFER_OUT,
                              .action = gathers ? RS_ACTION_KEEP : RS_ACTION_ADD};
      if (rs_schedule_add_burst(s, &burst) == NULL) fail("no memory");
    }
  }
  rs_schedule_sort(s);
  return s;
}

int main(int argc, char **argv) {
  enum { RUNS = 9 };
  long chips = argc > 1 ? strtol(argv[1], NULL, 10) : 264;
  model m;
  rs_diag diag = {0};
  rs_fluid_result fluid;
  rs_play play;
  double seconds[RUNS];
  if (chips < 2 || chips > 1024) fail("expected 2 to 1024 chips");
  make_model(&m, (uint32_t)chips);
  const rs_fluid_options options = {.program = RS_SIMGRID_PROGRAM, .cpu_seconds_max = 600};
  rs_fluid *flows = make_flows(&m);
  if (rs_fluid_run(flows, &options, &fluid, &diag) != RS_OK) fail(diag.what);
  rs_schedule *schedule = make_bursts(&m);
  for (int i = 0; i < RUNS; i++) {
    const rs_play_options how = {.fidelity = RS_FIDELITY_BURST};
    double before = bench_cpu_s();
    if (rs_player_run(schedule, m.wiring, &how, &play, &diag) != RS_OK) fail(diag.what);
    seconds[i] = bench_cpu_s() - before;
  }
  printf("%ld chips, %u transfers of %lld vectors\n", chips, flows->flow_count,
         (long long)m.vectors);
  printf("%-44s %15.3f ms CPU, makespan %.3f cycles\n", "SimGrid", fluid.cpu_seconds * 1e3,
         fluid.end_cycles);
  double median = bench_report("player, burst fidelity", seconds, RUNS);
  printf("makespan %lld cycles; %.0f times as fast\n", (long long)play.makespan_cycles,
         fluid.cpu_seconds / median);
  if (fabs((double)play.makespan_cycles - fluid.end_cycles) > 1 + 1e-6) fail("they do not agree");
  return 0;
}

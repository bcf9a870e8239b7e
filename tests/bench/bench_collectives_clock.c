/*
 * Draws of clocks a second: oscillators, cables, counters, programs and the run of a schedule, for both
 * ways, and what a deskew interval costs. Usage: bench_collectives_clock
 */
#include <string.h>

#include "rs_bench.h"
#include "rs_clock_trial.h"
#include "rs_collective.h"
#include "rs_topology.h"

enum { RUNS = 5 };

static const rs_timing timing = {.name = "bench",
                                 .clock_hz = 900000000,
                                 .vector_bytes = 320,
                                 .slot_num = 2952,
                                 .slot_den = 125,
                                 .latency_cycles = {216, 222, 258},
                                 .send_cycles = 207,
                                 .receive_cycles = 207,
                                 .forward_cycles = 207,
                                 .add_cycles = 20,
                                 .adds_per_cycle = 16};

static void check(rs_status status, const rs_diag *diag) {
  if (status == RS_OK) return;
  printf("%s\n", diag->what);
  exit(1);
}

static void measure(const char *spec, rs_clock_way way, int64_t run_cycles, int64_t resync_cycles) {
  rs_diag diag = {0};
  rs_arena *arena = rs_arena_create(0);
  rs_topology *topology;
  rs_wiring *wiring;
  check(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  check(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  uint32_t n = wiring->chip_count;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, n);
  for (uint32_t i = 0; i < n; i++) chips[i] = i;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .chips = chips,
                                         .chip_count = n,
                                         .root = RS_NONE,
                                         .block_bytes = 16384,
                                         .deskew_margin_cycles = 48};
  rs_compile_report compiled;
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  check(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &compiled, &diag), &diag);
  rs_schedule_sort(schedule);
  rs_sync_tree tree;
  rs_departures *departures;
  check(rs_sync_tree_build(arena, wiring, 0, false, &tree, &diag), &diag);
  check(rs_departures_create(arena, schedule, wiring, compiled.makespan_cycles, &departures, &diag),
        &diag);
  rs_clock_trial_config config = {.wiring = wiring,
                                  .schedule = schedule,
                                  .departures = departures,
                                  .tree = &tree,
                                  .clock = {.clock_hz = timing.clock_hz, .offset_ppb = 100000},
                                  .deskew = {.offset_ppb = 100000,
                                             .resync_cycles = resync_cycles,
                                             .margin_cycles = 48,
                                             .fifo_vectors = 16,
                                             .sigma_millicycles = 2800,
                                             .run_cycles = run_cycles},
                                  .way = way,
                                  .gain_p_atto = INT64_C(100000000000),
                                  .gain_i_atto = 20000,
                                  .period_ticks = 10000,
                                  .delay_ticks = 100,
                                  .settle_ticks = 1000000000};
  rs_clock_trial_deskew(wiring, schedule, &tree, &config.deskew);
  double seconds[RUNS];
  char what[80];
  for (uint64_t run = 0; run < RUNS; run++) {
    rs_arena *scratch = rs_arena_create(0);
    rs_clock_trial trial;
    double begin = bench_cpu_s();
    check(rs_clock_trial_run(scratch, &config, run, &trial, &diag), &diag);
    seconds[run] = bench_cpu_s() - begin;
    rs_arena_destroy(scratch);
  }
  snprintf(what, sizeof what, "%s %s, %lld cycles, resync %lld", spec, rs_clock_way_word(way),
           (long long)run_cycles, (long long)resync_cycles);
  bench_report(what, seconds, RUNS);
  rs_arena_destroy(arena);
}

int main(void) {
  measure("mesh:8", RS_CLOCK_HAC, 1000000, 65536);
  measure("mesh:8", RS_CLOCK_HAC, 1000000, 1024);
  measure("mesh:8", RS_CLOCK_BITTIDE_P, 1000000, 0);
  measure("realscale:264", RS_CLOCK_HAC, 1000000, 65536);
  measure("realscale:264", RS_CLOCK_HAC, 1000000, 1024);
  measure("realscale:264", RS_CLOCK_BITTIDE_P, 1000000, 0);
  bench_report_memory();
  return 0;
}

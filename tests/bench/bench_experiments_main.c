/*
 * The three times of the first issue: a decode point of Llama-2-70B on 576 chips (aim: 0.1 s of CPU),
 * an all-reduce of 16 KiB on realscale:264 compiled, checked and played (50 ms), and the same on
 * realscale:10440 (5 s, 1 GB). Wirings are built outside the clock. Usage: bench_experiments_main [RUNS].
 */
#include <string.h>

#include "rs_bench.h"
#include "rs_checker.h"
#include "rs_decode.h"
#include "rs_player.h"
#include "rs_topology.h"

static void must(rs_status status, const rs_diag *diag) {
  if (status == RS_OK) return;
  fprintf(stderr, "%s\n", diag->what);
  exit(1);
}

static const rs_wiring *build(rs_arena *arena, const char *spec) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  must(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  must(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

typedef struct parts {
  double compile_s, check_s, play_s;
} parts;

static void prove(const rs_schedule *schedule, const rs_wiring *wiring, parts *p) {
  rs_diag diag;
  rs_check_report report;
  rs_play play;
  const rs_check_options check = {.seed = 0};
  const rs_play_options options = {.fidelity = RS_FIDELITY_BURST};
  double start = bench_cpu_s();
  must(rs_checker_run(schedule, wiring, &check, &report, &diag), &diag);
  double checked = bench_cpu_s();
  must(rs_player_run(schedule, wiring, &options, &play, &diag), &diag);
  p->check_s = checked - start;
  p->play_s = bench_cpu_s() - checked;
}

static parts all_reduce(const rs_wiring *wiring, const char *spec) {
  rs_diag diag;
  parts p;
  rs_compile_report report;
  rs_arena *arena = rs_arena_create(0);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  const rs_timing *timing = &rs_chip_find("groqchip1")->timing;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .chips = chips,
                                         .chip_count = wiring->chip_count,
                                         .root = RS_NONE,
                                         .block_bytes = 16384};
  double start = bench_cpu_s();
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  must(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag), &diag);
  p.compile_s = bench_cpu_s() - start;
  prove(schedule, wiring, &p);
  rs_arena_destroy(arena);
  return p;
}

static parts decode(const rs_wiring *wiring, const char *spec) {
  rs_diag diag;
  parts p;
  rs_model model;
  rs_model_preset preset;
  rs_sharding *sharding;
  rs_decode result;
  const rs_chip *chip = rs_chip_find("groqchip1");
  const rs_sharding_request request = {.tensor = 8,
                                       .pipeline = 72,
                                       .batch = 1,
                                       .micro_batches = 1,
                                       .context = 4096,
                                       .weights = RS_INT8,
                                       .kv = RS_FP16,
                                       .activations = RS_FP16};
  rs_arena *arena = rs_arena_create(0);
  double start = bench_cpu_s();
  if (!rs_model_preset_find("llama-2-70b", &preset)) exit(1);
  must(rs_model_parse(preset.name, preset.config, strlen(preset.config), &model, &diag), &diag);
  must(rs_sharding_build(arena, &model, chip, wiring->chip_count, &request, &sharding, &diag),
       &diag);
  must(rs_decode_compile(arena, &model, chip, wiring, spec, sharding, &result, &diag), &diag);
  p.compile_s = bench_cpu_s() - start;
  prove(result.schedule, wiring, &p);
  rs_arena_destroy(arena);
  return p;
}

static void measure(const char *what, const char *spec, int runs,
                    parts (*job)(const rs_wiring *, const char *)) {
  enum { RUNS_MAX = 100 };
  double compile[RUNS_MAX], check[RUNS_MAX], play[RUNS_MAX], total[RUNS_MAX];
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *wiring = build(arena, spec);
  for (int i = 0; i < runs; i++) {
    parts p = job(wiring, spec);
    compile[i] = p.compile_s;
    check[i] = p.check_s;
    play[i] = p.play_s;
    total[i] = p.compile_s + p.check_s + p.play_s;
  }
  printf("%s on %s\n", what, spec);
  bench_report("  compile", compile, runs);
  bench_report("  check", check, runs);
  bench_report("  play", play, runs);
  bench_report("  all three", total, runs);
  rs_arena_destroy(arena);
}

int main(int argc, char **argv) {
  int runs = argc > 1 ? atoi(argv[1]) : 5;
  if (runs < 1 || runs > 100) return 2;
  measure("a decode point of Llama-2-70B", "realscale:576", runs, decode);
  measure("all-reduce of 16 KiB", "realscale:264", runs, all_reduce);
  measure("all-reduce of 16 KiB", "realscale:10440", runs, all_reduce);
  bench_report_memory();
  return 0;
}

/*
 * One decode point of Llama-2-70B (int8 weights, fp16 activations and caches, context 4,096, batch 1)
 * on realscale:576, tensor 8 × pipeline 72: compiling, then checking, then playing it, in CPU
 * seconds of this process; the aim is 0.1 s in all. The wiring is built outside the clock. Prints the
 * result too, and fails when the player's makespan is not the compiler's latency.
 * Usage: bench_workloads_decode [RUNS] (default 5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rs_checker.h"
#include "rs_decode.h"
#include "rs_memory.h"
#include "rs_player.h"
#include "rs_topology.h"

#define SPEC "realscale:576"

enum { RUNS_MAX = 100 };

typedef enum phase { COMPILE, CHECK, PLAY, ALL, PHASE_COUNT } phase;

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(rs_status status, const rs_diag *diag) {
  char text[1024];
  if (status == RS_OK) return;
  rs_diag_format(diag, text, sizeof text);
  fprintf(stderr, "%s\n", text);
  exit(1);
}

static const rs_wiring *build(rs_arena *arena) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  must(rs_topology_parse(arena, SPEC, &topology, &diag), &diag);
  must(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

/* The model is read and sharded on the clock too: it is part of a point. */
static void compile(rs_arena *arena, const rs_wiring *wiring, rs_decode *result) {
  rs_diag diag;
  rs_model model;
  rs_model_preset preset;
  rs_sharding *sharding;
  const rs_chip *chip = rs_chip_find("groqchip1");
  const rs_sharding_request request = {.tensor = 8,
                                       .pipeline = 72,
                                       .batch = 1,
                                       .micro_batches = 1,
                                       .context = 4096,
                                       .weights = RS_INT8,
                                       .kv = RS_FP16,
                                       .activations = RS_FP16};
  if (!rs_model_preset_find("llama-2-70b", &preset)) exit(1);
  must(rs_model_parse(preset.name, preset.config, strlen(preset.config), &model, &diag), &diag);
  must(rs_sharding_build(arena, &model, chip, wiring->chip_count, &request, &sharding, &diag),
       &diag);
  must(rs_decode_compile(arena, &model, chip, wiring, SPEC, sharding, result, &diag), &diag);
}

static void print_result(const rs_decode *d) {
  printf("%lld cycles, %.1f us, %.1f tokens/s, all-reduce by %s, %.3f J/token\n",
         (long long)d->latency_cycles, d->token_latency_s * 1e6, d->tokens_per_s_user,
         d->all_reduce_algorithm, d->energy_j_per_token);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    printf("  %-10s %9lld cycles  %5.1f %%\n", rs_part_word((rs_part)i),
           (long long)d->part_cycles[i],
           100 * (double)d->part_cycles[i] / (double)d->latency_cycles);
  }
  printf("  busiest stage %lld cycles; dynamic %.3f J, static %.3f J\n",
         (long long)d->bottleneck_cycles, d->energy_j_dynamic, d->energy_j_static);
  printf("  %u operations, %llu bursts, %llu compute intervals\n", d->schedule->op_count,
         (unsigned long long)d->schedule->burst_count,
         (unsigned long long)d->schedule->compute_count);
}

static void run(const rs_wiring *wiring, bool is_last, double *seconds) {
  rs_diag diag;
  rs_decode result;
  rs_check_report report;
  rs_play play;
  const rs_check_options check = {.seed = 0};
  const rs_play_options options = {.fidelity = RS_FIDELITY_BURST};
  rs_arena *arena = rs_arena_create(0);
  double start = cpu_s();
  compile(arena, wiring, &result);
  double compiled = cpu_s();
  must(rs_checker_run(result.schedule, wiring, &check, &report, &diag), &diag);
  double checked = cpu_s();
  must(rs_player_run(result.schedule, wiring, &options, &play, &diag), &diag);
  double played = cpu_s();
  seconds[COMPILE] = compiled - start;
  seconds[CHECK] = checked - compiled;
  seconds[PLAY] = played - checked;
  seconds[ALL] = played - start;
  if (play.makespan_cycles != result.latency_cycles) exit(1);
  if (is_last) print_result(&result);
  rs_arena_destroy(arena);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  static const char *const words[PHASE_COUNT] = {"compile", "check", "play", "all three"};
  double seconds[PHASE_COUNT][RUNS_MAX];
  int runs = argc > 1 ? atoi(argv[1]) : 5;
  if (runs < 1 || runs > RUNS_MAX) return 2;
  rs_memory_keep(); /* as the program does */
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *wiring = build(arena);
  for (int i = 0; i < runs; i++) {
    double of_run[PHASE_COUNT];
    run(wiring, i + 1 == runs, of_run);
    for (int p = 0; p < PHASE_COUNT; p++) seconds[p][i] = of_run[p];
  }
  for (int p = 0; p < PHASE_COUNT; p++) {
    qsort(seconds[p], (size_t)runs, sizeof seconds[p][0], compare);
    printf("%-10s least %7.2f ms, median %7.2f ms CPU over %d runs\n", words[p],
           seconds[p][0] * 1e3, seconds[p][runs / 2] * 1e3, runs);
  }
  rs_arena_destroy(arena);
  return 0;
}

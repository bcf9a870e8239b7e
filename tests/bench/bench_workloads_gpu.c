/*
 * How long models on GPUs take to be costed, in CPU time: 1,000 generations (a prefill and five decode
 * steps each) of a dense model and of one with experts, and 1,000 readings of a chip's file.
 * Usage: bench_workloads_gpu [RUNS] (default 9).
 */
#include <string.h>

#include "rs_bench.h"
#include "rs_chip_file.h"
#include "rs_gpu_step.h"

enum { RUNS_MAX = 100, TIMES = 1000 };

static void must(bool good) {
  if (good) return;
  fprintf(stderr, "a point that is good was refused\n");
  exit(1);
}

static double generate(const char *name) {
  rs_model_preset preset;
  rs_model model;
  rs_gpu_generation g;
  rs_gpu_request r = {.tensor = 8,
                      .inputs = 1000,
                      .outputs = 1000,
                      .weights = RS_FP8,
                      .kv = RS_FP8,
                      .math = RS_FP8,
                      .activations = RS_FP16,
                      .shares_kv = true};
  must(rs_model_preset_find(name, &preset));
  must(rs_model_parse(name, preset.config, strlen(preset.config), &model, NULL) == RS_OK);
  double start = bench_cpu_s();
  for (int i = 0; i < TIMES; i++) {
    r.batch = 1 + i % 64;
    must(rs_gpu_generate(&model, rs_chip_find("h200"), &r, &g, NULL) == RS_OK && g.memory.fits);
  }
  return bench_cpu_s() - start;
}

static double read_chips(void) {
  rs_arena *arena = rs_arena_create(0);
  const char *text = rs_chip_text("h100");
  must(arena != NULL);
  double start = bench_cpu_s();
  for (int i = 0; i < TIMES; i++) {
    rs_chip_file file;
    must(rs_chip_parse(arena, "h100", text, strlen(text), &file, NULL) == RS_OK);
    rs_arena_reset(arena);
  }
  double seconds = bench_cpu_s() - start;
  rs_arena_destroy(arena);
  return seconds;
}

int main(int argc, char **argv) {
  double dense[RUNS_MAX], experts[RUNS_MAX], chips[RUNS_MAX];
  int runs = argc > 1 ? atoi(argv[1]) : 9;
  if (runs < 1 || runs > RUNS_MAX) return 2;
  for (int i = 0; i < runs; i++) {
    dense[i] = generate("llama-2-70b");
    experts[i] = generate("deepseek-v3");
    chips[i] = read_chips();
  }
  bench_report("1,000 generations of llama-2-70b", dense, runs);
  bench_report("1,000 generations of deepseek-v3", experts, runs);
  bench_report("1,000 readings of a chip's file", chips, runs);
  return 0;
}

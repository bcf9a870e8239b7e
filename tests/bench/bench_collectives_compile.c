/*
 * What compiling costs and what comes out: one line a case, with the makespan, its lower bound, the
 * bursts and the time of one compilation (all rows, the best kept) and of the bound.
 * Usage: bench_collectives_compile [KIND SPEC BYTES [unit|chip] [ALGORITHM]]; without arguments the
 * cases that docs/collectives.md quotes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rs_collective.h"
#include "rs_topology.h"

typedef struct bench_case {
  rs_collective_kind kind;
  const char *spec;
  int64_t bytes;
  bool chip; /* chip costs as below, not the unit clock */
} bench_case;

/* Figures of a first-generation chip: 328 B a slot at 12.5 GB/s and 900 MHz, 216 cycles a link. */
static rs_timing chip_timing(void) {
  return (rs_timing){.name = "custom",
                     .clock_hz = 900000000,
                     .vector_bytes = 320,
                     .slot_num = 2952,
                     .slot_den = 125,
                     .latency_cycles = {216, 216, 216},
                     .send_cycles = 207,
                     .receive_cycles = 207,
                     .forward_cycles = 207,
                     .add_cycles = 20,
                     .adds_per_cycle = 16};
}

static const bench_case cases[] = {
    {RS_ALL_REDUCE, "mesh:8", 16384, true},
    {RS_ALL_REDUCE, "mesh:8", INT64_C(1) << 30, true},
    {RS_ALL_REDUCE, "realscale:72", 320, false},
    {RS_ALL_REDUCE, "realscale:264", 320, false},
    {RS_ALL_REDUCE, "realscale:264", 320, true},
    {RS_ALL_REDUCE, "realscale:264", 16384, true},
    {RS_ALL_REDUCE, "realscale:264", 1 << 20, true},
    {RS_ALL_REDUCE, "realscale:264", INT64_C(1) << 30, true},
    {RS_ALL_REDUCE, "realscale:10440", 320, false},
    {RS_ALL_REDUCE, "realscale:10440", 16384, true},
    {RS_ALL_GATHER, "realscale:72", 320, false},
    {RS_ALL_GATHER, "realscale:264", 320, false},
    {RS_ALL_GATHER, "dragonfly:a=8,h=9", 320, false},
    {RS_ALL_GATHER, "polarfly:13", 320, false},
    {RS_ALL_GATHER, "torus:4x4x4", 320, false},
    {RS_ALL_GATHER, "slimfly:5", 320, false},
    {RS_ALL_GATHER, "lps:11,7", 320, false},
    {RS_REDUCE_SCATTER, "realscale:264", 320, false},
    {RS_ALL_TO_ALL, "realscale:72", 320, false},
    {RS_ALL_TO_ALL, "realscale:264", 320, false},
    {RS_ALL_TO_ALL, "torus:4x4x4", 320, false},
    {RS_BROADCAST, "realscale:264", 1 << 20, true},
    {RS_REDUCE, "realscale:264", 1 << 20, true},
    {RS_SCATTER, "realscale:264", 320, false},
    {RS_GATHER, "realscale:264", 320, false},
    {RS_SEND, "mesh:8", 1 << 20, true},
};

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static rs_status run_case(rs_arena *arena, const bench_case *c, const char *algorithm,
                          rs_diag *diag) {
  rs_topology *topology;
  rs_wiring *wiring;
  rs_bound bound;
  rs_compile_report report;
  rs_timing timing = chip_timing();
  if (!c->chip) rs_timing_init_unit(&timing);
  rs_status status = rs_topology_parse(arena, c->spec, &topology, diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &wiring, diag);
  if (status != RS_OK) return status;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, c->spec, &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  if (chips == NULL || schedule == NULL || calendar == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = {.kind = c->kind,
                                   .algorithm = algorithm,
                                   .chips = chips,
                                   .chip_count = c->kind == RS_SEND ? 2 : wiring->chip_count,
                                   .root = 0,
                                   .block_bytes = c->bytes};
  double start = now_ms();
  status = rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, diag);
  double compile_ms = now_ms() - start;
  if (status != RS_OK) return status;
  start = now_ms();
  status = rs_collective_bound(arena, wiring, &timing, &request, &bound, diag);
  double bound_ms = now_ms() - start;
  printf(
      "%-14s %-18s %11lld B %-4s %-26s makespan %10lld bound %10lld bursts %8llu %9.2f ms %7.2f "
      "ms\n",
      rs_collective_kind_word(c->kind), c->spec, (long long)c->bytes, c->chip ? "chip" : "unit",
      report.algorithm, (long long)report.makespan_cycles, (long long)bound.cycles,
      (unsigned long long)report.bursts, compile_ms, bound_ms);
  for (uint32_t i = 0; i < report.row_count; i++) {
    const rs_compile_row *row = &report.rows[i];
    printf("    %-28s %10lld  %8llu  %s\n", row->algorithm, (long long)row->makespan_cycles,
           (unsigned long long)row->bursts, row->reason);
  }
  return status;
}

static int run_and_print(const bench_case *c, const char *algorithm) {
  rs_diag diag = {0};
  rs_arena *arena = rs_arena_create(0);
  if (arena == NULL) return 1;
  rs_status status = run_case(arena, c, algorithm, &diag);
  rs_arena_destroy(arena);
  if (status == RS_OK) return 0;
  char text[1024];
  rs_diag_format(&diag, text, sizeof text);
  fprintf(stderr, "%s: %s\n", c->spec, text);
  return 1;
}

int main(int argc, char **argv) {
  if (argc >= 4) {
    bench_case c = {.spec = argv[2], .bytes = strtoll(argv[3], NULL, 10)};
    if (!rs_collective_kind_parse(argv[1], &c.kind)) return 2;
    c.chip = argc > 4 && strcmp(argv[4], "chip") == 0;
    return run_and_print(&c, argc > 5 ? argv[5] : NULL);
  }
  int failed = 0;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) failed |= run_and_print(&cases[i], NULL);
  return failed;
}

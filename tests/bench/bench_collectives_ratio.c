/*
 * How near a collective comes to its lower bound: a table of makespan over bound, a wiring a line and
 * a size a column, then which algorithm won, and the time that compiling took.
 * Usage: bench_collectives_ratio [KIND [unit|chip [SPEC]...]]; all-reduce at chip timing, wirings of
 * every family up to 584 chips otherwise. With one SPEC every row's makespan is printed as well.
 */
#include <stdio.h>
#include <string.h>

#include "rs_bench.h"
#include "rs_collective.h"
#include "rs_topology.h"

static const char *const families[] = {"mesh:8",
                                       "ring:8",
                                       "torus:4x4x4",
                                       "hypercube:6",
                                       "hyperx:8x8",
                                       "slimfly:5",
                                       "polarfly:7",
                                       "polarfly:13",
                                       "dragonfly:a=4,h=2",
                                       "realscale:72",
                                       "realscale:264",
                                       "realscale:576",
                                       "dragonfly:a=8,h=9",
                                       "lps:11,7",
                                       "polarstar:3,iq3",
                                       "bundlefly:3,5",
                                       "kautz:3,3",
                                       "random:n=64,degree=8,seed=1"};

static const int64_t sizes[] = {320,       1 << 10, 4 << 10,  16 << 10,        64 << 10,
                                256 << 10, 1 << 20, 16 << 20, INT64_C(1) << 30};
static const char *const size_names[] = {"320B",   "1KiB", "4KiB",  "16KiB", "64KiB",
                                         "256KiB", "1MiB", "16MiB", "1GiB"};

enum { SIZES = RS_COUNT_OF(sizes) };

/* What docs/chip_model.md gives for the first chip: 328 B a slot at 12.5 GB/s and 900 MHz. */
static rs_timing chip_timing(void) {
  return (rs_timing){.name = "custom",
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
}

typedef struct cell {
  int64_t makespan, bound;
  const char *algorithm;
  double compile_s;
} cell;

static void print_rows(int64_t bytes, const rs_compile_report *report) {
  printf("%lld B\n", (long long)bytes);
  for (uint32_t i = 0; i < report->row_count; i++) {
    const rs_compile_row *row = &report->rows[i];
    printf("    %-28s %10lld  %8llu  %s\n", row->algorithm, (long long)row->makespan_cycles,
           (unsigned long long)row->bursts, row->reason);
  }
}

static rs_status compile(rs_arena *arena, const char *spec, const rs_timing *timing,
                         rs_collective_kind kind, int64_t bytes, bool shows_rows, cell *result,
                         rs_diag *diag) {
  rs_topology *topology;
  rs_wiring *wiring;
  rs_bound bound;
  rs_compile_report report;
  rs_status status = rs_topology_parse(arena, spec, &topology, diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &wiring, diag);
  if (status != RS_OK) return status;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  if (chips == NULL || schedule == NULL || calendar == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = {.kind = kind,
                                   .chips = chips,
                                   .chip_count = wiring->chip_count,
                                   .root = 0,
                                   .block_bytes = bytes};
  double start = bench_cpu_s();
  status = rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, diag);
  result->compile_s = bench_cpu_s() - start;
  if (status == RS_OK) {
    status = rs_collective_bound(arena, wiring, timing, &request, &bound, diag);
  }
  if (status != RS_OK) return status;
  if (shows_rows) print_rows(bytes, &report);
  result->makespan = report.makespan_cycles;
  result->bound = bound.cycles;
  result->algorithm = report.algorithm;
  return RS_OK;
}

static void fill_line(const char *spec, const rs_timing *timing, rs_collective_kind kind,
                      bool shows_rows, cell *line) {
  for (int i = 0; i < SIZES; i++) {
    rs_diag diag = {0};
    rs_arena *arena = rs_arena_create(0);
    if (arena == NULL) return;
    if (compile(arena, spec, timing, kind, sizes[i], shows_rows, &line[i], &diag) != RS_OK) {
      char text[1024];
      rs_diag_format(&diag, text, sizeof text);
      fprintf(stderr, "%s, %s: %s\n", spec, size_names[i], text);
    }
    rs_arena_destroy(arena);
  }
}

/* Prints a wiring's line; returns its worst ratio. */
static double print_line(const char *spec, const cell *line) {
  double worst = 0;
  double seconds = 0;
  printf("%-28s", spec);
  for (int i = 0; i < SIZES; i++) {
    double ratio = line[i].bound > 0 ? (double)line[i].makespan / (double)line[i].bound : 0;
    worst = RS_MAX(worst, ratio);
    seconds += line[i].compile_s;
    printf(" %6.3f", ratio);
  }
  printf("  %6.2f s\n%-28s", seconds, "");
  for (int i = 0; i < SIZES; i++) {
    printf(" %6.6s", line[i].algorithm == NULL ? "-" : line[i].algorithm);
  }
  printf("\n");
  fflush(stdout);
  return worst;
}

int main(int argc, char **argv) {
  rs_collective_kind kind = RS_ALL_REDUCE;
  rs_timing timing = chip_timing();
  double worst = 0;
  if (argc > 1 && !rs_collective_kind_parse(argv[1], &kind)) return 2;
  if (argc > 2 && strcmp(argv[2], "unit") == 0) rs_timing_init_unit(&timing);
  size_t count = argc > 3 ? (size_t)argc - 3 : RS_COUNT_OF(families);
  printf("%-28s", rs_collective_kind_word(kind));
  for (int i = 0; i < SIZES; i++) printf(" %6s", size_names[i]);
  printf("   CPU\n");
  for (size_t i = 0; i < count; i++) {
    cell line[SIZES] = {{0}};
    const char *spec = argc > 3 ? argv[3 + i] : families[i];
    fill_line(spec, &timing, kind, argc == 4, line);
    double worst_of_line = print_line(spec, line);
    worst = RS_MAX(worst, worst_of_line);
  }
  printf("worst ratio %.3f\n", worst);
  return 0;
}

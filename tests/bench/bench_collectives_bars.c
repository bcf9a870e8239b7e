/*
 * The bars of compiled collectives, in one table: what is to be met, what would be better, what comes
 * out, and whether it is reached. Every schedule is proved by the checker before its line counts.
 *
 * Usage: bench_collectives_bars [PART …], PART = small | large | ratios | speed; without: all but
 * large. "large" compiles and proves the all-gather (14 million bursts) and the all-to-all of 10,440
 * chips, which takes minutes and up to 16 GB.
 */
#include <string.h>

#include "rs__checker.h"
#include "rs_bench.h"
#include "rs_checker.h"
#include "rs_collective.h"
#include "rs_topology.h"

/* What a compilation and its proof came to. */
typedef struct outcome {
  int64_t makespan_cycles, bound_cycles;
  uint64_t bursts;
  double compile_s, check_s, links_s; /* processor time; links_s: the pass over links alone */
  char algorithm[32];
  char why[400]; /* it failed; empty: it did not */
} outcome;

typedef struct job {
  rs_collective_kind kind;
  const char *spec;
  int64_t bytes;
  const rs_timing *timing;
} job;

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

/* ---- a job ---- */

static rs_status prove(const rs_schedule *schedule, const rs_wiring *wiring, outcome *o,
                       rs_diag *diag) {
  rs_check_options options = {.seed = 1};
  rs_check_report report;
  double start = bench_cpu_s();
  rs_status status = rs_checker_run(schedule, wiring, &options, &report, diag);
  o->check_s = bench_cpu_s() - start;
  if (status == RS_OK && report.makespan_cycles != o->makespan_cycles) {
    status = rs_diag_set(diag, RS_E_REFUSED, "the checker finds a makespan of %lld cycles",
                         (long long)report.makespan_cycles);
  }
  return status;
}

/* The pass over links once more, by itself. */
static void time_links(const rs_schedule *schedule, const rs_wiring *wiring, outcome *o) {
  rs_check_report report = {0};
  rs_diag diag = {0};
  rs__checker *c = calloc(1, sizeof *c);
  if (c == NULL) return;
  *c = (rs__checker){.schedule = schedule, .wiring = wiring, .report = &report, .diag = &diag};
  double start = bench_cpu_s();
  rs__checker_links(c);
  o->links_s = bench_cpu_s() - start;
  free(c);
}

static rs_status run_in(rs_arena *arena, const job *j, outcome *o, rs_diag *diag) {
  rs_topology *topology;
  rs_wiring *wiring;
  rs_compile_report report;
  rs_bound bound;
  rs_status status = rs_topology_parse(arena, j->spec, &topology, diag);
  if (status == RS_OK) status = rs_topology_build(arena, topology, NULL, &wiring, diag);
  if (status != RS_OK) return status;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  if (chips == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = {
      .kind = j->kind, .chips = chips, .chip_count = wiring->chip_count, .block_bytes = j->bytes};
  status = rs_collective_bound(arena, wiring, j->timing, &request, &bound, diag);
  double start = bench_cpu_s();
  rs_schedule *schedule = rs_schedule_create(arena, wiring, j->spec, j->timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, j->timing);
  if (schedule == NULL || calendar == NULL) return rs_arena_failed(arena, diag);
  if (status == RS_OK) {
    status = rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, diag);
  }
  o->compile_s = bench_cpu_s() - start;
  if (status != RS_OK) return status;
  o->makespan_cycles = report.makespan_cycles;
  o->bound_cycles = bound.cycles;
  o->bursts = report.bursts;
  snprintf(o->algorithm, sizeof o->algorithm, "%s", report.algorithm);
  status = prove(schedule, wiring, o, diag);
  if (status == RS_OK) time_links(schedule, wiring, o);
  return status;
}

static outcome run(const job *j) {
  outcome o = {.makespan_cycles = INT64_MAX};
  rs_diag diag = {0};
  rs_arena *arena = rs_arena_create(0);
  rs_status status = arena == NULL ? RS_E_NO_MEMORY : run_in(arena, j, &o, &diag);
  if (status != RS_OK) rs_diag_format(&diag, o.why, sizeof o.why);
  if (status != RS_OK && o.why[0] == '\0') snprintf(o.why, sizeof o.why, "no memory");
  rs_arena_destroy(arena);
  return o;
}

/* ---- the table ---- */

static const char *judge(double ours, double meet, double beat) {
  if (beat > 0 && ours <= beat) return "beaten";
  return ours <= meet ? "met" : "NOT MET";
}

static void print_figure(char *text, size_t size, double figure, const char *unit) {
  if (figure <= 0) {
    snprintf(text, size, "-");
  } else if (figure >= 100 || figure == (double)(int64_t)figure) {
    snprintf(text, size, "%.0f%s", figure, unit);
  } else {
    snprintf(text, size, "%.4g%s", figure, unit);
  }
}

static void print_line(const char *task, double meet, double beat, double ours, const char *unit,
                       const char *verdict, const char *note) {
  char a[32], b[32], c[32];
  print_figure(a, sizeof a, meet, unit);
  print_figure(b, sizeof b, beat, unit);
  print_figure(c, sizeof c, ours, unit);
  printf("%-46s %9s %9s %9s  %-8s %s\n", task, a, b, c, verdict, note);
  fflush(stdout);
}

typedef struct bar {
  job job;
  int64_t meet, beat; /* beat 0: nothing beats it */
} bar;

static void run_bar(const bar *b) {
  char task[64], note[512];
  outcome o = run(&b->job);
  snprintf(task, sizeof task, "%s %s", rs_collective_kind_word(b->job.kind), b->job.spec);
  if (o.why[0] != '\0') {
    print_line(task, (double)b->meet, (double)b->beat, 0, "", "FAILED", o.why);
    return;
  }
  snprintf(note, sizeof note, "bound %lld, %s, %llu bursts, compile %.3f s, check %.3f s",
           (long long)o.bound_cycles, o.algorithm, (unsigned long long)o.bursts, o.compile_s,
           o.check_s);
  double ours = (double)o.makespan_cycles;
  print_line(task, (double)b->meet, (double)b->beat, ours, "",
             judge(ours, (double)b->meet, (double)b->beat), note);
}

static void run_bars(const bar *bars, size_t count) {
  for (size_t i = 0; i < count; i++) run_bar(&bars[i]);
}

/* ---- parts ---- */

static void run_small(const rs_timing *unit) {
  const bar bars[] = {
      {{RS_ALL_REDUCE, "realscale:264", 320, unit}, 3, 0},
      {{RS_ALL_REDUCE, "realscale:10440", 320, unit}, 7, 0},
      {{RS_ALL_REDUCE, "realscale:10440,wiring=optimised", 320, unit}, 7, 6},
      {{RS_ALL_GATHER, "realscale:264", 320, unit}, 24, 0},
      {{RS_ALL_GATHER, "dragonfly:a=8,h=9", 320, unit}, 37, 0},
      {{RS_ALL_GATHER, "polarfly:13", 320, unit}, 14, 0},
      {{RS_ALL_GATHER, "torus:4x4x4", 320, unit}, 11, 0},
      {{RS_ALL_GATHER, "slimfly:5", 320, unit}, 7, 0},
      {{RS_ALL_GATHER, "lps:11,7", 320, unit}, 15, 14},
      {{RS_ALL_GATHER, "realscale:72", 320, unit}, 9, 8},
      {{RS_ALL_TO_ALL, "realscale:264", 320, unit}, 66, 65},
  };
  printf("Slots on the unit clock, one vector a shard or a pair\n");
  run_bars(bars, RS_COUNT_OF(bars));
}

static void run_large(const rs_timing *unit) {
  const bar bars[] = {
      {{RS_ALL_GATHER, "realscale:10440", 320, unit}, 1050, 949},
      {{RS_ALL_TO_ALL, "realscale:10440", 320, unit}, 9248, 5184},
  };
  printf("The same, 109 million vectors to deliver\n");
  run_bars(bars, RS_COUNT_OF(bars));
}

/* Makespan over its lower bound, the worst of the sizes in the middle and at the ends. */
static void run_ratios(const rs_timing *chip) {
  static const char *const specs[] = {"mesh:8",        "ring:8",           "torus:4x4x4",
                                      "hypercube:6",   "hyperx:8x8",       "realscale:72",
                                      "realscale:264", "slimfly:5",        "polarfly:7",
                                      "lps:11,7",      "dragonfly:a=8,h=9"};
  static const int64_t sizes[] = {320, 16384, 1 << 20, INT64_C(1) << 30};
  printf("All-reduce on the clock of a chip: makespan over its lower bound\n");
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t k = 0; k < RS_COUNT_OF(sizes); k++) {
      bool is_end = k == 0 || k + 1 == RS_COUNT_OF(sizes);
      char task[64];
      job j = {RS_ALL_REDUCE, specs[i], sizes[k], chip};
      outcome o = run(&j);
      snprintf(task, sizeof task, "%s, %lld B", specs[i], (long long)sizes[k]);
      double meet = is_end ? 1.05 : 1.25;
      if (o.why[0] != '\0') {
        print_line(task, meet, 1.05, 0, "", "FAILED", o.why);
        continue;
      }
      double ours = (double)o.makespan_cycles / (double)o.bound_cycles;
      print_line(task, meet, 1.05, ours, "", judge(ours, meet, 1.05), o.algorithm);
    }
  }
}

static void run_rate(const char *task, double meet, double beat, double bursts, double seconds) {
  double rate = bursts / seconds / 1e6;
  const char *verdict = rate >= beat ? "beaten" : rate >= meet ? "met" : "NOT MET";
  print_line(task, meet, beat, rate, " M/s", verdict, "");
}

static void run_speed(const rs_timing *unit, const rs_timing *chip) {
  job gather = {RS_ALL_GATHER, "realscale:264", 320, unit};
  job reduce = {RS_ALL_REDUCE, "realscale:10440", 16384, chip};
  printf("Seconds of compiling and proving, and bursts a second, on one core\n");
  outcome o = run(&gather);
  double both = o.compile_s + o.check_s;
  print_line("compile + check, all-gather realscale:264", 0.2, 0.05, both, " s",
             o.why[0] != '\0' ? "FAILED" : judge(both, 0.2, 0.05), o.why);
  o = run(&reduce);
  both = o.compile_s + o.check_s;
  print_line("compile + check, 16 KiB realscale:10440", 2, 0.5, both, " s",
             o.why[0] != '\0' ? "FAILED" : judge(both, 2, 0.5), o.why);
  run_rate("link-conflict pass, the same", 20, 50, (double)o.bursts, o.links_s);
  run_rate("whole proof, the same", 5, 15, (double)o.bursts, o.check_s);
}

int main(int argc, char **argv) {
  bool small = argc < 2, large = false, ratios = argc < 2, speed = argc < 2;
  for (int i = 1; i < argc; i++) {
    small = small || strcmp(argv[i], "small") == 0;
    large = large || strcmp(argv[i], "large") == 0;
    ratios = ratios || strcmp(argv[i], "ratios") == 0;
    speed = speed || strcmp(argv[i], "speed") == 0;
  }
  if (!small && !large && !ratios && !speed) {
    fprintf(stderr, "usage: bench_collectives_bars [small|large|ratios|speed …]\n");
    return 2;
  }
  rs_timing unit, chip = chip_timing();
  rs_timing_init_unit(&unit);
  printf("%-46s %9s %9s %9s\n", "task", "meet", "beat", "ours");
  if (small) run_small(&unit);
  if (large) run_large(&unit);
  if (ratios) run_ratios(&chip);
  if (speed) run_speed(&unit, &chip);
  bench_report_memory();
  return 0;
}

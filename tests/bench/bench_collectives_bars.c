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
  int64_t wait_cycles; /* the longest that a vector lies in a hop buffer; −1: not looked at */
  double compile_s, check_s, links_s; /* processor time; links_s: the pass over links alone */
  char algorithm[32];
  char why[400]; /* it failed; empty: it did not */
} outcome;

typedef struct job {
  rs_collective_kind kind;
  const char *spec;
  int64_t bytes;
  const rs_timing *timing;
  const char *as_built; /* NULL, or the row of which the second variant is taken as it is */
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

/* From when a vector could be sent on until it is, the longest over all; every place of a hop buffer is written
 * once in what the compilers make. One operation. */
static int64_t longest_wait(rs_arena *arena, const rs_schedule *s, const rs_wiring *wiring) {
  int64_t places = s->ops[0].tmp_vectors, longest = 0;
  int64_t *ready = RS_ARENA_NEW(arena, int64_t, (size_t)places * wiring->chip_count + 1);
  if (ready == NULL || s->op_count != 1) return -1;
  for (int sends = 0; sends < 2; sends++) { /* all that comes, then all that goes */
    for (uint64_t i = 0; i < s->burst_count; i++) {
      const rs_burst *b = &s->bursts[i];
      const rs_link *link = &wiring->links[b->link];
      bool is_of_hop = (sends == 0 ? b->target : b->source) == RS_BUFFER_TMP;
      for (int64_t k = 0; is_of_hop && k < b->count; k++) {
        if (sends == 0) {
          ready[link->to * places + b->target_offset + k] =
              rs_burst_arrival(&s->timing, link, b, k) + s->timing.forward_cycles;
        } else {
          int64_t since = ready[link->from * places + b->source_offset + k];
          longest = RS_MAX(longest, rs_burst_departure(&s->timing, b, k) - since);
        }
      }
    }
  }
  return longest;
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
  if (j->as_built != NULL) {
    request.algorithm = j->as_built;
    request.variant = (rs_compile_variant){.splits = 2, .as_built = true};
  }
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
  if (status != RS_OK) return status;
  time_links(schedule, wiring, o);
  o->wait_cycles = o->bursts < 1000000 ? longest_wait(arena, schedule, wiring) : -1;
  return RS_OK;
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

/* `must`: the bar has it that nothing waits. */
static void print_wait(outcome o, int must) {
  const char *verdict = o.wait_cycles == 0 ? "met" : must ? "NOT MET" : "";
  printf("%-46s %9s %9s %9lld  %s\n", "  longest wait in a hop buffer", must ? "0" : "-", "-",
         (long long)o.wait_cycles, verdict);
}

/* Of this process so far. */
static void print_memory(double meet_mib) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double mib = (double)(usage.ru_maxrss / 1024);
  print_line("peak memory so far", meet_mib, 0, mib, " MiB", judge(mib, meet_mib, 0), "");
}

typedef struct bar {
  job job;
  int64_t meet, beat; /* beat 0: nothing beats it */
} bar;

static outcome run_bar(const bar *b) {
  char task[64], note[512];
  outcome o = run(&b->job);
  snprintf(task, sizeof task, "%s %s", rs_collective_kind_word(b->job.kind), b->job.spec);
  if (o.why[0] != '\0') {
    print_line(task, (double)b->meet, (double)b->beat, 0, "", "FAILED", o.why);
    return o;
  }
  snprintf(note, sizeof note, "bound %lld, %s, %llu bursts, compile %.3f s, check %.3f s",
           (long long)o.bound_cycles, o.algorithm, (unsigned long long)o.bursts, o.compile_s,
           o.check_s);
  double ours = (double)o.makespan_cycles;
  print_line(task, (double)b->meet, (double)b->beat, ours, "",
             judge(ours, (double)b->meet, (double)b->beat), note);
  return o;
}

static void run_bars(const bar *bars, size_t count) {
  for (size_t i = 0; i < count; i++) (void)run_bar(&bars[i]);
}

/* ---- parts ---- */

static void run_small(const rs_timing *unit) {
  const bar bars[] = {
      {{RS_ALL_REDUCE, "realscale:264", 320, unit, NULL}, 3, 0},
      {{RS_ALL_REDUCE, "realscale:10440", 320, unit, NULL}, 7, 0},
      {{RS_ALL_REDUCE, "realscale:10440,wiring=optimised", 320, unit, NULL}, 7, 6},
      {{RS_ALL_GATHER, "realscale:264", 320, unit, NULL}, 24, 0},
      {{RS_ALL_GATHER, "dragonfly:a=8,h=9", 320, unit, NULL}, 37, 0},
      {{RS_ALL_GATHER, "polarfly:13", 320, unit, NULL}, 14, 0},
      {{RS_ALL_GATHER, "torus:4x4x4", 320, unit, NULL}, 11, 0},
      {{RS_ALL_GATHER, "slimfly:5", 320, unit, NULL}, 7, 0},
      {{RS_ALL_GATHER, "lps:11,7", 320, unit, NULL}, 15, 14},
      {{RS_ALL_GATHER, "realscale:72", 320, unit, NULL}, 9, 8},
  };
  const bar exchange = {{RS_ALL_TO_ALL, "realscale:264", 320, unit, NULL}, 66, 65};
  printf("Slots on the unit clock, one vector a shard or a pair\n");
  run_bars(bars, RS_COUNT_OF(bars));
  print_wait(run_bar(&exchange), 0);
  /* The timetable of the gateways, held to its slots: nothing waits. */
  const bar timetable = {{RS_ALL_TO_ALL, "realscale:264", 320, unit, "gateways"}, 66, 0};
  print_wait(run_bar(&timetable), 1);
}

static void run_large(const rs_timing *unit) {
  const bar bars[] = {
      {{RS_ALL_GATHER, "realscale:10440", 320, unit, NULL}, 1050, 949},
      {{RS_ALL_TO_ALL, "realscale:10440", 320, unit, NULL}, 9248, 5184},
  };
  printf("The same, 109 million vectors to deliver\n");
  run_bars(bars, RS_COUNT_OF(bars));
  print_memory(16 * 1024);
}

/* Makespan over its lower bound for a wiring of every family up to 584 chips, and the worst of them. */
static void run_ratios(const rs_timing *chip) {
  static const char *const specs[] = {"mesh:8",
                                      "ring:8",
                                      "torus:4x4x4",
                                      "hypercube:6",
                                      "hyperx:8x8",
                                      "realscale:72",
                                      "realscale:264",
                                      "realscale:576",
                                      "slimfly:5",
                                      "polarfly:7",
                                      "polarfly:13",
                                      "lps:11,7",
                                      "polarstar:3,iq3",
                                      "bundlefly:3,5",
                                      "kautz:3,3",
                                      "dragonfly:a=4,h=2",
                                      "dragonfly:a=8,h=9",
                                      "random:n=64,degree=8,seed=1"};
  static const int64_t sizes[] = {320, 16384, 1 << 20, INT64_C(1) << 30};
  double worst[2] = {0, 0}; /* between, at the ends */
  printf("All-reduce on the clock of a chip: makespan over its lower bound\n");
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t k = 0; k < RS_COUNT_OF(sizes); k++) {
      bool is_end = k == 0 || k + 1 == RS_COUNT_OF(sizes);
      char task[64];
      job j = {RS_ALL_REDUCE, specs[i], sizes[k], chip, NULL};
      outcome o = run(&j);
      snprintf(task, sizeof task, "%s, %lld B", specs[i], (long long)sizes[k]);
      double meet = is_end ? 1.05 : 1.25;
      if (o.why[0] != '\0') {
        print_line(task, meet, 1.05, 0, "", "FAILED", o.why);
        continue;
      }
      double ours = (double)o.makespan_cycles / (double)o.bound_cycles;
      worst[is_end] = RS_MAX(worst[is_end], ours);
      print_line(task, meet, 1.05, ours, "", judge(ours, meet, 1.05), o.algorithm);
    }
  }
  print_line("worst at 320 B and 1 GiB", 1.05, 0, worst[1], "", judge(worst[1], 1.05, 0), "");
  print_line("worst of all", 1.25, 1.05, RS_MAX(worst[0], worst[1]), "",
             judge(RS_MAX(worst[0], worst[1]), 1.25, 1.05), "");
}

static void run_rate(const char *task, double meet, double beat, double bursts, double seconds) {
  double rate = bursts / seconds / 1e6;
  const char *verdict = rate >= beat ? "beaten" : rate >= meet ? "met" : "NOT MET";
  print_line(task, meet, beat, rate, " M/s", verdict, "");
}

static void run_speed(const rs_timing *unit, const rs_timing *chip) {
  job gather = {RS_ALL_GATHER, "realscale:264", 320, unit, NULL};
  job reduce = {RS_ALL_REDUCE, "realscale:10440", 16384, chip, NULL};
  printf("Seconds of compiling and proving, and bursts a second, on one core\n");
  outcome o = run(&gather);
  double both = o.compile_s + o.check_s;
  print_line("compile + check, all-gather realscale:264", 0.2, 0.05, both, " s",
             o.why[0] != '\0' ? "FAILED" : judge(both, 0.2, 0.05), o.why);
  o = run(&reduce);
  both = o.compile_s + o.check_s;
  print_line("compile + check, 16 KiB realscale:10440", 2, 0.5, both, " s",
             o.why[0] != '\0' ? "FAILED" : judge(both, 2, 0.5), o.why);
  print_memory(1024);
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
  return 0;
}

/*
 * Compiled schedules on drifting clocks: a margin keeps them safe within the offsets that the formula
 * says, and not far beyond; the run's shortcuts agree with looking at every vector.
 */
#include <stdlib.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_clock_trial.h"
#include "rs_collective.h"
#include "rs_deskew_stalls.h"
#include "rs_random.h"
#include "rs_test.h"
#include "rs_test_topology.h"

static rs_arena *arena;

static int set_up(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

typedef struct plan {
  const rs_wiring *wiring;
  rs_schedule *schedule;
  rs_check_report report;
  rs_sync_tree tree;
  rs_departures *departures;
  rs_clock_trial_config config;
} plan;

static rs_timing chip_timing(void) {
  rs_timing t;
  rs_timing_init_unit(&t);
  t.clock_hz = 900000000;
  t.vector_bytes = 320;
  t.slot_num = 2952;
  t.slot_den = 125;
  t.latency_cycles[RS_CABLE_NODE] = 216;
  t.latency_cycles[RS_CABLE_RACK] = 222;
  t.latency_cycles[RS_CABLE_INTER_RACK] = 258;
  t.send_cycles = t.receive_cycles = t.forward_cycles = 207;
  t.add_cycles = 20;
  t.adds_per_cycle = 16;
  return t;
}

/* A collective of all chips, compiled with a margin, proved, and repeated for run_cycles. */
static plan make_plan(const char *topology, rs_collective_kind kind, int64_t bytes,
                      int64_t margin_cycles, int64_t resync_cycles, int64_t run_cycles) {
  rs_diag diag = {0};
  plan p = {.wiring = build_spec(arena, topology)};
  rs_timing timing = chip_timing();
  uint32_t n = p.wiring->chip_count;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, n);
  for (uint32_t i = 0; i < n; i++) chips[i] = i;
  const rs_collective_request request = {.kind = kind,
                                         .chips = chips,
                                         .chip_count = n,
                                         .root = RS_NONE,
                                         .block_bytes = bytes,
                                         .deskew_margin_cycles = margin_cycles};
  rs_compile_report compiled;
  rs_calendar *calendar = rs_calendar_create(arena, p.wiring, &timing);
  p.schedule = rs_schedule_create(arena, p.wiring, topology, &timing);
  assert_ok(rs_collective_compile(p.schedule, p.wiring, calendar, &request, NULL, &compiled, &diag),
            &diag);
  rs_schedule_sort(p.schedule);
  const rs_check_options check = {.seed = 1};
  assert_ok(rs_checker_run(p.schedule, p.wiring, &check, &p.report, &diag), &diag);
  assert_ok(rs_sync_tree_build(arena, p.wiring, 0, false, &p.tree, &diag), &diag);
  assert_ok(rs_departures_create(arena, p.schedule, p.wiring, p.report.makespan_cycles,
                                 &p.departures, &diag),
            &diag);
  p.config = (rs_clock_trial_config){.wiring = p.wiring,
                                     .schedule = p.schedule,
                                     .departures = p.departures,
                                     .clock = {.clock_hz = timing.clock_hz},
                                     .deskew = {.resync_cycles = resync_cycles,
                                                .margin_cycles = margin_cycles,
                                                .fifo_vectors = 16,
                                                .sigma_millicycles = 2800,
                                                .run_cycles = run_cycles},
                                     .way = RS_CLOCK_HAC,
                                     .gain_p_atto = INT64_C(100000000000),
                                     .gain_i_atto = 20000,
                                     .period_ticks = 10000,
                                     .delay_ticks = 100,
                                     .settle_ticks = 50000000};
  rs_clock_trial_deskew(p.wiring, p.schedule, &p.tree, &p.config.deskew);
  return p;
}

static rs_clock_trial draw(plan *p, int64_t offset_ppb, bool is_extreme, uint64_t seed) {
  rs_diag diag = {0};
  rs_clock_trial trial;
  rs_arena *scratch = rs_arena_create(0);
  p->config.tree = &p->tree;
  p->config.clock.offset_ppb = offset_ppb;
  p->config.clock.is_extreme = is_extreme;
  p->config.deskew.offset_ppb = offset_ppb + p->config.clock.wander_ppb;
  assert_ok(rs_clock_trial_run(scratch, &p->config, seed, &trial, &diag), &diag);
  rs_arena_destroy(scratch);
  return trial;
}

/* ---- the promise ---- */

/* The margin stands in every hop: no vector that was received is read sooner, and one more cycle of
 * margin could not be proved. */
static void margins_are_proved(void **state) {
  (void)state;
  static const int64_t margins[] = {0, 1, 24, 60};
  for (size_t i = 0; i < RS_COUNT_OF(margins); i++) {
    plan p = make_plan("mesh:8", RS_ALL_REDUCE, 16384, margins[i], 4096, 10000);
    assert_true(p.report.received_slack_cycles_min >= margins[i]);
  }
}

/*
 * 64 cycles of margin, resync every 131,072 cycles, eight chips about a root: cables take 8.4 of the
 * margin and two levels of alignment 3.0, so drift may take 52.6: 52.6 / (2 · 131,680) = 199 ppm.
 * A thousand draws at the safe offset, half with oscillators at the ends of the band: none is late and
 * no port overflows. At a sixteenth more there is a late vector in one of the thousand.
 */
static void a_margin_is_safe_up_to_its_offset(void **state) {
  (void)state;
  plan p = make_plan("mesh:8", RS_ALL_REDUCE, 16384, 64, 131072, 300000);
  int64_t safe = rs_deskew_safe_ppb(&p.config.deskew);
  assert_in_range(safe, 195000, 203000);
  int64_t margin_min = INT64_MAX;
  for (uint64_t seed = 0; seed < 1000; seed++) {
    rs_clock_trial t = draw(&p, safe, seed % 2 == 0, seed);
    margin_min = RS_MIN(margin_min, t.run.margin_fs_min);
    if (t.run.fault != RS_CLOCK_SAFE || t.short_stalls > 0) {
      fail_msg("seed %llu: %s", (unsigned long long)seed, rs_clock_fault_word(t.run.fault));
    }
  }
  print_message("safe at %lld ppb; least margin left of 1,000 draws: %lld fs\n", (long long)safe,
                (long long)margin_min);
  uint64_t faults = 0;
  for (uint64_t seed = 0; seed < 1000; seed++) {
    rs_clock_trial t = draw(&p, safe * 17 / 16, seed % 2 == 0, seed);
    faults += t.run.fault == RS_CLOCK_LATE;
  }
  print_message("a sixteenth beyond: %llu of 1,000 draws are late\n", (unsigned long long)faults);
  assert_true(faults > 0);
}

/* Puts stalls into the plan's schedule, as long as `offset_ppb` asks for. */
static void add_stalls(plan *p, int64_t interval_cycles, int64_t offset_ppb) {
  rs_diag diag = {0};
  rs_deskew_config asked = p->config.deskew;
  asked.resync_cycles = interval_cycles;
  asked.offset_ppb = offset_ppb;
  const rs_deskew_insert_config config = {.interval_cycles = interval_cycles,
                                          .stall_cycles = rs_deskew_find_need(&asked).stall_cycles,
                                          .margin_cycles = asked.margin_cycles,
                                          .end_cycles = p->report.makespan_cycles};
  const rs_check_options check = {.seed = 1};
  assert_ok(rs_deskew_insert(p->schedule, &config, &diag), &diag);
  assert_ok(rs_checker_run(p->schedule, p->wiring, &check, &p->report, &diag), &diag);
  p->config.repeat_cycles = p->report.makespan_cycles + asked.margin_cycles;
  assert_ok(rs_departures_create(arena, p->schedule, p->wiring, p->config.repeat_cycles,
                                 &p->departures, &diag),
            &diag);
  p->config.departures = p->departures;
  rs_deskew_own(p->schedule, p->config.repeat_cycles, &p->config.deskew);
}

/*
 * A schedule with stalls of its own, made for ±200 ppm: 8 MiB take 155,000 cycles, so there are stalls before
 * cycles 65,536 and 131,072 and DESKEW before each repeat. The formula calls it safe up to a bit more than
 * what it was made for (stalls are whole cycles), a thousand draws at that offset are, and at twice as much,
 * where stalls are too short for their corrections, one is late.
 */
static void own_stalls_keep_a_schedule_safe(void **state) {
  (void)state;
  plan p = make_plan("mesh:8", RS_ALL_REDUCE, INT64_C(8) << 20, 64, 0, 400000);
  add_stalls(&p, 65536, 200000);
  assert_int_equal(p.schedule->stall_count, 3);
  assert_int_equal(p.config.deskew.resync_cycles, 65536);
  int64_t safe = rs_deskew_safe_ppb(&p.config.deskew);
  assert_in_range(safe, 200000, 208000);
  uint64_t faults = 0, shorts = 0;
  int64_t correction = 0;
  for (uint64_t seed = 0; seed < 1000; seed++) {
    rs_clock_trial t = draw(&p, safe, seed % 2 == 0, seed);
    if (t.run.fault != RS_CLOCK_SAFE || t.short_stalls > 0) {
      fail_msg("seed %llu: %s", (unsigned long long)seed, rs_clock_fault_word(t.run.fault));
    }
    correction = RS_MAX(correction, t.correction_cycles);
  }
  for (uint64_t seed = 0; seed < 1000 && faults == 0; seed++) {
    rs_clock_trial t = draw(&p, 2 * safe, seed % 2 == 0, seed);
    faults += t.run.fault == RS_CLOCK_LATE;
    shorts += t.short_stalls > 0;
  }
  print_message("safe at %lld ppb; the largest correction takes %lld of %lld cycles\n",
                (long long)safe, (long long)correction, (long long)p.schedule->stalls[1].cycles);
  assert_true(correction > 0 && correction <= p.schedule->stalls[1].cycles);
  assert_true(faults > 0 && shorts > 0);
}

/* Repeats and stalls by seed, wander included; and without the stalls the same draws drift away. */
static void own_stalls_never_promise_too_much(void **state) {
  (void)state;
  static const char *const topologies[] = {"mesh:4", "ring:8", "torus:3x3", "realscale:16",
                                           "hypercube:4"};
  uint64_t drifted = 0;
  for (uint64_t seed = 0; seed < 40; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 3);
    int64_t margin = rs_random_between(&random, 30, 120);
    int64_t interval = rs_random_between(&random, 2000, 30000);
    plan p = make_plan(topologies[seed % 5], RS_ALL_REDUCE,
                       rs_random_between(&random, 1000, 1000000), margin, 0, 200000);
    add_stalls(&p, interval, rs_random_between(&random, 10000, 300000));
    int64_t safe = RS_MIN(rs_deskew_safe_ppb(&p.config.deskew), INT64_C(1900000));
    for (uint64_t k = 0; k < 4 && safe >= 0; k++) {
      p.config.clock.wander_ppb = k == 3 ? safe / 4 : 0;
      rs_clock_trial t = draw(&p, safe - p.config.clock.wander_ppb, k > 0, 100 * seed + k);
      if (t.run.fault != RS_CLOCK_SAFE || t.short_stalls > 0) {
        fail_msg("seed %llu draw %llu: %s, %lld short stalls", (unsigned long long)seed,
                 (unsigned long long)k, rs_clock_fault_word(t.run.fault),
                 (long long)t.short_stalls);
      }
    }
    p.schedule->stall_count = 0;
    p.config.deskew.resync_cycles = 0;
    p.config.clock.wander_ppb = 0;
    drifted += draw(&p, RS_MAX(safe, INT64_C(0)), true, seed).run.fault != RS_CLOCK_SAFE;
  }
  print_message("without stalls %llu of 40 are late\n", (unsigned long long)drifted);
  assert_true(drifted >= 3);
}

/* Other wirings, depths, margins and intervals by seed: what the formula calls safe is safe. */
static void the_formula_never_promises_too_much(void **state) {
  (void)state;
  static const char *const topologies[] = {"mesh:4", "ring:8", "torus:3x3", "realscale:16",
                                           "hypercube:4"};
  for (uint64_t seed = 0; seed < 60; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 0);
    int64_t margin = rs_random_between(&random, 20, 120);
    int64_t resync = INT64_C(1) << rs_random_between(&random, 12, 18);
    plan p = make_plan(topologies[seed % 5], seed % 3 == 0 ? RS_ALL_GATHER : RS_ALL_REDUCE, 8192,
                       margin, resync, 3 * resync);
    int64_t safe = rs_deskew_safe_ppb(&p.config.deskew);
    for (uint64_t k = 0; k < 5 && safe >= 0; k++) {
      int64_t offset = RS_MIN(safe, INT64_C(1900000));
      p.config.clock.wander_ppb =
          k == 4 ? offset / 4 : 0; /* constant and wandering part together */
      rs_clock_trial t = draw(&p, offset - p.config.clock.wander_ppb, k > 0, 100 * seed + k);
      rs_deskew_need need = rs_deskew_find_need(&p.config.deskew);
      if (t.run.fault != RS_CLOCK_SAFE || t.short_stalls > 0 ||
          t.run.fifo_vectors_max > need.fifo_vectors) {
        fail_msg("seed %llu draw %llu: %s, %lld short stalls, %lld of %lld waiting",
                 (unsigned long long)seed, (unsigned long long)k, rs_clock_fault_word(t.run.fault),
                 (long long)t.short_stalls, (long long)t.run.fifo_vectors_max,
                 (long long)need.fifo_vectors);
      }
    }
  }
}

/* ---- the same, vector by vector ---- */

typedef struct vector {
  rs_int128 arrival, receive; /* fs */
  int64_t departure;
  uint64_t burst;
} vector;

static int by_departure(const void *left, const void *right) {
  const vector *a = left, *b = right;
  return (a->departure > b->departure) - (a->departure < b->departure);
}

typedef struct brute {
  int64_t margin_fs_min;
  int64_t fifo_vectors_max;
  rs_clock_fault fault;
  int64_t fault_cycle;
} brute;

static void look_at_link(const rs_clock_run_config *c, uint32_t link, brute *b) {
  const rs_link *l = &c->wiring->links[link];
  const rs_timing *t = &c->schedule->timing;
  int64_t period = 0, count = 0;
  for (uint64_t i = 0; i < c->schedule->burst_count; i++) {
    if (rs_schedule_rides(c->schedule, i)) continue; /* a vector, however many places it goes to */
    if (c->schedule->bursts[i].link == link) count += c->schedule->bursts[i].count;
  }
  uint64_t burst;
  if (count == 0) return;
  period = rs_departures_at(c->departures, link, count, &burst) -
           rs_departures_at(c->departures, link, 0, &burst);
  int64_t rounds = c->run_cycles / period + 1;
  vector *v = malloc((size_t)(count * rounds) * sizeof *v);
  int64_t used = 0;
  for (int64_t round = 0; round < rounds; round++) {
    for (uint64_t i = 0; i < c->schedule->burst_count; i++) {
      const rs_burst *run = &c->schedule->bursts[i];
      if (rs_schedule_rides(c->schedule, i)) continue;
      for (int64_t k = 0; run->link == link && k < run->count; k++) {
        int64_t departure = round * period + rs_burst_departure(t, run, k);
        if (departure >= c->run_cycles) continue;
        v[used].departure = departure;
        v[used].burst = i;
        v[used].arrival = rs_program_time_fs(&c->programs[l->from], departure) + c->delays_fs[link];
        v[used].receive = rs_program_time_fs(
            &c->programs[l->to], departure + rs_timing_latency(t, l) + c->margin_cycles);
        used++;
      }
    }
  }
  qsort(v, (size_t)used, sizeof *v, by_departure);
  int64_t first_waiting = 0;
  for (int64_t i = 0; i < used; i++) {
    int64_t margin = (int64_t)(v[i].receive - v[i].arrival);
    while (first_waiting <= i && v[first_waiting].receive <= v[i].arrival) first_waiting++;
    b->margin_fs_min = RS_MIN(b->margin_fs_min, margin);
    b->fifo_vectors_max = RS_MAX(b->fifo_vectors_max, i + 1 - first_waiting);
    if (margin < 0 && (b->fault == RS_CLOCK_SAFE || v[i].departure < b->fault_cycle)) {
      b->fault = RS_CLOCK_LATE;
      b->fault_cycle = v[i].departure;
    }
  }
  free(v);
}

/* Least margin and the first late vector are exact. Waiting vectors are bounded from above: the longest
 * wait, in a stall, need not meet the densest bursts; in most runs the bound is met. */
static void shortcuts_agree_with_every_vector(void **state) {
  (void)state;
  static const char *const topologies[] = {"mesh:4", "ring:5", "torus:3x3"};
  int late = 0, tight = 0;
  for (uint64_t seed = 0; seed < 120; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 77);
    int64_t margin = rs_random_between(&random, 0, 100);
    int64_t resync = rs_random_between(&random, 2000, 20000);
    int64_t bytes = rs_random_between(&random, 1, 60000);
    plan p = make_plan(topologies[seed % 3], RS_ALL_REDUCE, bytes, margin, resync, 60000);
    int64_t offset = rs_random_between(&random, 0, 1500000);
    rs_diag diag = {0};
    rs_clock *clocks = RS_ARENA_NEW(arena, rs_clock, p.wiring->chip_count);
    rs_program *programs = RS_ARENA_NEW(arena, rs_program, p.wiring->chip_count);
    const rs_clock_config clock = {.clock_hz = 900000000,
                                   .offset_ppb = offset,
                                   .wander_ppb = seed % 4 == 0 ? 50000 : 0,
                                   .seed = seed};
    int64_t *delays = rs_link_delays(arena, p.wiring, &p.schedule->timing, 2800, seed);
    rs_hac *hacs;
    rs_hac_report report;
    for (uint32_t i = 0; i < p.wiring->chip_count; i++) {
      assert_ok(rs_clock_draw(&clocks[i], arena, &clock, i, 200000, NULL, &diag), &diag);
    }
    const rs_hac_config hac = {.run_cycles = 70000, .has_exchange = true};
    assert_ok(rs_hac_run(arena, &p.tree, clocks, delays, p.wiring, &hac, &hacs, &report, &diag),
              &diag);
    int64_t stall = rs_random_between(&random, 1, 100);
    for (uint32_t i = 0; i < p.wiring->chip_count; i++) {
      assert_ok(rs_program_build(arena, &clocks[i], &hacs[i], report.aligned_value, 60400, resync,
                                 stall, &programs[i], &diag),
                &diag);
    }
    const rs_clock_run_config config = {.wiring = p.wiring,
                                        .schedule = p.schedule,
                                        .departures = p.departures,
                                        .programs = programs,
                                        .delays_fs = delays,
                                        .run_cycles = 60000,
                                        .margin_cycles = margin,
                                        .fifo_vectors = 1000};
    rs_clock_run run;
    rs_clock_run_schedule(&config, &run);
    brute b = {.margin_fs_min = INT64_MAX};
    for (uint32_t l = 0; l < p.wiring->link_count; l++) look_at_link(&config, l, &b);
    bool is_same = run.margin_fs_min == b.margin_fs_min && run.fault == b.fault &&
                   (run.fault == RS_CLOCK_SAFE || run.fault_cycle == b.fault_cycle);
    if (!is_same || run.fifo_vectors_max < b.fifo_vectors_max) {
      fail_msg("seed %llu: margin %lld or %lld fs, %lld or %lld waiting, first at %lld or %lld",
               (unsigned long long)seed, (long long)run.margin_fs_min, (long long)b.margin_fs_min,
               (long long)run.fifo_vectors_max, (long long)b.fifo_vectors_max,
               (long long)run.fault_cycle, (long long)b.fault_cycle);
    }
    late += run.fault == RS_CLOCK_LATE;
    tight += run.fifo_vectors_max == b.fifo_vectors_max;
  }
  print_message("%d of 120 late; waiting vectors exact in %d\n", late, tight);
  assert_in_range(late, 10, 110); /* both kinds were met */
  assert_true(tight >= 60);
}

/* ---- faults of every kind ---- */

/* Without resync the same chips part for good: at ±100 ppm and 24 cycles of margin a vector is late after
 * (24 + 8.4 + 3) / 2·10^-4 = 177,000 cycles at the latest when a fast one meets a slow one. */
static void without_resync_schedules_break(void **state) {
  (void)state;
  plan p = make_plan("mesh:8", RS_ALL_REDUCE, 16384, 24, 0, 400000);
  int64_t first = INT64_MAX;
  for (uint64_t seed = 0; seed < 20; seed++) {
    rs_clock_trial t = draw(&p, 100000, true, seed);
    if (t.run.fault == RS_CLOCK_LATE) first = RS_MIN(first, t.run.fault_cycle);
  }
  assert_in_range(first, 60000, 177000);
  assert_true(rs_deskew_safe_ppb(&p.config.deskew) < 100000);
}

/* A margin of 400 cycles is 17 slots: a port of 8 overflows at once, whatever the clocks. */
static void long_margins_overflow_ports(void **state) {
  (void)state;
  plan p = make_plan("mesh:8", RS_ALL_REDUCE, 65536, 400, 65536, 100000);
  p.config.deskew.fifo_vectors = 8;
  rs_clock_trial t = draw(&p, 1000, false, 1);
  assert_int_equal(t.run.fault, RS_CLOCK_OVERFLOW);
  assert_true(t.run.fifo_vectors_max > 8);
  assert_int_equal(rs_deskew_safe_ppb(&p.config.deskew), -1);
  p.config.deskew.fifo_vectors = 24;
  t = draw(&p, 1000, false, 1);
  assert_int_equal(t.run.fault, RS_CLOCK_SAFE);
}

/* A stall of one cycle cannot cover a drift of ten: corrections pile up, stalls are short, and a vector
 * is late in the end. */
static void short_stalls_are_seen(void **state) {
  (void)state;
  plan p = make_plan("mesh:8", RS_ALL_REDUCE, 16384, 40, 65536, 1000000);
  p.config.deskew.stall_cycles = 1;
  rs_clock_trial t = draw(&p, 150000, true, 2);
  assert_true(t.short_stalls > 0);
  assert_int_equal(t.run.fault, RS_CLOCK_LATE);
  p.config.deskew.stall_cycles = 0;
  t = draw(&p, 100000, true, 2);
  assert_int_equal(t.short_stalls, 0);
}

/* Beyond half of 1/256 one step an epoch is not enough: refused with the limit. At a hundredth below,
 * chips are still followed. */
static void drift_beyond_tracking_is_refused(void **state) {
  (void)state;
  plan p = make_plan("mesh:4", RS_ALL_REDUCE, 4096, 40, 4096, 200000);
  rs_diag diag = {0};
  p.config.deskew.offset_ppb = 1953000; /* 2 · 0.001953 · 256 / (1 − 0.001953) = 1.0019 */
  assert_int_equal(rs_deskew_config_check(&p.config.deskew, &diag), RS_E_INPUT);
  assert_non_null(strstr(diag.expected, "1953.125 ppm"));
  p.config.deskew.offset_ppb = 1930000;
  assert_ok(rs_deskew_config_check(&p.config.deskew, &diag), &diag);
  rs_clock_trial t = draw(&p, 1930000, true, 3);
  assert_true(t.correction_cycles < 4 * 17 + 10); /* 4,096 · 0.00386 = 16 and the alignment */
  p.config.deskew.resync_cycles = 4;              /* the stall alone takes as long */
  assert_int_equal(rs_deskew_config_check(&p.config.deskew, &diag), RS_E_INPUT);
}

/* ---- the other way ---- */

/* On settled frequencies a program needs neither stall nor resync: the same schedule, which without them
 * breaks on free oscillators, runs. */
static void bittide_needs_no_resync(void **state) {
  (void)state;
  plan p = make_plan("mesh:8", RS_ALL_REDUCE, 16384, 24, 0, 400000);
  for (int pi = 0; pi < 2; pi++) {
    p.config.way = pi ? RS_CLOCK_BITTIDE_PI : RS_CLOCK_BITTIDE_P;
    rs_clock_trial t = draw(&p, 100000, true, 4);
    assert_int_equal(t.run.fault, RS_CLOCK_SAFE);
    assert_int_equal(t.stall_cycles, 0);
    assert_true(t.converged_fs > 0);
    assert_in_range(t.spread_ppb, 0, 5000);
  }
  p.config.settle_ticks = 100000; /* too short: chips are not one, and nothing runs */
  rs_clock_trial t = draw(&p, 100000, true, 4);
  assert_int_equal(t.converged_fs, -1);
  assert_int_equal(t.run.margin_link, RS_NONE);
}

static void the_same_seed_gives_the_same_run(void **state) {
  (void)state;
  plan p = make_plan("torus:3x3", RS_ALL_REDUCE, 16384, 24, 8192, 100000);
  rs_clock_trial a = draw(&p, 100000, false, 11);
  rs_clock_trial b = draw(&p, 100000, false, 11);
  rs_clock_trial c = draw(&p, 100000, false, 12);
  assert_true(a.run.margin_fs_min == b.run.margin_fs_min && a.run.skew_fs_max == b.run.skew_fs_max);
  assert_true(a.run.margin_fs_min != c.run.margin_fs_min);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(margins_are_proved, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_margin_is_safe_up_to_its_offset, set_up, tear_down),
      cmocka_unit_test_setup_teardown(own_stalls_keep_a_schedule_safe, set_up, tear_down),
      cmocka_unit_test_setup_teardown(own_stalls_never_promise_too_much, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_formula_never_promises_too_much, set_up, tear_down),
      cmocka_unit_test_setup_teardown(shortcuts_agree_with_every_vector, set_up, tear_down),
      cmocka_unit_test_setup_teardown(without_resync_schedules_break, set_up, tear_down),
      cmocka_unit_test_setup_teardown(long_margins_overflow_ports, set_up, tear_down),
      cmocka_unit_test_setup_teardown(short_stalls_are_seen, set_up, tear_down),
      cmocka_unit_test_setup_teardown(drift_beyond_tracking_is_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bittide_needs_no_resync, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_same_seed_gives_the_same_run, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

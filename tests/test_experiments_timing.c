/*
 * Timings in words, and published collective times under them.
 *
 * The published values are those of a synthesiser's own tests (TACOS; Won et al., MICRO 2024), which
 * send whole chunks: each is ⌈c(N − 1)/d⌉ · (latency + chunk/rate) with c chunks a chip of N chips and
 * d links of the least connected chip. Vectors need not wait for whole chunks, so ours may be less.
 */
#include <stdio.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_cli.h"
#include "rs_collective.h"
#include "rs_player.h"
#include "rs_test.h"

#define LINK "latency=500ns,rate=50GiB/s"

static rs_timing timing_of(const char *text) {
  rs_timing timing;
  rs_diag diag = {0};
  assert_ok(rs_cli_find_timing(text, &timing, &diag), &diag);
  return timing;
}

static void words_become_cycles(void **state) {
  (void)state;
  rs_timing t = timing_of(LINK);
  /* 320 B · 10^9 Hz / (50 · 2^30 B/s) = 320·10^9 / 53,687,091,200, of which 2^13·5^3·… is common:
   * = 5.9604644775390625 = 390625 / 65536 cycles. */
  assert_int_equal(t.slot_num, 390625);
  assert_int_equal(t.slot_den, 65536);
  assert_int_equal(t.latency_cycles[RS_CABLE_NODE], 500 + 6); /* and the vector itself, ⌈5.96⌉ */
  assert_int_equal(t.latency_cycles[RS_CABLE_INTER_RACK], 506);
  assert_int_equal(t.send_cycles, 0);
  assert_string_equal(t.name, "custom");
  /* 500 ns at 900 MHz are 450 cycles; a slot is 256 B / 128 B/ns = 2 ns = 1.8 = 9/5 cycles. */
  t = timing_of("rate=128GB/s,clock=900MHz,latency=500ns,vector=256B,send=1ns,add=10ns");
  assert_int_equal(t.slot_num, 9);
  assert_int_equal(t.slot_den, 5);
  assert_int_equal(t.vector_bytes, 256);
  assert_int_equal(t.latency_cycles[RS_CABLE_RACK], 450 + 2);
  assert_int_equal(t.send_cycles, 1); /* 0.9, rounded up */
  assert_int_equal(t.add_cycles, 9);
}

static void bad_words_are_refused(void **state) {
  static const char *const cases[][2] = {
      {"latency=500ns", "latency and rate are needed"},
      {"rate=50GiB/s", "latency and rate are needed"},
      {"latency=500ns,rate=0B/s", "too small"},
      {"latency=500,rate=50GiB/s", "500"},
      {"latency=500ns,rate=50GiB", "unit of something else"},
      {"latency=-1ns,rate=1GB/s", "too small"},
      {"latency=500ns,latency=1ns,rate=1GB/s", "given twice"},
      {"latency=500ns,rate=1GB/s,", "no value"},
      {"latency=500ns,,rate=1GB/s", "no value"},
      {"latenzy=500ns,rate=1GB/s", "unknown"},
      {"latency=500ns,rate=1000000007B/s,clock=999999937Hz,vector=4001B", "rounder"},
      {"latency=9000s,rate=1GB/s", "below 2^40"},
      {"latency=99999999999999999999ns,rate=1GB/s", "99999"},
      {"=", "unknown"},
      {"uni", "unknown timing"},
  };
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_timing t;
    rs_diag diag = {0};
    char text[1024];
    rs_status status = rs_cli_find_timing(cases[i][0], &t, &diag);
    rs_diag_format(&diag, text, sizeof text);
    if (status == RS_OK || strstr(text, cases[i][1]) == NULL) {
      fail_msg("'%s': '%s' does not say '%s'", cases[i][0], text, cases[i][1]);
    }
  }
}

/* Compiled with `auto`, proved and played. */
static int64_t makespan_of(rs_collective_kind kind, const char *topology, int64_t bytes,
                           rs_bound *bound) {
  rs_diag diag = {0};
  rs_timing timing = timing_of(LINK);
  rs_compile_report report;
  rs_check_report checked;
  rs_play play;
  const rs_check_options check_options = {.seed = 1};
  const rs_play_options play_options = {.fidelity = RS_FIDELITY_BURST};
  const rs_wiring *wiring = NULL;
  const char *spec;
  rs_arena *arena = rs_arena_create(0);
  assert_ok(rs_cli_build_topology(arena, topology, &spec, &wiring, &diag), &diag);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = {.kind = kind,
                                   .chips = chips,
                                   .chip_count = wiring->chip_count,
                                   .root = RS_NONE,
                                   .block_bytes = bytes};
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag),
            &diag);
  assert_ok(rs_collective_bound(arena, wiring, &timing, &request, bound, &diag), &diag);
  assert_ok(rs_checker_run(schedule, wiring, &check_options, &checked, &diag), &diag);
  assert_ok(rs_player_run(schedule, wiring, &play_options, &play, &diag), &diag);
  assert_int_equal(report.makespan_cycles, checked.makespan_cycles);
  assert_int_equal(report.makespan_cycles, play.makespan_cycles);
  rs_arena_destroy(arena);
  return play.makespan_cycles;
}

static void a_lone_message_takes_latency_and_bytes_over_rate(void **state) {
  rs_bound bound;
  (void)state;
  /* 1 MiB are 3,276.8, so 3,277 vectors: 500 + 3,277 · 5.96046 = 20,032.4; the last departure and
   * the slot in the latency are rounded up apart: ⌈3,276 · 5.96046⌉ + 506 = 19,527 + 506. */
  assert_int_equal(makespan_of(RS_SEND, "mesh:2", 1 << 20, &bound), 20033);
}

static void published_all_gathers_are_met(void **state) {
  static const struct {
    const char *topology;
    int64_t bytes; /* of a chip, rounded up */
    int64_t published_ns;
  } cases[] = {
      /* 1 GiB / 27 chips: ⌈26/6⌉ · (0.5 + 740.74) µs = 5 · 741.24 */
      {"torus:3x3x3", 39768216, 3706200},
      /* 2 GiB / 60 chips in two chunks of 1/60 GiB: ⌈2 · 59/6⌉ · (0.5 + 333.33) µs = 20 · 333.83 */
      {"torus:3x4x5", 35791395, 6676670},
      /* 1 GiB / 25 chips, corners with two cables: ⌈24/2⌉ · (0.5 + 800) µs = 12 · 800.5 */
      {"grid:5x5", 42949673, 9606000},
  };
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_bound bound;
    int64_t ns = makespan_of(RS_ALL_GATHER, cases[i].topology, cases[i].bytes, &bound);
    print_message("%-12s published %10.2f us, ours %10.2f us (%+.2f %%), no less than %10.2f us\n",
                  cases[i].topology, 1e-3 * (double)cases[i].published_ns, 1e-3 * (double)ns,
                  100.0 * (double)(ns - cases[i].published_ns) / (double)cases[i].published_ns,
                  1e-3 * (double)bound.cycles);
    assert_true(100 * ns <= 101 * cases[i].published_ns);
    assert_true(ns >= bound.cycles);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_become_cycles),
      cmocka_unit_test(bad_words_are_refused),
      cmocka_unit_test(a_lone_message_takes_latency_and_bytes_over_rate),
      cmocka_unit_test(published_all_gathers_are_met),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

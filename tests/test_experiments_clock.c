/* A clock point as an experiment: its keys, every mistake with its place, its rows, its map. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_experiment.h"
#include "rs_program.h"
#include "rs_random.h"
#include "rs_test_rows.h"

static const char good[] =
    "name: test\n"
    "task: clock\n"
    "collective: all-reduce\n"
    "topology: mesh:8\n"
    "bytes: 16KiB\n";

static const rs_experiment *parse(const char *more) {
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  const char *text = rs_arena_printf(arena, "%s%s", good, more);
  assert_ok(rs_experiment_parse(arena, "e.yaml", text, strlen(text), NULL, 0, &e, &diag), &diag);
  return e;
}

static void refuses(const char *more, const char *expected) {
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  char text[1024];
  const char *file = rs_arena_printf(arena, "%s%s", good, more);
  rs_status status = rs_experiment_parse(arena, "e", file, strlen(file), NULL, 0, &e, &diag);
  rs_diag_format(&diag, text, sizeof text);
  if (status != RS_E_INPUT || strstr(text, expected) == NULL) {
    fail_msg("%s: status %d, '%s'; expected '%s'", more, (int)status, text, expected);
  }
}

/* ---- keys ---- */

/* ppm in thousandths are ppb; 2.8 cycles 2,800 of 1/1000; 100 · 10^-9 = 10^11 · 10^-18. */
static void keys_become_the_core_units(void **state) {
  (void)state;
  const rs_clock_point *c = &parse("ppm: 50.25\n")->points[0].clock;
  assert_int_equal(c->way, RS_CLOCK_HAC);
  assert_int_equal(c->clock.offset_ppb, 50250);
  assert_int_equal(c->clock.clock_hz, 900000000);
  assert_int_equal(c->deskew.sigma_millicycles, 2800);
  assert_int_equal(c->deskew.resync_cycles, 65536);
  assert_int_equal(c->deskew.run_cycles, 1 << 18); /* three intervals would be less */
  assert_int_equal(c->gain_p_atto, INT64_C(100000000000));
  assert_int_equal(c->gain_i_atto, 20000); /* 20 · 10^-15 */
  assert_int_equal(c->draws, 100);
  const rs_point *p = &parse(
                           "ppm: 100\nwander_ppm: 1.5\nresync: 1_000_000\ndeskew_margin: 32\n"
                           "tree: depth-first\noffsets: extreme\nseed: 7\n")
                           ->points[0];
  assert_int_equal(p->clock.deskew.offset_ppb, 101500); /* both parts */
  assert_int_equal(p->clock.deskew.run_cycles, 3000000);
  assert_int_equal(p->collective.deskew_margin_cycles, 32);
  assert_true(p->clock.is_depth_first && p->clock.clock.is_extreme);
  assert_int_equal(p->seed, 7);
}

static void keys_are_checked(void **state) {
  (void)state;
  refuses("", "the key 'ppm' is missing");
  refuses("ppm: 1.2345\n",
          "e:6:6: ppm: '1.2345' is no such number; expected a decimal from 0 to "
          "100000 of at most three places");
  refuses("ppm: -1\n", "e:6:6: ppm: '-1' is no such number");
  refuses("ppm: 1.\n", "is no such number");
  refuses("ppm: .5\n", "is no such number");
  refuses("ppm: 100001\n", "is no such number");
  refuses("ppm: 99999999999999999999\n", "is no such number");
  refuses("ppm: 100\nresync: -5\n", "e:7:9: resync:");
  refuses("ppm: 100\nfifo: 0\n", "e:7:7: fifo: '0' is out of range");
  refuses("ppm: 100\nclock: hacc\n", "did you mean 'hac'");
  refuses("ppm: 100\ntiming: unit\n", "task 'clock' has no key 'timing'");
  refuses("ppm: 100\nnetwork: adaptive\n", "task 'clock' has no key 'network'");
}

/* 2 · 1,953 ppm · 256 / (1 − 0.001953) is more than one cycle an epoch. */
static void what_cannot_be_followed_is_refused(void **state) {
  (void)state;
  refuses(
      "ppm: 1953\n",
      "e:6:6: ppm: offsets of 1953.000 ppm drift faster than one step an epoch of 256 cycles can "
      "follow; expected offsets below 1953.125 ppm");
  refuses("ppm: 1000\nwander_ppm: 1000\n", "offsets of 2000.000 ppm drift faster");
  refuses("ppm: 0\nwander_ppm: 2000\n", "e:7:13: wander_ppm: offsets of 2000.000 ppm");
  refuses("ppm: 10\nclock: bittide-p\nwander_ppm: 1\n", "e:8:13: wander_ppm: bittide's");
  refuses("ppm: 10\nclock: bittide-p\ngain_p: 0\n", "e:8:9: gain_p: without a gain");
  refuses("ppm: 10\nduration: 1000000000000\n", "e:7:11: duration: a draw of 1000000000000 cycles");
  refuses("ppm: 10\nresync: 1000000000000\n", "e:7:9: resync: a draw of 3000000000000 cycles");
  assert_int_equal(parse("ppm: 5000\nclock: bittide-p\n")->point_count,
                   1); /* no such limit there */
}

/* ---- rows ---- */

/* 32 cycles of margin: 8.4 for cables and 3 for levels leave 20.6, so ±100 ppm can be safe up to
 * 20.6 / 2·10^-4 = 103,000 cycles. At 65,536 all draws are; at 524,288 vectors are late by up to
 * 524,288 · 2·10^-4 = 104.9 cycles less what the margin takes. */
static void rows_say_what_is_safe(void **state) {
  (void)state;
  const rs_experiment *e =
      parse("ppm: 100\ndeskew_margin: 32\ndraws: 20\nsweep: {resync: [65536, 524288]}\n");
  rs_result safe = compute(&e->points[0]);
  assert_false(safe.failed);
  assert_true(fabs(number(&safe, "unsafe_share")) < 1e-9);
  assert_true(number(&safe, "safe_ppm") > 100 && number(&safe, "safe_ppm") < 157);
  assert_true(number(&safe, "margin_cycles_min") > 0 && number(&safe, "margin_cycles_min") < 32);
  assert_true(number(&safe, "residual_skew_cycles_max") < 65536 * 2e-4 + 4);
  assert_int_equal((int)number(&safe, "tree_depth"), 1);
  assert_int_equal((int)number(&safe, "tree_levels_max"), 2);
  assert_true(number(&safe, "received_slack_cycles_min") >= 32);
  assert_string_equal(text_of(&safe, "first_violation"), "none");
  assert_int_equal(rs_result_cell(&safe, "first_violation_link")->kind, RS_CELL_ABSENT);
  rs_result unsafe = compute(&e->points[1]);
  assert_false(unsafe.failed); /* that it breaks is the result */
  assert_true(number(&unsafe, "safe_ppm") < 100);
  assert_true(number(&unsafe, "unsafe_share") > 0.5);
  assert_true(number(&unsafe, "margin_cycles_min") > 32 - 8.4 - 3.1 - 105 - 1);
  assert_string_equal(text_of(&unsafe, "first_violation"), "late");
  assert_non_null(strchr(text_of(&unsafe, "first_violation_link"), '>'));
  assert_non_null(
      strstr(text_of(&unsafe, "first_violation_burst"), text_of(&unsafe, "first_violation_link")));
  /* before the first deskew at 524,288, and not before drift can be what the margin leaves */
  assert_true(number(&unsafe, "first_violation_cycle") > 20.6 / 2e-4);
}

/* A step of a model runs as a collective does, and as `realscale clock` runs it. Its margin stands in every
 * hop; ±50 ppm are safe with 48 cycles, ±400 are not. */
static void a_step_is_a_point(void **state) {
  (void)state;
  static const char text[] =
      "name: test\ntask: clock\nmodel: llama-2-70b\ntopology: realscale:576\n"
      "sharding: {tensor: 8, pipeline: 72}\ncontext: 4096\ndeskew_margin: 48\ndraws: 1\n"
      "sweep: {ppm: [50, 400]}\n";
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  assert_ok(rs_experiment_parse(arena, "e.yaml", text, strlen(text), NULL, 0, &e, &diag), &diag);
  assert_int_equal(e->point_count, 2);
  rs_result safe = compute(&e->points[0]);
  rs_result unsafe = compute(&e->points[1]);
  assert_string_equal(text_of(&safe, "model"), "llama-2-70b");
  assert_string_equal(text_of(&safe, "first_violation"), "none");
  assert_int_equal((int)number(&safe, "chips"), 576);
  assert_int_equal((int)number(&safe, "context"), 4096);
  assert_true(number(&safe, "received_slack_cycles_min") >= 48);
  assert_true(number(&safe, "margin_cycles_min") > 20 && number(&safe, "margin_cycles_min") < 48);
  assert_true(number(&safe, "safe_ppm") > 150 && number(&safe, "safe_ppm") < 200);
  assert_int_equal(rs_result_cell(&safe, "collective")->kind, RS_CELL_ABSENT);
  assert_string_equal(text_of(&unsafe, "first_violation"), "late");
  rs_program_output output = run_program("clock " RS_TEST_DATA
                                         "/../experiments/llama2_70b.yaml --set deskew_margin=48 "
                                         "--set context=4096 --ppm 50 --draws 1 "
                                         "--format json");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, text_of(&safe, "schedule_digest")));
  const char *margin =
      rs_arena_printf(arena, "\"margin_cycles_min\":%.9g,", number(&safe, "margin_cycles_min"));
  if (strstr(output.out, margin) == NULL) fail_msg("%s is not in %s", margin, output.out);
  free_output(&output);
}

static void a_point_is_a_step_or_a_collective(void **state) {
  (void)state;
  static const char *const faults[][2] = {
      {"collective: all-reduce\n", "e:9:13: task 'clock' of a model has no key 'collective'"},
      {"sweep: {bytes: [1KiB]}\n", "task 'clock' of a model has no key 'bytes'"},
      {"generate: 2\n", "task 'clock' has no key 'generate'"},
      {"gpus: 2\n", "task 'clock' has no key 'gpus'"},
      {"chip: h100\n", "is a GPU, and task 'clock' runs on LPUs"},
  };
  static const char text[] =
      "name: test\ntask: clock\nmodel: llama-2-70b\ntopology: realscale:576\n"
      "sharding: {tensor: 8, pipeline: 72}\ncontext: 4096\ndraws: 1\nppm: 1\n";
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    const rs_experiment *e = NULL;
    rs_diag diag = {0};
    char words[1024];
    const char *file = rs_arena_printf(arena, "%s%s", text, faults[i][0]);
    assert_int_equal(rs_experiment_parse(arena, "e", file, strlen(file), NULL, 0, &e, &diag),
                     RS_E_INPUT);
    rs_diag_format(&diag, words, sizeof words);
    if (strstr(words, faults[i][1]) == NULL) fail_msg("'%s' is not in: %s", faults[i][1], words);
  }
  refuses("ppm: 1\ncontext: 4096\n", "task 'clock' without a model has no key 'context'");
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  static const char bare[] = "name: x\ntask: clock\ntopology: mesh:8\nppm: 1\n";
  assert_int_equal(rs_experiment_parse(arena, "e", bare, strlen(bare), NULL, 0, &e, &diag),
                   RS_E_INPUT);
  assert_string_equal(diag.what, "the key 'collective' is missing");
  static const char odd[] =
      "name: x\ntask: clock\nmodel: llama-2-70b\ntopology: realscale:576\ncontext: 9\nppm: 1\n"
      "sharding: {tensor: 7, pipeline: 3}\n";
  assert_int_equal(rs_experiment_parse(arena, "e", odd, strlen(odd), NULL, 0, &e, &diag),
                   RS_E_INPUT);
  assert_int_equal(diag.line, 7);
}

static void bittide_rows_have_no_resync(void **state) {
  (void)state;
  rs_result r =
      compute(&parse("ppm: 100\ndeskew_margin: 32\ndraws: 2\nclock: bittide-pi\n")->points[0]);
  assert_int_equal(rs_result_cell(&r, "resync_cycles")->kind, RS_CELL_ABSENT);
  assert_int_equal(rs_result_cell(&r, "safe_ppm")->kind, RS_CELL_ABSENT);
  assert_true(fabs(number(&r, "unsafe_share")) < 1e-9);
  assert_true(number(&r, "residual_skew_cycles_max") < 4);
  assert_true(number(&r, "frequency_spread_ppm_max") < 5);
  assert_true(number(&r, "buffer_frames_max") > 10);
  assert_true(number(&r, "convergence_s") > 1e-3); /* a time constant is 1 / (8 · 10^-7 · 9·10^8) */
}

/* Well formed and impossible: a row that says why. */
static void what_cannot_be_is_a_row(void **state) {
  (void)state;
  rs_result r = compute(&parse("ppm: 100\nresync: 4\n")->points[0]);
  assert_false(r.failed);
  assert_non_null(strstr(text_of(&r, "reason"), "leaves no time to work"));
  r = compute(&parse("ppm: 100\nclock: bittide-p\ngain_p: 1000000\n")->points[0]);
  assert_non_null(strstr(text_of(&r, "reason"), "overshoots"));
}

/* The margin's price: every hop of the longest chain takes it once more, the last receive included. An
 * all-reduce on a mesh of two phases ends two margins later, when both stay the same algorithm. */
static void margins_cost_a_hop_each(void **state) {
  (void)state;
  const rs_experiment *e = parse(
      "ppm: 1\ndraws: 1\nalgorithm: reduce-scatter+all-gather\n"
      "sweep: {deskew_margin: [0, 32]}\n");
  rs_result none = compute(&e->points[0]);
  rs_result some = compute(&e->points[1]);
  double price = number(&some, "makespan_cycles") - number(&none, "makespan_cycles");
  assert_int_equal((int)price, 64);
}

/* Any values that are accepted give a row: numbers, or a reason why not; and any bytes give points or a
 * place. */
static void any_values_give_a_row(void **state) {
  (void)state;
  static const char *const wirings[] = {"mesh:2", "mesh:8", "ring:5", "torus:3x3", "kautz:2,2"};
  static const char *const ways[] = {"hac", "bittide-p", "bittide-pi"};
  int rows = 0, reasons = 0;
  for (uint64_t seed = 0; seed < 150; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 5);
    char text[800];
    int64_t ppm = (int64_t)1 << rs_random_below(&random, 18);
    snprintf(text, sizeof text,
             "name: x\ntask: clock\ncollective: %s\ntopology: '%s'\nbytes: %lldB\nppm: %lld\n"
             "clock: %s\nresync: %lld\nstall: %lld\ndeskew_margin: %lld\nfifo: %lld\ndraws: 1\n"
             "link_spread: %lld\nduration: %lld\ntree: %s\noffsets: %s\ngain_p: %lld\ngain_i: "
             "%lld\nseed: %llu\n",
             seed % 3 == 0 ? "all-to-all" : "all-reduce", wirings[rs_random_below(&random, 5)],
             (long long)rs_random_between(&random, 1, 40000), (long long)ppm,
             ways[seed % 5 < 3 ? 0 : seed % 5 - 2],
             (long long)(rs_random_between(&random, 0, 1) << rs_random_below(&random, 18)),
             (long long)(rs_random_between(&random, 0, 1) << rs_random_below(&random, 12)),
             (long long)rs_random_between(&random, 0, 500),
             (long long)rs_random_between(&random, 1, 30),
             (long long)rs_random_between(&random, 0, 60),
             (long long)(rs_random_between(&random, 0, 1) << rs_random_below(&random, 18)),
             seed % 2 == 0 ? "breadth-first" : "depth-first", seed % 7 == 0 ? "extreme" : "uniform",
             (long long)(INT64_C(1) << rs_random_below(&random, 20)),
             (long long)(INT64_C(1) << rs_random_below(&random, 20)), (unsigned long long)seed + 1);
    rs_diag diag = {0};
    const rs_experiment *e = NULL;
    rs_status status = rs_experiment_parse(arena, "f", text, strlen(text), NULL, 0, &e, &diag);
    if (status != RS_OK) {
      if (diag.line < 1) fail_msg("seed %llu: no place", (unsigned long long)seed);
      continue;
    }
    rs_result r = compute(&e->points[0]);
    bool has_reason = text_of(&r, "reason")[0] != '\0';
    bool has_numbers = rs_result_cell(&r, "unsafe_share")->kind != RS_CELL_ABSENT;
    bool is_unsettled = strstr(text_of(&r, "reason"), "did not settle") != NULL; /* has both */
    if (r.failed || (has_reason == has_numbers && !is_unsettled)) {
      fail_msg("seed %llu: '%s'", (unsigned long long)seed, text_of(&r, "reason"));
    }
    rows += has_numbers;
    reasons += has_reason;
  }
  print_message("%d rows with numbers, %d with a reason\n", rows, reasons);
  assert_true(rows > 30 && reasons > 5);
}

static void any_bytes_are_survived(void **state) {
  (void)state;
  static const char seed_text[] =
      "name: x\ntask: clock\ncollective: all-reduce\ntopology: mesh:8\nbytes: 16KiB\nppm: 100.5\n"
      "resync: 4096\nwander_ppm: 2\nlink_spread: 2.8\nplots:\n  - {kind: map, x: ppm, y: draws, "
      "by: "
      "ppm}\n";
  static const char letters[] = ":[]{}&*!|'\"#,-?\n .0123456789eclock\xc3";
  char text[sizeof seed_text];
  for (uint64_t seed = 0; seed < 2000; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 1);
    memcpy(text, seed_text, sizeof text);
    for (uint64_t i = rs_random_below(&random, 4) + 1; i > 0; i--) {
      text[rs_random_below(&random, sizeof text - 1)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    rs_arena *scratch = rs_arena_create(0);
    rs_diag diag = {0};
    const rs_experiment *e = NULL;
    rs_status status = rs_experiment_parse(scratch, "f", text, sizeof text - 1, NULL, 0, &e, &diag);
    if (status == RS_OK ? e->point_count == 0 : diag.what[0] == '\0' || diag.line < 1) {
      fail_msg("seed %llu: neither points nor a place", (unsigned long long)seed);
    }
    rs_arena_destroy(scratch);
  }
}

/* ---- the map ---- */

/* Columns 1, 2, 9 on a logarithmic axis: edges at geometric means, outer cells as wide outward as
 * inward: 1/√2, √2, √18, … Rows 0, 10: half way at 5, outer edges −5 and 15. */
static void maps_have_cells_and_a_bound(void **state) {
  (void)state;
  static const char *const columns[] = {"resync_cycles", "ppm", "unsafe_share", "safe_ppm"};
  rs_table *table = rs_table_create(arena, columns, RS_COUNT_OF(columns));
  static const int64_t xs[] = {1, 2, 9};
  for (int row = 0; row < 6; row++) {
    rs_table_add_row(table);
    rs_table_set_i64(table, "resync_cycles", xs[row % 3]);
    rs_table_set_double(table, "ppm", row < 3 ? 0 : 10);
    if (row != 4) rs_table_set_double(table, "unsafe_share", row < 3 ? 0 : 0.5);
    rs_table_set_double(table, "safe_ppm", 100.0 / (double)xs[row % 3]);
  }
  const rs_plot plot = {.kind = RS_PLOT_MAP,
                        .x = "resync_cycles",
                        .y = "ppm",
                        .by = "unsafe_share",
                        .bound = "safe_ppm"};
  rs_text data, variables;
  rs_text_init(&data);
  rs_text_init(&variables);
  rs_sink data_sink = rs_text_sink(&data), variable_sink = rs_text_sink(&variables);
  rs_diag diag = {0};
  assert_ok(rs__draw_data(arena, table, &plot, "test", &data_sink, &variable_sink, &diag), &diag);
  const char *text = rs_arena_strndup(arena, data.bytes, data.length);
  assert_non_null(strstr(text, "1 0 0.7071067811865476 1.4142135623730951 -5 5 0\n"));
  assert_int_equal(count_lines(text), 5 + 2 + 3); /* one cell has no value */
  assert_non_null(strstr(text, "\n\n\n1 100\n2 50\n9 11.11111111111111\n"));
  const char *more = rs_arena_strndup(arena, variables.bytes, variables.length);
  assert_non_null(strstr(more, "is_log_x = 1; is_log_y = 0; has_bound = 1;"));
  rs_text_deinit(&data);
  rs_text_deinit(&variables);
}

static void maps_are_checked(void **state) {
  (void)state;
  refuses("ppm: 1\nplots: [{kind: map, x: resync_cycles, y: ppm}]\n", "a map needs what its cells");
  refuses("ppm: 1\nplots: [{kind: map, x: resync_cycles, y: ppm, by: tree}]\n",
          "a map needs what its cells");
  refuses("ppm: 1\nplots: [{kind: map, x: resync_cycles, by: ppm}]\n", "needs x and y");
  refuses("ppm: 1\nplots: [{kind: bar, x: ppm, y: draws, bound: safe_ppm}]\n",
          "bound with kind: line or map");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_ARENA(keys_become_the_core_units),
      WITH_ARENA(keys_are_checked),
      WITH_ARENA(what_cannot_be_followed_is_refused),
      WITH_ARENA(rows_say_what_is_safe),
      WITH_ARENA(a_step_is_a_point),
      WITH_ARENA(a_point_is_a_step_or_a_collective),
      WITH_ARENA(bittide_rows_have_no_resync),
      WITH_ARENA(what_cannot_be_is_a_row),
      WITH_ARENA(margins_cost_a_hop_each),
      WITH_ARENA(any_values_give_a_row),
      WITH_ARENA(any_bytes_are_survived),
      WITH_ARENA(maps_have_cells_and_a_bound),
      WITH_ARENA(maps_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

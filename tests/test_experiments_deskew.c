/* Margins and stalls in what is compiled, in experiments and on the command line, and clocks for it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs_program.h"
#include "rs_test_rows.h"

/* ---- experiments ---- */

/* A decode step takes the margin on every transfer and is proved with it. Each cycle of margin costs as
 * many cycles as the longest chain has hops: two sums a layer and at least a hop each, so 64 or more of
 * the 32 layers, and the same number for 32 cycles and for 33. */
static void decode_takes_a_margin(void **state) {
  (void)state;
  static const char file[] =
      "name: d\ntask: decode\nmodel: llama-2-7b\ntopology: realscale:64\ncontext: 64\n"
      "sharding: {tensor: 8, pipeline: 8}\nsweep: {deskew_margin: [0, 32, 33]}\n";
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  assert_ok(rs_experiment_parse(arena, "d", file, strlen(file), NULL, 0, &e, &diag), &diag);
  double cycles[3];
  for (int i = 0; i < 3; i++) {
    rs_result r = compute(&e->points[i]);
    assert_false(r.failed);
    assert_string_equal(text_of(&r, "reason"), "");
    cycles[i] = round(number(&r, "token_latency_s") * 9e8);
    assert_true(number(&r, "received_slack_cycles_min") >=
                (double)e->points[i].request.deskew_margin_cycles);
  }
  double hops = (cycles[1] - cycles[0]) / 32;
  assert_true(hops >= 64);
  assert_true(fabs((cycles[2] - cycles[0]) / 33 - hops) < 1e-9);
}

/* A token with stalls: an epoch and as many stalls of one length as intervals fit in, all of which is added
 * to its latency; the schedule that `clock` and `trace` take has them. */
static void decode_takes_stalls(void **state) {
  (void)state;
  static const char text[] =
      "name: test\ntask: decode\nmodel: llama-2-70b\ntopology: realscale:576\n"
      "sharding: {tensor: 8, pipeline: 72}\ncontext: 4096\ndeskew_margin: 48\n"
      "sweep: {deskew_interval: [0, 65536]}\n";
  const rs_experiment *e = NULL;
  rs_diag diag = {0};
  rs_schedule *schedule;
  assert_ok(rs_experiment_parse(arena, "e.yaml", text, strlen(text), NULL, 0, &e, &diag), &diag);
  rs_result none = compute(&e->points[0]);
  rs_result some = compute(&e->points[1]);
  double cycles = number(&some, "deskew_cycles");
  double before = number(&none, "makespan_cycles");
  assert_int_equal(rs_result_cell(&none, "deskew_cycles")->kind, RS_CELL_ABSENT);
  assert_true(fabs(number(&some, "deskew_stalls") - ceil(before / 65536)) < 0.5);
  assert_ok(rs_result_schedule(arena, &e->points[1], &schedule, &diag), &diag);
  assert_int_equal(schedule->stall_count, (uint64_t)number(&some, "deskew_stalls"));
  int64_t stall = schedule->stalls[1].cycles;
  assert_int_equal((int64_t)cycles, 256 + ((int64_t)schedule->stall_count - 1) * stall);
  assert_true(fabs(number(&some, "makespan_cycles") - before - cycles) < 0.5);
  double seconds = number(&some, "token_latency_s") - number(&none, "token_latency_s");
  assert_true(fabs(seconds * 900e6 - cycles) < 1e-3);
  assert_true(fabs(number(&some, "network_s") - number(&none, "network_s") - seconds) < 1e-12);
  assert_true(number(&some, "energy_j_per_token") > number(&none, "energy_j_per_token"));
}

static void what_has_no_one_timetable_takes_no_stalls(void **state) {
  (void)state;
  static const char *const faults[][2] = {
      {"chip: h100\n", "e:7:18: deskew_interval: a GPU has no timetable"},
      {"speculate: {draft: llama-2-7b, acceptance: 0.7}\n", "a round with a draft has two"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    const rs_experiment *e = NULL;
    rs_diag diag = {0};
    char words[1024];
    const char *file = rs_arena_printf(
        arena,
        "name: x\ntask: decode\nmodel: llama-2-70b\ntopology: realscale:576\ncontext: 9\n"
        "sharding: {tensor: 8, pipeline: 72}\ndeskew_interval: 4096\n%s",
        faults[i][0]);
    assert_int_equal(rs_experiment_parse(arena, "e", file, strlen(file), NULL, 0, &e, &diag),
                     RS_E_INPUT);
    rs_diag_format(&diag, words, sizeof words);
    if (strstr(words, faults[i][1]) == NULL) fail_msg("'%s' is not in: %s", faults[i][1], words);
  }
}

/* ---- the program ---- */

static void compile_takes_a_margin(void **state) {
  (void)state;
  rs_program_output with = run_program(
      "compile all-reduce -t mesh:8 -b 16KiB -a reduce-scatter+all-gather --deskew-margin 32 "
      "--format json");
  assert_int_equal(with.status, 0);
  assert_non_null(strstr(with.out, "\"deskew_margin_cycles\":32"));
  assert_non_null(strstr(with.out, "\"received_slack_cycles_min\":32"));
  free_output(&with);
  assert_refused("compile all-reduce -t mesh:8 -b 16KiB --deskew-margin -3", 2, "--deskew-margin");
  assert_refused("compile all-reduce -t mesh:8 -b 16KiB --deskew-margin 12ns", 2,
                 "--deskew-margin");
  assert_refused("compile all-reduce -t mesh:8 -b 16KiB --deskew-margin 99999999", 2,
                 "0 to 1048576 cycles");
}

/* A schedule of a file: its margin is what the checker proves; status 1 when a draw broke it. */
static void any_schedule_runs_on_clocks(void **state) {
  (void)state;
  char path[80], command[200];
  snprintf(path, sizeof path, "/tmp/rs-clock-%ld.rsched", (long)getpid());
  snprintf(command, sizeof command,
           "compile all-reduce -t mesh:8 -b 16KiB --deskew-margin 32 -o %s", path);
  rs_program_output output = run_program(command);
  assert_int_equal(output.status, 0);
  free_output(&output);
  snprintf(command, sizeof command, "clock %s --ppm 100 --draws 10 --format json", path);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "\"deskew_margin_cycles\":32"));
  assert_non_null(strstr(output.out, "\"first_violation\":\"none\""));
  free_output(&output);
  snprintf(command, sizeof command, "clock %s --ppm 1000 --draws 10 --format json", path);
  output = run_program(command);
  assert_int_equal(output.status, 1);
  assert_non_null(strstr(output.out, "\"first_violation\":\"late\""));
  free_output(&output);
  snprintf(command, sizeof command, "clock %s --ppm 10 --deskew-margin 33", path);
  assert_refused(command, 2, "the schedule leaves 32 cycles, not 33");
  snprintf(command, sizeof command, "clock %s", path);
  assert_refused(command, 2, "--ppm is missing");
  snprintf(command, sizeof command, "clock %s --ppm 2000", path);
  assert_refused(command, 2, "--ppm:1:1: ppm: offsets of 2000.000 ppm drift faster");
  unlink(path);
  assert_refused("clock none.rsched --ppm 1", 2, "none.rsched");
}

/* 8 MiB on mesh:8 with a margin of 32: 155,387 cycles and the margin; DESKEW takes 256, and RUNTIME_DESKEW
 * stands before cycles 65,536 and 131,072. ±100 ppm for 65,536 cycles is ⌈13.11⌉ and twice a level's error of
 * 1.64: a stall of 18. So 155,387 + 32 + 256 + 36 = 155,711. */
static void stalls_are_compiled_in_and_used(void **state) {
  (void)state;
  char path[80], other[80], command[256];
  snprintf(path, sizeof path, "/tmp/rs-stalls-%ld.rsched", (long)getpid());
  snprintf(other, sizeof other, "/tmp/rs-plain-%ld.rsched", (long)getpid());
  snprintf(command, sizeof command,
           "compile all-reduce -t mesh:8 -b 8MiB -a reduce-scatter+all-gather --deskew-margin 32 "
           "--format json --deskew-interval 65536 -o %s",
           path);
  rs_program_output output = run_program(command);
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "\"makespan_cycles\":155711,"));
  assert_non_null(strstr(output.out,
                         "\"deskew_interval_cycles\":65536,\"deskew_stalls\":3,"
                         "\"deskew_cycles\":292}"));
  free_output(&output);
  snprintf(command, sizeof command, "clock %s --ppm 100 --draws 10 --format json", path);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "\"resync_cycles\":65536,\"deskew_margin_cycles\":32,"));
  assert_non_null(strstr(output.out, "\"stall_cycles\":18,"));
  free_output(&output);
  snprintf(command, sizeof command, "clock %s --ppm 400 --draws 20 --format json", path);
  output = run_program(command);
  assert_int_equal(output.status, 1);
  free_output(&output);
  snprintf(command, sizeof command, "clock %s --ppm 100 --resync 4096", path);
  assert_refused(command, 2, "--resync: the schedule has stalls of its own");
  snprintf(command, sizeof command,
           "compile all-reduce -t mesh:8 -b 8MiB -a reduce-scatter+all-gather --deskew-margin 32 "
           "-o %s",
           other);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  free_output(&output);
  snprintf(command, sizeof command, "diff %s %s --format csv", other, path);
  output = run_program(command);
  assert_int_equal(output.status, 1);
  assert_non_null(strstr(output.out, "makespan_cycles,155387,155679,292\n"));
  assert_non_null(strstr(output.out, "stall added,,d 131072 18 runtime-deskew,\n"));
  free_output(&output);
  unlink(path);
  unlink(other);
}

/* Points of collectives and of task clock have a schedule too, with their margin and their stalls. */
static void other_tasks_run_on_clocks(void **state) {
  (void)state;
  static const char *const texts[][2] = {
      {"task: collective\ncollective: all-reduce\ntopology: mesh:8\nbytes: 8MiB\n"
       "deskew_margin: 32\ndeskew_interval: 32768\n",
       "\"resync_cycles\":32768,\"deskew_margin_cycles\":32,"},
      {"task: clock\ncollective: all-gather\ntopology: ring:5\nbytes: 1KiB\nppm: 7\n"
       "deskew_margin: 21\n",
       "\"resync_cycles\":65536,\"deskew_margin_cycles\":21,"}};
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    char path[64], command[160];
    snprintf(path, sizeof path, "/tmp/rs-clock-%ld.yaml", (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "name: x\n%s", texts[i][0]);
    fclose(file);
    snprintf(command, sizeof command, "clock %s --ppm 20 --draws 5 --format json", path);
    rs_program_output output = run_program(command);
    assert_int_equal(output.status, 0);
    if (strstr(output.out, texts[i][1]) == NULL) fail_msg("%s", output.out);
    free_output(&output);
    unlink(path);
  }
}

static void stalls_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const char *const faults[][2] = {
      {"--deskew-interval 3parsec", "a time such as 72us, or a number of cycles"},
      {"--deskew-interval 0", "--deskew-interval: '0' is not an interval"},
      {"--deskew-interval 5", "cycles every 5 cycles leaves no time to work"},
      {"--deskew-interval 72us --deskew-ppm 2500", "faster than one step an epoch"},
      {"--deskew-interval 72us --deskew-ppm x", "--deskew-ppm: 'x' is no offset"},
      {"--deskew-ppm 100", "--deskew-ppm: without --deskew-interval"},
      {"--deskew-interval 72us --steady", "--steady: repeats of a schedule with stalls"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    char command[200];
    snprintf(command, sizeof command, "compile all-reduce -t mesh:8 -b 16KiB %s", faults[i][0]);
    assert_refused(command, 2, faults[i][1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_ARENA(decode_takes_a_margin),
      WITH_ARENA(decode_takes_stalls),
      WITH_ARENA(what_has_no_one_timetable_takes_no_stalls),
      WITH_ARENA(compile_takes_a_margin),
      WITH_ARENA(any_schedule_runs_on_clocks),
      WITH_ARENA(stalls_are_compiled_in_and_used),
      WITH_ARENA(other_tasks_run_on_clocks),
      WITH_ARENA(stalls_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* `trace` and `report` as a stranger uses them: files that other programs read. */
#include <jansson.h>
#include <stdbool.h>

#include "rs_program.h"

static const char experiment[] =
    "name: pages\ntask: decode\nmodel: llama-2-7b\nweights: int8\ntopology: realscale:72\n"
    "sharding: {tensor: 8, pipeline: 8}\nbatch: 1\ncontext: 512\n"
    "sweep:\n  context: [1000000, 512]\n"
    "plots:\n  - {kind: stack, title: 'a <b> & \"c\"'}\n";

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/rs-pages-XXXXXX");
  if (mkdtemp(folder) == NULL) return 1;
  char path[128];
  snprintf(path, sizeof path, "%s/e.yaml", folder);
  FILE *file = fopen(path, "wb");
  if (file == NULL) return 1;
  fputs(experiment, file);
  return fclose(file);
}

static int remove_folder(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : 1;
}

static rs_program_output run_here(const char *arguments) {
  char before[128];
  snprintf(before, sizeof before, "cd %s;", folder);
  return run_shell(before, arguments);
}

static void run_good(const char *arguments) {
  rs_program_output output = run_here(arguments);
  if (output.status != 0) fail_msg("`%s`: %s", arguments, output.error);
  free_output(&output);
}

static void expect_refusal(const char *arguments, const char *word) {
  rs_program_output output = run_here(arguments);
  if (output.status == 0 || strstr(output.error, word) == NULL || count_lines(output.error) != 1) {
    fail_msg("`%s`: status %d, '%s', expected '%s'", arguments, output.status, output.error, word);
  }
  free_output(&output);
}

static char *read_here(const char *name) {
  char path[160];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return rs_program_slurp(path);
}

/* ---- trace ---- */

/* The timeline of a collective has its bursts, and ends when its makespan says: the last result is in
 * SRAM 207 cycles after the last arrival, and an event of a burst ends before that. */
static void a_timeline_has_all_bursts(void **state) {
  (void)state;
  run_good("compile all-reduce --topology mesh:8 --bytes 16KiB -o a.rsched --format json >a.json");
  run_good("trace a.rsched -o t.json");
  char *row = read_here("a.json");
  char *text = read_here("t.json");
  json_t *rows = json_loads(row, 0, NULL);
  json_t *trace = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null(rows);
  assert_non_null(trace);
  const json_t *events = json_object_get(trace, "traceEvents");
  const json_t *bursts = json_object_get(json_array_get(rows, 0), "bursts");
  const json_t *makespan = json_object_get(json_array_get(rows, 0), "makespan_s");
  json_int_t slices = 0;
  double end_us = 0;
  for (size_t i = 0; i < json_array_size(events); i++) {
    const json_t *event = json_array_get(events, i);
    if (strcmp(json_string_value(json_object_get(event, "ph")), "X") != 0) continue;
    slices++;
    double end = json_number_value(json_object_get(event, "ts")) +
                 json_number_value(json_object_get(event, "dur"));
    end_us = end > end_us ? end : end_us;
  }
  assert_int_equal(slices, json_integer_value(bursts));
  assert_true(end_us > 0);
  assert_true(end_us < json_number_value(makespan) * 1e6);
  json_decref(rows);
  json_decref(trace);
  free(row);
  free(text);
}

/* The first point does not fit, so the timeline is the second's; asked for by number it is refused. */
static void a_point_without_a_timetable_is_passed_over(void **state) {
  (void)state;
  run_good("trace e.yaml -o t.json");
  run_good("trace e.yaml --point 2 -o u.json");
  char *first = read_here("t.json");
  char *second = read_here("u.json");
  assert_string_equal(first, second);
  free(first);
  free(second);
  expect_refusal("trace e.yaml --point 1 -o t.json", "SRAM");
  expect_refusal("trace e.yaml --point 3 -o t.json", "from 1 to 2");
}

static void mistakes_are_one_line(void **state) {
  (void)state;
  expect_refusal("trace e.yaml", "--output is missing");
  expect_refusal("trace e.yaml -o t.png", "ends in .json or .svg");
  expect_refusal("trace none.yaml -o t.json", "cannot open");
  expect_refusal("trace e.yaml -o t.svg --chips 72", "there is no chip 72");
  expect_refusal("trace e.yaml -o t.svg --from 30", "a time such as");
  expect_refusal("trace e.yaml -o t.svg --from 30us --until 20us", "not after");
  expect_refusal("trace e.yaml --set task=topology -o t.json", "e.yaml");
  expect_refusal("report nothing-here", "manifest.json");
  expect_refusal("trace e.yaml -o missing/t.json", "cannot create");
}

/* ---- report ---- */

/* One page: nothing is fetched, and no text of the user's is markup. */
static void a_report_needs_nothing_else(void **state) {
  (void)state;
  run_good("run e.yaml -o r");
  run_good("report r -o page.html --title 'one <two>'");
  char *page = read_here("page.html");
  assert_non_null(strstr(page, "<title>one &lt;two&gt;</title>"));
  assert_non_null(strstr(page, "a &lt;b&gt; &amp; &quot;c&quot;"));
  assert_null(strstr(page, "<b>"));
  assert_null(strstr(page, "http:"));
  assert_null(strstr(page, "https:"));
  assert_non_null(strstr(page, "tokens_per_s_user"));
  assert_non_null(strstr(page, "src=\"data:image/svg+xml;base64,PD94bWwg")); /* "<?xml " */
  assert_non_null(strstr(page, "</html>"));
  free(page);
}

/* A picture that was deleted is drawn again; two folders are two sections, and the default page is in
 * the first folder. */
static void a_report_of_two_folders(void **state) {
  (void)state;
  run_good("run e.yaml -o r1");
  run_good("run e.yaml -o r2 --set name=second");
  char command[160];
  snprintf(command, sizeof command, "rm %s/r1/*.svg %s/r1/*.png", folder, folder);
  assert_int_equal(system(command), 0);
  run_good("report r1 r2");
  char *page = read_here("r1/report.html");
  assert_non_null(strstr(page, "<h2>pages</h2>"));
  assert_non_null(strstr(page, "<h2>second</h2>"));
  const char *picture = strstr(page, "base64,");
  assert_non_null(picture);
  assert_non_null(strstr(picture + 1, "base64,"));
  free(page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_timeline_has_all_bursts),
      cmocka_unit_test(a_point_without_a_timetable_is_passed_over),
      cmocka_unit_test(mistakes_are_one_line),
      cmocka_unit_test(a_report_needs_nothing_else),
      cmocka_unit_test(a_report_of_two_folders),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

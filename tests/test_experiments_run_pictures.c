/* Pictures of a run: drawn again from its results, and no reason to lose them. */
#include "rs_test_run.h"

static void plots_are_drawn_again_from_the_csv(void **state) {
  char command[512];
  (void)state;
  write_experiment(NULL, sweep);
  rs_program_output output = run_here("-o drawn");
  free_output(&output);
  char *before = read_result("drawn", "plot-1-stack.svg");
  snprintf(command, sizeof command, "plot %s/drawn", folder);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 2);
  assert_non_null(strstr(output.out, "drawn/plot-1-stack.svg\n"));
  free_output(&output);
  char *after = read_result("drawn", "plot-1-stack.svg");
  assert_string_equal(before, after);
  free(before);
  free(after);
  snprintf(command, sizeof command, "sed -i 3d %s/drawn/results.csv", folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "plot %s/drawn", folder);
  output = run_program(command);
  assert_int_equal(output.status, 0);
  free_output(&output);
  char *data = read_result("drawn", "plot-1-stack.dat");
  assert_int_equal(count_lines(data), 3); /* the head; tensor 8 fits at 3 batches, and one is cut */
  free(data);
}

static void plot_refuses_what_is_no_result(void **state) {
  char command[512];
  (void)state;
  assert_refused("plot /nonexistent", 2, "/nonexistent/manifest.json: cannot open");
  snprintf(command, sizeof command, "echo '{\"experiment\": 1, \"plots\": []}' >%s/manifest.json",
           folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "plot %s", folder);
  assert_refused(command, 2, "this is no manifest of results");
}

/* Without gnuplot, and with one that fails, results are there and a warning says why. */
static void a_picture_less_is_no_failure(void **state) {
  char before[256], command[512];
  (void)state;
  write_experiment(NULL, NULL);
  snprintf(before, sizeof before, "cd %s; PATH=%s/bin;", folder, folder);
  rs_program_output output = run_shell(before, "run e.yaml -o none --format csv");
  assert_int_equal(output.status, 0);
  assert_int_equal(count_lines(output.out), 2);
  assert_non_null(strstr(output.error, "warning: plot 1 is not drawn: gnuplot cannot be started"));
  free_output(&output);
  free(read_result("none", "results.csv"));
  assert_no_file("none", "plot-1-stack.svg");
  snprintf(
      command, sizeof command,
      "mkdir %s/bin; printf '#!/bin/sh\\necho first >&2; echo \"  line 3: odd\" >&2; exit 1\\n' "
      ">%s/bin/gnuplot; chmod +x %s/bin/gnuplot",
      folder, folder, folder);
  assert_int_equal(system(command), 0);
  output = run_shell(before, "run e.yaml -o odd --format csv");
  assert_int_equal(output.status, 0);
  assert_non_null(
      strstr(output.error, "warning: plot 1 is not drawn: gnuplot refused: line 3: odd"));
  free_output(&output);
  output = run_shell(before, "plot odd");
  assert_int_equal(output.status, 1);
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plots_are_drawn_again_from_the_csv),
      cmocka_unit_test(plot_refuses_what_is_no_result),
      cmocka_unit_test(a_picture_less_is_no_failure),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* `replay` as a stranger uses it: SimGrid agrees with a timetable to a cycle, and what it is worth. */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>

#include "rs_program.h"

static json_t *replay(const char *compile, const char *more, int status) {
  char path[64], line[300];
  snprintf(path, sizeof path, "/tmp/rs-replay-%ld.rsched", (long)getpid());
  snprintf(line, sizeof line, "compile %s -o %s", compile, path);
  rs_program_output output = run_program(line);
  if (output.status != 0) fail_msg("`%s`: %s", line, output.error);
  free_output(&output);
  snprintf(line, sizeof line, "replay %s --format json %s", path, more);
  output = run_program(line);
  if (output.status != status) fail_msg("`%s`: %d, %s", line, output.status, output.error);
  json_t *rows = json_loads(output.out, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null(rows);
  free_output(&output);
  unlink(path);
  return rows;
}

static double number(const json_t *rows, size_t row, const char *key) {
  const json_t *value = json_object_get(json_array_get(rows, row), key);
  if (!json_is_number(value)) fail_msg("row %zu has no number '%s'", row, key);
  return json_number_value(value);
}

static const char *text_of(const json_t *rows, size_t row, const char *key) {
  const char *text = json_string_value(json_object_get(json_array_get(rows, row), key));
  return text == NULL ? "" : text;
}

/* Row 0 is the timetable, row 1 SimGrid by the same times: 0 ≤ timetable − fluid < 1, so that rounded up
 * they are equal. The others have no times to go by and do not end sooner: the timetable of each of these
 * collectives is at or near its bound. */
static void simgrid_agrees(void **state) {
  (void)state;
  static const char *const commands[] = {
      "all-reduce -t mesh:8 -b 16KiB", "all-to-all -t realscale:24 -b 4KiB",
      "all-gather -t torus:3x3 -b 8KiB --deskew-margin 20 --deskew-interval 4000"};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    json_t *rows = replay(commands[i], "", 0);
    assert_int_equal(json_array_size(rows), 6);
    assert_string_equal(text_of(rows, 1, "times"), "timetable");
    double difference = number(rows, 1, "difference_cycles");
    assert_true(difference > -1 && difference < 1e-6);
    assert_true(fabs(number(rows, 0, "makespan_cycles") - number(rows, 1, "makespan_cycles")) <
                0.5);
    for (size_t row = 2; row < 6; row++) assert_true(number(rows, row, "slowdown") >= 1);
    json_decref(rows);
  }
}

/* A lone vector over one link: send 207 + 216 + receive 207 = 630 cycles on every network that goes straight. */
static void a_lone_vector_takes_its_way(void **state) {
  (void)state;
  json_t *rows = replay("send -t mesh:2 -b 320B --pairs '0>1'", "", 0);
  for (size_t row = 0; row < 4; row++) {
    if (fabs(number(rows, row, "makespan_cycles") - 630) > 1) {
      fail_msg("%s: %g", text_of(rows, row, "network"), number(rows, row, "makespan_cycles"));
    }
  }
  json_decref(rows);
}

static void one_network_can_be_asked(void **state) {
  (void)state;
  json_t *rows = replay("all-reduce -t mesh:4 -b 1KiB", "--network adaptive", 0);
  assert_int_equal(json_array_size(rows), 4);
  assert_string_equal(text_of(rows, 1, "routing"), "minimal");
  json_decref(rows);
}

static void mistakes_are_one_line(void **state) {
  (void)state;
  assert_refused("replay none.rsched", 2, "none.rsched");
  assert_refused("replay", 2, "FILE.rsched");
  char path[64], command[128];
  snprintf(path, sizeof path, "/tmp/rs-replay-%ld.rsched", (long)getpid());
  snprintf(command, sizeof command, "compile all-reduce -t mesh:4 -b 1KiB -o %s", path);
  rs_program_output output = run_program(command);
  free_output(&output);
  snprintf(command, sizeof command, "replay %s --network fluit", path);
  assert_refused(command, 2, "did you mean 'fluid'");
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(simgrid_agrees), cmocka_unit_test(a_lone_vector_takes_its_way),
      cmocka_unit_test(one_network_can_be_asked), cmocka_unit_test(mistakes_are_one_line)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* `fault` as a stranger uses it: what is lost, what the checker says, and what is built anew. */
#include <jansson.h>
#include <stdbool.h>

#include "rs_program.h"

static char folder[64];

static rs_program_output run_here(const char *arguments) {
  char before[128];
  snprintf(before, sizeof before, "cd %s;", folder);
  return run_shell(before, arguments);
}

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/rs-fault-XXXXXX");
  if (mkdtemp(folder) == NULL) return 1;
  static const char *const commands[] = {
      "compile all-reduce -t mesh:8 -b 16KiB -o a.rsched",
      "compile all-reduce -t realscale:72 -b 4KiB -o n.rsched",
      "compile broadcast -t ring:4 -b 320B -o b.rsched",
      "compile all-gather -t realscale:72 --chips 0-6 -b 1KiB -o g.rsched",
      "compile all-reduce -t realscale:72,spare=1 -b 4KiB -o s.rsched",
      "compile broadcast -t realscale:72,spare=1 --root 9 -b 4KiB -o r.rsched",
      "compile all-reduce -t mesh:8 -b 8MiB --deskew-margin 32 --deskew-interval 65536 -o d.rsched",
      "compile all-reduce -t mesh:2 -b 320B -o two.rsched"};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    rs_program_output output = run_here(commands[i]);
    int status = output.status;
    free_output(&output);
    if (status != 0) return 1;
  }
  return 0;
}

static int remove_folder(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : 1;
}

static json_t *run_json(const char *arguments) {
  char line[256];
  snprintf(line, sizeof line, "fault %s --format json", arguments);
  rs_program_output output = run_here(line);
  if (output.status != 0) fail_msg("`%s`: %s", line, output.error);
  json_t *rows = json_loads(output.out, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null(rows);
  free_output(&output);
  return rows;
}

static const char *text_of(const json_t *rows, size_t row, const char *key) {
  const char *text = json_string_value(json_object_get(json_array_get(rows, row), key));
  return text == NULL ? "" : text;
}

static json_int_t number_of(const json_t *rows, size_t row, const char *key) {
  const json_t *value = json_object_get(json_array_get(rows, row), key);
  if (!json_is_integer(value)) fail_msg("row %zu has no number '%s'", row, key);
  return json_integer_value(value);
}

/* The checker refuses exactly when a result is lost that was to come over what is dead, and the new
 * timetable is for all eight chips. */
static void every_cable_of_a_node_can_be_lost(void **state) {
  (void)state;
  json_t *rows = run_json("a.rsched --each cable");
  assert_int_equal(json_array_size(rows), 28);
  for (size_t i = 0; i < 28; i++) {
    assert_true(number_of(rows, i, "results_lost") > 0);
    assert_int_equal(number_of(rows, i, "results"), 8 * 52); /* ⌈16384 / 320⌉ = 52 */
    assert_string_equal(text_of(rows, i, "verdict"), "refused");
    assert_int_equal(number_of(rows, i, "rebuilt_chips"), 8);
    assert_true(number_of(rows, i, "rebuilt_makespan_cycles") >=
                number_of(rows, i, "makespan_cycles"));
  }
  json_decref(rows);
}

/* Cables of the rack that the timetable does not use may die without a trace: then, and only then, the
 * checker proves the old schedule on what is left. */
static void verdict_and_loss_agree(void **state) {
  (void)state;
  json_t *rows = run_json("n.rsched --each cable");
  assert_int_equal(json_array_size(rows), 396); /* 9·28 in nodes, 36 pairs of nodes · 4 */
  for (size_t i = 0; i < json_array_size(rows); i++) {
    bool lost = number_of(rows, i, "results_lost") > 0;
    assert_string_equal(text_of(rows, i, "verdict"), lost ? "refused" : "proved");
    assert_int_equal(lost, number_of(rows, i, "vectors_lost") > 0);
  }
  json_decref(rows);
}

static void every_chip_of_a_rack_can_be_lost(void **state) {
  (void)state;
  json_t *rows = run_json("n.rsched --each chip");
  assert_int_equal(json_array_size(rows), 72);
  for (size_t i = 0; i < 72; i++) {
    assert_int_equal(number_of(rows, i, "rebuilt_chips"), 71);
    assert_int_equal(number_of(rows, i, "results"), 71 * 13); /* ⌈4096 / 320⌉ = 13 */
    assert_true(number_of(rows, i, "results_lost") > 0);
  }
  json_decref(rows);
}

/* The new timetable is written on the whole wiring, and does not use what is dead. */
static void the_new_timetable_is_proved_from_its_file(void **state) {
  (void)state;
  json_t *rows = run_json("a.rsched --fail-link 0-3 --at 300ns -o new.rsched");
  json_t *again = run_json("new.rsched --fail-link 0-3");
  assert_int_equal(number_of(rows, 0, "rebuilt_makespan_cycles"),
                   number_of(again, 0, "makespan_cycles"));
  assert_int_equal(number_of(again, 0, "results_lost"), 0);
  assert_string_equal(text_of(again, 0, "verdict"), "proved");
  json_decref(rows);
  json_decref(again);
}

/* Chips 0-6 gather; 7, of the same node, takes the place of 3. */
static void a_spare_takes_the_place(void **state) {
  (void)state;
  json_t *without = run_json("g.rsched --fail-chip 3");
  json_t *with = run_json("g.rsched --fail-chip 3 --spare 7");
  assert_int_equal(number_of(without, 0, "rebuilt_chips"), 6);
  assert_int_equal(number_of(with, 0, "rebuilt_chips"), 7);
  json_decref(without);
  json_decref(with);
}

/* Chips 64 to 71 are the rack's spare node. A chip of it in the place of chip 17 is away from the rest of
 * its node; when all of node 16 to 23 moves there, its chips stay neighbours, and between the nodes of a rack
 * one place is as good as another: that costs next to nothing. The new timetable does without the chip. */
static void spares_are_found(void **state) {
  (void)state;
  json_t *chip = run_json("s.rsched --fail-chip 17 --spare auto");
  json_t *node = run_json("s.rsched --fail-chip 17 --spare node -o moved.rsched");
  json_t *moved = run_json("moved.rsched --fail-chip 17");
  int64_t first = strtol(text_of(chip, 0, "spare"), NULL, 10);
  assert_in_range(first, 64, 71);
  assert_string_equal(text_of(node, 0, "spare"), "64-71");
  assert_int_equal(number_of(chip, 0, "rebuilt_chips"), 64);
  assert_int_equal(number_of(node, 0, "rebuilt_chips"), 64);
  int64_t before = number_of(node, 0, "makespan_cycles");
  assert_true(number_of(node, 0, "rebuilt_makespan_cycles") <= before + before / 20);
  assert_true(number_of(node, 0, "rebuilt_makespan_cycles") <
              number_of(chip, 0, "rebuilt_makespan_cycles"));
  assert_string_equal(text_of(moved, 0, "verdict"), "proved");
  assert_int_equal(number_of(moved, 0, "results"), 64 * 13);
  assert_int_equal(number_of(moved, 0, "results_lost"), 0);
  json_decref(chip);
  json_decref(node);
  json_decref(moved);
}

/* A root that died is a root elsewhere; two chips of a node move together, two of two nodes find one
 * spare node only; without a free chip it says so. Chips outside the group are found too: 7 is nearest to
 * 0-6, and 7 when it is the only one of the node; and it is in the group's node, not any of 8 to 71. */
static void spares_are_few(void **state) {
  (void)state;
  json_t *root = run_json("r.rsched --fail-chip 9 --spare node");
  json_t *both = run_json("s.rsched --fail-chip 17 --fail-chip 18 --spare node");
  json_t *apart = run_json("s.rsched --fail-chip 17 --fail-chip 30 --spare node");
  json_t *two = run_json("s.rsched --fail-chip 17 --fail-chip 30 --spare auto");
  json_t *none = run_json("a.rsched --fail-chip 3 --spare auto");
  json_t *near = run_json("g.rsched --fail-chip 3 --spare auto");
  assert_int_equal(number_of(root, 0, "rebuilt_chips"), 64);
  assert_string_equal(text_of(both, 0, "spare"), "64-71");
  assert_int_equal(number_of(both, 0, "rebuilt_chips"), 64);
  assert_string_equal(text_of(apart, 0, "rebuild_reason"), "no node is free");
  assert_int_equal(number_of(two, 0, "rebuilt_chips"), 64);
  assert_non_null(strpbrk(text_of(two, 0, "spare"), ",-"));
  assert_string_equal(text_of(none, 0, "rebuild_reason"), "no chip outside the group is free");
  assert_string_equal(text_of(near, 0, "spare"), "7");
  json_decref(root);
  json_decref(both);
  json_decref(apart);
  json_decref(two);
  json_decref(none);
  json_decref(near);
}

/* The new timetable has stalls as often as the old one, and their time is part of both makespans. */
static void stalls_are_rebuilt(void **state) {
  (void)state;
  json_t *rows = run_json("d.rsched --fail-link 0-3 -o again.rsched");
  assert_int_equal(number_of(rows, 0, "makespan_cycles"), 155387 + 256 + 2 * 18);
  rs_program_output output = run_here("clock again.rsched --ppm 100 --draws 5 --format json");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "\"resync_cycles\":65536,\"deskew_margin_cycles\":32,"));
  free_output(&output);
  json_decref(rows);
}

static void what_cannot_be_rebuilt_says_why(void **state) {
  (void)state;
  json_t *root = run_json("b.rsched --fail-chip 0");
  json_t *alone = run_json("two.rsched --fail-chip 1");
  json_t *apart = run_json("two.rsched --fail-link 0-1");
  assert_string_equal(text_of(root, 0, "rebuild_reason"), "the root is dead");
  assert_string_equal(text_of(alone, 0, "rebuild_reason"), "fewer than two chips are left");
  assert_true(text_of(apart, 0, "rebuild_reason")[0] != '\0');
  json_decref(root);
  json_decref(alone);
  json_decref(apart);
}

/* One vector of a sum that all chips have. */
static void a_bit_error_is_one_vector(void **state) {
  (void)state;
  json_t *rows = run_json("a.rsched --bit-error 3-0");
  assert_int_equal(number_of(rows, 0, "vectors_lost"), 1);
  assert_string_equal(text_of(rows, 0, "first_lost_link"), "3>0");
  assert_string_equal(text_of(rows, 0, "verdict"), "");
  json_decref(rows);
}

static void expect_refusal(const char *arguments, const char *word) {
  rs_program_output output = run_here(arguments);
  if (output.status != 2 || strstr(output.error, word) == NULL || count_lines(output.error) != 1 ||
      output.out[0] != '\0') {
    fail_msg("`%s`: status %d, '%s', expected '%s'", arguments, output.status, output.error, word);
  }
  free_output(&output);
}

static void mistakes_are_one_line(void **state) {
  (void)state;
  expect_refusal("fault a.rsched", "nothing breaks");
  expect_refusal("fault a.rsched --fail-link 0-8", "8");
  expect_refusal("fault a.rsched --fail-chip 0-1 --bit-error 0-1", "does not go with");
  expect_refusal("fault a.rsched --bit-error 0", "not a link");
  expect_refusal("fault a.rsched --each node", "cable or chip");
  expect_refusal("fault a.rsched --fail-chip 1 --at 300", "a time such as");
  expect_refusal("fault a.rsched --fail-chip 1 --spare 2", "is in the group");
  expect_refusal("fault a.rsched --fail-chip 1 --spare 8", "there is no chip");
  expect_refusal("fault a.rsched --fail-chip 1 --spare atuo", "auto, node, or a chip from 0 to 7");
  expect_refusal("fault a.rsched --fail-chip 1 --spare node", "this wiring has no nodes");
  expect_refusal("fault none.rsched --fail-chip 1", "none.rsched");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_cable_of_a_node_can_be_lost),
      cmocka_unit_test(verdict_and_loss_agree),
      cmocka_unit_test(every_chip_of_a_rack_can_be_lost),
      cmocka_unit_test(the_new_timetable_is_proved_from_its_file),
      cmocka_unit_test(a_spare_takes_the_place),
      cmocka_unit_test(spares_are_found),
      cmocka_unit_test(spares_are_few),
      cmocka_unit_test(stalls_are_rebuilt),
      cmocka_unit_test(what_cannot_be_rebuilt_says_why),
      cmocka_unit_test(a_bit_error_is_one_vector),
      cmocka_unit_test(mistakes_are_one_line),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* The YAML tree: places, kinds, and any bytes. */
#include <string.h>

#include "rs_random.h"
#include "rs_test.h"
#include "rs_yaml.h"

static void the_tree_knows_its_places(void **state) {
  (void)state;
  static const char text[] =
      "a: 1\n"
      "b: {c: [x, 'y z'], d: \"\"}\n"
      "e:\n"
      "  - &anchor f\n"
      "  - *anchor\n";
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_yaml_node *root;
  assert_ok(rs_yaml_parse(arena, "f", text, strlen(text), &root, &diag), &diag);
  assert_int_equal(root->item_count, 3);
  assert_string_equal(root->items[0].value->text, "1");
  assert_int_equal(root->items[0].value->column, 4);
  const rs_yaml_node *b = root->items[1].value;
  assert_int_equal(b->items[0].line, 2);
  assert_int_equal(b->items[0].column, 5);
  assert_string_equal(b->items[0].value->items[1].value->text, "y z");
  assert_true(b->items[0].value->items[1].value->is_quoted);
  assert_string_equal(b->items[1].value->text, "");
  const rs_yaml_node *e = root->items[2].value;
  assert_int_equal(e->kind, RS_YAML_LIST);
  assert_string_equal(e->items[1].value->text, "f");
  rs_arena_destroy(arena);
}

static void check_refusal(const char *text, size_t length, const char *line) {
  char printed[1024];
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  const rs_yaml_node *root;
  assert_int_not_equal(rs_yaml_parse(arena, "f", text, length, &root, &diag), RS_OK);
  rs_diag_format(&diag, printed, sizeof printed);
  if (strncmp(printed, line, strlen(line)) != 0) fail_msg("it says: %s", printed);
  rs_arena_destroy(arena);
}

static void what_experiments_do_not_use_is_refused(void **state) {
  (void)state;
  check_refusal("", 0, "f:1:1: the file is empty");
  check_refusal("# nothing\n", 10, "f:1:1: the file is empty");
  check_refusal("- a\n", 4, "f:1:3: this is no experiment");
  check_refusal("a\0b: 1\n", 7, "f:1:2: a control character");
  check_refusal("a: 1\na: 2\n", 10, "f:2:1: duplicate key");
  check_refusal("[a]: 1\n", 7, "f:1:");
  check_refusal("a: *b\n", 6, "f:1:");
  check_refusal("a: [1\n", 6, "f:");
  check_refusal("\xff\xfe\n", 3, "f:");
}

static void deep_nesting_is_refused(void **state) {
  static char text[200001];
  (void)state;
  memset(text, '[', 100000);
  memset(text + 100000, ']', 100000);
  check_refusal(text, 200000, "f:1:");
}

static void windows_line_ends_are_read(void **state) {
  (void)state;
  static const char text[] = "a: 1\r\nb: 2\r\n";
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_yaml_node *root;
  assert_ok(rs_yaml_parse(arena, "f", text, strlen(text), &root, &diag), &diag);
  assert_string_equal(root->items[1].value->text, "2");
  rs_arena_destroy(arena);
}

static void any_bytes_are_survived(void **state) {
  (void)state;
  static const char seed_text[] =
      "name: x\nsharding: {tensor: 8, pipeline: [1, 2]}\nsweep:\n  batch: &a [1, 4]\n  c: *a\n"
      "plots:\n  - {kind: line, x: batch, y: \"t\"}\n";
  static const char letters[] = ":[]{}&*!|>'\"%@`#,-?\n\t <xyz\xc3\x28";
  char text[sizeof seed_text];
  for (uint64_t seed = 0; seed < 3000; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 0);
    memcpy(text, seed_text, sizeof text);
    for (uint64_t i = rs_random_below(&random, 5) + 1; i > 0; i--) {
      text[rs_random_below(&random, sizeof text - 1)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag;
    const rs_yaml_node *root;
    rs_yaml_parse(arena, "fuzz", text, rs_random_below(&random, sizeof text), &root, &diag);
    rs_arena_destroy(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tree_knows_its_places),
      cmocka_unit_test(what_experiments_do_not_use_is_refused),
      cmocka_unit_test(deep_nesting_is_refused),
      cmocka_unit_test(windows_line_ends_are_read),
      cmocka_unit_test(any_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The YAML tree: places, kinds, budgets, and any bytes. */
#include <stdio.h>
#include <stdlib.h>
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
      "  - *anchor\n"
      "g:\n";
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_yaml_node *root;
  assert_ok(rs_yaml_parse(arena, "f", text, strlen(text), &root, &diag), &diag);
  assert_int_equal(root->item_count, 4);
  assert_string_equal(root->items[0].value->text, "1");
  assert_false(root->items[0].value->is_quoted);
  assert_int_equal(root->items[0].value->column, 4);
  const rs_yaml_node *b = root->items[1].value;
  assert_int_equal(b->kind, RS_YAML_MAPPING);
  assert_int_equal(b->column, 4);
  assert_int_equal(b->items[0].line, 2);
  assert_int_equal(b->items[0].column, 5);
  assert_string_equal(b->items[0].value->items[1].value->text, "y z");
  assert_int_equal(b->items[0].value->items[1].column, 12);
  assert_true(b->items[0].value->items[1].value->is_quoted);
  assert_string_equal(b->items[1].value->text, "");
  assert_true(b->items[1].value->is_quoted);
  const rs_yaml_node *e = root->items[2].value;
  assert_int_equal(e->kind, RS_YAML_LIST);
  assert_int_equal(e->line, 4);
  assert_string_equal(e->items[1].value->text, "f");
  assert_ptr_equal(e->items[0].value, e->items[1].value); /* an alias shares its anchor's node */
  assert_int_equal(e->items[1].line, 5);
  const rs_yaml_node *g = root->items[3].value; /* nothing has the place of its key */
  assert_int_equal(g->kind, RS_YAML_SCALAR);
  assert_string_equal(g->text, "");
  assert_int_equal(g->line, 6);
  assert_int_equal(g->column, 1);
  rs_arena_destroy(arena);
}

static void a_value_alone_is_of_any_kind(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_yaml_node *value;
  assert_ok(rs_yaml_parse_value(arena, "--set", "   [1, 4]", 9, &value, &diag), &diag);
  assert_int_equal(value->kind, RS_YAML_LIST);
  assert_int_equal(value->items[1].column, 8); /* 3 blanks, "[1, ", then the 4 */
  assert_ok(rs_yaml_parse_value(arena, "--set", "x:1", 3, &value, &diag), &diag);
  assert_int_equal(value->kind, RS_YAML_SCALAR);
  assert_string_equal(value->text, "x:1"); /* a colon without a blank is no key */
  rs_arena_destroy(arena);
}

static void check_refusal(const char *text, size_t length, const char *line) {
  char printed[1024];
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  const rs_yaml_node *root;
  if (rs_yaml_parse(arena, "f", text, length, &root, &diag) == RS_OK) {
    fail_msg("it is read: %s; expected: %s", text, line);
  }
  rs_diag_format(&diag, printed, sizeof printed);
  if (strncmp(printed, line, strlen(line)) != 0)
    fail_msg("it says: %s; expected: %s", printed, line);
  rs_arena_destroy(arena);
}

static void refuses(const char *text, const char *line) {
  check_refusal(text, strlen(text), line);
}

static void what_experiments_do_not_use_is_refused(void **state) {
  (void)state;
  refuses("", "f:1:1: there is nothing in here");
  refuses("# nothing\n", "f:1:1: there is nothing in here");
  refuses("- a\n", "f:1:1: this is no experiment");
  refuses("hello\n", "f:1:1: this is no experiment");
  refuses("---\n", "f:1:1: this is no experiment");
  check_refusal("a\0b: 1\n", 7, "f:1:2: a NUL byte");
  refuses("a: \x1b[31m\n", "f:1:4: a control character");
  refuses("a: \"\\0\"\n", "f:1:4: a NUL byte in a text");
  refuses("a: 1\nb: 3\na: 2\n", "f:3:1: the key 'a' stands twice; first on line 1");
  refuses("x: {a: 1, a: 2}\n", "f:1:11: the key 'a' stands twice");
  refuses("[a]: 1\n", "f:1:1: this key is not a plain word");
  refuses("a: &x b\n*x : 1\n", "f:2:1: this key is not a plain word");
  refuses("<<: {a: 1}\n", "f:1:1: merge keys ('<<') are not supported");
  refuses("a: &x {b: 1}\nc:\n  <<: *x\n", "f:3:3: merge keys");
  refuses("a: *b\n", "f:1:4: the alias '*b' names no anchor");
  refuses("a: &x [*x]\n", "f:1:8: the alias '*x' names no anchor that is complete before it");
  refuses("a: !!int 1\n", "f:1:10: tags");
  refuses("a: !mine {b: 1}\n", "f:1:10: tags");
  refuses("a: 1\n---\nb: 1\n", "f:2:1: a second document");
  refuses("a: 1\n...\nb: 1\n", "f:");
  refuses("a: [1\n", "f:");
  refuses("a:\n\tb: 2\n", "f:2:1: tab");
  refuses("a: 1\n\tb: 2\n", "f:1:4: invalid multiline plain key; expected every key");
  refuses("a: \xff\xfe\n", "f:1:4: this is not UTF-8");
  refuses("\xff\xfe\n", "f:1:1: this is not UTF-8");
  refuses("a: \xc3\xa9\xc3(\n", "f:1:5: this is not UTF-8"); /* é is one letter */
  refuses("a: \xe2\x82", "f:1:4: this is not UTF-8");
  refuses("a: \xc0\x80\n", "f:1:4: this is not UTF-8");     /* NUL in two bytes */
  refuses("a: \xed\xa0\x80\n", "f:1:4: this is not UTF-8"); /* half a surrogate pair */
}

/* 40 levels: 32 are allowed below the root. */
static void deep_nesting_is_refused(void **state) {
  static char text[200004];
  (void)state;
  memcpy(text, "a: ", 3);
  memset(text + 3, '[', 100000);
  memset(text + 100003, ']', 100000);
  check_refusal(text, 200003,
                "f:1:36: nested deeper than 32"); /* 3 letters, 32 brackets, one more */
  for (int i = 0; i < 40; i++) memcpy(text + 3 * i, "{a:", 3);
  check_refusal(text, 120, "f:1:100: nested deeper than 32"); /* the root has depth 0: 1 + 33·3 */
  for (int i = 0; i < 40; i++) memcpy(text + 2 * i, "- ", 2);
  check_refusal(text, 80, "f:1:67: nested deeper than 32"); /* 1 + 33·2 */
}

/* Depth counts as if aliases were written out: 20 levels below an anchor, put 20 levels down. */
static void depth_reaches_through_aliases(void **state) {
  char text[256];
  (void)state;
  snprintf(text, sizeof text, "a: &x %.20s1%.20s\nb: %.10s*x%.10s\nc: %.20s*x%.20s\n",
           "[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]", "[[[[[[[[[[", "]]]]]]]]]]",
           "[[[[[[[[[[[[[[[[[[[[", "]]]]]]]]]]]]]]]]]]]]");
  refuses(text, "f:3:24: nested deeper than 32"); /* b: 1 + 10 + 20 is allowed; c: 1 + 20 + 20 */
}

/* Level k repeats level k − 1 nine times: 9^6 values are more than the budget, 9^5 = 59,049 not. */
static void aliases_are_counted(void **state) {
  char text[2048];
  size_t used = 0;
  (void)state;
  for (int i = 0; i < 12; i++) {
    char item[8] = "x";
    if (i > 0) snprintf(item, sizeof item, "*a%d", i - 1);
    used += (size_t)snprintf(text + used, sizeof text - used,
                             "a%d: &a%d [%s, %s, %s, %s, %s, %s, %s, %s, %s]\n", i, i, item, item,
                             item, item, item, item, item, item, item);
  }
  refuses(text, "f:6:");
}

static char *repeat(const char *head, const char *format, int count) {
  size_t size = strlen(head) + (size_t)count * 32 + 1;
  char *text = malloc(size);
  assert_non_null(text);
  size_t used = (size_t)snprintf(text, size, "%s", head);
  for (int i = 0; i < count; i++) {
    char number[16], *place = strstr(format, "#");
    snprintf(number, sizeof number, "%d", i);
    used += (size_t)snprintf(text + used, size - used, "%.*s%s%s", (int)(place - format), format,
                             number, place + 1);
  }
  return text;
}

/* Bounds end the reading, so that these take no longer than what is read until then. */
static void large_files_are_refused_early(void **state) {
  (void)state;
  char *text = repeat("", "k#: 1\n", 200000);
  refuses(text, "f:1001:1: more than 1,000 keys");
  free(text);
  text = repeat("a:\n", "  - #\n", 200000);
  refuses(text, "f:100000:5: more than 100,000 values"); /* root and list: 99,998 items are left */
  free(text);
  text = repeat("a:\n", "  - &n# x\n", 2000);
  refuses(text, "f:1002:");
  free(text);
  size_t size = RS_YAML_BYTES_MAX + 1;
  text = malloc(size);
  assert_non_null(text);
  memset(text, 'a', size);
  check_refusal(text, size, "f: the file is larger than 16 MiB");
  free(text);
}

static void check_two_keys(const char *text) {
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  const rs_yaml_node *root;
  assert_ok(rs_yaml_parse(arena, "f", text, strlen(text), &root, &diag), &diag);
  assert_int_equal(root->item_count, 2);
  assert_string_equal(root->items[0].key, "a");
  assert_string_equal(root->items[0].value->text, "1");
  assert_int_equal(root->items[1].column, 1);
  assert_string_equal(root->items[1].value->text, "2");
  rs_arena_destroy(arena);
}

static void other_ways_to_write_the_same_are_read(void **state) {
  (void)state;
  check_two_keys("a: 1\nb: 2\n");
  check_two_keys("a: 1\nb: 2");
  check_two_keys("a: 1\r\nb: 2\r\n");
  check_two_keys(
      "\xef\xbb\xbf"
      "a: 1\nb: 2\n");
  check_two_keys("---\na: 1\nb: 2\n...\n");
  check_two_keys("a:   1   # one\n\nb:\n  2\n");
  check_two_keys("a: \"1\"\nb: '2'\n");
  check_two_keys("\"a\": 1\n'b': 2\n");
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
    rs_diag diag = {0};
    const rs_yaml_node *root;
    size_t length = rs_random_below(&random, sizeof text);
    rs_status status = rs_yaml_parse(arena, "fuzz", text, length, &root, &diag);
    if (status != RS_OK && (diag.what[0] == '\0' || diag.line < 1 || diag.column < 1)) {
      fail_msg("seed %llu: a refusal without words or place", (unsigned long long)seed);
    }
    rs_arena_destroy(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tree_knows_its_places),
      cmocka_unit_test(a_value_alone_is_of_any_kind),
      cmocka_unit_test(what_experiments_do_not_use_is_refused),
      cmocka_unit_test(deep_nesting_is_refused),
      cmocka_unit_test(depth_reaches_through_aliases),
      cmocka_unit_test(aliases_are_counted),
      cmocka_unit_test(large_files_are_refused_early),
      cmocka_unit_test(other_ways_to_write_the_same_are_read),
      cmocka_unit_test(any_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tables of results: the same cells in three forms. */
#include <string.h>

#include "rs_table.h"
#include "rs_test.h"

static const char *const columns[] = {"name", "count", "rate"};

static rs_table *make_table(rs_arena *arena) {
  rs_table *table = rs_table_create(arena, columns, 3);
  rs_table_add_row(table);
  rs_table_set_text(table, "name", "plain");
  rs_table_set_i64(table, "count", INT64_C(9007199254740993)); /* 2^53 + 1: no double holds it */
  rs_table_set_double(table, "rate", 0.1);
  rs_table_add_row(table);
  rs_table_set_text(table, "name", "with \"quotes\", commas\nand a line");
  rs_table_set_double(table, "rate", 1234567.89);
  return table;
}

static void expect_print(rs_format format, size_t width, const char *expected) {
  rs_arena *arena = rs_arena_create(0);
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_table_print(make_table(arena), format, width, &sink);
  assert_string_equal(text.bytes, expected);
  assert_int_equal(sink.failed, 0);
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void csv_quotes_and_keeps_precision(void **state) {
  (void)state;
  expect_print(RS_FORMAT_CSV, 0,
               "name,count,rate\n"
               "plain,9007199254740993,0.1\n"
               "\"with \"\"quotes\"\", commas\nand a line\",,1234567.89\n");
}

static void json_has_numbers_and_null(void **state) {
  (void)state;
  expect_print(RS_FORMAT_JSON, 0,
               "[\n"
               "{\"name\":\"plain\",\"count\":9007199254740993,\"rate\":0.1},\n"
               "{\"name\":\"with \\\"quotes\\\", commas\\nand a line\",\"count\":null,"
               "\"rate\":1234567.89}\n"
               "]\n");
}

static rs_text print_text(rs_table *table, rs_format format, size_t width) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_table_print(table, format, width, &sink);
  return text;
}

static void table_aligns_and_shortens(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_table *table = rs_table_create(arena, columns, 3);
  rs_table_add_row(table);
  rs_table_set_text(table, "name", "a");
  rs_table_set_i64(table, "count", 1234567);
  rs_table_set_double(table, "rate", 0.000012345678);
  rs_table_add_row(table);
  rs_table_set_text(table, "name", "longer");
  rs_table_set_i64(table, "count", 12);
  rs_table_set_double(table, "rate", 1234.56789);
  rs_text text = print_text(table, RS_FORMAT_TABLE, 0);
  assert_string_equal(text.bytes,
                      "name        count        rate\n"
                      "a       1 234 567  1.2346e-05\n"
                      "longer         12      1234.6\n");
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

/* Side by side a long text ends at a word; alone with all the width it is whole. */
static void long_texts_end_at_a_word(void **state) {
  (void)state;
  static const char *const names[] = {"why", "count"};
  const char *words =
      "fi×e_ five_ five_ five_ five_ five_ five_ five_ five_ five_ five_ five_ sixsixsix";
  rs_arena *arena = rs_arena_create(0);
  rs_table *table = rs_table_create(arena, names, 2);
  rs_table_add_row(table);
  rs_table_set_text(table, "why", words);
  rs_table_set_i64(table, "count", 1);
  rs_text text = print_text(table, RS_FORMAT_TABLE, 0);
  assert_non_null(strstr(text.bytes, words));
  rs_text_deinit(&text);
  text = print_text(table, RS_FORMAT_TABLE, 100);
  /* 79 bytes fit, and the mark takes three: the last word ends at byte 82 and goes. 71 letters and a mark are as
   * wide as the title with 69 spaces. */
  assert_non_null(strstr(text.bytes, " five_…      1\n"));
  const char *whole = strstr(text.bytes, "\n(row 1, why: fi×e_");
  assert_non_null(whole);
  assert_ptr_equal(strstr(text.bytes, "sixsixsix)\n"), strstr(whole, "sixsixsix"));
  assert_int_equal(strcspn(text.bytes, "c"), 3 + 69 + 2);
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

/* Narrow terminal: what is the same in every row goes above, unless it is nothing; the rest loses
 * columns on the right and says which. */
static void a_wide_table_says_what_it_leaves_out(void **state) {
  (void)state;
  static const char *const names[] = {"chip", "batch", "nobody_knows", "first_measure",
                                      "second_measure"};
  rs_arena *arena = rs_arena_create(0);
  rs_table *table = rs_table_create(arena, names, 5);
  for (int64_t batch = 1; batch <= 2; batch++) {
    rs_table_add_row(table);
    rs_table_set_text(table, "chip", "groqchip1");
    rs_table_set_i64(table, "batch", batch);
    rs_table_set_i64(table, "first_measure", 10 * batch);
    rs_table_set_i64(table, "second_measure", 20 * batch);
  }
  rs_text text = print_text(table, RS_FORMAT_TABLE, 24);
  assert_string_equal(text.bytes,
                      "chip  groqchip1\n"
                      "\n"
                      "batch  first_measure\n"
                      "    1             10\n"
                      "    2             20\n"
                      "(1 more columns in the CSV and JSON forms: second_measure)\n");
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void one_long_row_is_a_list(void **state) {
  (void)state;
  static const char *const names[] = {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "column9"};
  rs_arena *arena = rs_arena_create(0);
  rs_table *table = rs_table_create(arena, names, 9);
  rs_table_add_row(table);
  rs_table_set_i64(table, "c1", 1);
  rs_table_set_text(table, "column9", "nine");
  rs_text text = print_text(table, RS_FORMAT_TABLE, 80);
  assert_string_equal(text.bytes, "c1       1\ncolumn9  nine\n");
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static int refuse_write(void *context, const char *bytes, size_t length) {
  (void)context;
  (void)bytes;
  (void)length;
  return 1;
}

static void a_refusing_sink_is_seen(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_sink sink = {.write = refuse_write};
  rs_table_print(make_table(arena), RS_FORMAT_CSV, 0, &sink);
  assert_int_not_equal(sink.failed, 0);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_quotes_and_keeps_precision),
      cmocka_unit_test(json_has_numbers_and_null),
      cmocka_unit_test(table_aligns_and_shortens),
      cmocka_unit_test(long_texts_end_at_a_word),
      cmocka_unit_test(a_wide_table_says_what_it_leaves_out),
      cmocka_unit_test(one_long_row_is_a_list),
      cmocka_unit_test(a_refusing_sink_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

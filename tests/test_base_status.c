/* Diagnostics: one line, whole or cut, whatever the quoted input holds. */
#include <string.h>

#include "rs_test.h"

/* Which parts are there, and the line that they make. */
static void absent_parts_are_left_out(void **state) {
  (void)state;
  static const struct {
    const char *file;
    int line, column;
    const char *expected, *suggestion, *printed;
  } cases[] = {
      {NULL, 0, 0, NULL, NULL, "wrong"},
      {"f", 0, 0, NULL, NULL, "f: wrong"},
      {"f", 3, 0, NULL, NULL, "f:3: wrong"},
      {"f", 3, 7, NULL, NULL, "f:3:7: wrong"},
      {NULL, 3, 7, NULL, NULL, "3:7: wrong"},
      {"f", 0, 7, NULL, NULL, "f: wrong"}, /* a column without a line says nothing */
      {NULL, 0, 0, "a word", NULL, "wrong; expected a word"},
      {NULL, 0, 0, NULL, "right", "wrong; did you mean 'right'?"},
      {"f", 3, 7, "a word", "right", "f:3:7: wrong; expected a word; did you mean 'right'?"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rs_diag diag;
    char line[256];
    assert_int_equal(rs_diag_set(&diag, RS_E_INPUT, "wr%s", "ong"), RS_E_INPUT);
    rs_diag_at(&diag, cases[i].file, cases[i].line, cases[i].column);
    if (cases[i].expected != NULL) rs_diag_expect(&diag, "%s", cases[i].expected);
    rs_diag_suggest(&diag, cases[i].suggestion);
    size_t length = rs_diag_format(&diag, line, sizeof line);
    assert_string_equal(line, cases[i].printed);
    assert_int_equal(length, strlen(line));
    assert_int_equal(diag.status, RS_E_INPUT);
  }
}

static void control_characters_are_replaced(void **state) {
  (void)state;
  rs_diag diag;
  char line[1024];
  rs_diag_set(&diag, RS_E_INPUT, "key 'a\nb\033[31m\x7f'");
  rs_diag_expect(&diag, "\ta key");
  rs_diag_suggest(&diag, "a\rb");
  rs_diag_at(&diag, "f\n", 1, 1);
  rs_diag_format(&diag, line, sizeof line);
  assert_string_equal(line, "f?:1:1: key 'a?b?[31m?'; expected ?a key; did you mean 'a?b'?");
  /* U+009B alone drives a terminal as ESC [ does; U+00B5 and U+1F600 are letters like others, the
   * latter with a byte 0x9f in it. */
  rs_diag_set(&diag, RS_E_INPUT, "\xc2\x9b \xc2\x80 \xc2\x9f \xc2\xa0 \xc2\xb5 \xf0\x9f\x98\x80");
  rs_diag_format(&diag, line, sizeof line);
  assert_string_equal(line, "?? ?? ?? \xc2\xa0 \xc2\xb5 \xf0\x9f\x98\x80");
}

static void a_cut_line_is_a_prefix(void **state) {
  (void)state;
  rs_diag diag;
  char whole[256], cut[256];
  rs_diag_set(&diag, RS_E_LIMIT, "too much");
  rs_diag_expect(&diag, "less");
  rs_diag_suggest(&diag, "little");
  rs_diag_at(&diag, "file.yaml", 12, 34);
  size_t length = rs_diag_format(&diag, whole, sizeof whole);
  for (size_t size = 1; size <= length + 2; size++) {
    memset(cut, 'x', sizeof cut);
    size_t written = rs_diag_format(&diag, cut, size);
    assert_int_equal(written, size - 1 < length ? size - 1 : length);
    assert_memory_equal(cut, whole, written);
    assert_int_equal(cut[written], '\0');
    assert_int_equal(cut[size], 'x'); /* nothing is written behind */
  }
  cut[0] = 'x';
  assert_int_equal(rs_diag_format(&diag, cut, 0), 0);
  assert_int_equal(cut[0], 'x');
}

/* Every field is longer than its buffer. */
static void long_parts_are_cut(void **state) {
  (void)state;
  rs_diag diag;
  char longer[2000], line[4000];
  memset(longer, 'y', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  rs_diag_set(&diag, RS_E_INPUT, "%s", longer);
  rs_diag_expect(&diag, "%s", longer);
  rs_diag_suggest(&diag, longer);
  rs_diag_at(&diag, longer, 1, 1);
  size_t length = rs_diag_format(&diag, line, sizeof line);
  /* 255 + ":1:1: " + 511 + "; expected " + 255 + "; did you mean '" + 127 + "'?" */
  assert_int_equal(length, 255 + 6 + 511 + 11 + 255 + 16 + 127 + 2);
}

static void a_diagnostic_starts_anew(void **state) {
  (void)state;
  rs_diag diag;
  char line[256];
  rs_diag_set(&diag, RS_E_INPUT, "one");
  rs_diag_expect(&diag, "x");
  rs_diag_suggest(&diag, "y");
  rs_diag_at(&diag, "f", 1, 2);
  rs_diag_at(&diag, NULL, 5, 6); /* keeps the file */
  assert_string_equal(diag.file, "f");
  assert_int_equal(rs_diag_set(&diag, RS_E_SYSTEM, "two after %s", diag.what), RS_E_SYSTEM);
  rs_diag_format(&diag, line, sizeof line);
  assert_string_equal(line, "two after one"); /* the old sentence may be quoted in the new one */
}

static void no_diagnostic_is_no_matter(void **state) {
  (void)state;
  assert_int_equal(rs_diag_set(NULL, RS_E_REFUSED, "%d", 1), RS_E_REFUSED);
  rs_diag_expect(NULL, "%d", 1);
  rs_diag_suggest(NULL, "x");
  rs_diag_at(NULL, "f", 1, 1);
}

static void every_status_has_a_word_of_its_own(void **state) {
  (void)state;
  for (int a = RS_OK; a <= RS_E_SYSTEM; a++) {
    assert_string_not_equal(rs_status_word((rs_status)a), "unknown");
    for (int b = RS_OK; b < a; b++) {
      assert_string_not_equal(rs_status_word((rs_status)a), rs_status_word((rs_status)b));
    }
  }
  assert_string_equal(rs_status_word(RS_OK), "ok");
  assert_string_equal(rs_status_word(RS_E_INFEASIBLE), "infeasible");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(absent_parts_are_left_out),
      cmocka_unit_test(control_characters_are_replaced),
      cmocka_unit_test(a_cut_line_is_a_prefix),
      cmocka_unit_test(long_parts_are_cut),
      cmocka_unit_test(a_diagnostic_starts_anew),
      cmocka_unit_test(no_diagnostic_is_no_matter),
      cmocka_unit_test(every_status_has_a_word_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

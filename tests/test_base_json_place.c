/* Places of values in JSON text, counted by hand. */
#include <string.h>

#include "rs_json_place.h"
#include "rs_math.h"
#include "rs_test.h"

static void found_at(const char *text, const char *const *path, size_t depth, bool found, int line,
                     int column) {
  int l, c;
  bool there = rs_json_place(text, strlen(text), path, depth, &l, &c);
  if (there != found || l != line || c != column) {
    fail_msg("%s in '%s': %d at %d:%d", depth > 0 ? path[depth - 1] : "(root)", text, there, l, c);
  }
}

static void values_are_found_by_their_path(void **state) {
  const char *text =
      " {\"a\": 1,\n  \"b\": {\"a\": [1, {\"c\": 2}], \"c\": \"x\\\"}\"},\n \"c\":null}";
  const char *const a[] = {"a"}, *const b[] = {"b"}, *const ba[] = {"b", "a"};
  const char *const bc[] = {"b", "c"}, *const c[] = {"c"};
  (void)state;
  found_at(text, NULL, 0, true, 1, 2);
  found_at(text, a, 1, true, 1, 8);
  found_at(text, b, 1, true, 2, 8);
  found_at(text, ba, 2, true, 2, 14);
  found_at(text, bc, 2, true, 2, 34); /* behind the list that has a "c" of its own */
  found_at(text, c, 1, true, 3, 6);
}

/* The object in which the key is not; a value that is no object has no keys. */
static void what_is_absent_is_placed_where_it_should_be(void **state) {
  const char *text = "{\"a\": {\"b\": 1},\n\"c\": 5}";
  const char *const x[] = {"x"}, *const ax[] = {"a", "x"}, *const cx[] = {"c", "x"};
  (void)state;
  found_at(text, x, 1, false, 1, 1);
  found_at(text, ax, 2, false, 1, 7);
  found_at(text, cx, 2, false, 2, 6);
}

/* Anything that is not JSON: an end, and no read beyond it. */
static void nonsense_ends(void **state) {
  static const char *const texts[] = {"",        "{",        "{\"",       "{\"a", "{\"a\"",
                                      "{\"a\":", "{\"b\":[", "{\"b\":\"", "}{][", "{\"b\\"};
  const char *const path[] = {"a", "b"};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    int line, column;
    rs_json_place(texts[i], strlen(texts[i]), path, 2, &line, &column);
    assert_true(line == 1 && column >= 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_found_by_their_path),
      cmocka_unit_test(what_is_absent_is_placed_where_it_should_be),
      cmocka_unit_test(nonsense_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

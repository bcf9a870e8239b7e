/* Sinks, growing text, the nearest word, the digest, the shortest decimal of a double. */
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_math.h"
#include "rs_random.h"
#include "rs_test.h"
#include "rs_text.h"

/* ---- sinks and growing text ---- */

/* Against printf: every number near a power of ten or of two, and both ends. */
static void integers_are_written_as_printf_does(void **state) {
  (void)state;
  rs_text text;
  int64_t base[160];
  size_t count = 0;
  rs_text_init(&text);
  for (uint64_t power = 1; power <= UINT64_C(1000000000000000000); power *= 10) {
    base[count++] = (int64_t)power;
    if (power == UINT64_C(1000000000000000000)) break;
  }
  for (int bit = 0; bit < 63; bit++) base[count++] = INT64_C(1) << bit;
  base[count++] = INT64_MAX - 1;
  for (size_t i = 0; i < count; i++) {
    for (int64_t near = -1; near <= 1; near++) {
      for (int64_t sign = -1; sign <= 1; sign += 2) {
        char expected[32];
        int64_t value = sign * (base[i] + near);
        rs_sink sink = rs_text_sink(&text);
        text.length = 0;
        rs_sink_i64(&sink, value);
        snprintf(expected, sizeof expected, "%" PRId64, value);
        assert_string_equal(text.bytes, expected);
      }
    }
  }
  rs_sink sink = rs_text_sink(&text);
  text.length = 0;
  rs_sink_i64(&sink, INT64_MIN);
  assert_string_equal(text.bytes, "-9223372036854775808");
  rs_text_deinit(&text);
}

static void a_text_grows_and_stays_ended(void **state) {
  (void)state;
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_null(text.bytes);
  rs_sink_put(&sink, "");
  assert_null(text.bytes); /* nothing was written yet */
  for (size_t i = 0; i < 5000; i++) {
    char letter = (char)('a' + i % 26);
    rs_sink_bytes(&sink, &letter, 1);
    assert_int_equal(text.length, i + 1);
    assert_int_equal(text.bytes[i + 1], '\0');
    assert_true(text.capacity > text.length);
  }
  for (size_t i = 0; i < 5000; i++) assert_int_equal(text.bytes[i], 'a' + i % 26);
  rs_sink_printf(&sink, "|%d|%s|", 7, "x");
  assert_string_equal(text.bytes + 5000, "|7|x|");
  assert_false(text.failed);
  rs_text_deinit(&text);
  assert_null(text.bytes);
  rs_text_deinit(&text); /* twice is once */
}

/* Lengths around the buffer that printf goes through. */
static void printed_text_of_any_length_arrives(void **state) {
  (void)state;
  rs_text text;
  rs_text_init(&text);
  for (int width = 250; width <= 260; width++) {
    rs_sink sink = rs_text_sink(&text);
    text.length = 0;
    rs_sink_printf(&sink, "%*d", width, 7);
    assert_int_equal(text.length, width);
    assert_int_equal(text.bytes[width - 1], '7');
    assert_int_equal(text.bytes[width - 2], ' ');
  }
  rs_text_deinit(&text);
}

/* Takes a number of bytes, then refuses for good, as a full disk does; counts the calls. */
typedef struct disk {
  size_t left;
  int calls;
} disk;

static int write_disk(void *context, const char *bytes, size_t length) {
  disk *d = context;
  (void)bytes;
  d->calls++;
  if (length > d->left) return 1;
  d->left -= length;
  return 0;
}

static void a_refusal_sticks(void **state) {
  (void)state;
  disk d = {.left = 5};
  rs_sink sink = {.write = write_disk, .context = &d};
  rs_sink_put(&sink, "abcd");
  assert_false(sink.failed);
  rs_sink_put(&sink, "ef");
  assert_true(sink.failed);
  rs_sink_put(&sink, "g"); /* would fit, but would leave a hole in the file */
  rs_sink_i64(&sink, 1);
  rs_sink_printf(&sink, "%d", 1);
  assert_int_equal(d.calls, 2);
  assert_int_equal(d.left, 1);
}

/* ---- the nearest word ---- */

static void the_nearest_word_is_near(void **state) {
  (void)state;
  static const char *const words[] = {"tensor", "pipeline", "batch", "context", "contexts"};
  assert_string_equal(rs_nearest_word("tensr", words, 5), "tensor");
  assert_string_equal(rs_nearest_word("PIPELINE", words, 5), "pipeline");
  assert_string_equal(rs_nearest_word("bacth", words, 5), "batch"); /* one swap */
  assert_string_equal(rs_nearest_word("contexts", words, 5), "contexts");
  assert_string_equal(rs_nearest_word("contextx", words, 5), "context"); /* a tie: the first */
  static const char *const models[] = {"llama-2-7b", "llama-3-8b"};
  assert_string_equal(rs_nearest_word("llama-3-7b", models, 2),
                      "llama-3-8b"); /* 8 letters, not 6 */
  assert_null(rs_nearest_word("sharding", words, 5));
  assert_null(rs_nearest_word("", words, 5));
  assert_null(rs_nearest_word("tensor", words, 0));
}

/* Words longer than the buffer, on either side, are near to nothing, and nothing is overwritten. */
static void long_words_are_survived(void **state) {
  (void)state;
  char longer[200];
  const char *words[] = {longer, "x"};
  for (size_t length = 60; length < 70; length++) {
    memset(longer, 'a', length);
    longer[length] = '\0';
    const char *found = rs_nearest_word(longer, words, 2);
    assert_true((found == longer) == (length <= 64));
  }
}

/* The definition (optimal string alignment), recursive, exponential, right for four letters. */
static size_t distance_by_definition(const char *a, const char *b) {
  if (*a == '\0') return strlen(b);
  if (*b == '\0') return strlen(a);
  size_t least = distance_by_definition(a + 1, b + 1) + (*a == *b ? 0 : 1);
  least = RS_MIN(least, distance_by_definition(a + 1, b) + 1);
  least = RS_MIN(least, distance_by_definition(a, b + 1) + 1);
  if (a[1] != '\0' && b[1] != '\0' && a[0] == b[1] && a[1] == b[0]) {
    least = RS_MIN(least, distance_by_definition(a + 2, b + 2) + 1);
  }
  return least;
}

/* The index-th word on {a, b}, shortest first: 0 is "", 1 "a", 2 "b", 3 "aa", … */
static void make_word(unsigned index, char word[8]) {
  size_t length = 0;
  for (; index > 0; index = (index - 1) / 2) word[length++] = index % 2 == 1 ? 'a' : 'b';
  word[length] = '\0';
}

/* All 63² pairs of words of up to five letters: near means a third of the letters, or one. */
static void distances_are_as_defined(void **state) {
  (void)state;
  for (unsigned i = 0; i < 63; i++) {
    for (unsigned k = 0; k < 63; k++) {
      char a[8], b[8];
      make_word(i, a);
      make_word(k, b);
      const char *const words[] = {b};
      size_t letters = RS_MAX(strlen(a), strlen(b));
      size_t distance = distance_by_definition(a, b);
      bool near = distance < letters && distance <= RS_MAX(letters / 3, (size_t)1);
      if ((rs_nearest_word(a, words, 1) != NULL) != near) fail_msg("'%s' and '%s'", a, b);
    }
  }
}

/* ---- the digest ---- */

/* FNV-1a of "", "a" and "foobar", as its authors list them; "a" is (basis ^ 0x61) · prime. */
static void the_digest_is_fnv(void **state) {
  (void)state;
  assert_true(rs_digest_bytes(RS_DIGEST_SEED, "", 0) == UINT64_C(0xcbf29ce484222325));
  assert_true(rs_digest_bytes(RS_DIGEST_SEED, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
  assert_true(rs_digest_bytes(RS_DIGEST_SEED, "foobar", 6) == UINT64_C(0x85944171f73967e8));
  assert_true(rs_digest_bytes(rs_digest_bytes(RS_DIGEST_SEED, "foo", 3), "bar", 3) ==
              UINT64_C(0x85944171f73967e8));
  assert_true(rs_digest_u64(RS_DIGEST_SEED, UINT64_C(0x0807060504030201)) ==
              rs_digest_bytes(RS_DIGEST_SEED, "\1\2\3\4\5\6\7\10", 8));
}

/* ---- doubles ---- */

static void check_double(double value, const char *expected) {
  char text[64];
  rs_double_format(value, text, sizeof text);
  assert_string_equal(text, expected);
}

/* Whole numbers have neither point nor, below 1e15, exponent. */
static void doubles_are_short(void **state) {
  (void)state;
  check_double(0.1, "0.1");
  check_double(1e-7, "1e-07");
  check_double(0.1 + 0.2, "0.30000000000000004"); /* 17 digits: one ulp above 0.3 */
  check_double(1.0 / 3, "0.3333333333333333");    /* 16 digits */
  check_double(0, "0");
  check_double(-0.0, "-0");
  check_double(3, "3");
  check_double(-12345678, "-12345678");
  check_double(1e14, "100000000000000");
  check_double(999999999999999, "999999999999999");
  check_double(1e15, "1e+15");
  check_double(1234567890123456, "1234567890123456");
  check_double(9007199254740992, "9007199254740992"); /* 2^53 */
  check_double(1e300, "1e+300");
  check_double(5e-324,
               "5e-324"); /* the smallest subnormal; %.15g would say 4.94065645841247e-324 */
}

static size_t count_digits(const char *number) {
  size_t digits = 0;
  bool leading = true;
  for (; *number != '\0' && *number != 'e'; number++) {
    if (*number >= '1' && *number <= '9') leading = false;
    if (!leading && *number >= '0' && *number <= '9') digits++;
  }
  return digits;
}

/* Any bits: reads back to the same bits, and no shorter %g does. */
static void doubles_read_back(void **state) {
  (void)state;
  rs_random random;
  char text[64], shorter[400];
  rs_random_init(&random, 4, 0);
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = rs_random_u64(&random);
    double value, back;
    if (i % 4 == 0) bits &= ~(UINT64_C(0x7ff) << 52);   /* subnormal */
    if (i % 4 == 1) bits &= ~((UINT64_C(1) << 40) - 1); /* few bits */
    memcpy(&value, &bits, sizeof value);
    if (i % 4 == 2) value = (double)(int64_t)bits / 1000.0; /* as results are */
    if (!isfinite(value)) continue;
    rs_double_format(value, text, sizeof text);
    back = strtod(text, NULL);
    if (memcmp(&back, &value, sizeof value) != 0)
      fail_msg("%a reads back from %s as %a", value, text, back);
    int digits = (int)count_digits(text);
    if (digits < 2 || strchr(text, 'e') == NULL) continue; /* whole numbers end with zeros */
    snprintf(shorter, sizeof shorter, "%.*g", digits - 1, value);
    back = strtod(shorter, NULL);
    if (memcmp(&back, &value, sizeof value) == 0) fail_msg("%s is shorter than %s", shorter, text);
  }
}

/* Where there is a locale with a decimal comma; the C library reads it from the system. */
static void the_locale_is_no_matter(void **state) {
  (void)state;
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8"};
  const char *set = NULL;
  for (size_t i = 0; i < RS_COUNT_OF(names) && set == NULL; i++) {
    set = setlocale(LC_NUMERIC, names[i]);
  }
  if (set == NULL) skip();
  char comma[16];
  snprintf(comma, sizeof comma, "%.1f", 0.5);
  check_double(0.1, "0.1");
  check_double(-1.5e-7, "-1.5e-07");
  check_double(3, "3");
  setlocale(LC_NUMERIC, "C");
  assert_string_equal(comma, "0,5"); /* or the test would have shown nothing */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_are_written_as_printf_does),
      cmocka_unit_test(a_text_grows_and_stays_ended),
      cmocka_unit_test(printed_text_of_any_length_arrives),
      cmocka_unit_test(a_refusal_sticks),
      cmocka_unit_test(the_nearest_word_is_near),
      cmocka_unit_test(long_words_are_survived),
      cmocka_unit_test(distances_are_as_defined),
      cmocka_unit_test(the_digest_is_fnv),
      cmocka_unit_test(doubles_are_short),
      cmocka_unit_test(doubles_read_back),
      cmocka_unit_test(the_locale_is_no_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

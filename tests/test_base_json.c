/*
 * The JSON writer: commas, line breaks, escapes; and, on random documents, against a small strict
 * reader of RFC 8259 that is written here and shares nothing with the writer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_math.h"
#include "rs_random.h"
#include "rs_test.h"
#include "rs_text.h"

typedef struct page {
  rs_text text;
  rs_sink sink;
  rs_json json;
} page;

static void open_page(page *p) {
  rs_text_init(&p->text);
  p->sink = rs_text_sink(&p->text);
  rs_json_init(&p->json, &p->sink);
}

static void check_page(page *p, const char *expected) {
  assert_string_equal(p->text.bytes, expected);
  assert_int_equal(p->json.depth, 0);
  rs_text_deinit(&p->text);
}

static void commas_stand_between(void **state) {
  (void)state;
  page p;
  open_page(&p);
  rs_json_begin_object(&p.json);
  rs_json_key(&p.json, "a");
  rs_json_begin_array(&p.json);
  rs_json_i64(&p.json, INT64_MIN);
  rs_json_double(&p.json, 0.5);
  rs_json_bool(&p.json, true);
  rs_json_bool(&p.json, false);
  rs_json_string(&p.json, NULL);
  rs_json_begin_array(&p.json);
  rs_json_end_array(&p.json);
  rs_json_begin_object(&p.json);
  rs_json_end_object(&p.json);
  rs_json_end_array(&p.json);
  rs_json_key(&p.json, "b");
  rs_json_begin_object(&p.json);
  rs_json_key(&p.json, "c");
  rs_json_string(&p.json, "d");
  rs_json_end_object(&p.json);
  rs_json_key(&p.json, "e");
  rs_json_i64(&p.json, 1);
  rs_json_end_object(&p.json);
  check_page(
      &p, "{\"a\":[-9223372036854775808,0.5,true,false,null,[],{}],\"b\":{\"c\":\"d\"},\"e\":1}");
}

/* A break comes behind the comma, and before the bracket when no item follows. */
static void line_breaks_come_when_asked_for(void **state) {
  (void)state;
  page p;
  open_page(&p);
  rs_json_begin_array(&p.json);
  for (int i = 0; i < 3; i++) {
    rs_json_newline(&p.json);
    rs_json_i64(&p.json, i);
  }
  rs_json_newline(&p.json);
  rs_json_end_array(&p.json);
  check_page(&p, "[\n0,\n1,\n2\n]");
}

static void numbers_that_json_lacks_are_null(void **state) {
  (void)state;
  page p;
  open_page(&p);
  rs_json_begin_array(&p.json);
  rs_json_double(&p.json, NAN);
  rs_json_double(&p.json, INFINITY);
  rs_json_double(&p.json, -INFINITY);
  rs_json_double(&p.json, -0.0);
  rs_json_double(&p.json, 1e15);
  rs_json_end_array(&p.json);
  check_page(&p, "[null,null,null,-0,1e+15]");
}

static void check_string(const char *value, const char *expected) {
  page p;
  open_page(&p);
  rs_json_string(&p.json, value);
  check_page(&p, expected);
}

static void strings_are_escaped(void **state) {
  (void)state;
  check_string("", "\"\"");
  check_string("plain", "\"plain\"");
  check_string("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
  check_string("\n\r\t", "\"\\n\\r\\t\"");
  for (int c = 1; c < 0x20; c++) { /* none of them may stand as it is */
    char text[2] = {(char)c, '\0'};
    page p;
    open_page(&p);
    rs_json_string(&p.json, text);
    assert_int_equal(p.text.bytes[1], '\\');
    if (c != '\n' && c != '\r' && c != '\t') {
      char expected[16];
      snprintf(expected, sizeof expected, "\"\\u%04x\"", (unsigned)c);
      assert_string_equal(p.text.bytes, expected);
    }
    rs_text_deinit(&p.text);
  }
  check_string("\x7f", "\"\x7f\"");
}

#define FFFD "\xef\xbf\xbd"

/* Each byte that begins no sequence of RFC 3629 is one U+FFFD. */
static void bad_utf8_is_replaced(void **state) {
  (void)state;
  check_string("\xc2\xb5\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc2\xb5\xe2\x82\xac\xf0\x9f\x98\x80\"");
  check_string("\xc2\x80 \xdf\xbf", "\"\xc2\x80 \xdf\xbf\"");               /* ends of 2 bytes */
  check_string("\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\""); /* ends of 3 */
  check_string("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
               "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""); /* of 4 */
  check_string(
      "a\xff"
      "b",
      "\"a" FFFD "b\"");
  check_string("\xc0\x80", "\"" FFFD FFFD "\"");                   /* a longer form of NUL */
  check_string("\xe0\x9f\xbf", "\"" FFFD FFFD FFFD "\"");          /* longer form of U+07FF */
  check_string("\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"");          /* a surrogate, U+D800 */
  check_string("\xf0\x8f\xbf\xbf", "\"" FFFD FFFD FFFD FFFD "\""); /* longer form of U+FFFF */
  check_string("\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\""); /* U+110000 */
  check_string("\xe2\x82", "\"" FFFD FFFD "\"");                   /* cut by the end */
  check_string(
      "\xe2\x82"
      "a",
      "\"" FFFD FFFD "a\"");
}

/* 32 brackets deep, the most that is promised. */
static void nesting_is_kept(void **state) {
  (void)state;
  page p;
  char expected[200] = "";
  open_page(&p);
  for (int i = 0; i < 32; i++) {
    rs_json_begin_array(&p.json);
    rs_json_i64(&p.json, 1);
    strcat(expected, i == 0 ? "[1" : ",[1");
  }
  for (int i = 0; i < 32; i++) {
    rs_json_end_array(&p.json);
    strcat(expected, "]");
  }
  check_page(&p, expected);
}

/* ---- a strict reader: returns the end of one value, or NULL ---- */

static const char *read_value(const char *at, uint64_t *digest, int depth);

static const char *skip_space(const char *at) {
  return at + strspn(at, " \n\r\t");
}

/* Length of a well-formed sequence by decoding it, then encoding what came out. */
static size_t sequence_length(const unsigned char *c) {
  size_t length = c[0] < 0x80       ? 1
                  : c[0] >> 5 == 6  ? 2
                  : c[0] >> 4 == 14 ? 3
                  : c[0] >> 3 == 30 ? 4
                                    : 0;
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (length <= 1) return length;
  uint32_t code = c[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (c[i] >> 6 != 2) return 0;
    code = code << 6 | (c[i] & 0x3f);
  }
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  return length;
}

/* Digests what the string means. */
static const char *read_string(const char *at, uint64_t *digest) {
  if (*at++ != '"') return NULL;
  while (*at != '"') {
    char byte = *at;
    size_t length = 1;
    if ((unsigned char)*at < 0x20) return NULL;
    if (*at == '\\') {
      static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
      const char *found = at[1] != '\0' ? strchr(escapes, at[1]) : NULL;
      if (found != NULL) {
        byte = meanings[found - escapes];
        at += 2;
      } else if (strncmp(at, "\\u00", 4) == 0 && strspn(at + 4, "0123456789abcdef") >= 2) {
        char hex[3] = {at[4], at[5], '\0'};
        byte = (char)strtol(hex, NULL, 16);
        at += 6;
      } else {
        return NULL;
      }
      *digest = rs_digest_bytes(*digest, &byte, 1);
      continue;
    }
    length = sequence_length((const unsigned char *)at);
    if (length == 0) return NULL;
    *digest = rs_digest_bytes(*digest, at, length);
    at += length;
  }
  *digest = rs_digest_bytes(*digest, "", 1);
  return at + 1;
}

static const char *read_number(const char *at, uint64_t *digest) {
  const char *start = at;
  if (*at == '-') at++;
  size_t whole = strspn(at, "0123456789");
  if (whole == 0 || (whole > 1 && *at == '0')) return NULL;
  at += whole;
  if (*at == '.') {
    size_t decimals = strspn(++at, "0123456789");
    if (decimals == 0) return NULL;
    at += decimals;
  }
  if (*at == 'e' || *at == 'E') {
    at += at[1] == '+' || at[1] == '-' ? 2 : 1;
    size_t exponent = strspn(at, "0123456789");
    if (exponent == 0) return NULL;
    at += exponent;
  }
  double value = strtod(start, NULL);
  *digest = rs_digest_bytes(*digest, &value, sizeof value);
  return at;
}

static const char *read_list(const char *at, char close, uint64_t *digest, int depth) {
  *digest = rs_digest_bytes(*digest, at - 1, 1);
  at = skip_space(at);
  if (*at == close) return at + 1;
  for (;;) {
    if (close == '}') {
      at = read_string(at, digest);
      if (at == NULL || *(at = skip_space(at)) != ':') return NULL;
      at = skip_space(at + 1);
    }
    at = read_value(at, digest, depth + 1);
    if (at == NULL) return NULL;
    at = skip_space(at);
    if (*at == close) return at + 1;
    if (*at != ',') return NULL;
    at = skip_space(at + 1);
  }
}

static const char *read_value(const char *at, uint64_t *digest, int depth) {
  static const char *const words[] = {"true", "false", "null"};
  if (depth > 40) return NULL;
  if (*at == '"') return read_string(at, digest);
  if (*at == '[') return read_list(at + 1, ']', digest, depth);
  if (*at == '{') return read_list(at + 1, '}', digest, depth);
  for (size_t i = 0; i < RS_COUNT_OF(words); i++) {
    size_t length = strlen(words[i]);
    if (strncmp(at, words[i], length) != 0) continue;
    *digest = rs_digest_bytes(*digest, words[i], length);
    return at + length;
  }
  return read_number(at, digest);
}

static void the_reader_is_strict(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",      "[",        "[1,]",   "[,1]",     "[1 2]",        "{\"a\"}",
      "{1:2}", "{\"a\":}", "\"\n\"", "\"\xff\"", "01",           "1.",
      "+1",    "nan",      "1e",     "\"\\x\"",  "\"\xc0\x80\"", "{\"a\":1,}"};
  for (size_t i = 0; i < RS_COUNT_OF(bad); i++) {
    uint64_t digest = RS_DIGEST_SEED;
    const char *end = read_value(bad[i], &digest, 0);
    if (end != NULL && *end == '\0') fail_msg("'%s' was read", bad[i]);
  }
}

/* ---- random documents ---- */

typedef struct writer {
  rs_random random;
  rs_json *json;
  uint64_t digest; /* of what was meant */
} writer;

/* Digests the text with each byte that is not of a sequence as U+FFFD. */
static void digest_text(writer *w, const char *text) {
  while (*text != '\0') {
    size_t length = sequence_length((const unsigned char *)text);
    w->digest =
        length > 0 ? rs_digest_bytes(w->digest, text, length) : rs_digest_bytes(w->digest, FFFD, 3);
    text += RS_MAX(length, (size_t)1);
  }
  w->digest = rs_digest_bytes(w->digest, "", 1);
}

static void draw_text(writer *w, char text[32]) {
  static const unsigned char bytes[] =
      "az\"\\/\n\t\x01\x1f\x7f\x80\xbf\xc2\xb5\xe0\xa0\xed\xf0\x90\xf4\xff";
  size_t length = rs_random_below(&w->random, 31);
  for (size_t i = 0; i < length; i++) {
    text[i] = (char)bytes[rs_random_below(&w->random, sizeof bytes - 1)];
  }
  text[length] = '\0';
}

static void write_random(writer *w, int depth);

static void write_items(writer *w, int depth, bool object) {
  uint64_t count = rs_random_below(&w->random, 5);
  w->digest = rs_digest_bytes(w->digest, object ? "{" : "[", 1);
  for (uint64_t i = 0; i < count; i++) {
    char text[32];
    if (rs_random_below(&w->random, 4) == 0) rs_json_newline(w->json);
    if (object) {
      draw_text(w, text);
      digest_text(w, text);
      rs_json_key(w->json, text);
    }
    write_random(w, depth + 1);
  }
  if (rs_random_below(&w->random, 4) == 0) rs_json_newline(w->json);
}

static void write_scalar(writer *w, uint64_t kind) {
  char text[32];
  double number = 0;
  if (kind == 0) {
    draw_text(w, text);
    digest_text(w, text);
    rs_json_string(w->json, text);
    return;
  }
  if (kind == 1) {
    int64_t value = rs_random_between(&w->random, -(INT64_C(1) << 53), INT64_C(1) << 53);
    rs_json_i64(w->json, value);
    number = (double)value; /* exact: within 2^53 */
  } else {
    uint64_t bits = rs_random_u64(&w->random);
    memcpy(&number, &bits, sizeof number);
    rs_json_double(w->json, number);
  }
  w->digest = isfinite(number) ? rs_digest_bytes(w->digest, &number, sizeof number)
                               : rs_digest_bytes(w->digest, "null", 4);
}

static void write_random(writer *w, int depth) {
  uint64_t kind = rs_random_below(&w->random, depth < 8 ? 6 : 3);
  if (kind == 3) {
    bool value = rs_random_below(&w->random, 2) == 0;
    rs_json_bool(w->json, value);
    w->digest =
        value ? rs_digest_bytes(w->digest, "true", 4) : rs_digest_bytes(w->digest, "false", 5);
  } else if (kind == 4) {
    rs_json_begin_object(w->json);
    write_items(w, depth, true);
    rs_json_end_object(w->json);
  } else if (kind == 5) {
    rs_json_begin_array(w->json);
    write_items(w, depth, false);
    rs_json_end_array(w->json);
  } else {
    write_scalar(w, kind);
  }
}

/* What a strict reader makes of the text is what was meant. */
static void random_documents_are_read_back(void **state) {
  (void)state;
  size_t longest = 0;
  for (uint64_t seed = 0; seed < 5000; seed++) {
    page p;
    open_page(&p);
    writer w = {.json = &p.json, .digest = RS_DIGEST_SEED};
    rs_random_init(&w.random, seed, 0);
    write_random(&w, 0);
    uint64_t digest = RS_DIGEST_SEED;
    const char *end = read_value(p.text.bytes, &digest, 0);
    if (end == NULL || *end != '\0') fail_msg("seed %d is not JSON: %s", (int)seed, p.text.bytes);
    if (digest != w.digest) fail_msg("seed %d means something else: %s", (int)seed, p.text.bytes);
    longest = RS_MAX(longest, p.text.length);
    rs_text_deinit(&p.text);
  }
  assert_true(longest > 1000); /* some were large */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(commas_stand_between),
      cmocka_unit_test(line_breaks_come_when_asked_for),
      cmocka_unit_test(numbers_that_json_lacks_are_null),
      cmocka_unit_test(strings_are_escaped),
      cmocka_unit_test(bad_utf8_is_replaced),
      cmocka_unit_test(nesting_is_kept),
      cmocka_unit_test(the_reader_is_strict),
      cmocka_unit_test(random_documents_are_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

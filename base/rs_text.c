/* Sinks, growing text, the nearest word, the digest, and the shortest decimal of a double. */
#include "rs_text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_math.h"

/* ---- sinks ---- */

void rs_sink_bytes(rs_sink *sink, const char *bytes, size_t length) {
  if (sink->failed || length == 0) return;
  if (sink->write(sink->context, bytes, length) != 0) sink->failed = 1;
}

void rs_sink_put(rs_sink *sink, const char *text) {
  rs_sink_bytes(sink, text, strlen(text));
}

void rs_sink_printf(rs_sink *sink, const char *format, ...) {
  char small[256];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(small, sizeof small, format, arguments);
  va_end(arguments);
  if (length < 0) {
    sink->failed = 1;
    return;
  }
  if ((size_t)length < sizeof small) {
    rs_sink_bytes(sink, small, (size_t)length);
    return;
  }
  char *large = malloc((size_t)length + 1);
  if (large == NULL) {
    sink->failed = 1;
    return;
  }
  va_start(arguments, format);
  vsnprintf(large, (size_t)length + 1, format, arguments);
  va_end(arguments);
  rs_sink_bytes(sink, large, (size_t)length);
  free(large);
}

void rs_sink_i64(rs_sink *sink, int64_t value) {
  char digits[24];
  size_t at = sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) digits[--at] = '-';
  rs_sink_bytes(sink, digits + at, sizeof digits - at);
}

void rs_sink_put_escaped(rs_sink *sink, const char *text) {
  for (; *text != '\0'; text++) {
    switch (*text) {
      case '<':
        rs_sink_put(sink, "&lt;");
        break;
      case '>':
        rs_sink_put(sink, "&gt;");
        break;
      case '&':
        rs_sink_put(sink, "&amp;");
        break;
      case '"':
        rs_sink_put(sink, "&quot;");
        break;
      default:
        rs_sink_bytes(sink, (unsigned char)*text < 0x20 ? "?" : text, 1);
    }
  }
}

/* ---- growing text ---- */

void rs_text_init(rs_text *text) {
  *text = (rs_text){0};
}

void rs_text_deinit(rs_text *text) {
  free(text->bytes);
  *text = (rs_text){0};
}

static int write_text(void *context, const char *bytes, size_t length) {
  rs_text *text = context;
  if (text->capacity - text->length <= length) {
    size_t capacity = RS_MAX(2 * text->capacity, text->length + length + 1);
    capacity = RS_MAX(capacity, (size_t)256);
    char *larger = realloc(text->bytes, capacity);
    if (larger == NULL) {
      text->failed = true;
      return 1;
    }
    text->bytes = larger;
    text->capacity = capacity;
  }
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = '\0';
  return 0;
}

rs_sink rs_text_sink(rs_text *text) {
  return (rs_sink){.write = write_text, .context = text};
}

bool rs_text_ends_with(const char *text, const char *ending) {
  size_t length = strlen(text);
  size_t end = strlen(ending);
  return length >= end && strcmp(text + length - end, ending) == 0;
}

/* ---- the nearest word ---- */

#define WORD_LENGTH_MAX 64

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Optimal string alignment: insert, delete, replace, swap of neighbours; case costs nothing. Words
 * longer than the buffer are nothing like anything. */
static size_t word_distance(const char *a, const char *b) {
  size_t rows[3][WORD_LENGTH_MAX + 1];
  size_t n = strlen(a);
  size_t m = strlen(b);
  if (n > WORD_LENGTH_MAX || m > WORD_LENGTH_MAX) return SIZE_MAX;
  for (size_t j = 0; j <= m; j++) rows[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *now = rows[i % 3];
    const size_t *last = rows[(i - 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t cost = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      now[j] = RS_MIN(RS_MIN(last[j] + 1, now[j - 1] + 1), last[j - 1] + cost);
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        now[j] = RS_MIN(now[j], rows[(i - 2) % 3][j - 2] + 1);
      }
    }
  }
  return rows[n % 3][m];
}

static size_t common_start(const char *a, const char *b) {
  size_t length = 0;
  while (a[length] != '\0' && a[length] == b[length]) length++;
  return length;
}

const char *rs_nearest_word(const char *word, const char *const *words, size_t word_count) {
  const char *nearest = NULL;
  size_t best = SIZE_MAX;
  for (size_t i = 0; i < word_count; i++) {
    size_t distance = word_distance(word, words[i]);
    size_t letters = RS_MAX(strlen(word), strlen(words[i]));
    size_t allowed = RS_MAX(letters / 3, (size_t)1);
    if (distance > allowed || distance >= letters || distance > best) continue;
    if (distance == best && common_start(word, words[i]) <= common_start(word, nearest)) continue;
    best = distance;
    nearest = words[i];
  }
  return nearest;
}

/* ---- digest: FNV-1a ---- */

uint64_t rs_digest_bytes(uint64_t digest, const void *bytes, size_t length) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < length; i++) digest = (digest ^ byte[i]) * UINT64_C(0x100000001b3);
  return digest;
}

uint64_t rs_digest_u64(uint64_t digest, uint64_t value) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> (8 * i));
  return rs_digest_bytes(digest, bytes, sizeof bytes);
}

/* ---- doubles ---- */

/* printf and strtod use the locale's decimal point; the result must not. */
static void use_full_stop(char *number) {
  const char *point = localeconv()->decimal_point;
  char *found = strcmp(point, ".") == 0 ? NULL : strstr(number, point);
  if (found == NULL) return;
  const char *rest = found + strlen(point);
  *found = '.';
  memmove(found + 1, rest, strlen(rest) + 1);
}

/* A decimal of 15 digits comes back from the nearest double, and 17 digits tell any two doubles
 * apart (IEEE 754-2008, 5.12.2); %g drops zeros at the end, so the first that reads back is the
 * shortest. Subnormals have fewer digits, so there all lengths are tried. 46 powers of two get a
 * 17th digit that they could do without: below a power of two doubles lie closer than above, and the
 * nearest decimal of 16 digits falls on that side. */
void rs_double_format(double value, char *text, size_t size) {
  char number[64];
  for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
    snprintf(number, sizeof number, "%.*g", digits, value);
    double back = strtod(number, NULL);
    if (memcmp(&back, &value, sizeof back) == 0) break;
  }
  use_full_stop(number);
  snprintf(text, size, "%s", number);
}

/* The scanner of the text form; see rs__schedule_scan.h. */
#include "rs__schedule_scan.h"

#include <stdio.h>

/* ---- faults ---- */

int rs__scan_column(const rs__scanner *s, const char *place) {
  return (int)RS_MIN(place - s->line_start + 1, 1000000);
}

int rs__scan_quoted_length(const rs__scanner *s, const char *place) {
  int length = 0;
  while (length < 40 && place + length < s->end && place[length] != ' ' && place[length] != '\n' &&
         place[length] != '\0') {
    length++;
  }
  return RS_MAX(length, 1);
}

rs_status rs__scan_fault_at(rs__scanner *s, const char *place, const char *expected) {
  if (place >= s->end) {
    rs_diag_set(s->diag, RS_E_INPUT, "the file ends here");
  } else if (*place == '\n') {
    rs_diag_set(s->diag, RS_E_INPUT, "the line ends here");
  } else if (*place == '\r') {
    rs_diag_set(s->diag, RS_E_INPUT, "a carriage return; lines end with a line feed alone");
  } else if (*place == '\0') {
    rs_diag_set(s->diag, RS_E_INPUT, "a NUL byte");
  } else {
    rs_diag_set(s->diag, RS_E_INPUT, "'%.*s'", rs__scan_quoted_length(s, place), place);
  }
  rs_diag_expect(s->diag, "%s", expected);
  rs_diag_at(s->diag, s->file, s->line, rs__scan_column(s, place));
  return RS_E_INPUT;
}

rs_status rs__scan_fault(rs__scanner *s, const char *expected) {
  return rs__scan_fault_at(s, s->at, expected);
}

rs_status rs__scan_missing(rs__scanner *s, const char *text) {
  char expected[80];
  snprintf(expected, sizeof expected, *text == '\n' ? "the end of the line" : "'%s'", text);
  return rs__scan_fault(s, expected);
}

/* ---- taking ---- */

/* Nineteen digits fit into 64 bits without a sign, so the bound is looked at once, behind them. */
rs_status rs__scan_number(rs__scanner *s, int64_t most, int64_t *value) {
  const char *start = s->at;
  const char *at = start;
  uint64_t number = 0;
  while (at < s->end && (unsigned)(*at - '0') < 10) {
    if (at - start < 19) number = number * 10 + (unsigned)(*at - '0');
    at++;
  }
  if (at == start || (*start == '0' && at > start + 1))
    return rs__scan_fault_at(s, start, "a whole number");
  if (at - start > 19 || number > (uint64_t)most) {
    char expected[64];
    snprintf(expected, sizeof expected, "a number of at most %lld", (long long)most);
    return rs__scan_fault_at(s, start, expected);
  }
  s->at = at;
  *value = (int64_t)number;
  return RS_OK;
}

rs_status rs__scan_u32(rs__scanner *s, uint32_t *value) {
  int64_t number;
  rs_status status = rs__scan_number(s, UINT32_MAX - 1, &number);
  if (status == RS_OK) *value = (uint32_t)number;
  return status;
}

rs_status rs__scan_field(rs__scanner *s, const char *name, int64_t *value) {
  rs_status status = rs__scan_take(s, name);
  return status == RS_OK ? rs__scan_number(s, INT64_MAX, value) : status;
}

/* A word of lower-case letters, digits and a few signs, ended by a blank or the line's end. */
static size_t word_length(const rs__scanner *s) {
  const char *c = s->at;
  while (c < s->end && *c != ' ' && *c != '\n' && *c != '\r' && *c != '\0' && *c != '+') c++;
  return (size_t)(c - s->at);
}

static rs_status unknown_word(rs__scanner *s, size_t length, const char *const *words, size_t count,
                              const char *expected) {
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)RS_MIN(length, sizeof word - 1), s->at);
  rs__scan_fault(s, expected);
  rs_diag_suggest(s->diag, rs_nearest_word(word, words, count));
  return RS_E_INPUT;
}

rs_status rs__scan_word(rs__scanner *s, const char *const *words, size_t count,
                        const char *expected, int *index) {
  size_t length = word_length(s);
  for (size_t i = 0; i < count; i++) {
    if (strlen(words[i]) != length || memcmp(words[i], s->at, length) != 0) continue;
    s->at += length;
    *index = (int)i;
    return RS_OK;
  }
  return unknown_word(s, length, words, count, expected);
}

rs_status rs__scan_rest(rs__scanner *s, char *text, size_t size) {
  const char *stop = memchr(s->at, '\n', (size_t)(s->end - s->at));
  if (stop == NULL) return rs__scan_fault_at(s, s->end, "the end of the line");
  size_t length = (size_t)(stop - s->at);
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)s->at[i];
    if (c < 0x20 || c == 0x7f) return rs__scan_fault_at(s, s->at + i, "printable text");
  }
  if (length >= size) return rs__scan_fault(s, "a shorter text");
  if (length > 0 && (s->at[0] == ' ' || stop[-1] == ' ')) {
    return rs__scan_fault(s, "text without blanks at its ends");
  }
  memcpy(text, s->at, length);
  text[length] = '\0';
  s->at = stop;
  return RS_OK;
}

rs_status rs__scan_name(rs__scanner *s, char *text, size_t size) {
  size_t length = 0;
  while (s->at + length < s->end && (unsigned char)s->at[length] > 0x20 && s->at[length] != 0x7f) {
    length++;
  }
  if (length == 0) return rs__scan_fault(s, "a name");
  if (length >= size) return rs__scan_fault(s, "a shorter name");
  memcpy(text, s->at, length);
  text[length] = '\0';
  s->at += length;
  return RS_OK;
}

/* A scanner that knows strings and nesting, and nothing else: enough to find a top-level key in text
 * that a real parser has accepted. */
#include <string.h>

#include "rs__json_place.h"

typedef struct scanner {
  const char *at;
  const char *end;
  int line;
  int column;
} scanner;

static void advance(scanner *s) {
  if (*s->at == '\n') {
    s->line++;
    s->column = 0;
  }
  s->at++;
  s->column++;
}

static void skip_blanks(scanner *s) {
  while (s->at < s->end && strchr(" \t\r\n:,", *s->at) != NULL && *s->at != '\0') advance(s);
}

/* At an opening quote; returns whether the string is `key`, and stands behind it. */
static bool string_is(scanner *s, const char *key) {
  size_t length = strlen(key);
  advance(s);
  const char *start = s->at;
  while (s->at < s->end && *s->at != '"') {
    if (*s->at == '\\' && s->at + 1 < s->end) advance(s);
    advance(s);
  }
  bool same = (size_t)(s->at - start) == length && memcmp(start, key, length) == 0;
  if (s->at < s->end) advance(s);
  return same;
}

bool rs__json_place(const char *text, size_t length, const char *key, int *line, int *column) {
  scanner s = {text, text + length, 1, 1};
  int depth = 0;
  bool wants_key = false; /* in the outer object, what comes next is a key */
  *line = *column = 1;
  while (skip_blanks(&s), s.at < s.end) {
    if (*s.at == '"') {
      bool is_key = depth == 1 && wants_key;
      bool found = string_is(&s, key) && is_key;
      wants_key = depth == 1 && !is_key;
      if (!found) continue;
      skip_blanks(&s);
      *line = s.line;
      *column = s.column;
      return true;
    }
    if (*s.at == '{' || *s.at == '[') {
      if (depth == 0) {
        *line = s.line;
        *column = s.column;
      }
      depth++;
      wants_key = depth == 1;
    } else if (*s.at == '}' || *s.at == ']') {
      depth--;
      wants_key = depth == 1;
    } else if (depth == 1) {
      /* a number or a word: run to its end */
      while (s.at + 1 < s.end && strchr(",}] \t\r\n", s.at[1]) == NULL) advance(&s);
      wants_key = true;
    }
    advance(&s);
  }
  return false;
}

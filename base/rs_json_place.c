/* A scanner that knows strings and nesting, and nothing else: enough to find a key in text that a
 * real parser has accepted. Keys are compared as they are written, so a key in escapes is not found. */
#include "rs_json_place.h"

#include <string.h>

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

static bool stands_at(const scanner *s, const char *letters) {
  return s->at < s->end && *s->at != '\0' && strchr(letters, *s->at) != NULL;
}

static void skip_blanks(scanner *s) {
  while (stands_at(s, " \t\r\n:,")) advance(s);
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

/* Behind one value, of any depth. */
static void skip_value(scanner *s) {
  int depth = 0;
  do {
    skip_blanks(s);
    if (s->at >= s->end) return;
    if (*s->at == '"') {
      string_is(s, "");
      continue;
    }
    if (stands_at(s, "{[")) depth++;
    if (stands_at(s, "}]")) depth--;
    bool is_bracket = stands_at(s, "{[}]");
    advance(s);
    while (!is_bracket && s->at < s->end && !stands_at(s, ",}] \t\r\n")) advance(s);
  } while (depth > 0);
}

/* At an object's brace: goes to the value of `key`, or returns false. */
static bool enter(scanner *s, const char *key) {
  if (!stands_at(s, "{")) return false;
  advance(s);
  while (skip_blanks(s), stands_at(s, "\"")) {
    bool found = string_is(s, key);
    skip_blanks(s);
    if (found) return true;
    skip_value(s);
  }
  return false;
}

bool rs_json_place(const char *text, size_t length, const char *const *path, size_t depth,
                   int *line, int *column) {
  scanner s = {text, text + length, 1, 1};
  skip_blanks(&s);
  for (size_t i = 0; i <= depth; i++) {
    *line = s.line;
    *column = s.column;
    if (i < depth && !enter(&s, path[i])) return false;
  }
  return true;
}

/*
 * Reading results.csv back, after RFC 4180: fields between commas, a field in quotes may hold commas,
 * line ends and doubled quotes. One pass; fields are copied into the arena.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_math.h"
#include "rs_result.h"

#define COLUMNS_MAX 256

typedef struct reader {
  rs_arena *arena;
  rs_task task;
  const char *file;
  const char *cursor, *end;
  int line;
  const char *line_start;
  rs_diag *diag;
} reader;

static rs_status refuse(const reader *r, const char *where, const char *what, const char *found) {
  rs_diag_set(r->diag, RS_E_INPUT, "%s%s%.80s%s", what, found == NULL ? "" : " '",
              found == NULL ? "" : found, found == NULL ? "" : "'");
  int column = where < r->line_start ? 1 : (int)RS_MIN(where - r->line_start, 1 << 20) + 1;
  rs_diag_at(r->diag, r->file, r->line, column);
  return RS_E_INPUT;
}

/* ---- fields ---- */

/* A field in quotes; the cursor stands behind the first of them. */
static rs_status read_quoted(reader *r, char *text, size_t *used) {
  const char *start = r->cursor;
  while (r->cursor < r->end) {
    char c = *r->cursor++;
    if (c == '"' && (r->cursor == r->end || *r->cursor != '"')) return RS_OK;
    if (c == '"') r->cursor++;
    text[(*used)++] = c;
  }
  return refuse(r, start, "this quote stays open", NULL);
}

/* Reads a field and what ends it; *is_last: the line ends here. */
static rs_status read_field(reader *r, const char **field, bool *is_last) {
  const char *stop = r->cursor;
  size_t used = 0;
  bool is_quoted = r->cursor < r->end && *r->cursor == '"';
  while (!is_quoted && stop < r->end && *stop != ',' && *stop != '\n') stop++;
  char *text = rs_arena_alloc(r->arena, (size_t)((is_quoted ? r->end : stop) - r->cursor) + 1);
  if (text == NULL) return rs_arena_failed(r->arena, r->diag);
  if (is_quoted) {
    r->cursor++;
    rs_status status = read_quoted(r, text, &used);
    if (status != RS_OK) return status;
    if (r->cursor < r->end && *r->cursor == '\r') r->cursor++;
  } else {
    used = (size_t)(stop - r->cursor);
    memcpy(text, r->cursor, used);
    r->cursor = stop;
    if (used > 0 && text[used - 1] == '\r') used--;
  }
  text[used] = '\0';
  *field = text;
  *is_last = r->cursor == r->end || *r->cursor == '\n';
  if (!*is_last && *r->cursor != ',') {
    return refuse(r, r->cursor, "something stands between a quote and the next comma", NULL);
  }
  if (r->cursor < r->end) r->cursor++;
  return RS_OK;
}

static void start_line(reader *r) {
  r->line++;
  r->line_start = r->cursor;
}

/* ---- head and rows ---- */

typedef struct head {
  size_t columns[COLUMNS_MAX]; /* of the results */
  size_t count;
} head;

static rs_status read_head(reader *r, head *h) {
  size_t count;
  const char *const *columns = rs_result_columns(r->task, &count);
  bool is_last = false;
  while (!is_last) {
    const char *name;
    const char *where = r->cursor;
    size_t column = 0;
    rs_status status = read_field(r, &name, &is_last);
    if (status != RS_OK) return status;
    while (column < count && strcmp(columns[column], name) != 0) column++;
    if (column == count) {
      refuse(r, where, "there is no column", name);
      rs_diag_suggest(r->diag, rs_nearest_word(name, columns, count));
      return RS_E_INPUT;
    }
    for (size_t i = 0; i < h->count; i++) {
      if (h->columns[i] == column) return refuse(r, where, "this column stands twice:", name);
    }
    h->columns[h->count++] = column; /* no more than there are columns, as none stands twice */
  }
  return RS_OK;
}

static rs_status read_cell(const reader *r, const char *where, const char *column,
                           const char *field, rs_cell *cell) {
  char *end;
  if (field[0] == '\0') return RS_OK; /* absent; an empty text looks the same */
  if (rs_result_column_is_text(column)) {
    *cell = (rs_cell){.kind = RS_CELL_TEXT, .text = field};
    return RS_OK;
  }
  errno = 0;
  long long integer = strtoll(field, &end, 10);
  if (errno == 0 && *end == '\0') {
    *cell = (rs_cell){.kind = RS_CELL_I64, .integer = integer};
    return RS_OK;
  }
  double number = strtod(field, &end);
  if (*end != '\0') return refuse(r, where, "this is not a number:", field);
  *cell = (rs_cell){.kind = RS_CELL_DOUBLE, .number = number};
  return RS_OK;
}

static rs_status read_row(reader *r, const head *h, rs_result *result) {
  bool is_last = false;
  rs_status created = rs_result_create(r->arena, r->task, result, r->diag);
  if (created != RS_OK) return created;
  for (size_t i = 0; i < h->count; i++) {
    const char *field;
    const char *where = r->cursor;
    if (is_last) return refuse(r, where, "this row is shorter than the head", NULL);
    rs_status status = read_field(r, &field, &is_last);
    size_t column = h->columns[i];
    if (status == RS_OK) {
      status = read_cell(r, where, result->columns[column], field, &result->cells[column]);
    }
    if (status != RS_OK) return status;
  }
  return is_last ? RS_OK : refuse(r, r->cursor, "this row is longer than the head", NULL);
}

/* An upper bound: quotes may hold line ends. */
static size_t count_lines(const char *text, size_t length) {
  size_t lines = 1;
  for (size_t i = 0; i < length; i++) lines += text[i] == '\n' ? 1 : 0;
  return lines;
}

rs_status rs_result_parse_csv(rs_arena *arena, rs_task task, const char *file, const char *text,
                              size_t length, rs_result **results, size_t *count, rs_diag *diag) {
  reader r = {.arena = arena,
              .task = task,
              .file = file,
              .cursor = text,
              .end = text + length,
              .diag = diag};
  head h = {.count = 0};
  start_line(&r);
  *count = 0;
  if (memchr(text, '\0', length) != NULL) return refuse(&r, text, "a NUL byte", NULL);
  *results = RS_ARENA_NEW(arena, rs_result, count_lines(text, length));
  if (*results == NULL) return rs_arena_failed(arena, diag);
  rs_status status = read_head(&r, &h);
  while (status == RS_OK && r.cursor < r.end) {
    start_line(&r);
    status = read_row(&r, &h, &(*results)[*count]);
    if (status == RS_OK) (*count)++;
  }
  return status;
}

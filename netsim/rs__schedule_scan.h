/*
 * The scanner of the text form: a cursor over bytes that knows its line and where the line began, so
 * that every fault has a line and a column. Words are compared in place; it allocates nothing and
 * never reads behind `end`. Everything that takes returns RS_OK and moves the cursor, or fills the
 * diagnostic and returns RS_E_INPUT.
 */
#ifndef RS__SCHEDULE_SCAN_H
#define RS__SCHEDULE_SCAN_H

#include <limits.h>
#include <string.h>

#include "rs_math.h"
#include "rs_text.h"

typedef struct rs__scanner {
  const char *file; /* for messages */
  const char *at;
  const char *end;
  const char *line_start;
  int line;
  rs_diag *diag;
} rs__scanner;

/* ---- faults ---- */

/* What stands at `place`, which is on the present line, and what was expected there. */
rs_status rs__scan_fault_at(rs__scanner *s, const char *place, const char *expected);
rs_status rs__scan_fault(rs__scanner *s, const char *expected); /* at the cursor */
rs_status rs__scan_missing(rs__scanner *s, const char *text);   /* `text` was expected there */
int rs__scan_column(const rs__scanner *s, const char *place);
/* How much of what stands at `place` is quoted in a message: up to the next blank. */
int rs__scan_quoted_length(const rs__scanner *s, const char *place);

/* ---- taking ---- */

static inline bool rs__scan_starts_with(const rs__scanner *s, const char *text, size_t length) {
  return (size_t)(s->end - s->at) >= length && memcmp(s->at, text, length) == 0;
}

/* Exactly `text`; "\n" begins a new line. Here, so that the compiler sees which text it is. */
static inline rs_status rs__scan_take(rs__scanner *s, const char *text) {
  size_t length = strlen(text);
  if (!rs__scan_starts_with(s, text, length)) return rs__scan_missing(s, text);
  s->at += length;
  if (*text == '\n') {
    if (s->line < INT_MAX) s->line++; /* a stream may be longer */
    s->line_start = s->at;
  }
  return RS_OK;
}

/* A decimal number from 0 to `most`. Leading zeros are refused: the form is canonical. */
rs_status rs__scan_number(rs__scanner *s, int64_t most, int64_t *value);
rs_status rs__scan_u32(rs__scanner *s, uint32_t *value); /* up to UINT32_MAX − 1 */
rs_status rs__scan_field(rs__scanner *s, const char *name, int64_t *value); /* name, number */
/* One of the words of a table; *index is which. Else suggests the nearest. */
rs_status rs__scan_word(rs__scanner *s, const char *const *words, size_t count,
                        const char *expected, int *index);
/* A word that fits into text[size]. */
rs_status rs__scan_name(rs__scanner *s, char *text, size_t size);
/* The rest of the line, without blanks at its ends, as a string of at most size − 1 bytes. */
rs_status rs__scan_rest(rs__scanner *s, char *text, size_t size);

#endif

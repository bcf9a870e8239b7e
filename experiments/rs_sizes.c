/* The sizes of an unequal all-to-all: a line a sender, a size a receiver between commas. */
#include <stdio.h>
#include <string.h>

#include "rs__result.h"
#include "rs_units.h"

typedef struct reader {
  const char *file;
  int line, column;
  rs_diag *diag;
} reader;

static rs_status refuse(const reader *r, const char *what, uint32_t chips) {
  rs_diag_set(r->diag, RS_E_INPUT, "%s", what);
  rs_diag_expect(r->diag, "%u lines of %u sizes such as 16KiB or 0B, a line a sender", chips,
                 chips);
  rs_diag_at(r->diag, r->file, r->line, r->column);
  return RS_E_INPUT;
}

/* The size that ends at a comma or at the end of the line. */
static rs_status read_size(const reader *r, const char *text, size_t length, uint32_t chips,
                           int64_t *bytes) {
  char word[40], what[120];
  while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\r')) length--;
  while (length > 0 && *text == ' ') {
    text++;
    length--;
  }
  snprintf(word, sizeof word, "%.*s", (int)RS_MIN(length, sizeof word - 1), text);
  rs_status status = rs_quantity_parse(word, RS_QUANTITY_BYTES, bytes, r->diag);
  if (length < sizeof word && status == RS_OK && *bytes >= 0) return RS_OK;
  snprintf(what, sizeof what, "'%s' is not a size from 0B", word);
  return refuse(r, what, chips);
}

static rs_status read_line(reader *r, const char *text, size_t length, uint32_t chips,
                           int64_t *bytes) {
  size_t at = 0;
  for (uint32_t k = 0; k < chips; k++) {
    size_t end = at;
    while (end < length && text[end] != ',') end++;
    r->column = (int)RS_MIN(at, (size_t)1 << 20) + 1;
    rs_status status = read_size(r, text + at, end - at, chips, &bytes[k]);
    if (status != RS_OK) return status;
    if ((end == length) != (k + 1 == chips)) {
      r->column = (int)RS_MIN(end, (size_t)1 << 20) + 1;
      return refuse(r, end == length ? "this line is too short" : "this line is too long", chips);
    }
    at = end + 1;
  }
  return RS_OK;
}

rs_status rs__sizes_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                          uint32_t chips, const int64_t **sizes, rs_diag *diag) {
  reader r = {.file = file, .diag = diag};
  int64_t *bytes = RS_ARENA_NEW(arena, int64_t, (size_t)chips * chips);
  if (bytes == NULL) return rs_arena_failed(arena, diag);
  const char *end = text + length;
  for (uint32_t i = 0; i < chips; i++) {
    const char *stop = text;
    while (stop < end && *stop != '\n') stop++;
    r.line++;
    r.column = 1;
    if (text == end) return refuse(&r, "a line is missing", chips);
    rs_status status = read_line(&r, text, (size_t)(stop - text), chips, bytes + (size_t)i * chips);
    if (status != RS_OK) return status;
    text = stop < end ? stop + 1 : end;
  }
  r.line++;
  r.column = 1;
  if (text < end) return refuse(&r, "there is a line too many", chips);
  *sizes = bytes;
  return RS_OK;
}

/*
 * Text that grows, the nearest word in a list, a digest, and JSON written as a stream.
 */
#ifndef RS_TEXT_H
#define RS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rs_status.h"

/* ---- a sink: where printed forms go (a growing text, a file of the caller's) ---- */

/* Returns 0, or non-zero to stop the writer (disk full). */
typedef int rs_sink_write(void *context, const char *bytes, size_t length);

typedef struct rs_sink {
  rs_sink_write *write;
  void *context;
  int failed; /* sticky: set once `write` has refused; later writes are dropped */
} rs_sink;

void rs_sink_put(rs_sink *sink, const char *text);
void rs_sink_bytes(rs_sink *sink, const char *bytes, size_t length);
void rs_sink_printf(rs_sink *sink, const char *format, ...) RS_PRINTF(2, 3);
/* Decimal without printf: the writer's inner loop. */
void rs_sink_i64(rs_sink *sink, int64_t value);
/* Text inside XML or HTML: < > & and double quotes as entities, control characters as '?'. */
void rs_sink_put_escaped(rs_sink *sink, const char *text);

/* ---- growing text; bytes are always NUL-terminated after the first write ---- */

typedef struct rs_text {
  char *bytes; /* NULL until something was written */
  size_t length;
  size_t capacity;
  bool failed; /* no memory: the text is cut, and says so here */
} rs_text;

void rs_text_init(rs_text *text);
void rs_text_deinit(rs_text *text);
rs_sink rs_text_sink(rs_text *text);

bool rs_text_ends_with(const char *text, const char *ending);

/* ---- the nearest word: Damerau–Levenshtein, at most a third of the letters wrong, or one ---- */

/* Returns the nearest of `words` or NULL when none is near. Ties: the longest common start, then the first. O(words · n · m). */
const char *rs_nearest_word(const char *word, const char *const *words, size_t word_count);

/* ---- digest: FNV-1a, 64 bit, of a byte stream; for identity of results, not for security ---- */

#define RS_DIGEST_SEED UINT64_C(0xcbf29ce484222325)
uint64_t rs_digest_bytes(uint64_t digest, const void *bytes, size_t length);
uint64_t rs_digest_u64(uint64_t digest, uint64_t value); /* as 8 little-endian bytes */

/* ---- JSON as a stream: commas, quotes and escapes are ours, nesting up to 32 ---- */

typedef struct rs_json {
  rs_sink *sink;
  int depth;
  bool has_item[33]; /* by depth; 0 is outside of all brackets */
  bool after_key;
  bool line_due;
} rs_json;

void rs_json_init(rs_json *json, rs_sink *sink);
void rs_json_begin_object(rs_json *json);
void rs_json_end_object(rs_json *json);
void rs_json_begin_array(rs_json *json);
void rs_json_end_array(rs_json *json);
void rs_json_key(rs_json *json, const char *key);
void rs_json_string(rs_json *json, const char *value); /* NULL writes null; bad UTF-8 is replaced */
void rs_json_i64(rs_json *json, int64_t value);
void rs_json_double(rs_json *json, double value); /* shortest that reads back; NaN, inf: null */
void rs_json_bool(rs_json *json, bool value);
void rs_json_newline(rs_json *json); /* a line break before the next item or bracket */

/* Shortest decimal that reads back to the same double ("0.1", "1e-07"); independent of locale. A
 * whole number has no point, and below 1e15 no exponent ("3", "100000000000000", "1e+15"). */
void rs_double_format(double value, char *text, size_t size);

#endif

/* JSON as a stream: the writer keeps only whether a comma is due at each depth. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "rs_math.h"
#include "rs_text.h"

void rs_json_init(rs_json *json, rs_sink *sink) {
  *json = (rs_json){.sink = sink};
}

static void break_line(rs_json *json) {
  if (json->line_due) rs_sink_put(json->sink, "\n");
  json->line_due = false;
}

/* Before every value and key: a comma when something stands before it at this depth. A line break
 * that was asked for comes behind the comma. */
static void begin_item(rs_json *json) {
  if (json->after_key) {
    json->after_key = false;
    return;
  }
  if (json->has_item[json->depth]) rs_sink_put(json->sink, ",");
  json->has_item[json->depth] = true;
  break_line(json);
}

static void open_level(rs_json *json, const char *bracket) {
  begin_item(json);
  rs_sink_put(json->sink, bracket);
  assert(json->depth + 1 < (int)RS_COUNT_OF(json->has_item));
  json->depth++;
  json->has_item[json->depth] = false;
}

static void close_level(rs_json *json, const char *bracket) {
  assert(json->depth > 0 && !json->after_key);
  json->depth--;
  break_line(json);
  rs_sink_put(json->sink, bracket);
}

void rs_json_begin_object(rs_json *json) {
  open_level(json, "{");
}

void rs_json_end_object(rs_json *json) {
  close_level(json, "}");
}

void rs_json_begin_array(rs_json *json) {
  open_level(json, "[");
}

void rs_json_end_array(rs_json *json) {
  close_level(json, "]");
}

/* Length of the UTF-8 sequence at `text`, 0 when it is none (RFC 3629: shortest form, no
 * surrogates, at most U+10FFFF). */
static size_t utf8_length(const unsigned char *text) {
  unsigned char c = text[0];
  size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 0;
  if (c >= 0xf0 && c < 0xf5) length = 4;
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
  }
  if (c == 0xe0 && text[1] < 0xa0) return 0;
  if (c == 0xed && text[1] > 0x9f) return 0;
  if (c == 0xf0 && text[1] < 0x90) return 0;
  if (c == 0xf4 && text[1] > 0x8f) return 0;
  return length;
}

static void write_character(rs_sink *sink, const char *text, size_t length) {
  unsigned char c = (unsigned char)text[0];
  if (length == 0) {
    rs_sink_put(sink, "\xef\xbf\xbd"); /* U+FFFD, the replacement character */
  } else if (c == '"' || c == '\\') {
    rs_sink_put(sink, "\\");
    rs_sink_bytes(sink, text, 1);
  } else if (c == '\n') {
    rs_sink_put(sink, "\\n");
  } else if (c == '\t') {
    rs_sink_put(sink, "\\t");
  } else if (c == '\r') {
    rs_sink_put(sink, "\\r");
  } else if (c < 0x20) {
    rs_sink_printf(sink, "\\u%04x", c);
  } else {
    rs_sink_bytes(sink, text, length);
  }
}

static bool is_plain(char c) {
  return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* Runs of plain characters, nearly all of a text, go out in one piece. */
static void write_quoted(rs_sink *sink, const char *text) {
  rs_sink_put(sink, "\"");
  while (*text != '\0') {
    size_t length = 0;
    while (is_plain(text[length])) length++;
    if (length > 0) {
      rs_sink_bytes(sink, text, length);
    } else {
      length = utf8_length((const unsigned char *)text);
      write_character(sink, text, length);
      if (length == 0) length = 1; /* one byte that is no UTF-8 */
    }
    text += length;
  }
  rs_sink_put(sink, "\"");
}

void rs_json_key(rs_json *json, const char *key) {
  begin_item(json);
  write_quoted(json->sink, key);
  rs_sink_put(json->sink, ":");
  json->after_key = true;
}

void rs_json_string(rs_json *json, const char *value) {
  begin_item(json);
  if (value == NULL) {
    rs_sink_put(json->sink, "null");
  } else {
    write_quoted(json->sink, value);
  }
}

void rs_json_i64(rs_json *json, int64_t value) {
  begin_item(json);
  rs_sink_i64(json->sink, value);
}

void rs_json_double(rs_json *json, double value) {
  char text[64];
  begin_item(json);
  if (!isfinite(value)) {
    rs_sink_put(json->sink, "null");
    return;
  }
  rs_double_format(value, text, sizeof text);
  rs_sink_put(json->sink, text);
}

void rs_json_bool(rs_json *json, bool value) {
  begin_item(json);
  rs_sink_put(json->sink, value ? "true" : "false");
}

/* Written with what comes next, because only then is it known whether a comma stands before it. */
void rs_json_newline(rs_json *json) {
  json->line_due = true;
}

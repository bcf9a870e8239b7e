/*
 * A pull scanner for a small part of XML: one pass, no copies, no look-back.
 * See rs_xml.h for what it takes and refuses.
 */
#include <stdarg.h>
#include <string.h>

#include "rs_xml.h"

#define QUOTE_MAX 40

void rs_xml_init(rs_xml *xml, const char *text, size_t length) {
  memset(xml, 0, sizeof *xml);
  xml->at = xml->line_start = text;
  xml->end = text + length;
  xml->line = 1;
}

bool rs_slice_is(rs_slice slice, const char *word) {
  return slice.length == strlen(word) && memcmp(slice.bytes, word, slice.length) == 0;
}

rs_slice rs_xml_attribute_of(const rs_xml *xml, const char *name) {
  for (size_t i = 0; i < xml->attribute_count; i++) {
    if (rs_slice_is(xml->attributes[i].name, name)) return xml->attributes[i].value;
  }
  return (rs_slice){NULL, 0};
}

rs_status rs_xml_refuse(const rs_xml *xml, rs_diag *diag, const char *format, ...) {
  va_list list;
  va_start(list, format);
  rs_diag_refuse(diag, NULL, xml->event_line, xml->event_column, format, list);
  va_end(list);
  return RS_E_INPUT;
}

static void mark_event(rs_xml *xml) {
  xml->event_line = xml->line;
  xml->event_column = (int)(xml->at - xml->line_start) + 1;
}

static void advance(rs_xml *xml, size_t count) {
  for (; count > 0; count--) {
    if (*xml->at++ != '\n') continue;
    xml->line++;
    xml->line_start = xml->at;
  }
}

static bool starts_with(const rs_xml *xml, const char *word) {
  size_t length = strlen(word);
  return (size_t)(xml->end - xml->at) >= length && memcmp(xml->at, word, length) == 0;
}

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_spaces(rs_xml *xml) {
  while (xml->at < xml->end && is_space(*xml->at)) advance(xml, 1);
}

static bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

static rs_slice take_name(rs_xml *xml) {
  rs_slice name = {xml->at, 0};
  while (xml->at < xml->end && is_name_char(*xml->at)) advance(xml, 1);
  name.length = (size_t)(xml->at - name.bytes);
  return name;
}

/* Moves behind the next `word`. */
static rs_status skip_past(rs_xml *xml, const char *word, const char *what, rs_diag *diag) {
  while (xml->at < xml->end && !starts_with(xml, word)) advance(xml, 1);
  if (xml->at == xml->end) return rs_xml_refuse(xml, diag, "%s does not end", what);
  advance(xml, strlen(word));
  return RS_OK;
}

static rs_status take_attribute(rs_xml *xml, rs_diag *diag) {
  rs_xml_attribute attribute = {.name = take_name(xml)};
  if (attribute.name.length == 0) {
    return rs_xml_refuse(xml, diag, "the tag is not well formed");
  }
  skip_spaces(xml);
  if (xml->at < xml->end && *xml->at == '=') advance(xml, 1);
  skip_spaces(xml);
  char quote = xml->at < xml->end ? *xml->at : '\0';
  if (quote != '"' && quote != '\'') {
    return rs_xml_refuse(xml, diag, "attribute '%.*s' has no quoted value",
                         (int)RS_MIN(attribute.name.length, QUOTE_MAX), attribute.name.bytes);
  }
  advance(xml, 1);
  attribute.value.bytes = xml->at;
  while (xml->at < xml->end && *xml->at != quote && *xml->at != '<') advance(xml, 1);
  if (xml->at == xml->end || *xml->at == '<') {
    return rs_xml_refuse(xml, diag, "an attribute's value does not end");
  }
  attribute.value.length = (size_t)(xml->at - attribute.value.bytes);
  advance(xml, 1);
  if (xml->attribute_count == RS_XML_ATTRIBUTES_MAX) {
    return rs_xml_refuse(xml, diag, "more than %d attributes", RS_XML_ATTRIBUTES_MAX);
  }
  xml->attributes[xml->attribute_count++] = attribute;
  return RS_OK;
}

static rs_status take_open_tag(rs_xml *xml, rs_diag *diag) {
  advance(xml, 1);
  xml->attribute_count = 0;
  xml->name = take_name(xml);
  if (xml->name.length == 0) return rs_xml_refuse(xml, diag, "a '<' without a tag");
  if (xml->depth == RS_XML_DEPTH_MAX) {
    return rs_xml_refuse(xml, diag, "elements nest deeper than %d", RS_XML_DEPTH_MAX);
  }
  xml->open[xml->depth++] = xml->name;
  for (;;) {
    skip_spaces(xml);
    if (starts_with(xml, "/>")) {
      xml->close_pending = true;
      advance(xml, 2);
      return RS_OK;
    }
    if (starts_with(xml, ">")) {
      advance(xml, 1);
      return RS_OK;
    }
    rs_status status = take_attribute(xml, diag);
    if (status != RS_OK) return status;
  }
}

static rs_status take_close_tag(rs_xml *xml, rs_diag *diag) {
  advance(xml, 2);
  xml->name = take_name(xml);
  skip_spaces(xml);
  if (!starts_with(xml, ">")) return rs_xml_refuse(xml, diag, "a closing tag does not end");
  advance(xml, 1);
  bool matches = false;
  if (xml->depth > 0) {
    rs_slice open = xml->open[--xml->depth];
    matches =
        open.length == xml->name.length && memcmp(open.bytes, xml->name.bytes, open.length) == 0;
  }
  if (matches) return RS_OK;
  return rs_xml_refuse(xml, diag, "'</%.*s>' closes nothing that is open",
                       (int)RS_MIN(xml->name.length, QUOTE_MAX), xml->name.bytes);
}

/* Comments and instructions; *skipped tells whether there was one. */
static rs_status skip_other(rs_xml *xml, bool *skipped, rs_diag *diag) {
  *skipped = true;
  if (starts_with(xml, "<!--")) return skip_past(xml, "-->", "a comment", diag);
  if (starts_with(xml, "<?")) return skip_past(xml, "?>", "a processing instruction", diag);
  if (starts_with(xml, "<!")) {
    return rs_xml_refuse(xml, diag, "document types and CDATA are not read");
  }
  *skipped = false;
  return RS_OK;
}

rs_status rs_xml_next(rs_xml *xml, rs_xml_event *event, rs_diag *diag) {
  if (xml->close_pending) {
    xml->close_pending = false;
    xml->name = xml->open[--xml->depth];
    *event = RS_XML_CLOSE;
    return RS_OK;
  }
  for (;;) {
    bool skipped;
    mark_event(xml);
    rs_status status = skip_other(xml, &skipped, diag);
    if (status != RS_OK) return status;
    if (!skipped) break;
  }
  if (xml->at == xml->end) {
    *event = RS_XML_END;
    if (xml->depth == 0) return RS_OK;
    rs_slice open = xml->open[xml->depth - 1];
    return rs_xml_refuse(xml, diag, "the text ends inside <%.*s>",
                         (int)RS_MIN(open.length, QUOTE_MAX), open.bytes);
  }
  if (starts_with(xml, "</")) {
    *event = RS_XML_CLOSE;
    return take_close_tag(xml, diag);
  }
  if (*xml->at == '<') {
    *event = RS_XML_OPEN;
    return take_open_tag(xml, diag);
  }
  *event = RS_XML_TEXT;
  xml->text.bytes = xml->at;
  while (xml->at < xml->end && *xml->at != '<') advance(xml, 1);
  xml->text.length = (size_t)(xml->at - xml->text.bytes);
  return RS_OK;
}

/*
 * Specs: the text after the family's colon, read and printed by the family's table of parameters.
 *
 * The text is a list of items between commas. An item is key=value, a flag's bare key, or the value
 * of the next positional parameter that is still open; blanks around items count for nothing. The
 * printer writes parameters in the order of the table and leaves out defaults, so any text that
 * parses has one canonical form, and that form parses to the same arguments.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rs__family.h"
#include "rs_units.h"

#define QUOTE_MAX 40 /* characters of the user's text that a message repeats */
#define ITEM_MAX 319 /* an item longer than this means nothing to any family */

typedef struct item {
  char text[ITEM_MAX + 1];
  int column;
} item;

typedef struct parser {
  const rs__family *family;
  const rs_topology_family *row;
  rs__arguments *arguments;
  rs_diag *diag;
} parser;

static rs_status refuse_at(rs_diag *diag, int column, const char *format, ...) RS_PRINTF(3, 4);

static rs_status refuse_at(rs_diag *diag, int column, const char *format, ...) {
  va_list list;
  va_start(list, format);
  rs_diag_refuse(diag, NULL, 1, column, format, list);
  va_end(list);
  return RS_E_INPUT;
}

rs_status rs__arguments_refuse(const rs__arguments *arguments, size_t index, rs_diag *diag,
                               const char *format, ...) {
  va_list list;
  va_start(list, format);
  rs_diag_refuse(diag, NULL, 1, arguments->column[index], format, list);
  va_end(list);
  return RS_E_INPUT;
}

/* Copies text[0 … length) without the blanks around it. */
static rs_status take_item(const char *text, size_t length, int column, item *result,
                           rs_diag *diag) {
  while (length > 0 && isspace((unsigned char)text[0])) {
    text++;
    length--;
    column++;
  }
  while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
  result->column = column;
  if (length > ITEM_MAX) {
    return refuse_at(diag, column, "argument '%.*s…' is too long", QUOTE_MAX, text);
  }
  memcpy(result->text, text, length);
  result->text[length] = '\0';
  return RS_OK;
}

static const char *format_of(const parser *p, char *text, size_t size) {
  snprintf(text, size, "%s:%s", p->row->name, p->row->arguments);
  return text;
}

static rs_status read_number(const parser *p, const char *name, const rs__param *param,
                             const item *value, int64_t *result) {
  rs_diag ignored;
  /* Only digits start a number here: rs_quantity_parse would also take a sign. */
  if (!isdigit((unsigned char)value->text[0]) ||
      rs_quantity_parse(value->text, RS_QUANTITY_COUNT, result, &ignored) != RS_OK) {
    refuse_at(p->diag, value->column, "%s: %s is not a number: '%.*s'", p->row->name, name,
              QUOTE_MAX, value->text);
  } else if (*result < param->value_min || *result > param->value_max) {
    refuse_at(p->diag, value->column, "%s: %s is out of range: %" PRId64, p->row->name, name,
              *result);
  } else {
    return RS_OK;
  }
  rs_diag_expect(p->diag, "a whole number from %" PRId64 " to %" PRId64 ", as in '%s'",
                 param->value_min, param->value_max, p->row->example);
  return RS_E_INPUT;
}

static rs_status read_dims(const parser *p, const rs__param *param, const item *value) {
  const char *rest = value->text;
  p->arguments->dim_count = 0;
  for (;;) {
    size_t length = strcspn(rest, "xX");
    item one;
    int column = value->column + (int)(rest - value->text);
    rs_status status = take_item(rest, length, column, &one, p->diag);
    if (status != RS_OK) return status;
    if (p->arguments->dim_count == RS__DIMS_MAX) {
      return refuse_at(p->diag, column, "%s: more than %d dimensions", p->row->name, RS__DIMS_MAX);
    }
    int64_t size;
    status = read_number(p, "a dimension", param, &one, &size);
    if (status != RS_OK) return status;
    p->arguments->dims[p->arguments->dim_count++] = (uint32_t)size;
    if (rest[length] == '\0') return RS_OK;
    rest += length + 1;
  }
}

static rs_status read_choice(const parser *p, const rs__param *param, const item *value,
                             int64_t *result) {
  size_t count = 0;
  char all[200] = "";
  for (; param->choices[count] != NULL; count++) {
    if (strcmp(param->choices[count], value->text) == 0) {
      *result = (int64_t)count;
      return RS_OK;
    }
    size_t used = strlen(all);
    snprintf(all + used, sizeof all - used, "%s%s", count == 0 ? "" : ", ", param->choices[count]);
  }
  refuse_at(p->diag, value->column, "%s: %s cannot be '%.*s'", p->row->name, param->key, QUOTE_MAX,
            value->text);
  rs_diag_expect(p->diag, "one of %s", all);
  rs_diag_suggest(p->diag, rs_nearest_word(value->text, param->choices, count));
  return RS_E_INPUT;
}

static rs_status read_text(const parser *p, const rs__param *param, const item *value,
                           int64_t *result) {
  size_t length = strlen(value->text);
  if (length > RS__TEXT_MAX) {
    return refuse_at(p->diag, value->column + RS__TEXT_MAX, "%s: %s has more than %d characters",
                     p->row->name, param->key, RS__TEXT_MAX);
  }
  memcpy(p->arguments->text, value->text, length + 1);
  *result = 1;
  return RS_OK;
}

static rs_status read_value(const parser *p, size_t index, const item *value) {
  const rs__param *param = &p->family->params[index];
  int64_t *result = &p->arguments->value[index];
  if (p->arguments->column[index] != 0) {
    return refuse_at(p->diag, value->column, "%s: %s is given twice", p->row->name, param->key);
  }
  p->arguments->column[index] = value->column;
  switch (param->kind) {
    case RS__PARAM_NUMBER:
      return read_number(p, param->key, param, value, result);
    case RS__PARAM_DIMS:
      return read_dims(p, param, value);
    case RS__PARAM_CHOICE:
      return read_choice(p, param, value, result);
    case RS__PARAM_TEXT:
      return read_text(p, param, value, result);
    case RS__PARAM_FLAG:
      break;
  }
  *result = 1;
  return RS_OK;
}

static rs_status read_keyed(const parser *p, const item *whole, size_t key_length) {
  const char *keys[RS__PARAMS_MAX];
  item key, value;
  char format[128];
  rs_status status = take_item(whole->text, key_length, whole->column, &key, p->diag);
  if (status == RS_OK) {
    const char *rest = whole->text + key_length + 1;
    status = take_item(rest, strlen(rest), whole->column + (int)key_length + 1, &value, p->diag);
  }
  if (status != RS_OK) return status;
  for (size_t i = 0; i < p->family->param_count; i++) {
    keys[i] = p->family->params[i].key;
    if (strcmp(keys[i], key.text) != 0) continue;
    if (p->family->params[i].kind != RS__PARAM_FLAG) return read_value(p, i, &value);
    return refuse_at(p->diag, value.column, "%s: %s takes no value", p->row->name, keys[i]);
  }
  refuse_at(p->diag, key.column, "%s: unknown key '%.*s'", p->row->name, QUOTE_MAX, key.text);
  rs_diag_expect(p->diag, "%s", format_of(p, format, sizeof format));
  rs_diag_suggest(p->diag, rs_nearest_word(key.text, keys, p->family->param_count));
  return RS_E_INPUT;
}

static rs_status read_bare(const parser *p, const item *bare) {
  const rs__family *family = p->family;
  const char *words[RS__PARAMS_MAX];
  size_t word_count = 0;
  char format[128];
  for (size_t i = 0; i < family->param_count; i++) {
    if (family->params[i].kind != RS__PARAM_FLAG) continue;
    words[word_count++] = family->params[i].key;
    if (strcmp(family->params[i].key, bare->text) == 0) return read_value(p, i, bare);
  }
  for (size_t i = 0; i < family->param_count; i++) {
    bool open = family->params[i].positional && p->arguments->column[i] == 0;
    if (open) return read_value(p, i, bare);
  }
  refuse_at(p->diag, bare->column, "%s: cannot use '%.*s'", p->row->name, QUOTE_MAX, bare->text);
  rs_diag_expect(p->diag, "%s, as in '%s'", format_of(p, format, sizeof format), p->row->example);
  rs_diag_suggest(p->diag, rs_nearest_word(bare->text, words, word_count));
  return RS_E_INPUT;
}

static rs_status check_complete(const parser *p, int column) {
  char format[128];
  for (size_t i = 0; i < p->family->param_count; i++) {
    if (!p->family->params[i].required || p->arguments->column[i] != 0) continue;
    refuse_at(p->diag, column, "%s: %s is missing", p->row->name, p->family->params[i].key);
    rs_diag_expect(p->diag, "%s", format_of(p, format, sizeof format));
    rs_diag_suggest(p->diag, p->row->example);
    return RS_E_INPUT;
  }
  return RS_OK;
}

rs_status rs__arguments_parse(const rs__family *family, const rs_topology_family *row,
                              const char *text, int column, rs__arguments *arguments,
                              rs_diag *diag) {
  parser p = {family, row, arguments, diag};
  const char *rest = text;
  memset(arguments, 0, sizeof *arguments);
  for (size_t i = 0; i < family->param_count; i++) {
    arguments->value[i] = family->params[i].value_default;
  }
  while (rest[strspn(rest, " \t\r\n\f\v")] != '\0') {
    size_t length = strcspn(rest, ",");
    item one;
    rs_status status = take_item(rest, length, column + (int)(rest - text), &one, diag);
    if (status != RS_OK) return status;
    char *equals = strchr(one.text, '=');
    status =
        equals == NULL ? read_bare(&p, &one) : read_keyed(&p, &one, (size_t)(equals - one.text));
    if (status != RS_OK) return status;
    rest += length;
    if (*rest == ',') rest++;
  }
  return check_complete(&p, column + (int)strlen(text));
}

static void print_value(const rs__param *param, const rs__arguments *arguments, int64_t value,
                        rs_sink *sink) {
  switch (param->kind) {
    case RS__PARAM_NUMBER:
      rs_sink_i64(sink, value);
      break;
    case RS__PARAM_CHOICE:
      rs_sink_put(sink, param->choices[value]);
      break;
    case RS__PARAM_FLAG:
      rs_sink_put(sink, param->key);
      break;
    case RS__PARAM_TEXT:
      rs_sink_put(sink, arguments->text);
      break;
    case RS__PARAM_DIMS:
      for (uint32_t d = 0; d < arguments->dim_count; d++) {
        if (d > 0) rs_sink_put(sink, "x");
        rs_sink_i64(sink, arguments->dims[d]);
      }
      break;
  }
}

void rs__arguments_print(const rs__family *family, const rs__arguments *arguments, rs_sink *sink) {
  const char *between = "";
  for (size_t i = 0; i < family->param_count; i++) {
    const rs__param *param = &family->params[i];
    int64_t value = arguments->value[i];
    if (!param->required && !param->printed && value == param->value_default) continue;
    rs_sink_put(sink, between);
    between = ",";
    if (!param->positional && param->kind != RS__PARAM_FLAG) {
      rs_sink_printf(sink, "%s=", param->key);
    }
    print_value(param, arguments, value, sink);
  }
}

/*
 * The three printed forms of a table. CSV and JSON carry every cell at full precision; the table
 * form is for reading: numbers at five significant digits, thousands apart, and when it would be
 * wider than the terminal, first the columns that say the same in every row are moved above it as
 * "name: value" lines, because they do not help to compare rows.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs__table.h"
#include "rs_math.h"

/* ---- CSV and JSON ---- */

static void print_csv_text(rs_sink *sink, const char *text) {
  if (strpbrk(text, ",\"\r\n") == NULL) {
    rs_sink_put(sink, text);
    return;
  }
  rs_sink_put(sink, "\"");
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '"') rs_sink_put(sink, "\"");
    rs_sink_bytes(sink, c, 1);
  }
  rs_sink_put(sink, "\"");
}

static void print_csv_cell(rs_sink *sink, const rs_cell *cell) {
  char number[64];
  switch (cell->kind) {
    case RS_CELL_ABSENT:
      return;
    case RS_CELL_TEXT:
      print_csv_text(sink, cell->text);
      return;
    case RS_CELL_I64:
      rs_sink_i64(sink, cell->integer);
      return;
    case RS_CELL_DOUBLE:
      if (!isfinite(cell->number)) return;
      rs_double_format(cell->number, number, sizeof number);
      rs_sink_put(sink, number);
      return;
  }
}

static void print_csv(const rs_table *table, rs_sink *sink) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (i > 0) rs_sink_put(sink, ",");
    print_csv_text(sink, table->columns[i]);
  }
  rs_sink_put(sink, "\n");
  for (size_t row = 0; row < table->row_count; row++) {
    for (size_t i = 0; i < table->column_count; i++) {
      if (i > 0) rs_sink_put(sink, ",");
      print_csv_cell(sink, rs_table_cell(table, row, i));
    }
    rs_sink_put(sink, "\n");
  }
}

static void print_json_cell(rs_json *json, const rs_cell *cell) {
  switch (cell->kind) {
    case RS_CELL_ABSENT:
      rs_json_string(json, NULL);
      return;
    case RS_CELL_TEXT:
      rs_json_string(json, cell->text);
      return;
    case RS_CELL_I64:
      rs_json_i64(json, cell->integer);
      return;
    case RS_CELL_DOUBLE:
      rs_json_double(json, cell->number);
      return;
  }
}

static void print_json(const rs_table *table, rs_sink *sink) {
  rs_json json;
  rs_json_init(&json, sink);
  rs_json_begin_array(&json);
  for (size_t row = 0; row < table->row_count; row++) {
    rs_json_newline(&json);
    rs_json_begin_object(&json);
    for (size_t i = 0; i < table->column_count; i++) {
      rs_json_key(&json, table->columns[i]);
      print_json_cell(&json, rs_table_cell(table, row, i));
    }
    rs_json_end_object(&json);
  }
  rs_json_newline(&json);
  rs_json_end_array(&json);
  rs_sink_put(sink, "\n");
}

/* ---- the table for people ---- */

/* "1234567" → "1 234 567"; digits of the whole part only. */
static void group_thousands(const char *number, char *text, size_t size) {
  size_t start = number[0] == '-' ? 1 : 0;
  size_t digits = strspn(number + start, "0123456789");
  size_t used = 0;
  for (size_t i = 0; number[i] != '\0' && used + 2 < size; i++) {
    bool inside = i > start && i < start + digits;
    if (inside && digits > 4 && (start + digits - i) % 3 == 0) text[used++] = ' ';
    text[used++] = number[i];
  }
  text[used] = '\0';
}

/* Five significant digits, without an exponent from 0.001 to 10^9. */
static void shorten_double(double value, char *text, size_t size) {
  char number[64];
  double magnitude = fabs(value);
  if (magnitude > 0 && (magnitude < 1e-3 || magnitude >= 1e9)) {
    snprintf(text, size, "%.4e", value);
    return;
  }
  int decimals = !(magnitude > 0) ? 0 : RS_MAX(4 - (int)floor(log10(magnitude)), 0);
  snprintf(number, sizeof number, "%.*f", decimals, value);
  if (strchr(number, '.') != NULL) {
    size_t end = strlen(number);
    while (number[end - 1] == '0') end--;
    if (number[end - 1] == '.') end--;
    number[end] = '\0';
  }
  group_thousands(number, text, size);
}

static bool continues_character(char byte) {
  return ((unsigned char)byte & 0xc0U) == 0x80U;
}

/* Characters of UTF-8, each a column wide. */
static size_t shown_width(const char *text) {
  size_t width = 0;
  for (; *text != '\0'; text++) width += continues_character(*text) ? 0 : 1;
  return width;
}

/* All of it, or the words that fit and a mark that says there were more. */
static void shorten_text(const char *whole, char *text, size_t size) {
  static const char mark[] = "…";
  snprintf(text, size, "%s", whole);
  if (strlen(whole) < size) return;
  size_t end = size - sizeof mark;
  size_t word = end;
  while (word > end / 2 && whole[word] != ' ') word--;
  if (whole[word] != ' ') word = end; /* one long word */
  while (word > 0 && continues_character(whole[word])) word--;
  memcpy(text + word, mark, sizeof mark);
}

void rs__table_shorten(const rs_cell *cell, char *text, size_t size) {
  char number[32];
  switch (cell->kind) {
    case RS_CELL_ABSENT:
      snprintf(text, size, "-");
      return;
    case RS_CELL_TEXT:
      shorten_text(cell->text, text, size);
      return;
    case RS_CELL_I64:
      snprintf(number, sizeof number, "%lld", (long long)cell->integer);
      group_thousands(number, text, size);
      return;
    case RS_CELL_DOUBLE:
      if (isfinite(cell->number)) {
        shorten_double(cell->number, text, size);
      } else {
        snprintf(text, size, "-");
      }
      return;
  }
}

static bool cells_equal(const rs_cell *a, const rs_cell *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
    case RS_CELL_ABSENT:
      return true;
    case RS_CELL_TEXT:
      return strcmp(a->text, b->text) == 0;
    case RS_CELL_I64:
      return a->integer == b->integer;
    case RS_CELL_DOUBLE:
      return !(a->number < b->number) && !(a->number > b->number);
  }
  return false;
}

bool rs__table_is_constant(const rs_table *table, size_t column) {
  for (size_t row = 1; row < table->row_count; row++) {
    if (!cells_equal(rs_table_cell(table, 0, column), rs_table_cell(table, row, column))) {
      return false;
    }
  }
  return true;
}

static size_t cell_max(size_t width_columns) {
  return width_columns == 0 ? RS__TABLE_TEXT_MAX : RS__TABLE_CELL_MAX;
}

static size_t column_width(const rs_table *table, size_t column, size_t width_columns) {
  size_t width = strlen(table->columns[column]);
  for (size_t row = 0; row < table->row_count; row++) {
    char text[RS__TABLE_TEXT_MAX];
    rs__table_shorten(rs_table_cell(table, row, column), text, cell_max(width_columns));
    width = RS_MAX(width, shown_width(text));
  }
  return width;
}

bool rs__table_is_text(const rs_table *table, size_t column) {
  for (size_t row = 0; row < table->row_count; row++) {
    if (rs_table_cell(table, row, column)->kind == RS_CELL_TEXT) return true;
  }
  return false;
}

static bool is_said(const rs_table *table, const bool *chosen, size_t column) {
  return chosen[column] && rs_table_cell(table, 0, column)->kind != RS_CELL_ABSENT;
}

/* "name: value" lines for the columns that `chosen` marks, values in one column. Columns that hold
 * nothing need no line. */
static void print_vertical(const rs_table *table, const bool *chosen, rs_sink *sink) {
  size_t width = 0;
  for (size_t i = 0; i < table->column_count; i++) {
    if (is_said(table, chosen, i)) width = RS_MAX(width, strlen(table->columns[i]));
  }
  for (size_t i = 0; i < table->column_count; i++) {
    char text[RS__TABLE_TEXT_MAX];
    if (!is_said(table, chosen, i)) continue;
    rs__table_shorten(rs_table_cell(table, 0, i), text, sizeof text);
    if (text[0] == '\0') continue;
    rs_sink_printf(sink, "%s%*s  %s\n", table->columns[i], (int)(width - strlen(table->columns[i])),
                   "", text);
  }
}

static void print_aligned(const char *text, size_t width, bool left, bool last, rs_sink *sink) {
  int pad = (int)(width - RS_MIN(width, shown_width(text)));
  if (left) {
    rs_sink_printf(sink, "%s%*s", text, last ? 0 : pad, "");
  } else {
    rs_sink_printf(sink, "%*s%s", pad, "", text);
  }
  rs_sink_put(sink, last ? "\n" : "  ");
}

/* One line: the header (row = SIZE_MAX) or a row, of the columns that are not `hidden`. */
static void print_line(const rs_table *table, const bool *hidden, const size_t *widths, size_t row,
                       size_t width_columns, rs_sink *sink) {
  size_t last = 0;
  for (size_t i = 0; i < table->column_count; i++) {
    if (!hidden[i]) last = i;
  }
  for (size_t i = 0; i <= last; i++) {
    if (hidden[i]) continue;
    char text[RS__TABLE_TEXT_MAX];
    const char *shown = table->columns[i];
    if (row != SIZE_MAX) {
      rs__table_shorten(rs_table_cell(table, row, i), text, cell_max(width_columns));
      shown = text;
    }
    print_aligned(shown, widths[i], rs__table_is_text(table, i), i == last, sink);
  }
}

static size_t total_width(const rs_table *table, const bool *hidden, const size_t *widths) {
  size_t total = 0;
  for (size_t i = 0; i < table->column_count; i++) {
    if (!hidden[i]) total += widths[i] + 2;
  }
  return total;
}

/* From the right: the columns in front are the ones that name a row. */
static size_t hide_overflow(const rs_table *table, bool *hidden, const size_t *widths,
                            size_t width_columns) {
  size_t count = 0;
  for (size_t i = table->column_count; i-- > 1;) {
    if (total_width(table, hidden, widths) <= width_columns + 2) break;
    if (hidden[i]) continue;
    hidden[i] = true;
    count++;
  }
  return count;
}

#define WHOLE_TEXTS_MAX 3

/* Below the table, the first texts that were cut in it, each once. */
static void print_cut_texts(const rs_table *table, const bool *hidden, size_t width_columns,
                            rs_sink *sink) {
  const char *printed[WHOLE_TEXTS_MAX];
  size_t count = 0;
  for (size_t row = 0; row < table->row_count; row++) {
    for (size_t i = 0; i < table->column_count; i++) {
      const rs_cell *cell = rs_table_cell(table, row, i);
      if (hidden[i] || cell->kind != RS_CELL_TEXT) continue;
      if (strlen(cell->text) < cell_max(width_columns)) continue;
      size_t k = 0;
      while (k < count && strcmp(printed[k], cell->text) != 0) k++;
      if (k < count || count == WHOLE_TEXTS_MAX) continue;
      printed[count++] = cell->text;
      rs_sink_printf(sink, "(row %zu, %s: %s)\n", row + 1, table->columns[i], cell->text);
    }
  }
}

static void print_wide(const rs_table *table, size_t width_columns, bool *hidden, bool *constant,
                       size_t *widths, rs_sink *sink) {
  size_t left_out = 0;
  for (size_t i = 0; i < table->column_count; i++)
    widths[i] = column_width(table, i, width_columns);
  bool too_wide = width_columns > 0 && total_width(table, hidden, widths) > width_columns + 2;
  if (too_wide) {
    for (size_t i = 0; i < table->column_count; i++) {
      constant[i] = table->row_count > 1 && rs__table_is_constant(table, i);
      hidden[i] = constant[i];
      /* what no row has need not be said */
      if (rs_table_cell(table, 0, i)->kind == RS_CELL_ABSENT) constant[i] = false;
    }
    print_vertical(table, constant, sink);
    if (table->row_count > 1) rs_sink_put(sink, "\n");
    left_out = hide_overflow(table, hidden, widths, width_columns);
  }
  print_line(table, hidden, widths, SIZE_MAX, width_columns, sink);
  for (size_t row = 0; row < table->row_count; row++) {
    print_line(table, hidden, widths, row, width_columns, sink);
  }
  print_cut_texts(table, hidden, width_columns, sink);
  if (left_out == 0) return;
  rs_sink_printf(sink, "(%zu more columns in the CSV and JSON forms:", left_out);
  for (size_t i = 0; i < table->column_count; i++) {
    bool is_absent =
        rs__table_is_constant(table, i) && rs_table_cell(table, 0, i)->kind == RS_CELL_ABSENT;
    if (hidden[i] && !constant[i] && !is_absent) {
      rs_sink_printf(sink, " %s", table->columns[i]);
    }
  }
  rs_sink_put(sink, ")\n");
}

/* A single row of many columns reads better as a list. */
#define VERTICAL_COLUMNS_MIN 9

static void print_table(const rs_table *table, size_t width_columns, rs_sink *sink) {
  bool *hidden = RS_ARENA_NEW(table->arena, bool, table->column_count);
  bool *constant = RS_ARENA_NEW(table->arena, bool, table->column_count);
  size_t *widths = RS_ARENA_NEW(table->arena, size_t, table->column_count);
  if (hidden == NULL || constant == NULL || widths == NULL) {
    sink->failed = 1;
    return;
  }
  if (table->row_count == 1 && table->column_count >= VERTICAL_COLUMNS_MIN) {
    for (size_t i = 0; i < table->column_count; i++) {
      constant[i] = rs_table_cell(table, 0, i)->kind != RS_CELL_ABSENT;
    }
    print_vertical(table, constant, sink);
  } else {
    print_wide(table, width_columns, hidden, constant, widths, sink);
  }
}

void rs_table_print(const rs_table *table, rs_format format, size_t width_columns, rs_sink *sink) {
  if (table->failed) sink->failed = 1;
  switch (format) {
    case RS_FORMAT_TABLE:
      print_table(table, width_columns, sink);
      return;
    case RS_FORMAT_CSV:
      print_csv(table, sink);
      return;
    case RS_FORMAT_JSON:
      print_json(table, sink);
      return;
  }
}

/* A table of results as HTML: the same split as the wide table for terminals has. */
#include <math.h>
#include <stdio.h>

#include "rs__table.h"

static void put_cell(const rs_table *table, size_t row, size_t column, rs_sink *sink) {
  char text[RS__TABLE_CELL_MAX];
  char full[64];
  const rs_cell *cell = rs_table_cell(table, row, column);
  if (cell->kind == RS_CELL_TEXT) {
    rs_sink_put_escaped(sink,
                        cell->text); /* whole: a reason may be longer than a terminal's cell */
    return;
  }
  rs__table_shorten(cell, text, sizeof text);
  if (cell->kind == RS_CELL_DOUBLE && isfinite(cell->number)) {
    rs_double_format(cell->number, full, sizeof full);
    rs_sink_printf(sink, "<span title=\"%s\">", full);
    rs_sink_put_escaped(sink, text);
    rs_sink_put(sink, "</span>");
  } else {
    rs_sink_put_escaped(sink, text);
  }
}

static bool is_empty(const rs_cell *cell) {
  return cell->kind == RS_CELL_ABSENT || (cell->kind == RS_CELL_TEXT && cell->text[0] == '\0');
}

static void put_constants(const rs_table *table, rs_sink *sink) {
  rs_sink_put(sink, "<dl class=\"same\">\n");
  for (size_t i = 0; i < table->column_count; i++) {
    if (!rs__table_is_constant(table, i) || is_empty(rs_table_cell(table, 0, i))) continue;
    rs_sink_put(sink, "<div><dt>");
    rs_sink_put_escaped(sink, table->columns[i]);
    rs_sink_put(sink, "</dt><dd>");
    put_cell(table, 0, i, sink);
    rs_sink_put(sink, "</dd></div>\n");
  }
  rs_sink_put(sink, "</dl>\n");
}

static void put_row(const rs_table *table, size_t row, rs_sink *sink) {
  const char *tag = row == SIZE_MAX ? "th" : "td";
  rs_sink_put(sink, "<tr>");
  for (size_t i = 0; i < table->column_count; i++) {
    if (rs__table_is_constant(table, i)) continue;
    rs_sink_printf(sink, "<%s%s>", tag, rs__table_is_text(table, i) ? " class=\"text\"" : "");
    if (row == SIZE_MAX) {
      rs_sink_put_escaped(sink, table->columns[i]);
    } else {
      put_cell(table, row, i, sink);
    }
    rs_sink_printf(sink, "</%s>", tag);
  }
  rs_sink_put(sink, "</tr>\n");
}

void rs_table_print_html(const rs_table *table, rs_sink *sink) {
  if (table->failed) sink->failed = 1;
  if (table->row_count == 0) {
    rs_sink_put(sink, "<p>no rows</p>\n");
    return;
  }
  put_constants(table, sink);
  if (table->row_count == 1) return;
  rs_sink_put(sink, "<div class=\"wide\"><table>\n<thead>");
  put_row(table, SIZE_MAX, sink);
  rs_sink_put(sink, "</thead>\n<tbody>\n");
  for (size_t row = 0; row < table->row_count; row++) put_row(table, row, sink);
  rs_sink_put(sink, "</tbody>\n</table></div>\n");
}

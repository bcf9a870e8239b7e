/*
 * Rows of results and their printed forms: a table for people, CSV and JSON for programs.
 *
 * A table has columns (name with its unit, kind) and rows of cells. Every form prints the same
 * cells: JSON as an array of flat objects, numbers as numbers at full precision, absent cells null;
 * CSV after RFC 4180 with a header line, numbers as in JSON, absent cells empty; the table form
 * aligned, numbers shortened to what a person reads (five significant digits, thousands apart). One
 * row of many columns is printed as "name  value" lines. A table wider than the terminal first says
 * once, above, what is the same in every row, and then leaves out columns from the right, by name.
 * Deterministic; independent of locale.
 */
#ifndef RS_TABLE_H
#define RS_TABLE_H

#include "rs_arena.h"
#include "rs_text.h"

typedef enum rs_cell_kind {
  RS_CELL_ABSENT,
  RS_CELL_TEXT,
  RS_CELL_I64,
  RS_CELL_DOUBLE
} rs_cell_kind;

typedef struct rs_cell {
  rs_cell_kind kind;
  const char *text; /* the arena's or static */
  int64_t integer;
  double number;
} rs_cell;

typedef struct rs_table rs_table;

typedef enum rs_format { RS_FORMAT_TABLE, RS_FORMAT_CSV, RS_FORMAT_JSON } rs_format;

/* Column names are given once; `columns` must outlive the table. All memory is the arena's;
 * creation and growth return NULL or false when there is no memory. */
rs_table *rs_table_create(rs_arena *arena, const char *const *columns, size_t column_count);
size_t rs_table_add_row(rs_table *table); /* its index; cells are absent at first */
size_t rs_table_row_count(const rs_table *table);
size_t rs_table_column_count(const rs_table *table);
const char *rs_table_column_name(const rs_table *table, size_t column);
const rs_cell *rs_table_cell(const rs_table *table, size_t row, size_t column);

/* Set by column name in the last row; the name must be a column (asserted). Text is copied. */
void rs_table_set_text(rs_table *table, const char *column, const char *text);
void rs_table_set_i64(rs_table *table, const char *column, int64_t value);
void rs_table_set_double(rs_table *table, const char *column, double value);

/* What every row says alike as a list, then the rest as a table; cells as the table form has them, with
 * the full value in the tooltip. Texts are escaped. No styles: the page around it has them. */
void rs_table_print_html(const rs_table *table, rs_sink *sink);

/* width_columns: of the terminal, for the table form; 0: unlimited. */
void rs_table_print(const rs_table *table, rs_format format, size_t width_columns, rs_sink *sink);

#endif

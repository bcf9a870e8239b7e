/*
 * A table of results: cells in row order, in blocks of the arena that double.
 */
#include "rs_table.h"

#include <assert.h>
#include <string.h>

#include "rs__table.h"

rs_table *rs_table_create(rs_arena *arena, const char *const *columns, size_t column_count) {
  rs_table *table = RS_ARENA_NEW(arena, rs_table, 1);
  if (table == NULL) return NULL;
  table->arena = arena;
  table->columns = columns;
  table->column_count = column_count;
  return table;
}

size_t rs_table_add_row(rs_table *table) {
  if (table->row_count == table->row_capacity) {
    size_t capacity = table->row_capacity == 0 ? 16 : 2 * table->row_capacity;
    rs_cell *cells = RS_ARENA_NEW(table->arena, rs_cell, capacity * table->column_count);
    if (cells == NULL) {
      table->failed = true;
      return table->row_count;
    }
    if (table->row_count > 0) {
      memcpy(cells, table->cells, table->row_count * table->column_count * sizeof *cells);
    }
    table->cells = cells;
    table->row_capacity = capacity;
  }
  return table->row_count++;
}

size_t rs_table_row_count(const rs_table *table) {
  return table->row_count;
}

size_t rs_table_column_count(const rs_table *table) {
  return table->column_count;
}

const char *rs_table_column_name(const rs_table *table, size_t column) {
  assert(column < table->column_count);
  return table->columns[column];
}

const rs_cell *rs_table_cell(const rs_table *table, size_t row, size_t column) {
  assert(row < table->row_count && column < table->column_count);
  return &table->cells[row * table->column_count + column];
}

/* The cell of a named column in the last row. A name that is no column is our mistake. */
static rs_cell *last_cell(rs_table *table, const char *column) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (strcmp(table->columns[i], column) != 0) continue;
    if (table->row_count == 0) return &table->dropped;
    return &table->cells[(table->row_count - 1) * table->column_count + i];
  }
  assert(false); /* not a column of the table */
  return &table->dropped;
}

void rs_table_set_text(rs_table *table, const char *column, const char *text) {
  const char *copy = rs_arena_strdup(table->arena, text);
  rs_cell_kind kind = copy == NULL ? RS_CELL_ABSENT : RS_CELL_TEXT;
  *last_cell(table, column) = (rs_cell){.kind = kind, .text = copy};
}

void rs_table_set_i64(rs_table *table, const char *column, int64_t value) {
  *last_cell(table, column) = (rs_cell){.kind = RS_CELL_I64, .integer = value};
}

void rs_table_set_double(rs_table *table, const char *column, double value) {
  *last_cell(table, column) = (rs_cell){.kind = RS_CELL_DOUBLE, .number = value};
}

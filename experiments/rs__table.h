/* The inside of a table, shared by rs_table.c and rs_table_print.c. */
#ifndef RS__TABLE_H
#define RS__TABLE_H

#include "rs_table.h"

struct rs_table {
  rs_arena *arena;
  const char *const *columns;
  size_t column_count;
  rs_cell *cells; /* row_count × column_count */
  size_t row_count;
  size_t row_capacity;
  rs_cell dropped; /* where a write goes when there was no memory for the first row */
  bool failed;
};

#endif

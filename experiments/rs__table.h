/* The inside of a table, shared by rs_table.c, rs_table_print.c and rs_table_html.c. */
#ifndef RS__TABLE_H
#define RS__TABLE_H

#include "rs_table.h"

#define RS__TABLE_CELL_MAX 80  /* bytes of a cell where columns stand side by side */
#define RS__TABLE_TEXT_MAX 512 /* where nothing limits the width */

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

/* A cell as a person reads it: five significant digits, thousands apart, "-" where there is none. */
void rs__table_shorten(const rs_cell *cell, char *text, size_t size);
bool rs__table_is_constant(const rs_table *table, size_t column);
bool rs__table_is_text(const rs_table *table, size_t column);

#endif

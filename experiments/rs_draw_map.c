/*
 * Data of maps, coloured by a third column, in two forms.
 *
 * A map of few values on both axes and without a bound is a grid: a cell each pair of values, all of one
 * size, with the number in it or, where the point has none, why.
 *
 *   block 0   number of x, number of y, value
 *   block 1   number of x, number of y, word: "memory", "chips", "split"
 *
 * Else a cell is as wide as half the way to its neighbours; then the bound, a line over x. An axis is
 * logarithmic when its values are positive and span more than a factor of eight; then half the way is
 * the geometric mean.
 *
 *   block 0   x, y, left, right, low, high, value
 *   block 1   x, bound, by rising x; one y a distinct x
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_math.h"

typedef struct axis {
  size_t column;
  double *values; /* distinct, rising */
  size_t count;
  bool is_log;
  rs__axis_form form;
} axis;

static int compare_numbers(const void *left, const void *right) {
  double a = *(const double *)left;
  double b = *(const double *)right;
  return (a > b) - (a < b);
}

static rs_status read_axis(rs_arena *arena, const rs_table *table, const char *name, axis *a,
                           rs_diag *diag) {
  size_t rows = rs_table_row_count(table);
  a->column = rs__draw_column(table, name);
  if (a->column == SIZE_MAX) {
    return rs_diag_set(diag, RS_E_INPUT, "there is no column '%.80s'", name == NULL ? "" : name);
  }
  a->values = RS_ARENA_NEW(arena, double, rows);
  if (a->values == NULL) return rs_arena_failed(arena, diag);
  for (size_t row = 0; row < rows; row++) {
    double value;
    if (rs__draw_cell_number(table, row, a->column, &value)) a->values[a->count++] = value;
  }
  qsort(a->values, a->count, sizeof *a->values, compare_numbers);
  size_t kept = 0;
  for (size_t i = 0; i < a->count; i++) {
    if (kept == 0 || a->values[i] > a->values[kept - 1]) a->values[kept++] = a->values[i];
  }
  a->count = kept;
  a->is_log = kept > 1 && a->values[0] > 0 && a->values[kept - 1] > 8 * a->values[0];
  rs__draw_axis(name, kept > 0 ? a->values[kept - 1] : 0, &a->form);
  return RS_OK;
}

static double middle(const axis *a, double x, double y) {
  return a->is_log ? sqrt(x * y) : (x + y) / 2;
}

/* The edges of the cell at a value: outer cells are as wide outward as inward. */
static void find_edges(const axis *a, double value, double edges[2]) {
  size_t i = 0;
  while (a->values[i] < value) i++;
  double before = i > 0 ? a->values[i - 1] : NAN;
  double after = i + 1 < a->count ? a->values[i + 1] : NAN;
  if (a->count == 1) before = a->is_log ? value / 2 : value - 1;
  if (isnan(before)) before = a->is_log ? value * value / after : 2 * value - after;
  if (isnan(after)) after = a->is_log ? value * value / before : 2 * value - before;
  edges[0] = middle(a, before, value) * a->form.scale;
  edges[1] = middle(a, value, after) * a->form.scale;
}

static void put_numbers(const double *numbers, size_t count, rs_sink *data) {
  for (size_t i = 0; i < count; i++) {
    rs__draw_put_number(data, numbers[i]);
    rs_sink_put(data, i + 1 < count ? " " : "\n");
  }
}

static size_t write_cells(const rs_table *table, const axis *x, const axis *y, size_t by,
                          rs_sink *data) {
  size_t written = 0;
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    double numbers[7];
    if (!rs__draw_cell_number(table, row, x->column, &numbers[0]) ||
        !rs__draw_cell_number(table, row, y->column, &numbers[1]) ||
        !rs__draw_cell_number(table, row, by, &numbers[6])) {
      continue;
    }
    find_edges(x, numbers[0], &numbers[2]);
    find_edges(y, numbers[1], &numbers[4]);
    numbers[0] *= x->form.scale;
    numbers[1] *= y->form.scale;
    put_numbers(numbers, RS_COUNT_OF(numbers), data);
    written++;
  }
  return written;
}

/* Of several rows with one x the first counts: a bound that differs in them belongs to another axis. */
static void write_bound(const rs_table *table, const axis *x, const axis *y, size_t bound,
                        rs_sink *data) {
  for (size_t i = 0; i < x->count; i++) {
    for (size_t row = 0; row < rs_table_row_count(table); row++) {
      double numbers[2];
      if (!rs__draw_cell_number(table, row, x->column, &numbers[0]) || numbers[0] < x->values[i] ||
          numbers[0] > x->values[i] || !rs__draw_cell_number(table, row, bound, &numbers[1])) {
        continue;
      }
      numbers[0] *= x->form.scale;
      numbers[1] *= y->form.scale;
      put_numbers(numbers, RS_COUNT_OF(numbers), data);
      break;
    }
  }
}

/* ---- the grid ---- */

enum { GRID_MAX = 24 };

static size_t index_of(const axis *a, double value) {
  size_t i = 0;
  while (a->values[i] < value) i++;
  return i;
}

/* The row that a cell shows: the first that has a value there, or else the first; SIZE_MAX: none. */
static size_t row_of_cell(const rs_table *table, const axis *x, const axis *y, size_t by, size_t i,
                          size_t k) {
  size_t found = SIZE_MAX;
  double at_x, at_y, value;
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    if (!rs__draw_cell_number(table, row, x->column, &at_x) ||
        !rs__draw_cell_number(table, row, y->column, &at_y)) {
      continue;
    }
    if (index_of(x, at_x) != i || index_of(y, at_y) != k) continue;
    if (rs__draw_cell_number(table, row, by, &value)) return row;
    if (found == SIZE_MAX) found = row;
  }
  return found;
}

/* Why a point has no value, in a word; the row has the sentence. */
static const char *word_of(const rs_table *table, size_t row) {
  size_t column = rs__draw_column(table, "reason");
  char text[RS__DRAW_LABEL_SIZE] = "";
  if (column != SIZE_MAX) rs__draw_cell_text(table, row, column, text, sizeof text);
  if (strstr(text, "does not fit") != NULL) return "memory";
  if (strstr(text, "divide") != NULL || strstr(text, "micro-batches") != NULL) return "split";
  if (strstr(text, "needs more than") != NULL || strstr(text, "has room") != NULL) return "chips";
  if (strstr(text, "is more than the model's") != NULL) return "layers";
  return text[0] == '\0' ? "" : "no";
}

/* Cells with a value, or those with a word. Returns how many. */
static size_t write_grid(const rs_table *table, const axis *x, const axis *y, size_t by,
                         bool has_value, rs_sink *data) {
  size_t written = 0;
  for (size_t i = 0; i < x->count; i++) {
    for (size_t k = 0; k < y->count; k++) {
      size_t row = row_of_cell(table, x, y, by, i, k);
      double value;
      if (row == SIZE_MAX || rs__draw_cell_number(table, row, by, &value) != has_value) continue;
      rs_sink_printf(data, "%zu %zu ", i, k);
      if (has_value) {
        rs__draw_put_number(data, value);
      } else {
        rs__draw_put_quoted(data, word_of(table, row));
      }
      rs_sink_put(data, "\n");
      written++;
    }
  }
  return written;
}

static void put_tics(const char *name, const axis *a, rs_sink *variables) {
  rs_sink_printf(variables, "%s = '", name);
  for (size_t i = 0; i < a->count; i++) {
    rs_sink_printf(variables, "%s\"", i == 0 ? "" : ", ");
    rs__draw_put_number(variables, a->values[i] * a->form.scale);
    rs_sink_printf(variables, "\" %zu", i);
  }
  rs_sink_put(variables, "'; ");
}

/* ---- all ---- */

rs_status rs__draw_map(rs_arena *arena, const rs_table *table, const rs_plot *plot, rs_sink *data,
                       rs_sink *variables, size_t *written, rs_diag *diag) {
  axis x = {0}, y = {0}, by = {0};
  rs_status status = read_axis(arena, table, plot->x, &x, diag);
  if (status == RS_OK) status = read_axis(arena, table, plot->y, &y, diag);
  if (status == RS_OK) status = read_axis(arena, table, plot->by, &by, diag);
  if (status != RS_OK) return status;
  size_t bound = rs__draw_column(table, plot->bound);
  bool is_grid = bound == SIZE_MAX && x.count <= GRID_MAX && y.count <= GRID_MAX;
  size_t refused = 0;
  if (is_grid) {
    *written = write_grid(table, &x, &y, by.column, true, data);
    rs_sink_put(data, "\n\n");
    refused = write_grid(table, &x, &y, by.column, false, data);
    put_tics("xtics_", &x, variables);
    put_tics("ytics_", &y, variables);
  } else {
    *written = write_cells(table, &x, &y, by.column, data);
    rs_sink_put(data, "\n\n");
  }
  rs_sink_printf(variables, "is_grid = %d; refused = %zu; columns = %zu; lines_ = %zu; ", is_grid,
                 refused, x.count, y.count);
  if (bound != SIZE_MAX) write_bound(table, &x, &y, bound, data);
  rs__draw_set_text(variables, "xlabel_", x.form.label);
  rs__draw_set_text(variables, "ylabel_", y.form.label);
  rs__draw_set_text(variables, "cblabel_", by.form.label);
  rs__axis_form form;
  rs__draw_axis(plot->bound == NULL ? "" : plot->bound, 0, &form);
  rs__draw_set_text(variables, "bound_", form.label);
  rs_sink_printf(variables, "is_log_x = %d; is_log_y = %d; has_bound = %d; ", x.is_log, y.is_log,
                 bound != SIZE_MAX);
  return RS_OK;
}

/*
 * Data of line and bar plots.
 *
 *   bar     head: label and the series; then a row a value of x, a column a series
 *   line    a block a series, two blank lines apart: its name, then rows of x, y, name of x
 *
 * A series is what `by` says, together with every other key that varies: a line never joins points
 * of different experiments. When x is not a key of the request (chips, concurrency), it depends on
 * several at once, and only `by` makes series. Work is quadratic in rows, which are bounded.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_math.h"

/* Everything that is asked of a row more than once is worked out once. */
typedef struct view {
  const rs_table *table;
  size_t rows;
  size_t x, y, by, bound;  /* columns; SIZE_MAX: none, of the last two */
  const char *log;         /* what the plot says, or NULL */
  bool *splits;            /* [column]: it tells points apart that `by` does not */
  const char **series;     /* [row]: its name; NULL when the row is not drawn */
  const char **x_text;     /* [row] */
  size_t *first_of_series; /* [row]: the first drawn row that is alike */
  size_t *first_of_x;
  size_t *x_index; /* [row]: place of its x in the order in which they first come */
  bool is_text;    /* x is a text */
  rs__axis_form x_form, y_form;
} view;

/* ---- line and bar: what they share ---- */

static double largest(const view *v, size_t column) {
  double most = 0;
  double value;
  for (size_t row = 0; row < v->rows; row++) {
    if (rs__draw_cell_number(v->table, row, column, &value)) most = RS_MAX(most, value);
  }
  return most;
}

static rs_status find_columns(const rs_plot *plot, view *v, rs_diag *diag) {
  const char *const wanted[] = {plot->x, plot->y, plot->by, plot->bound};
  size_t *const columns[] = {&v->x, &v->y, &v->by, &v->bound};
  for (size_t i = 0; i < RS_COUNT_OF(wanted); i++) {
    *columns[i] = rs__draw_column(v->table, wanted[i]);
    if (*columns[i] != SIZE_MAX || (i >= 2 && wanted[i] == NULL)) continue;
    return rs_diag_set(diag, RS_E_INPUT, "there is no column '%.80s'",
                       wanted[i] == NULL ? "" : wanted[i]);
  }
  return RS_OK;
}

static void name_series(const view *v, const rs_plot *plot, size_t row, rs__label *l) {
  *l = (rs__label){.used = 0};
  if (v->by != SIZE_MAX) rs__draw_label_cell(l, v->table, row, v->by, ", ");
  bool is_key = rs__draw_is_naming(plot->x);
  size_t columns = rs_table_column_count(v->table);
  for (size_t column = 0; is_key && column < columns; column++) {
    if (!v->splits[column]) continue;
    rs__draw_label_cell(l, v->table, row, column, ", ");
  }
  if (l->used == 0) rs__draw_label_add(l, "", "", plot->y);
}

/* Names of a row's series and x; none when the row has no values. */
static bool name_point(rs_arena *arena, view *v, const rs_plot *plot, size_t row) {
  char text[RS__DRAW_LABEL_SIZE];
  double value;
  rs__label l;
  rs__draw_cell_text(v->table, row, v->x, text, sizeof text);
  if (text[0] == '\0' || !rs__draw_cell_number(v->table, row, v->y, &value)) return true;
  name_series(v, plot, row, &l);
  v->x_text[row] = rs_arena_strdup(arena, text);
  v->series[row] = rs_arena_strdup(arena, l.text);
  v->is_text = v->is_text || rs_table_cell(v->table, row, v->x)->kind == RS_CELL_TEXT;
  return v->x_text[row] != NULL && v->series[row] != NULL;
}

static void find_firsts(view *v) {
  size_t x_count = 0;
  for (size_t row = 0; row < v->rows; row++) {
    if (v->series[row] == NULL) continue;
    size_t s = 0;
    size_t x = 0;
    while (v->series[s] == NULL || strcmp(v->series[s], v->series[row]) != 0) s++;
    while (v->x_text[x] == NULL || strcmp(v->x_text[x], v->x_text[row]) != 0) x++;
    v->first_of_series[row] = s;
    v->first_of_x[row] = x;
    v->x_index[row] = x == row ? x_count++ : v->x_index[x];
  }
}

/* Columns that differ between rows of one value of `by`; those that follow from it say nothing more. */
static void find_splits(view *v, const bool *is_naming) {
  size_t columns = rs_table_column_count(v->table);
  for (size_t row = 0; row < v->rows; row++) {
    size_t first = 0;
    while (v->by != SIZE_MAX && !rs__draw_same_cell(v->table, first, row, v->by)) first++;
    for (size_t column = 0; column < columns; column++) {
      if (!is_naming[column] || column == v->x || column == v->by || v->splits[column]) continue;
      v->splits[column] = !rs__draw_same_cell(v->table, first, row, column);
    }
  }
}

/* All values of y are above 0, as a logarithmic axis needs it. */
static bool is_log_y(const view *v) {
  double y;
  if (v->log == NULL || strchr(v->log, 'y') == NULL) return false;
  for (size_t row = 0; row < v->rows; row++) {
    if (v->series[row] != NULL && rs__draw_cell_number(v->table, row, v->y, &y) && y <= 0)
      return false;
  }
  return true;
}

/* The middle of a logarithmic y axis: its unit reads well at both ends. */
static double middle_drawn(const view *v) {
  double least = INFINITY;
  double y;
  for (size_t row = 0; row < v->rows; row++) {
    if (v->series[row] == NULL || !rs__draw_cell_number(v->table, row, v->y, &y)) continue;
    least = RS_MIN(least, y);
  }
  return sqrt(least * largest(v, v->y));
}

static rs_status open_view(rs_arena *arena, const rs_table *table, const bool *is_naming,
                           const rs_plot *plot, view *v, rs_diag *diag) {
  *v = (view){.table = table, .rows = rs_table_row_count(table), .log = plot->log};
  rs_status status = find_columns(plot, v, diag);
  if (status != RS_OK) return status;
  v->series = RS_ARENA_NEW(arena, const char *, v->rows);
  v->x_text = RS_ARENA_NEW(arena, const char *, v->rows);
  v->first_of_series = RS_ARENA_NEW(arena, size_t, v->rows);
  v->first_of_x = RS_ARENA_NEW(arena, size_t, v->rows);
  v->x_index = RS_ARENA_NEW(arena, size_t, v->rows);
  v->splits = RS_ARENA_NEW(arena, bool, rs_table_column_count(table));
  if (v->series == NULL || v->x_text == NULL || v->first_of_series == NULL ||
      v->first_of_x == NULL || v->x_index == NULL || v->splits == NULL) {
    return rs_arena_failed(arena, diag);
  }
  find_splits(v, is_naming);
  for (size_t row = 0; row < v->rows; row++) {
    if (!name_point(arena, v, plot, row)) return rs_arena_failed(arena, diag);
  }
  find_firsts(v);
  rs__draw_axis(plot->x, v->is_text ? 0 : largest(v, v->x), &v->x_form);
  rs__draw_axis(plot->y, is_log_y(v) ? middle_drawn(v) : largest(v, v->y), &v->y_form);
  return RS_OK;
}

static bool is_drawn(const view *v, size_t row) {
  return v->series[row] != NULL;
}

static bool starts_series(const view *v, size_t row) {
  return is_drawn(v, row) && v->first_of_series[row] == row;
}

static bool starts_x(const view *v, size_t row) {
  return is_drawn(v, row) && v->first_of_x[row] == row;
}

static void put_axes(const view *v, rs_sink *variables) {
  rs__draw_set_text(variables, "xlabel_", v->x_form.label);
  rs__draw_set_text(variables, "ylabel_", v->y_form.label);
}

/* ---- line ---- */

static double x_of(const view *v, size_t row) {
  double value = 0;
  if (v->is_text) return (double)v->x_index[row];
  rs__draw_cell_number(v->table, row, v->x, &value);
  return value * v->x_form.scale;
}

static void put_line_row(const view *v, size_t row, size_t column, rs_sink *data) {
  double y = 0;
  if (!rs__draw_cell_number(v->table, row, column, &y)) return;
  rs__draw_put_number(data, x_of(v, row));
  rs_sink_put(data, " ");
  rs__draw_put_number(data, y * v->y_form.scale);
  rs_sink_put(data, " ");
  rs__draw_put_quoted(data, v->x_text[row]);
  rs_sink_put(data, "\n");
}

/* Rows of the series of `first` by rising x, equal ones as they came: the next is the least (x, row)
 * beyond the last. */
static void write_series(const view *v, size_t first, size_t column, rs_sink *data) {
  size_t last = SIZE_MAX;
  for (;;) {
    size_t next = SIZE_MAX;
    for (size_t row = first; row < v->rows; row++) {
      if (!is_drawn(v, row) || v->first_of_series[row] != first) continue;
      double x = x_of(v, row);
      bool is_done = last != SIZE_MAX && (x < x_of(v, last) || (x <= x_of(v, last) && row <= last));
      if (!is_done && (next == SIZE_MAX || x < x_of(v, next))) next = row;
    }
    if (next == SIZE_MAX) return;
    put_line_row(v, next, column, data);
    last = next;
  }
}

/* The widest gap between neighbours on the x axis, as a share of the axis; `scale` is the identity or
 * the logarithm. */
static double widest_gap(const view *v, double (*scale)(double)) {
  double least = INFINITY;
  double most = -INFINITY;
  double widest = 0;
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_x(v, row)) continue;
    double x = scale(x_of(v, row));
    double next = INFINITY;
    for (size_t other = 0; other < v->rows; other++) {
      double y = starts_x(v, other) ? scale(x_of(v, other)) : -INFINITY;
      if (y > x) next = RS_MIN(next, y);
    }
    if (next < INFINITY) widest = RS_MAX(widest, next - x);
    least = RS_MIN(least, x);
    most = RS_MAX(most, x);
  }
  return most > least ? widest / (most - least) : 0;
}

static double identity(double x) {
  return x;
}

/* A logarithmic axis where it spreads the values more evenly: for 1, 2, 4, 8, not for 1, 2, 3, 4. */
static bool wants_log(const view *v) {
  if (v->log != NULL && strchr(v->log, 'x') == NULL) return false;
  for (size_t row = 0; row < v->rows; row++) {
    if (starts_x(v, row) && x_of(v, row) <= 0) return false;
  }
  if (v->log != NULL) return !v->is_text;
  return !v->is_text && widest_gap(v, log) < widest_gap(v, identity);
}

/* "16 KiB" for 16384 and "320 B" for 320. */
static void put_size_tic(double bytes, rs_sink *variables) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (unit + 1 < RS_COUNT_OF(units) && bytes >= 1024 && fmod(bytes, 1024) <= 0) {
    bytes /= 1024;
    unit++;
  }
  rs_sink_printf(variables, "\"%.0f %s\" ", bytes, units[unit]);
}

/* Where a value stands along the axis. */
static double place_of(const view *v, size_t row) {
  return wants_log(v) ? log(x_of(v, row)) : x_of(v, row);
}

/* Values that are measured, not chosen, or that stand too close to be read one by one: round tics serve
 * better. */
static bool wants_round_tics(const view *v) {
  double low = INFINITY, high = -INFINITY;
  if (v->is_text) return false;
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_x(v, row)) continue;
    low = fmin(low, place_of(v, row));
    high = fmax(high, place_of(v, row));
  }
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_x(v, row)) continue;
    if (fmod(x_of(v, row), 1) > 0 && x_of(v, row) > 100) return true;
    for (size_t other = 0; other < row; other++) {
      if (!starts_x(v, other)) continue;
      if (fabs(place_of(v, row) - place_of(v, other)) < 0.03 * (high - low)) return true;
    }
  }
  return false;
}

/* Tics at the values themselves when there are few. */
static void put_x_tics(const view *v, rs_sink *variables) {
  enum { TICS_MAX = 10, SIZES_MAX = 16 };
  bool is_size = strcmp(rs_table_column_name(v->table, v->x), "bytes") == 0;
  size_t most = is_size ? SIZES_MAX : TICS_MAX;
  size_t tics = 0;
  rs_sink_put(variables, "xtics_ = '");
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_x(v, row) || ++tics > most) continue;
    rs_sink_put(variables, tics == 1 ? "" : ", ");
    if (is_size) put_size_tic(x_of(v, row), variables);
    rs__draw_put_number(variables, x_of(v, row));
  }
  rs_sink_put(variables, "'; ");
  rs_sink_printf(
      variables, "tics_count = %zu; is_size = %d; is_text = %d; is_log = %d; is_log_y = %d; ",
      wants_round_tics(v) ? most + 1 : tics, is_size, v->is_text, wants_log(v), is_log_y(v));
}

/* The bounds of two series are the same at every x. */
static bool same_bounds(const view *v, size_t a, size_t b) {
  for (size_t row = 0; row < v->rows; row++) {
    if (!is_drawn(v, row) || v->first_of_series[row] != b) continue;
    bool is_met = false;
    for (size_t other = 0; other < v->rows && !is_met; other++) {
      is_met = is_drawn(v, other) && v->first_of_series[other] == a &&
               v->first_of_x[other] == v->first_of_x[row] &&
               rs__draw_same_cell(v->table, row, other, v->bound);
    }
    if (!is_met) return false;
  }
  return true;
}

/* Bounds that differ, a block each, headed by the number of a series that it belongs to. */
static void write_bounds(const view *v, rs_sink *data, rs_sink *variables) {
  size_t series = 0;
  size_t bounds = 0;
  rs_sink_put(variables, "bound_of = '");
  for (size_t row = 0; row < v->rows && v->bound != SIZE_MAX; row++) {
    if (!starts_series(v, row)) continue;
    size_t first = 0;
    while (first < row && !(starts_series(v, first) && same_bounds(v, first, row))) first++;
    if (first == row) {
      rs_sink_put(data, "\"lower bound\"\n");
      write_series(v, row, v->bound, data);
      rs_sink_put(data, "\n\n");
      rs_sink_printf(variables, "%zu ", series);
      bounds++;
    }
    series++;
  }
  rs_sink_printf(variables, "'; bounds = %zu; ", bounds);
}

static size_t write_lines(const view *v, rs_sink *data, rs_sink *variables) {
  size_t blocks = 0;
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_series(v, row)) continue;
    rs__draw_put_quoted(data, v->series[row]);
    rs_sink_put(data, "\n");
    write_series(v, row, v->y, data);
    rs_sink_put(data, "\n\n");
    blocks++;
  }
  write_bounds(v, data, variables);
  put_axes(v, variables);
  put_x_tics(v, variables);
  rs_sink_printf(variables, "blocks = %zu; ", blocks);
  return blocks;
}

/* ---- bar ---- */

/* The value of a series at an x; of several (never from one sweep) the first. */
static void put_bar(const view *v, size_t x_row, size_t series_row, rs_sink *data) {
  for (size_t row = 0; row < v->rows; row++) {
    double value = 0;
    if (!is_drawn(v, row) || v->first_of_x[row] != x_row) continue;
    if (v->first_of_series[row] != series_row) continue;
    rs__draw_cell_number(v->table, row, v->y, &value);
    rs__draw_put_number(data, value * v->y_form.scale);
    return;
  }
  rs_sink_put(data, "?");
}

static size_t write_bars(const view *v, rs_sink *data, rs_sink *variables) {
  size_t series = 0;
  size_t rows = 0;
  size_t longest = 0;
  rs_sink_put(data, "label");
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_series(v, row)) continue;
    rs_sink_put(data, " ");
    rs__draw_put_quoted(data, v->series[row]);
    series++;
  }
  rs_sink_put(data, "\n");
  for (size_t row = 0; row < v->rows; row++) {
    if (!starts_x(v, row)) continue;
    rs__draw_put_quoted(data, v->x_text[row]);
    longest = RS_MAX(longest, strlen(v->x_text[row]));
    for (size_t k = 0; k < v->rows; k++) {
      if (!starts_series(v, k)) continue;
      rs_sink_put(data, " ");
      put_bar(v, row, k, data);
    }
    rs_sink_put(data, "\n");
    rows++;
  }
  put_axes(v, variables);
  rs_sink_printf(variables, "rows = %zu; series = %zu; longest = %zu; ", rows, series, longest);
  return rows;
}

/* ---- both ---- */

rs_status rs__draw_series(rs_arena *arena, const rs_table *table, const bool *is_naming,
                          const rs_plot *plot, rs_sink *data, rs_sink *variables, size_t *written,
                          rs_diag *diag) {
  view v;
  rs_status status = open_view(arena, table, is_naming, plot, &v, diag);
  if (status != RS_OK) return status;
  *written = plot->kind == RS_PLOT_LINE ? write_lines(&v, data, variables)
                                        : write_bars(&v, data, variables);
  return RS_OK;
}

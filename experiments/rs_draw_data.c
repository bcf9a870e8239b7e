/*
 * Data files for gnuplot, from rows of results. All are text in columns with a blank between, names
 * in double quotes; a value that is not there is '?'. Rows without the values (points that do not
 * fit) are left out. Work is quadratic in rows, which are bounded: nobody reads a picture of more.
 *
 *   stack   head: label weights attention vector network pipeline rate; then a row a result
 *   wirings a block a family: its name, then rows of chips, average and diameter; last the bound
 *   line and bar: rs_draw_series.c; map: rs_draw_map.c; pareto: rs_draw_pareto.c
 */
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_math.h"

/* ---- stack ---- */

static const char *const parts[] = {"weights_s", "attention_s", "vector_s", "network_s",
                                    "pipeline_s"};

static bool read_parts(const rs_table *table, size_t row, double seconds[RS_COUNT_OF(parts)]) {
  for (size_t i = 0; i < RS_COUNT_OF(parts); i++) {
    size_t column = rs__draw_column(table, parts[i]);
    if (column == SIZE_MAX || !rs__draw_cell_number(table, row, column, &seconds[i])) return false;
  }
  return rs__draw_column(table, "tokens_per_s_user") != SIZE_MAX;
}

static double sum_of(const double seconds[RS_COUNT_OF(parts)]) {
  double sum = 0;
  for (size_t i = 0; i < RS_COUNT_OF(parts); i++) sum += seconds[i];
  return sum;
}

/* Letters of the longest line of a row's name when each key has a line of its own. */
static size_t longest_line(const rs_table *table, const bool *is_naming) {
  size_t longest = 0;
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    rs__label l;
    rs__draw_name_row(table, is_naming, row, "\n", &l);
    for (const char *line = l.text; line != NULL;) {
      longest = RS_MAX(longest, strcspn(line, "\n"));
      line = strchr(line, '\n');
      line = line == NULL ? NULL : line + 1;
    }
  }
  return longest;
}

/* Of a name with a line a key. */
static size_t count_lines(const rs_table *table, const bool *is_naming) {
  rs__label l;
  size_t lines = 1;
  rs__draw_name_row(table, is_naming, 0, "\n", &l);
  for (size_t i = 0; i < l.used; i++) lines += l.text[i] == '\n' ? 1 : 0;
  return lines;
}

static void put_stack_row(const rs_table *table, size_t row, const char *name, double scale,
                          rs_sink *data) {
  double seconds[RS_COUNT_OF(parts)];
  double rate = 0;
  read_parts(table, row, seconds);
  rs__draw_cell_number(table, row, rs__draw_column(table, "tokens_per_s_user"), &rate);
  rs__draw_put_quoted(data, name);
  for (size_t i = 0; i < RS_COUNT_OF(parts); i++) {
    rs_sink_put(data, " ");
    rs__draw_put_number(data, seconds[i] * scale);
  }
  rs_sink_put(data, " ");
  rs__draw_put_number(data, rate);
  rs_sink_put(data, "\n");
}

/* Names stand under the bars, a line a key, while they have room; else slanted, in one line. */
static size_t write_stack(const rs_table *table, const bool *is_naming, rs_sink *data,
                          rs_sink *variables) {
  enum { LETTERS_OF_AXIS = 76 };
  double seconds[RS_COUNT_OF(parts)];
  double most = 0;
  size_t written = 0;
  size_t longest = 0;
  rs__axis_form form;
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    if (!read_parts(table, row, seconds)) continue;
    most = RS_MAX(most, sum_of(seconds));
    written++;
  }
  bool is_slanted = written * (longest_line(table, is_naming) + 1) > LETTERS_OF_AXIS;
  rs__draw_axis("time_of_a_token_s", most, &form);
  rs_sink_put(data, "label weights attention \"vector work\" network pipeline rate\n");
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    rs__label l;
    if (!read_parts(table, row, seconds)) continue;
    rs__draw_name_row(table, is_naming, row, is_slanted ? ", " : "\n", &l);
    put_stack_row(table, row, l.text, form.scale, data);
    longest = RS_MAX(longest, l.used);
  }
  rs__draw_set_text(variables, "ylabel_", form.label);
  rs_sink_printf(variables, "rows = %zu; is_slanted = %d; longest = %zu; lines_ = %zu; ", written,
                 is_slanted, longest, count_lines(table, is_naming));
  return written;
}

/* ---- wirings ---- */

/* The Moore bound of the average distance for `chips` chips of degree d: as many as can be at each
 * distance, d·(d−1)^(k−1), and the rest one further. */
static void find_moore_bound(double chips, double degree, double *average, int *diameter) {
  double left = chips - 1;
  double level = degree;
  double sum = 0;
  for (*diameter = 1; left > level; (*diameter)++) {
    sum += level * *diameter;
    left -= level;
    level *= degree - 1;
  }
  *average = (sum + left * *diameter) / (chips - 1);
}

static void put_moore_bound(rs_sink *data) {
  rs_sink_put(data, "\"Moore bound, 16 ports\"\n");
  for (double chips = 18; chips <= 20000; chips *= 1.05) {
    double average;
    int diameter;
    find_moore_bound(chips, 16, &average, &diameter);
    rs_sink_printf(data, "%.1f %.5f %d\n", chips, average, diameter);
  }
}

static bool put_wiring(const rs_table *table, size_t row, const size_t columns[3], rs_sink *data) {
  double values[3];
  for (size_t i = 0; i < 3; i++) {
    if (!rs__draw_cell_number(table, row, columns[i], &values[i])) return false;
  }
  for (size_t i = 0; i < 3; i++) {
    rs__draw_put_number(data, values[i]);
    rs_sink_put(data, i < 2 ? " " : "\n");
  }
  return true;
}

/* A block a family, then one with the bound at the usual ports of a chip. */
static size_t write_wirings(const rs_table *table, rs_sink *data, rs_sink *variables) {
  size_t family = rs__draw_column(table, "family");
  size_t blocks = 0;
  size_t written = 0;
  const size_t columns[3] = {rs__draw_column(table, "chips"),
                             rs__draw_column(table, "average_hops"),
                             rs__draw_column(table, "diameter_hops")};
  size_t rows = rs_table_row_count(table);
  if (family == SIZE_MAX || columns[0] == SIZE_MAX || columns[1] == SIZE_MAX ||
      columns[2] == SIZE_MAX) {
    return 0;
  }
  for (size_t first = 0; first < rows; first++) {
    char text[RS__DRAW_LABEL_SIZE];
    size_t same = 0;
    while (!rs__draw_same_cell(table, same, first, family)) same++;
    if (same < first) continue;
    rs__draw_cell_text(table, first, family, text, sizeof text);
    rs__draw_put_quoted(data, text);
    rs_sink_put(data, "\n");
    for (size_t row = first; row < rows; row++) {
      if (rs__draw_same_cell(table, first, row, family)) {
        written += put_wiring(table, row, columns, data) ? 1 : 0;
      }
    }
    rs_sink_put(data, "\n\n");
    blocks++;
  }
  put_moore_bound(data);
  rs_sink_printf(variables, "ylabel_ = ''; blocks = %zu; ", blocks);
  return written;
}

/* ---- all ---- */

static rs_status write_data(rs_arena *arena, const rs_table *table, const bool *is_naming,
                            const rs_plot *plot, rs_sink *data, rs_sink *variables, rs_diag *diag) {
  size_t written = 0;
  rs_status status = RS_OK;
  switch (plot->kind) {
    case RS_PLOT_STACK:
      written = write_stack(table, is_naming, data, variables);
      break;
    case RS_PLOT_WIRINGS:
      written = write_wirings(table, data, variables);
      break;
    case RS_PLOT_MAP:
      status = rs__draw_map(arena, table, plot, data, variables, &written, diag);
      break;
    case RS_PLOT_PARETO:
      status = rs__draw_pareto(arena, table, plot, data, variables, &written, diag);
      break;
    case RS_PLOT_LINE:
    case RS_PLOT_BAR:
    case RS_PLOT_KIND_COUNT:
      status = rs__draw_series(arena, table, is_naming, plot, data, variables, &written, diag);
      break;
  }
  if (status != RS_OK || written > 0) return status;
  return rs_diag_set(diag, RS_E_INFEASIBLE, "no point has values for it");
}

rs_status rs__draw_data(rs_arena *arena, const rs_table *table, const rs_plot *plot,
                        const char *name, rs_sink *data, rs_sink *variables, rs_diag *diag) {
  size_t rows = rs_table_row_count(table);
  size_t columns = rs_table_column_count(table);
  rs__label constants;
  bool *is_naming = RS_ARENA_NEW(arena, bool, columns);
  if (is_naming == NULL) return rs_arena_failed(arena, diag);
  if (rows == 0) return rs_diag_set(diag, RS_E_INFEASIBLE, "there are no points");
  if (rows > RS__DRAW_ROWS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "%zu points are more than the %d that a picture shows",
                       rows, RS__DRAW_ROWS_MAX);
  }
  for (size_t i = 0; i < columns; i++) {
    is_naming[i] = rs__draw_is_naming(rs_table_column_name(table, i)) && rs__draw_varies(table, i);
  }
  rs_status status = write_data(arena, table, is_naming, plot, data, variables, diag);
  if (status != RS_OK) return status;
  rs__draw_name_constants(table, &constants);
  rs__draw_set_text(variables, "title_", plot->title == NULL ? name : plot->title);
  rs__draw_set_text(variables, "subtitle", plot->title == NULL ? constants.text : "");
  return RS_OK;
}

/*
 * Data files for gnuplot, and running it.
 *
 *   stack      a row a result: label, µs of each part, tokens/s
 *   line, bar  a block a value of `by` (blocks are two blank lines apart), the block's name first,
 *              then x and y
 */
#include "rs_draw.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs_cli.h"

extern char **environ;

const char *rs_plot_kind_word(rs_plot_kind kind) {
  static const char *const words[] = {"stack", "line", "bar", "wirings"};
  return words[kind];
}

/* ---- cells as text ---- */

static size_t column_of(const rs_table *table, const char *name) {
  for (size_t i = 0; i < rs_table_column_count(table); i++) {
    if (strcmp(rs_table_column_name(table, i), name) == 0) return i;
  }
  return SIZE_MAX;
}

static void cell_text(const rs_cell *cell, char *text, size_t size) {
  switch (cell->kind) {
    case RS_CELL_TEXT:
      snprintf(text, size, "%s", cell->text);
      return;
    case RS_CELL_I64:
      snprintf(text, size, "%lld", (long long)cell->integer);
      return;
    case RS_CELL_DOUBLE:
      rs_double_format(cell->number, text, size);
      return;
    case RS_CELL_ABSENT:
      snprintf(text, size, "-");
      return;
  }
}

static bool cell_number(const rs_cell *cell, double *value) {
  if (cell->kind == RS_CELL_I64) *value = (double)cell->integer;
  if (cell->kind == RS_CELL_DOUBLE) *value = cell->number;
  return cell->kind == RS_CELL_I64 || cell->kind == RS_CELL_DOUBLE;
}

/* A word for gnuplot's data: quoted, without quotes inside. */
static void put_quoted(rs_sink *sink, const char *text) {
  rs_sink_put(sink, "\"");
  for (; *text != '\0'; text++) {
    if (*text != '"' && *text != '\\') rs_sink_bytes(sink, text, 1);
  }
  rs_sink_put(sink, "\"");
}

/* ---- stack ---- */

/* Columns that tell results apart, in the order in which a label names them. */
static const char *const naming[] = {"model",    "topology",     "tensor",  "pipeline",
                                     "batch",    "context",      "weights", "activations",
                                     "kv_cache", "micro_batches"};

static bool varies(const rs_table *table, size_t column) {
  char first[128], other[128];
  cell_text(rs_table_cell(table, 0, column), first, sizeof first);
  for (size_t row = 1; row < rs_table_row_count(table); row++) {
    cell_text(rs_table_cell(table, row, column), other, sizeof other);
    if (strcmp(first, other) != 0) return true;
  }
  return false;
}

static void row_label(const rs_table *table, size_t row, char *label, size_t size) {
  size_t used = 0;
  label[0] = '\0';
  for (size_t i = 0; i < RS_COUNT_OF(naming); i++) {
    size_t column = column_of(table, naming[i]);
    char text[128];
    if (column == SIZE_MAX || !varies(table, column)) continue;
    cell_text(rs_table_cell(table, row, column), text, sizeof text);
    int length =
        snprintf(label + used, size - used, "%s%s %s", used == 0 ? "" : ", ", naming[i], text);
    if (length < 0 || (size_t)length >= size - used) return;
    used += (size_t)length;
  }
  if (used == 0) cell_text(rs_table_cell(table, row, column_of(table, "model")), label, size);
}

/* Rows without times (points that do not fit) are left out of the picture. */
static size_t write_stack(const rs_table *table, rs_sink *sink) {
  static const char *const parts[] = {"weights_s", "attention_s", "vector_s", "network_s",
                                      "pipeline_s"};
  size_t written = 0;
  rs_sink_put(sink,
              "label \"weights\" \"attention\" \"vector work\" \"network\" \"pipeline\" rate\n");
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    char label[200];
    double value;
    if (!cell_number(rs_table_cell(table, row, column_of(table, parts[0])), &value)) continue;
    row_label(table, row, label, sizeof label);
    put_quoted(sink, label);
    for (size_t i = 0; i < RS_COUNT_OF(parts); i++) {
      cell_number(rs_table_cell(table, row, column_of(table, parts[i])), &value);
      rs_sink_printf(sink, " %.6f", value * 1e6);
    }
    cell_number(rs_table_cell(table, row, column_of(table, "tokens_per_s_user")), &value);
    rs_sink_printf(sink, " %.3f\n", value);
    written++;
  }
  return written;
}

/* ---- line and bar ---- */

static bool same_text(const rs_table *table, size_t a, size_t b, size_t column) {
  char left[128], right[128];
  cell_text(rs_table_cell(table, a, column), left, sizeof left);
  cell_text(rs_table_cell(table, b, column), right, sizeof right);
  return strcmp(left, right) == 0;
}

/* Seconds are drawn in µs: nobody reads 1.5e-06 off an axis. */
static bool is_time(const char *column) {
  size_t length = strlen(column);
  return length > 2 && strcmp(column + length - 2, "_s") == 0 && strstr(column, "_per_") == NULL;
}

static size_t write_block(const rs_table *table, const rs_plot *plot, size_t first, size_t by,
                          rs_sink *sink) {
  size_t x = column_of(table, plot->x);
  size_t y = column_of(table, plot->y);
  char text[128];
  size_t written = 0;
  if (by != SIZE_MAX) {
    cell_text(rs_table_cell(table, first, by), text, sizeof text);
    rs_sink_printf(sink, "\"%s %s\"\n", plot->by, text);
  } else {
    rs_sink_printf(sink, "\"%s\"\n", plot->y);
  }
  for (size_t row = first; row < rs_table_row_count(table); row++) {
    double value;
    if (by != SIZE_MAX && !same_text(table, first, row, by)) continue;
    if (!cell_number(rs_table_cell(table, row, y), &value)) continue;
    cell_text(rs_table_cell(table, row, x), text, sizeof text);
    put_quoted(sink, text);
    rs_sink_printf(sink, " %.9g\n", is_time(plot->y) ? value * 1e6 : value);
    written++;
  }
  rs_sink_put(sink, "\n\n");
  return written;
}

static size_t write_blocks(const rs_table *table, const rs_plot *plot, size_t *blocks,
                           rs_sink *sink) {
  size_t by = plot->by == NULL ? SIZE_MAX : column_of(table, plot->by);
  size_t written = 0;
  *blocks = 0;
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    bool seen = row > 0 && by == SIZE_MAX;
    for (size_t k = 0; k < row && !seen; k++) seen = same_text(table, k, row, by);
    if (seen) continue;
    written += write_block(table, plot, row, by, sink);
    (*blocks)++;
  }
  return written;
}

/* ---- wirings ---- */

/* The Moore bound of the average distance for `chips` chips of degree d: as many as can be at each
 * distance, d·(d−1)^(k−1), and the rest one further. */
static void moore_bound(double chips, double degree, double *average, int *diameter) {
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

static size_t write_family(const rs_table *table, size_t first, size_t family, rs_sink *sink) {
  static const char *const names[] = {"chips", "average_hops", "diameter_hops"};
  size_t written = 0;
  char text[128];
  cell_text(rs_table_cell(table, first, family), text, sizeof text);
  rs_sink_printf(sink, "\"%s\"\n", text);
  for (size_t row = first; row < rs_table_row_count(table); row++) {
    if (!same_text(table, first, row, family)) continue;
    for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
      cell_text(rs_table_cell(table, row, column_of(table, names[i])), text, sizeof text);
      rs_sink_printf(sink, "%s%s", text, i + 1 < RS_COUNT_OF(names) ? " " : "\n");
    }
    written++;
  }
  rs_sink_put(sink, "\n\n");
  return written;
}

/* A block a family, then one with the bound at the ports of a chip. */
static size_t write_wirings(const rs_table *table, size_t *blocks, rs_sink *sink) {
  size_t family = column_of(table, "family");
  size_t written = 0;
  *blocks = 0;
  for (size_t row = 0; row < rs_table_row_count(table); row++) {
    bool seen = false;
    for (size_t k = 0; k < row && !seen; k++) seen = same_text(table, k, row, family);
    if (seen) continue;
    written += write_family(table, row, family, sink);
    (*blocks)++;
  }
  rs_sink_put(sink, "\"Moore bound, 16 ports\"\n");
  for (double chips = 18; chips <= 20000; chips *= 1.05) {
    double average;
    int diameter;
    moore_bound(chips, 16, &average, &diameter);
    rs_sink_printf(sink, "%.1f %.5f %d\n", chips, average, diameter);
  }
  return written;
}

/* ---- gnuplot ---- */

/* A gnuplot string: single quotes, doubled inside. */
static void put_variable(rs_sink *sink, const char *name, const char *value) {
  rs_sink_printf(sink, "%s = '", name);
  for (; *value != '\0'; value++) {
    rs_sink_bytes(sink, value, 1);
    if (*value == '\'') rs_sink_put(sink, "'");
  }
  rs_sink_put(sink, "'; ");
}

static const char *script_path(rs_arena *arena, rs_plot_kind kind) {
  static const char *const folders[] = {RS_PLOTS_SOURCE_DIR, RS_PLOTS_INSTALL_DIR};
  const char *path = NULL;
  for (size_t i = 0; i < RS_COUNT_OF(folders); i++) {
    path = rs_arena_printf(arena, "%s/%s.gp", folders[i], rs_plot_kind_word(kind));
    if (path == NULL || access(path, R_OK) == 0) return path;
  }
  return path;
}

static rs_status run_gnuplot(const char *variables, const char *script, rs_diag *diag) {
  char *arguments[] = {"gnuplot", "-e", (char *)variables, (char *)script, NULL};
  pid_t child;
  int status;
  int error = posix_spawnp(&child, "gnuplot", NULL, NULL, arguments, environ);
  if (error != 0) {
    return rs_diag_set(diag, RS_E_SYSTEM, "no picture: gnuplot cannot be started: %s",
                       strerror(error));
  }
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return rs_diag_set(diag, RS_E_SYSTEM, "no picture: gnuplot was lost");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return RS_OK;
  return rs_diag_set(diag, RS_E_SYSTEM, "no picture: gnuplot refused %s", script);
}

static rs_status draw_file(rs_arena *arena, const rs_plot *plot, const char *data,
                           const char *output, const char *title, size_t blocks, rs_diag *diag) {
  rs_text variables;
  char count[32];
  rs_text_init(&variables);
  rs_sink sink = rs_text_sink(&variables);
  snprintf(count, sizeof count, "blocks = %zu; ", blocks);
  put_variable(&sink, "data", data);
  put_variable(&sink, "file", output);
  put_variable(&sink, "name", title);
  put_variable(&sink, "xname", plot->x == NULL ? "" : plot->x);
  char yname[128] = "";
  if (plot->y != NULL) {
    size_t length = strlen(plot->y) - (is_time(plot->y) ? 2 : 0);
    snprintf(yname, sizeof yname, "%.*s%s", (int)RS_MIN(length, (size_t)100), plot->y,
             is_time(plot->y) ? " (µs)" : "");
  }
  put_variable(&sink, "yname", yname);
  rs_sink_put(&sink, count);
  const char *script = script_path(arena, plot->kind);
  rs_status status = RS_OK;
  if (sink.failed || script == NULL) {
    status = rs_arena_failed(arena, diag);
  } else {
    status = run_gnuplot(variables.bytes, script, diag);
  }
  rs_text_deinit(&variables);
  return status;
}

/* ---- one plot ---- */

static rs_status draw(rs_arena *arena, const char *folder, const char *name, const rs_table *table,
                      const rs_plot *plot, size_t number, const char **paths, rs_diag *diag) {
  rs_text data;
  size_t blocks = 0;
  rs_text_init(&data);
  rs_sink sink = rs_text_sink(&data);
  size_t written = plot->kind == RS_PLOT_STACK     ? write_stack(table, &sink)
                   : plot->kind == RS_PLOT_WIRINGS ? write_wirings(table, &blocks, &sink)
                                                   : write_blocks(table, plot, &blocks, &sink);
  const char *base =
      rs_arena_printf(arena, "%s/plot-%zu-%s", folder, number, rs_plot_kind_word(plot->kind));
  rs_status status = base == NULL || sink.failed ? rs_arena_failed(arena, diag) : RS_OK;
  if (status == RS_OK && written == 0) {
    status = rs_diag_set(diag, RS_E_INFEASIBLE, "no picture: no result has the values of plot %zu",
                         number);
  }
  if (status == RS_OK) {
    const char *path = rs_arena_printf(arena, "%s.dat", base);
    paths[0] = rs_arena_printf(arena, "%s.svg", base);
    paths[1] = rs_arena_printf(arena, "%s.png", base);
    if (path == NULL || paths[0] == NULL || paths[1] == NULL) {
      status = rs_arena_failed(arena, diag);
    } else {
      const char *title = plot->title == NULL ? name : plot->title;
      status = rs_file_write(path, data.bytes, data.length, diag);
      for (int i = 0; i < 2 && status == RS_OK; i++) {
        status = draw_file(arena, plot, path, paths[i], title, blocks, diag);
      }
    }
  }
  rs_text_deinit(&data);
  return status;
}

rs_status rs_draw_plots(rs_arena *arena, const char *folder, const char *name,
                        const rs_table *table, const rs_plot *plots, size_t plot_count,
                        const char ***paths, size_t *path_count, rs_diag *diag) {
  *path_count = 0;
  *paths = RS_ARENA_NEW(arena, const char *, 2 * plot_count);
  if (*paths == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < plot_count; i++) {
    rs_status status =
        draw(arena, folder, name, table, &plots[i], i + 1, *paths + *path_count, diag);
    if (status != RS_OK) return status;
    *path_count += 2;
  }
  return RS_OK;
}

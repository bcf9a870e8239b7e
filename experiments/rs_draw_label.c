/*
 * What all data files are made of: cells as texts and numbers, the forms that gnuplot reads, and names
 * of rows, which are made of the columns that tell points apart and vary.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_math.h"

/* Columns that tell points apart, in the order in which a label names them. */
static const char *const naming[] = {"model",         "chip",
                                     "topology",      "network",
                                     "routing",       "pattern",
                                     "offered_load",  "buffer_vectors",
                                     "tensor",        "pipeline",
                                     "batch",         "context",
                                     "weights",       "activations",
                                     "kv_cache",      "micro_batches",
                                     "collective",    "algorithm_asked",
                                     "bytes",         "timing",
                                     "clock",         "ppm",
                                     "wander_ppm",    "offsets",
                                     "resync_cycles", "deskew_margin_cycles",
                                     "tree"};

bool rs__draw_is_naming(const char *column) {
  for (size_t i = 0; i < RS_COUNT_OF(naming); i++) {
    if (strcmp(naming[i], column) == 0) return true;
  }
  return false;
}

/* ---- cells ---- */

size_t rs__draw_column(const rs_table *table, const char *name) {
  for (size_t i = 0; name != NULL && i < rs_table_column_count(table); i++) {
    if (strcmp(rs_table_column_name(table, i), name) == 0) return i;
  }
  return SIZE_MAX;
}

void rs__draw_cell_text(const rs_table *table, size_t row, size_t column, char *text, size_t size) {
  const rs_cell *cell = rs_table_cell(table, row, column);
  text[0] = '\0';
  if (cell->kind == RS_CELL_TEXT) snprintf(text, size, "%s", cell->text);
  if (cell->kind == RS_CELL_I64) snprintf(text, size, "%lld", (long long)cell->integer);
  if (cell->kind == RS_CELL_DOUBLE) rs_double_format(cell->number, text, size);
}

bool rs__draw_cell_number(const rs_table *table, size_t row, size_t column, double *value) {
  const rs_cell *cell = rs_table_cell(table, row, column);
  if (cell->kind == RS_CELL_I64) *value = (double)cell->integer;
  if (cell->kind == RS_CELL_DOUBLE) *value = cell->number;
  return (cell->kind == RS_CELL_I64 || cell->kind == RS_CELL_DOUBLE) && isfinite(*value);
}

bool rs__draw_same_cell(const rs_table *table, size_t a, size_t b, size_t column) {
  char left[RS__DRAW_LABEL_SIZE], right[RS__DRAW_LABEL_SIZE];
  rs__draw_cell_text(table, a, column, left, sizeof left);
  rs__draw_cell_text(table, b, column, right, sizeof right);
  return strcmp(left, right) == 0;
}

bool rs__draw_varies(const rs_table *table, size_t column) {
  for (size_t row = 1; row < rs_table_row_count(table); row++) {
    if (!rs__draw_same_cell(table, 0, row, column)) return true;
  }
  return false;
}

/* ---- what gnuplot reads ---- */

/* Quotes and backslashes would end the text or be read as escapes; a line break is our own escape. */
void rs__draw_put_quoted(rs_sink *sink, const char *text) {
  rs_sink_put(sink, "\"");
  for (; *text != '\0'; text++) {
    if (*text == '\n') {
      rs_sink_put(sink, "\\n");
    } else if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20) {
      rs_sink_put(sink, "'");
    } else {
      rs_sink_bytes(sink, text, 1);
    }
  }
  rs_sink_put(sink, "\"");
}

void rs__draw_put_number(rs_sink *sink, double value) {
  char text[40];
  rs_double_format(value, text, sizeof text);
  rs_sink_put(sink, text);
}

/* Single quotes: gnuplot reads nothing inside but their doubling. */
void rs__draw_set_text(rs_sink *variables, const char *name, const char *value) {
  rs_sink_printf(variables, "%s = '", name);
  for (; *value != '\0'; value++) {
    bool is_control = (unsigned char)*value < 0x20;
    rs_sink_bytes(variables, is_control ? " " : value, 1);
    if (*value == '\'') rs_sink_put(variables, "'");
  }
  rs_sink_put(variables, "'; ");
}

/* ---- names of rows and series ---- */

void rs__draw_label_add(rs__label *l, const char *separator, const char *name, const char *value) {
  int length = snprintf(l->text + l->used, sizeof l->text - l->used, "%s%s%s%s",
                        l->used == 0 ? "" : separator, name, name[0] == '\0' ? "" : " ", value);
  if (length > 0) l->used = RS_MIN(l->used + (size_t)length, sizeof l->text - 1);
}

/* Texts that say themselves what they are need no name before them. */
static const char *name_of(const char *column) {
  static const char *const own[] = {"model",     "chip",           "topology", "network",
                                    "routing",   "pattern",        "family",   "collective",
                                    "algorithm", "algorithm_asked"};
  for (size_t i = 0; i < RS_COUNT_OF(own); i++) {
    if (strcmp(own[i], column) == 0) return "";
  }
  return column;
}

void rs__draw_label_cell(rs__label *l, const rs_table *table, size_t row, size_t column,
                         const char *separator) {
  char value[RS__DRAW_LABEL_SIZE], words[40];
  const char *name = name_of(rs_table_column_name(table, column));
  snprintf(words, sizeof words, "%s", name);
  for (char *c = words; *c != '\0'; c++) *c = *c == '_' ? ' ' : *c;
  rs__draw_cell_text(table, row, column, value, sizeof value);
  rs__draw_label_add(l, separator, words, value);
}

void rs__draw_name_row(const rs_table *table, const bool *is_naming, size_t row,
                       const char *separator, rs__label *l) {
  *l = (rs__label){.used = 0};
  for (size_t i = 0; i < RS_COUNT_OF(naming); i++) {
    size_t column = rs__draw_column(table, naming[i]);
    if (column == SIZE_MAX || !is_naming[column]) continue;
    rs__draw_label_cell(l, table, row, column, separator);
  }
  size_t model = rs__draw_column(table, "model");
  if (l->used == 0 && model != SIZE_MAX) rs__draw_label_cell(l, table, row, model, separator);
}

/* What is the same in all rows: the second line of a title that we make. */
void rs__draw_name_constants(const rs_table *table, rs__label *l) {
  static const char *const worth_it[] = {"model",   "weights", "chip",       "topology",
                                         "network", "pattern", "tensor",     "pipeline",
                                         "batch",   "context", "collective", "timing"};
  *l = (rs__label){.used = 0};
  for (size_t i = 0; i < RS_COUNT_OF(worth_it); i++) {
    size_t column = rs__draw_column(table, worth_it[i]);
    if (column == SIZE_MAX || rs__draw_varies(table, column)) continue;
    rs__draw_label_cell(l, table, 0, column, ", ");
  }
}

/* The inside of drawing: a plot's data file, and what its script has to know. */
#ifndef RS__DRAW_H
#define RS__DRAW_H

#include "rs_draw.h"

#define RS__DRAW_ROWS_MAX 2000

/* Writes the data, and assignments of gnuplot variables ("title = '…'; "). The forms are described in
 * rs_draw_data.c. */
rs_status rs__draw_data(rs_arena *arena, const rs_table *table, const rs_plot *plot,
                        const char *name, rs_sink *data, rs_sink *variables, rs_diag *diag);

/* ---- rs_draw_series.c ---- */

/* Line and bar. is_naming: [column], it tells points apart and varies. */
rs_status rs__draw_series(rs_arena *arena, const rs_table *table, const bool *is_naming,
                          const rs_plot *plot, rs_sink *data, rs_sink *variables, size_t *written,
                          rs_diag *diag);

/* ---- rs_draw_pareto.c ---- */

rs_status rs__draw_pareto(rs_arena *arena, const rs_table *table, const rs_plot *plot,
                          rs_sink *data, rs_sink *variables, size_t *written, rs_diag *diag);

/* ---- rs_draw_map.c ---- */

rs_status rs__draw_map(rs_arena *arena, const rs_table *table, const rs_plot *plot, rs_sink *data,
                       rs_sink *variables, size_t *written, rs_diag *diag);

/* ---- rs_draw_label.c ---- */

size_t rs__draw_column(const rs_table *table, const char *name); /* SIZE_MAX: none; NULL is none */
/* Empty for an absent cell. */
void rs__draw_cell_text(const rs_table *table, size_t row, size_t column, char *text, size_t size);
bool rs__draw_cell_number(const rs_table *table, size_t row, size_t column, double *value);
bool rs__draw_same_cell(const rs_table *table, size_t a, size_t b, size_t column);
bool rs__draw_varies(const rs_table *table, size_t column);
bool rs__draw_is_naming(const char *column); /* one of those that tell points apart */

/* As gnuplot's data reader wants them; a text cannot end its quotes. */
void rs__draw_put_quoted(rs_sink *sink, const char *text);
void rs__draw_put_number(rs_sink *sink, double value);
/* name = 'value'; as gnuplot's command line wants it. */
void rs__draw_set_text(rs_sink *variables, const char *name, const char *value);

#define RS__DRAW_LABEL_SIZE 256

typedef struct rs__label {
  char text[RS__DRAW_LABEL_SIZE]; /* cut when it is longer */
  size_t used;
} rs__label;

void rs__draw_label_add(rs__label *label, const char *separator, const char *name,
                        const char *value);
void rs__draw_label_cell(rs__label *label, const rs_table *table, size_t row, size_t column,
                         const char *separator);
void rs__draw_name_row(const rs_table *table, const bool *is_naming, size_t row,
                       const char *separator, rs__label *label);
void rs__draw_name_constants(const rs_table *table, rs__label *label);

/* ---- rs_draw_axis.c ---- */

typedef struct rs__axis_form {
  char label[96]; /* "token latency (ms)" */
  double scale;   /* values are multiplied by it */
} rs__axis_form;

/* What stands at an axis for a column whose largest value is `most`. */
void rs__draw_axis(const char *column, double most, rs__axis_form *form);

#endif

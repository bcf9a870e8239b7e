/*
 * Data of Pareto plots: points over two columns, and the front of those that no other is as good as in
 * both and better in one. Of energies, prices, times and what must be held less is better, of all else
 * more; which it is follows from the column's name.
 *
 *   block 0     the front by rising x: x, y, name of the point
 *   block 1 …   a block a series (a value of `by`, or one): its name, then x, y of all its points
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_math.h"

#define LOG_SPAN 20 /* an axis is logarithmic when values span more than this factor */

/* Of a name, in parts of an axis: 6.5 of some 640 pixels a letter, and 15 of some 430. */
#define BOX_A_LETTER 0.0102
#define BOX_HEIGHT 0.035

typedef struct axis {
  size_t column;
  bool less_is_better, is_log;
  double least, most;
  rs__axis_form form;
} axis;

typedef struct view {
  const rs_table *table;
  size_t rows, by; /* by: SIZE_MAX for none */
  axis x, y;
} view;

static bool is_less_better(const char *column) {
  if (strcmp(column, "chips") == 0 || strncmp(column, "price_", 6) == 0) return true;
  if (strncmp(column, "energy_", 7) == 0 || strstr(column, "bytes") != NULL) return true;
  if (rs_text_ends_with(column, "_per_s")) return false;
  return rs_text_ends_with(column, "_s") || strstr(column, "cycles") != NULL;
}

static bool read_point(const view *v, size_t row, double *x, double *y) {
  return rs__draw_cell_number(v->table, row, v->x.column, x) &&
         rs__draw_cell_number(v->table, row, v->y.column, y);
}

/* Of the points that are drawn: those that do not fit have chips too. */
static void find_span(view *v) {
  double x, y;
  v->x.least = v->y.least = INFINITY;
  v->x.most = v->y.most = -INFINITY;
  for (size_t row = 0; row < v->rows; row++) {
    if (!read_point(v, row, &x, &y)) continue;
    v->x.least = fmin(v->x.least, x);
    v->x.most = fmax(v->x.most, x);
    v->y.least = fmin(v->y.least, y);
    v->y.most = fmax(v->y.most, y);
  }
}

static void describe_axis(const char *name, const char *log, char letter, axis *a) {
  a->less_is_better = is_less_better(name);
  bool is_wide = a->most > LOG_SPAN * a->least;
  a->is_log = a->least > 0 && (log == NULL ? is_wide : strchr(log, letter) != NULL);
  rs__draw_axis(name, a->is_log ? sqrt(a->least * a->most) : a->most, &a->form);
}

/* > 0: a is better than b along the axis. */
static int compare(const axis *a, double left, double right) {
  int order = (left > right) - (left < right);
  return a->less_is_better ? -order : order;
}

/* Nothing is as good in both and better in one; of equal points the first is kept. */
static bool is_front(const view *v, size_t row) {
  double x, y, other_x, other_y;
  if (!read_point(v, row, &x, &y)) return false;
  for (size_t other = 0; other < v->rows; other++) {
    if (other == row || !read_point(v, other, &other_x, &other_y)) continue;
    int in_x = compare(&v->x, other_x, x), in_y = compare(&v->y, other_y, y);
    if (in_x < 0 || in_y < 0) continue;
    if (in_x > 0 || in_y > 0 || other < row) return false;
  }
  return true;
}

/* "8×72", with what else tells points apart: "32×18 b4 m8". What x and the series say is left out. */
static void name_point(const view *v, size_t row, rs__label *l) {
  static const struct {
    const char *column, *separator, *sign;
  } parts[] = {{"tensor", "", ""},     {"pipeline", "×", ""}, {"expert", "×", ""},
               {"placement", " ", ""}, {"batch", " ", "b"},   {"micro_batches", " ", "m"},
               {"chip", " ", ""},      {"model", " ", ""}};
  enum { SHAPES = 2 }; /* the first two are always told */
  *l = (rs__label){.used = 0};
  for (size_t i = 0; i < RS_COUNT_OF(parts); i++) {
    char text[64], signed_[72];
    size_t column = rs__draw_column(v->table, parts[i].column);
    if (column == SIZE_MAX || column == v->x.column) continue;
    bool is_told = i < SHAPES || (column != v->by && rs__draw_varies(v->table, column));
    rs__draw_cell_text(v->table, row, column, text, sizeof text);
    if (!is_told || text[0] == '\0') continue;
    snprintf(signed_, sizeof signed_, "%s%s", parts[i].sign, text);
    rs__draw_label_add(l, parts[i].separator, "", signed_);
  }
}

static void put_point(const view *v, size_t row, rs_sink *data) {
  double x = 0, y = 0;
  read_point(v, row, &x, &y);
  rs__draw_put_number(data, x * v->x.form.scale);
  rs_sink_put(data, " ");
  rs__draw_put_number(data, y * v->y.form.scale);
}

/* Where a value lies between the ends of its axis. */
static double place_on(const axis *a, double value) {
  if (!a->is_log) return value / a->most;
  return a->most > a->least ? log(value / a->least) / log(a->most / a->least) : 0;
}

/* A name that is written, as a box beside its point: all names are on the same side. */
typedef struct box {
  double x, y, width;
} box;

static bool overlaps(const box *a, const box *b, bool to_the_left) {
  bool a_first = (a->x < b->x) != to_the_left;
  double room = a_first ? a->width : b->width; /* of the one that reaches towards the other */
  return fabs(a->x - b->x) < room && fabs(a->y - b->y) < BOX_HEIGHT;
}

/* Takes a place for a name, unless another has it. */
static bool take_place(const view *v, size_t row, const char *name, box *boxes, size_t *count) {
  double x = 0, y = 0;
  read_point(v, row, &x, &y);
  box b = {place_on(&v->x, x), place_on(&v->y, y), BOX_A_LETTER * (double)strlen(name)};
  for (size_t i = 0; i < *count; i++) {
    if (overlaps(&b, &boxes[i], v->x.less_is_better)) return false;
  }
  boxes[(*count)++] = b;
  return true;
}

/* By rising x: front points have no two alike. Names that would lie on others are left out. */
static size_t write_front(rs_arena *arena, const view *v, rs_sink *data) {
  bool *is_left = RS_ARENA_NEW(arena, bool, v->rows);
  box *boxes = RS_ARENA_NEW(arena, box, v->rows);
  size_t written = 0, box_count = 0;
  if (boxes == NULL) is_left = NULL;
  for (size_t row = 0; is_left != NULL && row < v->rows; row++) is_left[row] = is_front(v, row);
  for (; is_left != NULL; written++) {
    size_t next = SIZE_MAX;
    double least = INFINITY, x, y;
    for (size_t row = 0; row < v->rows; row++) {
      if (!is_left[row] || !read_point(v, row, &x, &y) || x >= least) continue;
      least = x;
      next = row;
    }
    if (next == SIZE_MAX) break;
    is_left[next] = false;
    rs__label l;
    name_point(v, next, &l);
    put_point(v, next, data);
    rs_sink_put(data, " ");
    rs__draw_put_quoted(data, take_place(v, next, l.text, boxes, &box_count) ? l.text : "");
    rs_sink_put(data, "\n");
  }
  rs_sink_put(data, "\n\n");
  return written;
}

static bool same_series(const view *v, size_t a, size_t b) {
  return v->by == SIZE_MAX || rs__draw_same_cell(v->table, a, b, v->by);
}

static size_t write_series(const view *v, rs_sink *data) {
  size_t blocks = 0;
  double x, y;
  for (size_t first = 0; first < v->rows; first++) {
    size_t same = 0, written = 0;
    rs__label l = {.used = 0};
    while (!same_series(v, same, first)) same++;
    if (same < first) continue;
    if (v->by != SIZE_MAX) rs__draw_label_cell(&l, v->table, first, v->by, "");
    for (size_t row = first; row < v->rows; row++) {
      if (!same_series(v, row, first) || !read_point(v, row, &x, &y)) continue;
      if (written++ == 0) {
        rs__draw_put_quoted(data, l.used > 0 ? l.text : "all points");
        rs_sink_put(data, "\n");
      }
      put_point(v, row, data);
      rs_sink_put(data, "\n");
    }
    if (written == 0) continue;
    rs_sink_put(data, "\n\n");
    blocks++;
  }
  return blocks;
}

rs_status rs__draw_pareto(rs_arena *arena, const rs_table *table, const rs_plot *plot,
                          rs_sink *data, rs_sink *variables, size_t *written, rs_diag *diag) {
  view v = {.table = table, .rows = rs_table_row_count(table)};
  const char *const names[] = {plot->x, plot->y, plot->by};
  size_t *const columns[] = {&v.x.column, &v.y.column, &v.by};
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
    *columns[i] = rs__draw_column(table, names[i]);
    if (*columns[i] != SIZE_MAX || (i == 2 && plot->by == NULL)) continue;
    return rs_diag_set(diag, RS_E_INPUT, "there is no column '%.80s'",
                       names[i] == NULL ? "" : names[i]);
  }
  find_span(&v);
  describe_axis(plot->x, plot->log, 'x', &v.x);
  describe_axis(plot->y, plot->log, 'y', &v.y);
  size_t front = write_front(arena, &v, data);
  *written = front;
  size_t blocks = write_series(&v, data);
  rs__draw_set_text(variables, "xlabel_", v.x.form.label);
  rs__draw_set_text(variables, "ylabel_", v.y.form.label);
  rs_sink_printf(variables,
                 "front = %zu; blocks = %zu; less_x = %d; less_y = %d; is_log_x = %d; "
                 "is_log_y = %d; ",
                 front, blocks, v.x.less_is_better, v.y.less_is_better, v.x.is_log, v.y.is_log);
  return RS_OK;
}

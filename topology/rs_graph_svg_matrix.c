/*
 * The panel of all links: a square for every pair of chips that a link joins, or, where chips are
 * more than pixels, for every pair of runs of chips. Lines mark racks, in small wirings nodes.
 */
#include "rs__graph_svg.h"

#define SIDE 540.0
#define LEFT 52.0
#define TOP 64.0
#define CELLS_MAX 540

typedef struct matrix {
  const rs__picture *p;
  uint32_t run;    /* chips a cell */
  uint32_t cells;  /* a side */
  double step;     /* of a cell */
  uint8_t *colour; /* [sender · cells + receiver] class + 1 of the shortest cable; 0: none */
} matrix;

static rs_status fill(matrix *m, rs_diag *diag) {
  const rs_wiring *wiring = m->p->wiring;
  m->run = (wiring->chip_count - 1) / CELLS_MAX + 1;
  m->cells = (wiring->chip_count - 1) / m->run + 1;
  m->step = SIDE / wiring->chip_count * m->run;
  m->colour = RS_ARENA_NEW(m->p->arena, uint8_t, (size_t)m->cells * m->cells);
  if (m->colour == NULL) return rs_arena_failed(m->p->arena, diag);
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    uint8_t *cell = &m->colour[link->from / m->run * m->cells + link->to / m->run];
    uint8_t colour = (uint8_t)(link->cable_class + 1);
    if (*cell == 0 || colour < *cell) *cell = colour;
  }
  return RS_OK;
}

/* Cells of one colour as one path; neighbours in a row are one stroke. */
static void put_cells(const matrix *m, uint8_t colour) {
  rs_sink_printf(m->p->sink, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.3f\" d=\"",
                 rs__svg_colours[colour - 1], RS_MAX(m->step, 0.9));
  for (uint32_t row = 0; row < m->cells; row++) {
    for (uint32_t column = 0; column < m->cells;) {
      uint32_t start = column;
      while (column < m->cells && m->colour[row * m->cells + column] == colour) column++;
      if (column > start) {
        rs_sink_printf(m->p->sink, "M%.2f %.2fh%.2f", LEFT + start * m->step,
                       TOP + (row + 0.5) * m->step, (column - start) * m->step);
      } else {
        column++;
      }
    }
  }
  rs_sink_put(m->p->sink, "\"/>\n");
}

/* Lines every `size` chips, and as many numbers as fit. */
static void put_marks(const matrix *m, uint32_t size, const char *colour, bool numbered) {
  uint32_t n = m->p->wiring->chip_count, marks = (n - 1) / size + 1;
  double step = SIDE / n * size;
  uint32_t every = rs__svg_number_step(marks, 20);
  for (uint32_t k = 0; k <= marks; k++) {
    double at = k == marks ? SIDE : k * step;
    rs_sink_printf(
        m->p->sink,
        "<path stroke=\"%s\" stroke-width=\"0.6\" d=\"M%.1f %.1fv%.1fM%.1f %.1fh%.1f\"/>\n", colour,
        LEFT + at, TOP, SIDE, LEFT, TOP + at, SIDE);
    if (!numbered || k == marks || k % every != 0) continue;
    double middle = (at + RS_MIN(at + step, SIDE)) / 2;
    rs__svg_open_text(m->p, LEFT + middle, TOP - 6, 10, "middle", "#000000");
    rs_sink_printf(m->p->sink, "%u", k);
    rs__svg_close_text(m->p);
    rs__svg_open_text(m->p, LEFT - 6, TOP + middle + 4, 10, "end", "#000000");
    rs_sink_printf(m->p->sink, "%u", k);
    rs__svg_close_text(m->p);
  }
}

rs_status rs__svg_put_matrix(const rs__picture *p, rs_diag *diag) {
  uint32_t n = p->wiring->chip_count;
  matrix m = {.p = p};
  rs_status status = fill(&m, diag);
  if (status != RS_OK) return status;
  bool racks = n > p->rack_size, nodes = n > p->node_size && p->node_size > 1;
  uint32_t size = racks ? p->rack_size : nodes ? p->node_size : 1;
  if (racks && n / p->node_size <= 60) put_marks(&m, p->node_size, "#eeeeee", false);
  put_marks(&m, size, n / size > 80 ? "#eeeeee" : "#bbbbbb", true);
  for (uint8_t k = RS_CABLE_CLASS_COUNT; k > 0; k--) put_cells(&m, k);
  rs__svg_open_text(p, 12, 44, 13, "start", "#444444");
  rs_sink_printf(p->sink, "Numbers count %s.", racks ? "racks" : nodes ? "nodes" : "chips");
  if (m.run > 1) rs_sink_printf(p->sink, " A point stands for %u × %u chips.", m.run, m.run);
  rs__svg_close_text(p);
  return RS_OK;
}

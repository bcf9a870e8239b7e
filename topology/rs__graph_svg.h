/*
 * Private to topology/: what the panels of a picture share.
 *
 * A picture is a grid of square panels. Each panel draws in its own coordinates, 0 … RS__PANEL on
 * both axes, under a heading.
 */
#ifndef RS__GRAPH_SVG_H
#define RS__GRAPH_SVG_H

#include "rs__graph_write.h"

#define RS__PANEL 620

typedef struct rs__picture {
  const rs_wiring *wiring;
  rs_arena *arena;
  rs_sink *sink;
  uint32_t node_size, rack_size; /* chips; where the wiring has no places, counted off */
} rs__picture;

typedef struct rs__spot {
  double x, y;
} rs__spot;

extern const char *const rs__svg_colours[RS_CABLE_CLASS_COUNT];

/* The k-th of `count` places on a circle, from the top, clockwise. */
rs__spot rs__svg_on_circle(rs__spot centre, double radius, double k, double count);

/* A text is opened, printed into the sink, and closed. anchor: "start", "middle" or "end". */
void rs__svg_open_text(const rs__picture *p, double x, double y, int size, const char *anchor,
                       const char *colour);
void rs__svg_close_text(const rs__picture *p);

static inline const char *rs__svg_cable_word(const rs__picture *p) {
  bool fibres = p->wiring->link_count > 0 && p->wiring->links[0].reverse == RS_NONE;
  return fibres ? "fibre" : "cable";
}

/* 1, 2, 5, 10, 20 …: every so many of `count` things get a number, so that at most `room` do. */
uint32_t rs__svg_number_step(uint32_t count, uint32_t room);

void rs__svg_line(const rs__picture *p, rs__spot a, rs__spot b);

/* A panel each. Chips `first` … `first + count − 1` one by one, with what leaves them as stubs. */
void rs__svg_put_chips(const rs__picture *p, uint32_t first, uint32_t count);
/* Groups of unit_size chips, with the cables between two groups as one line. `word`: "rack". */
rs_status rs__svg_put_groups(const rs__picture *p, uint32_t unit_size, const char *word,
                             rs_diag *diag);
/* Every link as a point: sender down, receiver across. */
rs_status rs__svg_put_matrix(const rs__picture *p, rs_diag *diag);

#endif

/*
 * A picture of a wiring that stays readable as it grows.
 *
 * Up to about a rack every chip and every cable is drawn. Beyond that the lines of one drawing would
 * hide each other, so that the picture zooms: the racks with the cables between two of them as
 * one line; the first rack in full; its first node in full with where each cable goes. Beside them
 * stands the matrix of all links, which leaves nothing out at any size and shows structure that is not
 * that of nodes and racks.
 */
#include <math.h>
#include <stdio.h>

#include "rs__graph_svg.h"

#define GAP 24
#define HEADER 84
#define FONT "DejaVu Sans, sans-serif"
/* What one drawing carries before its lines hide each other, by looking at many. */
#define WHOLE_CHIPS_MAX 128
#define WHOLE_CABLES_MAX 900
#define STUBS_NUMBERED_MAX 8 /* of a chip */

const char *const rs__svg_colours[RS_CABLE_CLASS_COUNT] = {"#444444", "#1f77b4", "#d9730d"};

rs__spot rs__svg_on_circle(rs__spot centre, double radius, double k, double count) {
  const double turn = 6.283185307179586;
  double angle = turn * k / count - turn / 4;
  rs__spot s = {centre.x + radius * cos(angle), centre.y + radius * sin(angle)};
  return s;
}

void rs__svg_open_text(const rs__picture *p, double x, double y, int size, const char *anchor,
                       const char *colour) {
  rs_sink_printf(p->sink,
                 "<text x=\"%.1f\" y=\"%.1f\" font-family=\"" FONT
                 "\" font-size=\"%d\" text-anchor=\"%s\" fill=\"%s\">",
                 x, y, size, anchor, colour);
}

void rs__svg_close_text(const rs__picture *p) {
  rs_sink_put(p->sink, "</text>\n");
}

void rs__svg_line(const rs__picture *p, rs__spot a, rs__spot b) {
  rs_sink_printf(p->sink, "<path d=\"M%.1f %.1fL%.1f %.1f\"/>\n", a.x, a.y, b.x, b.y);
}

uint32_t rs__svg_number_step(uint32_t count, uint32_t room) {
  static const uint32_t factors[] = {2, 5, 10};
  uint32_t step = 1;
  for (uint32_t base = 1, k = 0; (count - 1) / step + 1 > room; k++) {
    step = base * factors[k % 3];
    if (k % 3 == 2) base *= 10;
  }
  return step;
}

/* ---- chips one by one ---- */

/* Nodes stand on a circle, the chips of a node on a small one; a lone node is the circle. */
typedef struct chips {
  const rs__picture *p;
  uint32_t first, count;
  uint32_t nodes;
  double radius;      /* of the circle of nodes */
  double node_radius; /* of the circle of a node's chips */
  double dot;
} chips;

/* Below the heading's room. */
static const rs__spot centre = {RS__PANEL / 2.0, RS__PANEL / 2.0 + 20};

static void arrange(chips *c) {
  const double turn = 6.283185307179586;
  uint32_t run = c->p->node_size;
  c->nodes = (c->count + run - 1) / run;
  if (c->nodes == 1) {
    double share = c->count < c->p->wiring->chip_count ? 0.31 : 0.41; /* room for stubs */
    c->node_radius = c->count == 1 ? 0 : RS__PANEL * share;
    c->dot = 15;
    return;
  }
  c->radius = RS__PANEL / 2.0 - 90;
  c->node_radius = run == 1 ? 0 : RS_MIN(0.36 * turn * c->radius / c->nodes, 48.0);
  c->dot = RS_MIN(5.0, 90.0 / c->count + 2.5);
}

static rs__spot node_spot(const chips *c, uint32_t node) {
  return rs__svg_on_circle(centre, c->radius, node, c->nodes);
}

static rs__spot chip_spot(const chips *c, uint32_t chip, double beyond) {
  uint32_t run = c->p->node_size;
  uint32_t node = (chip - c->first) / run, place = (chip - c->first) % run;
  uint32_t size = RS_MIN(run, c->count - node * run);
  if (c->nodes == 1) return rs__svg_on_circle(centre, c->node_radius + beyond, place, size);
  /* The first chip of a node looks outwards. */
  double turned = place + (double)node / c->nodes * size;
  return rs__svg_on_circle(node_spot(c, node), c->node_radius + beyond, turned, size);
}

static void put_cables_of_class(const chips *c, int cable_class) {
  const rs_wiring *wiring = c->p->wiring;
  uint32_t end = c->first + c->count;
  bool many = wiring->out_first[end] - wiring->out_first[c->first] > 700;
  rs_sink_printf(c->p->sink,
                 "<g stroke=\"%s\" stroke-width=\"%.2f\" stroke-opacity=\"0.75\" fill=\"none\">\n",
                 rs__svg_colours[cable_class], many ? 0.7 : 1.1);
  for (uint32_t l = wiring->out_first[c->first]; l < wiring->out_first[end]; l++) {
    const rs_link *link = &wiring->links[l];
    bool inside = link->to >= c->first && link->to < end;
    bool twin = link->reverse != RS_NONE && link->from > link->to;
    if (!inside || twin || link->cable_class != cable_class) continue;
    if (l > 0 && wiring->links[l - 1].from == link->from && wiring->links[l - 1].to == link->to) {
      continue; /* a copy: it would lie on the first */
    }
    rs__svg_line(c->p, chip_spot(c, link->from, 0), chip_spot(c, link->to, 0));
  }
  rs_sink_put(c->p->sink, "</g>\n");
}

static bool is_inside(const chips *c, uint32_t chip) {
  return chip >= c->first && chip < c->first + c->count;
}

/* The far chip's number at the end of a stub, along it and never upside down. */
static void put_far_end(const chips *c, const rs_link *link, rs__spot end, double angle) {
  const double half_turn = 3.141592653589793;
  bool left = cos(angle) < 0;
  double degrees = (left ? angle + half_turn : angle) * 180 / half_turn;
  rs_sink_printf(c->p->sink, "<g transform=\"translate(%.1f %.1f) rotate(%.1f)\">", end.x, end.y,
                 degrees);
  rs__svg_open_text(c->p, left ? -4 : 4, 4, 11, left ? "end" : "start",
                    rs__svg_colours[link->cable_class]);
  rs_sink_printf(c->p->sink, "%u", link->to);
  rs__svg_close_text(c->p);
  rs_sink_put(c->p->sink, "</g>\n");
}

/* What leaves the drawing, as a fan of short lines; of a lone node with the number of the far
 * chip, as long as numbers do not touch. */
static void put_stubs(const chips *c, uint32_t chip) {
  const rs_wiring *wiring = c->p->wiring;
  uint32_t out = wiring->out_first[chip], end = wiring->out_first[chip + 1], leaving = 0, k = 0;
  bool lone = c->nodes == 1;
  rs__spot from = chip_spot(c, chip, 0), beyond = chip_spot(c, chip, 1);
  double outwards = atan2(beyond.y - from.y, beyond.x - from.x);
  for (uint32_t l = out; l < end; l++) leaving += is_inside(c, wiring->links[l].to) ? 0 : 1;
  double fan = lone ? RS_MIN(1.7, 8.0 / c->count) : 2.0; /* radians of all stubs of a chip */
  double between = RS_MIN(lone ? 0.35 : 0.6, fan / RS_MAX(leaving, 2));
  double length = lone ? 58 : 9;
  for (uint32_t l = out; l < end; l++) {
    const rs_link *link = &wiring->links[l];
    if (is_inside(c, link->to)) continue;
    double angle = outwards + (k++ - (leaving - 1) / 2.0) * between;
    rs__spot to = {from.x + length * cos(angle), from.y + length * sin(angle)};
    rs_sink_printf(c->p->sink, "<g stroke=\"%s\" stroke-width=\"1.2\">",
                   rs__svg_colours[link->cable_class]);
    rs__svg_line(c->p, from, to);
    rs_sink_put(c->p->sink, "</g>\n");
    if (lone && leaving <= STUBS_NUMBERED_MAX) put_far_end(c, link, to, angle);
  }
}

static void put_dots(const chips *c) {
  for (uint32_t chip = c->first; chip < c->first + c->count; chip++) {
    rs__spot s = chip_spot(c, chip, 0);
    rs_sink_printf(c->p->sink, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"/>\n", s.x,
                   s.y, c->dot, c->nodes == 1 ? "#ffffff\" stroke=\"#000000" : "#000000");
    if (c->nodes > 1) continue;
    rs__svg_open_text(c->p, s.x, s.y + 4, chip < 1000 ? 12 : 9, "middle", "#000000");
    rs_sink_printf(c->p->sink, "%u", chip);
    rs__svg_close_text(c->p);
  }
  for (uint32_t node = 0; node < c->nodes && c->nodes > 1 && c->p->node_size > 1; node++) {
    rs__spot s = rs__svg_on_circle(centre, c->radius + c->node_radius + 24, node, c->nodes);
    rs__svg_open_text(c->p, s.x, s.y + 4, 12, "middle", "#000000");
    rs_sink_printf(c->p->sink, "%u", c->first / c->p->node_size + node);
    rs__svg_close_text(c->p);
  }
}

void rs__svg_put_chips(const rs__picture *p, uint32_t first, uint32_t count) {
  chips c = {.p = p, .first = first, .count = count};
  bool stubs = count < p->wiring->chip_count;
  arrange(&c);
  for (int k = RS_CABLE_CLASS_COUNT - 1; k >= 0; k--) put_cables_of_class(&c, k);
  for (uint32_t chip = first; stubs && chip < first + count; chip++) put_stubs(&c, chip);
  put_dots(&c);
}

/* ---- the grid ---- */

typedef struct grid {
  const rs__picture *p;
  const rs__graph_writing *w;
  uint32_t panels, placed;
} grid;

static void open_panel(grid *g, const char *heading) {
  uint32_t column = g->placed % 2, row = g->placed / 2;
  g->placed++;
  rs_sink_printf(g->p->sink, "<g transform=\"translate(%u %u)\">\n",
                 GAP + column * (RS__PANEL + GAP), HEADER + row * (RS__PANEL + GAP));
  rs_sink_printf(g->p->sink,
                 "<rect width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#cccccc\"/>\n", RS__PANEL,
                 RS__PANEL);
  rs__svg_open_text(g->p, 12, 24, 16, "start", "#000000");
  rs_sink_put(g->p->sink, heading);
  rs__svg_close_text(g->p);
}

static void close_panel(const grid *g) {
  rs_sink_put(g->p->sink, "</g>\n");
}

static void put_header(const grid *g) {
  const rs_wiring *wiring = g->p->wiring;
  uint32_t counts[RS_CABLE_CLASS_COUNT] = {0};
  uint32_t width = 2 * RS__PANEL + 3 * GAP;
  uint32_t height = HEADER + (g->panels + 1) / 2 * (RS__PANEL + GAP);
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (link->reverse == RS_NONE || link->reverse > l) counts[link->cable_class]++;
  }
  rs_sink_printf(
      g->p->sink,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
      "viewBox=\"0 0 %u %u\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, height, width, height);
  rs__svg_open_text(g->p, GAP, 36, 22, "start", "#000000");
  /* A spec can be hundreds of characters (a table of ports): what does not fit is cut. */
  char title[72];
  size_t length = 0;
  for (; g->w->title[length] != '\0' && length < sizeof title - 4; length++) {
    title[length] = g->w->title[length];
  }
  title[length] = '\0';
  rs_sink_put_escaped(g->p->sink, title);
  rs_sink_printf(g->p->sink, "%s: %u chips, %u %ss", g->w->title[length] == '\0' ? "" : "…",
                 wiring->chip_count, wiring->cable_count, rs__svg_cable_word(g->p));
  rs__svg_close_text(g->p);
  double x = GAP;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    static const char *const where[RS_CABLE_CLASS_COUNT] = {"in a node", "between nodes of a rack",
                                                            "between racks"};
    if (counts[k] == 0) continue;
    rs_sink_printf(g->p->sink,
                   "<rect x=\"%.0f\" y=\"56\" width=\"22\" height=\"8\" fill=\"%s\"/>\n", x,
                   rs__svg_colours[k]);
    rs__svg_open_text(g->p, x + 30, 65, 14, "start", "#000000");
    rs_sink_printf(g->p->sink, "%u %s", counts[k], where[k]);
    rs__svg_close_text(g->p);
    x += 260;
  }
}

static void put_first(grid *g, const char *word, uint32_t size) {
  char heading[128];
  uint32_t count = RS_MIN(size, g->p->wiring->chip_count);
  snprintf(heading, sizeof heading, "%s 0 in full: %u chips; stubs leave it%s", word, count,
           count <= g->p->node_size ? ", to the chip of the number" : "");
  open_panel(g, heading);
  rs__svg_put_chips(g->p, 0, count);
  close_panel(g);
}

static rs_status put_zoom(grid *g, rs_diag *diag) {
  const rs__picture *p = g->p;
  uint32_t n = p->wiring->chip_count;
  bool racks = n > p->rack_size, nodes = p->node_size > 1 && p->node_size < n;
  bool rack_fits = racks && p->rack_size <= WHOLE_CHIPS_MAX && p->rack_size > p->node_size;
  bool node_fits = nodes && p->node_size <= WHOLE_CHIPS_MAX;
  g->panels = 2U + rack_fits + node_fits;
  put_header(g);
  open_panel(g, racks ? "Racks" : "Nodes");
  rs_status status =
      rs__svg_put_groups(p, racks ? p->rack_size : p->node_size, racks ? "rack" : "node", diag);
  close_panel(g);
  if (rack_fits) put_first(g, "Rack", p->rack_size);
  if (node_fits) put_first(g, "Node", p->node_size);
  return status;
}

static void put_whole(grid *g) {
  g->panels = 2;
  put_header(g);
  bool numbered = g->p->node_size > 1 && g->p->wiring->chip_count > g->p->node_size;
  open_panel(g, numbered ? "Chips and cables; numbers count nodes" : "Chips and cables");
  rs__svg_put_chips(g->p, 0, g->p->wiring->chip_count);
  close_panel(g);
}

rs_status rs__graph_write_svg(rs_arena *arena, const rs__graph_writing *w, rs_diag *diag) {
  const rs_wiring *wiring = w->wiring;
  rs__picture p = {.wiring = wiring, .arena = arena, .sink = w->sink};
  grid g = {.p = &p, .w = w};
  rs_status status = RS_OK;
  p.node_size = rs__graph_run_size(wiring->node_of, wiring->chip_count);
  p.rack_size = rs__graph_run_size(wiring->rack_of, wiring->chip_count);
  if (p.node_size == 0) p.node_size = 8; /* as cable classes count chips off */
  if (p.rack_size == 0) p.rack_size = 72;
  p.rack_size = RS_MAX(p.rack_size, p.node_size);
  if (wiring->chip_count <= WHOLE_CHIPS_MAX && wiring->cable_count <= WHOLE_CABLES_MAX) {
    put_whole(&g);
  } else {
    status = put_zoom(&g, diag);
  }
  if (status != RS_OK) return status;
  open_panel(&g, "All links: sender down, receiver across");
  status = rs__svg_put_matrix(&p, diag);
  close_panel(&g);
  rs_sink_put(w->sink, "</svg>\n");
  return status;
}

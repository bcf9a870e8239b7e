/*
 * The XML formats: GraphML, a SimGrid platform, and a picture.
 */
#include <math.h>

#include "rs__graph_write.h"

/* ---- GraphML ---- */

static void put_data(rs_sink *sink, const char *key, int64_t value) {
  rs_sink_printf(sink, "<data key=\"%s\">", key);
  rs_sink_i64(sink, value);
  rs_sink_put(sink, "</data>");
}

static void put_keys(const rs__graph_writing *w) {
  static const char *const numbers[][2] = {
      {"node", "node"}, {"rack", "node"}, {"port_from", "edge"}, {"port_to", "edge"}};
  for (size_t i = 0; i < RS_COUNT_OF(numbers); i++) {
    rs_sink_printf(w->sink, "  <key id=\"%s\" for=\"%s\" attr.name=\"%s\" attr.type=\"int\"/>\n",
                   numbers[i][0], numbers[i][1], numbers[i][0]);
  }
  rs_sink_put(w->sink,
              "  <key id=\"class\" for=\"edge\" attr.name=\"class\" attr.type=\"string\"/>\n");
}

void rs__graph_write_graphml(const rs__graph_writing *w) {
  const rs_wiring *wiring = w->wiring;
  rs_sink_put(w->sink,
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
              "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n");
  put_keys(w);
  rs_sink_put(w->sink, "  <graph id=\"");
  rs_sink_put_escaped(w->sink, w->title);
  rs_sink_printf(w->sink, "\" edgedefault=\"%s\">\n", w->directed ? "directed" : "undirected");
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    rs_sink_printf(w->sink, "    <node id=\"%u\">", chip);
    if (wiring->node_of != NULL) put_data(w->sink, "node", wiring->node_of[chip]);
    if (wiring->rack_of != NULL) put_data(w->sink, "rack", wiring->rack_of[chip]);
    rs_sink_put(w->sink, "</node>\n");
  }
  for (uint32_t k = 0; k < wiring->cable_count; k++) {
    const rs_link *link = &wiring->links[w->order[k]];
    rs_sink_printf(w->sink, "    <edge source=\"%u\" target=\"%u\">", link->from, link->to);
    rs_sink_printf(w->sink, "<data key=\"class\">%s</data>",
                   rs_cable_class_word((rs_cable_class)link->cable_class));
    put_data(w->sink, "port_from", link->from_port);
    put_data(w->sink, "port_to", link->to_port);
    rs_sink_put(w->sink, "</edge>\n");
  }
  rs_sink_put(w->sink, "  </graph>\n</graphml>\n");
}

/* ---- SimGrid ---- */

/* Payload bytes a second of one link, rounded down: vector_bytes · clock · den / num. */
static int64_t rate_bytes_per_s(const rs_timing *timing) {
  rs_int128 rate = (rs_int128)timing->vector_bytes * timing->clock_hz * timing->slot_den;
  rate /= timing->slot_num;
  return rate > INT64_MAX ? INT64_MAX : (int64_t)rate;
}

/* Latency in picoseconds, to the nearest. */
static int64_t latency_ps(const rs_timing *timing, uint8_t cable_class) {
  rs_int128 ps = (rs_int128)timing->latency_cycles[cable_class] * 1000000000000;
  ps = (ps + timing->clock_hz / 2) / timing->clock_hz;
  return ps > INT64_MAX ? INT64_MAX : (int64_t)ps;
}

/* Links from the same chip to the same chip, which start at l: a zone can hold one route a pair. */
static uint32_t copies_from(const rs_wiring *wiring, uint32_t l) {
  uint32_t end = l + 1;
  while (end < wiring->link_count && wiring->links[end].from == wiring->links[l].from &&
         wiring->links[end].to == wiring->links[l].to) {
    end++;
  }
  return end - l;
}

void rs__graph_write_simgrid(const rs__graph_writing *w) {
  const rs_wiring *wiring = w->wiring;
  rs_sink_put(w->sink,
              "<?xml version=\"1.0\"?>\n"
              "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
              "<platform version=\"4.1\">\n  <zone id=\"");
  rs_sink_put_escaped(w->sink, w->title[0] == '\0' ? "wiring" : w->title);
  rs_sink_put(w->sink, "\" routing=\"Dijkstra\">\n");
  for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
    rs_sink_printf(w->sink, "    <host id=\"chip%u\" speed=\"1Gf\"/>\n", chip);
  }
  for (uint32_t l = 0; l < wiring->link_count; l += copies_from(wiring, l)) {
    const rs_link *link = &wiring->links[l];
    int64_t rate;
    if (!rs_mul_i64(rate_bytes_per_s(w->timing), copies_from(wiring, l), &rate)) rate = INT64_MAX;
    rs_sink_printf(w->sink, "    <link id=\"%u-%u\" bandwidth=\"", link->from, link->to);
    rs_sink_i64(w->sink, rate);
    rs_sink_put(w->sink, "Bps\" latency=\"");
    rs_sink_i64(w->sink, latency_ps(w->timing, link->cable_class));
    rs_sink_put(w->sink, "ps\"/>\n");
  }
  for (uint32_t l = 0; l < wiring->link_count; l += copies_from(wiring, l)) {
    const rs_link *link = &wiring->links[l];
    rs_sink_printf(w->sink,
                   "    <route src=\"chip%u\" dst=\"chip%u\" symmetrical=\"NO\">"
                   "<link_ctn id=\"%u-%u\"/></route>\n",
                   link->from, link->to, link->from, link->to);
  }
  rs_sink_put(w->sink, "  </zone>\n</platform>\n");
}

/* ---- SVG ---- */

#define PICTURE_SIZE 1000
#define MARGIN 60

typedef struct spot {
  double x, y;
} spot;

/* Chips stand on a circle in their order; chips of a node on a small circle around their place. */
static spot place_of(const rs_wiring *wiring, uint32_t node_size, uint32_t chip) {
  const double turn = 6.283185307179586;
  double radius = PICTURE_SIZE / 2.0 - MARGIN, centre = PICTURE_SIZE / 2.0;
  uint32_t run = node_size == 0 ? 1 : node_size;
  uint32_t places = (wiring->chip_count + run - 1) / run;
  double angle = turn * (chip / run) / places - turn / 4;
  spot s = {centre, centre};
  if (places > 1) {
    s.x += radius * cos(angle);
    s.y += radius * sin(angle);
  }
  if (run > 1) {
    double around = angle + turn * (chip % run) / run;
    /* Neighbouring nodes must not touch: at most 0.4 of their distance, at most the margin. */
    double small = places > 1 ? RS_MIN(0.4 * turn * radius / places, MARGIN * 0.8) : radius;
    s.x += small * cos(around);
    s.y += small * sin(around);
  }
  return s;
}

static const char *const colours[RS_CABLE_CLASS_COUNT] = {"#333333", "#1f77b4", "#d9730d"};

static void put_legend(const rs__graph_writing *w) {
  for (int c = 0; c < RS_CABLE_CLASS_COUNT; c++) {
    rs_sink_printf(w->sink,
                   "<text x=\"12\" y=\"%d\" font-family=\"DejaVu Sans, sans-serif\" "
                   "font-size=\"13\" fill=\"%s\">%s</text>\n",
                   PICTURE_SIZE - 48 + 18 * c, colours[c], rs_cable_class_word((rs_cable_class)c));
  }
}

static void put_cables(const rs__graph_writing *w, uint32_t node_size, double width) {
  for (int c = RS_CABLE_CLASS_COUNT - 1; c >= 0; c--) { /* short cables on top */
    rs_sink_printf(w->sink,
                   "<g stroke=\"%s\" stroke-width=\"%.2f\" stroke-opacity=\"0.6\" fill=\"none\">\n",
                   colours[c], width);
    for (uint32_t k = 0; k < w->wiring->cable_count; k++) {
      const rs_link *link = &w->wiring->links[w->order[k]];
      if (link->cable_class != c) continue;
      spot a = place_of(w->wiring, node_size, link->from);
      spot b = place_of(w->wiring, node_size, link->to);
      rs_sink_printf(w->sink, "<path d=\"M%.1f %.1fL%.1f %.1f\"/>\n", a.x, a.y, b.x, b.y);
    }
    rs_sink_put(w->sink, "</g>\n");
  }
}

void rs__graph_write_svg(const rs__graph_writing *w) {
  uint32_t node_size = rs__graph_run_size(w->wiring->node_of, w->wiring->chip_count);
  double chips = w->wiring->chip_count;
  double dot = RS_MAX(0.6, RS_MIN(6.0, 800.0 / chips));
  double line = RS_MAX(0.1, RS_MIN(1.5, 1200.0 / w->wiring->cable_count));
  rs_sink_printf(
      w->sink,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "viewBox=\"0 0 %d %d\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      PICTURE_SIZE, PICTURE_SIZE, PICTURE_SIZE, PICTURE_SIZE);
  put_cables(w, node_size, line);
  rs_sink_put(w->sink, "<g fill=\"#000000\">\n");
  for (uint32_t chip = 0; chip < w->wiring->chip_count; chip++) {
    spot s = place_of(w->wiring, node_size, chip);
    rs_sink_printf(w->sink, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", s.x, s.y, dot);
  }
  rs_sink_put(w->sink,
              "</g>\n<text x=\"12\" y=\"24\" font-family=\"DejaVu Sans, sans-serif\" "
              "font-size=\"16\">");
  rs_sink_put_escaped(w->sink, w->title);
  rs_sink_printf(w->sink, " (%u chips, %u cables)</text>\n", w->wiring->chip_count,
                 w->wiring->cable_count);
  put_legend(w);
  rs_sink_put(w->sink, "</svg>\n");
}

/*
 * The XML formats: GraphML and a SimGrid platform.
 */
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

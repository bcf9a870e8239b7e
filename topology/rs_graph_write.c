/*
 * Wirings written for other programs: the order of cables, and the formats that are lists.
 *
 * A wiring's builder hands each end of a new cable the chip's next free port. So cables are written
 * in an order in which that gives the same ports again: a cable is ready when both its ends are the
 * next port of their chip (a topological order, by Kahn's algorithm; the seed of each step is the
 * lowest chip, then whatever a cable has made ready). Where ports have gaps (cables were removed)
 * no such order exists, and the rest follows in the order of links.
 */
#include "rs_graph_write.h"

#include <string.h>

#include "rs__graph_write.h"

static const char *const class_words[RS_CABLE_CLASS_COUNT] = {"node", "rack", "inter-rack"};

const char *rs_cable_class_word(rs_cable_class cable_class) {
  return class_words[cable_class];
}

rs_status rs_graph_format_of_name(const char *file_name, rs_graph_format *format, rs_diag *diag) {
  static const struct {
    const char *ending;
    rs_graph_format format;
  } endings[] = {{".graphml", RS_GRAPH_GRAPHML}, {".dot", RS_GRAPH_DOT},
                 {".gv", RS_GRAPH_DOT},          {".edges", RS_GRAPH_EDGES},
                 {".txt", RS_GRAPH_EDGES},       {".xml", RS_GRAPH_SIMGRID},
                 {".svg", RS_GRAPH_SVG}};
  size_t length = strlen(file_name);
  for (size_t i = 0; i < RS_COUNT_OF(endings); i++) {
    size_t ending = strlen(endings[i].ending);
    if (length <= ending || strcmp(file_name + length - ending, endings[i].ending) != 0) continue;
    *format = endings[i].format;
    return RS_OK;
  }
  rs_diag_set(diag, RS_E_INPUT, "the ending of '%.200s' names no format", file_name);
  rs_diag_expect(diag, ".graphml, .dot, .edges, .xml (SimGrid) or .svg");
  return RS_E_INPUT;
}

/* ---- the order of cables ---- */

/* Chip by chip, what is next at each end. */
typedef struct ordering {
  const rs_wiring *wiring;
  uint32_t *at_send;   /* [out_first[c] + port]: the link that sends on this port, or RS_NONE */
  uint32_t *next_send; /* [chip] */
  uint32_t *next_receive;
  uint32_t *order;
  uint32_t count;
  bool *done; /* [link] */
} ordering;

static bool is_ready(const ordering *o, uint32_t l) {
  const rs_link *link = &o->wiring->links[l];
  if (link->from_port != o->next_send[link->from]) return false;
  if (link->to_port != o->next_receive[link->to]) return false;
  return link->reverse == RS_NONE || (link->to_port == o->next_send[link->to] &&
                                      link->from_port == o->next_receive[link->from]);
}

static void take(ordering *o, uint32_t l) {
  const rs_link *link = &o->wiring->links[l];
  o->order[o->count++] = l;
  o->done[l] = true;
  o->next_send[link->from]++;
  o->next_receive[link->to]++;
  if (link->reverse == RS_NONE) return;
  o->done[link->reverse] = true;
  o->next_send[link->to]++;
  o->next_receive[link->from]++;
}

static uint32_t next_link(const ordering *o, uint32_t chip) {
  uint32_t port = o->next_send[chip];
  if (port >= rs_wiring_out_degree(o->wiring, chip)) return RS_NONE;
  return o->at_send[o->wiring->out_first[chip] + port];
}

/* Takes what is ready from `chip` on; what that makes ready hangs on the other end, so follow it. */
static void follow(ordering *o, uint32_t chip, uint32_t *stack) {
  uint32_t depth = 0;
  stack[depth++] = chip;
  while (depth > 0) {
    uint32_t at = stack[depth - 1];
    uint32_t l = next_link(o, at);
    if (l == RS_NONE || !is_ready(o, l)) {
      depth--;
      continue;
    }
    take(o, l);
    /* The other end may have its own next cable ready now. Depth stays within the chips. */
    if (depth < o->wiring->chip_count) stack[depth++] = o->wiring->links[l].to;
  }
}

static void order_cables(ordering *o, uint32_t *stack) {
  const rs_wiring *wiring = o->wiring;
  for (uint32_t before = UINT32_MAX; before != o->count;) {
    before = o->count;
    for (uint32_t chip = 0; chip < wiring->chip_count; chip++) follow(o, chip, stack);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    if (!o->done[l]) take(o, l);
  }
}

static rs_status create_order(rs_arena *arena, const rs_wiring *wiring, const uint32_t **order,
                              rs_diag *diag) {
  uint32_t n = wiring->chip_count;
  ordering o = {.wiring = wiring};
  uint32_t *stack = RS_ARENA_NEW(arena, uint32_t, n);
  o.at_send = RS_ARENA_NEW(arena, uint32_t, wiring->link_count);
  o.next_send = RS_ARENA_NEW(arena, uint32_t, n);
  o.next_receive = RS_ARENA_NEW(arena, uint32_t, n);
  o.order = RS_ARENA_NEW(arena, uint32_t, wiring->cable_count);
  o.done = RS_ARENA_NEW(arena, bool, wiring->link_count);
  if (stack == NULL || o.at_send == NULL || o.next_send == NULL || o.next_receive == NULL ||
      o.order == NULL || o.done == NULL) {
    return rs_arena_failed(arena, diag);
  }
  memset(o.at_send, 0xff, wiring->link_count * sizeof *o.at_send);
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    bool fits = link->from_port < rs_wiring_out_degree(wiring, link->from);
    if (fits) o.at_send[wiring->out_first[link->from] + link->from_port] = l;
  }
  order_cables(&o, stack);
  assert(o.count == wiring->cable_count);
  *order = o.order;
  return RS_OK;
}

rs_status rs_graph_write(rs_arena *arena, const rs_wiring *wiring, rs_graph_format format,
                         const rs_graph_write_options *options, rs_sink *sink, rs_diag *diag) {
  static void (*const writers[RS_GRAPH_FORMAT_COUNT])(const rs__graph_writing *) = {
      [RS_GRAPH_GRAPHML] = rs__graph_write_graphml,
      [RS_GRAPH_DOT] = rs__graph_write_dot,
      [RS_GRAPH_EDGES] = rs__graph_write_edges,
      [RS_GRAPH_SIMGRID] = rs__graph_write_simgrid,
  };
  rs_timing unit;
  rs_timing_init_unit(&unit);
  rs__graph_writing w = {.wiring = wiring, .title = "", .timing = &unit, .sink = sink};
  if (options != NULL && options->title != NULL) w.title = options->title;
  if (options != NULL && options->timing != NULL) w.timing = options->timing;
  w.directed = wiring->link_count > 0 && wiring->links[0].reverse == RS_NONE;
  rs_status status;
  if (format == RS_GRAPH_SVG) {
    status = rs__graph_write_svg(arena, &w, diag);
  } else {
    status = create_order(arena, wiring, &w.order, diag);
    if (status == RS_OK) writers[format](&w);
  }
  if (status != RS_OK) return status;
  return sink->failed ? rs_diag_set(diag, RS_E_SYSTEM, "the graph could not be written") : RS_OK;
}

/* ---- what several formats need ---- */

uint32_t rs__graph_run_size(const uint32_t *place_of, uint32_t chip_count) {
  if (place_of == NULL) return 0;
  uint32_t size = 0;
  while (size < chip_count && place_of[size] == 0) size++;
  return size;
}

/* ---- lists ---- */

void rs__graph_write_edges(const rs__graph_writing *w) {
  const rs_wiring *wiring = w->wiring;
  rs_sink_put(w->sink, "# ");
  rs_sink_put_escaped(w->sink, w->title);
  rs_sink_printf(w->sink, "\nchips %u\n", wiring->chip_count);
  if (w->directed) rs_sink_put(w->sink, "directed\n");
  if (wiring->node_of != NULL || wiring->rack_of != NULL) {
    rs_sink_printf(w->sink, "places %u %u\n",
                   rs__graph_run_size(wiring->node_of, wiring->chip_count),
                   rs__graph_run_size(wiring->rack_of, wiring->chip_count));
  }
  for (uint32_t k = 0; k < wiring->cable_count; k++) {
    const rs_link *link = &wiring->links[w->order[k]];
    rs_sink_i64(w->sink, link->from);
    rs_sink_put(w->sink, " ");
    rs_sink_i64(w->sink, link->to);
    rs_sink_put(w->sink, " ");
    rs_sink_put(w->sink, class_words[link->cable_class]);
    rs_sink_put(w->sink, "\n");
  }
}

void rs__graph_write_dot(const rs__graph_writing *w) {
  static const char *const colours[RS_CABLE_CLASS_COUNT] = {"black", "blue", "orange"};
  const char *joint = w->directed ? " -> " : " -- ";
  rs_sink_put(w->sink, w->directed ? "digraph \"" : "graph \"");
  rs_sink_put_escaped(w->sink, w->title);
  rs_sink_put(w->sink, "\" {\n  graph [bgcolor=white];\n  node [shape=circle];\n");
  for (uint32_t chip = 0; chip < w->wiring->chip_count; chip++) {
    rs_sink_put(w->sink, "  ");
    rs_sink_i64(w->sink, chip);
    rs_sink_put(w->sink, ";\n");
  }
  for (uint32_t k = 0; k < w->wiring->cable_count; k++) {
    const rs_link *link = &w->wiring->links[w->order[k]];
    rs_sink_put(w->sink, "  ");
    rs_sink_i64(w->sink, link->from);
    rs_sink_put(w->sink, joint);
    rs_sink_i64(w->sink, link->to);
    rs_sink_printf(w->sink, " [class=\"%s\", color=%s];\n", class_words[link->cable_class],
                   colours[link->cable_class]);
  }
  rs_sink_put(w->sink, "}\n");
}

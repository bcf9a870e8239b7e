/*
 * GraphML into a graph: one pass over the tags, a hash table from node names to chips, and edges by
 * name resolved at the end, since GraphML lets an edge come before its nodes. Format: Brandes et
 * al., "GraphML progress report", GD 2001; http://graphml.graphdrawing.org.
 */
#include <string.h>

#include "rs__file_graph.h"
#include "rs_graph_read.h"
#include "rs_xml.h"

#define KEYS_MAX 64
#define QUOTE_MAX 40

/* What a <key> says about the data that names it. */
typedef enum meaning { MEANING_NONE, MEANING_CLASS, MEANING_NODE, MEANING_RACK } meaning;

typedef struct key {
  rs_slice id;
  meaning means;
} key;

typedef struct named_edge {
  rs_slice source, target;
  int line, column;
  uint8_t cable_class;
} named_edge;

typedef struct chip_name {
  rs_slice id;
  uint32_t node, rack; /* RS_NONE: not said */
} chip_name;

typedef struct reader {
  rs_arena *arena;
  rs_xml xml;
  rs_diag *diag;
  key keys[KEYS_MAX];
  size_t key_count;
  chip_name *chips;
  uint32_t chip_count, chip_capacity;
  named_edge *edges;
  size_t edge_count, edge_capacity;
  uint32_t *table; /* chip + 1 by hash of its name; 0: free */
  size_t table_size;
  bool graph_seen, directed;
  int element;   /* what <data> belongs to: 'n', 'e' or 0 */
  meaning means; /* of the open <data> */
} reader;

/* Doubles an array of the arena when it is full. */
static rs_status grow(reader *r, void **items, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return RS_OK;
  size_t larger_capacity = RS_MAX(2 * *capacity, (size_t)256);
  void *larger = rs_arena_array(r->arena, larger_capacity, size);
  if (larger == NULL) return rs_arena_failed(r->arena, r->diag);
  if (count > 0) memcpy(larger, *items, count * size);
  *items = larger;
  *capacity = larger_capacity;
  return RS_OK;
}

/* ---- tags ---- */

static rs_status open_key(reader *r) {
  rs_slice name = rs_xml_attribute_of(&r->xml, "attr.name");
  key k = {.id = rs_xml_attribute_of(&r->xml, "id")};
  if (k.id.bytes == NULL) return rs_xml_refuse(&r->xml, r->diag, "a <key> without an id");
  if (name.bytes != NULL) {
    if (rs_slice_is(name, "class")) k.means = MEANING_CLASS;
    if (rs_slice_is(name, "node")) k.means = MEANING_NODE;
    if (rs_slice_is(name, "rack")) k.means = MEANING_RACK;
  }
  if (r->key_count == KEYS_MAX) {
    return rs_xml_refuse(&r->xml, r->diag, "more than %d keys", KEYS_MAX);
  }
  r->keys[r->key_count++] = k;
  return RS_OK;
}

static rs_status open_graph(reader *r) {
  if (r->graph_seen) return rs_xml_refuse(&r->xml, r->diag, "a second or a nested <graph>");
  r->graph_seen = true;
  rs_slice mode = rs_xml_attribute_of(&r->xml, "edgedefault");
  r->directed = mode.bytes != NULL && rs_slice_is(mode, "directed");
  if (r->directed || (mode.bytes != NULL && rs_slice_is(mode, "undirected"))) return RS_OK;
  rs_xml_refuse(&r->xml, r->diag, "<graph> does not say whether edges are directed");
  rs_diag_expect(r->diag, "edgedefault=\"directed\" or \"undirected\"");
  return RS_E_INPUT;
}

static rs_status open_node(reader *r) {
  chip_name chip = {rs_xml_attribute_of(&r->xml, "id"), RS_NONE, RS_NONE};
  size_t capacity = r->chip_capacity;
  if (chip.id.bytes == NULL) return rs_xml_refuse(&r->xml, r->diag, "a <node> without an id");
  if (r->chip_count >= RS__CHIPS_MAX) {
    return rs_diag_set(r->diag, RS_E_LIMIT, "more than %d chips", (int)RS__CHIPS_MAX);
  }
  rs_status status = grow(r, (void **)&r->chips, r->chip_count, &capacity, sizeof *r->chips);
  if (status != RS_OK) return status;
  r->chip_capacity = (uint32_t)capacity;
  r->chips[r->chip_count++] = chip;
  r->element = 'n';
  return RS_OK;
}

static rs_status open_edge(reader *r) {
  named_edge edge = {.source = rs_xml_attribute_of(&r->xml, "source"),
                     .target = rs_xml_attribute_of(&r->xml, "target"),
                     .line = r->xml.event_line,
                     .column = r->xml.event_column,
                     .cable_class = RS_CABLE_CLASS_COUNT};
  rs_slice mode = rs_xml_attribute_of(&r->xml, "directed");
  if (edge.source.bytes == NULL || edge.target.bytes == NULL) {
    return rs_xml_refuse(&r->xml, r->diag, "an <edge> without source or target");
  }
  if (mode.bytes != NULL && rs_slice_is(mode, r->directed ? "false" : "true")) {
    return rs_xml_refuse(&r->xml, r->diag, "directed and undirected edges in one graph");
  }
  if (r->edge_count >= RS__CABLES_MAX) {
    return rs_diag_set(r->diag, RS_E_LIMIT, "more than %d cables", (int)RS__CABLES_MAX);
  }
  rs_status status = grow(r, (void **)&r->edges, r->edge_count, &r->edge_capacity, sizeof edge);
  if (status != RS_OK) return status;
  r->edges[r->edge_count++] = edge;
  r->element = 'e';
  return RS_OK;
}

static void open_data(reader *r) {
  rs_slice id = rs_xml_attribute_of(&r->xml, "key");
  r->means = MEANING_NONE;
  for (size_t i = 0; i < r->key_count && id.bytes != NULL; i++) {
    const key *k = &r->keys[i];
    bool same = k->id.length == id.length && memcmp(k->id.bytes, id.bytes, id.length) == 0;
    if (same) r->means = k->means;
  }
}

static rs_status open_tag(reader *r) {
  if (rs_slice_is(r->xml.name, "key")) return open_key(r);
  if (rs_slice_is(r->xml.name, "graph")) return open_graph(r);
  if (rs_slice_is(r->xml.name, "hyperedge")) {
    return rs_xml_refuse(&r->xml, r->diag, "a cable has two ends; <hyperedge> is not read");
  }
  if (rs_slice_is(r->xml.name, "data")) open_data(r);
  if (rs_slice_is(r->xml.name, "node") || rs_slice_is(r->xml.name, "edge")) {
    if (!r->graph_seen) return rs_xml_refuse(&r->xml, r->diag, "a node or edge before <graph>");
    return rs_slice_is(r->xml.name, "node") ? open_node(r) : open_edge(r);
  }
  return RS_OK;
}

static rs_slice trim(rs_slice text) {
  while (text.length > 0 && strchr(" \t\r\n", text.bytes[0]) != NULL) {
    text.bytes++;
    text.length--;
  }
  while (text.length > 0 && strchr(" \t\r\n", text.bytes[text.length - 1]) != NULL) text.length--;
  return text;
}

/* A small number; RS_NONE when it is none. */
static uint32_t number_of(rs_slice text) {
  uint32_t value = 0;
  if (text.length == 0 || text.length > 8) return RS_NONE;
  for (size_t i = 0; i < text.length; i++) {
    if (text.bytes[i] < '0' || text.bytes[i] > '9') return RS_NONE;
    value = value * 10 + (uint32_t)(text.bytes[i] - '0');
  }
  return value;
}

static rs_status take_text(reader *r) {
  rs_slice text = trim(r->xml.text);
  if (r->means == MEANING_NONE || text.length == 0) return RS_OK;
  if (r->means == MEANING_CLASS && r->element == 'e') {
    uint8_t cable_class = rs__cable_class_of(text.bytes, text.length);
    if (cable_class == RS_CABLE_CLASS_COUNT) {
      rs_xml_refuse(&r->xml, r->diag, "unknown cable class '%.*s'",
                    (int)RS_MIN(text.length, QUOTE_MAX), text.bytes);
      rs_diag_expect(r->diag, "node, rack or inter-rack");
      return RS_E_INPUT;
    }
    r->edges[r->edge_count - 1].cable_class = cable_class;
  }
  if (r->element != 'n') return RS_OK;
  if (r->means == MEANING_NODE) r->chips[r->chip_count - 1].node = number_of(text);
  if (r->means == MEANING_RACK) r->chips[r->chip_count - 1].rack = number_of(text);
  return RS_OK;
}

static void close_tag(reader *r) {
  if (rs_slice_is(r->xml.name, "data")) r->means = MEANING_NONE;
  bool ends = rs_slice_is(r->xml.name, "node") || rs_slice_is(r->xml.name, "edge");
  if (ends) r->element = 0;
}

static rs_status read_tags(reader *r) {
  for (;;) {
    rs_xml_event event;
    rs_status status = rs_xml_next(&r->xml, &event, r->diag);
    if (status != RS_OK) return status;
    if (event == RS_XML_END) break;
    if (event == RS_XML_OPEN) status = open_tag(r);
    if (event == RS_XML_TEXT) status = take_text(r);
    if (event == RS_XML_CLOSE) close_tag(r);
    if (status != RS_OK) return status;
  }
  if (r->graph_seen) return RS_OK;
  rs_diag_set(r->diag, RS_E_INPUT, "no <graph> in the text");
  rs_diag_expect(r->diag, "GraphML");
  return RS_E_INPUT;
}

/* ---- names to chips: open addressing, at most half full ---- */

/* Where the name is, or where it would go. Names compare as they stand, entities included. */
static uint32_t *find_name(const reader *r, rs_slice id) {
  uint64_t hash = rs_digest_bytes(RS_DIGEST_SEED, id.bytes, id.length);
  for (size_t i = (size_t)(hash % r->table_size);; i = (i + 1) % r->table_size) {
    if (r->table[i] == 0) return &r->table[i];
    rs_slice other = r->chips[r->table[i] - 1].id;
    if (other.length == id.length && memcmp(other.bytes, id.bytes, id.length) == 0) {
      return &r->table[i];
    }
  }
}

static rs_status fill_table(reader *r) {
  r->table_size = 2 * (size_t)r->chip_count + 1;
  r->table = RS_ARENA_NEW(r->arena, uint32_t, r->table_size);
  if (r->table == NULL) return rs_arena_failed(r->arena, r->diag);
  for (uint32_t chip = 0; chip < r->chip_count; chip++) {
    rs_slice id = r->chips[chip].id;
    uint32_t *place = find_name(r, id);
    if (*place != 0) {
      return rs_diag_set(r->diag, RS_E_INPUT, "two nodes are called '%.*s'",
                         (int)RS_MIN(id.length, QUOTE_MAX), id.bytes);
    }
    *place = chip + 1;
  }
  return RS_OK;
}

static rs_status refuse_edge(const reader *r, const named_edge *edge, const char *what,
                             rs_slice name) {
  rs_diag_set(r->diag, RS_E_INPUT, "%s '%.*s'", what, (int)RS_MIN(name.length, QUOTE_MAX),
              name.bytes);
  rs_diag_at(r->diag, NULL, edge->line, edge->column);
  return RS_E_INPUT;
}

static rs_status resolve_edges(reader *r, rs__file_graph *graph) {
  for (size_t i = 0; i < r->edge_count; i++) {
    const named_edge *edge = &r->edges[i];
    uint32_t a = *find_name(r, edge->source), b = *find_name(r, edge->target);
    if (a == 0) return refuse_edge(r, edge, "no node is called", edge->source);
    if (b == 0) return refuse_edge(r, edge, "no node is called", edge->target);
    if (a == b) return refuse_edge(r, edge, "a cable from a chip to itself:", edge->source);
    rs_status status =
        rs__file_graph_add(graph, (rs__file_edge){a - 1, b - 1, edge->cable_class}, r->diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* The size of the equal runs 0, 0, …, 1, 1, … in which chips are counted off; 0 when they are not.
 * The last run may be short. */
static uint32_t run_size(const reader *r, bool racks) {
  uint32_t size = 0;
  for (uint32_t chip = 0; chip < r->chip_count; chip++) {
    uint32_t place = racks ? r->chips[chip].rack : r->chips[chip].node;
    if (size == 0 && place != 0) size = chip;
    if (place == RS_NONE || place != (size == 0 ? 0 : chip / size)) return 0;
  }
  return size == 0 ? r->chip_count : size;
}

rs_status rs_topology_from_graphml(rs_arena *arena, const char *spec, const char *text,
                                   size_t length, rs_topology **topology, rs_diag *diag) {
  reader r = {.arena = arena, .diag = diag};
  rs__file_graph graph = {.arena = arena};
  rs_xml_init(&r.xml, text, length);
  rs_status status = read_tags(&r);
  if (status == RS_OK) status = fill_table(&r);
  if (status == RS_OK) status = resolve_edges(&r, &graph);
  if (status != RS_OK) return status;
  graph.chip_count = r.chip_count;
  graph.directed = r.directed;
  graph.node_size = run_size(&r, false);
  graph.rack_size = run_size(&r, true);
  return rs__file_graph_finish(&graph, spec, topology, diag);
}

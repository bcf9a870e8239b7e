/*
 * The family "file": a graph that a reader has collected, built like any other family.
 */
#include <string.h>

#include "rs__file_graph.h"
#include "rs_graph_write.h"

rs_status rs__file_graph_add(rs__file_graph *graph, rs__file_edge edge, rs_diag *diag) {
  if (graph->edge_count == graph->edge_capacity) {
    size_t capacity = RS_MAX(2 * graph->edge_capacity, (size_t)256);
    if (graph->edge_count >= RS__CABLES_MAX) {
      return rs_diag_set(diag, RS_E_LIMIT, "more than %d cables", (int)RS__CABLES_MAX);
    }
    rs__file_edge *larger = RS_ARENA_NEW(graph->arena, rs__file_edge, capacity);
    if (larger == NULL) return rs_arena_failed(graph->arena, diag);
    if (graph->edge_count > 0) {
      memcpy(larger, graph->edges, graph->edge_count * sizeof *larger);
    }
    graph->edges = larger;
    graph->edge_capacity = capacity;
  }
  graph->edges[graph->edge_count++] = edge;
  return RS_OK;
}

uint8_t rs__cable_class_of(const char *word, size_t length) {
  for (uint8_t c = 0; c < RS_CABLE_CLASS_COUNT; c++) {
    const char *name = rs_cable_class_word((rs_cable_class)c);
    if (strlen(name) == length && memcmp(name, word, length) == 0) return c;
  }
  return RS_CABLE_CLASS_COUNT;
}

/* The most ports that a chip will use. */
static rs_status count_ports(const rs__file_graph *graph, uint64_t *ports, rs_diag *diag) {
  uint32_t *sending = RS_ARENA_NEW(graph->arena, uint32_t, graph->chip_count);
  uint32_t *receiving = RS_ARENA_NEW(graph->arena, uint32_t, graph->chip_count);
  if (sending == NULL || receiving == NULL) return rs_arena_failed(graph->arena, diag);
  for (size_t i = 0; i < graph->edge_count; i++) {
    const rs__file_edge *e = &graph->edges[i];
    sending[e->a]++;
    receiving[e->b]++;
    if (graph->directed) continue;
    sending[e->b]++;
    receiving[e->a]++;
  }
  *ports = 0;
  for (uint32_t chip = 0; chip < graph->chip_count; chip++) {
    *ports = RS_MAX(*ports, RS_MAX(sending[chip], receiving[chip]));
  }
  return RS_OK;
}

static rs_status plan(const rs__arguments *arguments, rs__plan *result, rs_diag *diag) {
  const rs__file_graph *graph = arguments->file;
  result->chips = graph->chip_count;
  result->cables = graph->edge_count;
  return count_ports(graph, &result->ports, diag);
}

static rs_status build(rs_arena *arena, const rs__arguments *arguments, rs_wiring_builder *builder,
                       rs_diag *diag) {
  const rs__file_graph *graph = arguments->file;
  (void)arena;
  if (graph->node_size > 0 || graph->rack_size > 0) {
    rs_wiring_builder_set_places(builder, graph->node_size, graph->rack_size);
  }
  for (size_t i = 0; i < graph->edge_count; i++) {
    const rs__file_edge *e = &graph->edges[i];
    rs_cable_class cable_class = e->cable_class == RS_CABLE_CLASS_COUNT
                                     ? rs__class_by_place(e->a, e->b)
                                     : (rs_cable_class)e->cable_class;
    rs_status status = graph->directed
                           ? rs_wiring_builder_add_fibre(builder, e->a, e->b, cable_class, diag)
                           : rs_wiring_builder_add(builder, e->a, e->b, cable_class, diag);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static const rs__family family_file = {NULL, 0, plan, build};

rs_status rs__file_graph_finish(rs__file_graph *graph, const char *spec, rs_topology **topology,
                                rs_diag *diag) {
  if (graph->chip_count == 0) {
    return rs_diag_set(diag, RS_E_INPUT, "the graph has no chips");
  }
  if (graph->chip_count > RS__CHIPS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "more than %d chips", (int)RS__CHIPS_MAX);
  }
  rs_topology *result = RS_ARENA_NEW(graph->arena, rs_topology, 1);
  rs__file_graph *kept = RS_ARENA_NEW(graph->arena, rs__file_graph, 1);
  if (result == NULL || kept == NULL) return rs_arena_failed(graph->arena, diag);
  *kept = *graph;
  result->family = &family_file;
  result->arguments.file = kept;
  result->spec = rs_arena_strdup(graph->arena, spec);
  if (result->spec == NULL) return rs_arena_failed(graph->arena, diag);
  rs_status status = plan(&result->arguments, &result->plan, diag);
  if (status == RS_OK) *topology = result;
  return status;
}

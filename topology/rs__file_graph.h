/*
 * Private to topology/: a graph that came from a text, as the arguments of the family "file".
 */
#ifndef RS__FILE_GRAPH_H
#define RS__FILE_GRAPH_H

#include "rs__family.h"

typedef struct rs__file_edge {
  uint32_t a, b;
  uint8_t cable_class; /* RS_CABLE_CLASS_COUNT: by place */
} rs__file_edge;

typedef struct rs__file_graph {
  rs_arena *arena;
  uint32_t chip_count;
  rs__file_edge *edges;
  size_t edge_count, edge_capacity;
  bool directed;
  uint32_t node_size, rack_size; /* 0: none */
} rs__file_graph;

rs_status rs__file_graph_add(rs__file_graph *graph, rs__file_edge edge, rs_diag *diag);
/* RS_CABLE_CLASS_COUNT when it is not a class's word. */
uint8_t rs__cable_class_of(const char *word, size_t length);
/* Checks bounds, plans, and makes the topology. */
rs_status rs__file_graph_finish(rs__file_graph *graph, const char *spec, rs_topology **topology,
                                rs_diag *diag);

#endif

/*
 * Topologies from a text: GraphML, or a list of edges. The text is the caller's; nothing here reads
 * a file. `spec` is what rs_topology_spec will print, such as "file:lab.graphml".
 *
 * GraphML: nodes become chips in their order; an undirected edge is a cable, a directed one a fibre
 * (mixing them is refused). Edge data with attr.name "class" may be node, rack or inter-rack; else
 * the class follows from counting chips off, 8 a node and 72 a rack. Node data "node" and "rack"
 * are taken when they count the chips off in equal runs from 0. Other data is passed over. Nested
 * graphs, hyperedges, edges from a chip to itself: RS_E_INPUT with line and column.
 *
 * Edge list: '#' starts a comment; `chips N` may come first, else the largest number decides;
 * `directed` makes fibres; `places NODE RACK` gives the chips a node and a rack (0: none); then a
 * line `A B [class]` a cable.
 *
 * rs_graph_write writes both forms, cables in an order that gives every cable its old ports again.
 */
#ifndef RS_GRAPH_READ_H
#define RS_GRAPH_READ_H

#include "rs_topology.h"

rs_status rs_topology_from_graphml(rs_arena *arena, const char *spec, const char *text,
                                   size_t length, rs_topology **topology, rs_diag *diag);

rs_status rs_topology_from_edges(rs_arena *arena, const char *spec, const char *text, size_t length,
                                 rs_topology **topology, rs_diag *diag);

/* GraphML when the text starts like XML, else a list of edges. */
rs_status rs_topology_from_text(rs_arena *arena, const char *spec, const char *text, size_t length,
                                rs_topology **topology, rs_diag *diag);

#endif

/*
 * A wiring as a text for other programs: GraphML, DOT, a list of edges, a SimGrid platform, a
 * picture.
 *
 * GraphML and the list of edges read back (rs_graph_read.h) to a wiring with the same chips, ports
 * and classes, that is the same digest, as long as ports are handed out without gaps. The others
 * are for looking and for simulating elsewhere. Output depends on the wiring and the options only.
 * Writing is O(links); the caller owns the sink and looks at sink->failed.
 */
#ifndef RS_GRAPH_WRITE_H
#define RS_GRAPH_WRITE_H

#include "rs_text.h"
#include "rs_timing.h"

typedef enum rs_graph_format {
  RS_GRAPH_GRAPHML, /* .graphml */
  RS_GRAPH_DOT,     /* .dot .gv */
  RS_GRAPH_EDGES,   /* .edges .txt */
  RS_GRAPH_SIMGRID, /* .xml: hosts chip0 …, Dijkstra routing, parallel cables as one fat link */
  RS_GRAPH_SVG,     /* .svg: groups, a group in full, and the matrix of all links */
  RS_GRAPH_FORMAT_COUNT
} rs_graph_format;

typedef struct rs_graph_write_options {
  const char *title;       /* the spec; NULL: none */
  const rs_timing *timing; /* of RS_GRAPH_SIMGRID: rates and latencies; NULL: the unit timing */
} rs_graph_write_options;

/* "node", "rack", "inter-rack" */
const char *rs_cable_class_word(rs_cable_class cable_class);

/* By the ending of a file's name; RS_E_INPUT names the endings there are. */
rs_status rs_graph_format_of_name(const char *file_name, rs_graph_format *format, rs_diag *diag);

/* options may be NULL. RS_E_SYSTEM when the sink refuses. */
rs_status rs_graph_write(rs_arena *arena, const rs_wiring *wiring, rs_graph_format format,
                         const rs_graph_write_options *options, rs_sink *sink, rs_diag *diag);

#endif

/*
 * Private to topology/: the writers, one a format.
 */
#ifndef RS__GRAPH_WRITE_H
#define RS__GRAPH_WRITE_H

#include "rs_graph_write.h"

typedef struct rs__graph_writing {
  const rs_wiring *wiring;
  const char *title; /* never NULL */
  const rs_timing *timing;
  const uint32_t *order; /* [cable_count] one link a cable, in the order of writing */
  bool directed;
  rs_sink *sink;
} rs__graph_writing;

void rs__graph_write_graphml(const rs__graph_writing *w);
void rs__graph_write_dot(const rs__graph_writing *w);
void rs__graph_write_edges(const rs__graph_writing *w);
void rs__graph_write_simgrid(const rs__graph_writing *w);
/* Needs no order. */
rs_status rs__graph_write_svg(rs_arena *arena, const rs__graph_writing *w, rs_diag *diag);

/* How many chips a node (or a rack) has; 0 without places. */
uint32_t rs__graph_run_size(const uint32_t *place_of, uint32_t chip_count);

#endif

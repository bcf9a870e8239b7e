/*
 * Private to topology/: igraph behind a lock, with errors that come back as rs_status.
 */
#ifndef RS__MEASURE_H
#define RS__MEASURE_H

#include <igraph.h>

#include "rs_measure.h"

/* What to do with the graph while the lock is held. */
typedef igraph_error_t rs__igraph_work(const igraph_t *graph, void *context);

/* Builds the wiring's graph and calls `work` on it, one caller in the process at a time. Cables are
 * undirected edges, parallel ones included; a wiring of fibres becomes a directed graph. */
rs_status rs__igraph_run(const rs_wiring *wiring, rs__igraph_work *work, void *context,
                         rs_diag *diag);

rs_status rs__measure_edge_connectivity(const rs_wiring *wiring, int64_t *result, rs_diag *diag);

#endif

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

/* Of a connected wiring. Ours, but for fibres where a chip sends on more or fewer than it receives
 * on; those are igraph's. */
rs_status rs__measure_edge_connectivity(rs_arena *arena, const rs_wiring *wiring, int64_t *result,
                                        rs_diag *diag);
rs_status rs__measure_edge_connectivity_igraph(const rs_wiring *wiring, int64_t *result,
                                               rs_diag *diag);

/* λ₂ of the Laplacian, a fibre counting half a cable. */
rs_status rs__measure_lambda2(const rs_wiring *wiring, double *lambda2, rs_diag *diag);
rs_status rs__measure_betweenness(rs_arena *arena, const rs_wiring *wiring, rs_measure_more *more,
                                  rs_diag *diag);
rs_status rs__measure_symmetry(rs_arena *arena, const rs_wiring *wiring, rs_measure_more *more,
                               rs_diag *diag);

rs_status rs__measure_girth(rs_arena *arena, const rs_wiring *wiring, uint32_t *girth,
                            rs_diag *diag);
/* Links between the halves of the best cut found, both directions. */
rs_status rs__measure_cut(rs_arena *arena, const rs_wiring *wiring, int64_t *links, rs_diag *diag);

#endif

/*
 * Graph measures of a wiring. Exact; distances count links from chip to chip.
 *
 * Distances: breadth-first search from 64 sources at a time, one bit each (our own: igraph needs 4
 * s where this needs 0.1 s at 10,440 chips); the rest is igraph's. igraph is not thread-safe in
 * Debian's build: rs_measure_run takes a process-wide lock around it.
 * Edge connectivity costs tens of seconds at 10,440 chips, so it is asked for by flag.
 */
#ifndef RS_MEASURE_H
#define RS_MEASURE_H

#include "rs_wiring.h"

#define RS_MEASURE_HOPS_MAX 64

typedef struct rs_measure {
  uint32_t chips;
  uint32_t ports_max; /* largest number of ports used on a chip */
  uint32_t degree_min, degree_max;
  uint32_t cables;
  uint32_t cables_by_class[RS_CABLE_CLASS_COUNT];
  uint32_t diameter_hops;
  double average_hops;                        /* over ordered pairs of different chips */
  uint64_t pairs_at[RS_MEASURE_HOPS_MAX + 1]; /* ordered pairs at each distance */
  bool connected;
  int64_t edge_connectivity; /* −1: not asked for */
} rs_measure;

/* Distances only: O(chips · links / 64). Disconnected: connected = false, the rest over reachable
 * pairs. */
rs_status rs_measure_distances(rs_arena *arena, const rs_wiring *wiring, rs_measure *measure,
                               rs_diag *diag);

/* All of the above; edge connectivity when `with_connectivity`. */
rs_status rs_measure_run(rs_arena *arena, const rs_wiring *wiring, bool with_connectivity,
                         rs_measure *measure, rs_diag *diag);

#endif

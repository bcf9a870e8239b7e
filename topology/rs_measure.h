/*
 * Graph measures of a wiring. Exact; distances count links from chip to chip.
 *
 * Distances, edge connectivity, betweenness, girth and cuts are ours, because igraph needs a minute
 * at 10,440 chips where they need 8 s; λ₂ and symmetries are igraph's. igraph is not thread-safe in
 * Debian's build: a process-wide lock stands around it.
 */
#ifndef RS_MEASURE_H
#define RS_MEASURE_H

#include "rs_wiring.h"

#define RS_MEASURE_HOPS_MAX 64

typedef struct rs_measure {
  uint32_t chips;
  uint32_t ports_max;              /* largest number of ports used on a chip */
  uint32_t degree_min, degree_max; /* links that leave a chip, parallel ones counted */
  uint32_t cables;
  uint32_t cables_by_class[RS_CABLE_CLASS_COUNT];
  uint32_t diameter_hops;
  double average_hops;                        /* over ordered pairs of different chips */
  uint64_t pairs_at[RS_MEASURE_HOPS_MAX + 1]; /* ordered pairs at each distance; the last: and
                                                 beyond */
  bool connected;
  uint32_t working_chips; /* all but the spare ones; the two below are over pairs of them, by paths
                             over any chip */
  uint32_t working_diameter_hops;
  double working_average_hops;
  int64_t edge_connectivity; /* −1: not asked for */
} rs_measure;

/* Chips, ports, degrees and cables; distances stay 0. O(links). */
void rs_measure_cables(const rs_wiring *wiring, rs_measure *measure);

/* And distances: O(chips · links / 64). Disconnected: connected = false, the rest over reachable
 * pairs. */
rs_status rs_measure_distances(rs_arena *arena, const rs_wiring *wiring, rs_measure *measure,
                               rs_diag *diag);

/* All of the above; edge connectivity when `with_connectivity`: 0.2 s at 10,440 chips. */
rs_status rs_measure_run(rs_arena *arena, const rs_wiring *wiring, bool with_connectivity,
                         rs_measure *measure, rs_diag *diag);

/* ---- more, each asked for by its flag ---- */

typedef enum rs_measure_part {
  RS_MEASURE_GIRTH = 1,
  RS_MEASURE_MOORE = 2,        /* distances of the best graph that could be */
  RS_MEASURE_READINGS = 4,     /* of "16n cables" */
  RS_MEASURE_BISECTION = 8,    /* a cut found, and a bound; 0.3 s at 10,440 chips */
  RS_MEASURE_BETWEENNESS = 16, /* O(chips · links): 7 s at 10,440 chips */
  RS_MEASURE_SYMMETRY = 32,
  RS_MEASURE_ALL = 63
} rs_measure_part;

/* What was not asked for is 0. */
typedef struct rs_measure_more {
  uint32_t girth; /* links of the shortest cycle, 2 with parallel cables; 0: no cycle */

  /* A graph of degree_max has at most d·(d−1)^(k−1) chips at distance k from a chip. Of a wiring of
   * fibres d^k. Bounds for as many chips: */
  uint64_t moore_chips; /* chips that degree and diameter would allow, at most 2^62 */
  uint32_t moore_diameter_hops;
  double moore_average_hops;

  /* Three readings of "16n cables": n = nodes and node-leaving cables; n = chips and cable ends;
   * cables a chip. The first is 0 without nodes. */
  double leaving_cables_per_node;
  double cable_ends_per_chip;
  double cables_per_chip;

  /* Halves of ⌊n/2⌋ and ⌈n/2⌉ chips. Two fibres count as a cable. */
  int64_t bisection_cables;      /* of the best cut found: an upper bound */
  int64_t bisection_cables_min;  /* ⌈λ₂·⌊n/2⌋·⌈n/2⌉/n⌉: a lower bound */
  double algebraic_connectivity; /* λ₂ of the Laplacian */

  /* Shortest paths of all ordered pairs, split evenly among equals, that cross a directed link. */
  double betweenness_max;
  double betweenness_mean;

  /* Symmetries that keep chips, and cables between chips by number. */
  char automorphisms[64]; /* their number; may be in scientific notation when it is huge */
  uint32_t orbits; /* classes of chips that they move onto each other; 1: all chips are alike */
} rs_measure_more;

/* `measure` is the result of rs_measure_distances on the same wiring. */
rs_status rs_measure_run_more(rs_arena *arena, const rs_wiring *wiring, const rs_measure *measure,
                              unsigned parts, rs_measure_more *more, rs_diag *diag);

#endif

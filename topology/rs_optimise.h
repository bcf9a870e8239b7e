/*
 * A search over the port tables of realscale:N with racks: which chip of a rack has which of its
 * 144 rack-leaving ports.
 *
 * From the table of the spec, seeded swaps of two entries, kept when the objective (ordered pairs
 * beyond target_hops, then the sum of all distances) is not worse. Deterministic in (spec, seed,
 * target_hops, steps): a run that `stop` ended is repeated by steps_max = the steps that it made.
 *
 * A step is a breadth-first search from the 72 chips of one rack when all racks are full, since all
 * racks then see the same picture; else from every rack. O(chips) words a level: 10,440 chips cost
 * about 1 ms a step.
 */
#ifndef RS_OPTIMISE_H
#define RS_OPTIMISE_H

#include "rs_topology.h"

typedef struct rs_optimise_options {
  uint64_t seed;
  uint64_t steps_max;
  uint32_t target_hops;        /* 0: one less than the diameter at the start */
  bool (*stop)(void *context); /* NULL, or asked before every step: true ends the search */
  void *stop_context;
} rs_optimise_options;

typedef struct rs_optimise_measure {
  uint64_t pairs_beyond; /* ordered pairs at more than target_hops */
  uint64_t hops_total;   /* over ordered pairs */
  uint32_t diameter_hops;
  double average_hops;
} rs_optimise_measure;

typedef struct rs_optimise_result {
  const char *spec;   /* realscale:N,ports=…: parses back to the wiring that was found */
  uint8_t ports[144]; /* rack chip of each rack port */
  uint32_t target_hops;
  rs_optimise_measure before, after;
  uint64_t steps;    /* swaps that were tried */
  uint64_t accepted; /* of them, kept */
  uint64_t improved; /* of them, better than before and not only as good */
} rs_optimise_result;

/* RS_E_INFEASIBLE: not a realscale system with two racks or more. The spec is the arena's. */
rs_status rs_optimise_ports(rs_arena *arena, const rs_topology *start,
                            const rs_optimise_options *options, rs_optimise_result *result,
                            rs_diag *diag);

#endif

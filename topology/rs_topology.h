/*
 * Topologies: one line of text names a wiring, and prints back to itself.
 *
 *   spec   = family ":" arguments          mesh:8   ring:8   realscale:264   torus:4x4x4
 *   arguments are what the family's row of the table says; rs_topology_families() lists them with
 *   an example each. Parsing normalises ("realscale: 264" → "realscale:264") and never allocates a
 *   graph; building does.
 *
 * Errors carry the column inside the spec (diag line 1) and a suggestion: the nearest family name,
 * or the nearest parameters that have a construction.
 *
 * realscale:N is the system of 8-chip nodes: each node a full mesh (28 cables), 4 node-leaving
 * ports a chip = 32 a node. Up to 33 nodes, one level: m = ⌊32/(n−1)⌋ cables a node pair. Beyond (or
 * with levels=2), racks of 9 nodes: 144 ports join the rack's nodes pairwise twice, 144 leave the
 * rack, ⌊144/(R−1)⌋ cables a pair of R racks; ports=TABLE says which chip has which of the 144, as
 * rs_optimise.h finds them. spare=1 keeps a node of each rack free. Constructions and their sources: docs/topologies.md.
 */
#ifndef RS_TOPOLOGY_H
#define RS_TOPOLOGY_H

#include "rs_wiring.h"

typedef struct rs_topology rs_topology;

typedef struct rs_topology_options {
  uint32_t ports_max; /* ports a chip has; 0: the family's default: 16, of lprack 30 */
} rs_topology_options;

typedef struct rs_topology_family {
  const char *name;      /* "realscale" */
  const char *arguments; /* "N" */
  const char *example;   /* "realscale:264" */
  const char *summary;   /* one line */
} rs_topology_family;

const rs_topology_family *rs_topology_families(size_t *count);

/* Checks the text and its parameters. The result is the arena's. */
rs_status rs_topology_parse(rs_arena *arena, const char *spec, rs_topology **topology,
                            rs_diag *diag);

/* The canonical spec: parses back to an equal topology. */
const char *rs_topology_spec(const rs_topology *topology);
uint32_t rs_topology_chip_count(const rs_topology *topology);

/* Hot spares (realscale:N,spare=1: the last node of every rack of two nodes or more): wired like the
 * others, and they forward, but no work is placed on them. The built wiring says the same. */
bool rs_topology_is_spare(const rs_topology *topology, uint32_t chip);

/* Lanes that a cable of this class bundles: 4, of lprack 4 in a tray and 2 between trays. */
uint32_t rs_topology_lanes(const rs_topology *topology, rs_cable_class cable_class);

/* Builds the wiring (checked with rs_wiring_check). RS_E_INFEASIBLE when a chip would need more
 * than ports_max ports; the message says how many. options may be NULL. */
rs_status rs_topology_build(rs_arena *arena, const rs_topology *topology,
                            const rs_topology_options *options, rs_wiring **wiring, rs_diag *diag);

#endif

/*
 * The wiring: chips, ports, cables, and the directed links that they make.
 *
 * A cable joins two ports; it is two directed links, each the `reverse` of the other. (Some graphs
 * send and receive of one port lead to different chips; such a link has reverse = RS_NONE.)
 *
 * Invariants (rs_wiring_check):
 *   - links are sorted by (from, to, from_port); a link's index is its name everywhere;
 *   - out_first[c] … out_first[c+1] are the links that leave chip c, in_links[in_first[c] … ] those
 *     that enter it, ordered by (from, from_port);
 *   - no link from a chip to itself; a port sends on at most one link and receives on at most one;
 *   - reverse(reverse(l)) = l, and both have the same class and swapped ends.
 * Parallel cables between two chips are allowed: they differ in from_port, and are called copy
 * 0, 1, … in that order.
 *
 * All memory is the arena's. Building is O(links · log links).
 */
#ifndef RS_WIRING_H
#define RS_WIRING_H

#include "rs_arena.h"
#include "rs_math.h"
#include "rs_text.h"

#define RS_NONE UINT32_MAX

typedef enum rs_cable_class {
  RS_CABLE_NODE,       /* inside an 8-chip node: copper, about 0.75 m */
  RS_CABLE_RACK,       /* between nodes of a rack: copper, below 2 m */
  RS_CABLE_INTER_RACK, /* between racks: active optical */
  RS_CABLE_CLASS_COUNT
} rs_cable_class;

typedef struct rs_link {
  uint32_t from; /* chip */
  uint32_t to;   /* chip */
  uint32_t reverse;
  uint16_t from_port;
  uint16_t to_port;
  uint8_t cable_class; /* rs_cable_class */
} rs_link;

typedef struct rs_wiring {
  uint32_t chip_count;
  uint32_t link_count;
  uint32_t cable_count; /* a link without a reverse counts as one cable */
  rs_link *links;
  uint32_t *out_first; /* chip_count + 1 */
  uint32_t *in_first;  /* chip_count + 1 */
  uint32_t *in_links;  /* link_count */
  uint32_t *node_of;   /* chip → node, or NULL when there are none */
  uint32_t *rack_of;   /* chip → rack, or NULL */
  bool *spare;         /* chip → it stands by: wired and forwarding, but given no work; or NULL */
} rs_wiring;

/* ---- building ---- */

typedef struct rs_wiring_builder rs_wiring_builder;

/* Scratch and result live in the arena. */
rs_wiring_builder *rs_wiring_builder_create(rs_arena *arena, uint32_t chip_count);

/* Adds a cable; each end takes the chip's next free port. */
rs_status rs_wiring_builder_add(rs_wiring_builder *builder, uint32_t a, uint32_t b,
                                rs_cable_class cable_class, rs_diag *diag);

/* Adds one directed fibre; takes the sender's next free transmit and the receiver's next free
 * receive port. Not to be mixed with rs_wiring_builder_add in one wiring. */
rs_status rs_wiring_builder_add_fibre(rs_wiring_builder *builder, uint32_t from, uint32_t to,
                                      rs_cable_class cable_class, rs_diag *diag);

/* node_size chips a node, rack_size chips a rack; 0 = there are none. */
void rs_wiring_builder_set_places(rs_wiring_builder *builder, uint32_t node_size,
                                  uint32_t rack_size);

/* The chip stands by as a spare. RS_E_NO_MEMORY. */
rs_status rs_wiring_builder_set_spare(rs_wiring_builder *builder, uint32_t chip, rs_diag *diag);

rs_status rs_wiring_builder_finish(rs_wiring_builder *builder, rs_wiring **wiring, rs_diag *diag);

/* ---- asking ---- */

/* The copy-th link from → to, or RS_NONE. O(log degree). */
uint32_t rs_wiring_find_link(const rs_wiring *wiring, uint32_t from, uint32_t to, uint32_t copy);

/* Which copy a link is among the links between its ends: 0, 1, … */
uint32_t rs_wiring_link_copy(const rs_wiring *wiring, uint32_t link);

static inline uint32_t rs_wiring_out_degree(const rs_wiring *wiring, uint32_t chip) {
  return wiring->out_first[chip + 1] - wiring->out_first[chip];
}

/* The chips that are given work, ascending: all but the spare ones. O(chips). */
rs_status rs_wiring_working(rs_arena *arena, const rs_wiring *wiring, uint32_t **chips,
                            uint32_t *count, rs_diag *diag);
uint32_t rs_wiring_working_count(const rs_wiring *wiring);

/* "12>13", or "12>13.1" for copy 1. */
void rs_wiring_link_name(const rs_wiring *wiring, uint32_t link, char *text, size_t size);

/* Over chips, links, ports and classes; equal wirings have equal digests. */
uint64_t rs_wiring_digest(const rs_wiring *wiring);

/* Verifies the invariants above. RS_E_REFUSED with the first violation. O(links). */
rs_status rs_wiring_check(const rs_wiring *wiring, rs_diag *diag);

#endif

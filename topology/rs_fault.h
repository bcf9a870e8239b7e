/*
 * Faults: a wiring without some of its cables and chips.
 *
 * Chips keep their numbers and ports keep theirs, so that what was planned for the whole wiring can
 * be held against the broken one: a chip that failed is still counted and has no links. Links are
 * renumbered (a link's index is its place in the order), and `old_link` says which was which. With
 * `renumber` failed chips go away and the others move up, in order, for measuring what is left.
 */
#ifndef RS_FAULT_H
#define RS_FAULT_H

#include "rs_wiring.h"

typedef struct rs_faults {
  const uint32_t *links; /* link indices; both directions of the cable go */
  uint32_t link_count;
  const uint32_t *chips; /* all cables of the chip go */
  uint32_t chip_count;
  bool renumber;
} rs_faults;

/* The faults of a text: "12" is a chip, "12-13" the cable between two chips, "12-13.1" its copy 1;
 * between commas. RS_E_INPUT with the column when there is no such chip or cable. */
rs_status rs_faults_parse(rs_arena *arena, const rs_wiring *wiring, const char *text,
                          rs_faults *faults, rs_diag *diag);

/* `cables` different cables and `chips` different chips, by seed. */
rs_status rs_faults_draw(rs_arena *arena, const rs_wiring *wiring, uint32_t cables, uint32_t chips,
                         uint64_t seed, rs_faults *faults, rs_diag *diag);

/* The wiring without them. *old_link, *old_chip (either may be NULL): [new link] and [new chip] →
 * the number in `wiring`. A fault that is named twice counts once. O(links). */
rs_status rs_faults_apply(rs_arena *arena, const rs_wiring *wiring, const rs_faults *faults,
                          rs_wiring **result, uint32_t **old_link, uint32_t **old_chip,
                          rs_diag *diag);

#endif

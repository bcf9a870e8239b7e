/*
 * A row of measures of a wiring: what `realscale topology` and `task: topology` both print.
 */
#ifndef RS_WIRING_ROW_H
#define RS_WIRING_ROW_H

#include "rs_measure.h"
#include "rs_table.h"

typedef struct rs_wiring_row {
  const char *spec;   /* canonical */
  const char *family; /* the word before the colon */
  rs_measure measure;
  rs_measure_more more;
  unsigned parts;    /* of `more` that were measured */
  double cable_cost; /* Σ cables · cost of their class */
  bool has_places;
} rs_wiring_row;

/* Relative cost of a cable by class: what a copper cable inside a node costs is 1. */
typedef struct rs_cable_costs {
  double by_class[RS_CABLE_CLASS_COUNT];
} rs_cable_costs;

/* Assumed, for comparing: 1, 2 and 10 (optics with transceivers); docs/topologies.md. */
extern const rs_cable_costs rs_cable_costs_default;

const char *const *rs_wiring_row_columns(size_t *count);

/* Edge connectivity, betweenness and symmetry are slow beyond 2,000 chips (40 s, 17 s and 1 s at
 * 10,440), and then measured only when `all`. */
rs_status rs_wiring_row_measure(rs_arena *arena, const char *spec, const rs_wiring *wiring,
                                bool all, const rs_cable_costs *costs, rs_wiring_row *row,
                                rs_diag *diag);

/* The cell of a column; absent where it was not measured. Texts are the row's. */
rs_cell rs_wiring_row_cell(const rs_wiring_row *row, size_t column);

#endif

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
  unsigned parts;                       /* of `more` that were measured */
  double cable_cost;                    /* Σ cables · cost of their class */
  double cable_m[RS_CABLE_CLASS_COUNT]; /* cables · length of their class, assumed: 0.75, 2, 10 m */
  bool has_places;
  bool has_distances; /* false: too many chips, and not asked for all */
  uint32_t connected; /* 1: every chip reaches every other */
  uint32_t spare_chips;
} rs_wiring_row;

/* Relative cost of a cable by class: what a copper cable inside a node costs is 1. */
typedef struct rs_cable_costs {
  double by_class[RS_CABLE_CLASS_COUNT];
} rs_cable_costs;

/* Assumed, for comparing: 1, 2 and 10 (optics with transceivers); docs/topologies.md. */
extern const rs_cable_costs rs_cable_costs_default;

const char *const *rs_wiring_row_columns(size_t *count);

/* Betweenness and symmetry beyond 2,000 chips (7 s at 10,440), connectivity beyond 12,000 and distances with
 * what follows from them beyond 100,000, are measured only when `all`. */
rs_status rs_wiring_row_measure(rs_arena *arena, const char *spec, const rs_wiring *wiring,
                                bool all, const rs_cable_costs *costs, rs_wiring_row *row,
                                rs_diag *diag);

/* The cell of a column; absent where it was not measured. Texts are the row's. */
rs_cell rs_wiring_row_cell(const rs_wiring_row *row, size_t column);

#endif

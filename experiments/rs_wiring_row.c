/* Measures of a wiring as cells, one table row a column. */
#include "rs_wiring_row.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define SLOW_CHIPS_MAX 2000
#define CONNECTIVITY_CHIPS_MAX 12000 /* 0.1 s at 10,440; a torus of 32,768 takes 31 s */
#define DISTANCES_CHIPS_MAX 100000   /* all pairs of more take minutes */
#define PART_DISTANCES 1024U         /* beside the parts of rs_measure.h */
#define PART_SPARES 2048U

const rs_cable_costs rs_cable_costs_default = {{1, 2, 10}};

/* Metres of a cable by class: those for which docs/chip_model.md gives the latencies. */
static const double lengths_m[RS_CABLE_CLASS_COUNT] = {0.75, 2, 10};

typedef enum source_kind { FROM_TEXT, FROM_U32, FROM_I64, FROM_U64, FROM_DOUBLE } source_kind;

/* A column: where its value stands in the row, and which part of `more` makes it (0: always). */
typedef struct source {
  source_kind kind;
  size_t offset;
  unsigned part;
} source;

#define IN_ROW(field) offsetof(rs_wiring_row, field)

static const char *const columns[] = {"topology",
                                      "chips",
                                      "diameter_hops",
                                      "average_hops",
                                      "degree_min",
                                      "degree_max",
                                      "cables",
                                      "cables_node",
                                      "cables_rack",
                                      "cables_inter_rack",
                                      "ports_max",
                                      "edge_connectivity",
                                      "family",
                                      "cables_per_chip",
                                      "cable_ends_per_chip",
                                      "node_leaving_cables_per_node",
                                      "girth",
                                      "moore_diameter_hops",
                                      "moore_average_hops",
                                      "moore_chips",
                                      "bisection_cables_found",
                                      "bisection_cables_min",
                                      "betweenness_max",
                                      "betweenness_mean",
                                      "automorphisms",
                                      "orbits",
                                      "cable_cost",
                                      "connected",
                                      "spare_chips",
                                      "working_diameter_hops",
                                      "working_average_hops",
                                      "cable_m_node",
                                      "cable_m_rack",
                                      "cable_m_inter_rack"};

static const source sources[RS_COUNT_OF(columns)] = {
    {FROM_TEXT, IN_ROW(spec), 0},
    {FROM_U32, IN_ROW(measure.chips), 0},
    {FROM_U32, IN_ROW(measure.diameter_hops), PART_DISTANCES},
    {FROM_DOUBLE, IN_ROW(measure.average_hops), PART_DISTANCES},
    {FROM_U32, IN_ROW(measure.degree_min), 0},
    {FROM_U32, IN_ROW(measure.degree_max), 0},
    {FROM_U32, IN_ROW(measure.cables), 0},
    {FROM_U32, IN_ROW(measure.cables_by_class[RS_CABLE_NODE]), 0},
    {FROM_U32, IN_ROW(measure.cables_by_class[RS_CABLE_RACK]), 0},
    {FROM_U32, IN_ROW(measure.cables_by_class[RS_CABLE_INTER_RACK]), 0},
    {FROM_U32, IN_ROW(measure.ports_max), 0},
    {FROM_I64, IN_ROW(measure.edge_connectivity), 0},
    {FROM_TEXT, IN_ROW(family), 0},
    {FROM_DOUBLE, IN_ROW(more.cables_per_chip), RS_MEASURE_READINGS},
    {FROM_DOUBLE, IN_ROW(more.cable_ends_per_chip), RS_MEASURE_READINGS},
    {FROM_DOUBLE, IN_ROW(more.leaving_cables_per_node), RS_MEASURE_READINGS},
    {FROM_U32, IN_ROW(more.girth), RS_MEASURE_GIRTH},
    {FROM_U32, IN_ROW(more.moore_diameter_hops), RS_MEASURE_MOORE},
    {FROM_DOUBLE, IN_ROW(more.moore_average_hops), RS_MEASURE_MOORE},
    {FROM_U64, IN_ROW(more.moore_chips), RS_MEASURE_MOORE},
    {FROM_I64, IN_ROW(more.bisection_cables), RS_MEASURE_BISECTION},
    {FROM_I64, IN_ROW(more.bisection_cables_min), RS_MEASURE_BISECTION},
    {FROM_DOUBLE, IN_ROW(more.betweenness_max), RS_MEASURE_BETWEENNESS},
    {FROM_DOUBLE, IN_ROW(more.betweenness_mean), RS_MEASURE_BETWEENNESS},
    {FROM_TEXT, IN_ROW(more.automorphisms), RS_MEASURE_SYMMETRY},
    {FROM_U32, IN_ROW(more.orbits), RS_MEASURE_SYMMETRY},
    {FROM_DOUBLE, IN_ROW(cable_cost), 0},
    {FROM_U32, IN_ROW(connected), PART_DISTANCES},
    {FROM_U32, IN_ROW(spare_chips), PART_SPARES},
    {FROM_U32, IN_ROW(measure.working_diameter_hops), PART_SPARES | PART_DISTANCES},
    {FROM_DOUBLE, IN_ROW(measure.working_average_hops), PART_SPARES | PART_DISTANCES},
    {FROM_DOUBLE, IN_ROW(cable_m[RS_CABLE_NODE]), 0},
    {FROM_DOUBLE, IN_ROW(cable_m[RS_CABLE_RACK]), 0},
    {FROM_DOUBLE, IN_ROW(cable_m[RS_CABLE_INTER_RACK]), 0},
};

const char *const *rs_wiring_row_columns(size_t *count) {
  *count = RS_COUNT_OF(columns);
  return columns;
}

rs_status rs_wiring_row_measure(rs_arena *arena, const char *spec, const rs_wiring *wiring,
                                bool all, const rs_cable_costs *costs, rs_wiring_row *row,
                                rs_diag *diag) {
  bool small = wiring->chip_count <= SLOW_CHIPS_MAX;
  const char *colon = strchr(spec, ':');
  *row = (rs_wiring_row){.spec = spec, .has_places = wiring->node_of != NULL};
  row->family =
      rs_arena_strndup(arena, spec, colon == NULL ? strlen(spec) : (size_t)(colon - spec));
  if (row->family == NULL) return rs_arena_failed(arena, diag);
  row->has_distances = all || wiring->chip_count <= DISTANCES_CHIPS_MAX;
  rs_status status = RS_OK;
  if (row->has_distances) {
    status = rs_measure_run(arena, wiring, all || wiring->chip_count <= CONNECTIVITY_CHIPS_MAX,
                            &row->measure, diag);
  } else {
    rs_measure_cables(wiring, &row->measure);
  }
  if (status != RS_OK) return status;
  row->connected = row->measure.connected ? 1 : 0;
  row->spare_chips = wiring->chip_count - row->measure.working_chips;
  row->parts = row->has_distances ? RS_MEASURE_ALL : RS_MEASURE_READINGS;
  if (!small && !all) row->parts &= ~(unsigned)(RS_MEASURE_BETWEENNESS | RS_MEASURE_SYMMETRY);
  if (row->has_distances) row->parts |= PART_DISTANCES;
  if (row->spare_chips > 0) row->parts |= PART_SPARES;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    double cables = (double)row->measure.cables_by_class[k];
    row->cable_cost += cables * costs->by_class[k];
    row->cable_m[k] = cables * lengths_m[k];
  }
  return rs_measure_run_more(arena, wiring, &row->measure, row->parts, &row->more, diag);
}

rs_cell rs_wiring_row_cell(const rs_wiring_row *row, size_t column) {
  assert(column < RS_COUNT_OF(columns));
  const source *s = &sources[column];
  const char *place = (const char *)row + s->offset;
  rs_cell cell = {.kind = RS_CELL_ABSENT};
  bool places = strcmp(columns[column], "node_leaving_cables_per_node") != 0 || row->has_places;
  if ((row->parts & s->part) != s->part || !places) return cell;
  uint32_t small;
  uint64_t large;
  switch (s->kind) {
    case FROM_TEXT:
      cell.kind = RS_CELL_TEXT;
      if (strcmp(columns[column], "automorphisms") == 0) {
        cell.text = place; /* an array in the row, not a pointer */
      } else {
        memcpy(&cell.text, place, sizeof cell.text);
      }
      return cell;
    case FROM_U32:
      memcpy(&small, place, sizeof small);
      cell.integer = small;
      break;
    case FROM_U64:
      memcpy(&large, place, sizeof large);
      cell.integer = (int64_t)RS_MIN(large, (uint64_t)INT64_MAX);
      break;
    case FROM_I64:
      memcpy(&cell.integer, place, sizeof cell.integer);
      if (cell.integer < 0) return cell; /* not asked for */
      break;
    case FROM_DOUBLE:
      memcpy(&cell.number, place, sizeof cell.number);
      cell.kind = RS_CELL_DOUBLE;
      return cell;
  }
  cell.kind = RS_CELL_I64;
  return cell;
}

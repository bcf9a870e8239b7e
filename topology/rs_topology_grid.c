/*
 * Families whose chips are words of coordinates: full mesh, ring, torus, grid, hypercube, HyperX.
 *
 * All are products: chips are the points of a grid, numbered with the last coordinate fastest, and
 * along each coordinate they form a full mesh, a ring or a line. So one builder serves all six.
 * Sources: HyperX: Ahn et al., "HyperX: topology, routing, and packaging of efficient large-scale
 * networks", SC 2009. The others are folklore.
 */
#include "rs__family.h"

#define MESH_SIZE_MAX 65536 /* a chip's ports are counted in 16 bits */

typedef enum line_kind { ALONG_MESH, ALONG_RING, ALONG_LINE } line_kind;

/* The grid of a spec and what runs along its coordinates. */
typedef struct grid {
  uint32_t dims[RS__CHIPS_BITS];
  uint32_t dim_count;
  line_kind along;
} grid;

/* ---- one plan and one builder ---- */

/* The most ports that a chip needs for one coordinate. */
static uint64_t ports_along(const grid *g, uint32_t size) {
  if (g->along == ALONG_MESH) return size - 1;
  return size > 2 ? 2 : 1; /* both ways round a ring of 2 are one cable */
}

/* Cables of `size` chips along one coordinate. */
static uint64_t cables_along(const grid *g, uint32_t size) {
  if (g->along == ALONG_LINE) return size - 1;
  return size * ports_along(g, size) / 2;
}

static rs_status plan_words(const grid *g, rs__plan *plan) {
  *plan = (rs__plan){.chips = 1};
  for (uint32_t d = 0; d < g->dim_count; d++) {
    plan->chips = rs__mul_saturate(plan->chips, g->dims[d]);
    plan->ports += ports_along(g, g->dims[d]);
  }
  for (uint32_t d = 0; d < g->dim_count; d++) {
    uint64_t lines = plan->chips / g->dims[d];
    plan->cables += rs__mul_saturate(lines, cables_along(g, g->dims[d]));
  }
  return RS_OK;
}

/* Cables from the chip to chips after it on the line through coordinate d: to all of them in a full
 * mesh, else to the next, and on a ring from the first to the last. */
static rs_status add_along(const grid *g, rs_wiring_builder *builder, uint32_t chip,
                           uint32_t stride, uint32_t size, rs_diag *diag) {
  uint32_t at = chip / stride % size;
  uint32_t end = g->along == ALONG_MESH ? size : RS_MIN(at + 2, size);
  for (uint32_t other = at + 1; other < end; other++) {
    rs_status status = rs__cable_add(builder, chip, chip + (other - at) * stride, diag);
    if (status != RS_OK) return status;
  }
  if (g->along != ALONG_RING || at != 0 || size == 2) return RS_OK;
  return rs__cable_add(builder, chip, chip + (size - 1) * stride, diag);
}

static rs_status build_words(const grid *g, rs_wiring_builder *builder, rs_diag *diag) {
  uint32_t chips = 1;
  for (uint32_t d = 0; d < g->dim_count; d++) chips *= g->dims[d];
  for (uint32_t chip = 0; chip < chips; chip++) {
    uint32_t stride = chips;
    for (uint32_t d = 0; d < g->dim_count; d++) {
      stride /= g->dims[d];
      rs_status status = add_along(g, builder, chip, stride, g->dims[d], diag);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

/* ---- the grids of the six families ---- */

static grid grid_of_line(const rs__arguments *arguments, line_kind along) {
  return (grid){.dims = {(uint32_t)arguments->value[0]}, .dim_count = 1, .along = along};
}

static grid grid_of_dims(const rs__arguments *arguments, line_kind along) {
  grid g = {.dim_count = arguments->dim_count, .along = along};
  for (uint32_t d = 0; d < g.dim_count; d++) g.dims[d] = arguments->dims[d];
  return g;
}

static grid grid_of_cube(const rs__arguments *arguments) {
  grid g = {.dim_count = (uint32_t)arguments->value[0]};
  for (uint32_t d = 0; d < g.dim_count; d++) g.dims[d] = 2;
  return g;
}

#define FAMILY(name, first_param, make_grid)                                                    \
  static rs_status plan_##name(const rs__arguments *arguments, rs__plan *plan, rs_diag *diag) { \
    grid g = make_grid;                                                                         \
    (void)diag;                                                                                 \
    return plan_words(&g, plan);                                                                \
  }                                                                                             \
  static rs_status build_##name(rs_arena *arena, const rs__arguments *arguments,                \
                                rs_wiring_builder *builder, rs_diag *diag) {                    \
    grid g = make_grid;                                                                         \
    (void)arena;                                                                                \
    return build_words(&g, builder, diag);                                                      \
  }                                                                                             \
  const rs__family rs__family_##name = {first_param, 1, plan_##name, build_##name}

static const rs__param mesh_param = {.key = "n",
                                     .kind = RS__PARAM_NUMBER,
                                     .positional = true,
                                     .required = true,
                                     .value_min = 2,
                                     .value_max = MESH_SIZE_MAX};
static const rs__param ring_param = {.key = "n",
                                     .kind = RS__PARAM_NUMBER,
                                     .positional = true,
                                     .required = true,
                                     .value_min = 3,
                                     .value_max = RS__CHIPS_MAX};
static const rs__param dims_param = {.key = "dims",
                                     .kind = RS__PARAM_DIMS,
                                     .positional = true,
                                     .required = true,
                                     .value_min = 2,
                                     .value_max = MESH_SIZE_MAX};
static const rs__param cube_param = {.key = "n",
                                     .kind = RS__PARAM_NUMBER,
                                     .positional = true,
                                     .required = true,
                                     .value_min = 1,
                                     .value_max = RS__CHIPS_BITS};

FAMILY(mesh, &mesh_param, grid_of_line(arguments, ALONG_MESH));
FAMILY(ring, &ring_param, grid_of_line(arguments, ALONG_RING));
FAMILY(torus, &dims_param, grid_of_dims(arguments, ALONG_RING));
FAMILY(grid, &dims_param, grid_of_dims(arguments, ALONG_LINE));
FAMILY(hyperx, &dims_param, grid_of_dims(arguments, ALONG_MESH));
FAMILY(hypercube, &cube_param, grid_of_cube(arguments));

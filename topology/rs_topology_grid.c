/*
 * Families whose chips are words of coordinates: full mesh, ring, torus, hypercube, HyperX.
 *
 * All are products: chips are the points of a grid, numbered with the last coordinate fastest, and
 * along each coordinate they form a full mesh or a ring. So one builder serves all five.
 * Sources: HyperX: Ahn et al., "HyperX: topology, routing, and packaging of efficient large-scale
 * networks", SC 2009. The others are folklore.
 */
#include "rs__family.h"

#define MESH_SIZE_MAX 65536 /* a chip's ports are counted in 16 bits */

/* The grid of a spec and what runs along its coordinates. */
typedef struct grid {
  uint32_t dims[RS__CHIPS_BITS];
  uint32_t dim_count;
  bool ring; /* else a full mesh */
} grid;

/* ---- one plan and one builder ---- */

static uint64_t ports_along(const grid *g, uint32_t size) {
  if (!g->ring) return size - 1;
  return size > 2 ? 2 : 1; /* both ways round a ring of 2 are one cable */
}

static rs_status plan_grid(const grid *g, rs__plan *plan) {
  *plan = (rs__plan){.chips = 1};
  for (uint32_t d = 0; d < g->dim_count; d++) {
    plan->chips = rs__mul_saturate(plan->chips, g->dims[d]);
    plan->ports += ports_along(g, g->dims[d]);
  }
  plan->cables = rs__mul_saturate(plan->chips, plan->ports) / 2;
  return RS_OK;
}

/* Cables from the chip to chips after it on the line through coordinate d: to all of them, or, on a
 * ring, to the next and from the first to the last. */
static rs_status add_along(const grid *g, rs_wiring_builder *builder, uint32_t chip,
                           uint32_t stride, uint32_t size, rs_diag *diag) {
  uint32_t at = chip / stride % size;
  uint32_t end = g->ring ? RS_MIN(at + 2, size) : size;
  for (uint32_t other = at + 1; other < end; other++) {
    rs_status status = rs__cable_add(builder, chip, chip + (other - at) * stride, diag);
    if (status != RS_OK) return status;
  }
  if (!g->ring || at != 0 || size == 2) return RS_OK;
  return rs__cable_add(builder, chip, chip + (size - 1) * stride, diag);
}

static rs_status build_grid(const grid *g, rs_wiring_builder *builder, rs_diag *diag) {
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

/* ---- the grids of the five families ---- */

static grid grid_of_line(const rs__arguments *arguments, bool ring) {
  return (grid){.dims = {(uint32_t)arguments->value[0]}, .dim_count = 1, .ring = ring};
}

static grid grid_of_dims(const rs__arguments *arguments, bool ring) {
  grid g = {.dim_count = arguments->dim_count, .ring = ring};
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
    return plan_grid(&g, plan);                                                                 \
  }                                                                                             \
  static rs_status build_##name(rs_arena *arena, const rs__arguments *arguments,                \
                                rs_wiring_builder *builder, rs_diag *diag) {                    \
    grid g = make_grid;                                                                         \
    (void)arena;                                                                                \
    return build_grid(&g, builder, diag);                                                       \
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

FAMILY(mesh, &mesh_param, grid_of_line(arguments, false));
FAMILY(ring, &ring_param, grid_of_line(arguments, true));
FAMILY(torus, &dims_param, grid_of_dims(arguments, true));
FAMILY(hyperx, &dims_param, grid_of_dims(arguments, false));
FAMILY(hypercube, &cube_param, grid_of_cube(arguments));

/*
 * One path for every pair of chips, fixed when it is first asked for: at every chip the minimal link
 * that the fewest pairs were given so far, so that parallel ways are used alike.
 */
#ifndef RS__FLUID_PATHS_H
#define RS__FLUID_PATHS_H

#include "rs_fluid.h"

#define RS__FLUID_CHIPS_MAX 4096 /* a table of all pairs */

typedef struct rs__fluid_paths {
  rs_fluid *fluid;
  const rs_fluid_traffic_config *config;
  uint32_t *path_of;      /* [from · chips + to] */
  uint32_t *link_pairs;   /* [link] pairs whose path uses it */
  uint64_t *link_vectors; /* [link] that were counted */
} rs__fluid_paths;

/* RS_E_LIMIT: too many chips. */
rs_status rs__fluid_paths_create(rs__fluid_paths *paths, rs_fluid *fluid,
                                 const rs_fluid_traffic_config *config, rs_diag *diag);
/* The chips are connected and not the same. RS_NONE: no memory. */
uint32_t rs__fluid_paths_find(rs__fluid_paths *paths, uint32_t from, uint32_t to);
void rs__fluid_paths_count(rs__fluid_paths *paths, uint32_t path, int64_t vectors);
/* From SRAM to the port at the other end: send + Σ (link latency) + (hops − 1) · router_cycles. */
int64_t rs__fluid_paths_lead(const rs__fluid_paths *paths, uint32_t path);

#endif

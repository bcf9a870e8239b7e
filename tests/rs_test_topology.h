/* What the tests of topology/ share: building a spec, and a search too simple to be wrong. */
#ifndef RS_TEST_TOPOLOGY_H
#define RS_TEST_TOPOLOGY_H

#include <string.h>

#include "rs_test.h"
#include "rs_topology.h"

static inline rs_wiring *build_spec_with(rs_arena *arena, const char *spec, uint32_t ports_max) {
  rs_diag diag = {0};
  rs_topology *topology = NULL;
  rs_wiring *wiring = NULL;
  rs_topology_options options = {.ports_max = ports_max};
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, &options, &wiring, &diag), &diag);
  assert_int_equal(wiring->chip_count, rs_topology_chip_count(topology));
  return wiring;
}

static inline rs_wiring *build_spec(rs_arena *arena, const char *spec) {
  return build_spec_with(arena, spec, 0);
}

/* Hops from `root` to every chip by relaxing all links until nothing changes; RS_NONE: no path. */
static inline uint32_t *naive_depths(rs_arena *arena, const rs_wiring *wiring, uint32_t root,
                                     bool toward_root) {
  uint32_t *depth = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  memset(depth, 0xff, wiring->chip_count * sizeof *depth);
  depth[root] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t l = 0; l < wiring->link_count; l++) {
      uint32_t near = toward_root ? wiring->links[l].to : wiring->links[l].from;
      uint32_t far = toward_root ? wiring->links[l].from : wiring->links[l].to;
      if (depth[near] == RS_NONE || depth[near] + 1 >= depth[far]) continue;
      depth[far] = depth[near] + 1;
      changed = true;
    }
  }
  return depth;
}

static inline int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL;
}

static inline int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

#endif

/* Any text as a graph: no crash; what is read and built is a sound wiring. */
#include <stdlib.h>

#include "rs_graph_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_arena *arena = rs_arena_create((size_t)1 << 27);
  rs_topology *topology;
  rs_wiring *wiring;
  rs_diag diag = {0};
  if (arena == NULL) return 0;
  if (rs_topology_from_text(arena, "file:f", (const char *)data, size, &topology, &diag) == RS_OK &&
      rs_topology_build(arena, topology, NULL, &wiring, &diag) == RS_OK &&
      rs_wiring_check(wiring, &diag) != RS_OK) {
    abort();
  }
  rs_arena_destroy(arena);
  return 0;
}

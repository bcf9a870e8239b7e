/* Any text as a topology: no crash, no leak, and what parses prints back to itself. */
#include <stdlib.h>
#include <string.h>

#include "rs_topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_arena *arena = rs_arena_create((size_t)1 << 24);
  rs_diag diag = {0};
  rs_topology *first, *second;
  if (arena == NULL) return 0;
  char *spec = rs_arena_strndup(arena, (const char *)data, size);
  if (spec != NULL && rs_topology_parse(arena, spec, &first, &diag) == RS_OK) {
    const char *printed = rs_topology_spec(first);
    if (rs_topology_parse(arena, printed, &second, &diag) != RS_OK) abort();
    if (strcmp(printed, rs_topology_spec(second)) != 0) abort();
  }
  rs_arena_destroy(arena);
  return 0;
}

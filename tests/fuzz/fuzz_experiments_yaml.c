/* libFuzzer: any bytes as an experiment. Topologies are kept small by the input's own luck. */
#include "rs_experiment.h"
#include "rs_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_diag diag;
  const rs_yaml_node *root;
  rs_arena *arena = rs_arena_create((size_t)512 << 20);
  if (arena == NULL) return 0;
  rs_yaml_parse(arena, "fuzz", (const char *)data, size, &root, &diag);
  rs_arena_destroy(arena);
  return 0;
}

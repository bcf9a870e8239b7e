/* libFuzzer: any bytes as a results.csv. */
#include "rs_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_diag diag;
  rs_result *results;
  size_t count;
  rs_arena *arena = rs_arena_create((size_t)512 << 20);
  if (arena == NULL) return 0;
  rs_result_parse_csv(arena, RS_TASK_DECODE, "fuzz", (const char *)data, size, &results, &count,
                      &diag);
  rs_arena_destroy(arena);
  return 0;
}

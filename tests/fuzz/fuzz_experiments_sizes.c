/* libFuzzer: any bytes as the sizes of an unequal all-to-all; the first byte says how many chips. */
#include "rs__result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_diag diag;
  const int64_t *sizes;
  rs_arena *arena = rs_arena_create((size_t)64 << 20);
  if (arena == NULL || size == 0) return 0;
  rs__sizes_parse(arena, "fuzz", (const char *)data + 1, size - 1, data[0] % 16u + 1, &sizes,
                  &diag);
  rs_arena_destroy(arena);
  return 0;
}

/* Any bytes as the sizes of an unequal all-to-all, of which the first says how many chips: no crash, no
 * leak; what is refused has words and a place, and what is read is never negative. */
#include <stdlib.h>

#include "rs__result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_diag diag = {0};
  const int64_t *sizes = NULL;
  if (size == 0) return 0;
  uint32_t chips = data[0] % 16u + 1;
  rs_arena *arena = rs_arena_create(0);
  if (arena == NULL) abort();
  rs_status status =
      rs__sizes_parse(arena, "fuzz", (const char *)data + 1, size - 1, chips, &sizes, &diag);
  if (status != RS_OK && (diag.what[0] == '\0' || diag.line < 1)) abort();
  for (uint32_t i = 0; status == RS_OK && i < chips * chips; i++) {
    if (sizes[i] < 0) abort();
  }
  rs_arena_destroy(arena);
  return 0;
}

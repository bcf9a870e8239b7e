/* Any bytes as a price table: no crash, no leak; what is refused has words and a place. */
#include <stdlib.h>

#include "rs_price_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer when a quoted text of many quotes ends in a syntax error. */
const char *__lsan_default_suppressions(void) {
  return "leak:libfyaml\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_price_table table;
  rs_diag diag = {0};
  rs_arena *arena = rs_arena_create(0);
  if (arena == NULL) abort();
  rs_status status =
      rs_price_table_parse(arena, "fuzz.yaml", (const char *)data, size, &table, &diag);
  if (status != RS_OK && (diag.what[0] == '\0' || diag.line < 1)) abort();
  if (status == RS_OK && table.row_count == 0) abort();
  rs_arena_destroy(arena);
  return 0;
}

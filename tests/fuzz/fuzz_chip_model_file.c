/* Any bytes as a chip's file: no crash, no leak; what is refused has words and a place, and what is
 * read is a good chip. */
#include <stdlib.h>

#include "rs_chip_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_chip_file file;
  rs_diag diag = {0};
  rs_arena *arena = rs_arena_create(0);
  if (arena == NULL) abort();
  if (rs_chip_parse(arena, "fuzz.json", (const char *)data, size, &file, &diag) != RS_OK) {
    if (diag.what[0] == '\0' || diag.line < 1 || diag.column < 1) abort();
  } else if (rs_chip_check(&file.chip, &diag) != RS_OK || file.note_count < 20) {
    abort();
  }
  rs_arena_destroy(arena);
  return 0;
}

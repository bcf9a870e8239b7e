/* Three settings of the GNU C library: pieces from its heap rather than from the system, the end of the
 * heap kept, and enlarged by more at a time. */
#include "rs_memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

#define PIECE_BYTES_MAX (32 << 20) /* the largest that the library takes */
#define KEPT_BYTES_MAX (1 << 30)
#define STEP_BYTES (16 << 20)

void rs_memory_keep(void) {
  mallopt(M_MMAP_THRESHOLD, PIECE_BYTES_MAX);
  mallopt(M_TRIM_THRESHOLD, KEPT_BYTES_MAX);
  mallopt(M_TOP_PAD, STEP_BYTES);
}
#else
void rs_memory_keep(void) {
}
#endif

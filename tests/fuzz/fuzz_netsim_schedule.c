/* libFuzzer: any bytes as a schedule, on a mesh of four chips. */
#include "rs_schedule_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  rs_wiring *built;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  (void)context;
  (void)topology;
  for (uint32_t a = 0; a < 4; a++) {
    for (uint32_t b = a + 1; b < 4; b++) rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, diag);
  }
  rs_status status = rs_wiring_builder_finish(builder, &built, diag);
  *wiring = built;
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_diag diag;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_arena *arena = rs_arena_create((size_t)256 << 20);
  if (arena == NULL) return 0;
  rs_schedule_parse(arena, "fuzz", (const char *)data, size, provide, NULL, &schedule, &wiring,
                    &diag);
  rs_arena_destroy(arena);
  return 0;
}

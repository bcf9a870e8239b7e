/*
 * Any bytes as a schedule: no crash, no leak, a fault has a place, and what is accepted validates and
 * prints to a text that reads and prints back to itself. The topology is a mesh of 4 to 9 chips.
 */
#include <stdlib.h>
#include <string.h>

#include "rs_schedule_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  rs_wiring *w;
  (void)context;
  if (strncmp(topology, "mesh:", 5) != 0 || topology[5] < '4' || topology[5] > '9') {
    return rs_diag_set(diag, RS_E_INPUT, "no mesh");
  }
  uint32_t chips = (uint32_t)(topology[5] - '0');
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  if (builder == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t a = 0; a < chips; a++) {
    for (uint32_t b = a + 1; b < chips; b++) {
      rs_status status = rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, diag);
      if (status != RS_OK) return status;
    }
  }
  rs_status status = rs_wiring_builder_finish(builder, &w, diag);
  *wiring = status == RS_OK ? w : NULL;
  return status;
}

static rs_status parse(rs_arena *arena, const char *text, size_t length, rs_schedule **schedule,
                       const rs_wiring **wiring, rs_diag *diag) {
  return rs_schedule_parse(arena, "fuzz", text, length, provide, NULL, schedule, wiring, diag);
}

static void print(rs_schedule *schedule, const rs_wiring *wiring, rs_text *text) {
  rs_text_init(text);
  rs_sink sink = rs_text_sink(text);
  if (rs_schedule_print(schedule, wiring, &sink, NULL) != RS_OK) abort();
}

static void check_accepted(rs_arena *arena, rs_schedule *schedule, const rs_wiring *wiring) {
  rs_text first, second;
  rs_schedule *back;
  const rs_wiring *back_wiring;
  if (rs_schedule_validate(schedule, wiring, NULL) != RS_OK) abort();
  print(schedule, wiring, &first);
  if (parse(arena, first.bytes, first.length, &back, &back_wiring, NULL) != RS_OK) abort();
  print(back, back_wiring, &second);
  if (first.length != second.length || memcmp(first.bytes, second.bytes, first.length) != 0) {
    abort();
  }
  rs_text_deinit(&first);
  rs_text_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *schedule;
  const rs_wiring *wiring;
  if (arena == NULL) return 0;
  rs_status status = parse(arena, (const char *)data, size, &schedule, &wiring, &diag);
  if (status == RS_OK) {
    check_accepted(arena, schedule, wiring);
  } else if (status == RS_E_INPUT && (diag.line < 1 || diag.column < 1)) {
    abort();
  }
  rs_arena_destroy(arena);
  return 0;
}

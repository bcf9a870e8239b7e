/*
 * Any bytes as a program of MSCCL, on a ring of as many chips as it has GPUs (up to 12): it is refused
 * with a place, or compiled and then proved or refused by the checker; what is proved can be written
 * and comes back with as many bursts.
 */
#include <stdlib.h>

#include "rs_checker.h"
#include "rs_msccl.h"
#include "rs_topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rs_status compile(rs_arena *arena, const rs_msccl *program, const rs_wiring *wiring,
                         rs_schedule **schedule) {
  rs_timing timing;
  rs_diag diag;
  uint32_t chips[12];
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_timing_init_unit(&timing);
  *schedule = rs_schedule_create(arena, wiring, "", &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  rs_collective_request request = {
      .chips = chips, .chip_count = wiring->chip_count, .block_bytes = 320};
  if (*schedule == NULL || calendar == NULL) return RS_E_NO_MEMORY;
  return rs_msccl_compile(program, *schedule, wiring, calendar, &request, &diag);
}

static void check_compiled(rs_arena *arena, const rs_schedule *schedule, const rs_wiring *wiring) {
  rs_check_report report;
  const rs_check_options options = {.seed = 1};
  rs_diag diag;
  const rs_msccl *back;
  rs_schedule *again;
  rs_status status = rs_checker_run(schedule, wiring, &options, &report, &diag);
  if (status == RS_E_REFUSED && report.fault.kind == RS_FAULT_FORM) abort();
  if (status != RS_OK) return;
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  status = rs_msccl_print(schedule, wiring, 0, &sink, &diag);
  if (status == RS_OK) {
    if (rs_msccl_parse(arena, "back", text.bytes, text.length, &back, &diag) != RS_OK) abort();
    if (compile(arena, back, wiring, &again) != RS_OK) abort();
    if (again->burst_count != schedule->burst_count) abort();
  } else if (status != RS_E_INFEASIBLE && status != RS_E_LIMIT) {
    abort();
  }
  rs_text_deinit(&text);
}

static void run(rs_arena *arena, const char *text, size_t length) {
  rs_diag diag = {0};
  const rs_msccl *program;
  rs_topology *topology;
  rs_wiring *wiring;
  rs_schedule *schedule;
  rs_status status = rs_msccl_parse(arena, "fuzz", text, length, &program, &diag);
  if (status == RS_E_INPUT && diag.line < 1) abort();
  if (status != RS_OK || rs_msccl_gpu_count(program) > 12) return;
  const char *spec = rs_arena_printf(arena, rs_msccl_gpu_count(program) < 3 ? "mesh:%u" : "ring:%u",
                                     rs_msccl_gpu_count(program));
  if (spec == NULL || rs_topology_parse(arena, spec, &topology, &diag) != RS_OK) abort();
  if (rs_topology_build(arena, topology, NULL, &wiring, &diag) != RS_OK) abort();
  status = compile(arena, program, wiring, &schedule);
  if (status == RS_OK) check_compiled(arena, schedule, wiring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_arena *arena = rs_arena_create((size_t)256 << 20);
  if (arena == NULL) return 0;
  run(arena, (const char *)data, size);
  rs_arena_destroy(arena);
  return 0;
}

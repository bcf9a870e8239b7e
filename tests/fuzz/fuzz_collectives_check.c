/*
 * Any bytes as a schedule, and what is well formed before both provers: they must say the same, where
 * one pass says anything. The topology is a mesh of 2 to 9 chips, or a ring.
 */
#include <stdlib.h>
#include <string.h>

#include "rs_schedule_text.h"
#include "rs_stream_checker.h"
#include "rs_topology.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  rs_topology *parsed;
  rs_wiring *built;
  (void)context;
  bool small = (strncmp(topology, "mesh:", 5) == 0 || strncmp(topology, "ring:", 5) == 0) &&
               strlen(topology) == 6;
  if (!small) return rs_diag_set(diag, RS_E_INPUT, "no small mesh or ring");
  rs_status status = rs_topology_parse(arena, topology, &parsed, diag);
  if (status == RS_OK) status = rs_topology_build(arena, parsed, NULL, &built, diag);
  if (status == RS_OK) *wiring = built;
  return status;
}

static rs_status prove_in_one_pass(const rs_schedule *s, const rs_wiring *wiring,
                                   rs_stream_report *report) {
  const rs_check_options options = {.seed = 2};
  rs_diag diag;
  if (s->compute_count > 0) return RS_E_LIMIT;
  rs_stream_checker *checker = rs_stream_checker_create(s, wiring, &options);
  if (checker == NULL) return RS_E_NO_MEMORY;
  rs_status status = RS_OK;
  for (uint64_t i = 0; i < s->burst_count && status == RS_OK; i++) {
    status = rs_stream_checker_add(checker, &s->bursts[i], &diag);
  }
  if (status == RS_OK) status = rs_stream_checker_finish(checker, &diag);
  rs_stream_checker_report(checker, report);
  rs_stream_checker_destroy(checker);
  return status;
}

static void check(const rs_schedule *s, const rs_wiring *wiring) {
  const rs_check_options options = {.seed = 1};
  rs_check_report whole;
  rs_stream_report stream;
  rs_diag diag;
  rs_status one = rs_checker_run(s, wiring, &options, &whole, &diag);
  rs_status two = prove_in_one_pass(s, wiring, &stream);
  if (one == RS_E_NO_MEMORY || one == RS_E_LIMIT) return;
  if (two == RS_E_NO_MEMORY || two == RS_E_LIMIT) return;
  if ((one == RS_OK) != (two == RS_OK)) abort();
  if (one == RS_OK && whole.makespan_cycles != stream.check.makespan_cycles) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_arena *arena = rs_arena_create((size_t)256 << 20);
  rs_diag diag;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  if (arena == NULL) return 0;
  if (rs_schedule_parse(arena, "fuzz", (const char *)data, size, provide, NULL, &schedule, &wiring,
                        &diag) == RS_OK) {
    check(schedule, wiring);
  }
  rs_arena_destroy(arena);
  return 0;
}

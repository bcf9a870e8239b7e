/* Proving, playing, reading and writing schedules, for the commands. */
#include <string.h>

#include "rs__proof.h"
#include "rs_cli.h"

/* A schedule of 10 million bursts is about 500 MB of text. */
#define SCHEDULE_BYTES_MAX ((size_t)4 << 30)

rs_status rs__proof_run(const rs_schedule *schedule, const rs_wiring *wiring, rs_proof *proof,
                        rs_diag *diag) {
  const rs_check_options check = {.seed = 0};
  const rs_play_options play = {.fidelity = RS_FIDELITY_BURST};
  rs_status status = rs_checker_run(schedule, wiring, &check, &proof->check, diag);
  if (status != RS_OK) return status;
  status = rs_player_run(schedule, wiring, &play, &proof->play, diag);
  if (status != RS_OK) return status;
  if (proof->play.makespan_cycles == proof->check.makespan_cycles) return RS_OK;
  return rs_diag_set(
      diag, RS_E_REFUSED, "the player's makespan of %lld cycles is not the checker's %lld",
      (long long)proof->play.makespan_cycles, (long long)proof->check.makespan_cycles);
}

static rs_status provide_wiring(void *context, const char *topology, rs_arena *arena,
                                const rs_wiring **wiring, rs_diag *diag) {
  (void)context;
  const char *canonical;
  return rs_cli_build_topology(arena, topology, &canonical, wiring, diag);
}

rs_status rs__proof_read(rs_arena *arena, const char *path, rs_schedule **schedule,
                         const rs_wiring **wiring, rs_diag *diag) {
  char *text;
  size_t length;
  rs_status status = rs_file_read(arena, path, SCHEDULE_BYTES_MAX, &text, &length, diag);
  if (status != RS_OK) return status;
  const char *name = strcmp(path, "-") == 0 ? "stdin" : path;
  return rs_schedule_parse(arena, name, text, length, provide_wiring, NULL, schedule, wiring, diag);
}

rs_status rs__proof_write(const char *path, rs_schedule *schedule, const rs_wiring *wiring,
                          rs_diag *diag) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_status status = rs_schedule_print(schedule, wiring, &sink, diag);
  if (status == RS_OK && text.failed) status = rs_arena_failed(NULL, diag);
  if (status == RS_OK) status = rs_file_write(path, text.bytes, text.length, diag);
  rs_text_deinit(&text);
  return status;
}

double rs__proof_bus_bandwidth(rs_collective_kind kind, int64_t bytes, int64_t chips,
                               double seconds) {
  double n = (double)chips;
  double factor = 1;
  switch (kind) {
    case RS_ALL_REDUCE:
      factor = 2 * (n - 1) / n;
      break;
    case RS_REDUCE_SCATTER:
    case RS_ALL_GATHER:
    case RS_ALL_TO_ALL:
    case RS_SCATTER:
    case RS_GATHER:
      factor = n - 1;
      break;
    case RS_BROADCAST:
    case RS_REDUCE:
    case RS_SEND:
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  return seconds > 0 ? factor * (double)bytes / seconds : 0;
}

/* Proving, playing, reading and writing schedules, for the commands. */
#include <string.h>

#include "rs__proof.h"
#include "rs_cli.h"

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

rs_status rs__proof_play_vectors(const rs_schedule *schedule, const rs_wiring *wiring,
                                 const rs_proof *proof, rs_diag *diag) {
  const rs_play_options options = {.fidelity = RS_FIDELITY_VECTOR, .seed = 1};
  rs_play play;
  rs_status status = rs_player_run(schedule, wiring, &options, &play, diag);
  if (status != RS_OK || play.makespan_cycles == proof->play.makespan_cycles) return status;
  return rs_diag_set(diag, RS_E_REFUSED,
                     "vector by vector it takes %lld cycles, and burst by burst %lld",
                     (long long)play.makespan_cycles, (long long)proof->play.makespan_cycles);
}

static rs_status provide_wiring(void *context, const char *topology, rs_arena *arena,
                                const rs_wiring **wiring, rs_diag *diag) {
  (void)context;
  const char *canonical;
  return rs_cli_build_topology(arena, topology, &canonical, wiring, diag);
}

rs_status rs__proof_read(rs_arena *arena, const char *path, rs_schedule **schedule,
                         const rs_wiring **wiring, rs_diag *diag) {
  int descriptor;
  rs_source source = {rs_file_read_some, &descriptor};
  rs_status status = rs_file_open(path, &descriptor, diag);
  if (status != RS_OK) return status;
  status = rs_schedule_read(arena, rs__proof_name(path), &source, provide_wiring, NULL, schedule,
                            wiring, diag);
  rs_file_close(descriptor);
  return status;
}

const char *rs__proof_name(const char *path) {
  return strcmp(path, "-") == 0 ? "stdin" : path;
}

rs_status rs__proof_open(rs_arena *arena, const char *path, const rs_source *source,
                         rs_schedule_reader **reader, rs_diag *diag) {
  return rs_schedule_reader_open(arena, rs__proof_name(path), source, provide_wiring, NULL, reader,
                                 diag);
}

/* A fault stands at the line of the burst by which it shows. */
static rs_status prove_records(rs_schedule_reader *reader, const char *name,
                               rs_stream_report *report, rs_diag *diag) {
  const rs_check_options options = {.seed = 0};
  uint64_t computes;
  rs_schedule_reader_promised(reader, &computes);
  if (computes > 0) {
    rs_diag_set(diag, RS_E_LIMIT, "the file has compute intervals, which stand behind the bursts");
    rs_diag_expect(diag, "a check without --stream");
    rs_diag_at(diag, name, 0, 0);
    return RS_E_LIMIT;
  }
  rs_stream_checker *checker = rs_stream_checker_create(
      rs_schedule_reader_header(reader), rs_schedule_reader_wiring(reader), &options);
  if (checker == NULL) return rs_arena_failed(NULL, diag);
  rs_record record = {.kind = RS_RECORD_BURST};
  rs_status status = RS_OK;
  while (status == RS_OK && record.kind != RS_RECORD_END) {
    status = rs_schedule_reader_next(reader, &record, diag);
    if (status != RS_OK) break;
    status = record.kind == RS_RECORD_BURST ? rs_stream_checker_add(checker, &record.burst, diag)
                                            : rs_stream_checker_finish(checker, diag);
    if (status == RS_OK) continue;
    if (status == RS_E_LIMIT || status == RS_E_INFEASIBLE) {
      rs_diag_expect(diag, "a check without --stream");
    }
    rs_diag_at(diag, name, rs_schedule_reader_line(reader), 1);
  }
  rs_stream_checker_report(checker, report);
  rs_stream_checker_destroy(checker);
  return status;
}

rs_status rs__proof_stream(rs_arena *arena, const char *path, const rs_wiring **wiring,
                           rs_stream_report *report, rs_diag *diag) {
  int descriptor;
  rs_source source = {rs_file_read_some, &descriptor};
  rs_schedule_reader *reader = NULL;
  *report = (rs_stream_report){0};
  rs_status status = rs_file_open(path, &descriptor, diag);
  if (status != RS_OK) return status;
  const char *name = rs__proof_name(path);
  status = rs__proof_open(arena, path, &source, &reader, diag);
  if (status == RS_OK) {
    *wiring = rs_schedule_reader_wiring(reader);
    status = prove_records(reader, name, report, diag);
    rs_schedule_reader_close(reader);
  }
  rs_file_close(descriptor);
  return status;
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

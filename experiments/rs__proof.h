/*
 * What the commands that hold a schedule have in common: prove it, play it, read and write its text
 * form, and name the collective's bandwidth. Private to experiments/.
 */
#ifndef RS__PROOF_H
#define RS__PROOF_H

#include "rs_checker.h"
#include "rs_player.h"
#include "rs_schedule_text.h"
#include "rs_stream_checker.h"

typedef struct rs_proof {
  rs_check_report check;
  rs_play play;
} rs_proof;

/* The checker's proof and then the player at burst fidelity; their makespans must be the same.
 * RS_E_REFUSED when either finds a fault. */
rs_status rs__proof_run(const rs_schedule *schedule, const rs_wiring *wiring, rs_proof *proof,
                        rs_diag *diag);

/* Plays it again at vector fidelity, with real words that are moved and added, and compares results and
 * makespan. RS_E_LIMIT: more words than the player's memory holds. */
rs_status rs__proof_play_vectors(const rs_schedule *schedule, const rs_wiring *wiring,
                                 const rs_proof *proof, rs_diag *diag);

/* Reads a .rsched file ("-": stdin) and builds the wiring that its header names. */
rs_status rs__proof_read(rs_arena *arena, const char *path, rs_schedule **schedule,
                         const rs_wiring **wiring, rs_diag *diag);

/* Opens a source, from rs_file_open of that path, to be read record by record. */
rs_status rs__proof_open(rs_arena *arena, const char *path, const rs_source *source,
                         rs_schedule_reader **reader, rs_diag *diag);

/* The proof in one pass over a file ("-": stdin), whose bursts are not kept. RS_E_LIMIT or
 * RS_E_INFEASIBLE: one pass does not decide. The wiring is the arena's. */
rs_status rs__proof_stream(rs_arena *arena, const char *path, const rs_wiring **wiring,
                           rs_stream_report *report, rs_diag *diag);

/* What a file is called in messages: "stdin" for "-". */
const char *rs__proof_name(const char *path);

rs_status rs__proof_write(const char *path, rs_schedule *schedule, const rs_wiring *wiring,
                          rs_diag *diag);

/* Bus bandwidth by the convention of NCCL's tests: bytes that a link-bound ring would move a chip,
 * over time, so that the value can be held against a link's rate whatever the number of chips n.
 * With `bytes` counted as in rs_collective_request.block_bytes:
 *   all-reduce 2(n−1)/n · bytes; all-gather, reduce-scatter, all-to-all, scatter, gather
 *   (n−1) · bytes; broadcast, reduce, send: bytes. */
double rs__proof_bus_bandwidth(rs_collective_kind kind, int64_t bytes, int64_t chips,
                               double seconds);

#endif

/*
 * The runner: all points of an experiment on threads, with a store behind and progress in front.
 *
 * Points are handed out in order; results land in their own places, so that the table is the same at
 * any number of threads. Every finished point goes into the store at once. SIGINT and SIGTERM let
 * running points finish and hand out no more. Progress is drawn on stderr when that is a terminal.
 * Under mpirun rank 0 runs, and hands points to the ranks that serve (rs_ranks.h).
 */
#ifndef RS_RUNNER_H
#define RS_RUNNER_H

#include "rs_store.h"

typedef struct rs_runner_options {
  unsigned threads; /* 0: one a processor; under mpirun one, because there is a rank a processor */
  bool resume;      /* take what the store has */
  bool progress;    /* draw on stderr */
} rs_runner_options;

typedef struct rs_run_summary {
  size_t done;       /* points with a result */
  size_t from_store; /* of them, not computed again */
  size_t failed;     /* points whose schedule was refused */
  bool interrupted;
} rs_run_summary;

/* results: point_count entries, the arena's texts. Errors of a point that are not results (memory, the
 * store) end the run with that error. */
rs_status rs_runner_run(rs_arena *arena, const rs_experiment *experiment, rs_store *store,
                        const rs_runner_options *options, rs_result *results,
                        rs_run_summary *summary, rs_diag *diag);

/* Another rank than 0: computes what it is told to, until there is no more. */
rs_status rs_runner_serve(const rs_experiment *experiment, rs_diag *diag);

#endif

/*
 * More than one process: the same program under mpirun.
 *
 * Rank 0 reads, writes, prints and owns the store; the others compute points that it hands to them and
 * say nothing. Results are the same bytes at any number of ranks, because a result travels as the text
 * that the store holds. Two builds of one interface: rs_ranks.c has one rank, mpi_ranks.c those of MPI.
 *
 * A conversation: a rank says what came of its last point (at first nothing), and is told the next, or
 * that there are none. All calls of a process come from one thread.
 */
#ifndef RS_RANKS_H
#define RS_RANKS_H

#include "rs_result.h"

#define RS_RANKS_NO_POINT (-1)

/* First of all. Started by a launcher of MPI, the program is replaced by realscale-mpi beside it, and
 * ends with a message when there is none. Other ranks than 0 lose stdout and stderr. */
void rs_ranks_begin(char **argv);
/* Last of all. A status of 2 or more on rank 0 ends the others, which may wait for points. */
void rs_ranks_end(int exit_status);

int rs_ranks_count(void);
int rs_ranks_rank(void);

typedef struct rs_rank_report {
  int rank;
  int64_t point; /* RS_RANKS_NO_POINT: it has not computed yet */
  rs_status status;
  const char *text; /* the result as JSON, or what went wrong; the arena's */
} rs_rank_report;

/* Rank 0: waits for any rank. */
rs_status rs_ranks_receive(rs_arena *arena, rs_rank_report *report, rs_diag *diag);
void rs_ranks_assign(int rank, int64_t point);

/* Other ranks: reports (rank is filled in), waits, returns the next point. */
int64_t rs_ranks_ask(const rs_rank_report *report);

#endif

/*
 * Ranks over MPI: what realscale-mpi has in place of rs_ranks.c. A message is a header of three numbers,
 * then the text. MPI's default error handler ends the run when a message fails, which is what a lost
 * rank should do.
 */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "rs_cli.h"
#include "rs_ranks.h"

enum { TAG_HEADER = 1, TAG_TEXT, TAG_POINT };

typedef struct header {
  int64_t point, status, length;
} header;

static bool is_begun(void) {
  int flag = 0;
  return MPI_Initialized(&flag) == MPI_SUCCESS && flag != 0;
}

void rs_ranks_begin(char **argv) {
  int provided;
  (void)argv;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (rs_ranks_rank() == 0) return;
  if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL) {
    MPI_Abort(MPI_COMM_WORLD, RS_EXIT_USAGE);
  }
}

void rs_ranks_end(int exit_status) {
  if (!is_begun()) return;
  if (exit_status > RS_EXIT_FAILED && rs_ranks_rank() == 0 && rs_ranks_count() > 1) {
    MPI_Abort(MPI_COMM_WORLD, exit_status);
  }
  MPI_Finalize();
}

int rs_ranks_count(void) {
  int count = 1;
  if (is_begun()) MPI_Comm_size(MPI_COMM_WORLD, &count);
  return count;
}

int rs_ranks_rank(void) {
  int rank = 0;
  if (is_begun()) MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

rs_status rs_ranks_receive(rs_arena *arena, rs_rank_report *report, rs_diag *diag) {
  header h;
  MPI_Status from;
  MPI_Recv(&h, 3, MPI_INT64_T, MPI_ANY_SOURCE, TAG_HEADER, MPI_COMM_WORLD, &from);
  char *text = rs_arena_alloc(arena, (size_t)h.length + 1);
  if (text == NULL) return rs_arena_failed(arena, diag);
  MPI_Recv(text, (int)h.length, MPI_CHAR, from.MPI_SOURCE, TAG_TEXT, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  text[h.length] = '\0';
  *report = (rs_rank_report){from.MPI_SOURCE, h.point, (rs_status)h.status, text};
  return RS_OK;
}

void rs_ranks_assign(int rank, int64_t point) {
  MPI_Send(&point, 1, MPI_INT64_T, rank, TAG_POINT, MPI_COMM_WORLD);
}

int64_t rs_ranks_ask(const rs_rank_report *report) {
  const char *text = report->text == NULL ? "" : report->text;
  header h = {report->point, (int64_t)report->status, (int64_t)strlen(text)};
  int64_t point;
  MPI_Send(&h, 3, MPI_INT64_T, 0, TAG_HEADER, MPI_COMM_WORLD);
  MPI_Send(text, (int)h.length, MPI_CHAR, 0, TAG_TEXT, MPI_COMM_WORLD);
  MPI_Recv(&point, 1, MPI_INT64_T, 0, TAG_POINT, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return point;
}

/*
 * One rank, and the way to more: MPI's libraries cost every start of a program that links them, so
 * that this one does not, and becomes realscale-mpi, which stands beside it, when a launcher starts it.
 */
#include "rs_ranks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs_cli.h"

static bool is_launched(void) {
  static const char *const marks[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  for (size_t i = 0; i < RS_COUNT_OF(marks); i++) {
    if (getenv(marks[i]) != NULL) return true;
  }
  return false;
}

void rs_ranks_begin(char **argv) {
  char path[4096];
  static const char suffix[] = "-mpi";
  if (!is_launched()) return;
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof suffix);
  if (length > 0) {
    memcpy(path + length, suffix, sizeof suffix);
    execv(path, argv); /* returns only when there is none */
  }
  fprintf(stderr,
          "realscale: started by a launcher of MPI, but built without MPI: every rank would run "
          "everything; expected a build with MPI installed\n");
  exit(RS_EXIT_USAGE);
}

void rs_ranks_end(int exit_status) {
  (void)exit_status;
}

int rs_ranks_count(void) {
  return 1;
}

int rs_ranks_rank(void) {
  return 0;
}

/* There is one rank, and it speaks to nobody. */
rs_status rs_ranks_receive(rs_arena *arena, rs_rank_report *report, rs_diag *diag) {
  (void)arena;
  (void)report;
  assert(false);
  return rs_diag_set(diag, RS_E_SYSTEM, "there is no other rank");
}

void rs_ranks_assign(int rank, int64_t point) {
  (void)rank;
  (void)point;
  assert(false);
}

int64_t rs_ranks_ask(const rs_rank_report *report) {
  (void)report;
  assert(false);
  return RS_RANKS_NO_POINT;
}

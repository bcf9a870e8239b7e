/*
 * A compiled schedule on drifting clocks: does every vector arrive before it is received, and does no
 * port hold too many?
 *
 * The schedule is repeated, back to back, as a decode loop would. A vector that departs at cycle d of
 * its sender's program is received at cycle d + latency + margin of its receiver's, and between them it
 * crosses its own cable. It waits at the port from its arrival until then. Late: it arrives after the
 * receive. Overflow: more than fifo_vectors wait at once.
 *
 * Both programs are piecewise linear (rs_deskew.h), so the least margin over all vectors of a link is at
 * the first or last vector of a piece, and cost depends on neither message size nor repeats:
 * O(bursts + links · pieces · log bursts). How many wait is bounded from above: by the vectors that leave
 * within the longest wait of a link, where they are densest.
 */
#ifndef RS_CLOCK_RUN_H
#define RS_CLOCK_RUN_H

#include "rs_deskew.h"
#include "rs_schedule.h"

/* ---- which vector departs when, by link, in a schedule that repeats ---- */

typedef struct rs_departures rs_departures;

/* The schedule is sorted by start. RS_E_INFEASIBLE: bursts with a stride above 1, no bursts. Keeps a
 * pointer to the schedule. */
rs_status rs_departures_create(rs_arena *arena, const rs_schedule *schedule,
                               const rs_wiring *wiring, int64_t period_cycles,
                               rs_departures **departures, rs_diag *diag);

/* Vectors that leave on a link before a cycle. O(log bursts). */
int64_t rs_departures_before(const rs_departures *departures, uint32_t link, int64_t cycle);
/* When the index-th vector leaves, and in which burst of the schedule. Links without bursts have none
 * (asserted). */
int64_t rs_departures_at(const rs_departures *departures, uint32_t link, int64_t index,
                         uint64_t *burst);

/* ---- the run ---- */

typedef enum rs_clock_fault { RS_CLOCK_SAFE, RS_CLOCK_LATE, RS_CLOCK_OVERFLOW } rs_clock_fault;

typedef struct rs_clock_run_config {
  const rs_wiring *wiring;
  const rs_schedule *schedule;
  const rs_departures *departures;
  const rs_program *programs; /* [chip], covering run_cycles and a hop */
  const int64_t *delays_fs;   /* [link] */
  int64_t run_cycles;
  int64_t margin_cycles;
  int64_t fifo_vectors;
} rs_clock_run_config;

typedef struct rs_clock_run {
  int64_t margin_fs_min; /* least time between arrival and receive; negative: late */
  int64_t skew_fs_max;   /* between the two ends of a link, at one cycle */
  int64_t fifo_vectors_max;
  uint32_t margin_link; /* where the least margin is, */
  int64_t margin_cycle; /* at which departure */
  rs_clock_fault fault; /* the first, by cycle, then link */
  uint32_t fault_link;
  int64_t fault_cycle;  /* departure of the vector, counted over all repeats */
  uint64_t fault_burst; /* in the schedule */
} rs_clock_run;

void rs_clock_run_schedule(const rs_clock_run_config *config, rs_clock_run *run);

const char *rs_clock_fault_word(rs_clock_fault fault); /* "none" "late" "overflow" */

#endif

/*
 * The checker: proves that a schedule is right, or refuses it and says why.
 *
 * It shares nothing with the compilers but rs_schedule.h, and takes the definitions there
 * literally: link        no two vectors on one link at once: exact stride test in ticks, per link
 *   causality   nothing departs before it is there, nothing is read while it is being written,
 *               no compute interval starts before its operation's result or twice on one unit
 *   data        at the end every result of every operation is what the table in rs_schedule.h says:
 *               each contribution in each sum exactly once, nothing foreign, nothing missing
 *   deskew      the margin and the interval that a schedule with stalls promises are kept
 *   limits      the chip's vector unit can do the adds of every cycle; staging stays inside tmp
 *
 * Data is proved by polynomial identity: e(c, a) stands for r(c)·g^a in GF(2^127 − 1) with r, g
 * drawn from the seed. A run of vectors is then one field element, a sum is a sum, and two
 * different results agree by chance with probability below 2^−80. Order on overlapping runs is
 * decided by exact times at both ends of the overlap (times are linear in between); an order that
 * changes inside an overlap is refused as a race. So cost is per burst, not per vector: O(B log B).
 *
 * A refusal names the kind of fault, the link or chip, the cycle, and the bursts involved.
 */
#ifndef RS_CHECKER_H
#define RS_CHECKER_H

#include "rs_schedule.h"

typedef enum rs_fault_kind {
  RS_FAULT_NONE,
  RS_FAULT_FORM,        /* rs_schedule_validate refused */
  RS_FAULT_LINK,        /* a link is booked twice */
  RS_FAULT_EARLY,       /* read before arrival, or before the input is ready */
  RS_FAULT_RACE,        /* read or overwritten while being written */
  RS_FAULT_EMPTY,       /* reads or adds to memory that holds nothing */
  RS_FAULT_RESULT,      /* a result is missing or wrong at the end */
  RS_FAULT_COMPUTE,     /* a unit is used twice, or an interval starts before what it reads */
  RS_FAULT_VECTOR_UNIT, /* more adds in a cycle than the vector unit does */
  RS_FAULT_DESKEW       /* less margin, or stalls farther apart, than is promised */
} rs_fault_kind;

typedef struct rs_fault {
  rs_fault_kind kind;
  uint32_t chip;             /* RS_NONE when it is a link */
  uint32_t link;             /* RS_NONE when it is a chip */
  uint32_t op;               /* RS_NONE when none */
  int64_t cycle;             /* the first cycle at which it shows */
  uint64_t burst_a, burst_b; /* indices, UINT64_MAX = none */
} rs_fault;

typedef struct rs_check_options {
  uint64_t seed; /* of the identity test; 0 is a seed like any other */
} rs_check_options;

typedef struct rs_check_report {
  uint64_t bursts;
  uint64_t vectors; /* vector hops that were proved */
  uint64_t results; /* runs of results that were compared */
  uint32_t links_used;
  int64_t makespan_cycles;
  int64_t stall_cycles; /* that stalls add to it on the wall */
  int64_t
      slack_cycles_min; /* least time between data being ready and its departure; −1: no reads */
  int64_t received_slack_cycles_min; /* the same of data that came over a link, which is what late
                                        arrivals use up; −1: none is read again */
  rs_fault fault;                    /* kind NONE when it passed */
} rs_check_report;

/* RS_OK: proved. RS_E_REFUSED: diag holds one sentence, report->fault the parts. Does not change
 * the schedule; bursts may be in any order. */
rs_status rs_checker_run(const rs_schedule *schedule, const rs_wiring *wiring,
                         const rs_check_options *options, rs_check_report *report, rs_diag *diag);

const char *rs_fault_word(rs_fault_kind kind); /* "link", "early", … */

#endif

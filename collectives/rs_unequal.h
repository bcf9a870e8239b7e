/*
 * All-to-all with a size of its own for every pair: what tokens of different experts need.
 *
 * It is made of sends, which the checker proves like any others: for every shift k the pairs (i, i + k)
 * of one size are an operation, so that in each a chip sends and receives once. The largest come first,
 * on minimal paths that are balanced against those of all before. Sizes that differ everywhere make an
 * operation a pair. O(pairs · log pairs) operations' worth of compiling; the calendar keeps them apart.
 *
 * In the schedule pair (i, j) is `in` of chip i and `out` of chip j of its operation, whose label names
 * the shift. All inputs are in SRAM at ready_cycles.
 */
#ifndef RS_UNEQUAL_H
#define RS_UNEQUAL_H

#include "rs_collective.h"

#define RS_UNEQUAL_CHIPS_MAX 1024

typedef struct rs_unequal_request {
  const uint32_t *chips;
  uint32_t chip_count;
  const int64_t
      *bytes; /* [from place · chip_count + to place]; 0: nothing; the diagonal is ignored */
  int64_t ready_cycles;
} rs_unequal_request;

typedef struct rs_unequal_report {
  uint32_t ops;
  int64_t end_cycles;
  int64_t makespan_cycles; /* end − ready_cycles */
  uint64_t bursts;
} rs_unequal_report;

/* Appends the operations and books them. RS_E_INPUT: a size below 0 or above 2^48, nothing to move, a chip twice;
 * RS_E_INFEASIBLE: no path. On failure nothing was added. */
rs_status rs_unequal_compile(rs_schedule *schedule, const rs_wiring *wiring, rs_calendar *calendar,
                             const rs_unequal_request *request, rs_unequal_report *report,
                             rs_diag *diag);

/* Of it alone on the wiring with inputs at cycle 0; formulas as for an equal all-to-all, with sums of
 * what crosses instead of products. pair_cycles stays 0. */
rs_status rs_unequal_bound(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                           const rs_unequal_request *request, rs_bound *bound, rs_diag *diag);

#endif

/*
 * Compiling a collective into bursts: from "these chips all-reduce 16 KiB" to who sends which
 * vectors on which link at which cycle, without a conflict.
 *
 * A compiler adds one operation (rs_op) and its bursts to a schedule. It books every burst in a
 * calendar of the links, so that several operations, compiled one after another into the same
 * calendar, never collide. Reservation is earliest fit: a burst takes the first gap of its link
 * that is wide enough, at or after the cycle when its data can be there.
 *
 * Algorithms are rows of a table (rs_collective_algorithms). For all-reduce:
 *   one-shot                      every chip sends its whole input to every other, adding on
 * arrival; latency of one phase, N−1 times the traffic reduce-scatter+all-gather     shard s is
 * summed up an in-tree to its owner, then spread down an out-tree; adding at every hop; two phases,
 * 2·(N−1) bursts a shard "auto" compiles every row that applies, keeps the one with the smallest
 * makespan (ties: the first row) and reports what it beat. A row that would need more than
 * RS_COMPILE_BURSTS_MAX bursts is passed over, and the report says so.
 *
 * Deterministic: depends on nothing but its arguments. Time O(bursts · log) for free links.
 */
#ifndef RS_COLLECTIVE_H
#define RS_COLLECTIVE_H

#include "rs_route.h"
#include "rs_schedule.h"

#define RS_COMPILE_BURSTS_MAX INT64_C(20000000)
/* Of a plan that is made for one rack and turned to all: its bursts are in memory once, not thrice. */
#define RS_COMPILE_TURNED_MAX INT64_C(160000000)

/* ---- calendar: which link is booked when (exact, in ticks) ---- */

typedef struct rs_calendar rs_calendar;

rs_calendar *rs_calendar_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing);

/* Books `count` vectors at stride 1 on a link, in the first gap at or after `earliest_cycles`.
 * Returns the start, or −1 without memory. */
int64_t rs_calendar_book(rs_calendar *calendar, uint32_t link, int64_t earliest_cycles,
                         int64_t count);

/* A mark and a return to it: what was booked since is free again. For trying alternatives. */
uint64_t rs_calendar_mark(const rs_calendar *calendar);
void rs_calendar_rewind(rs_calendar *calendar, uint64_t mark);
/* What was booked up to now stays: older marks are no more, nor the memory for returning to them. */
void rs_calendar_settle(rs_calendar *calendar);

/* ---- when a member's input is in SRAM ---- */

/* Vector k of the n input vectors is in SRAM at start + first + ⌈k·(cycles − first)/(n−1)⌉; n = 1:
 * at start + cycles. The same formula as in rs_schedule.h; {t, 0, 0} is "all at t". */
typedef struct rs_ready {
  int64_t start_cycles;
  int64_t cycles;
  int64_t first_cycles;
} rs_ready;

/* How a row was tried: in how many pieces or shards, whether chips outside the group relay, and whether
 * the order of the row's own timetable was the best that was found. */
typedef struct rs_compile_variant {
  int64_t splits;
  bool relays;
  bool as_built;
} rs_compile_variant;

/* Working memory that one compilation after another uses, each from the start: for callers that compile
 * many. One thread at a time. NULL: no memory. */
typedef struct rs_compile_scratch rs_compile_scratch;
rs_compile_scratch *rs_compile_scratch_create(void);
void rs_compile_scratch_destroy(rs_compile_scratch *scratch); /* NULL is allowed */

/* From now on what requests with an algorithm and a variant make of a group is kept, so that the next one of
 * the same group, size and variant, whose inputs come at other times, need only find its times. What comes
 * out is the same. The wiring must outlive the scratch. False: no memory. */
bool rs_compile_scratch_keep(rs_compile_scratch *scratch, const rs_wiring *wiring);
/* How often what was kept was taken. */
uint64_t rs_compile_scratch_takings(const rs_compile_scratch *scratch);

typedef struct rs_collective_request {
  rs_collective_kind kind;
  const char *algorithm; /* NULL or "auto": the cheapest */
  const uint32_t *chips; /* the group; for send: s0 d0 s1 d1 … */
  uint32_t chip_count;
  uint32_t root; /* chip, or RS_NONE */
  int64_t block_bytes;
  int64_t ready_cycles;  /* op.ready_cycles: when inputs are in SRAM, without `ready` */
  const rs_ready *ready; /* NULL, or one a chip of the group: then a compute interval makes the
                            input, and the caller adds it to the schedule with writes_op */
  const char *label;     /* NULL: none */
  /* NULL, or [link] what earlier requests have put there: paths avoid it, and what is kept raises it
   * by its vectors / load_unit a path. */
  uint32_t *link_load;
  int64_t load_unit;
  int64_t deskew_margin_cycles; /* the receive of every vector stands so long after its nominal
                                   arrival (rs_deskew.h), and all that needs it later by as much */
  rs_compile_variant variant;   /* with `algorithm`: only this one is tried; splits 0: all are */
  rs_compile_scratch *scratch;  /* NULL: memory of its own */
} rs_collective_request;

#define RS_COMPILE_ROWS_MAX 16

typedef struct rs_compile_row {
  const char *algorithm;
  int64_t makespan_cycles; /* −1: not compiled */
  uint64_t bursts;
  char reason[96]; /* why not, or empty */
} rs_compile_row;

typedef struct rs_compile_report {
  uint32_t op;           /* the operation that was added */
  const char *algorithm; /* the row that was kept */
  rs_compile_variant variant;
  bool counts_adds;        /* no other operation may add on its chips while it does */
  int64_t end_cycles;      /* the last result is in SRAM */
  int64_t makespan_cycles; /* end − the earliest cycle at which an input is complete in SRAM */
  uint64_t bursts;
  rs_compile_row rows[RS_COMPILE_ROWS_MAX]; /* all that were considered, table order */
  uint32_t row_count;
} rs_compile_report;

typedef struct rs_collective_algorithm {
  rs_collective_kind kind;
  const char *name;
  const char *summary; /* one line, with its cost formula */
} rs_collective_algorithm;

const rs_collective_algorithm *rs_collective_algorithms(size_t *count);

/* Appends to `schedule` and books in `calendar` (both of the same wiring). end_of_member: NULL, or
 * chip_count entries: when that chip's whole result is in SRAM (its ready time when it gets none).
 * RS_E_INPUT: duplicate chips, root outside, zero bytes, unknown algorithm (with a suggestion);
 * RS_E_INFEASIBLE: the chips do not connect, or no row applies. On failure nothing was added. */
rs_status rs_collective_compile(rs_schedule *schedule, const rs_wiring *wiring,
                                rs_calendar *calendar, const rs_collective_request *request,
                                int64_t *end_of_member, rs_compile_report *report, rs_diag *diag);

/* ---- lower bounds, for printing beside a makespan ---- */

typedef struct rs_bound {
  int64_t latency_cycles;   /* the farthest pair, chip costs included */
  int64_t bandwidth_cycles; /* traffic that some chip must send or receive over its links */
  int64_t pair_cycles; /* both at once, for what one chip needs of another; 0: not for the kind */
  int64_t sum_cycles;  /* the same for all inputs that one chip's sums need; 0: not for the kind */
  int64_t tree_cycles; /* trees there and back that the links have room for; 0: not for the kind */
  int64_t cycles;      /* a valid lower bound of the makespan: the largest of them */
} rs_bound;

/* Of the collective alone on the wiring with inputs at cycle 0. Formulas: docs/collectives.md.
 * O(chips of the group · links) for eccentricities, capped at 64 sampled roots beyond 1,024 chips
 * (a sample of a maximum is still a lower bound). */
rs_status rs_collective_bound(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                              const rs_collective_request *request, rs_bound *bound, rs_diag *diag);

#endif

/*
 * What changed between two schedules, read once and side by side.
 *
 * Records are paired by what they do, not by when: a burst by operation, link, buffers, offsets, count,
 * stride and action; a compute interval by chip, unit, times inside it, operations and label. Of equal
 * ones the k-th of one schedule is paired with the k-th of the other, in the order of the files. A pair
 * that starts at two times has moved; what finds no partner was removed or added.
 *
 * Operations are paired from both ends of the two lists as far as kind, size, group, root and label are the
 * same; what is left between is paired in order. Links are paired by their ends where wirings differ.
 *
 * Memory does not follow the number of records but how far they are apart: what still waits for its partner
 * is held, up to window_records_max (about 76 bytes each), and the schedule of which less waits is read on.
 * Where that is not enough, records are compared in `parts` passes over both files, each for
 * those whose hash falls to it. Time is O(records) a pass.
 */
#ifndef RS_SCHEDULE_DIFF_H
#define RS_SCHEDULE_DIFF_H

#include "rs_schedule_text.h"

typedef enum rs_change_kind {
  RS_CHANGE_MOVED,
  RS_CHANGE_REMOVED,
  RS_CHANGE_ADDED,
  RS_CHANGE_KIND_COUNT
} rs_change_kind;

/* The kind of a side without the record is RS_RECORD_END. */
typedef struct rs_change {
  rs_change_kind kind;
  int64_t shift_cycles; /* after − before, of a move */
  rs_record before, after;
} rs_change;

typedef struct rs_change_list {
  rs_change *changes; /* 2 · most are held while reading */
  size_t count;
} rs_change_list;

typedef struct rs_diff_side {
  const rs_schedule *header;
  const rs_wiring *wiring;
  uint64_t bursts, computes;
  uint32_t links_used;
  int64_t makespan_cycles; /* as of rs_player.h, with stalls, for schedules that are right */
  int64_t *op_end_cycles;  /* [op] when its last vector is in SRAM */
  uint32_t *op_partner;    /* [op] of the other schedule; RS_NONE: none */
  uint64_t *op_changes;    /* [op] bursts that moved or that the other has not */
} rs_diff_side;

typedef struct rs_diff {
  rs_diff_side sides[2];                                 /* before, after */
  uint64_t changed[RS_RECORD_END][RS_CHANGE_KIND_COUNT]; /* [kind of record][kind of change] */
  uint64_t changes;                                      /* sum of these */
  uint64_t earlier, later;                               /* of those that moved */
  int64_t shift_cycles_min, shift_cycles_max;            /* 0 when none moved that way */
  rs_change first;                                       /* where they first part, if they do */
  rs_change_list shown[RS_CHANGE_KIND_COUNT]; /* at most `most` of a kind, farthest moves first */
  bool headers_differ; /* operations, timing, wiring, or stalls are not the same */
} rs_diff;

typedef struct rs_diff_options {
  size_t most;
  uint32_t window_records_max;
  uint32_t part, parts; /* 0 of 1: all in one pass */
} rs_diff_options;

static inline int64_t rs_record_start_cycles(const rs_record *record) {
  return record->kind == RS_RECORD_BURST ? record->burst.start_cycles
                                         : record->compute.start_cycles;
}

/* One pass over two readers that were just opened; `diff` is zero before the first and is added to by
 * those after it. RS_E_LIMIT: the window is full; start over with more parts. */
rs_status rs_diff_run(rs_arena *arena, rs_schedule_reader *const readers[2],
                      const rs_diff_options *options, rs_diff *diff, rs_diag *diag);

static inline bool rs_diff_is_empty(const rs_diff *d) {
  return !d->headers_differ && d->changes == 0;
}

/* Enough for two files, if hashes spread evenly; RS_E_LIMIT then asks for twice as many. */
uint32_t rs_diff_parts(rs_schedule_reader *const readers[2], uint32_t window_records_max);

#endif

/*
 * Tracks and slices of a schedule, for the writers of timelines. Private to netsim/.
 */
#ifndef RS__TIMELINE_H
#define RS__TIMELINE_H

#include "rs_trace.h"

/* A record's time on its unit or link. */
typedef struct rs__slice {
  int64_t start_cycles;
  int64_t end_cycles;
  uint64_t record; /* index of the burst or compute interval */
  uint32_t chip;
  uint32_t track; /* of the chip: a unit, or RS_UNIT_COUNT + place among the links that leave it */
  uint32_t lane;
} rs__slice;

typedef struct rs__timeline {
  rs__slice *slices; /* by (chip, track, lane, start): a lane is a run */
  size_t slice_count;
  size_t row_count;    /* lanes that hold something */
  int64_t from_cycles; /* looked at: from here … */
  int64_t end_cycles;  /* … to here: the end asked for, or the last arrival or end */
} rs__timeline;

rs_status rs__timeline_build(rs_arena *scratch, const rs_schedule *schedule,
                             const rs_wiring *wiring, const rs_trace_options *options,
                             rs__timeline *timeline, rs_diag *diag);

static inline bool rs__slice_same_row(const rs__slice *a, const rs__slice *b) {
  return a->chip == b->chip && a->track == b->track && a->lane == b->lane;
}

/* The link of a track, RS_NONE for a unit. */
uint32_t rs__timeline_link(const rs_wiring *wiring, const rs__slice *slice);

/* "matrix", "0>3". */
void rs__timeline_row_name(const rs_wiring *wiring, const rs__slice *slice, char *text,
                           size_t size);

/* What a slice is: the operation's label, or its kind; an interval's label. */
const char *rs__timeline_slice_name(const rs_schedule *schedule, const rs__slice *slice);

#endif

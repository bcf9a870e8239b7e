/*
 * Tracks and slices of a schedule, for the writers of timelines. Private to netsim/.
 */
#ifndef RS__TIMELINE_H
#define RS__TIMELINE_H

#include "rs_trace.h"

/* Tracks of a chip: its units, its stalls, the links that leave it. */
enum { RS__TRACK_STALLS = RS_UNIT_COUNT, RS__TRACK_LINKS };

/* A record's time on its unit or link, on the wall. */
typedef struct rs__slice {
  int64_t start_cycles;
  int64_t end_cycles;
  uint64_t record; /* index of the burst, compute interval or stall */
  uint32_t chip;
  uint32_t track; /* a unit, RS__TRACK_STALLS, or RS__TRACK_LINKS + place among the links */
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

/* The link of a track, RS_NONE for units and stalls. */
uint32_t rs__timeline_link(const rs_wiring *wiring, const rs__slice *slice);

/* "matrix", "0>3". */
void rs__timeline_row_name(const rs_wiring *wiring, const rs__slice *slice, char *text,
                           size_t size);

static inline bool rs__slice_is_burst(const rs__slice *slice) {
  return slice->track >= RS__TRACK_LINKS;
}

/* When the last vector of a slice's burst arrives, on the wall. */
int64_t rs__timeline_arrival(const rs_schedule *schedule, const rs_wiring *wiring,
                             const rs__slice *slice);

/* What a slice is: the operation's label, or its kind; an interval's label; a stall's kind. */
const char *rs__timeline_slice_name(const rs_schedule *schedule, const rs__slice *slice);

#endif

/*
 * What the grammar of the text form (rs_schedule_parse.c) and what drives it (rs_schedule_read.c)
 * share: the reader.
 *
 * Invariant: between records the cursor is at the beginning of a line. rs__reader_fill, called there,
 * sees to it that the whole line is in the window, or all that is left; so the grammar never meets
 * the end of the window inside a line, and faults have their place as if all of the text were there.
 */
#ifndef RS__SCHEDULE_PARSE_H
#define RS__SCHEDULE_PARSE_H

#include "rs__schedule.h"
#include "rs__schedule_scan.h"
#include "rs_schedule_text.h"

typedef struct rs__reader {
  rs__scanner scan;
  rs_source *source; /* NULL: all of the text is in the window */
  char *window;      /* the source's; its capacity grows to the longest line */
  size_t capacity;
  bool at_end; /* the source has no more */
  rs_arena *arena;
  rs_schedule *schedule;
  const rs_wiring *wiring;
  uint32_t *mark;  /* [chip] for rs__schedule_op_fault */
  uint32_t *group; /* the group that is being read */
  uint32_t group_capacity;
  const char *places[RS__FIELDS]; /* of the fields of this record; NULL: not there */
  int version;                    /* of the text form; stalls came with the second */
  uint64_t promised_ops, promised_bursts, promised_computes, promised_stalls;
} rs__reader;

rs_status rs__reader_fill(rs__reader *r);

/* Up to the line of counts; makes r->schedule and r->wiring. */
rs_status rs__parse_header(rs__reader *r, rs_wiring_provider *provider, void *context);
rs_status rs__parse_op(rs__reader *r);    /* adds it to r->schedule */
rs_status rs__parse_stall(rs__reader *r); /* the same */
/* These two only read; a label is added to r->schedule where it is new. */
rs_status rs__parse_burst(rs__reader *r, rs_burst *burst);
rs_status rs__parse_compute(rs__reader *r, rs_compute *compute);

#endif

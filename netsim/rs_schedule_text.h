/*
 * The text form of a schedule (.rsched): one record a line, canonical, made to be diffed.
 *
 *   rsched 1
 *   topology mesh:8
 *   wiring chips=8 links=56 digest=0123456789abcdef
 *   timing groqchip1 clock_hz=900000000 vector_bytes=320 slot=2952/125 latency=216,222,258 \
 *          send=207 receive=207 forward=207 add=20 adds_per_cycle=16        (one line)
 *   counts ops=1 bursts=112 computes=0
 *   op 0 all-reduce bytes=16384 vectors=52 tmp=0 ready=0 root=- algorithm=one-shot group=0-7 \
 *          label=…                                                                 (one line)
 *   d AT CYCLES deskew|runtime-deskew
 *   b OP FROM>TO[.COPY] START COUNT[xSTRIDE] SOURCE+OFFSET TARGET+OFFSET ACTION
 *   c CHIP UNIT START CYCLES FIRST reads=OP|- writes=OP|- LABEL…
 *   end
 *
 * e.g. `b 0 0>3 207 7 in+14 out+14 add`. Groups are lists of chips and ranges: 0-7,16,18-20.
 * A schedule with stalls is `rsched 2`; behind its counts it has the line
 *   deskew stalls=3 interval=65536 margin=32
 * and its `d` lines stand before the bursts, in order; one without is `rsched 1` and has neither.
 * Bursts stand in canonical order, then computes. Lines end with \n. Labels run to the line's end.
 * Printing then parsing gives an equal schedule; parsing then printing gives the same bytes for a
 * file in canonical form; bursts in another order are accepted and sorted.
 *
 * The parser takes any bytes: every fault is RS_E_INPUT with line and column and what was expected
 * there, also where a record is not well formed (rs_schedule_validate): what it accepts, validates.
 * Memory stays within a small multiple of the input read so far, but for the wiring and for groups,
 * which are written out (4 bytes a chip that an operation names): a header that promises 10^9 bursts
 * allocates nothing. Time is O(input · log).
 */
#ifndef RS_SCHEDULE_TEXT_H
#define RS_SCHEDULE_TEXT_H

#include "rs_schedule.h"

/* Sorts, then writes. RS_E_SYSTEM when the sink refused. */
rs_status rs_schedule_print(rs_schedule *schedule, const rs_wiring *wiring, rs_sink *sink,
                            rs_diag *diag);

/* The wiring that a header asks for: given the canonical spec (or "" where the header says '-'),
 * builds it or explains why not. The caller supplies it, because this folder knows no topologies. */
typedef rs_status rs_wiring_provider(void *context, const char *topology, rs_arena *arena,
                                     const rs_wiring **wiring, rs_diag *diag);

/* Parses `length` bytes; `file` is for messages. On success *schedule and *wiring are the arena's.
 */
rs_status rs_schedule_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                            rs_wiring_provider *provider, void *provider_context,
                            rs_schedule **schedule, const rs_wiring **wiring, rs_diag *diag);

/* ---- from a source: a file or a pipe, without holding its text ---- */

/* Up to `capacity` bytes; 0: the end; below 0: reading failed. */
typedef ptrdiff_t rs_source_read(void *context, char *bytes, size_t capacity);

typedef struct rs_source {
  rs_source_read *read;
  void *context;
} rs_source;

/* rs_schedule_parse for a source. RS_E_SYSTEM: it failed. */
rs_status rs_schedule_read(rs_arena *arena, const char *file, const rs_source *source,
                           rs_wiring_provider *provider, void *provider_context,
                           rs_schedule **schedule, const rs_wiring **wiring, rs_diag *diag);

/* Record by record, without holding them either: memory for the header, the operations, stalls, every
 * label once, and a window of 256 KiB or the longest line (at most 32 MiB), whatever the number of
 * bursts. */
typedef struct rs_schedule_reader rs_schedule_reader;

typedef enum rs_record_kind { RS_RECORD_BURST, RS_RECORD_COMPUTE, RS_RECORD_END } rs_record_kind;

typedef struct rs_record {
  rs_record_kind kind;
  rs_burst burst;
  rs_compute compute; /* its label is one of the header's schedule */
} rs_record;

/* Reads the header, the operations and the stalls; schedule and wiring are the arena's. Close what was opened;
 * `file` must outlive it. */
rs_status rs_schedule_reader_open(rs_arena *arena, const char *file, const rs_source *source,
                                  rs_wiring_provider *provider, void *provider_context,
                                  rs_schedule_reader **reader, rs_diag *diag);
void rs_schedule_reader_close(rs_schedule_reader *reader); /* NULL is allowed */

/* The next record, in the order of the file; each is well formed. After RS_RECORD_END, which comes
 * when the whole file was right, and after a failure there is no further one. */
rs_status rs_schedule_reader_next(rs_schedule_reader *reader, rs_record *record, rs_diag *diag);

/* The operations and stalls, and no bursts or compute intervals. */
const rs_schedule *rs_schedule_reader_header(const rs_schedule_reader *reader);
const rs_wiring *rs_schedule_reader_wiring(const rs_schedule_reader *reader);
/* Bursts, and compute intervals, that the header promises. */
uint64_t rs_schedule_reader_promised(const rs_schedule_reader *reader, uint64_t *computes);
int rs_schedule_reader_line(const rs_schedule_reader *reader); /* of the last record */

/* The line of the text form for one stall, without the newline. */
void rs_stall_describe(const rs_stall *stall, char *text, size_t size);
/* The same for a compute interval; labels have no bound of ours, so it goes to a sink. */
void rs_compute_describe(const rs_schedule *schedule, const rs_compute *compute, rs_sink *sink);
/* The line of the text form for one burst, without the newline: for messages. */
void rs_burst_describe(const rs_schedule *schedule, const rs_wiring *wiring, const rs_burst *burst,
                       char *text, size_t size);

#endif

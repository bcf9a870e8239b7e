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
 *   b OP FROM>TO[.COPY] START COUNT[xSTRIDE] SOURCE+OFFSET TARGET+OFFSET ACTION
 *   c CHIP UNIT START CYCLES FIRST reads=OP|- writes=OP|- LABEL…
 *   end
 *
 * e.g. `b 0 0>3 207 7 in+14 out+14 add`. Groups are lists of chips and ranges: 0-7,16,18-20.
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

/* The line of the text form for one burst, without the newline: for messages. */
void rs_burst_describe(const rs_schedule *schedule, const rs_wiring *wiring, const rs_burst *burst,
                       char *text, size_t size);

#endif

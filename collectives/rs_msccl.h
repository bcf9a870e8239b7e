/*
 * Algorithms as MSCCL's XML: read into schedules, and schedules written as such.
 *
 * An MSCCL program says, for every GPU, what its threadblocks do step by step: send a chunk to a peer,
 * receive one, add it to what is there, copy; it says nothing of cables or time. Reading matches sends
 * with receives, finds what must wait for what, routes every transfer on the wiring and books it like
 * any compiled collective. Nothing of the program is believed: the checker proves the result.
 *
 *   buffers   i is `in`; o is `out`; s is hop buffer. In place (inplace="1", or a program that never
 *             names o) i and o are both `out`, where it still holds the chip's input
 *   steps     s r rcs rrc rrs rrcs nop; cpy and re (local copies and adds) where they can be made part
 *             of the transfer that brought the data
 *   kinds     allreduce, allgather, reduce_scatter, alltoall, broadcast
 *
 * A block becomes as many equal chunks as the program has, rounded up to whole vectors. GPU i is
 * the i-th chip of the group. Transfers between chips without a link are relayed.
 */
#ifndef RS_MSCCL_H
#define RS_MSCCL_H

#include "rs_collective.h"

typedef struct rs_msccl rs_msccl; /* a program, read and checked for itself */

/* RS_E_INPUT with file, line and column; RS_E_LIMIT beyond 4 million steps. All memory is the arena's;
 * `file` and `text` must outlive the program. O(text · log). */
rs_status rs_msccl_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                         const rs_msccl **program, rs_diag *diag);

rs_collective_kind rs_msccl_kind(const rs_msccl *program);
const char *rs_msccl_name(const rs_msccl *program);
uint32_t rs_msccl_gpu_count(const rs_msccl *program);

/* Appends the program as an operation. Of the request: chips, block_bytes, ready_cycles, label; kind
 * and root are the program's. RS_E_INPUT: the program does not run (with file and line), or the group
 * has another size; RS_E_INFEASIBLE: it does what chips cannot. */
rs_status rs_msccl_compile(const rs_msccl *program, rs_schedule *schedule, const rs_wiring *wiring,
                           rs_calendar *calendar, const rs_collective_request *request,
                           rs_diag *diag);

/* Writes an operation of a schedule as a program: a threadblock for each link that a chip sends or
 * receives on, with its bursts in order of time, and waits where one needs another. Relays must be
 * members. RS_E_INFEASIBLE: it has no such form; RS_E_SYSTEM when the sink refused. */
rs_status rs_msccl_print(const rs_schedule *schedule, const rs_wiring *wiring, uint32_t op,
                         rs_sink *sink, rs_diag *diag);

#endif

/*
 * What goes through the socket between rs_fluid_run and realscale-simgrid. Both are of one build and
 * on one machine, so that structures go as they are.
 *
 *   to it:    rs__fluid_header, flows, needs, path_first, path_links
 *   from it:  rs__fluid_answer, and rs_flow_times of every flow
 */
#ifndef RS__FLUID_H
#define RS__FLUID_H

#include "rs_fluid.h"

/* Changes with the structures, so that programs of two builds do not talk past each other.
 * An answer begins with its complement. */
#define RS__FLUID_MAGIC                                                                  \
  (UINT64_C(0x52532d464c550000) + sizeof(rs__fluid_header) * 256 + sizeof(rs_flow) * 2 + \
   sizeof(rs_flow_need))

typedef struct rs__fluid_header {
  uint64_t magic;
  uint64_t flow_count, need_count, path_count, path_link_count;
  int64_t vector_bytes, slot_num, slot_den;
  int64_t cpu_seconds_max, memory_bytes_max;
} rs__fluid_header;

typedef struct rs__fluid_answer {
  uint64_t magic;
  double cpu_seconds;
} rs__fluid_answer;

/* ---- rs_fluid_child.c: the child process and the socket ---- */

typedef struct rs__fluid_child {
  int socket;
  int process;
} rs__fluid_child;

rs_status rs__fluid_child_start(rs__fluid_child *child, const char *program, rs_diag *diag);
/* false: the other end has gone. */
bool rs__fluid_child_send(const rs__fluid_child *child, const void *bytes, size_t count);
void rs__fluid_child_end_sending(const rs__fluid_child *child);
bool rs__fluid_child_receive(const rs__fluid_child *child, void *bytes, size_t count);
/* Ends it if it still runs and waits for it. `complete`: its answer has come, so that its end does not
 * matter. Else says how it ended: RS_E_LIMIT or RS_E_SYSTEM. */
rs_status rs__fluid_child_finish(rs__fluid_child *child, bool complete,
                                 const rs_fluid_options *options, rs_diag *diag);

#endif

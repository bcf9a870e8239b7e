/*
 * The fluid network: flows that share links fairly (max-min), run by SimGrid, an engine that is not
 * ours, on the same wiring and timing as the schedule.
 *
 * A flow is a run of vectors along a path of links. When it may begin (below) it takes lead_cycles
 * until its first vector has arrived at the path's end, and then vectors − 1 slots until the last
 * one has, if nobody shares its links; while others do, its rate is what max-min fairness gives it.
 * So a lone message of V vectors over one link takes latency + (V − 1) · slot, as in rs_timing.h;
 * here the time of a slot is not rounded up to whole cycles. tail_cycles after that it has ended.
 *
 * A flow may begin at start_cycles, and not before each of its needs: some earlier flow has begun or
 * ended, and lag_cycles have gone by. A flow without vectors takes no time: a point where many flows
 * meet. A flow that is `behind` another one keeps its vectors back until the other's last has gone: a
 * port that sends one after the other. Invariant: a flow needs, and is behind, only flows of lower index, so that there is no cycle.
 *
 * What it is not: packets, queues, credits or cut-through under contention. Rates are double precision;
 * all times agree with exact arithmetic to about 1e-9 of a cycle and 1e-12 of themselves. Same problem,
 * same build of SimGrid: same result.
 *
 * SimGrid ends its process when something goes wrong and cannot start over in one. So it lives in a
 * program of its own, `realscale-simgrid`, which gets the problem through a socket and answers
 * through it; a crash, or running beyond a limit, is a status here.
 */
#ifndef RS_FLUID_H
#define RS_FLUID_H

#include "rs_messages.h"
#include "rs_schedule.h"
#include "rs_traffic.h"

typedef struct rs_flow {
  int64_t start_cycles;
  int64_t vectors;
  int64_t lead_cycles; /* at least a slot where there are vectors */
  int64_t tail_cycles;
  uint32_t path; /* index from rs_fluid_add_path; ignored when there are no vectors */
  uint32_t need_count;
  uint64_t need_first; /* rs_fluid_add_flow sets these two */
  uint32_t behind; /* 1 + an earlier flow with vectors, which has left its links first; 0: none */
} rs_flow;

typedef struct rs_flow_need {
  uint32_t flow;
  bool of_begin;      /* counts from the other's beginning, not from its end */
  int64_t lag_cycles; /* ≥ 0 */
} rs_flow_need;

/* A problem. Memory is the arena's; arrays grow by doubling. */
typedef struct rs_fluid {
  rs_arena *arena;
  const rs_wiring *wiring;
  rs_timing timing;
  rs_flow *flows;
  uint32_t flow_count, flow_capacity;
  rs_flow_need *needs;
  uint64_t need_count, need_capacity;
  uint32_t *path_first; /* path_count + 1 entries, into path_links */
  uint32_t path_count, path_capacity;
  uint32_t *path_links;
  uint64_t path_link_count, path_link_capacity;
} rs_fluid;

typedef struct rs_fluid_options {
  const char *program;      /* path of realscale-simgrid */
  int64_t cpu_seconds_max;  /* 0: 60 */
  int64_t memory_bytes_max; /* 0: 4 GiB */
} rs_fluid_options;

/* When a flow began (it was free to) and ended; cycles. */
typedef struct rs_flow_times {
  double begin_cycles;
  double end_cycles;
} rs_flow_times;

typedef struct rs_fluid_result {
  rs_flow_times *times; /* [flow], the arena's */
  double end_cycles;    /* the last end */
  double cpu_seconds;   /* of SimGrid, setting up included; differs from run to run */
} rs_fluid_result;

/* What one problem may hold: beyond it SimGrid's own data does not fit into reasonable memory. */
#define RS_FLUID_FLOWS_MAX (UINT32_C(1) << 22)
#define RS_FLUID_PATHS_MAX (UINT32_C(1) << 21)

/* NULL: no memory. */
rs_fluid *rs_fluid_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing);
/* Both return the new index, RS_NONE when there is no memory. They copy what they are given. */
uint32_t rs_fluid_add_path(rs_fluid *fluid, const uint32_t *links, uint32_t count);
uint32_t rs_fluid_add_flow(rs_fluid *fluid, const rs_flow *flow, const rs_flow_need *needs,
                           uint32_t need_count);

/* Adds a flow a burst (a flow a vector where bursts are strided), in canonical order, with the timetable's
 * starts and the data that they wait for; sorts the schedule. On a schedule without conflicts every flow
 * ends less than a cycle before its burst's last vector is in SRAM (rs_fluid_replay.c derives it); compute
 * intervals are left out. RS_E_REFUSED, RS_E_LIMIT. */
rs_status rs_fluid_add_schedule(rs_fluid *fluid, rs_schedule *schedule, rs_diag *diag);

/* The invariants above and the ranges. RS_E_INPUT names the first flow that breaks one; RS_E_LIMIT
 * beyond what a problem may hold. O(flows + needs + paths). */
rs_status rs_fluid_check(const rs_fluid *fluid, rs_diag *diag);

/* Checks, and runs in a child process. RS_E_LIMIT: beyond a limit of size, time or memory;
 * RS_E_SYSTEM: the program is not there, or it crashed. Any thread. */
rs_status rs_fluid_run(const rs_fluid *fluid, const rs_fluid_options *options,
                       rs_fluid_result *result, rs_diag *diag);

/* ---- traffic ---- */

typedef struct rs_fluid_traffic_config {
  const uint8_t *distance; /* [from · chip_count + to], hops; 255: unreachable */
  int64_t router_cycles;   /* port → port inside a chip */
  double work_max;         /* of estimated new shares of flows; 0: RS_FLUID_WORK_MAX */
} rs_fluid_traffic_config;

/* What SimGrid does in half a minute or so. */
#define RS_FLUID_WORK_MAX 6e7

/* The packets of `run` as flows of one vector, each pair on one minimal path; results as the adaptive
 * network gives them, without events. Latency: send + Σ (link latency) + (hops − 1) · router_cycles +
 * receive, and more where links are shared. RS_E_INPUT: no path; RS_E_INFEASIBLE: a link is offered more
 * than it can carry, so that there is no latency; RS_E_LIMIT: more than RS_FLUID_FLOWS_MAX packets, or
 * beyond what SimGrid can do; the last two say why. */
rs_status rs_fluid_traffic(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                           const rs_fluid_traffic_config *config, const rs_traffic_run *run,
                           const rs_fluid_options *options, rs_traffic_result *result,
                           rs_diag *diag);

/* ---- messages ---- */

/* Messages as flows on fixed minimal paths, of which each chip sends one after the other over a link, in
 * the order of the messages. RS_E_LIMIT beyond SimGrid's reach. */
rs_status rs_fluid_messages(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                            const rs_fluid_traffic_config *config, const rs_messages *messages,
                            const rs_fluid_options *options, rs_messages_result *result,
                            rs_diag *diag);

#endif

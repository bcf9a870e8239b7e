/*
 * Latencies of measured packets: mean with its confidence interval, percentiles, the longest.
 *
 * Percentiles are exact to the cycle below RS__LATENCY_CYCLES; a latency with a fraction counts as the
 * next whole cycle. The interval is that of 20 batches by time of creation, whose means are taken to be
 * independent and normal (Law, "Simulation Modeling and Analysis", 9.5.3): ± t · s / √20.
 */
#ifndef RS__LATENCY_H
#define RS__LATENCY_H

#include "rs_traffic.h"

enum { RS__LATENCY_BATCHES = 20 };
#define RS__LATENCY_CYCLES (INT64_C(1) << 20)

typedef struct rs__latency {
  const rs_traffic_run *run;
  uint32_t *histogram;
  double batch_sum[RS__LATENCY_BATCHES];
  uint64_t batch_count[RS__LATENCY_BATCHES];
  uint64_t count;
  int64_t max_cycles;
} rs__latency;

rs_status rs__latency_init(rs_arena *arena, const rs_traffic_run *run, rs__latency *latency,
                           rs_diag *diag);
/* Of a packet that was made inside the window. */
void rs__latency_record(rs__latency *latency, int64_t made_cycles, double cycles);
/* Fills the fields of `result` that begin with latency_. */
void rs__latency_summarise(const rs__latency *latency, rs_traffic_result *result);

/* RS_E_INPUT: an empty window, or one that ends after the run. */
rs_status rs__latency_check_run(const rs_traffic_run *run, rs_diag *diag);

static inline bool rs__latency_is_measured(const rs_traffic_run *run, int64_t cycles) {
  return cycles >= run->measure_from_cycles && cycles < run->measure_to_cycles;
}

#endif

/* A counter a cycle of latency, and 20 batch means. */
#include <math.h>

#include "rs__latency.h"

rs_status rs__latency_check_run(const rs_traffic_run *run, rs_diag *diag) {
  if (run->next == NULL) return rs_diag_set(diag, RS_E_INPUT, "a run needs traffic");
  if (run->measure_from_cycles >= 0 && run->measure_to_cycles > run->measure_from_cycles &&
      run->end_cycles >= run->measure_to_cycles) {
    return RS_OK;
  }
  return rs_diag_set(diag, RS_E_INPUT, "the window of measurement is empty or ends after the run");
}

rs_status rs__latency_init(rs_arena *arena, const rs_traffic_run *run, rs__latency *latency,
                           rs_diag *diag) {
  *latency = (rs__latency){.run = run};
  latency->histogram = RS_ARENA_NEW(arena, uint32_t, RS__LATENCY_CYCLES);
  return latency->histogram == NULL ? rs_arena_failed(arena, diag) : RS_OK;
}

void rs__latency_record(rs__latency *latency, int64_t made_cycles, double cycles) {
  const rs_traffic_run *run = latency->run;
  int64_t window = run->measure_to_cycles - run->measure_from_cycles;
  int64_t since = made_cycles - run->measure_from_cycles;
  int64_t batch = (int64_t)((rs_int128)since * RS__LATENCY_BATCHES / window);
  int64_t whole = (int64_t)ceil(cycles);
  latency->batch_sum[batch] += cycles;
  latency->batch_count[batch]++;
  latency->histogram[RS_MIN(whole, RS__LATENCY_CYCLES - 1)]++;
  latency->max_cycles = RS_MAX(latency->max_cycles, whole);
  latency->count++;
}

static int64_t percentile(const rs__latency *latency, double share) {
  uint64_t rank = (uint64_t)ceil(share * (double)latency->count);
  uint64_t seen = 0;
  for (int64_t c = 0; c < RS__LATENCY_CYCLES - 1; c++) {
    seen += latency->histogram[c];
    if (seen >= rank) return c;
  }
  return latency->max_cycles; /* beyond what is counted to the cycle */
}

/* Student's t, 97.5 %, 19 degrees of freedom. */
static const double t_value = 2.093;

/* 0 where a batch is empty: then there is no interval to be had. */
static double half_width(const rs__latency *latency) {
  double means[RS__LATENCY_BATCHES];
  double mean = 0;
  double square = 0;
  for (int i = 0; i < RS__LATENCY_BATCHES; i++) {
    if (latency->batch_count[i] == 0) return 0;
    means[i] = latency->batch_sum[i] / (double)latency->batch_count[i];
    mean += means[i] / RS__LATENCY_BATCHES;
  }
  for (int i = 0; i < RS__LATENCY_BATCHES; i++) square += (means[i] - mean) * (means[i] - mean);
  return t_value * sqrt(square / (RS__LATENCY_BATCHES - 1) / RS__LATENCY_BATCHES);
}

void rs__latency_summarise(const rs__latency *latency, rs_traffic_result *result) {
  double sum = 0;
  if (latency->count == 0) return;
  for (int i = 0; i < RS__LATENCY_BATCHES; i++) sum += latency->batch_sum[i];
  result->latency_mean_cycles = sum / (double)latency->count;
  result->latency_half_width_cycles = half_width(latency);
  result->latency_p50_cycles = percentile(latency, 0.50);
  result->latency_p99_cycles = percentile(latency, 0.99);
  result->latency_max_cycles = latency->max_cycles;
}

/*
 * Traffic: who sends to whom, and how often; and what a network makes of it. The same packets go into
 * the adaptive and the fluid network.
 *
 * Load is a share of what the wiring could carry at best under uniform traffic on minimal paths:
 * links · (pairs / Σ distances) vectors a slot over all chips. So 1.0 is the same for every wiring: all
 * links busy all the time. Each chip makes a vector in a cycle with one fixed probability (geometric
 * gaps; where that is more than 1/4 a cycle is several draws), from a random stream of its own; all
 * arithmetic is in integers, so the same seed gives the same packets on any machine.
 *
 *   uniform      to any other chip, all alike
 *   permutation  every chip to one other, drawn by seed, no chip twice
 *   tornado      chip i to i + ⌈n/2⌉ − 1
 *   group        to a random chip of the next group of group_size chips (the worst for minimal
 *                routing between groups)
 *   hotspot      one packet in ten to chip 0, the others uniformly
 *   all-to-all   to the other chips in turn, each chip from a place of its own
 *   bit-reverse  to the chip with the bits of the number reversed, 2^k chips; where that is the chip
 *                itself, uniformly
 */
#ifndef RS_TRAFFIC_H
#define RS_TRAFFIC_H

#include "rs_timing.h"

/* ---- a run: packets in, latencies out ---- */

/* Traffic: the next packet that `chip` makes, at or after its last one. false: no more. */
typedef bool rs_traffic_next(void *context, uint32_t chip, int64_t *time_cycles, uint32_t *to);

typedef struct rs_traffic_run {
  rs_traffic_next *next;
  void *context;
  int64_t measure_from_cycles; /* packets made in [from, to) are measured */
  int64_t measure_to_cycles;
  int64_t end_cycles; /* the run stops here even if measured packets are still under way */
} rs_traffic_run;

typedef struct rs_traffic_result {
  uint64_t packets;  /* made */
  uint64_t measured; /* made in the window */
  uint64_t arrived;  /* of the measured */
  uint64_t accepted; /* packets of any age that arrived inside the window */
  uint64_t hops;     /* links crossed, all packets */
  uint64_t events;
  int64_t end_cycles; /* when the last event happened */
  double latency_mean_cycles;
  double latency_half_width_cycles; /* 95 % confidence, from 20 batches by time of creation */
  int64_t latency_p50_cycles, latency_p99_cycles, latency_max_cycles;
  bool saturated; /* measured packets were still under way at end_cycles */
  uint32_t busiest_link;
  uint64_t busiest_link_vectors;
} rs_traffic_result;

/* ---- patterns ---- */

typedef enum rs_pattern {
  RS_PATTERN_UNIFORM,
  RS_PATTERN_PERMUTATION,
  RS_PATTERN_TORNADO,
  RS_PATTERN_GROUP,
  RS_PATTERN_HOTSPOT,
  RS_PATTERN_ALL_TO_ALL,
  RS_PATTERN_BIT_REVERSE,
  RS_PATTERN_COUNT
} rs_pattern;

typedef struct rs_traffic_config {
  rs_pattern pattern;
  int64_t load_ppm; /* 1 … 10^6 and beyond */
  uint32_t group_size;
  uint64_t seed;
  int64_t end_cycles;    /* no packet is made from here on */
  uint64_t distance_sum; /* over all ordered pairs */
} rs_traffic_config;

typedef struct rs_traffic rs_traffic;

/* What a pattern needs of the number of chips: RS_E_INPUT with the sentence. */
rs_status rs_traffic_check(rs_pattern pattern, uint32_t chip_count, uint32_t group_size,
                           rs_diag *diag);

/* Memory is the arena's. RS_E_INPUT: what rs_traffic_check refuses, no load, a load of more than 1,024
 * packets a cycle and chip. */
rs_status rs_traffic_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                            const rs_traffic_config *config, rs_traffic **traffic, rs_diag *diag);

/* An rs_traffic_next; the context is the rs_traffic. It counts cycles by itself. */
bool rs_traffic_draw(void *traffic, uint32_t chip, int64_t *time_cycles, uint32_t *to);

/* Vectors a slot and chip at load 1, for reports. */
double rs_traffic_capacity(const rs_wiring *wiring, uint64_t distance_sum);

const char *rs_pattern_word(rs_pattern pattern);
bool rs_pattern_parse(const char *word, rs_pattern *pattern);

#endif

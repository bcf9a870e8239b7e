/*
 * The time model of links and of a chip's ports. All times are int64 cycles of the nominal clock.
 *
 * A vector occupies a link for slot_num / slot_den cycles, exactly. Vector k of a burst with start
 * s and stride p occupies [s + k·p·q, s + (k·p + 1)·q) with q = slot_num / slot_den; seen by a
 * chip's clock it departs at s + ⌈k·p·q⌉. It has arrived whole at the other port
 * `latency_cycles[class]` cycles after it departed: the latency includes the vector's own
 * serialisation, so that a lone message of V vectors takes latency + ⌈(V−1)·q⌉ on a link.
 *
 * What a chip adds:
 *   send_cycles      SRAM → port: a vector must be in SRAM this long before it departs
 *   receive_cycles   port → SRAM: a vector is in SRAM this long after it arrived
 *   forward_cycles   port → port: a vector may depart again this long after it arrived, while it is
 *                    also being written to SRAM
 *   add_cycles       added to the two above when the vector is summed into memory on its way
 *
 * Exact times are compared in ticks of 1/slot_den cycle, in integers; see rs_timing_ticks_*.
 */
#ifndef RS_TIMING_H
#define RS_TIMING_H

#include "rs_wiring.h"

typedef struct rs_timing {
  char name[32]; /* preset it came from: "unit", "groqchip1", or "custom" */
  int64_t clock_hz;
  int64_t vector_bytes; /* payload */
  int64_t slot_num;
  int64_t slot_den;
  int64_t latency_cycles[RS_CABLE_CLASS_COUNT];
  int64_t send_cycles;
  int64_t receive_cycles;
  int64_t forward_cycles;
  int64_t add_cycles;
  int64_t adds_per_cycle; /* vectors that the vector unit can add in a cycle */
} rs_timing;

/* The round model of the literature: slot and latency 1 cycle, the chip costs nothing. */
void rs_timing_init_unit(rs_timing *timing);

/* Positive clock, slot and bytes; non-negative costs; latency ≥ 1; everything below 2^40, so that
 * sums of a few and products with a count below 2^40 stay inside 128 bits. */
rs_status rs_timing_check(const rs_timing *timing, rs_diag *diag);

/* ⌈k·slot⌉: cycles from the first departure to that of the k-th vector at stride 1. k ≥ 0. */
static inline int64_t rs_timing_slots(const rs_timing *timing, int64_t k) {
  return rs_mul_ceil_div_i64(k, timing->slot_num, timing->slot_den);
}

static inline int64_t rs_timing_latency(const rs_timing *timing, const rs_link *link) {
  return timing->latency_cycles[link->cable_class];
}

/* Vectors that carry `bytes`: ⌈bytes / vector_bytes⌉. */
static inline int64_t rs_timing_vectors(const rs_timing *timing, int64_t bytes) {
  return rs_ceil_div_i64(bytes, timing->vector_bytes);
}

#endif

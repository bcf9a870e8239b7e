/*
 * Small schedules made by hand, for the tests of player, text and checker. None of this uses the
 * compilers: times are written out.
 */
#ifndef RS_TEST_SCHEDULE_H
#define RS_TEST_SCHEDULE_H

#include <string.h>

#include "rs_player.h"
#include "rs_schedule.h"
#include "rs_test.h"

/* The first chip's timing, written out: the tests of netsim know no chips. */
static inline rs_timing chip_timing(void) {
  rs_timing t;
  rs_timing_init_unit(&t);
  strcpy(t.name, "chip");
  t.slot_num = 2952;
  t.slot_den = 125;
  for (int i = 0; i < RS_CABLE_CLASS_COUNT; i++) t.latency_cycles[i] = 216;
  t.send_cycles = t.receive_cycles = t.forward_cycles = 207;
  t.add_cycles = 20;
  t.adds_per_cycle = 16;
  return t;
}

/* All pairs of n chips (mesh) or a ring. */
static inline const rs_wiring *make_wiring(rs_arena *arena, uint32_t n, bool ring) {
  rs_diag diag;
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, n);
  for (uint32_t a = 0; a < n; a++) {
    for (uint32_t b = a + 1; b < n; b++) {
      bool joined = !ring || b == a + 1 || (a == 0 && b == n - 1);
      if (joined) assert_ok(rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, &diag), &diag);
    }
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static inline uint32_t add_op(rs_schedule *s, rs_collective_kind kind, uint32_t n,
                              int64_t block_vectors, int64_t tmp_vectors, uint32_t root) {
  uint32_t chips[64];
  for (uint32_t i = 0; i < n; i++) chips[i] = i;
  rs_op op = {.kind = kind,
              .root = root,
              .block_bytes = block_vectors * 320,
              .block_vectors = block_vectors,
              .tmp_vectors = tmp_vectors};
  return rs_schedule_add_op(s, &op, chips, n);
}

static inline rs_burst *add_burst(rs_schedule *s, const rs_wiring *w, uint32_t from, uint32_t to,
                                  int64_t start, int64_t count, rs_buffer source,
                                  int64_t source_offset, rs_buffer target, int64_t target_offset,
                                  rs_action action) {
  rs_burst burst = {.start_cycles = start,
                    .count = count,
                    .source_offset = source_offset,
                    .target_offset = target_offset,
                    .link = rs_wiring_find_link(w, from, to, 0),
                    .op = 0,
                    .stride = 1,
                    .source = (uint8_t)source,
                    .target = (uint8_t)target,
                    .action = (uint8_t)action};
  return rs_schedule_add_burst(s, &burst);
}

/* One-shot all-reduce on a mesh: at send_cycles everybody sends its input to everybody. */
static inline rs_schedule *make_one_shot(rs_arena *arena, const rs_wiring *w, const rs_timing *t,
                                         int64_t vectors) {
  rs_schedule *s = rs_schedule_create(arena, w, "", t);
  add_op(s, RS_ALL_REDUCE, w->chip_count, vectors, 0, RS_NONE);
  for (uint32_t a = 0; a < w->chip_count; a++) {
    for (uint32_t b = 0; b < w->chip_count; b++) {
      if (a == b) continue;
      add_burst(s, w, a, b, t->send_cycles, vectors, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0,
                RS_ACTION_ADD);
    }
  }
  return s;
}

/* All-gather around a ring, one way: block i goes on from chip to chip, cut through. */
static inline rs_schedule *make_ring_gather(rs_arena *arena, const rs_wiring *w, const rs_timing *t,
                                            int64_t vectors) {
  uint32_t n = w->chip_count;
  rs_schedule *s = rs_schedule_create(arena, w, "", t);
  add_op(s, RS_ALL_GATHER, n, vectors, 0, RS_NONE);
  int64_t hop = t->latency_cycles[RS_CABLE_NODE] + t->forward_cycles;
  int64_t slots = rs_timing_slots(t, vectors);
  int64_t step = hop > slots ? hop : slots; /* a link is free again before its next block */
  for (uint32_t k = 0; k + 1 < n; k++) {
    for (uint32_t i = 0; i < n; i++) { /* block i leaves chip i + k */
      uint32_t from = (i + k) % n;
      add_burst(s, w, from, (from + 1) % n, t->send_cycles + k * step, vectors, RS_BUFFER_OUT,
                i * vectors, RS_BUFFER_OUT, i * vectors, RS_ACTION_KEEP);
    }
  }
  return s;
}

/* Broadcast down a chain 0 → 1 → 2 … of a ring, through hop buffers where `relay`. */
static inline rs_schedule *make_chain(rs_arena *arena, const rs_wiring *w, const rs_timing *t,
                                      int64_t vectors) {
  rs_schedule *s = rs_schedule_create(arena, w, "", t);
  add_op(s, RS_BROADCAST, w->chip_count, vectors, 0, 0);
  int64_t hop = t->latency_cycles[RS_CABLE_NODE] + t->forward_cycles;
  for (uint32_t i = 0; i + 1 < w->chip_count; i++) {
    add_burst(s, w, i, i + 1, t->send_cycles + i * hop, vectors, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0,
              RS_ACTION_KEEP);
  }
  return s;
}

static inline rs_status play(const rs_schedule *s, const rs_wiring *w, rs_fidelity fidelity,
                             rs_play *result, rs_diag *diag) {
  rs_play_options options = {.fidelity = fidelity, .seed = 5};
  return rs_player_run(s, w, &options, result, diag);
}

#endif

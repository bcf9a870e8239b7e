/* The player: times worked out by hand, two fidelities, and the faults that it sees. */
#include "rs_test_schedule.h"

static void expect_makespan(const rs_schedule *s, const rs_wiring *w, int64_t cycles) {
  rs_diag diag;
  rs_play bursts, vectors;
  assert_ok(play(s, w, RS_FIDELITY_BURST, &bursts, &diag), &diag);
  assert_ok(play(s, w, RS_FIDELITY_VECTOR, &vectors, &diag), &diag);
  assert_int_equal(bursts.makespan_cycles, cycles);
  assert_int_equal(vectors.makespan_cycles, cycles);
  assert_int_equal(bursts.vector_hops, vectors.vector_hops);
}

/* A lone message of V vectors over one link, memory to memory:
 * send 207 + ⌈(V−1)·23.616⌉ + latency 216 + receive 207. V = 8: 207 + ⌈165.312⌉ + 423 = 796. */
static void a_lone_message_takes_its_time(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, 8, 0, RS_NONE);
  add_burst(s, w, 0, 1, 207, 8, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  expect_makespan(s, w, 796);
  rs_arena_destroy(arena);
}

/* One-shot on K4, 5 vectors: 207 + ⌈4·23.616⌉ + 216 + 207 + 20 = 207 + 95 + 443 = 745. */
static void a_one_shot_all_reduce_takes_one_hop(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  expect_makespan(make_one_shot(arena, w, &t, 5), w, 745);
  rs_arena_destroy(arena);
}

/* The round model: V vectors one-shot take V rounds (latency 1, the first arrives in round 1). */
static void unit_timing_counts_rounds(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t;
  rs_timing_init_unit(&t);
  const rs_wiring *w = make_wiring(arena, 4, false);
  for (int64_t vectors = 1; vectors <= 5; vectors++) {
    expect_makespan(make_one_shot(arena, w, &t, vectors), w, vectors);
  }
  /* a ring of 5, 3 vectors a block: 4 steps of 3 rounds */
  const rs_wiring *ring = make_wiring(arena, 5, true);
  expect_makespan(make_ring_gather(arena, ring, &t, 3), ring, 12);
  /* a chain over 5 chips: 4 hops and 2 more vectors behind the first */
  expect_makespan(make_chain(arena, ring, &t, 3), ring, 6);
  rs_arena_destroy(arena);
}

/* Message size is no cost at burst fidelity: 2^30 vectors are one event each way. */
static void a_burst_of_a_billion_is_one_record(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_play result;
  rs_timing t;
  rs_timing_init_unit(&t);
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, INT64_C(1) << 30, 0, RS_NONE);
  add_burst(s, w, 0, 1, 0, INT64_C(1) << 30, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  assert_ok(play(s, w, RS_FIDELITY_BURST, &result, &diag), &diag);
  assert_int_equal(result.makespan_cycles, INT64_C(1) << 30);
  assert_int_equal(result.events, 2);
  assert_int_equal(play(s, w, RS_FIDELITY_VECTOR, &result, &diag), RS_E_LIMIT);
  rs_arena_destroy(arena);
}

static void expect_fault(const rs_schedule *s, const rs_wiring *w, rs_fidelity fidelity,
                         const char *words) {
  rs_diag diag;
  rs_play result;
  assert_int_equal(play(s, w, fidelity, &result, &diag), RS_E_REFUSED);
  if (strstr(diag.what, words) == NULL) fail_msg("it says: %s", diag.what);
}

static void faults_are_seen(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_schedule *s = make_one_shot(arena, w, &t, 5);
  s->bursts[3].start_cycles = 206; /* before the SRAM read is done */
  expect_fault(s, w, RS_FIDELITY_VECTOR, "departs before it is there");
  s = make_one_shot(arena, w, &t, 5);
  s->bursts[3].link = s->bursts[4].link;
  expect_fault(s, w, RS_FIDELITY_BURST, "is busy at cycle 207");
  s = make_one_shot(arena, w, &t, 5);
  s->burst_count--;
  expect_fault(s, w, RS_FIDELITY_VECTOR, "wrong");
  s = make_chain(arena, make_wiring(arena, 4, true), &t, 2);
  s->bursts[1].start_cycles -= 1; /* 207 + 423 − 1: the vector is not there yet */
  expect_fault(s, make_wiring(arena, 4, true), RS_FIDELITY_VECTOR, "link 1>2, cycle 629");
  rs_arena_destroy(arena);
}

/* Strided bursts may share a link where their vectors interleave: even and odd slots. */
static void strides_interleave(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_play result;
  rs_timing t;
  rs_timing_init_unit(&t);
  const rs_wiring *w = make_wiring(arena, 2, false);
  for (int64_t shift = 0; shift <= 2; shift++) {
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    add_op(s, RS_SEND, 2, 8, 0, RS_NONE);
    add_burst(s, w, 0, 1, 0, 4, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP)->stride = 2;
    add_burst(s, w, 0, 1, 1 + shift, 4, RS_BUFFER_IN, 4, RS_BUFFER_OUT, 4, RS_ACTION_KEEP)->stride =
        2;
    rs_status status = play(s, w, RS_FIDELITY_BURST, &result, &diag);
    assert_int_equal(status, shift % 2 == 0 ? RS_OK : RS_E_REFUSED);
  }
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_lone_message_takes_its_time),
      cmocka_unit_test(a_one_shot_all_reduce_takes_one_hop),
      cmocka_unit_test(unit_timing_counts_rounds),
      cmocka_unit_test(a_burst_of_a_billion_is_one_record),
      cmocka_unit_test(faults_are_seen),
      cmocka_unit_test(strides_interleave),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

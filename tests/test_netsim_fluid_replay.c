/*
 * One schedule on two engines: SimGrid must give the timetable's own times, but for the rounding that
 * rs_fluid_replay.c derives, on schedules by hand, on random ones without conflicts, and must not on
 * schedules that are wrong.
 */
#include <math.h>

#include "rs_fluid.h"
#include "rs_random.h"
#include "rs_test_schedule.h"

static const rs_fluid_options real = {.program = RS_SIMGRID_PROGRAM};

/* Each flow against its burst: 0 ≤ timetable − fluid < 1, up to SimGrid's own 1e-6. */
static void assert_agrees(rs_arena *arena, const rs_wiring *w, rs_schedule *s) {
  rs_diag diag;
  rs_fluid_result r;
  rs_play played;
  rs_fluid *f = rs_fluid_create(arena, w, &s->timing);
  assert_ok(rs_fluid_add_schedule(f, s, &diag), &diag);
  assert_int_equal(f->flow_count, s->burst_count);
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  for (uint32_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    int64_t end = rs_burst_arrival(&s->timing, &w->links[b->link], b, b->count - 1) +
                  s->timing.receive_cycles +
                  (b->action == RS_ACTION_ADD ? s->timing.add_cycles : 0);
    double early = (double)end - r.times[i].end_cycles;
    if (!(early > -1e-6 && early < 1 + 1e-6)) fail_msg("burst %u is %.9g cycles early", i, early);
    assert_true(fabs(r.times[i].begin_cycles - (double)b->start_cycles) < 1e-6);
  }
  assert_ok(play(s, w, RS_FIDELITY_BURST, &played, &diag), &diag);
  double early = (double)played.network_end_cycles - r.end_cycles;
  assert_true(early > -1e-6 && early < 1 + 1e-6);
}

static void schedules_by_hand_agree(void **state) {
  (void)state;
  static const int64_t vectors[] = {1, 7, 40, 100000};
  rs_timing t = chip_timing();
  for (int k = 0; k < 4; k++) {
    rs_arena *arena = rs_arena_create(0);
    const rs_wiring *mesh = make_wiring(arena, 8, false);
    const rs_wiring *ring = make_wiring(arena, 6, true);
    assert_agrees(arena, mesh, make_one_shot(arena, mesh, &t, vectors[k]));
    assert_agrees(arena, ring, make_ring_gather(arena, ring, &t, vectors[k]));
    assert_agrees(arena, ring, make_chain(arena, ring, &t, vectors[k]));
    rs_arena_destroy(arena);
  }
}

/* Bursts one behind the other on every link of a mesh, some at once, some after a gap. */
static void random_bookings_agree(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    rs_arena *arena = rs_arena_create(0);
    rs_random random;
    rs_timing t = chip_timing();
    const rs_wiring *w = make_wiring(arena, 5, false);
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    rs_random_init(&random, seed, 0);
    t.slot_num = s->timing.slot_num = rs_random_between(&random, 1, 200);
    t.slot_den = s->timing.slot_den = rs_random_between(&random, 1, 7);
    add_op(s, RS_ALL_GATHER, 5, 64, 0, RS_NONE);
    for (uint32_t l = 0; l < w->link_count; l++) {
      const rs_link *link = &w->links[l];
      int64_t at = 207;
      for (int k = 0; k < 6; k++) {
        int64_t count = rs_random_between(&random, 1, 64);
        if (rs_random_below(&random, 2) == 0) at += rs_random_between(&random, 0, 300);
        add_burst(s, w, link->from, link->to, at, count, RS_BUFFER_IN, 0, RS_BUFFER_OUT,
                  link->from * 64, RS_ACTION_KEEP);
        at += rs_timing_slots(&t, count);
      }
    }
    print_message("seed %llu\n", (unsigned long long)seed);
    assert_agrees(arena, w, s);
    rs_arena_destroy(arena);
  }
}

/* Two strided bursts of 3, interleaved: vectors of A at slots 0, 2, 4, of B at 1, 3, 5. Six flows of one
 * vector; each has the link alone, and the last ends at 207 + 5 · slot + 216 + 207. */
static void interleaved_bursts_are_split(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_fluid_result r;
  rs_timing t = chip_timing();
  t.slot_num = 24;
  t.slot_den = 1;
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_ALL_GATHER, 2, 3, 0, RS_NONE);
  for (int k = 0; k < 2; k++) {
    rs_burst *b =
        add_burst(s, w, 0, 1, 207 + 24 * k, 3, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    b->stride = 2;
  }
  rs_fluid *f = rs_fluid_create(arena, w, &t);
  assert_ok(rs_fluid_add_schedule(f, s, &diag), &diag);
  assert_int_equal(f->flow_count, 6);
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  assert_true(fabs(r.end_cycles - (207 + 5 * 24 + 216 + 207)) < 1e-6);
  rs_arena_destroy(arena);
}

/* A chain 0 → 1 → 2 of 100 vectors, whose second burst is moved to 50 cycles before its data is there: it
 * begins when the data is, at 207 + 216 + 207 = 630. */
static void data_that_is_late_delays(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_fluid_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 3, true);
  rs_schedule *s = make_chain(arena, w, &t, 100);
  s->bursts[1].start_cycles -= 50;
  rs_fluid *f = rs_fluid_create(arena, w, &t);
  assert_ok(rs_fluid_add_schedule(f, s, &diag), &diag);
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  assert_true(fabs(r.times[1].begin_cycles - 630) < 1e-6);
  rs_arena_destroy(arena);
}

/* A link booked twice: 40 vectors each, the second from the middle of the first. Together the link carries
 * 80 vectors without a gap, so that the later one ends at 207 + 79 · slot + 216 + 207, where its
 * timetable says 20 slots less (and up to a cycle for its start). */
static void a_link_booked_twice_is_later(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_fluid_result r;
  rs_timing t = chip_timing();
  double slot = 2952.0 / 125;
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_ALL_GATHER, 2, 40, 0, RS_NONE);
  for (int k = 0; k < 2; k++) {
    add_burst(s, w, 0, 1, 207 + k * rs_timing_slots(&t, 20), 40, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0,
              RS_ACTION_KEEP);
  }
  rs_fluid *f = rs_fluid_create(arena, w, &t);
  assert_ok(rs_fluid_add_schedule(f, s, &diag), &diag);
  assert_ok(rs_fluid_run(f, &real, &r, &diag), &diag);
  assert_true(fabs(r.end_cycles - (207 + 79 * slot + 216 + 207)) < 1e-6);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(schedules_by_hand_agree),      cmocka_unit_test(random_bookings_agree),
      cmocka_unit_test(interleaved_bursts_are_split), cmocka_unit_test(data_that_is_late_delays),
      cmocka_unit_test(a_link_booked_twice_is_later),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

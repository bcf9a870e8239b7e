/* The wiring, the event queue and timings: invariants, each broken once. */
#include <stdlib.h>

#include "rs_event_queue.h"
#include "rs_random.h"
#include "rs_test_schedule.h"

/* ---- wiring ---- */

static void links_are_sorted_and_found(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_wiring *w;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  static const uint32_t cables[][2] = {{2, 1}, {0, 3}, {1, 2}, {0, 1}, {2, 1}};
  for (size_t i = 0; i < 5; i++) {
    assert_ok(rs_wiring_builder_add(builder, cables[i][0], cables[i][1], RS_CABLE_RACK, &diag),
              &diag);
  }
  rs_wiring_builder_set_places(builder, 2, 4);
  assert_ok(rs_wiring_builder_finish(builder, &w, &diag), &diag);
  assert_int_equal(w->link_count, 10);
  assert_int_equal(w->cable_count, 5);
  assert_int_equal(rs_wiring_out_degree(w, 2), 3);
  char name[32];
  for (uint32_t copy = 0; copy < 3; copy++) {
    uint32_t l = rs_wiring_find_link(w, 1, 2, copy);
    assert_int_not_equal(l, RS_NONE);
    assert_int_equal(rs_wiring_link_copy(w, l), copy);
    assert_int_equal(w->links[w->links[l].reverse].from, 2);
    rs_wiring_link_name(w, l, name, sizeof name);
    assert_string_equal(name, copy == 0 ? "1>2" : copy == 1 ? "1>2.1" : "1>2.2");
  }
  assert_int_equal(rs_wiring_find_link(w, 1, 2, 3), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 0, 2, 0), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 9, 2, 0), RS_NONE);
  assert_int_equal(w->node_of[3], 1);
  assert_int_equal(w->rack_of[3], 0);
  rs_arena_destroy(arena);
}

static void bad_cables_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  assert_int_equal(rs_wiring_builder_add(builder, 1, 1, RS_CABLE_NODE, &diag), RS_E_INPUT);
  assert_int_equal(rs_wiring_builder_add(builder, 1, 4, RS_CABLE_NODE, &diag), RS_E_INPUT);
  rs_arena_destroy(arena);
}

/* Each invariant broken, seen, and mended. */
static void a_broken_wiring_is_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_wiring *w = (rs_wiring *)(uintptr_t)make_wiring(arena, 5, false);
  assert_ok(rs_wiring_check(w, &diag), &diag);
  uint64_t digest = rs_wiring_digest(w);
  rs_link good = w->links[3];
  rs_link broken[] = {good, good, good, good, good, good, good};
  broken[0].to = broken[0].from;
  broken[1].to = 99;
  broken[2].reverse = 3;
  broken[3].cable_class = RS_CABLE_CLASS_COUNT;
  broken[4].from_port = w->links[2].from_port;
  broken[5].to_port++;
  broken[6].from = 4;
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    w->links[3] = broken[i];
    assert_int_equal(rs_wiring_check(w, &diag), RS_E_REFUSED);
  }
  w->links[3] = good;
  w->in_links[0] = 19;
  assert_int_equal(rs_wiring_check(w, &diag), RS_E_REFUSED);
  w->in_links[0] = rs_wiring_find_link(w, 1, 0, 0);
  w->out_first[2]++;
  assert_int_equal(rs_wiring_check(w, &diag), RS_E_REFUSED);
  w->out_first[2]--;
  assert_ok(rs_wiring_check(w, &diag), &diag);
  assert_true(rs_wiring_digest(w) == digest);
  rs_arena_destroy(arena);
}

/* ---- event queue ---- */

typedef struct expected_event {
  int64_t time;
  uint32_t subject; /* also the order of pushing */
} expected_event;

static int compare_expected(const void *left, const void *right) {
  const expected_event *a = left;
  const expected_event *b = right;
  if (a->time != b->time) return a->time < b->time ? -1 : 1;
  return (a->subject > b->subject) - (a->subject < b->subject);
}

/* Against a stable sort: events with many equal times, pushed between pops. */
static void events_come_by_time_then_sequence(void **state) {
  (void)state;
  enum { COUNT = 4000 };
  for (uint64_t seed = 0; seed < 20; seed++) {
    expected_event expected[COUNT];
    rs_diag diag;
    rs_random random;
    rs_event event;
    rs_event_queue *queue = rs_event_queue_create();
    rs_random_init(&random, seed, 0);
    uint32_t pushed = 0;
    uint32_t popped = 0;
    int64_t now = 0;
    uint64_t span = UINT64_C(1) << (1 + seed * 2); /* from dense to sparse */
    while (popped < COUNT) {
      bool push = pushed < COUNT && (pushed == popped || rs_random_below(&random, 5) < 3);
      if (push) {
        int64_t time = now + (int64_t)rs_random_below(&random, span);
        expected[pushed] = (expected_event){time, pushed};
        assert_true(rs_event_queue_push(queue, time, 0, pushed, time));
        pushed++;
      } else {
        assert_true(rs_event_queue_pop(queue, &event));
        assert_true(event.time_cycles >= now && event.detail == event.time_cycles);
        now = event.time_cycles;
        /* it must be the least of those that are in: sort what is pending */
        qsort(expected + popped, pushed - popped, sizeof *expected, compare_expected);
        assert_int_equal(event.subject, expected[popped].subject);
        popped++;
      }
      if (popped % 97 == 0) assert_ok(rs_event_queue_check(queue, &diag), &diag);
    }
    assert_false(rs_event_queue_pop(queue, &event));
    assert_int_equal(rs_event_queue_count(queue), 0);
    rs_event_queue_destroy(queue);
  }
}

/* ---- timing ---- */

static void timings_are_checked(void **state) {
  (void)state;
  rs_diag diag;
  rs_timing t = chip_timing();
  assert_ok(rs_timing_check(&t, &diag), &diag);
  /* 10 slots of 2952/125 cycles: 236.16, so the eleventh vector departs in cycle 237 */
  assert_int_equal(rs_timing_slots(&t, 10), 237);
  assert_int_equal(rs_timing_vectors(&t, 16384), 52); /* 51.2 */
  int64_t *const positive[] = {&t.clock_hz, &t.vector_bytes, &t.slot_num, &t.slot_den,
                               &t.latency_cycles[1]};
  for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
    int64_t good = *positive[i];
    *positive[i] = 0;
    assert_int_equal(rs_timing_check(&t, &diag), RS_E_INPUT);
    *positive[i] = INT64_C(1) << 40;
    assert_int_equal(rs_timing_check(&t, &diag), RS_E_INPUT);
    *positive[i] = good;
  }
  t.forward_cycles = -1;
  assert_int_equal(rs_timing_check(&t, &diag), RS_E_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(links_are_sorted_and_found),
      cmocka_unit_test(bad_cables_are_refused),
      cmocka_unit_test(a_broken_wiring_is_refused),
      cmocka_unit_test(events_come_by_time_then_sequence),
      cmocka_unit_test(timings_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

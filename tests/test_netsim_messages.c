/* A schedule as messages: what becomes one, what each waits for, and the time they take on the adaptive and
 * on the fluid network, against sums written out. */
#include "rs_adaptive.h"
#include "rs_fluid.h"
#include "rs_test_schedule.h"

static uint8_t *distances(rs_arena *arena, const rs_wiring *w) {
  uint32_t n = w->chip_count;
  uint8_t *d = RS_ARENA_NEW(arena, uint8_t, (size_t)n * n);
  for (uint32_t i = 0; i < n * n; i++) d[i] = i / n == i % n ? 0 : 255;
  for (uint32_t step = 0; step < n; step++) {
    for (uint32_t l = 0; l < w->link_count; l++) {
      for (uint32_t t = 0; t < n; t++) {
        uint8_t via = d[w->links[l].to * n + t];
        uint8_t *here = &d[w->links[l].from * n + t];
        if (via != 255 && via + 1 < *here) *here = (uint8_t)(via + 1);
      }
    }
  }
  return d;
}

static rs_messages *extract(rs_arena *arena, const rs_wiring *w, rs_schedule *s, int64_t segment) {
  rs_diag diag;
  rs_messages *messages;
  assert_ok(rs_messages_extract(arena, s, w, segment, &messages, &diag), &diag);
  return messages;
}

static int64_t end_on_adaptive(rs_arena *arena, const rs_wiring *w, const rs_schedule *s,
                               const rs_messages *messages) {
  rs_diag diag;
  rs_messages_result r;
  const rs_adaptive_config config = {
      .distance = distances(arena, w), .router_cycles = 207, .buffer_vectors = 64};
  assert_ok(rs_adaptive_messages(arena, w, &s->timing, &config, messages, &r, &diag), &diag);
  return r.end_cycles;
}

static int64_t end_on_fluid(rs_arena *arena, const rs_wiring *w, const rs_schedule *s,
                            const rs_messages *messages) {
  rs_diag diag;
  rs_messages_result r;
  const rs_fluid_options options = {.program = RS_SIMGRID_PROGRAM};
  const rs_fluid_traffic_config config = {.distance = distances(arena, w), .router_cycles = 207};
  assert_ok(rs_fluid_messages(arena, w, &s->timing, &config, messages, &options, &r, &diag), &diag);
  return r.end_cycles;
}

/* Everybody to everybody, nothing waits: send 207 + ⌈99 · 23.616⌉ = 2338 + 216 + receive 207 + add 20. The
 * fluid does not round 2337.984 up, but its end. */
static void one_shot_waits_for_nothing(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 8, false);
  rs_schedule *s = make_one_shot(arena, w, &t, 100);
  rs_messages *m = extract(arena, w, s, 100);
  assert_int_equal(m->message_count, 56);
  assert_int_equal(m->gate_count, 0);
  assert_int_equal(m->vectors, 5600);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 207 + 2338 + 216 + 207 + 20);
  assert_int_equal(end_on_fluid(arena, w, s, m), 207 + 2338 + 216 + 207 + 20);
  /* cut into 7 pieces of up to 16: over one link, one behind the other, the same time */
  m = extract(arena, w, s, 0);
  assert_int_equal(m->message_count, 56 * 7);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 207 + 2338 + 216 + 207 + 20);
  assert_int_equal(end_on_fluid(arena, w, s, m), 207 + 2338 + 216 + 207 + 20);
  rs_arena_destroy(arena);
}

/* Around a ring of six, 7 vectors a block: five times, from memory to memory, 207 + ⌈6 · 23.616⌉ = 142 + 216 +
 * 207 = 772. On the fluid 5 · (630 + 141.696) = 3858.48. In pieces of one vector the blocks overlap: the last
 * vector starts at ⌈6 · slot⌉ = 142, and then takes five hops of 630. */
static void a_ring_passes_on_what_has_come(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 6, true);
  rs_schedule *s = make_ring_gather(arena, w, &t, 7);
  rs_messages *m = extract(arena, w, s, 7);
  assert_int_equal(m->message_count, 30);
  assert_int_equal(m->gate_count, 24); /* all but the first of every block */
  for (uint32_t g = 0; g < m->gate_count; g++) assert_int_equal(m->gates[g].count, 1);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 5 * 772);
  assert_int_equal(end_on_fluid(arena, w, s, m), 3859);
  m = extract(arena, w, s, 1);
  assert_int_equal(m->message_count, 210);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 142 + 5 * 630);
  rs_arena_destroy(arena);
}

/* 0 → 1 → 2 → 3 of a ring of six through hop buffers: one message from 0 to 3, two routers on its way: 207 +
 * 3 · 216 + 2 · 207 + ⌈4 · slot⌉ = 95 + 207 on the fluid, which has one path for it. Queues are shared between
 * both ways round, three hops each: the last of three vectors leaves at ⌈2 · slot⌉ = 48. */
static void relays_are_the_networks(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 6, true);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  const uint32_t pair[] = {0, 3};
  rs_op op = {.kind = RS_SEND, .root = RS_NONE, .block_bytes = 1600, .block_vectors = 5};
  op.tmp_vectors = 5;
  rs_schedule_add_op(s, &op, pair, 2);
  add_burst(s, w, 0, 1, 207, 5, RS_BUFFER_IN, 0, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
  add_burst(s, w, 1, 2, 630, 5, RS_BUFFER_TMP, 0, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
  add_burst(s, w, 2, 3, 1053, 5, RS_BUFFER_TMP, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  rs_messages *m = extract(arena, w, s, 0);
  assert_int_equal(m->message_count, 1);
  assert_int_equal(m->messages[0].from, 0);
  assert_int_equal(m->messages[0].to, 3);
  assert_int_equal(m->messages[0].gate, RS_NONE);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 207 + 3 * 216 + 2 * 207 + 48 + 207);
  assert_int_equal(end_on_fluid(arena, w, s, m), 207 + 3 * 216 + 2 * 207 + 95 + 207);
  rs_arena_destroy(arena);
}

/* Chips 1 and 2 add to chip 0, at 630 + 20 both; chip 0 sends the sum to 1 and 2 (one gate for both), 630 after
 * that. With pieces of one of two vectors the second sums are there ⌈slot⌉ = 24 later, and so is the end. */
static void sums_wait_for_all(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 3, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_ALL_REDUCE, 3, 2, 0, RS_NONE);
  add_burst(s, w, 1, 0, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
  add_burst(s, w, 2, 0, 207, 2, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
  add_burst(s, w, 0, 1, 900, 2, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  add_burst(s, w, 0, 2, 900, 2, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  rs_messages *m = extract(arena, w, s, 2);
  assert_int_equal(m->message_count, 4);
  assert_int_equal(m->gate_count, 1);
  assert_int_equal(m->gates[0].count, 2);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 630 + 24 + 20 + 630 + 24);
  m = extract(arena, w, s, 1);
  assert_int_equal(m->message_count, 8);
  assert_int_equal(m->gate_count, 2);
  assert_int_equal(end_on_adaptive(arena, w, s, m), 630 + 24 + 20 + 630);
  rs_arena_destroy(arena);
}

static void what_cannot_be_taken_apart(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_messages *m;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = make_one_shot(arena, w, &t, INT64_C(1) << 30);
  assert_int_equal(rs_messages_extract(arena, s, w, 16, &m, &diag), RS_E_LIMIT);
  m = extract(arena, w, s, 0);
  assert_true(m->message_count <= UINT32_C(1) << 20);
  rs_messages_result r;
  const rs_adaptive_config config = {.distance = distances(arena, w), .buffer_vectors = 64};
  assert_int_equal(rs_adaptive_messages(arena, w, &t, &config, m, &r, &diag), RS_E_LIMIT);
  s->bursts[0].link = 7;
  assert_int_equal(rs_messages_extract(arena, s, w, 0, &m, &diag), RS_E_REFUSED);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_shot_waits_for_nothing),
      cmocka_unit_test(a_ring_passes_on_what_has_come),
      cmocka_unit_test(relays_are_the_networks),
      cmocka_unit_test(sums_wait_for_all),
      cmocka_unit_test(what_cannot_be_taken_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

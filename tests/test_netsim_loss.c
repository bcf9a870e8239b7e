/* What an outage costs, counted by hand on small systems. */
#include "rs_test_schedule.h"

/* Cables a-b of `pairs` are dead, in both directions. */
static rs_loss lose(const rs_schedule *s, const rs_wiring *w, int64_t at, uint32_t a, uint32_t b) {
  bool dead[256] = {0};
  rs_diag diag;
  rs_play ignored;
  rs_loss loss;
  dead[rs_wiring_find_link(w, a, b, 0)] = dead[rs_wiring_find_link(w, b, a, 0)] = true;
  const rs_outage outage = {.at_cycles = at, .dead_links = dead, .error_link = RS_NONE};
  const rs_play_options options = {
      .fidelity = RS_FIDELITY_VECTOR, .seed = 3, .outage = &outage, .loss = &loss};
  assert_ok(rs_player_run(s, w, &options, &ignored, &diag), &diag);
  return loss;
}

static rs_loss lose_with(const rs_schedule *s, const rs_wiring *w, const rs_outage *outage) {
  rs_diag diag;
  rs_play ignored;
  rs_loss loss;
  const rs_play_options options = {
      .fidelity = RS_FIDELITY_VECTOR, .seed = 3, .outage = outage, .loss = &loss};
  assert_ok(rs_player_run(s, w, &options, &ignored, &diag), &diag);
  return loss;
}

static void expect(const rs_loss *loss, uint64_t vectors, uint64_t results, uint64_t lost,
                   uint32_t chips) {
  assert_int_equal(loss->vectors_lost, vectors);
  assert_int_equal(loss->results, results);
  assert_int_equal(loss->results_lost, lost);
  assert_int_equal(loss->chips_hit, chips);
}

/* One-shot on K4 with 5 vectors: vector k arrives at 207 + ⌈k·23.616⌉ + 216 = 423, 447, 471, 494, 518.
 * Without the cable 0-1 chips 0 and 1 miss a contribution in every sum that had not arrived. */
static void a_cable_takes_what_has_not_arrived(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  const rs_schedule *s = make_one_shot(arena, w, &t, 5);
  const struct {
    int64_t at;
    uint64_t lost_a_direction;
  } cases[] = {{0, 5}, {422, 5}, {423, 4}, {446, 4}, {447, 3}, {517, 1}, {518, 0}, {10000, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rs_loss loss = lose(s, w, cases[i].at, 0, 1);
    uint64_t lost = 2 * cases[i].lost_a_direction;
    expect(&loss, lost, 20, lost, lost > 0 ? 2 : 0);
    assert_int_equal(loss.ops_hit, lost > 0 ? 1 : 0);
  }
  rs_loss loss = lose(s, w, 450, 0, 1);
  assert_int_equal(loss.first_cycles, 471);
  rs_arena_destroy(arena);
}

/* Down the chain 0 → 1 → 2 → 3 the cut at 1-2 costs chips 2 and 3 all 7 vectors, of which only those on
 * the cut are lost on a link. The cable 3-0 of the ring carries nothing. */
static void what_is_lost_is_lost_further_on(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, true);
  const rs_schedule *s = make_chain(arena, w, &t, 7);
  rs_loss cut = lose(s, w, 0, 1, 2);
  rs_loss unused = lose(s, w, 0, 3, 0);
  expect(&cut, 7, 28, 14, 2);
  expect(&unused, 0, 28, 0, 0);
  assert_int_equal(unused.first_cycles, -1);
  assert_int_equal(unused.first_burst, RS_NONE);
  rs_arena_destroy(arena);
}

/* A ring of 5, one vector a block, one way: block i goes i → i+1 → … → i+4. The cut 2-3 is crossed by
 * block 2 first, by block 1 second, 0 third, 4 fourth; what is cut is missing on all chips behind:
 * block 2 on 3, 4, 0, 1; block 1 on 3, 4, 0; block 0 on 3, 4; block 4 on 3. In all 10 of 25. */
static void a_ring_loses_blocks_by_distance(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 5, true);
  rs_loss loss = lose(make_ring_gather(arena, w, &t, 1), w, 0, 2, 3);
  expect(&loss, 4, 25, 10, 4);
  rs_arena_destroy(arena);
}

/* Chip 2 of a one-shot on K4 dies at once: the others have 15 results, and miss it in every sum. It has
 * 3 links out and 3 in, of 5 vectors each. */
static void a_dead_chip_is_missed_by_all(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  const bool dead[4] = {false, false, true, false};
  const rs_outage outage = {.dead_chips = dead, .error_link = RS_NONE};
  rs_loss loss = lose_with(make_one_shot(arena, w, &t, 5), w, &outage);
  expect(&loss, 30, 15, 15, 3);
  rs_arena_destroy(arena);
}

/* Vectors depart at 207 + ⌈k·23.616⌉ = 207, 231, 255, …: from cycle 208 on the second is the first. On
 * the chain an error on 0>1 reaches chips 1, 2 and 3. */
static void a_bit_error_spoils_one_vector(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, true);
  const rs_schedule *s = make_chain(arena, w, &t, 7);
  const rs_outage early = {.at_cycles = 208, .error_link = rs_wiring_find_link(w, 0, 1, 0)};
  const rs_outage late = {.at_cycles = 10000, .error_link = rs_wiring_find_link(w, 0, 1, 0)};
  rs_loss loss = lose_with(s, w, &early);
  expect(&loss, 1, 28, 3, 3);
  assert_int_equal(loss.first_cycles, 231 + 216);
  loss = lose_with(s, w, &late);
  expect(&loss, 0, 28, 0, 0);
  rs_arena_destroy(arena);
}

static void add_compute(rs_schedule *s, uint32_t chip, int64_t start, int64_t cycles,
                        uint32_t reads, uint32_t writes) {
  rs_compute compute = {.start_cycles = start,
                        .cycles = cycles,
                        .first_cycles = cycles,
                        .chip = chip,
                        .reads_op = reads,
                        .writes_op = writes,
                        .label = rs_schedule_label(s, "work"),
                        .unit = RS_UNIT_VECTOR};
  assert_non_null(rs_schedule_add_compute(s, &compute));
}

/* 0 sends 4 vectors to 1, which computes on them and sends 3 to 2. A fault on the first link spoils the
 * second operation too, and all of it: one wrong vector is read by all that is made. With unit times
 * vectors arrive at 1 … 4, work is from 4 to `4 + cycles`. Work of no length happens between the
 * arrival and the departure of one cycle. */
static void work_on_what_is_wrong_is_wrong(void **state) {
  (void)state;
  for (int64_t cycles = 0; cycles < 3; cycles++) {
    rs_arena *arena = rs_arena_create(0);
    rs_timing t;
    rs_timing_init_unit(&t);
    const rs_wiring *w = make_wiring(arena, 3, false);
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    const uint32_t first[] = {0, 1}, second[] = {1, 2};
    rs_op op = {.kind = RS_SEND, .root = RS_NONE, .block_bytes = 4 * 320, .block_vectors = 4};
    assert_int_equal(rs_schedule_add_op(s, &op, first, 2), 0);
    op.block_bytes = 3 * 320;
    op.block_vectors = 3;
    assert_int_equal(rs_schedule_add_op(s, &op, second, 2), 1);
    add_burst(s, w, 0, 1, 0, 4, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    add_burst(s, w, 1, 2, 4 + cycles, 3, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP)->op = 1;
    add_compute(s, 1, 4, cycles, 0, 1);
    rs_loss loss = lose(s, w, 3, 0, 1); /* only the last vector, which arrives at 4 */
    expect(&loss, 1, 7, 1 + 3, 2);
    assert_int_equal(loss.ops_hit, 2);
    loss = lose(s, w, 4, 0, 1);
    expect(&loss, 0, 7, 0, 0);
    rs_arena_destroy(arena);
  }
}

/* On chip 1 three intervals of no length at one cycle, in the wrong order of the list: 0 → a, b → c,
 * a → b. The fault comes through all of them. */
static void intervals_of_one_cycle_follow_each_other(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t;
  rs_timing_init_unit(&t);
  const rs_wiring *w = make_wiring(arena, 3, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  const uint32_t pair[] = {0, 1}, alone[] = {1}, last[] = {1, 2};
  rs_op op = {.kind = RS_SEND, .root = RS_NONE, .block_bytes = 320, .block_vectors = 1};
  rs_schedule_add_op(s, &op, pair, 2);
  op.kind = RS_ALL_REDUCE;
  rs_schedule_add_op(s, &op, alone, 1);
  rs_schedule_add_op(s, &op, alone, 1);
  op.kind = RS_SEND;
  rs_schedule_add_op(s, &op, last, 2);
  add_burst(s, w, 0, 1, 0, 1, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  add_burst(s, w, 1, 2, 1, 1, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP)->op = 3;
  add_compute(s, 1, 1, 0, 2, 3);
  add_compute(s, 1, 1, 0, 1, 2);
  add_compute(s, 1, 1, 0, 0, 1);
  rs_loss loss = lose(s, w, 0, 0, 1);
  expect(&loss, 1, 4, 4, 2);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_cable_takes_what_has_not_arrived),
      cmocka_unit_test(what_is_lost_is_lost_further_on),
      cmocka_unit_test(a_ring_loses_blocks_by_distance),
      cmocka_unit_test(a_dead_chip_is_missed_by_all),
      cmocka_unit_test(a_bit_error_spoils_one_vector),
      cmocka_unit_test(work_on_what_is_wrong_is_wrong),
      cmocka_unit_test(intervals_of_one_cycle_follow_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

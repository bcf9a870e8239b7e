/*
 * One transmission, several places: what the link does counts once, what memory and the vector unit do
 * counts each time, for everyone who looks at a schedule.
 *
 * The example is an all-reduce on a path 0 – 1 – 2. Chip 1 wants what comes from 0 in its `out`, where it
 * is added, and in its hop buffer, from where it goes on to 2; and the other way round.
 */
#include "rs__collective.h"
#include "rs_clock_run.h"
#include "rs_fluid.h"
#include "rs_messages.h"
#include "rs_msccl.h"
#include "rs_periodic.h"
#include "rs_test_schedule.h"
#include "rs_test_stream.h"

#define V 4 /* vectors */

/* 0 – 1 – 2, a cable each. */
static const rs_wiring *make_path(rs_arena *arena) {
  rs_diag diag;
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 3);
  for (uint32_t c = 0; c < 2; c++) {
    assert_ok(rs_wiring_builder_add(builder, c, c + 1, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

/* An input into `out` of chip 1 and, in the same transmission, into its hop buffer; then to the far end. */
static void cross(rs_schedule *s, const rs_wiring *w, uint32_t from, uint32_t to, int64_t at) {
  add_burst(s, w, from, 1, 207, V, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
  add_burst(s, w, from, 1, 207, V, RS_BUFFER_IN, 0, RS_BUFFER_TMP, at, RS_ACTION_FORWARD);
  /* 207 + latency 216 + forward 207 */
  add_burst(s, w, 1, to, 630, V, RS_BUFFER_TMP, at, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
}

static rs_schedule *make_example(rs_arena *arena, const rs_wiring *w, const rs_timing *t) {
  rs_schedule *s = rs_schedule_create(arena, w, "", t);
  add_op(s, RS_ALL_REDUCE, 3, V, 2 * V, RS_NONE);
  cross(s, w, 0, 2, 0);
  cross(s, w, 2, 0, V);
  for (uint32_t to = 0; to <= 2; to += 2) {
    add_burst(s, w, 1, to, 207, V, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
  }
  rs_schedule_sort(s);
  return s;
}

/* The same without the places in hop buffer: wrong, but the links do the same. */
static rs_schedule *without_riders(rs_arena *arena, const rs_wiring *w, const rs_timing *t) {
  rs_schedule *all = make_example(arena, w, t);
  rs_schedule *s = rs_schedule_create(arena, w, "", t);
  add_op(s, RS_ALL_REDUCE, 3, V, 2 * V, RS_NONE);
  for (uint64_t i = 0; i < all->burst_count; i++) {
    if (!rs_schedule_rides(all, i)) rs_schedule_add_burst(s, &all->bursts[i]);
  }
  assert_int_equal(all->burst_count - s->burst_count, 2);
  return s;
}

typedef struct fixture {
  rs_arena *arena;
  rs_timing t;
  const rs_wiring *w;
  rs_schedule *s;
} fixture;

static fixture begin(void) {
  fixture f = {.arena = rs_arena_create(0), .t = chip_timing()};
  f.w = make_path(f.arena);
  f.s = make_example(f.arena, f.w, &f.t);
  return f;
}

static rs_status check(const fixture *f, rs_check_report *report, rs_diag *diag) {
  const rs_check_options options = {.seed = 1};
  return rs_checker_run(f->s, f->w, &options, report, diag);
}

/* ---- the proofs and the player ---- */

/* The last vector leaves chip 1 at 630 + ⌈3 · 23.616⌉ = 701, and is in a sum at 701 + 216 + 207 + 20 =
 * 1144. Links carry 4 vectors from the ends and 8 from the middle, each way: 24. Of 8 bursts 2 ride. */
static void a_transmission_counts_once(void **state) {
  (void)state;
  fixture f = begin();
  rs_check_report report;
  rs_stream_report stream;
  rs_diag diag = {0};
  int64_t slots[4];
  assert_int_equal(f.s->burst_count, 8);
  assert_ok(check(&f, &report, &diag), &diag);
  assert_int_equal(report.makespan_cycles, 1144);
  assert_int_equal(report.vectors, 24);
  assert_int_equal(report.bursts, 8);
  assert_ok(stream_check(f.s, f.w, 1, &stream, &diag), &diag);
  assert_int_equal(stream.check.makespan_cycles, 1144);
  assert_int_equal(stream.check.vectors, 24);
  for (int vectors = 0; vectors < 2; vectors++) {
    rs_play played;
    rs_play_options options = {.fidelity = vectors ? RS_FIDELITY_VECTOR : RS_FIDELITY_BURST,
                               .link_busy_slots = slots};
    assert_ok(rs_player_run(f.s, f.w, &options, &played, &diag), &diag);
    assert_int_equal(played.makespan_cycles, 1144);
    assert_int_equal(played.vector_hops, 24);
    assert_int_equal(played.bytes_moved, 24 * 320);
    assert_int_equal(slots[rs_wiring_find_link(f.w, 0, 1, 0)], 4);
    assert_int_equal(slots[rs_wiring_find_link(f.w, 1, 0, 0)], 8);
  }
  rs_arena_destroy(f.arena);
}

/* Bursts may stand in any order. */
static void order_does_not_matter(void **state) {
  (void)state;
  fixture f = begin();
  rs_check_report report;
  rs_diag diag = {0};
  rs_play play;
  for (uint64_t i = 0; i < f.s->burst_count / 2; i++) {
    rs_burst kept = f.s->bursts[i];
    f.s->bursts[i] = f.s->bursts[7 - i];
    f.s->bursts[7 - i] = kept;
  }
  assert_ok(check(&f, &report, &diag), &diag);
  assert_int_equal(report.vectors, 24);
  for (int k = 0; k < 2; k++) {
    const rs_play_options options = {.fidelity = k ? RS_FIDELITY_VECTOR : RS_FIDELITY_BURST};
    assert_ok(rs_player_run(f.s, f.w, &options, &play, &diag), &diag);
    assert_int_equal(play.vector_hops, 24);
  }
  rs_arena_destroy(f.arena);
}

/* One field that differs makes two transmissions, which meet; so does none that differs. */
static void all_but_the_place_must_agree(void **state) {
  (void)state;
  for (int k = 0; k < 6; k++) {
    fixture f = begin();
    rs_check_report report;
    rs_stream_report stream;
    rs_diag diag = {0};
    rs_play played;
    uint64_t i = 1;
    while (!rs_schedule_rides(f.s, i)) i++;
    rs_burst *b = &f.s->bursts[i];
    if (k == 0) b->start_cycles++;
    if (k == 1) b->source = RS_BUFFER_OUT;
    if (k == 2) b->count--;
    if (k == 3) b->stride++;
    if (k == 4) *b = b[-1];
    if (k == 5) b->target = b[-1].target, b->target_offset = b[-1].target_offset, b->action = 0;
    assert_int_equal(check(&f, &report, &diag), RS_E_REFUSED);
    assert_int_equal(report.fault.kind, RS_FAULT_LINK);
    assert_int_equal(stream_check(f.s, f.w, 1, &stream, &diag), RS_E_REFUSED);
    assert_int_equal(stream.check.fault.kind, RS_FAULT_LINK);
    assert_int_equal(play(f.s, f.w, RS_FIDELITY_BURST, &played, &diag), RS_E_REFUSED);
    assert_int_equal(play(f.s, f.w, RS_FIDELITY_VECTOR, &played, &diag), RS_E_REFUSED);
    rs_arena_destroy(f.arena);
  }
}

/* A wrong bit on the way from 0 to 1 is wrong in chip 1's sum and in what goes on to 2: one vector, two
 * results of twelve. */
static void a_bit_error_reaches_every_place(void **state) {
  (void)state;
  fixture f = begin();
  rs_diag diag = {0};
  rs_play ignored;
  rs_loss loss;
  const rs_outage outage = {.at_cycles = 207, .error_link = rs_wiring_find_link(f.w, 0, 1, 0)};
  const rs_play_options options = {
      .fidelity = RS_FIDELITY_VECTOR, .outage = &outage, .loss = &loss};
  assert_ok(rs_player_run(f.s, f.w, &options, &ignored, &diag), &diag);
  assert_int_equal(loss.vectors_lost, 1);
  assert_int_equal(loss.results, 12);
  assert_int_equal(loss.results_lost, 2);
  assert_int_equal(loss.chips_hit, 2);
  rs_arena_destroy(f.arena);
}

/* Added in `out` and in hop buffer: two adds in a cycle. With a unit that does one a cycle that is a fault;
 * the one-pass proof may say that it does not know. */
static void each_place_costs_its_add(void **state) {
  (void)state;
  for (int64_t adds = 1; adds <= 2; adds++) {
    fixture f = begin();
    rs_check_report report;
    rs_stream_report stream;
    rs_diag diag = {0};
    f.t.adds_per_cycle = adds;
    f.s = rs_schedule_create(f.arena, f.w, "", &f.t);
    add_op(f.s, RS_REDUCE, 2, V, V, 1);
    /* the hop buffer holds something to add to: the same input, earlier */
    add_burst(f.s, f.w, 0, 1, 207, V, RS_BUFFER_IN, 0, RS_BUFFER_TMP, 0, RS_ACTION_KEEP);
    add_burst(f.s, f.w, 0, 1, 900, V, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_ADD);
    add_burst(f.s, f.w, 0, 1, 900, V, RS_BUFFER_IN, 0, RS_BUFFER_TMP, 0, RS_ACTION_ADD);
    rs_status wanted = adds == 1 ? RS_E_REFUSED : RS_OK;
    assert_int_equal(check(&f, &report, &diag), wanted);
    if (adds == 1) assert_int_equal(report.fault.kind, RS_FAULT_VECTOR_UNIT);
    rs_status streamed = stream_check(f.s, f.w, 1, &stream, &diag);
    assert_true(streamed == wanted || streamed == RS_E_LIMIT);
    rs_arena_destroy(f.arena);
  }
}

/* ---- those who look at links ---- */

static void periods_and_fifos_see_one(void **state) {
  (void)state;
  fixture f = begin();
  rs_diag diag = {0};
  int64_t shared, plain;
  rs_schedule *bare = without_riders(f.arena, f.w, &f.t);
  assert_ok(rs_periodic_find(f.arena, f.s, f.w, &shared, &diag), &diag);
  assert_ok(rs_periodic_find(f.arena, bare, f.w, &plain, &diag), &diag);
  assert_int_equal(shared, plain);
  rs_departures *d;
  assert_ok(rs_departures_create(f.arena, f.s, f.w, 2000, &d, &diag), &diag);
  assert_int_equal(rs_departures_before(d, rs_wiring_find_link(f.w, 0, 1, 0), 2000), V);
  assert_int_equal(rs_departures_before(d, rs_wiring_find_link(f.w, 1, 2, 0), 2000), 2 * V);
  rs_arena_destroy(f.arena);
}

/* Six transmissions, six flows, which on the fluid end less than a cycle before the timetable. */
static void flows_and_messages_are_transmissions(void **state) {
  (void)state;
  fixture f = begin();
  rs_diag diag = {0};
  rs_fluid_result r;
  rs_messages *messages;
  const rs_fluid_options options = {.program = RS_SIMGRID_PROGRAM};
  rs_fluid *fluid = rs_fluid_create(f.arena, f.w, &f.t);
  assert_ok(rs_fluid_add_schedule(fluid, f.s, &diag), &diag);
  assert_int_equal(fluid->flow_count, 6);
  assert_ok(rs_fluid_run(fluid, &options, &r, &diag), &diag);
  assert_true(r.end_cycles > 1143 - 1e-6 && r.end_cycles < 1144 + 1e-6);
  /* every chip's input to the two others, whole: what only goes on is no message */
  assert_ok(rs_messages_extract(f.arena, f.s, f.w, V, &messages, &diag), &diag);
  assert_int_equal(messages->message_count, 6);
  assert_int_equal(messages->vectors, 6 * V);
  rs_arena_destroy(f.arena);
}

/* A program of MSCCL knows no such thing and sends twice; read back it is a right schedule. */
static void programs_send_twice(void **state) {
  (void)state;
  fixture f = begin();
  rs_diag diag = {0};
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_ok(rs_msccl_print(f.s, f.w, 0, &sink, &diag), &diag);
  int sends = 0;
  for (const char *at = text.bytes; (at = strstr(at, "type=\"s\"")) != NULL; at++) sends++;
  assert_int_equal(sends, 8);
  rs_text_deinit(&text);
  rs_arena_destroy(f.arena);
}

/* ---- the plan and the calendar ---- */

/* What lands behind another task holds up the whole transmission: the first task of it may start at 0,
 * its rider adds to what came over 2 → 1 from 500 on, which is settled 207 + 20 cycles after it arrived;
 * both links take 216. So both start at 727, and what sends on from hop buffer at 727 + 216 + 207. */
static void riders_hold_up_their_transmission(void **state) {
  (void)state;
  fixture f = begin();
  rs_diag diag = {0};
  const uint32_t chips[] = {0, 1, 2};
  const rs_collective_request request = {
      .kind = RS_ALL_REDUCE, .chips = chips, .chip_count = 3, .block_bytes = V * 320};
  rs__plan p = {.arena = f.arena,
                .tree_arena = f.arena,
                .wiring = f.w,
                .timing = &f.t,
                .request = &request,
                .calendar = rs_calendar_create(f.arena, f.w, &f.t),
                .position = chips,
                .members = chips,
                .member_count = 3,
                .block = V,
                .in_vectors = V,
                .variant = {.splits = 1},
                .diag = &diag};
  assert_ok(rs__plan_init(&p, 8), &diag);
  rs__task task = {.start_cycles = 500,
                   .count = V,
                   .link = rs_wiring_find_link(f.w, 2, 1, 0),
                   .source = RS_BUFFER_IN,
                   .target = RS_BUFFER_OUT,
                   .action = RS_ACTION_ADD};
  uint32_t before = rs__plan_add(&p, &task);
  task.start_cycles = 0;
  task.link = rs_wiring_find_link(f.w, 0, 1, 0);
  task.target = RS_BUFFER_TMP;
  task.action = RS_ACTION_FORWARD;
  uint32_t first = rs__plan_add(&p, &task);
  uint32_t rider = rs__plan_also(&p, first, RS_BUFFER_OUT, 0, RS_ACTION_ADD, true);
  rs__plan_edge(&p, before, rider, RS__LANDS);
  task.link = rs_wiring_find_link(f.w, 1, 2, 0);
  task.source = RS_BUFFER_TMP;
  uint32_t after = rs__plan_add(&p, &task);
  rs__plan_edge(&p, first, after, RS__READS);
  assert_ok(rs__plan_run(&p, p.calendar), &diag);
  assert_int_equal(p.tasks[first].start_cycles, 727);
  assert_int_equal(p.tasks[rider].start_cycles, 727);
  assert_int_equal(p.tasks[after].start_cycles, 727 + 423);
  assert_int_equal(rs__plan_busiest_slots(f.arena, &p), V); /* each link carries one transmission */
  rs_arena_destroy(f.arena);
}

/* Chip 1 has two links. A unit of 3 adds a cycle has one to spare: one of them may add in two places, and
 * what is held is given back by a rewind. */
static void spare_adds_are_held(void **state) {
  (void)state;
  fixture f = begin();
  f.t.adds_per_cycle = 3;
  rs_calendar *c = rs_calendar_create(f.arena, f.w, &f.t);
  uint32_t from_0 = rs_wiring_find_link(f.w, 0, 1, 0), from_2 = rs_wiring_find_link(f.w, 2, 1, 0);
  uint32_t lanes[2], *places[] = {&lanes[0], &lanes[1]};
  uint64_t mark = rs_calendar_mark(c);
  assert_true(rs__calendar_adds_allow(c, from_0, 2));
  assert_false(rs__calendar_adds_allow(c, from_0, 3));
  assert_int_equal(rs__calendar_book_adds(c, from_0, 5, V, places, 2), 5);
  assert_true(rs__calendar_adds_allow(c, from_0, 2)); /* one after the other */
  assert_false(rs__calendar_adds_allow(c, from_2, 2));
  assert_true(rs__calendar_adds_allow(c, from_2, 1));
  rs_calendar_rewind(c, mark);
  assert_true(rs__calendar_adds_allow(c, from_2, 2));
  rs_arena_destroy(f.arena);
}

/* A ring of five doubled cables has chips of four links, and here units of three adds: three lanes. Two
 * places of one link take two of them, so that two of another come when the first are done: V = 4 slots of
 * 23.616, 95 cycles, later. One place more finds the third lane at once. */
static void lanes_are_booked_for_each_place(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  rs_diag diag;
  rs_wiring *w;
  t.adds_per_cycle = 3;
  rs_wiring_builder *b = rs_wiring_builder_create(arena, 5);
  for (uint32_t i = 0; i < 10; i++) {
    assert_ok(rs_wiring_builder_add(b, i % 5, (i + 1) % 5, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(b, &w, &diag), &diag);
  rs_calendar *c = rs_calendar_create(arena, w, &t);
  uint32_t lanes[4], *places[] = {&lanes[0], &lanes[1], &lanes[2], &lanes[3]};
  uint32_t in = w->in_first[2];
  assert_int_equal(rs__calendar_book_adds(c, w->in_links[in], 100, V, places, 2), 100);
  assert_int_not_equal(lanes[0], lanes[1]);
  assert_int_equal(rs__calendar_book_adds(c, w->in_links[in + 1], 100, V, places, 1), 100);
  assert_int_equal(rs__calendar_book_adds(c, w->in_links[in + 2], 100, V, places, 2), 195);
  assert_false(rs__calendar_adds_allow(c, w->in_links[in], 4));
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_transmission_counts_once),
      cmocka_unit_test(order_does_not_matter),
      cmocka_unit_test(all_but_the_place_must_agree),
      cmocka_unit_test(a_bit_error_reaches_every_place),
      cmocka_unit_test(each_place_costs_its_add),
      cmocka_unit_test(periods_and_fifos_see_one),
      cmocka_unit_test(flows_and_messages_are_transmissions),
      cmocka_unit_test(programs_send_twice),
      cmocka_unit_test(riders_hold_up_their_transmission),
      cmocka_unit_test(spare_adds_are_held),
      cmocka_unit_test(lanes_are_booked_for_each_place),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

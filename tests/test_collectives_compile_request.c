/* What is refused and how, what a report says, and that a failure leaves nothing behind. */
#include "rs_test_compile.h"

typedef struct fixture {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  rs_schedule *schedule;
  rs_calendar *calendar;
  rs_diag diag;
} fixture;

static const uint32_t chips[] = {0, 1, 2, 3, 4, 5, 6, 7};

static fixture make(const char *spec) {
  fixture f = {.arena = rs_arena_create(0), .timing = unit_timing()};
  f.wiring = build_wiring(f.arena, spec);
  f.schedule = rs_schedule_create(f.arena, f.wiring, spec, &f.timing);
  f.calendar = rs_calendar_create(f.arena, f.wiring, &f.timing);
  return f;
}

static rs_status compile(fixture *f, const rs_collective_request *request,
                         rs_compile_report *report) {
  f->diag = (rs_diag){0};
  return rs_collective_compile(f->schedule, f->wiring, f->calendar, request, NULL, report,
                               &f->diag);
}

/* Refused with a status and a word of the sentence, with nothing added and no link booked. */
static void assert_refusal(const rs_collective_request *request, rs_status status,
                           const char *word) {
  fixture f = make("mesh:8");
  rs_status got = compile(&f, request, NULL);
  if (got != status || strstr(f.diag.what, word) == NULL) {
    fail_msg("'%s' (%s), expected %s with '%s'", f.diag.what, rs_status_word(got),
             rs_status_word(status), word);
  }
  assert_int_equal(f.schedule->op_count, 0);
  assert_int_equal(f.schedule->burst_count, 0);
  assert_int_equal(f.schedule->group_chip_count, 0);
  assert_int_equal(rs_calendar_mark(f.calendar), 0);
  rs_arena_destroy(f.arena);
}

static void refuses_what_cannot_be_meant(void **state) {
  (void)state;
  const uint32_t twice[] = {0, 1, 0}, outside[] = {0, 8};
  rs_collective_request good = {
      .kind = RS_BROADCAST, .chips = chips, .chip_count = 4, .root = 2, .block_bytes = 100};
  rs_collective_request r = good;
  r.chips = twice;
  r.chip_count = 3;
  r.root = 0;
  assert_refusal(&r, RS_E_INPUT, "chip 0 is twice");
  r = good;
  r.chips = outside;
  r.chip_count = 2;
  r.root = 0;
  assert_refusal(&r, RS_E_INPUT, "no chip 8");
  r = good;
  r.root = 5;
  assert_refusal(&r, RS_E_INPUT, "chip 5, is not in the group");
  r.root = RS_NONE;
  assert_refusal(&r, RS_E_INPUT, "needs a root");
  r = good;
  r.block_bytes = 0;
  assert_refusal(&r, RS_E_INPUT, "nothing to move");
  r = good;
  r.chip_count = 0;
  assert_refusal(&r, RS_E_INPUT, "empty");
  r = good;
  r.block_bytes = INT64_MAX;
  assert_refusal(&r, RS_E_OVERFLOW, "too much");
  r = good;
  r.ready_cycles = -1;
  assert_refusal(&r, RS_E_INPUT, "ready at cycle -1");
}

static void refuses_pairs(void **state) {
  (void)state;
  const uint32_t odd[] = {0, 1, 2}, self[] = {3, 3}, twice[] = {0, 1, 2, 1};
  rs_collective_request r = {.kind = RS_SEND, .chips = odd, .chip_count = 3, .block_bytes = 1};
  assert_refusal(&r, RS_E_INPUT, "no partner");
  r.chips = self;
  r.chip_count = 2;
  assert_refusal(&r, RS_E_INPUT, "sends to itself");
  r.chips = twice;
  r.chip_count = 4;
  assert_refusal(&r, RS_E_INPUT, "receives in two pairs");
}

static void suggests_an_algorithm(void **state) {
  (void)state;
  fixture f = make("mesh:8");
  rs_collective_request r = {.kind = RS_ALL_REDUCE,
                             .algorithm = "one-shott",
                             .chips = chips,
                             .chip_count = 8,
                             .block_bytes = 1};
  assert_int_equal(compile(&f, &r, NULL), RS_E_INPUT);
  assert_string_equal(f.diag.suggestion, "one-shot");
  r.algorithm = "paths"; /* a row, but of another kind */
  assert_int_equal(compile(&f, &r, NULL), RS_E_INPUT);
  rs_arena_destroy(f.arena);
}

/* Two meshes without a cable between them. */
static void refuses_what_does_not_connect(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_wiring *wiring = NULL;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  assert_ok(rs_wiring_builder_add(builder, 0, 1, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_add(builder, 2, 3, RS_CABLE_NODE, &diag), &diag);
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  rs_timing timing = unit_timing();
  rs_schedule *schedule = rs_schedule_create(arena, wiring, "", &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  for (int kind = 0; kind < RS_COLLECTIVE_KIND_COUNT; kind++) {
    const uint32_t across[] = {0, 2};
    rs_bound bound;
    rs_collective_request r = {.kind = (rs_collective_kind)kind,
                               .chips = across,
                               .chip_count = 2,
                               .root = 0,
                               .block_bytes = 999};
    rs_status status = rs_collective_compile(schedule, wiring, calendar, &r, NULL, NULL, &diag);
    assert_int_equal(status, RS_E_INFEASIBLE);
    assert_int_equal(rs_collective_bound(arena, wiring, &timing, &r, &bound, &diag),
                     RS_E_INFEASIBLE);
  }
  assert_int_equal(schedule->op_count, 0);
  assert_int_equal(rs_calendar_mark(calendar), 0);
  rs_arena_destroy(arena);
}

/* Chips 0 and 4 of a ring of 8 have no cable: they need relays. */
static void relays_connect_a_group(void **state) {
  (void)state;
  fixture f = make("ring:8");
  const uint32_t across[] = {0, 4};
  rs_collective_request r = {
      .kind = RS_ALL_REDUCE, .chips = across, .chip_count = 2, .root = RS_NONE, .block_bytes = 1};
  rs_compile_report report;
  assert_ok(compile(&f, &r, &report), &f.diag);
  assert_int_equal(report.makespan_cycles, 4); /* four hops each way at once */
  assert_string_equal(report.algorithm, "one-shot");
  assert_int_equal(report.bursts, 8);
  assert_true(f.schedule->ops[0].tmp_vectors >= 1);
  rs_arena_destroy(f.arena);
}

static void reports_every_row(void **state) {
  (void)state;
  fixture f = make("mesh:8");
  rs_collective_request r = {.kind = RS_ALL_REDUCE,
                             .algorithm = "auto",
                             .chips = chips,
                             .chip_count = 8,
                             .block_bytes = 8 * 320,
                             .label = "layer 3 attention"};
  rs_compile_report report;
  assert_ok(compile(&f, &r, &report), &f.diag);
  assert_true(report.row_count >= 2);
  assert_string_equal(report.rows[0].algorithm, "one-shot");
  assert_string_equal(report.algorithm, "reduce-scatter+all-gather");
  /* 8 vectors: a shard of one vector each: there in a cycle, back in another */
  assert_int_equal(report.makespan_cycles, 2);
  for (uint32_t i = 0; i < report.row_count; i++) {
    bool compiled = report.rows[i].makespan_cycles >= 0;
    assert_true(compiled == (report.rows[i].reason[0] == '\0'));
    assert_true(!compiled || report.rows[i].makespan_cycles >= report.makespan_cycles);
  }
  assert_string_equal(f.schedule->ops[0].label, "layer 3 attention");
  assert_int_equal(f.schedule->ops[0].block_vectors, 8);
  rs_arena_destroy(f.arena);
}

/* A group of one has its result at once. */
static void a_group_of_one(void **state) {
  (void)state;
  for (int kind = 0; kind < RS_COLLECTIVE_KIND_COUNT; kind++) {
    if (kind == RS_SEND) continue;
    fixture f = make("mesh:8");
    rs_collective_request r = {.kind = (rs_collective_kind)kind,
                               .chips = chips + 3,
                               .chip_count = 1,
                               .root = 3,
                               .block_bytes = 3200,
                               .ready_cycles = 50};
    rs_compile_report report;
    rs_bound bound;
    assert_ok(compile(&f, &r, &report), &f.diag);
    assert_int_equal(report.bursts, 0);
    assert_int_equal(report.makespan_cycles, 0);
    assert_int_equal(report.end_cycles, 50);
    assert_ok(rs_collective_bound(f.arena, f.wiring, &f.timing, &r, &bound, &f.diag), &f.diag);
    assert_int_equal(bound.cycles, 0);
    rs_arena_destroy(f.arena);
  }
}

static uint64_t digest_of(int64_t bytes) {
  fixture f = make("realscale:24");
  uint32_t all[24];
  for (uint32_t i = 0; i < 24; i++) all[i] = i;
  rs_collective_request r = {
      .kind = RS_ALL_REDUCE, .chips = all, .chip_count = 24, .block_bytes = bytes};
  assert_ok(compile(&f, &r, NULL), &f.diag);
  uint64_t digest = rs_schedule_digest(f.schedule);
  rs_arena_destroy(f.arena);
  return digest;
}

static void same_input_same_schedule(void **state) {
  (void)state;
  assert_true(digest_of(10000) == digest_of(10000));
  assert_true(digest_of(10000) != digest_of(20000));
}

/* 1 GiB needs no more bursts than 1 MiB: both have more vectors than there are pieces. */
static void bursts_do_not_depend_on_size(void **state) {
  (void)state;
  for (int kind = 0; kind < RS_COLLECTIVE_KIND_COUNT; kind++) {
    uint64_t bursts[2];
    for (int i = 0; i < 2; i++) {
      fixture f = make("mesh:8");
      rs_compile_report report;
      rs_collective_request r = {.kind = (rs_collective_kind)kind,
                                 .chips = chips,
                                 .chip_count = 8,
                                 .root = 0,
                                 .block_bytes = INT64_C(1) << (i == 0 ? 20 : 30)};
      assert_ok(compile(&f, &r, &report), &f.diag);
      bursts[i] = report.bursts;
      rs_arena_destroy(f.arena);
    }
    assert_int_equal(bursts[0], bursts[1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_what_cannot_be_meant),
      cmocka_unit_test(refuses_pairs),
      cmocka_unit_test(suggests_an_algorithm),
      cmocka_unit_test(refuses_what_does_not_connect),
      cmocka_unit_test(relays_connect_a_group),
      cmocka_unit_test(reports_every_row),
      cmocka_unit_test(a_group_of_one),
      cmocka_unit_test(same_input_same_schedule),
      cmocka_unit_test(bursts_do_not_depend_on_size),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

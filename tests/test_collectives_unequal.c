/* All-to-all with a size a pair: what is scheduled is what was asked for, proved, and not below the bound. */
#include "rs_test_compile.h"
#include "rs_unequal.h"

typedef struct outcome {
  rs_unequal_report report;
  rs_bound bound;
} outcome;

/* Every pair that has something is in one operation of its size, and no other is. */
static void check_cover(const rs_schedule *s, const rs_unequal_request *r,
                        const rs_timing *timing) {
  uint32_t n = r->chip_count;
  size_t wanted = 0, found = 0;
  for (uint32_t i = 0; i < n * n; i++) wanted += i / n != i % n && r->bytes[i] > 0 ? 1 : 0;
  for (uint32_t op = 0; op < s->op_count; op++) {
    const uint32_t *pairs = &s->group_chips[s->ops[op].group_first];
    assert_int_equal(s->ops[op].kind, RS_SEND);
    for (uint32_t k = 0; k < s->ops[op].group_count; k += 2) {
      uint32_t from = 0, to = 0;
      while (r->chips[from] != pairs[k]) from++;
      while (r->chips[to] != pairs[k + 1]) to++;
      assert_int_equal(s->ops[op].block_vectors,
                       rs_timing_vectors(timing, r->bytes[from * n + to]));
      found++;
    }
  }
  assert_int_equal(found, wanted);
}

static outcome run(const char *spec, const rs_timing *timing, const uint32_t *chips, uint32_t n,
                   const int64_t *bytes) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  rs_diag diag = {0};
  outcome o;
  rs_check_report check;
  const rs_unequal_request request = {.chips = chips, .chip_count = n, .bytes = bytes};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  assert_ok(rs_unequal_compile(schedule, wiring, calendar, &request, &o.report, &diag), &diag);
  assert_ok(rs_unequal_bound(arena, wiring, timing, &request, &o.bound, &diag), &diag);
  check_cover(schedule, &request, timing);
  const rs_check_options options = {.seed = 1};
  assert_ok(rs_checker_run(schedule, wiring, &options, &check, &diag), &diag);
  assert_int_equal(check.makespan_cycles, o.report.makespan_cycles);
  assert_int_equal(schedule->burst_count, o.report.bursts);
  assert_int_equal(schedule->op_count, o.report.ops);
  assert_true(o.report.makespan_cycles >= o.bound.cycles);
  rs_arena_destroy(arena);
  return o;
}

static const uint32_t four[] = {0, 1, 2, 3};

/* Ring of 4 at the unit clock. */
static void bounds_by_hand(void **state) {
  (void)state;
  rs_timing unit = unit_timing();
  int64_t bytes[16] = {0};
  /* 0 sends 2 six vectors: 2 hops; out of 0 over 2 links 3 slots; 12 hops over 8 links 2 slots. The
   * last of three departs at 2, and a link takes a cycle. */
  bytes[2] = 6 * 320;
  outcome o = run("ring:4", &unit, four, 4, bytes);
  assert_int_equal(o.bound.latency_cycles, 2);
  assert_int_equal(o.bound.bandwidth_cycles, 3);
  assert_int_equal(o.bound.cycles, 3);
  assert_int_equal(o.report.ops, 1);
  /* and 1 sends 3 five, crossing it: 22 hops over 8 links, 3 slots; nothing is further */
  bytes[4 + 3] = 5 * 320;
  o = run("ring:4", &unit, four, 4, bytes);
  assert_int_equal(o.bound.cycles, 3);
  assert_int_equal(o.report.ops, 2);
  /* 3 gets nine more from 2: 14 into it over 2 links, 7 slots */
  bytes[8 + 3] = 9 * 320;
  o = run("ring:4", &unit, four, 4, bytes);
  assert_int_equal(o.bound.cycles, 7);
}

/* On a full mesh every pair has a link: the largest takes 31 + ⌈(V − 1)·23.616⌉ + 216 + 47 cycles, and
 * its pieces over two hops would not be sooner. V = 11: 31 + 237 + 263 = 531. */
static void a_mesh_needs_what_its_largest_pair_needs(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  int64_t bytes[16];
  for (int i = 0; i < 16; i++) bytes[i] = 320 * (i % 7); /* the diagonal is not looked at */
  bytes[6] = 320 * 10 + 1;
  outcome o = run("mesh:4", &chip, four, 4, bytes);
  assert_int_equal(o.report.makespan_cycles, 531);
}

static void random_sizes_are_proved(void **state) {
  (void)state;
  static const char *const specs[] = {"ring:6", "torus:3x3", "realscale:16", "kautz:2,3"};
  rs_timing timings[] = {unit_timing(), chip_timing()};
  for (uint64_t seed = 1; seed <= 24; seed++) {
    rs_random random;
    uint32_t chips[6];
    int64_t bytes[36];
    rs_random_init(&random, seed, 0);
    uint32_t n = 2 + (uint32_t)rs_random_below(&random, 5);
    for (uint32_t i = 0; i < n; i++) chips[i] = i; /* every wiring has six chips at least */
    for (uint32_t i = 0; i < n * n; i++) {
      bytes[i] = (int64_t)(rs_random_below(&random, 3) * rs_random_below(&random, 9000));
    }
    bytes[1] = 1;
    run(specs[seed % 4], &timings[seed / 4 % 2], chips, n, bytes);
  }
}

static void check_refused(uint32_t n, const int64_t *bytes, rs_status status) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, "ring:4");
  rs_timing unit = unit_timing();
  rs_diag diag = {0};
  rs_unequal_report report;
  const rs_unequal_request request = {.chips = four, .chip_count = n, .bytes = bytes};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, "ring:4", &unit);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &unit);
  uint64_t mark = rs_calendar_mark(calendar);
  assert_int_equal(rs_unequal_compile(schedule, wiring, calendar, &request, &report, &diag),
                   status);
  assert_true(diag.what[0] != '\0');
  assert_int_equal(schedule->op_count, 0);
  assert_int_equal(schedule->burst_count, 0);
  assert_true(rs_calendar_mark(calendar) == mark);
  rs_arena_destroy(arena);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  int64_t bytes[16] = {0};
  check_refused(4, bytes, RS_E_INPUT); /* nothing */
  bytes[5] = 7;
  check_refused(4, bytes, RS_E_INPUT); /* only to itself */
  bytes[1] = -1;
  check_refused(4, bytes, RS_E_INPUT);
  bytes[1] = 1;
  check_refused(1, bytes, RS_E_LIMIT);
  bytes[1] = (INT64_C(1) << 48) + 1;
  check_refused(4, bytes, RS_E_INPUT);
  bytes[1] = INT64_MAX;
  check_refused(4, bytes, RS_E_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds_by_hand),
      cmocka_unit_test(a_mesh_needs_what_its_largest_pair_needs),
      cmocka_unit_test(random_sizes_are_proved),
      cmocka_unit_test(nonsense_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

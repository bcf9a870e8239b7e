/*
 * Repeats: the same bursts as compiling gives, later or on other links; called off where links are
 * taken; proved by the checker in every case.
 */
#include <string.h>

#include "rs_checker.h"
#include "rs_repeater.h"
#include "rs_test.h"
#include "rs_topology.h"

#define GROUP 8

typedef struct work {
  rs_arena *arena;
  const rs_wiring *wiring;
  rs_timing timing;
  rs_schedule *schedule;
  rs_calendar *calendar;
  rs_repeater *repeater; /* NULL: compile */
} work;

static const rs_wiring *wiring_of(rs_arena *arena, const char *spec) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

static work begin(rs_arena *arena, const char *spec, bool repeats) {
  work w = {.arena = arena, .wiring = wiring_of(arena, spec)};
  rs_timing_init_unit(&w.timing);
  w.schedule = rs_schedule_create(arena, w.wiring, spec, &w.timing);
  w.calendar = rs_calendar_create(arena, w.wiring, &w.timing);
  if (repeats) w.repeater = rs_repeater_create(arena, w.wiring);
  return w;
}

/* A collective on `count` chips from `first` on; a compute interval of two cycles makes each input. */
static int64_t add(work *w, rs_collective_kind kind, uint32_t first, int64_t at, int64_t skew) {
  uint32_t chips[GROUP];
  rs_ready ready[GROUP];
  int64_t ends[GROUP];
  rs_diag diag;
  rs_compile_report report;
  for (uint32_t i = 0; i < GROUP; i++) {
    chips[i] = first + i;
    ready[i] = (rs_ready){at + (int64_t)i * skew, 2, 2};
  }
  const rs_collective_request q = {.kind = kind,
                                   .chips = chips,
                                   .chip_count = GROUP,
                                   .root = RS_NONE,
                                   .block_bytes = 5 * 320,
                                   .ready_cycles = at,
                                   .ready = ready,
                                   .label = "some"};
  if (w->repeater == NULL) {
    assert_ok(rs_collective_compile(w->schedule, w->wiring, w->calendar, &q, ends, &report, &diag),
              &diag);
  } else {
    assert_ok(rs_repeater_compile(w->repeater, w->schedule, w->calendar, &q, ends, &report, &diag),
              &diag);
  }
  int64_t last = 0;
  for (uint32_t i = 0; i < GROUP; i++) {
    const rs_compute made = {.start_cycles = ready[i].start_cycles,
                             .cycles = 2,
                             .first_cycles = 2,
                             .chip = chips[i],
                             .reads_op = RS_NONE,
                             .writes_op = report.op,
                             .label = rs_schedule_label(w->schedule, "make"),
                             .unit = RS_UNIT_VECTOR};
    assert_non_null(rs_schedule_add_compute(w->schedule, &made));
    if (kind != RS_SEND || i % 2 == 1) last = RS_MAX(last, ends[i]);
  }
  assert_int_equal(last, report.end_cycles);
  return report.end_cycles;
}

static void assert_proved(const work *w) {
  rs_diag diag;
  rs_check_report report;
  const rs_check_options options = {.seed = 1};
  assert_ok(rs_checker_run(w->schedule, w->wiring, &options, &report, &diag), &diag);
}

static const rs_collective_kind kinds[] = {RS_ALL_REDUCE, RS_REDUCE_SCATTER, RS_ALL_GATHER,
                                           RS_ALL_TO_ALL};

/* Twice on one node and once on another: the second and third are repeats, and all is as compiled. */
static void repeats_are_what_compiling_gives(void **state) {
  (void)state;
  for (size_t k = 0; k < RS_COUNT_OF(kinds); k++) {
    for (int64_t skew = 0; skew < 3; skew++) {
      rs_arena *arena = rs_arena_create(0);
      work a = begin(arena, "realscale:40", true);
      work b = begin(arena, "realscale:40", false);
      int64_t at = 0, compiled_at = 0;
      for (uint32_t turn = 0; turn < 3; turn++) {
        at = 100 + add(&a, kinds[k], turn == 2 ? 16 : 0, at, skew);
        compiled_at = 100 + add(&b, kinds[k], turn == 2 ? 16 : 0, compiled_at, skew);
        assert_int_equal(at, compiled_at);
      }
      assert_int_equal(rs_repeater_count(a.repeater), 2);
      assert_int_equal(a.schedule->burst_count, b.schedule->burst_count);
      for (uint64_t i = 0; i < a.schedule->burst_count; i++) {
        const rs_burst *x = &a.schedule->bursts[i];
        const rs_burst *y = &b.schedule->bursts[i];
        assert_true(x->start_cycles == y->start_cycles && x->link == y->link && x->op == y->op);
      }
      assert_proved(&a);
      rs_arena_destroy(arena);
    }
  }
}

/* At the same time as the first one, on the same links: the same chips cannot make two inputs at once,
 * so these are compiled without intervals; starts show that nothing was repeated onto taken links. */
static void taken_links_call_it_off(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  work w = begin(arena, "realscale:40", true);
  uint32_t chips[GROUP];
  rs_ready ready[GROUP];
  int64_t ends[GROUP], end[2];
  rs_diag diag;
  rs_compile_report report;
  for (uint32_t i = 0; i < GROUP; i++) {
    chips[i] = i;
    ready[i] = (rs_ready){0, 0, 0};
  }
  const rs_collective_request q = {.kind = RS_ALL_GATHER,
                                   .chips = chips,
                                   .chip_count = GROUP,
                                   .root = RS_NONE,
                                   .block_bytes = 5 * 320,
                                   .ready = ready};
  for (int turn = 0; turn < 2; turn++) {
    assert_ok(rs_repeater_compile(w.repeater, w.schedule, w.calendar, &q, ends, &report, &diag),
              &diag);
    end[turn] = report.end_cycles;
  }
  assert_int_equal(rs_repeater_count(w.repeater), 0);
  assert_true(end[1] > end[0]); /* every link of a chip carried five vectors already */
  rs_arena_destroy(arena);
}

/* Inputs in another order of time, another group's shape, another size: compiled. */
static void others_are_compiled(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  work w = begin(arena, "realscale:40", true);
  int64_t at = 100 + add(&w, RS_ALL_REDUCE, 0, 0, 0);
  at = 100 + add(&w, RS_ALL_REDUCE, 0, at, 1); /* skewed */
  at = 100 + add(&w, RS_ALL_REDUCE, 4, at, 0); /* half of two nodes each */
  at = 100 + add(&w, RS_ALL_GATHER, 0, at, 0);
  assert_int_equal(rs_repeater_count(w.repeater), 0);
  add(&w, RS_ALL_REDUCE, 4, at, 0); /* and now the group is known */
  assert_int_equal(rs_repeater_count(w.repeater), 1);
  assert_proved(&w);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(repeats_are_what_compiling_gives),
      cmocka_unit_test(taken_links_call_it_off),
      cmocka_unit_test(others_are_compiled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

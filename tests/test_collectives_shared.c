/* All-reduce by shared trees: which sums are made, how many transmissions a link has, and every size proved. */
#include "rs__shared.h"
#include "rs_periodic.h"
#include "rs_test_compile.h"
#include "rs_test_stream.h"

typedef struct made {
  rs_arena *arena;
  rs_wiring *wiring;
  rs__plan plan;
  rs__shared shared;
  rs_diag diag;
  uint32_t *load;
} made;

/* Trees for the first `count` chips (0: all), made with so many rounds. */
static rs_status make(made *m, const char *spec, uint32_t count, uint32_t hops, uint32_t rounds) {
  *m = (made){.arena = rs_arena_create(0)};
  const rs_topology_options options = {.ports_max = 80};
  rs_topology *topology;
  assert_ok(rs_topology_parse(m->arena, spec, &topology, &m->diag), &m->diag);
  assert_ok(rs_topology_build(m->arena, topology, &options, &m->wiring, &m->diag), &m->diag);
  uint32_t chips = m->wiring->chip_count;
  if (count == 0) count = chips;
  uint32_t *members = RS_ARENA_NEW(m->arena, uint32_t, chips);
  uint32_t *position = RS_ARENA_NEW(m->arena, uint32_t, chips);
  for (uint32_t i = 0; i < chips; i++) {
    members[i] = i;
    position[i] = i < count ? i : RS_NONE;
  }
  m->load = RS_ARENA_NEW(m->arena, uint32_t, (size_t)m->wiring->link_count * hops);
  m->plan = (rs__plan){.arena = m->arena,
                       .wiring = m->wiring,
                       .position = position,
                       .members = members,
                       .member_count = count,
                       .diag = &m->diag};
  rs_status status =
      rs__shared_begin(&m->plan, m->arena, members, count, hops, m->load, &m->shared);
  rs__tree_maker *maker = rs__tree_maker_create(&m->plan, hops);
  assert_non_null(maker);
  return status == RS_OK ? rs__shared_improve(maker, &m->shared, 0, rounds, true) : status;
}

/* Transmissions on all links, and those of the busiest one. */
static uint32_t count_loads(const made *m, uint32_t *most) {
  uint32_t sum = 0;
  *most = 0;
  for (uint32_t l = 0; l < m->wiring->link_count; l++) {
    uint32_t load = 0;
    for (uint32_t d = 0; d < m->shared.hops; d++) load += m->load[l * m->shared.hops + d];
    sum += load;
    *most = RS_MAX(*most, load);
  }
  return sum;
}

/* Every source once in every root's sum. On a wiring of diameter 2 with one shortest way between any two
 * chips, every link carries its sender's input, which some chip two hops on needs, and one sum. */
static void every_input_comes_once(void **state) {
  (void)state;
  static const struct {
    const char *spec;
    uint32_t count, hops, sum, most; /* 0: not said */
  } rows[] = {
      {"ring:5", 0, 2, 20,
       2}, /* 10 links: to each its sender's input, and what that got from behind */
      {"polarfly:3", 0, 2, 0, 2},   /* 13 chips */
      {"slimfly:5", 0, 2, 700, 2},  /* 350 links of 50 chips of 7: Hoffman and Singleton's graph */
      {"polarfly:7", 0, 2, 896, 2}, /* 448 links */
      {"ring:8", 0, 4, 0, 0},
      {"dragonfly:a=4,h=2", 0, 3, 0, 0},
      {"kautz:3,2", 0, 3, 0, 0},
      {"torus:3x4x5", 0, 5, 0, 0},
      {"lps:11,7", 0, 3, 0, 0},
      {"realscale:24", 20, 3, 0, 0}, /* a part of the chips */
      {"mesh:6", 0, 1, 30, 1},
      {"hyperx:2x66", 0, 2, 0, 0}, /* 66 links a chip: more than ways have bits */
  };
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    for (uint32_t rounds = 1; rounds <= 3; rounds += 2) {
      made m;
      uint32_t most;
      assert_ok(make(&m, rows[i].spec, rows[i].count, rows[i].hops, rounds), &m.diag);
      assert_ok(rs__shared_check(&m.shared, &m.diag), &m.diag);
      uint32_t sum = count_loads(&m, &most);
      bool is_right =
          (rows[i].sum == 0 || sum == rows[i].sum) && (rows[i].most == 0 || most == rows[i].most);
      if (!is_right) fail_msg("%s: %u transmissions, %u on a link", rows[i].spec, sum, most);
      rs_arena_destroy(m.arena);
    }
  }
}

/* The check sees what is wrong: an input twice, none, a part from elsewhere. */
static void the_check_refuses(void **state) {
  (void)state;
  for (int fault = 0; fault < 3; fault++) {
    made m;
    assert_ok(make(&m, "polarfly:3", 0, 2, 1), &m.diag);
    const rs__bundle *b = &m.shared.bundles[m.shared.root_bundle[0]];
    rs__shared_part *parts = &m.shared.parts[b->first_part];
    if (fault == 0) parts[1] = parts[0];
    if (fault == 1) m.shared.bundles[m.shared.root_bundle[0]].part_count--;
    if (fault == 2) parts[0].link = m.wiring->links[parts[0].link].reverse;
    assert_int_equal(rs__shared_check(&m.shared, &m.diag), RS_E_REFUSED);
    rs_arena_destroy(m.arena);
  }
}

static void too_few_hops_are_refused(void **state) {
  (void)state;
  made m;
  assert_int_equal(make(&m, "ring:8", 0, 3, 1), RS_E_INFEASIBLE);
  assert_non_null(strstr(m.diag.what, "more than 3 hops apart"));
  rs_arena_destroy(m.arena);
}

/* ---- the row ---- */

typedef struct group {
  const uint32_t *chips;
  uint32_t count;
} group;

/* Compiled, proved at once and in one pass where that decides, and played. */
static rs_compile_report compile_row(const char *algorithm, const char *spec,
                                     const rs_timing *timing, int64_t vectors, uint32_t count,
                                     const rs_ready *ready) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  rs_diag diag = {0};
  rs_compile_report report;
  rs_check_report check;
  if (count == 0) count = wiring->chip_count;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, count);
  for (uint32_t i = 0; i < count; i++) chips[i] = wiring->chip_count - 1 - i;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .algorithm = algorithm,
                                         .chips = chips,
                                         .chip_count = count,
                                         .root = RS_NONE,
                                         .block_bytes = vectors * timing->vector_bytes,
                                         .ready = ready};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag),
            &diag);
  const rs_check_options options = {.seed = 1};
  if (ready == NULL) {
    assert_ok(rs_checker_run(schedule, wiring, &options, &check, &diag), &diag);
    assert_int_equal(check.makespan_cycles, report.makespan_cycles);
    stream_agrees(schedule, wiring, 1, true, &check);
    rs_play play;
    rs_play_options play_options = {.fidelity = RS_FIDELITY_VECTOR, .seed = 3};
    assert_ok(rs_player_run(schedule, wiring, &play_options, &play, &diag), &diag);
    assert_int_equal(play.makespan_cycles, report.makespan_cycles);
  }
  rs_arena_destroy(arena);
  return report;
}

static rs_compile_report compile(const char *spec, const rs_timing *timing, int64_t vectors,
                                 uint32_t count, const rs_ready *ready) {
  return compile_row("shared-trees", spec, timing, vectors, count, ready);
}

/* On the unit clock a hop is a cycle and nothing else costs: diameter 2, and the sum is the second
 * message of a link, so 2 cycles for one vector, and for V a link has 2 V of which the last arrives at 2 V. */
static void as_many_cycles_as_hops(void **state) {
  (void)state;
  rs_timing unit = unit_timing();
  assert_int_equal(compile("polarfly:7", &unit, 1, 0, NULL).makespan_cycles, 2);
  assert_int_equal(compile("polarfly:7", &unit, 2, 0, NULL).makespan_cycles, 4);
  assert_int_equal(compile("ring:5", &unit, 1, 0, NULL).makespan_cycles, 2);
}

/* Chip costs: send 31, latency 220 at most, forward 40, add 20, receive 47; a slot 23.616. Two hops take
 * 31 + 2·220 + 40 + 2·20 + 47 = 598; eight inputs come into a chip and are added to eight sums each, 16 adds a
 * cycle: 4 cycles for them, of which three are late, at either hop. */
static void adds_take_a_few_cycles(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  int64_t makespan = compile("polarfly:7", &chip, 1, 0, NULL).makespan_cycles;
  assert_in_range(makespan, 31 + 2 * 216 + 40 + 2 * 20 + 47, 598 + 2 * 8);
}

static void every_size_is_proved(void **state) {
  (void)state;
  static const char *const specs[] = {"ring:5",    "polarfly:3",  "dragonfly:a=4,h=2", "kautz:3,2",
                                      "ring:8",    "torus:3x4",   "realscale:24",      "hyperx:3x4",
                                      "slimfly:5", "debruijn:2,3"};
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      int64_t most = t == 0 ? 2 : 20; /* longer ones: two take as long as four hops */
      for (int64_t vectors = 1; vectors <= most; vectors += 1 + vectors) {
        compile(specs[i], &timings[t], vectors, 0, NULL);
      }
    }
  }
}

/* A part of the chips: with or without the others as relays, whichever is sooner. */
static void parts_of_a_wiring(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  for (uint32_t count = 3; count <= 13; count += 2) {
    compile("polarfly:3", &chip, 3, count, NULL);
    compile("torus:4x4", &chip, 7, count, NULL);
  }
}

/* Inputs that come one after another: nothing departs, and nothing is added to, before they are there. */
static void inputs_over_time(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  rs_ready ready[13];
  for (int64_t i = 0; i < 13; i++) ready[i] = (rs_ready){100 * i, 500, 40};
  rs_compile_report report = compile("polarfly:3", &chip, 6, 0, ready);
  /* the last input is whole at 1700, two hops from the farthest chip */
  assert_true(report.end_cycles >= 1700 + 31 + 2 * 216 + 40 + 20 + 47);
}

/* ---- cores ---- */

/* A ring of 6 has cores 0 2 4 or two that lie opposite; diameter 3, and a hop up and one down: 5 cycles when
 * all are at the farthest. */
static void cores_take_two_hops_more(void **state) {
  (void)state;
  rs_timing unit = unit_timing();
  assert_in_range(compile_row("shared-cores", "ring:6", &unit, 1, 0, NULL).makespan_cycles, 3, 5);
  /* diameter 3 too; two sums may have to leave on one link at once */
  assert_in_range(compile_row("shared-cores", "lps:11,7", &unit, 1, 0, NULL).makespan_cycles, 3, 6);
}

static void every_size_on_cores_is_proved(void **state) {
  (void)state;
  static const char *const specs[] = {"ring:5",       "polarfly:3", "dragonfly:a=4,h=2",
                                      "kautz:3,2",    "torus:3x4",  "hyperx:3x4",
                                      "realscale:24", "ring:9",     "polarstar:3,iq3"};
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  rs_timing chip = chip_timing();
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      int64_t most = t == 0 ? 4 : 40; /* no longer than four hops */
      for (int64_t vectors = 1; vectors <= most; vectors += 1 + vectors) {
        compile_row("shared-cores", specs[i], &timings[t], vectors, 0, NULL);
      }
    }
  }
  rs_ready ready[13];
  for (int64_t i = 0; i < 13; i++) ready[i] = (rs_ready){100 * (i % 5), 500, 40};
  compile_row("shared-cores", "polarfly:3", &chip, 40, 0, ready);
  for (uint32_t count = 4; count <= 13; count += 3) {
    compile_row("shared-cores", "polarfly:3", &chip, 9, count, NULL);
  }
}

/* Two operations one after the other on the same chips: the second adds nothing while the first does. */
static void operations_share_vector_units(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing chip = chip_timing();
  rs_wiring *wiring = build_wiring(arena, "polarfly:7");
  uint32_t chips[57];
  for (uint32_t i = 0; i < 57; i++) chips[i] = i;
  static const char *const rows[] = {"shared-trees", "reduce-scatter+all-gather", "shared-trees",
                                     "one-shot"};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, "polarfly:7", &chip);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &chip);
  rs_diag diag = {0};
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                           .algorithm = rows[i],
                                           .chips = chips,
                                           .chip_count = 57,
                                           .root = RS_NONE,
                                           .block_bytes = 4 * 320};
    assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, NULL, &diag),
              &diag);
  }
  rs_check_report check;
  const rs_check_options options = {.seed = 1};
  assert_ok(rs_checker_run(schedule, wiring, &options, &check, &diag), &diag);
  rs_arena_destroy(arena);
}

/* The same again after the least period: proved as two operations, vector units too. */
static void it_can_be_repeated(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing chip = chip_timing();
  rs_wiring *wiring = build_wiring(arena, "polarfly:7");
  uint32_t chips[57];
  for (uint32_t i = 0; i < 57; i++) chips[i] = i;
  rs_schedule *schedule = rs_schedule_create(arena, wiring, "polarfly:7", &chip);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &chip);
  rs_diag diag = {0};
  int64_t period;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .algorithm = "shared-trees",
                                         .chips = chips,
                                         .chip_count = 57,
                                         .root = RS_NONE,
                                         .block_bytes = 3 * 320};
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, NULL, &diag), &diag);
  rs_schedule_sort(schedule);
  assert_ok(rs_periodic_find(arena, schedule, wiring, &period, &diag), &diag);
  uint64_t count = schedule->burst_count;
  rs_op op = schedule->ops[0];
  uint32_t again = rs_schedule_add_op(schedule, &op, chips, 57);
  for (uint64_t i = 0; i < count; i++) {
    rs_burst burst = schedule->bursts[i];
    burst.start_cycles += period;
    burst.op = again;
    assert_non_null(rs_schedule_add_burst(schedule, &burst));
  }
  rs_check_report check;
  const rs_check_options options = {.seed = 1};
  assert_ok(rs_checker_run(schedule, wiring, &options, &check, &diag), &diag);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_input_comes_once),
      cmocka_unit_test(the_check_refuses),
      cmocka_unit_test(too_few_hops_are_refused),
      cmocka_unit_test(as_many_cycles_as_hops),
      cmocka_unit_test(adds_take_a_few_cycles),
      cmocka_unit_test(every_size_is_proved),
      cmocka_unit_test(parts_of_a_wiring),
      cmocka_unit_test(inputs_over_time),
      cmocka_unit_test(cores_take_two_hops_more),
      cmocka_unit_test(every_size_on_cores_is_proved),
      cmocka_unit_test(operations_share_vector_units),
      cmocka_unit_test(it_can_be_repeated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

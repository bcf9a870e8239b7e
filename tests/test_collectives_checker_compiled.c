/*
 * Mutants of compiled schedules: every kind on several topologies, alone and two in one calendar,
 * with whole and with broken slots. What the oracle or the player faults, the checker refuses.
 */
#include "rs_collective.h"
#include "rs_test_checker_mutants.h"
#include "rs_topology.h"

#define SEED UINT64_C(20260105)
#define MUTANTS_A_CLASS 5 /* of each schedule */

static const char *const specs[] = {"mesh:5", "ring:6", "hypercube:3", "torus:3x3", "realscale:16"};

typedef struct compiled {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_schedule *schedule;
  char name[96];
} compiled;

static void compile_one(compiled *c, rs_calendar *calendar, rs_collective_kind kind, uint32_t chips,
                        int64_t bytes, int64_t ready) {
  uint32_t group[16];
  rs_diag diag = {0};
  rs_compile_report report;
  bool rooted =
      kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
  for (uint32_t i = 0; i < chips; i++) group[i] = chips - 1 - i;
  rs_collective_request request = {.kind = kind,
                                   .chips = group,
                                   .chip_count = chips,
                                   .root = rooted ? group[1] : RS_NONE,
                                   .block_bytes = bytes,
                                   .ready_cycles = ready};
  assert_ok(rs_collective_compile(c->schedule, c->wiring, calendar, &request, NULL, &report, &diag),
            &diag);
}

/* One collective of a kind, and a second one of the next kind that runs at the same time. */
static void compile_case(compiled *c, const char *spec, rs_collective_kind kind,
                         const rs_timing *timing, bool two) {
  rs_diag diag = {0};
  rs_topology *topology;
  c->arena = rs_arena_create(0);
  assert_ok(rs_topology_parse(c->arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(c->arena, topology, NULL, &c->wiring, &diag), &diag);
  c->schedule = rs_schedule_create(c->arena, c->wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(c->arena, c->wiring, timing);
  uint32_t chips = RS_MIN(c->wiring->chip_count, 8) / 2 * 2;
  compile_one(c, calendar, kind, chips, 5 * 320, 0);
  if (two) {
    rs_collective_kind next = (rs_collective_kind)((kind + 1) % RS_COLLECTIVE_KIND_COUNT);
    compile_one(c, calendar, next, chips, 3 * 320, 17);
  }
  rs_schedule_sort(c->schedule);
  snprintf(c->name, sizeof c->name, "%s%s on %s", rs_collective_kind_word(kind),
           two ? " and the next" : "", spec);
}

typedef void case_visitor(compiled *c, void *context);

static void visit_cases(case_visitor *visit, void *context) {
  const rs_timing timings[] = {unit_timing(), chip_timing(), fast_timing()};
  int number = 0;
  for (size_t s = 0; s < RS_COUNT_OF(specs); s++) {
    for (int kind = 0; kind < RS_COLLECTIVE_KIND_COUNT; kind++) {
      for (int two = 0; two < 2; two++) {
        compiled c;
        compile_case(&c, specs[s], (rs_collective_kind)kind, &timings[number++ % 3], two == 1);
        visit(&c, context);
        rs_arena_destroy(c.arena);
      }
    }
  }
}

static void check_case(compiled *c, void *context) {
  char verdict[256];
  rs_check_options options = {.seed = SEED};
  rs_check_report report;
  rs_play_options play_options = {.fidelity = RS_FIDELITY_VECTOR, .seed = SEED};
  rs_play play;
  rs_diag diag = {0};
  (void)context;
  oracle_judge(c->schedule, c->wiring, verdict, sizeof verdict);
  if (verdict[0] != '\0') fail_msg("%s: %s", c->name, verdict);
  if (rs_checker_run(c->schedule, c->wiring, &options, &report, &diag) != RS_OK) {
    fail_msg("%s: %s", c->name, diag.what);
  }
  assert_ok(rs_player_run(c->schedule, c->wiring, &play_options, &play, &diag), &diag);
  assert_int_equal(report.makespan_cycles, play.makespan_cycles);
  assert_int_equal(report.vectors, play.vector_hops);
}

static void compiled_schedules_are_proved(void **state) {
  (void)state;
  visit_cases(check_case, NULL);
}

typedef struct tally {
  mutant_count counts[MUTATION_COUNT];
  uint64_t seed;
} tally;

static void mutate_case(compiled *c, void *context) {
  tally *t = context;
  mutator m;
  mutator_init(&m, c->arena, c->schedule, c->wiring);
  for (int k = 0; k < MUTATION_COUNT * MUTANTS_A_CLASS; k++) {
    mutator_try(&m, (mutation)(k % MUTATION_COUNT), t->seed++, c->name);
  }
  for (int k = 0; k < MUTATION_COUNT; k++) {
    t->counts[k].tried += m.counts[k].tried;
    t->counts[k].refused += m.counts[k].refused;
    t->counts[k].equivalent += m.counts[k].equivalent;
    t->counts[k].strict += m.counts[k].strict;
    t->counts[k].in_one_pass += m.counts[k].in_one_pass;
  }
}

static void compiled_mutants_are_refused_or_equivalent(void **state) {
  (void)state;
  tally t = {.seed = SEED};
  uint64_t tried = 0, refused = 0, strict = 0;
  visit_cases(mutate_case, &t);
  mutant_counts_print(t.counts);
  for (int k = 0; k < MUTATION_COUNT; k++) {
    /* compiled collectives alone have no compute intervals */
    if (k != MUTATION_INTERVAL) assert_true(t.counts[k].refused > 0);
    tried += t.counts[k].tried;
    refused += t.counts[k].refused;
    strict += t.counts[k].strict;
  }
  assert_true(tried > 5000);
  assert_true(refused > tried / 2);
  assert_true(strict < tried / 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compiled_schedules_are_proved),
      cmocka_unit_test(compiled_mutants_are_refused_or_equivalent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

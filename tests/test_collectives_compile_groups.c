/*
 * Random groups, roots, sizes, ready times and kinds, several operations compiled one after another
 * into one calendar. Everything is judged at once: no two operations meet on a link, and each one's
 * results and ends are right. The seed is printed on failure.
 */
#include "rs_test_compile.h"

enum { OPS_MAX = RS_UNIT_COUNT }; /* an operation's inputs are made by a unit of its own */

typedef struct scenario {
  uint64_t seed;
  rs_random random;
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  rs_schedule *schedule;
  rs_calendar *calendar;
  uint32_t op_count;
  const rs_ready *ready[OPS_MAX];
  int64_t *promised[OPS_MAX], *judged[OPS_MAX];
  rs_collective_request requests[OPS_MAX];
  rs_compile_report reports[OPS_MAX];
} scenario;

static const char *const specs[] = {"mesh:6",       "ring:7",       "realscale:16",
                                    "realscale:24", "torus:3x4",    "hypercube:4",
                                    "hyperx:3x4",   "realscale:40", "random:n=14,degree=3,seed=2"};

static const uint32_t *draw_chips(scenario *s, uint32_t *count, rs_collective_kind kind) {
  uint32_t chips = s->wiring->chip_count;
  uint32_t *all = RS_ARENA_NEW(s->arena, uint32_t, chips);
  for (uint32_t i = 0; i < chips; i++) all[i] = i;
  rs_random_shuffle_u32(&s->random, all, chips);
  *count = (uint32_t)rs_random_between(&s->random, 1, RS_MIN(chips, 9));
  if (kind == RS_SEND) {
    if (*count % 2 == 1) *count = *count < chips ? *count + 1 : *count - 1;
    /* Now and then the first sender sends twice. */
    if (*count >= 4 && rs_random_below(&s->random, 2) == 0) all[2] = all[0];
  }
  return all;
}

static const rs_ready *draw_ready(scenario *s, const rs_collective_request *request) {
  if (rs_random_below(&s->random, 3) == 0) return NULL;
  rs_ready *ready = RS_ARENA_NEW(s->arena, rs_ready, request->chip_count);
  for (uint32_t i = 0; i < request->chip_count; i++) {
    ready[i].start_cycles = rs_random_between(&s->random, 0, 300);
    ready[i].cycles = rs_random_between(&s->random, 0, 400);
    ready[i].first_cycles = rs_random_between(&s->random, 0, ready[i].cycles);
    /* A chip has one input an operation, also when it sends in two pairs. */
    if (i == 2 && request->chips[2] == request->chips[0]) ready[2] = ready[0];
  }
  return ready;
}

/* The compute intervals that make the inputs as the request had them ready. */
static void add_computes(scenario *s, uint32_t op) {
  const rs_collective_request *r = &s->requests[op];
  for (uint32_t i = 0; r->ready != NULL && i < r->chip_count; i++) {
    bool root_only = r->kind == RS_BROADCAST || r->kind == RS_SCATTER;
    bool repeats = r->kind == RS_SEND && i == 2 && r->chips[2] == r->chips[0];
    if (r->kind == RS_SEND ? i % 2 == 1 || repeats : root_only && r->chips[i] != r->root) continue;
    rs_compute compute = {.start_cycles = r->ready[i].start_cycles,
                          .cycles = r->ready[i].cycles,
                          .first_cycles = r->ready[i].first_cycles,
                          .chip = r->chips[i],
                          .reads_op = RS_NONE,
                          .writes_op = op,
                          .label = rs_schedule_label(s->schedule, "input"),
                          .unit = (uint8_t)op};
    assert_non_null(rs_schedule_add_compute(s->schedule, &compute));
  }
}

static void add_operation(scenario *s) {
  uint32_t op = s->op_count++;
  rs_collective_request *request = &s->requests[op];
  rs_diag diag = {0};
  size_t count;
  const rs_collective_algorithm *algorithms = rs_collective_algorithms(&count);
  size_t row = rs_random_below(&s->random, count);
  *request = (rs_collective_request){
      .kind = algorithms[row].kind,
      .algorithm = rs_random_below(&s->random, 2) == 0 ? algorithms[row].name : "auto"};
  request->chips = draw_chips(s, &request->chip_count, request->kind);
  request->root = request->chips[rs_random_below(&s->random, request->chip_count)];
  request->block_bytes = rs_random_between(&s->random, 1, 12 * 320);
  request->ready_cycles = rs_random_between(&s->random, 0, 100);
  request->ready = draw_ready(s, request);
  s->ready[op] = request->ready;
  s->promised[op] = RS_ARENA_NEW(s->arena, int64_t, request->chip_count);
  s->judged[op] = RS_ARENA_NEW(s->arena, int64_t, request->chip_count);
  rs_status status = rs_collective_compile(s->schedule, s->wiring, s->calendar, request,
                                           s->promised[op], &s->reports[op], &diag);
  if (status == RS_E_INFEASIBLE && is_particular(request->algorithm)) {
    request->algorithm = "auto"; /* those rows are for some wirings only */
    status = rs_collective_compile(s->schedule, s->wiring, s->calendar, request, s->promised[op],
                                   &s->reports[op], &diag);
  }
  if (status != RS_OK) {
    fail_msg("seed %llu: %s: %s", (unsigned long long)s->seed,
             rs_collective_kind_word(request->kind), diag.what);
  }
  assert_int_equal(s->reports[op].op, op);
  add_computes(s, op);
}

static int64_t complete(const rs_collective_request *request, uint32_t place) {
  if (request->ready == NULL) return request->ready_cycles;
  return request->ready[place].start_cycles + request->ready[place].cycles;
}

/* The promised end is the judged one; a chip without a result has its ready time. */
static void check_ends(const scenario *s, uint32_t op) {
  const rs_collective_request *r = &s->requests[op];
  int64_t last = 0;
  for (uint32_t i = 0; i < r->chip_count; i++) {
    int64_t judged = s->judged[op][i];
    int64_t expected = judged < 0 ? complete(r, i) : judged;
    if (s->promised[op][i] != expected) {
      fail_msg("seed %llu, op %u (%s by %s): chip %u ends at %lld, promised %lld",
               (unsigned long long)s->seed, op, rs_collective_kind_word(r->kind),
               s->reports[op].algorithm, r->chips[i], (long long)expected,
               (long long)s->promised[op][i]);
    }
    last = RS_MAX(last, judged);
  }
  assert_true(s->reports[op].end_cycles >= last);
}

static int64_t last_end(const scenario *s) {
  int64_t end = 0;
  for (uint32_t op = 0; op < s->op_count; op++) end = RS_MAX(end, s->reports[op].end_cycles);
  return end;
}

static int64_t last_input(const scenario *s) {
  int64_t last = 0;
  for (uint32_t op = 0; op < s->op_count; op++) {
    for (uint32_t i = 0; i < s->requests[op].chip_count; i++) {
      last = RS_MAX(last, complete(&s->requests[op], i));
    }
  }
  return last;
}

static void run_seed(uint64_t seed) {
  scenario s = {.seed = seed, .arena = rs_arena_create(0)};
  char verdict[256];
  rs_diag diag = {0};
  rs_random_init(&s.random, seed, 7);
  const char *spec = specs[rs_random_below(&s.random, RS_COUNT_OF(specs))];
  s.wiring = build_wiring(s.arena, spec);
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  s.timing = timings[rs_random_below(&s.random, RS_COUNT_OF(timings))];
  s.schedule = rs_schedule_create(s.arena, s.wiring, spec, &s.timing);
  s.calendar = rs_calendar_create(s.arena, s.wiring, &s.timing);
  uint64_t ops = 1 + rs_random_below(&s.random, OPS_MAX);
  while (s.op_count < ops) add_operation(&s);
  assert_ok(rs_schedule_validate(s.schedule, s.wiring, &diag), &diag);
  judge_schedule(s.schedule, s.wiring, s.ready, s.judged, verdict, sizeof verdict);
  if (verdict[0] != '\0') fail_msg("seed %llu on %s: %s", (unsigned long long)seed, spec, verdict);
  for (uint32_t op = 0; op < s.op_count; op++) check_ends(&s, op);
  if (!prove_schedule(s.schedule, s.wiring, verdict, sizeof verdict)) {
    fail_msg("seed %llu on %s: %s", (unsigned long long)seed, spec, verdict);
  }
  if (!play_schedule(s.schedule, s.wiring, last_end(&s), last_input(&s), verdict, sizeof verdict)) {
    fail_msg("seed %llu on %s: %s", (unsigned long long)seed, spec, verdict);
  }
  rs_arena_destroy(s.arena);
}

static void random_groups(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 1500; seed++) run_seed(seed);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_groups)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

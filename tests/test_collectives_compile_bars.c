/*
 * Makespans that are known to be reachable, on the unit clock with one vector a block: each must be
 * met, and what meets it must be proved right. Lower bounds: (N−1)/d slots for all-gather, the sum
 * of distances over all links for all-to-all, the diameter for all-reduce.
 */
#include "rs_test_compile.h"

typedef struct bar {
  rs_collective_kind kind;
  const char *spec;
  int64_t reached;
} bar;

static const bar bars[] = {
    {RS_ALL_REDUCE, "realscale:264", 3}, /* the diameter */
    {RS_ALL_REDUCE, "realscale:72", 3},
    {RS_ALL_REDUCE, "realscale:10440", 7}, /* 3 in a rack, 1 between racks, 3 in a rack */
    {RS_ALL_GATHER, "realscale:264", 24},  /* ⌈263/11⌉ */
    {RS_REDUCE_SCATTER, "realscale:264", 24},
    {RS_ALL_GATHER, "polarfly:13", 14}, /* ⌈182/13⌉: a quadric has 13 links */
    {RS_ALL_GATHER, "torus:4x4x4", 11}, /* ⌈63/6⌉ */
    {RS_ALL_GATHER, "slimfly:5", 7},    /* 49/7 */
    {RS_ALL_GATHER, "lps:11,7", 14},    /* ⌈167/12⌉ */
    {RS_ALL_GATHER, "realscale:72", 7}, /* ⌈71/11⌉ */
    {RS_ALL_TO_ALL, "realscale:264",
     65}, /* ⌈264·263·2.68631 / 2,904⌉: no slot is idle on average */
    {RS_ALL_TO_ALL, "dragonfly:a=4,h=2", 18} /* 4² + 2 */
};

static void check_bar(const bar *b) {
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  char verdict[256];
  rs_compile_report report;
  rs_bound bound;
  rs_timing timing = unit_timing();
  rs_wiring *wiring = build_wiring(arena, b->spec);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_collective_request request = {
      .kind = b->kind, .chips = chips, .chip_count = wiring->chip_count, .block_bytes = 320};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, b->spec, &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag),
            &diag);
  if (report.makespan_cycles > b->reached) {
    fail_msg("%s on %s: %lld, reached before: %lld", rs_collective_kind_word(b->kind), b->spec,
             (long long)report.makespan_cycles, (long long)b->reached);
  }
  assert_ok(rs_collective_bound(arena, wiring, &timing, &request, &bound, &diag), &diag);
  assert_true(report.makespan_cycles >= bound.cycles);
  if (!prove_schedule(schedule, wiring, verdict, sizeof verdict)) {
    fail_msg("%s on %s: %s", rs_collective_kind_word(b->kind), b->spec, verdict);
  }
  rs_arena_destroy(arena);
}

static void bars_are_met(void **state) {
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(bars); i++) check_bar(&bars[i]);
}

/* The closed timetable held to its slots: 8² + 2 of them, and a block leaves a chip in the round in which it
 * came, so that no chip keeps anything on its way. */
static void nothing_waits_in_the_held_timetable(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  char verdict[256];
  rs_compile_report report;
  rs_timing timing = unit_timing();
  rs_wiring *wiring = build_wiring(arena, "realscale:264");
  uint32_t chips[264];
  for (uint32_t i = 0; i < 264; i++) chips[i] = i;
  rs_collective_request request = {.kind = RS_ALL_TO_ALL,
                                   .algorithm = "gateways",
                                   .variant = {.splits = 2, .as_built = true},
                                   .chips = chips,
                                   .chip_count = 264,
                                   .block_bytes = 320};
  rs_schedule *s = rs_schedule_create(arena, wiring, "realscale:264", &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  assert_ok(rs_collective_compile(s, wiring, calendar, &request, NULL, &report, &diag), &diag);
  assert_int_equal(report.makespan_cycles, 66);
  if (!prove_schedule(s, wiring, verdict, sizeof verdict)) fail_msg("%s", verdict);
  int64_t places = s->ops[0].tmp_vectors, *came = calloc((size_t)places * 264 + 1, sizeof *came);
  uint64_t sent_on = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (b->target != RS_BUFFER_TMP) continue;
    came[wiring->links[b->link].to * places + b->target_offset] = b->start_cycles + 1;
  }
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (b->source != RS_BUFFER_TMP) continue;
    assert_int_equal(b->start_cycles,
                     came[wiring->links[b->link].from * places + b->source_offset]);
    sent_on++;
  }
  /* blocks for other nodes: 264 · 256, of which an eighth starts at a gateway and an eighth ends at an entry */
  assert_int_equal(sent_on, 264 * 256 * 2 * 7 / 8);
  free(came);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bars_are_met),
                                     cmocka_unit_test(nothing_waits_in_the_held_timetable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

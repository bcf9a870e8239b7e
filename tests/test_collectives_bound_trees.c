/*
 * The bound from partitions: by hand where one is the best that is neither single chips nor one cut, by all
 * partitions of small graphs, and under every compiled makespan on random ones.
 */
#include "rs_test_compile.h"

#define CHIPS_MAX 7
#define SEED 71

/* Cliques of `size` in a ring, one cable between neighbours. */
static rs_wiring *ring_of_cliques(rs_arena *arena, uint32_t cliques, uint32_t size) {
  rs_diag diag = {0};
  rs_wiring *wiring = NULL;
  rs_wiring_builder *b = rs_wiring_builder_create(arena, cliques * size);
  for (uint32_t k = 0; k < cliques; k++) {
    uint32_t first = k * size, next = (k + 1) % cliques * size;
    for (uint32_t i = 0; i < size; i++) {
      for (uint32_t j = i + 1; j < size; j++) {
        assert_ok(rs_wiring_builder_add(b, first + i, first + j, RS_CABLE_NODE, &diag), &diag);
      }
    }
    assert_ok(rs_wiring_builder_add(b, first + size - 1, next, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(b, &wiring, &diag), &diag);
  return wiring;
}

/* A random tree and some cables more. */
static rs_wiring *random_wiring(rs_arena *arena, rs_random *random, uint32_t chips, uint32_t more) {
  rs_diag diag = {0};
  rs_wiring *wiring = NULL;
  rs_wiring_builder *b = rs_wiring_builder_create(arena, chips);
  for (uint32_t c = 1; c < chips; c++) {
    uint32_t other = (uint32_t)rs_random_below(random, c);
    assert_ok(rs_wiring_builder_add(b, c, other, RS_CABLE_NODE, &diag), &diag);
  }
  for (uint32_t k = 0; k < more; k++) {
    uint32_t a = (uint32_t)rs_random_below(random, chips);
    uint32_t c = (uint32_t)rs_random_below(random, chips - 1);
    c += c >= a;
    assert_ok(rs_wiring_builder_add(b, a, c, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(b, &wiring, &diag), &diag);
  return wiring;
}

static rs_bound bound_of(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                         rs_collective_kind kind, const uint32_t *chips, uint32_t count,
                         int64_t vectors) {
  rs_diag diag = {0};
  rs_bound bound;
  rs_collective_request request = {.kind = kind,
                                   .chips = chips,
                                   .chip_count = count,
                                   .root = chips[0],
                                   .block_bytes = vectors * timing->vector_bytes};
  assert_ok(rs_collective_bound(arena, wiring, timing, &request, &bound, &diag), &diag);
  return bound;
}

static const uint32_t in_order[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

/* Four triangles in a ring: 4·3 + 4 = 16 cables, 32 links. Single chips: 2·11/32 = 0.6875 slots a vector; a
 * triangle has two links out, 0.5; the four triangles have 8 links between them for 2·3 vectors, 0.75. */
static void triangles_in_a_ring(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = ring_of_cliques(arena, 4, 3);
  rs_timing unit = unit_timing();
  rs_bound bound = bound_of(arena, wiring, &unit, RS_ALL_REDUCE, in_order, 12, 800);
  assert_int_equal(bound.bandwidth_cycles, 550);
  assert_int_equal(bound.tree_cycles, 600);
  assert_int_equal(bound.cycles, 600);
  /* With chip costs the last of 600 departs ⌈599·23.616⌉ = ⌈14,145.984⌉ after the first: 31 + 14,146 + 216 + 47 */
  rs_timing chip = chip_timing();
  bound = bound_of(arena, wiring, &chip, RS_ALL_REDUCE, in_order, 12, 800);
  assert_int_equal(bound.tree_cycles, 14440);
  /* it is not about what is summed up only, or spread only */
  assert_int_equal(bound_of(arena, wiring, &unit, RS_ALL_GATHER, in_order, 12, 800).tree_cycles, 0);
  assert_int_equal(bound_of(arena, wiring, &unit, RS_REDUCE_SCATTER, in_order, 12, 800).tree_cycles,
                   0);
  /* A triangle lacks 9 blocks of others, which come over two links: 4.5 slots a block's vector, and 11 blocks
   * into a chip of two links are 5.5. All-to-all: 3·9 blocks leave over two links, 13.5; half the ring has two
   * cables for 6·6. Distances are longer: hops from the ends of a triangle 1 1 1 2 2 2 3 3 3 4 4 = 26, from its
   * third chip 1 1 2 2 3 3 3 3 4 4 4 = 30; 4·(26 + 26 + 30) = 328 on 32 links are 10.25. */
  assert_int_equal(bound_of(arena, wiring, &unit, RS_ALL_GATHER, in_order, 12, 10).bandwidth_cycles,
                   55);
  assert_int_equal(bound_of(arena, wiring, &unit, RS_ALL_TO_ALL, in_order, 12, 10).bandwidth_cycles,
                   135);
  rs_arena_destroy(arena);
}

/* Only parts with members count, and only links at these. */
static void relays_are_no_parts(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, "ring:6");
  rs_timing unit = unit_timing();
  const uint32_t opposite[] = {0, 3}, three[] = {0, 2, 4};
  /* two members: 2(2 − 1)·8 vectors over the 8 links that touch them, 2; halves of the ring have 4 links */
  assert_int_equal(bound_of(arena, wiring, &unit, RS_ALL_REDUCE, opposite, 2, 8).tree_cycles, 2);
  /* three: 2·2·12 over all 12 links */
  assert_int_equal(bound_of(arena, wiring, &unit, RS_ALL_REDUCE, three, 3, 12).tree_cycles, 4);
  rs_arena_destroy(arena);
}

/* Slots that a partition asks for; 0: it says nothing. */
static int64_t slots_of(const rs_wiring *w, const uint32_t *label, const uint32_t *chips,
                        uint32_t count, int64_t vectors) {
  bool is_wanted[CHIPS_MAX] = {false};
  int64_t parts = 0, links = 0;
  for (uint32_t i = 0; i < count; i++) {
    parts += is_wanted[label[chips[i]]] ? 0 : 1;
    is_wanted[label[chips[i]]] = true;
  }
  for (uint32_t l = 0; l < w->link_count; l++) {
    uint32_t a = label[w->links[l].from], b = label[w->links[l].to];
    links += a != b && (is_wanted[a] || is_wanted[b]);
  }
  return parts < 2 || links == 0 ? 0 : (2 * (parts - 1) * vectors + links - 1) / links;
}

/* The most over all partitions of the chips from `chip` on into `parts` parts so far and more. */
static int64_t most_of(const rs_wiring *w, uint32_t *label, uint32_t chip, uint32_t parts,
                       const uint32_t *chips, uint32_t count, int64_t vectors) {
  if (chip == w->chip_count) return slots_of(w, label, chips, count, vectors);
  int64_t most = 0;
  for (label[chip] = 0; label[chip] <= parts; label[chip]++) {
    int64_t slots =
        most_of(w, label, chip + 1, RS_MAX(parts, label[chip] + 1), chips, count, vectors);
    most = RS_MAX(most, slots);
  }
  return most;
}

/* All 877 partitions of 7 chips. With all chips members the search finds the best; with some it may not,
 * and is never above it. */
static void all_partitions_of_small_graphs(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, SEED, 0);
  rs_timing unit = unit_timing();
  uint32_t better = 0, less = 0;
  for (uint32_t run = 0; run < 300; run++) {
    rs_arena *arena = rs_arena_create(0);
    uint32_t label[CHIPS_MAX], n = 3 + (uint32_t)rs_random_below(&random, CHIPS_MAX - 2);
    rs_wiring *w = random_wiring(arena, &random, n, (uint32_t)rs_random_below(&random, 10));
    for (uint32_t count = 2; count <= n; count++) {
      int64_t most = most_of(w, label, 0, 0, in_order, count, 5040);
      int64_t found = bound_of(arena, w, &unit, RS_ALL_REDUCE, in_order, count, 5040).tree_cycles;
      assert_true(found <= most);
      less += found < most && count < n;
      if (count < n) continue;
      assert_int_equal(found, most);
      for (uint32_t c = 0; c < n; c++) label[c] = c;
      better += most > slots_of(w, label, in_order, n, 5040);
    }
    rs_arena_destroy(arena);
  }
  print_message(
      "better than single chips on %u of 300 graphs; %u groups of some chips miss a partition\n",
      better, less);
  assert_true(better > 50);
}

/* Every row of every kind on random graphs, in sizes where one bound or the other is the largest. */
static void no_schedule_beats_a_bound(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, SEED, 0);
  rs_timing timings[] = {unit_timing(), chip_timing()};
  const int64_t sizes[] = {1, 3, 16, 100, 1000};
  uint32_t compiled = 0, met = 0;
  size_t rows;
  const rs_collective_algorithm *algorithms = rs_collective_algorithms(&rows);
  for (uint32_t run = 0; run < 60; run++) {
    rs_arena *arena = rs_arena_create(0);
    uint32_t n = 2 + (uint32_t)rs_random_below(&random, 11);
    uint32_t members = 2 + (uint32_t)rs_random_below(&random, n - 1);
    rs_wiring *w = random_wiring(arena, &random, n, (uint32_t)rs_random_below(&random, 2 * n));
    for (size_t k = 0; k < rows * RS_COUNT_OF(timings); k++) {
      const rs_timing *timing = &timings[k % RS_COUNT_OF(timings)];
      const rs_collective_algorithm *row = &algorithms[k / RS_COUNT_OF(timings)];
      rs_diag diag = {0};
      rs_compile_report report;
      rs_collective_request request = {.kind = row->kind,
                                       .algorithm = row->name,
                                       .chips = in_order,
                                       .chip_count = row->kind == RS_SEND ? 2 : members,
                                       .root = 0,
                                       .block_bytes = sizes[run % RS_COUNT_OF(sizes)] * 320};
      rs_schedule *schedule = rs_schedule_create(arena, w, "random", timing);
      rs_calendar *calendar = rs_calendar_create(arena, w, timing);
      if (rs_collective_compile(schedule, w, calendar, &request, NULL, &report, &diag) != RS_OK) {
        continue;
      }
      rs_bound bound = bound_of(arena, w, timing, row->kind, in_order, request.chip_count,
                                sizes[run % RS_COUNT_OF(sizes)]);
      if (report.makespan_cycles < bound.cycles) {
        fail_msg("run %u, %s by %s: %lld cycles, the bound is %lld", run,
                 rs_collective_kind_word(row->kind), row->name, (long long)report.makespan_cycles,
                 (long long)bound.cycles);
      }
      compiled++;
      met += report.makespan_cycles == bound.cycles;
    }
    rs_arena_destroy(arena);
  }
  print_message("%u schedules, %u at their bound\n", compiled, met);
  assert_true(compiled > 1000 && met > 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(triangles_in_a_ring),
      cmocka_unit_test(relays_are_no_parts),
      cmocka_unit_test(all_partitions_of_small_graphs),
      cmocka_unit_test(no_schedule_beats_a_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* All-reduce by dimensions: which groups are grids of full meshes, and what it takes on them. */
#include "rs__collective.h"
#include "rs_test_compile.h"

/* The number of dimensions that are found, 0: no grid; members in an order of `seed`. */
static uint32_t find_dimensions(const char *spec, uint32_t count, uint64_t seed,
                                uint32_t sizes[RS__GRID_DIMENSIONS_MAX]) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  uint32_t chips = wiring->chip_count;
  uint32_t *members = RS_ARENA_NEW(arena, uint32_t, chips);
  uint32_t *position = RS_ARENA_NEW(arena, uint32_t, chips);
  rs_diag diag = {0};
  rs__grid grid;
  rs_random random;
  rs_random_init(&random, seed, 0);
  if (count == 0) count = chips;
  for (uint32_t i = 0; i < chips; i++) {
    members[i] = i;
    position[i] = RS_NONE;
  }
  for (uint32_t i = count; i-- > 1 && seed > 0;) {
    uint32_t other = (uint32_t)rs_random_below(&random, i + 1);
    uint32_t chip = members[i];
    members[i] = members[other];
    members[other] = chip;
  }
  for (uint32_t i = 0; i < count; i++) position[members[i]] = i;
  rs__plan plan = {.arena = arena,
                   .wiring = wiring,
                   .position = position,
                   .members = members,
                   .member_count = count,
                   .link_load = RS_ARENA_NEW(arena, uint32_t, wiring->link_count),
                   .diag = &diag};
  bool is_grid = rs__plan_grid(&plan, &grid) == RS_OK;
  for (uint32_t j = 0; is_grid && j < grid.dimensions; j++) sizes[j] = grid.size[j];
  /* Those that differ in one coordinate have it as they should. */
  for (uint32_t i = 0; is_grid && i < count; i++) {
    for (uint32_t j = 0; j < grid.dimensions; j++) {
      uint32_t other = rs__grid_sibling(&grid, i, j, grid.size[j] - 1);
      assert_int_equal(rs__grid_digit(&grid, other, j), grid.size[j] - 1);
      assert_int_equal(rs__grid_sibling(&grid, other, j, rs__grid_digit(&grid, i, j)), i);
    }
  }
  rs_arena_destroy(arena);
  return is_grid ? grid.dimensions : 0;
}

static int compare_sizes(const void *a, const void *b) {
  return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static void grids_are_recognised(void **state) {
  (void)state;
  const struct {
    const char *spec;
    uint32_t count, dimensions, least, most;
  } rows[] = {
      {"hypercube:4", 0, 4, 2, 2},
      {"hypercube:4", 8, 3, 2, 2}, /* chips 0 to 7 differ in three bits */
      {"hyperx:3x4x5", 0, 3, 3, 5},
      {"hyperx:8x8", 0, 2, 8, 8},
      {"torus:4x4x4", 0, 6, 2, 2}, /* a ring of 4 is a square */
      {"torus:3x3", 0, 2, 3, 3},   /* a ring of 3 is a full mesh */
      {"ring:4", 0, 2, 2, 2},
      {"ring:5", 0, 0, 0, 0},
      {"mesh:8", 0, 0, 0, 0}, /* one dimension is for one-shot */
      {"torus:5x5", 0, 0, 0, 0},
      {"hypercube:4", 12, 0, 0, 0}, /* a part of one */
      {"realscale:72", 0, 0, 0, 0},
      {"slimfly:5", 0, 0, 0, 0},
  };
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    for (uint64_t seed = 0; seed < 4; seed++) {
      uint32_t sizes[RS__GRID_DIMENSIONS_MAX] = {0};
      uint32_t found = find_dimensions(rows[i].spec, rows[i].count, seed, sizes);
      qsort(sizes, found, sizeof *sizes, compare_sizes);
      if (found != rows[i].dimensions ||
          (found > 0 && (sizes[0] != rows[i].least || sizes[found - 1] != rows[i].most))) {
        fail_msg("%s, seed %llu: %u dimensions", rows[i].spec, (unsigned long long)seed, found);
      }
    }
  }
}

static rs_compile_report compile(const char *spec, const rs_timing *timing, int64_t vectors,
                                 rs_check_report *check) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  rs_diag diag = {0};
  rs_compile_report report;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .algorithm = "dimensions",
                                         .chips = chips,
                                         .chip_count = wiring->chip_count,
                                         .root = RS_NONE,
                                         .block_bytes = vectors * timing->vector_bytes};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag),
            &diag);
  const rs_check_options options = {.seed = 1};
  assert_ok(rs_checker_run(schedule, wiring, &options, check, &diag), &diag);
  assert_int_equal(check->makespan_cycles, report.makespan_cycles);
  rs_arena_destroy(arena);
  return report;
}

/* As many hops as dimensions, an add at each: m·(latency + add) + (m − 1)·forward + send + receive.
 * The pieces of a short message do not meet. */
static void short_messages_take_the_diameter(void **state) {
  (void)state;
  rs_timing unit = unit_timing();
  rs_timing chip = chip_timing();
  rs_check_report check;
  assert_int_equal(compile("hypercube:4", &unit, 1, &check).makespan_cycles, 4);
  assert_int_equal(compile("hyperx:3x4x5", &unit, 1, &check).makespan_cycles, 3);
  /* 16 chips, 4 dimensions, one send each a piece */
  assert_int_equal(compile("hypercube:4", &unit, 1, &check).bursts, 16 * 4);
  /* node cables within 8 chips: 31 + 3·(216 + 20) + 2·40 + 47 = 866 */
  assert_int_equal(compile("hypercube:3", &chip, 1, &check).makespan_cycles, 866);
  /* three pieces of a vector, each in a dimension of its own: no later */
  assert_int_equal(compile("hypercube:3", &chip, 3, &check).makespan_cycles, 866);
  /* pieces of two: ⌈23.616⌉ = 24 more */
  assert_int_equal(compile("hypercube:3", &chip, 6, &check).makespan_cycles, 890);
}

/* Long ones are shared out: 2·(N − 1)/N · V/d slots. On a hypercube of 8 chips, 12,000 vectors:
 * 2·7/8·12,000/3 = 7,000 slots are 165,312 cycles, and six hops of 216 + 60 at most on top. */
static void long_messages_fill_the_links(void **state) {
  (void)state;
  rs_timing chip = chip_timing();
  rs_check_report check;
  int64_t makespan = compile("hypercube:3", &chip, 12000, &check).makespan_cycles;
  assert_in_range(makespan, 165312, 165312 + 6 * 276 + 78);
}

/* Every size up to some is proved, on the three clocks and on grids of all kinds. */
static void every_size_is_proved(void **state) {
  (void)state;
  static const char *const specs[] = {"hypercube:3", "hyperx:3x4", "torus:4x3", "hyperx:2x3x2"};
  const rs_timing timings[] = {unit_timing(), chip_timing(), slow_timing()};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    for (size_t t = 0; t < RS_COUNT_OF(timings); t++) {
      for (int64_t vectors = 1; vectors <= 4096; vectors += 1 + vectors / 3) {
        rs_check_report check;
        compile(specs[i], &timings[t], vectors, &check);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(grids_are_recognised),
      cmocka_unit_test(short_messages_take_the_diameter),
      cmocka_unit_test(long_messages_fill_the_links),
      cmocka_unit_test(every_size_is_proved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

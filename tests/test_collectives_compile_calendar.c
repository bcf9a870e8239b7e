/* The calendar: earliest fit by hand, against a bitmap at random, and the return to a mark. */
#include "rs_test_compile.h"

typedef struct fixture {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_timing timing;
  rs_calendar *calendar;
} fixture;

static fixture make(int64_t slot_num, int64_t slot_den) {
  fixture f = {.arena = rs_arena_create(0), .timing = unit_timing()};
  f.wiring = build_wiring(f.arena, "mesh:3");
  f.timing.slot_num = slot_num;
  f.timing.slot_den = slot_den;
  f.calendar = rs_calendar_create(f.arena, f.wiring, &f.timing);
  assert_non_null(f.calendar);
  return f;
}

static void whole_slots(void **state) {
  (void)state;
  fixture f = make(1, 1);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 10, 5), 10); /* 10…14 */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 12, 1), 15); /* behind it */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 10), 0);  /* 0…9 just fits before */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 1), 16);  /* 0…15 is full */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 20, 2), 20);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 3), 17); /* the gap 17…19 */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 1), 22);
  assert_int_equal(rs_calendar_book(f.calendar, 1, 0, 1), 0); /* another link is free */
  rs_arena_destroy(f.arena);
}

/* q = 2952/125 = 23.616 cycles. One vector ends at 23.616, so the next starts at 24; three end at
 * 24 + 70.848 = 94.848, so the next starts at 95. */
static void fractional_slots(void **state) {
  (void)state;
  fixture f = make(2952, 125);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 1), 0);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 3), 24);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 1), 95);
  /* 125 vectors take 2952 cycles exactly, so a gap of 2952 cycles is enough and 2951 is not. */
  assert_int_equal(rs_calendar_book(f.calendar, 1, 2952, 1), 2952);
  assert_int_equal(rs_calendar_book(f.calendar, 1, 0, 125), 0);
  assert_int_equal(rs_calendar_book(f.calendar, 2, 2951, 1), 2951);
  assert_int_equal(rs_calendar_book(f.calendar, 2, 0, 125), 2951 + 24);
  rs_arena_destroy(f.arena);
}

/* Slots below a cycle: q = 2/5; 3 vectors take 1.2 cycles, so the next burst starts at cycle 2. */
static void slots_below_a_cycle(void **state) {
  (void)state;
  fixture f = make(2, 5);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 3), 0);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 5), 2);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 1), 4); /* 5 vectors: 2 cycles exactly */
  rs_arena_destroy(f.arena);
}

/* 2^39 vectors of 23.616 cycles lie near 1.3·10^13 cycles; nothing is rounded on the way. */
static void long_bursts(void **state) {
  (void)state;
  fixture f = make(2952, 125);
  int64_t count = INT64_C(1) << 39;
  /* ⌈2^39 · 2952 / 125⌉, by the definition in 128 bits */
  int64_t end = (int64_t)(((rs_int128)count * 2952 + 124) / 125);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 7, count), 7);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 1), 7 + end);
  rs_arena_destroy(f.arena);
}

enum { CYCLES = 4000, LINKS = 6, BOOKINGS = 400 };

typedef struct booking {
  uint32_t link;
  int64_t earliest, count, start;
} booking;

static bool is_free(bool busy[LINKS][CYCLES], uint32_t link, int64_t start, int64_t length) {
  for (int64_t c = start; c < start + length; c++) {
    if (busy[link][c]) return false;
  }
  return true;
}

/* Earliest fit by trying every cycle. */
static int64_t naive_book(bool busy[LINKS][CYCLES], const rs_timing *timing, const booking *b) {
  int64_t length = rs_timing_slots(timing, b->count), start = b->earliest;
  while (!is_free(busy, b->link, start, length)) start++;
  for (int64_t c = start; c < start + length; c++) busy[b->link][c] = true;
  return start;
}

static void against_a_bitmap(uint64_t seed) {
  static bool busy[LINKS][CYCLES], kept[LINKS][CYCLES];
  rs_random random;
  rs_random_init(&random, seed, 0);
  fixture f = make(rs_random_between(&random, 1, 20), rs_random_between(&random, 1, 6));
  uint64_t mark = 0;
  memset(busy, 0, sizeof busy);
  memset(kept, 0, sizeof kept);
  for (int i = 0; i < BOOKINGS; i++) {
    booking b = {.link = (uint32_t)rs_random_below(&random, LINKS),
                 .earliest = rs_random_between(&random, 0, 300),
                 .count = rs_random_between(&random, 1, 4)};
    b.start = rs_calendar_book(f.calendar, b.link, b.earliest, b.count);
    int64_t expected = naive_book(busy, &f.timing, &b);
    if (b.start != expected) {
      fail_msg("seed %llu, booking %d: %lld, expected %lld", (unsigned long long)seed, i,
               (long long)b.start, (long long)expected);
    }
    uint64_t dice = rs_random_below(&random, 20);
    if (dice == 0) {
      mark = rs_calendar_mark(f.calendar);
      memcpy(kept, busy, sizeof busy);
    } else if (dice == 1) {
      rs_calendar_rewind(f.calendar, mark);
      memcpy(busy, kept, sizeof busy);
    }
  }
  rs_arena_destroy(f.arena);
}

static void random_bookings(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; seed++) against_a_bitmap(seed);
}

/* Merges of all four kinds are undone one by one. */
static void rewinds(void **state) {
  (void)state;
  fixture f = make(1, 1);
  uint64_t empty = rs_calendar_mark(f.calendar);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 10, 2), 10); /* alone */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 20, 2), 20);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 12, 2), 12); /* touches the one before */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 18, 2), 18); /* touches the one after */
  uint64_t mark = rs_calendar_mark(f.calendar);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 4), 0);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 10, 4), 14); /* joins both sides */
  assert_int_equal(rs_calendar_book(f.calendar, 0, 10, 1), 22);
  rs_calendar_rewind(f.calendar, mark);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 10, 4), 14);
  rs_calendar_rewind(f.calendar, mark);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 10, 5), 22);
  rs_calendar_rewind(f.calendar, empty);
  assert_int_equal(rs_calendar_book(f.calendar, 0, 0, 100), 0);
  rs_arena_destroy(f.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_slots),         cmocka_unit_test(fractional_slots),
      cmocka_unit_test(slots_below_a_cycle), cmocka_unit_test(long_bursts),
      cmocka_unit_test(random_bookings),     cmocka_unit_test(rewinds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Arenas: memory that is zeroed, aligned, apart from other memory, and bounded. */
#include <stdlib.h>
#include <string.h>

#include "rs_arena.h"
#include "rs_math.h"
#include "rs_random.h"
#include "rs_test.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

/* Pieces of 1 … 200,000 bytes, most of them small; each is filled with its own byte. */
static void pieces_are_zeroed_aligned_and_apart(void **state) {
  (void)state;
  enum { PIECES = 400 };
  rs_arena *arena = rs_arena_create(0);
  unsigned char *pieces[PIECES];
  size_t sizes[PIECES];
  for (int round = 0; round < 3; round++) {
    rs_random random;
    size_t total = 0;
    rs_random_init(&random, 11, (uint64_t)round);
    for (size_t i = 0; i < PIECES; i++) {
      uint64_t bound = i % 10 == 0 ? 200000 : i % 3 == 0 ? 20000 : 100;
      sizes[i] = (size_t)rs_random_below(&random, bound) + 1;
      total += sizes[i];
      pieces[i] = rs_arena_alloc(arena, sizes[i]);
      assert_non_null(pieces[i]);
      assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
      for (size_t k = 0; k < sizes[i]; k++) {
        if (pieces[i][k] != 0) fail_msg("round %d, piece %zu, byte %zu is not 0", round, i, k);
      }
      memset(pieces[i], (int)(i % 251) + 1, sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++) {
      for (size_t k = 0; k < sizes[i]; k++) {
        if (pieces[i][k] != i % 251 + 1) fail_msg("round %d, piece %zu was overwritten", round, i);
      }
    }
    assert_true(rs_arena_used_bytes(arena) >= total);
    assert_true(rs_arena_used_bytes(arena) < total + PIECES * _Alignof(max_align_t));
    assert_true(rs_arena_held_bytes(arena) > total);
    rs_arena_reset(arena);
    assert_int_equal(rs_arena_used_bytes(arena), 0);
  }
  rs_arena_destroy(arena);
  rs_arena_destroy(NULL);
}

/* 16 bytes, 1 MiB, 16 bytes: the small ones stay neighbours in the block of 64 KiB. */
static void a_large_piece_wastes_no_block(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  char *first = rs_arena_alloc(arena, 16);
  char *large = rs_arena_alloc(arena, 1 << 20);
  char *second = rs_arena_alloc(arena, 16);
  assert_non_null(large);
  assert_in_range(second - first, 16, 32); /* 32: sanitizers leave a gap */
  assert_true(rs_arena_held_bytes(arena) < (1 << 20) + (1 << 16) + 200);
  rs_arena_destroy(arena);
}

/* Blocks double, so a million small pieces take few of them: held ≤ 2 · used + 64 KiB and heads. */
static void blocks_double(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (int i = 0; i < 200000; i++) assert_non_null(rs_arena_alloc(arena, 48));
  assert_true(rs_arena_held_bytes(arena) <= 3 * rs_arena_used_bytes(arena) + 70000);
  rs_arena_destroy(arena);
}

/* The same pieces come from the same blocks after a reset, and they are 0 again; 64 MiB are kept at most. */
static void a_reset_keeps_blocks(void **state) {
  (void)state;
  static const size_t sizes[] = {100, 1 << 20, 3000, 60000, 5 << 20, 1};
  rs_arena *arena = rs_arena_create(0);
  size_t held = 0;
  for (int round = 0; round < 4; round++) {
    for (size_t i = 0; i < RS_COUNT_OF(sizes); i++) {
      size_t bytes = round == 2 ? sizes[i] / 2 + 1 : sizes[i]; /* a part of what was used */
      unsigned char *piece = rs_arena_alloc(arena, bytes);
      assert_non_null(piece);
      for (size_t k = 0; k < bytes; k++) assert_int_equal(piece[k], 0);
      memset(piece, 0xa5, bytes);
    }
    if (round == 0) held = rs_arena_held_bytes(arena);
    if (round != 2) assert_int_equal(rs_arena_held_bytes(arena), held);
    rs_arena_reset(arena);
    assert_int_equal(rs_arena_used_bytes(arena), 0);
  }
  assert_non_null(rs_arena_alloc(arena, (size_t)65 << 20));
  rs_arena_reset(arena);
  assert_true(rs_arena_held_bytes(arena) <= (size_t)64 << 20);
  rs_arena_destroy(arena);
}

/* With pieces of 1,000 bytes at least nine tenths of any limit can be had, and never more than it;
 * afterwards the arena still answers, and a reset gives all of it back. */
static void a_limit_is_kept_and_can_be_used(void **state) {
  (void)state;
  static const size_t limits[] = {20000, 65536, 100000, 300000, 1 << 20, 5000000};
  for (size_t i = 0; i < RS_COUNT_OF(limits); i++) {
    rs_arena *arena = rs_arena_create(limits[i]);
    size_t got[2] = {0, 0};
    for (int round = 0; round < 2; round++) {
      while (rs_arena_alloc(arena, 1000) != NULL) got[round] += 1000;
      assert_true(rs_arena_held_bytes(arena) <= limits[i]);
      assert_in_range(got[round], limits[i] / 10 * 9, limits[i]);
      assert_null(rs_arena_alloc(arena, limits[i]));
      rs_arena_reset(arena);
    }
    assert_int_equal(got[0], got[1]);
    rs_arena_destroy(arena);
  }
  for (size_t limit = 1; limit < 200; limit++) { /* too little for anything, or just enough */
    rs_arena *arena = rs_arena_create(limit);
    size_t got = 0;
    while (rs_arena_alloc(arena, 1) != NULL) got++;
    assert_true(got < limit);
    assert_true(rs_arena_held_bytes(arena) <= limit);
    rs_arena_destroy(arena);
  }
}

static void products_beyond_memory_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  assert_null(rs_arena_array(arena, SIZE_MAX / 2, 3));
  assert_null(rs_arena_array(arena, SIZE_MAX, SIZE_MAX));
  for (size_t less = 0; less < 100; less++) assert_null(rs_arena_alloc(arena, SIZE_MAX - less));
  assert_int_equal(rs_arena_used_bytes(arena), 0);
  rs_arena_destroy(arena);
}

/* A pointer to no elements is one of its own, not NULL, which would mean that memory ran out. */
static void no_elements_have_a_place(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  uint64_t *none = RS_ARENA_NEW(arena, uint64_t, 0);
  uint64_t *some = RS_ARENA_NEW(arena, uint64_t, 2);
  assert_non_null(none);
  assert_ptr_not_equal(none, some);
  assert_non_null(rs_arena_alloc(arena, 0));
  rs_arena_destroy(arena);
}

static void texts_are_copied(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  char source[] = "abcdef";
  char *whole = rs_arena_strdup(arena, source);
  char *part = rs_arena_strndup(arena, source + 1, 3);
  memset(source, 'x', sizeof source - 1);
  assert_string_equal(whole, "abcdef");
  assert_string_equal(part, "bcd");
  assert_string_equal(rs_arena_strndup(arena, NULL, 0), "");
  assert_string_equal(rs_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
  char *padded = rs_arena_printf(arena, "%1000d", 7); /* longer than any buffer on the way */
  assert_int_equal(strlen(padded), 1000);
  assert_string_equal(padded + 998, " 7");
  rs_arena_destroy(arena);
}

static void want_of_memory_is_said(void **state) {
  (void)state;
  rs_diag diag;
  char line[256];
  rs_arena *arena = rs_arena_create(0);
  assert_int_equal(rs_arena_failed(NULL, &diag), RS_E_NO_MEMORY);
  rs_diag_format(&diag, line, sizeof line);
  assert_string_equal(line, "out of memory");
  assert_non_null(rs_arena_alloc(arena, (3 << 20) + 1));
  assert_int_equal(rs_arena_failed(arena, &diag), RS_E_NO_MEMORY);
  rs_diag_format(&diag, line, sizeof line);
  assert_string_equal(line, "out of memory; 3 MiB were held");
  assert_int_equal(rs_arena_failed(arena, NULL), RS_E_NO_MEMORY);
  rs_arena_destroy(arena);
}

/* Under AddressSanitizer the byte behind a piece is out of bounds, as it is with malloc. */
static void the_sanitizer_sees_the_end_of_a_piece(void **state) {
  (void)state;
#ifdef __SANITIZE_ADDRESS__
  rs_arena *arena = rs_arena_create(0);
  for (size_t size = 1; size < 100; size++) {
    char *piece = rs_arena_alloc(arena, size);
    assert_null(__asan_region_is_poisoned(piece, size));
    assert_true(__asan_address_is_poisoned(piece + size));
  }
  rs_arena_destroy(arena);
#else
  skip();
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
      cmocka_unit_test(a_large_piece_wastes_no_block),
      cmocka_unit_test(blocks_double),
      cmocka_unit_test(a_reset_keeps_blocks),
      cmocka_unit_test(a_limit_is_kept_and_can_be_used),
      cmocka_unit_test(products_beyond_memory_are_refused),
      cmocka_unit_test(no_elements_have_a_place),
      cmocka_unit_test(texts_are_copied),
      cmocka_unit_test(want_of_memory_is_said),
      cmocka_unit_test(the_sanitizer_sees_the_end_of_a_piece),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

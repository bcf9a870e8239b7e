/* Diagnostics, arenas, random streams, text, JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs_arena.h"
#include "rs_math.h"
#include "rs_random.h"
#include "rs_test.h"
#include "rs_text.h"

/* ---- diagnostics ---- */

static void a_diagnostic_is_one_line(void **state) {
  (void)state;
  rs_diag diag;
  char line[1024];
  rs_diag_set(&diag, RS_E_INPUT, "unknown key 'a\nb\033[31m'");
  rs_diag_expect(&diag, "a key");
  rs_diag_suggest(&diag, "ab");
  rs_diag_at(&diag, "f.yaml", 3, 7);
  size_t length = rs_diag_format(&diag, line, sizeof line);
  assert_string_equal(line,
                      "f.yaml:3:7: unknown key 'a?b?[31m'; expected a key; did you mean 'ab'?");
  assert_int_equal(length, strlen(line));
  for (size_t size = 1; size < 40; size++) { /* cut anywhere, always ended */
    memset(line, 'x', sizeof line);
    assert_true(rs_diag_format(&diag, line, size) < size);
    assert_true(strlen(line) < size);
  }
  rs_diag_set(NULL, RS_E_INPUT, "nothing to fill");
  rs_diag_at(NULL, "f", 1, 1);
}

/* ---- arenas ---- */

static void an_arena_gives_zeroed_memory_that_stays(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  unsigned char *blocks[300];
  for (size_t i = 0; i < 300; i++) {
    size_t size = i * 97 + 1; /* 1 … 29,004 bytes: small, and larger than a quarter of a block */
    blocks[i] = rs_arena_alloc(arena, size);
    assert_non_null(blocks[i]);
    assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
    for (size_t k = 0; k < size; k++) assert_int_equal(blocks[i][k], 0);
    memset(blocks[i], (int)(i % 251) + 1, size);
  }
  for (size_t i = 0; i < 300; i++) {
    for (size_t k = 0; k < i * 97 + 1; k++) assert_int_equal(blocks[i][k], i % 251 + 1);
  }
  assert_string_equal(rs_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
  assert_null(rs_arena_array(arena, SIZE_MAX / 2, 3));
  rs_arena_destroy(arena);
}

static void an_arena_keeps_its_limit(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(1 << 20);
  size_t got = 0;
  while (rs_arena_alloc(arena, 1000) != NULL) got += 1000;
  assert_in_range(got, 400000, 1 << 20);
  assert_true(rs_arena_held_bytes(arena) <= 1 << 20);
  rs_arena_reset(arena);
  assert_non_null(rs_arena_alloc(arena, 1000));
  rs_arena_destroy(arena);
}

/* ---- random numbers ---- */

/* SplitMix64 from 0: the first outputs that its author publishes. */
static void the_mixer_is_splitmix64(void **state) {
  (void)state;
  assert_true(rs_mix_u64(0) == UINT64_C(0xe220a8397b1dcdaf));
  assert_true(rs_mix_u64(UINT64_C(0x9e3779b97f4a7c15)) == UINT64_C(0x6e789e6aa1b965f4));
  assert_true(rs_mix_u64(2 * UINT64_C(0x9e3779b97f4a7c15)) == UINT64_C(0x06c45d188009454f));
}

static void streams_are_apart_and_repeat(void **state) {
  (void)state;
  rs_random a, b, c;
  rs_random_init(&a, 1, 2);
  rs_random_init(&b, 1, 2);
  rs_random_init(&c, 2, 1);
  int same = 0;
  for (int i = 0; i < 1000; i++) {
    uint64_t value = rs_random_u64(&a);
    assert_true(value == rs_random_u64(&b));
    same += value == rs_random_u64(&c) ? 1 : 0;
  }
  assert_int_equal(same, 0);
}

/* 6,000 draws of a die: each face 1,000 ± 5 standard deviations of √(6000·1/6·5/6) = 28.9. */
static void below_is_uniform(void **state) {
  (void)state;
  rs_random random;
  int faces[6] = {0};
  rs_random_init(&random, 3, 0);
  for (int i = 0; i < 6000; i++) faces[rs_random_below(&random, 6)]++;
  for (int i = 0; i < 6; i++) assert_in_range(faces[i], 855, 1145);
  for (int i = 0; i < 100; i++) {
    int64_t value = rs_random_between(&random, -2, 1);
    assert_true(value >= -2 && value <= 1);
  }
}

/* ---- text ---- */

static void the_nearest_word_is_near(void **state) {
  (void)state;
  static const char *const words[] = {"tensor", "pipeline", "batch", "context"};
  assert_string_equal(rs_nearest_word("tensr", words, 4), "tensor");
  assert_string_equal(rs_nearest_word("PIPELINE", words, 4), "pipeline");
  assert_string_equal(rs_nearest_word("bacth", words, 4), "batch"); /* one swap */
  assert_null(rs_nearest_word("sharding", words, 4));
  assert_null(rs_nearest_word("", words, 4));
}

static void doubles_read_back(void **state) {
  (void)state;
  rs_random random;
  char text[64];
  rs_random_init(&random, 4, 0);
  for (int i = 0; i < 50000; i++) {
    uint64_t bits = rs_random_u64(&random);
    double value, back;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    rs_double_format(value, text, sizeof text);
    back = strtod(text, NULL);
    assert_memory_equal(&back, &value, sizeof value);
  }
  rs_double_format(0.1, text, sizeof text);
  assert_string_equal(text, "0.1");
  rs_double_format(3, text, sizeof text);
  assert_string_equal(text, "3");
}

static void json_is_well_formed(void **state) {
  (void)state;
  rs_text text;
  rs_json json;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_json_init(&json, &sink);
  rs_json_begin_object(&json);
  rs_json_key(&json, "a\"\\\n\x01");
  rs_json_begin_array(&json);
  rs_json_i64(&json, INT64_MIN);
  rs_json_double(&json, NAN);
  rs_json_bool(&json, true);
  rs_json_string(&json, NULL);
  rs_json_string(&json, "µ\xff\xc0\x80");
  rs_json_end_array(&json);
  rs_json_key(&json, "b");
  rs_json_begin_object(&json);
  rs_json_end_object(&json);
  rs_json_end_object(&json);
  assert_string_equal(text.bytes,
                      "{\"a\\\"\\\\\\n\\u0001\":[-9223372036854775808,null,true,null,"
                      "\"µ\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"],\"b\":{}}");
  rs_text_deinit(&text);
}

/* FNV-1a of "a": (offset basis xor 0x61) times the prime, as its authors list it. */
static void the_digest_is_fnv(void **state) {
  (void)state;
  assert_true(rs_digest_bytes(RS_DIGEST_SEED, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
  assert_true(rs_digest_u64(RS_DIGEST_SEED, 1) ==
              rs_digest_bytes(RS_DIGEST_SEED, "\1\0\0\0\0\0\0\0", 8));
}

static void divisions_round_as_named(void **state) {
  (void)state;
  for (int64_t a = -20; a <= 20; a++) {
    for (int64_t b = 1; b <= 7; b++) {
      assert_true(rs_ceil_div_i64(a, b) == (int64_t)ceil((double)a / (double)b));
      assert_true(rs_floor_div_i64(a, b) == (int64_t)floor((double)a / (double)b));
    }
  }
  assert_true(rs_mul_ceil_div_i64(INT64_C(1) << 62, 3, 6) == INT64_C(1) << 61);
  assert_true(rs_gcd_i64(-12, 18) == 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_diagnostic_is_one_line),
      cmocka_unit_test(an_arena_gives_zeroed_memory_that_stays),
      cmocka_unit_test(an_arena_keeps_its_limit),
      cmocka_unit_test(the_mixer_is_splitmix64),
      cmocka_unit_test(streams_are_apart_and_repeat),
      cmocka_unit_test(below_is_uniform),
      cmocka_unit_test(the_nearest_word_is_near),
      cmocka_unit_test(doubles_read_back),
      cmocka_unit_test(json_is_well_formed),
      cmocka_unit_test(the_digest_is_fnv),
      cmocka_unit_test(divisions_round_as_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random streams: the published generators, uniform draws, streams that are apart. */
#include <string.h>

#include "rs_math.h"
#include "rs_random.h"
#include "rs_test.h"

#define GAMMA UINT64_C(0x9e3779b97f4a7c15) /* SplitMix64's step, 2^64 / golden ratio, odd */

/* SplitMix64 from 0: the first outputs that its author publishes. */
static void the_mixer_is_splitmix64(void **state) {
  (void)state;
  assert_true(rs_mix_u64(0) == UINT64_C(0xe220a8397b1dcdaf));
  assert_true(rs_mix_u64(GAMMA) == UINT64_C(0x6e789e6aa1b965f4));
  assert_true(rs_mix_u64(2 * GAMMA) == UINT64_C(0x06c45d188009454f));
}

/*
 * xoshiro256** from the state 1, 2, 3, 4. The first three by hand: an output is
 * rotl(5 · s1, 7) · 9, so 10 · 128 · 9 = 11520. The step makes s2 = 3 ^ 1 = 2, s3 = 4 ^ 2 = 6,
 * s1 = 2 ^ 2 = 0, s0 = 1 ^ 6 = 7, s2 ^= 2 << 17 = 262146, s3 = 6 << 45; output 0 · … = 0. The next step:
 * s2 = 262146 ^ 7 = 262149 and s1 = 0 ^ 262149; output 262149 · 5 · 128 · 9 = 1509978240. The others
 * come from a second implementation, in a language with long integers.
 */
static void the_generator_is_xoshiro256(void **state) {
  (void)state;
  static const uint64_t outputs[] = {11520,
                                     0,
                                     1509978240,
                                     UINT64_C(1215971899390074240),
                                     UINT64_C(1216172134540287360),
                                     UINT64_C(607988272756665600),
                                     UINT64_C(16172922978634559625),
                                     UINT64_C(8476171486693032832),
                                     UINT64_C(10595114339597558777),
                                     UINT64_C(2904607092377533576)};
  rs_random random = {{1, 2, 3, 4}};
  for (size_t i = 0; i < RS_COUNT_OF(outputs); i++) {
    assert_true(rs_random_u64(&random) == outputs[i]);
  }
}

/* A record, from the same second implementation: a change of these changes every seeded result. */
static void seeding_stays_as_it_is(void **state) {
  (void)state;
  static const uint64_t outputs[] = {UINT64_C(0x8c4986f3f0e565d5), UINT64_C(0xf4547fdf5c2f56b6),
                                     UINT64_C(0x6a9e0d6a14f022fb), UINT64_C(0xdf483d9e238576e0)};
  rs_random random;
  rs_random_init(&random, 0, 0);
  for (size_t i = 0; i < RS_COUNT_OF(outputs); i++) {
    assert_true(rs_random_u64(&random) == outputs[i]);
  }
}

/* 16 × 16 pairs of seed and stream: the same pair repeats, and no two pairs share an output among
 * their first 100 (25,600 numbers of 64 bits; by chance one in 5·10^10 such tests would fail). */
static void streams_are_apart_and_repeat(void **state) {
  (void)state;
  enum { PAIRS = 256, DRAWS = 100 };
  static uint64_t first[PAIRS][DRAWS];
  for (int round = 0; round < 2; round++) {
    for (uint64_t pair = 0; pair < PAIRS; pair++) {
      rs_random random;
      rs_random_init(&random, pair / 16, pair % 16);
      for (int i = 0; i < DRAWS; i++) {
        uint64_t value = rs_random_u64(&random);
        if (round == 0) first[pair][i] = value;
        assert_true(first[pair][i] == value);
      }
    }
  }
  for (uint64_t a = 0; a < PAIRS; a++) {
    for (uint64_t b = 0; b < a; b++) {
      for (int i = 0; i < DRAWS; i++) {
        if (first[a][i] == first[b][i]) fail_msg("pairs %d and %d meet", (int)a, (int)b);
        if (first[a][i] == first[b][(i + 1) % DRAWS]) fail_msg("%d follows %d", (int)a, (int)b);
      }
    }
  }
}

/* 6,000 draws of a die: each face 1,000 ± 5 standard deviations of √(6000·1/6·5/6) = 28.9. */
static void below_is_uniform(void **state) {
  (void)state;
  rs_random random;
  int faces[6] = {0};
  rs_random_init(&random, 3, 0);
  for (int i = 0; i < 6000; i++) faces[rs_random_below(&random, 6)]++;
  for (int i = 0; i < 6; i++) assert_in_range(faces[i], 855, 1145);
  for (int i = 0; i < 100; i++) assert_int_equal(rs_random_below(&random, 1), 0);
}

/*
 * A bound of 3·2^62, where bias would show: without refusals 2^64 values fall on 3·2^62, so a
 * remainder would give the lowest third half of all draws, and a product every third value twice
 * (those divisible by 3). Both shares must be 1/3: 9,000 draws, 3,000 ± 5·√(9000·1/3·2/3) = 224.
 */
static void below_has_no_bias(void **state) {
  (void)state;
  const uint64_t third = UINT64_C(1) << 62;
  rs_random random;
  int lowest = 0, divisible = 0;
  rs_random_init(&random, 5, 0);
  for (int i = 0; i < 9000; i++) {
    uint64_t value = rs_random_below(&random, 3 * third);
    assert_true(value < 3 * third);
    lowest += value < third;
    divisible += value % 3 == 0;
  }
  assert_in_range(lowest, 2776, 3224);
  assert_in_range(divisible, 2776, 3224);
}

static void between_has_both_ends(void **state) {
  (void)state;
  rs_random random;
  int seen[4] = {0};
  int negative = 0;
  rs_random_init(&random, 7, 0);
  for (int i = 0; i < 1000; i++) {
    int64_t value = rs_random_between(&random, -2, 1);
    assert_true(value >= -2 && value <= 1);
    seen[value + 2]++;
  }
  for (int i = 0; i < 4; i++) assert_in_range(seen[i], 181, 319); /* 250 ± 5·√(1000·1/4·3/4) */
  for (int i = 0; i < 1000; i++) negative += rs_random_between(&random, INT64_MIN, INT64_MAX) < 0;
  assert_in_range(negative, 420, 580); /* 500 ± 5·√250 = 79 */
  assert_true(rs_random_between(&random, INT64_MIN, INT64_MIN) == INT64_MIN);
  assert_true(rs_random_between(&random, INT64_MAX, INT64_MAX) == INT64_MAX);
}

/* All 24 orders of four items: 24,000 shuffles, each 1,000 ± 5·√(24000·1/24·23/24) = 155. */
static void shuffles_are_uniform(void **state) {
  (void)state;
  rs_random random;
  int orders[256] = {0};
  int distinct = 0;
  rs_random_init(&random, 9, 0);
  for (int i = 0; i < 24000; i++) {
    uint32_t items[4] = {0, 1, 2, 3};
    rs_random_shuffle_u32(&random, items, 4);
    orders[items[0] + 4 * items[1] + 16 * items[2] + 64 * items[3]]++;
  }
  for (int i = 0; i < 256; i++) {
    if (orders[i] == 0) continue;
    distinct++;
    assert_in_range(orders[i], 845, 1155);
  }
  assert_int_equal(distinct, 24);
  rs_random_shuffle_u32(&random, NULL, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_mixer_is_splitmix64), cmocka_unit_test(the_generator_is_xoshiro256),
      cmocka_unit_test(seeding_stays_as_it_is),  cmocka_unit_test(streams_are_apart_and_repeat),
      cmocka_unit_test(below_is_uniform),        cmocka_unit_test(below_has_no_bias),
      cmocka_unit_test(between_has_both_ends),   cmocka_unit_test(shuffles_are_uniform),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

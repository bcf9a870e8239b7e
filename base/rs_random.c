/* xoshiro256** seeded by SplitMix64; Blackman and Vigna, 2021. */
#include "rs_random.h"

#include <assert.h>

#include "rs_math.h"

uint64_t rs_mix_u64(uint64_t value) {
  uint64_t z = value + UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* The stream is mixed before it is joined with the seed, so that (1, 2) and (2, 1) differ. */
void rs_random_init(rs_random *random, uint64_t seed, uint64_t stream) {
  uint64_t counter = seed ^ rs_mix_u64(rs_mix_u64(stream));
  for (int i = 0; i < 4; i++) {
    random->state[i] = rs_mix_u64(counter);
    counter += UINT64_C(0x9e3779b97f4a7c15);
  }
}

static uint64_t rotate_left(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

uint64_t rs_random_u64(rs_random *random) {
  uint64_t *s = random->state;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

/* Lemire, "Fast random integer generation in an interval", 2019: the high half of a product is
 * uniform once the few low values that would be drawn too often are refused. */
uint64_t rs_random_below(rs_random *random, uint64_t bound) {
  assert(bound > 0);
  rs_uint128 product = (rs_uint128)rs_random_u64(random) * bound;
  if ((uint64_t)product < bound) {
    uint64_t threshold = (0 - bound) % bound;
    while ((uint64_t)product < threshold) product = (rs_uint128)rs_random_u64(random) * bound;
  }
  return (uint64_t)(product >> 64);
}

int64_t rs_random_between(rs_random *random, int64_t low, int64_t high) {
  assert(low <= high);
  uint64_t span = (uint64_t)high - (uint64_t)low + 1; /* 0: all of 64 bits */
  uint64_t offset = span == 0 ? rs_random_u64(random) : rs_random_below(random, span);
  return (int64_t)((uint64_t)low + offset);
}

void rs_random_shuffle_u32(rs_random *random, uint32_t *items, uint64_t count) {
  for (uint64_t i = count; i > 1; i--) {
    uint64_t k = rs_random_below(random, i);
    uint32_t swapped = items[i - 1];
    items[i - 1] = items[k];
    items[k] = swapped;
  }
}

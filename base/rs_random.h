/*
 * Random streams: xoshiro256** seeded by SplitMix64 from (seed, stream), so that every chip, link
 * or mutant has numbers of its own that do not depend on the order in which others draw.
 * Source: Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2021.
 * Same seed and stream: same numbers on any machine. Not for cryptography.
 */
#ifndef RS_RANDOM_H
#define RS_RANDOM_H

#include <stdint.h>

typedef struct rs_random {
  uint64_t state[4];
} rs_random;

void rs_random_init(rs_random *random, uint64_t seed, uint64_t stream);
uint64_t rs_random_u64(rs_random *random);
/* Uniform in 0 … bound − 1 without bias (Lemire's method). bound > 0. */
uint64_t rs_random_below(rs_random *random, uint64_t bound);
/* Uniform in low … high, both included. */
int64_t rs_random_between(rs_random *random, int64_t low, int64_t high);
/* Fisher–Yates. */
void rs_random_shuffle_u32(rs_random *random, uint32_t *items, uint64_t count);

/* One step of SplitMix64 as a hash of its argument: good mixing, no state. */
uint64_t rs_mix_u64(uint64_t value);

#endif

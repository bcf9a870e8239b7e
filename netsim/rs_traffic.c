/* Traffic patterns. A gap is drawn against a 64-bit threshold, once a cycle, or several times a cycle where
 * a chip makes a packet in more than every fourth: a few draws a packet at loads of interest, and no
 * logarithm that two machines could round differently. */
#include "rs_traffic.h"

#include <string.h>

#include "rs_random.h"

#define DRAWS_MAX 4096

struct rs_traffic {
  rs_traffic_config config;
  uint32_t chip_count;
  uint64_t threshold; /* a draw below makes a packet */
  int64_t draws;      /* a cycle */
  int64_t *drawn;     /* [chip] draws so far: what is made by draw k is made in cycle k / draws */
  uint32_t *turn;     /* [chip] packets so far, modulo the other chips; NULL but for all-to-all */
  rs_random *random;  /* [chip] */
  uint32_t *permutation; /* [chip]; NULL for other patterns */
};

/* Packets of a chip in a cycle, load · links · pairs / (Σ distances · chips) vectors a slot of num/den
 * cycles, as so many draws of one probability. */
static rs_status find_threshold(rs_traffic *t, const rs_wiring *wiring, const rs_timing *timing,
                                rs_diag *diag) {
  rs_uint128 n = wiring->chip_count;
  rs_uint128 over = (rs_uint128)(uint64_t)t->config.load_ppm * wiring->link_count * (n - 1);
  rs_uint128 under = (rs_uint128)t->config.distance_sum * 1000000;
  /* in 2^−32, so that the products stay inside 128 bits */
  rs_uint128 slot_share = (over << 32) / under;
  rs_uint128 share = slot_share * (uint64_t)timing->slot_den / (uint64_t)timing->slot_num;
  t->draws = 1;
  while (share >= (rs_uint128)t->draws << 30) {
    if (t->draws == DRAWS_MAX) {
      rs_diag_set(diag, RS_E_INPUT, "a load of %lld ppm is more than %d vectors a cycle and chip",
                  (long long)t->config.load_ppm, DRAWS_MAX / 4);
      rs_diag_expect(diag, "a smaller load");
      return RS_E_INPUT;
    }
    t->draws *= 2;
  }
  t->threshold = (uint64_t)((share << 32) / (uint64_t)t->draws);
  return RS_OK;
}

/* A permutation without fixed points: a shuffled cycle through all chips. */
static bool draw_permutation(rs_arena *arena, rs_traffic *t) {
  uint32_t n = t->chip_count;
  uint32_t *order = RS_ARENA_NEW(arena, uint32_t, n);
  rs_random random;
  t->permutation = RS_ARENA_NEW(arena, uint32_t, n);
  if (order == NULL || t->permutation == NULL) return false;
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  rs_random_init(&random, t->config.seed, UINT64_MAX);
  rs_random_shuffle_u32(&random, order, n);
  for (uint32_t i = 0; i < n; i++) t->permutation[order[i]] = order[(i + 1) % n];
  return true;
}

rs_status rs_traffic_check(rs_pattern pattern, uint32_t chip_count, uint32_t group_size,
                           rs_diag *diag) {
  const char *word = rs_pattern_word(pattern);
  if (chip_count < 2) {
    return rs_diag_set(diag, RS_E_INPUT, "traffic needs two chips or more that are connected");
  }
  if (pattern == RS_PATTERN_GROUP && (group_size == 0 || group_size >= chip_count)) {
    return rs_diag_set(diag, RS_E_INPUT,
                       "pattern '%s' needs two groups or more; %u chips are one group of %u", word,
                       chip_count, group_size);
  }
  if (pattern == RS_PATTERN_BIT_REVERSE && (chip_count & (chip_count - 1)) != 0) {
    return rs_diag_set(diag, RS_E_INPUT,
                       "pattern '%s' needs a power of two of chips, and there are %u", word,
                       chip_count);
  }
  return RS_OK;
}

static rs_status allocate(rs_arena *arena, rs_traffic *t, rs_diag *diag) {
  uint32_t n = t->chip_count;
  t->random = RS_ARENA_NEW(arena, rs_random, n);
  t->drawn = RS_ARENA_NEW(arena, int64_t, n);
  if (t->random == NULL || t->drawn == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < n; i++) rs_random_init(&t->random[i], t->config.seed, i);
  for (uint32_t i = 0; i < n; i++) t->drawn[i] = t->draws - 1; /* the first draw is cycle 1's */
  if (t->config.pattern == RS_PATTERN_PERMUTATION && !draw_permutation(arena, t)) {
    return rs_arena_failed(arena, diag);
  }
  if (t->config.pattern != RS_PATTERN_ALL_TO_ALL) return RS_OK;
  t->turn = RS_ARENA_NEW(arena, uint32_t, n);
  if (t->turn == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < n; i++) {
    t->turn[i] = (uint32_t)rs_random_below(&t->random[i], n - 1); /* not all in step */
  }
  return RS_OK;
}

rs_status rs_traffic_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                            const rs_traffic_config *config, rs_traffic **traffic, rs_diag *diag) {
  rs_traffic *t = RS_ARENA_NEW(arena, rs_traffic, 1);
  if (t == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs_timing_check(timing, diag);
  if (status == RS_OK) {
    status = rs_traffic_check(config->pattern, wiring->chip_count, config->group_size, diag);
  }
  if (status != RS_OK) return status;
  if (config->distance_sum == 0) {
    return rs_diag_set(diag, RS_E_INPUT, "traffic needs two chips or more that are connected");
  }
  if (config->load_ppm < 1) {
    return rs_diag_set(diag, RS_E_INPUT, "a load of %lld ppm makes no traffic",
                       (long long)config->load_ppm);
  }
  t->config = *config;
  t->chip_count = wiring->chip_count;
  status = find_threshold(t, wiring, timing, diag);
  if (status == RS_OK) status = allocate(arena, t, diag);
  *traffic = t;
  return status;
}

static uint32_t uniform(rs_traffic *t, uint32_t chip) {
  uint32_t to = (uint32_t)rs_random_below(&t->random[chip], t->chip_count - 1);
  return to >= chip ? to + 1 : to;
}

/* The last group may be short; the next of the last is the first. */
static uint32_t next_group(rs_traffic *t, uint32_t chip) {
  uint32_t size = t->config.group_size;
  uint32_t groups = (t->chip_count + size - 1) / size;
  uint32_t first = (chip / size + 1) % groups * size;
  uint32_t count = RS_MIN(size, t->chip_count - first);
  return first + (uint32_t)rs_random_below(&t->random[chip], count);
}

static uint32_t reversed(const rs_traffic *t, uint32_t chip) {
  uint32_t to = 0;
  for (uint32_t bit = 1; bit < t->chip_count; bit *= 2, chip /= 2) to = to * 2 + chip % 2;
  return to;
}

static uint32_t destination(rs_traffic *t, uint32_t chip) {
  switch (t->config.pattern) {
    case RS_PATTERN_PERMUTATION:
      return t->permutation[chip];
    case RS_PATTERN_TORNADO:
      /* two chips would send to themselves: then the other is meant */
      return (chip + RS_MAX((t->chip_count + 1) / 2 - 1, UINT32_C(1))) % t->chip_count;
    case RS_PATTERN_GROUP:
      return next_group(t, chip);
    case RS_PATTERN_HOTSPOT:
      if (chip != 0 && rs_random_below(&t->random[chip], 10) == 0) return 0;
      return uniform(t, chip);
    case RS_PATTERN_ALL_TO_ALL:
      t->turn[chip] = t->turn[chip] + 1 == t->chip_count - 1 ? 0 : t->turn[chip] + 1;
      return (uint32_t)(((uint64_t)chip + 1 + t->turn[chip]) % t->chip_count);
    case RS_PATTERN_BIT_REVERSE:
      return reversed(t, chip) == chip ? uniform(t, chip) : reversed(t, chip);
    case RS_PATTERN_UNIFORM:
    case RS_PATTERN_COUNT:
      break;
  }
  return uniform(t, chip);
}

bool rs_traffic_draw(void *traffic, uint32_t chip, int64_t *time_cycles, uint32_t *to) {
  rs_traffic *t = traffic;
  int64_t end = t->config.end_cycles * t->draws;
  int64_t drawn = t->drawn[chip];
  do {
    if (++drawn >= end) return false;
  } while (rs_random_u64(&t->random[chip]) >= t->threshold);
  t->drawn[chip] = drawn;
  *time_cycles = drawn / t->draws;
  *to = destination(t, chip);
  return true;
}

double rs_traffic_capacity(const rs_wiring *wiring, uint64_t distance_sum) {
  double n = wiring->chip_count;
  return (double)wiring->link_count * (n - 1) / (double)distance_sum;
}

static const char *const words[RS_PATTERN_COUNT] = {"uniform", "permutation", "tornado",    "group",
                                                    "hotspot", "all-to-all",  "bit-reverse"};

const char *rs_pattern_word(rs_pattern pattern) {
  return words[pattern];
}

bool rs_pattern_parse(const char *word, rs_pattern *pattern) {
  for (int i = 0; i < RS_PATTERN_COUNT; i++) {
    if (strcmp(words[i], word) != 0) continue;
    *pattern = (rs_pattern)i;
    return true;
  }
  return false;
}

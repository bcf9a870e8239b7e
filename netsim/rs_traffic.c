/* Traffic patterns. A gap is drawn cycle by cycle against a 64-bit threshold: a few draws a packet at
 * loads of interest, and no logarithm that two machines could round differently. */
#include "rs_traffic.h"

#include <string.h>

#include "rs_random.h"

struct rs_traffic {
  rs_traffic_config config;
  uint32_t chip_count;
  uint64_t threshold;    /* a cycle makes a packet when a draw is below */
  rs_random *random;     /* [chip] */
  uint32_t *permutation; /* [chip]; NULL for other patterns */
};

/* Probability of a packet in a cycle and chip, times 2^64:
 * load · links · pairs / (Σ distances · chips) vectors a slot, of num/den cycles. */
static rs_status find_threshold(const rs_wiring *wiring, const rs_timing *timing,
                                const rs_traffic_config *config, uint64_t *threshold,
                                rs_diag *diag) {
  rs_uint128 n = wiring->chip_count;
  rs_uint128 over = (rs_uint128)(uint64_t)config->load_ppm * wiring->link_count * (n - 1);
  rs_uint128 under = (rs_uint128)config->distance_sum * 1000000;
  /* cap at 2^32 parts first, so that the products stay inside 128 bits */
  rs_uint128 slot_share = (over << 32) / under; /* vectors a slot, in 2^−32 */
  rs_uint128 share = slot_share * (uint64_t)timing->slot_den / (uint64_t)timing->slot_num;
  if (share >= (rs_uint128)1 << 32) {
    rs_diag_set(diag, RS_E_INPUT, "a load of %lld ppm is more than a vector a cycle and chip",
                (long long)config->load_ppm);
    rs_diag_expect(diag, "a smaller load");
    return RS_E_INPUT;
  }
  *threshold = (uint64_t)(share << 32);
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

rs_status rs_traffic_create(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                            const rs_traffic_config *config, rs_traffic **traffic, rs_diag *diag) {
  rs_traffic *t = RS_ARENA_NEW(arena, rs_traffic, 1);
  if (t == NULL) return rs_arena_failed(arena, diag);
  uint32_t n = wiring->chip_count;
  if (n < 2 || config->distance_sum == 0) {
    return rs_diag_set(diag, RS_E_INPUT, "traffic needs two chips or more that are connected");
  }
  if (config->pattern == RS_PATTERN_GROUP && (config->group_size == 0 || config->group_size >= n)) {
    return rs_diag_set(diag, RS_E_INPUT, "pattern 'group' needs two groups or more");
  }
  t->config = *config;
  t->chip_count = n;
  rs_status status = find_threshold(wiring, timing, config, &t->threshold, diag);
  if (status != RS_OK) return status;
  t->random = RS_ARENA_NEW(arena, rs_random, n);
  if (t->random == NULL) return rs_arena_failed(arena, diag);
  for (uint32_t i = 0; i < n; i++) rs_random_init(&t->random[i], config->seed, i);
  if (config->pattern == RS_PATTERN_PERMUTATION && !draw_permutation(arena, t)) {
    return rs_arena_failed(arena, diag);
  }
  *traffic = t;
  return RS_OK;
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
    case RS_PATTERN_UNIFORM:
    case RS_PATTERN_COUNT:
      break;
  }
  return uniform(t, chip);
}

bool rs_traffic_draw(void *traffic, uint32_t chip, int64_t *time_cycles, uint32_t *to) {
  rs_traffic *t = traffic;
  do {
    if (++*time_cycles >= t->config.end_cycles) return false;
  } while (rs_random_u64(&t->random[chip]) >= t->threshold);
  *to = destination(t, chip);
  return true;
}

double rs_traffic_capacity(const rs_wiring *wiring, uint64_t distance_sum) {
  double n = wiring->chip_count;
  return (double)wiring->link_count * (n - 1) / (double)distance_sum;
}

static const char *const words[RS_PATTERN_COUNT] = {"uniform", "permutation", "tornado", "group",
                                                    "hotspot"};

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

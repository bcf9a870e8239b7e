/*
 * Canonical order. Bursts: a radix sort of (link, start) keys from the low digit up, eleven bits a
 * pass, passes over digits that are the same everywhere left out; then the few bursts that agree in
 * both are sorted by comparing. Both orders are total over all that a burst holds, so neither the
 * order of adding nor the library's qsort shows in the result.
 *
 * Sorting cannot fail: where there is no memory for keys, qsort does it all.
 */
#include <stdlib.h>
#include <string.h>

#include "rs_schedule.h"

/* ---- bursts ---- */

static int order_i64(int64_t a, int64_t b) {
  return (a > b) - (a < b);
}

static int compare_bursts(const rs_burst *a, const rs_burst *b) {
  int order = order_i64(a->start_cycles, b->start_cycles);
  if (order == 0) order = order_i64(a->link, b->link);
  if (order == 0) order = order_i64(a->op, b->op);
  if (order == 0) order = order_i64(a->source, b->source);
  if (order == 0) order = order_i64(a->source_offset, b->source_offset);
  if (order == 0) order = order_i64(a->target, b->target);
  if (order == 0) order = order_i64(a->target_offset, b->target_offset);
  if (order == 0) order = order_i64(a->count, b->count);
  if (order == 0) order = order_i64(a->stride, b->stride);
  if (order == 0) order = order_i64(a->action, b->action);
  return order;
}

static int compare_burst_pointers(const void *a, const void *b) {
  return compare_bursts(a, b);
}

typedef struct key {
  uint64_t start; /* with the sign bit turned, so that it sorts as unsigned */
  uint32_t link;
  uint32_t index;
} key;

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)

static inline uint32_t digit_of(const key *k, bool of_start, int shift) {
  uint64_t value = of_start ? k->start : k->link;
  return (uint32_t)(value >> shift) & (DIGITS - 1);
}

/* One pass; false when all keys have the same digit and nothing was moved. */
static bool sort_digit(const key *from, key *to, uint64_t count, bool of_start, int shift) {
  uint64_t first[DIGITS] = {0};
  for (uint64_t i = 0; i < count; i++) first[digit_of(&from[i], of_start, shift)]++;
  if (first[digit_of(&from[0], of_start, shift)] == count) return false;
  uint64_t sum = 0;
  for (int d = 0; d < DIGITS; d++) {
    uint64_t here = first[d];
    first[d] = sum;
    sum += here;
  }
  for (uint64_t i = 0; i < count; i++) to[first[digit_of(&from[i], of_start, shift)]++] = from[i];
  return true;
}

/* Sorts by link and then, stably, by start. Returns whichever of the two arrays holds the result. */
static key *sort_keys(key *keys, key *scratch, uint64_t count) {
  for (int pass = 0; pass < 2; pass++) {
    bool of_start = pass == 1;
    for (int shift = 0; shift < (of_start ? 64 : 32); shift += DIGIT_BITS) {
      if (!sort_digit(keys, scratch, count, of_start, shift)) continue;
      key *swap = keys;
      keys = scratch;
      scratch = swap;
    }
  }
  return keys;
}

/* Runs that agree in start and link. */
static void sort_ties(rs_burst *bursts, uint64_t count) {
  for (uint64_t first = 0; first < count;) {
    uint64_t end = first + 1;
    while (end < count && bursts[end].start_cycles == bursts[first].start_cycles &&
           bursts[end].link == bursts[first].link) {
      end++;
    }
    if (end - first > 1) {
      qsort(bursts + first, end - first, sizeof *bursts, compare_burst_pointers);
    }
    first = end;
  }
}

static bool radix_sort(rs_burst *bursts, uint64_t count) {
  if (count > UINT32_MAX) return false;
  key *keys = malloc(2 * count * sizeof *keys);
  rs_burst *sorted = malloc(count * sizeof *sorted);
  if (keys == NULL || sorted == NULL) {
    free(keys);
    free(sorted);
    return false;
  }
  for (uint64_t i = 0; i < count; i++) {
    uint64_t start = (uint64_t)bursts[i].start_cycles ^ UINT64_C(1) << 63;
    keys[i] = (key){start, bursts[i].link, (uint32_t)i};
  }
  const key *order = sort_keys(keys, keys + count, count);
  for (uint64_t i = 0; i < count; i++) sorted[i] = bursts[order[i].index];
  memcpy(bursts, sorted, count * sizeof *bursts);
  free(keys);
  free(sorted);
  sort_ties(bursts, count);
  return true;
}

/* A compiled schedule is often in order already: looking first costs little. */
static bool bursts_are_sorted(const rs_schedule *s) {
  for (uint64_t i = 1; i < s->burst_count; i++) {
    if (compare_bursts(&s->bursts[i - 1], &s->bursts[i]) > 0) return false;
  }
  return true;
}

/* ---- compute intervals ---- */

/* All but the label, whose order is that of its text. */
static int compare_computes(const void *left, const void *right) {
  const rs_compute *a = left;
  const rs_compute *b = right;
  int order = order_i64(a->start_cycles, b->start_cycles);
  if (order == 0) order = order_i64(a->chip, b->chip);
  if (order == 0) order = order_i64(a->unit, b->unit);
  if (order == 0) order = order_i64(a->cycles, b->cycles);
  if (order == 0) order = order_i64(a->first_cycles, b->first_cycles);
  if (order == 0) order = order_i64(a->reads_op, b->reads_op);
  if (order == 0) order = order_i64(a->writes_op, b->writes_op);
  return order;
}

/* Intervals of a run differ in nothing but their labels. There is never more than one in a schedule
 * that is right, as a unit does one thing at a time; a heap keeps the others from being slow. */
static void sift_label(const rs_schedule *s, rs_compute *run, uint64_t at, uint64_t count) {
  uint32_t label = run[at].label;
  for (uint64_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
    if (child + 1 < count &&
        strcmp(s->labels[run[child + 1].label], s->labels[run[child].label]) > 0) {
      child++;
    }
    if (strcmp(s->labels[run[child].label], s->labels[label]) <= 0) break;
    run[at].label = run[child].label;
    at = child;
  }
  run[at].label = label;
}

static void sort_labels(const rs_schedule *s, rs_compute *run, uint64_t count) {
  for (uint64_t i = count / 2; i-- > 0;) sift_label(s, run, i, count);
  for (uint64_t end = count; end-- > 1;) {
    uint32_t greatest = run[0].label;
    run[0].label = run[end].label;
    run[end].label = greatest;
    sift_label(s, run, 0, end);
  }
}

static void sort_computes(rs_schedule *s) {
  bool sorted = true;
  for (uint64_t i = 1; i < s->compute_count && sorted; i++) {
    sorted = compare_computes(&s->computes[i - 1], &s->computes[i]) <= 0;
  }
  if (!sorted) qsort(s->computes, s->compute_count, sizeof *s->computes, compare_computes);
  for (uint64_t first = 0; first < s->compute_count;) {
    uint64_t end = first + 1;
    while (end < s->compute_count &&
           compare_computes(&s->computes[first], &s->computes[end]) == 0) {
      end++;
    }
    if (end - first > 1) sort_labels(s, s->computes + first, end - first);
    first = end;
  }
}

void rs_schedule_sort(rs_schedule *schedule) {
  if (!bursts_are_sorted(schedule) && !radix_sort(schedule->bursts, schedule->burst_count)) {
    qsort(schedule->bursts, schedule->burst_count, sizeof *schedule->bursts,
          compare_burst_pointers);
  }
  sort_computes(schedule);
}

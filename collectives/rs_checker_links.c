/*
 * No two vectors on one link at once.
 *
 * Bursts are dealt to their links by a counting sort and sorted by start within a link. A sweep keeps
 * the bursts that have not ended when the next one starts; in a schedule of contiguous bursts that is
 * none, and a comparison with the last end is all. Where ranges overlap (strided bursts that
 * interleave) an exact test decides:
 *
 * vectors i of A and j of B overlap iff |(A0 + i·a) − (B0 + j·b)| < s, in ticks, with a = p·s and
 * b = q·s. Dividing by s: |i·p − j·q − D| < 1 with D = (B0 − A0)/s, so the whole number i·p − j·q is
 * ⌊D⌋ or ⌈D⌉. Each is solved over the residues of i modulo q / gcd(p, q).
 */
#include <stdlib.h>

#include "rs__checker.h"

/* Inverse of a modulo m (coprime), by Euclid. */
static int64_t inverse_modulo(int64_t a, int64_t m) {
  int64_t t = 0, next_t = 1;
  int64_t r = m, next_r = a % m;
  while (next_r != 0) {
    int64_t quotient = r / next_r;
    int64_t swap = t - quotient * next_t;
    t = next_t;
    next_t = swap;
    swap = r - quotient * next_r;
    r = next_r;
    next_r = swap;
  }
  return t < 0 ? t + m : t;
}

/* The least i in 0 … A.count − 1 for which some j in 0 … B.count − 1 has i·p − j·q = c; −1: none. */
static int64_t first_meeting(const rs_burst *a, const rs_burst *b, rs_int128 c) {
  int64_t p = a->stride;
  int64_t q = b->stride;
  int64_t g = rs_gcd_i64(p, q);
  if (c % g != 0) return -1;
  int64_t modulus = q / g;
  rs_int128 reduced = c / g % modulus;
  if (reduced < 0) reduced += modulus;
  rs_int128 i = modulus == 1 ? 0 : reduced * inverse_modulo(p / g, modulus) % modulus;
  /* j = (i·p − c)/q ≥ 0 asks i ≥ c/p; raise i by whole moduli */
  if (i * p < c) {
    rs_int128 lacking = c - i * p;
    rs_int128 step = (rs_int128)modulus * p;
    i += (lacking + step - 1) / step * modulus;
  }
  rs_int128 j = (i * p - c) / q;
  return i < a->count && j < b->count ? (int64_t)i : -1;
}

/* −1: they do not meet; else the first cycle at which two vectors share the link. */
static int64_t meeting_cycle(const rs_timing *t, const rs_burst *a, const rs_burst *b) {
  rs_int128 distance = ((rs_int128)b->start_cycles - a->start_cycles) * t->slot_den;
  rs_int128 low = distance / t->slot_num - (distance % t->slot_num < 0 ? 1 : 0);
  int64_t cycle = -1;
  for (rs_int128 c = low; c <= low + (distance % t->slot_num != 0 ? 1 : 0); c++) {
    int64_t i = first_meeting(a, b, c);
    if (i < 0) continue;
    int64_t j = (int64_t)(((rs_int128)i * a->stride - c) / b->stride);
    int64_t at = RS_MAX(rs_burst_departure(t, a, i), rs_burst_departure(t, b, j));
    if (cycle < 0 || at < cycle) cycle = at;
  }
  return cycle;
}

static rs_int128 end_ticks(const rs_timing *t, const rs_burst *b) {
  return rs_burst_ticks(t, b, b->count - 1) + t->slot_num;
}

static rs_status refuse_pair(rs__checker *c, uint64_t a, uint64_t b, int64_t cycle) {
  char name[48], text_a[160], text_b[160];
  uint32_t link = c->schedule->bursts[a].link;
  rs_wiring_link_name(c->wiring, link, name, sizeof name);
  rs_fault fault = {RS_FAULT_LINK, RS_NONE, link, c->schedule->bursts[b].op, cycle, a, b};
  return rs__checker_refuse(c, fault, "link %s is booked twice at cycle %lld: '%s' and '%s'", name,
                            (long long)cycle, rs__checker_burst_text(c, a, text_a, sizeof text_a),
                            rs__checker_burst_text(c, b, text_b, sizeof text_b));
}

/* Bursts order[0 … count − 1] of one link, by start. `active` has room for all of them. */
static rs_status sweep_link(rs__checker *c, const uint32_t *order, uint32_t count,
                            uint32_t *active) {
  const rs_timing *t = &c->schedule->timing;
  uint32_t active_count = 0;
  for (uint32_t k = 0; k < count; k++) {
    const rs_burst *b = &c->schedule->bursts[order[k]];
    rs_int128 start = rs_burst_ticks(t, b, 0);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < active_count; i++) {
      const rs_burst *a = &c->schedule->bursts[active[i]];
      if (end_ticks(t, a) <= start) continue;
      active[kept++] = active[i];
      int64_t cycle = meeting_cycle(t, a, b);
      if (cycle >= 0) return refuse_pair(c, active[i], order[k], cycle);
    }
    active_count = kept;
    active[active_count++] = order[k];
  }
  return RS_OK;
}

/* Order within a link: canonical schedules have it already, so insertion is linear there; what is
 * far out of order goes through qsort on (start, index) keys. */
typedef struct key {
  int64_t start;
  uint32_t index;
} key;

static int compare_keys(const void *left, const void *right) {
  const key *a = left;
  const key *b = right;
  if (a->start != b->start) return a->start < b->start ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

static bool sort_link(const rs__checker *c, uint32_t *order, uint32_t count) {
  uint32_t k = 1;
  const rs_burst *bursts = c->schedule->bursts;
  while (k < count && bursts[order[k - 1]].start_cycles <= bursts[order[k]].start_cycles) k++;
  if (k >= count) return true;
  key *keys = malloc(count * sizeof *keys);
  if (keys == NULL) return false;
  for (uint32_t i = 0; i < count; i++) keys[i] = (key){bursts[order[i]].start_cycles, order[i]};
  qsort(keys, count, sizeof *keys, compare_keys);
  for (uint32_t i = 0; i < count; i++) order[i] = keys[i].index;
  free(keys);
  return true;
}

rs_status rs__checker_links(rs__checker *c) {
  const rs_schedule *s = c->schedule;
  uint32_t links = c->wiring->link_count;
  uint32_t *first = RS_ARENA_NEW(c->arena, uint32_t, (size_t)links + 1);
  uint32_t *order = RS_ARENA_NEW(c->arena, uint32_t, s->burst_count);
  uint32_t *active = RS_ARENA_NEW(c->arena, uint32_t, s->burst_count);
  if (first == NULL || order == NULL || active == NULL) return rs_arena_failed(c->arena, c->diag);
  for (uint64_t i = 0; i < s->burst_count; i++) first[s->bursts[i].link + 1]++;
  for (uint32_t l = 0; l < links; l++) first[l + 1] += first[l];
  for (uint64_t i = 0; i < s->burst_count; i++) order[first[s->bursts[i].link]++] = (uint32_t)i;
  uint32_t start = 0;
  for (uint32_t l = 0; l < links; l++) { /* first[l] is now the end of link l */
    uint32_t count = first[l] - start;
    if (count > 0) c->report->links_used++;
    if (!sort_link(c, order + start, count)) return rs_arena_failed(c->arena, c->diag);
    rs_status status = sweep_link(c, order + start, count, active);
    if (status != RS_OK) return status;
    start = first[l];
  }
  return RS_OK;
}

/*
 * No two vectors on one link at once.
 *
 * Bursts are dealt to their links by a counting sort, as (start, end) pairs: the sweep then runs
 * through memory in order. Within a link they are sorted by start (those of a canonical schedule are
 * already). The sweep keeps the bursts that have not ended when the next one starts; in a schedule of
 * contiguous bursts that is none, and a comparison with the last end is all. Bursts of one transmission
 * are all kept, so that every pair of them is looked at. A burst ends at a
 * fraction of a cycle, starts are whole, so ⌈end⌉ ≤ start says the same exactly. Where ranges
 * overlap (strided bursts that interleave) a test decides:
 *
 * vectors i of A and j of B overlap iff |(A0 + i·a) − (B0 + j·b)| < s, in ticks, with a = p·s and
 * b = q·s. Dividing by s: |i·p − j·q − D| < 1 with D = (B0 − A0)/s, so the whole number i·p − j·q is
 * ⌊D⌋ or ⌈D⌉. Each is solved over the residues of i modulo q / gcd(p, q).
 */
#include <stdlib.h>
#include <string.h>

#include "rs__checker.h"

#define INSERTED_MAX 32 /* more are not sorted by insertion */

typedef struct booking {
  int64_t start, end; /* cycles */
  uint32_t burst;
} booking;

/* ---- the stride test ---- */

/* Inverse of a modulo m (coprime), by Euclid. */
static int64_t invert(int64_t a, int64_t m) {
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

/* The least i in 0 … A.count − 1 for which some j in 0 … B.count − 1 has i·p − j·q = d; −1: none. */
static int64_t first_meeting(const rs_burst *a, const rs_burst *b, rs_int128 d) {
  int64_t p = a->stride;
  int64_t q = b->stride;
  int64_t g = rs_gcd_i64(p, q);
  if (d % g != 0) return -1;
  int64_t modulus = q / g;
  rs_int128 residue = d / g % modulus;
  if (residue < 0) residue += modulus;
  rs_int128 i = modulus == 1 ? 0 : residue * invert(p / g, modulus) % modulus;
  if (i * p < d) { /* j = (i·p − d)/q ≥ 0 asks i ≥ d/p: raise i by whole moduli */
    rs_int128 step = (rs_int128)modulus * p;
    i += (d - i * p + step - 1) / step * modulus;
  }
  rs_int128 j = (i * p - d) / q;
  return i < a->count && j < b->count ? (int64_t)i : -1;
}

int64_t rs__links_meeting(const rs__checker *c, const rs_burst *a, const rs_burst *b) {
  const rs_timing *t = &c->schedule->timing;
  rs_int128 distance = ((rs_int128)b->start_cycles - a->start_cycles) * t->slot_den;
  rs_int128 rest = distance % t->slot_num;
  rs_int128 low = distance / t->slot_num - (rest < 0 ? 1 : 0);
  rs__line line_a = {a->start_cycles, 0, a->stride, 0};
  rs__line line_b = {b->start_cycles, 0, b->stride, 0};
  int64_t cycle = -1;
  for (rs_int128 d = low; d <= low + (rest != 0 ? 1 : 0); d++) {
    int64_t i = first_meeting(a, b, d);
    if (i < 0) continue;
    int64_t j = (int64_t)(((rs_int128)i * a->stride - d) / b->stride);
    int64_t at = RS_MAX(rs__line_cycles(c, &line_a, i), rs__line_cycles(c, &line_b, j));
    if (cycle < 0 || at < cycle) cycle = at;
  }
  return cycle;
}

/* ---- the sweep ---- */

static rs_status refuse_pair(rs__checker *c, uint32_t a, uint32_t b, int64_t cycle) {
  char name[48], text_a[160], text_b[160];
  const rs_burst *bursts = c->schedule->bursts;
  rs_wiring_link_name(c->wiring, bursts[a].link, name, sizeof name);
  rs_fault fault = {RS_FAULT_LINK, RS_NONE, bursts[a].link, bursts[b].op, cycle, a, b};
  return rs__checker_refuse(c, fault, "link %s is booked twice at cycle %lld: '%s' and '%s'", name,
                            (long long)cycle, rs__checker_burst_text(c, a, text_a, sizeof text_a),
                            rs__checker_burst_text(c, b, text_b, sizeof text_b));
}

/* One transmission; notes whether both add, which keeps the vector unit busier than the link. */
static bool is_shared(rs__checker *c, uint32_t before, uint32_t burst) {
  const rs_burst *a = &c->schedule->bursts[before];
  const rs_burst *b = &c->schedule->bursts[burst];
  if (!rs_burst_shares(a, b)) return false;
  c->has_shared_adds |= a->action == RS_ACTION_ADD && b->action == RS_ACTION_ADD;
  return true;
}

/* Bookings of one link by start; those that may still be in use are moved to the front. */
static rs_status sweep_link(rs__checker *c, booking *bookings, uint32_t count) {
  uint32_t active_count = 0;
  int64_t latest_end = INT64_MIN;
  for (uint32_t k = 0; k < count; k++) {
    const booking b = bookings[k];
    if (latest_end <= b.start) active_count = 0; /* the usual case */
    uint32_t kept = 0;
    bool rides = false;
    for (uint32_t i = 0; i < active_count; i++) {
      if (bookings[i].end <= b.start) continue;
      const rs_burst *bursts = c->schedule->bursts;
      uint32_t other = bookings[i].burst;
      if (bookings[i].start == b.start && is_shared(c, other, b.burst)) {
        bookings[kept++] = bookings[i];
        rides = true;
        continue;
      }
      int64_t cycle = rs__links_meeting(c, &bursts[other], &bursts[b.burst]);
      if (cycle >= 0) return refuse_pair(c, other, b.burst, cycle);
      bookings[kept++] = bookings[i];
    }
    bookings[kept] = b;
    active_count = kept + 1;
    latest_end = RS_MAX(latest_end, b.end);
    if (!rides) c->report->vectors += (uint64_t)c->schedule->bursts[b.burst].count;
  }
  return RS_OK;
}

static int compare_bookings(const void *left, const void *right) {
  const booking *a = left;
  const booking *b = right;
  if (a->start != b->start) return a->start < b->start ? -1 : 1;
  return (a->burst > b->burst) - (a->burst < b->burst);
}

/* Most links have a handful. Dealt by index, so a stable sort by start is all. */
static void sort_link(booking *bookings, uint32_t count) {
  uint32_t k = 1;
  while (k < count && bookings[k - 1].start <= bookings[k].start) k++;
  if (k < count && count > INSERTED_MAX) {
    qsort(bookings, count, sizeof *bookings, compare_bookings);
    return;
  }
  for (; k < count; k++) {
    const booking b = bookings[k];
    uint32_t at = k;
    for (; at > 0 && bookings[at - 1].start > b.start; at--) bookings[at] = bookings[at - 1];
    bookings[at] = b;
  }
}

/* Deals the bursts; first[l] becomes the end of link l. */
static void deal(const rs__checker *c, booking *bookings, uint32_t *first) {
  const rs_schedule *s = c->schedule;
  for (uint64_t i = 0; i < s->burst_count; i++) first[s->bursts[i].link + 1]++;
  for (uint32_t l = 0; l < s->link_count; l++) first[l + 1] += first[l];
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    rs_int128 slots = (rs_int128)(b->count - 1) * b->stride + 1;
    int64_t end = b->start_cycles + rs__slots_cycles(c, slots);
    bookings[first[b->link]++] = (booking){b->start_cycles, end, (uint32_t)i};
  }
}

rs_status rs__checker_links(rs__checker *c) {
  const rs_schedule *s = c->schedule;
  uint32_t *first = calloc((size_t)s->link_count + 1, sizeof *first);
  booking *bookings = malloc((s->burst_count + 1) * sizeof *bookings);
  rs_status status = RS_OK;
  if (first == NULL || bookings == NULL) {
    status = rs_arena_failed(c->arena, c->diag);
  } else {
    deal(c, bookings, first);
  }
  uint32_t start = 0;
  for (uint32_t l = 0; l < s->link_count && status == RS_OK; l++) {
    uint32_t count = first[l] - start;
    if (count > 0) c->report->links_used++;
    sort_link(bookings + start, count);
    status = sweep_link(c, bookings + start, count);
    start = first[l];
  }
  free(first);
  free(bookings);
  return status;
}

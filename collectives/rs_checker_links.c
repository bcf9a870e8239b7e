/*
 * No two vectors on one link at once.
 *
 * In a canonical schedule most bursts start when the one before on their link has ended: one look at each
 * says so. Links of which it does not are looked at once more, in order of starts: their bursts are dealt to
 * parts that fit the cache, by link, and sorted there. What is still in doubt (strided bursts that
 * interleave, transmissions that write several places, conflicts) is swept.
 *
 * SWEEP. Bursts are dealt to their links by a counting sort, as (start, end) pairs: the sweep then runs
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

/* ---- one look at the end of the burst before ---- */

/* What is known of a link when bursts up to one have been looked at. */
typedef struct link_use {
  int64_t end;     /* of the last burst; 0: there is none; IN_DOUBT */
  int64_t settled; /* latest vector, without latency and receive_cycles */
} link_use;

#define IN_DOUBT INT64_MAX
#define BURSTS_AHEAD 16

/* Cycles from a burst's start to its last vector's departure, and to its end. */
typedef struct burst_shape {
  int64_t count, last, end;
  uint32_t stride;
} burst_shape;

/* Neighbours are often alike, and a division is not free. */
static void measure(const rs__checker *c, const rs_burst *b, burst_shape *shape) {
  if (b->count == shape->count && b->stride == shape->stride) return;
  rs_int128 slots = (rs_int128)(b->count - 1) * b->stride;
  shape->count = b->count;
  shape->stride = b->stride;
  shape->last = rs__slots_cycles(c, slots);
  shape->end = rs__slots_cycles(c, slots + 1);
}

/* What of all bursts a second look needs. */
typedef struct totals {
  int64_t earliest, latest; /* starts */
  int64_t longest;          /* cycles from start to end */
} totals;

static totals look_at_all(rs__checker *c, link_use *links) {
  const rs_schedule *s = c->schedule;
  burst_shape shape = {0};
  totals t = {INT64_MAX, 0, 0};
  uint64_t vectors = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (i + BURSTS_AHEAD < s->burst_count) __builtin_prefetch(&links[b[BURSTS_AHEAD].link], 1);
    link_use *use = &links[b->link];
    measure(c, b, &shape);
    int64_t settled = b->start_cycles + shape.last;
    if (b->action == RS_ACTION_ADD) settled += s->timing.add_cycles;
    use->settled = RS_MAX(use->settled, settled);
    use->end = b->start_cycles >= use->end ? b->start_cycles + shape.end : IN_DOUBT;
    vectors += (uint64_t)b->count;
    t.earliest = RS_MIN(t.earliest, b->start_cycles);
    t.latest = RS_MAX(t.latest, b->start_cycles);
    t.longest = RS_MAX(t.longest, shape.end);
  }
  c->report->vectors += vectors;
  return t;
}

/* Links that are used, and the makespan as far as bursts decide it. */
static void sum_up(rs__checker *c, const link_use *uses) {
  const rs_schedule *s = c->schedule;
  for (uint32_t l = 0; l < s->link_count; l++) {
    const link_use *use = &uses[l];
    if (use->end == 0) continue;
    int64_t settled = use->settled + rs_timing_latency(&s->timing, &c->wiring->links[l]) +
                      s->timing.receive_cycles;
    c->report->makespan_cycles = RS_MAX(c->report->makespan_cycles, settled);
    c->report->links_used++;
  }
}

/* ---- a second look, in order of starts ---- */

enum { DIGIT_BITS = 9, PARTS_MAX = 256, PART_USES = 4096 };

/* Bursts of links in doubt, each as one number: start, link, cycles, from the top down; by their link's
 * upper bits, which the number leaves out. */
typedef struct parts {
  uint64_t *uses;
  uint64_t *scratch;
  uint64_t first[PARTS_MAX + 1], end[PARTS_MAX];
  int64_t earliest;
  int link_bits, cycle_bits, start_bits;
} parts;

static int bits_of(uint64_t value) {
  int bits = 0;
  while (bits < 64 && value >> bits != 0) bits++;
  return bits;
}

/* Of which part bursts are, whether in doubt or not. Returns the most that one has. */
static uint64_t count_uses(const rs__checker *c, const totals *t, parts *p) {
  const rs_schedule *s = c->schedule;
  uint64_t wanted = RS_MIN(s->burst_count / PART_USES + 1, PARTS_MAX), most = 0;
  while (s->link_count >> p->link_bits >= wanted) p->link_bits++;
  p->earliest = t->earliest;
  p->cycle_bits = bits_of((uint64_t)t->longest);
  p->start_bits = bits_of((uint64_t)(t->latest - t->earliest));
  for (uint64_t i = 0; i < s->burst_count; i++) p->first[(s->bursts[i].link >> p->link_bits) + 1]++;
  for (int k = 0; k < PARTS_MAX; k++) {
    most = RS_MAX(most, p->first[k + 1]);
    p->first[k + 1] += p->first[k];
  }
  return most;
}

static void deal_uses(const rs__checker *c, const link_use *links, parts *p) {
  const rs_schedule *s = c->schedule;
  const uint32_t mask = (UINT32_C(1) << p->link_bits) - 1;
  burst_shape shape = {0};
  memcpy(p->end, p->first, sizeof p->end);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (links[b->link].end != IN_DOUBT) continue;
    measure(c, b, &shape);
    uint64_t value = (uint64_t)(b->start_cycles - p->earliest) << p->link_bits | (b->link & mask);
    p->uses[p->end[b->link >> p->link_bits]++] = value << p->cycle_bits | (uint64_t)shape.end;
  }
}

/* One digit of a radix sort, stable. */
static void sort_digit(const uint64_t *from, uint64_t *to, uint64_t count, int shift) {
  uint64_t first[1 << DIGIT_BITS] = {0}, place = 0;
  const uint64_t mask = (1 << DIGIT_BITS) - 1;
  for (uint64_t i = 0; i < count; i++) first[from[i] >> shift & mask]++;
  for (size_t digit = 0; digit < RS_COUNT_OF(first); digit++) {
    uint64_t size = first[digit];
    first[digit] = place;
    place += size;
  }
  for (uint64_t i = 0; i < count; i++) to[first[from[i] >> shift & mask]++] = from[i];
}

/* What is known of the part's links in doubt becomes what is known when they are in order. */
static void look_again(parts *p, int part, link_use *links) {
  uint64_t count = p->end[part] - p->first[part];
  if (count == 0) return;
  uint64_t *uses = p->uses + p->first[part], *other = p->scratch;
  const uint64_t link_mask = (UINT64_C(1) << p->link_bits) - 1;
  const uint64_t cycle_mask = (UINT64_C(1) << p->cycle_bits) - 1;
  links += (size_t)part << p->link_bits;
  for (uint64_t i = 0; i < count; i++) links[uses[i] >> p->cycle_bits & link_mask].end = 0;
  for (int bit = 0; bit < p->start_bits; bit += DIGIT_BITS) {
    sort_digit(uses, other, count, p->cycle_bits + p->link_bits + bit);
    uint64_t *sorted = other;
    other = uses;
    uses = sorted;
  }
  for (uint64_t i = 0; i < count; i++) {
    link_use *l = &links[uses[i] >> p->cycle_bits & link_mask];
    int64_t start = p->earliest + (int64_t)(uses[i] >> p->cycle_bits >> p->link_bits);
    l->end = start >= l->end ? start + (int64_t)(uses[i] & cycle_mask) : IN_DOUBT;
  }
}

/* Times that do not fit one number stay in doubt. False: no memory. */
static bool look_at_doubtful(const rs__checker *c, const totals *t, link_use *links) {
  parts p = {0};
  uint64_t most = count_uses(c, t, &p);
  if (p.start_bits + p.link_bits + p.cycle_bits >= 64) return true;
  p.uses = malloc((c->schedule->burst_count + most + 1) * sizeof *p.uses);
  if (p.uses == NULL) return false;
  p.scratch = p.uses + c->schedule->burst_count;
  deal_uses(c, links, &p);
  for (int part = 0; part < PARTS_MAX; part++) look_again(&p, part, links);
  free(p.uses);
  return true;
}

/* ---- the sweep of what is still in doubt ---- */

/* first[l + 1] becomes the end of link l. Vectors are left to the sweep. */
static void count_bookings(rs__checker *c, const link_use *links, uint64_t *first) {
  const rs_schedule *s = c->schedule;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (links[b->link].end != IN_DOUBT) continue;
    first[b->link + 1]++;
    c->report->vectors -= (uint64_t)b->count;
  }
  for (uint32_t l = 0; l < s->link_count; l++) first[l + 1] += first[l];
}

/* first[l] becomes the end of link l. */
static void deal(const rs__checker *c, const link_use *links, booking *bookings, uint64_t *first) {
  const rs_schedule *s = c->schedule;
  burst_shape shape = {0};
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (links[b->link].end != IN_DOUBT) continue;
    measure(c, b, &shape);
    int64_t end = b->start_cycles + shape.end;
    bookings[first[b->link]++] = (booking){b->start_cycles, end, (uint32_t)i};
  }
}

static rs_status sweep_links(rs__checker *c, const link_use *links) {
  uint32_t link_count = c->schedule->link_count;
  uint64_t *first = calloc((size_t)link_count + 1, sizeof *first);
  if (first == NULL) return rs_arena_failed(c->arena, c->diag);
  count_bookings(c, links, first);
  booking *bookings = malloc((first[link_count] + 1) * sizeof *bookings);
  rs_status status = RS_OK;
  if (bookings == NULL) {
    status = rs_arena_failed(c->arena, c->diag);
  } else {
    deal(c, links, bookings, first);
  }
  uint64_t start = 0;
  for (uint32_t l = 0; l < link_count && status == RS_OK; l++) {
    uint32_t count = (uint32_t)(first[l] - start);
    sort_link(bookings + start, count);
    status = sweep_link(c, bookings + start, count);
    start = first[l];
  }
  free(first);
  free(bookings);
  return status;
}

/* ---- the whole ---- */

static bool any_in_doubt(const rs__checker *c, const link_use *links) {
  for (uint32_t l = 0; l < c->schedule->link_count; l++) {
    if (links[l].end == IN_DOUBT) return true;
  }
  return false;
}

static rs_status look_at_links(rs__checker *c, link_use *links) {
  totals t = look_at_all(c, links);
  sum_up(c, links);
  if (!any_in_doubt(c, links)) return RS_OK;
  if (!look_at_doubtful(c, &t, links)) return rs_arena_failed(c->arena, c->diag);
  return any_in_doubt(c, links) ? sweep_links(c, links) : RS_OK;
}

rs_status rs__checker_links(rs__checker *c) {
  link_use *links = calloc((size_t)c->schedule->link_count + 1, sizeof *links);
  if (links == NULL) return rs_arena_failed(c->arena, c->diag);
  rs_status status = look_at_links(c, links);
  free(links);
  return status;
}

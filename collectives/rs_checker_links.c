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

enum { BURSTS_AHEAD = 16, DIGIT_BITS = 9, PARTS_MAX = 256, PART_USES = 4096, CLASS_BITS = 2 };

/* What is known of a link when bursts up to one have been looked at: the end of the last one, with the
 * cable class in the lowest bits, so that one number answers. Ends are below 2^61. */
typedef int64_t link_end;

#define IN_DOUBT (INT64_MAX >> CLASS_BITS)
#define CLASS_MASK ((1 << CLASS_BITS) - 1)

/* Cycles from a burst's start to its last vector's departure, and to its end. */
typedef struct burst_shape {
  int64_t count, last, end;
  uint32_t stride;
} burst_shape;

/* What a look at all bursts finds; links are put together in parts, by their numbers' upper bits. */
typedef struct first_look {
  link_end *ends;                        /* [link] 0 but for the class: not used */
  int64_t earliest, latest;              /* starts */
  int64_t longest;                       /* cycles from start to end */
  int64_t settled[RS_CABLE_CLASS_COUNT]; /* latest vector, without latency and receive_cycles */
  uint64_t first[PARTS_MAX + 1];         /* [part] bursts in those before */
  bool is_doubtful[PARTS_MAX];           /* some link is */
  int part_bits;                         /* link → part */
} first_look;

/* Neighbours are often alike, and a division is not free. */
static void measure(const rs__checker *c, const rs_burst *b, burst_shape *shape) {
  if (b->count == shape->count && b->stride == shape->stride) return;
  rs_int128 slots = (rs_int128)(b->count - 1) * b->stride;
  shape->count = b->count;
  shape->stride = b->stride;
  shape->last = rs__slots_cycles(c, slots);
  shape->end = rs__slots_cycles(c, slots + 1);
}

static inline link_end end_after(link_end end, int64_t start, int64_t cycles) {
  int64_t next = start >= end >> CLASS_BITS ? start + cycles : IN_DOUBT;
  return next << CLASS_BITS | (end & CLASS_MASK);
}

static void look_at_all(rs__checker *c, first_look *look) {
  const rs_schedule *s = c->schedule;
  burst_shape shape = {0};
  uint64_t vectors = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (i + BURSTS_AHEAD < s->burst_count) {
      __builtin_prefetch(&look->ends[b[BURSTS_AHEAD].link], 1);
    }
    measure(c, b, &shape);
    link_end *end = &look->ends[b->link];
    int64_t settled = b->start_cycles + shape.last;
    if (b->action == RS_ACTION_ADD) settled += s->timing.add_cycles;
    int64_t *latest = &look->settled[*end & CLASS_MASK];
    *latest = RS_MAX(*latest, settled);
    *end = end_after(*end, b->start_cycles, shape.end);
    look->first[(b->link >> look->part_bits) + 1]++;
    look->earliest = RS_MIN(look->earliest, b->start_cycles);
    look->latest = RS_MAX(look->latest, b->start_cycles);
    look->longest = RS_MAX(look->longest, shape.end);
    vectors += (uint64_t)b->count;
  }
  c->report->vectors += vectors;
}

/* Links that are used, which are in doubt, and the makespan as far as bursts decide it. */
static void sum_up(rs__checker *c, first_look *look) {
  const rs_timing *t = &c->schedule->timing;
  for (uint32_t l = 0; l < c->schedule->link_count; l++) {
    int64_t end = look->ends[l] >> CLASS_BITS;
    c->report->links_used += end != 0;
    if (end == IN_DOUBT) look->is_doubtful[l >> look->part_bits] = true;
  }
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    if (look->settled[k] < 0) continue;
    int64_t settled = look->settled[k] + t->latency_cycles[k] + t->receive_cycles;
    c->report->makespan_cycles = RS_MAX(c->report->makespan_cycles, settled);
  }
  for (int k = 0; k < PARTS_MAX; k++) look->first[k + 1] += look->first[k];
}

/* ---- a second look, in order of starts ---- */

/* Bursts of doubtful parts, each as one number: start, link, cycles, from the top down; without the
 * link's upper bits, which are the part's. */
typedef struct second_look {
  const first_look *first;
  uint64_t *uses; /* by part */
  uint64_t *scratch;
  uint64_t end[PARTS_MAX]; /* [part] of its uses */
  int link_bits, cycle_bits, start_bits;
} second_look;

static int bits_of(uint64_t value) {
  int bits = 0;
  while (bits < 64 && value >> bits != 0) bits++;
  return bits;
}

static void deal_uses(const rs__checker *c, second_look *look) {
  const rs_schedule *s = c->schedule;
  const uint32_t mask = (UINT32_C(1) << look->link_bits) - 1;
  burst_shape shape = {0};
  memcpy(look->end, look->first->first, sizeof look->end);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    uint32_t part = b->link >> look->link_bits;
    if (!look->first->is_doubtful[part]) continue;
    measure(c, b, &shape);
    uint64_t use = (uint64_t)(b->start_cycles - look->first->earliest);
    use = use << look->link_bits | (b->link & mask);
    look->uses[look->end[part]++] = use << look->cycle_bits | (uint64_t)shape.end;
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

/* What is known of a part's links becomes what is known when bursts are in order. */
static void look_again(const second_look *look, int part) {
  uint64_t count = look->end[part] - look->first->first[part];
  uint64_t *uses = look->uses + look->first->first[part], *other = look->scratch;
  const uint64_t link_mask = (UINT64_C(1) << look->link_bits) - 1;
  const uint64_t cycle_mask = (UINT64_C(1) << look->cycle_bits) - 1;
  link_end *ends = look->first->ends + ((size_t)part << look->link_bits);
  for (uint64_t i = 0; i < count; i++) ends[uses[i] >> look->cycle_bits & link_mask] &= CLASS_MASK;
  for (int bit = 0; bit < look->start_bits; bit += DIGIT_BITS) {
    sort_digit(uses, other, count, look->cycle_bits + look->link_bits + bit);
    uint64_t *sorted = other;
    other = uses;
    uses = sorted;
  }
  for (uint64_t i = 0; i < count; i++) {
    link_end *end = &ends[uses[i] >> look->cycle_bits & link_mask];
    int64_t start = (int64_t)(uses[i] >> look->cycle_bits >> look->link_bits);
    *end = end_after(*end, look->first->earliest + start, (int64_t)(uses[i] & cycle_mask));
  }
}

/* Times that do not fit one number stay in doubt. False: no memory. */
static bool look_at_doubtful(const rs__checker *c, const first_look *first) {
  second_look look = {.first = first, .link_bits = first->part_bits};
  uint64_t bursts = c->schedule->burst_count, most = 0;
  look.cycle_bits = bits_of((uint64_t)first->longest);
  look.start_bits = bits_of((uint64_t)(first->latest - first->earliest));
  if (look.start_bits + look.link_bits + look.cycle_bits >= 64) return true;
  for (int k = 0; k < PARTS_MAX; k++) most = RS_MAX(most, first->first[k + 1] - first->first[k]);
  look.uses = malloc((bursts + most + 1) * sizeof *look.uses);
  if (look.uses == NULL) return false;
  look.scratch = look.uses + bursts;
  deal_uses(c, &look);
  for (int part = 0; part < PARTS_MAX; part++) {
    if (first->is_doubtful[part]) look_again(&look, part);
  }
  free(look.uses);
  return true;
}

/* ---- the sweep of what is still in doubt ---- */

/* first[l + 1] becomes the end of link l. Vectors are left to the sweep. */
static void count_bookings(rs__checker *c, const link_end *ends, uint64_t *first) {
  const rs_schedule *s = c->schedule;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (ends[b->link] >> CLASS_BITS != IN_DOUBT) continue;
    first[b->link + 1]++;
    c->report->vectors -= (uint64_t)b->count;
  }
  for (uint32_t l = 0; l < s->link_count; l++) first[l + 1] += first[l];
}

/* first[l] becomes the end of link l. */
static void deal(const rs__checker *c, const link_end *ends, booking *bookings, uint64_t *first) {
  const rs_schedule *s = c->schedule;
  burst_shape shape = {0};
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (ends[b->link] >> CLASS_BITS != IN_DOUBT) continue;
    measure(c, b, &shape);
    int64_t end = b->start_cycles + shape.end;
    bookings[first[b->link]++] = (booking){b->start_cycles, end, (uint32_t)i};
  }
}

static rs_status sweep_links(rs__checker *c, const link_end *ends) {
  uint32_t link_count = c->schedule->link_count;
  uint64_t *first = calloc((size_t)link_count + 1, sizeof *first);
  if (first == NULL) return rs_arena_failed(c->arena, c->diag);
  count_bookings(c, ends, first);
  booking *bookings = malloc((first[link_count] + 1) * sizeof *bookings);
  rs_status status = RS_OK;
  if (bookings == NULL) {
    status = rs_arena_failed(c->arena, c->diag);
  } else {
    deal(c, ends, bookings, first);
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

static bool any_in_doubt(const rs__checker *c, const link_end *ends) {
  for (uint32_t l = 0; l < c->schedule->link_count; l++) {
    if (ends[l] >> CLASS_BITS == IN_DOUBT) return true;
  }
  return false;
}

static void begin_look(const rs__checker *c, first_look *look) {
  const rs_schedule *s = c->schedule;
  uint64_t parts = RS_MIN(s->burst_count / PART_USES + 1, PARTS_MAX);
  while (s->link_count >> look->part_bits >= parts) look->part_bits++;
  for (uint32_t l = 0; l < s->link_count; l++) look->ends[l] = c->wiring->links[l].cable_class;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) look->settled[k] = -1;
  look->earliest = INT64_MAX;
}

rs_status rs__checker_links(rs__checker *c) {
  first_look look = {.ends = malloc(((size_t)c->schedule->link_count + 1) * sizeof *look.ends)};
  if (look.ends == NULL) return rs_arena_failed(c->arena, c->diag);
  rs_status status = RS_OK;
  begin_look(c, &look);
  look_at_all(c, &look);
  sum_up(c, &look);
  if (any_in_doubt(c, look.ends)) {
    status = look_at_doubtful(c, &look) ? RS_OK : rs_arena_failed(c->arena, c->diag);
    if (status == RS_OK && any_in_doubt(c, look.ends)) status = sweep_links(c, look.ends);
  }
  free(look.ends);
  return status;
}

/*
 * Links and vector units of the one-pass proof.
 *
 * A link keeps the bursts that have not left it when the next one enters; contiguous ones leave at
 * most the last. A burst ends at a fraction of a cycle and starts are whole, so its end rounded up
 * says the same. Where ranges overlap, vectors are at k · stride slots from each start: a vector of
 * the later burst meets one of the earlier when the nearest before or behind it is less than a slot
 * away.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__stream.h"

#define UNEQUAL_VECTORS_MAX (INT64_C(1) << 20)
#define RIVALS_MAX 128 /* adds that may come in the cycles around one */

static uint32_t *new_lists(size_t count) {
  uint32_t *lists = malloc((count + 1) * sizeof *lists);
  if (lists != NULL) memset(lists, 0xff, (count + 1) * sizeof *lists); /* RS_NONE */
  return lists;
}

/* More vectors may come into a chip in a cycle than it adds, all links adding in as many places as they
 * ever did. */
static bool vector_unit_may_be_short(const rs__stream_links *l, uint32_t chip) {
  return l->adds_a_link > l->timing->adds_per_cycle / RS_MAX(l->places_in[chip], 1);
}

static bool init_places(rs__stream_links *l) {
  const rs_wiring *w = l->wiring;
  bool is_short = false;
  l->places = malloc(((size_t)w->link_count + 1) * sizeof *l->places);
  l->places_in = malloc(((size_t)w->chip_count + 1) * sizeof *l->places_in);
  l->unlisted_end = calloc((size_t)w->chip_count + 1, sizeof *l->unlisted_end);
  if (l->places == NULL || l->places_in == NULL || l->unlisted_end == NULL) return false;
  for (uint32_t k = 0; k < w->link_count; k++) l->places[k] = 1;
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    l->places_in[chip] = w->in_first[chip + 1] - w->in_first[chip];
    is_short |= vector_unit_may_be_short(l, chip);
  }
  if (is_short) l->of_chip = new_lists(w->chip_count);
  return !is_short || l->of_chip != NULL;
}

bool rs__stream_links_init(rs__stream_links *l, const rs_schedule *header,
                           const rs_wiring *wiring) {
  *l = (rs__stream_links){.timing = &header->timing, .wiring = wiring, .busy_free = RS_NONE};
  /* A link brings vectors at least a slot apart: ⌈1 / slot⌉ in a cycle at most. */
  l->adds_a_link = rs_ceil_div_i64(header->timing.slot_den, header->timing.slot_num);
  l->of_link = new_lists(wiring->link_count);
  l->used = calloc((size_t)wiring->link_count + 1, 1);
  return init_places(l) && l->of_link != NULL && l->used != NULL;
}

void rs__stream_links_deinit(rs__stream_links *l) {
  free(l->of_link);
  free(l->used);
  free(l->of_chip);
  free(l->places);
  free(l->places_in);
  free(l->unlisted_end);
  free(l->busy);
}

size_t rs__stream_links_bytes(const rs__stream_links *l) {
  size_t a_chip = sizeof *l->places_in + sizeof *l->unlisted_end +
                  (l->of_chip == NULL ? 0 : sizeof *l->of_chip);
  size_t a_link = sizeof *l->of_link + sizeof *l->used + sizeof *l->places;
  return l->busy_capacity * sizeof *l->busy + l->wiring->chip_count * a_chip +
         l->wiring->link_count * a_link;
}

/* ---- lists ---- */

static bool push(rs__stream_links *l, uint32_t *list, const rs__busy *entry) {
  uint32_t index = l->busy_free;
  if (index != RS_NONE) {
    l->busy_free = l->busy[index].next;
  } else {
    if (l->busy_count == l->busy_capacity) {
      uint32_t capacity = RS_MAX(2 * l->busy_capacity, UINT32_C(1024));
      rs__busy *larger = realloc(l->busy, capacity * sizeof *larger);
      if (larger == NULL) return false;
      l->busy = larger;
      l->busy_capacity = capacity;
    }
    index = l->busy_count++;
  }
  l->busy[index] = *entry;
  l->busy[index].next = *list;
  *list = index;
  return true;
}

/* Takes the entry at *place out of its list. */
static void drop(rs__stream_links *l, uint32_t *place) {
  uint32_t index = *place;
  *place = l->busy[index].next;
  l->busy[index].next = l->busy_free;
  l->busy_free = index;
}

/* ---- links ---- */

/* Ticks from a vector of `a` to one of `b`. */
static rs_int128 distance(const rs_timing *t, const rs_burst *a, int64_t i, const rs_burst *b,
                          int64_t j) {
  return rs_burst_ticks(t, b, j) - rs_burst_ticks(t, a, i);
}

/* Whether vector i of `b`, which starts later, meets one of `a`. */
static bool vector_meets(const rs_timing *t, const rs_burst *a, const rs_burst *b, int64_t i) {
  rs_int128 since = distance(t, a, 0, b, i); /* ≥ 0 */
  rs_int128 j = since / ((rs_int128)a->stride * t->slot_num);
  for (rs_int128 k = j; k <= j + 1; k++) {
    if (k >= a->count) return false;
    rs_int128 gap = distance(t, a, (int64_t)k, b, i);
    if (gap < t->slot_num && -gap < t->slot_num) return true;
  }
  return false;
}

static rs__meeting links_meet(const rs_timing *t, const rs_burst *a, const rs_burst *b) {
  /* With equal strides all vectors of b repeat the distance of its first; a lone one has no stride. */
  bool first_decides = a->stride == b->stride || a->count == 1;
  if (!first_decides && b->count > UNEQUAL_VECTORS_MAX) return RS__MEETS_PERHAPS;
  for (int64_t i = 0; i < (first_decides ? 1 : b->count); i++) {
    if (vector_meets(t, a, b, i)) return RS__MEETS;
  }
  return RS__MEETS_NONE;
}

rs__meeting rs__stream_links_enter(rs__stream_links *l, const rs_burst *b, uint64_t number,
                                   uint64_t *other, bool *rides) {
  int64_t last = b->count > 1 ? (b->count - 1) * b->stride : 0;
  int64_t end = b->start_cycles + rs_timing_slots(l->timing, last + 1);
  uint32_t places = b->action == RS_ACTION_ADD;
  uint32_t *place = &l->of_link[b->link];
  *rides = false;
  while (*place != RS_NONE) {
    rs__busy *before = &l->busy[*place];
    if (before->end_cycles <= b->start_cycles) {
      drop(l, place);
      continue;
    }
    place = &before->next;
    if (rs_burst_shares(&before->burst, b)) {
      *rides = true;
      places += before->burst.action == RS_ACTION_ADD;
      continue;
    }
    *other = before->number;
    rs__meeting meeting = links_meet(l->timing, &before->burst, b);
    if (meeting != RS__MEETS_NONE) return meeting;
  }
  if (places > l->places[b->link]) {
    l->places_in[l->wiring->links[b->link].to] += places - l->places[b->link];
    l->places[b->link] = places;
  }
  l->used_count += l->used[b->link] == 0;
  l->used[b->link] = 1;
  rs__busy entry = {*b, end, number, RS_NONE};
  return push(l, &l->of_link[b->link], &entry) ? RS__MEETS_NONE : RS__MEETS_NO_MEMORY;
}

/* ---- vector units ---- */

/* Where a slot of the link an arrival lies, in ticks: with any stride all vectors of a burst lie there. */
static int64_t phase_of(const rs_timing *t, int64_t arrival_cycles) {
  return (int64_t)((rs_int128)arrival_cycles * t->slot_den % t->slot_num);
}

/* An arrival at `phase` can be in the cycle that begins less than one before `point`. */
static bool reaches(const rs_timing *t, int64_t phase, int64_t point) {
  int64_t behind = point - phase;
  return (behind < 0 ? behind + t->slot_num : behind) < t->slot_den;
}

static int64_t count_reaching(const rs_timing *t, const int64_t *phases, uint32_t count,
                              int64_t point) {
  int64_t reaching = 0;
  for (uint32_t i = 0; i < count; i++) reaching += reaches(t, phases[i], point);
  return reaching;
}

/* Whether one more add at a phase is too many. A slot is longer than a cycle, so that of each burst one
 * vector can be in a cycle at most, and only where phases are less than a cycle apart; the most of them are at
 * the phase of one. */
static bool is_one_too_many(const rs_timing *t, const int64_t *phases, uint32_t count,
                            int64_t phase) {
  if (count_reaching(t, phases, count, phase) >= t->adds_per_cycle) return true;
  for (uint32_t i = 0; i < count; i++) {
    if (!reaches(t, phase, phases[i])) continue;
    if (count_reaching(t, phases, count, phases[i]) >= t->adds_per_cycle) return true;
  }
  return false;
}

/* Drops what has been added before; whether what is left leaves room for one more. */
static bool has_room(rs__stream_links *l, uint32_t chip, int64_t arrival_cycles) {
  const rs_timing *t = l->timing;
  int64_t phase = phase_of(t, arrival_cycles), phases[RIVALS_MAX], active = 1;
  uint32_t count = 0;
  bool fits = true;
  uint32_t *place = &l->of_chip[chip];
  while (*place != RS_NONE) {
    const rs__busy *before = &l->busy[*place];
    if (before->end_cycles < arrival_cycles) {
      drop(l, place);
      continue;
    }
    const rs_link *link = &l->wiring->links[before->burst.link];
    int64_t other = phase_of(t, before->burst.start_cycles + rs_timing_latency(t, link));
    bool is_rival = reaches(t, other, phase) || reaches(t, phase, other);
    if (is_rival && count == RIVALS_MAX) fits = false;
    if (is_rival && count < RIVALS_MAX) phases[count++] = other;
    active++;
    place = &l->busy[*place].next;
  }
  if (l->adds_a_link <= t->adds_per_cycle / active) return true;
  return fits && t->slot_num >= t->slot_den && !is_one_too_many(t, phases, count, phase);
}

rs__meeting rs__stream_links_add(rs__stream_links *l, const rs_burst *b, uint64_t number,
                                 int64_t arrival_cycles) {
  if (b->action != RS_ACTION_ADD) return RS__MEETS_NONE;
  const rs_link *link = &l->wiring->links[b->link];
  int64_t last = rs_burst_arrival(l->timing, link, b, b->count - 1);
  uint32_t links = l->wiring->in_first[link->to + 1] - l->wiring->in_first[link->to];
  if (l->of_chip == NULL && l->places_in[link->to] == links) {
    l->unlisted_end[link->to] = RS_MAX(l->unlisted_end[link->to], last + 1);
    return RS__MEETS_NONE;
  }
  if (l->of_chip == NULL) l->of_chip = new_lists(l->wiring->chip_count);
  if (l->of_chip == NULL) return RS__MEETS_NO_MEMORY;
  bool may_be_short = vector_unit_may_be_short(l, link->to);
  if (may_be_short && l->unlisted_end[link->to] > arrival_cycles) return RS__MEETS_PERHAPS;
  if (!has_room(l, link->to, arrival_cycles)) return RS__MEETS_PERHAPS;
  rs__busy entry = {*b, last, number, RS_NONE};
  return push(l, &l->of_chip[link->to], &entry) ? RS__MEETS_NONE : RS__MEETS_NO_MEMORY;
}

/*
 * Vector units, cycle by cycle.
 *
 * The calendar's lanes say that a chip's links cannot bring too much to add whatever comes when; that is
 * enough where a transmission is added in one place or two. A plan whose transmissions are added in many
 * places needs to know in which cycle each vector comes. Slots are longer than a cycle, and all runs have
 * one vector a slot, so a run that arrives from cycle a on uses the cycles a + ⌈k·q⌉: those of one phase
 * of the slot, an arc of one cycle on a circle of one slot. Two runs can need the unit in the same cycle
 * only where they overlap in time and their arcs overlap too. So a run may come when no point of its arc
 * is covered by more adds than the unit does in a cycle. Arrivals are whole cycles, so arcs of runs that
 * start within a slot touch and do not overlap. To find them, the circle is cut into cells no shorter
 * than an arc: what overlaps begins in the arc's own cell or one of its neighbours.
 *
 * This knows of one plan only. What other operations add on the same chips comes before or after all that
 * this one adds there (rs__calendar_note_burst).
 */
#include "rs__collective.h"

#define RS__RIVALS_MAX 128

typedef struct use {
  int64_t first, last; /* arrivals in cycles */
  int64_t phase;       /* where its arc begins, in ticks */
  uint32_t adds;       /* in a cycle */
  uint32_t next;       /* of its cell, or RS_NONE */
} use;

struct rs__units {
  uint32_t cells;   /* a slot */
  uint32_t a_cycle; /* vectors that a link can bring in one */
  uint32_t *first;  /* [chip · cells + cell] list of uses */
  use *uses;
  uint32_t use_count, use_capacity;
};

bool rs__plan_count_adds(rs__plan *plan) {
  const rs_timing *t = plan->timing;
  rs__units *units = RS_ARENA_NEW(plan->arena, rs__units, 1);
  if (units == NULL) return false;
  units->cells = (uint32_t)RS_MAX(1, RS_MIN(t->slot_num / t->slot_den, RS__UNIT_CELLS_MAX));
  units->a_cycle = (uint32_t)RS_MIN(rs_ceil_div_i64(t->slot_den, t->slot_num), UINT32_MAX);
  size_t lists = (size_t)plan->wiring->chip_count * units->cells;
  units->first = RS_ARENA_NEW(plan->arena, uint32_t, lists);
  if (units->first == NULL) return false;
  for (size_t i = 0; i < lists; i++) units->first[i] = RS_NONE;
  plan->units = units;
  return true;
}

uint32_t rs__plan_places_max(const rs__plan *plan) {
  int64_t a_cycle = plan->units == NULL ? 1 : plan->units->a_cycle;
  int64_t most = plan->timing->adds_per_cycle / a_cycle;
  return (uint32_t)RS_MAX(1, RS_MIN(most, RS__SHARED_MAX));
}

static int64_t phase_of(const rs_timing *t, int64_t arrival) {
  bool is_small = (arrival >> 40 | t->slot_den >> 22) == 0; /* as they are: 64 bits divide faster */
  if (is_small) return arrival * t->slot_den % t->slot_num;
  return (int64_t)((rs_int128)arrival * t->slot_den % t->slot_num);
}

static uint32_t cell_of(const rs__units *u, const rs_timing *t, int64_t phase) {
  if (phase >> 40 == 0) return (uint32_t)(phase * u->cells / t->slot_num); /* cells are few */
  return (uint32_t)((rs_int128)phase * u->cells / t->slot_num);
}

/* The arc that begins at `phase` covers `point`. */
static bool covers(const rs_timing *t, int64_t phase, int64_t point) {
  int64_t behind = point - phase;
  return (behind < 0 ? behind + t->slot_num : behind) < t->slot_den;
}

/* Uses that overlap with a run in time and may overlap with its arc. Without room for all: false. */
static bool list_rivals(const rs__units *u, const rs_timing *t, uint32_t chip, int64_t first,
                        int64_t last, const use **rivals, uint32_t *count) {
  uint32_t cell = cell_of(u, t, phase_of(t, first));
  uint32_t steps = RS_MIN(u->cells, 3);
  *count = 0;
  for (uint32_t k = 0; k < steps; k++) {
    uint32_t at = (cell + u->cells - 1 + k) % u->cells;
    for (uint32_t i = u->first[(size_t)chip * u->cells + at]; i != RS_NONE; i = u->uses[i].next) {
      if (u->uses[i].last < first || u->uses[i].first > last) continue;
      if (*count == RS__RIVALS_MAX) return false;
      rivals[(*count)++] = &u->uses[i];
    }
  }
  return true;
}

static int64_t adds_at(const rs_timing *t, const use *const *rivals, uint32_t count,
                       int64_t point) {
  int64_t adds = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (covers(t, rivals[i]->phase, point)) adds += rivals[i]->adds;
  }
  return adds;
}

/* The most adds at any point of the arc: at its begin, or at that of an arc that begins on it. *clear: lowered
 * to when one of them is over. */
static int64_t adds_on(const rs__units *u, const rs_timing *t, uint32_t chip, int64_t first,
                       int64_t last, int64_t *clear) {
  const use *rivals[RS__RIVALS_MAX];
  uint32_t count;
  int64_t phase = phase_of(t, first);
  bool all = list_rivals(u, t, chip, first, last, rivals, &count);
  int64_t most = adds_at(t, rivals, count, phase);
  for (uint32_t i = 0; i < count; i++) {
    *clear = RS_MIN(*clear, rivals[i]->last + 1);
    if (!covers(t, phase, rivals[i]->phase)) continue;
    most = RS_MAX(most, adds_at(t, rivals, count, rivals[i]->phase));
  }
  return all ? most : t->adds_per_cycle;
}

int64_t rs__units_find(const rs__plan *plan, uint32_t chip, int64_t arrival, int64_t count,
                       uint32_t adds) {
  const rs__units *u = plan->units;
  const rs_timing *t = plan->timing;
  int64_t most = t->adds_per_cycle - (int64_t)adds * u->a_cycle;
  int64_t length = rs_timing_slots(t, count - 1);
  for (;;) {
    int64_t clear = INT64_MAX;
    for (uint32_t tries = 0; tries <= u->cells; tries++) {
      int64_t at = arrival + tries;
      if (adds_on(u, t, chip, at, at + length, &clear) <= most) return at;
    }
    assert(clear > arrival && clear < INT64_MAX);
    arrival = clear;
  }
}

bool rs__units_book(rs__plan *plan, uint32_t chip, int64_t arrival, int64_t count, uint32_t adds) {
  rs__units *u = plan->units;
  int64_t phase = phase_of(plan->timing, arrival);
  if (u->use_count == u->use_capacity) {
    use *uses = rs__grow(plan->arena, u->uses, &u->use_capacity, sizeof *uses);
    if (uses == NULL) return false;
    u->uses = uses;
  }
  uint32_t *first = &u->first[(size_t)chip * u->cells + cell_of(u, plan->timing, phase)];
  u->uses[u->use_count] = (use){.first = arrival,
                                .last = arrival + rs_timing_slots(plan->timing, count - 1),
                                .phase = phase,
                                .adds = adds * u->a_cycle,
                                .next = *first};
  *first = u->use_count++;
  return true;
}

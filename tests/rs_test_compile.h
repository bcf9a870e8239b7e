/*
 * What the tests of the compilers share: a judge of schedules that is too simple to be wrong.
 *
 * It expands every burst into vectors, orders departures and arrivals by exact time, moves 64-bit
 * words, and compares the results with the table in rs_schedule.h. It knows nothing of how a plan is
 * made, and costs O(vectors · log vectors), so it is for small cases.
 */
#ifndef RS_TEST_COMPILE_H
#define RS_TEST_COMPILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_collective.h"
#include "rs_player.h"
#include "rs_random.h"
#include "rs_test.h"
#include "rs_topology.h"

/* The figures of a first-generation chip: a slot of 328 B at 12.5 GB/s and 900 MHz. */
static inline rs_timing chip_timing(void) {
  return (rs_timing){.name = "custom",
                     .clock_hz = 900000000,
                     .vector_bytes = 320,
                     .slot_num = 2952,
                     .slot_den = 125,
                     .latency_cycles = {216, 220, 250},
                     .send_cycles = 31,
                     .receive_cycles = 47,
                     .forward_cycles = 40,
                     .add_cycles = 20,
                     .adds_per_cycle = 16};
}

static inline rs_timing unit_timing(void) {
  rs_timing timing;
  rs_timing_init_unit(&timing);
  return timing;
}

/* The same with a vector unit that adds two vectors a cycle: fewer than ports bring. */
static inline rs_timing slow_timing(void) {
  rs_timing timing = chip_timing();
  timing.adds_per_cycle = 2;
  return timing;
}

static inline rs_wiring *build_wiring(rs_arena *arena, const char *spec) {
  rs_diag diag = {0};
  rs_topology *topology = NULL;
  rs_wiring *wiring = NULL;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

/* Rows that are for some wirings, groups or sizes only. */
static inline bool is_particular(const char *algorithm) {
  static const char *const names[] = {"balanced-hierarchical", "balanced-trees", "dimensions",
                                      "disjoint-trees",        "exchange",       "gateways",
                                      "halving-doubling",      "hierarchical",   "nested-exchange",
                                      "packed-trees",          "racks",          "ring",
                                      "rotated-trees",         "shared-cores",   "shared-trees",
                                      "staggered-trees"};
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
    if (strcmp(algorithm, names[i]) == 0) return true;
  }
  return false;
}

/* ---- the judge ---- */

typedef struct judge_word {
  rs_int128 departs; /* ticks: from then on it may be sent */
  rs_int128 meets;   /* ticks: when what was kept came, an add may come too */
  rs_int128 lands;   /* ticks: from then on an add may come */
  rs_int128 last;    /* ticks: the last write's arrival; −1: none */
  int64_t in_sram;   /* cycles */
  uint64_t value;
  bool holds;
} judge_word;

typedef struct judge_event {
  rs_int128 ticks;
  uint64_t burst;
  int64_t k;
  bool is_arrival, is_add;
} judge_event;

typedef struct judge {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs_ready *const *ready; /* [op] NULL or an entry a chip of the group */
  judge_word **words;           /* [op · 3 + buffer] chips × size */
  uint64_t *flying;             /* [vector] value under way */
  uint64_t *first_vector;       /* [burst] */
  char fault[256];              /* empty: none */
} judge;

static inline int64_t judge_size(const rs_op *op, int buffer) {
  if (buffer == RS_BUFFER_IN) return rs_op_in_vectors(op);
  return buffer == RS_BUFFER_OUT ? rs_op_out_vectors(op) : op->tmp_vectors;
}

static inline judge_word *judge_at(const judge *j, uint32_t op, int buffer, uint32_t chip,
                                   int64_t offset) {
  int64_t size = judge_size(&j->schedule->ops[op], buffer);
  return &j->words[op * 3 + (uint32_t)buffer][chip * size + offset];
}

static inline uint64_t judge_input(uint32_t op, uint32_t chip, int64_t k) {
  return rs_mix_u64(rs_mix_u64(op * UINT64_C(1000003) + chip) + (uint64_t)k);
}

static inline int64_t judge_ready(const judge *j, uint32_t op, uint32_t place, int64_t k) {
  const rs_op *o = &j->schedule->ops[op];
  if (j->ready == NULL || j->ready[op] == NULL) return o->ready_cycles;
  rs_ready r = j->ready[op][place];
  int64_t n = rs_op_in_vectors(o);
  if (n == 1) return r.start_cycles + r.cycles;
  int64_t span = (r.cycles - r.first_cycles) * k;
  return r.start_cycles + r.first_cycles + (span + n - 2) / (n - 1);
}

static inline void judge_put(judge *j, uint32_t op, uint32_t place, int buffer, int64_t offset,
                             int64_t k) {
  const rs_timing *t = &j->schedule->timing;
  uint32_t chip = j->schedule->group_chips[j->schedule->ops[op].group_first + place];
  judge_word *w = judge_at(j, op, buffer, chip, offset);
  int64_t ready = judge_ready(j, op, place, k);
  /* Inputs are ready at whole cycles, and so a departure is compared in whole cycles: ⌈d⌉ ≥ r. */
  rs_int128 less = t->slot_den - 1;
  *w = (judge_word){.departs = (rs_int128)(ready + t->send_cycles) * t->slot_den - less,
                    .lands = (rs_int128)ready * t->slot_den - less,
                    .meets = -1,
                    .last = -1,
                    .in_sram = ready,
                    .value = judge_input(op, chip, k),
                    .holds = true};
}

/* Inputs, and the copies of them that `out` starts with. */
static inline void judge_fill_op(judge *j, uint32_t op) {
  const rs_op *o = &j->schedule->ops[op];
  const uint32_t *chips = &j->schedule->group_chips[o->group_first];
  int64_t n = rs_op_in_vectors(o), b = o->block_vectors;
  for (uint32_t i = 0; i < o->group_count; i++) {
    bool is_root = chips[i] == o->root;
    bool root_only = o->kind == RS_BROADCAST || o->kind == RS_SCATTER;
    if (root_only && !is_root) continue;
    if (o->kind == RS_SEND && i % 2 == 1) continue;
    for (int64_t k = 0; k < n; k++) {
      judge_put(j, op, i, RS_BUFFER_IN, k, k);
      if (o->kind == RS_ALL_GATHER || (o->kind == RS_GATHER && is_root)) {
        judge_put(j, op, i, RS_BUFFER_OUT, i * b + k, k);
      } else if (o->kind == RS_ALL_TO_ALL ? k / b == i
                                          : o->kind != RS_SEND && o->kind != RS_GATHER) {
        judge_put(j, op, i, RS_BUFFER_OUT, k, k);
      }
    }
  }
}

static inline int judge_compare(const void *a, const void *b) {
  const judge_event *x = a, *y = b;
  if (x->ticks != y->ticks) return x->ticks < y->ticks ? -1 : 1;
  if (x->is_arrival != y->is_arrival) return x->is_arrival ? -1 : 1;
  if (x->is_add != y->is_add) return x->is_add ? 1 : -1;
  if (x->burst != y->burst) return x->burst < y->burst ? -1 : 1;
  return x->k < y->k ? -1 : x->k > y->k;
}

static inline void judge_blame(judge *j, const judge_event *e, const char *what) {
  if (j->fault[0] != '\0') return;
  const rs_burst *b = &j->schedule->bursts[e->burst];
  char link[64];
  rs_wiring_link_name(j->wiring, b->link, link, sizeof link);
  snprintf(j->fault, sizeof j->fault, "op %u burst %llu link %s start %lld vector %lld: %s", b->op,
           (unsigned long long)e->burst, link, (long long)b->start_cycles, (long long)e->k, what);
}

static inline void judge_depart(judge *j, const judge_event *e) {
  const rs_burst *b = &j->schedule->bursts[e->burst];
  uint32_t from = j->wiring->links[b->link].from;
  judge_word *w = judge_at(j, b->op, b->source, from, b->source_offset + e->k);
  if (!w->holds) judge_blame(j, e, "reads nothing");
  if (e->ticks < w->departs) judge_blame(j, e, "departs too early");
  j->flying[j->first_vector[e->burst] + (uint64_t)e->k] = w->value;
}

static inline void judge_arrive(judge *j, const judge_event *e) {
  const rs_timing *t = &j->schedule->timing;
  const rs_burst *b = &j->schedule->bursts[e->burst];
  judge_word *w =
      judge_at(j, b->op, b->target, j->wiring->links[b->link].to, b->target_offset + e->k);
  int64_t add = b->action == RS_ACTION_ADD ? t->add_cycles : 0;
  uint64_t value = j->flying[j->first_vector[e->burst] + (uint64_t)e->k];
  rs_int128 departs = e->ticks + (rs_int128)(t->forward_cycles + add) * t->slot_den;
  if (b->action == RS_ACTION_ADD) {
    if (!w->holds && b->target == RS_BUFFER_OUT) judge_blame(j, e, "adds to nothing");
    if (w->holds && e->ticks < w->lands && e->ticks != w->meets)
      judge_blame(j, e, "adds before it is there");
    w->value += value;
    w->departs = RS_MAX(w->departs, departs);
  } else {
    if (w->last >= e->ticks) judge_blame(j, e, "two writes at once");
    int64_t settled = RS_MAX(1, RS_MAX(t->receive_cycles, t->forward_cycles));
    w->value = value;
    w->departs = departs;
    w->meets = e->ticks;
    w->lands = e->ticks + (rs_int128)settled * t->slot_den;
  }
  w->last = e->ticks;
  w->holds = true;
  const rs_link *link = &j->wiring->links[b->link];
  int64_t in_sram = rs_burst_arrival(t, link, b, e->k) + t->receive_cycles + add;
  w->in_sram = RS_MAX(w->in_sram, in_sram);
}

/* Exact intervals of a link must not meet: all are sorted by (link, time). */
typedef struct judge_slot {
  rs_int128 ticks;
  const rs_burst *burst;
  uint32_t link; /* or chip */
} judge_slot;

static inline int judge_compare_slots(const void *a, const void *b) {
  const judge_slot *x = a, *y = b;
  if (x->link != y->link) return x->link < y->link ? -1 : 1;
  return x->ticks < y->ticks ? -1 : x->ticks > y->ticks;
}

/* One transmission: the same vectors at the same time, to another place. */
static inline bool judge_is_one(const rs_burst *a, const rs_burst *b) {
  rs_burst same = *a;
  bool other_place = a->target != b->target || a->target_offset != b->target_offset;
  same.target = b->target;
  same.target_offset = b->target_offset;
  same.action = b->action;
  return other_place && memcmp(&same, b, sizeof same) == 0;
}

static inline void judge_links(judge *j, uint64_t vectors) {
  const rs_schedule *s = j->schedule;
  judge_slot *slots = calloc(vectors + 1, sizeof *slots);
  uint64_t used = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    for (int64_t k = 0; k < s->bursts[i].count; k++) {
      slots[used++] = (judge_slot){rs_burst_ticks(&s->timing, &s->bursts[i], k), &s->bursts[i],
                                   s->bursts[i].link};
    }
  }
  qsort(slots, used, sizeof *slots, judge_compare_slots);
  for (uint64_t i = 1; i < used; i++) {
    if (slots[i].link != slots[i - 1].link) continue;
    if (slots[i].ticks - slots[i - 1].ticks >= s->timing.slot_num) continue;
    if (judge_is_one(slots[i - 1].burst, slots[i].burst)) continue;
    snprintf(j->fault, sizeof j->fault, "link %u is booked twice at tick %lld", slots[i].link,
             (long long)slots[i].ticks);
  }
  free(slots);
}

/* Adds that come to a chip in one cycle must be no more than its vector unit does. */
static inline void judge_adds(judge *j, uint64_t vectors) {
  const rs_schedule *s = j->schedule;
  judge_slot *adds = calloc(vectors + 1, sizeof *adds);
  uint64_t used = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_link *link = &j->wiring->links[s->bursts[i].link];
    if (s->bursts[i].action != RS_ACTION_ADD) continue;
    for (int64_t k = 0; k < s->bursts[i].count; k++) {
      int64_t cycle = rs_burst_arrival(&s->timing, link, &s->bursts[i], k);
      adds[used++] = (judge_slot){cycle, &s->bursts[i], link->to};
    }
  }
  qsort(adds, used, sizeof *adds, judge_compare_slots);
  uint64_t most = (uint64_t)s->timing.adds_per_cycle;
  for (uint64_t i = most; i < used; i++) {
    if (judge_compare_slots(&adds[i], &adds[i - most]) != 0) continue;
    snprintf(j->fault, sizeof j->fault, "chip %u adds too much at cycle %lld", adds[i].link,
             (long long)adds[i].ticks);
  }
  free(adds);
}

static inline void judge_run(judge *j) {
  const rs_schedule *s = j->schedule;
  uint64_t vectors = 0;
  j->first_vector = calloc(s->burst_count + 1, sizeof *j->first_vector);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    j->first_vector[i] = vectors;
    vectors += (uint64_t)s->bursts[i].count;
  }
  j->flying = calloc(vectors + 1, sizeof *j->flying);
  judge_event *events = calloc(2 * vectors + 1, sizeof *events);
  uint64_t used = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_link *link = &j->wiring->links[s->bursts[i].link];
    rs_int128 way = (rs_int128)rs_timing_latency(&s->timing, link) * s->timing.slot_den;
    for (int64_t k = 0; k < s->bursts[i].count; k++) {
      rs_int128 ticks = rs_burst_ticks(&s->timing, &s->bursts[i], k);
      events[used++] = (judge_event){ticks, i, k, false, false};
      bool is_add = s->bursts[i].action == RS_ACTION_ADD;
      events[used++] = (judge_event){ticks + way, i, k, true, is_add};
    }
  }
  qsort(events, used, sizeof *events, judge_compare);
  for (uint64_t i = 0; i < used; i++) {
    if (events[i].is_arrival) {
      judge_arrive(j, &events[i]);
    } else {
      judge_depart(j, &events[i]);
    }
  }
  judge_links(j, vectors);
  judge_adds(j, vectors);
  free(events);
  free(j->flying);
  free(j->first_vector);
}

/* What out[offset] of the chip at a place must be at the end; false: it does not matter. */
static inline bool judge_wants(const judge *j, uint32_t op, uint32_t i, int64_t offset,
                               uint64_t *value) {
  const rs_op *o = &j->schedule->ops[op];
  const uint32_t *chips = &j->schedule->group_chips[o->group_first];
  int64_t b = o->block_vectors;
  bool is_root = chips[i] == o->root;
  switch (o->kind) {
    case RS_REDUCE_SCATTER:
      if (offset / b != i) return false;
      break;
    case RS_REDUCE:
      if (!is_root) return false;
      break;
    case RS_ALL_REDUCE:
      break;
    case RS_GATHER:
      if (!is_root) return false;
      *value = judge_input(op, chips[offset / b], offset % b);
      return true;
    case RS_ALL_GATHER:
      *value = judge_input(op, chips[offset / b], offset % b);
      return true;
    case RS_BROADCAST:
      *value = judge_input(op, o->root, offset);
      return true;
    case RS_SCATTER:
      *value = judge_input(op, o->root, offset);
      return offset / b == i;
    case RS_ALL_TO_ALL:
      *value = judge_input(op, chips[offset / b], i * b + offset % b);
      return true;
    default:
      *value = judge_input(op, chips[i - i % 2], offset);
      return i % 2 == 1;
  }
  *value = 0;
  for (uint32_t k = 0; k < o->group_count; k++) *value += judge_input(op, chips[k], offset);
  return true;
}

/* Compares results, and reports when each member has its own. */
static inline void judge_results(judge *j, uint32_t op, int64_t *end_of_member) {
  const rs_op *o = &j->schedule->ops[op];
  for (uint32_t i = 0; i < o->group_count; i++) {
    uint32_t chip = j->schedule->group_chips[o->group_first + i];
    end_of_member[i] = -1;
    for (int64_t k = 0; k < rs_op_out_vectors(o); k++) {
      uint64_t value;
      if (!judge_wants(j, op, i, k, &value)) continue;
      const judge_word *w = judge_at(j, op, RS_BUFFER_OUT, chip, k);
      end_of_member[i] = RS_MAX(end_of_member[i], w->in_sram);
      if (w->holds && w->value == value) continue;
      if (j->fault[0] == '\0') {
        snprintf(j->fault, sizeof j->fault, "op %u: out[%lld] of chip %u is wrong", op,
                 (long long)k, chip);
      }
    }
  }
}

/* The verdict: empty, or the first fault. end_of_member: NULL, or [op] an array a chip of the group:
 * when its result is in SRAM by the judge's own reckoning (−1: it has none). `ready` as above. */
static inline void judge_schedule(const rs_schedule *schedule, const rs_wiring *wiring,
                                  const rs_ready *const *ready, int64_t **end_of_member,
                                  char *verdict, size_t size) {
  judge j = {.schedule = schedule, .wiring = wiring, .ready = ready};
  j.words = calloc((size_t)schedule->op_count * 3 + 1, sizeof *j.words);
  for (uint32_t op = 0; op < schedule->op_count; op++) {
    for (int buffer = 0; buffer < 3; buffer++) {
      size_t words = (size_t)judge_size(&schedule->ops[op], buffer) * wiring->chip_count;
      judge_word *w = calloc(words + 1, sizeof *w);
      for (size_t k = 0; k < words; k++) w[k].last = -1;
      j.words[op * 3 + (uint32_t)buffer] = w;
    }
    judge_fill_op(&j, op);
  }
  judge_run(&j);
  for (uint32_t op = 0; op < schedule->op_count; op++) {
    int64_t *ends = calloc(schedule->ops[op].group_count, sizeof *ends);
    judge_results(&j, op, ends);
    if (end_of_member != NULL) {
      memcpy(end_of_member[op], ends, schedule->ops[op].group_count * sizeof *ends);
    }
    free(ends);
  }
  for (uint32_t k = 0; k < schedule->op_count * 3; k++) free(j.words[k]);
  free(j.words);
  snprintf(verdict, size, "%s", j.fault);
}

/* ---- the checker and the player ---- */

/* False with the checker's reason. */
static inline bool prove_schedule(const rs_schedule *schedule, const rs_wiring *wiring,
                                  char *verdict, size_t size) {
  rs_check_options options = {.seed = 3};
  rs_check_report report;
  rs_diag diag = {0};
  if (rs_checker_run(schedule, wiring, &options, &report, &diag) == RS_OK) return true;
  snprintf(verdict, size, "refused by the checker: %.200s", diag.what);
  return false;
}

/* Plays in both fidelities. The player does not count inputs that are ready as an end; so neither
 * end counts when it is before `inputs_cycles`. False with the reason. */
static inline bool play_schedule(const rs_schedule *schedule, const rs_wiring *wiring,
                                 int64_t end_cycles, int64_t inputs_cycles, char *verdict,
                                 size_t size) {
  for (int fidelity = RS_FIDELITY_BURST; fidelity <= RS_FIDELITY_VECTOR; fidelity++) {
    rs_play_options options = {.fidelity = (rs_fidelity)fidelity, .seed = 5};
    rs_play play;
    rs_diag diag = {0};
    const char *name = fidelity == RS_FIDELITY_BURST ? "bursts" : "vectors";
    if (rs_player_run(schedule, wiring, &options, &play, &diag) != RS_OK) {
      snprintf(verdict, size, "played as %s: %.200s", name, diag.what);
      return false;
    }
    int64_t played = RS_MAX(play.network_end_cycles, inputs_cycles);
    if (played == RS_MAX(end_cycles, inputs_cycles)) continue;
    snprintf(verdict, size, "played as %s: ends at %lld, not at %lld", name, (long long)played,
             (long long)end_cycles);
    return false;
  }
  return true;
}

/* All-reduce of so many vectors on all chips by a row, proved by the checker; its bounds too, unless NULL. */
static inline rs_compile_report compile_proved(const char *spec, const char *algorithm,
                                               const rs_timing *timing, int64_t vectors,
                                               rs_bound *bound) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_wiring(arena, spec);
  rs_diag diag = {0};
  rs_compile_report report;
  rs_check_report check;
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  const rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                         .algorithm = algorithm,
                                         .chips = chips,
                                         .chip_count = wiring->chip_count,
                                         .root = RS_NONE,
                                         .block_bytes = vectors * timing->vector_bytes};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag),
            &diag);
  if (bound != NULL) {
    assert_ok(rs_collective_bound(arena, wiring, timing, &request, bound, &diag), &diag);
  }
  const rs_check_options options = {.seed = 1};
  assert_ok(rs_checker_run(schedule, wiring, &options, &check, &diag), &diag);
  assert_int_equal(check.makespan_cycles, report.makespan_cycles);
  rs_arena_destroy(arena);
  return report;
}

#endif

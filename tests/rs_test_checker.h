/*
 * What the tests of the checker share: wirings, timings, a hand that writes bursts, and an oracle.
 *
 * The oracle knows nothing of runs, lines or fields: it expands every burst into vectors, takes every
 * time in whole cycles, moves 64-bit words, and holds each step against the sentences of
 * rs_schedule.h. It costs O(vectors · log vectors). What it finds the checker must find; where the
 * checker refuses and the oracle does not, the checker is only strict.
 */
#ifndef RS_TEST_CHECKER_H
#define RS_TEST_CHECKER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_random.h"
#include "rs_test.h"

/* ---- timings ---- */

static inline rs_timing unit_timing(void) {
  rs_timing timing;
  rs_timing_init_unit(&timing);
  return timing;
}

/* Odd figures, so that no two costs are equal; a slot of 23.616 cycles. */
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

/* More than one vector a cycle: 3/5 of a cycle each. */
static inline rs_timing fast_timing(void) {
  rs_timing timing = chip_timing();
  timing.slot_num = 3;
  timing.slot_den = 5;
  timing.latency_cycles[0] = 7;
  timing.send_cycles = 2;
  timing.receive_cycles = 3;
  timing.forward_cycles = 1;
  timing.add_cycles = 1;
  return timing;
}

/* ---- wirings ---- */

/* Every pair of chips whose distance on the ring is at most `reach`; without `closed`, on a line. */
static inline rs_wiring *make_wiring(rs_arena *arena, uint32_t chips, uint32_t reach, bool closed) {
  rs_diag diag = {0};
  rs_wiring *wiring = NULL;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  for (uint32_t a = 0; a < chips; a++) {
    for (uint32_t b = a + 1; b < chips; b++) {
      uint32_t distance = b - a;
      if (closed) distance = RS_MIN(distance, chips - distance);
      if (distance > reach) continue;
      assert_ok(rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, &diag), &diag);
    }
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static inline rs_wiring *make_mesh(rs_arena *arena, uint32_t chips) {
  return make_wiring(arena, chips, chips, false);
}

/* ---- a hand that writes bursts ---- */

static inline uint32_t link_between(const rs_wiring *wiring, uint32_t from, uint32_t to) {
  uint32_t link = rs_wiring_find_link(wiring, from, to, 0);
  assert_true(link != RS_NONE);
  return link;
}

/* An operation over chips 0 … count − 1. */
static inline uint32_t put_op(rs_schedule *s, rs_collective_kind kind, uint32_t count,
                              uint32_t root, int64_t block, int64_t tmp) {
  uint32_t chips[64];
  assert_true(count <= 64);
  for (uint32_t c = 0; c < count; c++) chips[c] = c;
  rs_op op = {.kind = kind,
              .root = root,
              .block_bytes = block * s->timing.vector_bytes,
              .block_vectors = block,
              .tmp_vectors = tmp};
  return rs_schedule_add_op(s, &op, chips, count);
}

static inline rs_burst *put_burst(rs_schedule *s, uint32_t op, uint32_t link, int64_t start,
                                  int64_t count, rs_buffer source, int64_t source_offset,
                                  rs_buffer target, int64_t target_offset, rs_action action) {
  rs_burst burst = {.start_cycles = start,
                    .count = count,
                    .source_offset = source_offset,
                    .target_offset = target_offset,
                    .link = link,
                    .op = op,
                    .stride = 1,
                    .source = (uint8_t)source,
                    .target = (uint8_t)target,
                    .action = (uint8_t)action};
  return rs_schedule_add_burst(s, &burst);
}

/* When the first vector of a burst that starts then may depart again from the next chip. */
static inline int64_t next_departure(const rs_timing *t, int64_t start, rs_action action) {
  int64_t add = action == RS_ACTION_ADD ? t->add_cycles : 0;
  return start + t->latency_cycles[RS_CABLE_NODE] + t->forward_cycles + add;
}

/* ---- the oracle ---- */

typedef struct oracle_word {
  uint64_t value;
  int64_t departs;    /* from then on it may be sent */
  int64_t settles;    /* from then on it may be overwritten */
  int64_t addable;    /* from then on it may be added to */
  int64_t last_write; /* −1: none */
  int64_t in_sram;
  bool holds;
} oracle_word;

typedef struct oracle_event {
  int64_t cycle;
  bool is_departure; /* arrivals of a cycle come first */
  bool is_add;       /* and of those what is kept */
  uint64_t burst;
  int64_t k;
} oracle_event;

typedef struct oracle {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  oracle_word *words;
  size_t op_base[16];
  uint64_t *flying; /* [vector] */
  uint64_t *first;  /* [burst] its first vector among all */
  char fault[256];  /* empty: none */
} oracle;

#define ORACLE_BLAME(o, ...)                                                        \
  do {                                                                              \
    if ((o)->fault[0] == '\0') snprintf((o)->fault, sizeof(o)->fault, __VA_ARGS__); \
  } while (0)

static inline int64_t oracle_size(const rs_op *op, int buffer) {
  if (buffer == RS_BUFFER_IN) return rs_op_in_vectors(op);
  return buffer == RS_BUFFER_OUT ? rs_op_out_vectors(op) : op->tmp_vectors;
}

static inline oracle_word *oracle_at(const oracle *o, uint32_t op, uint32_t chip, int buffer,
                                     int64_t address) {
  const rs_op *p = &o->schedule->ops[op];
  int64_t in = oracle_size(p, RS_BUFFER_IN), out = oracle_size(p, RS_BUFFER_OUT);
  int64_t size = in + out + p->tmp_vectors;
  int64_t base = buffer == RS_BUFFER_IN ? 0 : buffer == RS_BUFFER_OUT ? in : in + out;
  return &o->words[o->op_base[op] + (size_t)(chip * size + base + address)];
}

static inline uint64_t oracle_input(uint32_t op, uint32_t chip, int64_t k) {
  return rs_mix_u64(rs_mix_u64(op * UINT64_C(7919) + chip) + (uint64_t)k);
}

static inline int64_t oracle_ready(const oracle *o, uint32_t op, uint32_t chip, int64_t k) {
  const rs_schedule *s = o->schedule;
  int64_t n = rs_op_in_vectors(&s->ops[op]);
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    if (c->writes_op != op || c->chip != chip) continue;
    if (n == 1) return c->start_cycles + c->cycles;
    int64_t span = k * (c->cycles - c->first_cycles);
    return c->start_cycles + c->first_cycles + (span + n - 2) / (n - 1);
  }
  return s->ops[op].ready_cycles;
}

/* The table of rs_schedule.h: which in[k] stands in out[a] at the start; −1: none. */
static inline int64_t oracle_own(const rs_op *op, bool is_root, int64_t i, int64_t a) {
  int64_t b = op->block_vectors;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE:
    case RS_REDUCE_SCATTER:
      return a;
    case RS_ALL_GATHER:
      return a / b == i ? a % b : -1;
    case RS_GATHER:
      return is_root && a / b == i ? a % b : -1;
    case RS_BROADCAST:
    case RS_SCATTER:
      return is_root ? a : -1;
    case RS_ALL_TO_ALL:
      return a / b == i ? a : -1;
    default:
      return -1;
  }
}

static inline void oracle_fill(oracle *o, uint32_t op) {
  const rs_op *p = &o->schedule->ops[op];
  const uint32_t *group = &o->schedule->group_chips[p->group_first];
  int64_t send = o->schedule->timing.send_cycles;
  for (uint32_t i = 0; i < p->group_count; i++) {
    bool is_root = group[i] == p->root;
    if ((p->kind == RS_BROADCAST || p->kind == RS_SCATTER) && !is_root) continue;
    if (p->kind == RS_SEND && i % 2 == 1) continue;
    for (int64_t k = 0; k < rs_op_in_vectors(p); k++) {
      int64_t ready = oracle_ready(o, op, group[i], k);
      *oracle_at(o, op, group[i], RS_BUFFER_IN, k) =
          (oracle_word){.value = oracle_input(op, group[i], k),
                        .departs = ready + send,
                        .settles = ready,
                        .addable = ready,
                        .last_write = -1,
                        .in_sram = ready,
                        .holds = true};
    }
    for (int64_t a = 0; a < rs_op_out_vectors(p); a++) {
      int64_t k = oracle_own(p, is_root, i, a);
      if (k < 0) continue;
      *oracle_at(o, op, group[i], RS_BUFFER_OUT, a) = *oracle_at(o, op, group[i], RS_BUFFER_IN, k);
    }
  }
}

static inline void oracle_depart(oracle *o, const oracle_event *e) {
  const rs_burst *b = &o->schedule->bursts[e->burst];
  oracle_word *w =
      oracle_at(o, b->op, o->wiring->links[b->link].from, b->source, b->source_offset + e->k);
  if (!w->holds) ORACLE_BLAME(o, "burst %d reads nothing", (int)e->burst);
  if (e->cycle < w->departs) ORACLE_BLAME(o, "burst %d departs early", (int)e->burst);
  o->flying[o->first[e->burst] + (uint64_t)e->k] = w->value;
}

static inline void oracle_arrive(oracle *o, const oracle_event *e) {
  const rs_timing *t = &o->schedule->timing;
  const rs_burst *b = &o->schedule->bursts[e->burst];
  oracle_word *w =
      oracle_at(o, b->op, o->wiring->links[b->link].to, b->target, b->target_offset + e->k);
  uint64_t value = o->flying[o->first[e->burst] + (uint64_t)e->k];
  bool add = b->action == RS_ACTION_ADD;
  int64_t more = add ? t->add_cycles : 0;
  if (w->last_write == e->cycle && !add) {
    ORACLE_BLAME(o, "burst %d writes with another", (int)e->burst);
  }
  if (add && !w->holds && b->target == RS_BUFFER_OUT) {
    ORACLE_BLAME(o, "burst %d adds to nothing", (int)e->burst);
  }
  if (add && e->cycle < w->addable) ORACLE_BLAME(o, "burst %d adds early", (int)e->burst);
  if (!add && w->holds && e->cycle < w->settles) {
    ORACLE_BLAME(o, "burst %d overwrites early", (int)e->burst);
  }
  int64_t departs = e->cycle + t->forward_cycles + more;
  int64_t settles = e->cycle + t->receive_cycles + more;
  w->value = add ? w->value + value : value;
  w->departs = add ? RS_MAX(w->departs, departs) : departs;
  w->settles = add ? RS_MAX(w->settles, settles) : settles;
  w->in_sram = w->settles;
  if (!add) w->addable = e->cycle;
  w->last_write = e->cycle;
  w->holds = true;
}

static inline int oracle_compare_events(const void *left, const void *right) {
  const oracle_event *a = left, *b = right;
  if (a->cycle != b->cycle) return a->cycle < b->cycle ? -1 : 1;
  if (a->is_departure != b->is_departure) return a->is_departure ? 1 : -1;
  if (a->is_add != b->is_add) return a->is_add ? 1 : -1;
  if (a->burst != b->burst) return a->burst < b->burst ? -1 : 1;
  return a->k < b->k ? -1 : a->k > b->k;
}

/* (key, time) pairs: two on a link closer than a slot, or too many adds on a chip in a cycle. */
typedef struct oracle_point {
  rs_int128 time;
  uint32_t key;
  const rs_burst *burst;
} oracle_point;

static inline int oracle_compare_points(const void *left, const void *right) {
  const oracle_point *a = left, *b = right;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->time < b->time ? -1 : a->time > b->time;
}

/* The sentence under TRANSMISSIONS, word for word. */
static inline bool oracle_is_one(const rs_burst *a, const rs_burst *b) {
  bool agree = a->op == b->op && a->link == b->link && a->start_cycles == b->start_cycles &&
               a->count == b->count && a->stride == b->stride && a->source == b->source &&
               a->source_offset == b->source_offset;
  bool differ = a->target != b->target || a->target_offset != b->target_offset;
  return agree && differ;
}

/* Point i against all before it that are less than a slot away on its link. */
static inline void oracle_link(oracle *o, const oracle_point *slots, uint64_t i) {
  for (uint64_t j = i; j-- > 0 && slots[j].key == slots[i].key;) {
    rs_int128 gap = slots[i].time - slots[j].time;
    if (gap >= o->schedule->timing.slot_num) break;
    if (gap == 0 && oracle_is_one(slots[j].burst, slots[i].burst)) continue;
    ORACLE_BLAME(o, "link %u is booked twice", slots[i].key);
  }
}

static inline void oracle_capacity(oracle *o, uint64_t vectors) {
  const rs_schedule *s = o->schedule;
  oracle_point *slots = calloc(vectors + 1, sizeof *slots);
  oracle_point *adds = calloc(vectors + 1, sizeof *adds);
  uint64_t used = 0, added = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    const rs_link *link = &o->wiring->links[b->link];
    for (int64_t k = 0; k < b->count; k++) {
      slots[used++] = (oracle_point){rs_burst_ticks(&s->timing, b, k), b->link, b};
      if (b->action != RS_ACTION_ADD) continue;
      adds[added++] = (oracle_point){rs_burst_arrival(&s->timing, link, b, k), link->to, b};
    }
  }
  qsort(slots, used, sizeof *slots, oracle_compare_points);
  qsort(adds, added, sizeof *adds, oracle_compare_points);
  for (uint64_t i = 1; i < used; i++) oracle_link(o, slots, i);
  for (uint64_t i = (uint64_t)s->timing.adds_per_cycle; i < added; i++) {
    const oracle_point *other = &adds[i - (uint64_t)s->timing.adds_per_cycle];
    if (adds[i].key == other->key && adds[i].time == other->time) {
      ORACLE_BLAME(o, "chip %u adds too much", adds[i].key);
    }
  }
  free(slots);
  free(adds);
}

static inline void oracle_move(oracle *o) {
  const rs_schedule *s = o->schedule;
  uint64_t vectors = 0, used = 0;
  o->first = calloc(s->burst_count + 1, sizeof *o->first);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    o->first[i] = vectors;
    vectors += (uint64_t)s->bursts[i].count;
  }
  o->flying = calloc(vectors + 1, sizeof *o->flying);
  oracle_event *events = calloc(2 * vectors + 1, sizeof *events);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    for (int64_t k = 0; k < b->count; k++) {
      int64_t arrival = rs_burst_arrival(&s->timing, &o->wiring->links[b->link], b, k);
      events[used++] = (oracle_event){rs_burst_departure(&s->timing, b, k), true, false, i, k};
      events[used++] = (oracle_event){arrival, false, b->action == RS_ACTION_ADD, i, k};
    }
  }
  qsort(events, used, sizeof *events, oracle_compare_events);
  for (uint64_t i = 0; i < used; i++) {
    if (events[i].is_departure) {
      oracle_depart(o, &events[i]);
    } else {
      oracle_arrive(o, &events[i]);
    }
  }
  oracle_capacity(o, vectors);
  free(events);
  free(o->flying);
  free(o->first);
}

/* What out[a] of the member at place i must be at the end; false: anything. */
static inline bool oracle_wants(const rs_op *op, const uint32_t *group, uint32_t index, uint32_t i,
                                int64_t a, uint64_t *value) {
  int64_t b = op->block_vectors;
  bool is_root = group[i] == op->root;
  bool mine = a / b == i;
  *value = 0;
  for (uint32_t j = 0; j < op->group_count; j++) *value += oracle_input(index, group[j], a);
  switch (op->kind) {
    case RS_ALL_REDUCE:
      return true;
    case RS_REDUCE_SCATTER:
      return mine;
    case RS_REDUCE:
      return is_root;
    case RS_ALL_GATHER:
      *value = oracle_input(index, group[a / b], a % b);
      return true;
    case RS_GATHER:
      *value = oracle_input(index, group[a / b], a % b);
      return is_root;
    case RS_BROADCAST:
      *value = oracle_input(index, op->root, a);
      return true;
    case RS_SCATTER:
      *value = oracle_input(index, op->root, a);
      return mine;
    case RS_ALL_TO_ALL:
      *value = oracle_input(index, group[a / b], i * b + a % b);
      return true;
    default:
      *value = oracle_input(index, group[i - i % 2], a);
      return i % 2 == 1;
  }
}

static inline void oracle_results(oracle *o, uint32_t op) {
  const rs_schedule *s = o->schedule;
  const rs_op *p = &s->ops[op];
  const uint32_t *group = &s->group_chips[p->group_first];
  for (uint32_t i = 0; i < p->group_count; i++) {
    int64_t end = 0;
    for (int64_t a = 0; a < rs_op_out_vectors(p); a++) {
      uint64_t value;
      if (!oracle_wants(p, group, op, i, a, &value)) continue;
      const oracle_word *w = oracle_at(o, op, group[i], RS_BUFFER_OUT, a);
      end = RS_MAX(end, w->in_sram);
      if (!w->holds || w->value != value) ORACLE_BLAME(o, "chip %u: wrong result", group[i]);
    }
    for (uint64_t k = 0; k < s->compute_count; k++) {
      const rs_compute *c = &s->computes[k];
      if (c->reads_op == op && c->chip == group[i] && c->start_cycles < end) {
        ORACLE_BLAME(o, "interval %d starts early", (int)k);
      }
    }
  }
}

static inline void oracle_units(oracle *o) {
  const rs_schedule *s = o->schedule;
  for (uint64_t i = 0; i < s->compute_count; i++) {
    for (uint64_t k = 0; k < s->compute_count; k++) {
      const rs_compute *a = &s->computes[i], *b = &s->computes[k];
      if (i == k || a->chip != b->chip) continue;
      if (a->writes_op != RS_NONE && a->writes_op == b->writes_op) {
        ORACLE_BLAME(o, "two intervals make one input");
      }
      if (a->unit == b->unit && a->start_cycles <= b->start_cycles &&
          b->start_cycles < a->start_cycles + a->cycles) {
        ORACLE_BLAME(o, "two intervals at once");
      }
    }
  }
}

/* The verdict: empty, or a fault. The schedule must be well formed and small. */
static inline void oracle_judge(const rs_schedule *schedule, const rs_wiring *wiring, char *verdict,
                                size_t size) {
  oracle o = {.schedule = schedule, .wiring = wiring};
  size_t total = 0;
  assert_true(schedule->op_count <= RS_COUNT_OF(o.op_base));
  for (uint32_t op = 0; op < schedule->op_count; op++) {
    const rs_op *p = &schedule->ops[op];
    o.op_base[op] = total;
    for (int buffer = 0; buffer < 3; buffer++) {
      total += (size_t)oracle_size(p, buffer) * wiring->chip_count;
    }
  }
  o.words = calloc(total + 1, sizeof *o.words);
  for (size_t i = 0; i < total; i++) o.words[i].last_write = -1;
  for (uint32_t op = 0; op < schedule->op_count; op++) oracle_fill(&o, op);
  oracle_move(&o);
  for (uint32_t op = 0; op < schedule->op_count; op++) oracle_results(&o, op);
  oracle_units(&o);
  free(o.words);
  snprintf(verdict, size, "%s", o.fault);
}

#endif

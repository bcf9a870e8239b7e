/*
 * Small right schedules for the tests of the checker, written by a hand that knows every vector.
 *
 * The hand keeps a word for every vector of every memory and starts each burst at the first cycle at
 * which its link is free, all that it reads is there, and all that it overwrites has been read. So a
 * plan is nothing but a list of moves. It stays clear of what the checker refuses though it might be
 * right: exact times, not rounded ones; and bursts that share memory begin in the order of the list.
 */
#ifndef RS_TEST_CHECKER_PLANS_H
#define RS_TEST_CHECKER_PLANS_H

#include "rs_test_checker.h"

typedef struct hand_word {
  int64_t departs, settles;
  int64_t read;        /* latest departure; −1: none */
  int64_t write_first; /* first arrival of the latest burst that wrote here */
} hand_word;

typedef struct hand {
  rs_arena *arena;
  rs_wiring *wiring;
  rs_schedule *schedule;
  int64_t *link_free;
  hand_word *words[8][3]; /* [op][buffer] chips × size */
} hand;

static inline hand_word *hand_at(const hand *h, uint32_t op, uint32_t chip, int buffer,
                                 int64_t address) {
  int64_t size = oracle_size(&h->schedule->ops[op], buffer);
  assert_in_range(address, 0, size - 1);
  return &h->words[op][buffer][chip * size + address];
}

static inline void hand_open(hand *h, rs_wiring *wiring, rs_arena *arena, const rs_timing *timing) {
  memset(h, 0, sizeof *h);
  h->arena = arena;
  h->wiring = wiring;
  h->schedule = rs_schedule_create(arena, wiring, "", timing);
  h->link_free = RS_ARENA_NEW(arena, int64_t, wiring->link_count);
}

/* Memory of an operation that was just added, with its inputs. Intervals come first. */
static inline uint32_t hand_begin(hand *h, uint32_t op) {
  const rs_op *p = &h->schedule->ops[op];
  oracle o = {.schedule = h->schedule};
  for (int buffer = 0; buffer < 3; buffer++) {
    size_t words = (size_t)oracle_size(p, buffer) * h->wiring->chip_count;
    h->words[op][buffer] = RS_ARENA_NEW(h->arena, hand_word, words);
    for (size_t k = 0; k < words; k++) h->words[op][buffer][k] = (hand_word){0, 0, -1, 0};
  }
  for (uint32_t i = 0; i < p->group_count; i++) {
    uint32_t chip = h->schedule->group_chips[p->group_first + i];
    for (int64_t k = 0; k < rs_op_in_vectors(p); k++) {
      int64_t ready = oracle_ready(&o, op, chip, k);
      hand_word input = {ready + h->schedule->timing.send_cycles, ready, -1, 0};
      *hand_at(h, op, chip, RS_BUFFER_IN, k) = input;
      for (int64_t a = 0; a < rs_op_out_vectors(p); a++) {
        if (oracle_own(p, chip == p->root, i, a) == k)
          *hand_at(h, op, chip, RS_BUFFER_OUT, a) = input;
      }
    }
  }
  return op;
}

/* The first start of a burst that is clear of all that came before. */
static inline int64_t hand_earliest(const hand *h, const rs_burst *b) {
  const rs_timing *t = &h->schedule->timing;
  const rs_link *link = &h->wiring->links[b->link];
  int64_t latency = rs_timing_latency(t, link);
  int64_t start = h->link_free[b->link];
  for (int64_t k = 0; k < b->count; k++) {
    const hand_word *from = hand_at(h, b->op, link->from, b->source, b->source_offset + k);
    const hand_word *to = hand_at(h, b->op, link->to, b->target, b->target_offset + k);
    int64_t later = k * b->stride * t->slot_num / t->slot_den; /* ⌊·⌋: never too much */
    start = RS_MAX(start, from->departs - later);
    start = RS_MAX(start, from->write_first);
    start = RS_MAX(start, to->settles - latency - later);
    start = RS_MAX(start, to->read + 1 - latency);
    start = RS_MAX(start, to->write_first + 1 - latency);
  }
  return start;
}

static inline rs_burst *hand_move(hand *h, rs_burst burst) {
  const rs_timing *t = &h->schedule->timing;
  const rs_link *link = &h->wiring->links[burst.link];
  int64_t more = burst.action == RS_ACTION_ADD ? t->add_cycles : 0;
  burst.start_cycles = hand_earliest(h, &burst);
  for (int64_t k = 0; k < burst.count; k++) {
    hand_word *from = hand_at(h, burst.op, link->from, burst.source, burst.source_offset + k);
    hand_word *to = hand_at(h, burst.op, link->to, burst.target, burst.target_offset + k);
    int64_t departure = rs_burst_departure(t, &burst, k);
    int64_t arrival = rs_burst_arrival(t, link, &burst, k);
    from->read = RS_MAX(from->read, departure);
    to->departs = RS_MAX(to->departs, arrival + t->forward_cycles + more);
    to->settles = RS_MAX(to->settles, arrival + RS_MAX(t->receive_cycles + more, 1));
    to->write_first = RS_MAX(to->write_first, rs_burst_arrival(t, link, &burst, 0));
  }
  int64_t slots = (burst.count - 1) * burst.stride + 1;
  h->link_free[burst.link] = burst.start_cycles + rs_timing_slots(t, slots);
  return rs_schedule_add_burst(h->schedule, &burst);
}

/* from → to: count vectors of a buffer to the same or another place. */
static inline void hand_send(hand *h, uint32_t op, uint32_t from, uint32_t to, rs_buffer source,
                             int64_t source_offset, rs_buffer target, int64_t target_offset,
                             int64_t count, rs_action action) {
  rs_burst burst = {.count = count,
                    .source_offset = source_offset,
                    .target_offset = target_offset,
                    .link = link_between(h->wiring, from, to),
                    .op = op,
                    .stride = 1,
                    .source = (uint8_t)source,
                    .target = (uint8_t)target,
                    .action = (uint8_t)action};
  hand_move(h, burst);
}

/* ---- plans ---- */

static inline void plan_one_shot(hand *h, uint32_t op) {
  uint32_t n = h->schedule->ops[op].group_count;
  for (uint32_t d = 1; d < n; d++) {
    for (uint32_t c = 0; c < n; c++) {
      hand_send(h, op, c, (c + d) % n, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0,
                h->schedule->ops[op].block_vectors, RS_ACTION_ADD);
    }
  }
}

/* Shard s is summed on chip s and sent back: what `out` held before has been read from `out`. */
static inline void plan_two_phases(hand *h, uint32_t op) {
  uint32_t n = h->schedule->ops[op].group_count;
  int64_t shard = h->schedule->ops[op].block_vectors / n;
  for (int phase = 0; phase < 2; phase++) {
    for (uint32_t d = 1; d < n; d++) {
      for (uint32_t c = 0; c < n; c++) {
        uint32_t other = (c + d) % n;
        int64_t place = (phase == 0 ? other : c) * shard;
        hand_send(h, op, c, other, RS_BUFFER_OUT, place, RS_BUFFER_OUT, place, shard,
                  phase == 0 ? RS_ACTION_ADD : RS_ACTION_KEEP);
      }
    }
  }
}

static inline void plan_ring_all_gather(hand *h, uint32_t op) {
  uint32_t n = h->schedule->ops[op].group_count;
  int64_t b = h->schedule->ops[op].block_vectors;
  for (uint32_t step = 0; step + 1 < n; step++) {
    for (uint32_t c = 0; c < n; c++) {
      int64_t place = (c + n - step) % n * b;
      hand_send(h, op, c, (c + 1) % n, RS_BUFFER_OUT, place, RS_BUFFER_OUT, place, b,
                RS_ACTION_KEEP);
    }
  }
}

/* Pieces that are cut differently on every hop: in threes, then in twos, then whole. */
static inline void plan_chain_broadcast(hand *h, uint32_t op) {
  uint32_t n = h->schedule->ops[op].group_count;
  int64_t b = h->schedule->ops[op].block_vectors;
  for (uint32_t c = 0; c + 1 < n; c++) {
    int64_t piece = c % 3 == 0 ? 3 : c % 3 == 1 ? 2 : b;
    for (int64_t at = 0; at < b; at += piece) {
      hand_send(h, op, c, c + 1, RS_BUFFER_OUT, at, RS_BUFFER_OUT, at, RS_MIN(piece, b - at),
                RS_ACTION_KEEP);
    }
  }
}

/* A pair of a send along a line, through hop buffers; half of tmp is used, then again. */
static inline void plan_relayed_pair(hand *h, uint32_t op, uint32_t from, uint32_t to) {
  int64_t b = h->schedule->ops[op].block_vectors;
  int64_t tmp = h->schedule->ops[op].tmp_vectors;
  for (int64_t at = 0; at < b; at += tmp) {
    int64_t count = RS_MIN(tmp, b - at);
    for (uint32_t c = from; c != to;) {
      uint32_t next = c < to ? c + 1 : c - 1;
      bool last = next == to;
      hand_send(h, op, c, next, c == from ? RS_BUFFER_IN : RS_BUFFER_TMP, c == from ? at : 0,
                last ? RS_BUFFER_OUT : RS_BUFFER_TMP, last ? at : 0, count,
                last ? RS_ACTION_KEEP : RS_ACTION_FORWARD);
      c = next;
    }
  }
}

/* Every kind that needs no more than one move a pair, on a mesh. */
static inline void plan_direct(hand *h, uint32_t op) {
  const rs_op *p = &h->schedule->ops[op];
  uint32_t n = p->group_count;
  int64_t b = p->block_vectors;
  bool from_root = p->kind == RS_SCATTER || p->kind == RS_BROADCAST;
  bool to_root = p->kind == RS_GATHER || p->kind == RS_REDUCE;
  bool sum = p->kind == RS_REDUCE || p->kind == RS_REDUCE_SCATTER;
  for (uint32_t c = 0; c < n; c++) {
    for (uint32_t d = 0; d < n; d++) {
      if (c == d || (from_root && c != p->root) || (to_root && d != p->root)) continue;
      bool by_target =
          p->kind == RS_SCATTER || p->kind == RS_REDUCE_SCATTER || p->kind == RS_ALL_TO_ALL;
      bool by_source = p->kind == RS_GATHER || p->kind == RS_ALL_TO_ALL;
      int64_t source = by_target ? d * b : 0;
      int64_t target = by_source ? c * b : by_target ? d * b : 0;
      hand_send(h, op, c, d, RS_BUFFER_IN, source, RS_BUFFER_OUT, target, b,
                sum ? RS_ACTION_ADD : RS_ACTION_KEEP);
    }
  }
}

static inline void put_interval(rs_schedule *s, uint32_t chip, rs_unit unit, int64_t start,
                                int64_t cycles, int64_t first, uint32_t reads, uint32_t writes) {
  rs_compute compute = {.start_cycles = start,
                        .cycles = cycles,
                        .first_cycles = first,
                        .chip = chip,
                        .reads_op = reads,
                        .writes_op = writes,
                        .label = rs_schedule_label(s, "work"),
                        .unit = (uint8_t)unit};
  assert_non_null(rs_schedule_add_compute(s, &compute));
}

/* When a member's whole result is in SRAM, by the hand's words. */
static inline int64_t hand_result(const hand *h, uint32_t op, uint32_t chip) {
  int64_t end = 0;
  for (int64_t a = 0; a < rs_op_out_vectors(&h->schedule->ops[op]); a++) {
    end = RS_MAX(end, hand_at(h, op, chip, RS_BUFFER_OUT, a)->settles);
  }
  return end;
}

/* Work that makes inputs, an all-reduce of them, work on its result that makes the inputs of the
 * next one. */
static inline void plan_computed(hand *h, uint32_t chips, int64_t block) {
  rs_schedule *s = h->schedule;
  uint32_t op[2];
  for (int layer = 0; layer < 2; layer++) {
    op[layer] = put_op(s, RS_ALL_REDUCE, chips, RS_NONE, block, 0);
    for (uint32_t c = 0; c < chips; c++) {
      int64_t start = layer == 0 ? 10 * c : hand_result(h, op[0], c);
      put_interval(s, c, RS_UNIT_MATRIX, start, 100 + 7 * c, 13, layer == 0 ? RS_NONE : op[0],
                   op[layer]);
    }
    hand_begin(h, op[layer]);
    plan_one_shot(h, op[layer]);
  }
  for (uint32_t c = 0; c < chips; c++) {
    put_interval(s, c, RS_UNIT_VECTOR, hand_result(h, op[1], c), 50, 0, op[1], RS_NONE);
  }
}

/* ---- the collection ---- */

typedef enum plan_kind {
  PLAN_ONE_SHOT,
  PLAN_TWO_PHASES,
  PLAN_RING,
  PLAN_CHAIN,
  PLAN_RELAYS,
  PLAN_DIRECT,
  PLAN_COMPUTED,
  PLAN_COUNT
} plan_kind;

static inline const char *plan_word(plan_kind kind) {
  static const char *const words[] = {"one-shot", "two phases", "ring",    "chain",
                                      "relays",   "direct",     "computed"};
  return words[kind];
}

static inline void plan_relays(hand *h) {
  uint32_t pairs[] = {0, 3, 5, 2, 1, 0};
  rs_op op = {
      .kind = RS_SEND, .root = RS_NONE, .block_bytes = 1, .block_vectors = 7, .tmp_vectors = 4};
  uint32_t index = rs_schedule_add_op(h->schedule, &op, pairs, 6);
  hand_begin(h, index);
  for (int i = 0; i < 6; i += 2) plan_relayed_pair(h, index, pairs[i], pairs[i + 1]);
}

static inline void plan_all_direct(hand *h) {
  static const rs_collective_kind kinds[] = {RS_REDUCE_SCATTER, RS_SCATTER, RS_GATHER,
                                             RS_ALL_TO_ALL,     RS_REDUCE,  RS_BROADCAST};
  for (size_t i = 0; i < RS_COUNT_OF(kinds); i++) {
    bool rooted = kinds[i] != RS_REDUCE_SCATTER && kinds[i] != RS_ALL_TO_ALL;
    uint32_t root = rooted ? (uint32_t)i % 4 : RS_NONE;
    uint32_t op = put_op(h->schedule, kinds[i], 4, root, 2 + (int64_t)i % 3, 0);
    plan_direct(h, hand_begin(h, op));
  }
}

/* A right schedule of a kind. */
static inline void plan_make(hand *h, plan_kind kind, rs_arena *arena, const rs_timing *timing) {
  bool is_line = kind == PLAN_CHAIN || kind == PLAN_RELAYS;
  uint32_t chips = kind == PLAN_RELAYS ? 6 : kind == PLAN_RING ? 5 : 4;
  uint32_t reach = is_line || kind == PLAN_RING ? 1 : chips;
  hand_open(h, make_wiring(arena, chips, reach, kind == PLAN_RING), arena, timing);
  rs_schedule *s = h->schedule;
  switch (kind) {
    case PLAN_ONE_SHOT:
      plan_one_shot(h, hand_begin(h, put_op(s, RS_ALL_REDUCE, chips, RS_NONE, 6, 0)));
      break;
    case PLAN_TWO_PHASES:
      plan_two_phases(h, hand_begin(h, put_op(s, RS_ALL_REDUCE, chips, RS_NONE, 8, 0)));
      break;
    case PLAN_RING:
      plan_ring_all_gather(h, hand_begin(h, put_op(s, RS_ALL_GATHER, chips, RS_NONE, 3, 0)));
      break;
    case PLAN_CHAIN:
      plan_chain_broadcast(h, hand_begin(h, put_op(s, RS_BROADCAST, chips, 0, 8, 0)));
      break;
    case PLAN_RELAYS:
      plan_relays(h);
      break;
    case PLAN_DIRECT:
      plan_all_direct(h);
      break;
    case PLAN_COMPUTED:
      plan_computed(h, chips, 6);
      break;
    case PLAN_COUNT:
      break;
  }
}

#endif

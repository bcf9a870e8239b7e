/*
 * The schedule: everything that a compiled program does on the clock.
 *
 * It has operations (what is to be achieved), bursts (runs of vectors on links) and compute
 * intervals (runs of work on a chip's unit). Cost does not depend on message size: a burst of 10^9
 * vectors is one record.
 *
 * MEMORY. Every operation gives each chip three buffers of vectors, addressed from 0:
 *   in    the chip's own contribution; never written
 *   out   where the result is to be; for reductions and for a chip's own part of a result it holds
 *         a copy of the chip's input at the start (see the table), elsewhere nothing
 *   tmp   tmp_vectors of hop buffer, holding nothing at the start. What is added there first is added
 *         to zero: a compiled program clears such places beforehand, since it knows them. So a sum
 *         that is made on the way has no first part that the others would have to wait for. Nothing
 *         can be read before something came.
 * Vector `a` of `in` on chip c is the symbol e(c, a). With N chips in the group, i the position of
 * a chip in it, and b = block_vectors:
 *
 *   all-reduce      in b;    out: own in at the start
 *                   end, every chip i:  out[k] = Σ_j e(j, k)                      k < b
 *   reduce-scatter  in N·b;  out: own in at the start
 *                   end, every chip i:  out[i·b+k] = Σ_j e(j, i·b+k)              k < b
 *   all-gather      in b;    out[i·b+k] = in[k] at the start
 *                   end, every chip:    out[j·b+k] = e(j, k)                      j < N, k < b
 *   broadcast       in b at the root; out: own in at the root at the start
 *                   end, every chip:    out[k] = e(r, k)
 *   reduce          in b;    out: own in at the start
 *                   end, at the root:   out[k] = Σ_j e(j, k)
 *   scatter         in N·b at the root; out: own in at the root at the start
 *                   end, every chip i:  out[i·b+k] = e(r, i·b+k)
 *   gather          in b;    out[r·b+k] = in[k] at the root at the start
 *                   end, at the root:   out[j·b+k] = e(j, k)
 *   all-to-all      in N·b;  out[i·b+k] = in[i·b+k] at the start
 *                   end, every chip i:  out[j·b+k] = e(j, i·b+k)                  j < N, k < b
 *   send            group = pairs s0 d0 s1 d1 …; in b at each s; out empty at the start
 *                   end, at each d:     out[k] = e(s, k); a chip may send in several pairs but
 *                   receives in at most one
 *
 * (r = position of the root.) What `out` holds elsewhere at the end does not matter. Chips outside
 * the group take part as relays: they have no `in`, their `out` is empty at the start.
 *
 * TIME. See rs_timing.h for departures and arrivals. A burst reads vector k of its source at its
 * departure and writes it at its arrival. With d the departure and a the arrival of a vector:
 *   - a vector that was in SRAM at cycle t may depart from t + send_cycles on; an `in` vector is in
 *     SRAM from its ready time on (below);
 *   - a vector written by `keep` or `forward` may depart from a + forward_cycles, and is in SRAM
 *     from a + receive_cycles;
 *   - one written by `add` may depart from a + forward_cycles + add_cycles, and is in SRAM from
 *     a + receive_cycles + add_cycles. Adds into one address commute and may coincide; a read
 *     between an add's arrival and its completion is a fault.
 *   - a kept vector and vectors that are added to it may arrive at the same instant: they meet at
 *     the adder, and their sum is what is first written there.
 *
 * TRANSMISSIONS. Bursts of one operation that agree in link, start, count, stride, source and
 * source offset and differ in target or target offset are one transmission (rs_burst_shares): the
 * link carries the vectors once, and each burst writes them to a place of its own. A vector that
 * arrives is a stream past the receiver's memory and vector unit, and what one of them takes from it
 * is still there for the next; so it may be added to `out` and kept in `tmp`, or added in two places,
 * at the price of an add each. Link time, wire bytes and energy count a transmission once; writes and
 * adds count every burst. Two bursts on one link with one start that are not one transmission
 * collide, and so do exact duplicates. In canonical order a transmission's bursts are neighbours.
 *
 * READY. in[k] of an operation on a chip is in SRAM from ready_cycles on, unless a compute interval
 * on that chip has writes_op = the operation: then vector k of the n that the interval makes is in
 * SRAM at start + first_cycles + ⌈k·(cycles − first_cycles)/(n−1)⌉ (n = 1: at start + cycles).
 * A compute interval with reads_op = an operation may start only when the chip's whole result of it
 * is in SRAM.
 *
 * STALLS. Oscillators drift apart (rs_deskew.h), so a schedule can hold stalls: instructions that every
 * chip executes before the same cycle, and that take time but no cycle of the schedule. A cycle is what
 * a chip executes, so while all stall nothing departs, nothing is added and nothing computes, and what is
 * in flight waits at its port. The first stall is DESKEW, before cycle 0: until the chip's counter is at
 * an epoch edge that all agreed on. The others are RUNTIME_DESKEW: `cycles` ticks, less or more by what
 * the chip ran ahead of its counter or fell behind. A schedule with stalls promises
 *   - that no more than deskew_interval_cycles are executed without one (0: no such promise), and
 *   - that what was received is needed no sooner than deskew_margin_cycles after it could be.
 * All other times, the makespan too, are in cycles of the schedule. What a clock on the wall shows is
 * rs_schedule_wall of it.
 *
 * The makespan runs from cycle 0 of the schedule, when the first inputs are in SRAM, to the cycle
 * when the last result is in SRAM and the last compute interval has ended.
 *
 * Canonical order (rs_schedule_sort): bursts by (start, link, op, source, source_offset, target,
 * target_offset); computes by (start, chip, unit); stalls by cycle. Memory is the arena's; arrays grow by doubling.
 */
#ifndef RS_SCHEDULE_H
#define RS_SCHEDULE_H

#include "rs_timing.h"

typedef enum rs_collective_kind {
  RS_ALL_REDUCE,
  RS_REDUCE_SCATTER,
  RS_ALL_GATHER,
  RS_BROADCAST,
  RS_REDUCE,
  RS_SCATTER,
  RS_GATHER,
  RS_ALL_TO_ALL,
  RS_SEND,
  RS_COLLECTIVE_KIND_COUNT
} rs_collective_kind;

typedef enum rs_buffer { RS_BUFFER_IN, RS_BUFFER_OUT, RS_BUFFER_TMP } rs_buffer;

typedef enum rs_action {
  RS_ACTION_KEEP,   /* write */
  RS_ACTION_ADD,    /* sum into what is there; in `out` there must be something */
  RS_ACTION_FORWARD /* write to a hop buffer (tmp) only to send on */
} rs_action;

/* Functional units of a chip, for compute intervals; one interval at a time a unit. */
typedef enum rs_unit { RS_UNIT_MATRIX, RS_UNIT_VECTOR, RS_UNIT_HOST, RS_UNIT_COUNT } rs_unit;

typedef struct rs_op {
  rs_collective_kind kind;
  uint32_t group_first; /* index into rs_schedule.group_chips */
  uint32_t group_count; /* for send: twice the number of pairs */
  uint32_t root;        /* chip, or RS_NONE where the kind has no root */
  int64_t block_bytes;  /* payload of b, as the user gave it */
  int64_t block_vectors;
  int64_t tmp_vectors;
  int64_t ready_cycles;
  char algorithm[32]; /* which table row made it: for people, the checker ignores it */
  char label[48];     /* what it is for: "layer 3 attention"; no blanks at the ends; may be empty */
} rs_op;

typedef struct rs_burst {
  int64_t start_cycles;
  int64_t count;         /* vectors, ≥ 1 */
  int64_t source_offset; /* vectors */
  int64_t target_offset;
  uint32_t link;
  uint32_t op;
  uint32_t stride; /* slots from one vector to the next, ≥ 1 */
  uint8_t source;  /* rs_buffer on the sender */
  uint8_t target;  /* rs_buffer on the receiver: out or tmp */
  uint8_t action;  /* rs_action */
} rs_burst;

typedef struct rs_compute {
  int64_t start_cycles;
  int64_t cycles;
  int64_t first_cycles; /* ≤ cycles; from start to the first vector for writes_op */
  uint32_t chip;
  uint32_t reads_op;  /* RS_NONE: none */
  uint32_t writes_op; /* RS_NONE: none */
  uint32_t label;     /* index into rs_schedule.labels */
  uint8_t unit;       /* rs_unit */
} rs_compute;

typedef enum rs_stall_kind { RS_DESKEW, RS_RUNTIME_DESKEW, RS_STALL_KIND_COUNT } rs_stall_kind;

typedef struct rs_stall {
  int64_t at_cycles; /* the cycle that is executed when it is over */
  int64_t cycles;    /* ≥ 1 */
  uint8_t kind;      /* rs_stall_kind */
} rs_stall;

typedef struct rs_schedule {
  rs_arena *arena;
  rs_timing timing;
  char topology[256]; /* canonical spec, or empty */
  uint64_t wiring_digest;
  uint32_t chip_count;
  uint32_t link_count;

  rs_op *ops;
  uint32_t op_count, op_capacity;
  uint32_t *group_chips;
  uint32_t group_chip_count, group_chip_capacity;
  rs_burst *bursts;
  uint64_t burst_count, burst_capacity;
  rs_compute *computes;
  uint64_t compute_count, compute_capacity;
  rs_stall *stalls;
  uint64_t stall_count, stall_capacity;
  int64_t deskew_interval_cycles; /* 0 without stalls, as the margin */
  int64_t deskew_margin_cycles;
  const char **labels; /* unique, in order of first use */
  uint32_t label_count, label_capacity;
  uint32_t *label_slots; /* hash of text → index + 1; rs_schedule_label's own */
  uint32_t label_slot_count;
} rs_schedule;

/* An empty schedule for a wiring; `topology` is the spec that builds it, or "". A spec that is too
 * long to be held is left out, not cut: a cut one would name another wiring. */
rs_schedule *rs_schedule_create(rs_arena *arena, const rs_wiring *wiring, const char *topology,
                                const rs_timing *timing);

/* The five ways to append; they copy their argument. NULL or RS_NONE: no memory. */
uint32_t rs_schedule_add_op(rs_schedule *schedule, const rs_op *op, const uint32_t *chips,
                            uint32_t chip_count);
rs_burst *rs_schedule_add_burst(rs_schedule *schedule, const rs_burst *burst);
bool rs_schedule_reserve_bursts(rs_schedule *schedule, uint64_t more); /* no copying for so many */
rs_compute *rs_schedule_add_compute(rs_schedule *schedule, const rs_compute *compute);
bool rs_schedule_reserve_computes(rs_schedule *schedule, uint64_t more);
rs_stall *rs_schedule_add_stall(rs_schedule *schedule, const rs_stall *stall);
uint32_t rs_schedule_label(rs_schedule *schedule, const char *label); /* finds or adds */

void rs_schedule_sort(rs_schedule *schedule);

/* Shape of an operation's memory. in_vectors: of a member (root or not as the kind says). */
int64_t rs_op_in_vectors(const rs_op *op);
int64_t rs_op_out_vectors(const rs_op *op);

/* Exact time of a burst in ticks of 1/slot_den cycle: when vector k starts on the link. */
static inline rs_int128 rs_burst_ticks(const rs_timing *timing, const rs_burst *burst, int64_t k) {
  return (rs_int128)burst->start_cycles * timing->slot_den +
         (rs_int128)k * burst->stride * timing->slot_num;
}

/* The time at which a cycle is executed, in cycles of the nominal clock since the first stall began; of an
 * end (`cycle` − 1 is the last that is executed) without the stall before `cycle`. O(stalls). */
int64_t rs_schedule_wall(const rs_schedule *schedule, int64_t cycle);
int64_t rs_schedule_wall_end(const rs_schedule *schedule, int64_t cycle);

/* Departure of vector k, in cycles. */
static inline int64_t rs_burst_departure(const rs_timing *timing, const rs_burst *burst,
                                         int64_t k) {
  return burst->start_cycles + rs_timing_slots(timing, k * burst->stride);
}

/* Arrival of vector k at the receiving port, in cycles. */
static inline int64_t rs_burst_arrival(const rs_timing *timing, const rs_link *link,
                                       const rs_burst *burst, int64_t k) {
  return rs_burst_departure(timing, burst, k) + rs_timing_latency(timing, link);
}

/* Both are of one transmission: see above. Neither has to be well-formed. */
static inline bool rs_burst_shares(const rs_burst *a, const rs_burst *b) {
  return a->link == b->link && a->start_cycles == b->start_cycles && a->op == b->op &&
         a->source == b->source && a->source_offset == b->source_offset && a->count == b->count &&
         a->stride == b->stride && (a->target != b->target || a->target_offset != b->target_offset);
}

/* Burst `index` of a schedule in canonical order is carried by the link for the one before it: what
 * the link does is counted there. O(1). */
static inline bool rs_schedule_rides(const rs_schedule *schedule, uint64_t index) {
  return index > 0 && rs_burst_shares(&schedule->bursts[index - 1], &schedule->bursts[index]);
}

/* Well-formedness, without judging the plan: indices in range, counts and strides ≥ 1, offsets
 * inside the buffers, times ≥ 0 and below 2^60, `in` never a target, labels known, texts printable.
 * RS_E_REFUSED names the first wrong record. O(records). The proof that the plan is right is
 * rs_checker.h. */
rs_status rs_schedule_validate(const rs_schedule *schedule, const rs_wiring *wiring, rs_diag *diag);

/* Over all that the text form says, in canonical order. Sorts if need be. */
uint64_t rs_schedule_digest(rs_schedule *schedule);

const char *rs_stall_kind_word(rs_stall_kind kind);           /* "deskew" "runtime-deskew" */
const char *rs_collective_kind_word(rs_collective_kind kind); /* "all-reduce" … */
bool rs_collective_kind_parse(const char *word, rs_collective_kind *kind);
const char *rs_buffer_word(rs_buffer buffer); /* "in" "out" "tmp" */
const char *rs_action_word(rs_action action); /* "keep" "add" "forward" */
const char *rs_unit_word(rs_unit unit);       /* "matrix" "vector" "host" */

#endif

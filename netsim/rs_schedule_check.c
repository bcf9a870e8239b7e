/*
 * Well-formedness of a schedule: each record by itself. Every range is checked in an order that
 * keeps the arithmetic of the next check inside 64 or 128 bits, so that nothing that passes here can
 * overflow in rs_burst_departure and its like.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__schedule.h"

#define NO_FAULT ((rs__record_fault){NULL, RS__FIELD_RECORD})

static rs__record_fault fault(rs__field field, const char *what) {
  return (rs__record_fault){what, field};
}

bool rs__schedule_text_is_line(const char *text, size_t size) {
  size_t length = 0;
  for (; length < size && text[length] != '\0'; length++) {
    unsigned char c = (unsigned char)text[length];
    if (c < 0x20 || c == 0x7f) return false;
  }
  return length < size && (length == 0 || (text[0] != ' ' && text[length - 1] != ' '));
}

/* May be empty, which is written as '-'; so "-" itself is not a word. */
static bool text_is_word(const char *text, size_t size) {
  if (!rs__schedule_text_is_line(text, size) || strcmp(text, "-") == 0) return false;
  for (; *text != '\0'; text++) {
    if (*text == ' ') return false;
  }
  return true;
}

/* ---- operations ---- */

static bool has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

static rs__record_fault op_shape_fault(const rs_schedule *s, const rs_op *op) {
  if (op->kind >= RS_COLLECTIVE_KIND_COUNT) return fault(RS__FIELD_KIND, "unknown kind");
  if (op->group_count == 0 || op->group_first > s->group_chip_count ||
      op->group_count > s->group_chip_count - op->group_first) {
    return fault(RS__FIELD_GROUP, "the group is not a range of chips");
  }
  if (op->block_bytes < 1) return fault(RS__FIELD_BYTES, "a block has at least one byte");
  if (op->block_vectors < 1 || op->block_vectors > RS__VECTORS_MAX / op->group_count) {
    return fault(RS__FIELD_VECTORS, "a buffer has at least one vector and at most 2^40");
  }
  if (op->tmp_vectors < 0 || op->tmp_vectors > RS__VECTORS_MAX) {
    return fault(RS__FIELD_TMP, "a hop buffer has at most 2^40 vectors");
  }
  if (op->ready_cycles < 0 || op->ready_cycles > RS__TIME_CYCLES_MAX) {
    return fault(RS__FIELD_READY, "the ready time is beyond 2^60 cycles");
  }
  if (op->kind == RS_SEND && op->group_count % 2 != 0) {
    return fault(RS__FIELD_GROUP, "a send needs pairs of chips");
  }
  if (has_root(op->kind) && op->root == RS_NONE) {
    return fault(RS__FIELD_ROOT, "the root is missing");
  }
  if (!has_root(op->kind) && op->root != RS_NONE) {
    return fault(RS__FIELD_ROOT, "this kind has no root");
  }
  if (!text_is_word(op->algorithm, sizeof op->algorithm)) {
    return fault(RS__FIELD_ALGORITHM, "the algorithm's name is not one word");
  }
  if (!rs__schedule_text_is_line(op->label, sizeof op->label)) {
    return fault(RS__FIELD_LABEL, "the label is not one line of printable text");
  }
  return NO_FAULT;
}

/* Members must be chips, each once (for send: each once as a destination), the root among them.
 * mark[chip] is the number of the last operation that named the chip, counted from 1. */
rs__record_fault rs__schedule_op_fault(const rs_schedule *s, uint32_t index, uint32_t *mark) {
  const rs_op *op = &s->ops[index];
  rs__record_fault shape = op_shape_fault(s, op);
  if (shape.what != NULL) return shape;
  const uint32_t *group = s->group_chips + op->group_first;
  bool rooted = !has_root(op->kind);
  for (uint32_t i = 0; i < op->group_count; i++) {
    if (group[i] >= s->chip_count) return fault(RS__FIELD_GROUP, "a chip is out of range");
    if (group[i] == op->root) rooted = true;
    if (op->kind == RS_SEND && i % 2 == 0) {
      if (group[i] == group[i + 1]) return fault(RS__FIELD_GROUP, "a chip sends to itself");
      continue;
    }
    if (mark[group[i]] == index + 1) {
      return fault(RS__FIELD_GROUP, op->kind == RS_SEND ? "a chip receives twice"
                                                        : "a chip stands in the group twice");
    }
    mark[group[i]] = index + 1;
  }
  return rooted ? NO_FAULT : fault(RS__FIELD_ROOT, "the root is not in the group");
}

/* ---- bursts ---- */

static int64_t buffer_vectors(const rs_op *op, uint8_t buffer) {
  if (buffer == RS_BUFFER_IN) return rs_op_in_vectors(op);
  return buffer == RS_BUFFER_OUT ? rs_op_out_vectors(op) : op->tmp_vectors;
}

static bool range_fits(int64_t offset, int64_t count, int64_t size) {
  return offset >= 0 && count <= size && offset <= size - count;
}

/* The last slot's number is kept below 2^60 too: with slots far shorter than a cycle it, and not the
 * time, would leave 64 bits first. */
static rs__record_fault burst_time_fault(const rs_timing *t, const rs_burst *b) {
  if (b->start_cycles < 0) return fault(RS__FIELD_START, "it starts before cycle 0");
  if ((rs_int128)(b->count - 1) * b->stride > RS__TIME_CYCLES_MAX) {
    return fault(RS__FIELD_COUNT, "it takes more than 2^60 slots");
  }
  rs_int128 end = rs_burst_ticks(t, b, b->count - 1) + t->slot_num;
  if (end > (rs_int128)RS__TIME_CYCLES_MAX * t->slot_den) {
    return fault(RS__FIELD_START, "it ends beyond 2^60 cycles");
  }
  return NO_FAULT;
}

rs__record_fault rs__schedule_burst_fault(const rs_schedule *s, const rs_burst *b) {
  if (b->link >= s->link_count) return fault(RS__FIELD_LINK, "the link is out of range");
  if (b->op >= s->op_count) return fault(RS__FIELD_OP, "the operation is out of range");
  if (b->count < 1 || b->count > RS__VECTORS_MAX) {
    return fault(RS__FIELD_COUNT, "a burst has at least one vector and at most 2^40");
  }
  if (b->stride < 1) return fault(RS__FIELD_COUNT, "a stride is at least one slot");
  if (b->source > RS_BUFFER_TMP) return fault(RS__FIELD_SOURCE, "unknown buffer");
  if (b->target > RS_BUFFER_TMP) return fault(RS__FIELD_TARGET, "unknown buffer");
  if (b->action > RS_ACTION_FORWARD) return fault(RS__FIELD_ACTION, "unknown action");
  if (b->target == RS_BUFFER_IN) return fault(RS__FIELD_TARGET, "'in' is never written");
  if (b->action == RS_ACTION_FORWARD && b->target != RS_BUFFER_TMP) {
    return fault(RS__FIELD_ACTION, "'forward' writes to tmp only");
  }
  const rs_op *op = &s->ops[b->op];
  if (!range_fits(b->source_offset, b->count, buffer_vectors(op, b->source))) {
    return fault(RS__FIELD_SOURCE, "it reads beyond its source buffer");
  }
  if (!range_fits(b->target_offset, b->count, buffer_vectors(op, b->target))) {
    return fault(RS__FIELD_TARGET, "it writes beyond its target buffer");
  }
  return burst_time_fault(&s->timing, b);
}

/* ---- compute intervals ---- */

rs__record_fault rs__schedule_compute_fault(const rs_schedule *s, const rs_compute *c) {
  if (c->chip >= s->chip_count) return fault(RS__FIELD_CHIP, "the chip is out of range");
  if (c->unit >= RS_UNIT_COUNT) return fault(RS__FIELD_UNIT, "unknown unit");
  if (c->start_cycles < 0 || c->start_cycles > RS__TIME_CYCLES_MAX) {
    return fault(RS__FIELD_START, "it starts before cycle 0 or beyond 2^60");
  }
  if (c->cycles < 0 || c->cycles > RS__TIME_CYCLES_MAX - c->start_cycles) {
    return fault(RS__FIELD_CYCLES, "it ends before its start or beyond 2^60 cycles");
  }
  if (c->first_cycles < 0 || c->first_cycles > c->cycles) {
    return fault(RS__FIELD_FIRST, "the first vector comes after the end");
  }
  if (c->reads_op != RS_NONE && c->reads_op >= s->op_count) {
    return fault(RS__FIELD_READS, "it reads no operation");
  }
  if (c->writes_op != RS_NONE && c->writes_op >= s->op_count) {
    return fault(RS__FIELD_WRITES, "it writes no operation");
  }
  if (c->label >= s->label_count) return fault(RS__FIELD_LABEL, "the label is out of range");
  return NO_FAULT;
}

/* ---- the whole ---- */

static rs_status check_ops(const rs_schedule *s, rs_diag *diag) {
  uint32_t *mark = calloc((size_t)s->chip_count + 1, sizeof *mark);
  if (mark == NULL) return rs_arena_failed(NULL, diag);
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < s->op_count && status == RS_OK; i++) {
    const char *what = rs__schedule_op_fault(s, i, mark).what;
    if (what != NULL) status = rs_diag_set(diag, RS_E_REFUSED, "operation %u: %s", i, what);
  }
  free(mark);
  return status;
}

static rs_status check_frame(const rs_schedule *s, const rs_wiring *wiring, rs_diag *diag) {
  if (rs_timing_check(&s->timing, diag) != RS_OK) {
    if (diag != NULL) diag->status = RS_E_REFUSED;
    return RS_E_REFUSED;
  }
  if (s->chip_count != wiring->chip_count || s->link_count != wiring->link_count ||
      s->wiring_digest != rs_wiring_digest(wiring)) {
    return rs_diag_set(diag, RS_E_REFUSED, "the schedule was made for another wiring");
  }
  if (!rs__schedule_text_is_line(s->topology, sizeof s->topology)) {
    return rs_diag_set(diag, RS_E_REFUSED, "the topology is not one line of printable text");
  }
  for (uint32_t i = 0; i < s->label_count; i++) {
    if (rs__schedule_text_is_line(s->labels[i], RS__LABEL_BYTES)) continue;
    return rs_diag_set(diag, RS_E_REFUSED,
                       "label %u is not one line of at most %d printable characters", i,
                       RS__LABEL_BYTES - 1);
  }
  return RS_OK;
}

static rs_status check_stalls(const rs_schedule *s, rs_diag *diag) {
  const char *what = rs__schedule_deskew_fault(s).what;
  if (what != NULL) return rs_diag_set(diag, RS_E_REFUSED, "deskew: %s", what);
  for (uint64_t i = 0; i < s->stall_count; i++) {
    what = rs__schedule_stall_fault(s, i).what;
    if (what == NULL) continue;
    return rs_diag_set(diag, RS_E_REFUSED, "stall %llu: %s", (unsigned long long)i, what);
  }
  return RS_OK;
}

/* ---- bursts without a word ---- */

/* What all bursts are held against first: sizes of every operation's buffers, worked out once, and
 * times that are half of what is allowed. What is not plainly right is looked at by
 * rs__schedule_burst_fault, which says what is wrong with it, if anything is. */
typedef struct burst_limits {
  int64_t (*sizes)[3]; /* [op][buffer] */
  int64_t slots_max;   /* ⌊2^59 cycles in slots⌋, at most 2^59 */
} burst_limits;

static bool set_limits(const rs_schedule *s, burst_limits *limits) {
  limits->sizes = calloc((size_t)s->op_count + 1, sizeof *limits->sizes);
  if (limits->sizes == NULL) return false;
  for (uint32_t i = 0; i < s->op_count; i++) {
    for (uint8_t buffer = RS_BUFFER_IN; buffer <= RS_BUFFER_TMP; buffer++) {
      limits->sizes[i][buffer] = buffer_vectors(&s->ops[i], buffer);
    }
  }
  const int64_t half = RS__TIME_CYCLES_MAX / 2;
  rs_int128 slots = (rs_int128)half * s->timing.slot_den / s->timing.slot_num;
  limits->slots_max = (int64_t)RS_MIN(slots, (rs_int128)half);
  return true;
}

static inline bool is_plainly_right(const rs_schedule *s, const burst_limits *limits,
                                    const rs_burst *b) {
  if (b->link >= s->link_count || b->op >= s->op_count) return false;
  if (b->source > RS_BUFFER_TMP || b->target > RS_BUFFER_TMP) return false;
  const int64_t *sizes = limits->sizes[b->op];
  bool fits = b->target != RS_BUFFER_IN && b->action <= RS_ACTION_FORWARD &&
              (b->action != RS_ACTION_FORWARD || b->target == RS_BUFFER_TMP) && b->count >= 1 &&
              b->count <= RS__VECTORS_MAX && b->stride >= 1 &&
              range_fits(b->source_offset, b->count, sizes[b->source]) &&
              range_fits(b->target_offset, b->count, sizes[b->target]);
  return fits && b->start_cycles >= 0 && b->start_cycles <= RS__TIME_CYCLES_MAX / 2 &&
         (rs_int128)(b->count - 1) * b->stride < limits->slots_max;
}

static rs_status check_bursts(const rs_schedule *s, rs_diag *diag) {
  burst_limits limits;
  if (!set_limits(s, &limits)) return rs_arena_failed(NULL, diag);
  rs_status status = RS_OK;
  for (uint64_t i = 0; i < s->burst_count && status == RS_OK; i++) {
    if (is_plainly_right(s, &limits, &s->bursts[i])) continue;
    const char *what = rs__schedule_burst_fault(s, &s->bursts[i]).what;
    if (what == NULL) continue;
    status = rs_diag_set(diag, RS_E_REFUSED, "burst %llu: %s", (unsigned long long)i, what);
  }
  free(limits.sizes);
  return status;
}

rs_status rs_schedule_validate(const rs_schedule *s, const rs_wiring *wiring, rs_diag *diag) {
  rs_status status = check_frame(s, wiring, diag);
  if (status == RS_OK) status = check_ops(s, diag);
  if (status == RS_OK) status = check_bursts(s, diag);
  if (status != RS_OK) return status;
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const char *what = rs__schedule_compute_fault(s, &s->computes[i]).what;
    if (what == NULL) continue;
    return rs_diag_set(diag, RS_E_REFUSED, "compute interval %llu: %s", (unsigned long long)i,
                       what);
  }
  return check_stalls(s, diag);
}

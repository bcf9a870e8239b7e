/* The schedule: growing arrays, canonical order, well-formedness, digest and words. */
#include "rs_schedule.h"

#include <stdlib.h>
#include <string.h>

#define TIME_CYCLES_MAX (INT64_C(1) << 60)
#define VECTORS_MAX (INT64_C(1) << 40)

rs_schedule *rs_schedule_create(rs_arena *arena, const rs_wiring *wiring, const char *topology,
                                const rs_timing *timing) {
  rs_schedule *schedule = RS_ARENA_NEW(arena, rs_schedule, 1);
  if (schedule == NULL) return NULL;
  schedule->arena = arena;
  schedule->timing = *timing;
  schedule->wiring_digest = rs_wiring_digest(wiring);
  schedule->chip_count = wiring->chip_count;
  schedule->link_count = wiring->link_count;
  size_t length = strnlen(topology, sizeof schedule->topology - 1);
  memcpy(schedule->topology, topology, length);
  return schedule;
}

/* Room for `more` items behind `count`: doubles, in the arena. Returns the array or NULL. */
static void *grow(rs_arena *arena, void *items, uint64_t count, uint64_t more, uint64_t *capacity,
                  size_t size) {
  if (count + more <= *capacity) return items;
  uint64_t wanted = RS_MAX(RS_MAX(2 * *capacity, count + more), UINT64_C(16));
  void *larger = rs_arena_array(arena, wanted, size);
  if (larger == NULL) return NULL;
  if (count > 0) memcpy(larger, items, count * size);
  *capacity = wanted;
  return larger;
}

static void *grow_u32(rs_arena *arena, void *items, uint32_t count, uint32_t more,
                      uint32_t *capacity, size_t size) {
  uint64_t wide = *capacity;
  void *larger = grow(arena, items, count, more, &wide, size);
  if (wide > RS_NONE - 1) return NULL;
  *capacity = (uint32_t)wide;
  return larger;
}

uint32_t rs_schedule_add_op(rs_schedule *schedule, const rs_op *op, const uint32_t *chips,
                            uint32_t chip_count) {
  rs_op *ops = grow_u32(schedule->arena, schedule->ops, schedule->op_count, 1,
                        &schedule->op_capacity, sizeof *ops);
  if (ops == NULL) return RS_NONE;
  schedule->ops = ops;
  uint32_t *group = grow_u32(schedule->arena, schedule->group_chips, schedule->group_chip_count,
                             chip_count, &schedule->group_chip_capacity, sizeof *group);
  if (group == NULL) return RS_NONE;
  schedule->group_chips = group;
  if (chip_count > 0) {
    memcpy(group + schedule->group_chip_count, chips, chip_count * sizeof *group);
  }
  ops[schedule->op_count] = *op;
  ops[schedule->op_count].group_first = schedule->group_chip_count;
  ops[schedule->op_count].group_count = chip_count;
  schedule->group_chip_count += chip_count;
  return schedule->op_count++;
}

rs_burst *rs_schedule_add_burst(rs_schedule *schedule, const rs_burst *burst) {
  rs_burst *bursts = grow(schedule->arena, schedule->bursts, schedule->burst_count, 1,
                          &schedule->burst_capacity, sizeof *bursts);
  if (bursts == NULL) return NULL;
  schedule->bursts = bursts;
  bursts[schedule->burst_count] = *burst;
  return &bursts[schedule->burst_count++];
}

rs_compute *rs_schedule_add_compute(rs_schedule *schedule, const rs_compute *compute) {
  rs_compute *computes = grow(schedule->arena, schedule->computes, schedule->compute_count, 1,
                              &schedule->compute_capacity, sizeof *computes);
  if (computes == NULL) return NULL;
  schedule->computes = computes;
  computes[schedule->compute_count] = *compute;
  return &computes[schedule->compute_count++];
}

uint32_t rs_schedule_label(rs_schedule *schedule, const char *label) {
  for (uint32_t i = 0; i < schedule->label_count; i++) {
    if (strcmp(schedule->labels[i], label) == 0) return i;
  }
  const char **labels = grow_u32(schedule->arena, schedule->labels, schedule->label_count, 1,
                                 &schedule->label_capacity, sizeof *labels);
  char *copy = rs_arena_strdup(schedule->arena, label);
  if (labels == NULL || copy == NULL) return RS_NONE;
  schedule->labels = labels;
  labels[schedule->label_count] = copy;
  return schedule->label_count++;
}

/* ---- canonical order ---- */

static int order_i64(int64_t a, int64_t b) {
  return (a > b) - (a < b);
}

static int compare_bursts(const rs_burst *a, const rs_burst *b) {
  int order = order_i64(a->start_cycles, b->start_cycles);
  if (order == 0) order = order_i64(a->link, b->link);
  if (order == 0) order = order_i64(a->op, b->op);
  if (order == 0) order = order_i64(a->source, b->source);
  if (order == 0) order = order_i64(a->source_offset, b->source_offset);
  if (order == 0) order = order_i64(a->target, b->target);
  if (order == 0) order = order_i64(a->target_offset, b->target_offset);
  if (order == 0) order = order_i64(a->count, b->count);
  if (order == 0) order = order_i64(a->stride, b->stride);
  if (order == 0) order = order_i64(a->action, b->action);
  return order;
}

static int compare_burst_pointers(const void *a, const void *b) {
  return compare_bursts(a, b);
}

static int compare_computes(const void *left, const void *right) {
  const rs_compute *a = left;
  const rs_compute *b = right;
  int order = order_i64(a->start_cycles, b->start_cycles);
  if (order == 0) order = order_i64(a->chip, b->chip);
  if (order == 0) order = order_i64(a->unit, b->unit);
  if (order == 0) order = order_i64(a->label, b->label);
  if (order == 0) order = order_i64(a->cycles, b->cycles);
  return order;
}

/* A compiled schedule is often in order already: looking first costs little. */
void rs_schedule_sort(rs_schedule *schedule) {
  for (uint64_t i = 1; i < schedule->burst_count; i++) {
    if (compare_bursts(&schedule->bursts[i - 1], &schedule->bursts[i]) <= 0) continue;
    qsort(schedule->bursts, schedule->burst_count, sizeof *schedule->bursts,
          compare_burst_pointers);
    break;
  }
  for (uint64_t i = 1; i < schedule->compute_count; i++) {
    if (compare_computes(&schedule->computes[i - 1], &schedule->computes[i]) <= 0) continue;
    qsort(schedule->computes, schedule->compute_count, sizeof *schedule->computes,
          compare_computes);
    break;
  }
}

/* ---- shapes of an operation's memory ---- */

static bool holds_all_blocks(rs_collective_kind kind) {
  return kind == RS_REDUCE_SCATTER || kind == RS_SCATTER || kind == RS_ALL_TO_ALL;
}

int64_t rs_op_in_vectors(const rs_op *op) {
  return holds_all_blocks(op->kind) ? op->block_vectors * op->group_count : op->block_vectors;
}

int64_t rs_op_out_vectors(const rs_op *op) {
  bool all = holds_all_blocks(op->kind) || op->kind == RS_ALL_GATHER || op->kind == RS_GATHER;
  return all ? op->block_vectors * op->group_count : op->block_vectors;
}

/* ---- well-formedness ---- */

static bool has_root(rs_collective_kind kind) {
  return kind == RS_BROADCAST || kind == RS_REDUCE || kind == RS_SCATTER || kind == RS_GATHER;
}

static rs_status refuse_op(rs_diag *diag, uint32_t index, const char *what) {
  return rs_diag_set(diag, RS_E_REFUSED, "operation %u: %s", index, what);
}

static rs_status check_op_shape(const rs_schedule *s, uint32_t index, rs_diag *diag) {
  const rs_op *op = &s->ops[index];
  if (op->kind >= RS_COLLECTIVE_KIND_COUNT) return refuse_op(diag, index, "unknown kind");
  if (op->group_count == 0 || op->group_first > s->group_chip_count ||
      op->group_count > s->group_chip_count - op->group_first) {
    return refuse_op(diag, index, "the group is not a range of chips");
  }
  if (op->block_bytes < 1 || op->block_vectors < 1 || op->tmp_vectors < 0 ||
      op->block_vectors > VECTORS_MAX / op->group_count || op->tmp_vectors > VECTORS_MAX) {
    return refuse_op(diag, index, "sizes must be at least one vector and below 2^40");
  }
  if (op->ready_cycles < 0 || op->ready_cycles > TIME_CYCLES_MAX) {
    return refuse_op(diag, index, "the ready time is out of range");
  }
  if (op->kind == RS_SEND && op->group_count % 2 != 0) {
    return refuse_op(diag, index, "a send needs pairs of chips");
  }
  if (has_root(op->kind) != (op->root != RS_NONE)) {
    return refuse_op(diag, index, "the root is missing, or the kind has none");
  }
  return RS_OK;
}

/* Members must be chips, each once (for send: each once as a destination), the root among them.
 * `mark` is chip_count entries with the number of the last operation that named the chip. */
static rs_status check_op_group(const rs_schedule *s, uint32_t index, uint32_t *mark,
                                rs_diag *diag) {
  const rs_op *op = &s->ops[index];
  const uint32_t *group = s->group_chips + op->group_first;
  bool rooted = !has_root(op->kind);
  for (uint32_t i = 0; i < op->group_count; i++) {
    if (group[i] >= s->chip_count) return refuse_op(diag, index, "a chip is out of range");
    if (group[i] == op->root) rooted = true;
    if (op->kind == RS_SEND && i % 2 == 0) {
      if (group[i] == group[i + 1]) return refuse_op(diag, index, "a chip sends to itself");
      continue;
    }
    if (mark[group[i]] == index + 1) return refuse_op(diag, index, "a chip stands in it twice");
    mark[group[i]] = index + 1;
  }
  return rooted ? RS_OK : refuse_op(diag, index, "the root is not in the group");
}

static rs_status check_ops(const rs_schedule *s, rs_diag *diag) {
  uint32_t *mark = calloc((size_t)s->chip_count + 1, sizeof *mark);
  if (mark == NULL) return rs_arena_failed(NULL, diag);
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < s->op_count && status == RS_OK; i++) {
    status = check_op_shape(s, i, diag);
    if (status == RS_OK) status = check_op_group(s, i, mark, diag);
  }
  free(mark);
  return status;
}

static int64_t buffer_vectors(const rs_op *op, uint8_t buffer) {
  if (buffer == RS_BUFFER_IN) return rs_op_in_vectors(op);
  return buffer == RS_BUFFER_OUT ? rs_op_out_vectors(op) : op->tmp_vectors;
}

static bool range_fits(int64_t offset, int64_t count, int64_t size) {
  return offset >= 0 && count <= size && offset <= size - count;
}

/* NULL when the burst is well formed. */
static const char *burst_fault(const rs_schedule *s, const rs_burst *b) {
  if (b->link >= s->link_count) return "the link is out of range";
  if (b->op >= s->op_count) return "the operation is out of range";
  if (b->count < 1 || b->count > VECTORS_MAX || b->stride < 1) {
    return "count and stride must be at least 1";
  }
  if (b->start_cycles < 0) return "it starts before cycle 0";
  if (b->source > RS_BUFFER_TMP || b->target > RS_BUFFER_TMP) return "unknown buffer";
  if (b->action > RS_ACTION_FORWARD) return "unknown action";
  if (b->target == RS_BUFFER_IN) return "'in' is never written";
  if (b->action == RS_ACTION_FORWARD && b->target != RS_BUFFER_TMP) {
    return "'forward' writes to tmp only";
  }
  const rs_op *op = &s->ops[b->op];
  if (!range_fits(b->source_offset, b->count, buffer_vectors(op, b->source))) {
    return "it reads beyond its source buffer";
  }
  if (!range_fits(b->target_offset, b->count, buffer_vectors(op, b->target))) {
    return "it writes beyond its target buffer";
  }
  rs_int128 end = rs_burst_ticks(&s->timing, b, b->count) / s->timing.slot_den;
  return end > TIME_CYCLES_MAX ? "it ends beyond 2^60 cycles" : NULL;
}

static const char *compute_fault(const rs_schedule *s, const rs_compute *c) {
  if (c->chip >= s->chip_count) return "the chip is out of range";
  if (c->unit >= RS_UNIT_COUNT) return "unknown unit";
  if (c->start_cycles < 0 || c->cycles < 0 || c->start_cycles > TIME_CYCLES_MAX ||
      c->cycles > TIME_CYCLES_MAX) {
    return "its times are out of range";
  }
  if (c->first_cycles < 0 || c->first_cycles > c->cycles) {
    return "the first vector comes after the end";
  }
  if (c->reads_op != RS_NONE && c->reads_op >= s->op_count) return "it reads no operation";
  if (c->writes_op != RS_NONE && c->writes_op >= s->op_count) return "it writes no operation";
  return c->label < s->label_count ? NULL : "the label is out of range";
}

rs_status rs_schedule_validate(const rs_schedule *s, const rs_wiring *wiring, rs_diag *diag) {
  rs_status status = rs_timing_check(&s->timing, diag);
  if (status != RS_OK) {
    if (diag != NULL) diag->status = RS_E_REFUSED;
    return RS_E_REFUSED;
  }
  if (s->chip_count != wiring->chip_count || s->link_count != wiring->link_count ||
      s->wiring_digest != rs_wiring_digest(wiring)) {
    return rs_diag_set(diag, RS_E_REFUSED, "the schedule was made for another wiring");
  }
  status = check_ops(s, diag);
  if (status != RS_OK) return status;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const char *fault = burst_fault(s, &s->bursts[i]);
    if (fault == NULL) continue;
    return rs_diag_set(diag, RS_E_REFUSED, "burst %llu: %s", (unsigned long long)i, fault);
  }
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const char *fault = compute_fault(s, &s->computes[i]);
    if (fault == NULL) continue;
    return rs_diag_set(diag, RS_E_REFUSED, "compute interval %llu: %s", (unsigned long long)i,
                       fault);
  }
  return RS_OK;
}

/* ---- digest ---- */

static uint64_t digest_text(uint64_t digest, const char *text) {
  return rs_digest_bytes(digest, text, strlen(text) + 1);
}

static uint64_t digest_i64(uint64_t digest, int64_t value) {
  return rs_digest_u64(digest, (uint64_t)value);
}

static uint64_t digest_timing(uint64_t digest, const rs_timing *t) {
  digest = digest_text(digest, t->name);
  const int64_t values[] = {t->clock_hz,
                            t->vector_bytes,
                            t->slot_num,
                            t->slot_den,
                            t->latency_cycles[RS_CABLE_NODE],
                            t->latency_cycles[RS_CABLE_RACK],
                            t->latency_cycles[RS_CABLE_INTER_RACK],
                            t->send_cycles,
                            t->receive_cycles,
                            t->forward_cycles,
                            t->add_cycles,
                            t->adds_per_cycle};
  for (size_t i = 0; i < RS_COUNT_OF(values); i++) digest = digest_i64(digest, values[i]);
  return digest;
}

static uint64_t digest_op(uint64_t digest, const rs_schedule *s, const rs_op *op) {
  const int64_t values[] = {op->kind,          op->root,        op->block_bytes,
                            op->block_vectors, op->tmp_vectors, op->ready_cycles};
  for (size_t i = 0; i < RS_COUNT_OF(values); i++) digest = digest_i64(digest, values[i]);
  for (uint32_t i = 0; i < op->group_count; i++) {
    digest = rs_digest_u64(digest, s->group_chips[op->group_first + i]);
  }
  return digest_text(digest_text(digest, op->algorithm), op->label);
}

static uint64_t digest_burst(uint64_t digest, const rs_burst *b) {
  digest = digest_i64(digest, b->start_cycles);
  digest = digest_i64(digest, b->count);
  digest = digest_i64(digest, b->source_offset);
  digest = digest_i64(digest, b->target_offset);
  digest = rs_digest_u64(digest, (uint64_t)b->link << 32 | b->op);
  return rs_digest_u64(digest, (uint64_t)b->stride << 24 | (uint64_t)b->source << 16 |
                                   (uint64_t)b->target << 8 | b->action);
}

uint64_t rs_schedule_digest(rs_schedule *s) {
  rs_schedule_sort(s);
  uint64_t digest = digest_text(RS_DIGEST_SEED, s->topology);
  digest = rs_digest_u64(digest, s->wiring_digest);
  digest = digest_timing(digest, &s->timing);
  for (uint32_t i = 0; i < s->op_count; i++) digest = digest_op(digest, s, &s->ops[i]);
  for (uint64_t i = 0; i < s->burst_count; i++) digest = digest_burst(digest, &s->bursts[i]);
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    const int64_t values[] = {c->start_cycles, c->cycles,    c->first_cycles, c->chip,
                              c->reads_op,     c->writes_op, c->unit};
    for (size_t k = 0; k < RS_COUNT_OF(values); k++) digest = digest_i64(digest, values[k]);
    digest = digest_text(digest, s->labels[c->label]);
  }
  return digest;
}

/* ---- words ---- */

static const char *const kind_words[RS_COLLECTIVE_KIND_COUNT] = {
    "all-reduce", "reduce-scatter", "all-gather", "broadcast", "reduce",
    "scatter",    "gather",         "all-to-all", "send"};

const char *rs_collective_kind_word(rs_collective_kind kind) {
  return kind_words[kind];
}

bool rs_collective_kind_parse(const char *word, rs_collective_kind *kind) {
  for (int i = 0; i < RS_COLLECTIVE_KIND_COUNT; i++) {
    if (strcmp(kind_words[i], word) != 0) continue;
    *kind = (rs_collective_kind)i;
    return true;
  }
  return false;
}

const char *rs_buffer_word(rs_buffer buffer) {
  static const char *const words[] = {"in", "out", "tmp"};
  return words[buffer];
}

const char *rs_action_word(rs_action action) {
  static const char *const words[] = {"keep", "add", "forward"};
  return words[action];
}

const char *rs_unit_word(rs_unit unit) {
  static const char *const words[] = {"matrix", "vector", "host"};
  return words[unit];
}

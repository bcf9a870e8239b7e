/*
 * The schedule as a container: growing arrays, the hash of labels, shapes, digest and words. Order is
 * in rs_schedule_sort.c, well-formedness in rs_schedule_check.c.
 */
#include "rs__schedule.h"

#include <string.h>

rs_schedule *rs_schedule_create(rs_arena *arena, const rs_wiring *wiring, const char *topology,
                                const rs_timing *timing) {
  rs_schedule *schedule = RS_ARENA_NEW(arena, rs_schedule, 1);
  if (schedule == NULL) return NULL;
  schedule->arena = arena;
  schedule->timing = *timing;
  schedule->wiring_digest = rs_wiring_digest(wiring);
  schedule->chip_count = wiring->chip_count;
  schedule->link_count = wiring->link_count;
  size_t length = strlen(topology);
  if (length < sizeof schedule->topology) memcpy(schedule->topology, topology, length);
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

/* Many operations in a row have one group (the layers of a stage): they share its chips. */
static bool has_last_group(const rs_schedule *s, const uint32_t *chips, uint32_t chip_count) {
  if (s->op_count == 0) return false;
  const rs_op *last = &s->ops[s->op_count - 1];
  return last->group_count == chip_count && chip_count > 0 &&
         memcmp(s->group_chips + last->group_first, chips, chip_count * sizeof *chips) == 0;
}

/* Where the chips stand in group_chips, or RS_NONE. */
static uint32_t add_group(rs_schedule *s, const uint32_t *chips, uint32_t chip_count) {
  if (has_last_group(s, chips, chip_count)) return s->ops[s->op_count - 1].group_first;
  uint32_t first = s->group_chip_count;
  if (chip_count > RS_NONE - 1 - first) return RS_NONE;
  uint32_t *group =
      grow_u32(s->arena, s->group_chips, first, chip_count, &s->group_chip_capacity, sizeof *group);
  if (group == NULL) return RS_NONE;
  s->group_chips = group;
  if (chip_count > 0) memcpy(group + first, chips, chip_count * sizeof *group);
  s->group_chip_count += chip_count;
  return first;
}

uint32_t rs_schedule_add_op(rs_schedule *schedule, const rs_op *op, const uint32_t *chips,
                            uint32_t chip_count) {
  rs_op *ops = grow_u32(schedule->arena, schedule->ops, schedule->op_count, 1,
                        &schedule->op_capacity, sizeof *ops);
  if (ops == NULL) return RS_NONE;
  schedule->ops = ops;
  uint32_t first = add_group(schedule, chips, chip_count);
  if (first == RS_NONE) return RS_NONE;
  ops[schedule->op_count] = *op;
  ops[schedule->op_count].group_first = first;
  ops[schedule->op_count].group_count = chip_count;
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

bool rs_schedule_reserve_bursts(rs_schedule *schedule, uint64_t more) {
  rs_burst *bursts = grow(schedule->arena, schedule->bursts, schedule->burst_count, more,
                          &schedule->burst_capacity, sizeof *bursts);
  if (bursts != NULL) schedule->bursts = bursts;
  return bursts != NULL;
}

rs_compute *rs_schedule_add_compute(rs_schedule *schedule, const rs_compute *compute) {
  rs_compute *computes = grow(schedule->arena, schedule->computes, schedule->compute_count, 1,
                              &schedule->compute_capacity, sizeof *computes);
  if (computes == NULL) return NULL;
  schedule->computes = computes;
  computes[schedule->compute_count] = *compute;
  return &computes[schedule->compute_count++];
}

bool rs_schedule_reserve_computes(rs_schedule *schedule, uint64_t more) {
  rs_compute *computes = grow(schedule->arena, schedule->computes, schedule->compute_count, more,
                              &schedule->compute_capacity, sizeof *computes);
  if (computes != NULL) schedule->computes = computes;
  return computes != NULL;
}

rs_stall *rs_schedule_add_stall(rs_schedule *schedule, const rs_stall *stall) {
  rs_stall *stalls = grow(schedule->arena, schedule->stalls, schedule->stall_count, 1,
                          &schedule->stall_capacity, sizeof *stalls);
  if (stalls == NULL) return NULL;
  schedule->stalls = stalls;
  stalls[schedule->stall_count] = *stall;
  return &stalls[schedule->stall_count++];
}

/* ---- labels ---- */

/* The slot that holds the label, or the free one where it would go: open addressing. */
static uint32_t *find_slot(const rs_schedule *s, const char *label) {
  uint32_t mask = s->label_slot_count - 1;
  uint32_t at = (uint32_t)(rs_digest_bytes(RS_DIGEST_SEED, label, strlen(label)) >> 32) & mask;
  while (s->label_slots[at] != 0 && strcmp(s->labels[s->label_slots[at] - 1], label) != 0) {
    at = (at + 1) & mask;
  }
  return &s->label_slots[at];
}

/* Keeps at least half of the slots free. */
static bool grow_slots(rs_schedule *s) {
  if (s->label_count < s->label_slot_count / 2) return true;
  if (s->label_slot_count > UINT32_MAX / 4) return false;
  uint32_t count = RS_MAX(2 * s->label_slot_count, UINT32_C(64));
  uint32_t *slots = RS_ARENA_NEW(s->arena, uint32_t, count);
  if (slots == NULL) return false;
  s->label_slots = slots;
  s->label_slot_count = count;
  for (uint32_t i = 0; i < s->label_count; i++) *find_slot(s, s->labels[i]) = i + 1;
  return true;
}

uint32_t rs_schedule_label(rs_schedule *schedule, const char *label) {
  if (!grow_slots(schedule)) return RS_NONE;
  uint32_t *slot = find_slot(schedule, label);
  if (*slot != 0) return *slot - 1;
  const char **labels = grow_u32(schedule->arena, schedule->labels, schedule->label_count, 1,
                                 &schedule->label_capacity, sizeof *labels);
  if (labels == NULL) return RS_NONE;
  schedule->labels = labels;
  char *copy = rs_arena_strdup(schedule->arena, label);
  if (copy == NULL) return RS_NONE;
  labels[schedule->label_count] = copy;
  *slot = schedule->label_count + 1;
  return schedule->label_count++;
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
  const int64_t values[] = {op->kind,        op->root,         op->block_bytes, op->block_vectors,
                            op->tmp_vectors, op->ready_cycles, op->group_count};
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
  digest = rs_digest_u64(digest, s->op_count);
  digest = rs_digest_u64(digest, s->burst_count);
  digest = rs_digest_u64(digest, s->compute_count);
  for (uint32_t i = 0; i < s->op_count; i++) digest = digest_op(digest, s, &s->ops[i]);
  for (uint64_t i = 0; i < s->burst_count; i++) digest = digest_burst(digest, &s->bursts[i]);
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    const int64_t values[] = {c->start_cycles, c->cycles,    c->first_cycles, c->chip,
                              c->reads_op,     c->writes_op, c->unit};
    for (size_t k = 0; k < RS_COUNT_OF(values); k++) digest = digest_i64(digest, values[k]);
    digest = digest_text(digest, s->labels[c->label]);
  }
  return s->stall_count == 0 ? digest : rs__schedule_digest_stalls(digest, s);
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

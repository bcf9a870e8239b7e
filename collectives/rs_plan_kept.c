/*
 * Keeping plans: a table by digest, arrays of a plan behind each entry. Tasks are copied when an entry is
 * taken, since a run writes into them; edges and waits are read only and stay where they are.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__kept.h"
#include "rs_random.h"

#define RS__KEPT_SLOTS 1024 /* a power of two */
#define RS__KEPT_BYTES_MAX (UINT64_C(96) << 20)

typedef struct entry {
  struct entry *next;
  uint64_t digest;
  size_t row;
  rs__variant variant;
  rs_collective_kind kind;
  int64_t block;
  uint32_t root, chip_count;
  const uint32_t *chips;
  rs__plan plan; /* its arrays, as they were built */
} entry;

struct rs__kept {
  const rs_wiring *wiring;
  rs_arena *arena;
  rs_timing timing; /* of all entries */
  bool is_full;
  uint64_t takings;
  entry *slots[RS__KEPT_SLOTS];
};

rs__kept *rs__kept_create(const rs_wiring *wiring) {
  rs__kept *kept = calloc(1, sizeof *kept);
  if (kept == NULL) return NULL;
  kept->wiring = wiring;
  kept->arena = rs_arena_create(0);
  if (kept->arena != NULL) return kept;
  free(kept);
  return NULL;
}

void rs__kept_destroy(rs__kept *kept) {
  if (kept == NULL) return;
  rs_arena_destroy(kept->arena);
  free(kept);
}

uint64_t rs__kept_takings(const rs__kept *kept) {
  return kept->takings;
}

static bool is_same_timing(const rs_timing *a, const rs_timing *b) {
  for (int i = 0; i < RS_CABLE_CLASS_COUNT; i++) {
    if (a->latency_cycles[i] != b->latency_cycles[i]) return false;
  }
  return a->clock_hz == b->clock_hz && a->vector_bytes == b->vector_bytes &&
         a->slot_num == b->slot_num && a->slot_den == b->slot_den &&
         a->send_cycles == b->send_cycles && a->receive_cycles == b->receive_cycles &&
         a->forward_cycles == b->forward_cycles && a->add_cycles == b->add_cycles &&
         a->adds_per_cycle == b->adds_per_cycle;
}

void rs__kept_begin(rs__kept *kept, const rs_timing *timing) {
  if (kept->is_full || !is_same_timing(&kept->timing, timing)) {
    rs_arena_reset(kept->arena);
    memset(kept->slots, 0, sizeof kept->slots);
    kept->is_full = false;
  }
  kept->timing = *timing;
}

static uint64_t digest_of(size_t row, const rs__plan *plan) {
  const rs_collective_request *r = plan->request;
  uint64_t digest = rs_mix_u64((uint64_t)plan->block);
  digest = rs_mix_u64(digest ^ ((uint64_t)row << 32 | r->root));
  digest = rs_mix_u64(digest ^ ((uint64_t)plan->variant.splits << 1 | plan->variant.relays));
  for (uint32_t i = 0; i < r->chip_count; i++) digest = rs_mix_u64(digest ^ r->chips[i]);
  return digest;
}

static bool is_same(const entry *e, uint64_t digest, size_t row, const rs__plan *plan) {
  const rs_collective_request *r = plan->request;
  return e->digest == digest && e->row == row && e->kind == r->kind && e->block == plan->block &&
         e->root == r->root && e->variant.splits == plan->variant.splits &&
         e->variant.relays == plan->variant.relays && e->chip_count == r->chip_count &&
         memcmp(e->chips, r->chips, r->chip_count * sizeof *r->chips) == 0;
}

static bool is_for(const rs__kept *kept, const rs__plan *plan) {
  return kept->wiring == plan->wiring && plan->request->link_load == NULL;
}

/* Asks again for room in vector units. False: an answer is another one now; what was held is given back. */
static bool ask_again(rs__plan *plan, const rs__plan *was) {
  uint64_t mark = rs_calendar_mark(plan->calendar);
  for (uint32_t i = 0; i < was->ask_count && plan->status == RS_OK; i++) {
    const rs__ask *ask = &was->asks[i];
    if (rs__plan_may_add(plan, ask->link, ask->places) == ask->may) continue;
    rs_calendar_rewind(plan->calendar, mark);
    plan->ask_count = 0;
    return false;
  }
  return true;
}

static const entry *find(const rs__kept *kept, size_t row, const rs__plan *plan) {
  uint64_t digest = digest_of(row, plan);
  const entry *e = kept->slots[digest % RS__KEPT_SLOTS];
  while (e != NULL && !is_same(e, digest, row, plan)) e = e->next;
  return e;
}

bool rs__kept_has(const rs__kept *kept, size_t row, const rs__plan *plan) {
  return is_for(kept, plan) && find(kept, row, plan) != NULL;
}

bool rs__kept_take(rs__kept *kept, size_t row, rs__plan *plan) {
  if (!is_for(kept, plan)) return false;
  const entry *e = find(kept, row, plan);
  if (e == NULL || !ask_again(plan, &e->plan)) return false;
  const rs__plan *was = &e->plan;
  if (was->task_count > plan->task_capacity) {
    plan->tasks = RS_ARENA_NEW(plan->arena, rs__task, was->task_count);
    plan->task_capacity = was->task_count;
  }
  if (plan->tasks == NULL || (was->units != NULL && !rs__plan_count_adds(plan))) {
    plan->status = rs_arena_failed(plan->arena, plan->diag);
    return true;
  }
  memcpy(plan->tasks, was->tasks, was->task_count * sizeof *plan->tasks);
  memcpy(plan->tmp_used, was->tmp_used, plan->wiring->chip_count * sizeof *plan->tmp_used);
  plan->task_count = was->task_count;
  plan->edges = was->edges;
  plan->edge_count = plan->edge_capacity = was->edge_count;
  plan->guards = was->guards;
  plan->guard_count = plan->guard_capacity = was->guard_count;
  plan->waits = was->waits;
  plan->wait_count = plan->wait_capacity = was->wait_count;
  plan->has_ranks = was->has_ranks;
  plan->is_ranked = was->is_ranked;
  kept->takings++;
  return true;
}

/* NULL: no memory. */
static void *copy_of(rs_arena *arena, const void *from, size_t count, size_t size) {
  void *copy = rs_arena_array(arena, count, size);
  if (copy != NULL && count > 0) memcpy(copy, from, count * size);
  return copy;
}

static uint64_t bytes_of(const rs__plan *plan) {
  return plan->task_count * sizeof *plan->tasks + plan->edge_count * sizeof *plan->edges +
         plan->guard_count * sizeof *plan->guards + plan->wait_count * sizeof *plan->waits +
         plan->ask_count * sizeof *plan->asks + plan->wiring->chip_count * sizeof *plan->tmp_used;
}

/* *was: the arrays of a plan that say what it is, in the arena. False: no memory. */
static bool copy_plan(rs_arena *arena, const rs__plan *plan, rs__plan *was) {
  *was = (rs__plan){.task_count = plan->task_count,
                    .edge_count = plan->edge_count,
                    .guard_count = plan->guard_count,
                    .wait_count = plan->wait_count,
                    .ask_count = plan->ask_count,
                    .units = plan->units, /* whether there are any */
                    .has_ranks = plan->has_ranks,
                    .is_ranked = plan->is_ranked};
  was->tasks = copy_of(arena, plan->tasks, plan->task_count, sizeof *plan->tasks);
  was->edges = copy_of(arena, plan->edges, plan->edge_count, sizeof *plan->edges);
  was->guards = copy_of(arena, plan->guards, plan->guard_count, sizeof *plan->guards);
  was->waits = copy_of(arena, plan->waits, plan->wait_count, sizeof *plan->waits);
  was->asks = copy_of(arena, plan->asks, plan->ask_count, sizeof *plan->asks);
  was->tmp_used = copy_of(arena, plan->tmp_used, plan->wiring->chip_count, sizeof *plan->tmp_used);
  return was->tasks != NULL && was->edges != NULL && was->guards != NULL && was->waits != NULL &&
         was->asks != NULL && was->tmp_used != NULL;
}

void rs__kept_put(rs__kept *kept, size_t row, rs__plan *plan) {
  const rs_collective_request *r = plan->request;
  uint64_t bytes = bytes_of(plan);
  if (!is_for(kept, plan) || plan->looks_at_times || plan->turned.part_count > 0) return;
  if (bytes > RS__KEPT_BYTES_MAX / 4) return;
  kept->is_full = rs_arena_used_bytes(kept->arena) + bytes > RS__KEPT_BYTES_MAX;
  if (kept->is_full) return;
  if (!plan->has_ranks && plan->order == NULL) rs__plan_rank(plan);
  entry *e = RS_ARENA_NEW(kept->arena, entry, 1);
  if (e == NULL || !copy_plan(kept->arena, plan, &e->plan)) return;
  e->chips = copy_of(kept->arena, r->chips, r->chip_count, sizeof *r->chips);
  if (e->chips == NULL) return;
  e->digest = digest_of(row, plan);
  e->row = row;
  e->variant = plan->variant;
  e->kind = r->kind;
  e->block = plan->block;
  e->root = r->root;
  e->chip_count = r->chip_count;
  entry **slot = &kept->slots[e->digest % RS__KEPT_SLOTS];
  e->next = *slot;
  *slot = e;
}

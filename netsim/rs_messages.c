/*
 * From bursts to messages in three passes: which bursts only relay, the runs cut into messages, and what
 * each message waits for. A burst relays when it is forwarded into a hop buffer in which nothing is
 * summed, and everyone who reads from it reads from it alone.
 */
#include "rs_messages.h"

#include <string.h>

#include "rs__writers.h"
#include "rs_random.h"

#define MESSAGES_MAX (UINT32_C(1) << 22)
#define MESSAGES_WANTED (UINT32_C(1) << 20)
#define SEGMENT_VECTORS 16

typedef struct extraction {
  rs_arena *arena;
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs__writers *writers;
  uint32_t *parent; /* [burst] the one that it passes on, whole; RS_NONE */
  bool *relays;     /* [burst] is no message by itself */
  uint32_t *first;  /* [burst] its first message */
  int64_t segment;
  rs_messages *out;
  uint32_t *slots; /* hash of what a gate waits for → gate + 1 */
  uint32_t slot_count;
  rs_diag *diag;
} extraction;

/* ---- relays ---- */

/* The only burst that brought what `reader` reads from a hop buffer; RS_NONE: several, or a part. Of those
 * that brought the whole, the last counts: the buffer was used again. */
static uint32_t find_parent(const extraction *x, const rs_burst *reader) {
  rs__writers_cursor cursor = rs__writers_of(x->writers, reader);
  uint32_t writer, best = RS_NONE;
  int64_t address, latest = -1;
  while (rs__writers_next(&cursor, &writer, &address)) {
    const rs_burst *w = &x->schedule->bursts[writer];
    bool covers = w->target_offset <= reader->source_offset &&
                  w->target_offset + w->count >= reader->source_offset + reader->count;
    if (w->start_cycles <= latest) continue;
    latest = w->start_cycles;
    best = covers && w->action == RS_ACTION_FORWARD ? writer : RS_NONE;
  }
  return best;
}

static void keep_all_that_reach(extraction *x, const rs_burst *reader) {
  rs__writers_cursor cursor = rs__writers_of(x->writers, reader);
  uint32_t writer;
  int64_t address;
  while (rs__writers_next(&cursor, &writer, &address)) x->relays[writer] = false;
}

/* Sums in hop buffers are results of their own: nothing that goes there relays. */
static void keep_sums(extraction *x) {
  for (uint32_t b = 0; b < x->writers->bucket_count; b++) {
    const rs__writers_bucket *bucket = &x->writers->buckets[b];
    bool sums = bucket->buffer != RS_BUFFER_TMP;
    for (uint32_t i = 0; i < bucket->count && !sums; i++) {
      uint32_t burst = x->writers->order[bucket->first + i];
      sums = x->schedule->bursts[burst].action != RS_ACTION_FORWARD;
    }
    for (uint32_t i = 0; i < bucket->count; i++) {
      x->relays[x->writers->order[bucket->first + i]] = !sums;
    }
  }
}

static void find_relays(extraction *x) {
  uint32_t count = (uint32_t)x->schedule->burst_count;
  bool *is_read = x->relays + count; /* the second half */
  keep_sums(x);
  for (uint32_t i = 0; i < count; i++) {
    const rs_burst *b = &x->schedule->bursts[i];
    x->parent[i] = b->source == RS_BUFFER_TMP ? find_parent(x, b) : RS_NONE;
    if (x->parent[i] != RS_NONE) is_read[x->parent[i]] = true;
    if (b->source == RS_BUFFER_TMP && x->parent[i] == RS_NONE) keep_all_that_reach(x, b);
  }
  for (uint32_t i = 0; i < count; i++) x->relays[i] = x->relays[i] && is_read[i];
}

/* The run that is really read: `count` vectors from `vector` of a burst on, followed back through relays. */
static rs_burst find_origin(const extraction *x, uint32_t burst, int64_t vector, int64_t count) {
  rs_burst run = x->schedule->bursts[burst];
  run.source_offset += vector;
  uint32_t at = burst;
  while (x->parent[at] != RS_NONE && x->relays[x->parent[at]]) {
    const rs_burst *parent = &x->schedule->bursts[x->parent[at]];
    vector = run.source_offset - parent->target_offset;
    run = *parent;
    run.source_offset += vector;
    at = x->parent[at];
  }
  run.start_cycles = rs_burst_departure(&x->schedule->timing, &run, vector);
  run.count = count;
  return run;
}

/* ---- messages ---- */

/* An earlier burst of the same transmission whose messages serve this one too; RS_NONE: there is none. */
static uint32_t find_sharer(const extraction *x, uint32_t burst) {
  while (rs_schedule_rides(x->schedule, burst)) {
    if (!x->relays[--burst]) return burst;
  }
  return RS_NONE;
}

/* A burst with messages of its own. */
static bool is_message(const extraction *x, uint32_t burst) {
  return !x->relays[burst] && find_sharer(x, burst) == RS_NONE;
}

static uint64_t count_messages(const extraction *x, int64_t segment) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < x->schedule->burst_count; i++) {
    if (!is_message(x, i)) continue;
    count += (uint64_t)rs_ceil_div_i64(x->schedule->bursts[i].count, segment);
    if (count > MESSAGES_MAX) break;
  }
  return count;
}

static rs_status cut_runs(extraction *x, int64_t segment_vectors) {
  x->segment = segment_vectors > 0 ? segment_vectors : SEGMENT_VECTORS;
  uint64_t count = count_messages(x, x->segment);
  while (segment_vectors == 0 && count > MESSAGES_WANTED && x->segment < INT64_C(1) << 40) {
    x->segment *= 2;
    count = count_messages(x, x->segment);
  }
  if (count > MESSAGES_MAX) {
    return rs_diag_set(x->diag, RS_E_LIMIT, "the schedule is more than %u messages", MESSAGES_MAX);
  }
  x->out->messages = RS_ARENA_NEW(x->arena, rs_message, (size_t)count);
  if (x->out->messages == NULL) return rs_arena_failed(x->arena, x->diag);
  for (uint32_t i = 0; i < x->schedule->burst_count; i++) {
    const rs_burst *b = &x->schedule->bursts[i];
    uint32_t sharer = x->relays[i] ? RS_NONE : find_sharer(x, i);
    x->first[i] = sharer != RS_NONE ? x->first[sharer] : x->out->message_count;
    for (int64_t k = 0; k < b->count && sharer != RS_NONE; k += x->segment) {
      x->out->messages[x->first[i] + k / x->segment].adds |= b->action == RS_ACTION_ADD;
    }
    for (int64_t k = 0; k < b->count && is_message(x, i); k += x->segment) {
      x->out->messages[x->out->message_count++] =
          (rs_message){.to = x->wiring->links[b->link].to,
                       .gate = RS_NONE,
                       .adds = b->action == RS_ACTION_ADD,
                       .vectors = RS_MIN(x->segment, b->count - k),
                       .start_cycles = x->schedule->ops[b->op].ready_cycles};
      x->out->vectors += RS_MIN(x->segment, b->count - k);
    }
  }
  return RS_OK;
}

/* ---- gates ---- */

static bool push_wait(extraction *x, uint32_t message) {
  rs_messages *out = x->out;
  if (out->wait_count == out->wait_capacity) {
    uint64_t capacity = RS_MAX(out->wait_capacity * 2, UINT64_C(4096));
    uint32_t *larger = RS_ARENA_NEW(x->arena, uint32_t, (size_t)capacity);
    if (larger == NULL) return false;
    if (out->wait_count > 0) memcpy(larger, out->waits, (size_t)out->wait_count * sizeof *larger);
    out->waits = larger;
    out->wait_capacity = capacity;
  }
  out->waits[out->wait_count++] = message;
  return true;
}

/* Appends the messages that bring what `run` reads; the gate is what was appended. */
static bool collect_waits(extraction *x, const rs_burst *run) {
  rs__writers_cursor cursor = rs__writers_of(x->writers, run);
  uint32_t writer;
  int64_t address;
  while (rs__writers_next(&cursor, &writer, &address)) {
    const rs_burst *w = &x->schedule->bursts[writer];
    int64_t end = RS_MIN(w->target_offset + w->count, run->source_offset + run->count);
    int64_t from = (address - w->target_offset) / x->segment;
    int64_t last = (end - 1 - w->target_offset) / x->segment;
    assert(!x->relays[writer]);
    for (int64_t k = from; k <= last; k++) {
      if (!push_wait(x, x->first[writer] + (uint32_t)k)) return false;
    }
  }
  return true;
}

static bool grow_gates(extraction *x) {
  rs_messages *out = x->out;
  if (out->gate_count < out->gate_capacity) return true;
  uint32_t capacity = RS_MAX(out->gate_capacity * 2, UINT32_C(1024));
  rs_gate *larger = RS_ARENA_NEW(x->arena, rs_gate, capacity);
  if (larger == NULL) return false;
  if (out->gate_count > 0) memcpy(larger, out->gates, out->gate_count * sizeof *larger);
  out->gates = larger;
  out->gate_capacity = capacity;
  return true;
}

/* Finds the gate that waits for waits[first …], or makes it; the list is taken back when it was known. */
static bool find_gate(extraction *x, uint64_t first, uint32_t *gate) {
  rs_messages *out = x->out;
  uint32_t count = (uint32_t)(out->wait_count - first);
  size_t bytes = count * sizeof *out->waits;
  *gate = RS_NONE;
  if (count == 0) return true;
  uint64_t hash = rs_mix_u64(rs_digest_bytes(RS_DIGEST_SEED, out->waits + first, bytes));
  for (uint32_t slot = (uint32_t)hash & (x->slot_count - 1);;
       slot = (slot + 1) & (x->slot_count - 1)) {
    if (x->slots[slot] == 0) {
      if (!grow_gates(x)) return false;
      *gate = out->gate_count;
      out->gates[out->gate_count++] = (rs_gate){.first = first, .count = count};
      x->slots[slot] = out->gate_count;
      return true;
    }
    const rs_gate *known = &out->gates[x->slots[slot] - 1];
    if (known->count != count ||
        memcmp(out->waits + known->first, out->waits + first, bytes) != 0) {
      continue;
    }
    *gate = x->slots[slot] - 1;
    out->wait_count = first;
    return true;
  }
}

static bool find_gates(extraction *x) {
  for (uint32_t i = 0; i < x->schedule->burst_count; i++) {
    const rs_burst *b = &x->schedule->bursts[i];
    if (!is_message(x, i)) continue;
    uint32_t index = x->first[i];
    for (int64_t k = 0; k < b->count; k += x->segment) {
      rs_message *message = &x->out->messages[index++];
      rs_burst run = find_origin(x, i, k, message->vectors);
      uint64_t first = x->out->wait_count;
      message->from = x->wiring->links[run.link].from;
      if (!collect_waits(x, &run) || !find_gate(x, first, &message->gate)) return false;
    }
  }
  return true;
}

/* ---- the other way round ---- */

rs_status rs_messages_index_create(rs_arena *arena, const rs_messages *messages,
                                   rs_messages_index *index, rs_diag *diag) {
  size_t count = messages->message_count;
  size_t gates = messages->gate_count;
  index->gate_first = RS_ARENA_NEW(arena, uint64_t, count + 2);
  index->gates = RS_ARENA_NEW(arena, uint32_t, (size_t)messages->wait_count);
  index->user_first = RS_ARENA_NEW(arena, uint32_t, gates + 2);
  index->users = RS_ARENA_NEW(arena, uint32_t, count);
  if (index->gate_first == NULL || index->gates == NULL || index->user_first == NULL ||
      index->users == NULL) {
    return rs_arena_failed(arena, diag);
  }
  /* Counts two places on, sums one place on, and filling moves each to its own place. */
  for (uint64_t i = 0; i < messages->wait_count; i++) index->gate_first[messages->waits[i] + 2]++;
  for (size_t i = 0; i < count; i++) index->gate_first[i + 2] += index->gate_first[i + 1];
  for (uint32_t g = 0; g < gates; g++) {
    const rs_gate *gate = &messages->gates[g];
    for (uint32_t i = 0; i < gate->count; i++) {
      index->gates[index->gate_first[messages->waits[gate->first + i] + 1]++] = g;
    }
  }
  for (size_t i = 0; i < count; i++) {
    if (messages->messages[i].gate != RS_NONE) index->user_first[messages->messages[i].gate + 2]++;
  }
  for (size_t g = 0; g < gates; g++) index->user_first[g + 2] += index->user_first[g + 1];
  for (uint32_t i = 0; i < count; i++) {
    uint32_t gate = messages->messages[i].gate;
    if (gate != RS_NONE) index->users[index->user_first[gate + 1]++] = i;
  }
  return RS_OK;
}

/* ---- the whole ---- */

static rs_status allocate(extraction *x) {
  size_t count = (size_t)x->schedule->burst_count;
  x->parent = RS_ARENA_NEW(x->arena, uint32_t, count);
  x->relays = RS_ARENA_NEW(x->arena, bool, count * 2);
  x->first = RS_ARENA_NEW(x->arena, uint32_t, count);
  x->out = RS_ARENA_NEW(x->arena, rs_messages, 1);
  if (x->parent == NULL || x->relays == NULL || x->first == NULL || x->out == NULL) {
    return rs_arena_failed(x->arena, x->diag);
  }
  *x->out = (rs_messages){0};
  return RS_OK;
}

rs_status rs_messages_extract(rs_arena *arena, rs_schedule *schedule, const rs_wiring *wiring,
                              int64_t segment_vectors, rs_messages **messages, rs_diag *diag) {
  rs__writers *writers;
  extraction x = {.arena = arena, .schedule = schedule, .wiring = wiring, .diag = diag};
  rs_status status = rs_schedule_validate(schedule, wiring, diag);
  if (status != RS_OK) return status;
  if (schedule->compute_count > 0) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "a schedule with computing is not taken apart");
  }
  if (schedule->burst_count > MESSAGES_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "the schedule is more than %u messages", MESSAGES_MAX);
  }
  rs_schedule_sort(schedule);
  status = rs__writers_create(arena, schedule, wiring, &writers, diag);
  x.writers = writers;
  if (status == RS_OK) status = allocate(&x);
  if (status != RS_OK) return status;
  find_relays(&x);
  status = cut_runs(&x, segment_vectors);
  if (status != RS_OK) return status;
  for (x.slot_count = 1024; x.slot_count < 2 * x.out->message_count;) x.slot_count *= 2;
  x.slots = RS_ARENA_NEW(arena, uint32_t, x.slot_count);
  if (x.slots == NULL || !find_gates(&x)) return rs_arena_failed(arena, diag);
  *messages = x.out;
  return RS_OK;
}

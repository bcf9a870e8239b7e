/*
 * The player at vector fidelity: one event a vector and link, and memory that holds words.
 *
 * Every e(chip, address) is a random word; a burst moves words, `add` adds them modulo 2^64. A word
 * in memory has a state: when it may depart, when it is in SRAM, and until when an add is going on.
 * A departure reads its word at once and the arrival writes it. At the end the results are held
 * against the table in rs_schedule.h, computed here from the definition.
 *
 * Events: departures of all bursts are merged by one event a burst that is under way (the next
 * vector is pushed when one has departed), so the queue holds bursts, not vectors.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__player.h"
#include "rs_event_queue.h"
#include "rs_random.h"
#include "rs_schedule_text.h"

/* A vector that arrives in a cycle may depart in the same one where the chip costs nothing, so the
 * arrivals of a cycle come before its departures: the queue's time is 2 · cycle + kind. */
enum { EVENT_ARRIVE, EVENT_DEPART };

static bool push_at(rs_event_queue *events, int64_t cycle, uint32_t kind, uint32_t subject,
                    int64_t detail) {
  return rs_event_queue_push(events, 2 * cycle + kind, kind, subject, detail);
}

typedef struct word {
  uint64_t value;
  int64_t depart_from; /* may leave from this cycle on; −1: nothing here */
  int64_t busy_until;  /* being written until then */
  int64_t last_read;   /* latest departure that read it; −1: none */
} word;

typedef struct memory {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_diag *diag;
  uint64_t seed;
  size_t *op_base;     /* [op] first word of its memory */
  int64_t *op_stride;  /* [op] words a chip: in, out, tmp */
  uint32_t **op_place; /* [op][chip]: place of the chip in the operation's memory, RS_NONE: none */
  word *words;
} memory;

/* ---- where a word is ---- */

static word *word_at(const memory *m, uint32_t op, uint32_t chip, uint8_t buffer, int64_t address) {
  const rs_op *o = &m->schedule->ops[op];
  int64_t in = rs_op_in_vectors(o);
  int64_t offset = address;
  if (buffer == RS_BUFFER_OUT) offset += in;
  if (buffer == RS_BUFFER_TMP) offset += in + rs_op_out_vectors(o);
  return &m->words[m->op_base[op] + (size_t)(m->op_place[op][chip] * (uint64_t)m->op_stride[op]) +
                   (size_t)offset];
}

static uint64_t symbol(const memory *m, uint32_t op, uint32_t chip, int64_t address) {
  uint64_t mixed = rs_mix_u64(m->seed ^ rs_mix_u64((uint64_t)op << 32 | chip));
  return rs_mix_u64(mixed + (uint64_t)address);
}

/* ---- memory at the start ---- */

/* Chips that an operation touches: its group and the ends of its bursts. */
static rs_status place_chips(memory *m, size_t *total, rs_diag *diag) {
  const rs_schedule *s = m->schedule;
  uint32_t *counts = calloc((size_t)s->op_count + 1, sizeof *counts);
  if (counts == NULL) return rs_arena_failed(NULL, diag);
  for (uint32_t i = 0; i < s->op_count; i++) {
    m->op_place[i] = malloc(s->chip_count * sizeof **m->op_place);
    if (m->op_place[i] == NULL) {
      free(counts);
      return rs_arena_failed(NULL, diag);
    }
    memset(m->op_place[i], 0xff, s->chip_count * sizeof **m->op_place);
    for (uint32_t k = 0; k < s->ops[i].group_count; k++) {
      uint32_t *place = &m->op_place[i][s->group_chips[s->ops[i].group_first + k]];
      if (*place == RS_NONE) *place = counts[i]++;
    }
  }
  for (uint64_t b = 0; b < s->burst_count; b++) {
    const rs_link *link = &m->wiring->links[s->bursts[b].link];
    uint32_t op = s->bursts[b].op;
    uint32_t *from = &m->op_place[op][link->from];
    uint32_t *to = &m->op_place[op][link->to];
    if (*from == RS_NONE) *from = counts[op]++;
    if (*to == RS_NONE) *to = counts[op]++;
  }
  for (uint32_t i = 0; i < s->op_count; i++) {
    const rs_op *op = &s->ops[i];
    m->op_base[i] = *total;
    m->op_stride[i] = rs_op_in_vectors(op) + rs_op_out_vectors(op) + op->tmp_vectors;
    *total += (size_t)m->op_stride[i] * counts[i];
  }
  free(counts);
  return RS_OK;
}

/* When vector k of a member's input is in SRAM: see READY in rs_schedule.h. */
static int64_t input_ready(const memory *m, uint32_t op, uint32_t chip, int64_t k) {
  const rs_schedule *s = m->schedule;
  int64_t n = rs_op_in_vectors(&s->ops[op]);
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *c = &s->computes[i];
    if (c->writes_op != op || c->chip != chip) continue;
    if (n == 1) return c->start_cycles + c->cycles;
    int64_t span = c->cycles - c->first_cycles;
    return c->start_cycles + c->first_cycles + rs_mul_ceil_div_i64(k, span, n - 1);
  }
  return s->ops[op].ready_cycles;
}

static bool sends_input(const rs_op *op, uint32_t chip, uint32_t position) {
  switch (op->kind) {
    case RS_BROADCAST:
    case RS_SCATTER:
      return chip == op->root;
    case RS_SEND:
      return position % 2 == 0;
    default:
      return true;
  }
}

/* Which part of `in` stands in `out` at the start: from in[first], `count` words, to out[to]. */
static void own_part(const rs_op *op, uint32_t chip, int64_t position, int64_t *first, int64_t *to,
                     int64_t *count) {
  int64_t b = op->block_vectors;
  *first = 0;
  *to = 0;
  *count = 0;
  switch (op->kind) {
    case RS_ALL_REDUCE:
    case RS_REDUCE:
      *count = b;
      return;
    case RS_REDUCE_SCATTER:
      *count = b * op->group_count;
      return;
    case RS_ALL_GATHER:
      *to = position * b;
      *count = b;
      return;
    case RS_BROADCAST:
      *count = chip == op->root ? b : 0;
      return;
    case RS_SCATTER:
      *count = chip == op->root ? b * op->group_count : 0;
      return;
    case RS_GATHER:
      *to = position * b;
      *count = chip == op->root ? b : 0;
      return;
    case RS_ALL_TO_ALL:
      *first = *to = position * b;
      *count = b;
      return;
    case RS_SEND:
    case RS_COLLECTIVE_KIND_COUNT:
      return;
  }
}

static void fill_member(memory *m, uint32_t op, uint32_t position) {
  const rs_schedule *s = m->schedule;
  const rs_op *o = &s->ops[op];
  uint32_t chip = s->group_chips[o->group_first + position];
  int64_t first, to, count;
  if (!sends_input(o, chip, position)) return;
  own_part(o, chip, position, &first, &to, &count);
  for (int64_t a = 0; a < rs_op_in_vectors(o); a++) {
    word *w = word_at(m, op, chip, RS_BUFFER_IN, a);
    w->value = symbol(m, op, chip, a);
    w->depart_from = input_ready(m, op, chip, a) + s->timing.send_cycles;
    if (a >= first && a < first + count) {
      *word_at(m, op, chip, RS_BUFFER_OUT, to + a - first) = *w;
    }
  }
}

static rs_status fill_memory(memory *m, size_t limit_bytes) {
  const rs_schedule *s = m->schedule;
  size_t total = 0;
  rs_status status = place_chips(m, &total, m->diag);
  if (status != RS_OK) return status;
  if (total > limit_bytes / sizeof *m->words) {
    return rs_diag_set(m->diag, RS_E_LIMIT, "vector fidelity needs %zu MiB for %zu words",
                       (total * sizeof *m->words) >> 20, total);
  }
  m->words = malloc((total + 1) * sizeof *m->words);
  if (m->words == NULL) return rs_arena_failed(NULL, m->diag);
  for (size_t i = 0; i < total; i++) m->words[i] = (word){0, -1, -1, -1};
  for (uint32_t op = 0; op < s->op_count; op++) {
    for (uint32_t i = 0; i < s->ops[op].group_count; i++) fill_member(m, op, i);
  }
  return RS_OK;
}

/* ---- events ---- */

static rs_status refuse(const memory *m, const rs_burst *burst, int64_t k, int64_t cycle,
                        const char *what) {
  char name[48], text[160];
  rs_wiring_link_name(m->wiring, burst->link, name, sizeof name);
  rs_burst_describe(m->schedule, m->wiring, burst, text, sizeof text);
  return rs_diag_set(m->diag, RS_E_REFUSED, "link %s, cycle %lld: vector %lld of '%s' %s", name,
                     (long long)cycle, (long long)k, text, what);
}

static rs_status depart(memory *m, const rs_burst *burst, int64_t k, int64_t now, uint64_t *value) {
  const rs_link *link = &m->wiring->links[burst->link];
  word *w = word_at(m, burst->op, link->from, burst->source, burst->source_offset + k);
  if (w->depart_from < 0) return refuse(m, burst, k, now, "reads memory that holds nothing");
  if (w->depart_from > now) return refuse(m, burst, k, now, "departs before it is there");
  w->last_read = RS_MAX(w->last_read, now);
  *value = w->value;
  return RS_OK;
}

static rs_status arrive(memory *m, const rs_burst *burst, int64_t k, int64_t now, uint64_t value) {
  const rs_timing *t = &m->schedule->timing;
  const rs_link *link = &m->wiring->links[burst->link];
  word *w = word_at(m, burst->op, link->to, burst->target, burst->target_offset + k);
  bool add = burst->action == RS_ACTION_ADD;
  if (add && w->depart_from < 0)
    return refuse(m, burst, k, now, "adds to memory that holds nothing");
  if (!add && w->busy_until > now)
    return refuse(m, burst, k, now, "overwrites what is being written");
  int64_t extra = add ? t->add_cycles : 0;
  int64_t ready = now + t->forward_cycles + extra;
  w->value = add ? w->value + value : value;
  w->depart_from = add ? RS_MAX(w->depart_from, ready) : ready;
  w->busy_until = RS_MAX(w->busy_until, now + t->receive_cycles + extra);
  return RS_OK;
}

/* ---- results ---- */

static uint64_t sum_of(const memory *m, uint32_t op, int64_t address) {
  const rs_op *o = &m->schedule->ops[op];
  uint64_t sum = 0;
  for (uint32_t j = 0; j < o->group_count; j++) {
    sum += symbol(m, op, m->schedule->group_chips[o->group_first + j], address);
  }
  return sum;
}

/* What out[address] of the member at `position` must hold; false: anything. */
static bool expected_word(const memory *m, uint32_t op, uint32_t position, int64_t address,
                          uint64_t *value) {
  const rs_op *o = &m->schedule->ops[op];
  const uint32_t *group = m->schedule->group_chips + o->group_first;
  int64_t b = o->block_vectors;
  int64_t block = address / b;
  bool own = block == position;
  switch (o->kind) {
    case RS_ALL_REDUCE:
      *value = sum_of(m, op, address);
      return true;
    case RS_REDUCE_SCATTER:
      if (own) *value = sum_of(m, op, address);
      return own;
    case RS_ALL_GATHER:
      *value = symbol(m, op, group[block], address % b);
      return true;
    case RS_BROADCAST:
      *value = symbol(m, op, o->root, address);
      return true;
    case RS_REDUCE:
      if (group[position] == o->root) *value = sum_of(m, op, address);
      return group[position] == o->root;
    case RS_SCATTER:
      if (own) *value = symbol(m, op, o->root, address);
      return own;
    case RS_GATHER:
      if (group[position] == o->root) *value = symbol(m, op, group[block], address % b);
      return group[position] == o->root;
    case RS_ALL_TO_ALL:
      *value = symbol(m, op, group[block], position * b + address % b);
      return true;
    case RS_SEND:
      if (position % 2 == 1) *value = symbol(m, op, group[position - 1], address);
      return position % 2 == 1;
    case RS_COLLECTIVE_KIND_COUNT:
      break;
  }
  return false;
}

static rs_status check_member(const memory *m, uint32_t op, uint32_t position) {
  const rs_op *o = &m->schedule->ops[op];
  uint32_t chip = m->schedule->group_chips[o->group_first + position];
  for (int64_t a = 0; a < rs_op_out_vectors(o); a++) {
    uint64_t value = 0;
    if (!expected_word(m, op, position, a, &value)) continue;
    const word *w = word_at(m, op, chip, RS_BUFFER_OUT, a);
    if (w->depart_from >= 0 && w->value == value) continue;
    return rs_diag_set(m->diag, RS_E_REFUSED,
                       "operation %u, chip %u: vector %lld of the result is %s", op, chip,
                       (long long)a, w->depart_from < 0 ? "missing" : "wrong");
  }
  return RS_OK;
}

static rs_status check_results(const memory *m) {
  for (uint32_t op = 0; op < m->schedule->op_count; op++) {
    for (uint32_t i = 0; i < m->schedule->ops[op].group_count; i++) {
      rs_status status = check_member(m, op, i);
      if (status != RS_OK) return status;
    }
  }
  return RS_OK;
}

/* ---- the run ---- */

/* A vector in flight. */
typedef struct flight {
  uint64_t value;
  int64_t k;
  uint32_t burst;
  uint32_t next; /* among the free ones */
} flight;

typedef struct sky {
  flight *flights;
  uint32_t count, capacity, free;
} sky;

static uint32_t take_flight(sky *s) {
  if (s->free != RS_NONE) {
    uint32_t index = s->free;
    s->free = s->flights[index].next;
    return index;
  }
  if (s->count == s->capacity) {
    uint32_t capacity = RS_MAX(2 * s->capacity, UINT32_C(1024));
    flight *larger = realloc(s->flights, capacity * sizeof *larger);
    if (larger == NULL) return RS_NONE;
    s->flights = larger;
    s->capacity = capacity;
  }
  return s->count++;
}

static rs_status handle_departure(memory *m, rs_event_queue *events, sky *s,
                                  const rs_event *event) {
  const rs_burst *burst = &m->schedule->bursts[event->subject];
  const rs_timing *t = &m->schedule->timing;
  int64_t k = event->detail;
  uint64_t value = 0;
  rs_status status = depart(m, burst, k, event->time_cycles / 2, &value);
  if (status != RS_OK) return status;
  uint32_t index = take_flight(s);
  if (index == RS_NONE) return rs_arena_failed(NULL, m->diag);
  s->flights[index] = (flight){value, k, event->subject, RS_NONE};
  int64_t arrival = rs_burst_arrival(t, &m->wiring->links[burst->link], burst, k);
  bool pushed = push_at(events, arrival, EVENT_ARRIVE, index, 0);
  if (pushed && k + 1 < burst->count) {
    pushed =
        push_at(events, rs_burst_departure(t, burst, k + 1), EVENT_DEPART, event->subject, k + 1);
  }
  return pushed ? RS_OK : rs_arena_failed(NULL, m->diag);
}

static rs_status run_events(memory *m, rs_event_queue *events, sky *s, rs_play *play,
                            const rs_play_options *options) {
  rs_event event;
  while (rs_event_queue_pop(events, &event)) {
    rs_status status;
    play->events++;
    if (event.kind == EVENT_DEPART) {
      status = handle_departure(m, events, s, &event);
    } else {
      flight *f = &s->flights[event.subject];
      const rs_burst *burst = &m->schedule->bursts[f->burst];
      status = arrive(m, burst, f->k, event.time_cycles / 2, f->value);
      int64_t end = rs__player_settled(&m->schedule->timing, burst, event.time_cycles / 2);
      play->network_end_cycles = RS_MAX(play->network_end_cycles, end);
      if (options->op_end_cycles != NULL) {
        int64_t *op_end = &options->op_end_cycles[burst->op];
        *op_end = RS_MAX(*op_end, end);
      }
      f->next = s->free;
      s->free = event.subject;
    }
    if (status != RS_OK) return status;
  }
  return check_results(m);
}

static rs_status play_memory(memory *m, rs_play *play, const rs_play_options *options) {
  rs_event_queue *events = rs_event_queue_create();
  sky s = {.free = RS_NONE};
  rs_status status = events == NULL ? rs_arena_failed(NULL, m->diag) : RS_OK;
  for (uint64_t i = 0; i < m->schedule->burst_count && status == RS_OK; i++) {
    if (!push_at(events, m->schedule->bursts[i].start_cycles, EVENT_DEPART, (uint32_t)i, 0)) {
      status = rs_arena_failed(NULL, m->diag);
    }
  }
  if (status == RS_OK) status = run_events(m, events, &s, play, options);
  rs_event_queue_destroy(events);
  free(s.flights);
  return status;
}

static void free_memory(memory *m) {
  for (uint32_t i = 0; m->op_place != NULL && i < m->schedule->op_count; i++) free(m->op_place[i]);
  free(m->op_place);
  free(m->op_base);
  free(m->op_stride);
  free(m->words);
}

rs_status rs__player_run_vectors(const rs_schedule *schedule, const rs_wiring *wiring,
                                 const rs_play_options *options, rs_play *play, rs_diag *diag) {
  memory m = {.schedule = schedule, .wiring = wiring, .diag = diag, .seed = options->seed};
  size_t limit = options->memory_limit_bytes == 0 ? (size_t)4 << 30 : options->memory_limit_bytes;
  size_t ops = (size_t)schedule->op_count + 1;
  m.op_base = calloc(ops, sizeof *m.op_base);
  m.op_stride = calloc(ops, sizeof *m.op_stride);
  m.op_place = calloc(ops, sizeof *m.op_place);
  rs_status status = RS_OK;
  if (m.op_base == NULL || m.op_stride == NULL || m.op_place == NULL) {
    status = rs_arena_failed(NULL, diag);
  }
  int64_t burst_end = play->network_end_cycles;
  if (status == RS_OK) status = fill_memory(&m, limit);
  if (status == RS_OK) {
    play->network_end_cycles = 0;
    for (uint32_t i = 0; i < schedule->op_count; i++) {
      int64_t ready = schedule->ops[i].ready_cycles;
      play->network_end_cycles = RS_MAX(play->network_end_cycles, ready);
    }
    status = play_memory(&m, play, options);
  }
  if (status == RS_OK && play->network_end_cycles != burst_end) {
    status = rs_diag_set(diag, RS_E_REFUSED, "the two fidelities disagree: %lld and %lld cycles",
                         (long long)play->network_end_cycles, (long long)burst_end);
  }
  free_memory(&m);
  return status;
}

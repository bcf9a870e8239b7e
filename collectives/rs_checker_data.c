/*
 * Causality and data: all reads and writes of all bursts in order of time, on symbolic memory.
 *
 * A burst reads its source when its first vector departs and writes its target when that vector
 * arrives; later vectors follow at the same distances on both sides. Handling a burst as a whole at
 * those two moments is right if, wherever it overlaps another burst's read or write, the order is the
 * same for all vectors of the overlap. Times are linear in the address, so the two ends decide. What
 * is asked of each overlap, in this order of handling, is therefore:
 *
 *   read after keep     departs ≥ arrival + forward_cycles                          else EARLY
 *   read of an input    departs ≥ ready + send_cycles                               else EARLY
 *   read after add      departs ≥ arrival + forward_cycles + add_cycles             else RACE
 *   write after read    arrives a cycle or more behind the departure                else RACE
 *   write after keep    arrives ≥ arrival + max(receive_cycles, 1)                  else RACE
 *   add with keep       arrives at the same instant throughout: then it need not be after
 *   keep after add      arrives ≥ arrival + max(receive_cycles + add_cycles, 1)     else RACE
 *   write on an input   arrives ≥ ready                                             else EARLY
 *   add after add       commutes
 *
 * Any schedule that passes has one order on every address, the same for every vector. Refused though
 * it might be right: a run that is read before a write reaches it although the write's first vector
 * comes before the read's; an add that comes later than what was kept, but before that is in SRAM; a
 * read and a write in one cycle.
 *
 * Events at one time: what is kept, then what is added to it, then reads, because where a chip's costs are zero a vector may leave
 * in the cycle in which it came. Events are looked up a few ahead, so that memory is there when they
 * are handled: chips of consecutive events have nothing to do with each other.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__checker_batches.h"

typedef struct access {
  const rs_burst *burst;
  uint32_t index; /* among all bursts */
  uint32_t job;   /* in the batch */
  rs__bank *bank;
  uint32_t entry;
  rs__line line; /* departure by source address, or arrival by target address */
} access;

/* ---- faults ---- */

static rs_status refuse_access(rs__checker *c, const access *a, rs_fault_kind kind, int64_t address,
                               const char *what, uint32_t other) {
  char name[48], text_a[160], text_b[160];
  int64_t cycle = rs__line_cycles(c, &a->line, address);
  rs_wiring_link_name(c->wiring, a->burst->link, name, sizeof name);
  rs__checker_burst_text(c, a->index, text_a, sizeof text_a);
  rs_fault fault = {kind, RS_NONE, a->burst->link, a->burst->op, cycle, a->index, UINT64_MAX};
  if (other == RS_NONE) {
    return rs__checker_refuse(c, fault, "link %s, cycle %lld: '%s' %s (vector %lld)", name,
                              (long long)cycle, text_a, what, (long long)address);
  }
  fault.burst_b = other;
  return rs__checker_refuse(
      c, fault, "link %s, cycle %lld: '%s' %s '%s' (vector %lld)", name, (long long)cycle, text_a,
      what, rs__checker_burst_text(c, other, text_b, sizeof text_b), (long long)address);
}

static rs_status refuse_empty(rs__checker *c, const access *a, const char *what, int64_t address) {
  char name[48], text[160];
  int64_t cycle = rs__line_cycles(c, &a->line, address);
  rs_wiring_link_name(c->wiring, a->burst->link, name, sizeof name);
  rs_fault fault = {RS_FAULT_EMPTY, RS_NONE,  a->burst->link, a->burst->op,
                    cycle,          a->index, UINT64_MAX};
  return rs__checker_refuse(
      c, fault, "link %s, cycle %lld: '%s' %s vector %lld, which holds nothing", name,
      (long long)cycle, rs__checker_burst_text(c, a->index, text, sizeof text), what,
      (long long)address);
}

/* The end at which `a` does not follow `b`: times may be too close at one end only. */
static int64_t find_early(const rs__checker *c, const access *a, const rs__line *b, int64_t first,
                          int64_t last, int64_t cycles) {
  return rs__line_follows(c, &a->line, b, first, first, cycles) ? last : first;
}

/* ---- pieces in flight ---- */

static uint32_t take_piece(rs__checker *c) {
  uint32_t index = c->piece_free;
  if (index != RS_NONE) {
    c->piece_free = c->pieces[index].next;
    return index;
  }
  if (c->piece_count == c->piece_capacity) {
    uint32_t capacity = RS_MAX(2 * c->piece_capacity, UINT32_C(256));
    rs__piece *larger = RS_ARENA_NEW(c->arena, rs__piece, capacity);
    if (larger == NULL) return RS_NONE;
    if (c->piece_count > 0) memcpy(larger, c->pieces, c->piece_count * sizeof *larger);
    c->pieces = larger;
    c->piece_capacity = capacity;
  }
  return c->piece_count++;
}

/* Last given, first taken: that one is in the cache. */
static void give_piece(rs__checker *c, uint32_t piece) {
  c->pieces[piece].next = c->piece_free;
  c->piece_free = piece;
}

/* Puts a captured run behind `last` (RS_NONE: as the burst's first), or lengthens `last` where the
 * run goes on as it did. Returns the piece; RS_NONE: no memory. */
static uint32_t capture(rs__checker *c, const access *a, uint32_t last, rs_uint128 value,
                        const rs__mix *mix, int64_t count) {
  if (last != RS_NONE && mix == NULL && c->pieces[last].mix == NULL) {
    rs__piece *p = &c->pieces[last];
    if (rs_field_mul(p->value, rs__checker_power(c, p->count)) == value) {
      p->count += count;
      return last;
    }
  }
  uint32_t piece = take_piece(c); /* by index: the pool moves when it grows */
  if (piece == RS_NONE) return RS_NONE;
  c->pieces[piece] = (rs__piece){value, mix, count, RS_NONE};
  if (last == RS_NONE) {
    c->flying[a->job] = piece;
  } else {
    c->pieces[last].next = piece;
  }
  return piece;
}

/* Several pieces that are to be kept as they are travel as one. */
static bool join_pieces(rs__checker *c, const access *a) {
  uint32_t first = c->flying[a->job];
  if (c->pieces[first].next == RS_NONE || a->burst->action == RS_ACTION_ADD) return true;
  const rs__mix *mix = rs__checker_mix(c, first);
  if (mix == NULL) return false;
  for (uint32_t piece = c->pieces[first].next; piece != RS_NONE;) {
    uint32_t next = c->pieces[piece].next;
    give_piece(c, piece);
    piece = next;
  }
  c->pieces[first] = (rs__piece){0, mix, a->burst->count, RS_NONE}; /* from part 0 on */
  return true;
}

/* ---- reads ---- */

static void note_slack(int64_t *least, int64_t cycles) {
  if (*least < 0 || cycles < *least) *least = cycles;
}

/* Slack of a departure behind an arrival and what the chip takes, where it is least: at an end. */
static void note_slack_behind(rs__checker *c, const access *a, const rs__line *b, int64_t first,
                              int64_t last, int64_t cost) {
  const rs_timing *t = &c->schedule->timing;
  rs_int128 gap = rs__line_gap(c, &a->line, b, first);
  if (a->line.stride != b->stride) gap = RS_MIN(gap, rs__line_gap(c, &a->line, b, last));
  gap -= (rs_int128)cost * t->slot_den;
  int64_t least = c->report->received_slack_cycles_min; /* of which the other is never above */
  if (least >= 0 && gap >= (rs_int128)least * t->slot_den) return; /* saves the division */
  note_slack(&c->report->received_slack_cycles_min, (int64_t)(gap / t->slot_den));
  note_slack(&c->report->slack_cycles_min, (int64_t)(gap / t->slot_den));
}

static rs_status read_input(rs__checker *c, const access *a, int64_t shift, int64_t first,
                            int64_t last) {
  const rs__ready *ready = &a->bank->ready;
  int64_t cost = c->schedule->timing.send_cycles;
  int64_t spare = rs__line_cycles(c, &a->line, first) - ready->base - cost;
  if (ready->span == 0 && spare >= 0) { /* the usual case; departures grow with the address */
    note_slack(&c->report->slack_cycles_min, spare);
    return RS_OK;
  }
  if (!rs__line_finds_ready(c, &a->line, ready, shift, first, last, cost)) {
    bool early =
        rs__line_cycles(c, &a->line, first) < rs__ready_cycles(ready, first + shift) + cost;
    return refuse_access(c, a, RS_FAULT_EARLY, early ? first : last,
                         "departs before the chip's own input is ready", RS_NONE);
  }
  int64_t at_first = rs__line_cycles(c, &a->line, first) - rs__ready_cycles(ready, first + shift);
  int64_t at_last = rs__line_cycles(c, &a->line, last) - rs__ready_cycles(ready, last + shift);
  note_slack(&c->report->slack_cycles_min, RS_MIN(at_first, at_last) - cost);
  return RS_OK;
}

static rs_status read_segment(rs__checker *c, const access *a, rs__segment *s, int64_t first,
                              int64_t last) {
  const rs_timing *t = &c->schedule->timing;
  if (s->kept.base < 0 && a->burst->source == RS_BUFFER_OUT) {
    rs_status status = read_input(c, a, a->bank->input_shift, first, last);
    if (status != RS_OK) return status;
  } else if (s->kept.base >= 0) {
    if (!rs__line_follows(c, &a->line, &s->kept, first, last, t->forward_cycles)) {
      int64_t at = find_early(c, a, &s->kept, first, last, t->forward_cycles);
      return refuse_access(c, a, RS_FAULT_EARLY, at, "departs before it can hold what comes with",
                           s->kept.burst);
    }
    note_slack_behind(c, a, &s->kept, first, last, t->forward_cycles);
  }
  if (s->added.base >= 0) {
    int64_t cost = t->forward_cycles + t->add_cycles;
    if (!rs__line_follows(c, &a->line, &s->added, first, last, cost)) {
      int64_t at = find_early(c, a, &s->added, first, last, cost);
      return refuse_access(c, a, RS_FAULT_RACE, at, "departs before all is added that comes with",
                           s->added.burst);
    }
    note_slack_behind(c, a, &s->added, first, last, cost);
  }
  s->read = rs__line_later(c, &s->read, &a->line, first, last);
  return RS_OK;
}

/* `in` is never written: nothing but its ready time and its length matters. */
static rs_status read_whole_input(rs__checker *c, const access *a) {
  int64_t first = a->burst->source_offset;
  if (a->bank->input_vectors == 0) {
    return refuse_empty(c, a, "reads, of an input that the chip does not have,", first);
  }
  rs_status status = read_input(c, a, 0, first, first + a->burst->count - 1);
  if (status != RS_OK) return status;
  rs_uint128 value = rs_field_mul(a->bank->symbol, rs__checker_power(c, first));
  bool captured = capture(c, a, RS_NONE, value, NULL, a->burst->count) != RS_NONE;
  return captured ? RS_OK : rs_arena_failed(c->arena, c->diag);
}

static rs_status handle_read(rs__checker *c, const access *a, rs__runs *runs) {
  int64_t address = a->burst->source_offset;
  int64_t end = address + a->burst->count;
  /* cut: later writes must be able to tell which part was read */
  uint32_t i = rs__runs_cut(c, a->bank, runs, address, end, a->entry);
  if (i == RS_NONE) return rs_arena_failed(c->arena, c->diag);
  for (uint32_t piece = RS_NONE; address < end; i++) {
    if (i == runs->count || runs->entries[i].first > address) {
      return refuse_empty(c, a, "reads", address);
    }
    const rs__entry *e = &runs->entries[i];
    rs_status status = read_segment(c, a, e->segment, address, e->end - 1);
    if (status != RS_OK) return status;
    piece = capture(c, a, piece, e->segment->value, e->segment->mix, e->end - address);
    if (piece == RS_NONE) return rs_arena_failed(c->arena, c->diag);
    address = e->end;
  }
  return join_pieces(c, a) ? RS_OK : rs_arena_failed(c->arena, c->diag);
}

/* ---- writes ---- */

/* Two lines are one from first to last. */
static bool meets(const rs__checker *c, const rs__line *a, const rs__line *b, int64_t first,
                  int64_t last) {
  return rs__line_gap(c, a, b, first) == 0 && rs__line_gap(c, a, b, last) == 0;
}

/* What a write asks of what stands in its place. */
static rs_status check_target(rs__checker *c, const access *a, const rs__segment *s, int64_t first,
                              int64_t last) {
  const rs_timing *t = &c->schedule->timing;
  bool is_add = a->burst->action == RS_ACTION_ADD;
  int64_t kept_cost = RS_MAX(t->receive_cycles, 1);
  int64_t added_cost = RS_MAX(t->receive_cycles + t->add_cycles, 1);
  if (s->read.base >= 0 && !rs__line_follows(c, &a->line, &s->read, first, last, 1)) {
    return refuse_access(c, a, RS_FAULT_RACE, find_early(c, a, &s->read, first, last, 1),
                         "overwrites what has yet to depart with", s->read.burst);
  }
  if (s->kept.base < 0) {
    if (a->burst->target == RS_BUFFER_OUT &&
        !rs__line_finds_ready(c, &a->line, &a->bank->ready, a->bank->input_shift, first, last, 0)) {
      return refuse_access(c, a, RS_FAULT_EARLY, first, "arrives before the chip's own input",
                           RS_NONE);
    }
  } else if (!rs__line_follows(c, &a->line, &s->kept, first, last, kept_cost) &&
             !(is_add && meets(c, &a->line, &s->kept, first, last))) {
    return refuse_access(c, a, RS_FAULT_RACE, find_early(c, a, &s->kept, first, last, kept_cost),
                         is_add ? "is added to what is still being written by"
                                : "overwrites what is still being written by",
                         s->kept.burst);
  }
  if (!is_add && s->added.base >= 0 &&
      !rs__line_follows(c, &a->line, &s->added, first, last, added_cost)) {
    return refuse_access(c, a, RS_FAULT_RACE, find_early(c, a, &s->added, first, last, added_cost),
                         "overwrites what is still being added to by", s->added.burst);
  }
  return RS_OK;
}

/* Adds a run of `value` to entries from `i` on. Hop buffer without an entry is zero. */
static rs_status write_add(rs__checker *c, const access *a, rs__runs *runs, uint32_t i,
                           int64_t address, int64_t end, rs_uint128 value) {
  for (;; i++) {
    if (i == runs->count || runs->entries[i].first > address) {
      if (a->burst->target == RS_BUFFER_OUT) return refuse_empty(c, a, "adds to", address);
      int64_t next = i == runs->count ? end : RS_MIN(end, runs->entries[i].first);
      rs__segment *zero = rs__runs_replace(c, runs, i, 0, address, next);
      if (zero == NULL) return rs_arena_failed(c->arena, c->diag);
      *zero = (rs__segment){0, NULL, RS__NO_LINE, RS__NO_LINE, RS__NO_LINE};
    }
    const rs__entry *e = &runs->entries[i];
    rs__segment *s = e->segment;
    rs_status status = check_target(c, a, s, address, e->end - 1);
    if (status != RS_OK) return status;
    s->value = rs_field_add(s->value, value);
    s->added = rs__line_later(c, &s->added, &a->line, address, e->end - 1);
    if (e->end == end) return RS_OK;
    value = rs_field_mul(value, rs__checker_power(c, e->end - address));
    address = e->end;
  }
}

/* Keeps a piece in place of the entries from `i` on that it covers. */
static rs_status write_keep(rs__checker *c, const access *a, rs__runs *runs, uint32_t i,
                            int64_t address, const rs__piece *p) {
  uint32_t covered = 0;
  int64_t end = address + p->count;
  for (; i + covered < runs->count && runs->entries[i + covered].first < end; covered++) {
    const rs__entry *e = &runs->entries[i + covered];
    rs_status status = check_target(c, a, e->segment, e->first, e->end - 1);
    if (status != RS_OK) return status;
  }
  rs__segment *s = rs__runs_replace(c, runs, i, covered, address, end);
  if (s == NULL) return rs_arena_failed(c->arena, c->diag);
  *s = (rs__segment){p->value, p->mix, a->line, RS__NO_LINE, RS__NO_LINE};
  return RS_OK;
}

static rs_status handle_keep(rs__checker *c, const access *a, rs__runs *runs) {
  uint32_t piece = c->flying[a->job]; /* there is one */
  const rs__piece p = c->pieces[piece];
  int64_t address = a->burst->target_offset;
  uint32_t i = rs__runs_cut(c, a->bank, runs, address, address + p.count, a->entry);
  if (i == RS_NONE) return rs_arena_failed(c->arena, c->diag);
  give_piece(c, piece);
  return write_keep(c, a, runs, i, address, &p);
}

static rs_status handle_add(rs__checker *c, const access *a, rs__runs *runs) {
  int64_t address = a->burst->target_offset;
  if (c->mix_count > 0 && !rs__runs_unmix(c, runs, address, address + a->burst->count)) {
    return rs_arena_failed(c->arena, c->diag);
  }
  for (uint32_t piece = c->flying[a->job]; piece != RS_NONE;) {
    const rs__piece p = c->pieces[piece];
    rs__part one = {p.value, p.count};
    const rs__part *parts = p.mix == NULL ? &one : &p.mix->parts[p.value];
    int64_t piece_end = address + p.count;
    for (uint32_t k = 0; address < piece_end; k++) {
      int64_t end = address + parts[k].count;
      uint32_t i = rs__runs_cut(c, a->bank, runs, address, end, a->entry);
      if (i == RS_NONE) return rs_arena_failed(c->arena, c->diag);
      rs_status status = write_add(c, a, runs, i, address, end, parts[k].value);
      if (status != RS_OK) return status;
      address = end;
    }
    give_piece(c, piece);
    piece = p.next;
  }
  return RS_OK;
}

static rs_status handle_write(rs__checker *c, const access *a, rs__runs *runs) {
  return a->burst->action == RS_ACTION_ADD ? handle_add(c, a, runs) : handle_keep(c, a, runs);
}

/* ---- order of events ---- */

/* A burst of the batch at hand, with all that its two events need: copied once, read in order. */
typedef struct job {
  rs_burst burst;
  uint32_t index;    /* among all bursts */
  uint32_t from, to; /* banks by index: banks move when there are more */
  uint8_t cable_class;
} job;

/* Jobs by start; and by arrival, lists of what is kept and of what is added, one a cable class: a
 * class has one latency, so its list is in order of starts too. Merging them gives all events in
 * order; at one time the first of these streams is first. */
enum { STREAM_ADDS = RS_CABLE_CLASS_COUNT, STREAM_READS = 2 * RS_CABLE_CLASS_COUNT, STREAM_COUNT };

enum { BURSTS_AHEAD = 12, EVENTS_AHEAD = 32 };

typedef struct stream {
  uint32_t *order; /* NULL: jobs as they are */
  uint32_t next, count;
  int64_t delay_cycles; /* from start to event */
  int64_t time_cycles;  /* of the next event; INT64_MAX: none is left */
} stream;

typedef struct event {
  const job *job;
  rs__runs *runs; /* NULL: `in` */
  bool is_write;
  uint32_t entry; /* where its run was found, if nothing moved since */
  int64_t address;
} event;

typedef struct start_key {
  int64_t start;
  uint32_t index; /* of a burst among all */
} start_key;

typedef struct work {
  job *jobs;
  start_key *keys;  /* [job] */
  uint32_t *writes; /* room for the streams' orders */
  stream streams[STREAM_COUNT];
} work;

static void advance(const job *jobs, stream *from) {
  from->time_cycles = INT64_MAX;
  if (from->next == from->count) return;
  const job *j = &jobs[from->order == NULL ? from->next : from->order[from->next]];
  from->time_cycles = j->burst.start_cycles + from->delay_cycles;
}

static int stream_of(const job *j) {
  return j->burst.action == RS_ACTION_ADD ? STREAM_ADDS + j->cable_class : j->cable_class;
}

static int compare_keys(const void *left, const void *right) {
  const start_key *a = left, *b = right;
  if (a->start != b->start) return a->start < b->start ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

/* The batch's bursts by start: those of a canonical schedule are in order already. */
static void sort_batch(const rs__checker *c, work *w, const rs__batches *batches, uint32_t first,
                       uint32_t count) {
  const rs_burst *bursts = c->schedule->bursts;
  bool sorted = true;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t index = rs__batches_at(batches, first + i);
    w->keys[i] = (start_key){bursts[index].start_cycles, index};
    sorted = sorted && (i == 0 || w->keys[i - 1].start <= w->keys[i].start);
  }
  if (!sorted) qsort(w->keys, count, sizeof *w->keys, compare_keys);
}

static rs_status fill_jobs(rs__checker *c, work *w, uint32_t count) {
  const rs_burst *bursts = c->schedule->bursts;
  const rs_link *links = c->wiring->links;
  for (uint32_t i = 0; i < count; i++) {
    if (i + 2 * BURSTS_AHEAD < count) {
      __builtin_prefetch(&bursts[w->keys[i + 2 * BURSTS_AHEAD].index]);
      __builtin_prefetch(&links[bursts[w->keys[i + BURSTS_AHEAD].index].link]);
    }
    job *j = &w->jobs[i];
    j->index = w->keys[i].index;
    j->burst = bursts[j->index];
    const rs_link *link = &links[j->burst.link];
    j->cable_class = link->cable_class;
    const rs__bank *from = rs__checker_bank(c, j->burst.op, link->from);
    if (from == NULL) return rs_arena_failed(c->arena, c->diag);
    j->from = (uint32_t)(from - c->banks);
    const rs__bank *to = rs__checker_bank(c, j->burst.op, link->to);
    if (to == NULL) return rs_arena_failed(c->arena, c->diag);
    j->to = (uint32_t)(to - c->banks);
  }
  return RS_OK;
}

static void fill_streams(const rs__checker *c, work *w, uint32_t count) {
  stream *streams = w->streams;
  uint32_t *writes = w->writes;
  memset(streams, 0, STREAM_COUNT * sizeof *streams);
  for (uint32_t i = 0; i < count; i++) streams[stream_of(&w->jobs[i])].count++;
  for (int k = 0; k < STREAM_READS; k++) {
    streams[k].delay_cycles = c->schedule->timing.latency_cycles[k % RS_CABLE_CLASS_COUNT];
    streams[k].order = writes;
    writes += streams[k].count;
  }
  for (uint32_t i = 0; i < count; i++) {
    stream *to = &streams[stream_of(&w->jobs[i])];
    to->order[to->next++] = i;
  }
  streams[STREAM_READS].count = count;
  for (int k = 0; k < STREAM_COUNT; k++) {
    streams[k].next = 0;
    advance(w->jobs, &streams[k]);
  }
}

/* Up to `capacity` next events. Returns how many. */
static uint32_t take_events(work *w, event *events, uint32_t capacity) {
  stream *streams = w->streams;
  uint32_t count = 0;
  while (count < capacity) {
    int best = 0;
    for (int k = 1; k < STREAM_COUNT; k++) {
      if (streams[k].time_cycles < streams[best].time_cycles) best = k;
    }
    stream *from = &streams[best];
    if (from->time_cycles == INT64_MAX) break;
    const job *j = &w->jobs[from->order == NULL ? from->next : from->order[from->next]];
    from->next++;
    events[count++] = (event){.job = j, .is_write = best != STREAM_READS};
    advance(w->jobs, from);
  }
  return count;
}

/* ---- the pass ---- */

static rs__bank *bank_of(rs__checker *c, const event *e) {
  return &c->banks[e->is_write ? e->job->to : e->job->from];
}

/* Each round asks for what the next one looks at. */
static void fetch_ahead(rs__checker *c, event *events, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) __builtin_prefetch(bank_of(c, &events[i]));
  for (uint32_t i = 0; i < count; i++) {
    event *e = &events[i];
    const rs_burst *b = &e->job->burst;
    rs__bank *bank = bank_of(c, e);
    rs__checker_freshen(c, bank);
    uint8_t buffer = e->is_write ? b->target : b->source;
    if (buffer == RS_BUFFER_IN) continue;
    e->runs = buffer == RS_BUFFER_OUT ? &bank->out : &bank->tmp;
    e->address = e->is_write ? b->target_offset : b->source_offset;
    if (e->runs->count > 0) {
      __builtin_prefetch(&e->runs->entries[rs__runs_guess(e->runs, e->address)]);
    }
  }
  for (uint32_t i = 0; i < count; i++) {
    event *e = &events[i];
    if (e->runs == NULL) continue;
    e->entry = rs__runs_find(e->runs, e->address);
    if (e->entry == e->runs->count) continue;
    const char *segment = (const char *)e->runs->entries[e->entry].segment;
    __builtin_prefetch(segment);
    __builtin_prefetch(segment + 64);
  }
}

static rs_status handle_event(rs__checker *c, const work *w, const event *e) {
  const rs_burst *b = &e->job->burst;
  uint32_t index = e->job->index;
  access a = {.burst = b,
              .index = index,
              .job = (uint32_t)(e->job - w->jobs),
              .bank = bank_of(c, e),
              .entry = e->entry,
              .line = {b->start_cycles, e->address, 0, index}};
  if (b->count > 1) a.line.stride = b->stride;
  if (e->is_write) {
    a.line.base += c->schedule->timing.latency_cycles[e->job->cable_class];
    return handle_write(c, &a, e->runs);
  }
  if (e->runs != NULL) return handle_read(c, &a, e->runs);
  a.line.origin = b->source_offset;
  return read_whole_input(c, &a);
}

static rs_status run_batch(rs__checker *c, work *w) {
  event events[EVENTS_AHEAD];
  for (;;) {
    uint32_t count = take_events(w, events, EVENTS_AHEAD);
    if (count == 0) return RS_OK;
    fetch_ahead(c, events, count);
    for (uint32_t i = 0; i < count; i++) {
      rs_status status = handle_event(c, w, &events[i]);
      if (status != RS_OK) return status;
    }
  }
}

/* Room for the largest batch, when the first one comes. */
static rs_status create_work(rs__checker *c, work *w, const rs__batches *batches) {
  uint32_t largest = 0;
  if (w->jobs != NULL) return RS_OK;
  for (uint32_t b = 0; b < batches->count; b++) {
    largest = RS_MAX(largest, batches->first[b + 1] - batches->first[b]);
  }
  w->jobs = RS_ARENA_NEW(c->arena, job, largest);
  w->keys = RS_ARENA_NEW(c->arena, start_key, largest);
  w->writes = RS_ARENA_NEW(c->arena, uint32_t, largest);
  c->flying = RS_ARENA_NEW(c->arena, uint32_t, largest);
  c->piece_free = RS_NONE;
  bool ok = w->jobs != NULL && w->keys != NULL && w->writes != NULL && c->flying != NULL;
  return ok ? RS_OK : rs_arena_failed(c->arena, c->diag);
}

static rs_status prove_batch(rs__checker *c, work *w, const rs__batches *batches, uint32_t b) {
  uint32_t first = batches->first[b], count = batches->first[b + 1] - first;
  rs__checker_begin_batch(c);
  if (batches->is_simple[b]) {
    bool taken;
    rs_status status = rs__checker_spots(c, batches, b, &taken);
    if (status != RS_OK || taken) return status;
  }
  rs_status status = create_work(c, w, batches);
  if (status != RS_OK) return status;
  sort_batch(c, w, batches, first, count);
  status = fill_jobs(c, w, count);
  if (status != RS_OK) return status;
  fill_streams(c, w, count);
  status = run_batch(c, w);
  if (status != RS_OK) return status;
  first = batches->first_range[b];
  return rs__checker_results(c, batches->ranges + first, batches->first_range[b + 1] - first);
}

rs_status rs__checker_data(rs__checker *c) {
  work w = {0};
  rs__batches batches;
  rs_status status = rs__checker_batches(c, &batches);
  for (uint32_t b = 0; status == RS_OK && b < batches.count; b++) {
    status = prove_batch(c, &w, &batches, b);
  }
  return status;
}

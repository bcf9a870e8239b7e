/*
 * The proof in one pass; see rs_stream_checker.h.
 *
 * Events are departures, in the order in which bursts come, and arrivals, which wait in one queue a
 * cable class: a class has one latency, so each queue is in order by itself. Before a departure all
 * arrivals up to its cycle are taken; at a tie what is kept comes first, then what is added to it, then
 * reads. Times of whole runs are compared exactly at both ends of an overlap, as in rs_checker.h.
 */
#include "rs_stream_checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__stream.h"
#include "rs_schedule_text.h"

/* A piece of a run in flight. */
typedef struct piece {
  rs_uint128 value;
  int64_t count;
  uint32_t next; /* RS_NONE: last; or the next free one */
} piece;

typedef struct flight {
  rs_burst burst;
  uint64_t number;
  int64_t arrival_cycles;
  uint32_t first_piece;
} flight;

/* A ring of `capacity`, a power of two. */
typedef struct queue {
  flight *flights;
  uint64_t head, tail, capacity;
} queue;

struct rs_stream_checker {
  rs__stream_memory memory;
  const rs_schedule *header;
  const rs_wiring *wiring;
  rs_stream_report report;
  queue queues[RS_CABLE_CLASS_COUNT];
  uint64_t flights;
  flight *meeting; /* adds of the cycle at hand */
  uint32_t meeting_count, meeting_capacity;
  piece *pieces;
  uint32_t piece_count, piece_capacity, piece_free;
  rs__stream_links links;
  int64_t now_cycles;
};

/* ---- making ---- */

rs_stream_checker *rs_stream_checker_create(const rs_schedule *header, const rs_wiring *wiring,
                                            const rs_check_options *options) {
  rs_stream_checker *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->header = header;
  c->wiring = wiring;
  c->piece_free = RS_NONE;
  c->report.check.slack_cycles_min = -1;
  c->report.check.fault =
      (rs_fault){RS_FAULT_NONE, RS_NONE, RS_NONE, RS_NONE, 0, UINT64_MAX, UINT64_MAX};
  bool made = rs__stream_memory_init(&c->memory, header, options->seed);
  made = rs__stream_links_init(&c->links, header, wiring) && made;
  if (made) return c;
  rs_stream_checker_destroy(c);
  return NULL;
}

void rs_stream_checker_destroy(rs_stream_checker *c) {
  if (c == NULL) return;
  rs__stream_memory_deinit(&c->memory);
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) free(c->queues[k].flights);
  free(c->meeting);
  free(c->pieces);
  rs__stream_links_deinit(&c->links);
  free(c);
}

/* ---- faults ---- */

static const char *burst_text(const rs_stream_checker *c, const rs_burst *b, char *text,
                              size_t size) {
  rs_burst_describe(c->header, c->wiring, b, text, size);
  return text;
}

/* A burst at a chip; `other`: the number of another one that is involved. */
typedef struct access {
  const rs_burst *burst;
  uint64_t number;
  uint32_t chip;
  rs__pace pace; /* of departures or arrivals, by address */
} access;

static rs_status refuse(rs_stream_checker *c, const access *a, rs_fault_kind kind, int64_t address,
                        const char *what, uint64_t other, rs_diag *diag) {
  char text[160], name[48], tail[48] = "";
  uint32_t link = a->burst->link;
  int64_t cycle = rs__pace_cycles(&c->header->timing, &a->pace, address);
  c->report.check.fault = (rs_fault){kind, RS_NONE, link, a->burst->op, cycle, a->number, other};
  if (other != UINT64_MAX) snprintf(tail, sizeof tail, " burst %llu", (unsigned long long)other);
  rs_wiring_link_name(c->wiring, link, name, sizeof name);
  return rs_diag_set(diag, RS_E_REFUSED, "link %s, cycle %lld: '%s' %s%s (vector %lld)", name,
                     (long long)cycle, burst_text(c, a->burst, text, sizeof text), what, tail,
                     (long long)address);
}

static rs_status no_memory(rs_diag *diag) {
  return rs_arena_failed(NULL, diag);
}

/* ---- links and vector units ---- */

static rs_status enter_link(rs_stream_checker *c, const flight *f, rs_diag *diag) {
  char text[160], name[48];
  uint64_t other = UINT64_MAX;
  const rs_burst *b = &f->burst;
  bool rides;
  rs__meeting meeting = rs__stream_links_enter(&c->links, b, f->number, &other, &rides);
  if (meeting == RS__MEETS_NONE) {
    if (!rides) c->report.check.vectors += (uint64_t)b->count;
    return RS_OK;
  }
  if (meeting == RS__MEETS_NO_MEMORY) return no_memory(diag);
  rs_wiring_link_name(c->wiring, b->link, name, sizeof name);
  burst_text(c, b, text, sizeof text);
  if (meeting == RS__MEETS_PERHAPS) {
    return rs_diag_set(diag, RS_E_LIMIT,
                       "link %s: '%s' interleaves with burst %llu in a way that one pass does not "
                       "decide",
                       name, text, (unsigned long long)other);
  }
  c->report.check.fault =
      (rs_fault){RS_FAULT_LINK, RS_NONE, b->link, b->op, b->start_cycles, f->number, other};
  return rs_diag_set(diag, RS_E_REFUSED, "link %s, cycle %lld: '%s' meets burst %llu", name,
                     (long long)b->start_cycles, text, (unsigned long long)other);
}

static rs_status enter_vector_unit(rs_stream_checker *c, const flight *f, rs_diag *diag) {
  switch (rs__stream_links_add(&c->links, &f->burst, f->number, f->arrival_cycles)) {
    case RS__MEETS_NO_MEMORY:
      return no_memory(diag);
    case RS__MEETS_PERHAPS:
      return rs_diag_set(diag, RS_E_LIMIT,
                         "chip %u, cycle %lld: so many bursts are being added that it may be more "
                         "than the vector unit does: one pass does not decide",
                         c->wiring->links[f->burst.link].to, (long long)f->arrival_cycles);
    case RS__MEETS_NONE:
    case RS__MEETS:
      break;
  }
  return RS_OK;
}

/* ---- departures ---- */

static uint32_t new_piece(rs_stream_checker *c, rs_uint128 value, int64_t count) {
  uint32_t index = c->piece_free;
  if (index != RS_NONE) {
    c->piece_free = c->pieces[index].next;
  } else {
    if (c->piece_count == c->piece_capacity) {
      uint32_t capacity = RS_MAX(2 * c->piece_capacity, UINT32_C(1024));
      piece *larger = realloc(c->pieces, capacity * sizeof *larger);
      if (larger == NULL) return RS_NONE;
      c->pieces = larger;
      c->piece_capacity = capacity;
    }
    index = c->piece_count++;
  }
  c->pieces[index] = (piece){value, count, RS_NONE};
  return index;
}

static rs_status read_in(rs_stream_checker *c, const access *a, flight *f, rs_diag *diag) {
  const rs_op *op = &c->header->ops[a->burst->op];
  int64_t first = a->burst->source_offset;
  if (!rs__stream_has_input(&c->memory, a->burst->op, a->chip)) {
    return refuse(c, a, RS_FAULT_EMPTY, first, "reads, of an input that the chip does not have,",
                  UINT64_MAX, diag);
  }
  if (a->pace.cycles < op->ready_cycles + c->header->timing.send_cycles) {
    return refuse(c, a, RS_FAULT_EARLY, first, "departs before the chip's own input is ready",
                  UINT64_MAX, diag);
  }
  rs_uint128 value = rs_field_mul(rs__stream_symbol(&c->memory, a->burst->op, a->chip),
                                  rs__stream_power(&c->memory, first));
  f->first_piece = new_piece(c, value, a->burst->count);
  return f->first_piece == RS_NONE ? no_memory(diag) : RS_OK;
}

static rs_status read_span(rs_stream_checker *c, const access *a, const rs__span *span,
                           rs_diag *diag) {
  const rs_timing *t = &c->header->timing;
  rs__held *held = span->held;
  int64_t ready = c->header->ops[a->burst->op].ready_cycles + t->send_cycles;
  if (held->kept.cycles < 0 && a->burst->source == RS_BUFFER_OUT &&
      rs__pace_cycles(&c->header->timing, &a->pace, span->first) < ready) {
    return refuse(c, a, RS_FAULT_EARLY, span->first, "departs before the chip's own input is ready",
                  UINT64_MAX, diag);
  }
  if (!rs__pace_follows(&c->header->timing, &a->pace, &held->kept, span->first, span->end,
                        t->forward_cycles + c->header->deskew_margin_cycles)) {
    return refuse(c, a, RS_FAULT_EARLY, span->first, "departs before it can hold what comes with",
                  held->kept.burst, diag);
  }
  if (!rs__pace_follows(&c->header->timing, &a->pace, &held->added, span->first, span->end,
                        t->forward_cycles + t->add_cycles + c->header->deskew_margin_cycles)) {
    return refuse(c, a, RS_FAULT_RACE, span->first, "departs before all is added that comes with",
                  held->added.burst, diag);
  }
  held->read = rs__pace_later(&c->header->timing, &held->read, &a->pace, span->first, span->end);
  return RS_OK;
}

static rs_status read_store(rs_stream_checker *c, const access *a, rs__store *store, flight *f,
                            rs_diag *diag) {
  int64_t address = a->burst->source_offset;
  int64_t end = address + a->burst->count;
  uint32_t last_piece = RS_NONE;
  uint32_t i = rs__stream_cut(&c->memory, store, address, end);
  if (i == RS_NONE) return no_memory(diag);
  for (; address < end; i++) {
    if (i == store->count || store->spans[i].first > address) {
      return refuse(c, a, RS_FAULT_EMPTY, address, "reads where there is nothing", UINT64_MAX,
                    diag);
    }
    const rs__span *span = &store->spans[i];
    rs_status status = read_span(c, a, span, diag);
    if (status != RS_OK) return status;
    uint32_t made = new_piece(c, span->held->value, span->end - address);
    if (made == RS_NONE) return no_memory(diag);
    if (last_piece == RS_NONE) {
      f->first_piece = made;
    } else {
      c->pieces[last_piece].next = made;
    }
    last_piece = made;
    address = span->end;
  }
  return RS_OK;
}

static rs_status depart(rs_stream_checker *c, flight *f, rs_diag *diag) {
  const rs_burst *b = &f->burst;
  uint32_t chip = c->wiring->links[b->link].from;
  access a = {b, f->number, chip, {b->start_cycles, b->source_offset, f->number, b->stride}};
  if (b->source == RS_BUFFER_IN) return read_in(c, &a, f, diag);
  rs__chip_memory *memory = rs__stream_chip(&c->memory, b->op, chip);
  if (memory == NULL) return no_memory(diag);
  rs__store *store = b->source == RS_BUFFER_OUT ? &memory->out : &memory->tmp;
  return read_store(c, &a, store, f, diag);
}

static bool push_flight(rs_stream_checker *c, const flight *f) {
  queue *q = &c->queues[c->wiring->links[f->burst.link].cable_class];
  if (q->tail - q->head == q->capacity) {
    uint64_t capacity = RS_MAX(2 * q->capacity, UINT64_C(256));
    flight *larger = malloc(capacity * sizeof *larger);
    if (larger == NULL) return false;
    for (uint64_t i = q->head; i < q->tail; i++) {
      larger[i & (capacity - 1)] = q->flights[i & (q->capacity - 1)];
    }
    free(q->flights);
    q->flights = larger;
    q->capacity = capacity;
  }
  q->flights[q->tail++ & (q->capacity - 1)] = *f;
  c->flights++;
  c->report.flights_max = RS_MAX(c->report.flights_max, c->flights);
  return true;
}

/* ---- arrivals ---- */

/* What a write asks of the run that stands in its place. */
static rs_status check_target(rs_stream_checker *c, const access *a, const rs__span *span,
                              rs_diag *diag) {
  const rs_timing *t = &c->header->timing;
  const rs__held *held = span->held;
  bool is_add = a->burst->action == RS_ACTION_ADD;
  if (!rs__pace_follows(&c->header->timing, &a->pace, &held->read, span->first, span->end, 1)) {
    return refuse(c, a, RS_FAULT_RACE, span->first, "overwrites what has yet to depart with",
                  held->read.burst, diag);
  }
  if (held->kept.cycles < 0 && a->burst->target == RS_BUFFER_OUT &&
      rs__pace_cycles(&c->header->timing, &a->pace, span->first) <
          c->header->ops[a->burst->op].ready_cycles) {
    return refuse(c, a, RS_FAULT_EARLY, span->first, "arrives before the chip's own input",
                  UINT64_MAX, diag);
  }
  if (!rs__pace_follows(&c->header->timing, &a->pace, &held->kept, span->first, span->end,
                        RS_MAX(t->receive_cycles, 1)) &&
      !(is_add &&
        rs__pace_coincides(&c->header->timing, &a->pace, &held->kept, span->first, span->end))) {
    return refuse(c, a, RS_FAULT_RACE, span->first, "lands on what is still being written by",
                  held->kept.burst, diag);
  }
  if (!is_add && !rs__pace_follows(&c->header->timing, &a->pace, &held->added, span->first,
                                   span->end, RS_MAX(t->receive_cycles + t->add_cycles, 1))) {
    return refuse(c, a, RS_FAULT_RACE, span->first, "overwrites what is still being added to by",
                  held->added.burst, diag);
  }
  return RS_OK;
}

/* Vectors of a run that are right, in `out` of a member; 0 elsewhere. */
static int64_t right(const rs_stream_checker *c, const access *a, const rs__chip_memory *memory,
                     int64_t first, int64_t end, rs_uint128 value) {
  if (a->burst->target != RS_BUFFER_OUT) return 0;
  return rs__stream_right(&c->memory, a->burst->op, memory, first, end, value);
}

static rs_status land_add(rs_stream_checker *c, const access *a, rs__chip_memory *memory,
                          rs__store *store, uint32_t i, int64_t address, int64_t end,
                          rs_uint128 value, rs_diag *diag) {
  rs__live_op *live = c->memory.ops[a->burst->op];
  for (; address < end; i++) {
    if (i == store->count || store->spans[i].first > address) {
      if (a->burst->target == RS_BUFFER_OUT) {
        return refuse(c, a, RS_FAULT_EMPTY, address, "adds to memory that holds nothing",
                      UINT64_MAX, diag);
      }
      int64_t next = i == store->count ? end : RS_MIN(end, store->spans[i].first);
      rs__held *zero = rs__stream_replace(&c->memory, store, i, 0, address, next);
      if (zero == NULL) return no_memory(diag);
      *zero = (rs__held){0, RS__NEVER, RS__NEVER, RS__NEVER};
    }
    const rs__span *span = &store->spans[i];
    rs_status status = check_target(c, a, span, diag);
    if (status != RS_OK) return status;
    rs__held *held = span->held;
    live->wrong_vectors += right(c, a, memory, span->first, span->end, held->value);
    held->value = rs_field_add(held->value, value);
    held->added =
        rs__pace_later(&c->header->timing, &held->added, &a->pace, span->first, span->end);
    live->wrong_vectors -= right(c, a, memory, span->first, span->end, held->value);
    value = rs_field_mul(value, rs__stream_power(&c->memory, span->end - address));
    address = span->end;
  }
  return RS_OK;
}

static rs_status land_keep(rs_stream_checker *c, const access *a, rs__chip_memory *memory,
                           rs__store *store, uint32_t i, int64_t address, int64_t end,
                           rs_uint128 value, rs_diag *diag) {
  rs__live_op *live = c->memory.ops[a->burst->op];
  uint32_t covered = 0;
  for (; i + covered < store->count && store->spans[i + covered].first < end; covered++) {
    const rs__span *span = &store->spans[i + covered];
    rs_status status = check_target(c, a, span, diag);
    if (status != RS_OK) return status;
    live->wrong_vectors += right(c, a, memory, span->first, span->end, span->held->value);
  }
  rs__held *held = rs__stream_replace(&c->memory, store, i, covered, address, end);
  if (held == NULL) return no_memory(diag);
  *held = (rs__held){value, a->pace, RS__NEVER, RS__NEVER};
  live->wrong_vectors -= right(c, a, memory, address, end, value);
  return RS_OK;
}

static rs_status land_pieces(rs_stream_checker *c, const flight *f, const access *a,
                             rs__chip_memory *memory, rs_diag *diag) {
  rs__store *store = f->burst.target == RS_BUFFER_OUT ? &memory->out : &memory->tmp;
  int64_t address = f->burst.target_offset;
  for (uint32_t at = f->first_piece; at != RS_NONE;) {
    piece p = c->pieces[at];
    c->pieces[at].next = c->piece_free;
    c->piece_free = at;
    uint32_t i = rs__stream_cut(&c->memory, store, address, address + p.count);
    if (i == RS_NONE) return no_memory(diag);
    rs_status status =
        f->burst.action == RS_ACTION_ADD
            ? land_add(c, a, memory, store, i, address, address + p.count, p.value, diag)
            : land_keep(c, a, memory, store, i, address, address + p.count, p.value, diag);
    if (status != RS_OK) return status;
    address += p.count;
    at = p.next;
  }
  return RS_OK;
}

/* An operation whose results are all right, with nothing in flight, is over. */
static void end_if_over(rs_stream_checker *c, uint32_t op) {
  const rs__live_op *live = c->memory.ops[op];
  if (live == NULL || live->flights > 0 || live->wrong_vectors > 0) return;
  rs__stream_end_op(&c->memory, op);
  c->report.check.results++;
}

static rs_status arrive(rs_stream_checker *c, const flight *f, rs_diag *diag) {
  const rs_burst *b = &f->burst;
  uint32_t chip = c->wiring->links[b->link].to;
  access a = {b, f->number, chip, {f->arrival_cycles, b->target_offset, f->number, b->stride}};
  rs__chip_memory *memory = rs__stream_chip(&c->memory, b->op, chip);
  if (memory == NULL) return no_memory(diag);
  rs_status status = enter_vector_unit(c, f, diag);
  if (status == RS_OK) status = land_pieces(c, f, &a, memory, diag);
  if (status != RS_OK) return status;
  c->memory.ops[b->op]->flights--;
  c->flights--;
  end_if_over(c, b->op);
  return RS_OK;
}

/* The earliest arrival that is waiting; INT64_MAX: none is. */
static int64_t next_arrival(const rs_stream_checker *c) {
  int64_t least = INT64_MAX;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    const queue *q = &c->queues[k];
    if (q->head == q->tail) continue;
    least = RS_MIN(least, q->flights[q->head & (q->capacity - 1)].arrival_cycles);
  }
  return least;
}

static bool push_meeting(rs_stream_checker *c, const flight *f) {
  if (c->meeting_count == c->meeting_capacity) {
    uint32_t capacity = RS_MAX(2 * c->meeting_capacity, UINT32_C(256));
    flight *larger = realloc(c->meeting, capacity * sizeof *larger);
    if (larger == NULL) return false;
    c->meeting = larger;
    c->meeting_capacity = capacity;
  }
  c->meeting[c->meeting_count++] = *f;
  return true;
}

/* Lands everything that arrives at one cycle: what is kept before what is added to it. */
static rs_status land_at(rs_stream_checker *c, int64_t cycles, rs_diag *diag) {
  rs_status status = RS_OK;
  c->meeting_count = 0;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    queue *q = &c->queues[k];
    while (q->head < q->tail && status == RS_OK) {
      const flight f = q->flights[q->head & (q->capacity - 1)];
      if (f.arrival_cycles != cycles) break;
      q->head++;
      if (f.burst.action != RS_ACTION_ADD) {
        status = arrive(c, &f, diag);
      } else if (!push_meeting(c, &f)) {
        status = no_memory(diag);
      }
    }
  }
  for (uint32_t i = 0; i < c->meeting_count && status == RS_OK; i++) {
    status = arrive(c, &c->meeting[i], diag);
  }
  return status;
}

/* Lands everything up to a cycle, in order of arrival. */
static rs_status land_until(rs_stream_checker *c, int64_t cycles, rs_diag *diag) {
  for (;;) {
    int64_t next = next_arrival(c);
    if (next == INT64_MAX || next > cycles) return RS_OK;
    rs_status status = land_at(c, next, diag);
    if (status != RS_OK) return status;
  }
}

/* ---- the pass ---- */

static void count_burst(rs_stream_checker *c, const rs_burst *b) {
  const rs_timing *t = &c->header->timing;
  int64_t settled = rs_burst_arrival(t, &c->wiring->links[b->link], b, b->count - 1) +
                    t->receive_cycles + (b->action == RS_ACTION_ADD ? t->add_cycles : 0);
  c->report.check.bursts++;
  c->report.check.makespan_cycles = RS_MAX(c->report.check.makespan_cycles, settled);
}

rs_status rs_stream_checker_add(rs_stream_checker *c, const rs_burst *burst, rs_diag *diag) {
  flight f = {.burst = *burst, .number = c->report.check.bursts, .first_piece = RS_NONE};
  if (burst->start_cycles < c->now_cycles) {
    return rs_diag_set(
        diag, RS_E_INFEASIBLE,
        "this burst starts at cycle %lld, one before it at %lld: one pass needs them "
        "in order",
        (long long)burst->start_cycles, (long long)c->now_cycles);
  }
  c->now_cycles = burst->start_cycles;
  rs_status status = land_until(c, burst->start_cycles, diag);
  if (status != RS_OK) return status;
  if (c->memory.over[burst->op]) {
    return rs_diag_set(diag, RS_E_LIMIT,
                       "operation %u was complete before this burst: one pass has let go of it",
                       burst->op);
  }
  rs__live_op *live = rs__stream_op(&c->memory, burst->op);
  if (live == NULL) return no_memory(diag);
  f.arrival_cycles = rs_burst_arrival(&c->header->timing, &c->wiring->links[burst->link], burst, 0);
  count_burst(c, burst);
  status = enter_link(c, &f, diag);
  if (status == RS_OK) status = depart(c, &f, diag);
  if (status != RS_OK) return status;
  live->flights++;
  return push_flight(c, &f) ? RS_OK : no_memory(diag);
}

static rs_status refuse_result(rs_stream_checker *c, uint32_t op, rs_diag *diag) {
  const rs__live_op *live = c->memory.ops[op];
  for (uint32_t i = 0; i < live->chip_count; i++) {
    int64_t at = rs__stream_first_wrong(&c->memory, op, &live->chips[i]);
    if (at < 0) continue;
    uint32_t chip = live->chips[i].chip;
    c->report.check.fault =
        (rs_fault){RS_FAULT_RESULT, chip,      RS_NONE, op, c->report.check.makespan_cycles,
                   UINT64_MAX,      UINT64_MAX};
    return rs_diag_set(diag, RS_E_REFUSED,
                       "chip %u: the result of operation %u is missing or wrong at vector %lld",
                       chip, op, (long long)at);
  }
  assert(false); /* some vector is wrong, and all were looked at */
  return RS_OK;
}

/* Stalls stand in order, the first before cycle 0. */
static rs_status check_interval(rs_stream_checker *c, rs_diag *diag) {
  const rs_schedule *h = c->header;
  int64_t longest = 0, since = 0;
  if (h->stall_count == 0 || h->deskew_interval_cycles == 0) return RS_OK;
  for (uint64_t i = 1; i < h->stall_count; i++) {
    longest = RS_MAX(longest, h->stalls[i].at_cycles - since);
    since = h->stalls[i].at_cycles;
  }
  longest = RS_MAX(longest, c->report.check.makespan_cycles - since);
  if (longest <= h->deskew_interval_cycles) return RS_OK;
  c->report.check.fault =
      (rs_fault){RS_FAULT_DESKEW, RS_NONE, RS_NONE, RS_NONE, since, UINT64_MAX, UINT64_MAX};
  return rs_diag_set(diag, RS_E_REFUSED,
                     "%lld cycles without a stall: the schedule promises one each %lld",
                     (long long)longest, (long long)h->deskew_interval_cycles);
}

rs_status rs_stream_checker_finish(rs_stream_checker *c, rs_diag *diag) {
  rs_status status = land_until(c, INT64_MAX, diag);
  for (uint32_t op = 0; op < c->header->op_count && status == RS_OK; op++) {
    int64_t *makespan = &c->report.check.makespan_cycles;
    *makespan = RS_MAX(*makespan, c->header->ops[op].ready_cycles);
    if (c->memory.over[op]) continue;
    if (rs__stream_op(&c->memory, op) == NULL) return no_memory(diag);
    end_if_over(c, op);
    if (!c->memory.over[op]) status = refuse_result(c, op, diag);
  }
  return status == RS_OK ? check_interval(c, diag) : status;
}

void rs_stream_checker_report(const rs_stream_checker *c, rs_stream_report *report) {
  *report = c->report;
  report->check.links_used = c->links.used_count;
  int64_t makespan = report->check.makespan_cycles;
  report->check.stall_cycles = rs_schedule_wall_end(c->header, makespan) - makespan;
  report->runs_max = c->memory.runs_max;
  report->ops_max = c->memory.ops_max;
  report->bytes_max = c->memory.bytes_max + c->piece_capacity * sizeof *c->pieces +
                      c->meeting_capacity * sizeof *c->meeting + rs__stream_links_bytes(&c->links);
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    report->bytes_max += (size_t)c->queues[k].capacity * sizeof(flight);
  }
}

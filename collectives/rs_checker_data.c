/*
 * Causality and data: all reads and writes of all bursts in order of time, on symbolic memory.
 *
 * A burst reads its source when its first vector departs and writes its target when that vector
 * arrives; later vectors follow at the same distances on both sides. Handling a burst as a whole at
 * those two moments is right if, wherever it overlaps another burst's read or write, the order is the
 * same for all vectors of the overlap. Times are linear in the address, so the two ends decide; an
 * order that is not the same throughout is refused.
 *
 * Events at one time: writes before reads, because where a chip's costs are zero a vector may leave
 * in the cycle in which it came.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__checker.h"

typedef struct access {
  const rs_burst *burst;
  uint64_t index;
  const rs_link *link;
  rs__line line; /* departure by source address, or arrival by target address */
} access;

static rs__line burst_line(const rs__checker *c, const rs_burst *b, int64_t base, int64_t origin) {
  const rs_timing *t = &c->schedule->timing;
  int64_t num;
  rs__line line = {base, origin, 0, t->slot_den};
  /* 2^40 slots of 2^32 stride leave 64 bits: such a burst is refused by its end time already */
  if (rs_mul_i64(b->stride, t->slot_num, &num)) line.num = num;
  return line;
}

/* ---- faults ---- */

static rs_status refuse_access(rs__checker *c, const access *a, rs_fault_kind kind, int64_t cycle,
                               uint64_t other, const char *what) {
  char name[48], text_a[160], text_b[160];
  rs_wiring_link_name(c->wiring, a->burst->link, name, sizeof name);
  rs_fault fault = {kind, RS_NONE, a->burst->link, a->burst->op, cycle, a->index, other};
  return rs__checker_refuse(c, fault, "link %s, cycle %lld: '%s' %s '%s'", name, (long long)cycle,
                            rs__checker_burst_text(c, a->index, text_a, sizeof text_a), what,
                            rs__checker_burst_text(c, other, text_b, sizeof text_b));
}

static rs_status refuse_empty(rs__checker *c, const access *a, int64_t cycle, const char *what,
                              int64_t address) {
  char name[48], text[160];
  rs_wiring_link_name(c->wiring, a->burst->link, name, sizeof name);
  rs_fault fault = {RS_FAULT_EMPTY, RS_NONE,  a->burst->link, a->burst->op,
                    cycle,          a->index, UINT64_MAX};
  return rs__checker_refuse(
      c, fault, "link %s, cycle %lld: '%s' %s vector %lld, which holds nothing", name,
      (long long)cycle, rs__checker_burst_text(c, a->index, text, sizeof text), what,
      (long long)address);
}

/* ---- pieces in flight ---- */

static uint32_t take_piece(rs__checker *c) {
  if (c->piece_free != RS_NONE) {
    uint32_t index = c->piece_free;
    c->piece_free = c->pieces[index].next;
    return index;
  }
  if (c->piece_count == c->piece_capacity) {
    uint32_t capacity = RS_MAX(2 * c->piece_capacity, UINT32_C(1024));
    rs__piece *larger = RS_ARENA_NEW(c->arena, rs__piece, capacity);
    if (larger == NULL) return RS_NONE;
    if (c->piece_count > 0) memcpy(larger, c->pieces, c->piece_count * sizeof *larger);
    c->pieces = larger;
    c->piece_capacity = capacity;
  }
  return c->piece_count++;
}

/* ---- reads ---- */

static rs_status check_read(rs__checker *c, const access *a, rs__segment *s, int64_t first,
                            int64_t last) {
  if (!rs__line_after(&a->line, &s->departs, first, last, false)) {
    bool at_first = rs__line_compare(&a->line, &s->departs, first) < 0;
    int64_t cycle = rs__line_floor(&a->line, at_first ? first : last);
    bool writing = s->writer != UINT64_MAX &&
                   rs__line_after(&a->line, &s->arrived, first, last, false) &&
                   c->schedule->bursts[s->writer].action == RS_ACTION_ADD;
    return refuse_access(c, a, writing ? RS_FAULT_RACE : RS_FAULT_EARLY, cycle, s->writer,
                         "departs before it can hold what comes from");
  }
  int64_t slack = RS_MIN(rs__line_floor(&a->line, first) - rs__line_floor(&s->departs, first),
                         rs__line_floor(&a->line, last) - rs__line_floor(&s->departs, last));
  if (c->report->slack_cycles_min < 0 || slack < c->report->slack_cycles_min) {
    c->report->slack_cycles_min = RS_MAX(slack, 0);
  }
  s->read =
      s->was_read ? rs__line_later(&s->read, &a->line, s->first, s->first + s->count - 1) : a->line;
  s->was_read = true;
  return RS_OK;
}

/* Captures what the burst reads as pieces. The source is cut at the ends of the range only where a
 * later write must tell the parts apart, which is when only part of a run is read. */
static rs_status handle_read(rs__checker *c, const access *a) {
  rs__bank *bank = rs__checker_bank(c, a->burst->op, a->link->from);
  if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
  rs__buffer_runs *runs = &bank->runs[a->burst->source];
  int64_t address = a->burst->source_offset;
  int64_t end = address + a->burst->count;
  /* `in` is never written: it need not remember who read which part */
  bool cut = a->burst->source != RS_BUFFER_IN;
  if (cut && (!rs__checker_cut(c, runs, address) || !rs__checker_cut(c, runs, end))) {
    return rs_arena_failed(c->arena, c->diag);
  }
  uint32_t last_piece = RS_NONE; /* by index: the pool moves when it grows */
  c->flying[a->index] = RS_NONE;
  for (uint32_t i = rs__checker_find(runs, address); address < end; i++) {
    rs__segment *s = i < runs->count ? &runs->segments[i] : NULL;
    if (s == NULL || s->first > address) {
      return refuse_empty(c, a, rs__line_floor(&a->line, address), "reads", address);
    }
    int64_t stop = RS_MIN(end, s->first + s->count);
    rs_status status = check_read(c, a, s, address, stop - 1);
    if (status != RS_OK) return status;
    uint32_t piece = take_piece(c);
    if (piece == RS_NONE) return rs_arena_failed(c->arena, c->diag);
    rs_uint128 value = address == s->first
                           ? s->value
                           : rs_field_mul(s->value, rs__checker_power(c, address - s->first));
    c->pieces[piece] = (rs__piece){value, stop - address, RS_NONE};
    if (last_piece == RS_NONE) {
      c->flying[a->index] = piece;
    } else {
      c->pieces[last_piece].next = piece;
    }
    last_piece = piece;
    address = stop;
  }
  return RS_OK;
}

/* ---- writes ---- */

static rs__line shifted(rs__line line, int64_t cycles) {
  line.base += cycles;
  return line;
}

/* What stands at the target before a write: reads of it must be over. */
static rs_status check_overwrite(rs__checker *c, const access *a, const rs__segment *s,
                                 int64_t first, int64_t last) {
  if (s->was_read && !rs__line_after(&a->line, &s->read, first, last, true)) {
    return refuse_access(c, a, RS_FAULT_RACE, rs__line_floor(&a->line, first), s->writer,
                         "arrives while a burst still reads what comes from");
  }
  /* where the chip costs nothing, settled is the cycle of arrival: two in one cycle have no order */
  bool strictly = c->schedule->timing.receive_cycles == 0 && s->writer != UINT64_MAX;
  if (a->burst->action != RS_ACTION_ADD &&
      !rs__line_after(&a->line, &s->settled, first, last, strictly)) {
    return refuse_access(c, a, RS_FAULT_RACE, rs__line_floor(&a->line, first), s->writer,
                         "overwrites what is still being written by");
  }
  return RS_OK;
}

static rs_status write_add(rs__checker *c, const access *a, rs__buffer_runs *runs,
                           const rs__piece *piece, int64_t address) {
  const rs_timing *t = &c->schedule->timing;
  int64_t end = address + piece->count;
  rs_uint128 value = piece->value;
  for (uint32_t i = rs__checker_find(runs, address); address < end; i++) {
    rs__segment *s = i < runs->count ? &runs->segments[i] : NULL;
    if (s == NULL || s->first > address) {
      return refuse_empty(c, a, rs__line_floor(&a->line, address), "adds to", address);
    }
    int64_t last = s->first + s->count - 1;
    rs_status status = check_overwrite(c, a, s, address, last);
    if (status != RS_OK) return status;
    if (!rs__line_after(&a->line, &s->arrived, address, last, s->was_kept)) {
      return refuse_access(c, a, RS_FAULT_EARLY, rs__line_floor(&a->line, address), s->writer,
                           "is added before there is anything from");
    }
    rs__line departs = shifted(a->line, t->forward_cycles + t->add_cycles);
    rs__line settled = shifted(a->line, t->receive_cycles + t->add_cycles);
    s->departs = rs__line_later(&s->departs, &departs, address, last);
    s->settled = rs__line_later(&s->settled, &settled, address, last);
    s->value = rs_field_add(s->value, value);
    s->writer = a->index;
    if (last + 1 < end) value = rs_field_mul(value, rs__checker_power(c, last + 1 - address));
    address = last + 1;
  }
  return RS_OK;
}

static rs_status write_keep(rs__checker *c, const access *a, rs__buffer_runs *runs,
                            const rs__piece *piece, int64_t address) {
  const rs_timing *t = &c->schedule->timing;
  int64_t end = address + piece->count;
  uint32_t i = rs__checker_find(runs, address);
  uint32_t after = i;
  for (; after < runs->count && runs->segments[after].first < end; after++) {
    rs__segment *s = &runs->segments[after];
    rs_status status = check_overwrite(c, a, s, s->first, s->first + s->count - 1);
    if (status != RS_OK) return status;
  }
  rs__segment fresh = {.first = address,
                       .count = piece->count,
                       .value = piece->value,
                       .arrived = a->line,
                       .departs = shifted(a->line, t->forward_cycles),
                       .settled = shifted(a->line, t->receive_cycles),
                       .was_kept = true,
                       .writer = a->index};
  if (after == i) {
    if (!rs__checker_insert(c, runs, &fresh)) return rs_arena_failed(c->arena, c->diag);
    return RS_OK;
  }
  runs->segments[i] = fresh; /* takes the place of those that it covers */
  memmove(&runs->segments[i + 1], &runs->segments[after],
          (runs->count - after) * sizeof *runs->segments);
  runs->count -= after - i - 1;
  return RS_OK;
}

static rs_status handle_write(rs__checker *c, const access *a) {
  rs__bank *bank = rs__checker_bank(c, a->burst->op, a->link->to);
  if (bank == NULL) return rs_arena_failed(c->arena, c->diag);
  rs__buffer_runs *runs = &bank->runs[a->burst->target];
  int64_t address = a->burst->target_offset;
  uint32_t piece = c->flying[a->index];
  while (piece != RS_NONE) {
    const rs__piece p = c->pieces[piece];
    if (!rs__checker_cut(c, runs, address) || !rs__checker_cut(c, runs, address + p.count)) {
      return rs_arena_failed(c->arena, c->diag);
    }
    rs_status status = a->burst->action == RS_ACTION_ADD ? write_add(c, a, runs, &p, address)
                                                         : write_keep(c, a, runs, &p, address);
    if (status != RS_OK) return status;
    address += p.count;
    c->pieces[piece].next = c->piece_free;
    c->piece_free = piece;
    piece = p.next;
  }
  return RS_OK;
}

/* ---- order of events ---- */

/* Bursts by start, and the same list once a cable class for arrivals: a class has one latency, so
 * each list is in order of arrival, and merging the four gives all events in order. */
typedef struct merger {
  const uint32_t *reads;
  uint32_t *writes[RS_CABLE_CLASS_COUNT];
  uint64_t read_count, read_next;
  uint64_t write_count[RS_CABLE_CLASS_COUNT], write_next[RS_CABLE_CLASS_COUNT];
} merger;

typedef struct key {
  int64_t start;
  uint64_t index;
} key;

static int compare_keys(const void *left, const void *right) {
  const key *a = left;
  const key *b = right;
  if (a->start != b->start) return a->start < b->start ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

static bool sort_by_start(const rs_schedule *s, uint32_t *order) {
  bool sorted = true;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    order[i] = (uint32_t)i;
    if (i > 0 && s->bursts[i].start_cycles < s->bursts[i - 1].start_cycles) sorted = false;
  }
  if (sorted) return true;
  key *keys = malloc(s->burst_count * sizeof *keys);
  if (keys == NULL) return false;
  for (uint64_t i = 0; i < s->burst_count; i++) keys[i] = (key){s->bursts[i].start_cycles, i};
  qsort(keys, s->burst_count, sizeof *keys, compare_keys);
  for (uint64_t i = 0; i < s->burst_count; i++) order[i] = (uint32_t)keys[i].index;
  free(keys);
  return true;
}

static rs_status create_merger(rs__checker *c, merger *m) {
  const rs_schedule *s = c->schedule;
  uint32_t *order = RS_ARENA_NEW(c->arena, uint32_t, s->burst_count);
  if (order == NULL || !sort_by_start(s, order)) return rs_arena_failed(c->arena, c->diag);
  *m = (merger){.reads = order, .read_count = s->burst_count};
  for (uint64_t i = 0; i < s->burst_count; i++) {
    m->write_count[c->wiring->links[s->bursts[i].link].cable_class]++;
  }
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    m->writes[k] = RS_ARENA_NEW(c->arena, uint32_t, m->write_count[k]);
    if (m->writes[k] == NULL) return rs_arena_failed(c->arena, c->diag);
    m->write_count[k] = 0;
  }
  for (uint64_t i = 0; i < s->burst_count; i++) {
    int k = c->wiring->links[s->bursts[order[i]].link].cable_class;
    m->writes[k][m->write_count[k]++] = order[i];
  }
  return RS_OK;
}

/* The next event: its burst, and whether it is a write. false: none is left. */
static bool next_event(const rs__checker *c, merger *m, uint32_t *index, bool *is_write) {
  const rs_schedule *s = c->schedule;
  int64_t best = INT64_MAX;
  int best_class = -1;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    if (m->write_next[k] == m->write_count[k]) continue;
    int64_t time =
        s->bursts[m->writes[k][m->write_next[k]]].start_cycles + s->timing.latency_cycles[k];
    if (time >= best) continue;
    best = time;
    best_class = k;
  }
  bool has_read = m->read_next < m->read_count;
  if (has_read && s->bursts[m->reads[m->read_next]].start_cycles < best) best_class = -1;
  *is_write = best_class >= 0;
  if (*is_write) {
    *index = m->writes[best_class][m->write_next[best_class]++];
  } else if (has_read) {
    *index = m->reads[m->read_next++];
  }
  return *is_write || has_read;
}

rs_status rs__checker_data(rs__checker *c) {
  merger m = {0};
  uint32_t index;
  bool is_write;
  rs_status status = create_merger(c, &m);
  c->flying = RS_ARENA_NEW(c->arena, uint32_t, c->schedule->burst_count);
  if (c->flying == NULL) return rs_arena_failed(c->arena, c->diag);
  c->piece_free = RS_NONE;
  while (status == RS_OK && next_event(c, &m, &index, &is_write)) {
    const rs_burst *b = &c->schedule->bursts[index];
    const rs_link *link = &c->wiring->links[b->link];
    access a = {b, index, link, {0, 0, 0, 1}};
    if (is_write) {
      int64_t arrival = b->start_cycles + rs_timing_latency(&c->schedule->timing, link);
      a.line = burst_line(c, b, arrival, b->target_offset);
      status = handle_write(c, &a);
    } else {
      a.line = burst_line(c, b, b->start_cycles, b->source_offset);
      status = handle_read(c, &a);
      c->report->vectors += (uint64_t)b->count;
    }
  }
  return status;
}

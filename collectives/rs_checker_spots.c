/*
 * Causality and data of a simple batch: memory is a table of spots, one a chip and cell.
 *
 * What is asked of each access is what rs_checker_data.c asks (its table holds here, in the same order),
 * and so is what decides: exact times at both ends of a run. But since no run is ever cut, nothing is
 * searched, and two runs that meet are the same run: where their strides agree, the first vectors' times
 * decide, in whole cycles.
 *
 * Bursts are gone through once, by start. A burst's vectors wait at their spot from then on, by arrival,
 * what is kept before what is added; before a spot is read at cycle t, what has arrived by t is put down.
 * A latency is a cycle or more: all that arrives by t has started before t.
 *
 * No fault is worded here. What is refused is looked at once more, as a whole, by rs_checker_data.c,
 * which has the last word. So this file can only make the proof faster, or fail to see a fault.
 */
#include <string.h>

#include "rs__checker_batches.h"

enum {
  RECORDS_AHEAD = 8,
  BURSTS_AHEAD = 12,
  DIGIT_BITS = 9,
  SPOTS_A_BURST = 4, /* a table with more than so many is too empty */
  FLIGHTS_MAX = 256  /* more at one spot are refused: a list is gone through */
};

/* CLEAR: hop buffer to which nothing was written; what is added there is added to zero. */
typedef enum spot_state { EMPTY, CLEAR, OWN, OWN_SLOPED, KEPT } spot_state;

typedef struct flight {
  rs_uint128 value;
  int64_t arrival;
  uint32_t stride;
  uint32_t next; /* by arrival; RS_NONE: last */
  bool is_add;
} flight;

/* 64 bytes. Times are those of first vectors; −1: there is none. */
typedef struct spot {
  rs_uint128 value;
  int64_t kept; /* of what stands here; OWN: it is the chip's own input, ready then */
  int64_t added, read;
  uint32_t kept_stride, added_stride, read_stride;
  uint32_t flights; /* RS_NONE: none */
  uint32_t bank;
  uint32_t cell : 28;
  uint32_t state : 3; /* spot_state */
} spot;

/* A line without its burst. */
typedef struct times {
  int64_t base;
  uint32_t stride;
} times;

/* A burst as the batch needs it. */
typedef struct record {
  int64_t start;
  uint32_t from;   /* spot, or input */
  uint32_t to;     /* spot */
  uint32_t stride; /* 0: one vector */
  bool is_input;
  bool is_add;
  uint8_t cable_class;
} record;

/* What the members' cells must hold at the end. */
typedef struct wanted {
  rs_uint128 value;
  bool is_common; /* else it is not the same for all */
} wanted;

typedef enum verdict { PROVED, NOT_SIMPLE, REFUSED, NO_MEMORY } verdict;

typedef struct rs__table {
  rs__checker *c;
  const rs__cells *cells;
  record *records, *scratch;
  rs_uint128 *inputs; /* what bursts read of `in`, which nothing can change */
  uint32_t record_count, input_count;
  const rs__range *ranges;
  uint32_t range_count;
  uint32_t *local;     /* [cell] among those of its operation in this batch */
  uint32_t *listed;    /* cells, by operation */
  wanted *wanted;      /* [as listed] */
  uint32_t *op_listed; /* [op] first of its own among `listed` */
  uint32_t *op_width;  /* [op] how many */
  spot *spots;
  uint32_t spot_count, spot_capacity;
  flight *flights;
  uint32_t flight_count, flight_capacity, flight_free;
  int64_t kept_cost, added_cost, forward_cost, sum_cost; /* cycles; see rs_checker_data.c */
  int64_t slack_min, received_slack_min;
} table;

/* ---- times ---- */

/* a − b − cycles, in ticks, where it is least over the cell. */
static rs_int128 least_gap(const table *t, times a, times b, uint32_t cell, int64_t cycles) {
  const rs_timing *timing = &t->c->schedule->timing;
  rs_int128 gap = (rs_int128)(a.base - b.base - cycles) * timing->slot_den;
  if (a.stride >= b.stride) return gap;
  int64_t last = t->cells->first[cell + 1] - t->cells->first[cell] - 1;
  return gap - (rs_int128)last * (b.stride - a.stride) * timing->slot_num;
}

static inline bool follows(const table *t, times a, times b, uint32_t cell, int64_t cycles) {
  if (a.base - b.base < cycles) return false;
  return a.stride >= b.stride || least_gap(t, a, b, cell, cycles) >= 0;
}

static inline int64_t last_cycle(const table *t, times a, uint32_t cell) {
  if (a.stride == 0) return a.base;
  int64_t last = t->cells->first[cell + 1] - t->cells->first[cell] - 1;
  return a.base + rs__slots_cycles(t->c, (rs_int128)last * a.stride);
}

/* The later of two; where neither is throughout, one time that is. `a` may be none. */
static inline times later(const table *t, times a, times b, uint32_t cell) {
  if (a.base < 0) return b;
  if (follows(t, a, b, cell, 0)) return a;
  if (follows(t, b, a, cell, 0)) return b;
  return (times){RS_MAX(last_cycle(t, a, cell), last_cycle(t, b, cell)), 0};
}

static inline void note_slack(int64_t *least, int64_t cycles) {
  if (*least < 0 || cycles < *least) *least = cycles;
}

static inline void note_slack_behind(table *t, times a, times b, uint32_t cell, int64_t cost) {
  int64_t slack = a.base - b.base - cost;
  if (a.stride < b.stride) {
    slack = (int64_t)(least_gap(t, a, b, cell, cost) / t->c->schedule->timing.slot_den);
  }
  note_slack(&t->received_slack_min, slack);
}

/* ---- the chip's own input ---- */

/* A departure of count vectors of an input. */
static bool reads_input(table *t, const rs__ready *ready, times a, int64_t first, int64_t count) {
  const rs__checker *c = t->c;
  int64_t cost = c->schedule->timing.send_cycles;
  if (ready->span == 0) { /* departures grow with the address */
    int64_t spare = a.base - ready->base - cost;
    if (spare >= 0) note_slack(&t->slack_min, spare);
    return spare >= 0;
  }
  rs__line line = {a.base, first, a.stride, RS_NONE};
  int64_t last = first + count - 1;
  if (!rs__line_finds_ready(c, &line, ready, 0, first, last, cost)) return false;
  int64_t at_first = a.base - rs__ready_cycles(ready, first);
  int64_t at_last = rs__line_cycles(c, &line, last) - rs__ready_cycles(ready, last);
  note_slack(&t->slack_min, RS_MIN(at_first, at_last) - cost);
  return true;
}

static int64_t input_address(const table *t, const rs__bank *bank, uint32_t cell) {
  return t->cells->first[cell] - t->cells->base[bank->op] + bank->input_shift;
}

static int64_t cell_size(const table *t, uint32_t cell) {
  return t->cells->first[cell + 1] - t->cells->first[cell];
}

/* ---- writes ---- */

static bool may_write(const table *t, const spot *s, const flight *f) {
  uint32_t cell = s->cell;
  times at = {f->arrival, f->stride};
  if (s->read >= 0 && !follows(t, at, (times){s->read, s->read_stride}, cell, 1)) return false;
  if (s->state == KEPT) {
    bool meets = f->is_add && f->arrival == s->kept && f->stride == s->kept_stride;
    times kept = {s->kept, s->kept_stride};
    if (!meets && !follows(t, at, kept, cell, t->kept_cost)) return false;
  } else if (s->state == OWN) {
    if (f->arrival < s->kept) return false;
  } else if (s->state == OWN_SLOPED) {
    const rs__bank *bank = &t->c->banks[s->bank];
    int64_t first = input_address(t, bank, cell);
    rs__line line = {f->arrival, first, f->stride, RS_NONE};
    int64_t last = first + cell_size(t, cell) - 1;
    if (!rs__line_finds_ready(t->c, &line, &bank->ready, 0, first, last, 0)) return false;
  }
  if (f->is_add || s->added < 0) return true;
  return follows(t, at, (times){s->added, s->added_stride}, cell, t->added_cost);
}

static bool put_down(const table *t, spot *s, const flight *f) {
  if (!may_write(t, s, f)) return false;
  if (!f->is_add) {
    s->value = f->value;
    s->kept = f->arrival;
    s->kept_stride = f->stride;
    s->added = s->read = -1;
    s->state = KEPT;
    return true;
  }
  if (s->state == EMPTY) return false;
  times at = {f->arrival, f->stride};
  times added = later(t, (times){s->added, s->added_stride}, at, s->cell);
  s->value = rs_field_add(s->value, f->value);
  s->added = added.base;
  s->added_stride = added.stride;
  return true;
}

/* All that has arrived by a cycle. */
static bool land(table *t, spot *s, int64_t cycle) {
  while (s->flights != RS_NONE) {
    uint32_t index = s->flights;
    flight *f = &t->flights[index];
    if (f->arrival > cycle) return true;
    s->flights = f->next;
    if (!put_down(t, s, f)) return false;
    f->next = t->flight_free; /* last given, first taken: that one is in the cache */
    t->flight_free = index;
  }
  return true;
}

static flight *take_flight(table *t, uint32_t *index) {
  *index = t->flight_free;
  if (*index != RS_NONE) {
    t->flight_free = t->flights[*index].next;
  } else {
    *index = t->flight_count++; /* at most one a burst: there is room */
  }
  return &t->flights[*index];
}

/* False: there are too many. */
static bool take_off(table *t, spot *s, const record *r, rs_uint128 value) {
  uint32_t index;
  flight *f = take_flight(t, &index);
  f->value = value;
  f->arrival = r->start + t->c->schedule->timing.latency_cycles[r->cable_class];
  f->stride = r->stride;
  f->is_add = r->is_add;
  uint32_t *link = &s->flights;
  for (int passed = 0; *link != RS_NONE; passed++) {
    const flight *other = &t->flights[*link];
    bool is_later =
        other->arrival != f->arrival ? other->arrival > f->arrival : other->is_add && !f->is_add;
    if (is_later) break;
    if (passed == FLIGHTS_MAX) return false;
    link = &t->flights[*link].next;
  }
  f->next = *link;
  *link = index;
  return true;
}

/* ---- reads ---- */

static bool read_spot(table *t, spot *s, const record *r) {
  times at = {r->start, r->stride};
  uint32_t cell = s->cell;
  if (s->state == KEPT) {
    times kept = {s->kept, s->kept_stride};
    if (!follows(t, at, kept, cell, t->forward_cost)) return false;
    note_slack_behind(t, at, kept, cell, t->forward_cost);
  } else if (s->state == EMPTY || (s->state == CLEAR && s->added < 0)) {
    return false;
  } else if (s->state != CLEAR) {
    const rs__bank *bank = &t->c->banks[s->bank];
    rs__ready ready = {s->kept, 0, 1};
    int64_t first = 0;
    if (s->state == OWN_SLOPED) {
      ready = bank->ready;
      first = input_address(t, bank, cell);
    }
    if (!reads_input(t, &ready, at, first, cell_size(t, cell))) return false;
  }
  if (s->added >= 0) {
    times added = {s->added, s->added_stride};
    if (!follows(t, at, added, cell, t->sum_cost)) return false;
    note_slack_behind(t, at, added, cell, t->sum_cost);
  }
  at = later(t, (times){s->read, s->read_stride}, at, cell);
  s->read = at.base;
  s->read_stride = at.stride;
  return true;
}

static bool run_record(table *t, const record *r) {
  const rs_uint128 *value = &t->inputs[r->from];
  if (!r->is_input) {
    spot *from = &t->spots[r->from];
    if (!land(t, from, r->start) || !read_spot(t, from, r)) return false;
    value = &from->value;
  }
  spot *to = &t->spots[r->to];
  return land(t, to, r->start) && take_off(t, to, r, *value);
}

static bool run_records(table *t) {
  for (uint32_t i = 0; i < t->record_count; i++) {
    const record *r = &t->records[i];
    if (i + RECORDS_AHEAD < t->record_count) {
      __builtin_prefetch(&t->spots[r[RECORDS_AHEAD].to], 1);
      if (!r[RECORDS_AHEAD].is_input) __builtin_prefetch(&t->spots[r[RECORDS_AHEAD].from], 1);
    }
    if (!run_record(t, r)) return false;
  }
  for (uint32_t i = 0; i < t->spot_count; i++) {
    if (!land(t, &t->spots[i], INT64_MAX)) return false;
  }
  return true;
}

/* ---- setting up ---- */

/* Cells of each operation in this batch. */
static void list_cells(table *t) {
  uint32_t count = 0;
  for (uint32_t k = 0; k < t->range_count; k++) {
    const rs__range *range = &t->ranges[k];
    uint32_t op = range->op;
    if (k == 0 || t->ranges[k - 1].op != op) {
      t->op_listed[op] = count;
      t->op_width[op] = 0;
    }
    int64_t base = (range->is_tmp ? t->cells->tmp : t->cells->base)[op];
    uint32_t cell = rs__cells_at(t->cells, base + range->first);
    for (; t->cells->first[cell] < base + range->end; cell++) {
      t->local[cell] = t->op_width[op]++;
      t->listed[count++] = cell;
    }
  }
}

/* False: a cell is the chip's own input in part. */
static bool fill_spot(const table *t, const rs__bank *bank, uint32_t number, uint32_t cell,
                      spot *s) {
  const rs__cells *x = t->cells;
  *s = (spot){.added = -1, .read = -1, .flights = RS_NONE, .bank = number, .state = EMPTY};
  s->cell = cell & ((UINT32_C(1) << 28) - 1);
  if (x->first[cell] >= x->tmp[bank->op]) {
    s->state = CLEAR;
    return true;
  }
  int64_t first = x->first[cell] - x->base[bank->op], end = first + cell_size(t, cell);
  if (end <= bank->own_first || first >= bank->own_end) return true;
  if (first < bank->own_first || end > bank->own_end) return false;
  s->value = rs_field_mul(bank->symbol, rs__checker_power(t->c, first + bank->input_shift));
  s->kept = bank->ready.base;
  s->state = (bank->ready.span == 0 ? OWN : OWN_SLOPED) & 7;
  return true;
}

/* The spots of a bank, made when it is first asked for. False: the table would be too large, or a cell
 * is no run. */
static bool make_spots(table *t, rs__place *place) {
  if (place->batch == t->c->batch) return true;
  const rs__bank *bank = &t->c->banks[place->bank - 1];
  uint32_t width = t->op_width[bank->op];
  if (width > t->spot_capacity - t->spot_count) return false;
  place->batch = t->c->batch;
  place->first_spot = t->spot_count;
  const uint32_t *listed = t->listed + t->op_listed[bank->op];
  for (uint32_t k = 0; k < width; k++) {
    spot *s = &t->spots[t->spot_count++];
    if (!fill_spot(t, bank, place->bank - 1, listed[k], s)) return false;
  }
  return true;
}

/* What a burst reads of `in` is decided here. */
static verdict fill_input(table *t, const rs_burst *b, const rs__bank *bank, record *r) {
  times at = {r->start, r->stride};
  if (bank->input_vectors == 0) return REFUSED;
  if (!reads_input(t, &bank->ready, at, b->source_offset, b->count)) return REFUSED;
  r->is_input = true;
  r->from = t->input_count++;
  t->inputs[r->from] = rs_field_mul(bank->symbol, rs__checker_power(t->c, b->source_offset));
  return PROVED;
}

static verdict fill_record(table *t, const rs_burst *b, record *r) {
  rs__checker *c = t->c;
  const rs_link *link = &c->wiring->links[b->link];
  rs__place *from = rs__checker_place(c, b->op, link->from);
  if (from == NULL) return NO_MEMORY;
  *r = (record){.start = b->start_cycles,
                .stride = b->count > 1 ? b->stride : 0,
                .is_add = b->action == RS_ACTION_ADD,
                .cable_class = link->cable_class};
  if (b->source == RS_BUFFER_IN) {
    verdict v = fill_input(t, b, &c->banks[from->bank - 1], r);
    if (v != PROVED) return v;
  } else {
    if (!make_spots(t, from)) return NOT_SIMPLE;
    uint32_t cell = rs__cells_at(t->cells, rs__cells_source(t->cells, b));
    r->from = from->first_spot + t->local[cell];
  }
  rs__place *to = rs__checker_place(c, b->op, link->to);
  if (to == NULL) return NO_MEMORY;
  if (!make_spots(t, to)) return NOT_SIMPLE;
  r->to = to->first_spot + t->local[rs__cells_at(t->cells, rs__cells_target(t->cells, b))];
  return PROVED;
}

/* All bursts of the batch, and the spots that they go to. */
static verdict fill_records(table *t, const rs__batches *batches, uint32_t first) {
  const rs_burst *bursts = t->c->schedule->bursts;
  const rs_link *links = t->c->wiring->links;
  for (uint32_t i = 0; i < t->record_count; i++) {
    if (i + 2 * BURSTS_AHEAD < t->record_count) {
      const char *ahead =
          (const char *)&bursts[rs__batches_at(batches, first + i + 2 * BURSTS_AHEAD)];
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + sizeof(rs_burst) - 1);
      __builtin_prefetch(&links[bursts[rs__batches_at(batches, first + i + BURSTS_AHEAD)].link]);
    }
    verdict v = fill_record(t, &bursts[rs__batches_at(batches, first + i)], &t->records[i]);
    if (v != PROVED) return v;
  }
  return PROVED;
}

/* ---- by start ---- */

/* One digit of a radix sort, stable. */
static void sort_digit(const record *from, record *to, uint32_t count, int64_t earliest,
                       int shift) {
  uint32_t first[1 << DIGIT_BITS] = {0}, place = 0;
  const uint64_t mask = (1 << DIGIT_BITS) - 1;
  for (uint32_t i = 0; i < count; i++) {
    first[(uint64_t)(from[i].start - earliest) >> shift & mask]++;
  }
  for (size_t digit = 0; digit < RS_COUNT_OF(first); digit++) {
    uint32_t size = first[digit];
    first[digit] = place;
    place += size;
  }
  for (uint32_t i = 0; i < count; i++) {
    to[first[(uint64_t)(from[i].start - earliest) >> shift & mask]++] = from[i];
  }
}

/* Those of a canonical schedule are in order already. */
static void sort_records(table *t) {
  bool sorted = true;
  int64_t earliest = INT64_MAX, latest = 0;
  for (uint32_t i = 0; i < t->record_count; i++) {
    int64_t start = t->records[i].start;
    if (start < latest) sorted = false;
    earliest = RS_MIN(earliest, start);
    latest = RS_MAX(latest, start);
  }
  uint64_t span = sorted ? 0 : (uint64_t)(latest - earliest);
  for (int shift = 0; shift < 64 && span >> shift != 0; shift += DIGIT_BITS) {
    sort_digit(t->records, t->scratch, t->record_count, earliest, shift);
    record *records = t->scratch;
    t->scratch = t->records;
    t->records = records;
  }
}

/* ---- results ---- */

static inline int64_t line_cycle(const table *t, int64_t base, uint32_t stride, int64_t k) {
  return stride == 0 ? base : base + rs__slots_cycles(t->c, (rs_int128)k * stride);
}

/* When vector `last` of the buffer, which stands in a spot, is in SRAM with all adds done. */
static int64_t settled_cycles(const table *t, const rs__bank *bank, const spot *s, int64_t last) {
  const rs_timing *timing = &t->c->schedule->timing;
  int64_t k = last - (t->cells->first[s->cell] - t->cells->base[bank->op]);
  int64_t cycles = s->state == KEPT
                       ? line_cycle(t, s->kept, s->kept_stride, k) + timing->receive_cycles
                       : rs__ready_cycles(&bank->ready, last + bank->input_shift);
  if (s->added < 0) return cycles;
  int64_t added = line_cycle(t, s->added, s->added_stride, k) + timing->receive_cycles;
  return RS_MAX(cycles, added + timing->add_cycles);
}

/* What all members' whole cells must hold, where it is the same for all and one run. */
static void want_cells(table *t, const rs__range *range) {
  rs__checker *c = t->c;
  int64_t base = t->cells->base[range->op];
  uint32_t cell = rs__cells_at(t->cells, base + range->first);
  for (; t->cells->first[cell] < base + range->end; cell++) {
    wanted *w = &t->wanted[t->op_listed[range->op] + t->local[cell]];
    int64_t first = t->cells->first[cell] - base, end = first + cell_size(t, cell);
    w->is_common = rs__checker_result_common(c, first, end, &w->value);
  }
}

/* What stands in a spot from `first` to `end` of `out`. */
static rs_status compare_spot(const table *t, rs__bank *bank, const spot *s, const wanted *w,
                              uint32_t position, int64_t first, int64_t end) {
  if (s->state == EMPTY) return RS_E_REFUSED;
  int64_t start = t->cells->first[s->cell] - t->cells->base[bank->op];
  int64_t from = RS_MAX(start, first), size = cell_size(t, s->cell);
  int64_t to = RS_MIN(start + size, end);
  int64_t settled = settled_cycles(t, bank, s, to - 1);
  bank->result_cycles = RS_MAX(bank->result_cycles, settled);
  if (w->is_common && to - from == size) {
    t->c->report->results++;
    return s->value == w->value ? RS_OK : RS_E_REFUSED;
  }
  rs_uint128 found = s->value;
  if (from != start) found = rs_field_mul(found, rs__checker_power(t->c, from - start));
  return rs__checker_result_run(t->c, position, found, from, to);
}

static rs_status compare_member(const table *t, const rs__range *range, uint32_t position) {
  rs__checker *c = t->c;
  int64_t first, end, base = t->cells->base[range->op];
  rs__checker_result_range(c, position, &first, &end);
  first = RS_MAX(first, range->first);
  end = RS_MIN(end, range->end);
  if (first >= end) return RS_OK;
  const rs__place *p = rs__checker_place(c, range->op, c->judged.group[position]);
  if (p == NULL) return rs_arena_failed(c->arena, c->diag);
  if (p->batch != c->batch) return rs__checker_result(c, position, range);
  rs__bank *bank = &c->banks[p->bank - 1];
  const wanted *listed = &t->wanted[t->op_listed[range->op]];
  uint32_t cell = rs__cells_at(t->cells, base + first + 1) - 1; /* the one that holds `first` */
  for (; t->cells->first[cell] < base + end; cell++) {
    uint32_t local = t->local[cell];
    const spot *s = &t->spots[p->first_spot + local];
    rs_status status = compare_spot(t, bank, s, &listed[local], position, first, end);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static rs_status compare_results(table *t) {
  for (uint32_t k = 0; k < t->range_count; k++) {
    if (t->ranges[k].is_tmp) continue;
    rs_status status = rs__checker_open_op(t->c, t->ranges[k].op);
    if (status == RS_OK) want_cells(t, &t->ranges[k]);
    for (uint32_t i = 0; status == RS_OK && i < t->c->judged.op->group_count; i++) {
      status = compare_member(t, &t->ranges[k], i);
    }
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* ---- the whole ---- */

static table *create(rs__checker *c, const rs__batches *batches) {
  uint32_t largest = 0;
  table *t = RS_ARENA_NEW(c->arena, table, 1);
  if (t == NULL) return NULL;
  for (uint32_t b = 0; b < batches->count; b++) {
    if (!batches->is_simple[b]) continue;
    largest = RS_MAX(largest, batches->first[b + 1] - batches->first[b]);
  }
  t->c = c;
  t->cells = &batches->cells;
  t->spot_capacity = (uint32_t)RS_MIN((uint64_t)SPOTS_A_BURST * largest + 256, RS_NONE - 1);
  t->local = RS_ARENA_NEW(c->arena, uint32_t, t->cells->count);
  t->listed = RS_ARENA_NEW(c->arena, uint32_t, t->cells->count);
  t->wanted = RS_ARENA_NEW(c->arena, wanted, t->cells->count);
  t->op_listed = RS_ARENA_NEW(c->arena, uint32_t, c->schedule->op_count);
  t->op_width = RS_ARENA_NEW(c->arena, uint32_t, c->schedule->op_count);
  t->spots = RS_ARENA_NEW(c->arena, spot, t->spot_capacity);
  t->flights = RS_ARENA_NEW(c->arena, flight, largest);
  t->records = RS_ARENA_NEW(c->arena, record, largest);
  t->scratch = RS_ARENA_NEW(c->arena, record, largest);
  t->inputs = RS_ARENA_NEW(c->arena, rs_uint128, largest);
  const rs_timing *timing = &c->schedule->timing;
  t->kept_cost = RS_MAX(timing->receive_cycles, 1);
  t->added_cost = RS_MAX(timing->receive_cycles + timing->add_cycles, 1);
  t->forward_cost = timing->forward_cycles;
  t->sum_cost = timing->forward_cycles + timing->add_cycles;
  bool ok = t->wanted != NULL && t->local != NULL && t->listed != NULL && t->op_listed != NULL &&
            t->op_width != NULL && t->spots != NULL && t->flights != NULL && t->records != NULL &&
            t->scratch != NULL && t->inputs != NULL;
  return ok ? t : NULL;
}

static void open_batch(table *t, const rs__batches *batches, uint32_t batch) {
  t->record_count = batches->first[batch + 1] - batches->first[batch];
  t->ranges = batches->ranges + batches->first_range[batch];
  t->range_count = batches->first_range[batch + 1] - batches->first_range[batch];
  t->spot_count = t->flight_count = t->input_count = 0;
  t->flight_free = RS_NONE;
  t->slack_min = t->received_slack_min = -1;
  list_cells(t);
}

rs_status rs__checker_spots(rs__checker *c, const rs__batches *batches, uint32_t batch,
                            bool *taken) {
  if (c->table == NULL) c->table = create(c, batches);
  table *t = c->table;
  if (t == NULL) return rs_arena_failed(c->arena, c->diag);
  open_batch(t, batches, batch);
  verdict v = fill_records(t, batches, batches->first[batch]);
  *taken = v != NOT_SIMPLE;
  if (v == NOT_SIMPLE) return RS_OK;
  if (v == NO_MEMORY) return rs_arena_failed(c->arena, c->diag);
  sort_records(t);
  if (v == REFUSED || !run_records(t)) return RS_E_REFUSED;
  rs_check_report *report = c->report;
  if (t->received_slack_min >= 0) {
    note_slack(&report->received_slack_cycles_min, t->received_slack_min);
    note_slack(&report->slack_cycles_min, t->received_slack_min);
  }
  if (t->slack_min >= 0) note_slack(&report->slack_cycles_min, t->slack_min);
  return compare_results(t);
}

/*
 * Comparing two schedules while they are read.
 *
 * Reading goes on in the schedule of which fewer records wait, so the window holds no more than what the
 * other is behind by, in records and not in time: an operation that takes longer puts everything behind it
 * off, and yet the k-th burst of one meets about the k-th of the other.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__schedule_diff.h"

typedef struct walk {
  const rs_diff_options *options;
  rs_diff *diff;
  rs__diff_names names;
  rs__window window;
  bool *used[2]; /* [link] */
  bool ended[2];
} walk;

/* ---- which operations and links are the same ---- */

static bool ops_are_alike(const rs_schedule *a, uint32_t i, const rs_schedule *b, uint32_t k) {
  const rs_op *x = &a->ops[i];
  const rs_op *y = &b->ops[k];
  return x->kind == y->kind && x->block_bytes == y->block_bytes &&
         x->block_vectors == y->block_vectors && x->root == y->root &&
         x->group_count == y->group_count && strcmp(x->label, y->label) == 0 &&
         memcmp(a->group_chips + x->group_first, b->group_chips + y->group_first,
                x->group_count * sizeof *a->group_chips) == 0;
}

static void pair_ops(rs_diff_side *sides) {
  const rs_schedule *a = sides[0].header;
  const rs_schedule *b = sides[1].header;
  uint32_t least = RS_MIN(a->op_count, b->op_count);
  uint32_t head = 0;
  uint32_t tail = 0;
  memset(sides[0].op_partner, 0xff, a->op_count * sizeof *sides[0].op_partner); /* RS_NONE */
  memset(sides[1].op_partner, 0xff, b->op_count * sizeof *sides[1].op_partner);
  while (head < least && ops_are_alike(a, head, b, head)) head++;
  while (tail < least - head &&
         ops_are_alike(a, a->op_count - 1 - tail, b, b->op_count - 1 - tail)) {
    tail++;
  }
  for (uint32_t i = 0; i < least; i++) { /* from the front, then the tail from the back */
    uint32_t in_a = i < least - tail ? i : a->op_count - (least - i);
    uint32_t in_b = i < least - tail ? i : b->op_count - (least - i);
    sides[0].op_partner[in_a] = in_b;
    sides[1].op_partner[in_b] = in_a;
  }
}

/* The first schedule's numbers; what it has not is numbered behind. */
static bool name_ops(rs_arena *arena, walk *w) {
  const rs_diff_side *sides = w->diff->sides;
  for (int side = 0; side < 2; side++) {
    uint32_t count = sides[side].header->op_count;
    w->names.ops[side] = RS_ARENA_NEW(arena, uint32_t, count + 1);
    if (w->names.ops[side] == NULL) return false;
    for (uint32_t i = 0; i < count; i++) {
      uint32_t partner = sides[side].op_partner[i];
      w->names.ops[side][i] = side == 0            ? i
                              : partner != RS_NONE ? partner
                                                   : sides[0].header->op_count + i;
    }
  }
  return true;
}

static bool name_links(rs_arena *arena, walk *w) {
  const rs_wiring *a = w->diff->sides[0].wiring;
  const rs_wiring *b = w->diff->sides[1].wiring;
  if (rs_wiring_digest(a) == rs_wiring_digest(b)) return true;
  uint32_t *names = RS_ARENA_NEW(arena, uint32_t, b->link_count + 1);
  if (names == NULL) return false;
  for (uint32_t i = 0; i < b->link_count; i++) {
    const rs_link *link = &b->links[i];
    names[i] = link->from < a->chip_count && link->to < a->chip_count
                   ? rs_wiring_find_link(a, link->from, link->to, rs_wiring_link_copy(b, i))
                   : RS_NONE;
    if (names[i] == RS_NONE) names[i] = a->link_count + i;
  }
  w->names.links[1] = names;
  return true;
}

/* ---- what changed ---- */

static int compare_i64(int64_t a, int64_t b) {
  return (a > b) - (a < b);
}

static int64_t start_of(const rs_record *record) {
  return record->kind == RS_RECORD_END ? INT64_MAX : rs_record_start_cycles(record);
}

static int64_t first_start(const rs_change *c) {
  return RS_MIN(start_of(&c->before), start_of(&c->after));
}

/* By time, then as schedules are ordered, so that neither passes nor windows decide what is shown. */
static int compare_places(const rs_change *a, const rs_change *b) {
  const rs_record *x = a->before.kind != RS_RECORD_END ? &a->before : &a->after;
  const rs_record *y = b->before.kind != RS_RECORD_END ? &b->before : &b->after;
  int64_t pairs[][2] = {{first_start(a), first_start(b)},
                        {start_of(x), start_of(y)},
                        {a->kind, b->kind},
                        {x->kind, y->kind},
                        {x->burst.link, y->burst.link},
                        {x->burst.op, y->burst.op},
                        {x->burst.source, y->burst.source},
                        {x->burst.source_offset, y->burst.source_offset},
                        {x->burst.target, y->burst.target},
                        {x->burst.target_offset, y->burst.target_offset},
                        {x->burst.count, y->burst.count},
                        {x->burst.stride, y->burst.stride},
                        {x->compute.chip, y->compute.chip},
                        {x->compute.unit, y->compute.unit},
                        {x->compute.label, y->compute.label},
                        {a->shift_cycles, b->shift_cycles}};
  for (size_t i = 0; i < RS_COUNT_OF(pairs); i++) {
    int order = compare_i64(pairs[i][0], pairs[i][1]);
    if (order != 0) return order;
  }
  return 0;
}

static int compare_changes(const void *left, const void *right) {
  const rs_change *a = left;
  const rs_change *b = right;
  int order = compare_i64(llabs(b->shift_cycles), llabs(a->shift_cycles));
  return order != 0 ? order : compare_places(a, b);
}

static void cut_list(rs_change_list *list, size_t most) {
  qsort(list->changes, list->count, sizeof *list->changes, compare_changes);
  list->count = RS_MIN(list->count, most);
}

static void count_op(rs_diff *d, int side, const rs_record *record) {
  if (record->kind == RS_RECORD_BURST) d->sides[side].op_changes[record->burst.op]++;
}

static void add_change(walk *w, const rs_record *before, const rs_record *after) {
  rs_diff *d = w->diff;
  rs_change c = {.before = {.kind = RS_RECORD_END}, .after = {.kind = RS_RECORD_END}};
  if (before != NULL) c.before = *before;
  if (after != NULL) c.after = *after;
  c.kind = after == NULL ? RS_CHANGE_REMOVED : before == NULL ? RS_CHANGE_ADDED : RS_CHANGE_MOVED;
  if (c.kind == RS_CHANGE_MOVED) c.shift_cycles = start_of(after) - start_of(before);
  if (c.kind != RS_CHANGE_ADDED) count_op(d, 0, &c.before);
  if (c.kind != RS_CHANGE_REMOVED) count_op(d, 1, &c.after);
  d->earlier += c.shift_cycles < 0 ? 1 : 0;
  d->later += c.shift_cycles > 0 ? 1 : 0;
  d->shift_cycles_min = RS_MIN(d->shift_cycles_min, c.shift_cycles);
  d->shift_cycles_max = RS_MAX(d->shift_cycles_max, c.shift_cycles);
  if (d->changes == 0 || compare_places(&c, &d->first) < 0) d->first = c;
  d->changes++;
  d->changed[before != NULL ? before->kind : after->kind][c.kind]++;
  rs_change_list *list = &d->shown[c.kind];
  list->changes[list->count++] = c;
  if (list->count == 2 * w->options->most + 1) cut_list(list, w->options->most);
}

/* ---- reading ---- */

static void see_end(rs_diff_side *side, uint32_t op, int64_t end_cycles) {
  if (op != RS_NONE) side->op_end_cycles[op] = RS_MAX(side->op_end_cycles[op], end_cycles);
  side->makespan_cycles = RS_MAX(side->makespan_cycles, end_cycles);
}

/* Counts a record, whichever pass it is for. */
static void see(walk *w, int which, const rs_record *record) {
  rs_diff_side *side = &w->diff->sides[which];
  const rs_timing *timing = &side->header->timing;
  if (record->kind == RS_RECORD_COMPUTE) {
    const rs_compute *c = &record->compute;
    side->computes++;
    see_end(side, c->writes_op, c->start_cycles + c->cycles);
    return;
  }
  const rs_burst *b = &record->burst;
  int64_t arrival = rs_burst_arrival(timing, &side->wiring->links[b->link], b, b->count - 1);
  int64_t add = b->action == RS_ACTION_ADD ? timing->add_cycles : 0;
  see_end(side, b->op, arrival + timing->receive_cycles + add);
  side->bursts++;
  side->links_used += w->used[which][b->link] ? 0 : 1;
  w->used[which][b->link] = true;
}

static rs_status enter(walk *w, int side, const rs_record *record, rs_diag *diag) {
  uint64_t hash = rs__diff_hash(&w->names, side, record);
  rs_record partner;
  if (((hash >> 32) * w->options->parts) >> 32 != w->options->part) return RS_OK;
  switch (rs__window_enter(&w->window, &w->names, side, (uint32_t)hash, record, &partner)) {
    case RS__MEET_WAITS:
      return RS_OK;
    case RS__MEET_PAIRED:
      if (start_of(record) == start_of(&partner)) return RS_OK;
      add_change(w, side == 0 ? record : &partner, side == 0 ? &partner : record);
      return RS_OK;
    case RS__MEET_NO_MEMORY:
      return rs_arena_failed(NULL, diag);
    case RS__MEET_FULL:
      break;
  }
  return rs_diag_set(diag, RS_E_LIMIT, "more than %u records wait for their like",
                     w->options->window_records_max);
}

static rs_status walk_both(walk *w, rs_schedule_reader *const readers[2], rs_diag *diag) {
  rs_status status = RS_OK;
  uint64_t read[2] = {0, 0};
  while (status == RS_OK && (!w->ended[0] || !w->ended[1])) {
    const uint32_t *waiting = w->window.waiting;
    int side = waiting[0] != waiting[1] ? waiting[1] < waiting[0] : read[1] < read[0];
    if (w->ended[side]) side = 1 - side;
    rs_record record = {.kind = RS_RECORD_END};
    status = rs_schedule_reader_next(readers[side], &record, diag);
    if (status != RS_OK) return status;
    w->ended[side] = record.kind == RS_RECORD_END;
    if (w->ended[side]) continue;
    read[side]++;
    if (w->options->part == 0) see(w, side, &record);
    status = enter(w, side, &record, diag);
  }
  return status;
}

static void take_the_rest(walk *w) {
  for (uint32_t i = 0; i < w->window.used; i++) {
    const rs__waiting *waiting = &w->window.places[i];
    if (waiting->kind == RS_RECORD_END) continue;
    rs_record record = rs__waiting_record(waiting);
    add_change(w, waiting->side == 0 ? &record : NULL, waiting->side == 0 ? NULL : &record);
  }
  for (int kind = 0; kind < RS_CHANGE_KIND_COUNT; kind++) {
    cut_list(&w->diff->shown[kind], w->options->most);
  }
}

/* ---- one pass ---- */

static uint64_t header_digest(const rs_schedule *header) {
  rs_schedule copy = *header; /* there are no bursts that it could sort */
  return rs_schedule_digest(&copy);
}

static bool begin_side(rs_arena *arena, rs_diff_side *side, rs_schedule_reader *reader) {
  side->header = rs_schedule_reader_header(reader);
  side->wiring = rs_schedule_reader_wiring(reader);
  uint32_t count = side->header->op_count;
  side->op_end_cycles = RS_ARENA_NEW(arena, int64_t, count + 1);
  side->op_partner = RS_ARENA_NEW(arena, uint32_t, count + 1);
  side->op_changes = RS_ARENA_NEW(arena, uint64_t, count + 1);
  if (side->op_end_cycles == NULL || side->op_partner == NULL || side->op_changes == NULL) {
    return false;
  }
  memset(side->op_changes, 0, count * sizeof *side->op_changes);
  for (uint32_t i = 0; i < count; i++) {
    side->op_end_cycles[i] = 0;
    see_end(side, i, side->header->ops[i].ready_cycles);
  }
  return true;
}

static bool begin_diff(rs_arena *arena, rs_diff *d, rs_schedule_reader *const readers[2],
                       size_t most) {
  for (int kind = 0; kind < RS_CHANGE_KIND_COUNT; kind++) {
    d->shown[kind].changes = RS_ARENA_NEW(arena, rs_change, 2 * most + 1);
    if (d->shown[kind].changes == NULL) return false;
  }
  for (int side = 0; side < 2; side++) {
    if (!begin_side(arena, &d->sides[side], readers[side])) return false;
  }
  d->headers_differ = header_digest(d->sides[0].header) != header_digest(d->sides[1].header);
  pair_ops(d->sides);
  return true;
}

static bool begin_walk(rs_arena *arena, walk *w, rs_schedule_reader *const readers[2]) {
  for (int side = 0; side < 2; side++) {
    uint32_t links = w->diff->sides[side].wiring->link_count;
    w->names.headers[side] = rs_schedule_reader_header(readers[side]); /* labels of this pass */
    w->used[side] = RS_ARENA_NEW(arena, bool, links + 1);
    if (w->used[side] == NULL) return false;
    memset(w->used[side], 0, links * sizeof *w->used[side]);
  }
  return name_ops(arena, w) && name_links(arena, w);
}

rs_status rs_diff_run(rs_arena *arena, rs_schedule_reader *const readers[2],
                      const rs_diff_options *options, rs_diff *diff, rs_diag *diag) {
  walk w = {.options = options, .diff = diff};
  if (options->part == 0 && !begin_diff(arena, diff, readers, options->most)) {
    return rs_arena_failed(arena, diag);
  }
  if (!begin_walk(arena, &w, readers)) return rs_arena_failed(arena, diag);
  rs_status status = rs__window_init(&w.window, options->window_records_max)
                         ? walk_both(&w, readers, diag)
                         : rs_arena_failed(NULL, diag);
  if (status == RS_OK) take_the_rest(&w);
  for (int side = 0; status == RS_OK && options->part == 0 && side < 2; side++) {
    rs_diff_side *s = &diff->sides[side];
    s->makespan_cycles = rs_schedule_wall_end(s->header, s->makespan_cycles);
  }
  rs__window_deinit(&w.window);
  return status;
}

uint32_t rs_diff_parts(rs_schedule_reader *const readers[2], uint32_t window_records_max) {
  uint64_t records = 0;
  for (int side = 0; side < 2; side++) {
    uint64_t computes;
    records += rs_schedule_reader_promised(readers[side], &computes) + computes;
  }
  uint64_t most = RS_MAX(window_records_max - window_records_max / 16, 1u);
  return (uint32_t)RS_MIN(records / most + 1, UINT64_C(1) << 20);
}

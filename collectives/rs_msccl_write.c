/*
 * Writing an operation as a program of MSCCL.
 *
 * Chunks are as large as all offsets and lengths allow (their greatest common divisor). A chip has a
 * threadblock for each link that it sends on and for each that it receives on; the channel is the
 * number of the cable among parallel ones. Bursts become a send there and a receive here, in order
 * of time, so that on every connection both are in the same order.
 *
 * Time itself is lost, so whatever it ordered is said by waits: a send waits for what wrote its
 * chunks, a receive for what wrote or read its own before. Sums are not atomic there: adds to one
 * chunk are put in a row. A step can name one other step; further ones get a nop in front.
 *
 * Programs are written out of place, and begin with the copies of the input that our `out` holds at
 * the start; but a reduce-scatter is in place, because its sums need as much room as its input. There
 * a chip's input must not be read when its `out` has changed.
 */
#include <stdlib.h>
#include <string.h>

#include "rs__msccl_write.h"

#define CELLS_MAX (UINT64_C(1) << 26)
#define WAITED_MAX (UINT64_C(1) << 26)
#define CHUNKS_MAX (INT64_C(1) << 20) /* what is read back */

/* ---- what a chunk remembers ---- */

/* A step, by its place. */
typedef struct out_ref {
  uint32_t block, step;
} out_ref;

#define NO_REF ((out_ref){RS_NONE, RS_NONE})

typedef struct out_reader {
  out_ref ref;
  uint32_t next;
} out_reader;

typedef struct out_cell {
  out_ref writer;
  uint32_t readers; /* list */
  bool changed;     /* since the start */
} out_cell;

typedef struct out_event {
  int64_t cycles;
  uint32_t burst;
  bool is_departure;
} out_event;

typedef struct writer {
  rs_arena *arena;
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs_op *op;
  uint32_t op_index;
  const uint32_t *group;
  uint32_t *position; /* [chip] */
  int64_t chunk_vectors;
  rs__out_program made;
  out_event *events;
  uint32_t event_count;
  uint32_t *send_block, *recv_block; /* [link] of its chip */
  out_cell *cells;                   /* [position][out chunks, scratch chunks] */
  out_reader *readers;
  uint32_t reader_count, reader_capacity;
  rs_diag *diag;
} writer;

/* ---- sizes ---- */

static int64_t greatest_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static rs_status find_sizes(writer *w) {
  const rs_schedule *s = w->schedule;
  int64_t chunk = w->op->block_vectors;
  uint64_t bursts = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (b->op != w->op_index) continue;
    chunk = greatest_divisor(chunk, b->count);
    chunk = greatest_divisor(chunk, b->source_offset);
    chunk = greatest_divisor(chunk, b->target_offset);
    bursts++;
  }
  bool is_one_block = w->op->kind == RS_ALL_REDUCE || w->op->kind == RS_BROADCAST;
  int64_t share = w->op->block_vectors / chunk;
  int64_t chunks = is_one_block ? share : share * w->op->group_count;
  int64_t scratch = rs_ceil_div_i64(w->op->tmp_vectors, chunk);
  uint64_t cells = (uint64_t)(chunks + scratch) * w->op->group_count;
  if (bursts >= RS_NONE / 8 || chunks > CHUNKS_MAX || scratch > CHUNKS_MAX || cells > CELLS_MAX) {
    return rs_diag_set(w->diag, RS_E_LIMIT,
                       "%lld chunks and %lld of hop buffer on %u chips are too many for a program",
                       (long long)chunks, (long long)scratch, w->op->group_count);
  }
  w->chunk_vectors = chunk;
  w->made.chunks = (uint32_t)chunks;
  w->made.share = (uint32_t)share;
  w->made.scratch = (uint32_t)scratch;
  w->made.in_place = w->op->kind == RS_REDUCE_SCATTER;
  w->event_count = (uint32_t)(2 * bursts);
  return RS_OK;
}

static rs_status check_members(writer *w) {
  for (uint32_t i = 0; i < w->op->group_count; i++) w->position[w->group[i]] = i;
  for (uint64_t i = 0; i < w->schedule->burst_count; i++) {
    const rs_burst *b = &w->schedule->bursts[i];
    const rs_link *link = &w->wiring->links[b->link];
    if (b->op != w->op_index) continue;
    uint32_t outside = w->position[link->from] == RS_NONE ? link->from : link->to;
    if (w->position[outside] != RS_NONE) continue;
    return rs_diag_set(w->diag, RS_E_INFEASIBLE,
                       "chip %u relays and is not of the group: a program has no relays", outside);
  }
  return RS_OK;
}

/* ---- events ---- */

/* By time; a landing comes before a departure of the same cycle. Bursts are told apart by number. */
static int compare_events(const void *left, const void *right) {
  const out_event *a = left;
  const out_event *b = right;
  if (a->cycles != b->cycles) return a->cycles < b->cycles ? -1 : 1;
  if (a->is_departure != b->is_departure) return a->is_departure ? 1 : -1;
  return (a->burst > b->burst) - (a->burst < b->burst);
}

static rs_status list_events(writer *w) {
  const rs_schedule *s = w->schedule;
  uint32_t count = 0;
  w->events = RS_ARENA_NEW(w->arena, out_event, w->event_count);
  if (w->events == NULL) return rs_arena_failed(w->arena, w->diag);
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *b = &s->bursts[i];
    if (b->op != w->op_index) continue;
    int64_t arrival = rs_burst_arrival(&s->timing, &w->wiring->links[b->link], b, 0);
    w->events[count++] = (out_event){b->start_cycles, (uint32_t)i, true};
    w->events[count++] = (out_event){arrival, (uint32_t)i, false};
  }
  qsort(w->events, count, sizeof *w->events, compare_events);
  return RS_OK;
}

/* ---- threadblocks ---- */

static void add_block(writer *w, uint32_t *count, uint32_t send, uint32_t recv, uint32_t channel) {
  w->made.blocks[(*count)++] = (rs__out_block){
      .first = RS_NONE, .last = RS_NONE, .send = send, .recv = recv, .channel = channel};
}

/* The first of a chip makes its copies; then one for each of its links that carries something. */
static rs_status make_blocks(writer *w) {
  const rs_wiring *wiring = w->wiring;
  uint32_t count = 0, n = w->op->group_count;
  uint64_t waited = 0;
  uint32_t *used = RS_ARENA_NEW(w->arena, uint32_t, wiring->link_count);
  w->made.blocks = RS_ARENA_NEW(w->arena, rs__out_block, 2 * (size_t)wiring->link_count + n);
  w->made.first_block = RS_ARENA_NEW(w->arena, uint32_t, (size_t)n + 1);
  w->send_block = RS_ARENA_NEW(w->arena, uint32_t, wiring->link_count);
  w->recv_block = RS_ARENA_NEW(w->arena, uint32_t, wiring->link_count);
  if (used == NULL || w->made.blocks == NULL || w->made.first_block == NULL ||
      w->send_block == NULL || w->recv_block == NULL) {
    return rs_arena_failed(w->arena, w->diag);
  }
  for (uint32_t i = 0; i < w->event_count; i++) {
    used[w->schedule->bursts[w->events[i].burst].link] = 1;
  }
  for (uint32_t i = 0; i < n; i++) {
    uint32_t chip = w->group[i];
    w->made.first_block[i] = count;
    add_block(w, &count, RS_NONE, RS_NONE, 0);
    for (uint32_t l = wiring->out_first[chip]; l < wiring->out_first[chip + 1]; l++) {
      w->send_block[l] = count - w->made.first_block[i];
      if (used[l] == 0) continue;
      uint32_t to = w->position[wiring->links[l].to];
      add_block(w, &count, to, RS_NONE, rs_wiring_link_copy(wiring, l));
    }
    for (uint32_t k = wiring->in_first[chip]; k < wiring->in_first[chip + 1]; k++) {
      uint32_t l = wiring->in_links[k];
      w->recv_block[l] = count - w->made.first_block[i];
      if (used[l] == 0) continue;
      uint32_t from = w->position[wiring->links[l].from];
      add_block(w, &count, RS_NONE, from, rs_wiring_link_copy(wiring, l));
    }
    uint64_t own = count - w->made.first_block[i];
    waited += own * own;
  }
  w->made.first_block[n] = count;
  if (waited > WAITED_MAX) {
    return rs_diag_set(w->diag, RS_E_LIMIT, "the chips use too many links for a program");
  }
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t b = w->made.first_block[i]; b < w->made.first_block[i + 1]; b++) {
      size_t own = w->made.first_block[i + 1] - w->made.first_block[i];
      w->made.blocks[b].waited = RS_ARENA_NEW(w->arena, uint32_t, own);
      if (w->made.blocks[b].waited == NULL) return rs_arena_failed(w->arena, w->diag);
    }
  }
  return RS_OK;
}

/* ---- steps ---- */

static rs_status append_step(writer *w, rs__out_block *block, const rs__out_step *step) {
  if (w->made.step_count == w->made.step_capacity) {
    w->made.steps =
        rs__grow(w->arena, w->made.steps, &w->made.step_capacity, sizeof *w->made.steps);
    if (w->made.steps == NULL) return rs_arena_failed(w->arena, w->diag);
  }
  uint32_t index = w->made.step_count++;
  w->made.steps[index] = *step;
  w->made.steps[index].next = RS_NONE;
  if (block->last == RS_NONE) {
    block->first = index;
  } else {
    w->made.steps[block->last].next = index;
  }
  block->last = index;
  block->count++;
  return RS_OK;
}

/* Puts a nop in front that waits, for all but the last. */
static rs_status add_wait(writer *w, uint32_t position, uint32_t block_index, out_ref ref,
                          out_ref *pending) {
  rs__out_block *block = &w->made.blocks[w->made.first_block[position] + block_index];
  if (ref.block == RS_NONE || ref.block == block_index) return RS_OK;
  if (block->waited[ref.block] > ref.step) return RS_OK;
  block->waited[ref.block] = ref.step + 1;
  rs_status status = RS_OK;
  if (pending->block != RS_NONE) {
    rs__out_step nop = {
        .wait_block = pending->block, .wait_step = pending->step, .type = RS__MS_NOP};
    status = append_step(w, block, &nop);
  }
  *pending = ref;
  return status;
}

static out_cell *cell_at(const writer *w, uint32_t position, uint8_t buffer, int64_t offset) {
  size_t at = (size_t)position * ((size_t)w->made.chunks + w->made.scratch);
  size_t chunk = (size_t)(offset / w->chunk_vectors);
  return &w->cells[at + chunk + (buffer == RS_BUFFER_TMP ? w->made.chunks : 0)];
}

static rs_status push_reader(writer *w, out_cell *cell, out_ref ref) {
  if (w->reader_count == w->reader_capacity) {
    w->readers = rs__grow(w->arena, w->readers, &w->reader_capacity, sizeof *w->readers);
    if (w->readers == NULL) return rs_arena_failed(w->arena, w->diag);
  }
  w->readers[w->reader_count] = (out_reader){ref, cell->readers};
  cell->readers = w->reader_count++;
  return RS_OK;
}

static char buffer_letter(const writer *w, uint8_t buffer) {
  if (buffer == RS_BUFFER_TMP) return 's';
  return buffer == RS_BUFFER_IN || w->made.in_place ? 'i' : 'o';
}

static rs_status depart(writer *w, const rs_burst *b) {
  const rs_link *link = &w->wiring->links[b->link];
  uint32_t position = w->position[link->from], block = w->send_block[b->link];
  uint32_t count = (uint32_t)(b->count / w->chunk_vectors);
  out_ref pending = NO_REF;
  bool has_cells = b->source != RS_BUFFER_IN || w->made.in_place;
  rs_status status = RS_OK;
  for (uint32_t k = 0; has_cells && k < count && status == RS_OK; k++) {
    const out_cell *c = cell_at(w, position, b->source, b->source_offset) + k;
    if (b->source == RS_BUFFER_IN && c->changed) {
      return rs_diag_set(w->diag, RS_E_INFEASIBLE,
                         "chip %u reads its input when its sum has begun, which a program in place "
                         "cannot",
                         link->from);
    }
    status = add_wait(w, position, block, c->writer, &pending);
  }
  if (status != RS_OK) return status;
  uint32_t offset = (uint32_t)(b->source_offset / w->chunk_vectors);
  char letter = buffer_letter(w, b->source);
  rs__out_step step = {.wait_block = pending.block,
                       .wait_step = pending.step,
                       .source = offset,
                       .target = offset,
                       .count = count,
                       .source_buffer = letter,
                       .target_buffer = letter,
                       .type = RS__MS_SEND};
  rs__out_block *sender = &w->made.blocks[w->made.first_block[position] + block];
  out_ref self = {block, sender->count};
  for (uint32_t k = 0; has_cells && k < count && status == RS_OK; k++) {
    status = push_reader(w, cell_at(w, position, b->source, b->source_offset) + k, self);
  }
  return status == RS_OK ? append_step(w, sender, &step) : status;
}

static rs_status land(writer *w, const rs_burst *b) {
  const rs_link *link = &w->wiring->links[b->link];
  uint32_t position = w->position[link->to], block = w->recv_block[b->link];
  uint32_t count = (uint32_t)(b->count / w->chunk_vectors);
  uint32_t empty =
      0; /* chunks of hop buffer to which nothing came before: what is added is copied */
  out_ref pending = NO_REF;
  rs_status status = RS_OK;
  for (uint32_t k = 0; k < count && status == RS_OK; k++) {
    const out_cell *c = cell_at(w, position, b->target, b->target_offset) + k;
    if (!c->changed && b->target == RS_BUFFER_TMP) empty++;
    status = add_wait(w, position, block, c->writer, &pending);
    for (uint32_t r = c->readers; r != RS_NONE && status == RS_OK; r = w->readers[r].next) {
      status = add_wait(w, position, block, w->readers[r].ref, &pending);
    }
  }
  if (status != RS_OK) return status;
  bool is_add = b->action == RS_ACTION_ADD && empty < count;
  if (is_add && empty > 0) {
    return rs_diag_set(w->diag, RS_E_INFEASIBLE,
                       "a burst adds to zero in a part of its chunks, which MSCCL cannot say");
  }
  uint32_t offset = (uint32_t)(b->target_offset / w->chunk_vectors);
  char letter = buffer_letter(w, b->target);
  rs__out_step step = {.wait_block = pending.block,
                       .wait_step = pending.step,
                       .source = offset,
                       .target = offset,
                       .count = count,
                       .source_buffer = letter,
                       .target_buffer = letter,
                       .type = is_add ? RS__MS_RECV_REDUCE_COPY : RS__MS_RECV};
  rs__out_block *receiver = &w->made.blocks[w->made.first_block[position] + block];
  for (uint32_t k = 0; k < count; k++) {
    *cell_at(w, position, b->target, b->target_offset + k * w->chunk_vectors) =
        (out_cell){{block, receiver->count}, RS_NONE, true};
  }
  return append_step(w, receiver, &step);
}

/* ---- the input in the output ---- */

/* Which chunks of `in` stand where in `out` at the start, out of place. */
static rs_status copy_own(writer *w, uint32_t position) {
  bool is_root = w->group[position] == w->op->root;
  rs__out_step copy = {.wait_block = RS_NONE,
                       .wait_step = RS_NONE,
                       .count = w->made.share,
                       .source_buffer = 'i',
                       .target_buffer = 'o',
                       .type = RS__MS_COPY};
  if (w->made.in_place || (w->op->kind == RS_BROADCAST && !is_root)) return RS_OK;
  if (w->op->kind == RS_ALL_GATHER || w->op->kind == RS_ALL_TO_ALL) {
    copy.target = position * w->made.share;
  }
  if (w->op->kind == RS_ALL_TO_ALL) copy.source = copy.target;
  for (uint32_t k = 0; k < copy.count; k++) {
    out_cell *c = cell_at(w, position, RS_BUFFER_OUT, copy.target * w->chunk_vectors) + k;
    c->writer = (out_ref){0, 0};
  }
  return append_step(w, &w->made.blocks[w->made.first_block[position]], &copy);
}

static rs_status make_steps(writer *w) {
  size_t cells = ((size_t)w->made.chunks + w->made.scratch) * w->op->group_count;
  w->cells = RS_ARENA_NEW(w->arena, out_cell, cells);
  if (w->cells == NULL) return rs_arena_failed(w->arena, w->diag);
  for (size_t i = 0; i < cells; i++) w->cells[i] = (out_cell){NO_REF, RS_NONE, false};
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < w->op->group_count && status == RS_OK; i++) status = copy_own(w, i);
  for (uint32_t i = 0; i < w->event_count && status == RS_OK; i++) {
    const rs_burst *b = &w->schedule->bursts[w->events[i].burst];
    status = w->events[i].is_departure ? depart(w, b) : land(w, b);
  }
  return status;
}

/* A step that is waited for says so. */
static rs_status mark_waited(writer *w) {
  uint32_t *index_of = RS_ARENA_NEW(w->arena, uint32_t, w->made.step_count);
  uint32_t *first_of = RS_ARENA_NEW(w->arena, uint32_t, w->made.first_block[w->op->group_count]);
  if (index_of == NULL || first_of == NULL) return rs_arena_failed(w->arena, w->diag);
  uint32_t used = 0;
  for (uint32_t b = 0; b < w->made.first_block[w->op->group_count]; b++) {
    first_of[b] = used;
    for (uint32_t i = w->made.blocks[b].first; i != RS_NONE; i = w->made.steps[i].next) {
      index_of[used++] = i;
    }
  }
  for (uint32_t position = 0; position < w->op->group_count; position++) {
    uint32_t first = w->made.first_block[position];
    for (uint32_t b = first; b < w->made.first_block[position + 1]; b++) {
      for (uint32_t i = w->made.blocks[b].first; i != RS_NONE; i = w->made.steps[i].next) {
        const rs__out_step *step = &w->made.steps[i];
        if (step->wait_block == RS_NONE) continue;
        uint32_t at = first_of[first + step->wait_block] + step->wait_step;
        w->made.steps[index_of[at]].is_waited_for = true;
      }
    }
  }
  return RS_OK;
}

/* ---- the whole ---- */

static rs_status write_program(writer *w, rs_sink *sink) {
  w->position = RS_ARENA_NEW(w->arena, uint32_t, w->schedule->chip_count);
  if (w->position == NULL) return rs_arena_failed(w->arena, w->diag);
  memset(w->position, 0xff, w->schedule->chip_count * sizeof *w->position); /* RS_NONE */
  rs_status status = find_sizes(w);
  if (status == RS_OK) status = check_members(w);
  if (status == RS_OK) status = list_events(w);
  if (status == RS_OK) status = make_blocks(w);
  if (status == RS_OK) status = make_steps(w);
  if (status == RS_OK) status = mark_waited(w);
  if (status != RS_OK) return status;
  if (w->op->root != RS_NONE) w->made.root = w->position[w->op->root];
  rs__ms_print(&w->made, sink);
  if (!sink->failed) return RS_OK;
  return rs_diag_set(w->diag, RS_E_SYSTEM, "the program could not be written");
}

rs_status rs_msccl_print(const rs_schedule *schedule, const rs_wiring *wiring, uint32_t op,
                         rs_sink *sink, rs_diag *diag) {
  assert(op < schedule->op_count);
  writer w = {.schedule = schedule,
              .wiring = wiring,
              .op = &schedule->ops[op],
              .op_index = op,
              .diag = diag};
  w.group = schedule->group_chips + w.op->group_first;
  w.made = (rs__out_program){.kind = w.op->kind,
                             .name = w.op->algorithm[0] == '\0' ? "realscale" : w.op->algorithm,
                             .gpu_count = w.op->group_count,
                             .root = RS_NONE};
  if (rs__ms_kind_word(w.op->kind) == NULL) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "MSCCL has no %s",
                       rs_collective_kind_word(w.op->kind));
  }
  w.arena = rs_arena_create(0);
  if (w.arena == NULL) return rs_arena_failed(NULL, diag);
  rs_status status = write_program(&w, sink);
  rs_arena_destroy(w.arena);
  return status;
}

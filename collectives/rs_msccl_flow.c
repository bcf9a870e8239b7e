/*
 * From the steps of a program to transfers between chips, and to what of them must wait for what.
 *
 * The halves of all steps are run in their order. Every chunk of every buffer remembers which transfer
 * kept it, which added to it since, and which read it since; so a read waits for the first two, a
 * write for all three, and adds do not wait for each other. A chunk that still is the chip's own input
 * is read from `in`, which nothing ever changes: such reads wait for nothing and hold up nothing.
 *
 * Chips move data on links only. A local copy or add can be had when the data came by a transfer that
 * nobody else has read: then that transfer lands in the other place, or is added there, in the first
 * place. A receive that is added and only sent on (rrs) is added in place, where rrs would not store
 * it: a program that needs the old value later is refused by the checker.
 */
#include <string.h>

#include "rs__msccl.h"

#define CELLS_MAX (UINT64_C(1) << 26)

typedef enum content {
  EMPTY,
  OWN,    /* the chip's input, as it was */
  HIDDEN, /* the same, where the program thinks that there is nothing */
  WRITTEN,
  MOVED /* went elsewhere by a local copy or add */
} content;

typedef struct cell {
  uint32_t keeper;  /* transfer, or RS_NONE */
  uint32_t adders;  /* list */
  uint32_t readers; /* list */
  uint8_t content;
} cell;

typedef struct link_item {
  uint32_t transfer;
  uint32_t next;
} link_item;

typedef struct flow {
  rs_arena *arena;
  const rs_msccl *program;
  rs__ms_flow *made;
  cell *cells; /* [GPU][out chunks, scratch chunks] */
  size_t cells_a_gpu;
  link_item *items;
  uint32_t item_count, item_capacity;
  uint32_t *incoming; /* [step] transfer that it receives */
  uint64_t *marks;    /* [kind · capacity + transfer] who waited for it last: transfer, turn */
  uint32_t mark_capacity;
  rs_diag *diag;
} flow;

/* ---- places ---- */

/* i and o as one buffer, as `out` is. Only not in place, i is `in` and has no cells. */
static rs__ms_spot spot_of(const rs_msccl *p, uint32_t gpu, rs__ms_place place) {
  uint32_t share = p->chunks / p->gpu_count;
  rs__ms_spot spot = {place.chunk, RS_BUFFER_OUT};
  if (place.buffer == RS__MS_SCRATCH) spot.buffer = RS_BUFFER_TMP;
  if (place.buffer == RS__MS_INPUT && !p->in_place) spot.buffer = RS_BUFFER_IN;
  bool input_is_part = p->kind == RS_ALL_GATHER && place.buffer == RS__MS_INPUT && p->in_place;
  bool output_is_part = p->kind == RS_REDUCE_SCATTER && place.buffer == RS__MS_OUTPUT;
  if (input_is_part || output_is_part) spot.chunk += (int64_t)gpu * share;
  return spot;
}

static cell *cell_at(const flow *f, uint32_t gpu, rs__ms_spot spot, uint32_t k) {
  size_t at = (size_t)gpu * f->cells_a_gpu + (size_t)spot.chunk + k;
  return &f->cells[spot.buffer == RS_BUFFER_TMP ? at + f->program->chunks : at];
}

/* The chunk of `in` that stands in a chunk of `out` at the start. */
static int64_t input_chunk(const rs_msccl *p, uint32_t gpu, int64_t chunk) {
  return p->kind == RS_ALL_GATHER ? chunk - (int64_t)gpu * (p->chunks / p->gpu_count) : chunk;
}

/* Whether `out` really has it there; in place, an all-to-all only seems to. */
static bool out_has_own(const rs_msccl *p, uint32_t gpu, int64_t chunk) {
  if (p->kind == RS_ALL_GATHER || p->kind == RS_ALL_TO_ALL) {
    return chunk / (p->chunks / p->gpu_count) == gpu;
  }
  return p->kind != RS_BROADCAST || gpu == p->root;
}

static void fill_cells(flow *f) {
  const rs_msccl *p = f->program;
  for (uint32_t gpu = 0; gpu < p->gpu_count; gpu++) {
    cell *cells = &f->cells[gpu * f->cells_a_gpu];
    for (size_t k = 0; k < f->cells_a_gpu; k++) {
      cells[k] = (cell){RS_NONE, RS_NONE, RS_NONE, EMPTY};
      if (k >= p->chunks) continue;
      bool is_input = p->kind == RS_ALL_TO_ALL || out_has_own(p, gpu, (int64_t)k);
      if (is_input) cells[k].content = p->in_place ? OWN : HIDDEN;
      if (!p->in_place && !out_has_own(p, gpu, (int64_t)k)) cells[k].content = EMPTY;
    }
  }
}

/* ---- lists and edges ---- */

static rs_status push(flow *f, uint32_t *list, uint32_t transfer) {
  if (*list != RS_NONE && f->items[*list].transfer == transfer) return RS_OK;
  if (f->item_count == f->item_capacity) {
    f->items = rs__grow(f->arena, f->items, &f->item_capacity, sizeof *f->items);
    if (f->items == NULL) return rs_arena_failed(f->arena, f->diag);
  }
  f->items[f->item_count] = (link_item){transfer, *list};
  *list = f->item_count++;
  return RS_OK;
}

static rs_status add_edge(flow *f, uint32_t before, uint32_t after, rs__edge_kind kind) {
  rs__ms_flow *m = f->made;
  if (before == RS_NONE || before == after) return RS_OK;
  uint64_t *mark = &f->marks[(size_t)kind * f->mark_capacity + before];
  uint64_t who = (uint64_t)m->transfers[after].turn << 32 | (after + 1);
  if (*mark == who) return RS_OK; /* chunk after chunk says the same */
  *mark = who;
  if (m->edge_count == m->edge_capacity) {
    m->edges = rs__grow(f->arena, m->edges, &m->edge_capacity, sizeof *m->edges);
    if (m->edges == NULL) return rs_arena_failed(f->arena, f->diag);
  }
  m->edges[m->edge_count++] = (rs__ms_edge){before, after, m->transfers[after].turn, kind};
  return RS_OK;
}

static rs_status add_edges(flow *f, uint32_t list, uint32_t after, rs__edge_kind kind) {
  rs_status status = RS_OK;
  for (; list != RS_NONE && status == RS_OK; list = f->items[list].next) {
    status = add_edge(f, f->items[list].transfer, after, kind);
  }
  return status;
}

/* ---- reading ---- */

static rs_status read_cell(flow *f, cell *c, uint32_t transfer) {
  rs_status status = add_edge(f, c->keeper, transfer, RS__READS);
  if (status == RS_OK) status = add_edges(f, c->adders, transfer, RS__READS);
  return status == RS_OK ? push(f, &c->readers, transfer) : status;
}

/* Where a send takes its chunks from: `in`, when all of them still are the chip's input. */
static rs_status read_chunks(flow *f, const rs__ms_step *step, uint32_t gpu, rs__ms_spot spot,
                             uint32_t transfer) {
  rs__ms_transfer *t = &f->made->transfers[transfer];
  const rs_msccl *p = f->program;
  uint32_t own = 0;
  t->source = spot;
  t->reads_input = spot.buffer == RS_BUFFER_IN;
  if (t->reads_input) return RS_OK;
  for (uint32_t k = 0; k < t->count; k++) {
    const cell *c = cell_at(f, gpu, spot, k);
    if (c->content == EMPTY || c->content == HIDDEN) {
      return rs__ms_refuse(p, step->line, f->diag, "it sends a chunk that holds nothing");
    }
    if (c->content == MOVED) {
      return rs__ms_refuse(p, step->line, f->diag,
                           "it sends a chunk that was copied or added elsewhere: chips have no "
                           "local copies");
    }
    own += c->content == OWN;
  }
  t->reads_input = own > 0;
  if (own == t->count) {
    t->source = (rs__ms_spot){input_chunk(p, gpu, spot.chunk), RS_BUFFER_IN};
    return RS_OK;
  }
  for (uint32_t k = 0; k < t->count; k++) {
    cell *c = cell_at(f, gpu, spot, k);
    if (c->content == OWN && !out_has_own(p, gpu, spot.chunk + k)) {
      return rs__ms_refuse(p, step->line, f->diag,
                           "it sends chunks of its input and others with one step");
    }
    rs_status status = read_cell(f, c, transfer);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

/* ---- landing ---- */

static rs_status land_keep(flow *f, uint32_t gpu, uint32_t transfer) {
  rs__ms_transfer *t = &f->made->transfers[transfer];
  for (uint32_t k = 0; k < t->count; k++) {
    cell *c = cell_at(f, gpu, t->target, k);
    rs_status status = add_edge(f, c->keeper, transfer, RS__LANDS);
    if (status == RS_OK) status = add_edges(f, c->adders, transfer, RS__LANDS);
    if (status == RS_OK) status = add_edges(f, c->readers, transfer, RS__CLEARS);
    if (status != RS_OK) return status;
    t->lands_on_own = t->lands_on_own || c->content == OWN || c->content == HIDDEN;
    *c = (cell){transfer, RS_NONE, RS_NONE, WRITTEN};
  }
  return RS_OK;
}

static rs_status land_add(flow *f, const rs__ms_step *step, uint32_t gpu, uint32_t transfer) {
  rs__ms_transfer *t = &f->made->transfers[transfer];
  for (uint32_t k = 0; k < t->count; k++) {
    cell *c = cell_at(f, gpu, t->target, k);
    bool is_own = (c->content == OWN || c->content == HIDDEN) &&
                  t->target.buffer == RS_BUFFER_OUT &&
                  out_has_own(f->program, gpu, t->target.chunk + k);
    if (!is_own && c->content != WRITTEN) {
      return rs__ms_refuse(f->program, step->line, f->diag,
                           "it adds to a chunk that holds nothing");
    }
    t->lands_on_own = t->lands_on_own || is_own;
    rs_status status = add_edge(f, c->keeper, transfer, RS__LANDS);
    if (status == RS_OK) status = add_edges(f, c->readers, transfer, RS__CLEARS);
    if (status == RS_OK) status = push(f, &c->adders, transfer);
    if (status != RS_OK) return status;
    c->content = WRITTEN;
  }
  return RS_OK;
}

/* ---- local steps ---- */

/* The transfer that brought the chunk at k, when it is all that happened to its chunks, and all of
 * them are in the step; RS_NONE otherwise. */
static uint32_t movable(const flow *f, uint32_t gpu, rs__ms_spot spot, uint32_t k, uint32_t count) {
  const cell *first = cell_at(f, gpu, spot, k);
  if (first->content != WRITTEN || first->keeper == RS_NONE) return RS_NONE;
  const rs__ms_transfer *t = &f->made->transfers[first->keeper];
  bool whole = t->target.buffer == spot.buffer && t->target.chunk == spot.chunk + k &&
               t->count <= count - k && t->action == RS_ACTION_KEEP;
  for (uint32_t i = 0; i < t->count && whole; i++) {
    const cell *c = cell_at(f, gpu, spot, k + i);
    whole = c->keeper == first->keeper && c->adders == RS_NONE && c->readers == RS_NONE;
  }
  return whole ? first->keeper : RS_NONE;
}

/* Makes transfers that brought chunks of `from` land in `to` instead. */
static rs_status move_chunks(flow *f, const rs__ms_step *step, uint32_t half_index, uint32_t gpu,
                             rs__ms_spot from, rs__ms_spot to, bool is_add) {
  for (uint32_t k = 0; k < step->count;) {
    uint32_t moved = from.buffer == RS_BUFFER_IN ? RS_NONE : movable(f, gpu, from, k, step->count);
    if (moved == RS_NONE || to.buffer == RS_BUFFER_IN) {
      return rs__ms_refuse(
          f->program, step->line, f->diag,
          "chips move data on links only: a local '%s' must be of what one transfer "
          "brought and nobody else used",
          rs__ms_type_word((rs__ms_type)step->type));
    }
    rs__ms_transfer *t = &f->made->transfers[moved];
    for (uint32_t i = 0; i < t->count; i++) {
      *cell_at(f, gpu, from, k + i) = (cell){RS_NONE, RS_NONE, RS_NONE, MOVED};
    }
    t->target = (rs__ms_spot){to.chunk + k, to.buffer};
    t->action = is_add ? RS_ACTION_ADD : RS_ACTION_KEEP;
    t->landed = 2 * half_index; /* before what the step itself brings */
    t->turn++;
    t->lands_on_own = false;
    uint32_t count = t->count;
    rs_status status = is_add ? land_add(f, step, gpu, moved) : land_keep(f, gpu, moved);
    if (status != RS_OK) return status;
    k += count;
  }
  return RS_OK;
}

/* A copy of the input to where `out` has it anyhow. */
static bool is_own_copy(const flow *f, uint32_t gpu, rs__ms_spot from, rs__ms_spot to,
                        uint32_t count) {
  const rs_msccl *p = f->program;
  if (to.buffer != RS_BUFFER_OUT || from.buffer == RS_BUFFER_TMP) return false;
  int64_t in_chunk = from.buffer == RS_BUFFER_IN ? from.chunk : input_chunk(p, gpu, from.chunk);
  for (uint32_t k = 0; k < count; k++) {
    const cell *c = cell_at(f, gpu, to, k);
    bool same = input_chunk(p, gpu, to.chunk + k) == in_chunk + k &&
                out_has_own(p, gpu, to.chunk + k) && c->content != WRITTEN;
    if (from.buffer == RS_BUFFER_OUT) same = same && cell_at(f, gpu, from, k)->content == OWN;
    if (!same) return false;
  }
  return true;
}

static rs_status run_local(flow *f, const rs__ms_step *step, uint32_t half_index, uint32_t gpu) {
  rs__ms_spot from = spot_of(f->program, gpu, step->source);
  rs__ms_spot to = spot_of(f->program, gpu, step->target);
  if (step->type == RS__MS_REDUCE) return move_chunks(f, step, half_index, gpu, from, to, true);
  if (!is_own_copy(f, gpu, from, to, step->count)) {
    return move_chunks(f, step, half_index, gpu, from, to, false);
  }
  for (uint32_t k = 0; k < step->count; k++) cell_at(f, gpu, to, k)->content = OWN;
  return RS_OK;
}

/* ---- halves ---- */

/* Where a receive that adds is to add: at its source. When that is `in`, at the same chunk of `out`. */
static rs__ms_spot sum_spot(const flow *f, uint32_t gpu, const rs__ms_step *step) {
  rs__ms_spot spot = spot_of(f->program, gpu, step->source);
  if (spot.buffer != RS_BUFFER_IN) return spot;
  spot.buffer = RS_BUFFER_OUT;
  return spot;
}

static bool same_spot(rs__ms_spot a, rs__ms_spot b) {
  return a.buffer == b.buffer && a.chunk == b.chunk;
}

static rs_status run_receive(flow *f, const rs__ms_step *step, uint32_t index, uint32_t half_index,
                             uint32_t gpu) {
  uint32_t transfer = f->incoming[index];
  rs__ms_transfer *t = &f->made->transfers[transfer];
  t->landed = 2 * half_index + 1;
  if (!rs__ms_reduces(step->type)) {
    t->target = spot_of(f->program, gpu, step->target);
    t->action = RS_ACTION_KEEP;
    if (t->target.buffer != RS_BUFFER_IN) return land_keep(f, gpu, transfer);
    return rs__ms_refuse(f->program, step->line, f->diag,
                         "it writes to its input, and the program is not in place");
  }
  rs__ms_spot sum = sum_spot(f, gpu, step);
  t->target = sum;
  t->action = RS_ACTION_ADD;
  if (step->type != RS__MS_RECV_REDUCE_SEND) {
    rs__ms_spot target = spot_of(f->program, gpu, step->target);
    if (target.buffer == RS_BUFFER_IN) {
      return rs__ms_refuse(f->program, step->line, f->diag,
                           "it writes to its input, and the program is not in place");
    }
    t->target = target;
    if (!same_spot(target, sum)) {
      rs_status status = move_chunks(f, step, half_index, gpu, sum, target, false);
      if (status != RS_OK) return status;
    }
  }
  return land_add(f, step, gpu, transfer);
}

static uint32_t new_transfer(flow *f, const rs__ms_step *step, uint32_t gpu) {
  rs__ms_flow *m = f->made;
  uint32_t index = m->transfer_count++;
  assert(index < m->transfer_capacity); /* a step sends once */
  m->transfers[index] =
      (rs__ms_transfer){.from_gpu = gpu,
                        .to_gpu = f->program->blocks[f->program->steps[step->peer].block].gpu,
                        .count = step->count};
  f->incoming[step->peer] = index;
  return index;
}

static rs_status run_send(flow *f, const rs__ms_step *step, uint32_t gpu) {
  uint32_t transfer = new_transfer(f, step, gpu);
  rs__ms_spot from = spot_of(f->program, gpu, step->source);
  if (step->type == RS__MS_RECV_REDUCE_SEND) from = sum_spot(f, gpu, step);
  if (step->type == RS__MS_RECV_COPY_SEND || step->type == RS__MS_RECV_REDUCE_COPY_SEND) {
    from = spot_of(f->program, gpu, step->target);
  }
  return read_chunks(f, step, gpu, from, transfer);
}

static rs_status run_half(flow *f, uint32_t half_index) {
  const rs_msccl *p = f->program;
  rs__ms_half half = p->order[half_index];
  const rs__ms_step *step = &p->steps[half / 2];
  uint32_t gpu = p->blocks[step->block].gpu;
  if (half % 2 == 1) return rs__ms_sends(step->type) ? run_send(f, step, gpu) : RS_OK;
  if (rs__ms_receives(step->type)) return run_receive(f, step, half / 2, half_index, gpu);
  bool is_local = step->type == RS__MS_COPY || step->type == RS__MS_REDUCE;
  return is_local ? run_local(f, step, half_index, gpu) : RS_OK;
}

rs_status rs__ms_flow_make(rs_arena *arena, const rs_msccl *program, rs__ms_flow *made,
                           rs_diag *diag) {
  flow f = {.arena = arena, .program = program, .made = made, .diag = diag};
  *made = (rs__ms_flow){.transfers = NULL};
  f.cells_a_gpu = (size_t)program->chunks + program->scratch_chunks;
  if (f.cells_a_gpu * program->gpu_count > CELLS_MAX) {
    return rs_diag_set(diag, RS_E_LIMIT, "%u GPUs of %zu chunks are more than %llu in all",
                       program->gpu_count, f.cells_a_gpu, (unsigned long long)CELLS_MAX);
  }
  uint32_t steps = program->step_count;
  f.cells = RS_ARENA_NEW(arena, cell, f.cells_a_gpu * program->gpu_count);
  f.incoming = RS_ARENA_NEW(arena, uint32_t, steps);
  f.mark_capacity = steps;
  f.marks = RS_ARENA_NEW(arena, uint64_t, (size_t)steps * (RS__CLEARS + 1));
  made->transfers = RS_ARENA_NEW(arena, rs__ms_transfer, steps);
  made->transfer_capacity = steps;
  if (f.cells == NULL || f.incoming == NULL || f.marks == NULL || made->transfers == NULL) {
    return rs_arena_failed(arena, diag);
  }
  fill_cells(&f);
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < 2 * steps && status == RS_OK; i++) status = run_half(&f, i);
  return status;
}

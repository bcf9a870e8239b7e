/*
 * All-reduce on a grid of full meshes, one dimension after the other.
 *
 * In a dimension every chip sends what it has to all others of its row, adding on arrival; after all m
 * dimensions each holds the whole sum: m hops, the diameter, where going up and down a tree takes 2·m.
 * (Recursive doubling is the case of rows of two.) Longer messages are first shared out: in the first r
 * dimensions a row only reduce-scatters, and gathers again at the end, for r more hops and less to
 * send. The message is cut into m pieces, and piece k begins with dimension k: so all links are in use,
 * and a piece that takes no longer than a hop meets no other (Thakur, Rabenseifner, Gropp 2005 for the
 * steps; Sack, Gropp 2015 for the pieces on a torus).
 *
 * Every chip of a row sends its sum while those of the others come in, and these must not land before
 * the last sending has read. No order of tasks can say that of all of them; so a row starts together,
 * when its last chip has its sum, and lands a latency later. That is checked after booking (guards), and
 * fails only where a link was taken for longer than that latency.
 */
#include "rs__collective.h"

/* What a chip sends in an exchange, and sent in the one before: tasks with consecutive numbers. */
typedef struct sending {
  uint32_t now;
  uint32_t before, count;
} sending;

typedef struct journey {
  rs__plan *plan;
  rs__grid grid;
  rs__run *run;    /* [place] what it works on */
  rs__run *before; /* [place · dimensions + step] the same before it was shared out */
  uint32_t *came;  /* [place · came_max + i] tasks that came in, in order */
  uint32_t *count; /* [place] how many */
  uint32_t came_max;
  sending *sends; /* [place] */
  uint32_t order[RS__GRID_DIMENSIONS_MAX];
  bool is_first; /* nothing has moved yet: inputs are read where they are */
} journey;

/* Appends a burst of `run` from one place to another; it waits for all that came to the sender. */
static uint32_t send_run(journey *t, uint32_t from, uint32_t to, rs__run run, rs_action action) {
  rs__plan *plan = t->plan;
  uint32_t chip = plan->members[from];
  uint32_t link = rs__plan_find_link(plan, chip, plan->members[to]);
  plan->link_load[link]++;
  rs__task task = {.start_cycles = rs__plan_reads_in(plan, chip, run.offset, run.count),
                   .count = run.count,
                   .source_offset = run.offset,
                   .target_offset = run.offset,
                   .link = link,
                   .source = t->is_first ? RS_BUFFER_IN : RS_BUFFER_OUT,
                   .target = RS_BUFFER_OUT,
                   .action = (uint8_t)action,
                   .result = true};
  int64_t least = rs__plan_lands_on_in(plan, link, run.offset, run.count);
  task.start_cycles = RS_MAX(task.start_cycles, least);
  uint32_t id = rs__plan_add(plan, &task);
  for (uint32_t i = 0; id != RS_NONE && i < t->count[from]; i++) {
    rs__plan_edge(plan, t->came[(size_t)from * t->came_max + i], id, RS__READS);
  }
  return id;
}

/* Arrivals are noted after a phase, so that none of it waits for another of it. */
static void note_arrivals(journey *t, uint32_t first) {
  for (uint32_t id = first; id < t->plan->task_count; id++) {
    const rs__task *task = &t->plan->tasks[id];
    if (task->link == RS_NONE) continue;
    uint32_t to = t->plan->position[t->plan->wiring->links[task->link].to];
    t->came[(size_t)to * t->came_max + t->count[to]++] = id;
  }
  t->is_first = false;
}

/* Every chip keeps the part of its row's run that its coordinate numbers. */
static void scatter_rows(journey *t, uint32_t step) {
  rs__plan *plan = t->plan;
  uint32_t first = plan->task_count, dimension = t->order[step];
  uint32_t size = t->grid.size[dimension];
  for (uint32_t i = 0; i < plan->member_count; i++) {
    for (uint32_t d = 0; d < size; d++) {
      uint32_t to = rs__grid_sibling(&t->grid, i, dimension, d);
      rs__run part = rs__run_part(t->run[i], size, d);
      if (to != i && part.count > 0) send_run(t, i, to, part, RS_ACTION_ADD);
    }
  }
  for (uint32_t i = 0; i < plan->member_count; i++) {
    t->before[(size_t)i * RS__GRID_DIMENSIONS_MAX + step] = t->run[i];
    t->run[i] = rs__run_part(t->run[i], size, rs__grid_digit(&t->grid, i, dimension));
  }
  note_arrivals(t, first);
}

/* The join behind which a chip sends on a run of several parts at once: not before the last of them
 * begins to come in. */
static uint32_t wait_for_parts(journey *t, uint32_t place) {
  uint32_t join = rs__plan_join(t->plan);
  for (uint32_t i = 0; join != RS_NONE && i < t->count[place]; i++) {
    uint32_t id = t->came[(size_t)place * t->came_max + i];
    if (t->plan->tasks[id].target_offset <= t->run[place].offset) continue;
    rs__plan_edge(t->plan, id, join, RS__READS);
  }
  return join;
}

/* The other way round: then every chip has what its row had before. */
static void gather_rows(journey *t, uint32_t step) {
  rs__plan *plan = t->plan;
  uint32_t first = plan->task_count, dimension = t->order[step];
  for (uint32_t i = 0; i < plan->member_count; i++) {
    if (t->run[i].count == 0) continue;
    uint32_t parts = wait_for_parts(t, i);
    for (uint32_t d = 0; d < t->grid.size[dimension]; d++) {
      uint32_t to = rs__grid_sibling(&t->grid, i, dimension, d);
      if (to == i) continue;
      uint32_t id = send_run(t, i, to, t->run[i], RS_ACTION_KEEP);
      if (id == RS_NONE) return;
      rs__plan_edge(plan, parts, id, RS__READS);
    }
  }
  for (uint32_t i = 0; i < plan->member_count; i++) {
    t->run[i] = t->before[(size_t)i * RS__GRID_DIMENSIONS_MAX + step];
  }
  note_arrivals(t, first);
}

/* The join behind which a row starts together. */
static uint32_t gather_readiness(journey *t, uint32_t place, uint32_t dimension) {
  uint32_t join = rs__plan_join(t->plan);
  for (uint32_t d = 0; join != RS_NONE && d < t->grid.size[dimension]; d++) {
    uint32_t member = rs__grid_sibling(&t->grid, place, dimension, d);
    for (uint32_t i = 0; i < t->count[member]; i++) {
      uint32_t id = t->came[(size_t)member * t->came_max + i];
      if (t->plan->tasks[id].target_offset != t->run[place].offset) continue;
      rs__plan_edge(t->plan, id, join, RS__READS);
    }
  }
  return join;
}

/* A row of an exchange; `place` is the first of it. */
static void exchange_row(journey *t, uint32_t place, uint32_t dimension) {
  rs__plan *plan = t->plan;
  uint32_t size = t->grid.size[dimension];
  uint32_t start = t->is_first ? RS_NONE : gather_readiness(t, place, dimension);
  for (uint32_t a = 0; a < size; a++) {
    uint32_t from = rs__grid_sibling(&t->grid, place, dimension, a);
    t->sends[from].now = plan->task_count;
    for (uint32_t b = 0; b < size; b++) {
      if (a == b) continue;
      uint32_t to = rs__grid_sibling(&t->grid, place, dimension, b);
      uint32_t id = send_run(t, from, to, t->run[from], RS_ACTION_ADD);
      if (id == RS_NONE) return;
      if (start != RS_NONE) rs__plan_edge(plan, start, id, RS__READS);
      /* What `to` sent in the dimension before has read what this adds to. */
      for (uint32_t k = 0; k < t->sends[to].count; k++) {
        rs__plan_edge(plan, t->sends[to].before + k, id, RS__CLEARS);
      }
    }
  }
}

/* What comes into a chip in this exchange lands after all that it sends in it has left. */
static void guard_reads(journey *t, uint32_t place, uint32_t arrivals_before, uint32_t size) {
  for (uint32_t i = arrivals_before; i < t->count[place]; i++) {
    for (uint32_t k = 0; k + 1 < size; k++) {
      rs__plan_guard(t->plan, t->sends[place].now + k, t->came[(size_t)place * t->came_max + i]);
    }
  }
}

static void exchange(journey *t, uint32_t dimension) {
  rs__plan *plan = t->plan;
  uint32_t size = t->grid.size[dimension], first = plan->task_count;
  bool reads_inputs = t->is_first;
  for (uint32_t i = 0; i < plan->member_count; i++) {
    bool starts_row = rs__grid_digit(&t->grid, i, dimension) == 0;
    if (starts_row && t->run[i].count > 0) exchange_row(t, i, dimension);
  }
  if (plan->status != RS_OK) return;
  note_arrivals(t, first);
  for (uint32_t i = 0; i < plan->member_count; i++) {
    t->sends[i].count = 0;
    if (reads_inputs || t->run[i].count == 0) continue;
    guard_reads(t, i, t->count[i] - (size - 1), size);
    t->sends[i].before = t->sends[i].now;
    t->sends[i].count = size - 1;
  }
}

static void move_piece(journey *t, rs__run piece, uint32_t shared_out) {
  uint32_t m = t->grid.dimensions;
  for (uint32_t i = 0; i < t->plan->member_count; i++) {
    t->run[i] = piece;
    t->count[i] = t->sends[i].count = 0;
  }
  t->is_first = true;
  for (uint32_t j = 0; j < shared_out; j++) scatter_rows(t, j);
  for (uint32_t j = shared_out; j < m; j++) exchange(t, t->order[j]);
  for (uint32_t j = shared_out; j-- > 0;) gather_rows(t, j);
}

static rs_status reserve(journey *t) {
  rs__plan *plan = t->plan;
  uint32_t n = plan->member_count;
  t->came_max = 0;
  /* A dimension that shares out gathers as well, and gathers what came from several. */
  for (uint32_t j = 0; j < t->grid.dimensions; j++) t->came_max += 2 * (t->grid.size[j] - 1);
  t->run = RS_ARENA_NEW(plan->arena, rs__run, n);
  t->before = RS_ARENA_NEW(plan->arena, rs__run, (size_t)n * RS__GRID_DIMENSIONS_MAX);
  t->came = RS_ARENA_NEW(plan->arena, uint32_t, (size_t)n * t->came_max);
  t->count = RS_ARENA_NEW(plan->arena, uint32_t, n);
  t->sends = RS_ARENA_NEW(plan->arena, sending, n);
  if (t->run == NULL || t->before == NULL || t->came == NULL || t->count == NULL ||
      t->sends == NULL) {
    return rs_arena_failed(plan->arena, plan->diag);
  }
  return RS_OK;
}

/* Splits are the dimensions that share out, and one. */
rs_status rs__build_dimensions(rs__plan *plan) {
  journey t = {.plan = plan};
  rs_status status = rs__plan_grid(plan, &t.grid);
  if (status == RS_OK) status = reserve(&t);
  if (status != RS_OK) return status;
  uint32_t m = t.grid.dimensions;
  uint32_t shared_out = (uint32_t)plan->variant.splits - 1;
  if (shared_out > m) {
    return rs_diag_set(plan->diag, RS_E_INFEASIBLE, "the grid has %u dimensions", m);
  }
  int64_t pieces = RS_MIN(m, plan->block);
  for (int64_t k = 0; k < pieces && plan->status == RS_OK; k++) {
    for (uint32_t j = 0; j < m; j++) t.order[j] = (uint32_t)(k + j) % m;
    move_piece(&t, rs__run_part((rs__run){0, plan->block}, pieces, k), shared_out);
  }
  return plan->status;
}

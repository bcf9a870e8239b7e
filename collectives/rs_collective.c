/*
 * Checking a request, and choosing among the rows of the table.
 *
 * A trial builds the plan of one row in one variant (how many pieces, with or without relays) and
 * runs it on the calendar; the calendar is then rewound. The best trial's bursts are appended to the
 * schedule, and booked again as they are. So at most two plans are in memory, and a failure leaves
 * nothing behind. Rows are tried from the lowest floor (vectors that some link must
 * carry) up, and one whose floor is above the best makespan is passed over: it cannot win.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__kept.h"

#define RS__AGAIN_TASKS_MAX 400000 /* larger plans are not run again */
#define RS__AGAIN_TURNS 3

/* Trials after a row's first one stop when this many bursts were planned in all. */
#define RS__TRIAL_BURSTS_MAX INT64_C(1500000)

/* ---- a compilation ---- */

typedef struct trial {
  size_t row;    /* SIZE_MAX: none */
  rs__plan plan; /* booked, in an arena of its own */
  int64_t end_cycles;
} trial;

typedef struct compilation {
  rs_schedule *schedule;
  rs_calendar *calendar;
  const rs_collective_request *request;
  rs_compile_report *report;
  rs_diag *diag;
  rs__kept *kept; /* plans of earlier requests, or NULL */
  rs_op op;
  const rs_wiring *wiring;
  rs_timing padded;     /* the schedule's, with the margin in what a chip takes on arrival */
  int64_t base_cycles;  /* the makespan counts from here: the first whole input */
  int64_t first_cycles; /* nothing can depart earlier: the first vector of an input */
  trial best, last;     /* they change places when the last was better */
  uint64_t mark;        /* of the calendar before all trials */
  int64_t planned;      /* bursts of all trials */
  bool as_built;        /* running the best once more was of no use */
  bool best_is_booked;  /* the calendar holds the best trial: no other was run since */
} compilation;

/* Arenas of a compilation: what stays, a plan each, the tree at hand. */
enum { RS__ARENA_WORK, RS__ARENA_BEST, RS__ARENA_LAST, RS__ARENA_TREE, RS__ARENA_COUNT };

struct rs_compile_scratch {
  rs_arena *arenas[RS__ARENA_COUNT];
  rs__kept *kept; /* or NULL */
};

rs_compile_scratch *rs_compile_scratch_create(void) {
  rs_compile_scratch *scratch = calloc(1, sizeof *scratch);
  if (scratch == NULL) return NULL;
  for (size_t i = 0; i < RS__ARENA_COUNT; i++) {
    scratch->arenas[i] = rs_arena_create(0);
    if (scratch->arenas[i] != NULL) continue;
    rs_compile_scratch_destroy(scratch);
    return NULL;
  }
  return scratch;
}

void rs_compile_scratch_destroy(rs_compile_scratch *scratch) {
  if (scratch == NULL) return;
  for (size_t i = 0; i < RS__ARENA_COUNT; i++) rs_arena_destroy(scratch->arenas[i]);
  rs__kept_destroy(scratch->kept);
  free(scratch);
}

bool rs_compile_scratch_keep(rs_compile_scratch *scratch, const rs_wiring *wiring) {
  rs__kept_destroy(scratch->kept);
  scratch->kept = rs__kept_create(wiring);
  return scratch->kept != NULL;
}

uint64_t rs_compile_scratch_takings(const rs_compile_scratch *scratch) {
  return scratch->kept == NULL ? 0 : rs__kept_takings(scratch->kept);
}

static rs_status init_plans(compilation *c, rs_arena *const *arenas) {
  const rs_collective_request *request = c->request;
  uint32_t *position = RS_ARENA_NEW(arenas[RS__ARENA_WORK], uint32_t, c->wiring->chip_count);
  if (position == NULL) return rs_arena_failed(arenas[RS__ARENA_WORK], c->diag);
  rs_status status = rs__request_check(request, c->wiring, &c->schedule->timing, position, c->diag);
  if (status != RS_OK) return status;
  c->op = (rs_op){.kind = request->kind,
                  .group_count = request->chip_count,
                  .root = rs__kind_has_root(request->kind) ? request->root : RS_NONE,
                  .block_bytes = request->block_bytes,
                  .block_vectors = rs_timing_vectors(&c->schedule->timing, request->block_bytes),
                  .ready_cycles = request->ready_cycles};
  snprintf(c->op.label, sizeof c->op.label, "%s", request->label == NULL ? "" : request->label);
  c->padded = rs__request_timing(request, &c->schedule->timing);
  rs__plan plan = {.arena = arenas[RS__ARENA_LAST],
                   .tree_arena = arenas[RS__ARENA_TREE],
                   .wiring = c->wiring,
                   .timing = &c->padded,
                   .request = request,
                   .calendar = c->calendar,
                   .position = position,
                   .members = request->chips,
                   .member_count = request->chip_count,
                   .block = c->op.block_vectors,
                   .in_vectors = rs_op_in_vectors(&c->op),
                   .diag = c->diag};
  plan.is_mesh = request->kind != RS_SEND && rs__plan_is_mesh(&plan);
  c->last.plan = c->best.plan = plan;
  c->best.plan.arena = arenas[RS__ARENA_BEST];
  c->base_cycles = c->first_cycles = INT64_MAX;
  for (uint32_t i = 0; i < request->chip_count; i++) {
    if (!rs__has_input(request, i)) continue;
    c->base_cycles = RS_MIN(c->base_cycles, rs__ready_complete(request, i));
    c->first_cycles = RS_MIN(c->first_cycles, rs__ready_vector(&plan, i, 0));
  }
  return RS_OK;
}

/* ---- ends ---- */

/* When the last vector of a task is in the receiver's SRAM. */
static int64_t landed(const rs__plan *plan, const rs__task *task) {
  const rs_timing *t = plan->timing;
  return task->start_cycles + rs_timing_slots(t, task->count - 1) +
         rs_timing_latency(t, &plan->wiring->links[task->link]) + t->receive_cycles +
         (task->action == RS_ACTION_ADD ? t->add_cycles : 0);
}

/* When what a member's result holds of its own input is in SRAM; −1: it holds nothing of it. */
static int64_t own_part(const rs__plan *plan, uint32_t place) {
  const rs_collective_request *r = plan->request;
  if (!rs__has_input(r, place) || !rs__has_result(r, place)) return -1;
  bool is_one_block =
      r->kind == RS_REDUCE_SCATTER || r->kind == RS_SCATTER || r->kind == RS_ALL_TO_ALL;
  if (!is_one_block) return rs__ready_complete(r, place);
  return rs__ready_vector(plan, place, (place + 1) * plan->block - 1);
}

/* The end of the whole; `chip_end`: NULL, or an entry a chip that is raised by what lands there. */
static int64_t last_end(const compilation *c, const rs__plan *plan, int64_t *chip_end) {
  int64_t end = c->base_cycles;
  for (uint32_t i = 0; i < c->request->chip_count; i++) end = RS_MAX(end, own_part(plan, i));
  end = RS_MAX(end, rs__turned_end(plan, chip_end));
  for (uint32_t id = 0; id < plan->task_count; id++) {
    const rs__task *task = &plan->tasks[id];
    if (!task->result) continue;
    int64_t in_sram = landed(plan, task);
    end = RS_MAX(end, in_sram);
    if (chip_end == NULL) continue;
    uint32_t to = plan->wiring->links[task->link].to;
    chip_end[to] = RS_MAX(chip_end[to], in_sram);
  }
  return end;
}

static rs_status fill_member_ends(const compilation *c, rs_arena *work, int64_t *end_of_member) {
  const rs__plan *plan = &c->best.plan;
  int64_t *chip_end = RS_ARENA_NEW(work, int64_t, c->wiring->chip_count);
  if (chip_end == NULL) return rs_arena_failed(work, c->diag);
  last_end(c, plan, chip_end);
  for (uint32_t i = 0; i < c->request->chip_count; i++) {
    bool has_result = rs__has_result(c->request, i);
    int64_t landed_at = chip_end[c->request->chips[i]];
    end_of_member[i] =
        has_result ? RS_MAX(own_part(plan, i), landed_at) : rs__ready_complete(c->request, i);
  }
  return RS_OK;
}

/* ---- trials ---- */

/* What is asked for by name and variant is asked for again, with other inputs. */
static rs_status build(const compilation *c, size_t row, rs__plan *plan) {
  rs__kept *kept = c->request->variant.splits > 0 ? c->kept : NULL;
  bool is_kept = kept != NULL && rs__kept_has(kept, row, plan);
  int64_t bursts = is_kept ? 0 : rs__row_at(row)->bursts(plan, plan->variant.splits);
  rs_status status = rs__plan_init(plan, bursts);
  if (status != RS_OK) return status;
  if (is_kept && rs__kept_take(kept, row, plan)) return plan->status;
  status = rs__row_at(row)->build(plan);
  if (status == RS_OK) status = plan->status;
  if (status == RS_OK && kept != NULL) rs__kept_put(kept, row, plan);
  return status;
}

/* Builds and books one variant on the calendar as it was at the mark. */
static rs_status try_variant(compilation *c, size_t row, rs__variant variant) {
  rs__plan *plan = &c->last.plan;
  rs_calendar_rewind(c->calendar, c->mark);
  c->best_is_booked = false;
  rs_arena_reset(plan->arena);
  plan->variant = variant;
  rs_status status = build(c, row, plan);
  if (status == RS_OK && plan->turned.part_count > 0 && c->mark > 0) {
    status = rs_diag_set(c->diag, RS_E_INFEASIBLE, "links are booked already");
  }
  if (status == RS_OK) status = rs__plan_run(plan, c->calendar);
  c->planned += plan->task_count;
  c->last.row = row;
  if (status == RS_OK) c->last.end_cycles = last_end(c, plan, NULL);
  return status;
}

static uint64_t count_bursts(const rs__plan *plan) {
  uint64_t bursts = 0;
  for (uint32_t id = 0; id < plan->task_count; id++) bursts += plan->tasks[id].link != RS_NONE;
  bursts += (uint64_t)plan->turned.part_count * plan->turned.turns;
  return bursts;
}

static void keep_if_better(compilation *c, rs_compile_row *shown) {
  int64_t makespan = c->last.end_cycles - c->base_cycles;
  if (shown->makespan_cycles < 0 || makespan < shown->makespan_cycles) {
    shown->makespan_cycles = makespan;
    shown->bursts = count_bursts(&c->last.plan);
    shown->reason[0] = '\0';
  }
  const trial best = c->best;
  bool is_better = best.row == SIZE_MAX || c->last.end_cycles < best.end_cycles ||
                   (c->last.end_cycles == best.end_cycles && c->last.row < best.row);
  if (!is_better) return;
  c->best = c->last;
  c->last = best;
  c->best_is_booked = true;
}

/* No plan ends before this in which some link carries so many vectors. */
static int64_t floor_end(const compilation *c, int64_t floor_slots) {
  const rs_timing *t = c->best.plan.timing;
  int64_t latency = INT64_MAX;
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) {
    latency = RS_MIN(latency, t->latency_cycles[k]);
  }
  return c->first_cycles + t->send_cycles + rs_timing_slots(t, floor_slots - 1) + latency +
         t->receive_cycles;
}

/* Why a row need not be tried; NULL: it may be. */
static bool pass_over(const compilation *c, size_t row, int64_t splits, bool is_forced,
                      rs_compile_row *shown) {
  const rs__row *r = rs__row_at(row);
  int64_t bursts = r->bursts(&c->best.plan, splits);
  if (bursts > RS_COMPILE_BURSTS_MAX) {
    snprintf(shown->reason, sizeof shown->reason, "needs %lld bursts, the limit is %lld",
             (long long)bursts, (long long)RS_COMPILE_BURSTS_MAX);
    return true;
  }
  if (is_forced || c->best.row == SIZE_MAX) return false;
  int64_t floor_slots = r->floor_slots(&c->best.plan);
  if (floor_slots == 0) return false;
  if (floor_end(c, floor_slots) < c->best.end_cycles) return false;
  snprintf(shown->reason, sizeof shown->reason, "cannot win: a link carries %lld vectors",
           (long long)floor_slots);
  return true;
}

/* Whether relays may be used: 0 only without, 1 only with, 2 both are tried. */
static int relay_choices(const compilation *c) {
  if (c->request->kind == RS_SEND) return 1;
  bool is_whole = c->request->chip_count == c->best.plan.wiring->chip_count;
  return is_whole || c->best.plan.is_mesh ? 0 : 2;
}

/* One variant without and with relays. A variant that has no answer leaves its reason, unless
 * another has one. */
static rs_status try_splits(compilation *c, size_t row, int64_t splits, rs_compile_row *shown) {
  int choices = relay_choices(c);
  for (int relays = choices == 1 ? 1 : 0; relays <= (choices == 0 ? 0 : 1); relays++) {
    rs_status status = try_variant(c, row, (rs__variant){splits, relays == 1});
    if (status == RS_OK) {
      keep_if_better(c, shown);
      if (rs__row_at(row)->goes_without) break;
    } else if (status != RS_E_INFEASIBLE && status != RS_E_LIMIT) {
      return status;
    } else if (shown->makespan_cycles < 0) {
      snprintf(shown->reason, sizeof shown->reason, "%.95s", c->diag->what);
    }
  }
  return RS_OK;
}

static rs_status try_row(compilation *c, size_t row, bool is_forced, rs_compile_row *shown) {
  int64_t splits[RS__SPLITS_MAX];
  size_t count = rs__row_at(row)->splits(&c->best.plan, splits);
  if (c->request->variant.splits > 0) {
    rs_status only =
        try_variant(c, row, (rs__variant){c->request->variant.splits, c->request->variant.relays});
    if (only == RS_OK) keep_if_better(c, shown);
    if (only == RS_E_INFEASIBLE || only == RS_E_LIMIT) {
      snprintf(shown->reason, sizeof shown->reason, "%.95s", c->diag->what);
      only = RS_OK;
    }
    return only;
  }
  if (count == 0) snprintf(shown->reason, sizeof shown->reason, "not for this group and size");
  for (size_t i = 0; i < count; i++) {
    int64_t bursts = rs__row_at(row)->bursts(&c->last.plan, splits[i]);
    bool is_further = shown->makespan_cycles >= 0;
    if (is_further && bursts > RS__TRIAL_BURSTS_MAX - c->planned) continue;
    if (pass_over(c, row, splits[i], is_forced, shown)) continue;
    rs_status status = try_splits(c, row, splits[i], shown);
    if (status != RS_OK) return status;
  }
  return RS_OK;
}

static bool is_auto(const rs_collective_request *request) {
  return request->algorithm == NULL || strcmp(request->algorithm, "auto") == 0;
}

/* The rows of the request's kind, and with a name only that one, in order of their floors. */
static rs_status list_rows(const compilation *c, size_t *list, size_t *count) {
  size_t all;
  const rs_collective_algorithm *algorithms = rs_collective_algorithms(&all);
  const char *names[RS_COMPILE_ROWS_MAX + 1] = {"auto"};
  size_t name_count = 1;
  *count = 0;
  for (size_t row = 0; row < all; row++) {
    if (algorithms[row].kind != c->request->kind) continue;
    names[name_count++] = algorithms[row].name;
    if (!is_auto(c->request) && strcmp(c->request->algorithm, algorithms[row].name) != 0) continue;
    int64_t floor_slots = rs__row_at(row)->floor_slots(&c->best.plan);
    size_t at = (*count)++;
    for (; at > 0 && rs__row_at(list[at - 1])->floor_slots(&c->best.plan) > floor_slots; at--) {
      list[at] = list[at - 1];
    }
    list[at] = row;
  }
  if (*count > 0) return RS_OK;
  const char *kind = rs_collective_kind_word(c->request->kind);
  rs_diag_set(c->diag, RS_E_INPUT, "%s has no algorithm '%s'", kind, c->request->algorithm);
  rs_diag_suggest(c->diag, rs_nearest_word(c->request->algorithm, names, name_count));
  return RS_E_INPUT;
}

/* The report's entry of a row; entries are in table order. */
static void list_report_rows(compilation *c, const size_t *list, size_t count,
                             rs_compile_row **shown) {
  size_t all;
  const rs_collective_algorithm *algorithms = rs_collective_algorithms(&all);
  c->report->row_count = 0;
  for (size_t row = 0; row < all; row++) {
    for (size_t i = 0; i < count; i++) {
      if (list[i] != row) continue;
      shown[i] = &c->report->rows[c->report->row_count++];
      *shown[i] = (rs_compile_row){.algorithm = algorithms[row].name, .makespan_cycles = -1};
    }
  }
}

/* ---- once more ---- */

/* Runs the best plan again in the order that rs_plan_again.c makes of it; *better: that was of use. */
static rs_status run_again(compilation *c, rs_arena *arena, bool *better) {
  const trial best = c->best;
  int64_t busiest = rs__plan_busiest_slots(arena, &best.plan);
  const uint32_t *order = rs__plan_landing_order(arena, &best.plan);
  *better = false;
  /* It is a chance, not a need: without memory for it, or for the order, it is let go. */
  if (order == NULL || busiest < 0 || best.end_cycles <= floor_end(c, busiest)) return RS_OK;
  c->last.plan.order = order;
  rs_status status = try_variant(c, best.row, best.plan.variant);
  c->last.plan.order = NULL;
  *better = status == RS_OK && c->last.end_cycles < best.end_cycles;
  return status == RS_E_INFEASIBLE || status == RS_E_LIMIT ? RS_OK : status;
}

/* Only rows that rank their tasks themselves gain: the others are ranked by the longest way anyhow. */
static rs_status refine(compilation *c, rs_compile_row *shown) {
  rs_status status = RS_OK;
  const rs_compile_variant *asked = &c->request->variant;
  bool better = c->best.plan.has_ranks && c->best.plan.task_count <= RS__AGAIN_TASKS_MAX &&
                (asked->splits == 0 || !asked->as_built);
  c->as_built = true;
  for (int turn = 0; turn < RS__AGAIN_TURNS && better && status == RS_OK; turn++) {
    rs_arena *arena = rs_arena_create(0);
    if (arena == NULL) return rs_arena_failed(NULL, c->diag);
    status = run_again(c, arena, &better);
    if (better) {
      keep_if_better(c, shown);
      c->as_built = false;
    }
    rs_arena_destroy(arena);
  }
  return status;
}

static rs_status choose(compilation *c) {
  size_t list[RS_COMPILE_ROWS_MAX], count;
  rs_compile_row *shown[RS_COMPILE_ROWS_MAX];
  rs_status status = list_rows(c, list, &count);
  if (status != RS_OK) return status;
  list_report_rows(c, list, count, shown);
  for (size_t i = 0; i < count; i++) {
    status = try_row(c, list[i], count == 1, shown[i]);
    if (status != RS_OK) return status;
  }
  if (c->best.row == SIZE_MAX) {
    return rs_diag_set(c->diag, RS_E_INFEASIBLE, "%s: no algorithm applies: %s",
                       rs_collective_kind_word(c->request->kind), shown[0]->reason);
  }
  size_t best = 0;
  while (list[best] != c->best.row) best++;
  return refine(c, shown[best]);
}

/* ---- the result ---- */

/* Books a task of the best plan again, at the start that it has. */
static rs_status book_again(const compilation *c, uint32_t id) {
  const rs__plan *plan = &c->best.plan;
  const rs__task *task = &plan->tasks[id];
  if (!task->rides) {
    if (!rs__plan_hold_adds(plan, id)) return rs_arena_failed(c->schedule->arena, c->diag);
    int64_t start = rs_calendar_book(c->calendar, task->link, task->start_cycles, task->count);
    if (start < 0) return rs_arena_failed(c->schedule->arena, c->diag);
    assert(start == task->start_cycles);
  }
  if (task->lane == RS_NONE) return RS_OK;
  int64_t arrival =
      task->start_cycles + rs_timing_latency(plan->timing, &c->wiring->links[task->link]);
  int64_t added = rs__calendar_book_lane(c->calendar, task->lane, arrival, task->count);
  if (added < 0) return rs_arena_failed(c->schedule->arena, c->diag);
  assert(added == arrival);
  return RS_OK;
}

static rs_status append_bursts(const compilation *c, uint32_t op) {
  const rs__plan *plan = &c->best.plan;
  bool is_turned = plan->turned.part_count > 0, books = is_turned || !c->best_is_booked;
  if (books) rs_calendar_rewind(c->calendar, c->mark);
  if (is_turned) return rs__turned_append(plan, c->calendar, c->schedule, op);
  if (!rs_schedule_reserve_bursts(c->schedule, RS_MAX(count_bursts(plan), 1))) {
    return rs_arena_failed(c->schedule->arena, c->diag);
  }
  for (uint32_t id = 0; id < plan->task_count; id++) {
    const rs__task *task = &plan->tasks[id];
    if (task->link == RS_NONE) continue;
    rs_status status = books ? book_again(c, id) : RS_OK;
    if (status != RS_OK) return status;
    rs_burst burst = rs__task_burst(task, op);
    rs__calendar_note_burst(c->calendar, &burst, plan->units != NULL);
    rs_schedule_add_burst(c->schedule, &burst); /* there is room */
  }
  return RS_OK;
}

static rs_status append_result(compilation *c) {
  size_t all;
  const char *algorithm = rs_collective_algorithms(&all)[c->best.row].name;
  for (uint32_t chip = 0; chip < c->best.plan.wiring->chip_count; chip++) {
    c->op.tmp_vectors = RS_MAX(c->op.tmp_vectors, c->best.plan.tmp_used[chip]);
  }
  snprintf(c->op.algorithm, sizeof c->op.algorithm, "%s", algorithm);
  uint32_t op = rs_schedule_add_op(c->schedule, &c->op, c->request->chips, c->request->chip_count);
  if (op == RS_NONE) return rs_arena_failed(c->schedule->arena, c->diag);
  if (c->request->link_load != NULL) {
    memcpy(c->request->link_load, c->best.plan.link_load,
           c->wiring->link_count * sizeof *c->request->link_load);
  }
  c->report->op = op;
  c->report->algorithm = algorithm;
  c->report->variant =
      (rs_compile_variant){c->best.plan.variant.splits, c->best.plan.variant.relays, c->as_built};
  c->report->counts_adds = c->best.plan.units != NULL;
  c->report->end_cycles = c->best.end_cycles;
  c->report->makespan_cycles = c->best.end_cycles - c->base_cycles;
  c->report->bursts = count_bursts(&c->best.plan);
  return append_bursts(c, op);
}

static rs_status compile(compilation *c, rs_arena *const *arenas, int64_t *end_of_member) {
  rs_status status = init_plans(c, arenas);
  if (status == RS_OK && rs__kind_adds(c->request->kind) && !rs__calendar_adds_fit(c->calendar)) {
    return rs_diag_set(c->diag, RS_E_INFEASIBLE,
                       "the vector unit adds %lld vectors a cycle, a link brings more",
                       (long long)c->schedule->timing.adds_per_cycle);
  }
  if (status == RS_OK && c->kept != NULL) rs__kept_begin(c->kept, &c->padded);
  if (status == RS_OK) status = choose(c);
  if (status == RS_OK && end_of_member != NULL) {
    status = fill_member_ends(c, arenas[RS__ARENA_WORK], end_of_member);
  }
  return status == RS_OK ? append_result(c) : status;
}

rs_status rs_collective_compile(rs_schedule *schedule, const rs_wiring *wiring,
                                rs_calendar *calendar, const rs_collective_request *request,
                                int64_t *end_of_member, rs_compile_report *report, rs_diag *diag) {
  rs_diag own_diag = {.status = RS_OK}; /* a variant that fails is no failure yet */
  rs_compile_report own_report;
  compilation c = {.schedule = schedule,
                   .calendar = calendar,
                   .request = request,
                   .wiring = wiring,
                   .report = report == NULL ? &own_report : report,
                   .diag = &own_diag,
                   .best = {.row = SIZE_MAX},
                   .last = {.row = SIZE_MAX},
                   .mark = rs_calendar_mark(calendar)};
  uint32_t op_count = schedule->op_count, group_chip_count = schedule->group_chip_count;
  uint64_t burst_count = schedule->burst_count;
  rs_compile_scratch *scratch = request->scratch;
  if (scratch == NULL) scratch = rs_compile_scratch_create();
  if (scratch == NULL) return rs_arena_failed(schedule->arena, diag);
  c.kept = scratch->kept;
  rs_status status = compile(&c, scratch->arenas, end_of_member);
  if (scratch == request->scratch) {
    for (size_t i = 0; i < RS__ARENA_COUNT; i++) rs_arena_reset(scratch->arenas[i]);
  } else {
    rs_compile_scratch_destroy(scratch);
  }
  if (status == RS_OK) return RS_OK;
  if (diag != NULL) *diag = own_diag;
  rs_calendar_rewind(calendar, c.mark);
  schedule->op_count = op_count;
  schedule->group_chip_count = group_chip_count;
  schedule->burst_count = burst_count;
  return status;
}

/*
 * The timeline of a decode step: when each chip does what, and which result it waits for.
 *
 * Operations are placed one after the other, each as early as it can be: list scheduling of a chain,
 * which is optimal for a chain. Transfers are compiled in the same order into one calendar, so that
 * none of them collide. What an interval makes for a transfer is handed over as it is made (rs_ready),
 * so that the first vectors leave while later ones are computed.
 *
 * The first collective of a kind, size and shape of group tries every algorithm; those that follow
 * take its row. A step of 80 layers asks for the same all-reduce 160 times.
 */
#include <assert.h>

#include "rs__decode.h"
#include "rs_placement.h"
#include "rs_text.h"

/* A step beyond this does not fit into a schedule. */
#define CYCLES_MAX (INT64_C(1) << 58)

static bool failed(rs__step *s, rs_status status) {
  if (s->status == RS_OK) s->status = status;
  return s->status != RS_OK;
}

/* The group of a stage, whose chips have done nothing yet that matters. */
static void enter_stage(rs__step *s, int64_t stage) {
  int64_t tensor = s->request->tensor;
  for (int64_t i = 0; i < s->member_count; i++) {
    uint32_t chip = s->places == NULL ? 0 : s->places[stage * tensor + i];
    s->members[i] = (rs__member){.chip = chip, .reads_op = RS_NONE};
    if (s->inside != NULL) s->inside[chip] = 1 + (uint32_t)stage;
  }
  s->stage_start_cycles = -1;
}

/* Where the stages lie, and who is in which. */
static rs_status find_places(rs__step *s) {
  rs_status status = rs_placement_chips(s->arena, s->wiring, s->request, &s->places, s->diag);
  if (status != RS_OK) return status;
  s->inside = RS_ARENA_NEW(s->arena, uint32_t, s->wiring->chip_count);
  return s->inside == NULL ? rs_arena_failed(s->arena, s->diag) : RS_OK;
}

rs_status rs__step_init(rs__step *s) {
  size_t tensor = s->is_bound ? 1 : (size_t)s->request->tensor;
  rs_status status = s->is_bound ? RS_OK : find_places(s);
  if (status != RS_OK) return status;
  s->member_count = (int64_t)tensor;
  s->members = RS_ARENA_NEW(s->arena, rs__member, tensor);
  s->chips = RS_ARENA_NEW(s->arena, uint32_t, 2 * tensor);
  s->ready = RS_ARENA_NEW(s->arena, rs_ready, 2 * tensor);
  s->ends = RS_ARENA_NEW(s->arena, int64_t, 2 * tensor);
  if (s->memo != NULL) {
    s->repeater = rs_repeater_sketch(s->memo->arena, s->wiring, s->memo->templates);
  } else if (!s->is_bound) {
    s->repeater = rs_repeater_create(s->arena, s->wiring);
  }
  if ((s->repeater == NULL && !s->is_bound) || s->members == NULL || s->chips == NULL ||
      s->ready == NULL || s->ends == NULL) {
    return rs_arena_failed(s->arena, s->diag);
  }
  enter_stage(s, 0);
  return RS_OK;
}

/* ---- intervals ---- */

static int64_t start_of(const rs__member *m) {
  return RS_MAX(m->end_cycles, m->result_cycles);
}

static int64_t latest_start(const rs__step *s) {
  int64_t latest = 0;
  for (int64_t i = 0; i < s->member_count; i++) {
    latest = RS_MAX(latest, start_of(&s->members[i]));
  }
  return latest;
}

/* One record a chip, `before` cycles before its next start. reads: what the chip waits for. writes_op is
 * filled in when an operation follows. */
static void add_records(rs__step *s, const char *label, const rs_cost *cost, bool reads,
                        int64_t before) {
  if (s->is_bound || s->memo != NULL) return;
  rs_compute record = {.cycles = cost->cycles,
                       .first_cycles = cost->first_cycles,
                       .writes_op = RS_NONE,
                       .label = rs_schedule_label(s->schedule, label),
                       .unit = (uint8_t)cost->unit};
  s->last_record = s->schedule->compute_count;
  for (int64_t i = 0; i < s->member_count; i++) {
    record.chip = s->members[i].chip;
    record.reads_op = reads ? s->members[i].reads_op : RS_NONE;
    record.start_cycles = start_of(&s->members[i]) - before;
    if (record.label == RS_NONE || rs_schedule_add_compute(s->schedule, &record) == NULL) {
      failed(s, rs_arena_failed(s->arena, s->diag));
      return;
    }
  }
}

/* Moves every chip to the end of its interval. */
static void advance(rs__step *s, const rs_cost *cost) {
  int64_t first = INT64_MAX;
  for (int64_t i = 0; i < s->member_count; i++) {
    rs__member *m = &s->members[i];
    m->start_cycles = start_of(m);
    m->end_cycles = m->start_cycles + cost->cycles;
    m->reads_op = RS_NONE;
    if (cost->unit == RS_UNIT_MATRIX) m->matrix_free_cycles = m->end_cycles;
    first = RS_MIN(first, m->start_cycles);
  }
  if (s->stage_start_cycles < 0) s->stage_start_cycles = first;
}

void rs__step_compute(rs__step *s, const char *label, rs_part part, const rs_cost *cost) {
  if (s->status != RS_OK) return;
  int64_t latest = latest_start(s);
  assert(latest >= s->front_cycles); /* what the latest chip made is waited for by some chip */
  if (latest > CYCLES_MAX - cost->cycles) {
    failed(s, rs_diag_set(s->diag, RS_E_OVERFLOW, "a token takes more than 2^58 cycles"));
    return;
  }
  add_records(s, label, cost, true, 0);
  advance(s, cost);
  s->decode->part_cycles[s->waits_as] += latest - s->front_cycles;
  s->decode->part_cycles[part] += cost->cycles;
  s->decode->part_energy_j[part] += cost->energy_pj * 1e-12 * (double)s->request->tensor;
  s->front_cycles = latest + cost->cycles;
  s->cost = *cost;
}

/* Every chip's matrix unit does nothing for as long as a load takes before the next interval. */
static bool can_preload(const rs__step *s) {
  if (s->is_bound) return true;
  for (int64_t i = 0; i < s->member_count; i++) {
    const rs__member *m = &s->members[i];
    if (start_of(m) - m->matrix_free_cycles < s->chip->tile_load_cycles) return false;
  }
  return true;
}

void rs__step_project(rs__step *s, const char *label, rs__matrix m) {
  rs_cost cost;
  const rs_sharding_request *r = s->request;
  if (s->status != RS_OK) return;
  bool preloads = m.may_preload && can_preload(s);
  if (failed(s, rs_cost_gemm(s->chip, m.inputs, m.outputs, m.vectors, r->weights, r->activations,
                             preloads, &cost, s->diag))) {
    return;
  }
  if (preloads) {
    /* An interval of its own: the unit is held, and weights wait for no result. */
    int64_t load = s->chip->tile_load_cycles;
    const rs_cost loading = {.cycles = load, .first_cycles = load, .unit = RS_UNIT_MATRIX};
    add_records(s, "preload", &loading, false, load);
  }
  rs__step_compute(s, label, RS_PART_WEIGHTS, &cost);
}

void rs__step_vector(rs__step *s, const char *label, int64_t elements, int64_t rows, int64_t ops) {
  rs_cost cost;
  const rs_sharding_request *r = s->request;
  if (s->status != RS_OK) return;
  if (!failed(s, rs_cost_vector(s->chip, elements, rows, ops, 1, r->activations, &cost, s->diag))) {
    rs__step_compute(s, label, RS_PART_VECTOR, &cost);
  }
}

void rs__step_norm(rs__step *s, const char *label, int64_t elements, int64_t rows) {
  rs_cost cost;
  if (s->status != RS_OK) return;
  if (!failed(s, rs_cost_norm(s->chip, elements, rows, s->request->activations, &cost, s->diag))) {
    rs__step_compute(s, label, RS_PART_VECTOR, &cost);
  }
}

void rs__step_carry(rs__step *s, const char *label) {
  const rs_cost nothing = {.unit = RS_UNIT_VECTOR};
  rs__step_compute(s, label, RS_PART_VECTOR, &nothing);
}

/* ---- transfers ---- */

static bool is_in_request(const rs_collective_request *request, uint32_t chip) {
  for (uint32_t i = 0; i < request->chip_count; i++) {
    if (request->chips[i] == chip) return true;
  }
  return false;
}

/* Of the few chips of a part of a group. */
static uint32_t count_links_among(const rs_wiring *w, const rs_collective_request *request) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < request->chip_count; i++) {
    uint32_t chip = request->chips[i];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      count += is_in_request(request, w->links[l].to) ? 1 : 0;
    }
  }
  return count;
}

/* Groups with as many links inside are taken as alike: a node is, and half a node, and two nodes in
 * one rack, but not three chips of two nodes. */
static uint32_t count_links_inside(const rs__step *s, const rs_collective_request *request) {
  const rs_wiring *w = s->wiring;
  uint32_t count = 0;
  if (request->kind == RS_SEND) return 0;
  if (request->chip_count < s->request->tensor) return count_links_among(w, request);
  uint32_t stage = s->inside[request->chips[0]];
  for (uint32_t i = 0; i < request->chip_count; i++) {
    uint32_t chip = request->chips[i];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      count += s->inside[w->links[l].to] == stage ? 1 : 0;
    }
  }
  return count;
}

static const rs__pick *find_pick(const rs__step *s, const rs__pick *wanted) {
  for (uint32_t i = 0; i < s->pick_count; i++) {
    const rs__pick *c = &s->picks[i];
    if (c->kind == wanted->kind && c->block_bytes == wanted->block_bytes &&
        c->chip_count == wanted->chip_count && c->links_inside == wanted->links_inside) {
      return c;
    }
  }
  return NULL;
}

static uint64_t digest_request(const rs_collective_request *r) {
  const int64_t heads[] = {(int64_t)r->kind, r->block_bytes, r->chip_count};
  uint64_t digest = RS_DIGEST_SEED;
  for (size_t i = 0; i < RS_COUNT_OF(heads); i++) {
    digest = rs_digest_u64(digest, (uint64_t)heads[i]);
  }
  for (uint32_t i = 0; i < r->chip_count; i++) {
    bool has_input = r->kind != RS_SEND || i % 2 == 0;
    digest = rs_digest_u64(digest, r->chips[i]);
    if (!has_input) continue;
    int64_t later = r->ready[i].start_cycles - r->ready[0].start_cycles;
    digest = rs_digest_u64(digest, (uint64_t)later);
    digest = rs_digest_u64(digest, (uint64_t)r->ready[i].cycles);
    digest = rs_digest_u64(digest, (uint64_t)r->ready[i].first_cycles);
  }
  return digest;
}

static const rs__choice *find_choice(const rs__step *s, uint64_t key) {
  for (uint32_t i = 0; s->memo != NULL && i < s->memo->count; i++) {
    if (s->memo->choices[i].key == key) return &s->memo->choices[i];
  }
  return NULL;
}

static void note_choice(rs__step *s, uint64_t key, const rs_compile_report *report) {
  if (s->memo == NULL || s->memo->count == RS__CHOICES_MAX) return;
  s->memo->choices[s->memo->count++] = (rs__choice){key, report->algorithm, report->variant};
}

/* Tries all rows and variants, or what they came to in another step. */
static rs_status compile_afresh(rs__step *s, rs_collective_request *request,
                                rs_compile_report *report) {
  uint64_t key = s->memo == NULL ? 0 : digest_request(request);
  const rs__choice *choice = find_choice(s, key);
  request->algorithm = choice == NULL ? NULL : choice->algorithm;
  request->variant = choice == NULL ? (rs_compile_variant){0} : choice->variant;
  rs_status status =
      rs_repeater_compile(s->repeater, s->schedule, s->calendar, request, s->ends, report, s->diag);
  if (status == RS_OK && choice == NULL) note_choice(s, key, report);
  return status;
}

/* Compiles with the row that was chosen for its like. A group may look like another and yet not have
 * what the row needs, a ring for one: then it chooses for itself. */
static rs_status compile_as_before(rs__step *s, rs_collective_request *request,
                                   rs_compile_report *report) {
  rs__pick pick = {.kind = request->kind,
                   .block_bytes = request->block_bytes,
                   .chip_count = request->chip_count,
                   .links_inside = count_links_inside(s, request)};
  const rs__pick *known = find_pick(s, &pick);
  if (known != NULL) {
    request->algorithm = known->algorithm;
    request->variant = known->variant;
    rs_status status = rs_repeater_compile(s->repeater, s->schedule, s->calendar, request, s->ends,
                                           report, s->diag);
    if (status != RS_E_INFEASIBLE) return status;
  }
  rs_status status = compile_afresh(s, request, report);
  if (status == RS_OK && s->pick_count < RS__PICKS_MAX) {
    pick.algorithm = report->algorithm;
    pick.variant = report->variant;
    s->picks[s->pick_count++] = pick;
  }
  return status;
}

/* The last interval makes the request's input on `count` of the group's chips, from `first` on. */
static bool compile(rs__step *s, rs_collective_request *request, int64_t first, int64_t count,
                    uint32_t *op) {
  rs_compile_report report;
  request->root = RS_NONE;
  request->deskew_margin_cycles = s->request->deskew_margin_cycles;
  request->ready_cycles = s->front_cycles;
  request->chips = s->chips;
  request->ready = s->ready;
  request->scratch = s->scratch;
  if (failed(s, compile_as_before(s, request, &report))) return false;
  rs_calendar_settle(s->calendar);
  if (request->kind == RS_ALL_REDUCE && s->decode->all_reduce_algorithm == NULL) {
    s->decode->all_reduce_algorithm = report.algorithm;
  }
  for (int64_t i = first; s->memo == NULL && i < first + count; i++) {
    s->schedule->computes[s->last_record + (uint64_t)i].writes_op = report.op;
  }
  *op = report.op;
  return true;
}

/* What a result that each chip has `vectors` of from others takes at least, counted from the interval
 * that makes the input: its last vector travels `hops`, and all come in over the chip's ports. */
static void wait_at_least(rs__step *s, int64_t hops, int64_t vectors, rs_part part) {
  const rs_timing *t = &s->schedule_timing;
  rs__member *m = &s->members[0];
  int64_t way = t->send_cycles + hops * s->least.latency_cycles + (hops - 1) * t->forward_cycles +
                t->receive_cycles;
  int64_t a_port = rs_ceil_div_i64(vectors, s->least.ports);
  int64_t first = m->start_cycles + s->cost.first_cycles;
  int64_t through = vectors == 0 ? 0 : rs_timing_slots(t, a_port - 1);
  m->result_cycles = RS_MAX(m->end_cycles, first + through) + way;
  s->waits_as = part;
}

/* How far the farthest of so many chips is at least: fewer are one hop away than a chip has ports. A part
 * of a group may be nearer than all of it. */
static int64_t least_hops(const rs__step *s, int64_t chips) {
  int64_t of_group = chips == s->request->tensor ? s->least_hops : 1;
  return RS_MAX(of_group, chips - 1 > s->least.ports ? 2 : 1);
}

static void bound_collective(rs__step *s, rs_collective_kind kind, int64_t chips,
                             int64_t block_bytes, rs_part part) {
  int64_t block = rs_timing_vectors(&s->schedule_timing, block_bytes);
  /* a sum can be made on the way, so that a chip receives its part of it no more than once */
  int64_t others = kind == RS_ALL_GATHER || kind == RS_ALL_TO_ALL ? chips - 1 : 1;
  wait_at_least(s, least_hops(s, chips), others * block, part);
}

static rs_ready ready_of(const rs__step *s, const rs__member *m) {
  return (rs_ready){m->start_cycles, s->cost.cycles, s->cost.first_cycles};
}

/* Among `count` members from `first` on. */
static void collect(rs__step *s, rs_collective_kind kind, int64_t first, int64_t count,
                    int64_t block_bytes, const char *label) {
  uint32_t op;
  rs__member *members = &s->members[first];
  for (int64_t i = 0; i < count; i++) {
    s->chips[i] = members[i].chip;
    s->ready[i] = ready_of(s, &members[i]);
  }
  rs_collective_request request = {
      .kind = kind, .chip_count = (uint32_t)count, .block_bytes = block_bytes, .label = label};
  if (!compile(s, &request, first, count, &op)) return;
  for (int64_t i = 0; i < count; i++) {
    members[i].result_cycles = s->ends[i];
    members[i].reads_op = op;
  }
}

void rs__step_collective_in_parts(rs__step *s, rs_collective_kind kind, int64_t part_count,
                                  int64_t part_chips, int64_t block_bytes, rs_part part,
                                  const char *label) {
  if (s->status != RS_OK || part_chips == 1) return;
  if (s->is_bound) {
    bound_collective(s, kind, part_chips, block_bytes, part);
    return;
  }
  for (int64_t p = 0; p < part_count && s->status == RS_OK; p++) {
    collect(s, kind, p * part_chips, part_chips, block_bytes, label);
  }
  s->waits_as = part;
}

void rs__step_collective(rs__step *s, rs_collective_kind kind, int64_t block_bytes, rs_part part,
                         const char *label) {
  rs__step_collective_in_parts(s, kind, 1, s->request->tensor, block_bytes, part, label);
}

void rs__step_send(rs__step *s, int64_t stage, int64_t block_bytes, const char *label) {
  uint32_t op;
  size_t count = (size_t)s->request->tensor;
  if (s->status != RS_OK) return;
  if (s->is_bound) {
    wait_at_least(s, 1, 0, RS_PART_PIPELINE);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    s->chips[2 * i] = s->members[i].chip;
    s->chips[2 * i + 1] = s->places[(size_t)stage * count + i];
    s->ready[2 * i] = ready_of(s, &s->members[i]);
    s->ready[2 * i + 1] = (rs_ready){0}; /* a receiver has no input */
  }
  rs_collective_request request = {.kind = RS_SEND,
                                   .chip_count = (uint32_t)(2 * count),
                                   .block_bytes = block_bytes,
                                   .label = label};
  if (!compile(s, &request, 0, s->request->tensor, &op)) return;
  s->waits_as = RS_PART_PIPELINE;
  enter_stage(s, stage);
  for (size_t i = 0; i < count; i++) {
    s->members[i].result_cycles = s->ends[2 * i + 1];
    s->members[i].reads_op = op;
  }
}

void rs__step_end_stage(rs__step *s) {
  if (s->status != RS_OK) return;
  int64_t span = s->front_cycles - s->stage_start_cycles;
  s->stage_end_cycles = s->front_cycles;
  s->decode->bottleneck_cycles = RS_MAX(s->decode->bottleneck_cycles, span);
}

/*
 * A decode point: sharding, schedule, proof, play, row.
 *
 * With generate = n the row is the mean over n tokens, of which the first meets `context` positions and
 * each later one a position more. At most SAMPLES_MAX of them are compiled, in the middle of equal
 * parts: time grows in steps of a tile and a vector, which that many samples of a long generation
 * average out. The sharding is that of the last token.
 *
 * With a draft (rs_speculate.h) a sample is a round, and the row is about a token of it. What a row
 * says of a schedule is said of the verification's; the draft's is proved and played as well.
 */
#include <stdlib.h>

#include "rs__result.h"
#include "rs_speculate.h"

#define SAMPLES_MAX 8

static const char *const decode_columns[] = {
    /* what the design names, in its order */
    "model", "chip", "chips", "topology", "network", "tensor", "pipeline", "expert", "batch",
    "context", "fits", "reason", "token_latency_s", "tokens_per_s_user", "tokens_per_s_total",
    "compute_share", "network_share", "energy_j_per_token", "sram_bytes_per_chip_max",
    /* the rest of the request, and where a token's time and energy go */
    "weights", "activations", "kv_cache", "micro_batches", "concurrency", "weights_s",
    "attention_s", "vector_s", "network_s", "pipeline_s", "energy_dynamic_j_per_token",
    "energy_static_j_per_token",
    /* the schedule: vectors as the checker counted them, vector_hops as the player did */
    "makespan_cycles", "bottleneck_cycles", "bursts", "vectors", "vector_hops", "links_used",
    "busiest_link", "busiest_link_bytes", "slack_cycles_min", "received_slack_cycles_min",
    "deskew_margin_cycles", "all_reduce_algorithm", "schedule_digest", "weight_bytes_total",
    "kv_bytes_total",
    /* with a table of prices, in its currency */
    "price_per_million_tokens", "price_chips_per_million_tokens", "price_power_per_million_tokens",
    /* what later came to the request, and experts; energy by part: they and static add up */
    "replicas", "sums", "generate", "dispatch", "expert_slots", "expert_vectors",
    "overflow_probability", "dropped_share", "energy_weights_j_per_token",
    "energy_attention_j_per_token", "energy_vector_j_per_token", "energy_links_j_per_token",
    /* with a draft: a step of it, and the step that verifies */
    "draft", "speculate_length", "acceptance", "tokens_per_round", "draft_s", "verify_s",
    /* stalls of the schedule, whose time is part of the latency */
    "deskew_interval_cycles", "deskew_stalls", "deskew_cycles", "placement", "kv_split",
    "attention_share"};

const char *const *rs__result_decode_columns(size_t *count) {
  *count = RS_COUNT_OF(decode_columns);
  return decode_columns;
}

static void fill_decode(rs_arena *arena, const rs_point *point, const rs_decode *d, rs_result *r) {
  static const char *const energies[] = {"energy_weights_j_per_token",
                                         "energy_attention_j_per_token",
                                         "energy_vector_j_per_token", "energy_links_j_per_token"};
  rs_result_set_double(r, "token_latency_s", d->token_latency_s);
  rs_result_set_double(r, "tokens_per_s_user", d->tokens_per_s_user);
  rs_result_set_double(r, "tokens_per_s_total", d->tokens_per_s_total);
  rs_result_set_double(r, "energy_j_per_token", d->energy_j_per_token);
  rs_result_set_double(r, "energy_dynamic_j_per_token", d->energy_j_dynamic);
  rs_result_set_double(r, "energy_static_j_per_token", d->energy_j_static);
  for (size_t i = 0; i < RS_COUNT_OF(energies); i++) {
    rs_result_set_double(r, energies[i], d->part_energy_j[i]);
  }
  rs__result_fill_step(arena, point, d, r);
}

/* ---- computing ---- */

/* The request as the last token of the generation meets it. */
static rs_status build_sharding(rs_arena *arena, const rs_point *point, rs_speculate_sharding *s,
                                rs_diag *diag) {
  rs_sharding_request last = point->request;
  int64_t chips = rs_wiring_working_count(point->wiring);
  last.context += point->generate - 1;
  if (point->speculation.draft != NULL) {
    return rs_speculate_build(arena, point->model, &point->speculation, point->chip, chips, &last,
                              s, diag);
  }
  return rs_sharding_build(arena, point->model, point->chip, chips, &last, &s->target, diag);
}

/* A round without a draft is a step. */
static rs_status compile_at(rs_arena *arena, const rs_point *point, const rs_speculate_sharding *s,
                            int64_t context, rs_round *round, rs_diag *diag) {
  if (point->speculation.draft != NULL) {
    return rs_speculate_compile(arena, point->model, &point->speculation, point->chip,
                                point->wiring, point->topology, s, context, round, diag);
  }
  rs_status status =
      rs_decode_compile_at(arena, point->model, point->chip, point->wiring, point->topology,
                           s->target, context, &round->verify, diag);
  round->token = round->verify;
  return status;
}

/* The proof that stays is the verification's. */
static rs_status prove(const rs_point *point, const rs_round *round, rs_proof *proof,
                       rs_diag *diag) {
  if (point->speculation.draft != NULL) {
    rs_status status = rs__result_prove(point, &round->draft, proof, diag);
    if (status != RS_OK) return status;
  }
  return rs__result_prove(point, &round->verify, proof, diag);
}

/* Stalls in a step's schedule: the token waits for all of them, the busiest stage for its share. */
static rs_status add_stalls(rs_arena *scratch, const rs_point *point, const rs_sharding *sharding,
                            rs_decode *step, rs_proof *proof, rs_diag *diag) {
  int64_t interval = point->deskew_interval_cycles;
  rs__stalled stalled = {.interval_cycles = interval,
                         .margin_cycles = point->request.deskew_margin_cycles,
                         .offset_ppb = RS__STALLED_PPB,
                         .link_spread_milli = RS__STALLED_SPREAD_MILLI};
  if (interval == 0) return RS_OK;
  rs_status status =
      rs__result_add_stalls(scratch, &stalled, step->schedule, point->wiring, proof, diag);
  if (status != RS_OK) return status;
  const rs_stall *last = &step->schedule->stalls[step->schedule->stall_count - 1];
  int64_t stalls = rs_ceil_div_i64(step->bottleneck_cycles, interval);
  rs_decode_add_stalls(step, point->chip, sharding, proof->play.stall_cycles,
                       stalls * last->cycles);
  return RS_OK;
}

static void fill_stalls(const rs_schedule *s, const rs_proof *proof, rs_result *r) {
  if (s->stall_count == 0) return;
  rs_result_set_i64(r, "deskew_interval_cycles", s->deskew_interval_cycles);
  rs_result_set_i64(r, "deskew_stalls", (int64_t)s->stall_count);
  rs_result_set_i64(r, "deskew_cycles", proof->play.stall_cycles);
}

/* ---- steps, and the memory of the last ones ---- */

typedef struct steps {
  rs_decode list[SAMPLES_MAX]; /* of a draft: rounds, as tokens */
  int64_t count;
  rs_proof proof; /* of the last */
  double draft_s, verify_s;
} steps;

struct rs_result_memory {
  rs_arena *arena; /* of the schedules */
  bool holds;
  uint64_t key;
  steps steps;
};

rs_result_memory *rs_result_memory_create(void) {
  rs_result_memory *memory = calloc(1, sizeof *memory);
  if (memory != NULL) memory->arena = rs_arena_create(0);
  if (memory != NULL && memory->arena != NULL) return memory;
  free(memory);
  return NULL;
}

void rs_result_memory_destroy(rs_result_memory *memory) {
  if (memory == NULL) return;
  rs_arena_destroy(memory->arena);
  free(memory);
}

/* Schedules are the arena's. */
static rs_status take_steps(rs_arena *arena, const rs_point *point,
                            const rs_speculate_sharding *sharding, steps *s, rs_diag *diag) {
  bool has_draft = point->speculation.draft != NULL;
  *s = (steps){.count = RS_MIN(point->generate, SAMPLES_MAX)};
  for (int64_t k = 0; k < s->count; k++) {
    rs_round round;
    int64_t context = point->request.context + (2 * k + 1) * point->generate / (2 * s->count);
    rs_status status = compile_at(arena, point, sharding, context, &round, diag);
    if (status == RS_OK) status = prove(point, &round, &s->proof, diag);
    if (status == RS_OK) {
      status = add_stalls(arena, point, sharding->target, &round.token, &s->proof, diag);
    }
    if (status != RS_OK) return status;
    s->list[k] = round.token;
    if (!has_draft) continue;
    s->draft_s += round.draft.token_latency_s / (double)s->count;
    s->verify_s += round.verify.token_latency_s / (double)s->count;
  }
  return RS_OK;
}

/* What a step is made of, its layers' places included: more micro-batches may deal them otherwise. */
static uint64_t digest_step(const rs_point *point, const rs_sharding *sharding) {
  uint64_t digest = rs_point_digest_of_step(point);
  for (int64_t s = 0; s < sharding->request.pipeline; s++) {
    digest = rs_digest_u64(digest, (uint64_t)sharding->stages[s].layer_count);
  }
  return digest;
}

/* A round with a draft has rates of its own and is always taken anew. */
static rs_status remember_steps(rs_result_memory *memory, const rs_point *point,
                                const rs_speculate_sharding *sharding, steps **s, rs_diag *diag) {
  uint64_t key = digest_step(point, sharding->target);
  *s = &memory->steps;
  if (memory->holds && memory->key == key && point->speculation.draft == NULL) {
    for (int64_t k = 0; k < memory->steps.count; k++) {
      rs_decode_rate(&memory->steps.list[k], point->chip, sharding->target);
    }
    return RS_OK;
  }
  rs_arena_reset(memory->arena);
  rs_status status = take_steps(memory->arena, point, sharding, &memory->steps, diag);
  memory->holds = status == RS_OK;
  memory->key = key;
  return status;
}

static void fill_steps(rs_arena *arena, const rs_point *point, const rs_sharding *sharding,
                       const steps *s, rs_result *r) {
  rs_decode mean = s->list[0];
  if (s->count > 1) rs_decode_mean(s->list, (size_t)s->count, point->chip, sharding, &mean);
  fill_decode(arena, point, &mean, r);
  if (point->speculation.draft != NULL) {
    rs_result_set_double(r, "draft_s", s->draft_s);
    rs_result_set_double(r, "verify_s", s->verify_s);
  }
  rs__result_fill_proof(arena, point, mean.schedule, &s->proof, r);
  fill_stalls(mean.schedule, &s->proof, r);
}

static rs_status compute(rs_arena *arena, rs_arena *scratch, rs_result_memory *memory,
                         const rs_point *point, rs_result *r, rs_diag *diag) {
  rs_speculate_sharding sharding;
  steps own, *s = &own;
  if (point->chip->kind == RS_CHIP_GPU) return rs__result_decode_gpu(arena, point, r, diag);
  rs_status status = build_sharding(scratch, point, &sharding, diag);
  if (status != RS_OK) return status;
  rs__result_fill_sharding(arena, point, sharding.target, r);
  if (!sharding.target->fits) return RS_OK;
  status = memory == NULL ? take_steps(scratch, point, &sharding, &own, diag)
                          : remember_steps(memory, point, &sharding, &s, diag);
  if (status == RS_OK) fill_steps(arena, point, sharding.target, s, r);
  return status;
}

/* What was asked of a draft. */
static void fill_speculation(rs_arena *arena, const rs_point *point, rs_result *r) {
  const rs_speculation *s = &point->speculation;
  if (s->draft == NULL) return;
  rs_result_set_text(arena, r, "draft", s->draft->name);
  rs_result_set_i64(r, "speculate_length", s->length);
  rs_result_set_double(r, "acceptance", (double)s->acceptance_ppm / 1e6);
  rs_result_set_double(r, "tokens_per_round", rs_speculate_tokens(s));
}

/* The first token's. */
rs_status rs__result_decode_schedule(rs_arena *arena, const rs_point *point, rs_schedule **schedule,
                                     rs_diag *diag) {
  if (point->chip->kind == RS_CHIP_GPU) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "GPUs have no timetable");
  }
  rs_speculate_sharding sharding;
  rs_round round;
  rs_status status = build_sharding(arena, point, &sharding, diag);
  if (status == RS_OK && !sharding.target->fits) {
    status = rs_diag_set(diag, RS_E_INFEASIBLE, "%s", sharding.target->reason);
  }
  if (status == RS_OK) {
    status = compile_at(arena, point, &sharding, point->request.context, &round, diag);
  }
  if (status == RS_OK && point->deskew_interval_cycles > 0) {
    rs_proof proof;
    status = prove(point, &round, &proof, diag);
    if (status == RS_OK) {
      status = add_stalls(arena, point, sharding.target, &round.verify, &proof, diag);
    }
  }
  if (status == RS_OK) *schedule = round.verify.schedule;
  return status;
}

/* Of a row that has a rate. */
static void fill_price(const rs_point *point, rs_result *r) {
  const rs_cell *rate = rs_result_cell(r, "tokens_per_s_total");
  const rs_cell *energy = rs_result_cell(r, "energy_j_per_token");
  const rs_cell *chips = rs_result_cell(r, "chips");
  if (point->price == NULL || rate->kind != RS_CELL_DOUBLE || energy->kind != RS_CELL_DOUBLE ||
      chips->kind != RS_CELL_I64) {
    return;
  }
  rs_price_parts parts =
      rs_price_per_million(point->price, chips->integer, rate->number, energy->number);
  rs_result_set_double(r, "price_per_million_tokens", parts.total);
  rs_result_set_double(r, "price_chips_per_million_tokens", parts.chips);
  rs_result_set_double(r, "price_power_per_million_tokens", parts.power);
}

rs_status rs__result_decode(rs_arena *arena, rs_arena *scratch, rs_result_memory *memory,
                            const rs_point *point, rs_result *r, rs_diag *diag) {
  rs_diag own = {0}; /* the row needs the words also where the caller does not */
  rs__result_fill_request(arena, point, r);
  rs_result_set_i64(r, "generate", point->generate);
  fill_speculation(arena, point, r);
  rs_status status = compute(arena, scratch, memory, point, r, &own);
  status = rs__result_settle(arena, status, &own, r, diag);
  if (status == RS_OK) fill_price(point, r);
  return status;
}

/* A decode point: sharding, schedule, proof, play, row. */
#include <stdio.h>

#include "rs__proof.h"
#include "rs__result.h"
#include "rs_decode.h"

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
    "busiest_link", "busiest_link_bytes", "slack_cycles_min", "all_reduce_algorithm",
    "schedule_digest", "weight_bytes_total", "kv_bytes_total",
    /* with a table of prices, in its currency */
    "price_per_million_tokens", "price_chips_per_million_tokens", "price_power_per_million_tokens"};

const char *const *rs__result_decode_columns(size_t *count) {
  *count = RS_COUNT_OF(decode_columns);
  return decode_columns;
}

/* ---- what is known before anything is computed ---- */

static void fill_point(rs_arena *arena, const rs_point *point, rs_result *r) {
  const rs_sharding_request *q = &point->request;
  int64_t chips;
  int64_t concurrency;
  rs_result_set_text(arena, r, "model", point->model->name);
  rs_result_set_text(arena, r, "chip", point->chip->name);
  if (rs_mul_i64(q->tensor, q->pipeline, &chips)) rs_result_set_i64(r, "chips", chips);
  rs_result_set_text(arena, r, "topology", point->topology);
  rs_result_set_text(arena, r, "network", point->text[RS_KEY_NETWORK]);
  rs_result_set_i64(r, "tensor", q->tensor);
  rs_result_set_i64(r, "pipeline", q->pipeline);
  rs_result_set_i64(r, "expert", 1);
  rs_result_set_i64(r, "batch", q->batch);
  rs_result_set_i64(r, "context", q->context);
  rs_result_set_i64(r, "fits", 0);
  rs_result_set_text(arena, r, "reason", "");
  rs_result_set_text(arena, r, "weights", rs_number_word(q->weights));
  rs_result_set_text(arena, r, "activations", rs_number_word(q->activations));
  rs_result_set_text(arena, r, "kv_cache", rs_number_word(q->kv));
  rs_result_set_i64(r, "micro_batches", q->micro_batches);
  if (rs_mul_i64(q->batch, q->micro_batches, &concurrency)) {
    rs_result_set_i64(r, "concurrency", concurrency);
  }
}

static void fill_sharding(const rs_sharding *sharding, rs_result *r) {
  rs_result_set_i64(r, "sram_bytes_per_chip_max", sharding->sram_bytes_max);
  rs_result_set_i64(r, "weight_bytes_total", sharding->weight_bytes_total);
  rs_result_set_i64(r, "kv_bytes_total", sharding->kv_bytes_total);
  rs_result_set_i64(r, "fits", sharding->fits ? 1 : 0);
}

static void fill_decode(rs_arena *arena, const rs_point *point, const rs_decode *d, rs_result *r) {
  static const char *const parts[RS_PART_COUNT] = {"weights_s", "attention_s", "vector_s",
                                                   "network_s", "pipeline_s"};
  double clock = (double)point->chip->timing.clock_hz;
  rs_result_set_double(r, "token_latency_s", d->token_latency_s);
  rs_result_set_double(r, "tokens_per_s_user", d->tokens_per_s_user);
  rs_result_set_double(r, "tokens_per_s_total", d->tokens_per_s_total);
  rs_result_set_double(r, "compute_share", d->compute_share);
  rs_result_set_double(r, "network_share", d->network_share);
  rs_result_set_double(r, "energy_j_per_token", d->energy_j_per_token);
  rs_result_set_double(r, "energy_dynamic_j_per_token", d->energy_j_dynamic);
  rs_result_set_double(r, "energy_static_j_per_token", d->energy_j_static);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    rs_result_set_double(r, parts[i], (double)d->part_cycles[i] / clock);
  }
  rs_result_set_i64(r, "bottleneck_cycles", d->bottleneck_cycles);
  const char *algorithm = d->all_reduce_algorithm == NULL ? "none" : d->all_reduce_algorithm;
  rs_result_set_text(arena, r, "all_reduce_algorithm", algorithm);
}

static void fill_proof(rs_arena *arena, const rs_point *point, rs_schedule *schedule,
                       const rs_proof *proof, rs_result *r) {
  const rs_play *play = &proof->play;
  char text[64];
  rs_result_set_i64(r, "makespan_cycles", play->makespan_cycles);
  rs_result_set_i64(r, "bursts", (int64_t)play->bursts);
  rs_result_set_i64(r, "vectors", (int64_t)proof->check.vectors);
  rs_result_set_i64(r, "vector_hops", (int64_t)play->vector_hops);
  rs_result_set_i64(r, "links_used", play->links_used);
  if (play->busiest_link != RS_NONE) {
    rs_wiring_link_name(point->wiring, play->busiest_link, text, sizeof text);
    rs_result_set_text(arena, r, "busiest_link", text);
    rs_result_set_i64(r, "busiest_link_bytes",
                      play->busiest_link_slots * schedule->timing.vector_bytes);
  }
  if (proof->check.slack_cycles_min >= 0) {
    rs_result_set_i64(r, "slack_cycles_min", proof->check.slack_cycles_min);
  }
  snprintf(text, sizeof text, "%016llx", (unsigned long long)rs_schedule_digest(schedule));
  rs_result_set_text(arena, r, "schedule_digest", text);
}

/* ---- computing ---- */

static rs_status prove(rs_arena *arena, const rs_point *point, rs_decode *decode, rs_result *r,
                       rs_diag *diag) {
  rs_proof proof;
  rs_status status = rs__proof_run(decode->schedule, point->wiring, &proof, diag);
  if (status != RS_OK) return status;
  if (proof.play.makespan_cycles != decode->latency_cycles) {
    return rs_diag_set(diag, RS_E_REFUSED,
                       "the player's makespan of %lld cycles is not the compiler's %lld",
                       (long long)proof.play.makespan_cycles, (long long)decode->latency_cycles);
  }
  if (proof.play.vector_hops != proof.check.vectors) {
    return rs_diag_set(diag, RS_E_REFUSED, "the player moved %llu vectors, the checker proved %llu",
                       (unsigned long long)proof.play.vector_hops,
                       (unsigned long long)proof.check.vectors);
  }
  fill_decode(arena, point, decode, r);
  fill_proof(arena, point, decode->schedule, &proof, r);
  return RS_OK;
}

static rs_status compute(rs_arena *arena, rs_arena *scratch, const rs_point *point, rs_result *r,
                         rs_diag *diag) {
  if (point->chip->kind == RS_CHIP_GPU) return rs__result_decode_gpu(arena, point, r, diag);
  rs_sharding *sharding;
  rs_decode decode;
  rs_status status =
      rs_sharding_build(scratch, point->model, point->chip, rs_wiring_working_count(point->wiring),
                        &point->request, &sharding, diag);
  if (status != RS_OK) return status;
  fill_sharding(sharding, r);
  rs_result_set_text(arena, r, "reason", sharding->reason);
  if (!sharding->fits) return RS_OK;
  status = rs_decode_compile(scratch, point->model, point->chip, point->wiring, point->topology,
                             sharding, &decode, diag);
  return status == RS_OK ? prove(arena, point, &decode, r, diag) : status;
}

rs_status rs__result_decode_schedule(rs_arena *arena, const rs_point *point, rs_schedule **schedule,
                                     rs_diag *diag) {
  if (point->chip->kind == RS_CHIP_GPU) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "GPUs have no timetable");
  }
  rs_sharding *sharding;
  rs_decode decode;
  rs_status status =
      rs_sharding_build(arena, point->model, point->chip, rs_wiring_working_count(point->wiring),
                        &point->request, &sharding, diag);
  if (status == RS_OK && !sharding->fits) {
    status = rs_diag_set(diag, RS_E_INFEASIBLE, "%s", sharding->reason);
  }
  if (status != RS_OK) return status;
  status = rs_decode_compile(arena, point->model, point->chip, point->wiring, point->topology,
                             sharding, &decode, diag);
  *schedule = decode.schedule;
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

/* What becomes of a point that did not go through: some are answers, some are failures, and some say
 * nothing about the point. */
rs_status rs__result_decode(rs_arena *arena, rs_arena *scratch, const rs_point *point, rs_result *r,
                            rs_diag *diag) {
  rs_diag own = {0}; /* the row needs the words also where the caller does not */
  fill_point(arena, point, r);
  rs_status status = compute(arena, scratch, point, r, &own);
  switch (status) {
    case RS_OK:
      fill_price(point, r);
      return RS_OK;
    case RS_E_INPUT:
    case RS_E_INFEASIBLE:
    case RS_E_LIMIT:
    case RS_E_OVERFLOW:
      rs_result_set_i64(r, "fits", 0);
      rs_result_set_text(arena, r, "reason", own.what);
      return RS_OK;
    case RS_E_REFUSED:
      r->failed = true;
      rs_result_set_text(arena, r, "reason", own.what);
      return RS_OK;
    case RS_E_NO_MEMORY:
    case RS_E_SYSTEM:
      break;
  }
  if (diag != NULL) *diag = own;
  return status;
}

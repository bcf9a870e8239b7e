/* What rows of a model on a system have in common: request, sharding, proof, and what became of it. */
#include <stdio.h>

#include "rs__result.h"
#include "rs_placement.h"

/* ---- what is known before anything is computed ---- */

void rs__result_fill_request(rs_arena *arena, const rs_point *point, rs_result *r) {
  const rs_sharding_request *q = &point->request;
  int64_t chips;
  int64_t concurrency;
  rs_result_set_text(arena, r, "model", point->model->name);
  rs_result_set_text(arena, r, "chip", point->chip->name);
  if (rs_mul_i64(q->tensor, q->pipeline, &chips) && rs_mul_i64(chips, q->replicas, &chips)) {
    rs_result_set_i64(r, "chips", chips);
  }
  rs_result_set_text(arena, r, "topology", point->topology);
  rs_result_set_text(arena, r, "network", point->text[RS_KEY_NETWORK]);
  rs_result_set_i64(r, "tensor", q->tensor);
  rs_result_set_i64(r, "pipeline", q->pipeline);
  rs_result_set_i64(r, "expert", q->expert);
  rs_result_set_i64(r, "batch", q->batch);
  rs_result_set_i64(r, "context", q->context);
  rs_result_set_i64(r, "deskew_margin_cycles", q->deskew_margin_cycles);
  rs_result_set_i64(r, "fits", 0);
  rs_result_set_text(arena, r, "reason", "");
  rs_result_set_text(arena, r, "weights", rs_number_word(q->weights));
  rs_result_set_text(arena, r, "activations", rs_number_word(q->activations));
  rs_result_set_text(arena, r, "kv_cache", rs_number_word(q->kv));
  rs_result_set_i64(r, "micro_batches", q->micro_batches);
  if (rs_mul_i64(q->batch, q->micro_batches, &concurrency) &&
      rs_mul_i64(concurrency, q->replicas, &concurrency)) {
    rs_result_set_i64(r, "concurrency", concurrency);
  }
  rs_result_set_i64(r, "replicas", q->replicas);
  rs_result_set_text(arena, r, "sums", rs_sums_word(q->sums));
  rs_result_set_text(arena, r, "kv_split", rs_kv_split_word(q->kv_split));
  rs_result_set_text(arena, r, "placement", rs_placement_word(q->placement));
}

void rs__result_fill_sharding(rs_arena *arena, const rs_point *point, const rs_sharding *sharding,
                              rs_result *r) {
  rs_result_set_i64(r, "sram_bytes_per_chip_max", sharding->sram_bytes_max);
  rs_result_set_i64(r, "weight_bytes_total", sharding->weight_bytes_total);
  rs_result_set_i64(r, "kv_bytes_total", sharding->kv_bytes_total);
  rs_result_set_i64(r, "fits", sharding->fits ? 1 : 0);
  rs_result_set_text(arena, r, "reason", sharding->reason);
  const char *dispatch = sharding->dispatches ? "all-to-all" : "replicated";
  bool has_experts = point->model->moe.experts > 0;
  rs_result_set_text(arena, r, "dispatch", has_experts ? dispatch : "none");
  rs_result_set_i64(r, "expert_slots", sharding->expert_slots);
  rs_result_set_i64(r, "expert_vectors", sharding->expert_vectors);
  if (!has_experts) return;
  rs_result_set_double(r, "overflow_probability", sharding->overflow_probability);
  rs_result_set_double(r, "dropped_share", sharding->dropped_share);
}

/* ---- what was computed ---- */

void rs__result_fill_step(rs_arena *arena, const rs_point *point, const rs_decode *d,
                          rs_result *r) {
  static const char *const times[RS_PART_COUNT] = {"weights_s", "attention_s", "vector_s",
                                                   "network_s", "pipeline_s"};
  double clock = (double)point->chip->timing.clock_hz;
  for (int i = 0; i < RS_PART_COUNT; i++) {
    rs_result_set_double(r, times[i], (double)d->part_cycles[i] / clock);
  }
  rs_result_set_double(r, "compute_share", d->compute_share);
  rs_result_set_double(r, "network_share", d->network_share);
  rs_result_set_double(r, "attention_share",
                       (double)d->part_cycles[RS_PART_ATTENTION] / (double)d->latency_cycles);
  rs_result_set_i64(r, "bottleneck_cycles", d->bottleneck_cycles);
  const char *algorithm = d->all_reduce_algorithm == NULL ? "none" : d->all_reduce_algorithm;
  rs_result_set_text(arena, r, "all_reduce_algorithm", algorithm);
}

void rs__result_fill_proof(rs_arena *arena, const rs_point *point, rs_schedule *schedule,
                           const rs_proof *proof, rs_result *r) {
  const rs_play *play = &proof->play;
  char text[64];
  rs_result_set_i64(r, "makespan_cycles", play->makespan_cycles + play->stall_cycles);
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
  if (proof->check.received_slack_cycles_min >= 0) {
    rs_result_set_i64(r, "received_slack_cycles_min", proof->check.received_slack_cycles_min);
  }
  snprintf(text, sizeof text, "%016llx", (unsigned long long)rs_schedule_digest(schedule));
  rs_result_set_text(arena, r, "schedule_digest", text);
}

/* ---- computing ---- */

rs_status rs__result_prove(const rs_point *point, const rs_decode *decode, rs_proof *proof,
                           rs_diag *diag) {
  rs_status status = rs__proof_run(decode->schedule, point->wiring, proof, diag);
  if (status != RS_OK) return status;
  /* What ends with a receive ends a margin after the arrival, which is all that a player knows. */
  int64_t margin = decode->latency_cycles - proof->play.makespan_cycles;
  if (margin != 0 && margin != point->request.deskew_margin_cycles) {
    return rs_diag_set(diag, RS_E_REFUSED,
                       "the player's makespan of %lld cycles is not the compiler's %lld",
                       (long long)proof->play.makespan_cycles, (long long)decode->latency_cycles);
  }
  if (proof->play.vector_hops != proof->check.vectors) {
    return rs_diag_set(diag, RS_E_REFUSED, "the player moved %llu vectors, the checker proved %llu",
                       (unsigned long long)proof->play.vector_hops,
                       (unsigned long long)proof->check.vectors);
  }
  return RS_OK;
}

rs_status rs__result_settle(rs_arena *arena, rs_status status, const rs_diag *own, rs_result *r,
                            rs_diag *diag) {
  switch (status) {
    case RS_OK:
      return RS_OK;
    case RS_E_INPUT:
    case RS_E_INFEASIBLE:
    case RS_E_LIMIT:
    case RS_E_OVERFLOW:
      rs_result_set_i64(r, "fits", 0);
      rs_result_set_text(arena, r, "reason", own->what);
      return RS_OK;
    case RS_E_REFUSED:
      r->failed = true;
      rs_result_set_text(arena, r, "reason", own->what);
      return RS_OK;
    case RS_E_NO_MEMORY:
    case RS_E_SYSTEM:
      break;
  }
  if (diag != NULL) *diag = *own;
  return status;
}

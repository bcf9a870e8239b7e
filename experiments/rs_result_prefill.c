/* A prefill point: the sharding of a chunk, two steps compiled, proved and played, and a row. */
#include "rs__result.h"
#include "rs_prefill.h"

static const char *const prefill_columns[] = {
    "model", "chip", "chips", "topology", "network", "tensor", "pipeline", "expert", "batch",
    "context", "chunk", "chunks", "fits", "reason", "first_token_s", "input_tokens_per_s",
    "chunk_latency_s", "compute_share", "network_share", "energy_j_per_input_token",
    "sram_bytes_per_chip_max", "weights", "activations", "kv_cache", "micro_batches", "concurrency",
    "replicas", "sums",
    /* of the last chunk */
    "weights_s", "attention_s", "vector_s", "network_s", "pipeline_s",
    "energy_dynamic_j_per_input_token", "energy_static_j_per_input_token", "makespan_cycles",
    "bottleneck_cycles", "bursts", "vectors", "vector_hops", "links_used", "busiest_link",
    "busiest_link_bytes", "slack_cycles_min", "received_slack_cycles_min", "deskew_margin_cycles",
    "all_reduce_algorithm", "schedule_digest", "weight_bytes_total", "kv_bytes_total", "dispatch",
    "expert_slots", "expert_vectors", "overflow_probability", "dropped_share", "placement",
    "kv_split", "attention_share"};

const char *const *rs__result_prefill_columns(size_t *count) {
  *count = RS_COUNT_OF(prefill_columns);
  return prefill_columns;
}

static void fill_prefill(rs_arena *arena, const rs_point *point, const rs_prefill *p,
                         rs_result *r) {
  rs_result_set_double(r, "first_token_s", p->first_token_s);
  rs_result_set_double(r, "input_tokens_per_s", p->input_per_s);
  rs_result_set_double(r, "chunk_latency_s", p->last.token_latency_s);
  rs_result_set_double(r, "energy_j_per_input_token", p->energy_j_per_input);
  rs_result_set_double(r, "energy_dynamic_j_per_input_token", p->energy_j_dynamic);
  rs_result_set_double(r, "energy_static_j_per_input_token", p->energy_j_static);
  rs__result_fill_step(arena, point, &p->last, r);
}

static rs_status compute(rs_arena *arena, rs_arena *scratch, const rs_point *point, rs_result *r,
                         rs_diag *diag) {
  if (point->chip->kind == RS_CHIP_GPU) return rs__result_prefill_gpu(arena, point, r, diag);
  rs_sharding *sharding;
  rs_prefill prefill;
  rs_proof proof;
  rs_sharding_request request = point->request;
  int64_t chunks = rs_prefill_plan(point->model, point->chunk, &request);
  rs_result_set_i64(r, "chunk", point->chunk);
  rs_result_set_i64(r, "chunks", chunks);
  rs_status status =
      rs_sharding_build(scratch, point->model, point->chip, rs_wiring_working_count(point->wiring),
                        &request, &sharding, diag);
  if (status != RS_OK) return status;
  rs__result_fill_sharding(arena, point, sharding, r);
  if (!sharding->fits) return RS_OK;
  status = rs_prefill_compile(scratch, point->model, point->chip, point->wiring, point->topology,
                              sharding, chunks, &prefill, diag);
  if (status == RS_OK) status = rs__result_prove(point, &prefill.middle, &proof, diag);
  if (status == RS_OK) status = rs__result_prove(point, &prefill.last, &proof, diag);
  if (status != RS_OK) return status;
  fill_prefill(arena, point, &prefill, r);
  rs__result_fill_proof(arena, point, prefill.last.schedule, &proof, r);
  return RS_OK;
}

rs_status rs__result_prefill(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                             rs_result *r, rs_diag *diag) {
  rs_diag own = {0};
  rs__result_fill_request(arena, point, r);
  rs_status status = compute(arena, scratch, point, r, &own);
  return rs__result_settle(arena, status, &own, r, diag);
}

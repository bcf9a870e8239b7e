/*
 * Decode and prefill points on GPUs: the columns are those of LPUs, so that both stand in one table. There is no
 * timetable to prove; what a GPU's step is made of is rs_gpu_step.h's. Times by operations include
 * launches; the host's share of a paged step counts as network, what goes between boards as pipeline. sram_bytes_per_chip_max is what is
 * held in a GPU's HBM.
 */
#include <stdio.h>

#include "rs__result.h"
#include "rs_gpu_speculate.h"

static rs_gpu_request request_of(const rs_point *point) {
  const rs_sharding_request *q = &point->request;
  bool computes = rs_chip_computes(point->chip, q->weights);
  return (rs_gpu_request){.tensor = point->gpus,
                          .boards = point->boards,
                          .micro_batches = point->boards,
                          .batch = q->batch,
                          .inputs = q->context,
                          .outputs = RS_MAX(point->generate, 1),
                          .weights = q->weights,
                          .kv = q->kv,
                          .activations = q->activations,
                          .math = computes ? q->weights : q->activations,
                          .shares_kv = true,
                          .pages_weights = point->pages_weights};
}

static void fill_shape(rs_arena *arena, const rs_point *point, rs_result *r) {
  char text[32];
  int64_t gpus = point->gpus, boards = point->boards, chips, concurrency;
  snprintf(text, sizeof text, boards == 1 ? "switch:%lld" : "switch:%lldx%lld", (long long)gpus,
           (long long)boards);
  rs_result_set_text(arena, r, "topology", text);
  rs_result_set_text(arena, r, "network", "switch");
  if (rs_mul_i64(gpus, boards, &chips)) rs_result_set_i64(r, "chips", chips);
  if (rs_mul_i64(point->request.batch, boards, &concurrency)) {
    rs_result_set_i64(r, "concurrency", concurrency);
  }
  rs_result_set_i64(r, "tensor", gpus);
  rs_result_set_i64(r, "pipeline", boards);
  rs_result_set_i64(r, "micro_batches", boards);
}

static void fill_memory(rs_arena *arena, const rs_point *point, const rs_gpu_memory *m,
                        rs_result *r) {
  int64_t weights, kv;
  rs_result_set_i64(r, "fits", m->fits ? 1 : 0);
  rs_result_set_text(arena, r, "reason", m->reason);
  rs_result_set_i64(r, "sram_bytes_per_chip_max", m->weight_bytes + m->kv_bytes - m->paged_bytes);
  int64_t chips = point->gpus * point->boards;
  if (rs_mul_i64(m->weight_bytes, chips, &weights)) {
    rs_result_set_i64(r, "weight_bytes_total", weights);
  }
  if (rs_mul_i64(m->kv_bytes, chips, &kv)) rs_result_set_i64(r, "kv_bytes_total", kv);
}

/* What decode and prefill have in common: where the step's time goes. */
static void fill_step(rs_arena *arena, const rs_point *point, const rs_gpu_step *d, rs_result *r) {
  double network = (double)(d->group_fs[RS_GPU_GROUP_NETWORK] + d->group_fs[RS_GPU_GROUP_HOST]);
  double pipeline = (double)d->group_fs[RS_GPU_GROUP_PIPELINE];
  double share = (network + pipeline) / (double)d->cost.time_fs;
  rs_result_set_double(r, "compute_share", 1 - share);
  rs_result_set_double(r, "network_share", share);
  rs_result_set_double(r, "attention_share",
                       (double)d->group_fs[RS_GPU_GROUP_ATTENTION] / (double)d->cost.time_fs);
  rs_result_set_double(r, "weights_s", (double)d->group_fs[RS_GPU_GROUP_WEIGHTS] * 1e-15);
  rs_result_set_double(r, "attention_s", (double)d->group_fs[RS_GPU_GROUP_ATTENTION] * 1e-15);
  rs_result_set_double(r, "vector_s", (double)d->group_fs[RS_GPU_GROUP_VECTOR] * 1e-15);
  rs_result_set_double(r, "network_s", network * 1e-15);
  rs_result_set_double(r, "pipeline_s", pipeline * 1e-15);
  rs_result_set_text(arena, r, "all_reduce_algorithm", point->gpus > 1 ? "ring" : "none");
}

/* With a draft the step is a round over its tokens. */
static rs_status compute(const rs_point *point, rs_gpu_step *step, rs_result *r, rs_diag *diag) {
  const rs_gpu_request request = request_of(point);
  rs_gpu_round round;
  if (point->speculation.draft == NULL) {
    return rs_gpu_decode(point->model, point->chip, &request, step, diag);
  }
  rs_status status =
      rs_gpu_speculate(point->model, &point->speculation, point->chip, &request, &round, diag);
  *step = round.token;
  if (status != RS_OK || !step->memory.fits) return status;
  rs_result_set_double(r, "draft_s", round.draft.latency_s);
  rs_result_set_double(r, "verify_s", round.verify.latency_s);
  return RS_OK;
}

rs_status rs__result_decode_gpu(rs_arena *arena, const rs_point *point, rs_result *r,
                                rs_diag *diag) {
  rs_gpu_step step;
  fill_shape(arena, point, r);
  rs_status status = compute(point, &step, r, diag);
  if (status != RS_OK) return status;
  fill_memory(arena, point, &step.memory, r);
  if (!step.memory.fits) return RS_OK;
  const rs_gpu_energy *e = &step.energy;
  double sequences = (double)(point->request.batch * point->boards);
  fill_step(arena, point, &step, r);
  rs_result_set_double(r, "token_latency_s", step.latency_s);
  rs_result_set_double(r, "tokens_per_s_user", 1 / step.step_s);
  rs_result_set_double(r, "tokens_per_s_total", sequences / step.step_s);
  rs_result_set_double(r, "energy_j_per_token", e->j_per_token);
  rs_result_set_double(r, "energy_dynamic_j_per_token", e->compute_j + e->hbm_j + e->link_j);
  rs_result_set_double(r, "energy_static_j_per_token", e->static_j);
  return RS_OK;
}

/* One chunk: the whole input. */
rs_status rs__result_prefill_gpu(rs_arena *arena, const rs_point *point, rs_result *r,
                                 rs_diag *diag) {
  rs_gpu_step step;
  const rs_gpu_request request = request_of(point);
  fill_shape(arena, point, r);
  rs_status status = rs_gpu_prefill(point->model, point->chip, &request, &step, diag);
  if (status != RS_OK) return status;
  fill_memory(arena, point, &step.memory, r);
  if (!step.memory.fits) return RS_OK;
  const rs_gpu_energy *e = &step.energy;
  double tokens = (double)(point->request.batch * point->boards) * (double)point->request.context;
  fill_step(arena, point, &step, r);
  rs_result_set_i64(r, "chunk", point->request.context);
  rs_result_set_i64(r, "chunks", 1);
  rs_result_set_double(r, "first_token_s", step.latency_s);
  rs_result_set_double(r, "chunk_latency_s", step.latency_s);
  rs_result_set_double(r, "input_tokens_per_s", tokens / step.step_s);
  rs_result_set_double(r, "energy_j_per_input_token", e->j_per_token);
  rs_result_set_double(r, "energy_dynamic_j_per_input_token", e->compute_j + e->hbm_j + e->link_j);
  rs_result_set_double(r, "energy_static_j_per_input_token", e->static_j);
  return RS_OK;
}

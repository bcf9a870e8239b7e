/* Two shardings on the same chips, two steps, and the token that a round makes of them. */
#include "rs_speculate.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Horner's rule: 1 + a (1 + a (1 + …)). */
double rs_speculate_tokens(const rs_speculation *speculation) {
  double acceptance = (double)speculation->acceptance_ppm / 1e6;
  double tokens = 1;
  for (int64_t i = 0; i < speculation->length; i++) tokens = 1 + acceptance * tokens;
  return tokens;
}

/* ---- sharding ---- */

static rs_sharding_request request_of_target(const rs_speculation *speculation,
                                             const rs_sharding_request *request) {
  rs_sharding_request target = *request;
  target.context += speculation->length;
  target.positions = speculation->length + 1;
  target.heads_all = true;
  return target;
}

/* At the last token that it makes. */
static rs_sharding_request request_of_draft(const rs_speculation *speculation,
                                            const rs_sharding_request *request) {
  rs_sharding_request draft = *request;
  draft.context += speculation->length - 1;
  draft.pipeline = RS_MIN(request->pipeline, speculation->draft->layers);
  if (speculation->draft->moe.experts > 0) return draft;
  draft.expert = 1;
  draft.dispatch = RS_DISPATCH_AUTO;
  return draft;
}

/* A chip of the stage holds the weights and caches of both, and works for one at a time. */
static int64_t bytes_of_stage(const rs_speculate_sharding *s, int64_t stage) {
  const rs_stage *target = &s->target->stages[stage];
  int64_t bytes = target->weight_bytes + target->kv_bytes;
  if (stage >= s->draft->request.pipeline) return bytes + target->work_bytes;
  const rs_stage *draft = &s->draft->stages[stage];
  bytes += draft->weight_bytes + draft->kv_bytes;
  return bytes + RS_MAX(target->work_bytes, draft->work_bytes);
}

/* Sizes of each are below 2^61, which their shardings saw to. */
static void judge(const rs_chip *chip, const rs_speculate_sharding *s) {
  rs_sharding *target = s->target;
  int64_t fullest = 0, most = 0;
  for (int64_t stage = 0; stage < target->request.pipeline; stage++) {
    int64_t bytes = bytes_of_stage(s, stage);
    if (bytes <= most) continue;
    most = bytes;
    fullest = stage;
  }
  bool fits_alone = target->fits;
  const rs_stage *own = &target->stages[fullest];
  int64_t of_target = own->weight_bytes + own->kv_bytes + own->work_bytes;
  target->sram_bytes_max = most;
  target->weight_bytes_total += s->draft->weight_bytes_total;
  target->kv_bytes_total += s->draft->kv_bytes_total;
  target->fits = most <= chip->sram_bytes;
  if (target->fits || !fits_alone) return;
  snprintf(target->reason, sizeof target->reason,
           "the draft does not fit: a chip of stage %lld needs %.1f MB (target %.1f, draft %.1f), "
           "%.1f MB more than its %.1f MB of SRAM",
           (long long)fullest, (double)most / 1e6, (double)of_target / 1e6,
           (double)(most - of_target) / 1e6, (double)(most - chip->sram_bytes) / 1e6,
           (double)chip->sram_bytes / 1e6);
}

/* So that the sentence says whose shape it is about. */
static rs_status blame_draft(rs_status status, const rs_diag *own, rs_diag *diag) {
  if (diag == NULL) return status;
  *diag = *own;
  snprintf(diag->what, sizeof diag->what, "the draft: %.*s", (int)sizeof own->what - 16, own->what);
  return status;
}

rs_status rs_speculate_build(rs_arena *arena, const rs_model *model,
                             const rs_speculation *speculation, const rs_chip *chip,
                             int64_t chips_available, const rs_sharding_request *request,
                             rs_speculate_sharding *sharding, rs_diag *diag) {
  assert(speculation->draft != NULL && speculation->length >= 1);
  rs_diag own = {0};
  rs_sharding_request target = request_of_target(speculation, request);
  rs_sharding_request draft = request_of_draft(speculation, request);
  rs_status status =
      rs_sharding_build(arena, model, chip, chips_available, &target, &sharding->target, diag);
  if (status != RS_OK) return status;
  status = rs_sharding_build(arena, speculation->draft, chip, chips_available, &draft,
                             &sharding->draft, &own);
  if (status != RS_OK) return blame_draft(status, &own, diag);
  judge(chip, sharding);
  return RS_OK;
}

/* ---- a round ---- */

static void fill_rates(const rs_chip *chip, const rs_sharding_request *r, int64_t length,
                       rs_round *round) {
  rs_decode *t = &round->token;
  double clock = (double)chip->timing.clock_hz;
  double drafts = (double)length;
  double latency_s = drafts * round->draft.token_latency_s + round->verify.token_latency_s;
  double busy = drafts * (double)round->draft.bottleneck_cycles;
  busy = (busy + (double)round->verify.bottleneck_cycles) * (double)r->micro_batches / clock;
  t->token_latency_s = latency_s / round->tokens;
  t->tokens_per_s_user = round->tokens / RS_MAX(latency_s, busy);
  double sequences = (double)(r->batch * r->micro_batches) * (double)RS_MAX(r->replicas, 1);
  t->tokens_per_s_total = t->tokens_per_s_user * sequences;
}

/* Cycles are rounded down to whole ones, parts by parts. */
static void fill_parts(int64_t length, rs_round *round) {
  rs_decode *t = &round->token;
  double drafts = (double)length, waiting = 0, all = 0;
  for (int i = 0; i < RS_PART_COUNT; i++) {
    double cycles =
        drafts * (double)round->draft.part_cycles[i] + (double)round->verify.part_cycles[i];
    double energy = drafts * round->draft.part_energy_j[i] + round->verify.part_energy_j[i];
    all += cycles;
    if (i == RS_PART_NETWORK || i == RS_PART_PIPELINE) waiting += cycles;
    t->part_cycles[i] = (int64_t)(cycles / round->tokens);
    t->part_energy_j[i] = energy / round->tokens;
    t->energy_j_dynamic += t->part_energy_j[i];
  }
  t->latency_cycles = (int64_t)(all / round->tokens);
  t->network_share = waiting / all;
  t->compute_share = (all - waiting) / all;
}

rs_status rs_speculate_compile(rs_arena *arena, const rs_model *model,
                               const rs_speculation *speculation, const rs_chip *chip,
                               const rs_wiring *wiring, const char *topology,
                               const rs_speculate_sharding *sharding, int64_t context,
                               rs_round *round, rs_diag *diag) {
  int64_t length = speculation->length;
  *round = (rs_round){.tokens = rs_speculate_tokens(speculation)};
  rs_status status =
      rs_decode_compile_at(arena, speculation->draft, chip, wiring, topology, sharding->draft,
                           context + length / 2, &round->draft, diag);
  if (status != RS_OK) return status;
  status = rs_decode_compile_at(arena, model, chip, wiring, topology, sharding->target,
                                context + length, &round->verify, diag);
  if (status != RS_OK) return status;
  rs_decode *t = &round->token;
  fill_rates(chip, &sharding->target->request, length, round);
  fill_parts(length, round);
  t->energy_j_static =
      chip->static_w * (double)sharding->target->chips_used / t->tokens_per_s_total;
  t->energy_j_per_token = t->energy_j_dynamic + t->energy_j_static;
  t->bottleneck_cycles = round->verify.bottleneck_cycles;
  t->all_reduce_algorithm = round->verify.all_reduce_algorithm;
  t->schedule = round->verify.schedule;
  return RS_OK;
}

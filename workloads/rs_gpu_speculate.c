/* Two models on the same GPUs, two steps, and the token that a round makes of them. */
#include "rs_gpu_speculate.h"

#include <assert.h>
#include <stdio.h>

#include "rs__gpu_step.h"

typedef struct pair {
  const rs_model *model;
  const rs_speculation *speculation;
  const rs_chip *chip;
  rs_gpu_request target, draft;
  int64_t context; /* before the round */
} pair;

static pair make_pair(const rs_model *model, const rs_speculation *speculation, const rs_chip *chip,
                      const rs_gpu_request *request) {
  pair p = {.model = model,
            .speculation = speculation,
            .chip = chip,
            .target = *request,
            .draft = *request,
            .context = request->inputs + (request->outputs - 1) / 2};
  p.target.heads_all = true;
  p.draft.boards = RS_MIN(rs_gpu_boards(request), speculation->draft->layers);
  p.draft.micro_batches = RS_MIN(request->micro_batches, p.draft.boards);
  return p;
}

/* So that the sentence says whose shape it is about. */
static rs_status check_draft(const pair *p, rs_diag *diag) {
  rs_diag own = {0};
  rs_status status = rs__gpu_check_request(p->speculation->draft, p->chip, &p->draft, &own);
  if (status == RS_OK || diag == NULL) return status;
  *diag = own;
  snprintf(diag->what, sizeof diag->what, "the draft: %.*s", (int)sizeof own.what - 16, own.what);
  return status;
}

/* At the last token that the request makes. The sums are those of one GPU of the first board. */
static rs_status measure_both(const pair *p, rs_gpu_memory *both, rs_gpu_memory *draft,
                              rs_diag *diag) {
  int64_t last = p->target.inputs + p->target.outputs - 1;
  rs_gpu_request draft_request = p->draft;
  draft_request.micro_batches = p->target.micro_batches; /* all have a cache on its boards */
  rs_status status =
      rs__gpu_measure(p->model, p->chip, &p->target, last + p->speculation->length, both, diag);
  if (status != RS_OK) return status;
  status = rs__gpu_measure(p->speculation->draft, p->chip, &draft_request,
                           last + p->speculation->length - 1, draft, diag);
  if (status != RS_OK || !both->fits) return status;
  int64_t own = both->weight_bytes + both->kv_bytes; /* below 2^63, and the draft's as well */
  int64_t added = draft->weight_bytes + draft->kv_bytes, held;
  if (!rs_add_i64(own, added, &held)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "weights and caches would be 2^63 bytes or more");
  }
  int64_t room = p->chip->gpu.hbm_bytes, fixed = added + both->kv_bytes;
  both->weight_bytes += draft->weight_bytes;
  both->kv_bytes += draft->kv_bytes;
  both->fits = held <= room || (p->target.pages_weights && fixed <= room);
  both->paged_bytes = both->fits ? RS_MAX(held - room, 0) : 0;
  if (both->fits) return RS_OK;
  snprintf(both->reason, sizeof both->reason,
           "the draft does not fit: target %.1f GB and draft %.1f GB a GPU, has %.1f",
           (double)own / 1e9, (double)added / 1e9, (double)room / 1e9);
  return RS_OK;
}

static void fill_token(const pair *p, rs_gpu_round *round) {
  const rs_gpu_step *d = &round->draft, *v = &round->verify;
  rs_gpu_step *t = &round->token;
  double drafts = (double)p->speculation->length;
  double micro_batches = (double)RS_MAX(p->target.micro_batches, 1);
  double latency = drafts * d->latency_s + v->latency_s;
  double busy = drafts * d->busy_s + v->busy_s;
  double period = RS_MAX(latency, micro_batches * busy);
  int64_t all_fs = 0;
  for (int i = 0; i < RS_GPU_GROUP_COUNT; i++) {
    double fs = drafts * (double)d->group_fs[i] + (double)v->group_fs[i];
    t->group_fs[i] = (int64_t)(fs / round->tokens);
    all_fs += t->group_fs[i];
  }
  t->cost.time_fs = all_fs;
  t->latency_s = latency / round->tokens;
  t->busy_s = busy / round->tokens;
  t->step_s = period / round->tokens;
  rs__gpu_fill_energy(p->chip, &p->target, (double)p->target.batch * round->tokens,
                      period / micro_batches, drafts * d->cost.compute_pj + v->cost.compute_pj,
                      drafts * d->cost.hbm_pj + v->cost.hbm_pj,
                      drafts * d->cost.link_pj + v->cost.link_pj, &t->energy);
}

rs_status rs_gpu_speculate(const rs_model *model, const rs_speculation *speculation,
                           const rs_chip *chip, const rs_gpu_request *request, rs_gpu_round *round,
                           rs_diag *diag) {
  assert(speculation->draft != NULL && speculation->length >= 1);
  *round = (rs_gpu_round){.tokens = rs_speculate_tokens(speculation)};
  rs_status status = rs__gpu_check_request(model, chip, request, diag);
  if (status != RS_OK) return status;
  pair p = make_pair(model, speculation, chip, request);
  int64_t length = speculation->length;
  status = check_draft(&p, diag);
  if (status == RS_OK) {
    status = measure_both(&p, &round->token.memory, &round->draft.memory, diag);
  }
  if (status != RS_OK || !round->token.memory.fits) return status;
  round->verify.memory = round->token.memory;
  round->draft.memory.paged_bytes = 0; /* what is paged is the target's */
  status = rs__gpu_run_fitting(speculation->draft, chip, &p.draft, 1, p.context + length / 2,
                               &round->draft, diag);
  if (status == RS_OK) {
    status = rs__gpu_run_fitting(model, chip, &p.target, length + 1, p.context + length,
                                 &round->verify, diag);
  }
  if (status == RS_OK) fill_token(&p, round);
  return status;
}

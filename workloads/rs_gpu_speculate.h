/*
 * Speculative decoding on GPUs, as rs_speculate.h has it on LPUs: the draft lives beside the target, on
 * the same GPUs in the same formats, on as many boards as the target, from the first on, but no more
 * than the draft has layers. HBM holds the weights and caches of both; what is paged is the target's,
 * which streams beside the verification.
 *
 * A round is `length` steps of the draft and a step of the target that computes length + 1 positions of
 * every sequence, with a head for each. With m micro-batches in flight it comes each
 *   max(length · draft latency + verification latency, m · (length · draft's busiest + verification's busiest stage)).
 */
#ifndef RS_GPU_SPECULATE_H
#define RS_GPU_SPECULATE_H

#include "rs_gpu_step.h"
#include "rs_speculate.h"

typedef struct rs_gpu_round {
  rs_gpu_step draft;  /* a step of it, at the context in the middle of the round */
  rs_gpu_step verify; /* the target's step with all positions */
  rs_gpu_step token;  /* the round over its tokens; its memory is that of both */
  double tokens;      /* a round, in the mean */
} rs_gpu_round;

/* The round in the middle of `outputs` tokens, as rs_gpu_decode has its step. RS_E_INFEASIBLE when one
 * of the two does not divide; what does not fit is RS_OK with the reason in token.memory. */
rs_status rs_gpu_speculate(const rs_model *model, const rs_speculation *speculation,
                           const rs_chip *chip, const rs_gpu_request *request, rs_gpu_round *round,
                           rs_diag *diag);

#endif

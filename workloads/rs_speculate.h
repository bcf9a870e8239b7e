/*
 * Speculative decoding [Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative
 * Decoding", ICML 2023]. In a round a small model, the draft, makes `length` tokens one after the
 * other; the target then computes their positions and one more in one step, keeps the tokens up to the
 * first that it would not have chosen, and adds one of its own. With each token kept with chance a,
 * independent of the others, a round makes
 *
 *   1 + a + a² + … + a^length   tokens in the mean.
 *
 * The draft lives on the target's chips, beside the target: same group of chips a stage, same formats,
 * as many stages as the target has, from the first on, but no more than the draft has layers. Both stay in SRAM;
 * what they work in is shared, as they work in turns. The tokens of the draft end up at the first
 * stage, where the target needs them.
 *
 * A round takes length draft steps and a verification. With m micro-batches in flight it comes each
 *   max(length · draft latency + verification latency, m · (length · draft bottleneck + verification bottleneck)).
 */
#ifndef RS_SPECULATE_H
#define RS_SPECULATE_H

#include "rs_decode.h"

typedef struct rs_speculation {
  const rs_model *draft; /* NULL: none */
  int64_t length;        /* tokens that it makes a round */
  int64_t acceptance_ppm;
} rs_speculation;

/* Tokens a round in the mean; length + 1 when all are accepted. */
double rs_speculate_tokens(const rs_speculation *speculation);

/* Both on the chips. The target's says whether all fits, and has the bytes of all in its sums. */
typedef struct rs_speculate_sharding {
  rs_sharding *target; /* of a verification */
  rs_sharding *draft;  /* of a draft step */
} rs_speculate_sharding;

/* `request` is the target's, of decode, its context that before the round. RS_E_INFEASIBLE when one of
 * the two does not divide. */
rs_status rs_speculate_build(rs_arena *arena, const rs_model *model,
                             const rs_speculation *speculation, const rs_chip *chip,
                             int64_t chips_available, const rs_sharding_request *request,
                             rs_speculate_sharding *sharding, rs_diag *diag);

typedef struct rs_round {
  rs_decode draft;  /* a step of it, at the context in the middle of the round */
  rs_decode verify; /* the target's step with all positions */
  /* A token of the round: times and energies are the round's over its tokens, rates the effective
   * ones; the bottleneck, the schedule and the algorithm are the verification's. */
  rs_decode token;
  double tokens; /* a round, in the mean */
} rs_round;

/* Compiles the two steps of a round that begins at `context`. The sharding must fit (asserted). */
rs_status rs_speculate_compile(rs_arena *arena, const rs_model *model,
                               const rs_speculation *speculation, const rs_chip *chip,
                               const rs_wiring *wiring, const char *topology,
                               const rs_speculate_sharding *sharding, int64_t context,
                               rs_round *round, rs_diag *diag);

#endif

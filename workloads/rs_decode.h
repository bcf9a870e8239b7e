/*
 * One decode step, from the token's embedding to the next token: operations on every chip, and the
 * transfers between them, as one schedule on the clock.
 *
 * For every stage, in the chips of its group: norm, q/k/v projection, rotary, scores, softmax,
 * values, output projection, all-reduce, residual and norm, gate and up projection, activation,
 * down projection, all-reduce. Between stages the last all-reduce is split: reduce-scatter in the
 * sending group, the residual added to the shards, shards sent chip to chip, all-gather in the
 * receiving group. The last stage adds the final norm, the head (its outputs split over the group),
 * an all-gather of each chip's best token, the choice, and sends the token to the first stage.
 *
 * Compute and transfer overlap where data allows it: an all-reduce starts on the first output
 * vectors while later ones are computed, and the first weights of the next projection are loaded
 * while the matrix unit waits for the network.
 *
 * One micro-batch is scheduled; with several in flight a stage repeats its part every
 * bottleneck_cycles, and tokens_per_s_total follows from it (docs/decisions.md says how).
 */
#ifndef RS_DECODE_H
#define RS_DECODE_H

#include "rs_collective.h"
#include "rs_cost.h"
#include "rs_sharding.h"

/* Where a token's time goes, along the critical path: the parts add up to the latency. */
typedef enum rs_part {
  RS_PART_WEIGHTS,   /* projections, MLP, head: loading weights and passing activations */
  RS_PART_ATTENTION, /* scores, softmax, values */
  RS_PART_VECTOR,    /* norms, rotary, activation, residual, choice */
  RS_PART_NETWORK,   /* waiting for all-reduces inside a group */
  RS_PART_PIPELINE,  /* waiting for transfers between stages */
  RS_PART_COUNT
} rs_part;

typedef struct rs_decode {
  int64_t latency_cycles; /* one token, one micro-batch */
  int64_t part_cycles[RS_PART_COUNT];
  int64_t bottleneck_cycles; /* the busiest stage */
  double token_latency_s;
  double tokens_per_s_user;
  double tokens_per_s_total;
  double compute_share; /* weights + attention + vector */
  double network_share; /* network + pipeline */
  double energy_j_per_token;
  double energy_j_dynamic, energy_j_static; /* parts of it, a token */
  double part_energy_j[RS_PART_COUNT];      /* of the dynamic one; network: all links */
  const char *all_reduce_algorithm;         /* the row that was chosen */
  rs_schedule *schedule;
} rs_decode;

/* The mean of several steps, such as those of a generation as its context grows: times and energies are
 * means, the bottleneck the largest, a rate is tokens over the time that they take together. The
 * schedule and the algorithm are the last one's. */
void rs_decode_mean(const rs_decode *steps, size_t count, const rs_chip *chip,
                    const rs_sharding *sharding, rs_decode *mean);

/* Stalls (rs_schedule.h) that the token waits for, and a period of the busiest stage: rates, shares and
 * energies follow. Time in a stall counts as the network's. */
void rs_decode_add_stalls(rs_decode *decode, const rs_chip *chip, const rs_sharding *sharding,
                          int64_t latency_cycles, int64_t bottleneck_cycles);

/* Choices that were made for collectives, to be shared by steps on one wiring and chip: the same request
 * of the same chips, with inputs at the same distances in time, is not searched twice. What is compiled
 * with a memo is what would be compiled without. A zeroed one is empty (rs__decode.h). */
typedef struct rs_decode_memo rs_decode_memo;

rs_status rs_decode_compile_with(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                                 const rs_wiring *wiring, const char *topology,
                                 const rs_sharding *sharding, rs_decode_memo *memo,
                                 rs_decode *decode, rs_diag *diag);

/* Rates and energies once more, for another number of micro-batches or replicas on the same stages. */
void rs_decode_rate(rs_decode *decode, const rs_chip *chip, const rs_sharding *sharding);

const char *rs_part_word(rs_part part); /* "weights" "attention" "vector" "network" "pipeline" */

/* Compiles the step. The sharding must fit (asserted). The schedule is left unchecked: the caller
 * runs rs_checker_run and the player on it. `topology` is the canonical spec, for the schedule. */
rs_status rs_decode_compile(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                            const rs_wiring *wiring, const char *topology,
                            const rs_sharding *sharding, rs_decode *decode, rs_diag *diag);

/* The same at another context than the sharding was built for, which is the largest. */
rs_status rs_decode_compile_at(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                               const rs_wiring *wiring, const char *topology,
                               const rs_sharding *sharding, int64_t context, rs_decode *decode,
                               rs_diag *diag);

#endif

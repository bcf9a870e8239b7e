/*
 * A language model on GPUs: tensor parallel on the switch of a board, and layers dealt to boards in a
 * row. The operations of a prefill and of a decode step, and a whole generation of a batch from them.
 *
 * The operations are those of a serving stack's engine, one kernel each: for a layer norm, q/k/v
 * projection, rotary with the append to the cache, attention, output projection, all-reduce, residual
 * sum, norm, gate and up projection, activation, down projection, all-reduce, residual sum; then norm,
 * head for the last position of each sequence, all-gather of logits, choice. Latent attention and
 * experts: workloads/rs_gpu_list.c.
 *
 * Between boards every GPU sends its share of the hidden vectors, which the next board gathers. A stage
 * can take the next micro-batch when it has ended its part of the last, as on LPUs (rs_decode.c): a
 * token of every sequence comes each max(latency, micro_batches · the busiest stage). A generation
 * has one micro-batch.
 *
 * RS_E_INFEASIBLE with the reason for what does not divide or is not on one switch.
 */
#ifndef RS_GPU_STEP_H
#define RS_GPU_STEP_H

#include "rs_arena.h"
#include "rs_gpu.h"
#include "rs_model.h"

typedef struct rs_gpu_request {
  int64_t tensor; /* GPUs of a board that share every layer */
  int64_t boards; /* pipeline stages, a board each; 0: 1 */
  int64_t
      micro_batches; /* of `batch` sequences, in flight at once in decode; at most boards; 0: 1 */
  int64_t batch;     /* sequences */
  int64_t inputs, outputs; /* tokens of a sequence */
  rs_number weights, kv, activations;
  rs_number math;     /* of the projections */
  bool shares_kv;     /* kernels that read a kv head once for all its query heads */
  bool is_one_shot;   /* all-reduce by reading all others */
  bool pages_weights; /* weights that do not fit stream from the host */
  bool heads_all; /* each computed position is followed by a token, not a sequence's last alone */
} rs_gpu_request;

static inline int64_t rs_gpu_boards(const rs_gpu_request *request) {
  return request->boards == 0 ? 1 : request->boards;
}

#define RS_GPU_STEP_OPS 32 /* at most so many rows in the list of a step */

/* Fills `ops` (RS_GPU_STEP_OPS of them) with a step in which each sequence has `queries` new
 * positions and `context` in all: a prefill has as many of both, a step of decode one, and one that
 * verifies a draft a few. */
rs_status rs_gpu_step_list(const rs_model *model, const rs_chip *chip,
                           const rs_gpu_request *request, int64_t queries, int64_t context,
                           rs_gpu_op *ops, size_t *op_count, rs_diag *diag);

/* On one GPU. */
typedef struct rs_gpu_memory {
  int64_t weight_bytes, kv_bytes;
  int64_t paged_bytes; /* of the weights, in every step */
  bool fits;
  char reason[128]; /* why it does not fit; what is computed beyond is zero then */
} rs_gpu_memory;

/* Of all GPUs, a token. */
typedef struct rs_gpu_energy {
  double j_per_token; /* the sum of the parts */
  double compute_j, hbm_j, link_j, static_j;
} rs_gpu_energy;

/* What takes a step's time, by operations: weights are all products. */
typedef enum rs_gpu_group {
  RS_GPU_GROUP_WEIGHTS,
  RS_GPU_GROUP_ATTENTION,
  RS_GPU_GROUP_VECTOR,
  RS_GPU_GROUP_NETWORK,
  RS_GPU_GROUP_PIPELINE, /* between boards */
  RS_GPU_GROUP_HOST,     /* and the beginning of a request */
  RS_GPU_GROUP_COUNT
} rs_gpu_group;

typedef struct rs_gpu_step {
  rs_gpu_memory memory;
  rs_gpu_cost cost;
  int64_t group_fs[RS_GPU_GROUP_COUNT]; /* they add up to the cost's time */
  double latency_s;                     /* one token, one micro-batch */
  double busy_s;                        /* of the busiest stage, one micro-batch */
  double step_s; /* between tokens of a sequence: the latency, or what the busiest stage allows */
  rs_gpu_energy energy;
} rs_gpu_step;

/* The decode step in the middle of `outputs` of them, of which the first meets `inputs` positions: their
 * mean, as far as steps are linear in the context. Energy is a token's. */
rs_status rs_gpu_decode(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                        rs_gpu_step *step, rs_diag *diag);

/* A whole input of `inputs` positions: latency_s is the time to the first token, energy an input
 * token's. */
rs_status rs_gpu_prefill(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                         rs_gpu_step *step, rs_diag *diag);

typedef struct rs_gpu_generation {
  rs_gpu_memory memory; /* at the end */
  rs_gpu_cost first;    /* the prefill: time to the first token */
  rs_gpu_cost step;     /* a decode step in the middle of the generation */
  double first_token_s;
  double step_s;             /* the mean over the generation */
  double tokens_per_s_user;  /* decode steps a second */
  double tokens_per_s_total; /* output tokens / (prefill + steps), as static batches are measured */
  rs_gpu_energy energy;      /* over the whole */
} rs_gpu_generation;

/* A static batch from its input to its last token. */
rs_status rs_gpu_generate(const rs_model *model, const rs_chip *chip, const rs_gpu_request *request,
                          rs_gpu_generation *generation, rs_diag *diag);

#endif

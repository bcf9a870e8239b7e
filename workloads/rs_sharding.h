/*
 * Which chip holds what: tensor × pipeline × expert parallel, uneven stages, memory.
 *
 * Stage s owns the layers first_layer[s] … first_layer[s+1] − 1. Layers are dealt so that the
 * largest stage, in bytes a chip with its share of embedding or head, is as small as possible
 * (exact: binary search on the size; ties give the earlier stages more layers). The first and the last
 * stage stay without layers, with the embedding or the head alone, only where that makes the model fit
 * or there are more stages than layers. Group s is the
 * `tensor` chips that hold stage s: chips s·tensor … s·tensor + tensor − 1 in the wiring's order,
 * so that a group of 8 is a node and consecutive stages are neighbours in a rack, or as another
 * placement has it.
 *
 * Attention heads are split over the group. Up to as many chips as heads the split is even: tensor
 * must divide heads and the MLP's columns; kv heads are split too, or repeated when there are fewer of
 * them than chips (then kv_heads must divide tensor). Beyond that some chips hold no head, the MLP's
 * columns are rounded up, and the fullest chip counts.
 *
 * A kv head that several chips hold, and latents, which all of them do, are cached by each as a whole
 * (kv_split: heads), or position by position on one after the other (positions).
 *
 * Experts: `expert` parts of the group hold experts / expert whole experts each, and the chips of a
 * part split their columns. expert must divide both tensor and the model's experts. The slots that the
 * timetable has for them are capacity_ppm / 10^6 times the mean demand (rs_capacity.h).
 */
#ifndef RS_SHARDING_H
#define RS_SHARDING_H

#include "rs_chip.h"
#include "rs_model.h"

/* How tokens meet their experts. */
typedef enum rs_dispatch {
  RS_DISPATCH_AUTO,       /* whichever moves fewer vectors */
  RS_DISPATCH_REPLICATED, /* every chip has all hidden vectors */
  RS_DISPATCH_ALL_TO_ALL, /* a token is on one chip, which sends it to those of its experts */
  RS_DISPATCH_COUNT
} rs_dispatch;

/* How the parts of a sum over the group become the next hidden vector. */
typedef enum rs_sums {
  RS_SUMS_ALL_REDUCE,
  RS_SUMS_SPLIT, /* reduce-scatter, residual on the shards, all-gather */
  RS_SUMS_COUNT
} rs_sums;

/* What each of the chips that share a kv head, or latents, holds of its cache. */
typedef enum rs_kv_split {
  RS_KV_HEADS,     /* all positions, for the queries of its own heads */
  RS_KV_POSITIONS, /* a part of the positions, for the queries of all of them */
  RS_KV_SPLIT_COUNT
} rs_kv_split;

/* Which chips a group takes: rs_placement.h. */
typedef enum rs_placement {
  RS_PLACEMENT_ROW,
  RS_PLACEMENT_RACKS,
  RS_PLACEMENT_NODES,
  RS_PLACEMENT_COUNT
} rs_placement;

#define RS_CAPACITY_PPM INT64_C(2000000)

typedef struct rs_sharding_request {
  int64_t tensor;
  int64_t pipeline;
  int64_t batch;         /* sequences of one micro-batch */
  int64_t micro_batches; /* in flight: concurrency = batch · micro_batches */
  int64_t context;       /* cached positions of each sequence */
  rs_number weights;
  rs_number kv;
  rs_number activations;
  int64_t expert;       /* parts that the experts are dealt to; 0: 1 */
  int64_t capacity_ppm; /* 0: RS_CAPACITY_PPM */
  int64_t replicas;     /* of the whole, side by side; 0: 1 */
  int64_t positions;    /* of each sequence that a step computes; 0: 1, a step of decode */
  bool heads_all;       /* each of those positions is followed by a token, not the last alone */
  rs_dispatch dispatch;
  rs_sums sums;
  rs_kv_split kv_split;
  rs_placement placement; /* of the groups in a wiring; the sharding does not depend on it */
  int64_t
      deskew_margin_cycles; /* of every hop (rs_collective.h); the sharding does not depend on it */
} rs_sharding_request;

/* A stage for each layer, and one each for embedding and head. */
static inline int64_t rs_sharding_stages_max(const rs_model *model) {
  return model->layers + 2;
}

/* Rows that go through the head. Rows of all positions are below 2^62, which the share sees to. */
static inline int64_t rs_sharding_head_rows(const rs_sharding_request *request) {
  bool has_more = request->heads_all && request->positions > 1;
  return has_more ? request->batch * request->positions : request->batch;
}

static inline int64_t rs_sharding_capacity_ppm(const rs_sharding_request *request) {
  return request->capacity_ppm == 0 ? RS_CAPACITY_PPM : request->capacity_ppm;
}

/* "auto" "replicated" "all-to-all" */
bool rs_dispatch_parse(const char *word, rs_dispatch *dispatch);
const char *rs_sums_word(rs_sums sums); /* "all-reduce" "reduce-scatter" */
bool rs_sums_parse(const char *word, rs_sums *sums);
const char *rs_kv_split_word(rs_kv_split split); /* "heads" "positions" */
bool rs_kv_split_parse(const char *word, rs_kv_split *split);

typedef struct rs_stage {
  int64_t first_layer, layer_count; /* none: only of the first or the last stage */
  bool embeds;                      /* the first stage holds the embedding */
  bool heads;                       /* the last one the head */
  int64_t weight_bytes;             /* a chip */
  int64_t kv_bytes;                 /* a chip, for all sequences in flight */
  int64_t work_bytes;               /* a chip: activations and staging */
} rs_stage;

typedef struct rs_sharding {
  rs_sharding_request request;
  rs_stage *stages; /* pipeline entries */
  bool fits;
  char reason[256];       /* why not, and by how much; empty when it fits */
  int64_t sram_bytes_max; /* of the fullest chip */
  int64_t weight_bytes_total, kv_bytes_total;
  int64_t chips_used;

  /* of a model with experts; else 0 */
  bool dispatches;                      /* by all-to-all */
  int64_t expert_slots, expert_vectors; /* experts that a chip computes a layer, rows of each */
  double overflow_probability;          /* of a layer that drops something, at most */
  double dropped_share;                 /* of all (token, expert) pairs, in the mean, at most */
} rs_sharding;

/* Whether so many chips can share a layer, and whether the request's parts can share the experts:
 * RS_E_INFEASIBLE with what does not divide and a suggestion. Counts must be at least 1. */
rs_status rs_sharding_check_split(const rs_model *model, int64_t tensor, rs_diag *diag);
rs_status rs_sharding_check_experts(const rs_model *model, const rs_sharding_request *request,
                                    rs_diag *diag);

/* RS_E_INFEASIBLE when the shape does not divide (the reason is in diag); a sharding that divides
 * but does not fit in SRAM is RS_OK with fits = false. */
rs_status rs_sharding_build(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                            int64_t chips_available, const rs_sharding_request *request,
                            rs_sharding **sharding, rs_diag *diag);

#endif

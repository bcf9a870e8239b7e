/*
 * Which chip holds what: tensor parallel × pipeline parallel, uneven stages, memory.
 *
 * Stage s owns the layers first_layer[s] … first_layer[s+1] − 1. Layers are dealt so that the
 * largest stage, in bytes a chip with its share of embedding or head, is as small as possible
 * (exact: binary search on the size; ties give the earlier stages more layers). Group s is the
 * `tensor` chips that hold stage s: chips s·tensor … s·tensor + tensor − 1 in the wiring's order,
 * so that a group of 8 is a node and consecutive stages are neighbours in a rack.
 *
 * Attention heads are split over the group: tensor must divide heads; kv heads are split too, or
 * repeated when there are fewer of them than chips (then kv_heads must divide tensor).
 */
#ifndef RS_SHARDING_H
#define RS_SHARDING_H

#include "rs_chip.h"
#include "rs_model.h"

typedef struct rs_sharding_request {
  int64_t tensor;
  int64_t pipeline;
  int64_t batch;         /* sequences of one micro-batch */
  int64_t micro_batches; /* in flight: concurrency = batch · micro_batches */
  int64_t context;       /* cached positions of each sequence */
  rs_number weights;
  rs_number kv;
  rs_number activations;
} rs_sharding_request;

typedef struct rs_stage {
  int64_t first_layer, layer_count;
  bool embeds;          /* the first stage holds the embedding */
  bool heads;           /* the last one the head */
  int64_t weight_bytes; /* a chip */
  int64_t kv_bytes;     /* a chip, for all sequences in flight */
  int64_t work_bytes;   /* a chip: activations and staging */
} rs_stage;

typedef struct rs_sharding {
  rs_sharding_request request;
  rs_stage *stages; /* pipeline entries */
  bool fits;
  char reason[256];       /* why not, and by how much; empty when it fits */
  int64_t sram_bytes_max; /* of the fullest chip */
  int64_t weight_bytes_total, kv_bytes_total;
  int64_t chips_used;
} rs_sharding;

/* RS_E_INFEASIBLE when the shape does not divide (the reason is in diag); a sharding that divides
 * but does not fit in SRAM is RS_OK with fits = false. */
rs_status rs_sharding_build(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                            int64_t chips_available, const rs_sharding_request *request,
                            rs_sharding **sharding, rs_diag *diag);

#endif

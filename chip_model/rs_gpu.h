/*
 * What an operation costs on a GPU: a roofline with its start-up costs. docs/gpu.md derives the
 * formulas and says on which published rows what was fitted.
 *
 *   kernel      launch + longer + (1 − overlap) · shorter     of computing and reading
 *   computing   operations / (peak · efficiency)              rows of a product in whole tiles
 *   reading     HBM latency + the slowest of HBM bytes / (rate · efficiency), bytes / L2 rate and
 *               numbers to widen / widen rate: one stream goes through all three
 *   collective  base + steps · step + bytes on the wire / link rate, the faster of two protocols
 *   host        latency + bytes / rate
 *
 * Times are femtoseconds in int64 (about an hour at most: RS_E_OVERFLOW beyond). A list of operations runs
 * one after the other, as kernels of one stream do. All counts ≥ 1 unless it is said otherwise:
 * RS_E_INPUT with the name of the shape. The chip must be a GPU (asserted).
 */
#ifndef RS_GPU_H
#define RS_GPU_H

#include "rs_chip.h"

typedef enum rs_gpu_kind {
  RS_GPU_GEMM,
  RS_GPU_ATTENTION,
  RS_GPU_VECTOR, /* element by element: bound by memory */
  RS_GPU_COLLECTIVE,
  RS_GPU_HOST, /* input from the host, or output to it */
  RS_GPU_KIND_COUNT
} rs_gpu_kind;

typedef enum rs_gpu_collective {
  RS_GPU_ALL_REDUCE,     /* bytes: the vector that every GPU has */
  RS_GPU_ALL_GATHER,     /* bytes: what every GPU has at the end */
  RS_GPU_REDUCE_SCATTER, /* bytes: the vector that every GPU has at the start */
  RS_GPU_ALL_TO_ALL,     /* bytes: what every GPU sends in all, to itself included */
  RS_GPU_SEND,           /* bytes: from one GPU to another */
  RS_GPU_SEND_BOARD,     /* the same, to another board */
  RS_GPU_COLLECTIVE_COUNT
} rs_gpu_collective;

/* One operation on one GPU of a group. Bytes that a kind does not use are 0. */
typedef struct rs_gpu_op {
  rs_gpu_kind kind;
  const char *label;
  int64_t count;   /* so many of them, one after the other */
  int64_t kernels; /* that each launches */
  rs_number math;
  int64_t flops;                                    /* useful ones: 2 a multiply-add */
  int64_t padded_flops;                             /* with what fills up tiles: these take time */
  int64_t vector_ops;                               /* outside the matrix units: energy */
  int64_t weight_bytes, kv_bytes, activation_bytes; /* read or written in HBM */
  int64_t again_bytes; /* of the cache, read by further query heads: from the L2 cache */
  int64_t widened;     /* numbers of 8 bit that have to be made fp16 before anything else */
  rs_gpu_collective collective;
  int64_t ranks;
  int64_t collective_bytes;
  bool is_one_shot;   /* every GPU reads all others at once, no ring */
  int64_t host_bytes; /* over the host's link */
} rs_gpu_op;

/* Where time goes; the parts add up. */
typedef enum rs_gpu_part {
  RS_GPU_PART_COMPUTE,
  RS_GPU_PART_MEMORY,
  RS_GPU_PART_NETWORK,
  RS_GPU_PART_LAUNCH,
  RS_GPU_PART_HOST,
  RS_GPU_PART_COUNT
} rs_gpu_part;

typedef struct rs_gpu_cost {
  int64_t time_fs;
  int64_t part_fs[RS_GPU_PART_COUNT];
  int64_t flops;
  int64_t hbm_bytes;
  int64_t link_bytes; /* that leave the GPU */
  int64_t host_bytes;
  double compute_pj, hbm_pj, link_pj; /* dynamic energy of one GPU */
  rs_gpu_part bound;                  /* the largest part */
} rs_gpu_cost;

/* ---- operations; each fills `op` with count 1 and one kernel ---- */

/* rows × inputs times inputs × outputs, computed in `math`: activations come in that format (fp16
 * beside 8-bit weights when math is fp16) and leave in `results`. */
rs_status rs_gpu_gemm(const rs_chip *chip, int64_t inputs, int64_t outputs, int64_t rows,
                      rs_number weights, rs_number math, rs_number results, rs_gpu_op *op,
                      rs_diag *diag);

/* `queries` positions of each of `batch` sequences against its cache of `context` positions, the last
 * of which are the queries' own: a causal mask when there is more than one. shares_kv: the query heads
 * that share a kv head read its cache once; else each reads it, as kernels of 2023 did: the heads of a
 * group run side by side, so that the first of them brings the cache into L2, and each of them widens
 * what has 8 bit for itself. */
typedef struct rs_gpu_attention_shape {
  int64_t batch, queries, context;
  int64_t query_heads, kv_heads, head_dim;
  int64_t value_dim; /* size of a head's values; 0: head_dim */
  bool is_latent;    /* values are the first value_dim numbers of the keys, and cached once */
  rs_number kv, activations;
  bool shares_kv;
} rs_gpu_attention_shape;

rs_status rs_gpu_attention(const rs_chip *chip, const rs_gpu_attention_shape *shape, rs_gpu_op *op,
                           rs_diag *diag);

/* `elements` numbers, read `reads` times (from as many tensors) and written `writes` times. */
rs_status rs_gpu_vector(const rs_chip *chip, int64_t elements, int64_t reads, int64_t writes,
                        int64_t ops_per_element, rs_number number, rs_gpu_op *op, rs_diag *diag);

/* ranks ≥ 1; RS_E_INFEASIBLE when they are not on one switch. */
rs_status rs_gpu_communicate(const rs_chip *chip, rs_gpu_collective collective, int64_t ranks,
                             int64_t bytes, bool is_one_shot, rs_gpu_op *op, rs_diag *diag);

rs_status rs_gpu_host(const rs_chip *chip, int64_t bytes, rs_gpu_op *op, rs_diag *diag);

/* ---- costs ---- */

rs_status rs_gpu_cost_op(const rs_chip *chip, const rs_gpu_op *op, rs_gpu_cost *cost,
                         rs_diag *diag);

typedef struct rs_gpu_options {
  int64_t requests; /* beginnings of requests: 0 in a decode step, 1 in a prefill */
  int64_t
      paged_bytes; /* weights that do not fit and stream from the host in every run, beside it */
} rs_gpu_options;

/* A list of operations, one after the other. `options` may be NULL. */
rs_status rs_gpu_run(const rs_chip *chip, const rs_gpu_op *ops, size_t op_count,
                     const rs_gpu_options *options, rs_gpu_cost *cost, rs_diag *diag);

const char *rs_gpu_part_word(rs_gpu_part part); /* "compute" "memory" "network" "launch" "host" */

#endif

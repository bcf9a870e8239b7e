/*
 * A chip by its units: what it can hold, and the numbers from which the cost of an operation follows,
 * in time and in energy. Two kinds: an LPU (rs_cost.h) and a GPU (rs_gpu.h).
 *
 * Every number stands in a file of chip_model/chips/, or of the user's (rs_chip_file.h), with its
 * source and a confidence. The table of chip_model/rs_chip_keys.c names them.
 *
 * The LPU's matrix unit has `planes` planes of rows × columns weights. Weights are installed a tile
 * at a time a plane; then every vector of activations passes through. A matrix of K inputs and N
 * outputs is ⌈K/rows⌉ · ⌈N/columns⌉ tiles, spread over the planes; with 2-byte numbers two planes
 * work as one and a pass takes as many times longer as the published peak rates say. Loading is not
 * overlapped with passing inside one operation (the published LSTM row shows none).
 *
 *   gemm cycles = rounds · (load + batch · pass) + requantising + fixed,
 *   rounds = ⌈tiles / planes that work apart⌉
 */
#ifndef RS_CHIP_H
#define RS_CHIP_H

#include "rs_timing.h"

/* Number formats. Block4 is 4-bit values in blocks of 16 with an 8-bit scale a block, 4.5 bits a
 * number: a format of memory only, which no unit computes in. */
typedef enum rs_number { RS_INT8, RS_FP16, RS_FP8, RS_BF16, RS_BLOCK4, RS_NUMBER_COUNT } rs_number;

typedef enum rs_chip_kind { RS_CHIP_LPU, RS_CHIP_GPU, RS_CHIP_KIND_COUNT } rs_chip_kind;

/* A GPU: a roofline with its start-up costs. Times in femtoseconds, shares in parts per billion. */
typedef struct rs_chip_gpu {
  int64_t hbm_bytes;
  int64_t hbm_bytes_per_s; /* peak */
  int64_t hbm_efficiency_ppb;
  int64_t l2_bytes_per_s;      /* from the L2 cache to all processors */
  int64_t widen_numbers_per_s; /* 8-bit numbers made fp16, all processors */
  int64_t hbm_latency_fs;      /* before the first bytes of an operation */

  int64_t peak_ops_per_s[RS_NUMBER_COUNT];      /* dense; 0: not computed in */
  int64_t gemm_efficiency_ppb[RS_NUMBER_COUNT]; /* of the peak, by a large product */
  int64_t attention_efficiency_ppb;             /* of the fp16 peak */
  int64_t tile_rows;                            /* rows of a product come in whole tiles */
  int64_t overlap_ppb; /* of the shorter of computing and reading that hides behind the longer */
  int64_t launch_fs;   /* a kernel */
  int64_t request_fs;  /* once a request, before its first kernel */

  int64_t link_bytes_per_s; /* of one GPU into the switch, one direction */
  int64_t link_efficiency_ppb;
  int64_t link_domain; /* GPUs on one switch */
  int64_t ring_base_fs, ring_step_fs;
  int64_t small_base_fs, small_step_fs; /* the protocol for small messages */
  int64_t small_efficiency_ppb;         /* of the rate that the links have otherwise */
  int64_t board_bytes_per_s;            /* of one GPU to another board, one direction */
  int64_t board_step_fs;                /* a message to another board, beside ring_base_fs */
  double hbm_pj_per_bit;
} rs_chip_gpu;

typedef struct rs_chip {
  const char *name;    /* "groqchip1" */
  const char *summary; /* one line */
  rs_chip_kind kind;
  rs_timing timing; /* its clock, links and port costs */
  int64_t ports;    /* C2C ports on the die */

  int64_t sram_bytes;
  int64_t sram_read_bytes_per_cycle; /* all slices together */
  int64_t stream_bytes_per_cycle;    /* all streams of both directions together */

  int64_t planes, plane_rows, plane_columns;
  int64_t tile_load_cycles;                 /* one tile into one plane, all planes at once */
  int64_t pass_cycles[RS_NUMBER_COUNT];     /* a vector through one tile; 0: not computed in */
  int64_t planes_per_tile[RS_NUMBER_COUNT]; /* planes that work as one */
  int64_t expand_ops; /* vector operations that widen one block4 weight; 0: the matrix unit does */
  int64_t matrix_latency_cycles; /* SRAM → matrix unit → SRAM, first result */

  int64_t lanes;
  int64_t alus_per_lane;
  int64_t vector_latency_cycles; /* SRAM → vector unit → SRAM, first result */
  int64_t gate_vector_cycles;    /* LSTM: copies and vector work a gate and 320 outputs, fitted */

  double sram_pj_per_bit;
  double mac_pj[RS_NUMBER_COUNT];
  double vector_op_pj;
  double c2c_pj_per_bit;
  double static_w;
  double max_w; /* what the part is built for */

  int64_t host_bytes_per_s; /* one direction */
  int64_t host_latency_fs;
  rs_chip_gpu gpu; /* zero in an LPU; above, a GPU has names, energies and host only */
} rs_chip;

/* The chips that are compiled in. */
const rs_chip *rs_chip_catalogue(size_t *count);
const rs_chip *rs_chip_find(const char *name); /* NULL: unknown */

/* Bytes of `count` numbers in a row, whole blocks: 9 bytes for each 16 of block4. 0 ≤ count < 2^62. */
int64_t rs_number_bytes_of(rs_number number, int64_t count);
int64_t rs_number_bytes(rs_number number);    /* of one number in a unit: block4 is asserted away */
const char *rs_number_word(rs_number number); /* "int8" "fp16" "fp8" "bf16" "block4" */
bool rs_number_parse(const char *word, rs_number *number);
/* Blocks are a format of weights only: caches and activations are written a number at a time. */
bool rs_number_is_block(rs_number number);

const char *rs_chip_kind_word(rs_chip_kind kind); /* "lpu" "gpu" */
bool rs_chip_kind_parse(const char *word, rs_chip_kind *kind);
bool rs_chip_computes(const rs_chip *chip, rs_number math); /* the matrix unit takes the format */

/* Invariants: every number within its bounds, products that nobody looks at small, timing valid. */
rs_status rs_chip_check(const rs_chip *chip, rs_diag *diag);

/* Of its name and every number: files change, and results are known by what they were made from. */
uint64_t rs_chip_digest(const rs_chip *chip);

#endif

/* Inside rs_msccl_*.c: a program as it was read, and the order in which its steps can run. */
#ifndef RS__MSCCL_H
#define RS__MSCCL_H

#include "rs__collective.h"
#include "rs_msccl.h"

typedef enum rs__ms_type {
  RS__MS_NOP,
  RS__MS_SEND,
  RS__MS_RECV,
  RS__MS_RECV_COPY_SEND,
  RS__MS_RECV_REDUCE_SEND,
  RS__MS_RECV_REDUCE_COPY,
  RS__MS_RECV_REDUCE_COPY_SEND,
  RS__MS_COPY,
  RS__MS_REDUCE,
  RS__MS_TYPE_COUNT
} rs__ms_type;

typedef enum rs__ms_buffer { RS__MS_INPUT, RS__MS_OUTPUT, RS__MS_SCRATCH } rs__ms_buffer;

typedef struct rs__ms_place {
  uint32_t chunk;
  uint8_t buffer; /* rs__ms_buffer */
} rs__ms_place;

typedef struct rs__ms_step {
  rs__ms_place source, target;
  uint32_t count;  /* chunks */
  uint32_t block;  /* index into blocks */
  uint32_t before; /* a step of the same GPU that must be done; RS_NONE: none */
  uint32_t peer;   /* of what it sends: the step that receives it; RS_NONE: it does not send */
  int line;
  uint8_t type; /* rs__ms_type */
} rs__ms_step;

typedef struct rs__ms_block {
  uint32_t gpu, send, recv, channel; /* RS_NONE: no peer */
  uint32_t first, count;             /* steps */
  int line;
} rs__ms_block;

/* A half of a step: what it receives (or does by itself), then what it sends. */
typedef uint32_t rs__ms_half; /* 2 · step, and 1 for the sending half */

struct rs_msccl {
  const char *file;
  char name[32];
  rs_collective_kind kind;
  uint32_t gpu_count, root;
  uint32_t chunks; /* of the longer of input and output */
  uint32_t scratch_chunks;
  bool in_place;
  rs__ms_block *blocks; /* by GPU */
  uint32_t block_count, block_capacity;
  uint32_t *first_block; /* [GPU], and one more */
  rs__ms_step *steps;    /* by block */
  uint32_t step_count, step_capacity;
  rs__ms_half *order; /* all halves, each behind what it waits for */
};

static inline bool rs__ms_receives(uint8_t type) {
  return type >= RS__MS_RECV && type <= RS__MS_RECV_REDUCE_COPY_SEND;
}
static inline bool rs__ms_sends(uint8_t type) {
  return type == RS__MS_SEND || type == RS__MS_RECV_COPY_SEND || type == RS__MS_RECV_REDUCE_SEND ||
         type == RS__MS_RECV_REDUCE_COPY_SEND;
}
static inline bool rs__ms_reduces(uint8_t type) {
  return type >= RS__MS_RECV_REDUCE_SEND && type <= RS__MS_RECV_REDUCE_COPY_SEND;
}

/* "s", "rrc", … */
const char *rs__ms_type_word(rs__ms_type type);

/* A refusal at a line of the program. */
rs_status rs__ms_refuse(const rs_msccl *program, int line, rs_diag *diag, const char *format, ...)
    RS_PRINTF(4, 5);

/* The same program with every step of many chunks as so many steps. RS_E_LIMIT: too many. */
rs_status rs__ms_split(rs_arena *arena, const rs_msccl *program, rs_msccl **split, rs_diag *diag);

#define RS__MS_STEPS_MAX (UINT32_C(1) << 22)

/* Matches sends with receives and finds an order of all halves. */
rs_status rs__ms_order(rs_arena *arena, rs_msccl *program, rs_diag *diag);

/* ---- rs_msccl_flow.c: from steps to transfers, and what must wait for what ---- */

/* Where data is on a chip, in chunks: `in`, `out` or `tmp`. */
typedef struct rs__ms_spot {
  int64_t chunk;
  uint8_t buffer; /* rs_buffer */
} rs__ms_spot;

typedef struct rs__ms_transfer {
  uint32_t from_gpu, to_gpu;
  uint32_t count; /* chunks */
  rs__ms_spot source, target;
  uint8_t action;
  bool reads_input;  /* the sender's own input is in what it reads */
  bool lands_on_own; /* as it is in what it lands on */
  uint32_t landed;   /* when it lands: twice a place in the order of halves, or one more */
  uint32_t turn;     /* how often its target changed: older edges to it are void */
  uint32_t first_task, last_task;
} rs__ms_transfer;

typedef struct rs__ms_edge {
  uint32_t before, after; /* transfers */
  uint32_t turn;          /* of `after` when the edge was made */
  rs__edge_kind kind;     /* READS, LANDS or CLEARS */
} rs__ms_edge;

typedef struct rs__ms_flow {
  rs__ms_transfer *transfers;
  uint32_t transfer_count, transfer_capacity;
  rs__ms_edge *edges;
  uint32_t edge_count, edge_capacity;
} rs__ms_flow;

/* Runs the program on symbols. All memory is the arena's. */
rs_status rs__ms_flow_make(rs_arena *arena, const rs_msccl *program, rs__ms_flow *flow,
                           rs_diag *diag);

#endif

/* A program that is to be written, before it is text. */
#ifndef RS__MSCCL_WRITE_H
#define RS__MSCCL_WRITE_H

#include "rs__msccl.h"

typedef struct rs__out_step {
  uint32_t next;                  /* of its threadblock */
  uint32_t wait_block, wait_step; /* RS_NONE: none */
  uint32_t source, target, count; /* chunks */
  char source_buffer, target_buffer;
  uint8_t type;
  bool is_waited_for;
} rs__out_step;

typedef struct rs__out_block {
  uint32_t first, last, count; /* steps */
  uint32_t send, recv, channel;
  uint32_t *waited; /* [block of the chip] steps of it that are surely done */
} rs__out_block;

typedef struct rs__out_program {
  rs_collective_kind kind;
  const char *name;
  uint32_t gpu_count, root;        /* RS_NONE: no root */
  uint32_t chunks, share, scratch; /* of the whole, of a block, of hop buffer */
  bool in_place;
  uint32_t *first_block; /* [GPU], and one more */
  rs__out_block *blocks;
  rs__out_step *steps;
  uint32_t step_count, step_capacity;
} rs__out_program;

/* "allreduce", …; NULL: MSCCL has no such collective. */
const char *rs__ms_kind_word(rs_collective_kind kind);

void rs__ms_print(const rs__out_program *program, rs_sink *sink);

#endif

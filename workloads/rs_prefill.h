/*
 * Reading a prompt: the time to its first output token and the rate at which input is read. An encoder's
 * forward pass is a prefill without a next token.
 *
 * A prompt goes through the pipeline in chunks of positions, so that stages work at the same time; a
 * chunk is a step whose rows are all its positions, against the context that is cached with it. The
 * stages take a chunk after the other, later ones longer as the context grows:
 *
 *   first token  = Σ over all chunks but the last of the busiest stage's time + the last one's latency
 *   input rate   = positions / Σ over all chunks of the busiest stage's time, prompt after prompt.
 *
 * Two steps are compiled: the last chunk, and the chunk in the middle, whose stage time stands for the
 * mean of all but the last. Chunks are equally long, rounded up; causality inside a chunk saves nothing.
 * An encoder sees its text whole: one chunk.
 */
#ifndef RS_PREFILL_H
#define RS_PREFILL_H

#include "rs_decode.h"

typedef struct rs_prefill {
  int64_t chunks;
  int64_t chunk_positions;
  rs_decode last;            /* the last chunk, with its schedule */
  rs_decode middle;          /* the one in the middle; as `last` when there is one chunk */
  double first_token_s;      /* host input and output included */
  double input_per_s;        /* positions of all sequences and replicas */
  double energy_j_per_input; /* a position, all included */
  double energy_j_dynamic, energy_j_static; /* parts of it */
} rs_prefill;

/* Lays a prompt of request->context positions out in chunks of at most `chunk`: fills
 * request->positions, which the sharding needs to know. Returns how many chunks. */
int64_t rs_prefill_plan(const rs_model *model, int64_t chunk, rs_sharding_request *request);

/* The sharding, built of that request, must fit (asserted). */
rs_status rs_prefill_compile(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                             const rs_wiring *wiring, const char *topology,
                             const rs_sharding *sharding, int64_t chunks, rs_prefill *prefill,
                             rs_diag *diag);

#endif

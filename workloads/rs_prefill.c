/* Two steps, and what they say about all chunks. */
#include "rs_prefill.h"

#include <assert.h>

enum { TOKEN_BYTES = 4 };

int64_t rs_prefill_plan(const rs_model *m, int64_t chunk, rs_sharding_request *request) {
  assert(chunk >= 1 && request->context >= 1);
  int64_t chunks = m->is_encoder ? 1 : rs_ceil_div_i64(request->context, chunk);
  request->positions = rs_ceil_div_i64(request->context, chunks);
  return chunks;
}

/* Token numbers in, token numbers out. */
static double host_s(const rs_chip *chip, const rs_sharding_request *r) {
  if (chip->host_bytes_per_s == 0) return 0;
  double bytes = (double)TOKEN_BYTES * (double)r->batch * (double)(r->context + 1);
  return 2 * (double)chip->host_latency_fs * 1e-15 + bytes / (double)chip->host_bytes_per_s;
}

static void fill(const rs_chip *chip, const rs_sharding *sharding, rs_prefill *p) {
  const rs_sharding_request *r = &sharding->request;
  double clock = (double)chip->timing.clock_hz;
  double before = (double)(p->chunks - 1);
  double stages_s = before * (double)p->middle.bottleneck_cycles / clock;
  double inputs = (double)r->batch * (double)r->context;
  double all_s = stages_s + (double)p->last.bottleneck_cycles / clock;
  p->first_token_s = stages_s + p->last.token_latency_s + host_s(chip, r);
  p->input_per_s = inputs / all_s * (double)RS_MAX(r->replicas, 1);
  /* a step's energy is given a sequence */
  double dynamic = before * p->middle.energy_j_dynamic + p->last.energy_j_dynamic;
  p->energy_j_dynamic = dynamic / (double)r->context;
  p->energy_j_static = chip->static_w * (double)sharding->chips_used / p->input_per_s;
  p->energy_j_per_input = p->energy_j_dynamic + p->energy_j_static;
}

rs_status rs_prefill_compile(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                             const rs_wiring *wiring, const char *topology,
                             const rs_sharding *sharding, int64_t chunks, rs_prefill *p,
                             rs_diag *diag) {
  int64_t positions = sharding->request.positions;
  *p = (rs_prefill){.chunks = chunks, .chunk_positions = positions};
  rs_status status = rs_decode_compile_at(arena, model, chip, wiring, topology, sharding,
                                          sharding->request.context, &p->last, diag);
  if (status != RS_OK) return status;
  p->middle = p->last;
  if (chunks > 1) {
    int64_t context = rs_ceil_div_i64(chunks, 2) * positions;
    status = rs_decode_compile_at(arena, model, chip, wiring, topology, sharding, context,
                                  &p->middle, diag);
  }
  if (status == RS_OK) fill(chip, sharding, p);
  return status;
}

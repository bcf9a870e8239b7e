/*
 * One decode step: sets up the timeline, lets rs_decode_ops.c fill it, and turns cycles into rates
 * and joules.
 *
 * With m micro-batches in flight each goes through all stages once a token, and a stage can take the
 * next one when it has ended its part of the last. A token of every sequence then comes each
 *   period = max(latency, m · bottleneck),
 * the bound of a closed pipeline with m customers: it is reached when no two micro-batches want a link
 * at once, which this schedule of one micro-batch does not show.
 */
#include "rs_decode.h"

#include <assert.h>
#include <string.h>

#include "rs__decode.h"

/* Bytes of a packet on the wire for so many of payload [ISCA 2022, packet format]. */
enum { PACKET_BYTES = 328, PACKET_PAYLOAD_BYTES = 320 };

/* Every hop pays again: a relay receives and sends. */
static double c2c_energy_j(const rs_chip *chip, int64_t vectors) {
  double wire_bytes = (double)vectors * (double)chip->timing.vector_bytes * PACKET_BYTES;
  return wire_bytes / PACKET_PAYLOAD_BYTES * 8 * chip->c2c_pj_per_bit * 1e-12;
}

static void fill_rates(rs_decode *d, const rs_chip *chip, const rs_sharding_request *r) {
  double clock = (double)chip->timing.clock_hz;
  double concurrency = (double)(r->batch * r->micro_batches);
  d->token_latency_s = (double)d->latency_cycles / clock;
  double busy_s = (double)d->bottleneck_cycles * (double)r->micro_batches / clock;
  double total = concurrency / RS_MAX(d->token_latency_s, busy_s);
  d->tokens_per_s_total = total * (double)RS_MAX(r->replicas, 1);
  d->tokens_per_s_user = total / concurrency;
}

static void fill_shares(rs_decode *d) {
  int64_t waiting = d->part_cycles[RS_PART_NETWORK] + d->part_cycles[RS_PART_PIPELINE];
  d->network_share = (double)waiting / (double)d->latency_cycles;
  d->compute_share = (double)(d->latency_cycles - waiting) / (double)d->latency_cycles;
}

/* The chips that are used burn static power all the time, which is shared by all tokens of that time. */
static void add_up_energy(rs_decode *d, const rs_chip *chip, const rs_sharding *sharding) {
  d->energy_j_dynamic = 0;
  for (int i = 0; i < RS_PART_COUNT; i++) d->energy_j_dynamic += d->part_energy_j[i];
  d->energy_j_static = chip->static_w * (double)sharding->chips_used / d->tokens_per_s_total;
  d->energy_j_per_token = d->energy_j_dynamic + d->energy_j_static;
}

/* The schedule makes `batch` tokens. */
static void fill_energy(rs_decode *d, const rs_chip *chip, const rs_sharding *sharding,
                        int64_t vectors) {
  d->part_energy_j[RS_PART_NETWORK] += c2c_energy_j(chip, vectors);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    d->part_energy_j[i] /= (double)sharding->request.batch;
  }
  add_up_energy(d, chip, sharding);
}

void rs_decode_rate(rs_decode *d, const rs_chip *chip, const rs_sharding *sharding) {
  fill_rates(d, chip, &sharding->request);
  add_up_energy(d, chip, sharding);
}

void rs_decode_add_stalls(rs_decode *d, const rs_chip *chip, const rs_sharding *sharding,
                          int64_t latency_cycles, int64_t bottleneck_cycles) {
  d->latency_cycles += latency_cycles;
  d->part_cycles[RS_PART_NETWORK] += latency_cycles;
  d->bottleneck_cycles += bottleneck_cycles;
  rs_decode_rate(d, chip, sharding);
  fill_shares(d);
}

void rs_decode_mean(const rs_decode *steps, size_t count, const rs_chip *chip,
                    const rs_sharding *sharding, rs_decode *mean) {
  double periods_s = 0, latencies_s = 0, total_s = 0;
  rs_decode sum = {0};
  assert(count > 0);
  for (size_t k = 0; k < count; k++) {
    const rs_decode *d = &steps[k];
    sum.latency_cycles += d->latency_cycles; /* each below 2^58, and there are few */
    sum.bottleneck_cycles = RS_MAX(sum.bottleneck_cycles, d->bottleneck_cycles);
    for (int i = 0; i < RS_PART_COUNT; i++) {
      sum.part_cycles[i] += d->part_cycles[i];
      sum.part_energy_j[i] += d->part_energy_j[i] / (double)count;
    }
    latencies_s += d->token_latency_s;
    periods_s += 1 / d->tokens_per_s_user;
    total_s += 1 / d->tokens_per_s_total;
  }
  fill_shares(&sum);
  sum.latency_cycles /= (int64_t)count;
  for (int i = 0; i < RS_PART_COUNT; i++) sum.part_cycles[i] /= (int64_t)count;
  sum.token_latency_s = latencies_s / (double)count;
  sum.tokens_per_s_user = (double)count / periods_s;
  sum.tokens_per_s_total = (double)count / total_s;
  add_up_energy(&sum, chip, sharding);
  sum.schedule = steps[count - 1].schedule;
  sum.all_reduce_algorithm = steps[count - 1].all_reduce_algorithm;
  *mean = sum;
}

rs_status rs_decode_compile(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                            const rs_wiring *wiring, const char *topology,
                            const rs_sharding *sharding, rs_decode *decode, rs_diag *diag) {
  return rs_decode_compile_with(arena, model, chip, wiring, topology, sharding, NULL, decode, diag);
}

rs_status rs_decode_compile_at(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                               const rs_wiring *wiring, const char *topology,
                               const rs_sharding *sharding, int64_t context, rs_decode *decode,
                               rs_diag *diag) {
  rs_sharding at = *sharding;
  at.request.context = context;
  return rs_decode_compile(arena, model, chip, wiring, topology, &at, decode, diag);
}

rs_status rs_decode_compile_with(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                                 const rs_wiring *wiring, const char *topology,
                                 const rs_sharding *sharding, rs_decode_memo *memo,
                                 rs_decode *decode, rs_diag *diag) {
  assert(sharding->fits && sharding->chips_used <= rs_wiring_working_count(wiring));
  *decode = (rs_decode){0};
  rs__step step = {.arena = arena,
                   .model = model,
                   .chip = chip,
                   .wiring = wiring,
                   .sharding = sharding,
                   .request = &sharding->request,
                   .decode = decode,
                   .memo = memo,
                   .diag = diag};
  step.schedule = rs_schedule_create(arena, wiring, topology, &chip->timing);
  step.calendar = rs_calendar_create(arena, wiring, &chip->timing);
  if (step.schedule == NULL || step.calendar == NULL) return rs_arena_failed(arena, diag);
  rs_status status = rs__share_of(model, &sharding->request, &step.share, diag);
  if (status == RS_OK) status = rs__step_init(&step);
  if (status != RS_OK) return status;
  rs_compile_scratch *own = memo == NULL ? rs_compile_scratch_create() : NULL;
  step.scratch = memo == NULL ? own : memo->scratch;
  if (step.scratch == NULL || (own != NULL && !rs_compile_scratch_keep(own, wiring))) {
    rs_compile_scratch_destroy(own);
    return rs_arena_failed(arena, diag);
  }
  rs__decode_add_operations(&step);
  rs_compile_scratch_destroy(own);
  if (step.status != RS_OK) return step.status;
  decode->schedule = memo == NULL ? step.schedule : NULL;
  if (memo != NULL) memo->templates = rs_repeater_templates(step.repeater);
  decode->latency_cycles = step.front_cycles;
  fill_rates(decode, chip, &sharding->request);
  fill_shares(decode);
  fill_energy(decode, chip, sharding, rs_repeater_vectors(step.repeater));
  return RS_OK;
}

void rs__decode_find_least(const rs_wiring *w, const rs_timing *timing, rs__least *least) {
  *least = (rs__least){.latency_cycles = INT64_MAX};
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    least->ports = RS_MAX(least->ports, (int64_t)(w->in_first[chip + 1] - w->in_first[chip]));
  }
  for (uint32_t l = 0; l < w->link_count; l++) {
    int64_t latency = rs_timing_latency(timing, &w->links[l]);
    least->latency_cycles = RS_MIN(least->latency_cycles, latency);
  }
}

rs_status rs__decode_bound(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                           const rs__least *least, const rs_sharding_request *request, int64_t hops,
                           rs__bound *bound, rs_diag *diag) {
  rs_decode decode = {0};
  rs__step step = {.arena = arena,
                   .model = model,
                   .chip = chip,
                   .request = request,
                   .decode = &decode,
                   .diag = diag,
                   .is_bound = true,
                   .least = *least,
                   .least_hops = hops,
                   .schedule_timing = chip->timing};
  *bound = (rs__bound){0};
  rs_status status = rs__share_of(model, request, &step.share, diag);
  if (status == RS_OK) status = rs__step_init(&step);
  if (status == RS_OK) rs__decode_bound_parts(&step, bound);
  return status == RS_OK ? step.status : status;
}

const char *rs_part_word(rs_part part) {
  static const char *const words[RS_PART_COUNT] = {"weights", "attention", "vector", "network",
                                                   "pipeline"};
  return words[part];
}

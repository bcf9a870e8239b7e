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
static double c2c_energy_j(const rs_chip *chip, const rs_schedule *schedule) {
  double vectors = 0;
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    if (!rs_schedule_rides(schedule, i)) vectors += (double)schedule->bursts[i].count;
  }
  double wire_bytes = vectors * (double)chip->timing.vector_bytes * PACKET_BYTES;
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
static void fill_energy(rs_decode *d, const rs_chip *chip, const rs_sharding *sharding) {
  d->part_energy_j[RS_PART_NETWORK] += c2c_energy_j(chip, d->schedule);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    d->part_energy_j[i] /= (double)sharding->request.batch;
  }
  add_up_energy(d, chip, sharding);
}

void rs_decode_rate(rs_decode *d, const rs_chip *chip, const rs_sharding *sharding) {
  fill_rates(d, chip, &sharding->request);
  add_up_energy(d, chip, sharding);
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
  rs__decode_add_operations(&step);
  if (step.status != RS_OK) return step.status;
  decode->schedule = step.schedule;
  decode->latency_cycles = step.front_cycles;
  fill_rates(decode, chip, &sharding->request);
  fill_shares(decode);
  fill_energy(decode, chip, sharding);
  return RS_OK;
}

/* The fastest link and the most ports of the wiring, that no bound is above what a chip can do. */
static void find_least(rs__step *step) {
  const rs_wiring *w = step->wiring;
  step->least_latency_cycles = INT64_MAX;
  for (uint32_t chip = 0; chip < w->chip_count; chip++) {
    step->most_ports =
        RS_MAX(step->most_ports, (int64_t)(w->in_first[chip + 1] - w->in_first[chip]));
  }
  for (uint32_t l = 0; l < w->link_count; l++) {
    int64_t latency = rs_timing_latency(&step->schedule_timing, &w->links[l]);
    step->least_latency_cycles = RS_MIN(step->least_latency_cycles, latency);
  }
}

/* Breadth first from a chip until all of `first` … `first + count − 1` are found. */
static int64_t search_group(const rs_wiring *w, uint32_t first, uint32_t count, uint32_t *hops,
                            uint32_t *queue) {
  uint32_t found = 1, waiting = 1;
  memset(hops, 0xff, w->chip_count * sizeof *hops);
  hops[first] = 0;
  queue[0] = first;
  for (uint32_t head = 0; head < waiting && found < count; head++) {
    uint32_t chip = queue[head];
    for (uint32_t l = w->out_first[chip]; l < w->out_first[chip + 1]; l++) {
      uint32_t to = w->links[l].to;
      if (hops[to] != RS_NONE) continue;
      hops[to] = hops[chip] + 1;
      queue[waiting++] = to;
      if (to < first || to >= first + count) continue;
      if (++found == count) return hops[to];
    }
  }
  return found == count ? 0 : -1;
}

int64_t rs__decode_least_hops(rs_arena *arena, const rs_wiring *w, int64_t tensor, int64_t groups) {
  uint32_t *hops = RS_ARENA_NEW(arena, uint32_t, w->chip_count);
  uint32_t *queue = RS_ARENA_NEW(arena, uint32_t, w->chip_count);
  int64_t least = INT64_MAX;
  /* Where chips are out of use groups are not in a row: the weaker bound will do. */
  if (hops == NULL || queue == NULL || rs_wiring_working_count(w) != w->chip_count) return 0;
  for (int64_t g = 0; g < groups; g++) {
    int64_t farthest = search_group(w, (uint32_t)(g * tensor), (uint32_t)tensor, hops, queue);
    if (farthest >= 0) least = RS_MIN(least, farthest);
  }
  return least == INT64_MAX ? 0 : least;
}

rs_status rs__decode_bound(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                           const rs_wiring *wiring, const rs_sharding_request *request,
                           int64_t least_hops, rs__bound *bound, rs_diag *diag) {
  rs_decode decode = {0};
  rs__step step = {.arena = arena,
                   .model = model,
                   .chip = chip,
                   .wiring = wiring,
                   .request = request,
                   .decode = &decode,
                   .diag = diag,
                   .is_bound = true,
                   .least_hops = least_hops,
                   .schedule_timing = chip->timing};
  *bound = (rs__bound){0};
  find_least(&step);
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

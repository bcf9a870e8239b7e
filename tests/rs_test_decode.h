/*
 * What tests of decode, prefill and drafts share: two small models, and a step that is compiled, proved by the
 * checker, played, and held against what is true of every step.
 */
#ifndef RS_TEST_DECODE_H
#define RS_TEST_DECODE_H

#include <math.h>
#include <string.h>
#include "rs_checker.h"
#include "rs_decode.h"
#include "rs_player.h"
#include "rs_test.h"
#include "rs_topology.h"

#define TINY_MODEL(model_name, layer_count)                                                  \
  {                                                                                          \
    .name = (model_name), .layers = (layer_count), .hidden = 640, .heads = 8, .kv_heads = 4, \
    .head_dim = 80, .ffn = 1280, .vocab = 1000, .gated_mlp = true                            \
  }

static const rs_model tiny = TINY_MODEL("tiny", 8);

/* The other family: learned positions, biases, an MLP of two matrices, nothing that divides well. */
static const rs_model tiny_gpt = {.name = "tiny-gpt",
                                  .layers = 3,
                                  .hidden = 650,
                                  .heads = 10,
                                  .kv_heads = 10,
                                  .head_dim = 65,
                                  .ffn = 1290,
                                  .vocab = 997,
                                  .positions = 512,
                                  .tied_embedding = true,
                                  .biases = true};

static inline const rs_chip *groqchip1(void) {
  const rs_chip *chip = rs_chip_find("groqchip1");
  assert_non_null(chip);
  return chip;
}

static inline int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL ? -1 : 0;
}

static inline int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

static inline rs_sharding_request request_of(int64_t tensor, int64_t pipeline) {
  return (rs_sharding_request){.tensor = tensor,
                               .pipeline = pipeline,
                               .batch = 1,
                               .micro_batches = 1,
                               .context = 100,
                               .weights = RS_INT8,
                               .kv = RS_FP16,
                               .activations = RS_FP16};
}

static inline const rs_wiring *wiring_of(rs_arena *arena, const char *spec) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

/* Cables by their ends. */
static inline const rs_wiring *wiring_by_hand(rs_arena *arena, uint32_t chips,
                                              const uint32_t (*cables)[2], size_t count) {
  rs_diag diag;
  rs_wiring *wiring;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  for (size_t i = 0; i < count; i++) {
    assert_ok(rs_wiring_builder_add(builder, cables[i][0], cables[i][1], RS_CABLE_NODE, &diag),
              &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static inline rs_sharding *shard(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                                 const rs_wiring *w, const rs_sharding_request *request) {
  rs_diag diag;
  rs_sharding *sharding;
  assert_ok(rs_sharding_build(arena, model, chip, w->chip_count, request, &sharding, &diag), &diag);
  assert_true(sharding->fits);
  return sharding;
}

/* ---- what holds for every step ---- */

static inline void assert_proved(const rs_schedule *s, const rs_wiring *w, int64_t latency,
                                 rs_fidelity fidelity) {
  rs_diag diag;
  rs_check_report report;
  rs_play play;
  const rs_check_options check = {.seed = 1};
  const rs_play_options options = {.fidelity = fidelity, .seed = 1};
  assert_ok(rs_checker_run(s, w, &check, &report, &diag), &diag);
  assert_ok(rs_player_run(s, w, &options, &play, &diag), &diag);
  assert_int_equal(report.makespan_cycles, latency);
  assert_int_equal(play.makespan_cycles, latency);
  assert_true(report.vectors == play.vector_hops);
}

/* Every operation is fed by an interval on each chip that has an input, and read by one on each chip
 * that gets a result: nothing is sent for nothing, and nothing comes from nowhere. Of the group's chips,
 * or of those of a part of it that share a cache. */
static inline void assert_ops_are_linked(const rs_schedule *s, const rs_sharding_request *r) {
  for (uint32_t op = 0; op < s->op_count; op++) {
    int64_t readers = 0, writers = 0;
    for (uint64_t i = 0; i < s->compute_count; i++) {
      readers += s->computes[i].reads_op == op ? 1 : 0;
      writers += s->computes[i].writes_op == op ? 1 : 0;
    }
    int64_t chips = s->ops[op].group_count / (s->ops[op].kind == RS_SEND ? 2 : 1);
    assert_int_equal(readers, chips);
    assert_int_equal(writers, chips);
    assert_true(chips == r->tensor || (r->kv_split == RS_KV_POSITIONS && chips < r->tensor));
  }
}

static inline bool is_label(const rs_schedule *s, const rs_compute *c, const char *label) {
  return strcmp(s->labels[c->label], label) == 0;
}

static inline bool may_be_preloaded(const rs_schedule *s, const rs_compute *c) {
  return is_label(s, c, "qkv") || is_label(s, c, "gate-up") || is_label(s, c, "up") ||
         is_label(s, c, "head") || is_label(s, c, "output") || is_label(s, c, "expand") ||
         is_label(s, c, "latents");
}

/* A load ahead ends where a projection begins that waited for the network. */
static inline void assert_preloads_lead_somewhere(const rs_schedule *s) {
  for (uint64_t i = 0; i < s->compute_count; i++) {
    const rs_compute *load = &s->computes[i];
    bool leads = false;
    if (!is_label(s, load, "preload")) continue;
    for (uint64_t k = 0; k < s->compute_count; k++) {
      const rs_compute *c = &s->computes[k];
      leads = leads || (c->chip == load->chip && may_be_preloaded(s, c) &&
                        c->start_cycles == load->start_cycles + load->cycles);
    }
    assert_true(leads);
  }
}

/* The longest time from a stage's first start to its last end, from the records alone. The last
 * operation of a pipeline is the next token on its way, which no stage works on. */
/* The place that a chip has among those that are not spare. */
static inline int64_t place_of(const rs_wiring *w, uint32_t chip) {
  int64_t place = chip;
  for (uint32_t c = 0; w->spare != NULL && c < chip; c++) place -= w->spare[c] ? 1 : 0;
  return place;
}

static inline int64_t longest_stage(const rs_schedule *s, const rs_wiring *w,
                                    const rs_sharding_request *r) {
  int64_t longest = 0;
  for (int64_t stage = 0; stage < r->pipeline; stage++) {
    int64_t first = INT64_MAX, last = 0;
    for (uint64_t i = 0; i < s->compute_count; i++) {
      const rs_compute *c = &s->computes[i];
      bool is_next_token = r->pipeline > 1 && c->reads_op == s->op_count - 1;
      int64_t at = place_of(w, c->chip) / r->tensor;
      if (at != stage || is_label(s, c, "preload") || is_next_token) continue;
      first = RS_MIN(first, c->start_cycles);
      last = RS_MAX(last, c->start_cycles + c->cycles);
    }
    longest = RS_MAX(longest, last - first);
  }
  return longest;
}

static inline void assert_close(double a, double b) {
  if (!(fabs(a - b) <= 1e-12 * fabs(b))) fail_msg("%.17g is not %.17g", a, b);
}

static inline void assert_rates(const rs_decode *d, const rs_chip *chip,
                                const rs_sharding *sharding) {
  const rs_sharding_request *r = &sharding->request;
  double clock = (double)chip->timing.clock_hz;
  int64_t waits = d->part_cycles[RS_PART_NETWORK] + d->part_cycles[RS_PART_PIPELINE];
  int64_t period = RS_MAX(d->latency_cycles, r->micro_batches * d->bottleneck_cycles);
  assert_close(d->token_latency_s, (double)d->latency_cycles / clock);
  assert_close(d->tokens_per_s_user, clock / (double)period);
  assert_close(d->tokens_per_s_total,
               (double)(r->batch * r->micro_batches) * clock / (double)period);
  assert_close(d->network_share, (double)waits / (double)d->latency_cycles);
  assert_close(d->compute_share, 1 - d->network_share);
  assert_close(d->energy_j_static,
               chip->static_w * (double)sharding->chips_used / d->tokens_per_s_total);
  assert_close(d->energy_j_per_token, d->energy_j_dynamic + d->energy_j_static);
}

static inline void assert_sound(const rs_decode *d, const rs_chip *chip, const rs_wiring *w,
                                const rs_sharding *sharding, rs_fidelity fidelity) {
  int64_t sum = 0;
  const rs_sharding_request *r = &sharding->request;
  assert_proved(d->schedule, w, d->latency_cycles, fidelity);
  assert_ops_are_linked(d->schedule, r);
  assert_preloads_lead_somewhere(d->schedule);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    assert_true(d->part_cycles[i] >= 0);
    sum += d->part_cycles[i];
  }
  assert_int_equal(sum, d->latency_cycles);
  assert_true((d->part_cycles[RS_PART_NETWORK] > 0) == (r->tensor > 1));
  assert_true((d->part_cycles[RS_PART_PIPELINE] > 0) == (r->pipeline > 1));
  assert_true((d->all_reduce_algorithm != NULL) == (r->tensor > 1));
  assert_int_equal(d->bottleneck_cycles, longest_stage(d->schedule, w, r));
  assert_rates(d, chip, sharding);
}

/* Compiles, and holds the result against all of the above. */
static inline rs_decode decode_on(rs_arena *arena, const rs_model *model, const rs_wiring *w,
                                  const rs_sharding_request *request, rs_fidelity fidelity) {
  rs_diag diag;
  rs_decode d;
  const rs_chip *chip = groqchip1();
  rs_sharding *sharding = shard(arena, model, chip, w, request);
  assert_ok(rs_decode_compile(arena, model, chip, w, "", sharding, &d, &diag), &diag);
  assert_sound(&d, chip, w, sharding, fidelity);
  return d;
}

static inline rs_decode decode(rs_arena *arena, const rs_model *model, const char *spec,
                               const rs_sharding_request *request) {
  return decode_on(arena, model, wiring_of(arena, spec), request, RS_FIDELITY_BURST);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, setup_arena, teardown_arena)

#endif

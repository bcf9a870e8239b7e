/* Shardings, and the decode step as a whole schedule that is proved and played. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_decode.h"
#include "rs_player.h"
#include "rs_test.h"
#include "rs_topology.h"

static rs_model preset(const char *name) {
  rs_diag diag;
  rs_model model;
  rs_model_preset p;
  assert_true(rs_model_preset_find(name, &p));
  assert_ok(rs_model_parse(name, p.config, strlen(p.config), &model, &diag), &diag);
  return model;
}

/* A model that a few chips hold, with everything that the large ones have. */
static const rs_model tiny = {.name = "tiny",
                              .layers = 6,
                              .hidden = 640,
                              .heads = 8,
                              .kv_heads = 4,
                              .head_dim = 80,
                              .ffn = 1280,
                              .vocab = 1000,
                              .gated_mlp = true};

static rs_sharding_request request_of(int64_t tensor, int64_t pipeline) {
  return (rs_sharding_request){.tensor = tensor,
                               .pipeline = pipeline,
                               .batch = 1,
                               .micro_batches = 1,
                               .context = 100,
                               .weights = RS_INT8,
                               .kv = RS_FP16,
                               .activations = RS_FP16};
}

/* ---- shardings ---- */

/* 576 chips of 220 MiB hold 132.9 GB: Llama-2-70B fits at 8 bit and not at 16, and says by how much. */
static void seventy_billion_fit_at_eight_bit(void **state) {
  (void)state;
  rs_diag diag;
  rs_sharding *sharding;
  rs_arena *arena = rs_arena_create(0);
  rs_model model = preset("llama-2-70b");
  const rs_chip *chip = rs_chip_find("groqchip1");
  rs_sharding_request request = request_of(8, 72);
  request.context = 4096;
  assert_true(fabs((double)(576 * chip->sram_bytes) / 132.9e9 - 1) < 0.001);
  assert_ok(rs_sharding_build(arena, &model, chip, 576, &request, &sharding, &diag), &diag);
  assert_true(sharding->fits);
  request.weights = RS_FP16;
  assert_ok(rs_sharding_build(arena, &model, chip, 576, &request, &sharding, &diag), &diag);
  assert_false(sharding->fits);
  assert_non_null(strstr(sharding->reason, "MB more than its 230.7 MB"));
  rs_arena_destroy(arena);
}

/* Concurrency = batch × pipelining, and the cache is concurrency × one sequence's. */
static void the_cache_holds_all_sequences_in_flight(void **state) {
  (void)state;
  rs_diag diag;
  rs_sharding *sharding;
  int64_t one;
  rs_arena *arena = rs_arena_create(0);
  rs_model model = preset("llama-3-70b");
  rs_sharding_request request = request_of(8, 72);
  request.context = 8192;
  request.batch = 3;
  request.micro_batches = 5;
  assert_ok(rs_model_kv_bytes(&model, 8192, 2, &one, &diag), &diag);
  assert_ok(
      rs_sharding_build(arena, &model, rs_chip_find("groqchip1"), 576, &request, &sharding, &diag),
      &diag);
  assert_int_equal(sharding->kv_bytes_total, 3 * 5 * one);
  rs_arena_destroy(arena);
}

/* Largest stage over all ways to deal the layers: every composition of `layers` into `stages`. */
static int64_t best_by_force(const rs_sharding *s, int64_t layer_bytes, int64_t stage,
                             int64_t layers) {
  int64_t stages = s->request.pipeline;
  int64_t extra = s->stages[stage].weight_bytes + s->stages[stage].kv_bytes -
                  s->stages[stage].layer_count * layer_bytes + s->stages[stage].work_bytes;
  if (stage + 1 == stages) return extra + layers * layer_bytes;
  int64_t best = INT64_MAX;
  for (int64_t take = 1; take <= layers - (stages - 1 - stage); take++) {
    int64_t rest = best_by_force(s, layer_bytes, stage + 1, layers - take);
    int64_t here = extra + take * layer_bytes;
    int64_t largest = here > rest ? here : rest;
    if (largest < best) best = largest;
  }
  return best;
}

static void stages_are_dealt_as_evenly_as_can_be(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (int64_t layers = 1; layers <= 10; layers++) {
    for (int64_t stages = 1; stages <= layers; stages++) {
      rs_diag diag;
      rs_sharding *s;
      rs_model model = tiny;
      model.layers = layers;
      model.vocab = 1000 * layers;
      rs_sharding_request request = request_of(2, stages);
      assert_ok(
          rs_sharding_build(arena, &model, rs_chip_find("groqchip1"), 100, &request, &s, &diag),
          &diag);
      int64_t next = 0;
      for (int64_t i = 0; i < stages; i++) {
        assert_int_equal(s->stages[i].first_layer, next);
        assert_true(s->stages[i].layer_count >= 1);
        next += s->stages[i].layer_count;
      }
      assert_int_equal(next, layers);
      const rs_stage *one = &s->stages[0];
      rs_model_count count;
      assert_ok(rs_model_count_parameters(&model, &count, &diag), &diag);
      int64_t layer_bytes = (count.layer + 2 * model.hidden) / 2 + one->kv_bytes / one->layer_count;
      assert_int_equal(s->sram_bytes_max, best_by_force(s, layer_bytes, 0, layers));
    }
  }
  rs_arena_destroy(arena);
}

static void shardings_that_do_not_divide_say_why(void **state) {
  (void)state;
  static const struct {
    int64_t tensor, pipeline, micro_batches;
    const char *words;
  } cases[] = {{3, 1, 1, "attention heads"},
               {8, 7, 1, "layers"},
               {8, 100, 1, "chips"},
               {2, 2, 3, "in flight"}};
  rs_arena *arena = rs_arena_create(0);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rs_diag diag;
    rs_sharding *s;
    rs_sharding_request request = request_of(cases[i].tensor, cases[i].pipeline);
    request.micro_batches = cases[i].micro_batches;
    assert_int_equal(
        rs_sharding_build(arena, &tiny, rs_chip_find("groqchip1"), 64, &request, &s, &diag),
        RS_E_INFEASIBLE);
    if (strstr(diag.what, cases[i].words) == NULL) fail_msg("it says: %s", diag.what);
  }
  rs_arena_destroy(arena);
}

/* ---- decode ---- */

static const rs_wiring *wiring_of(rs_arena *arena, const char *spec) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

static void decode(rs_arena *arena, const rs_model *model, const char *spec,
                   const rs_sharding_request *request, rs_decode *result, rs_fidelity fidelity) {
  rs_diag diag;
  rs_sharding *sharding;
  rs_check_report report;
  rs_play play;
  const rs_chip *chip = rs_chip_find("groqchip1");
  const rs_wiring *w = wiring_of(arena, spec);
  const rs_check_options check = {.seed = 1};
  const rs_play_options options = {.fidelity = fidelity, .seed = 1};
  assert_ok(rs_sharding_build(arena, model, chip, w->chip_count, request, &sharding, &diag), &diag);
  assert_true(sharding->fits);
  assert_ok(rs_decode_compile(arena, model, chip, w, spec, sharding, result, &diag), &diag);
  assert_ok(rs_checker_run(result->schedule, w, &check, &report, &diag), &diag);
  assert_ok(rs_player_run(result->schedule, w, &options, &play, &diag), &diag);
  assert_int_equal(play.makespan_cycles, result->latency_cycles);
  assert_int_equal(report.makespan_cycles, result->latency_cycles);
  int64_t sum = 0;
  for (int i = 0; i < RS_PART_COUNT; i++) sum += result->part_cycles[i];
  assert_int_equal(sum, result->latency_cycles);
}

/* All shardings of the tiny model on 16 chips: proved, and played word by word. */
static void every_sharding_is_proved(void **state) {
  (void)state;
  for (int64_t tensor = 1; tensor <= 8; tensor *= 2) {
    for (int64_t pipeline = 1; pipeline <= 6 && tensor * pipeline <= 16; pipeline++) {
      rs_arena *arena = rs_arena_create(0);
      rs_decode result;
      rs_sharding_request request = request_of(tensor, pipeline);
      decode(arena, &tiny, "realscale:16", &request, &result, RS_FIDELITY_VECTOR);
      assert_true((result.part_cycles[RS_PART_NETWORK] > 0) == (tensor > 1));
      assert_true((result.part_cycles[RS_PART_PIPELINE] > 0) == (pipeline > 1));
      rs_arena_destroy(arena);
    }
  }
}

static void more_work_takes_longer(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  int64_t last = 0;
  for (int64_t batch = 1; batch <= 16; batch *= 4) {
    rs_decode result;
    rs_sharding_request request = request_of(8, 2);
    request.batch = batch;
    decode(arena, &tiny, "realscale:16", &request, &result, RS_FIDELITY_BURST);
    assert_true(result.latency_cycles > last);
    last = result.latency_cycles;
  }
  last = 0;
  for (int64_t context = 100; context <= 10000; context *= 10) {
    rs_decode result;
    rs_sharding_request request = request_of(8, 2);
    request.context = context;
    decode(arena, &tiny, "realscale:16", &request, &result, RS_FIDELITY_BURST);
    assert_true(result.latency_cycles > last);
    last = result.latency_cycles;
  }
  rs_arena_destroy(arena);
}

/* With m micro-batches in flight the rate of all grows until the busiest stage is full. */
static void micro_batches_fill_the_pipeline(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  double last = 0;
  for (int64_t m = 1; m <= 6; m++) {
    rs_decode r;
    rs_sharding_request request = request_of(2, 6);
    request.micro_batches = m;
    decode(arena, &tiny, "realscale:16", &request, &r, RS_FIDELITY_BURST);
    double period = (double)(m * r.bottleneck_cycles) / 900e6;
    double expected = (double)m / (period > r.token_latency_s ? period : r.token_latency_s);
    assert_true(fabs(r.tokens_per_s_total / expected - 1) < 1e-12);
    assert_true(r.tokens_per_s_total >= last);
    last = r.tokens_per_s_total;
  }
  rs_arena_destroy(arena);
}

/* The main job, whole: proved and played; a rate between what the weights alone allow and nothing. */
static void the_main_job_is_proved(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_decode result;
  rs_model model = preset("llama-2-70b");
  rs_sharding_request request = request_of(8, 72);
  request.context = 4096;
  decode(arena, &model, "realscale:576", &request, &result, RS_FIDELITY_BURST);
  /* 68.98 GB over 8 chips, widened to 2 bytes: 10,240 B a cycle → 1.68 M cycles at the least */
  assert_true(result.part_cycles[RS_PART_WEIGHTS] > 1680000);
  assert_true(result.tokens_per_s_user > 100 && result.tokens_per_s_user < 535);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(seventy_billion_fit_at_eight_bit),
      cmocka_unit_test(the_cache_holds_all_sequences_in_flight),
      cmocka_unit_test(stages_are_dealt_as_evenly_as_can_be),
      cmocka_unit_test(shardings_that_do_not_divide_say_why),
      cmocka_unit_test(every_sharding_is_proved),
      cmocka_unit_test(more_work_takes_longer),
      cmocka_unit_test(micro_batches_fill_the_pipeline),
      cmocka_unit_test(the_main_job_is_proved),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

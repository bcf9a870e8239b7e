/*
 * The decode step as a whole schedule: proved by the checker, played word by word, its time and
 * energy added up by hand where one chip or one cable makes that possible, and by other roads where
 * not. Chip constants are read from the catalogue; the arithmetic is on top of them.
 */
#include <math.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_decode.h"
#include "rs_player.h"
#include "rs_test.h"
#include "rs_topology.h"

/* A model that a few chips hold, with all that the large ones have. */
static const rs_model tiny = {.name = "tiny",
                              .layers = 8,
                              .hidden = 640,
                              .heads = 8,
                              .kv_heads = 4,
                              .head_dim = 80,
                              .ffn = 1280,
                              .vocab = 1000,
                              .gated_mlp = true};

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

static const rs_chip *groqchip1(void) {
  const rs_chip *chip = rs_chip_find("groqchip1");
  assert_non_null(chip);
  return chip;
}

static int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL ? -1 : 0;
}

static int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

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

static const rs_wiring *wiring_of(rs_arena *arena, const char *spec) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *wiring;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &wiring, &diag), &diag);
  return wiring;
}

/* Cables by their ends. */
static const rs_wiring *wiring_by_hand(rs_arena *arena, uint32_t chips, const uint32_t (*cables)[2],
                                       size_t count) {
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

static rs_sharding *shard(rs_arena *arena, const rs_model *model, const rs_chip *chip,
                          const rs_wiring *w, const rs_sharding_request *request) {
  rs_diag diag;
  rs_sharding *sharding;
  assert_ok(rs_sharding_build(arena, model, chip, w->chip_count, request, &sharding, &diag), &diag);
  assert_true(sharding->fits);
  return sharding;
}

/* ---- what holds for every step ---- */

static void assert_proved(const rs_schedule *s, const rs_wiring *w, int64_t latency,
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
 * that gets a result: nothing is sent for nothing, and nothing comes from nowhere. */
static void assert_ops_are_linked(const rs_schedule *s, int64_t tensor) {
  for (uint32_t op = 0; op < s->op_count; op++) {
    int64_t readers = 0, writers = 0;
    for (uint64_t i = 0; i < s->compute_count; i++) {
      readers += s->computes[i].reads_op == op ? 1 : 0;
      writers += s->computes[i].writes_op == op ? 1 : 0;
    }
    assert_int_equal(readers, tensor);
    assert_int_equal(writers, tensor);
  }
}

static bool is_label(const rs_schedule *s, const rs_compute *c, const char *label) {
  return strcmp(s->labels[c->label], label) == 0;
}

static bool may_be_preloaded(const rs_schedule *s, const rs_compute *c) {
  return is_label(s, c, "qkv") || is_label(s, c, "gate-up") || is_label(s, c, "up") ||
         is_label(s, c, "head");
}

/* A load ahead ends where a projection begins that waited for the network. */
static void assert_preloads_lead_somewhere(const rs_schedule *s) {
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
static int64_t place_of(const rs_wiring *w, uint32_t chip) {
  int64_t place = chip;
  for (uint32_t c = 0; w->spare != NULL && c < chip; c++) place -= w->spare[c] ? 1 : 0;
  return place;
}

static int64_t longest_stage(const rs_schedule *s, const rs_wiring *w,
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

static void assert_close(double a, double b) {
  if (!(fabs(a - b) <= 1e-12 * fabs(b))) fail_msg("%.17g is not %.17g", a, b);
}

static void assert_rates(const rs_decode *d, const rs_chip *chip, const rs_sharding *sharding) {
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

static void assert_sound(const rs_decode *d, const rs_chip *chip, const rs_wiring *w,
                         const rs_sharding *sharding, rs_fidelity fidelity) {
  int64_t sum = 0;
  const rs_sharding_request *r = &sharding->request;
  assert_proved(d->schedule, w, d->latency_cycles, fidelity);
  assert_ops_are_linked(d->schedule, r->tensor);
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
static rs_decode decode_on(rs_arena *arena, const rs_model *model, const rs_wiring *w,
                           const rs_sharding_request *request, rs_fidelity fidelity) {
  rs_diag diag;
  rs_decode d;
  const rs_chip *chip = groqchip1();
  rs_sharding *sharding = shard(arena, model, chip, w, request);
  assert_ok(rs_decode_compile(arena, model, chip, w, "", sharding, &d, &diag), &diag);
  assert_sound(&d, chip, w, sharding, fidelity);
  return d;
}

static rs_decode decode(rs_arena *arena, const rs_model *model, const char *spec,
                        const rs_sharding_request *request) {
  return decode_on(arena, model, wiring_of(arena, spec), request, RS_FIDELITY_BURST);
}

/* ---- by hand ---- */

typedef struct sum {
  rs_diag diag;
  int64_t cycles[RS_PART_COUNT];
  double energy_pj;
  const rs_sharding_request *request;
} sum;

static void count(sum *s, rs_part part, rs_status status, const rs_cost *cost) {
  assert_ok(status, &s->diag);
  s->cycles[part] += cost->cycles;
  s->energy_pj += cost->energy_pj;
}

static void count_vector(sum *s, int64_t elements, int64_t ops) {
  rs_cost c;
  const rs_sharding_request *r = s->request;
  count(s, RS_PART_VECTOR,
        rs_cost_vector(groqchip1(), elements, r->batch, ops, 1, r->activations, &c, &s->diag), &c);
}

static void count_norm(sum *s, int64_t hidden) {
  rs_cost c;
  const rs_sharding_request *r = s->request;
  count(s, RS_PART_VECTOR,
        rs_cost_norm(groqchip1(), hidden, r->batch, r->activations, &c, &s->diag), &c);
}

static void count_gemm(sum *s, int64_t inputs, int64_t outputs, bool preloaded) {
  rs_cost c;
  const rs_sharding_request *r = s->request;
  count(s, RS_PART_WEIGHTS,
        rs_cost_gemm(groqchip1(), inputs, outputs, r->batch, r->weights, r->activations, preloaded,
                     &c, &s->diag),
        &c);
}

static void count_attention(sum *s, int64_t heads, int64_t kv_heads, int64_t head_dim) {
  rs_cost c;
  const rs_sharding_request *r = s->request;
  count(s, RS_PART_ATTENTION,
        rs_cost_attention_scores(groqchip1(), heads, kv_heads, head_dim, r->context, r->batch,
                                 r->kv, r->activations, &c, &s->diag),
        &c);
  count(s, RS_PART_ATTENTION,
        rs_cost_softmax(groqchip1(), r->context, heads * r->batch, r->activations, &c, &s->diag),
        &c);
  count(s, RS_PART_ATTENTION,
        rs_cost_attention_values(groqchip1(), heads, kv_heads, head_dim, r->context, r->batch,
                                 r->kv, r->activations, &c, &s->diag),
        &c);
}

static void assert_sum(const rs_decode *d, const sum *s) {
  for (int i = 0; i < RS_PART_PIPELINE; i++) assert_int_equal(d->part_cycles[i], s->cycles[i]);
}

/* On one chip a token takes what its operations take. Before q/k/v and before gate and up the matrix
 * unit is idle for a residual and a norm, before the head too: 3 · 80 cycles of latency at the least,
 * and a load is 40. */
static void one_chip_adds_up(void **state) {
  rs_arena *arena = *state;
  rs_sharding_request r = request_of(1, 1);
  r.batch = 3;
  sum s = {.request = &r};
  rs_decode d = decode_on(arena, &tiny, wiring_of(arena, "realscale:16"), &r, RS_FIDELITY_VECTOR);
  count_vector(&s, 640, 2); /* embedding: scale, conversion */
  for (int layer = 0; layer < 8; layer++) {
    count_norm(&s, 640);
    count_gemm(&s, 640, (8 + 2 * 4) * 80, true); /* q, k, v */
    count_vector(&s, (8 + 4) * 80, 4);           /* rotary: of q and k */
    count_attention(&s, 8, 4, 80);
    count_gemm(&s, 8 * 80, 640, false); /* output */
    count_vector(&s, 640, 2);           /* residual */
    count_norm(&s, 640);
    count_gemm(&s, 640, 2 * 1280, true); /* gate, up */
    count_vector(&s, 1280, 8);           /* SiLU and gate */
    count_gemm(&s, 1280, 640, false);    /* down */
    count_vector(&s, 640, 2);
  }
  count_norm(&s, 640);
  count_gemm(&s, 640, 1000, true); /* head */
  count_vector(&s, 1000, 2);       /* best */
  assert_sum(&d, &s);
  assert_int_equal(d.schedule->op_count, 0);
  assert_int_equal(d.bottleneck_cycles, d.latency_cycles);
  assert_close(d.energy_j_dynamic, s.energy_pj * 1e-12 / 3); /* three tokens a step */
}

/* The other family on one chip: a bias for q/k/v, one more operation an element for the position and
 * for the bias in each residual; no rotary; one matrix up. */
static void one_chip_of_the_other_family_adds_up(void **state) {
  rs_arena *arena = *state;
  rs_sharding_request r = request_of(1, 1);
  sum s = {.request = &r};
  rs_decode d =
      decode_on(arena, &tiny_gpt, wiring_of(arena, "realscale:16"), &r, RS_FIDELITY_VECTOR);
  count_vector(&s, 650, 3);
  for (int layer = 0; layer < 3; layer++) {
    count_norm(&s, 650);
    count_gemm(&s, 650, 3 * 650, true);
    count_vector(&s, 3 * 650, 2);
    count_attention(&s, 10, 10, 65);
    count_gemm(&s, 650, 650, false);
    count_vector(&s, 650, 3);
    count_norm(&s, 650);
    count_gemm(&s, 650, 1290, true);
    count_vector(&s, 1290, 10);
    count_gemm(&s, 1290, 650, false);
    count_vector(&s, 650, 3);
  }
  count_norm(&s, 650);
  count_gemm(&s, 650, 997, true);
  count_vector(&s, 997, 2);
  assert_sum(&d, &s);
}

static double count_c2c_j(const rs_schedule *s) {
  int64_t vectors = 0;
  for (uint64_t i = 0; i < s->burst_count; i++) vectors += s->bursts[i].count;
  return (double)vectors * 328 * 8 * groqchip1()->c2c_pj_per_bit * 1e-12;
}

/* A chip of 8 has 1 of 8 heads, 1 of 4 kv heads (each is on two chips), 160 of 1,280 ffn and 125 of
 * 1,000 tokens; 80 of 640 hidden numbers where these are split. */
static void count_share_of_eight(sum *s, int64_t layers, int64_t borders) {
  count_vector(s, 80, 2);
  for (int64_t layer = 0; layer < layers; layer++) {
    count_norm(s, 640);
    count_gemm(s, 640, (1 + 2 * 1) * 80, true);
    count_vector(s, (1 + 1) * 80, 4);
    count_attention(s, 1, 1, 80);
    count_gemm(s, 80, 640, false);
    count_vector(s, 640, 2);
    count_norm(s, 640);
    count_gemm(s, 640, 2 * 160, true);
    count_vector(s, 160, 8);
    count_gemm(s, 160, 640, false);
    count_vector(s, layer < borders ? 80 : 640, 2); /* where the stage ends, a shard of the sum */
  }
  count_norm(s, 640);
  count_gemm(s, 640, 125, true);
  count_vector(s, 125, 2);
  count_vector(s, 8, 2); /* choice among 8 */
}

/* The chips of a group do the same at once: its work takes what one chip's share takes, eight times
 * the energy, and that of the vectors on the cables. Three sequences: 3,840 B of hidden numbers, 480 a
 * shard; 8 B each for the best token, 4 for the next. */
static void a_group_adds_up(void **state) {
  static const int64_t bytes[RS_COLLECTIVE_KIND_COUNT] = {
      [RS_ALL_REDUCE] = 3840, [RS_REDUCE_SCATTER] = 480, [RS_ALL_GATHER] = 480, [RS_SEND] = 480};
  rs_arena *arena = *state;
  rs_sharding_request r = request_of(8, 2);
  r.batch = 3;
  sum s = {.request = &r};
  rs_decode d = decode_on(arena, &tiny, wiring_of(arena, "realscale:16"), &r, RS_FIDELITY_VECTOR);
  count_share_of_eight(&s, 8, 1);
  s.cycles[RS_PART_NETWORK] = d.part_cycles[RS_PART_NETWORK];
  assert_sum(&d, &s);
  assert_close(d.energy_j_dynamic * 3, s.energy_pj * 1e-12 * 8 + count_c2c_j(d.schedule));
  for (uint32_t i = 0; i < d.schedule->op_count; i++) {
    const rs_op *op = &d.schedule->ops[i];
    int64_t expected = strcmp(op->label, "best tokens") == 0  ? 24
                       : strcmp(op->label, "next token") == 0 ? 12
                                                              : bytes[op->kind];
    assert_int_equal(op->block_bytes, expected);
  }
}

/* Before its projections a chip's matrix unit is idle for 81 + 161 cycles (embedding or residual,
 * norm). A load that takes longer cannot be done ahead, and one that just fits can. */
static void a_load_needs_its_time(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:16");
  rs_sharding_request request = request_of(1, 1);
  int64_t idle = 0;
  for (int64_t longer = 0; longer <= 1; longer++) {
    rs_diag diag;
    rs_cost residual, norm;
    rs_decode d;
    rs_chip chip = *groqchip1();
    int64_t loads = 0;
    assert_ok(rs_cost_vector(&chip, 640, 1, 2, 1, RS_FP16, &residual, &diag), &diag);
    assert_ok(rs_cost_norm(&chip, 640, 1, RS_FP16, &norm, &diag), &diag);
    idle = residual.cycles + norm.cycles;
    chip.tile_load_cycles = idle + longer;
    rs_sharding *sharding = shard(arena, &tiny, &chip, w, &request);
    assert_ok(rs_decode_compile(arena, &tiny, &chip, w, "", sharding, &d, &diag), &diag);
    assert_sound(&d, &chip, w, sharding, RS_FIDELITY_BURST);
    for (uint64_t i = 0; i < d.schedule->compute_count; i++) {
      loads += is_label(d.schedule, &d.schedule->computes[i], "preload") ? 1 : 0;
    }
    assert_int_equal(loads, longer == 1 ? 0 : 2 * tiny.layers + 1);
  }
}

/* Two chips, one cable, a stage each. Over the cable go
 *   hidden    1,280 B = 4 vectors: they are made by the residual, the first one after f of its c
 *             cycles and the rest at (c − f)/3 a vector, which is less than a slot; so they leave
 *             slot by slot from the first one's readiness on, and the wait after the residual is
 *             f + send + ⌈3 slots⌉ + latency + receive − c;
 *   a token   4 B = 1 vector, ready when its interval ends: send + latency + receive. */
static void one_cable_adds_up(void **state) {
  static const uint32_t cable[][2] = {{0, 1}};
  rs_arena *arena = *state;
  rs_diag diag;
  rs_cost c;
  const rs_timing *t = &groqchip1()->timing;
  rs_sharding_request r = request_of(1, 2);
  rs_decode d = decode_on(arena, &tiny, wiring_by_hand(arena, 2, cable, 1), &r, RS_FIDELITY_VECTOR);
  assert_ok(rs_cost_vector(groqchip1(), 640, 1, 2, 1, RS_FP16, &c, &diag), &diag);
  assert_true(c.cycles - c.first_cycles <= 3 * 23);
  int64_t hop = t->send_cycles + t->latency_cycles[RS_CABLE_NODE] + t->receive_cycles;
  int64_t hidden = c.first_cycles + hop + rs_timing_slots(t, 3) - c.cycles;
  assert_int_equal(d.part_cycles[RS_PART_PIPELINE], hidden + hop);
  assert_int_equal(d.schedule->op_count, 2);
  /* 5 vectors of 320 B, 328 on the wire; the rest is what the same step takes on one chip */
  rs_sharding_request alone = request_of(1, 1);
  rs_decode one = decode(arena, &tiny, "realscale:16", &alone);
  assert_close(d.energy_j_dynamic - one.energy_j_dynamic + 1,
               1 + 5 * 328 * 8 * groqchip1()->c2c_pj_per_bit * 1e-12);
  assert_int_equal(d.latency_cycles, one.latency_cycles + hidden + hop);
}

/* ---- shardings ---- */

/* All shardings of the tiny models on two nodes: proved, and played word by word. Groups of 5 and 10
 * lie across nodes; with 8 chips there are fewer kv heads than chips. */
static void every_sharding_is_proved(void **state) {
  (void)state;
  const rs_model *models[] = {&tiny, &tiny_gpt};
  for (size_t k = 0; k < RS_COUNT_OF(models); k++) {
    for (int64_t tensor = 1; tensor <= 16; tensor++) {
      const rs_model *m = models[k];
      if (m->heads % tensor != 0 || m->ffn % tensor != 0) continue;
      for (int64_t pipeline = 1; pipeline <= m->layers + 2 && tensor * pipeline <= 16; pipeline++) {
        rs_arena *arena = rs_arena_create(0);
        rs_sharding_request request = request_of(tensor, pipeline);
        decode_on(arena, m, wiring_of(arena, "realscale:16"), &request, RS_FIDELITY_VECTOR);
        rs_arena_destroy(arena);
      }
    }
  }
}

/* Nodes 0 … 8 are a rack with node 8, chips 64 … 71, spare; node 9 works. Places 64 and up are chips 72
 * and up. Groups of 5 have one, places 60 … 64, on both sides of the spare node. */
static void spare_chips_get_no_work(void **state) {
  static const int64_t shapes[][2] = {{4, 18}, {5, 14}};
  (void)state;
  for (size_t k = 0; k < RS_COUNT_OF(shapes); k++) {
    rs_arena *arena = rs_arena_create(0);
    rs_model model = k == 0 ? tiny : tiny_gpt;
    const rs_wiring *w = wiring_of(arena, "realscale:80,spare=1");
    rs_sharding_request request = request_of(shapes[k][0], shapes[k][1]);
    uint32_t used[80] = {0}, count = 0;
    model.layers = shapes[k][1];
    rs_decode d = decode_on(arena, &model, w, &request, RS_FIDELITY_VECTOR);
    for (uint64_t i = 0; i < d.schedule->compute_count; i++) used[d.schedule->computes[i].chip]++;
    for (uint32_t i = 0; i < d.schedule->group_chip_count; i++) used[d.schedule->group_chips[i]]++;
    for (uint32_t chip = 0; chip < 80; chip++) {
      if (used[chip] == 0) continue;
      count++;
      assert_true(chip < 64 || chip >= 72);
    }
    assert_int_equal(count, shapes[k][0] * shapes[k][1]);
    rs_arena_destroy(arena);
  }
}

/* Batches and caches of all formats, on shapes where vectors are cut in other places. */
static void batches_and_formats_are_proved(void **state) {
  (void)state;
  for (int64_t batch = 1; batch <= 7; batch += 3) {
    for (int math = 0; math <= RS_FP16; math++) {
      rs_arena *arena = rs_arena_create(0);
      rs_sharding_request request = request_of(5, 3);
      request.batch = batch;
      request.activations = (rs_number)math;
      request.kv = (rs_number)math;
      decode_on(arena, &tiny_gpt, wiring_of(arena, "realscale:16"), &request, RS_FIDELITY_VECTOR);
      rs_arena_destroy(arena);
    }
  }
}

/* Layers are counted where they are: two all-reduces a layer, but for the last of a stage that is not
 * the last; three more operations between stages; embedding, best tokens, next token. */
static void operations_are_counted(void **state) {
  rs_arena *arena = *state;
  rs_sharding_request request = request_of(4, 3);
  rs_decode d = decode(arena, &tiny, "realscale:16", &request);
  int64_t of_kind[RS_COLLECTIVE_KIND_COUNT] = {0};
  for (uint32_t i = 0; i < d.schedule->op_count; i++) of_kind[d.schedule->ops[i].kind]++;
  assert_int_equal(of_kind[RS_ALL_REDUCE], 2 * 8 - 2);
  assert_int_equal(of_kind[RS_REDUCE_SCATTER], 2);
  assert_int_equal(of_kind[RS_SEND], 2 + 1);
  assert_int_equal(of_kind[RS_ALL_GATHER], 2 + 2);
  assert_int_equal(d.schedule->op_count, 14 + 2 + 3 + 4);
}

/* All all-reduces of groups that are alike have one algorithm. */
static void groups_that_are_alike_choose_alike(void **state) {
  rs_arena *arena = *state;
  rs_sharding_request request = request_of(4, 4);
  rs_decode d = decode(arena, &tiny, "realscale:16", &request);
  for (uint32_t i = 0; i < d.schedule->op_count; i++) {
    const rs_op *op = &d.schedule->ops[i];
    if (op->kind != RS_ALL_REDUCE) continue;
    assert_string_equal(op->algorithm, d.all_reduce_algorithm);
  }
}

/* A mesh of 8 and a star of 8. 2,560 B are 8 vectors. In the mesh all are sent everywhere at once, 7
 * slots after the first. In the star every chip would get 7 · 8 of them over its one cable, and only 8
 * when the middle sums them first, in as many hops: the star must not be given the mesh's choice. */
static void groups_that_differ_choose_for_themselves(void **state) {
  uint32_t cables[28 + 7 + 1][2] = {{0, 8},  {8, 9},  {8, 10}, {8, 11},
                                    {8, 12}, {8, 13}, {8, 14}, {8, 15}};
  size_t count = 8;
  rs_arena *arena = *state;
  for (uint32_t i = 0; i < 8; i++) {
    for (uint32_t k = i + 1; k < 8; k++) {
      cables[count][0] = i;
      cables[count++][1] = k;
    }
  }
  rs_sharding_request request = request_of(8, 2);
  request.batch = 2;
  const rs_wiring *w = wiring_by_hand(arena, 16, (const uint32_t(*)[2])cables, count);
  rs_decode d = decode_on(arena, &tiny, w, &request, RS_FIDELITY_BURST);
  int64_t in_star = 0;
  for (uint32_t i = 0; i < d.schedule->op_count; i++) {
    const rs_op *op = &d.schedule->ops[i];
    bool is_mesh = d.schedule->group_chips[op->group_first] == 0;
    if (op->kind != RS_ALL_REDUCE) continue;
    assert_true(is_mesh == (strcmp(op->algorithm, "one-shot") == 0));
    in_star += is_mesh ? 0 : 1;
  }
  assert_true(in_star > 0);
}

/* A cube of 8 chips, and two meshes of 4 which only chips of the cube connect: 12 cables each, so they
 * look alike. In the cube one dimension after the other wins; the second stage cannot go so, because its
 * chips do not connect among themselves, and takes another way. */
static void a_group_that_cannot_do_alike_takes_another_way(void **state) {
  static const uint32_t cables[][2] = {
      {0, 1},   {2, 3},   {4, 5},   {6, 7},   {0, 2},   {1, 3},   {4, 6},  {5, 7},  {0, 4},
      {1, 5},   {2, 6},   {3, 7},   {8, 9},   {8, 10},  {8, 11},  {9, 10}, {9, 11}, {10, 11},
      {12, 13}, {12, 14}, {12, 15}, {13, 14}, {13, 15}, {14, 15}, {0, 8},  {1, 12}};
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_by_hand(arena, 16, cables, RS_COUNT_OF(cables));
  rs_sharding_request request = request_of(8, 2);
  request.batch = 32;
  rs_decode d = decode_on(arena, &tiny, w, &request, RS_FIDELITY_BURST);
  int64_t firsts = 0, seconds = 0;
  for (uint32_t i = 0; i < d.schedule->op_count; i++) {
    const rs_op *op = &d.schedule->ops[i];
    bool is_first = d.schedule->group_chips[op->group_first] == 0;
    if (op->kind != RS_ALL_REDUCE) continue;
    assert_true(is_first == (strcmp(op->algorithm, d.all_reduce_algorithm) == 0));
    firsts += is_first ? 1 : 0;
    seconds += is_first ? 0 : 1;
  }
  assert_string_equal(d.all_reduce_algorithm, "dimensions");
  assert_true(firsts > 0 && seconds > 0);
}

/* ---- properties ---- */

static void more_work_takes_longer(void **state) {
  rs_arena *arena = *state;
  int64_t last = 0;
  for (int64_t batch = 1; batch <= 64; batch *= 4) {
    rs_sharding_request request = request_of(8, 2);
    request.batch = batch;
    rs_decode d = decode(arena, &tiny, "realscale:16", &request);
    assert_true(d.latency_cycles > last);
    last = d.latency_cycles;
  }
  last = 0;
  for (int64_t context = 100; context <= 10000; context *= 10) {
    rs_sharding_request request = request_of(8, 2);
    request.context = context;
    rs_decode d = decode(arena, &tiny, "realscale:16", &request);
    assert_true(d.latency_cycles > last);
    last = d.latency_cycles;
  }
}

/* Twice the chips load half of the weights each; a token then spends less time on them, and more on
 * the network. */
static void tensor_parallelism_trades_weights_for_network(void **state) {
  rs_arena *arena = *state;
  int64_t weights = INT64_MAX, network = -1;
  rs_model model = tiny;
  model.hidden = 2560;
  model.head_dim = 320;
  model.ffn = 10240;
  model.layers = 2;
  for (int64_t tensor = 1; tensor <= 8; tensor *= 2) {
    rs_sharding_request request = request_of(tensor, 1);
    rs_decode d = decode(arena, &model, "realscale:16", &request);
    assert_true(d.part_cycles[RS_PART_WEIGHTS] < weights);
    assert_true(d.part_cycles[RS_PART_NETWORK] > network);
    weights = d.part_cycles[RS_PART_WEIGHTS];
    network = d.part_cycles[RS_PART_NETWORK];
  }
}

/* With m micro-batches in flight the rate of all grows until the busiest stage is full, and does not
 * fall then; a user's rate is the latency's as long as there is room. (assert_sound holds both
 * against the formula.) */
static void micro_batches_fill_the_pipeline(void **state) {
  rs_arena *arena = *state;
  double last = 0;
  for (int64_t m = 1; m <= 8; m++) {
    rs_sharding_request request = request_of(2, 8);
    request.micro_batches = m;
    rs_decode d = decode(arena, &tiny, "realscale:16", &request);
    bool has_room = m * d.bottleneck_cycles <= d.latency_cycles;
    assert_true(d.tokens_per_s_total > last * (1 - 1e-12));
    assert_true(!has_room || d.tokens_per_s_total > last);
    last = d.tokens_per_s_total;
  }
}

static void the_same_twice(void **state) {
  rs_arena *arena = *state;
  rs_sharding_request request = request_of(4, 4);
  rs_decode a = decode(arena, &tiny, "realscale:16", &request);
  rs_decode b = decode(arena, &tiny, "realscale:16", &request);
  assert_true(rs_schedule_digest(a.schedule) == rs_schedule_digest(b.schedule));
  assert_int_equal(a.latency_cycles, b.latency_cycles);
  assert_memory_equal(&a.energy_j_per_token, &b.energy_j_per_token, sizeof a.energy_j_per_token);
}

/* ---- it is tight, and what breaks it is seen ---- */

/* Every interval that reads an operation starts when the result is there and not a cycle later: one
 * cycle earlier, anywhere, and the checker refuses. So it sees the chain through all operations,
 * also where a time of nothing carries a result into the next one. */
static void no_interval_could_start_earlier(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:16");
  rs_sharding_request request = request_of(4, 3);
  rs_decode d = decode_on(arena, &tiny, w, &request, RS_FIDELITY_BURST);
  int64_t moved = 0;
  for (uint64_t i = 0; i < d.schedule->compute_count; i++) {
    rs_compute *c = &d.schedule->computes[i];
    rs_diag diag;
    rs_check_report report;
    const rs_check_options check = {.seed = 1};
    if (c->reads_op == RS_NONE) continue;
    c->start_cycles--;
    assert_int_equal(rs_checker_run(d.schedule, w, &check, &report, &diag), RS_E_REFUSED);
    assert_int_equal(report.fault.kind, RS_FAULT_COMPUTE);
    c->start_cycles++;
    moved++;
  }
  assert_int_equal(moved, 4 * d.schedule->op_count);
}

/* ---- refusals ---- */

/* Memory that ends anywhere is an answer, and not a crash. */
static void too_little_memory_is_said(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:16");
  rs_sharding_request request = request_of(4, 3);
  rs_sharding *sharding = shard(arena, &tiny, groqchip1(), w, &request);
  bool is_enough = false;
  int failures = 0;
  for (size_t limit = 4096; !is_enough && limit < (size_t)64 << 20; limit += limit / 3) {
    rs_diag diag;
    rs_decode d;
    rs_arena *small = rs_arena_create(limit);
    if (small == NULL) continue;
    rs_status status = rs_decode_compile(small, &tiny, groqchip1(), w, "", sharding, &d, &diag);
    is_enough = status == RS_OK;
    if (!is_enough) assert_int_equal(status, RS_E_NO_MEMORY);
    failures += is_enough ? 0 : 1;
    rs_arena_destroy(small);
  }
  assert_true(is_enough);
  assert_true(failures > 3);
}

/* A chip whose units take 2^40 − 1 cycles for anything: a layer has 11 passes through the vector unit
 * and 5 matrix products, so 2^40 · 16 cycles, and 16,500 layers are beyond 2^58. */
static void more_time_than_a_schedule_holds_is_said(void **state) {
  rs_arena *arena = *state;
  rs_diag diag;
  rs_decode d;
  rs_chip chip = *groqchip1();
  rs_model model = tiny;
  rs_sharding_request request = request_of(1, 1);
  const rs_wiring *w = wiring_of(arena, "realscale:16");
  chip.vector_latency_cycles = chip.matrix_latency_cycles = (INT64_C(1) << 40) - 1;
  assert_ok(rs_chip_check(&chip, &diag), &diag);
  model.hidden = model.ffn = model.head_dim = 8;
  model.heads = model.kv_heads = 1;
  model.layers = 16500;
  rs_sharding *sharding = shard(arena, &model, &chip, w, &request);
  assert_int_equal(rs_decode_compile(arena, &model, &chip, w, "", sharding, &d, &diag),
                   RS_E_OVERFLOW);
  assert_non_null(strstr(diag.what, "2^58"));
}

/* ---- the main job ---- */

/* Llama-2-70B in int8 on 576 chips, proved and played. The weights of 68.98 G parameters less the
 * embedding (0.26 G) pass a chip's matrix unit by eighths, 2 bytes each when computed in fp16, at
 * 4 · 320 · 320 bytes in 40 cycles: at least 68.72 G · 2 / 8 / 10,240 = 1.678 M cycles. */
static void the_main_job_is_proved(void **state) {
  rs_arena *arena = *state;
  rs_diag diag;
  rs_model model;
  rs_model_preset preset;
  assert_true(rs_model_preset_find("llama-2-70b", &preset));
  assert_ok(rs_model_parse(preset.name, preset.config, strlen(preset.config), &model, &diag),
            &diag);
  rs_sharding_request request = request_of(8, 72);
  request.context = 4096;
  rs_decode d = decode(arena, &model, "realscale:576", &request);
  assert_true(d.part_cycles[RS_PART_WEIGHTS] > 1678000);
  /* What an interval makes last is waited for over a hop at the least: 207 + 216 + 207 = 630 cycles,
   * and 20 more where it is added. A token passes 71 borders with three transfers each, one
   * of them adding, and comes back once. */
  assert_true(d.part_cycles[RS_PART_PIPELINE] >= 71 * (3 * 630 + 20) + 630);
  /* 80 · 2 − 71 all-reduces, embedding and best tokens */
  assert_true(d.part_cycles[RS_PART_NETWORK] >= 89 * 650 + 2 * 630);
  assert_int_equal(d.schedule->op_count, 89 + 71 * 3 + 3);
}

static void parts_have_words(void **state) {
  (void)state;
  assert_string_equal(rs_part_word(RS_PART_WEIGHTS), "weights");
  assert_string_equal(rs_part_word(RS_PART_ATTENTION), "attention");
  assert_string_equal(rs_part_word(RS_PART_VECTOR), "vector");
  assert_string_equal(rs_part_word(RS_PART_NETWORK), "network");
  assert_string_equal(rs_part_word(RS_PART_PIPELINE), "pipeline");
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, setup_arena, teardown_arena)

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_ARENA(one_chip_adds_up),
      WITH_ARENA(one_chip_of_the_other_family_adds_up),
      WITH_ARENA(a_group_adds_up),
      WITH_ARENA(a_load_needs_its_time),
      WITH_ARENA(one_cable_adds_up),
      cmocka_unit_test(every_sharding_is_proved),
      cmocka_unit_test(spare_chips_get_no_work),
      cmocka_unit_test(batches_and_formats_are_proved),
      WITH_ARENA(operations_are_counted),
      WITH_ARENA(groups_that_are_alike_choose_alike),
      WITH_ARENA(groups_that_differ_choose_for_themselves),
      WITH_ARENA(a_group_that_cannot_do_alike_takes_another_way),
      WITH_ARENA(more_work_takes_longer),
      WITH_ARENA(tensor_parallelism_trades_weights_for_network),
      WITH_ARENA(micro_batches_fill_the_pipeline),
      WITH_ARENA(the_same_twice),
      WITH_ARENA(no_interval_could_start_earlier),
      WITH_ARENA(too_little_memory_is_said),
      WITH_ARENA(more_time_than_a_schedule_holds_is_said),
      WITH_ARENA(the_main_job_is_proved),
      cmocka_unit_test(parts_have_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

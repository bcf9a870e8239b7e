/* The decode step by hand: every interval and transfer of small groups added up from the costs of
 * operations, to the cycle. */
#include "rs_test_decode.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_ARENA(one_chip_adds_up),  WITH_ARENA(one_chip_of_the_other_family_adds_up),
      WITH_ARENA(a_group_adds_up),   WITH_ARENA(a_load_needs_its_time),
      WITH_ARENA(one_cable_adds_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Decode steps of models with experts and with latent attention: added up by hand on one chip, proved
 * and played on groups in every way of meeting experts and of summing up; and more chips than heads.
 */
#include "rs_test_decode.h"

/* Deepseek's form, in small: latents, two dense layers, experts beside a shared one. */
static const rs_model tiny_moe = {
    .name = "tiny-moe",
    .layers = 4,
    .hidden = 640,
    .heads = 8,
    .kv_heads = 8,
    .head_dim = 96,
    .ffn = 1280,
    .vocab = 1000,
    .gated_mlp = true,
    .mla = {.q_rank = 160, .kv_rank = 128, .nope_dim = 64, .rope_dim = 32, .v_dim = 80},
    .moe = {.experts = 16, .top = 4, .shared = 1, .ffn = 320, .first_dense = 2}};

/* Mixtral's form: experts in every layer, kv heads. */
static const rs_model tiny_mixtral = {.name = "tiny-mixtral",
                                      .layers = 3,
                                      .hidden = 640,
                                      .heads = 8,
                                      .kv_heads = 4,
                                      .head_dim = 80,
                                      .ffn = 640,
                                      .vocab = 1000,
                                      .gated_mlp = true,
                                      .moe = {.experts = 8, .top = 2, .ffn = 640}};

static rs_sharding_request step_of(int64_t tensor, int64_t pipeline, int64_t batch) {
  rs_sharding_request r = request_of(tensor, pipeline);
  r.batch = batch;
  return r;
}

static rs_sharding *shard_on(rs_arena *arena, const rs_model *m, const rs_wiring *w,
                             const rs_sharding_request *r) {
  return shard(arena, m, groqchip1(), w, r);
}

/* Proved and played, the parts add up, and every operation is read and fed on each chip. */
static rs_decode step_on(rs_arena *arena, const rs_model *m, const char *spec,
                         const rs_sharding_request *r) {
  rs_diag diag;
  rs_decode d;
  int64_t sum = 0;
  const rs_wiring *w = wiring_of(arena, spec);
  rs_sharding *s = shard_on(arena, m, w, r);
  assert_ok(rs_decode_compile(arena, m, groqchip1(), w, spec, s, &d, &diag), &diag);
  assert_proved(d.schedule, w, d.latency_cycles, RS_FIDELITY_BURST);
  assert_ops_are_linked(d.schedule, r);
  for (int i = 0; i < RS_PART_COUNT; i++) sum += d.part_cycles[i];
  assert_int_equal(sum, d.latency_cycles);
  return d;
}

static uint32_t count_ops(const rs_decode *d, rs_collective_kind kind) {
  uint32_t count = 0;
  for (uint32_t op = 0; op < d->schedule->op_count; op++) {
    count += d->schedule->ops[op].kind == kind ? 1 : 0;
  }
  return count;
}

/* ---- by hand ---- */

typedef struct sum {
  int64_t cycles[RS_PART_COUNT];
  int64_t rows;
} sum;

static void count_gemm(sum *s, int64_t inputs, int64_t outputs, int64_t rows, bool preloaded) {
  rs_cost c;
  rs_diag diag;
  assert_ok(
      rs_cost_gemm(groqchip1(), inputs, outputs, rows, RS_INT8, RS_FP16, preloaded, &c, &diag),
      &diag);
  s->cycles[RS_PART_WEIGHTS] += c.cycles;
}

static void count_vector(sum *s, int64_t elements, int64_t rows, int64_t ops) {
  rs_cost c;
  rs_diag diag;
  assert_ok(rs_cost_vector(groqchip1(), elements, rows, ops, 1, RS_FP16, &c, &diag), &diag);
  s->cycles[RS_PART_VECTOR] += c.cycles;
}

static void count_norm(sum *s, int64_t elements) {
  rs_cost c;
  rs_diag diag;
  assert_ok(rs_cost_norm(groqchip1(), elements, s->rows, RS_FP16, &c, &diag), &diag);
  s->cycles[RS_PART_VECTOR] += c.cycles;
}

static void count_attention(sum *s, int64_t queries, int64_t key, int64_t value) {
  rs_cost c;
  rs_diag diag;
  const rs_chip *chip = groqchip1();
  assert_ok(
      rs_cost_attention_scores(chip, queries, 1, key, 100, s->rows, RS_FP16, RS_FP16, &c, &diag),
      &diag);
  s->cycles[RS_PART_ATTENTION] += c.cycles;
  assert_ok(rs_cost_softmax(chip, 100, queries * s->rows, RS_FP16, &c, &diag), &diag);
  s->cycles[RS_PART_ATTENTION] += c.cycles;
  assert_ok(
      rs_cost_attention_values(chip, queries, 1, value, 100, s->rows, RS_FP16, RS_FP16, &c, &diag),
      &diag);
  s->cycles[RS_PART_ATTENTION] += c.cycles;
}

/* Two sequences on one chip. Capacity is twice the mean, 2·2·4 = 16 slots for the 16 experts: each is
 * computed, for ⌈2·2·4/16⌉ = 1 row. */
static void one_chip_adds_up(void **state) {
  rs_sharding_request r = step_of(1, 1, 2);
  rs_decode d = step_on(*state, &tiny_moe, "realscale:16", &r);
  sum s = {.rows = 2};
  count_vector(&s, 640, 2, 2);
  for (int layer = 0; layer < 4; layer++) {
    count_norm(&s, 640);
    count_gemm(&s, 640, 160 + 128 + 32, 2, true); /* latents */
    count_norm(&s, 160 + 128);
    count_gemm(&s, 160, 8 * 96, 2, false); /* queries */
    count_vector(&s, (8 + 1) * 32, 2, 4);  /* rotary, of the queries and the one key */
    count_gemm(&s, 64, 8 * 128, 2, false); /* absorb */
    count_attention(&s, 8, 128 + 32, 128);
    count_gemm(&s, 128, 8 * 80, 2, false); /* expand */
    count_gemm(&s, 8 * 80, 640, 2, false); /* output */
    count_vector(&s, 640, 2, 2);           /* residual */
    count_norm(&s, 640);
    if (layer < 2) {
      count_gemm(&s, 640, 2 * 1280, 2, true);
      count_vector(&s, 1280, 2, 8);
      count_gemm(&s, 1280, 640, 2, false);
    } else {
      count_gemm(&s, 640, 16, 2, true);      /* router */
      count_vector(&s, 16, 2, 6 + 2 * 4);    /* σ of each, and the best four */
      count_gemm(&s, 640, 2 * 320, 2, true); /* the shared expert */
      count_vector(&s, 320, 2, 8);
      count_gemm(&s, 320, 640, 2, false);
      count_gemm(&s, 640, 16 * 2 * 320, 1, false); /* right behind it: nothing is loaded ahead */
      count_vector(&s, 16 * 320, 1, 8);
      count_gemm(&s, 320, 16 * 640, 1, false);
      count_vector(&s, 640, 16, 3); /* weigh */
    }
    count_vector(&s, 640, 2, 2);
  }
  count_norm(&s, 640);
  count_gemm(&s, 640, 1000, 2, true);
  count_vector(&s, 1000, 2, 2);
  for (int i = 0; i < RS_PART_COUNT; i++) assert_int_equal(d.part_cycles[i], s.cycles[i]);
}

/* ---- slots ---- */

static void slots_follow_demand(void **state) {
  rs_arena *arena = *state;
  const rs_wiring *w = wiring_of(arena, "realscale:16");
  rs_sharding_request r = step_of(8, 1, 1);
  r.expert = 8; /* two experts a chip; a part's mean demand is 4/8 rows, twice that 1 */
  rs_sharding *s = shard_on(arena, &tiny_moe, w, &r);
  assert_int_equal(s->expert_slots, 1);
  assert_int_equal(s->expert_vectors, 1);
  /* four of 16 experts without repetition; a part drops when both of its are asked for:
   * (4·3)/(16·15) = 1/20, of 8 parts 8/20 at most; and one pair of four is lost then: 8/20/4 */
  assert_true(fabs(s->overflow_probability - 0.4) < 1e-12);
  assert_true(fabs(s->dropped_share - 0.1) < 1e-12);
  r.capacity_ppm = 4000000; /* two slots: nothing can be dropped */
  s = shard_on(arena, &tiny_moe, w, &r);
  assert_int_equal(s->expert_slots, 2);
  assert_true(s->overflow_probability == 0 && s->dropped_share == 0);
  r.batch = 16; /* 2·16·4/8 = 16 rows a part: both experts, 2·16·4/16 = 8 rows each */
  r.capacity_ppm = 0;
  s = shard_on(arena, &tiny_moe, w, &r);
  assert_int_equal(s->expert_slots, 2);
  assert_int_equal(s->expert_vectors, 8);
  assert_true(s->overflow_probability > 0 && s->overflow_probability < 0.5);
  r.capacity_ppm = 100000000; /* no expert can be asked for by more rows than there are */
  s = shard_on(arena, &tiny_moe, w, &r);
  assert_int_equal(s->expert_vectors, 16);
  assert_true(s->overflow_probability == 0);
}

/* ---- groups ---- */

/* Every way of meeting experts, of summing, and of cutting the layers. */
static void groups_are_proved(void **state) {
  static const rs_model *const models[] = {&tiny_moe, &tiny_mixtral};
  const int64_t experts[] = {1, 2, 8};
  for (int mix = 0; mix < 2 * 3 * 2 * 2 * 2; mix++) {
    rs_arena *arena = rs_arena_create(0);
    rs_sharding_request r = step_of(8, mix / 6 % 2 == 0 ? 1 : 3, mix / 12 % 2 == 0 ? 1 : 24);
    r.expert = experts[mix / 2 % 3];
    r.sums = mix / 24 == 0 ? RS_SUMS_ALL_REDUCE : RS_SUMS_SPLIT;
    rs_decode d = step_on(arena, models[mix % 2], "realscale:40", &r);
    assert_true(count_ops(&d, RS_SEND) == (r.pipeline == 1 ? 0 : 3));
    if (r.sums == RS_SUMS_SPLIT) assert_int_equal(count_ops(&d, RS_ALL_REDUCE), 0);
    rs_arena_destroy(arena);
  }
  (void)state;
}

/* 24 rows on 8 chips, 3 each: 2·3·4/8 = 3 slots from each chip to each; two all-to-alls a layer that has
 * experts. Auto takes them when 8·3 slots are fewer than rows, which 24 are not and, with a capacity of
 * the mean, 8·2 are. */
static void rows_are_dispatched(void **state) {
  rs_arena *arena = *state;
  for (int64_t pipeline = 1; pipeline <= 4; pipeline += 3) {
    rs_sharding_request r = step_of(8, pipeline, 24);
    r.expert = 8;
    rs_decode d = step_on(arena, &tiny_moe, "realscale:40", &r);
    assert_int_equal(count_ops(&d, RS_ALL_TO_ALL), 0);
    r.dispatch = RS_DISPATCH_ALL_TO_ALL;
    d = step_on(arena, &tiny_moe, "realscale:40", &r);
    assert_int_equal(count_ops(&d, RS_ALL_TO_ALL), 2 * 2);
    /* a slot is a row of 640 · 2 bytes */
    for (uint32_t op = 0; op < d.schedule->op_count; op++) {
      const rs_op *o = &d.schedule->ops[op];
      if (o->kind == RS_ALL_TO_ALL) assert_int_equal(o->block_bytes, 3 * 640 * 2);
    }
    r.dispatch = RS_DISPATCH_AUTO;
    r.capacity_ppm = 1000000;
    d = step_on(arena, &tiny_moe, "realscale:40", &r);
    assert_int_equal(count_ops(&d, RS_ALL_TO_ALL), 2 * 2);
    r.dispatch = RS_DISPATCH_REPLICATED;
    d = step_on(arena, &tiny_moe, "realscale:40", &r);
    assert_int_equal(count_ops(&d, RS_ALL_TO_ALL), 0);
  }
}

/* Two nodes and a half for eight heads: the chips beyond hold none, columns are rounded up. */
static void more_chips_than_heads(void **state) {
  rs_arena *arena = *state;
  rs_sharding_request r = step_of(20, 2, 1);
  step_on(arena, &tiny_mixtral, "realscale:40", &r);
  r.expert = 4;
  step_on(arena, &tiny_moe, "realscale:40", &r);
  rs_model dense = tiny_mixtral;
  dense.moe = (rs_moe){0};
  dense.ffn = 650; /* 33 columns on the fullest chip */
  r.expert = 1;
  rs_sharding *s = shard_on(arena, &dense, wiring_of(arena, "realscale:40"), &r);
  /* 20 chips for 4 kv heads: 5 each, of whose two queries a chip has one at most. The second stage has
   * one layer: q, k, v 640·3·80, output 80·640, MLP 3·640·33, norms 2·640; head 50·640 and a norm */
  int64_t layer = 640 * 3 * 80 + 80 * 640 + 3 * 640 * 33 + 2 * 640;
  assert_int_equal(s->stages[1].layer_count, 1);
  assert_int_equal(s->stages[1].weight_bytes, layer + 50 * 640 + 640);
}

/* ---- refusals ---- */

static void parts_must_divide(void **state) {
  static const struct {
    int64_t tensor, expert;
    rs_dispatch dispatch;
    const char *what, *suggestion;
  } cases[] = {
      {8, 3, RS_DISPATCH_AUTO, "expert = 3 does not divide experts = 16", "expert: 8"},
      {4, 8, RS_DISPATCH_AUTO, "expert = 8 does not divide tensor = 4", "expert: 4"},
      {8, 4, RS_DISPATCH_ALL_TO_ALL, "expert = 4 is not tensor = 8", ""},
      {1, 1, RS_DISPATCH_ALL_TO_ALL, "expert = 1 is not tensor = 1", ""},
  };
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_diag diag;
    rs_sharding *s;
    rs_sharding_request r = step_of(cases[i].tensor, 1, 8);
    r.expert = cases[i].expert;
    r.dispatch = cases[i].dispatch;
    assert_int_equal(rs_sharding_build(*state, &tiny_moe, groqchip1(), 16, &r, &s, &diag),
                     RS_E_INFEASIBLE);
    if (strstr(diag.what, cases[i].what) == NULL) fail_msg("case %zu: %s", i, diag.what);
    assert_string_equal(diag.suggestion, cases[i].suggestion);
  }
  rs_diag diag;
  rs_sharding *s;
  rs_model dense = tiny_mixtral;
  rs_sharding_request r = step_of(8, 1, 1);
  dense.moe = (rs_moe){0};
  r.expert = 2;
  assert_int_equal(rs_sharding_build(*state, &dense, groqchip1(), 16, &r, &s, &diag),
                   RS_E_INFEASIBLE);
  assert_non_null(strstr(diag.what, "the model has no experts"));
  r.expert = -1;
  assert_int_equal(rs_sharding_build(*state, &dense, groqchip1(), 16, &r, &s, &diag), RS_E_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_chip_adds_up),      cmocka_unit_test(slots_follow_demand),
      cmocka_unit_test(groups_are_proved),     cmocka_unit_test(rows_are_dispatched),
      cmocka_unit_test(more_chips_than_heads), cmocka_unit_test(parts_must_divide),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

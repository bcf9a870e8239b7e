/* A cache split by positions over the chips that share it: what each holds, computes and sends, by hand. */
#include "rs_planner.h"
#include "rs_test_decode.h"

/* One kv head for all. */
static const rs_model tiny_mqa = {.name = "tiny-mqa",
                                  .layers = 2,
                                  .hidden = 640,
                                  .heads = 8,
                                  .kv_heads = 1,
                                  .head_dim = 80,
                                  .ffn = 1280,
                                  .vocab = 1000,
                                  .gated_mlp = true};

static const rs_model tiny_latent = {
    .name = "tiny-latent",
    .layers = 3,
    .hidden = 640,
    .heads = 8,
    .kv_heads = 8,
    .head_dim = 96,
    .ffn = 1280,
    .vocab = 1000,
    .gated_mlp = true,
    .mla = {.q_rank = 160, .kv_rank = 128, .nope_dim = 64, .rope_dim = 32, .v_dim = 80}};

static rs_sharding_request split_of(int64_t tensor, int64_t pipeline) {
  rs_sharding_request r = request_of(tensor, pipeline);
  r.kv_split = RS_KV_POSITIONS;
  return r;
}

/* ---- what a chip holds ---- */

/* A layer's cache on a chip, for a sequence of `context` fp16 positions, all on one stage. */
static int64_t kv_bytes_of(rs_arena *arena, const rs_model *m, int64_t tensor, int64_t context,
                           rs_kv_split split) {
  rs_sharding_request r = request_of(tensor, 1);
  r.context = context;
  r.kv_split = split;
  return shard(arena, m, groqchip1(), wiring_of(arena, "realscale:64"), &r)->stages[0].kv_bytes /
         m->layers;
}

/* tiny has 4 kv heads of 80: 2 · 80 · 2 B a position and head. Up to 4 chips none share one. Of 8, two
 * share each, and 101 positions are 51 on the fuller one; of 64, sixteen: ⌈101/16⌉ = 7. Of 10, two, as
 * 10/4 has no half chips. */
static void caches_shrink_with_their_sharers(void **state) {
  static const struct {
    int64_t tensor, by_heads, by_positions;
  } cases[] = {{1, 4 * 101, 4 * 101}, {2, 2 * 101, 2 * 101}, {4, 101, 101},
               {8, 101, 51},          {10, 101, 51},         {64, 101, 7}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    int64_t heads = kv_bytes_of(*state, &tiny, cases[i].tensor, 101, RS_KV_HEADS);
    int64_t positions = kv_bytes_of(*state, &tiny, cases[i].tensor, 101, RS_KV_POSITIONS);
    assert_int_equal(heads, cases[i].by_heads * 2 * 80 * 2);
    assert_int_equal(positions, cases[i].by_positions * 2 * 80 * 2);
  }
}

/* Latents and the rotary key, 128 + 32 numbers, are one cache for the whole group: ⌈101/8⌉ = 13. */
static void latents_are_shared_by_all(void **state) {
  assert_int_equal(kv_bytes_of(*state, &tiny_latent, 8, 101, RS_KV_HEADS), 101 * 160 * 2);
  assert_int_equal(kv_bytes_of(*state, &tiny_latent, 8, 101, RS_KV_POSITIONS), 13 * 160 * 2);
}

/* Work of a chip of 8, two of which share one of tiny's kv heads and its two queries, 3 rows, 101
 * positions. By heads one query meets 101 scores. By positions two queries meet 51, and there are two
 * queries of 80, two parts of 80 for them, and two of 80 for the chip's own query. */
static void work_counts_what_is_exchanged(void **state) {
  rs_sharding_request r = request_of(8, 1);
  const rs_wiring *w = wiring_of(*state, "realscale:16");
  r.batch = 3;
  r.context = 101;
  int64_t heads = shard(*state, &tiny, groqchip1(), w, &r)->stages[0].work_bytes;
  r.kv_split = RS_KV_POSITIONS;
  int64_t positions = shard(*state, &tiny, groqchip1(), w, &r)->stages[0].work_bytes;
  assert_int_equal(positions - heads, 2 * 3 * ((2 * 51 - 101) + 2 * 80 + 2 * 80 + 2 * 80));
}

/* ---- what it computes ---- */

static void count(int64_t *cycles, rs_status status, const rs_cost *cost, const rs_diag *diag) {
  assert_ok(status, diag);
  *cycles += cost->cycles;
}

/* Attention of a layer on a chip: `queries` own heads of `scored` that share a cache of `positions` with
 * `sharers` chips; keys of `key` numbers, values of `value`. */
static int64_t attention_of(const rs_sharding_request *r, int64_t queries, int64_t scored,
                            int64_t sharers, int64_t positions, int64_t key, int64_t value) {
  rs_cost c;
  rs_diag d;
  const rs_chip *chip = groqchip1();
  int64_t cycles = 0, b = r->batch;
  count(&cycles,
        rs_cost_attention_scores(chip, scored, 1, key, positions, b, r->kv, RS_FP16, &c, &d), &c,
        &d);
  /* maximum; then subtract, product, power of two, add, conversion */
  count(&cycles, rs_cost_vector(chip, positions, scored * b, 6, 2, RS_FP16, &c, &d), &c, &d);
  count(&cycles,
        rs_cost_attention_values(chip, scored, 1, value, positions, b, r->kv, RS_FP16, &c, &d), &c,
        &d);
  /* of the parts' statistics: maximum; subtract, product, power of two, product, add; product */
  count(&cycles, rs_cost_vector(chip, sharers, queries * b, 7, 3, RS_FP16, &c, &d), &c, &d);
  /* sharers products, sharers − 1 adds, a conversion */
  count(&cycles, rs_cost_vector(chip, sharers * value, queries * b, 2, 1, RS_FP16, &c, &d), &c, &d);
  return cycles;
}

/* Eight chips, two of them for a kv head with two queries, 101 positions: 51 on a chip. */
static void attention_adds_up(void **state) {
  rs_sharding_request r = split_of(8, 2);
  r.batch = 3;
  r.context = 101;
  rs_decode d = decode_on(*state, &tiny, wiring_of(*state, "realscale:16"), &r, RS_FIDELITY_VECTOR);
  assert_int_equal(d.part_cycles[RS_PART_ATTENTION], 8 * attention_of(&r, 1, 2, 2, 51, 80, 80));
}

/* Eight chips, one cache of latents: eight queries on 13 positions, keys of 160 and values of 128. */
static void attention_to_latents_adds_up(void **state) {
  rs_sharding_request r = split_of(8, 1);
  r.context = 101;
  rs_decode d =
      decode_on(*state, &tiny_latent, wiring_of(*state, "realscale:16"), &r, RS_FIDELITY_VECTOR);
  assert_int_equal(d.part_cycles[RS_PART_ATTENTION], 3 * attention_of(&r, 1, 8, 8, 13, 160, 128));
}

/* ---- what it sends ---- */

typedef struct sent {
  int64_t gathers, exchanges;
} sent;

/* Operations of the cache among `sharers` chips; a part comes with two numbers of 32 bits. */
static sent count_sent(const rs_decode *d, int64_t sharers, int64_t query_bytes,
                       int64_t part_bytes) {
  sent all = {0};
  for (uint32_t i = 0; i < d->schedule->op_count; i++) {
    const rs_op *op = &d->schedule->ops[i];
    bool gathers = strcmp(op->label, "queries") == 0;
    if (!gathers && strcmp(op->label, "parts of attention") != 0) continue;
    assert_int_equal(op->kind, gathers ? RS_ALL_GATHER : RS_ALL_TO_ALL);
    assert_int_equal(op->group_count, sharers);
    assert_int_equal(op->block_bytes, gathers ? query_bytes : part_bytes);
    all.gathers += gathers ? 1 : 0;
    all.exchanges += gathers ? 0 : 1;
  }
  return all;
}

/* tiny: four pairs in each of 8 layers, three rows of a query of 80 numbers. Ten chips are four pairs and
 * two chips without a head. Latents: one group of eight in each of 3 layers, 160 and 128 numbers. */
static void parts_of_the_group_exchange(void **state) {
  rs_sharding_request r = split_of(8, 2);
  r.batch = 3;
  rs_decode d = decode(*state, &tiny, "realscale:16", &r);
  sent s = count_sent(&d, 2, 3 * 80 * 2, 3 * (80 * 2 + 8));
  assert_int_equal(s.gathers, 4 * 8);
  assert_int_equal(s.exchanges, 4 * 8);
  r.tensor = 10;
  d = decode(*state, &tiny, "realscale:24", &r);
  s = count_sent(&d, 2, 3 * 80 * 2, 3 * (80 * 2 + 8));
  assert_int_equal(s.gathers, 4 * 8);
  r = split_of(8, 1);
  d = decode(*state, &tiny_latent, "realscale:16", &r);
  s = count_sent(&d, 8, 160 * 2, 128 * 2 + 8);
  assert_int_equal(s.gathers, 3);
  assert_int_equal(s.exchanges, 3);
}

/* Two chips, one cable, one kv head; two rows. Each sends the other its four heads of 80 numbers: 2 · 640 B
 * are 4 vectors, and 2 · 4 · 168 B of parts are 4.2, so 5. An interval makes n vectors from its first
 * cycle f to its end c; slots are longer than what lies between two of them, so the last one is there
 * f + send + ⌈(n − 1) slots⌉ + latency + receive after the start, or, where the cable is the faster,
 * send + latency + receive after the end. */
static int64_t wait_after(const rs_cost *c, int64_t vectors) {
  const rs_timing *t = &groqchip1()->timing;
  int64_t through = rs_timing_slots(t, vectors - 1);
  int64_t first = c->first_cycles + through;
  return RS_MAX(first, c->cycles) - c->cycles + t->send_cycles + t->latency_cycles[RS_CABLE_NODE] +
         t->receive_cycles;
}

static void one_cable_adds_up(void **state) {
  static const uint32_t cable[][2] = {{0, 1}};
  rs_diag diag;
  rs_cost rotary, values;
  rs_sharding_request r = request_of(2, 1);
  const rs_wiring *w = wiring_by_hand(*state, 2, cable, 1);
  r.batch = 2;
  rs_decode heads = decode_on(*state, &tiny_mqa, w, &r, RS_FIDELITY_VECTOR);
  r.kv_split = RS_KV_POSITIONS;
  rs_decode positions = decode_on(*state, &tiny_mqa, w, &r, RS_FIDELITY_VECTOR);
  assert_ok(rs_cost_vector(groqchip1(), (4 + 1) * 80, 2, 4, 1, RS_FP16, &rotary, &diag), &diag);
  assert_ok(
      rs_cost_attention_values(groqchip1(), 8, 1, 80, 50, 2, RS_FP16, RS_FP16, &values, &diag),
      &diag);
  int64_t more = 2 * (wait_after(&rotary, 4) + wait_after(&values, 5)); /* two layers */
  assert_int_equal(positions.part_cycles[RS_PART_NETWORK] - heads.part_cycles[RS_PART_NETWORK],
                   more);
  /* and a chip's output projection has its first tiles before it starts */
  assert_int_equal(heads.part_cycles[RS_PART_WEIGHTS] - positions.part_cycles[RS_PART_WEIGHTS],
                   2 * groqchip1()->tile_load_cycles);
}

/* ---- where it pays, and where there is nothing to split ---- */

/* Four chips have a kv head each: the same step to the cycle. */
static void nothing_is_shared_by_few(void **state) {
  rs_sharding_request heads = request_of(4, 2), positions = split_of(4, 2);
  rs_decode a = decode(*state, &tiny, "realscale:16", &heads);
  rs_decode b = decode(*state, &tiny, "realscale:16", &positions);
  assert_int_equal(a.latency_cycles, b.latency_cycles);
  assert_int_equal(a.schedule->op_count, b.schedule->op_count);
  assert_int_equal(a.schedule->burst_count, b.schedule->burst_count);
}

/* Two exchanges a layer are lost on a short context and won on a long one. */
static void long_contexts_pay(void **state) {
  for (int64_t context = 128; context <= 128 << 10; context <<= 10) {
    rs_sharding_request heads = request_of(8, 1), positions = split_of(8, 1);
    heads.context = positions.context = context;
    rs_decode a = decode(*state, &tiny_mqa, "realscale:16", &heads);
    rs_decode b = decode(*state, &tiny_mqa, "realscale:16", &positions);
    assert_int_equal(b.latency_cycles<a.latency_cycles, context> 128);
  }
}

/* Every number of chips, with stages, rows and both ways of summing; also those that leave chips without
 * a head, and contexts of fewer positions than sharers. */
static void all_are_proved(void **state) {
  static const rs_model *const models[] = {&tiny, &tiny_mqa, &tiny_latent};
  static const int64_t tensors[] = {2, 8, 11, 16, 20};
  for (int mix = 0; mix < 3 * 5 * 2; mix++) {
    rs_arena *arena = rs_arena_create(0);
    rs_sharding_request r = split_of(tensors[mix % 5], 2);
    r.context = mix % 3 == 0 ? 3 : 333;
    r.batch = mix < 15 ? 1 : 4;
    r.sums = mix % 2 == 0 ? RS_SUMS_ALL_REDUCE : RS_SUMS_SPLIT;
    r.positions = mix % 7 == 0 ? 5 : 0;
    rs_diag diag;
    rs_decode d;
    const rs_wiring *w = wiring_of(arena, "realscale:40");
    rs_sharding *s = shard(arena, models[mix / 5 % 3], groqchip1(), w, &r);
    assert_ok(rs_decode_compile(arena, models[mix / 5 % 3], groqchip1(), w, "", s, &d, &diag),
              &diag);
    assert_proved(d.schedule, w, d.latency_cycles, RS_FIDELITY_BURST);
    assert_ops_are_linked(d.schedule, &r);
    rs_arena_destroy(arena);
  }
  (void)state;
}

/* The planner asserts that no step is better than its bound, and its first row is what its request gives. */
static void plans_split_caches_too(void **state) {
  static const rs_model *const models[] = {&tiny_mqa, &tiny_latent};
  for (int mix = 0; mix < 2 * RS_OBJECTIVE_COUNT; mix++) {
    rs_diag diag;
    rs_decode d;
    rs_planner_result result;
    rs_arena *arena = rs_arena_create(0);
    const rs_wiring *w = wiring_of(arena, "realscale:16");
    const rs_planner_request q = {.model = models[mix % 2],
                                  .chip = groqchip1(),
                                  .wiring = w,
                                  .topology = "realscale:16",
                                  .chips = 16,
                                  .base = {.context = 20000,
                                           .kv_split = RS_KV_POSITIONS,
                                           .weights = RS_INT8,
                                           .kv = RS_FP16,
                                           .activations = RS_FP16,
                                           .capacity_ppm = 1000000},
                                  .objective = (rs_objective)(mix / 2),
                                  .batch_max = 4,
                                  .dropped_max = 1,
                                  .threads = 1,
                                  .work_max = INT64_MAX};
    assert_ok(rs_planner_run(arena, &q, &result, &diag), &diag);
    assert_true(result.gap == 0);
    const rs_sharding_request *best = &result.rows[0].request;
    assert_int_equal(best->kv_split, RS_KV_POSITIONS);
    rs_sharding *s = shard(arena, models[mix % 2], groqchip1(), w, best);
    assert_ok(rs_decode_compile(arena, models[mix % 2], groqchip1(), w, "", s, &d, &diag), &diag);
    assert_int_equal(d.latency_cycles, result.rows[0].decode.latency_cycles);
    rs_arena_destroy(arena);
  }
  (void)state;
}

/* A query of 2^31 numbers in 2^31 rows. */
static void what_is_too_large_is_refused(void **state) {
  rs_diag diag;
  rs_sharding *sharding;
  rs_model m = tiny_mqa;
  rs_sharding_request r = split_of(2, 1);
  m.head_dim = INT64_C(1) << 31;
  r.batch = INT64_C(1) << 30;
  assert_int_equal(rs_sharding_build(*state, &m, groqchip1(), 16, &r, &sharding, &diag),
                   RS_E_OVERFLOW);
}

static void words_are_those_of_the_key(void **state) {
  rs_kv_split split;
  (void)state;
  for (int k = 0; k < RS_KV_SPLIT_COUNT; k++) {
    assert_true(rs_kv_split_parse(rs_kv_split_word((rs_kv_split)k), &split));
    assert_int_equal(split, k);
  }
  assert_false(rs_kv_split_parse("sequence", &split));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_ARENA(caches_shrink_with_their_sharers),
      WITH_ARENA(latents_are_shared_by_all),
      WITH_ARENA(work_counts_what_is_exchanged),
      WITH_ARENA(attention_adds_up),
      WITH_ARENA(attention_to_latents_adds_up),
      WITH_ARENA(parts_of_the_group_exchange),
      WITH_ARENA(one_cable_adds_up),
      WITH_ARENA(nothing_is_shared_by_few),
      WITH_ARENA(long_contexts_pay),
      WITH_ARENA(all_are_proved),
      WITH_ARENA(plans_split_caches_too),
      WITH_ARENA(what_is_too_large_is_refused),
      WITH_ARENA(words_are_those_of_the_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

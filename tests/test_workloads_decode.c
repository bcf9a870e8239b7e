/*
 * The decode step as a whole schedule: proved by the checker, played word by word, its time and
 * energy added up by hand where one chip or one cable makes that possible, and by other roads where
 * not. Chip constants are read from the catalogue; the arithmetic is on top of them.
 */
#include "rs_test_decode.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
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

/*
 * The planner against brute force: every sharding of small models on small wirings is compiled, none
 * beats what the planner finds, and none is better than its bound.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rs_placement.h"
#include "rs_planner.h"
#include "rs_test.h"
#include "rs_topology.h"

static const rs_model tiny = {.name = "tiny",
                              .layers = 5,
                              .hidden = 640,
                              .heads = 8,
                              .kv_heads = 4,
                              .head_dim = 80,
                              .ffn = 1280,
                              .vocab = 1000,
                              .gated_mlp = true};

static const rs_model tiny_moe = {
    .name = "tiny-moe",
    .layers = 4,
    .hidden = 640,
    .heads = 4,
    .kv_heads = 4,
    .head_dim = 96,
    .ffn = 1280,
    .vocab = 1000,
    .gated_mlp = true,
    .mla = {.q_rank = 160, .kv_rank = 128, .nope_dim = 64, .rope_dim = 32, .v_dim = 80},
    .moe = {.experts = 8, .top = 2, .shared = 1, .ffn = 320, .first_dense = 1}};

static int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL ? -1 : 0;
}

static int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

/* A chip with so little memory that some shardings do not fit. */
static rs_chip small_chip(int64_t sram_bytes) {
  rs_chip chip = *rs_chip_find("groqchip1");
  chip.sram_bytes = sram_bytes;
  return chip;
}

static rs_planner_request request_of(rs_arena *arena, const rs_model *m, const rs_chip *chip,
                                     const char *spec, int64_t chips) {
  rs_diag diag;
  rs_topology *topology;
  rs_wiring *w;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  assert_ok(rs_topology_build(arena, topology, NULL, &w, &diag), &diag);
  return (rs_planner_request){
      .model = m,
      .chip = chip,
      .wiring = w,
      .topology = spec,
      .chips = chips,
      .base = {.context = 200,
               .weights = RS_INT8,
               .kv = RS_FP16,
               .activations = RS_FP16,
               .capacity_ppm = 1000000},
      .batch_max = 4,
      .dropped_max = 1, /* every capacity will do: the first, as brute force has it */
      .threads = 2,
      .work_max = INT64_MAX};
}

typedef struct best {
  double user, total, energy; /* the largest, the largest, the least */
  int64_t count, chips_least;
  int64_t placed[RS_PLACEMENT_COUNT]; /* that were tried */
} best;

static void try_one(const rs_planner_request *q, const rs_sharding_request *r, best *b) {
  rs_diag diag;
  rs_sharding *s;
  rs_decode d;
  rs_arena *arena = rs_arena_create(0);
  rs_status status = rs_sharding_build(arena, q->model, q->chip, q->chips, r, &s, &diag);
  if (status == RS_OK && s->fits) {
    assert_ok(rs_decode_compile(arena, q->model, q->chip, q->wiring, q->topology, s, &d, &diag),
              &diag);
    b->user = RS_MAX(b->user, d.tokens_per_s_user);
    b->total = RS_MAX(b->total, d.tokens_per_s_total);
    b->energy = RS_MIN(b->energy, d.energy_j_per_token);
    b->count++;
    if (r->batch == 1 && r->micro_batches == 1)
      b->chips_least = RS_MIN(b->chips_least, s->chips_used);
  }
  rs_arena_destroy(arena);
}

/* Every placement that has room for all stages and is not that of a row. */
static void try_placements(const rs_planner_request *q, rs_sharding_request *r, best *b) {
  rs_arena *arena = rs_arena_create(0);
  uint32_t *row, *chips;
  rs_diag diag;
  size_t bytes = (size_t)(r->tensor * r->pipeline) * sizeof *row;
  for (int k = 0; k < RS_PLACEMENT_COUNT; k++) {
    r->placement = (rs_placement)k;
    uint32_t **found = k == 0 ? &row : &chips;
    if (rs_placement_chips(arena, q->wiring, r, found, &diag) != RS_OK) continue;
    if (k > 0 && memcmp(row, chips, bytes) == 0) continue;
    try_one(q, r, b);
    b->placed[k]++;
  }
  rs_arena_destroy(arena);
}

/* All counts that the planner has in its list, and those that do not divide. */
static best brute_force(const rs_planner_request *q) {
  best b = {.energy = INFINITY, .chips_least = INT64_MAX};
  rs_sharding_request r = q->base;
  int64_t tensor_max = rs_planner_tensor_max(q);
  for (r.tensor = 1; r.tensor <= RS_MIN(q->chips, tensor_max); r.tensor++) {
    if (r.tensor > q->model->heads && r.tensor % 8 != 0) continue;
    for (r.expert = 1; r.expert <= RS_MAX(q->model->moe.experts, 1); r.expert++) {
      for (r.pipeline = 1; r.pipeline <= q->model->layers + 2; r.pipeline++) {
        for (r.batch = 1; r.batch <= q->batch_max; r.batch *= 2) {
          for (r.micro_batches = 1; r.micro_batches <= r.pipeline; r.micro_batches++) {
            bool is_tried =
                r.micro_batches == r.pipeline || (r.micro_batches & (r.micro_batches - 1)) == 0;
            if (is_tried) try_placements(q, &r, &b);
          }
        }
      }
    }
  }
  return b;
}

static void assert_placed(const best *b, bool has_racks, bool has_nodes) {
  assert_true((b->placed[RS_PLACEMENT_RACKS] > 0) == has_racks);
  assert_true((b->placed[RS_PLACEMENT_NODES] > 0) == has_nodes);
}

static void check_case(const rs_model *m, int64_t sram_bytes, const char *spec, int64_t chips,
                       bool has_racks, bool has_nodes) {
  rs_arena *arena = rs_arena_create(0);
  rs_chip chip = small_chip(sram_bytes);
  rs_planner_request q = request_of(arena, m, &chip, spec, chips);
  best b = brute_force(&q);
  assert_true(b.count > 10);
  assert_placed(&b, has_racks, has_nodes);
  for (int o = 0; o < RS_OBJECTIVE_COUNT; o++) {
    rs_diag diag;
    rs_planner_result result;
    q.objective = (rs_objective)o;
    assert_ok(rs_planner_run(arena, &q, &result, &diag), &diag);
    const rs_decode *d = &result.rows[0].decode;
    assert_true(result.gap == 0);
    assert_int_equal(result.candidates, b.count);
    assert_true(result.compiled < b.count);
    assert_int_equal(result.chips_least, b.chips_least);
    if (o == RS_OBJECTIVE_LATENCY) assert_true(d->tokens_per_s_user == b.user);
    if (o == RS_OBJECTIVE_THROUGHPUT) assert_true(d->tokens_per_s_total == b.total);
    if (o == RS_OBJECTIVE_ENERGY) assert_true(d->energy_j_per_token == b.energy);
  }
  rs_arena_destroy(arena);
}

static void brute_force_finds_nothing_better(void **state) {
  (void)state;
  check_case(&tiny, 230000000, "realscale:16", 16, false, true);
  check_case(&tiny, 6000000, "realscale:24", 24, false, true);
  check_case(&tiny, 9000000, "ring:12", 10, false, false);
  check_case(&tiny_moe, 230000000, "realscale:16", 16, false, true);
  check_case(&tiny, 9000000, "realscale:144,levels=2", 144, true, true);
  check_case(&tiny_moe, 4000000, "realscale:24", 24, false, true);
}

/* The front: sorted by the objective, and no row is beaten by another in all three. */
static void the_front_is_one(void **state) {
  rs_diag diag;
  rs_planner_result result;
  rs_chip chip = small_chip(6000000);
  rs_planner_request q = request_of(*state, &tiny, &chip, "realscale:24", 24);
  assert_ok(rs_planner_run(*state, &q, &result, &diag), &diag);
  assert_true(result.row_count >= 2);
  for (size_t i = 0; i < result.row_count; i++) {
    const rs_decode *a = &result.rows[i].decode;
    if (i > 0) assert_true(a->tokens_per_s_user <= result.rows[i - 1].decode.tokens_per_s_user);
    for (size_t k = 0; k < result.row_count; k++) {
      const rs_decode *b = &result.rows[k].decode;
      assert_false(k != i && b->tokens_per_s_user > a->tokens_per_s_user &&
                   b->tokens_per_s_total > a->tokens_per_s_total &&
                   b->energy_j_per_token < a->energy_j_per_token);
    }
  }
}

/* With no work allowed one candidate is compiled, and the gap covers the best there is. */
static void a_gap_covers_the_best(void **state) {
  rs_diag diag;
  rs_planner_result little, all;
  rs_chip chip = small_chip(6000000);
  rs_planner_request q = request_of(*state, &tiny, &chip, "realscale:24", 24);
  q.objective = RS_OBJECTIVE_THROUGHPUT;
  assert_ok(rs_planner_run(*state, &q, &all, &diag), &diag);
  q.work_max = 1;
  assert_ok(rs_planner_run(*state, &q, &little, &diag), &diag);
  double best_total = all.rows[0].decode.tokens_per_s_total;
  double found = little.rows[0].decode.tokens_per_s_total;
  assert_true(little.compiled < all.compiled);
  assert_true(best_total <= found * (1 + little.gap) * (1 + 1e-12));
}

/* Threads change nothing: not a row, nor how many were compiled. */
static void threads_change_nothing(void **state) {
  rs_diag diag;
  rs_planner_result one, many;
  rs_chip chip = small_chip(6000000);
  rs_planner_request q = request_of(*state, &tiny, &chip, "realscale:24", 24);
  q.threads = 0;
  assert_ok(rs_planner_run(*state, &q, &one, &diag), &diag);
  for (q.threads = 1; q.threads <= 5; q.threads += 2) {
    assert_ok(rs_planner_run(*state, &q, &many, &diag), &diag);
    assert_int_equal(many.compiled, one.compiled);
    assert_int_equal(many.row_count, one.row_count);
    for (size_t i = 0; i < one.row_count; i++) {
      const rs_planner_row *a = &one.rows[i], *b = &many.rows[i];
      assert_int_equal(a->request.tensor, b->request.tensor);
      assert_int_equal(a->request.pipeline, b->request.pipeline);
      assert_int_equal(a->request.batch, b->request.batch);
      assert_int_equal(a->request.micro_batches, b->request.micro_batches);
      assert_int_equal(a->decode.latency_cycles, b->decode.latency_cycles);
      assert_int_equal(a->decode.bottleneck_cycles, b->decode.bottleneck_cycles);
      assert_true(a->decode.energy_j_per_token == b->decode.energy_j_per_token);
    }
  }
}

static void what_does_not_fit_says_what_would(void **state) {
  rs_diag diag;
  rs_planner_result result;
  rs_chip chip = small_chip(6000000);
  rs_planner_request q = request_of(*state, &tiny, &chip, "realscale:24", 2);
  assert_int_equal(rs_planner_run(*state, &q, &result, &diag), RS_E_INFEASIBLE);
  assert_true(result.chips_least > 2);
  /* and with that many it does */
  q.chips = result.chips_least;
  assert_ok(rs_planner_run(*state, &q, &result, &diag), &diag);
  assert_int_equal(result.chips_least, q.chips);
  q.chips--;
  assert_int_equal(rs_planner_run(*state, &q, &result, &diag), RS_E_INFEASIBLE);
  chip.sram_bytes = 100;
  assert_int_equal(rs_planner_run(*state, &q, &result, &diag), RS_E_INFEASIBLE);
  assert_int_equal(result.chips_least, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(brute_force_finds_nothing_better),
      cmocka_unit_test(the_front_is_one),
      cmocka_unit_test(a_gap_covers_the_best),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(what_does_not_fit_says_what_would),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

/* Speculative decoding: tokens a round by hand, rates from the two steps, memory of both. */
#include "rs_speculate.h"
#include "rs_test_decode.h"

static const rs_model target = TINY_MODEL("target", 6);

/* A third of its layers: on two stages where the target is on three. */
static const rs_model small = TINY_MODEL("small", 2);

/* Micro-batches of two sequences of 1,000 positions. */
static rs_sharding_request round_of(int64_t tensor, int64_t pipeline, int64_t micro_batches) {
  rs_sharding_request r = request_of(tensor, pipeline);
  r.batch = 2;
  r.micro_batches = micro_batches;
  r.context = 1000;
  return r;
}

static rs_round round_on(rs_arena *arena, const rs_speculation *s, rs_sharding_request r,
                         rs_speculate_sharding *sharding) {
  rs_diag diag;
  rs_round round;
  const rs_wiring *w = wiring_of(arena, "realscale:32");
  const rs_chip *chip = groqchip1();
  assert_ok(rs_speculate_build(arena, &target, s, chip, w->chip_count, &r, sharding, &diag), &diag);
  assert_true(sharding->target->fits);
  assert_ok(rs_speculate_compile(arena, &target, s, chip, w, "realscale:32", sharding, r.context,
                                 &round, &diag),
            &diag);
  assert_proved(round.draft.schedule, w, round.draft.latency_cycles, RS_FIDELITY_BURST);
  assert_proved(round.verify.schedule, w, round.verify.latency_cycles, RS_FIDELITY_BURST);
  return round;
}

/* a = 1: all 4 and the target's own. a = 1/2: 1 + 1/2 + 1/4 + 1/8 = 15/8 = (1 − 1/16) / (1 − 1/2).
 * One draft token kept with chance 0.3: 1.3. */
static void tokens_of_a_round(void **state) {
  (void)state;
  assert_true(rs_speculate_tokens(&(rs_speculation){&small, 4, 1000000}) == 5);
  assert_true(rs_speculate_tokens(&(rs_speculation){&small, 3, 500000}) == 1.875);
  assert_close(rs_speculate_tokens(&(rs_speculation){&small, 1, 300000}), 1.3);
  for (int64_t length = 1; length <= 64; length *= 2) {
    double closed = (1 - pow(0.8, (double)length + 1)) / (1 - 0.8);
    assert_close(rs_speculate_tokens(&(rs_speculation){&small, length, 800000}), closed);
  }
}

/* One micro-batch of two sequences: tokens / (3 · draft + verification) a sequence, twice that in all. */
static void rate_follows_from_two_steps(void **state) {
  const rs_speculation s = {&small, 3, 500000};
  rs_speculate_sharding sharding;
  rs_round r = round_on(*state, &s, round_of(8, 3, 1), &sharding);
  double clock = (double)groqchip1()->timing.clock_hz;
  double round_s = (3 * (double)r.draft.latency_cycles + (double)r.verify.latency_cycles) / clock;
  assert_close(r.token.tokens_per_s_user, 1.875 / round_s);
  assert_close(r.token.tokens_per_s_total, 2 * 1.875 / round_s);
  assert_close(r.token.token_latency_s, round_s / 1.875);
  double dynamic = (3 * r.draft.energy_j_dynamic + r.verify.energy_j_dynamic) / 1.875;
  assert_close(r.token.energy_j_dynamic, dynamic);
  assert_close(r.token.energy_j_per_token, dynamic + r.token.energy_j_static);
  assert_int_equal(sharding.draft->request.pipeline, 2); /* of two layers */
}

/* Three micro-batches on three stages: a stage is held by each for its part of four steps. */
static void micro_batches_wait_for_the_busiest_stage(void **state) {
  const rs_speculation s = {&target, 3, 1000000};
  rs_speculate_sharding sharding;
  rs_round r = round_on(*state, &s, round_of(8, 3, 3), &sharding);
  double latency = 3 * (double)r.draft.latency_cycles + (double)r.verify.latency_cycles;
  double busy = 3 * (3 * (double)r.draft.bottleneck_cycles + (double)r.verify.bottleneck_cycles);
  double clock = (double)groqchip1()->timing.clock_hz;
  assert_close(r.token.tokens_per_s_user, 4 / (RS_MAX(latency, busy) / clock));
  assert_close(r.token.tokens_per_s_total, 6 * r.token.tokens_per_s_user);
}

/* On one chip nothing moves. A verification of 2 sequences · 4 positions is every projection, the head
 * too, with 8 vectors; a prompt's chunk has a head of two. */
static void a_verification_has_a_head_for_every_position(void **state) {
  rs_diag diag;
  rs_cost c;
  const rs_speculation s = {&small, 3, 500000};
  rs_speculate_sharding sharding;
  rs_round r = round_on(*state, &s, round_of(1, 1, 1), &sharding);
  const rs_chip *chip = groqchip1();
  const int64_t shapes[][4] = {{640, (8 + 2 * 4) * 80, 6, 1},
                               {640, 640, 6, 0},
                               {640, 2 * 1280, 6, 1},
                               {1280, 640, 6, 0},
                               {640, 1000, 1, 1}};
  int64_t weights = 0;
  for (size_t i = 0; i < RS_COUNT_OF(shapes); i++) {
    assert_ok(rs_cost_gemm(chip, shapes[i][0], shapes[i][1], 8, RS_INT8, RS_FP16, shapes[i][3] == 1,
                           &c, &diag),
              &diag);
    weights += shapes[i][2] * c.cycles;
  }
  assert_int_equal(r.verify.part_cycles[RS_PART_WEIGHTS], weights);
  /* logits of 8 rows · 1,000 tokens where a prompt's chunk has 2: 6,000 numbers of 2 B more */
  rs_sharding *chunk;
  rs_sharding_request request = sharding.target->request;
  request.heads_all = false;
  assert_ok(rs_sharding_build(*state, &target, chip, 32, &request, &chunk, &diag), &diag);
  assert_int_equal(sharding.target->stages[0].work_bytes - chunk->stages[0].work_bytes, 12000);
}

/* Chips of the draft's stages hold both; work is the larger one's. */
static void memory_is_of_both(void **state) {
  const rs_speculation s = {&small, 3, 500000};
  rs_speculate_sharding both;
  rs_diag diag;
  rs_sharding_request r = round_of(8, 3, 1);
  rs_chip chip = *groqchip1();
  assert_ok(rs_speculate_build(*state, &target, &s, &chip, 32, &r, &both, &diag), &diag);
  assert_true(both.target->fits);
  assert_int_equal(both.target->request.context, 1003);
  int64_t fullest = both.target->sram_bytes_max;
  int64_t most = 0;
  for (int64_t stage = 0; stage < 3; stage++) {
    const rs_stage *t = &both.target->stages[stage];
    int64_t bytes = t->weight_bytes + t->kv_bytes + t->work_bytes;
    if (stage < 2) bytes += both.draft->stages[stage].weight_bytes;
    if (stage < 2) bytes += both.draft->stages[stage].kv_bytes;
    most = RS_MAX(most, bytes); /* four positions work in more than one */
  }
  assert_int_equal(fullest, most);
  chip.sram_bytes = fullest - 1;
  assert_ok(rs_speculate_build(*state, &target, &s, &chip, 32, &r, &both, &diag), &diag);
  assert_false(both.target->fits);
  assert_non_null(strstr(both.target->reason, "the draft does not fit: a chip of stage"));
  chip.sram_bytes = 1000; /* not the draft's fault */
  assert_ok(rs_speculate_build(*state, &target, &s, &chip, 32, &r, &both, &diag), &diag);
  assert_non_null(strstr(both.target->reason, "does not fit: a chip of stage"));
  assert_null(strstr(both.target->reason, "draft"));
}

static void a_draft_must_divide(void **state) {
  rs_model odd = small;
  const rs_speculation s = {&odd, 3, 500000};
  rs_speculate_sharding both;
  rs_diag diag;
  rs_sharding_request r = round_of(8, 3, 1);
  odd.heads = odd.kv_heads = 10;
  assert_int_equal(rs_speculate_build(*state, &target, &s, groqchip1(), 32, &r, &both, &diag),
                   RS_E_INFEASIBLE);
  assert_non_null(strstr(diag.what, "the draft: tensor = 8 does not divide attention heads = 10"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_of_a_round),
      cmocka_unit_test_setup_teardown(rate_follows_from_two_steps, setup_arena, teardown_arena),
      cmocka_unit_test_setup_teardown(micro_batches_wait_for_the_busiest_stage, setup_arena,
                                      teardown_arena),
      cmocka_unit_test_setup_teardown(a_verification_has_a_head_for_every_position, setup_arena,
                                      teardown_arena),
      cmocka_unit_test_setup_teardown(memory_is_of_both, setup_arena, teardown_arena),
      cmocka_unit_test_setup_teardown(a_draft_must_divide, setup_arena, teardown_arena)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

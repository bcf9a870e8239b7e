/* Speculative decoding on GPUs: a round from its steps, memory of both, rows of a verification. */
#include <math.h>
#include <string.h>

#include "rs_gpu_speculate.h"
#include "rs_test.h"

static rs_model model_of(const char *name) {
  rs_model_preset preset;
  rs_model model;
  rs_diag diag = {0};
  assert_true(rs_model_preset_find(name, &preset));
  assert_ok(rs_model_parse(name, preset.config, strlen(preset.config), &model, &diag), &diag);
  return model;
}

static rs_gpu_request request_of(int64_t tensor, int64_t batch) {
  return (rs_gpu_request){.tensor = tensor,
                          .batch = batch,
                          .inputs = 1000,
                          .outputs = 1,
                          .weights = RS_FP8,
                          .kv = RS_FP8,
                          .math = RS_FP8,
                          .activations = RS_FP16,
                          .shares_kv = true};
}

static void assert_close(double a, double b) {
  if (!(fabs(a - b) <= 1e-9 * fabs(b))) fail_msg("%.17g is not %.17g", a, b);
}

static rs_gpu_round round_of(const rs_model *m, const rs_speculation *s, const rs_gpu_request *r) {
  rs_gpu_round round;
  rs_diag diag = {0};
  assert_ok(rs_gpu_speculate(m, s, rs_chip_find("h100"), r, &round, &diag), &diag);
  return round;
}

/* With a = 0.5 four tokens of a draft make 1 + ½ + ¼ + ⅛ + 1/16 = 1.9375 a round. A step of the draft is
 * the decode step at 1,000 + 2 positions, two draft steps later than the round begins. Times and
 * energies add up. */
static void a_round_is_its_steps(void **state) {
  rs_model target = model_of("llama-2-70b"), draft = model_of("llama-2-7b");
  const rs_speculation s = {.draft = &draft, .length = 4, .acceptance_ppm = 500000};
  rs_gpu_request r = request_of(8, 2);
  rs_gpu_step alone;
  rs_diag diag = {0};
  (void)state;
  rs_gpu_round round = round_of(&target, &s, &r);
  assert_true(round.tokens == 1.9375);
  r.inputs = 1002;
  assert_ok(rs_gpu_decode(&draft, rs_chip_find("h100"), &r, &alone, &diag), &diag);
  assert_true(round.draft.latency_s == alone.latency_s);
  double seconds = 4 * round.draft.latency_s + round.verify.latency_s;
  assert_close(round.token.latency_s, seconds / 1.9375);
  assert_close(round.token.step_s, seconds / 1.9375);
  int64_t sum = 0;
  for (int i = 0; i < RS_GPU_GROUP_COUNT; i++) sum += round.token.group_fs[i];
  assert_close((double)sum * 1e-15, seconds / 1.9375);
  /* a step's energies are a position's: 2 of the draft's, 5 · 2 of the verification's */
  const rs_gpu_energy *e = &round.token.energy;
  double hbm = 4 * 2 * round.draft.energy.hbm_j + 10 * round.verify.energy.hbm_j;
  assert_close(e->hbm_j, hbm / (2 * 1.9375));
  assert_close(e->static_j, 210 * 8 * seconds / (2 * 1.9375));
  assert_close(e->j_per_token, e->compute_j + e->hbm_j + e->link_j + e->static_j);
  /* a draft that is always right is worth it, one that hardly ever is costs */
  r.inputs = 1000;
  assert_ok(rs_gpu_decode(&target, rs_chip_find("h100"), &r, &alone, &diag), &diag);
  const rs_speculation right = {&draft, 4, 1000000}, wrong = {&draft, 4, 1};
  assert_true(round_of(&target, &right, &r).token.step_s < alone.step_s);
  assert_true(round_of(&target, &wrong, &r).token.step_s > alone.step_s);
}

static const rs_gpu_op *find_op(const rs_gpu_op *ops, size_t count, const char *label) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(ops[i].label, label) == 0) return &ops[i];
  }
  fail_msg("no '%s'", label);
  return NULL;
}

/* 5 rows a sequence in every product, the head included: 2 · 8,192 · 32,000 / 4 · 10 operations. The
 * cache is read once: 2 · 2 · 2 kv heads · 128 · 1,004 B for 2 sequences. */
static void a_verification_computes_all_positions(void **state) {
  rs_model m = model_of("llama-2-70b");
  rs_gpu_request r = request_of(4, 2);
  rs_gpu_op ops[RS_GPU_STEP_OPS];
  size_t count;
  rs_diag diag = {0};
  (void)state;
  r.heads_all = true;
  assert_ok(rs_gpu_step_list(&m, rs_chip_find("h100"), &r, 5, 1004, ops, &count, &diag), &diag);
  assert_int_equal(find_op(ops, count, "head")->flops, INT64_C(2) * 8192 * 8000 * 10);
  assert_int_equal(find_op(ops, count, "qkv")->flops, INT64_C(2) * 8192 * 2560 * 10);
  assert_int_equal(find_op(ops, count, "attention")->kv_bytes, INT64_C(8) * 128 * 1004);
  /* no request begins with it: 1.5 ms are those of a prefill */
  rs_model draft = model_of("llama-2-7b");
  const rs_speculation s = {.draft = &draft, .length = 4, .acceptance_ppm = 500000};
  assert_int_equal(round_of(&m, &s, &r).verify.group_fs[RS_GPU_GROUP_HOST], 0);
  /* latents stay latents where there is a cache: 576 B a position for all heads, in fp8 */
  rs_model latent = model_of("deepseek-v3");
  assert_ok(rs_gpu_step_list(&latent, rs_chip_find("h200"), &r, 5, 1004, ops, &count, &diag),
            &diag);
  assert_int_equal(find_op(ops, count, "attention")->kv_bytes, INT64_C(2) * 576 * 1004);
}

/* 70B in fp16 on two GPUs is 69 GB a GPU and 7B 6.7 GB: with 12 sequences of 1,000 positions they fit
 * into 85.9 GB, with 64 they do not: 64 · 1,002 · 2 · 32 · 4,096 · 2 B / 2 = 16.8 GB of the draft's cache
 * alone. Paged are the target's weights, in the verification. */
static void both_have_to_fit(void **state) {
  rs_model target = model_of("llama-2-70b"), draft = model_of("llama-2-7b");
  const rs_speculation s = {.draft = &draft, .length = 3, .acceptance_ppm = 700000};
  rs_gpu_request r = request_of(2, 12);
  rs_gpu_step own, beside;
  rs_diag diag = {0};
  const rs_chip *chip = rs_chip_find("h100");
  (void)state;
  r.weights = r.math = r.kv = RS_FP16;
  rs_gpu_round round = round_of(&target, &s, &r);
  assert_true(round.token.memory.fits);
  r.inputs = 1003; /* what is left of 3 tokens and the one after them */
  assert_ok(rs_gpu_decode(&target, chip, &r, &own, &diag), &diag);
  r.inputs = 1002;
  assert_ok(rs_gpu_decode(&draft, chip, &r, &beside, &diag), &diag);
  assert_int_equal(round.token.memory.weight_bytes,
                   own.memory.weight_bytes + beside.memory.weight_bytes);
  assert_int_equal(round.token.memory.kv_bytes, own.memory.kv_bytes + beside.memory.kv_bytes);
  r.batch = 64;
  round = round_of(&target, &s, &r);
  assert_false(round.token.memory.fits);
  assert_string_equal(round.token.memory.reason,
                      "the draft does not fit: target 79.5 GB and draft 23.6 GB a GPU, has 85.9");
  assert_true(round.token.step_s == 0);
  r.pages_weights = true;
  round = round_of(&target, &s, &r);
  const rs_gpu_memory *memory = &round.token.memory;
  assert_true(memory->fits);
  int64_t held = memory->weight_bytes + memory->kv_bytes;
  assert_int_equal(memory->paged_bytes, held - (INT64_C(80) << 30));
  assert_int_equal(round.draft.cost.part_fs[RS_GPU_PART_HOST], 0);
  assert_true(round.verify.latency_s > (double)memory->paged_bytes / 50e9);
}

/* Two boards, a micro-batch on each: the draft is on both, and a round comes each
 * max(latency, 2 · (4 draft's busy + verification's busy)); halves of the layers keep both busy. */
static void boards_take_turns(void **state) {
  rs_model target = model_of("llama-2-70b"), draft = model_of("llama-2-7b");
  const rs_speculation s = {.draft = &draft, .length = 4, .acceptance_ppm = 500000};
  rs_gpu_request r = request_of(4, 2);
  (void)state;
  r.boards = r.micro_batches = 2;
  rs_gpu_round round = round_of(&target, &s, &r);
  assert_close(round.draft.busy_s * 2, round.draft.latency_s);
  double latency = 4 * round.draft.latency_s + round.verify.latency_s;
  double busy = 4 * round.draft.busy_s + round.verify.busy_s;
  assert_close(round.token.step_s * 1.9375, fmax(latency, 2 * busy));
  assert_close(round.token.energy.static_j, 210 * 8 * latency / (4 * 1.9375));
}

static void what_does_not_divide_is_said(void **state) {
  rs_model target = model_of("llama-2-70b"), draft = model_of("llama-2-7b");
  const rs_speculation s = {.draft = &draft, .length = 4, .acceptance_ppm = 500000};
  rs_gpu_request r = request_of(8, 2);
  rs_gpu_round round;
  rs_diag diag = {0};
  (void)state;
  draft.heads = draft.kv_heads = 12;
  rs_status status = rs_gpu_speculate(&target, &s, rs_chip_find("h100"), &r, &round, &diag);
  assert_int_equal(status, RS_E_INFEASIBLE);
  assert_string_equal(diag.what,
                      "the draft: tensor 8 does not divide 12 heads, 12 kv heads and "
                      "11008 of the MLP");
  r.tensor = 3;
  status = rs_gpu_speculate(&target, &s, rs_chip_find("h100"), &r, &round, &diag);
  assert_int_equal(status, RS_E_INFEASIBLE);
  assert_string_equal(diag.what,
                      "tensor 3 does not divide 64 heads, 8 kv heads and 28672 of the MLP");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_round_is_its_steps),
      cmocka_unit_test(a_verification_computes_all_positions),
      cmocka_unit_test(both_have_to_fit),
      cmocka_unit_test(boards_take_turns),
      cmocka_unit_test(what_does_not_divide_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Prefill: chunks of a prompt, times from the two steps by hand, encoders, and proofs. */
#include "rs_prefill.h"
#include "rs_test_decode.h"

static const rs_model six = TINY_MODEL("six", 6);

static const rs_model tiny_bert = {.name = "tiny-bert",
                                   .layers = 2,
                                   .hidden = 640,
                                   .heads = 8,
                                   .kv_heads = 8,
                                   .head_dim = 80,
                                   .ffn = 1280,
                                   .vocab = 1000,
                                   .positions = 512,
                                   .segments = 2,
                                   .tied_embedding = true,
                                   .biases = true,
                                   .is_encoder = true};

/* Two prompts of so many positions. */
static rs_sharding_request prompts_of(int64_t tensor, int64_t pipeline, int64_t context) {
  rs_sharding_request r = request_of(tensor, pipeline);
  r.batch = 2;
  r.context = context;
  return r;
}

static rs_prefill prefill_on(rs_arena *arena, const rs_model *m, rs_sharding_request r,
                             int64_t chunk) {
  rs_diag diag;
  rs_prefill p;
  const rs_wiring *w = wiring_of(arena, "realscale:32");
  int64_t chunks = rs_prefill_plan(m, chunk, &r);
  rs_sharding *sharding = shard(arena, m, groqchip1(), w, &r);
  assert_ok(
      rs_prefill_compile(arena, m, groqchip1(), w, "realscale:32", sharding, chunks, &p, &diag),
      &diag);
  assert_proved(p.last.schedule, w, p.last.latency_cycles, RS_FIDELITY_BURST);
  assert_proved(p.middle.schedule, w, p.middle.latency_cycles, RS_FIDELITY_BURST);
  return p;
}

/* 1,000 positions in chunks of 64 at most are 16 of ⌈1000/16⌉ = 63. The one in the middle ends at the
 * eighth. 15 stage times pass before the last begins. */
static void times_follow_from_two_steps(void **state) {
  rs_prefill p = prefill_on(*state, &six, prompts_of(8, 3, 1000), 64);
  const rs_chip *chip = groqchip1();
  double clock = (double)chip->timing.clock_hz;
  double stages = 15 * (double)p.middle.bottleneck_cycles;
  double host =
      2 * (double)chip->host_latency_fs * 1e-15 + 4.0 * 2 * 1001 / (double)chip->host_bytes_per_s;
  assert_int_equal(p.chunks, 16);
  assert_int_equal(p.chunk_positions, 63);
  assert_true(p.middle.bottleneck_cycles < p.last.bottleneck_cycles); /* less context */
  assert_close(p.first_token_s, (stages + (double)p.last.latency_cycles) / clock + host);
  assert_close(p.input_per_s, 2 * 1000 / ((stages + (double)p.last.bottleneck_cycles) / clock));
}

/* A prompt that is one chunk on one chip: a step with all rows; 64 rows of two sequences through a
 * projection cost what 128 vectors cost. */
static void one_chunk_is_one_step(void **state) {
  rs_diag diag;
  rs_cost c;
  rs_prefill p = prefill_on(*state, &six, prompts_of(1, 1, 64), 64);
  const rs_chip *chip = groqchip1();
  int64_t weights = 0;
  const int64_t shapes[][4] = {{640, (8 + 2 * 4) * 80, 128, 1},
                               {640, 640, 128, 0},
                               {640, 2 * 1280, 128, 1},
                               {1280, 640, 128, 0}};
  for (size_t i = 0; i < RS_COUNT_OF(shapes); i++) {
    assert_ok(rs_cost_gemm(chip, shapes[i][0], shapes[i][1], shapes[i][2], RS_INT8, RS_FP16,
                           shapes[i][3] == 1, &c, &diag),
              &diag);
    weights += 6 * c.cycles;
  }
  assert_ok(rs_cost_gemm(chip, 640, 1000, 2, RS_INT8, RS_FP16, true, &c, &diag), &diag);
  assert_int_equal(p.chunks, 1);
  assert_int_equal(p.last.part_cycles[RS_PART_WEIGHTS],
                   weights + c.cycles); /* the head: two rows */
  assert_int_equal(p.middle.latency_cycles, p.last.latency_cycles);
}

/* The whole text at once, no next token: nothing is sent to the first stage. */
static void encoders_end_with_the_last_stage(void **state) {
  rs_prefill p = prefill_on(*state, &tiny_bert, prompts_of(8, 2, 100), 10);
  uint32_t sends = 0;
  assert_int_equal(p.chunks, 1);
  assert_int_equal(p.chunk_positions, 100);
  for (uint32_t op = 0; op < p.last.schedule->op_count; op++) {
    sends += p.last.schedule->ops[op].kind == RS_SEND ? 1 : 0;
  }
  assert_int_equal(sends, 1);
}

/* Smaller chunks begin sooner, larger ones load weights less often. */
static void chunks_trade_start_for_rate(void **state) {
  rs_prefill small = prefill_on(*state, &six, prompts_of(8, 3, 512), 32);
  rs_prefill large = prefill_on(*state, &six, prompts_of(8, 3, 512), 512);
  assert_true(small.first_token_s < large.first_token_s);
  assert_true(small.last.latency_cycles < large.last.latency_cycles);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(times_follow_from_two_steps),
      cmocka_unit_test(one_chunk_is_one_step),
      cmocka_unit_test(encoders_end_with_the_last_stage),
      cmocka_unit_test(chunks_trade_start_for_rate),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

/* Costs of operations on a GPU, by hand. The tiny chip has round numbers: 1 TB/s, 100 TFLOP/s. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs_gpu.h"
#include "rs_test.h"

#define US INT64_C(1000000000) /* in fs */

static rs_chip tiny(void) {
  rs_chip c = *rs_chip_find("h100");
  c.name = "tiny";
  memset(c.gpu.peak_ops_per_s, 0, sizeof c.gpu.peak_ops_per_s);
  memset(c.gpu.gemm_efficiency_ppb, 0, sizeof c.gpu.gemm_efficiency_ppb);
  c.gpu.peak_ops_per_s[RS_FP16] = INT64_C(100000000000000);
  c.gpu.gemm_efficiency_ppb[RS_FP16] = 500000000; /* 50 TFLOP/s */
  c.gpu.attention_efficiency_ppb = 250000000;     /* 25 TFLOP/s */
  c.gpu.hbm_bytes_per_s = INT64_C(1250000000000);
  c.gpu.hbm_efficiency_ppb = 800000000;               /* 1 TB/s: a byte a picosecond */
  c.gpu.l2_bytes_per_s = INT64_C(2500000000000);      /* 0.4 ps a byte */
  c.gpu.widen_numbers_per_s = INT64_C(1250000000000); /* 0.8 ps a number */
  c.gpu.hbm_latency_fs = US / 2;
  c.gpu.tile_rows = 64;
  c.gpu.overlap_ppb = 1000000000;
  c.gpu.launch_fs = 2 * US;
  c.gpu.request_fs = 100 * US;
  c.gpu.link_bytes_per_s = INT64_C(200000000000);
  c.gpu.link_efficiency_ppb = 500000000; /* 100 GB/s: 10 ps a byte */
  c.gpu.link_domain = 8;
  c.gpu.board_bytes_per_s = INT64_C(20000000000);
  c.gpu.board_step_fs = 12 * US;
  c.gpu.ring_base_fs = 8 * US;
  c.gpu.ring_step_fs = 3 * US;
  c.gpu.small_base_fs = 4 * US;
  c.gpu.small_step_fs = US / 2;
  c.gpu.small_efficiency_ppb = 250000000; /* 40 ps a byte */
  c.gpu.hbm_pj_per_bit = 5;
  c.mac_pj[RS_FP16] = 2;
  c.vector_op_pj = 3;
  c.c2c_pj_per_bit = 4;
  c.host_bytes_per_s = INT64_C(10000000000);
  c.host_latency_fs = 10 * US;
  return c;
}

static rs_gpu_cost cost_of(const rs_chip *c, const rs_gpu_op *op) {
  rs_gpu_cost cost;
  rs_diag diag = {0};
  assert_ok(rs_gpu_cost_op(c, op, &cost, &diag), &diag);
  int64_t sum = 0;
  for (int i = 0; i < RS_GPU_PART_COUNT; i++) {
    assert_true(cost.part_fs[i] >= 0 && cost.part_fs[i] <= cost.part_fs[cost.bound]);
    sum += cost.part_fs[i];
  }
  assert_int_equal(sum, cost.time_fs);
  return cost;
}

/* ---- products ---- */

/* One row of 1,000 × 2,000 in fp16: 4 MB of weights, 2 kB in, 4 kB out: 4,006,000 ps, half a
 * microsecond before. Computed are 64 rows: 2 · 2·10^6 · 64 = 256·10^6 at 50·10^12 = 5.12 µs, which
 * is longer; the reading hides behind it. 2 µs of launch. */
static void a_small_product(void **state) {
  rs_chip c = tiny();
  rs_gpu_op op;
  rs_diag diag = {0};
  (void)state;
  assert_ok(rs_gpu_gemm(&c, 1000, 2000, 1, RS_FP16, RS_FP16, RS_FP16, &op, &diag), &diag);
  assert_int_equal(op.flops, 4000000);
  assert_int_equal(op.padded_flops, 256000000);
  assert_int_equal(op.weight_bytes, 4000000);
  assert_int_equal(op.activation_bytes, 6000);
  rs_gpu_cost cost = cost_of(&c, &op);
  assert_int_equal(cost.part_fs[RS_GPU_PART_COMPUTE], 5120000000);
  assert_int_equal(cost.part_fs[RS_GPU_PART_MEMORY], 0);
  assert_int_equal(cost.part_fs[RS_GPU_PART_LAUNCH], 2 * US);
  assert_int_equal(cost.bound, RS_GPU_PART_COMPUTE);
  /* half of the shorter outside: (500 + 4,006) ns / 2 */
  c.gpu.overlap_ppb = 500000000;
  cost = cost_of(&c, &op);
  assert_int_equal(cost.part_fs[RS_GPU_PART_MEMORY], 2253000000);
  /* 2·10^6 useful MACs · 2 pJ; 4,006,000 B · 8 · 5 pJ */
  assert_true(cost.compute_pj == 4e6 && cost.hbm_pj == 160240000);
  /* a tile of one row: 0.08 µs of computing, and reading is the bound */
  c.gpu.tile_rows = 1;
  c.gpu.overlap_ppb = 1000000000;
  assert_ok(rs_gpu_gemm(&c, 1000, 2000, 1, RS_FP16, RS_FP16, RS_FP16, &op, &diag), &diag);
  cost = cost_of(&c, &op);
  assert_int_equal(cost.part_fs[RS_GPU_PART_MEMORY], 4506000000);
  assert_int_equal(cost.bound, RS_GPU_PART_MEMORY);
}

/* 4.5-bit weights: 2·10^6 · 9/16 = 1,125,000 B; computed in fp16 they take the time of fp16. */
static void narrow_weights_are_read_faster(void **state) {
  rs_chip c = tiny();
  rs_gpu_op wide, narrow;
  (void)state;
  assert_int_equal(rs_gpu_gemm(&c, 1000, 2000, 1, RS_FP16, RS_FP16, RS_FP16, &wide, NULL), RS_OK);
  assert_int_equal(rs_gpu_gemm(&c, 1000, 2000, 1, RS_BLOCK4, RS_FP16, RS_FP16, &narrow, NULL),
                   RS_OK);
  assert_int_equal(narrow.weight_bytes, 1125000);
  assert_int_equal(narrow.padded_flops, wide.padded_flops);
  assert_true(cost_of(&c, &narrow).hbm_bytes < cost_of(&c, &wide).hbm_bytes);
}

/* ---- attention and vectors ---- */

/* 2 sequences, 8 heads of 64 on 2 kv heads, 1,000 positions in fp16. Decode: 4 · 1,000 · 8·64·2 =
 * 4,096,000 operations; K and V: 2 · 2 · 64 · 2 · 1,000 · 2 B = 1,024,000 B shared, four times as many
 * when each query head reads its own; q and the result: 2 · 8·64·2 · 2 B = 4,096 B. */
static void attention_reads_the_cache(void **state) {
  rs_chip c = tiny();
  rs_gpu_attention_shape s = {.batch = 2,
                              .queries = 1,
                              .context = 1000,
                              .query_heads = 8,
                              .kv_heads = 2,
                              .head_dim = 64,
                              .kv = RS_FP16,
                              .activations = RS_FP16,
                              .shares_kv = true};
  rs_gpu_op op;
  (void)state;
  assert_int_equal(rs_gpu_attention(&c, &s, &op, NULL), RS_OK);
  assert_int_equal(op.flops, 4096000);
  assert_int_equal(op.kv_bytes, 1024000);
  assert_int_equal(op.activation_bytes, 4096);
  rs_gpu_cost cost = cost_of(&c, &op);
  assert_int_equal(cost.part_fs[RS_GPU_PART_MEMORY], US / 2 + 1028096000);
  /* apart: 4 heads a group read it, 3 times out of L2: 0.4 · (4 · 1,024,000 + 4,096) = 1,640,038.4 ps
   * are longer than 1,028,096 ps of HBM; energy is that of HBM as before */
  s.shares_kv = false;
  assert_int_equal(rs_gpu_attention(&c, &s, &op, NULL), RS_OK);
  assert_int_equal(op.kv_bytes, 1024000);
  assert_int_equal(op.again_bytes, 3072000);
  assert_int_equal(op.widened, 0);
  double hbm_pj = cost.hbm_pj;
  cost = cost_of(&c, &op);
  assert_int_equal(cost.part_fs[RS_GPU_PART_MEMORY], US / 2 + 1640038400);
  assert_true(cost.hbm_pj == hbm_pj);
  /* in 8 bit half of the bytes, L2 0.4 · (2,048,000 + 4,096) = 820,838.4 ps; 4 · 512,000 numbers to widen
   * take 0.8 · 2,048,000 = 1,638,400 ps; not so where they are shared */
  s.kv = RS_FP8;
  assert_int_equal(rs_gpu_attention(&c, &s, &op, NULL), RS_OK);
  assert_int_equal(op.widened, 2048000);
  assert_int_equal(cost_of(&c, &op).part_fs[RS_GPU_PART_MEMORY], US / 2 + 1638400000);
  s.shares_kv = true;
  assert_int_equal(rs_gpu_attention(&c, &s, &op, NULL), RS_OK);
  assert_int_equal(op.widened + op.again_bytes, 0);
  s.kv = RS_FP16;
  s.shares_kv = false;
  /* a prefill of all 1,000: 1,000² − 1,000·999/2 = 500,500 pairs, and each cache is read once */
  s.queries = 1000;
  assert_int_equal(rs_gpu_attention(&c, &s, &op, NULL), RS_OK);
  assert_int_equal(op.flops, INT64_C(4) * 500500 * 8 * 64 * 2);
  assert_int_equal(op.kv_bytes, 1024000);
}

/* Latent attention: 8 heads share one latent of 512 + 64 numbers, of which 512 are the values. 100
 * positions, one sequence: 2 · 100 · 8 · (576 + 512) operations; 576 · 100 · 2 B of cache; queries and
 * results 8 · (576 + 512) · 2 B. */
static void a_latent_is_read_once(void **state) {
  rs_chip c = tiny();
  rs_gpu_op op;
  const rs_gpu_attention_shape s = {1, 1, 100, 8, 1, 576, 512, true, RS_FP16, RS_FP16, true};
  (void)state;
  assert_int_equal(rs_gpu_attention(&c, &s, &op, NULL), RS_OK);
  assert_int_equal(op.flops, 2 * 100 * 8 * 1088);
  assert_int_equal(op.kv_bytes, 115200);
  assert_int_equal(op.activation_bytes, 17408);
}

/* 1,000 numbers of 2 bytes read twice and written once: 6,000 B; 3 operations of 3 pJ each. */
static void vectors_are_bound_by_memory(void **state) {
  rs_chip c = tiny();
  rs_gpu_op op;
  (void)state;
  assert_int_equal(rs_gpu_vector(&c, 1000, 2, 1, 3, RS_FP16, &op, NULL), RS_OK);
  rs_gpu_cost cost = cost_of(&c, &op);
  assert_int_equal(cost.hbm_bytes, 6000);
  assert_int_equal(cost.part_fs[RS_GPU_PART_MEMORY], US / 2 + 6000000);
  assert_int_equal(cost.part_fs[RS_GPU_PART_COMPUTE], 0);
  assert_true(cost.compute_pj == 9000);
}

/* ---- collectives ---- */

static int64_t collective_fs(const rs_chip *c, rs_gpu_collective kind, int64_t ranks, int64_t bytes,
                             bool one_shot, int64_t *sent) {
  rs_gpu_op op;
  rs_diag diag = {0};
  assert_ok(rs_gpu_communicate(c, kind, ranks, bytes, one_shot, &op, &diag), &diag);
  rs_gpu_cost cost = cost_of(c, &op);
  *sent = cost.link_bytes;
  return cost.time_fs;
}

/* 4 GPUs. 1 MB: a ring sends 2 · 3/4 MB = 1.5 MB. Filling the links 8 + 6·3 µs + 15 µs = 41 µs, small
 * protocol 4 + 6·0.5 + 60 = 67 µs. 4 KB: 6,000 B: 26 + 0.06 against 7 + 0.24 µs. */
static void the_better_protocol_is_taken(void **state) {
  rs_chip c = tiny();
  int64_t sent;
  (void)state;
  assert_int_equal(collective_fs(&c, RS_GPU_ALL_REDUCE, 4, 1000000, false, &sent), 41 * US);
  assert_int_equal(sent, 1500000);
  assert_int_equal(collective_fs(&c, RS_GPU_ALL_REDUCE, 4, 4000, false, &sent), 7240000000);
  assert_int_equal(sent, 6000);
  /* half of the steps and of the bytes: 8 + 9 + 7.5 µs */
  const rs_gpu_collective halves[] = {RS_GPU_ALL_GATHER, RS_GPU_REDUCE_SCATTER, RS_GPU_ALL_TO_ALL};
  for (size_t i = 0; i < RS_COUNT_OF(halves); i++) {
    assert_int_equal(collective_fs(&c, halves[i], 4, 1000000, false, &sent), 24500000000);
    assert_int_equal(sent, 750000);
  }
  /* to another board: 8 + 12 µs and 1 MB at 20 GB/s, 50 µs */
  assert_int_equal(collective_fs(&c, RS_GPU_SEND_BOARD, 2, 1000000, false, &sent), 70 * US);
  assert_int_equal(sent, 1000000);
  /* one step, all bytes: 8 + 3 + 10 µs */
  assert_int_equal(collective_fs(&c, RS_GPU_SEND, 2, 1000000, false, &sent), 21 * US);
  assert_int_equal(sent, 1000000);
}

/* Each reads 3 whole vectors of 4,000 B: 4 + 0.5 + 0.12 µs; of 1 MB: 34.5 µs, of 3 MB: 94.5 µs where
 * the ring takes 26 + 45 = 71 µs. */
static void one_shot_wins_while_vectors_are_small(void **state) {
  rs_chip c = tiny();
  int64_t sent;
  (void)state;
  assert_int_equal(collective_fs(&c, RS_GPU_ALL_REDUCE, 4, 4000, true, &sent), 4620000000);
  assert_int_equal(sent, 12000);
  assert_int_equal(collective_fs(&c, RS_GPU_ALL_REDUCE, 4, 3000000, true, &sent), 94500000000);
  assert_int_equal(collective_fs(&c, RS_GPU_ALL_REDUCE, 4, 3000000, false, &sent), 71 * US);
  assert_int_equal(collective_fs(&c, RS_GPU_ALL_REDUCE, 1, 3000000, true, &sent), 0);
  assert_int_equal(sent, 0);
}

/* ---- lists ---- */

/* Ten products of 7.12 µs, then 100,000 B to the host: 10 + 10 µs. A request adds 100 µs. Paging 1 MB:
 * 10 + 100 µs are shorter than 191.2 and cost nothing; 3 MB take 310 µs, 118.8 more. */
static void a_list_adds_up(void **state) {
  rs_chip c = tiny();
  rs_gpu_op ops[2];
  rs_gpu_cost cost;
  rs_diag diag = {0};
  rs_gpu_options options = {.requests = 1};
  (void)state;
  assert_ok(rs_gpu_gemm(&c, 1000, 2000, 1, RS_FP16, RS_FP16, RS_FP16, &ops[0], &diag), &diag);
  assert_ok(rs_gpu_host(&c, 100000, &ops[1], &diag), &diag);
  ops[0].count = 10;
  assert_ok(rs_gpu_run(&c, ops, 2, NULL, &cost, &diag), &diag);
  assert_int_equal(cost.time_fs, 91200000000);
  assert_int_equal(cost.flops, 40000000);
  assert_ok(rs_gpu_run(&c, ops, 2, &options, &cost, &diag), &diag);
  assert_int_equal(cost.time_fs, 191200000000);
  options.paged_bytes = 1000000;
  assert_ok(rs_gpu_run(&c, ops, 2, &options, &cost, &diag), &diag);
  assert_int_equal(cost.time_fs, 191200000000);
  assert_int_equal(cost.host_bytes, 1100000);
  options.paged_bytes = 3000000;
  assert_ok(rs_gpu_run(&c, ops, 2, &options, &cost, &diag), &diag);
  assert_int_equal(cost.time_fs, 310 * US);
  assert_int_equal(cost.part_fs[RS_GPU_PART_HOST], 138800000000);
  assert_int_equal(cost.bound, RS_GPU_PART_HOST);
}

/* All units of a GPU busy stay below what it is built for: its largest product and all of HBM at once,
 * on top of static power. */
static void the_busiest_gpu_stays_near_its_power(void **state) {
  static const char *const names[] = {"a100", "h100", "h200"};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(names); i++) {
    const rs_chip *c = rs_chip_find(names[i]);
    for (int n = 0; n < RS_NUMBER_COUNT; n++) {
      double rate = (double)c->gpu.peak_ops_per_s[n] * (double)c->gpu.gemm_efficiency_ppb[n] * 1e-9;
      double product_w = rate / 2 * c->mac_pj[n] * 1e-12 + c->static_w;
      /* the energy of a product was derived from this: within its two digits */
      if (n != RS_INT8 && rate > 0) assert_true(fabs(product_w / c->max_w - 1) < 0.05);
      assert_true(product_w <= c->max_w * 1.05);
    }
    double memory_w = (double)c->gpu.hbm_bytes_per_s * 8 * c->gpu.hbm_pj_per_bit * 1e-12;
    assert_true(memory_w + c->static_w < c->max_w);
  }
}

/* ---- what is refused ---- */

static void bad_shapes_are_named(void **state) {
  rs_chip c = tiny();
  rs_gpu_op op;
  rs_diag diag = {0};
  (void)state;
  assert_int_equal(rs_gpu_gemm(&c, 0, 1, 1, RS_FP16, RS_FP16, RS_FP16, &op, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "inputs is 0");
  assert_int_equal(rs_gpu_gemm(&c, 1, 1, -1, RS_FP16, RS_FP16, RS_FP16, &op, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "rows is -1");
  assert_int_equal(rs_gpu_gemm(&c, 1, 1, 1, RS_FP8, RS_FP8, RS_FP16, &op, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "chip tiny does not compute in fp8");
  assert_string_equal(diag.expected, "fp16");
  rs_gpu_attention_shape s = {1, 2, 1, 8, 2, 64, 0, false, RS_FP16, RS_FP16, true};
  assert_int_equal(rs_gpu_attention(&c, &s, &op, &diag), RS_E_INPUT); /* 2 queries of 1 position */
  s = (rs_gpu_attention_shape){1, 1, 1, 8, 3, 64, 0, false, RS_FP16, RS_FP16, true};
  assert_int_equal(rs_gpu_attention(&c, &s, &op, &diag), RS_E_INPUT);
  assert_int_equal(rs_gpu_vector(&c, 1, 0, 1, 1, RS_FP16, &op, &diag), RS_E_INPUT);
  assert_int_equal(rs_gpu_vector(&c, 1, 1, 1, 1, RS_BLOCK4, &op, NULL), RS_E_INPUT);
  assert_int_equal(rs_gpu_host(&c, 0, &op, &diag), RS_E_INPUT);
  assert_int_equal(rs_gpu_communicate(&c, RS_GPU_ALL_REDUCE, 9, 1, false, &op, &diag),
                   RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "9 GPUs are not on one switch: of tiny there are 8");
}

/* Every mix of small and giant shapes: a cost or RS_E_OVERFLOW, never a wrapped number. */
static void giants_overflow_politely(void **state) {
  const int64_t sizes[] = {1, INT64_C(1) << 20, INT64_C(1) << 31, INT64_C(1) << 57, INT64_MAX};
  rs_chip c = tiny();
  int good = 0, refused = 0;
  (void)state;
  for (size_t mix = 0; mix < 625; mix++) {
    int64_t a = sizes[mix % 5], b = sizes[mix / 5 % 5], d = sizes[mix / 25 % 5];
    int64_t e = sizes[mix / 125];
    const rs_gpu_attention_shape s = {a, 1, b, d, 1, e, 0, false, RS_FP16, RS_FP16, false};
    rs_gpu_op ops[4];
    const rs_status statuses[] = {
        rs_gpu_gemm(&c, a, b, d, RS_FP16, RS_FP16, RS_FP16, &ops[0], NULL),
        rs_gpu_attention(&c, &s, &ops[1], NULL),
        rs_gpu_vector(&c, a, b, d, 1, RS_FP16, &ops[2], NULL),
        rs_gpu_communicate(&c, RS_GPU_ALL_REDUCE, 8, a, false, &ops[3], NULL)};
    for (size_t i = 0; i < RS_COUNT_OF(ops); i++) {
      rs_gpu_cost cost;
      rs_status status = statuses[i];
      if (status == RS_OK) {
        ops[i].count = e;
        status = rs_gpu_cost_op(&c, &ops[i], &cost, NULL);
      }
      if (status == RS_OK) assert_true(cost.time_fs > 0);
      if (status != RS_OK) assert_int_equal(status, RS_E_OVERFLOW);
      status == RS_OK ? good++ : refused++;
    }
  }
  assert_true(good > 50 && refused > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_small_product),
      cmocka_unit_test(narrow_weights_are_read_faster),
      cmocka_unit_test(attention_reads_the_cache),
      cmocka_unit_test(a_latent_is_read_once),
      cmocka_unit_test(vectors_are_bound_by_memory),
      cmocka_unit_test(the_better_protocol_is_taken),
      cmocka_unit_test(one_shot_wins_while_vectors_are_small),
      cmocka_unit_test(a_list_adds_up),
      cmocka_unit_test(the_busiest_gpu_stays_near_its_power),
      cmocka_unit_test(bad_shapes_are_named),
      cmocka_unit_test(giants_overflow_politely),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Kernels of a GPU: shapes to operations, operations to time and energy.
 *
 * The roofline [Williams, Waterman, Patterson, CACM 2009] lets computing and reading overlap wholly. A
 * kernel of a small product has one wave of tiles, whose loads come before its products, so a share
 * of the shorter is left outside; how much is fitted (docs/gpu.md).
 *
 * Rates are products of whole numbers: rate · efficiency is taken first, so that bytes · 10^15 is the
 * only product that needs 128 bits.
 */
#include "rs_gpu.h"

#include <assert.h>

#include "rs__cost.h"
#include "rs__gpu.h"

#define PPB_ONE INT64_C(1000000000)
#define SECOND_FS INT64_C(1000000000000000)
#define TIME_MAX (INT64_C(1) << 62)

/* ---- shapes to operations ---- */

rs_status rs_gpu_gemm(const rs_chip *chip, int64_t inputs, int64_t outputs, int64_t rows,
                      rs_number weights, rs_number math, rs_number results, rs_gpu_op *op,
                      rs_diag *diag) {
  const rs__shape shapes[] = {{"inputs", inputs}, {"outputs", outputs}, {"rows", rows}};
  int64_t matrix, read, written;
  *op = (rs_gpu_op){.kind = RS_GPU_GEMM, .label = "gemm", .count = 1, .kernels = 1, .math = math};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK) status = rs__cost_check_math(chip, math, diag);
  if (status == RS_OK) status = rs__cost_product(inputs, outputs, 2, &matrix, diag);
  if (status == RS_OK) status = rs__cost_product(matrix, rows, 1, &op->flops, diag);
  if (status == RS_OK) {
    int64_t tiles = rs_ceil_div_i64(rows, chip->gpu.tile_rows);
    status = rs__cost_product(matrix, tiles, chip->gpu.tile_rows, &op->padded_flops, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(rows, inputs, rs_number_bytes(math), &read, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(rows, outputs, rs_number_bytes(results), &written, diag);
  }
  if (status != RS_OK) return status;
  op->weight_bytes = rs_number_bytes_of(weights, matrix / 2);
  op->activation_bytes = read + written;
  return RS_OK;
}

/* Pairs of a query and a position that it sees: all of the context but, of the queries' own, those
 * that come later. */
static rs_status count_pairs(const rs_gpu_attention_shape *s, int64_t *pairs, rs_diag *diag) {
  int64_t all, later;
  rs_status status = rs__cost_product(s->queries, s->context, 1, &all, diag);
  if (status == RS_OK) status = rs__cost_product(s->queries, s->queries - 1, 1, &later, diag);
  if (status == RS_OK) *pairs = all - later / 2;
  return status;
}

static rs_status check_attention(const rs_gpu_attention_shape *s, rs_diag *diag) {
  const rs__shape shapes[] = {{"batch", s->batch},       {"queries", s->queries},
                              {"context", s->context},   {"query heads", s->query_heads},
                              {"kv heads", s->kv_heads}, {"head size", s->head_dim}};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status != RS_OK) return status;
  if (s->query_heads % s->kv_heads == 0 && s->queries <= s->context) return RS_OK;
  return rs_diag_set(diag, RS_E_INPUT,
                     "%lld query heads of %lld kv heads, %lld queries in a context of %lld",
                     (long long)s->query_heads, (long long)s->kv_heads, (long long)s->queries,
                     (long long)s->context);
}

/* Numbers of the cache that are read, and of queries and results; `width` of a key and a value. */
static rs_status count_numbers(const rs_gpu_attention_shape *s, int64_t width, int64_t *cached,
                               int64_t *vectors, rs_diag *diag) {
  rs_status status =
      rs__cost_product(s->kv_heads, s->is_latent ? s->head_dim : width, s->batch, cached, diag);
  if (status == RS_OK) status = rs__cost_product(*cached, s->context, 1, cached, diag);
  if (status == RS_OK) status = rs__cost_product(s->query_heads, width, s->batch, vectors, diag);
  if (status == RS_OK) status = rs__cost_product(*vectors, s->queries, 1, vectors, diag);
  return status;
}

/* What further query heads of a group read again, each for itself; one format is not enough to know
 * that a number has to be widened: kernels that share a cache compute in its format. */
static rs_status count_again(const rs_gpu_attention_shape *s, int64_t cached, rs_gpu_op *op,
                             rs_diag *diag) {
  int64_t passes = s->query_heads / s->kv_heads;
  if (s->shares_kv || s->queries > 1) return RS_OK;
  rs_status status = rs__cost_product(op->kv_bytes, passes - 1, 1, &op->again_bytes, diag);
  if (status != RS_OK || rs_number_bytes(s->kv) != 1) return status;
  return rs__cost_product(cached, passes, 1, &op->widened, diag);
}

rs_status rs_gpu_attention(const rs_chip *chip, const rs_gpu_attention_shape *s, rs_gpu_op *op,
                           rs_diag *diag) {
  int64_t width, pairs, heads, cached, vectors;
  assert(chip->kind == RS_CHIP_GPU);
  (void)chip; /* a shape is the same on all */
  *op = (rs_gpu_op){
      .kind = RS_GPU_ATTENTION, .label = "attention", .count = 1, .kernels = 1, .math = RS_FP16};
  rs_status status = check_attention(s, diag);
  if (status != RS_OK) return status;
  if (!rs_add_i64(s->head_dim, s->value_dim > 0 ? s->value_dim : s->head_dim, &width)) {
    return rs__gpu_too_long(diag);
  }
  status = count_pairs(s, &pairs, diag);
  if (status == RS_OK) status = rs__cost_product(s->query_heads, s->batch, 2, &heads, diag);
  /* q · k and p · v: each pair with a key and with a value, 2 operations a number */
  if (status == RS_OK) status = rs__cost_product(pairs, heads, width, &op->flops, diag);
  if (status == RS_OK) status = count_numbers(s, width, &cached, &vectors, diag);
  if (status == RS_OK) {
    status =
        rs__cost_product(vectors, rs_number_bytes(s->activations), 1, &op->activation_bytes, diag);
  }
  if (status != RS_OK) return status;
  op->padded_flops = op->flops;
  op->kv_bytes = rs_number_bytes_of(s->kv, cached);
  return count_again(s, cached, op, diag);
}

rs_status rs_gpu_vector(const rs_chip *chip, int64_t elements, int64_t reads, int64_t writes,
                        int64_t ops_per_element, rs_number number, rs_gpu_op *op, rs_diag *diag) {
  const rs__shape shapes[] = {
      {"elements", elements}, {"reads", reads}, {"operations an element", ops_per_element}};
  assert(chip->kind == RS_CHIP_GPU && writes >= 0);
  *op = (rs_gpu_op){.kind = RS_GPU_VECTOR, .label = "vector", .count = 1, .kernels = 1};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK && rs_number_is_block(number)) {
    status = rs__cost_check_math(chip, number, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(elements, ops_per_element, 1, &op->vector_ops, diag);
  }
  if (status != RS_OK) return status;
  int64_t touches;
  if (!rs_add_i64(reads, writes, &touches)) return rs__gpu_too_long(diag);
  return rs__cost_product(elements, touches, rs_number_bytes(number), &op->activation_bytes, diag);
}

rs_status rs_gpu_host(const rs_chip *chip, int64_t bytes, rs_gpu_op *op, rs_diag *diag) {
  const rs__shape shape = {"bytes", bytes};
  assert(chip->kind == RS_CHIP_GPU);
  (void)chip;
  *op = (rs_gpu_op){.kind = RS_GPU_HOST, .label = "host", .count = 1, .host_bytes = bytes};
  return rs__cost_check_shapes(&shape, 1, diag);
}

/* ---- operations to time ---- */

rs_status rs__gpu_too_long(rs_diag *diag) {
  return rs_diag_set(diag, RS_E_OVERFLOW, "the operation takes more than an hour");
}

rs_status rs__gpu_time(int64_t amount, int64_t per_s, int64_t efficiency_ppb, int64_t *time_fs,
                       rs_diag *diag) {
  rs_int128 rate = (rs_int128)per_s * efficiency_ppb / PPB_ONE;
  if (rate < 1) rate = 1;
  rs_int128 time = ((rs_int128)amount * SECOND_FS + (rate - 1)) / rate;
  if (time >= TIME_MAX) return rs__gpu_too_long(diag);
  *time_fs = (int64_t)time;
  return RS_OK;
}

/* One stream from HBM through L2 to where 8-bit numbers are widened: its slowest part sets the rate. */
static rs_status time_reading(const rs_chip_gpu *g, const rs_gpu_op *op, int64_t bytes,
                              int64_t *time_fs, rs_diag *diag) {
  int64_t hbm = 0, l2 = 0, widening = 0, taken_in;
  if (!rs_add_i64(bytes, op->again_bytes, &taken_in)) return rs__gpu_too_long(diag);
  rs_status status = rs__gpu_time(bytes, g->hbm_bytes_per_s, g->hbm_efficiency_ppb, &hbm, diag);
  if (status == RS_OK) status = rs__gpu_time(taken_in, g->l2_bytes_per_s, PPB_ONE, &l2, diag);
  if (status == RS_OK) {
    status = rs__gpu_time(op->widened, g->widen_numbers_per_s, PPB_ONE, &widening, diag);
  }
  if (status != RS_OK) return status;
  *time_fs = g->hbm_latency_fs + RS_MAX(hbm, RS_MAX(l2, widening));
  return RS_OK;
}

static rs_status time_kernel(const rs_chip *chip, const rs_gpu_op *op, rs_gpu_cost *cost,
                             rs_diag *diag) {
  const rs_chip_gpu *g = &chip->gpu;
  bool is_attention = op->kind == RS_GPU_ATTENTION;
  int64_t compute = 0, memory = 0, bytes;
  rs_status status = RS_OK;
  if (!rs_add_i64(op->weight_bytes, op->kv_bytes, &bytes) ||
      !rs_add_i64(bytes, op->activation_bytes, &bytes)) {
    return rs__gpu_too_long(diag);
  }
  if (op->padded_flops > 0) {
    int64_t efficiency =
        is_attention ? g->attention_efficiency_ppb : g->gemm_efficiency_ppb[op->math];
    status =
        rs__gpu_time(op->padded_flops, g->peak_ops_per_s[op->math], efficiency, &compute, diag);
  }
  if (status == RS_OK) status = time_reading(g, op, bytes, &memory, diag);
  if (status != RS_OK) return status;
  int64_t *shorter = compute < memory ? &compute : &memory;
  *shorter = rs_mul_ceil_div_i64(*shorter, PPB_ONE - g->overlap_ppb, PPB_ONE);
  cost->part_fs[RS_GPU_PART_COMPUTE] = compute;
  cost->part_fs[RS_GPU_PART_MEMORY] = memory;
  cost->hbm_bytes = bytes;
  return rs__cost_product(op->kernels, g->launch_fs, 1, &cost->part_fs[RS_GPU_PART_LAUNCH], diag);
}

static rs_status time_host(const rs_chip *chip, int64_t bytes, int64_t *time_fs, rs_diag *diag) {
  rs_status status = rs__gpu_time(bytes, chip->host_bytes_per_s, PPB_ONE, time_fs, diag);
  if (status == RS_OK) *time_fs += chip->host_latency_fs;
  return status;
}

static void fill_energy(const rs_chip *chip, const rs_gpu_op *op, rs_gpu_cost *cost) {
  cost->compute_pj =
      (double)op->flops / 2 * chip->mac_pj[op->math] + (double)op->vector_ops * chip->vector_op_pj;
  cost->hbm_pj = (double)cost->hbm_bytes * 8 * chip->gpu.hbm_pj_per_bit;
  cost->link_pj = (double)cost->link_bytes * 8 * chip->c2c_pj_per_bit;
}

static void find_bound(rs_gpu_cost *cost) {
  cost->bound = RS_GPU_PART_COMPUTE;
  for (int i = 1; i < RS_GPU_PART_COUNT; i++) {
    if (cost->part_fs[i] > cost->part_fs[cost->bound]) cost->bound = (rs_gpu_part)i;
  }
}

/* Adds `times` of `next`; false when a sum leaves 64 bits. */
static bool add_cost(rs_gpu_cost *sum, const rs_gpu_cost *next, int64_t times) {
  const int64_t amounts[] = {next->flops, next->hbm_bytes, next->link_bytes, next->host_bytes};
  int64_t *const sums[] = {&sum->flops, &sum->hbm_bytes, &sum->link_bytes, &sum->host_bytes};
  int64_t product;
  for (int i = 0; i < RS_GPU_PART_COUNT; i++) {
    if (!rs_mul_i64(next->part_fs[i], times, &product) ||
        !rs_add_i64(sum->part_fs[i], product, &sum->part_fs[i]) ||
        !rs_add_i64(sum->time_fs, product, &sum->time_fs) || sum->time_fs >= TIME_MAX) {
      return false;
    }
  }
  for (size_t i = 0; i < RS_COUNT_OF(amounts); i++) {
    if (!rs_mul_i64(amounts[i], times, &product) || !rs_add_i64(*sums[i], product, sums[i])) {
      return false;
    }
  }
  sum->compute_pj += next->compute_pj * (double)times;
  sum->hbm_pj += next->hbm_pj * (double)times;
  sum->link_pj += next->link_pj * (double)times;
  return true;
}

rs_status rs_gpu_cost_op(const rs_chip *chip, const rs_gpu_op *op, rs_gpu_cost *cost,
                         rs_diag *diag) {
  rs_gpu_cost one = {.flops = op->flops, .host_bytes = op->host_bytes};
  rs_status status;
  assert(chip->kind == RS_CHIP_GPU && op->count >= 1);
  *cost = (rs_gpu_cost){0};
  if (op->kind == RS_GPU_HOST) {
    status = time_host(chip, op->host_bytes, &one.part_fs[RS_GPU_PART_HOST], diag);
  } else if (op->kind == RS_GPU_COLLECTIVE) {
    status =
        rs__gpu_time_collective(chip, op, &one.part_fs[RS_GPU_PART_NETWORK], &one.link_bytes, diag);
  } else {
    status = time_kernel(chip, op, &one, diag);
  }
  if (status != RS_OK) return status;
  fill_energy(chip, op, &one);
  if (!add_cost(cost, &one, op->count)) return rs__gpu_too_long(diag);
  find_bound(cost);
  return RS_OK;
}

/* The order in which weights are read is known, so what streams in is wanted a whole run later and
 * waits for nothing: the run takes the longer of the two. */
static rs_status add_paging(const rs_chip *chip, int64_t bytes, rs_gpu_cost *cost, rs_diag *diag) {
  int64_t time = 0;
  rs_status status = time_host(chip, bytes, &time, diag);
  if (status != RS_OK) return status;
  rs_gpu_cost waiting = {.host_bytes = bytes};
  waiting.part_fs[RS_GPU_PART_HOST] = RS_MAX(time - cost->time_fs, 0);
  return add_cost(cost, &waiting, 1) ? RS_OK : rs__gpu_too_long(diag);
}

rs_status rs_gpu_run(const rs_chip *chip, const rs_gpu_op *ops, size_t op_count,
                     const rs_gpu_options *options, rs_gpu_cost *cost, rs_diag *diag) {
  rs_status status = RS_OK;
  *cost = (rs_gpu_cost){0};
  for (size_t i = 0; i < op_count && status == RS_OK; i++) {
    rs_gpu_cost one;
    status = rs_gpu_cost_op(chip, &ops[i], &one, diag);
    if (status == RS_OK && !add_cost(cost, &one, 1)) status = rs__gpu_too_long(diag);
  }
  if (status == RS_OK && options != NULL && options->requests > 0) {
    rs_gpu_cost begin = {0};
    begin.part_fs[RS_GPU_PART_LAUNCH] = chip->gpu.request_fs;
    if (!add_cost(cost, &begin, options->requests)) status = rs__gpu_too_long(diag);
  }
  if (status == RS_OK && options != NULL && options->paged_bytes > 0) {
    status = add_paging(chip, options->paged_bytes, cost, diag);
  }
  if (status == RS_OK) find_bound(cost);
  return status;
}

const char *rs_gpu_part_word(rs_gpu_part part) {
  static const char *const words[RS_GPU_PART_COUNT] = {"compute", "memory", "network", "launch",
                                                       "host"};
  return words[part];
}

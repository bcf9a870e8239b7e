/* A GPU's rows of `realscale cost`. Attention is one kernel there (scores, softmax and values never
 * leave the chip), and a step of an LSTM cell is a product and a kernel of vector work. */
#include <string.h>

#include "rs__cmd_cost.h"
#include "rs_gpu.h"

enum { OPS_NORM = 5, OPS_SOFTMAX = 7, OPS_LSTM = 44, LSTM_READS = 6, LSTM_WRITES = 2 };

typedef rs_status list_function(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                                rs_gpu_op *ops, size_t *count, rs_diag *diag);

static rs_status list_gemm(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                           rs_gpu_op *ops, size_t *count, rs_diag *diag) {
  *count = 1;
  return rs_gpu_gemm(chip, s->inputs, s->outputs, batch, s->weights, s->math, RS_FP16, ops, diag);
}

static rs_status list_attention(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                                rs_gpu_op *ops, size_t *count, rs_diag *diag) {
  const rs_gpu_attention_shape shape = {.batch = batch,
                                        .queries = 1,
                                        .context = s->context,
                                        .query_heads = s->heads,
                                        .kv_heads = s->kv_heads,
                                        .head_dim = s->head_dim,
                                        .kv = s->weights,
                                        .activations = RS_FP16,
                                        .shares_kv = true};
  *count = 1;
  return rs_gpu_attention(chip, &shape, ops, diag);
}

static rs_status list_vector(const rs_chip *chip, int64_t elements, int64_t batch, int64_t reads,
                             int64_t ops_per_element, rs_gpu_op *op, rs_diag *diag) {
  int64_t all;
  if (!rs_mul_i64(elements, batch, &all)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "%lld × %lld is beyond what can be counted",
                       (long long)elements, (long long)batch);
  }
  return rs_gpu_vector(chip, all, reads, 1, ops_per_element, RS_FP16, op, diag);
}

static rs_status list_softmax(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                              rs_gpu_op *ops, size_t *count, rs_diag *diag) {
  int64_t rows;
  *count = 1;
  if (!rs_mul_i64(s->heads, batch, &rows)) rows = INT64_MAX;
  return list_vector(chip, s->context, rows, 1, OPS_SOFTMAX, ops, diag);
}

static rs_status list_norm(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                           rs_gpu_op *ops, size_t *count, rs_diag *diag) {
  *count = 1;
  return list_vector(chip, s->hidden, batch, 1, OPS_NORM, ops, diag);
}

/* (x, h) of 2 · hidden → 4 gates; then gates and the old state in, new state and output out. */
static rs_status list_lstm(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                           rs_gpu_op *ops, size_t *count, rs_diag *diag) {
  int64_t all;
  *count = 2;
  rs_status status = rs_gpu_gemm(chip, 2 * s->hidden, 4 * s->hidden, batch, s->weights, s->math,
                                 RS_FP16, &ops[0], diag);
  if (status != RS_OK) return status;
  if (!rs_mul_i64(s->hidden, batch, &all)) all = INT64_MAX;
  return rs_gpu_vector(chip, all, LSTM_READS, LSTM_WRITES, OPS_LSTM, RS_FP16, &ops[1], diag);
}

static rs_status list_all_reduce(const rs_chip *chip, const rs__cost_shape *s, int64_t batch,
                                 rs_gpu_op *ops, size_t *count, rs_diag *diag) {
  int64_t bytes;
  *count = 1;
  if (!rs_mul_i64(s->bytes, batch, &bytes)) {
    return rs_diag_set(diag, RS_E_OVERFLOW, "%lld × %lld B is beyond what can be counted",
                       (long long)s->bytes, (long long)batch);
  }
  return rs_gpu_communicate(chip, RS_GPU_ALL_REDUCE, s->ranks, bytes, false, ops, diag);
}

static const struct {
  const char *name;
  list_function *list;
} lists[] = {{"gemv", list_gemm},
             {"gemm", list_gemm},
             {"attention", list_attention},
             {"softmax", list_softmax},
             {"norm", list_norm},
             {"lstm", list_lstm},
             {"all-reduce", list_all_reduce}};

/* ---- rows ---- */

static const char *const columns[] = {
    "operation",      "chip",          "batch",          "time_s",        "bound",
    "compute_time_s", "memory_time_s", "network_time_s", "launch_time_s", "energy_j",
    "hbm_bytes",      "link_bytes",    "flops",          "hidden",        "inputs",
    "outputs",        "heads",         "kv_heads",       "head_dim",      "context",
    "ranks",          "bytes",         "weights",        "math",          "energy_compute_j",
    "energy_hbm_j",   "energy_link_j"};

rs_table *rs__cost_gpu_table(rs_arena *arena) {
  return rs_table_create(arena, columns, RS_COUNT_OF(columns));
}

static void set_time(rs_table *table, const char *column, int64_t fs) {
  rs_table_set_double(table, column, (double)fs * 1e-15);
}

static void fill_shape(rs_table *table, const rs__cost_shape *s) {
  rs__cost_set_given(table, "hidden", s->hidden);
  rs__cost_set_given(table, "inputs", s->inputs);
  rs__cost_set_given(table, "outputs", s->outputs);
  rs__cost_set_given(table, "heads", s->heads);
  rs__cost_set_given(table, "kv_heads", s->kv_heads);
  rs__cost_set_given(table, "head_dim", s->head_dim);
  rs__cost_set_given(table, "context", s->context);
  rs__cost_set_given(table, "ranks", s->ranks);
  rs__cost_set_given(table, "bytes", s->bytes);
  rs_table_set_text(table, "weights", rs_number_word(s->weights));
  rs_table_set_text(table, "math", rs_number_word(s->math));
}

static void fill_row(rs_table *table, const char *operation, const rs_chip *chip,
                     const rs__cost_shape *s, int64_t batch, const rs_gpu_cost *cost) {
  rs_table_add_row(table);
  rs_table_set_text(table, "operation", operation);
  rs_table_set_text(table, "chip", chip->name);
  rs_table_set_i64(table, "batch", batch);
  set_time(table, "time_s", cost->time_fs);
  rs_table_set_text(table, "bound", rs_gpu_part_word(cost->bound));
  set_time(table, "compute_time_s", cost->part_fs[RS_GPU_PART_COMPUTE]);
  set_time(table, "memory_time_s", cost->part_fs[RS_GPU_PART_MEMORY]);
  set_time(table, "network_time_s", cost->part_fs[RS_GPU_PART_NETWORK]);
  set_time(table, "launch_time_s", cost->part_fs[RS_GPU_PART_LAUNCH]);
  rs_table_set_double(table, "energy_j", (cost->compute_pj + cost->hbm_pj + cost->link_pj) * 1e-12);
  rs_table_set_double(table, "energy_compute_j", cost->compute_pj * 1e-12);
  rs_table_set_double(table, "energy_hbm_j", cost->hbm_pj * 1e-12);
  rs_table_set_double(table, "energy_link_j", cost->link_pj * 1e-12);
  rs_table_set_i64(table, "hbm_bytes", cost->hbm_bytes);
  rs_table_set_i64(table, "link_bytes", cost->link_bytes);
  rs_table_set_i64(table, "flops", cost->flops);
  fill_shape(table, s);
}

rs_status rs__cost_gpu_fill(rs_table *table, const char *operation, const rs_chip *chip,
                            const rs__cost_shape *s, int64_t batch, rs_diag *diag) {
  for (size_t i = 0; i < RS_COUNT_OF(lists); i++) {
    rs_gpu_op ops[2];
    rs_gpu_cost cost;
    size_t count;
    if (strcmp(lists[i].name, operation) != 0) continue;
    rs_status status = lists[i].list(chip, s, batch, ops, &count, diag);
    if (status == RS_OK) status = rs_gpu_run(chip, ops, count, NULL, &cost, diag);
    if (status == RS_OK) fill_row(table, operation, chip, s, batch, &cost);
    return status;
  }
  rs_diag_set(diag, RS_E_INPUT, "'%s' is not an operation of its own on a GPU", operation);
  rs_diag_suggest(diag, "attention");
  return RS_E_INPUT;
}

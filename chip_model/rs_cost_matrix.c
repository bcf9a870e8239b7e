/*
 * The matrix unit: a matrix is cut into tiles of rows × columns, the planes take a tile each, and a
 * round is one load of all planes and one pass of every activation vector.
 *
 * A tile that the matrix does not fill costs as much as a full one: the array is loaded row by row
 * whether or not the columns are used.
 */
#include "rs__cost.h"

typedef struct tiling {
  int64_t tiles;
  int64_t rounds;
  int64_t rounds_of_a_column; /* until the first block of outputs has all its inputs */
} tiling;

static rs_status tile(const rs_chip *chip, int64_t inputs, int64_t outputs, int64_t copies,
                      rs_number math, tiling *t, rs_diag *diag) {
  int64_t down = rs_ceil_div_i64(inputs, chip->plane_rows);
  int64_t across = rs_ceil_div_i64(outputs, chip->plane_columns);
  int64_t at_once = chip->planes / chip->planes_per_tile[math];
  rs_status status = rs__cost_product(down, across, copies, &t->tiles, diag);
  if (status != RS_OK) return status;
  t->rounds = rs_ceil_div_i64(t->tiles, at_once);
  t->rounds_of_a_column = rs_ceil_div_i64(down, at_once);
  return RS_OK;
}

/* Loads and passes of `rounds`, each with `vectors` activation vectors. */
static rs_status fill_matrix_time(const rs_chip *chip, const tiling *t, int64_t vectors,
                                  rs_number math, bool preloaded, rs_cost *cost, rs_diag *diag) {
  int64_t loads = t->rounds - (preloaded ? 1 : 0);
  int64_t column;
  rs_status status = rs__cost_product(loads, chip->tile_load_cycles, 1, &cost->weight_cycles, diag);
  if (status == RS_OK) {
    status =
        rs__cost_product(t->rounds, vectors, chip->pass_cycles[math], &cost->pass_cycles, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(t->rounds_of_a_column,
                              chip->tile_load_cycles + vectors * chip->pass_cycles[math], 1,
                              &column, diag);
  }
  if (status != RS_OK) return status;
  cost->latency_cycles = chip->matrix_latency_cycles;
  cost->first_cycles =
      column - (preloaded ? chip->tile_load_cycles : 0) + chip->matrix_latency_cycles;
  cost->unit = RS_UNIT_MATRIX;
  return RS_OK;
}

rs_status rs_cost_gemm(const rs_chip *chip, int64_t inputs, int64_t outputs, int64_t batch,
                       rs_number weights, rs_number math, bool preloaded, rs_cost *cost,
                       rs_diag *diag) {
  const rs__shape shapes[] = {{"inputs", inputs}, {"outputs", outputs}, {"batch", batch}};
  tiling t;
  int64_t weight_bytes, activation_bytes;
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK) status = rs__cost_product(inputs, outputs, batch, &cost->macs, diag);
  if (status == RS_OK) {
    status = rs__cost_product(inputs, outputs, rs_number_bytes(weights), &weight_bytes, diag);
  }
  if (status == RS_OK) {
    status =
        rs__cost_product(inputs + outputs, batch, rs_number_bytes(math), &activation_bytes, diag);
  }
  if (status == RS_OK) status = tile(chip, inputs, outputs, 1, math, &t, diag);
  if (status == RS_OK) status = fill_matrix_time(chip, &t, batch, math, preloaded, cost, diag);
  if (status != RS_OK) return status;
  cost->sram_bytes = weight_bytes + activation_bytes;
  return rs__cost_finish(chip, math, cost, diag);
}

/* Attention against a cache: per sequence and kv head, K (or V) is a matrix that is loaded like
 * weights, and the query heads that share it are its activation vectors. */
static rs_status cost_cache(const rs_chip *chip, int64_t query_heads, int64_t kv_heads,
                            int64_t head_dim, int64_t context, int64_t batch, rs_number kv,
                            rs_number math, bool is_scores, rs_cost *cost, rs_diag *diag) {
  const rs__shape shapes[] = {{"query heads", query_heads},
                              {"kv heads", kv_heads},
                              {"head size", head_dim},
                              {"context", context},
                              {"batch", batch}};
  tiling t;
  int64_t cache, copies, heads, io;
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK && query_heads % kv_heads != 0) {
    status = rs_diag_set(diag, RS_E_INPUT, "%lld query heads do not share %lld kv heads evenly",
                         (long long)query_heads, (long long)kv_heads);
  }
  if (status == RS_OK) status = rs__cost_product(kv_heads, batch, 1, &copies, diag);
  if (status == RS_OK) status = rs__cost_product(query_heads, batch, 1, &heads, diag);
  if (status == RS_OK) status = rs__cost_product(heads, head_dim, context, &cost->macs, diag);
  if (status == RS_OK) status = rs__cost_product(copies, head_dim, context, &cache, diag);
  if (status == RS_OK) {
    status = rs__cost_product(heads, head_dim + context, rs_number_bytes(math), &io, diag);
  }
  if (status == RS_OK) {
    status = tile(chip, is_scores ? head_dim : context, is_scores ? context : head_dim, copies,
                  math, &t, diag);
  }
  if (status == RS_OK) {
    status = fill_matrix_time(chip, &t, query_heads / kv_heads, math, false, cost, diag);
  }
  if (status != RS_OK) return status;
  cost->sram_bytes = cache * rs_number_bytes(kv) + io;
  return rs__cost_finish(chip, math, cost, diag);
}

rs_status rs_cost_attention_scores(const rs_chip *chip, int64_t query_heads, int64_t kv_heads,
                                   int64_t head_dim, int64_t context, int64_t batch, rs_number kv,
                                   rs_number math, rs_cost *cost, rs_diag *diag) {
  return cost_cache(chip, query_heads, kv_heads, head_dim, context, batch, kv, math, true, cost,
                    diag);
}

rs_status rs_cost_attention_values(const rs_chip *chip, int64_t query_heads, int64_t kv_heads,
                                   int64_t head_dim, int64_t context, int64_t batch, rs_number kv,
                                   rs_number math, rs_cost *cost, rs_diag *diag) {
  return cost_cache(chip, query_heads, kv_heads, head_dim, context, batch, kv, math, false, cost,
                    diag);
}

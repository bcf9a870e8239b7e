/*
 * The matrix unit: a matrix is cut into tiles of rows × columns, the planes take a tile each, and a
 * round is one load of all planes and one pass of every activation vector. Tiles go in the order of
 * output columns, so that the first block of outputs is complete early.
 *
 * A tile that the matrix does not fill costs as much as a full one: the array is loaded row by row
 * whether or not the columns are used. Two heads of 128 could share a tile only as two blocks on its
 * diagonal, which computes nothing more in a pass; that is not done.
 *
 * Weights that are stored as int8 and computed in fp16 are widened on their way: they are half of
 * the bytes in SRAM and take as long to install as fp16 weights. Weights in blocks of 4 bits are
 * widened too. Where the vector unit has to do it (expand_ops), it works beside the installing of
 * the same weights, and what it needs beyond that time is the operation's vector part.
 */
#include "rs__cost.h"

/* `copies` matrices of inputs × outputs, each met by `vectors` activation vectors. */
typedef struct product {
  int64_t inputs, outputs, vectors, copies;
  rs_number weights, math;
  bool preloaded;
} product;

typedef struct tiling {
  int64_t down, across;       /* of one matrix */
  int64_t at_once;            /* tiles that the planes hold together */
  int64_t rounds;             /* of all */
  int64_t rounds_of_a_column; /* until the first block of outputs has all its inputs */
} tiling;

static rs_status tile(const rs_chip *chip, const product *p, tiling *t, rs_diag *diag) {
  int64_t tiles;
  t->down = rs_ceil_div_i64(p->inputs, chip->plane_rows);
  t->across = rs_ceil_div_i64(p->outputs, chip->plane_columns);
  t->at_once = chip->planes / chip->planes_per_tile[p->math];
  rs_status status = rs__cost_product(t->down, t->across, p->copies, &tiles, diag);
  if (status != RS_OK) return status;
  t->rounds = rs_ceil_div_i64(tiles, t->at_once);
  t->rounds_of_a_column = rs_ceil_div_i64(t->down, t->at_once);
  return RS_OK;
}

static rs_status fill_time(const rs_chip *chip, const product *p, const tiling *t, rs_cost *cost,
                           rs_diag *diag) {
  int64_t load = chip->tile_load_cycles;
  int64_t loads = t->rounds - (p->preloaded ? 1 : 0);
  int64_t passes, column;
  rs_status status = rs__cost_product(loads, load, 1, &cost->weight_cycles, diag);
  if (status == RS_OK) {
    status = rs__cost_product(p->vectors, chip->pass_cycles[p->math], 1, &passes, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(t->rounds, passes, 1, &cost->pass_cycles, diag);
  }
  if (status == RS_OK) {
    status = rs__cost_product(t->rounds_of_a_column, load + passes, 1, &column, diag);
  }
  if (status != RS_OK) return status;
  cost->latency_cycles = chip->matrix_latency_cycles;
  cost->first_cycles = column - (p->preloaded ? load : 0) + chip->matrix_latency_cycles;
  cost->unit = RS_UNIT_MATRIX;
  return RS_OK;
}

/* Vector operations that widen the weights, and the time by which they are slower than the loads. */
static rs_status fill_expansion(const rs_chip *chip, const product *p, rs_cost *cost,
                                rs_diag *diag) {
  int64_t weights;
  if (!rs_number_is_block(p->weights) || chip->expand_ops == 0) return RS_OK;
  rs_status status = rs__cost_product(p->inputs, p->outputs, p->copies, &weights, diag);
  if (status == RS_OK) {
    status = rs__cost_product(weights, chip->expand_ops, 1, &cost->vector_ops, diag);
  }
  if (status != RS_OK) return status;
  int64_t cycles = rs_ceil_div_i64(cost->vector_ops, chip->lanes * chip->alus_per_lane);
  cost->vector_cycles = RS_MAX(cycles - cost->weight_cycles, 0);
  return RS_OK;
}

/* Weights are read once. Activations are read once for every block of output columns, and results
 * are written once: the planes add up the blocks of inputs themselves. */
static rs_status fill_bytes(const product *p, const tiling *t, rs_cost *cost, int64_t *weight_bytes,
                            rs_diag *diag) {
  int64_t matrices, met, read, written;
  int64_t width = rs_number_bytes(p->math);
  rs_status status = rs__cost_product(p->inputs, p->outputs, p->copies, &matrices, diag);
  if (status == RS_OK) status = rs__cost_product(matrices, p->vectors, 1, &cost->macs, diag);
  if (status == RS_OK) status = rs__cost_product(p->vectors, p->copies, width, &met, diag);
  if (status == RS_OK) status = rs__cost_product(p->inputs, t->across, met, &read, diag);
  if (status == RS_OK) status = rs__cost_product(p->outputs, met, 1, &written, diag);
  if (status != RS_OK) return status;
  *weight_bytes = rs_number_bytes_of(p->weights, matrices);
  cost->sram_bytes = *weight_bytes + read + written;
  return RS_OK;
}

static rs_status cost_product(const rs_chip *chip, const product *p, rs_cost *cost, rs_diag *diag) {
  tiling t;
  int64_t weight_bytes;
  rs_status status = rs__cost_check_math(chip, p->math, diag);
  if (status == RS_OK) status = tile(chip, p, &t, diag);
  if (status == RS_OK) status = fill_time(chip, p, &t, cost, diag);
  if (status == RS_OK) status = fill_expansion(chip, p, cost, diag);
  if (status == RS_OK) status = fill_bytes(p, &t, cost, &weight_bytes, diag);
  if (status != RS_OK) return status;
  int64_t early_bytes = 0;
  if (p->preloaded) {
    int64_t held = t.at_once * chip->plane_rows * chip->plane_columns;
    early_bytes = RS_MIN(rs_number_bytes_of(p->weights, held), weight_bytes);
  }
  return rs__cost_finish(chip, p->math, early_bytes, cost, diag);
}

rs_status rs_cost_gemm(const rs_chip *chip, int64_t inputs, int64_t outputs, int64_t batch,
                       rs_number weights, rs_number math, bool preloaded, rs_cost *cost,
                       rs_diag *diag) {
  const rs__shape shapes[] = {{"inputs", inputs}, {"outputs", outputs}, {"batch", batch}};
  const product p = {inputs, outputs, batch, 1, weights, math, preloaded};
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  return status == RS_OK ? cost_product(chip, &p, cost, diag) : status;
}

/* Attention against a cache: per sequence and kv head, K (or V) is a matrix that is loaded like
 * weights, and the query heads that share it are its activation vectors. K is head_dim × context,
 * V is context × head_dim. */
static rs_status cost_cache(const rs_chip *chip, int64_t query_heads, int64_t kv_heads,
                            int64_t head_dim, int64_t context, int64_t batch, rs_number kv,
                            rs_number math, bool is_scores, rs_cost *cost, rs_diag *diag) {
  const rs__shape shapes[] = {{"query heads", query_heads},
                              {"kv heads", kv_heads},
                              {"head size", head_dim},
                              {"context", context},
                              {"batch", batch}};
  product p = {
      is_scores ? head_dim : context, is_scores ? context : head_dim, 0, 0, kv, math, false};
  *cost = (rs_cost){0};
  rs_status status = rs__cost_check_shapes(shapes, RS_COUNT_OF(shapes), diag);
  if (status == RS_OK && query_heads % kv_heads != 0) {
    status = rs_diag_set(diag, RS_E_INPUT, "%lld query heads do not share %lld kv heads evenly",
                         (long long)query_heads, (long long)kv_heads);
    rs_diag_expect(diag, "a multiple of the kv heads");
  }
  if (status == RS_OK) status = rs__cost_product(kv_heads, batch, 1, &p.copies, diag);
  if (status != RS_OK) return status;
  p.vectors = query_heads / kv_heads;
  return cost_product(chip, &p, cost, diag);
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

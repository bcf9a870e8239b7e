/* Costs of operations: by hand for named shapes, against a walk over the tiles for all small ones, and
 * the properties that every cost has. */
#include <math.h>
#include <string.h>

#include "rs_cost.h"
#include "rs_random.h"
#include "rs_test.h"

static rs_chip groqchip1(void) {
  const rs_chip *chip = rs_chip_find("groqchip1");
  assert_non_null(chip);
  return *chip;
}

typedef struct parts {
  int64_t weight, pass, vector, stream, latency;
  int64_t first;
} parts;

static void assert_parts(const rs_cost *cost, parts p) {
  assert_int_equal(cost->weight_cycles, p.weight);
  assert_int_equal(cost->pass_cycles, p.pass);
  assert_int_equal(cost->vector_cycles, p.vector);
  assert_int_equal(cost->stream_cycles, p.stream);
  assert_int_equal(cost->latency_cycles, p.latency);
  assert_int_equal(cost->cycles, p.weight + p.pass + p.vector + p.stream + p.latency);
  assert_int_equal(cost->first_cycles, p.first);
}

static rs_cost gemm(const rs_chip *c, int64_t inputs, int64_t outputs, int64_t batch,
                    rs_number weights, rs_number math, bool preloaded) {
  rs_cost cost;
  rs_diag diag = {0};
  assert_ok(rs_cost_gemm(c, inputs, outputs, batch, weights, math, preloaded, &cost, &diag), &diag);
  return cost;
}

/* ---- by hand ---- */

/* One full tile: load 40, one pass, latency 166. */
static void one_tile(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost = gemm(&c, 320, 320, 1, RS_INT8, RS_INT8, false);
  (void)state;
  assert_parts(&cost, (parts){40, 1, 0, 0, 166, 40 + 1 + 166});
  assert_int_equal(cost.macs, 102400);
  assert_int_equal(cost.sram_bytes, 102400 + 320 + 320);
  assert_int_equal(cost.unit, RS_UNIT_MATRIX);
  assert_int_equal(cost.bound, RS_BOUND_LATENCY);
  /* a tile that is not full costs the same time: it is loaded row by row all the same */
  assert_int_equal(gemm(&c, 1, 1, 1, RS_INT8, RS_INT8, false).cycles, cost.cycles);
  /* four tiles are one round; the fifth is another */
  assert_int_equal(gemm(&c, 4 * 320, 320, 1, RS_INT8, RS_INT8, false).cycles, cost.cycles);
  assert_int_equal(gemm(&c, 4 * 320 + 1, 320, 1, RS_INT8, RS_INT8, false).cycles, cost.cycles + 41);
}

/* q, k, v of Llama-2-70B on one of 8 chips: 8,192 × (8 + 1 + 1)·128. ⌈8192/320⌉ = 26 tiles down,
 * ⌈1280/320⌉ = 4 across: 104 tiles. In int8 four at once: 26 rounds, 26·40 = 1,040 and 26 passes;
 * the first column of 26 tiles takes ⌈26/4⌉ = 7 rounds: 7·41 + 166 = 453. */
static void a_projection_in_int8(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost = gemm(&c, 8192, 1280, 1, RS_INT8, RS_INT8, false);
  (void)state;
  assert_parts(&cost, (parts){1040, 26, 0, 0, 166, 453});
  assert_int_equal(cost.bound, RS_BOUND_WEIGHTS);
}

/* The same in fp16: two tiles at once, two cycles a pass: 52 rounds, 2,080 + 104; the first column 13
 * rounds: 13·42 + 166 = 712. Inputs are read for each of the 4 columns: 8192·4·2 B; 1280·2 B written. */
static void a_projection_in_fp16_of_int8_weights(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost = gemm(&c, 8192, 1280, 1, RS_INT8, RS_FP16, false);
  (void)state;
  assert_parts(&cost, (parts){2080, 104, 0, 0, 166, 712});
  assert_int_equal(cost.sram_bytes, 10485760 + 65536 + 2560);
  /* 10,553,856 B · 8 · 0.3 pJ + 10,485,760 · 0.5 pJ = 30,572,134 pJ */
  assert_true(fabs(cost.energy_pj - 30572134.4) < 1);
  /* weights of 2 bytes: twice the weight bytes, the same time */
  rs_cost wide = gemm(&c, 8192, 1280, 1, RS_FP16, RS_FP16, false);
  assert_parts(&wide, (parts){2080, 104, 0, 0, 166, 712});
  assert_int_equal(wide.sram_bytes, cost.sram_bytes + 10485760);
}

static void what_is_preloaded_is_free(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost = gemm(&c, 8192, 1280, 1, RS_INT8, RS_FP16, true);
  (void)state;
  assert_parts(&cost, (parts){2080 - 40, 104, 0, 0, 166, 712 - 40});
  /* one round, all of it loaded before: only a pass and the latency. The 409,600 B that came earlier
   * do not count against the streams now (they would ask for 20 cycles), but cost their energy. */
  cost = gemm(&c, 1280, 320, 1, RS_INT8, RS_INT8, true);
  assert_parts(&cost, (parts){0, 1, 0, 0, 166, 167});
  assert_int_equal(cost.sram_bytes, 409600 + 1280 + 320);
}

/* 8 query heads of 128 on one kv head, 4,096 positions, 2 sequences, fp16. K is 128 × 4096 twice: 13
 * tiles each, 26 in 13 rounds; 8 vectors of 2 cycles a pass: 13·40 = 520, 13·16 = 208. */
static void scores_and_values(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost;
  rs_diag diag = {0};
  (void)state;
  assert_ok(rs_cost_attention_scores(&c, 8, 1, 128, 4096, 2, RS_FP16, RS_FP16, &cost, &diag),
            &diag);
  assert_parts(&cost, (parts){520, 208, 0, 0, 166, 40 + 16 + 166});
  assert_int_equal(cost.macs, 2 * 8 * 128 * 4096);
  /* caches; queries for each of 13 columns; scores */
  assert_int_equal(cost.sram_bytes, 2 * 128 * 4096 * 2 + 16 * 128 * 13 * 2 + 16 * 4096 * 2);
  /* V is 4096 × 128: 13 tiles down, the first (and only) column takes ⌈13/2⌉ = 7 rounds: 7·56 + 166 */
  assert_ok(rs_cost_attention_values(&c, 8, 1, 128, 4096, 2, RS_FP16, RS_FP16, &cost, &diag),
            &diag);
  assert_parts(&cost, (parts){520, 208, 0, 0, 166, 558});
  assert_int_equal(cost.sram_bytes, 2 * 128 * 4096 * 2 + 16 * 4096 * 2 + 16 * 128 * 2);
  /* an int8 cache that is computed in fp16: half of the bytes, the same time */
  assert_ok(rs_cost_attention_values(&c, 8, 1, 128, 4096, 2, RS_INT8, RS_FP16, &cost, &diag),
            &diag);
  assert_int_equal(cost.cycles, 520 + 208 + 166);
  assert_int_equal(cost.sram_bytes, 2 * 128 * 4096 + 16 * 4096 * 2 + 16 * 128 * 2);
}

static void vector_work(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost;
  rs_diag diag = {0};
  (void)state;
  /* 3,584 elements are 12 vectors (11.2); 12·11/16 = 8.25 → 9 cycles; 80 latency */
  assert_ok(rs_cost_vector(&c, 3584, 1, 11, 1, RS_FP16, &cost, &diag), &diag);
  assert_parts(&cost, (parts){0, 0, 9, 0, 80, 81});
  assert_int_equal(cost.vector_ops, 3584 * 11);
  assert_int_equal(cost.sram_bytes, 3584 * 2 * 2);
  assert_int_equal(cost.unit, RS_UNIT_VECTOR);
  /* norm: 26 vectors · 5 / 16 = 8.1 → 9; two passes: half of 9 before the last; 160 + 5 + 1 */
  assert_ok(rs_cost_norm(&c, 8192, 1, RS_FP16, &cost, &diag), &diag);
  assert_parts(&cost, (parts){0, 0, 9, 0, 160, 166});
  /* softmax of 8 rows of 4,096: 8·13 vectors · 7 / 16 = 45.5 → 46; 240 + ⌈46·2/3⌉ + 1 = 272 */
  assert_ok(rs_cost_softmax(&c, 4096, 8, RS_FP16, &cost, &diag), &diag);
  assert_parts(&cost, (parts){0, 0, 46, 0, 240, 272});
  assert_int_equal(cost.sram_bytes, 4096 * 8 * 4 * 2);
}

/* 100,000 vectors, one operation, two passes, fp16: 6,250 cycles of ALUs; bytes 320·100,000·3·2 =
 * 192,000,000 at 20,480 a cycle = 9,375: the streams add 3,125. */
static void streams_can_be_the_limit(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost;
  rs_diag diag = {0};
  (void)state;
  assert_ok(rs_cost_vector(&c, 320, 100000, 1, 2, RS_FP16, &cost, &diag), &diag);
  assert_parts(&cost, (parts){0, 0, 6250, 3125, 160, 160 + 3125 + 1 + 3125});
  /* a chip with an eighth of the streams cannot load tiles at their rate: 103,040 B / 2,560 = 40.25 →
   * 41, which is what load and pass take; with a 16th it is 80.5 → 81 */
  c.stream_bytes_per_cycle = 2560;
  assert_int_equal(gemm(&c, 320, 320, 1, RS_INT8, RS_INT8, false).stream_cycles, 0);
  c.stream_bytes_per_cycle = 1280;
  cost = gemm(&c, 320, 320, 1, RS_INT8, RS_INT8, false);
  assert_parts(&cost, (parts){40, 1, 0, 40, 166, 247});
  /* SRAM is the limit when it is the slower of the two */
  c = groqchip1();
  c.sram_read_bytes_per_cycle = 1280;
  assert_int_equal(gemm(&c, 320, 320, 1, RS_INT8, RS_INT8, false).stream_cycles, 40);
}

static void bounds_have_words(void **state) {
  static const char *const words[] = {"weights", "pass", "vector", "stream", "latency"};
  (void)state;
  for (int i = 0; i < RS_BOUND_COUNT; i++) {
    assert_string_equal(rs_cost_bound_word((rs_cost_bound)i), words[i]);
  }
}

/* ---- against a walk over the tiles ---- */

/* A chip so small that every shape is a corner case. */
static rs_chip tiny(int64_t planes) {
  rs_chip c = groqchip1();
  c.planes = planes;
  c.plane_rows = 2;
  c.plane_columns = 3;
  c.tile_load_cycles = 7;
  c.matrix_latency_cycles = 11;
  return c;
}

/* Planes take tiles in the order of output columns, a round when all are taken or none is left. Notes
 * when the first column was complete. */
static void walk_tiles(const rs_chip *c, int64_t inputs, int64_t outputs, int64_t batch,
                       rs_number math, int64_t *end, int64_t *first) {
  int64_t at_once = c->planes / c->planes_per_tile[math];
  int64_t held = 0;
  int64_t time = 0;
  *first = -1;
  for (int64_t column = 0; column < outputs; column += c->plane_columns) {
    for (int64_t row = 0; row < inputs; row += c->plane_rows) {
      bool last_of_column = row + c->plane_rows >= inputs;
      bool last = last_of_column && column + c->plane_columns >= outputs;
      if (++held < at_once && !last && !(last_of_column && *first < 0)) continue;
      int64_t ends = time + c->tile_load_cycles + batch * c->pass_cycles[math];
      if (last_of_column && *first < 0) *first = ends;
      if (held < at_once && !last) continue; /* more tiles join this round */
      time = ends;
      held = 0;
    }
  }
  *end = time + c->matrix_latency_cycles;
  *first += c->matrix_latency_cycles;
}

static void small_shapes_agree_with_a_walk(void **state) {
  (void)state;
  for (int64_t planes = 2; planes <= 5; planes++) {
    rs_chip c = tiny(planes);
    for (int64_t inputs = 1; inputs <= 13; inputs++) {
      for (int64_t outputs = 1; outputs <= 13; outputs++) {
        for (int64_t batch = 1; batch <= 3; batch++) {
          for (int math = RS_INT8; math <= RS_FP16; math++) {
            int64_t end, first;
            rs_cost cost = gemm(&c, inputs, outputs, batch, RS_INT8, (rs_number)math, false);
            walk_tiles(&c, inputs, outputs, batch, (rs_number)math, &end, &first);
            assert_int_equal(cost.cycles, end);
            assert_int_equal(cost.first_cycles, first);
          }
        }
      }
    }
  }
}

/* ---- weights in blocks of 4 bits ---- */

/* 1,280 × 320 in fp16: 4 tiles, 2 at once, 2 rounds of 40. 409,600 weights · 2 operations / 5,120 ALUs
 * = 160 cycles, 80 more than the loads. Memory: 409,600 · 9/16 = 230,400 B, and 1,280 + 320 numbers of
 * 2 bytes. A chip that widens in the matrix unit saves memory and takes the time of fp16. */
static void weights_in_blocks_are_widened_by_the_vector_unit(void **state) {
  rs_chip c = groqchip1();
  (void)state;
  rs_cost cost = gemm(&c, 1280, 320, 1, RS_BLOCK4, RS_FP16, false);
  assert_int_equal(cost.weight_cycles, 80);
  assert_int_equal(cost.vector_cycles, 80);
  assert_int_equal(cost.vector_ops, 819200);
  assert_int_equal(cost.sram_bytes, 230400 + 3200);
  rs_cost wide = gemm(&c, 1280, 320, 1, RS_FP16, RS_FP16, false);
  c.expand_ops = 0;
  cost = gemm(&c, 1280, 320, 1, RS_BLOCK4, RS_FP16, false);
  assert_int_equal(cost.vector_cycles, 0);
  assert_int_equal(cost.cycles, wide.cycles);
  assert_int_equal(cost.sram_bytes, 230400 + 3200);
  assert_true(cost.energy_pj < wide.energy_pj);
}

/* ---- properties ---- */

static void assert_whole(const rs_cost *cost) {
  const int64_t all[RS_BOUND_COUNT] = {cost->weight_cycles, cost->pass_cycles, cost->vector_cycles,
                                       cost->stream_cycles, cost->latency_cycles};
  int64_t sum = 0;
  for (int i = 0; i < RS_BOUND_COUNT; i++) {
    assert_true(all[i] >= 0 && all[i] <= all[cost->bound]);
    sum += all[i];
  }
  assert_int_equal(sum, cost->cycles);
  assert_true(cost->first_cycles >= 1 && cost->first_cycles <= cost->cycles);
  double energy = cost->sram_pj + cost->matrix_pj + cost->vector_pj;
  assert_true(fabs(energy / cost->energy_pj - 1) < 1e-12);
  assert_true(cost->sram_bytes > 0 && cost->energy_pj > 0 && isfinite(cost->energy_pj));
}

/* An operation by its shapes, so that properties can be stated for all of them. */
typedef rs_status operation(const rs_chip *c, const int64_t *shape, rs_number number, rs_cost *cost,
                            rs_diag *diag);

static rs_status run_gemm(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                          rs_diag *d) {
  return rs_cost_gemm(c, s[0], s[1], s[2], RS_INT8, n, s[3] % 2 == 0, cost, d);
}
static rs_status run_scores(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                            rs_diag *d) {
  return rs_cost_attention_scores(c, s[0], 1, s[1], s[2], s[3], n, n, cost, d);
}
static rs_status run_values(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                            rs_diag *d) {
  return rs_cost_attention_values(c, s[0], 1, s[1], s[2], s[3], n, n, cost, d);
}
static rs_status run_vector(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                            rs_diag *d) {
  return rs_cost_vector(c, s[0], s[1], s[2], s[3], n, cost, d);
}
static rs_status run_norm(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                          rs_diag *d) {
  return rs_cost_norm(c, s[0], s[1], n, cost, d);
}
static rs_status run_softmax(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                             rs_diag *d) {
  return rs_cost_softmax(c, s[0], s[1], n, cost, d);
}
static rs_status run_lstm(const rs_chip *c, const int64_t *s, rs_number n, rs_cost *cost,
                          rs_diag *d) {
  (void)n;
  return rs_cost_lstm(c, s[0], s[1], cost, d);
}

typedef struct named {
  const char *name;
  operation *run;
  int shapes;            /* that must be at least 1 */
  int rising;            /* the first so many never make it cheaper */
  const char *firsts[4]; /* their names in messages */
} named;

static const named operations[] = {
    {"gemm", run_gemm, 3, 3, {"inputs", "outputs", "batch"}},
    {"scores", run_scores, 4, 4, {"query heads", "head size", "context", "batch"}},
    {"values", run_values, 4, 4, {"query heads", "head size", "context", "batch"}},
    {"vector", run_vector, 4, 4, {"elements", "batch", "operations an element", "passes"}},
    {"norm", run_norm, 2, 2, {"elements", "batch"}},
    {"softmax", run_softmax, 2, 2, {"elements", "batch"}},
    {"lstm", run_lstm, 2, 2, {"hidden", "batch"}},
};

static void more_is_never_cheaper(void **state) {
  const uint64_t seed = 20240918;
  rs_chip c = groqchip1();
  rs_random random;
  (void)state;
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  for (int round = 0; round < 3000; round++) {
    const named *op = &operations[rs_random_below(&random, RS_COUNT_OF(operations))];
    rs_number number = rs_random_below(&random, 2) == 0 ? RS_INT8 : RS_FP16;
    int64_t shape[4];
    for (int i = 0; i < 4; i++)
      shape[i] = rs_random_between(&random, 1, 1 << rs_random_below(&random, 13));
    rs_diag diag = {0};
    rs_cost small, large;
    assert_ok(op->run(&c, shape, number, &small, &diag), &diag);
    assert_whole(&small);
    int which = (int)rs_random_below(&random, (uint64_t)op->rising);
    shape[which] += rs_random_between(&random, 1, 700);
    assert_ok(op->run(&c, shape, number, &large, &diag), &diag);
    if (large.cycles < small.cycles || large.sram_bytes < small.sram_bytes ||
        large.energy_pj < small.energy_pj || large.macs < small.macs) {
      fail_msg("%s: a larger %s is cheaper, round %d", op->name, op->firsts[which], round);
    }
  }
}

/* fp16 is never cheaper than int8, and what was preloaded never dearer. */
static void formats_and_preloading_have_their_order(void **state) {
  rs_chip c = groqchip1();
  (void)state;
  for (int64_t inputs = 100; inputs <= 4000; inputs += 300) {
    for (int64_t outputs = 100; outputs <= 4000; outputs += 300) {
      rs_cost narrow = gemm(&c, inputs, outputs, 5, RS_INT8, RS_INT8, false);
      rs_cost wide = gemm(&c, inputs, outputs, 5, RS_INT8, RS_FP16, false);
      rs_cost ready = gemm(&c, inputs, outputs, 5, RS_INT8, RS_FP16, true);
      assert_true(wide.cycles >= narrow.cycles && wide.energy_pj > narrow.energy_pj);
      assert_int_equal(ready.cycles, wide.cycles - c.tile_load_cycles);
      assert_int_equal(ready.first_cycles, wide.first_cycles - c.tile_load_cycles);
    }
  }
}

/* ---- what is refused ---- */

static void bad_shapes_are_named(void **state) {
  rs_chip c = groqchip1();
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(operations); i++) {
    const named *op = &operations[i];
    for (int which = 0; which < op->shapes; which++) {
      const int64_t bad[] = {0, -1, INT64_MIN};
      for (size_t k = 0; k < RS_COUNT_OF(bad); k++) {
        int64_t shape[4] = {1, 1, 1, 1};
        rs_cost cost;
        rs_diag diag = {0};
        shape[which] = bad[k];
        assert_int_equal(op->run(&c, shape, RS_FP16, &cost, &diag), RS_E_INPUT);
        assert_memory_equal(diag.what, op->firsts[which], strlen(op->firsts[which]));
        assert_int_equal(op->run(&c, shape, RS_FP16, &cost, NULL), RS_E_INPUT);
      }
    }
  }
}

static void heads_must_share_evenly(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost;
  rs_diag diag = {0};
  (void)state;
  assert_int_equal(rs_cost_attention_scores(&c, 8, 3, 128, 9, 1, RS_INT8, RS_INT8, &cost, &diag),
                   RS_E_INPUT);
  assert_string_equal(diag.what, "8 query heads do not share 3 kv heads evenly");
  assert_int_equal(rs_cost_attention_values(&c, 8, 0, 128, 9, 1, RS_INT8, RS_INT8, &cost, &diag),
                   RS_E_INPUT);
  assert_string_equal(diag.what, "kv heads is 0");
}

static void formats_that_no_unit_computes_in_are_refused(void **state) {
  rs_chip c = groqchip1();
  rs_cost cost;
  rs_diag diag = {0};
  (void)state;
  assert_int_equal(rs_cost_gemm(&c, 1, 1, 1, RS_FP8, RS_FP8, false, &cost, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "chip groqchip1 does not compute in fp8");
  assert_string_equal(diag.expected, "int8 or fp16");
  assert_int_equal(rs_cost_gemm(&c, 1, 1, 1, RS_BLOCK4, RS_BLOCK4, false, &cost, NULL), RS_E_INPUT);
  assert_int_equal(rs_cost_norm(&c, 320, 1, RS_BLOCK4, &cost, NULL), RS_E_INPUT);
}

/* Every mix of small and giant shapes: a whole cost or RS_E_OVERFLOW, never a wrapped number. The
 * sanitizers watch. Four shapes of 2^57 and more cannot be counted whatever they are. */
static void giants_overflow_politely(void **state) {
  const int64_t sizes[] = {1, 3, INT64_C(1) << 20, INT64_C(1) << 31, INT64_C(1) << 57, INT64_MAX};
  const size_t n = RS_COUNT_OF(sizes);
  rs_chip c = groqchip1();
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(operations); i++) {
    int good = 0, refused = 0;
    for (size_t mix = 0; mix < n * n * n * n; mix++) {
      const int64_t shape[] = {sizes[mix % n], sizes[mix / n % n], sizes[mix / n / n % n],
                               sizes[mix / n / n / n]};
      rs_cost cost;
      rs_status status = operations[i].run(&c, shape, RS_FP16, &cost, NULL);
      if (status == RS_OK) assert_whole(&cost);
      if (status != RS_OK) assert_int_equal(status, RS_E_OVERFLOW);
      status == RS_OK ? good++ : refused++;
    }
    assert_true(good > 0 && refused > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_tile),
      cmocka_unit_test(a_projection_in_int8),
      cmocka_unit_test(a_projection_in_fp16_of_int8_weights),
      cmocka_unit_test(what_is_preloaded_is_free),
      cmocka_unit_test(scores_and_values),
      cmocka_unit_test(vector_work),
      cmocka_unit_test(streams_can_be_the_limit),
      cmocka_unit_test(bounds_have_words),
      cmocka_unit_test(small_shapes_agree_with_a_walk),
      cmocka_unit_test(more_is_never_cheaper),
      cmocka_unit_test(formats_and_preloading_have_their_order),
      cmocka_unit_test(bad_shapes_are_named),
      cmocka_unit_test(heads_must_share_evenly),
      cmocka_unit_test(formats_that_no_unit_computes_in_are_refused),
      cmocka_unit_test(weights_in_blocks_are_widened_by_the_vector_unit),
      cmocka_unit_test(giants_overflow_politely),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

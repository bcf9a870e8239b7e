/* Shardings: what a chip holds by hand, the dealing of layers against all dealings, what is refused. */
#include <math.h>
#include <string.h>

#include "rs_random.h"
#include "rs_sharding.h"
#include "rs_test.h"

static int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL ? -1 : 0;
}

static int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

static rs_chip groqchip1(void) {
  const rs_chip *chip = rs_chip_find("groqchip1");
  assert_non_null(chip);
  return *chip;
}

static rs_model preset(const char *name) {
  rs_model_preset p;
  rs_model model;
  rs_diag diag = {0};
  assert_true(rs_model_preset_find(name, &p));
  assert_ok(rs_model_parse(name, p.config, strlen(p.config), &model, &diag), &diag);
  return model;
}

static rs_sharding *build(rs_arena *arena, const rs_model *m, const rs_sharding_request *r) {
  rs_chip chip = groqchip1();
  rs_sharding *sharding;
  rs_diag diag = {0};
  assert_ok(rs_sharding_build(arena, m, &chip, 10440, r, &sharding, &diag), &diag);
  return sharding;
}

/* What every sharding must be. */
static void assert_sound(const rs_model *m, const rs_sharding *s) {
  int64_t next = 0, fullest = 0, weights = 0, kv = 0;
  const rs_sharding_request *r = &s->request;
  for (int64_t i = 0; i < r->pipeline; i++) {
    const rs_stage *stage = &s->stages[i];
    assert_int_equal(stage->first_layer, next);
    assert_true(stage->layer_count >= (r->pipeline > 1 && (stage->embeds || stage->heads) ? 0 : 1));
    assert_int_equal(stage->embeds, i == 0);
    assert_int_equal(stage->heads, i == r->pipeline - 1);
    assert_true(stage->weight_bytes > 0 && stage->work_bytes > 0);
    assert_true((stage->kv_bytes > 0) == (stage->layer_count > 0 && !m->is_encoder));
    fullest = RS_MAX(fullest, stage->weight_bytes + stage->kv_bytes + stage->work_bytes);
    weights += stage->weight_bytes * r->tensor;
    kv += stage->kv_bytes * r->tensor;
    next += stage->layer_count;
  }
  assert_int_equal(next, m->layers);
  assert_int_equal(s->sram_bytes_max, fullest);
  assert_int_equal(s->weight_bytes_total, weights);
  assert_int_equal(s->kv_bytes_total, kv);
  assert_int_equal(s->chips_used, r->tensor * r->pipeline);
  assert_int_equal(s->fits, s->reason[0] == '\0');
}

/* ---- the main job ---- */

static const rs_sharding_request main_job = {.tensor = 8,
                                             .pipeline = 72,
                                             .batch = 1,
                                             .micro_batches = 1,
                                             .context = 4096,
                                             .weights = RS_INT8,
                                             .kv = RS_FP16,
                                             .activations = RS_FP16};

/* Llama-2-70B in int8 on 8 × 72 chips, a chip:
 *   layer: q 8192·1024, k and v 8192·128 each, o 1024·8192; MLP 3·8192·3584; norms 2·8192
 *          = 106,971,136 B, and a cache of 2·1·128·4096·2 = 2,097,152 B
 *   embedding 1024·32000 = 32,768,000; head 4000·8192 + norm 8192 = 32,776,192
 *   work 2·(4·8192 + 2·3584 + 8·4096 + 4000) = 153,408
 * 80 layers on 72 stages: some have two, 2·109,068,288 + 153,408 = 218,289,984 of 230,686,720. The first
 * and the last have no room for a second; stages 1 … 8 take one more. */
static void llama_2_70b_fits_in_int8(void **state) {
  rs_model m = preset("llama-2-70b");
  rs_sharding *s = build(*state, &m, &main_job);
  int64_t layer = 106971136, kv = 2097152;
  assert_sound(&m, s);
  assert_true(s->fits);
  assert_int_equal(s->sram_bytes_max, 2 * (layer + kv) + 153408);
  assert_int_equal(s->sram_bytes_max, 218289984);
  for (int64_t i = 0; i < 72; i++) {
    int64_t layers = i >= 1 && i <= 8 ? 2 : 1;
    int64_t extra = i == 0 ? 32768000 : i == 71 ? 32776192 : 0;
    assert_int_equal(s->stages[i].layer_count, layers);
    assert_int_equal(s->stages[i].weight_bytes, layers * layer + extra);
    assert_int_equal(s->stages[i].kv_bytes, layers * kv);
    assert_int_equal(s->stages[i].work_bytes, 153408);
  }
  /* all parameters once, and norms on each of 8 chips: 68,976,648,192 + 7·(80·2 + 1)·8192 */
  assert_int_equal(s->weight_bytes_total, INT64_C(68976648192) + 7 * 161 * 8192);
  /* the cache of one sequence: 2·80·8·128·4096·2 */
  assert_int_equal(s->kv_bytes_total, INT64_C(1342177280));
}

/* Llama-3-70B has the same layers, 106,971,136 B and 2,097,152 B of cache a chip, but 128,256 tokens: its
 * embedding is 1024·128256 = 131,334,144 B, its head as much and 8,192, its work 2·(4·8192 + 2·3584 + 8·4096
 * + 16032) = 177,472. A layer beside one of them would be 240,4 MB of the 230.7: the ends have none, and 80
 * layers on 70 stages are two on ten of them: 2·109,068,288 + 177,472. */
static void a_large_head_has_a_stage_for_itself(void **state) {
  rs_model m = preset("llama-3-70b");
  rs_sharding *s = build(*state, &m, &main_job);
  assert_sound(&m, s);
  assert_true(s->fits);
  assert_int_equal(s->sram_bytes_max, 2 * INT64_C(109068288) + 177472);
  for (int64_t i = 0; i < 72; i++) {
    int64_t layers = i == 0 || i == 71 ? 0 : i <= 10 ? 2 : 1;
    int64_t extra = i == 0 ? 131334144 : i == 71 ? 131342336 : 0;
    assert_int_equal(s->stages[i].layer_count, layers);
    assert_int_equal(s->stages[i].weight_bytes, layers * 106971136 + extra);
  }
  /* in a node of 4 chips more a layer fits beside the head: none of the ends is without */
  rs_sharding_request r = main_job;
  r.tensor = 16;
  r.pipeline = 45;
  s = build(*state, &m, &r);
  assert_true(s->fits && s->stages[0].layer_count > 0 && s->stages[44].layer_count > 0);
}

/* In fp16 a layer is 213,942,272 B: 2·(213,942,272 + 2,097,152) + 153,408 = 432,232,256, which is
 * 201,545,536 more than there is. */
static void llama_2_70b_does_not_fit_in_fp16(void **state) {
  rs_model m = preset("llama-2-70b");
  rs_sharding_request r = main_job;
  r.weights = RS_FP16;
  rs_sharding *s = build(*state, &m, &r);
  assert_sound(&m, s);
  assert_false(s->fits);
  assert_int_equal(s->sram_bytes_max, 432232256);
  assert_non_null(strstr(s->reason, "a chip of stage 1 needs 432.2 MB"));
  assert_non_null(strstr(s->reason, "201.5 MB more than its 230.7 MB of SRAM"));
  /* nor does it fit into 576 chips in any other way: the whole is more than their SRAM */
  assert_true(s->weight_bytes_total > 576 * groqchip1().sram_bytes);
  /* one layer a stage does */
  r.pipeline = 80;
  s = build(*state, &m, &r);
  assert_false(s->fits); /* not quite: the ends hold 65 MB more */
  r.pipeline = 80;
  r.tensor = 16;
  s = build(*state, &m, &r);
  assert_true(s->fits);
  assert_sound(&m, s);
}

/* Concurrency is batch times micro-batches, and the cache holds all of it. */
static void the_cache_holds_all_sequences_in_flight(void **state) {
  rs_model m = preset("llama-2-70b");
  rs_sharding_request r = main_job;
  r.batch = 3;
  r.micro_batches = 5;
  rs_sharding *many = build(*state, &m, &r);
  rs_sharding *one = build(*state, &m, &main_job);
  assert_sound(&m, many);
  assert_int_equal(many->kv_bytes_total, 15 * one->kv_bytes_total);
  assert_int_equal(many->stages[0].work_bytes, 3 * one->stages[0].work_bytes);
  assert_int_equal(many->weight_bytes_total, one->weight_bytes_total);
  /* 72 in flight: 72 · 1.342 GB = 96.6 GB of cache, which does not fit beside the weights */
  r.batch = 1;
  r.micro_batches = 72;
  many = build(*state, &m, &r);
  assert_int_equal(many->kv_bytes_total, 72 * one->kv_bytes_total);
  assert_false(many->fits);
}

/* 8 kv heads on 16 chips: each is held twice, with its projections and its cache. */
static void kv_heads_are_repeated_when_they_are_few(void **state) {
  rs_model m = preset("llama-2-70b");
  rs_sharding_request r = main_job;
  r.tensor = 16;
  r.pipeline = 80;
  rs_sharding *s = build(*state, &m, &r);
  /* q 8192·512, k and v 8192·128 each (not 64), o 512·8192; MLP 3·8192·1792; norms 2·8192 */
  int64_t layer = 8192 * 512 + 2 * 8192 * 128 + 512 * 8192 + 3 * 8192 * 1792 + 2 * 8192;
  assert_int_equal(s->stages[40].weight_bytes, layer);
  assert_int_equal(s->stages[40].kv_bytes, 2097152); /* as with 8 chips */
}

/* GPT-3: biases and a tied head. On one stage the table is there once, on two it is held twice. */
static void a_tied_head_needs_its_table_where_it_is(void **state) {
  rs_model m = preset("gpt-3-175b");
  rs_model_count count;
  assert_int_equal(rs_model_count_parameters(&m, &count, NULL), RS_OK);
  rs_sharding_request r = main_job;
  r.tensor = r.pipeline = 1;
  rs_sharding *s = build(*state, &m, &r);
  assert_sound(&m, s);
  assert_int_equal(s->weight_bytes_total, count.total);
  r.pipeline = 2;
  s = build(*state, &m, &r);
  assert_sound(&m, s);
  assert_int_equal(s->weight_bytes_total, count.total + 50257 * 12288);
}

/* Parameters that every chip of a group holds whole: norms and output biases; what makes latents, with
 * its norms, and norms of heads; the router. */
static int64_t count_on_each(const rs_model *m) {
  int64_t latents =
      (m->hidden + 1) * (m->mla.q_rank + m->mla.kv_rank) + m->hidden * m->mla.rope_dim;
  int64_t layer = (m->biases ? 6 : 2) * m->hidden + latents + (m->head_norms ? 2 * m->head_dim : 0);
  int64_t routers = m->moe.experts > 0 ? m->layers - m->moe.first_dense : 0;
  int64_t end = (m->biases ? 2 : 1) * m->hidden;
  return layer * m->layers + routers * m->hidden * m->moe.experts + end;
}

/* More chips than kv heads: each head's k and v once more for every further chip. */
static int64_t count_repeated(const rs_model *m, int64_t tensor) {
  if (m->mla.kv_rank > 0 || tensor <= m->kv_heads) return 0;
  return (tensor - m->kv_heads) * 2 * m->head_dim * m->hidden * m->layers;
}

/* Split over chips, all is there once but what count_on_each and count_repeated name. */
static void nothing_is_lost_in_splitting(void **state) {
  for (size_t i = 0; i < rs_model_preset_count(); i++) {
    rs_model m = preset(rs_model_preset_at(i).name);
    rs_model_count count;
    assert_int_equal(rs_model_count_parameters(&m, &count, NULL), RS_OK);
    int64_t head = m.tied_embedding && !m.is_encoder ? m.vocab * m.hidden : 0;
    for (int64_t tensor = 1; tensor <= 8; tensor *= 2) {
      rs_sharding_request r = main_job;
      r.tensor = tensor;
      r.pipeline = 4;
      if (tensor > 1 && m.heads % tensor != 0) continue; /* BERT's 12 heads on 8 chips */
      rs_sharding *s = build(*state, &m, &r);
      assert_sound(&m, s);
      int64_t whole =
          count.total + head + (tensor - 1) * count_on_each(&m) + count_repeated(&m, tensor);
      /* the head's vocabulary is rounded up to whole rows a chip */
      int64_t rounding = s->weight_bytes_total - whole;
      assert_true(rounding >= 0 && rounding < tensor * m.hidden);
    }
  }
}

/* ---- dealing, against all dealings ---- */

typedef struct parts {
  int64_t layer, embedding, head, work;
} parts;

static int64_t largest(const parts *p, const int64_t *deal, int64_t stages) {
  int64_t most = 0;
  for (int64_t s = 0; s < stages; s++) {
    int64_t bytes = deal[s] * p->layer + p->work + (s == 0 ? p->embedding : 0) +
                    (s == stages - 1 ? p->head : 0);
    most = RS_MAX(most, bytes);
  }
  return most;
}

/* Tries all ways to give each stage at least one layer, the ends as many as they have to, later stages
 * first to grow; of equally good ones the last tried is the one with the most layers in front. */
typedef struct dealing {
  const parts *p;
  int64_t stages, first_least, last_least;
  int64_t deal[16], best[16], best_bytes;
} dealing;

static void try_all(dealing *d, int64_t stage, int64_t left) {
  bool is_last = stage == d->stages - 1;
  if (is_last) {
    if (left < d->last_least) return;
    d->deal[stage] = left;
    int64_t bytes = largest(d->p, d->deal, d->stages);
    if (bytes > d->best_bytes) return;
    d->best_bytes = bytes;
    memcpy(d->best, d->deal, sizeof d->best);
    return;
  }
  for (int64_t take = stage == 0 ? d->first_least : 1; take <= left; take++) {
    d->deal[stage] = take;
    try_all(d, stage + 1, left - take);
  }
}

/* The ends without layers only where it has to be: the first of the four that fits, or else the one with
 * the smallest largest stage. */
static dealing find_deal(const parts *p, int64_t layers, int64_t stages, int64_t sram_bytes) {
  dealing best = {.best_bytes = INT64_MAX};
  for (int least = 3; least >= 0 && best.best_bytes > sram_bytes; least--) {
    dealing d = {p, stages, least >> 1 & 1, least & 1, {0}, {0}, INT64_MAX};
    if (stages == 1 && least != 3) break;
    try_all(&d, 0, layers);
    if (d.best_bytes < best.best_bytes) best = d;
  }
  return best;
}

/* One chip a stage; hidden 4, one head of 4, ffn f: a layer is 4·4·4 + 3·4·f + 8 bytes and a cache of
 * 2·4·T. sram_bytes: 0 for much. Returns how many ends have no layer. */
static int check_deal(rs_arena *arena, int64_t layers, int64_t stages, int64_t vocab, bool tied,
                      int64_t context, int64_t sram_bytes) {
  rs_model m = {.name = "t",
                .layers = layers,
                .hidden = 4,
                .heads = 1,
                .kv_heads = 1,
                .head_dim = 4,
                .ffn = 5,
                .vocab = vocab,
                .gated_mlp = true,
                .tied_embedding = tied};
  rs_sharding_request r = {
      .tensor = 1, .pipeline = stages, .batch = 1, .micro_batches = 1, .context = context};
  parts p = {.layer = 64 + 3 * 4 * 5 + 8 + 8 * context,
             .embedding = 4 * vocab,
             .head = (tied && stages == 1 ? 0 : 4 * vocab) + 4,
             .work = 16 + 10 + context + vocab};
  rs_chip small = groqchip1();
  if (sram_bytes > 0) small.sram_bytes = sram_bytes;
  dealing d = find_deal(&p, layers, stages, small.sram_bytes);
  rs_sharding *s;
  rs_diag diag = {0};
  assert_ok(rs_sharding_build(arena, &m, &small, 100, &r, &s, &diag), &diag);
  assert_sound(&m, s);
  assert_int_equal(s->sram_bytes_max, d.best_bytes);
  assert_true(s->fits == (d.best_bytes <= small.sram_bytes));
  for (int64_t i = 0; i < stages; i++) assert_int_equal(s->stages[i].layer_count, d.best[i]);
  return (s->stages[0].layer_count == 0 ? 1 : 0) + (s->stages[stages - 1].layer_count == 0 ? 1 : 0);
}

/* Up to two stages more than layers, with room for all and with room for little. */
static void no_dealing_has_a_smaller_largest_stage(void **state) {
  static const int64_t vocabularies[] = {1, 20, 35, 70, 150, 1000};
  static const int64_t rooms[] = {0, 200, 320, 450, 700, 5100};
  int ends[3] = {0};
  (void)state;
  for (int64_t layers = 1; layers <= 8; layers++) {
    for (int64_t stages = 1; stages <= layers + 2; stages++) {
      rs_arena *arena = rs_arena_create(0);
      for (size_t v = 0; v < RS_COUNT_OF(vocabularies); v++) {
        for (size_t k = 0; k < RS_COUNT_OF(rooms); k++) {
          ends[check_deal(arena, layers, stages, vocabularies[v], v % 2 == 0, 1, rooms[k])]++;
          ends[check_deal(arena, layers, stages, vocabularies[v], v % 2 == 1, 9, rooms[k])]++;
        }
      }
      rs_arena_destroy(arena);
    }
  }
  for (int i = 0; i < 3; i++) assert_true(ends[i] > 50); /* all three were among them */
}

/* ---- what is refused ---- */

static void what_does_not_divide_is_infeasible(void **state) {
  static const struct {
    rs_sharding_request request;
    rs_status status;
    const char *what;
  } cases[] = {
      {{.tensor = 0, .pipeline = 1, .batch = 1, .micro_batches = 1, .context = 1},
       RS_E_INPUT,
       "tensor is 0"},
      {{.tensor = 1, .pipeline = -1, .batch = 1, .micro_batches = 1, .context = 1},
       RS_E_INPUT,
       "pipeline is -1"},
      {{.tensor = 1, .pipeline = 1, .batch = 0, .micro_batches = 1, .context = 1},
       RS_E_INPUT,
       "batch is 0"},
      {{.tensor = 1, .pipeline = 1, .batch = 1, .micro_batches = 0, .context = 1},
       RS_E_INPUT,
       "micro_batches is 0"},
      {{.tensor = 1, .pipeline = 1, .batch = 1, .micro_batches = 1, .context = 0},
       RS_E_INPUT,
       "context is 0"},
      {{.tensor = 3, .pipeline = 1, .batch = 1, .micro_batches = 1, .context = 1},
       RS_E_INFEASIBLE,
       "tensor = 3 does not divide attention heads = 64"},
      {{.tensor = 1, .pipeline = 83, .batch = 1, .micro_batches = 1, .context = 1},
       RS_E_INFEASIBLE,
       "pipeline = 83 is more than the model's 80 layers, embedding and head"},
      {{.tensor = 8, .pipeline = 73, .batch = 1, .micro_batches = 1, .context = 1},
       RS_E_INFEASIBLE,
       "tensor 8 × pipeline 73 needs more than 576 chips"},
      {{.tensor = INT64_MAX, .pipeline = 2, .batch = 1, .micro_batches = 1, .context = 1},
       RS_E_INFEASIBLE,
       "needs more than 576 chips"},
      {{.tensor = 8, .pipeline = 4, .batch = 1, .micro_batches = 5, .context = 1},
       RS_E_INFEASIBLE,
       "5 micro-batches cannot be in flight at once in 4 stages"},
  };
  rs_model m = preset("llama-2-70b");
  rs_chip chip = groqchip1();
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_sharding *s;
    rs_diag diag = {0};
    assert_int_equal(rs_sharding_build(*state, &m, &chip, 576, &cases[i].request, &s, &diag),
                     cases[i].status);
    if (strstr(diag.what, cases[i].what) == NULL) fail_msg("case %zu: %s", i, diag.what);
    assert_int_equal(rs_sharding_build(*state, &m, &chip, 576, &cases[i].request, &s, NULL),
                     cases[i].status);
  }
}

static void heads_and_ffn_must_divide_each(void **state) {
  rs_chip chip = groqchip1();
  rs_sharding *s;
  rs_diag diag = {0};
  rs_model m = preset("llama-2-70b");
  rs_sharding_request r = main_job;
  r.pipeline = 1;
  r.tensor = 8;
  m.ffn = 28676; /* 4 · 7169 */
  assert_int_equal(rs_sharding_build(*state, &m, &chip, 576, &r, &s, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "tensor = 8 does not divide intermediate size = 28676");
  m.ffn = 28672;
  m.heads = 48;
  m.kv_heads = 12; /* 8 neither divides 12 nor is a multiple of it */
  assert_int_equal(rs_sharding_build(*state, &m, &chip, 576, &r, &s, &diag), RS_E_INFEASIBLE);
  assert_non_null(strstr(diag.what, "kv heads = 12"));
}

/* Giants: RS_E_OVERFLOW or a whole sharding, never a wrapped number; the sanitizers watch. */
static void giants_overflow_politely(void **state) {
  const int64_t sizes[] = {1, INT64_C(1) << 20, INT64_C(1) << 31};
  const int64_t contexts[] = {1, INT64_C(1) << 31, INT64_MAX};
  rs_chip chip = groqchip1();
  int good = 0, refused = 0;
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (int mix = 0; mix < 3 * 3 * 3 * 3 * 3 * 3; mix++) {
    int64_t a = sizes[mix % 3], b = sizes[mix / 3 % 3], c = sizes[mix / 9 % 3];
    rs_model m = {.name = "giant",
                  .layers = c,
                  .hidden = a,
                  .heads = b,
                  .kv_heads = b,
                  .head_dim = sizes[mix / 27 % 3],
                  .ffn = a,
                  .vocab = sizes[mix / 81 % 3],
                  .gated_mlp = true,
                  .biases = mix % 2 == 0};
    rs_sharding_request r = main_job;
    r.tensor = r.pipeline = 1;
    r.context = contexts[mix / 243];
    rs_sharding *s;
    rs_status status = rs_sharding_build(arena, &m, &chip, 576, &r, &s, NULL);
    if (status == RS_OK) assert_sound(&m, s);
    if (status != RS_OK) assert_int_equal(status, RS_E_OVERFLOW);
    status == RS_OK ? good++ : refused++;
  }
  assert_true(good > 0 && refused > 0);
  rs_arena_destroy(arena);
}

static void no_memory_is_reported(void **state) {
  rs_model m = preset("llama-2-70b");
  rs_chip chip = groqchip1();
  rs_sharding *s;
  rs_diag diag = {0};
  rs_arena *small = rs_arena_create(64);
  (void)state;
  assert_int_equal(rs_sharding_build(small, &m, &chip, 576, &main_job, &s, &diag), RS_E_NO_MEMORY);
  rs_arena_destroy(small);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(llama_2_70b_fits_in_int8),
      cmocka_unit_test(a_large_head_has_a_stage_for_itself),
      cmocka_unit_test(llama_2_70b_does_not_fit_in_fp16),
      cmocka_unit_test(the_cache_holds_all_sequences_in_flight),
      cmocka_unit_test(kv_heads_are_repeated_when_they_are_few),
      cmocka_unit_test(a_tied_head_needs_its_table_where_it_is),
      cmocka_unit_test(nothing_is_lost_in_splitting),
      cmocka_unit_test(no_dealing_has_a_smaller_largest_stage),
      cmocka_unit_test(what_does_not_divide_is_infeasible),
      cmocka_unit_test(heads_and_ffn_must_divide_each),
      cmocka_unit_test(giants_overflow_politely),
      cmocka_unit_test(no_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

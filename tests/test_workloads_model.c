/* Models: the presets against published sizes, what a config.json may say, and where its faults are. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_model.h"
#include "rs_random.h"
#include "rs_test.h"

static rs_model preset(const char *name) {
  rs_model_preset p;
  rs_model model;
  rs_diag diag = {0};
  if (!rs_model_preset_find(name, &p)) fail_msg("no preset %s", name);
  assert_ok(rs_model_parse(name, p.config, strlen(p.config), &model, &diag), &diag);
  return model;
}

static rs_model_count count_of(const rs_model *model) {
  rs_model_count count;
  rs_diag diag = {0};
  assert_ok(rs_model_count_parameters(model, &count, &diag), &diag);
  return count;
}

/* ---- presets ---- */

/* Published parameter counts, in units of 10^9: in all, and those that a token meets where they are
 * fewer. The two shapes of our own are held to what their names say. */
static const struct {
  const char *name;
  double parameters, active;
} published[] = {
    {"llama-2-7b", 6.74, 0},           {"llama-2-70b", 68.98, 0},
    {"llama-3-8b", 8.03, 0},           {"llama-3-70b", 70.55, 0},
    {"llama-3.1-405b", 405.85, 0},     {"gpt-3-175b", 174.6, 0},
    {"mixtral-8x7b", 46.7, 12.9},      {"deepseek-v3", 671.0, 37.6},
    {"kimi-k2", 1026, 32.9},           {"qwen2.5-72b", 72.7, 0},
    {"qwen3-235b-a22b", 235.1, 22.19}, {"bert-base", 0.11, 0},
    {"bert-large", 0.336, 0},          {"dense-1t", 1000, 0},
    {"auroragpt-1t", 1000, 0},
};

static void assert_near(const char *name, int64_t count, double billions) {
  double error = fabs((double)count / 1e9 / billions - 1);
  if (error > 0.005) fail_msg("%s: %.3f B, %.2f %%", name, (double)count / 1e9, 100 * error);
}

static void presets_have_the_published_parameters(void **state) {
  (void)state;
  assert_int_equal(rs_model_preset_count(), RS_COUNT_OF(published));
  for (size_t i = 0; i < RS_COUNT_OF(published); i++) {
    rs_model model = preset(published[i].name);
    rs_model_count count = count_of(&model);
    assert_near(published[i].name, count.total, published[i].parameters);
    if (published[i].active > 0) {
      assert_near(published[i].name, count.active, published[i].active);
    } else {
      assert_int_equal(count.active, count.total);
    }
    assert_string_equal(model.name, published[i].name);
  }
}

static void presets_are_found_by_name_only(void **state) {
  rs_model_preset p;
  (void)state;
  for (size_t i = 0; i < rs_model_preset_count(); i++) {
    rs_model_preset at = rs_model_preset_at(i);
    assert_non_null(at.config);
    assert_true(strlen(at.summary) > 0);
    assert_true(rs_model_preset_find(at.name, &p));
    assert_ptr_equal(p.config, at.config);
  }
  assert_false(rs_model_preset_find("llama-2-71b", &p));
  assert_false(rs_model_preset_find("", &p));
}

/* Llama-2-70B by hand: q and o 8192·8192 each, k and v 8192·1024 each, three of 8192·28672, two
 * norms; 80 layers; embedding and head 32000·8192 each; the final norm. */
static void parameters_of_llama_2_70b(void **state) {
  rs_model m = preset("llama-2-70b");
  rs_model_count count = count_of(&m);
  int64_t attention = 2 * 8192 * 8192 + 2 * 8192 * 1024;
  int64_t mlp = INT64_C(3) * 8192 * 28672;
  int64_t layer = attention + mlp + 2 * 8192;
  (void)state;
  assert_int_equal(count.layer_attention, attention);
  assert_int_equal(count.layer_mlp, mlp);
  assert_int_equal(count.layer, layer);
  assert_int_equal(count.embedding, 32000 * 8192);
  assert_int_equal(count.head, 32000 * 8192);
  assert_int_equal(count.total, 80 * layer + 2 * 32000 * 8192 + 8192);
  assert_int_equal(count.total, INT64_C(68976648192));
}

/* GPT-3 by hand, h = 12288: 4 projections h·h + h, MLP h·4h + 4h and 4h·h + h, two norms of 2h; 96
 * layers; (50257 + 2048)·h; the final norm 2h; the head is the embedding. */
static void parameters_of_gpt_3(void **state) {
  rs_model m = preset("gpt-3-175b");
  rs_model_count count = count_of(&m);
  int64_t h = 12288;
  int64_t layer = 4 * (h * h + h) + (h * 4 * h + 4 * h) + (4 * h * h + h) + 4 * h;
  (void)state;
  assert_true(m.biases && m.tied_embedding && !m.gated_mlp);
  assert_int_equal(m.kv_heads, 96);
  assert_int_equal(m.head_dim, 128);
  assert_int_equal(m.positions, 2048);
  assert_int_equal(count.layer, layer);
  assert_int_equal(count.head, 0);
  assert_int_equal(count.total, 96 * layer + (50257 + 2048) * h + 2 * h);
}

/* Kimi K2 by hand. Attention: into latents 7168·(1536 + 512 + 64), queries 1536·64·192, keys and values
 * 512·64·(128 + 128), output 64·128·7168, norms of both latents. One expert is three of 7168·2048. */
static void parameters_of_kimi_k2(void **state) {
  rs_model m = preset("kimi-k2");
  rs_model_count count = count_of(&m);
  int64_t attention =
      7168 * (1536 + 512 + 64) + 1536 * 64 * 192 + 512 * 64 * 256 + 64 * 128 * 7168 + 1536 + 512;
  int64_t expert = 3 * 7168 * 2048;
  int64_t router = 7168 * 384;
  int64_t dense = attention + 3 * 7168 * 18432 + 2 * 7168;
  int64_t layer = attention + 385 * expert + router + 2 * 7168;
  int64_t met = attention + 9 * expert + router + 2 * 7168;
  int64_t ends = INT64_C(2) * 163840 * 7168 + 7168;
  (void)state;
  assert_int_equal(m.head_dim, 192);
  assert_int_equal(count.layer_attention, attention);
  assert_int_equal(count.expert, expert);
  assert_int_equal(count.dense_layer, dense);
  assert_int_equal(count.layer, layer);
  assert_int_equal(count.total, dense + 60 * layer + ends);
  assert_int_equal(count.active, dense + 60 * met + ends);
  assert_false(rs_model_layer_has_experts(&m, 0));
  assert_true(rs_model_layer_has_experts(&m, 1));
  /* a token's cache: 61 layers of 512 + 64 numbers */
  int64_t kv;
  rs_diag diag = {0};
  assert_ok(rs_model_kv_bytes(&m, 1000, 2, &kv, &diag), &diag);
  assert_int_equal(kv, INT64_C(61) * 576 * 1000 * 2);
}

/* All layers dense: experts that no layer has do not count. */
static void experts_of_no_layer_do_not_count(void **state) {
  rs_model m = preset("deepseek-v3");
  (void)state;
  m.moe.first_dense = m.layers;
  rs_model_count count = count_of(&m);
  assert_int_equal(count.layer, count.dense_layer);
  assert_int_equal(count.total, count.active);
  assert_int_equal(count.expert, 0);
}

/* BERT-base, h = 768: layers as GPT-2's, 4 projections, h·4h + 4h and 4h·h + h, two norms of 2h; tokens,
 * positions, two segments, a norm; the pooler h·h + h. */
static void parameters_of_bert_base(void **state) {
  rs_model m = preset("bert-base");
  int64_t h = 768;
  int64_t layer = 4 * (h * h + h) + (h * 4 * h + 4 * h) + (4 * h * h + h) + 4 * h;
  (void)state;
  assert_true(m.is_encoder);
  assert_int_equal(count_of(&m).total, 12 * layer + (30522 + 512 + 2) * h + 2 * h + h * (h + 1));
  assert_int_equal(count_of(&m).total, 109482240); /* what the model's own page says */
}

/* Biases of qwen2 on q, k and v: 80·(8192 + 2·1024); two norms of 128 a layer in qwen3. */
static void small_parts_count(void **state) {
  rs_model m = preset("qwen2.5-72b");
  int64_t with = count_of(&m).total;
  (void)state;
  m.qkv_biases = false;
  assert_int_equal(with - count_of(&m).total, 80 * (8192 + 2 * 1024));
  m = preset("qwen3-235b-a22b");
  with = count_of(&m).total;
  m.head_norms = false;
  assert_int_equal(with - count_of(&m).total, 94 * 2 * 128);
}

/* ---- the checks of the seed talk, for Llama-3-70B in 16 bit ---- */

static int64_t transfer(const rs_model *m, int64_t batch) {
  int64_t bytes;
  rs_diag diag = {0};
  assert_ok(rs_model_transfer_bytes(m, batch, 2, 10, 5000, &bytes, &diag), &diag);
  return bytes;
}

static void the_talk_on_llama_3_70b(void **state) {
  rs_model m = preset("llama-3-70b");
  int64_t kv;
  rs_diag diag = {0};
  (void)state;
  /* weights: 70.55e9 · 2 = 141.1 GB; the talk says 140, from 70 B */
  assert_true(fabs((double)count_of(&m).total * 2 / 140e9 - 1) < 0.01);
  /* cache at T = 8,192: 2 · 80 layers · 8 heads · 128 · 8192 · 2 B = 2,684,354,560 */
  assert_ok(rs_model_kv_bytes(&m, 8192, 2, &kv, &diag), &diag);
  assert_int_equal(kv, INT64_C(2684354560));
  /* transfer: 2 B · 8192 · batch · 10 hops · 5000 tokens = 819.2 MB a sequence: 0.8, 80, 800 GB
   * to the one digit that the talk gives (81.92 and 819.2 exactly) */
  assert_int_equal(transfer(&m, 1), 819200000);
  assert_int_equal(transfer(&m, 100), INT64_C(81920000000));
  assert_int_equal(transfer(&m, 1000), INT64_C(819200000000));
}

static void sizes_that_cannot_be_are_refused(void **state) {
  rs_model m = preset("llama-3-70b");
  int64_t bytes;
  rs_diag diag = {0};
  (void)state;
  assert_int_equal(rs_model_kv_bytes(&m, 0, 2, &bytes, &diag), RS_E_INPUT);
  assert_int_equal(rs_model_kv_bytes(&m, INT64_C(1) << 50, 2, &bytes, &diag), RS_E_OVERFLOW);
  assert_int_equal(rs_model_transfer_bytes(&m, 1, 2, 10, -1, &bytes, &diag), RS_E_INPUT);
  assert_int_equal(rs_model_transfer_bytes(&m, INT64_MAX, 2, 10, 1, &bytes, &diag), RS_E_OVERFLOW);
  m.hidden = m.heads = m.head_dim = m.ffn = m.layers = INT64_C(1) << 31;
  rs_model_count count;
  assert_int_equal(rs_model_count_parameters(&m, &count, &diag), RS_E_OVERFLOW);
}

/* ---- what a text may say ---- */

static rs_status parse(const char *text, rs_model *model, rs_diag *diag) {
  return rs_model_parse("dir/tiny.json", text, strlen(text), model, diag);
}

#define TINY                                                                    \
  "{\"model_type\": \"llama\", \"hidden_size\": 64, \"num_hidden_layers\": 3, " \
  "\"num_attention_heads\": 4, \"intermediate_size\": 96, \"vocab_size\": 1000"

static void defaults_fill_in(void **state) {
  rs_model m;
  rs_diag diag = {0};
  (void)state;
  assert_ok(parse(TINY "}", &m, &diag), &diag);
  assert_int_equal(m.layers, 3);
  assert_int_equal(m.hidden, 64);
  assert_int_equal(m.heads, 4);
  assert_int_equal(m.kv_heads, 4);
  assert_int_equal(m.head_dim, 16);
  assert_int_equal(m.ffn, 96);
  assert_int_equal(m.vocab, 1000);
  assert_int_equal(m.positions, 0);
  assert_true(m.gated_mlp && !m.tied_embedding && !m.biases);
  /* nulls are as good as absent; the text's positions are no table for rotary ones */
  assert_ok(parse(TINY ", \"head_dim\": null, \"num_key_value_heads\": null, "
                       "\"max_position_embeddings\": 77, \"tie_word_embeddings\": true}",
                  &m, &diag),
            &diag);
  assert_int_equal(m.head_dim, 16);
  assert_int_equal(m.positions, 0);
  assert_true(m.tied_embedding);
  assert_int_equal(count_of(&m).head, 0);
  /* a head size of its own, and fewer kv heads */
  assert_ok(parse(TINY ", \"head_dim\": 24, \"num_key_value_heads\": 2}", &m, &diag), &diag);
  assert_int_equal(m.head_dim, 24);
  assert_int_equal(m.kv_heads, 2);
  /* q 64·96, k and v 64·48, o 96·64 */
  assert_int_equal(count_of(&m).layer_attention, 64 * 96 + 2 * 64 * 48 + 96 * 64);
}

static void a_type_may_be_an_architecture(void **state) {
  rs_model m;
  rs_diag diag = {0};
  (void)state;
  assert_ok(parse("{\"architectures\": [\"MistralForCausalLM\", \"Other\"], \"hidden_size\": 64, "
                  "\"num_hidden_layers\": 3, \"num_attention_heads\": 4, \"intermediate_size\": 9, "
                  "\"vocab_size\": 10}",
                  &m, &diag),
            &diag);
  assert_true(m.gated_mlp);
  assert_ok(parse("{\"model_type\": \"gpt2\", \"n_embd\": 64, \"n_layer\": 3, \"n_head\": 4, "
                  "\"n_inner\": null, \"n_positions\": 32, \"vocab_size\": 10}",
                  &m, &diag),
            &diag);
  assert_int_equal(m.ffn, 256); /* four times the hidden size */
  assert_int_equal(m.positions, 32);
  assert_true(m.tied_embedding && m.biases && !m.gated_mlp);
}

static void names_come_from_the_text_or_the_file(void **state) {
  static const struct {
    const char *file, *own, *name;
  } cases[] = {
      {"llama-2-70b.json", NULL, "llama-2-70b"},
      {"a/b/llama-2-70b.json", NULL, "llama-2-70b"},
      {"a/my-model/config.json", NULL, "my-model"},
      {"config.json", NULL, "config"},
      {"/config.json", NULL, "config"},
      {"plain", NULL, "plain"},
      {"x.json", "meta-llama/Llama-2-70b-hf", "Llama-2-70b-hf"},
      {"x.json", "short", "short"},
      {"x.json", "", "x"},
      {"x.json", "ends/", "x"},
      {"x.json", "two words", "x"},
  };
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    char text[512];
    rs_model m;
    rs_diag diag = {0};
    int length = snprintf(
        text, sizeof text, TINY "%s%s%s}", cases[i].own == NULL ? "" : ", \"_name_or_path\": \"",
        cases[i].own == NULL ? "" : cases[i].own, cases[i].own == NULL ? "" : "\"");
    assert_ok(rs_model_parse(cases[i].file, text, (size_t)length, &m, &diag), &diag);
    assert_string_equal(m.name, cases[i].name);
  }
  /* a long name is cut */
  char file[200];
  rs_model m;
  memset(file, 'a', sizeof file - 1);
  file[sizeof file - 1] = '\0';
  assert_int_equal(rs_model_parse(file, TINY "}", strlen(TINY "}"), &m, NULL), RS_OK);
  assert_int_equal(strlen(m.name), sizeof m.name - 1);
}

/* ---- faults and their places ---- */

#define L1 "{\n"
#define TYPE "  \"model_type\": \"llama\",\n"
#define HIDDEN "  \"hidden_size\": 64,\n"
#define LAYERS "  \"num_hidden_layers\": 3,\n"
#define HEADS "  \"num_attention_heads\": 4,\n"
#define FFN "  \"intermediate_size\": 96,\n"
#define VOCAB "  \"vocab_size\": 1000\n"
#define END "}\n"

#define MIXTRAL "  \"model_type\": \"mixtral\",\n"
#define DEEPSEEK                                                                      \
  "  \"model_type\": \"deepseek_v3\", \"kv_lora_rank\": 8, \"qk_nope_head_dim\": 4, " \
  "\"qk_rope_head_dim\": 2, \"v_head_dim\": 4,\n \"n_routed_experts\": 4, "           \
  "\"num_experts_per_tok\": 2, \"moe_intermediate_size\": 6,\n"
#define QWEN_MOE                                                                         \
  "  \"model_type\": \"qwen3_moe\", \"num_experts\": 4,\n  \"num_experts_per_tok\": 2, " \
  "\"moe_intermediate_size\": 6,\n"

static const struct {
  const char *text;
  int line, column;
  const char *what;       /* a part of it */
  const char *suggestion; /* "": none */
} faults[] = {
    /* syntax */
    {"", 1, 1, "not JSON", ""},
    {"{", 1, 1, "not JSON", ""},
    {"[]", 1, 1, "a config.json is an object", ""},
    {L1 TYPE "  \"hidden_size\" 64\n" END, 3, 18, "not JSON", ""},
    {L1 TYPE HIDDEN HIDDEN LAYERS HEADS FFN VOCAB END, 4, 15, "not JSON: duplicate object key", ""},
    /* a missing key is at the object's brace */
    {L1 HIDDEN LAYERS HEADS FFN VOCAB END, 1, 1, "the key 'model_type' is missing", ""},
    {L1 TYPE LAYERS HEADS FFN VOCAB END, 1, 1, "the key 'hidden_size' is missing", ""},
    {L1 TYPE HIDDEN HEADS FFN VOCAB END, 1, 1, "the key 'num_hidden_layers' is missing", ""},
    {L1 TYPE HIDDEN LAYERS FFN VOCAB END, 1, 1, "the key 'num_attention_heads' is missing", ""},
    {L1 TYPE HIDDEN LAYERS HEADS VOCAB END, 1, 1, "the key 'intermediate_size' is missing", ""},
    {"\n\n   {\"model_type\": \"llama\"}", 3, 4, "is missing", ""},
    {"{\"model_type\": \"gpt2\", \"n_embd\": 64, \"n_layer\": 3, \"n_head\": 4, \"vocab_size\": 9}",
     1, 1, "the key 'max_position_embeddings' is missing", ""},
    /* a key inside another object does not count */
    {L1 "  \"text_config\": {\"hidden_size\": 64},\n" TYPE LAYERS HEADS FFN VOCAB END, 1, 1,
     "the key 'hidden_size' is missing", ""},
    /* a bad value is where it stands */
    {L1 TYPE "  \"hidden_size\": \"64\",\n" LAYERS HEADS FFN VOCAB END, 3, 18,
     "'hidden_size' is not a whole number", ""},
    {L1 TYPE "  \"hidden_size\": 64.0,\n" LAYERS HEADS FFN VOCAB END, 3, 18,
     "'hidden_size' is not a whole number", ""},
    {L1 TYPE "  \"hidden_size\":\n    0,\n" LAYERS HEADS FFN VOCAB END, 4, 5, "'hidden_size' is 0",
     ""},
    {L1 TYPE HIDDEN "  \"num_hidden_layers\": -3,\n" HEADS FFN VOCAB END, 4, 24,
     "'num_hidden_layers' is -3", ""},
    {L1 TYPE HIDDEN LAYERS HEADS "  \"intermediate_size\": 2147483649,\n" VOCAB END, 6, 24,
     "'intermediate_size' is 2147483649", ""},
    {L1 TYPE HIDDEN LAYERS HEADS FFN "  \"max_position_embeddings\": \"long\",\n" VOCAB END, 7, 30,
     "'max_position_embeddings' is not a whole number", ""},
    {L1 TYPE HIDDEN LAYERS HEADS FFN "  \"tie_word_embeddings\": 1,\n" VOCAB END, 7, 26,
     "'tie_word_embeddings' is neither true nor false", ""},
    {L1 "  \"text_config\": {\"hidden_size\": [1, \"hidden_size\", {}]},\n" TYPE
        "  \"hidden_size\": [],\n" LAYERS HEADS FFN VOCAB END,
     4, 18, "'hidden_size' is not a whole number", ""},
    {L1 "  \"a\\\"b\": \"hidden_size\",\n" TYPE
        "  \"hidden_size\": {},\n" LAYERS HEADS FFN VOCAB END,
     4, 18, "'hidden_size' is not a whole number", ""},
    /* types */
    {L1 "  \"model_type\": \"lama\",\n" HIDDEN LAYERS HEADS FFN VOCAB END, 2, 17,
     "the model type 'lama' is not supported", "llama"},
    {L1 "  \"model_type\": \"mamba\",\n" HIDDEN LAYERS HEADS FFN VOCAB END, 2, 17,
     "the model type 'mamba' is not supported", ""},
    {L1 "  \"model_type\": \"mixtrall\",\n" HIDDEN LAYERS HEADS FFN VOCAB END, 2, 17,
     "the model type 'mixtrall' is not supported", "mixtral"},
    {L1 TYPE HIDDEN "  \"num_hidden_layers\": 1000000000,\n" HEADS FFN VOCAB END, 4, 24,
     "'num_hidden_layers' is 1000000000", ""},
    /* keys of another type */
    {L1 TYPE "  \"num_local_experts\": 8,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 3, 24,
     "'num_local_experts' is given, and a model of type llama has no experts", ""},
    {L1 TYPE "  \"kv_lora_rank\": 8,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 3, 19,
     "'kv_lora_rank' is given, and a model of type llama has no latent attention", ""},
    /* experts */
    {L1 MIXTRAL HIDDEN LAYERS HEADS FFN VOCAB END, 1, 1, "the key 'num_local_experts' is missing",
     ""},
    {L1 MIXTRAL "  \"num_local_experts\": 4,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 1, 1,
     "the key 'num_experts_per_tok' is missing", ""},
    {L1 MIXTRAL "  \"num_local_experts\": 4,\n  \"num_experts_per_tok\": 5,\n" HIDDEN LAYERS HEADS
         FFN VOCAB END,
     4, 26, "'num_experts_per_tok' is 5, more than num_local_experts = 4", ""},
    {L1 MIXTRAL "  \"num_local_experts\": 0,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 3, 24,
     "'num_local_experts' is 0", ""},
    {L1 DEEPSEEK "  \"first_k_dense_replace\": 4,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 4, 28,
     "'first_k_dense_replace' is 4, more than num_hidden_layers = 3", ""},
    {L1 DEEPSEEK "  \"moe_layer_freq\": 2,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 4, 21,
     "'moe_layer_freq' is 2", ""},
    {L1 DEEPSEEK "  \"num_key_value_heads\": 2,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 4, 26,
     "'num_key_value_heads' is 2, and latent attention has as many as heads, 4", ""},
    {L1 "  \"model_type\": \"deepseek_v3\",\n" HIDDEN LAYERS HEADS FFN VOCAB END, 1, 1,
     "the key 'kv_lora_rank' is missing", ""},
    {L1 QWEN_MOE "  \"decoder_sparse_step\": 2,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 4, 26,
     "'decoder_sparse_step' is 2", ""},
    {L1 QWEN_MOE "  \"mlp_only_layers\": [0],\n" HIDDEN LAYERS HEADS FFN VOCAB END, 4, 22,
     "'mlp_only_layers' is not an empty list", ""},
    {L1 "  \"model_type\": 7,\n" HIDDEN LAYERS HEADS FFN VOCAB END, 2, 17,
     "'model_type' is not a word", ""},
    {L1 "  \"architectures\": [\"LlamaForCausalLm\"],\n" HIDDEN LAYERS HEADS FFN VOCAB END, 2, 20,
     "the model type 'LlamaForCausalLm' is not supported", "LlamaForCausalLM"},
    {L1 "  \"architectures\": \"LlamaForCausalLM\",\n" HIDDEN LAYERS HEADS FFN VOCAB END, 2, 20,
     "'architectures' is not a list of words", ""},
    {L1 "  \"architectures\": [],\n" HIDDEN LAYERS HEADS FFN VOCAB END, 1, 1,
     "the key 'model_type' is missing", ""},
    /* contradictions */
    {L1 TYPE HIDDEN LAYERS HEADS "  \"num_key_value_heads\": 3,\n" FFN VOCAB END, 5, 26,
     "'num_attention_heads' is 4, which num_key_value_heads = 3 does not divide", ""},
    {L1 TYPE HIDDEN LAYERS "  \"num_attention_heads\": 5,\n" FFN VOCAB END, 3, 18,
     "'hidden_size' is 64, which num_attention_heads = 5 does not divide", ""},
    {"{\"model_type\": \"gpt2\",\n \"n_embd\": 64, \"n_layer\": 3, \"n_head\": 5, \"n_positions\": "
     "8,\n"
     " \"vocab_size\": 9}",
     2, 12, "'n_embd' is 64, which n_head = 5 does not divide", ""},
};

static void faults_say_what_and_where(void **state) {
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    rs_model m;
    rs_diag diag = {0};
    assert_int_equal(parse(faults[i].text, &m, &diag), RS_E_INPUT);
    if (diag.line != faults[i].line || diag.column != faults[i].column ||
        strstr(diag.what, faults[i].what) == NULL) {
      fail_msg("fault %zu: %d:%d: %s", i, diag.line, diag.column, diag.what);
    }
    assert_string_equal(diag.file, "dir/tiny.json");
    assert_string_equal(diag.suggestion, faults[i].suggestion);
    assert_int_equal(parse(faults[i].text, &m, NULL), RS_E_INPUT);
  }
}

static void a_missing_vocabulary_is_a_fault_too(void **state) {
  rs_model m;
  rs_diag diag = {0};
  (void)state;
  assert_int_equal(
      parse(L1 TYPE HIDDEN LAYERS HEADS "  \"intermediate_size\": 96\n" END, &m, &diag),
      RS_E_INPUT);
  assert_string_equal(diag.what, "the key 'vocab_size' is missing");
}

/* ---- seeded mutations of the presets: no crash, and every refusal has words and a place ---- */

#define MUTANTS 20000
#define MUTANT_BYTES 4096

static void check_parsed(const char *text, size_t length) {
  rs_model m;
  rs_diag diag = {0};
  if (rs_model_parse("m.json", text, length, &m, &diag) != RS_OK) {
    assert_int_equal(diag.status, RS_E_INPUT);
    assert_true(diag.what[0] != '\0' && diag.line >= 1 && diag.column >= 1);
    assert_string_equal(diag.file, "m.json");
    return;
  }
  rs_model_count count;
  assert_true(m.layers >= 1 && m.hidden >= 1 && m.heads % m.kv_heads == 0 && m.head_dim >= 1);
  rs_status status = rs_model_count_parameters(&m, &count, &diag);
  if (status == RS_OK) {
    assert_true(count.total > count.layer && count.layer > 0);
  } else {
    assert_int_equal(status, RS_E_OVERFLOW);
  }
}

/* Replaces a letter, removes a run, repeats a run, or cuts the end off. */
static size_t mutate(rs_random *random, char *text, size_t length) {
  static const char alphabet[] = "{}[]\",:0123456789.-e\\ \n\tntf\x01\xff";
  size_t at = (size_t)rs_random_below(random, length);
  size_t run = (size_t)rs_random_below(random, 20);
  uint64_t kind = rs_random_below(random, 4);
  run = RS_MIN(run, length - at);
  if (kind == 0) text[at] = alphabet[rs_random_below(random, sizeof alphabet - 1)];
  if (kind == 1 && run < length) {
    memmove(text + at, text + at + run, length - at - run);
    return length - run;
  }
  if (kind == 2 && length + run <= MUTANT_BYTES) {
    memmove(text + at + run, text + at, length - at);
    return length + run;
  }
  return kind == 3 && run < length ? length - run : length;
}

static void mutated_configs_do_no_harm(void **state) {
  const uint64_t seed = 20240919;
  rs_random random;
  (void)state;
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  for (int i = 0; i < MUTANTS; i++) {
    size_t which = (size_t)rs_random_below(&random, rs_model_preset_count());
    rs_model_preset p = rs_model_preset_at(which);
    size_t length = strlen(p.config);
    char text[MUTANT_BYTES];
    assert_true(length <= sizeof text);
    memcpy(text, p.config, length);
    for (uint64_t k = 1 + rs_random_below(&random, 4); k > 0; k--) {
      length = mutate(&random, text, length);
    }
    /* a copy of its exact size, so that a read beyond it is seen */
    char *exact = malloc(length);
    assert_non_null(exact);
    memcpy(exact, text, length);
    check_parsed(exact, length);
    free(exact);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(presets_have_the_published_parameters),
      cmocka_unit_test(presets_are_found_by_name_only),
      cmocka_unit_test(parameters_of_llama_2_70b),
      cmocka_unit_test(parameters_of_gpt_3),
      cmocka_unit_test(parameters_of_kimi_k2),
      cmocka_unit_test(experts_of_no_layer_do_not_count),
      cmocka_unit_test(parameters_of_bert_base),
      cmocka_unit_test(small_parts_count),
      cmocka_unit_test(the_talk_on_llama_3_70b),
      cmocka_unit_test(sizes_that_cannot_be_are_refused),
      cmocka_unit_test(defaults_fill_in),
      cmocka_unit_test(a_type_may_be_an_architecture),
      cmocka_unit_test(names_come_from_the_text_or_the_file),
      cmocka_unit_test(faults_say_what_and_where),
      cmocka_unit_test(a_missing_vocabulary_is_a_fault_too),
      cmocka_unit_test(mutated_configs_do_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

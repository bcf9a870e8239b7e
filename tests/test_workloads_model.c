/* Models from config.json: counts against published ones, the seed talk's numbers, bad input. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rs_model.h"
#include "rs_random.h"
#include "rs_test.h"

static rs_model preset(const char *name) {
  rs_diag diag;
  rs_model model;
  rs_model_preset p;
  assert_true(rs_model_preset_find(name, &p));
  assert_ok(rs_model_parse(name, p.config, strlen(p.config), &model, &diag), &diag);
  return model;
}

/* Published parameter counts, to half a percent. */
static void presets_have_their_parameters(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double billions;
  } rows[] = {{"llama-2-7b", 6.74},   {"llama-2-70b", 68.98},     {"llama-3-8b", 8.03},
              {"llama-3-70b", 70.55}, {"llama-3.1-405b", 405.85}, {"gpt-3-175b", 174.6}};
  assert_int_equal(rs_model_preset_count(), 6);
  for (size_t i = 0; i < 6; i++) {
    rs_diag diag;
    rs_model_count count;
    rs_model model = preset(rows[i].name);
    assert_ok(rs_model_count_parameters(&model, &count, &diag), &diag);
    double error = (double)count.total / (rows[i].billions * 1e9) - 1;
    if (fabs(error) > 0.005) fail_msg("%s is %.2f %% off", rows[i].name, 100 * error);
  }
}

/* The seed talk: Llama-3-70B at 16 bit has 140 GB of weights (70.55 B · 2 B = 141.1, published as
 * 140); its cache at T = 8,192 is 2 · 80 · 8 · 128 · 8,192 · 2 B = 2.684 GB; the decoder's transfers
 * are 16 bit · 8,192 · batch · 10 hops · 5,000 tokens = 0.8192 GB a sequence. */
static void the_seed_talk_is_reproduced(void **state) {
  (void)state;
  rs_diag diag;
  rs_model_count count;
  int64_t bytes;
  rs_model model = preset("llama-3-70b");
  assert_ok(rs_model_count_parameters(&model, &count, &diag), &diag);
  assert_true(fabs((double)count.total * 2 / 140e9 - 1) < 0.01);
  assert_ok(rs_model_kv_bytes(&model, 8192, 2, &bytes, &diag), &diag);
  assert_int_equal(bytes, INT64_C(2684354560));
  static const double published[] = {0.8e9, 80e9, 800e9};
  static const int64_t batch[] = {1, 100, 1000};
  for (int i = 0; i < 3; i++) {
    assert_ok(rs_model_transfer_bytes(&model, batch[i], 2, 10, 5000, &bytes, &diag), &diag);
    assert_int_equal(bytes, INT64_C(819200000) * batch[i]);
    assert_true(fabs((double)bytes / published[i] - 1) < 0.03);
  }
}

static void check_refusal(const char *text, const char *place_and_words) {
  rs_diag diag;
  rs_model model;
  char line[1024];
  assert_int_equal(rs_model_parse("c.json", text, strlen(text), &model, &diag), RS_E_INPUT);
  rs_diag_format(&diag, line, sizeof line);
  if (strncmp(line, place_and_words, strlen(place_and_words)) != 0) fail_msg("it says: %s", line);
}

static void bad_configs_name_the_place(void **state) {
  (void)state;
  check_refusal("", "c.json:1:");
  check_refusal("[1]", "c.json:1:1: a config.json is an object");
  check_refusal("{\"model_type\": \"llama\"\n", "c.json:2:");
  check_refusal("{\n  \"model_type\": \"lama\"\n}", "c.json:2:17: the model type 'lama'");
  check_refusal("{\"hidden_size\": 64}", "c.json:1:1: the key 'model_type' is missing");
  check_refusal("{\"model_type\": \"llama\", \"num_hidden_layers\": 1}",
                "c.json:1:1: the key 'hidden_size' is missing");
  check_refusal("{\"model_type\": \"llama\",\n \"num_hidden_layers\": 1000000000000}",
                "c.json:2:23: 'num_hidden_layers' is 1000000000000");
  check_refusal("{\"model_type\": \"llama\",\n \"num_hidden_layers\": \"many\"}",
                "c.json:2:23: 'num_hidden_layers' is not a whole number");
  check_refusal(
      "{\"model_type\": \"llama\", \"num_hidden_layers\": 1, \"hidden_size\": 64,\n"
      "\"num_attention_heads\": 7, \"num_key_value_heads\": 2}",
      "c.json:2:24: 'num_attention_heads' is 7");
  check_refusal("{\"model_type\": \"llama\", \"model_type\": \"llama\"}", "c.json:1:");
}

/* Nested objects and arrays do not hide or fake a key. */
static void keys_are_found_at_the_top_only(void **state) {
  (void)state;
  check_refusal(
      "{\"model_type\": \"llama\", \"rope\": {\"hidden_size\": -1, \"x\": [\"{\", 1]},\n"
      "\"num_hidden_layers\": 2, \"hidden_size\": -5}",
      "c.json:2:40: 'hidden_size' is -5");
}

static void any_bytes_are_survived(void **state) {
  (void)state;
  rs_model_preset p;
  char text[1024];
  assert_true(rs_model_preset_find("llama-2-70b", &p));
  size_t length = strlen(p.config);
  for (uint64_t seed = 0; seed < 20000; seed++) {
    rs_random random;
    rs_model model;
    rs_random_init(&random, seed, 0);
    memcpy(text, p.config, length);
    for (uint64_t i = rs_random_below(&random, 4) + 1; i > 0; i--) {
      text[rs_random_below(&random, length)] = (char)rs_random_below(&random, 256);
    }
    rs_model_parse("fuzz", text, rs_random_below(&random, length) + 1, &model, NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(presets_have_their_parameters),
      cmocka_unit_test(the_seed_talk_is_reproduced),
      cmocka_unit_test(bad_configs_name_the_place),
      cmocka_unit_test(keys_are_found_at_the_top_only),
      cmocka_unit_test(any_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

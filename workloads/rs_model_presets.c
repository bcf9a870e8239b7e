/* The presets: config.json files that are compiled in, and a line for each. */
#include <string.h>

#include "rs_model.h"

typedef struct preset_text {
  const char *name;
  const char *config;
} preset_text;

#define RS_PRESET(name, text) {name, text},
static const preset_text texts[] = {
#include "rs_model_presets.inc"
};

/* In the order in which `list` shows them. Shapes: the models' own config.json files; GPT-3: Brown et
 * al., "Language models are few-shot learners", 2020, table 2.1. Two shapes of 10^12 parameters are
 * our own: dense-1t has the layers and width of the published one (Narayanan et al., "Efficient
 * large-scale language model training on GPU clusters", 2021: 128 × 25,600, 160 heads) in Llama-3's
 * form; auroragpt-1t is Llama-2's form, which AuroraGPT's 7B has, grown at heads of 128. */
static const rs_model_preset lines[] = {
    {"llama-2-7b", "6.74 B parameters, 32 layers, 4,096 hidden (Meta, 2023)", NULL},
    {"llama-2-70b", "68.98 B parameters, 80 layers, 8,192 hidden, 8 kv heads (Meta, 2023)", NULL},
    {"llama-3-8b", "8.03 B parameters, 32 layers, 4,096 hidden, 8 kv heads (Meta, 2024)", NULL},
    {"llama-3-70b", "70.55 B parameters, 80 layers, 8,192 hidden, 8 kv heads (Meta, 2024)", NULL},
    {"llama-3.1-405b", "405.85 B parameters, 126 layers, 16,384 hidden (Meta, 2024)", NULL},
    {"qwen2.5-72b", "72.7 B parameters, 80 layers, 8,192 hidden, biases on q, k, v (Alibaba, 2024)",
     NULL},
    {"mixtral-8x7b", "46.7 B parameters, 12.9 B active: 8 experts, 2 a token (Mistral, 2023)",
     NULL},
    {"qwen3-235b-a22b", "235 B parameters, 22 B active: 128 experts, 8 a token (Alibaba, 2025)",
     NULL},
    {"deepseek-v3", "671 B parameters, 37.6 B active: 256 experts, 8 a token; latents (2024)",
     NULL},
    {"kimi-k2", "1,026 B parameters, 32.9 B active: 384 experts, 8 a token; latents (2025)", NULL},
    {"dense-1t", "1,000 B parameters, 128 layers, 25,600 hidden, 8 kv heads (a shape of ours)",
     NULL},
    {"auroragpt-1t", "1,000 B parameters, 160 layers, 24,576 hidden, 8 kv heads (a shape of ours)",
     NULL},
    {"bert-base", "109.5 M parameters, an encoder, 12 layers, 768 hidden (Google, 2018)", NULL},
    {"bert-large", "335.1 M parameters, an encoder, 24 layers, 1,024 hidden (Google, 2018)", NULL},
    {"gpt-3-175b", "174.6 B parameters, 96 layers, 12,288 hidden, full attention (2020)", NULL},
};

_Static_assert(RS_COUNT_OF(texts) == RS_COUNT_OF(lines), "a line for every file of models/");

static const char *config_of(const char *name) {
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    if (strcmp(texts[i].name, name) == 0) return texts[i].config;
  }
  return NULL;
}

size_t rs_model_preset_count(void) {
  return RS_COUNT_OF(lines);
}

rs_model_preset rs_model_preset_at(size_t index) {
  rs_model_preset preset = lines[index];
  preset.config = config_of(preset.name);
  return preset;
}

bool rs_model_preset_find(const char *name, rs_model_preset *preset) {
  for (size_t i = 0; i < RS_COUNT_OF(lines); i++) {
    if (strcmp(lines[i].name, name) != 0) continue;
    *preset = rs_model_preset_at(i);
    return true;
  }
  return false;
}

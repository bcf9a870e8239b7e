/*
 * A decoder-only model by its shape, as a Hugging Face config.json gives it.
 *
 * Keys read: model_type or architectures, hidden_size, num_hidden_layers, num_attention_heads,
 * num_key_value_heads (default: heads), head_dim (default: hidden / heads), intermediate_size,
 * vocab_size, tie_word_embeddings (default: false; gpt2: true), max_position_embeddings (optional).
 * GPT-2-style keys (n_embd, n_layer, n_head, n_inner, n_positions) are read too. Supported model
 * types: llama, mistral, gpt2 (two-matrix MLP, learned positions). Everything else is RS_E_INPUT naming the type
 * and what is supported. A missing needed key, a wrong type, a size outside 1 … 2^31 or a
 * contradiction (heads not divisible by kv heads) is RS_E_INPUT with file, line and column.
 */
#ifndef RS_MODEL_H
#define RS_MODEL_H

#include "rs_arena.h"
#include "rs_math.h"

typedef struct rs_model {
  char name[64];
  int64_t layers;
  int64_t hidden;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim;
  int64_t ffn;
  int64_t vocab;
  int64_t positions;   /* learned position embeddings; 0: rotary */
  bool gated_mlp;      /* three matrices (gate, up, down) or two */
  bool tied_embedding; /* head shares the embedding's weights */
  bool biases;         /* GPT-2-style biases on every projection, LayerNorm with bias */
} rs_model;

typedef struct rs_model_preset {
  const char *name;    /* "llama-2-70b" */
  const char *summary; /* one line with its source */
  const char *config;  /* the text of a config.json, compiled in from workloads/models/ */
} rs_model_preset;

size_t rs_model_preset_count(void);
rs_model_preset rs_model_preset_at(size_t index);
bool rs_model_preset_find(const char *name, rs_model_preset *preset); /* false: unknown */

/* `file` is for messages and gives the model its name when the text has none (_name_or_path). */
rs_status rs_model_parse(const char *file, const char *text, size_t length, rs_model *model,
                         rs_diag *diag);

/* Parameters in all, of one layer, and of embedding and head. RS_E_OVERFLOW beyond 64 bits. */
typedef struct rs_model_count {
  int64_t total;
  int64_t layer;
  int64_t layer_attention; /* projections of attention */
  int64_t layer_mlp;
  int64_t embedding; /* tokens and positions */
  int64_t head;      /* 0 when tied */
} rs_model_count;

rs_status rs_model_count_parameters(const rs_model *model, rs_model_count *count, rs_diag *diag);

/* Key and value bytes of one sequence at `context` positions, all layers. */
rs_status rs_model_kv_bytes(const rs_model *model, int64_t context, int64_t bytes_per_number,
                            int64_t *bytes, rs_diag *diag);

/* Bytes that cross chips when the hidden vector of `batch` sequences makes `hops` hops for each of
 * `tokens` tokens: hidden · bytes_per_number · batch · hops · tokens. */
rs_status rs_model_transfer_bytes(const rs_model *model, int64_t batch, int64_t bytes_per_number,
                                  int64_t hops, int64_t tokens, int64_t *bytes, rs_diag *diag);

#endif

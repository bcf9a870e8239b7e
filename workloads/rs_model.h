/*
 * A language model by its shape, as a Hugging Face config.json gives it: decoders, dense or with
 * experts, and BERT's encoder.
 *
 * Keys of all: model_type or architectures, hidden_size, num_hidden_layers, num_attention_heads,
 * num_key_value_heads (default: heads), head_dim (default: hidden / heads), intermediate_size,
 * vocab_size, tie_word_embeddings (default by type), max_position_embeddings (needed where positions
 * are learned). GPT-2's spellings (n_embd, n_layer, n_head, n_inner, n_positions) are read too.
 *
 *   llama, mistral, qwen2, qwen3   dense, rotary, gated MLP; qwen2 has biases on q, k and v, qwen3 a
 *                                  norm of each query and key head
 *   gpt2, bert                     learned positions, MLP of two matrices, biases; bert: an encoder
 *   mixtral, qwen3_moe             every layer has experts: num_local_experts (num_experts),
 *                                  num_experts_per_tok, moe_intermediate_size (mixtral: as dense)
 *   deepseek_v2, deepseek_v3,      latent attention: q_lora_rank (null: none), kv_lora_rank,
 *   kimi_k2                        qk_nope_head_dim, qk_rope_head_dim, v_head_dim; n_routed_experts,
 *                                  n_shared_experts, first_k_dense_replace
 *
 * Everything else is RS_E_INPUT that names the type and what is supported. A missing needed key, a
 * wrong type, a size out of bounds (layers to 4,096, others to 2^31), keys that contradict each other
 * or the type (heads not divisible by kv heads, more experts a token than there are, experts in a
 * llama) are RS_E_INPUT with file, line and column.
 */
#ifndef RS_MODEL_H
#define RS_MODEL_H

#include "rs_arena.h"
#include "rs_math.h"

/* Multi-head latent attention [DeepSeek-V2, 2024]: a token's keys and values are kept as one latent
 * vector of kv_rank numbers and one rotary key of rope_dim, which all heads share. */
typedef struct rs_mla {
  int64_t q_rank;   /* 0: queries come from the hidden vector at once */
  int64_t kv_rank;  /* 0: no latent attention */
  int64_t nope_dim; /* of a query or key head, without and with the rotary part */
  int64_t rope_dim;
  int64_t v_dim;
} rs_mla;

/* A mixture of experts in all layers but the first `first_dense`. */
typedef struct rs_moe {
  int64_t experts; /* routed ones; 0: none */
  int64_t top;     /* of them, for a token */
  int64_t shared;  /* that every token meets, beside them */
  int64_t ffn;     /* of one expert */
  int64_t first_dense;
} rs_moe;

typedef struct rs_model {
  char name[64];
  int64_t layers;
  int64_t hidden;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_dim; /* with latent attention: nope_dim + rope_dim */
  int64_t ffn;      /* of the dense layers */
  int64_t vocab;
  int64_t positions; /* learned position embeddings; 0: rotary */
  int64_t segments;  /* BERT's token types */
  rs_mla mla;
  rs_moe moe;
  bool gated_mlp;      /* three matrices (gate, up, down) or two */
  bool tied_embedding; /* head shares the embedding's weights */
  bool biases;         /* GPT-2-style biases on every projection, LayerNorm with bias */
  bool qkv_biases;     /* on q, k and v alone */
  bool head_norms;     /* a norm of each query and key head */
  bool is_encoder;     /* no head: one pass over a whole text */
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

/* Whether layer `index` has experts. */
bool rs_model_layer_has_experts(const rs_model *model, int64_t index);

/* Parameters in all, that one token meets, of one layer, and of embedding and head. RS_E_OVERFLOW
 * beyond 64 bits. In a model with experts `layer` is one that has them, `dense_layer` one without. */
typedef struct rs_model_count {
  int64_t total;
  int64_t active; /* embedding and head counted whole, as is usual */
  int64_t layer;
  int64_t dense_layer;     /* = layer without experts */
  int64_t layer_attention; /* projections of attention */
  int64_t layer_mlp;       /* of `layer`: all experts, shared ones and the router */
  int64_t expert;          /* one of them; 0 without */
  int64_t embedding;       /* tokens, positions, segments, and the norm behind them */
  int64_t head;            /* 0 when tied; of an encoder its pooler */
} rs_model_count;

rs_status rs_model_count_parameters(const rs_model *model, rs_model_count *count, rs_diag *diag);

/* Every size that the model is made of, for a digest that tells two models apart. */
#define RS_MODEL_SIZES 22
void rs_model_sizes(const rs_model *model, int64_t sizes[RS_MODEL_SIZES]);

/* Key and value (or latent) bytes of one sequence at `context` positions, all layers. */
rs_status rs_model_kv_bytes(const rs_model *model, int64_t context, int64_t bytes_per_number,
                            int64_t *bytes, rs_diag *diag);

/* Bytes that cross chips when the hidden vector of `batch` sequences makes `hops` hops for each of
 * `tokens` tokens: hidden · bytes_per_number · batch · hops · tokens. */
rs_status rs_model_transfer_bytes(const rs_model *model, int64_t batch, int64_t bytes_per_number,
                                  int64_t hops, int64_t tokens, int64_t *bytes, rs_diag *diag);

#endif

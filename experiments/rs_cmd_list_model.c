/* `realscale list models NAME`: a model's shape, its parameters by part, and what a token leaves and sends. */
#include "rs__cmd_list.h"
#include "rs_model.h"

static const char *const columns[] = {"name",
                                      "parameters",
                                      "active_parameters",
                                      "layers",
                                      "hidden",
                                      "heads",
                                      "kv_heads",
                                      "head_dim",
                                      "ffn",
                                      "vocab",
                                      "experts",
                                      "experts_per_token",
                                      "experts_shared",
                                      "expert_ffn",
                                      "layer_parameters",
                                      "attention_parameters",
                                      "embedding_parameters",
                                      "head_parameters",
                                      "kv_bytes_per_position",
                                      "hidden_bytes"};

/* Numbers that are kept and sent have 16 bits. */
enum { NUMBER_BYTES = 2 };

static void fill_shape(rs_table *table, const rs_model *m) {
  rs_table_set_text(table, "name", m->name);
  rs_table_set_i64(table, "layers", m->layers);
  rs_table_set_i64(table, "hidden", m->hidden);
  rs_table_set_i64(table, "heads", m->heads);
  rs_table_set_i64(table, "head_dim", m->head_dim);
  if (m->mla.kv_rank == 0) rs_table_set_i64(table, "kv_heads", m->kv_heads); /* else latents */
  if (m->moe.experts == 0 || m->moe.first_dense > 0) rs_table_set_i64(table, "ffn", m->ffn);
  rs_table_set_i64(table, "vocab", m->vocab);
  if (m->moe.experts == 0) return;
  rs_table_set_i64(table, "experts", m->moe.experts);
  rs_table_set_i64(table, "experts_per_token", m->moe.top);
  rs_table_set_i64(table, "experts_shared", m->moe.shared);
  rs_table_set_i64(table, "expert_ffn", m->moe.ffn);
}

static void fill_count(rs_table *table, const rs_model_count *c) {
  rs_table_set_i64(table, "parameters", c->total);
  rs_table_set_i64(table, "active_parameters", c->active);
  rs_table_set_i64(table, "layer_parameters", c->layer);
  rs_table_set_i64(table, "attention_parameters", c->layer_attention);
  rs_table_set_i64(table, "embedding_parameters", c->embedding);
  rs_table_set_i64(table, "head_parameters", c->head);
}

static rs_status fill(rs_table *table, const rs_model *m, rs_diag *diag) {
  rs_model_count count;
  int64_t kv_bytes, hidden_bytes;
  rs_status status = rs_model_count_parameters(m, &count, diag);
  if (status == RS_OK) status = rs_model_kv_bytes(m, 1, NUMBER_BYTES, &kv_bytes, diag);
  if (status == RS_OK) {
    status = rs_model_transfer_bytes(m, 1, NUMBER_BYTES, 1, 1, &hidden_bytes, diag);
  }
  if (status != RS_OK) return status;
  rs_table_add_row(table);
  fill_shape(table, m);
  fill_count(table, &count);
  if (!m->is_encoder) rs_table_set_i64(table, "kv_bytes_per_position", kv_bytes);
  rs_table_set_i64(table, "hidden_bytes", hidden_bytes);
  return RS_OK;
}

int rs__cmd_list_model(const rs_arguments *arguments, const char *name) {
  rs_diag diag = {0};
  rs_model model;
  rs_table *table = rs_table_create(arguments->arena, columns, RS_COUNT_OF(columns));
  rs_status status = table == NULL ? rs_arena_failed(arguments->arena, &diag)
                                   : rs_cli_find_model(arguments->arena, name, &model, &diag);
  if (status == RS_OK) status = fill(table, &model, &diag);
  return status == RS_OK ? rs_cli_print_table(arguments, table) : rs_cli_report(&diag);
}

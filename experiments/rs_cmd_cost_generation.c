/* `realscale cost generation`: a static batch of a model on a board of GPUs, from its input to its last
 * token, as serving stacks publish it. */
#include "rs__cmd_cost.h"
#include "rs_gpu_step.h"

static const char *const columns[] = {"operation",
                                      "chip",
                                      "model",
                                      "ranks",
                                      "batch",
                                      "inputs",
                                      "outputs",
                                      "fits",
                                      "reason",
                                      "first_token_s",
                                      "step_s",
                                      "tokens_per_s_user",
                                      "tokens_per_s_total",
                                      "tokens_per_s_user_overall",
                                      "energy_j_per_token",
                                      "hbm_bytes_max",
                                      "step_compute_time_s",
                                      "step_memory_time_s",
                                      "step_network_time_s",
                                      "step_launch_time_s",
                                      "weights",
                                      "kv_cache",
                                      "math",
                                      "boards"};

rs_table *rs__cost_generation_table(rs_arena *arena) {
  return rs_table_create(arena, columns, RS_COUNT_OF(columns));
}

static void fill_request(rs_table *table, const rs_chip *chip, const rs__cost_shape *s,
                         int64_t batch) {
  rs_table_add_row(table);
  rs_table_set_text(table, "operation", "generation");
  rs_table_set_text(table, "chip", chip->name);
  rs_table_set_text(table, "model", s->model->name);
  rs_table_set_i64(table, "ranks", s->ranks);
  rs_table_set_i64(table, "boards", RS_MAX(s->boards, 1));
  rs_table_set_i64(table, "batch", batch);
  rs_table_set_i64(table, "inputs", s->inputs);
  rs_table_set_i64(table, "outputs", s->outputs);
  rs_table_set_text(table, "weights", rs_number_word(s->weights));
  rs_table_set_text(table, "kv_cache", rs_number_word(s->kv));
  rs_table_set_text(table, "math", rs_number_word(s->math));
}

static void fill_rates(rs_table *table, int64_t batch, const rs_gpu_generation *g) {
  rs_table_set_double(table, "first_token_s", g->first_token_s);
  rs_table_set_double(table, "tokens_per_s_total", g->tokens_per_s_total);
  rs_table_set_double(table, "tokens_per_s_user_overall", g->tokens_per_s_total / (double)batch);
  rs_table_set_double(table, "energy_j_per_token", g->energy.j_per_token);
  rs_table_set_i64(table, "hbm_bytes_max", g->memory.weight_bytes + g->memory.kv_bytes);
  if (g->step.time_fs == 0) return; /* one token */
  static const struct {
    const char *column;
    rs_gpu_part part;
  } parts[] = {{"step_compute_time_s", RS_GPU_PART_COMPUTE},
               {"step_memory_time_s", RS_GPU_PART_MEMORY},
               {"step_network_time_s", RS_GPU_PART_NETWORK},
               {"step_launch_time_s", RS_GPU_PART_LAUNCH}};
  rs_table_set_double(table, "step_s", g->step_s);
  rs_table_set_double(table, "tokens_per_s_user", g->tokens_per_s_user);
  for (size_t i = 0; i < RS_COUNT_OF(parts); i++) {
    rs_table_set_double(table, parts[i].column, (double)g->step.part_fs[parts[i].part] * 1e-15);
  }
}

rs_status rs__cost_generation_fill(rs_table *table, const rs_chip *chip, const rs__cost_shape *s,
                                   int64_t batch, rs_diag *diag) {
  const rs_gpu_request request = {.tensor = s->ranks,
                                  .boards = s->boards,
                                  .batch = batch,
                                  .inputs = s->inputs,
                                  .outputs = s->outputs,
                                  .weights = s->weights,
                                  .kv = s->kv,
                                  .activations = RS_FP16,
                                  .math = s->math,
                                  .shares_kv = !s->reads_apart};
  rs_gpu_generation g;
  rs_status status = rs_gpu_generate(s->model, chip, &request, &g, diag);
  if (status != RS_OK) return status;
  fill_request(table, chip, s, batch);
  rs_table_set_i64(table, "fits", g.memory.fits ? 1 : 0);
  rs_table_set_text(table, "reason", g.memory.reason);
  if (g.memory.fits) fill_rates(table, batch, &g);
  return RS_OK;
}

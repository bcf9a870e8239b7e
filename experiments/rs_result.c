/* One point: sharding, schedule, proof, play, row. */
#include "rs_result.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "rs__proof.h"
#include "rs_decode.h"

static const char *const columns[] = {"model",
                                      "chip",
                                      "chips",
                                      "topology",
                                      "network",
                                      "tensor",
                                      "pipeline",
                                      "expert",
                                      "batch",
                                      "context",
                                      "fits",
                                      "reason",
                                      "token_latency_s",
                                      "tokens_per_s_user",
                                      "tokens_per_s_total",
                                      "compute_share",
                                      "network_share",
                                      "energy_j_per_token",
                                      "sram_bytes_per_chip_max",
                                      "weights",
                                      "activations",
                                      "kv_cache",
                                      "micro_batches",
                                      "concurrency",
                                      "weights_s",
                                      "attention_s",
                                      "vector_s",
                                      "network_s",
                                      "pipeline_s",
                                      "energy_dynamic_j_per_token",
                                      "energy_static_j_per_token",
                                      "makespan_cycles",
                                      "bottleneck_cycles",
                                      "bursts",
                                      "vector_hops",
                                      "links_used",
                                      "busiest_link",
                                      "busiest_link_bytes",
                                      "slack_cycles_min",
                                      "all_reduce_algorithm",
                                      "schedule_digest",
                                      "weight_bytes_total",
                                      "kv_bytes_total"};

const char *const *rs_result_columns(size_t *count) {
  *count = RS_COUNT_OF(columns);
  return columns;
}

/* ---- cells by name ---- */

static rs_cell *cell_of(rs_result *result, const char *column) {
  for (size_t i = 0; i < RS_COUNT_OF(columns); i++) {
    if (strcmp(columns[i], column) == 0) return &result->cells[i];
  }
  assert(false); /* not a column */
  return &result->cells[0];
}

static void set_text(rs_arena *arena, rs_result *result, const char *column, const char *text) {
  const char *copy = rs_arena_strdup(arena, text);
  rs_cell_kind kind = copy == NULL ? RS_CELL_ABSENT : RS_CELL_TEXT;
  *cell_of(result, column) = (rs_cell){.kind = kind, .text = copy};
}

static void set_i64(rs_result *result, const char *column, int64_t value) {
  *cell_of(result, column) = (rs_cell){.kind = RS_CELL_I64, .integer = value};
}

static void set_double(rs_result *result, const char *column, double value) {
  *cell_of(result, column) = (rs_cell){.kind = RS_CELL_DOUBLE, .number = value};
}

/* ---- what is known before anything is computed ---- */

static void fill_point(rs_arena *arena, const rs_point *point, rs_result *r) {
  const rs_sharding_request *q = &point->request;
  int64_t chips;
  int64_t concurrency;
  set_text(arena, r, "model", point->model->name);
  set_text(arena, r, "chip", point->chip->name);
  if (rs_mul_i64(q->tensor, q->pipeline, &chips)) set_i64(r, "chips", chips);
  set_text(arena, r, "topology", point->topology);
  set_text(arena, r, "network", point->text[RS_KEY_NETWORK]);
  set_i64(r, "tensor", q->tensor);
  set_i64(r, "pipeline", q->pipeline);
  set_i64(r, "expert", 1);
  set_i64(r, "batch", q->batch);
  set_i64(r, "context", q->context);
  set_i64(r, "fits", 0);
  set_text(arena, r, "reason", "");
  set_text(arena, r, "weights", rs_number_word(q->weights));
  set_text(arena, r, "activations", rs_number_word(q->activations));
  set_text(arena, r, "kv_cache", rs_number_word(q->kv));
  set_i64(r, "micro_batches", q->micro_batches);
  if (rs_mul_i64(q->batch, q->micro_batches, &concurrency)) set_i64(r, "concurrency", concurrency);
}

static void fill_sharding(const rs_sharding *sharding, rs_result *r) {
  set_i64(r, "sram_bytes_per_chip_max", sharding->sram_bytes_max);
  set_i64(r, "weight_bytes_total", sharding->weight_bytes_total);
  set_i64(r, "kv_bytes_total", sharding->kv_bytes_total);
  set_i64(r, "fits", sharding->fits ? 1 : 0);
}

static void fill_decode(rs_arena *arena, const rs_point *point, const rs_decode *d, rs_result *r) {
  static const char *const parts[RS_PART_COUNT] = {"weights_s", "attention_s", "vector_s",
                                                   "network_s", "pipeline_s"};
  double clock = (double)point->chip->timing.clock_hz;
  set_double(r, "token_latency_s", d->token_latency_s);
  set_double(r, "tokens_per_s_user", d->tokens_per_s_user);
  set_double(r, "tokens_per_s_total", d->tokens_per_s_total);
  set_double(r, "compute_share", d->compute_share);
  set_double(r, "network_share", d->network_share);
  set_double(r, "energy_j_per_token", d->energy_j_per_token);
  set_double(r, "energy_dynamic_j_per_token", d->energy_j_dynamic);
  set_double(r, "energy_static_j_per_token", d->energy_j_static);
  for (int i = 0; i < RS_PART_COUNT; i++) {
    set_double(r, parts[i], (double)d->part_cycles[i] / clock);
  }
  set_i64(r, "bottleneck_cycles", d->bottleneck_cycles);
  const char *algorithm = d->all_reduce_algorithm == NULL ? "none" : d->all_reduce_algorithm;
  set_text(arena, r, "all_reduce_algorithm", algorithm);
}

static void fill_proof(rs_arena *arena, const rs_point *point, rs_schedule *schedule,
                       const rs_proof *proof, rs_result *r) {
  const rs_play *play = &proof->play;
  char text[64];
  set_i64(r, "makespan_cycles", play->makespan_cycles);
  set_i64(r, "bursts", (int64_t)play->bursts);
  set_i64(r, "vector_hops", (int64_t)play->vector_hops);
  set_i64(r, "links_used", play->links_used);
  if (play->busiest_link != RS_NONE) {
    rs_wiring_link_name(point->wiring, play->busiest_link, text, sizeof text);
    set_text(arena, r, "busiest_link", text);
    set_i64(r, "busiest_link_bytes", play->busiest_link_slots * schedule->timing.vector_bytes);
  }
  if (proof->check.slack_cycles_min >= 0) {
    set_i64(r, "slack_cycles_min", proof->check.slack_cycles_min);
  }
  snprintf(text, sizeof text, "%016llx", (unsigned long long)rs_schedule_digest(schedule));
  set_text(arena, r, "schedule_digest", text);
}

/* ---- computing ---- */

static void fail_point(rs_arena *arena, rs_result *r, const char *what) {
  r->failed = true;
  set_text(arena, r, "reason", what);
}

static rs_status prove_decode(rs_arena *arena, const rs_point *point, rs_decode *decode,
                              rs_result *r, rs_diag *diag) {
  rs_proof proof;
  rs_status status = rs__proof_run(decode->schedule, point->wiring, &proof, diag);
  if (status == RS_E_REFUSED) {
    fail_point(arena, r, diag->what);
    return RS_OK;
  }
  if (status != RS_OK) return status;
  if (proof.play.makespan_cycles != decode->latency_cycles) {
    fail_point(arena, r, "the player's time is not the compiler's");
  }
  fill_decode(arena, point, decode, r);
  fill_proof(arena, point, decode->schedule, &proof, r);
  return RS_OK;
}

static rs_status compute(rs_arena *arena, rs_arena *scratch, const rs_point *point, rs_result *r,
                         rs_diag *diag) {
  rs_sharding *sharding;
  rs_decode decode;
  rs_status status = rs_sharding_build(scratch, point->model, point->chip,
                                       point->wiring->chip_count, &point->request, &sharding, diag);
  if (status == RS_E_INFEASIBLE) {
    set_text(arena, r, "reason", diag->what);
    return RS_OK;
  }
  if (status != RS_OK) return status;
  fill_sharding(sharding, r);
  set_text(arena, r, "reason", sharding->reason);
  if (!sharding->fits) return RS_OK;
  status = rs_decode_compile(scratch, point->model, point->chip, point->wiring, point->topology,
                             sharding, &decode, diag);
  if (status == RS_E_INFEASIBLE) {
    set_i64(r, "fits", 0);
    set_text(arena, r, "reason", diag->what);
    return RS_OK;
  }
  return status == RS_OK ? prove_decode(arena, point, &decode, r, diag) : status;
}

rs_status rs_result_compute(rs_arena *arena, const rs_point *point, rs_result *result,
                            rs_diag *diag) {
  *result = (rs_result){.cells = RS_ARENA_NEW(arena, rs_cell, RS_COUNT_OF(columns))};
  rs_arena *scratch = rs_arena_create(0);
  if (result->cells == NULL || scratch == NULL) {
    rs_arena_destroy(scratch);
    return rs_arena_failed(arena, diag);
  }
  fill_point(arena, point, result);
  rs_status status = compute(arena, scratch, point, result, diag);
  rs_arena_destroy(scratch);
  return status;
}

/* ---- rows ---- */

rs_status rs_result_print(const rs_result *result, rs_sink *sink) {
  rs_json json;
  rs_json_init(&json, sink);
  rs_json_begin_object(&json);
  for (size_t i = 0; i < RS_COUNT_OF(columns); i++) {
    const rs_cell *cell = &result->cells[i];
    if (cell->kind == RS_CELL_ABSENT) continue;
    rs_json_key(&json, columns[i]);
    if (cell->kind == RS_CELL_TEXT) rs_json_string(&json, cell->text);
    if (cell->kind == RS_CELL_I64) rs_json_i64(&json, cell->integer);
    if (cell->kind == RS_CELL_DOUBLE) rs_json_double(&json, cell->number);
  }
  rs_json_key(&json, "failed");
  rs_json_bool(&json, result->failed);
  rs_json_end_object(&json);
  return sink->failed ? RS_E_SYSTEM : RS_OK;
}

rs_status rs_result_parse(rs_arena *arena, const char *text, rs_result *result, rs_diag *diag) {
  json_error_t error;
  json_t *root = json_loads(text, 0, &error);
  *result = (rs_result){.cells = RS_ARENA_NEW(arena, rs_cell, RS_COUNT_OF(columns))};
  if (result->cells == NULL) {
    json_decref(root);
    return rs_arena_failed(arena, diag);
  }
  if (!json_is_object(root)) {
    json_decref(root);
    return rs_diag_set(diag, RS_E_INPUT, "a row of the store is not a JSON object");
  }
  for (size_t i = 0; i < RS_COUNT_OF(columns); i++) {
    const json_t *value = json_object_get(root, columns[i]);
    if (json_is_string(value)) set_text(arena, result, columns[i], json_string_value(value));
    if (json_is_integer(value)) set_i64(result, columns[i], json_integer_value(value));
    if (json_is_real(value)) set_double(result, columns[i], json_real_value(value));
  }
  result->failed = json_is_true(json_object_get(root, "failed"));
  json_decref(root);
  return RS_OK;
}

rs_status rs_result_tabulate(rs_arena *arena, const rs_result *results, size_t count,
                             rs_table **table, rs_diag *diag) {
  *table = rs_table_create(arena, columns, RS_COUNT_OF(columns));
  if (*table == NULL) return rs_arena_failed(arena, diag);
  for (size_t row = 0; row < count; row++) {
    rs_table_add_row(*table);
    for (size_t i = 0; i < RS_COUNT_OF(columns); i++) {
      const rs_cell *cell = &results[row].cells[i];
      if (cell->kind == RS_CELL_TEXT) rs_table_set_text(*table, columns[i], cell->text);
      if (cell->kind == RS_CELL_I64) rs_table_set_i64(*table, columns[i], cell->integer);
      if (cell->kind == RS_CELL_DOUBLE) rs_table_set_double(*table, columns[i], cell->number);
    }
  }
  return RS_OK;
}

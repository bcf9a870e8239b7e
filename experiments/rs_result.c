/* Results of points as rows: cells by name, the store's JSON, tables; tasks fill them. */
#include "rs_result.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "rs__result.h"
#include "rs_wiring_row.h"

const char *const *rs_result_columns(rs_task task, size_t *count) {
  switch (task) {
    case RS_TASK_TOPOLOGY:
      return rs_wiring_row_columns(count);
    case RS_TASK_TRAFFIC:
      return rs__result_traffic_columns(count);
    case RS_TASK_COLLECTIVE:
      return rs__result_collective_columns(count);
    case RS_TASK_CLOCK:
      return rs__result_clock_columns(count);
    case RS_TASK_PREFILL:
      return rs__result_prefill_columns(count);
    case RS_TASK_DECODE:
    case RS_TASK_COUNT:
      break;
  }
  return rs__result_decode_columns(count);
}

bool rs_result_column_is_text(const char *column) {
  static const char *const texts[] = {"model",
                                      "chip",
                                      "topology",
                                      "network",
                                      "reason",
                                      "weights",
                                      "activations",
                                      "kv_cache",
                                      "busiest_link",
                                      "all_reduce_algorithm",
                                      "schedule_digest",
                                      "routing",
                                      "pattern",
                                      "family",
                                      "automorphisms",
                                      "collective",
                                      "algorithm",
                                      "algorithm_asked",
                                      "group",
                                      "timing",
                                      "sums",
                                      "placement",
                                      "kv_split",
                                      "dispatch",
                                      "clock",
                                      "offsets",
                                      "tree",
                                      "first_violation",
                                      "first_violation_link",
                                      "first_violation_burst"};
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    if (strcmp(texts[i], column) == 0) return true;
  }
  return false;
}

/* ---- computing ---- */

static rs_status compute_topology(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                                  rs_result *r, rs_diag *diag) {
  rs_wiring_row row;
  size_t count;
  const char *const *columns = rs_wiring_row_columns(&count);
  rs_status status = rs_wiring_row_measure(scratch, point->topology, point->wiring, false,
                                           &rs_cable_costs_default, &row, diag);
  for (size_t i = 0; i < count && status == RS_OK; i++) {
    r->cells[i] = rs_wiring_row_cell(&row, i);
    if (r->cells[i].kind == RS_CELL_TEXT) {
      rs_result_set_text(arena, r, columns[i], r->cells[i].text);
    }
  }
  return status;
}

rs_status rs_result_create(rs_arena *arena, rs_task task, rs_result *result, rs_diag *diag) {
  *result = (rs_result){.task = task};
  result->columns = rs_result_columns(task, &result->column_count);
  result->cells = RS_ARENA_NEW(arena, rs_cell, result->column_count);
  return result->cells == NULL ? rs_arena_failed(arena, diag) : RS_OK;
}

rs_status rs_result_compute(rs_arena *arena, const rs_point *point, rs_result *result,
                            rs_diag *diag) {
  return rs_result_compute_with(arena, NULL, point, result, diag);
}

rs_status rs_result_compute_with(rs_arena *arena, rs_result_memory *memory, const rs_point *point,
                                 rs_result *result, rs_diag *diag) {
  rs_status created = rs_result_create(arena, point->task, result, diag);
  if (created != RS_OK) return created;
  rs_arena *scratch = rs_arena_create(0);
  if (scratch == NULL) return rs_arena_failed(arena, diag);
  static rs__result_compute *const computes[RS_TASK_COUNT] = {NULL,
                                                              compute_topology,
                                                              rs__result_traffic,
                                                              rs__result_collective,
                                                              rs__result_clock,
                                                              rs__result_prefill};
  rs_status status = point->task == RS_TASK_DECODE
                         ? rs__result_decode(arena, scratch, memory, point, result, diag)
                         : computes[point->task](arena, scratch, point, result, diag);
  rs_arena_destroy(scratch);
  return status;
}

rs_status rs_result_schedule(rs_arena *arena, const rs_point *point, rs_schedule **schedule,
                             rs_diag *diag) {
  bool is_step = point->task == RS_TASK_DECODE || point->task == RS_TASK_CLOCK;
  if (is_step && point->model != NULL) {
    return rs__result_decode_schedule(arena, point, schedule, diag);
  }
  if (point->task == RS_TASK_CLOCK || point->task == RS_TASK_COLLECTIVE) {
    return rs__result_collective_schedule(arena, point, schedule, diag);
  }
  rs_diag_set(diag, RS_E_INPUT, "the task '%s' has no timetable", rs_task_word(point->task));
  rs_diag_expect(diag, "an experiment whose points are scheduled, such as task: decode");
  return RS_E_INPUT;
}

/* ---- rows ---- */

rs_status rs_result_copy(rs_arena *arena, const rs_result *from, rs_result *to, rs_diag *diag) {
  *to = *from;
  to->cells = RS_ARENA_NEW(arena, rs_cell, from->column_count);
  if (to->cells == NULL) return rs_arena_failed(arena, diag);
  for (size_t i = 0; i < from->column_count; i++) {
    to->cells[i] = from->cells[i];
    if (from->cells[i].kind != RS_CELL_TEXT) continue;
    to->cells[i].text = rs_arena_strdup(arena, from->cells[i].text);
    if (to->cells[i].text == NULL) return rs_arena_failed(arena, diag);
  }
  return RS_OK;
}

rs_status rs_result_print(const rs_result *result, rs_sink *sink) {
  rs_json json;
  rs_json_init(&json, sink);
  rs_json_begin_object(&json);
  for (size_t i = 0; i < result->column_count; i++) {
    const rs_cell *cell = &result->cells[i];
    if (cell->kind == RS_CELL_ABSENT) continue;
    rs_json_key(&json, result->columns[i]);
    if (cell->kind == RS_CELL_TEXT) rs_json_string(&json, cell->text);
    if (cell->kind == RS_CELL_I64) rs_json_i64(&json, cell->integer);
    if (cell->kind == RS_CELL_DOUBLE) rs_json_double(&json, cell->number);
  }
  rs_json_key(&json, "failed");
  rs_json_bool(&json, result->failed);
  rs_json_end_object(&json);
  return sink->failed ? RS_E_SYSTEM : RS_OK;
}

rs_status rs_result_parse(rs_arena *arena, rs_task task, const char *text, rs_result *result,
                          rs_diag *diag) {
  json_error_t error;
  rs_status created = rs_result_create(arena, task, result, diag);
  if (created != RS_OK) return created;
  json_t *root = json_loads(text, 0, &error);
  if (!json_is_object(root)) {
    json_decref(root);
    return rs_diag_set(diag, RS_E_INPUT, "a row of the store is not a JSON object");
  }
  for (size_t i = 0; i < result->column_count; i++) {
    const char *column = result->columns[i];
    const json_t *value = json_object_get(root, column);
    if (json_is_string(value)) rs_result_set_text(arena, result, column, json_string_value(value));
    if (json_is_integer(value)) rs_result_set_i64(result, column, json_integer_value(value));
    if (json_is_real(value)) rs_result_set_double(result, column, json_real_value(value));
  }
  result->failed = json_is_true(json_object_get(root, "failed"));
  json_decref(root);
  return RS_OK;
}

rs_status rs_result_tabulate(rs_arena *arena, rs_task task, const rs_result *results, size_t count,
                             rs_table **table, rs_diag *diag) {
  size_t column_count;
  const char *const *columns = rs_result_columns(task, &column_count);
  *table = rs_table_create(arena, columns, column_count);
  if (*table == NULL) return rs_arena_failed(arena, diag);
  for (size_t row = 0; row < count; row++) {
    rs_table_add_row(*table);
    for (size_t i = 0; i < column_count; i++) {
      const rs_cell *cell = &results[row].cells[i];
      if (cell->kind == RS_CELL_TEXT) rs_table_set_text(*table, columns[i], cell->text);
      if (cell->kind == RS_CELL_I64) rs_table_set_i64(*table, columns[i], cell->integer);
      if (cell->kind == RS_CELL_DOUBLE) rs_table_set_double(*table, columns[i], cell->number);
    }
  }
  return RS_OK;
}

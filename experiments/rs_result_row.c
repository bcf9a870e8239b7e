/* A result's row: cells by name, the reason in place of values, and what engines need to be found. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "rs__result.h"

rs_cell *rs_result_cell(rs_result *result, const char *column) {
  for (size_t i = 0; i < result->column_count; i++) {
    if (strcmp(result->columns[i], column) == 0) return &result->cells[i];
  }
  assert(false); /* not a column */
  return &result->cells[0];
}

void rs_result_set_text(rs_arena *arena, rs_result *result, const char *column, const char *text) {
  const char *copy = rs_arena_strdup(arena, text);
  rs_cell_kind kind = copy == NULL ? RS_CELL_ABSENT : RS_CELL_TEXT;
  *rs_result_cell(result, column) = (rs_cell){.kind = kind, .text = copy};
}

void rs_result_set_i64(rs_result *result, const char *column, int64_t value) {
  *rs_result_cell(result, column) = (rs_cell){.kind = RS_CELL_I64, .integer = value};
}

void rs_result_set_double(rs_result *result, const char *column, double value) {
  *rs_result_cell(result, column) = (rs_cell){.kind = RS_CELL_DOUBLE, .number = value};
}

rs_status rs__result_explain(rs_arena *arena, rs_status status, const rs_diag *why, rs_result *r,
                             rs_diag *diag) {
  if (status == RS_E_NO_MEMORY) {
    if (diag != NULL) *diag = *why;
    return status;
  }
  rs_result_set_text(arena, r, "reason", why->what);
  if (status == RS_E_INFEASIBLE && r->task == RS_TASK_TRAFFIC) {
    rs_result_set_i64(r, "saturated", 1);
  }
  r->failed = status == RS_E_REFUSED || status == RS_E_SYSTEM;
  return RS_OK;
}

const char *rs__result_simgrid_program(void) {
  return access(RS_SIMGRID_BUILD_PROGRAM, X_OK) == 0 ? RS_SIMGRID_BUILD_PROGRAM
                                                     : RS_SIMGRID_INSTALL_PROGRAM;
}

/*
 * Running one point, and the row that it gives.
 *
 * A point is compiled, proved by the checker and played; a row holds what the design's result columns
 * name, each with its unit. A point that is well formed but cannot be (does not fit, does not divide)
 * is a row with fits = 0 and a reason. A point whose schedule is refused, or whose player and compiler
 * disagree, has failed: its row has the reason too, and the run's exit status says so.
 */
#ifndef RS_RESULT_H
#define RS_RESULT_H

#include "rs_experiment.h"
#include "rs_schedule.h"
#include "rs_table.h"

/* The columns of a task's rows. */
const char *const *rs_result_columns(rs_task task, size_t *count);
/* Columns of texts, of any task; all others hold numbers. */
bool rs_result_column_is_text(const char *column);

/* Cells in the order of the columns; texts are the arena's. */
typedef struct rs_result {
  rs_task task;
  const char *const *columns; /* rs_result_columns of the task */
  size_t column_count;
  rs_cell *cells; /* NULL: not computed */
  bool failed;
} rs_result;

/* A row without values. */
rs_status rs_result_create(rs_arena *arena, rs_task task, rs_result *result, rs_diag *diag);

/* Works in an arena of its own; only the result is `arena`'s. Deterministic; any thread. What can be
 * said about a decode point is in its row, so that only what the machine lacks (RS_E_NO_MEMORY,
 * RS_E_SYSTEM) is an error of it. */
rs_status rs_result_compute(rs_arena *arena, const rs_point *point, rs_result *result,
                            rs_diag *diag);

/* The last step of decode that was computed, for a point that differs in what is only counted on it
 * (rs_key_is_counted): the row is the same as without, and a step is not compiled and proved again. One
 * thread's. NULL: no memory. */
typedef struct rs_result_memory rs_result_memory;
rs_result_memory *rs_result_memory_create(void);
void rs_result_memory_destroy(rs_result_memory *memory);

rs_status rs_result_compute_with(rs_arena *arena, rs_result_memory *memory, const rs_point *point,
                                 rs_result *result, rs_diag *diag);

/* The timetable of a point, for pictures of it; proved by nobody here. RS_E_INFEASIBLE with the reason
 * when the point has none, RS_E_INPUT when its task has none. */
rs_status rs_result_schedule(rs_arena *arena, const rs_point *point, rs_schedule **schedule,
                             rs_diag *diag);

rs_status rs_result_copy(rs_arena *arena, const rs_result *from, rs_result *to, rs_diag *diag);

/* A result as a JSON object and back (for the store). */
rs_status rs_result_print(const rs_result *result, rs_sink *sink);
rs_status rs_result_parse(rs_arena *arena, rs_task task, const char *text, rs_result *result,
                          rs_diag *diag);

/* Rows of a results.csv, which a person may have cut, sorted or added to: columns in any order, by
 * name; those that are not there are absent. RS_E_INPUT with file, line and column: an unknown or
 * repeated column, a row of another length, a text where a number belongs, a quote that stays open. */
rs_status rs_result_parse_csv(rs_arena *arena, rs_task task, const char *file, const char *text,
                              size_t length, rs_result **results, size_t *count, rs_diag *diag);

/* Appends the results, in order, as rows. */
rs_status rs_result_tabulate(rs_arena *arena, rs_task task, const rs_result *results, size_t count,
                             rs_table **table, rs_diag *diag);

/* The cell of a named column, which must be one of the task's (asserted). */
rs_cell *rs_result_cell(rs_result *result, const char *column);
void rs_result_set_text(rs_arena *arena, rs_result *result, const char *column, const char *text);
void rs_result_set_i64(rs_result *result, const char *column, int64_t value);
void rs_result_set_double(rs_result *result, const char *column, double value);

#endif

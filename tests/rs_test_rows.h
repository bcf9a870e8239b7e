/* What tests of rows share: an arena a test, a point's row, its cells. */
#ifndef RS_TEST_ROWS_H
#define RS_TEST_ROWS_H

#include "rs_result.h"
#include "rs_test.h"

static rs_arena *arena;

static inline int make_arena(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static inline int destroy_arena(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static inline rs_result compute(const rs_point *point) {
  rs_result r;
  rs_diag diag = {0};
  assert_ok(rs_result_compute(arena, point, &r, &diag), &diag);
  return r;
}

static inline double number(rs_result *r, const char *column) {
  const rs_cell *cell = rs_result_cell(r, column);
  assert_true(cell->kind == RS_CELL_DOUBLE || cell->kind == RS_CELL_I64);
  return cell->kind == RS_CELL_DOUBLE ? cell->number : (double)cell->integer;
}

static inline const char *text_of(rs_result *r, const char *column) {
  const rs_cell *cell = rs_result_cell(r, column);
  assert_int_equal(cell->kind, RS_CELL_TEXT);
  return cell->text;
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, destroy_arena)

#endif

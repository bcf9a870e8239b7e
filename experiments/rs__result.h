/* What tasks give to rs_result.c: their columns, and how a point is computed. */
#ifndef RS__RESULT_H
#define RS__RESULT_H

#include "rs_result.h"

const char *const *rs__result_decode_columns(size_t *count);

const char *const *rs__result_traffic_columns(size_t *count);

/* Fills the cells of `r`. Texts are `arena`'s, everything else is scratch. */
typedef rs_status rs__result_compute(rs_arena *arena, rs_arena *scratch, const rs_point *point,
                                     rs_result *r, rs_diag *diag);
rs__result_compute rs__result_decode, rs__result_traffic;

/* The timetable that the row is about. */
rs_status rs__result_decode_schedule(rs_arena *arena, const rs_point *point, rs_schedule **schedule,
                                     rs_diag *diag);

#endif

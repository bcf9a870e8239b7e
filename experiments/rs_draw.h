/*
 * Pictures of results: a data file and two gnuplot runs (SVG and PNG) a plot.
 *
 * Scripts live in plots/, one a kind; they get the data's path, titles and axes as gnuplot variables.
 * gnuplot is started without a shell and without the user's settings, so that the same results give
 * the same bytes. When it is absent or refuses, the diagnostic says so and the results stay: a
 * picture is never a reason to lose numbers.
 */
#ifndef RS_DRAW_H
#define RS_DRAW_H

#include "rs_experiment.h"
#include "rs_table.h"

/* Writes FOLDER/plot-N-KIND.dat, .svg and .png; paths are those of the pictures, the arena's. `name`
 * is the title of a plot that has none. RS_E_INFEASIBLE when no row has the values, RS_E_INPUT when
 * there is no such column, RS_E_SYSTEM with gnuplot's words. */
rs_status rs_draw_plot(rs_arena *arena, const char *folder, const char *name, const rs_table *table,
                       const rs_plot *plot, size_t number, const char *paths[2], rs_diag *diag);

#endif

/*
 * Pictures of results: a data file and two gnuplot runs (SVG and PNG) a plot.
 *
 * Scripts live in plots/, one a kind; they get the data's path and titles as gnuplot variables.
 * gnuplot is started without a shell. When it is absent or refuses, the diagnostic says so and the
 * results stay: a picture is never a reason to lose numbers.
 */
#ifndef RS_DRAW_H
#define RS_DRAW_H

#include "rs_experiment.h"
#include "rs_table.h"

/* Writes FOLDER/plot-N.dat, .svg, .png; *paths are the arena's, two a plot, in order. */
rs_status rs_draw_plots(rs_arena *arena, const char *folder, const char *name,
                        const rs_table *table, const rs_plot *plots, size_t plot_count,
                        const char ***paths, size_t *path_count, rs_diag *diag);

const char *rs_plot_kind_word(rs_plot_kind kind); /* "stack" "line" "bar" */

#endif

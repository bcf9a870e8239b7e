/* `realscale plot`: the pictures of a results folder again, from its results and manifest. */
#include <stdio.h>

#include "rs_cli.h"
#include "rs_draw.h"
#include "rs_manifest.h"

static int run_plot(const rs_arguments *arguments) {
  const char *folder = arguments->operands[0];
  rs_diag diag = {0};
  rs_table *table;
  rs_manifest m;
  int worst = RS_EXIT_GOOD;
  rs_status status = rs_manifest_read(arguments->arena, folder, &m, &diag);
  if (status == RS_OK) status = rs_manifest_read_results(arguments->arena, &m, &table, &diag);
  if (status != RS_OK) return rs_cli_report(&diag);
  for (size_t i = 0; i < m.plot_count; i++) {
    const char *paths[2];
    status =
        rs_draw_plot(arguments->arena, folder, m.name, table, &m.plots[i], i + 1, paths, &diag);
    if (status == RS_OK) {
      printf("%s\n%s\n", paths[0], paths[1]);
    } else {
      fprintf(stderr, "realscale: plot %zu is not drawn: %s\n", i + 1, diag.what);
      worst = RS_EXIT_FAILED;
    }
  }
  return worst;
}

const rs_command rs_command_plot = {
    .name = "plot",
    .operands = "DIR",
    .operands_min = 1,
    .operands_max = 1,
    .summary = "draws the pictures of a results folder again",
    .example = "realscale plot results/llama2-70b-decode",
    .run = run_plot,
};

/* Who takes part in what `realscale compile` compiles. Private to experiments/. */
#ifndef RS__CMD_COMPILE_H
#define RS__CMD_COMPILE_H

#include "rs__result.h"
#include "rs_cli.h"

/* The groups of a command line: one schedule has them all. */
typedef struct rs__compile_jobs {
  rs__collective *items;
  size_t count;
} rs__compile_jobs;

/* A job like `first` for each group that --chips, --groups or --pairs name. RS_E_INPUT says what of
 * them is wrong. */
rs_status rs__compile_read_groups(const rs_arguments *arguments, const rs__collective *first,
                                  rs__compile_jobs *all, rs_diag *diag);

#endif

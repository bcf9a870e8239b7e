/*
 * What `run` wrote into a folder, read back: the manifest and the rows of results.csv.
 */
#ifndef RS_MANIFEST_H
#define RS_MANIFEST_H

#include "rs_result.h"

typedef struct rs_manifest_pair {
  const char *key;
  const char *value;
} rs_manifest_pair;

typedef struct rs_manifest {
  const char *folder;
  const char *name;
  const char *version;
  const char *command; /* words with blanks between, quoted where a shell needs it */
  const char *results_digest;
  rs_task task;
  rs_manifest_pair *keys; /* of the experiment, not swept */
  size_t key_count;
  rs_manifest_pair *sweeps; /* key, and its values with ", " between */
  size_t sweep_count;
  rs_plot *plots;
  size_t plot_count;
} rs_manifest;

/* RS_E_INPUT with the file, and the place when it is no JSON. All memory is the arena's. */
rs_status rs_manifest_read(rs_arena *arena, const char *folder, rs_manifest *manifest,
                           rs_diag *diag);

/* The rows of the folder's results.csv. */
rs_status rs_manifest_read_results(rs_arena *arena, const rs_manifest *manifest, rs_table **table,
                                   rs_diag *diag);

#endif

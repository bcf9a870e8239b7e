/* The inside of reading an experiment: the key table's rows, drafts with places, resolving. */
#ifndef RS__EXPERIMENT_H
#define RS__EXPERIMENT_H

#include "rs_experiment.h"
#include "rs_yaml.h"

typedef enum rs__key_kind {
  RS__KEY_NAME,
  RS__KEY_WORD,
  RS__KEY_COUNT,
  RS__KEY_SHARE,
  RS__KEY_MODEL,
  RS__KEY_CHIP,
  RS__KEY_TOPOLOGY
} rs__key_kind;

typedef struct rs__key_row {
  const char *path;
  rs__key_kind kind;
  const char *otherwise; /* NULL: the key is needed */
  const char *help;
  const char *const *words;
  size_t word_count;
  const char *const *later; /* words that are known, but not built yet */
  size_t later_count;
  int64_t most;
  unsigned tasks; /* bits of the tasks that have this key */
} rs__key_row;

typedef struct rs__place {
  const char *file;
  int line, column;
} rs__place;

typedef struct rs__draft {
  const char *text[RS_KEY_COUNT];
  rs__place place[RS_KEY_COUNT];
} rs__draft;

typedef struct rs__axis {
  rs_key key;
  const rs_yaml_node *values;
  const char *file;
} rs__axis;

/* What was resolved before: sweeps name the same model and wiring many times. */
typedef struct rs__resolved {
  const char *text;
  const char *canonical;
  const void *thing;
  struct rs__resolved *next;
} rs__resolved;

typedef struct rs__reader {
  rs_arena *arena;
  const char *file;
  rs_diag *diag;
  rs__draft draft;
  rs__axis axes[RS_KEY_COUNT];
  size_t axis_count;
  rs_task task;
  const rs_yaml_node *plots_node; /* read when the task is known; NULL: none */
  const rs_plot *plots;
  size_t plot_count;
  rs__resolved *models;
  rs__resolved *topologies;
} rs__reader;

rs_status rs__experiment_fault(const rs__reader *r, const rs__place *place, const char *what,
                               const char *expected, const char *suggestion);
/* "0.35" → 350000; false: not a share above 0 and at most 1 of at most six places. */
bool rs__experiment_parse_share(const char *text, int64_t *ppm);
rs_status rs__experiment_read_plots(rs__reader *r, const rs_yaml_node *node);
/* Turns a complete draft into a point: finds model, chip and wiring, and checks that the sharding
 * divides, which in a sweep of shardings is left to the row. */
rs_status rs__experiment_resolve(rs__reader *r, const rs__draft *draft, rs_point *point);

#endif

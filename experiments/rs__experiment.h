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
  RS__KEY_FACTOR,
  RS__KEY_MODEL,
  RS__KEY_DRAFT,
  RS__KEY_CHIP,
  RS__KEY_PRICES,
  RS__KEY_TOPOLOGY,
  RS__KEY_BYTES,
  RS__KEY_ALGORITHM,
  RS__KEY_CHIPS,
  RS__KEY_DECIMAL
} rs__key_kind;

/* Task clock has the keys of a collective, or, when there is a model, those of its step. */
enum { RS__CLOCK_OF_A_STEP = RS_TASK_COUNT };

typedef struct rs__key_row {
  const char *path;
  rs__key_kind kind;
  const char *unit;      /* of a count; NULL elsewhere */
  const char *otherwise; /* NULL: the key is needed */
  const char *help;
  const char *const *words;
  size_t word_count;
  int64_t most;   /* of a count; of a decimal in thousandths */
  bool has_zero;  /* a count from 0, not 1 */
  unsigned tasks; /* bits of the tasks that have this key, and RS__CLOCK_OF_A_STEP */
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
  const char *file; /* of the experiment: paths are relative to its folder */
  rs_diag *diag;
  rs__draft draft;
  rs__axis axes[RS_KEY_COUNT];
  size_t axis_count;
  rs_task task;
  int keys_bit;                   /* the task, or RS__CLOCK_OF_A_STEP */
  const rs_yaml_node *plots_node; /* read when the task is known; NULL: none */
  const char *plots_file;
  rs__resolved *models;
  rs__resolved *chips;
  rs__resolved *prices;
  rs__resolved *topologies;
  rs__resolved *groups; /* lists of chips */
} rs__reader;

/* rs_experiment_fault.c. */
rs_status rs__experiment_fault(const rs__reader *r, const rs__place *place, const char *what,
                               const char *expected, const char *suggestion);

/* ---- rs_experiment_keys.c: the table, and one value at a time ---- */

const rs__key_row *rs__experiment_key_row(rs_key key);

/* Where a key's name stands decides which names would have done. */
typedef enum rs__scope {
  RS__SCOPE_TOP,
  RS__SCOPE_SHARDING,
  RS__SCOPE_SPECULATE,
  RS__SCOPE_SWEEP,
  RS__SCOPE_SET
} rs__scope;

/* The mapping that a nested scope is, "sharding"; NULL for the others. */
const char *rs__experiment_scope_name(rs__scope scope);
/* The nested scope of that name, RS__SCOPE_TOP when there is none. */
rs__scope rs__experiment_find_scope(const char *name);

/* The key of a name, RS_KEY_COUNT when there is none. In RS__SCOPE_SHARDING and RS__SCOPE_SPECULATE names
 * are without their prefix. */
rs_key rs__experiment_find_key(rs__scope scope, const char *name);
rs_status rs__experiment_unknown_key(const rs__reader *r, const rs__place *place, const char *name,
                                     rs__scope scope);

/* Checks a value by its row, and puts it into the draft with its place. */
rs_status rs__experiment_assign(const rs__reader *r, rs__draft *draft, rs_key key,
                                const rs_yaml_node *value, const char *file);

/* "0.35" → 350000; false: not a share above 0 and at most 1 of at most six places. */
bool rs__experiment_parse_share(const char *text, int64_t *ppm);
/* The same up to 1000, "1.25" → 1250000. */
bool rs__experiment_parse_factor(const char *text, int64_t *ppm);

/* "2.8" → 2800; false: not a decimal from 0 to most / 1000 of at most three places. */
bool rs__experiment_parse_decimal(const char *text, int64_t most, int64_t *milli);

/* What a key's value is, for messages: "a whole number from 1 to 65536". */
void rs__experiment_describe(rs_key key, char *text, size_t size);

/* ---- rs_experiment_plots.c, rs_experiment_resolve.c ---- */

/* The list of r->plots_node, or the task's usual plot. */
rs_status rs__experiment_read_plots(const rs__reader *r, const rs_plot **plots, size_t *count);

/* Turns a complete draft into a point: finds model, chip and wiring. */
rs_status rs__experiment_resolve(rs__reader *r, const rs__draft *draft, rs_point *point);

/* The clock's part of a point whose collective was resolved. */
rs_status rs__experiment_resolve_clock(const rs__reader *r, const rs__draft *draft,
                                       rs_point *point);

/* RS_E_INFEASIBLE when the point's sharding does not divide, with the place of the key that is the
 * cause; RS_OK for everything that a row can tell. */
rs_status rs__experiment_check_sharding(const rs__reader *r, const rs__draft *draft,
                                        const rs_point *point);

#endif

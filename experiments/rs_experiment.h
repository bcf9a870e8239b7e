/*
 * A typed experiment: the keys of an experiment file, checked, and the points of its sweep.
 *
 * One table has a row a key: path, kind, unit, bounds, default, help. Reading, overriding (--set),
 * sweeping, error messages, the reference that `realscale run --help-keys` prints and the effective
 * text of a point all come from it. A point's values are texts as the user wrote them, in the table's order,
 * plus what they resolve to. Everything is the arena's and read-only after parsing, so that threads
 * may share it.
 *
 * Errors have file, line, column and a suggestion, for swept values too. Nothing is written and no
 * point runs when one value of one point is wrong.
 */
#ifndef RS_EXPERIMENT_H
#define RS_EXPERIMENT_H

#include "rs_adaptive.h"
#include "rs_clock_trial.h"
#include "rs_collective.h"
#include "rs_price.h"
#include "rs_sharding.h"
#include "rs_speculate.h"
#include "rs_text.h"
#include "rs_traffic.h"

typedef enum rs_task {
  RS_TASK_DECODE,     /* one token of a model on a system */
  RS_TASK_TOPOLOGY,   /* measures of a wiring */
  RS_TASK_TRAFFIC,    /* latency of vectors under load */
  RS_TASK_COLLECTIVE, /* time of one collective operation */
  RS_TASK_CLOCK,      /* a schedule, of a collective or a step, on drifting clocks */
  RS_TASK_PREFILL,    /* a prompt, or an encoder's text, through a model on a system */
  RS_TASK_COUNT
} rs_task;

/* How bytes move. */
typedef enum rs_network {
  RS_NETWORK_SCHEDULED, /* by a timetable */
  RS_NETWORK_ADAPTIVE,  /* as packets in queues */
  RS_NETWORK_FLUID,     /* as flows that share links fairly */
  RS_NETWORK_COUNT
} rs_network;

typedef enum rs_key {
  RS_KEY_NAME,
  RS_KEY_TASK,
  RS_KEY_MODEL,
  RS_KEY_WEIGHTS,
  RS_KEY_ACTIVATIONS,
  RS_KEY_KV_CACHE,
  RS_KEY_CHIP,
  RS_KEY_TOPOLOGY,
  RS_KEY_TENSOR,
  RS_KEY_PIPELINE,
  RS_KEY_EXPERT,
  RS_KEY_DISPATCH,
  RS_KEY_CAPACITY,
  RS_KEY_SUMS,
  RS_KEY_KV_SPLIT,
  RS_KEY_PLACEMENT,
  RS_KEY_MICRO_BATCHES,
  RS_KEY_REPLICAS,
  RS_KEY_BATCH,
  RS_KEY_CONTEXT,
  RS_KEY_GENERATE,
  RS_KEY_CHUNK,
  RS_KEY_NETWORK,
  RS_KEY_SEED,
  RS_KEY_PORTS,
  RS_KEY_ROUTING,
  RS_KEY_PATTERN,
  RS_KEY_OFFERED_LOAD,
  RS_KEY_BUFFER_VECTORS,
  RS_KEY_CHANNELS,
  RS_KEY_MEASURE_SLOTS,
  RS_KEY_COLLECTIVE,
  RS_KEY_ALGORITHM,
  RS_KEY_BYTES,
  RS_KEY_CHIPS,
  RS_KEY_TIMING,
  RS_KEY_DESKEW_MARGIN,
  RS_KEY_DESKEW_INTERVAL,
  RS_KEY_CLOCK,
  RS_KEY_PPM,
  RS_KEY_WANDER,
  RS_KEY_OFFSETS,
  RS_KEY_RESYNC,
  RS_KEY_STALL,
  RS_KEY_LINK_SPREAD,
  RS_KEY_FIFO,
  RS_KEY_TREE,
  RS_KEY_DURATION,
  RS_KEY_DRAWS,
  RS_KEY_GAIN_P,
  RS_KEY_GAIN_I,
  RS_KEY_GPUS,
  RS_KEY_BOARDS,
  RS_KEY_PAGING,
  RS_KEY_PRICES,
  RS_KEY_DRAFT,
  RS_KEY_LENGTH,
  RS_KEY_ACCEPTANCE,
  RS_KEY_COUNT
} rs_key;

/* What the keys of task clock say; the rest of the structures is the row's to fill. */
typedef struct rs_clock_point {
  rs_clock_way way;
  rs_clock_config clock;
  rs_deskew_config deskew;
  int64_t run_cycles_most; /* duration 0: up to here, to see the whole schedule once; else 0 */
  bool is_depth_first;
  int64_t draws;
  int64_t gain_p_atto, gain_i_atto;
} rs_clock_point;

typedef struct rs_point {
  rs_task task;
  const char *text[RS_KEY_COUNT]; /* NULL: the task has no such key */
  const rs_model *model;
  const rs_chip *chip;
  const char *topology; /* canonical */
  const rs_wiring *wiring;
  rs_sharding_request request;
  int64_t generate;           /* decode: tokens that are averaged over */
  rs_speculation speculation; /* decode: its draft; NULL: a token a step */
  int64_t chunk;              /* prefill: positions of a chunk, at most */
  rs_traffic_config traffic;  /* its pattern and load_ppm */
  rs_routing routing;
  uint32_t buffer_vectors;
  uint32_t virtual_channels; /* 0: as many as hops */
  rs_network network;
  int64_t measure_slots; /* length of a traffic measurement */
  uint64_t seed;
  rs_collective_request collective; /* without an algorithm: the fastest */
  rs_timing timing;
  int64_t deskew_interval_cycles; /* decode, collective: stalls in the schedule; 0: none */
  rs_clock_point clock;
  int64_t gpus; /* where the chip is a GPU: on one switch */
  int64_t boards;
  bool pages_weights;
  const rs_price *price; /* of the chip; NULL: no table of prices */
} rs_point;

typedef enum rs_plot_kind {
  RS_PLOT_STACK, /* where a token's time goes */
  RS_PLOT_LINE,
  RS_PLOT_BAR,
  RS_PLOT_WIRINGS, /* diameter and average hops against chips, with the Moore bound */
  RS_PLOT_MAP,     /* cells at x and y, coloured by a third column; a bound of y as a line */
  RS_PLOT_PARETO,  /* points over x and y, and the front of the best of both as steps */
  RS_PLOT_KIND_COUNT
} rs_plot_kind;

typedef struct rs_plot {
  rs_plot_kind kind;
  const char *x, *y, *by; /* columns; NULL where not given */
  const char
      *bound; /* of a line plot and a map: a column that is drawn dashed beside y; NULL: none */
  const char
      *log; /* of a line or Pareto plot: "none", "x", "y", "xy"; NULL: x where that spreads its
                             values more evenly */
  const char *title;
} rs_plot;

typedef struct rs_sweep {
  rs_key key;
  const char *const *values; /* as written */
  size_t value_count;
} rs_sweep;

typedef struct rs_experiment {
  const char *file;
  const char *name;
  rs_task task;
  const rs_point *points; /* at least one */
  size_t point_count;
  const rs_sweep *sweeps; /* the first slowest */
  size_t sweep_count;
  const rs_plot *plots; /* the task's usual one when the file says nothing */
  size_t plot_count;
} rs_experiment;

/* Overrides are "path=value" of --set: as if they stood in the file, and a plain key that is set is no
 * longer swept; a value is a YAML value. RS_E_INPUT or RS_E_LIMIT with file, line and column. A
 * sharding that does not divide is an error when no point has one that does, else it is the row of
 * its point that says so. */
rs_status rs_experiment_parse(rs_arena *arena, const char *file, const char *text, size_t length,
                              const char *const *overrides, size_t override_count,
                              const rs_experiment **experiment, rs_diag *diag);
/* The same from a file; "-": stdin. */
rs_status rs_experiment_read(rs_arena *arena, const char *path, const char *const *overrides,
                             size_t override_count, const rs_experiment **experiment,
                             rs_diag *diag);

/* "key: value" lines of a point. */
void rs_point_print(const rs_point *point, rs_sink *sink);
/* What identifies its result: that text, the program's version, the model's shape, the wiring. */
uint64_t rs_point_digest(const rs_point *point);
/* The same without what is only counted on a step of decode: micro-batches, replicas, prices; and without
 * the name. */
uint64_t rs_point_digest_of_step(const rs_point *point);
bool rs_key_is_counted(rs_key key); /* micro-batches, replicas */

const char *rs_task_word(rs_task task); /* "decode" "topology" "traffic" "collective" "clock" */
bool rs_task_parse(const char *word, rs_task *task);
const char *rs_network_word(rs_network network); /* "scheduled" "adaptive" "fluid" */

const char *rs_plot_kind_word(rs_plot_kind kind); /* "stack" "line" "bar" "wirings" "map"
                                                     "pareto" */
bool rs_plot_kind_parse(const char *word, rs_plot_kind *kind);

/* The reference of all keys, as text. */
void rs_experiment_print_keys(rs_sink *sink);
const char *rs_key_path(rs_key key);

#endif

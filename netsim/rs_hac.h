/*
 * One time from many clocks: hardware aligned counters (HAC).
 *
 * Every chip has a counter that runs with its own oscillator. A spanning tree is rooted at one chip;
 * along each of its links
 *   1. the link is characterised: the parent sends its counter, the child sends it straight back, and
 *      half of the way there and back, rounded, is the link's latency as the chips know it;
 *   2. the child is set: to what the parent sent plus that latency;
 *   3. each epoch of 256 cycles the parent sends its counter again, and the child steps its own by at
 *      most one toward what arrived.
 * The parent's clock is thus handed down level by level, however far the oscillators drift, as long as
 * one step an epoch can follow: 256 · |relative offset| < 1 (rs_hac_tracking_ppb).
 *
 * A chip sees what arrives at its next tick. A message takes the cable's own time, which is not the
 * schedule's figure: rs_link_delays draws it for each cable, the same in both directions (an echo
 * cannot see a difference). Everything is in integers: ticks and global femtoseconds (rs_clock.h).
 */
#ifndef RS_HAC_H
#define RS_HAC_H

#include "rs_clock.h"
#include "rs_timing.h"

#define RS_HAC_EPOCH_CYCLES INT64_C(256)
#define RS_HAC_ECHOES 64

/* ---- cables ---- */

/* Standard deviations beyond which no cable is drawn: it would not have passed its test. */
#define RS_LINK_DELAY_SIGMAS 3

/* [link] time on the cable in fs: the class's latency and a drawn part of `sigma_millicycles`
 * standard deviation (a sum of twelve uniform numbers), cut at three. NULL: no memory. */
int64_t *rs_link_delays(rs_arena *arena, const rs_wiring *wiring, const rs_timing *timing,
                        int64_t sigma_millicycles, uint64_t seed);

/* ---- the tree ---- */

typedef struct rs_sync_tree {
  uint32_t root;
  uint32_t depth;     /* of the deepest chip */
  uint32_t *parent;   /* [chip]; RS_NONE at the root */
  uint32_t *link;     /* [chip] the link from its parent; RS_NONE at the root */
  uint32_t *depth_of; /* [chip] */
  uint32_t *order;    /* chips, parents first */
} rs_sync_tree;

/* Breadth first from the root, or depth first (the deepest tree that the search meets; for asking how
 * depth hurts). Only links with a reverse can be characterised. RS_E_INFEASIBLE: a chip that they do
 * not reach. */
rs_status rs_sync_tree_build(rs_arena *arena, const rs_wiring *wiring, uint32_t root,
                             bool is_depth_first, rs_sync_tree *tree, rs_diag *diag);

/* ---- counters ---- */

typedef struct rs_hac_piece {
  int64_t tick;   /* from this tick of its chip on … */
  int64_t offset; /* … the counter is the tick plus this */
} rs_hac_piece;

typedef struct rs_hac {
  rs_hac_piece *pieces; /* the first: when it was set */
  uint32_t count;
  int64_t link_cycles; /* latency of the link from its parent as it was characterised */
} rs_hac;

/* First tick at which the counter is at least `value`; `value` after it was set. O(log pieces). */
int64_t rs_hac_tick_of(const rs_hac *hac, int64_t value);
int64_t rs_hac_value(const rs_hac *hac, int64_t tick);

typedef struct rs_hac_config {
  int64_t begin_ticks; /* the root begins to characterise at this tick of its own */
  int64_t run_cycles;  /* exchanges go on for so long after all are set */
  bool has_exchange;   /* false: set once, then left alone */
} rs_hac_config;

typedef struct rs_hac_report {
  int64_t aligned_value;      /* an epoch edge of the root's counter by which all are set */
  int64_t aligned_fs;         /* global time of that edge at the root */
  int64_t latency_mean_milli; /* of the tree's links as characterised, 1/1000 cycle */
  int64_t latency_sd_milli;
  int64_t steps; /* ± 1, over all chips */
} rs_hac_report;

/* The offset in parts per 10^9 between a parent and a child up to which one step an epoch can follow:
 * ⌊10^9 / 256⌋. */
int64_t rs_hac_tracking_ppb(void);

/* Counters [chip] of the run; clocks and delays as drawn. RS_E_NO_MEMORY. */
rs_status rs_hac_run(rs_arena *arena, const rs_sync_tree *tree, const rs_clock *clocks,
                     const int64_t *delays_fs, const rs_wiring *wiring, const rs_hac_config *config,
                     rs_hac **counters, rs_hac_report *report, rs_diag *diag);

/* One echo after the other over a link and back; the mean way in 1/1000 cycle. */
int64_t rs_hac_characterise(const rs_clock *parent, const rs_clock *child, int64_t there_fs,
                            int64_t back_fs, int64_t begin_ticks, int64_t *end_ticks);

#endif

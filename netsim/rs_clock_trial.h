/*
 * One draw of everything that clocks leave open (oscillators, cables, phases), from bringing the chips
 * together to running a schedule on them. The same seed gives the same bits on any machine.
 *
 *   hac         counters are aligned along the tree; programs are deskewed by the stalls of the schedule,
 *               of one without any every resync_cycles
 *   bittide-p,  frequencies are controlled; when they have settled, programs begin at a common time,
 *   bittide-pi  found like a counter's, and run on with no stall and no resync
 *
 * With bittide the margin of a receive is what the elastic buffer holds in the middle, so the same
 * check says whether it runs dry (late) or over (overflow).
 */
#ifndef RS_CLOCK_TRIAL_H
#define RS_CLOCK_TRIAL_H

#include "rs_bittide.h"
#include "rs_clock_run.h"

typedef enum rs_clock_way {
  RS_CLOCK_HAC,
  RS_CLOCK_BITTIDE_P,
  RS_CLOCK_BITTIDE_PI,
  RS_CLOCK_WAY_COUNT
} rs_clock_way;

typedef struct rs_clock_trial_config {
  const rs_wiring *wiring;
  const rs_schedule *schedule; /* its timing is the run's */
  const rs_departures *departures;
  const rs_sync_tree *tree;
  rs_clock_config clock;   /* without its seed */
  rs_deskew_config deskew; /* rs_clock_trial_deskew's */
  int64_t repeat_cycles;   /* of a schedule with stalls of its own: how often it is repeated */
  rs_clock_way way;
  int64_t gain_p_atto, gain_i_atto; /* of bittide */
  int64_t period_ticks, delay_ticks;
  int64_t settle_ticks; /* the longest that bittide may take to settle */
} rs_clock_trial_config;

typedef struct rs_clock_trial {
  rs_clock_run run;
  rs_hac_report hac;
  int64_t
      converged_fs; /* chips are one from then on, at least until the run is over; −1: bittide did
                       not settle, and nothing ran */
  int64_t spread_ppb; /* largest difference of the frequencies that programs ran at */
  int64_t stall_cycles;
  int64_t correction_cycles; /* largest |HAC − SAC| */
  int64_t short_stalls;
  int64_t buffer_frames_max; /* bittide: largest excursion of a buffer until it settled */
} rs_clock_trial;

/* What rs_deskew.h asks of the wiring, tree and schedule at hand: depth, levels, latency, slot. */
void rs_clock_trial_deskew(const rs_wiring *wiring, const rs_schedule *schedule,
                           const rs_sync_tree *tree, rs_deskew_config *deskew);

/* Scratch is the arena's. RS_E_INPUT, RS_E_LIMIT and RS_E_INFEASIBLE as of rs_bittide_run. */
rs_status rs_clock_trial_run(rs_arena *arena, const rs_clock_trial_config *config, uint64_t seed,
                             rs_clock_trial *trial, rs_diag *diag);

const char *rs_clock_way_word(rs_clock_way way); /* "hac" "bittide-p" "bittide-pi" */
bool rs_clock_way_parse(const char *word, rs_clock_way *way);

#endif

/*
 * bittide: the modern way to make chips march in step. No counter is exchanged and nothing stalls:
 * every chip sends a frame a tick to each neighbour, watches how full its elastic buffers are, and
 * nudges its own frequency.
 *
 *   occupancy of the buffer at i for the link j → i, with latency l:
 *       β(t) = λ + ⌊θ_j(t − l)⌋ − ⌊θ_i(t)⌋          θ: ticks since the start
 *   frequency of i, relative to nominal, with r = Σ over links into i of (β − β at the start):
 *       ω_i = ω_i(uncontrolled) + k_p · r + k_i · ∫ r dt
 *
 * sampled every period_ticks of the chip's own, and in force delay_ticks later. With k_i = 0 the
 * frequencies meet but buffers stay off centre; the integral brings them back. Around the common
 * frequency an error decays as exp(−k_p·λ₂·t), λ₂ the second eigenvalue of the wiring's Laplacian.
 * Source of the model: Lall, Cașcaval, Izzard, Spalink, "Modeling and control of bittide
 * synchronization", 2022.
 *
 * Gains are integers of 10^-18, phases are the integers of rs_clock.h, and sampling happens at exact
 * ticks; so runs are the same bits anywhere. The clocks that come out are rs_clocks with a piece a
 * sample, on which a schedule runs like on any others.
 */
#ifndef RS_BITTIDE_H
#define RS_BITTIDE_H

#include "rs_clock.h"
#include "rs_timing.h"

#define RS_BITTIDE_SAMPLES_MAX INT64_C(20000000) /* over all chips: a piece of 32 B each */

typedef struct rs_bittide_config {
  const rs_wiring *wiring;
  const int64_t *delays_fs;  /* [link] */
  const int64_t *offset_ppb; /* [chip] of its uncontrolled oscillator */
  int64_t clock_hz;
  int64_t gain_p_atto; /* k_p, a frame; 10^-18 */
  int64_t gain_i_atto; /* k_i, a frame and tick; 10^-18 */
  int64_t period_ticks;
  int64_t delay_ticks; /* below period_ticks */
  int64_t end_ticks;   /* of the nominal clock */
  int64_t settled_ppb; /* frequencies so near each other count as settled */
  int64_t hold_ticks;  /* so long settled, the run ends early (with an integral, frequencies may
                          cross and part again later); 0: it never does */
} rs_bittide_config;

typedef struct rs_bittide_report {
  int64_t settled_fs; /* from then on to the end frequencies stay within settled_ppb; −1: never */
  int64_t spread_ppb; /* between the fastest and the slowest at the end */
  int64_t frames_max; /* largest |β − β at the start| that was sampled */
  int64_t frames_end_max; /* and of each chip's last sample */
  double deviation;       /* ∫ Σ (ω − 1)² dt, in ticks: the figure of the literature */
} rs_bittide_report;

/* Oscillators of [chip], offset as given, tick 0 at global 0. RS_E_INPUT: gains that are negative or so
 * large that a sample overshoots, a delay as long as the period; RS_E_LIMIT: more samples than
 * RS_BITTIDE_SAMPLES_MAX; RS_E_INFEASIBLE: a frequency would have to change by more than a tenth; RS_E_NO_MEMORY. */
rs_status rs_bittide_run(rs_arena *arena, const rs_bittide_config *config, rs_clock **clocks,
                         rs_bittide_report *report, rs_diag *diag);

#endif

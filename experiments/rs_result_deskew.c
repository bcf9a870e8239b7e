/* Stalls for a compiled schedule: how long they must be, where they stand, and the proof with them. */
#include "rs__result.h"
#include "rs_clock_trial.h"
#include "rs_deskew_stalls.h"

/* What the worst correction asks for when oscillators are off by up to offset_ppb. */
static rs_status find_need(rs_arena *arena, const rs__stalled *d, const rs_schedule *schedule,
                           const rs_wiring *wiring, rs_deskew_need *need, rs_diag *diag) {
  rs_sync_tree tree;
  rs_status status = rs_sync_tree_build(arena, wiring, d->root, false, &tree, diag);
  if (status != RS_OK) return status;
  rs_deskew_config config = {.offset_ppb = d->offset_ppb,
                             .resync_cycles = d->interval_cycles,
                             .margin_cycles = d->margin_cycles,
                             .sigma_millicycles = d->link_spread_milli};
  rs_clock_trial_deskew(wiring, schedule, &tree, &config);
  status = rs_deskew_config_check(&config, diag);
  *need = rs_deskew_find_need(&config);
  return status;
}

rs_status rs__result_add_stalls(rs_arena *arena, rs__stalled *d, rs_schedule *schedule,
                                const rs_wiring *wiring, rs_proof *proof, rs_diag *diag) {
  rs_deskew_need need;
  rs_status status = find_need(arena, d, schedule, wiring, &need, diag);
  if (status != RS_OK) return status;
  const rs_deskew_insert_config config = {.interval_cycles = d->interval_cycles,
                                          .stall_cycles = need.stall_cycles,
                                          .margin_cycles = d->margin_cycles,
                                          .end_cycles = proof->play.makespan_cycles};
  d->need_cycles = need.margin_cycles;
  status = rs_deskew_insert(schedule, &config, diag);
  return status == RS_OK ? rs__proof_run(schedule, wiring, proof, diag) : status;
}

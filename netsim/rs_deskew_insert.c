/* Where stalls stand, and what they make of a period. */
#include "rs_deskew_insert.h"

static rs_status check(const rs_schedule *s, const rs_deskew_insert_config *c, rs_diag *diag) {
  if (s->stall_count > 0) {
    return rs_diag_set(diag, RS_E_INFEASIBLE, "the schedule has stalls already");
  }
  if (c->interval_cycles == 0 || c->stall_cycles < c->interval_cycles) return RS_OK;
  rs_diag_set(diag, RS_E_INPUT, "a stall of %lld cycles every %lld cycles leaves no time to work",
              (long long)c->stall_cycles, (long long)c->interval_cycles);
  rs_diag_expect(diag, "a longer interval");
  return RS_E_INPUT;
}

rs_status rs_deskew_insert(rs_schedule *s, const rs_deskew_insert_config *c, rs_diag *diag) {
  rs_status status = check(s, c, diag);
  if (status != RS_OK) return status;
  rs_stall stall = {.cycles = RS_HAC_EPOCH_CYCLES, .kind = RS_DESKEW};
  bool added = rs_schedule_add_stall(s, &stall) != NULL;
  stall = (rs_stall){.cycles = c->stall_cycles, .kind = RS_RUNTIME_DESKEW};
  for (int64_t at = c->interval_cycles; at > 0 && at < c->end_cycles && added;
       at += c->interval_cycles) {
    stall.at_cycles = at;
    added = rs_schedule_add_stall(s, &stall) != NULL;
  }
  if (!added) {
    s->stall_count = 0;
    return rs_arena_failed(s->arena, diag);
  }
  s->deskew_interval_cycles = c->interval_cycles;
  s->deskew_margin_cycles = c->margin_cycles;
  return RS_OK;
}

int64_t rs_deskew_period(const rs_schedule *s, int64_t period_cycles, int64_t least_cycles,
                         int64_t *deskew_cycles) {
  int64_t busy = period_cycles;
  for (uint64_t i = 1; i < s->stall_count; i++) busy += s->stalls[i].cycles;
  int64_t whole = rs_ceil_div_i64(busy + least_cycles, RS_HAC_EPOCH_CYCLES) * RS_HAC_EPOCH_CYCLES;
  *deskew_cycles = whole - busy;
  return whole;
}

int64_t rs_deskew_longest(const rs_schedule *s, int64_t period_cycles) {
  int64_t longest = 0;
  for (uint64_t i = 0; i < s->stall_count; i++) {
    int64_t next = i + 1 < s->stall_count ? s->stalls[i + 1].at_cycles : period_cycles;
    longest = RS_MAX(longest, next - s->stalls[i].at_cycles);
  }
  return longest;
}

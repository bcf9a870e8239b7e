/* Where stalls stand, and what they make of a period. */
#include "rs_deskew_stalls.h"

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

void rs_deskew_own(const rs_schedule *s, int64_t period_cycles, rs_deskew_config *deskew) {
  int64_t ignored;
  deskew->resync_cycles = rs_deskew_longest(s, period_cycles);
  deskew->stall_cycles = 0;
  int64_t needed = rs_deskew_find_need(deskew).stall_cycles;
  int64_t shortest = INT64_MAX, longest = 0;
  for (uint64_t i = 1; i < s->stall_count; i++) {
    shortest = RS_MIN(shortest, s->stalls[i].cycles);
    longest = RS_MAX(longest, s->stalls[i].cycles);
  }
  rs_deskew_period(s, period_cycles, needed, &ignored);
  deskew->stall_cycles = shortest < INT64_MAX ? shortest : needed;
  deskew->longest_stall_cycles = longest;
}

/* ---- a chip's program ---- */

/* The stall before `cycle`. Without drift it takes nominal_cycles, and the counter is at `value` then. */
static void add_stall(rs_program *p, const rs_hac *hac, int64_t cycle, int64_t value,
                      int64_t nominal_cycles) {
  const rs_program_piece *last = &p->pieces[p->count - 1];
  int64_t tick = last->tick + (cycle - last->cycle);
  int64_t ahead = value - nominal_cycles - rs_hac_value(hac, tick);
  int64_t stall = nominal_cycles + ahead;
  if (stall < 0) {
    p->short_stalls++;
    stall = 0;
  }
  p->correction_cycles = RS_MAX(p->correction_cycles, ahead < 0 ? -ahead : ahead);
  p->pieces[p->count++] = (rs_program_piece){cycle, tick + stall};
}

rs_status rs_program_repeat(rs_arena *arena, const rs_clock *clock, const rs_hac *hac,
                            int64_t begin, int64_t end, const rs_schedule *s, int64_t period_cycles,
                            int64_t whole_cycles, rs_program *program, rs_diag *diag) {
  int64_t repeats = end / period_cycles + 1;
  int64_t busy = period_cycles;
  assert(s->stall_count > 0);
  for (uint64_t i = 1; i < s->stall_count; i++) busy += s->stalls[i].cycles;
  *program = (rs_program){.clock = clock};
  program->pieces = RS_ARENA_NEW(arena, rs_program_piece, (size_t)repeats * s->stall_count);
  if (program->pieces == NULL) return rs_arena_failed(arena, diag);
  program->pieces[program->count++] = (rs_program_piece){0, rs_hac_tick_of(hac, begin)};
  for (int64_t r = 0; r < repeats; r++) {
    int64_t value = begin + r * whole_cycles;
    if (r > 0) add_stall(program, hac, r * period_cycles, value, whole_cycles - busy);
    for (uint64_t i = 1; i < s->stall_count && s->stalls[i].at_cycles < period_cycles; i++) {
      const rs_stall *stall = &s->stalls[i];
      value += s->stalls[i].at_cycles - s->stalls[i - 1].at_cycles + stall->cycles;
      add_stall(program, hac, r * period_cycles + stall->at_cycles, value, stall->cycles);
    }
  }
  return RS_OK;
}

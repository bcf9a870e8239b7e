/* What margin drifting clocks need, and the map from a schedule's cycles to a chip's ticks. */
#include "rs_deskew.h"

#define MILLI INT64_C(1000)
#define BILLION INT64_C(1000000000)

/* ---- need ---- */

/* ⌈2·offset·cycles / (1 − offset)⌉ in 1/1000 cycle: how far two chips part, the one fast, the other
 * slow, by the clock of the slow one. */
static int64_t part_milli(int64_t offset_ppb, int64_t cycles) {
  rs_int128 apart = (rs_int128)2 * offset_ppb * cycles * MILLI;
  rs_int128 least = BILLION - offset_ppb;
  return (int64_t)((apart + least - 1) / least);
}

/* The drift of an epoch, and of a way there and back. */
int64_t rs_deskew_level_error_milli(int64_t offset_ppb, int64_t latency_cycles) {
  return 1500 + part_milli(offset_ppb, RS_HAC_EPOCH_CYCLES + 2 * latency_cycles);
}

static int64_t ceil_milli(int64_t milli) {
  return rs_ceil_div_i64(milli, MILLI);
}

rs_deskew_need rs_deskew_find_need(const rs_deskew_config *c) {
  int64_t level_error = rs_deskew_level_error_milli(c->offset_ppb, c->latency_cycles);
  int64_t span = c->resync_cycles > 0 ? c->resync_cycles : c->run_cycles;
  rs_deskew_need need = {.cable_milli = RS_LINK_DELAY_SIGMAS * c->sigma_millicycles,
                         .alignment_milli = c->levels * level_error,
                         .stall_cycles = c->stall_cycles};
  /* A chip against its own counter, which follows the root's: errors of all levels, twice. */
  int64_t correction = part_milli(c->offset_ppb, span) + 2 * c->depth * level_error;
  if (c->resync_cycles == 0) need.stall_cycles = 0;
  if (c->resync_cycles > 0 && c->stall_cycles == 0) {
    need.stall_cycles = ceil_milli(correction) + 1;
  }
  int64_t stalled = RS_MAX(need.stall_cycles, c->longest_stall_cycles);
  int64_t hop = c->latency_cycles + c->margin_cycles + stalled;
  need.drift_milli = part_milli(c->offset_ppb, span + hop);
  int64_t parts = need.cable_milli + need.alignment_milli + need.drift_milli;
  need.margin_cycles = ceil_milli(parts);
  /* The same parts can also make a vector early, and its receiver may be in a stall. */
  int64_t wait = c->margin_cycles + need.margin_cycles + stalled + 1;
  if (c->resync_cycles > 0) wait += ceil_milli(correction);
  need.fifo_vectors = rs_mul_ceil_div_i64(wait, c->slot_den, c->slot_num);
  return need;
}

bool rs_deskew_is_safe(const rs_deskew_config *c) {
  rs_deskew_need need = rs_deskew_find_need(c);
  rs_deskew_config wanted = *c;
  wanted.stall_cycles = 0;
  bool is_stalled = need.stall_cycles >= rs_deskew_find_need(&wanted).stall_cycles;
  bool is_followed = part_milli(c->offset_ppb, RS_HAC_EPOCH_CYCLES) < MILLI;
  return is_stalled && (is_followed || c->resync_cycles == 0) &&
         need.margin_cycles <= c->margin_cycles && need.fifo_vectors <= c->fifo_vectors;
}

int64_t rs_deskew_safe_ppb(const rs_deskew_config *config) {
  rs_deskew_config tried = *config;
  int64_t low = -1, high = RS_CLOCK_OFFSET_PPB_MAX;
  while (low < high) {
    int64_t middle = low + (high - low + 1) / 2;
    tried.offset_ppb = middle;
    if (rs_deskew_is_safe(&tried)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

rs_status rs_deskew_check_tracking(const rs_deskew_config *c, rs_diag *diag) {
  if (part_milli(c->offset_ppb, RS_HAC_EPOCH_CYCLES) >= MILLI) {
    int64_t most = rs_hac_tracking_ppb() / 2;
    rs_diag_set(diag, RS_E_INPUT,
                "offsets of %lld.%03lld ppm drift faster than one step an epoch of %lld cycles can "
                "follow",
                (long long)(c->offset_ppb / 1000), (long long)(c->offset_ppb % 1000),
                (long long)RS_HAC_EPOCH_CYCLES);
    rs_diag_expect(diag, "offsets below %lld.%03lld ppm, half of 1/%lld", (long long)(most / 1000),
                   (long long)(most % 1000), (long long)RS_HAC_EPOCH_CYCLES);
    return RS_E_INPUT;
  }
  return RS_OK;
}

rs_status rs_deskew_config_check(const rs_deskew_config *c, rs_diag *diag) {
  rs_status status = rs_deskew_check_tracking(c, diag);
  if (status != RS_OK) return status;
  int64_t stall = rs_deskew_find_need(c).stall_cycles;
  if (c->resync_cycles > 0 && stall >= c->resync_cycles) {
    rs_diag_set(diag, RS_E_INPUT, "a stall of %lld cycles every %lld cycles leaves no time to work",
                (long long)stall, (long long)c->resync_cycles);
    rs_diag_expect(diag, "a longer interval");
    return RS_E_INPUT;
  }
  return RS_OK;
}

/* ---- a chip's program ---- */

/* HAC and SAC are compared where RUNTIME_DESKEW begins. */
static void add_resync(rs_program *p, const rs_hac *hac, int64_t cycle, int64_t sac,
                       int64_t stall_cycles) {
  const rs_program_piece *last = &p->pieces[p->count - 1];
  int64_t tick = last->tick + (cycle - last->cycle);
  int64_t ahead = sac - rs_hac_value(hac, tick);
  int64_t stall = stall_cycles + ahead;
  if (stall < 0) {
    p->short_stalls++;
    stall = 0;
  }
  p->correction_cycles = RS_MAX(p->correction_cycles, ahead < 0 ? -ahead : ahead);
  p->pieces[p->count++] = (rs_program_piece){cycle, tick + stall};
}

rs_status rs_program_build(rs_arena *arena, const rs_clock *clock, const rs_hac *hac, int64_t begin,
                           int64_t end, int64_t resync_cycles, int64_t stall_cycles,
                           rs_program *program, rs_diag *diag) {
  int64_t resyncs = resync_cycles > 0 ? end / resync_cycles : 0;
  *program = (rs_program){.clock = clock};
  program->pieces = RS_ARENA_NEW(arena, rs_program_piece, (size_t)resyncs + 1);
  if (program->pieces == NULL) return rs_arena_failed(arena, diag);
  program->pieces[program->count++] = (rs_program_piece){0, rs_hac_tick_of(hac, begin)};
  for (int64_t k = 1; k <= resyncs; k++) {
    int64_t cycle = k * resync_cycles;
    add_resync(program, hac, cycle, begin + cycle + (k - 1) * stall_cycles, stall_cycles);
  }
  return RS_OK;
}

static uint32_t piece_of_cycle(const rs_program *p, int64_t cycle) {
  uint32_t low = 0, high = p->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (p->pieces[middle].cycle <= cycle) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

int64_t rs_program_tick(const rs_program *program, int64_t cycle) {
  const rs_program_piece *piece = &program->pieces[piece_of_cycle(program, cycle)];
  return piece->tick + (cycle - piece->cycle);
}

rs_int128 rs_program_time_fs(const rs_program *program, int64_t cycle) {
  return rs_clock_time_fs(program->clock, rs_program_tick(program, cycle));
}

/* In a stall the last cycle is the one before it. */
int64_t rs_program_cycle_before(const rs_program *program, rs_int128 time_fs) {
  int64_t tick = rs_clock_tick_before(program->clock, time_fs);
  uint32_t low = 0, high = program->count - 1;
  while (low < high) {
    uint32_t middle = low + (high - low + 1) / 2;
    if (program->pieces[middle].tick <= tick) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const rs_program_piece *piece = &program->pieces[low];
  int64_t cycle = piece->cycle + (tick - piece->tick);
  return low + 1 < program->count ? RS_MIN(cycle, piece[1].cycle - 1) : cycle;
}

int64_t rs_program_next_change(const rs_program *program, int64_t cycle) {
  uint32_t index = piece_of_cycle(program, cycle);
  const rs_program_piece *piece = &program->pieces[index];
  int64_t next = index + 1 < program->count ? piece[1].cycle : INT64_MAX;
  int64_t tick = piece->tick + (cycle - piece->cycle);
  uint32_t clock_piece = rs_clock_piece_of_tick(program->clock, tick);
  if (clock_piece + 1 == program->clock->count) return next;
  int64_t change = cycle + (program->clock->pieces[clock_piece + 1].tick - tick);
  return RS_MIN(next, change);
}

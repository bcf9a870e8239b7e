/*
 * From records to rows: every record is put on its track, and a track's records go into lanes by
 * first fit in the order of their starts. That needs no more lanes than records overlap at once: a
 * record opens a lane only when every lane is held at its start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__timeline.h"

/* Time from the first vector's departure until the link is free again. */
static int64_t burst_end(const rs_timing *timing, const rs_burst *burst) {
  return burst->start_cycles + rs_timing_slots(timing, (burst->count - 1) * burst->stride + 1);
}

static int compare_u64(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

static int compare_slices(const void *left, const void *right) {
  const rs__slice *a = left;
  const rs__slice *b = right;
  if (a->chip != b->chip) return compare_u64(a->chip, b->chip);
  if (a->track != b->track) return compare_u64(a->track, b->track);
  if (a->lane != b->lane) return compare_u64(a->lane, b->lane);
  if (a->start_cycles != b->start_cycles) return a->start_cycles < b->start_cycles ? -1 : 1;
  return compare_u64(a->record, b->record);
}

/* [chip] whether it has tracks. */
static rs_status choose_chips(rs_arena *scratch, const rs_wiring *wiring,
                              const rs_trace_options *options, bool **chosen, rs_diag *diag) {
  *chosen = RS_ARENA_NEW(scratch, bool, wiring->chip_count);
  if (*chosen == NULL) return rs_arena_failed(scratch, diag);
  if (options == NULL || options->chips == NULL) {
    memset(*chosen, 1, wiring->chip_count * sizeof **chosen);
    return RS_OK;
  }
  for (size_t i = 0; i < options->chip_count; i++) {
    if (options->chips[i] >= wiring->chip_count) {
      rs_diag_set(diag, RS_E_INPUT, "there is no chip %u", options->chips[i]);
      rs_diag_expect(diag, "chips from 0 to %u", wiring->chip_count - 1);
      return RS_E_INPUT;
    }
    (*chosen)[options->chips[i]] = true;
  }
  return RS_OK;
}

static bool is_looked_at(const rs_trace_options *options, int64_t start, int64_t end) {
  if (options == NULL) return true;
  return end > options->from_cycles &&
         (options->until_cycles == 0 || start < options->until_cycles);
}

/* Records of the chosen chips; the same walk counts them first (slices NULL). */
static size_t collect(const rs_schedule *schedule, const rs_wiring *wiring,
                      const rs_trace_options *options, const bool *chosen, rs__slice *slices) {
  size_t count = 0;
  for (uint64_t i = 0; i < schedule->compute_count; i++) {
    const rs_compute *c = &schedule->computes[i];
    int64_t start = rs_schedule_wall(schedule, c->start_cycles);
    int64_t end = RS_MAX(start, rs_schedule_wall_end(schedule, c->start_cycles + c->cycles));
    if (!chosen[c->chip] || !is_looked_at(options, start, end)) continue;
    if (slices != NULL) {
      slices[count] = (rs__slice){
          .start_cycles = start, .end_cycles = end, .record = i, .chip = c->chip, .track = c->unit};
    }
    count++;
  }
  for (uint64_t i = 0; i < schedule->burst_count; i++) {
    const rs_burst *b = &schedule->bursts[i];
    if (rs_schedule_rides(schedule, i)) continue; /* the link shows it once */
    uint32_t chip = wiring->links[b->link].from;
    int64_t start = rs_schedule_wall(schedule, b->start_cycles);
    int64_t end = rs_schedule_wall_end(schedule, burst_end(&schedule->timing, b));
    if (!chosen[chip] || !is_looked_at(options, start, end)) continue;
    if (slices != NULL) {
      slices[count] = (rs__slice){.start_cycles = start,
                                  .end_cycles = end,
                                  .record = i,
                                  .chip = chip,
                                  .track = RS__TRACK_LINKS + b->link - wiring->out_first[chip]};
    }
    count++;
  }
  for (uint64_t i = 0; i < schedule->stall_count; i++) {
    const rs_stall *stall = &schedule->stalls[i];
    int64_t end = rs_schedule_wall(schedule, stall->at_cycles);
    if (!is_looked_at(options, end - stall->cycles, end)) continue;
    for (uint32_t chip = 0; chip < wiring->chip_count; chip++) {
      if (!chosen[chip]) continue;
      if (slices != NULL) {
        slices[count] = (rs__slice){.start_cycles = end - stall->cycles,
                                    .end_cycles = end,
                                    .record = i,
                                    .chip = chip,
                                    .track = RS__TRACK_STALLS};
      }
      count++;
    }
  }
  return count;
}

/* Gives one track's slices, sorted by start, their lanes. ends: room for `count` times. Bursts of a
 * bare link end a fraction of a cycle before the next starts, so that ends may exceed starts by one
 * cycle of rounding: that is no overlap. */
static void assign_lanes(rs__slice *slices, size_t count, int64_t *ends) {
  size_t lanes = 0;
  for (size_t i = 0; i < count; i++) {
    size_t lane = 0;
    while (lane < lanes && ends[lane] > slices[i].start_cycles + 1) lane++;
    if (lane == lanes) lanes++;
    slices[i].lane = (uint32_t)lane;
    ends[lane] = slices[i].end_cycles;
  }
}

static bool same_track(const rs__slice *a, const rs__slice *b) {
  return a->chip == b->chip && a->track == b->track;
}

static void arrange(rs__timeline *t, int64_t *ends) {
  qsort(t->slices, t->slice_count, sizeof *t->slices, compare_slices);
  for (size_t first = 0, last; first < t->slice_count; first = last) {
    for (last = first + 1; last < t->slice_count; last++) {
      if (!same_track(&t->slices[first], &t->slices[last])) break;
    }
    assign_lanes(&t->slices[first], last - first, ends);
  }
  qsort(t->slices, t->slice_count, sizeof *t->slices, compare_slices);
  for (size_t i = 0; i < t->slice_count; i++) {
    bool fresh = i == 0 || !rs__slice_same_row(&t->slices[i - 1], &t->slices[i]);
    if (fresh) t->row_count++;
  }
}

int64_t rs__timeline_arrival(const rs_schedule *schedule, const rs_wiring *wiring,
                             const rs__slice *slice) {
  const rs_burst *b = &schedule->bursts[slice->record];
  const rs_link *link = &wiring->links[b->link];
  return rs_schedule_wall(schedule, rs_burst_arrival(&schedule->timing, link, b, b->count - 1));
}

static int64_t find_end(const rs_schedule *schedule, const rs_wiring *wiring,
                        const rs__timeline *t) {
  int64_t end = 0;
  for (size_t i = 0; i < t->slice_count; i++) {
    const rs__slice *slice = &t->slices[i];
    end = RS_MAX(end, slice->end_cycles);
    if (rs__slice_is_burst(slice)) end = RS_MAX(end, rs__timeline_arrival(schedule, wiring, slice));
  }
  return end;
}

rs_status rs__timeline_build(rs_arena *scratch, const rs_schedule *schedule,
                             const rs_wiring *wiring, const rs_trace_options *options,
                             rs__timeline *timeline, rs_diag *diag) {
  bool *chosen;
  rs_status status = choose_chips(scratch, wiring, options, &chosen, diag);
  if (status != RS_OK) return status;
  *timeline = (rs__timeline){.slice_count = collect(schedule, wiring, options, chosen, NULL)};
  timeline->slices = RS_ARENA_NEW(scratch, rs__slice, timeline->slice_count);
  int64_t *ends = RS_ARENA_NEW(scratch, int64_t, timeline->slice_count);
  if (timeline->slices == NULL || ends == NULL) return rs_arena_failed(scratch, diag);
  collect(schedule, wiring, options, chosen, timeline->slices);
  arrange(timeline, ends);
  timeline->end_cycles = find_end(schedule, wiring, timeline);
  if (options == NULL) return RS_OK;
  timeline->from_cycles = options->from_cycles;
  if (options->until_cycles > 0) timeline->end_cycles = options->until_cycles;
  return RS_OK;
}

uint32_t rs__timeline_link(const rs_wiring *wiring, const rs__slice *slice) {
  if (!rs__slice_is_burst(slice)) return RS_NONE;
  return wiring->out_first[slice->chip] + slice->track - RS__TRACK_LINKS;
}

void rs__timeline_row_name(const rs_wiring *wiring, const rs__slice *slice, char *text,
                           size_t size) {
  uint32_t link = rs__timeline_link(wiring, slice);
  if (slice->track == RS__TRACK_STALLS) {
    snprintf(text, size, "stall");
  } else if (link == RS_NONE) {
    snprintf(text, size, "%s", rs_unit_word((rs_unit)slice->track));
  } else {
    rs_wiring_link_name(wiring, link, text, size);
  }
}

const char *rs__timeline_slice_name(const rs_schedule *schedule, const rs__slice *slice) {
  if (slice->track < RS_UNIT_COUNT) {
    return schedule->labels[schedule->computes[slice->record].label];
  }
  if (slice->track == RS__TRACK_STALLS) {
    return rs_stall_kind_word((rs_stall_kind)schedule->stalls[slice->record].kind);
  }
  const rs_op *op = &schedule->ops[schedule->bursts[slice->record].op];
  return op->label[0] != '\0' ? op->label : rs_collective_kind_word(op->kind);
}

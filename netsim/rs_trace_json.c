/* The Trace Event Format: names of processes and threads first, then one event a line. */
#include <stdio.h>

#include "rs__timeline.h"

typedef struct writing {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_json json;
} writing;

/* Cycles of the clock as microseconds with whole picoseconds: below 2^53 picoseconds (150 minutes)
 * the double that is printed reads back exactly. */
static double microseconds(const writing *w, int64_t cycles) {
  rs_int128 ps = (rs_int128)cycles * 1000000000000 / w->schedule->timing.clock_hz;
  return (double)(int64_t)RS_MIN(ps, (rs_int128)INT64_MAX) / 1e6;
}

static void put_number(rs_json *json, const char *key, int64_t value) {
  rs_json_key(json, key);
  rs_json_i64(json, value);
}

static void put_text(rs_json *json, const char *key, const char *value) {
  rs_json_key(json, key);
  rs_json_string(json, value);
}

/* "metadata": a process's or a thread's name; tid 0 stands for the process. */
static void put_name(writing *w, const char *what, uint32_t chip, size_t tid, const char *name) {
  rs_json_newline(&w->json);
  rs_json_begin_object(&w->json);
  put_text(&w->json, "ph", "M");
  put_text(&w->json, "name", what);
  put_number(&w->json, "pid", chip);
  put_number(&w->json, "tid", (int64_t)tid);
  rs_json_key(&w->json, "args");
  rs_json_begin_object(&w->json);
  put_text(&w->json, "name", name);
  rs_json_end_object(&w->json);
  rs_json_end_object(&w->json);
}

static void put_chip_name(writing *w, uint32_t chip) {
  char text[96];
  const rs_wiring *wiring = w->wiring;
  int used = snprintf(text, sizeof text, "chip %u", chip);
  if (wiring->node_of != NULL && wiring->rack_of != NULL) {
    snprintf(text + used, sizeof text - (size_t)used, " (node %u, rack %u)", wiring->node_of[chip],
             wiring->rack_of[chip]);
  } else if (wiring->node_of != NULL) {
    snprintf(text + used, sizeof text - (size_t)used, " (node %u)", wiring->node_of[chip]);
  }
  put_name(w, "process_name", chip, 0, text);
}

static void put_memory(rs_json *json, const char *key, uint8_t buffer, int64_t offset) {
  char text[48];
  snprintf(text, sizeof text, "%s+%lld", rs_buffer_word((rs_buffer)buffer), (long long)offset);
  put_text(json, key, text);
}

/* The further places of a transmission: target_2, action_2, … */
static void put_riders(writing *w, uint64_t record) {
  const rs_schedule *s = w->schedule;
  for (int place = 2; ++record < s->burst_count && rs_schedule_rides(s, record); place++) {
    const rs_burst *burst = &s->bursts[record];
    char key[24];
    snprintf(key, sizeof key, "target_%d", place);
    put_memory(&w->json, key, burst->target, burst->target_offset);
    snprintf(key, sizeof key, "action_%d", place);
    put_text(&w->json, key, rs_action_word((rs_action)burst->action));
  }
}

static void put_burst_arguments(writing *w, const rs__slice *slice) {
  const rs_burst *burst = &w->schedule->bursts[slice->record];
  put_number(&w->json, "to_chip", w->wiring->links[burst->link].to);
  put_number(&w->json, "vectors", burst->count);
  if (burst->stride != 1) put_number(&w->json, "stride_slots", burst->stride);
  put_memory(&w->json, "source", burst->source, burst->source_offset);
  put_memory(&w->json, "target", burst->target, burst->target_offset);
  put_text(&w->json, "action", rs_action_word((rs_action)burst->action));
  put_riders(w, slice->record);
  put_number(&w->json, "arrival_cycles", rs__timeline_arrival(w->schedule, w->wiring, slice));
}

static void put_slice(writing *w, const rs__slice *slice, size_t tid) {
  rs_json *json = &w->json;
  bool is_burst = rs__slice_is_burst(slice);
  bool is_stall = slice->track == RS__TRACK_STALLS;
  double start = microseconds(w, slice->start_cycles);
  rs_json_newline(json);
  rs_json_begin_object(json);
  put_text(json, "ph", "X");
  put_text(json, "name", rs__timeline_slice_name(w->schedule, slice));
  put_text(json, "cat", is_burst ? "transfer" : is_stall ? "stall" : "compute");
  put_number(json, "pid", slice->chip);
  put_number(json, "tid", (int64_t)tid);
  rs_json_key(json, "ts");
  rs_json_double(json, start);
  rs_json_key(json, "dur");
  rs_json_double(json, microseconds(w, slice->end_cycles - slice->start_cycles));
  rs_json_key(json, "args");
  rs_json_begin_object(json);
  put_number(json, "start_cycles", slice->start_cycles);
  if (is_burst) put_burst_arguments(w, slice);
  rs_json_end_object(json);
  rs_json_end_object(json);
}

static void put_events(writing *w, const rs__timeline *t) {
  size_t tid = 0;
  char name[64];
  rs_json_key(&w->json, "traceEvents");
  rs_json_begin_array(&w->json);
  for (size_t i = 0; i < t->slice_count; i++) {
    const rs__slice *slice = &t->slices[i];
    bool new_chip = i == 0 || t->slices[i - 1].chip != slice->chip;
    if (new_chip) {
      tid = 0;
      put_chip_name(w, slice->chip);
    }
    if (new_chip || !rs__slice_same_row(&t->slices[i - 1], slice)) {
      tid++;
      rs__timeline_row_name(w->wiring, slice, name, sizeof name);
      put_name(w, "thread_name", slice->chip, tid, name);
    }
    put_slice(w, slice, tid);
  }
  rs_json_newline(&w->json);
  rs_json_end_array(&w->json);
}

static void put_source(writing *w) {
  rs_json_key(&w->json, "otherData");
  rs_json_begin_object(&w->json);
  put_text(&w->json, "topology", w->schedule->topology);
  put_text(&w->json, "timing", w->schedule->timing.name);
  put_number(&w->json, "clock_hz", w->schedule->timing.clock_hz);
  rs_json_end_object(&w->json);
}

rs_status rs_trace_print_json(rs_arena *scratch, const rs_schedule *schedule,
                              const rs_wiring *wiring, const rs_trace_options *options,
                              rs_sink *sink, rs_diag *diag) {
  rs__timeline timeline;
  writing w = {.schedule = schedule, .wiring = wiring};
  rs_status status = rs__timeline_build(scratch, schedule, wiring, options, &timeline, diag);
  if (status != RS_OK) return status;
  rs_json_init(&w.json, sink);
  rs_json_begin_object(&w.json);
  put_text(&w.json, "displayTimeUnit", "ns");
  put_source(&w);
  put_events(&w, &timeline);
  rs_json_end_object(&w.json);
  rs_sink_put(sink, "\n");
  return sink->failed ? rs_diag_set(diag, RS_E_SYSTEM, "the timeline was not written") : RS_OK;
}

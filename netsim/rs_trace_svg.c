/*
 * The picture of a timeline. Rows have one height, chips are apart by a band with their name, the
 * axis has round steps. Colours tell what a record does, not which operation it belongs to: that is
 * in the tooltip.
 */
#include <stdio.h>
#include <string.h>

#include "rs__timeline.h"

#define WIDTH 1200
#define LEFT 96
#define RIGHT 24
#define TOP 64
#define BOTTOM 48
#define CHIP_GAP 18
#define MICROSECONDS_FROM_PS 10000000 /* 10 µs: below it the axis is in nanoseconds */
#define FONT "font-family=\"DejaVu Sans, sans-serif\""

typedef struct drawing {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  const rs__timeline *timeline;
  int row_height;
  int height; /* of the rows and gaps */
  rs_sink *sink;
} drawing;

typedef struct colour {
  const char *word;
  const char *code;
} colour;

static const colour action_colours[] = {
    [RS_ACTION_KEEP] = {"keep", "#1f77b4"},
    [RS_ACTION_ADD] = {"add", "#d9730d"},
    [RS_ACTION_FORWARD] = {"forward", "#5a9e4b"},
};
static const colour unit_colours[] = {
    [RS_UNIT_MATRIX] = {"matrix", "#7a52a5"},
    [RS_UNIT_VECTOR] = {"vector", "#b8860b"},
    [RS_UNIT_HOST] = {"host", "#777777"},
};

static const colour stall_colour = {"stall", "#c0392b"};

static const colour *colour_of(const drawing *d, const rs__slice *slice) {
  if (slice->track < RS_UNIT_COUNT) return &unit_colours[slice->track];
  if (slice->track == RS__TRACK_STALLS) return &stall_colour;
  return &action_colours[d->schedule->bursts[slice->record].action];
}

static double x_of(const drawing *d, int64_t cycles) {
  const rs__timeline *t = d->timeline;
  int64_t inside = RS_MIN(RS_MAX(cycles, t->from_cycles), t->end_cycles);
  double span = (double)RS_MAX(t->end_cycles - t->from_cycles, 1);
  return LEFT + (double)(inside - t->from_cycles) / span * (WIDTH - LEFT - RIGHT);
}

static void put_rectangle(const drawing *d, int y, int64_t from, int64_t to,
                          const char *colour_code, const char *more) {
  double left = x_of(d, from);
  double width = RS_MAX(x_of(d, to) - left, 0.4);
  rs_sink_printf(d->sink, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\"%s",
                 left, y, width, d->row_height - 2, colour_code, more);
}

static void put_slice(const drawing *d, const rs__slice *slice, int y) {
  const colour *c = colour_of(d, slice);
  put_rectangle(d, y, slice->start_cycles, slice->end_cycles, c->code, "><title>");
  rs_sink_put_escaped(d->sink, rs__timeline_slice_name(d->schedule, slice));
  rs_sink_printf(d->sink, ", %s, cycles %lld to %lld", c->word, (long long)slice->start_cycles,
                 (long long)slice->end_cycles);
  if (rs__slice_is_burst(slice)) {
    const rs_burst *b = &d->schedule->bursts[slice->record];
    rs_sink_printf(d->sink, ", %lld vectors", (long long)b->count);
  }
  rs_sink_put(d->sink, "</title></rect>\n");
}

/* From the last departure to the last arrival: the cable's latency made visible. */
static void put_flight(const drawing *d, const rs__slice *slice, int y) {
  if (!rs__slice_is_burst(slice)) return;
  int64_t arrival = rs__timeline_arrival(d->schedule, d->wiring, slice);
  if (arrival <= slice->end_cycles) return;
  put_rectangle(d, y, slice->end_cycles, arrival, colour_of(d, slice)->code,
                " fill-opacity=\"0.22\"/>\n");
}

static void put_label(const drawing *d, double x, double y, int size, const char *anchor,
                      const char *text) {
  rs_sink_printf(d->sink,
                 "<text x=\"%.1f\" y=\"%.1f\" " FONT " font-size=\"%d\" text-anchor=\"%s\">", x, y,
                 size, anchor);
  rs_sink_put_escaped(d->sink, text);
  rs_sink_put(d->sink, "</text>\n");
}

typedef void row_visitor(const drawing *d, const rs__slice *first, const rs__slice *last, int y);

/* Every row with its place, top to bottom; returns the height of all. */
static int visit_rows(const drawing *d, row_visitor *visit) {
  const rs__timeline *t = d->timeline;
  int y = 0;
  for (size_t i = 0, last; i < t->slice_count; i = last) {
    for (last = i + 1; last < t->slice_count; last++) {
      if (!rs__slice_same_row(&t->slices[i], &t->slices[last])) break;
    }
    if (i == 0 || t->slices[i - 1].chip != t->slices[i].chip) y += CHIP_GAP;
    if (visit != NULL) visit(d, &t->slices[i], &t->slices[last - 1], TOP + y);
    y += d->row_height;
  }
  return y;
}

static void draw_row(const drawing *d, const rs__slice *first, const rs__slice *last, int y) {
  char name[64];
  const rs__slice *all = d->timeline->slices;
  if (first == all || first[-1].chip != first->chip) {
    snprintf(name, sizeof name, "chip %u", first->chip);
    put_label(d, 8, y - 4, 12, "start", name);
    rs_sink_printf(d->sink, "<path d=\"M8 %.1fH%d\" stroke=\"#bbbbbb\"/>\n", y - 1.0,
                   WIDTH - RIGHT);
  }
  rs__timeline_row_name(d->wiring, first, name, sizeof name);
  if (d->row_height >= 9) {
    put_label(d, LEFT - 6, y + d->row_height - 3, RS_MIN(11, d->row_height), "end", name);
  }
  for (const rs__slice *s = first; s <= last; s++) put_flight(d, s, y);
  for (const rs__slice *s = first; s <= last; s++) put_slice(d, s, y);
}

/* The largest of 1, 2, 5 times a power of ten picoseconds that gives at least six steps. */
static int64_t choose_step_ps(int64_t span_ps) {
  int64_t step = 1;
  while (step <= span_ps / 60) step *= 10;
  if (step * 5 <= span_ps / 6) return step * 5;
  return step * 2 <= span_ps / 6 ? step * 2 : step;
}

static void put_tick_text(char *text, size_t size, int64_t ps, int64_t until_ps) {
  if (until_ps >= MICROSECONDS_FROM_PS) {
    snprintf(text, size, "%.6g", (double)ps / 1e6);
  } else {
    snprintf(text, size, "%.6g", (double)ps / 1e3);
  }
}

static int64_t picoseconds(const drawing *d, int64_t cycles) {
  rs_int128 ps = (rs_int128)cycles * 1000000000000 / d->schedule->timing.clock_hz;
  return (int64_t)RS_MIN(ps, (rs_int128)INT64_MAX / 64);
}

static void put_axis(const drawing *d) {
  int64_t from = picoseconds(d, d->timeline->from_cycles);
  int64_t until = picoseconds(d, d->timeline->end_cycles);
  int64_t span = RS_MAX(until - from, 1);
  int64_t step = choose_step_ps(span);
  int bottom = TOP + d->height;
  char text[64];
  for (int64_t ps = rs_ceil_div_i64(from, step) * step; ps <= from + span; ps += step) {
    double x = LEFT + (double)(ps - from) / (double)span * (WIDTH - LEFT - RIGHT);
    rs_sink_printf(d->sink, "<path d=\"M%.2f %dV%d\" stroke=\"#cccccc\" stroke-width=\"0.7\"/>\n",
                   x, TOP, bottom + 4);
    put_tick_text(text, sizeof text, ps, until);
    put_label(d, x, bottom + 18, 11, "middle", text);
  }
  put_label(d, (LEFT + WIDTH - RIGHT) / 2.0, bottom + 38, 12, "middle",
            until >= MICROSECONDS_FROM_PS ? "time in µs" : "time in ns");
}

static void put_legend_entry(const drawing *d, const colour *c, double *x) {
  rs_sink_printf(d->sink, "<rect x=\"%.1f\" y=\"38\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
                 *x, c->code);
  put_label(d, *x + 17, 48, 12, "start", c->word);
  *x += 34 + 8.0 * (double)strlen(c->word);
}

/* Only what the picture shows. */
static void put_legend(const drawing *d) {
  bool used_action[RS_COUNT_OF(action_colours)] = {0};
  bool used_unit[RS_UNIT_COUNT] = {0};
  double x = LEFT;
  for (size_t i = 0; i < d->timeline->slice_count; i++) {
    const rs__slice *s = &d->timeline->slices[i];
    if (s->track < RS_UNIT_COUNT) {
      used_unit[s->track] = true;
    } else if (rs__slice_is_burst(s)) {
      used_action[d->schedule->bursts[s->record].action] = true;
    }
  }
  for (size_t i = 0; i < RS_COUNT_OF(unit_colours); i++) {
    if (used_unit[i]) put_legend_entry(d, &unit_colours[i], &x);
  }
  for (size_t i = 0; i < RS_COUNT_OF(action_colours); i++) {
    if (used_action[i]) put_legend_entry(d, &action_colours[i], &x);
  }
  if (d->schedule->stall_count > 0) put_legend_entry(d, &stall_colour, &x);
  put_label(d, x + 4, 48, 12, "start", "pale: the last vector in flight");
}

static void put_title(const drawing *d) {
  const rs_schedule *s = d->schedule;
  char text[400];
  const char *what = s->op_count == 0   ? "no transfers"
                     : s->op_count == 1 ? rs_collective_kind_word(s->ops[0].kind)
                                        : "one program";
  snprintf(text, sizeof text, "%s on %s, timing %s (%.6g MHz)", what,
           s->topology[0] != '\0' ? s->topology : "a wiring", s->timing.name,
           (double)s->timing.clock_hz / 1e6);
  put_label(d, 8, 24, 16, "start", text);
}

rs_status rs_trace_print_svg(rs_arena *scratch, const rs_schedule *schedule,
                             const rs_wiring *wiring, const rs_trace_options *options,
                             rs_sink *sink, rs_diag *diag) {
  rs__timeline timeline;
  rs_status status = rs__timeline_build(scratch, schedule, wiring, options, &timeline, diag);
  if (status != RS_OK) return status;
  if (timeline.row_count > RS_TRACE_ROWS_MAX) {
    rs_diag_set(diag, RS_E_LIMIT, "the picture would have %zu rows", timeline.row_count);
    rs_diag_expect(diag, "at most %d: fewer chips", RS_TRACE_ROWS_MAX);
    return RS_E_LIMIT;
  }
  drawing d = {.schedule = schedule,
               .wiring = wiring,
               .timeline = &timeline,
               .row_height = timeline.row_count <= 60 ? 16 : 10,
               .sink = sink};
  d.height = visit_rows(&d, NULL);
  int total = TOP + d.height + BOTTOM;
  rs_sink_printf(
      sink,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "viewBox=\"0 0 %d %d\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      WIDTH, total, WIDTH, total);
  put_title(&d);
  put_legend(&d);
  put_axis(&d);
  visit_rows(&d, draw_row);
  rs_sink_put(sink, "</svg>\n");
  return sink->failed ? rs_diag_set(diag, RS_E_SYSTEM, "the picture was not written") : RS_OK;
}

/* Rows of chips 0, 1, … add up, so one timeline of all is enough to count. */
size_t rs_trace_chips_drawable(rs_arena *scratch, const rs_schedule *schedule,
                               const rs_wiring *wiring, const rs_trace_options *options) {
  rs__timeline t;
  size_t rows = 0;
  rs_trace_options all = options == NULL ? (rs_trace_options){0} : *options;
  all.chips = NULL;
  if (rs__timeline_build(scratch, schedule, wiring, &all, &t, NULL) != RS_OK) return 1;
  for (size_t i = 0; i < t.slice_count; i++) {
    if (i == 0 || !rs__slice_same_row(&t.slices[i - 1], &t.slices[i])) rows++;
    if (rows > RS_TRACE_ROWS_MAX) return RS_MAX((size_t)t.slices[i].chip, (size_t)1);
  }
  return wiring->chip_count;
}

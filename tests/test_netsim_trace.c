/* Timelines: the tracks, lanes and times of small schedules, and what a picture refuses. */
#include "rs_test_schedule.h"
#include "rs_text.h"
#include "rs_trace.h"

typedef rs_status printer(rs_arena *, const rs_schedule *, const rs_wiring *,
                          const rs_trace_options *, rs_sink *, rs_diag *);

static rs_text print_with(printer *print, const rs_schedule *s, const rs_wiring *w,
                          const rs_trace_options *options) {
  rs_diag diag;
  rs_text text;
  rs_arena *scratch = rs_arena_create(0);
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_ok(print(scratch, s, w, options, &sink, &diag), &diag);
  rs_arena_destroy(scratch);
  return text;
}

static size_t count_of(const char *text, const char *piece) {
  size_t count = 0;
  for (; (text = strstr(text, piece)) != NULL; text += strlen(piece)) count++;
  return count;
}

/* 9 vectors at 23.616 cycles a slot: the link is free after ⌈9·23.616⌉ = ⌈212.544⌉ = 213 cycles. At
 * 1 GHz a cycle is 0.001 µs: from 0.207 for 0.213. The last arrives at
 * 207 + ⌈8·23.616⌉ + 216 = 207 + 189 + 216 = 612. */
static void a_burst_is_an_event_with_its_times(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, 9, 0, RS_NONE);
  add_burst(s, w, 0, 1, 207, 9, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  rs_text text = print_with(rs_trace_print_json, s, w, NULL);
  assert_non_null(
      strstr(text.bytes,
             "{\"ph\":\"X\",\"name\":\"send\",\"cat\":\"transfer\",\"pid\":0,\"tid\":1,"
             "\"ts\":0.207,\"dur\":0.213,\"args\":{\"start_cycles\":207,\"to_chip\":1,"
             "\"vectors\":9,\"source\":\"in+0\",\"target\":\"out+0\",\"action\":\"keep\","
             "\"arrival_cycles\":612}}"));
  assert_non_null(strstr(text.bytes, "\"args\":{\"name\":\"0>1\"}"));
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

/* Two bursts that take turns on a link (stride 2, one slot apart) are two lanes; a third that starts
 * when they have ended goes back to the first. */
static rs_schedule *make_turns(rs_arena *arena, const rs_wiring *w) {
  rs_timing t;
  rs_timing_init_unit(&t);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, 12, 0, RS_NONE);
  for (int i = 0; i < 3; i++) {
    rs_burst *b = add_burst(s, w, 0, 1, i < 2 ? i : 10, 4, RS_BUFFER_IN, 4 * i, RS_BUFFER_OUT,
                            4 * i, RS_ACTION_KEEP);
    b->stride = 2;
  }
  return s;
}

static void turns_on_a_link_are_lanes(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_text text = print_with(rs_trace_print_json, make_turns(arena, w), w, NULL);
  assert_int_equal(count_of(text.bytes, "\"thread_name\""), 2);
  assert_int_equal(count_of(text.bytes, "\"ph\":\"X\""), 3);
  /* the lane's slices stand together, so the late burst comes before the second lane's name */
  const char *late = strstr(text.bytes, "\"start_cycles\":10,");
  const char *second = strstr(text.bytes, "\"start_cycles\":1,");
  assert_non_null(late);
  assert_non_null(second);
  assert_true(late < second);
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void a_window_leaves_out_what_it_does_not_touch(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 2, false);
  const rs_schedule *s = make_turns(arena, w);
  /* the first two are on the link in [0, 7) and [1, 8), the third in [10, 17) */
  const struct {
    int64_t from, until;
    size_t slices;
  } cases[] = {{0, 0, 3}, {7, 0, 2}, {8, 10, 0}, {8, 11, 1}, {0, 1, 1}, {17, 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rs_trace_options options = {.from_cycles = cases[i].from, .until_cycles = cases[i].until};
    rs_text text = print_with(rs_trace_print_json, s, w, &options);
    assert_int_equal(count_of(text.bytes, "\"ph\":\"X\""), cases[i].slices);
    rs_text_deinit(&text);
  }
  rs_arena_destroy(arena);
}

static void compute_and_transfers_have_tracks_of_their_own(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_schedule *s = make_one_shot(arena, w, &t, 5);
  rs_compute compute = {.start_cycles = 1000,
                        .cycles = 40,
                        .chip = 2,
                        .reads_op = 0,
                        .writes_op = RS_NONE,
                        .label = rs_schedule_label(s, "a < b & \"c\""),
                        .unit = RS_UNIT_MATRIX};
  assert_non_null(rs_schedule_add_compute(s, &compute));
  rs_text json = print_with(rs_trace_print_json, s, w, NULL);
  assert_int_equal(count_of(json.bytes, "\"process_name\""), 4);
  assert_int_equal(count_of(json.bytes, "\"thread_name\""), 4 * 3 + 1);
  assert_non_null(
      strstr(json.bytes, "\"name\":\"a < b & \\\"c\\\"\",\"cat\":\"compute\",\"pid\":2"));
  const uint32_t chips[] = {2};
  rs_trace_options options = {.chips = chips, .chip_count = 1};
  rs_text svg = print_with(rs_trace_print_svg, s, w, &options);
  assert_non_null(strstr(svg.bytes, "a &lt; b &amp; &quot;c&quot;, matrix, cycles 1000 to 1040"));
  assert_int_equal(count_of(svg.bytes, "<title>"), 4); /* three bursts and the interval */
  assert_null(strstr(svg.bytes, "chip 1"));
  rs_text_deinit(&json);
  rs_text_deinit(&svg);
  rs_arena_destroy(arena);
}

/* The burst of the first test behind stalls of 256 before cycle 0 and 29 before cycle 400: it begins at
 * 207 + 256 = 463 on the wall, its last cycle, 419, is over at 420 + 285 = 705, and the last vector arrives
 * at 612 + 285 = 897. Each of the two chips has both stalls: at 0 for 256 and at 656 for 29. */
static void stalls_are_slices_and_move_the_others(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, 9, 0, RS_NONE);
  add_burst(s, w, 0, 1, 207, 9, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  const rs_stall stalls[] = {{0, 256, RS_DESKEW}, {400, 29, RS_RUNTIME_DESKEW}};
  for (size_t i = 0; i < RS_COUNT_OF(stalls); i++) rs_schedule_add_stall(s, &stalls[i]);
  rs_text json = print_with(rs_trace_print_json, s, w, NULL);
  assert_non_null(strstr(json.bytes, "\"ts\":0.463,\"dur\":0.242,\"args\":{\"start_cycles\":463,"));
  assert_non_null(strstr(json.bytes, "\"arrival_cycles\":897}"));
  assert_int_equal(count_of(json.bytes, "\"cat\":\"stall\""), 4);
  assert_non_null(strstr(json.bytes,
                         "\"name\":\"runtime-deskew\",\"cat\":\"stall\",\"pid\":1,\"tid\":1,"
                         "\"ts\":0.656,\"dur\":0.029,\"args\":{\"start_cycles\":656}"));
  const rs_trace_options late = {.from_cycles = 690};
  rs_text svg = print_with(rs_trace_print_svg, s, w, NULL);
  rs_text rest = print_with(rs_trace_print_svg, s, w, &late);
  assert_int_equal(count_of(svg.bytes, "<title>deskew, stall, cycles 0 to 256"), 2);
  assert_int_equal(count_of(rest.bytes, ", stall, "), 0);
  assert_int_equal(count_of(rest.bytes, "<title>send, keep, cycles 463 to 705"), 1);
  rs_text_deinit(&json);
  rs_text_deinit(&svg);
  rs_text_deinit(&rest);
  rs_arena_destroy(arena);
}

static void too_much_for_a_picture_is_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 16, false); /* 16·15 = 240 links, all used */
  const rs_schedule *s = make_one_shot(arena, w, &t, 1);
  rs_diag diag;
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_int_equal(rs_trace_print_svg(arena, s, w, NULL, &sink, &diag), RS_E_LIMIT);
  assert_non_null(strstr(diag.what, "240 rows"));
  assert_int_equal(rs_trace_chips_drawable(arena, s, w, NULL), 10); /* ⌊160 / 15⌋ */
  const uint32_t chips[] = {3, 16};
  rs_trace_options options = {.chips = chips, .chip_count = 2};
  assert_int_equal(rs_trace_print_svg(arena, s, w, &options, &sink, &diag), RS_E_INPUT);
  assert_string_equal(diag.expected, "chips from 0 to 15");
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void an_empty_schedule_is_drawn(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  const rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  rs_text json = print_with(rs_trace_print_json, s, w, NULL);
  rs_text svg = print_with(rs_trace_print_svg, s, w, NULL);
  assert_non_null(strstr(json.bytes, "\"traceEvents\":[\n]}"));
  assert_non_null(strstr(svg.bytes, "</svg>"));
  rs_text_deinit(&json);
  rs_text_deinit(&svg);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_burst_is_an_event_with_its_times),
      cmocka_unit_test(turns_on_a_link_are_lanes),
      cmocka_unit_test(a_window_leaves_out_what_it_does_not_touch),
      cmocka_unit_test(compute_and_transfers_have_tracks_of_their_own),
      cmocka_unit_test(stalls_are_slices_and_move_the_others),
      cmocka_unit_test(too_much_for_a_picture_is_refused),
      cmocka_unit_test(an_empty_schedule_is_drawn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The text form of schedules: there and back, every fault with its place, any bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "rs_random.h"
#include "rs_schedule_text.h"
#include "rs_test_schedule.h"

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  (void)context;
  if (strcmp(topology, "mesh:4") != 0) {
    return rs_diag_set(diag, RS_E_INPUT, "unknown topology '%s'", topology);
  }
  *wiring = make_wiring(arena, 4, false);
  return RS_OK;
}

/* A schedule with everything in it: two operations, strides, tmp, compute intervals. */
static rs_text print_example(void) {
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_schedule *s = make_one_shot(arena, w, &t, 5);
  rs_diag diag;
  rs_text text;
  strcpy(s->topology, "mesh:4");
  strcpy(s->ops[0].algorithm, "one-shot");
  strcpy(s->ops[0].label, "layer 3 attention");
  add_op(s, RS_BROADCAST, 3, 7, 2, 1);
  rs_burst *b =
      add_burst(s, w, 1, 0, 9000, 2, RS_BUFFER_IN, 3, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
  b->op = 1;
  b->stride = 4;
  rs_compute compute = {.start_cycles = 5,
                        .cycles = 9,
                        .first_cycles = 2,
                        .chip = 3,
                        .reads_op = 1,
                        .writes_op = RS_NONE,
                        .label = rs_schedule_label(s, "qkv of all"),
                        .unit = RS_UNIT_MATRIX};
  rs_schedule_add_compute(s, &compute);
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_ok(rs_schedule_print(s, w, &sink, &diag), &diag);
  rs_arena_destroy(arena);
  return text;
}

static rs_status parse(rs_arena *arena, const char *text, size_t length, rs_schedule **s,
                       const rs_wiring **w, rs_diag *diag) {
  return rs_schedule_parse(arena, "f", text, length, provide, NULL, s, w, diag);
}

static void what_is_printed_parses_to_the_same_bytes(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_schedule *s;
  const rs_wiring *w;
  rs_text first = print_example();
  rs_text second;
  assert_non_null(strstr(first.bytes, "b 0 0>3 207 5 in+0 out+0 add\n"));
  assert_non_null(strstr(first.bytes, "b 1 1>0 9000 2x4 in+3 tmp+0 forward\n"));
  assert_non_null(strstr(first.bytes, "c 3 matrix 5 9 2 reads=1 writes=- qkv of all\nend\n"));
  assert_non_null(strstr(first.bytes, "group=0-3 label=layer 3 attention\n"));
  assert_ok(parse(arena, first.bytes, first.length, &s, &w, &diag), &diag);
  rs_text_init(&second);
  rs_sink sink = rs_text_sink(&second);
  assert_ok(rs_schedule_print(s, w, &sink, &diag), &diag);
  assert_string_equal(first.bytes, second.bytes);
  rs_text_deinit(&first);
  rs_text_deinit(&second);
  rs_arena_destroy(arena);
}

static void the_digest_sees_every_record(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_schedule *s;
  const rs_wiring *w;
  rs_text text = print_example();
  assert_ok(parse(arena, text.bytes, text.length, &s, &w, &diag), &diag);
  uint64_t digest = rs_schedule_digest(s);
  s->bursts[12].count--;
  assert_true(rs_schedule_digest(s) != digest);
  s->bursts[12].count++;
  s->computes[0].cycles++;
  assert_true(rs_schedule_digest(s) != digest);
  s->computes[0].cycles--;
  s->ops[1].root = 2;
  assert_true(rs_schedule_digest(s) != digest);
  s->ops[1].root = 1;
  assert_true(rs_schedule_digest(s) == digest);
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

/* Replaces the first `from` by `to`, or cuts there when `to` is NULL. */
static void check_fault(const char *from, const char *to, const char *line) {
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char changed[8192], printed[1024];
  rs_text text = print_example();
  char *found = strstr(text.bytes, from);
  assert_non_null(found);
  int length = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(found - text.bytes), text.bytes,
                        to == NULL ? "" : to, to == NULL ? "" : found + strlen(from));
  rs_status status = parse(arena, changed, (size_t)length, &s, &w, &diag);
  rs_diag_format(&diag, printed, sizeof printed);
  if (status == RS_OK || strncmp(printed, line, strlen(line)) != 0) {
    fail_msg("'%s' → '%s' says: %s", from, to == NULL ? "(cut)" : to, printed);
  }
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void faults_have_a_place(void **state) {
  (void)state;
  check_fault("rsched 1", "rsched 2", "f:1:1: 'rsched'; expected 'rsched 1'");
  check_fault("mesh:4", "mesh:5", "f:2:10: unknown topology 'mesh:5'");
  check_fault("digest=", "digest=f", "f:3:");
  check_fault("links=12", "links=13", "f:3:");
  check_fault("slot=2952/125", "slot=2952/0", "f:4:8: timing: slot denominator is 0");
  check_fault("bursts=13", "bursts=999999999999", "f:22:1: the file has 2 operations, 13 bursts");
  check_fault("op 1", "op 2", "f:7:4: '2'; expected operations in order from 0");
  check_fault("broadcast", "brodcast",
              "f:7:6: 'brodcast'; expected a collective; did you mean 'broadcast'?");
  check_fault("group=0-2", "group=0-9", "f:7:");
  check_fault("root=1", "root=-", "f:");
  check_fault("0>3 207", "0>5 207", "f:10:5: '0>5'; expected a link of this wiring");
  check_fault("0>3 207", "0>3 -7", "f:10:9: '-7'; expected a whole number");
  check_fault("0>3 207", "0>3 99999999999999999999",
              "f:10:9: '99999999999999999999'; expected a number of at most");
  check_fault("0>3 207 5", "0>3 207 0", "f:10:13: '0'; expected at least one vector");
  check_fault("0>3 207 5", "0>3 207 05", "f:10:13: '05'; expected a whole number");
  check_fault("out+0 add", "in+0 add", "f:8:20: 'in+0'; expected out+OFFSET or tmp+OFFSET");
  check_fault("out+0 add", "out+0 adds",
              "f:8:26: 'adds'; expected keep, add or forward; did you mean 'add'?");
  check_fault("in+0 out+0", "in+1 out+0", "f:");
  check_fault("2x4", "2x1", "f:20:16: '1'; expected a stride of at least 2");
  check_fault("c 3 matrix", "c 9 matrix", "f:21:3: '9'; expected a chip");
  check_fault("reads=1", "reads=7", "f:21:");
  check_fault("add\n", "add\r\n", "f:8:29: a carriage return");
  check_fault("add\n", "add \n", "f:8:29: ' '; expected the end of the line");
  check_fault("end\n", "end\nmore", "f:23:1: 'more'; expected nothing after 'end'");
  check_fault("end\n", NULL, "f:22:1: the file ends here");
  check_fault("207 5", NULL, "f:8:9: the file ends here");
}

static void every_cut_is_refused(void **state) {
  (void)state;
  rs_text text = print_example();
  for (size_t length = 0; length < text.length; length++) {
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag;
    rs_schedule *s;
    const rs_wiring *w;
    assert_int_equal(parse(arena, text.bytes, length, &s, &w, &diag), RS_E_INPUT);
    assert_true(diag.line > 0);
    rs_arena_destroy(arena);
  }
  rs_text_deinit(&text);
}

static void any_bytes_are_survived(void **state) {
  (void)state;
  rs_text text = print_example();
  char *changed = malloc(text.length);
  assert_non_null(changed);
  static const char letters[] = "0123456789>.x+-=, \n\r\0bcopendkt";
  for (uint64_t seed = 0; seed < 20000; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 0);
    memcpy(changed, text.bytes, text.length);
    for (uint64_t i = 1 + rs_random_below(&random, 4); i > 0; i--) {
      changed[rs_random_below(&random, text.length)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag;
    rs_schedule *s;
    const rs_wiring *w;
    parse(arena, changed, text.length, &s, &w, &diag);
    rs_arena_destroy(arena);
  }
  free(changed);
  rs_text_deinit(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_printed_parses_to_the_same_bytes),
      cmocka_unit_test(the_digest_sees_every_record),
      cmocka_unit_test(faults_have_a_place),
      cmocka_unit_test(every_cut_is_refused),
      cmocka_unit_test(any_bytes_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

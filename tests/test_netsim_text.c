/*
 * The text form: its bytes, round trips, what each fault says and where, memory, and mutants.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rs_random.h"
#include "rs_schedule_text.h"
#include "rs_test_schedule.h"

/* K4 with a second cable 0–1 for "k4", refusing anything else. */
static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  (void)context;
  if (strcmp(topology, "k4") != 0 && topology[0] != '\0') {
    rs_diag_set(diag, RS_E_INPUT, "unknown topology '%s'", topology);
    rs_diag_suggest(diag, "k4");
    return RS_E_INPUT;
  }
  rs_wiring *w;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  rs_status status = builder == NULL ? rs_arena_failed(arena, diag) : RS_OK;
  for (uint32_t a = 0; a < 4; a++) {
    for (uint32_t b = a + 1; b < 4 && status == RS_OK; b++) {
      status = rs_wiring_builder_add(builder, a, b, RS_CABLE_NODE, diag);
    }
  }
  if (status == RS_OK) status = rs_wiring_builder_add(builder, 0, 1, RS_CABLE_RACK, diag);
  if (status == RS_OK) status = rs_wiring_builder_finish(builder, &w, diag);
  *wiring = status == RS_OK ? w : NULL;
  return status;
}

/* The text as a source that gives a few bytes at a time. */
typedef struct dribble {
  const char *at, *end;
  size_t most;
} dribble;

static ptrdiff_t read_dribble(void *context, char *bytes, size_t capacity) {
  dribble *d = context;
  size_t count = RS_MIN(RS_MIN(capacity, d->most), (size_t)(d->end - d->at));
  if (count > 0) memcpy(bytes, d->at, count);
  d->at += count;
  return (ptrdiff_t)count;
}

/* What a source of the same bytes gives must be the same: the schedule, or the fault and its place. */
static void stream_agrees(const char *text, size_t length, rs_status status, rs_schedule *schedule,
                          const rs_diag *diag) {
  static const size_t steps[] = {1, 3, 17, 4096};
  dribble from = {text, text + length, steps[length % 4]};
  rs_source source = {read_dribble, &from};
  rs_arena *arena = rs_arena_create(0);
  rs_diag found = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char words[1024], expected[1024];
  if (length > 1 << 16) from.most = 65536;
  rs_status streamed = rs_schedule_read(arena, "f.rsched", &source, provide, NULL, &s, &w, &found);
  assert_int_equal(streamed, status);
  if (status == RS_OK) {
    assert_int_equal(rs_schedule_digest(s), rs_schedule_digest(schedule));
  } else if (diag != NULL) {
    rs_diag_format(&found, words, sizeof words);
    rs_diag_format(diag, expected, sizeof expected);
    assert_string_equal(words, expected);
  }
  rs_arena_destroy(arena);
}

/* From memory and from a source; only an arena that is too small makes a difference. */
static rs_status parse(rs_arena *arena, const char *text, size_t length, rs_schedule **schedule,
                       const rs_wiring **wiring, rs_diag *diag) {
  rs_status status =
      rs_schedule_parse(arena, "f.rsched", text, length, provide, NULL, schedule, wiring, diag);
  if (status != RS_E_NO_MEMORY) {
    stream_agrees(text, length, status, status == RS_OK ? *schedule : NULL, diag);
  }
  return status;
}

static void print(rs_schedule *s, const rs_wiring *w, rs_text *text) {
  rs_diag diag = {0};
  rs_text_init(text);
  rs_sink sink = rs_text_sink(text);
  assert_ok(rs_schedule_print(s, w, &sink, &diag), &diag);
}

/* One of everything that the form has. The digest is that of the wiring above: a record. */
static const char canonical[] =
    "rsched 1\n"
    "topology k4\n"
    "wiring chips=4 links=14 digest=DDDDDDDDDDDDDDDD\n"
    "timing chip clock_hz=900000000 vector_bytes=320 slot=2952/125 latency=216,222,258 send=207 "
    "receive=208 forward=209 add=20 adds_per_cycle=16\n"
    "counts ops=3 bursts=5 computes=2\n"
    "op 0 all-reduce bytes=16384 vectors=52 tmp=3 ready=7 root=- algorithm=one-shot group=0-3 "
    "label=layer 3 attention\n"
    "op 1 gather bytes=1 vectors=1 tmp=0 ready=0 root=2 algorithm=- group=0,2-3 label=\n"
    "op 2 send bytes=640 vectors=2 tmp=2 ready=0 root=- algorithm=direct group=3,0-1,3 label=x\n"
    "b 0 0>1 207 52 in+0 out+0 add\n"
    "b 0 0>1.1 207 7x2 in+14 tmp+0 forward\n"
    "b 2 1>3 300 2 in+0 out+0 keep\n"
    "b 2 3>0 300 2 in+0 out+0 keep\n"
    "b 0 2>3 1000000000000 1x4294967294 tmp+2 out+51 keep\n"
    "c 0 matrix 0 400 40 reads=- writes=0 layer 3 projection\n"
    "c 3 host 900 10 10 reads=2 writes=- \n"
    "end\n";

/* The text with the burst of 7 shortened to the 3 vectors of tmp, and the digest filled in. */
static char *make_canonical(rs_arena *arena) {
  rs_diag diag = {0};
  const rs_wiring *w;
  char digest[17];
  char *text = rs_arena_strdup(arena, canonical);
  assert_ok(provide(NULL, "k4", arena, &w, &diag), &diag);
  snprintf(digest, sizeof digest, "%016llx", (unsigned long long)rs_wiring_digest(w));
  memcpy(strstr(text, "DDDD"), digest, 16);
  *strstr(text, "7x2") = '3';
  return text;
}

/* The text with the first `from` replaced by `to`. */
static char *edit(rs_arena *arena, const char *text, const char *from, const char *to) {
  const char *at = strstr(text, from);
  if (at == NULL) fail_msg("'%s' is not in the text", from);
  return rs_arena_printf(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* The same with stalls: another version, a line behind the counts, and lines before the bursts. */
static char *make_stalled(rs_arena *arena) {
  char *text = edit(arena, make_canonical(arena), "rsched 1", "rsched 2");
  text =
      edit(arena, text, "computes=2\n", "computes=2\ndeskew stalls=3 interval=65536 margin=32\n");
  return edit(
      arena, text, "b 0 0>1 207 ",
      "d 0 256 deskew\nd 65536 18 runtime-deskew\nd 131072 19 runtime-deskew\nb 0 0>1 207 ");
}

/* ---- what is written ---- */

static void stalls_come_back(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s, *plain;
  const rs_wiring *w;
  rs_text text;
  char *source = make_stalled(arena);
  assert_ok(parse(arena, source, strlen(source), &s, &w, &diag), &diag);
  assert_ok(rs_schedule_validate(s, w, &diag), &diag);
  print(s, w, &text);
  assert_string_equal(text.bytes, source);
  rs_text_deinit(&text);
  assert_int_equal(s->stall_count, 3);
  assert_int_equal(s->stalls[2].at_cycles, 131072);
  assert_int_equal(s->stalls[2].cycles, 19);
  assert_int_equal(s->stalls[2].kind, RS_RUNTIME_DESKEW);
  assert_int_equal(s->deskew_interval_cycles, 65536);
  assert_int_equal(s->deskew_margin_cycles, 32);
  source = make_canonical(arena);
  assert_ok(parse(arena, source, strlen(source), &plain, &w, &diag), &diag);
  assert_true(rs_schedule_digest(plain) != rs_schedule_digest(s));
  uint64_t digest = rs_schedule_digest(s);
  s->stalls[1].cycles++;
  assert_true(rs_schedule_digest(s) != digest);
  s->stalls[1].cycles--;
  s->deskew_margin_cycles++;
  assert_true(rs_schedule_digest(s) != digest);
  s->deskew_margin_cycles--;
  /* Without its stalls it is the other schedule. */
  s->stall_count = 0;
  s->deskew_interval_cycles = s->deskew_margin_cycles = 0;
  assert_true(rs_schedule_digest(plain) == rs_schedule_digest(s));
  rs_arena_destroy(arena);
}

/* Cycle 0 is executed 256 later, 65,535 as well, 65,536 after 18 more; an end does not wait. */
static void the_wall_is_later(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char *source = make_stalled(arena);
  assert_ok(parse(arena, source, strlen(source), &s, &w, &diag), &diag);
  assert_int_equal(rs_schedule_wall(s, 0), 256);
  assert_int_equal(rs_schedule_wall(s, 65535), 65535 + 256);
  assert_int_equal(rs_schedule_wall(s, 65536), 65536 + 256 + 18);
  assert_int_equal(rs_schedule_wall(s, 200000), 200000 + 256 + 18 + 19);
  assert_int_equal(rs_schedule_wall_end(s, 0), 0);
  assert_int_equal(rs_schedule_wall_end(s, 65536), 65536 + 256);
  assert_int_equal(rs_schedule_wall_end(s, 65537), 65537 + 256 + 18);
  rs_arena_destroy(arena);
}

static void canonical_text_comes_back(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  rs_text text;
  char *source = make_canonical(arena);
  assert_ok(parse(arena, source, strlen(source), &s, &w, &diag), &diag);
  assert_ok(rs_schedule_validate(s, w, &diag), &diag);
  print(s, w, &text);
  assert_string_equal(text.bytes, source);
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void what_is_read_is_what_it_says(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char *source = make_canonical(arena);
  assert_ok(parse(arena, source, strlen(source), &s, &w, &diag), &diag);
  assert_string_equal(s->topology, "k4");
  assert_int_equal(s->timing.slot_num, 2952);
  assert_int_equal(s->timing.latency_cycles[RS_CABLE_INTER_RACK], 258);
  assert_int_equal(s->timing.forward_cycles, 209);
  assert_int_equal(s->op_count, 3);
  assert_int_equal(s->ops[0].ready_cycles, 7);
  assert_int_equal(s->ops[0].root, RS_NONE);
  assert_string_equal(s->ops[0].label, "layer 3 attention");
  assert_string_equal(s->ops[1].algorithm, "");
  assert_int_equal(s->ops[1].root, 2);
  assert_int_equal(s->ops[2].group_count, 4);
  const uint32_t pairs[] = {3, 0, 1, 3};
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(s->group_chips[s->ops[2].group_first + i], pairs[i]);
  }
  const rs_burst *b = &s->bursts[1];
  assert_int_equal(b->link, rs_wiring_find_link(w, 0, 1, 1));
  assert_int_equal(b->count, 3);
  assert_int_equal(b->stride, 2);
  assert_int_equal(b->source, RS_BUFFER_IN);
  assert_int_equal(b->source_offset, 14);
  assert_int_equal(b->target, RS_BUFFER_TMP);
  assert_int_equal(b->action, RS_ACTION_FORWARD);
  assert_int_equal(s->bursts[4].stride, UINT32_MAX - 1);
  assert_int_equal(s->computes[0].writes_op, 0);
  assert_int_equal(s->computes[1].reads_op, 2);
  assert_string_equal(s->labels[s->computes[1].label], "");
  rs_arena_destroy(arena);
}

static void other_orders_are_sorted(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  rs_text text;
  char *source = make_canonical(arena);
  const char *line = "b 2 1>3 300 2 in+0 out+0 keep\n";
  char *other = edit(arena, source, line, "");
  other = edit(arena, other, "c 0 matrix", rs_arena_printf(arena, "%sc 0 matrix", line));
  assert_ok(parse(arena, other, strlen(other), &s, &w, &diag), &diag);
  print(s, w, &text);
  assert_string_equal(text.bytes, source);
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

static void a_burst_is_described(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char line[64];
  char *source = make_canonical(arena);
  assert_ok(parse(arena, source, strlen(source), &s, &w, &diag), &diag);
  rs_burst_describe(s, w, &s->bursts[1], line, sizeof line);
  assert_string_equal(line, "b 0 0>1.1 207 3x2 in+14 tmp+0 forward");
  rs_burst_describe(s, w, &s->bursts[1], line, 8); /* cut */
  assert_string_equal(line, "b 0 0>1");
  rs_burst_describe(s, w, &s->bursts[1], NULL, 0);
  s->bursts[1].link = 99;
  rs_burst_describe(s, w, &s->bursts[1], line, sizeof line);
  assert_string_equal(line, "");
  rs_arena_destroy(arena);
}

/* A sink that takes `room` bytes and then refuses. */
static int write_some(void *context, const char *bytes, size_t length) {
  size_t *room = context;
  (void)bytes;
  if (length > *room) return 1;
  *room -= length;
  return 0;
}

static void a_full_disk_is_said(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char *source = make_canonical(arena);
  size_t length = strlen(source);
  assert_ok(parse(arena, source, length, &s, &w, &diag), &diag);
  for (size_t room = 0; room < length; room++) {
    size_t left = room;
    rs_sink sink = {.write = write_some, .context = &left};
    assert_int_equal(rs_schedule_print(s, w, &sink, &diag), RS_E_SYSTEM);
  }
  rs_sink sink = {.write = write_some, .context = &length};
  assert_ok(rs_schedule_print(s, w, &sink, &diag), &diag);
  assert_int_equal(length, 0);
  rs_arena_destroy(arena);
}

/* ---- faults: what, and where ---- */

/* Parses and expects words in the one-line form. */
static void expect_fault(rs_arena *arena, const char *text, size_t length, const char *words) {
  rs_diag diag = {0};
  rs_schedule *s;
  const rs_wiring *w;
  char line[1024];
  rs_status status = parse(arena, text, length, &s, &w, &diag);
  rs_diag_format(&diag, line, sizeof line);
  if (status != RS_E_INPUT || diag.status != RS_E_INPUT) {
    fail_msg("expected a fault with '%s', got %s", words, rs_status_word(status));
  }
  if (strstr(line, words) == NULL) fail_msg("expected '%s' in: %s", words, line);
  assert_int_equal(parse(arena, text, length, &s, &w, NULL), RS_E_INPUT);
}

typedef struct fault {
  const char *from, *to; /* the edit */
  const char *words;
} fault;

/* Line 1 rsched, 2 topology, 3 wiring, 4 timing, 5 counts, 6–8 ops, 9–13 bursts, 14–15 computes, 16
 * end. Columns count from 1. */
static const fault faults[] = {
    {"rsched 1", "rsched 3", "f.rsched:1:1: 'rsched'; expected 'rsched 1'"},
    {"rsched 1\n", "rsched 1 \n", "f.rsched:1:9: ' '; expected the end of the line"},
    {"rsched 1\n", "rsched 1\r\n", "f.rsched:1:9: a carriage return"},
    {"topology k4", "topology k5", "f.rsched:2:10: unknown topology 'k5'; did you mean 'k4'?"},
    {"topology k4\n", "topology k4\r\n", "f.rsched:2:12: a carriage return"},
    {"topology k4", "topology  k4", "f.rsched:2:10: ' '; expected text without blanks"},
    {"topology k4", "tapology k4", "f.rsched:2:1: 'tapology'; expected 'topology '"},
    {"chips=4", "chips=5", "f.rsched:3:32: the wiring differs"},
    {"links=14", "links=12", "f.rsched:3:32: the wiring differs"},
    {"digest=", "digest=g", "f.rsched:3:32: 'g"},
    {"chips=4", "chips=04", "f.rsched:3:14: '04'; expected a whole number"},
    {"chips=4", "chips=-4", "f.rsched:3:14: '-4'; expected a whole number"},
    {"slot=2952/125", "slot=2952/0", "f.rsched:4:8: timing: slot denominator is 0"},
    {"slot=2952/125", "slot=2952", "f.rsched:4:58: ' '; expected '/'"},
    {"send=207", "send=9223372036854775808",
     "f.rsched:4:88: '9223372036854775808'; expected a number of at most 9223372036854775807"},
    {"send=207", "send=99999999999999999999", "expected a number of at most 9223372036854775807"},
    {"send=207", "send=18446744073709551617", "expected a number of at most 9223372036854775807"},
    {"send=207", "send=9223372036854775807", "f.rsched:4:8: timing: send_cycles"},
    {"ops=3", "ops=4",
     "f.rsched:16:1: the file has 3 operations, 5 bursts and 2 compute "
     "intervals; expected 4, 5 and 2, as its header says"},
    {"bursts=5", "bursts=-5", "f.rsched:5:21: '-5'; expected a whole number"},
    {"bursts=5", "bursts=99999999999999999999", "f.rsched:5:21: '99999"},
    {"bursts=5", "bursts=1000000000000", "f.rsched:16:1: the file has 3 operations"},
    {"computes=2", "computes=1", "f.rsched:16:1: the file has 3 operations"},
    {"op 1", "op 2", "f.rsched:7:4: '2'; expected operations in order from 0"},
    {"all-reduce", "all-redcue",
     "f.rsched:6:6: 'all-redcue'; expected a collective; did you mean "
     "'all-reduce'?"},
    {"gather bytes", "scather bytes", "f.rsched:7:6: 'scather'; expected a collective; did you"},
    {"bytes=16384", "bytes=0", "f.rsched:6:23: '0': a block has at least one byte"},
    {"vectors=52", "vectors=0", "f.rsched:6:37: '0': a buffer has at least one vector"},
    {"tmp=3", "tmp=1099511627777", "f.rsched:6:44: '1099511627777': a hop buffer has"},
    {"ready=7", "ready=1152921504606846977", "f.rsched:6:52: '1152921504606846977': the ready"},
    {"root=- algorithm=one", "root=1 algorithm=one", "f.rsched:6:59: '1': this kind has no root"},
    {"root=2", "root=-", "f.rsched:7:50: '-': the root is missing"},
    {"root=2", "root=1", "f.rsched:7:50: '1': the root is not in the group"},
    {"root=2", "root=4294967295", "f.rsched:7:50: '4294967295'; expected a number of at most"},
    {"group=0-3", "group=0-4", "f.rsched:6:86: '0-4'; expected chips of the wiring"},
    {"group=0-3", "group=3-0", "f.rsched:6:86: '3-0'; expected chips of the wiring"},
    {"group=0-3", "group=0-2,2", "f.rsched:6:86: '0-2,2': a chip stands in the group twice"},
    {"group=0-3", "group=0,", "f.rsched:6:88: ' '; expected a whole number"},
    {"group=0-3", "group=", "f.rsched:6:86: ' '; expected a whole number"},
    {"group=3,0-1,3", "group=3,0-1", "f.rsched:8:75: '3,0-1': a send needs pairs"},
    {"group=3,0-1,3", "group=3,0,1,0", "f.rsched:8:75: '3,0,1,0': a chip receives twice"},
    {"label=layer 3", "label= layer 3", "f.rsched:6:96: ' '; expected text without blanks"},
    {"attention", "attention of a model with a very long name indeed", "expected a shorter text"},
    {"algorithm=direct", "algorithm=a-name-that-is-longer-than-its-field",
     "expected a shorter name"},
    {"b 0 0>1 207", "b 3 0>1 207", "f.rsched:9:3: '3'; expected an operation of the header"},
    {"b 0 0>1 207", "b 0 0>0 207", "f.rsched:9:5: '0>0'; expected a link of this wiring"},
    {"b 0 0>1 207", "b 0 0>1.2 207", "f.rsched:9:5: '0>1.2'; expected a link of this wiring"},
    {"b 0 0>1 207", "b 0 0>7 207", "f.rsched:9:5: '0>7'; expected a link of this wiring"},
    {"b 0 0>1 207", "b 0 0-1 207", "f.rsched:9:6: '-1'; expected '>'"},
    {"0>1 207 52", "0>1 207 0", "f.rsched:9:13: '0'; expected at least one vector"},
    {"0>1 207 52", "0>1 207 52x1", "f.rsched:9:16: '1'; expected a stride of at least 2"},
    {"0>1 207 52", "0>1 207 53", "f.rsched:9:16: 'in+0': it reads beyond its source buffer"},
    {"0>1 207 52", "0>1 1152921504606846976 52", "f.rsched:9:9: '1152921504606846976': it ends"},
    {"0>1 207 52", "0>1 -207 52", "f.rsched:9:9: '-207'; expected a whole number"},
    {"in+0 out+0 add", "inn+0 out+0 add",
     "f.rsched:9:16: 'inn+0'; expected in+, out+ or "
     "tmp+OFFSET; did you mean 'in'?"},
    {"in+0 out+0 add", "in+1 out+0 add", "f.rsched:9:16: 'in+1': it reads beyond"},
    {"in+0 out+0 add", "in+0 out+1 add", "f.rsched:9:21: 'out+1': it writes beyond"},
    {"in+0 out+0 add", "in+0 in+0 add", "f.rsched:9:21: 'in+0'; expected out+OFFSET or tmp"},
    {"in+0 out+0 add", "in+0 out0 add", "f.rsched:9:21: 'out0'; expected out+OFFSET"},
    {"in+0 out+0 add", "in+0 out+0 ad",
     "f.rsched:9:27: 'ad'; expected keep, add or forward; did "
     "you mean 'add'?"},
    {"in+0 out+0 add", "in+0 out+0 foward", "did you mean 'forward'?"},
    {"in+0 out+0 add", "in+0 out+0 forward", "f.rsched:9:27: 'forward': 'forward' writes to tmp"},
    {"out+0 add\n", "out+0 add \n", "f.rsched:9:30: ' '; expected the end of the line"},
    {"out+0 add\n", "out+0 add\r\n", "f.rsched:9:30: a carriage return"},
    {"out+0 add\n", "out+0 add\n\n",
     "f.rsched:10:1: the line ends here; expected an operation, "
     "then bursts"},
    {"c 0 matrix", "c 4 matrix", "f.rsched:14:3: '4'; expected a chip of the wiring"},
    {"c 0 matrix", "c 0 matrx",
     "f.rsched:14:5: 'matrx'; expected matrix, vector or host; did you "
     "mean 'matrix'?"},
    {"0 400 40", "0 400 401", "f.rsched:14:18: '401': the first vector comes after the end"},
    {"0 400 40", "0 1152921504606846977 40", "f.rsched:14:14: '1152921504606846977': it ends"},
    {"reads=- writes=0", "reads=3 writes=0", "f.rsched:14:27: '3'; expected an operation of the"},
    {"reads=- writes=0", "reads=- writes=", "f.rsched:14:36: ' '; expected a whole number"},
    {"c 3 host", "b 0 0>1 207 52 in+0 out+0 add\nc 3 host", "f.rsched:15:1: 'b'; expected an op"},
    {"end\n", "end", "f.rsched:16:4: the file ends here; expected the end of the line"},
    {"end\n", "end\n\n", "f.rsched:17:1: the line ends here; expected nothing after 'end'"},
    {"end\n", "end\nx", "f.rsched:17:1: 'x'; expected nothing after 'end'"},
    {"end\n", "", "f.rsched:16:1: the file ends here"},
    {"end\n", "ends\n", "f.rsched:16:4: 's'; expected the end of the line"},
};

static void faults_have_places(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  char *source = make_canonical(arena);
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    char *text = edit(arena, source, faults[i].from, faults[i].to);
    expect_fault(arena, text, strlen(text), faults[i].words);
  }
  rs_arena_destroy(arena);
}

/* Any beginning of a good file is a fault, at its end or (within a line) a word before. */
static const fault stall_faults[] = {
    {"rsched 2", "rsched 1", "f.rsched:6:1: 'deskew'; expected an operation, then"},
    {"stalls=3 interval", "stalls=0 interval", "f.rsched:6:15: '0'; expected at least one stall"},
    {"stalls=3 interval", "stalls=4 interval", "the file has 3 stalls; expected 4"},
    {"stalls=3", "stall=3", "f.rsched:6:1: 'deskew'; expected 'deskew stalls='"},
    {"interval=65536", "interval=-1", "f.rsched:6:26: '-1'; expected a whole number"},
    {"interval=65536", "interval=1152921504606846977", "an interval is a number of cycles"},
    {"margin=32", "margin=1152921504606846977", "a margin is a number of cycles"},
    {"d 0 256 deskew", "d 1 256 deskew", "f.rsched:10:3: '1': the first stall stands before"},
    {"d 0 256 deskew", "d 0 0 deskew", "f.rsched:10:5: '0': it takes no cycle"},
    {"d 0 256 deskew", "d 0 16777217 deskew", "f.rsched:10:5: '16777217': it takes no cycle"},
    {"d 0 256 deskew", "d 0 256 runtime-deskew", "f.rsched:10:9: 'runtime-deskew': chips have not"},
    {"d 0 256 deskew", "d 0 256 deskw", "did you mean 'deskew'?"},
    {"18 runtime-deskew", "18 deskew", "f.rsched:11:12: 'deskew': chips are brought together once"},
    {"d 131072", "d 65536", "f.rsched:12:3: '65536': it does not stand behind"},
    {"d 131072", "d 1152921504606846977", "it stands before cycle 0 or beyond 2^60"},
    {"d 131072 19 ", "d 131072 19", "f.rsched:12:12: '"},
    {"d 131072 19 runtime-deskew\n", "", "the file has 2 stalls; expected 3"},
};

static void faults_of_stalls_have_places(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (size_t i = 0; i < RS_COUNT_OF(stall_faults); i++) {
    const fault *f = &stall_faults[i];
    const char *text = edit(arena, make_stalled(arena), f->from, f->to);
    expect_fault(arena, text, strlen(text), f->words);
  }
  rs_arena_destroy(arena);
}

static void truncated_files_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  char *source = make_canonical(arena);
  size_t length = strlen(source);
  for (size_t cut = 0; cut < length; cut++) {
    rs_diag diag = {0};
    rs_schedule *s;
    const rs_wiring *w;
    /* its own allocation, so that reading beyond the end is seen by the sanitizer */
    char *text = malloc(cut + 1);
    memcpy(text, source, cut);
    rs_status status = parse(arena, text, cut, &s, &w, &diag);
    free(text);
    if (status != RS_E_INPUT || diag.line == 0) fail_msg("cut at %zu", cut);
  }
  rs_arena_destroy(arena);
}

/* NUL and every other byte that is not text, at every place of the file. A label may hold what is
 * above 0x7f. */
static void bytes_that_are_not_text_are_refused(void **state) {
  (void)state;
  static const char bytes[] = {'\0', '\r', '\t', '\x01', '\x7f'};
  rs_arena *arena = rs_arena_create(0);
  char *source = make_canonical(arena);
  size_t length = strlen(source);
  for (size_t i = 0; i < length; i++) {
    for (size_t k = 0; k < sizeof bytes; k++) {
      rs_diag diag = {0};
      rs_schedule *s;
      const rs_wiring *w;
      char kept = source[i];
      source[i] = bytes[k];
      rs_status status = parse(arena, source, length, &s, &w, &diag);
      source[i] = kept;
      if (status != RS_E_INPUT) fail_msg("byte %d at %zu", bytes[k], i);
    }
  }
  rs_arena_destroy(arena);
}

/* ---- memory ---- */

/* A header that promises 10^12 bursts and delivers none. */
static void promises_allocate_nothing(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_arena *own = rs_arena_create(0);
  rs_diag diag;
  rs_schedule *s;
  const rs_wiring *w;
  char *text = make_canonical(own);
  text = edit(own, text, "ops=3 bursts=5 computes=2",
              "ops=4000000000 bursts=1000000000000 computes=1000000000000");
  assert_int_equal(parse(arena, text, strlen(text), &s, &w, &diag), RS_E_INPUT);
  assert_true(rs_arena_used_bytes(arena) < 32768);
  rs_arena_destroy(own);
  rs_arena_destroy(arena);
}

/* A burst of the shortest line, 28 bytes, is 48 bytes; doubling and copying make less than four times
 * that. So memory stays below 8 times the input. */
static void memory_follows_the_input(void **state) {
  (void)state;
  enum { LINES = 20000 };
  rs_arena *own = rs_arena_create(0);
  char *header = make_canonical(own);
  const char *line = "b 0 0>1 0 1 in+0 tmp+0 keep\n";
  *strstr(header, "b 0 0>1") = '\0';
  size_t length = strlen(header);
  size_t capacity = length + LINES * strlen(line) + 1;
  char *text = malloc(capacity);
  memcpy(text, header, length);
  for (int i = 0; i < LINES; i++) {
    memcpy(text + length, line, strlen(line));
    length += strlen(line);
    if (i % 1000 != 0) continue;
    rs_arena *arena = rs_arena_create(0);
    rs_schedule *s;
    const rs_wiring *w;
    assert_int_equal(parse(arena, text, length, &s, &w, NULL), RS_E_INPUT); /* no 'end' yet */
    if (rs_arena_used_bytes(arena) > 8 * length + 16384) fail_msg("after %d lines", i);
    rs_arena_destroy(arena);
  }
  free(text);
  rs_arena_destroy(own);
}

/* Arenas too small for the header, the wiring, or some doubling of the bursts: with enough, the fault
 * is that there is no 'end'. */
static void no_memory_is_said(void **state) {
  (void)state;
  enum { LINES = 5000 };
  rs_arena *own = rs_arena_create(0);
  const char *line = "b 0 0>1 0 1 in+0 tmp+0 keep\n";
  char *header = make_canonical(own);
  *strstr(header, "b 0 0>1") = '\0';
  char *text = malloc(strlen(header) + LINES * strlen(line) + 1);
  size_t length = strlen(header);
  memcpy(text, header, length);
  for (int i = 0; i < LINES; i++, length += strlen(line)) {
    memcpy(text + length, line, strlen(line));
  }
  int failed = 0, read = 0;
  for (size_t limit = 20000; limit < 1600000; limit += 20000) {
    rs_arena *arena = rs_arena_create(limit);
    rs_schedule *s;
    const rs_wiring *w;
    rs_status status = parse(arena, text, length, &s, &w, NULL);
    failed += status == RS_E_NO_MEMORY;
    read += status == RS_E_INPUT;
    rs_arena_destroy(arena);
  }
  assert_int_equal(failed + read, 79); /* (1600000 − 20000) / 20000 */
  assert_true(failed > 20 && read > 20);
  free(text);
  rs_arena_destroy(own);
}

/* ---- round trips at random ---- */

static uint64_t last_seed;

static int say_seed(void **state) {
  (void)state;
  print_message("last seed %llu\n", (unsigned long long)last_seed);
  return 0;
}

static int64_t draw(rs_random *r, int64_t low, int64_t high) {
  return rs_random_between(r, low, high);
}

static void add_random_op(rs_schedule *s, rs_random *r) {
  uint32_t chips[] = {0, 1, 2, 3};
  rs_op op = {.kind = (rs_collective_kind)draw(r, 0, RS_COLLECTIVE_KIND_COUNT - 1),
              .root = RS_NONE,
              .block_bytes = draw(r, 1, INT64_MAX),
              .block_vectors = draw(r, 1, INT64_C(1) << draw(r, 0, 38)),
              .tmp_vectors = draw(r, 0, INT64_C(1) << draw(r, 0, 40)),
              .ready_cycles = draw(r, 0, INT64_C(1) << draw(r, 0, 60))};
  uint32_t count = op.kind == RS_SEND ? 4 : (uint32_t)draw(r, 1, 4);
  rs_random_shuffle_u32(r, chips, 4);
  bool rooted = op.kind == RS_BROADCAST || op.kind == RS_REDUCE || op.kind == RS_SCATTER ||
                op.kind == RS_GATHER;
  if (rooted) op.root = chips[draw(r, 0, count - 1)];
  if (draw(r, 0, 1) == 0) snprintf(op.algorithm, sizeof op.algorithm, "a%d", (int)draw(r, 0, 99));
  if (draw(r, 0, 1) == 0) snprintf(op.label, sizeof op.label, "l %d \xc3\xa9", (int)draw(r, 0, 99));
  assert_int_not_equal(rs_schedule_add_op(s, &op, chips, count), RS_NONE);
}

static void add_random_burst(rs_schedule *s, rs_random *r) {
  rs_burst b = {.start_cycles = draw(r, 0, INT64_C(1) << draw(r, 0, 58)),
                .link = (uint32_t)draw(r, 0, s->link_count - 1),
                .op = (uint32_t)draw(r, 0, s->op_count - 1),
                .stride = draw(r, 0, 1) == 0 ? 1 : (uint32_t)draw(r, 1, 1 << 16),
                .source = (uint8_t)draw(r, 0, 2),
                .target = (uint8_t)draw(r, 1, 2)};
  const rs_op *op = &s->ops[b.op];
  const int64_t sizes[] = {rs_op_in_vectors(op), rs_op_out_vectors(op), op->tmp_vectors};
  int64_t most = RS_MIN(sizes[b.source], sizes[b.target]);
  if (most == 0) return;
  b.action = (uint8_t)draw(r, 0, b.target == RS_BUFFER_TMP ? 2 : 1);
  int64_t wish = INT64_C(1) << draw(r, 0, 30);
  b.count = draw(r, 1, RS_MIN(most, wish));
  b.source_offset = draw(r, 0, sizes[b.source] - b.count);
  b.target_offset = draw(r, 0, sizes[b.target] - b.count);
  assert_non_null(rs_schedule_add_burst(s, &b));
}

static void add_random_compute(rs_schedule *s, rs_random *r) {
  char label[16];
  snprintf(label, sizeof label, "c%d", (int)draw(r, 0, 9));
  rs_compute c = {.start_cycles = draw(r, 0, 9),
                  .cycles = draw(r, 1, INT64_C(1) << draw(r, 0, 59)),
                  .chip = (uint32_t)draw(r, 0, 3),
                  .reads_op = draw(r, 0, 1) == 0 ? RS_NONE : (uint32_t)draw(r, 0, s->op_count - 1),
                  .writes_op = draw(r, 0, 1) == 0 ? RS_NONE : (uint32_t)draw(r, 0, s->op_count - 1),
                  .label = rs_schedule_label(s, label),
                  .unit = (uint8_t)draw(r, 0, RS_UNIT_COUNT - 1)};
  c.first_cycles = draw(r, 0, c.cycles);
  assert_non_null(rs_schedule_add_compute(s, &c));
}

static void add_random_stalls(rs_schedule *s, rs_random *r) {
  rs_stall stall = {.kind = RS_DESKEW};
  for (int64_t i = draw(r, 0, 6); i >= 0; i--) {
    stall.cycles = draw(r, 1, 1 << 24);
    assert_non_null(rs_schedule_add_stall(s, &stall));
    stall.at_cycles += draw(r, 1, 1 << 20);
    stall.kind = RS_RUNTIME_DESKEW;
  }
  s->deskew_interval_cycles = draw(r, 0, 1 << 20);
  s->deskew_margin_cycles = draw(r, 0, 100);
}

static rs_schedule *make_random(rs_arena *arena, uint64_t seed, const rs_wiring **wiring) {
  rs_diag diag = {0};
  rs_random r;
  rs_timing t;
  rs_random_init(&r, seed, 0);
  rs_timing_init_unit(&t);
  t.slot_num = draw(&r, 1, 10000);
  t.slot_den = draw(&r, 1, 200);
  assert_ok(provide(NULL, "k4", arena, wiring, &diag), &diag);
  rs_schedule *s = rs_schedule_create(arena, *wiring, draw(&r, 0, 1) == 0 ? "" : "k4", &t);
  int64_t ops = draw(&r, 1, 5), bursts = draw(&r, 0, 60), computes = draw(&r, 0, 20);
  for (int64_t i = 0; i < ops; i++) add_random_op(s, &r);
  for (int64_t i = 0; i < bursts; i++) add_random_burst(s, &r);
  for (int64_t i = 0; i < computes; i++) add_random_compute(s, &r);
  if (draw(&r, 0, 1) == 0) add_random_stalls(s, &r);
  return s;
}

static void random_schedules_come_back(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (uint64_t seed = 0; seed < 400; seed++) {
    rs_diag diag = {0};
    const rs_wiring *w, *w_back;
    rs_schedule *back;
    rs_text first, second;
    last_seed = seed;
    rs_arena_reset(arena);
    rs_schedule *s = make_random(arena, seed, &w);
    assert_ok(rs_schedule_validate(s, w, &diag), &diag);
    print(s, w, &first);
    assert_ok(parse(arena, first.bytes, first.length, &back, &w_back, &diag), &diag);
    assert_true(rs_schedule_digest(back) == rs_schedule_digest(s));
    print(back, w_back, &second);
    assert_string_equal(first.bytes, second.bytes);
    rs_text_deinit(&first);
    rs_text_deinit(&second);
  }
  rs_arena_destroy(arena);
}

/* ---- mutants ---- */

/* A fault: somewhere in the file. No fault: a schedule that validates, and whose text is a fixed point. */
static void try_mutant(const char *text, size_t length) {
  rs_diag diag = {0};
  rs_schedule *s, *back;
  const rs_wiring *w;
  rs_text first, second;
  rs_arena *arena = rs_arena_create((size_t)1 << 22);
  rs_status status = parse(arena, text, length, &s, &w, &diag);
  if (status != RS_OK) {
    assert_int_equal(status, RS_E_INPUT);
    assert_int_equal(diag.status, RS_E_INPUT);
    assert_true(diag.line >= 1 && diag.column >= 1);
    rs_arena_destroy(arena);
    return;
  }
  assert_ok(rs_schedule_validate(s, w, &diag), &diag);
  print(s, w, &first);
  assert_ok(parse(arena, first.bytes, first.length, &back, &w, &diag), &diag);
  print(back, w, &second);
  assert_string_equal(first.bytes, second.bytes);
  rs_text_deinit(&first);
  rs_text_deinit(&second);
  rs_arena_destroy(arena);
}

/* A few edits: a byte replaced, put in or taken out; a run copied elsewhere; a number swapped. */
static size_t mutate(rs_random *r, char *text, size_t length, size_t capacity) {
  static const char alphabet[] = "0123456789 \n\r\tbcopxend>-.,=+/:\x7f\xff";
  int64_t edits = draw(r, 1, 3);
  for (int64_t i = 0; i < edits && length > 0; i++) {
    size_t at = rs_random_below(r, length);
    char byte = alphabet[rs_random_below(r, sizeof alphabet)]; /* the NUL too */
    size_t from = rs_random_below(r, length);
    size_t run = 1 + rs_random_below(r, 40);
    run = RS_MIN(run, length - from);
    switch (rs_random_below(r, 5)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        if (length + 1 > capacity) break;
        memmove(text + at + 1, text + at, length - at);
        text[at] = byte;
        length++;
        break;
      case 2:
        memmove(text + from, text + from + run, length - from - run);
        length -= run;
        break;
      case 3:
        run = RS_MIN(run, length - at);
        memmove(text + at, text + from, run);
        break;
      default:
        if (text[at] >= '0' && text[at] <= '9') text[at] = (char)('0' + draw(r, 0, 9));
        break;
    }
  }
  return length;
}

static void mutants_are_harmless(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const char *sources[] = {make_canonical(arena), make_stalled(arena)};
  for (uint64_t seed = 0; seed < 30000; seed++) {
    rs_random r;
    const char *source = sources[seed % 2];
    size_t source_length = strlen(source);
    last_seed = seed;
    rs_random_init(&r, seed, 1);
    size_t capacity = source_length + 8;
    char *text = malloc(capacity);
    memcpy(text, source, source_length);
    size_t length = mutate(&r, text, source_length, capacity);
    try_mutant(text, length);
    free(text);
  }
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(canonical_text_comes_back),
      cmocka_unit_test(stalls_come_back),
      cmocka_unit_test(the_wall_is_later),
      cmocka_unit_test(what_is_read_is_what_it_says),
      cmocka_unit_test(other_orders_are_sorted),
      cmocka_unit_test(a_burst_is_described),
      cmocka_unit_test(a_full_disk_is_said),
      cmocka_unit_test(faults_have_places),
      cmocka_unit_test(faults_of_stalls_have_places),
      cmocka_unit_test(truncated_files_are_refused),
      cmocka_unit_test(bytes_that_are_not_text_are_refused),
      cmocka_unit_test(promises_allocate_nothing),
      cmocka_unit_test(memory_follows_the_input),
      cmocka_unit_test(no_memory_is_said),
      cmocka_unit_test_teardown(random_schedules_come_back, say_seed),
      cmocka_unit_test_teardown(mutants_are_harmless, say_seed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

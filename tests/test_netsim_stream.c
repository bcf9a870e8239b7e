/*
 * Schedules from a source: records one by one, memory that does not depend on how many there are, and
 * sources that fail or never end a line. That a source gives the same schedules and the same
 * faults as a text in memory is held in test_netsim_text, on every text there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rs_schedule_text.h"
#include "rs_test_schedule.h"

#define WINDOW_BYTES_MAX ((size_t)32 << 20)

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  (void)context;
  (void)topology;
  (void)diag;
  *wiring = make_wiring(arena, 4, false);
  return RS_OK;
}

/* Writes the file while it is read: a header, `bursts` bursts, the end. */
typedef struct generator {
  char text[1024]; /* what was made and not read yet */
  size_t at, length;
  uint64_t bursts, made, fail_at;
  bool ended;
} generator;

static void make_header(generator *g, uint64_t promised) {
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 4, false);
  g->length = (size_t)snprintf(
      g->text, sizeof g->text,
      "rsched 1\ntopology -\nwiring chips=4 links=12 digest=%016llx\n"
      "timing unit clock_hz=1 vector_bytes=320 slot=1/1 latency=1,1,1 send=0 receive=0 forward=0 "
      "add=0 adds_per_cycle=9\ncounts ops=1 bursts=%llu computes=0\n"
      "op 0 broadcast bytes=320 vectors=1 tmp=1 ready=0 root=0 algorithm=- group=0-3 label=\n",
      (unsigned long long)rs_wiring_digest(w), (unsigned long long)promised);
  rs_arena_destroy(arena);
}

static ptrdiff_t generate(void *context, char *bytes, size_t capacity) {
  generator *g = context;
  size_t used = 0;
  while (used < capacity) {
    if (g->at == g->length) {
      if (g->ended) break;
      if (g->made == g->fail_at) return -1;
      g->at = 0;
      g->ended = g->made == g->bursts;
      g->length =
          (size_t)(g->ended ? snprintf(g->text, sizeof g->text, "end\n")
                            : snprintf(g->text, sizeof g->text, "b 0 0>1 %llu 1 in+0 out+0 keep\n",
                                       (unsigned long long)g->made));
      if (!g->ended) g->made++;
    }
    size_t count = RS_MIN(capacity - used, g->length - g->at);
    memcpy(bytes + used, g->text + g->at, count);
    g->at += count;
    used += count;
  }
  return (ptrdiff_t)used;
}

static void memory_does_not_follow_the_bursts(void **state) {
  (void)state;
  enum { BURSTS = 300000 }; /* 9 MB of text */
  generator g = {.bursts = BURSTS, .fail_at = UINT64_MAX};
  rs_source source = {generate, &g};
  rs_arena *arena = rs_arena_create((size_t)1 << 20); /* more would fail */
  rs_schedule_reader *reader;
  rs_record record;
  rs_diag diag = {0};
  uint64_t computes, count = 0;
  make_header(&g, BURSTS);
  assert_ok(rs_schedule_reader_open(arena, "g", &source, provide, NULL, &reader, &diag), &diag);
  size_t used = rs_arena_used_bytes(arena);
  assert_int_equal(rs_schedule_reader_promised(reader, &computes), BURSTS);
  assert_int_equal(computes, 0);
  assert_int_equal(rs_schedule_reader_header(reader)->op_count, 1);
  assert_int_equal(rs_schedule_reader_header(reader)->burst_count, 0);
  for (;;) {
    assert_ok(rs_schedule_reader_next(reader, &record, &diag), &diag);
    if (record.kind == RS_RECORD_END) break;
    assert_int_equal(record.kind, RS_RECORD_BURST);
    assert_int_equal(record.burst.start_cycles, count);
    assert_int_equal(rs_schedule_reader_line(reader), count + 7); /* six lines before the first */
    count++;
  }
  assert_int_equal(count, BURSTS);
  assert_int_equal(rs_arena_used_bytes(arena), used);
  rs_schedule_reader_close(reader);
  rs_arena_destroy(arena);
}

/* A billion promised, none there: refused at the line where they end, and nothing was set aside. */
static void promises_are_held_at_the_end(void **state) {
  (void)state;
  generator g = {.bursts = 2, .fail_at = UINT64_MAX};
  rs_source source = {generate, &g};
  rs_arena *arena = rs_arena_create((size_t)1 << 20);
  rs_schedule *s;
  const rs_wiring *w;
  rs_diag diag = {0};
  make_header(&g, UINT64_C(1000000000));
  assert_int_equal(rs_schedule_read(arena, "g", &source, provide, NULL, &s, &w, &diag), RS_E_INPUT);
  assert_int_equal(diag.line, 9);
  assert_int_equal(diag.column, 1);
  assert_non_null(strstr(diag.what, "2 bursts"));
  assert_non_null(strstr(diag.expected, "1000000000"));
  rs_arena_destroy(arena);
}

static void a_source_that_fails_is_said(void **state) {
  (void)state;
  for (uint64_t fail_at = 0; fail_at < 3; fail_at++) {
    generator g = {.bursts = 3, .fail_at = fail_at};
    rs_source source = {generate, &g};
    rs_arena *arena = rs_arena_create(0);
    rs_schedule *s;
    const rs_wiring *w;
    rs_diag diag = {0};
    make_header(&g, 3);
    assert_int_equal(rs_schedule_read(arena, "g", &source, provide, NULL, &s, &w, &diag),
                     RS_E_SYSTEM);
    assert_non_null(strstr(diag.what, "reading failed"));
    rs_arena_destroy(arena);
  }
}

/* An endless run of one byte; how much of it was asked for. */
typedef struct endless {
  char byte;
  size_t given;
} endless;

static ptrdiff_t read_endless(void *context, char *bytes, size_t capacity) {
  endless *e = context;
  memset(bytes, e->byte, capacity);
  e->given += capacity;
  return (ptrdiff_t)capacity;
}

static void a_line_without_an_end_is_not_waited_for(void **state) {
  static const struct {
    char byte;
    const char *what;
  } cases[] = {{'\0', "a NUL byte"}, {'r', "'rrrr"}, {'\n', "the line ends here"}};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    endless e = {cases[i].byte, 0};
    rs_source source = {read_endless, &e};
    rs_arena *arena = rs_arena_create(0);
    rs_schedule *s;
    const rs_wiring *w;
    rs_diag diag = {0};
    assert_int_equal(rs_schedule_read(arena, "e", &source, provide, NULL, &s, &w, &diag),
                     RS_E_INPUT);
    assert_int_equal(diag.line, 1);
    assert_int_equal(diag.column, 1);
    assert_non_null(strstr(diag.what, cases[i].what));
    assert_true(e.given <= 2 * WINDOW_BYTES_MAX);
    rs_arena_destroy(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_does_not_follow_the_bursts),
      cmocka_unit_test(promises_are_held_at_the_end),
      cmocka_unit_test(a_source_that_fails_is_said),
      cmocka_unit_test(a_line_without_an_end_is_not_waited_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

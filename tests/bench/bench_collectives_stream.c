/*
 * Reading and proving a long schedule in one pass: all-reduces on 264 chips, one after another, made
 * as text while they are read.
 *
 *   bench_collectives_stream [BURSTS]         time and memory, and of reading alone (default 10000000)
 *   bench_collectives_stream BURSTS write     the text, for `realscale check --stream -`
 */
#include <string.h>

#include "rs_bench.h"
#include "rs_collective.h"
#include "rs_schedule_text.h"
#include "rs_stream_checker.h"
#include "rs_topology.h"

static const char spec[] = "realscale:264";

typedef struct maker {
  rs_arena *arena;
  rs_schedule *base;
  const rs_wiring *wiring;
  uint64_t copies, copy, next; /* of the base's bursts */
  int64_t period_cycles;
  rs_text text; /* made and not read yet */
  size_t at;
  bool ended;
} maker;

static void must(rs_status status, const rs_diag *diag) {
  char text[1024];
  if (status == RS_OK) return;
  rs_diag_format(diag, text, sizeof text);
  fprintf(stderr, "%s\n", text);
  exit(1);
}

static void make_base(maker *m) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring;
  rs_compile_report report;
  rs_timing timing = {.name = "custom",
                      .clock_hz = 900000000,
                      .vector_bytes = 320,
                      .slot_num = 2952,
                      .slot_den = 125,
                      .latency_cycles = {216, 216, 216},
                      .send_cycles = 207,
                      .receive_cycles = 207,
                      .forward_cycles = 207,
                      .add_cycles = 20,
                      .adds_per_cycle = 16};
  must(rs_topology_parse(m->arena, spec, &topology, &diag), &diag);
  must(rs_topology_build(m->arena, topology, NULL, &wiring, &diag), &diag);
  m->wiring = wiring;
  m->base = rs_schedule_create(m->arena, wiring, rs_topology_spec(topology), &timing);
  rs_calendar *calendar = rs_calendar_create(m->arena, wiring, &timing);
  uint32_t chips[264];
  for (uint32_t i = 0; i < 264; i++) chips[i] = i;
  rs_collective_request request = {.kind = RS_ALL_REDUCE,
                                   .chips = chips,
                                   .chip_count = 264,
                                   .root = RS_NONE,
                                   .block_bytes = 16384};
  must(rs_collective_compile(m->base, wiring, calendar, &request, NULL, &report, &diag), &diag);
  rs_schedule_sort(m->base);
  m->period_cycles = report.makespan_cycles;
}

/* The header and the operations: those of the printed base, with other counts, repeated. */
static void make_header(maker *m) {
  rs_diag diag = {0};
  rs_text whole;
  rs_text_init(&whole);
  rs_sink all = rs_text_sink(&whole);
  must(rs_schedule_print(m->base, m->wiring, &all, &diag), &diag);
  rs_sink sink = rs_text_sink(&m->text);
  const char *counts = strstr(whole.bytes, "counts ");
  const char *op = strstr(whole.bytes, "op 0 ") + strlen("op 0");
  rs_sink_bytes(&sink, whole.bytes, (size_t)(counts - whole.bytes));
  rs_sink_printf(&sink, "counts ops=%llu bursts=%llu computes=0\n", (unsigned long long)m->copies,
                 (unsigned long long)(m->copies * m->base->burst_count));
  for (uint64_t i = 0; i < m->copies; i++) {
    rs_sink_printf(&sink, "op %llu", (unsigned long long)i);
    rs_sink_bytes(&sink, op, strcspn(op, "\n") + 1);
  }
  rs_text_deinit(&whole);
}

static void make_more(maker *m) {
  m->text.length = m->at = 0;
  rs_sink sink = rs_text_sink(&m->text);
  if (m->copy == m->copies) {
    if (!m->ended) rs_sink_put(&sink, "end\n");
    m->ended = true;
    return;
  }
  while (m->text.length < 60000 && m->copy < m->copies) {
    char line[160];
    rs_burst b = m->base->bursts[m->next++];
    b.start_cycles += (int64_t)m->copy * m->period_cycles;
    b.op = (uint32_t)m->copy;
    rs_burst_describe(m->base, m->wiring, &b, line, sizeof line);
    rs_sink_put(&sink, line);
    rs_sink_put(&sink, "\n");
    if (m->next < m->base->burst_count) continue;
    m->next = 0;
    m->copy++;
  }
}

static ptrdiff_t read_made(void *context, char *bytes, size_t capacity) {
  maker *m = context;
  if (m->at == m->text.length) make_more(m);
  size_t count = RS_MIN(capacity, m->text.length - m->at);
  memcpy(bytes, m->text.bytes + m->at, count);
  m->at += count;
  return (ptrdiff_t)count;
}

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  const maker *m = context;
  (void)topology;
  (void)arena;
  (void)diag;
  *wiring = m->wiring;
  return RS_OK;
}

static void restart(maker *m) {
  m->text.length = m->at = 0;
  m->copy = m->next = 0;
  m->ended = false;
  make_header(m);
}

/* Reads all; proves it when `report` is not NULL. Returns CPU seconds. */
static double read_all(maker *m, rs_stream_report *report) {
  rs_diag diag = {0};
  rs_schedule_reader *reader;
  rs_source source = {read_made, m};
  const rs_check_options options = {.seed = 1};
  rs_record record = {.kind = RS_RECORD_BURST};
  rs_arena *arena = rs_arena_create(0);
  double start = bench_cpu_s();
  restart(m);
  must(rs_schedule_reader_open(arena, "made", &source, provide, m, &reader, &diag), &diag);
  rs_stream_checker *checker =
      rs_stream_checker_create(rs_schedule_reader_header(reader), m->wiring, &options);
  while (record.kind != RS_RECORD_END) {
    must(rs_schedule_reader_next(reader, &record, &diag), &diag);
    if (report == NULL || record.kind != RS_RECORD_BURST) continue;
    must(rs_stream_checker_add(checker, &record.burst, &diag), &diag);
  }
  if (report != NULL) must(rs_stream_checker_finish(checker, &diag), &diag);
  if (report != NULL) rs_stream_checker_report(checker, report);
  rs_stream_checker_destroy(checker);
  rs_schedule_reader_close(reader);
  rs_arena_destroy(arena);
  return bench_cpu_s() - start;
}

static void say(const char *what, double bursts, double seconds) {
  printf("%-24s %7.2f s CPU, %6.2f million bursts a second\n", what, seconds,
         bursts / seconds / 1e6);
}

int main(int argc, char **argv) {
  maker m = {.arena = rs_arena_create(0)};
  rs_stream_report report;
  uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
  rs_text_init(&m.text);
  make_base(&m);
  m.copies = RS_MAX(1, wanted / m.base->burst_count);
  if (argc > 2) {
    for (restart(&m); m.at < m.text.length; make_more(&m)) {
      if (fwrite(m.text.bytes, 1, m.text.length, stdout) != m.text.length) return 1;
    }
    return 0;
  }
  double bursts = (double)(m.copies * m.base->burst_count);
  printf("%.0f bursts in %llu all-reduces on %s\n", bursts, (unsigned long long)m.copies, spec);
  say("make and read", bursts, read_all(&m, NULL));
  say("make, read and prove", bursts, read_all(&m, &report));
  printf("held at most: %llu runs of vectors, %llu bursts in flight, %u operations, %.1f MB\n",
         (unsigned long long)report.runs_max, (unsigned long long)report.flights_max,
         report.ops_max, (double)report.bytes_max / 1e6);
  bench_report_memory();
  rs_text_deinit(&m.text);
  rs_arena_destroy(m.arena);
  return 0;
}

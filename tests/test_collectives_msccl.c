/*
 * Programs of MSCCL: what they become, round trips of compiled schedules, what is refused and where.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_msccl.h"
#include "rs_test_compile.h"

/* ---- programs as text ---- */

/* Appends a step: `dep` is "block,step" or NULL. */
static void step(rs_sink *sink, int index, const char *type, const char *source, int source_chunk,
                 const char *target, int target_chunk, int block, int before) {
  rs_sink_printf(
      sink,
      "<step s=\"%d\" type=\"%s\" srcbuf=\"%s\" srcoff=\"%d\" dstbuf=\"%s\" dstoff=\"%d\" "
      "cnt=\"1\" depid=\"%d\" deps=\"%d\" hasdep=\"0\"/>\n",
      index, type, source, source_chunk, target, target_chunk, block, before);
}

static void begin(rs_sink *sink, const char *coll, int gpus, int chunks, int in_place) {
  rs_sink_printf(sink,
                 "<algo name=\"test\" proto=\"LL\" nchannels=\"1\" nchunksperloop=\"%d\" "
                 "ngpus=\"%d\" coll=\"%s\" inplace=\"%d\" redop=\"sum\">\n",
                 chunks, gpus, coll, in_place);
}

static void begin_block(rs_sink *sink, int id, int send, int recv) {
  rs_sink_printf(sink, "<tb id=\"%d\" send=\"%d\" recv=\"%d\" chan=\"0\">\n", id, send, recv);
}

static void begin_gpu(rs_sink *sink, int id, int scratch) {
  rs_sink_printf(sink, "<gpu id=\"%d\" i_chunks=\"0\" o_chunks=\"0\" s_chunks=\"%d\">\n", id,
                 scratch);
}

/* ---- from text to a proved schedule ---- */

typedef struct outcome {
  rs_status status;
  int64_t makespan_cycles;
  uint64_t bursts, digest;
  char message[1024];
} outcome;

static void note(outcome *o, rs_status status, const rs_diag *diag) {
  o->status = status;
  if (status != RS_OK) rs_diag_format(diag, o->message, sizeof o->message);
}

/* Parses, compiles on all chips of the wiring, proves, and plays every vector. */
static outcome run_program(const char *text, size_t length, const char *spec, rs_timing timing,
                           int64_t bytes) {
  outcome o = {.status = RS_OK};
  rs_diag diag = {0};
  const rs_msccl *program;
  rs_check_report report;
  rs_play play;
  const rs_check_options options = {.seed = 3};
  const rs_play_options play_options = {.fidelity = RS_FIDELITY_VECTOR};
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *wiring = build_wiring(arena, spec);
  uint32_t chips[64];
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  rs_collective_request request = {
      .chips = chips, .chip_count = wiring->chip_count, .block_bytes = bytes};
  note(&o, rs_msccl_parse(arena, "p.xml", text, length, &program, &diag), &diag);
  if (o.status == RS_OK) {
    note(&o, rs_msccl_compile(program, schedule, wiring, calendar, &request, &diag), &diag);
    if (o.status != RS_OK) assert_int_equal(schedule->op_count + schedule->burst_count, 0);
  }
  if (o.status == RS_OK) {
    note(&o, rs_checker_run(schedule, wiring, &options, &report, &diag), &diag);
  }
  if (o.status == RS_OK) {
    assert_ok(rs_player_run(schedule, wiring, &play_options, &play, &diag), &diag);
    o.makespan_cycles = play.makespan_cycles;
    assert_int_equal(report.makespan_cycles, play.makespan_cycles);
    o.bursts = schedule->burst_count;
    o.digest = rs_schedule_digest(schedule);
  }
  rs_arena_destroy(arena);
  return o;
}

static outcome run_text(const rs_text *text, const char *spec) {
  return run_program(text->bytes, text->length, spec, unit_timing(), 320);
}

static void expect_cycles(rs_text *text, const char *spec, int64_t cycles) {
  outcome o = run_text(text, spec);
  if (o.status != RS_OK) fail_msg("%s", o.message);
  assert_int_equal(o.makespan_cycles, cycles);
  rs_text_deinit(text);
}

/* ---- what programs become ---- */

/* Chunks go once around adding up (rrs), the last GPU keeps the sum (rrcs), and once more (rcs, r). On
 * the unit clock every hop is a cycle: 2 (n - 1). */
static void a_ring_takes_its_hops(void **state) {
  (void)state;
  for (int n = 3; n <= 8; n++) {
    rs_text text;
    char spec[32];
    rs_text_init(&text);
    rs_sink sink = rs_text_sink(&text);
    begin(&sink, "allreduce", n, n, 1);
    for (int i = 0; i < n; i++) {
      begin_gpu(&sink, i, 0);
      begin_block(&sink, 0, (i + 1) % n, (i + n - 1) % n);
      step(&sink, 0, "s", "i", i, "i", i, -1, -1);
      for (int j = 1; j < 2 * n - 1; j++) {
        int chunk = (i + 2 * n - j) % n;
        const char *type = j < n - 1 ? "rrs" : j == n - 1 ? "rrcs" : j < 2 * n - 2 ? "rcs" : "r";
        step(&sink, j, type, "i", chunk, "i", chunk, -1, -1);
      }
      rs_sink_put(&sink, "</tb></gpu>\n");
    }
    rs_sink_put(&sink, "</algo>\n");
    snprintf(spec, sizeof spec, "ring:%d", n);
    expect_cycles(&text, spec, 2 * (n - 1));
  }
}

/* Partners send each other what they have and add what comes: both read what the other overwrites.
 * log2(4) = 2 hops. */
static void exchanges_do_not_wait_for_each_other(void **state) {
  rs_text text;
  (void)state;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  begin(&sink, "allreduce", 4, 1, 1);
  for (int i = 0; i < 4; i++) {
    begin_gpu(&sink, i, 0);
    for (int bit = 0; bit < 2; bit++) {
      begin_block(&sink, bit, i ^ (1 << bit), i ^ (1 << bit));
      step(&sink, 0, "s", "i", 0, "i", 0, bit == 0 ? -1 : 0, bit == 0 ? -1 : 1);
      step(&sink, 1, "rrc", "i", 0, "i", 0, -1, -1);
      rs_sink_put(&sink, "</tb>");
    }
    rs_sink_put(&sink, "</gpu>\n");
  }
  rs_sink_put(&sink, "</algo>\n");
  expect_cycles(&text, "hypercube:2", 2);
}

/* Everyone's input into everyone's scratch, and from there into the sum: a local add becomes an add on
 * arrival, so one hop is all. */
static void local_adds_become_adds_on_arrival(void **state) {
  rs_text text;
  (void)state;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  begin(&sink, "allreduce", 3, 1, 1);
  for (int i = 0; i < 3; i++) {
    begin_gpu(&sink, i, 3);
    for (int k = 0; k < 2; k++) {
      int peer = (i + 1 + k) % 3;
      begin_block(&sink, k, peer, peer);
      step(&sink, 0, "s", "i", 0, "s", i, -1, -1);
      step(&sink, 1, "r", "s", peer, "s", peer, -1, -1);
      rs_sink_put(&sink, "</tb>");
    }
    begin_block(&sink, 2, -1, -1);
    step(&sink, 0, "nop", "i", 0, "i", 0, 0, 1);
    step(&sink, 1, "re", "s", (i + 1) % 3, "i", 0, 1, 1);
    step(&sink, 2, "re", "s", (i + 2) % 3, "i", 0, -1, -1);
    rs_sink_put(&sink, "</tb></gpu>\n");
  }
  rs_sink_put(&sink, "</algo>\n");
  expect_cycles(&text, "mesh:3", 1);
}

/* The same in two phases on shards of two chunks: a receive brings both, local adds take one each, so
 * the program is read chunk by chunk. Each link carries two chunks and then two sums, in four slots of
 * which none is idle: 4 cycles. */
static void local_adds_of_parts(void **state) {
  enum { GPUS = 4, PART = 2 };
  rs_text text;
  (void)state;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  begin(&sink, "allreduce", GPUS, GPUS * PART, 1);
  for (int i = 0; i < GPUS; i++) {
    begin_gpu(&sink, i, GPUS * PART);
    for (int k = 0; k < GPUS - 1; k++) {
      int peer = (i + 1 + k) % GPUS;
      begin_block(&sink, k, peer, peer);
      rs_sink_printf(&sink,
                     "<step s=\"0\" type=\"s\" srcbuf=\"i\" srcoff=\"%d\" cnt=\"2\"/>\n"
                     "<step s=\"1\" type=\"r\" dstbuf=\"s\" dstoff=\"%d\" cnt=\"2\"/>\n",
                     peer * PART, peer * PART);
      step(&sink, 2, "re", "s", peer * PART, "i", i * PART, -1, -1);
      step(&sink, 3, "re", "s", peer * PART + 1, "i", i * PART + 1, -1, -1);
      for (int other = 0, at = 4; other < GPUS - 1; other++, at++) {
        step(&sink, at, "nop", "i", -1, "o", -1, other, 3);
      }
      rs_sink_printf(&sink,
                     "<step s=\"%d\" type=\"s\" srcbuf=\"i\" srcoff=\"%d\" cnt=\"2\"/>\n"
                     "<step s=\"%d\" type=\"r\" dstbuf=\"i\" dstoff=\"%d\" cnt=\"2\"/>\n</tb>",
                     3 + GPUS, i * PART, 4 + GPUS, peer * PART);
    }
    rs_sink_put(&sink, "</gpu>\n");
  }
  rs_sink_put(&sink, "</algo>\n");
  outcome o = run_program(text.bytes, text.length, "mesh:4", unit_timing(), 320 * GPUS * PART);
  if (o.status != RS_OK) fail_msg("%s", o.message);
  assert_int_equal(o.makespan_cycles, 4);
  assert_int_equal(o.bursts, 2 * GPUS * (GPUS - 1) * PART);
  rs_text_deinit(&text);
}

/* All-to-all through scratch, copied to the output; chips 0 and 2 of a ring of 4 have no cable, so
 * that their block is relayed: 2 hops. */
static void local_copies_and_relays(void **state) {
  rs_text text;
  (void)state;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  begin(&sink, "alltoall", 4, 4, 0);
  for (int i = 0; i < 4; i++) {
    begin_gpu(&sink, i, 4);
    for (int k = 0; k < 3; k++) {
      int peer = (i + 1 + k) % 4;
      begin_block(&sink, k, peer, peer);
      step(&sink, 0, "s", "i", peer, "s", i, -1, -1);
      step(&sink, 1, "r", "s", peer, "s", peer, -1, -1);
      step(&sink, 2, "cpy", "s", peer, "o", peer, -1, -1);
      rs_sink_put(&sink, "</tb>");
    }
    begin_block(&sink, 3, -1, -1);
    step(&sink, 0, "cpy", "i", i, "o", i, -1, -1);
    rs_sink_put(&sink, "</tb></gpu>\n");
  }
  rs_sink_put(&sink, "</algo>\n");
  /* two blocks each way are relayed over links that carry one of their own: three slots on some */
  outcome o = run_text(&text, "ring:4");
  if (o.status != RS_OK) fail_msg("%s", o.message);
  assert_int_equal(o.bursts, 8 + 2 * 4); /* neighbours one hop, opposite pairs two */
  assert_in_range(o.makespan_cycles, 2, 3);
  rs_text_deinit(&text);
}

/* Out of place: sums of input and what comes go to the output (rrc from i to o). Reduce-scatter of two. */
static void sums_out_of_place(void **state) {
  rs_text text;
  (void)state;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  begin(&sink, "reduce_scatter", 2, 2, 0);
  for (int i = 0; i < 2; i++) {
    begin_gpu(&sink, i, 0);
    begin_block(&sink, 0, 1 - i, 1 - i);
    step(&sink, 0, "s", "i", 1 - i, "i", 1 - i, -1, -1);
    step(&sink, 1, "rrc", "i", i, "o", 0, -1, -1);
    rs_sink_put(&sink, "</tb></gpu>\n");
  }
  rs_sink_put(&sink, "</algo>\n");
  expect_cycles(&text, "mesh:2", 1);
}

/* ---- there and back ---- */

static bool has_riders(const rs_schedule *s) {
  for (uint64_t i = 0; i < s->burst_count; i++) {
    if (rs_schedule_rides(s, i)) return true;
  }
  return false;
}

/* Every algorithm of the five kinds, written and read: the same bursts at the same cycles. What goes to two
 * places in one transmission is two sends in a program; where chips add to what others still read, the
 * second can come too late, and then the program is refused. */
static void compiled_schedules_come_back(void **state) {
  static const char *const specs[] = {"mesh:6",    "ring:5",       "hypercube:3",
                                      "torus:3x4", "realscale:16", "dragonfly:a=4,h=2",
                                      "grid:3x3",  "mesh:2"};
  const rs_timing timings[] = {unit_timing(), chip_timing()};
  static const int64_t sizes[] = {320, 16384};
  size_t count, same = 0, late = 0;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  (void)state;
  for (size_t i = 0; i < count * RS_COUNT_OF(specs) * 4; i++) {
    const rs_collective_algorithm *row = &rows[i % count];
    const char *spec = specs[i / count % RS_COUNT_OF(specs)];
    const rs_timing *timing = &timings[i / count / RS_COUNT_OF(specs) % 2];
    int64_t bytes = sizes[i / count / RS_COUNT_OF(specs) / 2];
    rs_diag diag = {0};
    rs_arena *arena = rs_arena_create(0);
    const rs_wiring *wiring = build_wiring(arena, spec);
    uint32_t chips[64];
    for (uint32_t c = 0; c < wiring->chip_count; c++) chips[c] = c;
    rs_collective_request request = {.kind = row->kind,
                                     .algorithm = row->name,
                                     .chips = chips,
                                     .chip_count = wiring->chip_count / 2 * 2,
                                     .root = 0,
                                     .block_bytes = bytes};
    if (row->kind != RS_SEND) request.chip_count = wiring->chip_count;
    rs_schedule *schedule = rs_schedule_create(arena, wiring, spec, timing);
    rs_calendar *calendar = rs_calendar_create(arena, wiring, timing);
    rs_text text;
    rs_text_init(&text);
    rs_sink sink = rs_text_sink(&text);
    bool has_form = row->kind == RS_ALL_REDUCE || row->kind == RS_ALL_GATHER ||
                    row->kind == RS_REDUCE_SCATTER || row->kind == RS_ALL_TO_ALL ||
                    row->kind == RS_BROADCAST;
    if (rs_collective_compile(schedule, wiring, calendar, &request, NULL, NULL, &diag) == RS_OK) {
      rs_status status = rs_msccl_print(schedule, wiring, 0, &sink, &diag);
      assert_int_equal(status, has_form ? RS_OK : RS_E_INFEASIBLE);
      if (has_form) {
        outcome o = run_program(text.bytes, text.length, spec, *timing, bytes);
        if (o.status == RS_E_INFEASIBLE && has_riders(schedule)) {
          late++; /* sent twice, the second time after it was overwritten */
          rs_text_deinit(&text);
          rs_arena_destroy(arena);
          continue;
        }
        if (o.status != RS_OK) fail_msg("%s %s %s: %s", spec, row->name, timing->name, o.message);
        assert_int_equal(o.bursts, schedule->burst_count);
        same += o.digest == rs_schedule_digest(schedule);
      }
    }
    rs_text_deinit(&text);
    rs_arena_destroy(arena);
  }
  print_message("%zu schedules came back as they were, %zu were refused\n", same, late);
  assert_true(same > 250);
  assert_true(late <= 4); /* exchanges between nodes of four */
}

/* A group that relays over others has no program. */
static void relays_outside_have_no_program(void **state) {
  rs_diag diag = {0};
  rs_timing timing = unit_timing();
  static const uint32_t chips[] = {0, 2};
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *wiring = build_wiring(arena, "ring:4");
  rs_collective_request request = {
      .kind = RS_ALL_GATHER, .chips = chips, .chip_count = 2, .root = RS_NONE, .block_bytes = 320};
  rs_schedule *schedule = rs_schedule_create(arena, wiring, "ring:4", &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  assert_ok(rs_collective_compile(schedule, wiring, calendar, &request, NULL, NULL, &diag), &diag);
  assert_int_equal(rs_msccl_print(schedule, wiring, 0, &sink, &diag), RS_E_INFEASIBLE);
  assert_non_null(strstr(diag.what, "relays and is not of the group"));
  rs_text_deinit(&text);
  rs_arena_destroy(arena);
}

/* ---- what is refused ---- */

/* All-gather of two GPUs, out of place. */
static const char good[] =
    "<?xml version=\"1.0\"?>\n"
    "<algo name=\"two\" nchunksperloop=\"2\" ngpus=\"2\" coll=\"allgather\" inplace=\"0\">\n"
    "<gpu id=\"0\" s_chunks=\"1\">\n"
    "<tb id=\"0\" send=\"1\" recv=\"1\" chan=\"0\">\n"
    "<step s=\"0\" type=\"s\" srcbuf=\"i\" srcoff=\"0\" cnt=\"1\" depid=\"-1\" deps=\"-1\"/>\n"
    "<step s=\"1\" type=\"r\" dstbuf=\"o\" dstoff=\"1\" cnt=\"1\"/>\n"
    "</tb>\n"
    "</gpu>\n"
    "<gpu id=\"1\">\n"
    "<tb id=\"0\" send=\"0\" recv=\"0\" chan=\"0\">\n"
    "<step s=\"0\" type=\"s\" srcbuf=\"i\" srcoff=\"0\" cnt=\"1\"/>\n"
    "<step s=\"1\" type=\"r\" dstbuf=\"o\" dstoff=\"0\" cnt=\"1\"/>\n"
    "</tb>\n"
    "</gpu>\n"
    "</algo>\n";

static const struct {
  const char *from, *to, *words;
} faults[] = {
    {"<algo name", "<algq name", "p.xml:2:1: <algq> where <algo> was expected"},
    {"coll=\"allgather\"", "coll=\"allgathr\"",
     "p.xml:2:1: unknown coll 'allgathr'; did you mean 'allgather'?"},
    {"coll=\"allgather\" ", "", "p.xml:2:1: <algo> has no coll"},
    {"ngpus=\"2\"", "ngpus=\"1\"", "p.xml:2:1: ngpus is '1', not a number from 2 to"},
    {"ngpus=\"2\"", "ngpus=\"3\"", "p.xml:2:1: 2 chunks are not to be divided among 3 GPUs"},
    {"ngpus=\"2\"", "ngpus=\"99999999999999999999\"", "p.xml:2:1: ngpus is '99999999999999999999'"},
    {"nchunksperloop=\"2\"", "nchunksperloop=\"-2\"", "p.xml:2:1: nchunksperloop is '-2'"},
    {"nchunksperloop=\"2\"", "nchunksperloop=\"4294967297\"", "p.xml:2:1: nchunksperloop is"},
    {"nchunksperloop=\"2\"", "nchunksperloop=\"2x\"", "p.xml:2:1: nchunksperloop is '2x'"},
    {"<gpu id=\"0\"", "<gpu id=\"1\"", "p.xml:3:1: GPU 1 stands where GPU 0 is due"},
    {"<gpu id=\"1\"", "<gpu id=\"2\"", "p.xml:9:1: id is '2'"},
    {"<tb id=\"0\" send=\"1\"", "<tb id=\"1\" send=\"1\"", "p.xml:4:1: threadblock 1 stands"},
    {"send=\"1\"", "send=\"0\"", "p.xml:4:1: GPU 0 is a peer of itself"},
    {"send=\"1\"", "send=\"2\"", "p.xml:4:1: send is '2'"},
    {"send=\"1\"", "send=\"-1\"", "p.xml:5:1: it sends, and its threadblock has no peer"},
    {"recv=\"1\"", "recv=\"-1\"", "p.xml:6:1: it receives, and its threadblock has no peer"},
    {"<step s=\"0\" type=\"s\"", "<step s=\"1\" type=\"s\"",
     "p.xml:5:1: step 1 stands where step 0"},
    {"type=\"s\"", "type=\"rrz\"", "p.xml:5:1: unknown type 'rrz'; did you mean"},
    {"srcbuf=\"i\"", "srcbuf=\"x\"", "p.xml:5:1: unknown srcbuf 'x'"},
    {"srcoff=\"0\"", "srcoff=\"1\"",
     "p.xml:5:1: srcoff 1 and 1 chunks from there are beyond the 1"},
    {"dstoff=\"1\"", "dstoff=\"2\"",
     "p.xml:6:1: dstoff 2 and 1 chunks from there are beyond the 2"},
    {"cnt=\"1\"", "cnt=\"0\"", "p.xml:5:1: cnt is '0'"},
    {"srcbuf=\"i\" srcoff=\"0\" cnt=\"1\"", "srcbuf=\"o\" srcoff=\"0\" cnt=\"2\"",
     "p.xml:12:1: it receives 1 chunks, the send at line 5 is of 2"},
    {"srcbuf=\"i\" srcoff=\"0\" cnt=\"1\" ", "srcbuf=\"o\" srcoff=\"0\" cnt=\"1\" ",
     "p.xml:5:1: it sends a chunk that holds nothing"},
    {"srcbuf=\"i\" srcoff=\"0\" cnt=\"1\" ", "srcbuf=\"s\" srcoff=\"0\" cnt=\"1\" ",
     "p.xml:5:1: it sends a chunk that holds nothing"},
    {"depid=\"-1\" deps=\"-1\"", "depid=\"1\" deps=\"0\"",
     "p.xml:5:1: it waits for step 0 of threadblock 1, which GPU 0 has not"},
    {"depid=\"-1\" deps=\"-1\"", "depid=\"0\" deps=\"2\"",
     "p.xml:5:1: it waits for step 2 of threadblock 0"},
    {"depid=\"-1\" deps=\"-1\"", "depid=\"0\" deps=\"1\"",
     "p.xml:5:1: steps wait for each other in a circle"},
    {"recv=\"0\" chan=\"0\"", "recv=\"0\" chan=\"1\"", "p.xml:4:1: nobody receives from GPU 0"},
    {"<step s=\"1\" type=\"r\" dstbuf=\"o\" dstoff=\"0\" cnt=\"1\"/>\n", "",
     "p.xml:4:1: nobody receives from GPU 0 on channel 0 at GPU 1"},
    {"</tb>\n</gpu>\n<gpu id=\"1\">",
     "</tb>\n<tb id=\"1\" send=\"1\" recv=\"-1\"><step s=\"0\" type=\"s\" srcbuf=\"i\" "
     "srcoff=\"0\" "
     "cnt=\"1\"/></tb></gpu>\n<gpu id=\"1\">",
     "p.xml:8:1: two threadblocks of GPU 0 send to GPU 1 on channel 0"},
    {"type=\"r\" dstbuf=\"o\"", "type=\"r\" dstbuf=\"i\"", "beyond the 1 of 'i'"},
    {"type=\"r\" dstbuf=\"o\" dstoff=\"1\"", "type=\"r\" dstbuf=\"i\" dstoff=\"0\"",
     "p.xml:6:1: it writes to its input, and the program is not in place"},
    {"type=\"r\" dstbuf=\"o\" dstoff=\"1\"",
     "type=\"rrc\" srcbuf=\"o\" srcoff=\"1\" dstbuf=\"o\" "
     "dstoff=\"1\"",
     "p.xml:6:1: it adds to a chunk that holds nothing"},
    {"<step s=\"1\" type=\"r\"",
     "<step s=\"1\" type=\"cpy\" srcbuf=\"i\" srcoff=\"0\" dstbuf=\"s\" dstoff=\"0\" cnt=\"1\"/>"
     "<step s=\"2\" type=\"r\"",
     "p.xml:6:1: chips move data on links only: a local 'cpy'"},
    {"</algo>", "<algo/>", "p.xml:15:1: <algo> where <gpu> was expected"},
    {"</algo>", "</algo><algo/>", "p.xml:15:8: a second <algo>"},
    {"</algo>\n", "", "p.xml:15:1: the text ends inside <algo>"},
    {"</gpu>\n</algo>", "</gpu>\n<gpu id=\"2\"/></algo>", "p.xml:15:1: more than 2 GPUs"},
    {"<gpu id=\"0\" s", "words<gpu id=\"0\" s", "text between the elements"},
    {"<?xml version=\"1.0\"?>", "<!DOCTYPE x>", "p.xml:1:1: document types and CDATA"},
    {"<tb id=\"0\" send=\"1\"", "<tb id=\"0\" send=1", "attribute 'send' has no quoted value"},
    {"dstoff=\"1\"", "dstoff=\"0\"", "the result is"}, /* a wrong program is not proved */
};

static void faults_have_places(void **state) {
  (void)state;
  outcome o = run_program(good, strlen(good), "mesh:2", unit_timing(), 320);
  if (o.status != RS_OK) fail_msg("%s", o.message);
  assert_int_equal(o.makespan_cycles, 1);
  for (size_t i = 0; i < RS_COUNT_OF(faults); i++) {
    const char *at = strstr(good, faults[i].from);
    if (at == NULL) fail_msg("'%s' is not in the text", faults[i].from);
    rs_arena *arena = rs_arena_create(0);
    char *text = rs_arena_printf(arena, "%.*s%s%s", (int)(at - good), good, faults[i].to,
                                 at + strlen(faults[i].from));
    o = run_program(text, strlen(text), "mesh:2", unit_timing(), 320);
    if (o.status == RS_OK || strstr(o.message, faults[i].words) == NULL) {
      fail_msg("'%s' -> '%s': '%s' does not say '%s'", faults[i].from, faults[i].to, o.message,
               faults[i].words);
    }
    rs_arena_destroy(arena);
  }
  o = run_program(good, strlen(good), "mesh:3", unit_timing(), 320);
  assert_non_null(strstr(o.message, "the program is for 2 GPUs, the group has 3 chips"));
}

/* A header of a billion GPUs or chunks allocates nothing. */
static void promises_allocate_nothing(void **state) {
  static const char *const texts[] = {
      "<algo nchunksperloop=\"65536\" ngpus=\"65536\" coll=\"allgather\"></algo>",
      "<algo nchunksperloop=\"1048576\" ngpus=\"2\" coll=\"allreduce\"></algo>",
      "<algo nchunksperloop=\"999999999\" ngpus=\"2\" coll=\"allreduce\"></algo>"};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    rs_diag diag = {0};
    const rs_msccl *program;
    rs_arena *arena = rs_arena_create((size_t)1 << 20);
    assert_int_equal(rs_msccl_parse(arena, "p", texts[i], strlen(texts[i]), &program, &diag),
                     RS_E_INPUT);
    rs_arena_destroy(arena);
  }
}

static void truncated_programs_are_refused(void **state) {
  (void)state;
  for (size_t length = 0; length + 1 < sizeof good - 1; length++) {
    rs_diag diag = {0};
    const rs_msccl *program;
    rs_arena *arena = rs_arena_create(0);
    char *text = rs_arena_strndup(arena, good, length);
    assert_int_equal(rs_msccl_parse(arena, "p", text, length, &program, &diag), RS_E_INPUT);
    assert_true(diag.line >= 1);
    rs_arena_destroy(arena);
  }
}

/* Edits of a program that does everything: what is taken compiles or is refused, and what compiles is
 * proved or refused; nothing worse. */
static void mutants_are_harmless(void **state) {
  static const char alphabet[] = "0123456789-\"<>/ =iosrcpy\n\xff";
  rs_text text;
  uint64_t taken = 0, proved = 0;
  (void)state;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  begin(&sink, "allreduce", 3, 3, 1);
  for (int i = 0; i < 3; i++) {
    begin_gpu(&sink, i, 1);
    begin_block(&sink, 0, (i + 1) % 3, (i + 2) % 3);
    step(&sink, 0, "s", "i", i, "i", i, -1, -1);
    step(&sink, 1, "rrs", "i", (i + 2) % 3, "i", 0, -1, -1);
    step(&sink, 2, "rrcs", "i", (i + 1) % 3, "i", (i + 1) % 3, -1, -1);
    step(&sink, 3, "rcs", "i", 0, "i", i, -1, -1);
    step(&sink, 4, "r", "i", 0, "s", 0, -1, -1);
    step(&sink, 5, "cpy", "s", 0, "i", (i + 2) % 3, 0, 4);
    rs_sink_put(&sink, "</tb></gpu>\n");
  }
  rs_sink_put(&sink, "</algo>\n");
  outcome whole = run_text(&text, "ring:3");
  if (whole.status != RS_OK) fail_msg("%s", whole.message);
  for (uint64_t seed = 0; seed < 6000; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 11);
    char *mutant = malloc(text.length);
    memcpy(mutant, text.bytes, text.length);
    uint64_t edits = 1 + rs_random_below(&random, 3);
    for (uint64_t k = 0; k < edits; k++) {
      size_t at = rs_random_below(&random, text.length);
      if (rs_random_below(&random, 2) == 0) { /* digits become others: more stays well formed */
        while (mutant[at] < '0' || mutant[at] > '9') at = (at + 1) % text.length;
        mutant[at] = (char)('0' + rs_random_below(&random, 5));
      } else {
        mutant[at] = alphabet[rs_random_below(&random, sizeof alphabet)];
      }
    }
    outcome o = run_program(mutant, text.length, "ring:3", unit_timing(), 320);
    taken += o.status == RS_OK || o.status == RS_E_REFUSED || o.status == RS_E_INFEASIBLE;
    proved += o.status == RS_OK;
    free(mutant);
  }
  print_message("6000 mutants: %llu taken, %llu proved\n", (unsigned long long)taken,
                (unsigned long long)proved);
  assert_true(taken > 100 && proved < taken);
  rs_text_deinit(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ring_takes_its_hops),
      cmocka_unit_test(exchanges_do_not_wait_for_each_other),
      cmocka_unit_test(local_adds_become_adds_on_arrival),
      cmocka_unit_test(local_adds_of_parts),
      cmocka_unit_test(local_copies_and_relays),
      cmocka_unit_test(sums_out_of_place),
      cmocka_unit_test(compiled_schedules_come_back),
      cmocka_unit_test(relays_outside_have_no_program),
      cmocka_unit_test(faults_have_places),
      cmocka_unit_test(promises_allocate_nothing),
      cmocka_unit_test(truncated_programs_are_refused),
      cmocka_unit_test(mutants_are_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

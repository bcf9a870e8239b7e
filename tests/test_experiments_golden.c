/*
 * The golden suite: every algorithm on wirings of every family, compiled, proved, played, and held
 * against tests/golden/schedules.csv.
 *
 * Four makespans must be one: the compiler's, those of both provers, and the player's; a fifth, by
 * formula, stands where one hop is all there is (closed_form). None may be below the lower bound.
 *
 * A line of the file is a case (topology, collective, algorithm, bytes, timing) and its results. The
 * cases are made here from a list of wirings and the table of algorithms, so a new algorithm or
 * wiring shows as new lines. What differs is printed line by line, old -> new. `accept` as argument
 * writes the file anew, for a person to review with git diff.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_checker.h"
#include "rs_cli.h"
#include "rs_collective.h"
#include "rs_player.h"
#include "rs_test.h"
#include "rs_test_stream.h"

#define GOLDEN_FILE RS_TEST_DATA "/golden/schedules.csv"
#define HEADER                                                                     \
  "topology,collective,algorithm,bytes,timing,makespan_cycles,lower_bound_cycles," \
  "bursts,digest"
#define VALUES 4 /* columns that are results; those before them are the key */
#define LINES_MAX 8192
#define SHOWN_MAX 40
#define STREAMED_MAX 4000 /* bursts; larger ones take longer and say no more */

/* ---- the cases ---- */

/* One of each family, small enough for every algorithm; relays, odd sizes and one-way links too. */
static const char *const small[] = {"mesh:8",
                                    "ring:6",
                                    "torus:4x4",
                                    "torus:3x3x3",
                                    "hypercube:4",
                                    "hyperx:3x4",
                                    "grid:3x4",
                                    "d3:2,3",
                                    "dragonfly:a=4,h=2",
                                    "polarfly:3",
                                    "polarstar:2,paley5",
                                    "bundlefly:3,5",
                                    "kautz:2,3",
                                    "kautz:2,3,directed",
                                    "debruijn:2,4",
                                    "imase-itoh:3,14",
                                    "slimfly:5",
                                    "realscale:16",
                                    "realscale:72"};

/* What is tried on each of them. */
static const struct {
  int64_t bytes;
  const char *timing;
} sizes[] = {{320, "unit"}, {16384, "groqchip1"}, {1 << 20, "groqchip1"}};

/* Larger machines: the best algorithm of a kind. */
static const struct {
  const char *topology;
  rs_collective_kind kind;
  int64_t bytes;
  const char *timing;
} large[] = {
    {"realscale:264", RS_ALL_REDUCE, 320, "unit"},
    {"realscale:264", RS_ALL_REDUCE, 16384, "groqchip1"},
    {"realscale:264", RS_ALL_GATHER, 320, "unit"},
    {"realscale:264", RS_REDUCE_SCATTER, 320, "unit"},
    {"realscale:264", RS_ALL_TO_ALL, 320, "unit"},
    {"realscale:264", RS_BROADCAST, 16384, "groqchip1"},
    {"realscale:264", RS_REDUCE, 16384, "groqchip1"},
    {"realscale:264", RS_SCATTER, 320, "unit"},
    {"realscale:264", RS_GATHER, 320, "unit"},
    {"torus:4x4x4", RS_ALL_GATHER, 320, "unit"},
    {"torus:4x4x4", RS_ALL_TO_ALL, 320, "unit"},
    {"lps:11,7", RS_ALL_GATHER, 320, "unit"},
    {"polarfly:13", RS_ALL_GATHER, 320, "unit"},
};

typedef struct golden_case {
  const char *topology;
  rs_collective_kind kind;
  const char *algorithm;
  int64_t bytes;
  const char *timing;
} golden_case;

typedef struct golden_line {
  char *key;
  char *values;
} golden_line;

typedef struct golden {
  rs_arena *arena;
  golden_line lines[LINES_MAX];
  size_t count;
  size_t at_bound, by_formula;
} golden;

/* ---- one case ---- */

/*
 * All chips have a cable to each other, nothing is relayed and every link carries one block: from the
 * first departure to the last vector in memory.
 *   send + latency + ceil((V - 1) q) + receive, and add where the vector is summed on arrival.
 */
static int64_t closed_form(const golden_case *c, const rs_timing *t) {
  bool is_trees = strcmp(c->algorithm, "trees") == 0;
  bool copies = (c->kind == RS_ALL_GATHER && is_trees) || c->kind == RS_SCATTER ||
                c->kind == RS_GATHER ||
                (c->kind == RS_ALL_TO_ALL && strcmp(c->algorithm, "paths") == 0);
  bool sums = (c->kind == RS_REDUCE_SCATTER && is_trees) ||
              (c->kind == RS_ALL_REDUCE && strcmp(c->algorithm, "one-shot") == 0);
  if (strncmp(c->topology, "mesh:", 5) != 0 || !(copies || sums)) return -1;
  return t->send_cycles + t->latency_cycles[RS_CABLE_NODE] +
         rs_timing_slots(t, rs_timing_vectors(t, c->bytes) - 1) + t->receive_cycles +
         (sums ? t->add_cycles : 0);
}

static void append_line(golden *g, const golden_case *c, int64_t makespan, int64_t bound,
                        rs_schedule *schedule) {
  assert_true(g->count < LINES_MAX);
  golden_line *line = &g->lines[g->count++];
  const char *quote = strchr(c->topology, ',') == NULL ? "" : "\"";
  line->key = rs_arena_printf(g->arena, "%s%s%s,%s,%s,%" PRId64 ",%s", quote, c->topology, quote,
                              rs_collective_kind_word(c->kind), c->algorithm, c->bytes, c->timing);
  line->values =
      rs_arena_printf(g->arena, "%" PRId64 ",%" PRId64 ",%" PRIu64 ",%016" PRIx64, makespan, bound,
                      schedule->burst_count, rs_schedule_digest(schedule));
  assert_non_null(line->key);
  assert_non_null(line->values);
}

/* The compiler's makespan against those of the checker, the player and the formula. */
static void agree(golden *g, const golden_case *c, const rs_schedule *schedule,
                  const rs_wiring *wiring, int64_t makespan, int64_t bound) {
  rs_diag diag = {0};
  const rs_check_options check_options = {.seed = 0};
  const rs_play_options play_options = {.fidelity = RS_FIDELITY_BURST};
  rs_check_report report;
  rs_play play;
  assert_ok(rs_checker_run(schedule, wiring, &check_options, &report, &diag), &diag);
  assert_ok(rs_player_run(schedule, wiring, &play_options, &play, &diag), &diag);
  if (schedule->burst_count <= STREAMED_MAX) {
    assert_ok(stream_agrees(schedule, wiring, 0, true, &report), &diag);
  }
  int64_t formula = closed_form(c, &schedule->timing);
  bool agrees = report.makespan_cycles == makespan && play.makespan_cycles == makespan &&
                (formula < 0 || formula == makespan) && bound <= makespan;
  if (!agrees) {
    fail_msg("%s %s %s %" PRId64 " B %s: compiler %" PRId64 ", checker %" PRId64 ", player %" PRId64
             ", formula %" PRId64 ", bound %" PRId64,
             c->topology, rs_collective_kind_word(c->kind), c->algorithm, c->bytes, c->timing,
             makespan, report.makespan_cycles, play.makespan_cycles, formula, bound);
  }
  g->at_bound += makespan == bound;
  g->by_formula += formula >= 0;
}

/* A case that no schedule fits (an algorithm for other wirings) has no line. */
static void run_case(golden *g, const golden_case *c, const rs_wiring *wiring) {
  rs_diag diag = {0};
  rs_timing timing;
  rs_compile_report report;
  rs_bound bound;
  rs_arena *arena = rs_arena_create(0);
  assert_ok(rs_cli_find_timing(c->timing, &timing, &diag), &diag);
  uint32_t *chips = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  rs_schedule *schedule = rs_schedule_create(arena, wiring, c->topology, &timing);
  rs_calendar *calendar = rs_calendar_create(arena, wiring, &timing);
  assert_non_null(chips);
  assert_non_null(schedule);
  assert_non_null(calendar);
  for (uint32_t i = 0; i < wiring->chip_count; i++) chips[i] = i;
  bool rooted = c->kind == RS_BROADCAST || c->kind == RS_REDUCE || c->kind == RS_SCATTER ||
                c->kind == RS_GATHER;
  uint32_t even = wiring->chip_count / 2 * 2; /* a send has pairs: 0 to 1, 2 to 3, … */
  rs_collective_request request = {.kind = c->kind,
                                   .algorithm = c->algorithm,
                                   .chips = chips,
                                   .chip_count = c->kind == RS_SEND ? even : wiring->chip_count,
                                   .root = rooted ? 0 : RS_NONE,
                                   .block_bytes = c->bytes};
  rs_status status =
      rs_collective_compile(schedule, wiring, calendar, &request, NULL, &report, &diag);
  if (status == RS_OK) {
    assert_ok(rs_collective_bound(arena, wiring, &timing, &request, &bound, &diag), &diag);
    agree(g, c, schedule, wiring, report.makespan_cycles, bound.cycles);
    append_line(g, c, report.makespan_cycles, bound.cycles, schedule);
  } else if (status != RS_E_INFEASIBLE) {
    assert_ok(status, &diag);
  }
  rs_arena_destroy(arena);
}

static void run_algorithms(golden *g, const char *topology, const rs_wiring *wiring) {
  size_t count;
  const rs_collective_algorithm *rows = rs_collective_algorithms(&count);
  for (size_t i = 0; i < count; i++) {
    for (size_t s = 0; s < RS_COUNT_OF(sizes); s++) {
      golden_case c = {topology, rows[i].kind, rows[i].name, sizes[s].bytes, sizes[s].timing};
      run_case(g, &c, wiring);
    }
  }
}

/* *topology becomes the canonical spec, so that a digest is that of `realscale compile -o`. */
static const rs_wiring *build(rs_arena *arena, const char **topology) {
  rs_diag diag = {0};
  const rs_wiring *wiring = NULL;
  assert_ok(rs_cli_build_topology(arena, *topology, topology, &wiring, &diag), &diag);
  return wiring;
}

static golden *run_all(rs_arena *arena) {
  golden *g = RS_ARENA_NEW(arena, golden, 1);
  assert_non_null(g);
  g->arena = arena;
  for (size_t i = 0; i < RS_COUNT_OF(small); i++) {
    const char *topology = small[i];
    const rs_wiring *wiring = build(arena, &topology);
    run_algorithms(g, topology, wiring);
  }
  for (size_t i = 0; i < RS_COUNT_OF(large); i++) {
    golden_case c = {large[i].topology, large[i].kind, "auto", large[i].bytes, large[i].timing};
    const rs_wiring *wiring = build(arena, &c.topology);
    run_case(g, &c, wiring);
  }
  return g;
}

/* ---- the file ---- */

/* Cuts a line into key and values at its VALUES-th comma from the right. */
static golden_line split_line(char *line) {
  char *cut = line + strlen(line);
  for (int k = 0; k < VALUES; k++) {
    do {
      if (cut == line) fail_msg("%s: a line without %d values: %s", GOLDEN_FILE, VALUES, line);
      cut--;
    } while (*cut != ',');
  }
  *cut = '\0';
  return (golden_line){line, cut + 1};
}

static golden *read_file(rs_arena *arena) {
  char *text;
  size_t length;
  rs_diag diag = {0};
  golden *g = RS_ARENA_NEW(arena, golden, 1);
  assert_non_null(g);
  assert_ok(rs_file_read(arena, GOLDEN_FILE, (size_t)1 << 26, &text, &length, &diag), &diag);
  char *rest = NULL;
  char *line = strtok_r(text, "\n", &rest);
  if (line == NULL || strcmp(line, HEADER) != 0) fail_msg("%s: another header", GOLDEN_FILE);
  while ((line = strtok_r(NULL, "\n", &rest)) != NULL) {
    assert_true(g->count < LINES_MAX);
    g->lines[g->count++] = split_line(line);
  }
  return g;
}

static void write_file(const golden *g) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_diag diag = {0};
  rs_sink_put(&sink, HEADER "\n");
  for (size_t i = 0; i < g->count; i++) {
    rs_sink_printf(&sink, "%s,%s\n", g->lines[i].key, g->lines[i].values);
  }
  assert_ok(rs_file_write(GOLDEN_FILE, text.bytes, text.length, &diag), &diag);
  rs_text_deinit(&text);
  print_message("%zu lines in %s\n", g->count, GOLDEN_FILE);
}

/* ---- what changed ---- */

typedef struct difference {
  size_t changed, faster, slower, added, gone;
} difference;

static const golden_line *find(const golden *g, const char *key, size_t guess) {
  if (guess < g->count && strcmp(g->lines[guess].key, key) == 0) return &g->lines[guess];
  for (size_t i = 0; i < g->count; i++) {
    if (strcmp(g->lines[i].key, key) == 0) return &g->lines[i];
  }
  return NULL;
}

/* "makespan_cycles 1588 -> 1496 (-5.8 %); bursts …": the columns that differ. */
static void describe(const char *before, const char *after, char *text, size_t size) {
  static const char *const names[VALUES] = {"makespan_cycles", "lower_bound_cycles", "bursts",
                                            "digest"};
  size_t used = 0;
  text[0] = '\0';
  for (int k = 0; k < VALUES; k++) {
    int a = (int)strcspn(before, ",");
    int b = (int)strcspn(after, ",");
    bool same = a == b && strncmp(before, after, (size_t)a) == 0;
    if (!same && used < size) {
      int wrote = snprintf(text + used, size - used, "%s%s %.*s -> %.*s", used == 0 ? "" : "; ",
                           names[k], a, before, b, after);
      used += (size_t)RS_MAX(wrote, 0);
    }
    double old_value = strtod(before, NULL);
    if (!same && k == 0 && old_value > 0 && used < size) {
      double percent = 100 * (strtod(after, NULL) - old_value) / old_value;
      used += (size_t)RS_MAX(snprintf(text + used, size - used, " (%+.1f %%)", percent), 0);
    }
    before += (size_t)a + (before[a] == ',' ? 1 : 0);
    after += (size_t)b + (after[b] == ',' ? 1 : 0);
  }
}

static void compare_line(const golden_line *before, const golden_line *after, difference *d) {
  char text[256];
  if (before != NULL && after != NULL && strcmp(before->values, after->values) == 0) return;
  size_t shown = d->changed + d->added + d->gone;
  if (before == NULL) {
    d->added++;
    snprintf(text, sizeof text, "new: %s", after->values);
  } else if (after == NULL) {
    d->gone++;
    snprintf(text, sizeof text, "gone: %s", before->values);
  } else {
    int64_t old_cycles = strtoll(before->values, NULL, 10);
    int64_t new_cycles = strtoll(after->values, NULL, 10);
    d->changed++;
    d->faster += new_cycles < old_cycles;
    d->slower += new_cycles > old_cycles;
    describe(before->values, after->values, text, sizeof text);
  }
  if (shown < SHOWN_MAX) {
    print_message("  %-60s %s\n", before != NULL ? before->key : after->key, text);
  }
  if (shown == SHOWN_MAX) print_message("  …\n");
}

static difference compare(const golden *before, const golden *after) {
  difference d = {0};
  for (size_t i = 0; i < after->count; i++) {
    compare_line(find(before, after->lines[i].key, i), &after->lines[i], &d);
  }
  for (size_t i = 0; i < before->count; i++) {
    if (find(after, before->lines[i].key, i) == NULL) compare_line(&before->lines[i], NULL, &d);
  }
  return d;
}

/* ---- the tests ---- */

static void schedules_are_as_accepted(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  golden *now = run_all(arena);
  golden *accepted = read_file(arena);
  difference d = compare(accepted, now);
  print_message("%zu schedules: %zu at their lower bound, %zu makespans also by formula\n",
                now->count, now->at_bound, now->by_formula);
  assert_true(now->by_formula >= 18);
  if (d.changed + d.added + d.gone > 0) {
    fail_msg(
        "%zu lines changed (%zu faster, %zu slower), %zu new, %zu gone; if that is meant: "
        "./bootstrap.sh accept, and review `git diff tests/golden`",
        d.changed, d.faster, d.slower, d.added, d.gone);
  }
  rs_arena_destroy(arena);
}

/* The comparison itself, on lines written by hand: one faster, one slower, one new, one gone, and one
 * of which only the digest differs. */
static void differences_are_seen(void **state) {
  static golden before, after;
  char text[256];
  (void)state;
  before.count = after.count = 0;
  before.lines[before.count++] = (golden_line){(char[]){"a"}, (char[]){"100,90,7,00ff"}};
  before.lines[before.count++] = (golden_line){(char[]){"b"}, (char[]){"100,90,7,00ff"}};
  before.lines[before.count++] = (golden_line){(char[]){"c"}, (char[]){"100,90,7,00ff"}};
  before.lines[before.count++] = (golden_line){(char[]){"d"}, (char[]){"100,90,7,00ff"}};
  before.lines[before.count++] = (golden_line){(char[]){"e"}, (char[]){"100,90,7,00ff"}};
  after.lines[after.count++] = (golden_line){(char[]){"b"}, (char[]){"101,90,7,00fe"}};
  after.lines[after.count++] = (golden_line){(char[]){"a"}, (char[]){"95,90,8,00fe"}};
  after.lines[after.count++] = (golden_line){(char[]){"f"}, (char[]){"1,1,1,0000"}};
  after.lines[after.count++] = (golden_line){(char[]){"d"}, (char[]){"100,90,7,00ff"}};
  after.lines[after.count++] = (golden_line){(char[]){"e"}, (char[]){"100,90,7,11ff"}};
  difference d = compare(&before, &after);
  assert_int_equal(d.changed, 3);
  assert_int_equal(d.faster, 1);
  assert_int_equal(d.slower, 1);
  assert_int_equal(d.added, 1);
  assert_int_equal(d.gone, 1);
  describe("100,90,7,00ff", "95,90,8,00fe", text, sizeof text);
  assert_string_equal(text,
                      "makespan_cycles 100 -> 95 (-5.0 %); bursts 7 -> 8; digest 00ff -> 00fe");
}

static void accept_this_build(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  write_file(run_all(arena));
  rs_arena_destroy(arena);
}

int main(int argc, char **argv) {
  const struct CMUnitTest accept[] = {cmocka_unit_test(accept_this_build)};
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(schedules_are_as_accepted),
      cmocka_unit_test(differences_are_seen),
  };
  if (argc == 2 && strcmp(argv[1], "accept") == 0) {
    return cmocka_run_group_tests(accept, NULL, NULL);
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}

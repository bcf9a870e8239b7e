/*
 * Comparing schedules while they are read: against a comparison that keeps everything, on changes made
 * by seed, with windows that hold all and windows that do not; operations, links and labels that have
 * other numbers; and what windows cannot hold.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rs_random.h"
#include "rs_schedule_diff.h"
#include "rs_test_schedule.h"

/* ---- schedules as sources ---- */

typedef struct input {
  rs_text text;
  size_t at;
  const rs_wiring *wiring;
} input;

static ptrdiff_t read_input(void *context, char *bytes, size_t capacity) {
  input *in = context;
  size_t count = RS_MIN(capacity, in->text.length - in->at);
  memcpy(bytes, in->text.bytes + in->at, count);
  in->at += count;
  return (ptrdiff_t)count;
}

static rs_status provide(void *context, const char *topology, rs_arena *arena,
                         const rs_wiring **wiring, rs_diag *diag) {
  (void)topology;
  (void)arena;
  (void)diag;
  *wiring = ((input *)context)->wiring;
  return RS_OK;
}

static void print_to(input *in, rs_schedule *s, const rs_wiring *w) {
  rs_diag diag = {0};
  *in = (input){.wiring = w};
  rs_text_init(&in->text);
  rs_sink sink = rs_text_sink(&in->text);
  assert_ok(rs_schedule_print(s, w, &sink, &diag), &diag);
}

static rs_status run_pass(rs_arena *arena, input inputs[2], const rs_diff_options *options,
                          rs_diff *diff) {
  rs_schedule_reader *readers[2];
  rs_diag diag = {0};
  for (int i = 0; i < 2; i++) {
    rs_source source = {read_input, &inputs[i]};
    inputs[i].at = 0;
    assert_ok(rs_schedule_reader_open(arena, "x", &source, provide, &inputs[i], &readers[i], &diag),
              &diag);
  }
  rs_status status = rs_diff_run(arena, readers, options, diff, &diag);
  for (int i = 0; i < 2; i++) rs_schedule_reader_close(readers[i]);
  return status;
}

/* As `realscale diff` does it: more parts until the window holds each. Returns how many it took. */
static uint32_t compare(rs_arena *arena, input inputs[2], size_t most, uint32_t window,
                        rs_diff *diff) {
  for (uint32_t parts = 1;; parts *= 2) {
    rs_status status = RS_OK;
    *diff = (rs_diff){0};
    for (uint32_t part = 0; part < parts && status == RS_OK; part++) {
      const rs_diff_options options = {most, window, part, parts};
      status = run_pass(arena, inputs, &options, diff);
    }
    if (status == RS_OK) return parts;
    assert_int_equal(status, RS_E_LIMIT);
  }
}

static void compare_schedules(rs_arena *arena, rs_schedule *before, const rs_wiring *wiring_before,
                              rs_schedule *after, const rs_wiring *wiring_after, rs_diff *diff) {
  input inputs[2];
  print_to(&inputs[0], before, wiring_before);
  print_to(&inputs[1], after, wiring_after);
  assert_int_equal(compare(arena, inputs, 10, 1000, diff), 1);
  for (int i = 0; i < 2; i++) rs_text_deinit(&inputs[i].text);
}

/* ---- by hand ---- */

/* A one-shot on 3 chips is 6 bursts at cycle 0 of 5 vectors: the last of them leaves at cycle 4, comes at
 * 5. One burst starts 7 later (and comes at 12), one is gone, and one is new: at 20, there at 21. */
static void changes_are_told_apart(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 3, false);
  rs_timing t;
  rs_diff d;
  rs_timing_init_unit(&t);
  rs_schedule *a = make_one_shot(arena, w, &t, 5);
  rs_schedule *b = make_one_shot(arena, w, &t, 5);
  b->bursts[3].start_cycles = 7;
  b->bursts[5].start_cycles = 20;
  b->bursts[5].source_offset = 4;
  b->bursts[5].count = 1;
  compare_schedules(arena, a, w, b, w, &d);
  assert_false(d.headers_differ);
  assert_false(rs_diff_is_empty(&d));
  assert_int_equal(d.sides[0].makespan_cycles, 5);
  assert_int_equal(d.sides[1].makespan_cycles, 21);
  assert_int_equal(d.sides[1].op_end_cycles[0], 21);
  assert_int_equal(d.sides[0].op_changes[0], 2);
  assert_int_equal(d.sides[1].op_changes[0], 2);
  assert_int_equal(d.sides[0].links_used, 6);
  assert_int_equal(d.sides[0].bursts, 6);
  for (int kind = 0; kind < RS_CHANGE_KIND_COUNT; kind++) {
    assert_int_equal(d.changed[RS_RECORD_BURST][kind], 1);
    assert_int_equal(d.changed[RS_RECORD_COMPUTE][kind], 0);
    assert_int_equal(d.shown[kind].count, 1);
  }
  assert_int_equal(d.earlier, 0);
  assert_int_equal(d.later, 1);
  assert_int_equal(d.shift_cycles_max, 7);
  assert_int_equal(d.shift_cycles_min, 0);
  assert_int_equal(d.shown[RS_CHANGE_MOVED].changes[0].shift_cycles, 7);
  /* both the move and the removal begin at cycle 0; link 1>2 comes before link 2>1 */
  assert_int_equal(d.first.kind, RS_CHANGE_MOVED);
  assert_int_equal(d.shown[RS_CHANGE_ADDED].changes[0].after.burst.start_cycles, 20);
  compare_schedules(arena, a, w, a, w, &d);
  assert_true(rs_diff_is_empty(&d));
  rs_arena_destroy(arena);
}

/* An operation in front of two gives them other numbers, and they have not changed for it. */
static void operations_are_paired_from_both_ends(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 3, false);
  rs_timing t;
  rs_diff d;
  rs_timing_init_unit(&t);
  rs_schedule *s[2];
  for (uint32_t i = 0; i < 2; i++) {
    s[i] = rs_schedule_create(arena, w, "", &t);
    add_op(s[i], RS_BROADCAST, 3, 1, 0, 1);
    if (i == 1) add_op(s[i], RS_BROADCAST, 3, 9, 0, 2);
    add_op(s[i], RS_BROADCAST, 3, 1, 0, 0);
    for (uint32_t op = 0; op < s[i]->op_count; op++) {
      add_burst(s[i], w, 0, 1, 10 * op, 1, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP)->op =
          op;
    }
  }
  compare_schedules(arena, s[0], w, s[1], w, &d);
  assert_true(d.headers_differ);
  assert_int_equal(d.sides[0].op_partner[0], 0);
  assert_int_equal(d.sides[0].op_partner[1], 2);
  assert_int_equal(d.sides[1].op_partner[1], RS_NONE);
  assert_int_equal(d.sides[1].op_partner[2], 1);
  assert_int_equal(d.changed[RS_RECORD_BURST][RS_CHANGE_ADDED], 1); /* of the new one */
  assert_int_equal(d.changed[RS_RECORD_BURST][RS_CHANGE_MOVED], 1); /* by ten cycles */
  assert_int_equal(d.changed[RS_RECORD_BURST][RS_CHANGE_REMOVED], 0);
  assert_int_equal(d.shift_cycles_max, 10);
  assert_int_equal(d.sides[1].op_changes[1], 1);
  assert_int_equal(d.sides[1].op_changes[2], 1);
  rs_arena_destroy(arena);
}

/* On a ring of 5 the link 1>2 has another number than on a mesh of 5, and is the same link; 0>2 has no
 * fellow on the ring. */
static void links_are_paired_by_their_ends(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *mesh = make_wiring(arena, 5, false);
  const rs_wiring *ring = make_wiring(arena, 5, true);
  rs_timing t;
  rs_diff d;
  rs_timing_init_unit(&t);
  rs_schedule *a = rs_schedule_create(arena, mesh, "", &t);
  rs_schedule *b = rs_schedule_create(arena, ring, "", &t);
  add_op(a, RS_BROADCAST, 5, 1, 0, 0);
  add_op(b, RS_BROADCAST, 5, 1, 0, 0);
  add_burst(a, mesh, 0, 2, 0, 1, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  add_burst(a, mesh, 1, 2, 3, 1, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  add_burst(b, ring, 1, 2, 3, 1, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  assert_int_not_equal(a->bursts[1].link, b->bursts[0].link);
  compare_schedules(arena, a, mesh, b, ring, &d);
  assert_true(d.headers_differ);
  assert_int_equal(d.changes, 1);
  assert_int_equal(d.changed[RS_RECORD_BURST][RS_CHANGE_REMOVED], 1);
  rs_arena_destroy(arena);
}

/* Labels are compared as texts: their numbers follow the order in which they come up. */
static void computes_are_compared_too(void **state) {
  (void)state;
  static const char *const labels[2][2] = {{"norm", "mlp"}, {"mlp", "norm"}};
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 3, false);
  rs_timing t;
  rs_diff d;
  rs_timing_init_unit(&t);
  rs_schedule *s[2];
  for (uint32_t i = 0; i < 2; i++) {
    s[i] = rs_schedule_create(arena, w, "", &t);
    for (uint32_t k = 0; k < 2; k++) {
      rs_compute c = {.start_cycles = 10 * (int64_t)k,
                      .cycles = 8,
                      .first_cycles = 8,
                      .reads_op = RS_NONE,
                      .writes_op = RS_NONE,
                      .label = rs_schedule_label(s[i], labels[i][k])};
      rs_schedule_add_compute(s[i], &c);
    }
  }
  compare_schedules(arena, s[0], w, s[1], w, &d); /* the two have changed places */
  assert_int_equal(d.changed[RS_RECORD_COMPUTE][RS_CHANGE_MOVED], 2);
  assert_int_equal(d.changes, 2);
  assert_int_equal(d.earlier, 1);
  assert_int_equal(d.sides[0].makespan_cycles, 18);
  s[1]->computes[0].cycles = 9;
  s[1]->computes[0].first_cycles = 9;
  compare_schedules(arena, s[0], w, s[1], w, &d);
  assert_int_equal(d.changed[RS_RECORD_COMPUTE][RS_CHANGE_MOVED], 1);
  assert_int_equal(d.changed[RS_RECORD_COMPUTE][RS_CHANGE_REMOVED], 1);
  assert_int_equal(d.changed[RS_RECORD_COMPUTE][RS_CHANGE_ADDED], 1);
  rs_arena_destroy(arena);
}

/* ---- against a comparison that keeps everything ---- */

static bool do_the_same(const rs_burst *a, const rs_burst *b) {
  return a->op == b->op && a->link == b->link && a->count == b->count && a->stride == b->stride &&
         a->source == b->source && a->source_offset == b->source_offset && a->target == b->target &&
         a->target_offset == b->target_offset && a->action == b->action;
}

/* The k-th of one with the k-th of the other: each takes the first of its like that is left. */
static void count_plainly(const rs_schedule *a, const rs_schedule *b,
                          uint64_t counts[RS_CHANGE_KIND_COUNT]) {
  bool *taken = calloc(b->burst_count + 1, sizeof *taken);
  uint64_t paired = 0;
  memset(counts, 0, RS_CHANGE_KIND_COUNT * sizeof *counts);
  for (uint64_t i = 0; i < a->burst_count; i++) {
    uint64_t k = 0;
    while (k < b->burst_count && (taken[k] || !do_the_same(&a->bursts[i], &b->bursts[k]))) k++;
    if (k == b->burst_count) {
      counts[RS_CHANGE_REMOVED]++;
      continue;
    }
    taken[k] = true;
    paired++;
    counts[RS_CHANGE_MOVED] += a->bursts[i].start_cycles != b->bursts[k].start_cycles ? 1 : 0;
  }
  counts[RS_CHANGE_ADDED] = b->burst_count - paired;
  free(taken);
}

static rs_schedule *make_random(rs_arena *arena, const rs_wiring *w, rs_random *random,
                                uint32_t bursts) {
  rs_timing t;
  rs_timing_init_unit(&t);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_BROADCAST, 4, 3, 2, 0);
  add_op(s, RS_BROADCAST, 4, 3, 2, 0);
  for (uint32_t i = 0; i < bursts; i++) {
    rs_burst b = {.start_cycles = (int64_t)rs_random_below(random, 50),
                  .count = 1,
                  .source_offset = (int64_t)rs_random_below(random, 3),
                  .target_offset = (int64_t)rs_random_below(random, 2),
                  .link = (uint32_t)rs_random_below(random, w->link_count),
                  .op = (uint32_t)rs_random_below(random, 2),
                  .stride = 1,
                  .source = RS_BUFFER_OUT,
                  .target = (uint8_t)(rs_random_below(random, 2) ? RS_BUFFER_OUT : RS_BUFFER_TMP),
                  .action = RS_ACTION_KEEP};
    rs_schedule_add_burst(s, &b);
  }
  rs_schedule_sort(s);
  return s;
}

/* Some bursts leave, some move, some are new; with `change` 100 it is another schedule altogether. */
static rs_schedule *make_changed(rs_arena *arena, const rs_wiring *w, rs_random *random,
                                 const rs_schedule *before, uint32_t change) {
  rs_schedule *after = make_random(arena, w, random, (uint32_t)rs_random_below(random, 20));
  for (uint64_t i = 0; i < before->burst_count; i++) {
    rs_burst b = before->bursts[i];
    bool changes = rs_random_below(random, 100) < change;
    if (changes && rs_random_below(random, 3) == 0) continue;
    if (changes) b.start_cycles = (int64_t)rs_random_below(random, 400);
    rs_schedule_add_burst(after, &b);
  }
  rs_schedule_sort(after);
  return after;
}

static void assert_same_changes(const rs_diff *a, const rs_diff *b) {
  assert_memory_equal(a->changed, b->changed, sizeof a->changed);
  assert_int_equal(a->earlier, b->earlier);
  assert_int_equal(a->later, b->later);
  assert_int_equal(a->shift_cycles_min, b->shift_cycles_min);
  assert_int_equal(a->shift_cycles_max, b->shift_cycles_max);
  assert_int_equal(a->sides[0].makespan_cycles, b->sides[0].makespan_cycles);
  assert_int_equal(a->sides[1].links_used, b->sides[1].links_used);
  for (int kind = 0; kind < RS_CHANGE_KIND_COUNT; kind++) {
    assert_int_equal(a->shown[kind].count, b->shown[kind].count);
    for (size_t i = 0; i < a->shown[kind].count; i++) {
      const rs_change *x = &a->shown[kind].changes[i];
      const rs_change *y = &b->shown[kind].changes[i];
      assert_int_equal(x->shift_cycles, y->shift_cycles);
      assert_true(x->kind == RS_CHANGE_ADDED || do_the_same(&x->before.burst, &y->before.burst));
      assert_true(x->kind == RS_CHANGE_REMOVED || do_the_same(&x->after.burst, &y->after.burst));
    }
  }
}

static void windows_and_passes_do_not_decide(void **state) {
  (void)state;
  uint32_t parts_most = 0;
  rs_random random;
  rs_random_init(&random, 20, 0);
  for (uint32_t round = 0; round < 200; round++) {
    rs_arena *arena = rs_arena_create(0);
    const rs_wiring *w = make_wiring(arena, 4, false);
    rs_schedule *s[2];
    rs_diff whole, parted;
    rs_play play;
    rs_diag diag = {0};
    uint64_t counts[RS_CHANGE_KIND_COUNT];
    input inputs[2];
    s[0] = make_random(arena, w, &random, 1 + (uint32_t)rs_random_below(&random, 300));
    s[1] = make_changed(arena, w, &random, s[0], round % 5 * 25);
    for (int i = 0; i < 2; i++) print_to(&inputs[i], s[i], w);
    size_t most = round % 7;
    assert_int_equal(compare(arena, inputs, most, 1000, &whole), 1);
    uint32_t parts = compare(arena, inputs, most, 30, &parted);
    parts_most = RS_MAX(parts_most, parts);
    count_plainly(s[0], s[1], counts);
    assert_memory_equal(whole.changed[RS_RECORD_BURST], counts, sizeof counts);
    assert_same_changes(&whole, &parted);
    const rs_play_options options = {.fidelity = RS_FIDELITY_BURST};
    if (rs_player_run(s[1], w, &options, &play, &diag) == RS_OK) {
      assert_int_equal(play.makespan_cycles, whole.sides[1].makespan_cycles);
      assert_int_equal(play.links_used, whole.sides[1].links_used);
    }
    for (int i = 0; i < 2; i++) rs_text_deinit(&inputs[i].text);
    rs_arena_destroy(arena);
  }
  assert_true(parts_most >= 4); /* else the small window was none */
}

/* One burst again and again is one queue: were it a chain to be walked, this would be 2 · 10^10 steps. */
static void repeats_are_one_queue(void **state) {
  (void)state;
  enum { REPEATS = 200000 };
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w = make_wiring(arena, 4, false);
  rs_timing t;
  rs_diff d;
  input inputs[2];
  rs_timing_init_unit(&t);
  for (int i = 0; i < 2; i++) {
    rs_schedule *s = rs_schedule_create(arena, w, "", &t);
    add_op(s, RS_BROADCAST, 4, 1, 0, 0);
    for (int k = 0; i == 0 && k < REPEATS; k++) {
      add_burst(s, w, 0, 1, k, 1, RS_BUFFER_OUT, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
    }
    print_to(&inputs[i], s, w);
  }
  assert_int_equal(compare(arena, inputs, 3, REPEATS, &d), 1);
  assert_int_equal(d.changed[RS_RECORD_BURST][RS_CHANGE_REMOVED], REPEATS);
  assert_int_equal(d.shown[RS_CHANGE_REMOVED].changes[2].before.burst.start_cycles, 2);
  const rs_diff_options small = {3, REPEATS - 1, 0, 1};
  d = (rs_diff){0};
  assert_int_equal(run_pass(arena, inputs, &small, &d), RS_E_LIMIT);
  for (int i = 0; i < 2; i++) rs_text_deinit(&inputs[i].text);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(changes_are_told_apart),
      cmocka_unit_test(operations_are_paired_from_both_ends),
      cmocka_unit_test(links_are_paired_by_their_ends),
      cmocka_unit_test(computes_are_compared_too),
      cmocka_unit_test(windows_and_passes_do_not_decide),
      cmocka_unit_test(repeats_are_one_queue),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

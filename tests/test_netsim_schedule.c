/* The schedule as a container: order, digest, labels, shapes, and what is not well formed. */
#include <stdio.h>
#include <string.h>

#include "rs_random.h"
#include "rs_schedule_text.h"
#include "rs_test_schedule.h"

static rs_schedule *make_unit(rs_arena *arena, const rs_wiring **wiring) {
  rs_timing timing;
  rs_timing_init_unit(&timing);
  *wiring = make_wiring(arena, 4, false);
  return rs_schedule_create(arena, *wiring, "mesh:4", &timing);
}

/* ---- order ---- */

static void bursts_sort_by_all_that_they_hold(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_schedule *s = make_unit(arena, &w);
  /* each differs from the one before in one field, from the last key to the first */
  const rs_burst order[] = {
      {.start_cycles = 1, .count = 1, .stride = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .action = 1},
      {.start_cycles = 1, .count = 1, .stride = 2},
      {.start_cycles = 1, .count = 2, .stride = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .target_offset = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .target = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .source_offset = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .source = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .op = 1},
      {.start_cycles = 1, .count = 1, .stride = 1, .link = 1},
      {.start_cycles = 2, .count = 1, .stride = 1},
      {.start_cycles = INT64_C(1) << 59, .count = 1, .stride = 1},
  };
  for (size_t shift = 0; shift < RS_COUNT_OF(order); shift++) {
    s->burst_count = 0;
    for (size_t i = 0; i < RS_COUNT_OF(order); i++) {
      rs_schedule_add_burst(s, &order[(i * 5 + shift) % RS_COUNT_OF(order)]); /* gcd(5, 12) = 1 */
    }
    rs_schedule_sort(s);
    for (size_t i = 0; i < RS_COUNT_OF(order); i++) {
      assert_memory_equal(&s->bursts[i], &order[i], sizeof order[i]);
    }
  }
  rs_arena_destroy(arena);
}

/* Against insertion: many equal keys, and starts of all sizes. */
static void random_bursts_sort(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (uint64_t seed = 0; seed < 50; seed++) {
    const rs_wiring *w;
    rs_random random;
    rs_random_init(&random, seed, 0);
    rs_arena_reset(arena);
    rs_schedule *s = make_unit(arena, &w);
    uint64_t count = rs_random_below(&random, 400);
    uint64_t bits = rs_random_below(&random, 60);
    for (uint64_t i = 0; i < count; i++) {
      int64_t start = (int64_t)rs_random_below(&random, UINT64_C(1) << bits);
      rs_burst b = {.start_cycles = start,
                    .count = 1,
                    .stride = 1,
                    .link = (uint32_t)rs_random_below(&random, 3),
                    .op = (uint32_t)rs_random_below(&random, 2)};
      rs_schedule_add_burst(s, &b);
    }
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) sum += (uint64_t)s->bursts[i].start_cycles;
    rs_schedule_sort(s);
    for (uint64_t i = 0; i < count; i++) {
      const rs_burst *b = &s->bursts[i];
      sum -= (uint64_t)b->start_cycles;
      if (i == 0) continue;
      const rs_burst *a = b - 1;
      bool in_order = a->start_cycles != b->start_cycles ? a->start_cycles < b->start_cycles
                      : a->link != b->link               ? a->link < b->link
                                                         : a->op <= b->op;
      if (!in_order)
        fail_msg("seed %llu, burst %llu", (unsigned long long)seed, (unsigned long long)i);
    }
    assert_true(sum == 0);
  }
  rs_arena_destroy(arena);
}

static void computes_sort_by_label_text_at_last(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_schedule *s = make_unit(arena, &w);
  const char *const labels[] = {"d", "b", "a", "c", "e"};
  const int64_t starts[] = {7, 7, 7, 7, 3};
  for (size_t i = 0; i < 5; i++) {
    rs_compute c = {.start_cycles = starts[i],
                    .reads_op = RS_NONE,
                    .writes_op = RS_NONE,
                    .label = rs_schedule_label(s, labels[i])};
    rs_schedule_add_compute(s, &c);
  }
  rs_schedule_sort(s);
  const char *const order[] = {"e", "a", "b", "c", "d"};
  for (size_t i = 0; i < 5; i++) assert_string_equal(s->labels[s->computes[i].label], order[i]);
  rs_arena_destroy(arena);
}

/* ---- labels ---- */

static void labels_are_unique(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_schedule *s = make_unit(arena, &w);
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < 5000; i++) {
      const char *label = rs_arena_printf(arena, "layer %u", i);
      assert_int_equal(rs_schedule_label(s, label), i);
    }
  }
  assert_int_equal(s->label_count, 5000);
  assert_string_equal(s->labels[4999], "layer 4999");
  assert_int_equal(rs_schedule_label(s, ""), 5000);
  assert_int_equal(rs_schedule_label(s, ""), 5000);
  rs_arena_destroy(arena);
}

/* ---- operations ---- */

static void equal_groups_are_held_once(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_schedule *s = make_unit(arena, &w);
  for (int i = 0; i < 100; i++) add_op(s, RS_ALL_REDUCE, 4, 1, 0, RS_NONE);
  assert_int_equal(s->group_chip_count, 4);
  add_op(s, RS_ALL_REDUCE, 3, 1, 0, RS_NONE);
  assert_int_equal(s->group_chip_count, 7);
  assert_int_equal(s->ops[100].group_first, 4);
  rs_arena_destroy(arena);
}

/* N = 4 chips, b = 5: by the table in rs_schedule.h. */
static void shapes_follow_the_table(void **state) {
  (void)state;
  const struct {
    rs_collective_kind kind;
    int64_t in, out;
  } shapes[] = {{RS_ALL_REDUCE, 5, 5}, {RS_REDUCE_SCATTER, 20, 20}, {RS_ALL_GATHER, 5, 20},
                {RS_BROADCAST, 5, 5},  {RS_REDUCE, 5, 5},           {RS_SCATTER, 20, 20},
                {RS_GATHER, 5, 20},    {RS_ALL_TO_ALL, 20, 20},     {RS_SEND, 5, 5}};
  assert_int_equal(RS_COUNT_OF(shapes), RS_COLLECTIVE_KIND_COUNT);
  for (size_t i = 0; i < RS_COUNT_OF(shapes); i++) {
    rs_op op = {.kind = shapes[i].kind, .group_count = 4, .block_vectors = 5};
    assert_int_equal(rs_op_in_vectors(&op), shapes[i].in);
    assert_int_equal(rs_op_out_vectors(&op), shapes[i].out);
  }
}

static void words_parse_back(void **state) {
  (void)state;
  rs_collective_kind kind;
  for (int i = 0; i < RS_COLLECTIVE_KIND_COUNT; i++) {
    assert_true(rs_collective_kind_parse(rs_collective_kind_word((rs_collective_kind)i), &kind));
    assert_int_equal(kind, i);
  }
  assert_false(rs_collective_kind_parse("all-reduc", &kind));
  assert_false(rs_collective_kind_parse("", &kind));
}

/* A spec that does not fit is left out: a cut one would name another wiring. */
static void a_long_topology_is_left_out(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing timing;
  rs_timing_init_unit(&timing);
  char spec[257];
  const rs_wiring *w = make_wiring(arena, 4, false);
  memset(spec, 'x', sizeof spec);
  spec[256] = '\0';
  assert_string_equal(rs_schedule_create(arena, w, spec, &timing)->topology, "");
  spec[255] = '\0';
  assert_string_equal(rs_schedule_create(arena, w, spec, &timing)->topology, spec);
  rs_arena_destroy(arena);
}

/* ---- a schedule with one of everything ---- */

static rs_schedule *make_full(rs_arena *arena, const rs_wiring **wiring) {
  rs_schedule *s = make_unit(arena, wiring);
  add_op(s, RS_ALL_REDUCE, 4, 8, 2, RS_NONE);
  add_op(s, RS_BROADCAST, 4, 8, 0, 2);
  add_op(s, RS_SEND, 4, 8, 0, RS_NONE);
  strcpy(s->ops[0].label, "first");
  strcpy(s->ops[0].algorithm, "ring");
  add_burst(s, *wiring, 0, 1, 5, 3, RS_BUFFER_IN, 4, RS_BUFFER_TMP, 0, RS_ACTION_FORWARD);
  s->bursts[0].count = 2;
  add_burst(s, *wiring, 0, 1, 9, 3, RS_BUFFER_IN, 5, RS_BUFFER_OUT, 5, RS_ACTION_ADD);
  rs_compute c = {.start_cycles = 4,
                  .cycles = 6,
                  .first_cycles = 2,
                  .chip = 1,
                  .reads_op = 0,
                  .writes_op = 1,
                  .label = rs_schedule_label(s, "norm"),
                  .unit = RS_UNIT_VECTOR};
  rs_schedule_add_compute(s, &c);
  return s;
}

#define CASE(number, statement) \
  case number:                  \
    statement;                  \
    break

/* Every field of every record, one at a time: it must show in the digest. */
static void change(rs_schedule *s, int which) {
  switch (which) {
    CASE(0, s->ops[0].kind = RS_REDUCE_SCATTER);
    CASE(1, s->ops[1].root = 3);
    CASE(2, s->ops[0].block_bytes++);
    CASE(3, s->ops[0].block_vectors++);
    CASE(4, s->ops[0].tmp_vectors++);
    CASE(5, s->ops[0].ready_cycles++);
    CASE(6, s->ops[0].algorithm[0] = 'x');
    CASE(7, s->ops[0].label[0] = 'x');
    CASE(8, s->ops[0].group_count--);
    CASE(9, s->group_chips[0] = 9);
    CASE(10, s->bursts[0].start_cycles++);
    CASE(11, s->bursts[0].count++);
    CASE(12, s->bursts[0].source_offset++);
    CASE(13, s->bursts[0].target_offset++);
    CASE(14, s->bursts[0].link++);
    CASE(15, s->bursts[0].op++);
    CASE(16, s->bursts[0].stride++);
    CASE(17, s->bursts[0].source++);
    CASE(18, s->bursts[0].target--);
    CASE(19, s->bursts[0].action--);
    CASE(20, s->computes[0].start_cycles++);
    CASE(21, s->computes[0].cycles++);
    CASE(22, s->computes[0].first_cycles++);
    CASE(23, s->computes[0].chip++);
    CASE(24, s->computes[0].reads_op++);
    CASE(25, s->computes[0].writes_op++);
    CASE(26, s->computes[0].unit++);
    CASE(27, s->computes[0].label = rs_schedule_label(s, "other"));
    CASE(28, s->timing.slot_den++);
    CASE(29, s->timing.name[0] = 'x');
    CASE(30, s->timing.latency_cycles[2]++);
    CASE(31, s->timing.adds_per_cycle++);
    CASE(32, s->topology[0] = 'x');
    CASE(33, s->wiring_digest++);
    CASE(34, s->burst_count--);
    CASE(35, s->compute_count--);
    CASE(36, s->op_count--);
    default:
      fail();
  }
}

static void the_digest_sees_every_field(void **state) {
  (void)state;
  enum { CHANGES = 37 };
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  uint64_t digests[CHANGES + 1];
  digests[CHANGES] = rs_schedule_digest(make_full(arena, &w));
  assert_true(digests[CHANGES] == rs_schedule_digest(make_full(arena, &w)));
  for (int which = 0; which < CHANGES; which++) {
    rs_schedule *s = make_full(arena, &w);
    change(s, which);
    digests[which] = rs_schedule_digest(s);
  }
  for (int a = 0; a <= CHANGES; a++) {
    for (int b = 0; b < a; b++) {
      if (digests[a] == digests[b]) fail_msg("changes %d and %d have one digest", a, b);
    }
  }
  /* but not the order of adding, nor labels that nothing uses */
  rs_schedule *s = make_full(arena, &w);
  rs_burst kept = s->bursts[0];
  s->bursts[0] = s->bursts[1];
  s->bursts[1] = kept;
  rs_schedule_label(s, "unused");
  assert_true(rs_schedule_digest(s) == digests[CHANGES]);
  rs_arena_destroy(arena);
}

/* ---- well-formedness ---- */

static void damage_op(rs_schedule *s, int which) {
  rs_op *op = &s->ops[0];
  switch (which) {
    CASE(0, op->kind = RS_COLLECTIVE_KIND_COUNT);
    CASE(1, op->group_count = 0);
    CASE(2, op->group_first = UINT32_MAX);
    CASE(3, op->group_count = 100);
    CASE(4, op->block_bytes = 0);
    CASE(5, op->block_vectors = 0);
    CASE(6, op->block_vectors = (INT64_C(1) << 38) + 1); /* 4 chips: beyond 2^40 */
    CASE(7, op->tmp_vectors = -1);
    CASE(8, op->tmp_vectors = (INT64_C(1) << 40) + 1);
    CASE(9, op->ready_cycles = -1);
    CASE(10, op->ready_cycles = (INT64_C(1) << 60) + 1);
    CASE(11, op->root = 0);              /* an all-reduce has none */
    CASE(12, s->ops[1].root = RS_NONE);  /* a broadcast has one */
    CASE(13, s->ops[1].group_count = 2); /* its root 2 is outside */
    CASE(14, s->ops[2].group_count = 3); /* pairs */
    CASE(15, s->group_chips[1] = 0);     /* twice */
    CASE(16, s->group_chips[1] = 4);     /* no such chip */
    CASE(17, strcpy(op->algorithm, "two words"));
    CASE(18, strcpy(op->algorithm, "-")); /* means none in the text */
    CASE(19, memset(op->algorithm, 'x', sizeof op->algorithm));
    CASE(20, strcpy(op->label, " blank"));
    CASE(21, strcpy(op->label, "blank "));
    CASE(22, strcpy(op->label, "two\nlines"));
    CASE(23, memset(op->label, 'x', sizeof op->label));
    default:
      fail();
  }
}

static void damage(rs_schedule *s, int which) {
  rs_burst *b = &s->bursts[0];
  rs_compute *c = &s->computes[0];
  if (which < 24) {
    damage_op(s, which);
    return;
  }
  switch (which) {
    CASE(24, b->link = s->link_count);
    CASE(25, b->op = s->op_count);
    CASE(26, b->count = 0);
    CASE(27, b->count = (INT64_C(1) << 40) + 1);
    CASE(28, b->stride = 0);
    CASE(29, b->start_cycles = -1);
    CASE(30, b->start_cycles = (INT64_C(1) << 60) - 1); /* ends two cycles later */
    CASE(31, b->source = 3);
    CASE(32, b->target = 3);
    CASE(33, b->action = 3);
    CASE(34, b->target = RS_BUFFER_IN);
    CASE(35, b->target = RS_BUFFER_OUT); /* forward goes to tmp */
    CASE(36, b->source_offset = -1);
    CASE(37, b->source_offset = 7); /* 7 + 2 > 8 */
    CASE(38, b->source_offset = INT64_MAX);
    CASE(39, b->target_offset = 1); /* 1 + 2 > 2 */
    CASE(40, c->chip = 4);
    CASE(41, c->unit = RS_UNIT_COUNT);
    CASE(42, c->start_cycles = -1);
    CASE(43, c->start_cycles = INT64_C(1) << 60); /* ends 6 cycles later */
    CASE(44, c->cycles = -1);
    CASE(45, c->cycles = INT64_MAX);
    CASE(46, c->first_cycles = 7);
    CASE(47, c->first_cycles = -1);
    CASE(48, c->reads_op = 3);
    CASE(49, c->writes_op = 3);
    CASE(50, c->label = 1);
    CASE(51, s->labels[0] = "two\nlines");
    CASE(52, s->timing.slot_den = 0);
    CASE(53, s->wiring_digest++);
    CASE(54, s->chip_count++);
    CASE(55, s->link_count--);
    CASE(56, strcpy(s->topology, "mesh:\t"));
    case 57:
      s->group_chips[2] = 3;
      s->group_chips[3] = 3;
      break;
    case 58:
      b->stride = UINT32_MAX;
      b->count = 2;
      s->timing.slot_num = INT64_C(1) << 39;
      break;
    default:
      fail();
  }
}

static void what_is_not_well_formed_is_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_diag diag;
  const rs_schedule *good = make_full(arena, &w);
  assert_ok(rs_schedule_validate(good, w, &diag), &diag);
  for (int which = 0; which < 59; which++) {
    rs_schedule *s = make_full(arena, &w);
    damage(s, which);
    rs_status status = rs_schedule_validate(s, w, &diag);
    if (status != RS_E_REFUSED) fail_msg("damage %d: %s", which, rs_status_word(status));
    if (diag.status != RS_E_REFUSED || diag.what[0] == '\0') fail_msg("damage %d: no words", which);
    assert_int_equal(rs_schedule_validate(s, w, NULL), RS_E_REFUSED);
  }
  rs_arena_destroy(arena);
}

/* With a slot of 1/2^39 cycle, 2^40 vectors at the greatest stride take 2^72 slots: fewer than 2^34
 * cycles, but more than 64 bits can count. */
static void slots_are_counted_too(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_timing t;
  rs_timing_init_unit(&t);
  t.slot_den = INT64_C(1) << 39;
  const rs_wiring *w = make_wiring(arena, 2, false);
  rs_schedule *s = rs_schedule_create(arena, w, "", &t);
  add_op(s, RS_SEND, 2, INT64_C(1) << 39, 0, RS_NONE);
  rs_burst *b =
      add_burst(s, w, 0, 1, 0, INT64_C(1) << 39, RS_BUFFER_IN, 0, RS_BUFFER_OUT, 0, RS_ACTION_KEEP);
  assert_ok(rs_schedule_validate(s, w, &diag), &diag);
  b->stride = UINT32_MAX;
  assert_int_equal(rs_schedule_validate(s, w, &diag), RS_E_REFUSED);
  assert_string_equal(diag.what, "burst 0: it takes more than 2^60 slots");
  b->stride = 1 << 20; /* (2^39 − 1) · 2^20 slots < 2^60, in 2^59 / 2^39 = 2^20 cycles */
  assert_ok(rs_schedule_validate(s, w, &diag), &diag);
  assert_int_equal(rs_burst_departure(&t, b, b->count - 1), INT64_C(1) << 20);
  rs_arena_destroy(arena);
}

/* A send may leave a chip in several pairs, and reach one in a single pair. */
static void sends_are_pairs(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const rs_wiring *w;
  rs_diag diag;
  const struct {
    uint32_t chips[4];
    rs_status status;
  } groups[] = {{{0, 1, 0, 2}, RS_OK},        {{0, 1, 1, 0}, RS_OK},
                {{0, 1, 2, 1}, RS_E_REFUSED}, {{0, 1, 2, 2}, RS_E_REFUSED},
                {{0, 1, 2, 4}, RS_E_REFUSED}, {{4, 1, 2, 3}, RS_E_REFUSED}};
  for (size_t i = 0; i < RS_COUNT_OF(groups); i++) {
    rs_schedule *s = make_unit(arena, &w);
    rs_op op = {.kind = RS_SEND, .root = RS_NONE, .block_bytes = 1, .block_vectors = 1};
    rs_schedule_add_op(s, &op, groups[i].chips, 4);
    assert_int_equal(rs_schedule_validate(s, w, &diag), groups[i].status);
  }
  rs_arena_destroy(arena);
}

static void no_memory_is_said(void **state) {
  (void)state;
  const rs_wiring *w;
  rs_arena *arena = rs_arena_create(300000);
  rs_schedule *s = make_unit(arena, &w);
  const rs_burst burst = {.count = 1, .stride = 1};
  uint64_t added = 0;
  while (rs_schedule_add_burst(s, &burst) != NULL) added++;
  assert_int_equal(s->burst_count, added);
  rs_compute compute = {0};
  while (rs_schedule_add_compute(s, &compute) != NULL) added++;
  char label[24];
  do {
    snprintf(label, sizeof label, "%llu", (unsigned long long)added++);
  } while (rs_schedule_label(s, label) != RS_NONE && added < 1000000);
  assert_true(added < 1000000);
  rs_op op = {.kind = RS_ALL_REDUCE};
  const uint32_t chips[] = {0, 1, 2, 3};
  while (rs_schedule_add_op(s, &op, chips, 4) != RS_NONE && added < 1000000) added++;
  assert_true(added < 1000000);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bursts_sort_by_all_that_they_hold),
      cmocka_unit_test(random_bursts_sort),
      cmocka_unit_test(computes_sort_by_label_text_at_last),
      cmocka_unit_test(labels_are_unique),
      cmocka_unit_test(equal_groups_are_held_once),
      cmocka_unit_test(shapes_follow_the_table),
      cmocka_unit_test(words_parse_back),
      cmocka_unit_test(a_long_topology_is_left_out),
      cmocka_unit_test(the_digest_sees_every_field),
      cmocka_unit_test(what_is_not_well_formed_is_refused),
      cmocka_unit_test(slots_are_counted_too),
      cmocka_unit_test(sends_are_pairs),
      cmocka_unit_test(no_memory_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

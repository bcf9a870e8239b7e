/* The wheel against a list that is searched: same time, same order, near and far events mixed. */
#include "rs__wheel.h"
#include "rs_random.h"
#include "rs_test.h"

enum { NODES = 300 };

typedef struct pending {
  int64_t time;
  uint64_t sequence;
  bool is_far, is_due;
} pending;

/* The first by time; of one time far events before near ones; else in order of push. */
static uint32_t find_first(const pending *all) {
  uint32_t best = RS_NONE;
  for (uint32_t i = 0; i < NODES; i++) {
    if (!all[i].is_due) continue;
    if (best == RS_NONE || all[i].time < all[best].time ||
        (all[i].time == all[best].time &&
         (all[i].is_far != all[best].is_far ? all[i].is_far
                                            : all[i].sequence < all[best].sequence))) {
      best = i;
    }
  }
  return best;
}

static void push(rs__wheel *wheel, pending *all, rs_random *random, uint32_t node,
                 uint64_t sequence) {
  static const int64_t reaches[] = {1, 3, 60, 200, 5000, INT64_C(1) << 40};
  int64_t ahead = rs_random_between(random, 0, reaches[rs_random_below(random, 6)]);
  all[node] = (pending){wheel->now + ahead, sequence, ahead >= wheel->size, true};
  rs__wheel_push(wheel, all[node].time, node);
}

static void events_come_in_order(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    rs_arena *arena = rs_arena_create(0);
    rs_diag diag;
    rs__wheel wheel;
    rs_random random;
    pending all[NODES] = {{0}};
    uint64_t sequence = 0;
    uint32_t node;
    rs_random_init(&random, seed, 0);
    assert_ok(rs__wheel_init(arena, &wheel, 100, NODES / 2, &diag), &diag);
    assert_int_equal(wheel.size, 128);
    assert_ok(rs__wheel_grow(arena, &wheel, NODES, &diag), &diag);
    for (uint32_t i = 0; i < NODES; i++) push(&wheel, all, &random, i, sequence++);
    for (int k = 0; k < 3000; k++) {
      uint32_t expected = find_first(all);
      assert_true(rs__wheel_pop(&wheel, &node));
      if (node != expected) fail_msg("seed %d, event %d: %u, not %u", (int)seed, k, node, expected);
      assert_int_equal(wheel.now, all[node].time);
      all[node].is_due = false;
      if (k < 2700) push(&wheel, all, &random, node, sequence++);
    }
    assert_false(rs__wheel_pop(&wheel, &node)); /* 2,700 pushed again, 300 not */
    rs_arena_destroy(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(events_come_in_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

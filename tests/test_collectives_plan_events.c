/*
 * The scheduler's queue against a list that is searched for its least entry every time: pushes at the
 * moment, behind it and a little before it, by seed.
 */
#include "rs__plan_events.h"
#include "rs_random.h"
#include "rs_test.h"

#define EVENTS_MAX 4000

typedef struct reference {
  rs__event events[EVENTS_MAX];
  size_t count;
} reference;

static rs__event take_least(reference *r) {
  size_t best = 0;
  for (size_t i = 1; i < r->count; i++) {
    const rs__event *a = &r->events[i], *b = &r->events[best];
    if (a->time < b->time || (a->time == b->time && a->order < b->order)) best = i;
  }
  rs__event least = r->events[best];
  r->events[best] = r->events[--r->count];
  return least;
}

static void push_both(rs__events *q, reference *r, int64_t time, uint64_t order) {
  assert_true(rs__events_push(q, time, order));
  r->events[r->count++] = (rs__event){time, order};
}

/* Orders are unique, as those of tasks and links are: the low half counts pushes. */
static void run_seed(uint64_t seed, int64_t spread, size_t at_once) {
  static reference r;
  rs_random random;
  rs__events q;
  rs_arena *arena = rs_arena_create(0);
  rs__event e;
  uint64_t pushed = 0;
  rs_random_init(&random, seed, 0);
  r.count = 0;
  rs__events_init(&q, arena);
  for (; pushed < at_once; pushed++) {
    int64_t time = (int64_t)rs_random_below(&random, (uint64_t)spread);
    push_both(&q, &r, time, rs_random_below(&random, 5) << 32 | pushed);
  }
  while (r.count > 0) {
    const rs__event least = take_least(&r);
    assert_true(rs__events_pop(&q, &e));
    assert_int_equal(e.time, least.time);
    assert_int_equal(e.order, least.order);
    for (uint64_t more = rs_random_below(&random, 3); more > 0 && pushed < EVENTS_MAX; more--) {
      int64_t later = (int64_t)rs_random_below(&random, (uint64_t)spread) - spread / 8;
      int64_t time = RS_MAX(0, e.time + later);
      push_both(&q, &r, time, rs_random_below(&random, 5) << 32 | pushed++);
    }
  }
  assert_int_equal(q.count, 0);
  rs_arena_destroy(arena);
}

static void events_come_in_order(void **state) {
  (void)state;
  static const int64_t spreads[] = {1, 2, 9, 1000, INT64_C(1) << 40};
  for (uint64_t seed = 0; seed < 8; seed++) {
    for (size_t k = 0; k < RS_COUNT_OF(spreads); k++) {
      run_seed(seed, spreads[k], 1);
      run_seed(seed, spreads[k], 700);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(events_come_in_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

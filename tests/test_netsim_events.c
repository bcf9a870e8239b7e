/*
 * The event queue against a sorted list, in all ways that it can be driven, and damage that its check
 * must see. The source is included, because damage needs the inside.
 */
#include "rs_event_queue.c"

#include <string.h>

#include "rs_random.h"
#include "rs_test.h"

/* After a test that runs over seeds: where it stopped, which on failure is the seed that failed. */
static uint64_t last_seed;

static int say_seed(void **state) {
  (void)state;
  print_message("last seed %llu\n", (unsigned long long)last_seed);
  return 0;
}

static void push(rs_event_queue *queue, int64_t time, uint32_t subject) {
  assert_true(rs_event_queue_push(queue, time, 7, subject, -1 - (int64_t)subject));
}

static void expect(rs_event_queue *queue, int64_t time, uint32_t subject) {
  rs_event event;
  assert_true(rs_event_queue_pop(queue, &event));
  assert_int_equal(event.time_cycles, time);
  assert_int_equal(event.kind, 7);
  assert_int_equal(event.subject, subject);
  assert_int_equal(event.detail, -1 - (int64_t)subject);
}

static void equal_times_come_in_order_of_push(void **state) {
  (void)state;
  rs_event event;
  rs_event_queue *queue = rs_event_queue_create();
  assert_false(rs_event_queue_pop(queue, &event));
  push(queue, 5, 0);
  push(queue, 3, 1);
  push(queue, 5, 2);
  push(queue, 3, 3);
  expect(queue, 3, 1);
  push(queue, 3, 4); /* at the present time: behind the others of that time */
  push(queue, 5, 5);
  expect(queue, 3, 3);
  expect(queue, 3, 4);
  expect(queue, 5, 0);
  expect(queue, 5, 2);
  push(queue, 5, 6);
  expect(queue, 5, 5);
  expect(queue, 5, 6);
  assert_false(rs_event_queue_pop(queue, &event));
  assert_int_equal(rs_event_queue_count(queue), 0);
  rs_event_queue_destroy(queue);
  rs_event_queue_destroy(NULL);
}

static void times_of_every_size(void **state) {
  (void)state;
  rs_diag diag;
  rs_event_queue *queue = rs_event_queue_create();
  push(queue, INT64_MAX, 63);
  for (uint32_t bit = 63; bit-- > 0;) push(queue, INT64_C(1) << bit, bit);
  assert_ok(rs_event_queue_check(queue, &diag), &diag);
  for (uint32_t bit = 0; bit < 63; bit++) {
    expect(queue, INT64_C(1) << bit, bit);
    assert_ok(rs_event_queue_check(queue, &diag), &diag);
  }
  expect(queue, INT64_MAX, 63);
  rs_event_queue_destroy(queue);
}

/* All 4^6 ways to push six events at times 0…3, each popped between pushes where the pattern of
 * bits says so. Only times that are not past may be pushed. */
static void all_short_histories(void **state) {
  (void)state;
  for (uint32_t times = 0; times < 4096; times++) {
    for (uint32_t pops = 0; pops < 32; pops++) {
      rs_event_queue *queue = rs_event_queue_create();
      uint32_t waiting[4] = {0}; /* by time: a bit an event */
      int64_t now = 0;
      for (uint32_t i = 0; i < 6; i++) {
        int64_t time = times >> 2 * i & 3;
        if (time >= now) {
          push(queue, time, i);
          waiting[time] |= 1u << i;
        }
        bool is_last = i == 5;
        while (is_last || (pops >> i & 1) != 0) {
          int64_t t = 0;
          while (t < 4 && waiting[t] == 0) t++;
          if (t == 4) break;
          expect(queue, t, (uint32_t)__builtin_ctz(waiting[t]));
          waiting[t] &= waiting[t] - 1;
          now = t;
          if (!is_last) break;
        }
      }
      assert_int_equal(rs_event_queue_count(queue), 0);
      rs_event_queue_destroy(queue);
    }
  }
}

/* ---- at random, against a list that is searched ---- */

#define LIST_MAX 600

typedef struct list {
  rs_event events[LIST_MAX];
  uint32_t count;
} list;

static void list_pop(list *l, rs_event *event) {
  uint32_t least = 0;
  for (uint32_t i = 1; i < l->count; i++) {
    const rs_event *a = &l->events[i];
    const rs_event *b = &l->events[least];
    if (a->time_cycles < b->time_cycles ||
        (a->time_cycles == b->time_cycles && a->sequence < b->sequence)) {
      least = i;
    }
  }
  *event = l->events[least];
  l->events[least] = l->events[--l->count];
}

static void drive(uint64_t seed) {
  static list l;
  rs_random random;
  rs_diag diag;
  rs_event_queue *queue = rs_event_queue_create();
  uint32_t pushed = 0;
  int64_t now = 0;
  l.count = 0;
  rs_random_init(&random, seed, 0);
  uint64_t size = 1 + rs_random_below(&random, LIST_MAX);
  uint64_t bits = rs_random_below(&random, 40);
  for (int step = 0; step < 3000; step++) {
    bool grow = l.count == 0 || (l.count < size && rs_random_below(&random, 2) == 0);
    if (grow) {
      int64_t ahead =
          (int64_t)rs_random_below(&random, UINT64_C(1) << rs_random_below(&random, bits + 1));
      l.events[l.count++] = (rs_event){now + ahead, pushed, 7, pushed, -1 - (int64_t)pushed};
      push(queue, now + ahead, pushed++);
    } else {
      rs_event wanted;
      list_pop(&l, &wanted);
      expect(queue, wanted.time_cycles, wanted.subject);
      now = wanted.time_cycles;
    }
    assert_int_equal(rs_event_queue_count(queue), l.count);
    if (step % 100 == 0) assert_ok(rs_event_queue_check(queue, &diag), &diag);
  }
  rs_event_queue_destroy(queue);
}

static void random_histories(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 60; seed++) {
    last_seed = seed;
    drive(seed);
  }
}

/* A pop takes chunks only from those in hand; the assertion in append would see it otherwise. Every
 * bucket of the upper levels in use at once is the worst case. */
static void pops_need_no_memory(void **state) {
  (void)state;
  rs_event_queue *queue = rs_event_queue_create();
  uint32_t pushed = 0;
  for (int level = 0; level < LEVELS; level++) {
    for (int64_t digit = 1; digit < (level == LEVELS - 1 ? DIGITS / 2 : DIGITS); digit++) {
      for (int64_t low = 0; low < 3; low++)
        push(queue, (digit << level * DIGIT_BITS) + low, pushed++);
    }
  }
  uint64_t chunks = queue->chunk_count;
  int64_t before = 0;
  rs_event event;
  for (uint32_t i = 0; i < pushed; i++) {
    assert_true(rs_event_queue_pop(queue, &event));
    assert_true(event.time_cycles >= before);
    before = event.time_cycles;
  }
  assert_int_equal(queue->chunk_count, chunks);
  rs_event_queue_destroy(queue);
}

/* ---- the check ---- */

static bucket *first_bucket(rs_event_queue *queue) {
  int level = __builtin_ctz(queue->levels_in_use);
  return &queue->buckets[level][__builtin_ctz(queue->digits_in_use[level])];
}

#define CASE(number, statement) \
  case number:                  \
    statement;                  \
    break

static void damage(rs_event_queue *queue, int which) {
  bucket *b = first_bucket(queue);
  rs_event kept;
  switch (which) {
    CASE(0, b->head->events[0].time_cycles += 1000);
    CASE(1, b->head->events[0].time_cycles = 0);
    case 2:
      kept = b->head->events[0];
      b->head->events[0] = b->head->events[1];
      b->head->events[1] = kept;
      break;
      CASE(3, b->least_cycles--);
      CASE(4, queue->count++);
      CASE(5, queue->digits_in_use[15] |= 1);
      CASE(6, queue->levels_in_use ^= 1u << 5);
      CASE(7, queue->digits_in_use[__builtin_ctz(queue->levels_in_use)] = 0);
      CASE(8, queue->spare = queue->spare->next);
      CASE(9, b->end--);
      CASE(10, queue->last_cycles = b->least_cycles + 1);
    default:
      fail();
  }
}

static void damage_is_seen(void **state) {
  (void)state;
  for (int which = -1; which < 11; which++) {
    rs_diag diag;
    rs_event_queue *queue = rs_event_queue_create();
    for (uint32_t i = 0; i < 10; i++) push(queue, 100 + i % 3, i);
    if (which >= 0) damage(queue, which);
    rs_status status = rs_event_queue_check(queue, &diag);
    if (status != (which < 0 ? RS_OK : RS_E_REFUSED)) fail_msg("damage %d: %d", which, status);
    rs_event_queue_destroy(queue);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_times_come_in_order_of_push),
      cmocka_unit_test(times_of_every_size),
      cmocka_unit_test(all_short_histories),
      cmocka_unit_test_teardown(random_histories, say_seed),
      cmocka_unit_test(pops_need_no_memory),
      cmocka_unit_test(damage_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

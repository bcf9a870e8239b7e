/* The adaptive network against what can be computed: an empty network, one queue, a closed cycle. */
#include <math.h>

#include "rs_adaptive.h"
#include "rs_random.h"
#include "rs_test_schedule.h"

/* ---- distances and traffic for tests ---- */

static uint8_t *distances(rs_arena *arena, const rs_wiring *w) {
  uint32_t n = w->chip_count;
  uint8_t *d = RS_ARENA_NEW(arena, uint8_t, (size_t)n * n);
  memset(d, 255, (size_t)n * n);
  for (uint32_t s = 0; s < n; s++) d[s * n + s] = 0;
  for (int step = 0; step < 255; step++) {
    for (uint32_t l = 0; l < w->link_count; l++) {
      for (uint32_t t = 0; t < n; t++) {
        uint8_t via = d[w->links[l].to * n + t];
        if (via != 255 && via + 1 < d[w->links[l].from * n + t]) {
          d[w->links[l].from * n + t] = (uint8_t)(via + 1);
        }
      }
    }
    if (step > (int)n) break;
  }
  return d;
}

typedef struct source {
  uint32_t to;      /* RS_NONE: a random other chip */
  uint32_t from;    /* only this chip makes packets; RS_NONE: all */
  int64_t mean_gap; /* cycles between packets of a chip: geometric, or fixed when `regular` */
  int64_t end;
  bool regular;
  uint32_t chips;
  rs_random random[64];
} source;

static bool next_packet(void *context, uint32_t chip, int64_t *time, uint32_t *to) {
  source *s = context;
  if (s->from != RS_NONE && chip != s->from) return false;
  int64_t gap = s->mean_gap;
  if (!s->regular) {
    gap = 1;
    while (rs_random_below(&s->random[chip], (uint64_t)s->mean_gap) != 0) gap++;
  }
  *time += gap;
  if (*time >= s->end) return false;
  *to = s->to;
  while (*to == RS_NONE || *to == chip) *to = (uint32_t)rs_random_below(&s->random[chip], s->chips);
  return true;
}

static source make_source(uint32_t chips, int64_t mean_gap, int64_t end) {
  source s = {.to = RS_NONE, .from = RS_NONE, .mean_gap = mean_gap, .end = end, .chips = chips};
  for (uint32_t i = 0; i < chips && i < 64; i++) rs_random_init(&s.random[i], 9, i);
  return s;
}

static rs_status simulate(rs_arena *arena, const rs_wiring *w, const rs_timing *t, source *s,
                          rs_routing routing, uint32_t buffer, uint32_t channels,
                          rs_traffic_result *result, rs_diag *diag) {
  rs_adaptive_config config = {.routing = routing,
                               .distance = distances(arena, w),
                               .router_cycles = 100,
                               .buffer_vectors = buffer,
                               .channels = channels,
                               .seed = 4};
  rs_traffic_run run = {.next = next_packet,
                        .context = s,
                        .measure_from_cycles = s->end / 5,
                        .measure_to_cycles = s->end,
                        .end_cycles = 4 * s->end};
  return rs_adaptive_simulate(arena, w, t, &config, &run, result, diag);
}

/* ---- what is known ---- */

/* A packet alone, h hops on a ring: send 207 + h·216 + (h − 1)·100 + receive 207. */
static void an_empty_network_takes_its_hops(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 9, true);
  for (uint32_t h = 1; h <= 4; h++) {
    rs_diag diag;
    rs_traffic_result r;
    source s = make_source(9, 10000, 1000000);
    s.from = 0;
    s.to = h;
    s.regular = true;
    assert_ok(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 16, 0, &r, &diag), &diag);
    int64_t expected = 414 + h * 216 + (h - 1) * 100;
    assert_true(fabs(r.latency_mean_cycles - (double)expected) < 1e-9);
    assert_int_equal(r.latency_max_cycles, expected);
    assert_int_equal(r.latency_p99_cycles, expected);
    assert_int_equal(r.arrived, r.measured);
    assert_int_equal(r.hops, h * r.packets);
  }
  rs_arena_destroy(arena);
}

/* One link, one sender with geometric gaps: M/D/1 in whole cycles (Geo/D/1). A slot is D = 24 cycles,
 * load ρ = D / gap; at most one packet comes a cycle, so the mean wait is ρ·(D − 1) / (2·(1 − ρ)),
 * which is M/D/1's ρ·D / (2·(1 − ρ)) in the limit of short cycles. */
static void one_queue_is_md1(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  t.slot_num = 24;
  t.slot_den = 1;
  const rs_wiring *w = make_wiring(arena, 2, false);
  static const int64_t gaps[] = {96, 48, 32};
  for (int i = 0; i < 3; i++) {
    rs_diag diag;
    rs_traffic_result r;
    source s = make_source(2, gaps[i], 40000000);
    s.from = 0;
    assert_ok(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 64, 0, &r, &diag), &diag);
    double load = 24.0 / (double)gaps[i];
    double wait = load * 23 / (2 * (1 - load));
    double measured = r.latency_mean_cycles - (207 + 216 + 207);
    if (fabs(measured - wait) > 1.5 * r.latency_half_width_cycles) { /* 99.5 % of seeds */
      fail_msg("load %.2f: wait %.3f, theory %.3f, half width %.3f", load, measured, wait,
               r.latency_half_width_cycles);
    }
  }
  rs_arena_destroy(arena);
}

/* A saturated link sends a vector every 23.616 cycles, exactly: rounding never accumulates. */
static void a_full_link_keeps_its_rate(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_traffic_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 2, false);
  source s = make_source(2, 10, 1000000);
  s.from = 0;
  s.regular = true;
  assert_ok(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 64, 0, &r, &diag), &diag);
  double rate = 800000 / 23.616; /* in the window of 0.2 to 1 million cycles */
  assert_true(fabs((double)r.accepted - rate) <= 1.5);
  rs_arena_destroy(arena);
}

/* Buffers bound what a link can carry: a credit comes back after two latencies and the router, so a
 * buffer of b vectors gives at most b / (216 + 100 + 216) a cycle over the first of two hops. */
static void small_buffers_throttle(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_traffic_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 5, true);
  source s = make_source(5, 10, 1000000);
  s.from = 0;
  s.to = 2;
  s.regular = true;
  assert_ok(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 4, 0, &r, &diag), &diag);
  double rate = 4.0 / 532 * 800000;
  assert_true(fabs((double)r.accepted / rate - 1) < 0.01);
  rs_arena_destroy(arena);
}

/* Everything that is made arrives, whatever the routing; the same bytes twice. */
static void nothing_is_lost_and_runs_repeat(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_timing t = chip_timing();
  const rs_wiring *ring = make_wiring(arena, 8, true);
  const rs_wiring *mesh = make_wiring(arena, 8, false);
  for (int routing = 0; routing < RS_ROUTING_COUNT; routing++) {
    for (int k = 0; k < 2; k++) {
      rs_diag diag;
      rs_traffic_result a, b;
      source first = make_source(8, 300, 300000);
      source second = first;
      const rs_wiring *w = k == 0 ? ring : mesh;
      assert_ok(simulate(arena, w, &t, &first, (rs_routing)routing, 8, 0, &a, &diag), &diag);
      assert_ok(simulate(arena, w, &t, &second, (rs_routing)routing, 8, 0, &b, &diag), &diag);
      assert_int_equal(a.arrived, a.measured);
      assert_false(a.saturated);
      assert_memory_equal(&a, &b, sizeof a);
    }
  }
  rs_arena_destroy(arena);
}

/* One virtual channel on a ring, everybody three hops one way, tiny buffers: a cycle of full buffers.
 * It is found and its ports are named; with a channel a hop the same traffic flows. */
static void a_deadlock_is_named(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_wiring *w;
  rs_traffic_result r;
  rs_timing t = chip_timing();
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 6);
  for (uint32_t i = 0; i < 6; i++) {
    assert_ok(rs_wiring_builder_add_fibre(builder, i, (i + 1) % 6, RS_CABLE_NODE, &diag), &diag);
  }
  assert_ok(rs_wiring_builder_finish(builder, &w, &diag), &diag);
  source s = make_source(6, 20, 100000);
  assert_int_equal(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 1, 1, &r, &diag), RS_E_REFUSED);
  assert_non_null(strstr(diag.what, "deadlock"));
  assert_non_null(strstr(diag.what, "channel 0"));
  s = make_source(6, 2000, 100000);
  assert_ok(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 1, 0, &r, &diag), &diag);
  assert_int_equal(r.arrived, r.measured);
  rs_arena_destroy(arena);
}

static void impossible_runs_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_traffic_result r;
  rs_timing t = chip_timing();
  const rs_wiring *w = make_wiring(arena, 4, false);
  source s = make_source(4, 100, 1000);
  assert_int_equal(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 0, 0, &r, &diag), RS_E_INPUT);
  assert_int_equal(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 1, 33, &r, &diag), RS_E_LIMIT);
  s.end = 0;
  assert_int_equal(simulate(arena, w, &t, &s, RS_ROUTING_MINIMAL, 1, 0, &r, &diag), RS_E_INPUT);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_network_takes_its_hops), cmocka_unit_test(one_queue_is_md1),
      cmocka_unit_test(a_full_link_keeps_its_rate),      cmocka_unit_test(small_buffers_throttle),
      cmocka_unit_test(nothing_is_lost_and_runs_repeat), cmocka_unit_test(a_deadlock_is_named),
      cmocka_unit_test(impossible_runs_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

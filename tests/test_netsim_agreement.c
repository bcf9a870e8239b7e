/*
 * The two fidelities of the player against each other and against sums written out here: random
 * schedules that are right by construction, random conflicts on links, and single faults.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rs__player.h"
#include "rs_random.h"
#include "rs_test_schedule.h"

static uint64_t last_seed;

static int say_seed(void **state) {
  (void)state;
  print_message("last seed %llu\n", (unsigned long long)last_seed);
  return 0;
}

static int64_t draw(rs_random *r, int64_t low, int64_t high) {
  return rs_random_between(r, low, high);
}

static rs_timing draw_timing(rs_random *r) {
  rs_timing t;
  rs_timing_init_unit(&t);
  if (draw(r, 0, 3) == 0) return t;
  t.slot_num = draw(r, 1, 60); /* from slots far below a cycle to slots of many */
  t.slot_den = draw(r, 1, 20);
  for (int k = 0; k < RS_CABLE_CLASS_COUNT; k++) t.latency_cycles[k] = draw(r, 1, 40);
  t.send_cycles = draw(r, 0, 10);
  t.receive_cycles = draw(r, 0, 10);
  t.forward_cycles = draw(r, 0, 10);
  t.add_cycles = draw(r, 0, 10);
  return t;
}

/* ---- the stride test against all pairs ---- */

static bool pairs_collide(const rs_timing *t, const rs_burst *a, const rs_burst *b,
                          int64_t *cycle) {
  bool found = false;
  for (int64_t i = 0; i < a->count; i++) {
    for (int64_t j = 0; j < b->count; j++) {
      rs_int128 distance = rs_burst_ticks(t, a, i) - rs_burst_ticks(t, b, j);
      if (distance >= t->slot_num || distance <= -t->slot_num) continue;
      int64_t at = RS_MAX(rs_burst_departure(t, a, i), rs_burst_departure(t, b, j));
      if (!found || at < *cycle) *cycle = at;
      found = true;
    }
  }
  return found;
}

/* Strides and counts 1…6, distances −40…40 and slots of 1, 3/2, 7/3 and 2/5 cycles. */
static void all_small_pairs_of_bursts(void **state) {
  (void)state;
  const int64_t slots[][2] = {{1, 1}, {3, 2}, {7, 3}, {2, 5}};
  rs_timing t;
  rs_timing_init_unit(&t);
  uint64_t collisions = 0, cases = 0;
  for (size_t k = 0; k < RS_COUNT_OF(slots); k++) {
    t.slot_num = slots[k][0];
    t.slot_den = slots[k][1];
    for (uint32_t code = 0; code < 6 * 6 * 6 * 6; code++) {
      rs_burst a = {.start_cycles = 40, .count = 1 + code % 6, .stride = 1 + code / 6 % 6};
      rs_burst b = {.count = 1 + code / 36 % 6, .stride = 1 + code / 216};
      for (b.start_cycles = 0; b.start_cycles <= 80; b.start_cycles++) {
        int64_t cycle = -1, wanted = -1;
        bool found = rs__player_collide(&t, &a, &b, &cycle);
        assert_int_equal(found, pairs_collide(&t, &a, &b, &wanted));
        assert_int_equal(cycle, wanted);
        collisions += found;
        cases++;
      }
    }
  }
  assert_true(collisions > cases / 10 && collisions < cases);
}

/* i·p − j·q with p = 2^32 − 1, q = 2^32 − 2: inverses and products at the limits. Bursts of 2^20
 * vectors; B starts d slots after A. They meet where i·p = d + j·q; with i = j = m this is m = d, and
 * so at i = d if that is within the counts. */
static void large_strides(void **state) {
  (void)state;
  rs_timing t;
  rs_timing_init_unit(&t);
  rs_burst a = {.count = 1 << 20, .stride = UINT32_MAX};
  for (int64_t d = (1 << 20) - 3; d < (1 << 20) + 3; d++) {
    int64_t cycle = -1;
    rs_burst b = {.start_cycles = d, .count = 1 << 20, .stride = UINT32_MAX - 1};
    assert_int_equal(rs__player_collide(&t, &a, &b, &cycle), d < 1 << 20);
    if (d < 1 << 20) assert_int_equal(cycle, d * (int64_t)UINT32_MAX);
  }
}

/* ---- schedules that are right by construction ---- */

typedef struct builder {
  rs_random random;
  rs_arena *arena;
  const rs_wiring *wiring;
  rs_schedule *schedule;
  const rs_timing *timing;
} builder;

/* A ring or a mesh with some cables doubled, of two classes. */
static const rs_wiring *draw_wiring(rs_arena *arena, rs_random *r) {
  rs_diag diag = {0};
  rs_wiring *wiring;
  uint32_t n = (uint32_t)draw(r, 2, 7);
  bool ring = n > 2 && draw(r, 0, 1) == 0;
  rs_wiring_builder *b = rs_wiring_builder_create(arena, n);
  for (uint32_t x = 0; x < n; x++) {
    for (uint32_t y = x + 1; y < n; y++) {
      if (ring && y != x + 1 && !(x == 0 && y == n - 1)) continue;
      int64_t cables = draw(r, 0, 4) == 0 ? 2 : 1;
      for (int64_t i = 0; i < cables; i++) {
        rs_cable_class cable_class = (rs_cable_class)draw(r, 0, 2);
        assert_ok(rs_wiring_builder_add(b, x, y, cable_class, &diag), &diag);
      }
    }
  }
  assert_ok(rs_wiring_builder_finish(b, &wiring, &diag), &diag);
  return wiring;
}

/* Books a burst not before `earliest`: the first start at which its link is free, by trying, with
 * the stride test of all pairs. Returns its index. */
static uint64_t book(builder *b, rs_burst burst, int64_t earliest) {
  for (burst.start_cycles = earliest;; burst.start_cycles++) {
    bool taken = false;
    int64_t ignored;
    for (uint64_t i = 0; i < b->schedule->burst_count && !taken; i++) {
      const rs_burst *other = &b->schedule->bursts[i];
      taken = other->link == burst.link && pairs_collide(b->timing, other, &burst, &ignored);
    }
    if (!taken) break;
  }
  assert_non_null(rs_schedule_add_burst(b->schedule, &burst));
  return b->schedule->burst_count - 1;
}

/* From when on another burst, with a stride that is not smaller, may send on what this one brought. */
static int64_t follows_at(const builder *b, uint64_t index) {
  const rs_burst *burst = &b->schedule->bursts[index];
  const rs_timing *t = b->timing;
  int64_t first = burst->start_cycles + rs_timing_latency(t, &b->wiring->links[burst->link]);
  return first + t->forward_cycles + (burst->action == RS_ACTION_ADD ? t->add_cycles : 0);
}

/* From when on anything may be done with it: its last vector is in SRAM, and may leave again. */
static int64_t settles_at(const builder *b, uint64_t index) {
  const rs_burst *burst = &b->schedule->bursts[index];
  const rs_timing *t = b->timing;
  int64_t last = rs_burst_arrival(t, &b->wiring->links[burst->link], burst, burst->count - 1);
  return last + RS_MAX(t->forward_cycles, t->receive_cycles) +
         (burst->action == RS_ACTION_ADD ? t->add_cycles : 0);
}

/* A random link out of a chip to one that `reached` does not hold; RS_NONE: none. */
static uint32_t draw_link(builder *b, const bool *reached) {
  uint32_t links[256];
  uint32_t count = 0;
  for (uint32_t l = 0; l < b->wiring->link_count; l++) {
    const rs_link *link = &b->wiring->links[l];
    if (reached[link->from] && !reached[link->to]) links[count++] = l;
  }
  return count == 0 ? RS_NONE : links[draw(&b->random, 0, count - 1)];
}

static uint32_t add_random_op(builder *b, rs_collective_kind kind, uint32_t root) {
  rs_op op = {.kind = kind,
              .root = root,
              .block_bytes = 320,
              .block_vectors = draw(&b->random, 1, 6),
              .tmp_vectors = 12,
              .ready_cycles = draw(&b->random, 0, 20)};
  uint32_t chips[8];
  for (uint32_t i = 0; i < b->wiring->chip_count; i++) chips[i] = i;
  uint32_t index = rs_schedule_add_op(b->schedule, &op, chips, b->wiring->chip_count);
  assert_int_not_equal(index, RS_NONE);
  return index;
}

/* Spreads out[offset …] of `root` to all along a random tree. Each hop may be cut through. Where
 * `relay`, a hop arrives in tmp and is kept a second time: both ways of writing. */
static void spread(builder *b, uint32_t op, uint32_t root, int64_t offset, int64_t earliest) {
  bool reached[8] = {false};
  int64_t ready[8];
  uint32_t stride[8];
  uint32_t link;
  reached[root] = true;
  ready[root] = earliest;
  stride[root] = 1;
  while ((link = draw_link(b, reached)) != RS_NONE) {
    uint32_t from = b->wiring->links[link].from, to = b->wiring->links[link].to;
    rs_burst burst = {.count = b->schedule->ops[op].block_vectors,
                      .source_offset = offset,
                      .target_offset = offset,
                      .link = link,
                      .op = op,
                      .stride = stride[from] + (uint32_t)draw(&b->random, 0, 2),
                      .source = RS_BUFFER_OUT,
                      .target = RS_BUFFER_OUT,
                      .action = RS_ACTION_KEEP};
    uint64_t index = book(b, burst, ready[from] + draw(&b->random, 0, 3));
    reached[to] = true;
    ready[to] = follows_at(b, index);
    stride[to] = burst.stride;
  }
}

static void add_all_gather(builder *b) {
  uint32_t op = add_random_op(b, RS_ALL_GATHER, RS_NONE);
  int64_t earliest = b->schedule->ops[op].ready_cycles + b->timing->send_cycles;
  int64_t vectors = b->schedule->ops[op].block_vectors;
  for (uint32_t c = 0; c < b->wiring->chip_count; c++) spread(b, op, c, c * vectors, earliest);
}

static void add_broadcast(builder *b) {
  uint32_t root = (uint32_t)draw(&b->random, 0, b->wiring->chip_count - 1);
  uint32_t op = add_random_op(b, RS_BROADCAST, root);
  spread(b, op, root, 0, b->schedule->ops[op].ready_cycles + b->timing->send_cycles);
}

/* Reduces up a random tree to a root and, for all-reduce, spreads the sum. A child sends when all of
 * its own children's vectors are there; nobody receives an add before its own input is ready. */
static void add_reduce(builder *b, bool is_all) {
  uint32_t n = b->wiring->chip_count;
  uint32_t root = (uint32_t)draw(&b->random, 0, n - 1);
  uint32_t op = add_random_op(b, is_all ? RS_ALL_REDUCE : RS_REDUCE, is_all ? RS_NONE : root);
  int64_t first = b->schedule->ops[op].ready_cycles + b->timing->send_cycles;
  uint32_t order[8], up[8], count = 1, link;
  bool reached[8] = {false};
  int64_t ready[8];
  reached[root] = true;
  for (uint32_t c = 0; c < n; c++) ready[c] = first;
  while ((link = draw_link(b, reached)) != RS_NONE) { /* down-links of the tree */
    uint32_t to = b->wiring->links[link].to;
    order[count] = to;
    up[count++] = b->wiring->links[link].reverse;
    reached[to] = true;
  }
  while (count-- > 1) { /* leaves first */
    uint32_t child = order[count];
    rs_burst burst = {.count = b->schedule->ops[op].block_vectors,
                      .link = up[count],
                      .op = op,
                      .stride = (uint32_t)draw(&b->random, 1, 3),
                      .source = RS_BUFFER_OUT,
                      .target = RS_BUFFER_OUT,
                      .action = RS_ACTION_ADD};
    uint32_t parent = b->wiring->links[up[count]].to;
    int64_t settled = settles_at(b, book(b, burst, ready[child]));
    ready[parent] = RS_MAX(ready[parent], settled + b->timing->send_cycles);
  }
  if (is_all) spread(b, op, root, 0, ready[root]);
}

/* A send along a walk, through hop buffers: in → tmp → … → out, forwarded while it still comes. */
static void add_send(builder *b) {
  uint32_t chip = (uint32_t)draw(&b->random, 0, b->wiring->chip_count - 1);
  bool visited[8] = {false};
  uint32_t path[8], hops = 0, at = chip;
  int64_t most = draw(&b->random, 1, 4);
  visited[chip] = true;
  while (hops < most) {
    uint32_t first = b->wiring->out_first[at];
    uint32_t link = first + (uint32_t)draw(&b->random, 0, b->wiring->out_first[at + 1] - first - 1);
    if (visited[b->wiring->links[link].to]) break;
    at = b->wiring->links[link].to;
    visited[at] = true;
    path[hops++] = link;
  }
  if (hops == 0) return;
  rs_op op = {.kind = RS_SEND,
              .root = RS_NONE,
              .block_bytes = 1,
              .block_vectors = draw(&b->random, 1, 6),
              .tmp_vectors = 12,
              .ready_cycles = draw(&b->random, 0, 20)};
  uint32_t index = rs_schedule_add_op(b->schedule, &op, (const uint32_t[]){chip, at}, 2);
  int64_t earliest = op.ready_cycles + b->timing->send_cycles;
  rs_burst burst = {.count = op.block_vectors, .op = index, .stride = 1};
  for (uint32_t i = 0; i < hops; i++) {
    bool is_last = i + 1 == hops;
    burst.link = path[i];
    burst.stride += (uint32_t)draw(&b->random, 0, 1);
    burst.source = i == 0 ? RS_BUFFER_IN : RS_BUFFER_TMP;
    burst.source_offset = burst.target_offset;
    burst.target = is_last ? RS_BUFFER_OUT : RS_BUFFER_TMP;
    burst.target_offset = is_last ? 0 : draw(&b->random, 0, 6);
    burst.action = is_last ? RS_ACTION_KEEP : RS_ACTION_FORWARD;
    earliest = follows_at(b, book(b, burst, earliest));
  }
}

/* Compute intervals that read what an operation brought, after it. */
static void add_reader(builder *b) {
  rs_compute c = {.cycles = draw(&b->random, 0, 9),
                  .reads_op = (uint32_t)draw(&b->random, 0, b->schedule->op_count - 1),
                  .writes_op = RS_NONE,
                  .label = rs_schedule_label(b->schedule, "reader")};
  c.chip = (uint32_t)draw(&b->random, 0, b->wiring->chip_count - 1);
  c.start_cycles = b->schedule->ops[c.reads_op].ready_cycles;
  for (uint64_t i = 0; i < b->schedule->burst_count; i++) {
    if (b->schedule->bursts[i].op != c.reads_op) continue;
    c.start_cycles = RS_MAX(c.start_cycles, settles_at(b, i));
  }
  assert_non_null(rs_schedule_add_compute(b->schedule, &c));
}

static void draw_schedule(builder *b, rs_arena *arena, uint64_t seed) {
  static rs_timing timing;
  rs_random_init(&b->random, seed, 0);
  timing = draw_timing(&b->random);
  b->arena = arena;
  b->timing = &timing;
  b->wiring = draw_wiring(arena, &b->random);
  b->schedule = rs_schedule_create(arena, b->wiring, "", &timing);
  int64_t ops = draw(&b->random, 1, 4);
  for (int64_t i = 0; i < ops; i++) {
    switch (draw(&b->random, 0, 4)) {
      case 0:
        add_all_gather(b);
        break;
      case 1:
        add_broadcast(b);
        break;
      case 2:
        add_reduce(b, false);
        break;
      case 3:
        add_reduce(b, true);
        break;
      default:
        add_send(b);
        break;
    }
  }
  if (b->schedule->op_count > 0) add_reader(b);
  if (draw(&b->random, 0, 1) == 0) rs_schedule_sort(b->schedule); /* both orders are played */
}

/* ---- both fidelities, and sums ---- */

typedef struct played {
  rs_status status;
  rs_play play;
  rs_diag diag;
  int64_t op_end[16];
  int64_t slots[256];
} played;

static void run(const builder *b, rs_fidelity fidelity, played *p) {
  rs_play_options options = {
      .fidelity = fidelity, .seed = 3, .op_end_cycles = p->op_end, .link_busy_slots = p->slots};
  assert_true(b->schedule->op_count <= RS_COUNT_OF(p->op_end));
  assert_true(b->wiring->link_count <= RS_COUNT_OF(p->slots));
  memset(p, 0, sizeof *p);
  p->status = rs_player_run(b->schedule, b->wiring, &options, &p->play, &p->diag);
}

static void expect_same(const builder *b, const played *x, const played *y) {
  assert_int_equal(x->play.makespan_cycles, y->play.makespan_cycles);
  assert_int_equal(x->play.network_end_cycles, y->play.network_end_cycles);
  assert_int_equal(x->play.compute_end_cycles, y->play.compute_end_cycles);
  assert_int_equal(x->play.bursts, y->play.bursts);
  assert_int_equal(x->play.vector_hops, y->play.vector_hops);
  assert_int_equal(x->play.links_used, y->play.links_used);
  assert_int_equal(x->play.busiest_link, y->play.busiest_link);
  assert_int_equal(x->play.busiest_link_slots, y->play.busiest_link_slots);
  assert_int_equal(x->play.bytes_moved, y->play.bytes_moved);
  for (uint32_t i = 0; i < b->schedule->op_count; i++) {
    assert_int_equal(x->op_end[i], y->op_end[i]);
  }
  for (uint32_t l = 0; l < b->wiring->link_count; l++) assert_int_equal(x->slots[l], y->slots[l]);
}

/* What the figures must be, straight from their definitions. */
static void expect_sums(const builder *b, const played *p) {
  const rs_schedule *s = b->schedule;
  const rs_timing *t = b->timing;
  int64_t op_end[16] = {0}, slots[256] = {0};
  int64_t end = 0, hops = 0;
  for (uint32_t i = 0; i < s->op_count; i++) op_end[i] = s->ops[i].ready_cycles;
  for (uint64_t i = 0; i < s->burst_count; i++) {
    const rs_burst *u = &s->bursts[i];
    for (int64_t k = 0; k < u->count; k++) {
      int64_t ticks = k * u->stride * t->slot_num;
      int64_t there = u->start_cycles + (ticks + t->slot_den - 1) / t->slot_den +
                      t->latency_cycles[b->wiring->links[u->link].cable_class] + t->receive_cycles +
                      (u->action == RS_ACTION_ADD ? t->add_cycles : 0);
      op_end[u->op] = RS_MAX(op_end[u->op], there);
      slots[u->link]++;
      hops++;
    }
  }
  for (uint32_t i = 0; i < s->op_count; i++) {
    assert_int_equal(p->op_end[i], op_end[i]);
    end = RS_MAX(end, op_end[i]);
  }
  assert_int_equal(p->play.network_end_cycles, end);
  for (uint64_t i = 0; i < s->compute_count; i++) {
    end = RS_MAX(end, s->computes[i].start_cycles + s->computes[i].cycles);
  }
  assert_int_equal(p->play.makespan_cycles, end);
  assert_int_equal(p->play.vector_hops, hops);
  for (uint32_t l = 0; l < b->wiring->link_count; l++) assert_int_equal(p->slots[l], slots[l]);
}

static void random_schedules_agree(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (last_seed = 0; last_seed < 1500; last_seed++) {
    static played bursts, vectors;
    builder b;
    rs_arena_reset(arena);
    draw_schedule(&b, arena, last_seed);
    run(&b, RS_FIDELITY_BURST, &bursts);
    run(&b, RS_FIDELITY_VECTOR, &vectors);
    assert_ok(bursts.status, &bursts.diag);
    assert_ok(vectors.status, &vectors.diag);
    expect_same(&b, &bursts, &vectors);
    expect_sums(&b, &bursts);
    assert_int_equal(bursts.play.events, 2 * bursts.play.bursts);
    assert_int_equal(vectors.play.events, 2 * vectors.play.vector_hops);
  }
  rs_arena_destroy(arena);
}

/* ---- one change each ---- */

/* Makes one burst wrong, in a way that is still well formed. */
static void spoil(builder *b) {
  rs_burst *u = &b->schedule->bursts[draw(&b->random, 0, (int64_t)b->schedule->burst_count - 1)];
  switch (draw(&b->random, 0, 5)) {
    case 0:
      u->start_cycles = RS_MAX(u->start_cycles - draw(&b->random, 1, 5), 0);
      break;
    case 1:
      u->action = u->action == RS_ACTION_KEEP ? RS_ACTION_ADD : RS_ACTION_KEEP;
      break;
    case 2:
      u->link = (uint32_t)draw(&b->random, 0, b->wiring->link_count - 1);
      break;
    case 3:
      *u = b->schedule->bursts[--b->schedule->burst_count];
      break;
    case 4:
      u->stride += 1;
      break;
    default:
      u->count = RS_MAX(u->count - 1, 1);
      break;
  }
}

/* Burst fidelity judges links, vector fidelity links and data: what passes the second passes the
 * first and agrees with it. Most spoiled schedules must be seen. */
static void spoiled_schedules_agree(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  int refused = 0, refused_links = 0;
  for (last_seed = 0; last_seed < 1500; last_seed++) {
    static played bursts, vectors;
    builder b;
    rs_arena_reset(arena);
    draw_schedule(&b, arena, last_seed);
    if (b.schedule->burst_count == 0) continue;
    spoil(&b);
    run(&b, RS_FIDELITY_BURST, &bursts);
    run(&b, RS_FIDELITY_VECTOR, &vectors);
    refused += vectors.status == RS_E_REFUSED;
    refused_links += bursts.status == RS_E_REFUSED;
    if (vectors.status == RS_OK) {
      assert_ok(bursts.status, &bursts.diag);
      expect_same(&b, &bursts, &vectors);
    } else {
      assert_int_equal(vectors.status, RS_E_REFUSED);
    }
  }
  print_message("%d of 1500 refused, %d for a link\n", refused, refused_links);
  assert_true(refused > 1000 && refused_links > 50);
  rs_arena_destroy(arena);
}

/* ---- conflicts on links ---- */

static int64_t fault_cycle(const rs_diag *diag) {
  const char *at = strstr(diag->what, "is busy at cycle ");
  if (at == NULL) fail_msg("%s", diag->what);
  return strtoll(at + strlen("is busy at cycle "), NULL, 10);
}

/* A broadcast of a group of one asks for nothing, so that links are all that can be wrong: strided
 * bursts of its input into parts of tmp of their own, at random times. Both fidelities and all pairs
 * must find the same first conflict. Some are one transmission, which is none. */
static void first_conflicts_agree(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  int conflicts = 0;
  for (last_seed = 0; last_seed < 3000; last_seed++) {
    static played bursts, vectors;
    builder b;
    rs_arena_reset(arena);
    rs_random_init(&b.random, last_seed, 0);
    rs_timing t = draw_timing(&b.random);
    b.timing = &t;
    b.wiring = make_wiring(arena, 3, false);
    b.schedule = rs_schedule_create(arena, b.wiring, "", &t);
    rs_op op = {.kind = RS_BROADCAST, .block_bytes = 1, .block_vectors = 8, .tmp_vectors = 200};
    rs_schedule_add_op(b.schedule, &op, (const uint32_t[]){0}, 1);
    int64_t count = draw(&b.random, 2, 6);
    int64_t span = draw(&b.random, 1, 400);
    for (int64_t i = 0; i < count; i++) {
      rs_burst u = {.start_cycles = t.send_cycles + draw(&b.random, 0, span),
                    .count = draw(&b.random, 1, 8),
                    .target_offset = 8 * i,
                    .link = (uint32_t)draw(&b.random, 0, 1), /* 0>1 or 0>2 */
                    .stride = (uint32_t)draw(&b.random, 1, 9),
                    .source = RS_BUFFER_IN,
                    .target = RS_BUFFER_TMP,
                    .action = RS_ACTION_FORWARD};
      rs_schedule_add_burst(b.schedule, &u);
    }
    int64_t wanted = INT64_MAX;
    for (int64_t i = 0; i < count; i++) {
      for (int64_t j = 0; j < i; j++) {
        const rs_burst *u = &b.schedule->bursts[i], *v = &b.schedule->bursts[j];
        int64_t cycle;
        if (u->link != v->link || rs_burst_shares(u, v)) continue;
        if (!pairs_collide(&t, u, v, &cycle)) continue;
        wanted = RS_MIN(wanted, cycle);
      }
    }
    run(&b, RS_FIDELITY_BURST, &bursts);
    run(&b, RS_FIDELITY_VECTOR, &vectors);
    if (wanted == INT64_MAX) {
      assert_ok(bursts.status, &bursts.diag);
      assert_ok(vectors.status, &vectors.diag);
      expect_same(&b, &bursts, &vectors);
      continue;
    }
    conflicts++;
    assert_int_equal(bursts.status, RS_E_REFUSED);
    assert_int_equal(vectors.status, RS_E_REFUSED);
    assert_int_equal(fault_cycle(&bursts.diag), wanted);
    assert_int_equal(fault_cycle(&vectors.diag), wanted);
  }
  assert_true(conflicts > 500 && conflicts < 2900);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_small_pairs_of_bursts),
      cmocka_unit_test(large_strides),
      cmocka_unit_test_teardown(random_schedules_agree, say_seed),
      cmocka_unit_test_teardown(spoiled_schedules_agree, say_seed),
      cmocka_unit_test_teardown(first_conflicts_agree, say_seed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

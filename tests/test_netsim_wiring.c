/* The wiring: ports, links, their order, what is asked of it, and damage that the check must see. */
#include <stdio.h>
#include <string.h>

#include "rs_random.h"
#include "rs_test.h"
#include "rs_wiring.h"

/* After a test that runs over seeds: where it stopped, which on failure is the seed that failed. */
static uint64_t last_seed;

static int say_seed(void **state) {
  (void)state;
  print_message("last seed %llu\n", (unsigned long long)last_seed);
  return 0;
}

static rs_wiring *finish(rs_wiring_builder *builder) {
  rs_diag diag = {0};
  rs_wiring *wiring = NULL;
  assert_ok(rs_wiring_builder_finish(builder, &wiring, &diag), &diag);
  return wiring;
}

static void add(rs_wiring_builder *builder, uint32_t a, uint32_t b, rs_cable_class cable_class) {
  rs_diag diag = {0};
  assert_ok(rs_wiring_builder_add(builder, a, b, cable_class, &diag), &diag);
}

static void fibre(rs_wiring_builder *builder, uint32_t from, uint32_t to) {
  rs_diag diag = {0};
  assert_ok(rs_wiring_builder_add_fibre(builder, from, to, RS_CABLE_RACK, &diag), &diag);
}

static void expect_link(const rs_wiring *w, uint32_t index, rs_link expected) {
  const rs_link *l = &w->links[index];
  assert_int_equal(l->from, expected.from);
  assert_int_equal(l->to, expected.to);
  assert_int_equal(l->reverse, expected.reverse);
  assert_int_equal(l->from_port, expected.from_port);
  assert_int_equal(l->to_port, expected.to_port);
  assert_int_equal(l->cable_class, expected.cable_class);
}

/* Cables 2–0, 0–1, 0–2: chip 0 uses ports 0 (to 2), 1 (to 1), 2 (to 2); chip 2 ports 0 and 1; chip
 * 1 port 0. Links by (from, to, from_port): 0>1, 0>2, 0>2.1, 1>0, 2>0, 2>0.1. */
static void ports_go_by_order_of_adding(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 3);
  add(builder, 2, 0, RS_CABLE_NODE);
  add(builder, 0, 1, RS_CABLE_RACK);
  add(builder, 0, 2, RS_CABLE_INTER_RACK);
  const rs_wiring *w = finish(builder);
  assert_int_equal(w->link_count, 6);
  assert_int_equal(w->cable_count, 3);
  expect_link(w, 0, (rs_link){0, 1, 3, 1, 0, RS_CABLE_RACK});
  expect_link(w, 1, (rs_link){0, 2, 4, 0, 0, RS_CABLE_NODE});
  expect_link(w, 2, (rs_link){0, 2, 5, 2, 1, RS_CABLE_INTER_RACK});
  expect_link(w, 3, (rs_link){1, 0, 0, 0, 1, RS_CABLE_RACK});
  expect_link(w, 4, (rs_link){2, 0, 1, 0, 0, RS_CABLE_NODE});
  expect_link(w, 5, (rs_link){2, 0, 2, 1, 2, RS_CABLE_INTER_RACK});
  const uint32_t incoming[] = {3, 4, 5, 0, 1, 2}; /* into 0, into 1, into 2 */
  for (uint32_t i = 0; i < 6; i++) assert_int_equal(w->in_links[i], incoming[i]);
  assert_null(w->node_of);
  assert_null(w->rack_of);
  rs_arena_destroy(arena);
}

static void links_are_found_and_named(void **state) {
  (void)state;
  char name[32];
  rs_arena *arena = rs_arena_create(0);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 3);
  add(builder, 2, 0, RS_CABLE_NODE);
  add(builder, 0, 1, RS_CABLE_NODE);
  add(builder, 0, 2, RS_CABLE_NODE);
  const rs_wiring *w = finish(builder);
  assert_int_equal(rs_wiring_find_link(w, 0, 2, 0), 1);
  assert_int_equal(rs_wiring_find_link(w, 0, 2, 1), 2);
  assert_int_equal(rs_wiring_find_link(w, 0, 2, 2), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 0, 2, RS_NONE), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 0, 1, 1), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 1, 2, 0), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 0, 0, 0), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 3, 0, 0), RS_NONE);
  assert_int_equal(rs_wiring_find_link(w, 2, 3, 0), RS_NONE);
  assert_int_equal(rs_wiring_link_copy(w, 1), 0);
  assert_int_equal(rs_wiring_link_copy(w, 2), 1);
  rs_wiring_link_name(w, 0, name, sizeof name);
  assert_string_equal(name, "0>1");
  rs_wiring_link_name(w, 5, name, sizeof name);
  assert_string_equal(name, "2>0.1");
  assert_int_equal(rs_wiring_out_degree(w, 0), 3);
  assert_int_equal(rs_wiring_out_degree(w, 1), 1);
  rs_arena_destroy(arena);
}

/* 0→1, 0→2, 1→0, 2→1: transmit and receive ports are counted apart, so 1 sends and receives first on
 * port 0, and receives its second fibre on port 1. */
static void fibres_count_ports_apart(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 3);
  fibre(builder, 0, 1);
  fibre(builder, 0, 2);
  fibre(builder, 1, 0);
  fibre(builder, 2, 1);
  const rs_wiring *w = finish(builder);
  assert_int_equal(w->link_count, 4);
  assert_int_equal(w->cable_count, 4);
  expect_link(w, 0, (rs_link){0, 1, RS_NONE, 0, 0, RS_CABLE_RACK});
  expect_link(w, 1, (rs_link){0, 2, RS_NONE, 1, 0, RS_CABLE_RACK});
  expect_link(w, 2, (rs_link){1, 0, RS_NONE, 0, 0, RS_CABLE_RACK});
  expect_link(w, 3, (rs_link){2, 1, RS_NONE, 0, 1, RS_CABLE_RACK});
  rs_arena_destroy(arena);
}

static void places_are_runs_of_chips(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 10);
  rs_wiring_builder_set_places(builder, 2, 4);
  const rs_wiring *w = finish(builder);
  for (uint32_t c = 0; c < 10; c++) {
    assert_int_equal(w->node_of[c], c / 2);
    assert_int_equal(w->rack_of[c], c / 4);
  }
  assert_int_equal(w->link_count, 0);
  rs_arena_destroy(arena);
}

static void spare_chips_do_not_work(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag = {0};
  uint32_t *chips;
  uint32_t count;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  add(builder, 0, 1, RS_CABLE_NODE);
  assert_ok(rs_wiring_builder_set_spare(builder, 3, &diag), &diag);
  assert_ok(rs_wiring_builder_set_spare(builder, 1, &diag), &diag);
  const rs_wiring *w = finish(builder);
  assert_ok(rs_wiring_working(arena, w, &chips, &count, &diag), &diag);
  assert_int_equal(count, 2);
  assert_int_equal(chips[0], 0);
  assert_int_equal(chips[1], 2);
  assert_int_equal(rs_wiring_working_count(w), 2);
  builder = rs_wiring_builder_create(arena, 4);
  w = finish(builder);
  assert_null(w->spare);
  assert_ok(rs_wiring_working(arena, w, &chips, &count, &diag), &diag);
  assert_int_equal(count, 4);
  assert_int_equal(chips[3], 3);
  assert_int_equal(rs_wiring_working_count(w), 4);
  rs_arena_destroy(arena);
}

static void wrong_ends_are_refused(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 3);
  assert_int_equal(rs_wiring_builder_add(builder, 1, 1, RS_CABLE_NODE, &diag), RS_E_INPUT);
  assert_string_equal(diag.what, "chip 1 is wired to itself");
  assert_int_equal(rs_wiring_builder_add(builder, 0, 3, RS_CABLE_NODE, &diag), RS_E_INPUT);
  assert_int_equal(rs_wiring_builder_add(builder, 3, 0, RS_CABLE_NODE, NULL), RS_E_INPUT);
  assert_int_equal(rs_wiring_builder_add_fibre(builder, 3, 0, RS_CABLE_NODE, NULL), RS_E_INPUT);
  assert_int_equal(rs_wiring_builder_add_fibre(builder, 2, 2, RS_CABLE_NODE, NULL), RS_E_INPUT);
  /* ports are numbers of 16 bits */
  rs_status status = RS_OK;
  uint32_t added = 0;
  while (status == RS_OK) {
    status = rs_wiring_builder_add(builder, 0, 1, RS_CABLE_NODE, &diag);
    if (status == RS_OK) added++;
  }
  assert_int_equal(status, RS_E_LIMIT);
  assert_int_equal(added, UINT16_MAX);
  assert_int_equal(finish(builder)->link_count, 2 * UINT16_MAX);
  rs_arena_destroy(arena);
}

/* ---- against a wiring that is too simple to be wrong ---- */

typedef struct cable {
  uint32_t a, b;
} cable;

/* The cables must be there once each, in the order of adding as copies. */
static void expect_cables(const rs_wiring *w, const cable *cables, uint32_t count) {
  uint32_t copies[8][8] = {{0}};
  uint32_t degree[8] = {0};
  assert_int_equal(w->link_count, 2 * count);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t a = cables[i].a, b = cables[i].b;
    uint32_t there = rs_wiring_find_link(w, a, b, copies[a][b]);
    uint32_t back = rs_wiring_find_link(w, b, a, copies[b][a]);
    assert_int_not_equal(there, RS_NONE);
    assert_int_equal(w->links[there].reverse, back);
    assert_int_equal(w->links[there].from_port, degree[a]);
    assert_int_equal(w->links[there].to_port, degree[b]);
    assert_int_equal(rs_wiring_link_copy(w, there), copies[a][b]);
    copies[a][b]++;
    copies[b][a]++;
    degree[a]++;
    degree[b]++;
  }
  for (uint32_t c = 0; c < w->chip_count; c++) {
    assert_int_equal(rs_wiring_out_degree(w, c), degree[c]);
    assert_int_equal(w->in_first[c + 1] - w->in_first[c], degree[c]);
  }
}

/* All 2^10 simple graphs of 5 chips. */
static void all_graphs_of_five_chips(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (uint32_t set = 0; set < 1024; set++) {
    cable cables[10];
    uint32_t count = 0, bit = 0;
    rs_arena_reset(arena);
    rs_wiring_builder *builder = rs_wiring_builder_create(arena, 5);
    for (uint32_t a = 0; a < 5; a++) {
      for (uint32_t b = a + 1; b < 5; b++, bit++) {
        if ((set >> bit & 1) == 0) continue;
        cables[count++] = (cable){a, b};
        add(builder, a, b, RS_CABLE_NODE);
      }
    }
    expect_cables(finish(builder), cables, count);
  }
  rs_arena_destroy(arena);
}

static void random_multigraphs(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  for (uint64_t seed = 0; seed < 300; seed++) {
    rs_random random;
    cable cables[60];
    rs_random_init(&random, seed, 0);
    rs_arena_reset(arena);
    uint32_t chips = 2 + (uint32_t)rs_random_below(&random, 7);
    uint32_t count = (uint32_t)rs_random_below(&random, RS_COUNT_OF(cables) + 1);
    rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
    for (uint32_t i = 0; i < count; i++) {
      uint32_t a = (uint32_t)rs_random_below(&random, chips);
      uint32_t b = (uint32_t)rs_random_below(&random, chips - 1);
      cables[i] = (cable){a, b >= a ? b + 1 : b};
      add(builder, cables[i].a, cables[i].b, (rs_cable_class)rs_random_below(&random, 3));
    }
    last_seed = seed;
    expect_cables(finish(builder), cables, count);
  }
  rs_arena_destroy(arena);
}

/* 10,440 chips and 100,000 cables, as many as the largest system and half as many again. */
static void large_wirings(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const uint32_t chips = 10440;
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  for (uint32_t i = 0; i < 100000; i++) {
    uint32_t a = i % chips;
    add(builder, a, (a + 1 + i / chips * 7) % chips, RS_CABLE_NODE);
  }
  const rs_wiring *w = finish(builder);
  assert_int_equal(w->link_count, 200000);
  assert_int_equal(w->cable_count, 100000);
  rs_arena_destroy(arena);
}

/* ---- digest ---- */

static uint64_t digest_of(rs_arena *arena, uint32_t chips, const cable *cables, uint32_t count,
                          rs_cable_class cable_class) {
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, chips);
  for (uint32_t i = 0; i < count; i++) add(builder, cables[i].a, cables[i].b, cable_class);
  return rs_wiring_digest(finish(builder));
}

static void digests_tell_wirings_apart(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const cable one[] = {{0, 1}, {1, 2}};
  const cable ports[] = {{1, 2}, {0, 1}}; /* the same graph on other ports */
  const cable other[] = {{0, 1}, {0, 2}};
  uint64_t digest = digest_of(arena, 3, one, 2, RS_CABLE_NODE);
  assert_true(digest == digest_of(arena, 3, one, 2, RS_CABLE_NODE));
  assert_true(digest != digest_of(arena, 3, ports, 2, RS_CABLE_NODE));
  assert_true(digest != digest_of(arena, 3, other, 2, RS_CABLE_NODE));
  assert_true(digest != digest_of(arena, 3, one, 2, RS_CABLE_RACK));
  assert_true(digest != digest_of(arena, 4, one, 2, RS_CABLE_NODE));
  assert_true(digest != digest_of(arena, 3, one, 1, RS_CABLE_NODE));
  rs_arena_destroy(arena);
}

/* ---- the check ---- */

/* K4 with a second cable 0–1. Links: 0>1 0>1.1 0>2 0>3 1>0 1>0.1 1>2 1>3 2>0 2>1 2>3 3>0 3>1 3>2. */
static rs_wiring *make_k4(rs_arena *arena) {
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
  for (uint32_t a = 0; a < 4; a++) {
    for (uint32_t b = a + 1; b < 4; b++) add(builder, a, b, RS_CABLE_NODE);
  }
  add(builder, 0, 1, RS_CABLE_NODE);
  return finish(builder);
}

static void swap_links(rs_wiring *w, uint32_t a, uint32_t b) {
  rs_link kept = w->links[a];
  w->links[a] = w->links[b];
  w->links[b] = kept;
}

#define CASE(number, statement) \
  case number:                  \
    statement;                  \
    break

static void damage(rs_wiring *w, int which) {
  switch (which) {
    CASE(0, w->links[2].to = 0);                      /* a link from a chip to itself */
    CASE(1, w->links[3].to = 4);                      /* to a chip that is not there */
    CASE(2, w->links[13].from = 9);                   /* from one that is not there */
    CASE(3, swap_links(w, 2, 3));                     /* out of order of `to` */
    CASE(4, swap_links(w, 0, 1));                     /* out of order of ports */
    CASE(5, w->links[0].cable_class = 3);             /* no such class */
    CASE(6, w->links[0].cable_class = RS_CABLE_RACK); /* other than its reverse's */
    CASE(7, w->links[0].reverse = 5);                 /* the other cable's */
    CASE(8, w->links[0].reverse = 99);
    CASE(9, w->links[0].reverse = RS_NONE);                  /* one-sided */
    CASE(10, w->links[2].from_port = w->links[3].from_port); /* and no longer matches */
    CASE(11, w->out_first[1]++);                             /* a link of 1 is said to leave 0 */
    CASE(12, w->out_first[2] = 0);
    CASE(13, w->out_first[0] = 1);
    CASE(14, w->out_first[4]--);
    CASE(15, w->in_first[1]++);
    CASE(16, w->in_first[1] = 14);
    CASE(17, w->in_first[4]--);
    CASE(18, w->in_links[0] = w->in_links[1]); /* one twice, another not at all */
    case 19: {
      uint32_t k = w->in_links[0];
      w->in_links[0] = w->in_links[1];
      w->in_links[1] = k;
      break;
    }
      CASE(20, w->in_links[3] = 99);
      CASE(21, w->in_first[0] = 1);
    default:
      fail();
  }
}

static void damage_is_seen(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  assert_ok(rs_wiring_check(make_k4(arena), &diag), &diag);
  for (int which = 0; which < 22; which++) {
    rs_wiring *w = make_k4(arena);
    damage(w, which);
    if (rs_wiring_check(w, &diag) != RS_E_REFUSED) fail_msg("damage %d was not seen", which);
    assert_int_equal(rs_wiring_check(w, NULL), RS_E_REFUSED);
  }
  rs_arena_destroy(arena);
}

/* Ports used twice in a way that nothing else gives away: fibres have no reverse to disagree with. */
static void shared_ports_are_seen(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_diag diag;
  for (int which = 0; which < 2; which++) {
    rs_wiring_builder *builder = rs_wiring_builder_create(arena, 4);
    fibre(builder, 0, 1);
    fibre(builder, 0, 2);
    fibre(builder, 3, 1);
    rs_wiring *w = finish(builder);
    if (which == 0) w->links[1].from_port = w->links[0].from_port;
    if (which == 1) w->links[2].to_port = w->links[0].to_port;
    assert_int_equal(rs_wiring_check(w, &diag), RS_E_REFUSED);
    assert_string_equal(
        diag.what, which == 0 ? "chip 0 sends twice on port 0" : "chip 1 receives twice on port 0");
  }
  rs_arena_destroy(arena);
}

static void no_memory_is_said(void **state) {
  (void)state;
  rs_diag diag;
  rs_arena *arena = rs_arena_create(100000);
  rs_wiring_builder *builder = rs_wiring_builder_create(arena, 100);
  rs_status status = RS_OK;
  for (uint32_t i = 0; i < 20000 && status == RS_OK; i++) {
    status = rs_wiring_builder_add(builder, i % 100, (i + 1) % 100, RS_CABLE_NODE, &diag);
  }
  assert_int_equal(status, RS_E_NO_MEMORY);
  rs_wiring *wiring;
  assert_int_equal(rs_wiring_builder_finish(builder, &wiring, &diag), RS_E_NO_MEMORY);
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ports_go_by_order_of_adding),
      cmocka_unit_test(links_are_found_and_named),
      cmocka_unit_test(fibres_count_ports_apart),
      cmocka_unit_test(places_are_runs_of_chips),
      cmocka_unit_test(spare_chips_do_not_work),
      cmocka_unit_test(wrong_ends_are_refused),
      cmocka_unit_test(all_graphs_of_five_chips),
      cmocka_unit_test_teardown(random_multigraphs, say_seed),
      cmocka_unit_test(large_wirings),
      cmocka_unit_test(digests_tell_wirings_apart),
      cmocka_unit_test(damage_is_seen),
      cmocka_unit_test(shared_ports_are_seen),
      cmocka_unit_test(no_memory_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

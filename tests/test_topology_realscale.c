/* realscale:N: the published systems, the elastic ones, and every size in between. */
#include <math.h>

#include "rs_measure.h"
#include "rs_test_topology.h"

typedef struct row {
  const char *spec;
  uint32_t chips, node, rack, inter_rack; /* cables by class */
  uint32_t diameter;
  double average;
} row;

/* n nodes on one level: 28n cables inside, m·n(n−1)/2 between with m = 32/(n−1); beyond 9 nodes
 * those between racks of 9 are inter-rack. Distances: full searches made outside this project. */
static const row rows[] = {
    {"realscale:8", 8, 28, 0, 0, 1, 1.0},
    {"realscale:16", 16, 56, 32, 0, 2, 1.46667},           /* m = 32, 1 pair */
    {"realscale:24", 24, 84, 48, 0, 2, 1.60870},           /* m = 16, 3 pairs */
    {"realscale:40", 40, 140, 80, 0, 2, 1.71795},          /* m = 8, 10 pairs */
    {"realscale:72", 72, 252, 144, 0, 3, 2.07042},         /* m = 4, 36 pairs */
    {"realscale:136", 136, 476, 128, 144, 3, 2.42963},     /* m = 2; pairs 36 + 28 | 72 */
    {"realscale:264", 264, 924, 123, 405, 3, 2.68631},     /* m = 1; 3·36 + 15 = 123 of 528 */
    {"realscale:72,levels=2", 72, 252, 72, 0, 3, 2.36620}, /* a rack: 36 pairs twice */
    {"realscale:10440", 10440, 36540, 10440, 10440, 6, 4.83290}, /* 1305·28, 145·72, 145·144/2 */
    {"realscale:10440,wiring=spread", 10440, 36540, 10440, 10440, 7, 5.19697},
    {"realscale:10440,wiring=block", 10440, 36540, 10440, 10440, 7, 5.23547},
    {"realscale:10440,wiring=consecutive", 10440, 36540, 10440, 10440, 7, 5.23547},
    {"realscale:10440,wiring=natural", 10440, 36540, 10440, 10440, 7, 5.17491},
};

static void published_systems_have_their_counts_and_distances(void **state) {
  for (size_t i = 0; i < RS_COUNT_OF(rows); i++) {
    const row *r = &rows[i];
    rs_diag diag = {0};
    rs_measure m;
    rs_wiring *wiring = build_spec(*state, r->spec);
    assert_ok(rs_measure_distances(*state, wiring, &m, &diag), &diag);
    assert_true(m.connected);
    assert_int_equal(m.chips, r->chips);
    assert_int_equal(m.cables, r->node + r->rack + r->inter_rack);
    assert_int_equal(m.cables_by_class[RS_CABLE_NODE], r->node);
    assert_int_equal(m.cables_by_class[RS_CABLE_RACK], r->rack);
    assert_int_equal(m.cables_by_class[RS_CABLE_INTER_RACK], r->inter_rack);
    assert_int_equal(m.diameter_hops, r->diameter);
    assert_true(fabs(m.average_hops - r->average) < 0.6e-5);
    assert_true(m.ports_max <= 11);
  }
}

static void full_systems_use_eleven_ports_on_every_chip(void **state) {
  static const char *const specs[] = {"realscale:264", "realscale:72", "realscale:10440"};
  for (size_t i = 0; i < RS_COUNT_OF(specs); i++) {
    rs_measure m;
    assert_int_equal(rs_measure_distances(*state, build_spec(*state, specs[i]), &m, NULL), RS_OK);
    assert_int_equal(m.degree_min, 11);
    assert_int_equal(m.degree_max, 11);
    assert_int_equal(m.ports_max, 11);
  }
}

/* At 10,440 chips 86.53 % of ordered pairs are within 5 hops with the optimised table, 61.58 % with
 * the natural one: full searches made outside this project, rounded to 0.01 %. */
static void most_pairs_are_within_five_hops(void **state) {
  static const struct {
    const char *spec;
    double share;
  } cases[] = {{"realscale:10440", 0.8653}, {"realscale:10440,wiring=natural", 0.6158}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_measure m;
    assert_int_equal(rs_measure_distances(*state, build_spec(*state, cases[i].spec), &m, NULL),
                     RS_OK);
    uint64_t near = 0;
    for (int hops = 1; hops <= 5; hops++) near += m.pairs_at[hops];
    double share = (double)near / (10440.0 * 10439.0);
    assert_true(fabs(share - cases[i].share) <= 0.00005001);
  }
}

/* Each rack pair of the full system has exactly one cable; of 8 racks, ⌊144/7⌋ = 20. */
static void rack_pairs_have_their_cables(void **state) {
  static const struct {
    const char *spec;
    uint32_t racks, each;
  } cases[] = {
      {"realscale:10440", 145, 1}, {"realscale:576", 8, 20}, {"realscale:144,levels=2", 2, 144}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_wiring *wiring = build_spec(*state, cases[i].spec);
    uint32_t racks = cases[i].racks;
    uint32_t *count = RS_ARENA_NEW(*state, uint32_t, (size_t)racks * racks);
    for (uint32_t l = 0; l < wiring->link_count; l++) {
      const rs_link *link = &wiring->links[l];
      count[wiring->rack_of[link->from] * racks + wiring->rack_of[link->to]]++;
    }
    for (uint32_t a = 0; a < racks; a++) {
      for (uint32_t b = 0; b < racks; b++) {
        if (a != b) assert_int_equal(count[a * racks + b], cases[i].each);
      }
    }
  }
}

/* The chip of rack 0 that has the cable to rack P + 1, which is the chip of port P. */
static uint32_t chip_of_port(const rs_wiring *wiring, uint32_t port) {
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    if (link->from < 72 && link->to / 72 == port + 1) return link->from;
  }
  return RS_NONE;
}

/* Ports of the 145-rack system, read back from its cables. Chip 8n + c is chip c of node n. */
static void named_rules_put_ports_where_they_say(void **state) {
  static const struct {
    const char *wiring;
    uint32_t chip[5]; /* of ports 0, 1, 9, 16, 143 */
  } rules[] = {
      {"spread", {0, 8, 1, 57, 71}},      /* nodes 0, 1, 0, 7, 8; chips 0, 0, 1, 1, 15 mod 8 */
      {"block", {0, 0, 4, 8, 71}},        /* halves of the port */
      {"consecutive", {0, 1, 9, 16, 71}}, /* the port mod 72 */
      {"natural", {0, 1, 1, 8, 71}},      /* node P/16, chip P mod 8 */
      {"optimised", {57, 39, 3, 46, 56}}, /* the table: nodes 7, 4, 0, 5, 7, chips 1, 7, 3, 6, 0 */
  };
  static const uint32_t ports[] = {0, 1, 9, 16, 143};
  for (size_t i = 0; i < RS_COUNT_OF(rules); i++) {
    const char *spec = rs_arena_printf(*state, "realscale:10440,wiring=%s", rules[i].wiring);
    rs_wiring *wiring = build_spec(*state, spec);
    for (size_t k = 0; k < RS_COUNT_OF(ports); k++) {
      assert_int_equal(chip_of_port(wiring, ports[k]), rules[i].chip[k]);
    }
  }
}

/* Rack r of `block` is rack 2r mod 145 of `consecutive`: ports 2k and 2k + 1 of chip k lead 2k + 1
 * and 2k + 2 racks on, ports k and k + 72 lead k + 1 and k + 73, and twice those are 2k + 2 and
 * 2k + 146 = 2k + 1. */
static void block_and_consecutive_are_one_graph_at_145_racks(void **state) {
  rs_wiring *block = build_spec(*state, "realscale:10440,wiring=block");
  rs_wiring *consecutive = build_spec(*state, "realscale:10440,wiring=consecutive");
  assert_int_equal(block->link_count, consecutive->link_count);
  for (uint32_t l = 0; l < consecutive->link_count; l++) {
    const rs_link *link = &consecutive->links[l];
    uint32_t from = link->from / 72 * 2 % 145 * 72 + link->from % 72;
    uint32_t to = link->to / 72 * 2 % 145 * 72 + link->to % 72;
    assert_int_not_equal(rs_wiring_find_link(block, from, to, 0), RS_NONE);
  }
}

/* The default table is the shortest on average of all, whatever the number of racks. */
static void the_default_table_is_the_best_of_all(void **state) {
  static const uint32_t sizes[] = {288, 576, 1152, 2304, 3600, 5256, 5328, 7200, 10376};
  static const char *const others[] = {",wiring=spread", ",wiring=block", ",wiring=consecutive",
                                       ",wiring=natural"};
  (void)state;
  for (size_t i = 0; i < RS_COUNT_OF(sizes); i++) {
    rs_arena *arena = rs_arena_create(0);
    rs_measure best, other;
    const char *spec = rs_arena_printf(arena, "realscale:%u", sizes[i]);
    assert_int_equal(rs_measure_distances(arena, build_spec(arena, spec), &best, NULL), RS_OK);
    for (size_t k = 0; k < RS_COUNT_OF(others); k++) {
      rs_wiring *wiring = build_spec(arena, rs_arena_printf(arena, "%s%s", spec, others[k]));
      assert_int_equal(rs_measure_distances(arena, wiring, &other, NULL), RS_OK);
      assert_true(best.average_hops < other.average_hops);
      assert_true(best.diameter_hops <= other.diameter_hops);
    }
    rs_arena_destroy(arena);
  }
}

static uint32_t count_reached(rs_arena *arena, const rs_wiring *wiring) {
  bool *seen = RS_ARENA_NEW(arena, bool, wiring->chip_count);
  uint32_t *queue = RS_ARENA_NEW(arena, uint32_t, wiring->chip_count);
  uint32_t count = 1;
  seen[0] = true;
  for (uint32_t head = 0; head < count; head++) {
    for (uint32_t l = wiring->out_first[queue[head]]; l < wiring->out_first[queue[head] + 1]; l++) {
      uint32_t to = wiring->links[l].to;
      if (seen[to]) continue;
      seen[to] = true;
      queue[count++] = to;
    }
  }
  return count;
}

static void check_size(uint32_t chips, const char *suffix) {
  rs_arena *arena = rs_arena_create(0);
  rs_wiring *wiring = build_spec(arena, rs_arena_printf(arena, "realscale:%u%s", chips, suffix));
  assert_int_equal(wiring->chip_count, chips);
  assert_int_equal(count_reached(arena, wiring), chips);
  for (uint32_t chip = 0; chip < chips; chip++) {
    assert_in_range(rs_wiring_out_degree(wiring, chip), 7, 11);
    assert_int_equal(wiring->node_of[chip], chip / 8);
    assert_int_equal(wiring->rack_of[chip], chip / 72);
  }
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    rs_cable_class expected = link->from / 8 == link->to / 8     ? RS_CABLE_NODE
                              : link->from / 72 == link->to / 72 ? RS_CABLE_RACK
                                                                 : RS_CABLE_INTER_RACK;
    assert_int_equal(link->cable_class, expected);
  }
  rs_arena_destroy(arena);
}

/* Every one-level size; then, for every number of racks, a last rack of one node (the poorest) and
 * in turn one of 2 … 9 nodes, with each table. */
static void every_size_is_connected_and_placed(void **state) {
  static const char *const suffixes[] = {"", ",wiring=natural", ",wiring=spread", ",wiring=block",
                                         ",wiring=consecutive"};
  (void)state;
  for (uint32_t chips = 8; chips <= 264; chips += 8) check_size(chips, "");
  for (uint32_t chips = 8; chips <= 264; chips += 8) check_size(chips, ",levels=2");
  for (uint32_t chips = 272; chips <= 288; chips += 8) check_size(chips, "");
  for (uint32_t racks = 5; racks <= 145; racks++) {
    uint32_t full = (racks - 1) * 72;
    check_size(full + 8, racks % 2 == 0 ? "" : suffixes[racks / 2 % 5]);
    check_size(full + 8 * (2 + racks % 8), suffixes[racks % 5]);
  }
}

/* One node of each rack of two or more. 264 chips: racks of 9, 9, 9 and 6 nodes, four spares; of 80
 * the second rack is a lone node; 10,440: 145 · 8 chips. The cables are those of the system without. */
static void a_node_of_each_rack_can_be_spare(void **state) {
  static const struct {
    uint32_t chips, spare, last; /* the last spare node */
  } cases[] = {{16, 8, 1},    {72, 8, 8},    {80, 8, 8},         {88, 16, 10},
               {264, 32, 32}, {576, 64, 71}, {10440, 1160, 1304}};
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_diag diag = {0};
    rs_topology *topology;
    char *spec = rs_arena_printf(*state, "realscale:%u,spare=1", cases[i].chips);
    rs_wiring *without =
        build_spec(*state, rs_arena_printf(*state, "realscale:%u", cases[i].chips));
    rs_wiring *with = build_spec(*state, spec);
    assert_ok(rs_topology_parse(*state, spec, &topology, &diag), &diag);
    assert_string_equal(rs_topology_spec(topology), spec);
    assert_true(rs_wiring_digest(with) == rs_wiring_digest(without));
    assert_null(without->spare);
    assert_int_equal(rs_wiring_working_count(with), cases[i].chips - cases[i].spare);
    for (uint32_t chip = 0; chip < cases[i].chips; chip++) {
      assert_int_equal(with->spare[chip], rs_topology_is_spare(topology, chip));
      if (chip / 8 % 9 == 8) assert_true(with->spare[chip]);
    }
    assert_true(with->spare[cases[i].last * 8] && with->spare[cases[i].last * 8 + 7]);
  }
  rs_diag diag = {0};
  rs_topology *topology;
  assert_int_equal(rs_topology_parse(*state, "realscale:8,spare=1", &topology, &diag), RS_E_INPUT);
  assert_int_equal(diag.column, 19);
  assert_ok(rs_topology_parse(*state, "realscale:72,spare=0", &topology, &diag), &diag);
  assert_string_equal(rs_topology_spec(topology), "realscale:72");
}

/* Parallel cables of one chip pair are copies 0, 1, …: 2 nodes have 32 cables, 4 a chip pair. */
static void copies_are_found(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:16");
  for (uint32_t copy = 0; copy < 4; copy++) {
    uint32_t link = rs_wiring_find_link(wiring, 3, 11, copy);
    assert_int_not_equal(link, RS_NONE);
    assert_int_equal(rs_wiring_link_copy(wiring, link), copy);
  }
  assert_int_equal(rs_wiring_find_link(wiring, 3, 11, 4), RS_NONE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_systems_have_their_counts_and_distances),
      cmocka_unit_test(full_systems_use_eleven_ports_on_every_chip),
      cmocka_unit_test(most_pairs_are_within_five_hops),
      cmocka_unit_test(rack_pairs_have_their_cables),
      cmocka_unit_test(named_rules_put_ports_where_they_say),
      cmocka_unit_test(block_and_consecutive_are_one_graph_at_145_racks),
      cmocka_unit_test(the_default_table_is_the_best_of_all),
      cmocka_unit_test(every_size_is_connected_and_placed),
      cmocka_unit_test(a_node_of_each_rack_can_be_spare),
      cmocka_unit_test(copies_are_found),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

/* The newer rack: lanes and cables a class, and where they lead. */
#include "rs_test_topology.h"

/* A chip has 15 cables of 4 lanes in its tray and 15 of 2 lanes to other trays: 60 + 30 lanes. */
static void lanes_are_those_of_the_part(void **state) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring = build_spec(*state, "lprack:256");
  assert_ok(rs_topology_parse(*state, "lprack:256", &topology, &diag), &diag);
  assert_int_equal(rs_topology_lanes(topology, RS_CABLE_NODE), 4);
  assert_int_equal(rs_topology_lanes(topology, RS_CABLE_RACK), 2);
  for (uint32_t chip = 0; chip < 256; chip++) {
    uint32_t lanes[RS_CABLE_CLASS_COUNT] = {0};
    for (uint32_t l = wiring->out_first[chip]; l < wiring->out_first[chip + 1]; l++) {
      rs_cable_class cable_class = (rs_cable_class)wiring->links[l].cable_class;
      lanes[cable_class] += rs_topology_lanes(topology, cable_class);
    }
    assert_int_equal(lanes[RS_CABLE_NODE], 60);
    assert_int_equal(lanes[RS_CABLE_RACK], 30);
    assert_int_equal(lanes[RS_CABLE_INTER_RACK], 0);
  }
}

/* Trays are 0 … 15, 16 … 31, …; every other link keeps the position in the tray. */
static void trays_are_joined_by_position(void **state) {
  rs_wiring *wiring = build_spec(*state, "lprack:256");
  for (uint32_t l = 0; l < wiring->link_count; l++) {
    const rs_link *link = &wiring->links[l];
    bool same_tray = link->from / 16 == link->to / 16;
    assert_int_equal(link->cable_class, same_tray ? RS_CABLE_NODE : RS_CABLE_RACK);
    if (!same_tray) assert_int_equal(link->from % 16, link->to % 16);
  }
  for (uint32_t a = 0; a < 256; a++) {
    assert_int_equal(wiring->node_of[a], a / 16);
    assert_int_equal(wiring->rack_of[a], 0);
    for (uint32_t b = 0; b < 256; b++) {
      bool joined = a != b && (a / 16 == b / 16 || a % 16 == b % 16);
      assert_int_equal(rs_wiring_find_link(wiring, a, b, 0) != RS_NONE, joined);
      assert_int_equal(rs_wiring_find_link(wiring, a, b, 1), RS_NONE);
    }
  }
}

/* The part has 30 ports by default; the shipped die's 16, asked for, do not do. */
static void it_needs_the_ports_of_its_part(void **state) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring;
  rs_topology_options sixteen = {.ports_max = 16};
  assert_ok(rs_topology_parse(*state, "lprack:256", &topology, &diag), &diag);
  assert_int_equal(rs_topology_build(*state, topology, &sixteen, &wiring, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "lprack:256 needs 30 ports a chip, and a chip has 16");
}

static void other_families_have_four_lanes(void **state) {
  rs_diag diag = {0};
  rs_topology *topology;
  assert_ok(rs_topology_parse(*state, "realscale:264", &topology, &diag), &diag);
  for (int c = 0; c < RS_CABLE_CLASS_COUNT; c++) {
    assert_int_equal(rs_topology_lanes(topology, (rs_cable_class)c), 4);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lanes_are_those_of_the_part),
      cmocka_unit_test(trays_are_joined_by_position),
      cmocka_unit_test(it_needs_the_ports_of_its_part),
      cmocka_unit_test(other_families_have_four_lanes),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

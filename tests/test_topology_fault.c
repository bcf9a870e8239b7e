/* Faults: what is left is a sound wiring, keeps its numbers and ports, and measures as it should. */
#include "rs_fault.h"
#include "rs_measure.h"
#include "rs_test_topology.h"

static rs_wiring *without(rs_arena *arena, const rs_wiring *wiring, const rs_faults *faults,
                          uint32_t **old_link, uint32_t **old_chip) {
  rs_wiring *left = NULL;
  rs_diag diag = {0};
  assert_ok(rs_faults_apply(arena, wiring, faults, &left, old_link, old_chip, &diag), &diag);
  return left;
}

static void no_fault_changes_nothing(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  rs_faults none = {0};
  rs_wiring *left = without(*state, wiring, &none, NULL, NULL);
  assert_int_equal(rs_wiring_digest(left), rs_wiring_digest(wiring));
  assert_memory_equal(left->in_links, wiring->in_links, wiring->link_count * sizeof(uint32_t));
}

/* A ring of 8 without a cable is a line: diameter 7. */
static void a_ring_without_a_cable_is_a_line(void **state) {
  rs_wiring *wiring = build_spec(*state, "ring:8");
  rs_faults faults;
  rs_measure m;
  rs_diag diag = {0};
  assert_ok(rs_faults_parse(*state, wiring, "3-4", &faults, &diag), &diag);
  rs_wiring *left = without(*state, wiring, &faults, NULL, NULL);
  assert_int_equal(rs_measure_distances(*state, left, &m, NULL), RS_OK);
  assert_int_equal(m.cables, 7);
  assert_int_equal(m.diameter_hops, 7);
  assert_true(m.connected);
}

/* A chip of 264 takes its 11 cables along. */
static void a_chip_takes_its_cables_along(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:264");
  rs_measure m;
  uint32_t dead = 100, *old_link, *old_chip;
  rs_faults faults = {.chips = &dead, .chip_count = 1};
  rs_wiring *left = without(*state, wiring, &faults, &old_link, NULL);
  assert_int_equal(left->chip_count, 264);
  assert_int_equal(left->cable_count, 1452 - 11);
  assert_int_equal(rs_wiring_out_degree(left, dead), 0);
  for (uint32_t l = 0; l < left->link_count; l++) {
    const rs_link *now = &left->links[l], *before = &wiring->links[old_link[l]];
    assert_true(now->from == before->from && now->to == before->to &&
                now->from_port == before->from_port && now->to_port == before->to_port);
  }
  assert_int_equal(rs_measure_distances(*state, left, &m, NULL), RS_OK);
  assert_false(m.connected);
  faults.renumber = true;
  left = without(*state, wiring, &faults, NULL, &old_chip);
  assert_int_equal(left->chip_count, 263);
  assert_int_equal(rs_measure_distances(*state, left, &m, NULL), RS_OK);
  assert_true(m.connected);
  for (uint32_t chip = 0; chip < 263; chip++) {
    assert_int_equal(old_chip[chip], chip < dead ? chip : chip + 1);
    assert_int_equal(left->node_of[chip], old_chip[chip] / 8);
  }
}

/* Node 8 of the rack is spare, chips 64 … 71. Without chip 3 they are 63 … 70; without 66 one less. */
static void spare_chips_stay_spare(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:72,spare=1");
  uint32_t dead[] = {3, 66};
  rs_faults faults = {.chips = dead, .chip_count = 2, .renumber = true};
  rs_wiring *left = without(*state, wiring, &faults, NULL, NULL);
  assert_int_equal(left->chip_count, 70);
  for (uint32_t chip = 0; chip < 70; chip++) assert_int_equal(left->spare[chip], chip >= 63);
  assert_int_equal(rs_wiring_working_count(left), 63);
  faults.renumber = false;
  left = without(*state, wiring, &faults, NULL, NULL);
  for (uint32_t chip = 0; chip < 72; chip++) assert_int_equal(left->spare[chip], chip >= 64);
}

/* A copy fails alone; all of four copies part the chips. */
static void copies_fail_one_by_one(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:16");
  rs_faults faults;
  rs_diag diag = {0};
  assert_ok(rs_faults_parse(*state, wiring, " 0-8.1 , 8-0.1", &faults, &diag), &diag);
  rs_wiring *left = without(*state, wiring, &faults, NULL, NULL);
  assert_int_equal(left->cable_count, wiring->cable_count - 1); /* one cable, named twice */
  assert_int_not_equal(rs_wiring_find_link(left, 0, 8, 2), RS_NONE);
  assert_int_equal(rs_wiring_find_link(left, 0, 8, 3), RS_NONE);
}

static void fibres_fail_one_way(void **state) {
  rs_wiring *wiring = build_spec(*state, "imase-itoh:3,40");
  uint32_t dead = 7;
  rs_faults faults = {.links = &dead, .link_count = 1};
  rs_wiring *left = without(*state, wiring, &faults, NULL, NULL);
  assert_int_equal(left->link_count, wiring->link_count - 1);
  assert_int_equal(left->cable_count, wiring->cable_count - 1);
}

/* The rack of 72 is 9-connected: any 8 cables may fail, and some 9 may not. */
static void edge_connectivity_is_what_faults_show(void **state) {
  rs_wiring *wiring = build_spec(*state, "realscale:72,levels=2");
  rs_measure m;
  rs_diag diag = {0};
  for (uint64_t seed = 0; seed < 50; seed++) {
    rs_faults faults;
    assert_ok(rs_faults_draw(*state, wiring, 8, 0, seed, &faults, &diag), &diag);
    rs_wiring *left = without(*state, wiring, &faults, NULL, NULL);
    assert_int_equal(left->cable_count, wiring->cable_count - 8);
    assert_int_equal(rs_measure_distances(*state, left, &m, NULL), RS_OK);
    assert_true(m.connected);
  }
  uint32_t links[9];
  for (uint32_t k = 0; k < 9; k++) links[k] = wiring->out_first[5] + k;
  rs_faults faults = {.links = links, .link_count = 9};
  rs_wiring *left = without(*state, wiring, &faults, NULL, NULL);
  assert_int_equal(rs_measure_distances(*state, left, &m, NULL), RS_OK);
  assert_false(m.connected);
}

static void draws_follow_the_seed_and_do_not_repeat(void **state) {
  rs_wiring *wiring = build_spec(*state, "mesh:8");
  rs_faults first, second;
  rs_diag diag = {0};
  assert_ok(rs_faults_draw(*state, wiring, 28, 8, 4, &first, &diag), &diag);
  assert_ok(rs_faults_draw(*state, wiring, 28, 8, 4, &second, &diag), &diag);
  assert_memory_equal(first.links, second.links, 28 * sizeof(uint32_t));
  rs_wiring *left = without(*state, wiring, &first, NULL, NULL);
  assert_int_equal(left->link_count, 0); /* all 28 cables, each once */
  assert_int_equal(rs_faults_draw(*state, wiring, 29, 0, 4, &first, &diag), RS_E_INPUT);
  assert_int_equal(rs_faults_draw(*state, wiring, 0, 9, 4, &first, &diag), RS_E_INPUT);
}

static void bad_faults_say_where(void **state) {
  static const struct {
    const char *text;
    int column;
    const char *what;
  } cases[] = {
      {"", 1, "not a chip or a cable: ''"},       {"8", 1, "no such chip: '8'"},
      {"1, x", 4, "not a chip or a cable: 'x'"},  {"1-", 1, "not a cable: '1-'"},
      {"0-1,2-2", 5, "no such cable: '2-2'"},     {"0-1.1", 1, "no such cable: '0-1.1'"},
      {"1;2", 1, "not a chip or a cable: '1;2'"}, {"9999999999", 1, "not a chip or a cable"},
  };
  rs_wiring *wiring = build_spec(*state, "mesh:8");
  for (size_t i = 0; i < RS_COUNT_OF(cases); i++) {
    rs_faults faults;
    rs_diag diag = {0};
    assert_int_equal(rs_faults_parse(*state, wiring, cases[i].text, &faults, &diag), RS_E_INPUT);
    assert_non_null(strstr(diag.what, cases[i].what));
    assert_int_equal(diag.column, cases[i].column);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_fault_changes_nothing),
      cmocka_unit_test(a_ring_without_a_cable_is_a_line),
      cmocka_unit_test(a_chip_takes_its_cables_along),
      cmocka_unit_test(copies_fail_one_by_one),
      cmocka_unit_test(spare_chips_stay_spare),
      cmocka_unit_test(fibres_fail_one_way),
      cmocka_unit_test(edge_connectivity_is_what_faults_show),
      cmocka_unit_test(draws_follow_the_seed_and_do_not_repeat),
      cmocka_unit_test(bad_faults_say_where),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

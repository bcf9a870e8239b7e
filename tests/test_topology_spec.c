/* One line of text names a topology: it prints back to itself, and a wrong one says what to do. */
#include <stdio.h>

#include "rs_random.h"
#include "rs_test_topology.h"

static const char *canonical(rs_arena *arena, const char *spec) {
  rs_diag diag = {0};
  rs_topology *topology = NULL;
  assert_ok(rs_topology_parse(arena, spec, &topology, &diag), &diag);
  return rs_topology_spec(topology);
}

static void every_example_prints_back_to_itself(void **state) {
  size_t count;
  const rs_topology_family *families = rs_topology_families(&count);
  assert_true(count >= 3);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(canonical(*state, families[i].example), families[i].example);
    size_t name_length = strlen(families[i].name);
    assert_memory_equal(families[i].example, families[i].name, name_length);
    assert_int_equal(families[i].example[name_length], ':');
  }
}

static void every_example_builds_and_counts_its_chips(void **state) {
  size_t count;
  const rs_topology_family *families = rs_topology_families(&count);
  for (size_t i = 0; i < count; i++) {
    rs_wiring *wiring = build_spec(*state, families[i].example);
    assert_true(wiring->chip_count > 1 && wiring->cable_count > 0);
  }
}

static void texts_are_normalised(void **state) {
  static const char *const pairs[][2] = {
      {" realscale : 264 ", "realscale:264"},
      {"realscale:10_440", "realscale:10440"},
      {"realscale:n=264", "realscale:264"},
      {"realscale:levels=2,264", "realscale:264,levels=2"},
      {"realscale:10440,wiring=optimised", "realscale:10440"},
      {"realscale:10440 , wiring = natural", "realscale:10440,wiring=natural"},
      {"mesh:08", "mesh:8"},
      {"mesh:8,", "mesh:8"},
      {"torus: 4 X 4x4", "torus:4x4x4"},
      {"dragonfly:h=4,a=8", "dragonfly:a=8,h=4,wiring=palmtree"},
      {"polarfly:twins,13", "polarfly:13,twins"},
      {"random:degree=4,n=20", "random:n=20,degree=4,seed=1"},
  };
  for (size_t i = 0; i < RS_COUNT_OF(pairs); i++) {
    assert_string_equal(canonical(*state, pairs[i][0]), pairs[i][1]);
    assert_string_equal(canonical(*state, pairs[i][1]), pairs[i][1]);
  }
}

typedef struct bad_spec {
  const char *spec;
  rs_status status;
  int column;
  const char *what;       /* a part of the sentence */
  const char *suggestion; /* "": none */
} bad_spec;

static const bad_spec bad_specs[] = {
    {"", RS_E_INPUT, 1, "unknown topology ''", ""},
    {"realscal:264", RS_E_INPUT, 1, "unknown topology 'realscal'", "realscale"},
    {"  rnig:8", RS_E_INPUT, 3, "unknown topology 'rnig'", "ring"},
    {"mesh", RS_E_INPUT, 5, "n is missing", "mesh:8"},
    {"mesh:", RS_E_INPUT, 6, "n is missing", "mesh:8"},
    {"mesh:1", RS_E_INPUT, 6, "out of range: 1", ""},
    {"mesh:-3", RS_E_INPUT, 6, "not a number: '-3'", ""},
    {"mesh:8GB", RS_E_INPUT, 6, "not a number: '8GB'", ""},
    {"mesh:99999999999999999999", RS_E_INPUT, 6, "not a number", ""},
    {"mesh:8,9", RS_E_INPUT, 8, "cannot use '9'", ""},
    {"mesh:8,n=9", RS_E_INPUT, 10, "n is given twice", ""},
    {"mesh:8,,9", RS_E_INPUT, 8, "cannot use ''", ""},
    {"realscale:12", RS_E_INPUT, 11, "12 chips are not whole nodes", "realscale:16"},
    {"realscale:11", RS_E_INPUT, 11, "11 chips are not whole nodes", "realscale:8"},
    {"realscale:10448", RS_E_INPUT, 11, "out of range: 10448", ""},
    {"realscale:264,wirng=natural", RS_E_INPUT, 15, "unknown key 'wirng'", "wiring"},
    {"realscale:576,wiring=naturl", RS_E_INPUT, 22, "wiring cannot be 'naturl'", "natural"},
    {"realscale:264,wiring=natural", RS_E_INPUT, 22, "no rack level", "levels=2"},
    {"torus:4x1", RS_E_INPUT, 9, "a dimension is out of range: 1", ""},
    {"torus:4x", RS_E_INPUT, 9, "a dimension is not a number", ""},
    {"torus:2x2x2x2x2x2x2x2x2x2x2x2x2x2x2x2x2", RS_E_INPUT, 39, "more than 16 dimensions", ""},
    {"hypercube:20000", RS_E_INPUT, 11, "out of range", ""},
    {"hyperx:65536x65536", RS_E_LIMIT, 0, "more than 1048576 chips", ""},
    {"dragonfly:a=8", RS_E_INPUT, 14, "h is missing", "dragonfly:a=8,h=4,wiring=palmtree"},
    {"dragonfly:a=8,h=4,wiring=palm", RS_E_INPUT, 26, "wiring cannot be 'palm'", ""},
    {"polarfly:12", RS_E_INPUT, 10, "there is none for q = 12", "polarfly:11"},
    {"polarfly:15,twins", RS_E_INPUT, 10, "there is none for q = 15", "polarfly:16,twins"},
    {"polarfly:13,twin", RS_E_INPUT, 13, "cannot use 'twin'", "twins"},
    {"slimfly:6", RS_E_INPUT, 9, "there is none for q = 6", "slimfly:5"},
    {"slimfly:2", RS_E_INPUT, 9, "there is none for q = 2", "slimfly:3"},
    {"polarstar:6,iq4", RS_E_INPUT, 11, "there is none for q = 6", "polarstar:5,iq4"},
    {"polarstar:11,iq5", RS_E_INPUT, 14, "cannot be 'iq5'", "iq3"},
    {"bundlefly:8,7", RS_E_INPUT, 13, "there is none for r = 7", "bundlefly:8,5"},
    {"bundlefly:10,9", RS_E_INPUT, 11, "there is none for q = 10", "bundlefly:9,9"},
    {"lps:13,7", RS_E_INPUT, 5, "there is none for p = 13, q = 7", "lps:11,7"},
    {"lps:12,29", RS_E_INPUT, 5, "there is none for p = 12, q = 29", "lps:11,29"},
    {"kautz:8", RS_E_INPUT, 8, "k is missing", "kautz:8,3"},
    {"kautz:8,3,direct", RS_E_INPUT, 11, "cannot use 'direct'", "directed"},
    {"random:n=9,degree=3", RS_E_INPUT, 19, "an odd number of cable ends",
     "random:n=9,degree=2,seed=1"},
    {"random:n=9,degree=9", RS_E_INPUT, 19, "a chip has fewer others",
     "random:n=9,degree=8,seed=1"},
    {"lprack:512", RS_E_INPUT, 8, "a rack has 256 chips", "lprack:256"},
    {"realscale:576,levels=1", RS_E_INPUT, 22, "one level reaches 33 nodes", "levels=2"},
};

static void bad_texts_say_where_and_what_instead(void **state) {
  for (size_t i = 0; i < RS_COUNT_OF(bad_specs); i++) {
    const bad_spec *bad = &bad_specs[i];
    rs_diag diag = {0};
    rs_topology *topology;
    rs_status status = rs_topology_parse(*state, bad->spec, &topology, &diag);
    assert_int_equal(status, bad->status);
    assert_int_equal(diag.status, bad->status);
    assert_int_equal(diag.line, bad->column == 0 ? 0 : 1);
    assert_int_equal(diag.column, bad->column);
    assert_non_null(strstr(diag.what, bad->what));
    assert_string_equal(diag.suggestion, bad->suggestion);
  }
}

static void a_null_diagnostic_is_allowed(void **state) {
  rs_topology *topology;
  for (size_t i = 0; i < RS_COUNT_OF(bad_specs); i++) {
    assert_int_equal(rs_topology_parse(*state, bad_specs[i].spec, &topology, NULL),
                     bad_specs[i].status);
  }
}

static void a_chip_with_too_few_ports_is_infeasible(void **state) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring;
  rs_topology_options eleven = {.ports_max = 11}, ten = {.ports_max = 10};
  assert_ok(rs_topology_parse(*state, "mesh:18", &topology, &diag), &diag);
  assert_int_equal(rs_topology_build(*state, topology, NULL, &wiring, &diag), RS_E_INFEASIBLE);
  assert_string_equal(diag.what, "mesh:18 needs 17 ports a chip, and a chip has 16");
  assert_ok(rs_topology_parse(*state, "realscale:264", &topology, &diag), &diag);
  assert_ok(rs_topology_build(*state, topology, &eleven, &wiring, &diag), &diag);
  assert_int_equal(rs_topology_build(*state, topology, &ten, &wiring, &diag), RS_E_INFEASIBLE);
}

static void a_giant_is_refused_before_it_is_built(void **state) {
  rs_diag diag = {0};
  rs_topology *topology;
  rs_wiring *wiring;
  rs_topology_options many = {.ports_max = UINT16_MAX};
  assert_ok(rs_topology_parse(*state, "mesh:60000", &topology, &diag), &diag);
  assert_int_equal(rs_topology_build(*state, topology, &many, &wiring, &diag), RS_E_LIMIT);
}

/* ---- seeded mutations of good specs: never a crash; what parses prints back to itself ---- */

#define MUTANTS 20000

static size_t mutate(rs_random *random, char *text, size_t length, size_t size) {
  static const char alphabet[] = ":,=x_0123456789 -abcdefghijklmnopqrstuvwxyz\t\x01\xff";
  size_t at = (size_t)rs_random_below(random, length + 1);
  char letter = alphabet[rs_random_below(random, sizeof alphabet - 1)];
  uint64_t kind = rs_random_below(random, 3);
  if (kind == 0 && length + 1 < size) { /* insert */
    memmove(text + at + 1, text + at, length - at + 1);
    text[at] = letter;
    return length + 1;
  }
  if (at == length) return length;
  if (kind == 1) { /* replace */
    text[at] = letter;
    return length;
  }
  memmove(text + at, text + at + 1, length - at); /* remove */
  return length - 1;
}

static void check_mutant(rs_arena *arena, const char *spec) {
  rs_diag diag = {0};
  rs_topology *first = NULL, *second = NULL;
  rs_status status = rs_topology_parse(arena, spec, &first, &diag);
  if (status != RS_OK) {
    assert_true(diag.what[0] != '\0' && diag.status == status);
    return;
  }
  assert_ok(rs_topology_parse(arena, rs_topology_spec(first), &second, &diag), &diag);
  assert_string_equal(rs_topology_spec(first), rs_topology_spec(second));
  assert_int_equal(rs_topology_chip_count(first), rs_topology_chip_count(second));
}

static void mutated_specs_do_no_harm(void **state) {
  const uint64_t seed = 20240917;
  size_t count;
  const rs_topology_family *families = rs_topology_families(&count);
  rs_arena *arena = rs_arena_create(0);
  rs_random random;
  (void)state;
  print_message("seed %llu\n", (unsigned long long)seed);
  rs_random_init(&random, seed, 0);
  for (int i = 0; i < MUTANTS; i++) {
    char text[160];
    snprintf(text, sizeof text, "%s", families[rs_random_below(&random, count)].example);
    size_t length = strlen(text);
    for (uint64_t k = 1 + rs_random_below(&random, 4); k > 0; k--) {
      length = mutate(&random, text, length, sizeof text);
    }
    check_mutant(arena, text);
    rs_arena_reset(arena);
  }
  rs_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_example_prints_back_to_itself),
      cmocka_unit_test(every_example_builds_and_counts_its_chips),
      cmocka_unit_test(texts_are_normalised),
      cmocka_unit_test(bad_texts_say_where_and_what_instead),
      cmocka_unit_test(a_null_diagnostic_is_allowed),
      cmocka_unit_test(a_chip_with_too_few_ports_is_infeasible),
      cmocka_unit_test(a_giant_is_refused_before_it_is_built),
      cmocka_unit_test(mutated_specs_do_no_harm),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

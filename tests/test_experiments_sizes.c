/* The sizes of an unequal all-to-all: what is read, every mistake with its place, and any bytes. */
#include <stdio.h>
#include <string.h>

#include "rs__result.h"
#include "rs_program.h"
#include "rs_random.h"
#include "rs_test.h"

static rs_arena *arena;

static int make_arena(void **state) {
  (void)state;
  arena = rs_arena_create(0);
  return arena == NULL;
}

static int destroy_arena(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static rs_status parse(const char *text, size_t length, uint32_t chips, const int64_t **sizes,
                       rs_diag *diag) {
  return rs__sizes_parse(arena, "f", text, length, chips, sizes, diag);
}

static void sizes_are_read(void **state) {
  (void)state;
  static const char *const texts[] = {
      "0B,16KiB,1MiB\n320B,0B,7B\n0B,0B,0B\n",
      "0B, 16KiB ,1MiB\r\n320B,0B,7B\r\n0B,0B,0B", /* blanks, CR LF, no end of the last line */
  };
  static const int64_t wanted[9] = {0, 16384, 1048576, 320, 0, 7, 0, 0, 0};
  for (size_t i = 0; i < 2; i++) {
    const int64_t *sizes = NULL;
    rs_diag diag = {0};
    assert_ok(parse(texts[i], strlen(texts[i]), 3, &sizes, &diag), &diag);
    assert_memory_equal(sizes, wanted, sizeof wanted);
  }
}

static void mistakes_have_a_place(void **state) {
  (void)state;
  const struct {
    const char *text, *line;
  } rows[] = {
      {"0B,1B\n", "f:2:1: a line is missing; expected 2 lines of 2 sizes such as 16KiB or 0B"},
      {"", "f:1:1: a line is missing"},
      {"0B\n1B,0B\n", "f:1:3: this line is too short"},
      {"0B,1B,2B\n1B,0B\n", "f:1:6: this line is too long"},
      {"0B,1B\n1B,0B\n\n", "f:3:1: there is a line too many"},
      {"0B,1\n1B,0B\n", "f:1:4: '1' is not a size from 0B"},
      {"0B,1B\n-1B,0B\n", "f:2:1: '-1B' is not a size"},
      {"0B,1B\n1B,0MHz\n", "f:2:4: '0MHz' is not a size"},
      {"0B,\n1B,0B\n", "f:1:4: '' is not a size"},
      {"0B,99999999999999999999GiB\n1B,0B\n", "f:1:4: '99999999999999999999GiB' is not a size"},
      {"0B,1000000000000000000000000000000000000000000B\n1B,0B\n", "f:1:4: '1000000"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const int64_t *sizes = NULL;
    char printed[600];
    rs_diag diag = {0};
    rs_status status = parse(rows[i].text, strlen(rows[i].text), 2, &sizes, &diag);
    rs_diag_format(&diag, printed, sizeof printed);
    if (status != RS_E_INPUT || strncmp(printed, rows[i].line, strlen(rows[i].line)) != 0) {
      fail_msg("status %d, '%s'; expected '%s'", status, printed, rows[i].line);
    }
  }
}

static void any_bytes_are_survived(void **state) {
  (void)state;
  static const char seedling[] = "0B,16KiB,1MiB\n320B,0B,7B\n0B,5GiB,0B\n";
  static const char letters[] = "0123456789BKMGi,\n\r -.\0x";
  for (uint64_t seed = 1; seed <= 20000; seed++) {
    char text[sizeof seedling];
    rs_random random;
    rs_random_init(&random, seed, 0);
    memcpy(text, seedling, sizeof text);
    for (uint64_t i = rs_random_below(&random, 4) + 1; i > 0; i--) {
      text[rs_random_below(&random, sizeof text - 1)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    const int64_t *sizes = NULL;
    rs_diag diag = {0};
    rs_arena_reset(arena);
    rs_status status = parse(text, (size_t)rs_random_below(&random, sizeof text), 3, &sizes, &diag);
    bool is_said = diag.what[0] != '\0' && diag.line >= 1 && diag.column >= 1;
    if (status == RS_OK ? sizes == NULL : !is_said) {
      fail_msg("seed %llu: neither sizes nor a place", (unsigned long long)seed);
    }
  }
}

/* On a full mesh of 2, 32 and 1 vectors: 31 more slots of a cycle after the first, at the unit clock. */
static void the_program_takes_them(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "d=$(mktemp -d); cd $d; printf '0B,10KiB\\n1B,0B\\n' > s.csv;",
      "compile all-to-all --topology mesh:2 --sizes s.csv --timing unit --format json -o a.rsched "
      "&& " RS_PROGRAM " check a.rsched; echo status $?; rm -r $d");
  assert_non_null(strstr(output.out, "\"makespan_cycles\":32,"));
  assert_non_null(strstr(output.out, "\"lower_bound_cycles\":32,"));
  assert_non_null(strstr(output.out, "status 0"));
  free_output(&output);
  assert_refused("compile all-to-all --topology mesh:2 --sizes /dev/null", 2, "/dev/null:1:1:");
  assert_refused("compile all-reduce --topology mesh:2 --sizes s.csv", 2, "only all-to-all");
  assert_refused("compile all-to-all --topology mesh:4 --sizes s.csv --groups 2", 2,
                 "for one group, and here are 2");
  assert_refused("compile all-to-all --topology mesh:2 --sizes s.csv --bytes 1KiB", 2,
                 "one of the two");
  assert_refused("compile all-to-all --topology mesh:2 --sizes s.csv --algorithm paths", 2,
                 "there is one only");
  assert_refused("compile all-to-all --topology mesh:2 --sizes /nonexistent.csv", 2,
                 "/nonexistent.csv");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_read),
      cmocka_unit_test(mistakes_have_a_place),
      cmocka_unit_test(any_bytes_are_survived),
      cmocka_unit_test(the_program_takes_them),
  };
  return cmocka_run_group_tests(tests, make_arena, destroy_arena);
}

/* Published results: the file's mistakes, the error of a row, and a table that a stranger can check. */
#include <stdbool.h>

#include "rs_program.h"
#include "rs_random.h"
#include "rs_validation.h"

static const char good[] =
    "rows:\n"
    "  - name: a\n"
    "    group: lpu\n"
    "    role: prediction\n"
    "    published: 670\n"
    "    quantity: cycles\n"
    "    source: somebody\n"
    "    confidence: P\n"
    "    command: cost lstm --hidden 512 --batch 1\n"
    "    column: cycles\n";

static rs_status parse(rs_arena *arena, const char *text, rs_validation_row **rows, size_t *count,
                       rs_diag *diag) {
  *diag = (rs_diag){0};
  return rs_validation_parse(arena, "v.yaml", text, strlen(text), rows, count, diag);
}

static void rows_are_read(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  rs_validation_row *rows;
  size_t count;
  rs_diag diag;
  assert_ok(parse(arena, good, &rows, &count, &diag), &diag);
  assert_int_equal(count, 1);
  assert_string_equal(rows[0].name, "a");
  assert_true(rows[0].published == 670);
  assert_int_equal(rows[0].role, RS_ROLE_PREDICTION);
  assert_int_equal(rows[0].relation, RS_RELATION_EQUAL);
  assert_null(rows[0].cause);
  rs_arena_destroy(arena);
}

/* The good file with `from` replaced by `to`. */
static char *with(rs_arena *arena, const char *from, const char *to) {
  const char *found = strstr(good, from);
  assert_non_null(found);
  return rs_arena_printf(arena, "%.*s%s%s", (int)(found - good), good, to, found + strlen(from));
}

static void mistakes_have_their_place(void **state) {
  (void)state;
  const struct {
    const char *from, *to, *line;
  } cases[] = {
      {"published: 670", "published: many", "v.yaml:5:16: published: 'many' is not a number"},
      {"published: 670", "published: 0", "v.yaml:5:16: published: '0' is not a number"},
      {"published: 670", "published: 1e999", "v.yaml:5:16: published: '1e999' is not a number"},
      {"published: 670", "publshed: 670", "v.yaml:5:5: unknown key 'publshed'"},
      {"role: prediction", "role: predicted", "v.yaml:4:11: unknown word 'predicted'"},
      {"    column: cycles\n", "", "v.yaml:2:5: the key 'column' is missing"},
      {"group: lpu", "group: [lpu]", "v.yaml:3:12: group has no text"},
      {"rows:", "row:", "v.yaml:1:1: this is no file of published results"},
      {"  - name: a", "  - b\n  - name: a", "v.yaml:2:5: a row is not a mapping"},
  };
  rs_arena *arena = rs_arena_create(0);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rs_validation_row *rows;
    size_t count;
    rs_diag diag;
    char line[1024];
    rs_status status = parse(arena, with(arena, cases[i].from, cases[i].to), &rows, &count, &diag);
    rs_diag_format(&diag, line, sizeof line);
    if (status != RS_E_INPUT || strncmp(line, cases[i].line, strlen(cases[i].line)) != 0) {
      fail_msg("case %zu: '%s', expected '%s…'", i, line, cases[i].line);
    }
  }
  rs_arena_destroy(arena);
}

static void a_bound_has_a_right_side(void **state) {
  (void)state;
  rs_validation_row row = {.published = 200};
  assert_true(rs_validation_error(&row, 150) == -0.25);
  assert_true(rs_validation_error(&row, 300) == 0.5);
  row.relation = RS_RELATION_AT_MOST;
  assert_true(rs_validation_error(&row, 150) == 0);
  assert_true(rs_validation_error(&row, 300) == 0.5);
  row.relation = RS_RELATION_AT_LEAST;
  assert_true(rs_validation_error(&row, 150) == -0.25);
  assert_true(rs_validation_error(&row, 300) == 0);
}

static void commands_are_split(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const char **words;
  size_t count;
  rs_diag diag;
  assert_ok(rs_validation_split(arena, "  run a.yaml --set 'x=[1, 2]'y ''", &words, &count, &diag),
            &diag);
  assert_int_equal(count, 5);
  assert_string_equal(words[0], "run");
  assert_string_equal(words[3], "x=[1, 2]y");
  assert_string_equal(words[4], "");
  assert_null(words[5]);
  assert_ok(rs_validation_split(arena, "", &words, &count, &diag), &diag);
  assert_int_equal(count, 0);
  assert_int_equal(rs_validation_split(arena, "a 'b", &words, &count, &diag), RS_E_INPUT);
  rs_arena_destroy(arena);
}

/* Any bytes give rows or one message. */
static void changed_files_do_no_harm(void **state) {
  (void)state;
  rs_random random;
  rs_random_init(&random, 77, 0);
  for (int round = 0; round < 3000; round++) {
    char text[sizeof good];
    rs_validation_row *rows;
    size_t count = 0;
    rs_diag diag = {0};
    rs_arena *arena = rs_arena_create(0);
    memcpy(text, good, sizeof good);
    for (int k = 0; k < 3; k++) {
      size_t at = (size_t)rs_random_below(&random, sizeof good - 1);
      text[at] = (char)(1 + rs_random_below(&random, 126));
    }
    rs_status status = parse(arena, text, &rows, &count, &diag);
    if (status != RS_OK) assert_true(diag.what[0] != '\0');
    for (size_t i = 0; i < count && status == RS_OK; i++) {
      const char **words;
      size_t word_count;
      rs_validation_split(arena, rows[i].command, &words, &word_count, &diag);
    }
    rs_arena_destroy(arena);
  }
}

/* ---- the program ---- */

static void write_file(const char *text) {
  FILE *file = fopen("/tmp/rs-validate-test.yaml", "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

/* Exit status 1 exactly when a row is off and says nothing about why, or gives nothing. */
static void the_exit_status_says_whether_rows_hold(void **state) {
  (void)state;
  rs_arena *arena = rs_arena_create(0);
  const struct {
    const char *from, *to, *said;
    int status;
  } cases[] = {
      {"670", "670", NULL, 0},
      {"670", "600", NULL, 0}, /* + 12 % */
      {"670", "400", "is off by 67.5 %, and names no cause", 1},
      {"published: 670", "published: 400\n    cause: a test", NULL, 0},
      {"role: prediction\n    published: 670",
       "role: calibration\n    published: 640\n    cause: x", "is off by 4.7 %, and calibrates", 1},
      {"column: cycles", "column: cicles", "gave no cicles", 1},
      {"cost lstm", "cost lstn", "gave no cycles", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    write_file(with(arena, cases[i].from, cases[i].to));
    rs_program_output output = run_program("validate /tmp/rs-validate-test.yaml --format csv");
    bool said = cases[i].said == NULL || strstr(output.error, cases[i].said) != NULL;
    if (output.status != cases[i].status || !said || count_lines(output.out) != 2) {
      fail_msg("case %zu: status %d, '%s' '%s'", i, output.status, output.out, output.error);
    }
    free_output(&output);
  }
  unlink("/tmp/rs-validate-test.yaml");
  rs_arena_destroy(arena);
}

/* The rows of the tree: calibration within 3 %, and no row far off without a cause. */
static void the_published_rows_hold(void **state) {
  (void)state;
  rs_program_output output = run_program("validate --format csv");
  if (output.status != 0) fail_msg("%s", output.error);
  assert_true(count_lines(output.out) > 20);
  free_output(&output);
  assert_refused("validate --group lpuu", 2, "did you mean 'lpu'?");
  assert_refused("validate none.yaml", 2, "none.yaml");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_read),
      cmocka_unit_test(mistakes_have_their_place),
      cmocka_unit_test(a_bound_has_a_right_side),
      cmocka_unit_test(commands_are_split),
      cmocka_unit_test(changed_files_do_no_harm),
      cmocka_unit_test(the_exit_status_says_whether_rows_hold),
      cmocka_unit_test(the_published_rows_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

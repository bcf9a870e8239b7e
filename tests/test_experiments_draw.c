/* Data of pictures: the front of a Pareto plot, and a map of few values with why cells are empty. */
#include <stdio.h>
#include <string.h>

#include "rs__draw.h"
#include "rs_experiment.h"
#include "rs_test.h"

static const char *const columns[] = {
    "tensor", "pipeline", "batch", "tokens_per_s_user", "tokens_per_s_total", "energy_j_per_token",
    "reason"};

/* A row without rates has a reason. */
typedef struct point {
  int64_t tensor, pipeline, batch;
  double user, total, energy;
  const char *reason;
} point;

static rs_table *table_of(rs_arena *arena, const point *points, size_t count) {
  rs_table *table = rs_table_create(arena, columns, RS_COUNT_OF(columns));
  for (size_t i = 0; i < count; i++) {
    const point *p = &points[i];
    rs_table_add_row(table);
    rs_table_set_i64(table, "tensor", p->tensor);
    rs_table_set_i64(table, "pipeline", p->pipeline);
    rs_table_set_i64(table, "batch", p->batch);
    rs_table_set_text(table, "reason", p->reason == NULL ? "" : p->reason);
    if (p->reason != NULL) continue;
    rs_table_set_double(table, "tokens_per_s_user", p->user);
    rs_table_set_double(table, "tokens_per_s_total", p->total);
    rs_table_set_double(table, "energy_j_per_token", p->energy);
  }
  return table;
}

static const char *draw(rs_arena *arena, const rs_table *table, const rs_plot *plot,
                        const char **variables) {
  rs_text data, more;
  rs_text_init(&data);
  rs_text_init(&more);
  rs_sink data_sink = rs_text_sink(&data), more_sink = rs_text_sink(&more);
  rs_diag diag = {0};
  assert_ok(rs__draw_data(arena, table, plot, "test", &data_sink, &more_sink, &diag), &diag);
  const char *text = rs_arena_strndup(arena, data.bytes, data.length);
  *variables = rs_arena_strndup(arena, more.bytes, more.length);
  rs_text_deinit(&data);
  rs_text_deinit(&more);
  return text;
}

static const point points[] = {
    {8, 4, 1, 100, 400, 5, NULL},
    {8, 4, 2, 90, 700, 4, NULL},
    {16, 2, 1, 150, 300, 6, NULL},
    {16, 2, 2, 90, 690, 4, NULL}, /* beaten in both or alike by the second */
    {8, 4, 4, 90, 700, 3, NULL},  /* alike in rates: the first is kept */
    {32, 1, 1, 0, 0, 0, "does not fit: a chip of stage 0 needs 300 MB"},
};

/* More of both is better: 150 / 300, 100 / 400 and 90 / 700, by rising x. */
static void the_front_is_what_nothing_beats(void **state) {
  rs_arena *arena = *state;
  const rs_table *table = table_of(arena, points, RS_COUNT_OF(points));
  const rs_plot plot = {
      .kind = RS_PLOT_PARETO, .x = "tokens_per_s_user", .y = "tokens_per_s_total", .by = "tensor"};
  const char *variables;
  const char *text = draw(arena, table, &plot, &variables);
  const char *front = "90 700 \"8×4 b2\"\n100 400 \"8×4 b1\"\n150 300 \"16×2 b1\"\n\n\n";
  assert_memory_equal(text, front, strlen(front));
  assert_non_null(strstr(text, "\n\n\n\"tensor 8\"\n100 400\n90 700\n90 700\n"));
  assert_non_null(strstr(text, "\"tensor 16\"\n150 300\n90 690\n"));
  assert_null(strstr(text, "tensor 32")); /* it has no point */
  assert_non_null(strstr(variables, "front = 3; blocks = 2; less_x = 0; less_y = 0;"));
}

/* Of energy less is better: 150 / 6 and 100 / 5 and 90 / 3. Without `by` all points are one series. */
static void less_energy_is_better(void **state) {
  rs_arena *arena = *state;
  const rs_table *table = table_of(arena, points, RS_COUNT_OF(points));
  const rs_plot plot = {
      .kind = RS_PLOT_PARETO, .x = "tokens_per_s_user", .y = "energy_j_per_token", .log = "xy"};
  const char *variables;
  const char *text = draw(arena, table, &plot, &variables);
  const char *front = "90 3 \"8×4 b4\"\n100 5 \"8×4 b1\"\n150 6 \"16×2 b1\"\n\n\n\"all points\"\n";
  assert_memory_equal(text, front, strlen(front));
  assert_non_null(strstr(variables, "less_x = 0; less_y = 1; is_log_x = 1; is_log_y = 1;"));
}

/* "8×4 b1" has seven bytes, 7 · 0.0102 of an axis. The second point is 0.01 to the right and 0.02 lower,
 * where the first one's name is; the third is 0.1 lower. */
static void names_do_not_lie_on_each_other(void **state) {
  static const point near[] = {
      {8, 4, 1, 990, 1000, 1, NULL}, {8, 4, 2, 1000, 980, 1, NULL}, {8, 4, 8, 1001, 900, 1, NULL}};
  rs_arena *arena = *state;
  const rs_table *table = table_of(arena, near, RS_COUNT_OF(near));
  const rs_plot plot = {
      .kind = RS_PLOT_PARETO, .x = "tokens_per_s_user", .y = "tokens_per_s_total", .log = "none"};
  const char *variables;
  const char *text = draw(arena, table, &plot, &variables);
  const char *front = "990 1000 \"8×4 b1\"\n1000 980 \"\"\n1001 900 \"8×4 b8\"\n\n\n";
  assert_memory_equal(text, front, strlen(front));
}

/* Every front point is in no other's shadow and every other is: against the definition, on seeded
 * points with many ties. */
static void the_front_is_that_of_its_definition(void **state) {
  uint64_t random = 12345;
  (void)state;
  for (int round = 0; round < 40; round++) {
    rs_arena *arena = rs_arena_create(0);
    point some[20];
    size_t expected = 0;
    for (size_t i = 0; i < RS_COUNT_OF(some); i++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      some[i] = (point){
          8,   (int64_t)i + 1, 1, (double)(random >> 40 & 7) + 1, (double)(random >> 50 & 7) + 1, 1,
          NULL};
    }
    for (size_t i = 0; i < RS_COUNT_OF(some); i++) {
      bool is_beaten = false;
      for (size_t k = 0; k < RS_COUNT_OF(some); k++) {
        bool is_alike = some[k].user == some[i].user && some[k].total == some[i].total;
        bool is_no_worse = some[k].user >= some[i].user && some[k].total >= some[i].total;
        is_beaten = is_beaten || (k != i && is_no_worse && (!is_alike || k < i));
      }
      expected += is_beaten ? 0 : 1;
    }
    const rs_plot plot = {
        .kind = RS_PLOT_PARETO, .x = "tokens_per_s_user", .y = "tokens_per_s_total"};
    const char *variables;
    char wanted[32];
    draw(arena, table_of(arena, some, RS_COUNT_OF(some)), &plot, &variables);
    snprintf(wanted, sizeof wanted, "front = %zu;", expected);
    assert_non_null(strstr(variables, wanted));
    rs_arena_destroy(arena);
  }
}

/* A grid of the values that there are, with the first row of each cell; a cell without a value has a
 * word for its reason. */
static void a_small_map_says_why_not(void **state) {
  rs_arena *arena = *state;
  static const point cells[] = {
      {8, 4, 1, 100, 400, 5, NULL},
      {8, 4, 2, 90, 700, 4, NULL},
      {8, 10, 1, 0, 0, 0, "tensor 8 × pipeline 10 needs more than 64 chips"},
      {20, 4, 1, 0, 0, 0, "tensor = 20 does not divide attention heads = 32"},
      {20, 10, 1, 0, 0, 0, "does not fit: a chip of stage 0 needs 300 MB"},
      {20, 10, 2, 70, 140, 9, NULL},
      {32, 10, 1, 0, 0, 0, "pipeline = 10 is more than the model's 4 layers, embedding and head"},
      {32, 4, 1, 0, 0, 0, "does not fit: a chip of stage 0 needs 300 MB"}};
  const rs_plot plot = {
      .kind = RS_PLOT_MAP, .x = "tensor", .y = "pipeline", .by = "tokens_per_s_user"};
  const char *variables;
  const char *text = draw(arena, table_of(arena, cells, RS_COUNT_OF(cells)), &plot, &variables);
  assert_string_equal(text,
                      "0 0 100\n1 1 70\n\n\n0 1 \"chips\"\n1 0 \"split\"\n2 0 \"memory\"\n"
                      "2 1 \"layers\"\n");
  assert_non_null(strstr(variables, "xtics_ = '\"8\" 0, \"20\" 1, \"32\" 2'; "));
  assert_non_null(strstr(variables, "ytics_ = '\"4\" 0, \"10\" 1'; "));
  assert_non_null(strstr(variables, "is_grid = 1; refused = 4; columns = 3; lines_ = 2;"));
}

static int setup_arena(void **state) {
  *state = rs_arena_create(0);
  return *state == NULL ? -1 : 0;
}

static int teardown_arena(void **state) {
  rs_arena_destroy(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_front_is_what_nothing_beats),
      cmocka_unit_test(names_do_not_lie_on_each_other),
      cmocka_unit_test(less_energy_is_better),
      cmocka_unit_test(the_front_is_that_of_its_definition),
      cmocka_unit_test(a_small_map_says_why_not),
  };
  return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}

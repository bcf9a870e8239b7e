/* Rows of results: computing one, and the ways that a row goes out and comes back. */
#include "rs_result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rs__draw.h"
#include "rs_random.h"
#include "rs_store.h"
#include "rs_test.h"

static const char good[] =
    "name: test\ntask: decode\nmodel: llama-2-7b\ntopology: realscale:32\n"
    "sharding: {tensor: 8, pipeline: 4}\ncontext: 64\nsweep: {weights: [int8, fp16]}\n";

static rs_arena *arena;
static rs_result results[2]; /* the first fits, the second does not: 32 chips hold 7.4 GB */
static rs_table *table;

static int compute_both(void **state) {
  (void)state;
  rs_diag diag;
  const rs_experiment *e;
  arena = rs_arena_create(0);
  assert_non_null(arena);
  assert_ok(rs_experiment_parse(arena, "e", good, strlen(good), NULL, 0, &e, &diag), &diag);
  for (int i = 0; i < 2; i++) {
    assert_ok(rs_result_compute(arena, &e->points[i], &results[i], &diag), &diag);
  }
  assert_ok(rs_result_tabulate(arena, RS_TASK_DECODE, results, 2, &table, &diag), &diag);
  return 0;
}

static int destroy_arena(void **state) {
  (void)state;
  rs_arena_destroy(arena);
  return 0;
}

static double number_of(int row, const char *column) {
  const rs_cell *cell = rs_result_cell(&results[row], column);
  if (cell->kind == RS_CELL_I64) return (double)cell->integer;
  if (cell->kind != RS_CELL_DOUBLE) fail_msg("%s is no number", column);
  return cell->number;
}

static void columns_begin_as_the_design_says(void **state) {
  (void)state;
  static const char *const wanted[] = {"model",
                                       "chip",
                                       "chips",
                                       "topology",
                                       "network",
                                       "tensor",
                                       "pipeline",
                                       "expert",
                                       "batch",
                                       "context",
                                       "fits",
                                       "reason",
                                       "token_latency_s",
                                       "tokens_per_s_user",
                                       "tokens_per_s_total",
                                       "compute_share",
                                       "network_share",
                                       "energy_j_per_token",
                                       "sram_bytes_per_chip_max"};
  size_t count;
  const char *const *columns = rs_result_columns(RS_TASK_DECODE, &count);
  assert_true(count > sizeof wanted / sizeof wanted[0]);
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    assert_string_equal(columns[i], wanted[i]);
  }
}

/* The parts are the whole, and a rate is the inverse of its time. */
static void a_row_agrees_with_itself(void **state) {
  (void)state;
  static const char *const parts[] = {"weights_s", "attention_s", "vector_s", "network_s",
                                      "pipeline_s"};
  double latency = number_of(0, "token_latency_s");
  double sum = 0;
  for (int i = 0; i < 5; i++) sum += number_of(0, parts[i]);
  assert_true(fabs(sum - latency) < 1e-12);
  assert_true(fabs(number_of(0, "makespan_cycles") / 900e6 - latency) < 1e-12); /* 900 MHz */
  assert_true(fabs(number_of(0, "tokens_per_s_user") * latency - 1) < 1e-12);
  assert_true(fabs(number_of(0, "compute_share") + number_of(0, "network_share") - 1) < 1e-12);
  double attention = number_of(0, "attention_s") / number_of(0, "token_latency_s");
  assert_true(fabs(number_of(0, "attention_share") - attention) < 1e-12);
  assert_int_equal(number_of(0, "chips"), 32); /* 8 · 4 */
  assert_int_equal(number_of(0, "fits"), 1);
  assert_int_equal(number_of(0, "vectors"), number_of(0, "vector_hops"));
  assert_false(results[0].failed);
}

static void a_point_that_does_not_fit_is_a_row(void **state) {
  (void)state;
  assert_int_equal(number_of(1, "fits"), 0);
  assert_int_equal(rs_result_cell(&results[1], "token_latency_s")->kind, RS_CELL_ABSENT);
  assert_non_null(strstr(rs_result_cell(&results[1], "reason")->text, "does not fit"));
  assert_true(number_of(1, "sram_bytes_per_chip_max") > number_of(0, "sram_bytes_per_chip_max"));
  assert_false(results[1].failed);
}

static bool is_empty(const rs_cell *cell) {
  return cell->kind == RS_CELL_ABSENT || (cell->kind == RS_CELL_TEXT && cell->text[0] == '\0');
}

static void assert_same(const rs_result *a, const rs_result *b) {
  size_t count;
  const char *const *columns = rs_result_columns(a->task, &count);
  for (size_t i = 0; i < count; i++) {
    const rs_cell *x = &a->cells[i];
    const rs_cell *y = &b->cells[i];
    if (is_empty(x) && is_empty(y)) continue; /* in CSV an empty text is like an absent one */
    bool same = x->kind == y->kind && x->integer == y->integer &&
                memcmp(&x->number, &y->number, sizeof x->number) == 0 &&
                (x->kind != RS_CELL_TEXT || strcmp(x->text, y->text) == 0);
    if (!same) fail_msg("the column %s is another", columns[i]);
  }
}

static void a_row_survives_json(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    rs_text text;
    rs_diag diag;
    rs_result back;
    rs_text_init(&text);
    rs_sink sink = rs_text_sink(&text);
    assert_int_equal(rs_result_print(&results[i], &sink), RS_OK);
    assert_ok(rs_result_parse(arena, RS_TASK_DECODE, text.bytes, &back, &diag), &diag);
    assert_same(&results[i], &back);
    rs_text_deinit(&text);
  }
}

/* ---- CSV ---- */

static char *print_csv(void) {
  rs_text text;
  rs_text_init(&text);
  rs_sink sink = rs_text_sink(&text);
  rs_table_print(table, RS_FORMAT_CSV, 0, &sink);
  assert_false(text.failed);
  return text.bytes;
}

static void a_row_survives_csv(void **state) {
  (void)state;
  char *csv = print_csv();
  rs_diag diag;
  rs_result *back;
  size_t count;
  assert_ok(rs_result_parse_csv(arena, RS_TASK_DECODE, "f", csv, strlen(csv), &back, &count, &diag),
            &diag);
  assert_int_equal(count, 2);
  for (int i = 0; i < 2; i++) assert_same(&results[i], &back[i]);
  free(csv);
}

static void csv_may_be_cut_and_sorted(void **state) {
  (void)state;
  static const char csv[] =
      "reason,batch,token_latency_s\r\n\"a, \"\"b\"\"\nc\",4,0.5\r\nnone,,1e-3\r\n\"\",7,";
  rs_diag diag;
  rs_result *rows;
  size_t count;
  assert_ok(rs_result_parse_csv(arena, RS_TASK_DECODE, "f", csv, strlen(csv), &rows, &count, &diag),
            &diag);
  assert_int_equal(count, 3);
  assert_string_equal(rs_result_cell(&rows[0], "reason")->text, "a, \"b\"\nc");
  assert_int_equal(rs_result_cell(&rows[0], "batch")->integer, 4);
  assert_true(fabs(rs_result_cell(&rows[1], "token_latency_s")->number - 1e-3) < 1e-18);
  assert_int_equal(rs_result_cell(&rows[1], "batch")->kind, RS_CELL_ABSENT);
  assert_int_equal(rs_result_cell(&rows[2], "token_latency_s")->kind, RS_CELL_ABSENT);
  assert_int_equal(rs_result_cell(&rows[2], "model")->kind, RS_CELL_ABSENT);
}

static void check_csv(const char *csv, const char *line) {
  char printed[1024];
  rs_diag diag = {0};
  rs_result *rows;
  size_t count;
  rs_status status =
      rs_result_parse_csv(arena, RS_TASK_DECODE, "f", csv, strlen(csv), &rows, &count, &diag);
  rs_diag_format(&diag, printed, sizeof printed);
  if (status != RS_E_INPUT || strncmp(printed, line, strlen(line)) != 0) {
    fail_msg("'%s' for: %s", printed, csv);
  }
}

static void wrong_csv_is_refused(void **state) {
  (void)state;
  check_csv("", "f:1:1: there is no column ''");
  check_csv("batch,btch\n1,2\n", "f:1:7: there is no column 'btch'; did you mean 'batch'?");
  check_csv("batch,batch\n1,2\n", "f:1:7: this column stands twice: 'batch'");
  check_csv("batch,context\n1,2\n3\n", "f:3:3: this row is shorter");
  check_csv("batch,context\n1,2,3\n", "f:2:5: this row is longer");
  check_csv("batch\nx\n", "f:2:1: this is not a number: 'x'");
  check_csv("batch,reason\n1,\"a\n", "f:2:4: this quote stays open");
  check_csv("reason\n\"a\"b\n", "f:2:4: something stands between a quote and the next comma");
}

static void any_csv_is_survived(void **state) {
  (void)state;
  char *csv = print_csv();
  size_t length = strlen(csv);
  static const char letters[] = ",\"\n\r0a.-";
  char *text = malloc(length + 1);
  assert_non_null(text);
  for (uint64_t seed = 0; seed < 2000; seed++) {
    rs_random random;
    rs_random_init(&random, seed, 2);
    memcpy(text, csv, length + 1);
    for (uint64_t i = rs_random_below(&random, 4) + 1; i > 0; i--) {
      text[rs_random_below(&random, length)] =
          letters[rs_random_below(&random, sizeof letters - 1)];
    }
    rs_arena *scratch = rs_arena_create(0);
    rs_diag diag = {0};
    rs_result *rows;
    size_t count;
    rs_status status =
        rs_result_parse_csv(scratch, RS_TASK_DECODE, "f", text, length, &rows, &count, &diag);
    if (status != RS_OK && (diag.what[0] == '\0' || diag.line < 1)) {
      fail_msg("seed %llu: a refusal without words or place", (unsigned long long)seed);
    }
    rs_arena_destroy(scratch);
  }
  free(text);
  free(csv);
}

/* ---- the store ---- */

static void the_store_keeps_rows_by_key(void **state) {
  (void)state;
  char folder[] = "/tmp/rs-store-XXXXXX";
  char path[64];
  rs_diag diag;
  rs_store *store;
  rs_result back;
  bool found;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/s.sqlite", folder);
  assert_ok(rs_store_open(path, true, &store, &diag), &diag);
  assert_ok(rs_store_put(store, 7, &results[0], &diag), &diag);
  assert_ok(rs_store_put(store, UINT64_MAX, &results[0], &diag), &diag);
  assert_ok(rs_store_put(store, UINT64_MAX, &results[1], &diag), &diag); /* the later one counts */
  rs_store_close(store);
  assert_ok(rs_store_open(path, true, &store, &diag), &diag);
  assert_ok(rs_store_get(store, arena, RS_TASK_DECODE, 7, &back, &found, &diag), &diag);
  assert_true(found);
  assert_same(&results[0], &back);
  assert_ok(rs_store_get(store, arena, RS_TASK_DECODE, UINT64_MAX, &back, &found, &diag), &diag);
  assert_true(found);
  assert_same(&results[1], &back);
  assert_ok(rs_store_get(store, arena, RS_TASK_DECODE, 8, &back, &found, &diag), &diag);
  assert_false(found);
  rs_store_close(store);
  assert_ok(rs_store_open(path, false, &store, &diag), &diag); /* emptied */
  assert_ok(rs_store_get(store, arena, RS_TASK_DECODE, 7, &back, &found, &diag), &diag);
  assert_false(found);
  rs_store_close(store);
  unlink(path);
  rmdir(folder);
}

static void a_file_that_is_no_store_is_refused(void **state) {
  (void)state;
  char path[] = "/tmp/rs-store-XXXXXX";
  rs_diag diag;
  rs_store *store;
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  for (int i = 0; i < 200; i++) assert_int_equal(write(descriptor, "not a database\n", 15), 15);
  close(descriptor);
  assert_int_equal(rs_store_open(path, true, &store, &diag), RS_E_SYSTEM);
  assert_non_null(strstr(diag.what, "not a database"));
  rs_store_close(store);
  unlink(path);
}

/* ---- what pictures show ---- */

static void check_axis(const char *column, double most, const char *label, double scale) {
  rs__axis_form form;
  rs__draw_axis(column, most, &form);
  assert_string_equal(form.label, label);
  if (fabs(form.scale / scale - 1) > 1e-12) fail_msg("%s: scale %g", column, form.scale);
}

static void axes_have_units(void **state) {
  (void)state;
  check_axis("token_latency_s", 0.0027, "time of a token (ms)", 1e3);
  check_axis("token_latency_s", 0.00027, "time of a token (µs)", 1e6);
  check_axis("token_latency_s", 2, "time of a token (s)", 1);
  check_axis("network_s", 0, "time on the network (ns)", 1e9);
  check_axis("sram_bytes_per_chip_max", 2.3e8, "SRAM of the fullest chip (MB)", 1e-6);
  check_axis("weight_bytes_total", 6.9e10, "weights in all (GB)", 1e-9);
  check_axis("compute_share", 0.9, "share of compute in a token's time (%)", 100);
  check_axis("makespan_cycles", 1e6, "makespan (cycles)", 1);
  check_axis("tokens_per_s_user", 380, "tokens/s of a user", 1);
  check_axis("energy_j_per_token", 100, "energy of a token (J)", 1);
  check_axis("links_used", 5, "links used", 1);
  check_axis("lower_bound_s", 1e-5, "lower bound (µs)", 1e6);
}

static rs_text data, variables;

static rs_status draw(const rs_table *rows, const rs_plot *plot, rs_diag *diag) {
  rs_text_deinit(&data);
  rs_text_deinit(&variables);
  rs_text_init(&data);
  rs_text_init(&variables);
  rs_sink data_sink = rs_text_sink(&data);
  rs_sink variable_sink = rs_text_sink(&variables);
  return rs__draw_data(arena, rows, plot, "it's", &data_sink, &variable_sink, diag);
}

static const rs_table *read_table(const char *csv) {
  rs_diag diag;
  rs_result *rows;
  rs_table *made;
  size_t count;
  assert_ok(rs_result_parse_csv(arena, RS_TASK_DECODE, "f", csv, strlen(csv), &rows, &count, &diag),
            &diag);
  assert_ok(rs_result_tabulate(arena, RS_TASK_DECODE, rows, count, &made, &diag), &diag);
  return made;
}

/* Rows by rising x; a key that varies beside x and by splits a series further; rows without y are
 * left out. */
static void lines_join_what_belongs_together(void **state) {
  (void)state;
  const rs_plot plot = {.kind = RS_PLOT_LINE, .x = "batch", .y = "fits", .by = "topology"};
  rs_diag diag;
  assert_ok(draw(read_table("topology,context,batch,fits\n"
                            "ring:8,1,4,40\nring:8,1,1,10\nring:8,2,1,20\nmesh:8,1,1,30\n"
                            "mesh:8,1,2,\n"),
                 &plot, &diag),
            &diag);
  assert_string_equal(data.bytes,
                      "\"ring:8, context 1\"\n1 10 \"1\"\n4 40 \"4\"\n\n\n"
                      "\"ring:8, context 2\"\n1 20 \"1\"\n\n\n"
                      "\"mesh:8, context 1\"\n1 30 \"1\"\n\n\n");
  assert_non_null(strstr(variables.bytes, "blocks = 3; "));
  assert_non_null(strstr(variables.bytes, "title_ = 'it''s'; "));
  assert_non_null(strstr(variables.bytes, "xlabel_ = 'sequences of a micro-batch'; "));
}

/* A column that follows from `by` is not named beside it. */
static void series_are_named_by_what_tells_them_apart(void **state) {
  (void)state;
  const rs_plot plot = {.kind = RS_PLOT_LINE, .x = "batch", .y = "fits", .by = "topology"};
  rs_diag diag;
  assert_ok(draw(read_table("topology,network,batch,fits\nring:8,a,1,1\nring:8,a,2,2\n"
                            "mesh:8,b,1,3\n"),
                 &plot, &diag),
            &diag);
  assert_string_equal(data.bytes,
                      "\"ring:8\"\n1 1 \"1\"\n2 2 \"2\"\n\n\n"
                      "\"mesh:8\"\n1 3 \"1\"\n\n\n");
}

static void check_log(const char *csv, const char *wanted) {
  const rs_plot plot = {.kind = RS_PLOT_LINE, .x = "batch", .y = "fits"};
  rs_diag diag;
  assert_ok(draw(read_table(csv), &plot, &diag), &diag);
  if (strstr(variables.bytes, wanted) == NULL) fail_msg("%s for %s", variables.bytes, csv);
}

/* Widest gaps: 4/7 linear and 1/3 of log 8 for 1 2 4 8; 1/3 and log 2 / log 4 for 1 2 3 4. */
static void axes_spread_the_values(void **state) {
  (void)state;
  check_log("batch,fits\n1,1\n2,1\n4,1\n8,1\n", "is_log = 1; ");
  check_log("batch,fits\n1,1\n2,1\n3,1\n4,1\n", "is_log = 0; ");
  check_log("batch,fits\n0,1\n1,1\n8,1\n64,1\n", "is_log = 0; ");
  check_log("batch,fits\n5,1\n", "is_log = 0; ");
}

static void bars_have_a_column_a_series(void **state) {
  (void)state;
  const rs_plot plot = {.kind = RS_PLOT_BAR, .x = "topology", .y = "fits"};
  rs_diag diag;
  assert_ok(draw(read_table("topology,batch,fits\nring:8,1,10\nring:8,2,20\nmesh:8,2,30\n"), &plot,
                 &diag),
            &diag);
  assert_string_equal(data.bytes,
                      "label \"batch 1\" \"batch 2\"\n\"ring:8\" 10 20\n\"mesh:8\" ? 30\n");
}

/* Quotes, backslashes and line ends of a text must not reach gnuplot's reader. */
static void texts_cannot_break_out(void **state) {
  (void)state;
  const rs_plot plot = {
      .kind = RS_PLOT_BAR, .x = "model", .y = "fits", .title = "a'; system('false') #\nb"};
  rs_diag diag;
  assert_ok(draw(read_table("model,fits\n\"a\"\"b\\c\nd\",1\n"), &plot, &diag), &diag);
  assert_string_equal(data.bytes, "label \"fits\"\n\"a'b'c\\nd\" 1\n");
  assert_non_null(strstr(variables.bytes, "title_ = 'a''; system(''false'') # b'; "));
}

static void a_stack_shows_what_fits(void **state) {
  (void)state;
  const rs_plot plot = {.kind = RS_PLOT_STACK};
  rs_diag diag;
  assert_ok(draw(table, &plot, &diag), &diag);
  size_t lines = 0;
  for (const char *c = data.bytes; *c != '\0'; c++) lines += *c == '\n' ? 1 : 0;
  assert_int_equal(lines, 2); /* the head, and the one that fits */
  assert_non_null(strstr(data.bytes, "\n\"weights int8\" "));
}

static void a_picture_of_nothing_is_refused(void **state) {
  (void)state;
  const rs_plot stack = {.kind = RS_PLOT_STACK};
  const rs_plot line = {.kind = RS_PLOT_LINE, .x = "batch", .y = "nonsense"};
  rs_diag diag;
  assert_int_equal(draw(read_table("batch\n"), &stack, &diag), RS_E_INFEASIBLE);
  assert_int_equal(draw(read_table("batch,fits\n1,0\n"), &stack, &diag), RS_E_INFEASIBLE);
  assert_int_equal(draw(table, &line, &diag), RS_E_INPUT);
}

static int free_all(void **state) {
  rs_text_deinit(&data);
  rs_text_deinit(&variables);
  return destroy_arena(state);
}

/* Rows with a memory of the last step are those without: points that share a step, with one sequence or
 * several generated tokens, with stalls, with a draft; points whose layers are dealt otherwise for more
 * micro-batches; and points that do not fit between them. */
static void a_memory_changes_no_row(void **state) {
  (void)state;
  static const char *const more[] = {"generate: 5", "deskew_interval: 65536", "generate: 1",
                                     "speculate: {draft: llama-2-7b, acceptance: 0.5, length: 1}"};
  for (size_t m = 0; m < sizeof more / sizeof more[0]; m++) {
    rs_diag diag;
    const rs_experiment *e;
    rs_arena *own = rs_arena_create(0);
    rs_result_memory *memory = rs_result_memory_create();
    const char *text =
        rs_arena_printf(own,
                        "name: test\ntask: decode\nmodel: llama-2-7b\ntopology: realscale:264\n"
                        "sharding: {tensor: 8, pipeline: 10}\n%s\n"
                        "sweep: {context: [512, 4096], sharding.micro_batches: [1, 2, 10], "
                        "sharding.replicas: [1, 2]}\n",
                        more[m]);
    assert_ok(rs_experiment_parse(own, "e", text, strlen(text), NULL, 0, &e, &diag), &diag);
    for (size_t i = 0; i < e->point_count; i++) {
      rs_text fresh, remembered;
      rs_result a, b;
      rs_text_init(&fresh);
      rs_text_init(&remembered);
      rs_sink sinks[2] = {rs_text_sink(&fresh), rs_text_sink(&remembered)};
      assert_ok(rs_result_compute(own, &e->points[i], &a, &diag), &diag);
      assert_ok(rs_result_compute_with(own, memory, &e->points[i], &b, &diag), &diag);
      assert_int_equal(rs_result_print(&a, &sinks[0]), RS_OK);
      assert_int_equal(rs_result_print(&b, &sinks[1]), RS_OK);
      assert_string_equal(fresh.bytes, remembered.bytes);
      rs_text_deinit(&fresh);
      rs_text_deinit(&remembered);
    }
    rs_result_memory_destroy(memory);
    rs_arena_destroy(own);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_memory_changes_no_row),
      cmocka_unit_test(columns_begin_as_the_design_says),
      cmocka_unit_test(a_row_agrees_with_itself),
      cmocka_unit_test(a_point_that_does_not_fit_is_a_row),
      cmocka_unit_test(a_row_survives_json),
      cmocka_unit_test(a_row_survives_csv),
      cmocka_unit_test(csv_may_be_cut_and_sorted),
      cmocka_unit_test(wrong_csv_is_refused),
      cmocka_unit_test(any_csv_is_survived),
      cmocka_unit_test(the_store_keeps_rows_by_key),
      cmocka_unit_test(a_file_that_is_no_store_is_refused),
      cmocka_unit_test(axes_have_units),
      cmocka_unit_test(lines_join_what_belongs_together),
      cmocka_unit_test(series_are_named_by_what_tells_them_apart),
      cmocka_unit_test(axes_spread_the_values),
      cmocka_unit_test(bars_have_a_column_a_series),
      cmocka_unit_test(texts_cannot_break_out),
      cmocka_unit_test(a_stack_shows_what_fits),
      cmocka_unit_test(a_picture_of_nothing_is_refused),
  };
  return cmocka_run_group_tests(tests, compute_both, free_all);
}

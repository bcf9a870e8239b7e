/* The program as a stranger uses it: every command, good and bad, in a pipe and on a full disk. */
#include <jansson.h>
#include <math.h>

#include "rs_program.h"

static json_t *run_json(const char *arguments) {
  rs_program_output output = run_program(arguments);
  if (output.status != 0) fail_msg("`%s`: %s", arguments, output.error);
  json_error_t error;
  json_t *rows = json_loads(output.out, JSON_REJECT_DUPLICATES, &error);
  if (rows == NULL) fail_msg("`%s`: not JSON: %s", arguments, error.text);
  assert_true(json_is_array(rows));
  free_output(&output);
  return rows;
}

static double number_of(const json_t *rows, size_t row, const char *key) {
  const json_t *value = json_object_get(json_array_get(rows, row), key);
  if (!json_is_number(value)) fail_msg("row %zu has no number '%s'", row, key);
  return json_number_value(value);
}

/* ---- help and the command line itself ---- */

static void help_is_everywhere(void **state) {
  (void)state;
  static const char *const commands[] = {"run",  "topology", "compile", "check",  "diff", "cost",
                                         "plot", "list",     "trace",   "report", "clock"};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    char arguments[64];
    snprintf(arguments, sizeof arguments, "%s --help", commands[i]);
    rs_program_output output = run_program(arguments);
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "example:"));
    assert_non_null(strstr(output.out, "--format"));
    assert_string_equal(output.error, "");
    free_output(&output);
  }
  rs_program_output output = run_program("--help");
  assert_int_equal(output.status, 0);
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    assert_non_null(strstr(output.out, commands[i]));
  }
  free_output(&output);
}

static void bad_command_lines_are_one_line(void **state) {
  (void)state;
  assert_refused("topolgy mesh:8", 2, "did you mean 'topology'?");
  assert_refused("topology mesh:8 --frmat json", 2, "did you mean '--format'?");
  assert_refused("topology mesh:8 --format jsn", 2, "did you mean 'json'?");
  assert_refused("topology mesh:8 --format", 2, "has no value");
  assert_refused("topology", 2, "too few arguments");
  assert_refused("cost lstm extra --hidden 512", 2, "unexpected argument 'extra'");
  assert_refused("check --help=yes", 2, "takes no value");
  assert_refused("compile all-reduce --topology mesh:8 --topology mesh:4 --bytes 1KiB", 2, "twice");
}

/* ---- topology ---- */

static void topology_counts_cables(void **state) {
  (void)state;
  json_t *rows = run_json("topology realscale:264 mesh:8 --format json");
  assert_int_equal(json_array_size(rows), 2);
  assert_int_equal(number_of(rows, 0, "cables"), 1452); /* 33·28 + 33·32/2 */
  assert_int_equal(number_of(rows, 0, "diameter_hops"), 3);
  assert_int_equal(number_of(rows, 0, "edge_connectivity"), 11);
  assert_int_equal(number_of(rows, 0, "node_leaving_cables_per_node"), 16);
  assert_int_equal(number_of(rows, 1, "cables"), 28); /* 8·7/2 */
  json_decref(rows);
}

static void the_largest_system_has_its_classes(void **state) {
  (void)state;
  json_t *rows = run_json("topology realscale:10440 --format json");
  assert_int_equal(number_of(rows, 0, "cables"), 57420);
  assert_int_equal(number_of(rows, 0, "cables_node"), 36540);       /* 1305·28 */
  assert_int_equal(number_of(rows, 0, "cables_rack"), 10440);       /* 145·9·8/2·2 */
  assert_int_equal(number_of(rows, 0, "cables_inter_rack"), 10440); /* 145·144/2 */
  assert_true(number_of(rows, 0, "cable_m_node") == 27405);         /* 36540·0.75 */
  assert_true(number_of(rows, 0, "cable_m_rack") == 20880);         /* 10440·2 */
  assert_true(number_of(rows, 0, "cable_m_inter_rack") == 104400);  /* 10440·10 */
  json_decref(rows);
}

static void bad_topologies_are_refused(void **state) {
  (void)state;
  assert_refused("topology rign:8", 2, "did you mean 'ring");
  assert_refused("topology mesh:0", 2, "");
  assert_refused("topology mesh:-4", 2, "");
  assert_refused("topology realscale:9", 2, "");
  assert_refused("topology mesh:8x", 2, "");
  assert_refused("topology mesh:99999999999999999999", 2, "");
  assert_refused("topology ''", 2, "");
}

/* A search of so many steps is the same search again; its spec is a topology like any other. */
static void a_search_is_repeatable(void **state) {
  (void)state;
  const char *command =
      "topology realscale:576 --optimise 1000 --steps 300 --seed 2 --format csv | tail -n 1";
  rs_program_output first = run_program(command);
  rs_program_output second = run_program(command);
  assert_string_equal(first.out, second.out);
  assert_non_null(strstr(first.error, "300 steps"));
  assert_non_null(strstr(first.out, "realscale:576,ports="));
  free_output(&first);
  free_output(&second);
  assert_refused("topology mesh:8 --optimise 1", 2, "realscale");
}

/* Exports by ending; what is read back measures the same. */
static void exports_read_back(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "d=$(mktemp -d); cd $d;",
      "topology realscale:72 -e a.graphml -e a.edges -e a.dot -e a.svg -e a.xml --format csv | cut "
      "-d, -f2-8; for f in a.graphml a.edges; do " RS_PROGRAM
      " topology file:$f --format csv | tail -n 1 | cut -d, -f2-8; done; ls | tr '\\n' ' '; rm -r "
      "$d");
  assert_string_equal(output.error, "");
  assert_non_null(strstr(output.out,
                         "72,3,2.0704225352112675,11,11,396,252\n"
                         "72,3,2.0704225352112675,11,11,396,252\n"
                         "72,3,2.0704225352112675,11,11,396,252\n"
                         "a.dot a.edges a.graphml a.svg a.xml"));
  free_output(&output);
  assert_refused("topology mesh:8 -e a.png", 2, ".svg");
  assert_refused("topology mesh:8 --fail-link 0-9", 2, "");
  assert_refused("topology file:/nonexistent.graphml", 2, "cannot open");
}

/* ---- cost ---- */

static void the_calibration_row_is_met(void **state) {
  (void)state;
  static const double published[] = {670, 718, 790, 838, 1413};
  json_t *rows =
      run_json("cost lstm --chip groqchip1 --hidden 512 --batch 1,3,6,8,32 --format json");
  assert_int_equal(json_array_size(rows), 5);
  for (size_t i = 0; i < 5; i++) {
    double error = fabs(number_of(rows, i, "cycles") / published[i] - 1);
    if (error > 0.03) fail_msg("row %zu is %.1f %% off", i, 100 * error);
  }
  json_decref(rows);
}

static void cost_wants_its_shape(void **state) {
  (void)state;
  assert_refused("cost lstm", 2, "--hidden is missing");
  assert_refused("cost gemm --inputs 8", 2, "--outputs is missing");
  assert_refused("cost attention --kv-heads 1 --head-dim 128 --context 9", 2, "--heads is missing");
  assert_refused("cost lstn --hidden 8", 2, "did you mean 'lstm'?");
  assert_refused("cost lstm --hidden 0", 2, "out of range");
  assert_refused("cost lstm --hidden 8 --batch 0", 2, "batch");
  assert_refused("cost lstm --hidden 8 --batch 3-1", 2, "list");
  assert_refused("cost lstm --hidden 8 --chip groqchip2", 2, "did you mean 'groqchip1'?");
  assert_refused("cost gemm --inputs 8 --outputs 8 --weights int9", 2, "did you mean 'int8'?");
}

/* ---- compile, check, diff ---- */

/* Nine nodes of a rack have no link in common: each takes what one takes alone. Two groups that share
 * chips 2 and 3 of a node share their links: the second waits. */
static void groups_are_compiled_together(void **state) {
  (void)state;
  json_t *alone = run_json("compile all-reduce -t mesh:8 -b 16KiB --format json");
  json_t *nodes = run_json("compile all-reduce -t realscale:72 --groups 8 -b 16KiB --format json");
  json_t *shared =
      run_json("compile all-reduce -t mesh:8 --chips 0-3 --chips 2-5 -b 16KiB --format json");
  json_t *first = run_json("compile all-reduce -t mesh:8 --chips 0-3 -b 16KiB --format json");
  assert_int_equal(json_array_size(nodes), 9);
  for (size_t i = 0; i < 9; i++) {
    assert_int_equal(number_of(nodes, i, "makespan_cycles"),
                     number_of(alone, 0, "makespan_cycles"));
    assert_int_equal(number_of(nodes, i, "bursts"), number_of(alone, 0, "bursts"));
  }
  assert_string_equal(json_string_value(json_object_get(json_array_get(nodes, 8), "group")),
                      "64-71");
  assert_int_equal(json_array_size(shared), 2);
  assert_int_equal(number_of(shared, 0, "makespan_cycles"), number_of(first, 0, "makespan_cycles"));
  assert_true(number_of(shared, 1, "makespan_cycles") > number_of(first, 0, "makespan_cycles"));
  json_decref(alone);
  json_decref(nodes);
  json_decref(shared);
  json_decref(first);
  assert_refused("compile all-reduce -t mesh:8 --groups 3 -b 1KiB", 2, "that divides 8");
  assert_refused("compile all-reduce -t mesh:8 --groups 2 --chips 0-3 --chips 4-7 -b 1KiB", 2,
                 "one list");
}

static void a_compiled_schedule_is_proved(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "d=$(mktemp -d); cd $d;",
      "compile all-reduce --topology mesh:8 --bytes 16KiB -o a.rsched --format csv && " RS_PROGRAM
      " check a.rsched && " RS_PROGRAM " check - < a.rsched && " RS_PROGRAM
      " diff a.rsched a.rsched; echo status $?; rm -r $d");
  assert_non_null(strstr(output.out, "proved"));
  assert_non_null(strstr(output.out, "status 0"));
  free_output(&output);
}

/* The first burst starts at 207 and then nine cycles later; of the others one is taken out. */
static void diff_explains_in_a_few_lines(void **state) {
  (void)state;
  rs_program_output output = run_shell(
      "d=$(mktemp -d); cd $d;",
      "compile all-reduce -t mesh:8 -b 16KiB -a reduce-scatter+all-gather -o a >/dev/null 2>&1;"
      "awk '/^b / && !n++ {$4 += 9} {print}' a > b;"
      "sed -e '/^b 0 7>6 /{x;s/^/x/;/^x$/{x;d};x;}' -e 's/bursts=112/bursts=111/' a > c;" RS_PROGRAM
      " diff a b --format csv; echo status $?;" RS_PROGRAM
      " diff a - --format csv <c; echo status $?;" RS_PROGRAM
      " diff a nowhere; echo status $?; rm -r $d");
  assert_non_null(strstr(output.out, "\nbursts,112,112,0\n"));
  assert_non_null(strstr(output.out, "\nbursts_moved,0,1,1\n"));
  assert_non_null(strstr(output.out, "\nmoved_later,0,1,9\n"));
  assert_non_null(strstr(output.out, "\nfirst: moved b 0 0>1 7 in+7 out+7 add,207,216,9\n"));
  assert_non_null(strstr(output.out, "\nbursts,112,111,-1\n"));
  assert_non_null(strstr(output.out, "\nbursts_removed,0,1,1\n"));
  assert_non_null(strstr(output.out, "status 1\n"));
  assert_non_null(strstr(output.out, "status 2\n"));
  assert_null(strstr(output.out, "status 0\n"));
  free_output(&output);
  assert_refused("diff a b --most 1,2", 2, "--most: '1,2' is not one number");
  assert_refused("diff a b --window 5", 2, "from 1024");
}

/* Vectors are moved and added one by one, and the row is the same. Words of 8 bytes for 8 chips with 2^36 / 320
 * vectors in three places are beyond what the player takes. */
static void fidelities_agree(void **state) {
  (void)state;
  static const char job[] = "compile all-reduce -t realscale:24 -b 10KiB --format csv --fidelity ";
  char line[160];
  snprintf(line, sizeof line, "%sburst", job);
  rs_program_output burst = run_program(line);
  snprintf(line, sizeof line, "%svector", job);
  rs_program_output vector = run_program(line);
  assert_int_equal(burst.status, 0);
  assert_int_equal(vector.status, 0);
  assert_string_equal(burst.out, vector.out);
  free_output(&burst);
  free_output(&vector);
  assert_refused("compile all-reduce -t mesh:8 -b 64GiB --fidelity vector", 2, "needs 104858 MiB");
  assert_refused("compile all-reduce -t mesh:8 -b 1KiB --fidelity vectr", 2, "'vector'?");
}

static void compile_refuses_what_it_cannot(void **state) {
  (void)state;
  assert_refused("compile all-reduce --bytes 16KiB", 2, "--topology is missing");
  assert_refused("compile all-reduce --topology mesh:8", 2, "--bytes is missing");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 16", 2, "16B");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 16GHz", 2, "size");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 0B", 2, "at least 1B");
  assert_refused("compile all-reduce --topology mesh:8 --bytes -1KiB", 2, "at least 1B");
  assert_refused("compile al-reduce --topology mesh:8 --bytes 1KiB", 2, "did you mean");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --chips 0-8", 2, "no chip 8");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --chips 0,0", 2, "");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --root 1", 2, "no root");
  assert_refused("compile broadcast --topology mesh:8 --bytes 1KiB --chips 0-3 --root 5", 2, "");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --timing slow", 2, "timing");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --algorithm one-sht", 2,
                 "did you mean 'one-shot'?");
}

/* One-shot on a mesh at the unit clock: 4 vectors on every link, so it can begin again after 4. */
static void compile_says_how_often(void **state) {
  (void)state;
  rs_program_output output = run_program(
      "compile all-reduce --topology mesh:8 --bytes 1280B --algorithm one-shot --timing unit "
      "--steady --format json");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "\"makespan_cycles\":4,"));
  assert_non_null(strstr(output.out, "\"period_cycles\":4,"));
  free_output(&output);
}

static void a_barrier_is_a_vector_from_all(void **state) {
  (void)state;
  rs_program_output output =
      run_program("compile barrier --topology mesh:8 --timing unit --format json");
  assert_int_equal(output.status, 0);
  assert_non_null(strstr(output.out, "\"collective\":\"barrier\""));
  assert_non_null(strstr(output.out, "\"bytes\":320,"));
  assert_non_null(strstr(output.out, "\"makespan_cycles\":1,")); /* everyone tells everyone */
  free_output(&output);
  assert_refused("compile barrier --topology mesh:8 --bytes 1KiB", 2, "a barrier has no size");
  assert_refused("compile barier --topology mesh:8", 2, "did you mean 'barrier'?");
}

/* Pairs of neighbours at once: a vector over each of the links is there after a hop. */
static void sends_are_between_pairs(void **state) {
  (void)state;
  static const char *const pairs[] = {"'0>1,1>0'", "shift:1", "shift:9", "reverse", "random:3"};
  char line[256];
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    snprintf(line, sizeof line,
             "compile send --topology mesh:8 --bytes 320B --timing unit --format json --pairs %s",
             pairs[i]);
    rs_program_output output = run_program(line);
    if (output.status != 0 || strstr(output.out, "\"makespan_cycles\":1,") == NULL) {
      fail_msg("%s: status %d, %s%s", line, output.status, output.out, output.error);
    }
    free_output(&output);
  }
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs '0>1,1>8'", 2,
                 "--pairs:1:5: '1>8' is not a pair of chips");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs '0>1,'", 2, "--pairs:1:5:");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs '0-1'", 2, "--pairs:1:1:");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs shift:x", 2, "--pairs:1:1:");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs shift:8", 2,
                 "every chip sends to itself");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs '0>0'", 2, "itself");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs '0>2,1>2'", 2, "receives");
  assert_refused("compile send --topology mesh:8 --bytes 1KiB --pairs '0>1' --chips 0-1", 2,
                 "says who sends");
  assert_refused("compile all-reduce --topology mesh:8 --bytes 1KiB --pairs '0>1'", 2, "only send");
}

static void check_refuses_files_that_are_none(void **state) {
  (void)state;
  assert_refused("check /nonexistent.rsched", 2, "/nonexistent.rsched");
  assert_refused("check /", 2, "directory");
  assert_refused("check /dev/null", 2, ":1:1:");
}

/* ---- pipes, disks ---- */

static void a_closed_pipe_is_quiet(void **state) {
  (void)state;
  rs_program_output output = run_program("list topologies | head -n 1");
  assert_int_equal(output.status, 0);
  assert_string_equal(output.error, "");
  assert_int_equal(count_lines(output.out), 1);
  free_output(&output);
}

static void a_full_disk_is_an_error(void **state) {
  (void)state;
  rs_program_output output = run_program("list chips > /dev/full");
  assert_int_equal(output.status, 2);
  assert_non_null(strstr(output.error, "stdout"));
  free_output(&output);
}

static void lists_have_names(void **state) {
  (void)state;
  static const struct {
    const char *arguments;
    const char *name;
  } cases[] = {{"list models", "llama-2-70b"},
               {"list chips", "groqchip1"},
               {"list topologies", "realscale:"},
               {"list collectives", "all-reduce"},
               {"list experiments", "llama2_70b.yaml"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    rs_program_output output = run_program(cases[i].arguments);
    assert_int_equal(output.status, 0);
    if (strstr(output.out, cases[i].name) == NULL) {
      fail_msg("`%s` does not show %s", cases[i].arguments, cases[i].name);
    }
    free_output(&output);
  }
  assert_refused("list model", 2, "did you mean 'models'?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_are_compiled_together),
      cmocka_unit_test(help_is_everywhere),
      cmocka_unit_test(bad_command_lines_are_one_line),
      cmocka_unit_test(topology_counts_cables),
      cmocka_unit_test(the_largest_system_has_its_classes),
      cmocka_unit_test(bad_topologies_are_refused),
      cmocka_unit_test(a_search_is_repeatable),
      cmocka_unit_test(exports_read_back),
      cmocka_unit_test(the_calibration_row_is_met),
      cmocka_unit_test(cost_wants_its_shape),
      cmocka_unit_test(a_compiled_schedule_is_proved),
      cmocka_unit_test(diff_explains_in_a_few_lines),
      cmocka_unit_test(fidelities_agree),
      cmocka_unit_test(compile_refuses_what_it_cannot),
      cmocka_unit_test(compile_says_how_often),
      cmocka_unit_test(a_barrier_is_a_vector_from_all),
      cmocka_unit_test(sends_are_between_pairs),
      cmocka_unit_test(check_refuses_files_that_are_none),
      cmocka_unit_test(a_closed_pipe_is_quiet),
      cmocka_unit_test(a_full_disk_is_an_error),
      cmocka_unit_test(lists_have_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Schedules and programs at the command line: proofs in one pass, stdin, MSCCL there and back. */
#include "rs_program.h"

#define A "/tmp/rs-test-schedules"
#define COMPILE "compile all-reduce -t mesh:8 --bytes 16KiB --format csv -o " A

static void expect_output(const char *arguments, int status, const char *out, const char *error) {
  rs_program_output o = run_program(arguments);
  if (o.status != status || strstr(o.out, out) == NULL || strstr(o.error, error) == NULL) {
    fail_msg("`%s`: status %d, stdout '%s', stderr '%s'", arguments, o.status, o.out, o.error);
  }
  free_output(&o);
}

static void one_pass_says_what_the_whole_says(void **state) {
  (void)state;
  expect_output(COMPILE ".rsched", 0, "all-reduce", "");
  expect_output("check --stream --format csv " A ".rsched", 0, ",proved,,,,,112,728,56,1215,,", "");
  expect_output("check --format csv " A ".rsched", 0, ",proved,,,,,112,728,56,1215,0,", "");
  /* 8 shards of 52 vectors in all go up and down 7 links each: 112 bursts, 2 · 7 · 52 vectors */
  rs_program_output o = run_shell("cat " A ".rsched |", "check --stream --format json -");
  assert_int_equal(o.status, 0);
  assert_non_null(strstr(o.out, "\"file\":\"-\""));
  assert_non_null(strstr(o.out, "\"verdict\":\"proved\""));
  free_output(&o);
  unlink(A ".rsched");
}

static void one_pass_refuses_with_a_line(void **state) {
  (void)state;
  expect_output(COMPILE ".rsched", 0, "all-reduce", "");
  rs_program_output o = run_shell("sed 's/^b 0 0>1 207 7/b 0 0>1 206 7/' " A ".rsched |",
                                  "check --stream --format csv -");
  assert_int_equal(o.status, 1);
  assert_non_null(strstr(o.error,
                         "stdin:7:1: link 0>1, cycle 206: 'b 0 0>1 206 7 in+7 out+7 add' "
                         "departs before the chip's own input is ready"));
  assert_non_null(strstr(o.out, "-,refused,early,0>1,,206,"));
  free_output(&o);
  /* a file that stops in the middle, an unknown link, a line that is not text */
  o = run_shell("head -n 30 " A ".rsched |", "check --stream -");
  assert_int_equal(o.status, 2);
  assert_non_null(strstr(o.error, "stdin:31:1: the file ends here"));
  free_output(&o);
  o = run_shell("sed '20s/>/>9/' " A ".rsched |", "check --stream -");
  assert_int_equal(o.status, 2);
  assert_non_null(strstr(o.error, "stdin:20:5: "));
  assert_non_null(strstr(o.error, "expected a link of this wiring"));
  free_output(&o);
  o = run_shell("sed 's/$/\\r/' " A ".rsched |", "check --stream -");
  assert_int_equal(o.status, 2);
  assert_non_null(strstr(o.error, "stdin:1:9: a carriage return"));
  free_output(&o);
  o = run_shell("tac " A ".rsched |", "check -");
  assert_int_equal(o.status, 2);
  assert_non_null(strstr(o.error, "stdin:1:1: 'end'; expected 'rsched 1'"));
  free_output(&o);
  unlink(A ".rsched");
}

static void unsorted_files_are_for_the_whole_check(void **state) {
  (void)state;
  expect_output(COMPILE ".rsched", 0, "all-reduce", "");
  /* the first burst goes to the end */
  const char *shuffle = "awk '/^b/ && !h {h=$0; next} /^end/ {print h} {print}' " A ".rsched |";
  rs_program_output o = run_shell(shuffle, "check --stream -");
  assert_int_equal(o.status, 1);
  assert_non_null(strstr(o.error, "stdin:118:1: this burst starts at cycle 207, one before it at"));
  assert_non_null(strstr(o.error, "expected a check without --stream"));
  free_output(&o);
  o = run_shell(shuffle, "check -");
  assert_int_equal(o.status, 0);
  free_output(&o);
  unlink(A ".rsched");
}

/* Compute intervals stand behind the bursts and say when inputs are ready. */
static void intervals_are_for_the_whole_check(void **state) {
  (void)state;
  expect_output(COMPILE ".rsched", 0, "all-reduce", "");
  const char *edit =
      "sed 's/computes=0/computes=1/; s/^end/c 0 host 0 5 5 reads=- writes=- warm up\\nend/' " A
      ".rsched |";
  rs_program_output o = run_shell(edit, "check --stream -");
  assert_int_equal(o.status, 2);
  assert_non_null(strstr(o.error, "stdin: the file has compute intervals"));
  free_output(&o);
  o = run_shell(edit, "check -");
  assert_int_equal(o.status, 0);
  free_output(&o);
  unlink(A ".rsched");
}

static void programs_go_out_and_come_back(void **state) {
  (void)state;
  expect_output(COMPILE ".xml", 0, "reduce-scatter+all-gather,mesh:8,8,16384,scheduled,1215,", "");
  expect_output("compile all-reduce -t mesh:8 --bytes 16KiB --format csv -a " A ".xml", 0,
                "reduce-scatter+all-gather,mesh:8,8,16384,scheduled,1215,", "");
  /* the same program where every pair is two hops or more apart */
  expect_output("compile all-reduce -t ring:8 --bytes 16KiB --format csv -a " A ".xml", 0,
                "reduce-scatter+all-gather,ring:8,8,", "");
  expect_output("compile all-gather -t mesh:8 --bytes 16KiB -a " A ".xml", 2, "",
                ".xml: this program is all-reduce; expected all-gather");
  expect_output("compile all-reduce -t mesh:4 --bytes 16KiB -a " A ".xml", 2, "",
                "the program is for 8 GPUs, the group has 4 chips");
  rs_program_output o = run_shell("sed -i '0,/type=\"rrc\"/s//type=\"r\"/' " A ".xml;",
                                  "compile all-reduce -t mesh:8 --bytes 16KiB -a " A ".xml");
  assert_int_equal(o.status, 1);
  assert_non_null(strstr(o.error, "of the result is wrong"));
  free_output(&o);
  expect_output("compile gather -t mesh:8 --bytes 16KiB -o " A ".xml", 1, "",
                "MSCCL has no gather");
  expect_output("compile all-reduce -t mesh:8 --bytes 16KiB -a /nowhere.xml", 2, "",
                "/nowhere.xml: cannot open the file");
  unlink(A ".xml");
}

static void links_in_words(void **state) {
  (void)state;
  expect_output(
      "compile send -t mesh:2 --bytes 1MiB --format csv --timing "
      "latency=500ns,rate=50GiB/s",
      0, ",20033,", ""); /* see test_experiments_timing */
  assert_refused("compile send -t mesh:2 --bytes 1MiB --timing latency=500ns", 2,
                 "latency and rate are needed");
  assert_refused("compile send -t mesh:2 --bytes 1MiB --timing latenci=5ns,rate=1GB/s", 2,
                 "did you mean 'latency'?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_pass_says_what_the_whole_says),
      cmocka_unit_test(one_pass_refuses_with_a_line),
      cmocka_unit_test(unsorted_files_are_for_the_whole_check),
      cmocka_unit_test(intervals_are_for_the_whole_check),
      cmocka_unit_test(programs_go_out_and_come_back),
      cmocka_unit_test(links_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

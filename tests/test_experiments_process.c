/* Running another program: what is kept of it, how it ended, and what is said when there is none. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "rs_process.h"
#include "rs_test.h"

static rs_status run(const char *script, rs_process_output kept, size_t bytes_max, rs_text *printed,
                     int *how, rs_diag *diag) {
  char shell[] = "sh", option[] = "-c";
  char *copy = strdup(script);
  char *arguments[] = {shell, option, copy, NULL};
  const rs_process process = {
      .program = "sh", .arguments = arguments, .kept = kept, .bytes_max = bytes_max};
  rs_text_init(printed);
  rs_status status = rs_process_run(&process, printed, how, diag);
  free(copy);
  return status;
}

static void expect(const char *script, rs_process_output kept, size_t bytes_max, const char *words,
                   int exit_status) {
  rs_diag diag = {0};
  rs_text printed;
  int how = 0;
  assert_ok(run(script, kept, bytes_max, &printed, &how, &diag), &diag);
  assert_int_equal(printed.length, strlen(words));
  if (printed.length > 0) assert_memory_equal(printed.bytes, words, printed.length);
  assert_true(WIFEXITED(how));
  assert_int_equal(WEXITSTATUS(how), exit_status);
  rs_text_deinit(&printed);
}

static void one_output_is_kept(void **state) {
  (void)state;
  expect("echo out; echo error >&2", RS_PROCESS_STDOUT, 0, "out\n", 0);
  expect("echo out; echo error >&2; exit 3", RS_PROCESS_STDERR, 0, "error\n", 3);
  expect("cat; exit 7", RS_PROCESS_STDOUT, 0, "", 7); /* stdin is at its end */
}

/* More than a pipe holds is read, so that the child does not wait; what is beyond the limit is dropped. */
static void what_is_too_much_is_dropped(void **state) {
  (void)state;
  expect("echo 12345; head -c 300000 /dev/zero", RS_PROCESS_STDOUT, 5, "12345", 0);
  rs_diag diag = {0};
  rs_text printed;
  int how = 0;
  assert_ok(run("head -c 300000 /dev/zero", RS_PROCESS_STDOUT, 0, &printed, &how, &diag), &diag);
  assert_int_equal(printed.length, 300000);
  rs_text_deinit(&printed);
}

static void its_end_is_told(void **state) {
  (void)state;
  rs_diag diag = {0};
  rs_text printed;
  int how = 0;
  assert_ok(run("kill -9 $$", RS_PROCESS_STDOUT, 0, &printed, &how, &diag), &diag);
  assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
  rs_text_deinit(&printed);
}

static void a_program_that_is_not_there_is_said(void **state) {
  (void)state;
  rs_diag diag = {0};
  rs_text printed;
  int how = 0;
  char name[] = "nothing-of-this-name";
  char *arguments[] = {name, NULL};
  const rs_process process = {.program = name, .arguments = arguments};
  rs_text_init(&printed);
  rs_status status = rs_process_run(&process, &printed, &how, &diag);
  rs_text_deinit(&printed);
  assert_int_equal(status, RS_E_SYSTEM);
  assert_non_null(strstr(diag.what, "nothing-of-this-name cannot be started: No such file"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_output_is_kept), cmocka_unit_test(what_is_too_much_is_dropped),
      cmocka_unit_test(its_end_is_told), cmocka_unit_test(a_program_that_is_not_there_is_said)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

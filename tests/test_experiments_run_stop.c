/* Runs that are stopped: they end in order, leave no old results, and go on where they were. */
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "rs_test_run.h"

/* Starts a sweep that takes long, and sends a signal when the store is there and has had time. */
static int interrupt(const char *options, bool on_terminal, char *text, size_t size) {
  char command[512], store[128];
  int ends[2] = {-1, -1};
  struct stat info;
  snprintf(command, sizeof command, "cd %s; exec %s run e.yaml -o stopped -j 2 %s", folder,
           RS_PROGRAM, options);
  snprintf(store, sizeof store, "%s/stopped/store.sqlite", folder);
  int master = on_terminal ? posix_openpt(O_RDWR | O_NOCTTY) : -1;
  if (on_terminal) {
    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    ends[0] = master;
    ends[1] = open(ptsname(master), O_RDWR | O_NOCTTY);
  } else {
    assert_int_equal(pipe(ends), 0);
  }
  assert_true(ends[1] >= 0);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    if (freopen("/dev/null", "w", stdout) == NULL) _exit(9);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(9);
  }
  const struct timespec pause = {.tv_nsec = 50000000};
  for (int i = 0; i < 400 && stat(store, &info) != 0; i++) nanosleep(&pause, NULL);
  for (int i = 0; i < 8; i++) nanosleep(&pause, NULL);
  assert_int_equal(kill(child, SIGINT), 0);
  close(ends[1]);
  size_t used = 0;
  ssize_t got;
  while (used + 1 < size && (got = read(ends[0], text + used, size - 1 - used)) > 0) {
    used += (size_t)got;
  }
  text[used] = '\0';
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  close(ends[0]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A bare container or chroot has no /dev/pts: then the progress bar is not looked at. */
static bool has_terminals(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  bool has = master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0;
  if (master >= 0) close(master);
  return has;
}

static long done_of(const char *text) {
  const char *found = strstr(text, "stopped: ");
  if (found == NULL) fail_msg("it says: %s", text);
  assert_non_null(strstr(found, "--resume"));
  return strtol(found + strlen("stopped: "), NULL, 10);
}

/* 3,000 points of some milliseconds each. What was done is kept, and goes on from there; at the end
 * (with all but a few points taken away) the rows are those of a run that was never stopped. */
static void a_stopped_run_goes_on(void **state) {
  static char text[1 << 20];
  static char more[24000];
  bool on_terminal = has_terminals();
  (void)state;
  size_t used = (size_t)snprintf(more, sizeof more, "sweep:\n  seed: [1");
  for (int i = 2; i <= 3000; i++) {
    used += (size_t)snprintf(more + used, sizeof more - used, ", %d", i);
  }
  snprintf(more + used, sizeof more - used, "]\n");
  write_experiment(NULL, more);
  assert_int_equal(interrupt("", false, text, sizeof text), 130);
  long first = done_of(text);
  assert_true(first > 0 && first < 3000);
  assert_null(strchr(text, '\r'));
  assert_no_file("stopped", "results.csv");
  assert_int_equal(interrupt("--resume", on_terminal, text, sizeof text), 130);
  assert_true(done_of(text) > first);
  assert_non_null(strstr(text, "of 3000 points"));
  /* the progress bar of a terminal, and of nothing else */
  assert_true((strchr(text, '\r') != NULL) == on_terminal);
  rs_program_output output = run_here("-o stopped --resume --set 'sweep.seed=[3, 1, 2]'");
  assert_int_equal(output.status, 0);
  free_output(&output);
  output = run_here("-o never --set 'sweep.seed=[3, 1, 2]'");
  assert_int_equal(output.status, 0);
  free_output(&output);
  check_same("stopped", "never", "results.csv");
  check_same("stopped", "never", "manifest.json");
}

/* Results of an earlier run do not stand beside a store that was emptied for this one. */
static void a_stopped_run_leaves_no_old_results(void **state) {
  static char text[1 << 16];
  (void)state;
  static char more[4000] = "sweep:\n  batch: [1, 2, 3, 4, 5, 6, 7, 8]\n  context: [8, 9";
  for (int i = 10; i < 400; i++)
    snprintf(more + strlen(more), sizeof more - strlen(more), ", %d", i);
  strcat(more, "]\n");
  write_experiment(NULL, more);
  rs_program_output output = run_here("-o stopped --set batch=1 --set context=8");
  assert_int_equal(output.status, 0);
  free_output(&output);
  free(read_result("stopped", "results.csv"));
  assert_int_equal(interrupt("", false, text, sizeof text), 130);
  assert_no_file("stopped", "results.csv");
  assert_no_file("stopped", "manifest.json");
}

static void a_store_that_is_none_is_refused(void **state) {
  char command[256];
  (void)state;
  write_experiment(NULL, NULL);
  snprintf(command, sizeof command, "mkdir %s/nostore && seq 10000 >%s/nostore/store.sqlite",
           folder, folder);
  assert_int_equal(system(command), 0);
  rs_program_output output = run_here("-o nostore --resume");
  assert_int_equal(output.status, 2);
  assert_non_null(strstr(output.error, "not a database"));
  assert_int_equal(count_lines(output.error), 1);
  free_output(&output);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_stopped_run_goes_on),
      cmocka_unit_test(a_stopped_run_leaves_no_old_results),
      cmocka_unit_test(a_store_that_is_none_is_refused),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

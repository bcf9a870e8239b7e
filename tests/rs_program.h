/*
 * Runs the built program as a stranger would, through /bin/sh, and keeps what it printed.
 *
 *   rs_program_output out = run_program("topology mesh:8 --format json");
 *   assert_int_equal(out.status, 0);
 *
 * Output beyond a megabyte is cut. The texts are malloc'ed; release with free_output.
 */
#ifndef RS_PROGRAM_H
#define RS_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs_test.h"

typedef struct rs_program_output {
  int status;  /* exit status, or 128 + signal */
  char *out;   /* stdout */
  char *error; /* stderr */
} rs_program_output;

static inline char *rs_program_slurp(const char *path) {
  enum { SIZE_MAX_BYTES = 1 << 20 };
  char *text = calloc(1, SIZE_MAX_BYTES + 1);
  FILE *file = fopen(path, "rb");
  assert_non_null(text);
  assert_non_null(file);
  size_t got = fread(text, 1, SIZE_MAX_BYTES, file);
  text[got] = '\0';
  fclose(file);
  unlink(path);
  return text;
}

/* `arguments` are a piece of shell: quotes, pipes and redirections work; {} is the program. */
static inline rs_program_output run_shell(const char *before, const char *arguments) {
  static int serial;
  char out[128];
  char error[128];
  snprintf(out, sizeof out, "/tmp/rs-test-%ld-%d.out", (long)getpid(), serial);
  snprintf(error, sizeof error, "/tmp/rs-test-%ld-%d.err", (long)getpid(), serial++);
  size_t size = strlen(before) + strlen(arguments) + strlen(RS_PROGRAM) + 400;
  char *command = malloc(size);
  assert_non_null(command);
  snprintf(command, size, "%s { %s %s ; } >%s 2>%s", before, RS_PROGRAM, arguments, out, error);
  int status = system(command);
  free(command);
  rs_program_output output = {.out = rs_program_slurp(out), .error = rs_program_slurp(error)};
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return output;
}

static inline rs_program_output run_program(const char *arguments) {
  return run_shell("", arguments);
}

static inline void free_output(rs_program_output *output) {
  free(output->out);
  free(output->error);
}

static inline size_t count_lines(const char *text) {
  size_t lines = 0;
  for (; *text != '\0'; text++) lines += *text == '\n' ? 1 : 0;
  return lines;
}

/* A refusal as it should be: the exit status, nothing on stdout, one line on stderr with `word`. */
static inline void assert_refused(const char *arguments, int status, const char *word) {
  rs_program_output output = run_program(arguments);
  if (output.status != status || strstr(output.error, word) == NULL ||
      count_lines(output.error) != 1 || output.out[0] != '\0') {
    fail_msg(
        "`%s`: status %d (expected %d), stdout '%s', stderr '%s' (expected one line with '%s')",
        arguments, output.status, status, output.out, output.error, word);
  }
  free_output(&output);
}

#endif

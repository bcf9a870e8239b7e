/* A child by posix_spawn and a pipe from it. Ends of the pipe are closed on exec: children of other
 * threads must not hold them open. */
#include "rs_process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs_arena.h"
#include "rs_math.h"

extern char **environ;

static int spawn(const rs_process *p, int pipe_end, pid_t *child) {
  bool keeps_stdout = p->kept == RS_PROCESS_STDOUT;
  int kept = keeps_stdout ? STDOUT_FILENO : STDERR_FILENO;
  int dropped = keeps_stdout ? STDERR_FILENO : STDOUT_FILENO;
  posix_spawn_file_actions_t actions;
  int error = posix_spawn_file_actions_init(&actions);
  if (error != 0) return error;
  error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (error == 0) {
    error = posix_spawn_file_actions_addopen(&actions, dropped, "/dev/null", O_WRONLY, 0);
  }
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, pipe_end, kept);
  if (error == 0) error = posix_spawnp(child, p->program, &actions, NULL, p->arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

/* Until the child closes its end. */
static void read_all(int descriptor, size_t bytes_max, rs_text *printed) {
  char bytes[4096];
  size_t kept = 0;
  rs_sink sink = rs_text_sink(printed);
  for (;;) {
    ssize_t got = read(descriptor, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    size_t wanted = (size_t)got;
    if (bytes_max > 0) wanted = RS_MIN(wanted, bytes_max - kept);
    rs_sink_bytes(&sink, bytes, wanted);
    kept += wanted;
  }
}

rs_status rs_process_run(const rs_process *process, rs_text *printed, int *status, rs_diag *diag) {
  const char *name = process->arguments[0];
  int ends[2];
  pid_t child;
  if (pipe(ends) != 0) return rs_diag_set(diag, RS_E_SYSTEM, "no pipe: %s", strerror(errno));
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  int error = spawn(process, ends[1], &child);
  close(ends[1]);
  if (error == 0) read_all(ends[0], process->bytes_max, printed);
  close(ends[0]);
  if (error != 0) {
    return rs_diag_set(diag, RS_E_SYSTEM, "%s cannot be started: %s", name, strerror(error));
  }
  while (waitpid(child, status, 0) < 0) {
    if (errno != EINTR) return rs_diag_set(diag, RS_E_SYSTEM, "%s was lost", name);
  }
  return printed->failed ? rs_arena_failed(NULL, diag) : RS_OK;
}

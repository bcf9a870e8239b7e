/*
 * The one place below experiments/ that starts a process: SimGrid ends its process on any error, keeps
 * state for one run only, and has static constructors that cost 24 ms of every program that links it.
 * So it runs in a child, and this file hides that there is one. It opens no file and reads no clock:
 * limits of time and memory are set by the child for itself (RLIMIT_CPU, RLIMIT_AS), and the kernel
 * holds them.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rs__fluid.h"

rs_status rs__fluid_child_start(rs__fluid_child *child, const char *program, rs_diag *diag) {
  int ends[2];
  char *arguments[] = {(char *)"realscale-simgrid", NULL};
  char *environment[] = {NULL}; /* nothing of the user's steers it */
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  pid_t process;
  /* Close on exec: no other child of another thread may hold an end open. */
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return rs_diag_set(diag, RS_E_SYSTEM, "no socket for SimGrid: %s", strerror(errno));
  }
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  int error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  if (error == 0) error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  /* A group of its own (0: named after itself): an interrupt from the terminal lets running points finish. */
  if (error == 0) error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  if (error == 0) error = posix_spawnattr_setpgroup(&attributes, 0);
  if (error == 0) {
    error = posix_spawn(&process, program, &actions, &attributes, arguments, environment);
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return rs_diag_set(diag, RS_E_SYSTEM, "SimGrid's program '%.300s' does not start: %s", program,
                       strerror(error));
  }
  *child = (rs__fluid_child){.socket = ends[0], .process = (int)process};
  return RS_OK;
}

bool rs__fluid_child_send(const rs__fluid_child *child, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t sent = send(child->socket, at, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    count -= (size_t)sent;
  }
  return true;
}

bool rs__fluid_child_receive(const rs__fluid_child *child, void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    ssize_t received = recv(child->socket, at, count, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    at += received;
    count -= (size_t)received;
  }
  return true;
}

rs_status rs__fluid_child_finish(rs__fluid_child *child, bool complete,
                                 const rs_fluid_options *options, rs_diag *diag) {
  int how = 0;
  close(child->socket);
  while (waitpid((pid_t)child->process, &how, 0) < 0 && errno == EINTR) {
  }
  if (complete) return RS_OK;
  if (WIFSIGNALED(how) && (WTERMSIG(how) == SIGXCPU || WTERMSIG(how) == SIGKILL)) {
    return rs_diag_set(diag, RS_E_LIMIT, "SimGrid needed more than %lld s of processor time",
                       (long long)options->cpu_seconds_max);
  }
  if (WIFSIGNALED(how)) {
    return rs_diag_set(diag, RS_E_SYSTEM,
                       "SimGrid ended with signal %d (%s); its memory was limited to %lld bytes",
                       WTERMSIG(how), strsignal(WTERMSIG(how)),
                       (long long)options->memory_bytes_max);
  }
  return rs_diag_set(diag, RS_E_SYSTEM, "SimGrid ended with exit status %d before its answer",
                     WEXITSTATUS(how));
}

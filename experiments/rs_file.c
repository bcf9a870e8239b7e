/*
 * Files at the edge: whole files in and out, or in piece by piece. Nothing else in the program opens
 * one.
 *
 * Reading is bounded, because a mistyped path may be a device or a disk image. Writing goes to a
 * temporary name in the same folder and is renamed, because rename is the one step that leaves
 * either the old file or the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rs_cli.h"

static rs_status fail_at(rs_diag *diag, rs_status status, const char *path, const char *what) {
  rs_diag_set(diag, status, "%s: %s", what, strerror(errno));
  rs_diag_at(diag, path, 0, 0);
  return status;
}

static rs_status refuse(rs_diag *diag, const char *path, const char *what, const char *expected) {
  rs_diag_set(diag, RS_E_INPUT, "%s", what);
  rs_diag_expect(diag, "%s", expected);
  rs_diag_at(diag, path, 0, 0);
  return RS_E_INPUT;
}

/* Reads to the end of `descriptor` into a buffer that doubles. Works for pipes, whose size nobody
 * knows. One byte more than the limit is enough to know that there is too much. */
static rs_status read_all(rs_arena *arena, int descriptor, const char *path, size_t limit_bytes,
                          size_t capacity, char **text, size_t *length, rs_diag *diag) {
  char *bytes = rs_arena_alloc(arena, capacity + 1);
  size_t used = 0;
  while (bytes != NULL) {
    ssize_t got = read(descriptor, bytes + used, capacity - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_at(diag, RS_E_INPUT, path, "cannot read the file");
    used += (size_t)got;
    if (used > limit_bytes) {
      rs_diag_set(diag, RS_E_LIMIT, "the file is larger than %zu MiB", limit_bytes >> 20);
      rs_diag_at(diag, path, 0, 0);
      return RS_E_LIMIT;
    }
    if (got == 0) {
      bytes[used] = '\0';
      *text = bytes;
      *length = used;
      return RS_OK;
    }
    if (used == capacity) {
      char *larger = rs_arena_alloc(arena, 2 * capacity + 1);
      if (larger != NULL) memcpy(larger, bytes, used);
      bytes = larger;
      capacity *= 2;
    }
  }
  return rs_arena_failed(arena, diag);
}

/* Opens for reading; a directory or a device of blocks is refused. */
static rs_status open_checked(const char *path, int *descriptor, struct stat *info, rs_diag *diag) {
  *descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (*descriptor < 0) return fail_at(diag, RS_E_INPUT, path, "cannot open the file");
  rs_status status = RS_OK;
  if (fstat(*descriptor, info) != 0) {
    status = fail_at(diag, RS_E_INPUT, path, "cannot look at the file");
  } else if (S_ISDIR(info->st_mode)) {
    status = refuse(diag, path, "this is a directory", "a file");
  } else if (S_ISBLK(info->st_mode)) {
    status = refuse(diag, path, "this is a device", "a file");
  }
  if (status != RS_OK) close(*descriptor);
  return status;
}

rs_status rs_file_read(rs_arena *arena, const char *path, size_t limit_bytes, char **text,
                       size_t *length, rs_diag *diag) {
  if (strcmp(path, "-") == 0) {
    return read_all(arena, STDIN_FILENO, "stdin", limit_bytes, 65536, text, length, diag);
  }
  int descriptor;
  struct stat info;
  rs_status status = open_checked(path, &descriptor, &info, diag);
  if (status != RS_OK) return status;
  if (info.st_size > 0 && (size_t)info.st_size > limit_bytes) {
    rs_diag_set(diag, RS_E_LIMIT, "the file has %lld bytes", (long long)info.st_size);
    rs_diag_expect(diag, "at most %zu MiB", limit_bytes >> 20);
    rs_diag_at(diag, path, 0, 0);
    status = RS_E_LIMIT;
  } else {
    size_t capacity = S_ISREG(info.st_mode) ? (size_t)info.st_size + 1 : 65536;
    status = read_all(arena, descriptor, path, limit_bytes, capacity, text, length, diag);
  }
  close(descriptor);
  return status;
}

rs_status rs_file_open(const char *path, int *descriptor, rs_diag *diag) {
  struct stat info;
  *descriptor = STDIN_FILENO;
  return strcmp(path, "-") == 0 ? RS_OK : open_checked(path, descriptor, &info, diag);
}

ptrdiff_t rs_file_read_some(void *descriptor, char *bytes, size_t capacity) {
  const int *from = descriptor;
  ssize_t got;
  do {
    got = read(*from, bytes, capacity);
  } while (got < 0 && errno == EINTR);
  return got;
}

void rs_file_close(int descriptor) {
  if (descriptor != STDIN_FILENO) close(descriptor);
}

static bool write_all(int descriptor, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t put = write(descriptor, bytes, length);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes += put;
    length -= (size_t)put;
  }
  return true;
}

/* ---- writing: through a buffer, so that a long text needs no memory of its length ---- */

typedef struct output {
  int descriptor;
  size_t used;
  char bytes[65536];
} output;

static int flush_output(output *o) {
  bool good = write_all(o->descriptor, o->bytes, o->used);
  o->used = 0;
  return good ? 0 : 1;
}

static int put_output(void *context, const char *bytes, size_t length) {
  output *o = context;
  if (length > sizeof o->bytes - o->used && flush_output(o) != 0) return 1;
  if (length > sizeof o->bytes) return write_all(o->descriptor, bytes, length) ? 0 : 1;
  memcpy(o->bytes + o->used, bytes, length);
  o->used += length;
  return 0;
}

/* Closes the descriptor. A fill that fails has said why; a disk that is full says it here. */
static rs_status fill_descriptor(int descriptor, const char *path, rs_file_fill *fill,
                                 void *context, rs_diag *diag) {
  output o = {.descriptor = descriptor};
  rs_sink sink = {.write = put_output, .context = &o};
  errno = 0;
  rs_status status = fill(context, &sink, diag);
  bool good = !sink.failed && (status != RS_OK || flush_output(&o) == 0);
  if (!good) status = fail_at(diag, RS_E_SYSTEM, path, "cannot write the file");
  if (close(descriptor) != 0 && status == RS_OK) {
    status = fail_at(diag, RS_E_SYSTEM, path, "cannot write the file");
  }
  return status;
}

static rs_status print_beside(const char *path, rs_file_fill *fill, void *context, rs_diag *diag) {
  char temporary[4096];
  int size = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
  if (size < 0 || (size_t)size >= sizeof temporary) {
    return refuse(diag, path, "the name is too long", "at most 4,000 letters");
  }
  int descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) return fail_at(diag, RS_E_SYSTEM, path, "cannot create the file");
  rs_status status = fill_descriptor(descriptor, path, fill, context, diag);
  if (status == RS_OK && rename(temporary, path) != 0) {
    status = fail_at(diag, RS_E_SYSTEM, path, "cannot write the file");
  }
  if (status != RS_OK) unlink(temporary);
  return status;
}

rs_status rs_file_print(const char *path, rs_file_fill *fill, void *context, rs_diag *diag) {
  struct stat info;
  bool exists = stat(path, &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) {
    return refuse(diag, path, "this is a directory", "the name of a file");
  }
  if (!exists || S_ISREG(info.st_mode)) return print_beside(path, fill, context, diag);
  /* A device or a pipe is written where it is: it cannot be replaced by a rename. */
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return fail_at(diag, RS_E_SYSTEM, path, "cannot open the file");
  return fill_descriptor(descriptor, path, fill, context, diag);
}

typedef struct text_bytes {
  const char *bytes;
  size_t length;
} text_bytes;

static rs_status print_text(void *context, rs_sink *sink, rs_diag *diag) {
  const text_bytes *text = context;
  (void)diag;
  rs_sink_bytes(sink, text->bytes, text->length);
  return RS_OK;
}

rs_status rs_file_write(const char *path, const char *bytes, size_t length, rs_diag *diag) {
  text_bytes text = {bytes, length};
  return rs_file_print(path, print_text, &text, diag);
}

rs_status rs_file_make_folder(const char *path, rs_diag *diag) {
  char partial[4096];
  size_t length = strlen(path);
  if (length >= sizeof partial) {
    return refuse(diag, path, "the name is too long", "at most 4,000 letters");
  }
  memcpy(partial, path, length + 1);
  for (size_t i = 1; i <= length; i++) {
    if (partial[i] != '/' && partial[i] != '\0') continue;
    partial[i] = '\0';
    if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
      return fail_at(diag, RS_E_SYSTEM, partial, "cannot make the folder");
    }
    partial[i] = path[i];
  }
  struct stat info;
  if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
    return refuse(diag, path, "this is a file", "a folder");
  }
  return RS_OK;
}

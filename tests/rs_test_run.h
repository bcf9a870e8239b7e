/*
 * What the tests of `realscale run` share: a small experiment in a folder of its own, and its results.
 */
#ifndef RS_TEST_RUN_H
#define RS_TEST_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rs_program.h"
#include "rs_test_mistakes.h"
#include "rs_text.h"

/* A good experiment, small; %s is where a test adds or changes something. */
static const char good[] =
    "name: test\n"
    "task: decode\n"
    "model: llama-2-7b\n"
    "weights: int8\n"
    "chip: groqchip1\n"
    "topology: realscale:72\n"
    "sharding: {tensor: 8, pipeline: 8}\n"
    "batch: 1\n"
    "context: 512\n";

static char folder[64];

static inline int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/rs-run-XXXXXX");
  return mkdtemp(folder) == NULL;
}

static inline int remove_folder(void **state) {
  char command[128];
  (void)state;
  snprintf(command, sizeof command, "rm -r %s", folder);
  return system(command) == 0 ? 0 : 1;
}

/* Writes the good experiment with `from` replaced by `to` (both NULL: as it is). */
static inline void write_experiment(const char *from, const char *to) {
  char path[128];
  rs_arena *arena = rs_arena_create(0);
  snprintf(path, sizeof path, "%s/e.yaml", folder);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(edit(arena, good, from, to == NULL ? "" : to), file);
  fclose(file);
  rs_arena_destroy(arena);
}

static inline rs_program_output run_here(const char *options) {
  char before[128], arguments[512];
  snprintf(before, sizeof before, "cd %s;", folder);
  snprintf(arguments, sizeof arguments, "run e.yaml %s", options);
  return run_shell(before, arguments);
}

static char *read_result(const char *name, const char *file) {
  char path[192];
  snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) fail_msg("there is no %s", path);
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  assert_true(fread(text, 1, (1 << 20) - 1, stream) > 0);
  fclose(stream);
  return text;
}

static inline void check_same(const char *a, const char *b, const char *file) {
  char *left = read_result(a, file);
  char *right = read_result(b, file);
  assert_string_equal(left, right);
  free(left);
  free(right);
}

static const char sweep[] = "sweep:\n  batch: [1, 2, 4]\n  sharding.tensor: [4, 8, 16]\n";

static inline void assert_no_file(const char *name, const char *file) {
  char path[192];
  struct stat info;
  snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
  if (stat(path, &info) == 0) fail_msg("there is a %s", path);
}

static inline void check_digest(const json_t *manifest, const char *name) {
  char hex[24];
  char *csv = read_result(name, "results.csv");
  uint64_t digest = rs_digest_bytes(RS_DIGEST_SEED, csv, strlen(csv));
  snprintf(hex, sizeof hex, "%016llx", (unsigned long long)digest);
  assert_string_equal(json_string_value(json_object_get(manifest, "results_digest")), hex);
  free(csv);
}

/* The manifest says what made the results. */

#endif

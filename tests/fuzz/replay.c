/*
 * A fuzz target without a fuzzer: runs it on the files that are given, and on seeded mutants of them, so
 * that what fuzzing found stays found on every compiler. Usage: replay_… FILE… A target aborts, or a
 * sanitizer does, when something is wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs_random.h"

#define MUTANTS 150 /* of each file */
#define FILE_BYTES_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `size` bytes, so that a sanitizer sees a step beyond. */
static void run_copy(const uint8_t *bytes, size_t size) {
  uint8_t *copy = malloc(size + (size == 0 ? 1 : 0));
  if (copy == NULL) exit(2);
  memcpy(copy, bytes, size);
  LLVMFuzzerTestOneInput(copy, size);
  free(copy);
}

/* Bytes are changed, taken out, or copied from elsewhere in the file. */
static size_t mutate(rs_random *random, uint8_t *bytes, size_t size) {
  uint64_t edits = 1 + rs_random_below(random, 3);
  for (uint64_t k = 0; k < edits && size > 0; k++) {
    size_t at = rs_random_below(random, size);
    size_t from = rs_random_below(random, size);
    size_t run = 1 + rs_random_below(random, 20);
    run = run < size - at ? run : size - at;
    run = run < size - from ? run : size - from;
    switch (rs_random_below(random, 4)) {
      case 0:
        bytes[at] = (uint8_t)rs_random_below(random, 256);
        break;
      case 1:
        bytes[at] = (uint8_t)('0' + rs_random_below(random, 10));
        break;
      case 2:
        memmove(bytes + at, bytes + at + run, size - at - run);
        size -= run;
        break;
      default:
        memmove(bytes + at, bytes + from, run);
        break;
    }
  }
  return size;
}

static void replay(const char *path, uint64_t seed) {
  static uint8_t bytes[FILE_BYTES_MAX], mutant[FILE_BYTES_MAX];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "%s: cannot be read\n", path);
    exit(2);
  }
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  run_copy(bytes, size);
  for (uint64_t k = 0; k < MUTANTS; k++) {
    rs_random random;
    rs_random_init(&random, seed, k);
    memcpy(mutant, bytes, size);
    run_copy(mutant, mutate(&random, mutant, size));
  }
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  for (int i = 1; i < argc; i++) replay(argv[i], (uint64_t)i);
  printf("%d files and %d mutants of each\n", argc - 1, MUTANTS);
  return 0;
}

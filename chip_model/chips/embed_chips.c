/* A program of the build: reads chip files with the reader that users get, and writes them as C
 * initialisers of rs_chip. Usage: embed_chips OUTPUT FILE.json… */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rs__chip.h"
#include "rs_chip_file.h"
#include "rs_text.h"

static char *read_all(const char *path, size_t *length) {
  size_t most = (size_t)1 << 20;
  char *text = malloc(most);
  FILE *file = fopen(path, "rb");
  *length = 0;
  if (text != NULL && file != NULL) *length = fread(text, 1, most, file);
  if (file != NULL) fclose(file);
  if (*length > 0 && *length < most) return text;
  free(text);
  return NULL;
}

static void put_string(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', out);
    fputc(*text, out);
  }
  fputc('"', out);
}

static void put_number(FILE *out, const rs_chip *chip, const rs__chip_key *key) {
  char number[64];
  if (rs__chip_key_is_double(key)) {
    rs_double_format(rs__chip_get_double(chip, key), number, sizeof number);
  } else {
    snprintf(number, sizeof number, "INT64_C(%lld)", (long long)rs__chip_get_i64(chip, key));
  }
  fprintf(out, "        .%s = %s,\n", key->member, number);
}

static void put_chip(FILE *out, const rs_chip *chip) {
  size_t count;
  const rs__chip_key *keys = rs__chip_keys(&count);
  fprintf(out, "    {\n        .name = ");
  put_string(out, chip->name);
  fprintf(out, ",\n        .timing.name = ");
  put_string(out, chip->name);
  fprintf(out, ",\n        .summary = ");
  put_string(out, chip->summary);
  fprintf(out, ",\n        .kind = %d,\n", (int)chip->kind);
  for (size_t i = 0; i < count; i++) {
    if (rs__chip_key_of(&keys[i], chip->kind)) put_number(out, chip, &keys[i]);
  }
  fprintf(out, "    },\n");
}

static int embed(FILE *out, rs_arena *arena, const char *path) {
  size_t length;
  rs_chip_file parsed;
  rs_diag diag = {0};
  char *text = read_all(path, &length);
  if (text == NULL) {
    fprintf(stderr, "%s: cannot be read\n", path);
    return 1;
  }
  rs_status status = rs_chip_parse(arena, path, text, length, &parsed, &diag);
  if (status == RS_OK) {
    put_chip(out, &parsed.chip);
  } else {
    char words[1024];
    rs_diag_format(&diag, words, sizeof words);
    fprintf(stderr, "%s\n", words);
  }
  free(text);
  return status == RS_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  rs_arena *arena = rs_arena_create(0);
  FILE *out = argc < 2 ? NULL : fopen(argv[1], "wb");
  int failed = out == NULL || arena == NULL;
  if (!failed) fprintf(out, "/* made by chip_model/chips/embed_chips.c */\n");
  for (int i = 2; i < argc && !failed; i++) failed = embed(out, arena, argv[i]);
  if (out != NULL && fclose(out) != 0) failed = 1;
  rs_arena_destroy(arena);
  return failed;
}

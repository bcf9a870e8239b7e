/* The chips of chip_model/chips/, compiled in twice: as structs, which need no parsing and no memory,
 * and as text, for their sources. Both are made by the build (chip_model/chips.cmake). */
#include <string.h>

#include "rs_chip_file.h"

static const rs_chip chips[] = {
#include "rs_chips.inc"
};

typedef struct chip_text {
  const char *name;
  const char *text;
} chip_text;

#define RS_PRESET(name, text) {name, text},
static const chip_text texts[] = {
#include "rs_chip_texts.inc"
};

_Static_assert(RS_COUNT_OF(texts) == RS_COUNT_OF(chips), "a text for every chip");

const rs_chip *rs_chip_catalogue(size_t *count) {
  *count = RS_COUNT_OF(chips);
  return chips;
}

const rs_chip *rs_chip_find(const char *name) {
  for (size_t i = 0; i < RS_COUNT_OF(chips); i++) {
    if (strcmp(chips[i].name, name) == 0) return &chips[i];
  }
  return NULL;
}

const char *rs_chip_text(const char *name) {
  for (size_t i = 0; i < RS_COUNT_OF(texts); i++) {
    if (strcmp(texts[i].name, name) == 0) return texts[i].text;
  }
  return NULL;
}

/* libFuzzer: any bytes as a quantity of every kind. */
#include <stdlib.h>
#include <string.h>

#include "rs_units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  if (text == NULL) return 0;
  memcpy(text, data, size);
  text[size] = '\0';
  for (int q = RS_QUANTITY_COUNT; q <= RS_QUANTITY_RATIO; q++) {
    rs_diag diag;
    int64_t value;
    rs_quantity_parse(text, (rs_quantity)q, &value, &diag);
  }
  free(text);
  return 0;
}

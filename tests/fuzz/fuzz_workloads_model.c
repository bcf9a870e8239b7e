/* Any bytes as a config.json: no crash, no leak; what is refused has words and a place, and what is
 * read can be counted or says that it cannot. */
#include <stdlib.h>

#include "rs_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_model model;
  rs_model_count count;
  int64_t bytes;
  rs_diag diag = {0};
  if (rs_model_parse("fuzz/config.json", (const char *)data, size, &model, &diag) != RS_OK) {
    if (diag.what[0] == '\0' || diag.line < 1 || diag.column < 1) abort();
    return 0;
  }
  if (model.heads % model.kv_heads != 0 || model.layers < 1 || model.head_dim < 1) abort();
  if (rs_model_count_parameters(&model, &count, &diag) == RS_OK && count.total < count.layer)
    abort();
  rs_model_kv_bytes(&model, 8192, 2, &bytes, &diag);
  return 0;
}

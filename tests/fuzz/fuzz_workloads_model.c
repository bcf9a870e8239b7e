/* libFuzzer: any bytes as a config.json. */
#include "rs_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  rs_diag diag;
  rs_model model;
  rs_model_count count;
  if (rs_model_parse("fuzz", (const char *)data, size, &model, &diag) == RS_OK) {
    rs_model_count_parameters(&model, &count, &diag);
  }
  return 0;
}

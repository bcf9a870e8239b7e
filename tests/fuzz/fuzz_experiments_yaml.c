/* libFuzzer: any bytes as an experiment. What would take long (wirings of 10,440 chips, models that
 * are files) is overridden, so that time goes into reading. */
#include "rs_experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer when a quoted text of many quotes ends in a syntax error. */
const char *__lsan_default_suppressions(void) {
  return "leak:libfyaml\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const overrides[] = {"topology=mesh:8", "model=llama-2-7b", "task=decode"};
  rs_diag diag;
  const rs_experiment *experiment;
  rs_arena *arena = rs_arena_create((size_t)512 << 20);
  if (arena == NULL) return 0;
  rs_experiment_parse(arena, "fuzz", (const char *)data, size, overrides, 3, &experiment, &diag);
  rs_arena_destroy(arena);
  return 0;
}

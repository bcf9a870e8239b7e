/* The identity of a point: its keys as text, and digests that tell two points, or two steps, apart. */
#include <string.h>

#include "rs_experiment.h"

void rs_point_print(const rs_point *point, rs_sink *sink) {
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    if (point->text[key] == NULL) continue;
    rs_sink_printf(sink, "%s: %s\n", rs_key_path((rs_key)key), point->text[key]);
  }
}

/* A path names a file, and files change: what was read from it counts, not its name alone. */
static uint64_t digest_model(uint64_t digest, const rs_model *m) {
  int64_t sizes[RS_MODEL_SIZES];
  rs_model_sizes(m, sizes);
  for (size_t i = 0; i < RS_MODEL_SIZES; i++) digest = rs_digest_u64(digest, (uint64_t)sizes[i]);
  return rs_digest_bytes(digest, m->name, strlen(m->name) + 1);
}

bool rs_key_is_counted(rs_key key) {
  return key == RS_KEY_MICRO_BATCHES || key == RS_KEY_REPLICAS;
}

static uint64_t digest_texts(const rs_point *point, bool of_step) {
  uint64_t digest = rs_digest_bytes(RS_DIGEST_SEED, RS_VERSION, sizeof RS_VERSION);
  for (int key = 0; key < RS_KEY_COUNT; key++) {
    bool is_left_out =
        of_step && (key == RS_KEY_NAME || key == RS_KEY_PRICES || rs_key_is_counted((rs_key)key));
    const char *text = point->text[key] == NULL || is_left_out ? "" : point->text[key];
    digest = rs_digest_bytes(digest, text, strlen(text) + 1);
  }
  return digest;
}

static uint64_t digest_what_was_read(uint64_t digest, const rs_point *point) {
  if (point->model != NULL) digest = digest_model(digest, point->model);
  if (point->speculation.draft != NULL) digest = digest_model(digest, point->speculation.draft);
  if (point->chip != NULL) digest = rs_digest_u64(digest, rs_chip_digest(point->chip));
  return rs_digest_u64(digest, rs_wiring_digest(point->wiring));
}

uint64_t rs_point_digest(const rs_point *point) {
  uint64_t digest = digest_what_was_read(digest_texts(point, false), point);
  if (point->price == NULL) return digest;
  return rs_digest_bytes(digest, point->price, sizeof *point->price);
}

uint64_t rs_point_digest_of_step(const rs_point *point) {
  return digest_what_was_read(digest_texts(point, true), point);
}

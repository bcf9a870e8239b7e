/* The inside of the decode step: the timeline that rs_decode.c fills through rs_decode_time.c. */
#ifndef RS__DECODE_H
#define RS__DECODE_H

#include "rs_decode.h"

/* A collective's row, chosen once for its kind and size and then kept. */
typedef struct rs__choice {
  rs_collective_kind kind;
  int64_t block_bytes;
  uint32_t chip_count;
  const char *algorithm;
} rs__choice;

#define RS__CHOICES_MAX 32

/* All chips of a group run in lockstep: `now` is when the last of them has done what came before.
 * They do the same work, so only arrivals differ between them, by a few slots. */
typedef struct rs__timeline {
  rs_arena *arena;
  const rs_model *model;
  const rs_chip *chip;
  const rs_wiring *wiring;
  const rs_sharding_request *request;
  rs_schedule *schedule;
  rs_calendar *calendar;
  rs_decode *decode;
  rs_diag *diag;
  uint32_t *group; /* tensor chips that work now */
  int64_t now;
  int64_t matrix_free; /* when the group's matrix units ended their last work */
  uint32_t reads_op;   /* whose result the next compute interval waits for; RS_NONE */
  rs_cost last_cost;   /* of the interval that was added last, and when it began */
  int64_t last_start;
  uint64_t last_compute; /* index of its record on the group's first chip */
  rs__choice choices[RS__CHOICES_MAX];
  uint32_t choice_count;
  rs_status status; /* sticky: after a failure every call does nothing */
} rs__timeline;

/* Adds one interval of `cost` on every chip of the group, from `now` on, and books it under part. */
void rs__timeline_compute(rs__timeline *t, const char *label, rs_part part, const rs_cost *cost);

/* A projection of inputs × outputs. The first tiles are loaded ahead when the matrix units have been
 * idle for long enough. */
void rs__timeline_project(rs__timeline *t, const char *label, int64_t inputs, int64_t outputs);

/* Element-wise work. */
void rs__timeline_vector(rs__timeline *t, const char *label, int64_t elements, int64_t ops);

/* A collective of the group whose input the last interval makes, as it makes it. Afterwards `now` is
 * its end and the next interval reads it. */
void rs__timeline_collective(rs__timeline *t, rs_collective_kind kind, int64_t block_bytes,
                             rs_part part, const char *label);

/* From chip i of the group to chip i of `to`, input made by the last interval; the timeline goes on
 * in `to`. */
void rs__timeline_send(rs__timeline *t, const uint32_t *to, int64_t block_bytes, const char *label);

/* A time of nothing on the group, to carry the result of one operation into the next: the checker
 * then sees that the second waits for the first. */
void rs__timeline_carry(rs__timeline *t, const char *label);

#endif

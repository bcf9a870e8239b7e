/*
 * Who wrote what a burst reads: bursts of a schedule by the place that they write to.
 *
 * Only times decide: a burst counts as a writer for a reader when the first vector that both touch has
 * arrived by the time it is read. Older contents of a hop buffer that was used again count too; they came
 * earlier, so that waiting for them changes nothing.
 */
#ifndef RS__WRITERS_H
#define RS__WRITERS_H

#include "rs_schedule.h"

/* What is written into one buffer of one operation on one chip. */
typedef struct rs__writers_bucket {
  uint32_t op, chip, buffer;
  uint32_t first, count; /* into `order` */
  int64_t longest;       /* vectors of the longest burst: where a search has to begin */
} rs__writers_bucket;

typedef struct rs__writers {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  uint32_t *order; /* bursts by (op, receiving chip, target, target_offset, index) */
  rs__writers_bucket *buckets;
  uint32_t bucket_count;
} rs__writers;

/* The schedule's bursts must be valid and fewer than 2^32. O(bursts · log bursts). */
rs_status rs__writers_create(rs_arena *arena, const rs_schedule *schedule, const rs_wiring *wiring,
                             rs__writers **writers, rs_diag *diag);

typedef struct rs__writers_cursor {
  const rs__writers *writers;
  const rs_burst *reader;
  uint32_t at, end;
} rs__writers_cursor;

/* The writers of what a burst reads, in the order of target_offset. The reader need not be of the schedule. */
rs__writers_cursor rs__writers_of(const rs__writers *writers, const rs_burst *reader);
/* The next one's index; false: no more. *address: the first vector of the buffer that both touch. */
bool rs__writers_next(rs__writers_cursor *cursor, uint32_t *writer, int64_t *address);

/* From a vector's departure on the writer's link until it may depart again at the other end. */
int64_t rs__writers_hop_cycles(const rs__writers *writers, const rs_burst *writer);

#endif

/*
 * Comparing schedules: the records of either that still wait for their partner. Private to netsim/.
 *
 * A table of chains by hash. Records that do the same wait in a queue of their own, of which only the
 * first is in its bucket's chain: a schedule that repeats one burst a million times fills one queue, not
 * a chain to be walked. All in a queue are of one side, since two of either would have met.
 */
#ifndef RS__SCHEDULE_DIFF_H
#define RS__SCHEDULE_DIFF_H

#include "rs_schedule_diff.h"

typedef struct rs__waiting {
  union {
    rs_burst burst;
    rs_compute compute;
  } of;
  uint32_t hash;
  uint32_t next;  /* queue of the bucket, or free place; RS_NONE: none */
  uint32_t after; /* in the same queue */
  uint32_t last;  /* of the queue, kept at its first */
  uint8_t kind;   /* rs_record_kind */
  uint8_t side;
} rs__waiting;

/* How records are compared: numbers of operations and links that mean the same on both sides. */
typedef struct rs__diff_names {
  const rs_schedule *headers[2];
  uint32_t *ops[2];   /* [op] */
  uint32_t *links[2]; /* [link]; NULL: as they are */
} rs__diff_names;

typedef struct rs__window {
  rs__waiting *places;
  uint32_t *buckets; /* capacity of them, a power of two */
  uint32_t capacity, used, free, count_max;
  uint32_t waiting[2];
} rs__window;

bool rs__window_init(rs__window *w, uint32_t records_max);
void rs__window_deinit(rs__window *w);

uint64_t rs__diff_hash(const rs__diff_names *names, int side, const rs_record *record);

typedef enum rs__meet {
  RS__MEET_WAITS,
  RS__MEET_PAIRED,
  RS__MEET_FULL,
  RS__MEET_NO_MEMORY
} rs__meet;

/* Pairs a record with the first of the other side that does the same, or lets it wait. */
rs__meet rs__window_enter(rs__window *w, const rs__diff_names *names, int side, uint32_t hash,
                          const rs_record *record, rs_record *partner);

rs_record rs__waiting_record(const rs__waiting *waiting);

#endif

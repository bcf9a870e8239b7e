/*
 * A radix heap with digits of four bits. An event stands by the highest digit in which its time
 * differs from that of the last pop, and by its own value of that digit: 16 levels of 16 buckets.
 * Times in a lower bucket are earlier than those in a higher one, so the next event is in the lowest
 * bucket that is not empty. That bucket is dealt out around its least time, each event to a lower
 * level; so an event moves at most 16 times, and as a rule once for four bits of how far ahead it
 * was pushed. (With one bit a digit, as in the paper, it is once a bit or two: two to three times slower.)
 *
 * Equal times must come out in order of sequence. Within a bucket events stand in order of push,
 * dealing keeps that order and goes to buckets that are empty, and a later push goes to the end:
 * so the bucket of the present time is a queue in order of sequence, and nothing is compared.
 *
 * Buckets are lists of chunks. A pop must not fail, so every push sees to it that there are chunks
 * for whatever dealing does with the events that there are: a full chunk for every CHUNK events,
 * one that is not full for each bucket in use, and a few in hand.
 */
#include "rs_event_queue.h"

#include <assert.h>
#include <stdlib.h>

#define DIGIT_BITS 4
#define DIGITS (1 << DIGIT_BITS)
#define LEVELS (64 / DIGIT_BITS)
#define CHUNK 16

typedef struct chunk {
  struct chunk *next;
  rs_event events[CHUNK];
} chunk;

typedef struct bucket {
  chunk *head, *tail; /* NULL: empty */
  uint32_t first;     /* next to read in head; only the present bucket is read in part */
  uint32_t end;       /* next to write in tail */
  int64_t least_cycles;
} bucket;

/* One allocation of chunks. */
typedef struct slab {
  struct slab *next;
  chunk chunks[];
} slab;

struct rs_event_queue {
  bucket present; /* events at last_cycles */
  bucket buckets[LEVELS][DIGITS];
  uint32_t digits_in_use[LEVELS]; /* bit d: bucket d of the level has events */
  uint32_t levels_in_use;
  int64_t last_cycles;
  uint64_t next_sequence;
  uint64_t count;
  slab *slabs;
  chunk *spare; /* chunks that are in no bucket */
  uint64_t chunk_count;
};

rs_event_queue *rs_event_queue_create(void) {
  return calloc(1, sizeof(rs_event_queue));
}

void rs_event_queue_destroy(rs_event_queue *queue) {
  if (queue == NULL) return;
  while (queue->slabs != NULL) {
    slab *next = queue->slabs->next;
    free(queue->slabs);
    queue->slabs = next;
  }
  free(queue);
}

uint64_t rs_event_queue_count(const rs_event_queue *queue) {
  return queue->count;
}

/* ---- chunks ---- */

/* Chunks that `count` events can need at most, however they are spread; see the top. */
static uint64_t chunks_for(uint64_t count) {
  return count / CHUNK + RS_MIN(count, (uint64_t)LEVELS * DIGITS + 1) + 4;
}

static bool add_slab(rs_event_queue *queue) {
  uint64_t more = RS_MAX(queue->chunk_count / 2, UINT64_C(16));
  slab *fresh = malloc(sizeof *fresh + more * sizeof fresh->chunks[0]);
  if (fresh == NULL) return false;
  fresh->next = queue->slabs;
  queue->slabs = fresh;
  for (uint64_t i = more; i-- > 0;) {
    fresh->chunks[i].next = queue->spare;
    queue->spare = &fresh->chunks[i];
  }
  queue->chunk_count += more;
  return true;
}

static inline void append(rs_event_queue *queue, bucket *b, const rs_event *event) {
  if (b->tail == NULL || b->end == CHUNK) {
    chunk *fresh = queue->spare;
    assert(fresh != NULL);
    queue->spare = fresh->next;
    fresh->next = NULL;
    if (b->tail == NULL) {
      b->head = fresh;
      b->first = 0;
    } else {
      b->tail->next = fresh;
    }
    b->tail = fresh;
    b->end = 0;
  }
  b->tail->events[b->end++] = *event;
}

/* ---- buckets ---- */

/* Puts an event where it belongs, as seen from last_cycles. */
static inline void place(rs_event_queue *queue, const rs_event *event) {
  uint64_t difference = (uint64_t)queue->last_cycles ^ (uint64_t)event->time_cycles;
  if (difference == 0) {
    append(queue, &queue->present, event);
    return;
  }
  unsigned level = (unsigned)(63 - __builtin_clzll(difference)) / DIGIT_BITS;
  unsigned digit = (uint64_t)event->time_cycles >> (level * DIGIT_BITS) & (DIGITS - 1);
  bucket *b = &queue->buckets[level][digit];
  if (b->tail == NULL) {
    queue->digits_in_use[level] |= UINT32_C(1) << digit;
    queue->levels_in_use |= UINT32_C(1) << level;
    b->least_cycles = event->time_cycles;
  } else if (event->time_cycles < b->least_cycles) {
    b->least_cycles = event->time_cycles;
  }
  append(queue, b, event);
}

bool rs_event_queue_push(rs_event_queue *queue, int64_t time_cycles, uint32_t kind,
                         uint32_t subject, int64_t detail) {
  assert(time_cycles >= queue->last_cycles);
  while (queue->chunk_count < chunks_for(queue->count + 1)) {
    if (!add_slab(queue)) return false;
  }
  rs_event event = {time_cycles, queue->next_sequence++, kind, subject, detail};
  place(queue, &event);
  queue->count++;
  return true;
}

/* Deals out the lowest bucket that has events, so that the present bucket has some. */
static void refill(rs_event_queue *queue) {
  unsigned level = (unsigned)__builtin_ctz(queue->levels_in_use);
  unsigned digit = (unsigned)__builtin_ctz(queue->digits_in_use[level]);
  bucket source = queue->buckets[level][digit];
  queue->buckets[level][digit] = (bucket){0};
  queue->digits_in_use[level] &= ~(UINT32_C(1) << digit);
  if (queue->digits_in_use[level] == 0) queue->levels_in_use &= ~(UINT32_C(1) << level);
  queue->last_cycles = source.least_cycles;
  if (level == 0) { /* all digits are the same: one time */
    queue->present = source;
    return;
  }
  while (source.head != NULL) {
    chunk *c = source.head;
    uint32_t end = c == source.tail ? source.end : CHUNK;
    for (uint32_t i = 0; i < end; i++) place(queue, &c->events[i]);
    source.head = c->next;
    c->next = queue->spare;
    queue->spare = c;
  }
}

bool rs_event_queue_pop(rs_event_queue *queue, rs_event *event) {
  if (queue->count == 0) return false;
  bucket *b = &queue->present;
  if (b->head == NULL) refill(queue);
  *event = b->head->events[b->first++];
  queue->count--;
  bool is_last = b->head == b->tail;
  if (b->first < (is_last ? b->end : CHUNK)) return true;
  chunk *read = b->head;
  b->head = read->next;
  b->first = 0;
  if (is_last) b->head = b->tail = NULL;
  read->next = queue->spare;
  queue->spare = read;
  return true;
}

/* ---- checking ---- */

/* Events of one bucket: in order of sequence, all within the times of the bucket. */
static rs_status check_bucket(const rs_event_queue *queue, const bucket *b, int level, int digit,
                              uint64_t *events, uint64_t *chunks, rs_diag *diag) {
  const rs_event *before = NULL;
  int64_t least = INT64_MAX;
  for (const chunk *c = b->head; c != NULL; c = c->next) {
    (*chunks)++;
    uint32_t end = c == b->tail ? b->end : CHUNK;
    for (uint32_t i = c == b->head ? b->first : 0; i < end; i++) {
      const rs_event *e = &c->events[i];
      int shift = level * DIGIT_BITS;
      uint64_t difference = (uint64_t)e->time_cycles ^ (uint64_t)queue->last_cycles;
      bool here = level < 0 ? difference == 0
                            : difference >> shift != 0 && difference >> shift < DIGITS &&
                                  (e->time_cycles >> shift & (DIGITS - 1)) == digit;
      if (!here || e->time_cycles < queue->last_cycles) {
        return rs_diag_set(diag, RS_E_REFUSED, "an event stands in the wrong bucket %d.%d", level,
                           digit);
      }
      if (before != NULL && before->sequence >= e->sequence) {
        return rs_diag_set(diag, RS_E_REFUSED, "bucket %d.%d is out of sequence", level, digit);
      }
      before = e;
      least = RS_MIN(least, e->time_cycles);
      (*events)++;
    }
  }
  if (level >= 0 && b->head != NULL && least != b->least_cycles) {
    return rs_diag_set(diag, RS_E_REFUSED, "bucket %d.%d has another least time", level, digit);
  }
  return RS_OK;
}

rs_status rs_event_queue_check(const rs_event_queue *queue, rs_diag *diag) {
  uint64_t events = 0;
  uint64_t chunks = 0;
  rs_status status = check_bucket(queue, &queue->present, -1, 0, &events, &chunks, diag);
  for (int level = 0; level < LEVELS && status == RS_OK; level++) {
    for (int digit = 0; digit < DIGITS && status == RS_OK; digit++) {
      const bucket *b = &queue->buckets[level][digit];
      bool marked = (queue->digits_in_use[level] >> digit & 1) != 0;
      if (marked != (b->head != NULL)) {
        return rs_diag_set(diag, RS_E_REFUSED, "bucket %d.%d and its bit disagree", level, digit);
      }
      status = check_bucket(queue, b, level, digit, &events, &chunks, diag);
    }
    if (status == RS_OK &&
        (queue->levels_in_use >> level & 1) != (queue->digits_in_use[level] != 0)) {
      return rs_diag_set(diag, RS_E_REFUSED, "level %d and its bit disagree", level);
    }
  }
  if (status != RS_OK) return status;
  for (const chunk *c = queue->spare; c != NULL; c = c->next) chunks++;
  if (events != queue->count) {
    return rs_diag_set(diag, RS_E_REFUSED, "%llu events counted, %llu there",
                       (unsigned long long)queue->count, (unsigned long long)events);
  }
  if (chunks != queue->chunk_count) {
    return rs_diag_set(diag, RS_E_REFUSED, "%llu chunks counted, %llu there",
                       (unsigned long long)queue->chunk_count, (unsigned long long)chunks);
  }
  return RS_OK;
}

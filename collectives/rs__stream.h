/*
 * Inside the one-pass proof: symbolic memory that comes and goes with its operation.
 *
 * A run is a piece of a buffer whose vector at `first` is worth `value`, and at first + t is worth
 * value · g^t. Lines are times that grow by a stride of slots with the address. Nothing here is
 * shared with rs_checker*.c: two provers that agree say more than one.
 */
#ifndef RS__STREAM_H
#define RS__STREAM_H

#include "rs_field.h"
#include "rs_stream_checker.h"

/* cycles at `origin`, and slots from each address to the next; cycles −1: never. */
typedef struct rs__pace {
  int64_t cycles, origin;
  uint64_t burst; /* its number in the file */
  uint32_t stride;
} rs__pace;

#define RS__NEVER ((rs__pace){-1, 0, UINT64_MAX, 0})

/* In cycles, at an address at or behind the origin. */
int64_t rs__pace_cycles(const rs_timing *t, const rs__pace *p, int64_t address);
/* Over first … end − 1: a is at least so many cycles behind b (and behind never, always); at the same
 * instant throughout; the later of the two, or where neither is throughout, one time that is. Both are
 * linear, so that the two ends decide. */
bool rs__pace_follows(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t first,
                      int64_t end, int64_t cost_cycles);
bool rs__pace_coincides(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t first,
                        int64_t end);
rs__pace rs__pace_later(const rs_timing *t, const rs__pace *a, const rs__pace *b, int64_t first,
                        int64_t end);

typedef struct rs__held {
  rs_uint128 value;
  rs__pace kept; /* never: it is the chip's own input, or in `tmp` what was zero */
  rs__pace added;
  rs__pace read;
} rs__held;

typedef struct rs__span {
  int64_t first, end;
  rs__held *held;
} rs__span;

typedef struct rs__store {
  rs__span *spans; /* by address, disjoint */
  uint32_t count, capacity;
} rs__store;

typedef struct rs__chip_memory {
  uint32_t chip, position; /* in the group; RS_NONE: a relay */
  rs__store out, tmp;
} rs__chip_memory;

#define RS__SENDS (UINT32_C(1) << 31) /* of a send: the chip is a sender too */

/* An operation that is under way. */
typedef struct rs__live_op {
  uint32_t *slot_of;     /* [chip] its memory and one; 0: untouched */
  uint32_t *position_of; /* [chip] place and one (of a send: as receiver), 0: none; RS__SENDS */
  rs__chip_memory *chips;
  uint32_t chip_count, chip_capacity;
  rs_uint128 sum, root_symbol;
  int64_t wrong_vectors; /* of all results, those that are not right yet */
  uint64_t flights;
} rs__live_op;

typedef struct rs__free_held {
  struct rs__free_held *next;
} rs__free_held;

#define RS__STREAM_POWER_BITS 10
#define RS__STREAM_POWER_LEVELS 4 /* 40 bits, the longest address */

typedef struct rs__stream_memory {
  const rs_schedule *header;
  uint64_t seed;
  rs__live_op **ops; /* [op] NULL: not begun, or over */
  uint8_t *over;     /* [op] */
  rs__free_held *free_held;
  void **blocks; /* that runs were taken from */
  size_t block_count, block_capacity;
  uint32_t block_left;
  uint64_t runs, runs_max;
  uint32_t ops_live, ops_max;
  size_t bytes, bytes_max;
  rs_uint128 powers[RS__STREAM_POWER_LEVELS][1 << RS__STREAM_POWER_BITS];
} rs__stream_memory;

bool rs__stream_memory_init(rs__stream_memory *m, const rs_schedule *header, uint64_t seed);
void rs__stream_memory_deinit(rs__stream_memory *m);

rs_uint128 rs__stream_symbol(const rs__stream_memory *m, uint32_t op, uint32_t chip);
rs_uint128 rs__stream_power(const rs__stream_memory *m, int64_t exponent);

/* The operation, begun if need be; NULL: no memory. It must not be over. */
rs__live_op *rs__stream_op(rs__stream_memory *m, uint32_t op);
/* A chip's part of it, with what `out` holds at the start. */
rs__chip_memory *rs__stream_chip(rs__stream_memory *m, uint32_t op, uint32_t chip);
void rs__stream_end_op(rs__stream_memory *m, uint32_t op);

bool rs__stream_has_input(const rs__stream_memory *m, uint32_t op, uint32_t chip);

/* Vectors of first … end − 1 in `out` of a chip that are as its result must be. */
int64_t rs__stream_right(const rs__stream_memory *m, uint32_t op, const rs__chip_memory *chip,
                         int64_t first, int64_t end, rs_uint128 value);
/* The first vector of a chip's result that is missing or wrong; −1: none is. */
int64_t rs__stream_first_wrong(const rs__stream_memory *m, uint32_t op,
                               const rs__chip_memory *chip);
/* Vectors that a member at a place of the group receives as its result, and where. */
void rs__stream_result_range(const rs_schedule *s, const rs_op *op, uint32_t position,
                             int64_t *first, int64_t *end);

/* The span that holds `address`, or the first behind it, after cutting there and at `end`.
 * RS_NONE: no memory. */
uint32_t rs__stream_cut(rs__stream_memory *m, rs__store *store, int64_t address, int64_t end);
/* One new span in the place of `count` at `index`. NULL: no memory. */
rs__held *rs__stream_replace(rs__stream_memory *m, rs__store *store, uint32_t index, uint32_t count,
                             int64_t first, int64_t end);

/* ---- rs_stream_links.c: what is on links and in vector units ---- */

/* A burst that may still be on its link, or adds that may still come to a chip. */
typedef struct rs__busy {
  rs_burst burst;
  int64_t end_cycles; /* on its link; or the last arrival */
  uint64_t number;
  uint32_t next; /* of the same link or chip, or the next free one */
} rs__busy;

typedef struct rs__stream_links {
  const rs_timing *timing;
  const rs_wiring *wiring;
  uint32_t *of_link; /* [link] list */
  uint8_t *used;     /* [link] */
  uint32_t used_count;
  uint32_t *of_chip;     /* [chip] list; NULL: a vector unit keeps up with all its links so far */
  int64_t *unlisted_end; /* [chip] while there were no lists, something was added until then */
  int64_t adds_a_link;   /* most vectors that a link can bring in a cycle */
  uint32_t *places;      /* [link] in which its transmissions were added, at most; 1 at the start */
  int64_t *places_in;    /* [chip] sum over its links */
  rs__busy *busy;
  uint32_t busy_count, busy_capacity, busy_free;
} rs__stream_links;

typedef enum rs__meeting {
  RS__MEETS_NONE,
  RS__MEETS,
  RS__MEETS_PERHAPS, /* not to be said cheaply */
  RS__MEETS_NO_MEMORY
} rs__meeting;

bool rs__stream_links_init(rs__stream_links *l, const rs_schedule *header, const rs_wiring *wiring);
void rs__stream_links_deinit(rs__stream_links *l);
size_t rs__stream_links_bytes(const rs__stream_links *l);

/* Bursts enter their links in order of start. *other: the burst that is met; *rides: the link carries it
 * already. */
rs__meeting rs__stream_links_enter(rs__stream_links *l, const rs_burst *b, uint64_t number,
                                   uint64_t *other, bool *rides);
/* A burst whose first vector arrives, in order of arrival: NONE or PERHAPS too many adds in a cycle. */
rs__meeting rs__stream_links_add(rs__stream_links *l, const rs_burst *b, uint64_t number,
                                 int64_t arrival_cycles);

#endif

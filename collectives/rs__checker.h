/*
 * The inside of the checker: times that are linear in the address, symbolic memory, the passes.
 *
 * MEMORY. A bank is the memory of one operation on one chip. `in` is never written, so it is two
 * numbers: the symbol and when it is ready. `out` and `tmp` are lists of entries by address; an
 * entry's segment says what its first vector is worth (vector first + t is worth value · g^t; or a
 * mix: parts of which that is true, such as the blocks of several chips that travel in one burst), who
 * kept it, who added last and who read last. A segment that nobody kept is the chip's own input in `out`, and what was zero in `tmp`. Where
 * `out` has no entry it holds its part of the own input, which becomes an entry when it is looked at.
 *
 * BATCHES. Bursts whose addresses have nothing to do with each other are handled one batch after
 * another, each with its results; entries live as long as their batch.
 *
 * TIMES are compared exactly, in ticks of 1/slot_den cycle, at both ends of an overlap. They are
 * linear in between, so what holds at both ends holds for all of it.
 *
 * Nothing here includes a header of the compilers; tests/test_style.sh holds that.
 */
#ifndef RS__CHECKER_H
#define RS__CHECKER_H

#include "rs_checker.h"
#include "rs_field.h"

/* Departures or arrivals of a burst by address: base + (address − origin) · stride slots. */
typedef struct rs__line {
  int64_t base; /* cycles; −1: there is none */
  int64_t origin;
  uint32_t stride; /* 0: the same time for all */
  uint32_t burst;  /* whose time it is */
} rs__line;

#define RS__NO_LINE ((rs__line){-1, 0, 0, RS_NONE})

/* A run that is not one element: parts that were put together by one burst. Equal ones are one. */
typedef struct rs__part {
  rs_uint128 value;
  int64_t count;
} rs__part;

typedef struct rs__mix {
  struct rs__mix *next; /* in its chain of the table */
  uint64_t hash;
  uint32_t count;
  rs__part parts[];
} rs__mix;

typedef struct rs__segment {
  rs_uint128 value;
  const rs__mix
      *mix;       /* NULL: vector first + t is value · g^t; else value is its first part's index */
  rs__line kept;  /* arrival of what was kept here; none: the chip's own input, or zero in `tmp` */
  rs__line added; /* latest arrival of an add since */
  rs__line read;  /* latest departure of a read since */
} rs__segment;

/* What the bytes of a segment are while nobody needs it. */
typedef struct rs__free_segment {
  struct rs__free_segment *next;
} rs__free_segment;

typedef struct rs__block {
  struct rs__block *next;
  size_t bytes, used; /* behind this head */
} rs__block;

typedef struct rs__entry {
  int64_t first, end; /* addresses */
  rs__segment *segment;
} rs__entry;

typedef struct rs__runs {
  rs__entry *entries; /* by address, disjoint; between them memory holds nothing */
  uint32_t count, capacity;
} rs__runs;

/* When vector k of an input is in SRAM: base + ⌈k · span / steps⌉. */
typedef struct rs__ready {
  int64_t base, span, steps;
} rs__ready;

typedef struct rs__bank {
  rs__runs out, tmp;
  int64_t own_first, own_end; /* out[a] holds in[a + input_shift] there at the start */
  int64_t input_shift;
  uint32_t batch; /* to which its runs belong */
  uint32_t op;
  rs_uint128 symbol;     /* of its input */
  int64_t input_vectors; /* 0: it has no input */
  rs__ready ready;
  uint64_t feeder;       /* compute interval that makes its input; UINT64_MAX: none */
  int64_t result_cycles; /* its whole result is in SRAM; found with the results */
  uint32_t chip;
} rs__bank;

/* Where what is known of an operation on a chip is kept. */
typedef struct rs__place {
  uint32_t bank;  /* its number and one; 0: none yet */
  uint32_t batch; /* to which its spots belong: rs_checker_spots.c */
  uint32_t first_spot;
} rs__place;

/* A run on its way between two memories. */
typedef struct rs__piece {
  rs_uint128 value;
  const rs__mix *mix; /* as in a segment */
  int64_t count;
  uint32_t next; /* RS_NONE: last */
} rs__piece;

/* A part of `out` of an operation, to be compared when a batch is done; or of `tmp`, which is not. */
typedef struct rs__range {
  uint32_t op;
  bool is_tmp;
  int64_t first, end;
} rs__range;

/* One operation while its members are compared. */
typedef struct rs__judged {
  const rs_op *op; /* NULL: none yet */
  const uint32_t *group;
  rs_uint128 *symbols; /* [position] r(j) */
  rs_uint128 sum, root_symbol;
  uint32_t index;
} rs__judged;

#define RS__PAGE_BITS 6
#define RS__POWER_BITS 10
#define RS__POWER_LEVELS 4 /* 40 bits: the longest address */

typedef struct rs__checker {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_arena *arena;
  rs_check_report *report;
  rs_diag *diag;
  rs__place ***directory; /* [op][page of chips][chip]; see rs_checker_memory.c */
  rs__bank *banks;
  uint32_t bank_count, bank_capacity;
  uint32_t batch;         /* the one at hand, from 1 */
  rs__block *first_block; /* memory of entries, taken anew for each batch */
  rs__block *block;       /* the one at hand */
  rs__free_segment *segment_free;
  rs__free_segment *entries_free[32]; /* arrays of 2^k entries that grew out of it */
  rs__piece *pieces;
  uint32_t piece_count, piece_capacity;
  uint32_t piece_free; /* a list; RS_NONE: none */
  uint32_t *flying;    /* [burst of the batch] first piece */
  rs__mix **mixes;     /* table of chains by hash */
  uint32_t mix_count, mix_slots;
  rs__part *parts; /* scratch of the mix at hand */
  uint32_t part_capacity;
  rs__judged judged;
  uint64_t seed;
  bool has_shared_adds;    /* some transmission is added in two places; found with the links */
  bool is_split;           /* into batches */
  struct rs__table *table; /* of spots: rs_checker_spots.c */
  rs_uint128 powers[RS__POWER_LEVELS][1 << RS__POWER_BITS]; /* g^(i · 2^(10·level)) */
} rs__checker;

/* ---- times ---- */

/* a − b at an address, in ticks. */
static inline rs_int128 rs__line_gap(const rs__checker *c, const rs__line *a, const rs__line *b,
                                     int64_t address) {
  const rs_timing *t = &c->schedule->timing;
  rs_int128 gap = (rs_int128)(a->base - b->base) * t->slot_den;
  if ((a->stride | b->stride) != 0) {
    rs_int128 slots =
        (rs_int128)(address - a->origin) * a->stride - (rs_int128)(address - b->origin) * b->stride;
    gap += slots * t->slot_num;
  }
  return gap;
}

/* True when a is at least `cycles` later than b at both ends, and so everywhere between. */
static inline bool rs__line_follows(const rs__checker *c, const rs__line *a, const rs__line *b,
                                    int64_t first, int64_t last, int64_t cycles) {
  rs_int128 least = (rs_int128)cycles * c->schedule->timing.slot_den;
  return rs__line_gap(c, a, b, first) >= least &&
         (a->stride == b->stride || rs__line_gap(c, a, b, last) >= least);
}

/* ⌈slots⌉ in cycles. */
int64_t rs__slots_cycles(const rs__checker *c, rs_int128 slots);
/* The time at an address at or behind the origin, in cycles. */
int64_t rs__line_cycles(const rs__checker *c, const rs__line *line, int64_t address);
/* The later of two over first … last; where neither is throughout, one time that is. */
rs__line rs__line_later(const rs__checker *c, const rs__line *a, const rs__line *b, int64_t first,
                        int64_t last);
/* When vector k of an input is in SRAM. */
int64_t rs__ready_cycles(const rs__ready *ready, int64_t k);
/* True when the line, in cycles, is nowhere in first … last before ready(address + shift) + cost. */
bool rs__line_finds_ready(const rs__checker *c, const rs__line *line, const rs__ready *ready,
                          int64_t shift, int64_t first, int64_t last, int64_t cost);

/* ---- memory ---- */

/* Banks of all members, with their inputs. */
rs_status rs__checker_create_memory(rs__checker *c);
/* Both find it or make it; NULL: no memory. Banks move when there are more. */
rs__place *rs__checker_place(rs__checker *c, uint32_t op, uint32_t chip);
rs__bank *rs__checker_bank(rs__checker *c, uint32_t op, uint32_t chip);
rs_uint128 rs__checker_symbol(const rs__checker *c, uint32_t op, uint32_t chip);
rs_uint128 rs__checker_power(const rs__checker *c, int64_t exponent);

/* Drops what a bank held in an earlier batch. */
static inline void rs__checker_freshen(const rs__checker *c, rs__bank *bank) {
  if (bank->batch == c->batch) return;
  bank->batch = c->batch;
  bank->out = bank->tmp = (rs__runs){0};
}

/* Forgets all entries; the memory is used again. */
void rs__checker_begin_batch(rs__checker *c);
/* Memory until the next batch, not cleared. NULL: none. */
void *rs__checker_take(rs__checker *c, size_t bytes);

/* The entry that a look-up of `address` will want first: to be fetched early. */
uint32_t rs__runs_guess(const rs__runs *runs, int64_t address);
/* The entry that holds `address`, or the first behind it. */
uint32_t rs__runs_find(const rs__runs *runs, int64_t address);
/* The same, after cutting so that no entry crosses `address` or `end`, and after the own input stands
 * where it is looked at. `hint`: any number; fast when it is the entry. RS_NONE: no memory. */
uint32_t rs__runs_cut(rs__checker *c, rs__bank *bank, rs__runs *runs, int64_t address, int64_t end,
                      uint32_t hint);
/* Takes mixes apart that overlap address … end − 1, so that each entry there is one element. False: no
 * memory. */
bool rs__runs_unmix(rs__checker *c, rs__runs *runs, int64_t address, int64_t end);
/* Puts one fresh entry in the place of `count` old ones. NULL: no memory. */
rs__segment *rs__runs_replace(rs__checker *c, rs__runs *runs, uint32_t index, uint32_t count,
                              int64_t first, int64_t end);

/* ---- rs_checker_mix.c ---- */

/* The part of a mix that begins `length` vectors behind part `first`; UINT32_MAX: none begins there. */
uint32_t rs__mix_part(const rs__mix *mix, uint32_t first, int64_t length);
/* The pieces from `piece` on, as one; the same for the same parts. NULL: no memory. */
const rs__mix *rs__checker_mix(rs__checker *c, uint32_t piece);

/* ---- rs_checker_batches.c: see rs__checker_batches.h ---- */

/* ---- rs_checker_result.c ---- */

/* Makes an operation the one that is judged, for what follows here. */
rs_status rs__checker_open_op(rs__checker *c, uint32_t op);
/* Where a member's result lies in `out`: first … end − 1. */
void rs__checker_result_range(const rs__checker *c, uint32_t position, int64_t *first,
                              int64_t *end);
/* True: all of first … end − 1 is one run of any member's result, the same for all; what it begins with. */
bool rs__checker_result_common(const rs__checker *c, int64_t first, int64_t end, rs_uint128 *value);
/* Compares one element's run in a member's `out`, all of it result. */
rs_status rs__checker_result_run(rs__checker *c, uint32_t position, rs_uint128 found, int64_t first,
                                 int64_t end);
/* Compares what a member's runs hold of a range of `out`. */
rs_status rs__checker_result(rs__checker *c, uint32_t position, const rs__range *range);

/* ---- faults ---- */

rs_status rs__checker_refuse(rs__checker *c, rs_fault fault, const char *format, ...)
    RS_PRINTF(3, 4);
/* The text of a burst for a message. */
const char *rs__checker_burst_text(const rs__checker *c, uint64_t burst, char *text, size_t size);

/* −1: no vector of `a` shares the link with one of `b`; else the first cycle at which two do. */
int64_t rs__links_meeting(const rs__checker *c, const rs_burst *a, const rs_burst *b);

/* ---- passes, in this order ---- */

rs_status rs__checker_links(rs__checker *c); /* counts vectors, raises the makespan */
rs_status rs__checker_data(rs__checker *c);  /* results included */
rs_status rs__checker_results(rs__checker *c, const rs__range *ranges, uint32_t count);
rs_status rs__checker_computes(rs__checker *c);
rs_status rs__checker_vector_unit(rs__checker *c);

#endif

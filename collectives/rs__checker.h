/*
 * The inside of the checker: linear times, symbolic memory, and the passes.
 *
 * Nothing here includes a header of the compilers; tests/test_style.sh holds that.
 */
#ifndef RS__CHECKER_H
#define RS__CHECKER_H

#include "rs_checker.h"
#include "rs_field.h"

/* A time that is linear in the address: base + (address − origin) · num / den, in cycles. */
typedef struct rs__line {
  int64_t base;
  int64_t origin;
  int64_t num;
  int64_t den;
} rs__line;

/* A run of memory whose vectors came from one place. */
typedef struct rs__segment {
  int64_t first, count; /* addresses */
  rs_uint128 value;     /* of the first vector; vector first + t has value · g^t */
  rs__line arrived;     /* when the last keep, or the input, came */
  rs__line departs;     /* from when on it may be sent */
  rs__line settled;     /* from when on it is in SRAM, all adds done */
  rs__line read;        /* the latest reads */
  bool was_read;
  bool was_kept;   /* by a burst: an add in the same cycle would have no order with it */
  uint64_t writer; /* burst that wrote last; UINT64_MAX: it is input */
} rs__segment;

typedef struct rs__buffer_runs {
  rs__segment *segments; /* by address, disjoint */
  uint32_t count, capacity;
} rs__buffer_runs;

/* The memory of one operation on one chip. */
typedef struct rs__bank {
  uint32_t op, chip;
  uint64_t feeder;       /* compute interval that makes its input; UINT64_MAX: none */
  int64_t result_cycles; /* its whole result is in SRAM; found by the last pass */
  rs__buffer_runs runs[3];
} rs__bank;

/* A captured run on its way. */
typedef struct rs__piece {
  rs_uint128 value;
  int64_t count;
  uint32_t next; /* RS_NONE: last */
} rs__piece;

typedef struct rs__checker {
  const rs_schedule *schedule;
  const rs_wiring *wiring;
  rs_arena *arena;
  rs_check_report *report;
  rs_diag *diag;
  uint32_t *slots; /* hash of (op, chip) → bank */
  uint32_t slot_mask;
  rs__bank *banks;
  uint32_t bank_count, bank_capacity;
  rs__piece *pieces;
  uint32_t piece_count, piece_capacity, piece_free;
  uint32_t *flying;       /* [burst] first piece */
  rs_uint128 powers[64];  /* g^(2^i) */
  rs_uint128 small[1024]; /* g^i */
  uint64_t seed;
} rs__checker;

/* ---- times ---- */

int64_t rs__line_floor(const rs__line *line, int64_t address);
/* Sign of a − b at an address, exactly. */
int rs__line_compare(const rs__line *a, const rs__line *b, int64_t address);
/* The later of two over first … last; where neither is later throughout, a constant that is. */
rs__line rs__line_later(const rs__line *a, const rs__line *b, int64_t first, int64_t last);
/* True when a ≥ b (or a > b when `strictly`) at both ends, and so in between. */
bool rs__line_after(const rs__line *a, const rs__line *b, int64_t first, int64_t last,
                    bool strictly);

/* ---- memory ---- */

rs_status rs__checker_create_memory(rs__checker *c);
rs__bank *rs__checker_bank(rs__checker *c, uint32_t op, uint32_t chip); /* finds or makes; NULL */
rs_uint128 rs__checker_symbol(const rs__checker *c, uint32_t op, uint32_t chip);
rs_uint128 rs__checker_power(const rs__checker *c, int64_t exponent);
/* The segment that holds `address`, or the index of the first behind it. */
uint32_t rs__checker_find(const rs__buffer_runs *runs, int64_t address);
/* Cuts segments so that none crosses `address`. false: no memory. */
bool rs__checker_cut(rs__checker *c, rs__buffer_runs *runs, int64_t address);
bool rs__checker_insert(rs__checker *c, rs__buffer_runs *runs, const rs__segment *segment);
/* Puts a member's input into its bank. */
rs_status rs__checker_fill_inputs(rs__checker *c);

/* ---- faults ---- */

rs_status rs__checker_refuse(rs__checker *c, rs_fault fault, const char *format, ...)
    RS_PRINTF(3, 4);
/* The text of a burst for a message; "its input" for UINT64_MAX. */
const char *rs__checker_burst_text(const rs__checker *c, uint64_t burst, char *text, size_t size);

/* ---- passes, in this order ---- */

rs_status rs__checker_links(rs__checker *c);
rs_status rs__checker_data(rs__checker *c);
rs_status rs__checker_results(rs__checker *c);
rs_status rs__checker_computes(rs__checker *c);

#endif

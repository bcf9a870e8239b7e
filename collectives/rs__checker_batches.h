/*
 * Cells, and batches of bursts that have nothing to do with each other.
 *
 * ADDRESSES. Each operation has its addresses: those of `out`, then those of `tmp`, then one more; `in`
 * is never written and has none. They are cut where any burst's run begins or ends, on whatever chip. What
 * is between two cuts is a cell. Bursts connect the cells of their sources and targets; what is so
 * connected is a component, and components never meet in memory. A batch is one or several of them.
 *
 * A batch is SIMPLE when each of its bursts goes from one whole cell (or from `in`) to one whole cell.
 * Then memory is a table of (chip, cell) and nothing is ever cut: see rs_checker_spots.c.
 */
#ifndef RS__CHECKER_BATCHES_H
#define RS__CHECKER_BATCHES_H

#include "rs__checker.h"

typedef struct rs__cells {
  const rs_schedule *schedule;
  int64_t *base;   /* [op] its first address; base[op_count]: the end */
  int64_t *tmp;    /* [op] first address of its `tmp` */
  uint64_t *bits;  /* [address / 64] a cell begins */
  uint32_t *rank;  /* [address / 64] bits before */
  int64_t *first;  /* [cell] address at which it begins; first[count]: the end */
  uint32_t *next;  /* [cell] toward the root of its component */
  uint32_t *load;  /* [cell] bursts; in the end, of its whole component at the root */
  uint32_t *batch; /* [cell] */
  bool *is_cut; /* [cell] a burst covers it and others; in the end of the component, at the root */
  uint32_t count;
  size_t words;
} rs__cells;

typedef struct rs__batches {
  rs__cells cells;       /* count 0: one batch, without cells */
  uint32_t *order;       /* bursts by batch, else as they were; NULL: all as they were */
  uint32_t *first;       /* [batch + 1] into order */
  rs__range *ranges;     /* all of `out`, and all of `tmp` where there are cells, by batch */
  uint32_t *first_range; /* [batch + 1] into ranges */
  bool *is_simple;       /* [batch] */
  uint32_t count;
} rs__batches;

/* Burst k of all batches. */
static inline uint32_t rs__batches_at(const rs__batches *batches, uint32_t k) {
  return batches->order == NULL ? k : batches->order[k];
}

/* Cells and their components; batches are left to be numbered. `count` stays 0 where there are too many
 * addresses. False: no memory. */
bool rs__cells_find(rs__cells *cells, const rs_schedule *schedule, rs_arena *arena);

uint32_t rs__cells_root(uint32_t *next, uint32_t cell);

/* Of an address at which a cell begins: the cell. */
static inline uint32_t rs__cells_at(const rs__cells *x, int64_t address) {
  uint64_t below = x->bits[address / 64] & ((UINT64_C(1) << (address % 64)) - 1);
  /* bits of a word, counted in parallel (a library call, where the processor has it or not) */
  below -= below >> 1 & UINT64_C(0x5555555555555555);
  below = (below & UINT64_C(0x3333333333333333)) + (below >> 2 & UINT64_C(0x3333333333333333));
  below = (below + (below >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
  return x->rank[address / 64] + (uint32_t)(below * UINT64_C(0x0101010101010101) >> 56);
}

static inline int64_t rs__cells_source(const rs__cells *x, const rs_burst *b) {
  return (b->source == RS_BUFFER_TMP ? x->tmp : x->base)[b->op] + b->source_offset;
}

static inline int64_t rs__cells_target(const rs__cells *x, const rs_burst *b) {
  return (b->target == RS_BUFFER_TMP ? x->tmp : x->base)[b->op] + b->target_offset;
}

/* Several only if the checker is to split. */
rs_status rs__checker_batches(rs__checker *c, rs__batches *batches);

/* Proves a simple batch, results included. *taken false: it turned out not to be simple after all, and
 * nothing was done. RS_E_REFUSED without a word: to be looked at as a whole. */
rs_status rs__checker_spots(rs__checker *c, const rs__batches *batches, uint32_t batch,
                            bool *taken);

#endif

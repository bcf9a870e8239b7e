/*
 * Sums that are wanted at many chips at once, where one transmission serves several of them.
 *
 * Every root has an in-tree of few hops. What a chip sends toward a root is its own vectors, or a
 * bundle: a sum of what came in. Where trees of several roots go through a chip with the same sum, it
 * is the same bundle, and a link carries it once for all of them. At the receiver what arrives is added
 * into every bundle that has it as a part, and into `out`.
 *
 * Invariants (rs__shared_check): the parts of a bundle come in over links into its chip, from chips that
 * have them; a bundle is deeper than its parts; flattened, a root's bundle holds every source but the
 * root itself exactly once, and is no deeper than the hops that were allowed.
 */
#ifndef RS__SHARED_H
#define RS__SHARED_H

#include "rs__collective.h"

/* What comes in over a link: the sender's own vectors (item RS_NONE), or a bundle of it. */
typedef struct rs__shared_part {
  uint32_t link, item;
} rs__shared_part;

typedef struct rs__bundle {
  uint64_t hash;
  uint32_t chip;
  uint32_t depth;      /* hops that its farthest vectors have come */
  uint32_t uses;       /* parts that it is, and roots; 0: it is not sent */
  uint32_t first_part; /* into parts */
  uint32_t part_count;
  uint32_t first_key;  /* into key_uses, one a link that leaves the chip */
  uint32_t next;       /* of its chip, or RS_NONE */
  uint32_t next_equal; /* of its place in the table, or RS_NONE */
} rs__bundle;

typedef struct rs__shared {
  rs__plan *plan;
  uint32_t hops;
  const uint32_t *cores; /* chips that are sources and roots */
  uint32_t core_count;
  uint32_t *root_bundle; /* [core] what its `out` gets; RS_NONE: none yet */
  bool *is_source;       /* [chip] */
  rs__bundle *bundles;
  uint32_t bundle_count, bundle_capacity;
  rs__shared_part *parts;
  uint32_t part_count, part_capacity;
  uint32_t *key_uses; /* [key] bundles of which it is a part over that link */
  uint32_t key_count, key_capacity;
  uint32_t *raw_uses; /* [link] the same of the sender's own vectors */
  uint32_t *load;     /* [link · hops + depth] transmissions, with those that were there before */
  uint64_t squares;   /* of loads, summed */
  uint32_t *first_bundle; /* [chip] list */
  uint32_t *table;        /* by hash: the first of a list */
  uint32_t table_mask;
} rs__shared;

/* Chooses trees of at most so many hops from every core to every other one, through members (and other
 * chips where the variant allows relays). `load` ([link · hops + depth of what is sent]) is what links carry
 * already, and is raised.
 * RS_E_INFEASIBLE: some core is farther. */
rs_status rs__shared_make(rs__plan *plan, const uint32_t *cores, uint32_t core_count, uint32_t hops,
                          uint32_t rounds, uint32_t *load, rs__shared *shared);

/* RS_E_REFUSED with the first violation. */
rs_status rs__shared_check(const rs__shared *shared, rs_diag *diag);

#endif
